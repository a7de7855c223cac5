//! Cases that belong together. Each of the two says what the other one is to it; a pair has one link.
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Event;
use crate::domain::case::{self, Case, Facts, Rejection};

/// The most links of a case.
pub(super) const LINKS_MAX: usize = 100;

/// What another case is to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    Related,
    /// The whole of which this is a part.
    Parent,
    Child,
    /// It came before, and this goes on from it.
    FollowUpOf,
    FollowedUpBy,
}

impl LinkKind {
    /// What this case is to the other one.
    pub fn opposite(self) -> Self {
        match self {
            LinkKind::Related => LinkKind::Related,
            LinkKind::Parent => LinkKind::Child,
            LinkKind::Child => LinkKind::Parent,
            LinkKind::FollowUpOf => LinkKind::FollowedUpBy,
            LinkKind::FollowedUpBy => LinkKind::FollowUpOf,
        }
    }
}

impl Case {
    /// Says what the other case is to this one; told again it changes nothing. Errors: it is this one; the two are linked
    /// in another way, or this one has too many.
    pub(super) fn link(&self, facts: &Facts, other: Uuid, kind: LinkKind) -> Result<Vec<case::Event>, Rejection> {
        let links = &self.course.links;
        match links.get(&other) {
            _ if other == facts.case_id => Err(Rejection::SameCase),
            Some(known) if *known == kind => Ok(vec![]),
            Some(_) => Err(Rejection::LinkedOtherwise),
            None if links.len() >= LINKS_MAX => Err(Rejection::TooManyLinks),
            None => Ok(vec![case::Event::Course(Event::Linked { other, kind })]),
        }
    }

    /// Takes a link back, if there is one.
    pub(super) fn unlink(&self, other: Uuid) -> Vec<case::Event> {
        let known = self.course.links.get(&other);
        known.map(|kind| case::Event::Course(Event::Unlinked { other, kind: *kind })).into_iter().collect()
    }
}
