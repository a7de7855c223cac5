//! Counts for the metrics about complaints: how often they are raised, accepted at once, told, and come back.
use backbone::Fault;
use contracts::{
    Event,
    complaint::v1::{
        ComplaintClosed, ComplaintRecorded, ComplaintReopened, EffectivenessCheckStarted, EscalationPassedUp,
        EscalationRaised, ImprovementReporterInformed, ImprovementReporterSuppressed, ResultTold, SolutionAgreed,
        SolutionOffered, TaskAccepted, TaskAnswered,
    },
};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::{durations, share};
use crate::domain::{
    figure::{Durations, Share},
    period::Period,
};

/// Counts for M14.
pub async fn raised(tx: &mut PgConnection, period: Period) -> Result<Share, Fault> {
    let (raised, others): (i64, i64) = sqlx::query_as(
        "-- figures.raised
         -- M14: complaints with an escalation level >= 3 first reached in P / complaints open at any time in P
         with high as (
           select about as id, min(occurred_at) as at from fact
           where type in ($3, $4) and number >= 3 and about is not null group by about),
         ended as (
           select distinct on (aggregate_id) aggregate_id as id, type from fact
           where type in ($6, $7) and occurred_at < $1 order by aggregate_id, version desc),
         open as (
           select aggregate_id as id from fact where type = $5 and occurred_at < $2
             and aggregate_id not in (select id from ended where type = $6)
           union select aggregate_id from fact where type = $7 and occurred_at >= $1 and occurred_at < $2)
         select count(*) filter (where coalesce(at >= $1 and at < $2, false)),
                count(*) filter (where not coalesce(at >= $1 and at < $2, false))
         from open left join high using (id)",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(EscalationRaised::TYPE)
    .bind(EscalationPassedUp::TYPE)
    .bind(ComplaintRecorded::TYPE)
    .bind(ComplaintClosed::TYPE)
    .bind(ComplaintReopened::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(share(raised, others))
}

/// Counts for M16.
pub async fn first_offers(tx: &mut PgConnection, period: Period) -> Result<Share, Fault> {
    let (consented, others): (i64, i64) = sqlx::query_as(
        "-- figures.first_offers
         -- M16: first offers consented to / first offers made in P
         with offered as (
           select distinct aggregate_id from fact
           where type = $3 and number = 1 and occurred_at >= $1 and occurred_at < $2),
         agreed as (
           select distinct aggregate_id, true as yes from fact where type = $4 and number = 1 and occurred_at >= $1)
         select count(*) filter (where yes), count(*) filter (where yes is null)
         from offered left join agreed using (aggregate_id)",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(SolutionOffered::TYPE)
    .bind(SolutionAgreed::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(share(consented, others))
}

/// Counts for M24, and how long it took from the department's answer until the customer was told.
pub async fn loops(tx: &mut PgConnection, period: Period) -> Result<(Share, Durations), Fault> {
    let (told, untold, quantiles, mean): (i64, i64, Option<Vec<f64>>, Option<f64>) = sqlx::query_as(
        "-- figures.loops
         -- M24: department answers accepted in P whose reporter is informed or suppressed with reason
         --      / department answers accepted in P. The reporter is the customer of the complaint: he was told its
         --      result, or of the measure against its cause, or there is a reason not to; after the answer.
         with accepted as (
           select aggregate_id, about, occurred_at from fact
           where type = $3 and occurred_at >= $1 and occurred_at < $2 and about is not null),
         answered as (
           select aggregate_id, max(occurred_at) as at from fact
           where type = $4 and aggregate_id in (select aggregate_id from accepted) group by aggregate_id),
         word as (
           select aggregate_id as complaint, occurred_at as at from fact where type = $5
           union all select about, occurred_at from fact where type in ($6, $7)),
         loop as (
           select coalesce(answered.at, accepted.occurred_at) as since, min(word.at) as told
           from accepted left join answered using (aggregate_id)
             left join word on complaint = about and word.at >= coalesce(answered.at, accepted.occurred_at)
           group by accepted.aggregate_id, accepted.occurred_at, answered.at),
         closed as (select told, extract(epoch from told - since)::double precision as seconds from loop)
         select count(told), count(*) - count(told), percentile_cont(array[0.5, 0.9]) within group (order by seconds),
                avg(seconds)
         from closed",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(TaskAccepted::TYPE)
    .bind(TaskAnswered::TYPE)
    .bind(ResultTold::TYPE)
    .bind(ImprovementReporterInformed::TYPE)
    .bind(ImprovementReporterSuppressed::TYPE)
    .fetch_one(tx)
    .await?;
    Ok((share(told, untold), durations(told, quantiles.as_deref(), mean)))
}

/// Counts for M25: complaints after the measures and before them.
pub async fn recurrences(tx: &mut PgConnection, period: Period) -> Result<(u64, u64), Fault> {
    let (after, before): (i64, i64) = sqlx::query_as(
        "-- figures.recurrences
         -- M25: complaints of the same cause and product in equal windows after and before a measure was released, of
         --      the measures whose effectiveness came to be checked in P
         select coalesce(sum(number), 0)::bigint, coalesce(sum(base), 0)::bigint from fact
         where type = $3 and occurred_at >= $1 and occurred_at < $2",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(EffectivenessCheckStarted::TYPE)
    .fetch_one(tx)
    .await?;
    Ok((after.unsigned_abs(), before.unsigned_abs()))
}
