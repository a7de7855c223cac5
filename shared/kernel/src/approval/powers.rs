//! Who may approve: the members of roles with their own limits, and what they delegated for a while.
//! Invariant: a delegation has a beginning and an end, and comes from somebody who holds a role himself: no chains.
use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Limits,
    matrix::{bad_role, within},
    same,
};
use crate::money::Money;

/// Somebody who holds a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub role: String,
    /// The actor, such as `staff:ana`.
    pub who: String,
    /// The most this member can approve; without it there is no limit of his own.
    #[serde(default)]
    pub up_to: Option<Limits>,
}

impl Member {
    pub(super) fn may(&self, amount: Option<Money>) -> bool {
        within(self.up_to.as_ref(), amount)
    }

    /// Whether he may approve every amount within `limits`.
    fn covers(&self, limits: Option<&Limits>) -> bool {
        let Some(own) = &self.up_to else { return true };
        limits.is_some_and(|limits| limits.iter().all(|(currency, most)| own.get(currency).is_some_and(|o| o >= most)))
    }
}

/// `giver` lets `to` act in his place from `from` (inclusive) until `until` (exclusive).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    pub giver: String,
    pub to: String,
    pub from: Timestamp,
    pub until: Timestamp,
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

    /// Whether somebody may act in a role at `now`: he holds it, or acts for one who does. Limits of amounts are not asked.
    pub fn holds(&self, role: &str, who: &str, now: Timestamp) -> bool {
        let valid = |one: &&Delegation| one.from <= now && now < one.until;
        let acts_for = |one: &Delegation| self.members(role, &one.giver).next().is_some();
        self.members(role, who).next().is_some() || self.delegated_to(who).filter(valid).any(acts_for)
    }

    /// How many people hold one of the roles and may approve whatever is within `limits`; without limits: anything.
    pub(super) fn able(&self, roles: &[&str], limits: Option<&Limits>) -> usize {
        let who = |member: &Member| member.who.trim().to_lowercase();
        let able = |member: &&Member| roles.contains(&member.role.as_str()) && member.covers(limits);
        self.members.iter().filter(able).map(who).collect::<HashSet<_>>().len()
    }
}
