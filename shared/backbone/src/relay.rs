//! Sends what was committed and not yet stored by the broker. Any replica takes free shards by row lock and sends
//! their events in order as one atomic batch, or singly where that fails; a crash frees the rows, and repeats are
//! dropped by message id and by the gate. No cursor, so nothing can be skipped.
use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicBool, Ordering},
};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream};
use serde::Deserialize;
use sqlx::{PgConnection, Row as _};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{broker::{self, Broker}, fault::Fault, journal::Entry, road::Road};

/// The most events sent in one transaction; the server takes batches of at most 1,000.
const SEND_MAX: i64 = 500;

/// The sending side of one service.
pub struct Relay {
    road: Road,
    broker: Broker,
    service: &'static str,
    incarnations: Mutex<HashMap<String, i64>>,
    /// Send singly instead of in atomic batches (tests of the fallback, servers that refuse batches).
    singles: bool,
}

/// An event the broker has stored, and where.
#[derive(Clone, Copy, Debug)]
struct Stored {
    shard: u8,
    seq: u64,
    event_id: Uuid,
    stream_seq: u64,
}

impl Stored {
    fn at(entry: &Entry, stream_seq: u64) -> Self {
        Self { shard: entry.shard, seq: entry.seq, event_id: entry.event_id, stream_seq }
    }
}

/// The broker's answer to a publish.
#[derive(Debug, Deserialize)]
struct Ack {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    count: u64,
    error: Option<AckError>,
}

#[derive(Debug, Deserialize)]
struct AckError {
    err_code: u64,
    description: String,
}

impl Relay {
    pub(crate) fn new(road: Road, broker: Broker, service: &'static str, singles: bool) -> Self {
        Self { road, broker, service, incarnations: Mutex::new(HashMap::new()), singles }
    }

    /// Sends what waits, at most a batch; says how many events the broker has stored.
    pub async fn send_once(&self) -> Result<usize, Fault> {
        let mut tx = self.road.pool().begin().await?;
        let entries = take(&mut tx).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let mut by_stream: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            by_stream.entry(contracts::stream_of(&entry.subject)).or_default().push(entry);
        }
        let (mut sent, mut failure) = (0, None);
        for (stream, entries) in by_stream {
            let (stored, fault) = self.publish(&stream, &entries).await;
            failure = failure.or(fault);
            if stored.is_empty() {
                continue;
            }
            let incarnation = match self.incarnation(&stream).await {
                Ok(incarnation) => incarnation,
                Err(fault) => {
                    failure = Some(fault);
                    continue;
                }
            };
            settle(&mut tx, &stream, incarnation, &stored).await?;
            sent += stored.len();
        }
        // Losing this commit only repeats a publish, which is dropped by its id: no need to wait for the disk.
        sqlx::query("-- relay.lazily\nset local synchronous_commit = off").execute(&mut *tx).await?;
        tx.commit().await?;
        self.road.meters().relayed.add(sent as u64, &[]);
        match failure {
            Some(fault) if sent == 0 => Err(fault),
            _ => Ok(sent),
        }
    }

    async fn publish(&self, stream: &str, entries: &[Entry]) -> (Vec<Stored>, Option<Fault>) {
        if !self.singles && entries.len() > 1 {
            match self.publish_batch(stream, entries).await {
                Ok(stored) => return (stored, None),
                Err(fault) if fault.retryable() => return (Vec::new(), Some(fault)),
                Err(fault) => {
                    self.road.meters().fallbacks.add(1, &[]);
                    tracing::debug!(stream, fault = fault.chain(), "a batch was refused; its events are sent singly");
                }
            }
        }
        self.publish_singly(stream, entries).await
    }

    /// All or nothing, in order, with one fsync of the broker.
    async fn publish_batch(&self, stream: &str, entries: &[Entry]) -> Result<Vec<Stored>, Fault> {
        let batch = Uuid::now_v7().simple().to_string();
        let last = entries.len();
        let mut committed = None;
        for (index, entry) in entries.iter().enumerate() {
            let mut headers = self.headers(stream, entry);
            headers.insert("Nats-Batch-Id", batch.as_str());
            headers.insert("Nats-Batch-Sequence", (index + 1).to_string().as_str());
            if index + 1 == last {
                headers.insert("Nats-Batch-Commit", "1");
                committed = Some(self.request(entry, headers).await?);
            } else if index == 0 {
                self.request(entry, headers).await?;
            } else {
                self.send(entry, headers).await?;
            }
        }
        let ack = committed.ok_or_else(|| Fault::broken("an empty batch was published"))?;
        if ack.count != last as u64 {
            return Err(Fault::broken(format!("the broker stored {} of {last} events of a batch", ack.count)));
        }
        let first = ack.seq + 1 - ack.count;
        Ok(entries
            .iter()
            .zip(first..)
            .map(|(entry, stream_seq)| Stored::at(entry, stream_seq))
            .collect())
    }

    /// One by one within an aggregate, stopping an aggregate at its first failure.
    async fn publish_singly(&self, stream: &str, entries: &[Entry]) -> (Vec<Stored>, Option<Fault>) {
        let mut aggregates: BTreeMap<Uuid, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            aggregates.entry(entry.aggregate_id).or_default().push(entry);
        }
        let away = AtomicBool::new(false);
        let work: Vec<_> =
            aggregates.into_values().map(|events| self.publish_aggregate(stream, events, &away)).collect();
        let results: Vec<_> = stream::iter(work).buffer_unordered(16).collect().await;
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
    fn publish_aggregate<'a>(
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
                match self.request(entry, self.headers(stream, entry)).await {
                    Ok(ack) => stored.push(Stored::at(entry, ack.seq)),
                    Err(fault) => {
                        away.store(fault.retryable(), Ordering::Relaxed);
                        return (stored, Some(fault));
                    }
                }
            }
            (stored, None)
        })
    }

    fn headers(&self, stream: &str, entry: &Entry) -> HeaderMap {
        let mut headers = broker::headers(entry, self.service);
        headers.insert("Nats-Expected-Stream", self.broker.stream_name(stream).as_str());
        headers
    }

    async fn request(&self, entry: &Entry, headers: HeaderMap) -> Result<Ack, Fault> {
        let subject = self.broker.subject(&entry.subject);
        let payload = Bytes::from(entry.payload.clone());
        let reply =
            self.broker.client.request_with_headers(subject, headers, payload).await.map_err(Fault::unavailable)?;
        if reply.payload.is_empty() {
            return Ok(Ack { seq: 0, count: 0, error: None });
        }
        let ack: Ack = serde_json::from_slice(&reply.payload).map_err(Fault::internal)?;
        match ack.error {
            Some(error) => {
                let words = format!("the broker refused an event: {} ({})", error.description, error.err_code);
                Err(Fault::rejected("broker.refused", words))
            }
            None => Ok(ack),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the relay; the batch's last message asks for the answer")]
    async fn send(&self, entry: &Entry, headers: HeaderMap) -> Result<(), Fault> {
        let payload = Bytes::from(entry.payload.clone());
        let subject = self.broker.subject(&entry.subject);
        self.broker.client.publish_with_headers(subject, headers, payload).await.map_err(Fault::unavailable)
    }

    async fn incarnation(&self, stream: &str) -> Result<i64, Fault> {
        let mut known = self.incarnations.lock().await;
        if let Some(incarnation) = known.get(stream) {
            return Ok(*incarnation);
        }
        let state = self.broker.incarnation(stream).await?;
        let incarnation = state.map(|s| s.incarnation).ok_or_else(|| Fault::broken("the stream vanished"))?;
        known.insert(stream.to_owned(), incarnation);
        Ok(incarnation)
    }

    /// Forgets what it knows of the streams, after one was found to be another.
    pub(crate) async fn forget(&self) {
        self.incarnations.lock().await.clear();
    }
}

/// Locks the shards that have something to send and are free, and reads what waits in them, in order.
async fn take(tx: &mut PgConnection) -> Result<Vec<Entry>, Fault> {
    let shards: Vec<i16> = sqlx::query_scalar(
        "-- relay.take
         select s.id from relay_shard s where exists (select 1 from outbox_pending p where p.shard = s.id)
         order by s.id for update skip locked",
    )
    .fetch_all(&mut *tx)
    .await?;
    if shards.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "-- relay.pending
         select j.* from outbox_pending p join journal j on j.seq = p.seq
         where p.shard = any($1) order by p.seq limit $2",
    )
    .bind(shards)
    .bind(SEND_MAX)
    .fetch_all(tx)
    .await?;
    Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
}

