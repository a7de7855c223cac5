//! What a repair costs: labour and parts, who bears it, and what of it the customer pays (R-FUL-11).
//! Invariant: the total is exactly the sum of its items, in one currency.
use jiff::Timestamp;
use kernel::{money::Money, returns::Bearer};
use serde::{Deserialize, Serialize};

use super::super::{Rejection, goods::Word};

/// All of a repair as it was calculated at a time; the next version takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// From 1 in their order.
    pub version: u32,
    pub items: Vec<Item>,
    pub total: Money,
    pub bearer: Bearer,
    /// What the customer pays: all of it, or nothing.
    pub fee: Money,
    pub by: String,
    pub at: Timestamp,
    /// Nothing: without end.
    pub valid_until: Option<Timestamp>,
    /// What he said to it.
    pub word: Option<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub kind: ItemKind,
    /// What it is, by a code.
    pub code: String,
    pub quantity: u32,
    pub unit_price: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    Labour,
    Part,
}

impl ItemKind {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Labour => "labour",
            Self::Part => "part",
        }
    }
}

impl Quote {
    /// The exact sum. Errors: nothing is quoted, a quantity of nothing, a price below nothing, two currencies, or more
    /// than can be counted.
    pub fn total(items: &[Item]) -> Result<Money, Rejection> {
        let currency = items.first().ok_or(Rejection::QuoteInexact)?.unit_price.currency;
        items.iter().try_fold(Money::zero(currency), |sum, Item { quantity, unit_price, .. }| {
            let counts = *quantity > 0 && unit_price.minor >= 0;
            let minor = unit_price.minor.checked_mul(i64::from(*quantity)).filter(|_| counts);
            let item = Money { minor: minor.ok_or(Rejection::QuoteInexact)?, ..*unit_price };
            sum.checked_add(item).map_err(|_| Rejection::QuoteInexact)
        })
    }

    /// Whether who agreed to `self` has agreed to `other` as well: it costs him no more.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.fee.currency == other.fee.currency && other.fee.minor <= self.fee.minor
    }

    /// Nobody waits for an answer to it any more.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.valid_until.is_some_and(|until| until <= now)
    }
}
