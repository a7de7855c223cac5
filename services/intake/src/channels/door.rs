//! The door: a push is verified, stored durably and acknowledged within the platform's limit; nothing else happens
//! here. What is refused is counted and logged by kind, never by what it said.
use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use backbone::Fault;
use kernel::id;

use super::{
    Channels, Source,
    messages::{self, New, Stored},
    place,
    push::{Message, Push, Received, Refusal},
};
use crate::rest::Problem;

/// `GET` (is it us?) and `POST` (a message) of every source.
pub fn routes(channels: Arc<Channels>) -> Router {
    Router::new().route("/v1/channels/{source}", get(pushed).post(pushed)).with_state(channels)
}

/// Why a push is not acknowledged.
enum Unheard {
    Refused(Refusal),
    Failed(Fault),
}

impl From<Refusal> for Unheard {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Unheard {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

async fn pushed(
    State(channels): State<Arc<Channels>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let source = channels.sources.get(&name).ok_or_else(|| Fault::not_found("source", "of this name"))?;
    let heard = tokio::time::timeout(source.patience(), channels.hear(source, request)).await;
    match heard {
        Ok(Ok(answer)) => Ok(answer.into_response()),
        Ok(Err(Unheard::Refused(refusal))) => {
            channels.count(source, refusal.word());
            tracing::warn!(source = source.name, refusal = refusal.word(), "a push was refused");
            Err(refusal.into())
        }
        Ok(Err(Unheard::Failed(fault))) => {
            channels.count(source, "failed");
            Err(fault.into())
        }
        Err(late) => {
            channels.count(source, "late");
            Err(Fault::unavailable(late).into())
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, words) = match refusal {
            Refusal::Forged => (StatusCode::UNAUTHORIZED, "the signature is not good"),
            Refusal::Stale => (StatusCode::UNAUTHORIZED, "it was signed more than five minutes ago, or ahead"),
            Refusal::Replayed => (StatusCode::UNAUTHORIZED, "the signature was used for another message"),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 256 KiB, or broke off"),
            Refusal::Malformed => (StatusCode::BAD_REQUEST, "the body is in a form that is not let in"),
        };
        Problem::new(status, &format!("channel.{}", refusal.word()), words)
    }
}

impl Channels {
    async fn hear(&self, source: &Source, request: Request<Body>) -> Result<String, Unheard> {
        let push = Push::read(request).await?;
        let message = match source.receive(&push, self.app.clock.now())? {
            Received::Echo(answer) => {
                self.count(source, "echoed");
                return Ok(answer);
            }
            Received::Message(message) => message,
        };
        match self.store(source, &message).await? {
            Stored::Replay => return Err(Refusal::Replayed.into()),
            Stored::New => self.count(source, "stored"),
            Stored::Repeat | Stored::OfAnother => self.count(source, "repeated"),
        }
        Ok(source.acknowledgement().to_owned())
    }

    /// Stores a message, sealed, once.
    pub(super) async fn store(&self, source: &Source, message: &Message) -> Result<Stored, Fault> {
        let id = id::derived("inbound", &[&source.name, &message.id]);
        let key = self.app.master.new_key(id)?;
        let conversation = format!("{}/{}", source.name, message.conversation);
        let new = New {
            id,
            source: &source.name,
            message_id: &message.id,
            once: message.once.as_ref().map(String::as_bytes),
            conversation: &self.app.master.blind("inbound_message.conversation", &conversation),
            wrapped: &key.wrapped,
            body: &key.seal(&place(id), &message.body)?,
            at: self.app.clock.now(),
        };
        messages::receive(&self.app.pool, new).await
    }
}
