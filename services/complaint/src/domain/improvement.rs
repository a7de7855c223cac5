//! An improvement action (CAPA): a problem that complaints have in common is remedied at its root (R-CMP-15).
//! proposed -> accepted | declined; accepted -> in_work -> released -> effectiveness_check -> effective | ineffective, and
//! back to in_work.
//! Every complaint with the problem stands in it once: recorded by the release, its customer is to be told; recorded
//! later, the problem came back. Invariant: effective only when everybody to be told is informed or suppressed (M24).
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ladder::Ladder,
    reporters::{Loop, Refusal, Reporter, Reporters, Tell, Telling},
    values::{CauseCode, Class, Department},
};

/// What is wrong, and with what: two complaints with the same problem belong to the same action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub cause: CauseCode,
    /// Empty when no product is named.
    pub product_id: String,
    /// Tells problems apart only where no product is named.
    pub class: Class,
}

impl Problem {
    /// The id of its improvement action: a problem has one.
    pub fn action_id(&self) -> Uuid {
        let class = format!("{:?}", self.class);
        let about = if self.product_id.is_empty() { ["class", &class] } else { ["product", &self.product_id] };
        kernel::id::derived("improvement", &[self.cause.as_str(), about[0], about[1]])
    }
}

/// An improvement action. `Default` is one that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImprovementAction {
    pub problem: Problem,
    /// The department that owns it.
    pub owner: Department,
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    /// The last instant at which a release is in time.
    pub due_by: Timestamp,
    /// The present due time passed without a release.
    pub overdue: bool,
    pub root_cause: Option<CauseCode>,
    pub reporters: Reporters,
    /// The newest.
    pub release: Option<Release>,
    pub state: State,
    /// Who must look when it is late, as it was when the action was proposed.
    #[serde(default)]
    pub ladder: Arc<Ladder>,
    /// The finding of an analysis it was proposed from (R-CMP-16).
    #[serde(default)]
    pub finding_id: Option<Uuid>,
}

/// The measure is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// 1 for the first.
    pub number: u32,
    pub at: Timestamp,
    /// The window in which the problem may come back ends then.
    pub check_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Proposed,
    Declined,
    Accepted,
    InWork,
    Released,
    EffectivenessCheck,
    Effective,
    Ineffective,
}

