//! What one purchase can still give back, line by line: money, and pieces of goods. A claim on money is held, refused, or
//! waits until the purchase is known; for so long only as its order says. Pieces are taken by orders that were asked for,
//! which claim the money of some of them later.
//! Invariant: on no line is more held than was paid for it, nor more taken than was bought, and a claim is decided once;
//! the database checks the first two again with constraints of its own.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::{money::Money, promise::Versioned};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Consequence, Part, Refusal,
    order::{self, money, portion},
};
pub use agreed::Named;
pub use back::{Back, Backs, ClaimedLine, Fees, HeldLine, Move, PieceClaim, kept_of};
pub use kernel::tender::TenderKind;
pub use rejection::Rejection;
pub use tender::Share;
pub use units::{Article, Sale, Units};
pub use within::Within;

/// One account, with the purchase's id. `Default` is a purchase nobody has spoken of yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseAccount {
    pub purchase_id: Option<Uuid>,
    pub state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// Claimed on, but not known yet: the claims wait in the order they came.
    Awaited { claims: Vec<Claim> },
    /// Known.
    Open {
        /// Of all lines together.
        paid: Money,
        lines: Vec<Line>,
        /// Agreed orders and claims on pieces that were refused, or released after they had been held.
        closed: BTreeSet<Uuid>,
        /// What else is known of the purchase; accounts opened before this was told know nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sale: Option<Box<Sale>>,
        /// Pieces that orders have taken, by line and order.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        taken: BTreeMap<String, BTreeMap<Uuid, u32>>,
        /// Pieces whose money was granted.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        back: Backs,
    },
}

/// An order asks for an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub order_id: Uuid,
    pub amount: Money,
    /// How long it waits for the purchase to become known.
    #[serde(default)]
    pub until: Timestamp,
    /// The pieces it is for; none: for the purchase as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Units>,
}

/// What was paid for a line, and what of it is held, by agreed order or claim on pieces. What was held and has been
/// paid out stays held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub line_id: String,
    pub paid: Money,
    pub holds: BTreeMap<Uuid, Money>,
}

