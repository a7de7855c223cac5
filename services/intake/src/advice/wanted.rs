//! The cases about which the adviser is to be asked: kept in the transaction that takes a contact in, claimed by whoever asks,
//! gone when there is nothing more to ask.
use backbone::{Fault, Row};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use uuid::Uuid;

/// Whoever claims a case has it for so long; then it is asked again.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// The row that asks for advice on a case.
pub fn wanted(case: Uuid, now: Timestamp) -> Row {
    const WANTED: &str = "-- advice_wanted.keep
    advice_wanted_kept as (
      insert into advice_wanted (case_id, next_at) select * from unnest($1::uuid[], $2::timestamptz[])
      on conflict do nothing)";
    Row::new(WANTED, case).with(now)
}

/// Claims what is due, at most so many, with how often each was claimed.
pub async fn claim(pool: &PgPool, now: Timestamp, room: u8) -> Result<Vec<(Uuid, i32)>, Fault> {
    if room == 0 {
        return Ok(vec![]);
    }
    let claimed = sqlx::query_as(
        "-- advice_wanted.claim
         update advice_wanted as w set tries = w.tries + 1, next_at = $2
         from (select case_id from advice_wanted where next_at <= $1 order by next_at, case_id limit $3
               for update skip locked) as due
         where w.case_id = due.case_id returning w.case_id, w.tries",
    );
    let next_at = kernel::calendar::add(now, LEASE);
    Ok(claimed.bind(now.to_sqlx()).bind(next_at.to_sqlx()).bind(i64::from(room)).fetch_all(pool).await?)
}

/// Nothing more is asked about a case.
pub async fn settle(pool: &PgPool, case: Uuid) -> Result<(), Fault> {
    let settled = sqlx::query("-- advice_wanted.settle\ndelete from advice_wanted where case_id = $1").bind(case);
    settled.execute(pool).await?;
    Ok(())
}
