//! What a sale makes us owe a customer: which follow-ups, and the window of each.
//! Invariant: the same sale always gives the same follow-ups with the same ids, and no window ends before it starts.
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use kernel::id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::base_data::Flaw;

/// The time in which a follow-up must be made, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// Whole days of 24 hours counted from a sale or a delivery: `first_day` <= `last_day` <= 3,660.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DaysAsWritten")]
pub struct Days {
    first_day: u16,
    last_day: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysAsWritten {
    first_day: u16,
    last_day: u16,
}

/// How often a customer is asked in the long run: every `every_months` calendar months (1 to 120, UTC) after the first
/// known sale, open for `window_days` (1 to 366).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LongTermAsWritten")]
pub struct LongTerm {
    every_months: u16,
    window_days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongTermAsWritten {
    every_months: u16,
    window_days: u16,
}

/// A value that no rule can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("first_day must not be after last_day, and last_day not above 3660")]
    Days,
    #[error("every_months must be 1 to 120 and window_days 1 to 366")]
    LongTerm,
}

impl TryFrom<DaysAsWritten> for Days {
    type Error = RuleError;

    fn try_from(DaysAsWritten { first_day, last_day }: DaysAsWritten) -> Result<Self, RuleError> {
        Days::new(first_day, last_day)
    }
}

impl TryFrom<LongTermAsWritten> for LongTerm {
    type Error = RuleError;

    fn try_from(LongTermAsWritten { every_months, window_days }: LongTermAsWritten) -> Result<Self, RuleError> {
        LongTerm::new(every_months, window_days)
    }
}

impl Days {
    /// From the `first_day` to the `last_day`; `(0, 7)` is the week that starts at the sale itself.
    pub fn new(first_day: u16, last_day: u16) -> Result<Self, RuleError> {
        if first_day <= last_day && last_day <= 3_660 { Ok(Days { first_day, last_day }) } else { Err(RuleError::Days) }
    }

    fn after(self, from: Timestamp) -> Window {
        Window { start: days_after(from, self.first_day), end: days_after(from, self.last_day) }
    }
}

impl LongTerm {
    /// Every `every_months`, for `window_days`.
    pub fn new(every_months: u16, window_days: u16) -> Result<Self, RuleError> {
        if (1..=120).contains(&every_months) && (1..=366).contains(&window_days) {
            Ok(LongTerm { every_months, window_days })
        } else {
            Err(RuleError::LongTerm)
        }
    }

    /// The `nth` window, always counted from the sale, so that month ends (31 August) do not drift.
    fn window(self, nth: u32, bought_at: Timestamp) -> Window {
        let months = i64::from(self.every_months) * i64::from(nth);
        let start = Span::new()
            .try_months(months)
            .and_then(|span| bought_at.to_zoned(TimeZone::UTC).checked_add(span))
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        Window { start, end: days_after(start, self.window_days) }
    }
}

/// `days` of 24 hours later; the end of time where the calendar ends.
fn days_after(from: Timestamp, days: u16) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

/// The rule a follow-up was planned by, with the values of that day: it keeps them when the rules change (R-SCH-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rule {
    /// The first contact with a new customer, once per customer (R-SCH-05).
    NewCustomer { days: Days },
    /// Once per purchase, counted from the delivery as soon as it is known (R-SCH-07).
    ProductUse { days: Days },
    /// The `nth` of an endless row (R-SCH-06).
    LongTerm { nth: u32, terms: LongTerm },
}

impl Rule {
    fn window(self, bought_at: Timestamp, delivered_at: Option<Timestamp>) -> Window {
        match self {
            Rule::NewCustomer { days } => days.after(bought_at),
            Rule::ProductUse { days } => days.after(delivered_at.unwrap_or(bought_at).max(bought_at)),
            Rule::LongTerm { nth, terms } => terms.window(nth, bought_at),
        }
    }
}

/// What was bought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: String,
    pub category: String,
    pub batch: String,
}

/// One line of a sale; `paid` in minor units of the sale's one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub product: Product,
    pub paid: i64,
}

/// What a shop or platform told about a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    pub purchase_id: Uuid,
    pub customer_id: Uuid,
    pub bought_at: Timestamp,
    /// `None` while the goods are on their way.
    pub delivered_at: Option<Timestamp>,
    pub lines: Vec<Line>,
    /// What intake flags of its base data.
    pub flaws: BTreeSet<Flaw>,
}

