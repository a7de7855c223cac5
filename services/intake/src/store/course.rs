//! Reading what belongs together: cases by id, what happened to them, and cases that may be the same. Two are candidates
//! where a person (by whatever pseudonym, or one with the same phone or e-mail) turned to us twice within a time, and
//! neither names a purchase or product that the other one does not mean.
use backbone::{Fault, page::Page};
use jiff::{SignedDuration, Timestamp};
use sqlx::{FromRow, PgExecutor, PgPool};
use uuid::Uuid;

use super::{CaseRow, Found};

/// The most steps of all cases of a history together.
const STEPS_MAX: i64 = 2_000;

/// These cases, the oldest first; one that is not known is left out.
pub async fn cases(on: impl PgExecutor<'_>, ids: &[Uuid]) -> Result<Vec<Found>, Fault> {
    let rows: Vec<CaseRow> = sqlx::query_as(
        "-- case_file.these
         select id, version, state::text as state from case_file where id = any($1) order by recorded_at, id",
    )
    .bind(ids)
    .fetch_all(on)
    .await?;
    rows.into_iter().map(CaseRow::read).collect()
}

/// Something that happened to a case.
#[derive(Debug, FromRow)]
pub struct Step {
    pub aggregate_id: Uuid,
    subject: String,
    pub actor: String,
    occurred_at: jiff_sqlx::Timestamp,
}

impl Step {
    /// What it was, as aggregate and fact: the end of its subject.
    pub fn what(&self) -> String {
        let tokens: Vec<&str> = self.subject.rsplit('.').take(2).collect();
        tokens.into_iter().rev().collect::<Vec<_>>().join(".")
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.occurred_at.to_jiff()
    }
}

/// What happened to these cases, each in its order.
pub async fn steps(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<Step>, Fault> {
    let steps = sqlx::query_as(
        "-- journal.steps
         select aggregate_id, subject, actor, occurred_at from journal where aggregate_id = any($1)
         order by aggregate_id, version limit $2",
    );
    Ok(steps.bind(ids).bind(STEPS_MAX).fetch_all(pool).await?)
}

/// The running cases that may be the same as this one: of one customer, as far as is known, or in the same words.
pub async fn duplicate_candidates(pool: &PgPool, id: Uuid, within: SignedDuration) -> Result<Vec<Uuid>, Fault> {
    let found = sqlx::query_scalar(
        "-- case_file.duplicate_candidates
         with mine as (select id, customer_id, recorded_at, state->'facts' as facts from case_file where id = $1),
         person as (select p.id from mine cross join lateral one_person(mine.customer_id) as p(id)),
         same as (
           select id from person
           union select o.id from person join customer as me on me.id = person.id
             join customer as o on o.phone_index = me.phone_index
           union select o.id from person join customer as me on me.id = person.id
             join customer as o on o.email_index = me.email_index),
         near as (
           select o.id from same join case_file as o on o.customer_id = same.id
           union select c.id from mine join case_text as said on said.case_id = mine.id and said.part = 'contact'
             join case_file as c on c.recorded_at between mine.recorded_at - $2 and mine.recorded_at + $2
             join case_text as o on o.case_id = c.id and o.part = 'contact' and o.alike = said.alike
             where c.state->'facts'->>'channel' <> mine.facts->>'channel')
         select other.id from mine cross join near
         join case_file as other on other.id = near.id
           and other.recorded_at between mine.recorded_at - $2 and mine.recorded_at + $2
         where other.id <> mine.id and other.status in ('routed', 'responded', 'awaiting_info', 'reopened')
           and coalesce(other.state->'facts'->>'purchase_id' = mine.facts->>'purchase_id', true)
           and coalesce(other.state->'facts'->>'product_id' = mine.facts->>'product_id', true)
         order by other.recorded_at, other.id limit 50",
    );
    Ok(found.bind(id).bind(micros(within)).fetch_all(pool).await?)
}

/// A running case, and those it may be the same as.
#[derive(Debug, FromRow)]
pub struct Pair {
    pub id: Uuid,
    recorded_at: i64,
    /// Taken in before it, the oldest first.
    pub earlier: Vec<Uuid>,
}

/// All running cases that may be the same as earlier ones, in the order in which they came in.
pub async fn duplicates(
    pool: &PgPool,
    within: SignedDuration,
    page: &Page,
    after: Option<(i64, Uuid)>,
) -> Result<(Vec<Pair>, String), Fault> {
    let pairs: Vec<Pair> = sqlx::query_as(
        "-- case_file.duplicates
         with running as materialized (
           select c.id, c.customer_id, c.recorded_at, c.state->'facts'->>'channel' as channel, said.alike
           from case_file as c left join case_text as said on said.case_id = c.id and said.part = 'contact'
           where c.status in ('routed', 'responded', 'awaiting_info', 'reopened')),
         near as (
           select mine.id, other.id as other_id from running as mine
           cross join lateral (
             select p.id from one_person(mine.customer_id) as p(id)
             union select o.id from customer as me join customer as o on o.phone_index = me.phone_index
               where me.id = mine.customer_id
             union select o.id from customer as me join customer as o on o.email_index = me.email_index
               where me.id = mine.customer_id) as same
           join case_file as other on other.customer_id = same.id
             and other.recorded_at between mine.recorded_at - $1 and mine.recorded_at
           union
           select mine.id, other.id from running as mine join running as other
             on other.alike = mine.alike and other.channel <> mine.channel
             and other.recorded_at between mine.recorded_at - $1 and mine.recorded_at)
         select mine.id, mine.recorded_at, array_agg(other.id order by other.recorded_at, other.id) as earlier
         from near join case_file as mine on mine.id = near.id join case_file as other on other.id = near.other_id
         where other.status in ('routed', 'responded', 'awaiting_info', 'reopened')
           and (other.recorded_at, other.id) < (mine.recorded_at, mine.id)
           and coalesce(other.state->'facts'->>'purchase_id' = mine.state->'facts'->>'purchase_id', true)
           and coalesce(other.state->'facts'->>'product_id' = mine.state->'facts'->>'product_id', true)
           and ($2::bigint is null or (mine.recorded_at, mine.id) > ($2, $3::uuid))
         group by mine.id, mine.recorded_at order by mine.recorded_at, mine.id limit $4",
    )
    .bind(micros(within))
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(page.limit())
    .fetch_all(pool)
    .await?;
    let next = page.next(&pairs, |pair| (pair.recorded_at.to_string(), pair.id));
    Ok((pairs, next))
}

fn micros(within: SignedDuration) -> i64 {
    i64::try_from(within.as_micros()).unwrap_or(i64::MAX)
}

/// Whether the solution of this complaint was agreed to.
pub async fn complaint_is_carried_out(pool: &PgPool, complaint_id: Option<Uuid>) -> Result<bool, Fault> {
    let found = sqlx::query_scalar(
        "-- complaint_carried_out.known
         select exists (select from complaint_carried_out where complaint_id = $1)",
    );
    Ok(found.bind(complaint_id).fetch_one(pool).await?)
}
