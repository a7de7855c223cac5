//! The execution of a refund by the payment provider. Its id is the provider's idempotency key for ever.
//! Invariant: once sent, money may have moved; only the provider's own word ends it, or where it says that it paid another amount, that
//! of two people; and only its word that it never heard of the key lets the same key be sent again.
use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::TenderKind;
pub use doubt::{Doubt, Evidence};
pub use rejection::Rejection;

/// One refund; `Default` is a refund that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    pub facts: Option<Facts>,
    pub queued_at: Option<Timestamp>,
    /// How often it was sent.
    pub attempts: u32,
    /// How often the provider left us without an answer.
    pub unanswered: u32,
    /// The provider took back its final word.
    #[serde(default)]
    pub contradicted: bool,
    /// The provider said that it paid another amount by the last sending, and people were told.
    #[serde(default)]
    pub amount_differs: bool,
    /// It has had no outcome for too long, and people were told.
    #[serde(default)]
    pub overdue: bool,
    /// The payment that is given back, where it is not the purchase's: of the customer, for a repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    /// Who paid it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_by: Option<String>,
    /// What is in doubt about an earlier attempt at the same money, where people are to pay it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The payment the provider named beside an end that was not its own last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// It named another one besides, and people were told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_twice: bool,
    pub state: State,
}

/// What is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub refund_id: Uuid,
    pub order_id: Uuid,
    /// Nil where it was asked for and not agreed.
    #[serde(default)]
    pub complaint_id: Uuid,
    pub purchase_id: Uuid,
    pub amount: Money,
    /// The claim it pays, of an order that was asked for; an agreed order has one refund.
    #[serde(default)]
    pub claim_id: Option<Uuid>,
    /// It is given beside what was paid; no purchase holds it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compensation: bool,
    /// What part of it this is, where the purchase tells by which means it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// No provider can pay it: a person does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
}

/// What is paid back by one of the means a purchase was paid by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The number of the means within the purchase.
    pub no: u32,
    /// 1 for the first refund of this part.
    pub attempt: u32,
    pub tender: TenderKind,
    /// How many points it is; the amount is their worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// To be sent, not before `next_try_at`.
    Queued {
        next_try_at: Timestamp,
    },
    /// A person is to pay it.
    ByHand,
    /// The request left or is about to leave; without a result by `result_by` the outcome is unknown.
    Sent {
        result_by: Timestamp,
    },
    /// The provider is to be asked, not before `next_try_at`.
    Unknown {
        next_try_at: Timestamp,
    },
    Succeeded {
        provider_ref: String,
        at: Timestamp,
        reconciled: bool,
    },
    Failed {
        code: String,
        reconciled: bool,
    },
}

