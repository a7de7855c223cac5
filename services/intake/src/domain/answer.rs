//! The first human answer: promised by the service levels to every contact (R-INT-12, R-INT-13), within the term of
//! urgent matters where it is one (R-INT-15), and judged by when it was given, however late that is told.
//! Invariants: the promise that ends first says by when an answer is owed and when it is missed; one that still runs then
//! is watched until it is missed as well; the first answer ends all of them; what was said of an answer changes only by a
//! correction.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar,
    promise::{self, Change, Fact, Promise, verdict},
    sla::{self, Kind, Levels},
};

use super::{
    case::{Case, Event, Facts, Rejection, State},
    course, reply,
};

/// What happens to a promise of a case.
pub type Moved = Change<Kind>;

/// What a contact is promised when it is taken in.
pub struct Given {
    pub promises: Vec<Moved>,
    /// The end of the promise that ends first.
    pub respond_by: Timestamp,
    /// When the time that counts for it goes on; none while it runs.
    pub answered_from: Option<Timestamp>,
}

/// What the levels promise at `now` to a contact, and to an urgent one besides. Errors: nothing; a calendar that ends.
pub fn promised(levels: &Levels, of: sla::Facts<'_>, urgent: bool, now: Timestamp) -> Result<Given, Rejection> {
    let mut given: Vec<(Kind, Promise)> = Vec::with_capacity(2);
    for kind in [Kind::FirstResponse].into_iter().chain(urgent.then_some(Kind::UrgentFeedback)) {
        given.extend(levels.promise(kind, of, None, now)?.map(|promise| (kind, promise)));
    }
    let first = given.iter().map(|(_, promise)| promise).min_by_key(|promise| promise.standing.due_at);
    let first = first.ok_or(Rejection::NothingPromised)?;
    let calendar = first.terms.calendar.as_ref().and_then(|of| levels.calendar(of));
    let closed = calendar.filter(|calendar| !calendar.is_working(now));
    let (respond_by, answered_from) = (first.standing.due_at, closed.map(|calendar| opens(calendar, now)).transpose()?);
    let start = |(kind, promise)| Moved { kind, started_at: now, event: promise::Event::Started(Box::new(promise)) };
    Ok(Given { promises: given.into_iter().map(start).collect(), respond_by, answered_from })
}

/// The first working instant after a time that is not worked: the first instant of work ends just after it.
pub(super) fn opens(calendar: &calendar::Calendar, closed_at: Timestamp) -> Result<Timestamp, Rejection> {
    let worked = calendar.add(closed_at, Duration::from_nanos(1)).map_err(promise::Rejection::from)?;
    Ok(calendar::add(worked, SignedDuration::from_nanos(-1)))
}

impl Event {
    /// What happened to the promises with it.
    pub(super) fn promises(&self) -> &[Moved] {
        match self {
            Event::Registered { promises, .. }
            | Event::Responded { promises, .. }
            | Event::ResponseCorrected { promises, .. }
            | Event::ResponseDueSoon { promises, .. }
            | Event::ResponseMissed { promises }
            | Event::FeedbackMissed { promises }
            | Event::Assigned { promises, .. }
            | Event::Rejected { promises, .. }
            | Event::Closed { promises, .. } => promises,
            Event::Course(event) => course::promises(event),
            Event::Health(event) => event.promises(),
            Event::Reply(event) => event.promises(),
            Event::Sent(event) => event.promises(),
            Event::Reopened | Event::RecordCompleted(_) | Event::InfoRequested { .. } | Event::InfoAdded { .. } => &[],
            Event::Tagged { .. } | Event::AnswerOffered(_) | Event::AnswerJudged(_) => &[],
            Event::Report(_) | Event::Rated(_) | Event::Classified(_) | Event::Advised(_) => &[],
        }
    }
}

