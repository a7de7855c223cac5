//! Claims that take the place of one another, after the provider or the purchase said no (R-FUL-05, R-FUL-14): whose money they
//! are stays the same, and people pay it where the provider will not.
//! Invariant: while an earlier claim on the same money is in doubt no provider pays it again, and nobody by hand.
use uuid::Uuid;

use super::{
    super::{Consequence, refund, refund_id},
    Rejection,
    money::{Event, Payout, PayoutState, Source},
    replacement::Replacement,
    request::Request,
};

impl Request {
    /// It is claimed anew, to be paid by people where it is in doubt. Errors: in doubt, and the customer is to pay for dearer goods
    /// first, so that less would take its place than may have been paid.
    pub(super) fn claim_anew(&self, payout: &Payout, by_hand: bool) -> Result<Vec<Event>, Rejection> {
        let (claim_id, in_doubt) = (payout.claim_id, self.is_in_doubt(payout));
        let owes = |one: &Replacement| payout.source.of() == Some(one.of) && self.difference_due(one).is_some();
        if in_doubt && self.last_attempts().any(owes) {
            return Err(Rejection::DifferenceDue);
        }
        Ok(vec![Event::Repeated { claim_id, by_hand: by_hand || in_doubt }])
    }

    /// The claim that was given up, and that another one is to take the place of: of the same pieces, however much of their money
    /// goes out as goods.
    pub(super) fn given_up(&self, source: Source, purchase_id: Uuid) -> Option<&Payout> {
        let same = |payout: &&Payout| match source.of() {
            Some(of) => payout.source.of() == Some(of),
            None => payout.source == source && payout.purchase_id == purchase_id,
        };
        let given_up = self.payouts.iter().filter(|payout| payout.state == PayoutState::Repeated);
        given_up.filter(same).find(|payout| !self.is_followed(payout))
    }

    /// Whether another claim has taken its place.
    pub(super) fn is_followed(&self, payout: &Payout) -> bool {
        self.payouts.iter().any(|one| one.instead_of == Some(payout.claim_id))
    }

    /// The claims it took the place of, the last first.
    pub(in crate::domain) fn earlier(&self, payout: &Payout) -> impl Iterator<Item = &Payout> {
        let before = move |claim_id: Option<Uuid>| self.payout(claim_id?);
        std::iter::successors(before(payout.instead_of), move |one| before(one.instead_of))
    }

    /// The provider took back its no to it, or to one it took the place of.
    pub(super) fn is_in_doubt(&self, payout: &Payout) -> bool {
        payout.doubted || self.earlier(payout).any(|before| before.doubted)
    }

    /// Its pieces are held already, for the claim whose place it takes.
    pub(super) fn takes_over(&self, payout: &Payout) -> bool {
        let before = payout.instead_of.and_then(|claim_id| self.payout(claim_id));
        before.is_some_and(|before| before.kept_for(&payout.pieces).is_some())
    }

    /// What people are to pay of those that are meant they do not before they know what became of an earlier claim that is in
    /// doubt.
    pub(super) fn doubts(&self, meant: impl Fn(&Payout) -> bool) -> Vec<Consequence> {
        let waits = |payout: &&Payout| {
            let open = payout.by_hand && payout.state == PayoutState::Granted;
            open && meant(payout) && self.earlier(payout).any(|before| before.doubted)
        };
        let doubt = |payout: &Payout| {
            let differs = self.earlier(payout).any(|before| before.doubted && before.differs);
            Consequence::Refund(refund_id(payout.claim_id), refund::Command::Doubt { differs })
        };
        self.payouts.iter().filter(waits).map(doubt).collect()
    }
}
