//! The customer says more to a case that is on record: an answer to our question, a mail in its thread, the next words in a
//! chat. It goes to that case instead of making another one, unless it asks for more than the case gives: what is urgent, what
//! is worse for health than was known and what is a complaint always make a case of their own, so that nothing is owed less
//! because it came as an afterthought.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kernel::sla::Levels;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{By, Event};
use crate::domain::{
    case::{self, Case, Contact, Facts, Rejection, State},
    minimum::Field,
    priority,
    record::{Added, Part},
    vocabulary::Channel,
};

/// What comes after so many goes to a case of its own.
const FURTHER_MAX: usize = 200;

/// Words of a customer that came later. The words themselves are sealed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Further {
    /// The id the case would have had.
    pub contact_id: Uuid,
    pub channel: Channel,
    /// When it happened.
    pub at: Timestamp,
    /// We had asked.
    pub was_asked: bool,
    /// What was told with it and is not needed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left_out: BTreeSet<Field>,
}

impl Further {
    /// The part of the case's words it is kept as.
    pub fn part(contact_id: Uuid) -> String {
        format!("said_{contact_id}")
    }
}

impl Case {
    /// Whether a contact that names this case goes to it, now.
    pub fn takes(&self, contact: &Contact, within: SignedDuration, now: Timestamp) -> bool {
        let Some(facts) = &self.facts else { return false };
        let here = match self.state {
            State::Routed | State::Responded | State::AwaitingInfo { .. } | State::Reopened => true,
            State::Closed { .. } => self.can_go_on(facts, within, now),
            State::Absent | State::Rejected { .. } | State::Merged(_) => false,
        };
        let fits = facts.customer_id == contact.customer_id && !asks_for_more(facts, contact);
        self.has_heard(contact) || (here && fits && self.course.further.len() < FURTHER_MAX)
    }

    /// The customer said more; told again it changes nothing. Errors: it makes a case of its own.
    pub(super) fn hear(
        &self,
        facts: &Facts,
        contact: &Contact,
        levels: &Levels,
        within: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<case::Event>, Rejection> {
        if self.has_heard(contact) {
            return Ok(vec![]);
        }
        if !self.takes(contact, within, now) {
            return Err(Rejection::OfItsOwn);
        }
        let reopened =
            matches!(self.state, State::Closed { .. }).then_some(Event::Reopened { by: By::Contact, promises: vec![] });
        let parts: BTreeSet<Part> = contact.parts.difference(&facts.parts).copied().collect();
        let emotion = contact.emotion.filter(|_| parts.contains(&Part::Emotion));
        let answered = self.info_added(&parts);
        let further = Further {
            contact_id: contact.case_id,
            channel: contact.channel,
            at: contact.occurred_at,
            was_asked: answered.is_some(),
            left_out: contact.left_out.clone(),
        };
        let promises = self.promise_reply(facts, (contact.channel, contact.occurred_at), levels)?;
        let health = self.hear_of_health(facts, &contact.health, levels, now)?;
        let completed = (!parts.is_empty()).then_some(case::Event::RecordCompleted(Added { parts, emotion }));
        let acknowledged = self.acknowledgement(contact, levels, now);
        let acknowledged = acknowledged.and_then(|(message_id, closed)| closed.acknowledged(message_id, now));
        let events = reopened.map(case::Event::Course).into_iter().chain(completed);
        Ok(events
            .chain([case::Event::Course(Event::Heard { further, promises })])
            .chain(answered)
            .chain(health)
            .chain(acknowledged)
            .collect())
    }

    fn has_heard(&self, contact: &Contact) -> bool {
        self.course.further.iter().any(|known| known.contact_id == contact.case_id)
    }
}

/// Whether a contact would be promised or given more as a case of its own.
fn asks_for_more(facts: &Facts, contact: &Contact) -> bool {
    let (lane, weight) = contact.weighed();
    contact.classification.severity > facts.health_severity
        || (priority::is_urgent(lane, &weight) && !facts.is_urgent())
        || (contact.classification.class.is_complaint() && facts.complaint_id.is_none())
}
