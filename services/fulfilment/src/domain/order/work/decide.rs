//! What follows for the work at a line, and how it is taken in.
use jiff::{SignedDuration, Timestamp};
use kernel::{money::Money, returns::Bearer};

use super::{
    super::{Rejection, goods::Word},
    Alternative, Diagnosis, Event, Feasibility, HandOver, Item, Quote, Registration, RepairTerms, Satisfaction, Stage,
    Step, Test, Work,
};

impl Work {
    /// What follows from a step of `by`.
    pub(super) fn decide(
        &self,
        step: Step,
        by: &str,
        at: Timestamp,
        terms: &RepairTerms,
    ) -> Result<Vec<Event>, Rejection> {
        use Stage as S;
        let by = by.to_owned();
        let again = self.reworks > 0;
        match (step, self.stage) {
            (Step::Register(told), _) => self.register_again(&told),
            (Step::Diagnose(found), S::Received) => Ok(vec![Event::Diagnosed(Diagnosis { by, at, ..*found })]),
            // What it turns out to be while it is worked on.
            (Step::Diagnose(found), S::Consented | S::PartsWaiting | S::InRepair) if !found.repairable => {
                Ok(vec![Event::Diagnosed(Diagnosis { by, at, ..*found })])
            }
            (
                Step::Quote { items },
                S::Diagnosed | S::Quoted | S::Consented | S::PartsWaiting | S::InRepair | S::Declined | S::QuoteExpired,
            ) => self.calculate(items, by, at, terms),
            (Step::AnswerQuote { version, agreed }, S::Quoted) => self.answer_quote(version, Word { agreed, at }),
            (Step::Assign { technician }, S::Diagnosed | S::Quoted | S::Consented | S::PartsWaiting | S::InRepair) => {
                self.assign(technician)
            }
            (Step::Assign { technician }, S::Received) if again => self.assign(technician),
            (Step::AwaitParts, S::Quoted | S::Consented | S::InRepair) => self.work(Event::PartsAwaited),
            (Step::PartsArrived, S::PartsWaiting) => Ok(vec![Event::PartsArrived]),
            (Step::Start, S::Quoted | S::Consented) => self.work(Event::Started),
            (Step::Start, S::Received) if again => self.work(Event::Started),
            (Step::Test { passed }, S::InRepair) => {
                let repaired = passed.then_some(Event::Repaired);
                Ok([Event::Tested(Test { passed, by, at })].into_iter().chain(repaired).collect())
            }
            (Step::HandOver { payment, by_provider, place }, S::Repaired) => match (self.fee_due(), payment) {
                (Some(_), None) => Err(Rejection::NotPaid),
                (due, payment) => {
                    // What was paid for the first time stays on record.
                    let before = self.handed_over.as_ref().filter(|_| due.is_none());
                    let by_provider = before.map_or(by_provider && payment.is_some(), |paid| paid.by_provider);
                    let place = before.map_or(place, |paid| paid.place.clone());
                    let payment = payment.filter(|_| due.is_some()).or(self.payment().map(str::to_owned));
                    Ok(vec![Event::HandedOver(HandOver { by, at, payment, by_provider, place })])
                }
            },
            (Step::Satisfaction(answer), S::HandedOver) => Ok(vec![Event::SatisfactionChecked { answer, at }]),
            (Step::Offer(kind), _) if self.may_be_replaced() => {
                let number = number(self.alternatives.len());
                let (word, approval) = (None, None);
                Ok(vec![Event::AlternativeOffered(Alternative { number, kind, by, at, word, approval })])
            }
            (Step::AnswerOffer { number, agreed }, S::AlternativeOffered) => {
                self.answer_offer(number, Word { agreed, at })
            }
            _ => Err(Rejection::NotNow),
        }
    }

    /// What time does: who says nothing is not waited for without end.
    pub(super) fn look(&self, at: Timestamp, terms: &RepairTerms) -> Option<Event> {
        self.due(terms).filter(|due| *due <= at)?;
        Some(match self.stage {
            Stage::Quoted => Event::QuoteExpired { version: self.quotes.last()?.version },
            _ => Event::SatisfactionChecked { answer: Satisfaction::NoAnswer, at },
        })
    }

    /// Said twice is said once.
    fn register_again(&self, told: &Registration) -> Result<Vec<Event>, Rejection> {
        let known = &self.registration;
        let of =
            |one: &Registration| (one.problem.clone(), one.description.clone(), one.feasibility, one.reason.clone());
        if of(told) == of(known) { Ok(vec![]) } else { Err(Rejection::RepairRegistered) }
    }

    /// What is worked on again is ours to pay.
    fn calculate(
        &self,
        items: Vec<Item>,
        by: String,
        at: Timestamp,
        terms: &RepairTerms,
    ) -> Result<Vec<Event>, Rejection> {
        let total = Quote::total(&items)?;
        let covered = self.diagnosis.as_ref().map_or(Bearer::Customer, |found| found.coverage.bearer);
        let bearer = if self.reworks > 0 { Bearer::Company } else { covered };
        let fee = if bearer == Bearer::Customer { total } else { Money::zero(total.currency) };
        let valid_for = Some(terms.quote_valid_for).filter(SignedDuration::is_positive);
        let mut quote = Quote {
            version: number(self.quotes.len()),
            items,
            total,
            bearer,
            fee,
            by,
            at,
            valid_until: None,
            word: None,
        };
        if self.needs_consent(&quote) {
            quote.valid_until = valid_for.map(|valid_for| kernel::calendar::add(at, valid_for));
        }
        Ok(vec![Event::Quoted(quote)])
    }

