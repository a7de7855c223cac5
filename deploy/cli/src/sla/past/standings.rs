//! The promises of complaints and suggestions of which events tell how they stand, and what stops their time.
use contracts::complaint::v1 as complaint;
use jiff::Timestamp;
use kernel::{
    promise::{Cause, End, How, Pause, Reason},
    sla::Kind,
};

use super::{Past, instant};

impl Past {
    /// How an offer, a result or word of progress is owed by now. One that is new was promised to the complaint as it was
    /// judged then; a result that runs is owed, whatever was waited for.
    pub(super) fn stands(
        &mut self,
        id: &str,
        one: &complaint::PromiseStanding,
        occurred: Timestamp,
    ) -> anyhow::Result<()> {
        let (started_at, due_at) = (instant(one.started_at.as_ref())?, instant(one.due_at.as_ref())?);
        let warn_at = one.warn_at.iter().map(|at| instant(Some(at))).collect::<Result<Vec<_>, _>>()?;
        self.versions.seen(&one.calendar, one.calendar_version, started_at);
        let kind = match one.promise.as_str() {
            "solution_offer" => Kind::SolutionOffer,
            "result_notice" => Kind::ResultNotice,
            "progress_silence" => Kind::ProgressSilence,
            "first_investigation" => {
                self.newest(Kind::FirstInvestigation, id).into_iter().for_each(|first| first.warn_at = warn_at.clone());
                return Ok(());
            }
            _ => return Ok(()),
        };
        let index = *self.told.entry((kind, id.to_owned(), started_at)).or_insert(self.promises.len());
        if index == self.promises.len() {
            // Silence has the terms of the record, however the complaint is judged later.
            let first = self.newest(kind, id).filter(|_| kind == Kind::ProgressSilence).map(|one| one.facts.clone());
            let facts = first.or_else(|| self.complaints.get(id).cloned()).unwrap_or_default();
            self.begins(kind, id, facts, started_at, due_at);
        }
        let how = match one.status.as_str() {
            "met" | "met_late" => Some(How::Met),
            "cancelled" | "cancelled_after_breach" => Some(How::Cancelled(Cause::Closed)),
            _ => None,
        };
        let end =
            how.map(|how| Ok::<_, anyhow::Error>(End { at: instant(one.ended_at.as_ref())?, how })).transpose()?;
        if let Some(promise) = self.promises.get_mut(index) {
            (promise.due_at, promise.end, promise.warn_at) = (due_at, end, warn_at);
        }
        match (kind, one.status.as_str()) {
            (Kind::ResultNotice, "running") => self.goes_on(kind, id, occurred),
            (Kind::ProgressSilence, "paused") => self.waits(kind, id, occurred),
            (Kind::ProgressSilence, _) => self.goes_on(kind, id, occurred),
            _ => {}
        }
        Ok(())
    }

    /// The customer has an offer before him: it is not owed until he answers.
    pub(super) fn waits(&mut self, kind: Kind, id: &str, from: Timestamp) {
        let pause = Pause { from, to: None, reason: Reason::WaitingCustomer, evidence: String::new() };
        let goes = self.newest(kind, id).filter(|promise| promise.pauses.iter().all(|pause| pause.to.is_some()));
        goes.into_iter().for_each(|promise| promise.pauses.push(pause.clone()));
    }

    /// He waits for us again.
    pub(super) fn goes_on(&mut self, kind: Kind, id: &str, at: Timestamp) {
        let pauses = self.newest(kind, id).into_iter().flat_map(|promise| &mut promise.pauses);
        pauses.filter(|pause| pause.to.is_none()).for_each(|pause| pause.to = Some(at));
    }
}
