//! Questions about improvement actions and suggestions.
use backbone::Fault;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use uuid::Uuid;

use super::{NOTES_MAX, Note, Stored, Versioned, versioned};
use crate::domain::{ImprovementAction, Suggestion};

/// What was written about one thing, newest first.
pub async fn notes_of(pool: &PgPool, owner: Uuid) -> Result<Vec<Note>, Fault> {
    let notes = sqlx::query_as(
        "-- note.of_owner
         select owner, field, body, written_by, written_at,
                row_number() over (partition by field order by id) as number
         from private_text where owner = $1
         order by id desc limit $2",
    )
    .bind(owner)
    .bind(NOTES_MAX)
    .fetch_all(pool)
    .await?;
    Ok(notes)
}

/// Improvement actions, oldest first.
pub async fn improvements(
    pool: &PgPool,
    owner: Option<&str>,
    status: Option<&str>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Versioned<ImprovementAction>>, Fault> {
    let (after_at, after_id) = after.unzip();
    let found: Vec<Stored<ImprovementAction>> = sqlx::query_as(
        "-- improvement_action.list
         select version, state from improvement_action
         where ($1::text is null or owner = $1)
           and ($2::text is null or status = $2)
           and ($3::timestamptz is null or (proposed_at, id) > ($3, $4))
         order by proposed_at, id limit $5",
    )
    .bind(owner)
    .bind(status)
    .bind(after_at.map(ToSqlx::to_sqlx))
    .bind(after_id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(found.into_iter().map(versioned).collect())
}

/// Suggestions, oldest first.
pub async fn suggestions(
    pool: &PgPool,
    status: Option<&str>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Versioned<Suggestion>>, Fault> {
    let (after_at, after_id) = after.unzip();
    let found: Vec<Stored<Suggestion>> = sqlx::query_as(
        "-- suggestion.list
         select version, state from suggestion
         where ($1::text is null or status = $1)
           and ($2::timestamptz is null or (recorded_at, id) > ($2, $3))
         order by recorded_at, id limit $4",
    )
    .bind(status)
    .bind(after_at.map(ToSqlx::to_sqlx))
    .bind(after_id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(found.into_iter().map(versioned).collect())
}
