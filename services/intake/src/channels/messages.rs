//! The table of inbound messages: every statement about it. A message is claimed for a while, so that whoever dies with
//! it loses nothing; within a conversation only the oldest that waits can be claimed.
use backbone::{Fault, Row};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::vault::CustomerKey;

/// Whoever claims a message has it for this long, more than taking it in may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The longest reason that is kept, in characters.
const REASON_MAX: usize = 500;

/// A message to be stored.
pub struct New<'a> {
    pub id: Uuid,
    pub source: &'a str,
    pub message_id: &'a str,
    pub once: Option<&'a [u8]>,
    pub conversation: &'a [u8],
    pub wrapped: &'a [u8],
    pub body: &'a [u8],
    pub at: Timestamp,
}

/// What came of storing a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    New,
    /// It was there already.
    Repeat,
    /// Somebody else's message came under its id before.
    OfAnother,
    /// Another one came with the same signature before.
    Replay,
}

/// Stores a message, once.
pub async fn receive(pool: &PgPool, new: New<'_>) -> Result<Stored, Fault> {
    let stored = sqlx::query(
        "-- inbound_message.receive
         insert into inbound_message (id, source, message_id, once, conversation, wrapped, body, next_at, received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing",
    )
    .bind(new.id)
    .bind(new.source)
    .bind(new.message_id)
    .bind(new.once)
    .bind(new.conversation)
    .bind(new.wrapped)
    .bind(new.body)
    .bind(new.at.to_sqlx())
    .execute(pool)
    .await?;
    if stored.rows_affected() > 0 {
        return Ok(Stored::New);
    }
    let known = sqlx::query_scalar(
        "-- inbound_message.known_of
         select conversation = $2 from inbound_message where id = $1",
    );
    let known: Option<bool> = known.bind(new.id).bind(new.conversation).fetch_optional(pool).await?;
    Ok(known.map_or(Stored::Replay, |same| if same { Stored::Repeat } else { Stored::OfAnother }))
}

/// A message that was claimed.
#[derive(Debug, FromRow)]
pub struct Claimed {
    pub id: Uuid,
    pub source: String,
    pub wrapped: Vec<u8>,
    pub body: Vec<u8>,
    /// This one included.
    pub tries: i32,
    /// Somebody who looked at it in quarantine had it tried again.
    pub looked_at: bool,
    received_at: jiff_sqlx::Timestamp,
}

impl Claimed {
    /// When it was stored.
    pub fn received_at(&self) -> Timestamp {
        self.received_at.to_jiff()
    }
}

/// Claims what is due of these sources: at most `most`, and of each conversation the oldest only.
pub async fn claim(pool: &PgPool, sources: &[&str], now: Timestamp, most: i64) -> Result<Vec<Claimed>, Fault> {
    let claimed = sqlx::query_as(
        "-- inbound_message.claim
         update inbound_message set tries = tries + 1, next_at = $3
         where id in (
           select id from inbound_message as m
           where state = 'received' and next_at <= $2 and source = any($1) and not exists (
             select from inbound_message as e
             where e.state = 'received' and e.conversation = m.conversation and e.seq < m.seq)
           order by seq limit $4 for update skip locked)
         returning id, source, wrapped, body, tries, retried_by is not null as looked_at, received_at",
    )
    .bind(sources)
    .bind(now.to_sqlx())
    .bind(kernel::calendar::add(now, LEASE).to_sqlx())
    .bind(most)
    .fetch_all(pool)
    .await?;
    Ok(claimed)
}

/// Tries a claimed message again at `next_at`.
pub async fn put_off(pool: &PgPool, id: Uuid, next_at: Timestamp, reason: &str) -> Result<(), Fault> {
    sqlx::query(
        "-- inbound_message.put_off
         update inbound_message set next_at = $2, reason = $3 where id = $1 and state = 'received'",
    )
    .bind(id)
    .bind(next_at.to_sqlx())
    .bind(cut(reason))
    .execute(pool)
    .await?;
    Ok(())
}

/// Keeps a message that cannot be taken in, with the reason, until somebody looks.
pub async fn quarantine(pool: &PgPool, id: Uuid, reason: &str, now: Timestamp) -> Result<(), Fault> {
    sqlx::query(
        "-- inbound_message.quarantine
         update inbound_message set state = 'quarantined', reason = $2, settled_at = $3
         where id = $1 and state = 'received'",
    )
    .bind(id)
    .bind(cut(reason))
    .bind(now.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// Settles a message that still waits as `taken_in` with nothing in it, or as `duplicate`, and wipes what it said.
pub async fn settle(pool: &PgPool, id: Uuid, state: &str, reason: &str, now: Timestamp) -> Result<(), Fault> {
    sqlx::query(
        "-- inbound_message.settle
         update inbound_message set state = $2, reason = $3, settled_at = $4, wrapped = null, body = null
         where id = $1 and state = 'received'",
    )
    .bind(id)
    .bind(state)
    .bind(cut(reason))
    .bind(now.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// Settles a message that still waits as `taken_in` with nothing in it for us; what it said is kept, sealed.
pub async fn note(pool: &PgPool, id: Uuid, reason: &str, now: Timestamp) -> Result<(), Fault> {
    sqlx::query(
        "-- inbound_message.note
         update inbound_message set state = 'taken_in', reason = $2, settled_at = $3
         where id = $1 and state = 'received'",
    )
    .bind(id)
    .bind(cut(reason))
    .bind(now.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// Settles those of the messages that still wait as `duplicate`, and wipes what they said.
pub async fn known(pool: &PgPool, ids: &[Uuid], now: Timestamp) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "-- inbound_message.known
         update inbound_message set state = 'duplicate', reason = 'it was on record already', settled_at = $2,
           wrapped = null, body = null
         where id = any($1) and state = 'received'",
    )
    .bind(ids)
    .bind(now.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// The row that settles a message with the case it became, in the transaction of that case; what it said is sealed anew
/// under the customer's key.
pub fn became_case(id: Uuid, case_id: Uuid, key: &CustomerKey, body: Vec<u8>, now: Timestamp) -> Row {
    const BECAME_CASE: &str = "-- inbound_message.became_case
    inbound_given as materialized (
      select g.* from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bytea[], $6::bytea[],
                             $7::timestamptz[]) as g(id, case_id, customer_id, key_id, wrapped, body, at)),
    inbound_key as (
      insert into customer_key (customer_id, key_id, wrapped) select customer_id, key_id, wrapped from inbound_given
      on conflict do nothing),
    inbound_became_case as (
      update inbound_message as m set state = 'taken_in', reason = null, case_id = g.case_id, wrapped = null,
        body = g.body, settled_at = g.at
      from inbound_given as g where m.id = g.id)";
    let row = Row::new(BECAME_CASE, id).with(case_id).with(key.customer).with(key.id).with(key.wrapped.clone());
    row.with(body).with(now)
}

/// The row that settles a message with the call whose end it told, in the transaction of that call.
pub fn became_call(id: Uuid, now: Timestamp) -> Row {
    const BECAME_CALL: &str = "-- inbound_message.became_call
    inbound_became_call as (
      update inbound_message as m set state = 'taken_in', reason = null, wrapped = null, body = null, settled_at = g.at
      from unnest($1::uuid[], $2::timestamptz[]) as g(id, at) where m.id = g.id)";
    Row::new(BECAME_CALL, id).with(now)
}

/// What a mail is found by, each a keyed hash.
pub struct Marks<'a> {
    /// Its words.
    pub alike: &'a [u8],
    /// Its words, its files, the mail it answers.
    pub whole: &'a [u8],
    /// Its sender, and whoever an answer would go to.
    pub answered: &'a [u8],
    /// Its subject, and the same; none where it has none.
    pub thread: Option<&'a [u8]>,
}

/// What came within the hour before a mail from its sender, to be answered at the same address.
#[derive(Debug, FromRow)]
pub struct Hour {
    /// How many of them were taken in.
    pub taken_in: i64,
    /// The cases they are in.
    pub cases: Vec<Uuid>,
    /// The case of the same words with the same files, to the same mail.
    pub same: Option<Uuid>,
    /// The case of the same words.
    pub alike: Option<Uuid>,
    /// The case of the same subject.
    pub thread: Option<Uuid>,
}

/// Notes what a mail is found by, and looks at what came within the hour before from its sender, to be answered at the same
/// address.
pub async fn of_the_hour(pool: &PgPool, id: Uuid, marks: Marks<'_>) -> Result<Hour, Fault> {
    let hour = sqlx::query_as(
        "-- inbound_message.of_the_hour
         with mine as (
           update inbound_message set alike = $2, whole = $3, answered = $4, thread = $5 where id = $1
           returning answered, seq, received_at)
         select count(*) filter (where e.state = 'taken_in') as taken_in,
           coalesce(array_agg(distinct e.case_id), '{}') as cases,
           (array_agg(e.case_id order by e.seq) filter (where e.whole = $3))[1] as same,
           (array_agg(e.case_id order by e.seq) filter (where e.alike = $2))[1] as alike,
           (array_agg(e.case_id order by e.seq) filter (where e.thread = $5))[1] as thread
         from mine join inbound_message as e on e.answered = mine.answered and e.seq < mine.seq
           and e.received_at > mine.received_at - interval '1 hour' and e.case_id is not null",
    );
    let Marks { alike, whole, answered, thread } = marks;
    Ok(hour.bind(id).bind(alike).bind(whole).bind(answered).bind(thread).fetch_one(pool).await?)
}

/// Notes what a message says under its reference, and whether its writer said so before, or since where a person lets it in late; none
/// where the case of that reference is not among those its writer's messages became.
pub async fn said_before(pool: &PgPool, id: Uuid, alike: &[u8], case_id: Uuid) -> Result<Option<bool>, Fault> {
    let said = sqlx::query_scalar(
        "-- inbound_message.said_before
         with mine as (update inbound_message set alike = $2 where id = $1 returning id, conversation, seq, retried_by)
         select coalesce(bool_or(e.alike = $2), false)
         from mine join inbound_message as e on e.conversation = mine.conversation and e.id <> mine.id
           and (e.seq < mine.seq or mine.retried_by is not null) and e.case_id is not null
         having bool_or(e.case_id = $3)",
    );
    Ok(said.bind(id).bind(alike).bind(case_id).fetch_optional(pool).await?)
}

/// The case that was made of the first of these messages that made one.
pub async fn case_of(pool: &PgPool, ids: &[Uuid]) -> Result<Option<Uuid>, Fault> {
    let found = sqlx::query_scalar(
        "-- inbound_message.case_of
         select case_id from inbound_message where id = any($1) and case_id is not null
         order by array_position($1, id) limit 1",
    );
    Ok(found.bind(ids).fetch_optional(pool).await?)
}

/// The last running case of whoever wrote a message before it, or since where a person lets it in late, if there is one.
pub async fn running_case_of_writer(pool: &PgPool, id: Uuid) -> Result<Option<Uuid>, Fault> {
    let found = sqlx::query_scalar(
        "-- inbound_message.running_case_of_writer
         select e.case_id from inbound_message as m
         join inbound_message as e on e.conversation = m.conversation and e.id <> m.id
           and (e.seq < m.seq or m.retried_by is not null) and e.case_id is not null
         join case_file as c on c.id = e.case_id and c.status in ('routed', 'responded', 'awaiting_info', 'reopened', 'merged')
         where m.id = $1 order by e.seq desc limit 1",
    );
    Ok(found.bind(id).fetch_optional(pool).await?)
}

/// A message that says nothing that is not in a case already.
pub struct Duplicate<'a> {
    pub id: Uuid,
    pub case_id: Uuid,
    pub reason: &'a str,
    pub key: &'a CustomerKey,
    /// What it said, sealed with the key.
    pub body: Vec<u8>,
}

/// Keeps a message beside the case it is a duplicate of, under a key of the customer's.
pub async fn keep_duplicate(pool: &PgPool, duplicate: Duplicate<'_>, now: Timestamp) -> Result<(), Fault> {
    sqlx::query(
        "-- inbound_message.keep_duplicate
         with kept as (
           update inbound_message set state = 'duplicate', case_id = $2, reason = $3, wrapped = null, body = $4,
             settled_at = $5
           where id = $1 and state = 'received' returning id)
         insert into customer_key (customer_id, key_id, wrapped) select $6, $7, $8 from kept on conflict do nothing",
    )
    .bind(duplicate.id)
    .bind(duplicate.case_id)
    .bind(duplicate.reason)
    .bind(duplicate.body)
    .bind(now.to_sqlx())
    .bind(duplicate.key.customer)
    .bind(duplicate.key.id)
    .bind(&duplicate.key.wrapped)
    .execute(pool)
    .await?;
    Ok(())
}

/// A reason as far as it is kept.
pub fn cut(reason: &str) -> String {
    reason.chars().take(REASON_MAX).collect()
}
