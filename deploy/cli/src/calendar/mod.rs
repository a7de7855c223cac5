//! `aftercare calendar`: whether a calendar file is right, holidays out of other programs, and trying working time out.
//! Invariant: no system is asked or needed, and no file is written.
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use kernel::calendar::{CHINA, Day, Definitions};

use crate::output::Output;

mod check;
pub use check::unknown;
mod import;
mod term;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare calendar check shops.toml
  aftercare calendar import holidays-2027.ics
  aftercare calendar add 2026-02-13T17:00 9h
  aftercare calendar between 2026-02-13T17:00 2026-02-24T09:30 --file shops.toml --name hotline")]
pub struct CalendarArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Say what is wrong with a file of calendars and where, or what is worked in a year. Exit code 1 when it is wrong.
    #[command(after_help = "Examples:
  aftercare calendar check                            the shipped one: China, this year
  aftercare calendar check shops.toml --year 2026
  aftercare --json calendar check shops.toml | jq '.calendars[].unknown_years'

The shipped file shows the form: shared/kernel/calendars/china.toml.")]
    Check {
        /// TOML; the shipped calendar of China when not told.
        file: Option<PathBuf>,
        /// The year to show; this one when not told.
        #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1900..=2200))]
        year: Option<i16>,
    },
    /// Make the dates of a calendar file out of holidays that another program wrote; they go to standard output.
    #[command(after_help = "Examples:
  aftercare calendar import holidays-2027.ics                all-day events of an iCalendar file
  aftercare calendar import days.csv --like fri >> shops.toml

iCalendar: an all-day event is closed; one that X-APPLE-SPECIAL-DAY calls ALTERNATE-WORKDAY, or whose summary holds 班
or workday, is worked. Every event stands beside its dates: read them, a feed may hold days on which nobody is free.

CSV columns, in any order: date (2027-02-06, or 2027-02-06/2027-02-12), kind (closed or worked), [intervals] (of a
worked day: 09:00-12:00 13:00-18:00; empty when it is worked like the weekday of --like).")]
    Import {
        /// iCalendar or CSV; told apart by what is in it.
        file: PathBuf,
        /// The weekday as which days are worked that make up for a holiday.
        #[arg(long, value_name = "WEEKDAY", default_value = "mon", value_parser = weekday)]
        like: Day,
    },
    /// When a term of working time ends.
    Add {
        /// An instant, or the local time of the calendar's zone: 2026-02-13T17:00.
        start: String,
        /// Working time, such as 90m or 9h.
        term: String,
        #[command(flatten)]
        of: Of,
    },
    /// How much working time lies between two instants.
    Between {
        /// An instant, or the local time of the calendar's zone: 2026-02-13T17:00.
        from: String,
        /// As FROM.
        to: String,
        #[command(flatten)]
        of: Of,
    },
}

/// The calendar that is asked.
#[derive(Debug, Args)]
pub struct Of {
    /// A file of calendars; the shipped calendar of China when not told.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// One of its calendars, in its newest version; the one that is used everywhere when not told.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// `aftercare calendar check | import | add | between`.
pub fn run(options: &CalendarArgs, output: Output) -> anyhow::Result<ExitCode> {
    match &options.what {
        What::Check { file, year } => check::run(file.as_deref(), *year, output),
        What::Import { file, like } => import::run(file, *like, output),
        What::Add { start, term, of } => term::add(of, start, term, output),
        What::Between { from, to, of } => term::between(of, from, to, output),
    }
}

/// The calendars of a file, or the shipped ones. Errors: it cannot be read, or is not in the form; the line is named.
pub fn read(file: Option<&Path>) -> anyhow::Result<Definitions> {
    let Some(file) = file else { return toml::from_str(CHINA).context("the shipped calendar") };
    let text = text(file)?;
    toml::from_str(&text).with_context(|| file.display().to_string())
}

/// What a file holds. Errors: it cannot be read, or is no UTF-8 from a line on.
fn text(file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
        Err(error) => {
            let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            bail!("{}: line {}: not UTF-8", file.display(), 1 + good.filter(|byte| **byte == b'\n').count())
        }
    }
}

fn weekday(text: &str) -> Result<Day, String> {
    let day = toml::Value::String(text.to_lowercase()).try_into();
    day.map_err(|_: toml::de::Error| "mon, tue, wed, thu, fri, sat or sun".to_owned())
}
