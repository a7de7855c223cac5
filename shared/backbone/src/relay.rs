//! Sends what was committed and not yet stored by the broker. Any replica takes all free shards by row lock, so one
//! batch of the publisher and one commit serve many; a crash frees the rows, and repeats are dropped by message id and
//! by the gate. No cursor, so nothing can be skipped.
use std::collections::{BTreeMap, HashMap};

use sqlx::{PgConnection, Row as _};
use tokio::sync::Mutex;

use crate::{
    auditor,
    broker::Broker,
    fault::Fault,
    journal::Entry,
    publisher::{Publisher, Stored},
    road::Road,
};

/// The most events sent in one transaction; the server takes batches of at most 1,000.
pub(crate) const SEND_MAX: usize = 500;

/// The sending side of one service.
pub struct Relay {
    road: Road,
    publisher: Publisher<Broker>,
    incarnations: Mutex<HashMap<String, i64>>,
    /// The connection on which the streams were last found, or made, as they should be.
    audited: Mutex<Option<u64>>,
}

impl Relay {
    pub(crate) fn new(road: Road, broker: Broker, batch_from: usize) -> Self {
        let fallbacks = road.meters().fallbacks.clone();
        let publisher = Publisher { wire: broker, batch_from, fallbacks };
        Self { road, publisher, incarnations: Mutex::default(), audited: Mutex::default() }
    }

    /// Sends what waits, at most a batch; says how many events the broker has stored.
    pub async fn send_once(&self) -> Result<usize, Fault> {
        let connection = self.audit_new_connection().await?;
        // Idle relays look often: without a transaction that is a third of the round trips.
        let look = sqlx::query_scalar::<_, bool>("-- relay.look\nselect exists (select from outbox_pending)");
        if !look.fetch_one(self.road.pool()).await? {
            return Ok(0);
        }
        let mut tx = self.road.pool().begin().await?;
        let entries = take(&mut tx).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        self.publisher.wire.usable()?;
        if self.publisher.wire.connection() != connection {
            return Err(Fault::unavailable(std::io::Error::other("the connection to the broker is a new one")));
        }
        let mut by_stream: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            by_stream.entry(contracts::stream_of(&entry.subject)).or_default().push(entry);
        }
        let (mut sent, mut failure) = (0, None);
        for (stream, entries) in by_stream {
            // Known before anything is sent: what lands in an older stream of that name must not pass for sent.
            let incarnation = match self.incarnation(&stream).await {
                Ok(incarnation) => incarnation,
                Err(fault) => {
                    failure = Some(fault);
                    continue;
                }
            };
            let (stored, fault) = self.publisher.publish(&stream, &entries).await;
            failure = failure.or(fault);
            if !stored.is_empty() {
                settle(&mut tx, &stream, incarnation, &stored).await?;
                sent += stored.len();
            }
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

    /// A broker that comes back may have lost what it held. That goes on the list again before anything newer is sent,
    /// so that no event overtakes an earlier one of its aggregate. Answers the connection; `None` while there is none.
    async fn audit_new_connection(&self) -> Result<Option<u64>, Fault> {
        let connection = self.publisher.wire.connection();
        let mut audited = self.audited.lock().await;
        if connection.is_some() && *audited != connection {
            self.forget().await;
            auditor::audit_once(&self.road, &self.publisher.wire, self, &self.publisher.wire.source).await?;
            *audited = connection;
        }
        Ok(connection)
    }

    async fn incarnation(&self, stream: &str) -> Result<i64, Fault> {
        let mut known = self.incarnations.lock().await;
        if let Some(incarnation) = known.get(stream) {
            return Ok(*incarnation);
        }
        let state = self.publisher.wire.incarnation(stream).await?;
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
         select j.* from (
           select p.seq from unnest($1::smallint[]) as s(shard)
           cross join lateral (select seq from outbox_pending where shard = s.shard order by seq limit $2) as p
           order by p.seq limit $2) as p
         join journal j on j.seq = p.seq order by p.seq",
    )
    .bind(shards)
    .bind(SEND_MAX as i64)
    .fetch_all(tx)
    .await?;
    Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
}

/// Takes the stored events off the list and notes where they landed.
async fn settle(tx: &mut PgConnection, stream: &str, incarnation: i64, stored: &[Stored]) -> Result<(), sqlx::Error> {
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
