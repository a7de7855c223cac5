//! The promises that were given: read from the journals of intake and complaint, oldest first.
use std::collections::HashMap;

use anyhow::Context as _;
use contracts::{
    Event, Message,
    common::v1::{CaseClass, Channel, Lane},
    complaint::v1 as complaint,
    intake::v1 as intake,
    operations::v1::{JournalEntry, ReadJournalRequest, operations_client::OperationsClient},
};
use jiff::Timestamp;
use kernel::{
    promise::{Cause, End, How, Record},
    sla::Kind,
};

use crate::{home, home::Home, remote};

/// What a policy is asked about, as words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub kind: Option<Kind>,
    pub channel: Option<String>,
    pub class: Option<String>,
    pub priority: Option<String>,
    pub store: Option<String>,
    pub segment: Option<String>,
    /// Feedback is promised as for an urgent matter besides; what ends first holds.
    pub urgent: bool,
    pub department: Option<String>,
}

/// A promise, named by what it was given about.
pub type Promise = Record<String, Facts>;

/// So many entries are asked for at a time.
const PAGE: u32 = 1000;

/// What is known so far.
#[derive(Default)]
pub struct Past {
    promises: Vec<Promise>,
    /// The newest promise about a thing, until it ends.
    open: HashMap<(Kind, String), usize>,
    watermark: Timestamp,
}

/// Reads all there is. Errors: a service does not answer.
pub async fn read(home: &Home) -> anyhow::Result<Vec<Promise>> {
    let mut past = Past::default();
    for name in ["intake", "complaint"] {
        let mut client = OperationsClient::new(remote::channel(home, home::service(name)?).await?);
        let mut after_seq = 0;
        loop {
            let request = ReadJournalRequest { after_seq, limit: PAGE, ..ReadJournalRequest::default() };
            let answer = client.read_journal(remote::request(request)).await;
            let entries = answer.map_err(|status| remote::refusal(&status))?.into_inner().entries;
            let Some(last) = entries.last() else { break };
            after_seq = last.seq;
            for entry in &entries {
                past.take(entry).with_context(|| format!("event {} of {name}", entry.event_id))?;
            }
        }
    }
    Ok(past.end())
}

