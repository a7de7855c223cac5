//! An agreed remedy that takes more than money back for a purchase: exchange, repair, compensation, service again. It is promised
//! when the customer agreed, a person says what is missing (articles, what is given), and it goes on as what was asked for. So does
//! a return that was agreed by its pieces: nothing of it is missing, so that it goes on by itself once its purchase holds the money.
//! Invariant: its kind, its worth and its purchase are those that were approved (R-FUL-17); no policy takes it back, and money
//! does not take its place. It ends once.
use jiff::{SignedDuration, Timestamp};
use kernel::{money::Money, returns::Kind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        Refusal,
        giving::{Gift, What},
    },
    Event, Rejection, ServiceOrder, State,
    request::{Event as Told, Request},
};

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    pub order_id: Uuid,
    pub complaint_id: Uuid,
    pub remedy_id: Uuid,
    /// A pseudonym.
    pub customer_id: Uuid,
    /// Absent when the complaint was not about a purchase.
    pub purchase_id: Option<Uuid>,
    pub kind: AgreedKind,
    /// Of a compensation, and of a return by its pieces.
    pub amount: Option<Money>,
    /// By when a person is to have completed it; nothing: nobody is told that he has not.
    #[serde(default)]
    pub complete_within: SignedDuration,
    /// People were told that nobody did.
    #[serde(default)]
    pub overdue: bool,
    /// Its end was told.
    #[serde(default)]
    pub ended: bool,
    /// Of a return by its pieces, until it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<Box<AgreedReturn>>,
}

/// What goes on by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreedReturn {
    /// Its lines name pieces of the purchase; what else the purchase says of them is not known yet.
    pub request: Request,
    /// How long it waits for the purchase to become known.
    pub purchase_within: SignedDuration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreedKind {
    Exchange,
    Repair,
    Compensation,
    ServiceAgain,
    /// By its pieces.
    ReturnRefund,
}

impl AgreedKind {
    /// The kind of the order that carries it out.
    pub fn order(self) -> Kind {
        match self {
            Self::Exchange => Kind::Exchange,
            Self::Repair => Kind::Repair,
            Self::Compensation | Self::ServiceAgain => Kind::Compensation,
            Self::ReturnRefund => Kind::ReturnRefund,
        }
    }
}

impl Agreement {
    /// What is given, if anything, is what was approved.
    pub fn is_met_by(&self, given: Option<&Gift>) -> bool {
        let given = given.map(|gift| (gift.what == What::ServiceAgain, gift.worth));
        match self.kind {
            AgreedKind::Exchange | AgreedKind::Repair | AgreedKind::ReturnRefund => given.is_none(),
            AgreedKind::Compensation => given == Some((false, self.amount)),
            AgreedKind::ServiceAgain => given == Some((true, None)),
        }
    }

    /// What is to carry it out is what was approved.
    fn is_kept_by(&self, request: &Request) -> bool {
        let of_purchase = |purchase_id| {
            let mut lines = request.lines.iter();
            lines.all(|line| line.bought.as_ref().is_some_and(|bought| bought.purchase_id == purchase_id))
        };
        let given = request.compensation.as_ref().map(|one| &one.gift);
        request.kind == self.kind.order() && self.is_met_by(given) && self.purchase_id.is_none_or(of_purchase)
    }
}

impl ServiceOrder {
    /// Promised; told twice, once. Errors: a return that gives nothing back.
    pub(super) fn promise(&self, agreement: Agreement, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        let by_pieces = agreement.returns.is_some();
        let nowhere = by_pieces && agreement.purchase_id.is_none();
        match self.state {
            State::Absent if by_pieces && agreement.amount.is_none_or(|amount| amount.minor <= 0) => {
                Err(Rejection::AmountNotPositive)
            }
            State::Absent => {
                let refused = nowhere.then(|| Event::Settled { code: Some(Refusal::NoPurchase.code().to_owned()) });
                Ok([Event::Promised { agreement: Box::new(agreement), at }].into_iter().chain(refused).collect())
            }
            _ => Ok(vec![]),
        }
    }

    /// When people are told that nobody has completed it.
    pub fn complete_by(&self) -> Option<Timestamp> {
        let agreement =
            self.agreement.as_ref().filter(|agreed| agreed.complete_within.is_positive() && !agreed.overdue)?;
        let by = kernel::calendar::add(self.opened_at?, agreement.complete_within);
        (self.state == State::Promised).then_some(by)
    }

    /// Nobody has completed it in time; told once.
    pub(super) fn look_at_promise(&self, now: Timestamp) -> Vec<Event> {
        let late = self.complete_by().is_some_and(|by| by <= now);
        if late { vec![Event::Uncompleted] } else { vec![] }
    }

    /// Nobody carries it out here.
    pub(super) fn give_up(&self, reason: String) -> Vec<Event> {
        if self.state == State::Promised { vec![Event::Settled { code: Some(reason) }] } else { vec![] }
    }

    /// Errors: what a person says is not what was agreed, or it goes on by itself.
    pub(super) fn may_be_completed_by(&self, request: &Request) -> Result<(), Rejection> {
        if self.agreement.as_ref().is_some_and(|agreed| agreed.returns.is_some()) {
            return Err(Rejection::NotNow);
        }
        let kept = self.agreement.as_ref().is_some_and(|agreed| request.agreed && agreed.is_kept_by(request));
        if kept { Ok(()) } else { Err(Rejection::NotAsAgreed) }
    }

    /// How an agreed remedy ends with these events; nothing while it does not, or did before.
    pub(super) fn ends(&self, events: &[Told]) -> Option<Event> {
        self.agreement.as_ref().filter(|agreement| !agreement.ended)?;
        let mut next = self.clone();
        events.iter().for_each(|event| next.apply_request(event));
        let cancelled = || next.request.as_ref()?.cancelled.as_ref().map(|cancelled| cancelled.reason.clone());
        let partly = || Some("closed_partial".to_owned());
        let code = match next.state {
            State::Completed { .. } => None,
            State::ClosedPartial => partly(),
            // What it gave the customer stays his.
            State::Cancelled if next.request.as_ref().is_some_and(Request::has_paid) => partly(),
            State::Ineligible => Some("refused".to_owned()),
            State::Cancelled => cancelled(),
            _ => return None,
        };
        Some(Event::Settled { code })
    }

    pub(super) fn apply_promised(&mut self, agreement: &Agreement, at: Timestamp) {
        (self.opened_at, self.state) = (Some(at), State::Promised);
        self.agreement = Some(agreement.clone());
    }

    pub(super) fn apply_uncompleted(&mut self) {
        self.agreement.iter_mut().for_each(|agreement| agreement.overdue = true);
    }

    pub(super) fn apply_settled(&mut self) {
        self.agreement.iter_mut().for_each(|agreement| agreement.ended = true);
        if self.state == State::Promised {
            self.state = State::Cancelled;
        }
    }
}

#[cfg(test)]
#[path = "agreed_tests.rs"]
mod tests;
