//! The policy of returns that decides: the version that was approved last. The configured one is what a new system begins with.
//! Invariant: what was not approved decides nothing, in no process and at no time; an approval holds at once in all of them.
use std::sync::{Arc, Mutex, PoisonError};

use backbone::{Change, Fault, Road, Unit};
use kernel::returns::Policy;
use sqlx::PgPool;

use crate::{
    domain::policies::{Command, Name, PolicyBook},
    store,
};

/// The version of the book that was read, and what it says decides.
type Known = (u64, Arc<Policy>);

/// The policy in force, kept until another version is.
#[derive(Clone)]
pub struct InForce {
    pool: PgPool,
    road: Road,
    configured: Arc<Policy>,
    known: Arc<Mutex<Option<Known>>>,
}

impl InForce {
    pub fn new(pool: PgPool, road: Road, configured: Policy) -> Self {
        Self { pool, road, configured: Arc::new(configured), known: Arc::default() }
    }

    /// What decides now. Errors: the database does not answer.
    pub async fn policy(&self) -> Result<Arc<Policy>, Fault> {
        let known = self.known();
        let newer = store::policies::newer(&self.pool, known.as_ref().map(|(version, _)| *version)).await?;
        match (newer, known) {
            (Some(book), _) if book.state.deciding().is_some() => self.keep(book),
            (None, Some((_, policy))) => Ok(policy),
            (Some(_) | None, _) => self.install().await,
        }
    }

    /// Nothing has decided yet.
    async fn install(&self) -> Result<Arc<Policy>, Fault> {
        let install = Command::Install(Box::new(Policy::clone(&self.configured)));
        self.road.submit(Unit::of(Change::to::<PolicyBook>(PolicyBook::id(), install))).await?;
        let book = store::policies::newer(&self.pool, None).await?;
        self.keep(book.ok_or_else(|| Fault::broken("the policy that was installed is not there"))?)
    }

    fn keep(&self, book: store::Stored<PolicyBook>) -> Result<Arc<Policy>, Fault> {
        let deciding = book.state.deciding().cloned();
        let policy = Arc::new(deciding.ok_or_else(|| Fault::broken("no policy of returns is in force"))?);
        if Name::of(&policy) != Name::of(&self.configured) {
            let (id, version) = (&self.configured.id, self.configured.version);
            tracing::info!(
                "policy of returns: {} version {} decides; the configured {id} version {version} takes its place once it is \
                 proposed and approved (aftercare policy propose)",
                policy.id,
                policy.version
            );
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((book.version, Arc::clone(&policy)));
        Ok(policy)
    }

    fn known(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
