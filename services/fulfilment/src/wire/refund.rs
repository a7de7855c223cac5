//! Refunds, between the contracts and the domain.
use backbone::{Aggregate, Change, Fault, Published, proto};
use contracts::{
    common::v1::{self as common, Receipt},
    fulfilment::v1 as out,
    intake::v1::{PurchaseRecorded, PurchaseTender},
};
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use super::{changes, money, text, to_money};
use crate::{
    deadlines,
    domain::{
        account::{Share, TenderKind},
        order::portion::{self, Portion, PortionState, Portions},
        refund::{self, Part, Refund},
    },
};

impl Aggregate for Refund {
    const TABLE: &'static str = "refund";
    type Command = refund::Command;
    type Event = refund::Event;
    type Rejection = refund::Rejection;

    fn decide(&self, command: refund::Command, now: Timestamp) -> Result<Vec<refund::Event>, refund::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &refund::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &refund::Event, shard: u8) -> Published {
        let facts = self.facts.as_ref();
        let refund_id = text(facts.map(|facts| facts.refund_id));
        let order_id = text(facts.map(|facts| facts.order_id));
        let purchase_id = text(facts.map(|facts| facts.purchase_id));
        let amount = facts.and_then(|facts| to_money(facts.amount));
        let complaint_id = text(facts.map(|facts| facts.complaint_id).filter(|id| !id.is_nil()));
        match event {
            refund::Event::Queued { .. } | refund::Event::Requeued { .. } => {
                let (tender_no, tender) = part(facts);
                let by_hand = facts.is_some_and(|facts| facts.by_hand);
                let queued = out::RefundQueued { refund_id, order_id, purchase_id, amount, tender_no, tender, by_hand };
                Published::of(&queued, shard)
            }
            refund::Event::Sent { attempt, .. } => {
                Published::of(&out::RefundSent { refund_id, attempt: *attempt }, shard)
            }
            refund::Event::OutcomeUnknown { .. } => Published::of(&out::RefundOutcomeUnknown { refund_id }, shard),
            refund::Event::Succeeded { provider_ref: reference, at, .. }
            | refund::Event::PaidByHand { reference, at, .. } => {
                let claim = facts.map(|facts| facts.claim_id.unwrap_or(facts.order_id));
                let succeeded = out::RefundSucceeded {
                    refund_id,
                    order_id,
                    purchase_id,
                    amount,
                    provider_ref: reference.clone(),
                    succeeded_at: Some(proto::timestamp(*at)),
                    reconciled: matches!(event, refund::Event::Succeeded { reconciled: true, .. }),
                    by_hand: matches!(event, refund::Event::PaidByHand { .. }),
                    tender: part(facts).1,
                    claim_id: text(claim),
                    compensation: facts.is_some_and(|facts| facts.compensation),
                };
                Published::of(&succeeded, shard).at(*at)
            }
            refund::Event::Failed { code, reconciled } => {
                let (code, reconciled) = (code.clone(), *reconciled);
                let failed = out::RefundFailed { refund_id, order_id, purchase_id, amount, code, reconciled };
                Published::of(&failed, shard)
            }
            refund::Event::Doubted { .. } => Published::of(&out::RefundDoubted { refund_id, order_id }, shard),
            refund::Event::EarlierSaid(said) | refund::Event::EarlierSettled(said) => {
                let (paid, reference) = (said.paid, said.reference.clone());
                let settled = matches!(event, refund::Event::EarlierSettled(_));
                let answered = out::RefundDoubtAnswered { refund_id, order_id, paid, reference, settled };
                Published::of(&answered, shard).at(said.at)
            }
            refund::Event::Overdue => {
                Published::of(&out::RefundOverdue { refund_id, order_id, purchase_id, amount, complaint_id }, shard)
            }
            refund::Event::Named { provider_ref } => {
                let provider_ref = provider_ref.clone();
                Published::of(&out::RefundPaymentNamed { refund_id, order_id, provider_ref }, shard)
            }
            refund::Event::Contradicted | refund::Event::AmountDiffers | refund::Event::PaidTwice => {
                let code = match event {
                    refund::Event::AmountDiffers => "amount_differs",
                    refund::Event::PaidTwice => "paid_twice",
                    _ => "",
                };
                let code = code.to_owned();
                let contradicted = out::RefundContradicted { refund_id, order_id, purchase_id, complaint_id, code };
                Published::of(&contradicted, shard)
            }
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_refund(self)
    }

    fn on_deadline(kind: &str) -> Option<refund::Command> {
        deadlines::refund_command(kind)
    }

    fn reactions(&self, event: &refund::Event) -> Vec<Change> {
        changes(self.consequences(event))
    }
}

impl From<refund::Rejection> for Fault {
    fn from(rejection: refund::Rejection) -> Self {
        match rejection {
            refund::Rejection::Unknown => Fault::not_found("refund", "with this id"),
            other => Fault::rejected(other.code(), other.to_string()),
        }
    }
}

/// The status word of a refund, as its table has it too.
pub fn refund_status(refund: &Refund) -> &'static str {
    match refund.state {
        refund::State::Absent => "",
        refund::State::Queued { .. } => "queued",
        refund::State::ByHand => "by_hand",
        refund::State::Sent { .. } => "sent",
        refund::State::Unknown { .. } => "unknown",
        refund::State::Succeeded { .. } => "succeeded",
        refund::State::Failed { .. } => "failed",
    }
}

