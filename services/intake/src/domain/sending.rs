//! An answer of ours that goes back to the customer over the channel he came by: written by a person, or the article he was
//! offered. outreach sends it and tells what became of it.
//! Invariants: each answer is asked for once, under an id of its own; what a person writes keeps the promise when it is
//! written; one that did not reach the customer is owed anew, and takes a case up again that is closed or waits for his answer to
//! it, so that a person sees to it.
use jiff::Timestamp;
use kernel::sla::Levels;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    answer::Moved,
    case::{self, Case, Facts, Rejection, State},
    course::{self, By},
};

/// So many of the last are told of; their words are kept in any case.
pub(super) const KEPT: usize = 50;

/// An answer that is sent for us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub message_id: Uuid,
    /// The source or channel it goes over.
    pub over: String,
    /// The article the customer was offered, and no person's words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub article: bool,
    /// That the contact came in while nobody works, and no person's words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledgement: bool,
    /// When it was asked for.
    pub at: Timestamp,
    pub fate: Fate,
}

impl Sent {
    /// Whether no person wrote it.
    pub fn is_automatic(&self) -> bool {
        self.article || self.acknowledgement
    }
}

/// Whose words are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Persons,
    /// Those of the article the customer was offered.
    Article,
    /// That the contact came in while nobody works (R-INT-16).
    Acknowledgement,
}

/// Why an answer failed that a server took, and another one gave back.
pub const RETURNED: &str = "returned";

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fate {
    /// It is on its way.
    Asked,
    /// A server took it.
    Told { at: Timestamp },
    /// It was not sent and will not be.
    Failed { code: String, at: Timestamp },
}

impl Fate {
    /// Its word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Told { .. } => "told",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What happened to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Asked { message_id: Uuid, over: String, words: Words, at: Timestamp },
    Told { message_id: Uuid, at: Timestamp },
    Failed { message_id: Uuid, code: String, at: Timestamp, promises: Vec<Moved> },
}

impl Event {
    /// What happened to promises with it.
    pub(super) fn promises(&self) -> &[Moved] {
        match self {
            Self::Failed { promises, .. } => promises,
            Self::Asked { .. } | Self::Told { .. } => &[],
        }
    }
}

/// The part of a case's words a person's answer is kept as.
pub fn part(message_id: Uuid) -> String {
    format!("sent_{message_id}")
}

/// The id of the message that brings a case the article it was offered.
pub fn article_message(case_id: Uuid) -> Uuid {
    kernel::id::derived("article_answer", &[&case_id.to_string()])
}

/// The id of the message that tells the customer of a case that it came in while nobody works: one a case, whoever asks again.
pub fn acknowledgement_message(case_id: Uuid) -> Uuid {
    kernel::id::derived("acknowledgement", &[&case_id.to_string()])
}

/// The same of what the customer says to the case later: one for each time at which people are back.
pub fn later_acknowledgement(case_id: Uuid, until: Timestamp) -> Uuid {
    kernel::id::derived("acknowledgement", &[&case_id.to_string(), &until.to_string()])
}

impl Case {
    /// A person answers over this: it keeps what is owed, and may be said without being owed. Errors: the case is at its
    /// end, or its complaint answers.
    pub(super) fn answer(
        &self,
        facts: &Facts,
        (message_id, over): (Uuid, String),
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        if self.sent(message_id).is_some() {
            return Ok(vec![]);
        }
        let given = match self.respond(facts, None, levels, now) {
            Err(Rejection::AlreadyResponded) => vec![],
            given => given?,
        };
        let asked = Event::Asked { message_id, over, words: Words::Persons, at: now };
        Ok(given.into_iter().chain([case::Event::Sent(asked)]).collect())
    }

    /// What became of an answer; told again, or of one that is not ours, it changes nothing. What was taken is not lost any
    /// more, whatever is said of it afterwards, but that it came back.
    pub(super) fn fare(
        &self,
        facts: &Facts,
        (message_id, fate): (Uuid, Fate),
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        let Some(known) = self.sent(message_id) else { return Ok(vec![]) };
        match (&known.fate, fate) {
            (Fate::Failed { code, .. }, Fate::Told { .. }) if code == RETURNED => Ok(vec![]),
            (Fate::Asked | Fate::Failed { .. }, Fate::Told { at }) => {
                Ok(vec![case::Event::Sent(Event::Told { message_id, at })])
            }
            (Fate::Told { .. }, Fate::Failed { code, at }) if code == RETURNED => {
                self.undelivered(facts, (message_id, code, at), levels, now)
            }
            (Fate::Asked, Fate::Failed { code, at }) => self.undelivered(facts, (message_id, code, at), levels, now),
            _ => Ok(vec![]),
        }
    }

    fn undelivered(
        &self,
        facts: &Facts,
        (message_id, code, at): (Uuid, String, Timestamp),
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        let owed = || self.promise_reply(facts, (facts.channel, now), levels);
        let automatic = self.sent(message_id).is_some_and(Sent::is_automatic);
        let failed = |promises| case::Event::Sent(Event::Failed { message_id, code, at, promises });
        Ok(match self.state {
            // Nothing was owed by it, so nothing is owed anew.
            _ if automatic => vec![failed(vec![])],
            State::Responded | State::Reopened => vec![failed(owed()?)],
            // A question that did not arrive is not waited for.
            State::Closed { .. } | State::AwaitingInfo { .. } if facts.complaint_id.is_none() => {
                let reopened = course::Event::Reopened { by: By::Undelivered, promises: owed()? };
                vec![failed(vec![]), case::Event::Course(reopened)]
            }
            _ => vec![failed(vec![])],
        })
    }

    fn sent(&self, message_id: Uuid) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.message_id == message_id)
    }

    /// The answer with this id, if it is one of this case.
    pub fn answer_sent(&self, message_id: Uuid) -> Option<&Sent> {
        self.sent(message_id)
    }

    /// Takes in what happened.
    pub(super) fn apply_sent(&mut self, event: &Event) {
        self.note_sent(event);
        let last = self.sent.iter().rev().find(|sent| !sent.is_automatic());
        self.undelivered = last.is_some_and(|sent| matches!(sent.fate, Fate::Failed { .. }));
    }

    fn note_sent(&mut self, event: &Event) {
        let (message_id, fate) = match event {
            Event::Asked { message_id, over, words, at } => {
                let (article, acknowledgement) = (*words == Words::Article, *words == Words::Acknowledgement);
                let (message_id, over, at, fate) = (*message_id, over.clone(), *at, Fate::Asked);
                self.sent.push(Sent { message_id, over, article, acknowledgement, at, fate });
                let more = self.sent.len().saturating_sub(KEPT);
                self.sent.drain(..more);
                return;
            }
            Event::Told { message_id, at } => (message_id, Fate::Told { at: *at }),
            Event::Failed { message_id, code, at, .. } => (message_id, Fate::Failed { code: code.clone(), at: *at }),
        };
        self.sent.iter_mut().filter(|sent| sent.message_id == *message_id).for_each(|sent| sent.fate = fate.clone());
    }
}
