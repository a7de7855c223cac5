//! The contacts of a customer as others learn of them, and whom they are raised to.
use backbone::{Aggregate, Change, Fault, Published};
use contracts::complaint::v1 as contract;
use jiff::Timestamp;

use super::{instant, optional, raise};
use crate::domain::{
    contacts::{Contact, Contacts, Noted, Rejection},
    escalation::{Matter, Trigger},
};

impl Aggregate for Contacts {
    const TABLE: &'static str = "customer_contacts";
    type Command = Contact;
    type Event = Noted;
    type Rejection = Rejection;

    fn decide(&self, contact: Contact, _now: Timestamp) -> Result<Vec<Noted>, Rejection> {
        Ok(Contacts::decide(self, contact))
    }

    fn apply(&mut self, noted: &Noted) {
        Contacts::apply(self, noted);
    }

    fn publish(&self, noted: &Noted, shard: u8) -> Published {
        let contacted = contract::CustomerContacted {
            customer_id: noted.contact.customer_id.to_string(),
            case_id: noted.contact.case_id.to_string(),
            contacted_at: instant(noted.contact.at),
            times: u32::try_from(noted.count).unwrap_or(u32::MAX),
            escalation_id: optional(noted.escalation_id),
        };
        Published::of(&contacted, shard).at(noted.contact.at)
    }

    fn reactions(&self, noted: &Noted) -> Vec<Change> {
        let Contact { case_id, complaint_id, ladder, .. } = &noted.contact;
        let Some(escalation_id) = noted.escalation_id else { return vec![] };
        let matter = Matter::new(escalation_id, *complaint_id, Trigger::RepeatedContact, ladder);
        raise(Matter { case_id: Some(*case_id), ..matter })
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {}
    }
}
