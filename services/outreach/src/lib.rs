//! Outreach: every message to a customer, and what became of it.
//!
//! In reading order: [`domain`] (the rules) · [`inbound`] (which event means which message) · [`template`] (the words) ·
//! [`sending`] (taking due messages to a server) · [`wire`] (what others learn) · [`api`] and [`store`] (questions, and
//! the gateway's word that a message arrived) · [`config`]. Time needs no module of its own here: [`sending`] asks for
//! what is due.
pub mod api;
pub mod config;
pub mod domain;
pub mod inbound;
pub mod sending;
pub mod store;
pub mod template;
pub mod wire;

use std::sync::Arc;

use backbone::{Context, Parts, Service};
use contracts::outreach::v1::outreach_server::OutreachServer;

use crate::{api::Api, config::Settings, domain::message::Message, sending::Sending};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service.
pub static SERVICE: Service = Service {
    name: "outreach",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates: |a| {
        a.with::<Message>();
    },
    inbound: |ctx, i| {
        inbound::inbound(i, ctx.config::<Settings>()?.answering());
        Ok(())
    },
    assemble,
};

fn assemble(ctx: &Context) -> anyhow::Result<Parts> {
    let settings: Settings = ctx.config()?;
    let intake = ctx.neighbour("intake").map_err(|fault| anyhow::anyhow!(fault.chain()))?;
    let sending = Arc::new(Sending::new(ctx, intake, settings)?);
    Ok(Parts::new().grpc(OutreachServer::new(Api { road: ctx.road.clone(), pool: ctx.pool.clone() })).background(
        "send",
        move || {
            let sending = Arc::clone(&sending);
            async move { sending.send_once().await }
        },
    ))
}
