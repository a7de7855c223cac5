//! The broker as this process sees it: a connection and the space its subjects and streams live in, so that many
//! systems (or test runs) can share one server.
use std::{sync::atomic::Ordering, time::Duration};

use anyhow::Context as _;
use async_nats::{
    Client, ConnectOptions, HeaderMap,
    connection::State,
    jetstream::{self, Context, context::ContextBuilder},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{config::Nats, fault::Fault, gate::Meta, journal::Entry};

/// The oldest server that keeps what it acknowledged and knows atomic batches with deduplication.
pub const SERVER_MIN: (u64, u64, u64) = (2, 12, 3);

/// How long to wait for a server where nothing can be done without.
pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// A connection to the broker.
#[derive(Clone)]
pub struct Broker {
    pub(crate) client: Client,
    pub(crate) jetstream: Context,
    space: String,
    /// The service that publishes here.
    pub(crate) source: String,
    /// Streams and consumers may be created by this process (local stack and tests; never in production).
    pub(crate) may_provision: bool,
    /// The most a stream may hold.
    pub(crate) stream_bytes_max: i64,
}

impl Broker {
    /// Connects in the background: a server that is away may come up, or come back, later.
    pub async fn connect(config: &Nats, name: &str) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new()
            .name(format!("aftercare-{name}"))
            .custom_inbox_prefix(format!("_INBOX_{name}"))
            .retry_on_initial_connect()
            .ping_interval(Duration::from_secs(5))
            .request_timeout(Some(Duration::from_secs(3)))
            .subscription_capacity(8192)
            .event_callback(|event| async move { tracing::info!(%event, "broker connection") });
        if let Some(seed) = &config.nkey_seed {
            use secrecy::ExposeSecret;
            options = options.nkey(seed.expose_secret().to_owned());
        }
        let client = options.connect(&config.url).await?;
        let jetstream = ContextBuilder::new().timeout(Duration::from_secs(5)).build(client.clone());
        Ok(Self {
            client,
            jetstream,
            space: config.space.clone(),
            source: name.to_owned(),
            may_provision: config.provision,
            stream_bytes_max: config.stream_bytes_max,
        })
    }

    /// Waits for the server, at most so long; refuses one older than [`SERVER_MIN`].
    pub async fn wait(&self, at_most: Duration) -> anyhow::Result<()> {
        let answer = tokio::time::timeout(at_most, self.client.flush()).await;
        answer.with_context(|| format!("no nats-server answered at nats.url within {at_most:?}"))??;
        self.refuse_old_server()
    }

    /// A fault at once, instead of a time-out, while the server is away; also when it is too old.
    pub(crate) fn usable(&self) -> Result<(), Fault> {
        if self.client.connection_state() != State::Connected {
            return Err(Fault::unavailable(std::io::Error::other("the broker is away")));
        }
        self.refuse_old_server().map_err(|error| Fault::broken(error.to_string()))
    }

    /// Which connection this is: a number that grows with every new one. `None`: there is none now.
    pub(crate) fn connection(&self) -> Option<u64> {
        let connected = self.client.connection_state() == State::Connected;
        connected.then(|| self.client.statistics().connects.load(Ordering::Relaxed))
    }

    /// Waits until there is another connection than the one known; says which.
    pub(crate) async fn reconnected(&self, known: Option<u64>) -> u64 {
        loop {
            match self.connection() {
                Some(connection) if Some(connection) != known => return connection,
                _ => tokio::time::sleep(Duration::from_millis(250)).await,
            }
        }
    }

    fn refuse_old_server(&self) -> anyhow::Result<()> {
        let version = self.client.server_info().version;
        let mut parts = version.split(['.', '-']).map(|part| part.parse::<u64>().unwrap_or_default());
        let found =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (major, minor, patch) = SERVER_MIN;
        anyhow::ensure!(
            found >= SERVER_MIN,
            "nats-server {version} is too old: {major}.{minor}.{patch} or newer is needed"
        );
        Ok(())
    }

    /// A stream's name in this space.
    pub fn stream_name(&self, stream: &str) -> String {
        format!("{}_{stream}", self.space.to_uppercase())
    }

    /// What a subject of this space is without it.
    pub(crate) fn without_space<'s>(&self, subject: &'s str) -> &'s str {
        subject.strip_prefix(&self.space).and_then(|rest| rest.strip_prefix('.')).unwrap_or(subject)
    }

    /// A subject in this space.
    pub fn subject(&self, subject: &str) -> String {
        format!("{}.{subject}", self.space)
    }

    /// When the stream that bears this name now was created, in microseconds; `None` when there is none.
    pub(crate) async fn incarnation(&self, stream: &str) -> Result<Option<StreamState>, Fault> {
        use jetstream::{ErrorCode, context::GetStreamErrorKind};
        match self.jetstream.get_stream(self.stream_name(stream)).await {
            Ok(handle) => {
                let info = handle.cached_info();
                let micros = info.created.unix_timestamp_nanos() / 1000;
                Ok(Some(StreamState {
                    incarnation: i64::try_from(micros).unwrap_or_default(),
                    first: info.state.first_sequence,
                    handle,
                }))
            }
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
                _ => Err(Fault::unavailable(error)),
            },
        }
    }
}

