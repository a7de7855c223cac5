//! Service orders that people must look at: a refund whose provider takes back its word or has none for too long, which is
//! management's, agreed remedies that nobody completes, what was promised for an order that comes near its end or is late,
//! money for pieces and compensation that the provider does not pay, compensation that nobody approves in time, and parcels that do
//! not come back. What is raised about an order is settled when it goes on, and at the latest with the order; but for a provider
//! that took back its word, which people must have seen.
use std::sync::Arc;

use backbone::{Change, Effects, Fault, Inbound, Meta, proto};
use contracts::{
    common::v1 as common,
    fulfilment::v1::{
        ChargebackMoved, ChargebackOverdue, CompensationMoved, FoundGoodsOverdue, FoundGoodsSettled, GoodsArrived,
        GoodsLapsed, OrderCancelled, OrderCompleted, OrderFailed, OrderFinished, OrderPromise, OrderPromiseMoved,
        OrderRequested, OrderReviewed, OrderUnanswered, OrderUncompleted, PayoutFailed, PayoutRepeated, PortionFailed,
        PortionPaid, PortionsRepeated, RefundContradicted, RefundFailed, RefundOverdue, RefundRefused, RefundSucceeded,
        ReturnParcelMoved, TenderPortion,
    },
};
use jiff::SignedDuration;
use uuid::Uuid;

use super::settled;
use crate::{
    config::Policy,
    domain::{
        escalation::{Detail, Matter, Trigger, Why},
        ladder::Ladder,
        matters::{About, Act, News},
        values::{Class, Department},
    },
    wire,
};

/// Who answers for parcels, and until when one that came is to be received.
struct Parcels {
    lost: Department,
    unreceived: Department,
    received_within: SignedDuration,
    ladder: Arc<Ladder>,
}

impl Parcels {
    fn of(policy: &Policy) -> Self {
        let department = |class| policy.routing.desk_of(class).department.clone();
        Self {
            lost: department(Class::Delivery),
            unreceived: department(Class::ReturnExchange),
            received_within: policy.parcel_received_within,
            ladder: policy.terms.ladder.clone(),
        }
    }
}

const FOUND: &str = "found_goods";
/// Where a charge-back may stand for too long; none of these comes twice.
const CHARGED: [&str; 5] = ["proposed", "approved", "sent", "accepted", "disputed"];

