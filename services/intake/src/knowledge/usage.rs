//! What articles were good for, and what is missing: counted from the cases themselves, found by the index of searching.
use backbone::Fault;
use contracts::intake::v1::{ArticleUse, GetKnowledgeUseResponse};
use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::gaps;
use crate::{
    app::App,
    domain::{
        knowledge::CHATS,
        vocabulary::{CaseClass, Channel},
    },
    search,
};

/// The most enquiries without an article that are named, and of which the words are counted.
const GAPS_MAX: usize = 50;
const GAPS_READ: i64 = 500;

#[derive(FromRow)]
struct Used {
    article: Option<String>,
    version: Option<i32>,
    cases: i64,
    helpful: i64,
    not_helpful: i64,
    closed: i64,
    /// Of those without an article, on channels where one could have been offered.
    gaps: i64,
}

/// Enquiries that were taken in between two instants, by the article they were offered.
pub async fn between(app: &App, from: Timestamp, before: Timestamp) -> Result<GetKnowledgeUseResponse, Fault> {
    let enquiry = search::facets(&app.master, None, Some(CaseClass::Enquiry), None);
    let (from_at, before_at) = (from, before);
    let (from, before) = (from.as_microsecond(), before.as_microsecond());
    let chats = CHATS.map(Channel::word);
    let used: Vec<Used> = sqlx::query_as(
        "-- case_file.knowledge_use
         select c.state->'offer'->'article'->>'id' as article, (c.state->'offer'->'article'->>'version')::int as version,
           count(*) as cases, count(*) filter (where c.state->'offer'->>'helpful' = 'true') as helpful,
           count(*) filter (where c.state->'offer'->>'helpful' = 'false') as not_helpful,
           count(*) filter (where c.state->'state'->>'outcome' = 'answered_from_knowledge') as closed,
           count(*) filter (where c.state->'offer' is null and c.state->'facts'->>'channel' = any($4)) as gaps
         from case_search s join case_file c on c.id = s.case_id
         where s.recorded_at >= $1 and s.recorded_at < $2 and s.tokens @> $3
         group by 1, 2 order by 1, 2",
    )
    .bind(from)
    .bind(before)
    .bind(&enquiry)
    .bind(chats.as_slice())
    .fetch_all(&app.pool)
    .await?;
    let gaps: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "-- case_file.knowledge_gaps
         select c.id, (c.state->'facts'->>'customer_id')::uuid from case_search s join case_file c on c.id = s.case_id
         where s.recorded_at >= $1 and s.recorded_at < $2 and s.tokens @> $3
           and c.state->'offer' is null and c.state->'facts'->>'channel' = any($4)
         order by s.recorded_at desc, s.case_id desc limit $5",
    )
    .bind(from)
    .bind(before)
    .bind(&enquiry)
    .bind(chats.as_slice())
    .bind(GAPS_READ)
    .fetch_all(&app.pool)
    .await?;
    let asked = gaps::asked(app, from_at, before_at).await?;
    let sum = |of: fn(&Used) -> i64| used.iter().map(of).sum::<i64>().unsigned_abs();
    Ok(GetKnowledgeUseResponse {
        enquiries: sum(|used| used.cases),
        offered: sum(|used| if used.article.is_some() { used.cases } else { 0 }),
        deflected: sum(|used| used.closed),
        gaps: sum(|used| used.gaps),
        gap_words: gaps::shared_words(app, &gaps).await?,
        gap_case_ids: gaps.iter().take(GAPS_MAX).map(|(case, _)| case.to_string()).collect(),
        asked_in_vain: asked.classes,
        asked_words: asked.words,
        articles: used.into_iter().filter_map(article).collect(),
    })
}

fn article(used: Used) -> Option<ArticleUse> {
    Some(ArticleUse {
        article_id: used.article?,
        version: u32::try_from(used.version?).ok()?,
        offered: used.cases.unsigned_abs(),
        helpful: used.helpful.unsigned_abs(),
        not_helpful: used.not_helpful.unsigned_abs(),
    })
}
