//! The gRPC door: requests are checked for shape and bounds, all wrong fields named at once, and handed on. No rules.
use backbone::{Change, Checks, Fault, Road, Unit, page::by_time};
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

use crate::{
    domain::{
        order::{Command, ServiceOrder},
        refund::Refund,
    },
    store::{self, Stored, Tally},
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
        let mut checks = Checks::default();
        let id = checks.id("order_id", &request.get_ref().order_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
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
        let status = checks.optional_of("status", &status, &ORDER_STATUSES);
        let complaint_id = checks.optional_id("complaint_id", &complaint_id);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some(complaint_id), Some((page, after))) = (status, complaint_id, page) else {
            return Err(checks.fault().into());
        };
        let rows = store::orders(&self.pool, status, complaint_id, after, page.limit()).await?;
        let place = |row: &Stored<ServiceOrder>| (key(row.state.opened_at), row.id);
        Ok(Response::new(ListServiceOrdersResponse {
            next_page_token: page.next(&rows, place),
            orders: rows.iter().map(|row| wire::order_view(row.id, row.version, &row.state)).collect(),
        }))
    }

    async fn receive_goods(&self, request: Request<ReceiveGoodsRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let idempotency = checks.key(&request, "fulfilment.receive_goods");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let (Some(actor), Some(idempotency), Some(id)) = (actor, idempotency, id) else {
            return Err(checks.fault().into());
        };
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
        let status = checks.optional_of("status", &status, &REFUND_STATUSES);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault().into()) };
        let rows = store::refunds(&self.pool, status, after, page.limit()).await?;
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
