//! The gRPC door: requests become commands, questions become queries. No rules here.
use backbone::{Change, Checks, Fault, Road, Unit};
use contracts::{
    Message as _,
    common::v1::{Count, Receipt},
    outreach::v1::{
        ConfirmDeliveryRequest, GetMessageRequest, GetMessageResponse, GetOverviewRequest, GetOverviewResponse,
        ListMessagesRequest, ListMessagesResponse, outreach_server::Outreach,
    },
};
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    domain::message::{Command, Message},
    store::{self, Filter, Stored},
    wire,
};

/// The status words that can be asked for.
const STATUSES: [&str; 5] = ["queued", "sent", "delivered", "failed", "withdrawn"];

/// Serves `aftercare.outreach.v1.Outreach`.
pub struct Api {
    /// For changes.
    pub road: Road,
    /// For questions.
    pub pool: PgPool,
}

#[tonic::async_trait]
impl Outreach for Api {
    async fn get_message(&self, request: Request<GetMessageRequest>) -> Result<Response<GetMessageResponse>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("message_id", &request.get_ref().message_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let stored = store::get(&self.pool, id).await?.ok_or_else(|| Fault::not_found("message", id))?;
        Ok(Response::new(GetMessageResponse { message: Some(wire::view(stored)) }))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let ListMessagesRequest { status, about_id, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &status, &STATUSES);
        let about_id = checks.optional_id("about_id", &about_id);
        let page = checks.page(page.as_ref(), |key, id| Some((key.parse().ok()?, id)));
        let (Some(status), Some(about_id), Some((page, after))) = (status, about_id, page) else {
            return Err(checks.fault().into());
        };
        let filter = Filter { status: status.map(str::to_owned), about_id };
        let stored = store::list(&self.pool, &filter, after, page.limit()).await?;
        let next_page_token = page.next(&stored, place);
        Ok(Response::new(ListMessagesResponse {
            messages: stored.into_iter().map(wire::view).collect(),
            next_page_token,
        }))
    }

    async fn confirm_delivery(&self, request: Request<ConfirmDeliveryRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "ConfirmDelivery");
        let id = checks.id("message_id", &request.get_ref().message_id);
        let (Some(actor), Some(key), Some(id)) = (actor, key, id) else { return Err(checks.fault().into()) };
        let unit = Unit::of(Change::to::<Message>(id, Command::ConfirmDelivery))
            .actor(actor)
            .key(key)
            .answer::<Message>(|id, version, message| {
                Receipt { id: id.to_string(), version, status: message.status().to_owned() }.encode_to_vec()
            });
        let answer = self.road.submit(unit).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let counts = store::counts(&self.pool).await?;
        let messages = counts.into_iter().map(|(key, count)| Count { key, count: count.unsigned_abs() }).collect();
        Ok(Response::new(GetOverviewResponse { messages }))
    }
}

/// The place of a row in the list: since when it waits, and its id.
fn place(stored: &Stored) -> (String, Uuid) {
    (stored.state.queued_at.as_microsecond().to_string(), stored.id)
}
