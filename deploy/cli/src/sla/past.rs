//! The promises that were given: read from the journals of intake and complaint, oldest first. A promise is asked of a
//! policy with the facts the service had when it gave it; one that was given other terms later is asked as it was given.
//! Of the journals no more is read than tells of the promises that are asked about: places are found by the journal's own
//! order, and what was known before is read of the one case, complaint or task.
mod answers;
mod recall;
mod standings;
mod window;

use std::collections::HashMap;

use anyhow::Context as _;
use contracts::{
    Event, Message, Timestamp as Instant,
    common::v1::{CaseClass, Lane},
    complaint::v1 as complaint,
    operations::v1::{JournalEntry, ReadJournalRequest, operations_client::OperationsClient},
};
use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar,
    promise::{Cause, End, How, Record},
    sla::Kind,
};
use tonic::transport::Channel;

use crate::{home, home::Home, remote};
pub use window::{Versions, Window};
use window::{ask, place};

/// What a policy is asked about, as words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub kind: Option<Kind>,
    pub channel: Option<String>,
    pub class: Option<String>,
    pub priority: Option<String>,
    pub store: Option<String>,
    pub segment: Option<String>,
    /// Feedback is promised as for an urgent matter besides, and the end of each was not told: what ends first holds.
    pub urgent: bool,
    pub department: Option<String>,
}

/// A promise, named by what it was given about.
pub type Promise = Record<String, Facts>;

/// So many entries are asked for at a time.
const PAGE: u32 = 1000;
/// Writers' clocks differ by less.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// What is told later than that after the time that is asked about is not heard, once everything has ended.
const LATE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is known so far.
#[derive(Default)]
pub struct Past {
    window: Window,
    /// Where cases are, for what complaint asks about them.
    cases: Option<OperationsClient<Channel>>,
    /// What tasks and cases were about that began before the time that is asked about.
    tasks: HashMap<String, Facts>,
    pub versions: Versions,
    /// How much was read.
    pub entries: u64,
    promises: Vec<Promise>,
    /// The newest promise about a thing, until it ends.
    open: HashMap<(Kind, String), usize>,
    /// What is known of a complaint: by its case, and as it is judged.
    complaints: HashMap<String, Facts>,
    /// The promises of complaints, by their start.
    told: HashMap<(Kind, String, Timestamp), usize>,
    watermark: Timestamp,
}

/// Reads what tells of the promises of the window. Errors: a service does not answer.
pub async fn read(home: &Home, window: Window) -> anyhow::Result<Past> {
    let mut past = Past::of(window);
    for name in ["intake", "complaint"] {
        past.take_journal(remote::channel(home, home::service(name)?).await?).await.context(name)?;
    }
    Ok(past)
}

impl Past {
    /// Nothing yet, of a part of the past.
    pub fn of(window: Window) -> Self {
        Self { window, ..Self::default() }
    }

    /// Takes in the journal of the service behind `channel`; intake's comes first, for it knows what complaint does not.
    /// Errors: the service does not answer, or says what cannot be read.
    pub async fn take_journal(&mut self, channel: Channel) -> anyhow::Result<()> {
        let (mut client, given_before) = (OperationsClient::new(channel), self.promises.len());
        let mut after_seq = match self.window.from {
            None => 0,
            Some(from) => place(&mut client, calendar::add(from, -APART)).await?,
        };
        loop {
            let request = ReadJournalRequest { after_seq, limit: PAGE, ..ReadJournalRequest::default() };
            let entries = ask(&mut client, request).await?;
            let Some(last) = entries.last() else { break };
            (after_seq, self.entries) = (last.seq, self.entries + entries.len() as u64);
            for entry in &entries {
                let event = || format!("event {}", entry.event_id);
                self.recall(&mut client, entry).await.with_context(event)?;
                self.take(entry).with_context(event)?;
            }
            let seen = instant(last.recorded_at.as_ref())?;
            let over = self.window.to.is_some_and(|to| calendar::add(to, LATE) <= seen);
            let asked = self.promises.iter().skip(given_before).filter(|one| self.window.holds(one.started_at));
            if over && asked.into_iter().all(|promise| promise.end.is_some()) {
                break;
            }
        }
        self.cases.get_or_insert(client);
        Ok(())
    }

