//! What intake listens to: a follow-up that found a problem opens a case, a complaint's end closes one, its appeal
//! reopens it, once its solution is agreed to its case is not merged, and what happens to it on the way
//! ([`crate::progress`]) is there for its customer to read.
use std::{collections::BTreeSet, sync::Arc};

use backbone::{Change, Context, Effects, Fault, Inbound, Meta, Row, proto};
use contracts::{
    complaint::v1::{ComplaintAssessed, ComplaintClosed, ComplaintReopened, SolutionAgreed},
    outreach::v1::{MessageFailed, MessageSent, Purpose},
    scheduling::v1::ProblemFound,
};
use kernel::sla::Levels;

use crate::{
    answers::sent_about_complaint,
    config::Config,
    domain::{
        arrival::Arrival,
        case::{self, Case, Command, Contact},
        classify::{Classification, Heard},
        health::Said,
        member::{self, Member},
        regulator::Packs,
        sending::Fate,
        vocabulary::{CaseClass, Channel, Emotion},
    },
    labels,
    progress::{self, Step},
    wire,
};

/// The subscriptions.
pub fn inbound(ctx: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let config = Config::read(ctx)?;
    let ((levels, _), packs) = (config.levels()?, config.packs()?);
    let (given, sent, failed) = (Arc::clone(&levels), Arc::clone(&levels), Arc::clone(&levels));
    inbound.on::<ProblemFound>(move |event, meta| problem_found(&event, meta, &given, &packs));
    inbound.on::<ComplaintClosed>(move |event, _| complaint_closed(&event, &levels));
    inbound.on::<ComplaintReopened>(|event, meta| complaint_reopened(&event, meta));
    inbound.on::<SolutionAgreed>(|event, meta| solution_agreed(&event, meta));
    progress::inbound(inbound);
    inbound.on::<ComplaintAssessed>(|event, meta| {
        Ok(Effects::none().row(labels::by_assessment(&event, meta.occurred_at)?))
    });
    inbound.on::<MessageSent>(move |event, meta| message_sent(&event, meta, &sent));
    inbound.on::<MessageFailed>(move |event, meta| {
        let (code, at) = (event.code.clone(), meta.occurred_at);
        match event.purpose() {
            Purpose::Answer => answer(&event.about_id, &event.message_id, Fate::Failed { code, at }, &failed),
            purpose => member(purpose, &event.message_id, member::Command::Failed { code, at }),
        }
    });
    Ok(())
}

/// A server took a message: an answer, one about a major issue, or one about a complaint, which its customer may answer.
fn message_sent(event: &MessageSent, meta: &Meta, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let at = proto::instant("sent_at", event.sent_at.as_ref())?.unwrap_or(meta.occurred_at);
    match event.purpose() {
        Purpose::Answer => answer(&event.about_id, &event.message_id, Fate::Told { at }, levels),
        Purpose::Offer | Purpose::Result | Purpose::Progress | Purpose::Satisfaction => {
            let message_id = proto::id("message_id", &event.message_id)?;
            let complaint_id = proto::id("about_id", &event.about_id)?;
            Ok(Effects::none().row(sent_about_complaint(message_id, complaint_id)))
        }
        purpose => member(purpose, &event.message_id, member::Command::Told { at }),
    }
}

/// What became of an answer to a case.
fn answer(case_id: &str, message_id: &str, fate: Fate, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let (case_id, message_id) = (proto::id("about_id", case_id)?, proto::id("message_id", message_id)?);
    let levels = Arc::clone(levels);
    Ok(Effects::change(Change::to::<Case>(case_id, Command::Fare { message_id, fate, levels })))
}

/// What became of a message about a major issue; the member has the message's id.
fn member(purpose: Purpose, message_id: &str, told: member::Command) -> Result<Effects, Fault> {
    if purpose != Purpose::MajorIssue {
        return Ok(Effects::none());
    }
    Ok(Effects::change(Change::to::<Member>(proto::id("message_id", message_id)?, told)))
}

