//! Questions to the database; nothing is changed here.
use backbone::Fault;
use jiff::Timestamp;
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::domain::message::Message;

/// A message as stored.
#[derive(Debug, FromRow)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// How many events it has.
    pub version: i64,
    /// What it is now.
    pub state: Json<Message>,
}

/// The messages that may be claimed at `now`, the longest waiting first.
pub async fn due(pool: &PgPool, now: Timestamp, limit: u16) -> Result<Vec<Uuid>, Fault> {
    let ids = sqlx::query_scalar(
        "-- message.due
         select id from message where next_try_at <= $1 order by next_try_at limit $2",
    )
    .bind(now.as_microsecond())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(ids)
}

/// One message.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Option<Stored>, Fault> {
    let found = sqlx::query_as(
        "-- message.get
         select id, version, state from message where id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    Ok(found)
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    /// A status word.
    pub status: Option<String>,
    /// A complaint or follow-up.
    pub about_id: Option<Uuid>,
}

/// Messages, newest first, after the last one of the page before (its `queued_at` in microseconds and its id).
pub async fn list(
    pool: &PgPool,
    filter: &Filter,
    after: Option<(i64, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored>, Fault> {
    let (after_at, after_id) = after.unzip();
    let found = sqlx::query_as(
        "-- message.list
         select id, version, state from message
         where ($1::text is null or status = $1)
           and ($2::uuid is null or about_id = $2)
           and ($3::bigint is null or (queued_at, id) < ($3, $4))
         order by queued_at desc, id desc
         limit $5",
    )
    .bind(filter.status.as_deref())
    .bind(filter.about_id)
    .bind(after_at)
    .bind(after_id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(found)
}

/// How many messages there are in each state.
pub async fn counts(pool: &PgPool) -> Result<Vec<(String, i64)>, Fault> {
    let counts = sqlx::query_as(
        "-- message.counts
         select status, count(*) from message group by status order by status",
    )
    .fetch_all(pool)
    .await?;
    Ok(counts)
}
