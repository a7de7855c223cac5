//! What time does: which deadlines a state has, and what each of them tells the complaint or the task.
//! A due time itself is still in time, so the clock of a promise rings at the first instant that is late.
use jiff::{SignedDuration, Timestamp};
use kernel::calendar;

use crate::domain::{Complaint, DepartmentTask, command, complaint::State, department_task, promise::Promise};

const INVESTIGATE_BY: &str = "investigate_by";
const SILENT_AT: &str = "silent_at";
const ANSWER_BY: &str = "answer_by";

/// The first instant after `due` that the database can tell from it.
pub fn late(due: Timestamp) -> Timestamp {
    calendar::add(due, SignedDuration::from_micros(1))
}

/// The first investigation must be concluded (R-CMP-03); silence after the result closes the complaint (R-CMP-11).
pub fn of_complaint(complaint: &Complaint) -> Vec<(&'static str, Timestamp)> {
    let investigate = complaint.open() && complaint.first_investigation == Promise::Running;
    let investigate = investigate.then(|| (INVESTIGATE_BY, late(complaint.facts.investigate_by())));
    let silence = match complaint.state {
        State::SatisfactionCheck { silent_at } => Some((SILENT_AT, silent_at)),
        _ => None,
    };
    investigate.into_iter().chain(silence).collect()
}

/// What a deadline tells a complaint.
pub fn complaint_command(kind: &str) -> Option<command::Command> {
    match kind {
        INVESTIGATE_BY => Some(command::Command::InvestigationDue),
        SILENT_AT => Some(command::Command::SilenceDue),
        _ => None,
    }
}

/// The department must answer (R-CMP-19); a due time that has been noted as passed rings no more.
pub fn of_task(task: &DepartmentTask) -> Vec<(&'static str, Timestamp)> {
    if task.waiting() && !task.expired { vec![(ANSWER_BY, late(task.answer_by))] } else { vec![] }
}

/// What a deadline tells a task.
pub fn task_command(kind: &str) -> Option<department_task::Command> {
    match kind {
        ANSWER_BY => Some(department_task::Command::AnswerDue),
        _ => None,
    }
}
