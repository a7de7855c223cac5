//! The REST door for channels, shops and platforms, with its OpenAPI description at `/openapi.json` and a page to read
//! and try it at `/docs`. No rules: shape and bounds are checked, then the domain decides.
mod body;
mod case_request;
mod case_view;
mod cases;
mod check;
mod contact;
mod customer;
mod kept;
mod problem;
mod promises;
mod sale_request;
mod sales;
mod status;
mod status_words;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    routing::{any, get, post},
};
use backbone::Fault;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

pub use self::{
    body::{json as json_body, shape},
    case_request::{CaseRequest, NO_CONTACT, PurchaseRef, Registration},
    case_view::CaseView,
    check::Checks,
    contact::unit as contact_unit,
    customer::Customer,
    kept::Kept,
    problem::Problem,
    status::{LINKS_MAX, link as status_link},
};
use crate::{app::App, attachments, knowledge};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aftercare intake",
        description = "The front door of after-sales: purchases and contacts of customers come in here. Errors are \
                       problem documents (RFC 9457) that name every wrong field at once. Every text is bounded; \
                       unknown fields are refused.",
        license(name = "Apache-2.0")
    ),
    paths(sales::record, cases::register, cases::get, promises::list, attachments::upload, attachments::of_case,
        knowledge::find, knowledge::article, knowledge::judge, status::get, status::rate),
    tags(
        (name = "sales", description = "What was sold to whom"),
        (name = "cases", description = "Contacts of customers"),
        (name = "attachments", description = "Files that come with contacts"),
        (name = "knowledge", description = "Answers to common questions"),
        (name = "promises", description = "What everybody is promised"),
        (name = "status", description = "How a case stands, for its customer")
    )
)]
struct Description;

/// All REST routes.
pub fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/sales", post(sales::record))
        .route("/v1/cases", post(cases::register))
        .route("/v1/cases/{id}", get(cases::get))
        .route("/v1/promises", get(promises::list))
        .route("/v1/status/{token}", get(status::get))
        .route("/v1/status/{token}/rating", post(status::rate))
        .route("/v1/{*path}", any(async || Problem::from(Fault::not_found("page", "of this name; see /docs"))))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "request.method", "see /docs for what can be done here")
        })
        .with_state(app)
        .merge(SwaggerUi::new("/docs").url("/openapi.json", Description::openapi()))
}
