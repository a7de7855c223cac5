//! By when what is done for an order, as it was set when it was asked for.
use jiff::SignedDuration;
use kernel::sla::Warning;
use serde::{Deserialize, Serialize};

/// For how long goods are awaited, by when they are inspected or repaired, by when money is paid, and by when and how often
/// goods go out again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub goods_within: SignedDuration,
    pub inspect_within: SignedDuration,
    /// Nothing: not promised, as of orders from before it was.
    #[serde(default)]
    pub refund_within: SignedDuration,
    #[serde(default)]
    pub refund_warnings: Vec<Warning>,
    /// Nothing: not promised, as of orders from before it was.
    #[serde(default)]
    pub replace_within: SignedDuration,
    #[serde(default)]
    pub replace_warnings: Vec<Warning>,
    /// How often the same pieces are sent at the most.
    #[serde(default)]
    pub replace_attempts: u32,
    #[serde(default)]
    pub repair: RepairTerms,
    /// How long customers are waited for who have to say something; nothing: without end.
    #[serde(default)]
    pub answer_within: SignedDuration,
}

/// Times of repairs; nothing: not limited, as of orders from before they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepairTerms {
    /// By when what is here is repaired, and when people are warned that it is not.
    pub within: SignedDuration,
    pub warnings: Vec<Warning>,
    /// How long a quote can be answered.
    pub quote_valid_for: SignedDuration,
    /// How long customers have to say whether they are satisfied.
    pub satisfaction_within: SignedDuration,
}
