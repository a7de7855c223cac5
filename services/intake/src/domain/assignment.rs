//! Who has a case: somebody gave it to a person, or a person took it (domain: Assign, Accept). Beside how far
//! the case has come, and not part of it: a case can be answered by whoever, and be passed on after its answer.
//! A case can be put back to nobody; the version of an assignment is never used again.
//! Invariants: at most one person has it; two who read the same assignment cannot both change it; whoever has it is
//! named by its promises when they are missed.
use jiff::Timestamp;
use kernel::{promise::Fact, sla::Levels};
use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Event, Facts, Rejection},
    course,
};

/// Who answers for a promise while nobody has the case.
const NOBODY: &str = "nobody";

/// Who has a case, since when, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// 1 for the first; each change of hands is the next. What an assignment that was read is known by.
    pub version: u32,
    pub to: String,
    pub by: String,
    pub at: Timestamp,
}

impl Assignment {
    /// Whether the person who has it took it, and was not only given it.
    pub fn accepted(&self) -> bool {
        self.to == self.by
    }
}

/// A change of hands, asked for by somebody who read the assignment `version`; 0 where there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    pub to: String,
    pub by: String,
    pub version: u32,
}

impl Case {
    /// Gives the case to a person. Errors: the case is closed; it has changed hands since the caller read it.
    pub(super) fn assign(
        &self,
        facts: &Facts,
        asked: HandOver,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        let HandOver { to, by, version } = asked;
        if version != self.assignment.as_ref().map_or(0, |held| held.version) {
            return Err(Rejection::AssignmentChanged);
        }
        if self.assignment.as_ref().is_some_and(|held| held.to == to && (held.accepted() || to != by)) {
            return Ok(vec![]);
        }
        // What time has brought comes first: who had it then answers for it.
        let mut events = self.look(facts, now)?;
        let mut seen = self.clone();
        events.iter().for_each(|event| seen.apply(event));
        let promises = seen.noted(Fact::Assigned { at: now, owner: to.clone() }, levels, now)?;
        let assignment = Assignment { version: self.course.hands.max(version).saturating_add(1), to, by, at: now };
        events.push(Event::Assigned { assignment, promises });
        Ok(events)
    }

    /// Puts the case back to nobody. Errors: as for giving it; nobody has it.
    pub(super) fn put_back(
        &self,
        facts: &Facts,
        version: u32,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if let Some(merged) = self.merged_into() {
            return Err(Rejection::Merged(merged.into));
        }
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        let held = self.assignment.as_ref().ok_or(Rejection::NobodyHasIt)?;
        if version != held.version {
            return Err(Rejection::AssignmentChanged);
        }
        // What time has brought comes first: who had it then answers for it.
        let mut events = self.look(facts, now)?;
        let mut seen = self.clone();
        events.iter().for_each(|event| seen.apply(event));
        let promises = seen.noted(Fact::Assigned { at: now, owner: NOBODY.into() }, levels, now)?;
        events.push(Event::Course(course::Event::PutBack { version, promises }));
        Ok(events)
    }

    /// A person takes the case: one that nobody has, or that was given to this person. Errors: as for giving it, and it
    /// was given to somebody else.
    pub(super) fn accept(
        &self,
        facts: &Facts,
        by: String,
        version: u32,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let others = self.assignment.as_ref().is_some_and(|held| held.version == version && held.to != by);
        if others && !self.is_ended() {
            return Err(Rejection::AssignedToOther);
        }
        self.assign(facts, HandOver { to: by.clone(), by, version }, levels, now)
    }
}
