//! What an order costs, in a double-entry ledger of its own: what follows from the order's events is posted with them, what
//! people learn later (freight, parts) when they tell it, and whom the cost lies with is told, never guessed.
//! Invariant: every entry adds up to nothing in each currency, is made once however often its cause is told, and is never
//! changed: what was wrong is reversed, what lies elsewhere is moved, by another entry. A posting stands on one living
//! charge-back at the most. The database checks all of it again.
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Consequence,
    chargeback::{self, Document},
    order::ServiceOrder,
};
pub use entry::{Account, CostKind, Dimensions, Draft, Entry, Made, Posting, sides};
pub use posted::consequence;
pub use rejection::Rejection;

mod charge;
mod entry;
mod posted;
mod rejection;

/// What people may record of one order, and the most of one cost in minor units: so no sum ever overflows.
const RECORDED_MAX: usize = 1_000;
pub const COST_MAX: i64 = 1_000_000_000_000_000;

/// One ledger; `Default` is that of an order nothing was posted for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CostLedger {
    pub order_id: Option<Uuid>,
    pub entries: Vec<Entry>,
    pub attributions: Vec<Attribution>,
    /// Of postings, the living charge-back they stand on.
    pub charged: BTreeMap<Uuid, Uuid>,
}

/// Somebody said whom the costs of an order lie with: those so far, and those that follow by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// What is not named stays as it was.
    pub to: Dimensions,
    /// How many entries there were.
    pub entries: usize,
    /// A code.
    pub reason: String,
    pub by: String,
}

/// A cost somebody tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    pub id: Uuid,
    pub kind: CostKind,
    pub amount: Money,
    /// What is not named is taken from the attribution.
    pub dimensions: Dimensions,
    /// A code.
    pub reason: String,
    pub by: String,
}

/// What is to be charged back to a supplier: all costs that lie with him, of one batch where one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub chargeback_id: Uuid,
    pub supplier: String,
    pub batch: String,
    pub currency: Currency,
    /// A code.
    pub reason: String,
    pub by: String,
    /// How long it may stand as it stands, before people are told.
    pub move_within: SignedDuration,
}

/// What is to be done to the ledger of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub order_id: Uuid,
    pub act: Act,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It follows from an event.
    Post(Draft),
    /// `currencies` are those of the order; none are known where it names no amount.
    Record {
        cost: Cost,
        currencies: Vec<Currency>,
    },
    /// A recorded cost was wrong.
    Reverse {
        entry_id: Uuid,
        reason: String,
        by: String,
    },
    Attribute {
        to: Dimensions,
        reason: String,
        by: String,
    },
    ChargeBack(Wish),
    /// A charge-back was withdrawn.
    Free {
        chargeback_id: Uuid,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Posted { order_id: Uuid, entry: Entry },
    Attributed { order_id: Uuid, attribution: Attribution },
    ChargedBack(Box<Document>),
    Freed { order_id: Uuid, chargeback_id: Uuid },
}

impl CostLedger {
    /// What follows from the command. What was told before decides to nothing.
    pub fn decide(&self, Command { order_id, act }: Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        let entries = match act {
            Act::Post(draft) if self.entry(draft.id).is_some() => vec![],
            Act::Post(draft) => vec![self.followed(draft, at)],
            Act::Record { cost, currencies } => self.record(cost, &currencies, at)?,
            Act::Reverse { entry_id, reason, by } => self.reverse(entry_id, reason, by, at)?,
            Act::Attribute { to, reason, by } => return self.attribute(order_id, to, (reason, by), at),
            Act::ChargeBack(wish) => return self.charge_back(order_id, wish, at),
            Act::Free { chargeback_id } => return Ok(self.free(order_id, chargeback_id)),
        };
        if !entries.iter().all(Entry::is_balanced) {
            return Err(Rejection::Unbalanced);
        }
        Ok(entries.into_iter().map(|entry| Event::Posted { order_id, entry }).collect())
    }

