//! The course of a case: request to command, or query to response. No rules.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use backbone::{Change, Checks, Unit, proto};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        CaseHistory, DuplicateCandidate, HistoryStep, LinkCasesRequest, ListDuplicateCandidatesRequest,
        ListDuplicateCandidatesResponse, ReopenCaseRequest, RevealHistoryRequest, RevealHistoryResponse,
        UnlinkCasesRequest,
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    api::{submit, view},
    app::App,
    domain::{
        case::{self, Case},
        course::Command,
    },
    store::{self, Look},
    wire, words,
};

/// The most cases of a history.
const HISTORY_MAX: usize = 50;

/// A change in the course of a case.
pub fn change(id: Uuid, command: Command) -> Change {
    Change::to::<Case>(id, case::Command::Course(command))
}

pub async fn reopen(app: &App, request: &Request<ReopenCaseRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "reopen_case");
    let id = checks.id("case_id", &request.get_ref().case_id);
    let reason = checks.text("reason", request.get_ref().reason.trim(), 1..=200).map(str::to_owned);
    let (Some(actor), Some(key), Some(id), Some(reason)) = (actor, key, id, reason) else {
        return Err(checks.fault().into());
    };
    let (within, levels) = (app.terms.reopen_within, Arc::clone(&app.levels));
    let reopen = Command::Reopen { reason, within, levels };
    submit(app, Unit::of(change(id, reopen)).actor(actor).key(key)).await
}

pub async fn link(app: &App, request: &Request<LinkCasesRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "link_cases");
    let link = request.get_ref().link.clone().unwrap_or_default();
    let id = checks.id("case_id", &request.get_ref().case_id);
    let other = checks.id("link.case_id", &link.case_id);
    let kind = wire::course::link_kind_of(link.kind()).ok_or("is related, parent or follow_up_of");
    let kind = checks.value("link.kind", kind);
    let (Some(actor), Some(key), Some(id), Some(other), Some(kind)) = (actor, key, id, other, kind) else {
        return Err(checks.fault().into());
    };
    let back = change(other, Command::Link { other: id, kind: kind.opposite() });
    submit(app, Unit::of(change(id, Command::Link { other, kind })).and(back).actor(actor).key(key)).await
}

pub async fn unlink(app: &App, request: &Request<UnlinkCasesRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "unlink_cases");
    let id = checks.id("case_id", &request.get_ref().case_id);
    let other = checks.id("other_case_id", &request.get_ref().other_case_id);
    let (Some(actor), Some(key), Some(id), Some(other)) = (actor, key, id, other) else {
        return Err(checks.fault().into());
    };
    let back = change(other, Command::Unlink { other: id });
    submit(app, Unit::of(change(id, Command::Unlink { other })).and(back).actor(actor).key(key)).await
}

pub async fn reveal_history(
    app: &App,
    request: &Request<RevealHistoryRequest>,
) -> Result<Response<RevealHistoryResponse>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let id = checks.id("case_id", &request.get_ref().case_id);
    let purpose = checks.text("purpose", request.get_ref().purpose.trim(), 1..=200);
    let (Some(actor), Some(id), Some(purpose)) = (actor, id, purpose) else { return Err(checks.fault().into()) };
    let look = Look { actor: &actor, purpose, at: app.clock.now() };
    let (found, left_off) = linked(app, id).await?;
    let ids: Vec<Uuid> = found.iter().map(|(id, _, _)| *id).collect();
    let mut steps: BTreeMap<Uuid, Vec<HistoryStep>> = BTreeMap::new();
    for step in store::steps(&app.pool, &ids).await? {
        let told = HistoryStep { what: step.what(), at: Some(proto::timestamp(step.at())), by: step.actor };
        steps.entry(step.aggregate_id).or_default().push(told);
    }
    let mut cases = Vec::with_capacity(found.len());
    for one in found {
        let words = Some(words::of_case(app, &one, look).await?);
        let steps = steps.remove(&one.0).unwrap_or_default();
        cases.push(CaseHistory { case: Some(view(one)?), steps, words });
    }
    Ok(Response::new(RevealHistoryResponse { cases, left_off }))
}

/// A case and all that are linked with it, one by the other; whether there are more than can be shown.
async fn linked(app: &App, id: Uuid) -> Result<(Vec<store::Found>, bool), Status> {
    let mut found = vec![store::case(&app.pool, id).await?];
    let mut seen = BTreeSet::from([id]);
    let mut next: Vec<Uuid> = neighbours(&found, &mut seen);
    while !next.is_empty() && found.len() < HISTORY_MAX {
        next.truncate(HISTORY_MAX - found.len() + 1);
        let more = store::cases(&app.pool, &next).await?;
        next = neighbours(&more, &mut seen);
        found.extend(more);
    }
    let left_off = found.len() > HISTORY_MAX || !next.is_empty();
    found.truncate(HISTORY_MAX);
    if let Some((_, others)) = found.split_first_mut() {
        others.sort_by_key(|(id, _, case)| (case.facts.as_ref().map(|facts| facts.recorded_at), *id));
    }
    Ok((found, left_off))
}

/// The cases next to these that were not seen yet.
fn neighbours(cases: &[store::Found], seen: &mut BTreeSet<Uuid>) -> Vec<Uuid> {
    let all = cases.iter().flat_map(|(_, _, case)| case.neighbours());
    all.filter(|id| seen.insert(*id)).collect()
}

pub async fn list_duplicate_candidates(
    app: &App,
    request: &Request<ListDuplicateCandidatesRequest>,
) -> Result<Response<ListDuplicateCandidatesResponse>, Status> {
    let mut checks = Checks::default();
    let page = checks.page(request.get_ref().page.as_ref(), |key, id| Some((key.parse::<i64>().ok()?, id)));
    let Some((page, after)) = page else { return Err(checks.fault().into()) };
    let (pairs, next_page_token) = store::duplicates(&app.pool, app.terms.duplicates_within, &page, after).await?;
    let candidate = |pair: store::Pair| DuplicateCandidate {
        case_id: pair.id.to_string(),
        earlier_case_ids: pair.earlier.iter().map(Uuid::to_string).collect(),
    };
    let candidates = pairs.into_iter().map(candidate).collect();
    Ok(Response::new(ListDuplicateCandidatesResponse { candidates, next_page_token }))
}
