//! A label is made once, its carrier's word counts by when it happened, and who has handed the parcel over is not told that
//! nothing came.
#![expect(clippy::unwrap_used, reason = "tests")]
use jiff::SignedDuration;
use kernel::returns::Answer::{Eligible, Ineligible, Review as Unsure};

use super::{
    super::{
        Command as Order, ServiceOrder,
        request::{
            Command as Asked,
            tests::{NOW, after, ask, cancel, next},
        },
        returning::Came,
    },
    *,
};

fn hours(hours: i64) -> Timestamp {
    NOW + SignedDuration::from_hours(hours)
}

fn keep(tracking_number: &str) -> Order {
    let (carrier, tracking_number) = ("courier".into(), tracking_number.into());
    let (reference, by) = ("http://courier/1.pdf".into(), "staff:ana".into());
    Order::Request(Asked::Label(Command::Keep { carrier, tracking_number, reference, by }))
}

fn hear(way: Way, at: Timestamp) -> Order {
    Order::Request(Asked::Label(Command::Hear(Told { way, at })))
}

fn way(order: &ServiceOrder) -> Option<Way> {
    order.request.as_ref()?.label.as_ref()?.told.map(|told| told.way)
}

fn all_came() -> Order {
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] }
}

#[test]
fn r_ful_03_a_label_is_made_once_for_goods_that_are_awaited() {
    for (commands, refused) in [
        (vec![ask(&[Unsure], true)], "order.not_now"),
        (vec![ask(&[Ineligible], true)], "order.not_now"),
        (vec![ask(&[Eligible], false)], "order.not_now"),
        (vec![ask(&[Eligible], true), cancel()], "order.not_now"),
        (vec![ask(&[Eligible], true), all_came()], "order.no_goods_expected"),
    ] {
        assert_eq!(next(&after(&commands), keep("T-1")), Err(refused), "{commands:?}");
    }
    let labelled = after(&[ask(&[Eligible], true), keep("T-1")]);
    assert_eq!(next(&labelled, keep("T-2")).unwrap(), labelled, "asked again, it is the same");
    let stored = serde_json::to_value(&labelled).unwrap();
    assert_eq!(serde_json::from_value::<ServiceOrder>(stored).unwrap(), labelled);
}

#[test]
fn what_a_carrier_tells_late_or_twice_changes_nothing() {
    let authorised = after(&[ask(&[Eligible], true)]);
    assert_eq!(next(&authorised, hear(Way::Lost, hours(1))), Err("order.not_now"), "there is no parcel");
    let moving = after(&[ask(&[Eligible], true), keep("T-1"), hear(Way::InTransit, hours(2))]);
    assert_eq!(way(&moving), Some(Way::InTransit));
    for told in [hear(Way::InTransit, hours(3)), hear(Way::Returned, hours(1)), hear(Way::Lost, hours(2))] {
        assert_eq!(next(&moving, told).unwrap(), moving);
    }
    assert_eq!(way(&next(&moving, hear(Way::Delivered, hours(4))).unwrap()), Some(Way::Delivered));
    let labelled = after(&[ask(&[Eligible], true), keep("T-1")]);
    for told in [Way::InTransit, Way::Lost, Way::Delivered] {
        assert_eq!(next(&labelled, hear(told, hours(-1))).unwrap(), labelled, "of who had the number before");
    }
}

#[test]
fn goods_do_not_lapse_while_the_carrier_has_them() {
    let labelled = after(&[ask(&[Eligible], true), keep("T-1")]);
    assert_eq!(labelled.goods_by(), Some(hours(24)));
    for (told, by) in [
        (Way::InTransit, None),
        (Way::Delivered, None),
        (Way::Lost, None),
        // The customer has it again.
        (Way::Returned, Some(hours(24))),
    ] {
        let moved = next(&labelled, hear(told, hours(1))).unwrap();
        assert_eq!(moved.goods_by(), by, "{told:?}");
        let late = moved.decide(Order::LapseGoods, hours(25)).unwrap();
        assert_eq!(late.is_empty(), by.is_none(), "{told:?}");
    }
}

#[test]
fn a_label_whose_parcel_came_is_used_up_and_what_is_still_awaited_lapses_and_gets_another() {
    let moving = after(&[
        ask(&[Eligible, Eligible], true),
        keep("T-1"),
        hear(Way::InTransit, hours(1)),
        hear(Way::Delivered, hours(2)),
    ]);
    assert_eq!(moving.goods_by(), None);
    let came = vec![Came { line_no: Some(1), product_id: "p-1".into(), quantity: 1 }];
    let half = next(&moving, Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came }).unwrap();
    assert_eq!(half.goods_by(), Some(hours(24)), "the other piece was not in it");
    let again = next(&half, keep("T-2")).unwrap();
    let label = again.request.as_ref().unwrap().label.as_ref().unwrap();
    assert_eq!((label.tracking_number.as_str(), label.told), ("T-2", None));
}
