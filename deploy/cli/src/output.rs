//! How answers are shown: text and tables for people, JSON for programs (`--json`), errors on standard error.
//! Invariant: with `--json` standard output holds JSON and nothing else.
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use comfy_table::{Table, presets::NOTHING};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// What a command found out or did.
pub trait Report: Serialize {
    /// For people; several lines, no newline at the end.
    fn text(&self) -> String;
}

/// Where answers go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// `json`: for programs.
    pub fn new(json: bool) -> Self {
        Self { json, quiet: false }
    }

    /// For a step of something bigger: nothing is shown but what goes wrong.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Whether a program reads the output.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Shows an answer. Errors: whoever reads it has gone.
    pub fn show(self, report: &impl Report) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let text = if self.json { serde_json::to_string(report)? } else { report.text() };
        self.line(&text)
    }

    /// Writes one line to standard output. Errors: whoever reads it has gone.
    pub fn line(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Tells a person what is going on; programs are not told. Goes to standard error.
    pub fn note(self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// Shows why it could not be done. The exit code is 1.
    pub fn failed(self, error: &anyhow::Error) -> ExitCode {
        if self.json {
            eprintln!("{}", serde_json::json!({ "error": format!("{error:#}") }));
        } else {
            eprintln!("aftercare: {error:#}");
        }
        ExitCode::FAILURE
    }

    /// A progress bar on standard error, hidden from programs and where no person is looking.
    /// `total`: `None` when it is not known.
    pub fn progress(self, total: Option<u64>, unit: &str) -> ProgressBar {
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let style = ProgressStyle::with_template(&template(total.is_some(), unit));
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        if self.json || !io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        } else {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        bar
    }
}

/// What a bar looks like, or a spinner where nobody knows how much there is.
fn template(known: bool, unit: &str) -> String {
    if known {
        format!("{{bar:40}} {{percent:>3}} %  {{msg}}  {{elapsed_precise}}  ({{eta}} left)  {unit}")
    } else {
        format!("{{spinner}} {{msg}}  {{elapsed_precise}}  {unit}")
    }
}

/// Rows under a heading, in columns.
pub fn table<R, C>(header: &[&str], rows: R) -> String
where
    R: IntoIterator<Item = Vec<C>>,
    C: Into<comfy_table::Cell>,
{
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_for_people() {
        for (total, known) in [(Some(90), true), (None, false)] {
            assert!(ProgressStyle::with_template(&template(known, "days")).is_ok(), "{total:?}");
            assert!(Output::new(true).progress(total, "days").is_hidden(), "a program reads");
        }
    }

    #[test]
    fn a_table_has_no_trailing_blanks() {
        let text = table(&["part", "state"], [vec!["intake", "well"], vec!["nats", "down"]]);
        assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("intake"));
    }
}
