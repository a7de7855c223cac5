//! Working time: when a term that starts now ends, and how much of it lies between two instants. A calendar is data
//! ([`Definition`], [`Hours`]): what is worked each weekday, what is different on single dates, in which zone, from which
//! day on; it is made ready for a range of years ([`Calendar::prepare`]) and then answers in O(log n). A chain has a set
//! of them ([`Calendars`]).
//! Laws: `between(a, add(a, s)) = s` · `add(add(a, s), r) = add(a, s + r)` · `between` adds up and never shrinks · round the
//! clock is plain time. What pauses take away, a promise counts.
use std::{ops::RangeInclusive, sync::LazyLock, time::Duration};

use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};

pub use {
    hours::{CalendarError, Day, Hours, Shift, Version},
    set::{Calendars, Dates, Days, Definition, Definitions, OF_PLACE, Place, ROUND_THE_CLOCK, Use, Week, unknown},
};

mod hours;
mod set;

/// The calendar of China with the public holidays and make-up workdays of 2025 and 2026, as TOML for [`Definitions`].
pub const CHINA: &str = include_str!("../../calendars/china.toml");

/// The end of a term of `working` time that starts at `start`, round the clock. A term beyond the last time that can
/// be written down ends there.
pub fn add(start: Timestamp, working: SignedDuration) -> Timestamp {
    start.checked_add(working).unwrap_or(if working.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// A term or an instant reaches beyond the years the calendar was made ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the calendar reaches from {from} to {to} only; give it the hours of more years")]
pub struct Beyond {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Working time, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// In order, apart from each other, none empty.
    stretches: Vec<Stretch>,
    from: Timestamp,
    to: Timestamp,
    unknown: Vec<i16>,
}

/// A stretch of working time without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    /// All working time before it.
    before: Duration,
}

impl Calendar {
    /// Makes the hours ready for all days of `years`. Errors: the hours contradict themselves; the error names where.
    pub fn prepare(hours: &Hours, zone: &TimeZone, years: RangeInclusive<i16>) -> Result<Self, CalendarError> {
        if let Some(problem) = hours.problems().into_iter().next() {
            return Err(problem);
        }
        let first = Date::new(*years.start(), 1, 1).map_err(|_| CalendarError::Years)?;
        let end = years.end().checked_add(1).and_then(|year| Date::new(year, 1, 1).ok()).ok_or(CalendarError::Years)?;
        let instant = |date: Date, second: u32| {
            let local = date.to_datetime(jiff::civil::Time::midnight()).checked_add(Span::new().seconds(second));
            local.and_then(|local| zone.to_timestamp(local)).map_err(|_| CalendarError::Years)
        };
        let (from, to) = (instant(first, 0)?, instant(end, 0)?);
        let mut stretches: Vec<Stretch> = Vec::new();
        // The night shift of the day before reaches into the first day.
        let mut date = first.yesterday().map_err(|_| CalendarError::Years)?;
        while date < end {
            for shift in hours.of(date) {
                join(&mut stretches, instant(date, shift.from)?.max(from), instant(date, shift.to)?.min(to));
            }
            date = date.tomorrow().map_err(|_| CalendarError::Years)?;
        }
        Ok(Self { stretches, from, to, unknown: years.filter(|year| !hours.knows(*year)).collect() })
    }

    /// Plain time, without a night or a holiday, as far as instants can be written down.
    pub fn round_the_clock() -> &'static Self {
        static ALWAYS: LazyLock<Calendar> = LazyLock::new(|| {
            let (from, to) = (Timestamp::MIN, Timestamp::MAX);
            Calendar { stretches: vec![Stretch { from, to, before: Duration::ZERO }], from, to, unknown: Vec::new() }
        });
        &ALWAYS
    }

    /// Years the calendar was made ready for although nobody has said which of their days are holidays. Whoever prepares
    /// a calendar must warn of them, loudly.
    pub fn unknown_years(&self) -> &[i16] {
        &self.unknown
    }

    /// Whether work goes on at `at`; a stretch's end is not part of it.
    pub fn is_working(&self, at: Timestamp) -> bool {
        self.stretch_after(at).is_some_and(|stretch| stretch.from <= at)
    }

    /// The first instant at which `working` time has passed since `start`.
    pub fn add(&self, start: Timestamp, working: Duration) -> Result<Timestamp, Beyond> {
        self.within(start)?;
        if working.is_zero() {
            return Ok(start);
        }
        let first = self.stretch_after(start).ok_or(self.beyond())?;
        // Most terms end in the stretch they begin in, and round the clock all do.
        let soon = first.from.max(start).checked_add(working).ok().filter(|end| *end <= first.to);
        if let Some(end) = soon {
            return Ok(end);
        }
        let wanted = (first.before + length(first.from, start)).checked_add(working).ok_or(self.beyond())?;
        let index = self.stretches.partition_point(|stretch| stretch.before < wanted);
        let last = index.checked_sub(1).and_then(|index| self.stretches.get(index)).ok_or(self.beyond())?;
        let end = last.from.checked_add(wanted - last.before).map_err(|_| self.beyond())?;
        if end <= last.to { Ok(end) } else { Err(self.beyond()) }
    }

    /// The working time from `a` to `b`; none when `b` is not after `a`.
    pub fn between(&self, a: Timestamp, b: Timestamp) -> Result<Duration, Beyond> {
        Ok(self.worked(b)?.saturating_sub(self.worked(a)?))
    }

    /// All working time before `at`, since the calendar begins.
    pub(crate) fn worked(&self, at: Timestamp) -> Result<Duration, Beyond> {
        self.within(at)?;
        Ok(match self.stretch_after(at) {
            Some(stretch) => stretch.before + length(stretch.from, at),
            None => self.stretches.last().map_or(Duration::ZERO, |last| last.before + length(last.from, last.to)),
        })
    }

    /// The stretch that ends after `at` and is the first to do so.
    fn stretch_after(&self, at: Timestamp) -> Option<&Stretch> {
        self.stretches.get(self.stretches.partition_point(|stretch| stretch.to <= at))
    }

    fn within(&self, at: Timestamp) -> Result<(), Beyond> {
        if (self.from..=self.to).contains(&at) { Ok(()) } else { Err(self.beyond()) }
    }

    fn beyond(&self) -> Beyond {
        Beyond { from: self.from, to: self.to }
    }
}

/// Adds a stretch, one with those that end in it or where it begins: clocks that are put forward or back may push a shift
/// into the next, or before those that came before it.
fn join(stretches: &mut Vec<Stretch>, mut from: Timestamp, mut to: Timestamp) {
    if to <= from {
        return;
    }
    while let Some(last) = stretches.pop_if(|last| from <= last.to) {
        (from, to) = (from.min(last.from), to.max(last.to));
    }
    let before = stretches.last().map_or(Duration::ZERO, |last| last.before + length(last.from, last.to));
    stretches.push(Stretch { from, to, before });
}

/// From `a` to `b`; nothing when `b` is before `a`.
fn length(a: Timestamp, b: Timestamp) -> Duration {
    Duration::try_from(b.duration_since(a)).unwrap_or_default()
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "set_tests.rs"]
mod set_tests;
