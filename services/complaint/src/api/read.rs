//! Requests -> commands. Shape and bounds only; whether a command may be is decided in `domain`.
use std::sync::Arc;

use backbone::{Actor, Aggregate, Checks};
use contracts::{common::v1 as common, complaint::v1 as contract};
use jiff::Timestamp;
use kernel::approval;
use uuid::Uuid;

use crate::{
    config::Policy,
    domain::{
        Command, Complaint, DepartmentTask, Escalation,
        complaint::{Asked, Assessment},
        department_task, escalation,
        fairness::Comparables,
        hold::Regulator,
        promises::KINDS,
        retargeting::Retarget,
        routing::Desk,
        solution::{LineFlaw, REMEDIES_MAX, RemedyKind, Returned, flaws, line_flaws},
        values::{Department, Evidence, Severity},
    },
    wire,
};

mod customer;
mod raised;
pub use customer::{appeal, progress, satisfaction, tell_result, unreached, withdraw};
pub use raised::{decide, raise};

/// A request that was read: which aggregate is told what, and the words that are kept apart.
pub struct Wish<A: Aggregate> {
    pub id: Uuid,
    pub command: A::Command,
    /// What they are about (the aggregate, or what the command makes), kinds and words.
    pub notes: Vec<(Uuid, &'static str, String)>,
}

/// What was read; nothing when something was noted as wrong.
type Read<A> = Option<Wish<A>>;

/// The most characters of anything people write.
pub const TEXT_MAX: usize = 4000;
/// What a number of a proposal must be.
const NUMBER: &str = "must be the number of the proposal, 1 or more";
/// The most references of one answer.
const EVIDENCE_MAX: usize = 20;

fn wish<A: Aggregate>(id: Uuid, command: A::Command) -> Wish<A> {
    Wish { id, command, notes: vec![] }
}

impl<A: Aggregate> Wish<A> {
    fn with(mut self, field: &'static str, text: &str) -> Self {
        self.notes.extend((!text.is_empty()).then(|| (self.id, field, text.to_owned())));
        self
    }
}

/// A command that needs nothing but the complaint.
pub fn complaint(checks: &mut Checks, id: &str, command: Command) -> Read<Complaint> {
    checks.id("complaint_id", id).map(|id| wish(id, command))
}

/// A command that needs nothing but the task.
pub fn task(checks: &mut Checks, id: &str, command: department_task::Command) -> Read<DepartmentTask> {
    checks.id("task_id", id).map(|id| wish(id, command))
}

/// A command that needs nothing but the escalation.
pub fn escalation(checks: &mut Checks, id: &str, command: escalation::Command) -> Read<Escalation> {
    checks.id("escalation_id", id).map(|id| wish(id, command))
}

/// The version of a solution that somebody read.
fn version(checks: &mut Checks, version: u32) -> Option<u32> {
    let reason = "must be the version that was read, 1 or more";
    checks.value("solution_version", if version == 0 { Err(reason) } else { Ok(version) })
}

/// A short lower-case word, such as the channel consent was given by.
fn word(checks: &mut Checks, field: &str, word: &str) -> Option<String> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let good = (1..=40).contains(&word.len()) && word.chars().all(letter);
    let reason = "must be a lower-case word such as hotline or mini_programme, of at most 40 characters";
    checks.value(field, if good { Ok(word.to_owned()) } else { Err(reason) })
}

pub fn assess(checks: &mut Checks, r: &contract::AssessRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let class = checks.value("class", wire::class_of(r.class()).ok_or("must be a class a complaint can have"));
    let severity = checks.value("severity", Severity::try_from(r.severity));
    let assessment = Assessment { class: class?, severity: severity? };
    let desk = policy.routing.desk_of(assessment.class).clone();
    Some(wish(id?, Command::Assess { assessment, desk }))
}

