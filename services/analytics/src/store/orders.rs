//! Counts for the metrics about service orders: money back, compensation, what was asked of customers, and what it cost.
use backbone::Fault;
use contracts::{
    Event,
    fulfilment::v1::{CompensationMoved, CostPosted, OrderFinished, RefundSucceeded},
    intake::v1::PurchaseRecorded,
};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection};

use super::share;
use crate::domain::{
    figure::Money,
    orders::{Cost, Dimension, Effort, Given, Of},
    period::Period,
};

/// Of each dimension of costs so many words stand for themselves, the greatest first; the others stand together.
const WORDS: i64 = 20;

/// Money for M18, a currency each.
pub async fn money(tx: &mut PgConnection, period: Period) -> Result<Vec<Money>, Fault> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "-- figures.money
         -- M18: decisions to refund of which money reached the customer in P, by however many means; that money
         --      / net sales in P (what was paid for purchases bought in P), a currency each. Compensation is M18c.
         select currency, count(distinct coalesce(about, aggregate_id)) filter (where type = $4),
                coalesce(sum(minor) filter (where type = $4), 0)::bigint,
                coalesce(sum(minor) filter (where type = $3), 0)::bigint
         from fact where type in ($3, $4) and occurred_at >= $1 and occurred_at < $2
           and outcome is distinct from 'compensation'
         group by currency order by currency",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(PurchaseRecorded::TYPE)
    .bind(RefundSucceeded::TYPE)
    .fetch_all(tx)
    .await?;
    let money = |(currency, refunds, refunded, sales): (String, i64, i64, i64)| Money {
        currency,
        refunds: refunds.unsigned_abs(),
        refunded: refunded.unsigned_abs(),
        sales: sales.unsigned_abs(),
    };
    Ok(rows.into_iter().map(money).collect())
}

/// Counts for M18c, by what was given and the currency of its worth.
pub async fn given(tx: &mut PgConnection, period: Period) -> Result<Vec<Given>, Fault> {
    let rows: Vec<(Option<String>, Option<String>, i64, i64)> = sqlx::query_as(
        "-- figures.given
         -- M18c: compensations given to customers in P, and what they are worth
         select code, currency, count(distinct aggregate_id), coalesce(sum(minor), 0)::bigint
         from fact where type = $3 and outcome = 'given' and occurred_at >= $1 and occurred_at < $2
         group by code, currency order by code, currency",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CompensationMoved::TYPE)
    .fetch_all(tx)
    .await?;
    let given = |(what, currency, n, minor): (Option<String>, Option<String>, i64, i64)| Given {
        what: what.unwrap_or_default(),
        currency,
        n: n.unsigned_abs(),
        minor,
    };
    Ok(rows.into_iter().map(given).collect())
}

#[derive(FromRow)]
struct EffortRow {
    code: Option<String>,
    policy: Option<String>,
    n: i64,
    mean: Option<f64>,
    quantiles: Option<Vec<f64>>,
    interactions: Option<f64>,
    documents: Option<f64>,
    over: i64,
    within: i64,
}

/// Counts for M37: those of all orders first, then by kind, then by the ceilings they were held against.
pub async fn efforts(tx: &mut PgConnection, period: Period) -> Result<Vec<Effort>, Fault> {
    let rows: Vec<EffortRow> = sqlx::query_as(
        "-- figures.efforts
         -- M37: interactions + documents asked of the customer per order finished in P; all kinds but compensation, for
         --      which nothing is asked; over = more than the ceilings of R-FUL-09 that it was held against
         select code, policy, count(*) as n, avg(number + base)::float8 as mean,
                percentile_cont(array[0.5, 0.9]) within group (order by (number + base)::float8) as quantiles,
                avg(number)::float8 as interactions, avg(base)::float8 as documents,
                count(*) filter (where exceeded = 1) as over, count(*) filter (where exceeded = 0) as within
         from fact where type = $3 and occurred_at >= $1 and occurred_at < $2 and number is not null
           and code is distinct from 'compensation'
         group by grouping sets ((), (code), (policy))
         having grouping(code, policy) = 3 or code is not null or policy is not null
         order by grouping(code, policy) = 3 desc, code nulls last, policy",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(OrderFinished::TYPE)
    .fetch_all(tx)
    .await?;
    let effort = |row: EffortRow| {
        let of = |place: usize| row.quantiles.as_ref().and_then(|q| q.get(place).copied());
        Effort {
            of: match (row.code, row.policy) {
                (Some(kind), _) => Of::Kind(kind),
                (None, Some(ceilings)) => Of::Ceilings(ceilings),
                (None, None) => Of::All,
            },
            n: row.n.unsigned_abs(),
            mean: row.mean,
            quantiles: [of(0), of(1)],
            interactions: row.interactions,
            documents: row.documents,
            over: share(row.over, row.within),
        }
    };
    Ok(rows.into_iter().map(effort).collect())
}

#[derive(FromRow)]
struct CostRow {
    currency: String,
    dimension: i32,
    word: Option<String>,
    minor: i64,
    postings: i64,
    orders: i64,
}

/// Sums for M34: of each currency all costs, then by account, cause, department, supplier and batch.
pub async fn costs(tx: &mut PgConnection, period: Period) -> Result<Vec<Cost>, Fault> {
    let rows: Vec<CostRow> = sqlx::query_as(
        "-- figures.costs
         -- M34: sum of the postings of P on accounts of costs, less incomes, a currency each; in all, and by account,
         --      cause, department, supplier and batch. Of each the $4 greatest, and the others together as '*'.
         with posted as (
           select cost.*, fact.aggregate_id as ledger from cost join fact using (event_id)
           where fact.type = $3 and fact.occurred_at >= $1 and fact.occurred_at < $2),
         summed as (
           select posted.currency, grouping(account, cause, posted.department, supplier, posted.batch) as dimension,
                  coalesce(account, cause, posted.department, supplier, posted.batch) as word,
                  sum(posted.minor) as minor, count(*) as postings, count(distinct ledger) as orders
           from posted
           group by grouping sets ((posted.currency), (posted.currency, account), (posted.currency, cause),
             (posted.currency, posted.department), (posted.currency, supplier), (posted.currency, posted.batch))),
         ranked as (
           select *, row_number() over (partition by currency, dimension order by abs(minor) desc, word) as place
           from summed)
         select currency, dimension, case when place <= $4 then word else '*' end as word,
                sum(minor)::bigint as minor, sum(postings)::bigint as postings, max(orders)::bigint as orders
         from ranked group by currency, dimension, 3, least(place, $4 + 1)
         order by currency, dimension desc, least(place, $4 + 1)",
    )
    .bind(period.from().to_sqlx())
    .bind(period.to().to_sqlx())
    .bind(CostPosted::TYPE)
    .bind(WORDS)
    .fetch_all(tx)
    .await?;
    let cost = |row: CostRow| Cost {
        currency: row.currency,
        // One bit for each that is not grouped by, the first the highest.
        dimension: match row.dimension {
            0b01111 => Some(Dimension::Account),
            0b10111 => Some(Dimension::Cause),
            0b11011 => Some(Dimension::Department),
            0b11101 => Some(Dimension::Supplier),
            0b11110 => Some(Dimension::Batch),
            _ => None,
        },
        word: row.word,
        minor: row.minor,
        postings: row.postings.unsigned_abs(),
        orders: row.orders.unsigned_abs(),
    };
    Ok(rows.into_iter().map(cost).collect())
}
