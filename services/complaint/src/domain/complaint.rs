//! A complaint from its record to its close: what is known of it, what can happen to it, and what each happening
//! changes. What may happen is decided in `decide`. Free text (findings, wishes, reasons) is never part of it.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use kernel::{
    approval::{Approval, Given},
    money::Money,
    sla::Kind,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use super::state::{Outcome, State};
use super::{
    care::{Care, Heard, Promised},
    escalation::{Level, Trigger},
    hold::Hold,
    ladder::Ladder,
    merging::Merged,
    promises::{Moved, Promises},
    retargeting::{Proposal, Proposed},
    routing::{Desk, InForce},
    solution::{Consent, Remedy, Solution},
    values::{CauseCode, Class, Department, Emotion, Evidence, Lane, RecordPart, Severity},
};

/// A complaint. `Default` is one that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaint {
    pub facts: Facts,
    pub state: State,
    pub assessment: Option<Assessment>,
    /// Every department that was asked, in order.
    pub asked: Vec<Asked>,
    /// What is owed by when, and how it stands.
    #[serde(default)]
    pub promises: Promises,
    /// How often promises of a kind were given other terms; what is warned of afterwards is raised anew.
    #[serde(default)]
    pub retargets: BTreeMap<Kind, u32>,
    /// The newest proposal of other terms for a promise.
    #[serde(default)]
    pub retargeting: Option<Proposal>,
    /// The newest draft.
    pub solution: Option<Solution>,
    /// What was done under the drafts before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Remedy>,
    pub offers_made: u32,
    pub declines: u32,
    /// The highest level that had to look at it so far.
    pub escalation_level: Option<Level>,
    /// Escalations raised by the complaint itself; numbers the next one.
    pub escalations: u32,
    pub reopen_count: u32,
    /// Where staff left the standard process for this customer (R-CMP-17).
    #[serde(default)]
    pub deviations: Vec<Deviation>,
    /// What the newest conclusion of the investigation rests on.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    #[serde(default)]
    pub care: Care,
    /// The complaint it goes on as, and what comes back with it; none where it goes on by itself.
    #[serde(default)]
    pub merged: Option<Box<Merged>>,
    /// It must be kept as it is.
    #[serde(default)]
    pub hold: Option<Hold>,
}

/// Something was done otherwise than the standard process says. The reason is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// A lower-case word.
    pub what: String,
    /// The status then.
    pub during: String,
    pub by: String,
    pub at: Timestamp,
}

/// What was known when the complaint was recorded, and the terms that hold for it whatever is decided later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub complaint_id: Uuid,
    pub case_id: Uuid,
    /// The pseudonym; only intake knows who it is.
    pub customer_id: Uuid,
    pub purchase_id: Option<Uuid>,
    pub class: Class,
    pub lane: Lane,
    pub emotion: Option<Emotion>,
    pub recorded_at: Timestamp,
    /// The follow-up whose answer opened the case; empty when none did.
    pub follow_up_id: String,
    pub product_id: String,
    pub batch: String,
    /// The word of the channel it came by; empty when that is not known.
    #[serde(default)]
    pub channel: String,
    /// Empty when none is named.
    #[serde(default)]
    pub store_id: String,
    #[serde(default)]
    pub vip: bool,
    /// What of the record a person stated; none for what was stored before this was known.
    #[serde(default)]
    pub parts: Option<BTreeSet<RecordPart>>,
    pub terms: Terms,
}

/// How long things may take for one complaint, fixed when it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// For the customer's answer once told the result; then it closes unconfirmed.
    pub silence_after: SignedDuration,
    /// For an appeal after the close.
    pub appeal_within: SignedDuration,
    /// For what the customer hears from us.
    #[serde(default)]
    pub care: Promised,
    /// The longest silence, as the policy had it; none where it has no rule.
    #[serde(default)]
    pub silence: Option<Arc<kernel::promise::Terms>>,
    /// Who must look at what.
    #[serde(default)]
    pub ladder: Arc<Ladder>,
}

/// The complaint manager's judgement (R-CMP-02).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    pub class: Class,
    pub severity: Severity,
}

