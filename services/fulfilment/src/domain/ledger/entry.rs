//! Entries and what they are made of: amounts on accounts, above nothing on the one side and below on the other.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One thing that happened to the cost of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Follows from what happened, so that it is made once.
    pub id: Uuid,
    /// A code.
    pub reason: String,
    pub made: Made,
    /// Who told it; nobody where it followed from an event.
    pub by: Option<String>,
    pub at: Timestamp,
    pub postings: Vec<Posting>,
}

/// What an entry was made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Made {
    Event,
    Recorded,
    Reversal { of: Uuid },
    Attribution,
}

impl Made {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Recorded => "recorded",
            Self::Reversal { .. } => "reversal",
            Self::Attribution => "attribution",
        }
    }
}

/// An amount on an account: above nothing a cost or what we have, below nothing an income or what it was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    pub account: Account,
    pub amount: Money,
    #[serde(default)]
    pub dimensions: Dimensions,
}

/// Whom a cost lies with; what is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dimensions {
    /// A code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// A code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub department: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub supplier: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub batch: String,
}

impl Dimensions {
    /// As `to` names it, and as it is where `to` names nothing.
    #[must_use]
    pub fn moved(&self, to: &Self) -> Self {
        let of = |own: &String, other: &String| if other.is_empty() { own.clone() } else { other.clone() };
        Self {
            cause: of(&self.cause, &to.cause),
            department: of(&self.department, &to.department),
            supplier: of(&self.supplier, &to.supplier),
            batch: of(&self.batch, &to.batch),
        }
    }
}

/// What follows from an event: an entry before the ledger has taken it in.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub id: Uuid,
    pub reason: &'static str,
    pub postings: Vec<Posting>,
}

/// The first eight are costs, and below nothing incomes; *recovery* is what suppliers owe for them. The others stand against
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What customers were paid and what was kept of it, less what they paid for dearer goods.
    Refund,
    /// Kept of refunds, and paid for repairs.
    Fees,
    /// What went out, less what came back.
    Goods,
    /// Came back and is worth nothing.
    WriteOff,
    Freight,
    Labour,
    Parts,
    Compensation,
    Recovery,
    Cash,
    Stock,
    /// Goods that are ours again, neither in stock nor written off yet.
    SetAside,
    /// Owed to carriers, workshops and others.
    Payable,
    SupplierReceivable,
    /// Owed to customers as store credit, gift cards, vouchers and points.
    CustomerCredit,
}

impl Account {
    /// All there are.
    pub const ALL: [Self; 15] = [
        Self::Refund,
        Self::Fees,
        Self::Goods,
        Self::WriteOff,
        Self::Freight,
        Self::Labour,
        Self::Parts,
        Self::Compensation,
        Self::Recovery,
        Self::Cash,
        Self::Stock,
        Self::SetAside,
        Self::Payable,
        Self::SupplierReceivable,
        Self::CustomerCredit,
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Fees => "fees",
            Self::Goods => "goods",
            Self::WriteOff => "write_off",
            Self::Freight => "freight",
            Self::Labour => "labour",
            Self::Parts => "parts",
            Self::Compensation => "compensation",
            Self::Recovery => "recovery",
            Self::Cash => "cash",
            Self::Stock => "stock",
            Self::SetAside => "set_aside",
            Self::Payable => "payable",
            Self::SupplierReceivable => "supplier_receivable",
            Self::CustomerCredit => "customer_credit",
        }
    }

    /// A cost or an income.
    pub fn is_cost(self) -> bool {
        self.is_borne() || self == Self::Recovery
    }

    /// A cost that lies with somebody, and may be charged back to him.
    pub fn is_borne(self) -> bool {
        match self {
            Self::Refund
            | Self::Fees
            | Self::Goods
            | Self::WriteOff
            | Self::Freight
            | Self::Labour
            | Self::Parts
            | Self::Compensation => true,
            Self::Recovery
            | Self::Cash
            | Self::Stock
            | Self::SetAside
            | Self::Payable
            | Self::SupplierReceivable
            | Self::CustomerCredit => false,
        }
    }
}

/// What people may tell of a cost that no event knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostKind {
    /// That went out beside what the order sent.
    Goods,
    /// What was set aside is worth so much less.
    WriteOff,
    Freight,
    Labour,
    Parts,
    Compensation,
}

impl CostKind {
    pub(super) fn account(self) -> Account {
        match self {
            Self::Goods => Account::Goods,
            Self::WriteOff => Account::WriteOff,
            Self::Freight => Account::Freight,
            Self::Labour => Account::Labour,
            Self::Parts => Account::Parts,
            Self::Compensation => Account::Compensation,
        }
    }

    pub(super) fn against(self) -> Account {
        match self {
            Self::Goods => Account::Stock,
            Self::WriteOff => Account::SetAside,
            Self::Freight | Self::Labour | Self::Parts | Self::Compensation => Account::Payable,
        }
    }
}

/// So much on the one account, taken from the other; nothing where it is nothing.
pub fn sides(to: Account, from: Account, amount: Money, dimensions: &Dimensions) -> Vec<Posting> {
    let side = |account, minor| Posting { account, amount: Money { minor, ..amount }, dimensions: dimensions.clone() };
    if amount.minor == 0 { vec![] } else { vec![side(to, amount.minor), side(from, -amount.minor)] }
}

impl Entry {
    /// It has postings, none of nothing, and they add up to nothing in each currency.
    pub fn is_balanced(&self) -> bool {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for Posting { amount, .. } in &self.postings {
            *sums.entry(amount.currency.code()).or_default() += i128::from(amount.minor);
        }
        let some = self.postings.iter().all(|posting| posting.amount.minor != 0);
        some && !sums.is_empty() && sums.values().all(|sum| *sum == 0)
    }

    /// The ids of its postings, in their order.
    pub fn posting_ids(&self) -> impl Iterator<Item = Uuid> {
        (0..self.postings.len()).map(|place| posting_id(self.id, place))
    }
}

/// Of the posting at this place of an entry.
pub fn posting_id(entry_id: Uuid, place: usize) -> Uuid {
    kernel::id::derived("posting", &[&entry_id.to_string(), &place.to_string()])
}
