//! The part of the past that is asked about, and how it is found in a journal without reading what lies before.
use std::collections::{BTreeMap, HashMap};

use contracts::operations::v1::{JournalEntry, ReadJournalRequest, operations_client::OperationsClient};
use jiff::Timestamp;
use tonic::transport::Channel;

use super::instant;
use crate::remote;

/// A place is looked for until it is known to so many entries.
const NEAR: u64 = 16;

/// Promises given from one instant on and before another; all of them without.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Window {
    pub fn holds(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// Which version of each calendar promises were given in from when on.
#[derive(Debug, Default)]
pub struct Versions(HashMap<String, BTreeMap<Timestamp, u32>>);

impl Versions {
    /// What a promise is told of later, it was not given in.
    pub(super) fn seen(&mut self, calendar: &str, version: u32, at: Timestamp) {
        if version > 0 {
            self.0.entry(calendar.to_owned()).or_default().entry(at).or_insert(version);
        }
    }

    /// The version others were given in at that time; none where nobody told.
    pub fn at(&self, calendar: &str, at: Timestamp) -> Option<u32> {
        let seen = self.0.get(calendar)?;
        let (_, version) = seen.range(..=at).next_back().or_else(|| seen.iter().next())?;
        Some(*version)
    }
}

/// Entries of a journal.
pub(super) async fn ask(
    client: &mut OperationsClient<Channel>,
    request: ReadJournalRequest,
) -> anyhow::Result<Vec<JournalEntry>> {
    let answer = client.read_journal(remote::request(request)).await;
    Ok(answer.map_err(|status| remote::refusal(&status))?.into_inner().entries)
}

/// A sequence after which everything lies that was recorded from `at` on; found in halves, so that little is read.
pub(super) async fn place(client: &mut OperationsClient<Channel>, at: Timestamp) -> anyhow::Result<u64> {
    let newest = ReadJournalRequest { limit: 1, newest_first: true, ..ReadJournalRequest::default() };
    let last = ask(client, newest).await?.first().map_or(0, |entry| entry.seq);
    let (mut before, mut beyond) = (0, last);
    while beyond - before > NEAR {
        let after_seq = before.midpoint(beyond);
        let found = ask(client, ReadJournalRequest { after_seq, limit: 1, ..ReadJournalRequest::default() }).await?;
        match found.first() {
            Some(entry) if instant(entry.recorded_at.as_ref())? < at => before = entry.seq,
            _ => beyond = after_seq,
        }
    }
    Ok(before)
}
