//! How a promise stands, from its facts: the one place that decides, for what is shown, what is told and what is tried.
use jiff::{SignedDuration, Timestamp};

use super::{Elapsed, End, How, Lookup, Pause, Promise, Rejection, Standing, State, Terms, Verdict, plain, verdict};
use crate::calendar::{self, Beyond, Calendar};

impl Terms {
    /// The calendar they count in.
    pub(super) fn calendar<'c>(&self, calendars: Lookup<'c, '_>) -> Result<&'c Calendar, Rejection> {
        match &self.calendar {
            None => Ok(Calendar::round_the_clock()),
            Some(of) => calendars(of).ok_or_else(|| Rejection::NoCalendar(of.clone())),
        }
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
        let calendar = self.terms.calendar(calendars)?;
        let (start, target) = (self.started_at, plain(self.terms.target));
        let (pauses, open) = counted(&self.pauses, end.map(|end| end.at));
        let due_at = calendar.add_with(start, target, &pauses)?;
        // Workers' clocks differ: what one has seen to be past is past.
        let now = self.detected_at.map_or(now, |seen| seen.max(now));
        let warn_at = self.terms.warnings.iter().map(|one| calendar.add_with(start, one.after(target), &pauses));
        Ok(Standing {
            state: state(due_at, open, end, now),
            due_at,
            warn_at: warn_at.collect::<Result<_, _>>()?,
            end,
            elapsed: end.map(|end| elapsed(calendar, start, end.at, &pauses)).transpose()?,
        })
    }

    /// How long it has taken until then.
    pub(super) fn elapsed(&self, until: Timestamp, calendars: Lookup<'_, '_>) -> Result<Elapsed, Rejection> {
        let (pauses, _) = counted(&self.pauses, Some(until));
        Ok(elapsed(self.terms.calendar(calendars)?, self.started_at, until, &pauses)?)
    }
}

fn elapsed(
    calendar: &Calendar,
    start: Timestamp,
    until: Timestamp,
    pauses: &[calendar::Pause],
) -> Result<Elapsed, Beyond> {
    let working = calendar.between_with(start, until, pauses)?;
    let working = working.try_into().unwrap_or(SignedDuration::MAX);
    Ok(Elapsed { working, wall: until.duration_since(start) })
}

/// The pauses that count, and since when it is paused: nothing pauses what has ended.
pub(super) fn counted(pauses: &[Pause], end: Option<Timestamp>) -> (Vec<calendar::Pause>, Option<Timestamp>) {
    let until = |pause: &Pause| [pause.to, end].into_iter().flatten().min();
    let closed = pauses.iter().filter_map(|pause| Some(calendar::Pause { from: pause.from, to: until(pause)? }));
    (closed.collect(), pauses.iter().find(|pause| until(pause).is_none()).map(|pause| pause.from))
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
