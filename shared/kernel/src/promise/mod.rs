//! Promises: something is owed by a time, and the time it really happened says whether the promise was kept.
//! How a promise stands follows from facts alone (when it started, what it waited for, how it ended), each with the
//! time at which it happened; the worker's time stands in `detected_at` and nowhere else. So the order in which facts
//! arrive, and how often anybody looks, change nothing in the end, and a fact that arrives late corrects what was said.
//!
//! The six rules: a reply promise never pauses, others only while waiting for the customer or for goods · the
//! customer's message ends the pause when it was sent, not when it was recorded · met if it happened by the due time;
//! equality counts · whoever resolves, closes, rejects or merges cancels, and says which · a new policy moves no running
//! promise unless it is retargeted with an approval, and then its pauses stay · an earlier fact that arrives late
//! corrects the verdict by an event of its own.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::sla::Warning;
pub use {
    decide::{Command, Event, Fact, Lookup, Rejection},
    promises::{Change, Promises},
    replay::{Changed, Record, Target, WhatIf, replay},
    summary::{Counts, Share, Summary},
};

mod decide;
mod judge;
mod promises;
mod replay;
mod summary;

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It happened by the due time; equality counts.
    InTime,
    /// It happened after the due time, or has not happened although the time has passed.
    Late,
}

impl Verdict {
    /// True for [`Verdict::InTime`].
    pub fn in_time(self) -> bool {
        self == Verdict::InTime
    }
}

/// Judges what was due at `due` and happened at `happened_at`. Equality counts as met.
pub fn verdict(due: Timestamp, happened_at: Timestamp) -> Verdict {
    if happened_at <= due { Verdict::InTime } else { Verdict::Late }
}

/// One promise. It is stored in the state of the aggregate that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    pub started_at: Timestamp,
    /// A reply is owed: nothing pauses it.
    pub reply: bool,
    /// Shared by all promises that were given with these terms.
    pub terms: Arc<Terms>,
    /// Who was responsible from when on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<Timestamp, String>,
    /// In order of their beginning; they may overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// When what was waited for came: a pause that is told of later ends there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    heard: BTreeSet<Timestamp>,
    /// What was said of it so far.
    pub standing: Standing,
    /// When a worker noticed the breach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_at: Option<Timestamp>,
    /// The warnings already given for this target.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub warned: BTreeSet<Warning>,
}

/// What was promised, and on what ground. It is copied into the promise, the calendar by its version, so neither a new
/// policy nor a new version of the calendar moves anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The time promised, in working time of `calendar`. Less than nothing is nothing.
    pub target: SignedDuration,
    /// None: round the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Versioned>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Versioned>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A calendar or a policy, exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Versioned {
    pub id: String,
    pub version: u32,
}

/// A time that does not count, from an instant until what was waited for came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pause {
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    pub reason: Reason,
    /// The event or message that shows it.
    pub evidence: String,
}

/// What a promise may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    WaitingCustomer,
    WaitingGoods,
}

/// How a promise stands, and the instants that follow from its facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub state: State,
    /// The last instant in time. While it is paused: as if the pause ended at once.
    pub due_at: Timestamp,
    /// When the warnings of the terms are due, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warn_at: Vec<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// How long it took to the end; not known where the calendar was no longer at hand then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed: Option<Elapsed>,
}

/// Where a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Running,
    Paused,
    Met,
    Breached,
    /// Done in the end, but after its time: still a breach.
    MetLate,
    Cancelled,
    CancelledAfterBreach,
}

/// The fact that ended a promise. Of several the earliest counts; of two at the same instant, that it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct End {
    pub at: Timestamp,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Met,
    Cancelled(Cause),
}

/// Why nothing is owed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Resolved,
    Closed,
    Rejected,
    Merged,
    PolicyWithdrawn,
}

/// From the start to the end, without pauses and in working time, and on the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elapsed {
    pub working: SignedDuration,
    pub wall: SignedDuration,
}

impl State {
    /// The status word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
            Self::MetLate => "met_late",
            Self::Cancelled => "cancelled",
            Self::CancelledAfterBreach => "cancelled_after_breach",
        }
    }

    /// It can still be kept.
    pub fn open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// Whether it was kept; none while it can still be, and when it was cancelled before its time.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Running | Self::Paused | Self::Cancelled => None,
            Self::Met => Some(Verdict::InTime),
            Self::Breached | Self::MetLate | Self::CancelledAfterBreach => Some(Verdict::Late),
        }
    }

    fn late(self) -> bool {
        self.verdict() == Some(Verdict::Late)
    }
}

impl Promise {
    /// What is said of it; none while it can still be kept, and when it was cancelled before its time.
    pub fn verdict(&self) -> Option<Verdict> {
        self.standing.state.verdict()
    }

    /// When it was kept, in time or late.
    pub fn met_at(&self) -> Option<Timestamp> {
        self.standing.end.filter(|end| end.how == How::Met).map(|end| end.at)
    }

    /// When it was broken: the due time, whenever that was noticed.
    pub fn breached_at(&self) -> Option<Timestamp> {
        self.standing.state.late().then_some(self.standing.due_at)
    }

    /// Who was responsible at the due time, or at the end if that came first.
    pub fn owner_at_due(&self) -> Option<&str> {
        self.owner(&self.standing)
    }

    fn owner(&self, stands: &Standing) -> Option<&str> {
        let at = stands.end.map_or(stands.due_at, |end| end.at.min(stands.due_at));
        self.owners.range(..=at).next_back().map(|(_, owner)| owner.as_str())
    }

    /// When to look next: at the next warning, or just after the due time. None when time alone changes nothing.
    pub fn next_due(&self) -> Option<Timestamp> {
        let Standing { state, due_at, .. } = self.standing;
        let after = due_at.saturating_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
        let running = (state == State::Running).then_some(after);
        running.map(|after| self.pending(&self.standing).map(|(_, at)| at).min().map_or(after, |at| at.min(after)))
    }

    /// Warnings not yet given, with their times.
    fn pending(&self, stands: &Standing) -> impl Iterator<Item = (Warning, Timestamp)> {
        let all = self.terms.warnings.iter().copied().zip(stands.warn_at.iter().copied());
        all.filter(|(warning, _)| !self.warned.contains(warning))
    }
}

/// As the calendar counts.
fn plain(time: SignedDuration) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
#[path = "promise_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "promise_laws.rs"]
mod laws;
