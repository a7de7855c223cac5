//! Quarantine: what could not be taken in, until somebody looks. Whoever reads it is written down with the look.
use backbone::{Fault, page::Page};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::messages::cut;
use crate::store::Look;

/// A message in quarantine.
#[derive(Debug, FromRow)]
pub struct Quarantined {
    pub id: Uuid,
    pub source: String,
    pub message_id: String,
    pub tries: i32,
    pub reason: Option<String>,
    received_at: jiff_sqlx::Timestamp,
}

impl Quarantined {
    /// When it was stored.
    pub fn received_at(&self) -> Timestamp {
        self.received_at.to_jiff()
    }
}

/// What is in quarantine, the oldest first, and the token of the next part.
pub async fn quarantined(
    pool: &PgPool,
    page: &Page,
    after: Option<(Timestamp, Uuid)>,
) -> Result<(Vec<Quarantined>, String), Fault> {
    let rows: Vec<Quarantined> = sqlx::query_as(
        "-- inbound_message.quarantined
         select id, source, message_id, tries, reason, received_at from inbound_message
         where state = 'quarantined' and ($1::timestamptz is null or (received_at, id) > ($1, $2))
         order by received_at, id limit $3",
    )
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id))
    .bind(page.limit())
    .fetch_all(pool)
    .await?;
    let next = page.next(&rows, |row| (row.received_at().to_string(), row.id));
    Ok((rows, next))
}

/// Takes a message out of quarantine to be tried from the beginning. Errors: there is none in it of this id.
pub async fn retry(pool: &PgPool, id: Uuid, by: &str, now: Timestamp) -> Result<(), Fault> {
    let retried = sqlx::query(
        "-- inbound_message.retry
         update inbound_message set state = 'received', tries = 0, next_at = $2, settled_at = null, retried_by = $3
         where id = $1 and state = 'quarantined'",
    );
    found(id, retried.bind(id).bind(now.to_sqlx()).bind(by).execute(pool).await?.rows_affected())
}

/// Gives a message in quarantine up and wipes what it said. Errors: there is none in it of this id.
pub async fn discard(pool: &PgPool, id: Uuid, reason: &str, by: &str, now: Timestamp) -> Result<(), Fault> {
    let discarded = sqlx::query(
        "-- inbound_message.discard
         update inbound_message
         set state = 'discarded', reason = $2, settled_by = $3, settled_at = $4, wrapped = null, body = null
         where id = $1 and state = 'quarantined'",
    );
    let discarded = discarded.bind(id).bind(cut(reason)).bind(by).bind(now.to_sqlx());
    found(id, discarded.execute(pool).await?.rows_affected())
}

/// A message as it lies in quarantine, sealed.
#[derive(Debug, FromRow)]
pub struct Sealed {
    pub source: String,
    pub wrapped: Vec<u8>,
    pub body: Vec<u8>,
}

/// Writes the look down and gives the sealed message, in one statement. Errors: there is none in it of this id.
pub async fn look(pool: &PgPool, id: Uuid, look: Look<'_>) -> Result<Sealed, Fault> {
    let sealed = sqlx::query_as(
        "-- inbound_message.look
         with found as (
           select id, source, wrapped, body from inbound_message where id = $1 and state = 'quarantined'),
         logged as (
           insert into access_log (subject, actor, purpose, at) select 'inbound ' || id, $2, $3, $4 from found)
         select source, wrapped, body from found",
    )
    .bind(id)
    .bind(look.actor.as_str())
    .bind(look.purpose)
    .bind(look.at.to_sqlx())
    .fetch_optional(pool)
    .await?;
    sealed.ok_or_else(|| Fault::not_found("quarantined_message", id))
}

fn found(id: Uuid, rows: u64) -> Result<(), Fault> {
    if rows > 0 { Ok(()) } else { Err(Fault::not_found("quarantined_message", id)) }
}
