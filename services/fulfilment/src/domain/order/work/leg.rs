//! The work in its order: which line may be worked on, what it means for the goods, and by when what is here is repaired.
//! Invariant: pieces that are repaired, or something else but money is agreed for, are the customer's again and never paid
//! for; only where a refund was agreed they are ours, and no one alone agrees to one that no rule grants.
use jiff::Timestamp;
use kernel::{
    approval::independent,
    promise::{Cause, Command as Note, Fact, Reason},
    returns::Kind,
};

use super::{
    super::{
        super::{
            Consequence,
            account::{self, Units},
            technician::{self, technician_id},
        },
        Rejection,
        goods::Goods,
        request::{Event as Told, Line, Request, Review, Verdict},
        returning::{self, Owed, Pieces},
    },
    AlternativeKind, Event, Registration, Satisfaction, Stage, Step, Work,
};

impl Request {
    /// What follows from a step of the work at a line. Before the order is authorised it is only registered.
    pub(in super::super) fn decide_work(
        &self,
        line_no: u32,
        by: &str,
        step: Step,
        at: Timestamp,
    ) -> Result<Vec<Told>, Rejection> {
        if self.kind != Kind::Repair {
            return Err(Rejection::NoRepair);
        }
        let line = self.line(line_no).filter(|line| self.verdict(line) != Verdict::Ineligible);
        let line = line.ok_or(Rejection::NoSuchLine)?;
        let events = match (&line.work, step) {
            (None, Step::Register(told)) => {
                vec![Event::Registered(Registration { by: by.to_owned(), at, ..*told })]
            }
            (None, _) => return Err(Rejection::NotRegistered),
            (Some(_), Step::Offer(AlternativeKind::Refund)) if line.bought.is_none() => {
                return Err(Rejection::NothingPaid);
            }
            (Some(_), Step::Offer(kind)) if self.agreed && kind != AlternativeKind::ReturnUnrepaired => {
                return Err(Rejection::NotAsAgreed);
            }
            (Some(_), step) if self.authorised_at.is_none() && !matches!(step, Step::Register(_)) => {
                return Err(Rejection::NotNow);
            }
            (Some(_), Step::AnswerOffer { number, agreed: true })
                if line.unapproved().is_some_and(|offer| offer.number == number) =>
            {
                return Err(Rejection::MoneyNotGranted);
            }
            (Some(work), Step::HandOver { payment, by_provider, place }) => {
                let place = self.place_of_till(by_provider, place);
                work.decide(Step::HandOver { payment, by_provider, place }, by, at, &self.terms.repair)?
            }
            (Some(work), step) => work.decide(step, by, at, &self.terms.repair)?,
        };
        Ok(events.into_iter().map(|event| Told::Work { line_no, event: Box::new(event) }).collect())
    }

    /// Money that is offered instead of repairs and that no rule grants is approved, or not, by somebody who had no hand in
    /// them.
    pub(in super::super) fn review_alternatives(&self, review: &Review) -> Result<Vec<Told>, Rejection> {
        let mut events = vec![];
        for ((line_no, work), line) in self.works().filter_map(|one| Some((one, self.line(one.0)?))) {
            let Some(offer) = line.unapproved().filter(|offer| offer.approval.is_none()) else { continue };
            let diagnosed = work.diagnosis.as_ref().map(|found| &found.by);
            let mut hands = [&self.by, &work.registration.by, &offer.by].into_iter().chain(diagnosed);
            if hands.any(|hand| !independent(hand, &review.by)) {
                return Err(Rejection::OwnRequest);
            }
            let event = Box::new(Event::AlternativeReviewed { number: offer.number, review: review.clone() });
            events.push(Told::Work { line_no, event });
        }
        if events.is_empty() { Err(Rejection::NotNow) } else { Ok(events) }
    }

    /// What time does to quotes, and to customers who do not say whether they are satisfied.
    pub(in super::super) fn look_at_work(&self, at: Timestamp) -> Vec<Told> {
        let told = |(line_no, work): (u32, &Work)| {
            let event = Box::new(work.look(at, &self.terms.repair)?);
            Some(Told::Work { line_no, event })
        };
        self.works().filter(|_| self.cancelled.is_none()).filter_map(told).collect()
    }

    /// When to look at it next.
    pub fn work_due(&self) -> Option<Timestamp> {
        let works = self.works().filter(|_| self.cancelled.is_none());
        works.filter_map(|(_, work)| work.due(&self.terms.repair)).min()
    }

    /// The work at lines that were registered, by their numbers.
    pub fn works(&self) -> impl Iterator<Item = (u32, &Work)> {
        (1..).zip(&self.lines).filter_map(|(line_no, line)| Some((line_no, line.work.as_ref()?)))
    }

    pub(in super::super) fn apply_work(&mut self, line_no: u32, event: &Event) {
        let place = usize::try_from(line_no).unwrap_or_default().wrapping_sub(1);
        let Some(line) = self.lines.get_mut(place) else { return };
        if let Event::Registered(registration) = event {
            line.work = Some(Work::new(registration.clone()));
        }
        let Some(work) = &mut line.work else { return };
        work.apply(event);
        let moved = |goods: Goods| match (event, work.stage) {
            (Event::HandedOver(_), _) => goods.hand_back(),
            (Event::SatisfactionChecked { answer: Satisfaction::Unsatisfied, .. }, _) => goods.ask_back_again(),
            (Event::AlternativeAnswered { .. }, Stage::Refund) => goods.keep(),
            (Event::AlternativeAnswered { .. }, stage) if stage.is_end() => goods.hand_back().lapse(),
            _ => goods,
        };
        line.leg.iter_mut().for_each(|leg| leg.goods = moved(leg.goods));
    }

