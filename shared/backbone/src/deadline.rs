//! Deadlines: a row per aggregate and kind, armed and taken away with the state that wants them. Any replica takes due
//! rows, lets the aggregate decide and deletes them in the same transaction: fired once, without a lease.
use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::{
    aggregate::Aggregates,
    batch::{Arming, Known, Wanted},
    fault::Fault,
    road::{BATCH_MAX, Road},
    script::Script,
    transaction::{self, Abort, Locking},
    unit::{Actor, Unit},
};

/// What cannot be fired rings again after so long.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(1);

/// Arms, re-arms and takes away.
pub(crate) fn arm(script: &mut Script, changes: &[Arming]) {
    let (set, gone): (Vec<&Arming>, Vec<&Arming>) = changes.iter().partition(|change| change.due.is_some());
    let (first, moved): (Vec<&Arming>, Vec<&Arming>) = set.into_iter().partition(|change| change.new);
    for (set, text) in [
        (
            first,
            "-- deadline.arm_first
             armed_first as (
               insert into deadline (aggregate_id, kind, aggregate, due_at)
               select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]))",
        ),
        (
            moved,
            "-- deadline.arm
             armed as (
               insert into deadline (aggregate_id, kind, aggregate, due_at)
               select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
               on conflict (aggregate_id, kind) do update set due_at = excluded.due_at)",
        ),
    ] {
        if set.is_empty() {
            continue;
        }
        script
            .part(text)
            .bind(set.iter().map(|change| change.key.1).collect::<Vec<_>>())
            .bind(set.iter().map(|change| change.kind).collect::<Vec<_>>())
            .bind(set.iter().map(|change| change.key.0).collect::<Vec<_>>())
            .bind(set.iter().filter_map(|change| change.due.map(ToSqlx::to_sqlx)).collect::<Vec<_>>());
    }
    if !gone.is_empty() {
        script
            .part(
                "-- deadline.disarm
                 disarmed as (
                   delete from deadline d using unnest($1::uuid[], $2::text[]) as r(id, kind)
                   where d.aggregate_id = r.id and d.kind = r.kind)",
            )
            .bind(gone.iter().map(|change| change.key.1).collect::<Vec<_>>())
            .bind(gone.iter().map(|change| change.kind).collect::<Vec<_>>());
    }
}

/// Fires the deadlines that are due, at most a batch; says how many were taken.
pub(crate) async fn fire_once(road: &Road, aggregates: &Aggregates, service: &str) -> Result<usize, Fault> {
    match fire(road, aggregates, service, BATCH_MAX, &mut None).await {
        Ok(fired) => Ok(fired),
        Err(Abort::Again(_)) => Ok(0),
        Err(Abort::Away(error)) => Err(Fault::unavailable(error)),
        // One aggregate cannot be read or written: fire singly, so that it holds up nobody else.
        Err(Abort::Culprit(fault)) => {
            tracing::error!(fault = fault.chain(), "a batch of deadlines failed and fires one by one");
            singly(road, aggregates, service).await
        }
    }
}

/// Fires what is due one by one, at most a batch. What cannot be fired rings again later, and nothing waits for it.
async fn singly(road: &Road, aggregates: &Aggregates, service: &str) -> Result<usize, Fault> {
    let mut taken = 0;
    for _ in 0..BATCH_MAX {
        let mut first = None;
        match fire(road, aggregates, service, 1, &mut first).await {
            Ok(0) => break,
            Ok(fired) => taken += fired,
            Err(Abort::Culprit(fault)) => {
                tracing::error!(fault = fault.chain(), "a deadline cannot be fired and rings again later");
                if let Some(first) = first {
                    taken += put_off(road, first).await?;
                }
            }
            Err(Abort::Again(_)) => {}
            Err(Abort::Away(error)) => return Err(Fault::unavailable(error)),
        }
    }
    Ok(taken)
}

/// Puts off the one that could not be fired, if it is still due.
async fn put_off(road: &Road, (id, kind): (Uuid, String)) -> Result<usize, Fault> {
    let later = road.clock().now() + PUT_OFF;
    let put_off = sqlx::query(
        "-- deadline.put_off
         update deadline set due_at = $2
         where aggregate_id = $3 and kind = $4 and due_at <= coalesce($1, now())",
    )
    .bind(road.clock().bound().map(ToSqlx::to_sqlx))
    .bind(later.to_sqlx())
    .bind(id)
    .bind(kind)
    .execute(road.pool())
    .await?;
    Ok(usize::try_from(put_off.rows_affected()).unwrap_or(1))
}

