//! The HTTP door: `POST /sms` as an SMS gateway has it (2xx means taken, a repeat with the same key is not delivered
//! twice), and `GET /messages` for reading what came.
use std::io;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use super::store::{Draft, Handle, Medium, Received};

const BODY_MAX: usize = 16 * 1024;
const KEY_MAX: usize = 200;
const TEXT_MAX: usize = 2_000;
const LIMIT_MAX: usize = 1_000;

/// Serves until the listener fails.
pub(super) async fn serve(listener: TcpListener, store: Handle) -> io::Result<()> {
    let routes = Router::new()
        .route("/sms", post(take))
        .route("/messages", get(read))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(store);
    axum::serve(listener, routes).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sms {
    to: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(default)]
    about: String,
    limit: Option<usize>,
}

/// The answer to `GET /messages`: oldest first.
#[derive(Serialize)]
struct Messages {
    messages: Vec<Received>,
}

async fn take(State(store): State<Handle>, headers: HeaderMap, Json(sms): Json<Sms>) -> Response {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_MAX {
        return refusal(StatusCode::BAD_REQUEST, "the header Idempotency-Key must have 1 to 200 characters");
    }
    if !sms.to.chars().any(|c| c.is_ascii_digit()) || sms.to.len() > 40 {
        return refusal(StatusCode::UNPROCESSABLE_ENTITY, "to must be a phone number");
    }
    if sms.text.is_empty() || sms.text.chars().count() > TEXT_MAX {
        return refusal(StatusCode::UNPROCESSABLE_ENTITY, "text must have 1 to 2000 characters");
    }
    let draft =
        Draft { medium: Medium::Sms, key: key.to_owned(), to: vec![sms.to], subject: String::new(), text: sms.text };
    match store.take(draft).await {
        Some(taken) => Json(json!({ "id": taken.key, "repeated": taken.repeated })).into_response(),
        None => refusal(StatusCode::SERVICE_UNAVAILABLE, "the message could not be stored; try again"),
    }
}

async fn read(State(store): State<Handle>, Query(question): Query<Question>) -> Response {
    let limit = question.limit.unwrap_or(50).clamp(1, LIMIT_MAX);
    // Reading a long file takes a while; it must not hold up those who deliver.
    match tokio::task::spawn_blocking(move || store.newest(&question.about, limit)).await {
        Ok(Ok(messages)) => Json(Messages { messages }).into_response(),
        Ok(Err(_)) | Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "the messages cannot be read"),
    }
}

fn refusal(status: StatusCode, title: &str) -> Response {
    (status, Json(json!({ "status": status.as_u16(), "title": title }))).into_response()
}
