//! Where a service order that was asked for comes from (R-FUL-16), what it is about, and what stands on its parcel.
use kernel::returns::Words;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::readable;

/// Where an order comes from; the reference is an id, or a store at a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub kind: OriginKind,
    pub reference: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    Case,
    Complaint,
    FollowUp,
    MajorIssue,
    /// What was agreed there instead is asked for here.
    ServiceOrder,
    Counter,
}

impl OriginKind {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Complaint => "complaint",
            Self::FollowUp => "follow_up",
            Self::MajorIssue => "major_issue",
            Self::ServiceOrder => "service_order",
            Self::Counter => "counter",
        }
    }
}

/// Where goods are sent and how, by language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub send_to: String,
    pub instructions: Words,
}

/// What stands on the parcel: `R` and what follows from the order.
pub(super) fn rma_number(order_id: Uuid) -> String {
    readable("rma", 'R', order_id)
}