pub fn ask_department(checks: &mut Checks, r: &contract::AskDepartmentRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let desk = desk(checks, "department", &r.department, policy);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    // The question is the task's, which therefore has its id already.
    let task_id = Uuid::now_v7();
    let asked = wish(id?, Command::AskDepartment(Asked { task_id, desk: desk? }));
    Some(Wish { notes: vec![(task_id, "question", text?.to_owned())], ..asked })
}

pub fn conclude(checks: &mut Checks, r: &contract::ConcludeInvestigationRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let findings = checks.text("findings", &r.findings, 1..=TEXT_MAX);
    let cause = checks.value("cause_code", r.cause_code.parse());
    let responsible = checks.value("responsible_department", r.responsible_department.parse());
    let evidence = evidence(checks, &r.evidence);
    let levels = Arc::clone(&policy.levels);
    let command =
        Command::ConcludeInvestigation { evidence: evidence?, cause: cause?, responsible: responsible?, levels };
    Some(wish(id?, command).with("findings", findings?))
}

pub fn draft(
    checks: &mut Checks,
    r: &contract::DraftSolutionRequest,
    by: &str,
    policy: &Policy,
    others: Option<Comparables>,
) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let remedies = remedies(checks, &r.remedies);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let reason = checks.text("exception_reason", &r.exception_reason, 0..=TEXT_MAX);
    let meets = contract::MeetsExpectation::try_from(r.meets_expectation);
    if meets.is_err() {
        checks.wrong("meets_expectation", "must be yes, partly, no or not_stated");
    }
    let meets_expectation = wire::meets_expectation_of(meets.ok()?);
    let (by, rules, exception) = (by.to_owned(), policy.rules.clone(), !reason?.is_empty());
    let (remedies, returned) = remedies?;
    let command = Command::DraftSolution { by, remedies, returned, exception, meets_expectation, others, rules };
    Some(wish(id?, command).with("solution", text?).with("exception_reason", reason?))
}

fn remedies(checks: &mut Checks, given: &[common::Remedy]) -> Option<(Vec<RemedyKind>, Returned)> {
    let (mut places, mut kinds, mut returned, mut sound) = (Vec::new(), Vec::new(), Returned::new(), true);
    // A list beyond all bounds is refused as a whole.
    for (place, remedy) in given.iter().enumerate().take(REMEDIES_MAX) {
        match wire::remedy_kind(remedy) {
            Ok(kind) => {
                let lines = wire::returned(remedy);
                for LineFlaw { place: of, reason } in line_flaws(kind, &lines) {
                    let field = of.map(|(n, field)| format!("[{n}].{field}")).unwrap_or_default();
                    checks.wrong(format!("remedies[{place}].lines{field}"), reason);
                    sound = false;
                }
                returned.extend((!lines.is_empty()).then_some((place, lines)));
                places.push(place);
                kinds.push(kind);
            }
            Err((field, reason)) => checks.wrong(format!("remedies[{place}].{field}"), reason),
        }
    }
    sound &= kinds.len() == given.len();
    for flaw in flaws(&kinds, None) {
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
    sound.then_some((kinds, returned))
}

pub fn submit(checks: &mut Checks, r: &contract::SubmitSolutionRequest, policy: &Policy) -> Read<Complaint> {
    complaint(checks, &r.complaint_id, Command::SubmitSolution { rules: policy.rules.clone() })
}

pub fn approve(
    checks: &mut Checks,
    r: &contract::ApproveSolutionRequest,
    by: &str,
    policy: &Policy,
) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = version(checks, r.solution_version);
    let (by, rules) = (by.to_owned(), policy.rules.clone());
    Some(wish(id?, Command::ApproveSolution { by, version: version?, rules }))
}

pub fn return_solution(
    checks: &mut Checks,
    r: &contract::ReturnSolutionRequest,
    by: &str,
    policy: &Policy,
) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = version(checks, r.solution_version);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let (by, rules) = (by.to_owned(), policy.rules.clone());
    let command = Command::ReturnSolution { by, version: version?, rules };
    Some(wish(id?, command).with("return_reason", reason?))
}

