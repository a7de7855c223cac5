//! A suggestion of a customer or an employee (R-ANA-13, R-ANA-14): recorded -> screened -> in_evaluation -> adopted |
//! declined; adopted -> implemented -> effect_measured -> rewarded (employees only); at the end everybody is informed, or
//! not told for a reason. Nobody screens, decides on or rewards their own.
mod promised;

use std::sync::Arc;

use jiff::Timestamp;
use kernel::promise::Promise;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ladder::Ladder,
    promises::{Moved, Promises},
    reporters::{Loop, Person, Refusal, Reporter, Reporters, Tell, Telling},
    values::Department,
};

/// A suggestion. `Default` is one that does not exist yet. The words are kept apart; a customer's are in the case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    pub suggestion_id: Uuid,
    pub product_id: String,
    pub recorded_at: Timestamp,
    /// Who made it, the first one in front.
    pub reporters: Reporters,
    pub evaluation: Option<Evaluation>,
    pub decision: Option<Decision>,
    pub effective: Option<bool>,
    pub reward: Option<RewardKind>,
    /// What customers who made it are promised.
    #[serde(default)]
    pub promises: Promises,
    /// Who must look when that comes near its end or is broken, as it was when it was recorded.
    #[serde(default)]
    pub ladder: Arc<Ladder>,
    pub state: State,
}

/// Who weighs it, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    pub department: Department,
    /// The last instant at which a decision is in time.
    pub decide_by: Timestamp,
    /// The decision was not there by then.
    pub overdue: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Adopted,
    Declined { reason: DeclineReason },
}

/// Why it is not taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    NotFeasible,
    TooCostly,
    NoBenefit,
    AgainstRules,
    DoneAlready,
}

/// What an employee gets for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardKind {
    Bonus,
    Gift,
    Praise,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Recorded,
    Screened,
    InEvaluation,
    Adopted,
    Declined,
    Implemented,
    EffectMeasured,
    Rewarded,
    Informed,
    /// Another one says the same and goes on for both.
    Merged {
        into: Uuid,
    },
}

impl State {
    /// The status word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Recorded => "recorded",
            Self::Screened => "screened",
            Self::InEvaluation => "in_evaluation",
            Self::Adopted => "adopted",
            Self::Declined => "declined",
            Self::Implemented => "implemented",
            Self::EffectMeasured => "effect_measured",
            Self::Rewarded => "rewarded",
            Self::Informed => "informed",
            Self::Merged { .. } => "merged",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    // What happened elsewhere, or time.
    /// Somebody suggested something. Nothing happens when it is known already.
    Record {
        suggestion_id: Uuid,
        product_id: String,
        by: Reporter,
        /// What a customer is promised.
        promise: Option<Box<Promise>>,
        ladder: Arc<Ladder>,
    },
    /// Another suggestion that says the same was merged into this one, with what was promised for it.
    Join {
        reporters: Vec<Reporter>,
        promises: Vec<Promise>,
    },
    /// What outreach says of a message.
    Message(Tell),
    /// A customer's contact that made it turned out at `at` to be no case of ours.
    CaseRejected {
        case_id: Uuid,
        at: Timestamp,
    },
    /// The term of the evaluation passed.
    DecisionDue,
    /// A promise is to be warned of, or its time is over.
    PromiseDue,
    // What people ask for.
    Screen {
        by: String,
    },
    Merge {
        into: Uuid,
    },
    StartEvaluation {
        department: Department,
        decide_by: Timestamp,
    },
    Decide {
        by: String,
        decision: Decision,
    },
    RecordImplemented,
    MeasureEffect {
        effective: bool,
    },
    Reward {
        by: String,
        kind: RewardKind,
    },
    /// About one who made it.
    Tell(Tell),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Recorded {
        suggestion_id: Uuid,
        product_id: String,
        by: Reporter,
        ladder: Arc<Ladder>,
    },
    PromisesMoved(Vec<Moved>),
    Screened,
    /// With what is promised and goes on with the other one.
    Merged {
        into: Uuid,
        promises: Vec<Promise>,
    },
    Joined(Reporter),
    EvaluationStarted {
        department: Department,
        decide_by: Timestamp,
    },
    EvaluationOverdue,
    Decided(Decision),
    Implemented,
    EffectMeasured {
        effective: bool,
    },
    Rewarded {
        kind: RewardKind,
    },
    Telling(Telling),
    Informed,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such suggestion")]
    Unknown,
    #[error("this is not possible while the suggestion is {0}")]
    NotNow(&'static str),
    #[error("nobody screens, decides on or rewards a suggestion of their own")]
    Own,
    #[error("a suggestion cannot be merged into itself")]
    Itself,
    #[error("only an employee's suggestion that helped is rewarded, and once")]
    NoReward,
    #[error(transparent)]
    Reporter(#[from] Refusal),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "suggestion.not_found",
            Self::NotNow(_) => "suggestion.not_now",
            Self::Own => "suggestion.own",
            Self::Itself => "suggestion.itself",
            Self::NoReward => "suggestion.no_reward",
            Self::Reporter(Refusal::Unknown) => "suggestion.unknown_reporter",
            Self::Reporter(Refusal::Settled) => "suggestion.reporter_settled",
        }
    }
}

