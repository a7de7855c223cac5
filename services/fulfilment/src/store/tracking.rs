//! Parcels that are under way, and when each was asked for last.
use backbone::Fault;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use uuid::Uuid;

use super::{After, Stored, read};
use crate::domain::order::ServiceOrder;

/// The statuses are those of the index.
const WITH_PARCELS: &str = "-- service_order.with_parcels
    select id, version, state::text from service_order
    where tracking_numbers is not null and status in ('authorised', 'in_progress')
      and (opened_at, id) > (coalesce($1, '-infinity'::timestamptz), $2)
    order by opened_at, id limit $3";

/// Open orders of which a parcel has a tracking number, the oldest first.
pub async fn with_parcels(pool: &PgPool, after: After, limit: i64) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    let (at, id) = after.unzip();
    let rows = sqlx::query_as(WITH_PARCELS)
        .bind(at.map(|at| at.to_sqlx()))
        .bind(id.unwrap_or(Uuid::nil()))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    read("service_order", rows)
}

/// Takes those of these parcels that nobody asked for since `before`, so many at the most; what is taken, nobody else takes.
pub async fn take(
    pool: &PgPool,
    tracking_numbers: &[&str],
    (now, before): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<String>, Fault> {
    if tracking_numbers.is_empty() {
        return Ok(vec![]);
    }
    let statement = "-- parcel_question.take
        insert into parcel_question as known (tracking_number, asked_at)
        select number, $2 from (select distinct number from unnest($1::text[]) as number) as silent
        where not exists (select from parcel_question where tracking_number = number and asked_at > $3)
        order by number limit $4
        on conflict (tracking_number) do update set asked_at = excluded.asked_at where known.asked_at <= $3
        returning tracking_number";
    let taken = sqlx::query_scalar(statement).bind(tracking_numbers).bind(now.to_sqlx()).bind(before.to_sqlx());
    Ok(taken.bind(limit).fetch_all(pool).await?)
}

/// What was taken at that time counts as asked for at an earlier one, and so comes again sooner.
pub async fn in_vain(pool: &PgPool, tracking_number: &str, (at, as_if): (Timestamp, Timestamp)) -> Result<(), Fault> {
    let statement = "-- parcel_question.in_vain
        update parcel_question set asked_at = $3 where tracking_number = $1 and asked_at = $2";
    sqlx::query(statement).bind(tracking_number).bind(at.to_sqlx()).bind(as_if.to_sqlx()).execute(pool).await?;
    Ok(())
}

/// Parcels that were not asked for since are under way no more.
pub async fn forget(pool: &PgPool, since: Timestamp) -> Result<(), Fault> {
    let statement = "-- parcel_question.forget\n        delete from parcel_question where asked_at <= $1";
    sqlx::query(statement).bind(since.to_sqlx()).execute(pool).await?;
    Ok(())
}
