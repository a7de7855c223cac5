//! Goods that came and belong to nothing that is awaited: a parcel of an order that awaits nothing any more, or of none that
//! is known. They are kept on record until a person says what becomes of them.
//! Invariant: what was found is settled once; what is given to an order is received by it in the same transaction, or stays
//! where it is.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Consequence,
    order::{self, returning::Came},
};

/// One find; `Default` is one that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundGoods {
    pub facts: Option<Facts>,
    pub settled: Option<Settled>,
    pub state: State,
    /// People were told that nobody says what becomes of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}

/// What was found, where, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub found_id: Uuid,
    /// The order it was said to be of, which awaits nothing.
    pub order_id: Option<Uuid>,
    pub place: String,
    pub by: String,
    pub at: Timestamp,
    /// The parcel's own number; empty where it has none.
    pub parcel: String,
    /// As far as it was said; lines are those of the order it was said to be of.
    pub came: Vec<Came>,
    /// By when a person is to say what becomes of it; nothing: nobody is told that he has not.
    #[serde(default)]
    pub settle_within: SignedDuration,
}

/// Who settled it, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    pub by: String,
    pub at: Timestamp,
    pub how: Settlement,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settlement {
    /// An order awaits it after all; `came` says what of that order it is.
    Assigned { order_id: Uuid, came: Vec<Came> },
    /// To whoever sent it, under a reference of the parcel.
    SentBack { reference: String },
    /// With us, for a reason, by a code.
    Kept { reason: String },
    /// There was no such parcel, by a code.
    Mistaken { reason: String },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// A person is to say what becomes of it.
    Waiting,
    Assigned,
    SentBack,
    Kept,
    Mistaken,
}

impl State {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "",
            Self::Waiting => "waiting",
            Self::Assigned => "assigned",
            Self::SentBack => "sent_back",
            Self::Kept => "kept",
            Self::Mistaken => "mistaken",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Record(Box<Facts>),
    Settle {
        by: String,
        how: Settlement,
    },
    /// Time passed; see whether it waits for too long.
    Look,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Recorded(Box<Facts>),
    Settled(Settled),
    /// It has waited for too long; people must look. Told once.
    Overdue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there are no such found goods")]
    Unknown,
    #[error("what becomes of these goods was said already, otherwise")]
    NotNow,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "found.unknown",
            Self::NotNow => "found.not_now",
        }
    }
}

/// A parcel with a number of its own, of the same order, is found once, at whatever door it is told again. Nothing where it
/// has none.
pub fn found_id(order_id: Option<Uuid>, parcel: &str) -> Option<Uuid> {
    let order_id = order_id.map(|id| id.to_string()).unwrap_or_default();
    (!parcel.is_empty()).then(|| kernel::id::derived("found", &[&order_id, parcel]))
}

/// A parcel without a number, told by a request of an order that may be repeated: a repeat finds nothing new.
pub fn repeated_id(order_id: Uuid, request: &str) -> Uuid {
    kernel::id::derived("found", &[&order_id.to_string(), "", request])
}

impl FoundGoods {
    /// What follows from the command. What was said before decides to nothing.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (command, self.state, &self.settled) {
            (Command::Record(facts), State::Absent, _) => {
                Ok(vec![Event::Recorded(Box::new(Facts { at: now, ..*facts }))])
            }
            (Command::Record(_), ..) => Ok(vec![]),
            (Command::Look, ..) => {
                Ok(self.settle_by().filter(|by| *by <= now).map(|_| Event::Overdue).into_iter().collect())
            }
            (Command::Settle { .. }, State::Absent, _) => Err(Rejection::Unknown),
            (Command::Settle { how, .. }, _, Some(settled)) if settled.how == how => Ok(vec![]),
            (Command::Settle { by, how }, State::Waiting, _) => Ok(vec![Event::Settled(Settled { by, at: now, how })]),
            (Command::Settle { .. }, ..) => Err(Rejection::NotNow),
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Recorded(facts) => (self.facts, self.state) = (Some(Facts::clone(facts)), State::Waiting),
            Event::Settled(settled) => {
                self.state = match settled.how {
                    Settlement::Assigned { .. } => State::Assigned,
                    Settlement::SentBack { .. } => State::SentBack,
                    Settlement::Kept { .. } => State::Kept,
                    Settlement::Mistaken { .. } => State::Mistaken,
                };
                self.settled = Some(settled.clone());
            }
            Event::Overdue => self.overdue = true,
        }
    }

    /// When people are told that nobody has said what becomes of it.
    pub fn settle_by(&self) -> Option<Timestamp> {
        let waits = self.state == State::Waiting && !self.overdue;
        let facts = self.facts.as_ref().filter(|facts| waits && facts.settle_within.is_positive())?;
        Some(kernel::calendar::add(facts.at, facts.settle_within))
    }

    /// The order it is given to receives it; where that awaits nothing either, nothing is settled.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        let (Event::Settled(Settled { by, how: Settlement::Assigned { order_id, came }, .. }), Some(facts)) =
            (event, &self.facts)
        else {
            return vec![];
        };
        // Its own number, so that what is told of it at a counter as well is the same parcel.
        let number = Some(&facts.parcel).filter(|number| !number.is_empty());
        let parcel = number.cloned().unwrap_or_else(|| format!("found:{}", facts.found_id));
        let (by, place, came) = (by.clone(), facts.place.clone(), came.clone());
        vec![Consequence::Order(*order_id, order::Command::ReceiveParcel { parcel, by, place, came })]
    }
}

#[cfg(test)]
#[path = "found_tests.rs"]
mod tests;