/// One line per event.
pub fn inbound(policy: &Policy, inbound: &mut Inbound) {
    let parcels = Parcels::of(policy);
    let [contradicted, overdue, promises, unanswered, payouts, portions, given, uncompleted, found, charged, lapsed] =
        std::array::from_fn(|_| policy.terms.ladder.clone());
    inbound.on::<RefundContradicted>(move |event, _| refund_contradicted(&event, &contradicted));
    inbound.on::<RefundOverdue>(move |event, _| refund_overdue(&event, &overdue));
    inbound.on::<RefundSucceeded>(|event, _| Ok(outcome(&event.refund_id, Why::Paid)));
    inbound.on::<RefundFailed>(|event, _| Ok(outcome(&event.refund_id, Why::NotPaid)));
    inbound.on::<PayoutFailed>(move |event, _| payout_failed(&event, &payouts));
    inbound.on::<PayoutRepeated>(|event, _| {
        let (topic, why) = (payout_topic(&event.claim_id), Why::WentOn);
        of_order(&event.order_id, Act::Settle { topic, why }).map(Effects::change)
    });
    inbound.on::<PortionFailed>(move |event, _| portion_failed(&event, &portions));
    inbound.on::<PortionPaid>(|event, _| portions_settled(&event.order_id, &event.claim_id, &event.portion, Why::Paid));
    inbound.on::<PortionsRepeated>(|event, _| {
        portions_settled(&event.order_id, &event.claim_id, &event.portions, Why::WentOn)
    });
    inbound.on::<OrderUnanswered>(move |event, told| order_unanswered(&event, told, &unanswered));
    inbound.on::<OrderPromiseMoved>(move |event, _| promise_moved(&event, &promises));
    inbound.on::<OrderUncompleted>(move |event, _| order_uncompleted(&event, &uncompleted));
    inbound.on::<OrderRequested>(|event, _| Ok(order_requested(&event)));
    inbound.on::<CompensationMoved>(move |event, _| compensation_moved(&event, &given));
    inbound.on::<ReturnParcelMoved>(move |event, told| parcel_moved(&event, told, &parcels));
    inbound.on::<GoodsArrived>(|event, _| {
        of_order(&event.order_id, Act::Parcel(News::Over(Why::GoodsReceived))).map(Effects::change)
    });
    inbound.on::<GoodsLapsed>(move |event, _| goods_lapsed(&event, &lapsed));
    inbound.on::<FoundGoodsOverdue>(move |event, _| found_overdue(&event, &found));
    inbound.on::<FoundGoodsSettled>(|event, _| Ok(went_on(&[FOUND, &event.found_id])));
    inbound.on::<ChargebackOverdue>(move |event, _| chargeback_overdue(&event, &charged));
    inbound.on::<ChargebackMoved>(|event, _| {
        let settle = |status: &str| wire::settle_because(charged_back(&event.chargeback_id, status), Why::WentOn);
        Ok(effects(CHARGED.map(settle)))
    });
    inbound.on::<OrderCompleted>(|event, meta| {
        let done = settled((&event.complaint_id, &event.remedy_id), (true, None), meta)?;
        Ok(ended(&event.order_id, Why::OrderCompleted)?.into_iter().fold(done, Effects::and))
    });
    inbound.on::<OrderFailed>(|event, meta| {
        let failed = settled((&event.complaint_id, &event.remedy_id), (false, event.paid.as_ref()), meta)?;
        Ok(ended(&event.order_id, Why::OrderFailed)?.into_iter().fold(failed, Effects::and))
    });
    inbound.on::<RefundRefused>(|event, meta| settled((&event.complaint_id, &event.remedy_id), (false, None), meta));
    inbound.on::<OrderFinished>(|event, _| {
        let partly = event.status == "closed_partial";
        let why = if partly { Why::OrderClosedPartial } else { Why::OrderCompleted };
        ended(&event.order_id, why).map(effects)
    });
    inbound.on::<OrderCancelled>(|event, _| ended(&event.order_id, Why::OrderCancelled).map(effects));
    inbound.on::<OrderReviewed>(|event, _| match event.status.as_str() {
        "ineligible" => ended(&event.order_id, Why::OrderRefused).map(effects),
        _ => Ok(Effects::none()),
    });
}

/// Somebody must have seen it, whatever becomes of the order.
fn refund_contradicted(event: &RefundContradicted, ladder: &Ladder) -> Result<Effects, Fault> {
    let RefundContradicted { refund_id, order_id, complaint_id, code, .. } = event;
    // That it names two payments comes after what was raised before, and is seen apart.
    let of = if code == "paid_twice" { "refund_paid_twice" } else { "refund" };
    let escalation_id = escalation(&[of, refund_id]);
    let matter = matter(escalation_id, order_id, complaint_id, Trigger::PaymentContradicted, ladder)?;
    let detail = Some(Box::new(Detail { code: code.clone(), ..Detail::of("refund") }));
    Ok(effects(wire::raise(Matter { detail, ..matter })))
}

fn refund_overdue(event: &RefundOverdue, ladder: &Ladder) -> Result<Effects, Fault> {
    let RefundOverdue { refund_id, order_id, complaint_id, amount, .. } = event;
    let of = ["refund_overdue", refund_id];
    let detail = Detail { amount: wire::amount(amount.as_ref()), ..Detail::of("refund") };
    raise(&of, (order_id, ""), complaint_id, Trigger::PaymentUnknown, ladder, detail)
}

/// The refund has an outcome.
fn outcome(refund_id: &str, why: Why) -> Effects {
    Effects::change(wire::settle_because(escalation(&["refund_overdue", refund_id]), why))
}