/// `attempt` says which sending a result or question belongs to, so that late news of an older one does no harm.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Queue(Facts),
    /// As [`Self::Queue`], of a payment of its own, by the reference it is kept under.
    GiveBack {
        facts: Facts,
        payment: String,
    },
    /// Before the request leaves. Refused to whoever comes second, so that one sender calls the provider.
    Send {
        result_by: Timestamp,
    },
    /// The provider says it paid.
    Succeed {
        provider_ref: String,
    },
    /// The provider says it will never pay under this key.
    Fail {
        attempt: u32,
        code: String,
    },
    /// No clear word from the provider; ask (again), not before `ask_at`. People are told after `patience`.
    LoseTrack {
        attempt: u32,
        ask_at: Timestamp,
        patience: SignedDuration,
    },
    /// Asked about an unknown outcome, the provider says it never heard of the key.
    NeverSeen {
        attempt: u32,
    },
    /// Time passed; see whether the result is overdue.
    CheckResult,
    /// Time passed; see whether it has waited for an outcome for too long.
    Look {
        patience: SignedDuration,
    },
    /// The provider says that it paid another amount.
    Differ,
    /// A person paid it, and says under which reference that is kept.
    PayByHand {
        by: String,
        reference: String,
    },
    /// The provider says otherwise of an earlier attempt at the same money than it did: that it paid it, or (`differs`) another
    /// amount.
    Doubt {
        differs: bool,
    },
    /// A person says what became of that attempt, or of this where the provider paid another amount, and by which evidence.
    SettleEarlier {
        by: String,
        paid: bool,
        reference: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Queued {
        facts: Facts,
        payment: Option<String>,
        due_at: Timestamp,
    },
    Sent {
        attempt: u32,
        result_by: Timestamp,
    },
    OutcomeUnknown {
        ask_at: Timestamp,
    },
    /// The provider never heard of the key: it may be sent again.
    Requeued {
        due_at: Timestamp,
    },
    Succeeded {
        provider_ref: String,
        at: Timestamp,
        reconciled: bool,
    },
    PaidByHand {
        by: String,
        reference: String,
        at: Timestamp,
    },
    Failed {
        code: String,
        reconciled: bool,
    },
    /// The provider took back its final word, which stands all the same: money may have left twice or not at all, and
    /// people must look.
    Contradicted,
    /// The provider names a payment beside an end that people or itself had said otherwise.
    Named {
        provider_ref: String,
    },
    /// It names another payment besides: money may have left twice, and people must look. Told once.
    PaidTwice,
    /// It has had no outcome for too long: people must look. Told once.
    Overdue,
    /// The provider says that it paid another amount, which is no outcome: people must look. Told once.
    AmountDiffers,
    /// An earlier attempt at the same money may have been paid: it is not paid by hand before that is settled.
    Doubted {
        differs: bool,
    },
    /// One person has said what became of it.
    EarlierSaid(Evidence),
    /// Another one has said the same; where it was paid, so is this.
    EarlierSettled(Evidence),
}

