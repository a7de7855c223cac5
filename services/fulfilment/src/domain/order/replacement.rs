//! The replacement leg of an order that was asked for, where goods are what was asked for (exchange, reship): pieces that
//! may be replaced by now are wanted, reserved, picked, shipped and delivered, or sent again (R-FUL-05).
//! Invariant: a piece is under way in one attempt at a time, and never replaced and paid for; nothing is reserved before
//! the customer has paid what it costs more. No one alone has money paid that no rule grants, nor a payment back that he
//! recorded himself.
use jiff::Timestamp;
use kernel::{
    approval::independent,
    money::Money,
    promise::{Cause, Command as Note, Fact, Reason, State as Standing},
    returns::Kind,
};
use uuid::Uuid;

pub use super::attempt::{Difference, Offer, Outcome, Parcel, Replacement, ReplacementState};
use super::{
    Rejection,
    line::{Line, Wanted},
    money::{self, Payout, PayoutState, Source},
    request::{Event as Told, Request},
    returning::{self, Owed},
};

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Reserve,
    ReportOutOfStock,
    Offer(Wanted),
    /// The customer's word on it.
    Answer {
        agreed: bool,
    },
    Pick,
    Ship(Parcel),
    Arrive(Outcome),
    PayDifference {
        reference: String,
        amount: Money,
        /// The payment provider took it.
        by_provider: bool,
        /// The place of the till that did; empty for where the order was dealt with last.
        place: String,
    },
    TakeMoney,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A new attempt; undecided where there were as many as may be.
    Wanted(Box<Replacement>),
    /// `parcel` where it was shipped.
    Moved {
        id: Uuid,
        state: ReplacementState,
        parcel: Option<Parcel>,
        by: String,
        at: Timestamp,
    },
    Offered {
        id: Uuid,
        article: Wanted,
        by: String,
        at: Timestamp,
    },
    Answered {
        id: Uuid,
        agreed: bool,
        by: String,
        at: Timestamp,
    },
    DifferencePaid {
        id: Uuid,
        difference: Difference,
    },
}

impl Event {
    /// The attempt it is about.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Wanted(new) => new.id,
            Self::Moved { id, .. }
            | Self::Offered { id, .. }
            | Self::Answered { id, .. }
            | Self::DifferencePaid { id, .. } => *id,
        }
    }

    /// Who told it; a new attempt follows by itself.
    fn by(&self) -> Option<&str> {
        match self {
            Self::Wanted(_) => None,
            Self::Moved { by, .. } | Self::Offered { by, .. } | Self::Answered { by, .. } => Some(by),
            Self::DifferencePaid { difference, .. } => Some(&difference.by),
        }
    }
}

impl Request {
    /// The attempt with this id.
    pub fn replacement(&self, id: Uuid) -> Option<&Replacement> {
        self.replacements.iter().find(|one| one.id == id)
    }

    /// Whether goods are what was asked for.
    pub(super) fn replaces(&self) -> bool {
        matches!(self.kind, Kind::Exchange | Kind::Reship)
    }

    /// Pieces of a line that are replaced, under way to it, or paid for instead.
    pub(super) fn replaced(&self, line_no: u32) -> u32 {
        let counted = self.replacements.iter().filter(|one| one.line_no == line_no && !one.state.is_past());
        counted.map(|one| one.quantity).sum()
    }

    /// What was told before decides to nothing; what cannot be is refused, so that it is seen.
    pub(super) fn decide_replacement(
        &self,
        id: Uuid,
        by: &str,
        command: Command,
        at: Timestamp,
    ) -> Result<Vec<Told>, Rejection> {
        let one = self.replacement(id).ok_or(Rejection::NoSuchReplacement)?;
        if self.cancelled.is_some() {
            return Err(Rejection::NotNow);
        }
        let events = self.decide_attempt(one, by.to_owned(), command, at)?;
        let mut next = self.clone();
        events.iter().for_each(|event| next.apply(event));
        let returned = next.exchange_claims().iter().any(|claim| claim.source == Source::Difference { of: one.of });
        if returned && self.has_recorded(one.of, by) { Err(Rejection::OwnPayment) } else { Ok(events) }
    }

