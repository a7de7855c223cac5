//! Documents that have versions (policies, calendars, matrices), as this service first read them. What was promised or
//! decided under a version names its number and nothing else; who changes what stands in it counts the number up.
//! Invariant: a service does not start with another content of a version that it has read before; the first reader wins.
use std::{path::Path, time::Duration};

use anyhow::Context as _;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::config;

/// How long a start waits for the database to compare.
const PATIENCE: Duration = Duration::from_secs(5);

/// One version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    kind: &'static str,
    id: String,
    version: i64,
    /// Of what was written, without comments and the order of its keys: of what readers make of it nothing is asked, so that
    /// a reader who learns more words finds the same.
    hash: String,
    /// Where it stands, for people.
    from: String,
}

impl Document {
    /// A version that stands in a place. `content` is as it was written.
    pub fn new(kind: &'static str, id: &str, version: u64, content: &Value, from: &str) -> Self {
        let hash = Sha256::digest(content.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        Self { kind, id: id.to_owned(), version, hash, from: from.to_owned() }
    }

    /// The versions in a file, or in the shipped text where none is named: each table of the list at the pointer `at` is one
    /// (the whole is, where that is empty), under what stands in its field `id`; without a `version` it is the first.
    /// Errors: the file cannot be read, or is no TOML.
    pub fn read(
        kind: &'static str,
        (at, id): (&str, &str),
        file: Option<&Path>,
        shipped: &str,
    ) -> anyhow::Result<Vec<Self>> {
        let whole: Value = config::document(file, shipped)?;
        let from = file.map_or_else(|| "the shipped file".to_owned(), |file| file.display().to_string());
        let tables = match at {
            "" => vec![&whole],
            at => whole.pointer(at).and_then(Value::as_array).into_iter().flatten().collect(),
        };
        let one = |table: &Value| {
            let (id, version) = (table[id].as_str().unwrap_or_default(), table["version"].as_u64().unwrap_or(1));
            Self::new(kind, id, version, table, &from)
        };
        Ok(tables.into_iter().map(one).collect())
    }
}

/// Compares documents with what is kept, and keeps what is new. Where the database is not there (yet) nothing is compared,
/// and that is logged. Errors: a version holds something else than before; each is named with the way out.
pub(crate) async fn keep(pool: &PgPool, documents: &[Document]) -> anyhow::Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let compared = tokio::time::timeout(PATIENCE, changed(pool, documents)).await;
    let changed = match compared.context("the database does not answer").and_then(|told| told.map_err(Into::into)) {
        Ok(changed) => changed,
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "documents are not compared with what was read of them before"
            );
            return Ok(());
        }
    };
    let said = |(kind, id, version): &(String, String, i64)| {
        let known = documents.iter().find(|one| (one.kind, one.id.as_str(), one.version) == (kind, id, *version));
        let from = known.map_or("", |one| &one.from);
        format!(
            "{kind} {id} version {version} ({from}) holds something else than when it was first read, and what was said \
             under that version stays: give what you changed the next version, or put the old content back"
        )
    };
    let said: Vec<String> = changed.iter().map(said).collect();
    anyhow::ensure!(said.is_empty(), "{}", said.join("\n"));
    Ok(())
}

/// Keeps what is new; those that hold something else than what is kept.
async fn changed(pool: &PgPool, documents: &[Document]) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
    let column = |of: fn(&Document) -> &str| documents.iter().map(|one| of(one).to_owned()).collect::<Vec<_>>();
    let (kinds, ids, hashes) = (column(|one| one.kind), column(|one| &one.id), column(|one| &one.hash));
    let versions: Vec<i64> = documents.iter().map(|one| one.version).collect();
    sqlx::query(
        "-- document.keep
         insert into document (kind, id, version, hash)
         select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) on conflict do nothing",
    )
    .bind(&kinds)
    .bind(&ids)
    .bind(&versions)
    .bind(&hashes)
    .execute(pool)
    .await?;
    sqlx::query_as(
        "-- document.changed
         select kind, id, version
         from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) as given (kind, id, version, hash)
         join document as known using (kind, id, version) where known.hash <> given.hash order by kind, id, version",
    )
    .bind(kinds)
    .bind(ids)
    .bind(versions)
    .bind(hashes)
    .fetch_all(pool)
    .await
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
