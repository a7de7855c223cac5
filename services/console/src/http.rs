//! The console's only address. Whatever the others do, it answers with a page; it runs no script and loads nothing
//! from elsewhere.
use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use backbone::{Clock, neighbours::Neighbours};
use serde::Deserialize;

use crate::page::Page;

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// `GET /`.
pub fn router(neighbours: Neighbours, clock: Clock) -> Router {
    Router::new().route("/", get(board)).with_state((neighbours, clock))
}

#[derive(Deserialize)]
struct Asked {
    /// "off" makes the page stand still, for people who need time to read.
    refresh: Option<String>,
}

async fn board(State((neighbours, clock)): State<(Neighbours, Clock)>, Query(asked): Query<Asked>) -> Response {
    let board = crate::neighbours::board(&neighbours, clock.now()).await;
    match Page::of(&board, asked.refresh.as_deref() != Some("off")).render() {
        Ok(page) => (HEADERS, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
