//! Reading of customers: who is one person with whom, what is known of them, what happened with them, and purchases
//! whose base data are flagged. Everything is read over all pseudonyms of a person.
use std::collections::HashMap;

use backbone::{Fault, page::Page};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{Look, read};
use crate::domain::{
    base_data::Flaw,
    customer_link::{CustomerLink, Evidence, Pair},
    purchase::Purchase,
    vocabulary::Channel,
};

/// An identifier that more customers share says nothing of a person: a shop's phone, a family's address.
const SHARED_MAX: i64 = 5;

/// A link with its version.
pub type FoundLink = (Uuid, u64, CustomerLink);

/// The customer, and all who are the same person, in the order of their ids.
pub async fn one_person(pool: &PgPool, customer: Uuid) -> Result<Vec<Uuid>, Fault> {
    let found = sqlx::query_scalar("-- customer_link.person\nselect p.id from one_person($1) as p(id) order by p.id");
    Ok(found.bind(customer).fetch_all(pool).await?)
}

/// Whether two customers are one person.
pub async fn same_person(pool: &PgPool, one: Uuid, other: Uuid) -> Result<bool, Fault> {
    Ok(one == other || one_person(pool, one).await?.contains(&other))
}

/// How many customers these two would be if they were one person.
pub async fn members(pool: &PgPool, pair: Pair) -> Result<usize, Fault> {
    let both: i64 = sqlx::query_scalar(
        "-- customer_link.members
         select count(*) from (select one_person($1) union select one_person($2)) as person",
    )
    .bind(pair.customer_id)
    .bind(pair.other_id)
    .fetch_one(pool)
    .await?;
    Ok(usize::try_from(both).unwrap_or(usize::MAX))
}

/// The customers with this phone or e-mail address (`column`), by its keyed hash, at most 50, the look written down for each.
pub async fn find(pool: &PgPool, column: &str, index: &[u8], look: Look<'_>) -> Result<Vec<Uuid>, Fault> {
    let found = sqlx::query_scalar(
        "-- customer.find
         with found as materialized (
           select id from customer where ($1 = 'phone' and phone_index = $2) or ($1 = 'email' and email_index = $2)
           order by id limit 50),
         logged as (
           insert into access_log (customer_id, subject, actor, purpose, at) select id, 'found by ' || $1, $3, $4, $5 from found)
         select id from found order by id",
    );
    let found = found.bind(column).bind(index).bind(look.actor.as_str()).bind(look.purpose).bind(look.at.to_sqlx());
    Ok(found.fetch_all(pool).await?)
}

/// The customer of a channel's own number, if we know him, the look written down.
pub async fn find_one(pool: &PgPool, customer: Uuid, look: Look<'_>) -> Result<Vec<Uuid>, Fault> {
    let found = sqlx::query_scalar(
        "-- customer.find_one
         with found as materialized (select id from customer where id = $1),
         logged as (
           insert into access_log (customer_id, subject, actor, purpose, at)
           select id, 'found by number', $2, $3, $4 from found)
         select id from found",
    );
    let found = found.bind(customer).bind(look.actor.as_str()).bind(look.purpose).bind(look.at.to_sqlx());
    Ok(found.fetch_all(pool).await?)
}

/// Which of these customers we know.
pub async fn known(pool: &PgPool, customers: &[Uuid]) -> Result<Vec<Uuid>, Fault> {
    let found = sqlx::query_scalar("-- customer.known\nselect id from customer where id = any($1)");
    Ok(found.bind(customers).fetch_all(pool).await?)
}

/// Whether these customers have a name, and a phone or an e-mail address, by any pseudonym; who has no data is left
/// out.
pub async fn base_data(pool: &PgPool, customers: &[Uuid]) -> Result<HashMap<Uuid, (bool, bool)>, Fault> {
    let rows: Vec<(Uuid, bool, bool)> = sqlx::query_as(
        "-- customer.base_data
         select asked.id, bool_or(k.name is not null), bool_or(k.phone is not null or k.email is not null)
         from (select distinct id from unnest($1::uuid[]) as a(id)) as asked
         cross join lateral one_person(asked.id) as p(id) join customer as k on k.id = p.id group by asked.id",
    )
    .bind(customers)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(id, name, contact)| (id, (name, contact))).collect())
}

