//! Complaint alone in a house of its own, with the neighbours' parts played, and short words for what tests say.
use std::{collections::HashMap, sync::Mutex};

use contracts::{
    Event,
    common::v1::{CaseClass, Emotion, Lane, Money, Receipt, Remedy, RemedyKind},
    complaint::v1::{complaints_client::ComplaintsClient, *},
    fulfilment::v1::{OrderCompleted, OrderOpened},
    intake::v1::{CaseContactAdded, CaseRegistered, RecordPart},
    outreach::v1::{MessageSent, Purpose},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{JournalRow, Stack, request};
use tonic::{Response, Status, transport::Channel};
use tonic_types::StatusExt;
use uuid::Uuid;

pub const NAME: &str = "complaint";
pub const ANA: &str = "staff:ana";
pub const BEN: &str = "staff:ben";
pub const EVA: &str = "staff:eva";

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub fn micro() -> SignedDuration {
    SignedDuration::from_micros(1)
}

pub fn on_wire(at: Timestamp) -> Option<contracts::Timestamp> {
    Some(backbone::proto::timestamp(at))
}

pub fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// A record that lacks nothing.
pub const ALL_PARTS: [RecordPart; 4] =
    [RecordPart::Content, RecordPart::Emotion, RecordPart::Circumstances, RecordPart::ExpectedResolution];

/// The case of a number belongs to the complaint of the same number.
pub fn case(number: u128, class: CaseClass, recorded_at: Timestamp) -> CaseRegistered {
    CaseRegistered {
        case_id: id(1_000 + number),
        customer_id: id(2_000 + number),
        purchase_id: id(3_000 + number),
        product_id: "p-7".into(),
        batch: "b-3".into(),
        class: class.into(),
        emotion: Emotion::Angry.into(),
        lane: Lane::Standard.into(),
        recorded_at: on_wire(recorded_at),
        complaint_id: id(number),
        record_parts: ALL_PARTS.map(i32::from).to_vec(),
        ..CaseRegistered::default()
    }
}

pub fn refund(minor: i64) -> Remedy {
    let amount = Some(Money { minor, currency: "CNY".into() });
    Remedy { kind: RemedyKind::Refund.into(), amount, ..Remedy::default() }
}

pub fn guidance() -> Remedy {
    Remedy { kind: RemedyKind::Guidance.into(), ..Remedy::default() }
}

/// Complaint alone; intake, fulfilment and outreach are played.
pub struct House {
    pub stack: Stack,
    /// The last version told of each neighbour's aggregate.
    versions: Mutex<HashMap<Uuid, u64>>,
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(adjust: impl Fn(&mut backbone::Settings) + Send + Sync) -> Self {
        let staff = |_: &str, settings: &mut backbone::Settings| {
            let member = |role: &str, who: &str| json!({ "role": role, "who": who });
            let (manager, head) = ("complaint_manager", "head_of_after_sales");
            settings.service["approval"]["members"] =
                json!([member(manager, ANA), member(manager, BEN), member(head, EVA), member(head, "staff:fay")]);
            let (from, until) = ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z");
            settings.service["approval"]["delegations"] = json!([
                { "giver": BEN, "to": "staff:dan", "from": from, "until": "2100-01-01T00:00:00Z" },
                { "giver": BEN, "to": "staff:old", "from": from, "until": until },
            ]);
            adjust(settings);
        };
        Self { stack: Stack::start_with(&[&complaint::SERVICE], staff).await, versions: Mutex::default() }
    }

    /// With the people of the settings as they are shipped.
    pub async fn shipped() -> Self {
        Self { stack: Stack::start(&[&complaint::SERVICE]).await, versions: Mutex::default() }
    }

    pub fn client(&self) -> ComplaintsClient<Channel> {
        ComplaintsClient::new(self.stack.channel(NAME))
    }

    /// A neighbour says the next thing about an aggregate of its own.
    pub async fn hear<E: Event>(&self, owner: &str, event: &E, aggregate: u128) {
        let aggregate = Uuid::from_u128(aggregate);
        let version = *self.versions.lock().unwrap().entry(aggregate).and_modify(|version| *version += 1).or_insert(1);
        self.stack.publish(owner, event, aggregate, version).await;
        self.stack.settle().await;
    }

    pub async fn record(&self, number: u128, class: CaseClass) {
        self.hear("intake", &case(number, class, self.stack.now()), 1_000 + number).await;
    }

    /// Up to `investigating`.
    pub async fn investigate(&self, number: u128) {
        self.record(number, CaseClass::ProductQuality).await;
        let assess = AssessRequest { complaint_id: id(number), class: CaseClass::ProductQuality.into(), severity: 2 };
        ok(self.client().assess(request(ANA, assess)).await, "assessed");
        let start = StartInvestigationRequest { complaint_id: id(number) };
        ok(self.client().start_investigation(request(ANA, start)).await, "investigating");
    }

    /// From `investigating` or a turned down draft to `offered`.
    pub async fn offer(&self, number: u128, remedies: Vec<Remedy>) {
        if self.view(number).await.status == "investigating" {
            ok(self.client().conclude_investigation(request(ANA, conclude(number))).await, "investigated");
        }
        ok(self.client().draft_solution(request(ANA, draft(number, remedies))).await, "solution_drafted");
        let complaint_id = id(number);
        ok(self.client().submit_solution(request(ANA, SubmitSolutionRequest { complaint_id })).await, "in_approval");
        // What costs much needs the head as well.
        let solution_version = self.view(number).await.solution_version;
        for by in [BEN, EVA] {
            if self.view(number).await.status == "in_approval" {
                let approve = ApproveSolutionRequest { complaint_id: id(number), solution_version };
                self.client().approve_solution(request(by, approve)).await.unwrap();
            }
        }
        let complaint_id = id(number);
        ok(self.client().offer_solution(request(ANA, OfferSolutionRequest { complaint_id })).await, "offered");
        self.stack.settle().await;
    }

    /// From `offered` to `agreed`.
    pub async fn agree(&self, number: u128) {
        let consent = RecordConsentRequest {
            complaint_id: id(number),
            solution_version: self.view(number).await.solution_version,
            channel: "hotline".into(),
            text: "that is fine with me".into(),
            ..Default::default()
        };
        ok(self.client().record_consent(request(ANA, consent)).await, "agreed");
        self.stack.settle().await;
    }

    /// From `agreed` to `satisfaction_check`, for a solution of one refund.
    pub async fn carry_out(&self, number: u128) {
        self.execute(number).await;
        self.tell(number, Purpose::Result).await;
    }

    /// From `agreed` to `executed`, for a solution of one refund.
    pub async fn execute(&self, number: u128) {
        let (order, complaint_id) = (4_000 + number, id(number));
        let remedy_id = self.view(number).await.remedies[0].remedy_id.clone();
        let opened = OrderOpened { complaint_id, remedy_id: remedy_id.clone(), ..OrderOpened::default() };
        self.hear("fulfilment", &opened, order).await;
        assert_eq!(self.view(number).await.status, "executing");
        let completed = OrderCompleted { order_id: id(order), complaint_id: id(number), remedy_id };
        self.hear("fulfilment", &completed, order).await;
        assert_eq!(self.view(number).await.status, "executed");
    }

    /// A message about the complaint leaves the house.
    pub async fn tell(&self, number: u128, purpose: Purpose) {
        let message = if purpose == Purpose::Result { self.result_message(number).await } else { Uuid::new_v4() };
        let sent = MessageSent {
            message_id: message.to_string(),
            purpose: purpose.into(),
            about_id: id(number),
            sent_at: on_wire(self.stack.now()),
            ..MessageSent::default()
        };
        self.hear("outreach", &sent, message.as_u128()).await;
    }

    /// The id the message with the newest result is to have.
    pub async fn result_message(&self, number: u128) -> Uuid {
        let executed = self.events::<SolutionExecuted>().await;
        executed.iter().rfind(|executed| executed.complaint_id == id(number)).unwrap().message_id.parse().unwrap()
    }

    pub async fn decline(&self, number: u128) -> String {
        let solution_version = self.view(number).await.solution_version;
        let decline = RecordDeclineRequest {
            complaint_id: id(number),
            solution_version,
            counter_wish: "more".into(),
            ..Default::default()
        };
        let receipt = self.client().record_decline(request(ANA, decline)).await.unwrap().into_inner();
        self.stack.settle().await;
        receipt.status
    }

    pub async fn satisfied(&self, number: u128, satisfied: bool) -> Result<Receipt, Status> {
        let record = RecordSatisfactionRequest { complaint_id: id(number), satisfied, ..Default::default() };
        let answer = self.client().record_satisfaction(request(ANA, record)).await;
        self.stack.settle().await;
        answer.map(Response::into_inner)
    }

    pub async fn withdraw(&self, number: u128) -> Result<Receipt, Status> {
        let answer = self.client().withdraw(request(ANA, withdrawal(number))).await;
        self.stack.settle().await;
        answer.map(Response::into_inner)
    }

    pub async fn appeal(&self, number: u128) -> Result<Receipt, Status> {
        let appeal = AppealRequest { complaint_id: id(number), reason: "it broke again".into(), ..Default::default() };
        self.client().appeal(request(ANA, appeal)).await.map(Response::into_inner)
    }

    pub async fn get(&self, number: u128) -> GetComplaintResponse {
        let asked = GetComplaintRequest { complaint_id: id(number) };
        self.client().get_complaint(request(ANA, asked)).await.unwrap().into_inner()
    }

    pub async fn view(&self, number: u128) -> ComplaintView {
        self.get(number).await.complaint.unwrap()
    }

    pub async fn tasks(&self, department: &str) -> Vec<TaskView> {
        let asked = ListTasksRequest { department: department.into(), ..ListTasksRequest::default() };
        self.client().list_tasks(request(ANA, asked)).await.unwrap().into_inner().tasks
    }

    pub async fn escalations(&self) -> Vec<EscalationView> {
        let asked = ListEscalationsRequest::default();
        self.client().list_escalations(request(ANA, asked)).await.unwrap().into_inner().escalations
    }

    pub async fn overview(&self) -> GetOverviewResponse {
        self.client().get_overview(request(ANA, GetOverviewRequest {})).await.unwrap().into_inner()
    }

    pub async fn events<E: Event>(&self) -> Vec<E> {
        self.stack.events::<E>(NAME).await
    }

    /// The last words of the types of an aggregate's events, in order.
    pub async fn history(&self, aggregate: &str) -> Vec<String> {
        let rows = self.stack.journal(NAME).await;
        let rows: Vec<JournalRow> = rows.into_iter().filter(|row| row.aggregate_id.to_string() == aggregate).collect();
        let versions: Vec<_> = rows.iter().map(|row| row.version).collect();
        assert_eq!(versions, (1..=rows.len() as u64).collect::<Vec<_>>(), "versions have no holes");
        rows.iter().map(|row| row.event_type.rsplit('.').next().unwrap().to_owned()).collect()
    }
}

pub fn withdrawal(number: u128) -> WithdrawRequest {
    let (channel, text) = ("hotline".into(), "it has turned up".into());
    WithdrawRequest { complaint_id: id(number), channel, text, said_at: None }
}

/// The customer writes about the complaint of a number, to the case of the same number.
pub fn written(number: u128, occurred_at: Timestamp, was_asked: bool) -> CaseContactAdded {
    CaseContactAdded {
        case_id: id(1_000 + number),
        customer_id: id(2_000 + number),
        complaint_id: id(number),
        message_id: Uuid::new_v4().to_string(),
        occurred_at: on_wire(occurred_at),
        was_asked,
        ..CaseContactAdded::default()
    }
}

pub fn conclude(number: u128) -> ConcludeInvestigationRequest {
    ConcludeInvestigationRequest {
        complaint_id: id(number),
        findings: "the cap does not close".into(),
        cause_code: "packaging.leak".into(),
        responsible_department: "quality".into(),
        ..Default::default()
    }
}

pub fn draft(number: u128, remedies: Vec<Remedy>) -> DraftSolutionRequest {
    DraftSolutionRequest { complaint_id: id(number), remedies, text: "your money back".into(), ..Default::default() }
}

/// The command was taken and led to this status.
#[track_caller]
pub fn ok(answer: Result<Response<Receipt>, Status>, status: &str) -> Receipt {
    let receipt = answer.unwrap().into_inner();
    assert_eq!(receipt.status, status);
    receipt
}

pub fn code(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}
