//! The gRPC door: requests are checked for shape and bounds, all wrong fields named at once, and handed on. No rules.
use backbone::{Change, Clock, Fault, Road, Row, Unit, Violation, page::Page, proto};
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
/// No customer answered before this.
const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;
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
        let actor = backbone::actor(&request)?;
        let key = backbone::key(&request, "scheduling.record_answer", &request.get_ref().encode_to_vec())?;
        let now = self.clock.now();
        let given = Given::read(request.into_inner(), now)?;
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
            .actor(actor)
            .key(key)
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
        let id = proto::id("follow_up_id", &request.get_ref().follow_up_id)?;
        let stored = store::get(&self.pool, id).await?.ok_or_else(|| Fault::not_found("follow_up", id))?;
        let comment = store::comment(&self.pool, id).await?;
        Ok(Response::new(GetFollowUpResponse { follow_up: Some(view(&stored)), comment }))
    }

    async fn list_follow_ups(
        &self,
        request: Request<ListFollowUpsRequest>,
    ) -> Result<Response<ListFollowUpsResponse>, Status> {
        let List { status, purchase_id, page, after } = List::read(request.into_inner())?;
        let rows = match (purchase_id, status.as_deref()) {
            (Some(purchase), status) => store::of_purchase(&self.pool, purchase, status, after, page.limit()).await?,
            (None, Some(status)) => store::in_status(&self.pool, status, after, page.limit()).await?,
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

/// Collects what is wrong with a request, so that all of it is said at once.
#[derive(Default)]
struct Checks(Vec<Violation>);

impl Checks {
    fn wrong<T>(&mut self, field: &str, reason: impl Into<String>) -> Option<T> {
        self.0.push(Violation { field: field.to_owned(), reason: reason.into() });
        None
    }

    fn see<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.0.extend_from_slice(fault.violations())).ok()
    }

    /// What was read, or everything that is wrong.
    fn done<T>(self, read: Option<T>) -> Result<T, Fault> {
        read.filter(|_| self.0.is_empty()).ok_or(Fault::fields(self.0))
    }
}

/// What an answer is about.
enum About {
    FollowUp(Uuid),
    Purchase(Uuid),
}

/// An answer within bounds.
struct Given {
    about: About,
    score: Score,
    discomfort: bool,
    comment: String,
    answered_at: Option<Timestamp>,
}

impl Given {
    fn read(request: RecordAnswerRequest, now: Timestamp) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let about = match (request.follow_up_id.as_str(), request.purchase_id.as_str()) {
            ("", "") => checks.wrong("follow_up_id", "give follow_up_id or purchase_id"),
            (id, "") => checks.see(proto::id("follow_up_id", id)).map(About::FollowUp),
            ("", id) => checks.see(proto::id("purchase_id", id)).map(About::Purchase),
            (_, _) => checks.wrong("purchase_id", "give follow_up_id or purchase_id, not both"),
        };
        let score = Score::try_from(request.score).map_err(|error| Fault::invalid("score", error.to_string()));
        let score = checks.see(score);
        if request.comment.chars().count() > COMMENT_CHARS_MAX {
            checks.wrong::<()>("comment", format!("must not be longer than {COMMENT_CHARS_MAX} characters"));
        }
        if request.comment.contains('\0') {
            checks.wrong::<()>("comment", "must not contain the character NUL");
        }
        let answered_at = checks.see(proto::instant("answered_at", request.answered_at.as_ref()));
        if answered_at.flatten().is_some_and(|at| at < EARLIEST || at > now) {
            checks.wrong::<()>("answered_at", format!("must be between {EARLIEST} and now, which is {now}"));
        }
        let read = about.zip(score).zip(answered_at).map(|((about, score), answered_at)| Given {
            about,
            score,
            discomfort: request.discomfort,
            comment: request.comment,
            answered_at,
        });
        checks.done(read)
    }
}

/// A list within bounds: a status, a purchase, or both.
struct List {
    status: Option<String>,
    purchase_id: Option<Uuid>,
    page: Page,
    after: store::After,
}

impl List {
    fn read(request: ListFollowUpsRequest) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let left_out = request.status.is_empty() && !request.purchase_id.is_empty();
        if !left_out && !STATUSES.contains(&request.status.as_str()) {
            let all = STATUSES.join(", ");
            checks.wrong::<()>("status", format!("must be one of {all}; may be left out when a purchase is named"));
        }
        let purchase_id = checks.see(proto::optional_id("purchase_id", &request.purchase_id));
        let page = request.page.unwrap_or_default();
        let page = checks.see(Page::from_request(page.size, &page.token));
        let after = page.as_ref().and_then(Page::after).map(|(key, id)| {
            let window_end = key.parse().ok().filter(|window_end| *window_end >= EARLIEST);
            let wrong = || Fault::invalid("page.token", "is not a token of an earlier answer");
            window_end.map(|window_end| (window_end, id)).ok_or_else(wrong)
        });
        let after = checks.see(after.transpose());
        let status = (!request.status.is_empty()).then_some(request.status);
        let read = purchase_id.zip(page).zip(after).map(|((purchase_id, page), after)| List {
            status,
            purchase_id,
            page,
            after,
        });
        checks.done(read)
    }
}
