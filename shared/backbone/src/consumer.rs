//! Takes events from one stream in batches, lets them pass the gate together with their effects in one transaction,
//! and acknowledges after the commit. What comes too early is given back with a delay, and asked for at its owner
//! when it stays away.
use std::time::{Duration, Instant};

use async_nats::jetstream::{AckKind, Message as Delivery, consumer::PullConsumer};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    broker::{self, Broker},
    fault::Fault,
    gate::{Meta, Passage},
    inbound::Inbound,
    neighbours::Neighbours,
    road::{BATCH_MAX, Road},
    telemetry, topology,
};

/// After so many deliveries a gap is closed by asking the owner of the event.
const ASK_OWNER_AFTER: i64 = 4;
/// After a portion a consumer rests as long as the portion took it, at most so long: events gather, and what a transaction
/// costs is paid for more of them. One that is behind (its portions are full) does not rest.
const REST_MAX: Duration = Duration::from_millis(50);

/// The receiving side of one service for one stream.
#[derive(Clone)]
pub struct Consumer {
    pub(crate) road: Road,
    pub(crate) broker: Broker,
    pub(crate) inbound: Inbound,
    pub(crate) neighbours: Neighbours,
    pub(crate) service: &'static str,
    pub(crate) stream: String,
}

impl Consumer {
    /// Takes what is there now, at most a batch; says how many messages were taken.
    pub async fn take_once(&self) -> Result<usize, Fault> {
        let consumer = self.durable().await?;
        let mut batch = consumer.fetch().max_messages(BATCH_MAX).messages().await.map_err(Fault::unavailable)?;
        let mut messages = Vec::new();
        while let Some(message) = batch.next().await {
            messages.push(message.map_err(|error| Fault::unavailable(std::io::Error::other(error.to_string())))?);
        }
        let taken = messages.len();
        self.handle(messages).await?;
        Ok(taken)
    }

