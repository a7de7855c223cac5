//! The one transaction of the road: read what the units need, let them decide, write everything, commit. A repeat of
//! the whole is always safe: nothing outside the database happens here.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff_sqlx::ToSqlx;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use crate::{
    aggregate::{Key, Kind},
    batch::{self, Decided, Known, Outcome, Stored, Wanted},
    clock::Clock,
    fault::Fault,
    gate::{Passage, Position},
    journal::{self, Link},
    row,
    unit::Unit,
};

/// Why a transaction did not commit.
#[derive(Debug)]
pub(crate) enum Abort {
    /// Somebody else was faster; the same again will do.
    Again(sqlx::Error),
    /// The database is away.
    Away(sqlx::Error),
    /// Something in the batch cannot be written or read.
    Culprit(Fault),
}

impl From<sqlx::Error> for Abort {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => match cause.code().as_deref() {
                Some("40001" | "40P01" | "55P03") => Self::Again(error),
                code if passes_by_itself(code) => Self::Away(error),
                _ => Self::Culprit(Fault::internal(error)),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Away(error),
            _ => Self::Culprit(Fault::internal(error)),
        }
    }
}

/// Whether a database error says "not now" rather than "never": starting, stopping, out of connections, too slow.
pub(crate) fn passes_by_itself(code: Option<&str>) -> bool {
    code.is_some_and(|c| {
        c.starts_with("08")
            || c.starts_with("53")
            || c.starts_with("57")
            || matches!(c, "40001" | "40P01" | "55P03" | "25P03")
    })
}

/// How aggregates are locked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locking {
    Wait,
    /// Leave what others hold for the next time (deadlines, which lock in the other order).
    Skip,
}

/// Runs a batch in one transaction and says what came of each unit. On a repeat nothing counts as surely new.
pub(crate) async fn run(pool: &PgPool, clock: &Clock, units: &[Unit], repeat: bool) -> Result<Vec<Outcome>, Abort> {
    let mut tx = pool.begin().await?;
    let mut known = Known {
        answers: answers(&mut tx, units).await?,
        positions: positions(&mut tx, units).await?,
        ..Known::default()
    };
    let changes = units.iter().flat_map(|unit| &unit.changes);
    let wanted = changes.filter(|c| repeat || !c.fresh).map(|c| (c.key(), c.kind)).collect();
    load(&mut tx, &mut known, &wanted, Locking::Wait).await?;
    let decided = settle(&mut tx, units, &mut known, clock).await?;
    write(&mut tx, units, &decided, &known, clock).await?;
    tx.commit().await?;
    Ok(decided.outcomes)
}

/// Decides until nothing is missing any more, and writes nothing.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    units: &[Unit],
    known: &mut Known,
    clock: &Clock,
) -> Result<Decided, Abort> {
    let now = clock.now();
    loop {
        match batch::decide(units, known, now) {
            Ok(decided) => return Ok(decided),
            Err(wanted) => load(tx, known, &wanted, Locking::Wait).await?,
        }
    }
}

async fn answers(tx: &mut PgConnection, units: &[Unit]) -> Result<HashMap<String, (Vec<u8>, Vec<u8>)>, sqlx::Error> {
    let keys: Vec<&str> = units.iter().filter_map(|u| u.key.as_ref()).map(|k| k.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query("-- inbox.answers\nselect key, fingerprint, answer from inbox where key = any($1)")
        .bind(&keys)
        .fetch_all(tx)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("key")?, (row.try_get("fingerprint")?, row.try_get("answer")?)))).collect()
}

async fn positions(tx: &mut PgConnection, units: &[Unit]) -> Result<HashMap<(String, Uuid), Position>, sqlx::Error> {
    let claims: BTreeSet<(&str, Uuid)> =
        units.iter().filter_map(|u| u.claim.as_ref()).map(|c| (c.meta.stream.as_str(), c.meta.aggregate_id)).collect();
    if claims.is_empty() {
        return Ok(HashMap::new());
    }
    let (streams, ids): (Vec<&str>, Vec<Uuid>) = claims.into_iter().unzip();
    let rows = sqlx::query(
        "-- gate.positions
         select g.stream, g.aggregate_id, g.version, g.parked from gate g
         join unnest($1::text[], $2::uuid[]) as c(stream, id) on g.stream = c.stream and g.aggregate_id = c.id
         order by g.stream, g.aggregate_id for update of g",
    )
    .bind(streams)
    .bind(ids)
    .fetch_all(tx)
    .await?;
    rows.iter()
        .map(|row| {
            let position =
                Position { version: row.try_get::<i64, _>("version")?.unsigned_abs(), parked: row.try_get("parked")? };
            Ok(((row.try_get("stream")?, row.try_get("aggregate_id")?), position))
        })
        .collect()
}

