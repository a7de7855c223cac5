//! The door to goods that come back: parcels are read, found by their number, and what was found in them is handed on.
use backbone::{Checks, Fault, page::by_time};
use contracts::fulfilment::v1::{
    InspectGoodsRequest, InspectionCriterion, InspectionResult, LinePiecesReceived, ListOpenOrdersRequest,
    ListOpenOrdersResponse, ReceiveGoodsRequest,
};
use jiff::Timestamp;
use kernel::returns::{Facts, Receipt};
use tonic::{Response, Status};
use uuid::Uuid;

use super::{
    Api, key,
    repair::{optional_reference, reference},
    request::{code, word},
};
use crate::{
    carrier::{Carrier as _, Made, ToLabel},
    domain::order::{
        Rejection, ServiceOrder, agreed_money,
        goods::{Criterion, Disposition, Finding, Inspection},
        label,
        returning::Came,
    },
    store::{self, Stored},
    wire,
};

pub(super) const LIST_MAX: usize = 100;
pub(super) const QUANTITY_MAX: u32 = 1_000_000;

/// Which order a parcel belongs to: by its id, or by the number that stands on it.
#[derive(Clone)]
pub(super) enum Which {
    Id(Uuid),
    Number(String),
}

/// What came, and where.
#[derive(Clone)]
pub(super) struct Parcel {
    pub which: Which,
    pub place: String,
    pub came: Vec<Came>,
    /// Its own number.
    pub reference: Option<String>,
}

/// Reads a parcel.
pub(super) fn parcel(checks: &mut Checks, r: &ReceiveGoodsRequest) -> Option<Parcel> {
    let which = if r.rma_number.is_empty() || !r.order_id.is_empty() {
        checks.id("order_id", &r.order_id).map(Which::Id)
    } else {
        checks.text("rma_number", &r.rma_number, 1..=20).map(|number| Which::Number(number.to_uppercase()))
    };
    let place = optional_reference(checks, "place", &r.place);
    let came = came(checks, &r.came);
    let number = optional_reference(checks, "parcel_reference", &r.parcel_reference);
    let reference = Some(number?).filter(|number| !number.is_empty());
    Some(Parcel { which: which?, place: place?, came: came?, reference })
}

/// Reads what is in a parcel; an article of no line is named.
pub(super) fn came(checks: &mut Checks, came: &[LinePiecesReceived]) -> Option<Vec<Came>> {
    let listed = checks.list("came", came, LIST_MAX);
    let one = |(n, one): (usize, &LinePiecesReceived)| {
        let quantity = checks.within(&format!("came[{n}].quantity"), one.quantity, 1..=QUANTITY_MAX);
        let line_no = (one.line_no > 0).then_some(one.line_no);
        let read = if line_no.is_none() { reference } else { optional_reference };
        let product_id = read(checks, &format!("came[{n}].product_id"), &one.product_id);
        Some(Came { line_no, product_id: product_id?, quantity: quantity? })
    };
    let came: Vec<Option<Came>> = listed.unwrap_or_default().iter().enumerate().map(one).collect();
    listed.and(came.into_iter().collect::<Option<_>>())
}

/// What an inspector found.
pub(super) struct Inspected {
    pub order_id: Uuid,
    pub line_no: u32,
    pub opened: Option<bool>,
    pub resaleable: Option<bool>,
    pub discomfort: Option<bool>,
    pub inspection: Inspection,
}

/// Reads an inspection.
pub(super) fn inspected(checks: &mut Checks, r: &InspectGoodsRequest, by: &str) -> Option<Inspected> {
    let order_id = checks.id("order_id", &r.order_id);
    let line_no = checks.within("line_no", r.line_no, 1..=u32::MAX);
    let some = if r.results.is_empty() { Err("must say what became of one piece at least") } else { Ok(()) };
    let some = checks.value("results", some);
    let listed = checks.list("results", &r.results, LIST_MAX);
    let one = |(n, one): (usize, &InspectionResult)| {
        let quantity = checks.within(&format!("results[{n}].quantity"), one.quantity, 1..=QUANTITY_MAX);
        let grade = code(checks, &format!("results[{n}].grade"), &one.grade);
        let disposition = word::<Disposition>(checks, &format!("results[{n}].disposition"), &one.disposition);
        Some(Finding { quantity: quantity?, accepted: one.accepted, grade: grade?, disposition: disposition? })
    };
    let findings: Vec<Option<Finding>> = listed.unwrap_or_default().iter().enumerate().map(one).collect();
    let findings = listed.and(findings.into_iter().collect::<Option<Vec<_>>>());
    let listed = checks.list("criteria", &r.criteria, LIST_MAX);
    let one = |(n, one): (usize, &InspectionCriterion)| {
        let code = code(checks, &format!("criteria[{n}].code"), &one.code)?;
        Some(Criterion { code, passed: one.passed })
    };
    let criteria: Vec<Option<Criterion>> = listed.unwrap_or_default().iter().enumerate().map(one).collect();
    let criteria = listed.and(criteria.into_iter().collect::<Option<Vec<_>>>());
    let listed = checks.list("photos", &r.photos, LIST_MAX);
    let one = |(n, one): (usize, &String)| reference(checks, &format!("photos[{n}]"), one);
    let photos: Vec<Option<String>> = listed.unwrap_or_default().iter().enumerate().map(one).collect();
    let photos = listed.and(photos.into_iter().collect::<Option<Vec<_>>>());
    some?;
    let inspection = Inspection {
        by: by.to_owned(),
        at: Timestamp::UNIX_EPOCH,
        findings: findings?,
        criteria: criteria?,
        photos: photos?,
        renewed: None,
        word: None,
        ruling: None,
    };
    let (opened, resaleable, discomfort) = (r.opened, r.resaleable, r.discomfort);
    Some(Inspected { order_id: order_id?, line_no: line_no?, opened, resaleable, discomfort, inspection })
}

