//! Bad input, one door after the other: each is refused with a clear code, or the field that is wrong, and nothing moves. What is
//! wrong with callbacks stands in `callbacks` and `carriers`.
use contracts::{
    common::v1::Money,
    fulfilment::v1::{
        FoundGoodsRecorded, LineRequest, QuoteRepairRequest, ReceiveGoodsRequest, RepairItem,
        repairs_client::RepairsClient,
    },
};
use testkit::{request, wrong_fields};
use tonic::{Code, Status};

use crate::{
    goods::result,
    replacements::Act,
    returns::{at_counter, code, line},
    world::{World, cny},
};

fn eur(minor: i64) -> Option<Money> {
    Some(Money { minor, currency: "EUR".into() })
}

/// The code of a refusal, or the fields that are wrong.
fn said(status: &Status) -> String {
    if status.code() == Code::InvalidArgument { wrong_fields(status).join(" ") } else { code(status) }
}

impl World {
    /// All that was written down, and all that was paid.
    async fn written_down(&self) -> (usize, usize) {
        (self.stack.journal("fulfilment").await.len(), self.ledger().await.entries.len())
    }

    async fn refused_to_ask(&self, kind: &str, asked: LineRequest) -> String {
        said(&self.ask("staff:ana", at_counter(kind, vec![asked])).await.unwrap_err())
    }
}

#[tokio::test]
async fn amounts_quantities_and_lines_that_cannot_be_are_refused_and_nothing_moves() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 2_000)]).await;
    let dearer = world.exchange(purchase, Some(1_500)).await;
    let piece = || line(purchase, "0", 1, "no_reason");
    let (repair, _) = world.brought(400, 50_000).await;
    repair.diagnose(true, false).await.unwrap();
    world.stack.settle().await;
    let wanted = |price| LineRequest { wanted_product_id: "p-9".into(), wanted_price: price, ..piece() };
    let before = world.written_down().await;

    for (name, asked, expected) in [
        ("another currency than was paid", wanted(eur(500)), "order.other_currency"),
        (
            "a currency there is not",
            wanted(Some(Money { minor: 5, currency: "XQQ".into() })),
            "lines[0].wanted_price.currency",
        ),
        ("below nothing", wanted(cny(-1)), "lines[0].wanted_price.minor"),
        ("more than there is", wanted(cny(i64::MAX)), "lines[0].wanted_price.minor"),
        ("more than was bought", LineRequest { quantity: 2, ..piece() }, "account.more_than_bought"),
        ("more than can be counted", LineRequest { quantity: u32::MAX, ..piece() }, "lines[0].quantity"),
        ("none", LineRequest { quantity: 0, ..piece() }, "lines[0].quantity"),
        ("a line of another purchase", LineRequest { line_id: "7".into(), ..piece() }, "lines[0]"),
        ("a purchase nobody made", line(uuid::Uuid::new_v4(), "0", 1, "no_reason"), "lines[0]"),
    ] {
        assert_eq!(world.refused_to_ask("exchange", asked).await, expected, "{name}");
    }

    let one = world.last_attempt(&dearer).await;
    for (name, amount, expected) in [
        ("another currency", eur(500), "order.other_currency"),
        ("less than is due", cny(499), "order.other_difference"),
        ("more than is due", cny(501), "order.other_difference"),
        ("below nothing", cny(-500), "amount.minor"),
        ("nothing told", None, "amount.currency"),
    ] {
        assert_eq!(said(&world.act(&one, Act::Pay("t-1", amount)).await.unwrap_err()), expected, "{name}");
    }
    let item = |unit_price| RepairItem { kind: "part".into(), code: "screen".into(), quantity: 2, unit_price };
    for (items, expected) in [
        (vec![item(cny(1)), item(eur(1))], "order.quote_inexact"),
        (vec![item(cny(-1))], "items[0].unit_price.minor"),
        (vec![], "items"),
    ] {
        let quote = QuoteRepairRequest { order_id: repair.order_id.clone(), line_no: 1, items };
        let mut repairs = RepairsClient::new(world.stack.channel("fulfilment"));
        assert_eq!(said(&repairs.quote_repair(request("staff:li", quote)).await.unwrap_err()), expected);
    }
    assert_eq!(world.written_down().await, before, "nothing was written down, nothing paid");
}

#[tokio::test]
async fn what_is_closed_expired_or_received_twice_is_refused_and_nothing_moves() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(2, 2_000)]).await;
    let closed = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.bring(&closed, 1, 0).await;
    assert_eq!(world.stands(&closed).await, ("completed".into(), 1_000));
    let cancelled = world.ask_back("return_refund", line(purchase, "0", 1, "no_reason")).await;
    world.cancel(&cancelled).await.unwrap();
    let late = world.sold(Some(10), &[(1, 900)]).await;
    let late = world.ask_back("return_refund", line(late, "0", 1, "no_reason")).await;
    let decision = world.decision(&late, "").await;
    assert_eq!((decision.answer.as_str(), decision.rule.as_str()), ("ineligible", "no_reason_too_late"));
    assert!(!decision.appeal.is_empty(), "he is told where to turn");
    world.stack.settle().await;
    let before = world.written_down().await;

    let paid = world.payouts(&closed).await.remove(0).claim_id;
    for (order, received) in
        [(&closed, "order.goods_already_received"), (&cancelled, "order.not_now"), (&late, "order.not_now")]
    {
        let elsewhere = ReceiveGoodsRequest { order_id: order.clone(), place: "s-2".into(), ..Default::default() };
        let goods = world.client().receive_goods(request("staff:zoe", elsewhere)).await.unwrap_err();
        assert_eq!(said(&goods), received, "another shop has it too");
        let found = world.inspect(order, 1, vec![result(1, true, "restock")]).await.unwrap_err();
        let not_here = if order == &closed { "order.not_to_inspect" } else { "order.not_now" };
        assert_eq!(said(&found), not_here);
        assert_eq!(
            said(&world.answer(order, true).await.unwrap_err()),
            if order == &closed { "order.nothing_to_answer" } else { "order.not_now" }
        );
        let again = world.repeat(order, &paid).await.unwrap_err();
        assert_eq!(said(&again), if order == &closed { "order.not_now" } else { "order.no_such_claim" });
    }
    assert_eq!(said(&world.cancel(&closed).await.unwrap_err()), "order.not_now");
    assert_eq!(said(&world.cancel(&late).await.unwrap_err()), "order.not_now");
    assert_eq!(world.cancel(&cancelled).await.unwrap().status, "cancelled", "said twice");
    assert_eq!(world.confirm(&late).await.unwrap().status, "ineligible", "his word changes nothing");
    // A parcel that belongs to nothing is kept in mind by itself, and moves no order.
    let found = world.stack.events::<FoundGoodsRecorded>("fulfilment").await.len();
    let (written, paid) = world.written_down().await;
    assert_eq!((found, written - found, paid), (3, before.0, before.1), "nothing else was written down, nothing paid");
}
