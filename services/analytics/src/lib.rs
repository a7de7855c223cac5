//! analytics: figures that managers and BI can trust. Every event of every service becomes one fact; figures are counted
//! from facts and from nothing else, each with its n, its interval and the watermark it was worked out at.
//!
//! Reading order: `inbound` (everything comes in) → `wire` (event to fact) → `facts` (the table) → `store` (counts) →
//! `domain` (counts to figures, and to an analysis) → `figures` (which counts a metric is made of) → `analyst`
//! (complaints looked at regularly) → `api` (the door). `rebuild` makes the facts again from the journals.
use std::sync::Arc;

use backbone::{Context, Parts, Service};
use contracts::analytics::v1::{analyses_server::AnalysesServer, reports_server::ReportsServer};

mod analyst;
mod api;
mod config;
pub mod domain;
mod facts;
mod figures;
mod inbound;
mod rebuild;
mod store;
mod wire;

/// The service. Its one aggregate is made once and never changes.
pub static SERVICE: Service = Service {
    name: "analytics",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates: |aggregates| {
        aggregates.with::<domain::analysis::ComplaintAnalysis>();
    },
    inbound: inbound::inbound,
    assemble,
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

fn assemble(context: &Context) -> anyhow::Result<Parts> {
    let config = config::Config::read(context)?;
    let (pool, neighbours) = (context.pool.clone(), context.neighbours.clone());
    let api = api::Api { pool, neighbours, hotline: config.hotline()?, late_after: config.late_after()? };
    let analyst = Arc::new(analyst::Analyst::new(context, config.analysis)?);
    let make = move || {
        let analyst = Arc::clone(&analyst);
        async move { analyst.make_once().await }
    };
    let parts = Parts::new().grpc(ReportsServer::new(api.clone())).grpc(AnalysesServer::new(api));
    Ok(parts.background("analyses", make))
}
