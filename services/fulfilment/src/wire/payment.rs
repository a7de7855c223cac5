//! What customers paid for orders, between the contracts and the domain.
use backbone::{Aggregate, Fault, Published};
use contracts::fulfilment::v1 as out;
use jiff::Timestamp;

use super::to_money;
use crate::domain::payment::{self, Facts, Payment, TakenBy};

impl Aggregate for Payment {
    const TABLE: &'static str = "payment";
    type Command = payment::Command;
    type Event = payment::Event;
    type Rejection = payment::Rejection;

    fn decide(&self, command: payment::Command, now: Timestamp) -> Result<Vec<payment::Event>, payment::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &payment::Event) {
        self.apply(event);
    }

    fn publish(&self, payment::Event::Taken { facts, at }: &payment::Event, shard: u8) -> Published {
        let Facts { key, order_id, amount } = facts;
        let taken = out::PaymentTaken {
            payment_id: key.id().to_string(),
            order_id: order_id.to_string(),
            amount: to_money(*amount),
            payment_reference: key.reference.clone(),
            taken_by_provider: key.taken_by == TakenBy::Provider,
            place: key.place().to_owned(),
        };
        Published::of(&taken, shard).at(*at)
    }
}

impl From<payment::Rejection> for Fault {
    fn from(rejection: payment::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}
