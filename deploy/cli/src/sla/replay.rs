//! `aftercare sla replay`: the past, judged anew.
use std::{process::ExitCode, time::Duration};

use anyhow::ensure;
use jiff::{Timestamp, tz::TimeZone};
use kernel::{
    calendar::{Calendar, Calendars, Place},
    promise::{Changed, Counts, Target, WhatIf, replay},
    sla::{self, Hours, Kind, Policy, Warning},
};
use serde::Serialize;

use super::{
    Replay,
    ladder::{Ladder, Raised},
    past::{self, Promise, Versions, Window},
};
use crate::{
    calendar,
    home::Home,
    output::{Output, Report, table},
};

/// What is judged.
const KINDS: [Kind; 8] = [
    Kind::FirstResponse,
    Kind::NextResponse,
    Kind::UrgentFeedback,
    Kind::FirstInvestigation,
    Kind::DepartmentAnswer,
    Kind::SolutionOffer,
    Kind::ResultNotice,
    Kind::ProgressSilence,
];
/// What is promised and not judged here: it follows from no rule of a policy, or is measured over all.
const NOT_JUDGED: [(&str, &str); 4] = [
    ("refund_term", "fulfilment's settings give it"),
    ("inspection_term", "fulfilment's settings give it"),
    ("regulator_report", "intake's packs of terms give it"),
    ("pickup", "a rate, which analytics measures"),
];
/// A calendar must reach so many years beyond the newest promise.
const BEYOND: i16 = 2;

/// Reads the past, judges it under the policy, and shows what differs.
pub async fn run(home: &Home, options: &Replay, output: Output) -> anyhow::Result<ExitCode> {
    let (policy, definitions) = super::usable(options.policy.as_deref(), options.calendars.as_deref())?;
    if let (Some(from), Some(to)) = (options.from, options.to) {
        ensure!(from < to, "--from {from} must be before --to {to}");
    }
    let ladder = Ladder::read(options.ladder.as_deref())?;
    let past = past::read(home, Window { from: options.from, to: options.to }).await?;
    output.note(&format!("{} events read", past.entries));
    let (promises, versions) = past.end();
    let years = |at: Option<Timestamp>| at.unwrap_or_default().to_zoned(TimeZone::UTC).year();
    let first = years(promises.iter().map(|promise| promise.started_at).min());
    let last = years(promises.iter().map(|promise| promise.watermark).max());
    let calendars = Calendars::prepare(&definitions, first - 1..=last + BEYOND)?;
    for (name, unknown) in calendars.unknown_years() {
        let touched: Vec<i16> = unknown.iter().copied().filter(|year| (first..=last).contains(year)).collect();
        if let Some(warning) = calendar::unknown(name, &touched) {
            output.note(&warning);
        }
    }
    let versions = if options.calendars.is_some() { Versions::default() } else { versions };
    let under = Under { policy: &policy, calendars: &calendars, versions: &versions, ladder: &ladder };
    output.show(&judge(&under, promises, options.show)?)?;
    Ok(ExitCode::SUCCESS)
}

/// What the past is judged under. Without versions calendars count in their newest one.
#[derive(Clone, Copy)]
pub struct Under<'u> {
    pub policy: &'u Policy,
    pub calendars: &'u Calendars,
    pub versions: &'u Versions,
    pub ladder: &'u Ladder,
}

impl<'u> Under<'u> {
    /// A calendar as it was at a time.
    fn calendar(&self, name: &str, at: Timestamp) -> Option<&'u Calendar> {
        let then = self.versions.at(name, at).and_then(|version| self.calendars.version(name, version));
        then.or_else(|| self.calendars.named(name))
    }
}

/// Every kind by itself. Errors: a calendar ends too early.
pub fn judge(under: &Under<'_>, promises: Vec<Promise>, show: usize) -> anyhow::Result<Answer> {
    let mut judged = Vec::new();
    for kind in KINDS {
        let of_kind = promises.iter().filter(|promise| promise.facts.kind == Some(kind)).cloned();
        let usual = under.ladder.default_warnings(kind);
        let found = replay(of_kind, |promise| target(under, kind, promise, &usual))?;
        judged.push(Judged::of(kind, found, under.ladder, show));
    }
    let not_judged = NOT_JUDGED.map(|(promise, because)| NotJudged { promise, because }).into();
    Ok(Answer { policy: under.policy.id.clone(), version: under.policy.version, promises: judged, not_judged })
}

