//! Repairs and who does them, between the contracts and the domain: their events, and what people are shown.
use backbone::{Aggregate, Fault, Published, proto};
use contracts::fulfilment::v1 as out;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{request::asked_from, to_money};
use crate::domain::{
    order::{
        request::Request,
        work::{AlternativeKind, Event, Item, Quote, Work},
    },
    technician::{self, Profile, Technician, technician_id},
    warranty::Coverage,
};

/// What others learn; `request` is the state after the event.
pub fn published(request: &Request, line_no: u32, event: &Event, shard: u8) -> Published {
    let order_id = request.order_id.to_string();
    let Some((_, work)) = request.works().find(|(number, _)| *number == line_no) else {
        return Published::of(&out::RepairRegistered { order_id, line_no, ..Default::default() }, shard);
    };
    match event {
        Event::Registered(told) => {
            let (problem, words_reference) = (told.problem.clone(), told.description.clone());
            let (feasibility, reason) = (told.feasibility.word().to_owned(), told.reason.clone());
            Published::of(
                &out::RepairRegistered { order_id, line_no, problem, words_reference, feasibility, reason },
                shard,
            )
        }
        Event::Diagnosed(found) => {
            let (repairable, cause, skill) = (found.repairable, found.cause.clone(), found.skill.clone());
            let warranty = Some(warranty(&found.coverage));
            Published::of(&out::RepairDiagnosed { order_id, line_no, repairable, cause, skill, warranty }, shard)
        }
        Event::Quoted(told) => {
            let (quote, needs_consent) = (Some(quote(told)), !work.is_covered());
            let (case_id, complaint_id) = asked_from(request);
            let customer_id = request.customer_id.to_string();
            Published::of(
                &out::RepairQuoted { order_id, line_no, quote, needs_consent, customer_id, case_id, complaint_id },
                shard,
            )
        }
        Event::QuoteAnswered { version, word } => {
            let (version, agreed) = (*version, word.agreed);
            Published::of(&out::RepairQuoteAnswered { order_id, line_no, version, agreed }, shard)
        }
        Event::QuoteExpired { version } => {
            Published::of(&out::RepairQuoteExpired { order_id, line_no, version: *version }, shard)
        }
        Event::Assigned { technician, skill } => {
            let (technician_id, skill) = (technician_id(technician).to_string(), skill.clone());
            Published::of(&out::RepairAssigned { order_id, line_no, technician_id, skill }, shard)
        }
        Event::PartsAwaited => Published::of(&out::RepairPartsAwaited { order_id, line_no }, shard),
        Event::PartsArrived => Published::of(&out::RepairPartsArrived { order_id, line_no }, shard),
        Event::Started => Published::of(&out::RepairStarted { order_id, line_no }, shard),
        Event::Tested(test) => Published::of(&out::RepairTested { order_id, line_no, passed: test.passed }, shard),
        Event::Repaired => Published::of(&repaired(request, line_no, work.reworks.saturating_add(1)), shard),
        Event::HandedOver(_) => {
            let fee = work.fee_due().and_then(to_money);
            let payment_reference = work.payment().unwrap_or_default().to_owned();
            Published::of(&out::RepairHandedOver { order_id, line_no, fee, payment_reference }, shard)
        }
        Event::SatisfactionChecked { answer, .. } => {
            let answer = answer.word().to_owned();
            Published::of(&out::RepairSatisfactionChecked { order_id, line_no, answer }, shard)
        }
        Event::AlternativeOffered(offer) => {
            let (number, alternative) = (offer.number, alternative(offer.kind));
            Published::of(&out::RepairAlternativeOffered { order_id, line_no, number, alternative }, shard)
        }
        Event::AlternativeReviewed { number, review } => {
            let (number, alternative, approved) = (*number, offered(work, *number), review.approved);
            let reason = review.reason.clone();
            let reviewed = out::RepairAlternativeReviewed { order_id, line_no, number, alternative, approved, reason };
            Published::of(&reviewed, shard).at(review.at)
        }
        Event::AlternativeAnswered { number, word } => {
            Published::of(&answered(order_id, line_no, work, (*number, word.agreed)), shard)
        }
    }
}

/// It works again, for this time; of an order that was asked for from a case or a complaint it is said from which.
fn repaired(request: &Request, line_no: u32, time: u32) -> out::OrderRepaired {
    let (case_id, complaint_id) = asked_from(request);
    out::OrderRepaired {
        order_id: request.order_id.to_string(),
        line_no,
        customer_id: request.customer_id.to_string(),
        time,
        case_id,
        complaint_id,
    }
}

/// The customer's word on an alternative, and what he is to get back of his payment with it.
fn answered(
    order_id: String,
    line_no: u32,
    work: &Work,
    (number, agreed): (u32, bool),
) -> out::RepairAlternativeAnswered {
    let (fee, payment) = (work.fee_to_give_back(), work.payment());
    out::RepairAlternativeAnswered {
        order_id,
        line_no,
        number,
        alternative: offered(work, number),
        agreed,
        fee_to_give_back: fee.and_then(to_money),
        payment_reference: fee.and(payment).unwrap_or_default().to_owned(),
    }
}

fn offered(work: &Work, number: u32) -> String {
    let offer = work.alternatives.iter().find(|offer| offer.number == number);
    offer.map(|offer| alternative(offer.kind)).unwrap_or_default()
}

fn alternative(kind: AlternativeKind) -> String {
    kind.agreed().word().to_owned()
}