type Outcome = Result<Vec<Event>, Rejection>;

impl Suggestion {
    /// The id of the suggestion a customer's case makes.
    pub fn of_case(case_id: Uuid) -> Uuid {
        kernel::id::derived("suggestion", &[&case_id.to_string()])
    }

    /// How far telling those who made it is.
    pub fn closing(&self) -> Loop {
        Loop::of(self.reporters.iter())
    }

    /// What became of it is known, and those who made it are told.
    fn answerable(&self) -> bool {
        matches!(self.state, State::Declined | State::EffectMeasured | State::Rewarded)
    }

    /// Another suggestion can still be merged into it.
    fn open_to_others(&self) -> bool {
        use State::{Adopted, Implemented, InEvaluation, Recorded, Screened};
        matches!(self.state, Recorded | Screened | InEvaluation | Adopted | Implemented)
    }

    /// What follows from `command` at `now`, or why nothing may.
    pub fn decide(&self, command: Command, now: Timestamp) -> Outcome {
        let events = match (command, self.state) {
            (Command::Record { suggestion_id, product_id, by, promise, ladder }, State::Absent) => {
                let recorded = Event::Recorded { suggestion_id, product_id, by, ladder };
                std::iter::once(recorded).chain(self.promise(promise.map(|promise| *promise))).collect()
            }
            (Command::Record { .. }, _) => vec![],
            (
                Command::Message(_) | Command::CaseRejected { .. } | Command::DecisionDue | Command::PromiseDue,
                State::Absent,
            ) => vec![],
            (_, State::Absent) => return Err(Rejection::Unknown),
            (Command::DecisionDue, _) => self.breach(now),
            (Command::PromiseDue, _) => self.look(now),
            (Command::CaseRejected { case_id, at }, _) => self.case_rejected(case_id, at, now),
            (Command::Join { reporters, promises }, _) if self.open_to_others() => {
                let new = reporters.into_iter().filter(|new| self.reporters.find(new.report_id).is_none());
                new.map(Event::Joined).chain(self.promise(promises)).collect()
            }
            (Command::Screen { by }, State::Recorded) => {
                self.by_another(&by)?;
                vec![Event::Screened]
            }
            (Command::Merge { into }, State::Recorded | State::Screened) => self.merge(into)?,
            (Command::StartEvaluation { department, decide_by }, State::Screened) => {
                vec![Event::EvaluationStarted { department, decide_by }]
            }
            (Command::Decide { by, decision }, State::InEvaluation) => {
                self.by_another(&by)?;
                [self.breach(now), vec![Event::Decided(decision)]].concat()
            }
            (Command::RecordImplemented, State::Adopted) => vec![Event::Implemented],
            (Command::MeasureEffect { effective }, State::Implemented) => vec![Event::EffectMeasured { effective }],
            (Command::Reward { by, kind }, State::EffectMeasured | State::Informed) => self.reward(&by, kind)?,
            (Command::Tell(Tell::InPerson { report_id }), state)
                if !self.answerable() && !self.adopted_by_customer(report_id) =>
            {
                return Err(Rejection::NotNow(state.name()));
            }
            (Command::Tell(_), state @ (State::Informed | State::Merged { .. })) => {
                return Err(Rejection::NotNow(state.name()));
            }
            (Command::Message(tell) | Command::Tell(tell), _) => {
                self.reporters.decide(&tell, now)?.into_iter().map(Event::Telling).collect()
            }
            (
                Command::Join { .. }
                | Command::Screen { .. }
                | Command::Merge { .. }
                | Command::StartEvaluation { .. }
                | Command::Decide { .. }
                | Command::RecordImplemented
                | Command::MeasureEffect { .. }
                | Command::Reward { .. },
                state,
            ) => return Err(Rejection::NotNow(state.name())),
        };
        Ok(self.answering(events, now))
    }

