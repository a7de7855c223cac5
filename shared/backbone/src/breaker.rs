//! Somebody outside who gives no clear word several times in a row is left in peace for a while, and then tried with one request;
//! meanwhile requests wait in their queue, where they cost nobody a question. Of one process; forgotten when it ends.
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Counts answers that were none.
#[derive(Debug)]
pub struct Breaker {
    /// What is logged when it opens.
    says: &'static str,
    /// So many in a row, and it opens.
    after: u32,
    /// For so long.
    rest: SignedDuration,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    unheard: u32,
    /// Nothing is asked before; meant once `unheard` has reached its limit.
    until: Timestamp,
}

impl Breaker {
    /// Says this when it opens, after so many in a row and for so long.
    pub fn new(says: &'static str, after: u32, rest: SignedDuration) -> Self {
        Self { says, after, rest, state: Mutex::default() }
    }

    /// How many requests may be made at once, of `all`: all of them, one to try, or none.
    pub fn room(&self, all: u8, now: Timestamp) -> u8 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.unheard < self.after {
            true => all,
            false => u8::from(state.until <= now),
        }
    }

    /// Puts an answer on record: a clear word or none.
    pub fn heard(&self, clear: bool, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if clear {
            *state = State::default();
            return;
        }
        state.unheard = state.unheard.saturating_add(1);
        if state.unheard >= self.after {
            if state.unheard == self.after {
                tracing::warn!("{}", self.says);
            }
            state.until = now.checked_add(self.rest).unwrap_or(Timestamp::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_so_many_tries_one_after_a_rest_and_closes_with_a_clear_word() {
        let rest = SignedDuration::from_secs(30);
        let (breaker, start) = (Breaker::new("it rests", 3, rest), Timestamp::UNIX_EPOCH);
        breaker.heard(false, start);
        breaker.heard(false, start);
        assert_eq!(breaker.room(16, start), 16);
        breaker.heard(true, start);
        for _ in 0..3 {
            assert_eq!(breaker.room(16, start), 16, "a clear word begins the count anew");
            breaker.heard(false, start);
        }
        let later = start + rest;
        assert_eq!((breaker.room(16, start), breaker.room(16, later)), (0, 1));
        breaker.heard(false, later);
        assert_eq!((breaker.room(16, later), breaker.room(16, later + rest)), (0, 1), "the try failed: another rest");
        breaker.heard(true, later + rest);
        assert_eq!(breaker.room(16, later + rest), 16);
    }
}
