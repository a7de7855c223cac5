//! The gRPC door to compensations: who approves them, who gives them out, and what budgets have left. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Clock, Road, page::by_time};
use contracts::{
    Message,
    common::v1::Receipt,
    fulfilment::v1::{
        ApproveCompensationRequest, CompensationGift, IssueCompensationRequest, ListCompensationBudgetsRequest,
        ListCompensationBudgetsResponse, ListCompensationsRequest, ListCompensationsResponse,
        RecordCompensationGivenRequest, RefuseCompensationRequest, ResubmitCompensationRequest,
        compensations_server::Compensations,
    },
};
use kernel::money::Money;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    caller, command,
    cost::department,
    request::{code, paid, word},
};
use crate::{
    domain::{
        budget::Budget,
        giving::{Gift, Rules, What},
        ledger::COST_MAX,
        order::{
            Command, ServiceOrder,
            compensation::{Stage, Step},
            request,
        },
    },
    store::{Stored, compensations},
    wire,
};

const POINTS_MAX: u32 = 1_000_000_000;

/// What is given beside purchases.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    pub clock: Clock,
    pub rules: Arc<Rules>,
}

/// Reads what is given; `agreed` is its worth where a solution says it. Nothing told is nothing given.
pub(super) fn gift(
    checks: &mut Checks,
    told: Option<&CompensationGift>,
    agreed: Option<Money>,
) -> Option<Option<Gift>> {
    let Some(r) = told else { return Some(None) };
    let what = word::<What>(checks, "compensation.what", &r.what);
    let worth = paid(checks, "compensation.worth", r.worth.as_ref());
    let reason = code(checks, "compensation.reason", &r.reason);
    let department = department(checks, "compensation.department", &r.department);
    let worth = worth?.or(agreed);
    let fits = match worth {
        None if what == Some(What::ServiceAgain) => Ok(()),
        None => Err("is missing: what it costs us".to_owned()),
        Some(worth) if (1..=COST_MAX).contains(&worth.minor) => Ok(()),
        Some(_) => Err(format!("must be 1 to {COST_MAX} minor units")),
    };
    let worth = checks.value("compensation.worth", fits.map(|()| worth));
    let counted = match (what, r.points) {
        (Some(What::Points), 1..=POINTS_MAX) | (None, _) => Ok(r.points),
        (Some(What::Points), _) => Err(format!("must be 1 to {POINTS_MAX}")),
        (Some(_), 0) => Ok(0),
        (Some(_), _) => Err("are given as points only".to_owned()),
    };
    let points = checks.value("compensation.points", counted);
    Some(Some(Gift { what: what?, worth: worth?, points: points?, reason: reason?, department: department? }))
}

impl Api {
    /// One step of a compensation, or everything that is wrong with the request.
    async fn tell<T: Message>(
        &self,
        request: &Request<T>,
        scope: &str,
        id: &str,
        read: impl FnOnce(&mut Checks, &T) -> Option<Step> + Send,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, request, scope);
        let id: Option<Uuid> = checks.id("order_id", id);
        let step = read(&mut checks, request.get_ref());
        let (Some(caller), Some(id), Some(step)) = (caller, id, step) else { return Err(checks.fault().into()) };
        let by = caller.0.as_str().to_owned();
        let told = Command::Request(request::Command::Compensation { by, step });
        command(&self.road, caller, Change::to::<ServiceOrder>(id, told)).await
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }
}

#[tonic::async_trait]
impl Compensations for Api {
    async fn approve_compensation(
        &self,
        request: Request<ApproveCompensationRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().order_id;
        let read = |_: &mut Checks, _: &ApproveCompensationRequest| Some(Step::Approve { rules: self.rules() });
        self.tell(&request, "fulfilment.approve_compensation", id, read).await
    }

    async fn refuse_compensation(
        &self,
        request: Request<RefuseCompensationRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().order_id;
        let read = |checks: &mut Checks, r: &RefuseCompensationRequest| {
            code(checks, "reason", &r.reason).map(|reason| Step::Refuse { reason, rules: self.rules() })
        };
        self.tell(&request, "fulfilment.refuse_compensation", id, read).await
    }

    async fn resubmit_compensation(
        &self,
        request: Request<ResubmitCompensationRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().order_id;
        let read = |_: &mut Checks, _: &ResubmitCompensationRequest| Some(Step::Resubmit { rules: self.rules() });
        self.tell(&request, "fulfilment.resubmit_compensation", id, read).await
    }

    async fn issue_compensation(
        &self,
        request: Request<IssueCompensationRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().order_id;
        let read = |checks: &mut Checks, r: &IssueCompensationRequest| {
            let reference = super::repair::reference(checks, "reference", &r.reference);
            reference.map(|reference| Step::Issue { reference, handed_over: r.handed_over })
        };
        self.tell(&request, "fulfilment.issue_compensation", id, read).await
    }

    async fn record_compensation_given(
        &self,
        request: Request<RecordCompensationGivenRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let id = &request.get_ref().order_id;
        let read = |_: &mut Checks, _: &RecordCompensationGivenRequest| Some(Step::Give);
        self.tell(&request, "fulfilment.record_compensation_given", id, read).await
    }

    async fn list_compensations(
        &self,
        request: Request<ListCompensationsRequest>,
    ) -> Result<Response<ListCompensationsResponse>, Status> {
        let ListCompensationsRequest { status, page } = request.into_inner();
        let mut checks = Checks::default();
        let status = checks.one_of("status", &status, &Stage::OPEN);
        let page = checks.page(page.as_ref(), by_time);
        let (Some(status), Some((page, after))) = (status, page) else { return Err(checks.fault().into()) };
        let rows = compensations::compensations(&self.pool, status, after, page.limit()).await?;
        let since = |row: &Stored<ServiceOrder>| {
            row.state.request.as_ref().and_then(|request| request.compensation.as_ref()).map(|one| one.since)
        };
        let place = |row: &Stored<ServiceOrder>| (super::key(since(row)), row.id);
        let view = |row: &Stored<ServiceOrder>| row.state.request.as_ref().and_then(wire::compensation::view);
        Ok(Response::new(ListCompensationsResponse {
            next_page_token: page.next(&rows, place),
            compensations: rows.iter().filter_map(view).collect(),
        }))
    }

    async fn list_compensation_budgets(
        &self,
        request: Request<ListCompensationBudgetsRequest>,
    ) -> Result<Response<ListCompensationBudgetsResponse>, Status> {
        let ListCompensationBudgetsRequest { month, page } = request.into_inner();
        let mut checks = Checks::default();
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|one| one.is_ascii_digit());
        let told = month.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2));
        let month = match month.as_str() {
            "" => Some(self.rules.month(self.clock.now())),
            told_month => {
                checks.value("month", if told { Ok(told_month.to_owned()) } else { Err("is written as 2026-07") })
            }
        };
        let page = checks.page(page.as_ref(), |name, id| Some((name.to_owned(), id)));
        let (Some(month), Some((page, after))) = (month, page) else { return Err(checks.fault().into()) };
        let rows = compensations::budgets(&self.pool, &month, after, page.limit()).await?;
        let name = |row: &Stored<Budget>| row.state.key.as_ref().map(|key| key.purse.name.clone()).unwrap_or_default();
        Ok(Response::new(ListCompensationBudgetsResponse {
            next_page_token: page.next(&rows, |row| (name(row), row.id)),
            budgets: rows.iter().map(|row| wire::compensation::budget_view(row.id, &row.state)).collect(),
        }))
    }
}
