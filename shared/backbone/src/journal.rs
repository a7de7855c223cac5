//! The journal: every change as an immutable row, numbered without holes per aggregate and chained by hashes. It is
//! outbox, audit trail and replay source at once.
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{
    aggregate::{Key, Published},
    fault::Fault,
    script::Script,
    unit::Unit,
};

/// The end of an aggregate's chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The last version; 0 before the first.
    pub version: u64,
    /// The hash of the last entry; empty before the first.
    pub hash: Vec<u8>,
}

/// One row of the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Drawn by the database while the aggregate is locked; 0 before that.
    pub seq: u64,
    /// UUIDv7; also the CloudEvents id and the broker's message id.
    pub event_id: Uuid,
    /// 0 to 15, by aggregate.
    pub shard: u8,
    /// Table of the aggregate.
    pub aggregate: String,
    /// The aggregate it happened to.
    pub aggregate_id: Uuid,
    /// 1..n without holes.
    pub version: u64,
    /// Full name of the contract message.
    pub event_type: String,
    /// Where it is published, without the space.
    pub subject: String,
    /// The contract message, encoded.
    pub payload: Vec<u8>,
    /// Who caused it.
    pub actor: String,
    /// The event that caused it, if one did.
    pub cause: Option<Uuid>,
    /// Shared by all that followed from one request.
    pub correlation: Uuid,
    /// W3C traceparent, when tracing was on.
    pub trace: Option<String>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Hash of the entry before it.
    pub previous: Vec<u8>,
    /// SHA-256 over `previous` and this entry.
    pub hash: Vec<u8>,
}

impl Entry {
    pub(crate) fn next(
        link: &Link,
        key: Key,
        published: Published,
        unit: &Unit,
        cause: Option<Uuid>,
        now: Timestamp,
    ) -> (Self, Link) {
        let event_id = Uuid::now_v7();
        let correlation = unit.claim.as_ref().map(|c| c.meta.correlation).or(unit.correlation).unwrap_or(event_id);
        let mut entry = Self {
            seq: 0,
            event_id,
            shard: contracts::shard_of(key.1),
            aggregate: key.0.to_owned(),
            aggregate_id: key.1,
            version: link.version + 1,
            event_type: published.event_type.to_owned(),
            subject: published.subject,
            payload: published.payload,
            actor: unit.actor.as_ref().map_or("system:road", |a| a.as_str()).to_owned(),
            cause,
            correlation,
            trace: unit.trace.clone(),
            occurred_at: published.occurred_at.unwrap_or(now),
            recorded_at: now,
            previous: link.hash.clone(),
            hash: Vec::new(),
        };
        entry.hash = entry.chain();
        let link = Link { version: entry.version, hash: entry.hash.clone() };
        (entry, link)
    }

    /// The hash this entry must have: over the previous hash and everything an auditor would miss if it were changed.
    pub fn chain(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        for part in [
            self.previous.as_slice(),
            self.event_id.as_bytes(),
            self.aggregate_id.as_bytes(),
            &self.version.to_be_bytes(),
            self.event_type.as_bytes(),
            self.subject.as_bytes(),
            &self.payload,
            self.actor.as_bytes(),
            &self.occurred_at.as_microsecond().to_be_bytes(),
            &self.recorded_at.as_microsecond().to_be_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }

    /// An entry as it stands in table `journal`.
    pub fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let instant = |column| row.try_get::<jiff_sqlx::Timestamp, _>(column).map(|t| t.to_jiff());
        Ok(Self {
            seq: row.try_get::<i64, _>("seq")?.unsigned_abs(),
            event_id: row.try_get("event_id")?,
            shard: u8::try_from(row.try_get::<i16, _>("shard")?).unwrap_or_default(),
            aggregate: row.try_get("aggregate")?,
            aggregate_id: row.try_get("aggregate_id")?,
            version: row.try_get::<i64, _>("version")?.unsigned_abs(),
            event_type: row.try_get("type")?,
            subject: row.try_get("subject")?,
            payload: row.try_get("payload")?,
            actor: row.try_get("actor")?,
            cause: row.try_get("cause")?,
            correlation: row.try_get("correlation")?,
            trace: row.try_get("trace")?,
            occurred_at: instant("occurred_at")?,
            recorded_at: instant("recorded_at")?,
            previous: row.try_get("previous")?,
            hash: row.try_get("hash")?,
        })
    }
}

