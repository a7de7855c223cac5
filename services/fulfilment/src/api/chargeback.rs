//! The gRPC door to charge-backs. No rules.
use backbone::{Change, Checks, Fault, Road, Unit, page::by_time};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{
        AcceptChargebackRequest, ApproveChargebackRequest, DisputeChargebackRequest, GetChargebackRequest,
        GetChargebackResponse, ListChargebacksRequest, ListChargebacksResponse, ProposeChargebackRequest,
        SendChargebackRequest, SettleChargebackRequest, WithdrawChargebackRequest, chargebacks_server::Chargebacks,
    },
};
use jiff::SignedDuration;
use kernel::money::Currency;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    caller,
    cost::{amount, answered},
    key,
    request::{WORD_MAX, code},
};
use crate::{
    domain::{
        chargeback::{Chargeback, Command},
        ledger::{self, Act, CostLedger, Wish},
        ledger_id,
    },
    store::{self, Stored, costs},
    wire,
};

const STATUSES: [&str; 7] = ["proposed", "approved", "sent", "accepted", "disputed", "settled", "withdrawn"];

/// Charge-backs to suppliers.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    /// How long one may stand as it stands, before people are told.
    pub move_within: SignedDuration,
}

impl Api {
    /// One command to a charge-back, or everything that is wrong with the request; `read` is told who acts.
    async fn tell<T: Message>(
        &self,
        request: &Request<T>,
        scope: &str,
        id: &str,
        read: impl FnOnce(&mut Checks, &T, String) -> Option<Command> + Send,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, request, scope);
        let id = checks.id("chargeback_id", id);
        let by = caller.as_ref().map_or("", |(actor, _)| actor.as_str()).to_owned();
        let command = read(&mut checks, request.get_ref(), by);
        let (Some((actor, key)), Some(id), Some(command)) = (caller, id, command) else {
            return Err(checks.fault().into());
        };
        let receipt = |id: Uuid, version, chargeback: &Chargeback| {
            Receipt { id: id.to_string(), version, status: chargeback.state.word().to_owned() }.encode_to_vec()
        };
        let unit = Unit::of(Change::to::<Chargeback>(id, command)).actor(actor).key(key);
        answered(&self.road, unit.answer::<Chargeback>(receipt)).await
    }
}

/// Of a letter or a payment.
fn reference(checks: &mut Checks, reference: &str) -> Option<String> {
    checks.text("reference", reference, 1..=WORD_MAX).map(str::to_owned)
}

#[tonic::async_trait]
impl Chargebacks for Api {
    async fn propose_chargeback(
        &self,
        request: Request<ProposeChargebackRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.propose_chargeback");
        let r = request.get_ref();
        let order_id = checks.id("order_id", &r.order_id);
        let supplier = checks.text("supplier", &r.supplier, 1..=WORD_MAX).map(str::to_owned);
        let batch = checks.text("batch", &r.batch, 0..=WORD_MAX).map(str::to_owned);
        let currency = checks.value("currency", r.currency.parse::<Currency>());
        let reason = code(&mut checks, "reason", &r.reason);
        let (Some((actor, key)), Some(order_id), Some(supplier), Some(batch), Some(currency), Some(reason)) =
            (caller, order_id, supplier, batch, currency, reason)
        else {
            return Err(checks.fault().into());
        };
        store::order(&self.pool, order_id).await?.ok_or_else(|| Fault::not_found("service_order", order_id))?;
        let (chargeback_id, by) = (Uuid::now_v7(), actor.as_str().to_owned());
        let move_within = self.move_within;
        let wish = Wish { chargeback_id, supplier, batch, currency, reason, by, move_within };
        let command = ledger::Command { order_id, act: Act::ChargeBack(wish) };
        let receipt = move |_, _, _: &CostLedger| {
            Receipt { id: chargeback_id.to_string(), version: 1, status: "proposed".to_owned() }.encode_to_vec()
        };
        let unit = Unit::of(Change::to::<CostLedger>(ledger_id(order_id), command)).actor(actor).key(key);
        answered(&self.road, unit.answer::<CostLedger>(receipt)).await
    }

