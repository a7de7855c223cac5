//! `GET /v1/knowledge`, for customers, by whatever page or chat they read it in; and what they say of an answer.
use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode},
    routing::{get, post},
};
use backbone::{Change, Fault, Unit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::articles::{Article, Audience};
use crate::{
    api::customer_of,
    app::{App, channel_actor},
    domain::{
        case::{Case, Command},
        vocabulary::CaseClass,
    },
    health::{heard, heard_first},
    rest::{CaseView, Checks, Problem, json_body, shape},
    store,
    vault::text_row,
};

/// The routes.
pub fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/knowledge", get(find))
        .route("/v1/knowledge/{id}", get(article))
        .route("/v1/cases/{id}/verdict", post(judge))
        .with_state(app)
}

/// An article as customers see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shown {
    #[schema(example = "storage")]
    pub article_id: String,
    pub version: u32,
    pub title: String,
    pub answer: String,
    /// Where a person is asked; always there on sensitive subjects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consultation: Option<String>,
    /// Allergies, use in special periods and the like.
    pub sensitive: bool,
}

impl Shown {
    fn of(article: &Article) -> Self {
        let Article { id, version, title, answer, consultation, sensitive, .. } = article.clone();
        Self { article_id: id, version, title, answer, consultation, sensitive }
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    /// The nearest first; none where the question speaks of harm.
    pub articles: Vec<Shown>,
    /// The question is one for a person: it speaks of harm, or nothing was found.
    pub ask_a_person: bool,
    /// Where a person is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// Finds articles for a question.
///
/// The question is not kept; where nothing was found, its words are counted. What speaks of harm is answered by no article.
#[utoipa::path(get, path = "/v1/knowledge", tag = "knowledge",
    params(("q" = String, Query, description = "The question, 1 to 200 characters"),
           ("product" = Option<String>, Query, description = "What it is about")),
    responses((status = 200, description = "What was found", body = Found),
              (status = 422, description = "No question", body = Problem)))]
pub async fn find(State(app): State<Arc<App>>, request: Request<Body>) -> Result<Json<Found>, Problem> {
    let query: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let given = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut checks = Checks::new(Vec::new(), app.clock.now());
    let question = checks.required_word("q", given("q"), 200);
    let product = checks.word("product", given("product"), 100);
    let wrong = checks.into_wrong();
    let Some(question) = question.filter(|_| wrong.is_empty()) else { return Err(Problem::fields(wrong)) };
    let heard = app.classifier.classify(&question, None, None, None);
    let harm = heard.severity > 0 || heard.class == CaseClass::Discomfort;
    let found = if harm { vec![] } else { app.knowledge.find(&question, product.as_deref(), Audience::Customers) };
    let articles: Vec<Shown> = found.into_iter().map(Shown::of).collect();
    if articles.is_empty() && !harm {
        app.gaps.note(&question, heard.class, app.clock.now());
    }
    Ok(Json(Found { ask_a_person: articles.is_empty(), articles, person: app.person.clone() }))
}

/// One article.
#[utoipa::path(get, path = "/v1/knowledge/{id}", tag = "knowledge",
    params(("id" = String, Path, description = "The article's id")),
    responses((status = 200, description = "The article as it is now", body = Shown),
              (status = 404, description = "There is no such article for customers", body = Problem)))]
pub async fn article(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Shown>, Problem> {
    let article = app.knowledge.get(&id, Audience::Customers);
    Ok(Json(article.map(Shown::of).ok_or_else(|| Fault::not_found("article", id))?))
}

/// What a customer says of the article that was offered.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// It answered the question: the case ends. Otherwise a person goes on with all that was said.
    #[schema(required)]
    pub helpful: Option<bool>,
    /// What else the customer said, at most 4,000 characters; kept with the case.
    #[schema(max_length = 4000)]
    pub content: Option<String>,
}

/// Judges the article that a case was offered.
#[utoipa::path(post, path = "/v1/cases/{id}/verdict", tag = "knowledge", request_body = Judgement,
    params(("id" = String, Path, description = "The case's id")),
    responses((status = 200, description = "The case as it is now; a repeat changes nothing", body = CaseView),
              (status = 404, description = "There is no such case", body = Problem),
              (status = 409, description = "Nothing was offered, or it was judged otherwise", body = Problem),
              (status = 422, description = "Fields are missing or wrong", body = Problem)))]
pub async fn judge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<CaseView>), Problem> {
    let id: Uuid = id.parse().map_err(|_| Fault::invalid("id", "is not a UUID"))?;
    let text = json_body(request).await?;
    let shaped = shape::<Judgement>(&text).map_err(|wrong| {
        Problem::new(StatusCode::BAD_REQUEST, "request.not_json", format!("the body {}", wrong.reason))
    })?;
    let mut checks = Checks::new(shaped.wrong, app.clock.now());
    let helpful = checks.required("helpful", shaped.document.helpful, "say true or false");
    let content = checks.prose("content", shaped.document.content.as_deref(), 4000);
    let wrong = checks.into_wrong();
    let Some(helpful) = helpful.filter(|_| wrong.is_empty()) else { return Err(Problem::fields(wrong)) };
    let found = store::case(&app.pool, id).await?;
    let customer = customer_of(&found)?;
    let channel = found.2.facts.as_ref().map(|facts| facts.channel);
    let judge = Change::to::<Case>(id, Command::Judge { helpful, levels: Arc::clone(&app.levels) });
    let words = content.as_deref().map(|content| {
        let key = app.master.new_key(customer)?;
        text_row(&key, id, &part(&found.2, content), content)
    });
    let words = words.transpose()?;
    let finish = |unit: Unit| {
        let unit = channel.into_iter().fold(unit, |unit, channel| unit.actor(channel_actor(channel)));
        words.iter().cloned().fold(unit, Unit::row)
    };
    let harm = heard(&app, id, content.as_deref().unwrap_or_default());
    if let Err(fault) = app.road.submit(finish(heard_first(harm.clone(), judge))).await {
        // What it says of harm counts whatever becomes of the verdict.
        if let Some(harm) = harm {
            app.road.submit(finish(Unit::of(harm))).await?;
        }
        return Err(fault.into());
    }
    let (_, version, case) = store::case(&app.pool, id).await?;
    let view = CaseView::of(version, &case, &app.minimum, None).ok_or_else(|| Fault::not_found("case", id))?;
    Ok((StatusCode::OK, Json(view)))
}

/// The part what is said besides is kept as. Told again with other words it is one more: what the first said stays.
fn part(case: &Case, words: &str) -> String {
    let again = case.offer.as_ref().is_some_and(|offer| offer.helpful.is_some());
    if again { format!("said_again_{}", kernel::id::derived("verdict", &[words])) } else { "said_1".to_owned() }
}
