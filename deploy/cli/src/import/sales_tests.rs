//! Sending sales, against a small intake that refuses what it is told to.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde_json::{Value, json};

use super::*;
use crate::home::Settings;

/// Refuses lines that hold "bad", two at a time, as one whole; is busy at the first call.
async fn intake(calls: Arc<AtomicU16>, body: String) -> (StatusCode, Json<Value>) {
    if calls.fetch_add(1, Ordering::SeqCst) == 0 {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    let bad = body.lines().enumerate().filter(|(_, line)| line.contains("bad")).take(2);
    let errors: Vec<Value> = bad
        .map(|(at, _)| json!({ "line": at + 1, "field": "paid", "reason": "is below zero", "hint": "give more" }))
        .collect();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, Json(json!({ "detail": "nothing was stored", "errors": errors, "recorded": 2, "unchanged": 1 })))
}

async fn send_to(router: Router, lines: &[&str]) -> anyhow::Result<Sent> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The port of intake is one above the base.
    let port_base = listener.local_addr().unwrap().port() - 1;
    let dir = tempfile::tempdir().unwrap();
    let mut home = Home::find(Some(dir.path().to_path_buf())).unwrap();
    home.settings = Settings { port_base, ..Settings::default() };
    let lines: Vec<Line> = (1..).zip(lines).map(|(number, text)| Line::of(number, (*text).to_owned())).collect();
    let sending = send(&home, lines.into_iter().map(|line| Ok(Ok(line))), ProgressBar::hidden());
    tokio::select! {
        sent = sending => sent,
        served = axum::serve(listener, router).into_future() => panic!("the server ended: {served:?}"),
    }
}

fn router(calls: Arc<AtomicU16>) -> Router {
    Router::new().route("/v1/sales", post(move |body: String| intake(Arc::clone(&calls), body)))
}

#[tokio::test]
async fn bad_lines_are_put_aside_and_all_others_taken() {
    let calls = Arc::new(AtomicU16::new(0));
    let sent = send_to(router(Arc::clone(&calls)), &["a", "bad 1", "b", "bad 2", "bad 3", "c"]).await.unwrap();
    assert_eq!((sent.taken, sent.rejected.count()), (3, 3));
    assert_eq!((sent.recorded, sent.updated, sent.unchanged), (2, 0, 1));
    let dir = tempfile::tempdir().unwrap();
    let path = sent.rejected.write(&dir.path().join("r")).unwrap().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().next(), Some("2\tpaid: is below zero (give more)\tbad 1"));
    assert_eq!(text.lines().map(|line| line.split('\t').next().unwrap()).collect::<Vec<_>>(), ["2", "4", "5"]);
    assert_eq!(calls.load(Ordering::SeqCst), 4, "busy, two refusals, taken");
}

#[tokio::test]
async fn a_refusal_that_names_no_line_ends_the_import() {
    let refuse = || async { (StatusCode::UNSUPPORTED_MEDIA_TYPE, Json(json!({ "detail": "wrong content type" }))) };
    let error = send_to(Router::new().route("/v1/sales", post(refuse)), &["a"]).await.err().unwrap();
    assert!(error.to_string().contains("wrong content type"), "{error}");
}

#[test]
fn portions_are_bounded_in_lines_and_bytes() {
    let short = (0..2500).map(|number| Ok(Ok(Line::of(number, "x".into()))));
    let sizes: Vec<usize> = Portions(short).map(|portion| portion.unwrap().0.len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
    let long = (0..5).map(|number| Ok(Ok(Line::of(number, "x".repeat(BYTES_MAX / 2)))));
    let sizes: Vec<usize> = Portions(long).map(|portion| portion.unwrap().0.len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
}
