//! The index follows the journal: whatever happens to a case, its words are read again soon after. How far it came is
//! kept in the same transaction, so an outage only delays it and a repeat changes nothing; one process at a time.
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use backbone::Fault;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{facets, tag_token, texts, words};
use crate::{app::App, domain::case::Case, store};

/// The most events that are looked at in one transaction.
const WINDOW: i64 = 256;
/// Events that follow one another faster than that (500 a second) are a rush: the door comes first, for so long at most.
const RUSH: Duration = Duration::from_millis(2);
const RUSH_MAX: Duration = Duration::from_secs(60);
/// How fast they come is counted over so long at least.
const SPELL: Duration = Duration::from_millis(100);

/// Follows the journal.
pub struct Index {
    app: Arc<App>,
    seen: Mutex<Seen>,
}

/// What the last look has shown.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The end of the journal as it was at an earlier look, when somebody was still writing before it.
    unsettled: Option<End>,
    /// The end from which on is counted how fast events come, and since when; none before the first look.
    counted: Option<(i64, Instant)>,
    /// When the rush began.
    rush: Option<Instant>,
}

/// Where the journal ended when.
#[derive(Clone, Copy, Debug)]
struct End {
    seq: i64,
    at: Timestamp,
}

impl Index {
    /// Nothing is read yet.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, seen: Mutex::default() }
    }

    /// Takes in what is next, at most a window; says how many events that were.
    pub async fn follow_once(&self) -> Result<usize, Fault> {
        let Some(end) = self.settled_end().await? else { return Ok(0) };
        let mut tx = self.app.pool.begin().await?;
        let mark =
            sqlx::query_scalar("-- case_search_mark.take\nselect seq from case_search_mark for update skip locked");
        let Some(after): Option<i64> = mark.fetch_optional(&mut *tx).await? else { return Ok(0) };
        if end <= after {
            return Ok(0);
        }
        let to = end.min(after.saturating_add(WINDOW));
        let cases = sqlx::query_scalar(
            "-- journal.cases
             select distinct aggregate_id from journal where seq > $1 and seq <= $2 and aggregate = 'case_file'",
        );
        let cases: Vec<Uuid> = cases.bind(after).bind(to).fetch_all(&mut *tx).await?;
        self.take_in(&mut tx, &cases).await?;
        let moved = sqlx::query("-- case_search_mark.move\nupdate case_search_mark set seq = $1").bind(to);
        moved.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(usize::try_from(to - after).unwrap_or(1))
    }

    /// An end of the journal before which nobody writes any more: sequence numbers are drawn before they are committed, so
    /// whoever was at work when they were drawn must have ended. None while that is not so, or while the door is rushed.
    async fn settled_end(&self) -> Result<Option<i64>, Fault> {
        let (done, seq): (i64, i64) = sqlx::query_as(
            "-- case_search_mark.look
             select m.seq, case when j.is_called then j.last_value else 0 end from case_search_mark m, journal_seq j",
        )
        .fetch_one(&self.app.pool)
        .await?;
        if seq <= done {
            *self.seen() = Seen { counted: Some((seq, Instant::now())), ..Seen::default() };
            return Ok(None);
        }
        // In a statement of its own, and after the other: so nobody who began later can have drawn up to `seq`.
        let (at, oldest): (jiff_sqlx::Timestamp, Option<jiff_sqlx::Timestamp>) = sqlx::query_as(
            "-- journal.oldest_writer
             select now(), min(xact_start) from pg_stat_activity
             where datname = current_database() and usename = current_user and pid <> pg_backend_pid()",
        )
        .fetch_one(&self.app.pool)
        .await?;
        let end = End { seq, at: at.to_jiff() };
        let oldest = oldest.map(jiff_sqlx::Timestamp::to_jiff);
        Ok(self.seen().look(end, oldest, Instant::now()))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take_in(&self, tx: &mut PgConnection, ids: &[Uuid]) -> Result<(), Fault> {
        let cases = store::cases(&mut *tx, ids).await?;
        let of: Vec<(Uuid, Uuid)> =
            cases.iter().filter_map(|(id, _, case)| Some((*id, case.facts.as_ref()?.customer_id))).collect();
        let mut readable = texts::read(&mut *tx, &self.app.master, &of).await?;
        let mut rows = Rows::default();
        for (id, _, case) in &cases {
            rows.push(&self.app, *id, case, readable.remove(id).unwrap_or_default());
        }
        rows.keep(tx).await
    }
}

impl Seen {
    fn look(&mut self, end: End, oldest_writer: Option<Timestamp>, now: Instant) -> Option<i64> {
        self.count(end.seq, now);
        let asked = self.unsettled.take().unwrap_or(end);
        if oldest_writer.is_some_and(|began| began <= asked.at) {
            self.unsettled = Some(asked);
            return None;
        }
        let rushed = self.rush.is_some_and(|since| now.duration_since(since) < RUSH_MAX);
        (!rushed).then_some(asked.seq)
    }

