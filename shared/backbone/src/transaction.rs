//! The one transaction of the road: read what the units need, let them decide, write everything, commit. A repeat of
//! the whole is always safe: nothing outside the database happens here.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff_sqlx::ToSqlx;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};
use uuid::Uuid;

use crate::{
    aggregate::{Key, Kind},
    batch::{self, Decided, Known, Outcome, Stored, Touched, Wanted},
    clock::Clock,
    fault::Fault,
    gate::{Passage, Position},
    journal::{self, Link},
    row,
    script::Script,
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

/// Runs a batch in one transaction and says what came of each unit, and whether events are to be sent. On a repeat nothing
/// counts as surely new.
pub(crate) async fn run(
    pool: &PgPool,
    clock: &Clock,
    units: &[Unit],
    repeat: bool,
) -> Result<(Vec<Outcome>, bool), Abort> {
    if !repeat && let Some((decided, script)) = without_reading(units, clock)? {
        let written = script.run(pool.acquire().await?.as_mut()).await;
        return written.map_err(|error| lost(error, &decided)).map(|()| decided.outcomes());
    }
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
    Ok(decided.outcomes())
}

/// A batch of new things only needs to read nothing and is written by one statement, which is a transaction by itself.
/// Where something is there after all, or a key was used before, it fails, and the batch runs again with reading.
fn without_reading(units: &[Unit], clock: &Clock) -> Result<Option<(Decided, Script)>, Abort> {
    if !units.iter().all(Unit::makes_only_new) {
        return Ok(None);
    }
    let Ok(decided) = batch::decide(units, &Known::default(), clock.now()) else { return Ok(None) };
    // What is refused now may have been accepted when its key was first used.
    let refused = |(unit, outcome): (&Unit, &Outcome)| unit.key.is_some() && outcome.result.is_err();
    if units.iter().zip(&decided.outcomes).any(refused) {
        return Ok(None);
    }
    let mut scripts = scripts(units, &decided, &Known::default(), clock)?.into_iter();
    Ok(scripts.next().filter(|_| scripts.len() == 0).map(|script| (decided, script)))
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
    for script in scripts(units, decided, known, clock)? {
        script.run(tx).await.map_err(|error| lost(error, decided))?;
    }
    for index in &decided.parked {
        let (Some(unit), Some(outcome)) = (units.get(*index), decided.outcomes.get(*index)) else { continue };
        if let (Some(claim), Some(Passage::Parked { reason })) = (&unit.claim, &outcome.passage) {
            crate::parked::put(tx, claim, reason, clock.now()).await?;
        }
    }
    Ok(())
}

/// Whether somebody else has made what was to be made: then the same again, with what is there now, will do.
fn lost(error: sqlx::Error, decided: &Decided) -> Abort {
    let ours = |table: &str| {
        matches!(table, "inbox" | "gate" | "deadline") || decided.touched.keys().any(|key| key.0 == table)
    };
    let made = error.as_database_error().is_some_and(|cause| {
        let by_key = cause.constraint().is_some_and(|name| name.ends_with("_pkey"));
        cause.is_unique_violation() && by_key && cause.table().is_some_and(ours)
    });
    if made { Abort::Again(error) } else { error.into() }
}

/// All that was decided as statements, nearly always one.
fn scripts(units: &[Unit], decided: &Decided, known: &Known, clock: &Clock) -> Result<Vec<Script>, Abort> {
    let mut script = Script::default();
    save(&mut script, decided)?;
    journal::append(&mut script, &decided.entries);
    crate::deadline::arm(&mut script, &decided.deadlines());
    remember(&mut script, decided, clock);
    pass(&mut script, decided, known);
    let rows = decided.rows.iter().filter_map(|index| units.get(*index)).flat_map(|unit| &unit.rows);
    Ok(row::scripts(script, rows.chain(&decided.event_rows)))
}

fn save(script: &mut Script, decided: &Decided) -> Result<(), Abort> {
    let mut tables: BTreeMap<(&'static str, bool), Vec<(&Key, &Touched)>> = BTreeMap::new();
    for (key, touched) in &decided.touched {
        tables.entry((key.0, touched.loaded == 0)).or_default().push((key, touched));
    }
    for ((table, new), rows) in tables {
        let states = rows.iter().map(|(_, t)| t.state.json()).collect::<Result<Vec<_>, _>>().map_err(Abort::Culprit)?;
        let text = if new {
            format!(
                "-- {table}.create
                 {table}_created as (
                   insert into {table} (id, version, hash, state) select id, version, hash, state::jsonb
                   from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[]) as r(id, version, hash, state))"
            )
        } else {
            format!(
                "-- {table}.save
                 {table}_saved as (
                   update {table} as t set version = r.version, hash = r.hash, state = r.state::jsonb
                   from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[]) as r(id, version, hash, state)
                   where t.id = r.id)"
            )
        };
        script
            .part(&text)
            .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, t)| t.link.version.cast_signed()).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, t)| t.link.hash.as_slice()).collect::<Vec<_>>())
            .bind(states);
    }
    Ok(())
}

fn remember(script: &mut Script, decided: &Decided, clock: &Clock) {
    if decided.answers.is_empty() {
        return;
    }
    let answers = &decided.answers;
    script
        .part(
            "-- inbox.remember
             remembered as (
               insert into inbox (key, fingerprint, answer, recorded_at)
               select key, fingerprint, answer, $4 from unnest($1::text[], $2::bytea[], $3::bytea[])
                 as r(key, fingerprint, answer))",
        )
        .bind(answers.iter().map(|(key, _, _)| key.as_str()).collect::<Vec<_>>())
        .bind(answers.iter().map(|(_, fingerprint, _)| fingerprint.as_slice()).collect::<Vec<_>>())
        .bind(answers.iter().map(|(_, _, answer)| answer.as_slice()).collect::<Vec<_>>())
        .bind(clock.now().to_sqlx());
}

/// Moves the gate.
fn pass(script: &mut Script, decided: &Decided, known: &Known) {
    let (moved, new): (Vec<_>, Vec<_>) =
        decided.positions.iter().partition(|(key, _)| known.positions.contains_key(*key));
    for (rows, text) in [
        (
            new,
            "-- gate.open
             opened as (
               insert into gate (stream, aggregate_id, version, parked)
               select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::boolean[]))",
        ),
        (
            moved,
            "-- gate.move
             moved as (
               update gate as g set version = r.version, parked = r.parked
               from unnest($1::text[], $2::uuid[], $3::bigint[], $4::boolean[]) as r(stream, id, version, parked)
               where g.stream = r.stream and g.aggregate_id = r.id)",
        ),
    ] {
        if rows.is_empty() {
            continue;
        }
        script
            .part(text)
            .bind(rows.iter().map(|(key, _)| key.0.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, at)| at.version.cast_signed()).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, at)| at.parked).collect::<Vec<_>>());
    }
}
