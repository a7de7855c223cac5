//! Sales, answers and returns to play through the system: real ones from a folder of the Brazilian marketplace data set by
//! Olist (`orders.csv.zst`, `order_items.csv.zst`) and, beside it, a retailer's with what came back
//! (`retail_lines.csv.zst`); or a generator's where there is no such folder.
//! Invariant: the same source gives the same sales, answers and returns in the same order, every time.
mod generator;
mod olist;
mod retail;

use std::{collections::HashSet, path::Path};

use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use serde::Serialize;

pub use self::generator::generate;
use crate::forms::{Answer, Sale, SaleLine, purchase_id};

/// Sales in the order they were made, answers in the order they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    pub origin: Origin,
    pub sales: Vec<Sale>,
    /// Every answer is about one of the sales.
    pub answers: Vec<Answer>,
    /// In the order they were brought; every one is of one of the sales.
    pub returns: Vec<Return>,
    /// What the source holds that cannot be a sale (orders without a line), and answers about those or from before the
    /// purchase.
    pub left_out: LeftOut,
}

/// Where sales come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    Generated,
    Olist,
}

/// Pieces that a customer brought back to the shop.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    pub channel: String,
    pub order_ref: String,
    pub line_id: String,
    pub store: String,
    /// As the channel calls who bought it.
    pub customer_ref: String,
    pub quantity: u32,
    /// What was paid for one of them.
    pub unit: Money,
    pub bought_at: Timestamp,
    pub at: Timestamp,
}

impl Return {
    /// Pieces of a line whose price was the same for each.
    pub fn of(sale: &Sale, line: &SaleLine, quantity: u32, at: Timestamp) -> Self {
        Self {
            channel: sale.channel.clone(),
            order_ref: sale.order_ref.clone(),
            line_id: line.line_id.clone(),
            store: sale.store.clone().unwrap_or_else(|| "shop-0".to_owned()),
            customer_ref: sale.customer.r#ref.clone().unwrap_or_default(),
            quantity,
            unit: Money::new(line.paid.minor / i64::from(line.quantity.max(1)), line.paid.currency),
            bought_at: sale.bought_at,
            at,
        }
    }

    /// What it is of.
    pub fn purchase_id(&self) -> uuid::Uuid {
        purchase_id(&self.channel, &self.order_ref)
    }
}

/// Counts of what was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub orders_without_lines: u64,
    pub answers: u64,
}

/// The data set in `folder`. Errors: its files cannot be read, or are not what they should be.
pub fn read(folder: &Path) -> anyhow::Result<Source> {
    olist::read(folder)
}

/// Whether `folder` holds the data set.
pub fn is_in(folder: &Path) -> bool {
    olist::FILES.iter().all(|file| folder.join(file).is_file())
}

impl Source {
    /// With what a retailer sold and took back in the days from `start` on, where `folder` holds it.
    /// Errors: it cannot be read.
    pub fn and_retail(mut self, folder: &Path, start: Timestamp, days: u32) -> anyhow::Result<Self> {
        if folder.join(retail::FILE).is_file() {
            let (sales, returns) = retail::read(folder, start, days)?;
            self.sales.extend(sales);
            self.returns.extend(returns);
        }
        Ok(self.in_order())
    }

    /// With one of so many made-up sales over a counter brought back some days later, before `end`; of those nobody was
    /// asked about.
    pub fn and_some_back(mut self, one_in: usize, end: Timestamp) -> Self {
        let asked: HashSet<&str> = self.answers.iter().filter_map(|answer| answer.order_ref.as_deref()).collect();
        let in_shop = self.sales.iter().filter(|sale| sale.store.is_some() && !asked.contains(sale.order_ref.as_str()));
        let back = in_shop.step_by(one_in).zip(1_i64..).filter_map(|(sale, n)| {
            let at = sale.bought_at + SignedDuration::from_hours(24 * (1 + n % 20));
            let line = sale.lines.first().filter(|_| at < end)?;
            Some(Return::of(sale, line, 1 + line.quantity / 2, at))
        });
        self.returns = back.collect();
        self.in_order()
    }

    /// The sales made from `from` on and before `to`, and all answers about them given before `to`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Source {
        let within = |sale: &&Sale| (from..to).contains(&sale.bought_at);
        let sales: Vec<Sale> = self.sales.iter().filter(within).cloned().collect();
        let known: HashSet<(&str, &str)> =
            sales.iter().map(|sale| (sale.channel.as_str(), sale.order_ref.as_str())).collect();
        let about = |answer: &&Answer| {
            let order = answer.channel.as_deref().zip(answer.order_ref.as_deref());
            order.is_some_and(|order| known.contains(&order)) && answer.answered_at.is_some_and(|at| at < to)
        };
        let answers = self.answers.iter().filter(about).cloned().collect();
        Source { origin: self.origin, answers, sales, ..Source::default() }
    }

    fn in_order(mut self) -> Self {
        self.sales.sort_by(|a, b| (a.bought_at, &a.order_ref).cmp(&(b.bought_at, &b.order_ref)));
        self.returns.sort_by(|a, b| (a.at, &a.order_ref, &a.line_id).cmp(&(b.at, &b.order_ref, &b.line_id)));
        self.answers.sort_by(|a, b| (a.answered_at, &a.order_ref).cmp(&(b.answered_at, &b.order_ref)));
        self
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_part_holds_its_own_sales_and_the_answers_about_them() {
        let start: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let whole = generate(7, start, 90, 20);
        let (from, to) = (start + SignedDuration::from_hours(24 * 10), start + SignedDuration::from_hours(24 * 40));
        let part = whole.between(from, to);
        assert!(part.sales.len() > 400 && part.sales.len() < whole.sales.len());
        assert!(part.sales.iter().all(|sale| sale.bought_at >= from && sale.bought_at < to));
        let known = |answer: &Answer| part.sales.iter().any(|sale| Ok(sale.purchase_id()) == answer.purchase());
        assert!(!part.answers.is_empty() && part.answers.iter().all(known));
        assert!(part.answers.iter().all(|answer| answer.answered_at.unwrap() < to));
    }

    #[test]
    fn what_comes_back_was_sold_over_a_counter_before_and_no_more_of_it() {
        let start: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let end = start + SignedDuration::from_hours(24 * 30);
        let source = generate(7, start, 30, 20).and_some_back(6, end);
        assert!(source.returns.len() > 5, "{}", source.returns.len());
        assert_eq!(source, generate(7, start, 30, 20).and_some_back(6, end));
        for back in &source.returns {
            let sale = source.sales.iter().find(|sale| sale.purchase_id() == back.purchase_id()).unwrap();
            let line = sale.lines.iter().find(|line| line.line_id == back.line_id).unwrap();
            assert!((1..=line.quantity).contains(&back.quantity) && sale.bought_at < back.at && back.at < end);
            assert_eq!(back.unit.minor * i64::from(line.quantity), line.paid.minor);
            assert!(source.answers.iter().all(|answer| answer.order_ref.as_ref() != Some(&back.order_ref)));
        }
    }
}
