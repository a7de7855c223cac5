//! What time does: which deadlines a state has, and what each of them tells the complaint, the task or the
//! escalation.
//! A due time itself is still in time, so the clock of a promise rings at the first instant that is late.
use jiff::{SignedDuration, Timestamp};
use kernel::{approval::State::Requested, calendar};

use crate::domain::{
    Complaint, DepartmentTask, Escalation, Matters, care::Word, command, complaint::State, department_task, escalation,
    matters, retargeting::Retarget,
};

const PROMISE_DUE: &str = "promise_due";
const SILENT_AT: &str = "silent_at";
const APPROVE_BY: &str = "approve_by";
const RETARGET_BY: &str = "retarget_by";
const TELL_BY: &str = "tell_by";
const ASK_AT: &str = "ask_at";
const REMIND_AT: &str = "remind_at";
const ANSWER_OFFER_BY: &str = "answer_offer_by";
const READ_BY: &str = "read_by";
const WARN_AT: &str = "warn_at";
const ANSWER_BY: &str = "answer_by";
const JUDGE_BY: &str = "judge_by";
const REPORT_DUE: &str = "report_due";
const RECEIVE_BY: &str = "receive_by";
const ACKNOWLEDGE_BY: &str = "acknowledge_by";

/// The first instant after `due` that the database can tell from it.
pub fn late(due: Timestamp) -> Timestamp {
    calendar::add(due, SignedDuration::from_micros(1))
}

/// What is promised is to be warned of or late (R-CMP-03, R-CMP-05, R-CMP-10); a step of the approval has a term
/// (R-CMP-07), of a draft or of other terms; silence after the result closes the complaint, after he was asked several times
/// (R-CMP-11) and unless it is held, and not while something he wrote is unread, which has its time; the result is told
/// within a time of what was done; an offer is told several times and answered within a time; an authority has its answer by
/// when it wants it.
pub fn of_complaint(complaint: &Complaint) -> Vec<(&'static str, Timestamp)> {
    let promise = complaint.promises.next_due().map(|at| (PROMISE_DUE, at));
    let silence = match complaint.state {
        State::SatisfactionCheck { silent_at } if complaint.hold.is_none() && !complaint.unread() => {
            Some((SILENT_AT, silent_at))
        }
        _ => None,
    };
    let approval = complaint.solution.as_ref().and_then(|solution| solution.approval.as_ref());
    let approval = approval.filter(|approval| complaint.state == State::InApproval && approval.state == Requested);
    let approve = approval.map(|approval| (APPROVE_BY, late(approval.due)));
    let retarget = complaint.proposal().map(|proposal| (RETARGET_BY, late(proposal.approval.due)));
    let tell = complaint.tell_by().filter(|_| !complaint.care.result_late).map(|due| (TELL_BY, late(due)));
    let ask = complaint.ask_at().map(|at| (ASK_AT, at));
    let (awaited, remind) = (&complaint.care.awaited, complaint.remind_at().map(|at| (REMIND_AT, at)));
    let answer = complaint.answer_by().filter(|_| awaited.unanswered.is_none());
    let read = complaint.read_by().filter(|_| awaited.unread_raised.is_none());
    let (answer, read) = (answer.map(|due| (ANSWER_OFFER_BY, late(due))), read.map(|due| (READ_BY, late(due))));
    let report = complaint.report_look().map(|(_, at)| (REPORT_DUE, at));
    [promise, silence, approve, retarget, tell, ask, remind, answer, read, report].into_iter().flatten().collect()
}

/// What a deadline tells a complaint.
pub fn complaint_command(kind: &str) -> Option<command::Command> {
    match kind {
        // The last two were armed before promises were the kernel's.
        PROMISE_DUE | "investigate_by" | "word_by" => Some(command::Command::PromiseDue),
        APPROVE_BY => Some(command::Command::ApprovalDue),
        RETARGET_BY => Some(command::Command::Retarget(Retarget::Due)),
        TELL_BY => Some(command::Command::Care(Word::ResultDue)),
        ASK_AT => Some(command::Command::Care(Word::AskDue)),
        REMIND_AT => Some(command::Command::Care(Word::RemindDue)),
        ANSWER_OFFER_BY => Some(command::Command::Care(Word::AnswerDue)),
        READ_BY => Some(command::Command::Care(Word::ReadDue)),
        SILENT_AT => Some(command::Command::SilenceDue),
        REPORT_DUE => Some(command::Command::ReportDue),
        _ => None,
    }
}

/// The department is warned and must answer, and its answer must be accepted or returned (R-CMP-19); a due time that has
/// been noted as passed rings no more.
pub fn of_task(task: &DepartmentTask) -> Vec<(&'static str, Timestamp)> {
    let judge = task.judge_by().map(|at| (JUDGE_BY, late(at)));
    task.look_at().map(|at| (ANSWER_BY, at)).into_iter().chain(judge).collect()
}

/// What a deadline tells a task.
pub fn task_command(kind: &str) -> Option<department_task::Command> {
    match kind {
        // What was armed before a task had one clock for its warnings and its due time.
        ANSWER_BY | WARN_AT | JUDGE_BY => Some(department_task::Command::Look),
        _ => None,
    }
}

/// The level must acknowledge, or the next one must look.
pub fn of_escalation(escalation: &Escalation) -> Vec<(&'static str, Timestamp)> {
    escalation.acknowledge_by().map(|at| (ACKNOWLEDGE_BY, late(at))).into_iter().collect()
}

/// What a deadline tells an escalation.
pub fn escalation_command(kind: &str) -> Option<escalation::Command> {
    match kind {
        ACKNOWLEDGE_BY => Some(escalation::Command::Unacknowledged),
        _ => None,
    }
}

/// A parcel that came is received by people.
pub fn of_matters(matters: &Matters) -> Vec<(&'static str, Timestamp)> {
    matters.receive_by().map(|by| (RECEIVE_BY, late(by))).into_iter().collect()
}

/// What a deadline tells the matters of an order.
pub fn matters_command(kind: &str) -> Option<matters::Command> {
    (kind == RECEIVE_BY).then_some(matters::Command::Look)
}
