//! The sandbox payment provider as a process: `payments-sandbox [--listen 127.0.0.1:7190] [--ledger FILE]`.
use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use stories::payments::Sandbox;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut listen: SocketAddr = ([127, 0, 0, 1], 7190).into();
    let mut ledger = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--listen" => listen = value.parse().with_context(|| format!("{value} is not an address with a port"))?,
            "--ledger" => ledger = Some(PathBuf::from(value)),
            _ => bail!("unknown argument {name}; usage: payments-sandbox [--listen ADDRESS] [--ledger FILE]"),
        }
    }
    let sandbox = Sandbox::new(ledger.clone()).with_context(|| format!("cannot use the ledger {ledger:?}"))?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    println!("payments-sandbox listens on http://{}", listener.local_addr()?);
    sandbox.serve(listener).await.context("serving failed")
}
