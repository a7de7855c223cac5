//! A case: one contact of one customer, from being taken in to its end (domain: Case, R-INT-01 to R-INT-23).
//! Invariants: registered once with its class, lane and promise; answered for the first time at most once; a closed
//! case stays closed until it is taken up again; a case handled as a complaint ends with it and not before.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::{promise::Promises, sla::Kind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    advice::Opinion,
    arrival::{Closed, Doubt},
    assignment::Assignment,
    course::{Course, Merged},
    ending::Unfit,
    health::Health,
    judgement::Judged,
    knowledge::Offer,
    minimum::Field,
    priority::{self, Priority},
    rating::Rating,
    record::Part,
    reporting::Reports,
    sending::Sent,
    triage::Reading,
    vocabulary::{CaseClass, Channel, Emotion, Lane, Outcome},
};

pub use super::{
    command::{Command, Event},
    contact::Contact,
    ids::{complaint_of, id_of, id_of_follow_up},
    rejection::Rejection,
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
    /// What was promised of answers; nothing of cases from before promises were kept.
    #[serde(default)]
    pub promises: Promises<Kind>,
    /// Who has it; nobody (yet) where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Assignment>,
    /// How often the customer was asked for what is missing.
    #[serde(default)]
    pub questions: u32,
    /// What became of it beside being handled.
    #[serde(default, skip_serializing_if = "Course::is_empty")]
    pub course: Course,
    /// The article it was offered as its answer; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Words people put on it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// What is on record of a person's health.
    #[serde(default, skip_serializing_if = "Health::is_empty")]
    pub health: Health,
    /// What it owes authorities.
    #[serde(default, skip_serializing_if = "Reports::is_empty")]
    pub reports: Reports,
    /// The customer's, of the end it had come to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// A person's last word on what it is about; none where nobody has said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// What an adviser outside said it is about; none where it was not asked, or said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
    /// The last answers that were sent for us over the channel, in the order in which they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sent>,
    /// The last of them that a person wrote did not reach the customer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undelivered: bool,
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
    /// Closed once, and taken up again, with its complaint or by itself; a further answer may be owed, no first one is.
    Reopened,
    /// At its end.
    Closed { outcome: Outcome, at: Timestamp },
    /// At its end, because it was no case of ours.
    Rejected { what: Unfit, reason: String, at: Timestamp },
    /// It goes on as another case, and may come back.
    Merged(Box<Merged>),
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
    /// "stated" with the contact, "person" afterwards, the rule that decided, or the model with its version and how sure it was.
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
    /// What was told in fields of their own, is not needed, and was not kept (R-SEC-11).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left_out: BTreeSet<Field>,
    /// Nobody worked when it was taken in; absent where somebody did, and of what no customer brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// Why it counts from when we got it and not from when it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// What the model read beside the class, whether or not that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// The request that makes the case, while it is under way: whoever asks again later is another one.
    #[serde(skip)]
    pub request: Option<Uuid>,
}

impl Facts {
    /// Whether it is promised feedback as an urgent matter is.
    pub fn is_urgent(&self) -> bool {
        priority::is_urgent(self.lane, &self.priority)
    }
}

impl Case {
    /// What follows from `command`.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        if let Some(says) = self.merged_says(&command) {
            return says;
        }
        match (&self.facts, command) {
            (_, Command::Complete { added, minimum }) => self.complete(added, &minimum),
            (_, Command::Course(command)) => self.decide_course(command, now),
            (None, Command::Register { contact, levels }) => {
                let (offered, packs) = (contact.offered(now), Arc::clone(&contact.packs));
                let events = self.with_owed(contact.take_in(&levels, now)?, &packs, now)?;
                Ok(events.into_iter().chain(offered).collect())
            }
            (Some(_), Command::Register { .. }) => Ok(vec![]),
            (None, Command::LookAtResponse | Command::LookForInfo | Command::LookAtReports) => Ok(vec![]),
            (None, Command::EndWithComplaint { .. } | Command::ReopenWithComplaint | Command::Fare { .. }) => {
                Ok(vec![])
            }
            (None, _) => Err(Rejection::Unknown),
            (Some(facts), Command::Respond { at, levels }) => self.respond(facts, at, &levels, now),
            (Some(facts), Command::Answer { message_id, over, levels }) => {
                self.answer(facts, (message_id, over), &levels, now)
            }
            (Some(facts), Command::Fare { message_id, fate, levels }) => {
                self.fare(facts, (message_id, fate), &levels, now)
            }
            (Some(facts), Command::RecordHealth { said, levels, packs }) => {
                self.with_owed(self.record_health(facts, *said, &levels, now)?, &packs, now)
            }
            (Some(facts), Command::Advise { opinion, decides, levels, packs }) => {
                self.with_owed(self.advise(facts, *opinion, decides, &levels, now)?, &packs, now)
            }
            (Some(facts), Command::Classify { said, levels, packs }) => {
                self.with_owed(self.classify(facts, *said, &levels, now)?, &packs, now)
            }
            (Some(_), Command::ReceiveReport { receipt, packs }) => self.receive(receipt, &packs, now),
            (Some(_), Command::WithdrawReport { pack, withdrawal }) => self.withdraw_reports(&pack, withdrawal, now),
            (Some(_), Command::Rate { score }) => self.rate(score, now),
            (Some(_), Command::LookAtReports) => self.look_at_reports(now),
            (Some(facts), Command::Assign { asked, levels }) => self.assign(facts, asked, &levels, now),
            (Some(facts), Command::Accept { by, version, levels }) => self.accept(facts, by, version, &levels, now),
            (Some(facts), Command::RequestInfo { asked, levels, minimum }) => {
                self.request_info(facts, asked, &minimum, &levels, now)
            }
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
            Event::FeedbackMissed { .. } | Event::Reply(_) => {}
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
            Event::Course(event) => self.apply_course(event),
            Event::RecordCompleted(added) => self.facts.iter_mut().for_each(|facts| {
                facts.parts.extend(&added.parts);
                facts.emotion = added.emotion.or(facts.emotion);
            }),
            Event::Assigned { assignment, .. } => {
                self.course.hands = assignment.version;
                self.assignment = Some(assignment.clone());
            }
            Event::Tagged { tag, put: true } => drop(self.tags.insert(tag.clone())),
            Event::Tagged { tag, put: false } => drop(self.tags.remove(tag)),
            Event::AnswerOffered(offer) => self.offer = Some(offer.clone()),
            Event::AnswerJudged(helpful) => self.offer.iter_mut().for_each(|offer| offer.helpful = Some(*helpful)),
            Event::Advised(opinion) => self.opinion = Some((**opinion).clone()),
            Event::Classified(event) => self.apply_classified(event),
            Event::Health(event) => self.apply_health(event),
            Event::Report(event) => self.reports.apply(event),
            Event::Sent(event) => self.apply_sent(event),
            Event::Rated(rating) => self.rating = Some(*rating),
        }
        event.promises().iter().for_each(|moved| self.promises.apply(moved));
    }
}
