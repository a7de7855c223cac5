//! The gRPC door for those who work on cases: request to command. No rules.
mod bulk;
mod classify;
mod course;
mod merge;
mod split;
mod turns;

use std::{collections::BTreeSet, sync::Arc};

use backbone::{Actor, Change, Checks, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        AcceptCaseRequest, AssignCaseRequest, AssignNextRequest, AssignNextResponse, BulkAssignRequest,
        BulkCloseRequest, BulkResponse, ClassifyCaseRequest, LinkCasesRequest, ListDuplicateCandidatesRequest,
        ListDuplicateCandidatesResponse, MergeCasesRequest, RejectCaseRequest, ReopenCaseRequest, RequestInfoRequest,
        RevealHistoryRequest, RevealHistoryResponse, SplitCaseRequest, UnassignCaseRequest, UnlinkCasesRequest,
        UnmergeCaseRequest, ViewCaseRequest, ViewCaseResponse, desk_server::Desk as DeskRpc,
    },
};
use tonic::{Request, Response, Status};

use crate::{
    answers::{Answer, answer},
    api::{customer_of, submit},
    app::App,
    domain::{
        assignment::HandOver,
        case::{Case, Command},
        information::Question,
        record::Part,
    },
    store,
    vault::text_row,
    wire,
};

/// How somebody who can have a case is named.
pub const A_PERSON: &str = "names a person as staff:id, for example staff:ana";

/// The service.
pub struct Desk(pub Arc<App>);

