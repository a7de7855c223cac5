//! Rows of side tables, written in the same transaction as the changes they go with: one call of a statement for all
//! rows of a batch, column by column, in the order of their keys. Invariant: a call never holds two rows of one key, so
//! a statement that says `on conflict do update` never meets its own row.
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::script::Script;

/// A row for a statement written as common table expressions: `kept as (insert into …)`, with names used nowhere else.
/// It reads `unnest($1::uuid[], …)`: the keys in `$1`, then one array a value, in order.
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

/// Writes rows that go with no change: in the caller's transaction.
pub async fn write(connection: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    for script in scripts(Script::default(), rows) {
        script.run(connection).await?;
    }
    Ok(())
}

/// Adds the rows to the first script, and to others after it where a key comes again.
pub(crate) fn scripts<'a>(first: Script, rows: impl IntoIterator<Item = &'a Row>) -> Vec<Script> {
    let mut scripts = vec![first];
    for ((turn, statement), rows) in calls(rows) {
        scripts.resize_with(scripts.len().max(turn + 1), Script::default);
        if let Some(script) = scripts.get_mut(turn) {
            part(script, statement, &rows.into_values().collect::<Vec<_>>());
        }
    }
    scripts
}

type Calls<'a> = BTreeMap<(usize, &'static str), BTreeMap<Uuid, &'a Row>>;

/// The rows of each call, by turn and statement: the same statements always in the same order, so that two batches
/// never wait for each other. A second row of a key has a later turn.
fn calls<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Calls<'a> {
    let mut calls = Calls::new();
    let mut seen: BTreeMap<(&'static str, Uuid), usize> = BTreeMap::new();
    for row in rows {
        let turn = seen.entry((row.statement, row.key)).or_default();
        calls.entry((*turn, row.statement)).or_default().insert(row.key, row);
        *turn += 1;
    }
    calls
}

fn part(script: &mut Script, statement: &str, rows: &[&Row]) {
    script.part(statement).bind(rows.iter().map(|row| row.key).collect::<Vec<_>>());
    for column in 0..rows.first().map_or(0, |row| row.values.len()) {
        let values: Option<Vec<&Value>> = rows.iter().map(|row| row.values.get(column)).collect();
        if values.and_then(|values| bind(script, &values)).is_none() {
            script.fail(format!("rows of several shapes for {statement}"));
        }
    }
}

/// Binds a column; `None` when its values are of several types.
fn bind(script: &mut Script, column: &[&Value]) -> Option<()> {
    macro_rules! all {
        ($kind:ident, $read:ident) => {
            column
                .iter()
                .map(|value| match value {
                    Value::$kind(value) => Some(value.$read()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?
        };
    }
    match column.first()? {
        Value::Id(_) => script.bind(all!(Id, to_owned)),
        Value::Text(_) => script.bind(all!(Text, as_deref)),
        Value::Bytes(_) => script.bind(all!(Bytes, as_deref)),
        Value::Number(_) => script.bind(all!(Number, to_owned)),
        Value::Instant(_) => {
            script.bind(all!(Instant, to_owned).into_iter().map(|at| at.map(ToSqlx::to_sqlx)).collect::<Vec<_>>())
        }
    };
    Some(())
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
