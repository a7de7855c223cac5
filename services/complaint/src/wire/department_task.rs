//! A department's task as its team learns of it, and what its lateness means for the complaint.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::{Timestamp as Instant, complaint::v1 as contract};
use jiff::Timestamp;
use uuid::Uuid;

use super::{class, instant, lane, optional};
use crate::{
    deadlines,
    domain::{
        DepartmentTask,
        department_task::{Command, Event, Held, Rejection},
        escalation::{Matter, Trigger},
        values::{Department, Evidence},
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
        let (task_id, complaint_id) = (self.brief.task_id.to_string(), self.brief.complaint_id.to_string());
        let department = self.brief.desk.department.to_string();
        let answer_by = instant(self.answer_by);
        match event {
            Event::Issued { at, .. } => Published::of(&issued(self), shard).at(*at),
            Event::Acknowledged { owner, at, .. } => Published::of(&self.acknowledged(owner, *at), shard),
            Event::Answered { at, .. } => Published::of(&self.answered(*at), shard).at(*at),
            Event::Returned { waited_s, .. } => {
                let ((warn_at, further_warn_at), to_judge_s) = (warned(self), *waited_s);
                let returned = contract::TaskReturned {
                    task_id,
                    complaint_id,
                    department,
                    answer_by,
                    warn_at,
                    further_warn_at,
                    to_judge_s,
                };
                Published::of(&returned, shard)
            }
            Event::Accepted { waited_s } => Published::of(&self.accepted(*waited_s), shard),
            Event::Unjudged { escalation_id, due } => {
                let (escalation_id, judge_by) = (escalation_id.to_string(), instant(*due));
                let unjudged = contract::TaskUnjudged { task_id, complaint_id, department, judge_by, escalation_id };
                Published::of(&unjudged, shard).at(*due)
            }
            Event::Forwarded { from, held, .. } => Published::of(&self.forwarded(from, *held), shard),
            Event::Warned { escalation_id, warning, .. } => {
                let (escalation_id, warning) = (escalation_id.to_string(), warning.to_string());
                let warned =
                    contract::TaskWarned { task_id, complaint_id, department, answer_by, escalation_id, warning };
                Published::of(&warned, shard)
            }
            Event::Expired { escalation_id, .. } => {
                let escalation_id = escalation_id.to_string();
                let expired = contract::TaskExpired { task_id, complaint_id, department, answer_by, escalation_id };
                Published::of(&expired, shard).at(self.answer_by)
            }
            Event::Corrected { escalation_id, at, .. } => {
                let (answered_at, escalation_id) = (instant(*at), escalation_id.to_string());
                let corrected = contract::TaskCorrected {
                    task_id,
                    complaint_id,
                    department,
                    answered_at,
                    answer_by,
                    escalation_id,
                };
                Published::of(&corrected, shard)
            }
            Event::Closed => Published::of(&contract::TaskClosed { task_id, complaint_id, department }, shard),
            Event::Reopened { judging } => {
                let judge_by = judging.by.and_then(instant);
                Published::of(&contract::TaskReopened { task_id, complaint_id, department, judge_by }, shard)
            }
            Event::Cancelled { .. } => {
                Published::of(&contract::TaskCancelled { task_id, complaint_id, department }, shard)
            }
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_task(self)
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        deadlines::task_command(kind)
    }

    /// Warnings are over when the task is not waited for any more, or when it is late, which is graver; lateness that was
    /// none is settled, and so is an answer that waited too long once it is judged.
    fn reactions(&self, event: &Event) -> Vec<Change> {
        let settle = |warnings: Vec<Uuid>| warnings.into_iter().map(super::settle);
        match event {
            Event::Warned { escalation_id, .. } => self.raise(*escalation_id, Trigger::DepartmentWarning),
            Event::Expired { escalation_id, .. } => {
                let raise = self.raise(*escalation_id, Trigger::DepartmentLate);
                raise.into_iter().chain(settle(self.warnings())).collect()
            }
            Event::Answered { .. } => settle(self.warnings()).collect(),
            Event::Cancelled { .. } => {
                settle(self.warnings()).chain(self.late_escalations().map(super::over)).collect()
            }
            Event::Closed => {
                self.late_escalations().chain([self.unjudged_escalation(self.returns)]).map(super::over).collect()
            }
            Event::Unjudged { escalation_id, .. } => self.raise(*escalation_id, Trigger::AnswerWaits),
            Event::Accepted { .. } => vec![super::settle(self.unjudged_escalation(self.returns))],
            // It was raised at the hand-over before this one.
            Event::Returned { .. } => vec![super::settle(self.unjudged_escalation(self.returns - 1))],
            Event::Forwarded { warnings, .. } => settle(warnings.clone()).collect(),
            Event::Corrected { escalation_id, .. } => vec![super::settle(*escalation_id)],
            Event::Issued { .. } | Event::Acknowledged { .. } | Event::Reopened { .. } => vec![],
        }
    }
}

impl DepartmentTask {
    /// Somebody must look because of the department.
    fn raise(&self, escalation_id: Uuid, trigger: Trigger) -> Vec<Change> {
        let department = Some(self.brief.desk.department.clone());
        let matter = Matter::new(escalation_id, Some(self.brief.complaint_id), trigger, &self.brief.ladder);
        super::raise(Matter { department, ..matter })
    }

    fn answered(&self, at: Timestamp) -> contract::TaskAnswered {
        contract::TaskAnswered {
            task_id: self.brief.task_id.to_string(),
            complaint_id: self.brief.complaint_id.to_string(),
            department: self.brief.desk.department.to_string(),
            cause_code: self.cause.clone().map(String::from).unwrap_or_default(),
            answered_at: instant(at),
            answer_by: instant(self.answer_by),
            in_time: kernel::promise::verdict(self.answer_by, at).in_time(),
            evidence: self.evidence.iter().map(Evidence::to_string).collect(),
            to_acknowledge_s: self.waited.to_acknowledge_s,
            to_answer_s: self.waited.to_answer_s,
            working_to_acknowledge_s: self.waited.working_to_acknowledge_s,
            working_to_answer_s: self.waited.working_to_answer_s,
            working_unknown: self.waited.uncounted,
        }
    }

    fn acknowledged(&self, owner: &str, at: Timestamp) -> contract::TaskAcknowledged {
        contract::TaskAcknowledged {
            task_id: self.brief.task_id.to_string(),
            complaint_id: self.brief.complaint_id.to_string(),
            department: self.brief.desk.department.to_string(),
            owner: owner.to_owned(),
            acknowledged_at: instant(at),
            to_acknowledge_s: self.waited.to_acknowledge_s,
            working_to_acknowledge_s: self.waited.working_to_acknowledge_s,
            working_unknown: self.waited.uncounted,
        }
    }

    fn accepted(&self, to_judge_s: u64) -> contract::TaskAccepted {
        contract::TaskAccepted {
            task_id: self.brief.task_id.to_string(),
            complaint_id: self.brief.complaint_id.to_string(),
            department: self.brief.desk.department.to_string(),
            to_acknowledge_s: self.waited_in_all.to_acknowledge_s,
            to_answer_s: self.waited_in_all.to_answer_s,
            working_to_acknowledge_s: self.waited_in_all.working_to_acknowledge_s,
            working_to_answer_s: self.waited_in_all.working_to_answer_s,
            working_unknown: self.waited_in_all.uncounted,
            to_judge_s,
        }
    }

    fn forwarded(&self, from: &Department, held: Held) -> contract::TaskForwarded {
        let issued = issued(self);
        contract::TaskForwarded {
            task_id: issued.task_id,
            complaint_id: issued.complaint_id,
            department: issued.department,
            from_department: from.to_string(),
            waited_s: held.wall_s,
            working_s: held.working_s.unwrap_or_default(),
            working_unknown: held.working_s.is_none(),
            class: issued.class,
            lane: issued.lane,
            purchase_id: issued.purchase_id,
            product_id: issued.product_id,
            batch: issued.batch,
            issued_at: issued.issued_at,
            answer_by: issued.answer_by,
            forwards: self.forwards,
            warn_at: issued.warn_at,
            further_warn_at: issued.further_warn_at,
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("task", "with this id"),
            Rejection::OtherDepartment(_) => Fault::denied(rejection.code(), rejection.to_string()),
            _ => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

/// What the department is asked, and by when the answer is due now.
pub fn issued(task: &DepartmentTask) -> contract::TaskIssued {
    let (brief, calendar) = (&task.brief, task.calendar());
    let (warn_at, further_warn_at) = warned(task);
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
        warn_at,
        further_warn_at,
        calendar: calendar.map(|calendar| calendar.id.clone()).unwrap_or_default(),
        calendar_version: calendar.map_or(0, |calendar| calendar.version),
    }
}

/// When the department is first warned, and when again.
fn warned(task: &DepartmentTask) -> (Option<Instant>, Vec<Instant>) {
    let mut warned = task.warn_at().into_iter().filter_map(instant);
    (warned.next(), warned.collect())
}
