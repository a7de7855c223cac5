//! What is asked of compensations and of the budgets they are taken from. Nothing is changed here.
use backbone::Fault;
use sqlx::PgPool;
use uuid::Uuid;

use super::{After, Stored, by_name, oldest_first};
use crate::domain::{budget::Budget, order::ServiceOrder};

/// Service orders whose compensation is in an open stage, the longest in it first.
pub async fn compensations(
    pool: &PgPool,
    status: &str,
    after: After,
    limit: i64,
) -> Result<Vec<Stored<ServiceOrder>>, Fault> {
    let statement = "-- service_order.compensations
        select id, version, state::text from service_order
        where compensation = $1 and compensation not in ('given', 'refused')
          and (compensation_since, id) > (coalesce($2, '-infinity'::timestamptz), $3)
        order by compensation_since, id limit $4";
    oldest_first(pool, statement, status, after, limit).await
}

/// The budgets of a month, by their names.
pub async fn budgets(
    pool: &PgPool,
    month: &str,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored<Budget>>, Fault> {
    let statement = "-- compensation_budget.list
        select id, version, state::text from compensation_budget
        where month = $1 and (name, id) > ($2, $3) order by name, id limit $4";
    by_name(pool, ("compensation_budget", statement), Some(month), after, limit).await
}
