//! The `[service.desk]` section: terms of the work on cases.
use anyhow::{bail, ensure};
use backbone::Actor;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::desk::{A_PERSON, person};

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
    /// How long after it was merged a case can come back.
    pub unmerge_within: SignedDuration,
    /// Who may merge cases of different customers.
    leads: Vec<String>,
}

impl Terms {
    /// The terms. Errors: one is no time, or longer than a year; a lead is no person.
    pub fn checked(&self) -> anyhow::Result<Self> {
        let Self { reopen_within, duplicates_within, unmerge_within, leads } = self;
        let terms = [
            ("reopen_within", reopen_within),
            ("duplicates_within", duplicates_within),
            ("unmerge_within", unmerge_within),
        ];
        for (name, term) in terms {
            let sound = *term > SignedDuration::ZERO && *term <= YEAR;
            ensure!(sound, "section [service.desk]: {name} must be above 0 and at most 8784h (a year)");
        }
        if let Some(lead) = leads.iter().find(|lead| person(lead).is_none()) {
            bail!("section [service.desk]: leads: {lead} {A_PERSON}");
        }
        Ok(self.clone())
    }

    /// Whether somebody may merge cases of different customers.
    pub fn is_lead(&self, actor: &Actor) -> bool {
        self.leads.iter().any(|lead| lead == actor.as_str())
    }
}
