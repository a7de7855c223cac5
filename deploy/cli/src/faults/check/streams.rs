//! What was sent: every stream is read from its beginning, headers only, by a reader of its own that leaves nothing behind.
use std::collections::{HashMap, HashSet};

use async_nats::{
    HeaderMap,
    jetstream::consumer::{DeliverPolicy, pull::OrderedConfig},
};
use futures::StreamExt;
use uuid::Uuid;

use super::journals::Journals;
use crate::{
    commands::tail,
    faults::{
        calm::{self, Calm},
        harm::Harm,
        report::{Checks, Struck},
    },
};

/// A stream as it was read.
#[derive(Default)]
pub struct Sent {
    /// Ids of the events in it.
    events: HashSet<Uuid>,
    /// The highest version seen of each aggregate.
    newest: HashMap<Uuid, u64>,
    /// Events that stand behind a later one of their aggregate, without having stood before it as well.
    turned: Vec<String>,
    messages: u64,
}

impl Sent {
    fn take(&mut self, event: Uuid, aggregate: Uuid, version: u64) {
        self.messages += 1;
        if !self.events.insert(event) {
            return;
        }
        let newest = self.newest.entry(aggregate).or_default();
        if version < *newest {
            self.turned.push(format!("{aggregate} version {version} after {newest}"));
        }
        *newest = version.max(*newest);
    }

    async fn read(calm: &Calm, stream: &str) -> anyhow::Result<Self> {
        let handle = calm.jetstream.get_stream(tail::stream_name(stream)).await?;
        let (first, last) = (handle.cached_info().state.first_sequence, handle.cached_info().state.last_sequence);
        let mut sent = Self::default();
        if handle.cached_info().state.messages == 0 || last < first {
            return Ok(sent);
        }
        let config =
            OrderedConfig { deliver_policy: DeliverPolicy::All, headers_only: true, ..OrderedConfig::default() };
        let mut messages = handle.create_consumer(config).await?.messages().await?;
        while let Some(message) = messages.next().await.transpose()? {
            let empty = HeaderMap::new();
            let headers = message.headers.as_ref().unwrap_or(&empty);
            let header = |name: &str| headers.get(name).map(|value| value.as_str()).unwrap_or_default();
            sent.take(
                header("Nats-Msg-Id").parse()?,
                header("ce-subject").parse()?,
                header("aftercare-version").parse()?,
            );
            if message.info().is_ok_and(|info| info.stream_sequence >= last) {
                break;
            }
        }
        Ok(sent)
    }
}

/// How many events of all streams stand behind a later one of their aggregate, now.
pub async fn turned(calm: &Calm) -> anyhow::Result<u64> {
    let mut turned = 0;
    for (stream, _) in calm::streams() {
        turned += Sent::read(calm, &stream).await?.turned.len() as u64;
    }
    Ok(turned)
}

pub async fn check(calm: &Calm, journals: &Journals, struck: &[Struck], checks: &mut Checks) -> anyhow::Result<()> {
    let (mut missing, mut strange, mut turned, mut repeats, mut all) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    for (stream, _) in calm::streams() {
        let sent = Sent::read(calm, &stream).await?;
        let none = HashSet::new();
        let written = journals.by_stream.get(&stream).unwrap_or(&none);
        missing.extend(written.difference(&sent.events).map(|event| format!("{event} of {stream}")));
        strange.extend(sent.events.difference(written).map(|event| format!("{event} in {stream}")));
        turned.extend(sent.turned.iter().map(|what| format!("{stream}: {what}")));
        repeats += sent.messages - sent.events.len() as u64;
        all += sent.messages;
    }
    checks.none(format!("events written that are in no stream, of {all} messages"), missing);
    checks.none("messages in streams that nobody wrote", strange);
    let before: u64 = struck.iter().filter(|struck| struck.harm == Harm::WipeBroker).map(|struck| struck.turned).sum();
    checks.same("events behind a later one of their aggregate, before a wipe", 0, before);
    checks.none(format!("events behind a later one of their aggregate, at the end ({repeats} repeats)"), turned);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_no_disorder_and_a_late_first_is() {
        let mut sent = Sent::default();
        let id = Uuid::from_u128;
        for (event, version) in [(1, 1), (2, 2), (1, 1), (3, 3), (2, 2)] {
            sent.take(id(event), id(100), version);
        }
        assert!(sent.turned.is_empty());
        assert_eq!((sent.messages, sent.events.len()), (5, 3));
        sent.take(id(7), id(200), 2);
        sent.take(id(6), id(200), 1);
        assert_eq!(sent.turned.len(), 1);
    }
}
