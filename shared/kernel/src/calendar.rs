//! Working time: when a term that starts now ends. The one calendar so far is round the clock, where working time is
//! plain time; the terms of the regulations in force (24 hours) are all of that kind.
//! Law: `add(add(t, a), b) = add(t, a + b)` as long as the end is a time that can be written down.
use jiff::{SignedDuration, Timestamp};

/// The end of a term of `working` time that starts at `start`, round the clock. A term beyond the last time that can
/// be written down ends there.
pub fn add(start: Timestamp, working: SignedDuration) -> Timestamp {
    start.checked_add(working).unwrap_or(if working.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn terms_add_up(start in 0i64..4_000_000_000, a in 0i64..100_000_000, b in 0i64..100_000_000) {
            let start = Timestamp::new(start, 0).unwrap_or_default();
            let (a, b) = (SignedDuration::from_secs(a), SignedDuration::from_secs(b));
            prop_assert_eq!(add(add(start, a), b), add(start, a + b));
        }
    }

    #[test]
    fn the_end_of_time_is_an_end() {
        assert_eq!(add(Timestamp::MAX, SignedDuration::from_hours(1)), Timestamp::MAX);
        assert_eq!(add(Timestamp::MIN, SignedDuration::from_hours(-1)), Timestamp::MIN);
    }
}
