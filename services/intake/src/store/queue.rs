//! The queue: open cases in the order they must be worked. A case gains points for as long as it may gain some; after that
//! its place is for good, so that those are read in order from an index, and only the young are counted one by one.
use backbone::{Fault, page::Page};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow, PgPool};
use uuid::Uuid;

use super::{CaseRow, Found};
use crate::domain::priority::AGEING_MAX;

/// Whose cases are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose<'a> {
    /// Only this person's.
    pub assigned_to: Option<&'a str>,
    /// Only nobody's.
    pub unassigned: bool,
    /// Only what a person should say the class of ([`Facts::is_unsure`](crate::domain::case::Facts::is_unsure)).
    pub unsure: bool,
    /// Only what was answered in words that did not reach the customer.
    pub undelivered: bool,
    /// Only what has this tag.
    pub tag: Option<&'a str>,
}

/// Those that gain nothing any more by status and lane, each read as far as the page goes, beside the young.
const ALL: &str = "-- case_file.queue
    with open as (
      select aged.* from (values ('routed'), ('responded'), ('reopened')) as s(status)
      cross join (values ('health', 0), ('standard', 1)) as l(lane, lane_order)
      cross join lateral (
        select id, l.lane_order, score + $2 as points, respond_by from case_file
        where status = s.status and lane = l.lane and recorded_at <= $1 - $2 * 60000000
          and (status <> 'reopened' or state->'facts'->>'complaint_id' is null)
          and (not $9 or assigned_to is null) and ($8::text is null or state->'tags' ? $8)
          {only}
          and ($3::int is null or (l.lane_order, -(score + $2), respond_by, id) > ($3, -$4::bigint, $5::bigint, $6::uuid))
        order by -score, respond_by, id limit $7
      ) as aged
      union all
      select id, case lane when 'health' then 0 else 1 end,
        score + greatest(0, ($1 - recorded_at) / 60000000), respond_by from case_file
      where status in ('routed', 'responded', 'reopened') and recorded_at > $1 - $2 * 60000000
        and (status <> 'reopened' or state->'facts'->>'complaint_id' is null)
        and (not $9 or assigned_to is null) and ($8::text is null or state->'tags' ? $8)
        {only}
    ), page as (
      select * from open
      where $3::int is null or (lane_order, -points, respond_by, id) > ($3, -$4::bigint, $5::bigint, $6::uuid)
      order by lane_order, -points, respond_by, id limit $7
    )
    select id, version, state::text as state, lane_order, points, page.respond_by
    from page join case_file using (id) order by lane_order, -points, page.respond_by, id";

/// What a person should say the class of; an index has those alone.
const UNSURE: &str = "and unsure";
/// The same of what was answered in words that did not reach the customer.
const UNDELIVERED: &str = "and undelivered";

/// What one person has is little, and is put in order as it is.
const OF_ONE: &str = "-- case_file.queue_of_one
    select * from (
      select id, version, state::text as state, case lane when 'health' then 0 else 1 end as lane_order, respond_by,
        score + greatest(0, least($2, ($1 - recorded_at) / 60000000)) as points
      from case_file where (status in ('routed', 'responded')
          or status = 'reopened' and state->'facts'->>'complaint_id' is null)
        and assigned_to = $10 and not $9 and ($8::text is null or state->'tags' ? $8)
        {only}
    ) as open
    where $3::int is null or (lane_order, -points, respond_by, id) > ($3, -$4::bigint, $5::bigint, $6::uuid)
    order by lane_order, -points, respond_by, id limit $7";

/// The statement that reads a page. What is seldom is no parameter, so that it is read by an index of its own.
fn statement(whose: Whose<'_>) -> String {
    let only = [(whose.unsure, UNSURE), (whose.undelivered, UNDELIVERED)];
    let only: Vec<&str> = only.into_iter().filter(|(asked, _)| *asked).map(|(_, only)| only).collect();
    (if whose.assigned_to.is_some() { OF_ONE } else { ALL }).replace("{only}", &only.join(" "))
}

/// Open cases in the order they must be worked: health first, then points with one for each minute waited, then the
/// nearest promise. The waiting time is that of the first page, so that the order holds over all pages.
pub async fn queue(
    pool: &PgPool,
    whose: Whose<'_>,
    page: &Page,
    after: Option<Place>,
    now: Timestamp,
) -> Result<(Vec<Found>, String), Fault> {
    let as_of = after.as_ref().map_or(now.as_microsecond(), |place| place.as_of);
    let asked = sqlx::query_as(AssertSqlSafe(statement(whose)))
        .bind(as_of)
        .bind(AGEING_MAX)
        .bind(after.as_ref().map(|place| place.lane_order))
        .bind(after.as_ref().map(|place| place.points))
        .bind(after.as_ref().map(|place| place.respond_by))
        .bind(after.as_ref().map(|place| place.id))
        .bind(page.limit())
        .bind(whose.tag)
        .bind(whose.unassigned);
    let asked = if whose.assigned_to.is_some() { asked.bind(whose.assigned_to) } else { asked };
    let rows: Vec<QueueRow> = asked.fetch_all(pool).await?;
    let next =
        page.next(&rows, |row| (format!("{as_of}.{}.{}.{}", row.lane_order, row.points, row.respond_by), row.case.id));
    let cases = rows.into_iter().map(|row| row.case.read()).collect::<Result<_, _>>()?;
    Ok((cases, next))
}

#[derive(FromRow)]
struct QueueRow {
    #[sqlx(flatten)]
    case: CaseRow,
    lane_order: i32,
    points: i64,
    respond_by: i64,
}

/// A place in the queue.
pub struct Place {
    as_of: i64,
    lane_order: i32,
    points: i64,
    respond_by: i64,
    id: Uuid,
}

impl Place {
    /// Reads it from a page token: instants that there are, and few enough points to be reckoned with.
    pub fn parse(key: &str, id: Uuid) -> Option<Self> {
        let numbers: Vec<i64> = key.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [as_of, lane_order, points, respond_by] = numbers[..] else { return None };
        let instants = [as_of, respond_by].iter().all(|micros| Timestamp::from_microsecond(*micros).is_ok());
        let lane_order = i32::try_from(lane_order).ok()?;
        let sound = instants && i32::try_from(points).is_ok();
        sound.then_some(Self { as_of, lane_order, points, respond_by, id })
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
