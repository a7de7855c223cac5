//! The people who lead complaints: each does the next human step of every complaint, as its role does. What somebody does
//! follows from the complaint's id, so that every run tells the same stories.
use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::Mutex,
};

use anyhow::Context;
use contracts::{
    common::v1::{CaseClass, Emotion, Money as WireMoney, Page, Receipt, Remedy, RemedyKind},
    complaint::v1::{self as complaint, ComplaintView, complaints_client::ComplaintsClient},
    intake::v1::{AddToCaseRequest, intake_client::IntakeClient},
};
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use tonic::{Response, Status, transport::Channel};
use uuid::Uuid;

use super::luck;
use crate::drive::{Driver, staff};

const AGENT: &str = "staff:agent-ana";
/// Another manager than the one who approves.
const AUTHOR: &str = "staff:complaint-manager-li";
pub(super) const MANAGER: &str = "staff:complaint-manager-bo";
pub(super) const DIRECTOR: &str = "staff:director-eva";
/// Steps taken at the same time.
const ABREAST: usize = 24;

/// What the staff agreed to give back; the recount starts from here.
#[derive(Clone, Debug, Default)]
pub struct Agreed {
    pub refunds: u64,
    pub minor: i64,
    pub by_people: u64,
    /// Of those the exchanges: they become service orders.
    pub exchanges: u64,
    pub declined: u64,
    pub dissatisfied: u64,
    by_purchase: HashMap<Uuid, i64>,
}

/// The staff at work.
pub struct Staff<'a> {
    pub(super) driver: &'a Driver,
    complaints: Channel,
    pub(super) fulfilment: Channel,
    intake: Channel,
    /// What each purchase was paid.
    paid: HashMap<Uuid, Money>,
    agreed: Mutex<Agreed>,
}

impl<'a> Staff<'a> {
    pub fn new(driver: &'a Driver, paid: HashMap<Uuid, Money>) -> anyhow::Result<Self> {
        Ok(Self {
            driver,
            complaints: driver.channel("complaint")?,
            fulfilment: driver.channel("fulfilment")?,
            intake: driver.channel("intake")?,
            paid,
            agreed: Mutex::default(),
        })
    }

    /// What was agreed so far.
    pub fn agreed(&self) -> Agreed {
        self.agreed.lock().map(|agreed| agreed.clone()).unwrap_or_default()
    }

    /// Whether every complaint has come to its end.
    pub async fn finished(&self) -> anyhow::Result<bool> {
        let m = complaint::GetOverviewRequest {};
        let overview = self.ask(m, |mut c, r| async move { c.get_overview(r).await }).await?;
        Ok(overview.complaints.iter().all(|count| count.key == "closed" || count.count == 0))
    }

    /// Everybody does what can be done now; says how many steps were taken.
    pub async fn work(&self, now: Timestamp) -> anyhow::Result<u64> {
        let mut steps = super::desk::work(self.driver, &self.intake).await?;
        steps += self.departments(now).await? + self.management().await? + self.warehouse().await?;
        let waiting = self.waiting_for_departments().await?;
        for status in [
            "recorded",
            "assessed",
            "investigating",
            "investigated",
            "solution_drafted",
            "in_approval",
            "approved",
            "offered",
            "agreed",
            "executing",
            "satisfaction_check",
        ] {
            let views = self.in_status(status).await?;
            steps += abreast(views.into_iter().map(|view| self.step(view, now, &waiting))).await?;
        }
        Ok(steps)
    }

