//! What time does to intake: a promised answer to a case, the first or a further one, comes near its end, and becomes
//! late; what the customer was asked for does not come; a report to an authority comes near its end, and becomes late.
use jiff::{SignedDuration, Timestamp};
use kernel::calendar;

use crate::domain::case::{Case, Command};

const FIRST_RESPONSE: &str = "first_response";
const NEXT_RESPONSE: &str = "next_response";
const INFO: &str = "info";
const REPORT: &str = "regulator_report";

/// All deadlines a case has in its state.
pub fn of(case: &Case) -> Vec<(&'static str, Timestamp)> {
    // What comes at the last instant is in time.
    let info = case.info_until().map(|until| (INFO, calendar::add(until, SignedDuration::from_micros(1))));
    let report = case.reports.next_due().map(|at| (REPORT, at));
    let answer = if case.owed_reply().is_some() { NEXT_RESPONSE } else { FIRST_RESPONSE };
    case.look_at().map(|at| (answer, at)).into_iter().chain(info).chain(report).collect()
}

/// What a deadline tells the case.
pub fn fires(kind: &str) -> Option<Command> {
    match kind {
        FIRST_RESPONSE | NEXT_RESPONSE => Some(Command::LookAtResponse),
        INFO => Some(Command::LookForInfo),
        REPORT => Some(Command::LookAtReports),
        _ => None,
    }
}
