//! What the provider tells of itself, and how it is left in peace.
use std::collections::BTreeMap;

use backbone::signature::Secrets;
use contracts::fulfilment::v1::{RefundContradicted, RefundOverdue, RefundPaymentNamed, RefundSucceeded};
use serde_json::{Value, json};
use stories::payments::{Mode, Mood, Running, Trouble};
use uuid::Uuid;

use crate::world::{World, refund_of};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// One whose provider tells of itself.
pub async fn world() -> World {
    World::with(|service| {
        service["payments"]["timeout"] = "200ms".into();
        service["payments"]["callback_secrets"] = json!([SECRET, OLD_SECRET]);
    })
    .await
}

/// A callback as the provider sends it, `age` seconds old; gives the status and the code of a refusal.
pub async fn call_back(world: &World, secret: &str, age: i64, body: &Value) -> (u16, String) {
    let body = body.to_string();
    let at = world.stack.now().as_second() - age;
    let signature = Secrets::read(&[secret.into()]).unwrap().sign("msg_1", at, body.as_bytes());
    let answer = testkit::http()
        .post(format!("{}/v1/payments/callbacks", world.stack.base_url("fulfilment")))
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature)
        .body(body)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap_or_default();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

/// The provider says that it paid.
pub fn paid(key: &str, minor: i64, provider_ref: &str) -> Value {
    let amount = json!({ "minor": minor, "currency": "CNY" });
    json!({ "type": "refund.succeeded", "data": { "key": key, "amount": amount, "provider_ref": provider_ref } })
}

fn failed(key: &str, minor: i64) -> Value {
    let amount = json!({ "minor": minor, "currency": "CNY" });
    json!({ "type": "refund.failed", "data": { "key": key, "amount": amount, "code": "card_closed" } })
}

#[tokio::test]
async fn a_callback_ends_what_was_unknown_and_a_repeat_changes_nothing() {
    let world = world().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::SilentAfterPaying).await;
    let order = world.agree(purchase, refund_of(500)).await;
    let refund = world.refund().await;
    assert_eq!(refund.status, "unknown");

    let paid = paid(&refund.refund_id, 500, "pay-000001");
    for secret in [SECRET, OLD_SECRET] {
        assert_eq!(call_back(&world, secret, 0, &paid).await, (204, String::new()));
    }
    world.stack.settle().await;
    assert_eq!(world.status(order).await, "completed");
    let succeeded = world.stack.events::<RefundSucceeded>("fulfilment").await;
    assert_eq!(succeeded.len(), 1);
    assert!(world.stack.events::<RefundContradicted>("fulfilment").await.is_empty());

    world.calm().await;
    world.seconds(600).await;
    assert_eq!(world.paid().await, [(refund.refund_id, 500)], "nobody asks or sends any more");
}

#[tokio::test]
async fn a_refusal_that_is_told_frees_the_money_and_one_out_of_order_is_seen() {
    let world = world().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::Fail).await;
    let order = world.agree(purchase, refund_of(1_000)).await;
    let refund = world.refund().await;
    assert_eq!(call_back(&world, SECRET, 0, &failed(&refund.refund_id, 1_000)).await.0, 204);
    world.stack.settle().await;
    assert_eq!(world.status(order).await, "failed");

    assert_eq!(call_back(&world, SECRET, 0, &paid(&refund.refund_id, 1_000, "pay-1")).await.0, 204);
    world.stack.settle().await;
    assert_eq!(world.status(order).await, "failed", "its final word stands");
    assert_eq!(world.stack.events::<RefundContradicted>("fulfilment").await.len(), 1, "and people are told");
}

