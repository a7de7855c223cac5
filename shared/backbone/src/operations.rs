//! What every service answers about itself, over gRPC. It answers in about a second also while the broker is away.
use std::time::Duration;

use contracts::operations::v1::{
    ConsumerStatus, GetStatusRequest, GetStatusResponse, JournalEntry, ListParkedRequest, ListParkedResponse,
    ParkedEvent, ReadJournalRequest, ReadJournalResponse, RedriveParkedRequest, RedriveParkedResponse,
    operations_server::Operations,
};
use futures::future::join_all;
use jiff_sqlx::ToSqlx;
use tonic::{Request, Response, Status};

use crate::{
    checks::Checks,
    consumer::Consumer,
    fault::Fault,
    inbound::Inbound,
    journal::{self, Entry},
    parked, proto, relay,
    road::Road,
};

/// How long a consumer may take to say how far it is.
const LAG_WITHIN: Duration = Duration::from_secs(1);

/// The greatest version or sequence there can be.
const SEQ_MAX: u64 = i64::MAX.unsigned_abs();

/// The operations of one service that has a schema.
pub(crate) struct Api {
    pub service: &'static str,
    pub road: Road,
    pub inbound: Inbound,
    pub consumers: Vec<Consumer>,
}

#[tonic::async_trait]
impl Operations for Api {
    async fn get_status(&self, _: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        let consumers = join_all(self.consumers.iter().map(status_of));
        let (backlog, counts, consumers) = tokio::join!(relay::backlog(&self.road), counts(&self.road), consumers);
        let (relay_backlog, relay_oldest_ms) = backlog?;
        let (parked, overdue, last) = counts?;
        Ok(Response::new(GetStatusResponse {
            service: self.service.into(),
            clock: Some(proto::timestamp(self.road.clock().now())),
            relay_backlog,
            relay_oldest_ms,
            consumers,
            parked: parked.unsigned_abs(),
            deadlines_overdue: overdue.unsigned_abs(),
            journal_last_seq: last.unwrap_or_default().unsigned_abs(),
        }))
    }

    async fn read_journal(
        &self,
        request: Request<ReadJournalRequest>,
    ) -> Result<Response<ReadJournalResponse>, Status> {
        let request = request.into_inner();
        let mut checks = Checks::default();
        let id = checks.optional_id("aggregate_id", &request.aggregate_id);
        let from_version = checks.within("from_version", request.from_version, 0..=SEQ_MAX);
        let after_seq = checks.within("after_seq", request.after_seq, 0..=SEQ_MAX);
        let limit = checks.within("limit", request.limit, 0..=1000);
        let (Some(id), Some(from_version), Some(after_seq), Some(limit)) = (id, from_version, after_seq, limit) else {
            return Err(checks.fault().into());
        };
        let limit = if limit == 0 { 100 } else { limit };
        let entries = match id {
            Some(id) => journal::of_aggregate(self.road.pool(), id, from_version, limit).await?,
            None => journal::after(self.road.pool(), after_seq, request.newest_first, limit).await?,
        };
        Ok(Response::new(ReadJournalResponse { entries: entries.into_iter().map(on_wire).collect() }))
    }

    async fn list_parked(&self, request: Request<ListParkedRequest>) -> Result<Response<ListParkedResponse>, Status> {
        let mut checks = Checks::default();
        let limit = checks.within("limit", request.into_inner().limit, 0..=200);
        let Some(limit) = limit else { return Err(checks.fault().into()) };
        let limit = if limit == 0 { 50 } else { limit };
        let events = parked::list(self.road.pool(), None, limit).await?;
        let events = events
            .into_iter()
            .map(|p| ParkedEvent {
                stream: p.meta.stream,
                aggregate_id: p.meta.aggregate_id.to_string(),
                version: p.meta.version,
                event_id: p.meta.event_id.to_string(),
                r#type: p.meta.event_type,
                reason: p.reason,
                parked_at: Some(proto::timestamp(p.parked_at)),
            })
            .collect();
        Ok(Response::new(ListParkedResponse { events }))
    }

    async fn redrive_parked(
        &self,
        request: Request<RedriveParkedRequest>,
    ) -> Result<Response<RedriveParkedResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let request = request.into_inner();
        let streams: Vec<&str> = self.consumers.iter().map(|consumer| consumer.stream.as_str()).collect();
        let stream = checks.one_of("stream", &request.stream, &streams);
        let id = checks.id("aggregate_id", &request.aggregate_id);
        let (Some(actor), Some(stream), Some(id)) = (actor, stream, id) else { return Err(checks.fault().into()) };
        let (applied, remaining) = parked::redrive(&self.road, &self.inbound, stream, id).await?;
        tracing::info!(actor = actor.as_str(), stream, aggregate = %id, applied, remaining, "parked events redriven");
        Ok(Response::new(RedriveParkedResponse { applied, remaining }))
    }
}

async fn status_of(consumer: &Consumer) -> ConsumerStatus {
    let answer = tokio::time::timeout(LAG_WITHIN, consumer.lag()).await;
    let known = answer.ok().and_then(Result::ok);
    let (lag, delivered_stream_seq) = known.unwrap_or_default();
    ConsumerStatus { stream: consumer.stream.clone(), lag, delivered_stream_seq, unknown: known.is_none() }
}

/// Parked events, overdue deadlines, and the last sequence of the journal if there is one.
async fn counts(road: &Road) -> Result<(i64, i64, Option<i64>), Fault> {
    let counts = sqlx::query_as(
        "-- operations.status
         select (select count(*) from parked),
                (select count(*) from deadline where due_at <= coalesce($1, now())),
                (select max(seq) from journal)",
    )
    .bind(road.clock().bound().map(ToSqlx::to_sqlx))
    .fetch_one(road.pool())
    .await?;
    Ok(counts)
}

fn on_wire(entry: Entry) -> JournalEntry {
    JournalEntry {
        seq: entry.seq,
        event_id: entry.event_id.to_string(),
        aggregate_id: entry.aggregate_id.to_string(),
        version: entry.version,
        r#type: entry.event_type,
        subject: entry.subject,
        payload: entry.payload.into(),
        actor: entry.actor,
        cause: entry.cause.map(|c| c.to_string()).unwrap_or_default(),
        correlation: entry.correlation.to_string(),
        occurred_at: Some(proto::timestamp(entry.occurred_at)),
        recorded_at: Some(proto::timestamp(entry.recorded_at)),
        hash: entry.hash,
    }
}
