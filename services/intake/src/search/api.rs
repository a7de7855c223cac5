//! The gRPC door to searching: request to question. No rules.
use std::sync::Arc;

use backbone::{Checks, Fault};
use contracts::intake::v1::{
    CaseFilter, RebuildSearchRequest, RebuildSearchResponse, SearchCasesRequest, SearchCasesResponse,
    case_search_server::CaseSearch,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    find::{self, Filter, Place},
    words::Question,
};
use crate::{
    api::view,
    app::App,
    desk::{A_PERSON, person},
    domain::tags,
    views::A_TAG,
    wire,
};

/// How far a case can have come.
const STATUSES: [&str; 7] = ["routed", "responded", "awaiting_info", "closed", "rejected", "reopened", "merged"];

/// The service.
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl CaseSearch for Api {
    async fn search_cases(
        &self,
        request: Request<SearchCasesRequest>,
    ) -> Result<Response<SearchCasesResponse>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let r = request.get_ref();
        let page = checks.page(r.page.as_ref(), place);
        let words = checks.text("words", r.words.trim(), 0..=100);
        let question = match words {
            None | Some("") => words.map(|_| None),
            Some(words) => checks.value("words", Question::parse(words)).map(Some),
        };
        let filter = filter(&mut checks, r.filter.as_ref().unwrap_or(&CaseFilter::default()));
        let (Some(_), Some((page, after)), Some(question), Some(filter)) = (actor, page, question, filter) else {
            return Err(checks.fault().into());
        };
        let (cases, next_page_token) = find::find(&self.0, question.as_ref(), &filter, &page, after).await?;
        let cases = cases.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Response::new(SearchCasesResponse { cases, next_page_token }))
    }

    async fn rebuild_search(
        &self,
        request: Request<RebuildSearchRequest>,
    ) -> Result<Response<RebuildSearchResponse>, Status> {
        let mut checks = Checks::default();
        let Some(actor) = checks.actor(&request) else { return Err(checks.fault().into()) };
        let events = sqlx::query_scalar(
            "-- case_search_mark.rewind
             update case_search_mark set seq = 0 returning (select coalesce(max(seq), 0) from journal)",
        );
        let events: i64 = events.fetch_one(&self.0.pool).await.map_err(Fault::from)?;
        tracing::info!(actor = actor.as_str(), events, "the index of cases is made anew");
        Ok(Response::new(RebuildSearchResponse { events: events.unsigned_abs() }))
    }
}

/// What is asked of the cases beside their words.
pub fn filter(checks: &mut Checks, asked: &CaseFilter) -> Option<Filter> {
    let status = checks.optional_of("filter.status", &asked.status, &STATUSES);
    let store = checks.text("filter.store_id", &asked.store_id, 0..=100);
    let from = checks.instant("filter.recorded_from", asked.recorded_from.as_ref());
    let to = checks.instant("filter.recorded_before", asked.recorded_before.as_ref());
    let assigned_to = match (asked.assigned_to.as_str(), asked.unassigned) {
        ("", _) => Ok(None),
        (_, true) => Err("cannot be asked for together with unassigned; leave one of them out"),
        (text, false) => person(text).map(Some).ok_or(A_PERSON),
    };
    let assigned_to = checks.value("filter.assigned_to", assigned_to);
    let tag = match asked.tag.as_str() {
        "" => Some(None),
        text => checks.value("filter.tag", tags::tag(text).ok_or(A_TAG)).map(Some),
    };
    Some(Filter {
        status: status?.map(str::to_owned),
        class: wire::class_of(asked.class()),
        channel: wire::channel_of(asked.channel()),
        store: store.map(|store| Some(store.to_owned()).filter(|store| !store.is_empty()))?,
        from: from?,
        to: to?,
        assigned_to: assigned_to?,
        unassigned: asked.unassigned,
        tag: tag?,
    })
}

/// Reads it from a page token.
fn place(key: &str, id: Uuid) -> Option<Place> {
    key.parse().ok().map(|at| (at, id))
}
