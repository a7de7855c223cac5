//! What is asked of the tables. Nothing is changed here.
use std::collections::BTreeMap;

use backbone::Fault;
use contracts::fulfilment::v1::EffortFigures;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde::de::DeserializeOwned;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::domain::{
    account::PurchaseAccount, found::FoundGoods, order::ServiceOrder, refund::Refund, technician::Technician,
};

pub mod compensations;
pub mod costs;
pub mod customers;
pub mod policies;
pub mod tracking;

/// An aggregate as stored.
#[derive(Clone, Debug)]
pub struct Stored<A> {
    pub id: Uuid,
    pub version: u64,
    pub state: A,
}

#[derive(FromRow)]
struct StoredRow {
    id: Uuid,
    version: i64,
    state: String,
}

impl StoredRow {
    fn read<A: DeserializeOwned>(self, table: &str) -> Result<Stored<A>, Fault> {
        let Self { id, version, state } = self;
        let state = serde_json::from_str(&state)
            .map_err(|error| Fault::broken(format!("{table}.state of row {id} cannot be read: {error}")))?;
        Ok(Stored { id, version: version.unsigned_abs(), state })
    }
}

fn read<A: DeserializeOwned>(table: &str, rows: Vec<StoredRow>) -> Result<Vec<Stored<A>>, Fault> {
    rows.into_iter().map(|row| row.read(table)).collect()
}

/// One service order.
pub async fn order(pool: &PgPool, id: Uuid) -> Result<Option<Stored<ServiceOrder>>, Fault> {
    let row: Option<StoredRow> =
        sqlx::query_as("-- service_order.get\nselect id, version, state::text from service_order where id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?;
    row.map(|row| row.read("service_order")).transpose()
}

/// The order with this number on its parcel.
pub async fn order_by_number(pool: &PgPool, number: &str) -> Result<Option<Uuid>, Fault> {
    let statement = "-- service_order.by_number\n        select id from service_order where rma_number = $1";
    Ok(sqlx::query_scalar(statement).bind(number).fetch_optional(pool).await?)
}

/// Orders one of whose parcels has this tracking number; the newest 16 where more have.
pub async fn orders_of_parcel(pool: &PgPool, tracking_number: &str) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    let statement = "-- service_order.of_parcel
        select id, version, state::text from service_order where tracking_numbers ? $1 order by opened_at desc limit 16";
    read("service_order", sqlx::query_as(statement).bind(tracking_number).fetch_all(pool).await?)
}

/// Where a page of a list goes on: after this time and id.
pub type After = Option<(Timestamp, Uuid)>;

/// Which service orders are meant; what is not given asks nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Of<'a> {
    pub status: Option<&'a str>,
    pub complaint_id: Option<Uuid>,
    /// The case, complaint, follow-up, major issue or store they come from.
    pub origin: Option<&'a str>,
}

/// Service orders, newest first.
pub async fn orders(pool: &PgPool, of: Of<'_>, after: After, limit: i64) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    let rows = sqlx::query_as(
        "-- service_order.list
         select id, version, state::text from service_order
         where ($1::text is null or status = $1) and ($2::uuid is null or complaint_id = $2 or promised_for = $2)
           and ($6::text is null or origin = $6)
           and (opened_at, id) < (coalesce($3, 'infinity'::timestamptz), $4)
         order by opened_at desc, id desc limit $5",
    )
    .bind(of.status)
    .bind(of.complaint_id)
    .bind(after.map(|(opened_at, _)| opened_at.to_sqlx()))
    .bind(after.map_or(Uuid::max(), |(_, id)| id))
    .bind(limit)
    .bind(of.origin)
    .fetch_all(pool)
    .await?;
    read("service_order", rows)
}

/// The statuses are those of the index.
const OPEN_AT: &str = "-- service_order.open_at
    select id, version, state::text from service_order
    where place = $1 and status in ('requested', 'in_review', 'eligible', 'authorised', 'in_progress')
      and (opened_at, id) > (coalesce($2, '-infinity'::timestamptz), $3)
    order by opened_at, id limit $4";

/// Open orders that were asked for, of the shop or warehouse that has their goods, or before they came, of the shop they were
/// asked for at; the oldest first.
pub async fn open_at(pool: &PgPool, place: &str, after: After, limit: i64) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    oldest_first(pool, OPEN_AT, place, after, limit).await
}

/// Service orders that have something under a key, the longest waiting first. The statement takes the key, where the page goes on,
/// and how many.
async fn oldest_first(
    pool: &PgPool,
    statement: &'static str,
    key: &str,
    after: After,
    limit: i64,
) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    let rows = sqlx::query_as(statement)
        .bind(key)
        .bind(after.map(|(since, _)| since.to_sqlx()))
        .bind(after.map_or(Uuid::nil(), |(_, id)| id))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    read("service_order", rows)
}

