//! An escalation as those it was raised to learn of it.
use backbone::{Aggregate, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;

use super::{instant, level, trigger};
use crate::domain::{
    Escalation,
    escalation::{Command, Event, Rejection},
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
        let complaint_id = self.matter.complaint_id.to_string();
        let level = level(self.matter.level);
        match event {
            Event::Raised { .. } => Published::of(&raised(self), shard),
            Event::Acknowledged { .. } => {
                Published::of(&contract::EscalationAcknowledged { escalation_id, complaint_id, level }, shard)
            }
            Event::Decided { .. } => {
                Published::of(&contract::EscalationDecided { escalation_id, complaint_id, level }, shard)
            }
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unknown => Fault::not_found("escalation", "with this id"),
            Rejection::NotNow(_) => Fault::rejected(rejection.code(), rejection.to_string()),
        }
    }
}

/// What was raised, to whom and why.
pub fn raised(escalation: &Escalation) -> contract::EscalationRaised {
    let matter = &escalation.matter;
    contract::EscalationRaised {
        escalation_id: matter.escalation_id.to_string(),
        complaint_id: matter.complaint_id.to_string(),
        level: level(matter.level),
        trigger: trigger(matter.trigger),
        raised_at: instant(escalation.raised_at),
        department: matter.department.clone().map(String::from).unwrap_or_default(),
    }
}
