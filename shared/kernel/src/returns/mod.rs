//! Whether something may come back and what the customer gets for it: a policy is an ordered list of rules, the first
//! that matches holds (R-FUL-02). Policies are data with a version. Every decision gives a receipt with the facts it rests
//! on, so that it can be shown in words, contested, and made again.
//! Invariant of a checked policy: whatever is wanted for whatever reason has an answer, whatever else is true, in words
//! in every language of the policy; the same facts under the same version always give the same receipt.
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{approval::Limits, promise::Versioned};

pub use check::{PolicyError, PolicyWarning};
pub use facts::{Answer, Bearer, Facts, Fee, Goods, Kind, Outcome, Proof, Words};

mod check;
mod facts;

/// The policy that is shipped, as TOML for [`Policy`].
pub const DEFAULT: &str = include_str!("../../policies/returns.toml");

/// The versions that were shipped before it, so that what they decided can be decided again.
pub const EARLIER: [&str; 1] = [include_str!("../../policies/returns.1.toml")];

/// What returns are decided by that a solution agreed on, as TOML for [`Policy`]: the approval is the receipt (R-FUL-17).
pub const AGREED: &str = include_str!("../../policies/agreed.toml");

/// Its name. Another policy has nothing to say of what it decided.
pub const AGREED_ID: &str = "agreed";

/// What may come back, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub id: String,
    pub version: u32,
    /// In which everything is said to customers, by their code.
    pub languages: BTreeSet<String>,
    /// The categories of articles that rules may name; the chain's own words.
    #[serde(default)]
    pub categories: BTreeSet<String>,
    /// The tree of reasons: `quality.defect` lies below `quality`. What customers choose from, in their words.
    pub reasons: BTreeMap<String, Words>,
    /// Where a customer turns who does not agree.
    pub appeal: Words,
    /// In order: the first that matches holds.
    pub rules: Vec<Rule>,
}

/// What comes of everything that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within the policy.
    pub id: String,
    #[serde(default)]
    pub when: When,
    pub then: Outcome,
    /// The rule as customers are told it (R-FUL-02).
    pub words: Words,
    /// Where another place than the policy's decides about an appeal.
    #[serde(default)]
    pub appeal: Option<Words>,
}

/// What a rule asks of the facts. Of each list one entry must hold; what is left out asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    pub kind: BTreeSet<Kind>,
    /// One of these, or one below.
    pub reason: BTreeSet<String>,
    pub category: BTreeSet<String>,
    pub channel: BTreeSet<String>,
    pub segment: BTreeSet<String>,
    pub proof: BTreeSet<Proof>,
    pub delivered: Option<Days>,
    pub bought: Option<Days>,
    pub opened: Option<bool>,
    pub resaleable: Option<bool>,
    pub discomfort: Option<bool>,
    /// At most so much was paid; a currency that is not named is not meant.
    pub up_to: Option<Limits>,
    /// Who asks is who bought it. A person has a pseudonym in each channel, so that "no" refuses nobody by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer: Option<bool>,
}

/// So many whole days ago: more than `after`, at most `within`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Days {
    pub after: Option<u32>,
    pub within: Option<u32>,
}

/// A decision, for customers and for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub policy: Versioned,
    /// The id of the rule that decided.
    pub rule: String,
    pub facts: Facts,
    pub outcome: Outcome,
    /// What the rule asked for and the facts have, by name.
    pub reasons: Vec<String>,
    pub words: Words,
    pub appeal: Words,
}

impl Days {
    fn holds(self, days: u32) -> bool {
        self.after.is_none_or(|after| days > after) && self.within.is_none_or(|within| days <= within)
    }

    /// Whether every day of `other` is one of these.
    fn covers(self, other: Self) -> bool {
        self.after.is_none_or(|mine| other.after.is_some_and(|theirs| mine <= theirs))
            && self.within.is_none_or(|mine| other.within.is_some_and(|theirs| theirs <= mine))
    }
}