/// What has a name, by names. The statement takes the key, after which name and id the page goes on, and how many.
async fn by_name<A: DeserializeOwned>(
    pool: &PgPool,
    (table, statement): (&str, &'static str),
    key: Option<&str>,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored<A>>, Fault> {
    let (name, id) = after.unwrap_or_default();
    read(table, sqlx::query_as(statement).bind(key).bind(name).bind(id).bind(limit).fetch_all(pool).await?)
}

/// The statuses of replacements that are not at their end.
pub const OPEN_REPLACEMENTS: [&str; 8] =
    ["wanted", "reserved", "picked", "shipped", "out_of_stock", "offered", "declined", "undecided"];

const REPLACEMENTS: &str = "-- service_order.replacements
    select id, version, state::text from service_order
    where replacements ? $1 and (instant(replacements->>$1), id) > (coalesce($2, '-infinity'::timestamptz), $3)
    order by instant(replacements->>$1), id limit $4";

/// Service orders with a replacement in an open status, the longest in it first. Each of these statuses has its index, which
/// is found because the plan knows the status.
pub async fn replacements(
    pool: &PgPool,
    status: &str,
    after: After,
    limit: i64,
) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    oldest_first(pool, REPLACEMENTS, status, after, limit).await
}

/// Service orders of which a repair is in this status and one is of this technician, newest first; what is not given asks
/// nothing.
pub async fn repairs(
    pool: &PgPool,
    (status, technician): (Option<&str>, Option<&str>),
    after: After,
    limit: i64,
) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    let rows = sqlx::query_as(
        "-- service_order.repairs
         select id, version, state::text from service_order
         where repair_stages is not null and ($1::text is null or repair_stages ? $1)
           and ($2::text is null or repair_technicians ? $2)
           and (opened_at, id) < (coalesce($3, 'infinity'::timestamptz), $4)
         order by opened_at desc, id desc limit $5",
    )
    .bind(status)
    .bind(technician)
    .bind(after.map(|(opened_at, _)| opened_at.to_sqlx()))
    .bind(after.map_or(Uuid::max(), |(_, id)| id))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    read("service_order", rows)
}

/// Technicians, by their names; of one skill where it is given.
pub async fn technicians(
    pool: &PgPool,
    skill: Option<&str>,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored<Technician>>, Fault> {
    let statement = "-- technician.list
        select id, version, state::text from technician
        where ($1::text is null or skills ? $1) and (staff, id) > ($2, $3)
        order by staff, id limit $4";
    by_name(pool, ("technician", statement), skill, after, limit).await
}

/// What the accounts of these purchases hold, by purchase; those that are not known are left out.
pub async fn accounts(pool: &PgPool, ids: &[Uuid]) -> Result<BTreeMap<Uuid, PurchaseAccount>, Fault> {
    let statement = "-- purchase_account.some
        select id, version, state::text from purchase_account where id = any($1)";
    let rows = sqlx::query_as(statement).bind(ids).fetch_all(pool).await?;
    Ok(read("purchase_account", rows)?.into_iter().map(|row: Stored<_>| (row.id, row.state)).collect())
}

/// Goods that were found, newest first; of one status and place where they are given.
pub async fn found(
    pool: &PgPool,
    (status, place): (Option<&str>, Option<&str>),
    after: After,
    limit: i64,
) -> Result<Vec<Stored<FoundGoods>>, Fault> {
    let rows = sqlx::query_as(
        "-- found_goods.list
         select id, version, state::text from found_goods
         where ($1::text is null or status = $1) and ($2::text is null or place = $2)
           and (found_at, id) < (coalesce($3, 'infinity'::timestamptz), $4)
         order by found_at desc, id desc limit $5",
    )
    .bind(status)
    .bind(place)
    .bind(after.map(|(found_at, _)| found_at.to_sqlx()))
    .bind(after.map_or(Uuid::max(), |(_, id)| id))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    read("found_goods", rows)
}

/// One refund.
pub async fn refund(pool: &PgPool, id: Uuid) -> Result<Option<Stored<Refund>>, Fault> {
    let statement = "-- refund.get\n        select id, version, state::text from refund where id = $1";
    let row: Option<StoredRow> = sqlx::query_as(statement).bind(id).fetch_optional(pool).await?;
    row.map(|row| row.read("refund")).transpose()
}

/// Refunds, newest first; of one status where it is given.
pub async fn refunds(
    pool: &PgPool,
    status: Option<&str>,
    after: After,
    limit: i64,
) -> Result<Vec<Stored<Refund>>, Fault> {
    let rows = sqlx::query_as(
        "-- refund.list
         select id, version, state::text from refund
         where ($1::text is null or status = $1) and (queued_at, id) < (coalesce($2, 'infinity'::timestamptz), $3)
         order by queued_at desc, id desc limit $4",
    )
    .bind(status)
    .bind(after.map(|(queued_at, _)| queued_at.to_sqlx()))
    .bind(after.map_or(Uuid::max(), |(_, id)| id))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    read("refund", rows)
}

/// Refunds in a status whose next try is due, longest waiting first.
pub async fn due(pool: &PgPool, status: &str, now: Timestamp, limit: i64) -> Result<Vec<Stored<Refund>>, Fault> {
    let rows = sqlx::query_as(
        "-- refund.due
         select id, version, state::text from refund where status = $1 and next_try_at <= $2
         order by next_try_at limit $3",
    )
    .bind(status)
    .bind(now.to_sqlx())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    read("refund", rows)
}

/// Refunds without an outcome that were queued before, and nobody was told of yet.
pub async fn late(pool: &PgPool, before: Timestamp, limit: i64) -> Result<Vec<Uuid>, Fault> {
    let statement = "-- refund.late
        select id from refund
        where status in ('queued', 'sent', 'unknown', 'by_hand') and queued_at <= $1
          and not coalesce((state->>'overdue')::boolean, false)
        order by queued_at limit $2";
    Ok(sqlx::query_scalar(statement).bind(before.to_sqlx()).bind(limit).fetch_all(pool).await?)
}

/// How many there are in a status, or how much in a currency.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Tally {
    pub key: String,
    pub amount: i64,
}

