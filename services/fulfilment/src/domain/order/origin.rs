//! Where a service order that was asked for comes from (R-FUL-16).
use serde::{Deserialize, Serialize};

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
            Self::Counter => "counter",
        }
    }
}
