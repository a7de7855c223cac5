//! `[service.escalation]`: who must look when something goes wrong, and by when.
use std::collections::BTreeMap;

use anyhow::ensure;
use jiff::tz::TimeZone;
use kernel::money::Currency;
use serde::Deserialize;

use super::term;
use crate::domain::{
    escalation::{Level, Trigger},
    ladder::{Ladder, Quiet, Rungs},
    values::Severity,
};

/// The section as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    warn_department_at_percent: u8,
    accept_answer_within_hours: i64,
    management_from_breach: u32,
    severity_from: Severity,
    first_level: BTreeMap<Trigger, Level>,
    acknowledge_within_hours: BTreeMap<Level, i64>,
    quiet_hours: Option<Quiet>,
    amount_over: BTreeMap<String, i64>,
}

impl Section {
    /// Checks it. Errors name the place.
    pub fn ladder(self) -> anyhow::Result<Ladder> {
        let wrong = "configuration, section [service.escalation]";
        for trigger in Trigger::ALL {
            ensure!(self.first_level.contains_key(&trigger), "{wrong}: first_level names no level for {trigger:?}");
        }
        for trigger in [Trigger::InvestigationLate, Trigger::Dissatisfied] {
            let management = self.first_level.get(&trigger) == Some(&Level::Management);
            ensure!(management, "{wrong}: {trigger:?} must be management's at once (R-CMP-12, R-CMP-13)");
        }
        ensure!(self.warn_department_at_percent < 100, "{wrong}: warn_department_at_percent must be 0 to 99");
        ensure!(self.management_from_breach <= 10, "{wrong}: management_from_breach must be 0 (never) to 10");
        let top = self.acknowledge_within_hours.contains_key(&Level::Management);
        ensure!(!top, "{wrong}: acknowledge_within_hours names management, but there is nobody above it");
        let mut acknowledge_within = BTreeMap::new();
        for (level, hours) in self.acknowledge_within_hours {
            acknowledge_within.insert(level, term("escalation.acknowledge_within_hours", hours, 1..=30 * 24)?);
        }
        if let Some(quiet) = &self.quiet_hours {
            ensure!(
                TimeZone::get(&quiet.zone).is_ok(),
                "{wrong}: quiet_hours.zone is not a zone such as Asia/Shanghai"
            );
        }
        for currency in self.amount_over.keys() {
            ensure!(currency.parse::<Currency>().is_ok(), "{wrong}: amount_over.{currency} is no currency such as CNY");
        }
        Ok(Ladder {
            // Management is where everything begins that is not named.
            first: self.first_level.into_iter().filter(|(_, level)| *level != Level::Management).collect(),
            rungs: Rungs { acknowledge_within, quiet: self.quiet_hours },
            management_from_breach: self.management_from_breach,
            warn_percent: self.warn_department_at_percent,
            accept_within: term("escalation.accept_answer_within_hours", self.accept_answer_within_hours, 1..=30 * 24)?,
            severity_from: Some(self.severity_from),
            amount_over: self.amount_over,
        })
    }
}
