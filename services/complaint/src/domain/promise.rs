//! The promise that a complaint is first looked into within a day (R-CMP-03): how it stands.
//! What is breached stays breached, whatever happens later; closing the complaint ends a promise still running.
use serde::{Deserialize, Serialize};

/// Where the promise stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    #[default]
    Running,
    Met,
    Breached,
    /// Done in the end, but after its time.
    MetLate,
    Cancelled,
    CancelledAfterBreach,
}

impl Promise {
    /// It was not kept.
    pub fn late(self) -> bool {
        matches!(self, Self::Breached | Self::MetLate | Self::CancelledAfterBreach)
    }

    /// Its time passed.
    #[must_use]
    pub fn breached(self) -> Self {
        if self == Self::Running { Self::Breached } else { self }
    }

    /// What was promised is done. A breach was noted before, if there was one.
    #[must_use]
    pub fn done(self) -> Self {
        match self {
            Self::Running => Self::Met,
            Self::Breached => Self::MetLate,
            other => other,
        }
    }

    /// What was promised is no longer wanted.
    #[must_use]
    pub fn cancelled(self) -> Self {
        match self {
            Self::Running => Self::Cancelled,
            Self::Breached => Self::CancelledAfterBreach,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Promise::{self, *};

    #[test]
    fn every_state_answers_every_step() {
        let table: [(Promise, Promise, Promise, Promise); 6] = [
            (Running, Breached, Met, Cancelled),
            (Met, Met, Met, Met),
            (Breached, Breached, MetLate, CancelledAfterBreach),
            (MetLate, MetLate, MetLate, MetLate),
            (Cancelled, Cancelled, Cancelled, Cancelled),
            (CancelledAfterBreach, CancelledAfterBreach, CancelledAfterBreach, CancelledAfterBreach),
        ];
        for (from, breached, done, cancelled) in table {
            assert_eq!((from.breached(), from.done(), from.cancelled()), (breached, done, cancelled), "{from:?}");
            assert!(!from.late() || (from.done().late() && from.cancelled().late()), "{from:?} stays late");
        }
    }
}
