//! When the provider or the process fails: what is unknown is asked, and money leaves once or not at all.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use contracts::fulfilment::v1::{
    AmountReleased, OrderFailed, RefundContradicted, RefundOutcomeUnknown, RefundSucceeded,
};
use fulfilment::{
    config::Pace,
    domain::refund::Part,
    execution::Execution,
    payments::{HttpPayments, Outcome, Payments, Status},
};
use jiff::SignedDuration;
use kernel::money::Money;
use stories::payments::{Mode, Mood, Running};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    returns::line,
    world::{World, refund_of, return_of},
};

#[tokio::test]
async fn an_unknown_outcome_is_reconciled_and_paid_exactly_once() {
    let world = World::impatient().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::SilentAfterPaying).await;
    let order = world.agree(purchase, refund_of(500)).await;
    assert_eq!((world.refund().await.status.as_str(), world.status(order).await.as_str()), ("unknown", "refunding"));
    assert_eq!(world.paid().await.len(), 1, "the money left, and we do not know it");

    world.seconds(4).await;
    assert_eq!(world.refund().await.status, "unknown", "the provider is asked after five seconds, not before");
    world.seconds(1).await;
    assert_eq!((world.refund().await.status.as_str(), world.status(order).await.as_str()), ("succeeded", "completed"));
    assert_eq!(world.paid().await, [(world.refund().await.refund_id, 500)]);
    assert_eq!(world.refund().await.attempts, 1, "it was asked for, not sent again");
    assert!(world.stack.events::<RefundSucceeded>("fulfilment").await[0].reconciled);
}

#[tokio::test]
async fn what_the_provider_never_saw_goes_again_under_the_same_key() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::ErrorBeforePaying).await;
    let order = world.agree(purchase, refund_of(500)).await;
    let first = world.refund().await;
    assert_eq!(first.status, "unknown");
    assert!(world.paid().await.is_empty());

    world.calm().await;
    world.seconds(5).await;
    let second = world.refund().await;
    assert_eq!((second.status.as_str(), second.attempts), ("succeeded", 2));
    assert_eq!(second.refund_id, first.refund_id);
    assert_eq!(world.paid().await, [(first.refund_id, 500)]);
    assert_eq!(world.status(order).await, "completed");
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_ever_more_rarely_until_it_is_up() {
    let mut world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let address = world.provider.take().unwrap().address();
    let order = world.agree(purchase, refund_of(500)).await;
    for seconds in [5, 10, 20, 40] {
        world.seconds(seconds).await;
        assert_eq!(world.refund().await.status, "unknown");
    }
    let unknown = world.stack.events::<RefundOutcomeUnknown>("fulfilment").await.len();
    assert_eq!(unknown, 5, "sent once, asked four times");

    world.provider = Some(Running::start(address, None).unwrap());
    world.seconds(79).await;
    assert_eq!(world.refund().await.status, "unknown");
    world.seconds(1).await;
    assert_eq!((world.refund().await.status.as_str(), world.refund().await.attempts), ("succeeded", 2));
    assert_eq!(world.status(order).await, "completed");
    assert_eq!(world.paid().await.len(), 1);
}

#[tokio::test]
async fn a_provider_out_of_order_pays_once_when_it_works_again() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::Fail).await;
    let order = world.agree(purchase, refund_of(500)).await;
    world.seconds(5).await;
    assert_eq!(world.refund().await.status, "unknown");
    world.calm().await;
    world.seconds(10).await;
    assert_eq!(world.status(order).await, "completed");
    assert_eq!(world.paid().await.len(), 1);
}

/// One that says it paid one more than it was told to.
struct Generous;

impl Payments for Generous {
    async fn refund(&self, _: Uuid, amount: Money, _: String, _: Option<Part>) -> Outcome {
        Outcome::succeeded("pay-1", Some(Money { minor: amount.minor + 1, ..amount }))
    }

    async fn status(&self, _: Uuid) -> Status {
        Status::Known(Outcome::succeeded("pay-1", Some(Money::new(501, "CNY".parse().unwrap()))))
    }
}

