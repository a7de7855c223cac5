//! The road against a real Postgres: all or nothing, once, in order, one by one where a batch fails, deadlines once.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod support;

use backbone::{Change, IdempotencyKey, Unit, journal};
use contracts::operations::v1::{ReadJournalRequest, operations_client::OperationsClient};
use futures::future::join_all;
use jiff::SignedDuration;
use jiff_sqlx::ToSqlx;
use support::{Counter, INTAKE, Tell};
use testkit::Stack;
use uuid::Uuid;

fn add(id: Uuid, n: i64) -> Unit {
    Unit::of(Change::to::<Counter>(id, Tell::Add { id, n }))
        .answer::<Counter>(|_, version, counter| format!("{version}:{}", counter.total).into_bytes())
}

async fn total(stack: &Stack, id: Uuid) -> Option<i64> {
    sqlx::query_scalar("select (state->>'total')::bigint from counter where id = $1")
        .bind(id)
        .fetch_optional(&stack.pool("intake"))
        .await
        .unwrap()
}

#[tokio::test]
async fn many_changes_at_once_keep_every_version_and_an_unbroken_chain() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let ids: Vec<Uuid> = (0..20).map(|_| Uuid::now_v7()).collect();
    let work = (0..1000).map(|i| road.submit_patiently(add(ids[i % ids.len()], 1)));
    for answer in join_all(work).await {
        answer.unwrap();
    }
    for id in ids {
        assert_eq!(total(&stack, id).await, Some(50));
        let entries = journal::of_aggregate(&stack.pool("intake"), id, 1, 1000).await.unwrap();
        assert_eq!(entries.iter().map(|e| e.version).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
        assert!(entries.windows(2).all(|pair| pair[0].seq < pair[1].seq), "sequence order is version order");
        assert_eq!(journal::first_break(&entries), None);
    }
}

#[tokio::test]
async fn a_changed_journal_row_breaks_the_chain() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let id = Uuid::now_v7();
    for _ in 0..3 {
        road.submit(add(id, 1)).await.unwrap();
    }
    sqlx::query("update journal set actor = 'staff:mallory' where aggregate_id = $1 and version = 2")
        .bind(id)
        .execute(&stack.pool("intake"))
        .await
        .unwrap();
    let entries = journal::of_aggregate(&stack.pool("intake"), id, 1, 10).await.unwrap();
    assert_eq!(journal::first_break(&entries), Some(2));
}

#[tokio::test]
async fn the_journal_is_read_by_aggregate_from_a_place_on_and_newest_first() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    for id in [one, two, one, one, two] {
        road.submit(add(id, 1)).await.unwrap();
    }
    let mut client = OperationsClient::new(stack.channel("intake"));
    let mut read = async |request: ReadJournalRequest| {
        let entries = client.read_journal(request).await.map(|answer| answer.into_inner().entries);
        entries.map(|entries| entries.into_iter().map(|e| (e.aggregate_id, e.version)).collect::<Vec<_>>())
    };
    let (first, second) = (one.to_string(), two.to_string());
    let of = |id: &str, versions: &[u64]| versions.iter().map(|v| (id.to_owned(), *v)).collect::<Vec<_>>();
    let from_two = ReadJournalRequest { aggregate_id: first.clone(), from_version: 2, ..Default::default() };
    assert_eq!(read(from_two).await.unwrap(), of(&first, &[2, 3]));
    let after_three = ReadJournalRequest { after_seq: 3, ..Default::default() };
    assert_eq!(read(after_three).await.unwrap(), [of(&first, &[3]), of(&second, &[2])].concat());
    let newest = ReadJournalRequest { newest_first: true, limit: 2, ..Default::default() };
    assert_eq!(read(newest).await.unwrap(), [of(&second, &[2]), of(&first, &[3])].concat());
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_and_changes_nothing() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let id = Uuid::now_v7();
    let keyed = || add(id, 5).key(IdempotencyKey::new("add", "k1", b"5"));
    let together = join_all((0..20).map(|_| road.submit(keyed()))).await;
    let first = together[0].clone().unwrap();
    assert_eq!(first.body, b"1:5");
    for answer in together {
        assert_eq!(answer.unwrap().body, b"1:5");
    }
    road.submit(add(id, 1)).await.unwrap();
    let late = road.submit(keyed()).await.unwrap();
    assert!(late.repeated);
    assert_eq!(late.body, b"1:5", "the first answer, not the state of now");
    assert_eq!(total(&stack, id).await, Some(6));

    let other = add(id, 7).key(IdempotencyKey::new("add", "k1", b"7"));
    assert_eq!(road.submit(other).await.unwrap_err().code(), "idempotency.key_reused");
}

#[tokio::test]
async fn a_refused_request_does_not_use_up_its_key() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let id = Uuid::now_v7();
    let big = || add(id, 900).key(IdempotencyKey::new("add", "k2", b"900"));
    road.submit(add(id, 200)).await.unwrap();
    assert_eq!(road.submit(big()).await.unwrap_err().code(), "counter.full");
    road.submit(add(id, -150)).await.unwrap();
    assert!(!road.submit(big()).await.unwrap().repeated);
}

#[tokio::test]
async fn a_batch_with_one_unwritable_change_fails_that_one_alone() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let units = (0..200).map(|i| {
        let id = Uuid::now_v7();
        let road = road.clone();
        async move { (i, id, road.submit(add(id, if i == 77 { 666 } else { 1 })).await) }
    });
    for (i, id, answer) in join_all(units).await {
        assert_eq!(answer.is_err(), i == 77, "change {i}");
        assert_eq!(total(&stack, id).await, (i != 77).then_some(1));
    }
}

