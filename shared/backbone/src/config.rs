//! Configuration: defaults, then a file, then `AFTERCARE__…` environment variables. Unknown keys are refused by name;
//! secrets never print.
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

const DEFAULTS: &str = include_str!("../default.toml");

/// What every service is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where gRPC and HTTP are served.
    pub listen: SocketAddr,
    /// The service's database.
    pub database: Database,
    /// The broker.
    pub nats: Nats,
    /// Queues and workers.
    pub road: RoadSettings,
    /// Where the time comes from.
    pub clock: ClockSettings,
    /// Logs, traces, metrics.
    pub telemetry: Telemetry,
    /// Base addresses of the other services, by name.
    #[serde(default)]
    pub neighbours: BTreeMap<String, String>,
    /// Servers that are not ours.
    pub outside: OutsideSettings,
    /// The service's own section; read with [`Settings::service`].
    #[serde(default)]
    pub service: serde_json::Value,
}

/// The service's database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Connection of the service's own role.
    pub url: SecretString,
    /// Connection of the schema's owner; needed by `provision` only.
    pub owner_url: Option<SecretString>,
    /// Defaults to the service's name.
    pub schema: Option<String>,
    /// The most connections: half of them for what changes, half for what is read.
    pub connections_max: u32,
}

/// The broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// For example `nats://127.0.0.1:4222`.
    pub url: String,
    /// First word of all subjects and of stream names.
    pub space: String,
    /// The service may create streams and consumers itself. For local stacks only.
    pub provision: bool,
    /// The most a stream may hold, in bytes; publishing stops there and waits in the outbox.
    pub stream_bytes_max: i64,
    /// So many events or more are published as one atomic batch, fewer singly; 0 = always singly.
    pub batch_from: usize,
    /// Seed of the service's NKEY.
    pub nkey_seed: Option<SecretString>,
}

/// Queues and workers of the road.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoadSettings {
    /// Transactions in flight for requests.
    pub workers: usize,
    /// Units that may wait for each worker before callers are told to come back.
    pub waiting_max: usize,
}

/// Where the time comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockSettings {
    /// A file holding an RFC 3339 instant, moved by hand. Development only; the system's clock when absent.
    pub driven: Option<PathBuf>,
}

/// Logs, traces, metrics.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Log filter, for example `info` or `info,sqlx=warn`.
    pub log: String,
    /// Lines of JSON instead of text.
    pub json: bool,
    /// OTLP endpoint for traces and metrics; off when absent.
    pub otlp: Option<String>,
}

/// Servers that are not ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideSettings {
    /// Certificates (PEM) of authorities that are trusted beside those this machine trusts.
    pub ca_file: Option<PathBuf>,
}

impl Settings {
    /// Reads defaults (ours, then the service's own), the file if any, and the environment.
    pub fn load(service_defaults: &str, file: Option<&Path>) -> anyhow::Result<Self> {
        Self::read(service_defaults, file, config::Environment::with_prefix("AFTERCARE"))
    }

    fn read(service_defaults: &str, file: Option<&Path>, environment: config::Environment) -> anyhow::Result<Self> {
        let mut sources = config::Config::builder()
            .add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml))
            .add_source(config::File::from_str(service_defaults, config::FileFormat::Toml));
        if let Some(path) = file {
            sources = sources.add_source(config::File::from(path));
        }
        let environment = environment.prefix_separator("__").separator("__");
        Ok(sources.add_source(environment).build()?.try_deserialize()?)
    }

    /// The service's own section; unknown keys are refused by the type. The environment knows only text, so the type
    /// also decides what is a number: `0042` is one for a number and stays as written for a text.
    pub fn service<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let section = if self.service.is_null() { serde_json::json!({}) } else { self.service.clone() };
        let section: config::Value = serde_json::from_value(section)?;
        section.try_deserialize().map_err(|error| anyhow::anyhow!("configuration, section [service]: {error}"))
    }
}

/// A document of a chain's own, in TOML, or the shipped one where no file is named. Errors: the file cannot be read, or
/// is not in the form; it and the place in it are named.
pub fn document<T: DeserializeOwned>(file: Option<&Path>, shipped: &str) -> anyhow::Result<T> {
    let Some(file) = file else { return toml::from_str(shipped).context("a shipped document") };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).with_context(|| file.display().to_string())
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
