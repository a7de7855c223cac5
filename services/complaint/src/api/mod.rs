//! The gRPC door: request -> command -> road, or query -> response. Every call says who acts; a repeated call with its
//! idempotency key gets its first answer. No rules here.
mod checks;
mod lists;
mod read;

use std::sync::Arc;

use backbone::{Aggregate, Change, Clock, Fault, Road, Row, Unit};
use contracts::{
    Message,
    common::v1::Receipt,
    complaint::v1::{complaints_server::Complaints, *},
};
use sqlx::PgPool;
use tonic::{Request, Response};
use uuid::Uuid;

use crate::{
    config::Policy,
    domain::{Command, department_task, escalation},
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
    /// The way of every command: who acts, is the request well formed, down the road, receipt.
    async fn change<A, R>(
        &self,
        request: Request<R>,
        scope: &'static str,
        read: impl FnOnce(&R, &str) -> Result<Wish<A>, Fault> + Send,
    ) -> Result<Response<Receipt>, Fault>
    where
        A: Aggregate + Status,
        R: Message + Send + Sync + 'static,
    {
        let actor = backbone::actor(&request)?;
        let key = backbone::key(&request, scope, &request.get_ref().encode_to_vec())?;
        let Wish { id, command, note } = read(request.get_ref(), actor.as_str())?;
        let row = note.map(|(field, body)| {
            let row = Row::new(WRITE_NOTE, id).with(field.to_owned()).with(body);
            row.with(actor.as_str().to_owned()).with(self.clock.now())
        });
        let unit = Unit::of(Change::to::<A>(id, command)).actor(actor).key(key).answer::<A>(receipt);
        let answer = self.road.submit(row.into_iter().fold(unit, Unit::row)).await?;
        Ok(Response::new(Receipt::decode(answer.body.as_slice()).map_err(Fault::internal)?))
    }
}

type Answer<T> = Result<Response<T>, tonic::Status>;

#[tonic::async_trait]
impl Complaints for Api {
    async fn assess(&self, request: Request<AssessRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "assess", |r, _| read::assess(r, &self.policy)).await?)
    }

    async fn start_investigation(&self, request: Request<StartInvestigationRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "start_investigation", |r, _| {
                read::complaint(&r.complaint_id, Command::StartInvestigation)
            })
            .await?)
    }

    async fn ask_department(&self, request: Request<AskDepartmentRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "ask_department", |r, _| read::ask_department(r, &self.policy)).await?)
    }

    async fn conclude_investigation(&self, request: Request<ConcludeInvestigationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "conclude_investigation", |r, _| read::conclude(r)).await?)
    }

    async fn draft_solution(&self, request: Request<DraftSolutionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "draft_solution", read::draft).await?)
    }

    async fn submit_solution(&self, request: Request<SubmitSolutionRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "submit_solution", |r, _| read::complaint(&r.complaint_id, Command::SubmitSolution))
            .await?)
    }

    async fn approve_solution(&self, request: Request<ApproveSolutionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "approve_solution", read::approve).await?)
    }

    async fn return_solution(&self, request: Request<ReturnSolutionRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "return_solution", read::return_solution).await?)
    }

    async fn offer_solution(&self, request: Request<OfferSolutionRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "offer_solution", |r, _| read::complaint(&r.complaint_id, Command::OfferSolution))
            .await?)
    }

    async fn record_consent(&self, request: Request<RecordConsentRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_consent", read::consent).await?)
    }

    async fn record_decline(&self, request: Request<RecordDeclineRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "record_decline", |r, _| read::decline(r)).await?)
    }

    async fn complete_remedy(&self, request: Request<CompleteRemedyRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "complete_remedy", |r, _| read::complete_remedy(r)).await?)
    }

    async fn record_satisfaction(&self, request: Request<RecordSatisfactionRequest>) -> Answer<Receipt> {
        let command = |satisfied| Command::RecordSatisfaction { satisfied };
        let read = |r: &RecordSatisfactionRequest, _: &str| read::complaint(&r.complaint_id, command(r.satisfied));
        Ok(self.change(request, "record_satisfaction", read).await?)
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "withdraw", |r, _| read::complaint(&r.complaint_id, Command::Withdraw)).await?)
    }

    async fn appeal(&self, request: Request<AppealRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "appeal", |r, _| read::appeal(r)).await?)
    }

    async fn get_complaint(&self, request: Request<GetComplaintRequest>) -> Answer<GetComplaintResponse> {
        // It shows what customers said, so whoever reads must say who he is.
        backbone::actor(&request)?;
        Ok(Response::new(self.complaint(request.get_ref()).await?))
    }

    async fn list_complaints(&self, request: Request<ListComplaintsRequest>) -> Answer<ListComplaintsResponse> {
        Ok(Response::new(self.complaints(request.get_ref()).await?))
    }

    async fn acknowledge_task(&self, request: Request<AcknowledgeTaskRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "acknowledge_task", |r, _| read::task(&r.task_id, department_task::Command::Acknowledge))
            .await?)
    }

    async fn answer_task(&self, request: Request<AnswerTaskRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "answer_task", |r, _| read::answer(r)).await?)
    }

    async fn accept_answer(&self, request: Request<AcceptAnswerRequest>) -> Answer<Receipt> {
        Ok(self
            .change(request, "accept_answer", |r, _| read::task(&r.task_id, department_task::Command::Accept))
            .await?)
    }

    async fn return_answer(&self, request: Request<ReturnAnswerRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "return_answer", |r, _| read::return_answer(r)).await?)
    }

    async fn list_tasks(&self, request: Request<ListTasksRequest>) -> Answer<ListTasksResponse> {
        Ok(Response::new(self.tasks(request.get_ref()).await?))
    }

    async fn acknowledge_escalation(&self, request: Request<AcknowledgeEscalationRequest>) -> Answer<Receipt> {
        let command = |by: &str| escalation::Command::Acknowledge { by: by.to_owned() };
        let read = |r: &AcknowledgeEscalationRequest, by: &str| read::escalation(&r.escalation_id, command(by));
        Ok(self.change(request, "acknowledge_escalation", read).await?)
    }

    async fn decide_escalation(&self, request: Request<DecideEscalationRequest>) -> Answer<Receipt> {
        Ok(self.change(request, "decide_escalation", read::decide).await?)
    }

    async fn list_escalations(&self, request: Request<ListEscalationsRequest>) -> Answer<ListEscalationsResponse> {
        Ok(Response::new(self.escalations(request.get_ref()).await?))
    }

    async fn get_overview(&self, _request: Request<GetOverviewRequest>) -> Answer<GetOverviewResponse> {
        Ok(Response::new(self.overview().await?))
    }
}
