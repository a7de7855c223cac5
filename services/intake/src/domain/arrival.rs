//! How a contact reached us, beside what it says: whether anybody was at work then (R-INT-16), and whether the time it names is
//! believed (R-INT-04).
//! Invariants: whoever writes while nobody works is told so once a case, over the channel he came by; that is no person's
//! answer, so it keeps no promise; where he cannot be told the case says why.
use jiff::{SignedDuration, Timestamp};
use kernel::sla::{self, Hours, Levels};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    answer::opens,
    case::Event,
    sending::{self, Words, acknowledgement_message},
};

/// What was said longer ago is acknowledged to nobody: a mailbox that is read for the first time is full of old mails.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(48);

/// How a contact came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// How its customer can be told that it came while nobody works; none where it is not a customer who came.
    pub told: Option<Told>,
    pub doubt: Option<Doubt>,
    /// The request that brings it; known only as long as that is under way.
    pub request: Option<Uuid>,
}

/// How a customer is told that nobody works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Whoever brings the contact is answered there and then, and tells him.
    AtTheDoor,
    /// An acknowledgement is sent over this source.
    Over(String),
    /// Nothing can be sent over the channel.
    NoWayBack,
    /// Nobody would read it: a list, an address that takes no answers, or one that wants them elsewhere.
    NobodyReads,
    /// He was told some times within the hour: two machines may be writing to each other.
    TooOften,
    /// It lay in quarantine, and a person let it in.
    Quarantined,
    /// It was said long before it reached us.
    TooLate,
}

impl Told {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AtTheDoor => "at_the_door",
            Self::Over(_) => "sent",
            Self::NoWayBack => "no_way_back",
            Self::NobodyReads => "nobody_reads",
            Self::TooOften => "too_often",
            Self::Quarantined => "quarantined",
            Self::TooLate => "too_late",
        }
    }
}

/// Nobody worked when a contact came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When somebody does again.
    pub until: Timestamp,
    /// The calendar that says so.
    pub calendar: String,
    pub told: Told,
}

/// Why a contact counts from when we got it, and not from when it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It names no time.
    Missing,
    /// Its sender's clock was never set, or is ahead of ours.
    NotBelieved,
}

impl Doubt {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotBelieved => "not_believed",
        }
    }
}

impl Closed {
    /// What holds at `now`, of a contact of `since`, by the calendar of the place (store, team or channel), whatever the promises count in; none while
    /// somebody works.
    pub fn at(levels: &Levels, of: sla::Facts<'_>, told: Told, (since, now): (Timestamp, Timestamp)) -> Option<Self> {
        let counted = levels.counting(&Hours::OfPlace, of, None)?;
        let calendar = levels.calendar(&counted).filter(|calendar| !calendar.is_working(now))?;
        // A calendar that ends says nothing of when it goes on.
        let until = opens(calendar, now).ok()?;
        let late = matches!(told, Told::Over(_)) && now.duration_since(since) > TOLD_WITHIN;
        Some(Self { until, calendar: counted.id, told: if late { Told::TooLate } else { told } })
    }

    /// The acknowledgement that is asked for, where one can be sent.
    pub(super) fn acknowledged(&self, case_id: Uuid, now: Timestamp) -> Option<Event> {
        let Told::Over(over) = &self.told else { return None };
        let (message_id, over) = (acknowledgement_message(case_id), over.clone());
        Some(Event::Sent(sending::Event::Asked { message_id, over, words: Words::Acknowledgement, at: now }))
    }
}
