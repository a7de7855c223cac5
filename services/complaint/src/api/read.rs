//! Requests -> commands. Shape and bounds only; whether a command may be is decided in `domain`.
use backbone::{Aggregate, Fault, proto};
use contracts::{common::v1 as common, complaint::v1 as contract};
use uuid::Uuid;

use super::checks::{Checks, TEXT_MAX};
use crate::{
    config::Policy,
    domain::{
        Command, Complaint, DepartmentTask, Escalation,
        complaint::Assessment,
        department_task, escalation,
        solution::{REMEDIES_MAX, RemedyKind, flaws},
        values::{Department, Severity},
    },
    wire,
};

/// A request that was read: which aggregate is told what, and the words that are kept apart.
pub struct Wish<A: Aggregate> {
    pub id: Uuid,
    pub command: A::Command,
    /// Kind and words.
    pub note: Option<(&'static str, String)>,
}

type Read<A> = Result<Wish<A>, Fault>;

fn wish<A: Aggregate>(id: Uuid, command: A::Command) -> Wish<A> {
    Wish { id, command, note: None }
}

impl<A: Aggregate> Wish<A> {
    fn with(self, field: &'static str, text: String) -> Self {
        Self { note: (!text.is_empty()).then_some((field, text)), ..self }
    }
}

/// A command that needs nothing but the complaint.
pub fn complaint(id: &str, command: Command) -> Read<Complaint> {
    Ok(wish(proto::id("complaint_id", id)?, command))
}

/// A command that needs nothing but the task.
pub fn task(id: &str, command: department_task::Command) -> Read<DepartmentTask> {
    Ok(wish(proto::id("task_id", id)?, command))
}

/// A command that needs nothing but the escalation.
pub fn escalation(id: &str, command: escalation::Command) -> Read<Escalation> {
    Ok(wish(proto::id("escalation_id", id)?, command))
}

pub fn assess(r: &contract::AssessRequest, policy: &Policy) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let class = checks.value("class", wire::class_of(r.class()).ok_or("must be a class a complaint can have"));
    let severity = checks.value("severity", Severity::try_from(r.severity));
    let (Some(id), Some(class), Some(severity)) = (id, class, severity) else { return Err(checks.fault()) };
    let desk = policy.routing.desk_of(class).clone();
    Ok(wish(id, Command::Assess { assessment: Assessment { class, severity }, desk }))
}

pub fn ask_department(r: &contract::AskDepartmentRequest, policy: &Policy) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let desk = checks.value("department", r.department.parse::<Department>()).and_then(|department| {
        let desk = policy.routing.desk(&department);
        checks.value("department", desk.cloned().ok_or("is not a department of the routing table"))
    });
    let (Some(id), Some(desk)) = (id, desk) else { return Err(checks.fault()) };
    Ok(wish(id, Command::AskDepartment(desk)))
}

pub fn conclude(r: &contract::ConcludeInvestigationRequest) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let findings = checks.text("findings", &r.findings, 1..=TEXT_MAX);
    let cause = checks.value("cause_code", r.cause_code.parse());
    let responsible = checks.value("responsible_department", r.responsible_department.parse());
    let (Some(id), Some(findings), Some(cause), Some(responsible)) = (id, findings, cause, responsible) else {
        return Err(checks.fault());
    };
    Ok(wish(id, Command::ConcludeInvestigation { cause, responsible }).with("findings", findings))
}

pub fn draft(r: &contract::DraftSolutionRequest, by: &str) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let remedies = remedies(&mut checks, &r.remedies);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let (Some(id), Some(remedies), Some(text)) = (id, remedies, text) else { return Err(checks.fault()) };
    Ok(wish(id, Command::DraftSolution { by: by.to_owned(), remedies }).with("solution", text))
}