    /// The customer has not consented to so much.
    pub(super) fn needs_consent(&self, quote: &Quote) -> bool {
        let agreed = self.consented.and_then(|version| self.quote(version));
        quote.fee.minor > 0 && !agreed.is_some_and(|agreed| agreed.covers(quote))
    }

    fn answer_quote(&self, version: u32, word: Word) -> Result<Vec<Event>, Rejection> {
        match self.quotes.last() {
            Some(quote) if quote.version != version => Err(Rejection::OtherQuote),
            Some(quote) if quote.is_over(word.at) => Err(Rejection::QuoteExpired),
            _ => Ok(vec![Event::QuoteAnswered { version, word }]),
        }
    }

    fn assign(&self, technician: String) -> Result<Vec<Event>, Rejection> {
        let skill = self.diagnosis.as_ref().map(|found| found.skill.clone()).ok_or(Rejection::NotNow)?;
        let known = self.technician.as_ref() == Some(&technician);
        Ok(if known { vec![] } else { vec![Event::Assigned { technician, skill }] })
    }

    /// Work is done with the customer's consent where it costs him something, and by somebody (R-FUL-11, R-FUL-12).
    fn work(&self, event: Event) -> Result<Vec<Event>, Rejection> {
        match () {
            () if !self.is_covered() => Err(Rejection::NoConsent),
            () if self.technician.is_none() => Err(Rejection::NoTechnician),
            () => Ok(vec![event]),
        }
    }

    /// What the customer pays at the counter: what was quoted last, once.
    pub fn fee_due(&self) -> Option<Money> {
        self.quotes.last().map(|quote| quote.fee).filter(|fee| fee.minor > 0 && self.reworks == 0)
    }

    /// Of his payment for the repair, if there was one.
    pub fn payment(&self) -> Option<&str> {
        self.handed_over.as_ref()?.payment.as_deref()
    }

    /// What the customer paid for a repair that failed in the end: something else was agreed.
    pub fn fee_to_give_back(&self) -> Option<Money> {
        let failed =
            matches!(self.stage, Stage::Exchange | Stage::Refund | Stage::Compensation | Stage::ReturnUnrepaired);
        let paid = |quote: &&Quote| quote.fee.minor > 0 && quote.bearer == Bearer::Customer;
        let fee = self.quotes.iter().rfind(paid).map(|quote| quote.fee);
        fee.filter(|_| failed && self.payment().is_some())
    }

    /// It is not repaired, or is not expected to be.
    pub(in super::super) fn may_be_replaced(&self) -> bool {
        let infeasible = self.registration.feasibility == Feasibility::Infeasible && self.reworks == 0;
        match self.stage {
            Stage::Unrepairable | Stage::Declined | Stage::QuoteExpired | Stage::AlternativeOffered => true,
            Stage::Registered | Stage::Received => infeasible,
            _ => false,
        }
    }

    fn answer_offer(&self, number: u32, word: Word) -> Result<Vec<Event>, Rejection> {
        match self.alternatives.last() {
            Some(offer) if offer.number != number || offer.word.is_some() => Err(Rejection::OtherAlternative),
            _ => Ok(vec![Event::AlternativeAnswered { number, word }]),
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Registered(_) => {}
            Event::Diagnosed(found) => {
                self.stage = if found.repairable { Stage::Diagnosed } else { Stage::Unrepairable };
                (self.diagnosis, self.technician) = (Some(found.clone()), None);
            }
            Event::Quoted(quote) => {
                self.quotes.push(quote.clone());
                let goes_on = self.is_covered() && matches!(self.stage, Stage::PartsWaiting | Stage::InRepair);
                self.stage = if goes_on { self.stage } else { Stage::Quoted };
            }
            Event::QuoteAnswered { version, word } => {
                let quote = self.quotes.iter_mut().find(|quote| quote.version == *version);
                quote.into_iter().for_each(|quote| quote.word = Some(*word));
                self.consented = word.agreed.then_some(*version);
                self.stage = if word.agreed { Stage::Consented } else { Stage::Declined };
            }
            Event::QuoteExpired { .. } => (self.consented, self.stage) = (None, Stage::QuoteExpired),
            Event::Assigned { technician, .. } => self.technician = Some(technician.clone()),
            Event::PartsAwaited => self.stage = Stage::PartsWaiting,
            Event::PartsArrived | Event::Started => self.stage = Stage::InRepair,
            Event::Tested(test) => self.tests.push(test.clone()),
            Event::Repaired => self.stage = Stage::Repaired,
            Event::HandedOver(hand_over) => {
                (self.stage, self.handed_over) = (Stage::HandedOver, Some(hand_over.clone()));
            }
            Event::SatisfactionChecked { answer, at } => {
                self.satisfaction = Some(*answer);
                self.stage = Stage::SatisfactionChecked;
                if *answer == Satisfaction::Unsatisfied {
                    (self.stage, self.reopened_at) = (Stage::Registered, Some(*at));
                    self.reworks += 1;
                }
            }
            Event::AlternativeOffered(offer) => {
                self.alternatives.push(offer.clone());
                self.stage = Stage::AlternativeOffered;
            }
            Event::AlternativeReviewed { number, review } => {
                let offer = self.alternatives.iter_mut().find(|offer| offer.number == *number);
                offer.into_iter().for_each(|offer| offer.approval = Some(review.clone()));
            }
            Event::AlternativeAnswered { number, word } => {
                let Some(offer) = self.alternatives.iter_mut().find(|offer| offer.number == *number) else { return };
                offer.word = Some(*word);
                if word.agreed {
                    self.stage = offer.kind.agreed();
                }
            }
        }
    }
}

/// The next after so many.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}