impl Line {
    /// What the line can still give back, in minor units.
    fn left(&self) -> u64 {
        let held: i128 = self.holds.values().map(|hold| i128::from(hold.minor)).sum();
        u64::try_from(i128::from(self.paid.minor) - held).unwrap_or(0)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The purchase became known: what was paid, in all and for each line, and what for.
    Open {
        purchase_id: Uuid,
        paid: Money,
        lines: Vec<Part>,
        sale: Sale,
    },
    /// The goods reached the customer.
    Deliver {
        at: Timestamp,
    },
    /// An order that was asked for takes pieces.
    Take {
        order_id: Uuid,
        units: Vec<Units>,
    },
    /// It needs these no more.
    GiveBack {
        order_id: Uuid,
        units: Vec<Units>,
    },
    /// It claims the money of some of them.
    ClaimPieces(PieceClaim),
    /// What is paid of a claim, or of an agreed order under its id, is divided over the means the purchase was paid by.
    Divide {
        claim_id: Uuid,
        order_id: Uuid,
        amount: Money,
    },
    /// Of what it holds under one claim, so much is for another one from now on.
    MoveHold(Move),
    Claim {
        purchase_id: Uuid,
        claim: Claim,
    },
    /// An agreed order that waits for the purchase ended.
    Withdraw {
        order_id: Uuid,
    },
    /// Of what is held for an agreed order only so much is needed any more, by line.
    Keep {
        order_id: Uuid,
        parts: Vec<Part>,
    },
    /// Time passed; see which claims have waited long enough.
    Lapse,
    /// The refund failed for good; its money is free again. Of pieces the claim is meant.
    Release {
        order_id: Uuid,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Opened { purchase_id: Uuid, paid: Money, lines: Vec<Part>, sale: Sale },
    Delivered { at: Timestamp },
    UnitsTaken { order_id: Uuid, units: Vec<Units> },
    UnitsGivenBack { order_id: Uuid, units: Vec<Units> },
    PiecesHeld { claim_id: Uuid, order_id: Uuid, lines: Vec<HeldLine> },
    PiecesRefused { claim_id: Uuid, order_id: Uuid, reason: Refusal },
    HoldMoved(Move),
    Divided { claim_id: Uuid, order_id: Uuid, policy: Versioned, shares: Vec<Share> },
    ClaimWaiting { purchase_id: Uuid, claim: Claim },
    Held { claim: Claim, parts: Vec<Part> },
    ClaimRefused { order_id: Uuid, reason: Refusal },
    Released { order_id: Uuid, amount: Money, parts: Vec<Part> },
}

impl PurchaseAccount {
    /// What follows from the command. What was said before decides to nothing.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        match (command, &self.state) {
            (Command::Open { purchase_id, paid, lines, sale }, State::Absent | State::Awaited { .. }) => {
                self.open(purchase_id, paid, lines, sale)
            }
            (Command::Open { .. }, State::Open { .. }) => Ok(vec![]),
            (Command::Claim { purchase_id, claim }, _) => self.claim(purchase_id, claim),
            (Command::Lapse, _) => Ok(self.lapse(now)),
            (Command::Release { order_id }, _) => self.release(order_id),
            (Command::Withdraw { order_id }, _) => Ok(self.withdraw(order_id)),
            (Command::Keep { order_id, parts }, _) => self.keep(order_id, &parts),
            (Command::Deliver { at }, State::Open { sale: Some(sale), .. }) if sale.delivered_at.is_none() => {
                Ok(vec![Event::Delivered { at }])
            }
            (Command::Deliver { .. }, _) => Ok(vec![]),
            (Command::ClaimPieces(claim), _) => self.claim_pieces(&claim),
            (Command::MoveHold(hold), _) => self.move_hold(hold),
            (Command::Divide { claim_id, order_id, amount }, _) => self.divide(claim_id, order_id, amount),
            (Command::Take { order_id, units }, _) => self.take(order_id, units),
            (Command::GiveBack { order_id, units }, _) => Ok(self.give_back(order_id, units)),
        }
    }

    /// Takes in what was paid and decides the claims that wait, first come first served.
    fn open(&self, purchase_id: Uuid, paid: Money, lines: Vec<Part>, sale: Sale) -> Result<Vec<Event>, Rejection> {
        let names: BTreeSet<&str> = lines.iter().map(|line| line.line_id.as_str()).collect();
        if names.len() != lines.len() {
            return Err(Rejection::LineTwice);
        }
        if lines.iter().any(|line| line.amount.minor < 0) {
            return Err(Rejection::PaidNegative);
        }
        if Money::sum(paid.currency, lines.iter().map(|line| line.amount))? != paid {
            return Err(Rejection::LinesDoNotAddUp);
        }
        sale.tenders.iter().try_for_each(|tenders| tenders.check(paid))?;
        let mut next = self.clone();
        let mut events = vec![Event::Opened { purchase_id, paid, lines, sale }];
        events.iter().for_each(|event| next.apply(event));
        for claim in self.waiting().iter().cloned() {
            for event in next.claim(purchase_id, claim)? {
                next.apply(&event);
                events.push(event);
            }
        }
        Ok(events)
    }

    fn claim(&self, purchase_id: Uuid, claim: Claim) -> Result<Vec<Event>, Rejection> {
        if claim.amount.minor <= 0 {
            return Err(Rejection::AmountNotPositive);
        }
        match &self.state {
            State::Absent => Ok(vec![Event::ClaimWaiting { purchase_id, claim }]),
            State::Awaited { claims } if claims.iter().any(|known| known.order_id == claim.order_id) => Ok(vec![]),
            State::Awaited { .. } => Ok(vec![Event::ClaimWaiting { purchase_id, claim }]),
            State::Open { closed, .. } if closed.contains(&claim.order_id) => Ok(vec![]),
            State::Open { .. } if self.held_for(claim.order_id).is_some() => Ok(vec![]),
            State::Open { .. } if !claim.pieces.is_empty() => self.verdict_on_pieces(claim),
            State::Open { paid, lines, .. } => Ok(vec![verdict(*paid, lines, claim)?]),
        }
    }

