//! What follows from a command, and how what happened is taken in.
//! A fact that changes nothing (it is known, it is older than the promise, the promise had ended by then) decides to
//! nothing. What was breached and is now said to stand otherwise, or ended and now ended otherwise, is `Corrected`.
use std::{borrow::Cow, collections::BTreeMap, ops::Bound, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Cause, End, How, Pause, Promise, Reason, Standing, State, Terms, Versioned, Warning, verdict};
use crate::calendar::{Beyond, Calendar};

/// Finds a prepared calendar.
pub type Lookup<'c, 'f> = &'f dyn Fn(&Versioned) -> Option<&'c Calendar>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Time has passed.
    Look,
    /// Something happened.
    Note(Fact),
}

/// What happened; `at` is always when it happened, never when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Somebody else is responsible from now on.
    Assigned { at: Timestamp, owner: String },
    /// It waits for the customer or for goods. A reply never does.
    Paused { at: Timestamp, reason: Reason, evidence: String },
    /// The customer wrote, or the goods came: whatever was waiting waits no longer.
    Resumed { at: Timestamp },
    /// Other terms, approved.
    Retargeted { at: Timestamp, terms: Arc<Terms>, approval_id: String },
    /// What was promised is done.
    Satisfied { at: Timestamp },
    /// What was promised is no longer owed.
    Cancelled { at: Timestamp, cause: Cause },
}

impl Fact {
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Assigned { at, .. }
            | Self::Paused { at, .. }
            | Self::Resumed { at }
            | Self::Retargeted { at, .. }
            | Self::Satisfied { at }
            | Self::Cancelled { at, .. } => *at,
        }
    }

    fn end(&self) -> Option<End> {
        match self {
            Self::Satisfied { at } => Some(End { at: *at, how: How::Met }),
            Self::Cancelled { at, cause } => Some(End { at: *at, how: How::Cancelled(*cause) }),
            _ => None,
        }
    }
}

/// `stands` is how the promise stands after everything that was decided with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Started(Box<Promise>),
    Noted { fact: Fact, stands: Box<Standing> },
    Warned { warning: Warning, at: Timestamp },
    Breached { at: Timestamp, detected_at: Timestamp, owner: Option<String> },
    Corrected { was: Box<Standing>, stands: Box<Standing>, detected_at: Option<Timestamp> },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the promise is {}; only one that can still be kept gets other terms", .0.name())]
    NotNow(State),
    #[error("a running promise gets other terms only with an approval")]
    Unapproved,
    #[error(
        "under these terms the promise would have been broken at {0}, before they were approved; longer ones are needed"
    )]
    BrokenBefore(Timestamp),
    #[error("version {} of calendar {} is not at hand; put it back beside the newer ones", .0.version, .0.id)]
    NoCalendar(Versioned),
    #[error(transparent)]
    Beyond(#[from] Beyond),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotNow(_) => "promise.not_now",
            Self::Unapproved => "promise.unapproved",
            Self::BrokenBefore(_) => "promise.broken_before",
            Self::NoCalendar(_) => "promise.no_calendar",
            Self::Beyond(_) => "promise.beyond_calendar",
        }
    }
}

impl Promise {
    /// A promise given at `started_at`, of `owner` if anybody is responsible yet. Errors: its calendar is not at hand
    /// or ends too early.
    pub fn start(
        started_at: Timestamp,
        reply: bool,
        terms: impl Into<Arc<Terms>>,
        owner: Option<String>,
        calendars: Lookup<'_, '_>,
    ) -> Result<Self, Rejection> {
        let terms = terms.into();
        // Nobody has looked yet: whether its time has passed is said when somebody does.
        let standing = terms.stand((started_at, &[]), None, started_at, calendars)?;
        let owners = owner.map(|owner| BTreeMap::from([(started_at, owner)])).unwrap_or_default();
        let (pauses, heard, warned) = Default::default();
        Ok(Self { started_at, reply, terms, owners, pauses, heard, standing, detected_at: None, warned })
    }

    /// What follows from `command` when it is taken up at `now`. Errors: other terms without an approval, too late, or of
    /// less time than has been worked already; the calendar is not at hand for what moves the due time, or ends too early.
    pub fn decide(
        &self,
        command: &Command,
        now: Timestamp,
        calendars: Lookup<'_, '_>,
    ) -> Result<Vec<Event>, Rejection> {
        let Command::Note(fact) = command else { return Ok(self.look(now)) };
        if let Fact::Retargeted { approval_id, .. } = fact {
            self.may_move(approval_id, now)?;
        }
        if self.passes_over(fact) {
            return Ok(vec![]);
        }
        let mut next = Cow::Borrowed(self);
        let end = self.standing.end.into_iter().chain(fact.end()).min();
        if fact.end().is_none() {
            next.to_mut().take(fact);
        }
        if end == self.standing.end && *next == *self {
            return Ok(vec![]);
        }
        let stands = next.stand_after(self, end, now, calendars)?;
        // Other terms are no ground for a breach at an instant before anybody agreed to them.
        if matches!(fact, Fact::Retargeted { .. }) && stands.state.late() {
            return Err(Rejection::BrokenBefore(stands.due_at));
        }
        let outcome = self.outcome(&next, &stands, now);
        let warnings = if outcome.is_none() { next.warnings(&stands, now) } else { vec![] };
        let noted = Event::Noted { fact: fact.clone(), stands: Box::new(stands) };
        Ok(match outcome {
            // What ends late was breached before.
            Some(breached @ Event::Breached { .. }) if end.is_some() => vec![breached, noted],
            Some(outcome) => vec![noted, outcome],
            None => std::iter::once(noted).chain(warnings).collect(),
        })
    }

