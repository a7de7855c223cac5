//! An improvement action as others learn of it, its deadlines, and what a concluded complaint means for it.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;

use super::{
    Status, class, instant, raise,
    reporters::{person, suppression},
    settle,
};
use crate::{
    deadlines::late,
    domain::{
        Complaint, ImprovementAction,
        escalation::{Matter, Trigger},
        improvement::{Command, Event, Problem, Rejection, Release, State},
        reporters::{Person, Reporter, Telling, Told},
        values::CauseCode,
    },
};

const RELEASE_BY: &str = "release_by";
const CHECK_AT: &str = "check_at";

impl Aggregate for ImprovementAction {
    const TABLE: &'static str = "improvement_action";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        ImprovementAction::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        ImprovementAction::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        use contract as c;
        let action_id = self.problem.action_id().to_string();
        let (before, after) = self.before_and_after();
        match event {
            Event::Proposed { .. } => Published::of(&self.proposed(), shard),
            Event::Accepted => Published::of(&c::ImprovementAccepted { action_id }, shard),
            Event::Declined => Published::of(&c::ImprovementDeclined { action_id }, shard),
            Event::WorkStarted { root_cause } => {
                let root_cause_code = root_cause.to_string();
                Published::of(&c::ImprovementWorkStarted { action_id, root_cause_code }, shard)
            }
            Event::Overdue => {
                let (owner_department, due_by) = (self.owner.to_string(), instant(self.due_by));
                Published::of(&c::ImprovementOverdue { action_id, owner_department, due_by }, shard).at(self.due_by)
            }
            Event::ReporterAttached { reporter, recurrence } => {
                let attached = c::ImprovementReporterAttached {
                    action_id,
                    complaint_id: reporter.report_id.to_string(),
                    customer_id: person(&reporter.person).0,
                    reported_at: instant(reporter.reported_at),
                    recurrence: *recurrence,
                };
                Published::of(&attached, shard)
            }
            Event::Released(Release { number, at, check_at }) => {
                let (released_at, check_at) = (instant(*at), instant(*check_at));
                let released = c::ImprovementReleased { action_id, released_at, check_at, release_no: *number };
                Published::of(&released, shard).at(*at)
            }
            Event::Telling(telling) => told(action_id, telling, shard),
            Event::CheckStarted => Published::of(&c::EffectivenessCheckStarted { action_id, before, after }, shard),
            Event::JudgedEffective => {
                let closing = self.closing();
                let (reporters, informed, suppressed) = (closing.reporters, closing.informed, closing.suppressed);
                let effective = c::ImprovementEffective { action_id, before, after, reporters, informed, suppressed };
                Published::of(&effective, shard)
            }
            Event::JudgedIneffective => Published::of(&c::ImprovementIneffective { action_id, before, after }, shard),
            Event::Reopened { root_cause, due_by } => {
                let (root_cause_code, due_by) = (root_cause.to_string(), instant(*due_by));
                Published::of(&c::ImprovementReopened { action_id, root_cause_code, due_by }, shard)
            }
        }
    }

    /// The measure must be released; after its window the effectiveness is checked.
    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        let release = (self.unreleased() && !self.overdue).then(|| (RELEASE_BY, late(self.due_by)));
        let check = self.release.filter(|_| self.state == State::Released).map(|release| (CHECK_AT, release.check_at));
        release.into_iter().chain(check).collect()
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        match kind {
            RELEASE_BY => Some(Command::ReleaseDue),
            CHECK_AT => Some(Command::CheckDue),
            _ => None,
        }
    }

    /// Somebody must look at what is late, until it is released or turned down.
    fn reactions(&self, event: &Event) -> Vec<Change> {
        match (event, self.lateness()) {
            (Event::Overdue, Some(escalation_id)) => {
                let matter = Matter::new(escalation_id, None, Trigger::ImprovementLate, &self.ladder);
                let (action_id, department) = (Some(self.problem.action_id()), Some(self.owner.clone()));
                raise(Matter { action_id, department, ..matter })
            }
            (Event::Released(_) | Event::Declined, Some(escalation_id)) => vec![settle(escalation_id)],
            _ => vec![],
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("improvement", "with this id"),
            _ => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

impl ImprovementAction {
    fn proposed(&self) -> contract::ImprovementProposed {
        contract::ImprovementProposed {
            action_id: self.problem.action_id().to_string(),
            cause_code: self.problem.cause.to_string(),
            product_id: self.problem.product_id.clone(),
            class: about(&self.problem),
            owner_department: self.owner.to_string(),
            due_by: instant(self.due_by),
            finding_id: super::optional(self.finding_id),
        }
    }
}

/// The class, where it tells problems apart.
fn about(problem: &Problem) -> i32 {
    if problem.product_id.is_empty() { class(problem.class) } else { 0 }
}

fn told(action_id: String, telling: &Telling, shard: u8) -> Published {
    use contract as c;
    match telling {
        Telling::Asked { customer_id, message_id, report_ids } => {
            let (customer_id, message_id) = (customer_id.to_string(), message_id.to_string());
            let complaint_ids = report_ids.iter().map(ToString::to_string).collect();
            let requested = c::ImprovementNoticeRequested { action_id, customer_id, message_id, complaint_ids };
            Published::of(&requested, shard)
        }
        Telling::Informed { report_id, message_id, at } => {
            let (complaint_id, message_id) = (report_id.to_string(), super::optional(*message_id));
            Published::of(&c::ImprovementReporterInformed { action_id, complaint_id, message_id }, shard).at(*at)
        }
        Telling::Failed { message_id } => {
            Published::of(&c::ImprovementNoticeFailed { action_id, message_id: message_id.to_string() }, shard)
        }
        Telling::Suppressed { report_id, reason } => {
            let (complaint_id, reason) = (report_id.to_string(), suppression(*reason));
            Published::of(&c::ImprovementReporterSuppressed { action_id, complaint_id, reason }, shard)
        }
    }
}

/// A complaint as a report of a problem.
pub fn report(complaint: &Complaint) -> Reporter {
    Reporter {
        report_id: complaint.facts.complaint_id,
        person: Person::Customer { customer_id: complaint.facts.customer_id },
        reported_at: complaint.facts.recorded_at,
        told: Told::Waiting,
    }
}

/// A complaint was concluded with a cause: it is a report for the improvement action of its problem, if there is one.
pub fn reported(complaint: &Complaint, cause: &CauseCode) -> Change {
    let product_id = complaint.facts.product_id.clone();
    let problem = Problem { cause: cause.clone(), product_id, class: complaint.class() };
    Change::to::<ImprovementAction>(problem.action_id(), Command::Report(report(complaint)))
}

/// An improvement action.
pub fn improvement_view(version: u64, action: &ImprovementAction) -> contract::ImprovementView {
    let closing = action.closing();
    let (before, after) = action.before_and_after();
    contract::ImprovementView {
        action_id: action.problem.action_id().to_string(),
        version,
        status: action.status().to_owned(),
        cause_code: action.problem.cause.to_string(),
        product_id: action.problem.product_id.clone(),
        class: about(&action.problem),
        owner_department: action.owner.to_string(),
        proposed_by: action.proposed_by.clone(),
        proposed_at: instant(action.proposed_at),
        due_by: instant(action.due_by),
        overdue: action.overdue,
        root_cause_code: action.root_cause.clone().map(String::from).unwrap_or_default(),
        released_at: action.release.and_then(|release| instant(release.at)),
        check_at: action.release.and_then(|release| instant(release.check_at)),
        reporters: closing.reporters,
        informed: closing.informed,
        suppressed: closing.suppressed,
        recurrences: action.recurrences(),
        before,
        after,
        finding_id: super::optional(action.finding_id),
    }
}