#[tokio::test]
async fn changes_of_one_unit_and_their_reactions_happen_together_or_not_at_all() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    road.submit(add(two, 1000)).await.unwrap();
    let both = Unit::of(Change::create::<Counter>(one, Tell::AddBoth { id: one, other: two }));
    assert_eq!(road.submit(both.clone()).await.unwrap_err().code(), "counter.full");
    assert_eq!(total(&stack, one).await, None, "the first change is not kept when its reaction is refused");
    road.submit(add(two, -1)).await.unwrap();
    road.submit(both).await.unwrap();
    assert_eq!((total(&stack, one).await, total(&stack, two).await), (Some(1), Some(1000)));
}

#[tokio::test]
async fn a_thing_thought_new_that_exists_is_found_after_all() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let id = Uuid::now_v7();
    road.submit(add(id, 1)).await.unwrap();
    road.submit(Unit::of(Change::create::<Counter>(id, Tell::Add { id, n: 2 }))).await.unwrap();
    assert_eq!(total(&stack, id).await, Some(3));
}

#[tokio::test]
async fn a_deadline_fires_once_at_its_time_and_never_before() {
    let stack = Stack::start(&[&INTAKE]).await;
    let road = stack.node("intake").context().road.clone();
    let id = Uuid::now_v7();
    let ring = |seconds| Unit::of(Change::to::<Counter>(id, Tell::RingIn { id, seconds }));
    road.submit(ring(60)).await.unwrap();
    road.submit(ring(120)).await.unwrap();
    stack.advance(SignedDuration::from_secs(119)).await;
    assert_eq!(rang(&stack, id).await, 0, "armed again, later");
    stack.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(rang(&stack, id).await, 1, "equality is due");
    stack.advance(SignedDuration::from_hours(1000)).await;
    assert_eq!(rang(&stack, id).await, 1);
}

#[tokio::test]
async fn a_thousand_deadlines_at_the_same_second_fire_once_each_with_two_sweepers() {
    let stack = Stack::start(&[&INTAKE]).await;
    let node = stack.node("intake");
    let ids: Vec<Uuid> = (0..1000).map(|_| Uuid::now_v7()).collect();
    let road = &node.context().road;
    let arm = ids.iter().map(|id| {
        road.submit_patiently(Unit::of(Change::create::<Counter>(*id, Tell::RingIn { id: *id, seconds: 5 })))
    });
    join_all(arm).await.into_iter().for_each(|answer| drop(answer.unwrap()));
    stack.move_clock(SignedDuration::from_secs(5));
    while node.step().await.unwrap() + node.step().await.unwrap() > 0 {
        let (a, b) = tokio::join!(node.step(), node.step());
        a.unwrap();
        b.unwrap();
    }
    let fired: Vec<(i64, i64)> = sqlx::query_as("select (state->>'rang')::bigint, count(*) from counter group by 1")
        .fetch_all(&stack.pool("intake"))
        .await
        .unwrap();
    assert_eq!(fired, [(1, 1000)]);
}

#[tokio::test]
async fn a_deadline_that_cannot_be_fired_holds_up_no_other_and_rings_again() {
    let stack = Stack::start(&[&INTAKE]).await;
    let (road, pool) = (stack.node("intake").context().road.clone(), stack.pool("intake"));
    let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    for (seconds, id) in (5..).zip(&ids) {
        road.submit(Unit::of(Change::to::<Counter>(*id, Tell::RingIn { id: *id, seconds }))).await.unwrap();
    }
    sqlx::query("create table kept as select id, state from counter where id = $1 limit 0")
        .bind(ids[0])
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("insert into kept select id, state from counter where id = $1")
        .bind(ids[0])
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("update counter set state = '{}' where id = $1").bind(ids[0]).execute(&pool).await.unwrap();
    stack.advance(SignedDuration::from_secs(10)).await;
    for later in &ids[1..] {
        assert_eq!(rang(&stack, *later).await, 1, "the first cannot be read, and these were due after it");
    }
    let mended = "update counter c set state = k.state from kept k where c.id = k.id";
    sqlx::query(mended).execute(&pool).await.unwrap();
    stack.advance(SignedDuration::from_mins(2)).await;
    assert_eq!(rang(&stack, ids[0]).await, 1);
}

#[tokio::test]
async fn two_sweepers_put_off_what_cannot_be_fired_and_nothing_else() {
    let stack = Stack::start(&[&INTAKE]).await;
    let (node, pool) = (stack.node("intake"), stack.pool("intake"));
    let mut ids: Vec<Uuid> = (0..40).map(|_| Uuid::now_v7()).collect();
    ids.sort();
    for (n, id) in ids.iter().enumerate() {
        let seconds = 5 + i64::from(n > 7);
        let ring = Tell::RingIn { id: *id, seconds };
        node.context().road.submit(Unit::of(Change::to::<Counter>(*id, ring))).await.unwrap();
    }
    let (broken, sound) = ids.split_at(8);
    sqlx::query("update counter set state = '{}' where id = any($1)").bind(broken).execute(&pool).await.unwrap();
    stack.move_clock(SignedDuration::from_secs(10));
    for _ in 0..6 {
        let (a, b) = tokio::join!(node.step(), node.step());
        a.unwrap();
        b.unwrap();
    }
    for id in sound {
        assert_eq!(rang(&stack, *id).await, 1);
    }
    let off = "select aggregate_id from deadline where due_at > $1 order by 1";
    let off: Vec<Uuid> = sqlx::query_scalar(off).bind(stack.now().to_sqlx()).fetch_all(&pool).await.unwrap();
    assert_eq!(off, broken);
}

async fn rang(stack: &Stack, id: Uuid) -> i64 {
    sqlx::query_scalar("select (state->>'rang')::bigint from counter where id = $1")
        .bind(id)
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap()
}
