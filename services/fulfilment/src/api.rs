//! The gRPC door: requests are checked for shape and bounds, all wrong fields named at once, and handed on. No rules.
use std::sync::Arc;

use backbone::{Actor, Change, Checks, Clock, Fault, IdempotencyKey, Road, Unit, page::by_time};
use contracts::{
    Message,
    common::v1::{self as common, Count, Receipt},
    fulfilment::v1::{
        AnswerInspectionRequest, CancelServiceOrderRequest, CompleteAgreedOrderRequest, ConfirmServiceOrderRequest,
        GetDecisionRequest, GetDecisionResponse, GetOverviewRequest, GetOverviewResponse, GetServiceOrderRequest,
        GetServiceOrderResponse, GoOnWithoutGoodsRequest, InspectGoodsRequest, ListOpenOrdersRequest,
        ListOpenOrdersResponse, ListRefundsRequest, ListRefundsResponse, ListServiceOrdersRequest,
        ListServiceOrdersResponse, MakeReturnLabelRequest, ReceiveGoodsRequest, RecordRefundPaidRequest,
        RedriveWebhookRequest, RedriveWebhookResponse, RepeatPayoutRequest, RequestServiceOrderRequest,
        ReviewServiceOrderRequest, RuleOnInspectionRequest, SettleEarlierAttemptRequest, fulfilment_server::Fulfilment,
    },
};
use jiff::{SignedDuration, Timestamp};
use kernel::{approval::Limits, returns::Policy};
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use crate::{
    carrier::HttpCarrier,
    domain::{
        giving::Rules,
        order::{
            Command, ServiceOrder,
            effort::Ceilings,
            money::News,
            portion,
            request::{self as asked, Form},
            returning::{self, Terms},
        },
        warranty::Warranties,
    },
    in_force::InForce,
    store::{self, Stored, Tally},
    wire,
};

mod agreed;
pub mod chargeback;
pub mod compensation;
pub mod cost;
pub mod found;
mod goods;
pub mod policy;
mod refund;
mod repair;
pub mod replacement;
mod request;

const ORDER_STATUSES: [&str; 14] = [
    "requested",
    "awaiting_goods",
    "refunding",
    "completed",
    "refused",
    "failed",
    "in_review",
    "eligible",
    "ineligible",
    "authorised",
    "in_progress",
    "closed_partial",
    "cancelled",
    "promised",
];

/// Orders, goods that came back, repairs, refunds.
#[derive(Clone)]
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    pub clock: Clock,
    /// What may come back.
    pub policy: InForce,
    /// What is decided of returns that were agreed by their pieces.
    pub agreed: Arc<Policy>,
    /// Who bears the cost of repairs.
    pub warranties: Arc<Warranties>,
    /// How much may be asked of customers.
    pub ceilings: Arc<Ceilings>,
    /// What customers are told who send goods back.
    pub form: Form,
    /// How long goods are awaited, by when they are inspected or repaired, by when money is paid, and by when goods go out
    /// again.
    pub terms: Terms,
    /// By when a person is to say what becomes of found goods.
    pub found_within: SignedDuration,
    /// What one piece that goes out costs at the most.
    pub price_max: Arc<Limits>,
    /// Who may give what.
    pub giving: Arc<Rules>,
    /// Channels whose shop systems have a webhook.
    pub shops: Vec<String>,
    /// Who makes labels, where there is somebody.
    pub carrier: Option<HttpCarrier>,
}

/// Who acts, and the key that makes a repeat get the first answer.
type Caller = (Actor, Option<IdempotencyKey>);

impl Api {
    /// One command to an order.
    async fn command(&self, caller: Caller, change: Change) -> Result<Response<Receipt>, Status> {
        command(&self.road, caller, change).await
    }
}

/// One command to an order.
async fn command(road: &Road, caller: Caller, change: Change) -> Result<Response<Receipt>, Status> {
    Ok(Response::new(told(road, caller, change).await?))
}

async fn told(road: &Road, (actor, key): Caller, change: Change) -> Result<Receipt, Fault> {
    let unit = Unit::of(change)
        .actor(actor)
        .key(key)
        .answer::<ServiceOrder>(|id, version, order| wire::receipt(id, version, order).encode_to_vec());
    let answer = road.submit(unit).await?;
    Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)
}

