//! Events with only what the figures read in them, and short ways to ask for figures.
use contracts::{
    Timestamp as Wire,
    analytics::v1::{Figure, GetFiguresRequest, GetFiguresResponse, reports_client::ReportsClient},
    common::v1::Money,
    complaint::v1::{
        ComplaintRecorded, InvestigationConcluded, InvestigationLate, PromiseStanding, PromisesMoved, SolutionAgreed,
        SolutionOffered, TaskAccepted, TaskAnswered,
    },
    fulfilment::v1::RefundSucceeded,
    intake::v1::{CallEnded, CallOutcome, CaseClosed, PurchaseDelivered, PurchaseRecorded},
    scheduling::v1::{FollowUpCompleted, FollowUpPlanned, FollowUpRescheduled},
};
use jiff::Timestamp;
use testkit::Stack;
use tonic::Status;
use uuid::Uuid;

/// An instant of 2026, written "02-14T08:00:00".
pub fn at(text: &str) -> Timestamp {
    format!("2026-{text}Z").parse().unwrap()
}

pub fn wire(at: Timestamp) -> Option<Wire> {
    Some(backbone::proto::timestamp(at))
}

pub fn money(minor: i64, currency: &str) -> Option<Money> {
    Some(Money { minor, currency: currency.to_owned() })
}

pub fn planned(customer: Uuid, window_end: Timestamp) -> FollowUpPlanned {
    FollowUpPlanned { customer_id: customer.to_string(), window_end: wire(window_end), ..Default::default() }
}

pub fn moved(customer: Uuid, window_end: Timestamp) -> FollowUpRescheduled {
    FollowUpRescheduled { customer_id: customer.to_string(), window_end: wire(window_end), ..Default::default() }
}

pub fn completed(customer: Uuid, score: u32, answered: Timestamp, window_end: Timestamp) -> FollowUpCompleted {
    FollowUpCompleted {
        customer_id: customer.to_string(),
        score,
        answered_at: wire(answered),
        window_end: wire(window_end),
        ..Default::default()
    }
}

pub fn purchase(bought: Timestamp, delivered: Option<Timestamp>, minor: i64, currency: &str) -> PurchaseRecorded {
    PurchaseRecorded {
        bought_at: wire(bought),
        delivered_at: delivered.and_then(wire),
        paid: money(minor, currency),
        ..Default::default()
    }
}

pub fn delivered(at: Timestamp) -> PurchaseDelivered {
    PurchaseDelivered { delivered_at: wire(at), ..Default::default() }
}

pub fn closed(registered: Timestamp, closed: Timestamp) -> CaseClosed {
    CaseClosed { registered_at: wire(registered), closed_at: wire(closed), ..Default::default() }
}

pub fn call(ended: Timestamp, wait_seconds: u32, outcome: CallOutcome) -> CallEnded {
    CallEnded { outcome: outcome.into(), wait_seconds, ended_at: wire(ended), ..Default::default() }
}

/// How one promise to a customer stands.
pub fn stands(promise: &str, given: Timestamp, due: Timestamp, status: &str) -> PromisesMoved {
    let one = PromiseStanding {
        promise: promise.to_owned(),
        started_at: wire(given),
        status: status.to_owned(),
        due_at: wire(due),
        ..Default::default()
    };
    PromisesMoved { promises: vec![one], ..Default::default() }
}

pub fn recorded(at: Timestamp, investigate_by: Timestamp) -> ComplaintRecorded {
    ComplaintRecorded { recorded_at: wire(at), investigate_by: wire(investigate_by), ..Default::default() }
}

pub fn concluded(at: Timestamp, investigate_by: Timestamp) -> InvestigationConcluded {
    InvestigationConcluded { concluded_at: wire(at), investigate_by: wire(investigate_by), ..Default::default() }
}

pub fn late(investigate_by: Timestamp) -> InvestigationLate {
    InvestigationLate { investigate_by: wire(investigate_by), ..Default::default() }
}

pub fn refunded(at: Timestamp, minor: i64, currency: &str) -> RefundSucceeded {
    RefundSucceeded { succeeded_at: wire(at), amount: money(minor, currency), ..Default::default() }
}

pub fn offered(offer_no: u32) -> SolutionOffered {
    SolutionOffered { offer_no, ..Default::default() }
}

pub fn agreed(offer_no: u32) -> SolutionAgreed {
    SolutionAgreed { offer_no, ..Default::default() }
}

pub fn answered(
    department: &str,
    complaint: Uuid,
    at: Timestamp,
    acknowledged_s: u64,
    answered_s: u64,
) -> TaskAnswered {
    TaskAnswered {
        complaint_id: complaint.to_string(),
        department: department.to_owned(),
        answered_at: wire(at),
        to_acknowledge_s: acknowledged_s,
        to_answer_s: answered_s,
        ..Default::default()
    }
}

pub fn accepted(department: &str, complaint: Uuid) -> TaskAccepted {
    let (complaint_id, department) = (complaint.to_string(), department.to_owned());
    TaskAccepted { complaint_id, department, ..Default::default() }
}

pub fn client(stack: &Stack) -> ReportsClient<tonic::transport::Channel> {
    ReportsClient::new(stack.channel("analytics"))
}

pub async fn ask(
    stack: &Stack,
    from: Timestamp,
    to: Timestamp,
    metrics: &[&str],
) -> Result<GetFiguresResponse, Status> {
    let metrics = metrics.iter().map(|id| (*id).to_owned()).collect();
    let request = GetFiguresRequest { from: wire(from), to: wire(to), metrics };
    client(stack).get_figures(request).await.map(tonic::Response::into_inner)
}

/// All figures of January and February 2026.
pub async fn figures(stack: &Stack) -> Vec<Figure> {
    ask(stack, at("01-01T00:00:00"), at("03-01T00:00:00"), &[]).await.unwrap().figures
}

pub fn one<'a>(figures: &'a [Figure], metric: &str, part: &str) -> &'a Figure {
    let found: Vec<_> = figures.iter().filter(|f| f.metric == metric && f.part == part).collect();
    assert_eq!(found.len(), 1, "{metric} {part} in {figures:?}");
    found[0]
}

/// Value, n and numerator of one figure.
pub fn read(figures: &[Figure], metric: &str, part: &str) -> (Option<f64>, u64, Option<u64>) {
    let figure = one(figures, metric, part);
    (figure.value, figure.n, figure.numerator)
}