/// A bad answer to a follow-up becomes a linked case (R-SCH-20).
fn problem_found(
    event: &ProblemFound,
    meta: &Meta,
    levels: &Arc<Levels>,
    packs: &Arc<Packs>,
) -> Result<Effects, Fault> {
    let follow_up_id = proto::id("follow_up_id", &event.follow_up_id)?;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let case_id = case::id_of_follow_up(follow_up_id);
    let contact = Contact {
        case_id,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        channel: Channel::FollowUp,
        purchase_id: proto::optional_id("purchase_id", &event.purchase_id)?,
        product_id: given(&event.product_id),
        batch: given(&event.batch),
        classification: classification(event),
        emotion: Some(Emotion::Dissatisfied),
        vip_tier: 0,
        repeat_contact: false,
        occurred_at: proto::instant("answered_at", event.answered_at.as_ref())?.unwrap_or(meta.occurred_at),
        follow_up_id: Some(follow_up_id),
        store_id: None,
        // The caller's words are in the answer; how he feels was not asked.
        parts: BTreeSet::new(),
        article: None,
        health: Said::default(),
        packs: Arc::clone(packs),
        over: None,
        left_out: BTreeSet::new(),
        arrival: Arrival::default(),
    };
    Ok(Effects::change(Change::to::<Case>(case_id, contact.register(levels))))
}

/// Discomfort is health; a bad score for a product is about the product; any other is about how we served.
fn classification(event: &ProblemFound) -> Classification {
    let about_product = !event.product_id.is_empty() || !event.category.is_empty();
    let (class, source, severity) = match (event.discomfort, about_product) {
        (true, _) => (CaseClass::Discomfort, "follow_up.discomfort", 1),
        (false, true) => (CaseClass::ProductQuality, "follow_up.product", 0),
        (false, false) => (CaseClass::ServiceAttitude, "follow_up.service", 0),
    };
    Classification { class, source: source.to_owned(), severity, heard: Heard::default(), reading: None }
}

/// A complaint that goes on as another one ends nothing.
fn complaint_closed(event: &ComplaintClosed, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    if !event.merged_into_id.is_empty() {
        return Ok(Effects::none());
    }
    let case_id = proto::id("case_id", &event.case_id)?;
    let (outcome, levels) = (wire::outcome_of_complaint(&event.outcome), Arc::clone(levels));
    Ok(Effects::change(Change::to::<Case>(case_id, Command::EndWithComplaint { outcome, levels })))
}

/// From now on the complaint is carried out: its case is not merged into another one, and its customer can read so.
fn solution_agreed(event: &SolutionAgreed, meta: &Meta) -> Result<Effects, Fault> {
    const CARRIED_OUT: &str = "-- complaint_carried_out.note
    carried_out as (
      insert into complaint_carried_out (complaint_id) select id from unnest($1::uuid[]) as id on conflict do nothing)";
    let complaint_id = proto::id("complaint_id", &event.complaint_id)?;
    let agreed = progress::row(complaint_id, Step::Agreed, Some(&event.remedies), meta)?;
    Ok(Effects::none().row(Row::new(CARRIED_OUT, complaint_id)).row(agreed))
}

/// Events from before they named the case say nothing here.
fn complaint_reopened(event: &ComplaintReopened, meta: &Meta) -> Result<Effects, Fault> {
    let case_id = proto::optional_id("case_id", &event.case_id)?;
    let Some(case_id) = case_id else { return Ok(Effects::none()) };
    let complaint_id = proto::optional_id("complaint_id", &event.complaint_id)?;
    let step = if event.status == "offered" { Step::Offered } else { Step::LookingInto };
    let row = complaint_id.map(|id| progress::row(id, step, None, meta)).transpose()?;
    let reopen = Effects::change(Change::to::<Case>(case_id, Command::ReopenWithComplaint));
    Ok(row.into_iter().fold(reopen, Effects::row))
}
