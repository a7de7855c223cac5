//! The gRPC door: requests are checked for shape and bounds, all wrong fields named at once, and handed on. No rules.
use backbone::{Change, Fault, Road, Unit, Violation, page::Page, proto};
use contracts::{
    Message,
    common::v1::{self as common, Count, Receipt},
    fulfilment::v1::{
        GetOverviewRequest, GetOverviewResponse, GetServiceOrderRequest, GetServiceOrderResponse, ListRefundsRequest,
        ListRefundsResponse, ListServiceOrdersRequest, ListServiceOrdersResponse, ReceiveGoodsRequest,
        fulfilment_server::Fulfilment,
    },
};
use jiff::Timestamp;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    domain::{
        order::{Command, ServiceOrder},
        refund::Refund,
    },
    store::{self, After, Stored, Tally},
    wire,
};

const ORDER_STATUSES: [&str; 6] = ["requested", "awaiting_goods", "refunding", "completed", "refused", "failed"];
const REFUND_STATUSES: [&str; 5] = ["queued", "sent", "unknown", "succeeded", "failed"];

/// Orders, goods that came back, refunds.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
}

#[tonic::async_trait]
impl Fulfilment for Api {
    async fn get_service_order(
        &self,
        request: Request<GetServiceOrderRequest>,
    ) -> Result<Response<GetServiceOrderResponse>, Status> {
        let id = proto::id("order_id", &request.get_ref().order_id)?;
        let Stored { version, state, .. } =
            store::order(&self.pool, id).await?.ok_or_else(|| Fault::not_found("service_order", id))?;
        Ok(Response::new(GetServiceOrderResponse { order: Some(wire::order_view(id, version, &state)) }))
    }

    async fn list_service_orders(
        &self,
        request: Request<ListServiceOrdersRequest>,
    ) -> Result<Response<ListServiceOrdersResponse>, Status> {
        let ListServiceOrdersRequest { status, complaint_id, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.status(status, &ORDER_STATUSES);
        let complaint_id = checks.see(proto::optional_id("complaint_id", &complaint_id));
        let page = checks.page(page);
        let (complaint_id, (page, after)) = checks.done(complaint_id.zip(page))?;
        let rows = store::orders(&self.pool, status.as_deref(), complaint_id, after, page.limit()).await?;
        let place = |row: &Stored<ServiceOrder>| (key(row.state.opened_at), row.id);
        Ok(Response::new(ListServiceOrdersResponse {
            next_page_token: page.next(&rows, place),
            orders: rows.iter().map(|row| wire::order_view(row.id, row.version, &row.state)).collect(),
        }))
    }

    async fn receive_goods(&self, request: Request<ReceiveGoodsRequest>) -> Result<Response<Receipt>, Status> {
        let actor = backbone::actor(&request)?;
        let idempotency = backbone::key(&request, "fulfilment.receive_goods", &request.get_ref().encode_to_vec())?;
        let id = proto::id("order_id", &request.get_ref().order_id)?;
        let command = Command::ReceiveGoods { by: actor.as_str().to_owned() };
        let unit = Unit::of(Change::to::<ServiceOrder>(id, command))
            .actor(actor)
            .key(idempotency)
            .answer::<ServiceOrder>(|id, version, order| wire::receipt(id, version, order).encode_to_vec());
        let answer = self.road.submit(unit).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }

    async fn list_refunds(
        &self,
        request: Request<ListRefundsRequest>,
    ) -> Result<Response<ListRefundsResponse>, Status> {
        let ListRefundsRequest { status, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.status(status, &REFUND_STATUSES);
        let page = checks.page(page);
        let (page, after) = checks.done(page)?;
        let rows = store::refunds(&self.pool, status.as_deref(), after, page.limit()).await?;
        let place = |row: &Stored<Refund>| (key(row.state.queued_at), row.id);
        Ok(Response::new(ListRefundsResponse {
            next_page_token: page.next(&rows, place),
            refunds: rows.iter().map(|row| wire::refund_view(row.id, row.version, &row.state)).collect(),
        }))
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let count = |Tally { key, amount }| Count { key, count: amount.unsigned_abs() };
        let money = |Tally { key, amount }| common::Money { minor: amount, currency: key };
        Ok(Response::new(GetOverviewResponse {
            orders: store::order_counts(&self.pool).await?.into_iter().map(count).collect(),
            refunds: store::refund_counts(&self.pool).await?.into_iter().map(count).collect(),
            refunded: store::refunded(&self.pool).await?.into_iter().map(money).collect(),
        }))
    }
}

fn key(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// Collects what is wrong with a request, so that all of it is said at once.
#[derive(Default)]
struct Checks(Vec<Violation>);

impl Checks {
    fn see<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.0.extend_from_slice(fault.violations())).ok()
    }

    /// One of the words, or none for all.
    fn status(&mut self, status: String, words: &[&str]) -> Option<String> {
        if !status.is_empty() && !words.contains(&status.as_str()) {
            let reason = format!("must be empty or one of {}", words.join(", "));
            self.0.push(Violation { field: "status".into(), reason });
        }
        (!status.is_empty()).then_some(status)
    }

    /// The page and where it goes on.
    fn page(&mut self, page: Option<common::Page>) -> Option<(Page, After)> {
        let page = page.unwrap_or_default();
        let page = self.see(Page::from_request(page.size, &page.token))?;
        let read = |(key, id): (&str, Uuid)| {
            let at = key.parse().ok().filter(|at| *at >= Timestamp::UNIX_EPOCH);
            at.map(|at| (at, id)).ok_or_else(|| Fault::invalid("page.token", "is not a token of an earlier answer"))
        };
        let after = self.see(page.after().map(read).transpose())?;
        Some((page, after))
    }

    /// What was read, or everything that is wrong.
    fn done<T>(self, read: Option<T>) -> Result<T, Fault> {
        read.filter(|_| self.0.is_empty()).ok_or(Fault::fields(self.0))
    }
}