    async fn step(&self, view: ComplaintView, now: Timestamp, waiting: &HashSet<String>) -> anyhow::Result<u64> {
        let id = view.complaint_id.clone();
        let luck = luck(&id);
        let recorded = view.recorded.clone().context("a complaint without its record")?;
        let age = now.duration_since(at(recorded.recorded_at.as_ref())?);
        match view.status.as_str() {
            // A few are looked into too late: the escalation follows by itself.
            "recorded" if luck % 16 == 3 && age < SignedDuration::from_hours(30) => Ok(0),
            "recorded" if !view.record_missing.is_empty() => self.complete_record(&view, &recorded.case_id, luck).await,
            "recorded" => {
                let class = recorded.class();
                let class = if class == CaseClass::Unspecified { CaseClass::ProductQuality } else { class };
                let severity = u32::try_from(luck % 3)?;
                let m = complaint::AssessRequest { complaint_id: id, class: class.into(), severity };
                self.told(MANAGER, &view, "assess", m, |mut c, r| async move { c.assess(r).await }).await
            }
            "assessed" => {
                let m = complaint::StartInvestigationRequest { complaint_id: id };
                self.told(MANAGER, &view, "start", m, |mut c, r| async move { c.start_investigation(r).await }).await
            }
            "investigating" if waiting.contains(&id) => Ok(0),
            "investigating" => {
                let m = complaint::ConcludeInvestigationRequest {
                    complaint_id: id,
                    findings: "checked with the department; the customer is right".into(),
                    cause_code: if luck.is_multiple_of(2) { "transport.delay".into() } else { "article.defect".into() },
                    responsible_department: recorded.department,
                    ..Default::default()
                };
                self.told(MANAGER, &view, "conclude", m, |mut c, r| async move { c.conclude_investigation(r).await })
                    .await
            }
            "investigated" => self.draft(&view, luck).await,
            // A draft that was declined is drawn up anew; one that was returned is submitted again.
            "solution_drafted" if view.declines > 0 && view.offers_made == view.solution_version => {
                self.draft(&view, luck).await
            }
            "solution_drafted" => {
                let m = complaint::SubmitSolutionRequest { complaint_id: id };
                self.told(AUTHOR, &view, "submit", m, |mut c, r| async move { c.submit_solution(r).await }).await
            }
            "in_approval" => {
                let m = complaint::ApproveSolutionRequest { complaint_id: id, solution_version: view.solution_version };
                let waits_for = view.approval.as_ref().map_or("", |approval| approval.waits_for.as_str());
                let by = if waits_for == "head_of_after_sales" { DIRECTOR } else { MANAGER };
                self.told(by, &view, "approve", m, |mut c, r| async move { c.approve_solution(r).await }).await
            }
            "approved" => {
                let m = complaint::OfferSolutionRequest { complaint_id: id };
                self.told(AUTHOR, &view, "offer", m, |mut c, r| async move { c.offer_solution(r).await }).await
            }
            "offered" => self.customer_decides(&view, luck).await,
            "agreed" | "executing" => self.guide(&view).await,
            "satisfaction_check" => self.customer_judges(&view, luck).await,
            _ => Ok(0),
        }
    }

    /// The customer is called and asked for what the record lacks; nothing is guessed.
    async fn complete_record(&self, view: &ComplaintView, case_id: &str, luck: u64) -> anyhow::Result<u64> {
        let said = |part: &str, words: &str| {
            let lacks = view.record_missing.iter().any(|missing| missing == part);
            if lacks { words.to_owned() } else { String::new() }
        };
        let feels = [Emotion::Worried, Emotion::Dissatisfied, Emotion::Angry, Emotion::Calm];
        let feels = feels.into_iter().cycle().nth(usize::try_from(luck % 4)?).unwrap_or_default();
        let asked = view.record_missing.iter().any(|missing| missing == "emotion");
        let m = AddToCaseRequest {
            case_id: case_id.to_owned(),
            content: said("content", "the customer tells on the phone what is wrong"),
            circumstances: said("circumstances", "noticed when it was used for the first time"),
            expected_resolution: said("expected_resolution", "it should be put right soon"),
            emotion: if asked { feels.into() } else { Emotion::Unspecified.into() },
        };
        let key = format!("complete/{}/{}", view.complaint_id, view.version);
        let answer = self.driver.insist(|| {
            let (mut client, request) = (IntakeClient::new(self.intake.clone()), staff(AGENT, &key, m.clone()));
            async move { client.add_to_case(request).await }
        });
        Ok(u64::from(answer.await?.is_ok()))
    }

