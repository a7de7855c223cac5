//! A case: one contact of one customer, from being taken in to its end (domain: Case, R-INT-01 to R-INT-23).
//! Invariants: registered once with its class, lane and promise; answered for the first time at most once; a closed
//! case stays closed, but for the appeal of its complaint; a case handled as a complaint ends with it and not before.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kernel::{id, promise::verdict};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    classify::Classification,
    priority::{self, Priority, Weighed},
    promise::{self, Promises},
    record::{Added, Part},
    vocabulary::{CaseClass, Channel, Emotion, Lane, Outcome},
};

/// A case as intake knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub facts: Option<Facts>,
    /// When a human first answered.
    pub responded_at: Option<Timestamp>,
    /// The promised time of the first answer passed without one.
    pub response_missed: bool,
    pub state: State,
}

/// How far a case has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Not known (yet).
    #[default]
    Absent,
    /// Taken in, classified, in its queue; nobody has answered.
    Routed,
    /// A human has answered.
    Responded,
    /// Closed once, and its complaint was taken up again; nobody waits for a first answer any more.
    Reopened,
    /// At its end.
    Closed { outcome: Outcome, at: Timestamp },
}

/// What was taken in. No words of the customer: those are kept apart, encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub case_id: Uuid,
    pub customer_id: Uuid,
    pub channel: Channel,
    pub purchase_id: Option<Uuid>,
    pub product_id: Option<String>,
    pub batch: Option<String>,
    pub class: CaseClass,
    /// "stated" by a person, or the rule that decided.
    pub class_source: String,
    pub emotion: Option<Emotion>,
    pub lane: Lane,
    /// 0 (none) to 4 (life-threatening).
    pub health_severity: u8,
    pub priority: Priority,
    /// When the contact happened, in the customer's time line (R-INT-04).
    pub occurred_at: Timestamp,
    /// When we took it in. Kept as microseconds, as the promise is, so that the database can order by them.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub recorded_at: Timestamp,
    /// The first human answer is promised by then.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub respond_by: Timestamp,
    /// Set when the case is handled as a complaint.
    pub complaint_id: Option<Uuid>,
    pub follow_up_id: Option<Uuid>,
    pub store_id: Option<String>,
    /// What of the record a person stated.
    #[serde(default)]
    pub parts: BTreeSet<Part>,
}

/// A contact, before it is taken in.
#[derive(Clone, Debug)]
pub struct Contact {
    pub case_id: Uuid,
    pub customer_id: Uuid,
    pub channel: Channel,
    pub purchase_id: Option<Uuid>,
    pub product_id: Option<String>,
    pub batch: Option<String>,
    pub classification: Classification,
    pub emotion: Option<Emotion>,
    /// 0 (none) to 3.
    pub vip_tier: u8,
    pub repeat_contact: bool,
    pub occurred_at: Timestamp,
    pub follow_up_id: Option<Uuid>,
    pub store_id: Option<String>,
    /// What of the record a person stated.
    pub parts: BTreeSet<Part>,
}

/// What can be asked of a case.
#[derive(Clone, Debug)]
pub enum Command {
    /// Take the contact in, with the first answer promised within `term`. Told again it changes nothing.
    Register { contact: Box<Contact>, term: SignedDuration },
    /// A human answered the customer.
    Respond,
    /// The promised time of the first answer has passed.
    MissResponse,
    /// A person adds to the record what was missing.
    Complete(Added),
    /// It needs nothing else.
    Close(Outcome),
    /// Its complaint reached its end.
    EndWithComplaint(Outcome),
    /// Its complaint was taken up again after its end.
    ReopenWithComplaint,
}

/// What happened to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Registered(Box<Facts>),
    Responded { at: Timestamp, in_time: bool },
    ResponseMissed,
    Closed { outcome: Outcome, at: Timestamp },
    Reopened,
    RecordCompleted(Added),
}

/// Why a case says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such case")]
    Unknown,
    #[error("the customer has had a first answer already")]
    AlreadyResponded,
    #[error("{} is on record already; it stays as it was said", .0.word())]
    PartOnRecord(Part),
    #[error("the case is closed")]
    Closed,
    #[error("the case is handled as a complaint and ends with it")]
    IsComplaint,
    #[error("record the answer to the customer first")]
    NotAnswered,
    #[error("only a suggestion can end as a recorded suggestion")]
    NotASuggestion,
    #[error("a person ends a case as answered, guidance or suggestion_recorded")]
    NotByPerson,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::Unknown => "case.not_found",
            Rejection::AlreadyResponded => "case.already_responded",
            Rejection::PartOnRecord(_) => "case.part_on_record",
            Rejection::Closed => "case.closed",
            Rejection::IsComplaint => "case.is_complaint",
            Rejection::NotAnswered => "case.not_answered",
            Rejection::NotASuggestion => "case.not_a_suggestion",
            Rejection::NotByPerson => "case.outcome_not_by_person",
        }
    }
}

/// The id of the case that stands for a contact a channel knows by its own reference (idempotent on both).
pub fn id_of(channel: Channel, external_ref: &str) -> Uuid {
    id::derived("case", &[channel.word(), external_ref])
}

/// The id of the case a follow-up's answer opens.
pub fn id_of_follow_up(follow_up_id: Uuid) -> Uuid {
    id::derived("case", &[Channel::FollowUp.word(), &follow_up_id.to_string()])
}

/// The id of the complaint a case is handled as.
pub fn complaint_of(case_id: Uuid) -> Uuid {
    id::derived("complaint", &[&case_id.to_string()])
}

