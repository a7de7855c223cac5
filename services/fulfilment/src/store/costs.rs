//! What is asked of the ledgers of orders and of charge-backs. Nothing is changed here.
use backbone::Fault;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{After, Stored, StoredRow, read};
use crate::domain::{
    chargeback::Chargeback,
    ledger::{Account, CostLedger},
    ledger_id,
};

/// The ledger of an order; none where nothing was posted for it.
pub async fn ledger(pool: &PgPool, order_id: Uuid) -> Result<Option<Stored<CostLedger>>, Fault> {
    let statement = "-- cost_ledger.get\n        select id, version, state::text from cost_ledger where id = $1";
    let row: Option<StoredRow> = sqlx::query_as(statement).bind(ledger_id(order_id)).fetch_optional(pool).await?;
    row.map(|row| row.read("cost_ledger")).transpose()
}

/// Which costs are meant; what is not given asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    pub cause: Option<String>,
    pub department: Option<String>,
    pub supplier: Option<String>,
    pub batch: Option<String>,
    /// Posted from then on.
    pub from: Option<Timestamp>,
    /// Posted before.
    pub to: Option<Timestamp>,
}

/// A posting as its table has it.
#[derive(Clone, Debug, FromRow)]
pub struct CostRow {
    pub id: Uuid,
    pub entry_id: Uuid,
    pub place: i64,
    pub order_id: Uuid,
    pub account: String,
    pub minor: i64,
    pub currency: String,
    pub cause: String,
    pub department: String,
    pub supplier: String,
    pub batch: String,
    pub occurred_at: jiff_sqlx::Timestamp,
}

/// So much of an account in a currency.
#[derive(Clone, Debug, FromRow)]
pub struct CostSum {
    pub account: String,
    pub currency: String,
    pub minor: i64,
}

macro_rules! meant {
    () => {
        "where account = any($1) and ($2::text is null or cause = $2) and ($3::text is null or department = $3)
           and ($4::text is null or supplier = $4) and ($5::text is null or batch = $5)
           and ($6::timestamptz is null or occurred_at >= $6) and ($7::timestamptz is null or occurred_at < $7)"
    };
}

/// The accounts of costs, as they are written.
fn accounts() -> Vec<&'static str> {
    Account::ALL.into_iter().filter(|account| account.is_cost()).map(Account::word).collect()
}

const COSTS: &str = concat!(
    "-- posting.list
     select id, entry_id, place, order_id, account, minor, currency, cause, department, supplier, batch, occurred_at
     from posting ",
    meant!(),
    " and (occurred_at, id) < (coalesce($8, 'infinity'::timestamptz), $9)
     order by occurred_at desc, id desc limit $10"
);

/// Costs, newest first. Each dimension has its index, which is found because the plan knows what is asked.
pub async fn costs(pool: &PgPool, of: &Costs, after: After, limit: i64) -> Result<Vec<CostRow>, Fault> {
    let rows = sqlx::query_as(COSTS)
        .bind(accounts())
        .bind(of.cause.as_deref())
        .bind(of.department.as_deref())
        .bind(of.supplier.as_deref())
        .bind(of.batch.as_deref())
        .bind(of.from.map(ToSqlx::to_sqlx))
        .bind(of.to.map(ToSqlx::to_sqlx))
        .bind(after.map(|(occurred_at, _)| occurred_at.to_sqlx()))
        .bind(after.map_or(Uuid::max(), |(_, id)| id))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(rows)
}

/// All of them together, by account and currency. Errors: more than can be counted.
pub async fn cost_sums(pool: &PgPool, of: &Costs) -> Result<Vec<CostSum>, Fault> {
    let statement = concat!(
        "-- posting.sums
         select account, currency, sum(minor)::bigint as minor from posting ",
        meant!(),
        " group by account, currency order by account, currency"
    );
    let rows = sqlx::query_as(statement)
        .bind(accounts())
        .bind(of.cause.as_deref())
        .bind(of.department.as_deref())
        .bind(of.supplier.as_deref())
        .bind(of.batch.as_deref())
        .bind(of.from.map(ToSqlx::to_sqlx))
        .bind(of.to.map(ToSqlx::to_sqlx))
        .fetch_all(pool)
        .await?;
    Ok(rows)
}

/// One charge-back.
pub async fn chargeback(pool: &PgPool, id: Uuid) -> Result<Option<Stored<Chargeback>>, Fault> {
    let statement = "-- chargeback.get\n        select id, version, state::text from chargeback where id = $1";
    let row: Option<StoredRow> = sqlx::query_as(statement).bind(id).fetch_optional(pool).await?;
    row.map(|row| row.read("chargeback")).transpose()
}

/// Charge-backs, newest first; of one status, supplier or order where it is given.
pub async fn chargebacks(
    pool: &PgPool,
    (status, supplier, order_id): (Option<&str>, Option<&str>, Option<Uuid>),
    after: After,
    limit: i64,
) -> Result<Vec<Stored<Chargeback>>, Fault> {
    let rows = sqlx::query_as(
        "-- chargeback.list
         select id, version, state::text from chargeback
         where ($1::text is null or status = $1) and ($2::text is null or supplier = $2)
           and ($3::uuid is null or order_id = $3)
           and (proposed_at, id) < (coalesce($4, 'infinity'::timestamptz), $5)
         order by proposed_at desc, id desc limit $6",
    )
    .bind(status)
    .bind(supplier)
    .bind(order_id)
    .bind(after.map(|(proposed_at, _)| proposed_at.to_sqlx()))
    .bind(after.map_or(Uuid::max(), |(_, id)| id))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    read("chargeback", rows)
}
