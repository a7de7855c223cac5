//! What waits for our own people: each promise is made, met, late and ended by a cancellation, and begins anew with what has
//! waited longest after it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use kernel::{
    promise::Promise,
    returns::{Answer, Kind},
};
use uuid::Uuid;

use super::{
    super::{
        Command as Order, ServiceOrder,
        compensation::{
            Step,
            tests::{approve, asked, compensation, issue},
        },
        goods::{Disposition, Finding},
        label::{self, Told},
        replacement::{self, Outcome, tests as goods_out},
        request::{
            Command as Asked,
            tests::{NOW, ask, cancel, line, request},
        },
        returning::Command as Goods,
    },
    *,
};
use crate::domain::giving::{What, tests::gift};

fn hours(hours: i64) -> Timestamp {
    NOW + SignedDuration::from_hours(hours)
}

fn at(order: &ServiceOrder, command: Order, at: Timestamp) -> ServiceOrder {
    let mut next = order.clone();
    order.decide(command, at).unwrap().iter().for_each(|event| next.apply(event));
    next
}

/// What was done in which hour.
fn lived(commands: Vec<(i64, Order)>) -> ServiceOrder {
    commands.into_iter().fold(ServiceOrder::default(), |order, (hour, command)| at(&order, command, hours(hour)))
}

fn promises(order: &ServiceOrder, kind: Owed) -> Vec<&Promise> {
    let promises = order.request.as_ref().unwrap().promises.iter();
    promises.filter(|(one, _)| *one == kind).map(|(_, promise)| promise).collect()
}

fn standing(order: &ServiceOrder, kind: Owed) -> Vec<&'static str> {
    promises(order, kind).into_iter().map(|promise| promise.standing.state.name()).collect()
}

fn review(approved: bool) -> Order {
    Order::Request(Asked::Review {
        by: "staff:bo".into(),
        approved,
        reason: "seen".into(),
        amounts: Default::default(),
    })
}

/// Something the policy leaves to people, for this reason.
fn unsure(reason: &str) -> Order {
    let mut request = request(&[Answer::Review]);
    request.lines[0].receipt.facts.reason = reason.into();
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

fn came(pieces: u32) -> Order {
    let came = (1..=pieces).map(|line_no| super::super::returning::Came {
        line_no: Some(line_no),
        product_id: String::new(),
        quantity: 1,
    });
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: came.collect() }
}

fn reject(line_no: u32) -> Order {
    let finding = Finding { quantity: 1, accepted: false, grade: "a".into(), disposition: Disposition::BackToCustomer };
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: vec![finding],
        criteria: vec![],
        photos: vec![],
        renewed: Some(line(0, Answer::Ineligible).receipt),
        word: None,
        ruling: None,
    };
    Order::Request(Asked::Goods(Goods::Inspect { line_no, inspection: Box::new(inspection) }))
}

fn disagree(line_no: u32) -> Order {
    Order::Request(Asked::Goods(Goods::HearCustomer { line_no, by: "staff:bo".into(), agreed: false }))
}

fn rule(line_no: u32, approved: bool) -> Order {
    Order::Request(Asked::Goods(Goods::Rule { line_no, by: "staff:bo".into(), approved, reason: "seen".into() }))
}

fn labelled() -> Order {
    let (carrier, tracking_number) = ("courier".into(), "T-1".into());
    let (reference, by) = ("http://courier/1.pdf".into(), "staff:ana".into());
    Order::Request(Asked::Label(label::Command::Keep { carrier, tracking_number, reference, by }))
}

fn hear(way: Way, hour: i64) -> Order {
    Order::Request(Asked::Label(label::Command::Hear(Told { way, at: hours(hour) })))
}

fn give(what: What, minor: i64) -> Order {
    let given = compensation("staff:ana", gift(what, minor), (what == What::Cash).then(|| Uuid::from_u128(5)));
    Order::Request(Asked::Ask { request: Box::new(asked(Uuid::from_u128(1), given)), confirmed: true })
}

fn handed_over() -> Order {
    Order::Request(Asked::Compensation { by: "staff:ana".into(), step: Step::Give })
}

fn arrive(number: u32, outcome: Outcome) -> Order {
    goods_out::tell(number, replacement::Command::Arrive(outcome))
}

