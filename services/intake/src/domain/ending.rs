//! How a case ends: it needs nothing else, its complaint has ended, or it was no case of ours (domain, 2).
//! Invariants: whoever ends it cancels what is still promised; what is handled as a complaint ends with it and is not
//! rejected, for others work on it already; a person says why something is rejected, and it stays so.
use jiff::Timestamp;
use kernel::{
    promise::{Cause, Fact},
    sla::Levels,
};
use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Event, Facts, Rejection, State},
    vocabulary::{CaseClass, Outcome},
};

/// What it is that is no case of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    Spam,
    Test,
    NotOurs,
}

impl Unfit {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Unfit::Spam => "spam",
            Unfit::Test => "test",
            Unfit::NotOurs => "not_ours",
        }
    }
}

impl Case {
    /// A person ends it. Errors: it is at its end, or is a complaint's; it is not answered, or is no suggestion.
    pub(super) fn close(
        &self,
        facts: &Facts,
        outcome: Outcome,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        match (&self.state, outcome) {
            (State::Absent, _) => Err(Rejection::Unknown),
            (State::Closed { .. } | State::Rejected { .. } | State::Merged(_), _) => Err(Rejection::Closed),
            (
                _,
                Outcome::ComplaintClosed
                | Outcome::ComplaintWithdrawn
                | Outcome::NoInfo
                | Outcome::AnsweredFromKnowledge,
            ) => Err(Rejection::NotByPerson),
            _ if facts.complaint_id.is_some() => Err(Rejection::IsComplaint),
            (_, Outcome::SuggestionRecorded) if facts.class != CaseClass::Suggestion => Err(Rejection::NotASuggestion),
            (State::Routed, Outcome::Answered | Outcome::Guidance) => Err(Rejection::NotAnswered),
            _ => self.end(outcome, levels, now),
        }
    }

    /// Its complaint is at its end.
    pub(super) fn end_with_complaint(
        &self,
        outcome: Outcome,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        match self.state {
            State::Absent | State::Closed { .. } | State::Rejected { .. } => Ok(vec![]),
            _ => self.end(outcome, levels, now),
        }
    }

    /// Whoever closes cancels what is still promised.
    pub(super) fn end(&self, outcome: Outcome, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let cancelled = Fact::Cancelled { at: now, cause: Cause::Closed };
        Ok(vec![Event::Closed { outcome, at: now, promises: self.noted(cancelled, levels, now)? }])
    }

    /// Its complaint is taken up again.
    pub(super) fn reopen_with_complaint(&self, facts: &Facts) -> Vec<Event> {
        let ended = matches!(self.state, State::Closed { .. }) && facts.complaint_id.is_some();
        if ended { vec![Event::Reopened] } else { vec![] }
    }

    /// A person turns it away. Errors: it is at its end; it is handled as a complaint.
    pub(super) fn reject(
        &self,
        facts: &Facts,
        what: Unfit,
        reason: String,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        if facts.complaint_id.is_some() {
            return Err(Rejection::IsComplaint);
        }
        let promises = self.noted(Fact::Cancelled { at: now, cause: Cause::Rejected }, levels, now)?;
        let reports = self.reports_dropped(&reason, now)?;
        Ok(std::iter::once(Event::Rejected { what, reason, at: now, promises }).chain(reports).collect())
    }

    /// Whether it is at its end, or goes on as another case.
    pub(super) fn is_ended(&self) -> bool {
        matches!(self.state, State::Closed { .. } | State::Rejected { .. } | State::Merged(_))
    }
}
