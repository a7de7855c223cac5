//! What a compensation means for its order, and what follows from it for the budget and the refund that pays it.
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        super::{
            Consequence,
            budget::{self, Reservation},
            refund, refund_id,
        },
        Rejection, State,
        money::News,
        portion,
        request::{Event as Told, Request},
    },
    Compensation, Event, Stage, Step,
};

impl Request {
    fn compensation_claim(&self, number: u32) -> Uuid {
        kernel::id::derived("compensation", &[&self.order_id.to_string(), &number.to_string()])
    }

    /// The claim on money that pays it, once there is one: also one that failed.
    pub fn compensation_claimed(&self) -> Option<Uuid> {
        let one = self.compensation.as_ref()?;
        one.claims.checked_sub(1).map(|number| self.compensation_claim(number))
    }

    /// Approved with the request where nobody else need be asked, unless the policy says no.
    pub(in super::super) fn gives_at_once(&self, at: Timestamp) -> Option<Told> {
        let one = self.compensation.as_ref().filter(|_| self.state() != State::Ineligible)?;
        one.begin(at).map(Told::Compensation)
    }

    pub(in super::super) fn decide_compensation(
        &self,
        step: Step,
        by: String,
        at: Timestamp,
    ) -> Result<Vec<Told>, Rejection> {
        let one = self.compensation.as_ref().ok_or(Rejection::NoCompensation)?;
        let unconfirmed = matches!(step, Step::Issue { .. }) && self.authorised_at.is_none();
        let over = self.cancelled.is_some() || self.state() == State::Ineligible;
        if over || unconfirmed {
            return Err(Rejection::NotNow);
        }
        let events: Vec<Told> = one.decide(step, by, &self.by, at)?.into_iter().map(Told::Compensation).collect();
        let mut next = self.clone();
        events.iter().for_each(|event| next.apply(event));
        let granted = self.confirmed_at.is_some() && self.authorised_at.is_none() && next.state() == State::Eligible;
        let authorised = granted.then(|| next.authorise(at, true));
        Ok(events.into_iter().chain(authorised).collect())
    }

    /// News of its money; nothing where the claim is none of its.
    pub(in super::super) fn compensation_news(
        &self,
        claim_id: Uuid,
        news: &News,
        at: Timestamp,
    ) -> Option<Result<Vec<Event>, Rejection>> {
        let one = self.compensation.as_ref()?;
        let mine = (0..one.claims).rev().find(|number| self.compensation_claim(*number) == claim_id)?;
        let newest = mine + 1 == one.claims;
        Some(match (news, &one.stage) {
            (News::Pay, Stage::Paying) if newest => Ok(vec![Event::Paid { claim_id, at }]),
            (News::Fail { code }, Stage::Paying) if newest => {
                Ok(vec![Event::Failed { claim_id, code: code.clone(), at }])
            }
            (News::Repeat, Stage::Failed { .. }) if newest && self.cancelled.is_none() => {
                Ok(vec![Event::Repeated { claim_id, by_hand: one.doubted, at }])
            }
            (News::Portion(portion::News::Repeat { by_hand: true }), Stage::Failed { .. })
                if newest && self.cancelled.is_none() =>
            {
                Ok(vec![Event::Repeated { claim_id, by_hand: true, at }])
            }
            (News::Doubt { differs }, Stage::Failed { .. } | Stage::Paying)
                if !one.doubted || one.by_hand || one.differs != *differs =>
            {
                Ok(vec![Event::Doubted { claim_id, differs: *differs }])
            }
            (News::Repeat | News::Portion(_), _) if newest => Err(Rejection::NotNow),
            _ => Ok(vec![]),
        })
    }

    /// Nobody approved in time.
    pub(in super::super) fn look_at_compensation(&self, at: Timestamp) -> Vec<Told> {
        let due = self.compensation.as_ref().and_then(Compensation::approval_due);
        let over = due.is_some_and(|due| due <= at) && self.state() == State::InReview;
        if over { vec![Told::Compensation(Event::HeldBack { at })] } else { vec![] }
    }

    /// Cash that the provider pays leaves as soon as it may.
    pub(in super::super) fn queues(&self, at: Timestamp) -> Option<Event> {
        let one = self.compensation.as_ref().filter(|one| one.stage == Stage::Approved)?;
        let open = self.authorised_at.is_some() && self.cancelled.is_none() && one.by_provider().is_some();
        open.then(|| Event::Queued { claim_id: self.compensation_claim(one.claims), at })
    }

    pub(in super::super) fn apply_compensation(&mut self, event: &Event) {
        self.compensation.iter_mut().for_each(|one| one.apply(event));
    }

    /// The provider will not pay it and has not taken that back, so that nothing of it is under way.
    pub(in super::super) fn compensation_failed(&self) -> bool {
        self.compensation.as_ref().is_some_and(|one| matches!(one.stage, Stage::Failed { .. }) && !one.doubted)
    }

    /// Where the order stands by it.
    pub(in super::super) fn state_of(&self, one: &Compensation) -> State {
        match one.stage {
            Stage::Asked | Stage::HeldBack => State::InReview,
            Stage::Refused { .. } => State::Ineligible,
            Stage::Approved if self.authorised_at.is_none() => State::Eligible,
            Stage::Approved => State::Authorised,
            Stage::Paying | Stage::Failed { .. } | Stage::Issued => State::InProgress,
            Stage::Given => State::Completed { refund_id: None },
        }
    }

    /// What an event means for its budget and its refund.
    pub(in super::super) fn compensation_consequences(&self, event: &Told) -> Vec<Consequence> {
        let Some(one) = &self.compensation else { return vec![] };
        let order_id = self.order_id;
        let held = one.reservation.as_ref().map(|held| held.budget.id());
        let tell = |command| held.map(|id| Consequence::Budget(id, command)).into_iter().collect();
        match event {
            Told::Compensation(Event::Approved { reservation, .. }) => {
                let reserve = |of: &Reservation| {
                    Consequence::Budget(of.budget.id(), budget::Command::Reserve { order_id, of: of.clone() })
                };
                reservation.as_ref().map(reserve).into_iter().collect()
            }
            Told::Compensation(Event::Issued(_) | Event::Paid { .. }) => tell(budget::Command::Spend { order_id }),
            Told::Compensation(Event::Queued { claim_id, .. }) => {
                self.pay(*claim_id, one).into_iter().chain(self.doubt(one)).collect()
            }
            Told::Compensation(Event::Doubted { .. }) => self.doubt(one).into_iter().collect(),
            Told::Cancelled(_) if matches!(one.stage, Stage::Asked | Stage::HeldBack) => vec![],
            Told::Cancelled(_) => tell(budget::Command::Release { order_id }),
            _ => vec![],
        }
    }

    /// What people are to pay they do not before they know what became of the payment before.
    fn doubt(&self, one: &Compensation) -> Option<Consequence> {
        let waits = one.doubted && one.by_hand && one.stage == Stage::Paying;
        let claim_id = self.compensation_claimed().filter(|_| waits)?;
        Some(Consequence::Refund(refund_id(claim_id), refund::Command::Doubt { differs: one.differs }))
    }

    fn pay(&self, claim_id: Uuid, one: &Compensation) -> Option<Consequence> {
        let (purchase_id, amount) = one.by_provider()?;
        let claim = refund::Facts::of_claim(claim_id, self.order_id, purchase_id, amount);
        let facts = refund::Facts { compensation: true, by_hand: one.by_hand, ..claim };
        Some(Consequence::Refund(facts.refund_id, refund::Command::Queue(facts)))
    }
}
