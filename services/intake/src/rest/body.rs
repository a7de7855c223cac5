//! Reading request bodies: bounded, of the right type, valid UTF-8, and JSON of the right shape. A wrong shape is
//! reported as a whole: every unknown field and every wrong type at once, not only the first.
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header::CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::problem::{Problem, Wrong};

/// The most wrong fields reported of one document.
pub const WRONG_MAX: usize = 50;
/// The longest reason that is passed on.
const REASON_MAX: usize = 200;

/// The whole body as text, at most `limit` bytes.
pub async fn text(request: Request<Body>, types: &[&str], limit: usize) -> Result<String, Problem> {
    check_type(request.headers(), types)?;
    let too_large = || {
        let detail = format!("the body is larger than {limit} bytes; send it in parts");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "request.too_large", detail)
    };
    let bytes = axum::body::to_bytes(request.into_body(), limit).await.map_err(|error| {
        let limited = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("limit"));
        let broken = || Problem::new(StatusCode::BAD_REQUEST, "request.broken_off", "the body did not arrive whole");
        if limited { too_large() } else { broken() }
    })?;
    String::from_utf8(bytes.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let detail = format!("byte {at} of the body, in line {line}, is not valid UTF-8; send UTF-8 text");
        Problem::new(StatusCode::BAD_REQUEST, "request.not_utf8", detail)
    })
}

/// The whole body as JSON text, at most 256 KiB.
pub async fn json(request: Request<Body>) -> Result<String, Problem> {
    text(request, &["application/json"], 256 << 10).await
}

/// A type that says nothing is taken for the right one; a wrong one is refused.
fn check_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    if types.contains(&essence.as_str()) {
        return Ok(());
    }
    let detail = format!("the content type must be one of {}", types.join(", "));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request.content_type", detail))
}

/// A document that may be wrong in places: what could be read, and what could not.
#[derive(Debug)]
pub struct Shaped<T> {
    pub document: T,
    pub wrong: Vec<Wrong>,
}

/// Reads a JSON object. Where its shape is wrong, each place is reported and read as absent. Errors: not JSON at all.
pub fn shape<T: DeserializeOwned + Default>(text: &str) -> Result<Shaped<T>, Wrong> {
    if let Ok(document) = serde_json::from_str(text) {
        return Ok(Shaped { document, wrong: Vec::new() });
    }
    let mut value: Value = serde_json::from_str(text).map_err(|error| {
        wrong("", format!("is not valid JSON: {}", cut(&error.to_string())), Some("send one JSON object"))
    })?;
    let mut found = Vec::new();
    while found.len() < WRONG_MAX {
        match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(document) if found.is_empty() => {
                // Only what a tree of values cannot show, such as a field given twice, is left as the reason.
                let reason = serde_json::from_str::<T>(text).err().map(|error| cut(&error.to_string()));
                found.extend(reason.map(|reason| wrong("", reason, Some("give every field once"))));
                return Ok(Shaped { document, wrong: found });
            }
            Ok(document) => return Ok(Shaped { document, wrong: found }),
            Err(error) => {
                let path = error.path().clone();
                let reason = cut(&error.inner().to_string());
                let unknown = reason.starts_with("unknown field");
                let hint = unknown.then_some("leave it out");
                found.push(wrong(&written(&path), if unknown { "is not known".to_owned() } else { reason }, hint));
                if !take_out(&mut value, &path, unknown) {
                    break;
                }
            }
        }
    }
    Ok(Shaped { document: T::default(), wrong: found })
}

/// The path as callers write it; empty for the whole document.
fn written(path: &serde_path_to_error::Path) -> String {
    let text = path.to_string();
    if text == "." { String::new() } else { text }
}

/// Takes the value at `path` out of the tree: an unknown field goes, any other becomes null. False when there is none.
fn take_out(value: &mut Value, path: &serde_path_to_error::Path, unknown: bool) -> bool {
    let mut segments: Vec<&Segment> = path.iter().collect();
    // A word of a closed list that is not in it carries one segment more than the tree.
    if matches!(segments.last(), Some(Segment::Enum { .. } | Segment::Unknown)) {
        segments.pop();
    }
    let Some((last, parents)) = segments.split_last() else { return false };
    let parent = parents.iter().try_fold(value, |value, segment| match segment {
        Segment::Seq { index } => value.get_mut(*index),
        Segment::Map { key } => value.get_mut(key.as_str()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    match (parent, last) {
        (Some(Value::Object(fields)), Segment::Map { key }) if unknown => fields.remove(key).is_some(),
        (Some(parent), Segment::Map { key }) => {
            parent.get_mut(key.as_str()).is_some_and(|old| !std::mem::take(old).is_null())
        }
        (Some(parent), Segment::Seq { index }) => {
            parent.get_mut(*index).is_some_and(|old| !std::mem::take(old).is_null())
        }
        _ => false,
    }
}

fn wrong(field: &str, reason: String, hint: Option<&str>) -> Wrong {
    Wrong { line: None, field: field.to_owned(), reason, hint: hint.map(str::to_owned) }
}

/// A parser's words may quote the request; they are passed on only so far.
fn cut(text: &str) -> String {
    text.chars().take(REASON_MAX).collect()
}
