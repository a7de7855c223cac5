//! The facts made again from the source of truth: every service's own journal. Until all journals have been read the
//! figures stay as they are; if a service does not answer, they stay for good.
use backbone::{Fault, neighbours::Neighbours};
use contracts::operations::v1::{JournalEntry, ReadJournalRequest, operations_client::OperationsClient};
use sqlx::PgPool;
use tonic::transport::Channel;

use crate::{domain::fact::Fact, facts::Rebuild, wire};

/// The services whose events are facts.
const SOURCES: [&str; 5] = ["intake", "scheduling", "complaint", "fulfilment", "outreach"];

/// Entries asked for at once.
const PAGE: u32 = 1000;
/// A page of purchases with many lines is bigger than the usual limit of a message.
const PAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads all journals and replaces the facts; says how many events were counted.
pub async fn run(pool: &PgPool, neighbours: &Neighbours) -> Result<u64, Fault> {
    let mut tx = pool.begin().await?;
    let rebuild = Rebuild::begin(pool, &mut tx).await?;
    let mut counted = 0;
    for source in SOURCES {
        let mut journal = OperationsClient::new(neighbours.channel(source)?).max_decoding_message_size(PAGE_BYTES_MAX);
        let mut after_seq = 0;
        loop {
            let entries = page(&mut journal, after_seq).await?;
            let Some(last) = entries.last() else { break };
            after_seq = last.seq;
            counted += rebuild.collect(&mut tx, entries.iter().filter_map(readable)).await?;
        }
    }
    rebuild.replace(&mut tx).await?;
    tx.commit().await?;
    tracing::info!(events = counted, "the facts were rebuilt");
    Ok(counted)
}

async fn page(journal: &mut OperationsClient<Channel>, after_seq: u64) -> Result<Vec<JournalEntry>, Fault> {
    let request = ReadJournalRequest { after_seq, limit: PAGE, ..ReadJournalRequest::default() };
    let answer = journal.read_journal(request).await.map_err(Fault::unavailable)?;
    Ok(answer.into_inner().entries)
}

/// An entry that cannot be read is left out here and parked when it comes by its stream; so both count the same.
fn readable(entry: &JournalEntry) -> Option<Fact> {
    wire::fact_of_entry(entry)
        .inspect_err(|fault| {
            tracing::warn!(event.id = entry.event_id, event.r#type = entry.r#type, fault = fault.chain(), "left out");
        })
        .ok()
}
