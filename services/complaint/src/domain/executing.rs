//! Carrying out what was agreed (R-CMP-09): by service orders, and what none carries out by people, each remedy tracked to its
//! end. Invariant: nothing counts as done that differs in kind or amount from the approved solution (R-FUL-17).
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use super::{
    command::Rejection,
    complaint::{Complaint, Event, State},
    decide::Decision,
    escalation::Trigger,
    solution::{Progress, Remedy, RemedyKind, Solution},
};

impl Complaint {
    /// A service order was opened. One for something else than was approved does not carry the remedy out: it failed.
    pub(super) fn start_execution(&self, remedy_id: Uuid, ordered: Option<RemedyKind>, now: Timestamp) -> Vec<Event> {
        let remedy = self.solution.as_ref().filter(|_| self.carrying_out()).and_then(|s| s.remedy(remedy_id));
        match remedy {
            Some(remedy) if ordered.is_some_and(|ordered| ordered != remedy.kind) => {
                self.settle(remedy_id, (false, None), now)
            }
            Some(remedy) => self.started().into_iter().chain(ordered.and_then(|_| order_of(remedy))).collect(),
            None => vec![],
        }
    }

    fn started(&self) -> Vec<Event> {
        if self.state == State::Agreed { vec![Event::ExecutionStarted] } else { vec![] }
    }

    /// A remedy ends; the first one also starts the execution, the last one completes it. One that failed was promised and
    /// agreed to, so management learns of it; what was paid of it all the same stays given.
    pub(super) fn settle(&self, remedy_id: Uuid, (done, paid): (bool, Option<Money>), at: Timestamp) -> Vec<Event> {
        let Some(solution) = self.solution.as_ref().filter(|_| self.carrying_out()) else { return vec![] };
        if solution.remedy(remedy_id).is_none_or(|remedy| remedy.progress != Progress::Pending) {
            return vec![];
        }
        let mut events = self.started();
        events.push(Event::RemedySettled { remedy_id, done, paid, at });
        if !done {
            events.push(self.raised(Trigger::RemedyFailed));
        } else if solution.done_but(remedy_id) {
            // What is told late ended nothing that people ended after it.
            let last = solution.remedies.iter().filter_map(|remedy| remedy.settled_at).max();
            events.push(Event::Executed { at: last.map_or(at, |last| last.max(at)) });
        }
        events
    }

    pub(super) fn carrying_out(&self) -> bool {
        matches!(self.state, State::Agreed | State::Executing)
    }

    /// A remedy that people carry out, for no service order does, and that is not settled yet.
    fn by_people(&self, remedy_id: Uuid) -> Result<&Remedy, Rejection> {
        let solution = self.solution.as_ref().filter(|_| self.carrying_out()).ok_or_else(|| self.not_now())?;
        let remedy = solution.remedy(remedy_id).ok_or(Rejection::UnknownRemedy)?;
        match () {
            () if remedy.kind.refunds() => Err(Rejection::NotGuidance),
            () if remedy.progress != Progress::Pending => Err(Rejection::RemedySettled),
            () if remedy.ordered => Err(Rejection::RemedyOrdered),
            () => Ok(remedy),
        }
    }

    /// What did not go as planned, or has a worth, is done only when it is said what was given, and that is what was approved.
    pub(super) fn complete(&self, remedy_id: Uuid, done: Option<RemedyKind>, now: Timestamp) -> Decision {
        let remedy = self.by_people(remedy_id)?;
        let must_be_said = remedy.deviates || remedy.kind.amount().is_some();
        match done {
            Some(done) if done != remedy.kind => Err(Rejection::NotAsApproved),
            None if must_be_said => Err(Rejection::GivenUnsaid(remedy.kind.name())),
            _ => Ok(self.settle(remedy_id, (true, None), now)),
        }
    }

    /// What is given up has failed; else it goes on, and everybody sees that it does not go as planned.
    pub(super) fn deviate(&self, remedy_id: Uuid, given_up: bool, now: Timestamp) -> Decision {
        self.by_people(remedy_id)?;
        let mut events = vec![Event::RemedyDeviated { remedy_id }];
        if given_up {
            events.extend(self.settle(remedy_id, (false, None), now));
        }
        Ok(events)
    }

    /// Some of the agreed money may be on its way.
    pub(super) fn money_moving(&self) -> bool {
        self.carrying_out() && self.solution.as_ref().is_some_and(Solution::money_pending)
    }
}

/// From now on its service order carries it out; of money that was known before.
fn order_of(remedy: &Remedy) -> Option<Event> {
    let new = remedy.progress == Progress::Pending && !remedy.ordered && !remedy.kind.refunds();
    new.then_some(Event::RemedyOrdered { remedy_id: remedy.remedy_id })
}