/// Locks and reads aggregates, table by table in ascending id. Those that do not exist become known as empty.
pub(crate) async fn load(
    tx: &mut PgConnection,
    known: &mut Known,
    wanted: &Wanted,
    locking: Locking,
) -> Result<(), Abort> {
    let mut tables: BTreeMap<&'static str, (Kind, Vec<Uuid>)> = BTreeMap::new();
    for ((table, id), kind) in wanted {
        tables.entry(table).or_insert_with(|| (*kind, Vec::new())).1.push(*id);
    }
    for (table, (kind, ids)) in tables {
        let skip = if locking == Locking::Skip { " skip locked" } else { "" };
        let statement = format!(
            "-- {table}.lock
             select id, version, hash, state::text as state from {table} where id = any($1) order by id for update{skip}"
        );
        for row in sqlx::query(AssertSqlSafe(statement)).bind(&ids).fetch_all(&mut *tx).await? {
            let id: Uuid = row.try_get("id")?;
            let state = (kind.read)(row.try_get::<&str, _>("state")?).map_err(|error| {
                Abort::Culprit(Fault::broken(format!("{table}.state of row {id} cannot be read: {error}")))
            })?;
            let link = Link { version: row.try_get::<i64, _>("version")?.unsigned_abs(), hash: row.try_get("hash")? };
            known.aggregates.insert((table, id), Stored { kind, link, state });
        }
        if locking == Locking::Wait {
            for id in ids {
                let empty = || Stored { kind, link: Link::default(), state: (kind.empty)() };
                known.aggregates.entry((table, id)).or_insert_with(empty);
            }
        }
    }
    Ok(())
}

/// Writes all that was decided.
pub(crate) async fn write(
    tx: &mut PgConnection,
    units: &[Unit],
    decided: &Decided,
    known: &Known,
    clock: &Clock,
) -> Result<(), Abort> {
    save(tx, decided).await?;
    journal::append(tx, &decided.entries).await?;
    crate::deadline::arm(tx, &decided.deadlines()).await?;
    row::write(tx, &decided.rows).await?;
    remember(tx, decided, clock).await?;
    pass(tx, units, decided, known, clock).await
}

async fn save(tx: &mut PgConnection, decided: &Decided) -> Result<(), Abort> {
    let mut tables: BTreeMap<(&'static str, bool), Vec<&Key>> = BTreeMap::new();
    for (key, touched) in &decided.touched {
        tables.entry((key.0, touched.loaded == 0)).or_default().push(key);
    }
    for ((table, new), keys) in tables {
        let touched: Vec<_> = keys.iter().filter_map(|key| decided.touched.get(*key)).collect();
        let states = touched.iter().map(|t| t.state.json()).collect::<Result<Vec<_>, _>>().map_err(Abort::Culprit)?;
        let statement = if new {
            format!(
                "-- {table}.create\ninsert into {table} (id, version, hash, state)
                 select id, version, hash, state::jsonb
                 from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[]) as r(id, version, hash, state)
                 on conflict (id) do nothing"
            )
        } else {
            format!(
                "-- {table}.save\nupdate {table} as t set version = r.version, hash = r.hash, state = r.state::jsonb
                 from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[]) as r(id, version, hash, state)
                 where t.id = r.id"
            )
        };
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(keys.iter().map(|key| key.1).collect::<Vec<_>>())
            .bind(touched.iter().map(|t| t.link.version.cast_signed()).collect::<Vec<_>>())
            .bind(touched.iter().map(|t| t.link.hash.clone()).collect::<Vec<_>>())
            .bind(states)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() != keys.len() as u64 {
            return Err(Abort::Again(sqlx::Error::RowNotFound));
        }
    }
    Ok(())
}

async fn remember(tx: &mut PgConnection, decided: &Decided, clock: &Clock) -> Result<(), Abort> {
    if decided.answers.is_empty() {
        return Ok(());
    }
    let mut insert =
        QueryBuilder::<Postgres>::new("-- inbox.remember\ninsert into inbox (key, fingerprint, answer, recorded_at) ");
    let now = clock.now().to_sqlx();
    insert.push_values(&decided.answers, |mut row, (key, fingerprint, answer)| {
        row.push_bind(key).push_bind(fingerprint).push_bind(answer).push_bind(now);
    });
    insert.push(" on conflict (key) do nothing");
    let done = insert.build().execute(tx).await?;
    if done.rows_affected() != decided.answers.len() as u64 {
        return Err(Abort::Again(sqlx::Error::RowNotFound));
    }
    Ok(())
}

/// Moves the gate and parks what could not be applied.
async fn pass(
    tx: &mut PgConnection,
    units: &[Unit],
    decided: &Decided,
    known: &Known,
    clock: &Clock,
) -> Result<(), Abort> {
    let (moved, new): (Vec<_>, Vec<_>) =
        decided.positions.iter().partition(|(key, _)| known.positions.contains_key(*key));
    for (rows, statement) in [
        (
            new,
            "-- gate.open
             insert into gate (stream, aggregate_id, version, parked)
             select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::boolean[]) on conflict do nothing",
        ),
        (
            moved,
            "-- gate.move
             update gate as g set version = r.version, parked = r.parked
             from unnest($1::text[], $2::uuid[], $3::bigint[], $4::boolean[]) as r(stream, id, version, parked)
             where g.stream = r.stream and g.aggregate_id = r.id",
        ),
    ] {
        if rows.is_empty() {
            continue;
        }
        let done = sqlx::query(statement)
            .bind(rows.iter().map(|(key, _)| key.0.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, at)| at.version.cast_signed()).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, at)| at.parked).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() != rows.len() as u64 {
            return Err(Abort::Again(sqlx::Error::RowNotFound));
        }
    }
    for index in &decided.parked {
        let (Some(unit), Some(outcome)) = (units.get(*index), decided.outcomes.get(*index)) else { continue };
        if let (Some(claim), Some(Passage::Parked { reason })) = (&unit.claim, &outcome.passage) {
            crate::parked::put(tx, claim, reason, clock.now()).await?;
        }
    }
    Ok(())
}
