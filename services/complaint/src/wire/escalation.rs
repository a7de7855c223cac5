//! An escalation as those it was raised to learn of it.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;
use uuid::Uuid;

use super::{instant, level, money, optional, trigger};
use crate::{
    deadlines,
    domain::{
        Complaint, DepartmentTask, Escalation, command,
        complaint::Asked,
        department_task,
        escalation::{Command, Detail, Event, Level, Matter, Rejection, Why},
        routing::InForce,
    },
};

impl Aggregate for Escalation {
    const TABLE: &'static str = "escalation";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Escalation::decide(self, command, now)
    }

    fn apply(&mut self, event: &Event) {
        Escalation::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        let escalation_id = self.matter.escalation_id.to_string();
        let complaint_id = optional(self.matter.complaint_id);
        let level = level(self.matter.level);
        match event {
            Event::Raised { .. } => Published::of(&raised(self), shard),
            Event::PassedUp { from, at, .. } => Published::of(&self.passed_up(*from, *at), shard),
            Event::Acknowledged { .. } => {
                Published::of(&contract::EscalationAcknowledged { escalation_id, complaint_id, level }, shard)
            }
            Event::Decided { .. } => {
                Published::of(&contract::EscalationDecided { escalation_id, complaint_id, level }, shard)
            }
            Event::Closed { settled, at, why } => {
                let closed = contract::EscalationClosed {
                    escalation_id,
                    complaint_id,
                    level,
                    settled: *settled,
                    closed_at: instant(*at),
                    reason: why.map(Why::name).unwrap_or_default().to_owned(),
                    trigger: trigger(self.matter.trigger),
                    case_id: optional(self.matter.case_id),
                    order_id: optional(self.matter.order_id),
                };
                Published::of(&closed, shard)
            }
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_escalation(self)
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        deadlines::escalation_command(kind)
    }

    /// A complaint is as high as the highest of its escalations.
    fn reactions(&self, event: &Event) -> Vec<Change> {
        match (event, self.matter.complaint_id) {
            (Event::PassedUp { .. }, Some(complaint_id)) => {
                let Matter { escalation_id, level, trigger, .. } = self.matter;
                vec![Change::to::<Complaint>(
                    complaint_id,
                    command::Command::Escalate { level, trigger, escalation_id },
                )]
            }
            (
                Event::PassedUp { .. }
                | Event::Raised { .. }
                | Event::Acknowledged { .. }
                | Event::Decided { .. }
                | Event::Closed { .. },
                _,
            ) => vec![],
        }
    }
}

impl Escalation {
    fn passed_up(&self, from: Level, at: Timestamp) -> contract::EscalationPassedUp {
        let raised = raised(self);
        contract::EscalationPassedUp {
            escalation_id: raised.escalation_id,
            complaint_id: raised.complaint_id,
            level: raised.level,
            from_level: level(from),
            trigger: raised.trigger,
            raised_at: raised.raised_at,
            passed_up_at: instant(at),
            department: raised.department,
            case_id: raised.case_id,
            notify_at: raised.notify_at,
            acknowledge_by: raised.acknowledge_by,
            action_id: raised.action_id,
            order_id: raised.order_id,
            detail: raised.detail,
        }
    }
}

/// Puts a matter before whoever must look at it first, and the complaint it is about as high.
pub fn raise(matter: Matter) -> Vec<Change> {
    let Matter { escalation_id, complaint_id, level, trigger, .. } = matter;
    let raise = Change::create::<Escalation>(escalation_id, Command::Raise(matter));
    let up = complaint_id
        .map(|id| Change::to::<Complaint>(id, command::Command::Escalate { level, trigger, escalation_id }));
    std::iter::once(raise).chain(up).collect()
}

/// What it was raised for came after all.
pub fn settle(escalation_id: Uuid) -> Change {
    Change::to::<Escalation>(escalation_id, Command::Settle(None))
}

/// The same, and it is told what it was.
pub fn settle_because(escalation_id: Uuid, why: Why) -> Change {
    Change::to::<Escalation>(escalation_id, Command::Settle(Some(why)))
}

/// The complaint it is about is closed.
pub fn over(escalation_id: Uuid) -> Change {
    Change::to::<Escalation>(escalation_id, Command::ComplaintClosed)
}

impl Complaint {
    /// What its close ends: the tasks nobody answered, and what was raised about it but for what is management's own.
    pub(super) fn closing(&self, levels: &InForce) -> Vec<Change> {
        let cancel = |asked: &Asked| {
            Change::to::<DepartmentTask>(asked.task_id, department_task::Command::Cancel { levels: levels.clone() })
        };
        let own = (1..=self.escalations).map(|number| self.own_escalation(number));
        let seen = (1..=self.version()).map(|version| self.seen_escalation("amount", version));
        let seen = seen.chain([self.seen_escalation("severity", 1)]);
        let broken = self.promises.iter().filter(|(_, promise)| promise.breached_at().is_some());
        let broken = broken.map(|(kind, promise)| self.late_escalation(kind, promise.started_at));
        // A task settles what was raised at its later hand-overs itself.
        let late = |asked: &Asked| department_task::escalation("department_task", asked.task_id, 0, 0);
        let raised = own.chain(seen).chain(broken).chain(self.asked.iter().map(late));
        self.asked.iter().map(cancel).chain(raised.map(over)).collect()
    }

    /// What departments had answered is judged after all.
    pub(super) fn asked_again(&self) -> Vec<Change> {
        let again = |asked: &Asked| Change::to::<DepartmentTask>(asked.task_id, department_task::Command::Reopen);
        self.asked.iter().map(again).collect()
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("escalation", "with this id"),
            Rejection::OtherLevel(_) => Fault::denied(rejection.code(), rejection.to_string()),
            Rejection::NotNow(_) => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

/// What was raised, to whom it is now, and why.
pub fn raised(escalation: &Escalation) -> contract::EscalationRaised {
    let matter = &escalation.matter;
    contract::EscalationRaised {
        escalation_id: matter.escalation_id.to_string(),
        complaint_id: optional(matter.complaint_id),
        level: level(matter.level),
        trigger: trigger(matter.trigger),
        raised_at: instant(escalation.raised_at),
        department: matter.department.clone().map(String::from).unwrap_or_default(),
        case_id: optional(matter.case_id),
        notify_at: instant(escalation.notify_at()),
        acknowledge_by: escalation.acknowledge_by().and_then(instant),
        action_id: optional(matter.action_id),
        order_id: optional(matter.order_id),
        detail: matter.detail.as_deref().map(detail),
    }
}

fn detail(detail: &Detail) -> contract::EscalationDetail {
    contract::EscalationDetail {
        what: detail.what.clone(),
        code: detail.code.clone(),
        amount: detail.amount.map(money),
        means: detail.means.clone(),
    }
}
