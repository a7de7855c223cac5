//! Promises: something is owed by a time, and the time it really happened says whether the promise was kept.
//! A verdict is drawn from event times, never from the time a worker happened to look.
use jiff::Timestamp;

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happened by the due time; equality counts.
    InTime,
    /// It happened after the due time.
    Late,
}

impl Verdict {
    /// True for [`Verdict::InTime`].
    pub fn in_time(self) -> bool {
        self == Verdict::InTime
    }
}

/// Judges what was due at `due` and happened at `happened_at`. Equality counts as met.
pub fn verdict(due: Timestamp, happened_at: Timestamp) -> Verdict {
    if happened_at <= due { Verdict::InTime } else { Verdict::Late }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn equality_counts_as_met_and_one_nanosecond_later_does_not() {
        let due = Timestamp::UNIX_EPOCH;
        assert_eq!(verdict(due, due - SignedDuration::from_nanos(1)), Verdict::InTime);
        assert!(verdict(due, due).in_time());
        assert_eq!(verdict(due, due + SignedDuration::from_nanos(1)), Verdict::Late);
    }
}
