//! What a client hears that asks for what is not there, in its own language.
use axum::body::Body;
use http::{Request, Response};
use jiff::SignedDuration;
use tower::ServiceExt;

use super::*;

async fn ask(method: &str, path: &str, content: Option<&str>) -> Response<Body> {
    let router = Parts::new()
        .http(Router::new().route("/here", get(|| async { "yes" })))
        .into_router(None, Default::default())
        .unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if let Some(content) = content {
        request = request.header(CONTENT_TYPE, content);
    }
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn http_clients_get_a_404_and_grpc_clients_unimplemented() {
    for (method, content) in [("GET", None), ("POST", Some("application/json")), ("GET", Some("text/html"))] {
        let answer = ask(method, "/nowhere", content).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        assert!(!answer.headers().contains_key("grpc-status"));
        let body = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&problem["status"], &problem["detail"]), (&404.into(), &"there is nothing at /nowhere".into()));
    }
    for content in ["application/grpc", "application/grpc+proto"] {
        let answer = ask("POST", "/test.v1.Nobody/Call", Some(content)).await;
        assert_eq!((answer.status(), answer.headers()["grpc-status"].to_str().unwrap()), (StatusCode::OK, "12"));
    }
}

/// Whoever reads the log must not open a customer's page by it.
#[tokio::test]
async fn the_log_names_the_path_that_is_offered_and_not_what_was_asked_for_in_it() {
    let said = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer({
            let said = Arc::clone(&said);
            move || Log(Arc::clone(&said))
        })
        .finish();
    // For all threads: what another test's thread meets first would else be taken for what nobody listens to.
    tracing::subscriber::set_global_default(log).unwrap();
    let routes = Router::new().route("/v1/status/{token}", get(|| async { "yes" }));
    let router = Parts::new().http(routes).into_router(None, Default::default()).unwrap();
    for path in ["/v1/status/canary?token=canary", "/nowhere/canary"] {
        router.clone().oneshot(Request::builder().uri(path).body(Body::empty()).unwrap()).await.unwrap();
    }
    let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
    assert!(said.contains("/v1/status/{token}") && !said.contains("canary"), "{said}");
}

/// Keeps what is logged.
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_service_that_needs_no_database_is_live_and_ready() {
    for path in ["/here", "/live", "/ready"] {
        assert_eq!(ask("GET", path, None).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(ask("POST", "/live", None).await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn warnings_are_said_at_the_start_and_once_a_day() {
    let noon: Timestamp = "2026-12-30T12:00:00Z".parse().unwrap();
    let (clock, said) = (Clock::by_hand(noon), Arc::new(std::sync::Mutex::new(Vec::new())));
    let saying = Arc::clone(&said);
    let parts = Parts::new().warn_daily(clock.clone(), move |now| {
        saying.lock().unwrap().push(now);
        vec!["the year is not known".to_owned()]
    });
    for hours in [0, 11, 1, 0, 7 * 24] {
        clock.advance(SignedDuration::from_hours(hours));
        for background in &parts.background {
            assert_eq!((background.once)().await.unwrap(), 0, "there is nothing more to do");
        }
    }
    let after = |hours| noon + SignedDuration::from_hours(hours);
    assert_eq!(*said.lock().unwrap(), [noon, after(12), after(12 + 7 * 24)]);
}