impl Past {
    /// What an event says about promises; most say nothing.
    pub fn take(&mut self, entry: &JournalEntry) -> anyhow::Result<()> {
        let occurred = instant(entry.occurred_at.as_ref())?;
        self.watermark = self.watermark.max(instant(entry.recorded_at.as_ref())?);
        let body = entry.payload.as_ref();
        match entry.r#type.as_str() {
            intake::CaseRegistered::TYPE => self.registered(&intake::CaseRegistered::decode(body)?)?,
            intake::CaseResponded::TYPE => {
                let event = intake::CaseResponded::decode(body)?;
                let at = instant(event.responded_at.as_ref())?;
                self.ends(Kind::FirstResponse, &event.case_id, at, How::Met);
            }
            intake::CaseResponseCorrected::TYPE => {
                let event = intake::CaseResponseCorrected::decode(body)?;
                let at = instant(event.responded_at.as_ref())?;
                self.ended_earlier(Kind::FirstResponse, &event.case_id, at);
            }
            intake::CaseClosed::TYPE => {
                let event = intake::CaseClosed::decode(body)?;
                let at = instant(event.closed_at.as_ref())?;
                self.ends(Kind::FirstResponse, &event.case_id, at, How::Cancelled(Cause::Closed));
            }
            complaint::ComplaintRecorded::TYPE => {
                let event = complaint::ComplaintRecorded::decode(body)?;
                let facts = Facts { class: class(event.class()), priority: lane(event.lane()), ..Facts::default() };
                let (from, due) = (event.recorded_at.as_ref(), event.investigate_by.as_ref());
                self.begins(Kind::FirstInvestigation, &event.complaint_id, facts, instant(from)?, instant(due)?);
            }
            complaint::InvestigationConcluded::TYPE => {
                let event = complaint::InvestigationConcluded::decode(body)?;
                let at = instant(event.concluded_at.as_ref())?;
                self.ends(Kind::FirstInvestigation, &event.complaint_id, at, How::Met);
            }
            complaint::ComplaintClosed::TYPE => {
                let event = complaint::ComplaintClosed::decode(body)?;
                let at = instant(event.closed_at.as_ref())?;
                self.ends(Kind::FirstInvestigation, &event.complaint_id, at, How::Cancelled(Cause::Closed));
            }
            _ => self.task(entry, occurred)?,
        }
        Ok(())
    }

    fn registered(&mut self, event: &intake::CaseRegistered) -> anyhow::Result<()> {
        let facts = Facts {
            channel: word(event.channel().as_str_name(), "CHANNEL_", Channel::Unspecified.as_str_name()),
            class: class(event.class()),
            priority: lane(event.lane()),
            store: Some(event.store_id.clone()).filter(|store| !store.is_empty()),
            segment: (event.vip_tier >= 1).then(|| "vip".to_owned()),
            // Health matters were urgent before events said so.
            urgent: event.urgent || event.lane() == Lane::Health,
            ..Facts::default()
        };
        let (from, due) = (event.recorded_at.as_ref(), event.respond_by.as_ref());
        self.begins(Kind::FirstResponse, &event.case_id, facts, instant(from)?, instant(due)?);
        Ok(())
    }

    /// Each hand-over to a department is a promise of its own.
    fn task(&mut self, entry: &JournalEntry, occurred: Timestamp) -> anyhow::Result<()> {
        let (kind, id, body) = (Kind::DepartmentAnswer, entry.aggregate_id.as_str(), entry.payload.as_ref());
        match entry.r#type.as_str() {
            complaint::TaskIssued::TYPE => {
                let event = complaint::TaskIssued::decode(body)?;
                let (class, priority) = (class(event.class()), lane(event.lane()));
                let facts = Facts { class, priority, department: Some(event.department.clone()), ..Facts::default() };
                self.begins(kind, id, facts, occurred, instant(event.answer_by.as_ref())?);
            }
            complaint::TaskReturned::TYPE => {
                let event = complaint::TaskReturned::decode(body)?;
                let facts = self.facts_of(kind, id);
                self.begins(kind, id, facts, occurred, instant(event.answer_by.as_ref())?);
            }
            complaint::TaskForwarded::TYPE => {
                let event = complaint::TaskForwarded::decode(body)?;
                self.ends(kind, id, occurred, How::Cancelled(Cause::Resolved));
                let facts = Facts { department: Some(event.department.clone()), ..self.facts_of(kind, id) };
                self.begins(kind, id, facts, occurred, instant(event.answer_by.as_ref())?);
            }
            complaint::TaskAnswered::TYPE => {
                let at = instant(complaint::TaskAnswered::decode(body)?.answered_at.as_ref())?;
                self.ends(kind, id, at, How::Met);
            }
            complaint::TaskCancelled::TYPE => self.ends(kind, id, occurred, How::Cancelled(Cause::Closed)),
            _ => {}
        }
        Ok(())
    }

    fn begins(&mut self, kind: Kind, id: &str, facts: Facts, started_at: Timestamp, due_at: Timestamp) {
        self.open.insert((kind, id.to_owned()), self.promises.len());
        let facts = Facts { kind: Some(kind), ..facts };
        let (pauses, end, watermark) = (vec![], None, Timestamp::MIN);
        self.promises.push(Record { id: id.to_owned(), facts, started_at, due_at, pauses, end, watermark });
    }

    /// The first end counts.
    fn ends(&mut self, kind: Kind, id: &str, at: Timestamp, how: How) {
        let promise = self.open.get(&(kind, id.to_owned())).and_then(|index| self.promises.get_mut(*index));
        if let Some(promise) = promise.filter(|promise| promise.end.is_none()) {
            promise.end = Some(End { at, how });
        }
    }

    /// It was met, and earlier than was said.
    fn ended_earlier(&mut self, kind: Kind, id: &str, at: Timestamp) {
        let promise = self.open.get(&(kind, id.to_owned())).and_then(|index| self.promises.get_mut(*index));
        if let Some(promise) = promise {
            let met = End { at, how: How::Met };
            promise.end = Some(promise.end.map_or(met, |end| end.min(met)));
        }
    }

    fn facts_of(&self, kind: Kind, id: &str) -> Facts {
        let index = self.open.get(&(kind, id.to_owned()));
        index.and_then(|index| self.promises.get(*index)).map(|promise| promise.facts.clone()).unwrap_or_default()
    }

    /// All promises, as they stand at the newest event.
    pub fn end(self) -> Vec<Promise> {
        let watermark = self.watermark;
        self.promises.into_iter().map(|promise| Promise { watermark, ..promise }).collect()
    }
}

fn instant(at: Option<&contracts::Timestamp>) -> anyhow::Result<Timestamp> {
    let at = at.context("a time is missing")?;
    Ok(Timestamp::new(at.seconds, at.nanos)?)
}

fn class(class: CaseClass) -> Option<String> {
    word(class.as_str_name(), "CASE_CLASS_", CaseClass::Unspecified.as_str_name())
}

fn lane(lane: Lane) -> Option<String> {
    word(lane.as_str_name(), "LANE_", Lane::Unspecified.as_str_name())
}

/// The word policies use; none for what is not known.
fn word(name: &str, prefix: &str, unknown: &str) -> Option<String> {
    (name != unknown).then(|| name.trim_start_matches(prefix).to_lowercase())
}
