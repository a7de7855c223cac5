//! Talking to the running services: gRPC channels, and refusals put into words.
//! Invariant: a service that is not there is named, with how to start it.
use std::time::Duration;

use backbone::Outside;
use contracts::common::v1::Receipt;
use serde::Serialize;
use tonic::{
    Request, Response, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

use crate::{
    home::{Home, Service},
    output::Report,
};

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

/// A client for what speaks HTTP in our system.
pub fn http() -> anyhow::Result<reqwest::Client> {
    Ok(Outside::new(None)?.client(Duration::from_secs(600))?)
}

/// A request that says who asks.
pub fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("aftercare-actor", MetadataValue::from_static(ACTOR));
    request
}

/// A request in somebody's name, for example `staff:quinn`.
pub fn request_as<T>(message: T, actor: &str) -> anyhow::Result<Request<T>> {
    let mut request = Request::new(message);
    let actor = actor.parse().map_err(|_| anyhow::anyhow!("{actor:?} is nobody; say for example staff:quinn"))?;
    request.metadata_mut().insert("aftercare-actor", actor);
    Ok(request)
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

/// What became of a command.
#[derive(Serialize)]
pub struct Done {
    id: String,
    version: u64,
    status: String,
}

impl Done {
    /// Its receipt, or the refusal in words.
    pub fn of(answer: Result<Response<Receipt>, Status>) -> anyhow::Result<Self> {
        let Receipt { id, version, status } = answer.map_err(|status| refusal(&status))?.into_inner();
        Ok(Self { id, version, status })
    }
}

impl Report for Done {
    fn text(&self) -> String {
        format!("{} is {}", self.id, self.status)
    }
}