impl Refund {
    /// What follows from the command. Late or repeated news decides to nothing; that a provider takes back its final word
    /// is put on record, so that it is seen.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        use {Command as C, State as S};
        match (command, &self.state) {
            (C::Queue(facts), S::Absent) => Ok(vec![Event::Queued { facts, payment: None, due_at: now }]),
            (C::GiveBack { facts, payment }, S::Absent) => {
                Ok(vec![Event::Queued { facts, payment: Some(payment), due_at: now }])
            }
            (C::Queue(_) | C::GiveBack { .. }, _) => Ok(vec![]),
            (_, S::Absent) => Err(Rejection::Unknown),

            (C::Send { result_by }, S::Queued { next_try_at }) if *next_try_at <= now => {
                Ok(vec![Event::Sent { attempt: self.attempts.saturating_add(1), result_by }])
            }
            (C::Send { .. }, S::Queued { .. }) => Err(Rejection::NotDue),
            (C::Send { .. }, _) => Err(Rejection::NotQueued),

            (C::Succeed { provider_ref }, state) => self.succeed(provider_ref, state, now),
            (C::Fail { attempt, code }, state) => self.fail(attempt, code, state),

            (C::LoseTrack { attempt, ask_at, patience }, S::Sent { .. }) if attempt == self.attempts => {
                Ok(self.lose_track(ask_at, patience, now))
            }
            (C::LoseTrack { attempt, ask_at, patience }, S::Unknown { next_try_at })
                if attempt == self.attempts && *next_try_at <= now =>
            {
                Ok(self.lose_track(ask_at, patience, now))
            }
            (C::NeverSeen { attempt }, S::Unknown { .. }) if attempt == self.attempts => {
                Ok(vec![Event::Requeued { due_at: now }])
            }
            (C::CheckResult, S::Sent { result_by }) if *result_by <= now => {
                Ok(vec![Event::OutcomeUnknown { ask_at: now }])
            }
            (C::PayByHand { .. }, S::ByHand) if self.is_in_doubt() => Err(Rejection::EarlierInDoubt),
            (C::PayByHand { by, reference }, S::ByHand) => Ok(vec![Event::PaidByHand { by, reference, at: now }]),
            (C::PayByHand { reference, .. }, S::Succeeded { provider_ref, .. }) if self.paid_by.is_some() => {
                if reference == *provider_ref {
                    Ok(vec![])
                } else {
                    Err(Rejection::OtherReference)
                }
            }
            (C::PayByHand { .. }, _) => Err(Rejection::NotByHand),
            (C::Doubt { differs }, _) => Ok(self.doubted(differs)),
            (C::SettleEarlier { by, paid, reference }, _) => {
                self.settle_earlier(Evidence { by, paid, reference, at: now })
            }
            (C::Look { patience }, S::Queued { .. } | S::Sent { .. } | S::Unknown { .. } | S::ByHand) => {
                Ok(self.overdue(patience, now).into_iter().collect())
            }
            (C::Differ, _) if self.attempts == 0 => Err(Rejection::NeverSent),
            (C::Differ, _) if self.amount_differs => Ok(vec![]),
            (C::Differ, _) => Ok(vec![Event::AmountDiffers]),
            (C::LoseTrack { .. } | C::NeverSeen { .. } | C::CheckResult | C::Look { .. }, _) => Ok(vec![]),
        }
    }

    /// It is asked about again; and the first time that is too long after it was queued, people are told.
    fn lose_track(&self, ask_at: Timestamp, patience: SignedDuration, now: Timestamp) -> Vec<Event> {
        [Event::OutcomeUnknown { ask_at }].into_iter().chain(self.overdue(patience, now)).collect()
    }

    fn overdue(&self, patience: SignedDuration, now: Timestamp) -> Option<Event> {
        let too_long = self.queued_at.is_some_and(|at| now.duration_since(at) >= patience);
        (too_long && !self.overdue).then_some(Event::Overdue)
    }

    /// There may be another attempt at its money: at a claim or a part.
    fn may_be_repeated(&self) -> bool {
        self.facts.is_some_and(|facts| facts.claim_id.is_some() || facts.part.is_some())
    }

    fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed { .. })
    }

    fn is_unknown(&self) -> bool {
        matches!(self.state, State::Unknown { .. })
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Queued { facts, payment, due_at } => {
                (self.facts, self.payment) = (Some(*facts), payment.clone());
                self.queued_at = Some(*due_at);
                self.state = if facts.by_hand { State::ByHand } else { State::Queued { next_try_at: *due_at } };
            }
            Event::PaidByHand { by, reference, at } => {
                self.paid_by = Some(by.clone());
                let provider_ref = reference.clone();
                self.state = State::Succeeded { provider_ref, at: *at, reconciled: false };
            }
            Event::Sent { attempt, result_by } => {
                self.attempts = *attempt;
                self.sent_anew();
                self.state = State::Sent { result_by: *result_by };
            }
            Event::OutcomeUnknown { ask_at } => {
                self.unanswered = self.unanswered.saturating_add(1);
                self.state = State::Unknown { next_try_at: *ask_at };
            }
            Event::Requeued { due_at } => {
                self.sent_anew();
                self.state = State::Queued { next_try_at: *due_at };
            }
            Event::Succeeded { provider_ref, at, reconciled } => {
                self.state = State::Succeeded { provider_ref: provider_ref.clone(), at: *at, reconciled: *reconciled };
            }
            Event::Failed { code, reconciled } => {
                self.state = State::Failed { code: code.clone(), reconciled: *reconciled };
            }
            Event::Contradicted => self.contradicted = true,
            Event::Named { provider_ref } => self.named = Some(provider_ref.clone()),
            Event::PaidTwice => self.paid_twice = true,
            Event::Overdue => self.overdue = true,
            Event::AmountDiffers => self.amount_differs = true,
            Event::Doubted { .. } | Event::EarlierSaid(_) | Event::EarlierSettled(_) => self.apply_doubt(event),
        }
    }

    /// What the provider knows the payment by that is given back: its own reference, or the purchase.
    pub fn pays_back(&self) -> String {
        let purchase = || self.facts.map(|facts| facts.purchase_id.to_string()).unwrap_or_default();
        self.payment.clone().unwrap_or_else(purchase)
    }
}

mod doubt;
mod following;
mod rejection;
#[cfg(test)]
mod tests;
mod words;
