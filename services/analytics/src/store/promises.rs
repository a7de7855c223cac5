//! Counts for the metrics about promises: how soon people are answered, and what share of what was promised was kept. A
//! verdict that was corrected is an event of its own, and so a fact of its own beside the one it corrects: what counts is
//! the earliest time at which the thing was done, whenever that was told.
use backbone::Fault;
use contracts::{
    Event,
    complaint::v1::{TaskAnswered, TaskCorrected, TaskExpired},
    intake::v1::{
        CallEnded, CaseClosed, CaseFeedbackMissed, CaseHealthRaised, CaseMerged, CaseRegistered, CaseRejected,
        CaseReplied, CaseReplyMissed, CaseResponded, CaseResponseCorrected, CaseResponseMissed, CaseUnmerged,
    },
};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::share;
use crate::domain::{
    figure::{Calls, Durations, Pickup, Share},
    period::Period,
};

/// By which events a promise is seen to be kept, at the time they happened, or to be broken.
pub struct Shown {
    kept: &'static [&'static str],
    broken: &'static str,
}

/// The first human answer to a contact.
pub const FIRST_RESPONSE: Shown =
    Shown { kept: &[CaseResponded::TYPE, CaseResponseCorrected::TYPE], broken: CaseResponseMissed::TYPE };

/// Every further answer to a contact; each turn of the customer is a promise of its own.
pub const NEXT_RESPONSE: Shown = Shown { kept: &[CaseReplied::TYPE], broken: CaseReplyMissed::TYPE };

/// A department's answer; each hand-over is a promise of its own.
pub const DEPARTMENT_ANSWER: Shown =
    Shown { kept: &[TaskAnswered::TYPE, TaskCorrected::TYPE], broken: TaskExpired::TYPE };

