//! What can stand over a complaint beside its state: a legal hold, and with it an authority's case and its deadline.
//! While it is held no deadline closes the complaint, and what was written about it is not erased; people go on working
//! on it. It holds for closed complaints too.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    command::Rejection,
    complaint::{Complaint, Event},
    decide::Decision,
    state::State,
    values::Evidence,
};

/// A legal hold. The reason is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub by: String,
    pub at: Timestamp,
    pub regulator: Option<Regulator>,
}

/// An authority's case about the complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regulator {
    pub case_no: Evidence,
    /// By when the authority wants its answer.
    pub report_by: Timestamp,
}

impl Complaint {
    /// The part of `apply` about what stands beside the state: promises, and a hold.
    pub(super) fn beside(&mut self, event: &Event) {
        match event {
            Event::PromisesMoved(moved) => moved.iter().for_each(|moved| self.promises.apply(moved)),
            Event::Retargeted { moved, .. } => self.retargeted(moved),
            Event::Proposal(proposed) => self.proposed(proposed),
            Event::Held(hold) => self.hold = Some(hold.clone()),
            Event::HoldReleased { at } => self.released(*at),
            _ => {}
        }
    }

    /// Errors: it does not exist, or is held already.
    pub(super) fn hold(&self, by: String, regulator: Option<Regulator>, at: Timestamp) -> Decision {
        match (&self.state, &self.hold) {
            (State::Absent, _) => Err(Rejection::Unknown),
            (_, Some(_)) => Err(Rejection::Held),
            (_, None) => Ok(vec![Event::Held(Hold { by, at, regulator })]),
        }
    }

    /// Errors: it does not exist, or is not held.
    pub(super) fn release(&self, at: Timestamp) -> Decision {
        match (&self.state, &self.hold) {
            (State::Absent, _) => Err(Rejection::Unknown),
            (_, None) => Err(Rejection::NotHeld),
            (_, Some(_)) => Ok(vec![Event::HoldReleased { at }]),
        }
    }

    /// Takes in the end of a hold. A silence that would have ended meanwhile ends now.
    pub(super) fn released(&mut self, at: Timestamp) {
        self.hold = None;
        if let State::SatisfactionCheck { silent_at } = &mut self.state {
            *silent_at = at.max(*silent_at);
        }
    }
}
