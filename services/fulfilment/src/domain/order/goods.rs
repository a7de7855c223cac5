//! The goods leg of a line that was asked for: pieces on their way back, from the customer to their end (R-FUL-04).
//! Invariant: every piece that was asked back is in exactly one place, so requested = awaiting + received + lapsed and
//! received = uninspected + accepted + rejected + handed back; the database checks the sum again.
use jiff::Timestamp;
use kernel::returns::Receipt;
use serde::{Deserialize, Serialize};

use super::{Rejection, request::Review};

/// Where the pieces of a line are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goods {
    awaiting: u32,
    uninspected: u32,
    accepted: u32,
    rejected: u32,
    /// They never came.
    lapsed: u32,
    /// The customer has them again, repaired or as they were.
    #[serde(default, skip_serializing_if = "none")]
    handed_back: u32,
}

/// As it was stored before pieces were handed back.
fn none(pieces: &u32) -> bool {
    *pieces == 0
}

impl Goods {
    /// So many are asked back.
    pub fn asked_back(quantity: u32) -> Self {
        Self { awaiting: quantity, ..Self::default() }
    }

    /// So many came that nobody asked for.
    pub fn surplus(quantity: u32) -> Self {
        Self { uninspected: quantity, ..Self::default() }
    }

    pub fn awaiting(self) -> u32 {
        self.awaiting
    }

    pub fn uninspected(self) -> u32 {
        self.uninspected
    }

    pub fn accepted(self) -> u32 {
        self.accepted
    }

    pub fn rejected(self) -> u32 {
        self.rejected
    }

    pub fn lapsed(self) -> u32 {
        self.lapsed
    }

    pub fn handed_back(self) -> u32 {
        self.handed_back
    }

    /// All that came.
    pub fn received(self) -> u32 {
        self.uninspected + self.accepted + self.rejected + self.handed_back
    }

    /// So many came; those that were not awaited are surplus.
    pub fn receive(self, quantity: u32) -> (Self, u32) {
        let taken = quantity.min(self.awaiting);
        let next = Self { awaiting: self.awaiting - taken, uninspected: self.uninspected + taken, ..self };
        (next, quantity - taken)
    }

    /// So many were inspected. Errors: none, or more than wait for it.
    pub fn inspect(self, accepted: u32, rejected: u32) -> Result<Self, Rejection> {
        let inspected = accepted.checked_add(rejected).filter(|inspected| *inspected > 0);
        let left = inspected.and_then(|inspected| self.uninspected.checked_sub(inspected));
        let uninspected = left.ok_or(Rejection::NotToInspect)?;
        Ok(Self { uninspected, accepted: self.accepted + accepted, rejected: self.rejected + rejected, ..self })
    }

    /// So many of those that were rejected count as accepted after all.
    pub fn overrule(self, quantity: u32) -> Self {
        let moved = quantity.min(self.rejected);
        Self { accepted: self.accepted + moved, rejected: self.rejected - moved, ..self }
    }

    /// What has not come is not waited for any more.
    pub fn lapse(self) -> Self {
        Self { awaiting: 0, lapsed: self.lapsed + self.awaiting, ..self }
    }

    /// The customer gets all that is here.
    pub fn hand_back(self) -> Self {
        let handed_back = self.handed_back + self.uninspected + self.accepted;
        Self { uninspected: 0, accepted: 0, handed_back, ..self }
    }

    /// He is to bring again what he got.
    pub fn ask_back_again(self) -> Self {
        Self { awaiting: self.awaiting + self.handed_back, handed_back: 0, ..self }
    }

    /// All that is here is ours.
    pub fn keep(self) -> Self {
        Self { uninspected: 0, accepted: self.accepted + self.uninspected, ..self }
    }

    /// Nothing is on its way or waits for inspection.
    pub fn is_settled(self) -> bool {
        self.awaiting == 0 && self.uninspected == 0
    }
}

/// The pieces of a line, with what happened to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    pub goods: Goods,
    pub arrivals: Vec<Arrival>,
    pub inspections: Vec<Inspection>,
}

/// So many came, to a shop or a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    pub at: Timestamp,
    pub place: String,
    pub by: String,
    pub quantity: u32,
    /// The number of the parcel, where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
}

/// What came and was not asked for: a line of its own, numbered after those that were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surplus {
    pub product_id: String,
    pub leg: Leg,
}

/// What somebody found, when, and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    pub by: String,
    pub at: Timestamp,
    pub findings: Vec<Finding>,
    pub criteria: Vec<Criterion>,
    /// References, never the photos.
    pub photos: Vec<String>,
    /// The new decision where pieces were rejected.
    pub renewed: Option<Receipt>,
    /// The customer's word on it: agreed or not, when.
    pub word: Option<Word>,
    /// Where he did not agree: approved when the pieces are accepted after all.
    pub ruling: Option<Review>,
}

/// So many pieces in the same state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub quantity: u32,
    pub accepted: bool,
    /// A code, for example `a`.
    pub grade: String,
    pub disposition: Disposition,
}

/// Where pieces go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    Restock,
    Outlet,
    Refurbish,
    Quarantine,
    Destroy,
    Vendor,
    BackToCustomer,
}

impl Disposition {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Restock => "restock",
            Self::Outlet => "outlet",
            Self::Refurbish => "refurbish",
            Self::Quarantine => "quarantine",
            Self::Destroy => "destroy",
            Self::Vendor => "vendor",
            Self::BackToCustomer => "back_to_customer",
        }
    }

    /// What is accepted is ours and stays; what is rejected is the customer's and is not sold.
    pub(super) fn fits(self, accepted: bool) -> bool {
        match self {
            Self::Restock | Self::Outlet | Self::Refurbish | Self::Vendor => accepted,
            Self::BackToCustomer => !accepted,
            Self::Quarantine | Self::Destroy => true,
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    pub code: String,
    pub passed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    pub agreed: bool,
    pub at: Timestamp,
}

impl Inspection {
    /// So many were accepted, so many rejected. Nothing for more than can be counted.
    pub(super) fn counted(&self) -> Option<(u32, u32)> {
        self.findings.iter().try_fold((0_u32, 0_u32), |(accepted, rejected), finding| match finding.accepted {
            true => Some((accepted.checked_add(finding.quantity)?, rejected)),
            false => Some((accepted, rejected.checked_add(finding.quantity)?)),
        })
    }

    /// The customer has not said yet what he thinks of the new decision.
    pub fn waits_for_customer(&self) -> bool {
        self.renewed.is_some() && self.word.is_none()
    }

    /// He does not agree, and nobody has ruled yet.
    pub fn is_disputed(&self) -> bool {
        self.word.is_some_and(|word| !word.agreed) && self.ruling.is_none()
    }
}

impl Leg {
    /// Nothing is on its way, to be inspected, unanswered or disputed.
    pub fn is_settled(&self) -> bool {
        let open = |inspection: &Inspection| inspection.waits_for_customer() || inspection.is_disputed();
        self.goods.is_settled() && !self.inspections.iter().any(open)
    }
}

#[cfg(test)]
#[path = "goods_tests.rs"]
mod tests;
