//! How often a customer contacts us, with whatever matter: from so many contacts within so many days on somebody must
//! look, once until it has calmed down. Of the contacts only the newest times are kept, as many as it takes to tell.
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ladder::Ladder;

/// What counts as repeated: so many contacts within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Often {
    pub times: usize,
    pub within: SignedDuration,
}

/// The contacts of one customer, known by pseudonym. `Default` is one nobody has heard of yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// When the newest ones happened, and their ids (a contact that made a case has that one's), oldest first.
    pub newest: Vec<(Timestamp, Uuid)>,
    /// There were too many of them at the last one.
    pub repeated: bool,
}

/// A contact, and what it is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub customer_id: Uuid,
    /// The case it made or went to.
    pub case_id: Uuid,
    /// Of this contact; that of its case where it made one.
    pub contact_id: Uuid,
    pub complaint_id: Option<Uuid>,
    /// When it happened.
    pub at: Timestamp,
    pub often: Often,
    pub ladder: Arc<Ladder>,
}

/// What happened: the contact, the newest contacts with it, how many of them are within the time, and the escalation if
/// that has become too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    pub contact: Contact,
    pub newest: Vec<(Timestamp, Uuid)>,
    pub count: usize,
    pub escalation_id: Option<Uuid>,
}

/// Nothing is ever refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {}

impl Contacts {
    /// The id under which those of a customer are kept.
    pub fn of(customer_id: Uuid) -> Uuid {
        kernel::id::derived("customer_contacts", &[&customer_id.to_string()])
    }

    /// Takes a contact down, once. One that is told of late counts for when it happened.
    pub fn decide(&self, contact: Contact) -> Vec<Noted> {
        if self.newest.iter().any(|(_, known)| *known == contact.contact_id) {
            return vec![];
        }
        let Often { times, within } = contact.often;
        let mut newest = self.newest.clone();
        newest.insert(newest.partition_point(|(at, _)| *at <= contact.at), (contact.at, contact.contact_id));
        newest.drain(..newest.len().saturating_sub(times));
        let last = newest.last().map_or(contact.at, |(at, _)| *at);
        let count = newest.iter().filter(|(at, _)| last.duration_since(*at) <= within).count();
        let escalation = || kernel::id::derived("escalation", &["repeated_contact", &contact.contact_id.to_string()]);
        let escalation_id = (count >= times && !self.repeated).then(escalation);
        vec![Noted { contact, newest, count, escalation_id }]
    }

    /// Takes in what happened.
    pub fn apply(&mut self, noted: &Noted) {
        self.newest.clone_from(&noted.newest);
        self.repeated = noted.count >= noted.contact.often.times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::constant(1_770_000_000, 0);

    fn days(days: i64) -> SignedDuration {
        SignedDuration::from_hours(24 * days)
    }

    /// Contacts on these days, in this order; says which of them were raised, and what is kept.
    fn told(on: &[i64]) -> (Vec<i64>, Contacts) {
        let (mut contacts, mut raised) = (Contacts::default(), Vec::new());
        for (case, day) in (1..).zip(on) {
            let contact = Contact {
                customer_id: Uuid::from_u128(1),
                case_id: Uuid::from_u128(case),
                contact_id: Uuid::from_u128(case),
                complaint_id: None,
                at: START + days(*day),
                often: Often { times: 3, within: days(30) },
                ladder: Arc::default(),
            };
            for noted in contacts.decide(contact) {
                raised.extend(noted.escalation_id.map(|_| *day));
                contacts.apply(&noted);
            }
        }
        (raised, contacts)
    }

    #[test]
    fn the_third_contact_within_thirty_days_is_raised_once_until_it_has_calmed_down() {
        for (on, raised) in [
            (&[0, 1][..], &[][..]),
            (&[0, 10, 30], &[30]),
            (&[0, 10, 31], &[]),
            (&[0, 10, 30, 31, 32], &[30]),
            (&[0, 1, 2, 60, 61, 62], &[2, 62]),
            (&[0, 30, 10], &[10]),
            (&[40, 60, 0, 50], &[50]),
            (&[5, 5, 5], &[5]),
        ] {
            assert_eq!(told(on).0, raised, "{on:?}");
        }
    }

    #[test]
    fn no_more_is_kept_than_it_takes_to_tell() {
        let (raised, contacts) = told(&(0..1_000).collect::<Vec<_>>());
        assert_eq!((raised, contacts.newest.len()), (vec![2], 3));
        assert!(told(&[9, 2, 7, 4]).1.newest.is_sorted());
    }
}
