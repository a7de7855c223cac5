//! The matrix: which steps a matter takes, by kind, class and amount. It is data with a version; the first rule that fits
//! says the steps. Invariant: a matrix that leaves any matter without steps, or names steps nobody can complete, is refused.
use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Approval, Powers, State};
use crate::{
    calendar,
    money::{Currency, Money},
};

/// The most that is allowed, in minor units, for each currency. A currency that is not named is not allowed at all.
pub type Limits = HashMap<Currency, i64>;

/// True when `amount` is within `limits`; no amount is within any, and no limits allow all.
pub(super) fn within(limits: Option<&Limits>, amount: Option<Money>) -> bool {
    let (Some(limits), Some(amount)) = (limits, amount) else { return true };
    limits.get(&amount.currency).is_some_and(|most| amount.minor <= *most)
}

/// What is to be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Of what kinds it is, all together.
    pub kinds: Vec<String>,
    pub class: String,
    /// The whole of it, if it has a price.
    pub amount: Option<Money>,
}

/// So many people of a role within a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub role: String,
    pub quorum: usize,
    pub within: SignedDuration,
}

/// Steps for the matters it fits. What is not named is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// It fits matters that are of these kinds only; empty for all.
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default)]
    pub classes: Vec<String>,
    /// It fits amounts up to these (inclusive), and what has no amount.
    #[serde(default)]
    pub up_to: Option<Limits>,
    pub steps: Vec<Step>,
}

impl Rule {
    fn fits(&self, matter: &Matter) -> bool {
        (self.kinds.is_empty() || matter.kinds.iter().all(|kind| self.kinds.contains(kind)))
            && self.of_class(&matter.class)
            && within(self.up_to.as_ref(), matter.amount)
    }

    fn of_class(&self, class: &String) -> bool {
        self.classes.is_empty() || self.classes.contains(class)
    }
}

/// How far a matrix must reach: every kind and class there is.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    pub kinds: &'a [&'a str],
    pub classes: &'a [&'a str],
}

/// A matrix that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    version: u32,
    rules: Vec<Rule>,
    /// What a matter outside the ordinary takes after its other steps.
    further: Step,
}

/// Why a matrix is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the approval matrix, {place}: {flaw}")]
pub struct MatrixError {
    pub place: String,
    pub flaw: Flaw,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("the version must be 1 or more")]
    Version,
    #[error("a rule needs at least one step")]
    NoSteps,
    #[error("the step names no role, or one with blanks around it")]
    NoRole,
    #[error("a quorum of 0 approves nothing; it must be 1 or more")]
    NoQuorum,
    #[error("the term must be longer than nothing")]
    NoTerm,
    /// Nobody approves twice: all steps together need so many different people, also where a further step is added.
    #[error("{quorum} different people must approve as {role}, and only {members} can whatever the rule fits")]
    TooFew { role: String, members: usize, quorum: usize },
    #[error("{0} is not known here")]
    Unknown(String),
    #[error("a limit must be 0 or more, and at least one currency must be named")]
    Limit,
    #[error("there is a hole: above the last limit no rule fits all kinds; end with a rule without limit and kinds")]
    Hole,
}

impl Matrix {
    /// Checks a matrix. Errors: the first place where it does not do (rules and steps counted from 1).
    pub fn new(
        version: u32,
        rules: Vec<Rule>,
        further: Step,
        reach: Reach<'_>,
        powers: &Powers,
    ) -> Result<Self, MatrixError> {
        let fail = |place: String, flaw| Err(MatrixError { place, flaw });
        if version == 0 {
            return fail("the head".to_owned(), Flaw::Version);
        }
        for (number, rule) in (1..).zip(&rules) {
            if let Err(flaw) = check_rule(rule, reach) {
                return fail(format!("rule {number}"), flaw);
            }
            for (step_number, step) in (1..).zip(&rule.steps) {
                if let Err(flaw) = check_step(step) {
                    return fail(format!("rule {number}, step {step_number}"), flaw);
                }
            }
        }
        if let Some((place, word)) = powers.unknown(reach) {
            return fail(place, Flaw::Unknown(word));
        }
        if let Err(flaw) = check_step(&further) {
            return fail("the further step".to_owned(), flaw);
        }
        for (number, rule) in (1..).zip(&rules) {
            if let Err(flaw) = followable(rule.steps.iter(), rule, powers) {
                return fail(format!("rule {number}"), flaw);
            }
            if let Err(flaw) = followable(rule.steps.iter().chain([&further]), rule, powers) {
                return fail(format!("rule {number} with the further step"), flaw);
            }
        }
        let all_kinds =
            |rule: &Rule| rule.kinds.is_empty() || reach.kinds.iter().all(|k| rule.kinds.contains(&(*k).to_owned()));
        for class in reach.classes {
            let open = |rule: &&Rule| rule.up_to.is_none() && rule.of_class(&(*class).to_owned()) && all_kinds(rule);
            if !rules.iter().any(|rule| open(&rule)) {
                return fail(format!("class {class}"), Flaw::Hole);
            }
        }
        Ok(Self { version, rules, further })
    }

