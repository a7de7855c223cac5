//! The end of an agreed exchange, reshipment or repair that cannot be had and whose alternatives the customer declines: the
//! complaint hears that it failed, and decides anew (R-FUL-17).
//! Invariant: nothing is ended so that gave the customer anything, took money of him, or keeps goods of his.
use super::{
    super::{Consequence, account},
    Rejection,
    goods::Leg,
    money::{Payout, PayoutState, Source},
    replacement::{Replacement, ReplacementState},
    request::{Cancelled, Event, Request},
    work::Work,
};

impl Request {
    /// Errors: something of it can still be had, was given or paid, or goods of the customer's are here and nobody says under
    /// which reference he has them again.
    pub(super) fn end_unfulfilled(&self, cancelled: Cancelled) -> Result<Vec<Event>, Rejection> {
        let given = |one: &Replacement| {
            matches!(
                one.state,
                ReplacementState::Shipped | ReplacementState::Delivered | ReplacementState::MoneyInstead
            )
        };
        let paid = |work: &Work| work.payment().is_some();
        let told_to_pay = self.replacements.iter().any(|one| !one.differences.is_empty());
        match () {
            () if !self.agreed || !self.replaces() && self.kind != kernel::returns::Kind::Repair => {
                Err(Rejection::NotNow)
            }
            () if self.replacements.iter().any(given)
                || told_to_pay
                || self.works().any(|(_, work)| paid(work))
                || self.payouts.iter().any(Payout::has_given) =>
            {
                Err(Rejection::CarriedOut)
            }
            () if !self.cannot_be_had() => Err(Rejection::NotNow),
            () if self.keeps_goods(cancelled.goods_returned.is_some()) => Err(Rejection::GoodsAreHere),
            () => Ok(vec![Event::Cancelled(cancelled)]),
        }
    }

    /// Each attempt that counts waits for something else than the warehouse, or each repair for something else than work; the
    /// customer has said no to what was offered.
    fn cannot_be_had(&self) -> bool {
        if self.replaces() {
            let mut open = self.replacements.iter().filter(|one| !one.state.is_past()).peekable();
            return open.peek().is_some() && open.all(|one| self.may_take_money(one));
        }
        let mut works = self.works().peekable();
        works.peek().is_some() && works.all(|(_, work)| work.may_be_replaced() && !work.waits_for_customer())
    }

    /// Goods of the customer's are here: to be inspected or disputed, or nobody says that he has them again.
    fn keeps_goods(&self, returned: bool) -> bool {
        let disputed = |leg: &Leg| leg.inspections.iter().any(|one| one.waits_for_customer() || one.is_disputed());
        let here = |leg: &Leg| leg.goods.uninspected() + leg.goods.accepted() > 0;
        self.uninspected(0) > 0 || self.legs().any(|(_, leg)| disputed(leg) || here(leg) && !returned)
    }

    /// The customer has what was here again; what he had not sent yet stays with him.
    pub(super) fn hand_back_all(&mut self) {
        let legs = self.lines.iter_mut().filter_map(|line| line.leg.as_mut());
        legs.for_each(|leg| leg.goods = leg.goods.hand_back().lapse());
    }

    /// What is held for goods that do not go out is free again.
    pub(super) fn released(&self) -> Vec<Consequence> {
        let holds = |payout: &&Payout| {
            let held =
                |line: &account::HeldLine| line.amount.minor + line.replaced.map_or(0, |replaced| replaced.minor);
            let stake = matches!(payout.source, Source::Exchange { .. }) && payout.state != PayoutState::Repeated;
            stake && payout.lines.iter().map(held).sum::<i64>() > 0
        };
        let release = |payout: &Payout| {
            let release = account::Command::Release { order_id: payout.claim_id };
            Consequence::Account(payout.purchase_id, release)
        };
        self.payouts.iter().filter(holds).map(release).collect()
    }
}

impl Payout {
    /// Money of it left, or may have left.
    fn has_given(&self) -> bool {
        let left = matches!(self.state, PayoutState::Granted | PayoutState::Paid | PayoutState::PartlyFailed { .. });
        left && self.amount().is_some_and(|amount| amount.minor > 0)
    }
}
