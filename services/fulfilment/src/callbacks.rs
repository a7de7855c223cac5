//! What the payment provider tells of itself: `POST /v1/payments/callbacks`, signed JSON as Standard Webhooks has it. It says
//! how a refund ended, earlier than we would ask; the question stays, so a callback that never comes is not missed.
//! Invariant: what is not signed, is too old, or names another refund or another amount than ours moves nothing (another
//! amount is raised to people, once); what is told twice is told once; and what was recorded is what is answered with 204.
use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use backbone::{
    Clock,
    signature::{Refusal, Secrets},
};
use jiff::Timestamp;
use kernel::money::Money;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    execution::{Execution, Heard},
    payments::{HttpPayments, Outcome},
};

/// The largest callback that is read, in bytes.
const BODY_MAX: usize = 16 * 1024;

/// Who hears callbacks.
pub struct Callbacks {
    pub execution: Execution<HttpPayments>,
    pub secrets: Secrets,
    pub clock: Clock,
}

/// The word on a key, with what it is about, so that another refund under the same key would be seen.
#[derive(Deserialize)]
#[serde(tag = "type", content = "data")]
enum Callback {
    #[serde(rename = "refund.succeeded")]
    Succeeded { key: Uuid, amount: Money, provider_ref: String },
    #[serde(rename = "refund.failed")]
    Failed { key: Uuid, amount: Money, code: String },
}

/// Its route.
pub fn routes(callbacks: Callbacks) -> Router {
    Router::new().route("/v1/payments/callbacks", post(called_back)).with_state(Arc::new(callbacks))
}

async fn called_back(State(callbacks): State<Arc<Callbacks>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answered(callbacks.hear(&head.headers, body).await)
}

/// A status, a stable code, and the way out.
pub type Refused = (StatusCode, &'static str, &'static str);

/// 204 for what was recorded.
pub fn answered(heard: Result<(), Refused>) -> Response {
    match heard {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err((status, code, detail)) => {
            tracing::warn!(code, "a callback was refused");
            (status, Json(json!({ "code": code, "detail": detail }))).into_response()
        }
    }
}

/// The body of a callback. Errors: it is too large, not signed with one of the secrets, or signed too long ago.
pub async fn signed(secrets: &Secrets, headers: &HeaderMap, body: Body, now: Timestamp) -> Result<Bytes, Refused> {
    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, "callback.too_large", "the body is larger than 16 KiB");
    let body = axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| too_large)?;
    secrets.verify(headers, &body, now).map_err(|refusal| match refusal {
        Refusal::Forged => (StatusCode::UNAUTHORIZED, "callback.forged", "the signature is not good"),
        Refusal::Stale => {
            (StatusCode::UNAUTHORIZED, "callback.stale", "it was signed more than five minutes ago, or ahead")
        }
    })?;
    Ok(body)
}

impl Callbacks {
    async fn hear(&self, headers: &HeaderMap, body: Body) -> Result<(), Refused> {
        let body = signed(&self.secrets, headers, body, self.clock.now()).await?;
        let malformed = "the body must be {type, data}: refund.succeeded with key, amount and provider_ref, or \
                         refund.failed with key, amount and code";
        let callback = serde_json::from_slice(&body)
            .map_err(|_| (StatusCode::UNPROCESSABLE_ENTITY, "callback.malformed", malformed))?;
        let (key, amount, outcome) = match callback {
            Callback::Succeeded { key, amount, provider_ref } => {
                (key, amount, Outcome::succeeded(&provider_ref, Some(amount)))
            }
            Callback::Failed { key, amount, code } => (key, amount, Outcome::failed(&code)),
        };
        match self.execution.hear(key, amount, outcome).await {
            Ok(Heard::Recorded) => Ok(()),
            Ok(Heard::NotKnown) => {
                Err((StatusCode::NOT_FOUND, "callback.key_unknown", "no refund of ours has this key"))
            }
            Ok(Heard::AnotherAmount) => {
                Err((StatusCode::CONFLICT, "callback.amount_differs", "the refund with this key has another amount"))
            }
            Ok(Heard::NeverSent) => {
                Err((StatusCode::CONFLICT, "callback.never_sent", "the refund with this key was not sent to anybody"))
            }
            Err(fault) => {
                tracing::warn!(fault = fault.chain(), "a callback could not be recorded");
                Err((StatusCode::SERVICE_UNAVAILABLE, "unavailable", "it could not be recorded; try again"))
            }
        }
    }
}
