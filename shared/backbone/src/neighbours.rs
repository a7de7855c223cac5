//! The other services, reached by gRPC when they are needed and not before.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use contracts::operations::v1::{ReadJournalRequest, operations_client::OperationsClient};
use tonic::transport::{Channel, Endpoint};

use crate::{fault::Fault, gate::Meta, proto};

/// A thousand events may be more than the usual limit of a message.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Connections to the other services, by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Neighbours(Arc<BTreeMap<String, Channel>>);

impl Neighbours {
    /// Lazy connections: a neighbour may start later, or come back.
    pub(crate) fn connect(addresses: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut channels = BTreeMap::new();
        for (name, address) in addresses {
            let endpoint = Endpoint::from_shared(address.clone())?
                .connect_timeout(Duration::from_secs(2))
                .timeout(Duration::from_secs(10))
                .http2_keep_alive_interval(Duration::from_secs(10))
                .keep_alive_while_idle(true);
            channels.insert(name.clone(), endpoint.connect_lazy());
        }
        Ok(Self(Arc::new(channels)))
    }

    /// The connection to one service.
    pub fn channel(&self, name: &str) -> Result<Channel, Fault> {
        self.0.get(name).cloned().ok_or_else(|| Fault::broken(format!("no address is configured for {name}")))
    }

    /// Names of all that are configured.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Events of the aggregate `meta` speaks of, from a version on, from the journal of the service that owns it.
    pub(crate) async fn journal_of(&self, meta: &Meta, from_version: u64) -> Result<Vec<(Meta, Vec<u8>)>, Fault> {
        let owner = meta.event_type.split('.').nth(1).unwrap_or_default();
        let request = ReadJournalRequest {
            aggregate_id: meta.aggregate_id.to_string(),
            from_version,
            limit: 1000,
            ..ReadJournalRequest::default()
        };
        let mut owner = OperationsClient::new(self.channel(owner)?).max_decoding_message_size(ANSWER_BYTES_MAX);
        let answer = owner.read_journal(request).await;
        let entries = answer.map_err(Fault::unavailable)?.into_inner().entries;
        entries
            .into_iter()
            .map(|entry| {
                let meta = Meta {
                    event_id: proto::id("event_id", &entry.event_id)?,
                    aggregate_id: proto::id("aggregate_id", &entry.aggregate_id)?,
                    version: entry.version,
                    event_type: entry.r#type,
                    actor: entry.actor,
                    correlation: proto::id("correlation", &entry.correlation)?,
                    occurred_at: proto::required("occurred_at", entry.occurred_at.as_ref())?,
                    recorded_at: proto::required("recorded_at", entry.recorded_at.as_ref())?,
                    stream: contracts::stream_of(&entry.subject),
                    stream_seq: 0,
                    trace: None,
                };
                Ok((meta, entry.payload.to_vec()))
            })
            .collect()
    }
}
