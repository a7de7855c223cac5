//! `GET /v1/status/{token}` and `POST /v1/status/{token}/rating`: a customer sees how the case stands and rates its
//! end, by a signed link and without a log-in (R-INT-24). Read here alone: nothing is asked of another service. Nothing
//! of staff, and nothing that anybody wrote. A link that is wrong or to nothing is answered alike; one of ours that is over or was
//! revoked says how to get a new one.
use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use backbone::{Actor, Change, Unit};
use jiff::{SignedDuration, Timestamp};
use kernel::calendar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body,
    check::Checks,
    problem::Problem,
    status_words::{self as say, Words},
};
use crate::{
    app::App,
    domain::case::{self, Case, Command},
    progress::Offered,
    store::{self, Progress},
    vault::{Link, link_token, read_link},
};

/// How a case stands, for its customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusView {
    #[schema(value_type = String, format = DateTime)]
    pub taken_in_at: Timestamp,
    /// `received`, `answered`, `waiting_for_you`, `looking_into`, `offered`, `agreed`, `carrying_out`, `carried_out` or
    /// `ended`.
    #[schema(example = "looking_into")]
    pub progress: &'static str,
    pub says: Words,
    /// A person answers by then; absent when one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answer_by: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// What we need of the customer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<Words>,
    /// What was offered last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub solution: Vec<SolutionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultView>,
    /// 1 to 5, as it was rated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
    pub may_be_rated: bool,
}

/// One thing that was offered.
#[derive(Debug, Serialize, ToSchema)]
pub struct SolutionView {
    pub says: Words,
    /// In minor units, where it is worth something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// How it ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultView {
    pub says: Words,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A rating of the end of a case.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingRequest {
    /// 1 (bad) to 5 (good).
    #[schema(required, minimum = 1, maximum = 5)]
    pub score: Option<i64>,
}

/// The way to the status page of a case whose links were revoked so often, from now on for as long as links are good.
pub fn link(app: &App, case: Uuid, revoked: u32, now: Timestamp) -> String {
    let link = Link { case, revoked, until: calendar::add(now, app.status_links) };
    path(&link_token(&app.master, &link))
}

/// The way to a status page by its token.
pub fn path(token: &str) -> String {
    format!("/v1/status/{token}")
}

/// The link of a token. Errors: it is none of ours, or over.
pub fn good(app: &App, token: &str, now: Timestamp) -> Result<Link, Problem> {
    let link = read_link(&app.master, token).ok_or_else(nothing)?;
    if now.as_second() > link.until.as_second() { Err(over("link_over", "is too old")) } else { Ok(link) }
}

/// How a case stands.
///
/// By the `status_link` of the case, without a log-in.
#[utoipa::path(get, path = "/v1/status/{token}", tag = "status",
    params(("token" = String, Path, description = "From the case's status_link")),
    responses(
        (status = 200, description = "The case as it is now", body = StatusView),
        (status = 404, description = "The link is wrong, or to nothing", body = Problem),
        (status = 410, description = "The link is too old or was revoked; how to get a new one", body = Problem)))]
pub async fn get(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Response, Problem> {
    let link = good(&app, &token, app.clock.now())?;
    read(&app, &link).await
}

/// Rates how a case ended.
///
/// Once for each end: a case that was taken up again can be rated anew when it has ended anew.
#[utoipa::path(post, path = "/v1/status/{token}/rating", tag = "status", request_body = RatingRequest,
    params(("token" = String, Path, description = "From the case's status_link")),
    responses(
        (status = 200, description = "On record; the case as it is now", body = StatusView),
        (status = 400, description = "Not UTF-8, or not JSON", body = Problem),
        (status = 404, description = "The link is wrong, or to nothing", body = Problem),
        (status = 410, description = "The link is too old or was revoked; how to get a new one", body = Problem),
        (status = 409, description = "It has not ended yet, or this end is rated", body = Problem),
        (status = 413, description = "Larger than 1 KiB", body = Problem),
        (status = 415, description = "Not application/json", body = Problem),
        (status = 422, description = "The score is missing or out of bounds", body = Problem)))]
