//! `POST /v1/cases` and `GET /v1/cases/{id}`: one contact of one customer comes in, from any channel.
use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, Request, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use backbone::{Fault, IdempotencyKey};
use jiff::Timestamp;
use kernel::id;
use serde::{Deserialize, de::IgnoredAny};
use uuid::Uuid;

use super::{
    body,
    case_request::{CONTACT_HINT, CaseRequest, NO_CONTACT, Registration},
    case_view::CaseView,
    check::Checks,
    contact,
    problem::Problem,
    status,
};
use crate::{
    app::App,
    attachments::{self, PER_CASE},
    domain::{arrival::Told, rejection::OF_ITS_OWN},
    store,
    vault::alike,
};

/// The largest contact, in bytes.
const BODY_MAX: usize = 256 * 1024;
const JSON: &[&str] = &["application/json"];

/// Takes a contact in.
///
/// The answer comes when the case is stored durably. A repeat is recognised by `Idempotency-Key` (same key, same body:
/// the first answer again, byte for byte) or by (channel, external_ref) (the case as it is now); it is answered 201 as
/// well and changes nothing, but that other words under a reference that is on record are a further contact to its case. `status_link` is in the answer to the request that made the case, and to its repeats by key; a
/// reference can be guessed, so who repeats only that is not told. A contact that names a case in `case_id` goes to that case where it asks for no more than
/// the case gives; the answer is the case it is in.
#[utoipa::path(post, path = "/v1/cases", tag = "cases", request_body = CaseRequest,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "1 to 200 visible ASCII characters, chosen anew for each contact")),
    responses(
        (status = 201, description = "On record; a repeat gets the same answer", body = CaseView),
        (status = 400, description = "Not UTF-8, or not JSON", body = Problem),
        (status = 409, description = "The idempotency key was used for another request", body = Problem),
        (status = 413, description = "Larger than 256 KiB", body = Problem),
        (status = 415, description = "Not application/json", body = Problem),
        (status = 422, description = "Fields are missing or wrong; all of them are named", body = Problem),
        (status = 429, description = "Too much at once; try again", body = Problem),
        (status = 503, description = "A part of the system is away; try again", body = Problem)))]
pub async fn register(State(app): State<Arc<App>>, request: Request<Body>) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let text = body::text(request, JSON, BODY_MAX).await?;
    let now = app.clock.now();
    let (mut registration, key) = read(&app, &headers, &text, now).await?;
    registration.arrival.told = Some(Told::AtTheDoor);
    let channel = registration.channel.word();
    let keyed = |scope: String| key.map(|key| IdempotencyKey::new(&scope, key, text.as_bytes()));
    // What turns out to be a further contact is answered by a key of its own, and so is its repeat.
    let (key, further_key) = (keyed(format!("rest/{channel}")), keyed(format!("rest/{channel}/further")));
    let owner = app.master.new_key(app.pseudonym(&registration.identity))?;
    let contact_id = registration.case_id().unwrap_or_else(|| app.new_id(now));
    let again = (registration.names.is_some() || registration.case_id().is_some()).then(|| registration.clone());
    let (unit, _) = contact::unit(&app, registration, contact_id, &owner, now).await?;
    let mut answer = match (app.road.submit(unit.key(key.clone())).await, &again) {
        // The case it names has changed since it was read.
        (Err(fault), Some(registration)) if fault.code() == OF_ITS_OWN => {
            let (unit, _) = contact::unit(&app, registration.clone(), contact_id, &owner, now).await?;
            app.road.submit(unit.key(key)).await?
        }
        (answer, _) => answer?,
    };
    if let Some(mut said) = again.filter(|said| said.names.is_none())
        && !made_it(&answer.body)
        && let mark = alike(&app.master, contact_id, &said.text.said())
        && store::says_otherwise(&app.pool, contact_id, mark).await?
    {
        said.names = Some(contact_id);
        let further_id = id::derived("said_anew", &[&contact_id.to_string(), &format!("{mark:x?}")]);
        // What made a case of its own is in that one, whatever people linked it with since; a key knows its first answer.
        let known = if further_key.is_none() { store::case(&app.pool, further_id).await.ok() } else { None };
        answer.body = match known {
            Some((_, version, case)) => {
                serde_json::to_vec(&CaseView::of(version, &case, &app.minimum, None)).map_err(Fault::internal)?
            }
            None => {
                let (unit, _) = contact::unit(&app, said, further_id, &owner, now).await?;
                app.road.submit_patiently(unit.key(further_key)).await?.body
            }
        };
    }
    let headers = [(CONTENT_TYPE, "application/json")];
    Ok((StatusCode::CREATED, headers, answer.body).into_response())
}

