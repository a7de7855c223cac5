//! The provider takes back its no to an earlier attempt at the same money, or says that it paid another amount by it: nobody
//! pays it by hand before two people have said, by the same evidence, what became of that attempt.
//! Invariant: what one person says settles nothing; what the earlier attempt paid is not paid again by hand. Where it paid another
//! amount neither yes nor no is true: it is corrected at the provider, whose next word counts.
use jiff::Timestamp;
use kernel::approval::independent;
use serde::{Deserialize, Serialize};

use super::{Event, Refund, Rejection, State};

/// What is in doubt about an earlier attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// The provider says that it paid another amount.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    /// What a person said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Evidence>,
    /// Another person who said the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<String>,
}

/// Whether the earlier attempt reached the customer, and the reference that shows it: of the provider's statement, or of its
/// word that it was called back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub by: String,
    pub paid: bool,
    pub reference: String,
    pub at: Timestamp,
}

impl Refund {
    /// Nobody may pay it by hand yet.
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.as_ref().is_some_and(|doubt| doubt.settled_by.is_none())
    }

    /// Of what waits for a person; told again after it was settled, it is in doubt again, and as the provider said last.
    pub(super) fn doubted(&self, differs: bool) -> Vec<Event> {
        let known = self.is_in_doubt() && self.doubt.as_ref().is_some_and(|doubt| doubt.differs == differs);
        if self.state == State::ByHand && !known { vec![Event::Doubted { differs }] } else { vec![] }
    }

    /// The first person's word is kept, the same word of another one settles it. Errors: nothing is in doubt, or it is by how
    /// much was paid.
    pub(super) fn settle_earlier(&self, said: Evidence) -> Result<Vec<Event>, Rejection> {
        let doubt = self.doubt.as_ref().ok_or(Rejection::NothingInDoubt)?;
        let same = |known: &&Evidence| known.paid == said.paid && known.reference == said.reference;
        match doubt.said.as_ref().filter(same) {
            Some(_) if doubt.settled_by.is_some() => Ok(vec![]),
            _ if self.state != State::ByHand || doubt.settled_by.is_some() => Err(Rejection::NothingInDoubt),
            _ if doubt.differs => Err(Rejection::EarlierDiffers),
            None => Ok(vec![Event::EarlierSaid(said)]),
            Some(known) if !independent(&known.by, &said.by) => Ok(vec![]),
            Some(_) => {
                let Evidence { reference, at, .. } = said.clone();
                let paid = said.paid.then_some(Event::Succeeded { provider_ref: reference, at, reconciled: true });
                Ok([Event::EarlierSettled(said)].into_iter().chain(paid).collect())
            }
        }
    }

    pub(super) fn apply_doubt(&mut self, event: &Event) {
        match event {
            Event::Doubted { differs } => self.doubt = Some(Doubt { differs: *differs, ..Doubt::default() }),
            Event::EarlierSaid(said) => {
                self.doubt = Some(Doubt { said: Some(said.clone()), ..Doubt::default() });
            }
            Event::EarlierSettled(said) => {
                self.doubt.iter_mut().for_each(|doubt| doubt.settled_by = Some(said.by.clone()));
            }
            _ => {}
        }
    }
}
