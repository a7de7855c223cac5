//! The everyday stories: money goes back once, after the goods where goods are due, and never more than was paid.
use contracts::{
    common::v1::RemedyKind,
    fulfilment::v1::{
        AccountOpened, AmountHeld, ClaimWaiting, OrderCompleted, OrderOpened, RefundGranted, RefundRefused,
        RefundSucceeded,
    },
};
use uuid::Uuid;

use crate::world::{Agreed, World, refund_of, return_of};

#[tokio::test]
async fn an_agreed_refund_reaches_the_customer_once() {
    let world = World::new().await;
    let purchase = world.bought(&[600, 400]).await;
    let order = world.agree(purchase, refund_of(500)).await;

    assert_eq!(world.status(order).await, "completed");
    let refund = world.refund().await;
    assert_eq!((refund.status.as_str(), refund.attempts), ("succeeded", 1));
    assert_eq!(world.paid().await, [(refund.refund_id.clone(), 500)]);

    let journal: Vec<_> = world.stack.journal("fulfilment").await.into_iter().map(|row| row.subject).collect();
    let facts: Vec<_> = journal.iter().map(|subject| subject.splitn(4, '.').last().unwrap()).collect();
    assert_eq!(
        facts,
        [
            "account.opened",
            "order.opened",
            "account.held",
            "order.refund_granted",
            "refund.queued",
            "refund.sent",
            "refund.succeeded",
            "order.completed",
            "cost.posted",
        ]
    );
    let granted: Vec<RefundGranted> = world.stack.events("fulfilment").await;
    let lines: Vec<_> =
        granted[0].lines.iter().map(|line| (line.line_id.as_str(), line.amount.as_ref().unwrap().minor)).collect();
    assert_eq!(lines, [("0", 300), ("1", 200)], "split over the lines in proportion to what they can give");
    let succeeded: Vec<RefundSucceeded> = world.stack.events("fulfilment").await;
    assert_eq!((succeeded[0].provider_ref.as_str(), succeeded[0].reconciled), (refund.provider_ref.as_str(), false));
}

#[tokio::test]
async fn the_money_of_a_return_waits_for_the_goods() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let order = world.agree(purchase, return_of(1_000)).await;
    assert_eq!(world.status(order).await, "awaiting_goods");
    world.seconds(59 * 24 * 3600).await;
    assert!(world.paid().await.is_empty());

    assert_eq!(world.receive_goods(order).await.unwrap(), "refunding");
    world.stack.settle().await;
    assert_eq!(world.status(order).await, "completed");
    assert_eq!(world.ledger().await.totals["CNY"], 1_000);
}

#[tokio::test]
async fn goods_that_come_back_before_the_purchase_is_known_are_not_forgotten() {
    let world = World::new().await;
    let purchase = Uuid::new_v4();
    let order = world.agree(purchase, return_of(300)).await;
    assert_eq!(world.receive_goods(order).await.unwrap(), "requested");
    world.purchase(purchase, &[300]).await;
    world.stack.settle().await;
    assert_eq!(world.status(order).await, "completed");
    assert_eq!(world.ledger().await.totals["CNY"], 300);
}

#[tokio::test]
async fn a_claim_waits_until_the_purchase_is_known() {
    let world = World::new().await;
    let purchase = Uuid::new_v4();
    let first = world.agree(purchase, refund_of(700)).await;
    let second = world.agree(purchase, refund_of(400)).await;
    assert_eq!((world.status(first).await, world.status(second).await), ("requested".into(), "requested".into()));
    assert_eq!(world.stack.events::<ClaimWaiting>("fulfilment").await.len(), 2);

    world.purchase(purchase, &[600, 400]).await;
    world.stack.settle().await;
    assert_eq!((world.status(first).await, world.status(second).await), ("completed".into(), "refused".into()));
    assert_eq!(world.ledger().await.totals["CNY"], 700);
}