    /// It lies where the costs of the order were said to lie.
    fn followed(&self, draft: Draft, at: Timestamp) -> Entry {
        let Draft { id, reason, mut postings } = draft;
        let to = self.attributed();
        let borne = postings.iter_mut().filter(|posting| posting.account.is_borne());
        borne.for_each(|posting| posting.dimensions = posting.dimensions.moved(&to));
        Entry { id, reason: reason.to_owned(), made: Made::Event, by: None, at, postings }
    }

    fn record(&self, cost: Cost, currencies: &[Currency], at: Timestamp) -> Result<Vec<Entry>, Rejection> {
        let Cost { id, kind, amount, dimensions, reason, by } = cost;
        let recorded = self.entries.iter().filter(|entry| entry.made == Made::Recorded).count();
        match amount {
            _ if self.entry(id).is_some() => Ok(vec![]),
            Money { currency, .. } if !currencies.is_empty() && !currencies.contains(&currency) => {
                Err(Rejection::OtherCurrency)
            }
            Money { minor, .. } if !(1..=COST_MAX).contains(&minor) => Err(Rejection::AmountOutOfBounds),
            _ if recorded >= RECORDED_MAX => Err(Rejection::Full),
            _ => {
                let postings = sides(kind.account(), kind.against(), amount, &self.attributed().moved(&dimensions));
                Ok(vec![Entry { id, reason, made: Made::Recorded, by: Some(by), at, postings }])
            }
        }
    }

    /// The same the other way round, where the cost lies by now.
    fn reverse(&self, of: Uuid, reason: String, by: String, at: Timestamp) -> Result<Vec<Entry>, Rejection> {
        let place = self.entries.iter().position(|entry| entry.id == of).ok_or(Rejection::NoSuchEntry)?;
        let entry = self.entries.get(place).filter(|entry| entry.made == Made::Recorded);
        let entry = entry.ok_or(Rejection::NotRecorded)?;
        if self.entries.iter().any(|other| other.made == Made::Reversal { of }) {
            return Ok(vec![]);
        }
        if entry.posting_ids().any(|id| self.charged.contains_key(&id)) {
            return Err(Rejection::ChargedBack);
        }
        let back = |posting: &Posting| Posting {
            account: posting.account,
            amount: Money { minor: -posting.amount.minor, ..posting.amount },
            dimensions: if posting.account.is_borne() {
                self.moved_since(place, &posting.dimensions)
            } else {
                posting.dimensions.clone()
            },
        };
        let (id, made) = (kernel::id::derived("reversal", &[&of.to_string()]), Made::Reversal { of });
        let postings = entry.postings.iter().map(back).collect();
        Ok(vec![Entry { id, reason, made, by: Some(by), at, postings }])
    }

    /// All costs so far move there. What stands on a charge-back was said to lie with its supplier, so nothing moves then.
    fn attribute(
        &self,
        order_id: Uuid,
        to: Dimensions,
        (reason, by): (String, String),
        at: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let postings = self.moves(&to);
        match () {
            () if to == Dimensions::default() => return Err(Rejection::NothingNamed),
            () if postings.is_empty() && self.attributed().moved(&to) == self.attributed() => return Ok(vec![]),
            () if !self.charged.is_empty() => return Err(Rejection::ChargedBack),
            () => {}
        }
        let number = self.attributions.len().to_string();
        let id = kernel::id::derived("attribution", &[&order_id.to_string(), &number]);
        let attribution = Attribution { to, entries: self.entries.len(), reason: reason.clone(), by: by.clone() };
        let entry = Entry { id, reason, made: Made::Attribution, by: Some(by), at, postings };
        let moved = (!entry.postings.is_empty()).then_some(Event::Posted { order_id, entry });
        Ok([Event::Attributed { order_id, attribution }].into_iter().chain(moved).collect())
    }

