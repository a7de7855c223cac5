//! `POST /v1/sales`: purchases in bulk, one JSON object a line. All lines are checked before any is stored; then they go
//! down the road side by side. A repeat is recognised by (channel, order_ref) and changes nothing.
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{Json, body::Body, extract::State, http::{Request, StatusCode}};
use backbone::{Change, Fault, Unit};
use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body,
    check::Checks,
    problem::{Problem, Wrong},
    sale_request::{Sale, SaleRequest},
};
use crate::{
    app::{App, channel_actor},
    domain::purchase::{Command, Event, Purchase},
    store,
    vault::{CustomerKey, person_row},
};

/// A body of 10 MB is too large.
const BODY_MAX: usize = 10_000_000 - 1;
/// The most orders in one request.
const LINES_MAX: usize = 5_000;
/// How many orders are on the road at once.
const ABREAST: usize = 512;
const NDJSON: &[&str] = &["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"];

/// What became of the orders.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct SalesView {
    /// New to us.
    pub recorded: usize,
    /// Known, and now delivered.
    pub updated: usize,
    /// Known exactly so.
    pub unchanged: usize,
}

/// Takes in purchases.
///
/// One order a line (NDJSON), at most 5,000 lines and 10 MB. One bad line refuses the whole request, with every bad line and
/// field named; nothing is stored then. Sending the same orders again changes nothing, so a request may safely be repeated.
#[utoipa::path(post, path = "/v1/sales", tag = "sales",
    request_body(content = SaleRequest, content_type = "application/x-ndjson", description = "One such object a line"),
    responses(
        (status = 200, description = "All orders are on record", body = SalesView),
        (status = 400, description = "Not UTF-8", body = Problem),
        (status = 409, description = "Orders are on record with other facts", body = Problem),
        (status = 413, description = "10 MB or larger, or more than 5,000 lines", body = Problem),
        (status = 415, description = "Not NDJSON", body = Problem),
        (status = 422, description = "Lines are wrong; all of them are named", body = Problem),
        (status = 503, description = "A part of the system is away; try again", body = Problem)))]
pub async fn record(State(app): State<Arc<App>>, request: Request<Body>) -> Result<Json<SalesView>, Problem> {
    let text = body::text(request, NDJSON, BODY_MAX).await?;
    let sales = read(&text, app.clock.now())?;
    let view = foresee(&app, &sales).await?;
    let customers: BTreeSet<Uuid> = sales.iter().map(|sale| app.pseudonym(&sale.identity)).collect();
    let keys = try_join_all(customers.into_iter().map(|customer| async move {
        let key = app_key(customer, &app).await?;
        Ok::<_, Fault>((customer, key))
    }));
    todo_replace(keys).await;
    Ok(Json(view))
}
