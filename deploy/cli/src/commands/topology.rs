//! `aftercare topology`: brings schemas, streams and consumers to the form the services need, and shows the streams.
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use crate::{
    home::Home,
    output::{Output, Report, table},
    stack::{parts, roles, secrets::Secrets},
};

/// `aftercare topology`. Postgres and NATS must run.
pub async fn run(home: &Home, output: Output) -> anyhow::Result<ExitCode> {
    let secrets = Secrets::open(home)?;
    roles::provision(home, &secrets).await.context("cannot reach Postgres; `aftercare up` starts it")?;
    parts::provision(home, &secrets)?;
    let jetstream = super::tail::jetstream(home, &secrets).await?;
    let mut streams = Vec::new();
    for name in backbone::topology::streams() {
        let stream = jetstream.get_stream(super::tail::stream_name(&name)).await?;
        let state = &stream.cached_info().state;
        let (messages, bytes, consumers) = (state.messages, state.bytes, state.consumer_count);
        streams.push(StreamReport { stream: name, messages, bytes, consumers });
    }
    output.show(&Topology { streams })?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Topology {
    streams: Vec<StreamReport>,
}

#[derive(Serialize)]
struct StreamReport {
    stream: String,
    messages: u64,
    bytes: u64,
    consumers: usize,
}

impl Report for Topology {
    fn text(&self) -> String {
        let rows = self.streams.iter().map(|stream| {
            let bytes = format!("{:.1} MB", stream.bytes as f64 / 1e6);
            vec![stream.stream.clone(), stream.messages.to_string(), bytes, stream.consumers.to_string()]
        });
        table(&["stream", "events", "size", "consumers"], rows)
    }
}
