//! Two customers who turn out to be one person, known by two identifiers. Each pair of pseudonyms has one link; all who
//! are linked, one by the other, are one person.
//! Invariants: a link moves nothing, so to take it back is exact; what a person took apart or declined, our own data
//! never propose nor link again; and links are aggregates of their own, so of two that meet none is lost.
use jiff::Timestamp;
use kernel::id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most pseudonyms of one person. Two links that meet may pass it.
pub const MEMBERS_MAX: usize = 20;

/// A link of two customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerLink {
    pub facts: Option<Facts>,
    pub state: State,
}

/// Two customers, always in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    pub customer_id: Uuid,
    pub other_id: Uuid,
}

/// Who they are, and what speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    #[serde(flatten)]
    pub pair: Pair,
    pub evidence: Evidence,
}

/// What speaks for two customers being one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A person of the staff says so.
    Stated,
    /// The same phone was told of both.
    SamePhone,
    /// The same e-mail address was told of both.
    SameEmail,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// They may be one person; somebody else is to say so.
    Proposed(Step),
    /// They are.
    Linked(Step),
    /// They are not, or not any more by this link.
    Apart(Step),
}

/// Who brought it there, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub by: String,
    /// Words of staff; nothing personal. None where our own data say so.
    pub reason: Option<String>,
    pub at: Timestamp,
}

/// What can be asked of it. `members`: how many one person would then be known as.
#[derive(Clone, Debug)]
pub enum Command {
    /// Our own data speak for it; `sure` where that is enough.
    Notice { facts: Facts, by: String, sure: bool, members: usize },
    /// A person says so; one who may link alone is a `lead`.
    Link { pair: Pair, by: String, reason: String, lead: bool, members: usize },
    /// A person says they are not, or takes it back.
    Unlink { by: String, reason: String },
}

/// What happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Proposed { facts: Facts, step: Step },
    Linked { facts: Facts, step: Step },
    Declined(Step),
    Unlinked(Step),
}

/// Why it says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the two customers are linked already")]
    AlreadyLinked,
    #[error("you proposed it; another person must say so too")]
    OwnProposal,
    #[error(
        "one person would be known as {0} customers, and {MEMBERS_MAX} are the most; take a link back that is wrong"
    )]
    TooMany(usize),
    #[error("the two customers are neither linked nor proposed to be; GetCustomer names the links there are")]
    NotLinked,
}

impl Rejection {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Rejection::AlreadyLinked => "customer_link.already_linked",
            Rejection::OwnProposal => "customer_link.own_proposal",
            Rejection::TooMany(_) => "customer_link.too_many",
            Rejection::NotLinked => "customer_link.not_linked",
        }
    }
}

impl Pair {
    /// The pair of these two; `None` where they are the same.
    pub fn of(one: Uuid, other: Uuid) -> Option<Self> {
        (one != other).then(|| Self { customer_id: one.min(other), other_id: one.max(other) })
    }

    /// The id of their link.
    pub fn link_id(self) -> Uuid {
        id::derived("customer_link", &[&self.customer_id.to_string(), &self.other_id.to_string()])
    }
}

impl Evidence {
    /// What our own data can say.
    pub const OURS: [Evidence; 2] = [Evidence::SamePhone, Evidence::SameEmail];
}

impl State {
    /// The status words, in their order.
    pub const WORDS: [&str; 3] = ["proposed", "linked", "apart"];

    /// The status word, as in its JSON.
    pub fn name(&self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Proposed(_) => "proposed",
            State::Linked(_) => "linked",
            State::Apart(_) => "apart",
        }
    }

    /// Who brought it there; none where it never was anywhere.
    pub fn step(&self) -> Option<&Step> {
        match self {
            State::Absent => None,
            State::Proposed(step) | State::Linked(step) | State::Apart(step) => Some(step),
        }
    }
}

impl CustomerLink {
    /// What follows from `command`.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let step = |by, reason| Step { by, reason, at: now };
        Ok(match (&self.state, command) {
            (State::Absent, Command::Notice { facts, by, sure: true, members }) if members <= MEMBERS_MAX => {
                vec![Event::Linked { facts, step: step(by, None) }]
            }
            (State::Proposed(_), Command::Notice { facts, by, sure: true, members }) if members <= MEMBERS_MAX => {
                vec![Event::Linked { facts, step: step(by, None) }]
            }
            (State::Absent, Command::Notice { facts, by, .. }) => {
                vec![Event::Proposed { facts, step: step(by, None) }]
            }
            (_, Command::Notice { .. }) => vec![],
            (State::Linked(_), Command::Link { .. }) => return Err(Rejection::AlreadyLinked),
            (_, Command::Link { members, .. }) if members > MEMBERS_MAX => return Err(Rejection::TooMany(members)),
            (State::Proposed(proposed), Command::Link { by, lead: false, .. }) if proposed.by == by => {
                return Err(Rejection::OwnProposal);
            }
            (State::Proposed(_), Command::Link { pair, by, reason, .. }) => {
                let facts = self.facts.unwrap_or(Facts { pair, evidence: Evidence::Stated });
                vec![Event::Linked { facts, step: step(by, Some(reason)) }]
            }
            (State::Absent | State::Apart(_), Command::Link { pair, by, reason, lead, .. }) => {
                let (facts, step) = (Facts { pair, evidence: Evidence::Stated }, step(by, Some(reason)));
                vec![if lead { Event::Linked { facts, step } } else { Event::Proposed { facts, step } }]
            }
            (State::Proposed(_), Command::Unlink { by, reason }) => vec![Event::Declined(step(by, Some(reason)))],
            (State::Linked(_), Command::Unlink { by, reason }) => vec![Event::Unlinked(step(by, Some(reason)))],
            (State::Absent | State::Apart(_), Command::Unlink { .. }) => return Err(Rejection::NotLinked),
        })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Proposed { facts, step } => *self = Self { facts: Some(facts), state: State::Proposed(step) },
            Event::Linked { facts, step } => *self = Self { facts: Some(facts), state: State::Linked(step) },
            Event::Declined(step) | Event::Unlinked(step) => self.state = State::Apart(step),
        }
    }
}
