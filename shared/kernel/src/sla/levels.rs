//! The service levels in force: a policy and the calendars it counts in, checked and ready. A service has one set of
//! them, asks it for the promises it gives, and hands it in wherever a fact about a promise comes.
use std::{collections::BTreeMap, fmt, ops::RangeInclusive, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;

use super::{Facts, Hours, Kind, Policy, Rule, When};
use crate::{
    calendar::{Calendar, Calendars, Definitions, Place},
    promise::{Promise, Rejection, Terms, Versioned},
};

/// The years calendars are made ready for. Ten years take about two milliseconds.
const YEARS: RangeInclusive<i16> = 2000..=2060;

/// Where a chain's own policy and calendars lie; the shipped ones hold where none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    pub policy: Option<PathBuf>,
    pub calendars: Option<PathBuf>,
}

/// A policy and its calendars, ready to be asked.
#[derive(Clone, Debug)]
pub struct Levels {
    policy: Policy,
    calendars: Calendars,
    /// What each rule of the policy promises, by kind and in their order.
    promised: BTreeMap<Kind, Vec<(When, Promised)>>,
}

/// The terms of a rule, made once and shared by all that is promised under it.
#[derive(Clone, Debug)]
enum Promised {
    Everywhere(Arc<Terms>),
    /// By the calendar that holds at the place.
    OfPlace(BTreeMap<String, Arc<Terms>>),
}

/// Everything that is wrong with a policy and its calendars, one a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unusable(Vec<String>);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Levels {
    /// Checks both and makes them ready. Errors: everything that is wrong, each with its place.
    pub fn prepare(policy: Policy, calendars: &Definitions) -> Result<Self, Unusable> {
        let dates = calendars.problems().into_iter().map(|problem| problem.to_string());
        let wrong: Vec<_> = dates.chain(policy.problems(calendars).iter().map(ToString::to_string)).collect();
        if !wrong.is_empty() {
            return Err(Unusable(wrong));
        }
        let ready = Calendars::prepare(calendars, YEARS).map_err(|error| Unusable(vec![error.to_string()]))?;
        let terms = |rule: &Rule, calendar: Option<&str>| {
            let policy = Some(Versioned { id: policy.id.clone(), version: policy.version });
            let (calendar, warnings) = (calendar.map(|name| newest(&ready, name)), rule.warnings.clone());
            Arc::new(Terms { target: rule.target, calendar, policy, warnings })
        };
        let of_place = |rule: &Rule| {
            let names = calendars.newest().map(|one| one.name.as_str());
            names.map(|name| (name.to_owned(), terms(rule, Some(name)))).collect()
        };
        let promised = |rule: &Rule| match &rule.hours {
            Hours::RoundTheClock => Promised::Everywhere(terms(rule, None)),
            Hours::Of(name) => Promised::Everywhere(terms(rule, Some(name))),
            Hours::OfPlace => Promised::OfPlace(of_place(rule)),
        };
        let of_rules = policy.rules.iter().map(|rule| (rule, promised(rule)));
        let mut promised: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
        of_rules.for_each(|(rule, terms)| promised.entry(rule.promise).or_default().push((rule.when.clone(), terms)));
        Ok(Self { promised, policy, calendars: ready })
    }

    /// What is promised of a kind to a case, worked on by `team`; none when nothing of the kind is promised to it.
    pub fn terms(&self, kind: Kind, facts: Facts<'_>, team: Option<&str>) -> Option<Arc<Terms>> {
        match &self.promised.get(&kind)?.iter().find(|(when, _)| when.matches(facts))?.1 {
            Promised::Everywhere(terms) => Some(Arc::clone(terms)),
            Promised::OfPlace(terms) => terms.get(self.at_place(facts, team)).cloned(),
        }
    }

    /// The calendar in which `hours` count for a case that `team` works on; none round the clock.
    pub fn counting(&self, hours: &Hours, facts: Facts<'_>, team: Option<&str>) -> Option<Versioned> {
        match hours {
            Hours::RoundTheClock => None,
            Hours::OfPlace => Some(newest(&self.calendars, self.at_place(facts, team))),
            Hours::Of(name) => Some(newest(&self.calendars, name)),
        }
    }

    /// A promise of a kind, given at `at` and owed by `team`; none when nothing of the kind is promised to the case.
    /// Errors: the calendar ends too early.
    pub fn promise(
        &self,
        kind: Kind,
        facts: Facts<'_>,
        team: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<Promise>, Rejection> {
        let Some(terms) = self.terms(kind, facts, team) else { return Ok(None) };
        let owner = team.map(str::to_owned);
        Promise::start(at, !kind.pauses(), terms, owner, &|of| self.calendar(of)).map(Some)
    }

    /// The calendar a promise counts in: exactly that version; none when it is in the file no more.
    pub fn calendar(&self, of: &Versioned) -> Option<&Calendar> {
        self.calendars.version(&of.id, of.version)
    }

    /// Whether there is a calendar of this name.
    pub fn knows(&self, calendar: &str) -> bool {
        self.calendars.named(calendar).is_some()
    }

    /// The policy, as it was written.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What whoever serves customers must warn of, loudly; see [`Calendars::warnings`].
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        self.calendars.warnings(now, |_| true)
    }

    /// The name of the calendar that holds for a case that `team` works on.
    fn at_place(&self, facts: Facts<'_>, team: Option<&str>) -> &str {
        self.calendars.name_of(Place { store: facts.store, team, channel: facts.channel })
    }
}

fn newest(calendars: &Calendars, name: &str) -> Versioned {
    Versioned { id: name.to_owned(), version: calendars.newest(name).unwrap_or(1) }
}

#[cfg(test)]
#[path = "levels_tests.rs"]
mod tests;