    /// Claims that have waited long enough are refused: nobody is left waiting for money without end.
    fn lapse(&self, now: Timestamp) -> Vec<Event> {
        let refused =
            |claim: &Claim| Event::ClaimRefused { order_id: claim.order_id, reason: Refusal::PurchaseUnknown };
        self.waiting().iter().filter(|claim| claim.until <= now).map(refused).collect()
    }

    /// The claims that wait for the purchase to become known.
    fn waiting(&self) -> &[Claim] {
        match &self.state {
            State::Awaited { claims } => claims,
            State::Absent | State::Open { .. } => &[],
        }
    }

    /// When the next of the claims that wait has waited long enough.
    pub fn lapses_at(&self) -> Option<Timestamp> {
        self.waiting().iter().map(|claim| claim.until).min()
    }

    fn release(&self, order_id: Uuid) -> Result<Vec<Event>, Rejection> {
        match (&self.state, self.held_for(order_id)) {
            (State::Open { closed, .. }, None) if closed.contains(&order_id) => Ok(vec![]),
            (_, Some(amount)) => Ok(vec![Event::Released { order_id, amount, parts: vec![] }]),
            (_, None) => Err(Rejection::NothingHeld),
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::PiecesHeld { claim_id, order_id, lines } => {
                return self.apply_pieces_held(*claim_id, *order_id, lines);
            }
            Event::Divided { claim_id, shares, .. } => return self.apply_divided(*claim_id, shares),
            Event::UnitsTaken { order_id, units } => return self.apply_taken(*order_id, units),
            Event::UnitsGivenBack { order_id, units } => return self.apply_given_back(*order_id, units),
            _ => {}
        }
        match (event, &mut self.state) {
            (Event::Opened { purchase_id, paid, lines, sale }, state) => {
                self.purchase_id = Some(*purchase_id);
                *state = opened(*paid, lines, sale);
            }
            (Event::Delivered { at }, State::Open { sale: Some(sale), .. }) => sale.delivered_at = Some(*at),
            (Event::ClaimWaiting { claim, .. }, State::Awaited { claims }) => claims.push(claim.clone()),
            (Event::ClaimWaiting { purchase_id, claim }, state) => {
                self.purchase_id = Some(*purchase_id);
                *state = State::Awaited { claims: vec![claim.clone()] };
            }
            (Event::Held { claim, parts }, State::Open { lines, .. }) => {
                for line in lines.iter_mut() {
                    let part = parts.iter().find(|part| part.line_id == line.line_id);
                    line.holds.extend(part.map(|part| (claim.order_id, part.amount)));
                }
            }
            (Event::ClaimRefused { order_id, .. }, State::Open { closed, .. }) => {
                closed.insert(*order_id);
            }
            (Event::ClaimRefused { order_id, .. }, State::Awaited { claims }) => {
                claims.retain(|claim| claim.order_id != *order_id);
            }
            (Event::Released { order_id, parts, .. }, State::Open { lines, closed, back, .. }) => {
                agreed::apply_released((lines, closed, back), *order_id, parts);
            }
            (Event::PiecesRefused { claim_id, .. }, State::Open { closed, .. }) => {
                closed.insert(*claim_id);
            }
            (Event::HoldMoved(hold), State::Open { lines, .. }) => back::apply_moved(lines, *hold),
            (
                Event::Held { .. }
                | Event::ClaimRefused { .. }
                | Event::Released { .. }
                | Event::Delivered { .. }
                | Event::UnitsTaken { .. }
                | Event::UnitsGivenBack { .. }
                | Event::PiecesHeld { .. }
                | Event::PiecesRefused { .. }
                | Event::Divided { .. }
                | Event::HoldMoved(_),
                _,
            ) => {}
        }
    }