/// A stream as the server describes it.
pub(crate) struct StreamState {
    pub incarnation: i64,
    pub first: u64,
    pub handle: jetstream::stream::Stream,
}

/// The headers of an event: CloudEvents in binary mode, and what the gate and the traces need.
pub fn headers(entry: &Entry, source: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let id = entry.event_id.to_string();
    headers.insert("Nats-Msg-Id", id.as_str());
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", id.as_str());
    headers.insert("ce-type", entry.event_type.as_str());
    headers.insert("ce-source", format!("/aftercare/{source}").as_str());
    headers.insert("ce-subject", entry.aggregate_id.to_string().as_str());
    headers.insert("ce-time", entry.occurred_at.to_string().as_str());
    headers.insert("ce-dataschema", format!("urn:protobuf:{}", entry.event_type).as_str());
    headers.insert("aftercare-version", entry.version.to_string().as_str());
    headers.insert("aftercare-recorded", entry.recorded_at.to_string().as_str());
    headers.insert("aftercare-actor", entry.actor.as_str());
    headers.insert("aftercare-correlation", entry.correlation.to_string().as_str());
    if let Some(cause) = entry.cause {
        headers.insert("aftercare-cause", cause.to_string().as_str());
    }
    if let Some(trace) = &entry.trace {
        headers.insert("traceparent", trace.as_str());
    }
    headers
}

/// Reads the headers back; an error names what is missing.
pub(crate) fn meta(headers: &HeaderMap, stream: &str, stream_seq: u64) -> Result<Meta, String> {
    let text = |name: &str| headers.get(name).map(|v| v.as_str()).ok_or_else(|| format!("header {name} is missing"));
    let id = |name: &str| text(name)?.parse::<Uuid>().map_err(|error| format!("header {name}: {error}"));
    let instant = |name: &str| text(name)?.parse::<Timestamp>().map_err(|error| format!("header {name}: {error}"));
    Ok(Meta {
        event_id: id("ce-id")?,
        aggregate_id: id("ce-subject")?,
        version: text("aftercare-version")?.parse().map_err(|error| format!("header aftercare-version: {error}"))?,
        event_type: text("ce-type")?.to_owned(),
        actor: text("aftercare-actor")?.to_owned(),
        correlation: id("aftercare-correlation")?,
        occurred_at: instant("ce-time")?,
        recorded_at: instant("aftercare-recorded")?,
        stream: stream.to_owned(),
        stream_seq,
        trace: headers.get("traceparent").map(|v| v.as_str().to_owned()),
    })
}

#[cfg(test)]
#[path = "broker_tests.rs"]
mod tests;
