//! What is raised about an order or a case, as others learn of it, and what it means for the escalations.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;
use uuid::Uuid;

use super::{instant, optional, raise, settle_because};
use crate::{
    deadlines,
    domain::{
        Matters,
        escalation::{Matter, Why},
        matters::{About, Act, Command, Event, Rejection},
    },
};

impl Aggregate for Matters {
    const TABLE: &'static str = "matters";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(Matters::decide(self, command, now))
    }

    fn apply(&mut self, event: &Event) {
        Matters::apply(self, event);
    }

    fn publish(&self, event: &Event, shard: u8) -> Published {
        let (moved, escalations, why) = match event {
            Event::Noted { escalation_id, .. } => ("noted", vec![*escalation_id], None),
            Event::Settled { escalations, why } => ("settled", escalations.clone(), Some(*why)),
            Event::ParcelCame { .. } => ("parcel_came", vec![], None),
            Event::ParcelLost { lost, .. } => ("parcel_lost", vec![lost.escalation_id], None),
            Event::ParcelUnreceived { unreceived, .. } => ("parcel_unreceived", vec![unreceived.escalation_id], None),
            Event::ParcelOver { escalation_id, why } => {
                ("parcel_over", escalation_id.iter().copied().collect(), Some(*why))
            }
            Event::Ended { escalations, why } => ("ended", escalations.clone(), Some(*why)),
        };
        let (order, case) = match self.about {
            Some(About::Order(id)) => (Some(id), None),
            Some(About::Case(id)) => (None, Some(id)),
            None => (None, None),
        };
        let moved = contract::MattersMoved {
            order_id: optional(order),
            case_id: optional(case),
            moved: moved.to_owned(),
            escalation_ids: escalations.iter().map(Uuid::to_string).collect(),
            receive_by: self.receive_by().and_then(instant),
            reason: why.map(Why::name).unwrap_or_default().to_owned(),
        };
        let published = Published::of(&moved, shard);
        if let Event::ParcelUnreceived { due, .. } = event { published.at(*due) } else { published }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_matters(self)
    }

    fn on_deadline(kind: &str) -> Option<Command> {
        deadlines::matters_command(kind)
    }

    fn reactions(&self, event: &Event) -> Vec<Change> {
        match event {
            Event::Noted { .. } | Event::ParcelCame { .. } => vec![],
            Event::ParcelLost { lost: matter, .. } | Event::ParcelUnreceived { unreceived: matter, .. } => {
                raise(Matter::clone(matter))
            }
            Event::ParcelOver { escalation_id, why } => {
                escalation_id.iter().map(|id| settle_because(*id, *why)).collect()
            }
            Event::Settled { escalations, why } | Event::Ended { escalations, why } => {
                escalations.iter().map(|id| settle_because(*id, *why)).collect()
            }
        }
    }
}

/// What happens to the matters of an order or a case.
pub fn of(about: About, act: Act) -> Change {
    Change::to::<Matters>(about.matters(), Command::Of(about, act))
}

/// Raises something that ends with what it is about, or with its topic.
pub fn raise_of(about: About, topic: &str, matter: Matter) -> Vec<Change> {
    let note = of(about, Act::Note { escalation_id: matter.escalation_id, topic: topic.to_owned() });
    raise(matter).into_iter().chain([note]).collect()
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {}
    }
}
