//! The queries behind the figures and the watermarks. All of one answer read the same snapshot. Every statement says
//! which metric of the definitions it counts; ratios and intervals are made of the counts in `domain`.
use backbone::Fault;
use contracts::{
    Event,
    complaint::v1::{
        ComplaintRecorded, InvestigationConcluded, InvestigationLate, SuggestionAdopted, SuggestionDeclined,
    },
    intake::v1::{CaseClosed, CaseRejected, CaseReopened},
    scheduling::v1::{FollowUpCompleted, FollowUpPlanned, FollowUpRescheduled},
};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection, PgPool, Postgres, Transaction};

use crate::domain::{
    figure::{Durations, Endings, FollowUps, Marks, Share},
    period::Period,
};

pub mod analysis;
pub mod complaints;
pub mod contacts;
pub mod orders;
pub mod promises;

/// A transaction that sees one moment, however many questions are asked in it.
pub async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, Fault> {
    Ok(pool.begin_with("begin transaction isolation level repeatable read, read only").await?)
}

/// Counts for M01, M01n and M02.
pub async fn follow_ups(tx: &mut PgConnection, period: Period) -> Result<FollowUps, Fault> {
    let (reached, unreached, on_time, not_on_time): (i64, i64, i64, i64) = sqlx::query_as(
        "-- figures.follow_ups
         -- M01: distinct customers with an obligation whose window_end is in P and which is fulfilled
         --      / distinct customers with an obligation whose window_end is in P
         -- M02: obligations fulfilled with answered_at <= window_end / obligations with window_end in P
         -- The window is the one last set; a follow-up that was answered is not moved any more.
         with obligation as (
           select distinct on (aggregate_id) customer_id, due_at, type = $4 as fulfilled,
                  type = $4 and occurred_at <= due_at as on_time
           from fact where type in ($3, $4, $5) and due_at is not null and aggregate_id in
             (select aggregate_id from fact where type in ($3, $4, $5) and due_at >= $1 and due_at < $2)
           order by aggregate_id, version desc),
         due as (select * from obligation where due_at >= $1 and due_at < $2),
         customer as (select customer_id, bool_or(fulfilled) as reached from due group by customer_id)
         select (select count(*) from customer where reached), (select count(*) from customer where not reached),
                count(*) filter (where on_time), count(*) filter (where not on_time)
         from due",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(FollowUpPlanned::TYPE)
    .bind(FollowUpCompleted::TYPE)
    .bind(FollowUpRescheduled::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(FollowUps { customers: share(reached, unreached), obligations: share(on_time, not_on_time) })
}

/// Counts for M06.
pub async fn marks(tx: &mut PgConnection, period: Period) -> Result<Marks, Fault> {
    let (content, others, sum, squares): (i64, i64, i64, i64) = sqlx::query_as(
        "-- figures.marks
         -- M06: answers >= 4 on the 5 scale / all answers, answered_at in P; and their mean
         select count(*) filter (where score >= 4), count(*) filter (where score < 4),
                coalesce(sum(score), 0)::bigint, coalesce(sum(score * score), 0)::bigint
         from fact where type = $3 and occurred_at >= $1 and occurred_at < $2",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(FollowUpCompleted::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(Marks { content: share(content, others), sum, squares })
}

/// Durations for M11. Nothing is rounded before it is averaged.
pub async fn handling_times(tx: &mut PgConnection, period: Period) -> Result<Durations, Fault> {
    let (n, quantiles, mean): (i64, Option<Vec<f64>>, Option<f64>) = sqlx::query_as(
        "-- figures.handling_times
         -- M11: closed_at - registered_at in wall-clock seconds, cohort = closed in P (no waiting intervals exist yet);
         --      the close of a case that was reopened later is none, its next one counts
         select count(*), percentile_cont(array[0.5, 0.9]) within group (order by seconds), avg(seconds)
         from (select extract(epoch from occurred_at - started_at)::double precision as seconds
               from fact as closed where type = $3 and occurred_at >= $1 and occurred_at < $2 and not exists (
                 select from fact as later where later.type = $4 and later.aggregate_id = closed.aggregate_id
                   and later.version > closed.version)) as closed",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CaseClosed::TYPE)
    .bind(CaseReopened::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(durations(n, quantiles.as_deref(), mean))
}

/// Counts for M11e.
pub async fn endings(tx: &mut PgConnection, period: Period) -> Result<Endings, Fault> {
    let (no_info, rejected, others): (i64, i64, i64) = sqlx::query_as(
        "-- figures.endings
         -- M11e: cases that ended in P for want of what the customer was asked for, and those rejected / all that ended;
         --       the close of a case that was reopened later is none, its next one counts
         select count(*) filter (where outcome = 'no_info'), count(*) filter (where type = $4),
                count(*) filter (where type = $3 and outcome is distinct from 'no_info')
         from fact as ended where type in ($3, $4) and occurred_at >= $1 and occurred_at < $2 and not exists (
           select from fact as later where later.type = $5 and later.aggregate_id = ended.aggregate_id
             and later.version > ended.version)",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CaseClosed::TYPE)
    .bind(CaseRejected::TYPE)
    .bind(CaseReopened::TYPE)
    .fetch_one(tx)
    .await?;
    let [no_info, rejected, others] = [no_info, rejected, others].map(i64::unsigned_abs);
    Ok(Endings { no_info, rejected, others })
}

/// Counts for M13: complaints recorded, and orders delivered.
pub async fn complaints(tx: &mut PgConnection, period: Period) -> Result<(u64, u64), Fault> {
    let (recorded, delivered): (i64, i64) = sqlx::query_as(
        "-- figures.complaints
         -- M13: complaints recorded in P per 1,000 orders delivered in P
         select (select count(distinct aggregate_id) from fact
                 where type = $3 and occurred_at >= $1 and occurred_at < $2),
                (select count(distinct aggregate_id) from fact where delivered_at >= $1 and delivered_at < $2)",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(ComplaintRecorded::TYPE)
    .fetch_one(tx)
    .await?;
    Ok((recorded.unsigned_abs(), delivered.unsigned_abs()))
}

/// Counts for M15. A complaint may be investigated again later; by one deadline only its first conclusion counts.
pub async fn investigations(tx: &mut PgConnection, period: Period) -> Result<Share, Fault> {
    let (met, breached): (i64, i64) = sqlx::query_as(
        "-- figures.investigations
         -- M15: met / (met + breached), investigations with their deadline in P; breached stays breached if it is
         --      concluded late, and one that is neither concluded nor late yet is not counted
         with investigation as (
           select bool_or(type = $3 and occurred_at <= due_at) and not bool_or(type = $4) as met
           from fact where type in ($3, $4) and due_at >= $1 and due_at < $2
           group by aggregate_id, due_at)
         select count(*) filter (where met), count(*) filter (where not met) from investigation",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(InvestigationConcluded::TYPE)
    .bind(InvestigationLate::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(share(met, breached))
}

/// Counts for M23. A suggestion is decided once.
pub async fn suggestions(tx: &mut PgConnection, period: Period) -> Result<Share, Fault> {
    let (adopted, declined): (i64, i64) = sqlx::query_as(
        "-- figures.suggestions
         -- M23: adopted / (adopted + declined), decided in P
         select count(*) filter (where type = $3), count(*) filter (where type = $4)
         from fact where type in ($3, $4) and occurred_at >= $1 and occurred_at < $2",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(SuggestionAdopted::TYPE)
    .bind(SuggestionDeclined::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(share(adopted, declined))
}

/// How far a stream is counted in.
#[derive(Debug, FromRow)]
pub struct Watermark {
    /// The stream.
    pub stream: String,
    /// The service that publishes on it.
    pub service: String,
    /// Events counted.
    pub events: i64,
    /// The latest business time among them.
    pub last_occurred_at: jiff_sqlx::Timestamp,
    /// Absent where facts came from a journal only and no event by the stream yet.
    pub stream_seq: Option<i64>,
    /// Absent before the first rebuild.
    pub journal_seq: Option<i64>,
}

/// All watermarks, by service and stream.
pub async fn watermarks(tx: &mut PgConnection) -> Result<Vec<Watermark>, Fault> {
    Ok(sqlx::query_as(
        "-- watermark.list
         select stream, service, events, last_occurred_at, stream_seq, journal_seq from watermark
         order by service, stream",
    )
    .fetch_all(tx)
    .await?)
}

/// `quantiles` are the median and the ninth decile.
fn durations(n: i64, quantiles: Option<&[f64]>, mean: Option<f64>) -> Durations {
    let quantile = |place: usize| quantiles.and_then(|q| q.get(place).copied());
    Durations { n: n.unsigned_abs(), median: quantile(0), p90: quantile(1), mean }
}

fn share(hits: i64, misses: i64) -> Share {
    Share { hits: hits.unsigned_abs(), misses: misses.unsigned_abs() }
}
