//! What is worked, as it is written down: by weekday, with other hours or none on single dates, in versions.
//! Invariant of checked hours: no two shifts of a day, or of a day and the night before it, overlap.
use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Hours over all time: the version of a day is the last that is valid from that day or an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    pub versions: Vec<Version>,
}

/// Hours from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    pub valid_from: Date,
    /// The shifts that begin on a weekday, `mon` to `sun`; a day that is not named is free.
    pub week: BTreeMap<Day, Vec<Shift>>,
    /// The shifts that begin on single dates, instead of the week's; none for a holiday. A day that is worked to make up
    /// for a holiday has its shifts here.
    #[serde(default)]
    pub dates: BTreeMap<Date, Vec<Shift>>,
    /// The years whose holidays are known to be complete in `dates`.
    #[serde(default)]
    pub years: Vec<i16>,
}

/// A weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// From a second of the local day up to, and not with, another; beyond 24:00 it is the next day. Written `09:00-12:00`,
/// `22:00-30:00` (until six in the morning), `08:30:15-17:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shift {
    pub from: u32,
    pub to: u32,
}

const DAY: u32 = 24 * 3600;

/// Why hours cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("{0:?} is not a shift such as 09:00-12:00 that begins before 24:00 and ends after it begins, by 48:00")]
    Shift(String),
    #[error("version of {version}: shifts of {day} overlap, are not in order, or reach into those of the next day")]
    Overlap { version: Date, day: String },
    #[error("there are two versions valid from {0}")]
    Versions(Date),
    #[error("there is no version")]
    Empty,
    #[error("the years are not years a calendar can have")]
    Years,
}

impl Hours {
    /// The shifts that begin on `date`; none before the first version.
    pub(super) fn of(&self, date: Date) -> &[Shift] {
        let version = self.versions.iter().filter(|version| version.valid_from <= date).max_by_key(|v| v.valid_from);
        let shifts = version.and_then(|v| v.dates.get(&date).or_else(|| v.week.get(&date.weekday().into())));
        shifts.map_or(&[], Vec::as_slice)
    }

    /// Whether the holidays of a year are known.
    pub(super) fn knows(&self, year: i16) -> bool {
        self.versions.iter().any(|version| version.years.contains(&year))
    }

    pub(super) fn check(&self) -> Result<(), CalendarError> {
        if self.versions.is_empty() {
            return Err(CalendarError::Empty);
        }
        for (index, version) in self.versions.iter().enumerate() {
            if self.versions.iter().skip(index + 1).any(|other| other.valid_from == version.valid_from) {
                return Err(CalendarError::Versions(version.valid_from));
            }
            version.check()?;
        }
        Ok(())
    }
}

impl Version {
    /// Every day's shifts by themselves, and each date that is different together with the day after it. Two days of the
    /// week are always compared: they follow each other in most weeks.
    fn check(&self) -> Result<(), CalendarError> {
        let overlap = |day: String| Err(CalendarError::Overlap { version: self.valid_from, day });
        let week = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
        let of_week = |day: &Day| self.week.get(day).map_or(&[][..], Vec::as_slice);
        for (day, next) in week.iter().zip(week.iter().cycle().skip(1)) {
            if !in_order(of_week(day), of_week(next)) {
                return overlap(format!("{day:?}").to_lowercase());
            }
        }
        for (date, shifts) in &self.dates {
            let next = date.tomorrow().map_err(|_| CalendarError::Years)?;
            let of_next = self.dates.get(&next).map_or_else(|| of_week(&next.weekday().into()), Vec::as_slice);
            let before = date.yesterday().map_err(|_| CalendarError::Years)?;
            let of_before = self.dates.get(&before).map_or_else(|| of_week(&before.weekday().into()), Vec::as_slice);
            if !in_order(shifts, of_next) {
                return overlap(date.to_string());
            }
            if !in_order(of_before, shifts) {
                return overlap(before.to_string());
            }
        }
        Ok(())
    }
}

/// Whether shifts follow each other without touching those of the next day before they begin.
fn in_order(shifts: &[Shift], next: &[Shift]) -> bool {
    let within = shifts.windows(2).all(|pair| matches!(pair, [a, b] if a.to <= b.from));
    let last = shifts.iter().map(|shift| shift.to).max().unwrap_or(0);
    within && next.first().is_none_or(|first| last <= first.from + DAY)
}

impl FromStr for Shift {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let wrong = || CalendarError::Shift(text.to_owned());
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let (from, to) = (second(from).ok_or_else(wrong)?, second(to).ok_or_else(wrong)?);
        if from < to && from < DAY && to <= 2 * DAY { Ok(Self { from, to }) } else { Err(wrong()) }
    }
}

/// `09:30` or `09:30:15` as the second of the day.
fn second(text: &str) -> Option<u32> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let (2 | 3) = parts.len() else { return None };
    let two_digits = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !parts.iter().all(two_digits) {
        return None;
    }
    let mut numbers = parts.iter().map(|part| part.parse::<u32>().unwrap_or(u32::MAX));
    let (hours, minutes, seconds) = (numbers.next()?, numbers.next()?, numbers.next().unwrap_or(0));
    (minutes < 60 && seconds < 60).then(|| hours * 3600 + minutes * 60 + seconds)
}

impl TryFrom<String> for Shift {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        text.parse()
    }
}

impl From<Shift> for String {
    fn from(shift: Shift) -> Self {
        shift.to_string()
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (mark, second) in [("", self.from), ("-", self.to)] {
            write!(f, "{mark}{:02}:{:02}", second / 3600, second / 60 % 60)?;
            if second % 60 > 0 {
                write!(f, ":{:02}", second % 60)?;
            }
        }
        Ok(())
    }
}