/// What its provider will not pay for pieces of an order, all of it, until somebody has it paid anew under another claim.
fn payout_failed(event: &PayoutFailed, ladder: &Ladder) -> Result<Effects, Fault> {
    let PayoutFailed { order_id, claim_id, code, complaint_id, amount } = event;
    let detail = Detail { code: code.clone(), amount: wire::amount(amount.as_ref()), ..Detail::of("payout") };
    let (of, topic) = (["payout_failed", claim_id], payout_topic(claim_id));
    raise(&of, (order_id, &topic), complaint_id, Trigger::RemedyFailed, ladder, detail)
}

fn payout_topic(claim_id: &str) -> String {
    format!("payout/{claim_id}")
}

/// Raised once for each attempt that failed, until somebody has it paid anew.
fn portion_failed(event: &PortionFailed, ladder: &Ladder) -> Result<Effects, Fault> {
    let PortionFailed { order_id, claim_id, portion, complaint_id } = event;
    let Some(portion) = portion else { return Err(Fault::invalid("portion", "is missing")) };
    let means = portion.tender().as_str_name().trim_start_matches("TENDER_KIND_").to_ascii_lowercase();
    let detail = Detail {
        code: portion.code.clone(),
        amount: wire::amount(portion.amount.as_ref()),
        means: if portion.tender() == common::TenderKind::Unspecified { String::new() } else { means },
        ..Detail::of("portion")
    };
    let (of, topic) = (["portion_failed", &portion.refund_id], portion_topic(claim_id, portion));
    raise(&of, (order_id, &topic), complaint_id, Trigger::RemedyFailed, ladder, detail)
}

/// By whichever of its refunds: that of the attempt that failed is not the one that pays.
fn portions_settled<'a>(
    order_id: &str,
    claim_id: &str,
    portions: impl IntoIterator<Item = &'a TenderPortion>,
    why: Why,
) -> Result<Effects, Fault> {
    let settle = |portion| of_order(order_id, Act::Settle { topic: portion_topic(claim_id, portion), why });
    portions.into_iter().map(settle).collect::<Result<Vec<_>, _>>().map(effects)
}

fn portion_topic(claim_id: &str, portion: &TenderPortion) -> String {
    format!("portion/{claim_id}/{}", portion.tender_no)
}

/// Once of each thing that the customer is asked.
fn order_unanswered(event: &OrderUnanswered, told: &Meta, ladder: &Ladder) -> Result<Effects, Fault> {
    let (order_id, told) = (&event.order_id, told.event_id.to_string());
    let of = ["order_unanswered", order_id, &told];
    raise(&of, (order_id, ""), "", Trigger::OfferUnanswered, ladder, Detail::of("order"))
}

fn order_uncompleted(event: &OrderUncompleted, ladder: &Ladder) -> Result<Effects, Fault> {
    let OrderUncompleted { order_id, complaint_id, .. } = event;
    let of = ["order_uncompleted", order_id];
    raise(&of, (order_id, ""), complaint_id, Trigger::PromiseLate, ladder, Detail::of("remedy"))
}

/// Somebody said what was missing of an agreed remedy.
fn order_requested(event: &OrderRequested) -> Effects {
    let agreed = event.origin.as_ref().is_some_and(|origin| origin.kind == "complaint");
    let completed = || wire::settle_because(escalation(&["order_uncompleted", &event.order_id]), Why::WentOn);
    if agreed { Effects::change(completed()) } else { Effects::none() }
}

