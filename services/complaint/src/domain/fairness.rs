//! Fairness: like cases get like remedies. What a draft is worth is compared with what comparable closed complaints were
//! given; outside the band a second person must approve. The comparables come in as a value.
use kernel::money::{Currency, Money};
use serde::{Deserialize, Serialize};

/// What others were given lately, in minor units: complaints of the same class and severity, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparables {
    pub currency: Currency,
    pub given: Vec<i64>,
}

/// What the house calls fair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Only complaints closed within so many days are compared.
    pub days: u32,
    /// Fewer than these say nothing.
    pub at_least: u32,
    /// Percentiles; inside is from the one to the other, both included.
    pub from_percentile: u32,
    pub to_percentile: u32,
}

/// Why a band is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BandError {
    #[error("days must be 1 to 3650")]
    Days,
    #[error("at_least must be 1 to 1000")]
    AtLeast,
    #[error("from_percentile must be below to_percentile, and that at most 100")]
    Percentiles,
}

/// How a draft compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fairness {
    pub comparables: u32,
    /// The part of them that was given less, those given the same counted half; 0 to 100, rounded down. 0 without any.
    pub percentile: u32,
    /// It lies outside the band, and there were enough to tell.
    pub outside: bool,
}

impl Band {
    /// The most comparables that are looked at: the newest.
    pub const MOST: u32 = 1000;

    /// Checks the numbers.
    pub fn check(self) -> Result<Self, BandError> {
        match () {
            () if !(1..=3650).contains(&self.days) => Err(BandError::Days),
            () if !(1..=Self::MOST).contains(&self.at_least) => Err(BandError::AtLeast),
            () if self.from_percentile >= self.to_percentile || self.to_percentile > 100 => Err(BandError::Percentiles),
            () => Ok(self),
        }
    }

    /// Compares `worth` with what others were given; those of another currency say nothing.
    pub fn judge(self, worth: Money, others: &Comparables) -> Fairness {
        let given = if others.currency == worth.currency { others.given.as_slice() } else { &[] };
        let count = |test: &dyn Fn(&&i64) -> bool| u64::try_from(given.iter().filter(test).count()).unwrap_or(u64::MAX);
        let less_twice = 2 * count(&|other| **other < worth.minor) + count(&|other| **other == worth.minor);
        let comparables = u32::try_from(given.len()).unwrap_or(u32::MAX);
        let all = u64::from(comparables);
        // Exact, so that the border itself is inside: less_twice / (2 * all) against percent / 100.
        let (mark, at) = (100 * less_twice, |percent: u32| 2 * u64::from(percent) * all);
        let beyond = mark < at(self.from_percentile) || mark > at(self.to_percentile);
        let percentile = mark.checked_div(2 * all).and_then(|percent| u32::try_from(percent).ok()).unwrap_or(0);
        Fairness { comparables, percentile, outside: comparables >= self.at_least && beyond }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    const BAND: Band = Band { days: 365, at_least: 20, from_percentile: 10, to_percentile: 90 };

    fn cny(minor: i64) -> Money {
        Money::new(minor, "CNY".parse().unwrap())
    }

    fn judge(minor: i64, given: Vec<i64>) -> Fairness {
        BAND.judge(cny(minor), &Comparables { currency: "CNY".parse().unwrap(), given })
    }

    #[test]
    fn the_border_is_inside_and_few_say_nothing() {
        let hundred = || (1..=100).collect::<Vec<i64>>();
        let outside = |minor| judge(minor, hundred()).outside;
        assert_eq!([outside(10), outside(11), outside(90), outside(91)], [true, false, false, true]);
        assert_eq!(judge(50, hundred()), Fairness { comparables: 100, percentile: 49, outside: false });
        assert_eq!(judge(9_999, vec![1; 19]), Fairness { comparables: 19, percentile: 100, outside: false });
        assert_eq!(judge(9_999, vec![1; 20]), Fairness { comparables: 20, percentile: 100, outside: true });
        assert_eq!(judge(7, vec![7; 20]), Fairness { comparables: 20, percentile: 50, outside: false });
        assert_eq!(judge(7, vec![]), Fairness { comparables: 0, percentile: 0, outside: false });
        let euros = Comparables { currency: "EUR".parse().unwrap(), given: vec![1; 50] };
        assert_eq!(BAND.judge(cny(9_999), &euros), Fairness { comparables: 0, percentile: 0, outside: false });
    }

    #[test]
    fn a_band_has_bounds() {
        let refused = |days, at_least, from_percentile, to_percentile| {
            Band { days, at_least, from_percentile, to_percentile }.check().unwrap_err()
        };
        assert_eq!(BAND.check(), Ok(BAND));
        assert_eq!([refused(0, 1, 1, 2), refused(3651, 1, 1, 2)], [BandError::Days; 2]);
        assert_eq!([refused(1, 0, 1, 2), refused(1, 1001, 1, 2)], [BandError::AtLeast; 2]);
        assert_eq!([refused(1, 1, 2, 2), refused(1, 1, 2, 101)], [BandError::Percentiles; 2]);
    }

    proptest! {
        #[test]
        fn more_is_never_a_lower_percentile(given in prop::collection::vec(0..50i64, 0..60), a in 0..50i64, b in 0..50i64) {
            let (low, high) = (judge(a.min(b), given.clone()), judge(a.max(b), given));
            prop_assert!(low.percentile <= high.percentile && high.percentile <= 100);
        }
    }
}
