//! A customer whom a major issue concerns, and what became of telling this one. Its id follows from issue and customer,
//! so nobody is concerned twice and no second message is asked for, however often the issue is extended.
//! Invariant: each member stands in exactly one of asked, told, failed, suppressed and answered, so they always add up.
use jiff::Timestamp;
use kernel::id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A member of an issue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub facts: Option<Facts>,
    pub state: State,
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub issue_id: Uuid,
    pub customer_id: Uuid,
    /// By a purchase; else by a case alone.
    pub bought: bool,
    /// Has contacted us about it.
    pub heard_of: bool,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// A message is under way.
    Asked { at: Timestamp },
    /// The message left the house.
    Told { at: Timestamp },
    /// It cannot be sent.
    Failed { code: String, at: Timestamp },
    /// A person says why this one is not told.
    Suppressed { reason: String, by: String, at: Timestamp },
    /// The matter is settled with this one.
    Answered { by: String, at: Timestamp },
}

impl State {
    /// The status words of members, in their order.
    pub const WORDS: [&str; 5] = ["asked", "told", "failed", "suppressed", "answered"];

    /// The status word, as in its JSON.
    pub fn name(&self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Asked { .. } => "asked",
            State::Told { .. } => "told",
            State::Failed { .. } => "failed",
            State::Suppressed { .. } => "suppressed",
            State::Answered { .. } => "answered",
        }
    }
}

/// What can be told of a member. What messages say of somebody who is none means nothing.
#[derive(Clone, Debug)]
pub enum Command {
    Ask(Facts),
    Told { at: Timestamp },
    Failed { code: String, at: Timestamp },
    Suppress { reason: String, by: String },
    Answer { by: String },
}

/// What happened to a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Asked { facts: Facts, at: Timestamp },
    Accounted(State),
}

/// Why it says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the issue does not concern this customer")]
    Unknown,
    #[error("the customer was told, or has answered")]
    Settled,
}

impl Rejection {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Rejection::Unknown => "major_issue_member.not_found",
            Rejection::Settled => "major_issue_member.settled",
        }
    }
}

/// The id of a member, and of the message to it.
pub fn id_of(issue_id: Uuid, customer_id: Uuid) -> Uuid {
    id::derived("major_issue_member", &[&issue_id.to_string(), &customer_id.to_string()])
}

impl Member {
    /// What follows from `command`. That a message left is a fact, also of one who was not to be told.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let accounted = |state| vec![Event::Accounted(state)];
        Ok(match (&self.state, command) {
            (State::Absent, Command::Ask(facts)) => vec![Event::Asked { facts, at: now }],
            (_, Command::Ask(_)) | (State::Absent, Command::Told { .. } | Command::Failed { .. }) => vec![],
            (State::Absent, _) => return Err(Rejection::Unknown),
            (State::Told { .. } | State::Answered { .. }, Command::Told { .. } | Command::Failed { .. }) => vec![],
            (_, Command::Told { at }) => accounted(State::Told { at }),
            (State::Asked { .. }, Command::Failed { code, at }) => accounted(State::Failed { code, at }),
            (_, Command::Failed { .. }) => vec![],
            (State::Asked { .. } | State::Failed { .. }, Command::Suppress { reason, by }) => {
                accounted(State::Suppressed { reason, by, at: now })
            }
            (State::Suppressed { .. }, Command::Suppress { .. }) => vec![],
            (_, Command::Suppress { .. }) => return Err(Rejection::Settled),
            (State::Answered { .. }, Command::Answer { .. }) => vec![],
            (_, Command::Answer { by }) => accounted(State::Answered { by, at: now }),
        })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Asked { facts, at } => *self = Self { facts: Some(facts.clone()), state: State::Asked { at: *at } },
            Event::Accounted(state) => self.state = state.clone(),
        }
    }
}