pub async fn rate(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let link = good(&app, &token, now)?;
    let text = body::text(request, &["application/json"], 1024).await?;
    let shaped = body::shape::<RatingRequest>(&text).map_err(|wrong| {
        Problem::new(StatusCode::BAD_REQUEST, "request.not_json", format!("the body {}", wrong.reason))
    })?;
    let mut checks = Checks::new(shaped.wrong, now);
    let score = checks.required("score", shaped.document.score, "give 1 (bad) to 5 (good)");
    let score = checks.within("score", score, 1, 5).and_then(|score| u8::try_from(score).ok());
    let Some(score) = score else { return Err(Problem::fields(checks.into_wrong())) };
    let wrong = checks.into_wrong();
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    let actor = Actor::parse("customer:status-link").unwrap_or_else(|| Actor::service("intake"));
    let (id, ..) = found(&app, &link).await?;
    app.road.submit(Unit::of(Change::to::<Case>(id, Command::Rate { score })).actor(actor)).await?;
    read(&app, &link).await
}

/// The same for everything there is nothing to see by.
fn nothing() -> Problem {
    let detail = "there is nothing to see here: the link is wrong; ask us for a new one";
    Problem::new(StatusCode::NOT_FOUND, "status.not_found", detail)
}

/// The link was ours, and is good no more.
fn over(code: &str, why: &str) -> Problem {
    let way = "ask us for a new one where you wrote to us, or by phone; what we write to you about how it stands brings one too";
    Problem::new(StatusCode::GONE, &format!("status.{code}"), format!("this link {why}: {way}"))
}

async fn read(app: &App, link: &Link) -> Result<Response, Problem> {
    let (_, case, progress) = found(app, link).await?;
    let view = view(&case, progress.as_ref(), app.clock.now()).ok_or_else(nothing)?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// The case of a link, or the one it goes on as where it was merged. Errors: there is none; the link was revoked.
async fn found(app: &App, link: &Link) -> Result<(Uuid, Case, Option<Progress>), Problem> {
    let mut id = link.case;
    loop {
        let (case, progress, revoked) = store::progress(&app.pool, id).await?.ok_or_else(nothing)?;
        if id == link.case && revoked != link.revoked {
            return Err(over("link_revoked", "was revoked"));
        }
        match case.merged_into().map(|merged| merged.into) {
            Some(into) => id = into,
            None => return Ok((id, case, progress)),
        }
    }
}

fn view(case: &Case, progress: Option<&Progress>, now: Timestamp) -> Option<StatusView> {
    let facts = case.facts.as_ref()?;
    let step = progress.map(|progress| progress.step).map(|step| (step.word(), say::step(step)));
    let (word, says) = match &case.state {
        case::State::Absent | case::State::Merged(_) => return None,
        case::State::Closed { .. } | case::State::Rejected { .. } => ("ended", say::ENDED),
        case::State::AwaitingInfo { .. } => ("waiting_for_you", say::WAITING),
        case::State::Reopened => step.unwrap_or(("looking_into", say::AGAIN)),
        case::State::Routed => step.unwrap_or(("received", say::RECEIVED)),
        case::State::Responded => step.unwrap_or(("answered", say::ANSWERED)),
    };
    let needed = match &case.state {
        case::State::AwaitingInfo { missing, .. } => missing.iter().map(|part| say::needed(*part)).collect(),
        _ => vec![],
    };
    let result = match case.state {
        case::State::Closed { outcome, at } => Some(ResultView { says: say::result(outcome), at }),
        _ => None,
    };
    let offered = |one: &Offered| SolutionView {
        says: say::solution(one.kind),
        minor: one.minor,
        currency: one.currency.clone(),
    };
    let waits = case.responded_at.is_none() && case.state == case::State::Routed;
    Some(StatusView {
        taken_in_at: facts.recorded_at,
        progress: word,
        says,
        answer_by: waits.then_some(facts.respond_by).or_else(|| case.owed_reply().map(|owed| owed.standing.due_at)),
        answered_at: case.responded_at,
        needed,
        solution: progress.iter().flat_map(|progress| &progress.offer).map(offered).collect(),
        result,
        rating: case.rating_of_end().map(|rating| rating.score),
        may_be_rated: case.may_be_rated(now),
    })
}

/// How long links are good at most.
pub const LINKS_MAX: SignedDuration = SignedDuration::from_hours(24 * 366 * 3);
