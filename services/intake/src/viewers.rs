//! Who looks at which case now, so that two people do not work on one without knowing. Kept in memory: it is of use for two
//! minutes, and of none after a restart.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Whoever has not said so again for this long looks no more.
const LOOKS: SignedDuration = SignedDuration::from_mins(2);
/// The most cases that are looked at; more are not noted.
const CASES_MAX: usize = 10_000;

/// People and the cases they look at, with the time they said so last.
#[derive(Debug, Default)]
pub struct Viewers(Mutex<HashMap<Uuid, BTreeMap<String, Timestamp>>>);

impl Viewers {
    /// Notes that somebody looks at a case now.
    pub fn note(&self, case_id: Uuid, who: &str, now: Timestamp) {
        let mut all = self.looking(now);
        if all.len() < CASES_MAX || all.contains_key(&case_id) {
            all.entry(case_id).or_default().insert(who.to_owned(), now);
        }
    }

    /// Notes that somebody looks at a case no more.
    pub fn forget(&self, case_id: Uuid, who: &str, now: Timestamp) {
        if let Some(people) = self.looking(now).get_mut(&case_id) {
            people.remove(who);
        }
    }

    /// Who looks at a case.
    pub fn of(&self, case_id: Uuid, now: Timestamp) -> Vec<String> {
        self.looking(now).get(&case_id).map(|people| people.keys().cloned().collect()).unwrap_or_default()
    }

    /// Those who look now; the others are forgotten.
    fn looking(&self, now: Timestamp) -> MutexGuard<'_, HashMap<Uuid, BTreeMap<String, Timestamp>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, people| {
            people.retain(|_, said| now.duration_since(*said) < LOOKS);
            !people.is_empty()
        });
        all
    }
}
