//! What the payment provider tells of itself: `POST /v1/payments/callbacks`, signed JSON as Standard Webhooks has it. It says
//! how a refund ended, earlier than we would ask; the question stays, so a callback that never comes is not missed.
//! Invariant: what is not signed, is too old, or names another refund, another purchase or another amount than ours moves
//! nothing (another amount is raised to people, once) and is counted; what is told twice is told once; and what was recorded
//! is what is answered with 204.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use backbone::{
    Clock, Fault,
    signature::{Refusal, Secrets},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::money::Money;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgPool;
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
    pub refused: RefusedCallbacks,
}

/// How many callbacks were refused, by code. They are counted here and written down now and then, so that who sends many
/// forged ones makes no work for the database; what a process counted and had not written when it was killed is lost.
#[derive(Clone, Default)]
pub struct RefusedCallbacks(Arc<Mutex<BTreeMap<&'static str, i64>>>);

impl RefusedCallbacks {
    fn count(&self, code: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// Adds what was counted since to what is written down; says how many codes. Errors: the database is away; then they
    /// are counted on.
    pub async fn write_once(&self, pool: &PgPool, now: Timestamp) -> Result<usize, Fault> {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if counted.is_empty() {
            return Ok(0);
        }
        let (codes, counts): (Vec<&str>, Vec<i64>) = counted.iter().unzip();
        let statement = "-- callback_refused.add
            insert into callback_refused as known (code, count, last_at)
            select code, count, $3 from unnest($1::text[], $2::bigint[]) as told (code, count)
            on conflict (code) do update set count = known.count + excluded.count, last_at = excluded.last_at";
        let written = sqlx::query(statement).bind(&codes).bind(&counts).bind(now.to_sqlx()).execute(pool).await;
        if let Err(error) = written {
            let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            counted.into_iter().for_each(|(code, count)| *since.entry(code).or_default() += count);
            return Err(error.into());
        }
        Ok(codes.len())
    }
}

/// The word on a key, with what it is about, so that another refund under the same key would be seen.
#[derive(Deserialize)]
#[serde(tag = "type", content = "data")]
enum Callback {
    #[serde(rename = "refund.succeeded")]
    Succeeded {
        key: Uuid,
        amount: Money,
        provider_ref: String,
        #[serde(default)]
        purchase_ref: Option<String>,
    },
    #[serde(rename = "refund.failed")]
    Failed {
        key: Uuid,
        amount: Money,
        code: String,
        #[serde(default)]
        purchase_ref: Option<String>,
    },
}

/// Its route.
pub fn routes(callbacks: Callbacks) -> Router {
    Router::new().route("/v1/payments/callbacks", post(called_back)).with_state(Arc::new(callbacks))
}

async fn called_back(State(callbacks): State<Arc<Callbacks>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answered(callbacks.hear(&head.headers, body).await, &callbacks.refused)
}

/// A status, a stable code, and the way out.
pub type Refused = (StatusCode, &'static str, &'static str);

/// 204 for what was recorded; what was refused is counted.
pub fn answered(heard: Result<(), Refused>, refused: &RefusedCallbacks) -> Response {
    match heard {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err((status, code, detail)) => {
            refused.count(code);
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
        let (key, amount, purchase_ref, outcome) = match callback {
            Callback::Succeeded { key, amount, provider_ref, purchase_ref } => {
                (key, amount, purchase_ref, Outcome::succeeded(&provider_ref, Some(amount)))
            }
            Callback::Failed { key, amount, code, purchase_ref } => (key, amount, purchase_ref, Outcome::failed(&code)),
        };
        match self.execution.hear(key, amount, purchase_ref, outcome).await {
            Ok(Heard::Recorded) => Ok(()),
            Ok(Heard::NotKnown) => {
                Err((StatusCode::NOT_FOUND, "callback.key_unknown", "no refund of ours has this key"))
            }
            Ok(Heard::AnotherPurchase) => Err((
                StatusCode::CONFLICT,
                "callback.purchase_differs",
                "the refund with this key is of another purchase",
            )),
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
