//! The version gate: of every aggregate we listen to, events are applied once, in order, without holes, whatever the
//! broker repeats, delays or reorders. The verdict is pure; the rows it rests on are read and written in the
//! transaction of the effect.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the gate remembers of one aggregate of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The last version applied; 0 before the first.
    pub version: u64,
    /// An event could not be applied; later ones wait behind it.
    pub parked: bool,
}

/// What to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one.
    Apply,
    /// It was applied before.
    Duplicate,
    /// Something is missing before it.
    Gap,
    /// An earlier event of the aggregate is parked; this one queues behind it.
    Behind,
}

impl Position {
    /// The verdict for a version that arrives now.
    pub fn verdict(self, version: u64) -> Verdict {
        if version <= self.version {
            Verdict::Duplicate
        } else if self.parked {
            Verdict::Behind
        } else if version == self.version + 1 {
            Verdict::Apply
        } else {
            Verdict::Gap
        }
    }
}

/// Everything that came with an event but its payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meta {
    /// The event's own id.
    pub event_id: Uuid,
    /// The aggregate it happened to.
    pub aggregate_id: Uuid,
    /// 1..n within the aggregate.
    pub version: u64,
    /// Full name of the contract message.
    pub event_type: String,
    /// Who caused it.
    pub actor: String,
    /// Shared by everything that followed from one request.
    pub correlation: Uuid,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When its owner wrote it down.
    pub recorded_at: Timestamp,
    /// The stream it came by, without the space.
    pub stream: String,
    /// Its place in the stream; 0 when read from the owner's journal.
    pub stream_seq: u64,
    /// The trace it was recorded in.
    pub trace: Option<String>,
}

/// An event's claim to pass the gate, carried by the unit that holds its effects.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub meta: Meta,
    pub payload: Vec<u8>,
    /// The event cannot be applied; the reason.
    pub poison: Option<String>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Applied,
    Duplicate,
    Gap { have: u64 },
    Parked { reason: String },
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