#[tokio::test]
async fn r_ful_05_what_the_provider_names_after_people_settled_a_refund_is_kept_and_a_second_payment_is_raised() {
    let world = world().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::Fail).await;
    let order = world.agree(purchase, refund_of(500)).await;
    let key = world.refund().await.refund_id;
    assert_eq!(call_back(&world, SECRET, 0, &paid(&key, 501, "pay-1")).await.1, "callback.amount_differs");
    world.stack.settle().await;
    for by in ["staff:ana", "staff:bo"] {
        world.settle_earlier(by, &key, true, "st-1").await.unwrap();
    }
    world.stack.settle().await;
    for (payment, codes) in [("pay-1", 1), ("pay-1", 1), ("pay-2", 2), ("pay-3", 2)] {
        assert_eq!(call_back(&world, SECRET, 0, &paid(&key, 500, payment)).await.0, 204);
        world.stack.settle().await;
        let raised = world.stack.events::<RefundContradicted>("fulfilment").await;
        let raised: Vec<_> = raised.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(raised, ["amount_differs", "paid_twice"][..codes], "{payment}");
    }
    let refund = world.refund().await;
    assert_eq!(
        (refund.status.as_str(), refund.provider_ref.as_str()),
        ("succeeded", "st-1"),
        "what was settled stands"
    );
    assert_eq!((refund.named_payment.as_str(), world.status(order).await.as_str()), ("pay-1", "completed"));
    assert_eq!(world.stack.events::<RefundPaymentNamed>("fulfilment").await.len(), 1);
}

#[tokio::test]
async fn what_is_forged_stale_or_about_something_else_moves_nothing() {
    let world = world().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::Fail).await;
    let order = world.agree(purchase, refund_of(500)).await;
    let key = world.refund().await.refund_id;
    let before = world.stack.journal("fulfilment").await.len();

    let other_currency = json!({ "type": "refund.succeeded",
        "data": { "key": key, "amount": { "minor": 500, "currency": "EUR" }, "provider_ref": "pay-1" } });
    let mut other_purchase = paid(&key, 500, "pay-1");
    other_purchase["data"]["purchase_ref"] = Uuid::new_v4().to_string().into();
    let good = paid(&key, 500, "pay-1");
    let stranger = "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
    for (secret, age, body, status, code) in [
        (stranger, 0, good.clone(), 401, "callback.forged"),
        (SECRET, 301, good.clone(), 401, "callback.stale"),
        (SECRET, -301, good, 401, "callback.stale"),
        (SECRET, 0, paid(&key, 501, "pay-1"), 409, "callback.amount_differs"),
        (SECRET, 0, other_currency, 409, "callback.amount_differs"),
        (SECRET, 0, other_purchase, 409, "callback.purchase_differs"),
        (SECRET, 0, paid(&Uuid::new_v4().to_string(), 500, "pay-1"), 404, "callback.key_unknown"),
        (SECRET, 0, json!({ "type": "refund.paid", "data": {} }), 422, "callback.malformed"),
        (SECRET, 0, json!({ "big": "x".repeat(20_000) }), 413, "callback.too_large"),
    ] {
        assert_eq!(call_back(&world, secret, age, &body).await, (status, code.to_owned()), "{body:.80}");
    }
    world.stack.settle().await;
    assert_eq!(world.stack.journal("fulfilment").await.len(), before + 1);
    assert_eq!(world.status(order).await, "refunding");
    let told: Vec<RefundContradicted> = world.stack.events("fulfilment").await;
    assert_eq!(
        told.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(),
        ["amount_differs"],
        "people are told once"
    );
}