/// Says also which was the first that was due.
async fn fire(
    road: &Road,
    aggregates: &Aggregates,
    service: &str,
    limit: usize,
    first: &mut Option<(Uuid, String)>,
) -> Result<usize, Abort> {
    let mut tx = road.pool().begin().await?;
    match ring(&mut tx, road, aggregates, service, limit, first).await {
        Ok(fired) => {
            tx.commit().await?;
            if fired > 0 {
                road.nudge();
                road.meters().fired.add(fired as u64, &[]);
            }
            Ok(fired)
        }
        Err(abort) => {
            // Its locks are gone before the next look, which leaves out what is locked.
            tx.rollback().await?;
            Err(abort)
        }
    }
}

async fn ring(
    tx: &mut PgConnection,
    road: &Road,
    aggregates: &Aggregates,
    service: &str,
    limit: usize,
    first: &mut Option<(Uuid, String)>,
) -> Result<usize, Abort> {
    let due = sqlx::query(
        "-- deadline.due
         select aggregate_id, kind, aggregate from deadline where due_at <= coalesce($1, least(now(), $3))
         order by due_at limit $2 for update skip locked",
    )
    .bind(road.clock().bound().map(ToSqlx::to_sqlx))
    .bind(limit as i64)
    // Nor before it is due by the clock the aggregate decides by: one that decides too early is not asked again.
    .bind(road.clock().now().to_sqlx())
    .fetch_all(&mut *tx)
    .await?;
    let Some(row) = due.first() else { return Ok(0) };
    *first = Some((row.try_get("aggregate_id")?, row.try_get("kind")?));
    let span = tracing::debug_span!("deadline.batch", deadlines = due.len());
    let mut units = Vec::new();
    for row in &due {
        let (id, kind, table) = (
            row.try_get::<Uuid, _>("aggregate_id")?,
            row.try_get::<String, _>("kind")?,
            row.try_get::<&str, _>("aggregate")?,
        );
        let aggregate = aggregates.0.get(table);
        let Some(change) = aggregate.and_then(|a| (a.on_deadline)(id, &kind)) else {
            return Err(Abort::Culprit(Fault::broken(format!("nobody knows what deadline {kind} of {table} means"))));
        };
        // The unit remembers the trace it is made in.
        let unit = span.in_scope(|| Unit::of(change).actor(Actor::service(service)));
        units.push(Unit { deadline: Some((id, kind)), ..unit });
    }
    let mut known = Known::default();
    let wanted: Wanted = units.iter().flat_map(|u| &u.changes).map(|c| (c.key(), c.kind)).collect();
    transaction::load(tx, &mut known, &wanted, Locking::Skip).await?;
    units.retain(|unit| unit.changes.iter().all(|change| known.aggregates.contains_key(&change.key())));
    if units.is_empty() {
        return Ok(0);
    }
    let decided = transaction::settle(tx, &units, &mut known, road.clock()).await?;
    for (unit, outcome) in units.iter().zip(&decided.outcomes) {
        if let Err(fault) = &outcome.result {
            tracing::error!(deadline = ?unit.deadline, fault = fault.chain(), "a deadline was refused and is dropped");
        }
    }
    delete(tx, &units).await?;
    transaction::write(tx, &units, &decided, &known, road.clock()).await?;
    Ok(units.len())
}

async fn delete(tx: &mut PgConnection, units: &[Unit]) -> Result<(), sqlx::Error> {
    let taken: BTreeMap<_, _> = units.iter().filter_map(|u| u.deadline.clone()).map(|key| (key, ())).collect();
    let (ids, kinds): (Vec<Uuid>, Vec<String>) = taken.into_keys().unzip();
    sqlx::query(
        "-- deadline.fired
         delete from deadline d using unnest($1::uuid[], $2::text[]) as r(id, kind)
         where d.aggregate_id = r.id and d.kind = r.kind",
    )
    .bind(ids)
    .bind(kinds)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
#[path = "deadline_tests.rs"]
mod tests;