/// Pairs of these customers with others who were told with the same phone or e-mail address.
pub async fn alike(pool: &PgPool, customers: &[Uuid]) -> Result<Vec<(Pair, Evidence)>, Fault> {
    let rows: Vec<(Uuid, Uuid, bool)> = sqlx::query_as(
        "-- customer.alike
         select me.id, other.id, other.by_phone from customer as me cross join lateral (
           (select array_agg(id) as ids, true as by_phone from (
             select id from customer where phone_index = me.phone_index and id <> me.id limit $2 + 1) as sharing)
           union all
           (select array_agg(id), false from (
             select id from customer where email_index = me.email_index and id <> me.id limit $2 + 1) as sharing)
         ) as found cross join lateral (select unnest(found.ids) as id, found.by_phone) as other
         where me.id = any($1) and cardinality(found.ids) <= $2 order by me.id, other.by_phone desc, other.id",
    )
    .bind(customers)
    .bind(SHARED_MAX - 1)
    .fetch_all(pool)
    .await?;
    let evidence = |by_phone| if by_phone { Evidence::SamePhone } else { Evidence::SameEmail };
    let pairs = rows.into_iter().filter_map(|(me, other, by_phone)| Some((Pair::of(me, other)?, evidence(by_phone))));
    Ok(pairs.collect())
}

/// Every link of any of these customers, in the order of their ids.
pub async fn links_of(pool: &PgPool, customers: &[Uuid]) -> Result<Vec<FoundLink>, Fault> {
    let rows: Vec<LinkRow> = sqlx::query_as(
        "-- customer_link.of
         select id, version, state::text as state from customer_link
         where customer_id = any($1) or other_id = any($1) order by id",
    )
    .bind(customers)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(LinkRow::read).collect()
}

/// Links in one state.
pub async fn links(pool: &PgPool, status: &str, page: &Page, after: Option<Uuid>) -> Result<Vec<FoundLink>, Fault> {
    let rows: Vec<LinkRow> = sqlx::query_as(
        "-- customer_link.list
         select id, version, state::text as state from customer_link
         where status = $1 and ($2::uuid is null or id > $2) order by id limit $3",
    )
    .bind(status)
    .bind(after)
    .bind(page.limit())
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(LinkRow::read).collect()
}

#[derive(FromRow)]
struct LinkRow {
    id: Uuid,
    version: i64,
    state: String,
}

impl LinkRow {
    fn read(self) -> Result<FoundLink, Fault> {
        Ok((self.id, self.version.unsigned_abs(), read("customer_link", self.id, &self.state)?))
    }
}

/// A purchase or a case of a person.
#[derive(Debug, FromRow)]
pub struct Told {
    pub id: Uuid,
    pub is_case: bool,
    pub customer_id: Uuid,
    at: i64,
    pub status: String,
    channel: String,
}

impl Told {
    /// When it was bought, or taken in.
    pub fn at(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.at).ok()
    }

    /// Its place in the list.
    pub fn place(&self) -> (String, Uuid) {
        (self.at.to_string(), self.id)
    }

    /// Where it came in.
    pub fn channel(&self) -> Option<Channel> {
        Channel::OUTSIDE.into_iter().chain([Channel::FollowUp]).find(|channel| channel.word() == self.channel)
    }
}

