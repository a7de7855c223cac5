//! analytics: figures that managers and BI can trust. Every event of every service becomes one fact; figures are counted
//! from facts and from nothing else, each with its n, its interval and the watermark it was worked out at.
//!
//! Reading order: `inbound` (everything comes in) → `wire` (event to fact) → `facts` (the table) → `store` (counts) →
//! `domain` (counts to figures) → `api` (the door). `rebuild` makes the facts again from the journals.
use backbone::{Context, Parts, Service};
use contracts::analytics::v1::reports_server::ReportsServer;

mod api;
pub mod domain;
mod facts;
mod inbound;
mod rebuild;
mod store;
mod wire;

/// The service. It owns no aggregate and publishes nothing.
pub static SERVICE: Service = Service {
    name: "analytics",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates: |_| {},
    inbound: inbound::inbound,
    assemble,
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

fn assemble(context: &Context) -> anyhow::Result<Parts> {
    let api = api::Api { pool: context.pool.clone(), neighbours: context.neighbours.clone() };
    Ok(Parts::new().grpc(ReportsServer::new(api)))
}
