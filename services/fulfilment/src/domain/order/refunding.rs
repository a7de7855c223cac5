//! What an agreed order means for its purchase, and how its refund is executed: as one, or by each of the means its
//! purchase was paid by.
//! Invariant: an agreed order is completed when all of its money is paid, and by nothing less.
use super::{
    super::{Consequence, account, refund, refund_id},
    Event, Facts, Rejection, ServiceOrder, State, portion,
};

impl ServiceOrder {
    /// With the last of its portions the order is completed; one that failed waits for people, and the others go on.
    pub(super) fn decide_portion(&self, news: portion::News) -> Result<Vec<Event>, Rejection> {
        let (events, mut next) = (self.portions.decide(news)?, self.portions.clone());
        events.iter().for_each(|event| next.apply(event));
        let completed = (!events.is_empty() && next.is_paid()).then_some(Event::Completed);
        Ok(events.into_iter().map(Event::Portion).chain(completed).collect())
    }

    /// What the event means for the purchase and the refund; `self` is the state after it.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        if let Event::Request(event) = event {
            return self.request.iter().flat_map(|request| request.consequences(event)).collect();
        }
        let Some(facts) = &self.facts else { return self.promise_consequences(event) };
        match (event, &self.state) {
            (Event::Opened { at, .. }, _) => {
                let until = kernel::calendar::add(*at, facts.purchase_within);
                let claim = account::Claim { order_id: facts.order_id, amount: facts.amount, until, pieces: vec![] };
                let claim = |id| Consequence::Account(id, account::Command::Claim { purchase_id: id, claim });
                facts.purchase_id.map(claim).into_iter().collect()
            }
            (Event::Failed { .. }, _) => {
                let release = account::Command::Release { order_id: facts.order_id };
                facts.purchase_id.map(|id| Consequence::Account(id, release)).into_iter().collect()
            }
            (Event::RefundGranted { .. } | Event::GoodsReceived { .. }, State::Refunding { .. }) => {
                self.refund_of(facts).into_iter().collect()
            }
            (Event::Portion(event), _) => {
                facts.refund().iter().flat_map(|whole| self.portions.consequences(event, whole)).collect()
            }
            (
                Event::RefundGranted { .. }
                | Event::GoodsReceived { .. }
                | Event::RefundRefused { .. }
                | Event::Request(_)
                | Event::Promised { .. }
                | Event::Uncompleted
                | Event::Settled { .. }
                | Event::Completed,
                _,
            ) => vec![],
        }
    }

    /// The refund; or what the purchase is asked to divide.
    fn refund_of(&self, facts: &Facts) -> Option<Consequence> {
        let refund = facts.refund()?;
        let refund::Facts { refund_id, order_id, purchase_id, amount, .. } = refund;
        let divide = account::Command::Divide { claim_id: order_id, order_id, amount };
        Some(match self.tendered {
            true => Consequence::Account(purchase_id, divide),
            false => Consequence::Refund(refund_id, refund::Command::Queue(refund)),
        })
    }
}

impl Facts {
    /// The refund of all of it, where it is about a purchase.
    fn refund(&self) -> Option<refund::Facts> {
        Some(refund::Facts {
            refund_id: refund_id(self.order_id),
            order_id: self.order_id,
            complaint_id: self.complaint_id,
            purchase_id: self.purchase_id?,
            amount: self.amount,
            claim_id: None,
            part: None,
            by_hand: false,
            compensation: false,
        })
    }
}
