//! Intake: the front door. Purchases and contacts of customers come in here, and here alone is known who the customers
//! are.
//!
//! In reading order: what a purchase and a case are and what may happen to them ([`domain`]); how channels reach us
//! ([`rest`]) and how staff tools and the other services do ([`api`]); what we listen to ([`inbound`]) and what time
//! does ([`deadlines`]); what others learn ([`wire`]); how personal data are kept ([`vault`]); what is read
//! ([`store`]); what all doors share ([`app`]) and how it is configured ([`config`]).
mod api;
mod app;
mod config;
mod deadlines;
mod domain;
mod inbound;
mod rest;
mod store;
mod vault;
mod wire;

use std::sync::Arc;

use backbone::{Aggregates, Context, Parts, Service};
use contracts::intake::v1::intake_server::IntakeServer;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service.
pub static SERVICE: Service = Service {
    name: "intake",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates,
    inbound: inbound::inbound,
    assemble,
};

fn aggregates(aggregates: &mut Aggregates) {
    aggregates.with::<domain::purchase::Purchase>().with::<domain::case::Case>();
}

fn assemble(ctx: &Context) -> anyhow::Result<Parts> {
    let app = Arc::new(app::App::new(ctx)?);
    Ok(Parts::new().grpc(IntakeServer::new(api::Api(Arc::clone(&app)))).http(rest::routes(app)))
}
