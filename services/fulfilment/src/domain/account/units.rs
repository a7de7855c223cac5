//! Pieces of goods: which of them orders have taken, and what a purchase says of an article.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Event, Line, PurchaseAccount, Rejection, State, Within, tender::Tenders};

/// What returns are decided by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// Where it was bought, as policies write it.
    pub channel: Option<String>,
    pub bought_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    /// By line.
    pub articles: BTreeMap<String, Article>,
    /// Who bought it, a pseudonym; purchases from before it was kept tell nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Uuid>,
    /// By which means it was paid, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenders: Option<Box<Tenders>>,
}

/// What was bought with a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    pub product_id: String,
    pub category: String,
    pub batch: String,
    /// Pieces.
    pub quantity: u32,
    /// What is within what was paid for it, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// So many pieces of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    pub line_id: String,
    pub quantity: u32,
}

impl PurchaseAccount {
    /// What the purchase says of one of its lines. Errors: the purchase or the line is not known.
    pub fn article(&self, line_id: &str) -> Result<(&Line, Option<&Sale>, Option<&Article>), Rejection> {
        let State::Open { lines, sale, .. } = &self.state else { return Err(Rejection::PurchaseUnknown) };
        let line = lines.iter().find(|line| line.line_id == line_id).ok_or(Rejection::LineUnknown)?;
        Ok((line, sale.as_deref(), sale.as_ref().and_then(|sale| sale.articles.get(line_id))))
    }

    /// Who bought it, a pseudonym; nobody where that was not kept.
    pub fn bought_by(&self) -> Option<Uuid> {
        let State::Open { sale, .. } = &self.state else { return None };
        sale.as_ref()?.customer_id
    }

    /// What was paid for so many pieces of a line: their exact share; nothing where pieces were not counted.
    /// Errors: the purchase or the line is not known, or has fewer pieces.
    pub fn paid_for(&self, units: &Units) -> Result<Option<Money>, Rejection> {
        let (line, _, article) = self.article(&units.line_id)?;
        let Some(bought) = article.map(|article| article.quantity) else { return Ok(None) };
        let others = bought.checked_sub(units.quantity).ok_or(Rejection::MoreThanBought)?;
        let shares = line.paid.split(&[units.quantity.into(), others.into()])?;
        Ok(shares.first().copied())
    }

    /// All that is asked for, or nothing. What is told twice is taken once.
    pub(super) fn take(&self, order_id: Uuid, units: Vec<Units>) -> Result<Vec<Event>, Rejection> {
        let State::Open { taken, .. } = &self.state else { return Err(Rejection::PurchaseUnknown) };
        if taken.values().any(|orders| orders.contains_key(&order_id)) {
            return Ok(vec![]);
        }
        for wanted in &units {
            let (_, _, article) = self.article(&wanted.line_id)?;
            let bought = article.map_or(u64::MAX, |article| article.quantity.into());
            if self.taken_of(&wanted.line_id).saturating_add(wanted.quantity.into()) > bought {
                return Err(Rejection::MoreThanBought);
            }
        }
        Ok(vec![Event::UnitsTaken { order_id, units }])
    }

    /// Pieces of a line that orders have.
    pub(super) fn taken_of(&self, line_id: &str) -> u64 {
        let State::Open { taken, .. } = &self.state else { return 0 };
        taken.get(line_id).map_or(0, pieces)
    }

    /// So many as the order has of them at the most.
    pub(super) fn give_back(&self, order_id: Uuid, units: Vec<Units>) -> Vec<Event> {
        let State::Open { taken, .. } = &self.state else { return vec![] };
        let had = |one: Units| {
            let quantity = (*taken.get(&one.line_id)?.get(&order_id)?).min(one.quantity);
            Some(Units { quantity, ..one })
        };
        let units: Vec<Units> = units.into_iter().filter_map(had).collect();
        if units.is_empty() { vec![] } else { vec![Event::UnitsGivenBack { order_id, units }] }
    }

    pub(super) fn apply_taken(&mut self, order_id: Uuid, units: &[Units]) {
        let State::Open { taken, .. } = &mut self.state else { return };
        for Units { line_id, quantity } in units {
            taken.entry(line_id.clone()).or_default().insert(order_id, *quantity);
        }
    }

    pub(super) fn apply_given_back(&mut self, order_id: Uuid, units: &[Units]) {
        let State::Open { taken, .. } = &mut self.state else { return };
        for Units { line_id, quantity } in units {
            let orders = taken.entry(line_id.clone()).or_default();
            let left = orders.remove(&order_id).unwrap_or_default().saturating_sub(*quantity);
            if left > 0 {
                orders.insert(order_id, left);
            }
        }
        taken.retain(|_, orders| !orders.is_empty());
    }
}

fn pieces(orders: &BTreeMap<Uuid, u32>) -> u64 {
    orders.values().map(|quantity| u64::from(*quantity)).sum()
}