impl When {
    /// What can be asked, by name: nothing where it is not asked, otherwise whether it holds.
    fn asked(&self, facts: &Facts) -> [(&'static str, Option<bool>); 13] {
        let listed = |list: &BTreeSet<String>, fact: &Option<String>| {
            (!list.is_empty()).then(|| fact.as_ref().is_some_and(|fact| list.contains(fact)))
        };
        let days = |asked: Option<Days>, days: Option<u32>| asked.map(|asked| days.is_some_and(|n| asked.holds(n)));
        let equal = |asked: Option<bool>, fact: Option<bool>| asked.map(|asked| fact == Some(asked));
        let within = |limits: &Limits| {
            facts.amount.is_some_and(|paid| limits.get(&paid.currency).is_some_and(|most| paid.minor <= *most))
        };
        [
            ("kind", (!self.kind.is_empty()).then(|| self.kind.contains(&facts.kind))),
            ("reason", (!self.reason.is_empty()).then(|| self.reason.iter().any(|one| lies_in(&facts.reason, one)))),
            ("proof", (!self.proof.is_empty()).then(|| self.proof.contains(&facts.proof))),
            ("category", listed(&self.category, &facts.category)),
            ("channel", listed(&self.channel, &facts.channel)),
            ("segment", listed(&self.segment, &facts.segment)),
            ("delivered", days(self.delivered, facts.days_since_delivery)),
            ("bought", days(self.bought, facts.days_since_purchase)),
            ("opened", equal(self.opened, facts.opened)),
            ("resaleable", equal(self.resaleable, facts.resaleable)),
            ("discomfort", equal(self.discomfort, facts.discomfort)),
            ("up_to", self.up_to.as_ref().map(within)),
            ("buyer", equal(self.buyer, facts.buyer)),
        ]
    }

    fn matches(&self, facts: &Facts) -> bool {
        self.asked(facts).iter().all(|(_, holds)| *holds != Some(false))
    }

    /// Whether everything that `other` matches is matched here too.
    fn covers(&self, other: &Self) -> bool {
        fn list<T: Ord>(mine: &BTreeSet<T>, theirs: &BTreeSet<T>) -> bool {
            mine.is_empty() || (!theirs.is_empty() && theirs.is_subset(mine))
        }
        let equal = |mine: Option<bool>, theirs: Option<bool>| mine.is_none() || mine == theirs;
        let days = |mine: Option<Days>, theirs: Option<Days>| {
            mine.is_none_or(|mine| theirs.is_some_and(|theirs| mine.covers(theirs)))
        };
        let below = |theirs: &String| self.reason.iter().any(|mine| lies_in(theirs, mine));
        let limits = |mine: &Limits| {
            let within = |(currency, most): (_, &i64)| mine.get(currency).is_some_and(|mine| most <= mine);
            other.up_to.as_ref().is_some_and(|theirs| theirs.iter().all(within))
        };
        list(&self.kind, &other.kind)
            && (self.reason.is_empty() || (!other.reason.is_empty() && other.reason.iter().all(below)))
            && list(&self.category, &other.category)
            && list(&self.channel, &other.channel)
            && list(&self.segment, &other.segment)
            && list(&self.proof, &other.proof)
            && days(self.delivered, other.delivered)
            && days(self.bought, other.bought)
            && equal(self.opened, other.opened)
            && equal(self.resaleable, other.resaleable)
            && equal(self.discomfort, other.discomfort)
            && equal(self.buyer, other.buyer)
            && self.up_to.as_ref().is_none_or(limits)
    }
}

impl Policy {
    /// The decision. None only for a reason the policy does not know, provided it has no [`Policy::problems`].
    pub fn decide(&self, facts: Facts) -> Option<Receipt> {
        let known = self.reasons.contains_key(&facts.reason);
        let rule = self.rules.iter().find(|rule| known && rule.when.matches(&facts))?;
        let held = rule.when.asked(&facts).into_iter().filter(|(_, holds)| *holds == Some(true));
        Some(Receipt {
            policy: Versioned { id: self.id.clone(), version: self.version },
            rule: rule.id.clone(),
            outcome: rule.then.clone(),
            reasons: held.map(|(name, _)| name.to_owned()).collect(),
            words: rule.words.clone(),
            appeal: rule.appeal.as_ref().unwrap_or(&self.appeal).clone(),
            facts,
        })
    }

    /// Whether the receipt is one of this policy in this version.
    pub fn gave(&self, receipt: &Receipt) -> bool {
        receipt.policy.id == self.id && receipt.policy.version == self.version
    }
}

/// Whether a reason is this one, or one below it.
fn lies_in(reason: &str, branch: &str) -> bool {
    reason.strip_prefix(branch).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
#[path = "returns_laws.rs"]
mod laws;
#[cfg(test)]
#[path = "returns_tests.rs"]
mod tests;
