//! What the record of a case still lacks: asked of the customer, added, or given up on (domain, 2).
//! Invariants: who is asked has had an answer from a human, so the question meets whatever answer was promised; a case
//! waits for one question at a time; it ends as `no_info` when nothing came by the time it was asked for, and an answer
//! at that instant is in time.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kernel::{calendar, promise::verdict, sla::Levels};

use super::{
    case::{Case, Event, Facts, Rejection, State},
    minimum::Minimum,
    record::Part,
    vocabulary::Outcome,
};

/// What a person asks the customer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// 1 for the first of the case; its words are kept under this number.
    pub number: u32,
    pub missing: BTreeSet<Part>,
    /// How long an answer is waited for.
    pub within: SignedDuration,
}

impl Case {
    /// Asks the customer for parts of the record. Errors: the case is closed, or is a complaint's, which asks for itself;
    /// the customer was asked already; a part is on record, or its class does not need it (R-INT-20).
    pub(super) fn request_info(
        &self,
        facts: &Facts,
        asked: Question,
        minimum: &Minimum,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let Question { number, missing, within } = asked;
        match self.state {
            State::Closed { .. } | State::Rejected { .. } | State::Merged(_) => return Err(Rejection::Closed),
            _ if facts.complaint_id.is_some() => return Err(Rejection::IsComplaint),
            State::AwaitingInfo { .. } => return Err(Rejection::InfoRequested),
            _ if number != self.questions.saturating_add(1) => return Err(Rejection::InfoRequested),
            State::Absent | State::Routed | State::Responded | State::Reopened => {}
        }
        if let Some(part) = missing.intersection(&facts.parts).next() {
            return Err(Rejection::PartOnRecord(*part));
        }
        if let Some(part) = minimum.unneeded(facts, &missing) {
            return Err(Rejection::PartNotNeeded(part));
        }
        let answers = self.state == State::Routed || self.owed_reply().is_some();
        let mut events = if answers { self.respond(facts, None, levels, now)? } else { vec![] };
        events.push(Event::InfoRequested { missing, until: calendar::add(now, within) });
        Ok(events)
    }

    /// What follows for the question from parts that were added.
    pub(super) fn info_added(&self, added: &BTreeSet<Part>) -> Option<Event> {
        let State::AwaitingInfo { missing, .. } = &self.state else { return None };
        Some(Event::InfoAdded { still_missing: missing.difference(added).copied().collect() })
    }

    /// Time has passed, and nothing came. Every promise had ended when the customer was asked.
    pub(super) fn look_for_info(&self, now: Timestamp) -> Vec<Event> {
        let gone = self.info_until().is_some_and(|until| !verdict(until, now).in_time());
        if gone { vec![Event::Closed { outcome: Outcome::NoInfo, at: now, promises: vec![] }] } else { vec![] }
    }

    /// Until when the customer's answer to a question is waited for.
    pub fn info_until(&self) -> Option<Timestamp> {
        if let State::AwaitingInfo { until, .. } = self.state { Some(until) } else { None }
    }
}
