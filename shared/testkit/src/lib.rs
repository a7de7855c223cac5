//! Real parts for tests: a private Postgres and nats-server for each test process, gone when it ends however it ends;
//! a database and a broker space for each test; services in this process with a clock moved by hand. Tests step the
//! system (`settle`), they never wait.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on must stop"
)]

mod authority;
mod broker;
pub mod docs;
mod mail_server;
mod receiver;
mod servers;
mod stack;

use std::{sync::LazyLock, time::Duration};

use backbone::Outside;

pub use authority::{Authority, Edge};
pub use broker::Broker;
pub use mail_server::MailServer;
pub use receiver::{Receiver, Taken};
pub use servers::{Servers, free_port};
pub use stack::{JournalRow, Stack, entry, request, wrong_fields};

/// A client for what listens on this machine.
pub fn http() -> reqwest::Client {
    static OUTSIDE: LazyLock<Outside> = LazyLock::new(|| Outside::new(None).expect("no file is read"));
    OUTSIDE.client(Duration::from_secs(120)).expect("a client")
}
