//! Sales and answers to play through the system: real ones from a folder of the Brazilian marketplace data set by Olist
//! (`orders.csv.zst`, `order_items.csv.zst`), or a generator's where there is no such folder.
//! Invariant: the same source gives the same sales and answers in the same order, every time.
mod generator;
mod olist;

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

pub use self::generator::generate;
use crate::forms::{Answer, Sale};

/// Sales in the order they were made, answers in the order they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    pub origin: Origin,
    pub sales: Vec<Sale>,
    /// Every answer is about one of the sales.
    pub answers: Vec<Answer>,
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
    /// The sales made from `from` on and before `to`, and all answers about them given before `to`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Source {
        let within = |sale: &&Sale| (from..to).contains(&sale.bought_at);
        let sales: Vec<Sale> = self.sales.iter().filter(within).cloned().collect();
        let known: std::collections::HashSet<(&str, &str)> =
            sales.iter().map(|sale| (sale.channel.as_str(), sale.order_ref.as_str())).collect();
        let about = |answer: &&Answer| {
            let order = answer.channel.as_deref().zip(answer.order_ref.as_deref());
            order.is_some_and(|order| known.contains(&order)) && answer.answered_at.is_some_and(|at| at < to)
        };
        let answers = self.answers.iter().filter(about).cloned().collect();
        Source { origin: self.origin, answers, sales, left_out: LeftOut::default() }
    }

    fn in_order(mut self) -> Self {
        self.sales.sort_by(|a, b| (a.bought_at, &a.order_ref).cmp(&(b.bought_at, &b.order_ref)));
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
}
