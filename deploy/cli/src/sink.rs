//! The message sink of the local stack: takes e-mail over SMTP and short messages over HTTP as real servers would, and
//! delivers them to a file that can be read. Invariant: it says "taken" only when the message is on disk; what it took
//! is never changed, and a message that comes again is kept and marked as repeated.
mod http;
mod smtp;
mod store;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use self::store::Store;
pub use self::store::{Medium, Received};

/// Where the sink listens and what it writes to.
#[derive(Clone, Debug, clap::Args)]
pub struct SinkArgs {
    /// For mail.
    #[arg(long)]
    pub smtp: SocketAddr,
    /// For short messages, and for reading what came: `GET /messages?about=&limit=`.
    #[arg(long)]
    pub http: SocketAddr,
    /// The file, one JSON object a line. It and its folder are made when they are not there.
    #[arg(long)]
    pub store: PathBuf,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When a port is taken, or the file cannot be opened or read.
pub async fn run(args: SinkArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let sink = Sink::open(args).await?;
    tokio::select! {
        ended = sink.serve() => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// A sink whose ports are open.
struct Sink {
    smtp: TcpListener,
    http: TcpListener,
    store: Store,
}

impl Sink {
    async fn open(args: SinkArgs) -> anyhow::Result<Self> {
        let bind = |address: SocketAddr| async move {
            TcpListener::bind(address).await.with_context(|| format!("the sink cannot listen on {address}"))
        };
        let smtp = bind(args.smtp).await?;
        let http = bind(args.http).await?;
        let store =
            Store::open(&args.store).await.with_context(|| format!("the sink cannot open {}", args.store.display()))?;
        Ok(Self { smtp, http, store })
    }

    /// Dropping the future stops it: whatever was not acknowledged will be sent again by its sender.
    async fn serve(self) -> anyhow::Result<()> {
        let (writer, handle) = self.store.split();
        tokio::select! {
            ended = writer.write() => ended.context("the sink cannot write"),
            ended = smtp::serve(self.smtp, handle.clone()) => ended.context("the sink's SMTP server ended"),
            ended = http::serve(self.http, handle) => ended.context("the sink's HTTP server ended"),
        }
    }
}