#[tokio::test]
async fn what_the_provider_says_it_paid_otherwise_is_never_booked_as_ours_and_told_once() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let order = world.agree(purchase, return_of(500)).await;
    world.receive_goods(order).await.unwrap();
    let pace = Pace { ask_after: SignedDuration::ZERO, ..world.provider_and_pace().1 };
    let execution = Execution::new(world.stack.node("fulfilment").context(), Generous, pace);
    assert_eq!(execution.payments_once().await.unwrap(), 1);
    assert_eq!(world.refund().await.status, "unknown", "it is sent");
    assert_eq!(execution.reconcile_once().await.unwrap(), 1, "and asked about");
    let told: Vec<RefundContradicted> = world.stack.events("fulfilment").await;
    assert_eq!(told.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["amount_differs"]);
    assert_eq!((world.refund().await.status.as_str(), world.status(order).await.as_str()), ("unknown", "refunding"));

    // The sandbox never saw it, and is kept from saying so.
    world.mood(Mode::Fail).await;
    let id = world.refund().await.refund_id;
    assert!(world.refund().await.in_doubt);
    for by in ["staff:ana", "staff:ana"] {
        assert_eq!(world.settle_earlier(by, &id, true, "st-1").await.unwrap(), "unknown");
    }
    assert_eq!(world.settle_earlier("staff:bo", &id, true, "st-1").await.unwrap(), "succeeded");
    world.stack.settle().await;
    let refund = world.refund().await;
    assert_eq!((refund.provider_ref.as_str(), refund.in_doubt), ("st-1", false));
    assert_eq!(world.status(order).await, "completed");
    assert_eq!(execution.reconcile_once().await.unwrap(), 0, "nobody asks any more");
}

#[tokio::test]
async fn r_ful_05_another_amount_that_was_called_back_is_a_failure_and_the_money_is_paid_anew_once() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    world.mood(Mode::Fail).await;
    let id = world.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
    world.stack.settle().await;
    let pace = Pace { ask_after: SignedDuration::ZERO, ..world.provider_and_pace().1 };
    let execution = Execution::new(world.stack.node("fulfilment").context(), Generous, pace);
    world.stack.move_clock(SignedDuration::from_secs(60));
    execution.reconcile_once().await.unwrap();
    let first = world.payouts(&id).await.remove(0);
    for by in ["staff:ana", "staff:bo"] {
        world.settle_earlier(by, &first.refund_id, false, "st-1").await.unwrap();
    }
    assert_eq!(world.payouts(&id).await[0].status, "failed");
    world.calm().await;
    world.repeat(&id, &first.claim_id).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.status(id.parse().unwrap()).await, "completed");
    let second = world.payouts(&id).await.remove(1).refund_id;
    assert_eq!(world.paid().await, [(second, 900)], "by another key, once");
}

#[tokio::test]
async fn a_refusal_frees_the_money_for_another_order() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    world.mood(Mode::Refuse).await;
    let refused = world.agree(purchase, refund_of(1_000)).await;
    assert_eq!(world.status(refused).await, "failed");
    assert_eq!(world.stack.events::<OrderFailed>("fulfilment").await[0].code, "refused_by_provider");
    assert_eq!(world.stack.events::<AmountReleased>("fulfilment").await.len(), 1);

    world.calm().await;
    let other = world.agree(purchase, refund_of(1_000)).await;
    assert_eq!(world.status(other).await, "completed");
    assert_eq!(world.ledger().await.totals["CNY"], 1_000);
}

/// A process that is killed while it sends: before the request leaves, or after the provider paid.
struct Killed {
    provider: HttpPayments,
    after_paying: bool,
    reached: Arc<Notify>,
}

impl Payments for Killed {
    async fn refund(&self, key: Uuid, amount: Money, reference: String, by: Option<Part>) -> Outcome {
        if self.after_paying {
            self.provider.refund(key, amount, reference, by).await;
        }
        self.reached.notify_one();
        std::future::pending().await
    }

