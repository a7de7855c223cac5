//! The money leg of an order that was asked for: claimed when the policy lets it go, before, after or without the goods, in
//! the pieces that are granted; each claim is held by the purchase, paid by one refund, and told (R-FUL-05).
//! Invariant: no piece is claimed twice at a time, and what comes first by the policy comes first: no money leaves for goods
//! that were not accepted where the goods come before it.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{
    money::Money,
    promise::{Command as Note, Fact},
    returns::{Goods as WhenGoods, Kind},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        Consequence, Refusal,
        account::{self, ClaimedLine, HeldLine, PieceClaim},
        refund, refund_id,
    },
    Rejection, State,
    request::{Event as Told, Line, Request, Verdict},
    returning::{self, Owed, Pieces},
};

/// Money of pieces of one purchase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    pub claim_id: Uuid,
    pub purchase_id: Uuid,
    pub pieces: Pieces,
    /// What the purchase holds for it, line by line; nothing before that.
    pub lines: Vec<HeldLine>,
    pub state: PayoutState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PayoutState {
    Claimed,
    /// It is on its way.
    Granted,
    Paid,
    /// The purchase cannot give it; people must act.
    Refused {
        reason: Refusal,
    },
    /// The provider said no for good; people must act.
    Failed {
        code: String,
    },
    /// After one of these it was claimed anew.
    Repeated,
}

impl PayoutState {
    /// As it is written.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Granted => "granted",
            Self::Paid => "paid",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::Repeated => "repeated",
        }
    }
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The purchase holds the money.
    Grant {
        lines: Vec<HeldLine>,
    },
    Refuse {
        reason: Refusal,
    },
    /// It reached the customer.
    Pay,
    Fail {
        code: String,
    },
    /// Somebody mended what stood against it; it is to be claimed anew, under another id.
    Repeat,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Claimed { claim_id: Uuid, purchase_id: Uuid, pieces: Pieces },
    Granted { claim_id: Uuid, lines: Vec<HeldLine> },
    Refused { claim_id: Uuid, reason: Refusal },
    Paid { claim_id: Uuid },
    Failed { claim_id: Uuid, code: String },
    Repeated { claim_id: Uuid },
}

impl Payout {
    /// All lines together; none before the purchase holds it.
    pub fn amount(&self) -> Option<Money> {
        let currency = self.lines.first()?.amount.currency;
        Money::sum(currency, self.lines.iter().map(|line| line.amount)).ok()
    }

    fn is_settled(&self) -> bool {
        matches!(self.state, PayoutState::Paid | PayoutState::Repeated)
    }
}

impl Request {
    /// The payout with this id.
    pub fn payout(&self, claim_id: Uuid) -> Option<&Payout> {
        self.payouts.iter().find(|payout| payout.claim_id == claim_id)
    }

    /// News of a claim; what was told before decides to nothing, what cannot be is refused, so that it is seen. Where
    /// nothing is left to pay (fees took all of it), that is paid at once.
    pub(super) fn decide_money(&self, claim_id: Uuid, news: News) -> Result<Vec<Event>, Rejection> {
        use {News as N, PayoutState as S};
        let payout = self.payout(claim_id).ok_or(Rejection::NoSuchClaim)?;
        Ok(match (news, &payout.state) {
            (N::Grant { lines }, S::Claimed) => {
                let nothing = lines.iter().all(|line| line.amount.minor == 0);
                let paid = nothing.then_some(Event::Paid { claim_id });
                [Event::Granted { claim_id, lines }].into_iter().chain(paid).collect()
            }
            (N::Refuse { reason }, S::Claimed) => vec![Event::Refused { claim_id, reason }],
            (N::Pay, S::Granted) => vec![Event::Paid { claim_id }],
            (N::Fail { code }, S::Granted) => vec![Event::Failed { claim_id, code }],
            (N::Repeat, S::Refused { .. } | S::Failed { .. }) => vec![Event::Repeated { claim_id }],
            (N::Repeat, S::Repeated) => vec![],
            (N::Repeat, _) | (N::Pay | N::Fail { .. }, S::Claimed) => return Err(Rejection::NotNow),
            (N::Grant { .. } | N::Refuse { .. } | N::Pay | N::Fail { .. }, _) => vec![],
        })
    }

