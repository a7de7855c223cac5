//! Reading of major issues: the issues, whom they concern, and what became of each.
use backbone::{Fault, page::Page};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::read;
use crate::domain::{
    major_issue::{MajorIssue, What},
    member::Member,
};

/// An issue with its version.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<(u64, MajorIssue), Fault> {
    let found: Option<(i64, String)> =
        sqlx::query_as("-- major_issue.get\nselect version, state::text from major_issue where id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?;
    let (version, state) = found.ok_or_else(|| Fault::not_found("major_issue", id))?;
    Ok((version.unsigned_abs(), read("major_issue", id, &state)?))
}

/// Those that run.
pub async fn active(pool: &PgPool) -> Result<Vec<MajorIssue>, Fault> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "-- major_issue.active\nselect id, state::text from major_issue where status in ('active', 'mitigated') order by id",
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|(id, state)| read("major_issue", id, &state)).collect()
}

/// A customer an issue concerns.
#[derive(Debug, FromRow)]
pub struct Concerned {
    pub customer_id: Uuid,
    pub bought: bool,
    pub heard_of: bool,
}

/// Whom `what` concerns and who is no member yet, at most `limit`: by cases, and by a batch everybody who bought it. Who writes of a
/// purchase and is reached where its buyer is, is its buyer. Who is one
/// person by links that stand is told once, by the first of the pseudonyms that are concerned; where a link is taken back the other
/// one is told as well. Almost nobody has links, so only of those who have it is looked who else they are.
pub async fn concerned(pool: &PgPool, issue: Uuid, what: &What, limit: i64) -> Result<Vec<Concerned>, Fault> {
    let found = sqlx::query_as(
        "-- major_issue.concerned
         with found as (
           select customer_id, bool_or(bought) as bought, bool_or(not bought) as heard_of from (
           select (state->'facts'->>'customer_id')::uuid as customer_id, true as bought from purchase
           where batches @> to_jsonb($3::text)
             and not $4 and exists (
               select from jsonb_array_elements(state->'facts'->'lines') as line
               where line->>'batch' = $3 and ($2::text is null or line->>'product_id' = $2))
           union all
           select coalesce(buyer.id, c.customer_id), false from case_file as c
           left join lateral (
             select b.id from purchase as p
             join customer as b on b.id = (p.state->'facts'->>'customer_id')::uuid
             join customer as w on w.id = c.customer_id
             where p.id = (c.state->'facts'->>'purchase_id')::uuid
               and (b.phone_index = w.phone_index or b.email_index = w.email_index)) as buyer on true
           where ($2::text is null or c.product_id = $2) and ($3::text is null or c.batch = $3)
             and (not $4 or c.lane = 'health') and c.status <> 'rejected'
             and not exists (
               select from major_issue_member as known where known.issue_id = $1 and known.customer_id = c.customer_id)
           ) as each
           where not exists (
             select from major_issue_member as known where known.issue_id = $1 and known.customer_id = each.customer_id)
           group by customer_id),
         linked as (
           select found.*, (select p.id from one_person(found.customer_id) as p(id) order by p.id limit 1) as person,
             exists (select from one_person(found.customer_id) as p(id)
               join major_issue_member as known on known.issue_id = $1 and known.customer_id = p.id) as is_told
           from found where customer_id in (
             select l.customer_id from customer_link as l where l.status = 'linked'
             union all
             select l.other_id from customer_link as l where l.status = 'linked'))
         select * from (
           select * from found where customer_id not in (select customer_id from linked)
           union all
           select (array_agg(customer_id order by customer_id))[1], bool_or(bought), bool_or(heard_of)
           from linked where not is_told group by person
         ) as persons
         order by customer_id limit $5",
    );
    let WhatRow { product, batch, harmed_only } = WhatRow::of(what);
    Ok(found.bind(issue).bind(product).bind(batch).bind(harmed_only).bind(limit).fetch_all(pool).await?)
}

struct WhatRow<'a> {
    product: Option<&'a str>,
    batch: Option<&'a str>,
    harmed_only: bool,
}

impl<'a> WhatRow<'a> {
    fn of(what: &'a What) -> Self {
        let What { product_id, batch, harmed_only } = what;
        Self { product: product_id.as_deref(), batch: batch.as_deref(), harmed_only: *harmed_only }
    }
}

/// How many members there are by status, and how many of them bought it and have never contacted us.
pub async fn counts(pool: &PgPool, issue: Uuid) -> Result<Vec<(String, i64, i64)>, Fault> {
    let found = sqlx::query_as(
        "-- major_issue_member.count
         select status, count(*), count(*) filter (where not (state->'facts'->>'heard_of')::boolean)
         from major_issue_member where issue_id = $1 group by status order by status",
    );
    Ok(found.bind(issue).fetch_all(pool).await?)
}

/// Members of an issue, of a status where one is named.
pub async fn members(
    pool: &PgPool,
    issue: Uuid,
    status: Option<&str>,
    page: &Page,
    after: Option<Uuid>,
) -> Result<Vec<(Uuid, Member)>, Fault> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "-- major_issue_member.list
         select id, state::text from major_issue_member
         where issue_id = $1 and ($2::text is null or status = $2) and ($3::uuid is null or id > $3)
         order by id limit $4",
    )
    .bind(issue)
    .bind(status)
    .bind(after)
    .bind(page.limit())
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|(id, state)| Ok((id, read("major_issue_member", id, &state)?))).collect()
}
