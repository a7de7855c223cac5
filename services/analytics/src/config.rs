//! The service's own configuration section, checked before anything is served.
use anyhow::{Context as _, ensure};
use backbone::{Context, config};
use jiff::SignedDuration;
use kernel::{
    calendar,
    sla::{self, Facts, Kind, Levels},
};
use serde::Deserialize;

use crate::{analyst, domain::figure::Pickup};

/// The `[service]` section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// See [`analyst::Analyst`].
    pub analysis: analyst::Settings,
    #[serde(default)]
    levels: sla::Files,
    hotline: Hotline,
    on_record: OnRecord,
}

/// The `[service.hotline]` section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hotline {
    given_up_at_once: SignedDuration,
}

/// The `[service.on_record]` section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnRecord {
    late_after: SignedDuration,
}

impl Config {
    /// Reads the section.
    pub fn read(context: &Context) -> anyhow::Result<Self> {
        context.config()
    }

    /// After how long a contact is put on record late (R-INT-04). Errors: what is wrong with it.
    pub fn late_after(&self) -> anyhow::Result<SignedDuration> {
        let late_after = self.on_record.late_after;
        ensure!(
            late_after >= SignedDuration::ZERO && late_after <= SignedDuration::from_hours(24 * 31),
            "configuration, section [service.on_record]: late_after must be 0s to 744h"
        );
        Ok(late_after)
    }

    /// What the service levels promise of calls to the hotline (R-INT-14); none where they measure nothing. Errors: what
    /// is wrong with them, or with the section.
    pub fn hotline(&self) -> anyhow::Result<Option<Pickup>> {
        let given_up = self.hotline.given_up_at_once;
        ensure!(
            given_up >= SignedDuration::ZERO && given_up <= SignedDuration::from_mins(1),
            "configuration, section [service.hotline]: given_up_at_once must be 0s to 1m"
        );
        let policy = config::document(self.levels.policy.as_deref(), sla::DEFAULT)?;
        let calendars = config::document(self.levels.calendars.as_deref(), calendar::CHINA)?;
        let levels = Levels::prepare(policy, &calendars).context("section [service.levels]")?;
        let hotline = Facts { channel: Some("hotline"), ..Facts::default() };
        let rate = levels.policy().rate(Kind::Pickup, hotline);
        let seconds = |of: SignedDuration| u32::try_from(of.as_secs()).unwrap_or(u32::MAX);
        Ok(rate.map(|rate| Pickup {
            within_s: seconds(rate.within),
            percent: rate.percent,
            given_up_s: seconds(given_up),
        }))
    }
}
