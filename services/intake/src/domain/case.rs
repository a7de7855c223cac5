//! A case: one contact of one customer, from being taken in to its end (domain: Case, R-INT-01 to R-INT-23).
//! Invariants: registered once with its class, lane and promise; answered for the first time at most once; a closed
//! case stays closed, but for the appeal of its complaint; a case handled as a complaint ends with it and not before.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::{
    id,
    promise::Promises,
    sla::{Kind, Levels, Warning},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    answer::Moved,
    assignment::{Assignment, HandOver},
    ending::Unfit,
    health::{self, Health},
    information::Question,
    priority::{self, Priority},
    rating::Rating,
    record::{Added, Part},
    regulator::Packs,
    reporting::{self, Receipt, Reports, Withdrawal},
    vocabulary::{CaseClass, Channel, Emotion, Lane, Outcome},
};

pub use super::{contact::Contact, rejection::Rejection};

/// A case as intake knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub facts: Option<Facts>,
    /// When a human first answered.
    pub responded_at: Option<Timestamp>,
    /// The promised time of the first answer passed without one.
    pub response_missed: bool,
    pub state: State,
    /// What was promised of the first answer; nothing of cases from before promises were kept.
    #[serde(default)]
    pub promises: Promises<Kind>,
    /// Who has it; nobody (yet) where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Assignment>,
    /// How often the customer was asked for what is missing.
    #[serde(default)]
    pub questions: u32,
    /// What is on record of a person's health.
    #[serde(default, skip_serializing_if = "Health::is_empty")]
    pub health: Health,
    /// What it owes authorities.
    #[serde(default, skip_serializing_if = "Reports::is_empty")]
    pub reports: Reports,
    /// The customer's, of the end it had come to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
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
    /// A human has answered with a question, and the customer has until then to add what is missing.
    AwaitingInfo { missing: BTreeSet<Part>, until: Timestamp },
    /// Closed once, and its complaint was taken up again; nobody waits for a first answer any more.
    Reopened,
    /// At its end.
    Closed { outcome: Outcome, at: Timestamp },
    /// At its end, because it was no case of ours.
    Rejected { what: Unfit, reason: String, at: Timestamp },
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
    /// Stated, or only read from the words where the emotion is not among `parts`.
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
    /// 0 (none) to 3.
    #[serde(default)]
    pub vip_tier: u8,
    #[serde(default)]
    pub repeat_contact: bool,
    /// When a person will be there to answer; absent when one was as we took it in (R-INT-16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_from: Option<Timestamp>,
}

impl Facts {
    /// Whether it is promised feedback as an urgent matter is.
    pub fn is_urgent(&self) -> bool {
        priority::is_urgent(self.lane, &self.priority)
    }
}

/// What can be asked of a case. What gives or ends a promise brings the service levels.
#[derive(Clone, Debug)]
pub enum Command {
    /// A person adds to the record what was missing.
    Complete(Added),
    /// A person adds to the health record.
    RecordHealth { said: Box<health::Said>, levels: Arc<Levels>, packs: Arc<Packs> },
    /// An authority confirmed a report.
    ReceiveReport { receipt: Receipt, packs: Arc<Packs> },
    /// A person says that nothing is reported to the authority of a pack after all.
    WithdrawReport { pack: String, withdrawal: Withdrawal },
    /// The customer rates the end, 1 to 5.
    Rate { score: u8 },
    /// Time has passed, and a report is owed.
    LookAtReports,
    /// Take the contact in, with its first answer promised. Told again it changes nothing.
    Register { contact: Box<Contact>, levels: Arc<Levels> },
    /// A human answered the customer: now, or at an earlier time told only now.
    Respond { at: Option<Timestamp>, levels: Arc<Levels> },
    /// Give it to a person.
    Assign { asked: HandOver, levels: Arc<Levels> },
    /// A person takes it, having read the assignment of this version; 0 where there was none.
    Accept { by: String, version: u32, levels: Arc<Levels> },
    /// Ask the customer for what is missing.
    RequestInfo { asked: Question, levels: Arc<Levels> },
    /// Time has passed, and what is missing is awaited.
    LookForInfo,
    /// Time has passed, and the first answer is awaited.
    LookAtResponse,
    /// A person says that it is no case of ours, and why.
    Reject { what: Unfit, reason: String, levels: Arc<Levels> },
    /// It needs nothing else.
    Close { outcome: Outcome, levels: Arc<Levels> },
    /// Its complaint reached its end.
    EndWithComplaint { outcome: Outcome, levels: Arc<Levels> },
    /// Its complaint was taken up again after its end.
    ReopenWithComplaint,
}

