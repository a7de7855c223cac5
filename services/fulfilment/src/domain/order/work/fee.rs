//! What a customer paid for a repair that failed in the end comes back by itself: by the provider that took it, else by a
//! person (R-FUL-14).
//! Invariant: a fee is given back once, and no more of it than was paid; it is never the purchase's money.
use kernel::money::Money;
use uuid::Uuid;

use super::super::{
    super::{
        Consequence,
        account::{Fees, HeldLine},
        refund,
    },
    money::{Claim, Payout, PayoutState, Source},
    request::Request,
    returning::Pieces,
};

impl Request {
    /// One claim for each fee that is to be given back and is not claimed yet.
    pub(in super::super) fn fee_claims(&self) -> Vec<Claim> {
        let claimed = |source| {
            let same = |payout: &&Payout| payout.source == source && payout.state != PayoutState::Repeated;
            self.payouts.iter().any(|payout| same(&payout))
        };
        let claim = |(line_no, work): (u32, &super::Work)| {
            let source = Source::Fee { line_no };
            let amount = work.fee_to_give_back().filter(|_| !claimed(source))?;
            let bought = self.line(line_no)?.bought.as_ref();
            let purchase_id = bought.map_or(Uuid::nil(), |bought| bought.purchase_id);
            let line_id = bought.map(|bought| bought.line_id.clone()).unwrap_or_default();
            let (fees, given) = (Fees::new(), Money { minor: 0, ..amount });
            let line =
                HeldLine { line_id, quantity: 0, goods: amount, fees, given, replaced: None, amount, within: None };
            Some(Claim { purchase_id, pieces: Pieces::new(), source, lines: vec![line] })
        };
        self.works().filter_map(claim).collect()
    }

    /// The refund of a fee: of the payment, where the provider took it.
    pub(in super::super) fn fee_refund(&self, line_no: u32, facts: refund::Facts) -> Option<Consequence> {
        let paid = self.line(line_no)?.work.as_ref()?.handed_over.as_ref()?;
        let payment = paid.payment.clone().unwrap_or_default();
        let facts = refund::Facts { by_hand: facts.by_hand || !paid.by_provider, ..facts };
        Some(Consequence::Refund(facts.refund_id, refund::Command::GiveBack { facts, payment }))
    }
}