    pub(super) fn apply_money(&mut self, event: &Event) {
        let (id, state) = match event {
            Event::Claimed { claim_id, purchase_id, pieces } => {
                let (claim_id, purchase_id, pieces) = (*claim_id, *purchase_id, pieces.clone());
                let state = PayoutState::Claimed;
                return self.payouts.push(Payout { claim_id, purchase_id, pieces, lines: vec![], state });
            }
            Event::Granted { claim_id, .. } => (claim_id, PayoutState::Granted),
            Event::Refused { claim_id, reason } => (claim_id, PayoutState::Refused { reason: *reason }),
            Event::Paid { claim_id } => (claim_id, PayoutState::Paid),
            Event::Failed { claim_id, code } => (claim_id, PayoutState::Failed { code: code.clone() }),
            Event::Repeated { claim_id } => (claim_id, PayoutState::Repeated),
        };
        if let Some(payout) = self.payouts.iter_mut().find(|payout| payout.claim_id == *id) {
            payout.state = state;
            if let Event::Granted { lines, .. } = event {
                payout.lines.clone_from(lines);
            }
        }
    }

    /// What the events mean for the money: pieces that may be paid for by now are claimed; the term runs from the first
    /// claim until none is open; and all that was granted may be done with that.
    pub(super) fn follow(&self, mut events: Vec<Told>, at: Timestamp) -> Vec<Told> {
        let mut next = self.clone();
        events.iter().for_each(|event| next.apply(event));
        let owed = next.promises.last(Owed::RefundTerm).is_some_and(|term| term.standing.end.is_none());
        let claims = next.claims();
        claims.iter().for_each(|claim| next.apply_money(claim));
        let promise: Vec<returning::Event> = if !owed && !claims.is_empty() {
            next.promise(Owed::RefundTerm, at).into_iter().collect()
        } else if owed && next.payouts.iter().all(Payout::is_settled) {
            next.promised(|kind| kind == Owed::RefundTerm, &Note::Note(Fact::Satisfied { at }), at)
        } else {
            vec![]
        };
        events.extend(claims.into_iter().map(Told::Money));
        events.extend(promise.into_iter().chain(next.repair_term(self, at)).map(Told::Goods));
        let is_over = |state| matches!(state, State::Completed { .. } | State::ClosedPartial);
        events.extend((is_over(next.state()) && !is_over(self.state())).then_some(Told::Finished));
        events
    }

    /// Whether money is what was asked for.
    fn pays(&self) -> bool {
        matches!(self.kind, Kind::ReturnRefund | Kind::RefundOnly)
    }

    pub(super) fn granted(&self) -> impl Iterator<Item = (u32, &Line)> {
        (1..).zip(&self.lines).filter(|(_, line)| self.verdict(line) == Verdict::Eligible)
    }

    /// Pieces of a line that are claimed, paid ones among them.
    pub(super) fn claimed(&self, line_no: u32) -> u32 {
        let payouts = self.payouts.iter().filter(|payout| payout.state != PayoutState::Repeated);
        payouts.filter_map(|payout| payout.pieces.get(&line_no)).sum()
    }

