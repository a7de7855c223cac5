//! A complaint as others learn of it, and what its happenings mean for its tasks and escalations.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;
use kernel::{
    approval::{Approval, Refusal},
    promise::{self, Promise},
};
use uuid::Uuid;

use super::{class, emotion, improvement, instant, lane, level, optional, trigger, view};
use crate::{
    deadlines,
    domain::{
        Command, Complaint, DepartmentTask, Escalation, Rejection,
        care::Heard,
        complaint::{Asked, Deviation, Event, State},
        department_task::{self, Brief},
        escalation::{self, Level, Matter, Trigger},
        solution::Remedy,
        values::{CauseCode, Department, Evidence},
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
            Event::Recorded { facts, asked, .. } => Published::of(&recorded(self, asked), shard).at(facts.recorded_at),
            Event::RecordCompleted { .. } => Published::of(&self.record_completed(), shard),
            Event::PromisesMoved(moved) | Event::Retargeted { moved, .. } => self.promises_moved(moved, shard),
            Event::Assessed(judged) => {
                let (class, severity) = (class(judged.class), judged.severity.into());
                Published::of(&c::ComplaintAssessed { complaint_id, class, severity }, shard)
            }
            Event::InvestigationStarted => Published::of(&c::InvestigationStarted { complaint_id }, shard),
            Event::DepartmentAsked(Asked { task_id, desk }) => {
                let (department, task_id) = (desk.department.to_string(), task_id.to_string());
                Published::of(&c::DepartmentAsked { complaint_id, department, task_id }, shard)
            }
            Event::Investigated { cause, responsible, at, in_time, .. } => {
                Published::of(&self.concluded(cause, responsible, *at, *in_time), shard).at(*at)
            }
            Event::InvestigationLate { escalation_id } => {
                Published::of(&self.investigation_late(*escalation_id), shard).at(self.investigation_due())
            }
            Event::SolutionDrafted(_) => {
                let remedies = self.remedies();
                Published::of(&c::SolutionDrafted { complaint_id, solution_version, remedies }, shard)
            }
            Event::ApprovalRequested(approval) => Published::of(&self.approval_requested(approval), shard),
            Event::ApprovalGiven(given) => Published::of(&self.step_approved(given), shard).at(given.at),
            Event::Approved(given) => {
                Published::of(&c::SolutionApproved { complaint_id, solution_version }, shard).at(given.at)
            }
            Event::ApprovalExpired { escalation_id } => {
                Published::of(&self.approval_expired(*escalation_id), shard).at(self.approve_by())
            }
            Event::Returned { .. } => Published::of(&c::SolutionReturned { complaint_id, solution_version }, shard),
            Event::Offered { at, .. } => Published::of(&self.offered(), shard).at(*at),
            Event::Declined { .. } => Published::of(&self.declined(), shard),
            Event::Agreed(consent) => Published::of(&self.agreed(), shard).at(consent.at),
            Event::ExecutionStarted => Published::of(&c::ExecutionStarted { complaint_id }, shard),
            Event::RemedySettled { remedy_id, done, .. } => {
                let (remedy_id, done) = (remedy_id.to_string(), *done);
                Published::of(&c::RemedySettled { complaint_id, remedy_id, done }, shard)
            }
            Event::RemedyDeviated { remedy_id } => Published::of(&view::remedy_deviated(self, *remedy_id), shard),
            Event::RemedyOrdered { remedy_id } => Published::of(&view::remedy_ordered(self, *remedy_id), shard),
            Event::Executed { .. } => Published::of(&self.executed(), shard),
            Event::ResultTold { message_id, channel, at } => {
                Published::of(&self.result_told_by(*message_id, channel.as_deref()), shard).at(*at)
            }
            Event::Dissatisfied { trigger: why, escalation_id, .. } => {
                let (trigger, escalation_id) = (trigger(*why), escalation_id.to_string());
                Published::of(&c::CustomerDissatisfied { complaint_id, trigger, escalation_id }, shard)
            }
            Event::Raised { trigger, escalation_id: id } => {
                Published::of(&self.escalated(self.level_of(*trigger, *id), *trigger, *id), shard)
            }
            Event::Escalated { level, trigger, escalation_id } => {
                Published::of(&self.escalated(*level, *trigger, *escalation_id), shard)
            }
            Event::ProcessDeviated(left) => Published::of(&self.process_deviated(left), shard).at(left.at),
            Event::Care(heard) => self.heard(heard, shard),
            Event::Proposal(proposed) => self.proposal_moved(proposed, shard),
            Event::Held(hold) => Published::of(&self.held(hold), shard).at(hold.at),
            Event::HoldReleased { at, .. } => Published::of(&c::ComplaintHoldReleased { complaint_id }, shard).at(*at),
            Event::Reopened { .. } | Event::Unmerged => Published::of(&self.reopened(), shard),
            Event::Closed { at, .. } | Event::Merged { at, .. } => Published::of(&self.end(event, *at), shard).at(*at),
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
            Event::PromisesMoved(moved) => moved.iter().flat_map(|moved| self.warned(moved)).collect(),
            Event::ApprovalExpired { escalation_id } => vec![self.raise(*escalation_id, Trigger::ApprovalLate)],
            // Whoever breaks the silence late finds it escalated, and settled at once.
            Event::Raised { trigger: Trigger::Silence, escalation_id } if !self.without_word() => {
                vec![self.raise(*escalation_id, Trigger::Silence), super::settle(*escalation_id)]
            }
            Event::Raised { trigger: Trigger::RegulatorReportLate, escalation_id } => {
                let raise = self.raise(*escalation_id, Trigger::RegulatorReportLate);
                std::iter::once(raise).chain(self.report_warned().map(super::settle)).collect()
            }
            Event::Dissatisfied { trigger, escalation_id, .. } | Event::Raised { trigger, escalation_id } => {
                vec![self.raise(*escalation_id, *trigger)]
            }
            Event::HoldReleased { raised, .. } => raised.iter().map(|raised| super::settle(*raised)).collect(),
            Event::Assessed(judged) if self.facts.terms.ladder.grave(judged.severity) => {
                self.raise_once(Trigger::Severity, "severity", 1)
            }
            Event::ApprovalRequested(_) if self.costly() => self.raise_once(Trigger::Amount, "amount", self.version()),
            Event::Investigated { cause, .. } => vec![improvement::reported(self, cause)],
            Event::Closed { levels, .. } | Event::Merged { levels, .. } => self.closing(levels),
            Event::Retargeted { warned, moved } => {
                let former = warned.iter().map(|warning| super::settle(*warning));
                former.chain(moved.iter().flat_map(|moved| self.warned(moved))).collect()
            }
            Event::Care(Heard::ResultInTime { escalation_id, .. }) => {
                escalation_id.iter().map(|late| super::settle(*late)).collect()
            }
            Event::Reopened { .. } => [self.asked_again(), self.settled_by(event)].concat(),
            Event::Unmerged => self.asked_again(),
            Event::Agreed(_)
            | Event::Declined { .. }
            | Event::Care(Heard::Wrote { .. } | Heard::Read { .. } | Heard::Feedback { .. }) => self.settled_by(event),
            Event::Assessed(_)
            | Event::RecordCompleted { .. }
            | Event::InvestigationStarted
            | Event::SolutionDrafted(_)
            | Event::ApprovalRequested(_)
            | Event::ApprovalGiven(_)
            | Event::Approved(_)
            | Event::Returned { .. }
            | Event::Offered { .. }
            | Event::ExecutionStarted
            | Event::RemedySettled { .. }
            | Event::RemedyDeviated { .. }
            | Event::RemedyOrdered { .. }
            | Event::Executed { .. }
            | Event::Care(_)
            | Event::ResultTold { .. }
            | Event::Escalated { .. }
            | Event::ProcessDeviated(_)
            | Event::Proposal(_)
            | Event::Held(_) => vec![],
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("complaint", "with this id"),
            Rejection::Approval(ref refusal) | Rejection::Proposal(ref refusal) if no_right(refusal) => {
                Fault::denied(rejection.code(), rejection.to_string())
            }
            _ => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

fn no_right(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Own | Refusal::NoRole(_) | Refusal::OverLimit | Refusal::DelegationExpired { .. })
}

impl Complaint {
    fn record_completed(&self) -> contract::ComplaintRecordCompleted {
        let complaint_id = self.facts.complaint_id.to_string();
        contract::ComplaintRecordCompleted { complaint_id, record_missing: self.missing() }
    }

    /// When the first investigation was due.
    fn investigation_due(&self) -> Timestamp {
        self.first_investigation().map_or(self.facts.recorded_at, |promise| promise.standing.due_at)
    }

    /// The words of what the record lacks.
    pub(super) fn missing(&self) -> Vec<String> {
        self.facts.missing().into_iter().map(|part| part.name().to_owned()).collect()
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
            ladder: self.facts.terms.ladder.clone(),
        };
        Change::create::<DepartmentTask>(asked.task_id, department_task::Command::Issue(brief))
    }

    fn matter(&self, escalation_id: Uuid, trigger: Trigger) -> Matter {
        let matter = Matter::new(escalation_id, Some(self.facts.complaint_id), trigger, &self.facts.terms.ladder);
        Matter { level: self.level_of(trigger, escalation_id), ..matter }
    }

    fn raise(&self, escalation_id: Uuid, trigger: Trigger) -> Change {
        Change::create::<Escalation>(escalation_id, escalation::Command::Raise(self.matter(escalation_id, trigger)))
    }

    /// For something that is seen from the complaint's events and not counted by itself.
    fn raise_once(&self, trigger: Trigger, what: &str, number: u32) -> Vec<Change> {
        super::raise(self.matter(self.seen_escalation(what, number), trigger))
    }

    /// The id of such a one.
    pub(super) fn seen_escalation(&self, what: &str, number: u32) -> Uuid {
        kernel::id::derived("escalation", &[what, &self.facts.complaint_id.to_string(), &number.to_string()])
    }

    /// The newest draft costs more than its currency's limit, with what was given before.
    fn costly(&self) -> bool {
        self.worth().is_some_and(|worth| self.facts.terms.ladder.costly(worth))
    }

    fn approval_expired(&self, escalation_id: Uuid) -> contract::ApprovalExpired {
        contract::ApprovalExpired {
            complaint_id: self.facts.complaint_id.to_string(),
            solution_version: self.version(),
            approve_by: instant(self.approve_by()),
            escalation_id: escalation_id.to_string(),
        }
    }

    fn investigation_late(&self, escalation_id: Uuid) -> contract::InvestigationLate {
        let (complaint_id, escalation_id) = (self.facts.complaint_id.to_string(), escalation_id.to_string());
        contract::InvestigationLate { complaint_id, investigate_by: self.investigate_by(), escalation_id }
    }

    fn process_deviated(&self, left: &Deviation) -> contract::ProcessDeviated {
        let (what, during) = (left.what.clone(), left.during.clone());
        contract::ProcessDeviated { complaint_id: self.facts.complaint_id.to_string(), what, during }
    }

    /// When the approval that waits, or waited, is due.
    pub(super) fn approve_by(&self) -> Timestamp {
        self.approval().map_or(Timestamp::MAX, |approval| approval.due)
    }

    pub(super) fn approval(&self) -> Option<&Approval> {
        self.solution.as_ref().and_then(|solution| solution.approval.as_ref())
    }

    fn concluded(
        &self,
        cause: &CauseCode,
        responsible: &Department,
        at: Timestamp,
        in_time: bool,
    ) -> contract::InvestigationConcluded {
        let cancelled = |one: &Promise| one.standing.state == promise::State::Cancelled;
        let promised = !self.first_investigation().is_some_and(cancelled);
        contract::InvestigationConcluded {
            complaint_id: self.facts.complaint_id.to_string(),
            cause_code: cause.to_string(),
            responsible_department: responsible.to_string(),
            concluded_at: instant(at),
            investigate_by: self.investigate_by().filter(|_| promised),
            in_time,
            evidence: self.evidence.iter().map(Evidence::to_string).collect(),
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

    fn declined(&self) -> contract::SolutionDeclined {
        contract::SolutionDeclined {
            complaint_id: self.facts.complaint_id.to_string(),
            solution_version: self.version(),
            offer_no: self.offers_made,
        }
    }

    fn executed(&self) -> contract::SolutionExecuted {
        contract::SolutionExecuted {
            complaint_id: self.facts.complaint_id.to_string(),
            customer_id: self.facts.customer_id.to_string(),
            message_id: self.result_message().to_string(),
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

    fn reopened(&self) -> contract::ComplaintReopened {
        contract::ComplaintReopened {
            complaint_id: self.facts.complaint_id.to_string(),
            reopen_count: self.reopen_count,
            case_id: self.facts.case_id.to_string(),
            status: self.state.name().to_owned(),
            promises: self.standings(),
        }
    }

    fn result_told_by(&self, message_id: Option<Uuid>, channel: Option<&str>) -> contract::ResultTold {
        let (complaint_id, channel) = (self.facts.complaint_id.to_string(), channel.unwrap_or_default().to_owned());
        contract::ResultTold { complaint_id, message_id: optional(message_id), channel }
    }

    fn end(&self, event: &Event, at: Timestamp) -> contract::ComplaintClosed {
        let channel = if let Event::Closed { channel, .. } = event { channel.clone() } else { None };
        let outcome = if let State::Closed { outcome, .. } = self.state { outcome.name() } else { "" };
        contract::ComplaintClosed {
            complaint_id: self.facts.complaint_id.to_string(),
            case_id: self.facts.case_id.to_string(),
            customer_id: self.facts.customer_id.to_string(),
            outcome: outcome.to_owned(),
            recorded_at: instant(self.facts.recorded_at),
            closed_at: instant(at),
            merged_into_id: optional(self.merged.as_ref().map(|merged| merged.into)),
            channel: channel.unwrap_or_default(),
        }
    }
}

/// A complaint as it was recorded, and the first department asked.
pub fn recorded(complaint: &Complaint, asked: &Asked) -> contract::ComplaintRecorded {
    let facts = &complaint.facts;
    contract::ComplaintRecorded {
        complaint_id: facts.complaint_id.to_string(),
        case_id: facts.case_id.to_string(),
        customer_id: facts.customer_id.to_string(),
        purchase_id: optional(facts.purchase_id),
        class: class(facts.class),
        lane: lane(facts.lane),
        emotion: emotion(facts.emotion),
        recorded_at: instant(facts.recorded_at),
        investigate_by: complaint.investigate_by(),
        department: asked.desk.department.to_string(),
        task_id: asked.task_id.to_string(),
        follow_up_id: facts.follow_up_id.clone(),
        product_id: facts.product_id.clone(),
        batch: facts.batch.clone(),
        promises: complaint.standings(),
    }
}