impl Case {
    /// A human answered, for the first time or what the customer said since: now, or at an earlier time that is told now.
    pub(super) fn respond(
        &self,
        facts: &Facts,
        at: Option<Timestamp>,
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if at.is_some_and(|at| at > now || at < facts.occurred_at) {
            return Err(Rejection::AnswerOutOfTime);
        }
        let told_late = at.is_some_and(|at| self.settled_at().is_some_and(|settled| at < settled));
        if let Some(owed) = self.owed_reply().filter(|_| !told_late) {
            return self.reply(owed, at.unwrap_or(now), levels, now);
        }
        match self.state {
            State::Absent => return Err(Rejection::Unknown),
            State::Routed => {}
            _ if told_late => {}
            State::Responded | State::AwaitingInfo { .. } => return Err(Rejection::AlreadyResponded),
            State::Reopened if facts.complaint_id.is_some() => return Err(Rejection::IsComplaint),
            State::Reopened => return Err(Rejection::AlreadyResponded),
            State::Closed { .. } | State::Rejected { .. } | State::Merged(_) => return Err(Rejection::Closed),
        }
        let at = at.unwrap_or(now);
        let in_time = verdict(facts.respond_by, at).in_time();
        // A shop may answer before we learn of the contact: then the promise is met as soon as it is given.
        let promises = self.noted(Fact::Satisfied { at: at.max(facts.recorded_at) }, levels, now)?;
        let corrected = |promises| Event::ResponseCorrected {
            at,
            in_time,
            was_at: self.responded_at,
            was_late: self.response_missed
                || self.responded_at.is_some_and(|was| !verdict(facts.respond_by, was).in_time()),
            promises,
        };
        Ok(match self.state {
            State::Routed if self.response_missed && in_time => {
                vec![Event::Responded { at, in_time, promises }, corrected(vec![])]
            }
            State::Routed => vec![Event::Responded { at, in_time, promises }],
            _ => vec![corrected(promises)],
        })
    }

    /// What follows for the promises from a fact.
    pub(super) fn noted(&self, fact: Fact, levels: &Levels, now: Timestamp) -> Result<Vec<Moved>, Rejection> {
        Ok(self.promises.decide(|_| true, &promise::Command::Note(fact), now, &|of| levels.calendar(of))?)
    }

    /// Time has passed: a warning is due, or the answer is.
    pub(super) fn look(&self, facts: &Facts, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        if !self.awaits_answer() && !self.awaits_reply() {
            return Ok(vec![]);
        }
        let Some((watched, _)) = self.watched() else {
            let late = !self.response_missed && !verdict(facts.respond_by, now).in_time();
            return Ok(if late { vec![Event::ResponseMissed { promises: vec![] }] } else { vec![] });
        };
        let moved = self.promises.decide(|kind| kind == watched, &promise::Command::Look, now, &|_| None)?;
        let event = |moved: Moved| match moved.event {
            _ if watched == Kind::NextResponse => reply::Event::brought(moved),
            promise::Event::Warned { warning, .. } => Event::ResponseDueSoon { warning, promises: vec![moved] },
            _ if self.response_missed => Event::FeedbackMissed { promises: vec![moved] },
            _ => Event::ResponseMissed { promises: vec![moved] },
        };
        Ok(moved.into_iter().map(event).collect())
    }

    /// When to look next, as long as an answer is awaited: at a warning, or at the first instant after the promise, for
    /// an answer at the promised time is in time.
    pub fn look_at(&self) -> Option<Timestamp> {
        let facts = self.facts.as_ref().filter(|_| self.awaits_answer() || self.awaits_reply())?;
        match self.watched() {
            Some((_, promise)) => promise.next_due(),
            None => Some(calendar::add(facts.respond_by, SignedDuration::from_micros(1))),
        }
    }

    /// Nobody has answered at all, and something of what was promised still runs.
    pub(super) fn awaits_answer(&self) -> bool {
        self.state == State::Routed && (!self.response_missed || self.watched().is_some())
    }

    /// The promise that ends first of those that are neither kept nor missed.
    pub fn watched(&self) -> Option<(Kind, &Promise)> {
        let runs = |promise: &Promise| promise.standing.state == promise::State::Running;
        self.promises.iter().filter(|(_, one)| runs(one)).min_by_key(|(_, one)| one.standing.due_at)
    }

    /// By when the first of these promises is to be kept.
    pub fn due_of(&self, moved: &[Moved]) -> Option<Timestamp> {
        Some(self.promises.last(moved.first()?.kind)?.standing.due_at)
    }

    /// The promise of the first answer that ends first; none of a case from before they were kept, which has its
    /// `respond_by` alone.
    fn ends_first(&self) -> Option<(Kind, &Promise)> {
        let first = self.promises.iter().filter(|(kind, _)| *kind != Kind::NextResponse);
        first.min_by_key(|(_, promise)| promise.standing.due_at)
    }

    /// Since when a first answer says nothing new: it was given, or nobody waited for it any more.
    fn settled_at(&self) -> Option<Timestamp> {
        let ended = || self.ends_first().and_then(|(_, promise)| promise.standing.end).map(|end| end.at);
        let closed = || match self.state {
            State::Closed { at, .. } | State::Rejected { at, .. } => Some(at),
            _ => None,
        };
        self.responded_at.or_else(ended).or_else(closed)
    }
}
