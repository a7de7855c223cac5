//! The period a figure is about: half-open, `from` belongs to it and `to` does not. Bounded, so that no question can
//! ask for everything for ever.
use jiff::{SignedDuration, Timestamp};

/// The longest period that can be asked for: three years.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(3 * 366 * 24);

/// `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: Timestamp,
    to: Timestamp,
}

/// Why two instants are no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It would be empty or run backwards.
    #[error("must be later than `from`")]
    Empty,
    /// It would be longer than [`LONGEST`].
    #[error("must be at most three years after `from`")]
    TooLong,
}

impl Period {
    /// From an instant up to, but not including, another.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, Refusal> {
        match from.duration_until(to) {
            length if length <= SignedDuration::ZERO => Err(Refusal::Empty),
            length if length > LONGEST => Err(Refusal::TooLong),
            _ => Ok(Self { from, to }),
        }
    }

    /// The first instant of it.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The first instant after it.
    pub fn to(&self) -> Timestamp {
        self.to
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_period_runs_forward_and_is_bounded() {
        let from: Timestamp = "2017-01-01T00:00:00Z".parse().unwrap();
        let day = SignedDuration::from_hours(24);
        let cases = [
            (from, Err(Refusal::Empty)),
            (from - day, Err(Refusal::Empty)),
            (from + LONGEST + day, Err(Refusal::TooLong)),
            (Timestamp::MAX, Err(Refusal::TooLong)),
            (from + LONGEST, Ok(LONGEST)),
            (from + day, Ok(day)),
        ];
        for (to, expected) in cases {
            assert_eq!(Period::new(from, to).map(|p| p.from().duration_until(p.to())), expected, "{to}");
        }
        assert_eq!(Period::new(Timestamp::MIN, Timestamp::MAX), Err(Refusal::TooLong));
    }
}