impl Sale {
    /// The product a customer is asked about: that of the line he paid most for, the first of equals.
    fn main_product(&self) -> Product {
        let dearest = self.lines.iter().rev().max_by_key(|line| line.paid);
        dearest.map(|line| line.product.clone()).unwrap_or_default()
    }
}

/// What is owed to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    pub customer_id: Uuid,
    pub purchase_id: Uuid,
    pub product: Product,
    pub bought_at: Timestamp,
    pub rule: Rule,
    pub window: Window,
    /// What is flagged of the purchase's base data, and matters for asking (R-INT-07).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub flaws: BTreeSet<Flaw>,
}

impl Obligation {
    fn new(sale: &Sale, product: Product, rule: Rule) -> Self {
        Obligation {
            customer_id: sale.customer_id,
            purchase_id: sale.purchase_id,
            product,
            bought_at: sale.bought_at,
            rule,
            window: rule.window(sale.bought_at, sale.delivered_at),
            flaws: mattering(&sale.flaws, rule),
        }
    }

    /// The follow-up's id; the same whenever the same thing is owed, so that nothing is owed twice.
    pub fn id(&self) -> Uuid {
        match self.rule {
            Rule::NewCustomer { .. } => new_customer_id(self.customer_id),
            Rule::ProductUse { .. } => product_use_id(self.purchase_id),
            Rule::LongTerm { nth, .. } => long_term_id(self.customer_id, nth),
        }
    }

    /// The window when the goods reached the customer at `delivered_at`; unchanged where delivery does not matter.
    pub fn window_from_delivery(&self, delivered_at: Timestamp) -> Window {
        self.rule.window(self.bought_at, Some(delivered_at))
    }

    /// The one that is owed after this one: long-term follow-ups go on.
    pub fn successor(&self) -> Option<Obligation> {
        let Rule::LongTerm { nth, terms } = self.rule else { return None };
        let rule = Rule::LongTerm { nth: nth.checked_add(1)?, terms };
        Some(Obligation { rule, window: rule.window(self.bought_at, None), ..self.clone() })
    }
}

/// Those that matter for a follow-up of this rule.
pub fn mattering(flaws: &BTreeSet<Flaw>, rule: Rule) -> BTreeSet<Flaw> {
    flaws.iter().copied().filter(|flaw| flaw.matters(rule)).collect()
}

/// The ids of all that a purchase may have made us owe, of the half-yearly ones the first.
pub fn owed_ids(customer_id: Uuid, purchase_id: Uuid) -> [Uuid; 3] {
    [new_customer_id(customer_id), product_use_id(purchase_id), long_term_id(customer_id, 1)]
}

fn new_customer_id(customer_id: Uuid) -> Uuid {
    id::derived("follow_up", &["new_customer", &customer_id.to_string()])
}

fn long_term_id(customer_id: Uuid, nth: u32) -> Uuid {
    id::derived("follow_up", &["long_term", &customer_id.to_string(), &nth.to_string()])
}

/// The id of the follow-up about the use of what was bought.
pub fn product_use_id(purchase_id: Uuid) -> Uuid {
    id::derived("follow_up", &["product_use", &purchase_id.to_string()])
}

/// The rules of the day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub new_customer: Days,
    pub product_use: ProductUse,
    pub long_term: LongTerm,
}

/// When to ask about the use of a product; some categories differ from the usual.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductUse {
    pub usual: Days,
    /// By category, in lower case.
    #[serde(default)]
    pub categories: BTreeMap<String, Days>,
}

impl Rules {
    /// All that a sale makes us owe. The new-customer one and the row of long-term ones begin with the first sale of a
    /// customer we learn of; for later sales they come out with ids that exist already.
    pub fn obligations(&self, sale: &Sale) -> [Obligation; 3] {
        let product = sale.main_product();
        let days = self.product_use.categories.get(&product.category.to_lowercase());
        [
            Rule::NewCustomer { days: self.new_customer },
            Rule::ProductUse { days: days.copied().unwrap_or(self.product_use.usual) },
            Rule::LongTerm { nth: 1, terms: self.long_term },
        ]
        .map(|rule| Obligation::new(sale, product.clone(), rule))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let skincare = ("skincare".to_owned(), Days::new(14, 21).unwrap());
        Rules {
            new_customer: Days::new(0, 7).unwrap(),
            product_use: ProductUse { usual: Days::new(7, 30).unwrap(), categories: BTreeMap::from([skincare]) },
            long_term: LongTerm::new(6, 14).unwrap(),
        }
    }

