//! Keeps comparing what was published with what the broker still holds. What the broker lost is sent again; a missing
//! stream is made again (where this process may) and refilled: Postgres is the source of truth.
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::{
    broker::{Broker, StreamState},
    fault::Fault,
    relay::Relay,
    road::Road,
    topology,
};

/// Published batches older than the streams' retention are forgotten.
const REMEMBER_DAYS: i32 = 15;

struct Landed {
    stream_seq: u64,
    event_id: Uuid,
}

/// Checks every stream this service publishes to; says how many events were put on the list again.
pub async fn audit_once(road: &Road, broker: &Broker, relay: &Relay, service: &str) -> Result<usize, Fault> {
    let mut requeued = 0;
    for stream in topology::streams_of(service) {
        requeued += audit(road, broker, relay, &stream).await?;
    }
    // The time it was published at is real also where the clock is driven.
    sqlx::query("-- auditor.forget\ndelete from relay_batch where published_at < now() - make_interval(days => $1)")
        .bind(REMEMBER_DAYS)
        .execute(road.pool())
        .await?;
    Ok(requeued)
}

async fn audit(road: &Road, broker: &Broker, relay: &Relay, stream: &str) -> Result<usize, Fault> {
    let state = match broker.incarnation(stream).await? {
        Some(state) => state,
        None => make_again(broker, relay, stream).await?,
    };
    let mut tx = road.pool().begin().await?;
    let elsewhere = requeue(&mut tx, stream, "incarnation <> $2", state.incarnation, 0).await?;
    let lost = match first_lost(&mut tx, stream, &state).await? {
        Some(from) => {
            requeue(&mut tx, stream, "incarnation = $2 and last_stream_seq >= $3", state.incarnation, from).await?
        }
        None => 0,
    };
    tx.commit().await?;
    if elsewhere + lost > 0 {
        tracing::error!(stream, events = elsewhere + lost, "the broker lost events; they are sent again");
        road.meters().healed.add(elsewhere + lost, &[]);
        relay.forget().await;
        road.nudge();
    }
    Ok(usize::try_from(elsewhere + lost).unwrap_or(usize::MAX))
}

async fn make_again(broker: &Broker, relay: &Relay, stream: &str) -> Result<StreamState, Fault> {
    tracing::error!(stream, "the stream is missing");
    relay.forget().await;
    if !broker.may_provision {
        return Err(Fault::broken(format!("stream {stream} is missing and must be provisioned")));
    }
    topology::ensure_stream(broker, stream).await.map_err(|error| Fault::broken(error.to_string()))?;
    broker.incarnation(stream).await?.ok_or_else(|| Fault::broken(format!("stream {stream} vanished again")))
}

/// The stream sequence of the first batch whose last event is not where it was put. One writer a stream makes the
/// check sound: what stands before a sound batch is sound.
async fn first_lost(tx: &mut PgConnection, stream: &str, state: &StreamState) -> Result<Option<u64>, Fault> {
    let rows = sqlx::query(
        "-- auditor.landed
         select last_stream_seq, last_event_id from relay_batch
         where stream = $1 and incarnation = $2 and last_stream_seq >= $3 order by last_stream_seq",
    )
    .bind(stream)
    .bind(state.incarnation)
    .bind(state.first.cast_signed())
    .fetch_all(tx)
    .await?;
    let landed: Vec<Landed> = rows
        .iter()
        .map(|row| {
            Ok(Landed {
                stream_seq: row.try_get::<i64, _>("last_stream_seq")?.unsigned_abs(),
                event_id: row.try_get("last_event_id")?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()?;
    match landed.last() {
        None => return Ok(None),
        Some(last) if is_there(state, last).await? => return Ok(None),
        Some(_) => {}
    }
    let (mut sound, mut broken) = (0, landed.len() - 1);
    while sound < broken {
        let middle = sound + (broken - sound) / 2;
        let Some(batch) = landed.get(middle) else { break };
        if is_there(state, batch).await? {
            sound = middle + 1;
        } else {
            broken = middle;
        }
    }
    Ok(landed.get(broken).map(|batch| batch.stream_seq))
}

/// Asked of the stream as it is now: what was published since its state was read is there as well.
async fn is_there(state: &StreamState, landed: &Landed) -> Result<bool, Fault> {
    use async_nats::jetstream::{ErrorCode, stream::RawMessageErrorKind};
    match state.handle.get_raw_message(landed.stream_seq).await {
        Ok(message) => {
            let id = message.headers.get("Nats-Msg-Id").map(|v| v.as_str().to_owned());
            Ok(id == Some(landed.event_id.to_string()))
        }
        Err(error) => match error.kind() {
            RawMessageErrorKind::NoMessageFound => Ok(false),
            RawMessageErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(false),
            _ => Err(Fault::unavailable(error)),
        },
    }
}

async fn requeue(tx: &mut PgConnection, stream: &str, which: &str, incarnation: i64, from: u64) -> Result<u64, Fault> {
    let statement = format!(
        "-- auditor.requeue
         with lost as (delete from relay_batch where stream = $1 and {which} and $3::bigint is not null
                       returning event_seqs)
         insert into outbox_pending (shard, seq)
         select j.shard, j.seq from journal j where j.seq in (select unnest(event_seqs) from lost)
         on conflict do nothing"
    );
    let done = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(stream)
        .bind(incarnation)
        .bind(from.cast_signed())
        .execute(tx)
        .await?;
    Ok(done.rows_affected())
}
