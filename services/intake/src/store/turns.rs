//! Reading for cases by turns: who took the last one, and how many everybody has.
use std::collections::HashMap;

use backbone::Fault;
use sqlx::PgPool;
use uuid::Uuid;

/// Who of a team took the last case by turns.
pub async fn last_turn(pool: &PgPool, team_id: Uuid) -> Result<Option<String>, Fault> {
    let last = sqlx::query_scalar("-- team_turn.last\nselect last from team_turn where team_id = $1");
    Ok(last.bind(team_id).fetch_optional(pool).await?)
}

/// How many running cases each of these people has; whoever has none is left out.
pub async fn running_cases_of(pool: &PgPool, people: &[&str]) -> Result<HashMap<String, u32>, Fault> {
    let counted: Vec<(String, i64)> = sqlx::query_as(
        "-- case_file.running_of
         select assigned_to, count(*) from case_file where assigned_to = any($1)
           and status in ('routed', 'responded', 'awaiting_info', 'reopened') group by assigned_to",
    )
    .bind(people)
    .fetch_all(pool)
    .await?;
    Ok(counted.into_iter().map(|(who, cases)| (who, u32::try_from(cases).unwrap_or(u32::MAX))).collect())
}