    /// How a complaint is judged, as far as this event tells.
    fn judged(&mut self, entry: &JournalEntry) -> anyhow::Result<()> {
        let (id, body) = (entry.aggregate_id.clone(), entry.payload.as_ref());
        match entry.r#type.as_str() {
            complaint::ComplaintRecorded::TYPE => {
                let event = complaint::ComplaintRecorded::decode(body)?;
                let facts = self.complaints.entry(id).or_default();
                (facts.class, facts.priority) = (class(event.class()), lane(event.lane()));
            }
            complaint::ComplaintAssessed::TYPE => {
                let judged = class(complaint::ComplaintAssessed::decode(body)?.class());
                self.complaints.get_mut(&id).into_iter().for_each(|facts| facts.class = judged.clone());
            }
            _ => {}
        }
        Ok(())
    }

    /// What an event says about promises; most say nothing.
    pub fn take(&mut self, entry: &JournalEntry) -> anyhow::Result<()> {
        let occurred = instant(entry.occurred_at.as_ref())?;
        self.watermark = self.watermark.max(instant(entry.recorded_at.as_ref())?);
        if self.answers(entry, occurred)? { Ok(()) } else { self.complaint(entry, occurred) }
    }

    /// What is promised to the customer is told with the record and whenever it moves; the first investigation stands in
    /// events of its own, also of those recorded before promises were told.
    fn complaint(&mut self, entry: &JournalEntry, occurred: Timestamp) -> anyhow::Result<()> {
        let (id, body) = (entry.aggregate_id.as_str(), entry.payload.as_ref());
        match entry.r#type.as_str() {
            complaint::ComplaintRecorded::TYPE => {
                self.judged(entry)?;
                let event = complaint::ComplaintRecorded::decode(body)?;
                let facts = self.complaints.get(id).cloned().unwrap_or_default();
                let (from, due) = (event.recorded_at.as_ref(), event.investigate_by.as_ref());
                self.begins(Kind::FirstInvestigation, id, facts, instant(from)?, instant(due)?);
                event.promises.iter().try_for_each(|one| self.stands(id, one, occurred))?;
            }
            complaint::ComplaintAssessed::TYPE => self.judged(entry)?,
            complaint::InvestigationConcluded::TYPE => {
                let at = instant(complaint::InvestigationConcluded::decode(body)?.concluded_at.as_ref())?;
                self.ends(Kind::FirstInvestigation, id, at, How::Met);
            }
            complaint::ComplaintClosed::TYPE => {
                let event = complaint::ComplaintClosed::decode(body)?;
                let cause = if event.merged_into_id.is_empty() { Cause::Closed } else { Cause::Merged };
                self.ends(Kind::FirstInvestigation, id, instant(event.closed_at.as_ref())?, How::Cancelled(cause));
            }
            complaint::ComplaintReopened::TYPE => {
                self.unmerged(Kind::FirstInvestigation, id);
                let stands = complaint::ComplaintReopened::decode(body)?.promises;
                stands.iter().try_for_each(|one| self.stands(id, one, occurred))?;
            }
            complaint::PromisesMoved::TYPE => {
                let moved = complaint::PromisesMoved::decode(body)?.promises;
                moved.iter().try_for_each(|one| self.stands(id, one, occurred))?;
            }
            complaint::SuggestionPromisesMoved::TYPE => {
                let moved = complaint::SuggestionPromisesMoved::decode(body)?.promises;
                moved.iter().try_for_each(|one| self.stands(id, one, occurred))?;
            }
            complaint::SolutionOffered::TYPE => self.waits(Kind::ResultNotice, id, occurred),
            // It is told before the promises move, and happened when he wrote.
            complaint::SolutionAgreed::TYPE | complaint::SolutionDeclined::TYPE | complaint::CustomerWrote::TYPE => {
                self.goes_on(Kind::ResultNotice, id, occurred);
            }
            _ => self.task(entry, occurred)?,
        }
        Ok(())
    }

    /// Each hand-over to a department is a promise of its own.
    fn task(&mut self, entry: &JournalEntry, occurred: Timestamp) -> anyhow::Result<()> {
        let (kind, id, body) = (Kind::DepartmentAnswer, entry.aggregate_id.as_str(), entry.payload.as_ref());
        match entry.r#type.as_str() {
            complaint::TaskIssued::TYPE => {
                let event = complaint::TaskIssued::decode(body)?;
                self.versions.seen(&event.calendar, event.calendar_version, occurred);
                self.begins(kind, id, handed(&event), occurred, instant(event.answer_by.as_ref())?);
                self.warned(id, event.warn_at, &event.further_warn_at)?;
            }
            complaint::TaskReturned::TYPE => {
                let event = complaint::TaskReturned::decode(body)?;
                let facts = self.facts_of(kind, id);
                self.begins(kind, id, facts, occurred, instant(event.answer_by.as_ref())?);
                self.warned(id, event.warn_at, &event.further_warn_at)?;
            }
            complaint::TaskForwarded::TYPE => {
                let event = complaint::TaskForwarded::decode(body)?;
                self.ends(kind, id, occurred, How::Cancelled(Cause::Resolved));
                let facts = Facts { department: Some(event.department.clone()), ..self.facts_of(kind, id) };
                self.begins(kind, id, facts, occurred, instant(event.answer_by.as_ref())?);
                self.warned(id, event.warn_at, &event.further_warn_at)?;
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

    /// When the department is warned of the hand-over that began last: first, and again.
    fn warned(&mut self, id: &str, first: Option<Instant>, further: &[Instant]) -> anyhow::Result<()> {
        let warn_at = first.iter().chain(further).map(|at| instant(Some(at))).collect::<Result<Vec<_>, _>>()?;
        self.newest(Kind::DepartmentAnswer, id).into_iter().for_each(|task| task.warn_at.clone_from(&warn_at));
        Ok(())
    }

    fn begins(&mut self, kind: Kind, id: &str, facts: Facts, started_at: Timestamp, due_at: Timestamp) {
        self.open.insert((kind, id.to_owned()), self.promises.len());
        let facts = Facts { kind: Some(kind), ..facts };
        let (warn_at, pauses, end, watermark) = (vec![], vec![], None, Timestamp::MIN);
        self.promises.push(Record { id: id.to_owned(), facts, started_at, due_at, warn_at, pauses, end, watermark });
    }

    /// The first end counts.
    fn ends(&mut self, kind: Kind, id: &str, at: Timestamp, how: How) {
        if let Some(promise) = self.newest(kind, id).filter(|promise| promise.end.is_none()) {
            promise.end = Some(End { at, how });
        }
    }

    /// What a merge ended goes on.
    fn unmerged(&mut self, kind: Kind, id: &str) {
        let merged = |end: End| end.how == How::Cancelled(Cause::Merged);
        let promise = self.newest(kind, id).filter(|promise| promise.end.is_some_and(merged));
        promise.into_iter().for_each(|promise| promise.end = None);
    }

    /// It was met, and earlier than was said.
    fn ended_earlier(&mut self, kind: Kind, id: &str, at: Timestamp) {
        let met = End { at, how: How::Met };
        self.newest(kind, id).into_iter().for_each(|one| one.end = Some(one.end.map_or(met, |end| end.min(met))));
    }

    fn newest(&mut self, kind: Kind, id: &str) -> Option<&mut Promise> {
        self.open.get(&(kind, id.to_owned())).and_then(|index| self.promises.get_mut(*index))
    }

    fn facts_of(&self, kind: Kind, id: &str) -> Facts {
        let index = self.open.get(&(kind, id.to_owned()));
        let open = index.and_then(|index| self.promises.get(*index)).map(|promise| &promise.facts);
        open.or_else(|| self.tasks.get(id)).cloned().unwrap_or_default()
    }

    /// All promises of the window, as they stand at the newest event.
    pub fn end(self) -> (Vec<Promise>, Versions) {
        let (watermark, window) = (self.watermark, self.window);
        let asked = self.promises.into_iter().filter(|promise| window.holds(promise.started_at));
        (asked.map(|promise| Promise { watermark, ..promise }).collect(), self.versions)
    }
}

/// What a policy is asked of a task.
fn handed(event: &complaint::TaskIssued) -> Facts {
    let (class, priority) = (class(event.class()), lane(event.lane()));
    Facts { class, priority, department: Some(event.department.clone()), ..Facts::default() }
}

fn instant(at: Option<&Instant>) -> anyhow::Result<Timestamp> {
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