    /// What is registered goes on once its article is here, or need not come.
    pub(in super::super) fn receive_work(&mut self) {
        let granted: Vec<bool> = self.lines.iter().map(|line| self.verdict(line) == Verdict::Eligible).collect();
        let open = self.authorised_at.is_some();
        let lines = self.lines.iter_mut().zip(granted).filter(|(_, granted)| open && *granted);
        for (line, _) in lines {
            let Some(work) = line.work.as_mut().filter(|work| work.stage == Stage::Registered) else { continue };
            work.stage = match line.leg.as_ref().map(|leg| leg.goods) {
                Some(goods) if goods.awaiting() > 0 => Stage::Registered,
                Some(goods) if goods.received() == 0 => Stage::GoodsLapsed,
                Some(_) | None => Stage::Received,
            };
        }
    }

    /// What an article is repaired for is found by a diagnosis, not by an inspection, unless it stays with us.
    pub(in super::super) fn is_diagnosed(&self, line_no: u32) -> bool {
        self.kind == Kind::Repair && self.line(line_no).is_some_and(|line| !Self::is_refunded(line))
    }

    /// Whether money was agreed instead of the repair of a line.
    pub(in super::super) fn is_refunded(line: &Line) -> bool {
        line.work.as_ref().is_some_and(|work| work.stage == Stage::Refund)
    }

    /// Work was begun, or is to be done again.
    pub(in super::super) fn is_worked_on(&self) -> bool {
        self.works().any(|(_, work)| work.stage != Stage::Registered || work.reworks > 0)
    }

    /// Nothing follows any more for what was granted, and what was agreed is paid.
    pub(in super::super) fn work_is_done(&self) -> bool {
        let never_came = |line: &Line| line.leg.as_ref().is_some_and(|leg| leg.goods.lapsed() == line.quantity);
        let ended = |line: &Line| line.work.as_ref().map_or(never_came(line), |work| work.stage.is_end());
        self.is_paid() && self.granted().all(|(_, line)| ended(line))
    }

    /// All that was granted was repaired.
    pub(in super::super) fn is_repaired(&self) -> bool {
        let repaired = |work: &Work| work.stage == Stage::SatisfactionChecked;
        self.granted().all(|(_, line)| line.work.as_ref().is_some_and(repaired))
    }

    /// None: nothing that is here is still to be repaired. Otherwise whether all of it waits for the customer.
    fn repair_owed(&self) -> Option<bool> {
        let open = self.kind == Kind::Repair && self.authorised_at.is_some() && self.cancelled.is_none();
        let here = |line: &Line| {
            line.leg.as_ref().is_none_or(|leg| leg.goods.received() > leg.goods.handed_back() + leg.goods.rejected())
        };
        let owed = |line: &Line| here(line) && line.work.as_ref().is_none_or(Work::is_owed);
        let mut lines = self.granted().filter(|(_, line)| open && owed(line)).peekable();
        lines.peek()?;
        let waits =
            |line: &Line| line.work.as_ref().is_some_and(Work::waits_for_customer) && line.unapproved().is_none();
        Some(lines.all(|(_, line)| waits(line)))
    }

    /// The repair is promised from when the first article is here and something can be done with it until none is left to
    /// be repaired; the time in which all of it waits for the customer does not count.
    pub(in super::super) fn repair_term(&self, before: &Self, at: Timestamp) -> Vec<returning::Event> {
        let promised = self.promises.last(Owed::RepairTerm).is_some_and(|term| term.standing.end.is_none());
        let note = |fact| self.promised(|kind| kind == Owed::RepairTerm, &Note::Note(fact), at);
        let waited = before.repair_owed() == Some(true);
        let done = |work: &Work| matches!(work.stage, Stage::Repaired | Stage::HandedOver | Stage::SatisfactionChecked);
        match (self.repair_owed(), promised) {
            (Some(false), false) => self.promise(Owed::RepairTerm, at).into_iter().collect(),
            (Some(true), true) if !waited => {
                let (reason, evidence) = (Reason::WaitingCustomer, self.order_id.to_string());
                note(Fact::Paused { at, reason, evidence })
            }
            (Some(false), true) if waited => note(Fact::Resumed { at }),
            (None, true) if self.works().any(|(_, work)| done(work)) => note(Fact::Satisfied { at }),
            (None, true) => note(Fact::Cancelled { at, cause: Cause::Closed }),
            (Some(_), _) | (None, false) => vec![],
        }
    }

    /// Who is to do the work must be able to; pieces are free again with the end of the work, unless they are paid for.
    pub(in super::super) fn work_consequences(&self, line_no: u32, event: &Event) -> Vec<Consequence> {
        let Some(line) = self.line(line_no) else { return vec![] };
        if let Event::Assigned { technician, skill } = event {
            let take_on = technician::Command::TakeOn { skill: skill.clone() };
            return vec![Consequence::Technician(technician_id(technician), take_on)];
        }
        if let Event::HandedOver(paid) = event {
            return self.fee_taken(line, paid).into_iter().collect();
        }
        let ends = matches!(event, Event::SatisfactionChecked { .. } | Event::AlternativeAnswered { .. });
        let stage = line.work.as_ref().map(|work| work.stage);
        if !ends || !stage.is_some_and(|stage| stage.is_end() && stage != Stage::Refund) {
            return vec![];
        }
        let order_id = self.order_id;
        let give_back = |units: Vec<Units>| account::Command::GiveBack { order_id, units };
        self.tell(&Pieces::from([(line_no, line.quantity)]), give_back)
    }
}