    /// The order that claimed learns the verdict.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        match event {
            Event::Held { claim, parts } if !claim.pieces.is_empty() => vec![self.granted_return(claim, parts)],
            Event::Held { claim, parts } => {
                let grant = order::Command::Grant { parts: parts.clone(), tendered: self.tenders().is_some() };
                vec![Consequence::Order(claim.order_id, grant)]
            }
            Event::ClaimRefused { order_id, reason } => {
                vec![Consequence::Order(*order_id, order::Command::Refuse { reason: *reason })]
            }
            Event::PiecesHeld { claim_id, order_id, lines } => {
                let grant = money::News::Grant { lines: lines.clone(), tendered: self.tenders().is_some() };
                vec![Consequence::Order(*order_id, order::Command::money(*claim_id, grant))]
            }
            Event::PiecesRefused { claim_id, order_id, reason } => {
                let refuse = money::News::Refuse { reason: *reason };
                vec![Consequence::Order(*order_id, order::Command::money(*claim_id, refuse))]
            }
            Event::Divided { claim_id, order_id, shares, .. } => {
                let news = portion::News::Divide { shares: shares.clone() };
                vec![Consequence::Order(*order_id, order::Command::Portion { claim_id: *claim_id, news })]
            }
            Event::Opened { .. }
            | Event::ClaimWaiting { .. }
            | Event::Released { .. }
            | Event::HoldMoved(_)
            | Event::Delivered { .. }
            | Event::UnitsTaken { .. }
            | Event::UnitsGivenBack { .. } => vec![],
        }
    }

    /// What is held for the order on all lines together.
    pub fn held_for(&self, order_id: Uuid) -> Option<Money> {
        let State::Open { paid, lines, .. } = &self.state else { return None };
        let holds = || lines.iter().filter_map(|line| line.holds.get(&order_id).copied());
        holds().next()?;
        Money::sum(paid.currency, holds()).ok()
    }
}

fn opened(paid: Money, lines: &[Part], sale: &Sale) -> State {
    let line = |part: &Part| Line { line_id: part.line_id.clone(), paid: part.amount, holds: BTreeMap::new() };
    let lines = lines.iter().map(line).collect();
    State::Open {
        paid,
        lines,
        closed: BTreeSet::new(),
        sale: Some(Box::new(sale.clone())),
        taken: BTreeMap::new(),
        back: Backs::new(),
    }
}

/// Holds the amount if all lines together can give it, in proportion to what is left on each. A share is never above
/// what its line has left, because the amount is not above the sum of them.
fn verdict(paid: Money, lines: &[Line], claim: Claim) -> Result<Event, Rejection> {
    let refused = |reason| Event::ClaimRefused { order_id: claim.order_id, reason };
    if claim.amount.currency != paid.currency {
        return Ok(refused(Refusal::CurrencyMismatch));
    }
    let left: Vec<u64> = lines.iter().map(Line::left).collect();
    if left.iter().map(|minor| i128::from(*minor)).sum::<i128>() < i128::from(claim.amount.minor) {
        return Ok(refused(Refusal::ExceedsPaid));
    }
    let shares = claim.amount.split(&left)?;
    let part = |(line, amount): (&Line, Money)| Part { line_id: line.line_id.clone(), amount };
    let parts = lines.iter().zip(shares).filter(|(_, amount)| amount.minor > 0).map(part).collect();
    Ok(Event::Held { claim, parts })
}

mod agreed;
mod back;
mod rejection;
pub mod tender;
mod units;
mod within;

#[cfg(test)]
mod tests;
