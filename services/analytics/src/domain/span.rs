//! Weeks and months of a zone: what is looked at regularly. A week begins on Monday, a month on its first day, both at
//! the beginning of the day there, so a week may have 167 or 169 hours.
use std::{fmt, str::FromStr};

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::period::Period;

/// How long a regular period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Monday to Monday.
    Week,
    /// First day to first day.
    Month,
}

impl Span {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Week, Self::Month];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Neither of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be week or month")]
pub struct Unknown;

impl FromStr for Span {
    type Err = Unknown;

    fn from_str(word: &str) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|span| span.name() == word).ok_or(Unknown)
    }
}

/// One week or one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regular {
    /// Which of the two.
    pub span: Span,
    /// A Monday, or the first of a month.
    pub first_day: Date,
}

impl Regular {
    /// The one a day belongs to.
    pub fn of(span: Span, day: Date) -> Self {
        let before = match span {
            Span::Week => i64::from(day.weekday().to_monday_zero_offset()),
            Span::Month => i64::from(day.day()) - 1,
        };
        Self { span, first_day: day.saturating_sub(before.days()) }
    }

    /// The last one that is over at an instant.
    pub fn over(span: Span, at: Timestamp, zone: &TimeZone) -> Self {
        Self::of(span, zone.to_datetime(at).date()).previous()
    }

    /// The one before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::of(self.span, self.first_day.saturating_sub(1.day()))
    }

    /// The one after.
    #[must_use]
    pub fn next(self) -> Self {
        let first_day = match self.span {
            Span::Week => self.first_day.saturating_add(1.week()),
            Span::Month => self.first_day.saturating_add(1.month()),
        };
        Self { first_day, ..self }
    }

    /// From its first instant in the zone up to the first of the next one; `None` at the end of time.
    pub fn period(self, zone: &TimeZone) -> Option<Period> {
        let begin = |day: Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
        Period::new(begin(self.first_day)?, begin(self.next().first_day)?).ok()
    }

    /// The id of its analysis: there is one.
    pub fn analysis_id(self) -> Uuid {
        kernel::id::derived("complaint_analysis", &[self.span.name(), &self.first_day.to_string()])
    }
}

/// The days of a period, for rates where nothing better is known.
pub fn days(period: Period) -> f64 {
    period.from().duration_until(period.to()).as_secs_f64() / 86_400.0
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn period(span: Span, at: &str, zone: &str) -> (Period, Regular) {
        let zone = TimeZone::get(zone).unwrap();
        let over = Regular::over(span, at.parse().unwrap(), &zone);
        (over.period(&zone).unwrap(), over)
    }

    #[test]
    fn the_last_week_and_month_are_those_of_the_zone() {
        for (span, at, zone, from, to) in [
            // Monday in Shanghai, Sunday in London still
            (Span::Week, "2026-03-01T16:00:00Z", "Asia/Shanghai", "2026-02-22T16:00:00Z", "2026-03-01T16:00:00Z"),
            (Span::Week, "2026-03-01T16:00:00Z", "Europe/London", "2026-02-16T00:00:00Z", "2026-02-23T00:00:00Z"),
            (Span::Month, "2026-03-01T00:00:00Z", "UTC", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            (Span::Month, "2026-02-28T23:59:59Z", "UTC", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ] {
            let (period, regular) = period(span, at, zone);
            assert_eq!((period.from().to_string(), period.to().to_string()), (from.into(), to.into()), "{at} {zone}");
            assert_eq!(regular.next().previous(), regular);
        }
    }

    #[test]
    fn a_week_with_a_change_of_the_clock_has_an_hour_less() {
        let (period, _) = period(Span::Week, "2026-03-30T12:00:00Z", "Europe/Berlin");
        assert_eq!(days(period), 167.0 / 24.0);
    }

    #[test]
    fn an_analysis_has_the_same_id_always_and_another_for_each_period() {
        let week = Regular::of(Span::Week, "2026-03-04".parse().unwrap());
        assert_eq!(week.first_day.to_string(), "2026-03-02");
        let others = [week.next(), week.previous(), Regular { span: Span::Month, ..week }];
        assert!(others.iter().all(|other| other.analysis_id() != week.analysis_id()));
        assert_eq!(week.analysis_id(), Regular::of(Span::Week, week.first_day).analysis_id());
        assert_eq!("month".parse(), Ok(Span::Month));
        assert_eq!("year".parse::<Span>(), Err(Unknown));
    }
}
