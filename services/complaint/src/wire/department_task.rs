//! A department's task as its team learns of it, and what its lateness means for the complaint.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;
use uuid::Uuid;

use super::{class, instant, lane, optional};
use crate::{
    deadlines,
    domain::{
        Complaint, DepartmentTask, Escalation, command,
        department_task::{Command, Event, Rejection},
        escalation::{self, Level, Matter, Trigger},
    },
};

impl Aggregate for DepartmentTask {
    const TABLE: &'static str = "department_task";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        DepartmentTask::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        DepartmentTask::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        let task_id = self.brief.task_id.to_string();
        let complaint_id = self.brief.complaint_id.to_string();
        let department = self.brief.desk.department.to_string();
        let answer_by = instant(self.answer_by);
        match event {
            Event::Issued { at, .. } => Published::of(&issued(self), shard).at(*at),
            Event::Acknowledged => {
                Published::of(&contract::TaskAcknowledged { task_id, complaint_id, department }, shard)
            }
            Event::Answered { cause, at } => {
                let answered = contract::TaskAnswered {
                    task_id,
                    complaint_id,
                    department,
                    cause_code: cause.clone().map(String::from).unwrap_or_default(),
                    answered_at: instant(*at),
                    answer_by,
                    in_time: kernel::promise::verdict(self.answer_by, *at).in_time(),
                };
                Published::of(&answered, shard).at(*at)
            }
            Event::Returned { .. } => {
                Published::of(&contract::TaskReturned { task_id, complaint_id, department, answer_by }, shard)
            }
            Event::Accepted => Published::of(&contract::TaskAccepted { task_id, complaint_id, department }, shard),
            Event::Expired { escalation_id } => {
                let escalation_id = escalation_id.to_string();
                let expired = contract::TaskExpired { task_id, complaint_id, department, answer_by, escalation_id };
                Published::of(&expired, shard).at(self.answer_by)
            }
            Event::Cancelled => Published::of(&contract::TaskCancelled { task_id, complaint_id, department }, shard),
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_task(self)
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        deadlines::task_command(kind)
    }

    fn reactions(&self, event: &Event) -> Vec<Change> {
        match event {
            Event::Expired { escalation_id } => self.expired(*escalation_id),
            Event::Issued { .. }
            | Event::Acknowledged
            | Event::Answered { .. }
            | Event::Accepted
            | Event::Returned { .. }
            | Event::Cancelled => vec![],
        }
    }
}

impl DepartmentTask {
    /// Management must look, and the complaint is theirs from now on.
    fn expired(&self, escalation_id: Uuid) -> Vec<Change> {
        let (complaint_id, level, trigger) = (self.brief.complaint_id, Level::Management, Trigger::DepartmentLate);
        let department = Some(self.brief.desk.department.clone());
        let matter = Matter { escalation_id, complaint_id, level, trigger, department };
        vec![
            Change::create::<Escalation>(escalation_id, escalation::Command::Raise(matter)),
            Change::to::<Complaint>(complaint_id, command::Command::Escalate { level, trigger, escalation_id }),
        ]
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("task", "with this id"),
            Rejection::OtherDepartment(_) => Fault::denied(rejection.code(), rejection.to_string()),
            Rejection::NotNow(_) => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

/// What the department is asked, and by when the answer is due now.
pub fn issued(task: &DepartmentTask) -> contract::TaskIssued {
    let brief = &task.brief;
    contract::TaskIssued {
        task_id: brief.task_id.to_string(),
        complaint_id: brief.complaint_id.to_string(),
        department: brief.desk.department.to_string(),
        class: class(brief.class),
        lane: lane(brief.lane),
        purchase_id: optional(brief.purchase_id),
        product_id: brief.product_id.clone(),
        batch: brief.batch.clone(),
        issued_at: instant(task.issued_at),
        answer_by: instant(task.answer_by),
    }
}