/// Who bears the cost, with what it rests on.
fn warranty(coverage: &Coverage) -> out::WarrantyDecision {
    let Coverage { policy, rule, until, bearer, facts } = coverage;
    let day = |day: &Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    out::WarrantyDecision {
        policy_id: policy.id.clone(),
        policy_version: policy.version,
        rule: rule.clone().unwrap_or_default(),
        bearer: bearer.word().to_owned(),
        until: day(until),
        category: facts.category.clone().unwrap_or_default(),
        serial: facts.serial.clone(),
        batch: facts.batch.clone(),
        bought_on: day(&facts.bought_on),
        delivered_on: day(&facts.delivered_on),
        asked_on: facts.asked_on.to_string(),
        misuse: facts.misuse,
    }
}

fn quote(quote: &Quote) -> out::RepairQuote {
    let item = |item: &Item| out::RepairItem {
        kind: item.kind.word().to_owned(),
        code: item.code.clone(),
        quantity: item.quantity,
        unit_price: to_money(item.unit_price),
    };
    out::RepairQuote {
        version: quote.version,
        items: quote.items.iter().map(item).collect(),
        total: to_money(quote.total),
        bearer: quote.bearer.word().to_owned(),
        fee: to_money(quote.fee),
        quoted_at: Some(proto::timestamp(quote.at)),
        valid_until: quote.valid_until.map(proto::timestamp),
        agreed: quote.word.map(|word| word.agreed),
    }
}

/// The repairs of an order as people see them.
pub fn repair_views(request: &Request) -> Vec<out::RepairView> {
    request.works().map(|(line_no, work)| repair_view(request.order_id, line_no, work)).collect()
}

fn repair_view(order_id: Uuid, line_no: u32, work: &Work) -> out::RepairView {
    let told = &work.registration;
    let assessment = out::RepairAssessment {
        feasibility: told.feasibility.word().to_owned(),
        reason: told.reason.clone(),
        by: told.by.clone(),
        at: Some(proto::timestamp(told.at)),
    };
    let diagnosis = work.diagnosis.as_ref().map(|found| out::RepairDiagnosis {
        repairable: found.repairable,
        cause: found.cause.clone(),
        skill: found.skill.clone(),
        by: found.by.clone(),
        at: Some(proto::timestamp(found.at)),
        warranty: Some(warranty(&found.coverage)),
    });
    let tests = work.tests.iter().map(|test| out::RepairTestView {
        passed: test.passed,
        by: test.by.clone(),
        at: Some(proto::timestamp(test.at)),
    });
    let alternatives = work.alternatives.iter().map(|offer| out::RepairAlternativeView {
        number: offer.number,
        alternative: alternative(offer.kind),
        offered_at: Some(proto::timestamp(offer.at)),
        agreed: offer.word.map(|word| word.agreed),
        approved: offer.approval.as_ref().map(|approval| approval.approved),
    });
    let handed_over = work.handed_over.as_ref();
    out::RepairView {
        order_id: order_id.to_string(),
        line_no,
        status: work.stage.word().to_owned(),
        problem: told.problem.clone(),
        words_reference: told.description.clone(),
        assessment: Some(assessment),
        diagnosis,
        quotes: work.quotes.iter().map(quote).collect(),
        consented_version: work.consented.unwrap_or_default(),
        technician: work.technician.clone().unwrap_or_default(),
        tests: tests.collect(),
        handed_over_at: handed_over.map(|hand_over| proto::timestamp(hand_over.at)),
        payment_reference: work.payment().unwrap_or_default().to_owned(),
        reworks: work.reworks,
        satisfaction: work.satisfaction.map(|answer| answer.word().to_owned()).unwrap_or_default(),
        alternatives: alternatives.collect(),
        waits_for_customer: work.waits_for_customer(),
        fee_to_give_back: work.fee_to_give_back().and_then(to_money),
    }
}

impl Aggregate for Technician {
    const TABLE: &'static str = "technician";
    type Command = technician::Command;
    type Event = technician::Event;
    type Rejection = technician::Rejection;

    fn decide(
        &self,
        command: technician::Command,
        _now: Timestamp,
    ) -> Result<Vec<technician::Event>, technician::Rejection> {
        self.decide(command)
    }

    fn apply(&mut self, event: &technician::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &technician::Event, shard: u8) -> Published {
        let technician::Event::Set(Profile { staff, skills, store, active }) = event;
        let set = out::TechnicianSet {
            technician_id: technician_id(staff).to_string(),
            skills: skills.iter().cloned().collect(),
            store: store.clone(),
            active: *active,
        };
        Published::of(&set, shard)
    }
}

impl From<technician::Rejection> for Fault {
    fn from(rejection: technician::Rejection) -> Self {
        Fault::rejected(rejection.code(), rejection.to_string())
    }
}

/// A technician as people see him.
pub fn technician_view(id: Uuid, version: u64, technician: &Technician) -> out::TechnicianView {
    let profile = technician.profile.as_ref();
    out::TechnicianView {
        technician_id: id.to_string(),
        version,
        staff_id: profile.map(|profile| profile.staff.clone()).unwrap_or_default(),
        skills: profile.into_iter().flat_map(|profile| profile.skills.iter().cloned()).collect(),
        store: profile.map(|profile| profile.store.clone()).unwrap_or_default(),
        active: profile.is_some_and(|profile| profile.active),
    }
}