    /// Whether this person says that the customer paid for these pieces.
    pub(super) fn has_recorded(&self, of: Uuid, by: &str) -> bool {
        self.payments(of).any(|paid| !independent(&paid.by, by))
    }

    fn decide_attempt(
        &self,
        one: &Replacement,
        by: String,
        command: Command,
        at: Timestamp,
    ) -> Result<Vec<Told>, Rejection> {
        use {Command as C, ReplacementState as S};
        let id = one.id;
        let moved = |state, parcel| vec![Event::Moved { id, state, parcel, by: by.clone(), at }];
        let events = match (command, one.state) {
            (C::Reserve, S::Wanted) => {
                self.may_be_reserved(one)?;
                moved(S::Reserved, None)
            }
            (C::Reserve, state) if state.is_set_aside() => vec![],
            (C::Pick, S::Reserved) => moved(S::Picked, None),
            (C::Pick, state) if state.is_set_aside() => vec![],
            (C::ReportOutOfStock, S::Wanted | S::Reserved) => moved(S::OutOfStock, None),
            (C::ReportOutOfStock, S::OutOfStock) | (C::TakeMoney, S::MoneyInstead) => vec![],
            (C::Offer(article), S::OutOfStock | S::Declined | S::Undecided) => {
                let line = self.line(one.line_no).ok_or(Rejection::NoSuchLine)?;
                self.may_go_out(line, &article, self.stake(one.of).is_some())?;
                vec![Event::Offered { id, article, by, at }]
            }
            (C::Offer(article), S::Offered) if one.offer.as_ref().is_some_and(|offer| offer.article == article) => {
                vec![]
            }
            (C::Answer { agreed }, S::Offered) => vec![Event::Answered { id, agreed, by, at }],
            (C::Answer { agreed }, _) if one.offer.as_ref().is_some_and(|offer| offer.agreed == Some(agreed)) => vec![],
            (C::Ship(parcel), S::Picked) => moved(S::Shipped, Some(parcel)),
            (C::Ship(parcel), _) if one.parcel.as_ref() == Some(&parcel) => vec![],
            (C::Arrive(outcome), S::Shipped) => {
                let again = outcome.state().is_past().then(|| self.again(one, &by, at));
                moved(outcome.state(), None).into_iter().chain(again).collect()
            }
            (C::Arrive(outcome), state) if state == outcome.state() => vec![],
            (C::PayDifference { reference, amount, by_provider, place }, _) => {
                let place = self.place_of_till(by_provider, place);
                self.pay_difference(one, Difference { reference, amount, at, by, by_provider, place })?
            }
            (C::TakeMoney, _) if self.may_take_money(one) => {
                self.may_let_money_go(one, &by)?;
                let mut taken: Vec<_> = moved(S::MoneyInstead, None).into_iter().map(Told::Replacement).collect();
                taken.extend(self.refused_exchange(one.of).map(Told::Money));
                return Ok(taken);
            }
            _ => return Err(Rejection::NotNow),
        };
        Ok(events.into_iter().map(Told::Replacement).collect())
    }

    /// The money of the pieces is held, and nothing is still to pay.
    fn may_be_reserved(&self, one: &Replacement) -> Result<(), Rejection> {
        match self.difference_due(one) {
            Some(_) => Err(Rejection::DifferenceDue),
            None if one.article.price.is_some() && self.stake(one.of).is_none() => Err(Rejection::NotNow),
            None => Ok(()),
        }
    }

