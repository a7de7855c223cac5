//! Calendars as people write them down, and the set of them that is chosen from: by name, or by store, team and channel.
//! Holidays stand beside the weekly hours, not in one version of them, so new hours cannot lose a holiday.
//! Invariant of a prepared set: whatever the place, exactly one calendar holds there.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::RangeInclusive,
    str::FromStr,
    sync::Arc,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Calendar, CalendarError, Day, Hours, Shift, Version};

/// What stands in the place of a calendar's name where a term does not stop for nights and holidays.
pub const ROUND_THE_CLOCK: &str = "round_the_clock";
/// What stands in the place of a calendar's name where the place decides; see [`Calendars::of`].
pub const OF_PLACE: &str = "of_place";
/// The most days `a/b` may name.
const DAYS_MAX: usize = 366;

/// The warning about years of a calendar nobody has said the holidays of, with the way out; none where there are none.
pub fn unknown(calendar: &str, years: &[i16]) -> Option<String> {
    let all: Vec<String> = years.iter().map(ToString::to_string).collect();
    let warning = format!(
        "calendar {calendar} names no holidays of {}: terms then count as if there were none. Copy the calendar, give the \
         copy the next version and the year's dates (`aftercare calendar import --help`), and leave the old one beside it",
        all.join(", ")
    );
    (!years.is_empty()).then_some(warning)
}

/// All calendars of a chain, and where each is used: the content of a calendar file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definitions {
    pub calendars: Vec<Definition>,
    pub uses: Vec<Use>,
}

/// One calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub name: String,
    /// Versions of one calendar stand side by side: the newest is used, and a promise counts in the one it was given in.
    /// Who changes a calendar that promises run in adds a version, and takes the old one out when none does any more.
    #[serde(default = "first")]
    pub version: u32,
    /// Of the IANA database, for example `Asia/Shanghai`.
    pub zone: String,
    #[serde(default)]
    pub dates: Dates,
    pub versions: Vec<Week>,
}

fn first() -> u32 {
    1
}

/// Weekly hours from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    pub valid_from: Date,
    /// `mon` to `sun`; a day that is not named is free.
    pub week: BTreeMap<Day, Vec<Shift>>,
}

/// Dates that are not worked as their weekday is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dates {
    /// The years whose holidays and make-up workdays are all here.
    pub years: Vec<i16>,
    /// Free.
    pub closed: Vec<Days>,
    /// Worked like a weekday: days that make up for a holiday.
    pub make_up: BTreeMap<Day, Vec<Days>>,
    /// Worked at hours of their own.
    pub hours: BTreeMap<Date, Vec<Shift>>,
}

/// A day, or days one after another; the last is part of them. Written `2026-10-01` or `2026-10-01/2026-10-07`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

/// Where a calendar holds; what is not named is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    pub calendar: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// Where something is worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    pub store: Option<&'a str>,
    pub team: Option<&'a str>,
    pub channel: Option<&'a str>,
}

impl Days {
    pub fn iter(self) -> impl Iterator<Item = Date> {
        self.first.series(jiff::Span::new().days(1)).take_while(move |date| *date <= self.last)
    }
}

impl FromStr for Days {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let (first, last) = text.split_once('/').unwrap_or((text, text));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last))
                if (1..=DAYS_MAX).contains(&Days { first, last }.iter().take(DAYS_MAX + 1).count()) =>
            {
                Ok(Self { first, last })
            }
            _ => Err(CalendarError::Days(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Days {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        text.parse()
    }
}

impl From<Days> for String {
    fn from(days: Days) -> Self {
        days.to_string()
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}/{}", self.first, self.last) }
    }
}

impl Dates {
    /// Every date that is named, as often as it is.
    fn all(&self) -> impl Iterator<Item = Date> {
        let days = self.closed.iter().chain(self.make_up.values().flatten()).flat_map(|days| days.iter());
        days.chain(self.hours.keys().copied())
    }