    async fn draft(&self, view: &ComplaintView, luck: u64) -> anyhow::Result<u64> {
        let recorded = view.recorded.as_ref().context("a complaint without its record")?;
        let purchase: Uuid = recorded.purchase_id.parse()?;
        let paid = *self.paid.get(&purchase).context("a complaint about a purchase nobody made")?;
        let given = self.agreed().by_purchase.get(&purchase).copied().unwrap_or_default();
        let left = paid.minor - given;
        let whole = view.declines > 0 || luck % 5 < 2;
        let minor = if whole { left } else { (left / 2).max(1).min(left) };
        let by_people = minor <= 0 || luck % 11 == 4;
        // Advice alone is no remedy for harm, or for what is not sound.
        let owed = view.severity > 0 && matches!(view.class(), CaseClass::ProductQuality | CaseClass::Discomfort);
        let kind = match () {
            () if by_people && owed => RemedyKind::Exchange,
            () if by_people => RemedyKind::Guidance,
            () if luck % 4 == 1 => RemedyKind::ReturnRefund,
            () => RemedyKind::Refund,
        };
        let amount = (!by_people).then(|| WireMoney { minor, currency: paid.currency.to_string() });
        let m = complaint::DraftSolutionRequest {
            complaint_id: view.complaint_id.clone(),
            remedies: vec![Remedy { kind: kind.into(), amount, ..Remedy::default() }],
            text: "we are sorry; this is what we propose".into(),
            ..Default::default()
        };
        self.told(AUTHOR, view, "draft", m, |mut c, r| async move { c.draft_solution(r).await }).await
    }

    async fn customer_decides(&self, view: &ComplaintView, luck: u64) -> anyhow::Result<u64> {
        let (complaint_id, solution_version) = (view.complaint_id.clone(), view.solution_version);
        if luck % 8 == 5 && view.declines == 0 {
            let m = complaint::RecordDeclineRequest {
                complaint_id,
                solution_version,
                counter_wish: "I want all of my money back".into(),
                ..Default::default()
            };
            let told =
                self.told(AGENT, view, "decline", m, |mut c, r| async move { c.record_decline(r).await }).await?;
            self.note(|agreed| agreed.declined += told);
            return Ok(told);
        }
        let m = complaint::RecordConsentRequest {
            complaint_id,
            solution_version,
            channel: "hotline".into(),
            text: "yes".into(),
            ..Default::default()
        };
        let told = self.told(AGENT, view, "consent", m, |mut c, r| async move { c.record_consent(r).await }).await?;
        let purchase: Uuid = view.recorded.as_ref().context("a complaint without its record")?.purchase_id.parse()?;
        for remedy in view.remedies.iter().filter(|_| told > 0) {
            self.note(|agreed| match &remedy.amount {
                Some(amount) => {
                    agreed.refunds += 1;
                    agreed.minor += amount.minor;
                    *agreed.by_purchase.entry(purchase).or_default() += amount.minor;
                }
                None => {
                    agreed.by_people += 1;
                    agreed.exchanges += u64::from(remedy.kind() == RemedyKind::Exchange);
                }
            });
        }
        Ok(told)
    }

    async fn guide(&self, view: &ComplaintView) -> anyhow::Result<u64> {
        let mut told = 0;
        for remedy in view.remedies.iter().filter(|remedy| remedy.kind() == RemedyKind::Guidance) {
            let m = complaint::CompleteRemedyRequest {
                complaint_id: view.complaint_id.clone(),
                remedy_id: remedy.remedy_id.clone(),
                done: None,
            };
            told += self.told(AUTHOR, view, "guide", m, |mut c, r| async move { c.complete_remedy(r).await }).await?;
        }
        Ok(told)
    }