impl Case {
    /// What follows from `command`.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let facts = match (&self.facts, command) {
            (_, Command::Complete(added)) => return self.complete(added),
            (None, Command::Register { contact, term }) => {
                return Ok(vec![Event::Registered(Box::new(contact.take_in(term, now)))]);
            }
            (None, Command::MissResponse | Command::EndWithComplaint(_) | Command::ReopenWithComplaint) => {
                return Ok(vec![]);
            }
            (None, Command::Respond | Command::Close(_)) => return Err(Rejection::Unknown),
            (Some(_), Command::Register { .. }) => return Ok(vec![]),
            (Some(facts), Command::Respond) => return self.respond(facts, now),
            (Some(facts), Command::Close(outcome)) => return self.close(facts, outcome, now),
            (Some(_), Command::EndWithComplaint(outcome)) => return Ok(self.end_with_complaint(outcome, now)),
            (Some(facts), Command::ReopenWithComplaint) => return Ok(self.reopen_with_complaint(facts)),
            (Some(facts), Command::MissResponse) => facts,
        };
        let late = !verdict(facts.respond_by, now).in_time();
        let missed = self.state == State::Routed && !self.response_missed && late;
        Ok(if missed { vec![Event::ResponseMissed] } else { vec![] })
    }

    fn respond(&self, facts: &Facts, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match self.state {
            State::Absent => Err(Rejection::Unknown),
            State::Routed => Ok(vec![Event::Responded { at: now, in_time: verdict(facts.respond_by, now).in_time() }]),
            State::Responded => Err(Rejection::AlreadyResponded),
            State::Reopened => Err(Rejection::IsComplaint),
            State::Closed { .. } => Err(Rejection::Closed),
        }
    }

    fn close(&self, facts: &Facts, outcome: Outcome, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (&self.state, outcome) {
            (State::Absent, _) => Err(Rejection::Unknown),
            (State::Closed { .. }, _) => Err(Rejection::Closed),
            (_, Outcome::ComplaintClosed | Outcome::ComplaintWithdrawn) => Err(Rejection::NotByPerson),
            _ if facts.complaint_id.is_some() => Err(Rejection::IsComplaint),
            (_, Outcome::SuggestionRecorded) if facts.class != CaseClass::Suggestion => Err(Rejection::NotASuggestion),
            (State::Routed, Outcome::Answered | Outcome::Guidance) => Err(Rejection::NotAnswered),
            (State::Routed | State::Responded | State::Reopened, _) => Ok(vec![Event::Closed { outcome, at: now }]),
        }
    }

    fn end_with_complaint(&self, outcome: Outcome, now: Timestamp) -> Vec<Event> {
        match self.state {
            State::Routed | State::Responded | State::Reopened => vec![Event::Closed { outcome, at: now }],
            State::Absent | State::Closed { .. } => vec![],
        }
    }

    fn reopen_with_complaint(&self, facts: &Facts) -> Vec<Event> {
        let ended = matches!(self.state, State::Closed { .. }) && facts.complaint_id.is_some();
        if ended { vec![Event::Reopened] } else { vec![] }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Registered(facts) => {
                self.facts = Some((**facts).clone());
                self.state = State::Routed;
            }
            Event::Responded { at, .. } => {
                self.responded_at = Some(*at);
                self.state = State::Responded;
            }
            Event::ResponseMissed => self.response_missed = true,
            Event::Closed { outcome, at } => self.state = State::Closed { outcome: *outcome, at: *at },
            Event::Reopened => self.state = State::Reopened,
            Event::RecordCompleted(added) => self.facts.iter_mut().for_each(|facts| {
                facts.parts.extend(&added.parts);
                facts.emotion = added.emotion.or(facts.emotion);
            }),
        }
    }

    /// When the first answer becomes late, as long as it is still awaited: the first instant after the promise, for
    /// an answer at the promised time is in time.
    pub fn response_late_at(&self) -> Option<Timestamp> {
        let awaited = self.state == State::Routed && !self.response_missed;
        let facts = self.facts.as_ref().filter(|_| awaited)?;
        Some(promise::due(facts.respond_by, SignedDuration::from_micros(1)))
    }
}

impl Contact {
    /// The command that takes the contact in, with the term `promises` give to its channel and lane.
    pub fn register(self, promises: &Promises) -> Command {
        let lane = priority::lane(self.classification.class, self.classification.severity);
        Command::Register { term: promises.term(self.channel, lane), contact: Box::new(self) }
    }

    /// The case that is on record from now on.
    fn take_in(self, term: SignedDuration, now: Timestamp) -> Facts {
        let Classification { class, source, severity } = self.classification;
        Facts {
            case_id: self.case_id,
            customer_id: self.customer_id,
            channel: self.channel,
            purchase_id: self.purchase_id,
            product_id: self.product_id,
            batch: self.batch,
            class,
            class_source: source,
            emotion: self.emotion,
            lane: priority::lane(class, severity),
            health_severity: severity,
            priority: priority::priority(Weighed {
                severity,
                emotion: self.emotion,
                vip_tier: self.vip_tier,
                channel: self.channel,
                repeat_contact: self.repeat_contact,
            }),
            occurred_at: self.occurred_at,
            recorded_at: now,
            respond_by: promise::due(now, term),
            complaint_id: class.is_complaint().then(|| complaint_of(self.case_id)),
            follow_up_id: self.follow_up_id,
            store_id: self.store_id,
            parts: self.parts,
        }
    }
}
