//! Counts for the metrics about how contacts are taken in.
use backbone::Fault;
use contracts::{
    Event,
    intake::v1::{CaseClassified, CaseRegistered},
};
use jiff::SignedDuration;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection};

use super::share;
use crate::domain::{
    intake::{Agreement, Lag},
    period::Period,
};

#[derive(FromRow)]
struct LagRow {
    channel: Option<String>,
    late: i64,
    in_time: i64,
    mean: Option<f64>,
    quantiles: Option<Vec<f64>>,
}

/// Counts for M27t, those of all channels first. A case of which the channel was not kept is among all of them only.
pub async fn lags(tx: &mut PgConnection, period: Period, late_after: SignedDuration) -> Result<Vec<Lag>, Fault> {
    let rows: Vec<LagRow> = sqlx::query_as(
        "-- figures.lags
         -- M27t: recorded_at - occurred_at in seconds, cohort = cases registered in P; late = more than $4 s
         select channel, count(*) filter (where seconds > $4) as late, count(*) filter (where seconds <= $4) as in_time,
                avg(seconds) as mean,
                percentile_cont(array[0.5, 0.9, 0.99]) within group (order by seconds) as quantiles
         from (select channel, extract(epoch from occurred_at - started_at)::float8 as seconds from fact
               where type = $3 and occurred_at >= $1 and occurred_at < $2 and started_at is not null) as contact
         group by grouping sets ((), (channel)) having channel is not null or grouping(channel) = 1
         order by grouping(channel) desc, channel",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CaseRegistered::TYPE)
    .bind(late_after.as_secs_f64())
    .fetch_all(tx)
    .await?;
    let lag = |row: LagRow| {
        let of = |place: usize| row.quantiles.as_ref().and_then(|q| q.get(place).copied());
        let quantiles = [of(0), of(1), of(2)];
        Lag { late: share(row.late, row.in_time), mean: row.mean, quantiles, channel: row.channel }
    };
    Ok(rows.into_iter().map(lag).collect())
}

/// Counts for M27m, those of all models first.
pub async fn agreement(tx: &mut PgConnection, period: Period) -> Result<Vec<Agreement>, Fault> {
    let rows: Vec<(Option<String>, i64, i64)> = sqlx::query_as(
        "-- figures.agreement
         -- M27m: cases a person classified in P of which a model had said something, by the person's last word in P
         with word as (
           select distinct on (aggregate_id) code, outcome from fact
           where type = $3 and occurred_at >= $1 and occurred_at < $2 and code is not null
           order by aggregate_id, version desc)
         select code, count(*) filter (where outcome = 'same'), count(*) filter (where outcome <> 'same')
         from word group by grouping sets ((), (code)) order by grouping(code) desc, code",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CaseClassified::TYPE)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|(model, same, other)| Agreement { model, same: share(same, other) }).collect())
}