/// Takes the stored events off the list and notes where they landed.
async fn settle(
    tx: &mut PgConnection,
    stream: &str,
    incarnation: i64,
    stored: &[Stored],
) -> Result<(), sqlx::Error> {
    let seqs: Vec<i64> = stored.iter().map(|s| s.seq.cast_signed()).collect();
    let Some(last) = stored.iter().max_by_key(|s| s.stream_seq) else { return Ok(()) };
    sqlx::query(
        "-- relay.settle
         with sent as (delete from outbox_pending p using unnest($1::bigint[], $6::smallint[]) as r(seq, shard)
                       where p.shard = r.shard and p.seq = r.seq)
         insert into relay_batch (stream, incarnation, last_stream_seq, event_seqs, last_event_id, published_at)
         values ($2, $3, $4, $1, $5, now()) on conflict do nothing",
    )
    .bind(&seqs)
    .bind(stream)
    .bind(incarnation)
    .bind(last.stream_seq.cast_signed())
    .bind(last.event_id)
    .bind(stored.iter().map(|s| i16::from(s.shard)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// How many events wait, and for how many milliseconds the oldest.
pub(crate) async fn backlog(road: &Road) -> Result<(u64, u64), Fault> {
    let row = sqlx::query(
        "-- relay.backlog
         select count(*) as waiting, min(j.recorded_at) as oldest
         from outbox_pending p join journal j on j.seq = p.seq",
    )
    .fetch_one(road.pool())
    .await?;
    let waiting = row.try_get::<i64, _>("waiting")?.unsigned_abs();
    let oldest = row.try_get::<Option<jiff_sqlx::Timestamp>, _>("oldest")?.map(|t| t.to_jiff());
    let age = oldest.map_or(0, |at| road.clock().now().duration_since(at).as_millis().max(0));
    Ok((waiting, u64::try_from(age).unwrap_or_default()))
}
