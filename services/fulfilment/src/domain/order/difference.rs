//! The money of an exchange: what pieces are worth is held on their purchase as long as goods go out for it. What these
//! cost less is paid to the customer, what they cost more by him; whatever is agreed later, and where he takes the money
//! instead, the same account is settled again (R-FUL-05).
//! Invariant: paid out = held + paid by the customer − the price of what goes out, to the cent, and never more than that.
use kernel::{money::Money, returns::Kind};
use uuid::Uuid;

use super::{
    super::{
        Consequence,
        account::{ClaimedLine, Fees, HeldLine, Move, PieceClaim},
        refund,
    },
    Rejection,
    line::{Line, Wanted},
    money::{Claim, Payout, PayoutState, Source},
    replacement::{self, Difference, Replacement, ReplacementState},
    request::{Event as Told, Request},
    returning::{self, Pieces},
};

/// What goes out for one line costs at the most, in minor units.
pub(super) const VALUE_MAX: i64 = 1_000_000_000_000_000;

impl Request {
    /// Whether an article may go out for pieces of a line; `staked` where their money is held already. Errors: it needs a
    /// price, none is possible, or one in another currency.
    pub(super) fn may_go_out(&self, line: &Line, article: &Wanted, staked: bool) -> Result<(), Rejection> {
        let exchange = self.kind == Kind::Exchange && line.bought.is_some();
        let other = staked || article.product_id != line.product_id;
        let Some(price) = article.price else {
            return if exchange && other { Err(Rejection::PriceNeeded) } else { Ok(()) };
        };
        let value = price.minor.checked_mul(line.quantity.into());
        if !exchange || !value.is_some_and(|value| (0..=VALUE_MAX).contains(&value)) {
            return Err(Rejection::PriceNotPossible);
        }
        let paid = line.receipt.facts.amount;
        if paid.is_some_and(|paid| paid.currency != price.currency) { Err(Rejection::OtherCurrency) } else { Ok(()) }
    }

    /// What a line asks for instead of the same article may go out.
    pub(super) fn may_want(&self, line: &Line) -> Result<(), Rejection> {
        match &line.wanted {
            Some(_) if self.kind != Kind::Exchange => Err(Rejection::PriceNotPossible),
            Some(wanted) => self.may_go_out(line, wanted, false),
            None => Ok(()),
        }
    }

    /// The claim under which the money of pieces is held that go out as other goods; `of` is their first attempt.
    pub(super) fn stake(&self, of: Uuid) -> Option<&Payout> {
        let is_stake = |payout: &&Payout| payout.source == Source::Exchange { of } && !payout.lines.is_empty();
        self.payouts.iter().find(is_stake)
    }

    /// What the customer is still to pay for what goes out; below nothing what he is still to get. Nothing where no money
    /// is held for it.
    fn balance(&self, one: &Replacement) -> Option<Money> {
        let stake = self.stake(one.of)?;
        let currency = stake.lines.first()?.amount.currency;
        let replaced = |line: &HeldLine| line.replaced.map_or(0, |replaced| replaced.minor);
        let held: i64 = stake.lines.iter().map(|line| line.amount.minor + replaced(line)).sum();
        let paid_instead = one.state == ReplacementState::MoneyInstead;
        let price = if paid_instead { 0 } else { one.value()?.minor };
        Some(Money::new(price + self.paid_out(one.of, |_| true) - held - self.paid_in(one.of), currency))
    }

    /// What is due from the customer before his article is reserved.
    pub fn difference_due(&self, one: &Replacement) -> Option<Money> {
        self.balance(one).filter(|due| due.minor > 0 && one.state == ReplacementState::Wanted)
    }

    /// What he has paid for these pieces.
    fn paid_in(&self, of: Uuid) -> i64 {
        self.payments(of).map(|paid| paid.amount.minor).sum()
    }

    /// His payments for these pieces.
    pub(super) fn payments(&self, of: Uuid) -> impl Iterator<Item = &Difference> {
        self.replacements.iter().filter(move |one| one.of == of).flat_map(|one| &one.differences)
    }

