//! A charge-back: the document by which a supplier is to bear costs of an order that lie with him (feature 56), and what
//! became of it.
//! Invariant: the document never changes; nobody approves what he proposed himself; nothing is sent that was not approved;
//! what a supplier pays is never more than was charged, and all of that is closed in the ledger with it.
use jiff::{SignedDuration, Timestamp};
use kernel::{approval::independent, money::Money};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Consequence,
    ledger::{Account, Act, Dimensions, Draft, Posting, sides},
};

/// One charge-back; `Default` is one that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chargeback {
    pub document: Option<Document>,
    pub approved_by: Option<String>,
    /// By what it was sent, once it was.
    pub sent_as: Option<String>,
    pub state: State,
    /// Since when it stands so; nothing while it is as it was proposed, and where it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// People were told that it stands so for too long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}

/// What is charged, to whom, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub chargeback_id: Uuid,
    /// For people: unique, without an order.
    pub number: String,
    pub order_id: Uuid,
    pub supplier: String,
    /// Empty: of any.
    pub batch: String,
    pub lines: Vec<ChargedLine>,
    /// All lines together, above nothing.
    pub amount: Money,
    /// A code.
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
    /// How long it may stand as it stands, before people are told; nothing: without end.
    #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
    pub move_within: SignedDuration,
}

/// A posting that is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargedLine {
    pub posting_id: Uuid,
    pub entry_id: Uuid,
    pub account: Account,
    /// Below nothing where it makes the charge less.
    pub amount: Money,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Proposed,
    Approved,
    Sent,
    Accepted,
    /// The supplier does not agree, by a code.
    Disputed {
        reason: String,
    },
    /// He paid so much; what is missing is ours again.
    Settled {
        paid: Money,
        /// Of the payment.
        reference: String,
    },
    Withdrawn {
        reason: String,
    },
}

impl State {
    /// As it is written.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent => "",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Disputed { .. } => "disputed",
            Self::Settled { .. } => "settled",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Propose(Box<Document>),
    Approve {
        by: String,
    },
    /// It went to the supplier, by this reference.
    Send {
        reference: String,
    },
    Accept,
    Dispute {
        reason: String,
    },
    Settle {
        paid: Money,
        reference: String,
    },
    Withdraw {
        reason: String,
    },
    /// Time passed; see whether it stands as it stands for too long.
    Look,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Proposed(Box<Document>),
    Approved {
        by: String,
        at: Timestamp,
    },
    Sent {
        reference: String,
        at: Timestamp,
    },
    /// The supplier said something, or it is over.
    Moved {
        state: State,
        at: Timestamp,
    },
    /// Nothing has become of it for too long; people must look. Told once of each state.
    Overdue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such charge-back")]
    Unknown,
    #[error("who proposed it cannot approve it; somebody else must")]
    OwnProposal,
    #[error("the charge-back is in a state that does not allow this")]
    NotNow,
    #[error("a supplier pays more than nothing and not more than was charged, in its currency")]
    OtherAmount,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "chargeback.unknown",
            Self::OwnProposal => "chargeback.own_proposal",
            Self::NotNow => "chargeback.not_now",
            Self::OtherAmount => "chargeback.other_amount",
        }
    }
}

