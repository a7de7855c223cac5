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

    /// One of the refunds the provider had refused was paid by it after all, as far as nobody else paid the same meanwhile, or gave
    /// it up: of a part, of a claim, or of compensation. What an agreed order pays as one is raised only.
    pub fn take_back(&mut self, nth: usize) {
        let Some(key) = self.refunds.keys().nth(nth % self.refunds.len().max(1)).copied() else { return };
        let refund = &self.refunds[&key];
        let Some(facts) = refund.facts.filter(|_| matches!(refund.state, refund::State::Failed { .. })) else { return };
        let others = self.refunds.values().filter_map(|one| Some((one, one.facts?)));
        let mut same = others.filter(|(_, other)| other.refund_id != key && self.is_same_money(&facts, other));
        let settled = |one: &Refund| matches!(one.state, refund::State::Failed { .. }) && !one.contradicted;
        let waits = |one: &Refund| one.state == refund::State::ByHand && one.doubt.is_none();
        let by_people = facts.part.is_some() || facts.claim_id.is_some();
        let open = |one: &Refund| settled(one) || waits(one);
        let as_much = |other: &refund::Facts| facts.part.is_some() || other.amount == facts.amount;
        if refund.contradicted || !by_people || !same.all(|(one, other)| open(one) && as_much(&other)) {
            return;
        }
        // What was given up since nobody pays any more.
        let request = self.orders[&facts.order_id].request.as_ref();
        if facts.claim_id.is_some() && request.is_none_or(|request| request.cancelled.is_some()) {
            return;
        }
        let payout = request.and_then(|request| request.payout(facts.claim_id?));
        let replaced = |id| request.is_some_and(|one| one.payouts.iter().any(|other| other.instead_of == Some(id)));
        if payout.is_some_and(|one| one.state == order::money::PayoutState::Repeated && !replaced(one.claim_id)) {
            return;
        }
        self.provider.words.insert(key, true);
        self.provider.ledger.push((key, facts));
        let paid = refund::Command::Succeed { provider_ref: format!("late-{key}") };
        self.change(Consequence::Refund(key, paid)).expect("what a provider takes back is put on record");
    }

    /// The claims that took each other's place up to that one, the last first; none of an agreed order, nor where it goes back by
    /// several means.
    pub fn chain(&self, facts: &refund::Facts) -> Vec<Uuid> {
        let request = self.orders[&facts.order_id].request.as_ref().filter(|_| facts.part.is_none());
        let found = request.and_then(|request| Some((request, request.payout(facts.claim_id?)?)));
        let Some((request, payout)) = found else { return vec![] };
        std::iter::once(payout).chain(request.earlier(payout)).map(|one| one.claim_id).collect()
    }

    /// Whether two refunds are attempts at the same money.
    fn is_same_money(&self, one: &refund::Facts, other: &refund::Facts) -> bool {
        let part = |facts: &refund::Facts| facts.part.map(|part| part.no);
        let same = one.claim_id == other.claim_id && part(one) == part(other);
        let given = one.compensation && other.compensation;
        let (one_first, other_first) = (self.chain(one).pop(), self.chain(other).pop());
        let again = one_first.is_some() && one_first == other_first;
        one.order_id == other.order_id && (same || given || again)
    }

    /// Whether an earlier attempt at the money of a refund that people are to pay was paid.
    pub fn settle_earlier(&mut self, nth: usize, by: usize, truly: bool) {
        let Some(key) = self.refunds.keys().nth(nth % self.refunds.len().max(1)).copied() else { return };
        let Some(facts) = self.refunds[&key].facts else { return };
        let differs =
            self.refunds[&key].amount_differs && matches!(self.refunds[&key].state, refund::State::Unknown { .. });
        let paid = if differs && truly {
            self.correct(key)
        } else {
            self.provider.ledger.iter().any(|(_, paid)| self.is_same_money(&facts, paid))
        };
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
            // What an exchange that was ended had paid stays held as given.
            let given = kernel::id::derived("given", &[&claim_id.to_string()]);
            let held = |id| self.accounts[&facts.purchase_id].held_for(id).map_or(0, |held| held.minor);
            let agreed = self.orders[&facts.order_id].request.as_ref().is_some_and(|one| one.agreed_money.is_some());
            let held = if agreed { held(facts.order_id) } else { held(claim_id) + held(given) };
            assert!(paid <= held, "{paid} of {held} for {claim_id}");
        }
    }
}