    /// What he was paid for them, or will be: also what failed, until it is claimed anew.
    fn paid_out(&self, of: Uuid, meant: impl Fn(Source) -> bool) -> i64 {
        let counts = |payout: &&Payout| {
            use PayoutState as S;
            matches!(payout.state, S::Granted | S::Paid | S::Failed { .. } | S::PartlyFailed { .. })
        };
        let all = self.payouts.iter().filter(|payout| payout.source.of() == Some(of) && meant(payout.source));
        all.filter(counts).filter_map(Payout::amount).map(|amount| amount.minor).sum()
    }

    /// The last attempt for each of the pieces.
    pub(super) fn last_attempts(&self) -> impl Iterator<Item = &Replacement> {
        let is_last = |one: &&Replacement| !self.replacements.iter().any(|other| later(other, one));
        self.replacements.iter().filter(is_last)
    }

    /// Claims on the money of pieces that go out as other goods, and what is to be paid of it and of what the customer paid.
    pub(super) fn exchange_claims(&self) -> Vec<Claim> {
        let last = self.last_attempts();
        last.flat_map(|one| if self.stake(one.of).is_some() { self.settlement(one) } else { self.first_claim(one) })
            .collect()
    }

    fn first_claim(&self, one: &Replacement) -> Vec<Claim> {
        let source = Source::Exchange { of: one.of };
        let claimed = |payout: &Payout| payout.source == source && payout.state != PayoutState::Repeated;
        let wanted = one.article.price.is_some() && one.state != ReplacementState::MoneyInstead;
        let due = wanted && !self.payouts.iter().any(claimed);
        let purchase_id = self.bought(one.line_no).filter(|_| due).map(|(purchase_id, _)| purchase_id);
        purchase_id
            .map(|purchase_id| Claim { purchase_id, pieces: Pieces::new(), source, lines: vec![] })
            .into_iter()
            .collect()
    }

    /// What he paid himself comes back first, and what was held for goods after it.
    fn settlement(&self, one: &Replacement) -> Vec<Claim> {
        let of = one.of;
        let (Some(balance), Some((purchase_id, line_id))) = (self.balance(one), self.bought(one.line_no)) else {
            return vec![];
        };
        let owed = (-balance.minor).max(0);
        let returned = owed.min(self.paid_in(of) - self.paid_out(of, |source| source == Source::Difference { of }));
        let counted = |payout: &Payout| !payout.pieces.is_empty() && payout.state != PayoutState::Repeated;
        let counted = self.payouts.iter().any(|payout| payout.source == Source::Rest { of } && counted(payout));
        let instead = one.state == ReplacementState::MoneyInstead && !counted;
        let pieces = if instead { Pieces::from([(one.line_no, one.quantity)]) } else { Pieces::new() };
        let claim = |(source, minor, pieces): (Source, i64, Pieces)| {
            let (goods, given) = (Money { minor, ..balance }, Money { minor: 0, ..balance });
            // Its pieces are counted once, with the claim that settles them.
            let quantity = pieces.get(&one.line_no).copied().unwrap_or_default();
            let (line_id, fees) = (line_id.clone(), Fees::new());
            let line = HeldLine { line_id, quantity, goods, fees, given, replaced: None, amount: goods, within: None };
            Claim { purchase_id, pieces, source, lines: vec![line] }
        };
        let parts =
            [(Source::Difference { of }, returned, Pieces::new()), (Source::Rest { of }, owed - returned, pieces)];
        parts.into_iter().filter(|(_, minor, _)| *minor > 0).map(claim).collect()
    }

    /// What the customer paid for dearer goods that do not go out, of an exchange that was ended; nothing of the purchase's.
    pub(super) fn ended_claims(&self) -> Vec<Claim> {
        let paid_in = self.last_attempts().filter(|one| self.paid_in(one.of) > 0);
        paid_in
            .flat_map(|one| self.settlement(&Replacement { state: ReplacementState::MoneyInstead, ..one.clone() }))
            .filter(|claim| matches!(claim.source, Source::Difference { .. }))
            .collect()
    }