#[tonic::async_trait]
impl DeskRpc for Desk {
    async fn assign_case(&self, request: Request<AssignCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "assign_case");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let to = checks.value("assigned_to", person(&r.assigned_to).ok_or(A_PERSON));
        let (Some(actor), Some(key), Some(id), Some(to)) = (actor, key, id, to) else {
            return Err(checks.fault().into());
        };
        let asked = HandOver { to, by: actor.as_str().to_owned(), version: r.assignment_version };
        let assign = Command::Assign { asked, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, assign)).actor(actor).key(key)).await
    }

    async fn accept_case(&self, request: Request<AcceptCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let by = actor
            .as_ref()
            .and_then(|actor| checks.value("metadata.aftercare-actor", person(actor.as_str()).ok_or(A_PERSON)));
        let key = checks.key(&request, "accept_case");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let (Some(actor), Some(by), Some(key), Some(id)) = (actor, by, key, id) else {
            return Err(checks.fault().into());
        };
        let version = request.get_ref().assignment_version;
        let accept = Command::Accept { by, version, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, accept)).actor(actor).key(key)).await
    }

    async fn classify_case(&self, request: Request<ClassifyCaseRequest>) -> Result<Response<Receipt>, Status> {
        classify::classify(&self.0, &request).await
    }

    async fn bulk_assign(&self, request: Request<BulkAssignRequest>) -> Result<Response<BulkResponse>, Status> {
        bulk::assign(&self.0, &request).await
    }

    async fn bulk_close(&self, request: Request<BulkCloseRequest>) -> Result<Response<BulkResponse>, Status> {
        bulk::close(&self.0, &request).await
    }

    async fn assign_next(&self, request: Request<AssignNextRequest>) -> Result<Response<AssignNextResponse>, Status> {
        turns::assign_next(&self.0, &request).await
    }

    async fn unassign_case(&self, request: Request<UnassignCaseRequest>) -> Result<Response<Receipt>, Status> {
        turns::unassign(&self.0, &request).await
    }

    async fn view_case(&self, request: Request<ViewCaseRequest>) -> Result<Response<ViewCaseResponse>, Status> {
        turns::view_case(&self.0, &request).await
    }

    async fn request_info(&self, request: Request<RequestInfoRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "request_info");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let missing = missing(&mut checks, &r.missing);
        let words = checks.text("question", r.question.trim(), 1..=2000);
        let (Some(actor), Some(key), Some(id), Some(missing), Some(words)) = (actor, key, id, missing, words) else {
            return Err(checks.fault().into());
        };
        let case = store::case(&self.0.pool, id).await?;
        let sealed = self.0.master.new_key(customer_of(&case)?)?;
        let number = case.2.questions.saturating_add(1);
        let row = text_row(&sealed, id, &format!("question_{number}"), words)?;
        let asked = Question { number, missing, within: self.0.info_within };
        let ask =
            Command::RequestInfo { asked, levels: Arc::clone(&self.0.levels), minimum: Arc::clone(&self.0.minimum) };
        let unit = Unit::of(Change::to::<Case>(id, ask)).row(row);
        let unit = match r.send {
            true => {
                let Answer { change, rows, .. } = answer(&self.0, &case, "question", words).await?;
                rows.into_iter().fold(unit.and(change), Unit::row)
            }
            false => unit,
        };
        submit(&self.0, unit.actor(actor).key(key)).await
    }

    async fn reject_case(&self, request: Request<RejectCaseRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "reject_case");
        let r = request.get_ref();
        let id = checks.id("case_id", &r.case_id);
        let what = checks.value("what", wire::unfit_of(r.what()).ok_or("is spam, test or not_ours"));
        let reason = checks.text("reason", r.reason.trim(), 1..=200).map(str::to_owned);
        let (Some(actor), Some(key), Some(id), Some(what), Some(reason)) = (actor, key, id, what, reason) else {
            return Err(checks.fault().into());
        };
        let reject = Command::Reject { what, reason, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, reject)).actor(actor).key(key)).await
    }

    async fn reopen_case(&self, request: Request<ReopenCaseRequest>) -> Result<Response<Receipt>, Status> {
        course::reopen(&self.0, &request).await
    }

    async fn link_cases(&self, request: Request<LinkCasesRequest>) -> Result<Response<Receipt>, Status> {
        course::link(&self.0, &request).await
    }

    async fn unlink_cases(&self, request: Request<UnlinkCasesRequest>) -> Result<Response<Receipt>, Status> {
        course::unlink(&self.0, &request).await
    }

    async fn merge_cases(&self, request: Request<MergeCasesRequest>) -> Result<Response<Receipt>, Status> {
        merge::merge(&self.0, &request).await
    }

    async fn unmerge_case(&self, request: Request<UnmergeCaseRequest>) -> Result<Response<Receipt>, Status> {
        merge::unmerge(&self.0, &request).await
    }

    async fn split_case(&self, request: Request<SplitCaseRequest>) -> Result<Response<Receipt>, Status> {
        split::split(&self.0, &request).await
    }

    async fn reveal_history(
        &self,
        request: Request<RevealHistoryRequest>,
    ) -> Result<Response<RevealHistoryResponse>, Status> {
        course::reveal_history(&self.0, &request).await
    }

    async fn list_duplicate_candidates(
        &self,
        request: Request<ListDuplicateCandidatesRequest>,
    ) -> Result<Response<ListDuplicateCandidatesResponse>, Status> {
        course::list_duplicate_candidates(&self.0, &request).await
    }
}

/// What is asked for.
fn missing(checks: &mut Checks, named: &[i32]) -> Option<BTreeSet<Part>> {
    let named = checks.list("missing", named, 10)?;
    if named.is_empty() {
        checks.wrong("missing", "name at least one part of the record");
        return None;
    }
    let parts: Vec<_> = named
        .iter()
        .enumerate()
        .map(|(n, part)| {
            let known = wire::part_of(*part).ok_or("is content, emotion, circumstances or expected_resolution");
            checks.value(&format!("missing[{n}]"), known)
        })
        .collect();
    parts.into_iter().collect()
}

/// Somebody who can have a case; `None` for services, channels and whatever names nobody.
pub fn person(text: &str) -> Option<String> {
    Actor::parse(text).filter(|actor| actor.as_str().starts_with("staff:")).map(|actor| actor.as_str().to_owned())
}
