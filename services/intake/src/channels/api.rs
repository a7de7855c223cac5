//! The gRPC door to quarantine: what could not be understood, shown, tried again or given up. No rules.
use std::sync::Arc;

use backbone::{Checks, page, proto};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        DiscardInboundRequest, ListQuarantinedRequest, ListQuarantinedResponse, QuarantinedMessage,
        RetryInboundRequest, RevealInboundRequest, RevealInboundResponse, inbound_messages_server::InboundMessages,
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Channels, Source, open,
    quarantine::{self, Quarantined},
};
use crate::store::Look;

/// The most bytes of a message that are shown.
const SHOWN_MAX: usize = 256 * 1024;

/// The service.
pub struct Api(pub Arc<Channels>);

#[tonic::async_trait]
impl InboundMessages for Api {
    async fn list_quarantined(
        &self,
        request: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        let mut checks = Checks::default();
        let page = checks.page(request.get_ref().page.as_ref(), page::by_time);
        let Some((page, after)) = page else { return Err(checks.fault().into()) };
        let (rows, next_page_token) = quarantine::quarantined(&self.0.app.pool, &page, after).await?;
        let messages = rows.into_iter().map(view).collect();
        Ok(Response::new(ListQuarantinedResponse { messages, next_page_token }))
    }

    async fn reveal_inbound(
        &self,
        request: Request<RevealInboundRequest>,
    ) -> Result<Response<RevealInboundResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let id = checks.id("inbound_id", &request.get_ref().inbound_id);
        let purpose = checks.text("purpose", request.get_ref().purpose.trim(), 1..=200);
        let (Some(actor), Some(id), Some(purpose)) = (actor, id, purpose) else { return Err(checks.fault().into()) };
        let Channels { app, sources, .. } = &*self.0;
        let look = Look { actor: &actor, purpose, at: app.clock.now() };
        let sealed = quarantine::look(&app.pool, id, look).await?;
        let mut body = open(app, id, sealed.wrapped, &sealed.body)?;
        let size = body.len().try_into().unwrap_or(u64::MAX);
        body.truncate(SHOWN_MAX);
        let kind = sources.get(&sealed.source).map(Source::kind).unwrap_or_default().to_owned();
        Ok(Response::new(RevealInboundResponse { kind, body, size }))
    }

    async fn retry_inbound(&self, request: Request<RetryInboundRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let id = checks.id("inbound_id", &request.get_ref().inbound_id);
        let (Some(actor), Some(id)) = (actor, id) else { return Err(checks.fault().into()) };
        quarantine::retry(&self.0.app.pool, id, actor.as_str(), self.0.app.clock.now()).await?;
        tracing::info!(inbound = %id, actor = actor.as_str(), "an inbound message is tried again");
        Ok(receipt(id, "received"))
    }

    async fn discard_inbound(&self, request: Request<DiscardInboundRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let id = checks.id("inbound_id", &request.get_ref().inbound_id);
        let reason = checks.text("reason", request.get_ref().reason.trim(), 1..=200);
        let (Some(actor), Some(id), Some(reason)) = (actor, id, reason) else { return Err(checks.fault().into()) };
        quarantine::discard(&self.0.app.pool, id, reason, actor.as_str(), self.0.app.clock.now()).await?;
        Ok(receipt(id, "discarded"))
    }
}

fn view(row: Quarantined) -> QuarantinedMessage {
    let received_at = Some(proto::timestamp(row.received_at()));
    QuarantinedMessage {
        inbound_id: row.id.to_string(),
        source: row.source,
        message_id: row.message_id,
        received_at,
        tries: row.tries.unsigned_abs(),
        reason: row.reason.unwrap_or_default(),
    }
}

fn receipt(id: Uuid, status: &str) -> Response<Receipt> {
    Response::new(Receipt { id: id.to_string(), version: 0, status: status.to_owned() })
}