    /// And what follows from these events by themselves: once it can be answered every customer is sent a message, what
    /// was promised to them is kept when the last of them is told, and once everybody is told it is at its end.
    fn answering(&self, mut events: Vec<Event>, now: Timestamp) -> Vec<Event> {
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event));
        events.extend(self.kept(&after, now));
        if !events.is_empty() && after.answerable() {
            let about = ["suggestion", &self.suggestion_id.to_string()];
            events.extend(Reporters::ask(&about, after.reporters.iter()).into_iter().map(Event::Telling));
            if after.closing().open() == 0 {
                events.push(Event::Informed);
            }
        }
        events
    }

    /// Refuses to let those who made it judge it.
    fn by_another(&self, by: &str) -> Result<(), Rejection> {
        let own = |reporter: &Reporter| match &reporter.person {
            Person::Employee { actor } => !kernel::approval::independent(actor, by),
            Person::Customer { .. } => false,
        };
        if self.reporters.iter().any(own) { Err(Rejection::Own) } else { Ok(()) }
    }

    fn reward(&self, by: &str, kind: RewardKind) -> Outcome {
        self.by_another(by)?;
        let employee = |reporter: &Reporter| matches!(reporter.person, Person::Employee { .. });
        if self.effective == Some(true) && self.reward.is_none() && self.reporters.iter().any(employee) {
            Ok(vec![Event::Rewarded { kind }])
        } else {
            Err(Rejection::NoReward)
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Recorded { suggestion_id, product_id, by, ladder } => {
                let (recorded_at, state) = (by.reported_at, State::Recorded);
                *self = Self { suggestion_id, product_id, recorded_at, ladder, state, ..Self::default() };
                self.reporters.add(by);
            }
            Event::PromisesMoved(moved) => moved.iter().for_each(|moved| self.promises.apply(moved)),
            Event::Screened => self.state = State::Screened,
            Event::Merged { into, .. } => self.state = State::Merged { into },
            Event::Joined(reporter) => self.reporters.add(reporter),
            Event::EvaluationStarted { department, decide_by } => {
                self.evaluation = Some(Evaluation { department, decide_by, overdue: false });
                self.state = State::InEvaluation;
            }
            Event::EvaluationOverdue => self.evaluation.iter_mut().for_each(|evaluation| evaluation.overdue = true),
            Event::Decided(decision) => {
                self.decision = Some(decision);
                self.state = match decision {
                    Decision::Adopted => State::Adopted,
                    Decision::Declined { .. } => State::Declined,
                };
            }
            Event::Implemented => self.state = State::Implemented,
            Event::EffectMeasured { effective } => {
                self.effective = Some(effective);
                self.state = State::EffectMeasured;
            }
            Event::Rewarded { kind } => {
                let informed = self.state == State::Informed;
                (self.reward, self.state) = (Some(kind), if informed { self.state } else { State::Rewarded });
            }
            Event::Telling(telling) => self.reporters.apply(&telling),
            Event::Informed => self.state = State::Informed,
        }
    }
}
