//! The gRPC door: requests are checked for shape and bounds, all wrong fields named at once, and handed on. No rules.
use backbone::{
    Actor, Change, Checks, Clock, Fault, IdempotencyKey, Road, Row, Unit,
    page::{Page, by_time},
};
use contracts::{
    Message,
    common::v1::{Count, Receipt},
    scheduling::v1::{
        GetFollowUpRequest, GetFollowUpResponse, GetOverviewRequest, GetOverviewResponse, ListFollowUpsRequest,
        ListFollowUpsResponse, RecordAnswerRequest, scheduling_server::Scheduling,
    },
};
use jiff::Timestamp;
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    domain::follow_up::{Command, FollowUp, Score},
    store::{self, Stored},
    wire,
};

const COMMENT_CHARS_MAX: usize = 4_000;
const STATUSES: [&str; 4] = ["planned", "due", "completed", "missed"];

/// Answers and lists.
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    pub clock: Clock,
    /// Scores up to this one are problems.
    pub problem_score: Score,
}

#[tonic::async_trait]
impl Scheduling for Api {
    async fn record_answer(&self, request: Request<RecordAnswerRequest>) -> Result<Response<Receipt>, Status> {
        let now = self.clock.now();
        let given = Given::read(request, now)?;
        let id = match given.about {
            About::FollowUp(id) => id,
            About::Purchase(id) => store::for_answer(&self.pool, id, given.answered_at.unwrap_or(now))
                .await?
                .ok_or_else(|| Fault::not_found("follow_up", format!("for purchase {id}")))?,
        };
        let commented = !given.comment.trim().is_empty();
        let command = Command::RecordAnswer {
            score: given.score,
            discomfort: given.discomfort,
            commented,
            answered_at: given.answered_at,
            problem_score: self.problem_score,
        };
        let mut unit = Unit::of(Change::to::<FollowUp>(id, command))
            .actor(given.actor)
            .key(given.key)
            .answer::<FollowUp>(|id, version, follow_up| wire::receipt(id, version, follow_up).encode_to_vec());
        if commented {
            unit = unit.row(Row::new(store::KEEP_TEXT, id).with(store::COMMENT.to_owned()).with(given.comment));
        }
        let answer = self.road.submit(unit).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }

    async fn get_follow_up(
        &self,
        request: Request<GetFollowUpRequest>,
    ) -> Result<Response<GetFollowUpResponse>, Status> {
        let mut checks = Checks::default();
        let id = checks.id("follow_up_id", &request.get_ref().follow_up_id);
        let Some(id) = id else { return Err(checks.fault().into()) };
        let stored = store::get(&self.pool, id).await?.ok_or_else(|| Fault::not_found("follow_up", id))?;
        let comment = store::comment(&self.pool, id).await?;
        Ok(Response::new(GetFollowUpResponse { follow_up: Some(view(&stored)), comment }))
    }

    async fn list_follow_ups(
        &self,
        request: Request<ListFollowUpsRequest>,
    ) -> Result<Response<ListFollowUpsResponse>, Status> {
        let List { status, purchase_id, flagged, page, after } = List::read(request.get_ref())?;
        let rows = match (purchase_id, status.as_deref()) {
            (Some(purchase), status) => {
                store::of_purchase(&self.pool, purchase, status, flagged, after, page.limit()).await?
            }
            (None, Some(status)) => store::in_status(&self.pool, status, flagged, after, page.limit()).await?,
            (None, None) => Vec::new(),
        };
        let place = |row: &Stored| {
            let end = row.follow_up.obligation.as_ref().map(|owed| owed.window.end.to_string());
            (end.unwrap_or_default(), row.id)
        };
        Ok(Response::new(ListFollowUpsResponse {
            next_page_token: page.next(&rows, place),
            follow_ups: rows.iter().map(view).collect(),
        }))
    }

    async fn get_overview(&self, _: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let tallies = store::overview(&self.pool, self.clock.now()).await?;
        Ok(Response::new(GetOverviewResponse {
            late: tallies.iter().map(|tally| tally.late.unsigned_abs()).sum(),
            follow_ups: tallies
                .into_iter()
                .map(|tally| Count { key: tally.status, count: tally.count.unsigned_abs() })
                .collect(),
        }))
    }
}

fn view(stored: &Stored) -> contracts::scheduling::v1::FollowUpView {
    wire::view(stored.id, stored.version, &stored.follow_up)
}

/// What an answer is about.
enum About {
    FollowUp(Uuid),
    Purchase(Uuid),
}

/// An answer within bounds, and who brings it.
struct Given {
    actor: Actor,
    key: Option<IdempotencyKey>,
    about: About,
    score: Score,
    discomfort: bool,
    comment: String,
    answered_at: Option<Timestamp>,
}

impl Given {
    fn read(request: Request<RecordAnswerRequest>, now: Timestamp) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let key = checks.key(&request, "scheduling.record_answer");
        let request = request.into_inner();
        let about = match (request.follow_up_id.as_str(), request.purchase_id.as_str()) {
            ("", "") => checks.value("follow_up_id", Err("give follow_up_id or purchase_id")),
            (id, "") => checks.id("follow_up_id", id).map(About::FollowUp),
            ("", id) => checks.id("purchase_id", id).map(About::Purchase),
            (_, _) => checks.value("purchase_id", Err("give follow_up_id or purchase_id, not both")),
        };
        let score = checks.value("score", Score::try_from(request.score));
        let comment = checks.text("comment", &request.comment, 0..=COMMENT_CHARS_MAX).map(str::to_owned);
        let answered_at = checks.instant("answered_at", request.answered_at.as_ref()).and_then(|at| {
            let ahead = at.is_some_and(|at| at > now);
            checks.value("answered_at", if ahead { Err(format!("must not be after now, {now}")) } else { Ok(at) })
        });
        let (Some(actor), Some(key), Some(about), Some(score), Some(comment), Some(answered_at)) =
            (actor, key, about, score, comment, answered_at)
        else {
            return Err(checks.fault());
        };
        Ok(Self { actor, key, about, score, discomfort: request.discomfort, comment, answered_at })
    }
}

/// A list within bounds: a status, a purchase, or both.
struct List {
    status: Option<String>,
    purchase_id: Option<Uuid>,
    flagged: bool,
    page: Page,
    after: store::After,
}

impl List {
    fn read(request: &ListFollowUpsRequest) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let status = if request.purchase_id.is_empty() {
            checks.one_of("status", &request.status, &STATUSES).map(Some)
        } else {
            checks.optional_of("status", &request.status, &STATUSES)
        };
        let purchase_id = checks.optional_id("purchase_id", &request.purchase_id);
        let page = checks.page(request.page.as_ref(), by_time);
        let (Some(status), Some(purchase_id), Some((page, after))) = (status, purchase_id, page) else {
            return Err(checks.fault());
        };
        Ok(Self { status: status.map(str::to_owned), purchase_id, flagged: request.flagged, page, after })
    }
}
