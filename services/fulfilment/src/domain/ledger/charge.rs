//! What of the costs is charged back to a supplier: those that lie with him and stand on no other living charge-back.
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use super::{
    super::{
        chargeback::{ChargedLine, Document},
        readable,
    },
    CostLedger, Event, Rejection, Wish,
    entry::posting_id,
};

impl CostLedger {
    /// All of them together; what came back or was reversed makes it less. Errors: that comes to nothing, or there is none.
    pub(super) fn charge_back(&self, order_id: Uuid, wish: Wish, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        if self.charged.values().any(|known| *known == wish.chargeback_id) {
            return Ok(vec![]);
        }
        let Wish { chargeback_id, supplier, batch, currency, reason, by, move_within } = wish;
        let all = self.entries.iter().flat_map(|entry| (0..).zip(&entry.postings).map(move |one| (entry.id, one)));
        let meant = all.filter(|(_, (_, posting))| {
            let at = &posting.dimensions;
            posting.account.is_borne()
                && posting.amount.currency == currency
                && at.supplier == supplier
                && (batch.is_empty() || at.batch == batch)
        });
        let line = |(entry_id, (place, posting)): (Uuid, (usize, &super::Posting))| ChargedLine {
            posting_id: posting_id(entry_id, place),
            entry_id,
            account: posting.account,
            amount: posting.amount,
        };
        let lines: Vec<ChargedLine> =
            meant.map(line).filter(|line| !self.charged.contains_key(&line.posting_id)).collect();
        let amount = Money { minor: lines.iter().map(|line| line.amount.minor).sum(), currency };
        if amount.minor <= 0 {
            return Err(Rejection::NothingToCharge);
        }
        let number = readable("chargeback", 'C', chargeback_id);
        let document =
            Document { chargeback_id, number, order_id, supplier, batch, lines, amount, reason, by, at, move_within };
        Ok(vec![Event::ChargedBack(Box::new(document))])
    }

    /// Its postings may be charged back again.
    pub(super) fn free(&self, order_id: Uuid, chargeback_id: Uuid) -> Vec<Event> {
        let stands = self.charged.values().any(|known| *known == chargeback_id);
        stands.then_some(Event::Freed { order_id, chargeback_id }).into_iter().collect()
    }
}
