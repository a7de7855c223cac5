//! What a purchase gives for the pieces of an agreed return (R-FUL-17): their lines only, and no more than was paid for them.
//! Invariant: money and pieces are given together or not at all; what is given free later was held, and is not paid any more.
use std::collections::BTreeSet;

use kernel::money::Money;
use uuid::Uuid;

use super::{
    super::{Consequence, Part, Refusal, order},
    Backs, Claim, Event, Line, PurchaseAccount, Rejection, State, Units,
};

/// What a purchase says of the pieces of one of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub line_id: String,
    pub product_id: String,
    pub batch: String,
    /// What was paid for these pieces.
    pub paid: Money,
}

impl PurchaseAccount {
    /// Holds the amount, in proportion to what the lines can give for these pieces, and gives the pieces to the order; a share is
    /// never above that, because the amount is not above the sum of them.
    pub(super) fn verdict_on_pieces(&self, claim: Claim) -> Result<Vec<Event>, Rejection> {
        let order_id = claim.order_id;
        let given = claim.pieces.iter().map(|units| self.gives(&claim, units)).collect::<Result<Vec<_>, _>>();
        let sum = |given: &Vec<u64>| given.iter().map(|minor| i128::from(*minor)).sum::<i128>();
        let given = given.and_then(|given| match sum(&given) < i128::from(claim.amount.minor) {
            true => Err(Refusal::ExceedsPaid),
            false => Ok(given),
        });
        let weights = match given {
            Ok(weights) => weights,
            Err(reason) => return Ok(vec![Event::ClaimRefused { order_id, reason }]),
        };
        let shares = claim.amount.split(&weights)?;
        let part = |(units, amount): (&Units, Money)| Part { line_id: units.line_id.clone(), amount };
        let parts = claim.pieces.iter().zip(shares).filter(|(_, amount)| amount.minor > 0).map(part).collect();
        let units = claim.pieces.clone();
        Ok(vec![Event::Held { claim, parts }, Event::UnitsTaken { order_id, units }])
    }

    /// What a line can give for pieces, in minor units: what was paid for them, as far as it is not given otherwise.
    fn gives(&self, claim: &Claim, units: &Units) -> Result<u64, Refusal> {
        let (line, _, article) = self.article(&units.line_id).map_err(|_| Refusal::LineUnknown)?;
        if line.paid.currency != claim.amount.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        let bought = article.map(|article| u64::from(article.quantity)).ok_or(Refusal::PiecesUnknown)?;
        if self.taken_of(&units.line_id).saturating_add(units.quantity.into()) > bought {
            return Err(Refusal::MoreThanBought);
        }
        let paid = self.paid_for(units).map_err(|_| Refusal::MoreThanBought)?.ok_or(Refusal::PiecesUnknown)?;
        Ok(u64::try_from(paid.minor).unwrap_or(0).min(line.left()))
    }

    /// The order learns what its pieces are.
    pub(super) fn granted_return(&self, claim: &Claim, parts: &[Part]) -> Consequence {
        let named = |units: &Units| {
            let (_, _, article) = self.article(&units.line_id).ok()?;
            let (article, paid) = (article?.clone(), self.paid_for(units).ok()??);
            Some(Named { line_id: units.line_id.clone(), product_id: article.product_id, batch: article.batch, paid })
        };
        let (parts, tendered) = (parts.to_vec(), self.tenders().is_some());
        let named = claim.pieces.iter().filter_map(named).collect();
        Consequence::Order(claim.order_id, order::Command::GrantReturn { parts, tendered, named })
    }

    /// A claim that waits is refused; another one has its verdict.
    pub(super) fn withdraw(&self, order_id: Uuid) -> Vec<Event> {
        let waits = self.waiting().iter().any(|claim| claim.order_id == order_id);
        if waits { vec![Event::ClaimRefused { order_id, reason: Refusal::PurchaseUnknown }] } else { vec![] }
    }

    /// What is held beyond that is free, in these parts; all of it where none are named. Said twice it is freed once. Errors: more is
    /// needed than is held.
    pub(super) fn keep(&self, order_id: Uuid, parts: &[Part]) -> Result<Vec<Event>, Rejection> {
        let State::Open { lines, paid, .. } = &self.state else { return Err(Rejection::PurchaseUnknown) };
        let mut freed = Vec::new();
        for Part { line_id, amount } in parts {
            let line = lines.iter().find(|line| line.line_id == *line_id).ok_or(Rejection::LineUnknown)?;
            let held = line.holds.get(&order_id).map_or(0, |held| held.minor);
            if amount.minor < 0 || amount.minor > held {
                return Err(Rejection::NothingHeld);
            }
            let amount = Money { minor: held - amount.minor, ..*amount };
            freed.extend((amount.minor > 0).then(|| Part { line_id: line_id.clone(), amount }));
        }
        let amount = Money::sum(paid.currency, freed.iter().map(|part| part.amount))?;
        let all = self.held_for(order_id) == Some(amount);
        let parts = if all { vec![] } else { freed };
        Ok(if amount.minor > 0 { vec![Event::Released { order_id, amount, parts }] } else { vec![] })
    }
}

/// Takes in what is free of a hold: parts of it, or all.
pub(super) fn apply_released(
    (lines, closed, back): (&mut [Line], &mut BTreeSet<Uuid>, &mut Backs),
    order_id: Uuid,
    parts: &[Part],
) {
    if parts.is_empty() {
        lines.iter_mut().for_each(|line| line.holds.retain(|held, _| *held != order_id));
        back.values_mut().for_each(|claims| claims.retain(|claim, _| *claim != order_id));
        back.retain(|_, claims| !claims.is_empty());
        closed.insert(order_id);
    }
    for part in parts {
        let line = lines.iter_mut().find(|line| line.line_id == part.line_id);
        let Some(line) = line else { continue };
        line.holds.entry(order_id).and_modify(|held| held.minor -= part.amount.minor);
        line.holds.retain(|_, held| held.minor > 0);
    }
}

#[cfg(test)]
#[path = "agreed_tests.rs"]
mod tests;
