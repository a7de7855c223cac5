//! The escalation ladder: which trigger begins at which level, how long a level has to acknowledge before the next one
//! must look, and when nobody is to be disturbed. It is data, fixed for a complaint when it is recorded.
//! Invariant: quiet hours hold back a notification, never an escalation.
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use kernel::money::Money;
use serde::{Deserialize, Serialize};

use super::{
    escalation::{Level, Trigger},
    values::Severity,
};

/// What is raised when, and to whom. The default raises everything to management and nothing ahead of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// Where a trigger begins; at management when it is not named.
    pub first: BTreeMap<Trigger, Level>,
    pub rungs: Rungs,
    /// Of the promises broken in one complaint, the so-manyeth is management's, and each before it begins a level higher
    /// than the one before (R-CMP-13); 0: each begins where the first does.
    #[serde(default)]
    pub management_from_breach: u32,
    /// A department is warned after so much of its time; 0: never.
    pub warn_percent: u8,
    /// So long the complaint manager has to accept or return a department's answer; nothing: all the time there is.
    #[serde(default)]
    pub accept_within: SignedDuration,
    /// A complaint judged this grave, or graver, is raised.
    pub severity_from: Option<Severity>,
    /// A solution that costs more, with what was given before, is raised: minor units by currency.
    pub amount_over: BTreeMap<String, i64>,
}

/// How an escalation climbs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rungs {
    /// What a level has to acknowledge in; a level that is not named has all the time there is.
    pub acknowledge_within: BTreeMap<Level, SignedDuration>,
    pub quiet: Option<Quiet>,
}

/// Hours of the day in which nobody is disturbed; over midnight when `from` is after `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    pub from: Time,
    pub to: Time,
    /// A zone of the IANA database; UTC when this machine does not know it.
    pub zone: String,
}

impl Ladder {
    /// The level a trigger begins at.
    pub fn first(&self, trigger: Trigger) -> Level {
        self.first.get(&trigger).copied().unwrap_or_default()
    }

    /// The level the trigger of a broken promise begins at where `before` others of the complaint were broken before it.
    pub fn again(&self, trigger: Trigger, before: u32) -> Level {
        let up = |level: Level, _| level.above().unwrap_or(level);
        match self.management_from_breach {
            0 => self.first(trigger),
            last if before + 1 >= last => Level::Management,
            _ => (0..before).fold(self.first(trigger), up),
        }
    }

    /// Whether a complaint this grave is raised.
    pub fn grave(&self, severity: Severity) -> bool {
        self.severity_from.is_some_and(|from| severity >= from)
    }

    /// Whether an amount is above the limit of its currency.
    pub fn costly(&self, worth: Money) -> bool {
        self.amount_over.get(worth.currency.code()).is_some_and(|limit| worth.minor > *limit)
    }
}

impl Rungs {
    /// When a notification of something that came at `at` may be given.
    pub fn notify_at(&self, at: Timestamp) -> Timestamp {
        self.quiet.as_ref().map_or(at, |quiet| quiet.over(at))
    }
}

impl Quiet {
    /// The first instant from `at` on that is not quiet.
    fn over(&self, at: Timestamp) -> Timestamp {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let local = at.to_zoned(zone.clone());
        let (time, overnight) = (local.time(), self.from > self.to);
        let (evening, morning) = (time >= self.from, time < self.to);
        let quiet = if overnight { evening || morning } else { evening && morning };
        if !quiet {
            return at;
        }
        let day = if overnight && evening { local.date().tomorrow() } else { Ok(local.date()) };
        let end = day.and_then(|day| day.to_datetime(self.to).to_zoned(zone));
        end.map_or(at, |end| end.timestamp().max(at))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn quiet(from: &str, to: &str, zone: &str) -> Rungs {
        let quiet = Quiet { from: from.parse().unwrap(), to: to.parse().unwrap(), zone: zone.into() };
        Rungs { quiet: Some(quiet), ..Rungs::default() }
    }

    #[test]
    fn quiet_hours_hold_a_notification_back_until_they_are_over() {
        let night = quiet("22:00", "07:00", "Asia/Shanghai");
        let noon = quiet("12:00", "13:30", "Asia/Shanghai");
        for (rungs, at, told) in [
            (&night, "2026-02-16T21:59:59+08:00", "2026-02-16T21:59:59+08:00"),
            (&night, "2026-02-16T22:00:00+08:00", "2026-02-17T07:00:00+08:00"),
            (&night, "2026-02-17T00:00:00+08:00", "2026-02-17T07:00:00+08:00"),
            (&night, "2026-02-17T06:59:59+08:00", "2026-02-17T07:00:00+08:00"),
            (&night, "2026-02-17T07:00:00+08:00", "2026-02-17T07:00:00+08:00"),
            (&noon, "2026-02-17T12:30:00+08:00", "2026-02-17T13:30:00+08:00"),
            (&noon, "2026-02-17T13:30:00+08:00", "2026-02-17T13:30:00+08:00"),
        ] {
            assert_eq!(rungs.notify_at(at.parse().unwrap()), told.parse().unwrap(), "{at}");
        }
        let at = "2026-03-29T00:30:00+01:00".parse().unwrap();
        let told = quiet("22:00", "07:00", "Europe/Berlin").notify_at(at);
        assert_eq!(told, "2026-03-29T07:00:00+02:00".parse().unwrap(), "a night that clocks make shorter");
        assert_eq!(Rungs::default().notify_at(at), at);
    }

    #[test]
    fn limits_are_those_of_each_currency_and_equality_is_within() {
        let ladder = Ladder { amount_over: BTreeMap::from([("CNY".into(), 500)]), ..Ladder::default() };
        let costly = |minor, currency: &str| ladder.costly(Money::new(minor, currency.parse().unwrap()));
        assert!(!costly(500, "CNY") && costly(501, "CNY"));
        assert!(!costly(9_999, "EUR"), "no limit is set for it");
    }
}