    async fn status(&self, _: Uuid) -> Status {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_process_killed_between_sending_and_recording_costs_nothing() {
    for (after_paying, attempts) in [(true, 1), (false, 2)] {
        let world = World::new().await;
        let purchase = world.bought(&[1_000]).await;
        let order = world.agree(purchase, return_of(500)).await;
        world.receive_goods(order).await.unwrap();

        let (provider, pace) = world.provider_and_pace();
        let reached = Arc::new(Notify::new());
        let killed = Killed { provider, after_paying, reached: Arc::clone(&reached) };
        let execution = Execution::new(world.stack.node("fulfilment").context(), killed, pace);
        tokio::select! {
            _ = execution.payments_once() => panic!("it was killed before it could end"),
            () = reached.notified() => {}
        }
        assert_eq!(world.refund().await.status, "sent");
        assert_eq!(world.paid().await.len(), usize::from(after_paying));

        world.seconds(29).await;
        assert_eq!(world.refund().await.status, "sent", "the result may still come");
        world.seconds(1).await;
        assert_eq!(world.status(order).await, "completed");
        assert_eq!(world.refund().await.attempts, attempts);
        assert_eq!(world.paid().await, [(world.refund().await.refund_id, 500)]);
    }
}

/// Counts how often each key is called for.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<BTreeMap<Uuid, u32>>>);

impl Payments for Counting {
    async fn refund(&self, key: Uuid, _: Money, _: String, _: Option<Part>) -> Outcome {
        *self.0.lock().unwrap().entry(key).or_default() += 1;
        tokio::task::yield_now().await;
        Outcome::succeeded(&key.to_string(), None)
    }

    async fn status(&self, _: Uuid) -> Status {
        Status::NeverSeen
    }
}

#[tokio::test]
async fn replicas_side_by_side_call_the_provider_once_a_refund() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(world.agree(purchase, return_of(10)).await);
    }
    for order in &orders {
        world.receive_goods(*order).await.unwrap();
    }
    let (calls, (_, pace)) = (Counting::default(), world.provider_and_pace());
    let replica = || Execution::new(world.stack.node("fulfilment").context(), calls.clone(), pace);
    let (a, b, c) = (replica(), replica(), replica());
    let (a, b, c) = tokio::join!(a.payments_once(), b.payments_once(), c.payments_once());
    assert_eq!(a.unwrap() + b.unwrap() + c.unwrap(), 12);
    let calls = calls.0.lock().unwrap().clone();
    assert_eq!(calls.len(), 12);
    assert!(calls.values().all(|times| *times == 1), "{calls:?}");
    assert!(world.refunds().await.iter().all(|refund| refund.status == "succeeded"));
}

#[tokio::test]
async fn through_all_moods_every_order_ends_with_its_own_payment_or_none() {
    let world = World::impatient().await;
    let mut orders = Vec::new();
    for round in 0..6 {
        let mode =
            [Mode::SilentAfterPaying, Mode::ErrorBeforePaying, Mode::Fail, Mode::Refuse, Mode::Slow, Mode::Normal]
                [round];
        world.mood(Mood { probability: 0.5, seed: round as u64, delay_ms: 1_500, ..mode.into() }).await;
        let purchase = Uuid::new_v4();
        for minor in [100, 60, 50, 40, 30] {
            let complaint = Uuid::new_v4();
            orders.extend(world.announce(complaint, 1, Some(purchase), &[refund_of(minor)]).await);
        }
        world.purchase(purchase, &[150, 50]).await;
        world.stack.settle().await;
        world.seconds(7).await;
    }
    world.calm().await;
    for _ in 0..12 {
        world.seconds(120).await;
    }
    let ledger = world.ledger().await;
    let mut paid = BTreeMap::new();
    for entry in &ledger.entries {
        *paid.entry(&entry.purchase_ref).or_insert(0) += entry.amount.minor;
        assert_eq!(ledger.entries.iter().filter(|other| other.key == entry.key).count(), 1);
    }
    assert!(paid.values().all(|minor| *minor <= 200), "{paid:?}");
    let mut completed = 0;
    for order in orders {
        let order = world.order(order).await;
        let entries = ledger.entries.iter().filter(|entry| entry.key == order.refund_id).count();
        match order.status.as_str() {
            "completed" => assert_eq!(entries, 1),
            "refused" | "failed" => assert_eq!(entries, 0),
            other => panic!("an order is stuck: {other}"),
        }
        completed += entries;
    }
    assert_eq!(completed, ledger.entries.len());
    assert!(completed > 10);
}
