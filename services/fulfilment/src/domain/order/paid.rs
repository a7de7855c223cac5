//! What the customer pays for an order, and that it stands for this order alone.
use super::{
    super::{
        Consequence,
        payment::{Facts, Key},
    },
    goods::Arrival,
    replacement::Event,
    request::{Line, OriginKind, Request},
    work::HandOver,
};

impl Request {
    /// The place of the till that took a payment: as it was told, else where goods of the order came last, else the counter it
    /// was asked for at. The provider's payments have none.
    pub(super) fn place_of_till(&self, by_provider: bool, told: String) -> String {
        if by_provider || !told.is_empty() {
            return if by_provider { String::new() } else { told };
        }
        let arrivals = self.lines.iter().filter_map(|line| line.leg.as_ref()).flat_map(|leg| &leg.arrivals);
        let last = arrivals.filter(|one| !one.place.is_empty()).max_by_key(|one: &&Arrival| one.at);
        let counter = Some(&self.origin).filter(|origin| origin.kind == OriginKind::Counter);
        last.map(|one| &one.place).or(counter.map(|origin| &origin.reference)).cloned().unwrap_or_default()
    }

    /// The difference for a dearer article that was paid with the event.
    pub(super) fn difference_taken(&self, event: &Event) -> Option<Consequence> {
        let Event::DifferencePaid { difference: paid, .. } = event else { return None };
        let key = Key::new(paid.by_provider, &paid.place, &paid.reference);
        Some(Facts { key, order_id: self.order_id, amount: paid.amount }.told())
    }

    /// The fee of a repair that was paid when it was handed over; what was paid the first time is not paid again.
    pub(super) fn fee_taken(&self, line: &Line, paid: &HandOver) -> Option<Consequence> {
        let amount = line.work.as_ref()?.fee_due()?;
        let key = Key::new(paid.by_provider, &paid.place, paid.payment.as_ref()?);
        Some(Facts { key, order_id: self.order_id, amount }.told())
    }
}
