//! What becomes of a case beside being handled: it is taken up again ([`reopen`]), hears more ([`further`]), belongs with
//! others ([`link`]), turns out to be one with another ([`merge`]) or two ([`split`]) (domain, 2; R-INT-21).
//! Invariants: nothing of it promises a first answer anew, though a further one; what the customer said is in one case, and
//! is there once; a link stands in both cases or in neither.
use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kernel::sla::Levels;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    further::Further,
    link::LinkKind,
    merge::{Merged, Merging, promises},
    reopen::{By, Reopenings},
};
use super::{
    answer::Moved,
    case::{self, Case, Contact, Rejection},
};

mod further;
mod link;
mod merge;
#[cfg(test)]
pub(super) mod merge_tests;
mod reopen;
mod split;
#[cfg(test)]
pub(super) mod tests;

/// What became of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// What the customer said later, in the order in which it came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Further>,
    /// The cases it belongs with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<Uuid, LinkKind>,
    /// The cases that were merged into it, with their links.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absorbed: BTreeMap<Uuid, BTreeMap<Uuid, LinkKind>>,
    #[serde(default, skip_serializing_if = "Reopenings::is_empty")]
    pub reopenings: Reopenings,
    /// How often it changed hands: the version of its last assignment.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hands: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Course {
    /// Whether nothing did.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What other cases are to it and to those that were merged into it.
    pub fn all_links(&self) -> BTreeMap<Uuid, LinkKind> {
        let others = self.absorbed.values().flatten().filter(|(other, _)| !self.absorbed.contains_key(other));
        others.chain(&self.links).map(|(other, kind)| (*other, *kind)).collect()
    }

    /// Whether a link with a case that is not linked yet is possible.
    pub fn can_link(&self, other: Uuid) -> bool {
        self.links.len() < link::LINKS_MAX && !self.all_links().contains_key(&other)
    }
}

/// What can be asked about the course of a case.
#[derive(Clone, Debug)]
pub enum Command {
    /// A person takes it up again, at most so long after its end.
    Reopen { reason: String, within: SignedDuration, levels: Arc<Levels> },
    /// The customer said more; a case that is closed goes on, at most so long after its end.
    Hear { contact: Box<Contact>, levels: Arc<Levels>, within: SignedDuration },
    /// The other case is this to it.
    Link { other: Uuid, kind: LinkKind },
    /// The other case belongs with it no longer.
    Unlink { other: Uuid },
    /// It goes on as another case.
    Merge(Box<Merging>),
    /// The other case, with these links, goes on as it.
    Absorb { other: Uuid, links: BTreeMap<Uuid, LinkKind> },
    /// It comes back, at most so long after it was merged.
    Unmerge { within: SignedDuration },
    /// The other case goes on by itself again.
    Release { other: Uuid },
    /// These later words of it make another case, which is part of it.
    Split { into: Uuid, words: Vec<Uuid> },
    /// Nobody has it from now on; the assignment of this version was read.
    PutBack { version: u32, levels: Arc<Levels> },
}

/// What happened in the course of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Reopened { by: By, promises: Vec<Moved> },
    Heard { further: Further, promises: Vec<Moved> },
    Linked { other: Uuid, kind: LinkKind },
    Unlinked { other: Uuid, kind: LinkKind },
    Merged { merged: Box<Merged>, promises: Vec<Moved> },
    Unmerged { from: Uuid, from_complaint: Option<Uuid> },
    Absorbed { other: Uuid, links: BTreeMap<Uuid, LinkKind> },
    Released { other: Uuid },
    PutBack { version: u32, promises: Vec<Moved> },
}

impl Case {
    /// The cases next to it.
    pub fn neighbours(&self) -> impl Iterator<Item = Uuid> {
        let Course { links, absorbed, .. } = &self.course;
        let merged = self.merged_into().map(|merged| merged.into);
        links.keys().chain(absorbed.keys()).copied().chain(merged)
    }

    /// What follows from `command`.
    pub(super) fn decide_course(&self, command: Command, now: Timestamp) -> Result<Vec<case::Event>, Rejection> {
        let facts = self.facts.as_ref().ok_or(Rejection::Unknown)?;
        match command {
            Command::Reopen { reason, within, levels } => self.reopen(facts, (reason, within), &levels, now),
            Command::Hear { contact, levels, within } => {
                self.with_owed(self.hear(facts, &contact, &levels, within, now)?, &contact.packs, now)
            }
            Command::Link { other, kind } => self.link(facts, other, kind),
            Command::Unlink { other } => Ok(self.unlink(other)),
            Command::Merge(asked) => self.merge(facts, *asked, now),
            Command::Absorb { other, links } => self.absorb(other, links),
            Command::Unmerge { within } => self.unmerge(within, now),
            Command::Release { other } => Ok(self.release(other)),
            Command::Split { into, words } => self.split(facts, into, &words),
            Command::PutBack { version, levels } => self.put_back(facts, version, &levels, now),
        }
    }

    /// Takes in what happened.
    pub(super) fn apply_course(&mut self, event: &Event) {
        match event {
            Event::Reopened { by, .. } => self.reopened(by),
            Event::Heard { further, .. } => self.course.further.push(further.clone()),
            Event::Linked { other, kind } => {
                self.course.links.insert(*other, *kind);
            }
            Event::Unlinked { other, .. } => {
                self.course.links.remove(other);
            }
            Event::Merged { merged, .. } => self.state = case::State::Merged(merged.clone()),
            Event::Unmerged { .. } => self.come_back(),
            Event::Absorbed { other, links } => {
                self.course.absorbed.insert(*other, links.clone());
            }
            Event::Released { other } => {
                self.course.absorbed.remove(other);
            }
            Event::PutBack { .. } => self.assignment = None,
        }
    }
}
