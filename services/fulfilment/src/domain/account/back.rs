//! What is paid back for pieces: the exact share of what was paid for their line, less fees and what goes out as goods
//! instead. However a line comes back, in how many parts and by how many orders, all of its pieces together give back
//! exactly what was paid for it. What goods go out for stays held as long as they are not paid instead.
//! Invariant: no piece is paid twice, and no line gives more than was paid for it; the database checks both again.
use std::collections::BTreeMap;

use kernel::{
    money::{Money, MoneyError},
    returns::Fee,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{super::Refusal, Article, Event, Line, PurchaseAccount, Rejection, State, Within};

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
    /// What the goods cost that go out instead, as far as their money reaches.
    pub replaced: Option<Money>,
}

/// What is kept, by the codes of the policy; what comes to nothing is left out.
pub type Fees = BTreeMap<String, Money>;

/// What is held for them: amount = goods − fees − given − replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLine {
    pub line_id: String,
    pub quantity: u32,
    /// Their share of what was paid, or of what was agreed for them.
    pub goods: Money,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: Fees,
    /// What the line has given back already otherwise, by an agreed remedy.
    pub given: Money,
    /// What goes out as goods instead; it is held as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Money>,
    pub amount: Money,
    /// What their share is made of, where the purchase tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// Of what is held under `from` on a line, `amount` is held under `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub order_id: Uuid,
    pub from: Uuid,
    pub to: Uuid,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
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
        let Article { quantity: bought, within, .. } = article.ok_or(Refusal::PiecesUnknown)?;
        let bought = *bought;
        let before: Vec<&Back> = back.get(&claimed.line_id).into_iter().flat_map(BTreeMap::values).collect();
        let pieces = before.iter().try_fold(claimed.quantity, |sum, one| sum.checked_add(one.quantity));
        let pieces = pieces.filter(|pieces| *pieces <= bought).ok_or(Refusal::ExceedsPaid)?;
        let amount = |minor| Money { minor, ..line.paid };
        let shares =
            line.paid.split(&[pieces.into(), (bought - pieces).into()]).map_err(|_| Refusal::CurrencyMismatch)?;
        let counted_within = before.iter().filter_map(|one| one.within.as_ref());
        let within = within.map(|within| within.share((pieces, bought), counted_within)).transpose();
        let within = within.map_err(|_| Refusal::CurrencyMismatch)?;
        let counted: i64 = before.iter().map(|one| one.goods.minor).sum();
        let goods = (shares.first().map_or(0, |all| all.minor) - counted).max(0);
        let own = before.into_iter().filter(|one| one.order_id == order_id);
        let fees =
            fees(&claimed.fees, amount(goods), &own.collect::<Vec<_>>()).map_err(|_| Refusal::CurrencyMismatch)?;
        let kept: i64 = fees.values().map(|fee| fee.minor).sum();
        let left = i64::try_from(line.left()).unwrap_or(i64::MAX);
        let given = (goods - kept - left).max(0);
        let rest = goods - kept - given;
        let replaced = claimed.replaced.map(|value| value.minor.clamp(0, rest));
        if claimed.replaced.is_some_and(|value| value.currency != line.paid.currency) {
            return Err(Refusal::CurrencyMismatch);
        }
        Ok(HeldLine {
            line_id: claimed.line_id.clone(),
            quantity: claimed.quantity,
            goods: amount(goods),
            fees,
            given: amount(given),
            replaced: replaced.map(amount),
            amount: amount(rest - replaced.unwrap_or(0)),
            within,
        })
    }

    /// Back to a claim that holds pieces, or from it to one that is not known yet; told twice it is moved once. Errors: so
    /// much is not held.
    pub(super) fn move_hold(&self, hold: Move) -> Result<Vec<Event>, Rejection> {
        let State::Open { lines, closed, back, .. } = &self.state else { return Err(Rejection::PurchaseUnknown) };
        let under = |id: Uuid| lines.iter().find_map(|line| line.holds.get(&id));
        let holds_pieces = back.values().any(|claims| claims.contains_key(&hold.to));
        let moved = if holds_pieces { under(hold.from).is_none() } else { under(hold.to).is_some() };
        match under(hold.from) {
            _ if hold.amount.minor <= 0 => Err(Rejection::AmountNotPositive),
            _ if moved || closed.contains(&hold.to) => Ok(vec![]),
            Some(held) if held.currency == hold.amount.currency && held.minor >= hold.amount.minor => {
                Ok(vec![Event::HoldMoved(hold)])
            }
            _ => Err(Rejection::NothingHeld),
        }
    }

    /// Takes in what is held; a line that gives nothing holds nothing.
    pub(super) fn apply_pieces_held(&mut self, claim_id: Uuid, order_id: Uuid, held: &[HeldLine]) {
        let State::Open { lines, back, .. } = &mut self.state else { return };
        for HeldLine { line_id, quantity, goods, fees, replaced, amount, within, .. } in held {
            let (quantity, goods, within) = (*quantity, *goods, *within);
            let granted = Back { order_id, quantity, goods, fees: fees.clone(), within };
            back.entry(line_id.clone()).or_default().insert(claim_id, granted);
            let minor = amount.minor + replaced.map_or(0, |replaced| replaced.minor);
            if let Some(line) = lines.iter_mut().find(|line| line.line_id == *line_id && minor > 0) {
                line.holds.insert(claim_id, Money { minor, ..*amount });
            }
        }
    }
}

/// Takes in what is held under another claim; a claim that is left with nothing holds nothing.
pub(super) fn apply_moved(lines: &mut [Line], Move { from, to, amount, .. }: Move) {
    let Some(line) = lines.iter_mut().find(|line| line.holds.contains_key(&from)) else { return };
    let minor = line.holds.remove(&from).map_or(0, |held| held.minor) - amount.minor;
    if minor > 0 {
        line.holds.insert(from, Money { minor, ..amount });
    }
    line.holds.entry(to).or_insert(Money::zero(amount.currency)).minor += amount.minor;
}

/// What is kept of `goods` that are paid for at once. Errors: a fee in another currency.
pub fn kept_of(rules: &BTreeMap<String, Fee>, goods: Money) -> Result<Fees, MoneyError> {
    fees(rules, goods, &[])
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
