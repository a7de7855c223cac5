//! Purchases that were paid by several means, in the random lives: each refund is divided over them, each part paid apart, by
//! the provider or by a person, and only what failed is paid anew.
use super::{
    super::{
        account::{
            TenderKind,
            tender::{Policy, Rule, Tenders},
        },
        order::portion,
    },
    *,
};

/// By which means the first was paid: each of so much, with points where it is more than none.
const TENDERS: &[(TenderKind, i64, u64)] =
    &[(TenderKind::Card, 47, 0), (TenderKind::Points, 33, 331), (TenderKind::Cash, 20, 0)];

/// By what a purchase was paid, where that is told.
pub fn told(n: usize) -> Option<Box<Tenders>> {
    let by_hand = [TenderKind::Cash].into();
    let policy = Policy { id: "law".into(), version: 1, rule: Rule::InProportion, order: vec![], by_hand };
    let tenders = TENDERS.iter().map(|(kind, minor, points)| (*kind, money(*minor), (*points > 0).then_some(*points)));
    policy.of(tenders).filter(|_| n == 0)
}

impl World {
    /// One of the refunds there are, if a person is to pay it.
    pub fn by_hand(&mut self, nth: usize) {
        let Some(key) = self.refunds.keys().nth(nth % self.refunds.len().max(1)).copied() else { return };
        let paid = refund::Command::PayByHand { by: "staff:ana".into(), reference: format!("till-{key}") };
        let waits = self.refunds[&key].state == refund::State::ByHand;
        if self.change(Consequence::Refund(key, paid)).is_ok() && waits {
            self.provider.words.insert(key, true);
            self.provider.ledger.push((key, self.refunds[&key].facts.unwrap()));
        }
    }

    /// What failed of an agreed refund is paid anew, if anything did.
    pub fn repeat_parts(&mut self, claim_id: Uuid, by_hand: bool) {
        let news = portion::News::Repeat { by_hand };
        let _refused = self.change(Consequence::Order(claim_id, order::Command::Portion { claim_id, news }));
    }

    /// No means gave more than was paid by it, nor more points, and no refund was paid more than was held for it.
    pub fn check_tenders(&self) {
        let parts = || self.provider.ledger.iter().filter_map(|(_, facts)| Some((facts, facts.part?)));
        for (no, (_, paid, points)) in (1..).zip(TENDERS) {
            let of = || parts().filter(|(_, part)| part.no == no);
            assert!(of().map(|(facts, _)| facts.amount.minor).sum::<i64>() <= *paid, "means {no}");
            assert!(of().filter_map(|(_, part)| part.points).sum::<u64>() <= *points, "means {no}");
        }
        for (facts, _) in parts() {
            let claim_id = facts.claim_id.unwrap_or(facts.order_id);
            let same = |one: &&refund::Facts| one.claim_id.unwrap_or(one.order_id) == claim_id;
            let paid: i64 = self.ledger_of(facts.purchase_id).filter(same).map(|one| one.amount.minor).sum();
            let held = self.accounts[&facts.purchase_id].held_for(claim_id).map_or(0, |held| held.minor);
            assert!(paid <= held, "{paid} of {held} for {claim_id}");
        }
    }
}
