//! Customers who say nothing are not waited for without end: people are told, and what is asked for and never confirmed is
//! cancelled.
//! Invariant: of each thing that waits for the customer's word people are told once.
use jiff::{SignedDuration, Timestamp};

use super::{
    ServiceOrder, State,
    goods::Inspection,
    replacement::{Replacement, ReplacementState},
    request::{Cancelled, Event, Line, Request},
    work::{Stage, Work},
};

impl ServiceOrder {
    /// When to look next whether the customer has said nothing for too long.
    pub fn answer_due(&self) -> Option<Timestamp> {
        self.request.as_ref()?.answer_due(self.opened_at)
    }
}

impl Request {
    fn answer_due(&self, opened_at: Option<Timestamp>) -> Option<Timestamp> {
        let within = Some(self.terms.answer_within).filter(SignedDuration::is_positive)?;
        let due = self.waits(opened_at).into_iter().map(|since| kernel::calendar::add(since, within));
        due.filter(|due| self.unanswered_at.is_none_or(|told| *due > told)).min()
    }

    /// What follows when he has said nothing for too long: what he never confirmed is cancelled.
    pub(super) fn unanswered(&self, opened_at: Option<Timestamp>, at: Timestamp) -> Vec<Event> {
        let due = self.answer_due(opened_at).filter(|due| *due <= at);
        let (by, reason) = ("service:fulfilment".to_owned(), "not_confirmed".to_owned());
        match self.state() {
            _ if due.is_none() => vec![],
            State::Eligible => vec![Event::Cancelled(Cancelled { by, at, reason, goods_returned: None })],
            _ => vec![Event::Unanswered { at }],
        }
    }

    /// Since when each thing waits that goes on with the customer's word only.
    fn waits(&self, opened_at: Option<Timestamp>) -> Vec<Timestamp> {
        if self.cancelled.is_some() {
            return vec![];
        }
        let unconfirmed = self.state() == State::Eligible && self.confirmed_at.is_none();
        let given_at = self.compensation.as_ref().map(|one| one.since);
        let answered_at = given_at.max(self.review.as_ref().map(|review| review.at)).or(opened_at);
        let work = |line: &Line| line.work.as_ref().filter(|_| line.unapproved().is_none()).and_then(Work::waits_since);
        let offered = |one: &&Replacement| one.state == ReplacementState::Offered || self.difference_due(one).is_some();
        let inspections = self.legs().flat_map(|(_, leg)| &leg.inspections).filter(|one| one.waits_for_customer());
        let replacements = self.replacements.iter().filter(offered).map(|one| one.since);
        let goods = inspections.map(|one: &Inspection| one.at);
        let confirmation = answered_at.filter(|_| unconfirmed);
        confirmation.into_iter().chain(self.lines.iter().filter_map(work)).chain(replacements).chain(goods).collect()
    }
}

impl Work {
    /// Since when it goes on with the customer's word, or with his coming for it.
    fn waits_since(&self) -> Option<Timestamp> {
        let quote = self.quotes.last();
        match self.stage {
            Stage::AlternativeOffered => {
                let offer = self.alternatives.last().filter(|offer| offer.word.is_none())?;
                Some(offer.approval.as_ref().map_or(offer.at, |approval| approval.at))
            }
            Stage::Declined => quote?.word.map(|word| word.at),
            Stage::QuoteExpired => quote?.valid_until,
            Stage::Repaired => self.tests.last().map(|test| test.at),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
