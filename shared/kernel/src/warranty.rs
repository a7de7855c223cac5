//! Who bears the cost of a repair: an ordered list of warranties, the first that covers the article holds. Warranties are
//! data with a version, and every decision is a receipt with the facts it rests on (R-FUL-11).
//! Invariant: the same facts under the same version always give the same receipt; where no warranty holds, the customer
//! bears the cost.
use std::collections::BTreeSet;

use jiff::{Span, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{promise::Versioned, returns::Bearer};

/// The warranties that are shipped, as TOML for [`Warranties`].
pub const DEFAULT: &str = include_str!("../policies/warranties.toml");

const MONTHS_MAX: u16 = 1_200;

/// All of them, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warranties {
    pub id: String,
    pub version: u32,
    /// In order: the first that covers the article holds.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within the warranties.
    pub id: String,
    /// One of these; none named: every one, also where it is not known.
    #[serde(default)]
    pub category: BTreeSet<String>,
    /// Its serial number begins with one of these; none named: whatever it is.
    #[serde(default)]
    pub serial: Vec<String>,
    /// The same of its batch.
    #[serde(default)]
    pub batch: Vec<String>,
    /// Calendar months; the same day so many months later is the last.
    pub months: u16,
    pub from: Start,
    pub bearer: Bearer,
    /// Holds also for what its holder broke.
    #[serde(default)]
    pub misuse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Where that is not known, the purchase.
    Delivery,
    Purchase,
}

/// What warranties are asked about. What is not known is covered by no rule that asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub category: Option<String>,
    pub serial: String,
    pub batch: String,
    pub bought_on: Option<Date>,
    pub delivered_on: Option<Date>,
    /// When the repair was asked for: what is covered on that day stays covered, however long the repair takes.
    pub asked_on: Date,
    pub misuse: bool,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    pub policy: Versioned,
    /// The id of the rule that covers it; nothing where none does.
    pub rule: Option<String>,
    /// Its last day.
    pub until: Option<Date>,
    pub bearer: Bearer,
    pub facts: Facts,
}

/// Why warranties cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WarrantyError {
    #[error("the version must be 1 or more")]
    Version,
    #[error("there are two rules called {0}")]
    Twice(String),
    #[error("rule {0}: months must be 1 to 1200")]
    Months(String),
    #[error("rule {0}: the customer bears what no rule covers; a warranty is borne by company, maker or supplier")]
    Customer(String),
    #[error("rule {0}: what a category is called, or a number begins with, must not be empty")]
    Blank(String),
    #[error("rule {rule} is never reached: rule {earlier} covers all of it")]
    Unreached { rule: String, earlier: String },
}

impl Warranties {
    /// Who bears the cost.
    pub fn decide(&self, facts: Facts) -> Coverage {
        let covers = |rule: &Rule| Some((rule.id.clone(), rule.covers(&facts)?, rule.bearer));
        let held = self.rules.iter().find_map(covers);
        let bearer = held.as_ref().map_or(Bearer::Customer, |(.., bearer)| *bearer);
        let (rule, until) = held.map(|(rule, until, _)| (rule, until)).unzip();
        let policy = Versioned { id: self.id.clone(), version: self.version };
        Coverage { policy, rule, until, bearer, facts }
    }

    /// Everything that is wrong, each with its place.
    pub fn problems(&self) -> Vec<WarrantyError> {
        let mut found = Vec::new();
        if self.version == 0 {
            found.push(WarrantyError::Version);
        }
        let mut ids = BTreeSet::new();
        for (place, rule) in self.rules.iter().enumerate() {
            let id = || rule.id.clone();
            let mut words = rule.category.iter().chain(&rule.serial).chain(&rule.batch).chain([&rule.id]);
            let wrong = [
                (!ids.insert(&rule.id), WarrantyError::Twice(id())),
                (!(1..=MONTHS_MAX).contains(&rule.months), WarrantyError::Months(id())),
                (rule.bearer == Bearer::Customer, WarrantyError::Customer(id())),
                (words.any(|word| word.trim().is_empty()), WarrantyError::Blank(id())),
            ];
            found.extend(wrong.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, error)| error));
            let earlier = self.rules.iter().take(place).find(|earlier| earlier.takes_all_of(rule));
            found.extend(earlier.map(|earlier| WarrantyError::Unreached { rule: id(), earlier: earlier.id.clone() }));
        }
        found
    }
}

impl Rule {
    /// Its last day for this article; nothing where it does not cover it.
    fn covers(&self, facts: &Facts) -> Option<Date> {
        let category = facts.category.as_ref().is_some_and(|category| self.category.contains(category));
        let begins = |prefixes: &[String], number: &str| {
            prefixes.is_empty() || prefixes.iter().any(|prefix| number.starts_with(prefix.as_str()))
        };
        let meant = (self.category.is_empty() || category)
            && begins(&self.serial, &facts.serial)
            && begins(&self.batch, &facts.batch)
            && (self.misuse || !facts.misuse);
        let start = match self.from {
            Start::Delivery => facts.delivered_on.or(facts.bought_on),
            Start::Purchase => facts.bought_on,
        };
        let until = start?.saturating_add(Span::new().try_months(self.months).ok()?);
        (meant && facts.asked_on <= until).then_some(until)
    }

    /// Whether all that `other` covers is covered here as well.
    fn takes_all_of(&self, other: &Self) -> bool {
        let begins = |mine: &[String], theirs: &[String]| {
            let below = |their: &String| mine.iter().any(|mine| their.starts_with(mine.as_str()));
            mine.is_empty() || (!theirs.is_empty() && theirs.iter().all(below))
        };
        let category =
            self.category.is_empty() || (!other.category.is_empty() && other.category.is_subset(&self.category));
        category
            && begins(&self.serial, &other.serial)
            && begins(&self.batch, &other.batch)
            && self.from == other.from
            && self.months >= other.months
            && (self.misuse || !other.misuse)
    }
}

#[cfg(test)]
#[path = "warranty_tests.rs"]
mod tests;
