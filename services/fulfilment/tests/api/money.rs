//! The database's own law: whatever the program did wrong, no purchase could hold more than was paid for a line.
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    returns::{at_counter, line},
    world::{World, refund_of, return_of},
};

async fn change(pool: &PgPool, id: Uuid, path: &str, value: &str) -> Result<(), String> {
    let path: Vec<&str> = path.split('.').collect();
    sqlx::query("update purchase_account set state = jsonb_set(state, $2, $3::jsonb) where id = $1")
        .bind(id)
        .bind(path)
        .bind(value)
        .execute(pool)
        .await
        .map(|done| assert_eq!(done.rows_affected(), 1))
        .map_err(|error| error.as_database_error().and_then(|e| e.constraint()).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_database_refuses_an_account_that_holds_more_than_was_paid() {
    let world = World::new().await;
    let purchase = world.bought(&[600, 400]).await;
    let order = world.agree(purchase, refund_of(500)).await;
    let pool = world.stack.pool("fulfilment");
    let hold = format!("state.lines.0.holds.{order}");
    let other = format!("state.lines.0.holds.{}", Uuid::new_v4());
    for (path, value) in [
        (hold.as_str(), r#"{"minor":601,"currency":"CNY"}"#),
        (&hold, r#"{"minor":-1,"currency":"CNY"}"#),
        (&hold, r#"{"minor":0,"currency":"CNY"}"#),
        (&hold, r#"{"minor":300,"currency":"EUR"}"#),
        (&hold, r#"{"currency":"CNY"}"#),
        (&hold, "null"),
        (&other, r#"{"minor":301,"currency":"CNY"}"#),
        ("state.lines.1.paid.minor", "199"),
        ("state.lines.1.paid", "null"),
        ("state.lines", "null"),
        ("state.kind", "\"closed\""),
    ] {
        assert_eq!(change(&pool, purchase, path, value).await, Err("never_more_than_paid".into()), "{path} {value}");
    }
    change(&pool, purchase, &other, r#"{"minor":300,"currency":"CNY"}"#).await.unwrap();
    change(&pool, purchase, "state.lines.1.paid.minor", "200").await.unwrap();
}

#[tokio::test]
async fn the_database_refuses_an_account_of_which_more_is_taken_than_was_bought() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(3, 600)]).await;
    let asked = at_counter("return_refund", vec![line(purchase, "0", 2, "no_reason")]);
    let order = world.ask("staff:ana", asked).await.unwrap().id;
    let pool = world.stack.pool("fulfilment");
    let taken = format!("state.taken.0.{order}");
    let other = format!("state.taken.0.{}", Uuid::new_v4());
    for (path, value) in [
        (taken.as_str(), "4"),
        (&taken, "0"),
        (&taken, "\"2\""),
        (&taken, "null"),
        (&other, "2"),
        ("state.taken.9", r#"{"00000000-0000-0000-0000-000000000001":1}"#),
        ("state.sale.articles.0.quantity", "1"),
        ("state.sale.articles.0", "null"),
        ("state.taken", "[]"),
    ] {
        assert_eq!(change(&pool, purchase, path, value).await, Err("never_more_than_bought".into()), "{path} {value}");
    }
    change(&pool, purchase, &other, "1").await.unwrap();
    let copy =
        "insert into service_order (id, version, hash, state) select $1, version, hash, state from service_order";
    let error = sqlx::query(copy).bind(Uuid::new_v4()).execute(&pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("service_order_rma_number_key"));
}

#[tokio::test]
async fn the_database_refuses_a_second_refund_for_an_order() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    world.agree(purchase, refund_of(500)).await;
    let pool = world.stack.pool("fulfilment");
    let copy = "insert into refund (id, version, hash, state) select $1, version, hash, state from refund";
    let error = sqlx::query(copy).bind(Uuid::new_v4()).execute(&pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("one_refund_a_claim"));
    let nothing = "update refund set state = jsonb_set(state, '{facts,amount,minor}', '0')";
    let error = sqlx::query(nothing).execute(&pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("more_than_nothing"));
}

#[tokio::test]
async fn the_database_refuses_refunds_of_more_than_is_held_for_them() {
    let world = World::new().await;
    let purchase = world.bought(&[600, 400]).await;
    let order = world.agree(purchase, refund_of(500)).await;
    let pool = world.stack.pool("fulfilment");
    let constraint = |error: sqlx::Error| {
        error.as_database_error().and_then(|error| error.constraint()).unwrap_or_default().to_owned()
    };
    let amount = "update refund set state = jsonb_set(state, '{facts,amount,minor}', $1::jsonb)";
    let more = sqlx::query(amount).bind("501").execute(&pool).await.unwrap_err();
    assert_eq!(constraint(more), "refunds_are_held");
    let copy = "insert into refund (id, version, hash, state)
        select gen_random_uuid(), version, hash, jsonb_set(state, '{facts,claim_id}', to_jsonb(gen_random_uuid()::text))
        from refund";
    let beside = sqlx::query(copy).execute(&pool).await.unwrap_err();
    assert_eq!(constraint(beside), "refunds_are_held", "another claim of the same purchase");
    let hold = format!("state.lines.0.holds.{order}");
    let less = change(&pool, purchase, &hold, r#"{"minor":299,"currency":"CNY"}"#).await;
    assert_eq!(less, Err("refunds_are_held".into()), "what leaves is not free");
    assert_eq!(change(&pool, purchase, "state.lines.0.holds", "{}").await, Err("refunds_are_held".into()));
    // What has failed leaves nothing, and may not come back once its money is free.
    let failed = "update refund set state = jsonb_set(state, '{state}', $1::jsonb)";
    sqlx::query(failed).bind(r#"{"kind":"failed","code":"account_closed"}"#).execute(&pool).await.unwrap();
    change(&pool, purchase, "state.lines.0.holds", "{}").await.unwrap();
    let again = sqlx::query(failed).bind(r#"{"kind":"sent","since":"2026-01-01T00:00:00Z"}"#).execute(&pool).await;
    assert_eq!(constraint(again.unwrap_err()), "refunds_are_held");
    // What is of no purchase is no more than its own claim.
    let nobody = "update refund set state = jsonb_set(state, '{facts,purchase_id}', to_jsonb($1::text))";
    let nobody = sqlx::query(nobody).bind(Uuid::nil()).execute(&pool).await.map(|done| done.rows_affected());
    assert_eq!(nobody.unwrap(), 1, "it has failed");
    let again = sqlx::query(failed).bind(r#"{"kind":"sent","since":"2026-01-01T00:00:00Z"}"#).execute(&pool).await;
    assert_eq!(constraint(again.unwrap_err()), "refunds_are_held");
}

#[tokio::test]
async fn two_refunds_of_one_purchase_at_once_do_not_overlook_each_other() {
    let world = World::new().await;
    let purchase = world.bought(&[600, 400]).await;
    world.agree(purchase, refund_of(500)).await;
    let pool = world.stack.pool("fulfilment");
    // Half is free again: one of the two has room.
    let half = "update refund set state = jsonb_set(state, '{facts,amount,minor}', '200')";
    assert_eq!(sqlx::query(half).execute(&pool).await.unwrap().rows_affected(), 1);
    let copy = "insert into refund (id, version, hash, state)
        select gen_random_uuid(), version, hash, jsonb_set(state, '{facts,claim_id}', to_jsonb(gen_random_uuid()::text))
        from refund limit 1";
    let (mut one, mut other) = (pool.begin().await.unwrap(), pool.begin().await.unwrap());
    sqlx::query(copy).execute(&mut *one).await.unwrap();
    sqlx::query(copy).execute(&mut *other).await.unwrap();
    let (one, other) = tokio::join!(one.commit(), other.commit());
    assert_eq!([&one, &other].iter().filter(|done| done.is_ok()).count(), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_purchase_that_cannot_be_is_parked_and_its_neighbours_pass() {
    let world = World::new().await;
    let (wrong, right) = (Uuid::new_v4(), Uuid::new_v4());
    world.purchase(wrong, &[-5, 10]).await;
    world.announce(Uuid::new_v4(), 1, Some(right), &[refund_of(0)]).await;
    world.purchase(right, &[10]).await;
    let order = world.agree(right, return_of(10)).await;
    assert_eq!(world.stack.parked("fulfilment").await, 2);
    assert_eq!(world.status(order).await, "awaiting_goods");
}
