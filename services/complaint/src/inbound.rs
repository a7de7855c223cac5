//! What we listen to: cases that are complaints or suggestions or wait too long, service orders that carry a solution out,
//! messages that left the house or could not. Every function only says what an event means here; the rules are in `domain`.
use std::sync::Arc;

use backbone::{Change, Context, Effects, Fault, Inbound, Meta, proto};
use contracts::{
    common::v1::{self as common, CaseClass, Lane},
    fulfilment::v1::OrderOpened,
    intake::v1::{
        CaseClassified, CaseClosed, CaseContactAdded, CaseFeedbackMissed, CaseMerged, CaseRecordCompleted,
        CaseRegistered, CaseRejected, CaseResponded, CaseResponseCorrected, CaseResponseDueSoon, CaseResponseMissed,
        CaseUnmerged,
    },
    outreach::v1::{MessageFailed, MessageSent, Purpose},
};
use kernel::sla::{self, Kind, Levels};

use crate::{
    config::Policy,
    domain::{
        Command, Complaint, Contacts, ImprovementAction, Suggestion,
        care::Word,
        complaint::Facts,
        contacts::Contact,
        escalation::{Matter, Trigger},
        improvement,
        ladder::Ladder,
        reporters::{Person, Reporter, Tell, Told},
        suggestion,
    },
    webhook, wire,
};

mod health;
mod orders;
mod replies;

/// One line per event.
pub fn inbound(context: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let policy = Arc::new(Policy::read(context)?);
    webhook::inbound(&policy.webhooks, &context.clock, inbound);
    let [soon, missed, feedback] = std::array::from_fn(|_| policy.terms.ladder.clone());
    let levels = Arc::clone(&policy.levels);
    let (turned_to_us, turned_out) = (Arc::clone(&policy), Arc::clone(&policy));
    inbound.on::<CaseContactAdded>(move |event, _| contact_added(&event, &turned_to_us));
    let told = policy.terms.ladder.clone();
    health::inbound(&told, inbound);
    orders::inbound(&policy, inbound);
    replies::inbound(&told, inbound);
    inbound.on::<CaseRegistered>(move |event, _| {
        let effects = case_registered(&event, &policy)?.and(contacted(&event, &policy)?);
        Ok(health::told(&event, &told)?.into_iter().fold(effects, Effects::and))
    });
    inbound.on::<CaseClassified>(move |event, _| match &event.registered {
        Some(now) => case_registered(now, &turned_out),
        None => Ok(Effects::none()),
    });
    inbound.on::<CaseRecordCompleted>(|event, _| record_completed(&event));
    let by_merge = Arc::clone(&levels);
    inbound.on::<CaseMerged>(move |event, meta| case_merged(&event, meta, &by_merge));
    inbound.on::<CaseUnmerged>(|event, _| case_unmerged(&event));
    inbound.on::<CaseResponseDueSoon>(move |event, _| response_due_soon(&event, &soon));
    inbound.on::<CaseResponseMissed>(move |event, _| response_missed(&event, &missed));
    let word = Arc::clone(&levels);
    inbound.on::<CaseResponded>(move |event, _| responded(&event, &word));
    let word = Arc::clone(&levels);
    inbound.on::<CaseResponseCorrected>(move |event, _| response_corrected(&event, &word));
    inbound.on::<CaseClosed>(|event, _| over(&event.case_id));
    inbound.on::<CaseRejected>(|event, meta| case_rejected(&event, meta));
    inbound.on::<CaseFeedbackMissed>(move |event, _| feedback_missed(&event, &feedback));
    inbound.on::<OrderOpened>(|event, _| order_opened(&event));
    let in_force = Arc::clone(&levels);
    inbound.on::<MessageSent>(move |event, _| message_sent(&event, &in_force));
    inbound.on::<MessageFailed>(move |event, meta| message_failed(&event, meta, &levels));
    Ok(())
}

