//! What is wrong with a policy of returns, and what is odd about it, each with its place.
use std::collections::BTreeSet;

use super::{Answer, Fee, Kind, Outcome, Policy, Rule, When, Words};
use crate::sla::{CHANNELS, SEGMENTS};

/// Why a policy cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the version must be 1 or more")]
    Version,
    #[error("at least one language must be named")]
    NoLanguage,
    #[error("{kind} for {reason} has no answer: a rule must hold for all of it; end with a rule that asks nothing")]
    Hole { kind: &'static str, reason: String },
    #[error("reason {reason}: there is no reason called {parent} for it to lie below")]
    NoParent { reason: String, parent: String },
    #[error("{place} is not said in {language}")]
    Unsaid { place: String, language: String },
    #[error("rule {rule}: there is no {list} called {word}; there are: {}", .known.join(", "))]
    Word { rule: String, list: &'static str, word: String, known: Vec<String> },
    #[error("there are two rules called {rule}")]
    Twice { rule: String },
    #[error("rule {rule} says yes and does not allow {kind}, which it is asked for")]
    NotAllowed { rule: String, kind: &'static str },
    #[error("rule {rule} says no and allows {kind}, which it is asked for")]
    Allowed { rule: String, kind: &'static str },
    #[error("rule {rule}: fee {fee} must be 1 to 100 percent, or an amount above nothing")]
    Fee { rule: String, fee: String },
    #[error("rule {rule}: no day is more than after and at most within")]
    NoDay { rule: String },
    #[error("rule {rule}: up_to must name a currency, and amounts of 0 or more")]
    Limit { rule: String },
    #[error(
        "rule {rule} refuses who is not known as the buyer; one person has a pseudonym in each channel: let people look (review)"
    )]
    RefusesOthers { rule: String },
}

/// What does no harm but is hardly meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyWarning {
    #[error("rule {rule} is never reached: rule {earlier} takes all of it")]
    Unreached { rule: String, earlier: String },
}

impl Policy {
    /// Everything that is wrong, each with its place.
    pub fn problems(&self) -> Vec<PolicyError> {
        let mut found = Vec::new();
        if self.version == 0 {
            found.push(PolicyError::Version);
        }
        if self.languages.is_empty() {
            found.push(PolicyError::NoLanguage);
        }
        self.unsaid("the appeal", &self.appeal, &mut found);
        for (reason, words) in &self.reasons {
            self.unsaid(&format!("reason {reason}"), words, &mut found);
            let parent = reason.rsplit_once('.').map(|(parent, _)| parent.to_owned());
            if let Some(parent) = parent.filter(|parent| !self.reasons.contains_key(parent)) {
                found.push(PolicyError::NoParent { reason: reason.clone(), parent });
            }
        }
        let mut ids = BTreeSet::new();
        for rule in &self.rules {
            if !ids.insert(&rule.id) {
                found.push(PolicyError::Twice { rule: rule.id.clone() });
            }
            self.check(rule, &mut found);
        }
        found.extend(self.holes());
        found
    }

    /// Rules that decide nothing.
    pub fn warnings(&self) -> Vec<PolicyWarning> {
        let earlier = |place: usize, one: &Rule| {
            self.rules.iter().take(place).find(|other| other.when.covers(&one.when)).map(|other| other.id.clone())
        };
        let rules = self.rules.iter().enumerate();
        let unreached = rules.filter_map(|(place, rule)| Some((rule.id.clone(), earlier(place, rule)?)));
        unreached.map(|(rule, earlier)| PolicyWarning::Unreached { rule, earlier }).collect()
    }

    /// What could be wanted for some reason without an answer.
    fn holes(&self) -> impl Iterator<Item = PolicyError> {
        let pairs = Kind::ALL.into_iter().flat_map(|kind| self.reasons.keys().map(move |reason| (kind, reason)));
        let open = |(kind, reason): &(Kind, &String)| {
            let (kind, reason) = (BTreeSet::from([*kind]), BTreeSet::from([(*reason).clone()]));
            let only = When { kind, reason, ..When::default() };
            !self.rules.iter().any(|rule| rule.when.covers(&only))
        };
        let hole = |(kind, reason): (Kind, &String)| PolicyError::Hole { kind: kind.word(), reason: reason.clone() };
        pairs.filter(open).map(hole)
    }

    fn unsaid(&self, place: &str, words: &Words, found: &mut Vec<PolicyError>) {
        let said = |language: &String| words.get(language).is_some_and(|text| !text.trim().is_empty());
        let missing = self.languages.iter().filter(|language| !said(language));
        found.extend(missing.map(|one| PolicyError::Unsaid { place: place.to_owned(), language: one.clone() }));
    }

    fn check(&self, rule: &Rule, found: &mut Vec<PolicyError>) {
        let id = || rule.id.clone();
        self.unsaid(&format!("rule {}", rule.id), &rule.words, found);
        if let Some(appeal) = &rule.appeal {
            self.unsaid(&format!("the appeal of rule {}", rule.id), appeal, found);
        }
        let When { reason, category, channel, segment, .. } = &rule.when;
        let reasons: Vec<&str> = self.reasons.keys().map(String::as_str).collect();
        let categories: Vec<&str> = self.categories.iter().map(String::as_str).collect();
        for (list, words, known) in [
            ("reason", reason, reasons.as_slice()),
            ("category", category, &categories),
            ("channel", channel, &CHANNELS),
            ("segment", segment, &SEGMENTS),
        ] {
            for word in words.iter().filter(|word| !known.contains(&word.as_str())) {
                let known = known.iter().map(|word| (*word).to_owned()).collect();
                found.push(PolicyError::Word { rule: id(), list, word: word.clone(), known });
            }
        }
        let windows = [rule.when.delivered, rule.when.bought].into_iter().flatten();
        let empty = windows.filter(|days| days.within.is_some_and(|within| days.after.is_some_and(|n| n >= within)));
        found.extend(empty.map(|_| PolicyError::NoDay { rule: id() }));
        if rule.when.up_to.as_ref().is_some_and(|most| most.is_empty() || most.values().any(|most| *most < 0)) {
            found.push(PolicyError::Limit { rule: id() });
        }
        if rule.when.buyer == Some(false) && rule.then.answer == Answer::Ineligible {
            found.push(PolicyError::RefusesOthers { rule: id() });
        }
        check_outcome(rule, found);
    }
}

/// Yes must give what is asked for, no must not; fees must be fees.
fn check_outcome(rule: &Rule, found: &mut Vec<PolicyError>) {
    let (id, Outcome { answer, allowed, fees, .. }) = (|| rule.id.clone(), &rule.then);
    let asked = Kind::ALL.into_iter().filter(|kind| rule.when.kind.is_empty() || rule.when.kind.contains(kind));
    for kind in asked {
        match (answer, allowed.contains(&kind)) {
            (Answer::Eligible, false) => found.push(PolicyError::NotAllowed { rule: id(), kind: kind.word() }),
            (Answer::Ineligible, true) => found.push(PolicyError::Allowed { rule: id(), kind: kind.word() }),
            _ => {}
        }
    }
    let wrong = |fee: &Fee| match fee {
        Fee::Percent(percent) => !(1..=100).contains(percent),
        Fee::Amount(amount) => amount.minor <= 0,
    };
    let fees = fees.iter().filter(|(_, fee)| wrong(fee));
    found.extend(fees.map(|(fee, _)| PolicyError::Fee { rule: id(), fee: fee.clone() }));
}
