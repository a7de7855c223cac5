//! What if: promises of the past under other targets or calendars. Records stream through; only ids whose verdict
//! changes are kept. Law: under the terms they were given, nothing changes.
use jiff::{SignedDuration, Timestamp};

use super::{
    Counts, End, Pause, Promise, State,
    judge::{Count, state},
    plain,
};
use crate::{
    calendar::{Beyond, Calendar},
    sla::Warning,
};

/// What is known of a promise that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<I, F> {
    pub id: I,
    /// What a policy is chosen by: the kind, the channel, the class …
    pub facts: F,
    pub started_at: Timestamp,
    /// As it was.
    pub due_at: Timestamp,
    /// When its warnings were due, in any order.
    pub warn_at: Vec<Timestamp>,
    pub pauses: Vec<Pause>,
    pub end: Option<End>,
    /// Until when the facts are known.
    pub watermark: Timestamp,
}

/// What is promised instead.
#[derive(Clone, Copy, Debug)]
pub struct Target<'c> {
    pub target: SignedDuration,
    /// None: round the clock.
    pub calendar: Option<&'c Calendar>,
    pub warnings: &'c [Warning],
}

/// What was, and what would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIf<I> {
    pub before: Counts,
    pub after: Counts,
    /// How many warnings were given, and would have been, while the promise could still be kept.
    pub warned_before: u64,
    pub warned_after: u64,
    /// Promises that would not have been given.
    pub not_given: u64,
    /// Those with another verdict, as they came.
    pub changed: Vec<Changed<I>>,
}

/// A promise with another verdict; `after` is none when it would not have been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed<I> {
    pub id: I,
    pub before: State,
    pub after: Option<State>,
}

impl<I, F> Record<I, F> {
    /// The record of `promise`.
    pub fn new(id: I, facts: F, promise: &Promise, watermark: Timestamp) -> Self {
        let (due_at, end) = (promise.standing.due_at, promise.standing.end);
        let (warn_at, pauses) = (promise.standing.warn_at.clone(), promise.pauses.clone());
        Self { id, facts, started_at: promise.started_at, due_at, warn_at, pauses, end, watermark }
    }

    /// How many warnings due at these times were given: by the watermark, before the end and while it did not stand still.
    fn warned(&self, due: impl IntoIterator<Item = Timestamp>, open: Option<Timestamp>) -> u64 {
        let given = |at: &Timestamp| {
            *at <= self.watermark && self.end.is_none_or(|end| *at < end.at) && open.is_none_or(|from| *at <= from)
        };
        due.into_iter().filter(given).count() as u64
    }
}

/// Judges every record anew, under what `target` promises for it. Errors: a calendar ends too early.
pub fn replay<'c, I, F>(
    records: impl IntoIterator<Item = Record<I, F>>,
    target: impl Fn(&Record<I, F>) -> Option<Target<'c>>,
) -> Result<WhatIf<I>, Beyond> {
    let (before, after, warned_before, warned_after) = Default::default();
    let mut found = WhatIf { before, after, warned_before, warned_after, not_given: 0, changed: Vec::new() };
    for record in records {
        let judge = |due, open| state(due, open, record.end, record.watermark);
        let anew = |to: Target<'c>| {
            let calendar = to.calendar.unwrap_or(Calendar::round_the_clock());
            let end = record.end.map(|end| end.at);
            let count = Count::new(calendar, record.started_at, &record.pauses, end)?;
            let after = to.warnings.iter().filter_map(|warning| warning.after(to.target));
            let warn_at: Vec<_> = after.map(|after| count.due(plain(after))).collect::<Result<_, _>>()?;
            Ok((judge(count.due(plain(to.target))?, count.open), record.warned(warn_at, count.open)))
        };
        let open = record.pauses.iter().filter(|pause| pause.to.is_none()).map(|pause| pause.from).min();
        let before = judge(record.due_at, open);
        let after = target(&record).map(anew).transpose()?;
        found.before.add(before);
        found.warned_before += record.warned(record.warn_at.iter().copied(), open);
        match after {
            Some((state, warned)) => {
                found.after.add(state);
                found.warned_after += warned;
            }
            None => found.not_given += 1,
        }
        let after = after.map(|(state, _)| state);
        if before.verdict() != after.and_then(State::verdict) {
            found.changed.push(Changed { id: record.id, before, after });
        }
    }
    Ok(found)
}