impl Chargeback {
    /// What follows from the command; what was told before decides to nothing.
    pub fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        use {Command as C, State as S};
        let (command, document) = match (command, &self.document) {
            (C::Propose(document), None) => return Ok(vec![Event::Proposed(document)]),
            (C::Propose(_), Some(_)) => return Ok(vec![]),
            (_, None) => return Err(Rejection::Unknown),
            (command, Some(document)) => (command, document),
        };
        if self.knows(&command) {
            return Ok(vec![]);
        }
        let moved = |state| Event::Moved { state, at };
        let event = match (command, &self.state) {
            (C::Look, _) => {
                return Ok(self.move_by().filter(|by| *by <= at).map(|_| Event::Overdue).into_iter().collect());
            }
            (C::Approve { by }, S::Proposed) if independent(&document.by, &by) => Event::Approved { by, at },
            (C::Approve { .. }, S::Proposed) => return Err(Rejection::OwnProposal),
            (C::Send { reference }, S::Approved) => Event::Sent { reference, at },
            (C::Accept, S::Sent | S::Disputed { .. }) => moved(S::Accepted),
            (C::Dispute { reason }, S::Sent) => moved(S::Disputed { reason }),
            (C::Settle { paid, reference }, S::Sent | S::Accepted | S::Disputed { .. }) => {
                let charged = document.amount;
                if paid.currency != charged.currency || !(1..=charged.minor).contains(&paid.minor) {
                    return Err(Rejection::OtherAmount);
                }
                moved(S::Settled { paid, reference })
            }
            (C::Withdraw { reason }, S::Proposed | S::Approved | S::Sent | S::Accepted | S::Disputed { .. }) => {
                moved(S::Withdrawn { reason })
            }
            _ => return Err(Rejection::NotNow),
        };
        Ok(vec![event])
    }

    /// It was told before.
    fn knows(&self, command: &Command) -> bool {
        use {Command as C, State as S};
        match (command, &self.state) {
            (C::Approve { by }, _) => self.approved_by.as_ref() == Some(by),
            (C::Send { reference }, _) => self.sent_as.as_ref() == Some(reference),
            (C::Accept, S::Accepted) | (C::Withdraw { .. }, S::Withdrawn { .. }) => true,
            (C::Dispute { reason }, S::Disputed { reason: known }) => reason == known,
            (C::Settle { paid, reference }, S::Settled { paid: known, reference: by }) => {
                paid == known && reference == by
            }
            _ => false,
        }
    }

    pub fn apply(&mut self, event: &Event) {
        let (state, since) = match event {
            Event::Proposed(document) => {
                self.document = Some(Document::clone(document));
                (State::Proposed, None)
            }
            Event::Approved { by, at } => {
                self.approved_by = Some(by.clone());
                (State::Approved, Some(*at))
            }
            Event::Sent { reference, at } => {
                self.sent_as = Some(reference.clone());
                (State::Sent, Some(*at))
            }
            Event::Moved { state, at } => (state.clone(), Some(*at)),
            Event::Overdue => {
                self.overdue = true;
                return;
            }
        };
        (self.state, self.since, self.overdue) = (state, since, false);
    }

    /// When people are told that nothing becomes of it.
    pub fn move_by(&self) -> Option<Timestamp> {
        let over = matches!(self.state, State::Absent | State::Settled { .. } | State::Withdrawn { .. });
        let document =
            self.document.as_ref().filter(|told| told.move_within.is_positive() && !over && !self.overdue)?;
        Some(kernel::calendar::add(self.since.unwrap_or(document.at), document.move_within))
    }

    /// The supplier owes it from when it is sent until he pays or it is withdrawn; then its costs may be charged anew.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        let Some(document) = &self.document else { return vec![] };
        let (order_id, chargeback_id, amount) = (document.order_id, document.chargeback_id, document.amount);
        let (supplier, batch) = (document.supplier.clone(), document.batch.clone());
        let lies = Dimensions { supplier, batch, ..Dimensions::default() };
        let owed = |to, from, amount| sides(to, from, amount, &lies);
        let post = |reason: &'static str, postings: Vec<Posting>| {
            let id = kernel::id::derived("entry", &[&chargeback_id.to_string(), reason]);
            Consequence::Ledger(order_id, Act::Post(Draft { id, reason, postings }))
        };
        match event {
            Event::Sent { .. } => {
                vec![post("chargeback_sent", owed(Account::SupplierReceivable, Account::Recovery, amount))]
            }
            Event::Moved { state: State::Settled { paid, .. }, .. } => {
                let missing = Money { minor: amount.minor - paid.minor, ..amount };
                let cash = owed(Account::Cash, Account::SupplierReceivable, *paid);
                let ours = owed(Account::Recovery, Account::SupplierReceivable, missing);
                vec![post("chargeback_settled", [cash, ours].concat())]
            }
            Event::Moved { state: State::Withdrawn { .. }, .. } => {
                let ours = owed(Account::Recovery, Account::SupplierReceivable, amount);
                let back = self.sent_as.as_ref().map(|_| post("chargeback_withdrawn", ours));
                let free = Consequence::Ledger(order_id, Act::Free { chargeback_id });
                back.into_iter().chain([free]).collect()
            }
            Event::Proposed(_) | Event::Approved { .. } | Event::Moved { .. } | Event::Overdue => vec![],
        }
    }
}

#[cfg(test)]
#[path = "chargeback_tests.rs"]
mod tests;