impl Api {
    /// The order a parcel belongs to. Errors: no order has this number.
    pub(super) async fn order_of(&self, which: &Which) -> Result<Uuid, Fault> {
        match which {
            Which::Id(id) => Ok(*id),
            Which::Number(number) => {
                let found = store::order_by_number(&self.pool, number).await?;
                found.ok_or_else(|| Fault::not_found("service_order", "with this number"))
            }
        }
    }

    /// What the policy says to the line as it was found, or that it is otherwise than was agreed by its pieces; none where nothing
    /// was rejected, and where the order has no such line or the policy in force knows its reason no more.
    pub(super) async fn renewed(&self, inspected: &Inspected) -> Result<Option<Receipt>, Fault> {
        if inspected.inspection.findings.iter().all(|finding| finding.accepted) {
            return Ok(None);
        }
        let order = store::order(&self.pool, inspected.order_id).await?;
        let lines = order.and_then(|order| order.state.request).map(|request| request.lines).unwrap_or_default();
        let place = usize::try_from(inspected.line_no).unwrap_or(usize::MAX).wrapping_sub(1);
        let receipt = lines.into_iter().nth(place).map(|line| line.receipt);
        let found = |facts: Facts| Facts {
            opened: inspected.opened.or(facts.opened),
            resaleable: inspected.resaleable.or(facts.resaleable),
            discomfort: inspected.discomfort.or(facts.discomfort),
            ..facts
        };
        let Some(Receipt { facts, policy, .. }) = receipt else { return Ok(None) };
        if policy.id == self.agreed.id {
            return Ok(agreed_money::found_otherwise(&self.agreed, found(facts)));
        }
        Ok(self.policy.policy().await?.decide(found(facts)))
    }
}

impl Api {
    /// What a place has open.
    pub(super) async fn open_orders(
        &self,
        ListOpenOrdersRequest { place, page }: ListOpenOrdersRequest,
    ) -> Result<Response<ListOpenOrdersResponse>, Status> {
        let mut checks = Checks::default();
        let place = reference(&mut checks, "place", &place);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(place), Some((page, after))) = (place, page) else { return Err(checks.fault().into()) };
        let rows = store::open_at(&self.pool, &place, after, page.limit()).await?;
        let place = |row: &Stored<ServiceOrder>| (key(row.state.opened_at), row.id);
        Ok(Response::new(ListOpenOrdersResponse {
            next_page_token: page.next(&rows, place),
            orders: rows.iter().map(|row| wire::order_view(row.id, row.version, &row.state)).collect(),
        }))
    }

    /// The label its carrier makes for an order's parcel; the one it has where there is one.
    pub(super) async fn labelled(&self, id: Uuid, by: &str) -> Result<label::Command, Fault> {
        let order = store::order(&self.pool, id).await?.ok_or_else(|| Fault::not_found("service_order", id))?;
        let carrier = self.carrier.as_ref().ok_or_else(|| {
            Fault::rejected("carrier.none", "no carrier is set up who makes labels ([service.carrier])")
        })?;
        let request = order.state.request.as_ref().ok_or(Rejection::NoGoodsExpected)?;
        let reference = request.rma_number.as_deref().ok_or(Rejection::NoGoodsExpected)?;
        let (pieces, known) = (request.awaited().values().sum(), request.living_label());
        if pieces == 0 && known.is_none() {
            return Err(Rejection::NoGoodsExpected.into());
        }
        let made = match known {
            Some(label) => Made { tracking_number: label.tracking_number.clone(), label_url: label.reference.clone() },
            None => {
                // One key a parcel: each is asked for once.
                let before = request.label.as_ref().map_or("", |label| label.tracking_number.as_str());
                let key = if before.is_empty() { id } else { kernel::id::derived("label", &[&id.to_string(), before]) };
                carrier.label(key, &ToLabel { reference, send_to: &request.form.send_to, pieces }).await?
            }
        };
        let Made { tracking_number, label_url } = made;
        let (carrier, by) = (carrier.name.clone(), by.to_owned());
        Ok(label::Command::Keep { carrier, tracking_number, reference: label_url, by })
    }
}