    /// What counts up when the matrix changes.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The step for what leaves the ordinary.
    pub fn further(&self) -> &Step {
        &self.further
    }

    /// Starts an approval at `now`. A matter that leaves the ordinary takes the further step as well; one that needs a
    /// `second` pair of eyes takes it only when a single person would do otherwise.
    pub fn request(&self, author: String, matter: Matter, exception: bool, second: bool, now: Timestamp) -> Approval {
        let fitting = self.rules.iter().find(|rule| rule.fits(&matter));
        let mut steps = fitting.map(|rule| rule.steps.clone()).unwrap_or_default();
        let people: usize = steps.iter().map(|step| step.quorum).sum();
        if exception || (second && people < 2) || steps.is_empty() {
            steps.push(self.further.clone());
        }
        let term = steps.first().map(|step| step.within).unwrap_or_default();
        let (matrix_version, state) = (self.version, State::Requested);
        Approval { author, matter, matrix_version, steps, state, given: vec![], due: calendar::add(now, term) }
    }
}

fn check_rule(rule: &Rule, reach: Reach<'_>) -> Result<(), Flaw> {
    let unknown = |words: &[String], known: &[&str]| words.iter().find(|word| !known.contains(&word.as_str())).cloned();
    if let Some(word) = unknown(&rule.kinds, reach.kinds).or_else(|| unknown(&rule.classes, reach.classes)) {
        return Err(Flaw::Unknown(word));
    }
    if rule.up_to.as_ref().is_some_and(|limits| limits.is_empty() || limits.values().any(|most| *most < 0)) {
        return Err(Flaw::Limit);
    }
    if rule.steps.is_empty() { Err(Flaw::NoSteps) } else { Ok(()) }
}

fn check_step(step: &Step) -> Result<(), Flaw> {
    match () {
        () if bad_role(&step.role) => Err(Flaw::NoRole),
        () if step.quorum == 0 => Err(Flaw::NoQuorum),
        () if !step.within.is_positive() => Err(Flaw::NoTerm),
        () => Ok(()),
    }
}

/// A role is compared letter by letter: with blanks around it nobody would ever hold it.
pub(super) fn bad_role(role: &str) -> bool {
    role.is_empty() || role.trim() != role
}

/// Whether the steps can be taken by different people, whoever of them holds several roles (Hall's condition): any roles
/// together have as many people as their steps need.
fn followable<'a>(steps: impl Iterator<Item = &'a Step>, rule: &Rule, powers: &Powers) -> Result<(), Flaw> {
    let mut quorums: BTreeMap<&str, usize> = BTreeMap::new();
    steps.for_each(|step| *quorums.entry(&step.role).or_default() += step.quorum);
    let mut some: Vec<Vec<(&str, usize)>> = vec![vec![]];
    for one in quorums {
        some.extend(some.clone().into_iter().map(|roles| [roles, vec![one]].concat()));
    }
    some.into_iter().try_for_each(|roles| {
        let (roles, quorums): (Vec<&str>, Vec<usize>) = roles.into_iter().unzip();
        let (members, quorum) = (powers.able(&roles, rule), quorums.into_iter().sum());
        if members < quorum { Err(Flaw::TooFew { role: roles.join(" or "), members, quorum }) } else { Ok(()) }
    })
}
