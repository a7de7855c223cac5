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
    /// What was raised for it.
    #[serde(default)]
    pub late_escalation: Option<Uuid>,
    /// How often he was asked about the newest result.
    pub asked: u32,
    /// How many questions about it could not be sent: they do not count.
    #[serde(default)]
    pub unasked: u32,
    /// The message with the newest offer could not be sent: nothing waits for his answer.
    #[serde(default)]
    pub offer_untold: bool,
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
            Event::Care(Heard::Told { at, .. } | Heard::Feedback { at, .. }) => self.heard(*at),
            Event::Offered => self.offer_untold = false,
            Event::Raised { trigger: Trigger::ResultUntold, .. } => self.offer_untold = true,
            Event::Raised { trigger: Trigger::ResultLate, escalation_id } => {
                self.late_escalation = Some(*escalation_id);
            }
            Event::Executed { at } => {
                (self.executed_at, self.result_late, self.late_escalation) = (Some(*at), false, None);
            }
            Event::Care(Heard::ResultLate { .. }) => self.result_late = true,
            Event::Care(Heard::ResultInTime { .. }) => self.result_late = false,
            Event::ResultTold { at, .. } => {
                self.heard(*at);
                (self.executed_at, self.asked, self.unasked) = (None, 1, 0);
            }
            Event::Care(Heard::AskedAgain { .. }) => self.asked += 1,
            Event::Care(Heard::Unasked { .. }) => {
                self.asked -= 1;
                self.unasked += 1;
            }
            Event::Closed { .. } => self.executed_at = None,
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
    /// The customer said whether it is settled.
    Feedback { satisfied: bool, channel: Option<String>, at: Timestamp },
    /// The customer has been without word of us for too long.
    TooSilent { due: Timestamp },
    /// The result was not told in time.
    ResultLate { due: Timestamp },
    /// It was told in time after all.
    ResultInTime { due: Timestamp, escalation_id: Option<Uuid> },
    /// A message is to ask once more whether it is settled; silence until `silent_at` closes the complaint.
    AskedAgain { message_id: Uuid, number: u32, silent_at: Timestamp },
    /// That message could not be sent.
    Unasked { message_id: Uuid, silent_at: Timestamp },
}

/// Steps of the conversation with the customer.
#[derive(Clone, Debug)]
pub enum Word {
    /// A person told the customer how it stands, now or at an earlier time that is recorded only now.
    Told { channel: String, told_at: Option<Timestamp>, levels: Arc<Levels> },
    /// A message is to tell it.
    Order,
    /// That message left the house.
    Left { message_id: Uuid, at: Timestamp, levels: Arc<Levels> },
    /// The time for telling the result is over.
    ResultDue,
    /// It is time to ask again.
    AskDue,
    /// The message with the question cannot be sent.
    Unasked { message_id: Uuid },
    /// The message with the offer cannot be sent.
    OfferUntold { message_id: Uuid, levels: Arc<Levels> },
}

impl Complaint {
    /// Each question moves the end of the silence.
    pub(super) fn silent(&mut self, heard: &Heard) {
        if let Heard::AskedAgain { silent_at, .. } | Heard::Unasked { silent_at, .. } = heard {
            self.state = State::SatisfactionCheck { silent_at: *silent_at };
        }
    }

    /// The last instant at which the result is told in time, while it is owed.
    pub fn tell_by(&self) -> Option<Timestamp> {
        let within = self.facts.terms.care.tell_within;
        // What was withdrawn before this was cleared is stored with it.
        let owed = matches!(self.state, State::Executed { .. }) && !within.is_zero();
        self.care.executed_at.filter(|_| owed).map(|at| calendar::add(at, within))
    }

    /// When the customer is to be asked again whether it is settled.
    pub fn ask_at(&self) -> Option<Timestamp> {
        let State::SatisfactionCheck { silent_at } = self.state else { return None };
        let left = self.facts.terms.care.tries.checked_sub(self.care.asked).filter(|left| *left > 0)?;
        Some(calendar::add(silent_at, -self.apart(left)))
    }

    /// The time between so many questions.
    fn apart(&self, questions: u32) -> SignedDuration {
        let count = |number| i32::try_from(number).unwrap_or(i32::MAX);
        let terms = &self.facts.terms;
        (terms.silence_after / count(terms.care.tries.max(1))).saturating_mul(count(questions))
    }

    /// The id of the message that tells the result of the newest solution: outreach sends it under this one.
    pub fn result_message(&self) -> Uuid {
        self.result_message_of(self.version())
    }

    fn result_message_of(&self, version: u32) -> Uuid {
        kernel::id::derived("message", &["result", &self.facts.complaint_id.to_string(), &version.to_string()])
    }

    /// The id of the `n`th message of progress.
    fn progress_message(&self, n: u32) -> Uuid {
        kernel::id::derived("message", &["progress", &self.facts.complaint_id.to_string(), &n.to_string()])
    }

    /// Whether we ordered the message of progress. Once its id was derived from the solution there was when it was ordered.
    fn ordered(&self, message_id: Uuid) -> bool {
        let newest = self.version();
        (1..=self.care.progress_messages).any(|n| {
            let before = |version| derived_of("progress", self.result_message_of(version), n);
            message_id == self.progress_message(n) || (0..=newest).any(|version| message_id == before(version))
        })
    }

    /// The id of the `n`th question about the newest result, counted with those that could not be sent.
    pub(super) fn question(&self, n: u32) -> Uuid {
        derived_of("satisfaction", self.result_message(), n)
    }

