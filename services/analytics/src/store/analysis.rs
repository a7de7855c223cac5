//! The counts an analysis rests on, the analyses made, and the proposals that came of them.
use backbone::Fault;
use contracts::{
    Event,
    complaint::v1::{
        ComplaintAssessed, ComplaintRecorded, ImprovementEffective, ImprovementIneffective, ImprovementProposed,
        ImprovementReopened, ImprovementReporterAttached, InvestigationConcluded, TaskAnswered, TaskForwarded,
    },
    intake::v1::PurchaseRecorded,
};
use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::durations;
use crate::domain::{
    analysis::{Analysis, ComplaintAnalysis},
    counted::{Actions, Count, Counted, Dimension, Pair, Time},
    period::Period,
    span::Span,
};

type Stored = (Json<ComplaintAnalysis>,);

/// Lets the questions of an analysis take their time.
pub async fn patience(tx: &mut PgConnection) -> Result<(), Fault> {
    sqlx::query("-- analysis.patience\nselect set_config('statement_timeout', '0', true)").execute(tx).await?;
    Ok(())
}

/// Complaints recorded and investigated, orders delivered, and complaints by kind, in a period and in the one before.
pub async fn counts(tx: &mut PgConnection, periods: (Period, Period)) -> Result<Counted, Fault> {
    let (recorded, investigated) = totals(tx, periods).await?;
    let (delivered, stores) = delivered(tx, periods).await?;
    let count = |(word, value, now, before): (String, String, i64, i64)| {
        let dimension = Dimension::ALL.into_iter().find(|dimension| dimension.name() == word)?;
        let own = || stores.iter().find(|(store, _)| *store == value).map(|(_, pair)| *pair).unwrap_or_default();
        let delivered = if dimension == Dimension::Store { own() } else { delivered };
        Some(Count { dimension, value, complaints: pair(now, before), delivered })
    };
    let counts = kinds(tx, periods).await?.into_iter().filter_map(count).collect();
    Ok(Counted { recorded, investigated, delivered, counts, ..Counted::default() })
}

/// Dimension, value, complaints in the period, complaints in the one before.
type Kind = (String, String, i64, i64);

async fn kinds(tx: &mut PgConnection, (period, before): (Period, Period)) -> Result<Vec<Kind>, Fault> {
    let kinds = sqlx::query_as(
        "-- analysis.counts
         -- Causes and departments of complaints investigated in a period, by the last word in it; the others of
         -- complaints recorded in it.
         with concluded as (
           select distinct on (aggregate_id, occurred_at >= $2) occurred_at >= $2 as now, code, department from fact
           where type = $5 and occurred_at >= $1 and occurred_at < $3
           order by aggregate_id, occurred_at >= $2, version desc),
         recorded as (
           select occurred_at >= $2 as now, product_id, product_id || '/' || batch as batch,
                  (select class from fact a where a.type in ($4, $6) and a.aggregate_id = r.aggregate_id
                     and a.class is not null order by version desc limit 1) as class,
                  (select store from fact p where p.type = $7 and p.aggregate_id = r.about and p.store is not null
                   limit 1) as store
           from fact r where type = $4 and occurred_at >= $1 and occurred_at < $3),
         kind as (
           select 'cause' as dimension, code as value, now from concluded
           union all select 'department', department, now from concluded
           union all select 'class', class, now from recorded
           union all select 'product', product_id, now from recorded
           union all select 'batch', batch, now from recorded
           union all select 'store', store, now from recorded)
         select dimension, value, count(*) filter (where now), count(*) filter (where not now)
         from kind where value is not null group by dimension, value order by dimension, value",
    )
    .bind(before.from().to_sqlx())
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(ComplaintRecorded::TYPE)
    .bind(InvestigationConcluded::TYPE)
    .bind(ComplaintAssessed::TYPE)
    .bind(PurchaseRecorded::TYPE)
    .fetch_all(tx)
    .await?;
    Ok(kinds)
}

