//! What the customer hears from us while a complaint is open: that it goes on, before the silence gets too long (R-CMP-05);
//! the result, within its time (R-CMP-10); and the question whether it is settled, several times before silence counts
//! as an answer (R-CMP-11). A silence or a result that is late is noted once and escalated. What he answers or writes is in
//! `awaited` and `satisfaction`.
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
    awaited::Awaited,
    command::Rejection,
    complaint::{Complaint, Event, Outcome, State},
    decide::Decision,
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
    /// For his answer to an offer, and how often he is told of it, at even distances.
    #[serde(default)]
    pub offer_answer: SignedDuration,
    #[serde(default)]
    pub offer_tries: u32,
    /// For a person to read what he writes about an offer or a result.
    #[serde(default)]
    pub read_within: SignedDuration,
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
    /// What is waited for: his answer, or that somebody reads what he wrote.
    #[serde(default)]
    pub awaited: Awaited,
}

impl Care {
    /// He heard from us, or we from him, at `at`. What is told late of an earlier time changes nothing.
    pub(super) fn heard(&mut self, at: Timestamp) {
        if self.heard_at.is_none_or(|before| before <= at) {
            self.heard_at = Some(at);
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        self.awaited.apply(event);
        match event {
            Event::Recorded { facts, .. } => self.heard(facts.recorded_at),
            Event::Agreed(consent) => self.heard(consent.at),
            Event::Declined { at } | Event::Dissatisfied { at, .. } | Event::Reopened { at } => self.heard(*at),
            Event::Care(Heard::Ordered { .. }) => self.progress_messages += 1,
            Event::Care(Heard::Told { at, .. } | Heard::Feedback { at, .. }) => self.heard(*at),
            Event::Offered { .. } => self.offer_untold = false,
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
            Event::Care(Heard::AskedAgain { .. } | Heard::Unreached { .. }) => self.asked += 1,
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
    /// A person tried in vain to ask him.
    Unreached { channel: String, at: Timestamp, silent_at: Timestamp },
    /// A message is to tell him of the offer once more.
    Reminded { message_id: Uuid, number: u32, answer_by: Timestamp },
    /// Nobody answered the offer in its time.
    Unanswered { due: Timestamp },
    /// He wrote: somebody must read it.
    Wrote { at: Timestamp },
    /// Nobody read it in its time.
    Unread { due: Timestamp },
    /// A person spoke with him about it; silence counts again from then, until that instant.
    Read { at: Timestamp, until: Option<Timestamp> },
    /// He had said before the unconfirmed close that it is settled.
    Confirmed { closed_at: Timestamp },
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
    /// The message with the offer could not be sent, which was known at `at`.
    OfferUntold { message_id: Uuid, at: Timestamp, levels: Arc<Levels> },
    /// He wrote, to whatever was asked of him or not.
    Wrote { at: Timestamp, levels: Arc<Levels> },
    /// An agent answered the contact the complaint came by.
    Responded { at: Timestamp, levels: Arc<Levels> },
    /// A person told him the result.
    TellResult { channel: String, told_at: Option<Timestamp>, levels: Arc<Levels> },
    /// A person tried in vain to ask him whether it is settled.
    Unreached { channel: String, tried_at: Option<Timestamp> },
    /// It is time to tell him of the offer again.
    RemindDue,
    /// The time for his answer to the offer is over.
    AnswerDue,
    /// The time to read what he wrote is over.
    ReadDue,
}

impl Complaint {
    /// Each question moves the end of the silence, and so does a word with him.
    pub(super) fn silent(&mut self, heard: &Heard) {
        let silent_at = match heard {
            Heard::AskedAgain { silent_at, .. } | Heard::Unasked { silent_at, .. } => Some(*silent_at),
            Heard::Unreached { silent_at, .. } => Some(*silent_at),
            Heard::Read { until, .. } if matches!(self.state, State::SatisfactionCheck { .. }) => *until,
            _ => None,
        };
        if let Some(silent_at) = silent_at {
            self.state = State::SatisfactionCheck { silent_at };
        }
        if let Heard::Confirmed { closed_at: at } = heard {
            self.state = State::Closed { outcome: Outcome::Satisfied, at: *at };
        }
    }

    /// The last instant at which the result is told in time, while it is owed.
    pub fn tell_by(&self) -> Option<Timestamp> {
        let within = self.facts.terms.care.tell_within;
        // What was withdrawn before this was cleared is stored with it.
        let owed = matches!(self.state, State::Executed { .. }) && !within.is_zero();
        self.care.executed_at.filter(|_| owed).map(|at| calendar::add(at, within))
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

    /// The id by which outreach sends the newest offer.
    pub(super) fn offer_message(&self) -> Uuid {
        let parts = ["offer", &self.facts.complaint_id.to_string(), &self.offers_made.to_string()];
        kernel::id::derived("message", &parts)
    }

    pub(super) fn word(&self, word: Word, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match word {
            Word::Order if !self.open() => return Err(self.not_now()),
            Word::Told { .. } if !self.open() && !self.unread() => return Err(self.not_now()),
            Word::Told { channel, told_at, levels } => {
                let at = self.said(told_at, Some(self.facts.recorded_at), now)?;
                self.told(at, channel, &levels, now)?.into_iter().chain(self.read(at)).collect()
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
            Word::OfferUntold { message_id, at, levels } => self.offer_untold(message_id, at, &levels, now)?,
            Word::Wrote { at, levels } => self.wrote(at, &levels, now)?,
            Word::Responded { at, levels } => self.responded(at, &levels, now)?,
            Word::TellResult { channel, told_at, levels } => self.tell_in_person(channel, told_at, &levels, now)?,
            Word::Unreached { channel, tried_at } => self.unreached(channel, tried_at, now)?,
            Word::RemindDue => self.remind(now),
            Word::AnswerDue => self.answer_due(now),
            Word::ReadDue => self.read_due(now),
        })
    }

    /// The answer to the contact the complaint came by is word of us; told again it says nothing new.
    fn responded(&self, at: Timestamp, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        if !self.open() || at < self.facts.recorded_at || self.care.heard_at == Some(at) {
            return Ok(vec![]);
        }
        self.told(at, "case".into(), levels, now)
    }

    /// He cannot answer what he was not told: what waited for him goes on, and a person must tell him.
    fn offer_untold(&self, message_id: Uuid, at: Timestamp, levels: &Levels, now: Timestamp) -> Decision {
        if self.state != State::Offered || self.care.offer_untold || message_id != self.offer_message() {
            return Ok(vec![]);
        }
        let goes_on = [Kind::ResultNotice, Kind::ProgressSilence].map(|kind| (kind, Fact::Resumed { at }));
        let mut events = self.note(goes_on.to_vec(), levels, now)?;
        events.push(self.raised(Trigger::ResultUntold));
        Ok(events)
    }

    /// He was told at `at` how it stands; while his answer is waited for no further word is owed. An offer he wrote about
    /// stands still no more.
    fn told(&self, at: Timestamp, channel: String, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let waits_for_him = match self.state {
            State::Offered => !self.care.offer_untold && self.care.awaited.wrote_at.is_none(),
            State::SatisfactionCheck { .. } | State::Closed { .. } => true,
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
        channel: Option<String>,
        at: Timestamp,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        // A word heard since then is told of already: nothing more is owed from it on.
        let word_at = self.promises.last(Kind::ProgressSilence).map_or(at, |last| last.started_at.max(at));
        let kept = [(Kind::ResultNotice, at), (Kind::ProgressSilence, word_at)];
        let kept = kept.map(|(kind, at)| (kind, Fact::Satisfied { at }));
        let mut events = self.note(kept.to_vec(), levels, now)?;
        events.extend(self.told_as(message_id, channel, at));
        Ok(events)
    }

    /// He was told the result in person at `at`, and it does not settle the matter: word is owed to him again, and another
    /// result.
    pub(super) fn told_in_vain(
        &self,
        channel: Option<String>,
        at: Timestamp,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let told = vec![(Kind::ResultNotice, Fact::Satisfied { at })];
        let mut events = self.word_heard(told, &TAKEN_UP_AGAIN, at, levels, now)?;
        events.extend(self.told_as(None, channel, at));
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
        let paused = || Some(self.promises.last(Kind::ResultNotice)?.pauses.last()?.from);
        self.care.awaited.offered_at.or_else(paused)
    }

    fn told_as(&self, message_id: Option<Uuid>, channel: Option<String>, at: Timestamp) -> Vec<Event> {
        let mut events = self.result_breach(at);
        let in_time = self.tell_by().filter(|due| self.care.result_late && verdict(*due, at).in_time());
        let escalation_id = self.care.late_escalation;
        events.extend(in_time.map(|due| Event::Care(Heard::ResultInTime { due, escalation_id })));
        events.push(Event::ResultTold { message_id, channel, at });
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

/// The time of so many of `tries` even parts of `whole`.
pub(super) fn share(whole: SignedDuration, tries: u32, parts: u32) -> SignedDuration {
    let count = |number| i32::try_from(number).unwrap_or(i32::MAX);
    (whole / count(tries.max(1))).saturating_mul(count(parts))
}

/// The id of the `n`th message that hangs on the message with a result.
pub(super) fn derived_of(what: &str, result: Uuid, n: u32) -> Uuid {
    kernel::id::derived("message", &[what, &result.to_string(), &n.to_string()])
}
