//! An escalation: somebody higher up must look at a complaint or a case, and what came of it is on record (R-CMP-12,
//! R-CMP-13). raised -> acknowledged -> decided -> closed; nothing leads back, and only a person decides. Nobody who
//! acknowledges it in time: the next level must look. What settles itself is closed without a decision.
use jiff::Timestamp;
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ladder::{Ladder, Rungs},
    values::Department,
};
pub use trigger::Trigger;

mod trigger;

/// How high it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    TeamLead,
    ComplaintManager,
    DepartmentHead,
    #[default]
    Management,
}

impl Level {
    /// The level above, if there is one.
    pub fn above(self) -> Option<Self> {
        match self {
            Self::TeamLead => Some(Self::ComplaintManager),
            Self::ComplaintManager => Some(Self::DepartmentHead),
            Self::DepartmentHead => Some(Self::Management),
            Self::Management => None,
        }
    }

    pub const ALL: [Self; 4] = [Self::TeamLead, Self::ComplaintManager, Self::DepartmentHead, Self::Management];

    /// The word it is stored and shown by.
    pub fn name(self) -> &'static str {
        match self {
            Self::TeamLead => "team_lead",
            Self::ComplaintManager => "complaint_manager",
            Self::DepartmentHead => "department_head",
            Self::Management => "management",
        }
    }
}

/// What an escalation is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    pub escalation_id: Uuid,
    /// None when it is about a case that is no complaint, about an improvement action, or about a promise or refund of an
    /// order that was asked for.
    pub complaint_id: Option<Uuid>,
    #[serde(default)]
    pub case_id: Option<Uuid>,
    #[serde(default)]
    pub action_id: Option<Uuid>,
    /// The service order whose refund or promise is meant.
    #[serde(default)]
    pub order_id: Option<Uuid>,
    /// The level that must look now.
    pub level: Level,
    pub trigger: Trigger,
    /// The department that is late, or that is to see to it, where there is one.
    pub department: Option<Department>,
    /// Where the trigger alone does not say what it is about.
    #[serde(default)]
    pub detail: Option<Box<Detail>>,
    #[serde(default)]
    pub rungs: Rungs,
}

/// What exactly it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// A word of a closed list.
    pub what: String,
    /// A code, where there is one.
    pub code: String,
    pub amount: Option<Money>,
    /// By which means money goes, or what is given.
    pub means: String,
}

impl Detail {
    /// With nothing but its word.
    pub fn of(what: &str) -> Self {
        Self { what: what.to_owned(), ..Self::default() }
    }
}

/// What settled something that was raised about an order, its parcel or the answers of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    OrderCompleted,
    OrderClosedPartial,
    OrderCancelled,
    OrderFailed,
    OrderRefused,
    /// Somebody took it up.
    WentOn,
    Paid,
    /// The payment provider said no for good, which is raised for itself.
    NotPaid,
    PromiseEnded,
    GoodsReceived,
    /// Its carrier says that the parcel is elsewhere.
    ParcelMoved,
    Answered,
    CaseEnded,
}

impl Why {
    /// The word it is shown by.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderCompleted => "order_completed",
            Self::OrderClosedPartial => "order_closed_partial",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderFailed => "order_failed",
            Self::OrderRefused => "order_refused",
            Self::WentOn => "went_on",
            Self::Paid => "paid",
            Self::NotPaid => "not_paid",
            Self::PromiseEnded => "promise_ended",
            Self::GoodsReceived => "goods_received",
            Self::ParcelMoved => "parcel_moved",
            Self::Answered => "answered",
            Self::CaseEnded => "case_ended",
        }
    }
}

impl Matter {
    /// Something to raise for `trigger`, to the level and in the way the ladder says.
    pub fn new(escalation_id: Uuid, complaint_id: Option<Uuid>, trigger: Trigger, ladder: &Ladder) -> Self {
        let quiet = ladder.rungs.quiet.clone().filter(|_| !trigger.by_night());
        let (level, rungs) = (ladder.first(trigger), Rungs { quiet, ..ladder.rungs.clone() });
        Self { escalation_id, complaint_id, level, trigger, rungs, ..Self::default() }
    }

    /// As it is where harm is concerned: no quiet hours hold the notification back.
    #[must_use]
    pub fn by_night(mut self) -> Self {
        self.rungs.quiet = None;
        self
    }
}

/// An escalation and its own handling record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub matter: Matter,
    pub raised_at: Timestamp,
    /// Since when it has been with its level.
    #[serde(default)]
    pub since: Timestamp,
    pub state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    Raised,
    Acknowledged {
        by: String,
    },
    Decided {
        by: String,
        at: Timestamp,
    },
    Closed {
        /// It settled itself; nobody had to see to it.
        settled: bool,
        at: Timestamp,
        /// What settled it, where that is told.
        #[serde(default)]
        why: Option<Why>,
    },
}

impl State {
    /// The status word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Raised => "raised",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Decided { .. } => "decided",
            Self::Closed { .. } => "closed",
        }
    }
}

/// Who acts on an escalation.
#[derive(Clone, Debug)]
pub struct Who {
    pub by: String,
    /// The highest level whose escalations they may act on, with all below it; none when they may on no one's.
    pub reach: Option<Level>,
}

