//! Merging cases and undoing it: request to commands. No rules.
use std::sync::Arc;

use backbone::{Checks, Fault, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{MergeCasesRequest, UnmergeCaseRequest},
};
use jiff::SignedDuration;
use tonic::{Request, Response, Status};

use super::course::change;
use crate::{
    api::submit,
    app::App,
    domain::course::{Command, Merging},
    store,
};

pub async fn merge(app: &App, request: &Request<MergeCasesRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "merge_cases");
    let r = request.get_ref();
    let id = checks.id("case_id", &r.case_id);
    let into = checks.id("into_case_id", &r.into_case_id);
    let reason = checks.text("reason", r.reason.trim(), 1..=200).map(str::to_owned);
    let (Some(actor), Some(key), Some(id), Some(into), Some(reason)) = (actor, key, id, into, reason) else {
        return Err(checks.fault().into());
    };
    let (_, _, case) = store::case(&app.pool, id).await?;
    let (_, _, other) = store::case(&app.pool, into).await?;
    let target = other.target().ok_or_else(|| Fault::not_found("case", into))?;
    let complaint_id = case.facts.as_ref().and_then(|facts| facts.complaint_id);
    let same = match (&case.facts, &other.facts) {
        (Some(one), Some(other)) => store::customer::same_person(&app.pool, one.customer_id, other.customer_id).await?,
        _ => false,
    };
    let merging = Merging {
        into: target,
        by: actor.as_str().to_owned(),
        reason,
        lead: same || app.terms.is_lead(&actor),
        carried_out: store::complaint_is_carried_out(&app.pool, complaint_id).await?,
        levels: Arc::clone(&app.levels),
    };
    let absorb = Command::Absorb { other: id, links: case.course.links };
    let unit = Unit::of(change(id, Command::Merge(Box::new(merging)))).and(change(into, absorb));
    submit(app, unit.actor(actor).key(key)).await
}

pub async fn unmerge(app: &App, request: &Request<UnmergeCaseRequest>) -> Result<Response<Receipt>, Status> {
    let mut checks = Checks::default();
    let actor = checks.actor(request);
    let key = checks.key(request, "unmerge_case");
    let id = checks.id("case_id", &request.get_ref().case_id);
    let (Some(actor), Some(key), Some(id)) = (actor, key, id) else { return Err(checks.fault().into()) };
    let (_, _, case) = store::case(&app.pool, id).await?;
    // What was not merged as it was read does not come back, but the road knows a repeat by its key.
    let into = case.merged_into().map(|merged| merged.into);
    let within = into.map_or(SignedDuration::MIN, |_| app.terms.unmerge_within);
    let unmerge = Unit::of(change(id, Command::Unmerge { within }));
    let unit = into.into_iter().fold(unmerge, |unit, into| unit.and(change(into, Command::Release { other: id })));
    submit(app, unit.actor(actor).key(key)).await
}
