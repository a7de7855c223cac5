//! What is said of many promises: how many were kept, and how long it took. Nothing is left out because it is late or
//! not yet there, and a share of nothing is no share.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{How, Lookup, Promise, Rejection, Standing, State, plain};

/// How many promises stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Running or paused: it can still be kept.
    pub running: u64,
    pub met: u64,
    /// Not done although the time has passed.
    pub breached: u64,
    /// Done after the time: a breach too.
    pub met_late: u64,
    /// Before its time.
    pub cancelled: u64,
    pub cancelled_after_breach: u64,
}

/// So many of so many; `of` is never nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub kept: u64,
    pub of: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, state: State) {
        *match state {
            State::Running | State::Paused => &mut self.running,
            State::Met => &mut self.met,
            State::Breached => &mut self.breached,
            State::MetLate => &mut self.met_late,
            State::Cancelled => &mut self.cancelled,
            State::CancelledAfterBreach => &mut self.cancelled_after_breach,
        } += 1;
    }

    /// Promises kept of those whose time has come (M10, M29). None when there is none.
    pub fn kept(&self) -> Option<Share> {
        let of = self.met + self.breached + self.met_late + self.cancelled_after_breach;
        (of > 0).then_some(Share { kept: self.met, of })
    }
}

/// Promises as they stood at a watermark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub counts: Counts,
    /// How long it took, and whether it was done then; if not, it takes longer than that.
    times: Vec<(Duration, bool)>,
}

impl Summary {
    /// Takes one more in, as its facts say it stood at `watermark`, whether a worker has looked or not. Errors: the
    /// calendar is not at hand or ends too early.
    pub fn add(&mut self, promise: &Promise, watermark: Timestamp, calendars: Lookup<'_, '_>) -> Result<(), Rejection> {
        let Standing { state, end, elapsed, .. } = promise.stand(promise.standing.end, watermark, calendars)?;
        let elapsed = elapsed.map_or_else(|| promise.elapsed(watermark, calendars), Ok)?;
        self.counts.add(state);
        self.times.push((plain(elapsed.working), end.is_some_and(|end| end.how == How::Met)));
        Ok(())
    }

    /// Within how much working time `percent` of them were done, late ones and those still to be done with the rest
    /// (Kaplan-Meier; 50 is the median). None when not so many were done.
    pub fn within(&self, percent: u8) -> Option<SignedDuration> {
        let mut times = self.times.clone();
        // What is done at an instant is done before what still waits then.
        times.sort_unstable_by_key(|(time, done)| (*time, !done));
        let undone = 1.0 - f64::from(percent) / 100.0 + 1e-9;
        let (mut left, mut waiting) = (1.0, times.len() as f64);
        for (time, done) in times {
            if done {
                left *= (waiting - 1.0) / waiting;
                if left <= undone {
                    return SignedDuration::try_from(time).ok();
                }
            }
            waiting -= 1.0;
        }
        None
    }
}
