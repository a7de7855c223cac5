//! `aftercare calendar import`: holidays out of iCalendar and CSV, as the dates of a calendar file.
//! Invariant: all lines are taken or none; a date that is said twice is said the same both times.
use std::{collections::BTreeMap, fmt, path::Path, process::ExitCode};

use aimcal_ical::syntax::{
    ContentLine, ParseOptions, RawComponent, RawProperty, TreeBuildError, build_tree, scan_content_lines, tokenize,
};
use anyhow::bail;
use jiff::{Span, ToSpan, civil::Date};
use kernel::calendar::{Dates, Day, Days, Shift};
use serde::Serialize;

use crate::output::{Output, Report};

/// Shows the dates of `file`. Errors: each line that cannot be taken, with its number and reason.
pub fn run(file: &Path, like: Day, output: Output) -> anyhow::Result<ExitCode> {
    let text = super::text(file)?;
    let is_ical = text.trim_start().get(..6).is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:"));
    let (days, mut refused) = if is_ical { ical(&text, like) } else { csv(&text, like) };
    let dates = collect(days, &mut refused);
    if !refused.is_empty() {
        refused.sort_by_key(|refused| refused.line);
        let lines: Vec<String> = refused.iter().map(|refused| format!("\n  {refused}")).collect();
        bail!("{}: nothing was taken{}", file.display(), lines.concat());
    }
    if dates.is_empty() {
        bail!("{}: there are no dates in it", file.display());
    }
    output.show(&Imported::of(&dates))?;
    Ok(ExitCode::SUCCESS)
}

/// What happens on a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Closed,
    Like(Day),
    Hours(Vec<Shift>),
}

/// A day or several, as a line says.
#[derive(Clone, Debug)]
struct Said {
    line: usize,
    days: Days,
    kind: Kind,
    note: String,
}

/// A line that cannot be taken.
#[derive(Debug)]
struct Refused {
    line: usize,
    reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

type Read = (Vec<Said>, Vec<Refused>);
/// The days of an event, what it is, and what it is called.
type AllDay = (Days, Kind, String);

/// One entry a date. What is said twice and differently is refused.
fn collect(said: Vec<Said>, refused: &mut Vec<Refused>) -> BTreeMap<Date, Said> {
    let mut dates: BTreeMap<Date, Said> = BTreeMap::new();
    for one in said {
        for date in one.days.iter() {
            match dates.get(&date) {
                Some(before) if before.kind != one.kind => {
                    let reason = format!("{date} is something else on line {}", before.line);
                    refused.push(Refused { line: one.line, reason });
                }
                Some(_) => {}
                None => {
                    dates.insert(date, one.clone());
                }
            }
        }
    }
    dates
}

/// The lines of a CSV file.
fn csv(text: &str, like: Day) -> Read {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        date: String,
        kind: String,
        #[serde(default)]
        intervals: String,
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let (mut said, mut refused) = (Vec::new(), Vec::new());
    let take = |line: usize, row: Row| -> Result<Said, String> {
        let days = row.date.parse().map_err(|error: kernel::calendar::CalendarError| error.to_string())?;
        let shifts: Result<Vec<Shift>, _> =
            row.intervals.split([' ', ';']).filter(|t| !t.is_empty()).map(str::parse).collect();
        let shifts = shifts.map_err(|error| error.to_string())?;
        let kind = match (row.kind.as_str(), shifts.is_empty()) {
            ("closed", true) => Kind::Closed,
            ("closed", false) => return Err("a closed day has no intervals".to_owned()),
            ("worked", true) => Kind::Like(like),
            ("worked", false) => Kind::Hours(shifts),
            (other, _) => return Err(format!("the kind is closed or worked, not {other:?}")),
        };
        Ok(Said { line, days, kind, note: String::new() })
    };
    let headers = reader.headers().cloned().unwrap_or_default();
    for record in reader.records() {
        let (line, row) = match record {
            Ok(mut record) => {
                record.extend(std::iter::repeat_n("", headers.len().saturating_sub(record.len())));
                let row = match record.len() > headers.len() {
                    true => Err("more columns than the first line names (intervals are parted by spaces)".to_owned()),
                    false => record.deserialize(Some(&headers)).map_err(|error| reason(&error)),
                };
                (record.position().map_or(0, csv::Position::line), row)
            }
            Err(error) => (error.position().map_or(0, csv::Position::line), Err(reason(&error))),
        };
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        match row.and_then(|row| take(line, row)) {
            Ok(one) => said.push(one),
            Err(reason) => refused.push(Refused { line, reason }),
        }
    }
    (said, refused)
}

/// Why a row is none, without the position that the line says already.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => error.to_string(),
    }
}

/// The all-day events of an iCalendar file.
fn ical(text: &str, like: Day) -> Read {
    let line = |offset: usize| 1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count();
    let scanned = scan_content_lines(text, tokenize(text), ParseOptions::new());
    let error = |one: &ContentLine<'_>| {
        one.error.as_ref().map(|error| Refused { line: line(one.span.start), reason: error.to_string() })
    };
    let mut refused: Vec<Refused> = scanned.lines.iter().filter_map(error).collect();
    let tree = build_tree(&scanned.lines);
    refused.extend(tree.errors.iter().map(|error| {
        let (TreeBuildError::UnmatchedEnd { span, .. }
        | TreeBuildError::UnmatchedBegin { span, .. }
        | TreeBuildError::MismatchedNesting { span, .. }
        | TreeBuildError::BeginEndWithParameters { span, .. }) = error;
        Refused { line: line(span.start), reason: error.to_string() }
    }));
    let mut said = Vec::new();
    for event in tree.roots.iter().flat_map(|root| &root.children).filter(|child| is(&child.name, "VEVENT")) {
        match all_day(event, like) {
            Ok(Some((days, kind, note))) => said.push(Said { line: line(event.span.start), days, kind, note }),
            Ok(None) => {}
            Err((offset, reason)) => refused.push(Refused { line: line(offset), reason }),
        }
    }
    (said, refused)
}

