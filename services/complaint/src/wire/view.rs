//! Complaints, tasks and escalations as the people who work on them see them.
use contracts::{common::v1 as common, complaint::v1 as contract, fulfilment::v1::OrderOpened};
use kernel::{
    approval::{Approval, Given, Step},
    money::Money,
    sla::Kind,
};

use super::{
    Status, class,
    complaint::recorded,
    department_task::issued,
    escalation::raised,
    instant, money, optional,
    overlay::{hold_view, proposal_view},
};
use crate::domain::{
    Complaint, DepartmentTask, Escalation,
    complaint::{Deviation, State},
    escalation::Level,
    fairness::Fairness,
    solution::{MeetsExpectation, Progress, Remedy, RemedyKind, ReturnedLine},
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
        recorded: complaint.asked.first().map(|asked| recorded(complaint, asked)),
        solution_version: complaint.version(),
        remedies: solution.map(|solution| solution.remedies.iter().map(remedy).collect()).unwrap_or_default(),
        author: solution.map(|solution| solution.author.clone()).unwrap_or_default(),
        offers_made: complaint.offers_made,
        declines: complaint.declines,
        escalation_level: complaint.escalation_level.map_or(0, rank),
        investigation_late: complaint.late(Kind::FirstInvestigation),
        closed_at,
        outcome: outcome.to_owned(),
        progress: solution.map(|solution| solution.remedies.iter().map(progress).collect()).unwrap_or_default(),
        reopen_count: complaint.reopen_count,
        heard_at: complaint.care.heard_at.and_then(instant),
        word_by: complaint.word_by().and_then(instant),
        without_word: complaint.without_word(),
        promises: complaint.standings(),
        vip: complaint.facts.vip,
        record_missing: complaint.missing(),
        tell_by: complaint.tell_by().and_then(instant),
        result_late: complaint.care.result_late,
        times_asked: complaint.care.asked,
        class: class(complaint.class()),
        given: complaint.given.iter().map(remedy).collect(),
        fairness: solution.and_then(|solution| solution.fairness).map(fairness),
        deviations: complaint.deviations.iter().map(deviation).collect(),
        approval: solution.and_then(|solution| solution.approval.as_ref()).map(approval),
        severity: complaint.severity(),
        evidence: complaint.evidence.iter().map(Evidence::to_string).collect(),
        merged_into_id: optional(complaint.merged.as_ref().map(|merged| merged.into)),
        retarget: complaint.retargeting.as_ref().map(proposal_view),
        hold: complaint.hold.as_ref().map(hold_view),
        wrote_at: complaint.care.awaited.wrote_at.filter(|_| complaint.unread()).and_then(instant),
        read_by: complaint.read_by().and_then(instant),
        answer_by: complaint.answer_by().and_then(instant),
        times_offered: complaint.care.awaited.reminded,
        below_policy: solution.is_some_and(|solution| solution.below_policy),
        meets_expectation: solution.map_or(0, |solution| meets_expectation(solution.meets_expectation)),
    }
}

fn meets_expectation(meets: MeetsExpectation) -> i32 {
    let meets = match meets {
        MeetsExpectation::Yes => contract::MeetsExpectation::Yes,
        MeetsExpectation::Partly => contract::MeetsExpectation::Partly,
        MeetsExpectation::No => contract::MeetsExpectation::No,
        MeetsExpectation::NotStated => contract::MeetsExpectation::NotStated,
    };
    meets.into()
}

/// What the author said about a draft.
pub fn meets_expectation_of(meets: contract::MeetsExpectation) -> MeetsExpectation {
    match meets {
        contract::MeetsExpectation::Yes => MeetsExpectation::Yes,
        contract::MeetsExpectation::Partly => MeetsExpectation::Partly,
        contract::MeetsExpectation::No => MeetsExpectation::No,
        contract::MeetsExpectation::NotStated | contract::MeetsExpectation::Unspecified => MeetsExpectation::NotStated,
    }
}

fn fairness(fairness: Fairness) -> contract::Fairness {
    let Fairness { comparables, percentile, outside } = fairness;
    contract::Fairness { comparables, percentile, outside }
}

fn deviation(deviation: &Deviation) -> contract::ProcessDeviation {
    contract::ProcessDeviation {
        what: deviation.what.clone(),
        during: deviation.during.clone(),
        by: deviation.by.clone(),
        at: instant(deviation.at),
    }
}

/// The newest approval of a solution, or of other terms, step by step.
pub(super) fn approval(approval: &Approval) -> contract::ApprovalView {
    let given = |given: &Given| contract::ApprovalGiven {
        by: given.by.clone(),
        acting_for: given.acting_for.clone().unwrap_or_default(),
        at: instant(given.at),
    };
    let step = |(number, step): (usize, &Step)| contract::ApprovalStep {
        role: step.role.clone(),
        quorum: u32::try_from(step.quorum).unwrap_or(u32::MAX),
        given: approval.given.iter().filter(|given| given.step == number).map(given).collect(),
    };
    contract::ApprovalView {
        status: approval.state.name().to_owned(),
        matrix_version: approval.matrix_version,
        approve_by: instant(approval.due),
        waits_for: approval.waits_for().map(|step| step.role.clone()).unwrap_or_default(),
        steps: approval.steps.iter().enumerate().map(step).collect(),
    }
}

