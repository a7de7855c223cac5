//! What goes wrong at the REST door, as a problem document (RFC 9457): all wrong fields at once, each with its reason
//! and the way out. What lies behind an internal fault goes to the log only.
use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use backbone::{Fault, fault::Kind};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem document, `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem for good.
    #[schema(example = "urn:aftercare:problem:request.invalid")]
    r#type: String,
    #[schema(example = "Unprocessable Content")]
    title: &'static str,
    #[schema(example = 422)]
    status: u16,
    /// What is wrong, in words.
    #[schema(example = "2 fields are wrong")]
    detail: String,
    /// Every wrong field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wrong {
    /// The line of a bulk request, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Where it stands; empty for the whole.
    #[schema(example = "lines[0].paid.minor")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "is below zero")]
    pub reason: String,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "give whole minor units, 0 or more")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of this kind. `code` is stable.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            r#type: format!("urn:aftercare:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// Fields are wrong; here are all of them.
    pub fn fields(errors: Vec<Wrong>) -> Self {
        let fields = if errors.len() == 1 { "1 field is" } else { &format!("{} fields are", errors.len()) };
        let detail = format!("nothing was stored: {fields} wrong");
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request.invalid", detail) }
    }

    /// These lines contradict what is on record.
    pub fn conflict(code: &str, errors: Vec<Wrong>) -> Self {
        let detail = format!("nothing was stored: {} contradict what is on record", errors.len());
        Self { errors, ..Self::new(StatusCode::CONFLICT, code, detail) }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if fault.kind() == Kind::Internal {
            tracing::error!(fault = fault.chain(), "a request failed");
        }
        let status = StatusCode::from_u16(fault.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let errors = fault.violations().iter().map(|violation| Wrong {
            line: None,
            field: violation.field.clone(),
            reason: violation.reason.clone(),
            hint: None,
        });
        Self { errors: errors.collect(), ..Self::new(status, fault.code(), fault.public()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