    /// One claim for each purchase of which pieces may be paid for by now and are not claimed yet.
    fn claims(&self) -> Vec<Event> {
        let mut due: BTreeMap<Uuid, Pieces> = BTreeMap::new();
        let open = self.authorised_at.is_some() && self.cancelled.is_none();
        let pays = |line: &Line| open && (self.pays() || Self::is_refunded(line));
        let granted = self.granted().filter(|(_, line)| pays(line));
        for (line_no, line) in granted {
            let payable = match line.receipt.outcome.goods {
                WhenGoods::Before => line.leg.as_ref().map_or(0, |leg| leg.goods.accepted()),
                WhenGoods::After | WhenGoods::No => line.quantity,
            };
            let pieces = payable.saturating_sub(self.claimed(line_no));
            if let Some(bought) = line.bought.as_ref().filter(|_| pieces > 0) {
                due.entry(bought.purchase_id).or_default().insert(line_no, pieces);
            }
        }
        let claim = |(number, (purchase_id, pieces)): (usize, (Uuid, Pieces))| {
            let claim_id = kernel::id::derived("claim", &[&self.order_id.to_string(), &number.to_string()]);
            Event::Claimed { claim_id, purchase_id, pieces }
        };
        (self.payouts.len()..).zip(due).map(claim).collect()
    }

    /// No piece is on its way, to be inspected or disputed, and all is done that was asked for.
    pub(super) fn is_done(&self) -> bool {
        self.legs().all(|(_, leg)| leg.is_settled())
            && match self.kind {
                Kind::ReturnRefund | Kind::RefundOnly => self.money_is_done(),
                Kind::Exchange | Kind::Reship => false,
                Kind::Repair => self.work_is_done(),
                Kind::Compensation => false,
            }
    }

    /// All money is paid that was asked for. Articles of no purchase of ours are paid by people, so that an order with such
    /// is never done by itself.
    fn money_is_done(&self) -> bool {
        self.is_paid() && self.granted().all(|(_, line)| line.bought.is_some())
    }

    /// Nothing is on its way, and nothing is to be claimed.
    pub(super) fn is_paid(&self) -> bool {
        self.payouts.iter().all(Payout::is_settled) && self.claims().is_empty()
    }

    /// All that was granted and asked back was accepted, or repaired.
    pub(super) fn is_whole(&self) -> bool {
        if self.kind == Kind::Repair {
            return self.is_repaired();
        }
        self.granted().all(|(_, line)| line.leg.as_ref().is_none_or(|leg| leg.goods.accepted() == line.quantity))
    }

    /// What a claim means for the purchase and its refund.
    pub(super) fn money_consequences(&self, event: &Event) -> Option<Consequence> {
        let order_id = self.order_id;
        match event {
            Event::Claimed { claim_id, purchase_id, pieces } => {
                let line = |(line_no, quantity): (&u32, &u32)| {
                    let (_, line) = self.granted().find(|(number, _)| number == line_no)?;
                    let (line_id, fees) = (line.bought.as_ref()?.line_id.clone(), line.receipt.outcome.fees.clone());
                    Some(ClaimedLine { line_id, quantity: *quantity, fees })
                };
                let lines = pieces.iter().filter_map(line).collect();
                let claim = PieceClaim { claim_id: *claim_id, order_id, lines };
                Some(Consequence::Account(*purchase_id, account::Command::ClaimPieces(claim)))
            }
            Event::Granted { claim_id, .. } => {
                let payout = self.payout(*claim_id)?;
                let amount = payout.amount().filter(|due| due.minor > 0)?;
                let (refund_id, purchase_id, claim_id) = (refund_id(*claim_id), payout.purchase_id, Some(*claim_id));
                let complaint_id = Uuid::nil();
                let facts = refund::Facts { refund_id, order_id, complaint_id, purchase_id, amount, claim_id };
                Some(Consequence::Refund(refund_id, refund::Command::Queue(facts)))
            }
            Event::Failed { claim_id, .. } => {
                let release = account::Command::Release { order_id: *claim_id };
                Some(Consequence::Account(self.payout(*claim_id)?.purchase_id, release))
            }
            Event::Refused { .. } | Event::Paid { .. } | Event::Repeated { .. } => None,
        }
    }
}

#[cfg(test)]
#[path = "money_tests.rs"]
mod tests;
