//! A department's task within a complaint (R-CMP-04, R-CMP-19): issued -> acknowledged -> answered -> accepted, or
//! returned for another answer with a new due time. Before the due time the department is warned; one that passes
//! without an answer is noted and escalated once, and the answer is still expected. A department that cannot answer
//! forwards the task, a few times at most. Every hand-over has an owner, a time limit and a measured wait, and so has the
//! answer until it is accepted or returned. Closing the complaint cancels what nobody answered yet, and ends that wait. The time limit is a promise under the service levels: an answer that was
//! given in time and is told late corrects what was said of it.
mod decide;

pub use decide::escalation;

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{
    promise::{self, Promise},
    sla::{Levels, Warning},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ladder::Ladder,
    routing::{Desk, InForce},
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
    /// The last instant at which an answer is in time, as the promise has it.
    pub answer_by: Timestamp,
    /// The answer was not there at the present due time.
    pub expired: bool,
    /// The department's answer to the last hand-over; none in what was stored before tasks had promises.
    #[serde(default)]
    pub promise: Option<Promise>,
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
    /// The answer waits for the complaint manager; none while there is none to judge.
    #[serde(default)]
    pub judging: Option<Judging>,
    /// The complaint was closed with this answer: nothing more is asked for.
    #[serde(default)]
    pub closed: bool,
    /// How often the complaint was taken up again with an answer that was not judged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reopens: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An answer that is to be accepted or returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judging {
    /// When it came in, whenever it was given.
    pub since: Timestamp,
    /// The last instant in time; none where there is no limit.
    pub by: Option<Timestamp>,
    /// Nobody judged it by then, and that is noted.
    pub late: bool,
}

/// How long a hand-over took, in seconds of wall time and of the working time its promise counts in (R-CMP-19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waited {
    pub to_acknowledge_s: u64,
    pub to_answer_s: u64,
    #[serde(default)]
    pub working_to_acknowledge_s: u64,
    #[serde(default)]
    pub working_to_answer_s: u64,
    /// Some of it could not be counted in working time: the calendar was not at hand.
    #[serde(default)]
    pub uncounted: bool,
}

/// For how many seconds a department has had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub wall_s: u64,
    /// Of working time; none where the version of the calendar is not at hand, or ends too early.
    pub working_s: Option<u64>,
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
    /// When the department is warned where the service levels do not say it, and who must look when it is late.
    #[serde(default)]
    pub ladder: Arc<Ladder>,
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
    /// Time has passed.
    Look,
    /// The complaint is closed.
    Cancel {
        levels: InForce,
    },
    /// The complaint is taken up again.
    Reopen,
    Acknowledge {
        owner: String,
        department: Department,
        levels: Arc<Levels>,
    },
    /// `at` is when it was given, if that is told later.
    Answer {
        by: String,
        department: Department,
        cause: Option<CauseCode>,
        evidence: Vec<Evidence>,
        at: Option<Timestamp>,
        levels: Arc<Levels>,
    },
    Accept,
    Return {
        levels: Arc<Levels>,
    },
    /// `department` has it and hands it to `desk`.
    Forward {
        department: Department,
        desk: Desk,
        levels: Arc<Levels>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Issued {
        brief: Box<Brief>,
        promise: Box<Promise>,
        at: Timestamp,
    },
    Acknowledged {
        owner: String,
        held: Held,
        at: Timestamp,
    },
    /// `kept` is how the promise stands by it; `judging`, until when it waits to be judged.
    Answered {
        cause: Option<CauseCode>,
        evidence: Vec<Evidence>,
        held: Held,
        kept: Box<promise::Event>,
        judging: Judging,
        at: Timestamp,
    },
    /// Nobody accepted or returned the answer by `due`.
    Unjudged {
        escalation_id: Uuid,
        due: Timestamp,
    },
    /// After the answer had waited for so many seconds.
    Accepted {
        waited_s: u64,
    },
    Returned {
        waited_s: u64,
        promise: Box<Promise>,
        at: Timestamp,
    },
    /// `warnings` are the escalations of those the former department got.
    Forwarded {
        from: Department,
        desk: Desk,
        held: Held,
        warnings: Vec<Uuid>,
        promise: Box<Promise>,
        at: Timestamp,
    },
    Warned {
        escalation_id: Uuid,
        warning: Warning,
        at: Timestamp,
    },
    /// The promise was broken.
    Expired {
        escalation_id: Uuid,
        broken: Box<promise::Event>,
    },
    /// It was kept after all.
    Corrected {
        escalation_id: Uuid,
        kept: Box<promise::Event>,
        at: Timestamp,
    },
    /// `ended` is how the promise stands by it; none where its calendar ends too early.
    Cancelled {
        ended: Option<Box<promise::Event>>,
    },
    /// The complaint of a task that was answered is closed: nobody judges the answer any more, and what was raised at each
    /// of its hand-overs is over.
    Closed,
    /// The complaint was taken up again: the answer waits to be judged, and can be returned.
    Reopened {
        judging: Judging,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such task")]
    Unknown,
    #[error("this is not possible while the task is {0}")]
    NotNow(&'static str),
    #[error("the task is for {0}, and only it can answer")]
    OtherDepartment(Department),
    #[error("the complaint is closed; nobody is asked for another answer")]
    ComplaintClosed,
    #[error("the task is with this department already")]
    SameDepartment,
    #[error("a task can be forwarded 3 times at most; answer it or let the complaint manager ask another department")]
    TooManyForwards,
    #[error("the department got the task at {0}; its answer cannot have been given before")]
    TooEarly(Timestamp),
    #[error("nothing says how long the department has for an answer")]
    NoTime,
    #[error(transparent)]
    Promise(#[from] promise::Rejection),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "task.not_found",
            Self::NotNow(_) => "task.not_now",
            Self::OtherDepartment(_) => "task.other_department",
            Self::ComplaintClosed => "task.complaint_closed",
            Self::SameDepartment => "task.same_department",
            Self::TooManyForwards => "task.too_many_forwards",
            Self::TooEarly(_) => "task.answered_too_early",
            Self::NoTime => "task.no_time",
            Self::Promise(rejection) => rejection.code(),
        }
    }
}