/// Service orders by status.
pub async fn order_counts(pool: &PgPool) -> Result<Vec<Tally>, Fault> {
    let statement = "-- service_order.counts
        select status as key, count(*) as amount from service_order group by status order by status";
    Ok(sqlx::query_as(statement).fetch_all(pool).await?)
}

/// Refunds by status.
pub async fn refund_counts(pool: &PgPool) -> Result<Vec<Tally>, Fault> {
    let statement = "-- refund.counts
        select status as key, count(*) as amount from refund group by status order by status";
    Ok(sqlx::query_as(statement).fetch_all(pool).await?)
}

/// What was paid, by people or by the provider, in minor units by currency.
pub async fn refunded(pool: &PgPool, by_people: bool) -> Result<Vec<Tally>, Fault> {
    let statement = "-- refund.refunded
        select currency as key, sum(minor)::bigint as amount from refund where status = 'succeeded' and by_people = $1
        group by currency order by currency";
    Ok(sqlx::query_as(statement).bind(by_people).fetch_all(pool).await?)
}

/// Callbacks of the payment provider that were refused, by code.
pub async fn refused_callbacks(pool: &PgPool) -> Result<Vec<Tally>, Fault> {
    let statement = "-- callback_refused.counts
        select code as key, count as amount from callback_refused order by code";
    Ok(sqlx::query_as(statement).fetch_all(pool).await?)
}

/// Orders from so long ago count no more.
const EFFORT_OF: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What was asked of customers for orders that are done and were opened in the last 90 days.
pub async fn effort(pool: &PgPool, now: Timestamp) -> Result<EffortFigures, Fault> {
    let statement = "-- service_order.effort
        select count(*), coalesce(avg(interactions), 0)::float8, coalesce(avg(documents), 0)::float8,
          coalesce(percentile_disc(0.9) within group (order by interactions), 0),
          coalesce(percentile_disc(0.9) within group (order by documents), 0),
          coalesce(avg(asked_too_much::integer), 0)::float8
        from service_order
        where interactions > 0 and status in ('completed', 'closed_partial') and opened_at >= $1";
    let since = now.checked_sub(EFFORT_OF).unwrap_or(Timestamp::MIN);
    let (orders, interactions_mean, documents_mean, interactions_p90, documents_p90, above_ceiling) =
        sqlx::query_as::<_, (i64, f64, f64, i32, i32, f64)>(statement).bind(since.to_sqlx()).fetch_one(pool).await?;
    Ok(EffortFigures {
        orders: orders.unsigned_abs(),
        interactions_mean,
        interactions_p90: interactions_p90.unsigned_abs(),
        documents_mean,
        documents_p90: documents_p90.unsigned_abs(),
        above_ceiling,
    })
}

/// What shop systems did not take in its time, by channel.
pub async fn failed_webhooks(pool: &PgPool) -> Result<Vec<Tally>, Fault> {
    let statement = "-- webhook.failed
        select receiver as key, count(*) as amount from webhook_delivery where failed_at is not null
        group by receiver order by receiver";
    Ok(sqlx::query_as(statement).fetch_all(pool).await?)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
