//! Where a complaint stands, and how it can end.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where it stands. The word of each is stored, published and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Recorded,
    Assessed,
    Investigating,
    Investigated,
    SolutionDrafted,
    InApproval,
    Approved,
    Offered,
    Agreed,
    Executing,
    Executed {
        /// The message with the result could not be sent; a person must tell it.
        #[serde(default)]
        untold: bool,
    },
    SatisfactionCheck {
        /// Silence until then closes the complaint.
        silent_at: Timestamp,
    },
    Closed {
        outcome: Outcome,
        at: Timestamp,
    },
}

impl State {
    /// The status word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Recorded => "recorded",
            Self::Assessed => "assessed",
            Self::Investigating => "investigating",
            Self::Investigated => "investigated",
            Self::SolutionDrafted => "solution_drafted",
            Self::InApproval => "in_approval",
            Self::Approved => "approved",
            Self::Offered => "offered",
            Self::Agreed => "agreed",
            Self::Executing => "executing",
            Self::Executed { .. } => "executed",
            Self::SatisfactionCheck { .. } => "satisfaction_check",
            Self::Closed { .. } => "closed",
        }
    }
}

/// How a complaint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Satisfied,
    /// Nobody answered; never counted as satisfied.
    Unconfirmed,
    Withdrawn,
}

impl Outcome {
    /// The word it is published by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Unconfirmed => "unconfirmed",
            Self::Withdrawn => "withdrawn",
        }
    }
}
