//! Service orders that people must look at: a refund whose provider takes back its word or has none for too long, which is
//! management's, agreed remedies that nobody completes, what was promised for an order that comes near its end or is late, and compensation that nobody approves in time
//! or the provider does not pay.
use backbone::{Change, Effects, Fault, Inbound, proto};
use contracts::fulfilment::v1::{
    CompensationMoved, OrderPromiseMoved, OrderUnanswered, OrderUncompleted, PortionFailed, RefundContradicted,
    RefundOverdue,
};
use uuid::Uuid;

use crate::{
    domain::{
        escalation::{Matter, Trigger},
        ladder::Ladder,
    },
    wire,
};

/// One line per event.
pub fn inbound(ladder: &Ladder, inbound: &mut Inbound) {
    let (contradicted, overdue, promises, unanswered) =
        (ladder.clone(), ladder.clone(), ladder.clone(), ladder.clone());
    let partly_failed = ladder.clone();
    inbound.on::<RefundContradicted>(move |event, _| {
        let RefundContradicted { refund_id, order_id, complaint_id, .. } = &event;
        raise(&["refund", refund_id], order_id, complaint_id, Trigger::PaymentContradicted, &contradicted).map(effects)
    });
    inbound.on::<RefundOverdue>(move |event, _| {
        let RefundOverdue { refund_id, order_id, complaint_id, .. } = &event;
        raise(&["refund_overdue", refund_id], order_id, complaint_id, Trigger::PaymentUnknown, &overdue).map(effects)
    });
    inbound.on::<PortionFailed>(move |event, _| {
        let PortionFailed { order_id, portion, complaint_id, .. } = &event;
        let Some(portion) = portion else { return Err(Fault::invalid("portion", "is missing")) };
        let of = ["portion_failed", &portion.refund_id];
        raise(&of, order_id, complaint_id, Trigger::RemedyFailed, &partly_failed).map(effects)
    });
    inbound.on::<OrderUnanswered>(move |OrderUnanswered { order_id }, told| {
        let told = told.event_id.to_string();
        raise(&["order_unanswered", &order_id, &told], &order_id, "", Trigger::OfferUnanswered, &unanswered)
            .map(effects)
    });
    inbound.on::<OrderPromiseMoved>(move |event, _| promise_moved(&event, &promises));
    let (given, uncompleted) = (ladder.clone(), ladder.clone());
    inbound.on::<OrderUncompleted>(move |event, _| {
        let OrderUncompleted { order_id, complaint_id, .. } = &event;
        raise(&["order_uncompleted", order_id], order_id, complaint_id, Trigger::PromiseLate, &uncompleted).map(effects)
    });
    inbound.on::<CompensationMoved>(move |event, _| compensation_moved(&event, &given));
}

/// What is held back or failed is raised until it goes on.
fn compensation_moved(event: &CompensationMoved, ladder: &Ladder) -> Result<Effects, Fault> {
    let CompensationMoved { order_id, status, refund_id, .. } = event;
    let (held, failed) = (["compensation_held", order_id], ["compensation_failed", order_id, refund_id]);
    match status.as_str() {
        "held_back" => raise(&held, order_id, "", Trigger::ApprovalLate, ladder).map(effects),
        "failed" => raise(&failed, order_id, "", Trigger::RemedyFailed, ladder).map(effects),
        _ => Ok(effects([wire::settle(escalation(&held)), wire::settle(escalation(&failed))])),
    }
}

/// Each warning is raised once, and settled when the promise has ended or is late.
fn promise_moved(event: &OrderPromiseMoved, ladder: &Ladder) -> Result<Effects, Fault> {
    let Some(promise) = &event.promise else { return Err(Fault::invalid("promise", "is missing")) };
    let order_id = &event.order_id;
    let started_at = proto::required("promise.started_at", promise.started_at.as_ref())?.to_string();
    let late: [&str; 4] = ["order_promise", order_id, &promise.promise, &started_at];
    let warnings = promise.warned.iter().map(|warning| [&late[..], &[warning.as_str()]].concat());
    if promise.status == "running" {
        let raised = warnings.map(|warning| raise(&warning, order_id, "", Trigger::PromiseWarning, ladder));
        return raised.collect::<Result<Vec<_>, _>>().map(|raised| effects(raised.into_iter().flatten()));
    }
    // It goes on after the pause, and so does what was raised.
    if promise.status == "paused" {
        return Ok(Effects::none());
    }
    let settled = warnings.map(|warning| wire::settle(escalation(&warning)));
    let breached = (promise.status == "breached").then(|| raise(&late, order_id, "", Trigger::PromiseLate, ladder));
    Ok(effects(settled.chain(breached.transpose()?.into_iter().flatten())))
}

fn effects(changes: impl IntoIterator<Item = Change>) -> Effects {
    changes.into_iter().fold(Effects::none(), Effects::and)
}

fn escalation(of: &[&str]) -> Uuid {
    kernel::id::derived("escalation", of)
}

/// Whatever became of the complaint, if there is one, also when it is closed.
fn raise(
    of: &[&str],
    order_id: &str,
    complaint_id: &str,
    trigger: Trigger,
    ladder: &Ladder,
) -> Result<Vec<Change>, Fault> {
    let complaint_id = proto::optional_id("complaint_id", complaint_id)?;
    let order_id = proto::optional_id("order_id", order_id)?;
    Ok(wire::raise(Matter { order_id, ..Matter::new(escalation(of), complaint_id, trigger, ladder) }))
}
