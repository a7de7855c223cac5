//! An escalation: somebody higher up must look at a complaint, and what came of it is on record (R-CMP-12, R-CMP-13).
//! raised -> acknowledged -> decided; nothing leads back, and only a person decides.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::values::Department;

/// How high it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    TeamLead,
    ComplaintManager,
    DepartmentHead,
    #[default]
    Management,
}

/// Why it went up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The first investigation was not concluded in time.
    #[default]
    InvestigationLate,
    /// A department did not answer in time.
    DepartmentLate,
    /// The customer is still dissatisfied after execution.
    Dissatisfied,
    /// The third solution, or a later one, was declined.
    DeclinedThrice,
    /// Something the customer agreed to could not be done.
    RemedyFailed,
    /// The message with the result could not be sent.
    ResultUntold,
    /// The customer heard nothing for too long.
    Silence,
    /// The result was not told in time.
    ResultLate,
    /// The payment provider took back its final word on a refund.
    PaymentContradicted,
    /// A solution was not approved in time.
    ApprovalLate,
}

/// What an escalation is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    pub escalation_id: Uuid,
    pub complaint_id: Uuid,
    pub level: Level,
    pub trigger: Trigger,
    /// The department that is late, when one is.
    pub department: Option<Department>,
}

/// An escalation and its own handling record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub matter: Matter,
    pub raised_at: Timestamp,
    pub state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Raised,
    Acknowledged {
        by: String,
    },
    Decided {
        by: String,
        at: Timestamp,
    },
}

impl State {
    /// The status word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Raised => "raised",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Decided { .. } => "decided",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    /// Something went wrong. Nothing happens when it is known already.
    Raise(Matter),
    Acknowledge {
        by: String,
    },
    Decide {
        by: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Raised { matter: Matter, at: Timestamp },
    Acknowledged { by: String },
    Decided { by: String, at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such escalation")]
    Unknown,
    #[error("this is not possible while the escalation is {0}")]
    NotNow(&'static str),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "escalation.not_found",
            Self::NotNow(_) => "escalation.not_now",
        }
    }
}

impl Escalation {
    /// What follows from `command`. Deciding at once acknowledges as well.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match (command, &self.state) {
            (Command::Raise(matter), State::Absent) => vec![Event::Raised { matter, at: now }],
            (Command::Raise(_), _) => vec![],
            (_, State::Absent) => return Err(Rejection::Unknown),
            (Command::Acknowledge { by }, State::Raised) => vec![Event::Acknowledged { by }],
            (Command::Decide { by }, State::Raised) => {
                vec![Event::Acknowledged { by: by.clone() }, Event::Decided { by, at: now }]
            }
            (Command::Decide { by }, State::Acknowledged { .. }) => vec![Event::Decided { by, at: now }],
            (Command::Acknowledge { .. } | Command::Decide { .. }, state) => {
                return Err(Rejection::NotNow(state.name()));
            }
        })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Raised { matter, at } => *self = Self { matter, raised_at: at, state: State::Raised },
            Event::Acknowledged { by } => self.state = State::Acknowledged { by },
            Event::Decided { by, at } => self.state = State::Decided { by, at },
        }
    }
}
