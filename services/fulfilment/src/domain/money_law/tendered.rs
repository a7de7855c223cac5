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

    /// One of the refunds the provider had refused was paid by it after all, as far as nobody else paid the same meanwhile: of
    /// a part, of what the customer paid himself, or of compensation.
    pub fn take_back(&mut self, nth: usize) {
        let Some(key) = self.refunds.keys().nth(nth % self.refunds.len().max(1)).copied() else { return };
        let refund = &self.refunds[&key];
        let Some(facts) = refund.facts.filter(|_| matches!(refund.state, refund::State::Failed { .. })) else { return };
        let others = self.refunds.values().filter_map(|one| Some((one, one.facts?)));
        let mut same = others.filter(|(_, other)| other.refund_id != key && self.is_same_money(&facts, other));
        let settled = |one: &Refund| matches!(one.state, refund::State::Failed { .. }) && !one.contradicted;
        let waits = |one: &Refund| one.state == refund::State::ByHand && one.doubt.is_none();
        let by_people = facts.part.is_some() || facts.compensation || self.is_beside(&facts);
        if refund.contradicted || !by_people || !same.all(|(one, _)| settled(one) || waits(one)) {
            return;
        }
        // What was given up since nobody pays any more.
        let request = self.orders[&facts.order_id].request.as_ref();
        if facts.compensation && request.is_none_or(|request| request.cancelled.is_some()) {
            return;
        }
        self.provider.words.insert(key, true);
        self.provider.ledger.push((key, facts));
        let paid = refund::Command::Succeed { provider_ref: format!("late-{key}") };
        self.change(Consequence::Refund(key, paid)).expect("what a provider takes back is put on record");
    }

    fn is_beside(&self, facts: &refund::Facts) -> bool {
        self.source(facts).is_some_and(|source| matches!(source, Source::Difference { .. }))
    }

    fn source(&self, facts: &refund::Facts) -> Option<Source> {
        let request = self.orders[&facts.order_id].request.as_ref()?;
        Some(request.payout(facts.claim_id?)?.source)
    }

    /// The first of the claims that took each other's place.
    fn first(&self, facts: &refund::Facts) -> Option<Uuid> {
        let request = self.orders[&facts.order_id].request.as_ref()?;
        let payout = request.payout(facts.claim_id?)?;
        Some(request.earlier(payout).last().unwrap_or(payout).claim_id)
    }

    /// Whether two refunds are attempts at the same money.
    fn is_same_money(&self, one: &refund::Facts, other: &refund::Facts) -> bool {
        let part = |facts: &refund::Facts| facts.part.map(|part| part.no);
        let same = one.claim_id == other.claim_id && part(one) == part(other);
        let given = one.compensation && other.compensation;
        let beside = self.is_beside(one) && self.first(one) == self.first(other);
        one.order_id == other.order_id && (same || given || beside)
    }

    /// Whether an earlier attempt at the money of a refund that people are to pay was paid.
    pub fn settle_earlier(&mut self, nth: usize, by: usize, truly: bool) {
        let Some(key) = self.refunds.keys().nth(nth % self.refunds.len().max(1)).copied() else { return };
        let Some(facts) = self.refunds[&key].facts else { return };
        let paid = self.provider.ledger.iter().any(|(_, paid)| self.is_same_money(&facts, paid));
        // Nobody has a second one who lies with him.
        let (paid, by) = if truly { (paid, ["staff:ana", "staff:bo"][by]) } else { (!paid, "staff:eve") };
        let command = refund::Command::SettleEarlier { by: by.into(), paid, reference: "st-1".into() };
        let _refused = self.change(Consequence::Refund(key, command));
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
