//! Goods that were asked back, between the contracts and the domain: their events, and what people are shown.
use backbone::{Published, proto};
use contracts::fulfilment::v1 as out;
use kernel::promise::Promise;

use super::request::{asked_from, receipt, review_view};
use crate::domain::order::{
    goods::{Arrival, Criterion, Finding, Inspection, Leg},
    request::Request,
    returning::{Event, Owed, Pieces},
};

/// What others learn; `request` is the state after the event.
pub fn published(request: &Request, event: &Event, shard: u8) -> Published {
    let order_id = request.order_id.to_string();
    match event {
        Event::Arrived { at, place, pieces: came, surplus, .. } => {
            let surplus = surplus.iter().map(|(product_id, quantity)| out::SurplusPieces {
                product_id: product_id.clone(),
                quantity: *quantity,
            });
            let (place, pieces, surplus) = (place.clone(), pieces(came), surplus.collect());
            Published::of(&out::GoodsArrived { order_id, place, pieces, surplus }, shard).at(*at)
        }
        Event::Inspected { line_no, inspection } => {
            let (case_id, complaint_id) = asked_from(request);
            let waits = request.terms.answer_within;
            let answer_by = inspection.renewed.as_ref().filter(|_| waits.is_positive());
            let inspected = out::GoodsInspected {
                order_id,
                line_no: *line_no,
                results: results(&inspection.findings),
                criteria: criteria(&inspection.criteria),
                photos: inspection.photos.clone(),
                renewed: inspection.renewed.as_ref().map(receipt),
                customer_id: request.customer_id.to_string(),
                case_id,
                complaint_id,
                answer_by: answer_by.map(|_| proto::timestamp(kernel::calendar::add(inspection.at, waits))),
                inspection_no: numbered(request, *line_no, |_| true).last().copied().unwrap_or_default(),
            };
            Published::of(&inspected, shard).at(inspection.at)
        }
        Event::Heard { line_no, word, .. } => {
            let (line_no, agreed) = (*line_no, word.agreed);
            let inspection_nos = numbered(request, line_no, |one| one.word == Some(*word));
            let answered = out::InspectionAnswered { order_id, line_no, agreed, inspection_nos };
            Published::of(&answered, shard).at(word.at)
        }
        Event::Ruled { line_no, ruling, .. } => {
            let (line_no, approved, reason) = (*line_no, ruling.approved, ruling.reason.clone());
            Published::of(&out::InspectionRuled { order_id, line_no, approved, reason }, shard).at(ruling.at)
        }
        Event::Lapsed { pieces: lapsed, .. } => {
            let given = pieces(&request.given_for(event));
            Published::of(&out::GoodsLapsed { order_id, pieces: pieces(lapsed), given }, shard)
        }
        Event::Promise(change) => {
            let (kind, started_at) = (change.kind, change.started_at);
            let moved = request.promises.get(kind, started_at).map(|promise| standing((kind, promise)));
            Published::of(&out::OrderPromiseMoved { order_id, promise: moved }, shard)
        }
    }
}

/// The numbers of the inspections of a line that are meant, in the order they were made.
fn numbered(request: &Request, line_no: u32, meant: impl Fn(&Inspection) -> bool) -> Vec<u32> {
    let leg = request.legs().find(|(no, _)| *no == line_no);
    let inspections = leg.into_iter().flat_map(|(_, leg)| (1..).zip(&leg.inspections));
    inspections.filter(|(_, one)| meant(one)).map(|(no, _)| no).collect()
}

/// Pieces by line.
pub fn pieces(pieces: &Pieces) -> Vec<out::LinePieces> {
    pieces.iter().map(|(line_no, quantity)| out::LinePieces { line_no: *line_no, quantity: *quantity }).collect()
}

fn results(findings: &[Finding]) -> Vec<out::InspectionResult> {
    let result = |finding: &Finding| out::InspectionResult {
        quantity: finding.quantity,
        accepted: finding.accepted,
        grade: finding.grade.clone(),
        disposition: finding.disposition.word().to_owned(),
    };
    findings.iter().map(result).collect()
}

fn criteria(criteria: &[Criterion]) -> Vec<out::InspectionCriterion> {
    criteria.iter().map(|one| out::InspectionCriterion { code: one.code.clone(), passed: one.passed }).collect()
}

/// How a promise stands.
fn standing((kind, promise): (Owed, &Promise)) -> out::OrderPromise {
    let stands = &promise.standing;
    out::OrderPromise {
        promise: kind.word().to_owned(),
        started_at: Some(proto::timestamp(promise.started_at)),
        status: stands.state.name().to_owned(),
        due_at: Some(proto::timestamp(stands.due_at)),
        ended_at: stands.end.map(|end| proto::timestamp(end.at)),
        warned: promise.warned.iter().map(ToString::to_string).collect(),
    }
}

/// How the promises of an order stand.
pub fn standings(request: &Request) -> Vec<out::OrderPromise> {
    request.promises.iter().map(standing).collect()
}

/// The goods of an order as people see them; surplus stands last.
pub fn goods_views(request: &Request) -> Vec<out::GoodsView> {
    request.legs().map(|(line_no, leg)| goods_view(request, line_no, leg)).collect()
}

fn goods_view(request: &Request, line_no: u32, leg: &Leg) -> out::GoodsView {
    let place = usize::try_from(line_no).unwrap_or(usize::MAX).saturating_sub(1);
    let asked = request.lines.get(place).map(|line| line.product_id.clone());
    let came = || request.surplus.get(place.saturating_sub(request.lines.len())).map(|one| one.product_id.clone());
    let arrival = |arrival: &Arrival| out::ArrivalView {
        at: Some(proto::timestamp(arrival.at)),
        place: arrival.place.clone(),
        by: arrival.by.clone(),
        quantity: arrival.quantity,
        parcel_reference: arrival.parcel.clone().unwrap_or_default(),
    };
    out::GoodsView {
        line_no,
        surplus: asked.is_none(),
        product_id: asked.or_else(came).unwrap_or_default(),
        awaiting: leg.goods.awaiting(),
        uninspected: leg.goods.uninspected(),
        accepted: leg.goods.accepted(),
        rejected: leg.goods.rejected(),
        lapsed: leg.goods.lapsed(),
        arrivals: leg.arrivals.iter().map(arrival).collect(),
        inspections: leg.inspections.iter().map(inspection_view).collect(),
        settled: leg.is_settled(),
        handed_back: leg.goods.handed_back(),
    }
}

fn inspection_view(inspection: &Inspection) -> out::InspectionView {
    out::InspectionView {
        by: inspection.by.clone(),
        at: Some(proto::timestamp(inspection.at)),
        results: results(&inspection.findings),
        criteria: criteria(&inspection.criteria),
        photos: inspection.photos.clone(),
        renewed: inspection.renewed.as_ref().map(receipt),
        agreed: inspection.word.map(|word| word.agreed),
        ruling: inspection.ruling.as_ref().map(review_view),
    }
}
