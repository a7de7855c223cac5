//! The versions of the policy of returns, and what was decided. Nothing is changed here.
use backbone::Fault;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::returns::{AGREED_ID, Receipt};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Stored, StoredRow};
use crate::domain::{
    order::{goods::Finding, request::Line},
    policies::PolicyBook,
};

/// An order, when it was opened, and what was decided of its lines: each decision with the pieces it is the last one of, and how many
/// its line has.
pub type Decided = (Uuid, Timestamp, Vec<(Receipt, (u32, u32))>);

/// What was decided in orders opened since then and before that place, newest first, new decisions after inspections too.
/// Orders without any are there with none.
pub async fn decided(
    pool: &PgPool,
    since: Timestamp,
    before: (Timestamp, Uuid),
    limit: i64,
) -> Result<Vec<Decided>, Fault> {
    let statement = "-- service_order.decided
        select id, state->>'opened_at', (state#>'{request,lines}')::text from service_order
        where opened_at >= $1 and (opened_at, id) < ($2, $3) order by opened_at desc, id desc limit $4";
    let rows: Vec<(Uuid, String, Option<String>)> = sqlx::query_as(statement)
        .bind(since.to_sqlx())
        .bind(before.0.to_sqlx())
        .bind(before.1)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let broken =
        |id: Uuid, error: String| Fault::broken(format!("service_order.state of row {id} cannot be read: {error}"));
    let decided = |(id, opened_at, lines): (Uuid, String, Option<String>)| {
        let opened_at = opened_at.parse().map_err(|error: jiff::Error| broken(id, error.to_string()))?;
        let lines: Vec<Line> = match lines {
            Some(lines) => serde_json::from_str(&lines).map_err(|error| broken(id, error.to_string()))?,
            None => vec![],
        };
        // No policy of returns has anything to say of what was agreed.
        let receipts = lines.into_iter().filter(|line| line.receipt.policy.id != AGREED_ID).flat_map(of_pieces);
        Ok((id, opened_at, receipts.collect()))
    };
    rows.into_iter().map(decided).collect()
}

/// What was decided of a line, and again of its pieces that an inspection rejected.
fn of_pieces(line: Line) -> impl Iterator<Item = (Receipt, (u32, u32))> {
    let inspections = line.leg.into_iter().flat_map(|leg| leg.inspections);
    let rejected = |findings: Vec<Finding>| findings.iter().filter(|one| !one.accepted).map(|one| one.quantity).sum();
    let renewed: Vec<(Receipt, u32)> =
        inspections.filter_map(|one| Some((one.renewed?, rejected(one.findings)))).collect();
    let rest = renewed.iter().fold(line.quantity, |rest, (_, pieces)| rest.saturating_sub(*pieces));
    let decisions = std::iter::once((line.receipt, rest)).chain(renewed);
    decisions.map(move |(receipt, pieces)| (receipt, (pieces, line.quantity)))
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
