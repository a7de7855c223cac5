//! `aftercare calendar add` and `between`: working time, tried out.
use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use kernel::calendar::{Calendar, Definition};
use serde::Serialize;

use super::{Of, check};
use crate::output::{Output, Report};

/// The most years a term may reach over.
const YEARS: i16 = 20;

/// Shows when `term` ends.
pub fn add(of: &Of, start: &str, term: &str, output: Output) -> anyhow::Result<ExitCode> {
    let asked = Asked::find(of)?;
    let start = asked.instant(start)?;
    let term: SignedDuration = term
        .parse()
        .with_context(|| format!("{term:?} is not working time such as 90m or 9h (days differ in length)"))?;
    let working = Duration::try_from(term).context("working time goes forward")?;
    let calendar = asked.ready(&start)?;
    let to = calendar.add(start.timestamp(), working)?;
    asked.show(&calendar, &start, to, working, output)
}

/// Shows the working time between two instants.
pub fn between(of: &Of, from: &str, to: &str, output: Output) -> anyhow::Result<ExitCode> {
    let asked = Asked::find(of)?;
    let (from, to) = (asked.instant(from)?, asked.instant(to)?);
    if to < from {
        bail!("{to} is before {from}");
    }
    let calendar = asked.ready(&from)?;
    let working = calendar.between(from.timestamp(), to.timestamp())?;
    asked.show(&calendar, &from, to.timestamp(), working, output)
}

/// The calendar that is asked, and its zone.
struct Asked {
    definition: Definition,
    zone: TimeZone,
}

impl Asked {
    fn find(of: &Of) -> anyhow::Result<Self> {
        let definitions = super::read(of.file.as_deref())?;
        if let Some(problem) = definitions.problems().into_iter().next() {
            bail!("{problem}; `aftercare calendar check` names everything that is wrong");
        }
        let everywhere = definitions.uses.iter().find(|one| [&one.store, &one.team, &one.channel] == [&None; 3]);
        let name = of.name.clone().or_else(|| everywhere.map(|one| one.calendar.clone())).unwrap_or_default();
        let Some(definition) = definitions.newest().find(|one| one.name == name).cloned() else {
            let names: Vec<&str> = definitions.newest().map(|one| one.name.as_str()).collect();
            bail!("no calendar is called {name}; there are: {}", names.join(", "))
        };
        let zone = TimeZone::get(&definition.zone)?;
        Ok(Self { definition, zone })
    }

    fn instant(&self, text: &str) -> anyhow::Result<Zoned> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant.to_zoned(self.zone.clone()));
        }
        let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(self.zone.clone()).ok());
        local.with_context(|| format!("{text:?} is not a time such as 2026-02-13T17:00 or 2026-02-13T09:00:00Z"))
    }

    fn ready(&self, start: &Zoned) -> anyhow::Result<Calendar> {
        let years = start.year()..=start.year().saturating_add(YEARS);
        Ok(Calendar::prepare(&self.definition.hours(), &self.zone, years)?)
    }

    fn show(
        &self,
        calendar: &Calendar,
        from: &Zoned,
        to: Timestamp,
        working: Duration,
        output: Output,
    ) -> anyhow::Result<ExitCode> {
        let to = to.to_zoned(self.zone.clone());
        let touched = from.year()..=to.year();
        let term = Term {
            calendar: self.definition.name.clone(),
            zone: self.definition.zone.clone(),
            from: from.timestamp().display_with_offset(from.offset()).to_string(),
            to: to.timestamp().display_with_offset(to.offset()).to_string(),
            working: format!("{:#}", SignedDuration::try_from(working)?),
            working_seconds: working.as_secs_f64(),
            unknown_years: calendar.unknown_years().iter().copied().filter(|year| touched.contains(year)).collect(),
        };
        output.show(&term)?;
        if let Some(warning) = check::unknown(&term.calendar, &term.unknown_years) {
            output.note(&warning);
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Serialize)]
struct Term {
    calendar: String,
    zone: String,
    from: String,
    to: String,
    working: String,
    working_seconds: f64,
    unknown_years: Vec<i16>,
}

impl Report for Term {
    fn text(&self) -> String {
        format!(
            "from {} to {}: {} of working time ({}, {})",
            self.from, self.to, self.working, self.calendar, self.zone
        )
    }
}