/// Counts for M10 of one kind. A promise is known by what was promised to and its due time.
pub async fn kept(tx: &mut PgConnection, period: Period, shown: &Shown) -> Result<Share, Fault> {
    let (met, breached): (i64, i64) = sqlx::query_as(
        "-- figures.kept
         -- M10: met / (met + breached), promises with their due time in P; met late is breached, what still runs or was
         --      cancelled before its time is not counted, what was told late counts from when it was done
         with promise as (
           select bool_or(type = any($3) and occurred_at <= due_at) as met
           from fact where type = any($3 || $4::text) and due_at >= $1 and due_at < $2
           group by aggregate_id, due_at)
         select count(*) filter (where met), count(*) filter (where not met) from promise",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(shown.kept)
    .bind(shown.broken)
    .fetch_one(tx)
    .await?;
    Ok(share(met, breached))
}

/// Counts for M10 of urgent feedback: given with the contact or when its harm was raised, kept by the first answer.
pub async fn feedback(tx: &mut PgConnection, period: Period) -> Result<Share, Fault> {
    let (met, breached): (i64, i64) = sqlx::query_as(
        "-- figures.feedback
         -- M10: met / (met + breached), promises with their due time in P; kept when the first human answer came by
         --      then, whenever that was told; broken when it came later or the miss was told; else it is not counted
         with promise as (
           select aggregate_id, min(due_at) as due_at from fact
           where type in ($3, $4) and due_at >= $1 and due_at < $2 group by aggregate_id),
         answer as (
           select aggregate_id, min(occurred_at) as at from fact where type in ($5, $6)
             and aggregate_id in (select aggregate_id from promise) group by aggregate_id),
         missed as (
           select distinct aggregate_id from fact where type = $7
             and aggregate_id in (select aggregate_id from promise))
         select count(*) filter (where answer.at <= due_at),
                count(*) filter (where answer.at > due_at or (answer.at is null and missed.aggregate_id is not null))
         from promise left join answer using (aggregate_id) left join missed using (aggregate_id)",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CaseRegistered::TYPE)
    .bind(CaseHealthRaised::TYPE)
    .bind(CaseResponded::TYPE)
    .bind(CaseResponseCorrected::TYPE)
    .bind(CaseFeedbackMissed::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(share(met, breached))
}

/// Counts for M10 of a kind of which an event tells how it stands. A promise is known by what was promised to, its word and
/// its start.
pub async fn standing(tx: &mut PgConnection, period: Period, promise: &str) -> Result<Share, Fault> {
    let (met, breached): (i64, i64) = sqlx::query_as(
        "-- figures.standing
         -- M10: met / (met + breached), promises with their due time in P, as they were told of last; met late and
         --      cancelled after the due time is breached, what still runs or was cancelled before is not counted
         with standing as (
           select distinct on (aggregate_id, promise, started_at) status, due_at from promised
           where (aggregate_id, promise, started_at) in (
             select aggregate_id, promise, started_at from promised
             where promise = $3 and due_at >= $1 and due_at < $2)
           order by aggregate_id, promise, started_at, version desc)
         select count(*) filter (where status = 'met'),
                count(*) filter (where status in ('breached', 'met_late', 'cancelled_after_breach'))
         from standing where due_at >= $1 and due_at < $2",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(promise)
    .fetch_one(tx)
    .await?;
    Ok(share(met, breached))
}

/// Counts for M08.
pub async fn pickups(tx: &mut PgConnection, period: Period, promised: Pickup) -> Result<Calls, Fault> {
    let (in_time, late, abandoned, at_once): (i64, i64, i64, i64) = sqlx::query_as(
        "-- figures.pickups
         -- M08: calls answered with wait <= $4 s / (offered - abandoned with wait < $5 s), calls that ended in P
         select count(*) filter (where outcome = 'answered' and to_answer_s <= $4),
                count(*) filter (where outcome = 'answered' and to_answer_s > $4),
                count(*) filter (where outcome = 'abandoned'),
                count(*) filter (where outcome = 'abandoned' and to_answer_s < $5)
         from fact where type = $3 and occurred_at >= $1 and occurred_at < $2",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CallEnded::TYPE)
    .bind(i64::from(promised.within_s))
    .bind(i64::from(promised.given_up_s))
    .fetch_one(tx)
    .await?;
    let [in_time, late, abandoned, at_once] = [in_time, late, abandoned, at_once].map(i64::unsigned_abs);
    Ok(Calls { in_time, late, abandoned, at_once })
}

/// Durations for M09, of Kaplan and Meier's curve: who still waits has waited at least until now.
pub async fn first_responses(tx: &mut PgConnection, period: Period) -> Result<Durations, Fault> {
    let (n, median, p90): (i64, Option<f64>, Option<f64>) = sqlx::query_as(
        "-- figures.first_responses
         -- M09: first human answer - contact in wall-clock seconds, cohort = cases registered in P; who has no answer
         --      enters as waiting until the close, the rejection or a merge that lasts, or until the watermark, and is
         --      never dropped
         with contact as (
           select aggregate_id, min(started_at) as at from fact
           where type = $3 and occurred_at >= $1 and occurred_at < $2 and started_at is not null
           group by aggregate_id),
         answer as (
           select aggregate_id, min(occurred_at) as at from fact where type in ($4, $5) and due_at is not null
             and aggregate_id in (select aggregate_id from contact) group by aggregate_id),
         closing as (
           select aggregate_id, min(occurred_at) as at from fact as ended where type in ($6, $7, $9)
             and occurred_at >= $1 and aggregate_id in (select aggregate_id from contact) and not exists (
               select from fact as later where later.type = $8 and later.aggregate_id = ended.aggregate_id
                 and later.version > ended.version)
           group by aggregate_id),
         wait as (
           select (answer.at is not null)::int as answered, extract(epoch from coalesce(answer.at, closing.at,
             (select max(last_occurred_at) from watermark where service = 'intake')) - contact.at)::float8 as seconds
           from contact left join answer using (aggregate_id) left join closing using (aggregate_id)),
         step as (
           select seconds, sum(answered)::float8 as answered,
                  (sum(count(*)) over (order by seconds desc))::float8 as waiting
           from wait group by seconds),
         curve as (
           select seconds, sum(ln(greatest(1 - answered / waiting, 1e-300))) over (order by seconds) as unanswered
           from step where answered > 0)
         select (select count(*) from wait), min(seconds) filter (where unanswered <= ln(0.5) + 1e-9),
                min(seconds) filter (where unanswered <= ln(0.1) + 1e-9)
         from curve",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CaseRegistered::TYPE)
    .bind(CaseResponded::TYPE)
    .bind(CaseResponseCorrected::TYPE)
    .bind(CaseClosed::TYPE)
    .bind(CaseMerged::TYPE)
    .bind(CaseUnmerged::TYPE)
    .bind(CaseRejected::TYPE)
    .fetch_one(tx)
    .await?;
    Ok(Durations { n: n.unsigned_abs(), median, p90, mean: None })
}