impl State {
    /// The status word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Proposed => "proposed",
            Self::Declined => "declined",
            Self::Accepted => "accepted",
            Self::InWork => "in_work",
            Self::Released => "released",
            Self::EffectivenessCheck => "effectiveness_check",
            Self::Effective => "effective",
            Self::Ineffective => "ineffective",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    // What happened elsewhere, or time.
    /// A complaint with the problem was concluded. Nothing happens when there is no action, or when it is known already.
    Report(Reporter),
    /// What outreach says of a message.
    Message(Tell),
    /// The due time passed.
    ReleaseDue,
    /// The window after the release is over.
    CheckDue,
    // What people ask for.
    Propose {
        problem: Problem,
        owner: Department,
        due_by: Timestamp,
        by: String,
        ladder: Arc<Ladder>,
        finding_id: Option<Uuid>,
    },
    Accept,
    /// The proposal is turned down; the reason is kept apart.
    Decline,
    StartWork {
        root_cause: CauseCode,
    },
    Attach(Reporter),
    Release {
        check_after: SignedDuration,
    },
    /// About one reporter.
    Tell(Tell),
    Judge {
        effective: bool,
    },
    Reopen {
        root_cause: CauseCode,
        due_by: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Proposed {
        problem: Problem,
        owner: Department,
        due_by: Timestamp,
        by: String,
        finding_id: Option<Uuid>,
        ladder: Arc<Ladder>,
        at: Timestamp,
    },
    Accepted,
    Declined,
    WorkStarted {
        root_cause: CauseCode,
    },
    Overdue,
    ReporterAttached {
        reporter: Reporter,
        recurrence: bool,
    },
    Released(Release),
    Telling(Telling),
    CheckStarted,
    JudgedEffective,
    JudgedIneffective,
    Reopened {
        root_cause: CauseCode,
        due_by: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such improvement action")]
    Unknown,
    #[error("this is not possible while the improvement action is {0}")]
    NotNow(&'static str),
    #[error("the problem has the improvement action {0} already; reopen that one, or add the complaint to it")]
    Exists(Uuid),
    #[error("the complaint is among the reporters already")]
    Attached,
    #[error("{0} reporters are neither informed nor suppressed; tell them, or say why not")]
    LoopOpen(u32),
    #[error(transparent)]
    Reporter(#[from] Refusal),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "improvement.not_found",
            Self::NotNow(_) => "improvement.not_now",
            Self::Exists(_) => "improvement.exists",
            Self::Attached => "improvement.attached",
            Self::LoopOpen(_) => "improvement.loop_open",
            Self::Reporter(Refusal::Unknown) => "improvement.unknown_reporter",
            Self::Reporter(Refusal::Settled) => "improvement.reporter_settled",
        }
    }
}

type Decision = Result<Vec<Event>, Rejection>;

impl ImprovementAction {
    /// The measure is still to be released.
    pub fn unreleased(&self) -> bool {
        matches!(self.state, State::Proposed | State::Accepted | State::InWork)
    }

    /// A release stands, and those who reported before it are to be told.
    fn telling(&self) -> bool {
        !self.unreleased() && !matches!(self.state, State::Absent | State::Declined)
    }

    /// The report came after the newest release: the problem is back.
    fn recurrence(&self, reporter: &Reporter) -> bool {
        self.release.is_some_and(|release| reporter.reported_at > release.at)
    }

    /// Those who are to be told of the release.
    fn to_tell(&self) -> impl Iterator<Item = &Reporter> {
        self.reporters.iter().filter(|reporter| !self.recurrence(reporter))
    }

    /// How far telling them is.
    pub fn closing(&self) -> Loop {
        Loop::of(self.to_tell())
    }

    /// Complaints about the problem since the newest release.
    pub fn recurrences(&self) -> u32 {
        count(self.reporters.iter(), |reporter| self.recurrence(reporter))
    }

    /// Complaints about the problem in equal windows before and after the newest release (M25).
    pub fn before_and_after(&self) -> (u32, u32) {
        let Some(Release { at, check_at, .. }) = self.release else { return (0, 0) };
        let from = kernel::calendar::add(at, at.duration_since(check_at));
        let within = |from, to| {
            count(self.reporters.iter(), |reporter| reporter.reported_at > from && reporter.reported_at <= to)
        };
        (within(from, at), within(at, check_at))
    }

    /// What follows from `command` at `now`, or why nothing may.
    pub fn decide(&self, command: Command, now: Timestamp) -> Decision {
        match (command, self.state) {
            (Command::Propose { problem, owner, due_by, by, finding_id, ladder }, State::Absent) => {
                Ok(vec![Event::Proposed { problem, owner, due_by, by, finding_id, ladder, at: now }])
            }
            (Command::Report(_) | Command::Message(_) | Command::ReleaseDue | Command::CheckDue, State::Absent) => {
                Ok(vec![])
            }
            (_, State::Absent) => Err(Rejection::Unknown),
            (Command::Propose { .. }, _) => Err(Rejection::Exists(self.problem.action_id())),
            (Command::Report(reporter), _) => Ok(self.attach(reporter).unwrap_or_default()),
            (Command::Attach(reporter), _) => self.attach(reporter),
            (Command::ReleaseDue, _) => Ok(self.breach(now)),
            (Command::CheckDue, _) => Ok(self.check(now)),
            (Command::Accept, State::Proposed) => Ok(vec![Event::Accepted]),
            (Command::Decline, State::Proposed) => Ok(vec![Event::Declined]),
            (Command::StartWork { root_cause }, State::Accepted) => Ok(vec![Event::WorkStarted { root_cause }]),
            (Command::Release { check_after }, State::InWork) => Ok(self.bring_out(check_after, now)),
            (Command::Tell(Tell::InPerson { .. }), state) if !self.telling() => Err(Rejection::NotNow(state.name())),
            (Command::Message(tell) | Command::Tell(tell), _) => {
                Ok(self.reporters.decide(&tell, now)?.into_iter().map(Event::Telling).collect())
            }
            (Command::Judge { effective }, State::EffectivenessCheck) => self.judge(effective),
            (Command::Reopen { root_cause, due_by }, State::Effective | State::Ineffective | State::Declined) => {
                Ok(vec![Event::Reopened { root_cause, due_by }])
            }
            (
                Command::Accept
                | Command::Decline
                | Command::StartWork { .. }
                | Command::Release { .. }
                | Command::Judge { .. }
                | Command::Reopen { .. },
                state,
            ) => Err(Rejection::NotNow(state.name())),
        }
    }

    /// Who reported before the release and is learnt of after it is told at once.
    fn attach(&self, reporter: Reporter) -> Decision {
        if self.reporters.find(reporter.report_id).is_some() {
            return Err(Rejection::Attached);
        }
        let recurrence = self.recurrence(&reporter);
        let told = if self.telling() && !recurrence { self.ask([&reporter].into_iter()) } else { vec![] };
        Ok([vec![Event::ReporterAttached { reporter, recurrence }], told].concat())
    }

    fn ask<'a>(&self, reporters: impl Iterator<Item = &'a Reporter>) -> Vec<Event> {
        let number = self.release.map_or(0, |release| release.number).to_string();
        let about = ["improvement", &self.problem.action_id().to_string(), &number];
        Reporters::ask(&about, reporters).into_iter().map(Event::Telling).collect()
    }

    /// A late release notes the breach first when nobody had looked yet.
    fn bring_out(&self, check_after: SignedDuration, now: Timestamp) -> Vec<Event> {
        let number = self.release.map_or(1, |release| release.number + 1);
        let release = Release { number, at: now, check_at: kernel::calendar::add(now, check_after) };
        let mut events = self.breach(now);
        events.push(Event::Released(release));
        let after = Self { release: Some(release), ..self.clone() };
        events.extend(after.ask(after.to_tell()));
        events
    }

    /// The escalation of the present due time, if it passed without a release.
    pub fn lateness(&self) -> Option<Uuid> {
        let parts = ["improvement_late", &self.problem.action_id().to_string(), &self.due_by.to_string()];
        self.overdue.then(|| kernel::id::derived("escalation", &parts))
    }

    /// The breach of the present due time, once; equality is in time.
    fn breach(&self, now: Timestamp) -> Vec<Event> {
        let late = self.unreleased() && !self.overdue && !kernel::promise::verdict(self.due_by, now).in_time();
        if late { vec![Event::Overdue] } else { vec![] }
    }

    fn check(&self, now: Timestamp) -> Vec<Event> {
        let over = self.state == State::Released && self.release.is_some_and(|release| release.check_at <= now);
        if over { vec![Event::CheckStarted] } else { vec![] }
    }

    fn judge(&self, effective: bool) -> Decision {
        match (effective, self.closing().open()) {
            (true, 0) => Ok(vec![Event::JudgedEffective]),
            (true, open) => Err(Rejection::LoopOpen(open)),
            (false, _) => Ok(vec![Event::JudgedIneffective]),
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Proposed { problem, owner, due_by, by, finding_id, ladder, at } => {
                let (proposed_by, proposed_at, state) = (by, at, State::Proposed);
                let found = Self { proposed_by, proposed_at, finding_id, ladder, ..Self::default() };
                *self = Self { problem, owner, due_by, state, ..found };
            }
            Event::Accepted => self.state = State::Accepted,
            Event::Declined => self.state = State::Declined,
            Event::WorkStarted { root_cause } => {
                self.root_cause = Some(root_cause);
                self.state = State::InWork;
            }
            Event::Overdue => self.overdue = true,
            Event::ReporterAttached { reporter, .. } => self.reporters.add(reporter),
            Event::Released(release) => {
                self.release = Some(release);
                self.state = State::Released;
            }
            Event::Telling(telling) => self.reporters.apply(&telling),
            Event::CheckStarted => self.state = State::EffectivenessCheck,
            Event::JudgedEffective => self.state = State::Effective,
            Event::JudgedIneffective => self.state = State::Ineffective,
            Event::Reopened { root_cause, due_by } => {
                self.root_cause = Some(root_cause);
                self.due_by = due_by;
                self.overdue = false;
                self.reporters.wait_again();
                self.state = State::InWork;
            }
        }
    }
}

fn count<'a>(reporters: impl Iterator<Item = &'a Reporter>, which: impl Fn(&Reporter) -> bool) -> u32 {
    reporters.fold(0, |sum, reporter| sum + u32::from(which(reporter)))
}
