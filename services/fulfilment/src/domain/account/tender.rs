//! By which means a purchase was paid, and by which it is paid back: the amount of each refund is divided over them as the
//! policy of tenders has it (in proportion to what each can still give, by largest remainder, or one after the other).
//! Invariant: no means gives back more than was paid by it, nor more points; the database checks both again.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use kernel::{money::Money, promise::Versioned, tender::TenderKind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Event, PurchaseAccount, Rejection, State};

/// The policy that is shipped, as TOML for [`Policy`].
pub const DEFAULT: &str = include_str!("../../../policies/tenders.toml");

/// How an amount is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// To what each means can still give.
    InProportion,
    /// One means after the other gives all it can: in the order of the policy, of the same kind what was paid last first.
    InOrder,
}

/// By which means is paid back, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub id: String,
    pub version: u32,
    pub rule: Rule,
    /// Which kind comes first where one comes after the other; those that are not named come last.
    #[serde(default)]
    pub order: Vec<TenderKind>,
    /// What no provider can pay: people do, with a reference.
    #[serde(default)]
    pub by_hand: BTreeSet<TenderKind>,
}

/// Why a policy cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the version must be 1 or more")]
    Version,
    #[error("order names a kind twice")]
    Twice,
    #[error("order is read with the rule in_order only, and must not be empty there")]
    Order,
}

impl Policy {
    /// Everything that is wrong with it.
    pub fn problems(&self) -> Vec<PolicyError> {
        let named: BTreeSet<TenderKind> = self.order.iter().copied().collect();
        let wrong = [
            (self.version == 0, PolicyError::Version),
            (named.len() != self.order.len(), PolicyError::Twice),
            ((self.rule == Rule::InOrder) == self.order.is_empty(), PolicyError::Order),
        ];
        wrong.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, problem)| problem).collect()
    }

    /// Of what was told, in the order in which it was paid; nothing where nothing was told.
    pub fn of(&self, told: impl IntoIterator<Item = (TenderKind, Money, Option<u64>)>) -> Option<Box<Tenders>> {
        let tender = |(no, (kind, paid, points))| {
            let (by_hand, gives) = (self.by_hand.contains(&kind), BTreeMap::new());
            Tender { no, kind, paid, points, by_hand, gives }
        };
        let all: Vec<Tender> = (1..).zip(told).map(tender).collect();
        let policy = Versioned { id: self.id.clone(), version: self.version };
        (!all.is_empty()).then(|| Box::new(Tenders { policy, rule: self.rule, order: self.order.clone(), all }))
    }
}

/// The means a purchase was paid by, with the policy as it was when the purchase became known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenders {
    pub policy: Versioned,
    pub rule: Rule,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<TenderKind>,
    /// In the order in which it was paid.
    pub all: Vec<Tender>,
}

/// One of them, and what it gives, by agreed order or claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tender {
    /// From 1.
    pub no: u32,
    pub kind: TenderKind,
    pub paid: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    pub by_hand: bool,
    pub gives: BTreeMap<Uuid, Given>,
}

/// What one means gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
}

/// What one means gives of one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub no: u32,
    pub kind: TenderKind,
    pub amount: Money,
    /// How many points that is; together all of a purchase are given back exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    pub by_hand: bool,
}

impl Tender {
    fn left(&self) -> u64 {
        let given: i128 = self.gives.values().map(|given| i128::from(given.amount.minor)).sum();
        u64::try_from(i128::from(self.paid.minor) - given).unwrap_or(0)
    }

    /// Points are those of all that is given so far, less what was counted for those before: so they add up exactly.
    fn share(&self, amount: Money) -> Share {
        let counted: u64 = self.gives.values().filter_map(|given| given.points).sum();
        let after = u64::try_from(self.paid.minor).unwrap_or(0) - self.left() + amount.minor.unsigned_abs();
        let of = |points: u64| {
            let all = u128::from(points) * u128::from(after) / u128::from(self.paid.minor.unsigned_abs().max(1));
            u64::try_from(all).unwrap_or(points).saturating_sub(counted)
        };
        Share { no: self.no, kind: self.kind, amount, points: self.points.map(of), by_hand: self.by_hand }
    }
}

impl Tenders {
    /// They add up to what was paid, each to more than nothing. Errors: they do not.
    pub(super) fn check(&self, paid: Money) -> Result<(), Rejection> {
        let sum = Money::sum(paid.currency, self.all.iter().map(|tender| tender.paid))?;
        let sound = sum == paid && self.all.iter().all(|tender| tender.paid.minor > 0);
        if sound { Ok(()) } else { Err(Rejection::TendersDoNotAddUp) }
    }

    /// What each gives of an amount. Errors: they cannot give so much.
    fn divide(&self, amount: Money) -> Result<Vec<Share>, Rejection> {
        let left: Vec<u64> = self.all.iter().map(Tender::left).collect();
        let all: u128 = left.iter().map(|minor| u128::from(*minor)).sum();
        if amount.minor <= 0 || u128::from(amount.minor.unsigned_abs()) > all {
            return Err(Rejection::TendersExhausted);
        }
        let amounts = match self.rule {
            Rule::InProportion => amount.split(&left)?,
            Rule::InOrder => self.in_order(amount, &left),
        };
        let shares = self.all.iter().zip(amounts).filter(|(_, amount)| amount.minor > 0);
        Ok(shares.map(|(tender, amount)| tender.share(amount)).collect())
    }

    fn in_order(&self, amount: Money, left: &[u64]) -> Vec<Money> {
        let place = |tender: &Tender| {
            let named = self.order.iter().position(|kind| *kind == tender.kind);
            (named.unwrap_or(self.order.len()), Reverse(tender.no))
        };
        let mut amounts = vec![Money::zero(amount.currency); left.len()];
        let mut turns: Vec<(&Tender, &u64, &mut Money)> =
            self.all.iter().zip(left).zip(&mut amounts).map(|((tender, left), gives)| (tender, left, gives)).collect();
        turns.sort_by_key(|(tender, ..)| place(tender));
        let mut rest = amount.minor;
        for (_, left, gives) in turns {
            gives.minor = rest.min(i64::try_from(*left).unwrap_or(i64::MAX));
            rest -= gives.minor;
        }
        amounts
    }
}

impl PurchaseAccount {
    /// The means it was paid by; none where that was not told.
    pub fn tenders(&self) -> Option<&Tenders> {
        let State::Open { sale: Some(sale), .. } = &self.state else { return None };
        sale.tenders.as_deref()
    }

    /// The refund of a claim is divided once.
    pub(super) fn divide(&self, claim_id: Uuid, order_id: Uuid, amount: Money) -> Result<Vec<Event>, Rejection> {
        let tenders = self.tenders().ok_or(Rejection::PurchaseUnknown)?;
        if tenders.all.iter().any(|tender| tender.gives.contains_key(&claim_id)) {
            return Ok(vec![]);
        }
        let (policy, shares) = (tenders.policy.clone(), tenders.divide(amount)?);
        Ok(vec![Event::Divided { claim_id, order_id, policy, shares }])
    }

    pub(super) fn apply_divided(&mut self, claim_id: Uuid, shares: &[Share]) {
        let State::Open { sale: Some(sale), .. } = &mut self.state else { return };
        let Some(tenders) = &mut sale.tenders else { return };
        for Share { no, amount, points, .. } in shares {
            if let Some(tender) = tenders.all.iter_mut().find(|tender| tender.no == *no) {
                tender.gives.insert(claim_id, Given { amount: *amount, points: *points });
            }
        }
    }
}

#[cfg(test)]
#[path = "tender_tests.rs"]
mod tests;
