//! The gRPC door to what orders cost. No rules.
use backbone::{Change, Checks, Fault, Road, Unit, page::by_time};
use contracts::{
    Message,
    common::v1::{self as common, Receipt},
    fulfilment::v1::{
        AttributeCostsRequest, CostDimensions, GetCostsRequest, GetCostsResponse, ListCostsRequest, ListCostsResponse,
        RecordCostRequest, ReverseCostRequest, costs_server::Costs,
    },
};
use jiff::Timestamp;
use kernel::money::Money;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Caller, caller,
    request::{WORD_MAX, code, word},
};
use crate::{
    domain::{
        ledger::{Act, COST_MAX, Command, Cost, CostKind, CostLedger, Dimensions, currencies},
        ledger_id,
        order::ServiceOrder,
    },
    store::{self, costs},
    wire,
};

/// Ledgers of orders.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
}

impl Api {
    /// One command to the ledger of an order; the receipt says `posted`, with this id.
    async fn tell(
        &self,
        (actor, key): Caller,
        order_id: Uuid,
        id: Uuid,
        act: Act,
    ) -> Result<Response<Receipt>, Status> {
        let change = Change::to::<CostLedger>(ledger_id(order_id), Command { order_id, act });
        let receipt = move |_, version, _: &CostLedger| {
            Receipt { id: id.to_string(), version, status: "posted".to_owned() }.encode_to_vec()
        };
        answered(&self.road, Unit::of(change).actor(actor).key(key).answer::<CostLedger>(receipt)).await
    }

    async fn order(&self, id: Uuid) -> Result<ServiceOrder, Fault> {
        let order = store::order(&self.pool, id).await?.ok_or_else(|| Fault::not_found("service_order", id))?;
        Ok(order.state)
    }
}

/// The receipt of a unit.
pub(super) async fn answered(road: &Road, unit: Unit) -> Result<Response<Receipt>, Status> {
    let answer = road.submit(unit).await?;
    Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
}

/// An amount above nothing.
pub(super) fn amount(checks: &mut Checks, field: &str, amount: Option<&common::Money>) -> Option<Money> {
    match wire::money(field, amount) {
        Ok(amount) => checks.within(&format!("{field}.minor"), amount.minor, 1..=COST_MAX).map(|_| amount),
        Err(fault) => {
            fault.violations().iter().for_each(|wrong| checks.wrong(&wrong.field, &wrong.reason));
            None
        }
    }
}

/// A code, or nothing.
fn optional_code(checks: &mut Checks, field: &str, text: &str) -> Option<String> {
    if text.is_empty() { Some(String::new()) } else { code(checks, field, text) }
}

/// A department as complaint writes it, for example store-operations; empty where nobody knows.
pub(super) fn department(checks: &mut Checks, field: &str, told: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let fits = told.len() <= 64 && told.chars().all(plain);
    let wrong = "must be at most 64 of a-z, 0-9, \"-\", \"_\" and \".\"";
    checks.value(field, if fits { Ok(told.to_owned()) } else { Err(wrong) })
}

fn dimensions(checks: &mut Checks, told: Option<&CostDimensions>) -> Option<Dimensions> {
    let Some(told) = told else { return Some(Dimensions::default()) };
    let cause = optional_code(checks, "dimensions.cause", &told.cause);
    let department = department(checks, "dimensions.department", &told.department);
    let supplier = checks.text("dimensions.supplier", &told.supplier, 0..=WORD_MAX).map(str::to_owned);
    let batch = checks.text("dimensions.batch", &told.batch, 0..=WORD_MAX).map(str::to_owned);
    Some(Dimensions { cause: cause?, department: department?, supplier: supplier?, batch: batch? })
}

type Period = (Option<Timestamp>, Option<Timestamp>);

/// From when to before when.
fn period(
    checks: &mut Checks,
    from: Option<&contracts::Timestamp>,
    to: Option<&contracts::Timestamp>,
) -> Option<Period> {
    let from = checks.instant("from", from);
    let to = checks.instant("to", to);
    let (from, to) = (from?, to?);
    let in_order = from.zip(to).is_none_or(|(from, to)| from < to);
    checks.value("to", in_order.then_some((from, to)).ok_or("must be after from"))
}

