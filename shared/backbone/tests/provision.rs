//! What a service is given: its tables, made by their owner, and a role that can work with them but not touch history.
#![expect(clippy::unwrap_used, reason = "tests")]
mod support;

use std::sync::Arc;

use backbone::{Change, Clock, Settings, Unit, boot, journal, node::Node};
use sqlx::{AssertSqlSafe, PgPool};
use support::{Counter, INTAKE, Tell};
use testkit::Servers;
use uuid::Uuid;

async fn run(pool: &PgPool, statement: &str) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(pool).await.map(drop)
}

/// A database with the roles a service has in production.
async fn settings() -> (Settings, String) {
    let servers = Servers::get();
    let url = |role: &str, database: &str| format!("postgres://{role}@127.0.0.1:{}/{database}", servers.postgres);
    let admin = PgPool::connect(&url("postgres", "postgres")).await.unwrap();
    for statement in [
        "create database provisioned",
        "create role intake_owner nologin",
        "create role intake_teller login noinherit",
        "grant create on database provisioned to intake_owner",
    ] {
        run(&admin, statement).await.unwrap();
    }
    let mut settings = Settings::load("", None).unwrap();
    settings.database.url = url("intake_teller", "provisioned").into();
    settings.nats.url = format!("nats://127.0.0.1:{}", servers.nats);
    settings.nats.space = "provisioned".into();
    settings.nats.provision = true;
    settings.nats.stream_bytes_max = 16 << 20;
    (settings, url("postgres", "provisioned"))
}

#[tokio::test]
async fn a_service_works_with_a_role_that_cannot_change_what_happened() {
    let (settings, owner) = settings().await;
    for _ in 0..2 {
        boot::migrate(&INTAKE, &settings, &owner).await.unwrap();
    }
    let owner = PgPool::connect(&owner).await.unwrap();
    let owners: Vec<String> = sqlx::query_scalar(
        "select distinct tableowner::text from pg_tables where schemaname = 'intake'
         union select nspowner::regrole::text from pg_namespace where nspname = 'intake'",
    )
    .fetch_all(&owner)
    .await
    .unwrap();
    assert_eq!(owners, ["intake_owner"]);

    let node = Arc::new(Node::build(&INTAKE, settings, Clock::system()).await.unwrap());
    let id = Uuid::now_v7();
    for command in [Tell::Add { id, n: 1 }, Tell::RingIn { id, seconds: 0 }] {
        node.context().road.submit(Unit::of(Change::to::<Counter>(id, command))).await.unwrap();
    }
    while node.step().await.unwrap() > 0 {}
    assert_eq!(node.waiting().await.unwrap(), 0);
    let pool = &node.context().pool;
    assert_eq!(journal::of_aggregate(pool, id, 1, 10).await.unwrap().len(), 3, "added, armed, rang");

    for statement in [
        "update journal set actor = 'staff:mallory'",
        "update journal_0 set actor = 'staff:mallory'",
        "delete from journal",
        "delete from journal_0",
        "truncate journal",
        "truncate journal_rest",
        "drop table journal",
        "alter table journal disable trigger all",
        "create table mine ()",
        "set role intake_owner",
    ] {
        let error = run(pool, statement).await.unwrap_err();
        let code = error.as_database_error().and_then(|cause| cause.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
    }
    assert_eq!(journal::first_break(&journal::of_aggregate(pool, id, 1, 10).await.unwrap()), None);
}
