//! complaint: from the record of a complaint to the customer's last word on it, with the departments that must answer
//! and the management that must look.
//!
//! Reading order: `domain` (the rules: `complaint`, `department_task`, `escalation`, `improvement`,
//! `suggestion`) → `wire` (what others learn, and
//! what one aggregate means for another) → `inbound` (what we listen to) → `deadlines` (what time does) → `api` (the
//! door) → `store` (questions) → `webhook` (teams that read over HTTP) → `config` (routing table and terms).
use std::sync::Arc;

use backbone::{Context, Parts, Service, webhook::Webhooks};
use contracts::complaint::v1::{
    complaints_server::ComplaintsServer, improvements_server::ImprovementsServer, suggestions_server::SuggestionsServer,
};

mod api;
mod config;
mod deadlines;
pub mod domain;
mod inbound;
mod store;
mod webhook;
mod wire;

/// The service.
pub static SERVICE: Service = Service {
    name: "complaint",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates: |aggregates| {
        aggregates.with::<domain::Complaint>();
        aggregates.with::<domain::Contacts>();
        aggregates.with::<domain::DepartmentTask>();
        aggregates.with::<domain::Escalation>();
        aggregates.with::<domain::ImprovementAction>();
        aggregates.with::<domain::Matters>();
        aggregates.with::<domain::Suggestion>();
    },
    inbound: inbound::inbound,
    assemble,
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

fn assemble(context: &Context) -> anyhow::Result<Parts> {
    let policy = config::Policy::read(context)?;
    let levels = Arc::clone(&policy.levels);
    let webhooks = Webhooks::new(&policy.webhooks, policy.webhook_retry_for, context)?;
    let api = api::Api {
        pool: context.pool.clone(),
        road: context.road.clone(),
        clock: context.clock.clone(),
        policy: Arc::new(policy),
    };
    let (improvements, suggestions) = (ImprovementsServer::new(api.clone()), SuggestionsServer::new(api.clone()));
    let parts = Parts::new().documents(config::documents(context)?);
    let parts = parts.grpc(ComplaintsServer::new(api)).grpc(improvements).grpc(suggestions);
    let parts = parts.warn_daily(context.clock.clone(), move |now| levels.warnings(now));
    Ok(webhooks.parts(parts))
}
