//! A complaint as others learn of it, and what its happenings mean for its tasks and escalations.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;
use uuid::Uuid;

use super::{class, emotion, improvement, instant, lane, level, optional, trigger, view};
use crate::{
    deadlines,
    domain::{
        Command, Complaint, DepartmentTask, Escalation, Rejection,
        complaint::{Asked, Event, Facts},
        department_task::{self, Brief},
        escalation::{self, Level, Matter, Trigger},
        promise::Promise,
        solution::Remedy,
        values::{CauseCode, Department},
    },
};

impl Aggregate for Complaint {
    const TABLE: &'static str = "complaint";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Complaint::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        Complaint::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        use contract as c;
        let complaint_id = self.facts.complaint_id.to_string();
        let solution_version = self.version();
        match event {
            Event::Recorded { facts, asked } => Published::of(&recorded(facts, asked), shard).at(facts.recorded_at),
            Event::Assessed(judged) => {
                let (class, severity) = (class(judged.class), judged.severity.into());
                Published::of(&c::ComplaintAssessed { complaint_id, class, severity }, shard)
            }
            Event::InvestigationStarted => Published::of(&c::InvestigationStarted { complaint_id }, shard),
            Event::DepartmentAsked(Asked { task_id, desk }) => {
                let (department, task_id) = (desk.department.to_string(), task_id.to_string());
                Published::of(&c::DepartmentAsked { complaint_id, department, task_id }, shard)
            }
            Event::Investigated { cause, responsible, at, in_time } => {
                Published::of(&self.concluded(cause, responsible, *at, *in_time), shard).at(*at)
            }
            Event::InvestigationLate { escalation_id } => {
                let (due, escalation_id) = (self.facts.investigate_by(), escalation_id.to_string());
                let late = c::InvestigationLate { complaint_id, investigate_by: instant(due), escalation_id };
                Published::of(&late, shard).at(due)
            }
            Event::SolutionDrafted(_) => {
                let remedies = self.remedies();
                Published::of(&c::SolutionDrafted { complaint_id, solution_version, remedies }, shard)
            }
            Event::ApprovalRequested => Published::of(&c::ApprovalRequested { complaint_id, solution_version }, shard),
            Event::Approved { .. } => Published::of(&c::SolutionApproved { complaint_id, solution_version }, shard),
            Event::Returned => Published::of(&c::SolutionReturned { complaint_id, solution_version }, shard),
            Event::Offered => Published::of(&self.offered(), shard),
            Event::Declined => {
                let offer_no = self.offers_made;
                Published::of(&c::SolutionDeclined { complaint_id, solution_version, offer_no }, shard)
            }
            Event::Agreed(consent) => Published::of(&self.agreed(), shard).at(consent.at),
            Event::ExecutionStarted => Published::of(&c::ExecutionStarted { complaint_id }, shard),
            Event::RemedySettled { remedy_id, done } => {
                let (remedy_id, done) = (remedy_id.to_string(), *done);
                Published::of(&c::RemedySettled { complaint_id, remedy_id, done }, shard)
            }
            Event::Executed => {
                let customer_id = self.facts.customer_id.to_string();
                let message_id = self.result_message().to_string();
                Published::of(&c::SolutionExecuted { complaint_id, customer_id, message_id }, shard)
            }
            Event::ResultTold { message_id, at } => {
                Published::of(&c::ResultTold { complaint_id, message_id: optional(*message_id) }, shard).at(*at)
            }
            Event::Dissatisfied { trigger: why, escalation_id } => {
                let (trigger, escalation_id) = (trigger(*why), escalation_id.to_string());
                Published::of(&c::CustomerDissatisfied { complaint_id, trigger, escalation_id }, shard)
            }
            Event::Raised { trigger, escalation_id } => {
                Published::of(&self.escalated(Level::Management, *trigger, *escalation_id), shard)
            }
            Event::Escalated { level, trigger, escalation_id } => {
                Published::of(&self.escalated(*level, *trigger, *escalation_id), shard)
            }
            Event::Reopened => {
                let (reopen_count, case_id) = (self.reopen_count, self.facts.case_id.to_string());
                Published::of(&c::ComplaintReopened { complaint_id, reopen_count, case_id }, shard)
            }
            Event::Closed { outcome, at } => Published::of(&self.closed(outcome.name(), *at), shard).at(*at),
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_complaint(self)
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        deadlines::complaint_command(kind)
    }

