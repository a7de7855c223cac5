//! The money of a return that was agreed by its pieces (R-FUL-17): its amount is held on the purchase under the order's
//! id from when it opens, each piece that is accepted is paid its share of it, and the share of a piece that is the customer's
//! again is free.
//! Invariant: however its pieces end, what was paid, what may still be paid and what was freed are together exactly what was
//! agreed; all pieces accepted are paid all of it, to the cent.
use std::collections::BTreeMap;

use kernel::{
    money::Money,
    returns::{self, Facts, Policy},
};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        Consequence, Part,
        account::{self, Fees, HeldLine, Named},
    },
    Event as Happened, Rejection, ServiceOrder, State,
    goods::{Inspection, Leg},
    line::Line,
    money::{Payout, PayoutState, Source},
    request::{Event as Told, Request, ask},
    returning::{self, Pieces},
};

/// The reason of what was agreed, and of what is found otherwise, in the policy of what was agreed.
pub const AGREED: &str = "agreed";
const FOUND_OTHERWISE: &str = "agreed.found_otherwise";

/// What is held for the pieces of an agreed return, under the order's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreedMoney {
    /// By line of the purchase, for all its pieces; one without is worth nothing.
    pub parts: BTreeMap<String, Money>,
    /// The purchase tells by which means it was paid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tendered: bool,
}

/// The receipt of a line as it was agreed. None: it is no policy of what was agreed.
pub fn receipt(policy: &Policy) -> Option<returns::Receipt> {
    policy.decide(Facts {
        kind: returns::Kind::ReturnRefund,
        reason: AGREED.to_owned(),
        proof: returns::Proof::Receipt,
        category: None,
        channel: None,
        segment: None,
        days_since_delivery: None,
        days_since_purchase: None,
        opened: None,
        resaleable: None,
        discomfort: None,
        amount: None,
        buyer: None,
    })
}

/// The new decision about pieces that are found otherwise than was agreed.
pub fn found_otherwise(policy: &Policy, found: Facts) -> Option<returns::Receipt> {
    policy.decide(Facts { reason: FOUND_OTHERWISE.to_owned(), ..found })
}

impl ServiceOrder {
    /// The purchase holds the agreed amount and has given the pieces: it goes on as a return that was asked for and confirmed.
    pub(super) fn begin_return(
        &self,
        parts: &[Part],
        tendered: bool,
        named: Vec<Named>,
        now: jiff::Timestamp,
    ) -> Result<Vec<Happened>, Rejection> {
        let agreed = self.agreement.as_ref().and_then(|agreed| agreed.returns.as_ref()).ok_or(Rejection::NotNow)?;
        let mut request = agreed.request.clone();
        let money = parts.iter().map(|part| (part.line_id.clone(), part.amount)).collect();
        request.agreed_money = Some(AgreedMoney { parts: money, tendered });
        for Named { line_id, product_id, batch, paid } in named {
            let meant = |line: &&mut Line| line.bought.as_ref().is_some_and(|bought| bought.line_id == line_id);
            if let Some(line) = request.lines.iter_mut().find(meant) {
                (line.product_id, line.batch, line.receipt.facts.amount) = (product_id, batch, Some(paid));
            }
        }
        let events = ask(Box::new(request), true, now)?;
        Ok(events.into_iter().map(Happened::Request).collect())
    }

    /// The purchase cannot give what was agreed by its pieces.
    pub(super) fn refuse_return(&self, code: &str) -> Result<Vec<Happened>, Rejection> {
        let waits = self.agreement.as_ref().is_some_and(|agreed| agreed.returns.is_some());
        if waits { Ok(vec![Happened::Settled { code: Some(code.to_owned()) }]) } else { Err(Rejection::NotNow) }
    }

    /// What is claimed when a return by its pieces is promised, and claimed no more when it ends before its purchase is known.
    pub(super) fn promise_consequences(&self, event: &Happened) -> Vec<Consequence> {
        let Some(agreed) = &self.agreement else { return vec![] };
        let (Some(returns), Some(purchase_id), Some(amount)) = (&agreed.returns, agreed.purchase_id, agreed.amount)
        else {
            return vec![];
        };
        let order_id = agreed.order_id;
        let command = match event {
            Happened::Promised { at, .. } => {
                let until = kernel::calendar::add(*at, returns.purchase_within);
                let claim = account::Claim { order_id, amount, until, pieces: returns.request.units() };
                account::Command::Claim { purchase_id, claim }
            }
            Happened::Settled { .. } if self.state == State::Cancelled => account::Command::Withdraw { order_id },
            _ => return vec![],
        };
        vec![Consequence::Account(purchase_id, command)]
    }
}

