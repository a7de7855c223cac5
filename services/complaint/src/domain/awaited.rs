//! What is waited for while the customer has an offer, or the question whether it is settled, before him. An offer nobody
//! answers is brought to mind several times and then raised (R-CMP-05, R-CMP-20). Whatever the customer writes ends our
//! waiting at the moment he wrote it, however late we hear of it, and from then on a person must read it: nothing is asked
//! and nothing closes by itself before that, and what nobody reads in its time is raised.
use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar,
    promise::{Fact, verdict},
    sla::{Kind, Levels},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    care::Heard,
    complaint::{Complaint, Event, Outcome, State},
    decide::Decision,
    escalation::Trigger,
};

/// How it stands with the newest offer or result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    pub offered_at: Option<Timestamp>,
    /// The last instant at which an answer to the offer is in time; none where no time is set for it.
    pub answer_by: Option<Timestamp>,
    /// How often he was told of the offer.
    pub reminded: u32,
    /// What was raised because nobody answered the offer.
    pub unanswered: Option<Uuid>,
    /// When he wrote since; of several messages that wait to be read, the first.
    pub wrote_at: Option<Timestamp>,
    /// That waits to be read by a person.
    pub unread: bool,
    /// What was raised because nobody read it.
    pub unread_raised: Option<Uuid>,
}

impl Awaited {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Offered { at, answer_by } => {
                *self = Self { offered_at: Some(*at), answer_by: *answer_by, reminded: 1, ..Self::default() };
            }
            Event::ResultTold { .. } => *self = Self::default(),
            Event::Care(Heard::Reminded { answer_by, .. }) => {
                self.reminded += 1;
                self.answer_by = Some(*answer_by);
            }
            Event::Care(Heard::Wrote { at }) => {
                self.unread_raised = self.unread_raised.filter(|_| self.unread);
                (self.wrote_at, self.unread) = (Some(*at), true);
            }
            Event::Care(Heard::Read { until, .. }) => {
                (self.unread, self.unanswered) = (false, None);
                self.answer_by = self.answer_by.and(*until);
            }
            Event::Raised { trigger: Trigger::OfferUnanswered, escalation_id } => {
                self.unanswered = Some(*escalation_id)
            }
            Event::Raised { trigger: Trigger::Unread, escalation_id } => self.unread_raised = Some(*escalation_id),
            Event::Agreed(_) | Event::Declined { .. } | Event::Care(Heard::Feedback { .. }) | Event::Closed { .. } => {
                self.unread = false;
            }
            _ => {}
        }
    }
}

impl Complaint {
    /// He wrote, and somebody must read it.
    pub fn unread(&self) -> bool {
        let asked = matches!(
            self.state,
            State::Offered | State::SatisfactionCheck { .. } | State::Closed { outcome: Outcome::Unconfirmed, .. }
        );
        self.care.awaited.unread && asked
    }

    /// The last instant at which what he wrote is read in time.
    pub fn read_by(&self) -> Option<Timestamp> {
        let wrote_at = self.care.awaited.wrote_at.filter(|_| self.unread())?;
        Some(calendar::add(wrote_at, self.facts.terms.care.read_within))
    }

    /// The last instant at which the offer is answered in time; none once he wrote, until that is read.
    pub fn answer_by(&self) -> Option<Timestamp> {
        self.care.awaited.answer_by.filter(|_| self.state == State::Offered && !self.unread())
    }

    /// When he is to be told of the offer again; never by the way by which he could not be told the first time.
    pub fn remind_at(&self) -> Option<Timestamp> {
        let left = self.reminders().checked_sub(1)?;
        let by = self.answer_by().filter(|_| left > 0 && !self.care.offer_untold)?;
        Some(calendar::add(by, -self.offer_apart(left)))
    }

    /// The time of how many tellings of the offer is left, the present one's included.
    fn reminders(&self) -> u32 {
        (self.facts.terms.care.offer_tries + 1).saturating_sub(self.care.awaited.reminded)
    }

    /// The time of so many tellings of an offer.
    fn offer_apart(&self, tellings: u32) -> SignedDuration {
        let care = self.facts.terms.care;
        super::care::share(care.offer_answer, care.offer_tries, tellings)
    }

    /// Until when an offer made `at` is to be answered.
    pub(super) fn offer_until(&self, at: Timestamp) -> Option<Timestamp> {
        let within = self.facts.terms.care.offer_answer;
        (!within.is_zero()).then(|| calendar::add(at, within))
    }