pub fn consent(checks: &mut Checks, r: &contract::RecordConsentRequest, by: &str, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = version(checks, r.solution_version);
    let channel = word(checks, "channel", &r.channel);
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let said_at = checks.instant("said_at", r.said_at.as_ref());
    let (by, levels) = (by.to_owned(), Arc::clone(&policy.levels));
    let command = Command::RecordConsent { by, version: version?, channel: channel?, said_at: said_at?, levels };
    Some(wish(id?, command).with("consent", text?))
}

pub fn decline(checks: &mut Checks, r: &contract::RecordDeclineRequest, policy: &Policy) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let version = version(checks, r.solution_version);
    let wanted = checks.text("counter_wish", &r.counter_wish, 0..=TEXT_MAX);
    let said_at = checks.instant("said_at", r.said_at.as_ref());
    let levels = Arc::clone(&policy.levels);
    let command = Command::RecordDecline { version: version?, said_at: said_at?, levels };
    Some(wish(id?, command).with("counter_wish", wanted?))
}

pub fn complete_remedy(checks: &mut Checks, r: &contract::CompleteRemedyRequest) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let remedy_id = checks.id("remedy_id", &r.remedy_id);
    let done = match r.done.as_ref().map(wire::remedy_kind).transpose() {
        Ok(done) => Some(done),
        Err((field, reason)) => {
            checks.wrong(format!("done.{field}"), reason);
            None
        }
    };
    Some(wish(id?, Command::CompleteRemedy { remedy_id: remedy_id?, done: done? }))
}

pub fn report_deviation(checks: &mut Checks, r: &contract::ReportRemedyDeviationRequest) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let remedy_id = checks.id("remedy_id", &r.remedy_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let command = Command::ReportRemedyDeviation { remedy_id: remedy_id?, given_up: r.given_up };
    Some(wish(id?, command).with("deviation", reason?))
}

pub fn process_deviation(
    checks: &mut Checks,
    r: &contract::RecordProcessDeviationRequest,
    by: &str,
) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let what = word(checks, "what", &r.what);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let command = Command::RecordProcessDeviation { by: by.to_owned(), what: what? };
    Some(wish(id?, command).with("process_deviation", reason?))
}

pub fn retarget(
    checks: &mut Checks,
    r: &contract::RetargetComplaintRequest,
    by: &str,
    policy: &Policy,
) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let word = checks.one_of("promise", &r.promise, &KINDS.map(|(_, word)| word));
    let kind = word.and_then(|asked| KINDS.iter().find(|(_, word)| *word == asked)).map(|(kind, _)| *kind);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let (by, rules, levels) = (by.to_owned(), Arc::clone(&policy.rules), Arc::clone(&policy.levels));
    let said = Retarget::Propose { kind: kind?, by, rules, levels };
    Some(wish(id?, Command::Retarget(said)).with("retarget_reason", reason?))
}

pub fn judge_retarget(
    checks: &mut Checks,
    (id, number): (&str, u32),
    judgement: approval::Command,
    policy: &Policy,
) -> Read<Complaint> {
    let id = checks.id("complaint_id", id);
    let number = checks.value("number", Some(number).filter(|number| *number > 0).ok_or(NUMBER));
    let (rules, levels) = (Arc::clone(&policy.rules), Arc::clone(&policy.levels));
    Some(wish(id?, Command::Retarget(Retarget::Judge { number: number?, judgement, rules, levels })))
}

pub fn hold(checks: &mut Checks, r: &contract::HoldComplaintRequest, by: &str) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let regulator = match (r.regulator_case.as_str(), r.report_by.as_ref()) {
        ("", None) => Some(None),
        (case, report_by) => {
            let case_no = checks.value("regulator_case", case.parse::<Evidence>());
            let report_by = checks.required("report_by", report_by);
            case_no.zip(report_by).map(|(case_no, report_by)| Some(Regulator::new(case_no, report_by)))
        }
    };
    Some(wish(id?, Command::Hold { by: by.to_owned(), regulator: regulator? }).with("hold_reason", reason?))
}

