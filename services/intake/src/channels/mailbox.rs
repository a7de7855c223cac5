//! Reads mailboxes: every mail is stored as a push is, then marked as seen, then the place is remembered; whoever dies in
//! between reads it again, and it is known. A mailbox that cannot be read is left for a while, longer each time, and
//! nobody else waits for it.
use backbone::{Fault, retry::pause};
use sqlx::PgPool;

use super::{
    Adapter, Channels, Source,
    imap::{Imap, PORTION, Pace, Unread},
    mail,
    messages::Stored,
    push::{Message, hashed},
};

/// So often a mail is asked for that is not handed out.
const FETCHES_MAX: i32 = 5;

/// Why a look into a mailbox ended early.
enum Ended {
    Server(Unread),
    Ours(Fault),
}

impl From<Unread> for Ended {
    fn from(word: Unread) -> Self {
        Self::Server(word)
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Ours(fault)
    }
}

impl Channels {
    /// The names of the sources that are mailboxes.
    pub fn mailboxes(&self) -> Vec<String> {
        let mailbox =
            |(name, source): (&String, &Source)| matches!(source.adapter, Adapter::Imap(_)).then(|| name.clone());
        self.sources.iter().filter_map(mailbox).collect()
    }

    /// Looks into a mailbox if it is time, and takes at most a portion; says how many mails it was.
    pub async fn read_once(&self, name: &str) -> Result<usize, Fault> {
        let Some(source) = self.sources.get(name) else { return Ok(0) };
        let Adapter::Imap(imap) = &source.adapter else { return Ok(0) };
        let mut pace = imap.pace.lock().await;
        if pace.next_at.is_some_and(|at| self.app.clock.now() < at) {
            return Ok(0);
        }
        let (rest, read) = match self.read(source, imap, &mut pace).await {
            Ok(PORTION) => (None, PORTION),
            Ok(read) => (Some(imap.every), read),
            Err(Ended::Server(word)) => {
                pace.failures = pace.failures.saturating_add(1);
                tracing::warn!(
                    source = source.name,
                    reason = word,
                    failures = pace.failures,
                    "a mailbox cannot be read"
                );
                pace.next_at = Some(kernel::calendar::add(self.app.clock.now(), pause(pace.failures)));
                return Ok(0);
            }
            Err(Ended::Ours(fault)) => return Err(fault),
        };
        pace.failures = 0;
        pace.next_at = rest.map(|rest| kernel::calendar::add(self.app.clock.now(), rest));
        Ok(read)
    }

    async fn read(&self, source: &Source, imap: &Imap, pace: &mut Pace) -> Result<usize, Ended> {
        let mut open = imap.open().await?;
        let last = last_uid(&self.app.pool, &source.name, open.validity).await?;
        let uids = open.after(last).await?;
        for uid in &uids {
            let fetched = match open.fetch(*uid).await {
                Ok(fetched) => fetched,
                Err(word) => {
                    self.stuck(source, (open.validity, *uid), pace).await?;
                    return Err(word.into());
                }
            };
            if let Some(fetched) = fetched {
                let mail = mail::message(&fetched.raw);
                let mut stored = self.store(source, &mail).await?;
                if stored == Stored::OfAnother {
                    // Some programs give every mail the same Message-ID: what somebody else wrote is another mail.
                    let id = hashed(format!("{}\n{}", mail.id, mail.conversation).as_bytes());
                    stored = self.store(source, &Message { id, ..mail }).await?;
                }
                self.count(source, if stored == Stored::New { "stored" } else { "repeated" });
                if fetched.whole {
                    open.mark_seen(*uid).await?;
                }
            }
            remember(&self.app.pool, &source.name, open.validity, *uid).await?;
        }
        open.close().await;
        Ok(uids.len())
    }
}

impl Channels {
    /// A mail could not be fetched. What cannot be fetched again and again is put into quarantine by its place, lest
    /// nothing behind it is ever read.
    async fn stuck(&self, source: &Source, (validity, uid): (u32, u32), pace: &mut Pace) -> Result<(), Fault> {
        let failures = if pace.stuck.0 == uid { pace.stuck.1 + 1 } else { 1 };
        pace.stuck = (uid, failures);
        if failures >= FETCHES_MAX {
            let stored = self.store(source, &mail::message(&mail::unreadable(validity, uid))).await?;
            self.count(source, if stored == Stored::New { "stored" } else { "repeated" });
            remember(&self.app.pool, &source.name, validity, uid).await?;
        }
        Ok(())
    }
}

/// The last mail that was read; 0 when the server counts anew.
async fn last_uid(pool: &PgPool, source: &str, validity: u32) -> Result<u32, Fault> {
    let last: Option<i64> =
        sqlx::query_scalar("-- mailbox.last\nselect last_uid from mailbox where source = $1 and uid_validity = $2")
            .bind(source)
            .bind(i64::from(validity))
            .fetch_optional(pool)
            .await?;
    Ok(last.and_then(|last| u32::try_from(last).ok()).unwrap_or(0))
}

async fn remember(pool: &PgPool, source: &str, validity: u32, uid: u32) -> Result<(), Fault> {
    sqlx::query(
        "-- mailbox.remember
         insert into mailbox as m (source, uid_validity, last_uid) values ($1, $2, $3)
         on conflict (source) do update set uid_validity = excluded.uid_validity, last_uid =
           case when m.uid_validity = excluded.uid_validity then greatest(m.last_uid, excluded.last_uid)
                else excluded.last_uid end",
    )
    .bind(source)
    .bind(i64::from(validity))
    .bind(i64::from(uid))
    .execute(pool)
    .await?;
    Ok(())
}