    /// Takes messages as they come until told to stop or the subscription breaks.
    pub(crate) async fn follow(&self, stop: &CancellationToken) -> Result<(), Fault> {
        let consumer = self.durable().await?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(2 * BATCH_MAX)
            .expires(Duration::from_secs(15))
            .heartbeat(Duration::from_secs(5))
            .messages()
            .await
            .map_err(Fault::unavailable)?;
        let mut portions = messages.ready_chunks(BATCH_MAX);
        let mut connection = self.broker.connection();
        loop {
            let portion = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                renewed = self.broker.reconnected(connection) => {
                    // The server that came back may know nothing of us.
                    self.still_there().await?;
                    connection = Some(renewed);
                    continue;
                }
                portion = portions.next() => portion,
            };
            let Some(portion) = portion else {
                return Err(Fault::unavailable(std::io::Error::other("the subscription ended")));
            };
            let mut broken = None;
            let mut good = Vec::with_capacity(portion.len());
            for message in portion {
                match message {
                    Ok(message) => good.push(message),
                    Err(error) => broken = Some(Fault::unavailable(std::io::Error::other(error.to_string()))),
                }
            }
            let (taken, began) = (good.len(), Instant::now());
            self.handle(good).await?;
            if let Some(fault) = broken {
                return Err(fault);
            }
            if taken < BATCH_MAX {
                // What comes meanwhile is cheaper together. Whoever has little to do rests as little.
                tokio::time::sleep(began.elapsed().min(REST_MAX)).await;
            }
        }
    }

    async fn still_there(&self) -> Result<(), Fault> {
        let stream = self.broker.stream_name(&self.stream);
        let found: Result<PullConsumer, _> =
            self.broker.jetstream.get_consumer_from_stream(self.service, &stream).await;
        found.map(drop).map_err(Fault::unavailable)
    }

    async fn durable(&self) -> Result<PullConsumer, Fault> {
        self.broker.usable()?;
        let stream = self.broker.stream_name(&self.stream);
        match self.broker.jetstream.get_consumer_from_stream(self.service, &stream).await {
            Ok(consumer) => Ok(consumer),
            Err(error) if self.broker.may_provision => {
                topology::ensure_stream(&self.broker, &self.stream).await.map_err(away)?;
                topology::ensure_consumer(&self.broker, self.service, &self.inbound, &self.stream)
                    .await
                    .map_err(|_| Fault::unavailable(error))?;
                let again = self.broker.jetstream.get_consumer_from_stream(self.service, &stream).await;
                again.map_err(Fault::unavailable)
            }
            Err(error) => Err(Fault::unavailable(error)),
        }
    }

    async fn handle(&self, messages: Vec<Delivery>) -> Result<(), Fault> {
        if messages.is_empty() {
            return Ok(());
        }
        let span = tracing::debug_span!("consumer.batch", stream = self.stream, events = messages.len());
        let mut units = Vec::with_capacity(messages.len());
        let mut delivered = Vec::with_capacity(messages.len());
        for message in messages {
            if !self.inbound.hears(&self.stream, self.broker.without_space(&message.subject)) {
                acknowledge(&message, AckKind::Ack).await?;
                continue;
            }
            let info = message.info().map(|i| (i.stream_sequence, i.delivered, i.published.unix_timestamp_nanos()));
            let (stream_seq, deliveries, stored_at) = info.unwrap_or_default();
            let headers = message.headers.clone().unwrap_or_default();
            let (meta, poison) = match broker::meta(&headers, &self.stream, stream_seq) {
                Ok(meta) => (meta, None),
                Err(reason) => (unreadable(&self.stream, stream_seq, stored_at, &reason), Some(reason)),
            };
            if let Some(trace) = &meta.trace {
                telemetry::link(&span, trace);
            }
            // The unit remembers the trace it is made in.
            let mut unit = span.in_scope(|| self.inbound.unit(meta.clone(), message.payload.to_vec()));
            if let (Some(claim), Some(reason)) = (unit.claim.as_mut(), poison) {
                claim.poison = Some(format!("the message is no event: {reason}"));
            }
            units.push(unit);
            delivered.push((message, meta, deliveries));
        }
        if units.is_empty() {
            return Ok(());
        }
        async {
            let outcomes = self.road.execute(units).await;
            for ((message, meta, deliveries), outcome) in delivered.into_iter().zip(outcomes) {
                self.settle(&message, &meta, deliveries, outcome.result, outcome.passage).await?;
            }
            Ok(())
        }
        .instrument(span)
        .await
    }

    async fn settle(
        &self,
        message: &Delivery,
        meta: &Meta,
        deliveries: i64,
        result: Result<Vec<u8>, Fault>,
        passage: Option<Passage>,
    ) -> Result<(), Fault> {
        let answer = match (result, passage) {
            (Ok(_), Some(Passage::Gap { have })) => {
                self.road.meters().gaps.add(1, &[]);
                if deliveries >= ASK_OWNER_AFTER && self.close_gap(meta, have).await {
                    AckKind::Ack
                } else {
                    AckKind::Nak(Some(backoff(deliveries)))
                }
            }
            (Ok(_), _) => AckKind::Ack,
            (Err(fault), _) => {
                tracing::warn!(stream = self.stream, fault = fault.chain(), "an event is given back");
                AckKind::Nak(Some(backoff(deliveries)))
            }
        };
        acknowledge(message, answer).await
    }

    /// Reads what is missing, and the event itself, from the journal of its owner, a portion at a time.
    async fn close_gap(&self, meta: &Meta, mut have: u64) -> bool {
        while have < meta.version {
            let entries = match self.neighbours.journal_of(meta, have + 1).await {
                Ok(entries) => entries,
                Err(fault) => {
                    tracing::warn!(fault = fault.chain(), "the owner of a missing event cannot be asked");
                    return false;
                }
            };
            let Some((last, _)) = entries.last() else { return false };
            have = last.version;
            let units = entries
                .into_iter()
                .map(|(mut missing, payload)| {
                    missing.stream.clone_from(&self.stream);
                    self.inbound.unit(missing, payload)
                })
                .collect();
            let outcomes = self.road.execute(units).await;
            let stuck = |o: &crate::batch::Outcome| matches!(o.passage, Some(Passage::Gap { .. }) | None);
            if outcomes.iter().any(stuck) {
                return false;
            }
        }
        true
    }

    /// Messages not yet delivered or not yet acknowledged, and the last one delivered.
    pub(crate) async fn lag(&self) -> Result<(u64, u64), Fault> {
        let consumer = self.durable().await?;
        let info = consumer.cached_info();
        Ok((info.num_pending + info.num_ack_pending as u64, info.delivered.stream_sequence))
    }
}

async fn acknowledge(message: &Delivery, answer: AckKind) -> Result<(), Fault> {
    message.ack_with(answer).await.map_err(|error| Fault::unavailable(std::io::Error::other(error.to_string())))
}

fn away(error: anyhow::Error) -> Fault {
    Fault::unavailable(std::io::Error::other(error.to_string()))
}

/// 100 ms, doubled with every delivery, at most 5 s.
fn backoff(deliveries: i64) -> Duration {
    let doublings = u32::try_from(deliveries.clamp(1, 7) - 1).unwrap_or(0);
    Duration::from_millis((100 << doublings).min(5000))
}

/// A message without the headers of an event still gets a place to be parked at: its own. A stream that is made again
/// counts from 1 again, so the time it was stored at belongs to it.
fn unreadable(stream: &str, stream_seq: u64, stored_at: i128, reason: &str) -> Meta {
    tracing::error!(stream, stream_seq, reason, "a message is no event");
    let id = uuid::Uuid::from_u64_pair(u64::try_from(stored_at).unwrap_or_default(), stream_seq);
    Meta {
        event_id: id,
        aggregate_id: id,
        version: 1,
        event_type: "unreadable".into(),
        actor: "system:broker".into(),
        correlation: id,
        occurred_at: jiff::Timestamp::UNIX_EPOCH,
        recorded_at: jiff::Timestamp::UNIX_EPOCH,
        stream: stream.to_owned(),
        stream_seq,
        trace: None,
    }
}

#[cfg(test)]
#[path = "consumer_tests.rs"]
mod tests;
