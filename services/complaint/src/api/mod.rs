//! The gRPC door: request -> command -> road, or query -> response. Every call says who acts; a repeated call with its
//! idempotency key gets its first answer. No rules here.
mod improvement;
mod lists;
mod read;
mod suggestion;

use std::sync::Arc;

use backbone::{Actor, Aggregate, Change, Checks, Clock, Fault, Road, Row, Unit};
use contracts::{
    Message,
    common::v1::Receipt,
    complaint::v1::{complaints_server::Complaints, *},
};
use kernel::{approval, sla::Levels};
use sqlx::PgPool;
use tonic::{Request, Response};
use uuid::Uuid;

use crate::{
    config::Policy,
    domain::{
        Command, department_task, escalation,
        posts::{NotAllowed, Posts},
    },
    wire::Status,
};
use read::Wish;

/// What the door needs.
#[derive(Clone)]
pub struct Api {
    pub pool: PgPool,
    pub road: Road,
    pub clock: Clock,
    pub policy: Arc<Policy>,
}

/// What a post may be allowed: every command, and reading what people wrote.
pub const COMMANDS: [&str; 60] = [
    "get_complaint",
    "assess",
    "start_investigation",
    "ask_department",
    "conclude_investigation",
    "draft_solution",
    "submit_solution",
    "approve_solution",
    "return_solution",
    "offer_solution",
    "record_consent",
    "record_decline",
    "complete_remedy",
    "report_remedy_deviation",
    "record_process_deviation",
    "record_satisfaction",
    "tell_progress",
    "tell_result",
    "record_unreached",
    "withdraw",
    "appeal",
    "retarget_complaint",
    "approve_retarget",
    "reject_retarget",
    "hold_complaint",
    "release_hold",
    "get_task",
    "acknowledge_task",
    "forward_task",
    "answer_task",
    "accept_answer",
    "return_answer",
    "redrive_webhook",
    "raise_escalation",
    "acknowledge_escalation",
    "decide_escalation",
    "close_escalation",
    "get_improvement",
    "propose_improvement",
    "accept_improvement",
    "decline_improvement",
    "start_improvement_work",
    "attach_reporter",
    "release_improvement",
    "record_reporter_informed",
    "suppress_reporter",
    "judge_improvement",
    "reopen_improvement",
    "get_suggestion",
    "record_suggestion",
    "screen_suggestion",
    "merge_suggestion",
    "evaluate_suggestion",
    "adopt_suggestion",
    "decline_suggestion",
    "record_suggestion_implemented",
    "measure_suggestion_effect",
    "reward_suggestion",
    "record_suggester_informed",
    "suppress_suggester",
];

/// Words are kept in a table of their own, in the transaction of the command they came with.
const WRITE_NOTE: &str = "-- note.write
    note_written as (
      insert into private_text (owner, field, body, written_by, written_at)
      select owner, field, body, written_by, written_at
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
           as r(owner, field, body, written_by, written_at))";

fn receipt<A: Aggregate + Status>(id: Uuid, version: u64, state: &A) -> Vec<u8> {
    Receipt { id: id.to_string(), version, status: state.status().to_owned() }.encode_to_vec()
}

impl Api {
    /// Who acts, if a post of theirs may give the command. Errors: none may (R-ROL-14); nobody is named is noted in
    /// `checks`.
    fn actor<R>(&self, checks: &mut Checks, request: &Request<R>, command: &str) -> Result<Option<Actor>, Fault> {
        let actor = checks.actor(request);
        let denied = |refused: NotAllowed| Fault::denied(Posts::CODE, refused.to_string());
        actor.iter().try_for_each(|actor| self.policy.posts.allow(actor.as_str(), command)).map_err(denied)?;
        Ok(actor)
    }

    /// Who acts on an escalation, and how high they reach (R-CMP-12, R-ROL-07).
    fn who(&self, by: &str) -> escalation::Who {
        escalation::Who { by: by.to_owned(), reach: self.policy.posts.reach(by) }
    }

