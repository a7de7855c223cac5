//! When an attempt that did not succeed is made again. Invariant: the delay never shrinks and never exceeds `longest`.
use jiff::{SignedDuration, Timestamp};

/// How patient we are with a server that is away (R-CMP-10: the customer must be told, so we keep trying for days).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// After the first attempt.
    pub first: SignedDuration,
    /// The delay doubles up to this.
    pub longest: SignedDuration,
    /// After so many attempts the message has failed.
    pub max_attempts: u32,
}

impl Retry {
    /// When the next attempt is due after `attempts` were made; `None` when there is none left.
    pub fn next(&self, attempts: u32, now: Timestamp) -> Option<Timestamp> {
        (attempts < self.max_attempts).then(|| now.checked_add(self.delay(attempts)).unwrap_or(Timestamp::MAX))
    }

    fn delay(&self, attempts: u32) -> SignedDuration {
        let factor = 2i32.saturating_pow(attempts.saturating_sub(1));
        self.first.checked_mul(factor).unwrap_or(self.longest).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RETRY: Retry =
        Retry { first: SignedDuration::from_secs(30), longest: SignedDuration::from_secs(3600), max_attempts: 9 };

    #[test]
    fn doubles_up_to_the_longest_delay_and_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let seconds: Vec<Option<i64>> =
            (1..=9).map(|attempts| RETRY.next(attempts, now).map(|at| at.as_second())).collect();
        let expected = [30, 60, 120, 240, 480, 960, 1920, 3600].map(Some);
        assert_eq!(seconds[..8], expected);
        assert_eq!(seconds[8], None);
    }

    proptest! {
        #[test]
        fn the_delay_never_shrinks_nor_exceeds(
            first in 1..10_000i64,
            longest in 1..1_000_000i64,
            attempts in 0..u32::MAX - 1,
        ) {
            let retry = Retry {
                first: SignedDuration::from_secs(first),
                longest: SignedDuration::from_secs(longest),
                max_attempts: u32::MAX,
            };
            prop_assert!(retry.delay(attempts) <= retry.delay(attempts + 1));
            prop_assert!(retry.delay(attempts) <= retry.longest);
            prop_assert!(retry.delay(attempts) > SignedDuration::ZERO);
        }
    }
}