/// All that was told by these customers: running cases by their own index, those at their end by that of their words.
const ALL_TOLD: &str = "
    select id, false as is_case, customer_id, status, state->'facts'->>'channel' as channel,
      (extract(epoch from (state->'facts'->>'bought_at')::timestamptz) * 1000000)::bigint as at
    from purchase where customer_id = any($1)
    union all
    select id, true, customer_id, status, state->'facts'->>'channel', recorded_at from case_file where id in (
      select case_id from case_search where customer_id = any($1)
      union select id from case_file where customer_id = any($1)
        and status in ('routed', 'responded', 'awaiting_info', 'reopened'))";

/// A part of it, the newest first.
pub async fn history(
    pool: &PgPool,
    customers: &[Uuid],
    page: &Page,
    after: Option<(i64, Uuid)>,
) -> Result<Vec<Told>, Fault> {
    let statement = format!(
        "-- customer.history
         select id, is_case, customer_id, at, status, channel from ({ALL_TOLD}) as told
         where $2::bigint is null or (at, id) < ($2, $3::uuid) order by at desc, id desc limit $4"
    );
    let found = sqlx::query_as(sqlx::AssertSqlSafe(statement));
    let found = found.bind(customers).bind(after.map(|(at, _)| at)).bind(after.map(|(_, id)| id)).bind(page.limit());
    Ok(found.fetch_all(pool).await?)
}

/// How many purchases and cases there are.
pub async fn told(pool: &PgPool, customers: &[Uuid]) -> Result<(u64, u64), Fault> {
    let statement = format!(
        "-- customer.told
         select count(*) filter (where not is_case), count(*) filter (where is_case) from ({ALL_TOLD}) as told"
    );
    let counted: (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(customers).fetch_one(pool).await?;
    Ok((counted.0.unsigned_abs(), counted.1.unsigned_abs()))
}

/// A purchase with its version.
pub type FoundPurchase = (Uuid, u64, Purchase);

/// Purchases that are flagged, with this flag where one is named.
pub async fn flagged(
    pool: &PgPool,
    flaw: Option<Flaw>,
    page: &Page,
    after: Option<Uuid>,
) -> Result<Vec<FoundPurchase>, Fault> {
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "-- purchase.flagged
         select id, version, state::text from purchase
         where flaws is not null and ($1::text is null or flaws ? $1) and ($2::uuid is null or id > $2)
         order by id limit $3",
    )
    .bind(flaw.map(Flaw::word))
    .bind(after)
    .bind(page.limit())
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(id, version, state)| Ok((id, version.unsigned_abs(), read("purchase", id, &state)?)))
        .collect()
}

/// A purchase whose flags may follow from what is known of its customer.
#[derive(Debug, FromRow)]
pub struct Judged {
    pub id: Uuid,
    pub customer_id: Uuid,
}

/// The purchases of these customers, and of all who are one person with any of them: those that are flagged, or all.
pub async fn to_judge(pool: &PgPool, customers: &[Uuid], all: bool) -> Result<Vec<Judged>, Fault> {
    let found = sqlx::query_as(
        "-- purchase.to_judge
         with asked as (select distinct id from unnest($1::uuid[]) as a(id)),
         person as (
           select id from asked
           union select p.id from asked cross join lateral one_person(asked.id) as p(id) where exists (
             select from customer_link as l where l.customer_id = asked.id or l.other_id = asked.id))
         select b.id, b.customer_id from person join purchase as b on b.customer_id = person.id
         where $2 or b.flaws is not null order by b.id",
    );
    Ok(found.bind(customers).bind(all).fetch_all(pool).await?)
}

/// Customers of whom something was told that was not known, in the order in which it was told.
#[derive(Debug, FromRow)]
pub struct Waiting {
    pub seq: i64,
    pub customer_id: Uuid,
    /// Who they are one person with has changed.
    pub links: bool,
}

/// The first of them.
pub async fn waiting(pool: &PgPool, limit: i64) -> Result<Vec<Waiting>, Fault> {
    let found = sqlx::query_as(
        "-- customer_told.waiting
         select seq, customer_id, links from customer_told order by seq limit $1",
    );
    Ok(found.bind(limit).fetch_all(pool).await?)
}
