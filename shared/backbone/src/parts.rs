//! What a service is made of: gRPC services, HTTP routes and background parts, put together on one port.
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::NamedService, service::RoutesBuilder};
use tonic_health::pb::health_server::HealthServer;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use tracing::Span;

use crate::{clock::Clock, document::Document, fault::Fault, grpc, health::Health};

type Once = dyn Fn() -> Pin<Box<dyn Future<Output = Result<usize, Fault>> + Send>> + Send + Sync;

/// Work that goes on beside requests. Called again at once while it returns more than 0.
#[derive(Clone)]
pub(crate) struct Background {
    pub name: &'static str,
    pub once: Arc<Once>,
}

/// What a service is made of.
#[derive(Default)]
pub struct Parts {
    grpc: RoutesBuilder,
    names: Vec<&'static str>,
    http: Router,
    pub(crate) background: Vec<Background>,
    pub(crate) documents: Vec<Document>,
}

impl Parts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A gRPC service.
    #[must_use]
    pub fn grpc<S>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.grpc.add_service(service);
        self
    }

    /// HTTP routes, on the same port.
    #[must_use]
    pub fn http(mut self, routes: Router) -> Self {
        self.http = self.http.merge(routes);
        self
    }

    /// Work beside requests: does a bounded portion and says how much it did.
    #[must_use]
    pub fn background<W, F>(mut self, name: &'static str, once: W) -> Self
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<usize, Fault>> + Send + 'static,
    {
        self.background.push(Background { name, once: Arc::new(move || Box::pin(once())) });
        self
    }

    /// Documents the service works by. It does not start when a version holds something else than when it was first read.
    #[must_use]
    pub fn documents(mut self, documents: Vec<Document>) -> Self {
        self.documents.extend(documents);
        self
    }

    /// Logs as warnings what `found` says, when the service starts and then each day anew (UTC, by the service's clock).
    #[must_use]
    pub fn warn_daily(self, clock: Clock, found: impl Fn(Timestamp) -> Vec<String> + Send + Sync + 'static) -> Self {
        let last = AtomicI64::new(i64::MIN);
        self.background("daily warnings", move || {
            let now = clock.now();
            let today = now.as_second().div_euclid(24 * 60 * 60);
            if last.swap(today, Ordering::Relaxed) != today {
                found(now).iter().for_each(|warning| tracing::warn!("{warning}"));
            }
            std::future::ready(Ok(0))
        })
    }

    /// Everything on one port, with health (gRPC and `/live`, `/ready`) and reflection of what is offered here. `needs`
    /// is the database without which nothing can be served.
    pub(crate) fn into_router(mut self, needs: Option<PgPool>, leaving: CancellationToken) -> anyhow::Result<Router> {
        let health = Health { needs, leaving, names: self.names.into() };
        let mut reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(contracts::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.reflection.v1.ServerReflection")
            .with_service_name(HealthServer::<Health>::NAME)
            .with_service_name("grpc.reflection.v1.ServerReflection");
        for name in health.names.iter() {
            reflection = reflection.with_service_name(*name);
        }
        self.grpc.add_service(HealthServer::new(health.clone())).add_service(reflection.build_v1()?);
        let ready = async move || {
            if health.ready().await {
                (StatusCode::OK, "ready\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
            }
        };
        Ok(self
            .http
            .route("/live", get(|| async { "live\n" }))
            .route("/ready", get(ready))
            .merge(grpc::guarded(self.grpc.routes().into_axum_router()))
            .fallback(nothing_here)
            .layer(CatchPanicLayer::new())
            .layer(TraceLayer::new_for_http().make_span_with(span)))
    }
}

/// What a request is told under in the log: the path as it was offered, for a link has its token in its own.
fn span(request: &Request) -> Span {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), path)
}

/// Nothing is served at this path: gRPC says so in its trailer of a 200, HTTP with a 404.
async fn nothing_here(request: Request) -> Response {
    let content = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.starts_with("application/grpc") {
        return tonic::Status::unimplemented("there is no such service here").into_http();
    }
    let detail = format!("there is nothing at {}", request.uri().path());
    let problem = serde_json::json!({ "title": "Not Found", "status": 404, "detail": detail });
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response()
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
