//! What service must know of a purchase before anybody is asked about it (R-INT-07): whom to address and how to reach
//! them, what was bought, how much, when; and that these fit together.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::purchase::Facts;

/// What is missing, or does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    NameMissing,
    /// Neither phone nor e-mail address.
    ContactMissing,
    /// No line, or one that names no product or category.
    ProductMissing,
    /// Not among the products the chain names.
    ProductUnknown,
    /// One product in two categories.
    ProductContradictory,
    /// A line of 0 pieces.
    QuantityMissing,
    /// Bought before the year 2000, or after it was told.
    PurchaseDateImplausible,
    /// Delivered before it was bought, or more than a year after.
    DeliveryImplausible,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 8] = [
        Flaw::NameMissing,
        Flaw::ContactMissing,
        Flaw::ProductMissing,
        Flaw::ProductUnknown,
        Flaw::ProductContradictory,
        Flaw::QuantityMissing,
        Flaw::PurchaseDateImplausible,
        Flaw::DeliveryImplausible,
    ];

    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Flaw::NameMissing => "name_missing",
            Flaw::ContactMissing => "contact_missing",
            Flaw::ProductMissing => "product_missing",
            Flaw::ProductUnknown => "product_unknown",
            Flaw::ProductContradictory => "product_contradictory",
            Flaw::QuantityMissing => "quantity_missing",
            Flaw::PurchaseDateImplausible => "purchase_date_implausible",
            Flaw::DeliveryImplausible => "delivery_implausible",
        }
    }

    /// Whether a person can say that it is right all the same. Without a contact nobody can be asked, whoever says so.
    pub fn can_be_confirmed(self) -> bool {
        self != Flaw::ContactMissing
    }
}

/// What is known beside the order.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the customer is called.
    pub name: bool,
    /// A phone or an e-mail address.
    pub contact: bool,
    /// The products there are; any when it is empty.
    pub products: Arc<BTreeSet<String>>,
}

/// The first second of the year 2000: what was bought before was not bought then.
const EARLIEST: Timestamp = Timestamp::constant(946_684_800, 0);
/// Clocks of shops go wrong by so much.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Nothing takes longer to arrive.
const UNDERWAY_MAX: SignedDuration = SignedDuration::from_hours(24 * 366);

/// All that is missing of a purchase told at `now`, or does not fit together.
pub fn judge(facts: &Facts, delivered_at: Option<Timestamp>, known: &Known, now: Timestamp) -> BTreeSet<Flaw> {
    let Facts { lines, bought_at, .. } = facts;
    let mut categories = BTreeMap::new();
    let contradictory = lines.iter().any(|line| {
        *categories.entry(line.product_id.as_str()).or_insert(line.category.as_str()) != line.category.as_str()
    });
    let nameless = |text: &str| text.trim().is_empty();
    let unknown = |product: &String| !known.products.is_empty() && !known.products.contains(product);
    let late =
        delivered_at.is_some_and(|at| !(SignedDuration::ZERO..=UNDERWAY_MAX).contains(&at.duration_since(*bought_at)));
    let found = [
        (Flaw::NameMissing, !known.name),
        (Flaw::ContactMissing, !known.contact),
        (
            Flaw::ProductMissing,
            lines.is_empty() || lines.iter().any(|line| nameless(&line.product_id) || nameless(&line.category)),
        ),
        (Flaw::ProductUnknown, lines.iter().any(|line| unknown(&line.product_id))),
        (Flaw::ProductContradictory, contradictory),
        (Flaw::QuantityMissing, lines.iter().any(|line| line.quantity == 0)),
        (Flaw::PurchaseDateImplausible, *bought_at < EARLIEST || bought_at.duration_since(now) > AHEAD_MAX),
        (Flaw::DeliveryImplausible, late),
    ];
    found.into_iter().filter(|(_, flawed)| *flawed).map(|(flaw, _)| flaw).collect()
}
