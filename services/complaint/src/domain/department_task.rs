//! A department's task within a complaint (R-CMP-04, R-CMP-19): issued -> acknowledged -> answered -> accepted, or
//! returned for another answer with a new due time. A due time that passes without an answer is noted and escalated
//! once; the answer is still expected. Closing the complaint cancels what nobody answered yet.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    routing::Desk,
    values::{CauseCode, Class, Department, Lane},
};

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
    /// The due time passed.
    AnswerDue,
    /// The complaint is closed.
    Cancel,
    Acknowledge,
    Answer {
        department: Department,
        cause: Option<CauseCode>,
    },
    Accept,
    Return,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Issued { brief: Brief, at: Timestamp },
    Acknowledged,
    Answered { cause: Option<CauseCode>, at: Timestamp },
    Accepted,
    Returned { answer_by: Timestamp },
    Expired { escalation_id: Uuid },
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
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "task.not_found",
            Self::NotNow(_) => "task.not_now",
            Self::OtherDepartment(_) => "task.other_department",
        }
    }
}

impl DepartmentTask {
    /// The department must still answer.
    pub fn waiting(&self) -> bool {
        matches!(self.state, State::Issued | State::Acknowledged | State::Returned)
    }

    /// What follows from `command` at `now`. Answering at once acknowledges as well.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match (command, self.state) {
            (Command::Issue(brief), State::Absent) => vec![Event::Issued { brief, at: now }],
            (Command::Issue(_), _) => vec![],
            (Command::AnswerDue, _) => self.expiry(now),
            (Command::Cancel, _) if self.waiting() => vec![Event::Cancelled],
            (Command::Cancel, _) => vec![],
            (_, State::Absent) => return Err(Rejection::Unknown),
            (Command::Acknowledge, State::Issued | State::Returned) => vec![Event::Acknowledged],
            (Command::Answer { department, cause }, _) if self.waiting() => self.answer(&department, cause, now)?,
            (Command::Accept, State::Answered) => vec![Event::Accepted],
            (Command::Return, State::Answered) => {
                vec![Event::Returned { answer_by: kernel::calendar::add(now, self.brief.desk.answer_within) }]
            }
            (Command::Acknowledge | Command::Answer { .. } | Command::Accept | Command::Return, state) => {
                return Err(Rejection::NotNow(state.name()));
            }
        })
    }

    /// A late answer notes the breach first when nobody had looked yet.
    fn answer(
        &self,
        department: &Department,
        cause: Option<CauseCode>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if *department != self.brief.desk.department {
            return Err(Rejection::OtherDepartment(self.brief.desk.department.clone()));
        }
        let mut events = self.expiry(now);
        if self.state != State::Acknowledged {
            events.push(Event::Acknowledged);
        }
        events.push(Event::Answered { cause, at: now });
        Ok(events)
    }

    /// The breach of the present due time, once; equality is in time.
    fn expiry(&self, now: Timestamp) -> Vec<Event> {
        if !self.waiting() || self.expired || kernel::promise::verdict(self.answer_by, now).in_time() {
            return vec![];
        }
        let round = self.returns.to_string();
        let parts = ["department_task", &self.brief.task_id.to_string(), &round];
        vec![Event::Expired { escalation_id: kernel::id::derived("escalation", &parts) }]
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Issued { brief, at } => {
                let answer_by = kernel::calendar::add(at, brief.desk.answer_within);
                *self = Self { brief, state: State::Issued, issued_at: at, answer_by, ..Self::default() };
            }
            Event::Acknowledged => self.state = State::Acknowledged,
            Event::Answered { cause, .. } => {
                self.cause = cause;
                self.state = State::Answered;
            }
            Event::Accepted => self.state = State::Accepted,
            Event::Returned { answer_by } => {
                self.answer_by = answer_by;
                self.returns += 1;
                self.expired = false;
                self.state = State::Returned;
            }
            Event::Expired { .. } => self.expired = true,
            Event::Cancelled => self.state = State::Cancelled,
        }
    }
}
