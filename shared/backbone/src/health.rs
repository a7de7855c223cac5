//! Whether this process can serve: one answer for `/ready` and for gRPC health, found when somebody asks.
use std::{sync::Arc, time::Duration};

use futures::stream;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, HealthCheckResponse, health_server},
};

/// A probe must not wait longer for the database.
const WITHIN: Duration = Duration::from_secs(1);

/// The health of a process and of the gRPC services it offers.
#[derive(Clone)]
pub(crate) struct Health {
    /// The database without which it cannot work, if there is one.
    pub needs: Option<PgPool>,
    /// Cancelled when the process is stopping.
    pub leaving: CancellationToken,
    /// The gRPC services that can be asked for by name.
    pub names: Arc<[&'static str]>,
}

impl Health {
    /// The database answers, and the process is not stopping. The broker does not count: without it events wait in the outbox.
    pub async fn ready(&self) -> bool {
        if self.leaving.is_cancelled() {
            return false;
        }
        let Some(pool) = &self.needs else { return true };
        let asked = sqlx::query("-- ready\nselect 1").execute(pool);
        matches!(tokio::time::timeout(WITHIN, asked).await, Ok(Ok(_)))
    }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if !name.is_empty() && !self.names.iter().any(|known| known == name) {
            return Err(Status::not_found(format!("there is no service {name} here")));
        }
        let status = if self.ready().await { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(Response::new(HealthCheckResponse { status: status as i32 }))
    }

    type WatchStream = stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("ask again with Check"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_stops_is_not_ready() {
        let leaving = CancellationToken::new();
        let health = Health { needs: None, leaving: leaving.clone(), names: Arc::new([]) };
        assert!(health.ready().await);
        leaving.cancel();
        assert!(!health.ready().await);
    }
}