#[tonic::async_trait]
impl Costs for Api {
    async fn record_cost(&self, request: Request<RecordCostRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.record_cost");
        let r = request.get_ref();
        let order_id = checks.id("order_id", &r.order_id);
        let kind = word::<CostKind>(&mut checks, "kind", &r.kind);
        let amount = amount(&mut checks, "amount", r.amount.as_ref());
        let dimensions = dimensions(&mut checks, r.dimensions.as_ref());
        let reason = code(&mut checks, "reason", &r.reason);
        let (Some(caller), Some(order_id), Some(kind), Some(amount), Some(dimensions), Some(reason)) =
            (caller, order_id, kind, amount, dimensions, reason)
        else {
            return Err(checks.fault().into());
        };
        let (id, by) = (Uuid::now_v7(), caller.0.as_str().to_owned());
        let cost = Cost { id, kind, amount, dimensions, reason, by };
        let currencies = currencies(&self.order(order_id).await?);
        self.tell(caller, order_id, id, Act::Record { cost, currencies }).await
    }

    async fn reverse_cost(&self, request: Request<ReverseCostRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.reverse_cost");
        let r = request.get_ref();
        let order_id = checks.id("order_id", &r.order_id);
        let entry_id = checks.id("entry_id", &r.entry_id);
        let reason = code(&mut checks, "reason", &r.reason);
        let (Some(caller), Some(order_id), Some(entry_id), Some(reason)) = (caller, order_id, entry_id, reason) else {
            return Err(checks.fault().into());
        };
        let by = caller.0.as_str().to_owned();
        self.tell(caller, order_id, entry_id, Act::Reverse { entry_id, reason, by }).await
    }

    async fn attribute_costs(&self, request: Request<AttributeCostsRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.attribute_costs");
        let r = request.get_ref();
        let order_id = checks.id("order_id", &r.order_id);
        let to = dimensions(&mut checks, r.dimensions.as_ref());
        let reason = code(&mut checks, "reason", &r.reason);
        let (Some(caller), Some(order_id), Some(to), Some(reason)) = (caller, order_id, to, reason) else {
            return Err(checks.fault().into());
        };
        self.order(order_id).await?;
        let by = caller.0.as_str().to_owned();
        self.tell(caller, order_id, order_id, Act::Attribute { to, reason, by }).await
    }

    async fn get_costs(&self, request: Request<GetCostsRequest>) -> Result<Response<GetCostsResponse>, Status> {
        let mut checks = Checks::default();
        let Some(id) = checks.id("order_id", &request.get_ref().order_id) else { return Err(checks.fault().into()) };
        let ledger = match costs::ledger(&self.pool, id).await? {
            Some(ledger) => ledger.state,
            None => self.order(id).await.map(|_| CostLedger::default())?,
        };
        Ok(Response::new(wire::cost::costs_view(&ledger)))
    }

    async fn list_costs(&self, request: Request<ListCostsRequest>) -> Result<Response<ListCostsResponse>, Status> {
        let r = request.into_inner();
        let mut checks = Checks::default();
        let cause = optional_code(&mut checks, "cause", &r.cause);
        let department = department(&mut checks, "department", &r.department);
        let supplier = checks.text("supplier", &r.supplier, 0..=WORD_MAX).map(str::to_owned);
        let batch = checks.text("batch", &r.batch, 0..=WORD_MAX).map(str::to_owned);
        let period = period(&mut checks, r.from.as_ref(), r.to.as_ref());
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(cause), Some(department), Some(supplier), Some(batch), Some((from, to)), Some((page, after))) =
            (cause, department, supplier, batch, period, page)
        else {
            return Err(checks.fault().into());
        };
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let (cause, department) = (given(cause), given(department));
        let (supplier, batch) = (given(supplier), given(batch));
        let of = costs::Costs { cause, department, supplier, batch, from, to };
        let rows = costs::costs(&self.pool, &of, after, page.limit()).await?;
        let place = |row: &costs::CostRow| (row.occurred_at.to_jiff().to_string(), row.id);
        Ok(Response::new(ListCostsResponse {
            next_page_token: page.next(&rows, place),
            costs: rows.iter().map(wire::cost::cost_line).collect(),
            sums: costs::cost_sums(&self.pool, &of).await?.into_iter().map(wire::cost::cost_sum).collect(),
        }))
    }
}
