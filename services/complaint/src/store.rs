//! Questions to the database; nothing is changed here. Lists go from the oldest (tasks: the most urgent) on, and
//! continue after a place, so that rows added meanwhile neither repeat nor hide others.
use backbone::{Aggregate, Fault};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::money::Currency;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, FromRow, PgPool, Postgres, types::Json};
use uuid::Uuid;

use crate::domain::values::Class;

/// The most notes shown of one complaint.
const NOTES_MAX: i64 = 200;

/// Version and state.
type Versioned<A> = (u64, A);
type Stored<A> = (i64, Json<A>);

fn versioned<A: DeserializeOwned>((version, Json(state)): Stored<A>) -> Versioned<A> {
    (version.unsigned_abs(), state)
}

/// Words somebody wrote.
#[derive(Debug, FromRow)]
pub struct Note {
    /// The complaint, task, escalation, improvement action or suggestion.
    pub owner: Uuid,
    pub field: String,
    /// 1 for the first of its owner and field.
    pub number: i64,
    pub body: String,
    pub written_by: String,
    pub written_at: jiff_sqlx::Timestamp,
}

/// How many there are of a kind under a key.
#[derive(Debug, FromRow)]
pub struct Counted {
    pub kind: String,
    pub key: String,
    pub count: i64,
}

/// One complaint, improvement action or suggestion.
pub async fn get<A: Aggregate + Unpin>(pool: &PgPool, id: Uuid) -> Result<Option<Versioned<A>>, Fault> {
    let query = format!("-- aggregate.get\nselect version, state from {} where id = $1", A::TABLE);
    let found: Option<Stored<A>> = sqlx::query_as(AssertSqlSafe(query)).bind(id).fetch_optional(pool).await?;
    Ok(found.map(versioned))
}

const GIVEN: &str = "-- complaint.given
     select worth from complaint
     where worth is not null and judged_class = $1 and judged_severity = $2 and worth_currency = $4 and closed_at >= $3
     order by closed_at desc, id limit $5";