/// What happened to a case, and with it to its promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Registered {
        facts: Box<Facts>,
        promises: Vec<Moved>,
    },
    Responded {
        at: Timestamp,
        in_time: bool,
        promises: Vec<Moved>,
    },
    /// An answer told late was the first, or says that none was missed.
    ResponseCorrected {
        at: Timestamp,
        in_time: bool,
        was_at: Option<Timestamp>,
        was_late: bool,
        promises: Vec<Moved>,
    },
    ResponseDueSoon {
        warning: Warning,
        promises: Vec<Moved>,
    },
    ResponseMissed {
        promises: Vec<Moved>,
    },
    Closed {
        outcome: Outcome,
        at: Timestamp,
        promises: Vec<Moved>,
    },
    Reopened,
    RecordCompleted(Added),
    Health(health::Event),
    Report(reporting::Event),
    Rated(Rating),
    InfoRequested {
        missing: BTreeSet<Part>,
        until: Timestamp,
    },
    InfoAdded {
        still_missing: BTreeSet<Part>,
    },
    Rejected {
        what: Unfit,
        reason: String,
        at: Timestamp,
        promises: Vec<Moved>,
    },
    /// Another person has it now.
    Assigned {
        assignment: Assignment,
        promises: Vec<Moved>,
    },
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
        match (&self.facts, command) {
            (_, Command::Complete(added)) => self.complete(added),
            (None, Command::Register { contact, levels }) => {
                let packs = Arc::clone(&contact.packs);
                self.with_owed(contact.take_in(&levels, now)?, &packs, now)
            }
            (Some(_), Command::Register { .. }) => Ok(vec![]),
            (None, Command::LookAtResponse | Command::LookForInfo | Command::LookAtReports) => Ok(vec![]),
            (None, Command::EndWithComplaint { .. } | Command::ReopenWithComplaint) => Ok(vec![]),
            (None, _) => Err(Rejection::Unknown),
            (Some(facts), Command::Respond { at, levels }) => self.respond(facts, at, &levels, now),
            (Some(facts), Command::RecordHealth { said, levels, packs }) => {
                self.with_owed(self.record_health(facts, *said, &levels, now)?, &packs, now)
            }
            (Some(_), Command::ReceiveReport { receipt, packs }) => self.receive(receipt, &packs, now),
            (Some(_), Command::WithdrawReport { pack, withdrawal }) => self.withdraw_reports(&pack, withdrawal, now),
            (Some(_), Command::Rate { score }) => self.rate(score, now),
            (Some(_), Command::LookAtReports) => self.look_at_reports(now),
            (Some(facts), Command::Assign { asked, levels }) => self.assign(facts, asked, &levels, now),
            (Some(facts), Command::Accept { by, version, levels }) => self.accept(facts, by, version, &levels, now),
            (Some(facts), Command::RequestInfo { asked, levels }) => self.request_info(facts, asked, &levels, now),
            (Some(facts), Command::Reject { what, reason, levels }) => self.reject(facts, what, reason, &levels, now),
            (Some(_), Command::LookForInfo) => Ok(self.look_for_info(now)),
            (Some(facts), Command::LookAtResponse) => self.look(facts, now),
            (Some(facts), Command::Close { outcome, levels }) => self.close(facts, outcome, &levels, now),
            (Some(_), Command::EndWithComplaint { outcome, levels }) => self.end_with_complaint(outcome, &levels, now),
            (Some(facts), Command::ReopenWithComplaint) => Ok(self.reopen_with_complaint(facts)),
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Registered { facts, .. } => {
                self.facts = Some((**facts).clone());
                self.state = State::Routed;
            }
            Event::Responded { at, .. } => {
                self.responded_at = Some(*at);
                self.state = State::Responded;
            }
            Event::ResponseCorrected { at, in_time, .. } => {
                self.responded_at = Some(*at);
                self.response_missed &= !in_time;
            }
            Event::ResponseDueSoon { .. } => {}
            Event::ResponseMissed { .. } => self.response_missed = true,
            Event::Closed { outcome, at, .. } => self.state = State::Closed { outcome: *outcome, at: *at },
            Event::InfoRequested { missing, until } => {
                self.state = State::AwaitingInfo { missing: missing.clone(), until: *until };
                self.questions = self.questions.saturating_add(1);
            }
            Event::InfoAdded { .. } => self.state = State::Responded,
            Event::Rejected { what, reason, at, .. } => {
                self.state = State::Rejected { what: *what, reason: reason.clone(), at: *at };
            }
            Event::Reopened => self.state = State::Reopened,
            Event::RecordCompleted(added) => self.facts.iter_mut().for_each(|facts| {
                facts.parts.extend(&added.parts);
                facts.emotion = added.emotion.or(facts.emotion);
            }),
            Event::Assigned { assignment, .. } => self.assignment = Some(assignment.clone()),
            Event::Health(event) => self.apply_health(event),
            Event::Report(event) => self.reports.apply(event),
            Event::Rated(rating) => self.rating = Some(*rating),
        }
        event.promises().iter().for_each(|moved| self.promises.apply(moved));
    }
}

impl Event {
    /// What happened to the promises with it.
    fn promises(&self) -> &[Moved] {
        match self {
            Event::Registered { promises, .. }
            | Event::Responded { promises, .. }
            | Event::ResponseCorrected { promises, .. }
            | Event::ResponseDueSoon { promises, .. }
            | Event::ResponseMissed { promises }
            | Event::Assigned { promises, .. }
            | Event::Rejected { promises, .. }
            | Event::Closed { promises, .. } => promises,
            Event::Health(event) => event.promises(),
            Event::Report(_)
            | Event::Rated(_)
            | Event::Reopened
            | Event::RecordCompleted(_)
            | Event::InfoRequested { .. }
            | Event::InfoAdded { .. } => &[],
        }
    }
}