    fn sale(bought_at: &str, lines: &[(&str, i64)]) -> Sale {
        let line = |&(category, paid): &(&str, i64)| Line {
            product: Product { category: category.into(), ..Product::default() },
            paid,
        };
        Sale {
            purchase_id: Uuid::from_u128(1),
            customer_id: Uuid::from_u128(2),
            bought_at: bought_at.parse().unwrap(),
            delivered_at: None,
            lines: lines.iter().map(line).collect(),
            flaws: BTreeSet::new(),
        }
    }

    fn windows(sale: &Sale) -> [(String, String); 3] {
        rules().obligations(sale).map(|owed| (owed.window.start.to_string(), owed.window.end.to_string()))
    }

    fn pair(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn windows_follow_the_regulation() {
        let [new_customer, product_use, long_term] = windows(&sale("2026-08-31T10:00:00Z", &[("tools", 5)]));
        assert_eq!(new_customer, pair("2026-08-31T10:00:00Z", "2026-09-07T10:00:00Z"));
        assert_eq!(product_use, pair("2026-09-07T10:00:00Z", "2026-09-30T10:00:00Z"));
        assert_eq!(long_term, pair("2027-02-28T10:00:00Z", "2027-03-14T10:00:00Z"));
    }

    #[test]
    fn the_category_paid_most_for_sets_the_days_and_delivery_the_start() {
        let mut sale = sale("2026-01-01T00:00:00Z", &[("tools", 5), ("SkinCare", 9), ("toys", 9)]);
        sale.delivered_at = Some("2026-01-11T00:00:00Z".parse().unwrap());
        let [new_customer, product_use, _] = windows(&sale);
        assert_eq!(new_customer, pair("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z"));
        assert_eq!(product_use, pair("2026-01-25T00:00:00Z", "2026-02-01T00:00:00Z"));
    }

    #[test]
    fn r_int_07_flags_stand_where_they_matter_before_anything_is_planned() {
        let flaws = BTreeSet::from([Flaw::ContactMissing, Flaw::ProductUnknown]);
        let sale = Sale { flaws, ..sale("2026-01-01T00:00:00Z", &[]) };
        let owed = rules().obligations(&sale);
        let contact = BTreeSet::from([Flaw::ContactMissing]);
        assert_eq!(owed.clone().map(|owed| owed.flaws), [contact.clone(), sale.flaws.clone(), contact]);
        assert_eq!(owed.each_ref().map(Obligation::id), owed_ids(sale.customer_id, sale.purchase_id));
        assert_eq!(owed[2].successor().unwrap().flaws, owed[2].flaws, "the next half-year begins as this one stands");
    }

    #[test]
    fn half_years_do_not_drift_over_short_months() {
        let [.., first] = rules().obligations(&sale("2026-08-31T10:00:00Z", &[]));
        let second = first.successor().unwrap();
        assert_eq!(second.window.start.to_string(), "2027-08-31T10:00:00Z");
        assert_ne!(second.id(), first.id());
    }

    #[test]
    fn only_long_term_follow_ups_go_on() {
        let owed = rules().obligations(&sale("2026-01-01T00:00:00Z", &[]));
        assert_eq!(owed.map(|owed| owed.successor().is_some()), [false, false, true]);
    }

    #[test]
    fn a_second_purchase_owes_only_one_more() {
        let first = rules().obligations(&sale("2026-01-01T00:00:00Z", &[]));
        let later = Sale { purchase_id: Uuid::from_u128(9), ..sale("2026-03-01T00:00:00Z", &[]) };
        let second = rules().obligations(&later);
        let same: Vec<bool> = first.iter().zip(&second).map(|(a, b)| a.id() == b.id()).collect();
        assert_eq!(same, [true, false, true]);
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let [_, product_use, long_term] = rules().obligations(&sale("9999-12-30T00:00:00Z", &[]));
        for owed in [product_use, long_term] {
            assert!(owed.window.start <= owed.window.end);
        }
    }

    #[test]
    fn impossible_rules_are_refused() {
        assert_eq!(Days::new(8, 7), Err(RuleError::Days));
        assert_eq!(Days::new(0, 3_661), Err(RuleError::Days));
        assert_eq!(LongTerm::new(0, 14), Err(RuleError::LongTerm));
        assert_eq!(LongTerm::new(6, 0), Err(RuleError::LongTerm));
    }
}