/// Orders delivered in a period and in the one before: all, and by store.
async fn delivered(
    tx: &mut PgConnection,
    (period, before): (Period, Period),
) -> Result<(Pair, Vec<(String, Pair)>), Fault> {
    let rows: Vec<(Option<String>, i64, i64)> = sqlx::query_as(
        "-- analysis.delivered
         with parcel as (
           select aggregate_id, min(delivered_at) as at from fact
           where delivered_at >= $1 and delivered_at < $3 group by aggregate_id)
         select (select store from fact p where p.aggregate_id = parcel.aggregate_id and p.store is not null
                 limit 1) as store,
                count(*) filter (where at >= $2), count(*) filter (where at < $2)
         from parcel group by store",
    )
    .bind(before.from().to_sqlx())
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .fetch_all(tx)
    .await?;
    let all = rows.iter().fold(Pair::default(), |sum, (_, now, before)| Pair {
        now: sum.now + now.unsigned_abs(),
        before: sum.before + before.unsigned_abs(),
    });
    Ok((all, rows.into_iter().filter_map(|(store, now, before)| Some((store?, pair(now, before)))).collect()))
}

/// Complaints recorded and complaints investigated.
async fn totals(tx: &mut PgConnection, (period, before): (Period, Period)) -> Result<(Pair, Pair), Fault> {
    let (recorded, recorded_before, investigated, investigated_before) = sqlx::query_as(
        "-- analysis.totals
         select count(distinct aggregate_id) filter (where type = $4 and occurred_at >= $2),
                count(distinct aggregate_id) filter (where type = $4 and occurred_at < $2),
                count(distinct aggregate_id) filter (where type = $5 and occurred_at >= $2),
                count(distinct aggregate_id) filter (where type = $5 and occurred_at < $2)
         from fact where type in ($4, $5) and occurred_at >= $1 and occurred_at < $3",
    )
    .bind(before.from().to_sqlx())
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(ComplaintRecorded::TYPE)
    .bind(InvestigationConcluded::TYPE)
    .fetch_one(tx)
    .await?;
    Ok((pair(recorded, recorded_before), pair(investigated, investigated_before)))
}

/// What is done against each cause by now, and how often it came back in the period after a release.
pub async fn actions(tx: &mut PgConnection, period: Period) -> Result<Vec<(String, Actions)>, Fault> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "-- analysis.actions
         with verdict as (
           select distinct on (aggregate_id) aggregate_id, type = $4 as effective from fact
           where type in ($4, $5, $6) order by aggregate_id, version desc),
         back as (
           select aggregate_id, count(*) as times from fact
           where type = $7 and number = 1 and occurred_at >= $1 and occurred_at < $2 group by aggregate_id)
         select code, count(*) filter (where not coalesce(effective, false)), count(*) filter (where effective),
                coalesce(sum(times), 0)::bigint
         from fact left join verdict using (aggregate_id) left join back using (aggregate_id)
         where type = $3 and code is not null group by code order by code",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(ImprovementProposed::TYPE)
    .bind(ImprovementEffective::TYPE)
    .bind(ImprovementIneffective::TYPE)
    .bind(ImprovementReopened::TYPE)
    .bind(ImprovementReporterAttached::TYPE)
    .fetch_all(tx)
    .await?;
    let actions = |(cause, open, effective, recurrences): (String, i64, i64, i64)| {
        let [open, effective, recurrences] = [open, effective, recurrences].map(i64::unsigned_abs);
        (cause, Actions { open, effective, recurrences })
    };
    Ok(rows.into_iter().map(actions).collect())
}