/// Reads who acts.
fn caller<T: Message>(checks: &mut Checks, request: &Request<T>, scope: &str) -> Option<Caller> {
    let actor = checks.actor(request);
    let key = checks.key(request, scope);
    Some((actor?, key?))
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
        let ListServiceOrdersRequest { status, complaint_id, page, origin_reference } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &status, &ORDER_STATUSES);
        let complaint_id = checks.optional_id("complaint_id", &complaint_id);
        let origin = checks.text("origin_reference", &origin_reference, 0..=200);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some(complaint_id), Some(origin), Some((page, after))) =
            (status, complaint_id, origin, page)
        else {
            return Err(checks.fault().into());
        };
        let of = store::Of { status, complaint_id, origin: Some(origin).filter(|origin| !origin.is_empty()) };
        let rows = store::orders(&self.pool, of, after, page.limit()).await?;
        let place = |row: &Stored<ServiceOrder>| (key(row.state.opened_at), row.id);
        Ok(Response::new(ListServiceOrdersResponse {
            next_page_token: page.next(&rows, place),
            orders: rows.iter().map(|row| wire::order_view(row.id, row.version, &row.state)).collect(),
        }))
    }

    async fn list_open_orders(
        &self,
        request: Request<ListOpenOrdersRequest>,
    ) -> Result<Response<ListOpenOrdersResponse>, Status> {
        self.open_orders(request.into_inner()).await
    }

    async fn receive_goods(&self, request: Request<ReceiveGoodsRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.receive_goods");
        let parcel = goods::parcel(&mut checks, request.get_ref());
        let (Some(caller), Some(parcel)) = (caller, parcel) else { return Err(checks.fault().into()) };
        let id = self.order_of(&parcel.which).await?;
        let by = caller.0.as_str().to_owned();
        let goods::Parcel { place, came, reference, .. } = parcel.clone();
        let command = match reference {
            Some(parcel) => Command::ReceiveParcel { parcel, by, place, came },
            None => Command::ReceiveGoods { by, place, came },
        };
        match told(&self.road, caller.clone(), Change::to::<ServiceOrder>(id, command)).await {
            Ok(receipt) => Ok(Response::new(receipt)),
            Err(refused) => {
                let keeping = (&self.road, self.found_within);
                Err(found::keep(keeping, id, parcel, caller, refused).await.into())
            }
        }
    }

    async fn make_return_label(&self, request: Request<MakeReturnLabelRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.make_return_label");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let (Some(caller), Some(id)) = (caller, id) else { return Err(checks.fault().into()) };
        let keep = self.labelled(id, caller.0.as_str()).await?;
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(asked::Command::Label(keep)))).await
    }

    async fn inspect_goods(&self, request: Request<InspectGoodsRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.inspect_goods");
        let by = caller.as_ref().map_or("", |(actor, _)| actor.as_str());
        let inspected = goods::inspected(&mut checks, request.get_ref(), by);
        let (Some(caller), Some(mut inspected)) = (caller, inspected) else { return Err(checks.fault().into()) };
        inspected.inspection.renewed = self.renewed(&inspected).await?;
        let (id, line_no) = (inspected.order_id, inspected.line_no);
        let inspect = returning::Command::Inspect { line_no, inspection: Box::new(inspected.inspection) };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(asked::Command::Goods(inspect)))).await
    }

    async fn answer_inspection(&self, request: Request<AnswerInspectionRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.answer_inspection");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let (Some(caller), Some(id)) = (caller, id) else { return Err(checks.fault().into()) };
        let &AnswerInspectionRequest { line_no, agreed, .. } = request.get_ref();
        let by = caller.0.as_str().to_owned();
        let hear = returning::Command::HearCustomer { line_no, by, agreed };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(asked::Command::Goods(hear)))).await
    }

    async fn go_on_without_goods(
        &self,
        request: Request<GoOnWithoutGoodsRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.go_on_without_goods");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let (Some(caller), Some(id)) = (caller, id) else { return Err(checks.fault().into()) };
        let go_on = asked::Command::Goods(returning::Command::GoOn);
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(go_on))).await
    }

    async fn rule_on_inspection(&self, request: Request<RuleOnInspectionRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.rule_on_inspection");
        let r = request.get_ref();
        let id = checks.id("order_id", &r.order_id);
        let reason = request::code(&mut checks, "reason", &r.reason);
        let (Some(caller), Some(id), Some(reason)) = (caller, id, reason) else { return Err(checks.fault().into()) };
        let (line_no, by, approved) = (r.line_no, caller.0.as_str().to_owned(), r.approved);
        let rule = returning::Command::Rule { line_no, by, approved, reason };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(asked::Command::Goods(rule)))).await
    }

    async fn request_service_order(
        &self,
        request: Request<RequestServiceOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.request_service_order");
        let confirmed = request.get_ref().confirmed;
        let asked = request::asked(&mut checks, request.get_ref(), &self.price_max);
        let (Some(caller), Some(asked)) = (caller, asked) else { return Err(checks.fault().into()) };
        let asked = self.ask(asked, caller.0.as_str(), self.clock.now()).await?;
        let id = asked.order_id;
        let ask = asked::Command::Ask { request: Box::new(asked), confirmed };
        self.command(caller, Change::create::<ServiceOrder>(id, Command::Request(ask))).await
    }

    async fn complete_agreed_order(
        &self,
        request: Request<CompleteAgreedOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        self.complete(request).await
    }

    async fn confirm_service_order(
        &self,
        request: Request<ConfirmServiceOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.confirm_service_order");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let (Some(caller), Some(id)) = (caller, id) else { return Err(checks.fault().into()) };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(asked::Command::Confirm))).await
    }

    async fn review_service_order(
        &self,
        request: Request<ReviewServiceOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.review_service_order");
        let r = request.get_ref();
        let id = checks.id("order_id", &r.order_id);
        let reason = request::code(&mut checks, "reason", &r.reason);
        let amounts = request::amounts(&mut checks, &r.amounts, &self.price_max);
        let (Some(caller), Some(id), Some(reason), Some(amounts)) = (caller, id, reason, amounts) else {
            return Err(checks.fault().into());
        };
        let review = asked::Command::Review { by: caller.0.as_str().to_owned(), approved: r.approved, reason, amounts };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(review))).await
    }

    async fn cancel_service_order(
        &self,
        request: Request<CancelServiceOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.cancel_service_order");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let reason = request::code(&mut checks, "reason", &request.get_ref().reason);
        let returned = repair::optional_reference(&mut checks, "goods_returned", &request.get_ref().goods_returned);
        let (Some(caller), Some(id), Some(reason), Some(returned)) = (caller, id, reason, returned) else {
            return Err(checks.fault().into());
        };
        let goods_returned = Some(returned).filter(|returned| !returned.is_empty());
        let cancel = asked::Command::Cancel { by: caller.0.as_str().to_owned(), reason, goods_returned };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(cancel))).await
    }

    async fn repeat_payout(&self, request: Request<RepeatPayoutRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.repeat_payout");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let claim_id = checks.id("claim_id", &request.get_ref().claim_id);
        let (Some(caller), Some(id), Some(claim_id)) = (caller, id, claim_id) else {
            return Err(checks.fault().into());
        };
        let by_hand = request.get_ref().by_hand;
        let command = match by_hand || claim_id == id {
            true => Command::Portion { claim_id, news: portion::News::Repeat { by_hand } },
            false => Command::money(claim_id, News::Repeat),
        };
        self.command(caller, Change::to::<ServiceOrder>(id, command)).await
    }

    async fn record_refund_paid(&self, request: Request<RecordRefundPaidRequest>) -> Result<Response<Receipt>, Status> {
        self.refund_paid(request).await
    }

    async fn settle_earlier_attempt(
        &self,
        request: Request<SettleEarlierAttemptRequest>,
    ) -> Result<Response<Receipt>, Status> {
        self.settle_earlier(request).await
    }

    async fn get_decision(
        &self,
        request: Request<GetDecisionRequest>,
    ) -> Result<Response<GetDecisionResponse>, Status> {
        Ok(Response::new(self.decision(request.get_ref()).await?))
    }

    async fn list_refunds(
        &self,
        request: Request<ListRefundsRequest>,
    ) -> Result<Response<ListRefundsResponse>, Status> {
        self.refunds(request.into_inner()).await
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let count = |Tally { key, amount }| Count { key, count: amount.unsigned_abs() };
        let money = |Tally { key, amount }| common::Money { minor: amount, currency: key };
        Ok(Response::new(GetOverviewResponse {
            orders: store::order_counts(&self.pool).await?.into_iter().map(count).collect(),
            refunds: store::refund_counts(&self.pool).await?.into_iter().map(count).collect(),
            refunded: store::refunded(&self.pool, false).await?.into_iter().map(money).collect(),
            paid_by_hand: store::refunded(&self.pool, true).await?.into_iter().map(money).collect(),
            refused_callbacks: store::refused_callbacks(&self.pool).await?.into_iter().map(count).collect(),
            effort: Some(store::effort(&self.pool, self.clock.now()).await?),
            failed_webhooks: store::failed_webhooks(&self.pool).await?.into_iter().map(count).collect(),
        }))
    }

    async fn redrive_webhook(
        &self,
        request: Request<RedriveWebhookRequest>,
    ) -> Result<Response<RedriveWebhookResponse>, Status> {
        let mut checks = Checks::default();
        let (actor, channel) = (checks.actor(&request), &request.get_ref().channel);
        if !self.shops.contains(channel) {
            checks.wrong("channel", format!("no webhook is set up for it; there are: {}", self.shops.join(", ")));
        }
        let (Some(actor), true) = (actor, self.shops.contains(channel)) else { return Err(checks.fault().into()) };
        let redriven = backbone::webhook::redrive(&self.pool, channel, self.clock.now()).await?;
        tracing::info!(channel, actor = actor.as_str(), redriven, "a webhook is redriven");
        Ok(Response::new(RedriveWebhookResponse { redriven }))
    }
}

fn key(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}
