//! The end of an agreed exchange, reshipment or repair that cannot be had and whose alternatives the customer declines: the
//! complaint hears that it failed, and decides anew (R-FUL-17). And that of an order for articles of no purchase whose money nobody
//! approves, or that cannot be exchanged: the customer has them again.
//! Invariant: nothing is ended so of which goods or money may be on their way, or that keeps goods of his. Money he has been given
//! stays his, and the purchase does not give it again; what he paid for dearer goods is given back to him.
use kernel::{money::Money, returns::Kind};

use super::{
    super::{Consequence, account},
    Rejection,
    goods::Leg,
    line::Line,
    money::{Claim, Payout, PayoutState, Source},
    replacement::{Replacement, ReplacementState},
    request::{Cancelled, Event, Request},
    work::Work,
};

impl Request {
    /// Errors: something of it can still be had, goods or money may be with him or under way, he has paid for a repair, goods of
    /// his are here and nobody says under which reference he has them again, or what he paid comes back by who recorded it.
    pub(super) fn end_unfulfilled(&self, cancelled: Cancelled) -> Result<Vec<Event>, Rejection> {
        let given = |one: &Replacement| {
            let left = matches!(one.state, ReplacementState::Shipped | ReplacementState::Delivered);
            left || one.state == ReplacementState::MoneyInstead && !self.pays_nobody(one)
        };
        let agreed = self.agreed && (self.replaces() || self.kind == Kind::Repair);
        let paid = |work: &Work| work.payment().is_some();
        let own = |claim: &Claim| claim.source.of().is_some_and(|of| self.has_recorded(of, &cancelled.by));
        match () {
            () if !agreed && !self.is_of_no_purchase() => Err(Rejection::NotNow),
            () if self.replacements.iter().any(given)
                || self.works().any(|(_, work)| paid(work))
                || self.payouts.iter().any(|payout| self.may_leave(payout)) =>
            {
                Err(Rejection::CarriedOut)
            }
            () if !self.cannot_be_had() => Err(Rejection::NotNow),
            () if self.keeps_goods(cancelled.goods_returned.is_some()) => Err(Rejection::GoodsAreHere),
            () if self.ended_claims().iter().any(own) => Err(Rejection::OwnPayment),
            () => Ok(vec![Event::Cancelled(cancelled)]),
        }
    }

    /// Each attempt that counts waits for something else than the warehouse, or each repair for something else than work; the
    /// customer has said no to what was offered. No other line, and no piece that is still to come, can be had.
    fn cannot_be_had(&self) -> bool {
        if self.pays() {
            return self.payouts.is_empty() && self.waits_for_approval();
        }
        if self.replaces() {
            let mut open = self.replacements.iter().filter(|one| !one.state.is_past()).peekable();
            let none = open.peek().is_some() && open.all(|one| self.may_take_money(one) || self.pays_nobody(one));
            return none && self.granted().all(|(line_no, line)| !self.may_come(line_no, line));
        }
        let none =
            |line: &Line| line.work.as_ref().is_some_and(|work| work.may_be_replaced() && !work.waits_for_customer());
        self.granted().all(|(_, line)| none(line))
    }

    /// Pieces of a line are to be replaced once they are here.
    fn may_come(&self, line_no: u32, line: &Line) -> bool {
        let over = |leg: &Leg| leg.goods.rejected() + leg.goods.lapsed() + leg.goods.handed_back();
        line.quantity > self.replaced(line_no) + line.leg.as_ref().map_or(0, over)
    }

    /// Money of it is on its way, or left while its provider says that it did not.
    fn may_leave(&self, payout: &Payout) -> bool {
        let leaves = match payout.state {
            PayoutState::Granted | PayoutState::PartlyFailed { .. } => true,
            PayoutState::Failed { .. } => self.is_in_doubt(payout),
            PayoutState::Repeated => payout.doubted && !self.is_followed(payout),
            PayoutState::Claimed | PayoutState::Refused { .. } | PayoutState::Paid => false,
        };
        leaves && payout.amount().is_some_and(|amount| amount.minor > 0)
    }

    /// Some of the money was paid, beside what was his own.
    pub(super) fn has_paid(&self) -> bool {
        let his = |payout: &Payout| matches!(payout.source, Source::Difference { .. });
        let paid = |payout: &&Payout| payout.state == PayoutState::Paid && !his(payout);
        self.payouts.iter().filter(paid).filter_map(Payout::amount).any(|amount| amount.minor > 0)
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
        legs.for_each(|leg| leg.goods = leg.goods.hand_back());
    }

    /// What is held for goods that do not go out is free again; what was paid of it stays held, as given.
    pub(super) fn released(&self) -> Vec<Consequence> {
        self.payouts.iter().flat_map(|stake| self.released_stake(stake)).collect()
    }

    fn released_stake(&self, stake: &Payout) -> Vec<Consequence> {
        let (Source::Exchange { of }, Some(paid)) = (stake.source, stake.amount()) else { return vec![] };
        let amount = |payout: &Payout| payout.amount().filter(|_| payout.state == PayoutState::Paid);
        // The rest of it that was paid has moved to claims of its own.
        let rest = self.payouts.iter().filter(|one| one.source == Source::Rest { of }).filter_map(amount);
        let moved: i64 = rest.map(|amount| amount.minor).sum();
        let replaced = stake.lines.iter().filter_map(|line| line.replaced).map(|replaced| replaced.minor).sum::<i64>();
        let given = amount(stake).map_or(0, |amount| amount.minor);
        if paid.minor + replaced <= moved + given {
            return vec![];
        }
        let (order_id, from) = (self.order_id, stake.claim_id);
        let to = kernel::id::derived("given", &[&from.to_string()]);
        let kept = account::Move { order_id, from, to, amount: Money { minor: given, ..paid } };
        let keep = (given > 0).then_some(account::Command::MoveHold(kept));
        let commands = keep.into_iter().chain([account::Command::Release { order_id: from }]);
        commands.map(|command| Consequence::Account(stake.purchase_id, command)).collect()
    }
}
