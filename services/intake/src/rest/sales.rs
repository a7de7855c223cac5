//! `POST /v1/sales`: purchases in bulk, one JSON object a line. All lines are checked before any is stored; then they
//! go down the road side by side, each stored for itself. A repeat is recognised by (channel, order_ref) and changes
//! nothing, so a request that broke off on the way is completed by sending it again.
use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{Request, StatusCode},
};
use backbone::{Change, Fault, Unit};
use futures::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body,
    problem::{Problem, Wrong},
    sale_request::{Sale, SaleRequest},
};
use crate::{
    app::{App, channel_actor},
    domain::{
        base_data::Known,
        purchase::{Event, Purchase},
    },
    store,
    vault::person_row,
};

/// A body of 10 MB is too large.
const BODY_MAX: usize = 10_000_000 - 1;
/// The most orders in one request.
const LINES_MAX: usize = 5_000;
/// How many orders are on the road at once.
const ABREAST: usize = 512;
const NDJSON: &[&str] = &["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"];

/// What became of the orders, as foreseen when the request was checked; an order told twice at the same time may count as
/// recorded twice.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct SalesView {
    /// New to us.
    pub recorded: usize,
    /// Known, and now delivered, or their base data completed.
    pub updated: usize,
    /// Known exactly so.
    pub unchanged: usize,
}

/// Takes in purchases.
///
/// One order a line (NDJSON), at most 5,000 lines and 10 MB. All lines are checked first: one bad line refuses the whole
/// request, with every bad line and field named, and nothing is stored. Then each order is stored for itself: after a 429
/// or 503, or when the same order comes twice at the same time with other facts (409 without lines), some may be on
/// record. Sending the same orders again changes nothing of those and completes the rest.
#[utoipa::path(post, path = "/v1/sales", tag = "sales",
    request_body(content = SaleRequest, content_type = "application/x-ndjson", description = "One such object a line"),
    responses(
        (status = 200, description = "All orders are on record", body = SalesView),
        (status = 400, description = "Not UTF-8", body = Problem),
        (status = 409, description = "Orders are on record with other facts", body = Problem),
        (status = 413, description = "10 MB or larger, or more than 5,000 lines", body = Problem),
        (status = 415, description = "Not NDJSON", body = Problem),
        (status = 422, description = "Lines are wrong; all of them are named", body = Problem),
        (status = 429, description = "Too much at once; send all again", body = Problem),
        (status = 503, description = "A part of the system is away; send all again", body = Problem)))]
pub async fn record(State(app): State<Arc<App>>, request: Request<Body>) -> Result<Json<SalesView>, Problem> {
    let text = body::text(request, NDJSON, BODY_MAX).await?;
    let mut orders = read(&app, &text)?;
    complete(&app, &mut orders).await?;
    let view = foresee(&app, &orders).await?;
    for part in orders.chunks(ABREAST) {
        try_join_all(part.iter().map(|order| put(&app, order))).await?;
    }
    Ok(Json(view))
}

/// An order with nothing wrong, and the line it stands on.
struct Order {
    line: usize,
    customer: Uuid,
    known: Known,
    sale: Sale,
}

/// All lines, or all that is wrong with them.
fn read(app: &App, text: &str) -> Result<Vec<Order>, Problem> {
    let now = app.clock.now();
    let (mut orders, mut wrong) = (Vec::new(), Vec::new());
    for (index, written) in text.lines().enumerate().filter(|(_, written)| !written.trim().is_empty()) {
        let line = index + 1;
        match SaleRequest::read(written, now) {
            Ok(sale) => {
                let (customer, known) = (app.pseudonym(&sale.identity), app.known(&sale.person));
                orders.push(Order { line, customer, known, sale });
            }
            Err(found) => wrong.extend(found.into_iter().map(|wrong| Wrong { line: Some(line), ..wrong })),
        }
        if index >= LINES_MAX {
            let detail = format!("more than {LINES_MAX} lines; send them in parts");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "request.too_many_lines", detail));
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    if orders.is_empty() {
        let hint = Some("send one order a line".to_owned());
        return Err(Problem::fields(vec![Wrong {
            line: None,
            field: String::new(),
            reason: "holds no order".into(),
            hint,
        }]));
    }
    Ok(orders)
}

/// What is known of the customers besides, by other orders or by what they told before.
async fn complete(app: &App, orders: &mut [Order]) -> Result<(), Fault> {
    let lacking = orders.iter().filter(|order| !(order.known.name && order.known.contact));
    let lacking: Vec<Uuid> = lacking.map(|order| order.customer).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let mut known: HashMap<Uuid, (bool, bool)> = store::customer::base_data(&app.pool, &lacking).await?;
    for order in &*orders {
        let (name, contact) = known.entry(order.customer).or_default();
        (*name, *contact) = (*name || order.known.name, *contact || order.known.contact);
    }
    for order in orders {
        let (name, contact) = known.get(&order.customer).copied().unwrap_or_default();
        (order.known.name, order.known.contact) = (name, contact);
    }
    Ok(())
}

/// What will become of the orders, by the same decision that will be taken. Errors: the lines that contradict what is
/// on record, or an earlier line.
async fn foresee(app: &App, orders: &[Order]) -> Result<SalesView, Problem> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.sale.purchase_id).collect();
    let mut purchases = store::purchases(&app.pool, &ids).await?;
    let (mut view, mut contradictions) = (SalesView::default(), Vec::new());
    for order in orders {
        let purchase = purchases.entry(order.sale.purchase_id).or_default();
        match purchase.decide(order.sale.command(order.customer, order.known.clone()), app.clock.now()) {
            Ok(events) => {
                match events.first() {
                    Some(Event::Recorded { .. }) => view.recorded += 1,
                    Some(Event::Delivered { .. } | Event::BaseDataChanged { .. }) => view.updated += 1,
                    None => view.unchanged += 1,
                }
                events.iter().for_each(|event| purchase.apply(event));
            }
            Err(rejection) => contradictions.push(Wrong {
                line: Some(order.line),
                field: rejection.field().to_owned(),
                reason: rejection.to_string(),
                hint: Some("send what was sold, or another order_ref".to_owned()),
            }),
        }
    }
    if contradictions.is_empty() { Ok(view) } else { Err(Problem::conflict("purchase.differs", contradictions)) }
}

/// Puts one order on record.
async fn put(app: &App, order: &Order) -> Result<(), Fault> {
    let Order { customer, known, sale, .. } = order;
    let key = app.master.new_key(*customer)?;
    let person = person_row(&app.master, &key, &sale.person)?;
    let change = Change::to::<Purchase>(sale.purchase_id, sale.command(*customer, known.clone()));
    let unit = Unit::of(change).row(person).actor(channel_actor(sale.channel));
    app.road.submit_patiently(unit).await.map(drop)
}
