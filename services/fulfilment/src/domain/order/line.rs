//! A line of an order that was asked for: an article, what was said about it, and what is wanted instead.
use kernel::{money::Money, returns::Receipt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{goods::Leg, request::Request, work::Work};

/// One article, and the decision about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Nothing for what is no purchase of ours.
    pub bought: Option<Bought>,
    pub product_id: String,
    pub batch: String,
    pub serial: String,
    /// Pieces.
    pub quantity: u32,
    /// References of photos and papers.
    pub evidence: Vec<String>,
    pub receipt: Receipt,
    /// What goes out instead, where it is not the same article; of an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Wanted>,
    /// Its pieces on their way back, once they are asked back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<Leg>,
    /// Of a repair, once it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
}

/// A line of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bought {
    pub purchase_id: Uuid,
    pub line_id: String,
}

/// An article that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    pub product_id: String,
    /// Of one piece; nothing where no money moves.
    pub price: Option<Money>,
}

impl Request {
    /// The line with this number.
    pub(super) fn line(&self, line_no: u32) -> Option<&Line> {
        self.lines.get(usize::try_from(line_no).ok()?.checked_sub(1)?)
    }
}
