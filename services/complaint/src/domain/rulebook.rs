//! What the house decided about solutions: what is offered and what is owed for which class and severity (R-CMP-06,
//! R-CMP-14), and who approves what (R-CMP-07). It comes with the commands that need it, so
//! that deciding stays pure; an approval that was requested keeps the steps it was requested with.
use kernel::{
    approval::{Matrix, Matter, Powers},
    money::Money,
};
use serde::Deserialize;

use super::{
    fairness::Band,
    solution::{RemedyKind, Solution},
    values::Class,
};

/// As what a proposal of other terms for a promise is approved.
pub const RETARGET: &str = "retarget";

/// The rules that hold now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulebook {
    pub matrix: Matrix,
    pub powers: Powers,
    pub offers: Offers,
    pub band: Band,
}

/// What policy offers customers and owes them, by class and severity (R-CMP-06, R-CMP-14). `Default` offers nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers(Vec<Offer>);

/// Kinds of remedies for classes (none named: all) from a severity on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    #[serde(default)]
    pub classes: Vec<Class>,
    #[serde(default)]
    pub from_severity: u32,
    /// These are offered.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// A solution promises one of these at least, beside what the customer was given already, or leaves the policy.
    #[serde(default)]
    pub at_least_one_of: Vec<String>,
}

impl Offer {
    fn holds(&self, class: Class, severity: u32) -> bool {
        (self.classes.is_empty() || self.classes.contains(&class)) && severity >= self.from_severity
    }
}

/// Why a policy is refused; offers are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffersError {
    #[error("offer {0}: {1} is no kind of remedy")]
    UnknownKind(usize, String),
    #[error("the class {0} with severity {1} is offered nothing")]
    Nothing(&'static str, u32),
    #[error("the class {0} with severity {1} is owed one of {2}, but is offered none of them")]
    NotOffered(&'static str, u32, String),
}

impl Offers {
    /// Checks a policy. Errors: a kind that does not exist, a class or grade that is offered nothing, or owed only what
    /// it is not offered.
    pub fn new(offers: Vec<Offer>) -> Result<Self, OffersError> {
        for (place, offer) in (1..).zip(&offers) {
            let mut kinds = offer.kinds.iter().chain(&offer.at_least_one_of);
            if let Some(kind) = kinds.find(|kind| !RemedyKind::NAMES.contains(&kind.as_str())) {
                return Err(OffersError::UnknownKind(place, kind.clone()));
            }
        }
        let offers = Self(offers);
        for class in Class::ALL {
            if let Some(grade) = (0..=4).find(|grade| offers.of(class, *grade).is_empty()) {
                return Err(OffersError::Nothing(class.name(), grade));
            }
            for grade in 0..=4 {
                if let Some(owed) = offers.lacking(class, grade, &offers.of(class, grade)) {
                    return Err(OffersError::NotOffered(class.name(), grade, owed.join(", ")));
                }
            }
        }
        Ok(offers)
    }

    /// What is offered for a class and a severity, in the order of [`RemedyKind::NAMES`].
    pub fn of(&self, class: Class, severity: u32) -> Vec<&'static str> {
        let here = |offer: &&Offer| offer.holds(class, severity);
        let offered = |kind: &&str| self.0.iter().filter(here).any(|offer| offer.kinds.iter().any(|k| k == kind));
        RemedyKind::NAMES.into_iter().filter(offered).collect()
    }

    /// What is owed for a class and a severity: of each list one kind at least.
    pub fn owed(&self, class: Class, severity: u32) -> impl Iterator<Item = &[String]> {
        let here = self.0.iter().filter(move |offer| offer.holds(class, severity));
        here.map(|offer| offer.at_least_one_of.as_slice()).filter(|owed| !owed.is_empty())
    }

    /// The first list of which these kinds hold none.
    pub fn lacking(&self, class: Class, severity: u32, kinds: &[&str]) -> Option<&[String]> {
        self.owed(class, severity).find(|owed| !owed.iter().any(|one| kinds.contains(&one.as_str())))
    }
}

/// A solution as the matrix knows it: the kinds of its remedies, and what it is `worth` with all that was given before.
pub fn matter(class: Class, solution: &Solution, worth: Option<Money>) -> Matter {
    let mut kinds: Vec<String> = solution.remedies.iter().map(|remedy| remedy.kind.name().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    Matter { kinds, class: class.name().to_owned(), amount: worth }
}

/// The worth of remedies together; nothing when none has a price. Drafts have one currency and bounds.
pub fn total(remedies: impl Iterator<Item = RemedyKind>) -> Option<Money> {
    remedies.filter_map(RemedyKind::amount).reduce(|sum, amount| sum.checked_add(amount).unwrap_or(sum))
}
