//! A department's task within a complaint (R-CMP-04, R-CMP-19): issued -> acknowledged -> answered -> accepted, or
//! returned for another answer with a new due time. Before the due time the department is warned; one that passes
//! without an answer is noted and escalated once, and the answer is still expected. A department that cannot answer
//! forwards the task, a few times at most. Every hand-over has an owner, a time limit and a measured wait. Closing the
//! complaint cancels what nobody answered yet.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ladder::Ladder,
    routing::Desk,
    values::{CauseCode, Class, Department, Evidence, Lane},
};

/// How often a task can be handed over to another department.
const FORWARDS_MAX: u32 = 3;

/// A task. `Default` is one that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartmentTask {
    pub brief: Brief,
    pub state: State,
    pub issued_at: Timestamp,
    /// The last instant at which an answer is in time.
    pub answer_by: Timestamp,
    /// The answer was not there at the present due time.
    pub expired: bool,
    /// How often an answer was sent back.
    pub returns: u32,
    /// The cause the department named last.
    pub cause: Option<CauseCode>,
    /// What its last answer rests on.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// When the department was handed it: issued, returned or forwarded.
    #[serde(default)]
    pub handed_over_at: Option<Timestamp>,
    /// The person who works on it.
    #[serde(default)]
    pub owner: Option<String>,
    /// The department was warned that its time is running out.
    #[serde(default)]
    pub warned: bool,
    #[serde(default)]
    pub forwards: u32,
    /// Since the last hand-over.
    #[serde(default)]
    pub waited: Waited,
    /// Over all answers of the department that has it.
    #[serde(default)]
    pub waited_in_all: Waited,
}

/// How long a hand-over took, in seconds of wall time (R-CMP-19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waited {
    pub to_acknowledge_s: u64,
    pub to_answer_s: u64,
}

/// What the department is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    pub task_id: Uuid,
    pub complaint_id: Uuid,
    pub desk: Desk,
    pub class: Class,
    pub lane: Lane,
    pub purchase_id: Option<Uuid>,
    pub product_id: String,
    pub batch: String,
    /// When the department is warned, and who must look when it is late.
    #[serde(default)]
    pub ladder: Ladder,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Issued,
    Acknowledged,
    Answered,
    Returned,
    Accepted,
    Cancelled,
}

impl State {
    /// The status word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Issued => "issued",
            Self::Acknowledged => "acknowledged",
            Self::Answered => "answered",
            Self::Returned => "returned",
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    /// A complaint asks. Nothing happens when it did already.
    Issue(Brief),
    /// Much of the time has passed.
    WarnDue,
    /// The due time passed.
    AnswerDue,
    /// The complaint is closed.
    Cancel,
    Acknowledge {
        owner: String,
    },
    Answer {
        by: String,
        department: Department,
        cause: Option<CauseCode>,
        evidence: Vec<Evidence>,
    },
    Accept,
    Return,
    /// `department` has it and hands it to `desk`.
    Forward {
        department: Department,
        desk: Desk,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Issued {
        brief: Brief,
        at: Timestamp,
    },
    Acknowledged {
        owner: String,
        at: Timestamp,
    },
    Answered {
        cause: Option<CauseCode>,
        evidence: Vec<Evidence>,
        at: Timestamp,
    },
    Accepted,
    Returned {
        answer_by: Timestamp,
        at: Timestamp,
    },
    /// `warning` is the escalation of the warning the former department got.
    Forwarded {
        from: Department,
        desk: Desk,
        waited_s: u64,
        warning: Option<Uuid>,
        at: Timestamp,
    },
    Warned {
        escalation_id: Uuid,
        at: Timestamp,
    },
    Expired {
        escalation_id: Uuid,
    },
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such task")]
    Unknown,
    #[error("this is not possible while the task is {0}")]
    NotNow(&'static str),
    #[error("the task is for {0}, and only it can answer")]
    OtherDepartment(Department),
    #[error("the task is with this department already")]
    SameDepartment,
    #[error("a task can be forwarded 3 times at most; answer it or let the complaint manager ask another department")]
    TooManyForwards,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "task.not_found",
            Self::NotNow(_) => "task.not_now",
            Self::OtherDepartment(_) => "task.other_department",
            Self::SameDepartment => "task.same_department",
            Self::TooManyForwards => "task.too_many_forwards",
        }
    }
}

impl DepartmentTask {
    /// The department must still answer.
    pub fn waiting(&self) -> bool {
        matches!(self.state, State::Issued | State::Acknowledged | State::Returned)
    }

    /// When the department is warned that its time is running out, if it is at all.
    pub fn warn_at(&self) -> Option<Timestamp> {
        let awaited = self.waiting() && !self.warned && !self.expired && self.brief.ladder.warn_percent > 0;
        let from = self.handed_over_at.filter(|_| awaited)?;
        let seconds = self.answer_by.duration_since(from).as_secs() / 100 * i64::from(self.brief.ladder.warn_percent);
        Some(kernel::calendar::add(from, SignedDuration::from_secs(seconds)))
    }

    /// The escalation of the warning of this hand-over, if there was one.
    pub fn warning(&self) -> Option<Uuid> {
        self.warned.then(|| self.escalation("department_warning"))
    }

