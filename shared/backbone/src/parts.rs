//! What a service is made of: gRPC services, HTTP routes and background parts, put together on one port.
use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use sqlx::PgPool;
use tonic::{
    body::Body,
    server::NamedService,
    service::{Routes, RoutesBuilder},
};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use crate::fault::Fault;

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

    /// Everything on one port, with health (gRPC and `/live`, `/ready`) and reflection.
    pub(crate) fn into_router(mut self, pool: PgPool, has_schema: bool) -> anyhow::Result<Router> {
        let (reporter, health) = tonic_health::server::health_reporter();
        let names = std::mem::take(&mut self.names);
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(contracts::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()?;
        self.grpc.add_service(health);
        self.grpc.add_service(reflection);
        let ready = move || {
            let (pool, reporter, names) = (pool.clone(), reporter.clone(), names.clone());
            async move {
                let ok = !has_schema || sqlx::query("-- ready\nselect 1").execute(&pool).await.is_ok();
                let status =
                    if ok { tonic_health::ServingStatus::Serving } else { tonic_health::ServingStatus::NotServing };
                for name in names {
                    reporter.set_service_status(name, status).await;
                }
                if ok { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
            }
        };
        let routes: Routes = self.grpc.routes();
        Ok(self
            .http
            .route("/live", get(|| async { "live\n" }))
            .route("/ready", get(ready))
            .merge(routes.into_axum_router())
            .layer(CatchPanicLayer::new())
            .layer(TraceLayer::new_for_http()))
    }
}
