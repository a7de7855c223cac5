//! One attempt to bring pieces to the customer: what goes out, where it is, and what he paid or was offered for it.
use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::line::Wanted;

/// One attempt to bring pieces to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    pub id: Uuid,
    /// The first attempt for the same pieces; of that itself its own id.
    pub of: Uuid,
    /// 1, 2, …
    pub attempt: u32,
    pub line_no: u32,
    /// Pieces.
    pub quantity: u32,
    pub article: Wanted,
    /// What was offered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<Parcel>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Who told anything of these pieces, in earlier attempts too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hands: BTreeSet<String>,
    pub state: ReplacementState,
    /// Since when it stands so.
    pub since: Timestamp,
}

/// Another article, and what the customer says to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    pub article: Wanted,
    pub agreed: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    pub carrier: String,
    pub tracking_number: String,
}

/// What the customer has paid for an article that costs more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Of the payment.
    pub reference: String,
    pub amount: Money,
    pub at: Timestamp,
    /// Who says so; empty where it was not kept.
    #[serde(default)]
    pub by: String,
    /// The payment provider took it, and knows it by its reference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_provider: bool,
    /// The place of the till that took it; empty where none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplacementState {
    Wanted,
    Reserved,
    Picked,
    Shipped,
    Delivered,
    /// Another attempt follows.
    Lost,
    /// Another attempt follows.
    ReturnedUndelivered,
    OutOfStock,
    Offered,
    Declined,
    /// Sent as often as may be; the customer chooses.
    Undecided,
    /// He takes the money of the pieces.
    MoneyInstead,
}

impl ReplacementState {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Reserved => "reserved",
            Self::Picked => "picked",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Lost => "lost",
            Self::ReturnedUndelivered => "returned_undelivered",
            Self::OutOfStock => "out_of_stock",
            Self::Offered => "offered",
            Self::Declined => "declined",
            Self::Undecided => "undecided",
            Self::MoneyInstead => "money_instead",
        }
    }

    /// It did not reach the customer, and another attempt stands for its pieces.
    pub(super) fn is_past(self) -> bool {
        matches!(self, Self::Lost | Self::ReturnedUndelivered)
    }

    /// It is yet to be shipped.
    pub(super) fn is_owed(self) -> bool {
        !self.is_over() && self != Self::Shipped
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Delivered | Self::Lost | Self::ReturnedUndelivered | Self::MoneyInstead)
    }

    /// It was reserved once.
    pub(super) fn is_set_aside(self) -> bool {
        matches!(self, Self::Reserved | Self::Picked | Self::Shipped | Self::Delivered) || self.is_past()
    }
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Delivered,
    Lost,
    ReturnedUndelivered,
}

impl Outcome {
    pub(super) fn state(self) -> ReplacementState {
        match self {
            Self::Delivered => ReplacementState::Delivered,
            Self::Lost => ReplacementState::Lost,
            Self::ReturnedUndelivered => ReplacementState::ReturnedUndelivered,
        }
    }
}

impl Replacement {
    /// What all pieces cost; nothing where no money moves.
    pub fn value(&self) -> Option<Money> {
        self.article.price.map(|price| Money { minor: price.minor.saturating_mul(self.quantity.into()), ..price })
    }
}