    /// The id by which outreach sends the newest offer.
    pub(super) fn offer_message(&self) -> Uuid {
        let parts = ["offer", &self.facts.complaint_id.to_string(), &self.offers_made.to_string()];
        kernel::id::derived("message", &parts)
    }

    pub(super) fn word(&self, word: Word, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match word {
            Word::Told { .. } | Word::Order if !self.open() => return Err(self.not_now()),
            Word::Told { channel, told_at, levels } => {
                let at = self.said(told_at, Some(self.facts.recorded_at), now)?;
                self.told(at, channel, &levels, now)?
            }
            Word::Order => {
                vec![Event::Care(Heard::Ordered { message_id: self.progress_message(self.care.progress_messages + 1) })]
            }
            Word::Left { message_id, at, levels } => {
                if self.ordered(message_id) && self.open() {
                    self.told(at, "message".into(), &levels, now)?
                } else {
                    vec![]
                }
            }
            Word::ResultDue => self.result_breach(now),
            Word::AskDue => match self.ask_at() {
                Some(at) if now >= at => self.ask_again(now),
                _ => vec![],
            },
            Word::Unasked { message_id } => self.unasked(message_id, now),
            Word::OfferUntold { message_id, levels } => self.offer_untold(message_id, &levels, now)?,
        })
    }

    /// Each question leaves him its time for the answer: one that is asked late moves the end.
    pub(super) fn ask_again(&self, now: Timestamp) -> Vec<Event> {
        let number = self.care.asked + 1;
        let (message_id, left) = (self.question(number + self.care.unasked), self.facts.terms.care.tries - number);
        vec![Event::Care(Heard::AskedAgain { message_id, number, silent_at: self.silent_at(left + 1, now) })]
    }

    /// It does not count, and is asked again after the time between two questions; the first time a person learns of it.
    fn unasked(&self, message_id: Uuid, now: Timestamp) -> Vec<Event> {
        let care = &self.care;
        let checking = matches!(self.state, State::SatisfactionCheck { .. }) && care.asked > 1;
        if !checking || !(2..=care.asked + care.unasked).any(|n| message_id == self.question(n)) {
            return vec![];
        }
        let left = (self.facts.terms.care.tries + 1).saturating_sub(care.asked);
        let unasked = Event::Care(Heard::Unasked { message_id, silent_at: self.silent_at(left + 1, now) });
        let raised = (care.unasked == 0).then(|| self.raised(Trigger::ResultUntold));
        std::iter::once(unasked).chain(raised).collect()
    }

    /// The end of the silence when he has at least the time of so many questions from now on.
    fn silent_at(&self, questions: u32, now: Timestamp) -> Timestamp {
        let least = calendar::add(now, self.apart(questions));
        if let State::SatisfactionCheck { silent_at } = self.state { least.max(silent_at) } else { least }
    }

    /// He cannot answer what he was not told: what waited for him goes on, and a person must tell him.
    fn offer_untold(&self, message_id: Uuid, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        if self.state != State::Offered || self.care.offer_untold || message_id != self.offer_message() {
            return Ok(vec![]);
        }
        let goes_on = [Kind::ResultNotice, Kind::ProgressSilence].map(|kind| (kind, Fact::Resumed { at: now }));
        let mut events = self.note(goes_on.to_vec(), levels, now)?;
        events.push(self.raised(Trigger::ResultUntold));
        Ok(events)
    }

    /// He was told at `at` how it stands; while his answer is waited for no further word is owed.
    fn told(&self, at: Timestamp, channel: String, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let waits_for_him = match self.state {
            State::Offered => !self.care.offer_untold,
            State::SatisfactionCheck { .. } => true,
            _ => false,
        };
        let mut events = if waits_for_him {
            self.note(vec![(Kind::ProgressSilence, Fact::Satisfied { at })], levels, now)?
        } else {
            self.word_heard(vec![], &[], at, levels, now)?
        };
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

    /// He was told the result in person at `at`, and it does not settle the matter: word is owed to him again, and another
    /// result.
    pub(super) fn told_in_vain(&self, at: Timestamp, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let told = vec![(Kind::ResultNotice, Fact::Satisfied { at })];
        let mut events = self.word_heard(told, &TAKEN_UP_AGAIN, at, levels, now)?;
        events.extend(self.told_as(None, at));
        Ok(events)
    }

    /// When something was said: now, or at an earlier time that is recorded only now. Errors: it is in the future, or
    /// before `since`.
    pub(super) fn said(
        &self,
        said_at: Option<Timestamp>,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Timestamp, Rejection> {
        let at = said_at.unwrap_or(now);
        let sound = at <= now && since.is_none_or(|since| since <= at);
        if sound { Ok(at) } else { Err(Rejection::SaidOutOfTime(at)) }
    }

    /// Since when the customer's answer to the newest offer is waited for.
    pub(super) fn waits_since(&self) -> Option<Timestamp> {
        Some(self.promises.last(Kind::ResultNotice)?.pauses.last()?.from)
    }

    fn told_as(&self, message_id: Option<Uuid>, at: Timestamp) -> Vec<Event> {
        let mut events = self.result_breach(at);
        let in_time = self.tell_by().filter(|due| self.care.result_late && verdict(*due, at).in_time());
        let escalation_id = self.care.late_escalation;
        events.extend(in_time.map(|due| Event::Care(Heard::ResultInTime { due, escalation_id })));
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

/// The id of the `n`th message that hangs on the message with a result.
fn derived_of(what: &str, result: Uuid, n: u32) -> Uuid {
    kernel::id::derived("message", &[what, &result.to_string(), &n.to_string()])
}