    /// The dates' shifts where the week is worked so.
    fn shifts(&self, week: &BTreeMap<Day, Vec<Shift>>) -> BTreeMap<Date, Vec<Shift>> {
        let closed = self.closed.iter().flat_map(|days| days.iter()).map(|date| (date, Vec::new()));
        let make_up = self.make_up.iter().flat_map(|(day, days)| {
            let shifts = week.get(day).cloned().unwrap_or_default();
            days.iter().flat_map(|days| days.iter()).map(move |date| (date, shifts.clone()))
        });
        closed.chain(make_up).chain(self.hours.clone()).collect()
    }
}

impl Definition {
    /// The same as hours: each version with the dates of its time.
    pub fn hours(&self) -> Hours {
        let version = |week: &Week| {
            let until = self.versions.iter().map(|other| other.valid_from).filter(|from| *from > week.valid_from).min();
            let mut dates = self.dates.shifts(&week.week);
            dates.retain(|date, _| *date >= week.valid_from && until.is_none_or(|until| *date < until));
            Version { valid_from: week.valid_from, week: week.week.clone(), dates, years: self.dates.years.clone() }
        };
        Hours { versions: self.versions.iter().map(version).collect() }
    }

    /// Everything that is wrong with it.
    fn problems(&self) -> Vec<CalendarError> {
        let hours = self.hours();
        let mut found = Vec::new();
        if TimeZone::get(&self.zone).is_err() {
            found.push(CalendarError::Zone(self.zone.clone()));
        }
        found.extend(hours.problems());
        let first = self.versions.iter().map(|week| week.valid_from).min();
        let mut seen = BTreeSet::new();
        for date in self.dates.all() {
            if !seen.insert(date) {
                found.push(CalendarError::DateTwice(date));
            }
            if first.is_some_and(|first| date < first) {
                found.push(CalendarError::DateBefore(date));
            }
        }
        let make_up = self.dates.make_up.iter().flat_map(|(day, days)| days.iter().map(move |days| (*day, *days)));
        let dates = make_up.flat_map(|(day, days)| days.iter().map(move |date| (day, date)));
        let idle = dates.filter(|(_, date)| hours.of(*date).is_empty());
        found.extend(idle.map(|(day, date)| CalendarError::MakeUp { date, day }));
        found
    }

    fn named(&self, reason: CalendarError) -> CalendarError {
        CalendarError::In { calendar: self.name.clone(), version: self.version, reason: Box::new(reason) }
    }
}

impl Use {
    fn holds(&self, place: Place<'_>) -> bool {
        let holds = |limit: &Option<String>, value: Option<&str>| limit.is_none() || limit.as_deref() == value;
        holds(&self.store, place.store) && holds(&self.team, place.team) && holds(&self.channel, place.channel)
    }

    /// The store weighs more than the team, and the team more than the channel.
    fn weight(&self) -> (bool, bool, bool) {
        (self.store.is_some(), self.team.is_some(), self.channel.is_some())
    }

    fn is_same_place(&self, other: &Self) -> bool {
        (&self.store, &self.team, &self.channel) == (&other.store, &other.team, &other.channel)
    }
}

impl Definitions {
    /// The newest version of each calendar: what counts for everything that is promised from now on.
    pub fn newest(&self) -> impl Iterator<Item = &Definition> {
        let older =
            move |one: &Definition| self.calendars.iter().any(|o| o.name == one.name && o.version > one.version);
        self.calendars.iter().filter(move |one| !older(one))
    }

    /// Everything that is wrong, each with its place. Zones are looked up in the machine's zone database.
    pub fn problems(&self) -> Vec<CalendarError> {
        let mut found = Vec::new();
        let mut names = BTreeSet::new();
        for calendar in &self.calendars {
            let name = calendar.name.as_str();
            if name.trim().is_empty() || [ROUND_THE_CLOCK, OF_PLACE].contains(&name) {
                found.push(CalendarError::Name(name.to_owned()));
            }
            if !names.insert((name, calendar.version)) {
                found.push(CalendarError::NameTwice { name: name.to_owned(), version: calendar.version });
            }
            found.extend(calendar.problems().into_iter().map(|problem| calendar.named(problem)));
        }
        for (index, one) in self.uses.iter().enumerate() {
            let number = index + 1;
            if !self.calendars.iter().any(|calendar| calendar.name == one.calendar) {
                found.push(CalendarError::Unknown { number, calendar: one.calendar.clone() });
            }
            if self.uses.iter().take(index).any(|other| other.is_same_place(one)) {
                found.push(CalendarError::UseTwice { number });
            }
        }
        if !self.uses.iter().any(|one| one.weight() == (false, false, false)) {
            found.push(CalendarError::NoUse);
        }
        found
    }
}