/// Appends the entries in order and puts them on the list of what is to be sent. Must run while all their aggregates
/// are locked: so within an aggregate sequence order = version order = commit order.
pub(crate) fn append(script: &mut Script, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    let column = |f: fn(&Entry) -> &str| entries.iter().map(f).collect::<Vec<_>>();
    let ids = |f: fn(&Entry) -> Uuid| entries.iter().map(f).collect::<Vec<_>>();
    let bytes = |f: fn(&Entry) -> &[u8]| entries.iter().map(f).collect::<Vec<_>>();
    let times = |f: fn(&Entry) -> Timestamp| entries.iter().map(|e| f(e).to_sqlx()).collect::<Vec<_>>();
    let part = script.part(
        "-- journal.append
         appended as (
           insert into journal (seq, event_id, shard, aggregate, aggregate_id, version, type, subject, payload, actor,
                                cause, correlation, trace, occurred_at, recorded_at, previous, hash)
           select nextval('journal_seq'), event_id, shard, aggregate, aggregate_id, version, type, subject, payload,
                  actor, cause, correlation, trace, occurred_at, recorded_at, previous, hash
           from (select * from unnest($1::uuid[], $2::smallint[], $3::text[], $4::uuid[], $5::bigint[], $6::text[],
                   $7::text[], $8::bytea[], $9::text[], $10::uuid[], $11::uuid[], $12::text[], $13::timestamptz[],
                   $14::timestamptz[], $15::bytea[], $16::bytea[]) with ordinality
                 as r(event_id, shard, aggregate, aggregate_id, version, type, subject, payload, actor, cause,
                      correlation, trace, occurred_at, recorded_at, previous, hash, place)
                 order by place) as entry
           returning shard, seq),
         pended as (insert into outbox_pending (shard, seq) select shard, seq from appended)",
    );
    part.bind(ids(|e| e.event_id))
        .bind(entries.iter().map(|e| i16::from(e.shard)).collect::<Vec<_>>())
        .bind(column(|e| &e.aggregate))
        .bind(ids(|e| e.aggregate_id))
        .bind(entries.iter().map(|e| e.version.cast_signed()).collect::<Vec<_>>())
        .bind(column(|e| &e.event_type))
        .bind(column(|e| &e.subject))
        .bind(bytes(|e| &e.payload))
        .bind(column(|e| &e.actor))
        .bind(entries.iter().map(|e| e.cause).collect::<Vec<_>>())
        .bind(ids(|e| e.correlation))
        .bind(entries.iter().map(|e| e.trace.as_deref()).collect::<Vec<_>>())
        .bind(times(|e| e.occurred_at))
        .bind(times(|e| e.recorded_at))
        .bind(bytes(|e| &e.previous))
        .bind(bytes(|e| &e.hash));
}

/// The events of one aggregate from a version on, in order.
pub async fn of_aggregate(pool: &PgPool, id: Uuid, from_version: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
    let rows = sqlx::query(
        "-- journal.of_aggregate
         select * from journal where aggregate_id = $1 and version >= $2 order by version limit $3",
    )
    .bind(id)
    .bind(from_version.cast_signed())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
}

/// All events after a sequence, oldest first; or the newest first. A sequence number may still be missing from what
/// is read while its transaction commits: whoever must not miss one reads by aggregate, or takes in what comes later.
pub async fn after(pool: &PgPool, after_seq: u64, newest_first: bool, limit: u32) -> Result<Vec<Entry>, Fault> {
    let statement = if newest_first {
        "-- journal.newest
         select * from journal where seq > $1 order by seq desc limit $2"
    } else {
        "-- journal.after
         select * from journal where seq > $1 order by seq limit $2"
    };
    let rows = sqlx::query(statement).bind(after_seq.cast_signed()).bind(i64::from(limit)).fetch_all(pool).await?;
    Ok(rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?)
}

/// The first entry of an aggregate's chain that was changed, removed or put in, if any.
pub fn first_break(entries: &[Entry]) -> Option<u64> {
    let mut link = Link::default();
    for entry in entries {
        let sound = entry.version == link.version + 1 && entry.previous == link.hash && entry.hash == entry.chain();
        if !sound {
            return Some(entry.version);
        }
        link = Link { version: entry.version, hash: entry.hash.clone() };
    }
    None
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
