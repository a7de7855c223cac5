//! What was written down: read once, whole, from the tables. Versions have no holes, the chains of hashes are unbroken, the
//! states stand where the journals end, and analytics counted every event once.
use std::collections::{BTreeMap, HashMap, HashSet};

use backbone::journal::{Entry, first_break};
use contracts::{
    Message as _,
    complaint::v1::{ComplaintRecorded, DepartmentAsked},
};
use futures::TryStreamExt;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::ids;
use crate::faults::{
    calm::{Calm, owners},
    report::Checks,
};

/// All journals, and what they say that others must have heard.
#[derive(Default)]
pub struct Journals {
    /// Ids of events, by stream.
    pub by_stream: HashMap<String, HashSet<Uuid>>,
    by_type: BTreeMap<String, u64>,
    /// Aggregates of the services, by table.
    tables: BTreeMap<(&'static str, String), u64>,
    holes: Vec<String>,
    breaks: Vec<String>,
    /// The tasks complaints were recorded with, and those issued later.
    pub first_tasks: Vec<Uuid>,
    pub further_tasks: Vec<Uuid>,
}

impl Journals {
    pub async fn read(calm: &Calm) -> anyhow::Result<Self> {
        let mut journals = Self::default();
        for owner in owners() {
            let statement = format!(
                "-- faults.journal
                 select * from {owner}.journal order by aggregate, aggregate_id, version, seq"
            );
            let mut rows = sqlx::query(AssertSqlSafe(statement)).fetch(&calm.pool);
            let mut life: Vec<Entry> = Vec::new();
            while let Some(row) = rows.try_next().await? {
                let entry = Entry::from_row(&row)?;
                journals.note(&entry)?;
                if life.last().is_some_and(|last| last.aggregate_id != entry.aggregate_id) {
                    journals.judge(owner, &life);
                    life.clear();
                }
                life.push(entry);
            }
            journals.judge(owner, &life);
        }
        Ok(journals)
    }

    /// How many events of these types there are.
    pub fn count(&self, types: &[&str]) -> u64 {
        types.iter().filter_map(|name| self.by_type.get(*name)).sum()
    }

    fn note(&mut self, entry: &Entry) -> anyhow::Result<()> {
        self.by_stream.entry(contracts::stream_of(&entry.subject)).or_default().insert(entry.event_id);
        *self.by_type.entry(entry.event_type.clone()).or_default() += 1;
        match entry.event_type.as_str() {
            "aftercare.complaint.v1.ComplaintRecorded" => {
                self.first_tasks.push(ComplaintRecorded::decode(entry.payload.as_slice())?.task_id.parse()?);
            }
            "aftercare.complaint.v1.DepartmentAsked" => {
                self.further_tasks.push(DepartmentAsked::decode(entry.payload.as_slice())?.task_id.parse()?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The events of one aggregate, in the order of their versions.
    fn judge(&mut self, owner: &'static str, life: &[Entry]) {
        let Some(first) = life.first() else { return };
        *self.tables.entry((owner, first.aggregate.clone())).or_default() += 1;
        let name = || format!("{owner}.{} {}", first.aggregate, first.aggregate_id);
        if !(1..).zip(life).all(|(version, entry)| entry.version == version) {
            self.holes.push(name());
        }
        // The order of the versions must be the order of the sequence, or a relay could send them the wrong way round.
        if !life.is_sorted_by_key(|entry| entry.seq) {
            self.holes.push(format!("{} (sequence)", name()));
        }
        if let Some(version) = first_break(life) {
            self.breaks.push(format!("{} at {version}", name()));
        }
    }

    pub async fn check(&self, calm: &Calm, checks: &mut Checks) -> anyhow::Result<()> {
        let (aggregates, events) = (self.tables.values().sum::<u64>(), self.by_type.values().sum::<u64>());
        checks.none(format!("aggregates whose versions have holes or are out of order, of {aggregates}"), &self.holes);
        checks.none(format!("aggregates whose chain of hashes is broken, of {events} events"), &self.breaks);
        let mut astray = Vec::new();
        for ((owner, table), count) in &self.tables {
            let statement = format!(
                "-- faults.states
                 select count(*) from {owner}.{table} t join {owner}.journal j on j.aggregate_id = t.id
                 where j.aggregate = '{table}' and j.version = t.version and j.hash = t.hash and not exists
                   (select from {owner}.journal n where n.aggregate_id = t.id and n.version > t.version)"
            );
            let all = calm.count(format!("-- faults.rows\nselect count(*) from {owner}.{table}")).await?;
            let sound = calm.count(statement).await?;
            if (sound, all) != (count.cast_signed(), count.cast_signed()) {
                astray.push(format!("{owner}.{table}: {sound} of {all} rows for {count} aggregates"));
            }
        }
        checks.none("tables whose states do not stand where the journal ends", astray);
        let facts = ids(calm, "-- faults.facts\nselect event_id from analytics.fact").await?;
        // What analytics says itself rests on facts and is none.
        let heard = self.by_stream.iter().filter(|(stream, _)| *stream != "ANALYTICS");
        let written: HashSet<Uuid> = heard.flat_map(|(_, events)| events).copied().collect();
        checks.same("events written → counted by analytics", written.len(), written.intersection(&facts).count());
        checks.none("events analytics made up", facts.difference(&written));
        Ok(())
    }
}
