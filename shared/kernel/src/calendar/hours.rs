//! What is worked, as it is written down: by weekday, with other hours or none on single dates, in versions.
//! Invariant of checked hours: no two shifts of a day, or of a day and the night before it, overlap, also where one
//! version follows another.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

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
    /// The years whose holidays are known to be complete in `dates`, as far as the version holds in them.
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
/// `22:00-06:00` (until six in the morning, also `22:00-30:00`), `08:30:15-17:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shift {
    pub from: u32,
    pub to: u32,
}

const DAY: u32 = 24 * 3600;

/// Why hours or calendars cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("{0:?} is not a shift such as 09:00-12:00 or 22:00-06:00: it begins before 24:00 and ends by 48:00")]
    Shift(String),
    #[error("{0:?} is neither a day such as 2026-10-01 nor days such as 2026-10-01/2026-10-07, at most a year of them")]
    Days(String),
    #[error("hours from {version}: shifts of {day} overlap, are not in order, or reach into those of the next day")]
    Overlap { version: Date, day: String },
    #[error("there are two versions valid from {0}")]
    Versions(Date),
    #[error("there is no version")]
    Empty,
    #[error("the years are not years a calendar can have")]
    Years,
    #[error("{0:?} is not a zone such as Asia/Shanghai")]
    Zone(String),
    #[error("{0} is there twice among the dates")]
    DateTwice(Date),
    #[error("{0} lies before the first version and would have no effect")]
    DateBefore(Date),
    #[error("{date} is worked like a {day:?} on which nothing is worked")]
    MakeUp { date: Date, day: Day },
    #[error("calendar {calendar} version {version}: {reason}")]
    In { calendar: String, version: u32, reason: Box<CalendarError> },
    #[error("{0:?} cannot be the name of a calendar: it must not be empty, and the name means something else already")]
    Name(String),
    #[error("there are two calendars {name} version {version}; give one of them another version")]
    NameTwice { name: String, version: u32 },
    #[error("use {number}: there is no calendar called {calendar}")]
    Unknown { number: usize, calendar: String },
    #[error("use {number}: another one holds for the same store, team and channel")]
    UseTwice { number: usize },
    #[error("no use holds everywhere: one must name neither store, team nor channel")]
    NoUse,
}

impl Hours {
    /// The shifts that begin on `date`; none before the first version.
    pub fn of(&self, date: Date) -> &[Shift] {
        let shifts = self.version(date).and_then(|v| v.dates.get(&date).or_else(|| v.week.get(&date.weekday().into())));
        shifts.map_or(&[], Vec::as_slice)
    }

    /// The version that holds on `date`.
    fn version(&self, date: Date) -> Option<&Version> {
        self.versions.iter().filter(|version| version.valid_from <= date).max_by_key(|version| version.valid_from)
    }

    /// Whether the holidays of a year are known: by every version that holds in it.
    pub(super) fn knows(&self, year: i16) -> bool {
        let first = Date::new(year, 1, 1).ok().and_then(|first| self.version(first));
        let later = self.versions.iter().filter(|v| v.valid_from.year() == year);
        let mut holding = first.into_iter().chain(later).peekable();
        holding.peek().is_some() && holding.all(|version| version.years.contains(&year))
    }

    /// Everything that contradicts itself, by place. Dates are compared when the weeks are right, each with the day
    /// before and the day after it; so are the days on which one version takes over from another.
    pub(super) fn problems(&self) -> Vec<CalendarError> {
        if self.versions.is_empty() {
            return vec![CalendarError::Empty];
        }
        let mut froms = BTreeSet::new();
        let mut found: Vec<CalendarError> = Vec::new();
        for version in &self.versions {
            if !froms.insert(version.valid_from) {
                found.push(CalendarError::Versions(version.valid_from));
            }
            found.extend(version.problems());
        }
        if found.is_empty() {
            let special = self.versions.iter().flat_map(|v| v.dates.keys().chain([&v.valid_from]));
            let days: BTreeSet<Date> = special.flat_map(|date| [date.yesterday().unwrap_or(*date), *date]).collect();
            found.extend(days.into_iter().filter_map(|day| self.overlap(day)));
        }
        found
    }

    fn overlap(&self, day: Date) -> Option<CalendarError> {
        let Ok(next) = day.tomorrow() else { return Some(CalendarError::Years) };
        let version = self.version(day).or_else(|| self.version(next))?.valid_from;
        (!in_order(self.of(day), self.of(next))).then(|| CalendarError::Overlap { version, day: day.to_string() })
    }
}

impl Version {
    /// Days of the week whose shifts overlap or reach into the next day's: they follow each other in most weeks.
    fn problems(&self) -> impl Iterator<Item = CalendarError> {
        let week = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
        let of = |day: Day| self.week.get(&day).map_or(&[][..], Vec::as_slice);
        let pairs = week.into_iter().zip(week.into_iter().cycle().skip(1));
        pairs
            .filter(move |(day, next)| !in_order(of(*day), of(*next)))
            .map(|(day, _)| CalendarError::Overlap { version: self.valid_from, day: format!("{day:?}").to_lowercase() })
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
        let to = if to < from { to + DAY } else { to };
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
        let to = if self.to > DAY && self.to - DAY < self.from { self.to - DAY } else { self.to };
        for (mark, second) in [("", self.from), ("-", to)] {
            write!(f, "{mark}{:02}:{:02}", second / 3600, second / 60 % 60)?;
            if second % 60 > 0 {
                write!(f, ":{:02}", second % 60)?;
            }
        }
        Ok(())
    }
}
