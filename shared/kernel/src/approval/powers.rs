//! Who may approve: the members of roles with their own limits, and what they delegated for a while.
//! Invariant: a delegation has a beginning and an end, and comes from somebody who holds a role himself: no chains.
use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Limits, Matter, Reach, Rule,
    matrix::{bad_role, within},
    same,
};

/// Somebody who holds a role. What is not named does not limit him.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub role: String,
    /// The actor, such as `staff:ana`.
    pub who: String,
    /// The most this member can approve; without it there is no limit of his own.
    #[serde(default)]
    pub up_to: Option<Limits>,
    /// Only matters that are of these kinds alone.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only matters of these classes.
    #[serde(default)]
    pub classes: Vec<String>,
}

impl Member {
    pub(super) fn may(&self, matter: &Matter) -> bool {
        within(self.up_to.as_ref(), matter.amount) && reach(&self.kinds, &self.classes, matter)
    }

    /// Whether he may approve every matter that `rule` fits.
    fn covers(&self, rule: &Rule) -> bool {
        let all = |own: &[String], asked: &[String]| {
            own.is_empty() || (!asked.is_empty() && asked.iter().all(|one| own.contains(one)))
        };
        let amounts = self.up_to.as_ref().is_none_or(|own| {
            let most = |(currency, most): (_, &i64)| own.get(currency).is_some_and(|own| own >= most);
            rule.up_to.as_ref().is_some_and(|limits| limits.iter().all(most))
        });
        amounts && all(&self.kinds, &rule.kinds) && all(&self.classes, &rule.classes)
    }
}

/// Whether a right that is limited to these kinds and classes is one for `matter`; empty lists limit nothing.
fn reach(kinds: &[String], classes: &[String], matter: &Matter) -> bool {
    (kinds.is_empty() || matter.kinds.iter().all(|kind| kinds.contains(kind)))
        && (classes.is_empty() || classes.contains(&matter.class))
}

/// `giver` lets `to` act in his place from `from` (inclusive) until `until` (exclusive), in what he may do himself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    pub giver: String,
    pub to: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Only for matters that are of these kinds alone; empty for all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only for matters of these classes; empty for all.
    #[serde(default)]
    pub classes: Vec<String>,
}

impl Delegation {
    pub(super) fn reaches(&self, matter: &Matter) -> bool {
        reach(&self.kinds, &self.classes, matter)
    }
}

/// Everybody who may approve. `Default` is nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    members: Vec<Member>,
    delegations: Vec<Delegation>,
}

/// Why powers are refused; places are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PowersError {
    #[error("member {0}: names nobody, or no role (roles stand without blanks around them)")]
    Nobody(usize),
    #[error("delegation {0}: it must end after it begins")]
    NoTime(usize),
    #[error("delegation {0}: nobody delegates to himself")]
    ToHimself(usize),
    #[error("delegation {0}: who gives it holds no role, and what was delegated cannot be delegated on")]
    NothingToGive(usize),
}

impl Powers {
    /// Checks who may do what. Errors: the first place that does not do.
    pub fn new(members: Vec<Member>, delegations: Vec<Delegation>) -> Result<Self, PowersError> {
        let blank = |member: &Member| bad_role(&member.role) || member.who.trim().is_empty();
        if let Some(place) = members.iter().position(blank) {
            return Err(PowersError::Nobody(place + 1));
        }
        for (place, delegation) in (1..).zip(&delegations) {
            match () {
                () if delegation.from >= delegation.until => return Err(PowersError::NoTime(place)),
                () if same(&delegation.giver, &delegation.to) => return Err(PowersError::ToHimself(place)),
                () if !members.iter().any(|member| same(&member.who, &delegation.giver)) => {
                    return Err(PowersError::NothingToGive(place));
                }
                () => {}
            }
        }
        Ok(Self { members, delegations })
    }

    pub(super) fn members<'a>(&'a self, role: &'a str, who: &'a str) -> impl Iterator<Item = &'a Member> {
        self.members.iter().filter(move |member| member.role == role && same(&member.who, who))
    }

    pub(super) fn delegated_to<'a>(&'a self, who: &'a str) -> impl Iterator<Item = &'a Delegation> {
        self.delegations.iter().filter(move |delegation| same(&delegation.to, who))
    }

    /// Whether somebody may act in a role at `now`: he holds it, or acts for one who does. Limits of matters are not asked.
    pub fn holds(&self, role: &str, who: &str, now: Timestamp) -> bool {
        let valid = |one: &&Delegation| one.from <= now && now < one.until;
        let acts_for = |one: &Delegation| self.members(role, &one.giver).next().is_some();
        self.members(role, who).next().is_some() || self.delegated_to(who).filter(valid).any(acts_for)
    }

    /// Who is limited to what is not known: the place, and the word.
    pub(super) fn unknown(&self, known: Reach<'_>) -> Option<(String, String)> {
        let members = self.members.iter().map(|one| (&one.kinds, &one.classes)).zip(1..);
        let given = self.delegations.iter().map(|one| (&one.kinds, &one.classes)).zip(1..);
        let places = members.map(|(one, number)| (one, format!("member {number}")));
        let mut places = places.chain(given.map(|(one, number)| (one, format!("delegation {number}"))));
        places.find_map(|((kinds, classes), place)| {
            let kind = kinds.iter().find(|kind| !known.kinds.contains(&kind.as_str()));
            let word = kind.or_else(|| classes.iter().find(|class| !known.classes.contains(&class.as_str())));
            word.map(|word| (place, word.clone()))
        })
    }

    /// How many people hold one of the roles and may approve whatever `rule` fits.
    pub(super) fn able(&self, roles: &[&str], rule: &Rule) -> usize {
        let who = |member: &Member| member.who.trim().to_lowercase();
        let able = |member: &&Member| roles.contains(&member.role.as_str()) && member.covers(rule);
        self.members.iter().filter(able).map(who).collect::<HashSet<_>>().len()
    }
}
