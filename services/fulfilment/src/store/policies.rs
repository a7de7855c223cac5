//! The versions of the policy of returns. Nothing is changed here.
use backbone::Fault;
use sqlx::PgPool;

use super::{Stored, StoredRow};
use crate::domain::policies::PolicyBook;

/// Whether anything was ever decided by a policy of returns.
pub async fn has_decided(pool: &PgPool) -> Result<bool, Fault> {
    let statement = "-- service_order.has_decided
        select exists (select from service_order where state->'request'->'lines'->0->'receipt' is not null)";
    Ok(sqlx::query_scalar(statement).fetch_one(pool).await?)
}

/// What is newer than what is known.
pub async fn newer(pool: &PgPool, known: Option<u64>) -> Result<Option<Stored<PolicyBook>>, Fault> {
    let known = known.map_or(-1, |version| i64::try_from(version).unwrap_or(i64::MAX));
    let statement =
        "-- policy_book.newer\n        select id, version, state::text from policy_book where id = $1 and version > $2";
    let row: Option<StoredRow> =
        sqlx::query_as(statement).bind(PolicyBook::id()).bind(known).fetch_optional(pool).await?;
    row.map(|row| row.read("policy_book")).transpose()
}
