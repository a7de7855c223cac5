//! The gRPC door for those who report to authorities: request to command, or query to response. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Unit, page::Page};
use contracts::{
    common::v1::Receipt as Done,
    intake::v1::{
        ListRegulatorReportsRequest, ListRegulatorReportsResponse, RecordRegulatorReceiptRequest,
        WithdrawRegulatorReportRequest, regulators_server::Regulators as RegulatorsRpc,
    },
};
use jiff::Timestamp;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::submit,
    app::App,
    desk::{A_PERSON, person},
    domain::{
        case::{Case, Command},
        reporting::{Receipt, Withdrawal},
    },
    store, wire,
};

/// The service.
pub struct Regulators(pub Arc<App>);

#[tonic::async_trait]
impl RegulatorsRpc for Regulators {
    async fn list_regulator_reports(
        &self,
        request: Request<ListRegulatorReportsRequest>,
    ) -> Result<Response<ListRegulatorReportsResponse>, Status> {
        let mut checks = Checks::default();
        let case = checks.optional_id("case_id", &request.get_ref().case_id);
        let place = |due: &str, id: Uuid| Some((Timestamp::from_microsecond(due.parse().ok()?).ok()?, id));
        let page = checks.page(request.get_ref().page.as_ref(), place);
        let (Some(case), Some((page, after))) = (case, page) else { return Err(checks.fault().into()) };
        let (cases, next_page_token) = match case {
            Some(id) => (vec![store::case(&self.0.pool, id).await?], String::new()),
            None => self.open(&page, after).await?,
        };
        let shown = |one: &store::Found| wire::regulator::reports(&one.2, case.is_none());
        let reports = cases.iter().flat_map(shown).collect();
        Ok(Response::new(ListRegulatorReportsResponse { reports, next_page_token }))
    }

    async fn record_regulator_receipt(
        &self,
        request: Request<RecordRegulatorReceiptRequest>,
    ) -> Result<Response<Done>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let by = actor.as_ref();
        let by = by.and_then(|by| checks.value("metadata.aftercare-actor", person(by.as_str()).ok_or(A_PERSON)));
        let key = checks.key(&request, "record_regulator_receipt");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let pack = checks.text("pack", r.pack.trim(), 1..=50);
        let number = checks.text("number", r.number.trim(), 1..=100);
        let at = checks.required("received_at", r.received_at.as_ref());
        let past = |at| if at <= self.0.clock.now() { Ok(at) } else { Err("is in the future; say when it was given") };
        let at = at.and_then(|at| checks.value("received_at", past(at)));
        let (Some(actor), Some(by), Some(key), Some(id), Some(pack), Some(number), Some(at)) =
            (actor, by, key, id, pack, number, at)
        else {
            return Err(checks.fault().into());
        };
        let receipt = Receipt { pack: pack.to_owned(), number: number.to_owned(), at, by };
        let command = Command::ReceiveReport { receipt, packs: Arc::clone(&self.0.packs) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, command)).actor(actor).key(key)).await
    }

    async fn withdraw_regulator_report(
        &self,
        request: Request<WithdrawRegulatorReportRequest>,
    ) -> Result<Response<Done>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let by = actor.as_ref();
        let by = by.and_then(|by| checks.value("metadata.aftercare-actor", person(by.as_str()).ok_or(A_PERSON)));
        let key = checks.key(&request, "withdraw_regulator_report");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let pack = checks.text("pack", r.pack.trim(), 1..=50);
        let reason = checks.text("reason", r.reason.trim(), 1..=500).map(str::to_owned);
        let (Some(actor), Some(by), Some(key), Some(id), Some(pack), Some(reason)) = (actor, by, key, id, pack, reason)
        else {
            return Err(checks.fault().into());
        };
        let withdrawal = Withdrawal { by: Some(by), reason };
        let command = Command::WithdrawReport { pack: pack.to_owned(), withdrawal };
        submit(&self.0, Unit::of(Change::to::<Case>(id, command)).actor(actor).key(key)).await
    }
}

impl Regulators {
    /// Cases that owe a report, the first due first.
    async fn open(
        &self,
        page: &Page,
        after: Option<(Timestamp, Uuid)>,
    ) -> Result<(Vec<store::Found>, String), backbone::Fault> {
        let cases = store::owing_reports(&self.0.pool, page, after).await?;
        let due = |one: &store::Found| one.2.reports.due_by.map_or(0, Timestamp::as_microsecond).to_string();
        let next = page.next(&cases, |one| (due(one), one.0));
        Ok((cases, next))
    }
}
