//! The money of articles of no purchase of ours. Nothing here says what was paid for them, and no provider took anything: a person
//! says how much it is with his approval, and people pay it (R-FUL-02, R-FUL-05).
//! Invariant: it is approved by another person than who asked for it or takes the articles in; it is claimed once for each line,
//! for the pieces that were granted, and is never more than was approved, nor than was stated; the database checks that again.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{approval::independent, money::Money, returns::Goods as WhenGoods};
use uuid::Uuid;

use super::{
    super::account::{self, HeldLine},
    Rejection,
    difference::VALUE_MAX,
    goods::Leg,
    line::Line,
    money::{Claim, PayoutState, Source},
    origin::OriginKind,
    request::{Event, Request, Review},
    returning::Pieces,
};

/// By the number of a line.
pub type Amounts = BTreeMap<u32, Money>;

impl Review {
    /// One that names no amounts.
    pub(super) fn said(by: String, at: Timestamp, approved: bool, reason: String) -> Self {
        Self { by, at, approved, reason, amounts: Amounts::new() }
    }
}

impl Request {
    /// What a complaint agreed on knows its remedy, and is not asked for anew (R-FUL-16, R-FUL-17).
    pub(super) fn may_come_from(&self) -> Result<(), Rejection> {
        let asked_anew = self.origin.kind == OriginKind::Complaint && !self.agreed;
        if asked_anew { Err(Rejection::OfComplaint) } else { Ok(()) }
    }

    /// Money for a line of no purchase is granted by a person, whatever a rule says; what was under way before that goes on.
    pub(super) fn takes_a_person(&self, line: &Line) -> bool {
        let began = line.leg.is_some() || self.authorised_at.is_some() && self.review.is_none();
        self.is_unbought(line) && !began
    }

    /// Its money is asked for, and of no purchase.
    fn is_unbought(&self, line: &Line) -> bool {
        self.pays() && !self.agreed && line.bought.is_none()
    }

    /// Lines whose money a person approves, as far as they are granted.
    fn unbought(&self) -> impl Iterator<Item = (u32, &Line)> {
        self.granted().filter(|(_, line)| self.is_unbought(line))
    }

    /// What was approved for all pieces of a line.
    fn approved(&self, line_no: u32) -> Option<Money> {
        self.review.as_ref().filter(|review| review.approved)?.amounts.get(&line_no).copied()
    }

    /// All that is granted is of no purchase.
    pub(super) fn is_of_no_purchase(&self) -> bool {
        (self.pays() || self.replaces()) && self.granted().all(|(_, line)| line.bought.is_none())
    }

    /// Nobody has approved the money of something that is granted: as it could be before people were asked.
    pub(super) fn waits_for_approval(&self) -> bool {
        self.unbought().any(|(line_no, _)| self.approved(line_no).is_none())
    }

    /// All money is paid that was asked for.
    pub(super) fn money_is_done(&self) -> bool {
        let open = |(line_no, line): (u32, &Line)| self.payable(line) > 0 && self.approved(line_no).is_none();
        self.is_paid() && !self.unbought().any(open)
    }

    /// The review, with what is paid for each line whose money it approves: what he names, else what was stated. Errors: nothing says
    /// how much, or he names what cannot be.
    pub(super) fn with_amounts(&self, review: Review) -> Result<Review, Rejection> {
        let approved = Self { review: Some(Review { approved: true, ..review.clone() }), ..self.clone() };
        let of_people: BTreeMap<u32, &Line> = approved.unbought().filter(|_| review.approved).collect();
        let unknown = |line_no: &&u32| !of_people.contains_key(line_no);
        if let Some(line_no) = review.amounts.keys().find(unknown) {
            return Err(Rejection::AmountNotPossible(*line_no));
        }
        let (mut amounts, mut missing) = (Amounts::new(), vec![]);
        for (line_no, line) in of_people {
            let stated = line.receipt.facts.amount.filter(|stated| stated.minor > 0);
            match review.amounts.get(&line_no).copied().or(stated) {
                Some(amount) if is_possible(amount, stated, line) => {
                    amounts.insert(line_no, amount);
                }
                Some(_) => return Err(Rejection::AmountNotPossible(line_no)),
                None => missing.push(line_no),
            }
        }
        if missing.is_empty() { Ok(Review { amounts, ..review }) } else { Err(Rejection::AmountMissing(missing)) }
    }