/// What is held back or failed is raised until it goes on.
fn compensation_moved(event: &CompensationMoved, ladder: &Ladder) -> Result<Effects, Fault> {
    let CompensationMoved { order_id, gift, status, code, refund_id } = event;
    let (held, failed) = (["compensation_held", order_id], ["compensation_failed", order_id, refund_id]);
    let worth = gift.as_ref().and_then(|gift| wire::amount(gift.worth.as_ref()));
    let what = gift.as_ref().map(|gift| gift.what.clone()).unwrap_or_default();
    let detail =
        |code: &String| Detail { code: code.clone(), amount: worth, means: what.clone(), ..Detail::of("compensation") };
    match status.as_str() {
        "held_back" => raise(&held, (order_id, ""), "", Trigger::ApprovalLate, ladder, detail(code)),
        "failed" => raise(&failed, (order_id, ""), "", Trigger::RemedyFailed, ladder, detail(code)),
        _ => Ok(effects([&held[..], &failed[..]].map(|of| wire::settle_because(escalation(of), Why::WentOn)))),
    }
}

/// Each warning is raised once, and settled when the promise has ended or is late; what is late, when it has ended.
fn promise_moved(event: &OrderPromiseMoved, ladder: &Ladder) -> Result<Effects, Fault> {
    let Some(promise) = &event.promise else { return Err(Fault::invalid("promise", "is missing")) };
    let order_id = &event.order_id;
    let started_at = proto::required("promise.started_at", promise.started_at.as_ref())?.to_string();
    let OrderPromise { promise: kind, status, warned, .. } = promise;
    let late: [&str; 4] = ["order_promise", order_id, kind, &started_at];
    let warnings = warned.iter().map(|warning| ([&late[..], &[warning.as_str()]].concat(), warning));
    let detail = |code: &str| Detail { code: code.to_owned(), ..Detail::of(kind) };
    let settle = |of: &[&str]| wire::settle_because(escalation(of), Why::PromiseEnded);
    match status.as_str() {
        "running" => warnings
            .map(|(of, warning)| raised(&of, (order_id, ""), "", Trigger::PromiseWarning, ladder, detail(warning)))
            .collect::<Result<Vec<_>, _>>()
            .map(|raised| effects(raised.into_iter().flatten())),
        // It goes on after the pause, and so does what was raised.
        "paused" => Ok(Effects::none()),
        "breached" => {
            let raised = raise(&late, (order_id, ""), "", Trigger::PromiseLate, ladder, detail(""))?;
            Ok(warnings.map(|(of, _)| settle(&of)).fold(raised, Effects::and))
        }
        "met" | "cancelled" => Ok(effects(warnings.map(|(of, _)| settle(&of)))),
        _ => Ok(effects(warnings.map(|(of, _)| settle(&of)).chain([settle(&late)]))),
    }
}

/// Goods that were to come after their money or article never did: somebody must have seen it, also where the order ended with
/// that.
fn goods_lapsed(event: &GoodsLapsed, ladder: &Ladder) -> Result<Effects, Fault> {
    let GoodsLapsed { order_id, given, .. } = event;
    if given.is_empty() {
        return Ok(Effects::none());
    }
    let detail = Detail { code: "lapsed_after_payout".to_owned(), ..Detail::of("goods") };
    stands_alone(&["goods_lapsed", order_id], order_id, Trigger::PromiseLate, ladder, detail)
}

/// Until somebody settles them.
fn found_overdue(event: &FoundGoodsOverdue, ladder: &Ladder) -> Result<Effects, Fault> {
    let FoundGoodsOverdue { found_id, order_id, place } = event;
    let detail = Detail { code: place.clone(), ..Detail::of(FOUND) };
    stands_alone(&[FOUND, found_id], order_id, Trigger::PromiseLate, ladder, detail)
}

/// Until it goes on.
fn chargeback_overdue(event: &ChargebackOverdue, ladder: &Ladder) -> Result<Effects, Fault> {
    let ChargebackOverdue { chargeback_id, order_id, status, amount, .. } = event;
    let detail = Detail { code: status.clone(), amount: wire::amount(amount.as_ref()), ..Detail::of("chargeback") };
    let of = ["chargeback", chargeback_id, status];
    stands_alone(&of, order_id, Trigger::PromiseLate, ladder, detail)
}

/// What does not end with its order, for the order may have ended long before.
fn stands_alone(
    of: &[&str],
    order_id: &str,
    trigger: Trigger,
    ladder: &Ladder,
    detail: Detail,
) -> Result<Effects, Fault> {
    let matter = matter(escalation(of), order_id, "", trigger, ladder)?;
    Ok(effects(wire::raise(Matter { detail: Some(Box::new(detail)), ..matter })))
}