pub fn release_hold(checks: &mut Checks, r: &contract::ReleaseHoldRequest) -> Read<Complaint> {
    let id = checks.id("complaint_id", &r.complaint_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    Some(wish(id?, Command::ReleaseHold).with("release_reason", reason?))
}

pub fn acknowledge(
    checks: &mut Checks,
    r: &contract::AcknowledgeTaskRequest,
    by: &str,
    policy: &Policy,
) -> Read<DepartmentTask> {
    let id = checks.id("task_id", &r.task_id);
    let named = if r.owner.is_empty() { by } else { &r.owner };
    let department = checks.value("department", r.department.parse());
    // Who acts without saying so was named as wrong already.
    let owner = Actor::parse(named).filter(|_| !named.is_empty()).map(|owner| owner.as_str().to_owned());
    let owner = if r.owner.is_empty() { owner } else { checks.value("owner", owner.ok_or(NO_PERSON)) };
    let (owner, department, levels) = (owner?, department?, policy.levels.clone());
    Some(wish(id?, department_task::Command::Acknowledge { owner, department, levels }))
}

const NO_PERSON: &str = "must name a person as kind:id, for example staff:quinn";

pub fn answer(
    checks: &mut Checks,
    r: &contract::AnswerTaskRequest,
    by: &str,
    policy: &Policy,
    now: Timestamp,
) -> Read<DepartmentTask> {
    let id = checks.id("task_id", &r.task_id);
    let department = checks.value("department", r.department.parse());
    let text = checks.text("text", &r.text, 1..=TEXT_MAX);
    let cause = checks.optional("cause_code", &r.cause_code);
    let findings = checks.text("findings", &r.findings, 0..=TEXT_MAX);
    let evidence = evidence(checks, &r.evidence);
    let at = checks.instant("answered_at", r.answered_at.as_ref());
    let past = |at: Option<Timestamp>| if at.is_none_or(|at| at <= now) { Ok(at) } else { Err("is in the future") };
    let at = at.and_then(|at| checks.value("answered_at", past(at)));
    let (by, department, cause, levels) = (by.to_owned(), department?, cause?, policy.levels.clone());
    let command = department_task::Command::Answer { by, department, cause, evidence: evidence?, at: at?, levels };
    Some(wish(id?, command).with("answer", text?).with("answer_findings", findings?))
}

fn evidence(checks: &mut Checks, given: &[String]) -> Option<Vec<Evidence>> {
    let given = checks.list("evidence", given, EVIDENCE_MAX)?;
    let mut read = Vec::with_capacity(given.len());
    for (place, reference) in given.iter().enumerate() {
        read.extend(checks.value(&format!("evidence[{place}]"), reference.parse::<Evidence>()));
    }
    (read.len() == given.len()).then_some(read)
}

pub fn forward(checks: &mut Checks, r: &contract::ForwardTaskRequest, policy: &Policy) -> Read<DepartmentTask> {
    let id = checks.id("task_id", &r.task_id);
    let department = checks.value("department", r.department.parse());
    let desk = desk(checks, "to_department", &r.to_department, policy);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let levels = policy.levels.clone();
    let command = department_task::Command::Forward { department: department?, desk: desk?, levels };
    Some(wish(id?, command).with("forward_reason", reason?))
}

/// A department of the routing table.
pub fn desk(checks: &mut Checks, field: &str, name: &str, policy: &Policy) -> Option<Desk> {
    let department = checks.value(field, name.parse::<Department>())?;
    let desk = policy.routing.desk(&department);
    checks.value(field, desk.cloned().ok_or("is not a department of the routing table"))
}

pub fn return_answer(checks: &mut Checks, r: &contract::ReturnAnswerRequest, policy: &Policy) -> Read<DepartmentTask> {
    let id = checks.id("task_id", &r.task_id);
    let reason = checks.text("reason", &r.reason, 1..=TEXT_MAX);
    let levels = policy.levels.clone();
    Some(wish(id?, department_task::Command::Return { levels }).with("return_reason", reason?))
}
