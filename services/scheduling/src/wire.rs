//! Contract <-> domain. What others learn of a follow-up is decided here and nowhere else.
//! Invariant: nothing a customer said in words leaves in an event.
use std::collections::BTreeSet;

use backbone::{Aggregate, Change, Fault, Published, proto};
use contracts::{
    Timestamp as Instant,
    common::v1::{BaseDataFlag, Receipt},
    intake::v1::{PurchaseLine, PurchaseRecorded},
    scheduling::v1::{
        FollowUpBaseDataChanged, FollowUpCompleted, FollowUpDue, FollowUpKind, FollowUpMissed, FollowUpPlanned,
        FollowUpRescheduled, FollowUpView, ProblemFound,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    deadlines,
    domain::{
        base_data::Flaw,
        follow_up::{Command, Event, FollowUp, Rejection, State},
        rules::{Line, Obligation, Product, Rule, Sale},
    },
};

impl Aggregate for FollowUp {
    const TABLE: &'static str = "follow_up";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        FollowUp::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        FollowUp::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        let owed = owed(self);
        match event {
            Event::Planned(_) => Published::of(&owed, shard),
            Event::Rescheduled { .. } => Published::of(&rescheduled(owed), shard),
            Event::BaseDataChanged { .. } => Published::of(&base_data_changed(owed), shard),
            Event::MadeDue => Published::of(&due(owed), shard),
            Event::Completed { answer, on_time } => {
                let completed = FollowUpCompleted {
                    follow_up_id: owed.follow_up_id,
                    customer_id: owed.customer_id,
                    purchase_id: owed.purchase_id,
                    kind: owed.kind,
                    score: answer.score.into(),
                    discomfort: answer.discomfort,
                    commented: answer.commented,
                    answered_at: instant(answer.answered_at),
                    window_end: owed.window_end,
                    on_time: *on_time,
                };
                Published::of(&completed, shard).at(answer.answered_at)
            }
            Event::ProblemFound { answer } => {
                let problem = ProblemFound {
                    follow_up_id: owed.follow_up_id,
                    customer_id: owed.customer_id,
                    purchase_id: owed.purchase_id,
                    score: answer.score.into(),
                    discomfort: answer.discomfort,
                    product_id: owed.product_id,
                    batch: owed.batch,
                    category: owed.category,
                    answered_at: instant(answer.answered_at),
                };
                Published::of(&problem, shard).at(answer.answered_at)
            }
            Event::Missed => Published::of(&missed(owed), shard),
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::armed(self)
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        deadlines::command(kind)
    }

    fn reactions(&self, event: &Event) -> Vec<Change> {
        let planned = self.successor(event).map(|next| (next.id(), Command::Plan(next)));
        let told = planned.into_iter().chain(self.passed_on(event));
        told.map(|(id, command)| Change::to::<FollowUp>(id, command)).collect()
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NotFound => Fault::not_found("follow_up", "with this id"),
            Rejection::AlreadyAnswered | Rejection::AnsweredInFuture | Rejection::AnsweredBeforePurchase => {
                Fault::rejected(rejection.code(), rejection.to_string())
            }
        }
    }
}

/// What is owed, as others know it; empty only for a follow-up that does not exist.
fn owed(follow_up: &FollowUp) -> FollowUpPlanned {
    follow_up.obligation.as_ref().map(planned).unwrap_or_default()
}

fn planned(owed: &Obligation) -> FollowUpPlanned {
    FollowUpPlanned {
        follow_up_id: owed.id().to_string(),
        customer_id: owed.customer_id.to_string(),
        purchase_id: owed.purchase_id.to_string(),
        kind: kind(owed.rule).into(),
        window_start: instant(owed.window.start),
        window_end: instant(owed.window.end),
        category: owed.product.category.clone(),
        product_id: owed.product.id.clone(),
        batch: owed.product.batch.clone(),
        base_data_flags: owed.flaws.iter().map(|flaw| flag(*flaw).into()).collect(),
    }
}

fn rescheduled(owed: FollowUpPlanned) -> FollowUpRescheduled {
    let FollowUpPlanned { follow_up_id, customer_id, kind, window_start, window_end, .. } = owed;
    FollowUpRescheduled { follow_up_id, customer_id, kind, window_start, window_end }
}

fn base_data_changed(owed: FollowUpPlanned) -> FollowUpBaseDataChanged {
    let FollowUpPlanned { follow_up_id, customer_id, purchase_id, kind, base_data_flags, .. } = owed;
    FollowUpBaseDataChanged { follow_up_id, customer_id, purchase_id, kind, base_data_flags }
}