/// A refund as people see it.
pub fn refund_view(id: Uuid, version: u64, refund: &Refund) -> out::RefundView {
    let provider_ref = match &refund.state {
        refund::State::Succeeded { provider_ref, .. } => provider_ref.clone(),
        _ => String::new(),
    };
    let (tender_no, tender) = part(refund.facts.as_ref());
    out::RefundView {
        refund_id: id.to_string(),
        version,
        status: refund_status(refund).to_owned(),
        order_id: text(refund.facts.map(|facts| facts.order_id)),
        purchase_id: text(refund.facts.map(|facts| facts.purchase_id)),
        amount: refund.facts.and_then(|facts| to_money(facts.amount)),
        attempts: refund.attempts,
        provider_ref,
        overdue: refund.overdue,
        tender_no,
        tender,
        points: refund.facts.and_then(|facts| facts.part?.points).unwrap_or_default(),
        paid_by: refund.paid_by.clone().unwrap_or_default(),
        payment_reference: refund.payment.clone().unwrap_or_default(),
        in_doubt: refund.is_in_doubt(),
        doubt_said_by: doubt_said_by(refund),
        named_payment: refund.named.clone().unwrap_or_default(),
    }
}

/// Who has said first what became of an earlier attempt that is in doubt.
fn doubt_said_by(refund: &Refund) -> String {
    let said = refund.doubt.as_ref().filter(|_| refund.is_in_doubt()).and_then(|doubt| doubt.said.as_ref());
    said.map(|said| said.by.clone()).unwrap_or_default()
}

/// What a command on a refund did.
pub fn refund_receipt(id: Uuid, version: u64, refund: &Refund) -> Receipt {
    Receipt { id: id.to_string(), version, status: refund_status(refund).to_owned() }
}

/// The means it is paid back by.
fn part(facts: Option<&refund::Facts>) -> (u32, i32) {
    let part = facts.and_then(|facts| facts.part);
    part.map_or_else(Default::default, |Part { no, tender, .. }| (no, kind(tender).into()))
}

fn kind(tender: TenderKind) -> common::TenderKind {
    match tender {
        TenderKind::Card => common::TenderKind::Card,
        TenderKind::Wallet => common::TenderKind::Wallet,
        TenderKind::Cash => common::TenderKind::Cash,
        TenderKind::GiftCard => common::TenderKind::GiftCard,
        TenderKind::StoreCredit => common::TenderKind::StoreCredit,
        TenderKind::Points => common::TenderKind::Points,
        TenderKind::Voucher => common::TenderKind::Voucher,
    }
}

/// What a purchase was paid by: its kind, its worth, and how many points it was.
pub type Told = (TenderKind, Money, Option<u64>);

/// By which means a purchase was paid. Errors: one of no known kind, or an amount that cannot be read.
pub fn tenders(event: &PurchaseRecorded) -> Result<Vec<Told>, Fault> {
    let read = |(n, told): (usize, &PurchaseTender)| {
        let kind = match told.kind() {
            common::TenderKind::Card => TenderKind::Card,
            common::TenderKind::Wallet => TenderKind::Wallet,
            common::TenderKind::Cash => TenderKind::Cash,
            common::TenderKind::GiftCard => TenderKind::GiftCard,
            common::TenderKind::StoreCredit => TenderKind::StoreCredit,
            common::TenderKind::Points => TenderKind::Points,
            common::TenderKind::Voucher => TenderKind::Voucher,
            common::TenderKind::Unspecified => {
                return Err(Fault::invalid(format!("tenders[{n}].kind"), "is not a means this version knows"));
            }
        };
        let paid = money(&format!("tenders[{n}].paid"), told.paid.as_ref())?;
        Ok((kind, paid, Some(told.points).filter(|points| *points > 0)))
    };
    event.tenders.iter().enumerate().map(read).collect()
}

/// What others learn of a claim's portions; `portions` is the state after the event. Of an agreed order the claim is the
/// order.
pub fn portion_published(
    (order_id, claim_id, complaint_id): (String, String, String),
    all: &Portions,
    event: &portion::Event,
    shard: u8,
) -> Published {
    let paid: Uuid = claim_id.parse().unwrap_or_default();
    let of = |no: &u32| portions(paid, all).into_iter().find(|portion| portion.tender_no == *no);
    match event {
        portion::Event::Divided { .. } => {
            Published::of(&out::PayoutDivided { order_id, claim_id, portions: portions(paid, all) }, shard)
        }
        portion::Event::Paid { no } => Published::of(&out::PortionPaid { order_id, claim_id, portion: of(no) }, shard),
        portion::Event::Failed { no, .. } => {
            Published::of(&out::PortionFailed { order_id, claim_id, portion: of(no), complaint_id }, shard)
        }
        portion::Event::Doubted { no, .. } => {
            Published::of(&out::PortionDoubted { order_id, claim_id, portion: of(no) }, shard)
        }
        portion::Event::Repeated { .. } => {
            Published::of(&out::PortionsRepeated { order_id, claim_id, portions: portions(paid, all) }, shard)
        }
    }
}

/// The portions of a claim, or of an agreed order, as people see them.
pub fn portions(paid: Uuid, all: &Portions) -> Vec<out::TenderPortion> {
    let view = |portion: &Portion| {
        let code = match &portion.state {
            PortionState::Failed { code } => code.clone(),
            PortionState::Due | PortionState::Paid => String::new(),
        };
        out::TenderPortion {
            refund_id: portion::portion_refund_id(paid, portion.share.no, portion.attempt).to_string(),
            status: portion.state.word().to_owned(),
            attempt: portion.attempt,
            code,
            ..share(&portion.share)
        }
    };
    all.iter().map(view).collect()
}

/// What one means gives.
pub fn share(share: &Share) -> out::TenderPortion {
    out::TenderPortion {
        tender_no: share.no,
        tender: kind(share.kind).into(),
        amount: to_money(share.amount),
        points: share.points.unwrap_or_default(),
        by_hand: share.by_hand,
        ..Default::default()
    }
}
