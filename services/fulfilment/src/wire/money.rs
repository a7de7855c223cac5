//! The money of orders that were asked for, between the contracts and the domain.
use backbone::Published;
use contracts::fulfilment::v1 as out;

use super::{goods::pieces, refund, request::asked_from, text, to_money};
use crate::domain::{
    account::HeldLine,
    order::{
        money::{Event, Payout, Source},
        request::Request,
    },
    refund_id,
};

/// What others learn; `request` is the state after the event.
pub fn published(request: &Request, event: &Event, shard: u8) -> Published {
    let order_id = request.order_id.to_string();
    match event {
        Event::Claimed { claim_id, purchase_id, pieces: claimed, source, by_hand, .. } => {
            let (claim_id, purchase_id, pieces) = (claim_id.to_string(), purchase_id.to_string(), pieces(claimed));
            let (replacement_id, repair_line_no) = (text(source.of()), repair_of(*source));
            let by_hand = *by_hand;
            let claimed =
                out::PayoutClaimed { order_id, claim_id, purchase_id, pieces, replacement_id, repair_line_no, by_hand };
            Published::of(&claimed, shard)
        }
        Event::Granted { claim_id, lines, .. } => {
            let amount = request.payout(*claim_id).and_then(Payout::amount).and_then(to_money);
            let refund_id = request.payout(*claim_id).map(refund_of).unwrap_or_default();
            let claim_id = claim_id.to_string();
            let lines = held_lines(lines);
            Published::of(&out::PayoutGranted { order_id, claim_id, refund_id, amount, lines }, shard)
        }
        Event::Refused { claim_id, reason } => {
            let (claim_id, code) = (claim_id.to_string(), reason.code().to_owned());
            Published::of(&out::PayoutRefused { order_id, claim_id, code }, shard)
        }
        Event::Paid { claim_id } => Published::of(&out::PayoutPaid { order_id, claim_id: claim_id.to_string() }, shard),
        Event::Failed { claim_id, code } => {
            let amount = request.payout(*claim_id).and_then(Payout::amount).and_then(to_money);
            let (claim_id, code, complaint_id) = (claim_id.to_string(), code.clone(), agreed_in(request));
            Published::of(&out::PayoutFailed { order_id, claim_id, code, complaint_id, amount }, shard)
        }
        Event::Portion { claim_id, event } => {
            let all = request.payout(*claim_id).map(|payout| payout.portions.clone()).unwrap_or_default();
            refund::portion_published((order_id, claim_id.to_string(), agreed_in(request)), &all, event, shard)
        }
        Event::Repeated { claim_id, by_hand } => {
            let (claim_id, by_hand) = (claim_id.to_string(), *by_hand);
            Published::of(&out::PayoutRepeated { order_id, claim_id, by_hand }, shard)
        }
        Event::Doubted { claim_id, .. } => {
            Published::of(&out::PayoutDoubted { order_id, claim_id: claim_id.to_string() }, shard)
        }
    }
}

/// The refund that pays it; empty where there is nothing to pay, and where several do.
fn refund_of(payout: &Payout) -> String {
    let pays = !payout.tendered && payout.amount().is_some_and(|amount| amount.minor > 0);
    if pays { refund_id(payout.claim_id).to_string() } else { String::new() }
}

/// The complaint it was agreed in; empty where it was asked for and not agreed.
fn agreed_in(request: &Request) -> String {
    if request.agreed { asked_from(request).1 } else { String::new() }
}

/// The line whose repair failed in the end, where it is the fee of that.
fn repair_of(source: Source) -> u32 {
    if let Source::Fee { line_no } = source { line_no } else { 0 }
}

/// What a purchase holds for pieces, line by line.
pub fn held_lines(lines: &[HeldLine]) -> Vec<out::HeldPieces> {
    let line = |line: &HeldLine| out::HeldPieces {
        line_id: line.line_id.clone(),
        quantity: line.quantity,
        goods: to_money(line.goods),
        fees: line.fees.iter().map(|(code, fee)| out::HeldFee { code: code.clone(), amount: to_money(*fee) }).collect(),
        given: to_money(line.given),
        replaced: line.replaced.and_then(to_money),
        amount: to_money(line.amount),
        made_of: line.within.map(|within| out::MadeOf {
            article: to_money(within.article(line.goods)),
            tax: to_money(within.tax),
            freight: to_money(within.freight),
            discount: to_money(within.discount),
        }),
    };
    lines.iter().map(line).collect()
}

/// The payouts of an order as people see them.
pub fn payout_views(request: &Request) -> Vec<out::PayoutView> {
    let view = |payout: &Payout| out::PayoutView {
        claim_id: payout.claim_id.to_string(),
        purchase_id: payout.purchase_id.to_string(),
        status: payout.portions.failure().unwrap_or(payout.state.word()).to_owned(),
        pieces: pieces(&payout.pieces),
        refund_id: refund_of(payout),
        amount: payout.amount().and_then(to_money),
        lines: held_lines(&payout.lines),
        replacement_id: text(payout.source.of()),
        portions: refund::portions(payout.claim_id, &payout.portions),
        repair_line_no: repair_of(payout.source),
        by_hand: payout.by_hand,
    };
    request.payouts.iter().map(view).collect()
}
