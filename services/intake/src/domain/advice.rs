//! What an adviser outside says a case is about: shown to whoever decides, and counting by itself only where nobody and nothing
//! has spoken and the configuration lets it.
//! Invariants: it is heard once, and not after a person; where the rules of safety, a rule over words or a person spoke, it changes
//! nothing; like everybody it can raise, and lowers nothing.
use jiff::Timestamp;
use kernel::sla::Levels;
use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Event, Facts, Rejection},
    classify::DEFAULT,
    vocabulary::{CaseClass, Emotion, Lane},
};

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    pub class: CaseClass,
    pub emotion: Option<Emotion>,
    pub department: Option<String>,
    /// How sure it is of the class, of a hundred.
    pub percent: u8,
    /// Who says it.
    pub model: String,
    pub at: Timestamp,
}

impl Opinion {
    /// Where it comes from, for people: "advice: MODEL, p=0.83".
    pub fn source(&self) -> String {
        format!("advice: {}, p={}.{:02}", self.model, self.percent / 100, self.percent % 100)
    }
}

impl Case {
    /// Whether an adviser is heard: a person should say what it is about, and nobody has.
    pub fn takes_advice(&self) -> bool {
        let unsure = self.facts.as_ref().is_some_and(Facts::is_unsure);
        unsure && !self.is_ended() && self.opinion.is_none() && self.judged.is_none()
    }

    /// An adviser says what it is about; `decides` where its word may count. Told too late it changes nothing.
    pub(super) fn advise(
        &self,
        facts: &Facts,
        opinion: Opinion,
        decides: bool,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if !self.takes_advice() {
            return Ok(vec![]);
        }
        let silent = facts.class_source.starts_with(DEFAULT) && facts.lane == Lane::Standard;
        let filled = match decides && silent {
            true => self.classified(facts, opinion.class, opinion.source(), None, levels, now)?,
            false => vec![],
        };
        Ok(std::iter::once(Event::Advised(Box::new(opinion))).chain(filled).collect())
    }
}