    /// What a person says of an order that goes on already: what is paid for articles of no purchase where nobody has said it, or
    /// of a refund instead of a repair. Errors: nothing waits for that, or he asked for it or took the articles in.
    pub(super) fn review_later(&self, review: Review) -> Result<Vec<Event>, Rejection> {
        if !self.waits_for_approval() {
            return if review.amounts.is_empty() { self.review_alternatives(&review) } else { Err(Rejection::NotNow) };
        }
        let took_in = |leg: &Leg| {
            let (received, inspected) =
                (leg.arrivals.iter().map(|one| &one.by), leg.inspections.iter().map(|one| &one.by));
            received.chain(inspected).any(|hand| !independent(hand, &review.by))
        };
        match () {
            // Something of it was refused: no later word grants that as well.
            () if self.review.as_ref().is_some_and(|before| !before.approved) => Err(Rejection::NotNow),
            () if !independent(&self.by, &review.by) => Err(Rejection::OwnRequest),
            () if self.legs().any(|(_, leg)| took_in(leg)) => Err(Rejection::OwnApproval),
            // Who does not approve it ends the order.
            () if !review.approved => Err(Rejection::NotNow),
            () => Ok(vec![Event::Reviewed(self.with_amounts(review)?)]),
        }
    }

    /// Who approved money of articles of no purchase does not say that they came, nor in which state.
    pub(super) fn may_handle(&self, by: &str) -> Result<(), Rejection> {
        let approved = self.review.as_ref().filter(|review| !review.amounts.is_empty());
        let own = approved.is_some_and(|review| !independent(&review.by, by));
        if own { Err(Rejection::OwnApproval) } else { Ok(()) }
    }

    /// One claim for each line whose money was approved and is not claimed yet, once none of its pieces is open.
    pub(super) fn unbought_claims(&self) -> Vec<Claim> {
        self.unbought().filter_map(|(line_no, line)| self.unbought_claim(line_no, line)).collect()
    }

    fn unbought_claim(&self, line_no: u32, line: &Line) -> Option<Claim> {
        let source = Source::Unbought { line_no };
        let open = self.goods_come(line) == WhenGoods::Before && line.leg.as_ref().is_none_or(|leg| !leg.is_settled());
        let claimed = self.payouts.iter().any(|one| one.source == source && one.state != PayoutState::Repeated);
        let quantity = Some(self.payable(line)).filter(|pieces| *pieces > 0 && !open && !claimed)?;
        let others = line.quantity.checked_sub(quantity)?;
        let goods = *self.approved(line_no)?.split(&[quantity.into(), others.into()]).ok()?.first()?;
        let fees = account::kept_of(&line.receipt.outcome.fees, goods).ok()?;
        let kept: i64 = fees.values().map(|fee| fee.minor).sum();
        let (given, amount) = (Money { minor: 0, ..goods }, Money { minor: goods.minor - kept, ..goods });
        let (line_id, replaced, within) = (String::new(), None, None);
        let held = HeldLine { line_id, quantity, goods, fees, given, replaced, amount, within };
        Some(Claim { purchase_id: Uuid::nil(), pieces: Pieces::from([(line_no, quantity)]), source, lines: vec![held] })
    }
}

/// More than nothing, at most what was stated, and fees can be kept of it.
fn is_possible(amount: Money, stated: Option<Money>, line: &Line) -> bool {
    let within = stated.is_none_or(|stated| stated.currency == amount.currency && amount.minor <= stated.minor);
    (1..=VALUE_MAX).contains(&amount.minor) && within && account::kept_of(&line.receipt.outcome.fees, amount).is_ok()
}

#[cfg(test)]
#[path = "unbought_tests.rs"]
mod tests;
