//! A case: one contact of one customer, from being taken in to its end (domain: Case, R-INT-01 to R-INT-23).
//! Invariants: registered once with its class, lane and promise; answered for the first time at most once; a closed
//! case stays closed, but for the appeal of its complaint; a case handled as a complaint ends with it and not before.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::{
    id,
    promise::Promises,
    sla::{self, Kind, Levels, Warning},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    answer::{self, Given, Moved},
    assignment::{Assignment, HandOver},
    classify::Classification,
    ending::Unfit,
    information::Question,
    knowledge::{Article, Offer},
    priority::{self, Priority, Weighed},
    record::{Added, Part},
    vocabulary::{CaseClass, Channel, Emotion, Lane, Outcome},
};

pub use super::rejection::Rejection;

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
    /// The article it was offered as its answer; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Words people put on it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
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
    /// The article that was found for it; offered only where an article may answer.
    pub article: Option<Article>,
}

/// What can be asked of a case. What gives or ends a promise brings the service levels.
#[derive(Clone, Debug)]
pub enum Command {
    /// A person adds to the record what was missing.
    Complete(Added),
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
    /// The customer says whether the article that was offered helped.
    Judge { helpful: bool, levels: Arc<Levels> },
    /// Put a tag on it, or take it off.
    Tag { tag: String, put: bool },
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
    Tagged {
        tag: String,
        put: bool,
    },
    AnswerOffered(Offer),
    /// Whether it helped.
    AnswerJudged(bool),
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
                let offered = contact.offered(now);
                Ok(std::iter::once(contact.take_in(&levels, now)?).chain(offered).collect())
            }
            (Some(_), Command::Register { .. }) => Ok(vec![]),
            (None, Command::LookAtResponse | Command::LookForInfo) => Ok(vec![]),
            (None, Command::EndWithComplaint { .. } | Command::ReopenWithComplaint) => Ok(vec![]),
            (None, _) => Err(Rejection::Unknown),
            (Some(facts), Command::Respond { at, levels }) => self.respond(facts, at, &levels, now),
            (Some(facts), Command::Assign { asked, levels }) => self.assign(facts, asked, &levels, now),
            (Some(facts), Command::Accept { by, version, levels }) => self.accept(facts, by, version, &levels, now),
            (Some(facts), Command::RequestInfo { asked, levels }) => self.request_info(facts, asked, &levels, now),
            (Some(facts), Command::Reject { what, reason, levels }) => self.reject(facts, what, reason, &levels, now),
            (Some(_), Command::Tag { tag, put }) => self.tag(tag, put),
            (Some(_), Command::Judge { helpful, levels }) => self.judge(helpful, &levels, now),
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
            Event::Tagged { tag, put: true } => drop(self.tags.insert(tag.clone())),
            Event::Tagged { tag, put: false } => drop(self.tags.remove(tag)),
            Event::AnswerOffered(offer) => self.offer = Some(offer.clone()),
            Event::AnswerJudged(helpful) => self.offer.iter_mut().for_each(|offer| offer.helpful = Some(*helpful)),
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
            Event::Reopened | Event::RecordCompleted(_) | Event::InfoRequested { .. } | Event::InfoAdded { .. } => &[],
            Event::Tagged { .. } | Event::AnswerOffered(_) | Event::AnswerJudged(_) => &[],
        }
    }
}

impl Contact {
    /// The command that takes the contact in.
    pub fn register(self, levels: &Arc<Levels>) -> Command {
        Command::Register { contact: Box::new(self), levels: Arc::clone(levels) }
    }

    /// The case that is on record from now on.
    fn take_in(self, levels: &Levels, now: Timestamp) -> Result<Event, Rejection> {
        let Classification { class, source, severity, heard } = self.classification;
        let lane = priority::lane(class, severity);
        let priority = priority::priority(Weighed {
            severity,
            emotion: self.emotion,
            heard,
            vip_tier: self.vip_tier,
            channel: self.channel,
            repeat_contact: self.repeat_contact,
        });
        let asked = sla::Facts {
            channel: Some(self.channel.word()),
            class: Some(class.word()),
            priority: Some(lane.word()),
            segment: (self.vip_tier >= 1).then_some("vip"),
            store: self.store_id.as_deref(),
        };
        let urgent = priority::is_urgent(lane, &priority);
        let Given { promises, respond_by, answered_from } = answer::promised(levels, asked, urgent, now)?;
        let facts = Box::new(Facts {
            case_id: self.case_id,
            customer_id: self.customer_id,
            channel: self.channel,
            purchase_id: self.purchase_id,
            product_id: self.product_id,
            batch: self.batch,
            class,
            class_source: source,
            emotion: self.emotion.or(heard.emotion),
            lane,
            health_severity: severity,
            priority,
            occurred_at: self.occurred_at,
            recorded_at: now,
            respond_by,
            complaint_id: class.is_complaint().then(|| complaint_of(self.case_id)),
            follow_up_id: self.follow_up_id,
            store_id: self.store_id,
            parts: self.parts,
            vip_tier: self.vip_tier,
            repeat_contact: self.repeat_contact,
            answered_from,
        });
        Ok(Event::Registered { facts, promises })
    }
}
