//! How events become messages of one stream: as one atomic batch, or one by one where that is refused, and then an
//! aggregate stops at its first failure. Whatever fails or dies on the way, the broker first sees the events of an
//! aggregate in their order; what it did not confirm goes out again, and repeats are dropped by message id.
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use async_nats::{
    HeaderMap,
    client::{PublishErrorKind, RequestErrorKind},
};
use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream};
use opentelemetry::metrics::Counter;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    broker::{self, Broker},
    fault::Fault,
    journal::Entry,
};

/// How many aggregates are sent at the same time when events go singly.
const AGGREGATES_AT_ONCE: usize = 16;

/// Sends events over a wire.
pub(crate) struct Publisher<W> {
    pub wire: W,
    /// So many events or more go as one atomic batch; 0 = none ever does.
    pub batch_from: usize,
    /// Counts refused batches.
    pub fallbacks: Counter<u64>,
}

/// The way to the broker.
pub(crate) trait Wire: Send + Sync {
    /// Sends an event and waits for the broker's word. A retryable fault says nothing of whether it was stored.
    fn request(
        &self,
        stream: &str,
        entry: &Entry,
        place: Option<Place>,
    ) -> impl Future<Output = Result<Ack, Fault>> + Send;

    /// Sends an event in the middle of a batch, whose last message asks for the broker's word.
    fn send(&self, stream: &str, entry: &Entry, place: Place) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Where a message stands in an atomic batch: 1..n, the last one commits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub batch: Uuid,
    pub number: usize,
    pub last: bool,
}

/// The broker's answer to a publish: where the last message was stored, and how many a batch had.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Ack {
    #[serde(default)]
    pub seq: u64,
    #[serde(default)]
    pub count: u64,
    error: Option<AckError>,
}

impl Ack {
    #[cfg(test)]
    pub fn at(seq: u64, count: u64) -> Self {
        Self { seq, count, error: None }
    }
}

#[derive(Debug, Deserialize)]
struct AckError {
    err_code: u64,
    description: String,
}

/// An event the broker has stored, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub shard: u8,
    pub seq: u64,
    pub event_id: Uuid,
    pub stream_seq: u64,
}

impl Stored {
    fn at(entry: &Entry, stream_seq: u64) -> Self {
        Self { shard: entry.shard, seq: entry.seq, event_id: entry.event_id, stream_seq }
    }
}

impl<W: Wire> Publisher<W> {
    /// Sends events of one stream, which are in journal order; says which are stored, and what failed first.
    pub async fn publish(&self, stream: &str, entries: &[Entry]) -> (Vec<Stored>, Option<Fault>) {
        if self.batch_from > 0 && entries.len() >= self.batch_from.max(2) {
            match self.batch(stream, entries).await {
                Ok(stored) => return (stored, None),
                Err(fault) if fault.retryable() => return (Vec::new(), Some(fault)),
                Err(fault) => {
                    self.fallbacks.add(1, &[]);
                    tracing::debug!(stream, fault = fault.chain(), "a batch was refused; its events are sent singly");
                }
            }
        }
        self.singly(stream, entries).await
    }

    /// All or nothing, in order, with one fsync of the broker.
    async fn batch(&self, stream: &str, entries: &[Entry]) -> Result<Vec<Stored>, Fault> {
        let (batch, count) = (Uuid::now_v7(), entries.len());
        let mut committed = Ack::default();
        for (index, entry) in entries.iter().enumerate() {
            let place = Place { batch, number: index + 1, last: index + 1 == count };
            if index == 0 || place.last {
                committed = self.wire.request(stream, entry, Some(place)).await?;
            } else {
                self.wire.send(stream, entry, place).await?;
            }
        }
        if committed.count != count as u64 {
            return Err(Fault::broken(format!("the broker stored {} of {count} events of a batch", committed.count)));
        }
        let first = committed.seq + 1 - committed.count;
        Ok(entries.iter().zip(first..).map(|(entry, stream_seq)| Stored::at(entry, stream_seq)).collect())
    }

