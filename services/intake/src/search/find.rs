//! Answers a question from the index, newest first. What is said often is found at once among the newest cases; what is
//! not is said seldom, so that all of it can be fetched and put in order. Either way little is read.
use backbone::{Fault, page::Page};
use jiff::Timestamp;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{facets, tag_token, texts, words::Question};
use crate::{
    app::App,
    domain::vocabulary::{CaseClass, Channel},
    store::{CaseRow, Found},
};

/// So many of the newest cases are looked at one by one; and then so many more, if a fifth of a page was found.
const NEWEST: [i64; 2] = [5_000, 25_000];
const A_FIFTH: usize = 5;

/// Which cases are asked for, beside what was said in them; nothing asks for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// As `wire::status` says it.
    pub status: Option<String>,
    pub class: Option<CaseClass>,
    pub channel: Option<Channel>,
    pub store: Option<String>,
    /// Taken in then or later.
    pub from: Option<Timestamp>,
    /// Taken in before.
    pub to: Option<Timestamp>,
    pub assigned_to: Option<String>,
    pub unassigned: bool,
    pub tag: Option<String>,
}

/// The place in the list: when the last case was taken in, in microseconds, and its id.
pub type Place = (i64, Uuid);

/// The cases that fit, the newest first, and the token of the next part. A part may be shorter than the page when some of
/// its hits only looked alike; the token says whether there is more.
pub async fn find(
    app: &App,
    question: Option<&Question>,
    filter: &Filter,
    page: &Page,
    after: Option<Place>,
) -> Result<(Vec<Found>, String), Fault> {
    let mut tokens = facets(&app.master, filter.channel, filter.class, filter.store.as_deref());
    tokens.extend(filter.tag.as_ref().map(|tag| tag_token(&app.master, tag)));
    tokens.extend(question.map(Question::grams).iter().flatten().map(|gram| app.master.token(gram)));
    let asked = Asked { tokens, filter };
    let hits = asked.gather(&app.pool, page.limit(), after).await?;
    let next = page.next(&hits, |hit| (hit.recorded_at.to_string(), hit.case.id));
    let cases = hits.into_iter().map(|hit| hit.case.read()).collect::<Result<Vec<_>, _>>()?;
    match question {
        None => Ok((cases, next)),
        Some(question) => Ok((said(app, question, cases).await?, next)),
    }
}

/// Those of the cases that say it.
async fn said(app: &App, question: &Question, cases: Vec<Found>) -> Result<Vec<Found>, Fault> {
    let of: Vec<(Uuid, Uuid)> =
        cases.iter().filter_map(|(id, _, case)| Some((*id, case.facts.as_ref()?.customer_id))).collect();
    let mut connection = app.pool.acquire().await?;
    let readable = texts::read(&mut connection, &app.master, &of).await?;
    let says = |id: &Uuid| readable.get(id).is_some_and(|case| question.is_answered_by(&case.texts));
    Ok(cases.into_iter().filter(|(id, _, _)| says(id)).collect())
}

#[derive(FromRow)]
struct Hit {
    #[sqlx(flatten)]
    case: CaseRow,
    recorded_at: i64,
}

struct Asked<'a> {
    tokens: Vec<i32>,
    filter: &'a Filter,
}

/// The newest, looked at one by one; each is looked up by its key only when its tokens fit.
const NEWEST_FIRST: &str = "-- case_search.newest
    select c.id, c.version, c.state::text as state, s.recorded_at
    from (select case_id, recorded_at, tokens from case_search
          where ($1::bigint is null or (recorded_at, case_id) < ($1, $2::uuid)) and recorded_at >= $3 and recorded_at < $4
          order by recorded_at desc, case_id desc limit $10) as s
    cross join lateral (select id, version, state, status, assigned_to from case_file where id = s.case_id offset 0) as c
    where s.tokens @> $5 and ($6::text is null or c.status = $6)
      and ($7::text is null or c.assigned_to = $7) and (not $8 or c.assigned_to is null)
    order by s.recorded_at desc, s.case_id desc limit $9";

