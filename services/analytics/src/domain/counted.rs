//! What is counted for an analysis of complaints: plain counts of one moment, from which everything else is worked out.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::figure::{Durations, Figure};

/// By what complaints are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The cause an investigation found.
    Cause,
    /// The department it found responsible.
    Department,
    /// The class as judged last.
    Class,
    /// The product.
    Product,
    /// "product/batch".
    Batch,
    /// The store it was bought in.
    Store,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Cause, Self::Department, Self::Class, Self::Product, Self::Batch, Self::Store];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Department => "department",
            Self::Class => "class",
            Self::Product => "product",
            Self::Batch => "batch",
            Self::Store => "store",
        }
    }

    /// Counted among the complaints investigated in the period, because a cause is learnt then: what was recorded last
    /// is not investigated yet, and every period would seem to fall. The others are counted among those recorded.
    pub fn found(self) -> bool {
        matches!(self, Self::Cause | Self::Department)
    }

    /// Whether a rise of it is a finding.
    pub fn watched(self) -> bool {
        matches!(self, Self::Cause | Self::Product | Self::Batch)
    }
}

/// In the period, and in the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// In the period.
    pub now: u64,
    /// In the one before.
    pub before: u64,
}

/// Complaints of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// By what they are told apart.
    pub dimension: Dimension,
    /// A cause code, a class, an id.
    pub value: String,
    /// How many.
    pub complaints: Pair,
    /// Orders delivered that they are held against: of a store its own, of all others all.
    pub delivered: Pair,
}

/// What is done against a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// Improvement actions that are not effective yet.
    pub open: u64,
    /// Those that are.
    pub effective: u64,
    /// Complaints recorded in the period after a measure against it was released.
    pub recurrences: u64,
}

/// How long issues were with a department, in seconds of wall time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// The department.
    pub department: String,
    /// From the hand-over to the answer, or until it was forwarded.
    pub to_answer: Durations,
    /// Half of the acknowledgements took no longer.
    pub to_acknowledge_median: Option<f64>,
}

/// How far a stream was counted in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The stream.
    pub stream: String,
    /// The service that publishes on it.
    pub service: String,
    /// Events counted.
    pub events: u64,
    /// The latest business time among them.
    pub last_occurred_at: Timestamp,
    /// Its last sequence counted; 0 where everything came from a journal.
    pub stream_seq: u64,
    /// The last journal sequence counted; 0 before the first rebuild.
    pub journal_seq: u64,
}

/// All that was counted for an analysis, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// Complaints recorded.
    pub recorded: Pair,
    /// Complaints investigated.
    pub investigated: Pair,
    /// Orders delivered.
    pub delivered: Pair,
    /// Complaints by kind.
    pub counts: Vec<Count>,
    /// What is done, by cause.
    pub actions: Vec<(String, Actions)>,
    /// Time in the departments.
    pub departments: Vec<Time>,
    /// The metrics about complaints over the period.
    pub figures: Vec<Figure>,
    /// How far everything is counted in.
    pub watermarks: Vec<Mark>,
    /// Of the ids of the events the counts rest on.
    pub data_hash: String,
}