/// What a rule gives to the promise; of an urgent matter's two promises the one that ends first, where their ends were not
/// told apart. Where it names no warnings the `usual` ones are given.
fn target<'c>(under: &Under<'c>, kind: Kind, promise: &Promise, usual: &'c [Warning]) -> Option<Target<'c>> {
    let Under { policy, calendars, .. } = *under;
    let facts = &promise.facts;
    let (channel, store) = (facts.channel.as_deref(), facts.store.as_deref());
    let (class, priority) = (facts.class.as_deref(), facts.priority.as_deref());
    let asked = sla::Facts { channel, class, priority, segment: facts.segment.as_deref(), store };
    let of = |kind| {
        let rule = policy.rule(kind, asked)?;
        let calendar: Option<&Calendar> = match &rule.hours {
            Hours::RoundTheClock => None,
            Hours::OfPlace => {
                let name = calendars.name_of(Place { store, team: facts.department.as_deref(), channel });
                under.calendar(name, promise.started_at)
            }
            Hours::Of(name) => under.calendar(name, promise.started_at),
        };
        let warnings = if rule.warnings.is_empty() { usual } else { &rule.warnings };
        Some(Target { target: rule.target, calendar, warnings })
    };
    let due = |target: &Target<'_>| {
        let time = Duration::try_from(target.target).unwrap_or_default();
        let calendar = target.calendar.unwrap_or(Calendar::round_the_clock());
        calendar.add(promise.started_at, time).unwrap_or(Timestamp::MAX)
    };
    [of(kind), of(Kind::UrgentFeedback).filter(|_| facts.urgent)].into_iter().flatten().min_by_key(due)
}

/// What the past was, and what it would have been.
#[derive(Serialize)]
pub struct Answer {
    policy: String,
    version: u32,
    pub promises: Vec<Judged>,
    pub not_judged: Vec<NotJudged>,
}

/// A promise that is kept or broken without being judged here.
#[derive(Serialize)]
pub struct NotJudged {
    pub promise: &'static str,
    pub because: &'static str,
}

#[derive(Serialize)]
pub struct Judged {
    pub kind: Kind,
    pub before: Stood,
    pub after: Stood,
    /// Would not have been given at all.
    pub not_given: u64,
    /// Those with another verdict: how many, and the first of them.
    pub changed: usize,
    pub first_changed: Vec<Other>,
}

/// How many stood how; late ones are kept after their time.
#[derive(Clone, Copy, Serialize)]
pub struct Stood {
    pub met: u64,
    pub late: u64,
    pub breached: u64,
    pub running: u64,
    pub cancelled: u64,
    /// What was broken or warned of goes up, to the level where the ladder begins with it.
    pub escalated: Raised,
}

#[derive(Serialize)]
pub struct Other {
    pub id: String,
    pub before: String,
    pub after: Option<String>,
}

impl Stood {
    fn new(counts: Counts, escalated: Raised) -> Self {
        let Counts { running, met, breached, met_late, cancelled, cancelled_after_breach } = counts;
        Self { met, late: met_late, breached: breached + cancelled_after_breach, running, cancelled, escalated }
    }
}

impl Judged {
    fn of(kind: Kind, found: WhatIf<String>, ladder: &Ladder, show: usize) -> Self {
        let other = |Changed { id, before, after }: Changed<String>| Other {
            id,
            before: word(&before),
            after: after.as_ref().map(word),
        };
        let changed = found.changed.len();
        let first_changed = found.changed.into_iter().take(show).map(other).collect();
        let stood = |counts, warned| Stood::new(counts, ladder.raised(kind, counts, warned));
        let (before, after) = (stood(found.before, found.warned_before), stood(found.after, found.warned_after));
        Self { kind, before, after, not_given: found.not_given, changed, first_changed }
    }
}

/// The word something is written by.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

impl Report for Answer {
    fn text(&self) -> String {
        let header = [
            "promise",
            "",
            "met",
            "late",
            "broken",
            "running",
            "cancelled",
            "to team lead",
            "to manager",
            "to head",
            "to management",
            "other verdict",
        ];
        let row = |judged: &Judged, when: &str, stood: Stood, changed: String| {
            let Stood { met, late, breached, running, cancelled, escalated } = stood;
            let name = if when == "was" { word(&judged.kind) } else { String::new() };
            let numbers = [met, late, breached, running, cancelled].into_iter().chain(escalated.counts());
            let numbers = numbers.map(|number| number.to_string());
            [name, when.to_owned()].into_iter().chain(numbers).chain([changed]).collect::<Vec<String>>()
        };
        let rows = self.promises.iter().flat_map(|judged| {
            let changed = judged.changed.to_string();
            [row(judged, "was", judged.before, String::new()), row(judged, "would be", judged.after, changed)]
        });
        let mut text = format!("Under {} version {}:\n\n{}", self.policy, self.version, table(&header, rows));
        for judged in self.promises.iter().filter(|judged| !judged.first_changed.is_empty()) {
            let lines = judged.first_changed.iter().map(|other| {
                let after = other.after.as_deref().unwrap_or("not given");
                format!("  {} {}: {} -> {after}", word(&judged.kind), other.id, other.before)
            });
            text = [text, String::new()].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
        }
        let left = self.not_judged.iter().map(|one| format!("{} ({})", one.promise, one.because));
        format!("{}\n\nNot judged: {}.", text.trim_end(), left.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "replay_rows_tests.rs"]
mod rows_tests;
