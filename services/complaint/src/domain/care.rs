//! What the customer hears from us while a complaint is open: that it goes on, before the silence gets too long (R-CMP-05);
//! the result, within its time (R-CMP-10); and the question whether it is settled, several times before silence counts
//! as an answer (R-CMP-11). A silence or a result that is late is noted once and escalated.
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar,
    promise::{Fact, verdict},
    sla::{Kind, Levels},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    command::Rejection,
    complaint::{Complaint, Event, State},
    escalation::Trigger,
    promises::TAKEN_UP_AGAIN,
};

/// The terms of it; nothing of no length is promised (complaints from before there were these terms have none).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// From the end of the execution to the word of it.
    pub tell_within: SignedDuration,
    /// How often he is asked whether it is settled, at even distances.
    pub tries: u32,
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// When we last spoke with the customer, or wrote; at first, when he came to us.
    pub heard_at: Option<Timestamp>,
    /// Since when the result is owed.
    pub executed_at: Option<Timestamp>,
    /// The result was not told in time, and that was noted.
    pub result_late: bool,
    /// How often he was asked about the newest result.
    pub asked: u32,
    /// How many messages of progress were ordered; numbers the next one.
    pub progress_messages: u32,
}

impl Care {
    /// He heard from us, or we from him, at `at`. What is told late of an earlier time changes nothing.
    pub(super) fn heard(&mut self, at: Timestamp) {
        if self.heard_at.is_none_or(|before| before <= at) {
            self.heard_at = Some(at);
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Recorded { facts, .. } => self.heard(facts.recorded_at),
            Event::Agreed(consent) => self.heard(consent.at),
            Event::Declined { at } | Event::Dissatisfied { at, .. } | Event::Reopened { at } => self.heard(*at),
            Event::Care(Heard::Ordered { .. }) => self.progress_messages += 1,
            Event::Care(Heard::Told { at, .. }) => self.heard(*at),
            Event::Executed { at } => (self.executed_at, self.result_late) = (Some(*at), false),
            Event::Care(Heard::ResultLate { .. }) => self.result_late = true,
            Event::ResultTold { at, .. } => {
                self.heard(*at);
                (self.executed_at, self.asked) = (None, 1);
            }
            Event::Care(Heard::AskedAgain { .. }) => self.asked += 1,
            _ => {}
        }
    }
}

/// What became of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message is to tell the customer that it goes on.
    Ordered { message_id: Uuid },
    /// The customer was told how it stands.
    Told { at: Timestamp, channel: String },
    /// The customer has been without word of us for too long.
    TooSilent { due: Timestamp },
    /// The result was not told in time.
    ResultLate { due: Timestamp },
    /// A message is to ask once more whether it is settled.
    AskedAgain { message_id: Uuid, number: u32 },
}

/// Steps of the conversation with the customer.
#[derive(Clone, Debug)]
pub enum Word {
    /// A person told the customer how it stands.
    Told { channel: String, levels: Arc<Levels> },
    /// A message is to tell it.
    Order,
    /// That message left the house.
    Left { message_id: Uuid, at: Timestamp, levels: Arc<Levels> },
    /// The time for telling the result is over.
    ResultDue,
    /// It is time to ask again.
    AskDue,
}

impl Complaint {
    /// The last instant at which the result is told in time, while it is owed.
    pub fn tell_by(&self) -> Option<Timestamp> {
        let within = self.facts.terms.care.tell_within;
        self.care.executed_at.filter(|_| !within.is_zero()).map(|at| calendar::add(at, within))
    }

    /// When the customer is to be asked again whether it is settled.
    pub fn ask_at(&self) -> Option<Timestamp> {
        let State::SatisfactionCheck { silent_at } = self.state else { return None };
        let terms = &self.facts.terms;
        let left = i32::try_from(terms.care.tries.checked_sub(self.care.asked).filter(|left| *left > 0)?).ok()?;
        let apart = terms.silence_after / i32::try_from(terms.care.tries).ok()?;
        Some(calendar::add(silent_at, -(apart * left)))
    }

    /// The id of the next message of progress, or of the question that is asked as the `n`th.
    fn message(&self, what: &str, n: u32) -> Uuid {
        kernel::id::derived("message", &[what, &self.result_message().to_string(), &n.to_string()])
    }

    pub(super) fn word(&self, word: Word, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match word {
            Word::Told { .. } | Word::Order if !self.open() => return Err(self.not_now()),
            Word::Told { channel, levels } => self.told(now, channel, &levels, now)?,
            Word::Order => {
                vec![Event::Care(Heard::Ordered {
                    message_id: self.message("progress", self.care.progress_messages + 1),
                })]
            }
            Word::Left { message_id, at, levels } => {
                let ours = (1..=self.care.progress_messages).any(|n| self.message("progress", n) == message_id);
                if ours && self.open() { self.told(at, "message".into(), &levels, now)? } else { vec![] }
            }
            Word::ResultDue => self.result_breach(now),
            Word::AskDue => match self.ask_at() {
                Some(at) if now >= at => {
                    let number = self.care.asked + 1;
                    vec![Event::Care(Heard::AskedAgain { message_id: self.message("satisfaction", number), number })]
                }
                _ => vec![],
            },
        })
    }

    /// He was told at `at` how it stands; while his answer is waited for nothing else is owed.
    fn told(&self, at: Timestamp, channel: String, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let waits_for_him = matches!(self.state, State::Offered | State::SatisfactionCheck { .. });
        let mut events = if waits_for_him { vec![] } else { self.word_heard(vec![], &[], at, levels, now)? };
        events.push(Event::Care(Heard::Told { at, channel }));
        Ok(events)
    }

    /// The result was told at `at`; a breach is noted first when nobody had looked yet.
    pub(super) fn result_told(
        &self,
        message_id: Option<Uuid>,
        at: Timestamp,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let kept = [Kind::ResultNotice, Kind::ProgressSilence].map(|kind| (kind, Fact::Satisfied { at }));
        let mut events = self.note(kept.to_vec(), levels, now)?;
        events.extend(self.told_as(message_id, at));
        Ok(events)
    }

    /// He was told the result in person, and it does not settle the matter: word is owed to him again, and another result.
    pub(super) fn told_in_vain(&self, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let told = vec![(Kind::ResultNotice, Fact::Satisfied { at: now })];
        let mut events = self.word_heard(told, &TAKEN_UP_AGAIN, now, levels, now)?;
        events.extend(self.told_as(None, now));
        Ok(events)
    }

    fn told_as(&self, message_id: Option<Uuid>, at: Timestamp) -> Vec<Event> {
        let mut events = self.result_breach(at);
        events.push(Event::ResultTold { message_id, at });
        events
    }

    /// The breach of the promise to tell the result, if its time is over and nobody noted it yet; equality is in time.
    fn result_breach(&self, now: Timestamp) -> Vec<Event> {
        match self.tell_by().filter(|due| !self.care.result_late && !verdict(*due, now).in_time()) {
            Some(due) => vec![Event::Care(Heard::ResultLate { due }), self.raised(Trigger::ResultLate)],
            None => vec![],
        }
    }
}