/// Calendars that are ready to be asked.
#[derive(Clone, Debug)]
pub struct Calendars {
    /// By name and version.
    named: BTreeMap<String, BTreeMap<u32, Arc<Calendar>>>,
    uses: Vec<(Use, Arc<Calendar>)>,
    everywhere: Arc<Calendar>,
}

impl Calendars {
    /// Makes all calendars ready for all days of `years`. Errors: the first of [`Definitions::problems`]. Whoever
    /// prepares warns of [`Calendars::unknown_years`], loudly.
    pub fn prepare(definitions: &Definitions, years: RangeInclusive<i16>) -> Result<Self, CalendarError> {
        if let Some(problem) = definitions.problems().into_iter().next() {
            return Err(problem);
        }
        let mut named: BTreeMap<String, BTreeMap<u32, Arc<Calendar>>> = BTreeMap::new();
        for calendar in &definitions.calendars {
            let zone = TimeZone::get(&calendar.zone).map_err(|_| CalendarError::Zone(calendar.zone.clone()))?;
            let ready = Calendar::prepare(&calendar.hours(), &zone, years.clone()).map_err(|e| calendar.named(e))?;
            named.entry(calendar.name.clone()).or_default().insert(calendar.version, Arc::new(ready));
        }
        let newest = |one: &Use| named.get(&one.calendar)?.values().next_back();
        let ready = |one: &Use| newest(one).map(|calendar| (one.clone(), Arc::clone(calendar)));
        let mut uses: Vec<_> = definitions.uses.iter().filter_map(ready).collect();
        uses.sort_by_key(|(one, _)| std::cmp::Reverse(one.weight()));
        let everywhere = uses.last().map(|(_, calendar)| Arc::clone(calendar)).ok_or(CalendarError::NoUse)?;
        Ok(Self { named, uses, everywhere })
    }

    /// The calendar of a place: of all that hold there the one that names most of it, the store before the team before
    /// the channel.
    pub fn of(&self, place: Place<'_>) -> &Calendar {
        self.uses.iter().find(|(one, _)| one.holds(place)).map_or(&self.everywhere, |(_, calendar)| calendar)
    }

    /// The name of the calendar of a place.
    pub fn name_of(&self, place: Place<'_>) -> &str {
        self.uses.iter().find(|(one, _)| one.holds(place)).map_or("", |(one, _)| &one.calendar)
    }

    /// The calendar of that name, in its newest version.
    pub fn named(&self, name: &str) -> Option<&Calendar> {
        self.named.get(name)?.values().next_back().map(Arc::as_ref)
    }

    /// The newest version of the calendar of that name.
    pub fn newest(&self, name: &str) -> Option<u32> {
        self.named.get(name)?.keys().next_back().copied()
    }

    /// Exactly this version.
    pub fn version(&self, name: &str, version: u32) -> Option<&Calendar> {
        self.named.get(name)?.get(&version).map(Arc::as_ref)
    }

    /// What whoever serves customers must warn of, loudly: the calendars it counts in of which nobody has said the holidays
    /// of the year of `now` or of the next one.
    pub fn warnings(&self, now: Timestamp, counted: impl Fn(&str) -> bool) -> Vec<String> {
        let this = now.to_zoned(TimeZone::UTC).year();
        let near = |years: &[i16]| -> Vec<i16> {
            years.iter().copied().filter(|year| (this..=this.saturating_add(1)).contains(year)).collect()
        };
        let counted = self.unknown_years().filter(|(name, _)| counted(name));
        counted.filter_map(|(name, years)| unknown(name, &near(years))).collect()
    }

    /// Calendars whose newest version has years nobody has said the holidays of.
    pub fn unknown_years(&self) -> impl Iterator<Item = (&str, &[i16])> {
        let newest = self.named.iter().filter_map(|(name, all)| Some((name.as_str(), all.values().next_back()?)));
        let all = newest.map(|(name, calendar)| (name, calendar.unknown_years()));
        all.filter(|(_, years)| !years.is_empty())
    }
}
