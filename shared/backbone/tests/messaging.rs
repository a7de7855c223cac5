//! Journal, relay, gate, auditor and consumer against a real Postgres and a real nats-server.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod support;

use std::{collections::HashMap, time::Duration};

use backbone::{Change, Unit, node::Node};
use contracts::{
    intake::v1::{CaseResponded, MajorIssueClosed},
    operations::v1 as operations,
};
use futures::future::join_all;
use support::{Counter, INTAKE, SCHEDULING, Tell, heard};
use testkit::{Servers, Stack, entry};
use uuid::Uuid;

async fn add(stack: &Stack, id: Uuid, n: i64) {
    let unit = Unit::of(Change::to::<Counter>(id, Tell::Add { id, n }));
    stack.node("intake").context().road.submit_patiently(unit).await.unwrap();
}

fn told(total: i64, id: Uuid) -> CaseResponded {
    CaseResponded {
        case_id: id.to_string(),
        responded_at: Some(contracts::Timestamp { seconds: total, nanos: 0 }),
        ..Default::default()
    }
}

#[tokio::test]
async fn events_of_each_aggregate_arrive_once_and_in_order() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let ids: Vec<Uuid> = (0..30).map(|_| Uuid::now_v7()).collect();
    join_all((0..600).map(|i| add(&stack, ids[i % 30], 1))).await;
    stack.settle().await;
    for id in ids {
        assert_eq!(heard(&stack, id).await, (1..=20).collect::<Vec<_>>());
    }
    assert_eq!(stack.parked("scheduling").await, 0);
}

/// The broker without a service between, and the name of the stream intake publishes to.
async fn intake_stream(stack: &Stack) -> (async_nats::jetstream::Context, String) {
    let client = async_nats::connect(format!("127.0.0.1:{}", Servers::get().nats)).await.unwrap();
    (async_nats::jetstream::new(client), format!("{}_INTAKE", stack.space().to_uppercase()))
}

/// How many messages of a stream came as part of an atomic batch.
async fn in_batches(stack: &Stack) -> usize {
    let (context, name) = intake_stream(stack).await;
    let mut stream = context.get_stream(&name).await.unwrap();
    let last = stream.info().await.unwrap().state.last_sequence;
    let messages = join_all((1..=last).map(|seq| stream.get_raw_message(seq))).await;
    messages.into_iter().filter(|message| message.as_ref().unwrap().headers.get("Nats-Batch-Id").is_some()).count()
}

#[tokio::test]
async fn effects_happen_once_when_relays_die_after_publishing() {
    let stack = Stack::start_with(&[&INTAKE, &SCHEDULING], |_, settings| settings.nats.batch_from = 2).await;
    relays_die(&stack).await;
    assert!(in_batches(&stack).await > 0);
}

#[tokio::test]
async fn effects_happen_once_when_relays_that_send_singly_die() {
    let stack = Stack::start_with(&[&INTAKE, &SCHEDULING], |_, settings| settings.nats.batch_from = 0).await;
    relays_die(&stack).await;
    assert_eq!(in_batches(&stack).await, 0);
}