    async fn approve_chargeback(
        &self,
        request: Request<ApproveChargebackRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().chargeback_id;
        let read = |_: &mut Checks, _: &ApproveChargebackRequest, by| Some(Command::Approve { by });
        self.tell(&request, "fulfilment.approve_chargeback", id, read).await
    }

    async fn send_chargeback(&self, request: Request<SendChargebackRequest>) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().chargeback_id;
        let read = |checks: &mut Checks, r: &SendChargebackRequest, _| {
            reference(checks, &r.reference).map(|reference| Command::Send { reference })
        };
        self.tell(&request, "fulfilment.send_chargeback", id, read).await
    }

    async fn accept_chargeback(&self, request: Request<AcceptChargebackRequest>) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().chargeback_id;
        let read = |_: &mut Checks, _: &AcceptChargebackRequest, _| Some(Command::Accept);
        self.tell(&request, "fulfilment.accept_chargeback", id, read).await
    }

    async fn dispute_chargeback(
        &self,
        request: Request<DisputeChargebackRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().chargeback_id;
        let read = |checks: &mut Checks, r: &DisputeChargebackRequest, _| {
            code(checks, "reason", &r.reason).map(|reason| Command::Dispute { reason })
        };
        self.tell(&request, "fulfilment.dispute_chargeback", id, read).await
    }

    async fn settle_chargeback(&self, request: Request<SettleChargebackRequest>) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().chargeback_id;
        let read = |checks: &mut Checks, r: &SettleChargebackRequest, _| {
            let paid = amount(checks, "paid", r.paid.as_ref());
            let reference = reference(checks, &r.reference);
            Some(Command::Settle { paid: paid?, reference: reference? })
        };
        self.tell(&request, "fulfilment.settle_chargeback", id, read).await
    }

    async fn withdraw_chargeback(
        &self,
        request: Request<WithdrawChargebackRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().chargeback_id;
        let read = |checks: &mut Checks, r: &WithdrawChargebackRequest, _| {
            code(checks, "reason", &r.reason).map(|reason| Command::Withdraw { reason })
        };
        self.tell(&request, "fulfilment.withdraw_chargeback", id, read).await
    }

    async fn get_chargeback(
        &self,
        request: Request<GetChargebackRequest>,
    ) -> Result<Response<GetChargebackResponse>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("chargeback_id", &request.get_ref().chargeback_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let Stored { version, state, .. } =
            costs::chargeback(&self.pool, id).await?.ok_or_else(|| Fault::not_found("chargeback", id))?;
        Ok(Response::new(GetChargebackResponse { chargeback: Some(wire::cost::chargeback_view(version, &state)) }))
    }

    async fn list_chargebacks(
        &self,
        request: Request<ListChargebacksRequest>,
    ) -> Result<Response<ListChargebacksResponse>, Status> {
        let ListChargebacksRequest { status, supplier, order_id, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.optional_of("status", &status, &STATUSES);
        let supplier = checks.text("supplier", &supplier, 0..=WORD_MAX);
        let order_id = checks.optional_id("order_id", &order_id);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some(supplier), Some(order_id), Some((page, after))) = (status, supplier, order_id, page)
        else {
            return Err(checks.fault().into());
        };
        let of = (status, Some(supplier).filter(|supplier| !supplier.is_empty()), order_id);
        let rows = costs::chargebacks(&self.pool, of, after, page.limit()).await?;
        let place = |row: &Stored<Chargeback>| (key(row.state.document.as_ref().map(|told| told.at)), row.id);
        Ok(Response::new(ListChargebacksResponse {
            next_page_token: page.next(&rows, place),
            chargebacks: rows.iter().map(|row| wire::cost::chargeback_view(row.version, &row.state)).collect(),
        }))
    }
}
