//! The promises of a complaint or a suggestion as others learn how they stand, and what is raised and settled by them.
use backbone::{Change, Published};
use contracts::{Timestamp as Instant, complaint::v1 as contract};
use kernel::{
    promise::{Event as Step, Promise, Standing},
    sla::Kind,
};

use super::{instant, settle};
use crate::domain::{
    Complaint, Suggestion,
    escalation::{Matter, Trigger},
    promises::{self, Moved, Promises},
};

/// All of them, by kind and start.
pub(super) fn standings(promises: &Promises) -> Vec<contract::PromiseStanding> {
    promises.iter().map(|(kind, promise)| standing(kind, promise)).collect()
}

/// Those that moved, each once.
pub(super) fn standings_of(promises: &Promises, moved: &[Moved]) -> Vec<contract::PromiseStanding> {
    let meant = |kind: Kind, promise: &Promise| {
        moved.iter().any(|one| (one.kind, one.started_at) == (kind, promise.started_at))
    };
    let those = promises.iter().filter(|(kind, promise)| meant(*kind, promise));
    those.map(|(kind, promise)| standing(kind, promise)).collect()
}

/// What is broken occurred at its due time, whenever somebody looked.
pub(super) fn published<E: contracts::Event>(event: &E, moved: &[Moved], shard: u8) -> Published {
    let looked = |one: &Moved| matches!(one.event, Step::Breached { .. } | Step::Warned { .. });
    let due = |one: &Moved| if let Step::Breached { at, .. } = one.event { Some(at) } else { None };
    let broken = moved.iter().filter_map(due).min().filter(|_| moved.iter().all(looked));
    broken.into_iter().fold(Published::of(event, shard), Published::at)
}

/// How one stands now.
fn standing(kind: Kind, promise: &Promise) -> contract::PromiseStanding {
    let (stands, calendar) = (&promise.standing, promise.terms.calendar.as_ref());
    contract::PromiseStanding {
        promise: promises::word(kind).to_owned(),
        started_at: instant(promise.started_at),
        status: stands.state.name().to_owned(),
        due_at: instant(stands.due_at),
        ended_at: stands.end.and_then(|end| instant(end.at)),
        warn_at: stands.warn_at.iter().filter_map(|at| instant(*at)).collect(),
        calendar: calendar.map(|calendar| calendar.id.clone()).unwrap_or_default(),
        calendar_version: calendar.map_or(0, |calendar| calendar.version),
    }
}

/// An earlier fact showed that nothing was broken.
fn in_time(stands: &Standing) -> bool {
    stands.state.verdict().is_none_or(|verdict| verdict.in_time())
}

impl Suggestion {
    /// As for a complaint: a warning settles itself when the promise ends or is broken, a breach when there was none.
    pub(super) fn looked_at(&self, moved: &Moved) -> Vec<Change> {
        let Moved { kind, started_at, event } = moved;
        let warned = || {
            let promise = self.promises.get(*kind, *started_at);
            let given = promise.into_iter().flat_map(|promise| promise.warned.iter());
            given.map(|warning| settle(self.warning_escalation(*started_at, *warning)))
        };
        let raise = |escalation_id, trigger| {
            let matter = Matter::new(escalation_id, None, trigger, &self.ladder);
            super::raise(Matter { case_id: self.case_id(), ..matter })
        };
        let late = self.late_escalation(*started_at);
        match event {
            Step::Warned { warning, .. } => {
                raise(self.warning_escalation(*started_at, *warning), Trigger::PromiseWarning)
            }
            Step::Breached { .. } => warned().chain(raise(late, Trigger::PromiseLate)).collect(),
            Step::Corrected { stands, .. } if in_time(stands) => warned().chain([settle(late)]).collect(),
            Step::Noted { stands, .. } if !stands.state.open() => warned().collect(),
            Step::Corrected { .. } | Step::Noted { .. } | Step::Started(_) => vec![],
        }
    }
}

impl Complaint {
    /// All of them, by kind and start.
    pub(super) fn standings(&self) -> Vec<contract::PromiseStanding> {
        standings(&self.promises)
    }

    pub(super) fn investigate_by(&self) -> Option<Instant> {
        self.first_investigation().and_then(|promise| instant(promise.standing.due_at))
    }

    pub(super) fn promises_moved(&self, moved: &[Moved], shard: u8) -> Published {
        let complaint_id = self.facts.complaint_id.to_string();
        let told = contract::PromisesMoved { complaint_id, promises: standings_of(&self.promises, moved) };
        published(&told, moved, shard)
    }

    /// A warning goes to whoever must look first, and settles itself when the promise ends or is broken; what was raised
    /// for a breach settles itself when an earlier fact shows that there was none.
    pub(super) fn warned(&self, moved: &Moved) -> Vec<Change> {
        let Moved { kind, started_at, event } = moved;
        let warned = || {
            let promise = self.promises.get(*kind, *started_at);
            let given = promise.into_iter().flat_map(|promise| promise.warned.iter());
            given.map(|warning| settle(self.warning_escalation(*kind, *started_at, *warning)))
        };
        match event {
            Step::Warned { warning, .. } => {
                let escalation_id = self.warning_escalation(*kind, *started_at, *warning);
                let (complaint_id, ladder) = (Some(self.facts.complaint_id), &self.facts.terms.ladder);
                super::raise(Matter::new(escalation_id, complaint_id, Trigger::PromiseWarning, ladder))
            }
            Step::Corrected { stands, .. } if in_time(stands) => {
                warned().chain([settle(self.late_escalation(*kind, *started_at))]).collect()
            }
            Step::Breached { .. } | Step::Corrected { .. } => warned().collect(),
            // A silence that was too long is over with the next word.
            Step::Noted { stands, .. } if !stands.state.open() => {
                let over = (*kind == Kind::ProgressSilence).then(|| settle(self.late_escalation(*kind, *started_at)));
                warned().chain(over).collect()
            }
            Step::Noted { .. } | Step::Started(_) => vec![],
        }
    }
}