/// A case without a complaint id is no complaint; it may be a suggestion.
fn case_registered(event: &CaseRegistered, policy: &Policy) -> Result<Effects, Fault> {
    let Some(complaint_id) = proto::optional_id("complaint_id", &event.complaint_id)? else {
        return suggested(event, policy);
    };
    let class = wire::class_of(event.class()).ok_or_else(|| Fault::invalid("class", "is not one of a complaint"))?;
    let facts = Facts {
        complaint_id,
        case_id: proto::id("case_id", &event.case_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purchase_id: proto::optional_id("purchase_id", &event.purchase_id)?,
        class,
        lane: wire::lane_of(event.lane()),
        emotion: wire::emotion_of(event.emotion()),
        recorded_at: proto::required("recorded_at", event.recorded_at.as_ref())?,
        follow_up_id: event.follow_up_id.clone(),
        product_id: event.product_id.clone(),
        batch: event.batch.clone(),
        channel: wire::channel_word(event.channel()),
        store_id: event.store_id.clone(),
        vip: event.vip_tier > 0,
        parts: Some(wire::parts_of(event.record_parts())),
        terms: policy.terms.clone(),
    };
    let (desk, levels) = (policy.routing.desk_of(class).clone(), Arc::clone(&policy.levels));
    let record = Command::Record { facts: Box::new(facts), desk, levels };
    Ok(Effects::change(Change::to::<Complaint>(complaint_id, record)))
}

/// Every case is a contact of its customer.
fn contacted(event: &CaseRegistered, policy: &Policy) -> Result<Change, Fault> {
    let customer_id = proto::id("customer_id", &event.customer_id)?;
    let at = event.occurred_at.as_ref().or(event.recorded_at.as_ref());
    let case_id = proto::id("case_id", &event.case_id)?;
    let contact = Contact {
        customer_id,
        case_id,
        contact_id: case_id,
        complaint_id: proto::optional_id("complaint_id", &event.complaint_id)?,
        at: proto::required("occurred_at", at)?,
        often: policy.often,
        ladder: policy.terms.ladder.clone(),
    };
    Ok(Change::to::<Contacts>(Contacts::of(customer_id), contact))
}

/// So is what a customer says to a case later, unless we had asked. A complaint that waits for him waits no longer, also
/// where we had.
fn contact_added(event: &CaseContactAdded, policy: &Policy) -> Result<Effects, Fault> {
    let at = proto::required("occurred_at", event.occurred_at.as_ref())?;
    let complaint_id = proto::optional_id("complaint_id", &event.complaint_id)?;
    let wrote = complaint_id
        .map(|id| Change::to::<Complaint>(id, Command::Care(Word::Wrote { at, levels: Arc::clone(&policy.levels) })));
    let effects = wrote.into_iter().fold(Effects::none(), Effects::and);
    if event.was_asked {
        return Ok(effects);
    }
    let customer_id = proto::id("customer_id", &event.customer_id)?;
    let contact = Contact {
        customer_id,
        case_id: proto::id("case_id", &event.case_id)?,
        contact_id: proto::id("message_id", &event.message_id)?,
        complaint_id,
        at,
        often: policy.often,
        ladder: policy.terms.ladder.clone(),
    };
    Ok(effects.and(Change::to::<Contacts>(Contacts::of(customer_id), contact)))
}

/// What the customer was asked for is on record now; cases that are no complaint need no complete record.
fn record_completed(event: &CaseRecordCompleted) -> Result<Effects, Fault> {
    let Some(complaint_id) = proto::optional_id("complaint_id", &event.complaint_id)? else {
        return Ok(Effects::none());
    };
    let (parts, emotion) = (wire::parts_of(event.record_parts()), wire::emotion_of(event.emotion()));
    Ok(Effects::change(Change::to::<Complaint>(complaint_id, Command::CompleteRecord { parts, emotion })))
}

/// A customer's suggestion, with what is promised for it; the words stay with the case.
fn suggested(event: &CaseRegistered, policy: &Policy) -> Result<Effects, Fault> {
    if event.class() != CaseClass::Suggestion {
        return Ok(Effects::none());
    }
    let case_id = proto::id("case_id", &event.case_id)?;
    let by = Reporter {
        report_id: case_id,
        person: Person::Customer { customer_id: proto::id("customer_id", &event.customer_id)? },
        reported_at: proto::required("recorded_at", event.recorded_at.as_ref())?,
        told: Told::Waiting,
    };
    let (suggestion_id, product_id) = (Suggestion::of_case(case_id), event.product_id.clone());
    let (channel, lane) = (wire::channel_word(event.channel()), wire::lane_of(event.lane()));
    let asked = sla::Facts {
        channel: Some(channel.as_str()).filter(|channel| !channel.is_empty()),
        class: Some("suggestion"),
        priority: Some(lane.name()),
        segment: (event.vip_tier > 0).then_some("vip"),
        store: Some(event.store_id.as_str()).filter(|store| !store.is_empty()),
    };
    let promise = policy.levels.promise(Kind::ResultNotice, asked, None, by.reported_at);
    let promise = promise.map_err(|none| Fault::invalid("recorded_at", none.to_string()))?.map(Box::new);
    let ladder = policy.terms.ladder.clone();
    let record = suggestion::Command::Record { suggestion_id, product_id, by, promise, ladder };
    Ok(Effects::change(Change::to::<Suggestion>(suggestion_id, record)))
}

/// Two cases that are complaints turned out to be one; and nobody waits for the first answer to the merged one.
fn case_merged(event: &CaseMerged, meta: &Meta, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let into = proto::optional_id("into_complaint_id", &event.into_complaint_id)?;
    let merged = proto::optional_id("complaint_id", &event.complaint_id)?.zip(into);
    let merge = |(complaint_id, into)| {
        let (at, levels) = (meta.occurred_at, Arc::clone(levels));
        Change::to::<Complaint>(complaint_id, Command::Merge { into, at, levels })
    };
    Ok(merged.map(merge).into_iter().fold(over(&event.case_id)?, Effects::and))
}

/// What is no case of ours was no suggestion either; nobody is promised anything for it.
fn case_rejected(event: &CaseRejected, meta: &Meta) -> Result<Effects, Fault> {
    let case_id = proto::id("case_id", &event.case_id)?;
    let rejected = suggestion::Command::CaseRejected { case_id, at: meta.occurred_at };
    Ok(over(&event.case_id)?.and(Change::to::<Suggestion>(Suggestion::of_case(case_id), rejected)))
}

fn case_unmerged(event: &CaseUnmerged) -> Result<Effects, Fault> {
    let complaint_id = proto::optional_id("complaint_id", &event.complaint_id)?;
    let back = |complaint_id| Effects::change(Change::to::<Complaint>(complaint_id, Command::Unmerge));
    Ok(complaint_id.map_or_else(Effects::none, back))
}

fn order_opened(event: &OrderOpened) -> Result<Effects, Fault> {
    let complaint_id = proto::id("complaint_id", &event.complaint_id)?;
    let remedy_id = proto::id("remedy_id", &event.remedy_id)?;
    let ordered = wire::ordered(event).map_err(|(field, reason)| Fault::invalid(field, reason))?;
    Ok(Effects::change(Change::to::<Complaint>(complaint_id, Command::StartExecution { remedy_id, ordered })))
}

fn settled(
    (complaint_id, remedy_id): (&str, &str),
    (done, paid): (bool, Option<&common::Money>),
    meta: &Meta,
) -> Result<Effects, Fault> {
    let complaint_id = proto::id("complaint_id", complaint_id)?;
    let (remedy_id, at, paid) = (proto::id("remedy_id", remedy_id)?, meta.occurred_at, wire::amount(paid));
    Ok(Effects::change(Change::to::<Complaint>(complaint_id, Command::SettleRemedy { remedy_id, done, paid, at })))
}

/// Nobody has spoken to the customer yet, be it a complaint or not, and the time comes near its end; once a case, however
/// many warnings there are.
fn response_due_soon(event: &CaseResponseDueSoon, ladder: &Ladder) -> Result<Effects, Fault> {
    let case = (event.case_id.as_str(), event.complaint_id.as_str(), event.lane());
    unanswered(response_warning(&event.case_id), case, Trigger::PromiseWarning, ladder)
}

/// What is late is warned of no more.
fn response_missed(event: &CaseResponseMissed, ladder: &Ladder) -> Result<Effects, Fault> {
    let case = (event.case_id.as_str(), event.complaint_id.as_str(), event.lane());
    let late = unanswered(first_response(&event.case_id), case, Trigger::FirstResponseLate, ladder)?;
    Ok(late.and(wire::settle(response_warning(&event.case_id))))
}

fn feedback_missed(event: &CaseFeedbackMissed, ladder: &Ladder) -> Result<Effects, Fault> {
    let case = (event.case_id.as_str(), event.complaint_id.as_str(), event.lane());
    unanswered(urgent_feedback(&event.case_id), case, Trigger::FirstResponseLate, ladder)
}

/// About a case (its id, its complaint's, its lane) that waits for an answer; where it is about harm, by night as by day.
fn unanswered(
    escalation_id: uuid::Uuid,
    (case_id, complaint_id, lane): (&str, &str, Lane),
    trigger: Trigger,
    ladder: &Ladder,
) -> Result<Effects, Fault> {
    let case_id = Some(proto::id("case_id", case_id)?);
    let complaint_id = proto::optional_id("complaint_id", complaint_id)?;
    let matter = Matter { case_id, ..Matter::new(escalation_id, complaint_id, trigger, ladder) };
    Ok(raise(if lane == Lane::Health { matter.by_night() } else { matter }))
}

/// An answer told late that was in time takes the miss back; one that was late changes nothing.
fn response_corrected(event: &CaseResponseCorrected, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let missed = if event.in_time { answered(&event.case_id)? } else { Effects::none() };
    Ok(word(&event.complaint_id, event.responded_at.as_ref(), levels)?.into_iter().fold(missed, Effects::and))
}

/// In time there is nothing to settle but a warning; and the customer of a complaint had word of us (R-CMP-05).
fn responded(event: &CaseResponded, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let warning = || Effects::change(wire::settle(response_warning(&event.case_id)));
    let settled = if event.in_time { warning() } else { answered(&event.case_id)? };
    Ok(word(&event.complaint_id, event.responded_at.as_ref(), levels)?.into_iter().fold(settled, Effects::and))
}

/// Whom somebody spoke with, if it is a complaint's case.
fn word(complaint_id: &str, at: Option<&contracts::Timestamp>, levels: &Arc<Levels>) -> Result<Option<Change>, Fault> {
    let Some(complaint_id) = proto::optional_id("complaint_id", complaint_id)? else { return Ok(None) };
    let at = proto::required("responded_at", at)?;
    let said = Command::Care(Word::Responded { at, levels: Arc::clone(levels) });
    Ok(Some(Change::to::<Complaint>(complaint_id, said)))
}

/// The case is over: no answer is waited for, neither the first nor another.
fn over(case_id: &str) -> Result<Effects, Fault> {
    Ok(answered(case_id)?.and(replies::over(case_id)?))
}

/// The first answer came after all, or none is wanted any more.
fn answered(case_id: &str) -> Result<Effects, Fault> {
    proto::id("case_id", case_id)?;
    let raised = [first_response(case_id), urgent_feedback(case_id), response_warning(case_id)];
    Ok(raised.map(wire::settle).into_iter().fold(Effects::none(), Effects::and))
}

fn response_warning(case_id: &str) -> uuid::Uuid {
    kernel::id::derived("escalation", &["first_response_warning", case_id])
}

fn urgent_feedback(case_id: &str) -> uuid::Uuid {
    kernel::id::derived("escalation", &["urgent_feedback", case_id])
}

fn first_response(case_id: &str) -> uuid::Uuid {
    kernel::id::derived("escalation", &["first_response", case_id])
}

fn raise(matter: Matter) -> Effects {
    wire::raise(matter).into_iter().fold(Effects::none(), Effects::and)
}

fn message_sent(event: &MessageSent, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let message_id = proto::id("message_id", &event.message_id)?;
    let at = proto::required("sent_at", event.sent_at.as_ref())?;
    let result = Command::TellResult { message_id, at, levels: Arc::clone(levels) };
    let progress = Command::Care(Word::Left { message_id, at, levels: Arc::clone(levels) });
    let told = match event.purpose() {
        Purpose::Result => Some(result),
        Purpose::Progress => Some(progress),
        _ => None,
    };
    about(event.purpose(), &event.about_id, told, Tell::Sent { message_id, at })
}

fn message_failed(event: &MessageFailed, meta: &Meta, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let message_id = proto::id("message_id", &event.message_id)?;
    let untold = match event.purpose() {
        Purpose::Result => Some(Command::ResultUntold { message_id }),
        Purpose::Offer => {
            let (at, levels) = (meta.occurred_at, Arc::clone(levels));
            Some(Command::Care(Word::OfferUntold { message_id, at, levels }))
        }
        Purpose::Satisfaction => Some(Command::Care(Word::Unasked { message_id })),
        _ => None,
    };
    about(event.purpose(), &event.about_id, untold, Tell::Unsent { message_id })
}

/// What a message means for the complaint, if anything, or for the measure or suggestion it is about; follow-ups are told
/// without consequence here.
fn about(purpose: Purpose, about_id: &str, complaint: Option<Command>, tell: Tell) -> Result<Effects, Fault> {
    let id = || proto::id("about_id", about_id);
    let change = match purpose {
        Purpose::Improvement => Change::to::<ImprovementAction>(id()?, improvement::Command::Message(tell)),
        Purpose::SuggestionAdopted | Purpose::SuggestionDeclined => {
            Change::to::<Suggestion>(id()?, suggestion::Command::Message(tell))
        }
        Purpose::Result | Purpose::Progress | Purpose::Offer | Purpose::Satisfaction => match complaint {
            Some(command) => Change::to::<Complaint>(id()?, command),
            None => return Ok(Effects::none()),
        },
        Purpose::Unspecified | Purpose::FollowUp | Purpose::MajorIssue | Purpose::Answer => return Ok(Effects::none()),
        Purpose::Repaired
        | Purpose::Inspected
        | Purpose::Quoted
        | Purpose::ReturnAuthorised
        | Purpose::ReviewGranted
        | Purpose::ReviewRefused => return Ok(Effects::none()),
    };
    Ok(Effects::change(change))
}
