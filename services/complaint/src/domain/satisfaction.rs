//! Whether it is settled (R-CMP-11): what the customer says of it, and what his silence means, which is never satisfaction.
//! Invariant: a close is never rewritten; what he said before an unconfirmed one and is told later corrects it.
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kernel::{calendar, sla::Levels};
use uuid::Uuid;

use super::{
    care::{Heard, derived_of, share},
    complaint::{Complaint, Event, Outcome, State},
    decide::Decision,
    escalation::Trigger,
    promises::TAKEN_UP_AGAIN,
    routing::InForce,
};

impl Complaint {
    /// Who records the answer before any message left has told the result in person.
    pub(super) fn satisfaction(
        &self,
        satisfied: bool,
        channel: Option<String>,
        said_at: Option<Timestamp>,
        levels: &Arc<Levels>,
        now: Timestamp,
    ) -> Decision {
        if let State::Closed { outcome: Outcome::Unconfirmed, at: closed_at } = self.state {
            return self.said_before(closed_at, (satisfied, channel, said_at), levels, now);
        }
        let at = self.said(said_at, self.care.executed_at.or(Some(self.facts.recorded_at)), now)?;
        let mut events = match self.state {
            State::SatisfactionCheck { .. } if satisfied => vec![],
            State::SatisfactionCheck { .. } => self.word_heard(vec![], &TAKEN_UP_AGAIN, at, levels, now)?,
            State::Executed { .. } if satisfied => self.result_told(None, channel.clone(), at, levels, now)?,
            State::Executed { .. } => self.told_in_vain(channel.clone(), at, levels, now)?,
            _ => return Err(self.not_now()),
        };
        events.push(Event::Care(Heard::Feedback { satisfied, channel, at }));
        events.push(if satisfied {
            let (outcome, levels) = (Outcome::Satisfied, InForce(Some(Arc::clone(levels))));
            Event::Closed { outcome, at: now, channel: None, levels }
        } else {
            self.still_dissatisfied(&events, at)
        });
        Ok(events)
    }

    /// What he said before silence closed it. Errors: he said it later, which is an appeal, or before he was asked.
    fn said_before(
        &self,
        closed_at: Timestamp,
        (satisfied, channel, said_at): (bool, Option<String>, Option<Timestamp>),
        levels: &Levels,
        now: Timestamp,
    ) -> Decision {
        let said_at = said_at.filter(|at| *at <= closed_at).ok_or_else(|| self.not_now())?;
        let at = self.said(Some(said_at), self.result_told_at().or(Some(self.facts.recorded_at)), now)?;
        let feedback = Event::Care(Heard::Feedback { satisfied, channel, at });
        if satisfied {
            return Ok(vec![feedback, Event::Care(Heard::Confirmed { closed_at })]);
        }
        let mut events = vec![Event::Reopened { at }];
        events.extend(self.word_heard(vec![], &TAKEN_UP_AGAIN, at, levels, now)?);
        events.push(feedback);
        events.push(self.still_dissatisfied(&events, at));
        Ok(events)
    }

    /// What was told too late may have been raised just now: this is another escalation.
    fn still_dissatisfied(&self, before: &[Event], at: Timestamp) -> Event {
        let mut told = self.clone();
        before.iter().for_each(|event| told.apply(event));
        told.dissatisfied(Trigger::Dissatisfied, at)
    }

    /// Silence ends a complaint when its time is over, not when somebody looks, and not before he was asked as often as
    /// was promised, or could not be as often; under a legal hold, and while something he wrote is unread, it ends nothing.
    pub(super) fn fall_silent(&self, now: Timestamp) -> Vec<Event> {
        match self.state {
            State::SatisfactionCheck { silent_at } if now < silent_at || self.unread() => vec![],
            State::SatisfactionCheck { .. } if self.questions() > 0 => self.ask_again(now),
            State::SatisfactionCheck { silent_at: at } if self.hold.is_none() => {
                let (outcome, levels) = (Outcome::Unconfirmed, InForce::default());
                vec![Event::Closed { outcome, at, channel: None, levels }]
            }
            _ => vec![],
        }
    }

    /// A person told the result, now or at an earlier time that is recorded only now.
    pub(super) fn tell_in_person(
        &self,
        channel: String,
        told_at: Option<Timestamp>,
        levels: &Levels,
        now: Timestamp,
    ) -> Decision {
        let State::Executed { .. } = self.state else { return Err(self.not_now()) };
        let at = self.said(told_at, self.care.executed_at, now)?;
        self.result_told(None, Some(channel), at, levels, now)
    }

    /// A person tried in vain to ask him: one of the questions that silence is counted after.
    pub(super) fn unreached(&self, channel: String, tried_at: Option<Timestamp>, now: Timestamp) -> Decision {
        let State::SatisfactionCheck { .. } = self.state else { return Err(self.not_now()) };
        let at = self.said(tried_at, self.result_told_at().or(Some(self.facts.recorded_at)), now)?;
        let silent_at = self.silent_at(self.questions().max(1), at);
        Ok(vec![Event::Care(Heard::Unreached { channel, at, silent_at })])
    }

    /// How many questions are still to be asked; none once so many could not be sent as are to be asked in all.
    pub(super) fn questions(&self) -> u32 {
        let tries = self.facts.terms.care.tries;
        if self.care.unasked < tries { tries.saturating_sub(self.care.asked) } else { 0 }
    }

    /// The same with the one that was asked last.
    pub(super) fn questions_left(&self) -> u32 {
        self.questions() + 1
    }

    /// When the customer is to be asked again whether it is settled.
    pub fn ask_at(&self) -> Option<Timestamp> {
        let State::SatisfactionCheck { silent_at } = self.state else { return None };
        let left = Some(self.questions()).filter(|left| *left > 0 && !self.unread())?;
        Some(calendar::add(silent_at, -self.apart(left)))
    }

    /// The time between so many questions.
    fn apart(&self, questions: u32) -> SignedDuration {
        share(self.facts.terms.silence_after, self.facts.terms.care.tries, questions)
    }

    /// The id of the `n`th question about the newest result, counted with those that could not be sent.
    pub(super) fn question(&self, n: u32) -> Uuid {
        derived_of("satisfaction", self.result_message(), n)
    }

    /// Each question leaves him its time for the answer: one that is asked late moves the end.
    pub(super) fn ask_again(&self, now: Timestamp) -> Vec<Event> {
        let number = self.care.asked + 1;
        let (message_id, left) = (self.question(number + self.care.unasked), self.facts.terms.care.tries - number);
        vec![Event::Care(Heard::AskedAgain { message_id, number, silent_at: self.silent_at(left + 1, now) })]
    }

    /// It does not count, and is asked again after the time between two questions; the first time a person learns of it.
    pub(super) fn unasked(&self, message_id: Uuid, now: Timestamp) -> Vec<Event> {
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
    pub(super) fn silent_at(&self, questions: u32, now: Timestamp) -> Timestamp {
        let least = calendar::add(now, self.apart(questions));
        if let State::SatisfactionCheck { silent_at } = self.state { least.max(silent_at) } else { least }
    }
}
