//! What intake flags of a purchase's base data, and where that matters for asking its customer (R-INT-07).
use serde::{Deserialize, Serialize};

use super::rules::Rule;

/// What is missing, or does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    NameMissing,
    ContactMissing,
    ProductMissing,
    ProductUnknown,
    ProductContradictory,
    QuantityMissing,
    PurchaseDateImplausible,
    DeliveryImplausible,
}

impl Flaw {
    /// Whom to ask and since when matters for every follow-up; what was bought and when it came, where its use is asked
    /// for.
    pub fn matters(self, rule: Rule) -> bool {
        match self {
            Flaw::NameMissing | Flaw::ContactMissing | Flaw::PurchaseDateImplausible => true,
            Flaw::ProductMissing
            | Flaw::ProductUnknown
            | Flaw::ProductContradictory
            | Flaw::QuantityMissing
            | Flaw::DeliveryImplausible => matches!(rule, Rule::ProductUse { .. }),
        }
    }
}
