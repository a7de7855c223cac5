//! analytics through its door, over real Postgres and NATS; the services it listens to are played, their journals are
//! real.
#![expect(clippy::unwrap_used, reason = "tests")]

mod analyses;
mod complaints;
mod contacts;
mod events;
mod figures;
mod orders;
mod owners;
mod promises;
mod rebuild;
mod recount;
mod verdicts;