/// The attempt of this number is shipped in that hour.
fn shipped(number: u32, hour: i64) -> Vec<(i64, Order)> {
    goods_out::shipped(number).into_iter().map(|command| (hour, command)).collect()
}

/// What waits, since when, for how long in hours, and what keeps it.
type Waiting = (&'static str, Owed, ServiceOrder, i64, i64, Vec<Order>);

/// Each kind.
fn waiting() -> Vec<Waiting> {
    let disputed = vec![(0, ask(&[Answer::Eligible], true)), (0, came(1)), (1, reject(1)), (2, disagree(1))];
    let out = [vec![(0, goods_out::reship())], shipped(0, 3)].concat();
    let back = vec![(0, ask(&[Answer::Eligible], true)), (0, labelled()), (4, hear(Way::InTransit, 2))];
    vec![
        ("health", Owed::ReviewTerm, lived(vec![(0, unsure("discomfort.skin"))]), 0, 4, vec![review(true)]),
        ("decision", Owed::ReviewTerm, lived(vec![(0, unsure("quality"))]), 0, 20, vec![review(true), review(false)]),
        ("dispute", Owed::RulingTerm, lived(disputed), 2, 10, vec![rule(1, true), rule(1, false)]),
        (
            "parcel out",
            Owed::DeliveryTerm,
            lived(out),
            3,
            60,
            [Outcome::Delivered, Outcome::Lost, Outcome::ReturnedUndelivered].map(|one| arrive(0, one)).into(),
        ),
        (
            "parcel back",
            Owed::DeliveryTerm,
            lived(back),
            2,
            60,
            vec![came(1), hear(Way::Delivered, 6), hear(Way::Lost, 6), hear(Way::Returned, 6)],
        ),
        ("coupon", Owed::GivingTerm, lived(vec![(0, give(What::Coupon, 50))]), 0, 30, vec![issue(true)]),
        ("points", Owed::GivingTerm, lived(vec![(0, give(What::Points, 50))]), 0, 30, vec![issue(true)]),
        ("service", Owed::GivingTerm, lived(vec![(0, give(What::ServiceAgain, 0))]), 0, 30, vec![issue(true)]),
        (
            "handing over",
            Owed::GivingTerm,
            lived(vec![(0, give(What::Coupon, 50)), (5, issue(false))]),
            5,
            30,
            vec![handed_over()],
        ),
    ]
}

#[test]
fn r_ful_05_what_waits_for_our_own_people_is_promised_warned_of_met_and_late() {
    for (name, kind, order, since, within, kept_by) in waiting() {
        let (last, due) = (promises(&order, kind).len() - 1, hours(since + within));
        let promise = promises(&order, kind)[last];
        assert_eq!((promise.started_at, promise.standing.due_at), (hours(since), due), "{name}");
        assert_eq!(standing(&order, kind)[last], "running", "{name}");
        let warned = promise.standing.warn_at[0];
        assert_eq!(order.request.as_ref().unwrap().promises.next_due(), Some(warned), "{name}");

        let near = at(&order, Order::Look, warned);
        assert_eq!(promises(&near, kind)[last].warned.len(), 1, "{name}");
        let late = at(&near, Order::Look, due + SignedDuration::from_secs(1));
        assert_eq!(
            (standing(&late, kind)[last], &late.state),
            ("breached", &order.state),
            "{name}: nothing else moves"
        );
        assert_eq!(at(&late, Order::Look, hours(since + within + 500)), late, "{name}: it is late once");
        for command in kept_by {
            let kept = at(&order, command.clone(), due);
            assert_eq!(standing(&kept, kind)[last], "met", "{name}: {command:?}");
            let in_the_end = at(&late, command.clone(), due + SignedDuration::from_hours(1));
            assert_eq!(standing(&in_the_end, kind)[last], "met_late", "{name}: {command:?}");
        }
    }
}

#[test]
fn what_waits_for_our_own_people_ends_with_its_order() {
    for (name, kind, order, since, within, _) in waiting() {
        let Ok(events) = order.decide(cancel(), hours(since + 1)) else { continue };
        assert!(!events.is_empty(), "{name}");
        assert_eq!(standing(&at(&order, cancel(), hours(since + 1)), kind), ["cancelled"], "{name}");
        let late = at(&order, Order::Look, hours(since + within + 1));
        assert_eq!(standing(&at(&late, cancel(), hours(500)), kind), ["cancelled_after_breach"], "{name}");
    }
    let ended = waiting().into_iter().filter(|(_, _, order, ..)| order.decide(cancel(), hours(9)).is_ok());
    let ended: Vec<_> = ended.map(|(name, ..)| name).collect();
    assert_eq!(ended, ["health", "decision", "parcel back", "coupon", "points", "service"]);
}

#[test]
fn who_has_waited_longest_is_promised_first_and_the_next_from_when_he_began_to_wait() {
    let both = lived(vec![
        (0, ask(&[Answer::Eligible, Answer::Eligible], true)),
        (0, came(2)),
        (1, reject(1)),
        (1, reject(2)),
        (2, disagree(1)),
        (5, disagree(2)),
    ]);
    assert_eq!(standing(&both, Owed::RulingTerm), ["running"]);
    let one = at(&both, rule(1, true), hours(6));
    assert_eq!(standing(&one, Owed::RulingTerm), ["met", "running"]);
    assert_eq!(promises(&one, Owed::RulingTerm)[1].standing.due_at, hours(15), "not from the ruling before it");
    assert_eq!(standing(&at(&one, rule(2, false), hours(16)), Owed::RulingTerm), ["met", "met_late"]);
    let other = at(&both, rule(2, true), hours(6));
    assert_eq!(standing(&other, Owed::RulingTerm), ["running"], "the first still waits");

    let again = [vec![(0, goods_out::reship())], shipped(0, 1), vec![(9, arrive(0, Outcome::Lost))], shipped(1, 11)];
    let again = lived(again.concat());
    assert_eq!(standing(&again, Owed::DeliveryTerm), ["met", "running"]);
    assert_eq!(promises(&again, Owed::DeliveryTerm)[1].started_at, hours(11));
    assert_eq!(
        standing(&at(&again, arrive(1, Outcome::Delivered), hours(12)), Owed::DeliveryTerm),
        ["met", "met"],
        "each parcel has its own"
    );

    let issued = lived(vec![(0, give(What::Coupon, 50)), (5, issue(false))]);
    assert_eq!(standing(&issued, Owed::GivingTerm), ["met", "running"], "it is given out; he is still to have it");
}

#[test]
fn nothing_is_promised_where_nobody_of_ours_is_waited_for() {
    let mine = [Owed::ReviewTerm, Owed::RulingTerm, Owed::DeliveryTerm, Owed::GivingTerm];
    let before_approval = (0, give(What::Coupon, 500));
    for (name, order) in [
        ("a rule decides", lived(vec![(0, ask(&[Answer::Eligible], true))])),
        (
            "goods that came are inspected",
            lived(vec![(0, ask(&[Answer::Eligible], true)), (1, came(1)), (2, reject(1))]),
        ),
        ("a label nobody handed over", lived(vec![(0, ask(&[Answer::Eligible], true)), (1, labelled())])),
        ("an approval has its own time", lived(vec![before_approval])),
        ("a refund tells of itself", lived(vec![(0, give(What::Cash, 500)), (1, approve("staff:bo"))])),
        (
            "goods that are to be shipped",
            lived(vec![(0, goods_out::asked(Kind::Reship, kernel::returns::Goods::No, 1, None))]),
        ),
    ] {
        assert!(mine.iter().all(|kind| promises(&order, *kind).is_empty()), "{name}");
    }
}

#[test]
fn an_order_from_before_our_people_were_promised_promises_nothing_of_them() {
    let mut stored = serde_json::to_value(lived(vec![(0, unsure("quality"))])).unwrap();
    assert!(stored.pointer_mut("/request/terms").unwrap().as_object_mut().unwrap().remove("people").is_some());
    *stored.pointer_mut("/request/promises").unwrap() = serde_json::json!({});
    let order: ServiceOrder = serde_json::from_value(stored).unwrap();
    let decided = at(&at(&order, Order::Look, hours(900)), review(true), hours(901));
    let request = decided.request.unwrap();
    assert!(request.promises.iter().all(|(kind, _)| kind == Owed::RefundTerm), "money follows as ever");
}
