//! `aftercare sla`: whether a policy of service levels is right, and what the past would have been under another one.
//! Invariant: the running system is read and nothing else; no promise moves because somebody asked what if.
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use kernel::{
    calendar::Definitions,
    sla::{DEFAULT, Policy},
};
use serde::Serialize;

use crate::{
    calendar,
    home::Home,
    output::{Output, Report},
};

pub mod ladder;
pub mod past;
pub mod replay;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare sla check new.toml
  aftercare sla replay --policy new.toml --from 2026-01-01T00:00:00Z --to 2026-04-01T00:00:00Z")]
pub struct SlaArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Say what is wrong with a policy and where. Exit code 1 when something is.
    #[command(after_help = "Examples:
  aftercare sla check                                     the shipped policy
  aftercare sla check new.toml --calendars shops.toml

The shipped policy shows the form: shared/kernel/policies/default.toml.")]
    Check {
        /// TOML; the shipped policy when not told.
        file: Option<PathBuf>,
        /// The calendars it may name; the shipped ones when not told.
        #[arg(long, value_name = "FILE")]
        calendars: Option<PathBuf>,
    },
    /// Judge the promises of the past anew: what would have been kept, broken and escalated under another policy.
    #[command(after_help = "Examples:
  aftercare sla replay                                              all of the past, under the shipped policy
  aftercare sla replay --policy new.toml --from 2026-01-01T00:00:00Z
  aftercare --json sla replay --policy new.toml | jq '.promises[] | {kind, before, after}'

First and further answers (first_response, next_response), urgent feedback (urgent_feedback), first investigations
(first_investigation), answers of departments (department_answer), offers (solution_offer), telling the result
(result_notice) of complaints and suggestions and word of progress (progress_silence) are read from the journals of intake
and complaint, from --from on and, after --to, until what was promised has ended; what is told more than a week after that
is not heard. Before is as it was promised then. What is broken or warned of is escalated to the level the ladder says;
whether somebody acknowledges it is not foreseen, nor that further breaches of a complaint go higher; warnings of first
answers are not counted. Without --calendars a promise counts in the version of its calendar that it, or others at the
time, were given in, where the journals tell it. What is not judged is named at the end.")]
    Replay(Replay),
}

#[derive(Debug, Args)]
pub struct Replay {
    /// TOML; the shipped policy when not told.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The calendars it counts in, their newest versions; the shipped ones, in the versions of the time, when not told.
    #[arg(long, value_name = "FILE")]
    pub calendars: Option<PathBuf>,
    /// Settings of complaint with the escalation ladder; the shipped ones when not told.
    #[arg(long, value_name = "FILE")]
    pub ladder: Option<PathBuf>,
    /// Only promises given from then on.
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<Timestamp>,
    /// Only promises given before then.
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<Timestamp>,
    /// How many promises with another verdict are named.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub show: usize,
}

/// `aftercare sla check | replay`.
pub async fn run(home: &Home, options: &SlaArgs, output: Output) -> anyhow::Result<ExitCode> {
    match &options.what {
        What::Check { file, calendars } => check(file.as_deref(), calendars.as_deref(), output),
        What::Replay(options) => replay::run(home, options, output).await,
    }
}

/// A policy and its calendars as they are written. Errors: a file cannot be read, or is not in the form.
fn read(policy: Option<&Path>, calendars: Option<&Path>) -> anyhow::Result<(Policy, Definitions)> {
    Ok((backbone::config::document(policy, DEFAULT)?, calendar::read(calendars)?))
}

/// Everything that is wrong with both, each with its place.
fn problems(policy: &Policy, calendars: &Definitions) -> Vec<String> {
    let dates = calendars.problems().into_iter().map(|problem| problem.to_string());
    dates.chain(policy.problems(calendars).iter().map(ToString::to_string)).collect()
}

/// A policy and its calendars, fit to be used. Errors: the first thing that is wrong.
fn usable(policy: Option<&Path>, calendars: Option<&Path>) -> anyhow::Result<(Policy, Definitions)> {
    let (policy, calendars) = read(policy, calendars)?;
    if let Some(problem) = problems(&policy, &calendars).into_iter().next() {
        bail!("{problem}; `aftercare sla check` names everything that is wrong");
    }
    Ok((policy, calendars))
}

fn check(file: Option<&Path>, calendars: Option<&Path>, output: Output) -> anyhow::Result<ExitCode> {
    let (policy, calendars) = read(file, calendars)?;
    let problems = problems(&policy, &calendars);
    let wrong = !problems.is_empty();
    output.show(&Checked { policy: policy.id, version: policy.version, rules: policy.rules.len(), problems })?;
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[derive(Serialize)]
struct Checked {
    policy: String,
    version: u32,
    rules: usize,
    problems: Vec<String>,
}

impl Report for Checked {
    fn text(&self) -> String {
        match self.problems.as_slice() {
            [] => format!("{} version {}: {} rules, nothing wrong", self.policy, self.version, self.rules),
            problems => problems.join("\n"),
        }
    }
}
