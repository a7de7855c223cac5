//! Complaints, tasks and escalations as the people who work on them see them.
use contracts::{common::v1 as common, complaint::v1 as contract};
use kernel::money::Money;

use super::{Status, class, complaint::recorded, department_task::issued, escalation::raised, instant};
use crate::domain::{
    Complaint, DepartmentTask, Escalation,
    complaint::State,
    escalation::Level,
    solution::{Progress, Remedy, RemedyKind},
    values::Evidence,
};

/// A complaint.
pub fn complaint_view(version: u64, complaint: &Complaint) -> contract::ComplaintView {
    let solution = complaint.solution.as_ref();
    let (outcome, closed_at) = match complaint.state {
        State::Closed { outcome, at } => (outcome.name(), instant(at)),
        _ => ("", None),
    };
    contract::ComplaintView {
        complaint_id: complaint.facts.complaint_id.to_string(),
        version,
        status: complaint.status().to_owned(),
        recorded: complaint.asked.first().map(|asked| recorded(&complaint.facts, asked)),
        solution_version: solution.map_or(0, |solution| solution.version),
        remedies: solution.map(|solution| solution.remedies.iter().map(remedy).collect()).unwrap_or_default(),
        author: solution.map(|solution| solution.author.clone()).unwrap_or_default(),
        offers_made: complaint.offers_made,
        declines: complaint.declines,
        escalation_level: complaint.escalation_level.map_or(0, rank),
        investigation_late: complaint.first_investigation.late(),
        closed_at,
        outcome: outcome.to_owned(),
        progress: solution.map(|solution| solution.remedies.iter().map(progress).collect()).unwrap_or_default(),
        reopen_count: complaint.reopen_count,
        class: class(complaint.class()),
        severity: complaint.assessment.as_ref().map_or(0, |assessment| assessment.severity.into()),
    }
}

fn progress(remedy: &Remedy) -> contract::RemedyProgress {
    let status = match remedy.progress {
        Progress::Pending => "pending",
        Progress::Done => "done",
        Progress::Failed => "failed",
    };
    contract::RemedyProgress { remedy_id: remedy.remedy_id.to_string(), status: status.to_owned() }
}

fn rank(level: Level) -> u32 {
    match level {
        Level::TeamLead => 1,
        Level::ComplaintManager => 2,
        Level::DepartmentHead => 3,
        Level::Management => 4,
    }
}

/// A department's task; `answer_by` is the due time as it is now.
pub fn task_view(version: u64, task: &DepartmentTask) -> contract::TaskView {
    contract::TaskView {
        task_id: task.brief.task_id.to_string(),
        version,
        status: task.status().to_owned(),
        issued: Some(issued(task)),
        expired: task.expired,
        cause_code: task.cause.clone().map(String::from).unwrap_or_default(),
        owner: task.owner.clone().unwrap_or_default(),
        evidence: task.evidence.iter().map(Evidence::to_string).collect(),
        warned: task.warned,
        forwards: task.forwards,
        to_acknowledge_s: task.waited.to_acknowledge_s,
        to_answer_s: task.waited.to_answer_s,
    }
}

/// An escalation.
pub fn escalation_view(version: u64, escalation: &Escalation) -> contract::EscalationView {
    contract::EscalationView {
        escalation_id: escalation.matter.escalation_id.to_string(),
        version,
        status: escalation.status().to_owned(),
        raised: Some(raised(escalation)),
    }
}

/// One thing promised.
pub fn remedy(remedy: &Remedy) -> common::Remedy {
    let kind = match remedy.kind {
        RemedyKind::Refund { .. } => common::RemedyKind::Refund,
        RemedyKind::ReturnRefund { .. } => common::RemedyKind::ReturnRefund,
        RemedyKind::Guidance => common::RemedyKind::Guidance,
    };
    let money = |amount: Money| common::Money { minor: amount.minor, currency: amount.currency.to_string() };
    common::Remedy {
        remedy_id: remedy.remedy_id.to_string(),
        kind: kind.into(),
        amount: remedy.kind.amount().map(money),
    }
}

/// What somebody wants to promise. Errors: the field within the remedy that is wrong, and why.
pub fn remedy_kind(remedy: &common::Remedy) -> Result<RemedyKind, (&'static str, &'static str)> {
    if !remedy.remedy_id.is_empty() {
        return Err(("remedy_id", "is given by the service; leave it empty"));
    }
    let amount = || -> Result<Money, (&str, &str)> {
        let money = remedy.amount.as_ref().ok_or(("amount", "must be given for a refund"))?;
        let currency = money.currency.parse();
        let currency =
            currency.map_err(|_| ("amount.currency", "must be three capital letters of iso 4217 such as CNY"))?;
        Ok(Money::new(money.minor, currency))
    };
    match common::RemedyKind::try_from(remedy.kind) {
        Ok(common::RemedyKind::Refund) => Ok(RemedyKind::Refund { amount: amount()? }),
        Ok(common::RemedyKind::ReturnRefund) => Ok(RemedyKind::ReturnRefund { amount: amount()? }),
        Ok(common::RemedyKind::Guidance) if remedy.amount.is_some() => Err(("amount", "must be absent for guidance")),
        Ok(common::RemedyKind::Guidance) => Ok(RemedyKind::Guidance),
        Ok(common::RemedyKind::Unspecified) | Err(_) => Err(("kind", "must be refund, return refund or guidance")),
    }
}
