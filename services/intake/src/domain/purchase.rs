//! A purchase: what was sold to whom, line by line, and whether it has arrived.
//! Invariant: what was sold and paid never changes once recorded; the only thing that happens later is delivery.
use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::vocabulary::Channel;

/// A purchase as intake knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    pub facts: Option<Facts>,
    pub state: State,
}

/// Where the goods are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// Not known (yet).
    #[default]
    Absent,
    /// Sold, on its way.
    Recorded,
    /// With the customer.
    Delivered { at: Timestamp },
}

/// What was sold. Customers by pseudonym only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub purchase_id: Uuid,
    /// The seller's own order number, unique within the channel.
    pub order_ref: String,
    pub customer_id: Uuid,
    pub channel: Channel,
    pub store_id: Option<String>,
    pub bought_at: Timestamp,
    pub lines: Vec<Line>,
    /// For all lines together; their exact sum.
    pub paid: Money,
}

/// One article of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub line_id: String,
    pub product_id: String,
    pub category: String,
    pub batch: Option<String>,
    pub quantity: u32,
    /// Of one piece, before discounts; not every seller tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// For the whole line, freight and discounts included.
    pub paid: Money,
}

/// What a seller can tell about a purchase.
#[derive(Clone, Debug)]
pub enum Command {
    /// It was sold; perhaps it has been delivered too. Told again it changes nothing, but for a delivery not known yet.
    Record { facts: Box<Facts>, delivered_at: Option<Timestamp> },
}

/// What happened to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Recorded { facts: Box<Facts>, delivered_at: Option<Timestamp> },
    Delivered { at: Timestamp },
}

/// Why intake does not take what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("this order is on record with other {0}; what was sold does not change, send a new order_ref")]
    Differs(&'static str),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::Differs(_) => "purchase.differs",
        }
    }

    /// The field that differs, as the seller calls it.
    pub fn field(&self) -> &'static str {
        match self {
            Rejection::Differs(field) => field,
        }
    }
}

impl Purchase {
    /// What follows from `command`.
    pub fn decide(&self, command: Command, _now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let Command::Record { facts, delivered_at } = command;
        let Some(known) = &self.facts else { return Ok(vec![Event::Recorded { facts, delivered_at }]) };
        if let Some(field) = known.difference(&facts) {
            return Err(Rejection::Differs(field));
        }
        match (&self.state, delivered_at) {
            (State::Recorded, Some(at)) => Ok(vec![Event::Delivered { at }]),
            (State::Delivered { at }, Some(told)) if *at != told => Err(Rejection::Differs("delivered_at")),
            // A message from before the delivery may come late; it takes nothing back.
            (State::Absent | State::Recorded | State::Delivered { .. }, _) => Ok(vec![]),
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Recorded { facts, delivered_at } => {
                self.facts = Some((**facts).clone());
                self.state = delivered_at.map_or(State::Recorded, |at| State::Delivered { at });
            }
            Event::Delivered { at } => self.state = State::Delivered { at: *at },
        }
    }
}

impl Facts {
    /// The first field in which `told` says something else.
    fn difference(&self, told: &Facts) -> Option<&'static str> {
        let Facts { purchase_id: _, order_ref: _, channel: _, customer_id, store_id, bought_at, lines, paid } = self;
        [
            ("customer", *customer_id != told.customer_id),
            ("store", *store_id != told.store_id),
            ("bought_at", *bought_at != told.bought_at),
            ("lines", *lines != told.lines),
            ("paid", *paid != told.paid),
        ]
        .into_iter()
        .find_map(|(field, differs)| differs.then_some(field))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn facts() -> Facts {
        let paid = Money::new(1990, "CNY".parse().unwrap());
        Facts {
            purchase_id: Uuid::from_u128(1),
            order_ref: "A-1".into(),
            customer_id: Uuid::from_u128(2),
            channel: Channel::Website,
            store_id: None,
            bought_at: Timestamp::UNIX_EPOCH,
            lines: vec![Line {
                line_id: "1".into(),
                product_id: "p".into(),
                category: "shampoo".into(),
                batch: None,
                quantity: 1,
                price: None,
                paid,
            }],
            paid,
        }
    }

    fn day(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * n)
    }

    fn told(delivered: Option<i64>) -> Command {
        Command::Record { facts: Box::new(facts()), delivered_at: delivered.map(day) }
    }

    fn told_otherwise(change: impl Fn(&mut Facts)) -> Command {
        let mut other = facts();
        change(&mut other);
        Command::Record { facts: Box::new(other), delivered_at: None }
    }

    fn after(history: &[Option<i64>]) -> Purchase {
        let mut purchase = Purchase::default();
        for delivered in history {
            for event in purchase.decide(told(*delivered), day(9)).unwrap() {
                purchase.apply(&event);
            }
        }
        purchase
    }

    fn kind(purchase: &Purchase) -> String {
        serde_json::to_value(purchase).unwrap()["state"]["kind"].as_str().unwrap().to_owned()
    }

    /// Every state with everything a seller can say.
    #[test]
    fn every_pair_of_state_and_command() {
        let states = [("absent", after(&[])), ("recorded", after(&[None])), ("delivered", after(&[Some(3)]))];
        let commands = [
            ("record", told(None)),
            ("record, delivered", told(Some(3))),
            ("record, delivered otherwise", told(Some(4))),
            ("record other paid", told_otherwise(|f| f.paid.minor = 1)),
            ("record other lines", told_otherwise(|f| f.lines.clear())),
            ("record other customer", told_otherwise(|f| f.customer_id = Uuid::from_u128(9))),
        ];
        let expected = |from: &str, command: &str| match (from, command) {
            ("absent", "record, delivered" | "record, delivered otherwise") => Ok("delivered"),
            ("absent", _) => Ok("recorded"),
            ("recorded", "record") => Ok("recorded"),
            ("recorded", "record, delivered" | "record, delivered otherwise") => Ok("delivered"),
            ("delivered", "record" | "record, delivered") => Ok("delivered"),
            ("delivered", "record, delivered otherwise") => Err("delivered_at"),
            (_, "record other paid") => Err("paid"),
            (_, "record other lines") => Err("lines"),
            (_, "record other customer") => Err("customer"),
            pair => panic!("nothing is said about {pair:?}"),
        };
        for (from, purchase) in &states {
            for (name, command) in &commands {
                let outcome = purchase.decide(command.clone(), day(9)).map(|events| {
                    let mut next = purchase.clone();
                    events.iter().for_each(|event| next.apply(event));
                    kind(&next)
                });
                let outcome = outcome.as_deref().map_err(|rejection| rejection.field());
                assert_eq!(outcome, expected(from, name), "{from} + {name}");
            }
        }
    }

    proptest! {
        /// However often and in whatever order it is told, what was sold is recorded once and delivered at most once.
        #[test]
        fn told_again_changes_nothing(tellings in prop::collection::vec(prop::option::of(Just(3i64)), 1..8)) {
            let mut purchase = Purchase::default();
            let mut seen = Vec::new();
            for delivered in &tellings {
                for event in purchase.decide(told(*delivered), day(9)).unwrap() {
                    purchase.apply(&event);
                    seen.push(event);
                }
            }
            prop_assert_eq!(seen.iter().filter(|e| matches!(e, Event::Recorded { .. })).count(), 1);
            prop_assert!(seen.len() <= 2);
            let arrived = tellings.iter().any(Option::is_some);
            prop_assert_eq!(purchase.state, if arrived { State::Delivered { at: day(3) } } else { State::Recorded });
        }
    }
}