/// How long issues were with each department, of answers given and issues forwarded in the period (R-CMP-19).
pub async fn departments(tx: &mut PgConnection, period: Period) -> Result<Vec<Time>, Fault> {
    type Row = (String, i64, Option<Vec<f64>>, Option<f64>, Option<f64>);
    let rows: Vec<Row> = sqlx::query_as(
        "-- analysis.departments
         select department, count(*), percentile_cont(array[0.5, 0.9]) within group (order by to_answer_s),
                avg(to_answer_s)::double precision, percentile_cont(0.5) within group (order by to_acknowledge_s)
         from fact where type in ($3, $4) and occurred_at >= $1 and occurred_at < $2
           and department is not null and to_answer_s is not null
         group by department order by department",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(TaskAnswered::TYPE)
    .bind(TaskForwarded::TYPE)
    .fetch_all(tx)
    .await?;
    let time = |(department, n, quantiles, mean, to_acknowledge_median): Row| {
        let to_answer = durations(n, quantiles.as_deref(), mean);
        Time { department, to_answer, to_acknowledge_median }
    };
    Ok(rows.into_iter().map(time).collect())
}

/// The SHA-256 of the ids of the events that the counts of both periods rest on.
pub async fn data_hash(tx: &mut PgConnection, (period, before): (Period, Period)) -> Result<String, Fault> {
    Ok(sqlx::query_scalar(
        "-- analysis.data_hash
         with said as (
           select event_id, aggregate_id, type, about from fact
           where type in ($3, $4) and occurred_at >= $1 and occurred_at < $2),
         counted as (
           select event_id from said
           union select event_id from fact
           where type = $5 and aggregate_id in (select aggregate_id from said where type = $3)
           union select event_id from fact where delivered_at >= $1 and delivered_at < $2
           union select event_id from fact where store is not null and aggregate_id in (
             select about from said where type = $3
             union select aggregate_id from fact where delivered_at >= $1 and delivered_at < $2))
         select encode(sha256(coalesce(string_agg(event_id::text, ',' order by event_id), '')::bytea), 'hex')
         from counted",
    )
    .bind(before.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(ComplaintRecorded::TYPE)
    .bind(InvestigationConcluded::TYPE)
    .bind(ComplaintAssessed::TYPE)
    .fetch_one(tx)
    .await?)
}

/// The first day of the newest analysis of weeks or months.
pub async fn newest(pool: &PgPool, span: Span) -> Result<Option<Date>, Fault> {
    let day: Option<String> = sqlx::query_scalar(
        "-- complaint_analysis.newest\nselect max(first_day) from complaint_analysis where span = $1",
    )
    .bind(span.name())
    .fetch_one(pool)
    .await?;
    day.map(|day| day.parse().map_err(Fault::internal)).transpose()
}

/// Whether any complaint was recorded before an instant.
pub async fn any_before(pool: &PgPool, at: Timestamp) -> Result<bool, Fault> {
    Ok(sqlx::query_scalar(
        "-- analysis.any_before\nselect exists (select from fact where type = $1 and occurred_at < $2)",
    )
    .bind(ComplaintRecorded::TYPE)
    .bind(at.to_sqlx())
    .fetch_one(pool)
    .await?)
}

/// An analysis.
pub async fn get(tx: &mut PgConnection, id: Uuid) -> Result<Option<Analysis>, Fault> {
    let found: Option<Stored> =
        sqlx::query_as("-- complaint_analysis.get\nselect state from complaint_analysis where id = $1")
            .bind(id)
            .fetch_optional(tx)
            .await?;
    Ok(found.and_then(analysis))
}

/// Analyses, those of the newest periods first.
pub async fn list(
    pool: &PgPool,
    span: Option<Span>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Analysis>, Fault> {
    let (after_at, after_id) = after.unzip();
    let found: Vec<Stored> = sqlx::query_as(
        "-- complaint_analysis.list
         select state from complaint_analysis
         where ($1::text is null or span = $1) and ($2::timestamptz is null or (starts_at, id) < ($2, $3))
         order by starts_at desc, id desc limit $4",
    )
    .bind(span.map(Span::name))
    .bind(after_at.map(ToSqlx::to_sqlx))
    .bind(after_id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(found.into_iter().filter_map(analysis).collect())
}

fn analysis((Json(state),): Stored) -> Option<Analysis> {
    state.0.map(|analysis| *analysis)
}

/// The improvement actions that were proposed from findings: finding and action.
pub async fn proposals(tx: &mut PgConnection, findings: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, Fault> {
    Ok(sqlx::query_as(
        "-- analysis.proposals
         select about, aggregate_id from fact where type = $1 and about = any($2) order by occurred_at, event_id",
    )
    .bind(ImprovementProposed::TYPE)
    .bind(findings)
    .fetch_all(tx)
    .await?)
}

fn pair(now: i64, before: i64) -> Pair {
    Pair { now: now.unsigned_abs(), before: before.unsigned_abs() }
}
