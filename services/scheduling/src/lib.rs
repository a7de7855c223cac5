//! Scheduling: what we owe a customer after a sale, when it falls due, and what he answered.
//! Reading order: `domain` (what is owed and what becomes of it), `inbound` (what makes us owe it), `deadlines` (what
//! time does), `api` (answers and lists), `wire` (what others learn), `store` (queries), `config`.
mod api;
mod config;
mod deadlines;
pub mod domain;
mod inbound;
mod store;
mod wire;

use backbone::{Context, Inbound, Parts, Service};
use contracts::scheduling::v1::scheduling_server::SchedulingServer;

use crate::{api::Api, config::Config, domain::follow_up::FollowUp};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service, as a process runs it.
pub static SERVICE: Service = Service {
    name: "scheduling",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates: |aggregates| {
        aggregates.with::<FollowUp>();
    },
    inbound: listen,
    assemble,
};

fn listen(context: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let config: Config = context.config()?;
    inbound::inbound(inbound, config.rules);
    Ok(())
}

fn assemble(context: &Context) -> anyhow::Result<Parts> {
    let config: Config = context.config()?;
    let api = Api {
        pool: context.pool.clone(),
        road: context.road.clone(),
        clock: context.clock.clone(),
        problem_score: config.problem_score,
    };
    Ok(Parts::new().grpc(SchedulingServer::new(api)))
}
