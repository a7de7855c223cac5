//! Events that could not be applied wait here in their order, with the reason; later events of the same aggregate
//! queue behind them and neighbours go on. Nothing is ever dropped.
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row as _, types::Json};
use uuid::Uuid;

use crate::{
    fault::Fault,
    gate::{Claim, Meta, Passage},
    inbound::Inbound,
    road::Road,
};

pub(crate) async fn put(tx: &mut PgConnection, claim: &Claim, reason: &str, now: Timestamp) -> Result<(), sqlx::Error> {
    tracing::error!(event.id = %claim.meta.event_id, event.r#type = claim.meta.event_type, reason, "an event is parked");
    sqlx::query(
        "-- parked.put
         insert into parked (stream, aggregate_id, version, event_id, type, envelope, payload, reason, parked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
    )
    .bind(&claim.meta.stream)
    .bind(claim.meta.aggregate_id)
    .bind(claim.meta.version.cast_signed())
    .bind(claim.meta.event_id)
    .bind(&claim.meta.event_type)
    .bind(Json(&claim.meta))
    .bind(&claim.payload)
    .bind(reason)
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// A parked event.
#[derive(Clone, Debug)]
pub struct Parked {
    /// What came with it.
    pub meta: Meta,
    /// The message.
    pub payload: Vec<u8>,
    /// Why it could not be applied.
    pub reason: String,
    /// Since when it waits.
    pub parked_at: Timestamp,
}

/// The parked events, oldest first; only those of one aggregate when it is named.
pub async fn list(pool: &PgPool, of: Option<(&str, Uuid)>, limit: u32) -> Result<Vec<Parked>, Fault> {
    let rows = sqlx::query(
        "-- parked.list
         select envelope, payload, reason, parked_at from parked
         where ($1::text is null or stream = $1) and ($2::uuid is null or aggregate_id = $2)
         order by parked_at, stream, aggregate_id, version limit $3",
    )
    .bind(of.map(|o| o.0))
    .bind(of.map(|o| o.1))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| {
        Ok::<_, sqlx::Error>(Parked {
            meta: row.try_get::<Json<Meta>, _>("envelope")?.0,
            payload: row.try_get("payload")?,
            reason: row.try_get("reason")?,
            parked_at: row.try_get::<jiff_sqlx::Timestamp, _>("parked_at")?.to_jiff(),
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Applies the parked events of one aggregate again, in order; stops at the first that still cannot be applied.
/// Says how many were applied and how many remain.
pub async fn redrive(road: &Road, inbound: &Inbound, stream: &str, id: Uuid) -> Result<(u64, u64), Fault> {
    let pool = road.pool();
    let waiting = list(pool, Some((stream, id)), 10_000).await?;
    let mut applied = 0;
    for parked in &waiting {
        let version = parked.meta.version.cast_signed();
        unpark(pool, stream, id, version, false).await?;
        let unit = inbound.unit(parked.meta.clone(), parked.payload.clone());
        let outcomes = road.execute(vec![unit]).await;
        match outcomes.first().and_then(|o| o.passage.as_ref()) {
            Some(Passage::Applied | Passage::Duplicate) => {
                applied += 1;
                unpark(pool, stream, id, version, true).await?;
            }
            _ => {
                sqlx::query("-- parked.hold\nupdate gate set parked = true where stream = $1 and aggregate_id = $2")
                    .bind(stream)
                    .bind(id)
                    .execute(pool)
                    .await?;
                break;
            }
        }
    }
    Ok((applied, waiting.len() as u64 - applied))
}

/// Lets the next parked event pass; with `gone` it is taken off the list, and the gate stays shut while others wait.
async fn unpark(pool: &PgPool, stream: &str, id: Uuid, version: i64, gone: bool) -> Result<(), Fault> {
    let mut tx = pool.begin().await?;
    if gone {
        sqlx::query("-- parked.gone\ndelete from parked where stream = $1 and aggregate_id = $2 and version = $3")
            .bind(stream)
            .bind(id)
            .bind(version)
            .execute(&mut *tx)
            .await?;
    }
    sqlx::query(
        "-- parked.open
         update gate set parked = $3 and exists
           (select 1 from parked p where p.stream = gate.stream and p.aggregate_id = gate.aggregate_id)
         where stream = $1 and aggregate_id = $2",
    )
    .bind(stream)
    .bind(id)
    .bind(gone)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}