    /// The payment all of it comes back of: the only one for these pieces, where the provider took it.
    fn payment_of(&self, of: Uuid, amount: Money) -> Option<String> {
        let mut payments = self.payments(of);
        let only = payments.next().filter(|_| payments.next().is_none())?;
        (only.by_provider && only.amount.minor >= amount.minor).then(|| only.reference.clone())
    }

    /// The refund of what the customer paid for dearer goods: of that payment where it is known, else of the purchase.
    pub(super) fn difference_refund(&self, of: Uuid, facts: refund::Facts) -> Consequence {
        let command = match self.payment_of(of, facts.amount) {
            Some(payment) => refund::Command::GiveBack { facts, payment },
            None => refund::Command::Queue(facts),
        };
        Consequence::Refund(facts.refund_id, command)
    }

    fn bought(&self, line_no: u32) -> Option<(Uuid, String)> {
        let (_, line) = self.granted().find(|(number, _)| *number == line_no)?;
        line.bought.as_ref().map(|bought| (bought.purchase_id, bought.line_id.clone()))
    }

    /// The claim of an exchange on its purchase.
    pub(super) fn exchange_claim(&self, claim_id: Uuid, of: Uuid) -> Option<PieceClaim> {
        let one = self.last_attempts().find(|one| one.of == of)?;
        let (_, line) = self.granted().find(|(number, _)| *number == one.line_no)?;
        let (line_id, fees) = (line.bought.as_ref()?.line_id.clone(), line.receipt.outcome.fees.clone());
        let lines = vec![ClaimedLine { line_id, quantity: one.quantity, fees, replaced: one.value() }];
        Some(PieceClaim { claim_id, order_id: self.order_id, lines })
    }

    /// What is paid of what was held for goods moves from the one claim to the other; where it fails, back.
    pub(super) fn moved_hold(&self, payout: &Payout, of: Uuid, back: bool) -> Option<Move> {
        let (stake, claim_id) = (self.stake(of)?.claim_id, payout.claim_id);
        let (from, to) = if back { (claim_id, stake) } else { (stake, claim_id) };
        let amount = payout.amount().filter(|amount| amount.minor > 0)?;
        Some(Move { order_id: self.order_id, from, to, amount })
    }

    /// Pieces of a line he takes the money of, where nothing was held for goods.
    pub(super) fn paid_instead(&self, line_no: u32) -> u32 {
        let taken = |one: &&Replacement| one.line_no == line_no && one.state == ReplacementState::MoneyInstead;
        let taken = self.replacements.iter().filter(taken).filter(|one| self.stake(one.of).is_none());
        taken.map(|one| one.quantity).sum()
    }

    /// Pieces the customer has anew with the event, to be asked for again: those of the same article, or of one no money
    /// moved for, that were delivered and whose old pieces are not to come any more.
    pub(super) fn exchanged_with(&self, event: &Told) -> Option<(u32, u32)> {
        let (line_no, delivered, accepted) = match event {
            Told::Replacement(replacement::Event::Moved { id, state: ReplacementState::Delivered, .. }) => {
                let one = self.replacement(*id).filter(|one| self.stake(one.of).is_none())?;
                (one.line_no, one.quantity, 0)
            }
            Told::Goods(returning::Event::Inspected { line_no, inspection }) => (*line_no, 0, inspection.counted()?.0),
            Told::Goods(returning::Event::Ruled { line_no, pieces, ruling }) if ruling.approved => {
                (*line_no, 0, *pieces)
            }
            _ => return None,
        };
        let line = self.lines.get(usize::try_from(line_no).ok()?.checked_sub(1)?)?;
        let done = |one: &&Replacement| one.line_no == line_no && one.state == ReplacementState::Delivered;
        let done = self.replacements.iter().filter(done).filter(|one| self.stake(one.of).is_none());
        let had: u32 = done.map(|one| one.quantity).sum();
        let back = line.leg.as_ref().map_or(line.quantity, |leg| leg.goods.accepted());
        let free = had.min(back) - had.saturating_sub(delivered).min(back.saturating_sub(accepted));
        Some((line_no, free)).filter(|(_, free)| *free > 0)
    }
}

/// Whether it is a later attempt for the same pieces.
fn later(other: &Replacement, one: &Replacement) -> bool {
    other.of == one.of && other.attempt > one.attempt
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
