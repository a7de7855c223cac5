//! What is paid back for pieces: the exact share of what was paid for their line, less fees. However a line comes back, in
//! how many parts and by how many orders, all of its pieces together give back exactly what was paid for it.
//! Invariant: no piece is paid twice, and no line gives more than was paid for it; the database checks both again.
use std::collections::BTreeMap;

use kernel::{
    money::{Money, MoneyError},
    returns::Fee,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{super::Refusal, Event, PurchaseAccount, Rejection, State};

/// An order asks for the money of pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceClaim {
    pub claim_id: Uuid,
    pub order_id: Uuid,
    pub lines: Vec<ClaimedLine>,
}

/// So many pieces of a line, and what is kept of their money.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedLine {
    pub line_id: String,
    pub quantity: u32,
    /// By code, as the policy says.
    pub fees: BTreeMap<String, Fee>,
}

/// What is kept, by the codes of the policy; what comes to nothing is left out.
pub type Fees = BTreeMap<String, Money>;

/// What is held for them: amount = goods − fees − given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLine {
    pub line_id: String,
    pub quantity: u32,
    /// Their share of what was paid.
    pub goods: Money,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: Fees,
    /// What the line has given back already otherwise, by an agreed remedy.
    pub given: Money,
    pub amount: Money,
}

/// Pieces whose money was granted to a claim of an order, their share, and what was kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Back {
    pub order_id: Uuid,
    pub quantity: u32,
    pub goods: Money,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: Fees,
}

/// By line and claim.
pub type Backs = BTreeMap<String, BTreeMap<Uuid, Back>>;

impl PurchaseAccount {
    /// The money of all pieces that are claimed, or none. What is told twice is decided once.
    pub(super) fn claim_pieces(&self, claim: &PieceClaim) -> Result<Vec<Event>, Rejection> {
        let State::Open { closed, back, .. } = &self.state else { return Err(Rejection::PurchaseUnknown) };
        let (claim_id, order_id) = (claim.claim_id, claim.order_id);
        let granted = back.values().any(|claims| claims.contains_key(&claim_id));
        if granted || closed.contains(&claim_id) || self.held_for(claim_id).is_some() {
            return Ok(vec![]);
        }
        let held: Result<Vec<HeldLine>, Refusal> = claim.lines.iter().map(|line| self.hold(order_id, line)).collect();
        Ok(vec![match held {
            Ok(lines) => Event::PiecesHeld { claim_id, order_id, lines },
            Err(reason) => Event::PiecesRefused { claim_id, order_id, reason },
        }])
    }

    /// Shares and fees are those of all pieces so far, less what was counted for those before: so they add up exactly.
    fn hold(&self, order_id: Uuid, claimed: &ClaimedLine) -> Result<HeldLine, Refusal> {
        let State::Open { back, .. } = &self.state else { return Err(Refusal::PurchaseUnknown) };
        let (line, _, article) = self.article(&claimed.line_id).map_err(|_| Refusal::PiecesUnknown)?;
        let bought = article.ok_or(Refusal::PiecesUnknown)?.quantity;
        let before: Vec<&Back> = back.get(&claimed.line_id).into_iter().flat_map(BTreeMap::values).collect();
        let pieces = before.iter().try_fold(claimed.quantity, |sum, one| sum.checked_add(one.quantity));
        let pieces = pieces.filter(|pieces| *pieces <= bought).ok_or(Refusal::ExceedsPaid)?;
        let amount = |minor| Money { minor, ..line.paid };
        let shares =
            line.paid.split(&[pieces.into(), (bought - pieces).into()]).map_err(|_| Refusal::CurrencyMismatch)?;
        let counted: i64 = before.iter().map(|one| one.goods.minor).sum();
        let goods = (shares.first().map_or(0, |all| all.minor) - counted).max(0);
        let own = before.into_iter().filter(|one| one.order_id == order_id);
        let fees =
            fees(&claimed.fees, amount(goods), &own.collect::<Vec<_>>()).map_err(|_| Refusal::CurrencyMismatch)?;
        let kept: i64 = fees.values().map(|fee| fee.minor).sum();
        let left = i64::try_from(line.left()).unwrap_or(i64::MAX);
        let given = (goods - kept - left).max(0);
        Ok(HeldLine {
            line_id: claimed.line_id.clone(),
            quantity: claimed.quantity,
            goods: amount(goods),
            fees,
            given: amount(given),
            amount: amount(goods - kept - given),
        })
    }

    /// Takes in what is held; a line that gives nothing holds nothing.
    pub(super) fn apply_pieces_held(&mut self, claim_id: Uuid, order_id: Uuid, held: &[HeldLine]) {
        let State::Open { lines, back, .. } = &mut self.state else { return };
        for HeldLine { line_id, quantity, goods, fees, amount, .. } in held {
            let granted = Back { order_id, quantity: *quantity, goods: *goods, fees: fees.clone() };
            back.entry(line_id.clone()).or_default().insert(claim_id, granted);
            if let Some(line) = lines.iter_mut().find(|line| line.line_id == *line_id && amount.minor > 0) {
                line.holds.insert(claim_id, *amount);
            }
        }
    }
}

/// What is kept of `goods`, after what the same order was paid for `before`; never more than there is. Errors: a fee in
/// another currency.
fn fees(rules: &BTreeMap<String, Fee>, goods: Money, before: &[&Back]) -> Result<Fees, MoneyError> {
    let shares = Money::sum(goods.currency, before.iter().map(|one| one.goods))?.checked_add(goods)?;
    let (mut fees, mut left) = (Fees::new(), goods.minor);
    for (code, rule) in rules {
        let kept: i64 = before.iter().filter_map(|one| one.fees.get(code)).map(|fee| fee.minor).sum();
        let minor = rule.of(shares)?.minor.saturating_sub(kept).clamp(0, left);
        if minor > 0 {
            fees.insert(code.clone(), Money { minor, ..goods });
            left -= minor;
        }
    }
    Ok(fees)
}

#[cfg(test)]
#[path = "back_tests.rs"]
mod tests;