/// A department was asked by way of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub task_id: Uuid,
    pub desk: Desk,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Recorded {
        facts: Box<Facts>,
        asked: Asked,
        promised: Vec<Moved>,
    },
    /// How promises stand; what follows from it comes after it.
    PromisesMoved(Vec<Moved>),
    /// One was given other terms; `warned` are the escalations of the warnings under the former ones.
    Retargeted {
        warned: Vec<Uuid>,
        moved: Vec<Moved>,
    },
    /// Other terms for a promise, on their way.
    Proposal(Proposed),
    Held(Hold),
    /// `raised` is about an authority's deadline that stood with it.
    HoldReleased {
        at: Timestamp,
        raised: Vec<Uuid>,
    },
    /// A person added to the record what was missing.
    RecordCompleted {
        parts: BTreeSet<RecordPart>,
        emotion: Option<Emotion>,
    },
    Assessed(Assessment),
    InvestigationStarted,
    DepartmentAsked(Asked),
    /// `in_time` is the verdict on the first investigation, also when it is concluded again.
    Investigated {
        cause: CauseCode,
        responsible: Department,
        evidence: Vec<Evidence>,
        at: Timestamp,
        in_time: bool,
    },
    InvestigationLate {
        escalation_id: Uuid,
    },
    SolutionDrafted(Box<Solution>),
    ApprovalRequested(Box<Approval>),
    /// One more approved; others are still needed.
    ApprovalGiven(Given),
    /// The last one whose approval was needed.
    Approved(Given),
    Returned {
        by: String,
    },
    /// Nobody approved in time: to management, and back to the author.
    ApprovalExpired {
        escalation_id: Uuid,
    },
    Offered {
        at: Timestamp,
        /// The last instant at which an answer is in time; none where no time is set.
        answer_by: Option<Timestamp>,
    },
    Declined {
        at: Timestamp,
    },
    Agreed(Consent),
    ExecutionStarted,
    RemedySettled {
        remedy_id: Uuid,
        done: bool,
        paid: Option<Money>,
        at: Timestamp,
    },
    RemedyDeviated {
        remedy_id: Uuid,
    },
    RemedyOrdered {
        remedy_id: Uuid,
    },
    Executed {
        at: Timestamp,
    },
    /// What the customer heard, or should have.
    Care(Heard),
    /// Without a message when a person told it, then with the way it was told where that was said.
    ResultTold {
        message_id: Option<Uuid>,
        channel: Option<String>,
        at: Timestamp,
    },
    /// Back to investigation, and to management.
    Dissatisfied {
        trigger: Trigger,
        escalation_id: Uuid,
        at: Timestamp,
    },
    /// It cannot go on by itself, or a person raised it.
    Raised {
        trigger: Trigger,
        escalation_id: Uuid,
    },
    /// Raised to a level by something outside the complaint itself.
    Escalated {
        level: Level,
        trigger: Trigger,
        escalation_id: Uuid,
    },
    ProcessDeviated(Deviation),
    Reopened {
        at: Timestamp,
    },
    /// With the levels at hand, under which the tasks nobody answered end, and the way a customer withdrew it.
    Closed {
        outcome: Outcome,
        at: Timestamp,
        channel: Option<String>,
        levels: InForce,
    },
    /// It is withdrawn, for it goes on as another one.
    Merged {
        merged: Box<Merged>,
        at: Timestamp,
        levels: InForce,
    },
    /// It goes on by itself again.
    Unmerged,
}

impl Facts {
    /// What the record still lacks, in a fixed order (R-CMP-01).
    pub fn missing(&self) -> Vec<RecordPart> {
        let lacks = |part: &RecordPart| self.parts.as_ref().is_some_and(|parts| !parts.contains(part));
        RecordPart::ALL.into_iter().filter(lacks).collect()
    }
}

impl Complaint {
    /// How grave it is as assessed; 0 until then.
    pub fn severity(&self) -> u32 {
        self.assessment.as_ref().map_or(0, |assessment| assessment.severity.into())
    }

    /// What it is about: as assessed, and until then as recorded.
    pub fn class(&self) -> Class {
        self.assessment.as_ref().map_or(self.facts.class, |assessment| assessment.class)
    }

    /// The version of the newest draft; 0 before the first.
    pub fn version(&self) -> u32 {
        self.solution.as_ref().map_or(0, |solution| solution.version)
    }

