//! A purchase: what was sold to whom, line by line, whether it has arrived, and what its base data lack.
//! Invariant: what was sold and paid never changes once recorded; what happens later is its delivery, and that what its
//! base data lack is judged anew.
use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    base_data::{self, Flaw, Known},
    vocabulary::{Channel, TenderKind},
};

/// A purchase as intake knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    pub facts: Option<Facts>,
    pub state: State,
    /// What its base data lack, or what does not fit together (R-INT-07).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub flaws: BTreeSet<Flaw>,
    /// What a person said is right all the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub confirmed: BTreeSet<Flaw>,
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
    /// By which means, in the order in which it was paid; their exact sum too. None where the seller does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<Tender>,
}

/// A part of what was paid, by one means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub kind: TenderKind,
    /// More than nothing; of points what they were worth.
    pub paid: Money,
    /// How many points it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
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
    /// What of that is tax, as far as it is told; so are the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<Money>,
    /// What was taken off before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
}

/// What can be told about a purchase.
#[derive(Clone, Debug)]
pub enum Command {
    /// It was sold; perhaps it has been delivered too. Told again it changes nothing, but for a delivery not known yet
    /// and what its base data lack.
    Record { facts: Box<Facts>, delivered_at: Option<Timestamp>, known: Known },
    /// What is known of its customer may have changed.
    Judge { known: Known },
    /// A person adds what is missing, and says what is right all the same.
    Correct { known: Known, confirmed: BTreeSet<Flaw> },
}

/// What happened to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Recorded { facts: Box<Facts>, delivered_at: Option<Timestamp>, flaws: BTreeSet<Flaw> },
    Delivered { at: Timestamp },
    BaseDataChanged { flaws: BTreeSet<Flaw>, confirmed: BTreeSet<Flaw> },
}

/// Why intake does not take what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("this order is on record with other {0}; what was sold does not change, send a new order_ref")]
    Differs(&'static str),
    #[error("no such purchase is on record")]
    Unknown,
    #[error("nothing that is flagged was added or confirmed; ListIncompleteBaseData names what is flagged")]
    NothingCorrected,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::Differs(_) => "purchase.differs",
            Rejection::Unknown => "purchase.not_found",
            Rejection::NothingCorrected => "purchase.nothing_corrected",
        }
    }

    /// The field that differs, as the seller calls it.
    pub fn field(&self) -> &'static str {
        match self {
            Rejection::Differs(field) => field,
            Rejection::Unknown | Rejection::NothingCorrected => "",
        }
    }
}

impl Purchase {
    /// What follows from `command`.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (&self.facts, command) {
            (None, Command::Record { facts, delivered_at, known }) => {
                let flaws = base_data::judge(&facts, delivered_at, &known, now);
                Ok(vec![Event::Recorded { facts, delivered_at, flaws }])
            }
            (None, Command::Judge { .. }) => Ok(vec![]),
            (None, Command::Correct { .. }) => Err(Rejection::Unknown),
            (Some(facts), Command::Record { facts: told, delivered_at, known }) => {
                if let Some(field) = facts.difference(&told) {
                    return Err(Rejection::Differs(field));
                }
                let arrived = match (&self.state, delivered_at) {
                    (State::Recorded, Some(at)) => Some(at),
                    (State::Delivered { at }, Some(told)) if *at != told => {
                        return Err(Rejection::Differs("delivered_at"));
                    }
                    // A message from before the delivery may come late; it takes nothing back.
                    (State::Absent | State::Recorded | State::Delivered { .. }, _) => None,
                };
                let delivered = arrived.map(|at| Event::Delivered { at });
                let judged = self.judged(facts, arrived.or_else(|| self.delivered_at()), &known, &self.confirmed, now);
                Ok(delivered.into_iter().chain(judged).collect())
            }
            (Some(facts), Command::Judge { known }) => {
                Ok(self.judged(facts, self.delivered_at(), &known, &self.confirmed, now).into_iter().collect())
            }
            (Some(facts), Command::Correct { known, confirmed }) => {
                let sound = confirmed.into_iter().filter(|flaw| flaw.can_be_confirmed() && self.flaws.contains(flaw));
                let confirmed: BTreeSet<Flaw> = self.confirmed.iter().copied().chain(sound).collect();
                let judged = self.judged(facts, self.delivered_at(), &known, &confirmed, now);
                judged.map(|event| vec![event]).ok_or(Rejection::NothingCorrected)
            }
        }
    }

    /// What of its base data is judged otherwise by now.
    fn judged(
        &self,
        facts: &Facts,
        delivered_at: Option<Timestamp>,
        known: &Known,
        confirmed: &BTreeSet<Flaw>,
        now: Timestamp,
    ) -> Option<Event> {
        let flaws = base_data::judge(facts, delivered_at, known, now);
        let flaws: BTreeSet<Flaw> = flaws.difference(confirmed).copied().collect();
        (flaws != self.flaws).then(|| Event::BaseDataChanged { flaws, confirmed: confirmed.clone() })
    }

    /// When it reached the customer; `None` while it is on its way.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        if let State::Delivered { at } = self.state { Some(at) } else { None }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Recorded { facts, delivered_at, flaws } => {
                self.facts = Some((**facts).clone());
                self.state = delivered_at.map_or(State::Recorded, |at| State::Delivered { at });
                self.flaws = flaws.clone();
            }
            Event::Delivered { at } => self.state = State::Delivered { at: *at },
            Event::BaseDataChanged { flaws, confirmed } => {
                (self.flaws, self.confirmed) = (flaws.clone(), confirmed.clone());
            }
        }
    }
}

impl Facts {
    /// The first field in which `told` says something else.
    fn difference(&self, told: &Facts) -> Option<&'static str> {
        let Facts { purchase_id: _, order_ref: _, channel: _, customer_id, store_id, bought_at, lines, paid, tenders } =
            self;
        [
            ("customer", *customer_id != told.customer_id),
            ("store", *store_id != told.store_id),
            ("bought_at", *bought_at != told.bought_at),
            ("lines", *lines != told.lines),
            ("paid", *paid != told.paid),
            ("tenders", *tenders != told.tenders),
        ]
        .into_iter()
        .find_map(|(field, differs)| differs.then_some(field))
    }
}
