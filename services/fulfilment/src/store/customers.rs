//! Which pseudonyms stand for one person, as intake tells.
use backbone::{Fault, Row};
use sqlx::PgPool;
use uuid::Uuid;

/// Intake links no more than some twenty with each other; two that meet may be more.
const LINKED_MAX: i64 = 100;

/// What a link says was told last; both in one statement, so that of one batch the last holds.
const KEEP: &str = "-- customer_link.keep
    customer_link_kept as (
      insert into customer_link (link_id, customer_id, other_id)
      select * from unnest($1::uuid[], $2::uuid[], $3::uuid[])
      on conflict (link_id) do update set customer_id = excluded.customer_id, other_id = excluded.other_id)";

/// Two customers are one person from now on; nobody where the link is taken back.
pub fn linked(link_id: Uuid, both: Option<(Uuid, Uuid)>) -> Row {
    let (customer_id, other_id) = both.unzip();
    Row::new(KEEP, link_id).with(customer_id).with(other_id)
}

/// Every pseudonym of the person with this one, itself among them.
pub async fn pseudonyms(pool: &PgPool, customer_id: Uuid) -> Result<Vec<Uuid>, Fault> {
    let statement = "-- customer_link.pseudonyms
        with recursive person (id) as (
          select $1::uuid
          union
          select next.id from person cross join lateral (
            select other_id from customer_link where customer_link.customer_id = person.id
            union all
            select customer_id from customer_link where other_id = person.id) as next (id)
        )
        select id from person limit $2";
    Ok(sqlx::query_scalar(statement).bind(customer_id).bind(LINKED_MAX).fetch_all(pool).await?)
}