    fn reactions(&self, event: &Event) -> Vec<Change> {
        match event {
            Event::Recorded { asked, .. } | Event::DepartmentAsked(asked) => vec![self.issue(asked)],
            Event::InvestigationLate { escalation_id } => vec![self.raise(*escalation_id, Trigger::InvestigationLate)],
            Event::Dissatisfied { trigger, escalation_id } | Event::Raised { trigger, escalation_id } => {
                vec![self.raise(*escalation_id, *trigger)]
            }
            Event::Investigated { cause, .. } => vec![improvement::reported(self, cause)],
            Event::Closed { .. } => {
                let cancel =
                    |asked: &Asked| Change::to::<DepartmentTask>(asked.task_id, department_task::Command::Cancel);
                self.asked.iter().map(cancel).collect()
            }
            Event::Assessed(_)
            | Event::InvestigationStarted
            | Event::SolutionDrafted(_)
            | Event::ApprovalRequested
            | Event::Approved { .. }
            | Event::Returned
            | Event::Offered
            | Event::Declined
            | Event::Agreed(_)
            | Event::ExecutionStarted
            | Event::RemedySettled { .. }
            | Event::Executed
            | Event::ResultTold { .. }
            | Event::Escalated { .. }
            | Event::Reopened => vec![],
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("complaint", "with this id"),
            Rejection::OwnSolution => Fault::denied(rejection.code(), rejection.to_string()),
            _ => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

impl Complaint {
    /// The version of the newest draft; 0 before the first.
    fn version(&self) -> u32 {
        self.solution.as_ref().map_or(0, |solution| solution.version)
    }

    fn remedies(&self) -> Vec<contracts::common::v1::Remedy> {
        self.solution.iter().flat_map(|solution| &solution.remedies).map(|r: &Remedy| view::remedy(r)).collect()
    }

    /// The task for a department that was asked.
    fn issue(&self, asked: &Asked) -> Change {
        let brief = Brief {
            task_id: asked.task_id,
            complaint_id: self.facts.complaint_id,
            desk: asked.desk.clone(),
            class: self.class(),
            lane: self.facts.lane,
            purchase_id: self.facts.purchase_id,
            product_id: self.facts.product_id.clone(),
            batch: self.facts.batch.clone(),
        };
        Change::create::<DepartmentTask>(asked.task_id, department_task::Command::Issue(brief))
    }

    fn raise(&self, escalation_id: Uuid, trigger: Trigger) -> Change {
        let complaint_id = self.facts.complaint_id;
        let matter = Matter { escalation_id, complaint_id, level: Level::Management, trigger, department: None };
        Change::create::<Escalation>(escalation_id, escalation::Command::Raise(matter))
    }

    fn concluded(
        &self,
        cause: &CauseCode,
        responsible: &Department,
        at: Timestamp,
        in_time: bool,
    ) -> contract::InvestigationConcluded {
        let promised = self.first_investigation != Promise::Cancelled;
        contract::InvestigationConcluded {
            complaint_id: self.facts.complaint_id.to_string(),
            cause_code: cause.to_string(),
            responsible_department: responsible.to_string(),
            concluded_at: instant(at),
            investigate_by: promised.then(|| self.facts.investigate_by()).and_then(instant),
            in_time,
        }
    }

    fn escalated(&self, to: Level, why: Trigger, escalation_id: Uuid) -> contract::ComplaintEscalated {
        contract::ComplaintEscalated {
            complaint_id: self.facts.complaint_id.to_string(),
            level: level(to),
            trigger: trigger(why),
            escalation_id: escalation_id.to_string(),
        }
    }

    fn offered(&self) -> contract::SolutionOffered {
        contract::SolutionOffered {
            complaint_id: self.facts.complaint_id.to_string(),
            customer_id: self.facts.customer_id.to_string(),
            solution_version: self.version(),
            remedies: self.remedies(),
            offer_no: self.offers_made,
        }
    }

    fn agreed(&self) -> contract::SolutionAgreed {
        contract::SolutionAgreed {
            complaint_id: self.facts.complaint_id.to_string(),
            customer_id: self.facts.customer_id.to_string(),
            purchase_id: optional(self.facts.purchase_id),
            solution_version: self.version(),
            remedies: self.remedies(),
            offer_no: self.offers_made,
        }
    }

    fn closed(&self, outcome: &str, at: Timestamp) -> contract::ComplaintClosed {
        contract::ComplaintClosed {
            complaint_id: self.facts.complaint_id.to_string(),
            case_id: self.facts.case_id.to_string(),
            customer_id: self.facts.customer_id.to_string(),
            outcome: outcome.to_owned(),
            recorded_at: instant(self.facts.recorded_at),
            closed_at: instant(at),
        }
    }
}

/// A complaint as it was recorded, and the first department asked.
pub fn recorded(facts: &Facts, asked: &Asked) -> contract::ComplaintRecorded {
    contract::ComplaintRecorded {
        complaint_id: facts.complaint_id.to_string(),
        case_id: facts.case_id.to_string(),
        customer_id: facts.customer_id.to_string(),
        purchase_id: optional(facts.purchase_id),
        class: class(facts.class),
        lane: lane(facts.lane),
        emotion: emotion(facts.emotion),
        recorded_at: instant(facts.recorded_at),
        investigate_by: instant(facts.investigate_by()),
        department: asked.desk.department.to_string(),
        task_id: asked.task_id.to_string(),
        follow_up_id: facts.follow_up_id.clone(),
        product_id: facts.product_id.clone(),
        batch: facts.batch.clone(),
    }
}
