//! How a promise stands, from its facts: the one place that decides, for what is shown, what is told and what is tried.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Elapsed, End, How, Lookup, Pause, Promise, Rejection, Standing, State, Terms, Verdict, plain, verdict};
use crate::calendar::{Beyond, Calendar};

impl Terms {
    /// The calendar they count in.
    pub(super) fn calendar<'c>(&self, calendars: Lookup<'c, '_>) -> Result<&'c Calendar, Rejection> {
        match &self.calendar {
            None => Ok(Calendar::round_the_clock()),
            Some(of) => calendars(of).ok_or_else(|| Rejection::NoCalendar(of.clone())),
        }
    }

    /// How a promise under them stands that started then, paused so, ended so, or not, and is looked at `now`.
    pub(super) fn stand(
        &self,
        (started_at, pauses): (Timestamp, &[Pause]),
        end: Option<End>,
        now: Timestamp,
        calendars: Lookup<'_, '_>,
    ) -> Result<Standing, Rejection> {
        let calendar = self.calendar(calendars)?;
        let (target, until) = (plain(self.target), end.map(|end| end.at));
        let count = Count::new(calendar, started_at, pauses, until)?;
        let due_at = count.due(target)?;
        let mut warn_at = Vec::with_capacity(self.warnings.len());
        for warning in &self.warnings {
            warn_at.push(count.due(warning.after(self.target).map_or(target, plain))?);
        }
        let elapsed = until.map(|until| count.elapsed(until)).transpose()?;
        Ok(Standing { state: state(due_at, count.open, end, now), due_at, warn_at, end, elapsed })
    }
}

impl Promise {
    /// How it stands when it ended so, or not, and is looked at `now`.
    pub(super) fn stand(
        &self,
        end: Option<End>,
        now: Timestamp,
        calendars: Lookup<'_, '_>,
    ) -> Result<Standing, Rejection> {
        self.terms.stand((self.started_at, &self.pauses), end, self.seen(now), calendars)
    }

    /// How it stands after what made it out of `was`. When its calendar is no longer at hand, the due time and the
    /// warnings stay as they were said, and the time worked until an end is not. Errors: what would move them (a pause,
    /// its end, an end while it is paused, another target) asks for the calendar.
    pub(super) fn stand_after(
        &self,
        was: &Self,
        end: Option<End>,
        now: Timestamp,
        calendars: Lookup<'_, '_>,
    ) -> Result<Standing, Rejection> {
        let Standing { due_at, end: ended, elapsed, .. } = was.standing;
        let open = self.pauses.iter().filter(|pause| pause.to.is_none()).map(|pause| pause.from).min();
        let unmoved = (&self.terms, &self.pauses) == (&was.terms, &was.pauses) && (end == ended || open.is_none());
        match self.stand(end, now, calendars) {
            Err(Rejection::NoCalendar(_)) if unmoved => Ok(Standing {
                state: state(due_at, open, end, self.seen(now)),
                end,
                elapsed: elapsed.filter(|_| end == ended),
                ..was.standing.clone()
            }),
            stands => stands,
        }
    }

    /// Workers' clocks differ: what one has seen to be past is past.
    fn seen(&self, now: Timestamp) -> Timestamp {
        self.detected_at.map_or(now, |seen| seen.max(now))
    }

    /// How long it has taken until then.
    pub(super) fn elapsed(&self, until: Timestamp, calendars: Lookup<'_, '_>) -> Result<Elapsed, Rejection> {
        let calendar = self.terms.calendar(calendars)?;
        Ok(Count::new(calendar, self.started_at, &self.pauses, Some(until))?.elapsed(until)?)
    }
}

/// Working time without pauses, from a start on, for several targets with the same pauses.
pub(super) struct Count<'c> {
    calendar: &'c Calendar,
    start: Timestamp,
    /// Of each pause that is over: how much was worked before it, and how much would have been in it.
    pauses: Vec<(Duration, Duration)>,
    /// Since when it is paused.
    pub(super) open: Option<Timestamp>,
}

impl<'c> Count<'c> {
    /// With `pauses`, which may overlap; nothing pauses what has ended.
    pub(super) fn new(
        calendar: &'c Calendar,
        start: Timestamp,
        pauses: &[Pause],
        end: Option<Timestamp>,
    ) -> Result<Self, Beyond> {
        let until = |pause: &Pause| [pause.to, end].into_iter().flatten().min();
        let open = pauses.iter().filter(|pause| until(pause).is_none()).map(|pause| pause.from).min();
        let mut closed: Vec<_> = pauses.iter().filter_map(|pause| Some((pause.from, until(pause)?))).collect();
        closed.sort_unstable();
        let mut count = Self { calendar, start, pauses: Vec::with_capacity(closed.len()), open };
        let (mut at, mut worked, mut done) = (start, Duration::ZERO, Duration::ZERO);
        if !closed.is_empty() {
            worked = calendar.worked(start)?;
        }
        for (from, to) in closed {
            let from = from.max(at);
            if to > from {
                let before = calendar.worked(from)?;
                done += before.saturating_sub(worked);
                (at, worked) = (to, calendar.worked(to)?);
                count.pauses.push((done, worked.saturating_sub(before)));
            }
        }
        Ok(count)
    }

    /// The first instant at which `target` has been worked. A pause that begins then or later changes nothing.
    pub(super) fn due(&self, target: Duration) -> Result<Timestamp, Beyond> {
        let held: Duration = self.pauses.iter().filter(|(before, _)| *before < target).map(|(_, held)| *held).sum();
        self.calendar.add(self.start, target.saturating_add(held))
    }

    /// How long it takes until the end, or has taken.
    fn elapsed(&self, until: Timestamp) -> Result<Elapsed, Beyond> {
        let held = self.pauses.iter().map(|(_, held)| *held).sum();
        let working = self.calendar.between(self.start, until)?.saturating_sub(held);
        let working = working.try_into().unwrap_or(SignedDuration::MAX);
        Ok(Elapsed { working, wall: until.duration_since(self.start) })
    }
}

/// The state of what is due at `due`, paused since `open`, ended by `end`, at `now`. A pause that begins when the time
/// is over changes nothing.
pub(super) fn state(due: Timestamp, open: Option<Timestamp>, end: Option<End>, now: Timestamp) -> State {
    match end.map(|end| (end.how, verdict(due, end.at))) {
        Some((How::Met, Verdict::InTime)) => State::Met,
        Some((How::Met, Verdict::Late)) => State::MetLate,
        Some((How::Cancelled(_), Verdict::InTime)) => State::Cancelled,
        Some((How::Cancelled(_), Verdict::Late)) => State::CancelledAfterBreach,
        None if open.is_some_and(|from| from < due) => State::Paused,
        None if verdict(due, now).in_time() => State::Running,
        None => State::Breached,
    }
}
