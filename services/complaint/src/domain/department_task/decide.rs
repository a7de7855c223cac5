//! What follows from a command to a department's task, and how what happened is taken in.
use std::{borrow::Cow, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar::Calendar,
    promise::{self, Cause, Fact, Promise, Terms, Versioned},
    sla::{Levels, Warning},
};
use uuid::Uuid;

use super::{
    super::{
        routing::Desk,
        values::{CauseCode, Department, Evidence},
    },
    Brief, Command, DepartmentTask, Event, FORWARDS_MAX, Held, Judging, Rejection, State, Waited,
};

/// What the escalations of warnings are named by.
const WARNING: &str = "department_warning";

impl DepartmentTask {
    /// The department must still answer.
    pub fn waiting(&self) -> bool {
        matches!(self.state, State::Issued | State::Acknowledged | State::Returned)
    }

    /// When to look at the clock: a warning is due, or the answer is late.
    pub fn look_at(&self) -> Option<Timestamp> {
        self.promised().filter(|_| self.waiting()).and_then(|promise| promise.next_due())
    }

    /// The promise of the last hand-over. What was stored without one had its time round the clock.
    fn promised(&self) -> Option<Cow<'_, Promise>> {
        if let Some(promise) = &self.promise {
            return Some(Cow::Borrowed(promise));
        }
        let from = self.had_since();
        let terms = Arc::new(Terms { target: self.answer_by.duration_since(from), ..Terms::default() });
        let terms = if self.warned { terms } else { self.brief.warned_by_default(terms) };
        let owner = Some(self.brief.desk.department.to_string());
        let mut promise = Promise::start(from, false, terms, owner.clone(), &|_| None).ok()?;
        if self.expired {
            promise.apply(&promise::Event::Breached { at: self.answer_by, detected_at: self.answer_by, owner });
        }
        Some(Cow::Owned(promise))
    }

    /// When the department is warned that its time runs out, the first time in front.
    pub fn warn_at(&self) -> Vec<Timestamp> {
        let mut warn_at = self.promised().map(|promise| promise.standing.warn_at.clone()).unwrap_or_default();
        warn_at.sort_unstable();
        warn_at
    }

    /// The escalations of the warnings of this hand-over. Before each had one of its own, all shared one, which is among them.
    pub fn warnings(&self) -> Vec<Uuid> {
        let given = self.promise.iter().flat_map(|promise| &promise.warned).map(|warning| self.warning(*warning));
        self.warned.then(|| self.escalation(WARNING)).into_iter().chain(given).collect()
    }

    /// The id of what is raised for a warning of this hand-over.
    fn warning(&self, warning: Warning) -> Uuid {
        let shared = self.escalation(WARNING).to_string();
        kernel::id::derived("escalation", &[WARNING, &shared, &warning.to_string()])
    }

    /// What follows from `command` at `now`. Answering at once acknowledges as well.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match (command, self.state) {
            (Command::Issue(brief), State::Absent) => {
                let promise = brief.promise(&brief.desk, brief.desk.levels.0.as_deref(), now)?;
                vec![Event::Issued { brief: Box::new(brief), promise, at: now }]
            }
            (Command::Issue(_), _) => vec![],
            (Command::Look, _) => self.look(now)?,
            (Command::Cancel { levels }, _) if self.waiting() => self.cancel(levels.0.as_deref(), now)?,
            (Command::Cancel { .. }, State::Answered) if !self.closed => vec![Event::Closed],
            // What was raised at its first hand-over is known to the complaint itself.
            (Command::Cancel { .. }, State::Accepted) if self.returns + self.forwards > 0 && !self.closed => {
                vec![Event::Closed]
            }
            (Command::Cancel { .. }, _) => vec![],
            (Command::Reopen, State::Answered) if self.closed => {
                vec![Event::Reopened { judging: self.judging_from(now) }]
            }
            (Command::Reopen, _) => vec![],
            (_, State::Absent) => return Err(Rejection::Unknown),
            (Command::Acknowledge { owner, department, levels }, State::Issued | State::Returned) => {
                self.mine(&department)?;
                vec![Event::Acknowledged { owner, held: self.held(now, &levels), at: now }]
            }
            (Command::Answer { by, department, cause, evidence, at, levels }, _) if self.waiting() => {
                self.mine(&department)?;
                self.answer(by, (cause, evidence), at.unwrap_or(now), now, &levels)?
            }
            (Command::Accept, State::Answered) => {
                let waited_s = self.waited_for_judgement(now);
                self.unjudged(now).into_iter().chain([Event::Accepted { waited_s }]).collect()
            }
            (Command::Return { .. }, State::Answered) if self.closed => return Err(Rejection::ComplaintClosed),
            (Command::Return { levels }, State::Answered) => {
                let promise = self.brief.promise(&self.brief.desk, Some(&levels), now)?;
                let waited_s = self.waited_for_judgement(now);
                let returned = Event::Returned { waited_s, promise, at: now };
                self.unjudged(now).into_iter().chain([returned]).collect()
            }
            (Command::Forward { department, desk, levels }, _) if self.waiting() => {
                self.mine(&department)?;
                self.forward(desk, now, &levels)?
            }
            (
                Command::Acknowledge { .. }
                | Command::Answer { .. }
                | Command::Accept
                | Command::Return { .. }
                | Command::Forward { .. },
                state,
            ) => return Err(Rejection::NotNow(state.name())),
        })
    }

    /// Whether `department` is the one that was asked.
    fn mine(&self, department: &Department) -> Result<(), Rejection> {
        let asked = &self.brief.desk.department;
        if department == asked { Ok(()) } else { Err(Rejection::OtherDepartment(asked.clone())) }
    }

    /// A late answer notes the breach first when nobody had looked yet; one that is told late, but was given in time,
    /// takes back a breach that was noted.
    fn answer(
        &self,
        by: String,
        (cause, evidence): (Option<CauseCode>, Vec<Evidence>),
        at: Timestamp,
        now: Timestamp,
        levels: &Levels,
    ) -> Result<Vec<Event>, Rejection> {
        if at < self.had_since() {
            return Err(Rejection::TooEarly(self.had_since()));
        }
        let promise = self.promised().ok_or(Rejection::NoTime)?;
        let satisfied = promise::Command::Note(Fact::Satisfied { at });
        let held = self.held(at, levels);
        let mut events = Vec::new();
        for kept in promise.decide(&satisfied, now, &|of| levels.calendar(of))? {
            match kept {
                promise::Event::Noted { .. } => {
                    let unseen = self.state != State::Acknowledged;
                    events.extend(unseen.then(|| Event::Acknowledged { owner: by.clone(), held, at }));
                    let (cause, evidence, kept) = (cause.clone(), evidence.clone(), Box::new(kept));
                    events.push(Event::Answered { cause, evidence, held, kept, judging: self.judging_from(now), at });
                }
                other => events.extend(self.told(other, at)),
            }
        }
        Ok(events)
    }

    /// Handing over late is late as well.
    fn forward(&self, desk: Desk, now: Timestamp, levels: &Levels) -> Result<Vec<Event>, Rejection> {
        if desk.department == self.brief.desk.department {
            return Err(Rejection::SameDepartment);
        }
        if self.forwards >= FORWARDS_MAX {
            return Err(Rejection::TooManyForwards);
        }
        let promise = self.brief.promise(&desk, Some(levels), now)?;
        let (from, held) = (self.brief.desk.department.clone(), self.held(now, levels));
        let mut events = self.look(now)?;
        events.retain(|event| matches!(event, Event::Expired { .. }));
        events.push(Event::Forwarded { from, desk, held, warnings: self.warnings(), promise, at: now });
        Ok(events)
    }

    /// The answer is no longer owed; what was late by then is late.
    fn cancel(&self, levels: Option<&Levels>, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let over = promise::Command::Note(Fact::Cancelled { at: now, cause: Cause::Closed });
        let calendars = |of: &Versioned| levels?.calendar(of);
        let noted = self.promised().and_then(|promise| promise.decide(&over, now, &calendars).ok());
        let mut noted = noted.into_iter().flatten();
        let ended = noted.find(|event| matches!(event, promise::Event::Noted { .. })).map(Box::new);
        let mut events = self.look(now)?;
        events.retain(|event| matches!(event, Event::Expired { .. }));
        events.push(Event::Cancelled { ended });
        Ok(events)
    }

    /// The complaint manager has the ladder's time for an answer from when it came in.
    fn judging_from(&self, since: Timestamp) -> Judging {
        let within = self.brief.ladder.accept_within;
        let by = (within > SignedDuration::ZERO).then(|| kernel::calendar::add(since, within));
        Judging { since, by, late: false }
    }

    /// When the answer that waits must have been judged; none when that is not owed, or was noted as late.
    pub fn judge_by(&self) -> Option<Timestamp> {
        self.judging.filter(|judging| !judging.late).and_then(|judging| judging.by)
    }

    /// The breach of that, once; equality is in time.
    fn unjudged(&self, now: Timestamp) -> Option<Event> {
        let due = self.judge_by().filter(|due| !kernel::promise::verdict(*due, now).in_time())?;
        Some(Event::Unjudged { escalation_id: self.unjudged_escalation(self.returns), due })
    }

    /// The id of what is raised for it, when the task was returned so often.
    pub fn unjudged_escalation(&self, returns: u32) -> Uuid {
        let what = match self.reopens {
            0 => "answer_waits".to_owned(),
            again => format!("answer_waits_{again}"),
        };
        escalation(&what, self.brief.task_id, returns, self.forwards)
    }

    /// How long the answer has waited, in seconds of wall time.
    fn waited_for_judgement(&self, now: Timestamp) -> u64 {
        let since = self.judging.map_or(now, |judging| judging.since);
        u64::try_from(now.duration_since(since).as_secs()).unwrap_or_default()
    }

    /// The warnings that are due, each once a hand-over, or the breach of the present due time, once; equality is in
    /// time, and then it is too late for a warning. When it is answered: that nobody judged the answer in time.
    fn look(&self, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let Some(promise) = self.promised().filter(|_| self.waiting()) else {
            return Ok(self.unjudged(now).into_iter().collect());
        };
        let seen = promise.decide(&promise::Command::Look, now, &|_| None)?;
        Ok(seen.into_iter().filter_map(|seen| self.told(seen, now)).collect())
    }

    /// What happened to the promise, as it is told.
    fn told(&self, event: promise::Event, at: Timestamp) -> Option<Event> {
        let late = || self.escalation("department_task");
        match event {
            promise::Event::Warned { warning, .. } => {
                Some(Event::Warned { escalation_id: self.warning(warning), warning, at })
            }
            broken @ promise::Event::Breached { .. } => {
                Some(Event::Expired { escalation_id: late(), broken: Box::new(broken) })
            }
            kept @ promise::Event::Corrected { .. } => {
                Some(Event::Corrected { escalation_id: late(), kept: Box::new(kept), at })
            }
            promise::Event::Started(_) | promise::Event::Noted { .. } => None,
        }
    }

    /// The id of an escalation of this hand-over.
    fn escalation(&self, what: &str) -> Uuid {
        escalation(what, self.brief.task_id, self.returns, self.forwards)
    }

    /// What was raised because the task was late, if it was, whichever hand-over that was.
    pub fn late_escalations(&self) -> impl Iterator<Item = Uuid> {
        let all =
            (0..=self.returns).flat_map(move |returns| (0..=self.forwards).map(move |forwards| (returns, forwards)));
        all.map(move |(returns, forwards)| escalation("department_task", self.brief.task_id, returns, forwards))
    }

    /// Since when the department has had it.
    fn had_since(&self) -> Timestamp {
        self.handed_over_at.unwrap_or(self.issued_at)
    }

    /// The calendar its time counts in; none round the clock.
    pub fn calendar(&self) -> Option<&Versioned> {
        self.promise.as_ref().and_then(|promise| promise.terms.calendar.as_ref())
    }

    /// For how long the department has had it at `at`. Without its calendar no answer is refused: what is missing is its
    /// working time alone, which the times on record can be counted in once the version is back.
    fn held(&self, at: Timestamp, levels: &Levels) -> Held {
        let since = self.had_since();
        let calendar = match self.calendar() {
            None => Some(Calendar::round_the_clock()),
            Some(of) => levels.calendar(of),
        };
        let working = calendar.and_then(|calendar| calendar.between(since, at).ok());
        let wall_s = u64::try_from(at.duration_since(since).as_secs()).unwrap_or_default();
        Held { wall_s, working_s: working.map(|working| working.as_secs()) }
    }

    /// A department has it from `at` on.
    fn hand_over(&mut self, at: Timestamp, promise: Promise, state: State) {
        (self.handed_over_at, self.answer_by, self.state) = (Some(at), promise.standing.due_at, state);
        (self.expired, self.warned, self.waited) = (false, false, Waited::default());
        self.promise = Some(promise);
    }

    /// The promise as it is after `event`.
    fn note(&mut self, event: &promise::Event) {
        let mut promise = self.promised().map(Cow::into_owned);
        promise.iter_mut().for_each(|promise| promise.apply(event));
        self.promise = promise;
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Issued { brief, promise, at } => {
                *self = Self { brief: *brief, issued_at: at, ..Self::default() };
                self.hand_over(at, *promise, State::Issued);
            }
            Event::Acknowledged { owner, held, .. } => {
                self.owner = Some(owner);
                self.waited.to_acknowledge_s = held.wall_s;
                self.waited.working_to_acknowledge_s = self.waited.counted(held);
                self.state = State::Acknowledged;
            }
            Event::Answered { cause, evidence, held, kept, judging, .. } => {
                (self.cause, self.evidence, self.judging) = (cause, evidence, Some(judging));
                self.waited.to_answer_s = held.wall_s;
                self.waited.working_to_answer_s = self.waited.counted(held);
                self.waited_in_all.add(self.waited);
                self.note(&kept);
                self.state = State::Answered;
            }
            Event::Unjudged { .. } => self.judging.iter_mut().for_each(|judging| judging.late = true),
            Event::Accepted { .. } => (self.state, self.judging) = (State::Accepted, None),
            Event::Returned { promise, at, .. } => {
                (self.returns, self.judging) = (self.returns + 1, None);
                self.hand_over(at, *promise, State::Returned);
            }
            Event::Forwarded { desk, promise, at, .. } => {
                (self.brief.desk, self.owner, self.waited_in_all) = (desk, None, Waited::default());
                self.forwards += 1;
                self.hand_over(at, *promise, State::Issued);
            }
            Event::Warned { warning, at, .. } => {
                self.note(&promise::Event::Warned { warning, at });
                self.warned = true;
            }
            Event::Expired { broken, .. } => {
                self.note(&broken);
                self.expired = true;
            }
            Event::Corrected { kept, .. } => {
                self.note(&kept);
                self.expired = false;
            }
            Event::Cancelled { ended } => {
                ended.iter().for_each(|ended| self.note(ended));
                self.state = State::Cancelled;
            }
            Event::Closed => (self.closed, self.judging) = (true, None),
            Event::Reopened { judging } => {
                (self.closed, self.judging) = (false, Some(judging));
                self.reopens += 1;
            }
        }
    }
}

