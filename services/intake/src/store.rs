//! Reading, and nothing else, but for one thing: whoever looks at personal data is written down with the look.
use std::collections::HashMap;

use backbone::{Actor, Fault, page::Page};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{
    domain::{case::Case, purchase::Purchase},
    progress::{Offered, Step},
};

mod course;
pub mod customer;
pub mod issue;
mod queue;
mod turns;
pub use course::{Pair, cases, complaint_is_carried_out, duplicate_candidates, duplicates, steps};
pub use queue::{Place, Whose, queue};
pub use turns::{last_turn, my_turn, running_cases_of};

/// A case with its version.
pub type Found = (Uuid, u64, Case);

/// One case.
pub async fn case(pool: &PgPool, id: Uuid) -> Result<Found, Fault> {
    let found: Option<CaseRow> =
        sqlx::query_as("-- case_file.get\nselect id, version, state::text as state from case_file where id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?;
    found.ok_or_else(|| Fault::not_found("case", id))?.read()
}

/// One case, or the one it goes on as where it was merged.
pub async fn case_it_goes_on_as(pool: &PgPool, id: Uuid) -> Result<Found, Fault> {
    let mut found = case(pool, id).await?;
    while let Some(merged) = found.2.merged_into() {
        found = case(pool, merged.into).await?;
    }
    Ok(found)
}

/// The case of a complaint.
pub async fn of_complaint(pool: &PgPool, complaint: Uuid) -> Result<Found, Fault> {
    let found: Option<CaseRow> = sqlx::query_as(
        "-- case_file.of_complaint\nselect id, version, state::text as state from case_file where complaint_id = $1 limit 1",
    )
    .bind(complaint)
    .fetch_optional(pool)
    .await?;
    found.ok_or_else(|| Fault::not_found("case", format!("of complaint {complaint}")))?.read()
}

/// Cases that owe an authority a report, the first due first.
pub async fn owing_reports(pool: &PgPool, page: &Page, after: Option<(Timestamp, Uuid)>) -> Result<Vec<Found>, Fault> {
    let rows: Vec<CaseRow> = sqlx::query_as(
        "-- case_file.owing_reports
         select id, version, state::text as state from case_file
         where report_by is not null and ($1::bigint is null or (report_by, id) > ($1, $2::uuid))
         order by report_by, id limit $3",
    )
    .bind(after.map(|(due, _)| due.as_microsecond()))
    .bind(after.map(|(_, id)| id))
    .bind(page.limit())
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(CaseRow::read).collect()
}

/// How far complaint is with a case.
#[derive(Debug)]
pub struct Progress {
    pub step: Step,
    pub offer: Vec<Offered>,
}

/// A case as its customer sees it, how far complaint is with it, and how often its links were revoked; none where there is no such
/// case.
pub async fn progress(pool: &PgPool, id: Uuid) -> Result<Option<(Case, Option<Progress>, u32)>, Fault> {
    type Stored = (String, Option<String>, Option<String>, i32);
    let found: Option<Stored> = sqlx::query_as(
        "-- case_file.status
         select c.state::text, p.step, p.offer, coalesce(r.times, 0) from case_file c
         left join status_link_revoked r on r.case_id = c.id
         left join case_progress p on p.complaint_id = (c.state->'facts'->>'complaint_id')::uuid where c.id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    let Some((state, step, offer, revoked)) = found else { return Ok(None) };
    let step = step.and_then(|word| Step::ALL.into_iter().find(|step| step.word() == word));
    let offer = offer.map_or_else(|| Ok(vec![]), |offer| read("case_progress", id, &offer))?;
    let progress = step.map(|step| Progress { step, offer });
    Ok(Some((read("case_file", id, &state)?, progress, revoked.unsigned_abs())))
}

/// What was kept on a channel. Times in microseconds.
#[derive(Debug, FromRow)]
pub struct KeptRow {
    pub channel: String,
    /// First answers that were given or missed, and those in time.
    pub judged: i64,
    pub kept: i64,
    /// The median until the answer; none where it is one that was never given.
    pub answer: Option<i64>,
    pub ended: i64,
    /// The median until the end.
    pub end: Option<i64>,
}

/// What was kept of the promises to contacts taken in since then, by channel. A missed answer that was never given takes
/// longer than any.
pub async fn kept(pool: &PgPool, since: Timestamp) -> Result<Vec<KeptRow>, Fault> {
    let rows = sqlx::query_as(
        "-- case_file.kept
         select channel, count(*) filter (where judged) as judged,
           count(*) filter (where judged and answered <= respond_by) as kept,
           nullif(percentile_disc(0.5) within group (
             order by case when answered is null then 9223372036854775807
                           else greatest(0, answered - recorded) end) filter (where judged),
             9223372036854775807) as answer,
           count(ended) as ended,
           percentile_disc(0.5) within group (order by ended - recorded) filter (where ended is not null) as \"end\"
         from (
           select channel, recorded, respond_by, answered, ended, answered is not null or missed as judged from (
             select state->'facts'->>'channel' as channel, respond_by,
               recorded_at as recorded, (state->>'response_missed')::boolean as missed,
               (extract(epoch from (state->>'responded_at')::timestamptz) * 1000000)::bigint as answered,
               case when status = 'closed'
                 then (extract(epoch from (state->'state'->>'at')::timestamptz) * 1000000)::bigint end as ended
             from case_file where recorded_at >= $1 and status <> 'rejected'
           ) as told
         ) as cases
         group by channel",
    );
    Ok(rows.bind(since.as_microsecond()).fetch_all(pool).await?)
}

/// One purchase.
pub async fn purchase(pool: &PgPool, id: Uuid) -> Result<Purchase, Fault> {
    purchases(pool, &[id]).await?.remove(&id).ok_or_else(|| Fault::not_found("purchase", id))
}

/// The purchases among `ids` that are on record.
pub async fn purchases(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, Purchase>, Fault> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("-- purchase.known\nselect id, state::text from purchase where id = any($1)")
            .bind(ids)
            .fetch_all(pool)
            .await?;
    rows.into_iter().map(|(id, state)| Ok((id, read("purchase", id, &state)?))).collect()
}

/// Whether we know how to reach a customer, by whatever pseudonym.
pub async fn can_be_reached(pool: &PgPool, customer: Uuid) -> Result<bool, Fault> {
    let found = sqlx::query_scalar(
        "-- customer.can_be_reached
         select exists (select from one_person($1) as p(id) join customer as c on c.id = p.id
           where c.phone is not null or c.email is not null)",
    );
    Ok(found.bind(customer).fetch_one(pool).await?)
}

/// How many inbound messages are kept beside a case as duplicates.
pub async fn duplicates_of(pool: &PgPool, case: Uuid) -> Result<u32, Fault> {
    let count: i64 = sqlx::query_scalar(
        "-- inbound_message.duplicates
         select count(*) from inbound_message where case_id = $1 and state = 'duplicate'",
    )
    .bind(case)
    .fetch_one(pool)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// How things stand.
#[derive(Debug)]
pub struct Overview {
    pub purchases: i64,
    pub customers: i64,
    /// Status, number, of these with a late first answer, of these in the health lane.
    pub cases: Vec<(String, i64, i64, i64)>,
    /// Messages that wait for a person.
    pub quarantined: i64,
}

/// Counts for those who watch.
pub async fn overview(pool: &PgPool, now: Timestamp) -> Result<Overview, Fault> {
    let cases = sqlx::query_as(
        "-- case_file.count
         select status, count(*), count(*) filter (where respond_by < $1), count(*) filter (where lane = 'health')
         from case_file group by status order by status",
    )
    .bind(now.as_microsecond())
    .fetch_all(pool)
    .await?;
    let (purchases, customers, quarantined) = sqlx::query_as(
        "-- intake.count
         select (select count(*) from purchase), (select count(*) from customer),
           (select count(*) from inbound_message where state = 'quarantined')",
    )
    .fetch_one(pool)
    .await?;
    Ok(Overview { purchases, customers, cases, quarantined })
}

/// Somebody who looks at personal data, and why.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub actor: &'a Actor,
    pub purpose: &'a str,
    pub at: Timestamp,
}

/// A customer's contact data, sealed.
#[derive(Debug, FromRow)]
pub struct SealedContact {
    pub id: Uuid,
    pub name: Option<Vec<u8>>,
    pub phone: Option<Vec<u8>>,
    pub email: Option<Vec<u8>>,
}

/// Writes the look down and gives the sealed data, in one statement: the customer's own first, then those of all who
/// are the same person, each with a look of its own.
pub async fn look_at_contact(pool: &PgPool, customer: Uuid, look: Look<'_>) -> Result<Vec<SealedContact>, Fault> {
    let found: Vec<SealedContact> = sqlx::query_as(
        "-- customer.look
         with person as materialized (select p.id from one_person($1) as p(id)),
         logged as (
           insert into access_log (customer_id, subject, actor, purpose, at)
           select id, 'contact', $2, $3, $4 from person)
         select c.id, c.name, c.phone, c.email from customer as c join person on person.id = c.id
         order by c.id <> $1, c.id",
    )
    .bind(customer)
    .bind(look.actor.as_str())
    .bind(look.purpose)
    .bind(look.at.to_sqlx())
    .fetch_all(pool)
    .await?;
    if found.is_empty() { Err(Fault::not_found("customer", customer)) } else { Ok(found) }
}

/// Writes the look down and gives the sealed words of a case, part and text, in one statement.
pub async fn look_at_text(
    pool: &PgPool,
    case: Uuid,
    customer: Uuid,
    look: Look<'_>,
) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let found = sqlx::query_as(
        "-- case_text.look
         with logged as (
           insert into access_log (customer_id, subject, actor, purpose, at)
           values ($2, 'case ' || ($1::uuid), $3, $4, $5))
         select part, body from case_text where case_id = $1",
    )
    .bind(case)
    .bind(customer)
    .bind(look.actor.as_str())
    .bind(look.purpose)
    .bind(look.at.to_sqlx())
    .fetch_all(pool)
    .await?;
    Ok(found)
}

/// Whether nothing of this mark was said in the case. Of a case from before words had marks that is not known: no.
pub async fn says_otherwise(pool: &PgPool, case: Uuid, alike: [u8; 32]) -> Result<bool, Fault> {
    let found = sqlx::query_scalar(
        "-- case_text.says_otherwise
         select coalesce(bool_or(part = 'contact' and alike is not null) and not bool_or(alike = $2), false)
         from case_text where case_id = $1",
    );
    Ok(found.bind(case).bind(alike).fetch_one(pool).await?)
}

/// Writes down that somebody was given the link to a case's status page, and says how often its links were revoked.
pub async fn look_at_link(pool: &PgPool, case: Uuid, customer: Uuid, look: &Look<'_>) -> Result<u32, Fault> {
    let revoked: i32 = sqlx::query_scalar(
        "-- status_link.look
         with logged as (
           insert into access_log (customer_id, subject, actor, purpose, at)
           values ($2, 'status link ' || ($1::uuid), $3, $4, $5))
         select coalesce((select times from status_link_revoked where case_id = $1), 0)",
    )
    .bind(case)
    .bind(customer)
    .bind(look.actor.as_str())
    .bind(look.purpose)
    .bind(look.at.to_sqlx())
    .fetch_one(pool)
    .await?;
    Ok(revoked.unsigned_abs())
}

/// How often the links to a case's status page were revoked.
pub async fn links_revoked(pool: &PgPool, case: Uuid) -> Result<u32, Fault> {
    let found = sqlx::query_scalar("-- status_link.revoked\nselect times from status_link_revoked where case_id = $1");
    let times: Option<i32> = found.bind(case).fetch_optional(pool).await?;
    Ok(times.unwrap_or(0).unsigned_abs())
}

/// Makes every link void that was given to the status pages of these cases, and writes down who did it and why, by the first of them.
pub async fn revoke_links(pool: &PgPool, cases: &[Uuid], customer: Uuid, look: &Look<'_>) -> Result<(), Fault> {
    sqlx::query(
        "-- status_link.revoke
         with revoked as (
           insert into status_link_revoked as r (case_id, times) select id, 1 from unnest($1::uuid[]) as g(id)
           on conflict (case_id) do update set times = r.times + 1)
         insert into access_log (customer_id, subject, actor, purpose, at)
         values ($2, 'status links revoked ' || ($1::uuid[])[1], $3, $4, $5)",
    )
    .bind(cases)
    .bind(customer)
    .bind(look.actor.as_str())
    .bind(look.purpose)
    .bind(look.at.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// The customer's keys among `ids`, wrapped.
pub async fn keys(pool: &PgPool, customer: Uuid, ids: &[Uuid]) -> Result<Vec<(Uuid, Vec<u8>)>, Fault> {
    let found = sqlx::query_as(
        "-- customer_key.find\nselect key_id, wrapped from customer_key where customer_id = $1 and key_id = any($2)",
    );
    Ok(found.bind(customer).bind(ids).fetch_all(pool).await?)
}

/// A case as it is stored.
#[derive(FromRow)]
pub struct CaseRow {
    pub id: Uuid,
    version: i64,
    state: String,
}

impl CaseRow {
    /// Errors: its state cannot be read.
    pub fn read(self) -> Result<Found, Fault> {
        Ok((self.id, self.version.unsigned_abs(), read("case_file", self.id, &self.state)?))
    }
}

fn read<T: serde::de::DeserializeOwned>(table: &str, id: Uuid, state: &str) -> Result<T, Fault> {
    serde_json::from_str(state)
        .map_err(|error| Fault::broken(format!("{table}.state of row {id} cannot be read: {error}")))
}
