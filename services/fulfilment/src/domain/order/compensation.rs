//! The compensation leg of an order that was asked for, or agreed: a coupon, points, cash, or the service once more, although
//! nothing comes back for it (R-FUL-15). Who asks gives it alone where the rules let him; above that others approve it. Its worth
//! is held on a budget from its approval on, and spent when it is given out: cash for a purchase by the payment provider, exactly
//! once, everything else by a person with a reference.
//! Invariant: nothing is given that was not approved, nor more than its worth, nor twice.
use std::sync::Arc;

use jiff::Timestamp;
use kernel::{
    approval::{self, Approval, Refusal as ApprovalRefusal},
    money::Money,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        budget::Reservation,
        giving::{Gift, Purse, Rules, What},
    },
    Rejection,
};

mod leg;

/// What is given, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compensation {
    pub gift: Gift,
    pub purse: Purse,
    /// That the provider pays it back for, of cash; nothing: a person pays it.
    pub purchase_id: Option<Uuid>,
    /// Nothing where who asked gives it alone, and where its solution was approved.
    pub approval: Option<Approval>,
    /// What of a budget holds it, or is to.
    pub reservation: Option<Reservation>,
    pub stage: Stage,
    pub since: Timestamp,
    /// How often its money was claimed.
    #[serde(default)]
    pub claims: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Issued>,
    /// Its money is paid by people, after the provider would not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// The provider took back that no: people pay once they know what became of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// It says that it paid another amount.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stage {
    /// Others must approve it.
    Asked,
    /// Nobody did in time.
    HeldBack,
    Refused {
        by: String,
        reason: String,
    },
    /// It may be given out; its worth is held.
    Approved,
    /// The provider is to pay it; whether it did may be unknown for a while.
    Paying,
    /// The provider will not; people must act.
    Failed {
        code: String,
    },
    /// It is given out, and the customer is still to have it.
    Issued,
    Given,
}

impl Stage {
    /// Those that are not at their end, as they are written.
    pub const OPEN: [&str; 6] = ["asked", "held_back", "approved", "paying", "failed", "issued"];

    /// As it is written.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::HeldBack => "held_back",
            Self::Refused { .. } => "refused",
            Self::Approved => "approved",
            Self::Paying => "paying",
            Self::Failed { .. } => "failed",
            Self::Issued => "issued",
            Self::Given => "given",
        }
    }

    /// Why it stopped, as a code; empty where it did not.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { reason, .. } => reason,
            Self::Failed { code } => code,
            _ => "",
        }
    }
}

/// What was given out: the number of the coupon, the booking, the payment, the appointment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    pub reference: String,
    pub by: String,
    pub at: Timestamp,
}

/// What people do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Approve {
        rules: Arc<Rules>,
    },
    Refuse {
        reason: String,
        rules: Arc<Rules>,
    },
    /// Nobody approved it in time: it starts anew.
    Resubmit {
        rules: Arc<Rules>,
    },
    Issue {
        reference: String,
        handed_over: bool,
    },
    Give,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// One more approved; others still must.
    Supported(approval::Event),
    Approved {
        last: Option<approval::Event>,
        reservation: Option<Reservation>,
        at: Timestamp,
    },
    Refused {
        by: String,
        reason: String,
        at: Timestamp,
    },
    HeldBack {
        at: Timestamp,
    },
    Resubmitted {
        approval: Box<Approval>,
        at: Timestamp,
    },
    Queued {
        claim_id: Uuid,
        at: Timestamp,
    },
    Paid {
        claim_id: Uuid,
        at: Timestamp,
    },
    Failed {
        claim_id: Uuid,
        code: String,
        at: Timestamp,
    },
    /// What stood against it was mended.
    Repeated {
        claim_id: Uuid,
        by_hand: bool,
        at: Timestamp,
    },
    /// The provider says otherwise of a payment it had refused.
    Doubted {
        claim_id: Uuid,
        differs: bool,
    },
    Issued(Issued),
    Given {
        at: Timestamp,
    },
}

impl Event {
    /// When it happened; what an approver said has its own time.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Supported(_) | Self::Doubted { .. } => None,
            Self::Issued(issued) => Some(issued.at),
            Self::Approved { at, .. }
            | Self::Refused { at, .. }
            | Self::HeldBack { at }
            | Self::Resubmitted { at, .. }
            | Self::Queued { at, .. }
            | Self::Paid { at, .. }
            | Self::Failed { at, .. }
            | Self::Repeated { at, .. }
            | Self::Given { at } => Some(*at),
        }
    }
}

impl Compensation {
    /// Of cash, whom the provider pays and how much.
    pub(super) fn by_provider(&self) -> Option<(Uuid, Money)> {
        self.purchase_id.filter(|_| self.gift.what == What::Cash).zip(self.gift.worth)
    }

