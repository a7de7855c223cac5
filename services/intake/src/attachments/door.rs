//! `POST /v1/attachments` and `POST /v1/cases/{id}/attachments`: one file, as it is, in the body. It is whole in memory
//! while it is looked at, so only some are taken in side by side; whoever comes then is told to come again.
use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{Request, StatusCode, header::CONTENT_TYPE},
    routing::post,
};
use backbone::{Fault, row};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    PER_CASE, Uploads, case_id,
    files::{self, File, Incoming, WAITS},
    kind::{self, Refused},
};
use crate::{
    api::customer_of,
    rest::{Checks, Problem},
    store,
};

/// The routes.
pub fn routes(uploads: Arc<Uploads>) -> Router {
    Router::new()
        .route("/v1/attachments", post(upload))
        .route("/v1/cases/{id}/attachments", post(of_case))
        .with_state(uploads)
}

/// A file that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Uploaded {
    pub attachment_id: Uuid,
    /// What it is, by what it holds.
    #[schema(example = "image/jpeg")]
    pub media_type: &'static str,
    /// In bytes.
    pub size: usize,
    /// Of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Until when a contact must name it, or it is thrown away; absent when it belongs to a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub waits_until: Option<jiff::Timestamp>,
}

/// Takes a file in before its contact.
///
/// Name the id it is answered with in `attachments` of the contact within a day. Photos, films, sounds, PDF, text and the
/// usual documents are taken, as they are configured; what a file is, is decided by what it holds.
#[utoipa::path(post, path = "/v1/attachments", tag = "attachments",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is"),
    params(("name" = String, Query, description = "What it is called, 1 to 200 characters")),
    responses(
        (status = 201, description = "Stored", body = Uploaded),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Of no kind that is taken, or not what it was said to be", body = Problem),
        (status = 422, description = "Empty, two things at once, an archive that is more than it seems; no name", body = Problem),
        (status = 429, description = "Too much at once; try again", body = Problem)))]
pub async fn upload(
    State(uploads): State<Arc<Uploads>>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    let file = uploads.receive(request).await?;
    let (app, now) = (&uploads.app, uploads.app.clock.now());
    let attachment_id = files::wait(&app.pool, &app.master, &file, now).await?;
    Ok(answer(attachment_id, &file, Some(kernel::calendar::add(now, WAITS))))
}

/// Takes a file of a case in.
///
/// The same file again is the one that is there.
#[utoipa::path(post, path = "/v1/cases/{id}/attachments", tag = "attachments",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is"),
    params(("id" = String, Path, description = "The case's id"),
           ("name" = String, Query, description = "What it is called, 1 to 200 characters")),
    responses(
        (status = 201, description = "Stored; a repeat gets the same answer", body = Uploaded),
        (status = 404, description = "There is no such case", body = Problem),
        (status = 409, description = "The case has 20 files", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Of no kind that is taken, or not what it was said to be", body = Problem),
        (status = 422, description = "Empty, two things at once, an archive that is more than it seems; no name", body = Problem),
        (status = 429, description = "Too much at once; try again", body = Problem)))]
pub async fn of_case(
    State(uploads): State<Arc<Uploads>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    let app = &uploads.app;
    let id = case_id(&id)?;
    let customer = customer_of(&store::case(&app.pool, id).await?)?;
    let file = uploads.receive(request).await?;
    let attachment_id = file.id_in(id);
    let known = files::of_case(&app.pool, id).await?;
    let there = known.iter().any(|listed| listed.id == attachment_id);
    if known.len() >= PER_CASE && !there {
        return Err(Fault::rejected("attachment.too_many", format!("the case has {PER_CASE} files already")).into());
    }
    let answer = answer(attachment_id, &file, None);
    if !there {
        let key = app.master.new_key(customer)?;
        let row = Incoming::New(file).row(&app.master, &key, id, app.clock.now())?;
        let mut connection = app.pool.acquire().await.map_err(Fault::from)?;
        row::write(&mut connection, &[row]).await.map_err(Fault::from)?;
    }
    Ok(answer)
}

fn answer(attachment_id: Uuid, file: &File, waits_until: Option<jiff::Timestamp>) -> (StatusCode, Json<Uploaded>) {
    let sha256 = kind::hex(&file.sha256);
    let size = file.bytes.len();
    (StatusCode::CREATED, Json(Uploaded { attachment_id, media_type: file.media_type, size, sha256, waits_until }))
}

impl Uploads {
    /// Reads a file and looks at it. Errors: what is wrong with it.
    async fn receive(&self, request: Request<Body>) -> Result<File, Problem> {
        let _turn = self.at_once.try_acquire().map_err(|_| Fault::busy())?;
        let mut checks = Checks::new(Vec::new(), self.app.clock.now());
        let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned();
        let name = query.into_iter().find(|(key, _)| key == "name").map(|(_, name)| name);
        let name = checks.required_word("name", name.as_deref(), 200);
        let Some(name) = name else { return Err(Problem::fields(checks.into_wrong())) };
        let declared = request.headers().get(CONTENT_TYPE).and_then(|said| said.to_str().ok()).map(str::to_owned);
        let limits = Arc::clone(&self.app.files);
        let bytes = read(request, limits.max_bytes).await?;
        // Unpacking an archive and hashing take time that others on this thread should not wait for.
        let looked = tokio::task::spawn_blocking(move || {
            let looked = kind::look(&bytes, declared.as_deref(), &limits);
            looked.map(|media_type| File::new(name, media_type, Vec::from(bytes)))
        });
        looked.await.map_err(Fault::internal)?.map_err(refusal)
    }
}

async fn read(request: Request<Body>, most: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(request.into_body(), most).await.map_err(|error| {
        let limited = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("limit"));
        let broken = || Problem::new(StatusCode::BAD_REQUEST, "request.broken_off", "the body did not arrive whole");
        if limited { refusal(Refused::TooLarge(most)) } else { broken() }
    })
}

fn refusal(refused: Refused) -> Problem {
    let status = match refused {
        Refused::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::NotTaken(_) | Refused::Disagrees { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refused::Empty | Refused::TwoThings(_) | Refused::Archive(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let code = format!("attachment.{}", refused.word());
    Problem::new(status, &code, format!("nothing was stored: the file {refused}"))
}