#[tokio::test]
async fn a_purchase_that_does_not_become_known_refuses_its_orders_and_can_still_serve_later_ones() {
    let world = World::new().await;
    let purchase = Uuid::new_v4();
    let early = world.agree(purchase, refund_of(700)).await;
    world.seconds(3_600).await;
    let late = world.agree(purchase, refund_of(400)).await;
    world.seconds(23 * 3_600 - 1).await;
    assert_eq!((world.status(early).await, world.status(late).await), ("requested".into(), "requested".into()));
    world.seconds(1).await;
    assert_eq!((world.status(early).await, world.status(late).await), ("refused".into(), "requested".into()));
    let refused: Vec<RefundRefused> = world.stack.events("fulfilment").await;
    assert_eq!((refused.len(), refused[0].code.as_str()), (1, "purchase_unknown"));

    world.purchase(purchase, &[600, 400]).await;
    world.stack.settle().await;
    assert_eq!((world.status(early).await, world.status(late).await), ("refused".into(), "completed".into()));
    world.seconds(24 * 3_600).await;
    assert_eq!(world.stack.events::<RefundRefused>("fulfilment").await.len(), 1);
    assert_eq!((world.ledger().await.totals["CNY"], world.stack.parked("fulfilment").await), (400, 0));
}

#[tokio::test]
async fn what_the_purchase_cannot_give_is_refused_with_its_reason() {
    let world = World::new().await;
    let purchase = world.bought(&[600, 400]).await;
    world.agree(purchase, refund_of(700)).await;
    let too_much = world.agree(purchase, refund_of(301)).await;
    let foreign = world.agree(purchase, Agreed { currency: "EUR", ..refund_of(10) }).await;
    let unnamed = world.announce(Uuid::new_v4(), 1, None, &[refund_of(10)]).await[0];
    world.stack.settle().await;
    let rest = world.agree(purchase, refund_of(300)).await;

    let refused: Vec<RefundRefused> = world.stack.events("fulfilment").await;
    let mut codes: Vec<_> =
        refused.iter().map(|event| (event.order_id.parse().unwrap(), event.code.as_str())).collect();
    let mut expected = [(too_much, "exceeds_paid"), (foreign, "currency_mismatch"), (unnamed, "no_purchase")];
    codes.sort();
    expected.sort();
    assert_eq!(codes, expected);
    assert_eq!(world.status(rest).await, "completed", "what is left can still be given back, to the last cent");
    assert_eq!(world.ledger().await.totals["CNY"], 1_000);
}

#[tokio::test]
async fn what_is_said_twice_is_done_once() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let (complaint, remedy) = (Uuid::new_v4(), refund_of(200));
    world.announce(complaint, 1, Some(purchase), &[remedy]).await;
    world.announce(complaint, 1, Some(purchase), &[remedy]).await;
    world.stack.settle().await;
    // The same remedy again as a later event, and with another amount: the order stands as it was agreed (R-FUL-17).
    world.announce(complaint, 2, Some(purchase), &[Agreed { minor: 900, ..remedy }]).await;
    world.purchase(purchase, &[5_000]).await;
    world.stack.settle().await;

    assert_eq!(world.paid().await, [(world.refund().await.refund_id, 200)]);
    assert_eq!(world.stack.events::<OrderOpened>("fulfilment").await.len(), 1);
    assert_eq!(world.stack.events::<AccountOpened>("fulfilment").await.len(), 1);
    assert_eq!(world.stack.parked("fulfilment").await, 0);
}

#[tokio::test]
async fn a_solution_with_several_remedies_becomes_an_order_for_each_that_gives_money() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let guidance = Agreed { kind: RemedyKind::Guidance, ..refund_of(1) };
    world.announce(Uuid::new_v4(), 1, Some(purchase), &[refund_of(100), guidance, return_of(200)]).await;
    world.stack.settle().await;
    assert_eq!(world.stack.events::<OrderOpened>("fulfilment").await.len(), 2);
    assert_eq!(world.stack.events::<AmountHeld>("fulfilment").await.len(), 2);
    assert_eq!(world.stack.events::<OrderCompleted>("fulfilment").await.len(), 1);
    assert_eq!(world.ledger().await.totals["CNY"], 100);
}