    /// Asked for: approved at once where nobody else need be asked.
    pub(super) fn begin(&self, at: Timestamp) -> Option<Event> {
        let reservation = self.reservation.clone();
        self.approval.is_none().then_some(Event::Approved { last: None, reservation, at })
    }

    /// When nobody has approved in time.
    pub fn approval_due(&self) -> Option<Timestamp> {
        self.approval.as_ref().filter(|_| self.stage == Stage::Asked).map(|approval| approval.due)
    }

    fn decide(&self, step: Step, by: String, author: &str, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (step, &self.stage) {
            (Step::Approve { rules }, Stage::Asked) => {
                let given = self.judge(approval::Command::Approve { by }, &rules, at)?;
                let reservation = rules.reservation(&self.purse, &self.gift, at);
                Ok(given
                    .into_iter()
                    .map(|event| match event {
                        approval::Event::Approved(_) => {
                            Event::Approved { last: Some(event), reservation: reservation.clone(), at }
                        }
                        other => Event::Supported(other),
                    })
                    .collect())
            }
            (Step::Refuse { reason, rules }, Stage::Asked) => {
                self.judge(approval::Command::Reject { by: by.clone() }, &rules, at)?;
                Ok(vec![Event::Refused { by, reason, at }])
            }
            (Step::Resubmit { rules }, Stage::HeldBack) => {
                let approval = rules.approval(author, &self.gift, at);
                let reservation = rules.reservation(&self.purse, &self.gift, at);
                Ok(vec![match approval {
                    Some(approval) => Event::Resubmitted { approval: Box::new(approval), at },
                    None => Event::Approved { last: None, reservation, at },
                }])
            }
            (Step::Issue { .. }, Stage::Approved) if self.by_provider().is_some() => Err(Rejection::ProviderPays),
            (Step::Issue { reference, handed_over }, Stage::Approved) => {
                let issued = Event::Issued(Issued { reference, by, at });
                Ok([issued].into_iter().chain(handed_over.then_some(Event::Given { at })).collect())
            }
            (Step::Issue { reference, .. }, Stage::Issued | Stage::Given)
                if self.issued.as_ref().is_some_and(|issued| issued.reference == reference) =>
            {
                Ok(vec![])
            }
            (Step::Give, Stage::Issued) => Ok(vec![Event::Given { at }]),
            (Step::Give, Stage::Given) => Ok(vec![]),
            _ => Err(Rejection::NotNow),
        }
    }

    fn judge(
        &self,
        command: approval::Command,
        rules: &Rules,
        at: Timestamp,
    ) -> Result<Vec<approval::Event>, Rejection> {
        let approval = self.approval.as_ref().ok_or(Rejection::NotNow)?;
        approval.decide(command, &rules.powers, at).map_err(|no: ApprovalRefusal| Rejection::Approval(Box::new(no)))
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Supported(given) => self.approval.iter_mut().for_each(|approval| approval.apply(given)),
            Event::Approved { last, reservation, .. } => {
                if let Some((approval, last)) = self.approval.as_mut().zip(last.as_ref()) {
                    approval.apply(last);
                }
                self.reservation.clone_from(reservation);
                self.stage = Stage::Approved;
            }
            Event::Refused { by, reason, .. } => {
                let rejected = approval::Event::Rejected { by: by.clone() };
                self.approval.iter_mut().for_each(|approval| approval.apply(&rejected));
                self.stage = Stage::Refused { by: by.clone(), reason: reason.clone() };
            }
            Event::HeldBack { .. } => {
                self.approval.iter_mut().for_each(|approval| approval.apply(&approval::Event::Expired));
                self.stage = Stage::HeldBack;
            }
            Event::Resubmitted { approval, .. } => {
                self.approval = Some(Approval::clone(approval));
                self.stage = Stage::Asked;
            }
            Event::Queued { .. } => {
                self.claims += 1;
                self.stage = Stage::Paying;
            }
            Event::Paid { .. } | Event::Given { .. } => self.stage = Stage::Given,
            Event::Failed { code, .. } => self.stage = Stage::Failed { code: code.clone() },
            Event::Repeated { by_hand, .. } => {
                self.by_hand |= by_hand;
                self.stage = Stage::Approved;
            }
            Event::Doubted { differs, .. } => (self.doubted, self.differs) = (true, *differs),
            Event::Issued(issued) => {
                self.issued = Some(issued.clone());
                self.stage = Stage::Issued;
            }
        }
        self.since = event.at().unwrap_or(self.since);
    }
}

#[cfg(test)]
#[path = "compensation_tests.rs"]
pub(in crate::domain) mod tests;