/// What each of the complaints of a class and severity was given that were closed since, in minor units of `currency`,
/// newest first. Withdrawn ones say nothing, nor do those that were given no money's worth.
pub async fn given(
    pool: &PgPool,
    class: Class,
    severity: u32,
    currency: Currency,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<i64>, Fault> {
    let given = sqlx::query_scalar(GIVEN)
        .bind(class.name())
        .bind(i64::from(severity))
        .bind(since.to_sqlx())
        .bind(currency.code())
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(given)
}

/// What was written about a complaint, its tasks and its escalations, newest first.
pub async fn notes(pool: &PgPool, complaint_id: Uuid) -> Result<Vec<Note>, Fault> {
    let notes = sqlx::query_as(
        "-- note.of_complaint
         select owner, field, body, written_by, written_at,
                row_number() over (partition by owner, field order by id) as number
         from private_text
         where owner = any(array(
           select $1
           union all select id from department_task where complaint_id = $1
           union all select id from escalation where complaint_id = $1))
         order by id desc limit $2",
    )
    .bind(complaint_id)
    .bind(NOTES_MAX)
    .fetch_all(pool)
    .await?;
    Ok(notes)
}

/// What was written about one thing, newest first.
pub async fn notes_of(pool: &PgPool, owner: Uuid) -> Result<Vec<Note>, Fault> {
    let notes = sqlx::query_as(
        "-- note.of_owner
         select owner, field, body, written_by, written_at,
                row_number() over (partition by field order by id) as number
         from private_text where owner = $1
         order by id desc limit $2",
    )
    .bind(owner)
    .bind(NOTES_MAX)
    .fetch_all(pool)
    .await?;
    Ok(notes)
}

/// Aggregates of a kind in the order of the column `by`, and of their ids. `asked`: columns and what they must say;
/// nothing is asked where no value is given.
pub async fn list<A: Aggregate + Unpin>(
    pool: &PgPool,
    by: &'static str,
    asked: &[(&'static str, Option<&str>)],
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Versioned<A>>, Fault> {
    let asked: Vec<_> = asked.iter().filter_map(|(column, value)| Some((*column, (*value)?))).collect();
    let columns: Vec<_> = asked.iter().map(|(column, _)| *column).collect();
    let query = listing(A::TABLE, by, after.is_some(), &columns);
    let found = sqlx::query_as::<Postgres, Stored<A>>(AssertSqlSafe(query)).bind(limit);
    let found = after.into_iter().fold(found, |found, (at, id)| found.bind(at.to_sqlx()).bind(id));
    let found = asked.into_iter().fold(found, |found, (_, value)| found.bind(value)).fetch_all(pool).await?;
    Ok(found.into_iter().map(versioned).collect())
}

/// The statement of a list. It asks only what is asked, so that each has an index to read its page by.
fn listing(table: &str, by: &str, after: bool, asked: &[&str]) -> String {
    let after = after.then(|| format!("({by}, id) > ($2, $3)"));
    let first = if after.is_some() { 4 } else { 2 };
    let asks = asked.iter().zip(first..).map(|(column, place)| format!("{column} = ${place}"));
    let all: Vec<String> = after.into_iter().chain(asks).collect();
    let filter = if all.is_empty() { String::new() } else { format!("where {}", all.join(" and ")) };
    format!("-- {table}.list\nselect version, state from {table} {filter} order by {by}, id limit $1")
}

/// Something that was to be answered by a time that has passed.
#[derive(Debug, FromRow)]
pub struct Overdue {
    pub kind: String,
    pub id: Uuid,
    /// None for an improvement action and a suggestion.
    pub complaint_id: Option<Uuid>,
    pub department: String,
    pub due_at: jiff_sqlx::Timestamp,
    /// Its own among all that are due at the same instant.
    pub place: Uuid,
}

/// A complaint can owe several promises at one instant, so each has a place of its own.
const OVERDUE: &str = "-- overdue.list
    select kind, id, complaint_id, department, due_at, place from (
      select 'task' as kind, id, complaint_id, department, answer_by as due_at, id as place from department_task
      where status in ('issued', 'acknowledged', 'returned') and answer_by < $1
      union all
      select 'investigation', id, id, state->'asked'->0->'desk'->>'department', investigate_by, id
      from complaint
      where status <> 'closed' and first_investigation in ('running', 'breached') and investigate_by < $1
      union all
      select kind, id, id, state->'asked'->0->'desk'->>'department', instant(promise.value->'standing'->>'due_at'),
             md5(id::text || kind || started_at)::uuid
      from complaint, jsonb_each(state->'promises') as promises (kind, given),
           jsonb_each(given) as promise (started_at, value)
      where status <> 'closed' and owed_at is not null and owed_at < $1 and kind <> 'first_investigation'
        and promise.value->'standing'->>'state' in ('running', 'breached')
      union all
      select 'result', id, id, state->'asked'->0->'desk'->>'department', tell_by, md5(id::text || 'result')::uuid
      from complaint where tell_by < $1
      union all
      select 'offer_answer', id, id, state->'asked'->0->'desk'->>'department', offer_answer_by,
             md5(id::text || 'offer_answer')::uuid
      from complaint where offer_answer_by < $1
      union all
      select 'customer_word', id, id, state->'asked'->0->'desk'->>'department', read_by,
             md5(id::text || 'customer_word')::uuid
      from complaint where read_by < $1
      union all
      select 'answer', id, complaint_id, department, judge_by, id from department_task where judge_by < $1
      union all
      select 'approval', id, id, state->'asked'->0->'desk'->>'department', approve_by, md5(id::text || 'approval')::uuid
      from complaint where approve_by < $1
      union all
      select 'regulator_report', id, id, state->'asked'->0->'desk'->>'department', report_by,
             md5(id::text || 'regulator_report')::uuid
      from complaint where report_by < $1
      union all
      select 'improvement', id, null, owner, due_by, id from improvement_action
      where status in ('proposed', 'accepted', 'in_work') and due_by < $1
      union all
      select 'evaluation', id, null, state->'evaluation'->>'department', decide_by, id from suggestion
      where status = 'in_evaluation' and decide_by < $1
      union all
      select 'suggestion_notice', id, null, coalesce(state->'evaluation'->>'department', ''), owed_at,
             md5(id::text || 'notice')::uuid
      from suggestion where status not in ('merged', 'informed') and owed_at < $1) as open
    where due_at < $1 and ($2::timestamptz is null or (due_at, place) > ($2, $3))
    order by due_at, place limit $4";

/// Tasks without an answer and answers nobody judged, promises to customers that were broken and are still owed, results
/// of what was done that nobody told, offers nobody answered, words of customers nobody read, approvals nobody gave, what an
/// authority wants, measures that are not released and suggestions nobody decided on or told of, whose time has passed at
/// `now`, oldest due time first (R-CMP-20). A due time itself is in time. Read is what is late, by indexes of what is still
/// owed.
pub async fn overdue(
    pool: &PgPool,
    now: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Overdue>, Fault> {
    let (after_at, after_id) = after.unzip();
    let found = sqlx::query_as(OVERDUE)
        .bind(now.to_sqlx())
        .bind(after_at.map(ToSqlx::to_sqlx))
        .bind(after_id)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(found)
}

/// What ended is counted when it ends; what is open is counted here.
const OVERVIEW: &str = "-- overview
    select 'complaints' as kind, status as key, count(*) as count from complaint where status <> 'closed' group by status
    union all
    select kind || 's', 'closed', sum(count)::bigint from ended group by kind having sum(count) > 0
    union all
    select 'open_tasks', department, count(*) from department_task
    where status in ('issued', 'acknowledged', 'returned') group by department
    union all
    select 'late_tasks', department, count(*) from department_task
    where status in ('issued', 'acknowledged', 'returned') and expired group by department
    union all
    select 'escalations', status, count(*) from escalation where status <> 'closed' group by status
    union all
    select 'failed_webhooks', receiver, count(*) from webhook_delivery
    where failed_at is not null group by receiver
    union all
    select 'late_investigations', '', count(*) from complaint where first_investigation = 'breached'
    order by kind, key";

/// How many complaints and escalations are in which state, how many tasks wait in which department, and what is late;
/// all of the same moment.
pub async fn overview(pool: &PgPool) -> Result<Vec<Counted>, Fault> {
    Ok(sqlx::query_as(OVERVIEW).fetch_all(pool).await?)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
