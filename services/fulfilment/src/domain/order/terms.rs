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
    #[serde(default)]
    pub people: PeopleTerms,
}

/// By when our own people do what an order waits for; nothing: not promised, as of orders from before it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleTerms {
    /// By when somebody decides what the policy leaves to people …
    pub review_within: SignedDuration,
    /// … and where discomfort is told.
    pub review_health_within: SignedDuration,
    /// By when somebody rules where the customer does not agree with an inspection.
    pub rule_within: SignedDuration,
    /// By when it is known what became of a parcel that is on its way.
    pub deliver_within: SignedDuration,
    /// By when a person gives out what was approved, and by when the customer has it.
    pub give_within: SignedDuration,
    /// When people are warned of each of these.
    pub warnings: Vec<Warning>,
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
