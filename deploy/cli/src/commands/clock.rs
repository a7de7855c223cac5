//! `aftercare clock`: where the driven clock stands, and moving it on.
//! Invariant: it never goes back, and the system's clock is never pretended to be driven.
use std::{fs, process::ExitCode};

use anyhow::{Context, bail};
use jiff::{Span, Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    args::{Clock, ClockWhat},
    home::{Home, replace},
    output::{Output, Report},
};

/// `aftercare clock [show | advance BY]`.
pub fn run(home: &Home, options: &Clock, output: Output) -> anyhow::Result<ExitCode> {
    let driven = home.settings.driven_clock;
    let answer = match &options.what {
        None | Some(ClockWhat::Show) => Answer { now: now(home)?, driven, before: None },
        Some(ClockWhat::Advance { by }) => {
            let before = now(home)?;
            Answer { now: advance(home, by)?, driven, before: Some(before) }
        }
    };
    output.show(&answer)?;
    Ok(ExitCode::SUCCESS)
}

/// What the services take for now. Errors: the driven clock cannot be read.
pub fn now(home: &Home) -> anyhow::Result<Timestamp> {
    if !home.settings.driven_clock {
        return Ok(backbone::Clock::system().now());
    }
    let text = fs::read_to_string(home.clock()).with_context(|| format!("cannot read {}", home.clock().display()))?;
    instant(text.trim())
}

/// Moves the driven clock on and answers where it stands then. Days have 24 hours, months are the calendar's (UTC).
/// Errors: the clock is the system's, or `by` is not a time to go forward by.
pub fn advance(home: &Home, by: &str) -> anyhow::Result<Timestamp> {
    if !home.settings.driven_clock {
        bail!(
            "the clock is the system's; start with `aftercare down` and `aftercare up --driven-clock` to move it by hand"
        );
    }
    let then = later(now(home)?, by)?;
    set(home, then)?;
    Ok(then)
}

/// Sets the driven clock.
pub fn set(home: &Home, to: Timestamp) -> anyhow::Result<()> {
    replace(&home.clock(), &format!("{to}\n"))
}

/// An instant as people write it. Errors: it has no zone, or is none.
pub fn instant(text: &str) -> anyhow::Result<Timestamp> {
    text.parse().with_context(|| format!("{text:?} is not an instant such as 2024-05-01T10:00:00Z"))
}

fn later(now: Timestamp, by: &str) -> anyhow::Result<Timestamp> {
    let span: Result<Span, _> = by.parse();
    let Ok(span) = span else { bail!("{by:?} is not a time such as 90m, 1d or \"2 weeks\"") };
    let then = now.to_zoned(TimeZone::UTC).checked_add(span).context("that is too far away")?.timestamp();
    if then <= now {
        bail!("the clock only goes forward, and {by} does not");
    }
    Ok(then)
}

#[derive(Serialize)]
struct Answer {
    now: Timestamp,
    driven: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Timestamp>,
}

impl Report for Answer {
    fn text(&self) -> String {
        match (self.before, self.driven) {
            (Some(before), _) => format!("{before} -> {}", self.now),
            (None, true) => format!("{} (driven)", self.now),
            (None, false) => format!("{} (the system's)", self.now),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::home::Settings;

    fn home(driven_clock: bool) -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let mut home = Home::find(Some(dir.path().to_path_buf())).unwrap();
        home.settings = Settings { driven_clock, ..Settings::default() };
        home.prepare().unwrap();
        (dir, home)
    }

    #[test]
    fn it_goes_forward_by_what_people_say() {
        let (_dir, home) = home(true);
        set(&home, instant("2024-02-28T10:00:00Z").unwrap()).unwrap();
        for (by, then) in [
            ("1d", "2024-02-29T10:00:00Z"),
            ("90m", "2024-02-29T11:30:00Z"),
            ("2 weeks", "2024-03-14T11:30:00Z"),
            ("P1DT6H", "2024-03-15T17:30:00Z"),
            ("1 month", "2024-04-15T17:30:00Z"),
        ] {
            assert_eq!(advance(&home, by).unwrap().to_string(), then, "{by}");
        }
    }

    #[test]
    fn it_never_goes_back_or_stands() {
        let (_dir, home) = home(true);
        set(&home, instant("2024-02-28T10:00:00Z").unwrap()).unwrap();
        for by in ["-1d", "0s", "1d ago", "soon", ""] {
            assert!(advance(&home, by).is_err(), "{by:?}");
        }
        assert_eq!(now(&home).unwrap().to_string(), "2024-02-28T10:00:00Z");
    }

    #[test]
    fn the_systems_clock_is_not_moved() {
        let (_dir, home) = home(false);
        assert!(advance(&home, "1d").unwrap_err().to_string().contains("--driven-clock"));
        assert!(!home.clock().exists());
    }
}