    fn levels(&self) -> Arc<Levels> {
        Arc::clone(&self.policy.levels)
    }

    /// The way of every command: who acts, is the request well formed, down the road, receipt.
    async fn change<A, R>(
        &self,
        request: Request<R>,
        scope: &'static str,
        read: impl FnOnce(&mut Checks, &R, &str) -> Option<Wish<A>> + Send,
    ) -> Result<Response<Receipt>, Fault>
    where
        A: Aggregate + Status,
        R: Message + Send + Sync + 'static,
    {
        let mut checks = Checks::default();
        let actor = self.actor(&mut checks, &request, scope)?;
        let key = checks.key(&request, scope);
        let wish = read(&mut checks, request.get_ref(), actor.as_ref().map_or("", Actor::as_str));
        let (Some(actor), Some(key), Some(wish)) = (actor, key, wish) else { return Err(checks.fault()) };
        let Wish { id, command, notes } = wish;
        let (by, at) = (actor.as_str().to_owned(), self.clock.now());
        let row = |(owner, field, body): (Uuid, &str, String)| {
            Row::new(WRITE_NOTE, owner).with(field.to_owned()).with(body).with(by.clone()).with(at)
        };
        let unit = Unit::of(Change::to::<A>(id, command)).actor(actor).key(key).answer::<A>(receipt);
        let answer = self.road.submit(notes.into_iter().map(row).fold(unit, Unit::row)).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }
}

type Answer<T> = Result<Response<T>, tonic::Status>;

