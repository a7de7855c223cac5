//! What intake listens to: a follow-up that found a problem opens a case, a complaint's end closes one, its appeal reopens it.
use std::{collections::BTreeSet, sync::Arc};

use backbone::{Change, Context, Effects, Fault, Inbound, Meta, proto};
use contracts::{
    complaint::v1::{ComplaintClosed, ComplaintReopened},
    scheduling::v1::ProblemFound,
};
use kernel::sla::Levels;

use crate::{
    config::Config,
    domain::{
        case::{self, Case, Command, Contact},
        classify::{Classification, Heard},
        vocabulary::{CaseClass, Channel, Emotion},
    },
    wire,
};

/// The subscriptions.
pub fn inbound(ctx: &Context, inbound: &mut Inbound) -> anyhow::Result<()> {
    let (levels, _) = Config::read(ctx)?.levels()?;
    let given = Arc::clone(&levels);
    inbound.on::<ProblemFound>(move |event, meta| problem_found(&event, meta, &given));
    inbound.on::<ComplaintClosed>(move |event, _| complaint_closed(&event, &levels));
    inbound.on::<ComplaintReopened>(|event, _| complaint_reopened(&event));
    Ok(())
}

/// A bad answer to a follow-up becomes a linked case (R-SCH-20).
fn problem_found(event: &ProblemFound, meta: &Meta, levels: &Arc<Levels>) -> Result<Effects, Fault> {
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
    Classification { class, source: source.to_owned(), severity, heard: Heard::default() }
}

fn complaint_closed(event: &ComplaintClosed, levels: &Arc<Levels>) -> Result<Effects, Fault> {
    let case_id = proto::id("case_id", &event.case_id)?;
    let (outcome, levels) = (wire::outcome_of_complaint(&event.outcome), Arc::clone(levels));
    Ok(Effects::change(Change::to::<Case>(case_id, Command::EndWithComplaint { outcome, levels })))
}

/// Events from before they named the case say nothing here.
fn complaint_reopened(event: &ComplaintReopened) -> Result<Effects, Fault> {
    let case_id = proto::optional_id("case_id", &event.case_id)?;
    let reopen = |case_id| Effects::change(Change::to::<Case>(case_id, Command::ReopenWithComplaint));
    Ok(case_id.map_or_else(Effects::none, reopen))
}
