//! `aftercare calendar check`: what is wrong with a file of calendars, or what is worked in a year.
use std::{path::Path, process::ExitCode};

use jiff::{
    SignedDuration, ToSpan,
    civil::{Date, date},
    tz::TimeZone,
};
use kernel::calendar::{Calendar, CalendarError, Definition};
use serde::Serialize;

use crate::output::{Output, Report, table};

/// Checks the calendars of `file` and shows `year`, or this one. The exit code is 1 when something is wrong.
pub fn run(file: Option<&Path>, year: Option<i16>, output: Output) -> anyhow::Result<ExitCode> {
    let definitions = super::read(file)?;
    let problems: Vec<String> = definitions.problems().iter().map(ToString::to_string).collect();
    let year = year.unwrap_or_else(|| backbone::Clock::system().now().to_zoned(TimeZone::UTC).year());
    let wrong = !problems.is_empty();
    let calendars: Result<Vec<Year>, CalendarError> =
        if wrong { Ok(vec![]) } else { definitions.calendars.iter().map(|one| Year::of(one, year)).collect() };
    let checked = Checked { problems, calendars: calendars? };
    output.show(&checked)?;
    let newest = |one: &&Year| definitions.newest().any(|it| it.name == one.calendar && it.version == one.version);
    for one in checked.calendars.iter().filter(newest) {
        if let Some(warning) = unknown(&one.calendar, &one.unknown_years) {
            output.note(&warning);
        }
    }
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The warning about years nobody has said the holidays of.
pub fn unknown(calendar: &str, years: &[i16]) -> Option<String> {
    kernel::calendar::unknown(calendar, years).map(|warning| format!("WARNING: {warning}"))
}

#[derive(Serialize)]
struct Checked {
    problems: Vec<String>,
    calendars: Vec<Year>,
}

/// What is worked in a year.
#[derive(Serialize)]
struct Year {
    calendar: String,
    version: u32,
    zone: String,
    year: i16,
    /// Days on which a shift begins.
    working_days: Vec<Date>,
    working_hours: f64,
    /// Dates that the file names, and what becomes of them.
    closed: Vec<Date>,
    worked: Vec<Date>,
    /// Of this year and the next.
    unknown_years: Vec<i16>,
}

impl Year {
    fn of(definition: &Definition, year: i16) -> Result<Self, CalendarError> {
        let hours = definition.hours();
        let zone = TimeZone::get(&definition.zone).map_err(|_| CalendarError::Zone(definition.zone.clone()))?;
        let ready = Calendar::prepare(&hours, &zone, year..=year + 1)?;
        let days = || date(year, 1, 1).series(1.day()).take_while(|day| day.year() == year);
        let start = |day: Date| zone.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| CalendarError::Years);
        let worked = ready.between(start(date(year, 1, 1))?, start(date(year + 1, 1, 1))?).unwrap_or_default();
        let named = |is_closed: bool| {
            let dates = hours.versions.iter().flat_map(|version| &version.dates);
            let dates = dates.filter(|(date, shifts)| date.year() == year && shifts.is_empty() == is_closed);
            dates.map(|(date, _)| *date).collect()
        };
        Ok(Self {
            calendar: definition.name.clone(),
            version: definition.version,
            zone: definition.zone.clone(),
            year,
            working_days: days().filter(|day| !hours.of(*day).is_empty()).collect(),
            working_hours: SignedDuration::try_from(worked).unwrap_or_default().as_secs_f64() / 3600.0,
            closed: named(true),
            worked: named(false),
            unknown_years: ready.unknown_years().to_vec(),
        })
    }

    fn text(&self) -> String {
        let of_month = |month: i8| self.working_days.iter().filter(move |day| day.month() == month);
        let months = (1..=12).map(|month| {
            let days: Vec<String> = of_month(month).map(|day| day.day().to_string()).collect();
            vec![format!("{}-{month:02}", self.year), days.len().to_string(), days.join(" ")]
        });
        let list = |dates: &[Date]| dates.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        format!(
            "{} version {} ({}), {}: {} working days, {} hours\n{}\nclosed  {}\nworked  {}",
            self.calendar,
            self.version,
            self.zone,
            self.year,
            self.working_days.len(),
            self.working_hours,
            table(&["month", "days", "which"], months),
            list(&self.closed),
            list(&self.worked)
        )
    }
}

impl Report for Checked {
    fn text(&self) -> String {
        let good = self.calendars.iter().map(Year::text);
        self.problems.iter().map(|problem| format!("wrong: {problem}")).chain(good).collect::<Vec<_>>().join("\n")
    }
}
