//! Rows of side tables, written in the same transaction as the changes they go with: one call of a statement for all
//! rows of a batch, column by column, in the order of their keys. Invariant: a call never holds two rows of one key, so
//! a statement that says `on conflict do update` never meets its own row.
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

/// A row for a statement that reads `unnest($1::uuid[], …)`: the keys in `$1`, then one array a value, in order.
#[derive(Clone, Debug)]
pub struct Row {
    statement: &'static str,
    pub(crate) key: Uuid,
    values: Vec<Value>,
}

impl Row {
    /// A row without values. Rows of one statement must have the same number and types of values.
    pub fn new(statement: &'static str, key: Uuid) -> Self {
        Self { statement, key, values: Vec::new() }
    }

    /// And its next value: a uuid, text, bytea, bigint or timestamptz, or nothing.
    #[must_use]
    pub fn with(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

/// One value of a row.
#[derive(Clone, Debug)]
pub enum Value {
    /// uuid
    Id(Option<Uuid>),
    /// text
    Text(Option<String>),
    /// bytea
    Bytes(Option<Vec<u8>>),
    /// bigint
    Number(Option<i64>),
    /// timestamptz
    Instant(Option<Timestamp>),
}

macro_rules! values {
    ($($kind:ident($type:ty)),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$kind(Some(value))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value)
            }
        }
    )*};
}
values!(Id(Uuid), Text(String), Bytes(Vec<u8>), Number(i64), Instant(Timestamp));

/// Writes all rows, statement by statement; the same statements always in the same order, so that two batches never
/// wait for each other.
pub async fn write(connection: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    for (statement, rows) in calls(rows) {
        let keys: Vec<Uuid> = rows.iter().map(|row| row.key).collect();
        let mut query = sqlx::query(statement).bind(keys);
        for column in 0..rows.first().map_or(0, |row| row.values.len()) {
            let values: Option<Vec<&Value>> = rows.iter().map(|row| row.values.get(column)).collect();
            let bound = values.and_then(|values| bind(query, &values));
            query =
                bound.ok_or_else(|| sqlx::Error::Encode(format!("rows of several shapes for {statement}").into()))?;
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// The rows of each call. A second row of a key goes into another call, after the first.
fn calls(rows: &[Row]) -> Vec<(&'static str, Vec<&Row>)> {
    let mut calls: BTreeMap<(&'static str, usize), BTreeMap<Uuid, &Row>> = BTreeMap::new();
    let mut seen: BTreeMap<(&'static str, Uuid), usize> = BTreeMap::new();
    for row in rows {
        let earlier = seen.entry((row.statement, row.key)).or_default();
        calls.entry((row.statement, *earlier)).or_default().insert(row.key, row);
        *earlier += 1;
    }
    calls.into_iter().map(|((statement, _), rows)| (statement, rows.into_values().collect())).collect()
}

type Call<'q> = Query<'q, Postgres, PgArguments>;

/// Binds a column; `None` when its values are of several types.
fn bind<'q>(query: Call<'q>, column: &[&Value]) -> Option<Call<'q>> {
    macro_rules! all {
        ($kind:ident) => {
            column
                .iter()
                .map(|value| match value {
                    Value::$kind(value) => Some(value.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?
        };
    }
    Some(match column.first()? {
        Value::Id(_) => query.bind(all!(Id)),
        Value::Text(_) => query.bind(all!(Text)),
        Value::Bytes(_) => query.bind(all!(Bytes)),
        Value::Number(_) => query.bind(all!(Number)),
        Value::Instant(_) => {
            query.bind(all!(Instant).into_iter().map(|at| at.map(ToSqlx::to_sqlx)).collect::<Vec<_>>())
        }
    })
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
