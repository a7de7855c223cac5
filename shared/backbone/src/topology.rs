//! Streams and durable consumers. Made by the provisioner (`<service> provision`), never by a running service in
//! production; a local stack may let services make again what a fault took away.
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};

use crate::{broker::Broker, inbound::Inbound};

/// Every stream the contracts speak of.
pub fn streams() -> BTreeSet<String> {
    contracts::EVENTS.iter().map(|(_, subject)| contracts::stream_of(subject)).collect()
}

/// The streams a service publishes to.
pub(crate) fn streams_of(service: &str) -> BTreeSet<String> {
    let ours = format!("aftercare.{service}.");
    let events = contracts::EVENTS.iter().filter(|(event, _)| event.starts_with(&ours));
    events.map(|(_, subject)| contracts::stream_of(subject)).collect()
}

/// Makes the streams and this service's consumers, or brings them to the wanted form.
pub async fn provision(broker: &Broker, service: &str, inbound: &Inbound) -> anyhow::Result<()> {
    for stream in streams() {
        ensure_stream(broker, &stream).await?;
    }
    for (stream, _) in inbound.streams() {
        ensure_consumer(broker, service, inbound, stream).await?;
    }
    Ok(())
}

/// Limits retention (never work queue or interest: those forget message ids at a restart), file storage, bounded.
pub(crate) async fn ensure_stream(broker: &Broker, stream: &str) -> anyhow::Result<()> {
    let config = Config {
        name: broker.stream_name(stream),
        subjects: vec![broker.subject(&format!("{}.>", stream.to_lowercase()))],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_age: Duration::from_secs(14 * 24 * 3600),
        max_bytes: broker.stream_bytes_max,
        duplicate_window: Duration::from_secs(600),
        allow_direct: true,
        allow_atomic_publish: true,
        deny_delete: true,
        deny_purge: true,
        ..Config::default()
    };
    broker.jetstream.create_or_update_stream(config).await?;
    Ok(())
}

/// Under this name a consumer's metadata say which subjects its service hears, apart by blanks.
pub const HEARS: &str = "hears";

/// One durable per service and source stream; it redelivers for ever, in bounded portions. Of a stream of which it hears
/// several aggregates it is sent all: for several filters the server looks each next message up among all subjects, which
/// took half of its time.
pub(crate) async fn ensure_consumer(
    broker: &Broker,
    service: &str,
    inbound: &Inbound,
    stream: &str,
) -> anyhow::Result<()> {
    let filters = inbound.streams().filter(|(name, _)| *name == stream).flat_map(|(_, filters)| filters);
    let heard: Vec<String> = filters.map(|filter| broker.subject(filter)).collect();
    let config = pull::Config {
        durable_name: Some(service.to_owned()),
        ack_policy: AckPolicy::Explicit,
        deliver_policy: DeliverPolicy::All,
        ack_wait: Duration::from_secs(30),
        max_deliver: -1,
        max_ack_pending: 4096,
        metadata: HashMap::from([(HEARS.to_owned(), heard.join(" "))]),
        filter_subject: if let [only] = heard.as_slice() { only.clone() } else { String::new() },
        ..pull::Config::default()
    };
    broker.jetstream.create_consumer_on_stream(config, broker.stream_name(stream)).await?;
    Ok(())
}
