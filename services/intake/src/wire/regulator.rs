//! Contract and domain of the reports to authorities.
use backbone::{Published, proto};
use contracts::intake::v1 as contract;
use jiff::Timestamp;

use crate::domain::{
    case::Case,
    reporting::{Event, Moved, Report},
};

/// What others learn of the reports.
pub(super) fn published(case: &Case, event: &Event, case_id: String, complaint_id: String, shard: u8) -> Published {
    let due = |moved: &Moved| case.reports.of(&moved.pack, &moved.term).map(|one| one.promise.standing.due_at);
    match event {
        Event::Owed(report) => {
            let owed = contract::RegulatorReportOwed {
                case_id,
                complaint_id,
                pack: report.pack.clone(),
                term: report.term.clone(),
                started_at: Some(proto::timestamp(report.promise.started_at)),
                due_at: Some(proto::timestamp(report.promise.standing.due_at)),
            };
            Published::of(&owed, shard)
        }
        Event::DueSoon(moved) => {
            let due_soon = contract::RegulatorReportDueSoon {
                case_id,
                complaint_id,
                pack: moved.pack.clone(),
                term: moved.term.clone(),
                warning: warning(moved),
                due_at: due(moved).map(proto::timestamp),
            };
            Published::of(&due_soon, shard)
        }
        Event::Late(moved) => {
            let late = contract::RegulatorReportLate {
                case_id,
                complaint_id,
                pack: moved.pack.clone(),
                term: moved.term.clone(),
                due_at: due(moved).map(proto::timestamp),
            };
            due(moved).into_iter().fold(Published::of(&late, shard), Published::at)
        }
        Event::Received { receipt, in_time, moved } => {
            let mut terms: Vec<_> = moved.iter().map(|one| one.term.clone()).collect();
            terms.dedup();
            let (pack, number) = (receipt.pack.clone(), receipt.number.clone());
            let received_at = Some(proto::timestamp(receipt.at));
            let received =
                contract::RegulatorReceiptRecorded { case_id, pack, terms, number, received_at, in_time: *in_time };
            Published::of(&received, shard).at(receipt.at)
        }
        Event::Withdrawn { moved, .. } => {
            let key = |one: &Moved| contract::RegulatorReportKey { pack: one.pack.clone(), term: one.term.clone() };
            let mut reports: Vec<_> = moved.iter().map(key).collect();
            reports.dedup();
            Published::of(&contract::RegulatorReportWithdrawn { case_id, reports }, shard)
        }
    }
}

fn warning(moved: &Moved) -> String {
    match &moved.event {
        kernel::promise::Event::Warned { warning, .. } => warning.to_string(),
        _ => String::new(),
    }
}

/// The reports of a case; only those that are open where that is asked.
pub fn reports(case: &Case, open: bool) -> Vec<contract::RegulatorReport> {
    let shown = case.reports.owed.iter().filter(|report| !open || report.is_open());
    shown.map(|report| view(case, report)).collect()
}

fn view(case: &Case, report: &Report) -> contract::RegulatorReport {
    let instant = |at: Timestamp| Some(proto::timestamp(at));
    let receipts = case.reports.receipts.iter().filter(|receipt| receipt.pack == report.pack);
    let receipts = receipts.map(|receipt| contract::RegulatorReceipt {
        number: receipt.number.clone(),
        received_at: instant(receipt.at),
        recorded_by: receipt.by.clone(),
    });
    let withdrawn = report.withdrawn.as_ref();
    contract::RegulatorReport {
        case_id: case.facts.as_ref().map(|facts| facts.case_id.to_string()).unwrap_or_default(),
        pack: report.pack.clone(),
        authority: report.authority.clone(),
        term: report.term.clone(),
        status: report.promise.standing.state.name().to_owned(),
        started_at: instant(report.promise.started_at),
        due_at: instant(report.promise.standing.due_at),
        receipts: receipts.collect(),
        withdrawn_because: withdrawn.map(|one| one.reason.clone()).unwrap_or_default(),
        withdrawn_by: withdrawn.and_then(|one| one.by.clone()).unwrap_or_default(),
    }
}
