//! How much is asked of the customer: each time he had to do something (ask, confirm, bring or send a parcel, answer, pay,
//! fetch) and each document he was asked for is counted, against a ceiling that is data (R-FUL-09).
//! Invariant: what he does in one go is counted once, nothing is counted down, and that the ceiling is passed is told once.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{promise::Versioned, returns::Kind};
use serde::{Deserialize, Serialize};

use super::{
    replacement,
    request::{Event as Told, Request},
    returning,
    work::{self, Satisfaction},
};

/// The ceilings that are shipped, as TOML for [`Ceilings`].
pub const DEFAULT: &str = include_str!("../../../policies/effort.toml");

/// What may be asked of customers at the most, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceilings {
    pub id: String,
    pub version: u32,
    /// By what is asked for; what is not named has none.
    pub of: BTreeMap<Kind, Most>,
}

/// So much at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Most {
    /// Above nothing: he asks once at least.
    pub interactions: u32,
    pub documents: u32,
}

/// Why ceilings cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeilingError {
    #[error("the version must be 1 or more")]
    Version,
    #[error("interactions must be 1 or more: the customer asks once at least")]
    Nothing,
}

impl Ceilings {
    /// Everything that is wrong with them.
    pub fn problems(&self) -> Vec<CeilingError> {
        let nothing = self.of.values().any(|most| most.interactions == 0);
        let wrong = [(self.version == 0, CeilingError::Version), (nothing, CeilingError::Nothing)];
        wrong.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, problem)| problem).collect()
    }

    /// What holds for an order that is asked for now, with nothing counted yet.
    pub fn of(&self, kind: Kind) -> Effort {
        let policy = Versioned { id: self.id.clone(), version: self.version };
        let ceiling = self.of.get(&kind).map(|most| Ceiling { policy, most: *most });
        Effort { ceiling, ..Effort::default() }
    }
}

/// What was counted of an order; `Default` is an order from before it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Effort {
    /// As it was when the order was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Ceiling>,
    pub interactions: u32,
    pub documents: u32,
    /// When he had to do something last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// That it is too much was told.
    pub exceeded: bool,
}

/// What may be asked at the most, and which version of the ceilings says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    pub policy: Versioned,
    pub most: Most,
}

impl Effort {
    /// More is asked than may be.
    pub fn is_too_much(&self) -> bool {
        let over = |most: Most| self.interactions > most.interactions || self.documents > most.documents;
        self.ceiling.as_ref().is_some_and(|ceiling| over(ceiling.most))
    }

    pub(super) fn count(&mut self, at: Timestamp) {
        if self.last_at != Some(at) {
            self.interactions = self.interactions.saturating_add(1);
            self.last_at = Some(at);
        }
    }
}

impl Request {
    /// Takes in what the customer had to do for an event.
    pub(super) fn count_effort(&mut self, event: &Told) {
        match event {
            Told::Requested { at, .. } => {
                let documents: usize = self.lines.iter().map(|line| line.evidence.len()).sum();
                self.effort.documents = u32::try_from(documents).unwrap_or(u32::MAX);
                self.effort.count(*at);
            }
            Told::TooMuchAsked => self.effort.exceeded = true,
            event => done_by_customer(event).into_iter().for_each(|at| self.effort.count(at)),
        }
    }

    /// That more is asked of him than may be is told once.
    pub(super) fn too_much_asked(&self) -> Option<Told> {
        (self.effort.is_too_much() && !self.effort.exceeded).then_some(Told::TooMuchAsked)
    }
}

/// When the customer did something, where the event says that he did.
fn done_by_customer(event: &Told) -> Option<Timestamp> {
    match event {
        Told::Confirmed { at } => Some(*at),
        Told::Goods(returning::Event::Arrived { at, .. }) => Some(*at),
        Told::Goods(returning::Event::Heard { word, .. }) => Some(word.at),
        Told::Replacement(replacement::Event::Answered { at, .. }) => Some(*at),
        Told::Replacement(replacement::Event::DifferencePaid { difference, .. }) => Some(difference.at),
        Told::Work { event, .. } => match &**event {
            work::Event::QuoteAnswered { word, .. } | work::Event::AlternativeAnswered { word, .. } => Some(word.at),
            work::Event::HandedOver(given) => Some(given.at),
            work::Event::SatisfactionChecked { answer, at } => (*answer != Satisfaction::NoAnswer).then_some(*at),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
#[path = "effort_tests.rs"]
mod tests;
