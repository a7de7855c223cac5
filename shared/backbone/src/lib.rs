//! What a process needs to be a service. It knows no business noun.
//!
//! In reading order: a request, read by [`checks`], or an event becomes a [`Unit`] of [`Change`]s ([`unit`],
//! [`aggregate`]); the [`road`] collects units and runs them in one [`transaction`]; [`batch`] decides them in memory;
//! [`script`] writes everything, side [`row`]s too; the [`journal`] keeps what happened; the [`relay`] sends it by the
//! [`publisher`] and the [`auditor`] checks that it stays sent. On the other side the [`consumer`] takes events, the
//! [`gate`] lets each pass once, and [`inbound`] says what they mean; what cannot be applied is [`parked`].
//! [`deadline`]s fire when time comes, which only the [`clock`] knows. Who reads no NATS is sent events as [`webhook`]s;
//! [`outside`] is how servers that are not ours are reached.
//! [`node`] wires one service together and [`boot`] runs it as a process.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod aggregate;
mod auditor;
mod batch;
pub mod boot;
mod breaker;
pub mod broker;
mod checks;
pub mod clock;
pub mod config;
mod consumer;
mod deadline;
mod document;
pub mod fault;
pub mod gate;
mod grpc;
mod health;
pub mod inbound;
pub mod journal;
pub mod neighbours;
pub mod node;
mod operations;
pub mod outside;
pub mod page;
pub mod parked;
mod parts;
pub mod proto;
mod publisher;
mod relay;
pub mod retry;
pub mod road;
pub mod row;
mod script;
pub mod signature;
mod telemetry;
pub mod topology;
mod transaction;
pub mod unit;
pub mod webhook;

#[cfg(test)]
mod fixture_tests;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use sqlx::PgPool;
use tonic::transport::Channel;

/// The allocator of the C library took 15 % of the CPU time of a busy service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use aggregate::{Aggregate, Aggregates, Change, Published};
pub use boot::main;
pub use breaker::Breaker;
pub use checks::Checks;
pub use clock::Clock;
pub use config::Settings;
pub use document::Document;
pub use fault::{Fault, Violation};
pub use gate::Meta;
pub use inbound::{Effects, Inbound};
pub use outside::Outside;
pub use parts::Parts;
pub use road::Road;
pub use row::Row;
pub use unit::{Actor, Answer, IdempotencyKey, Unit};

/// A service: what it owns, what it listens to, what it is made of.
pub struct Service {
    /// Its name: of the process, the default schema and the durable consumers.
    pub name: &'static str,
    /// The commented `default.toml`; may hold a `[service]` section.
    pub defaults: &'static str,
    /// Its tables; a service without any owns nothing and takes part in no messaging.
    pub migrations: Option<&'static sqlx::migrate::Migrator>,
    /// Its aggregates.
    pub aggregates: fn(&mut Aggregates),
    /// What it listens to.
    pub inbound: fn(&Context, &mut Inbound) -> anyhow::Result<()>,
    /// Its doors and background parts.
    pub assemble: fn(&Context) -> anyhow::Result<Parts>,
}

impl Service {
    /// The schema it lives in.
    pub fn schema<'a>(&'a self, settings: &'a Settings) -> &'a str {
        settings.database.schema.as_deref().unwrap_or(self.name)
    }
}

/// What a service gets from its process.
#[derive(Clone)]
pub struct Context {
    /// Its database, for reading; changes go by the road.
    pub pool: PgPool,
    /// The one way to change anything.
    pub road: Road,
    /// The time.
    pub clock: Clock,
    /// Its configuration.
    pub settings: Arc<Settings>,
    /// The other services.
    pub neighbours: neighbours::Neighbours,
    /// Servers that are not ours.
    pub outside: Outside,
}

impl Context {
    /// The service's own configuration section.
    pub fn config<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        self.settings.service()
    }

    /// A connection to another service.
    pub fn neighbour(&self, name: &str) -> Result<Channel, Fault> {
        self.neighbours.channel(name)
    }

    /// A context that is good for reading configuration only; nothing is connected.
    pub(crate) fn unconnected(service: &Service, settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        use secrecy::ExposeSecret;
        let pool = PgPool::connect_lazy(settings.database.url.expose_secret())?;
        let tasks = tokio_util::task::TaskTracker::new();
        let meters = Arc::new(telemetry::Meters::new());
        let road = Road::open(pool.clone(), clock.clone(), 1, 1, &tasks, meters);
        tracing::debug!(service = service.name, "reading configuration");
        let (neighbours, outside) =
            (neighbours::Neighbours::default(), Outside::new(settings.outside.ca_file.as_deref())?);
        Ok(Self { pool, road, clock, settings: Arc::new(settings), neighbours, outside })
    }
}
