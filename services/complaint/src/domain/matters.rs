//! What is raised about one service order, or about the answers of one case, and ends with it: whoever must look at it learns
//! that nobody need any more, whatever came of it otherwise. Of an order also the parcel that its goods come back in: lost by
//! its carrier, or brought and received by nobody for too long.
//! Invariant: what is raised is known here until it is settled or the order or case is over; a parcel is raised once.
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::escalation::{Matter, Why};

/// What they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Order(Uuid),
    Case(Uuid),
}

impl About {
    /// The id under which its matters are kept.
    pub fn matters(self) -> Uuid {
        let (kind, id) = match self {
            Self::Order(id) => ("order", id),
            Self::Case(id) => ("case", id),
        };
        kernel::id::derived("matters", &[kind, &id.to_string()])
    }
}

/// The matters of one order or case. `Default` is one about which nothing was ever raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matters {
    pub about: Option<About>,
    /// What was raised, with the topic it is settled by; empty: with the end only, or by its own id.
    pub open: BTreeMap<Uuid, String>,
    pub parcel: Parcel,
}

/// The parcel that goods come back in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Parcel {
    /// There is none, it is on its way, or the goods were received.
    #[default]
    None,
    /// Its carrier brought it; raised when nobody has received the goods by then.
    Came {
        unreceived: Box<Matter>,
        receive_by: Timestamp,
    },
    Raised {
        escalation_id: Uuid,
    },
}

#[derive(Clone, Debug)]
pub enum Command {
    Of(About, Act),
    /// The time to receive a parcel is over.
    Look,
}

#[derive(Clone, Debug)]
pub enum Act {
    /// Something was raised.
    Note { escalation_id: Uuid, topic: String },
    /// What was raised of this topic is no matter any more.
    Settle { topic: String, why: Why },
    /// Its carrier told of the parcel, or the goods were received.
    Parcel(News),
    /// The order or the case is over, and with it all that is raised about it.
    End { why: Why },
}

#[derive(Clone, Debug)]
pub enum News {
    Lost(Box<Matter>),
    Came { unreceived: Box<Matter>, receive_by: Timestamp },
    Over(Why),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Noted { about: About, escalation_id: Uuid, topic: String },
    Settled { escalations: Vec<Uuid>, why: Why },
    ParcelCame { about: About, unreceived: Box<Matter>, receive_by: Timestamp },
    ParcelLost { about: About, lost: Box<Matter> },
    ParcelUnreceived { unreceived: Box<Matter>, due: Timestamp },
    ParcelOver { escalation_id: Option<Uuid>, why: Why },
    Ended { escalations: Vec<Uuid>, why: Why },
}

/// Nothing is ever refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {}

impl Matters {
    /// What follows from `command`; what is told twice, or of nothing that is raised, decides to nothing.
    pub fn decide(&self, command: Command, now: Timestamp) -> Vec<Event> {
        let (about, act) = match command {
            Command::Look => return self.look(now).into_iter().collect(),
            Command::Of(about, act) => (about, act),
        };
        match act {
            Act::Note { escalation_id, .. } if self.open.contains_key(&escalation_id) => vec![],
            Act::Note { escalation_id, topic } => vec![Event::Noted { about, escalation_id, topic }],
            Act::Settle { topic, why } => {
                let of_it = self.open.iter().filter(|(_, of)| **of == topic);
                let escalations: Vec<Uuid> = of_it.map(|(id, _)| *id).collect();
                if escalations.is_empty() { vec![] } else { vec![Event::Settled { escalations, why }] }
            }
            Act::Parcel(news) => self.told(about, news),
            Act::End { .. } if self.open.is_empty() && self.parcel == Parcel::None => vec![],
            Act::End { why } => vec![Event::Ended { escalations: self.open.keys().copied().collect(), why }],
        }
    }

    fn told(&self, about: About, news: News) -> Vec<Event> {
        let raised = match self.parcel {
            Parcel::Raised { escalation_id } => Some(escalation_id),
            Parcel::None | Parcel::Came { .. } => None,
        };
        let over = |why| Event::ParcelOver { escalation_id: raised, why };
        match news {
            News::Over(_) if self.parcel == Parcel::None => vec![],
            News::Over(why) => vec![over(why)],
            News::Lost(lost) if raised == Some(lost.escalation_id) => vec![],
            News::Lost(lost) => {
                let former = raised.map(|_| over(Why::ParcelMoved));
                former.into_iter().chain([Event::ParcelLost { about, lost }]).collect()
            }
            News::Came { unreceived, receive_by } => {
                let former = raised.map(|_| over(Why::ParcelMoved));
                let came = Event::ParcelCame { about, unreceived, receive_by };
                former.into_iter().chain([came]).collect()
            }
        }
    }

    /// The last instant at which the parcel is received in time.
    pub fn receive_by(&self) -> Option<Timestamp> {
        match &self.parcel {
            Parcel::Came { receive_by, .. } => Some(*receive_by),
            Parcel::None | Parcel::Raised { .. } => None,
        }
    }

    fn look(&self, now: Timestamp) -> Option<Event> {
        let Parcel::Came { unreceived, receive_by: due } = &self.parcel else { return None };
        (now > *due).then(|| Event::ParcelUnreceived { unreceived: unreceived.clone(), due: *due })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Noted { about, escalation_id, topic } => {
                self.about = Some(*about);
                self.open.insert(*escalation_id, topic.clone());
            }
            Event::Settled { escalations, .. } => self.open.retain(|id, _| !escalations.contains(id)),
            Event::ParcelCame { about, unreceived, receive_by } => {
                self.about = Some(*about);
                self.parcel = Parcel::Came { unreceived: unreceived.clone(), receive_by: *receive_by };
            }
            Event::ParcelLost { about, lost } => {
                self.about = Some(*about);
                self.raise_parcel(lost.escalation_id);
            }
            Event::ParcelUnreceived { unreceived, .. } => self.raise_parcel(unreceived.escalation_id),
            Event::ParcelOver { escalation_id, .. } => {
                self.parcel = Parcel::None;
                self.open.retain(|id, _| Some(*id) != *escalation_id);
            }
            Event::Ended { .. } => (self.parcel, self.open) = (Parcel::None, BTreeMap::new()),
        }
    }

    fn raise_parcel(&mut self, escalation_id: Uuid) {
        self.parcel = Parcel::Raised { escalation_id };
        self.open.insert(escalation_id, String::new());
    }
}

#[cfg(test)]
#[path = "tests/matters.rs"]
mod tests;
