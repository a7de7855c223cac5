//! The gRPC door: requests become commands, questions become queries. No rules here.
use backbone::{Change, Fault, Road, Unit, page::Page, proto};
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
const STATUSES: [&str; 4] = ["queued", "sent", "delivered", "failed"];

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
        let id = proto::id("message_id", &request.get_ref().message_id)?;
        let stored = store::get(&self.pool, id).await?.ok_or_else(|| Fault::not_found("message", id))?;
        Ok(Response::new(GetMessageResponse { message: Some(wire::view(stored)) }))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let ListMessagesRequest { status, about_id, page } = request.into_inner();
        let page = page.unwrap_or_default();
        let page = Page::from_request(page.size, &page.token)?;
        let filter = filter(&status, &about_id)?;
        let stored = store::list(&self.pool, &filter, after(&page)?, page.limit()).await?;
        let next_page_token = page.next(&stored, place);
        Ok(Response::new(ListMessagesResponse {
            messages: stored.into_iter().map(wire::view).collect(),
            next_page_token,
        }))
    }

    async fn confirm_delivery(&self, request: Request<ConfirmDeliveryRequest>) -> Result<Response<Receipt>, Status> {
        let actor = backbone::actor(&request)?;
        let key = backbone::key(&request, "ConfirmDelivery", &request.get_ref().encode_to_vec())?;
        let id = proto::id("message_id", &request.get_ref().message_id)?;
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

fn filter(status: &str, about_id: &str) -> Result<Filter, Fault> {
    if !status.is_empty() && !STATUSES.contains(&status) {
        return Err(Fault::invalid("status", format!("is one of {}, or empty for all", STATUSES.join(", "))));
    }
    let status = (!status.is_empty()).then(|| status.to_owned());
    Ok(Filter { status, about_id: proto::optional_id("about_id", about_id)? })
}

/// The place of a row in the list: since when it waits, and its id.
fn place(stored: &Stored) -> (String, Uuid) {
    (stored.state.queued_at.as_microsecond().to_string(), stored.id)
}

fn after(page: &Page) -> Result<Option<(i64, Uuid)>, Fault> {
    let Some((key, id)) = page.after() else { return Ok(None) };
    let at = key.parse().map_err(|_| Fault::invalid("page.token", "is not a token of an earlier answer"))?;
    Ok(Some((at, id)))
}