    /// What follows from `command` at `now`. Answering at once acknowledges as well.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match (command, self.state) {
            (Command::Issue(brief), State::Absent) => vec![Event::Issued { brief, at: now }],
            (Command::Issue(_), _) => vec![],
            (Command::WarnDue, _) => self.warn(now),
            (Command::AnswerDue, _) => self.expiry(now),
            (Command::Cancel, _) if self.waiting() => vec![Event::Cancelled],
            (Command::Cancel, _) => vec![],
            (_, State::Absent) => return Err(Rejection::Unknown),
            (Command::Acknowledge { owner }, State::Issued | State::Returned) => {
                vec![Event::Acknowledged { owner, at: now }]
            }
            (Command::Answer { by, department, cause, evidence }, _) if self.waiting() => {
                self.mine(&department)?;
                self.answer(by, Event::Answered { cause, evidence, at: now }, now)
            }
            (Command::Accept, State::Answered) => vec![Event::Accepted],
            (Command::Return, State::Answered) => {
                let answer_by = kernel::calendar::add(now, self.brief.desk.answer_within);
                vec![Event::Returned { answer_by, at: now }]
            }
            (Command::Forward { department, desk }, _) if self.waiting() => {
                self.mine(&department)?;
                self.forward(desk, now)?
            }
            (
                Command::Acknowledge { .. }
                | Command::Answer { .. }
                | Command::Accept
                | Command::Return
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

    /// A late answer notes the breach first when nobody had looked yet.
    fn answer(&self, by: String, answered: Event, now: Timestamp) -> Vec<Event> {
        let mut events = self.expiry(now);
        if self.state != State::Acknowledged {
            events.push(Event::Acknowledged { owner: by, at: now });
        }
        events.push(answered);
        events
    }

    /// Handing over late is late as well.
    fn forward(&self, desk: Desk, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        if desk.department == self.brief.desk.department {
            return Err(Rejection::SameDepartment);
        }
        if self.forwards >= FORWARDS_MAX {
            return Err(Rejection::TooManyForwards);
        }
        let (from, waited_s) = (self.brief.desk.department.clone(), self.held(now));
        let mut events = self.expiry(now);
        events.push(Event::Forwarded { from, desk, waited_s, warning: self.warning(), at: now });
        Ok(events)
    }

    /// The warning, once a hand-over; after the due time it is too late for one.
    fn warn(&self, now: Timestamp) -> Vec<Event> {
        let due = self.warn_at().is_some_and(|at| now >= at);
        if !due || !kernel::promise::verdict(self.answer_by, now).in_time() {
            return vec![];
        }
        vec![Event::Warned { escalation_id: self.escalation("department_warning"), at: now }]
    }

    /// The breach of the present due time, once; equality is in time.
    fn expiry(&self, now: Timestamp) -> Vec<Event> {
        if !self.waiting() || self.expired || kernel::promise::verdict(self.answer_by, now).in_time() {
            return vec![];
        }
        vec![Event::Expired { escalation_id: self.escalation("department_task") }]
    }

    /// The id of an escalation of this hand-over.
    fn escalation(&self, what: &str) -> Uuid {
        let round = match self.forwards {
            0 => self.returns.to_string(),
            forwards => format!("{}/{forwards}", self.returns),
        };
        kernel::id::derived("escalation", &[what, &self.brief.task_id.to_string(), &round])
    }

    /// For how many seconds the department has had it at `now`.
    fn held(&self, now: Timestamp) -> u64 {
        let since = self.handed_over_at.unwrap_or(self.issued_at);
        u64::try_from(now.duration_since(since).as_secs()).unwrap_or_default()
    }

    /// A department has it from `at` on.
    fn hand_over(&mut self, at: Timestamp, answer_by: Timestamp, state: State) {
        (self.handed_over_at, self.answer_by, self.state) = (Some(at), answer_by, state);
        (self.expired, self.warned, self.waited) = (false, false, Waited::default());
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Issued { brief, at } => {
                let answer_by = kernel::calendar::add(at, brief.desk.answer_within);
                *self = Self { brief, issued_at: at, ..Self::default() };
                self.hand_over(at, answer_by, State::Issued);
            }
            Event::Acknowledged { owner, at } => {
                self.owner = Some(owner);
                self.waited.to_acknowledge_s = self.held(at);
                self.state = State::Acknowledged;
            }
            Event::Answered { cause, evidence, at } => {
                (self.cause, self.evidence) = (cause, evidence);
                self.waited.to_answer_s = self.held(at);
                self.waited_in_all.to_acknowledge_s += self.waited.to_acknowledge_s;
                self.waited_in_all.to_answer_s += self.waited.to_answer_s;
                self.state = State::Answered;
            }
            Event::Accepted => self.state = State::Accepted,
            Event::Returned { answer_by, at } => {
                self.returns += 1;
                self.hand_over(at, answer_by, State::Returned);
            }
            Event::Forwarded { desk, at, .. } => {
                let answer_by = kernel::calendar::add(at, desk.answer_within);
                (self.brief.desk, self.owner, self.waited_in_all) = (desk, None, Waited::default());
                self.forwards += 1;
                self.hand_over(at, answer_by, State::Issued);
            }
            Event::Warned { .. } => self.warned = true,
            Event::Expired { .. } => self.expired = true,
            Event::Cancelled => self.state = State::Cancelled,
        }
    }
}