#[derive(Clone, Debug)]
pub enum Command {
    /// Something went wrong. Nothing happens when it is known already.
    Raise(Matter),
    /// The time to acknowledge it is over.
    Unacknowledged,
    /// What it was raised for came after all, or something graver took its place.
    Settle(Option<Why>),
    /// The complaint it is about is closed.
    ComplaintClosed,
    Acknowledge(Who),
    Decide(Who),
    /// What was decided is done.
    Close(Who),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Raised { matter: Matter, at: Timestamp },
    PassedUp { from: Level, to: Level, at: Timestamp },
    Acknowledged { by: String },
    Decided { by: String, at: Timestamp },
    Closed { settled: bool, at: Timestamp, why: Option<Why> },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such escalation")]
    Unknown,
    #[error("this is not possible while the escalation is {0}")]
    NotNow(&'static str),
    #[error("the escalation is with the level {} by now, and only that level or one above it may act on it", .0.name())]
    OtherLevel(Level),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "escalation.not_found",
            Self::NotNow(_) => "escalation.not_now",
            Self::OtherLevel(_) => "escalation.other_level",
        }
    }
}

impl Escalation {
    /// The last instant at which its level acknowledges it in time; none when nobody is above, or it need not any more.
    pub fn acknowledge_by(&self) -> Option<Timestamp> {
        let awaited = self.state == State::Raised && self.matter.level.above().is_some();
        let within = self.matter.rungs.acknowledge_within.get(&self.matter.level).filter(|_| awaited)?;
        Some(kernel::calendar::add(self.with_level_since(), *within))
    }

    /// When its level may be disturbed by it.
    pub fn notify_at(&self) -> Timestamp {
        self.matter.rungs.notify_at(self.with_level_since())
    }

    /// What was stored before levels had times has been with its level since it was raised.
    fn with_level_since(&self) -> Timestamp {
        self.since.max(self.raised_at)
    }

    /// What follows from `command`. Deciding at once acknowledges as well.
    pub fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match (command, &self.state) {
            (Command::Raise(matter), State::Absent) => vec![Event::Raised { matter, at: now }],
            (Command::Raise(_), _) => vec![],
            (Command::Unacknowledged, _) => self.pass_up(now).into_iter().collect(),
            (Command::Settle(_), State::Absent | State::Closed { .. }) => vec![],
            (Command::Settle(why), _) => vec![Event::Closed { settled: true, at: now, why }],
            (Command::ComplaintClosed, State::Raised | State::Acknowledged { .. })
                if !self.matter.trigger.outlives() =>
            {
                vec![Event::Closed { settled: true, at: now, why: None }]
            }
            (Command::ComplaintClosed, _) => vec![],
            (_, State::Absent) => return Err(Rejection::Unknown),
            (Command::Acknowledge(who), State::Raised) => {
                self.reached(who.reach, now)?.into_iter().chain([Event::Acknowledged { by: who.by }]).collect()
            }
            (Command::Decide(Who { by, reach }), State::Raised) => {
                let seen = [Event::Acknowledged { by: by.clone() }, Event::Decided { by, at: now }];
                self.reached(reach, now)?.into_iter().chain(seen).collect()
            }
            (Command::Decide(who), State::Acknowledged { .. }) => {
                self.reached(who.reach, now)?;
                vec![Event::Decided { by: who.by, at: now }]
            }
            (Command::Close(who), State::Decided { .. }) => {
                self.reached(who.reach, now)?;
                vec![Event::Closed { settled: false, at: now, why: None }]
            }
            (Command::Acknowledge(_) | Command::Decide(_) | Command::Close(_), state) => {
                return Err(Rejection::NotNow(state.name()));
            }
        })
    }

    /// What passes it up by now. Errors: who acts does not reach the level it is with then.
    fn reached(&self, reach: Option<Level>, now: Timestamp) -> Result<Option<Event>, Rejection> {
        let up = self.pass_up(now);
        let level = if let Some(Event::PassedUp { to, .. }) = up { to } else { self.matter.level };
        if reach >= Some(level) { Ok(up) } else { Err(Rejection::OtherLevel(level)) }
    }

    /// One level up when the time is over, equality being in time. Whoever acknowledges later finds this on record first,
    /// whether or not somebody had looked at the clock. The next level's time begins when it learns of it.
    fn pass_up(&self, now: Timestamp) -> Option<Event> {
        let due = self.acknowledge_by()?;
        let (from, to) = (self.matter.level, self.matter.level.above()?);
        (!kernel::promise::verdict(due, now).in_time()).then_some(Event::PassedUp { from, to, at: now })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event.clone() {
            Event::Raised { matter, at } => *self = Self { matter, raised_at: at, since: at, state: State::Raised },
            Event::PassedUp { to, at, .. } => {
                self.matter.level = to;
                self.since = at;
            }
            Event::Acknowledged { by } => self.state = State::Acknowledged { by },
            Event::Decided { by, at } => self.state = State::Decided { by, at },
            Event::Closed { settled, at, why } => self.state = State::Closed { settled, at, why },
        }
    }
}