impl Request {
    /// All its pieces, by line of their purchase.
    fn units(&self) -> Vec<account::Units> {
        let of = |line: &Line| {
            let line_id = line.bought.as_ref()?.line_id.clone();
            Some(account::Units { line_id, quantity: line.quantity })
        };
        self.lines.iter().filter_map(of).collect()
    }

    /// Whose money pieces are paid with.
    pub(super) fn source_of_pieces(&self) -> Source {
        if self.agreed_money.is_some() { Source::Agreed } else { Source::Pieces }
    }

    /// What was agreed for so many of the pieces of a line.
    fn agreed_for(&self, line: &Line, pieces: u32) -> Option<Money> {
        let part = *self.agreed_money.as_ref()?.parts.get(&line.bought.as_ref()?.line_id)?;
        let others = line.quantity.checked_sub(pieces)?;
        part.split(&[pieces.into(), others.into()]).ok()?.first().copied()
    }

    /// What living claims are paid of a line.
    fn agreed_claimed(&self, line_id: &str) -> i64 {
        let living = |one: &&Payout| one.source == Source::Agreed && one.state != PayoutState::Repeated;
        let lines = self.payouts.iter().filter(living).flat_map(|one| &one.lines);
        lines.filter(|line| line.line_id == line_id).map(|line| line.amount.minor).sum()
    }

    /// What these pieces are paid: the share of all that were accepted so far, less what was counted for those before.
    pub(super) fn agreed_lines(&self, pieces: &Pieces) -> Vec<HeldLine> {
        let held = |(line_no, quantity): (&u32, &u32)| {
            let line = self.line(*line_no)?;
            let line_id = line.bought.as_ref()?.line_id.clone();
            let before = self.claimed_by(*line_no, |one| one.source == Source::Agreed);
            let zero = self.agreed_zero();
            let all = self.agreed_for(line, before.checked_add(*quantity)?).or(zero)?;
            let goods = Money { minor: (all.minor - self.agreed_claimed(&line_id)).max(0), ..all };
            let (quantity, given, fees) = (*quantity, Money { minor: 0, ..goods }, Fees::new());
            Some(HeldLine { line_id, quantity, goods, fees, given, replaced: None, amount: goods, within: None })
        };
        if self.agreed_money.is_some() { pieces.iter().filter_map(held).collect() } else { vec![] }
    }

    /// What was paid of it; none where nothing was.
    pub fn agreed_paid(&self) -> Option<Money> {
        let zero = self.agreed_zero()?;
        let paid = self.payouts.iter().filter(|one| one.state == PayoutState::Paid).filter_map(Payout::amount);
        Money::sum(zero.currency, paid).ok().filter(|paid| paid.minor > 0)
    }

    /// Nothing, in the currency of what was agreed.
    fn agreed_zero(&self) -> Option<Money> {
        self.agreed_money.as_ref()?.parts.values().next().map(|part| Money { minor: 0, ..*part })
    }

    /// What it needs no more when pieces are the customer's again, or it ends: the purchase holds what was paid and may be paid.
    pub(super) fn agreed_kept(&self, event: &Told) -> Option<Consequence> {
        let ended = matches!(event, Told::Cancelled(_));
        let fewer = match event {
            Told::Goods(returning::Event::Lapsed { .. }) => true,
            Told::Goods(returning::Event::Heard { word, .. }) => word.agreed,
            Told::Goods(returning::Event::Ruled { ruling, .. }) => !ruling.approved,
            _ => ended,
        };
        let money = self.agreed_money.as_ref().filter(|_| fewer)?;
        let needed = |line: &Line| {
            let bought = line.bought.as_ref()?;
            let part = money.parts.get(&bought.line_id)?;
            let open = line.quantity.checked_sub(line.leg.as_ref().map_or(0, is_his))?;
            let still = if ended { None } else { self.agreed_for(line, open) };
            let minor = still.map_or(0, |still| still.minor).max(self.agreed_claimed(&bought.line_id));
            Some(Part { line_id: bought.line_id.clone(), amount: Money { minor, ..*part } })
        };
        let parts = self.lines.iter().filter_map(needed).collect();
        let purchase_id = self.lines.first()?.bought.as_ref()?.purchase_id;
        Some(Consequence::Account(purchase_id, account::Command::Keep { order_id: self.order_id, parts }))
    }
}

/// Pieces nobody is paid for: they never came, or were rejected for good.
fn is_his(leg: &Leg) -> u32 {
    let upheld = |one: &Inspection| one.ruling.as_ref().is_some_and(|ruling| !ruling.approved);
    let final_no = |one: &&Inspection| one.word.is_some_and(|word| word.agreed) || upheld(one);
    let rejected = leg.inspections.iter().filter(final_no).filter_map(Inspection::counted).map(|(_, no)| no);
    leg.goods.lapsed() + rejected.sum::<u32>()
}

#[cfg(test)]
#[path = "agreed_money_tests.rs"]
mod tests;
