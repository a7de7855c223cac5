//! What a platform pushes, and what adapters say of it: whether it is the platform's, what it brings, what it means.
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request},
};
use backbone::{
    Fault,
    fault::Kind,
    signature::{self, Secrets},
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::mail::Mail;
use crate::{domain::call::Ended, rest::CaseRequest};

/// The largest push, in bytes.
const BODY_MAX: usize = 256 * 1024;
/// The longest id of a platform that is kept as it is.
const ID_MAX: usize = 100;

/// A request of a platform, as it came.
pub struct Push {
    query: Vec<(String, String)>,
    headers: HeaderMap,
    pub body: Bytes,
    /// It asks whether we are who we say (GET), and brings nothing.
    pub asks: bool,
}

impl Push {
    /// Reads a request. Errors: it is too large, or broke off.
    pub async fn read(request: Request<Body>) -> Result<Self, Refusal> {
        let query = form(request.uri().query().unwrap_or_default().as_bytes());
        let (headers, asks) = (request.headers().clone(), request.method().is_safe());
        let length = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > BODY_MAX) {
            return Err(Refusal::TooLarge);
        }
        // Whoever does not say the length and breaks off within the bound is refused in the same words.
        let body = axum::body::to_bytes(request.into_body(), BODY_MAX).await.map_err(|_| Refusal::TooLarge)?;
        Ok(Self { query, headers, body, asks })
    }

    /// A push for tests.
    #[cfg(test)]
    pub fn of(query: &str, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { query: form(query.as_bytes()), headers, body: body.into(), asks: false }
    }

    /// A parameter of the address.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The id of a push that is signed as Standard Webhooks has it.
    pub fn signed(&self, secrets: &Secrets, now: Timestamp) -> Result<&str, Refusal> {
        Ok(secrets.verify(&self.headers, &self.body, now)?)
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The fields of a form or of the query of an address.
pub fn form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// What a push of the platform's own brings.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A question whether it is us, and the answer; nothing is stored.
    Echo(String),
    Message(Message),
}

/// A message to be stored.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The platform's own id: the same id is the same message.
    pub id: String,
    /// Who writes; messages of one writer are taken in in order. The id when nobody can be told.
    pub conversation: String,
    /// Where a signature does not cover the message: what it covers, so that it serves for one message only.
    pub once: Option<String>,
    pub body: Vec<u8>,
}

impl Message {
    /// A message with the platform's id, or with a hash where that is too long to be kept or there is none.
    pub fn new(id: Option<&str>, conversation: Option<&str>, body: &[u8]) -> Self {
        let sound = |id: &&str| (1..=ID_MAX).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic());
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) if sound(&id) => id.to_owned(),
            Some(id) => hashed(id.as_bytes()),
            None => hashed(body),
        };
        let conversation = conversation.unwrap_or(&id).to_owned();
        Self { id, conversation, once: None, body: body.to_owned() }
    }
}

/// A name for bytes that says nothing of them.
pub fn hashed(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!("sha256-{}", super::signature::hex(digest.get(..16).unwrap_or_default()))
}

/// Why a push is turned away. Nothing of it is stored or logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not signed by the platform.
    Forged,
    /// It was signed too long ago, or too far ahead.
    Stale,
    /// Its signature served for another message before.
    Replayed,
    /// Larger than we take.
    TooLarge,
    /// In a form that is not let in at all.
    Malformed,
}

impl From<signature::Refusal> for Refusal {
    fn from(refusal: signature::Refusal) -> Self {
        match refusal {
            signature::Refusal::Forged => Self::Forged,
            signature::Refusal::Stale => Self::Stale,
        }
    }
}

impl Refusal {
    /// The word it is counted by.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::Forged => "forged",
            Refusal::Stale => "stale",
            Refusal::Replayed => "replayed",
            Refusal::TooLarge => "too_large",
            Refusal::Malformed => "malformed",
        }
    }
}

/// What a message means.
#[derive(Debug)]
pub enum Understood {
    /// A contact of a customer.
    Contact(Box<CaseRequest>),
    /// A mail a person wrote, to be seen beside those before it.
    Mail(Box<Mail>),
    /// A call, by the telephone system's id, and what it was about if an agent said so.
    Call(String, Ended, Option<Box<CaseRequest>>),
    /// A mail that a machine wrote, or we did, and why we think so; what it says, where a person may stand behind it.
    Machine(String, Option<Box<Mail>>),
    /// There is nothing in it for us; what it is.
    Nothing(String),
}

impl Understood {
    /// An event that is nothing for us; of its name only what a name can have.
    pub fn event(name: &str) -> Self {
        let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
        Self::Nothing(format!("event {plain}"))
    }
}

/// A number or text as text.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Why a message was not taken in. Never its words.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Trying again can help.
    Passing(String),
    /// It cannot.
    Lasting(String),
}

impl Trouble {
    /// It will never be understood.
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self::Lasting(reason.into())
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        match fault.kind() {
            Kind::Busy | Kind::Unavailable => Self::Passing(fault.public().to_owned()),
            Kind::Internal => {
                tracing::error!(fault = fault.chain(), "an inbound message met an internal fault");
                Self::Passing(fault.public().to_owned())
            }
            Kind::Invalid | Kind::NotFound | Kind::Rejected | Kind::Denied => Self::Lasting(fault.public().to_owned()),
        }
    }
}