async fn relays_die(stack: &Stack) {
    let ids: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    for round in 0..60 {
        join_all(ids.iter().map(|id| add(stack, *id, 1))).await;
        // The relay dies somewhere on its way: its future is dropped, its transaction rolls back, the broker may have
        // stored the batch already.
        let relaying = stack.node("intake").step();
        if let Ok(done) = tokio::time::timeout(Duration::from_micros(round * 250), relaying).await {
            done.unwrap();
        }
    }
    stack.settle().await;
    for id in ids {
        assert_eq!(heard(stack, id).await, (1..=60).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn effects_happen_once_when_two_processes_relay_and_die_in_turn() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let known = stack.node("intake").context();
    let second = Node::build(&INTAKE, (*known.settings).clone(), known.clock.clone()).await.unwrap();
    let ids: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    let mut dice = 47_u64;
    for round in 1..=60 {
        join_all(ids.iter().map(|id| add(&stack, *id, 1))).await;
        // Always the same schedule, as far as time goes: either may be dropped anywhere on its way, or get through.
        let mut within = || {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Duration::from_micros((dice >> 33) % 30_000)
        };
        let (one, two) = tokio::join!(
            tokio::time::timeout(within(), stack.node("intake").step()),
            tokio::time::timeout(within(), second.step()),
        );
        for done in [one, two].into_iter().flatten() {
            done.unwrap_or_else(|fault| panic!("round {round}: {}", fault.chain()));
        }
    }
    stack.settle().await;
    for id in ids {
        assert_eq!(heard(&stack, id).await, (1..=60).collect::<Vec<_>>());
    }
    assert_eq!(stack.parked("scheduling").await, 0);
}

#[tokio::test]
async fn what_is_sent_while_the_auditor_looks_is_not_taken_for_lost() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let node = stack.node("intake");
    for round in 0..40 {
        join_all((0..3).map(|_| add(&stack, Uuid::now_v7(), 1))).await;
        let (sent, healed) = tokio::join!(node.step(), node.audit());
        sent.unwrap();
        assert_eq!(healed.unwrap(), 0, "in round {round}");
    }
}

#[tokio::test]
async fn a_stream_that_vanished_is_made_again_and_refilled_from_postgres() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let ids: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    join_all((0..100).map(|i| add(&stack, ids[i % 10], 1))).await;
    stack.settle().await;
    // A driven clock that is far ahead makes nobody forget what was just sent.
    stack.advance(jiff::SignedDuration::from_hours(24 * 40)).await;
    stack.node("intake").audit().await.unwrap();
    let (context, name) = intake_stream(&stack).await;
    context.delete_stream(&name).await.unwrap();

    join_all(ids.iter().map(|id| add(&stack, *id, 1))).await;
    let node = stack.node("intake");
    assert!(node.step().await.is_err() || node.audit().await.unwrap() > 0, "the loss is noticed");
    while node.audit().await.unwrap() > 0 {}
    stack.settle().await;
    let mut stream = context.get_stream(&name).await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 110, "everything is in the stream again");
    for id in ids {
        assert_eq!(heard(&stack, id).await, (1..=11).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_broker_that_comes_back_empty_gets_the_old_events_before_the_new() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let ids: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    join_all((0..100).map(|i| add(&stack, ids[i % 10], 1))).await;
    stack.settle().await;
    // Somebody has made the stream again before its owner, which has newer events to send, is back on a new connection.
    let (context, name) = intake_stream(&stack).await;
    let config = context.get_stream(&name).await.unwrap().cached_info().config.clone();
    context.delete_stream(&name).await.unwrap();
    context.create_stream(config).await.unwrap();
    join_all(ids.iter().map(|id| add(&stack, *id, 1))).await;
    let known = stack.node("intake").context();
    let back = Node::build(&INTAKE, (*known.settings).clone(), known.clock.clone()).await.unwrap();
    while back.step().await.unwrap() > 0 {}

    let stream = context.get_stream(&name).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 110);
    let mut versions: HashMap<String, Vec<u64>> = HashMap::new();
    for place in 1..=110 {
        let headers = stream.get_raw_message(place).await.unwrap().headers;
        let header = |name: &str| headers.get(name).unwrap().as_str().to_owned();
        versions.entry(header("ce-subject")).or_default().push(header("aftercare-version").parse().unwrap());
    }
    assert!(versions.values().all(|told| *told == (1..=11).collect::<Vec<_>>()), "{versions:?}");
}

#[tokio::test]
async fn a_poison_event_is_parked_with_its_followers_while_neighbours_go_on() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let (bad, good) = (Uuid::now_v7(), Uuid::now_v7());
    for n in [499, 1, 1] {
        add(&stack, bad, n).await;
        add(&stack, good, 1).await;
    }
    stack.settle().await;
    assert_eq!(heard(&stack, bad).await, [499]);
    assert_eq!(heard(&stack, good).await, [1, 2, 3]);
    assert_eq!(stack.parked("scheduling").await, 2);

    let mut operations = operations::operations_client::OperationsClient::new(stack.channel("scheduling"));
    let list = operations.list_parked(operations::ListParkedRequest { limit: 10 }).await.unwrap().into_inner();
    assert!(list.events[0].reason.contains("echo.unlucky"), "{}", list.events[0].reason);
    assert_eq!(list.events[0].version, 2);

    // Somebody mends the cause; here: the event's total.
    let mended = told(14, bad);
    sqlx::query("update parked set payload = $1 where version = 2")
        .bind(contracts::Message::encode_to_vec(&mended))
        .execute(&stack.pool("scheduling"))
        .await
        .unwrap();
    let request = operations::RedriveParkedRequest { stream: "INTAKE".into(), aggregate_id: bad.to_string() };
    let done = operations.redrive_parked(testkit::request("staff:ana", request)).await.unwrap().into_inner();
    assert_eq!((done.applied, done.remaining), (2, 0));
    add(&stack, bad, 1).await;
    stack.settle().await;
    assert_eq!(heard(&stack, bad).await, [499, 14, 501, 502]);
}

