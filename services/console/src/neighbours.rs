//! Asks the other services, all at once and each with a deadline. A service that does not answer in time is away, and
//! that is an answer too: nothing here fails.
use std::{cmp::Reverse, future::Future, time::Duration};

use backbone::neighbours::Neighbours;
use contracts::{
    analytics::v1::{self as analytics, reports_client::ReportsClient},
    complaint::v1::{self as complaint, complaints_client::ComplaintsClient},
    fulfilment::v1::{self as fulfilment, fulfilment_client::FulfilmentClient},
    intake::v1::{self as intake, intake_client::IntakeClient},
    operations::v1::{
        GetStatusRequest, GetStatusResponse, JournalEntry, ReadJournalRequest, operations_client::OperationsClient,
    },
    outreach::v1::{self as outreach, outreach_client::OutreachClient},
    scheduling::v1::{self as scheduling, scheduling_client::SchedulingClient},
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tonic::{Response, Status, transport::Channel};

/// How long a service may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// The period of the figures.
pub const FIGURES_OF: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Events read of each service, and shown of all together.
pub const NEWEST: usize = 25;
/// Open escalations shown.
const ESCALATIONS: u32 = 20;

/// What a service said, or why it did not.
pub type Said<T> = Result<T, String>;

/// The services in the order of the chain.
const SERVICES: [&str; 6] = ["intake", "scheduling", "complaint", "fulfilment", "outreach", "analytics"];

/// All that was learned for one page.
pub struct Board {
    /// The moment it was asked for.
    pub now: Timestamp,
    /// How each service is, in the order of the chain.
    pub services: Vec<(&'static str, Said<GetStatusResponse>)>,
    /// Purchases and cases.
    pub intake: Said<intake::GetOverviewResponse>,
    /// Follow-ups.
    pub scheduling: Said<scheduling::GetOverviewResponse>,
    /// Complaints, department tasks, escalations.
    pub complaint: Said<complaint::GetOverviewResponse>,
    /// Service orders and refunds.
    pub fulfilment: Said<fulfilment::GetOverviewResponse>,
    /// Messages to customers.
    pub outreach: Said<outreach::GetOverviewResponse>,
    /// Escalations nobody has acknowledged.
    pub escalations: Said<complaint::ListEscalationsResponse>,
    /// The newest events of all services, newest first.
    pub events: Vec<(&'static str, JournalEntry)>,
    /// Figures of the last 90 days.
    pub figures: Said<analytics::GetFiguresResponse>,
}

/// Asks everybody for everything the page shows; takes no longer than the slowest answer or the deadline.
pub async fn board(neighbours: &Neighbours, now: Timestamp) -> Board {
    let raised = complaint::ListEscalationsRequest {
        status: "raised".to_owned(),
        page: Some(contracts::common::v1::Page { size: ESCALATIONS, token: String::new() }),
        ..complaint::ListEscalationsRequest::default()
    };
    let (services, events, intake, scheduling, complaint, fulfilment, outreach, escalations, figures) =
        tokio::join!(
            join_all(SERVICES.map(|name| async move { (name, status(neighbours, name).await) })),
            newest(neighbours),
            ask(neighbours, "intake", |c| async move {
                IntakeClient::new(c).get_overview(intake::GetOverviewRequest {}).await
            }),
            ask(neighbours, "scheduling", |c| async move {
                SchedulingClient::new(c).get_overview(scheduling::GetOverviewRequest {}).await
            }),
            ask(neighbours, "complaint", |c| async move {
                ComplaintsClient::new(c).get_overview(complaint::GetOverviewRequest {}).await
            }),
            ask(neighbours, "fulfilment", |c| async move {
                FulfilmentClient::new(c).get_overview(fulfilment::GetOverviewRequest {}).await
            }),
            ask(neighbours, "outreach", |c| async move {
                OutreachClient::new(c).get_overview(outreach::GetOverviewRequest {}).await
            }),
            ask(neighbours, "complaint", |c| async move { ComplaintsClient::new(c).list_escalations(raised).await }),
            ask(neighbours, "analytics", |c| async move { ReportsClient::new(c).get_figures(last_days(now)).await }),
        );
    Board { now, services, intake, scheduling, complaint, fulfilment, outreach, escalations, events, figures }
}

async fn status(neighbours: &Neighbours, name: &str) -> Said<GetStatusResponse> {
    ask(neighbours, name, |c| async move { OperationsClient::new(c).get_status(GetStatusRequest {}).await }).await
}

/// The newest events of all services, newest first. Who does not answer adds nothing; its status says it is away.
async fn newest(neighbours: &Neighbours) -> Vec<(&'static str, JournalEntry)> {
    let read = join_all(SERVICES.map(|name| async move {
        let limit = NEWEST.try_into().unwrap_or_default();
        let request = ReadJournalRequest { newest_first: true, limit, ..ReadJournalRequest::default() };
        let answer =
            ask(neighbours, name, |c| async move { OperationsClient::new(c).read_journal(request).await }).await;
        answer.map(|a| a.entries).unwrap_or_default().into_iter().map(move |entry| (name, entry))
    }))
    .await;
    let mut events: Vec<_> = read.into_iter().flatten().collect();
    events.sort_by_key(|(_, entry)| Reverse(entry.recorded_at.as_ref().map(|at| (at.seconds, at.nanos, entry.seq))));
    events.truncate(NEWEST);
    events
}

/// Up to and including this very moment; the end of a period does not belong to it.
fn last_days(now: Timestamp) -> analytics::GetFiguresRequest {
    let to = now.checked_add(SignedDuration::from_micros(1)).unwrap_or(now);
    let from = to.checked_sub(FIGURES_OF).unwrap_or(Timestamp::MIN);
    analytics::GetFiguresRequest {
        from: Some(backbone::proto::timestamp(from)),
        to: Some(backbone::proto::timestamp(to)),
        metrics: Vec::new(),
    }
}

/// The answer, or in words why there is none.
async fn ask<T, F>(neighbours: &Neighbours, name: &str, call: impl FnOnce(Channel) -> F) -> Said<T>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let Ok(channel) = neighbours.channel(name) else { return Err("no address is configured".to_owned()) };
    match tokio::time::timeout(DEADLINE, call(channel)).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) if status.code() == tonic::Code::Unavailable => Err("away".to_owned()),
        Ok(Err(status)) => Err(status.code().description().to_owned()),
        Err(_) => Err(format!("no answer within {} s", DEADLINE.as_secs())),
    }
}