#[tonic::async_trait]
impl Complaints for Api {
    async fn assess(&self, request: Request<AssessRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "assess", |c, r, _| read::assess(c, r, &self.policy)).await?)
    }

    async fn start_investigation(&self, request: Request<StartInvestigationRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "start_investigation", |c, r, _| {
                read::complaint(c, &r.complaint_id, Command::StartInvestigation)
            })
            .await?)
    }

    async fn ask_department(&self, request: Request<AskDepartmentRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "ask_department", |c, r, _| read::ask_department(c, r, &self.policy)).await?)
    }

    async fn conclude_investigation(&self, request: Request<ConcludeInvestigationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "conclude_investigation", |c, r, _| read::conclude(c, r, &self.policy)).await?)
    }

    async fn draft_solution(&self, request: Request<DraftSolutionRequest>) -> Answer<Receipt> {
        // Nothing is read for whoever may not draft.
        let actor = self.actor(&mut Checks::default(), &request, "draft_solution")?;
        let others = match actor {
            Some(_) => self.comparables(request.get_ref()).await?,
            None => None,
        };
        Ok(self.change(request, "draft_solution", |c, r, by| read::draft(c, r, by, &self.policy, others)).await?)
    }

    async fn submit_solution(&self, request: Request<SubmitSolutionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "submit_solution", |c, r, _| read::submit(c, r, &self.policy)).await?)
    }

    async fn approve_solution(&self, request: Request<ApproveSolutionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "approve_solution", |c, r, by| read::approve(c, r, by, &self.policy)).await?)
    }

    async fn return_solution(&self, request: Request<ReturnSolutionRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &ReturnSolutionRequest, by: &str| read::return_solution(c, r, by, &self.policy);
        Ok(self.change(request, "return_solution", read).await?)
    }

    async fn offer_solution(&self, request: Request<OfferSolutionRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "offer_solution", |c, r, _| {
                read::complaint(c, &r.complaint_id, Command::OfferSolution { levels: self.levels() })
            })
            .await?)
    }

    async fn record_consent(&self, request: Request<RecordConsentRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_consent", |c, r, by| read::consent(c, r, by, &self.policy)).await?)
    }

    async fn record_decline(&self, request: Request<RecordDeclineRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_decline", |c, r, _| read::decline(c, r, &self.policy)).await?)
    }

    async fn complete_remedy(&self, request: Request<CompleteRemedyRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "complete_remedy", |c, r, _| read::complete_remedy(c, r)).await?)
    }

    async fn report_remedy_deviation(&self, request: Request<ReportRemedyDeviationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "report_remedy_deviation", |c, r, _| read::report_deviation(c, r)).await?)
    }

    async fn record_process_deviation(&self, request: Request<RecordProcessDeviationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_process_deviation", read::process_deviation).await?)
    }

    async fn record_satisfaction(&self, request: Request<RecordSatisfactionRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &RecordSatisfactionRequest, _: &str| read::satisfaction(c, r, &self.policy);
        Ok(self.change(request, "record_satisfaction", read).await?)
    }

    async fn tell_progress(&self, request: Request<TellProgressRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "tell_progress", |c, r, _| read::progress(c, r, &self.policy)).await?)
    }

    async fn tell_result(&self, request: Request<TellResultRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "tell_result", |c, r, _| read::tell_result(c, r, &self.policy)).await?)
    }

    async fn record_unreached(&self, request: Request<RecordUnreachedRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_unreached", |c, r, _| read::unreached(c, r)).await?)
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "withdraw", |c, r, _| read::withdraw(c, r, &self.policy)).await?)
    }

    async fn appeal(&self, request: Request<AppealRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "appeal", |c, r, _| read::appeal(c, r, &self.policy)).await?)
    }

    async fn retarget_complaint(&self, request: Request<RetargetComplaintRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &RetargetComplaintRequest, by: &str| read::retarget(c, r, by, &self.policy);
        Ok(self.change(request, "retarget_complaint", read).await?)
    }

    async fn approve_retarget(&self, request: Request<ApproveRetargetRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &ApproveRetargetRequest, by: &str| {
            let judgement = approval::Command::Approve { by: by.to_owned() };
            read::judge_retarget(c, (&r.complaint_id, r.number), judgement, &self.policy)
        };
        Ok(self.change(request, "approve_retarget", read).await?)
    }

    async fn reject_retarget(&self, request: Request<RejectRetargetRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &RejectRetargetRequest, by: &str| {
            let judgement = approval::Command::Reject { by: by.to_owned() };
            read::judge_retarget(c, (&r.complaint_id, r.number), judgement, &self.policy)
        };
        Ok(self.change(request, "reject_retarget", read).await?)
    }

    async fn hold_complaint(&self, request: Request<HoldComplaintRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "hold_complaint", read::hold).await?)
    }

    async fn release_hold(&self, request: Request<ReleaseHoldRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "release_hold", |c, r, _| read::release_hold(c, r)).await?)
    }

    async fn get_complaint(&self, request: Request<GetComplaintRequest>) -> Answer<GetComplaintResponse> {
        // It shows what customers said, so whoever reads must say who he is.
        let mut checks = Checks::default();
        let actor = self.actor(&mut checks, &request, "get_complaint")?;
        let id = checks.id("complaint_id", &request.get_ref().complaint_id);
        let (Some(_), Some(id)) = (actor, id) else { return Err(checks.fault().into()) };
        Ok(Response::new(self.complaint(id).await?))
    }

    async fn list_complaints(&self, request: Request<ListComplaintsRequest>) -> Answer<ListComplaintsResponse> {
        Ok(Response::new(self.complaints(request.get_ref()).await?))
    }

    async fn get_task(&self, request: Request<GetTaskRequest>) -> Answer<GetTaskResponse> {
        // It shows what people wrote, so whoever reads must say who he is.
        let mut checks = Checks::default();
        let actor = self.actor(&mut checks, &request, "get_task")?;
        let id = checks.id("task_id", &request.get_ref().task_id);
        let (Some(_), Some(id)) = (actor, id) else { return Err(checks.fault().into()) };
        Ok(Response::new(self.task(id).await?))
    }

    async fn acknowledge_task(&self, request: Request<AcknowledgeTaskRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "acknowledge_task", |c, r, by| read::acknowledge(c, r, by, &self.policy)).await?)
    }

    async fn forward_task(&self, request: Request<ForwardTaskRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "forward_task", |c, r, _| read::forward(c, r, &self.policy)).await?)
    }

    async fn answer_task(&self, request: Request<AnswerTaskRequest>) -> Answer<Receipt> {
        let now = self.clock.now();
        Ok(self.change(request, "answer_task", |c, r, by| read::answer(c, r, by, &self.policy, now)).await?)
    }

    async fn accept_answer(&self, request: Request<AcceptAnswerRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "accept_answer", |c, r, _| read::task(c, &r.task_id, department_task::Command::Accept))
            .await?)
    }

    async fn return_answer(&self, request: Request<ReturnAnswerRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "return_answer", |c, r, _| read::return_answer(c, r, &self.policy)).await?)
    }

    async fn list_tasks(&self, request: Request<ListTasksRequest>) -> Answer<ListTasksResponse> {
        Ok(Response::new(self.tasks(request.get_ref()).await?))
    }

    async fn redrive_webhook(&self, request: Request<RedriveWebhookRequest>) -> Answer<RedriveWebhookResponse> {
        let mut checks = Checks::default();
        let actor = self.actor(&mut checks, &request, "redrive_webhook")?;
        let desk = read::desk(&mut checks, "department", &request.get_ref().department, &self.policy);
        let (Some(actor), Some(desk)) = (actor, desk) else { return Err(checks.fault().into()) };
        let redriven = backbone::webhook::redrive(&self.pool, desk.department.as_str(), self.clock.now()).await?;
        tracing::info!(department = %desk.department, actor = actor.as_str(), redriven, "a webhook is redriven");
        Ok(Response::new(RedriveWebhookResponse { redriven }))
    }

    async fn list_overdue(&self, request: Request<ListOverdueRequest>) -> Answer<ListOverdueResponse> {
        Ok(Response::new(self.overdue(request.get_ref()).await?))
    }

    async fn raise_escalation(&self, request: Request<RaiseEscalationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "raise_escalation", |c, r, _| read::raise(c, r)).await?)
    }

    async fn close_escalation(&self, request: Request<CloseEscalationRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &CloseEscalationRequest, by: &str| {
            read::escalation(c, &r.escalation_id, escalation::Command::Close(self.who(by)))
        };
        Ok(self.change(request, "close_escalation", read).await?)
    }

    async fn acknowledge_escalation(&self, request: Request<AcknowledgeEscalationRequest>) -> Answer<Receipt> {
        let read = |c: &mut Checks, r: &AcknowledgeEscalationRequest, by: &str| {
            read::escalation(c, &r.escalation_id, escalation::Command::Acknowledge(self.who(by)))
        };
        Ok(self.change(request, "acknowledge_escalation", read).await?)
    }

    async fn decide_escalation(&self, request: Request<DecideEscalationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "decide_escalation", |c, r, by| read::decide(c, r, self.who(by))).await?)
    }

    async fn list_escalations(&self, request: Request<ListEscalationsRequest>) -> Answer<ListEscalationsResponse> {
        Ok(Response::new(self.escalations(request.get_ref()).await?))
    }

    async fn get_overview(&self, _request: Request<GetOverviewRequest>) -> Answer<GetOverviewResponse> {
        Ok(Response::new(self.overview().await?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// Every word with which a call asks the posts stands after the request, as text.
    #[test]
    fn r_rol_14_the_commands_of_posts_are_those_that_calls_ask_for() {
        let doors = [include_str!("mod.rs"), include_str!("improvement.rs"), include_str!("suggestion.rs")];
        let asked = concat!("request", ", \"");
        let words = doors.iter().flat_map(|door| door.split(asked).skip(1).filter_map(|rest| rest.split('"').next()));
        assert_eq!(words.collect::<BTreeSet<_>>(), super::COMMANDS.into_iter().collect());
    }
}
