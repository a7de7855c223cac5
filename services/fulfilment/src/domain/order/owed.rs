//! What is owed for an order that was asked for. What waits for our own people is promised like money and goods: a decision
//! on what the policy leaves to them, a ruling where the customer does not agree with an inspection, word of a parcel that is on
//! its way, and what they give by hand.
//! Invariant: of each kind one promise runs at a time, from when what has waited longest began to wait; what waits no more is
//! kept, or cancelled with its order.
use jiff::{SignedDuration, Timestamp};
use kernel::promise::{Cause, Command as Note, Fact, Promise, Terms as Promised};
use serde::{Deserialize, Serialize};

use super::{
    State,
    compensation::Stage,
    goods::Inspection,
    label::Way,
    line::{Line, Verdict},
    replacement::ReplacementState,
    request::Request,
    returning::Event,
};

/// What is owed for an order that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    InspectionTerm,
    RefundTerm,
    ReshipTerm,
    RepairTerm,
    /// A person decides what the policy leaves to people.
    ReviewTerm,
    /// Another person than the inspector rules where the customer does not agree.
    RulingTerm,
    /// A parcel that is on its way, to the customer or back, arrives, or is known to be lost or with its sender.
    DeliveryTerm,
    /// What a person gives by hand is given out; and, beside, the customer has what was given out.
    GivingTerm,
}

impl Owed {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::InspectionTerm => "inspection_term",
            Self::RefundTerm => "refund_term",
            Self::ReshipTerm => "reship_term",
            Self::RepairTerm => "repair_term",
            Self::ReviewTerm => "review_term",
            Self::RulingTerm => "ruling_term",
            Self::DeliveryTerm => "delivery_term",
            Self::GivingTerm => "giving_term",
        }
    }
}

impl Request {
    /// What is owed from then on. It counts round the clock, so that nothing can be missing.
    pub(super) fn promise(&self, kind: Owed, at: Timestamp) -> Option<Event> {
        let (people, none) = (&self.terms.people, vec![]);
        let (target, warnings) = match kind {
            Owed::InspectionTerm => (self.terms.inspect_within, &none),
            Owed::RefundTerm => (self.terms.refund_within, &self.terms.refund_warnings),
            Owed::ReshipTerm => (self.terms.replace_within, &self.terms.replace_warnings),
            Owed::RepairTerm => (self.terms.repair.within, &self.terms.repair.warnings),
            Owed::ReviewTerm => (self.review_within(), &people.warnings),
            Owed::RulingTerm => (people.rule_within, &people.warnings),
            Owed::DeliveryTerm => (people.deliver_within, &people.warnings),
            Owed::GivingTerm => (people.give_within, &people.warnings),
        };
        let terms = Promised { target, warnings: warnings.clone(), ..Promised::default() };
        let promise = Promise::start(at, false, terms, None, &|_| None).ok().filter(|_| target.is_positive())?;
        self.promises.start(kind, promise).map(|change| Event::Promise(Box::new(change)))
    }

    /// What follows for the promises meant.
    pub(super) fn promised(&self, meant: impl Fn(Owed) -> bool, note: &Note, now: Timestamp) -> Vec<Event> {
        let moved = self.promises.decide(meant, note, now, &|_| None).unwrap_or_default();
        moved.into_iter().map(|change| Event::Promise(Box::new(change))).collect()
    }

    /// When what is promised of a kind began; now, where nothing is.
    pub(super) fn began(&self, kind: Owed, now: Timestamp) -> Timestamp {
        self.running(kind).unwrap_or(now)
    }

    fn running(&self, kind: Owed) -> Option<Timestamp> {
        let mut running = self.promises.iter().filter(|(one, promise)| *one == kind && promise.standing.end.is_none());
        running.next().map(|(_, promise)| promise.started_at)
    }

    /// What follows for the promise of a kind of which the longest has waited since then; nothing waits where none is said.
    pub(super) fn term(&self, kind: Owed, since: Option<Timestamp>, at: Timestamp) -> Vec<Event> {
        let running = self.running(kind);
        let over = running.is_some_and(|began| since.is_none_or(|since| since > began));
        let cancelled = self.cancelled.as_ref().is_some_and(|one| one.at == at);
        let fact = match cancelled {
            true => Fact::Cancelled { at, cause: Cause::Resolved },
            false => Fact::Satisfied { at },
        };
        let ended = if over { self.promised(|one| one == kind, &Note::Note(fact), at) } else { vec![] };
        let begins = since.filter(|_| over || running.is_none()).and_then(|since| self.promise(kind, since));
        ended.into_iter().chain(begins).collect()
    }

    /// What follows for all that waits for our own people.
    pub(super) fn people_terms(&self, at: Timestamp) -> Vec<Event> {
        let terms = [
            (Owed::ReviewTerm, self.reviewed_since(at)),
            (Owed::RulingTerm, self.disputed_since()),
            (Owed::DeliveryTerm, self.under_way_since()),
            (Owed::GivingTerm, self.to_give_since()),
        ];
        let open = self.cancelled.is_none();
        terms.into_iter().flat_map(|(kind, since)| self.term(kind, since.filter(|_| open), at)).collect()
    }

    /// Compensation has approvals with a time of their own.
    fn reviewed_since(&self, at: Timestamp) -> Option<Timestamp> {
        let waits = self.compensation.is_none() && self.state() == State::InReview;
        waits.then(|| self.began(Owed::ReviewTerm, at))
    }

    fn review_within(&self) -> SignedDuration {
        let health = |line: &Line| self.verdict(line) == Verdict::InReview && line.receipt.facts.is_about_health();
        let people = &self.terms.people;
        if self.lines.iter().any(health) { people.review_health_within } else { people.review_within }
    }

    fn disputed_since(&self) -> Option<Timestamp> {
        let inspections = self.legs().flat_map(|(_, leg)| &leg.inspections).filter(|one| one.is_disputed());
        inspections.filter_map(|one: &Inspection| one.word).map(|word| word.at).min()
    }

    /// The parcels that are with a carrier: those that went out, and the one that comes back and is awaited.
    fn under_way_since(&self) -> Option<Timestamp> {
        let shipped = self.replacements.iter().filter(|one| one.state == ReplacementState::Shipped);
        let back = self.living_label().and_then(|label| label.told).filter(|told| told.way == Way::InTransit);
        let back = back.filter(|_| !self.awaited().is_empty());
        shipped.map(|one| one.since).chain(back.map(|told| told.at)).min()
    }

    /// Cash for a purchase the provider pays, and a refund that has no end is told of itself.
    fn to_give_since(&self) -> Option<Timestamp> {
        let one = self.compensation.as_ref().filter(|one| one.by_provider().is_none())?;
        match one.stage {
            Stage::Approved => self.authorised_at.map(|at| at.max(one.since)),
            Stage::Issued => Some(one.since),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "owed_tests.rs"]
mod tests;
