//! The provider's last words on a refund, and what it says beside them.
//! Invariant: what ended it stands; that the provider takes it back, or names two payments, is told once and moves nothing.
use jiff::Timestamp;

use super::{Event, Refund, Rejection, State};

impl Refund {
    /// That it was paid is true whichever attempt says so: the key is the same.
    pub(super) fn succeed(&self, provider_ref: String, state: &State, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match state {
            State::Absent => Err(Rejection::Unknown),
            State::ByHand => Err(Rejection::NeverSent),
            _ if self.attempts == 0 => Err(Rejection::NeverSent),
            State::Queued { .. } | State::Sent { .. } | State::Unknown { .. } => {
                Ok(vec![Event::Succeeded { provider_ref, at: now, reconciled: self.is_unknown() }])
            }
            State::Succeeded { provider_ref: known, .. } if *known == provider_ref => Ok(vec![]),
            // People said so by evidence of their own; by which payment the provider says only now.
            State::Succeeded { .. } if self.is_settled() => Ok(self.names(provider_ref).into_iter().collect()),
            State::Succeeded { .. } => Ok(self.contradiction()),
            State::Failed { .. } => Ok(self.contradiction().into_iter().chain(self.names(provider_ref)).collect()),
        }
    }

    /// A refusal of an older attempt says nothing about the newest one.
    pub(super) fn fail(&self, attempt: u32, code: String, state: &State) -> Result<Vec<Event>, Rejection> {
        match state {
            State::Absent => Err(Rejection::Unknown),
            State::ByHand => Err(Rejection::NeverSent),
            _ if self.attempts == 0 => Err(Rejection::NeverSent),
            // It had told another amount, and stands by its no again.
            State::Failed { .. } if self.amount_differs && self.may_be_repeated() && !self.is_settled() => {
                Ok(self.contradiction())
            }
            State::Failed { .. } => Ok(vec![]),
            _ if attempt != self.attempts => Ok(vec![]),
            State::Queued { .. } | State::Sent { .. } | State::Unknown { .. } => {
                Ok(vec![Event::Failed { code, reconciled: self.is_unknown() }])
            }
            State::Succeeded { .. } => Ok(self.contradiction()),
        }
    }

    fn contradiction(&self) -> Vec<Event> {
        if self.contradicted { vec![] } else { vec![Event::Contradicted] }
    }

    /// The first payment it names is kept, another one told.
    fn names(&self, provider_ref: String) -> Option<Event> {
        match &self.named {
            None => Some(Event::Named { provider_ref }),
            Some(known) if *known == provider_ref || self.paid_twice => None,
            Some(_) => Some(Event::PaidTwice),
        }
    }
}
