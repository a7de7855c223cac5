//! What customers who suggest something are promised: to hear what becomes of it within the term their class has in the
//! service levels (`result_notice`), from the day they said it. The rules of promises are the kernel's. Employees are
//! told in person and promised nothing.
use jiff::Timestamp;
use kernel::{
    promise::{Cause, Command as Note, Fact, Promise},
    sla::{Kind, Warning},
};
use uuid::Uuid;

use super::{Event, Outcome, Rejection, State, Suggestion};
use crate::domain::{
    promises::Moved,
    reporters::{Loop, Person, Reporter, Suppression, Telling, Told},
};

fn customers(suggestion: &Suggestion) -> impl Iterator<Item = &Reporter> {
    suggestion.reporters.iter().filter(|reporter| matches!(reporter.person, Person::Customer { .. }))
}

impl Suggestion {
    /// The promises that come with those who made it.
    pub(super) fn promise(&self, promises: impl IntoIterator<Item = Promise>) -> Option<Event> {
        let started = promises.into_iter().filter_map(|promise| self.promises.start(Kind::ResultNotice, promise));
        moved(started.collect())
    }

    /// What is promised and can still be kept: it goes on with the suggestion this one is merged into.
    pub(super) fn promised(&self) -> Vec<Promise> {
        let open = self.promises.iter().filter(|(_, promise)| promise.standing.state.open());
        open.map(|(_, promise)| promise.clone()).collect()
    }

    /// What is promised goes on with the other one.
    pub(super) fn merge(&self, into: Uuid) -> Outcome {
        if into == self.suggestion_id {
            Err(Rejection::Itself)
        } else {
            Ok(vec![Event::Merged { into, promises: self.promised() }])
        }
    }

    /// The breach of the evaluation's term, once; equality is in time.
    pub(super) fn breach(&self, now: Timestamp) -> Vec<Event> {
        let open = self.evaluation.iter().filter(|evaluation| self.state == State::InEvaluation && !evaluation.overdue);
        let mut late = open.filter(|evaluation| !kernel::promise::verdict(evaluation.decide_by, now).in_time());
        late.next().map(|_| Event::EvaluationOverdue).into_iter().collect()
    }

    /// Time has passed: a warning, or a breach.
    pub(super) fn look(&self, now: Timestamp) -> Vec<Event> {
        self.note(&Note::Look, now)
    }

    /// What the end of telling customers does to what they were promised: it is kept when the last of them was told.
    /// Where nobody was, because none may be, nothing is owed. A merged one owes nothing either.
    pub(super) fn kept(&self, after: &Self, now: Timestamp) -> Vec<Event> {
        let owed = |one: &Self| Loop::of(customers(one)).open() > 0;
        let told = |reporter: &Reporter| if let Told::Informed { at } = reporter.told { Some(at) } else { None };
        let fact = match after.state {
            State::Merged { .. } if self.state != after.state => Fact::Cancelled { at: now, cause: Cause::Merged },
            _ if owed(after) || !owed(self) => return vec![],
            _ => match customers(after).filter_map(told).max() {
                Some(at) => Fact::Satisfied { at },
                None => Fact::Cancelled { at: now, cause: Cause::Closed },
            },
        };
        after.note(&Note::Note(fact), now)
    }

    /// Who made it with a contact that is no case of ours is told nothing; where nobody else waits, nothing is owed from `at`.
    pub(super) fn case_rejected(&self, case_id: Uuid, at: Timestamp, now: Timestamp) -> Vec<Event> {
        let over = matches!(self.state, State::Informed | State::Merged { .. });
        if over || self.reporters.find(case_id).is_none_or(Reporter::settled) {
            return vec![];
        }
        let reason = Suppression::CaseRejected;
        let suppressed = Event::Telling(Telling::Suppressed { report_id: case_id, reason });
        let mut after = self.clone();
        after.apply(&suppressed);
        let over = Note::Note(Fact::Cancelled { at, cause: Cause::Rejected });
        let owed = Loop::of(customers(&after)).open() > 0;
        let over = if owed { vec![] } else { self.note(&over, now) };
        over.into_iter().chain([suppressed]).collect()
    }

    /// No calendar is needed for facts that move no due time.
    fn note(&self, note: &Note, now: Timestamp) -> Vec<Event> {
        moved(self.promises.decide(|_| true, note, now, &|_| None).unwrap_or_default()).into_iter().collect()
    }

    /// A customer's, who can be told in person from the adoption on: what is done in practice may come much later.
    pub(super) fn adopted_by_customer(&self, report_id: Uuid) -> bool {
        matches!(self.state, State::Adopted | State::Implemented)
            && customers(self).any(|reporter| reporter.report_id == report_id)
    }

    /// The id of what is raised when a promise is broken.
    pub fn late_escalation(&self, started_at: Timestamp) -> Uuid {
        self.escalation("suggestion_late", started_at, "")
    }

    /// The id of what is raised for a warning of a promise.
    pub fn warning_escalation(&self, started_at: Timestamp, warning: Warning) -> Uuid {
        self.escalation("suggestion_warning", started_at, &warning.to_string())
    }

    fn escalation(&self, what: &str, started_at: Timestamp, which: &str) -> Uuid {
        let parts = [what, &self.suggestion_id.to_string(), &started_at.to_string(), which];
        kernel::id::derived("escalation", &parts)
    }

    /// The case of the first customer who made it.
    pub fn case_id(&self) -> Option<Uuid> {
        customers(self).next().map(|reporter| reporter.report_id)
    }
}

fn moved(moved: Vec<Moved>) -> Option<Event> {
    (!moved.is_empty()).then_some(Event::PromisesMoved(moved))
}
