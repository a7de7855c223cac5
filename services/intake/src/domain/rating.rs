//! The customer's rating of how a case ended (R-INT-24): once for each end, by whoever has the link.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::{Case, Event, Rejection, State};

/// What the customer said of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// 1 (bad) to 5 (good).
    pub score: u8,
    pub at: Timestamp,
    /// When the case ended that is rated.
    pub ended_at: Timestamp,
}

impl Case {
    /// Rates the end. Errors: it has not ended, or was no case of ours; this end is rated.
    pub(super) fn rate(&self, score: u8, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let State::Closed { at: ended_at, .. } = self.state else { return Err(Rejection::NotEnded) };
        if self.rating_of_end().is_some() {
            return Err(Rejection::AlreadyRated);
        }
        Ok(vec![Event::Rated(Rating { score, at: now, ended_at })])
    }

    /// The rating of the end it has come to.
    pub fn rating_of_end(&self) -> Option<Rating> {
        let State::Closed { at, .. } = self.state else { return None };
        self.rating.filter(|rating| rating.ended_at == at)
    }

    /// Whether its end can be rated now.
    pub fn may_be_rated(&self, now: Timestamp) -> bool {
        self.rate(1, now).is_ok()
    }
}