/// One case.
///
/// Its `status_link` is told to whoever brings the token of one that is good: the same link, good up to the same end.
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "cases",
    params(("id" = String, Path, description = "The case's id"),
        ("token" = Option<String>, Query, description = "What ends a status_link of the case")),
    responses(
        (status = 200, description = "The case as it is now", body = CaseView),
        (status = 404, description = "There is no such case", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
pub async fn get(
    State(app): State<Arc<App>>,
    id: Result<Path<Uuid>, PathRejection>,
    Query(known): Query<KnownBy>,
) -> Result<axum::Json<CaseView>, Problem> {
    let Path(id) = id.map_err(|_| Fault::invalid("id", "is not a UUID"))?;
    let (id, version, case) = store::case(&app.pool, id).await?;
    let link = known.token.as_deref().and_then(|token| status::good(&app, token, app.clock.now()).ok());
    let may = match link.filter(|link| link.case == id) {
        Some(link) => store::links_revoked(&app.pool, id).await? == link.revoked,
        None => false,
    };
    let link = known.token.filter(|_| may).map(|token| status::path(&token));
    let view = CaseView::of(version, &case, &app.minimum, link).ok_or_else(|| Fault::not_found("case", id))?;
    Ok(axum::Json(view))
}

/// What shows that somebody was given the link to a case's status page.
#[derive(Deserialize)]
pub struct KnownBy {
    token: Option<String>,
}

/// Whether the answer is to the request that made the case: only that one is given its link.
fn made_it(answer: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Given {
        status_link: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Given>(answer).is_ok_and(|given| given.status_link.is_some())
}

/// Everything that can be wrong with the request, found at once (R-INT-03).
async fn read<'a>(
    app: &App,
    headers: &'a HeaderMap,
    text: &str,
    now: Timestamp,
) -> Result<(Registration, Option<&'a str>), Problem> {
    let shaped = body::shape::<CaseRequest>(text).map_err(|wrong| {
        Problem::new(StatusCode::BAD_REQUEST, "request.not_json", format!("the body {}", wrong.reason))
    })?;
    let mut checks = Checks::new(shaped.wrong, now);
    let mut registration = shaped.document.check(&mut checks, now);
    let key = idempotency_key(headers);
    if key.is_err() {
        checks.report("header.Idempotency-Key", "is not 1 to 200 visible ASCII characters", "choose one, or send none");
    }
    // Nobody is asked for what we know already (R-INT-20): a customer the channel knows may be known to us too.
    if let Some(asked) = registration.as_ref().filter(|registration| registration.lacks_contact())
        && !store::can_be_reached(&app.pool, app.pseudonym(&asked.identity)).await?
    {
        checks.report("customer.phone", NO_CONTACT, CONTACT_HINT);
    }
    if let Some(contact) = registration.as_mut().filter(|contact| contact.attachments.len() <= PER_CASE) {
        let (reason, hint) = attachments::STRANGER;
        let strangers = attachments::bring(app, contact, now).await?;
        strangers.into_iter().for_each(|n| checks.report(format!("attachments[{n}]"), reason, hint));
    }
    let wrong = checks.into_wrong();
    registration.zip(key.ok()).filter(|_| wrong.is_empty()).ok_or_else(|| Problem::fields(wrong))
}

/// The key as it was sent, if one was. Errors: it cannot be one.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    value.to_str().ok().filter(|key| (1..=200).contains(&key.len())).map(Some).ok_or(())
}
