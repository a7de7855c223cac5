//! What time does to intake: the promised first answer to a case comes near its end, and becomes late.
use jiff::Timestamp;

use crate::domain::case::{Case, Command};

const FIRST_RESPONSE: &str = "first_response";

/// All deadlines a case has in its state.
pub fn of(case: &Case) -> Vec<(&'static str, Timestamp)> {
    case.look_at().map(|at| (FIRST_RESPONSE, at)).into_iter().collect()
}

/// What a deadline tells the case.
pub fn fires(kind: &str) -> Option<Command> {
    (kind == FIRST_RESPONSE).then_some(Command::LookAtResponse)
}
