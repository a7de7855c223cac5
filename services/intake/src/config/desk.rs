//! The `[service.desk]` section: terms of the work on cases.
use anyhow::ensure;
use jiff::SignedDuration;
use serde::Deserialize;

/// The longest any of the terms can be.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Terms of the work on cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// How long after its end a case can go on.
    pub reopen_within: SignedDuration,
    /// Cases of one customer that came in within this time of each other may be the same.
    pub duplicates_within: SignedDuration,
}

impl Terms {
    /// The terms. Errors: one is no time, or longer than a year.
    pub fn checked(&self) -> anyhow::Result<Self> {
        let Self { reopen_within, duplicates_within } = self;
        for (name, term) in [("reopen_within", reopen_within), ("duplicates_within", duplicates_within)] {
            let sound = *term > SignedDuration::ZERO && *term <= YEAR;
            ensure!(sound, "section [service.desk]: {name} must be above 0 and at most 8784h (a year)");
        }
        Ok(self.clone())
    }
}