/// The provider sends them itself, and everything goes wrong with them that can.
#[tokio::test]
async fn r_ful_05_whatever_goes_wrong_with_callbacks_nothing_moves_wrongly_and_every_refused_one_is_counted() {
    let world = world().await;
    world.calls_back(SECRET, &Trouble::ALL);
    let mut orders = Vec::new();
    for (n, mode) in [Mode::Normal, Mode::Refuse, Mode::Slow, Mode::ErrorBeforePaying].into_iter().enumerate() {
        world.mood(Mood { delay_ms: 400, ..mode.into() }).await;
        let purchase = world.bought(&[1_000]).await;
        orders.push((mode, world.agree(purchase, refund_of(100 + n as i64)).await));
    }
    world.calm().await;
    let mut told = world.told().await;
    for _ in 0..4 {
        world.seconds(60).await;
        told = world.told().await;
    }
    for (mode, order) in orders {
        let expected = if mode == Mode::Refuse { "failed" } else { "completed" };
        assert_eq!(world.status(order).await, expected, "{mode:?}");
    }
    let paid: Vec<i64> = world.paid().await.into_iter().map(|(_, minor)| minor).collect();
    assert_eq!(paid.iter().sum::<i64>(), 100 + 102 + 103, "each once: {paid:?}");
    let ours: Vec<RefundSucceeded> = world.stack.events("fulfilment").await;
    assert_eq!(ours.iter().map(|one| one.amount.as_ref().unwrap().minor).sum::<i64>(), 305, "as we have it");

    let tells = paid.len() as u64 + 1;
    assert!(told.taken >= 2 * tells, "{told:?}");
    let refused = |code: &str| told.refused.get(code).copied().unwrap_or_default();
    for code in ["forged", "stale", "amount_differs", "key_unknown", "purchase_differs"] {
        assert!(refused(&format!("callback.{code}")) >= tells, "{code}: {told:?}");
    }
    let counted = world.overview().await.refused_callbacks;
    let counted: BTreeMap<String, u64> = counted.into_iter().map(|one| (one.key, one.count)).collect();
    assert_eq!(counted, told.refused, "as many as were refused");
    let differs: Vec<RefundContradicted> = world.stack.events("fulfilment").await;
    assert_eq!((differs.len(), differs.iter().all(|one| one.code == "amount_differs")), (4, true), "people look once");
}

#[tokio::test]
async fn without_a_secret_no_callback_is_taken() {
    let world = World::new().await;
    let answer = call_back(&world, SECRET, 0, &paid(&Uuid::new_v4().to_string(), 1, "pay-1")).await;
    assert_ne!(answer.0, 204);
    assert!(answer.0 >= 400, "{answer:?}");
}

#[tokio::test]
async fn people_are_told_of_every_refund_that_waits_too_long_also_of_those_nobody_sends() {
    let mut world = world().await;
    drop(world.provider.take());
    for _ in 0..7 {
        let purchase = world.bought(&[1_000]).await;
        world.agree(purchase, refund_of(500)).await;
    }
    world.seconds(3_590).await;
    assert!(world.stack.events::<RefundOverdue>("fulfilment").await.is_empty());
    assert!(world.refunds().await.iter().any(|refund| refund.status == "queued"), "the provider rests");
    for _ in 0..3 {
        world.seconds(600).await;
        assert_eq!(world.stack.events::<RefundOverdue>("fulfilment").await.len(), 7, "once");
    }
    assert!(world.refunds().await.iter().all(|refund| refund.overdue));
}

/// Five answers that were none, and the others wait in their queue, sent to nobody.
#[tokio::test]
async fn a_provider_that_is_down_is_left_in_peace_and_then_tried_with_one() {
    let mut world = world().await;
    let address = world.provider.take().unwrap().address();
    let mut orders = Vec::new();
    for _ in 0..5 {
        let purchase = world.bought(&[1_000]).await;
        orders.push(world.agree(purchase, refund_of(500)).await);
    }
    for _ in 0..5 {
        let purchase = world.bought(&[1_000]).await;
        orders.push(world.agree(purchase, refund_of(500)).await);
    }
    let counts = |refunds: Vec<contracts::fulfilment::v1::RefundView>| {
        let of = |status: &str| refunds.iter().filter(|refund| refund.status == status).count();
        (of("unknown"), of("queued"), of("succeeded"))
    };
    assert_eq!(counts(world.refunds().await), (5, 5, 0));
    world.seconds(29).await;
    assert_eq!(counts(world.refunds().await), (5, 5, 0), "nobody is asked or sent anything");
    world.seconds(1).await;
    assert_eq!(counts(world.refunds().await), (6, 4, 0), "one was tried");

    world.provider = Some(Running::start(address, None).unwrap());
    world.seconds(31).await;
    world.seconds(60).await;
    assert_eq!(counts(world.refunds().await), (0, 0, 10));
    assert_eq!(world.paid().await.len(), 10);
}
