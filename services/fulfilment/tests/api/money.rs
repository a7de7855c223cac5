//! The database's own law: whatever the program did wrong, no purchase could hold more than was paid for a line.
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, refund_of, return_of};

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
async fn the_database_refuses_a_second_refund_for_an_order() {
    let world = World::new().await;
    let purchase = world.bought(&[1_000]).await;
    world.agree(purchase, refund_of(500)).await;
    let pool = world.stack.pool("fulfilment");
    let copy = "insert into refund (id, version, hash, state) select $1, version, hash, state from refund";
    let error = sqlx::query(copy).bind(Uuid::new_v4()).execute(&pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("refund_order_id_key"));
    let nothing = "update refund set state = jsonb_set(state, '{facts,amount,minor}', '0')";
    let error = sqlx::query(nothing).execute(&pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("more_than_nothing"));
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
