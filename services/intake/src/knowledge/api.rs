//! The gRPC door to knowledge, for agents. No rules.
use std::sync::Arc;

use backbone::{Change, Checks, Unit};
use contracts::{
    common::v1::Receipt,
    intake::v1::{
        Article as Shown, FindArticlesRequest, FindArticlesResponse, GetKnowledgeUseRequest, GetKnowledgeUseResponse,
        JudgeAnswerRequest, knowledge_server::Knowledge,
    },
};
use jiff::SignedDuration;
use tonic::{Request, Response, Status};

use super::{
    articles::{Article, Audience},
    usage,
};
use crate::{
    api::submit,
    app::App,
    domain::case::{Case, Command},
};

/// The longest time use is counted over.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 400);

/// The service.
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl Knowledge for Api {
    async fn find_articles(
        &self,
        request: Request<FindArticlesRequest>,
    ) -> Result<Response<FindArticlesResponse>, Status> {
        let mut checks = Checks::default();
        let r = request.get_ref();
        let question = checks.text("question", r.question.trim(), 1..=200);
        let product = checks.text("product_id", &r.product_id, 0..=100);
        let (Some(question), Some(product)) = (question, product) else { return Err(checks.fault().into()) };
        let product = Some(product).filter(|product| !product.is_empty());
        let articles = self.0.knowledge.find(question, product, Audience::Agents);
        Ok(Response::new(FindArticlesResponse { articles: articles.into_iter().map(shown).collect() }))
    }

    async fn judge_answer(&self, request: Request<JudgeAnswerRequest>) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "judge_answer");
        let id = checks.id("case_id", &request.get_ref().case_id);
        let (Some(actor), Some(key), Some(id)) = (actor, key, id) else { return Err(checks.fault().into()) };
        let judge = Command::Judge { helpful: request.get_ref().helpful, levels: Arc::clone(&self.0.levels) };
        submit(&self.0, Unit::of(Change::to::<Case>(id, judge)).actor(actor).key(key)).await
    }

    async fn get_knowledge_use(
        &self,
        request: Request<GetKnowledgeUseRequest>,
    ) -> Result<Response<GetKnowledgeUseResponse>, Status> {
        let mut checks = Checks::default();
        let from = checks.required("from", request.get_ref().from.as_ref());
        let before = checks.required("before", request.get_ref().before.as_ref());
        if let (Some(from), Some(before)) = (from, before)
            && (before <= from || before.duration_since(from) > LONGEST)
        {
            checks.wrong("before", "must be after from, by 400 days at most");
            return Err(checks.fault().into());
        }
        let (Some(from), Some(before)) = (from, before) else { return Err(checks.fault().into()) };
        Ok(Response::new(usage::between(&self.0, from, before).await?))
    }
}

fn shown(article: &Article) -> Shown {
    let Article { id, version, title, answer, product, category, consultation, sensitive, audience, .. } =
        article.clone();
    Shown {
        article_id: id,
        version,
        title,
        answer,
        product_id: product.unwrap_or_default(),
        category: category.unwrap_or_default(),
        internal: audience == Audience::Agents,
        sensitive,
        consultation: consultation.unwrap_or_default(),
    }
}