    async fn customer_judges(&self, view: &ComplaintView, luck: u64) -> anyhow::Result<u64> {
        // Some never say: silence closes the complaint as unconfirmed, by itself.
        if luck % 20 == 7 {
            return Ok(0);
        }
        let satisfied = !(luck % 20 < 2 && view.offers_made == view.declines + 1);
        let m = complaint::RecordSatisfactionRequest {
            complaint_id: view.complaint_id.clone(),
            satisfied,
            ..Default::default()
        };
        let told = self.told(AGENT, view, "judge", m, |mut c, r| async move { c.record_satisfaction(r).await }).await?;
        if !satisfied {
            self.note(|agreed| agreed.dissatisfied += told);
        }
        Ok(told)
    }

    async fn in_status(&self, status: &str) -> anyhow::Result<Vec<ComplaintView>> {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = Some(Page { size: 200, token });
            let m = complaint::ListComplaintsRequest { status: status.into(), page, ..Default::default() };
            let list = self.ask(m, |mut c, r| async move { c.list_complaints(r).await }).await?;
            found.extend(list.complaints);
            token = list.next_page_token;
            if token.is_empty() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn tasks(&self, status: &str) -> anyhow::Result<Vec<complaint::TaskView>> {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = Some(Page { size: 200, token });
            let m = complaint::ListTasksRequest { status: status.into(), department: String::new(), page };
            let list = self.ask(m, |mut c, r| async move { c.list_tasks(r).await }).await?;
            found.extend(list.tasks);
            token = list.next_page_token;
            if token.is_empty() {
                return Ok(found);
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Agreed)) {
        if let Ok(mut agreed) = self.agreed.lock() {
            change(&mut agreed);
        }
    }

    /// One step of a complaint: 1 when it was taken, 0 when the complaint no longer stands where it stood.
    async fn told<M, F>(
        &self,
        actor: &str,
        view: &ComplaintView,
        step: &str,
        message: M,
        call: impl Fn(ComplaintsClient<Channel>, tonic::Request<M>) -> F + Sync,
    ) -> anyhow::Result<u64>
    where
        M: Clone + Send + Sync,
        F: Future<Output = Result<Response<Receipt>, Status>> + Send,
    {
        self.call(actor, &format!("{step}/{}/{}", view.complaint_id, view.version), message, call).await
    }

    pub(super) async fn call<M, F>(
        &self,
        actor: &str,
        key: &str,
        message: M,
        call: impl Fn(ComplaintsClient<Channel>, tonic::Request<M>) -> F + Sync,
    ) -> anyhow::Result<u64>
    where
        M: Clone + Send + Sync,
        F: Future<Output = Result<Response<Receipt>, Status>> + Send,
    {
        let answer = self
            .driver
            .insist(|| call(ComplaintsClient::new(self.complaints.clone()), staff(actor, key, message.clone())))
            .await?;
        match answer {
            Ok(_) => Ok(1),
            Err(refusal) if refusal.code() == tonic::Code::FailedPrecondition => Ok(0),
            Err(refusal) => Err(refusal).context(format!("{actor} cannot {key}")),
        }
    }

    pub(super) async fn ask<M, T, F>(
        &self,
        message: M,
        call: impl Fn(ComplaintsClient<Channel>, tonic::Request<M>) -> F + Sync,
    ) -> anyhow::Result<T>
    where
        M: Clone + Send + Sync,
        T: Send,
        F: Future<Output = Result<Response<T>, Status>> + Send,
    {
        let ask = || call(ComplaintsClient::new(self.complaints.clone()), staff(MANAGER, "read", message.clone()));
        Ok(self.driver.insist(ask).await??)
    }
}

/// Takes many steps, [`ABREAST`] at a time; says how many were taken.
pub(super) async fn abreast<F>(steps: impl Iterator<Item = F>) -> anyhow::Result<u64>
where
    F: Future<Output = anyhow::Result<u64>>,
{
    futures::stream::iter(steps).buffer_unordered(ABREAST).try_fold(0, async |sum, taken| Ok(sum + taken)).await
}

pub(super) fn at(time: Option<&contracts::Timestamp>) -> anyhow::Result<Timestamp> {
    let time = time.context("a time is missing")?;
    Ok(Timestamp::new(time.seconds, time.nanos)?)
}