    /// Every balance of a cost from where it lies to where it is to lie.
    fn moves(&self, to: &Dimensions) -> Vec<Posting> {
        let mut balances: BTreeMap<(Account, &Dimensions, &str), Money> = BTreeMap::new();
        for posting in self.postings().filter(|posting| posting.account.is_borne()) {
            let place = (posting.account, &posting.dimensions, posting.amount.currency.code());
            balances.entry(place).or_insert(Money::zero(posting.amount.currency)).minor += posting.amount.minor;
        }
        let moved = balances.into_iter().filter(|((_, from, _), left)| left.minor != 0 && from.moved(to) != **from);
        let both = |((account, from, _), amount): ((Account, &Dimensions, &str), Money)| {
            let away = Money { minor: -amount.minor, ..amount };
            let side = |amount, dimensions| Posting { account, amount, dimensions };
            [side(away, from.clone()), side(amount, from.moved(to))]
        };
        moved.flat_map(both).collect()
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Posted { order_id, entry } => {
                self.order_id = Some(*order_id);
                self.entries.push(entry.clone());
            }
            Event::Attributed { order_id, attribution } => {
                self.order_id = Some(*order_id);
                self.attributions.push(attribution.clone());
            }
            Event::ChargedBack(document) => {
                let lines = document.lines.iter().map(|line| (line.posting_id, document.chargeback_id));
                self.charged.extend(lines);
            }
            Event::Freed { chargeback_id, .. } => self.charged.retain(|_, stands_on| stands_on != chargeback_id),
        }
    }

    /// What is charged back becomes a document of its own.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        match event {
            Event::ChargedBack(document) => {
                let propose = chargeback::Command::Propose(document.clone());
                vec![Consequence::Chargeback(document.chargeback_id, propose)]
            }
            Event::Posted { .. } | Event::Attributed { .. } | Event::Freed { .. } => vec![],
        }
    }

    fn entry(&self, id: Uuid) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    fn postings(&self) -> impl Iterator<Item = &Posting> {
        self.entries.iter().flat_map(|entry| &entry.postings)
    }

    /// Where what follows by itself lies by now.
    pub fn attributed(&self) -> Dimensions {
        self.attributions.iter().fold(Dimensions::default(), |at, attribution| at.moved(&attribution.to))
    }

    /// Where what the entry at this place posted lies by now.
    fn moved_since(&self, place: usize, dimensions: &Dimensions) -> Dimensions {
        let since = self.attributions.iter().filter(|attribution| attribution.entries > place);
        since.fold(dimensions.clone(), |at, attribution| at.moved(&attribution.to))
    }

    /// What stands on each account, by currency; what is nothing is left out.
    pub fn balances(&self) -> Vec<(Account, Money)> {
        let mut balances: BTreeMap<(Account, &str), Money> = BTreeMap::new();
        for Posting { account, amount, .. } in self.postings() {
            let zero = Money::zero(amount.currency);
            balances.entry((*account, amount.currency.code())).or_insert(zero).minor += amount.minor;
        }
        let all = balances.into_iter().map(|((account, _), amount)| (account, amount));
        all.filter(|(_, amount)| amount.minor != 0).collect()
    }
}

/// The currencies an order has amounts in.
pub fn currencies(order: &ServiceOrder) -> Vec<Currency> {
    let agreed = order.facts.iter().map(|facts| facts.amount.currency);
    let lines = order.request.iter().flat_map(|request| &request.lines);
    let given = order.request.iter().filter_map(|request| request.compensation.as_ref()?.gift.worth);
    let agreed = agreed.chain(given.map(|worth| worth.currency));
    let mut known: Vec<Currency> = Vec::new();
    for currency in agreed.chain(lines.filter_map(|line| Some(line.receipt.facts.amount?.currency))) {
        if !known.contains(&currency) {
            known.push(currency);
        }
    }
    known
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
pub(super) mod tests;
