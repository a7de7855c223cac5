//! A closed case is taken up again: by a person, or by its customer with a contact that names it. What was promised of its
//! first answer has ended and stays as it was; another answer is owed from then on. A case that ended with its complaint
//! goes on by the complaint's appeal alone.
use jiff::{SignedDuration, Timestamp};
use kernel::{calendar, promise::verdict, sla::Levels};
use serde::{Deserialize, Serialize};

use super::Event;
use crate::domain::case::{self, Case, Facts, Rejection, State};

/// Who takes a case up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A person, and why.
    Person { reason: String },
    /// The customer.
    Contact,
    /// Nobody: our answer did not reach the customer.
    Undelivered,
}

/// How often a case was taken up again by a person or its customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopenings {
    pub times: u32,
    /// Why, as a person said it last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Reopenings {
    /// Whether it never was.
    pub fn is_empty(&self) -> bool {
        self.times == 0
    }
}

impl Case {
    /// A person takes it up again. Errors: it runs, or ended too long ago; it is a complaint's, or was no case of ours.
    pub(super) fn reopen(
        &self,
        facts: &Facts,
        (reason, within): (String, SignedDuration),
        levels: &Levels,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        match self.state {
            State::Absent => Err(Rejection::Unknown),
            State::Routed | State::Responded | State::AwaitingInfo { .. } | State::Reopened => Err(Rejection::Running),
            State::Rejected { .. } => Err(Rejection::Closed),
            State::Merged(ref merged) => Err(Rejection::Merged(merged.into)),
            State::Closed { .. } if facts.complaint_id.is_some() => Err(Rejection::IsComplaint),
            State::Closed { at, .. } if !goes_on(at, within, now) => Err(Rejection::TooLateToReopen(at)),
            State::Closed { .. } => {
                let promises = self.promise_reply(facts, (facts.channel, now), levels)?;
                Ok(vec![case::Event::Course(Event::Reopened { by: By::Person { reason }, promises })])
            }
        }
    }

    /// Whether its end is not too long ago for it to go on without an appeal.
    pub(super) fn can_go_on(&self, facts: &Facts, within: SignedDuration, now: Timestamp) -> bool {
        let State::Closed { at, .. } = self.state else { return false };
        facts.complaint_id.is_none() && goes_on(at, within, now)
    }

    pub(super) fn reopened(&mut self, by: &By) {
        self.state = State::Reopened;
        self.course.reopenings.times = self.course.reopenings.times.saturating_add(1);
        if let By::Person { reason } = by {
            self.course.reopenings.reason.clone_from(reason);
        }
    }
}

/// Equality is in time.
fn goes_on(ended: Timestamp, within: SignedDuration, now: Timestamp) -> bool {
    verdict(calendar::add(ended, within), now).in_time()
}
