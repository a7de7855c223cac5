//! Orders that were asked for, between the contracts and the domain: their events, and what people are shown.
use backbone::{Published, proto};
use contracts::fulfilment::v1 as out;
use kernel::{
    money::Money,
    returns::{Fee, Receipt, Words},
};
use uuid::Uuid;

use super::{text, to_money};
use crate::domain::{
    account,
    order::{
        ServiceOrder, State,
        effort::Effort,
        label::{self, Label},
        request::{Bought, Event, Line, OriginKind, Request, Review, Verdict},
        unbought::Amounts,
    },
};

/// What others learn; `order` is the state after the event.
pub fn published(order: &ServiceOrder, event: &Event, shard: u8) -> Published {
    let Some(request) = &order.request else { return Published::of(&out::OrderRequested::default(), shard) };
    let order_id = request.order_id.to_string();
    match event {
        Event::Requested { at, .. } => Published::of(&requested(request), shard).at(*at),
        Event::Decided => {
            let status = super::order_status(order).to_owned();
            Published::of(&out::OrderDecided { order_id, status, decisions: decisions(request) }, shard)
        }
        Event::Confirmed { .. } => Published::of(&out::OrderConfirmed { order_id }, shard),
        Event::Reviewed(review) => Published::of(&reviewed(order, request, review), shard),
        Event::Authorised { untold, .. } => Published::of(&authorised(request, *untold), shard),
        Event::Goods(event) => super::goods::published(request, event, shard),
        Event::Money(event) => super::money::published(request, event, shard),
        Event::Replacement(event) => super::replacement::published(request, event, shard),
        Event::Work { line_no, event } => super::repair::published(request, *line_no, event, shard),
        Event::Label(label::Event::Made(label)) => {
            let (carrier, tracking_number) = (label.carrier.clone(), label.tracking_number.clone());
            Published::of(&out::ReturnLabelMade { order_id, carrier, tracking_number }, shard).at(label.at)
        }
        Event::Label(label::Event::Moved(told)) => {
            let status = told.way.word().to_owned();
            let used_up = request.living_label().is_none() || request.awaited().is_empty();
            Published::of(&out::ReturnParcelMoved { order_id, status, used_up }, shard).at(told.at)
        }
        Event::Compensation(event) => super::compensation::published(request, event, shard),
        Event::Unanswered { at } => Published::of(&out::OrderUnanswered { order_id }, shard).at(*at),
        Event::Finished => {
            let (status, kind) = (super::order_status(order).to_owned(), request.kind.word().to_owned());
            let effort = Some(effort(&request.effort));
            Published::of(&out::OrderFinished { order_id, status, effort, kind }, shard)
        }
        Event::TooMuchAsked => {
            Published::of(&out::OrderEffortExceeded { order_id, effort: Some(effort(&request.effort)) }, shard)
        }
        Event::Cancelled(cancelled) => {
            let goods_returned = cancelled.goods_returned.clone().unwrap_or_default();
            let reason = cancelled.reason.clone();
            Published::of(&out::OrderCancelled { order_id, reason, goods_returned }, shard)
        }
    }
}

fn requested(request: &Request) -> out::OrderRequested {
    let (kind, reference) = (request.origin.kind.word().to_owned(), request.origin.reference.clone());
    out::OrderRequested {
        order_id: request.order_id.to_string(),
        customer_id: request.customer_id.to_string(),
        origin: Some(out::OrderOrigin { kind, reference }),
        kind: request.kind.word().to_owned(),
        lines: (1..).zip(&request.lines).map(line).collect(),
        compensation: request.compensation.as_ref().map(|one| super::compensation::gift(&one.gift)),
    }
}

