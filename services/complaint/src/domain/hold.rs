//! What can stand over a complaint beside its state: a legal hold, and with it an authority's case and its deadline.
//! While it is held no deadline closes the complaint, and what was written about it is not erased; people go on working
//! on it. It holds for closed complaints too. The authority's deadline is watched until the hold is released, which says
//! that it has its answer, or that it wants none any more.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    command::Rejection,
    complaint::{Complaint, Event},
    decide::Decision,
    escalation::Trigger,
    state::State,
    values::Evidence,
};

/// A legal hold. The reason is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub by: String,
    pub at: Timestamp,
    pub regulator: Option<Regulator>,
}

/// An authority's case about the complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regulator {
    pub case_no: Evidence,
    /// By when the authority wants its answer.
    pub report_by: Timestamp,
    /// What was raised because much of the time had passed, and because all of it had.
    #[serde(default)]
    pub warned: Option<Uuid>,
    #[serde(default)]
    pub late: Option<Uuid>,
}

impl Regulator {
    pub fn new(case_no: Evidence, report_by: Timestamp) -> Self {
        Self { case_no, report_by, warned: None, late: None }
    }

    /// All that was raised about it.
    fn raised(&self) -> Vec<Uuid> {
        self.warned.into_iter().chain(self.late).collect()
    }
}

impl Complaint {
    /// The part of `apply` about what stands beside the state: promises, and a hold.
    pub(super) fn beside(&mut self, event: &Event) {
        match event {
            Event::PromisesMoved(moved) => moved.iter().for_each(|moved| self.promises.apply(moved)),
            Event::Retargeted { moved, .. } => self.retargeted(moved),
            Event::Proposal(proposed) => self.proposed(proposed),
            Event::Held(hold) => self.hold = Some(hold.clone()),
            Event::HoldReleased { at, .. } => self.released(*at),
            _ => {}
        }
    }

    /// Errors: it does not exist, or is held already.
    pub(super) fn hold(&self, by: String, regulator: Option<Regulator>, at: Timestamp) -> Decision {
        match (&self.state, &self.hold) {
            (State::Absent, _) => Err(Rejection::Unknown),
            (_, Some(_)) => Err(Rejection::Held),
            (_, None) => Ok(vec![Event::Held(Hold { by, at, regulator })]),
        }
    }

    /// Errors: it does not exist, or is not held.
    pub(super) fn release(&self, at: Timestamp) -> Decision {
        match (&self.state, &self.hold) {
            (State::Absent, _) => Err(Rejection::Unknown),
            (_, None) => Err(Rejection::NotHeld),
            (_, Some(hold)) => {
                let raised = hold.regulator.iter().flat_map(Regulator::raised).collect();
                Ok(vec![Event::HoldReleased { at, raised }])
            }
        }
    }

    /// What is to be raised next about an authority's deadline, and when: half of the time has passed, then all of it.
    /// The deadline itself is in time.
    pub fn report_look(&self) -> Option<(Trigger, Timestamp)> {
        let (since, regulator) = self.hold.as_ref().and_then(|hold| Some((hold.at, hold.regulator.as_ref()?)))?;
        let half = kernel::calendar::add(since, regulator.report_by.duration_since(since) / 2);
        let over = kernel::calendar::add(regulator.report_by, SignedDuration::from_micros(1));
        match (regulator.warned, regulator.late) {
            (_, Some(_)) => None,
            (None, None) if half < over => Some((Trigger::RegulatorReportWarning, half)),
            (_, None) => Some((Trigger::RegulatorReportLate, over)),
        }
    }

    /// Who looks only after the deadline finds it late, and warned of no more.
    pub(super) fn report_due(&self, now: Timestamp) -> Vec<Event> {
        let regulator = self.hold.as_ref().and_then(|hold| hold.regulator.as_ref());
        let late = regulator.is_some_and(|one| !kernel::promise::verdict(one.report_by, now).in_time());
        let due = self.report_look().filter(|(_, at)| *at <= now);
        let raised = |(trigger, _)| self.raised(if late { Trigger::RegulatorReportLate } else { trigger });
        due.map(raised).into_iter().collect()
    }

    /// Takes in what was raised about that deadline.
    pub(super) fn report_raised(&mut self, trigger: Trigger, escalation_id: Uuid) {
        let regulator = self.hold.iter_mut().filter_map(|hold| hold.regulator.as_mut());
        regulator.for_each(|one| match trigger {
            Trigger::RegulatorReportWarning => one.warned = Some(escalation_id),
            Trigger::RegulatorReportLate => one.late = Some(escalation_id),
            _ => {}
        });
    }

    /// What is warned of no more because it is late.
    pub fn report_warned(&self) -> Option<Uuid> {
        self.hold.as_ref().and_then(|hold| hold.regulator.as_ref()?.warned)
    }

    /// Takes in the end of a hold. A silence that would have ended meanwhile ends now.
    pub(super) fn released(&mut self, at: Timestamp) {
        self.hold = None;
        if let State::SatisfactionCheck { silent_at } = &mut self.state {
            *silent_at = at.max(*silent_at);
        }
    }
}
