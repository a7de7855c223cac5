//! What may be given in a month out of one purse, in one currency: held when a compensation is approved, spent when it is
//! given out, free again when it is not (R-FUL-15).
//! Invariant: reserved + spent never exceed the budget, however many ask at once; the database checks it again
//! (`never_overdrawn`). What an order asks for is held once.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::giving::Purse;

/// Which budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub purse: Purse,
    /// As 2026-07, where the house is.
    pub month: String,
    pub currency: Currency,
}

impl Key {
    /// The id of its aggregate.
    pub fn id(&self) -> Uuid {
        let Self { purse, month, currency } = self;
        kernel::id::derived("compensation_budget", &[purse.scope.word(), &purse.name, month, currency.code()])
    }
}

/// So much of a budget, in minor units, and what the budget is by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    pub budget: Key,
    pub limit: i64,
    pub minor: i64,
}

/// One budget; `Default` is one nothing was taken from yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    pub key: Option<Key>,
    /// In minor units, as it was when something was taken last.
    pub limit: i64,
    /// By order.
    pub reserved: BTreeMap<Uuid, i64>,
    pub spent: i64,
    pub changed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Reserve { order_id: Uuid, of: Reservation },
    Spend { order_id: Uuid },
    Release { order_id: Uuid },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Reserved { order_id: Uuid, of: Reservation, at: Timestamp },
    Spent { order_id: Uuid, minor: i64, at: Timestamp },
    Released { order_id: Uuid, minor: i64, at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error(
        "the budget of {} {} for {} has {left} minor units of {} left, and {asked} are asked for; give less, wait for the \
         next month, or have the budget raised ([service.compensation.budgets])",
        .budget.purse.scope.word(), .budget.purse.name, .budget.month, .budget.currency
    )]
    Exhausted { budget: Box<Key>, left: i64, asked: i64 },
    #[error("nothing of this budget is held for this order")]
    NothingReserved,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exhausted { .. } => "compensation.budget_exhausted",
            Self::NothingReserved => "compensation.nothing_reserved",
        }
    }
}

impl Budget {
    /// What follows from the command. What was told before decides to nothing.
    pub fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Reserve { order_id, .. } if self.reserved.contains_key(&order_id) => Ok(vec![]),
            Command::Reserve { order_id, of } => {
                let left = of.limit.saturating_sub(self.taken()).max(0);
                if of.minor > left {
                    let (budget, asked) = (Box::new(of.budget), of.minor);
                    return Err(Rejection::Exhausted { budget, left, asked });
                }
                Ok(vec![Event::Reserved { order_id, of, at }])
            }
            Command::Spend { order_id } => {
                let minor = *self.reserved.get(&order_id).ok_or(Rejection::NothingReserved)?;
                Ok(vec![Event::Spent { order_id, minor, at }])
            }
            Command::Release { order_id } => {
                let free = self.reserved.get(&order_id);
                Ok(free.map(|minor| Event::Released { order_id, minor: *minor, at }).into_iter().collect())
            }
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Reserved { order_id, of, at } => {
                self.key = Some(of.budget.clone());
                (self.limit, self.changed_at) = (of.limit, Some(*at));
                self.reserved.insert(*order_id, of.minor);
            }
            Event::Spent { order_id, minor, at } => {
                self.reserved.remove(order_id);
                self.spent = self.spent.saturating_add(*minor);
                self.changed_at = Some(*at);
            }
            Event::Released { order_id, at, .. } => {
                self.reserved.remove(order_id);
                self.changed_at = Some(*at);
            }
        }
    }

    /// What is held and not spent yet, in minor units.
    pub fn held(&self) -> i64 {
        self.reserved.values().fold(0, |sum: i64, minor| sum.saturating_add(*minor))
    }

    fn taken(&self) -> i64 {
        self.held().saturating_add(self.spent)
    }

    /// An amount of its currency; none while nothing was taken.
    pub fn money(&self, minor: i64) -> Option<Money> {
        self.key.as_ref().map(|key| Money::new(minor, key.currency))
    }

    /// What is neither spent nor held.
    pub fn left(&self) -> i64 {
        self.limit.saturating_sub(self.taken())
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
