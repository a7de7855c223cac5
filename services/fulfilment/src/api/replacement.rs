//! The gRPC door of the warehouse, and of who speaks with the customer about what goes out again. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Road, page::by_time};
use contracts::{
    Message,
    common::v1::{Money, Receipt},
    fulfilment::v1::{
        AnswerReplacementOfferRequest, ListReplacementsRequest, ListReplacementsResponse, OfferReplacementRequest,
        PickReplacementRequest, RecordDeliveryRequest, RecordDifferencePaidRequest, ReplacementView,
        ReportOutOfStockRequest, ReserveReplacementRequest, ShipReplacementRequest, TakeMoneyInsteadRequest,
        replacements_server::Replacements,
    },
};
use kernel::approval::Limits;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    caller, command,
    request::{code, paid, price, word},
};
use crate::{
    domain::order::{
        Command, ServiceOrder,
        replacement::{self, Outcome, Parcel},
        request::{self, Wanted},
    },
    store::{self, OPEN_REPLACEMENTS, Stored},
    wire,
};

/// Goods that go out again.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    /// What one piece that goes out costs at the most.
    pub price_max: Arc<Limits>,
}

/// Which order and which attempt a request is about.
type Which = Option<(Uuid, Uuid)>;

fn which(checks: &mut Checks, order_id: &str, replacement_id: &str) -> Which {
    let order_id = checks.id("order_id", order_id);
    let replacement_id = checks.id("replacement_id", replacement_id);
    Some((order_id?, replacement_id?))
}

impl Api {
    /// One command to an attempt, or everything that is wrong with the request.
    async fn tell<T: Message>(
        &self,
        request: &Request<T>,
        scope: &str,
        read: impl FnOnce(&mut Checks, &T) -> (Which, Option<replacement::Command>) + Send,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, request, scope);
        let (which, told) = read(&mut checks, request.get_ref());
        let (Some(caller), Some((order_id, id)), Some(told)) = (caller, which, told) else {
            return Err(checks.fault().into());
        };
        let by = caller.0.as_str().to_owned();
        let told = Command::Request(request::Command::Replacement { id, by, command: told });
        command(&self.road, caller, Change::to::<ServiceOrder>(order_id, told)).await
    }
}

#[tonic::async_trait]
impl Replacements for Api {
    async fn reserve_replacement(
        &self,
        request: Request<ReserveReplacementRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &ReserveReplacementRequest| {
            (which(checks, &r.order_id, &r.replacement_id), Some(replacement::Command::Reserve))
        };
        self.tell(&request, "fulfilment.reserve_replacement", read).await
    }

    async fn report_out_of_stock(
        &self,
        request: Request<ReportOutOfStockRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &ReportOutOfStockRequest| {
            (which(checks, &r.order_id, &r.replacement_id), Some(replacement::Command::ReportOutOfStock))
        };
        self.tell(&request, "fulfilment.report_out_of_stock", read).await
    }

    async fn offer_replacement(&self, request: Request<OfferReplacementRequest>) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &OfferReplacementRequest| {
            let which = which(checks, &r.order_id, &r.replacement_id);
            let product_id = checks.text("product_id", &r.product_id, 1..=200).map(str::to_owned);
            let price = price(checks, "price", r.price.as_ref(), &self.price_max);
            let offered = product_id.zip(price).map(|(product_id, price)| Wanted { product_id, price });
            (which, offered.map(replacement::Command::Offer))
        };
        self.tell(&request, "fulfilment.offer_replacement", read).await
    }

    async fn answer_replacement_offer(
        &self,
        request: Request<AnswerReplacementOfferRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &AnswerReplacementOfferRequest| {
            let answer = replacement::Command::Answer { agreed: r.agreed };
            (which(checks, &r.order_id, &r.replacement_id), Some(answer))
        };
        self.tell(&request, "fulfilment.answer_replacement_offer", read).await
    }

    async fn pick_replacement(&self, request: Request<PickReplacementRequest>) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &PickReplacementRequest| {
            (which(checks, &r.order_id, &r.replacement_id), Some(replacement::Command::Pick))
        };
        self.tell(&request, "fulfilment.pick_replacement", read).await
    }

    async fn ship_replacement(&self, request: Request<ShipReplacementRequest>) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &ShipReplacementRequest| {
            let which = which(checks, &r.order_id, &r.replacement_id);
            let carrier = code(checks, "carrier", &r.carrier);
            let number = checks.text("tracking_number", &r.tracking_number, 1..=200).map(str::to_owned);
            let parcel = carrier.zip(number).map(|(carrier, tracking_number)| Parcel { carrier, tracking_number });
            (which, parcel.map(replacement::Command::Ship))
        };
        self.tell(&request, "fulfilment.ship_replacement", read).await
    }

    async fn record_delivery(&self, request: Request<RecordDeliveryRequest>) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &RecordDeliveryRequest| {
            let which = which(checks, &r.order_id, &r.replacement_id);
            (which, word::<Outcome>(checks, "outcome", &r.outcome).map(replacement::Command::Arrive))
        };
        self.tell(&request, "fulfilment.record_delivery", read).await
    }

    async fn record_difference_paid(
        &self,
        request: Request<RecordDifferencePaidRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &RecordDifferencePaidRequest| {
            let which = which(checks, &r.order_id, &r.replacement_id);
            let reference = checks.text("reference", &r.reference, 1..=200).map(str::to_owned);
            let none = Money::default();
            let amount = paid(checks, "amount", Some(r.amount.as_ref().unwrap_or(&none))).flatten();
            let place = checks.text("place", &r.place, 0..=200).map(str::to_owned);
            let by_provider = r.taken_by_provider;
            let pay = |((reference, amount), place)| replacement::Command::PayDifference {
                reference,
                amount,
                by_provider,
                place,
            };
            (which, reference.zip(amount).zip(place).map(pay))
        };
        self.tell(&request, "fulfilment.record_difference_paid", read).await
    }

    async fn take_money_instead(&self, request: Request<TakeMoneyInsteadRequest>) -> Result<Response<Receipt>, Status> {
        let read = |checks: &mut Checks, r: &TakeMoneyInsteadRequest| {
            (which(checks, &r.order_id, &r.replacement_id), Some(replacement::Command::TakeMoney))
        };
        self.tell(&request, "fulfilment.take_money_instead", read).await
    }

    async fn list_replacements(
        &self,
        request: Request<ListReplacementsRequest>,
    ) -> Result<Response<ListReplacementsResponse>, Status> {
        let ListReplacementsRequest { status, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.one_of("status", &status, &OPEN_REPLACEMENTS);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault().into()) };
        let rows = store::replacements(&self.pool, status, after, page.limit()).await?;
        let views = |row: &Stored<ServiceOrder>| -> Vec<ReplacementView> {
            let request = row.state.request.iter();
            let all = request.flat_map(|one| one.replacements.iter().map(move |replacement| (one, replacement)));
            let meant = all.filter(|(_, one)| one.state.word() == status);
            meant.map(|(request, one)| wire::replacement::view(request, one)).collect()
        };
        let since = |row: &Stored<ServiceOrder>| {
            let all = row.state.request.iter().flat_map(|request| &request.replacements);
            all.filter(|one| one.state.word() == status).map(|one| one.since).min()
        };
        let place = |row: &Stored<ServiceOrder>| (super::key(since(row)), row.id);
        Ok(Response::new(ListReplacementsResponse {
            next_page_token: page.next(&rows, place),
            replacements: rows.iter().flat_map(views).collect(),
        }))
    }
}
