//! What the record of a contact holds (R-CMP-01), and what is added to it later. The words are sealed elsewhere; here
//! stands only which of them there are. Nothing that is on record is written over, and no feeling is guessed: a part
//! counts when a person stated it.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Event, Rejection},
    minimum::Minimum,
    vocabulary::Emotion,
};

/// A part of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What the customer said.
    Content,
    /// How the customer feels.
    Emotion,
    /// How it came about.
    Circumstances,
    /// What the customer wishes.
    ExpectedResolution,
}

impl Part {
    /// The word it is stored and named by.
    pub fn word(self) -> &'static str {
        match self {
            Part::Content => "content",
            Part::Emotion => "emotion",
            Part::Circumstances => "circumstances",
            Part::ExpectedResolution => "expected_resolution",
        }
    }
}

/// What a person adds to the record of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    pub parts: BTreeSet<Part>,
    /// Set when the emotion is among the parts.
    pub emotion: Option<Emotion>,
}

impl Case {
    /// Adds to the record. Errors: there is no such case, it is closed, or a part is on record already or not needed.
    pub(super) fn complete(&self, added: Added, minimum: &Minimum) -> Result<Vec<Event>, Rejection> {
        let facts = self.facts.as_ref().ok_or(Rejection::Unknown)?;
        if let Some(part) = added.parts.intersection(&facts.parts).next() {
            return Err(Rejection::PartOnRecord(*part));
        }
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        if let Some(part) = minimum.unneeded(facts, &added.parts) {
            return Err(Rejection::PartNotNeeded(part));
        }
        let answered = self.info_added(&added.parts);
        Ok(std::iter::once(Event::RecordCompleted(added)).chain(answered).collect())
    }
}
