//! Talking to the running services: gRPC channels, and refusals put into words.
//! Invariant: a service that is not there is named, with how to start it.
use std::time::Duration;

use tonic::{
    Request, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

use crate::home::{Home, Service};

/// Who acts when a person at this command line does.
const ACTOR: &str = "staff:cli";

/// A connection to a running service. Errors: it does not answer.
pub async fn channel(home: &Home, service: Service) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(home.url(service)?)?
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(600));
    endpoint.connect().await.map_err(|error| {
        let error = anyhow::Error::from(error);
        anyhow::anyhow!("{} does not answer ({}); `aftercare up` starts it", service.name, error.root_cause())
    })
}

/// A request that says who asks.
pub fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("aftercare-actor", MetadataValue::from_static(ACTOR));
    request
}

/// A request that, said again with the same key, is done once.
pub fn keyed<T>(message: T, key: &str) -> anyhow::Result<Request<T>> {
    let mut request = request(message);
    request.metadata_mut().insert("idempotency-key", key.parse()?);
    Ok(request)
}

/// A refusal in words.
pub fn refusal(status: &Status) -> anyhow::Error {
    anyhow::anyhow!("{} ({:?})", status.message(), status.code())
}