/// All that have the tokens, put in order; nothing is read in the order of time in the hope of meeting them soon.
const OLDER_BY_TOKEN: &str = "-- case_search.older_by_token
    with hit as materialized (
      select case_id, recorded_at from case_search
      where tokens @> $5 and (recorded_at, case_id) < ($1::bigint, $2::uuid) and recorded_at >= $3 and recorded_at < $4)
    select c.id, c.version, c.state::text as state, s.recorded_at
    from (select * from hit order by recorded_at desc, case_id desc) as s
    cross join lateral (select id, version, state, status, assigned_to from case_file where id = s.case_id offset 0) as c
    where ($6::text is null or c.status = $6)
      and ($7::text is null or c.assigned_to = $7) and (not $8 or c.assigned_to is null)
    order by s.recorded_at desc, s.case_id desc limit $9";

/// Without tokens there is only how the case stands, and the table of cases knows that best.
const OLDER: &str = "-- case_search.older
    select c.id, c.version, c.state::text as state, s.recorded_at
    from case_search s join case_file c on c.id = s.case_id
    where (s.recorded_at, s.case_id) < ($1::bigint, $2::uuid) and s.recorded_at >= $3 and s.recorded_at < $4
      and s.tokens @> $5 and ($6::text is null or c.status = $6)
      and ($7::text is null or c.assigned_to = $7) and (not $8 or c.assigned_to is null)
    order by s.recorded_at desc, s.case_id desc limit $9";

impl Asked<'_> {
    async fn gather(&self, pool: &PgPool, limit: i64, after: Option<Place>) -> Result<Vec<Hit>, Fault> {
        let (mut hits, mut place) = (Vec::new(), after);
        let full = usize::try_from(limit).unwrap_or_default();
        for window in NEWEST {
            hits.extend(self.ask(pool, NEWEST_FIRST, missing(limit, &hits), place, window).await?);
            if hits.len() >= full {
                return Ok(hits);
            }
            place = self.looked_to(pool, window, place).await?;
            if place.is_none() {
                return Ok(hits);
            }
            if hits.len() * A_FIFTH < full {
                break;
            }
        }
        let statement = if self.tokens.is_empty() { OLDER } else { OLDER_BY_TOKEN };
        hits.extend(self.ask(pool, statement, missing(limit, &hits), place, 0).await?);
        Ok(hits)
    }

    /// `window`: how many of the newest are looked at; all by the other statements.
    async fn ask(
        &self,
        pool: &PgPool,
        statement: &'static str,
        limit: i64,
        after: Option<Place>,
        window: i64,
    ) -> Result<Vec<Hit>, Fault> {
        let (from, to) = self.bounds();
        let asked = sqlx::query_as(statement)
            .bind(after.map(|(at, _)| at))
            .bind(after.map(|(_, id)| id))
            .bind(from)
            .bind(to)
            .bind(&self.tokens)
            .bind(self.filter.status.as_deref())
            .bind(self.filter.assigned_to.as_deref())
            .bind(self.filter.unassigned)
            .bind(limit);
        let asked = if window > 0 { asked.bind(window) } else { asked };
        Ok(asked.fetch_all(pool).await?)
    }

    /// The last of the newest that were looked at; none where there are no more.
    async fn looked_to(&self, pool: &PgPool, window: i64, after: Option<Place>) -> Result<Option<Place>, Fault> {
        let (from, to) = self.bounds();
        let last = sqlx::query_as(
            "-- case_search.looked_to
             select recorded_at, case_id from case_search
             where ($1::bigint is null or (recorded_at, case_id) < ($1, $2::uuid)) and recorded_at >= $3 and recorded_at < $4
             order by recorded_at desc, case_id desc offset $5 limit 1",
        )
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(from)
        .bind(to)
        .bind(window - 1);
        Ok(last.fetch_optional(pool).await?)
    }

    fn bounds(&self) -> (i64, i64) {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_microsecond);
        (micros(self.filter.from).unwrap_or(i64::MIN), micros(self.filter.to).unwrap_or(i64::MAX))
    }
}

fn missing(limit: i64, hits: &[Hit]) -> i64 {
    limit - i64::try_from(hits.len()).unwrap_or(limit)
}