    /// When he was told the newest result.
    pub(super) fn result_told_at(&self) -> Option<Timestamp> {
        self.promises.last(Kind::ResultNotice)?.met_at()
    }

    /// He wrote at `at`. What stood still for him goes on from then. A message from before the offer, or from before he
    /// was told the result, answers neither.
    pub(super) fn wrote(&self, at: Timestamp, levels: &Levels, now: Timestamp) -> Decision {
        let after = |since: Option<Timestamp>| since.is_none_or(|since| since <= at);
        let answers = match self.state {
            State::Offered => after(self.waits_since()),
            State::SatisfactionCheck { .. } => after(self.result_told_at()),
            State::Closed { outcome: Outcome::Unconfirmed, at: closed } => at <= closed && after(self.result_told_at()),
            _ => false,
        };
        let known = self.unread() && self.care.awaited.wrote_at.is_some_and(|wrote_at| wrote_at <= at);
        let mut events = Vec::new();
        events.extend((answers && !known).then_some(Event::Care(Heard::Wrote { at })));
        if self.open() {
            let resumed = [Kind::ResultNotice, Kind::ProgressSilence].into_iter().filter(|kind| self.waited(*kind, at));
            events.extend(self.note(resumed.map(|kind| (kind, Fact::Resumed { at })).collect(), levels, now)?);
            // Word we gave him while he had the offer ended its silence: from what he says on one runs again.
            let silent = self.promises.last(Kind::ProgressSilence).is_some_and(|last| last.standing.state.open());
            if answers && self.state == State::Offered && !silent {
                events.extend(self.word_heard(vec![], &[], at, levels, now)?);
            }
        }
        Ok(events)
    }

    /// A promise of the kind stood still for him at that instant.
    fn waited(&self, kind: Kind, at: Timestamp) -> bool {
        let pauses = self.promises.iter().filter(|(one, _)| *one == kind).flat_map(|(_, promise)| &promise.pauses);
        pauses.into_iter().any(|pause| pause.from <= at && pause.to.is_none_or(|to| at < to))
    }

    /// A person spoke with him at `at`, and so has read what he wrote before. He has the time of what is left to ask again.
    pub(super) fn read(&self, at: Timestamp) -> Option<Event> {
        let read = self.unread() && self.care.awaited.wrote_at.is_some_and(|wrote_at| wrote_at <= at);
        let until = match self.state {
            State::Offered => {
                let by = calendar::add(at, self.offer_apart(self.reminders()));
                self.care.awaited.answer_by.map(|answer_by| answer_by.max(by))
            }
            State::SatisfactionCheck { .. } => Some(self.silent_at(self.questions_left(), at)),
            _ => None,
        };
        read.then_some(Event::Care(Heard::Read { at, until }))
    }

    /// Each telling leaves him its time for the answer: one that is late moves the end.
    pub(super) fn remind(&self, now: Timestamp) -> Vec<Event> {
        match (self.remind_at(), self.care.awaited.answer_by) {
            (Some(at), Some(by)) if at <= now => {
                let (number, complaint) = (self.care.awaited.reminded + 1, self.facts.complaint_id.to_string());
                let parts = ["offer_reminder", &complaint, &self.offers_made.to_string(), &number.to_string()];
                let least = calendar::add(now, self.offer_apart(self.reminders().saturating_sub(1)));
                let message_id = kernel::id::derived("message", &parts);
                vec![Event::Care(Heard::Reminded { message_id, number, answer_by: by.max(least) })]
            }
            _ => vec![],
        }
    }

    /// Nobody answers the offer: raised once, and not before he was told of it as often as is set.
    pub(super) fn answer_due(&self, now: Timestamp) -> Vec<Event> {
        let late = |due: &Timestamp| self.care.awaited.unanswered.is_none() && !verdict(*due, now).in_time();
        match self.answer_by().filter(late) {
            Some(_) if self.remind_at().is_some() => self.remind(now),
            Some(due) => vec![Event::Care(Heard::Unanswered { due }), self.raised(Trigger::OfferUnanswered)],
            None => vec![],
        }
    }

    /// Nobody reads what he wrote: raised once.
    pub(super) fn read_due(&self, now: Timestamp) -> Vec<Event> {
        let late = |due: &Timestamp| self.care.awaited.unread_raised.is_none() && !verdict(*due, now).in_time();
        match self.read_by().filter(late) {
            Some(due) => vec![Event::Care(Heard::Unread { due }), self.raised(Trigger::Unread)],
            None => vec![],
        }
    }
}
