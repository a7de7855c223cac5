//! What a customer paid us for an order: the difference for a dearer article, the fee of a repair (R-FUL-05, R-FUL-11).
//! Invariant: one payment stands for one order, however often, by whom and for which of them at once it is told.
use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Consequence;

/// One payment; `Default` is one nobody has told of yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    pub facts: Option<Facts>,
}

/// Which payment it is, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub key: Key,
    pub order_id: Uuid,
    pub amount: Money,
}

/// By what a payment is known: a till counts its own, so that two shops may say the same number of two payments; the payment
/// provider's reference is one in the whole chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub taken_by: TakenBy,
    pub reference: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenBy {
    Provider,
    /// A till at this place; empty where none is known.
    Till(String),
}

impl Key {
    /// Of a payment as it is told; blanks around it make it no other.
    pub fn new(by_provider: bool, place: &str, reference: &str) -> Self {
        let taken_by = if by_provider { TakenBy::Provider } else { TakenBy::Till(place.trim().to_owned()) };
        Self { taken_by, reference: reference.trim().to_owned() }
    }

    /// The id of its aggregate.
    pub fn id(&self) -> Uuid {
        match &self.taken_by {
            TakenBy::Provider => kernel::id::derived("payment", &["provider", &self.reference]),
            TakenBy::Till(place) => kernel::id::derived("payment", &["till", place, &self.reference]),
        }
    }

    /// The place of the till; empty where there is none.
    pub fn place(&self) -> &str {
        match &self.taken_by {
            TakenBy::Provider => "",
            TakenBy::Till(place) => place,
        }
    }
}

/// It is told of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    StandFor(Facts),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Taken { facts: Facts, at: Timestamp },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error(
        "this payment stands for the service order {order_id} already; name the one that was made for this order, or the shop \
         whose till took it (place) where another shop's till has the same number"
    )]
    StandsForAnother { order_id: Uuid },
}

impl Rejection {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::StandsForAnother { .. } => "payment.stands_for_another_order",
        }
    }
}

impl Facts {
    /// The payment is told of its order.
    pub fn told(self) -> Consequence {
        Consequence::Payment(self.key.id(), Command::StandFor(self))
    }
}

impl Payment {
    /// What follows from the command. Told again of the same order it is the same payment.
    pub fn decide(&self, Command::StandFor(facts): Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        match &self.facts {
            None => Ok(vec![Event::Taken { facts, at }]),
            Some(known) if known.order_id == facts.order_id => Ok(vec![]),
            Some(Facts { order_id, .. }) => Err(Rejection::StandsForAnother { order_id: *order_id }),
        }
    }

    pub fn apply(&mut self, Event::Taken { facts, .. }: &Event) {
        self.facts = Some(facts.clone());
    }
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