fn remedies(checks: &mut Checks, given: &[common::Remedy]) -> Option<Vec<RemedyKind>> {
    let (mut places, mut kinds) = (Vec::new(), Vec::new());
    // A list beyond all bounds is refused as a whole.
    for (place, remedy) in given.iter().enumerate().take(REMEDIES_MAX) {
        match wire::remedy_kind(remedy) {
            Ok(kind) => {
                places.push(place);
                kinds.push(kind);
            }
            Err((field, reason)) => checks.wrong(format!("remedies[{place}].{field}"), reason),
        }
    }
    let readable = kinds.len() == given.len();
    let mut sound = readable;
    for flaw in flaws(&kinds) {
        match flaw.place.and_then(|place| places.get(place)) {
            Some(place) => checks.wrong(format!("remedies[{place}].amount"), flaw.reason),
            None if given.is_empty() => checks.wrong("remedies", flaw.reason),
            None => continue,
        }
        sound = false;
    }
    if given.len() > REMEDIES_MAX {
        checks.wrong("remedies", "must be 1 to 10 remedies");
    }
    sound.then_some(kinds)
}

pub fn approve(r: &contract::ApproveSolutionRequest, by: &str) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = checks.version("solution_version", r.solution_version);
    let (Some(id), Some(version)) = (id, version) else { return Err(checks.fault()) };
    Ok(wish(id, Command::ApproveSolution { by: by.to_owned(), version }))
}

pub fn return_solution(r: &contract::ReturnSolutionRequest, by: &str) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = checks.version("solution_version", r.solution_version);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let (Some(id), Some(version), Some(reason)) = (id, version, reason) else { return Err(checks.fault()) };
    Ok(wish(id, Command::ReturnSolution { by: by.to_owned(), version }).with("return_reason", reason))
}

pub fn consent(r: &contract::RecordConsentRequest, by: &str) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = checks.version("solution_version", r.solution_version);
    let channel = checks.word("channel", &r.channel);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let (Some(id), Some(version), Some(channel), Some(text)) = (id, version, channel, text) else {
        return Err(checks.fault());
    };
    Ok(wish(id, Command::RecordConsent { by: by.to_owned(), version, channel }).with("consent", text))
}

pub fn decline(r: &contract::RecordDeclineRequest) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = checks.version("solution_version", r.solution_version);
    let wanted = checks.text("counter_wish", &r.counter_wish, 0..=TEXT_MAX);
    let (Some(id), Some(version), Some(wanted)) = (id, version, wanted) else { return Err(checks.fault()) };
    Ok(wish(id, Command::RecordDecline { version }).with("counter_wish", wanted))
}

pub fn complete_remedy(r: &contract::CompleteRemedyRequest) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let remedy_id = checks.id("remedy_id", &r.remedy_id);
    let (Some(id), Some(remedy_id)) = (id, remedy_id) else { return Err(checks.fault()) };
    Ok(wish(id, Command::CompleteRemedy { remedy_id }))
}

pub fn appeal(r: &contract::AppealRequest) -> Read<Complaint> {
    let mut checks = Checks::default();
    let id = checks.id("complaint_id", &r.complaint_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let (Some(id), Some(reason)) = (id, reason) else { return Err(checks.fault()) };
    Ok(wish(id, Command::Appeal).with("appeal_reason", reason))
}

pub fn answer(r: &contract::AnswerTaskRequest) -> Read<DepartmentTask> {
    let mut checks = Checks::default();
    let id = checks.id("task_id", &r.task_id);
    let department = checks.value("department", r.department.parse());
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let cause = checks.optional("cause_code", &r.cause_code);
    let (Some(id), Some(department), Some(text), Some(cause)) = (id, department, text, cause) else {
        return Err(checks.fault());
    };
    Ok(wish(id, department_task::Command::Answer { department, cause }).with("answer", text))
}

pub fn return_answer(r: &contract::ReturnAnswerRequest) -> Read<DepartmentTask> {
    let mut checks = Checks::default();
    let id = checks.id("task_id", &r.task_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let (Some(id), Some(reason)) = (id, reason) else { return Err(checks.fault()) };
    Ok(wish(id, department_task::Command::Return).with("return_reason", reason))
}

pub fn decide(r: &contract::DecideEscalationRequest, by: &str) -> Read<Escalation> {
    let mut checks = Checks::default();
    let id = checks.id("escalation_id", &r.escalation_id);
    let decision = checks.text("decision", &r.decision, 1..=TEXT_MAX);
    let (Some(id), Some(decision)) = (id, decision) else { return Err(checks.fault()) };
    Ok(wish(id, escalation::Command::Decide { by: by.to_owned() }).with("decision", decision))
}
