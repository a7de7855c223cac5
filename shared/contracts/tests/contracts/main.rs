//! What machines check about the contracts. The documents written from them are never stale, what was published once
//! can be read for ever, nothing released is taken back, and no event says who somebody is.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../build/subjects.rs"]
mod build;

mod asyncapi;
mod catalogue;
mod compat;
mod contract;
mod files;
mod frozen;
mod privacy;
mod released;
mod sample;
mod subjects;