    /// It exists and is not closed.
    pub fn open(&self) -> bool {
        !matches!(self.state, State::Absent | State::Closed { .. })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Recorded { facts, asked, promised } => {
                let (facts, asked) = (Facts::clone(facts), vec![asked.clone()]);
                *self = Self { facts, asked, state: State::Recorded, ..Self::default() };
                promised.iter().for_each(|moved| self.promises.apply(moved));
            }
            Event::PromisesMoved(_)
            | Event::Retargeted { .. }
            | Event::Proposal(_)
            | Event::Held(_)
            | Event::HoldReleased { .. } => self.beside(event),
            Event::RecordCompleted { parts, emotion } => {
                self.facts.parts.iter_mut().for_each(|known| known.extend(parts));
                self.facts.emotion = emotion.or(self.facts.emotion);
            }
            Event::Assessed(assessment) => {
                self.assessment = Some(assessment.clone());
                self.state = State::Assessed;
            }
            Event::DepartmentAsked(asked) => self.asked.push(asked.clone()),
            Event::InvestigationStarted => self.state = State::Investigating,
            Event::Investigated { evidence, .. } => self.found_out(evidence.clone()),
            Event::InvestigationLate { .. } => self.raised_by_itself(Trigger::InvestigationLate),
            Event::SolutionDrafted(draft) => self.drafted(Solution::clone(draft)),
            Event::ApprovalRequested(_) | Event::ApprovalGiven(_) | Event::Approved(_) => self.drafting(event),
            Event::Returned { .. } | Event::ApprovalExpired { .. } => self.drafting(event),
            Event::Offered { .. } | Event::Declined { .. } | Event::Agreed(_) => self.offering(event),
            Event::ExecutionStarted => self.state = State::Executing,
            Event::RemedySettled { remedy_id, done, paid, at } => {
                self.remedies_of(*remedy_id).for_each(|remedy| remedy.settle(*done, *paid, *at));
            }
            Event::RemedyDeviated { remedy_id } => self.remedies_of(*remedy_id).for_each(|one| one.deviates = true),
            Event::RemedyOrdered { remedy_id } => self.remedies_of(*remedy_id).for_each(|remedy| remedy.ordered = true),
            Event::Executed { .. } => self.state = State::Executed { untold: false },
            Event::ResultTold { at, .. } => {
                let silent_at = kernel::calendar::add(*at, self.facts.terms.silence_after);
                self.state = State::SatisfactionCheck { silent_at };
            }
            Event::Dissatisfied { trigger, .. } => {
                self.raised_by_itself(*trigger);
                self.state = State::Investigating;
            }
            Event::Raised { trigger, escalation_id } => {
                self.raised_at(self.level_of(*trigger, *escalation_id));
                self.report_raised(*trigger, *escalation_id);
                if let (Trigger::ResultUntold, State::Executed { untold }) = (trigger, &mut self.state) {
                    *untold = true;
                }
            }
            Event::Escalated { level, .. } => self.escalation_level = self.escalation_level.max(Some(*level)),
            Event::ProcessDeviated(deviation) => self.deviations.push(deviation.clone()),
            Event::Care(heard) => self.silent(heard),
            Event::Reopened { .. } => {
                self.reopen_count += 1;
                self.state = State::Investigating;
            }
            Event::Closed { outcome, at, .. } => self.close(*outcome, *at),
            Event::Merged { merged, at, .. } => self.go_on_as(merged.clone(), *at),
            Event::Unmerged => self.come_back(),
        }
        self.care.apply(event);
    }

    pub(super) fn close(&mut self, outcome: Outcome, at: Timestamp) {
        self.withdraw_approval();
        self.withdraw_proposal();
        self.state = State::Closed { outcome, at };
    }

    fn remedies_of(&mut self, remedy_id: Uuid) -> impl Iterator<Item = &mut Remedy> {
        let remedies = self.solution.iter_mut().flat_map(|solution| &mut solution.remedies);
        remedies.filter(move |remedy| remedy.remedy_id == remedy_id)
    }

    /// The part of `apply` about the offer to the customer.
    fn offering(&mut self, event: &Event) {
        match (event, &mut self.solution) {
            (Event::Offered { .. }, _) => {
                self.offers_made += 1;
                self.state = State::Offered;
            }
            (Event::Declined { .. }, Some(solution)) => {
                solution.turned_down = true;
                self.declines += 1;
                self.state = State::SolutionDrafted;
            }
            (Event::Agreed(consent), Some(solution)) => {
                solution.consent = Some(consent.clone());
                self.state = State::Agreed;
            }
            _ => {}
        }
    }
}