    /// The article cannot be had, does not reach him, or costs more than he wants to pay.
    pub(super) fn may_take_money(&self, one: &Replacement) -> bool {
        use ReplacementState as S;
        match one.state {
            S::OutOfStock | S::Declined | S::Undecided => true,
            S::Wanted => self.difference_due(one).is_some(),
            _ => false,
        }
    }

    /// Money that no rule grants is taken by somebody who had no hand in it; of no purchase there is none to take.
    fn may_let_money_go(&self, one: &Replacement, by: &str) -> Result<(), Rejection> {
        if self.agreed {
            return Err(Rejection::NotAsAgreed);
        }
        if self.line(one.line_no).is_none_or(|line| line.bought.is_none()) {
            return Err(Rejection::NothingPaid);
        }
        let granted = self.line(one.line_no).is_some_and(Line::grants_money);
        let own = one.hands.iter().chain([&self.by]).any(|hand| !independent(hand, by));
        if own && !granted { Err(Rejection::MoneyNotGranted) } else { Ok(()) }
    }

    /// The claim of an exchange that the purchase refused is given up, for the pieces are claimed as money.
    fn refused_exchange(&self, of: Uuid) -> Option<money::Event> {
        let refused = |payout: &&Payout| {
            payout.source == Source::Exchange { of } && matches!(payout.state, PayoutState::Refused { .. })
        };
        self.payouts
            .iter()
            .find(refused)
            .map(|payout| money::Event::Repeated { claim_id: payout.claim_id, by_hand: false })
    }

    /// Exactly what is due, once. Who took it is not told otherwise later: it says by whom it goes back.
    fn pay_difference(&self, one: &Replacement, paid: Difference) -> Result<Vec<Event>, Rejection> {
        let amount = paid.amount;
        let known = self.payments(one.of).find(|known| known.reference == paid.reference);
        match (known, self.difference_due(one)) {
            (Some(known), _) if known.amount == amount && known.by_provider == paid.by_provider => Ok(vec![]),
            (_, Some(due)) if due.currency != amount.currency => Err(Rejection::OtherCurrency),
            (None, Some(due)) if due == amount => Ok(vec![Event::DifferencePaid { id: one.id, difference: paid }]),
            _ => Err(Rejection::OtherDifference),
        }
    }

    /// The same pieces under another id; the old attempt stays what it was.
    fn again(&self, one: &Replacement, by: &str, since: Timestamp) -> Event {
        let more = one.attempt < self.terms.replace_attempts;
        let state = if more { ReplacementState::Wanted } else { ReplacementState::Undecided };
        let (id, attempt) = (self.attempt_id(self.replacements.len()), one.attempt + 1);
        let (offer, parcel, differences) = Default::default();
        let hands = one.hands.iter().cloned().chain([by.to_owned()]).collect();
        let one = one.clone();
        Event::Wanted(Box::new(Replacement { id, attempt, offer, parcel, differences, hands, state, since, ..one }))
    }

    fn attempt_id(&self, number: usize) -> Uuid {
        kernel::id::derived("replacement", &[&self.order_id.to_string(), &number.to_string()])
    }

    /// Pieces that may be replaced by now and are not, by line.
    fn due_pieces(&self) -> impl Iterator<Item = (u32, &Line, u32)> {
        let open = self.replaces() && self.authorised_at.is_some() && self.cancelled.is_none();
        self.granted().filter(move |_| open).filter_map(|(line_no, line)| {
            let quantity = self.payable(line).saturating_sub(self.replaced(line_no));
            (quantity > 0).then_some((line_no, line, quantity))
        })
    }

