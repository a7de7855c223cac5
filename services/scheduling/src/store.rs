//! What is asked of the tables. Nothing is changed here; the words of a comment are the one row that is written beside
//! a change.
use backbone::Fault;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::domain::follow_up::FollowUp;

/// Keeps the words of an answer, once.
pub const KEEP_TEXT: &str = "-- private_text.keep
    text_kept as (
      insert into private_text (owner, field, body)
      select owner, field, body from unnest($1::uuid[], $2::text[], $3::text[]) as r(owner, field, body)
      on conflict do nothing)";

/// The field of `private_text` a comment is kept in.
pub const COMMENT: &str = "comment";

/// A follow-up as stored.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: Uuid,
    pub version: u64,
    pub follow_up: FollowUp,
}

#[derive(FromRow)]
struct StoredRow {
    id: Uuid,
    version: i64,
    state: String,
}

impl TryFrom<StoredRow> for Stored {
    type Error = Fault;

    fn try_from(StoredRow { id, version, state }: StoredRow) -> Result<Self, Fault> {
        let follow_up = serde_json::from_str(&state)
            .map_err(|error| Fault::broken(format!("follow_up.state of row {id} cannot be read: {error}")))?;
        Ok(Stored { id, version: version.unsigned_abs(), follow_up })
    }
}

/// One follow-up.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Option<Stored>, Fault> {
    let row: Option<StoredRow> =
        sqlx::query_as("-- follow_up.get\nselect id, version, state::text from follow_up where id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?;
    row.map(Stored::try_from).transpose()
}

/// What the customer said in words, empty when nothing.
pub async fn comment(pool: &PgPool, id: Uuid) -> Result<String, Fault> {
    let body: Option<String> =
        sqlx::query_scalar("-- private_text.get\nselect body from private_text where owner = $1 and field = $2")
            .bind(id)
            .bind(COMMENT)
            .fetch_optional(pool)
            .await?;
    Ok(body.unwrap_or_default())
}

/// The follow-up an answer about a purchase counts for: the oldest open one whose window has begun; else one that was
/// missed but is answered within its window, told late; else one answered already whose window has not ended, for then
/// this is a repeat; else one that was missed; else one answered already; and only where nothing has been asked yet, the
/// next planned one.
pub async fn for_answer(pool: &PgPool, purchase_id: Uuid, answered_at: Timestamp) -> Result<Option<Uuid>, Fault> {
    let id = sqlx::query_scalar(
        "-- follow_up.for_answer
         select id from follow_up where purchase_id = $1
         order by
           case
             when status = 'due' or (status = 'planned' and window_start <= $2) then 0
             when status = 'missed' and $2 between window_start and window_end then 1
             when status = 'completed' and $2 <= window_end then 2
             when status = 'missed' then 3
             when status = 'completed' then 4
             else 5
           end,
           window_start, id
         limit 1",
    )
    .bind(purchase_id)
    .bind(answered_at.to_sqlx())
    .fetch_optional(pool)
    .await?;
    Ok(id)
}

/// Where a page of a list goes on: after this window end and id.
pub type After = Option<(Timestamp, Uuid)>;

const IN_STATUS: &str = "-- follow_up.in_status
    select id, version, state::text from follow_up
    where status = $1 and (window_end, id) > (coalesce($2, '-infinity'::timestamptz), $3)
    order by window_end, id limit $4";

const FLAGGED: &str = "-- follow_up.flagged
    select id, version, state::text from follow_up
    where status = $1 and flagged and (window_end, id) > (coalesce($2, '-infinity'::timestamptz), $3)
    order by window_end, id limit $4";

/// Follow-ups in one state, of those with flagged base data where they are asked for, nearest window end first.
pub async fn in_status(
    pool: &PgPool,
    status: &str,
    flagged: bool,
    after: After,
    limit: i64,
) -> Result<Vec<Stored>, Fault> {
    let rows: Vec<StoredRow> = sqlx::query_as(if flagged { FLAGGED } else { IN_STATUS })
        .bind(status)
        .bind(after.map(|(window_end, _)| window_end.to_sqlx()))
        .bind(after.map_or(Uuid::nil(), |(_, id)| id))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Follow-ups of one purchase, of one state where it is given, flagged ones where they are asked for, nearest window
/// end first.
pub async fn of_purchase(
    pool: &PgPool,
    purchase_id: Uuid,
    status: Option<&str>,
    flagged: bool,
    after: After,
    limit: i64,
) -> Result<Vec<Stored>, Fault> {
    let rows: Vec<StoredRow> = sqlx::query_as(
        "-- follow_up.of_purchase
         select id, version, state::text from follow_up
         where purchase_id = $1 and ($2::text is null or status = $2)
           and (window_end, id) > (coalesce($3, '-infinity'::timestamptz), $4) and (flagged or not $6)
         order by window_end, id limit $5",
    )
    .bind(purchase_id)
    .bind(status)
    .bind(after.map(|(window_end, _)| window_end.to_sqlx()))
    .bind(after.map_or(Uuid::nil(), |(_, id)| id))
    .bind(limit)
    .bind(flagged)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// How many follow-ups are in a state, and how many of them are past their window.
#[derive(Debug, FromRow)]
pub struct Tally {
    pub status: String,
    pub count: i64,
    pub late: i64,
}

/// All states that occur.
pub async fn overview(pool: &PgPool, now: Timestamp) -> Result<Vec<Tally>, Fault> {
    Ok(sqlx::query_as(
        "-- follow_up.overview
         select status, count(*) as count, count(*) filter (where status = 'due' and window_end < $1) as late
         from follow_up group by status order by status",
    )
    .bind(now.to_sqlx())
    .fetch_all(pool)
    .await?)
}