fn went_on(of: &[&str]) -> Effects {
    Effects::change(wire::settle_because(escalation(of), Why::WentOn))
}

fn charged_back(chargeback_id: &str, status: &str) -> Uuid {
    escalation(&["chargeback", chargeback_id, status])
}

/// Where a parcel is, by its carrier's word; of one that nobody waits for it says nothing.
fn parcel_moved(event: &ReturnParcelMoved, told: &Meta, parcels: &Parcels) -> Result<Effects, Fault> {
    let ReturnParcelMoved { order_id, status, used_up } = event;
    let (at, since) = (told.occurred_at, told.occurred_at.to_string());
    let raised = |trigger, department: &Department| {
        let of = [if trigger == Trigger::ParcelLost { "parcel_lost" } else { "parcel_unreceived" }, order_id, &since];
        let matter = matter(escalation(&of), order_id, "", trigger, &parcels.ladder)?;
        let (department, detail) = (Some(department.clone()), Some(Box::new(Detail::of("parcel"))));
        Ok::<_, Fault>(Box::new(Matter { department, detail, ..matter }))
    };
    let news = match status.as_str() {
        _ if *used_up => return Ok(Effects::none()),
        "lost" => News::Lost(raised(Trigger::ParcelLost, &parcels.lost)?),
        "delivered" => {
            let receive_by = kernel::calendar::add(at, parcels.received_within);
            News::Came { unreceived: raised(Trigger::ParcelUnreceived, &parcels.unreceived)?, receive_by }
        }
        _ => News::Over(Why::ParcelMoved),
    };
    of_order(order_id, Act::Parcel(news)).map(Effects::change)
}

/// The order is over; nothing where none is named, as in what was told before orders were.
fn ended(order_id: &str, why: Why) -> Result<Option<Change>, Fault> {
    let order_id = proto::optional_id("order_id", order_id)?;
    Ok(order_id.map(|id| wire::matters::of(About::Order(id), Act::End { why })))
}

fn of_order(order_id: &str, act: Act) -> Result<Change, Fault> {
    Ok(wire::matters::of(About::Order(proto::id("order_id", order_id)?), act))
}

fn effects(changes: impl IntoIterator<Item = Change>) -> Effects {
    changes.into_iter().fold(Effects::none(), Effects::and)
}

fn escalation(of: &[&str]) -> Uuid {
    kernel::id::derived("escalation", of)
}

/// Whatever became of the complaint, if there is one, also when it is closed.
fn matter(
    escalation_id: Uuid,
    order_id: &str,
    complaint_id: &str,
    trigger: Trigger,
    ladder: &Ladder,
) -> Result<Matter, Fault> {
    let complaint_id = proto::optional_id("complaint_id", complaint_id)?;
    let order_id = proto::optional_id("order_id", order_id)?;
    Ok(Matter { order_id, ..Matter::new(escalation_id, complaint_id, trigger, ladder) })
}

fn raise(
    of: &[&str],
    about: (&str, &str),
    complaint_id: &str,
    trigger: Trigger,
    ladder: &Ladder,
    detail: Detail,
) -> Result<Effects, Fault> {
    raised(of, about, complaint_id, trigger, ladder, detail).map(effects)
}

/// What ends with its order, or with its topic.
fn raised(
    of: &[&str],
    (order_id, topic): (&str, &str),
    complaint_id: &str,
    trigger: Trigger,
    ladder: &Ladder,
    detail: Detail,
) -> Result<Vec<Change>, Fault> {
    let matter =
        Matter { detail: Some(Box::new(detail)), ..matter(escalation(of), order_id, complaint_id, trigger, ladder)? };
    Ok(match matter.order_id {
        Some(id) => wire::matters::raise_of(About::Order(id), topic, matter),
        None => wire::raise(matter),
    })
}
