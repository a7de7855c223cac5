//! What a return is about and what may come of it, in the words of policies, receipts and contracts.
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

/// What the customer wants, and what he may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    ReturnRefund,
    Exchange,
    Reship,
    Repair,
    RefundOnly,
    Compensation,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::ReturnRefund, Self::Exchange, Self::Reship, Self::Repair, Self::RefundOnly, Self::Compensation];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReturnRefund => "return_refund",
            Self::Exchange => "exchange",
            Self::Reship => "reship",
            Self::Repair => "repair",
            Self::RefundOnly => "refund_only",
            Self::Compensation => "compensation",
        }
    }
}

/// What shows that the article was bought from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A purchase of ours, or its receipt.
    Receipt,
    /// Ours, but sold by others.
    Elsewhere,
    None,
}

impl Proof {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Elsewhere => "elsewhere",
            Self::None => "none",
        }
    }
}

/// What a policy is asked about. What is not known matches only rules that do not ask for it. Days are whole ones that
/// have passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub kind: Kind,
    /// A code of the policy's tree of reasons, for example `quality.defect`.
    pub reason: String,
    pub proof: Proof,
    #[serde(default)]
    pub category: Option<String>,
    /// Where it was bought.
    #[serde(default)]
    pub channel: Option<String>,
    #[serde(default)]
    pub segment: Option<String>,
    #[serde(default)]
    pub days_since_delivery: Option<u32>,
    #[serde(default)]
    pub days_since_purchase: Option<u32>,
    #[serde(default)]
    pub opened: Option<bool>,
    #[serde(default)]
    pub resaleable: Option<bool>,
    /// The article, opened and tried, really caused discomfort (R-FUL-07).
    #[serde(default)]
    pub discomfort: Option<bool>,
    /// What was paid for it.
    #[serde(default)]
    pub amount: Option<Money>,
    /// Who asks is who bought it, as the purchase tells; not known where either is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<bool>,
}

impl Facts {
    /// It is said, or known, that the article caused discomfort (R-FUL-07).
    pub fn is_about_health(&self) -> bool {
        self.discomfort == Some(true) || super::lies_in(&self.reason, "discomfort")
    }
}

/// Yes, no, or a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Eligible,
    Ineligible,
    Review,
}

impl Answer {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Ineligible => "ineligible",
            Self::Review => "review",
        }
    }
}

/// Who pays for the way back (R-FUL-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearer {
    Company,
    Customer,
    Maker,
    Supplier,
}

impl Bearer {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Customer => "customer",
            Self::Maker => "maker",
            Self::Supplier => "supplier",
        }
    }
}

/// When the goods come back: before the customer gets his own, after it, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goods {
    Before,
    After,
    No,
}

impl Goods {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::No => "no",
        }
    }
}

/// What is kept of the money: a share of what was paid, or so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fee {
    Percent(u8),
    Amount(Money),
}

impl Fee {
    /// What it comes to of `paid`. Errors: a fee in another currency.
    pub fn of(self, paid: Money) -> Result<Money, MoneyError> {
        match self {
            Self::Amount(fee) => paid.checked_sub(fee).map(|_| fee),
            Self::Percent(percent) => {
                let kept = u64::from(percent.min(100));
                Ok(paid.split(&[kept, 100 - kept])?.first().copied().unwrap_or(Money::zero(paid.currency)))
            }
        }
    }
}

/// What a rule says comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    pub answer: Answer,
    /// What the customer may have; where the answer is no, what he may have instead.
    #[serde(default)]
    pub allowed: BTreeSet<Kind>,
    pub freight: Bearer,
    pub goods: Goods,
    #[serde(default)]
    pub fees: BTreeMap<String, Fee>,
}

/// The same said in several languages, by their code.
pub type Words = BTreeMap<String, String>;
