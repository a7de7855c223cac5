//! The telephone system of the hotline: what became of a call, as JSON signed as Standard Webhooks has it. What was
//! offered is noted only: the end of the call tells the wait. A call somebody answered can open a case.
use backbone::signature::Secrets;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{
    push::{Message, Push, Received, Refusal, Trouble, Understood},
    signed_json::contact,
};
use crate::domain::call::{Ended, Outcome};

/// Nobody waits longer, in seconds.
const WAIT_MAX: u32 = 86_400;
/// The longest reference of a call.
const REFERENCE_MAX: usize = 100;

/// `kind = "calls"`: the secrets, several while they are rotated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    secrets: Vec<SecretString>,
}

/// A telephone system.
pub struct Calls {
    secrets: Secrets,
}

#[derive(Deserialize)]
struct Report {
    call_id: String,
    event: Event,
    /// When it happened.
    at: Timestamp,
    wait_seconds: Option<u32>,
    /// What the call was about, as `POST /v1/cases` takes it.
    case: Option<Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Offered,
    Answered,
    Abandoned,
}

/// As much of a report as tells which call it is.
#[derive(Deserialize)]
struct Which {
    call_id: String,
}

impl Calls {
    /// Errors: no secret, or one that is none.
    pub fn new(section: &Section) -> anyhow::Result<Self> {
        Ok(Self { secrets: Secrets::read(&section.secrets)? })
    }

    /// A signed report.
    pub fn receive(&self, push: &Push, now: Timestamp) -> Result<Received, Refusal> {
        let id = push.signed(&self.secrets, now)?;
        let which = serde_json::from_slice(&push.body).ok().map(|which: Which| which.call_id);
        Ok(Received::Message(Message::new(Some(id), which.as_deref(), &push.body)))
    }

    /// What became of the call.
    pub fn understand(&self, raw: &[u8]) -> Result<Understood, Trouble> {
        let form = "is no report of a call: call_id, event (offered, answered, abandoned), at and wait_seconds";
        let Report { call_id, event, at, wait_seconds, case } =
            serde_json::from_slice(raw).map_err(|_| Trouble::lasting(form))?;
        if !(1..=REFERENCE_MAX).contains(&call_id.chars().count()) {
            return Err(Trouble::lasting(format!("call_id: must be 1 to {REFERENCE_MAX} characters")));
        }
        let outcome = match event {
            Event::Offered => return Ok(Understood::Nothing("a call was offered".into())),
            Event::Answered => Outcome::Answered,
            Event::Abandoned => Outcome::Abandoned,
        };
        let wait_seconds = wait_seconds.filter(|wait| *wait <= WAIT_MAX);
        let wait_seconds =
            wait_seconds.ok_or_else(|| Trouble::lasting(format!("wait_seconds: must be 0 to {WAIT_MAX}")))?;
        let case = case.map(|case| contact(&case.to_string(), "case.")).transpose()?;
        let case = case.map(|mut case| {
            case.external_ref.get_or_insert_with(|| call_id.clone());
            case.occurred_at.get_or_insert_with(|| at.to_string());
            case
        });
        Ok(Understood::Call(call_id, Ended { outcome, wait_seconds, at }, case))
    }
}