fn is(word: &impl ToString, name: &str) -> bool {
    word.to_string().eq_ignore_ascii_case(name)
}

/// Reads an event; nothing when it was called off. Errors: where, and why not.
fn all_day(event: &RawComponent<'_>, like: Day) -> Result<Option<AllDay>, (usize, String)> {
    let property = |name: &str| event.properties.iter().find(|property| is(&property.name, name));
    let value = |name: &str| property(name).map(|property| property.value.to_string());
    if value("STATUS").is_some_and(|status| is(&status, "CANCELLED")) {
        return Ok(None);
    }
    if let Some(repeats) = property("RRULE").or_else(|| property("RDATE")) {
        return Err((place(repeats), "the event comes again; single dates are taken".to_owned()));
    }
    let start = property("DTSTART").ok_or((event.span.start, "the event has no DTSTART".to_owned()))?;
    let first = date(start)?;
    let end = match (property("DTEND"), property("DURATION")) {
        (Some(end), _) => date(end)?,
        (None, Some(lasts)) => after(first, &lasts.value.to_string()).map_err(|reason| (place(lasts), reason))?,
        (None, None) => first.tomorrow().map_err(|error| (place(start), error.to_string()))?,
    };
    let last = end.yesterday().map_err(|error| (place(start), error.to_string()))?;
    let days: Days = format!("{first}/{last}")
        .parse()
        .map_err(|_| (place(start), "the event ends before it begins, or lasts longer than a year".to_owned()))?;
    let note = value("SUMMARY").unwrap_or_default().replace(char::is_control, " ");
    let special = value("X-APPLE-SPECIAL-DAY").unwrap_or_default();
    let named = special.is_empty() && (note.contains('班') || note.to_lowercase().contains("workday"));
    let kind = if named || is(&special, "ALTERNATE-WORKDAY") { Kind::Like(like) } else { Kind::Closed };
    Ok(Some((days, kind, note)))
}

fn place(property: &RawProperty<'_>) -> usize {
    property.name.span().start
}

/// `20260101`, and nothing with a time of day.
fn date(property: &RawProperty<'_>) -> Result<Date, (usize, String)> {
    let text = property.value.to_string();
    let date = (text.len() == 8).then(|| Date::strptime("%Y%m%d", &text).ok()).flatten();
    date.ok_or_else(|| (place(property), format!("{text:?} is not a day such as 20260101; all-day events are taken")))
}

fn after(first: Date, lasts: &str) -> Result<Date, String> {
    let whole_days = |span: &Span| {
        let days = i64::from(span.get_days()) + 7 * i64::from(span.get_weeks());
        (days > 0 && *span == span.get_weeks().weeks().days(span.get_days()).fieldwise()).then_some(days)
    };
    let days = lasts.parse::<Span>().ok().as_ref().and_then(whole_days);
    let end = days.and_then(|days| first.checked_add(days.days()).ok());
    end.ok_or_else(|| format!("{lasts:?} is not so many days"))
}

/// Dates as they go into a file of calendars.
#[derive(Serialize)]
struct Imported {
    dates: Dates,
    /// What stands beside the days.
    #[serde(skip)]
    notes: BTreeMap<Date, String>,
}

impl Imported {
    fn of(dates: &BTreeMap<Date, Said>) -> Self {
        let mut found = Dates::default();
        for (date, said) in dates {
            match &said.kind {
                Kind::Hours(shifts) => {
                    found.hours.insert(*date, shifts.clone());
                }
                Kind::Closed => append(&mut found.closed, *date, dates, said),
                Kind::Like(day) => append(found.make_up.entry(*day).or_default(), *date, dates, said),
            }
        }
        let notes = dates.iter().map(|(date, said)| (*date, said.note.clone())).collect();
        Self { dates: found, notes }
    }
}

/// Lengthens the last days by one that follows them and is called the same, or begins new ones.
fn append(all: &mut Vec<Days>, date: Date, dates: &BTreeMap<Date, Said>, said: &Said) {
    let follows = |last: &&mut Days| {
        last.last.tomorrow().ok() == Some(date) && dates.get(&last.first).is_some_and(|first| first.note == said.note)
    };
    match all.last_mut().filter(follows) {
        Some(last) => last.last = date,
        None => all.push(Days { first: date, last: date }),
    }
}

impl Report for Imported {
    fn text(&self) -> String {
        let note = |date: Date| match self.notes.get(&date).map(String::as_str) {
            None | Some("") => String::new(),
            Some(note) => format!(" # {note}"),
        };
        let list = |name: &str, all: &[Days]| {
            let lines: Vec<String> = all.iter().map(|days| format!("    \"{days}\",{}\n", note(days.first))).collect();
            format!("\n{name} = [\n{}]", lines.concat())
        };
        let mut text =
            "[calendars.dates]\n# years = []  the years whose holidays and make-up workdays are all here".to_owned();
        if !self.dates.closed.is_empty() {
            text += &list("closed", &self.dates.closed);
        }
        for (day, all) in &self.dates.make_up {
            text += &list(&format!("make_up.{}", format!("{day:?}").to_lowercase()), all);
        }
        for (date, shifts) in &self.dates.hours {
            let shifts: Vec<String> = shifts.iter().map(|shift| format!("\"{shift}\"")).collect();
            text += &format!("\nhours.{date} = [{}]{}", shifts.join(", "), note(*date));
        }
        text
    }
}