#[tokio::test]
async fn a_broken_payload_is_parked_and_nothing_is_lost() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let id = Uuid::now_v7();
    let mut broken = entry(&told(1, id), id, 1, stack.now());
    broken.payload = vec![0xff; 9];
    stack.publish_raw("intake", &broken).await;
    stack.publish("intake", &told(2, id), id, 2).await;
    stack.settle().await;
    assert_eq!(stack.parked("scheduling").await, 2);
    assert!(heard(&stack, id).await.is_empty());
}

#[tokio::test]
async fn what_nobody_here_listens_to_is_passed_over() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let (id, unheard) = (Uuid::now_v7(), Uuid::now_v7());
    let mut broken = entry(&MajorIssueClosed::default(), unheard, 1, stack.now());
    broken.payload = vec![0xff; 9];
    stack.publish_raw("intake", &broken).await;
    stack.publish("intake", &told(1, id), id, 1).await;
    stack.settle().await;
    assert_eq!((heard(&stack, id).await, stack.parked("scheduling").await), (vec![1], 0));
    let gates = sqlx::query_scalar::<_, i64>("select count(*) from gate where aggregate_id = $1").bind(unheard);
    assert_eq!(gates.fetch_one(&stack.pool("scheduling")).await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_that_lacks_any_header_of_an_event_is_parked_and_its_neighbours_go_on() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let good = Uuid::now_v7();
    stack.publish("intake", &told(1, good), good, 1).await;
    let (context, _) = intake_stream(&stack).await;
    let needed = [
        "ce-id",
        "ce-subject",
        "aftercare-version",
        "ce-type",
        "aftercare-actor",
        "aftercare-correlation",
        "ce-time",
        "aftercare-recorded",
    ];
    for lacking in needed {
        let id = Uuid::now_v7();
        let broken = entry(&told(1, id), id, 1, stack.now());
        let mut headers = async_nats::HeaderMap::new();
        let whole = backbone::broker::headers(&broken, "intake");
        for (name, values) in whole.iter().filter(|(name, _)| name.to_string() != lacking) {
            headers.insert(name.clone(), values[0].clone());
        }
        let subject = format!("{}.{}", stack.space(), broken.subject);
        #[expect(clippy::disallowed_methods, reason = "the test plays somebody who does not know our headers")]
        let ack = context.publish_with_headers(subject, headers, broken.payload.into()).await;
        ack.unwrap().await.unwrap();
    }
    stack.publish("intake", &told(2, good), good, 2).await;
    stack.settle().await;
    assert_eq!(stack.parked("scheduling").await, i64::try_from(needed.len()).unwrap());
    assert_eq!(heard(&stack, good).await, [1, 2]);
}

#[tokio::test]
async fn repeats_are_dropped_and_a_gap_is_closed_by_asking_the_owner() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let id = Uuid::now_v7();
    for _ in 0..4 {
        add(&stack, id, 1).await;
    }
    // What intake holds, without its relay: the broker never got versions 1 and 2.
    sqlx::query("delete from outbox_pending").execute(&stack.pool("intake")).await.unwrap();
    for (total, version) in [(3, 3), (3, 3), (4, 4)] {
        stack.publish("intake", &told(total, id), id, version).await;
    }
    stack.settle().await;
    assert_eq!(heard(&stack, id).await, [1, 2, 3, 4]);
    let rows: i64 =
        sqlx::query_scalar("select count(*) from heard").fetch_one(&stack.pool("scheduling")).await.unwrap();
    assert_eq!(rows, 4, "side rows are written once, with their event");
    stack.publish("intake", &told(2, id), id, 2).await;
    stack.settle().await;
    assert_eq!(heard(&stack, id).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_gap_of_many_megabytes_is_closed() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let id = Uuid::now_v7();
    for _ in 0..3 {
        add(&stack, id, 1).await;
    }
    let long = CaseResponded { case_id: "x".repeat(5 << 20), ..told(1, id) };
    sqlx::query("update journal set payload = $1 where version = 1")
        .bind(contracts::Message::encode_to_vec(&long))
        .execute(&stack.pool("intake"))
        .await
        .unwrap();
    sqlx::query("delete from outbox_pending").execute(&stack.pool("intake")).await.unwrap();
    stack.publish("intake", &told(3, id), id, 3).await;
    stack.settle().await;
    assert_eq!(heard(&stack, id).await, [1, 2, 3]);
}
