//! The money leg of an order that was asked for: claimed when the policy lets it go, before, after or without the goods, in
//! the pieces that are granted; each claim is held by the purchase, paid by one refund, and told (R-FUL-05). That of an
//! exchange is counted in `difference`.
//! Invariant: no piece is claimed twice at a time, and what comes first by the policy comes first: no money leaves for goods
//! that were not accepted where the goods come before it.
use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::returns::{Goods as WhenGoods, Kind};
use uuid::Uuid;

use super::payout::granted;
pub use super::payout::{Payout, PayoutState, Source};
use super::{
    super::{
        Consequence, Refusal,
        account::{self, ClaimedLine, HeldLine, PieceClaim},
        refund,
    },
    Rejection, State,
    portion::{self, Portions},
    request::{Event as Told, Line, Request, Verdict},
    returning::{self, Owed, Pieces},
};

/// A claim to be made; `lines` are what it pays where nobody need be asked.
pub(super) struct Claim {
    pub purchase_id: Uuid,
    pub pieces: Pieces,
    pub source: Source,
    pub lines: Vec<HeldLine>,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The purchase holds the money.
    Grant {
        lines: Vec<HeldLine>,
        tendered: bool,
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
    /// Of one of the means it is paid back by.
    Portion(portion::News),
    /// The provider says otherwise of what it had refused: that it paid it, or (`differs`) another amount.
    Doubt {
        differs: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Claimed {
        claim_id: Uuid,
        purchase_id: Uuid,
        pieces: Pieces,
        source: Source,
        instead_of: Option<Uuid>,
        by_hand: bool,
    },
    Granted {
        claim_id: Uuid,
        lines: Vec<HeldLine>,
        tendered: bool,
    },
    Refused {
        claim_id: Uuid,
        reason: Refusal,
    },
    Paid {
        claim_id: Uuid,
    },
    Failed {
        claim_id: Uuid,
        code: String,
    },
    Repeated {
        claim_id: Uuid,
        by_hand: bool,
    },
    Doubted {
        claim_id: Uuid,
        differs: bool,
    },
    Portion {
        claim_id: Uuid,
        event: portion::Event,
    },
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
            (N::Grant { lines, tendered }, S::Claimed) => granted(claim_id, lines, tendered).collect(),
            (N::Refuse { reason }, S::Claimed) => vec![Event::Refused { claim_id, reason }],
            (N::Pay | N::Fail { .. }, _) if payout.tendered => return Err(Rejection::NotNow),
            (N::Pay, S::Granted) => vec![Event::Paid { claim_id }],
            (N::Fail { code }, S::Granted) => vec![Event::Failed { claim_id, code }],
            (N::Repeat, S::Refused { .. } | S::Failed { .. }) => self.claim_anew(payout, false)?,
            (N::Portion(portion::News::Repeat { by_hand: true }), S::Failed { .. }) => self.claim_anew(payout, true)?,
            (N::Doubt { differs }, S::Failed { .. } | S::Repeated) => vec![Event::Doubted { claim_id, differs }],
            (N::Portion(news), S::Granted | S::PartlyFailed { .. } | S::Paid) => payout.decide_portion(news)?,
            (N::Repeat, S::PartlyFailed { .. }) => payout.decide_portion(portion::News::Repeat { by_hand: false })?,
            (N::Portion(_), _) => return Err(Rejection::NotNow),
            (N::Repeat, S::Repeated) => vec![],
            (N::Repeat, _) | (N::Pay | N::Fail { .. }, S::Claimed) => return Err(Rejection::NotNow),
            (N::Grant { .. } | N::Refuse { .. } | N::Pay | N::Fail { .. } | N::Doubt { .. }, _) => vec![],
        })
    }

    pub(super) fn apply_money(&mut self, event: &Event) {
        let (id, state) = match event {
            Event::Claimed { claim_id, purchase_id, pieces, source, instead_of, by_hand } => {
                return self.payouts.push(Payout {
                    claim_id: *claim_id,
                    purchase_id: *purchase_id,
                    pieces: pieces.clone(),
                    lines: vec![],
                    state: PayoutState::Claimed,
                    source: *source,
                    tendered: false,
                    portions: Portions::default(),
                    instead_of: *instead_of,
                    by_hand: *by_hand,
                    again_by_hand: false,
                    doubted: false,
                    differs: false,
                    kept: false,
                });
            }
            Event::Doubted { claim_id, differs } => {
                let payout = self.payouts.iter_mut().find(|payout| payout.claim_id == *claim_id);
                return payout.into_iter().for_each(|one| (one.doubted, one.differs) = (true, *differs));
            }
            Event::Portion { claim_id, event } => {
                let payout = self.payouts.iter_mut().find(|payout| payout.claim_id == *claim_id);
                return payout.into_iter().for_each(|payout| payout.apply_portion(event));
            }
            Event::Granted { claim_id, .. } => (claim_id, PayoutState::Granted),
            Event::Refused { claim_id, reason } => (claim_id, PayoutState::Refused { reason: *reason }),
            Event::Paid { claim_id } => (claim_id, PayoutState::Paid),
            Event::Failed { claim_id, code } => (claim_id, PayoutState::Failed { code: code.clone() }),
            Event::Repeated { claim_id, .. } => (claim_id, PayoutState::Repeated),
        };
        if let Some(payout) = self.payouts.iter_mut().find(|payout| payout.claim_id == *id) {
            payout.state = state;
            match event {
                Event::Granted { lines, tendered, .. } => {
                    payout.lines.clone_from(lines);
                    payout.tendered = *tendered;
                }
                Event::Repeated { by_hand, .. } => payout.again_by_hand = *by_hand,
                Event::Failed { .. } => payout.kept = payout.source.is_of_pieces(),
                _ => {}
            }
        }
    }

    /// What the events mean for goods and money: pieces that may be replaced or paid for by now are wanted or claimed; the
    /// term of each runs from the first until none is open; and all that was granted may be done with that.
    pub(super) fn follow(&self, mut events: Vec<Told>, at: Timestamp) -> Vec<Told> {
        let mut next = self.clone();
        events.iter().for_each(|event| next.apply(event));
        let wants = next.wants(at).into_iter().map(Told::Replacement).collect::<Vec<_>>();
        wants.iter().for_each(|event| next.apply(event));
        let claims = next.claims().into_iter().map(Told::Money).collect::<Vec<_>>();
        claims.iter().for_each(|event| next.apply(event));
        let queued = next.queues(at).map(Told::Compensation);
        queued.iter().for_each(|event| next.apply(event));
        let promises = next.refund_term(at).into_iter().chain(next.reship_term(&events, at));
        let promises = promises.chain(next.repair_term(self, at)).chain(next.people_terms(at));
        let promises = promises.map(Told::Goods).collect::<Vec<_>>();
        let is_over = |state| matches!(state, State::Completed { .. } | State::ClosedPartial);
        let finished = (is_over(next.state()) && !is_over(self.state())).then_some(Told::Finished);
        let too_much = next.too_much_asked();
        events.extend(wants.into_iter().chain(claims).chain(queued).chain(promises).chain(too_much).chain(finished));
        events
    }

    fn refund_term(&self, at: Timestamp) -> Vec<returning::Event> {
        // What the customer paid himself is owed also where the order was ended.
        let his = |one: &Payout| matches!(one.source, Source::Difference { .. });
        let owed = self.payouts.iter().any(|one| one.is_owed() && (self.cancelled.is_none() || his(one)));
        self.term(Owed::RefundTerm, owed.then(|| self.began(Owed::RefundTerm, at)), at)
    }

    /// Whether money is what was asked for.
    pub(super) fn pays(&self) -> bool {
        matches!(self.kind, Kind::ReturnRefund | Kind::RefundOnly)
    }

    pub(super) fn granted(&self) -> impl Iterator<Item = (u32, &Line)> {
        (1..).zip(&self.lines).filter(|(_, line)| self.verdict(line) == Verdict::Eligible)
    }

    /// Pieces of a line that are claimed, paid ones among them.
    pub(super) fn claimed(&self, line_no: u32) -> u32 {
        self.claimed_by(line_no, |_| true)
    }

    pub(super) fn claimed_by(&self, line_no: u32, meant: impl Fn(&Payout) -> bool) -> u32 {
        let payouts = self.payouts.iter().filter(|payout| payout.state != PayoutState::Repeated && meant(payout));
        payouts.filter_map(|payout| payout.pieces.get(&line_no)).sum()
    }

    /// Pieces of a line that may be paid for or replaced by now, as the policy has it.
    pub(super) fn payable(&self, line: &Line) -> u32 {
        match self.goods_come(line) {
            WhenGoods::Before => line.leg.as_ref().map_or(0, |leg| leg.goods.accepted()),
            WhenGoods::After | WhenGoods::No => line.quantity,
        }
    }

    /// One claim for each purchase of which pieces may be paid for by now and are not claimed yet, and those of exchanges.
    fn claims(&self) -> Vec<Event> {
        if self.authorised_at.is_none() {
            return vec![];
        }
        if self.cancelled.is_some() {
            return self.numbered(self.ended_claims());
        }
        let mut due: BTreeMap<Uuid, Pieces> = BTreeMap::new();
        for (line_no, line) in self.granted() {
            let payable = match self.kind {
                Kind::Exchange | Kind::Reship => self.paid_instead(line_no),
                // Of what comes back, what is here: what lapsed is the customer's, and may be asked for by another order.
                Kind::Repair if Self::is_refunded(line) => {
                    line.leg.as_ref().map_or(line.quantity, |leg| leg.goods.accepted())
                }
                _ if self.pays() => self.payable(line),
                _ => 0,
            };
            let is_of_pieces = |payout: &Payout| payout.source.is_of_pieces();
            let pieces = payable.saturating_sub(self.claimed_by(line_no, is_of_pieces));
            if let Some(bought) = line.bought.as_ref().filter(|_| pieces > 0) {
                due.entry(bought.purchase_id).or_default().insert(line_no, pieces);
            }
        }
        let source = self.source_of_pieces();
        let of_pieces = |(purchase_id, pieces)| {
            let lines = self.agreed_lines(&pieces);
            Claim { purchase_id, pieces, source, lines }
        };
        let claims = due.into_iter().map(of_pieces).chain(self.exchange_claims()).chain(self.fee_claims());
        self.numbered(claims.chain(self.unbought_claims()).collect())
    }

    /// Each under an id of its own; one that takes the place of another has its money.
    fn numbered(&self, claims: Vec<Claim>) -> Vec<Event> {
        let claim = |(number, claim): (usize, Claim)| {
            let claim_id = kernel::id::derived("claim", &[&self.order_id.to_string(), &number.to_string()]);
            let Claim { purchase_id, pieces, source, lines } = claim;
            // What is held for goods that go out is the purchase's; what the customer paid for them is not.
            let stake = matches!(source, Source::Rest { .. }).then(|| self.stake(source.of()?)).flatten();
            let agreed = self.agreed_money.as_ref().filter(|_| source == Source::Agreed);
            let tendered = stake.is_some_and(|stake| stake.tendered) || agreed.is_some_and(|agreed| agreed.tendered);
            let before = self.given_up(source, purchase_id);
            let lines = before.and_then(|one| one.kept_for(&pieces)).map_or(lines, <[HeldLine]>::to_vec);
            let granted = (!lines.is_empty()).then(|| granted(claim_id, lines, tendered)).into_iter().flatten();
            let instead_of = before.map(|one| one.claim_id);
            // No provider took anything for what is of no purchase.
            let by_people = matches!(source, Source::Unbought { .. });
            let by_hand = by_people || before.is_some_and(|one| one.again_by_hand);
            let claimed = Event::Claimed { claim_id, purchase_id, pieces, source, instead_of, by_hand };
            std::iter::once(claimed).chain(granted)
        };
        (self.payouts.len()..).zip(claims).flat_map(claim).collect()
    }

    /// Nothing of what was asked for is open: no piece is on its way, to be inspected or disputed, and all is paid, done, or
    /// reached the customer.
    pub(super) fn is_done(&self) -> bool {
        self.legs().all(|(_, leg)| leg.is_settled())
            && match self.kind {
                Kind::ReturnRefund | Kind::RefundOnly => self.money_is_done(),
                Kind::Exchange | Kind::Reship => self.replacement_is_done(),
                Kind::Repair => self.work_is_done(),
                // Its state follows from what is given; goods of those from before that come back alone.
                Kind::Compensation => false,
            }
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
    pub(super) fn money_consequences(&self, event: &Event) -> Vec<Consequence> {
        let (Event::Claimed { claim_id, .. }
        | Event::Granted { claim_id, .. }
        | Event::Failed { claim_id, .. }
        | Event::Doubted { claim_id, .. }
        | Event::Portion { claim_id, .. }) = event
        else {
            return vec![];
        };
        let Some(payout) = self.payout(*claim_id) else { return vec![] };
        if let Event::Portion { event, .. } = event {
            let whole = self.refund_facts(payout);
            return whole.iter().flat_map(|whole| payout.portions.consequences(event, whole)).collect();
        }
        if matches!(event, Event::Doubted { .. }) {
            return self.doubts(|one| self.earlier(one).any(|before| before.claim_id == *claim_id));
        }
        let moved = |of, back| self.moved_hold(payout, of, back).map(account::Command::MoveHold);
        let on_account = match (event, payout.source) {
            (Event::Claimed { .. }, Source::Pieces) if self.takes_over(payout) => None,
            (Event::Claimed { .. }, Source::Pieces) => Some(account::Command::ClaimPieces(self.piece_claim(payout))),
            (Event::Claimed { .. }, Source::Exchange { of }) => {
                self.exchange_claim(*claim_id, of).map(account::Command::ClaimPieces)
            }
            (Event::Granted { .. }, Source::Rest { of }) => moved(of, false),
            (Event::Failed { .. }, Source::Rest { of }) => moved(of, true),
            _ => None,
        };
        let on_account = on_account.map(|command| Consequence::Account(payout.purchase_id, command));
        let granted = matches!(event, Event::Granted { .. });
        let doubts = if granted { self.doubts(|one| one.claim_id == *claim_id) } else { vec![] };
        on_account.into_iter().chain(granted.then(|| self.refund_of(payout)).flatten()).chain(doubts).collect()
    }

    fn piece_claim(&self, payout: &Payout) -> PieceClaim {
        let line = |(line_no, quantity): (&u32, &u32)| {
            let (_, line) = self.granted().find(|(number, _)| number == line_no)?;
            let (line_id, fees) = (line.bought.as_ref()?.line_id.clone(), line.receipt.outcome.fees.clone());
            Some(ClaimedLine { line_id, quantity: *quantity, fees, replaced: None })
        };
        let lines = payout.pieces.iter().filter_map(line).collect();
        PieceClaim { claim_id: payout.claim_id, order_id: self.order_id, lines }
    }

    /// One refund, where there is something to pay; or what the purchase is asked to divide.
    fn refund_of(&self, payout: &Payout) -> Option<Consequence> {
        let facts = self.refund_facts(payout)?;
        let refund::Facts { refund_id, order_id, purchase_id, amount, .. } = facts;
        let divide = account::Command::Divide { claim_id: payout.claim_id, order_id, amount };
        match payout.source {
            Source::Fee { line_no } => self.fee_refund(line_no, facts),
            Source::Difference { of } => Some(self.difference_refund(of, facts)),
            _ if payout.tendered => Some(Consequence::Account(purchase_id, divide)),
            _ => Some(Consequence::Refund(refund_id, refund::Command::Queue(facts))),
        }
    }

    fn refund_facts(&self, payout: &Payout) -> Option<refund::Facts> {
        let amount = payout.amount().filter(|due| due.minor > 0)?;
        let claim = refund::Facts::of_claim(payout.claim_id, self.order_id, payout.purchase_id, amount);
        Some(refund::Facts { by_hand: payout.by_hand, ..claim })
    }
}

#[cfg(test)]
#[path = "money_tests.rs"]
mod tests;
