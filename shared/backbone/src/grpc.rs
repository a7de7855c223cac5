//! The gRPC edge: how much a call may send, and what a caller hears whose message cannot be read. tonic calls both an
//! internal fault and names no field; here it is the request that is wrong.
use axum::{BoxError, Router, body::Body, extract::Request, middleware, response::Response};
use futures::StreamExt;
use tonic::{Code, Status};

use crate::fault::Fault;

/// The most a call may send, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// Guards the routes of all gRPC services.
pub(crate) fn guarded(routes: Router) -> Router {
    routes.layer(middleware::map_request(bounded)).layer(middleware::map_response(told))
}

async fn bounded(request: Request) -> Request {
    let mut left = REQUEST_BYTES_MAX;
    request.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |part| {
            let part = part?;
            left = left.checked_sub(part.len()).ok_or_else(|| Status::from(too_large()))?;
            Ok::<_, BoxError>(part)
        }))
    })
}

/// Our own faults carry details; a status without them comes from tonic.
async fn told(response: Response) -> Response {
    let status = Status::from_header_map(response.headers()).filter(|status| status.details().is_empty());
    let fault = match status.as_ref().map(|status| (status.code(), status.message())) {
        Some((Code::Internal, words)) => unreadable(words),
        Some((Code::OutOfRange, _)) => too_large(),
        _ => return response,
    };
    Status::from(fault).into_http()
}

fn too_large() -> Fault {
    Fault::invalid("request", format!("must not be larger than {} KiB", REQUEST_BYTES_MAX / 1024))
}

/// prost says `Page.token: ListQueueRequest.page: invalid string value: …`, the innermost field first.
fn unreadable(words: &str) -> Fault {
    let words = words.strip_prefix("failed to decode Protobuf message: ").unwrap_or(words);
    let (mut path, mut reason) = (Vec::new(), words);
    while let Some((place, rest)) = reason.split_once(": ") {
        let Some((_, field)) = place.split_once('.').filter(|_| !place.contains(' ')) else { break };
        path.insert(0, field);
        reason = rest;
    }
    let field = if path.is_empty() { "request".to_owned() } else { path.join(".") };
    Fault::invalid(field, format!("cannot be read: {reason}"))
}

#[cfg(test)]
#[path = "grpc_tests.rs"]
mod tests;