    /// Sees whether there is a rush, as soon as that can be told.
    fn count(&mut self, seq: i64, now: Instant) {
        let (before, since) = *self.counted.get_or_insert((seq, now));
        let took = now.duration_since(since);
        if took < SPELL {
            return;
        }
        let came = u32::try_from(seq - before).unwrap_or_default();
        self.rush = (RUSH.saturating_mul(came) > took).then(|| self.rush.unwrap_or(now));
        self.counted = Some((seq, now));
    }
}

/// Rows of the index, column by column.
#[derive(Default)]
pub(super) struct Rows {
    ids: Vec<Uuid>,
    at: Vec<i64>,
    customers: Vec<Uuid>,
    keys: Vec<Option<Uuid>>,
    /// As Postgres writes arrays: an array of arrays would have to be a rectangle.
    tokens: Vec<String>,
}

impl Rows {
    pub(super) fn push(&mut self, app: &App, id: Uuid, case: &Case, readable: texts::Readable) {
        let Some(facts) = &case.facts else { return };
        let grams: BTreeSet<String> = readable.texts.iter().flat_map(|text| words::grams(text)).collect();
        let mut tokens = facets(&app.master, Some(facts.channel), Some(facts.class), facts.store_id.as_deref());
        tokens.extend(case.tags.iter().map(|tag| tag_token(&app.master, tag)));
        tokens.extend(grams.iter().map(|gram| app.master.token(gram)));
        tokens.sort_unstable();
        tokens.dedup();
        let written: Vec<String> = tokens.iter().map(i32::to_string).collect();
        self.ids.push(id);
        self.at.push(facts.recorded_at.as_microsecond());
        self.customers.push(facts.customer_id);
        self.keys.push(readable.key_id);
        self.tokens.push(format!("{{{}}}", written.join(",")));
    }

    /// Writes what is new. Errors: a key was destroyed meanwhile; the next try finds it gone.
    pub(super) async fn keep(self, tx: &mut PgConnection) -> Result<(), Fault> {
        sqlx::query(
            "-- case_search.keep
             insert into case_search as s (case_id, recorded_at, customer_id, key_id, tokens)
             select case_id, recorded_at, customer_id, key_id, tokens::int[]
             from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[])
               as g(case_id, recorded_at, customer_id, key_id, tokens)
             on conflict (case_id) do update set recorded_at = excluded.recorded_at, customer_id = excluded.customer_id,
               key_id = excluded.key_id, tokens = excluded.tokens
             where (s.recorded_at, s.customer_id, s.key_id, s.tokens)
               is distinct from (excluded.recorded_at, excluded.customer_id, excluded.key_id, excluded.tokens)",
        )
        .bind(self.ids)
        .bind(self.at)
        .bind(self.customers)
        .bind(self.keys)
        .bind(self.tokens)
        .execute(tx)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn end(seq: i64, second: i64) -> End {
        End { seq, at: at(second) }
    }

    #[test]
    fn nothing_is_passed_over_that_is_still_being_written() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        let mut look = |end, oldest| seen.look(end, oldest, now);
        assert_eq!(look(end(10, 100), None), Some(10));
        assert_eq!(look(end(20, 101), Some(at(100))), None);
        assert_eq!(look(end(30, 102), Some(at(101))), None, "it may have drawn 20 and began no later than that");
        assert_eq!(look(end(40, 103), Some(at(102))), Some(20), "whoever writes now began after 20 was drawn");
        assert_eq!(look(end(40, 104), None), Some(40));
    }

    #[test]
    fn a_rush_is_let_pass_but_not_for_ever() {
        let (mut seen, begun) = (Seen::default(), Instant::now());
        let mut look = |seq, millis| seen.look(end(seq, 1), None, begun + Duration::from_millis(millis));
        assert_eq!(look(9000, 0), Some(9000), "the first look is no rush");
        assert_eq!(look(9099, 99), Some(9099), "too soon to tell");
        assert_eq!(look(9100, 200), Some(9100), "500 a second are none");
        // However long a look takes: 1,500 a second are a rush.
        for (seq, millis) in [(9250, 300), (9265, 310), (10_750, 1300), (98_950, 60_100), (99_100, 60_299)] {
            assert_eq!(look(seq, millis), None, "{millis}");
        }
        assert_eq!(look(99_101, 60_300), Some(99_101), "it lasts too long");
        assert_eq!(look(99_400, 60_600), Some(99_400), "and still does");
        assert_eq!(look(99_410, 61_600), Some(99_410), "it is over");
        assert_eq!(look(100_910, 62_600), None, "another one");
    }
}
