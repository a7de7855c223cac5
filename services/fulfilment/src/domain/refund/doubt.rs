//! The provider takes back its no to an earlier attempt at the same money, or says that it paid another amount by it, or by this
//! refund itself: two people say, by the same evidence, what became of that, and before nobody pays it by hand.
//! Invariant: what one person says settles nothing, and what is said of one sending settles no other; what the earlier attempt paid is not paid again by hand. Where another amount
//! was paid it is corrected at the provider first: all of it reached the customer then, or nothing did.
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

/// Of what was called back at the provider after it had paid another amount.
const CALLED_BACK: &str = "called_back";

/// Whether the money reached the customer, exactly ours, and the reference that shows it: of the provider's statement, or of its
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
    /// Two people are to say what became of it, or of an earlier attempt at its money; nobody may pay it by hand before.
    pub fn is_in_doubt(&self) -> bool {
        let open = self.doubt.as_ref().map_or_else(|| self.differs(), |doubt| doubt.settled_by.is_none());
        open && self.waits_for_people()
    }

    /// No word of the provider ends it.
    fn waits_for_people(&self) -> bool {
        self.state == State::ByHand || self.differs()
    }

    /// What was said of it was said of its last sending; what becomes of the next one nobody knows yet.
    pub(super) fn sent_anew(&mut self) {
        (self.amount_differs, self.doubt) = (false, None);
    }

    /// The provider says that it paid another amount of it, and no word of it ends that.
    fn differs(&self) -> bool {
        self.amount_differs && self.is_unknown()
    }

    /// Two people have said what became of it.
    pub(super) fn is_settled(&self) -> bool {
        self.amount_differs && self.doubt.as_ref().is_some_and(|doubt| doubt.settled_by.is_some())
    }

    /// Of what waits for a person; told again after it was settled, it is in doubt again, and as the provider said last.
    pub(super) fn doubted(&self, differs: bool) -> Vec<Event> {
        let known = self.is_in_doubt() && self.doubt.as_ref().is_some_and(|doubt| doubt.differs == differs);
        if self.state == State::ByHand && !known { vec![Event::Doubted { differs }] } else { vec![] }
    }

    /// The first person's word is kept, the same word of another one settles it. Errors: nothing is in doubt.
    pub(super) fn settle_earlier(&self, said: Evidence) -> Result<Vec<Event>, Rejection> {
        let none = Doubt::default();
        let doubt = self.doubt.as_ref().or(self.differs().then_some(&none)).ok_or(Rejection::NothingInDoubt)?;
        let same = |known: &&Evidence| known.paid == said.paid && known.reference == said.reference;
        match doubt.said.as_ref().filter(same) {
            Some(_) if doubt.settled_by.is_some() => Ok(vec![]),
            _ if !self.waits_for_people() || doubt.settled_by.is_some() => Err(Rejection::NothingInDoubt),
            None => Ok(vec![Event::EarlierSaid(said)]),
            Some(known) if !independent(&known.by, &said.by) => Ok(vec![]),
            Some(_) => {
                let Evidence { reference, at, paid, .. } = said.clone();
                let outcome = match paid {
                    true => Some(Event::Succeeded { provider_ref: reference, at, reconciled: true }),
                    false if self.differs() => Some(Event::Failed { code: CALLED_BACK.to_owned(), reconciled: true }),
                    // So that it may be paid by hand.
                    false => None,
                };
                Ok([Event::EarlierSettled(said)].into_iter().chain(outcome).collect())
            }
        }
    }

    pub(super) fn apply_doubt(&mut self, event: &Event) {
        match event {
            Event::Doubted { differs } => self.doubt = Some(Doubt { differs: *differs, ..Doubt::default() }),
            Event::EarlierSaid(said) => {
                let differs = self.doubt.as_ref().is_some_and(|doubt| doubt.differs);
                self.doubt = Some(Doubt { differs, said: Some(said.clone()), settled_by: None });
            }
            Event::EarlierSettled(said) => {
                self.doubt.iter_mut().for_each(|doubt| doubt.settled_by = Some(said.by.clone()));
            }
            _ => {}
        }
    }
}