    /// An attempt for each line of which pieces may be replaced by now and are not.
    pub(super) fn wants(&self, since: Timestamp) -> Vec<Event> {
        let attempt = |(number, (line_no, line, quantity)): (usize, (u32, &Line, u32))| {
            let id = self.attempt_id(number);
            let same = || Wanted { product_id: line.product_id.clone(), price: None };
            let article = line.wanted.clone().unwrap_or_else(same);
            let state = ReplacementState::Wanted;
            let (offer, parcel, differences, hands) = Default::default();
            let (of, attempt) = (id, 1);
            Replacement { id, of, attempt, line_no, quantity, article, offer, parcel, differences, hands, state, since }
        };
        let attempts = (self.replacements.len()..).zip(self.due_pieces()).map(attempt);
        attempts.map(|new| Event::Wanted(Box::new(new))).collect()
    }

    pub(super) fn apply_replacement(&mut self, event: &Event) {
        if let Event::Wanted(new) = event {
            return self.replacements.push(Replacement::clone(new));
        }
        let Some(one) = self.replacements.iter_mut().find(|one| one.id == event.id()) else { return };
        one.hands.extend(event.by().map(str::to_owned));
        match event {
            Event::Wanted(_) => {}
            Event::Moved { state, parcel, at, .. } => {
                (one.state, one.since) = (*state, *at);
                one.parcel = parcel.clone().or(one.parcel.take());
            }
            Event::Offered { article, at, .. } => {
                one.offer = Some(Offer { article: article.clone(), agreed: None });
                (one.state, one.since) = (ReplacementState::Offered, *at);
            }
            Event::Answered { agreed, at, .. } => {
                let state = if *agreed { ReplacementState::Wanted } else { ReplacementState::Declined };
                (one.state, one.since) = (state, *at);
                let Some(offer) = &mut one.offer else { return };
                offer.agreed = Some(*agreed);
                if *agreed {
                    one.article = offer.article.clone();
                }
            }
            Event::DifferencePaid { difference, .. } => one.differences.push(difference.clone()),
        }
    }

    /// The promise to send goods out: from when pieces may be replaced until all of them were shipped. It does not count
    /// while the customer alone is waited for.
    pub(super) fn reship_term(&self, events: &[Told], at: Timestamp) -> Vec<returning::Event> {
        let term = self.promises.last(Owed::ReshipTerm).map(|term| &term.standing);
        let stands = term.filter(|standing| standing.end.is_none()).map(|standing| standing.state);
        let owed = || self.replacements.iter().filter(|one| one.state.is_owed() && self.cancelled.is_none());
        let waits = owed().all(|one| one.state == ReplacementState::Offered || self.difference_due(one).is_some());
        let is_shipped =
            |event: &Told| matches!(event, Told::Replacement(Event::Moved { state: ReplacementState::Shipped, .. }));
        let fact = match (stands, owed().next()) {
            (None, Some(_)) => return self.promise(Owed::ReshipTerm, at).into_iter().collect(),
            (Some(_), None) if events.iter().any(is_shipped) => Fact::Satisfied { at },
            (Some(_), None) => Fact::Cancelled { at, cause: Cause::Resolved },
            (Some(Standing::Running), Some(one)) if waits => {
                Fact::Paused { at, reason: Reason::WaitingCustomer, evidence: one.id.to_string() }
            }
            (Some(Standing::Paused), Some(_)) if !waits => Fact::Resumed { at },
            _ => return vec![],
        };
        self.promised(|kind| kind == Owed::ReshipTerm, &Note::Note(fact), at)
    }

    /// Every piece that may be replaced was delivered, or paid for instead.
    pub(super) fn replacement_is_done(&self) -> bool {
        self.due_pieces().next().is_none()
            && self.replacements.iter().all(|one| one.state.is_over() && !self.pays_nobody(one))
            && self.is_paid()
    }

    /// Money was taken instead, as it could be once, of an article of no purchase: nothing pays it, and people end the order.
    pub(super) fn pays_nobody(&self, one: &Replacement) -> bool {
        let unbought = self.line(one.line_no).is_none_or(|line| line.bought.is_none());
        one.state == ReplacementState::MoneyInstead && unbought
    }
}

#[cfg(test)]
#[path = "replacement_tests.rs"]
pub(super) mod tests;
