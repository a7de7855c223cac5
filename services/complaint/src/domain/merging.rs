//! Two cases that are complaints turn out to be one: the complaint of the merged one is withdrawn, and goes on as the other.
//! Taken back, it is as it was, its promises due when they were due; tasks and escalations that ended with it stay so.
//! What is agreed to is carried out: intake merges no such case, and where both happen at once the complaint goes on by
//! itself.
use std::sync::Arc;

use jiff::Timestamp;
use kernel::{promise::Cause, sla::Levels};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    complaint::{Complaint, Event, Outcome, State},
    decide::Decision,
    promises::{KINDS, Promises},
    retargeting::Proposal,
    routing::InForce,
    solution::Solution,
};

/// The complaint another one goes on as, and what that one was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    pub into: Uuid,
    state: State,
    promises: Promises,
    solution: Option<Solution>,
    #[serde(default)]
    retargeting: Option<Proposal>,
}

impl Complaint {
    /// It goes on as another one from `at` on, unless it is closed or carried out.
    pub(super) fn merge(&self, into: Uuid, at: Timestamp, levels: &Arc<Levels>, now: Timestamp) -> Decision {
        let carried_out = self.solution.as_ref().is_some_and(|solution| solution.consent.is_some());
        if !self.open() || carried_out {
            return Ok(vec![]);
        }
        // What time had brought by then comes first, and is not brought again when it comes back.
        let mut events = self.look(at)?;
        let mut seen = self.clone();
        events.iter().for_each(|event| seen.apply(event));
        let over = KINDS.map(|(kind, _)| (kind, seen.over(kind, at, Cause::Merged)));
        events.extend(seen.note(over.to_vec(), levels, now)?);
        let Self { state, promises, solution, retargeting, .. } = seen;
        let merged = Box::new(Merged { into, state, promises, solution, retargeting });
        events.push(Event::Merged { merged, at: now, levels: InForce(Some(Arc::clone(levels))) });
        Ok(events)
    }

    /// It goes on by itself again, if it was merged.
    pub(super) fn unmerge(&self) -> Vec<Event> {
        self.merged.is_some().then_some(Event::Unmerged).into_iter().collect()
    }

    pub(super) fn go_on_as(&mut self, merged: Box<Merged>, at: Timestamp) {
        self.close(Outcome::Withdrawn, at);
        self.merged = Some(merged);
    }

    pub(super) fn come_back(&mut self) {
        if let Some(merged) = self.merged.take() {
            let Merged { state, promises, solution, retargeting, .. } = *merged;
            (self.state, self.promises, self.solution) = (state, promises, solution);
            self.retargeting = retargeting.or(self.retargeting.take());
        }
    }
}
