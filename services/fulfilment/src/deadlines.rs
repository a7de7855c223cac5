//! What time does to a refund: one that was sent and got no result is unknown.
//! Invariant: a refund waits for its result exactly while it is sent.
use jiff::Timestamp;

use crate::domain::refund::{Command, Refund, State};

const RESULT: &str = "result";

/// The deadlines a refund has in its state.
pub fn armed(refund: &Refund) -> Vec<(&'static str, Timestamp)> {
    match refund.state {
        State::Sent { result_by } => vec![(RESULT, result_by)],
        State::Absent
        | State::Queued { .. }
        | State::Unknown { .. }
        | State::Succeeded { .. }
        | State::Failed { .. } => vec![],
    }
}

/// What a deadline tells its refund.
pub fn command(kind: &str) -> Option<Command> {
    (kind == RESULT).then_some(Command::CheckResult)
}
