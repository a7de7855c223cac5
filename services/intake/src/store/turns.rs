//! Cases by turns: one at a time, and what is read for it: who took the last one, and how many everybody has.
use std::collections::HashMap;

use backbone::Fault;
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// What processes lock while one of them gives a case by turns.
const TURNS: i64 = 0x7465_616d_7475_726e;

/// Whoever has it gives a case by turns, and nobody else does, until it is dropped.
pub struct MyTurn<'a> {
    _everywhere: Transaction<'static, Postgres>,
    _here: MutexGuard<'a, ()>,
}

/// Waits for the turn: in this process in memory, so that whoever waits keeps no connection, then among all processes, by a lock
/// that ends with its transaction, also where the process dies.
pub async fn my_turn<'a>(pool: &PgPool, here: &'a Mutex<()>) -> Result<MyTurn<'a>, Fault> {
    let here = here.lock().await;
    let mut everywhere = pool.begin().await?;
    let lock = sqlx::query("-- team_turn.lock\nselect pg_advisory_xact_lock($1)").bind(TURNS);
    lock.execute(&mut *everywhere).await?;
    Ok(MyTurn { _everywhere: everywhere, _here: here })
}

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