fn progress(remedy: &Remedy) -> contract::RemedyProgress {
    let status = match remedy.progress {
        Progress::Pending => "pending",
        Progress::Done => "done",
        Progress::Failed => "failed",
    };
    contract::RemedyProgress {
        remedy_id: remedy.remedy_id.to_string(),
        status: status.to_owned(),
        exception: remedy.exception,
        deviates: remedy.deviates,
        ordered: remedy.ordered,
        paid: remedy.paid.map(money),
    }
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
    let calendar = task.calendar();
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
        working_to_acknowledge_s: task.waited.working_to_acknowledge_s,
        working_to_answer_s: task.waited.working_to_answer_s,
        working_unknown: task.waited.uncounted,
        calendar: calendar.map(|calendar| calendar.id.clone()).unwrap_or_default(),
        judge_by: task.judging.and_then(|judging| judging.by).and_then(instant),
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

/// The kind of remedy of this name.
pub fn kind_named(name: &str) -> common::RemedyKind {
    let written = format!("REMEDY_KIND_{}", name.to_ascii_uppercase());
    common::RemedyKind::from_str_name(&written).unwrap_or(common::RemedyKind::Unspecified)
}

/// What an order carries out; nothing when it does not say. Errors: the field that is wrong, and why.
pub fn ordered(event: &OrderOpened) -> Result<Option<RemedyKind>, (&'static str, &'static str)> {
    if event.kind() == common::RemedyKind::Unspecified {
        return Ok(None);
    }
    let remedy =
        common::Remedy { remedy_id: String::new(), kind: event.kind, amount: event.amount.clone(), lines: vec![] };
    remedy_kind(&remedy).map(Some)
}

/// That it does not go as planned.
pub fn remedy_deviated(complaint: &Complaint, remedy_id: uuid::Uuid) -> contract::RemedyDeviated {
    let complaint_id = complaint.facts.complaint_id.to_string();
    contract::RemedyDeviated { complaint_id, remedy_id: remedy_id.to_string() }
}

/// That a service order carries it out.
pub fn remedy_ordered(complaint: &Complaint, remedy_id: uuid::Uuid) -> contract::RemedyOrdered {
    let complaint_id = complaint.facts.complaint_id.to_string();
    contract::RemedyOrdered { complaint_id, remedy_id: remedy_id.to_string() }
}

/// One thing promised.
pub fn remedy(remedy: &Remedy) -> common::Remedy {
    common::Remedy {
        remedy_id: remedy.remedy_id.to_string(),
        kind: kind_named(remedy.kind.name()).into(),
        amount: remedy.kind.amount().map(super::money),
        lines: remedy.lines.iter().map(line).collect(),
    }
}

fn line(ReturnedLine { line_id, quantity }: &ReturnedLine) -> common::RemedyLine {
    common::RemedyLine { line_id: line_id.clone(), quantity: *quantity }
}

/// Which pieces are to come back with a remedy.
pub fn returned(remedy: &common::Remedy) -> Vec<ReturnedLine> {
    let line = |one: &common::RemedyLine| ReturnedLine { line_id: one.line_id.clone(), quantity: one.quantity };
    remedy.lines.iter().map(line).collect()
}

/// An amount that is told beside something else; nothing where it cannot be read.
pub fn amount(amount: Option<&common::Money>) -> Option<Money> {
    let amount = amount?;
    Some(Money::new(amount.minor, amount.currency.parse().ok()?))
}

/// What somebody wants to promise. Errors: the field within the remedy that is wrong, and why.
pub fn remedy_kind(remedy: &common::Remedy) -> Result<RemedyKind, (&'static str, &'static str)> {
    if !remedy.remedy_id.is_empty() {
        return Err(("remedy_id", "is given by the service; leave it empty"));
    }
    let amount = || -> Result<Money, (&str, &str)> {
        let money = remedy.amount.as_ref().ok_or(("amount", "must be given for a refund or a compensation"))?;
        let currency = money.currency.parse();
        let currency =
            currency.map_err(|_| ("amount.currency", "must be three capital letters of iso 4217 such as CNY"))?;
        Ok(Money::new(money.minor, currency))
    };
    let none = |kind| match remedy.amount {
        Some(_) => Err(("amount", "must be absent but for a refund or a compensation")),
        None => Ok(kind),
    };
    match common::RemedyKind::try_from(remedy.kind) {
        Ok(common::RemedyKind::Refund) => Ok(RemedyKind::Refund { amount: amount()? }),
        Ok(common::RemedyKind::ReturnRefund) => Ok(RemedyKind::ReturnRefund { amount: amount()? }),
        Ok(common::RemedyKind::Compensation) => Ok(RemedyKind::Compensation { amount: amount()? }),
        Ok(common::RemedyKind::Guidance) => none(RemedyKind::Guidance),
        Ok(common::RemedyKind::Exchange) => none(RemedyKind::Exchange),
        Ok(common::RemedyKind::Repair) => none(RemedyKind::Repair),
        Ok(common::RemedyKind::ServiceAgain) => none(RemedyKind::ServiceAgain),
        Ok(common::RemedyKind::Unspecified) | Err(_) => Err(("kind", "must be one of the kinds of remedies")),
    }
}
