//! Money a customer paid beside his purchase, that is given back: claims on it take the place of one another, and people pay
//! it where the provider will not (R-FUL-05, R-FUL-14).
//! Invariant: nobody pays it by hand while an earlier claim on it is in doubt.
use uuid::Uuid;

use super::{
    super::{Consequence, refund, refund_id},
    money::{Payout, PayoutState, Source},
    request::Request,
};

impl Request {
    /// The claim on money beside the purchase that was given up, and that another one is to take the place of.
    pub(super) fn given_up(&self, source: Source) -> Option<&Payout> {
        let replaced = |payout: &Payout| self.payouts.iter().any(|one| one.instead_of == Some(payout.claim_id));
        let same = |payout: &&Payout| payout.source == source && payout.state == PayoutState::Repeated;
        self.payouts.iter().filter(|_| source.is_beside()).filter(same).find(|payout| !replaced(payout))
    }

    /// The claims it took the place of, the last first.
    pub(in crate::domain) fn earlier(&self, payout: &Payout) -> impl Iterator<Item = &Payout> {
        let before = move |claim_id: Option<Uuid>| self.payout(claim_id?);
        std::iter::successors(before(payout.instead_of), move |one| before(one.instead_of))
    }

    /// What people are to pay they do not before they know what became of an earlier claim that is in doubt.
    pub(super) fn doubts(&self) -> Vec<Consequence> {
        let waits = |payout: &&Payout| {
            let open = payout.by_hand && payout.state == PayoutState::Granted;
            open && self.earlier(payout).any(|before| before.doubted)
        };
        let doubt = |payout: &Payout| Consequence::Refund(refund_id(payout.claim_id), refund::Command::Doubt);
        self.payouts.iter().filter(waits).map(doubt).collect()
    }
}