    fn may_move(&self, approval_id: &str, now: Timestamp) -> Result<(), Rejection> {
        if approval_id.trim().is_empty() { Err(Rejection::Unapproved) } else { self.may_end(now) }
    }

    /// Whether it can still be kept, and so be given other terms or taken back. Errors: how it stands instead.
    pub fn may_end(&self, now: Timestamp) -> Result<(), Rejection> {
        let Standing { state, due_at, .. } = self.standing;
        match state {
            State::Paused => Ok(()),
            State::Running if verdict(due_at, now).in_time() => Ok(()),
            State::Running => Err(Rejection::NotNow(State::Breached)),
            other => Err(Rejection::NotNow(other)),
        }
    }

    /// It was before the promise, or after its end; an end can only become an earlier one.
    fn passes_over(&self, fact: &Fact) -> bool {
        let ended = self.standing.end.is_some_and(|end| end.at <= fact.at()) && fact.end().is_none();
        let pauses = matches!(fact, Fact::Paused { .. } | Fact::Resumed { .. });
        fact.at() < self.started_at || ended || (self.reply && pauses)
    }

    /// What has to be said beside the fact by which it is `next` and stands so.
    fn outcome(&self, next: &Self, stands: &Standing, now: Timestamp) -> Option<Event> {
        let was = &self.standing;
        let detected_at = stands.state.late().then_some(self.detected_at.unwrap_or(now));
        let expected = match (was.state, stands.state) {
            (from, _) if from.open() => true,
            (State::Breached, State::MetLate | State::CancelledAfterBreach) => was.due_at == stands.due_at,
            _ => was == stands,
        };
        match detected_at {
            _ if !expected => Some(corrected(was, stands, detected_at)),
            Some(detected_at) if was.state.open() => Some(next.breach(stands, detected_at)),
            _ => None,
        }
    }

    fn breach(&self, stands: &Standing, detected_at: Timestamp) -> Event {
        Event::Breached { at: stands.due_at, detected_at, owner: self.owner(stands).map(str::to_owned) }
    }

    fn look(&self, now: Timestamp) -> Vec<Event> {
        if self.standing.state == State::Running && !verdict(self.standing.due_at, now).in_time() {
            return vec![self.breach(&self.standing, now)];
        }
        self.warnings(&self.standing, now)
    }

    /// The warnings that are due and not yet given.
    fn warnings(&self, stands: &Standing, now: Timestamp) -> Vec<Event> {
        if stands.state != State::Running {
            return vec![];
        }
        self.pending(stands).filter(|(_, at)| *at <= now).map(|(warning, at)| Event::Warned { warning, at }).collect()
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Started(promise) => self.clone_from(promise),
            Event::Noted { fact, stands } => {
                self.take(fact);
                self.standing.clone_from(stands);
            }
            Event::Warned { warning, .. } => {
                self.warned.insert(*warning);
            }
            Event::Breached { detected_at, .. } => {
                if self.standing.state == State::Running {
                    self.standing.state = State::Breached;
                }
                self.detected_at = Some(*detected_at);
            }
            Event::Corrected { stands, detected_at, .. } => {
                self.standing.clone_from(stands);
                self.detected_at = *detected_at;
            }
        }
    }

    /// Takes in a fact; how the promise stands then is another question.
    fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::Assigned { at, owner } => {
                self.owners.insert(*at, owner.clone());
            }
            Fact::Paused { at, reason, evidence } => {
                let known = |one: &Pause| (one.from, one.reason, &one.evidence) == (*at, *reason, evidence);
                if !self.pauses.iter().any(known) {
                    let to = self.heard.range((Bound::Excluded(*at), Bound::Unbounded)).next().copied();
                    self.pauses.push(Pause { from: *at, to, reason: *reason, evidence: evidence.clone() });
                    self.pauses.sort_unstable();
                }
            }
            Fact::Resumed { at } => {
                self.heard.insert(*at);
                let waiting = |pause: &&mut Pause| pause.from <= *at && pause.to.is_none_or(|to| *at < to);
                self.pauses.iter_mut().filter(waiting).for_each(|pause| pause.to = Some(*at));
            }
            Fact::Retargeted { terms, .. } => {
                self.terms = Arc::clone(terms);
                self.warned.clear();
            }
            // The standing says it.
            Fact::Satisfied { .. } | Fact::Cancelled { .. } => {}
        }
    }
}

fn corrected(was: &Standing, stands: &Standing, detected_at: Option<Timestamp>) -> Event {
    Event::Corrected { was: Box::new(was.clone()), stands: Box::new(stands.clone()), detected_at }
}
