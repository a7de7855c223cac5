//! What may be given although nothing comes back for it: who gives what alone, who must approve what is above that, and from
//! which budget of a month it is taken (R-FUL-15). Data with a version; it comes in as a value.
//! Invariant: whoever is not named may give nothing alone, and a currency that is not named is in no limit and no budget.
use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use kernel::{
    approval::{Approval, Limits, Matrix, Matter, Powers},
    money::Money,
};
use serde::{Deserialize, Serialize};

use super::budget::{Key, Reservation};

/// What a compensation can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Coupon,
    Points,
    /// Money without goods.
    Cash,
    /// The service is done once more.
    ServiceAgain,
}

impl What {
    /// As they are written.
    pub const WORDS: [&str; 4] = ["coupon", "points", "cash", "service_again"];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Coupon => "coupon",
            Self::Points => "points",
            Self::Cash => "cash",
            Self::ServiceAgain => "service_again",
        }
    }
}

/// One compensation, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gift {
    pub what: What,
    /// What it costs us; only a service done again may have none.
    pub worth: Option<Money>,
    /// How many, of points; 0 of anything else.
    pub points: u32,
    /// A code: what it is given for, and so the cause of its cost.
    pub reason: String,
    /// A code; empty where nobody knows.
    pub department: String,
}

/// The class by which the matrix knows a compensation.
pub const CLASS: &str = "compensation";

/// What the people of these roles give without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alone {
    /// Nobody named: everybody.
    #[serde(default)]
    pub roles: Vec<String>,
    pub kinds: Vec<What>,
    pub up_to: Limits,
}

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Role,
    Store,
}

impl Scope {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Store => "store",
        }
    }
}

/// Where a compensation is taken from, whatever the month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purse {
    pub scope: Scope,
    pub name: String,
}

/// What may be taken in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Where a month begins.
    pub zone: TimeZone,
    /// Of every role and every store that is not named.
    pub each_role: Limits,
    pub each_store: Limits,
    pub roles: BTreeMap<String, Limits>,
    pub stores: BTreeMap<String, Limits>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub alone: Vec<Alone>,
    pub matrix: Matrix,
    pub powers: Powers,
    /// In the order in which they name whose budget somebody takes from who holds several.
    pub roles: Vec<String>,
    pub budgets: Budgets,
}

/// The purse of those who hold no role.
const EVERYBODY: &str = "everybody";
/// The purse of what solutions of complaints promised.
const AGREED: &str = "agreed";

impl Rules {
    /// The approval it takes; nothing where who asks gives it alone.
    pub fn approval(&self, by: &str, gift: &Gift, now: Timestamp) -> Option<Approval> {
        let within = |limits: &Limits| {
            gift.worth.is_none_or(|worth| limits.get(&worth.currency).is_some_and(|most| worth.minor <= *most))
        };
        let holds = |roles: &[String]| roles.is_empty() || roles.iter().any(|role| self.powers.holds(role, by, now));
        let alone = |one: &Alone| one.kinds.contains(&gift.what) && holds(&one.roles) && within(&one.up_to);
        let matter = || Matter { kinds: vec![gift.what.word().into()], class: CLASS.into(), amount: gift.worth };
        let asked = || self.matrix.request(by.to_owned(), matter(), false, false, now);
        (!self.alone.iter().any(alone)).then(asked)
    }

    /// Where it is taken from: the store at whose counter it was asked for, else the first role of who asked.
    pub fn purse(&self, by: &str, store: Option<&str>, now: Timestamp) -> Purse {
        if let Some(store) = store {
            return Purse { scope: Scope::Store, name: store.to_owned() };
        }
        let held = self.roles.iter().find(|role| self.powers.holds(role, by, now));
        Purse { scope: Scope::Role, name: held.map_or(EVERYBODY, String::as_str).to_owned() }
    }

    /// Where is taken from what a solution promised.
    pub fn agreed_purse() -> Purse {
        Purse { scope: Scope::Role, name: AGREED.to_owned() }
    }

    /// The month it is, as 2026-07.
    pub fn month(&self, now: Timestamp) -> String {
        now.to_zoned(self.budgets.zone.clone()).strftime("%Y-%m").to_string()
    }

    /// What is to be held for it in the month of `now`; nothing of what has no worth.
    pub fn reservation(&self, purse: &Purse, gift: &Gift, now: Timestamp) -> Option<Reservation> {
        let Money { minor, currency } = gift.worth?;
        let Budgets { each_role, each_store, roles, stores, .. } = &self.budgets;
        let limits = match purse.scope {
            Scope::Role => roles.get(&purse.name).unwrap_or(each_role),
            Scope::Store => stores.get(&purse.name).unwrap_or(each_store),
        };
        let month = self.month(now);
        let limit = limits.get(&currency).copied().unwrap_or(0);
        Some(Reservation { budget: Key { purse: purse.clone(), month, currency }, limit, minor })
    }
}

#[cfg(test)]
#[path = "giving_tests.rs"]
pub(super) mod tests;
