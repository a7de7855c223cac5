//! Douyin: JSON with a SHA-1 over the app's secret and the raw body. The signature covers neither a time nor the
//! `Msg-Id` header, so a body is taken once for ever, under whatever id it comes again.
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    push::{Message, Push, Received, Refusal, Trouble, Understood, hashed, plain},
    signature::{same, sha1_hex},
};
use crate::{
    domain::arrival::{Arrival, Told},
    rest::{CaseRequest, Customer},
};

/// The event of a comment under a video.
const COMMENT: &str = "item_comment_reply";
/// Above this a time is in milliseconds.
const SECONDS_MAX: i64 = 100_000_000_000;

/// `kind = "douyin"`: the app's key and secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    client_key: String,
    client_secret: SecretString,
}

/// An app of Douyin's open platform.
pub struct Douyin {
    client_key: String,
    secret: SecretString,
}

#[derive(Deserialize)]
struct Event {
    event: String,
    client_key: String,
    from_user_id: Option<String>,
    #[serde(default)]
    content: Value,
}

impl Event {
    fn read(body: &[u8]) -> Option<Self> {
        let mut event: Self = serde_json::from_slice(body).ok()?;
        // Some events carry their content as JSON within a text.
        if let Value::String(text) = &event.content {
            event.content = serde_json::from_str(text).unwrap_or_default();
        }
        Some(event)
    }

    fn is_public(&self) -> bool {
        self.event == COMMENT
    }

    fn text(&self, name: &str) -> Option<String> {
        plain(self.content.get(name)?)
    }
}

impl Douyin {
    /// Errors: no secret.
    pub fn new(section: Section) -> anyhow::Result<Self> {
        let Section { client_key, client_secret: secret } = section;
        anyhow::ensure!(!client_key.is_empty(), "client_key must be the app's");
        anyhow::ensure!(secret.expose_secret().len() >= 8, "client_secret must be 8 characters or more");
        Ok(Self { client_key, secret })
    }

    /// A signed event; or the question whether it is us, which is answered with its challenge.
    pub fn receive(&self, push: &Push) -> Result<Received, Refusal> {
        let given = push.header("x-douyin-signature").ok_or(Refusal::Forged)?;
        same(&sha1_hex(&[self.secret.expose_secret().as_bytes(), &push.body]), given)?;
        let event = Event::read(&push.body);
        if event.as_ref().is_some_and(|event| event.client_key != self.client_key) {
            return Err(Refusal::Forged);
        }
        if let Some(event) = event.as_ref().filter(|event| event.event == "verify_webhook") {
            return Ok(Received::Echo(json!({ "challenge": event.content.get("challenge") }).to_string()));
        }
        let writer = event.and_then(|event| event.text("comment_user_id").or(event.from_user_id));
        let message = Message::new(push.header("msg-id"), writer.as_deref(), &push.body);
        Ok(Received::Message(Message { once: Some(hashed(&push.body)), ..message }))
    }

    /// What was written to us, in a conversation or under a video.
    pub fn understand(&self, raw: &[u8]) -> Result<Understood, Trouble> {
        let event = Event::read(raw).ok_or_else(|| Trouble::lasting("the body is not an event of Douyin in JSON"))?;
        // What is answered under a video everybody reads: nothing that is the customer's alone is said there.
        let told = event.is_public().then_some(Told::NoWayBack);
        let (writer, words) = match event.event.as_str() {
            "im_receive_msg" | "receive_msg" => {
                let kind = event.text("message_type").unwrap_or_default();
                let words = if kind == "text" { event.text("text") } else { Some(format!("[{kind}]")) };
                (event.from_user_id.clone(), words)
            }
            COMMENT => (event.text("comment_user_id").or(event.from_user_id.clone()), event.text("content")),
            other => return Ok(Understood::event(other)),
        };
        Ok(Understood::Contact(Box::new(CaseRequest {
            customer: Some(Customer { r#ref: writer, ..Customer::default() }),
            content: words,
            occurred_at: event.text("create_time").map(|told| told.parse().ok().and_then(instant).unwrap_or(told)),
            arrival: Arrival { told, ..Arrival::default() },
            ..CaseRequest::default()
        })))
    }
}

/// Whether everybody can read what was written, and what is answered to it.
pub fn is_public(raw: &[u8]) -> bool {
    Event::read(raw).is_some_and(|event| event.is_public())
}

/// Who wrote, and in which conversation or under which comment, as Douyin calls them.
pub fn writer(raw: &[u8]) -> Option<(String, Option<String>)> {
    let event = Event::read(raw)?;
    let conversation = event.text("conversation_short_id").or(event.text("comment_id"));
    Some((event.text("comment_user_id").or(event.from_user_id)?, conversation))
}

/// An instant in seconds or milliseconds since 1970, as text.
fn instant(number: i64) -> Option<String> {
    let at = if number > SECONDS_MAX { Timestamp::from_millisecond(number) } else { Timestamp::from_second(number) };
    at.ok().map(|at| at.to_string())
}