/// What a person decided; of an order that has yet to be confirmed, by when.
fn reviewed(order: &ServiceOrder, request: &Request, review: &Review) -> out::OrderReviewed {
    let (case_id, complaint_id) = asked_from(request);
    let confirmed = request.confirmed_at.is_some();
    let waits = Some(request.terms.answer_within).filter(|within| within.is_positive() && !confirmed);
    let waits = waits.filter(|_| order.state == State::Eligible);
    let before = Request { review: None, ..request.clone() };
    let left = (1..).zip(&request.lines).filter(|(_, line)| before.verdict(line) == Verdict::InReview);
    out::OrderReviewed {
        order_id: request.order_id.to_string(),
        approved: review.approved,
        reason: review.reason.clone(),
        status: super::order_status(order).to_owned(),
        customer_id: request.customer_id.to_string(),
        case_id,
        complaint_id,
        confirmed,
        answer_by: waits.map(|within| proto::timestamp(kernel::calendar::add(review.at, within))),
        goods_back: request.returning().next().is_some(),
        decisions: left.map(decision).collect(),
        amounts: reviewed_amounts(&review.amounts),
    }
}

/// Under which number goods come back, where any do, and whether the customer has yet to be told.
fn authorised(request: &Request, untold: bool) -> out::OrderAuthorised {
    let (case_id, complaint_id) = asked_from(request);
    let form = request.rma_number.as_ref().map(|_| &request.form);
    out::OrderAuthorised {
        order_id: request.order_id.to_string(),
        rma_number: request.rma_number.clone().unwrap_or_default(),
        customer_id: request.customer_id.to_string(),
        case_id,
        complaint_id,
        untold,
        send_to: form.map(|form| form.send_to.clone()).unwrap_or_default(),
        instructions: form.map(|form| wordings(&form.instructions)).unwrap_or_default(),
        goods_until: request.return_by().map(proto::timestamp),
    }
}

fn line((line_no, line): (u32, &Line)) -> out::RequestedLine {
    let bought = line.bought.as_ref();
    out::RequestedLine {
        line_no,
        purchase_id: text(bought.map(|Bought { purchase_id, .. }| *purchase_id)),
        line_id: bought.map(|Bought { line_id, .. }| line_id.clone()).unwrap_or_default(),
        product_id: line.product_id.clone(),
        batch: line.batch.clone(),
        serial: line.serial.clone(),
        quantity: line.quantity,
        evidence: line.evidence.clone(),
        wanted_product_id: line.wanted.as_ref().map(|wanted| wanted.product_id.clone()).unwrap_or_default(),
        wanted_price: line.wanted.as_ref().and_then(|wanted| wanted.price).and_then(to_money),
    }
}

/// The receipts of all lines.
pub fn decisions(request: &Request) -> Vec<out::LineDecision> {
    (1..).zip(&request.lines).map(decision).collect()
}

fn decision((line_no, line): (u32, &Line)) -> out::LineDecision {
    out::LineDecision { line_no, receipt: Some(receipt(&line.receipt)) }
}

/// The case or the complaint an order was asked for from; at most one of them.
pub fn asked_from(request: &Request) -> (String, String) {
    let origin = Some(&request.origin).filter(|origin| origin.reference.parse::<Uuid>().is_ok());
    let of = |kind| origin.filter(|origin| origin.kind == kind).map_or_else(String::new, |one| one.reference.clone());
    (of(OriginKind::Case), of(OriginKind::Complaint))
}

/// A decision, whole.
pub fn receipt(receipt: &Receipt) -> out::DecisionReceipt {
    let Receipt { policy, rule, facts, outcome, reasons, words, appeal } = receipt;
    let fee = |(code, fee): (&String, &Fee)| out::DecisionFee {
        code: code.clone(),
        charge: match fee {
            Fee::Percent(percent) => Some(out::decision_fee::Charge::Percent(u32::from(*percent))),
            Fee::Amount(amount) => to_money(*amount).map(out::decision_fee::Charge::Amount),
        },
    };
    out::DecisionReceipt {
        policy_id: policy.id.clone(),
        policy_version: policy.version,
        rule: rule.clone(),
        facts: Some(out::ReturnFacts {
            kind: facts.kind.word().to_owned(),
            reason: facts.reason.clone(),
            proof: facts.proof.word().to_owned(),
            category: facts.category.clone(),
            channel: facts.channel.clone(),
            segment: facts.segment.clone(),
            days_since_delivery: facts.days_since_delivery,
            days_since_purchase: facts.days_since_purchase,
            opened: facts.opened,
            resaleable: facts.resaleable,
            discomfort: facts.discomfort,
            amount: facts.amount.and_then(to_money),
            buyer: facts.buyer,
        }),
        answer: outcome.answer.word().to_owned(),
        allowed: outcome.allowed.iter().map(|kind| kind.word().to_owned()).collect(),
        freight: outcome.freight.word().to_owned(),
        goods: outcome.goods.word().to_owned(),
        fees: outcome.fees.iter().map(fee).collect(),
        reasons: reasons.clone(),
        words: wordings(words),
        appeal: wordings(appeal),
    }
}

