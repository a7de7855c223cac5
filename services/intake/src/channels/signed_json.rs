//! Anything that can sign JSON, as Standard Webhooks has it: `webhook-id`, `webhook-timestamp`, `webhook-signature`
//! (`v1`, HMAC-SHA256). The body is a contact as `POST /v1/cases` takes it; the channel may be left out.
use backbone::signature::Secrets;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::push::{Message, Push, Received, Refusal, Trouble, Understood};
use crate::{
    domain::vocabulary::Channel,
    rest::{CaseRequest, shape},
};

/// `kind = "signed_json"`: the channel of the contacts, and the secrets, several while they are rotated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub channel: Channel,
    secrets: Vec<SecretString>,
}

/// A source of signed JSON.
pub struct SignedJson {
    pub channel: Channel,
    secrets: Secrets,
}

/// As much of a contact as tells who writes.
#[derive(Deserialize)]
struct Writer {
    customer: Option<Customer>,
}

#[derive(Deserialize)]
struct Customer {
    r#ref: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

impl SignedJson {
    /// Errors: no secret, or one that is none; a channel that nobody outside has.
    pub fn new(section: &Section) -> anyhow::Result<Self> {
        anyhow::ensure!(Channel::OUTSIDE.contains(&section.channel), "channel must be one that customers use");
        Ok(Self { channel: section.channel, secrets: Secrets::read(&section.secrets)? })
    }

    /// A signed contact.
    pub fn receive(&self, push: &Push, now: Timestamp) -> Result<Received, Refusal> {
        let id = push.signed(&self.secrets, now)?;
        let writer = serde_json::from_slice(&push.body).ok().and_then(|writer: Writer| writer.customer);
        let writer = writer.and_then(|customer| customer.r#ref.or(customer.phone).or(customer.email));
        Ok(Received::Message(Message::new(Some(id), writer.as_deref(), &push.body)))
    }

    /// The contact.
    pub fn understand(&self, raw: &[u8]) -> Result<Understood, Trouble> {
        contact(text(raw)?, "").map(Understood::Contact)
    }
}

/// The body as text.
pub fn text(raw: &[u8]) -> Result<&str, Trouble> {
    std::str::from_utf8(raw).map_err(|_| Trouble::lasting("the body is not UTF-8"))
}

/// A contact from JSON. Errors name the fields, each after `prefix`, and quote nothing.
pub fn contact(json: &str, prefix: &str) -> Result<Box<CaseRequest>, Trouble> {
    let shaped = shape::<CaseRequest>(json).map_err(|_| Trouble::lasting("the body is not JSON"))?;
    if shaped.wrong.is_empty() {
        return Ok(Box::new(shaped.document));
    }
    let whole = if prefix.is_empty() { "the body" } else { prefix.trim_end_matches('.') };
    let named = |field: &str| if field.is_empty() { whole.to_owned() } else { format!("{prefix}{field}") };
    let fields: Vec<String> = shaped.wrong.iter().map(|wrong| named(&wrong.field)).collect();
    Err(Trouble::lasting(format!("not known, or of another form: {}", fields.join(", "))))
}
