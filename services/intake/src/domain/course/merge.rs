//! Two cases turn out to be one: the one is merged into the other, which goes on with all that was said and linked, and
//! may come back for some time (domain, 2). What the merged one was promised is cancelled; the one that gives more to the
//! customer stays. Where both are complaints, the merged one's is told, and nothing of it may have been carried out.
//! Invariants: a merged case is told nothing but its return and what authorities say of its reports; what comes back is
//! as it was, and its promises are due when they were due, for nobody's time stood still.
use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar,
    promise::{Cause, Fact, Promises, verdict},
    sla::{Kind, Levels},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Event, LinkKind};
use crate::domain::{
    answer::Moved,
    case::{self, Case, Facts, Rejection, State},
};

/// A case as it was merged, and what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    pub into: Uuid,
    /// The complaint of that case; none where that is none.
    pub into_complaint: Option<Uuid>,
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
    before: State,
    promises: Promises<Kind>,
}

/// What decides whether a case can be merged into this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub case_id: Uuid,
    customer_id: Uuid,
    complaint_id: Option<Uuid>,
    health_severity: u8,
    urgent: bool,
}

/// A merge as it is asked for.
#[derive(Clone, Debug)]
pub struct Merging {
    pub into: Target,
    pub by: String,
    pub reason: String,
    /// The customers are one person, or who asks may merge cases of different ones.
    pub lead: bool,
    /// The complaint of the case to be merged was agreed to be settled.
    pub carried_out: bool,
    pub levels: Arc<Levels>,
}

impl Case {
    /// What decides whether a case can be merged into this one; none where this is none.
    pub fn target(&self) -> Option<Target> {
        let facts = self.facts.as_ref()?;
        let Facts { case_id, customer_id, complaint_id, health_severity, .. } = *facts;
        Some(Target { case_id, customer_id, complaint_id, health_severity, urgent: facts.is_urgent() })
    }

    /// The case it was merged into; none where it was not.
    pub fn merged_into(&self) -> Option<&Merged> {
        if let State::Merged(merged) = &self.state { Some(merged) } else { None }
    }

    /// It goes on as the other case. Errors: it is at its end, is merged, or is the other one; the other one is somebody
    /// else's, or gives less; its complaint is being carried out.
    pub(super) fn merge(&self, facts: &Facts, asked: Merging, now: Timestamp) -> Result<Vec<case::Event>, Rejection> {
        let Merging { into, by, reason, lead, carried_out, levels } = asked;
        if let Some(merged) = self.merged_into() {
            return Err(Rejection::Merged(merged.into));
        }
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        if into.case_id == facts.case_id {
            return Err(Rejection::SameCase);
        }
        if into.customer_id != facts.customer_id && !lead {
            return Err(Rejection::OtherCustomer);
        }
        let less = facts.health_severity > into.health_severity || (facts.is_urgent() && !into.urgent);
        if less || (facts.complaint_id.is_some() && into.complaint_id.is_none()) {
            return Err(Rejection::MergeOtherWay);
        }
        if facts.complaint_id.is_some() && carried_out {
            return Err(Rejection::ComplaintCarriedOut);
        }
        // What time has brought comes first: who had it then answers for it.
        let mut events = self.look(facts, now)?;
        let mut seen = self.clone();
        events.iter().for_each(|event| seen.apply(event));
        let promises = seen.noted(Fact::Cancelled { at: now, cause: Cause::Merged }, &levels, now)?;
        let (before, kept) = (seen.state, seen.promises);
        let (into, into_complaint) = (into.case_id, into.complaint_id);
        let merged = Merged { into, into_complaint, at: now, by, reason, before, promises: kept };
        events.push(case::Event::Course(Event::Merged { merged: Box::new(merged), promises }));
        Ok(events)
    }

    /// It comes back as it was. Errors: it is not merged, or was too long ago.
    pub(super) fn unmerge(&self, within: SignedDuration, now: Timestamp) -> Result<Vec<case::Event>, Rejection> {
        let merged = self.merged_into().ok_or(Rejection::NotMerged)?;
        if !verdict(calendar::add(merged.at, within), now).in_time() {
            return Err(Rejection::TooLateToUnmerge(merged.at));
        }
        Ok(vec![case::Event::Course(Event::Unmerged { from: merged.into, from_complaint: merged.into_complaint })])
    }

    /// Another case goes on as this one, with its links. Errors: this one is at its end, or is merged itself.
    pub(super) fn absorb(&self, other: Uuid, links: BTreeMap<Uuid, LinkKind>) -> Result<Vec<case::Event>, Rejection> {
        match self.merged_into() {
            Some(merged) => Err(Rejection::Merged(merged.into)),
            None if self.is_ended() => Err(Rejection::Closed),
            None => Ok(vec![case::Event::Course(Event::Absorbed { other, links })]),
        }
    }

    /// The other case goes on by itself again, whatever has become of this one.
    pub(super) fn release(&self, other: Uuid) -> Vec<case::Event> {
        let known = self.course.absorbed.contains_key(&other);
        known.then_some(case::Event::Course(Event::Released { other })).into_iter().collect()
    }

    pub(super) fn come_back(&mut self) {
        if let State::Merged(merged) = std::mem::take(&mut self.state) {
            (self.state, self.promises) = (merged.before, merged.promises);
        }
    }

    /// What a merged case says to anything but its course: people are sent on, what happened elsewhere passes.
    pub(in crate::domain) fn merged_says(
        &self,
        command: &case::Command,
    ) -> Option<Result<Vec<case::Event>, Rejection>> {
        use case::Command as C;
        let merged = self.merged_into()?;
        match command {
            // A complaint that did not go on as the other one ends its case wherever that is.
            C::Course(_) | C::EndWithComplaint { .. } => None,
            // What it owes authorities it goes on owing: the other case may owe it by a later end, or not at all.
            C::ReceiveReport { .. } | C::WithdrawReport { .. } | C::LookAtReports => None,
            // What became of an answer that was written before.
            C::Fare { .. } => None,
            C::Register { .. } | C::LookAtResponse | C::LookForInfo | C::ReopenWithComplaint | C::Advise { .. } => {
                Some(Ok(vec![]))
            }
            _ => Some(Err(Rejection::Merged(merged.into))),
        }
    }
}

/// What happened to promises with it.
pub fn promises(event: &Event) -> &[Moved] {
    match event {
        Event::Merged { promises, .. }
        | Event::PutBack { promises, .. }
        | Event::Reopened { promises, .. }
        | Event::Heard { promises, .. } => promises,
        _ => &[],
    }
}
