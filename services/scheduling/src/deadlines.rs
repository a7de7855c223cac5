//! What time does to a follow-up: its window begins, its window ends.
//! Invariant: an open follow-up always waits for exactly one of the two, an ended one for none.
use jiff::Timestamp;

use crate::domain::follow_up::{Command, FollowUp, State};

const WINDOW_START: &str = "window_start";
const WINDOW_END: &str = "window_end";

/// The deadlines a follow-up has in its state.
pub fn armed(follow_up: &FollowUp) -> Vec<(&'static str, Timestamp)> {
    let window = follow_up.obligation.as_ref().map(|owed| owed.window);
    match (&follow_up.state, window) {
        (State::Planned, Some(window)) => vec![(WINDOW_START, window.start)],
        (State::Due, Some(window)) => vec![(WINDOW_END, window.end)],
        (State::Planned | State::Due, None) | (State::Absent | State::Completed { .. } | State::Missed, _) => vec![],
    }
}

/// What a deadline tells its follow-up.
pub fn command(kind: &str) -> Option<Command> {
    match kind {
        WINDOW_START => Some(Command::MakeDue),
        WINDOW_END => Some(Command::Expire),
        _ => None,
    }
}