fn wordings(words: &Words) -> Vec<out::Wording> {
    let wording =
        |(language, words): (&String, &String)| out::Wording { language: language.clone(), words: words.clone() };
    words.iter().map(wording).collect()
}

/// A request as people see it.
pub fn request_view(order: &ServiceOrder) -> Option<out::RequestView> {
    let request = order.request.as_ref()?;
    let verdict = |line: &Line| request.verdict(line).word().to_owned();
    Some(out::RequestView {
        requested: Some(requested(request)),
        by: request.by.clone(),
        requested_at: order.opened_at.map(proto::timestamp),
        confirmed_at: request.confirmed_at.map(proto::timestamp),
        verdicts: request.lines.iter().map(verdict).collect(),
        review: request.review.as_ref().map(review_view),
        form: form(request),
        cancelled_because: request.cancelled.as_ref().map(|cancelled| cancelled.reason.clone()).unwrap_or_default(),
        goods: super::goods::goods_views(request),
        return_by: request.return_by().map(proto::timestamp),
        promises: super::goods::standings(request),
        payouts: super::money::payout_views(request),
        replacements: super::replacement::views(request),
        repairs: super::repair::repair_views(request),
        compensation: super::compensation::view(request),
        effort: Some(effort(&request.effort)),
    })
}

/// How much was asked of the customer.
fn effort(effort: &Effort) -> out::OrderEffort {
    let ceiling = effort.ceiling.as_ref();
    out::OrderEffort {
        interactions: effort.interactions,
        documents: effort.documents,
        interactions_max: ceiling.map_or(0, |ceiling| ceiling.most.interactions),
        documents_max: ceiling.map_or(0, |ceiling| ceiling.most.documents),
        policy_id: ceiling.map(|ceiling| ceiling.policy.id.clone()).unwrap_or_default(),
        policy_version: ceiling.map_or(0, |ceiling| ceiling.policy.version),
        exceeded: effort.is_too_much(),
    }
}

/// What a person decided.
pub fn review_view(review: &Review) -> out::ReviewView {
    let Review { by, at, approved, reason, amounts } = review;
    let at = Some(proto::timestamp(*at));
    out::ReviewView {
        by: by.clone(),
        at,
        approved: *approved,
        reason: reason.clone(),
        amounts: reviewed_amounts(amounts),
    }
}

fn reviewed_amounts(amounts: &Amounts) -> Vec<out::ReviewedAmount> {
    let one = |(line_no, amount): (&u32, &Money)| out::ReviewedAmount { line_no: *line_no, amount: to_money(*amount) };
    amounts.iter().map(one).collect()
}

/// What the customer needs to send goods back (R-FUL-03).
fn form(request: &Request) -> Option<out::ReturnForm> {
    Some(out::ReturnForm {
        rma_number: request.rma_number.clone()?,
        send_to: request.form.send_to.clone(),
        instructions: wordings(&request.form.instructions),
        lines: request.returning().map(line).collect(),
        freight: request.freight()?.word().to_owned(),
        label: request.label.as_ref().map(label_view),
    })
}

fn label_view(label: &Label) -> out::ReturnLabel {
    out::ReturnLabel {
        carrier: label.carrier.clone(),
        tracking_number: label.tracking_number.clone(),
        label_reference: label.reference.clone(),
        status: label.told.map(|told| told.way.word().to_owned()).unwrap_or_default(),
        told_at: label.told.map(|told| proto::timestamp(told.at)),
    }
}

/// Pieces of the lines of a purchase.
pub fn units(units: &[account::Units]) -> Vec<out::Units> {
    units.iter().map(|one| out::Units { line_id: one.line_id.clone(), quantity: one.quantity }).collect()
}
