//! What the random lives cost: every entry adds up to nothing and is made once, and the cash of an order's ledger is what the
//! provider paid for it, to the cent.
use std::collections::BTreeSet;

use super::{
    super::ledger::{Account, Entry},
    *,
};

impl World {
    /// What is on an account of the ledger of an order.
    fn balance(&self, order_id: &Uuid, account: Account) -> i64 {
        let ledger = self.ledgers.get(order_id);
        let all = ledger.map(CostLedger::balances).unwrap_or_default().into_iter();
        all.filter(|(on, _)| *on == account).map(|(_, amount)| amount.minor).sum()
    }

    /// What left, as money or as what customers can buy for.
    fn left(&self, order_id: &Uuid) -> i64 {
        self.balance(order_id, Account::Cash) + self.balance(order_id, Account::CustomerCredit)
    }

    /// What the customer of an order paid for dearer goods, or a repair.
    pub fn paid_in(&self, order: &ServiceOrder) -> i64 {
        let replacements = order.request.iter().flat_map(|request| &request.replacements);
        let differences: i64 = replacements.flat_map(|one| &one.differences).map(|paid| paid.amount.minor).sum();
        differences + order.request.as_ref().map_or(0, |request| self.fees_of(&request.order_id))
    }

    /// After every step.
    pub fn check_costs(&self) {
        for ledger in self.ledgers.values() {
            let ids: BTreeSet<Uuid> = ledger.entries.iter().map(|entry| entry.id).collect();
            assert!(ledger.entries.iter().all(Entry::is_balanced) && ids.len() == ledger.entries.len(), "{ledger:?}");
        }
        for (id, order) in &self.orders {
            let succeeded = |refund: &&Refund| matches!(refund.state, refund::State::Succeeded { .. });
            let facts = self.refunds.values().filter(succeeded).filter_map(|refund| refund.facts);
            let paid: i64 = facts.filter(|facts| facts.order_id == *id).map(|facts| facts.amount.minor).sum();
            assert_eq!(self.left(id), self.paid_in(order) - paid, "order {id}: {order:?}");
        }
    }

    /// In the end.
    pub fn check_cash(&self) {
        for (id, order) in &self.orders {
            let ledger = self.provider.ledger.iter().filter(|(_, facts)| facts.order_id == *id);
            let paid: i64 = ledger.map(|(_, facts)| facts.amount.minor).sum();
            assert_eq!(self.left(id), self.paid_in(order) - paid, "order {id}");
            let came_back: i64 = [Account::Stock, Account::SetAside, Account::WriteOff, Account::Goods]
                .map(|account| self.balance(id, account))
                .iter()
                .sum();
            assert_eq!(came_back, 0, "goods go from one place to another: order {id}");
        }
    }
}