fn due(owed: FollowUpPlanned) -> FollowUpDue {
    let FollowUpPlanned { follow_up_id, customer_id, kind, window_end, .. } = owed;
    FollowUpDue { follow_up_id, customer_id, window_end, kind }
}

fn missed(owed: FollowUpPlanned) -> FollowUpMissed {
    let FollowUpPlanned { follow_up_id, customer_id, kind, window_end, .. } = owed;
    FollowUpMissed { follow_up_id, customer_id, kind, window_end }
}

fn kind(rule: Rule) -> FollowUpKind {
    match rule {
        Rule::NewCustomer { .. } => FollowUpKind::NewCustomer,
        Rule::ProductUse { .. } => FollowUpKind::ProductUse,
        Rule::LongTerm { .. } => FollowUpKind::LongTerm,
    }
}

fn instant(at: Timestamp) -> Option<Instant> {
    Some(proto::timestamp(at))
}

/// What a command did, for its caller.
pub fn receipt(id: Uuid, version: u64, follow_up: &FollowUp) -> Receipt {
    Receipt { id: id.to_string(), version, status: follow_up.state.name().to_owned() }
}

/// A follow-up as staff see it.
pub fn view(id: Uuid, version: u64, follow_up: &FollowUp) -> FollowUpView {
    let answer = match follow_up.state {
        State::Completed { answer, .. } => Some(answer),
        State::Absent | State::Planned | State::Due | State::Missed => None,
    };
    FollowUpView {
        follow_up_id: id.to_string(),
        version,
        status: follow_up.state.name().to_owned(),
        planned: Some(owed(follow_up)),
        score: answer.map_or(0, |answer| answer.score.into()),
        discomfort: answer.is_some_and(|answer| answer.discomfort),
        answered_at: answer.and_then(|answer| instant(answer.answered_at)),
    }
}

/// A sale as intake tells it.
///
/// # Errors
/// An id or an instant that is missing or cannot be read.
pub fn sale(event: PurchaseRecorded) -> Result<Sale, Fault> {
    Ok(Sale {
        purchase_id: proto::id("purchase_id", &event.purchase_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        bought_at: proto::required("bought_at", event.bought_at.as_ref())?,
        delivered_at: proto::instant("delivered_at", event.delivered_at.as_ref())?,
        flaws: flaws(event.base_data_flags()),
        lines: event.lines.into_iter().map(line).collect(),
    })
}

/// What is flagged, as intake tells it. A flag we do not know yet says nothing here.
pub fn flaws(flags: impl Iterator<Item = BaseDataFlag>) -> BTreeSet<Flaw> {
    let known = |told: BaseDataFlag| match told {
        BaseDataFlag::Unspecified => None,
        BaseDataFlag::NameMissing => Some(Flaw::NameMissing),
        BaseDataFlag::ContactMissing => Some(Flaw::ContactMissing),
        BaseDataFlag::ProductMissing => Some(Flaw::ProductMissing),
        BaseDataFlag::ProductUnknown => Some(Flaw::ProductUnknown),
        BaseDataFlag::ProductContradictory => Some(Flaw::ProductContradictory),
        BaseDataFlag::QuantityMissing => Some(Flaw::QuantityMissing),
        BaseDataFlag::PurchaseDateImplausible => Some(Flaw::PurchaseDateImplausible),
        BaseDataFlag::DeliveryImplausible => Some(Flaw::DeliveryImplausible),
    };
    flags.filter_map(known).collect()
}

fn flag(flaw: Flaw) -> BaseDataFlag {
    match flaw {
        Flaw::NameMissing => BaseDataFlag::NameMissing,
        Flaw::ContactMissing => BaseDataFlag::ContactMissing,
        Flaw::ProductMissing => BaseDataFlag::ProductMissing,
        Flaw::ProductUnknown => BaseDataFlag::ProductUnknown,
        Flaw::ProductContradictory => BaseDataFlag::ProductContradictory,
        Flaw::QuantityMissing => BaseDataFlag::QuantityMissing,
        Flaw::PurchaseDateImplausible => BaseDataFlag::PurchaseDateImplausible,
        Flaw::DeliveryImplausible => BaseDataFlag::DeliveryImplausible,
    }
}

fn line(line: PurchaseLine) -> Line {
    Line {
        product: Product { id: line.product_id, category: line.category, batch: line.batch },
        paid: line.paid.map_or(0, |paid| paid.minor),
    }
}