/// The id of what is raised when a task was returned and forwarded so often.
pub fn escalation(what: &str, task_id: Uuid, returns: u32, forwards: u32) -> Uuid {
    let round = if forwards == 0 { returns.to_string() } else { format!("{returns}/{forwards}") };
    kernel::id::derived("escalation", &[what, &task_id.to_string(), &round])
}

impl Brief {
    /// The promise of `desk` when it gets the task at `at`.
    fn promise(&self, desk: &Desk, levels: Option<&Levels>, at: Timestamp) -> Result<Box<Promise>, Rejection> {
        let terms = desk.terms((self.class, self.lane), levels).ok_or(Rejection::NoTime)?;
        let owner = Some(desk.department.to_string());
        let lookup = |of: &Versioned| levels?.calendar(of);
        let promise = Promise::start(at, false, self.warned_by_default(terms), owner, &lookup)?;
        Ok(Box::new(promise))
    }

    /// The terms with the ladder's warning where they name none.
    fn warned_by_default(&self, mut terms: Arc<Terms>) -> Arc<Terms> {
        if terms.warnings.is_empty() && self.ladder.warn_percent > 0 {
            Arc::make_mut(&mut terms).warnings.push(Warning::Percent(self.ladder.warn_percent));
        }
        terms
    }
}

impl Waited {
    /// The working time of it; 0 where it could not be counted, which is kept.
    fn counted(&mut self, held: Held) -> u64 {
        self.uncounted |= held.working_s.is_none();
        held.working_s.unwrap_or_default()
    }

    /// One hand-over more.
    fn add(&mut self, other: Self) {
        self.to_acknowledge_s += other.to_acknowledge_s;
        self.to_answer_s += other.to_answer_s;
        self.working_to_acknowledge_s += other.working_to_acknowledge_s;
        self.working_to_answer_s += other.working_to_answer_s;
        self.uncounted |= other.uncounted;
    }
}