    /// One by one within an aggregate, stopping an aggregate at its first failure.
    async fn singly(&self, stream: &str, entries: &[Entry]) -> (Vec<Stored>, Option<Fault>) {
        let mut aggregates: BTreeMap<Uuid, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            aggregates.entry(entry.aggregate_id).or_default().push(entry);
        }
        let away = AtomicBool::new(false);
        let work: Vec<_> = aggregates.into_values().map(|events| self.aggregate(stream, events, &away)).collect();
        let results: Vec<_> = stream::iter(work).buffer_unordered(AGGREGATES_AT_ONCE).collect().await;
        let mut all = Vec::new();
        let mut failure = None;
        for (stored, fault) in results {
            all.extend(stored);
            failure = failure.or(fault);
        }
        all.sort_by_key(|s| s.stream_seq);
        (all, failure)
    }

    /// The events of one aggregate, each after the one before it was stored.
    fn aggregate<'a>(
        &'a self,
        stream: &'a str,
        events: Vec<&'a Entry>,
        away: &'a AtomicBool,
    ) -> BoxFuture<'a, (Vec<Stored>, Option<Fault>)> {
        Box::pin(async move {
            let mut stored = Vec::new();
            for entry in events {
                if away.load(Ordering::Relaxed) {
                    break;
                }
                match self.wire.request(stream, entry, None).await {
                    Ok(ack) => stored.push(Stored::at(entry, ack.seq)),
                    Err(fault) => {
                        away.fetch_or(fault.retryable(), Ordering::Relaxed);
                        return (stored, Some(fault));
                    }
                }
            }
            (stored, None)
        })
    }
}

impl Wire for Broker {
    #[expect(clippy::disallowed_methods, reason = "this is the relay's publisher")]
    async fn request(&self, stream: &str, entry: &Entry, place: Option<Place>) -> Result<Ack, Fault> {
        let (subject, headers, payload) = message(self, stream, entry, place);
        let reply = self.client.request_with_headers(subject, headers, payload).await;
        let reply = reply.map_err(|error| match error.kind() {
            RequestErrorKind::MaxPayloadExceeded => refused(error),
            _ => Fault::unavailable(error),
        })?;
        if reply.payload.is_empty() {
            return Ok(Ack::default());
        }
        let ack: Ack = serde_json::from_slice(&reply.payload).map_err(Fault::internal)?;
        match &ack.error {
            Some(error) => Err(refused(format!("{} ({})", error.description, error.err_code))),
            None => Ok(ack),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the relay's publisher")]
    async fn send(&self, stream: &str, entry: &Entry, place: Place) -> Result<(), Fault> {
        let (subject, headers, payload) = message(self, stream, entry, Some(place));
        self.client.publish_with_headers(subject, headers, payload).await.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => refused(error),
            _ => Fault::unavailable(error),
        })
    }
}

fn refused(reason: impl std::fmt::Display) -> Fault {
    Fault::rejected("broker.refused", format!("the broker refused an event: {reason}"))
}

fn message(broker: &Broker, stream: &str, entry: &Entry, place: Option<Place>) -> (String, HeaderMap, Bytes) {
    let mut headers = broker::headers(entry, &broker.source);
    headers.insert("Nats-Expected-Stream", broker.stream_name(stream).as_str());
    if let Some(place) = place {
        headers.insert("Nats-Batch-Id", place.batch.simple().to_string().as_str());
        headers.insert("Nats-Batch-Sequence", place.number.to_string().as_str());
        if place.last {
            headers.insert("Nats-Batch-Commit", "1");
        }
    }
    (broker.subject(&entry.subject), headers, Bytes::from(entry.payload.clone()))
}

#[cfg(test)]
#[path = "publisher_tests.rs"]
mod tests;
