//! Files that come with contacts: photos of a rash, a bill, a broken cap.
//!
//! In reading order: what a file is ([`kind`]); how it is kept and handed to its customer ([`files`]); how it comes in
//! ([`door`]) and is looked at ([`api`]).
//! Invariants: what is kept was looked at, and is what it says; it lies sealed beside its row, in the database, so that
//! one backup holds it, every process sees it and it goes with its customer's key by itself; every look is written down.
mod api;
mod door;
mod files;
mod kind;

use std::sync::{Arc, Mutex, PoisonError};

use backbone::Fault;
use jiff::{SignedDuration, Timestamp};
use kernel::calendar;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub use self::{
    api::Api,
    door::{__path_of_case, __path_upload, routes},
    files::{File, Incoming},
    kind::{Limits, Refused, TYPES, look},
};
use crate::{app::App, rest::Registration};

/// The most files of a contact; no more is added by hand once a case has so many.
pub const PER_CASE: usize = 20;
/// So many files are taken in side by side; each lies whole in memory meanwhile.
const AT_ONCE: usize = 8;
/// How often is looked for files nobody has named.
const SWEEP: SignedDuration = SignedDuration::from_mins(10);

/// The door for files.
pub struct Uploads {
    app: Arc<App>,
    at_once: Semaphore,
    next_sweep: Mutex<Option<Timestamp>>,
}

impl Uploads {
    /// Nothing is taken in yet.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, at_once: Semaphore::new(AT_ONCE), next_sweep: Mutex::default() }
    }

    /// Throws away what nobody has named in a contact within a day, if it is time to look; says how much.
    pub async fn throw_away_once(&self) -> Result<usize, Fault> {
        let now = self.app.clock.now();
        if self.next_sweep.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| now < at) {
            return Ok(0);
        }
        let gone = files::throw_away(&self.app.pool, now).await?;
        if gone == 0 {
            *self.next_sweep.lock().unwrap_or_else(PoisonError::into_inner) = Some(calendar::add(now, SWEEP));
        }
        Ok(usize::try_from(gone).unwrap_or(1))
    }
}

/// Finds the files a contact names, and gives them to it; says which of them it may not name, from 0.
pub async fn bring(app: &App, contact: &mut Registration, now: Timestamp) -> Result<Vec<usize>, Fault> {
    if contact.attachments.is_empty() {
        return Ok(Vec::new());
    }
    let customer = app.pseudonym(&contact.identity);
    let named = files::named(&app.pool, &app.master, customer, &contact.attachments, now).await?;
    let strangers = named.iter().enumerate().filter(|(_, file)| file.is_none()).map(|(n, _)| n).collect();
    contact.files.extend(named.into_iter().flatten().flatten().map(Arc::new));
    Ok(strangers)
}

/// What to say of a file that a contact may not name.
pub const STRANGER: (&str, &str) =
    ("is no file that waits for its contact", "send it to POST /v1/attachments first, not longer than a day before");

/// The id of a file as the path says it.
fn case_id(text: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|_| Fault::invalid("id", "is not a UUID"))
}
