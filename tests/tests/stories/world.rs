//! A whole chain in one process: all services, a payment provider and an SMS gateway, and the people who work in it.
use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::post};
use backbone::Settings;
use contracts::{
    common::v1::{CaseClass, Emotion, Money, Remedy, RemedyKind},
    complaint::v1::{self as complaint, complaints_client::ComplaintsClient},
    fulfilment::v1::{self as fulfilment, fulfilment_client::FulfilmentClient},
    intake::v1::{AddToCaseRequest, intake_client::IntakeClient},
    scheduling::v1::{self as scheduling, scheduling_client::SchedulingClient},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stories::payments::{Calling, LedgerView, Sandbox, Told, Trouble};
use testkit::{Stack, request};
use tonic::{Status, transport::Channel};

/// What the payment provider signs with.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The provider tells of itself how each refund ended; all this goes wrong with it. (Another amount is raised to management.)
const TROUBLES: [Trouble; 6] =
    [Trouble::Duplicates, Trouble::OutOfOrder, Trouble::Late, Trouble::AnotherOrder, Trouble::Unsigned, Trouble::Stale];

/// The chain and what stands outside it.
pub struct World {
    pub stack: Stack,
    pub http: reqwest::Client,
    provider: Sandbox,
    payments: String,
    sms: Arc<Mutex<Vec<Value>>>,
}

impl World {
    pub async fn open() -> Self {
        Self::open_with(|_, _| {}).await
    }

    /// `adjust` may change each service's settings, by its name.
    pub async fn open_with(adjust: impl Fn(&str, &mut Settings) + Send + Sync) -> Self {
        let provider = Sandbox::new(None).unwrap();
        let payments = serve(provider.clone().router()).await;
        let sms = Arc::new(Mutex::new(Vec::new()));
        let gateway = Router::new().route("/sms", post(take_sms)).with_state(Arc::clone(&sms));
        let sms_url = format!("{}/sms", serve(gateway).await);
        let services = [
            &::intake::SERVICE,
            &::scheduling::SERVICE,
            &::complaint::SERVICE,
            &::fulfilment::SERVICE,
            &outreach::SERVICE,
            &analytics::SERVICE,
        ];
        let stack = Stack::start_with(&services, |name, settings| {
            match name {
                "intake" => settings.service["master_key"] = json!("07".repeat(32)),
                "fulfilment" => {
                    settings.service["payments"]["url"] = json!(payments);
                    settings.service["payments"]["timeout"] = json!("1s");
                    settings.service["payments"]["callback_secrets"] = json!([SECRET]);
                }
                "outreach" => settings.service["sms_url"] = json!(sms_url),
                "complaint" => {
                    let member = |role: &str, who: &str| json!({ "role": role, "who": who });
                    settings.service["approval"]["members"] = json!([
                        member("complaint_manager", "staff:manager-zhao"),
                        member("head_of_after_sales", "staff:head-qian"),
                        member("head_of_after_sales", "staff:head-ren"),
                    ]);
                }
                _ => {}
            }
            adjust(name, settings);
        })
        .await;
        let url = format!("{}/v1/payments/callbacks", stack.base_url("fulfilment"));
        let calling = Calling { url, secret: SECRET.into(), troubles: TROUBLES.into() };
        provider.call_back(calling, stack.node("fulfilment").context().clock.clone()).unwrap();
        Self { stack, http: testkit::http(), provider, payments, sms }
    }

    /// A sale of one article for 12.50, delivered two days later; says the purchase's id.
    pub async fn sell(&self, order_ref: &str) -> String {
        let now = self.stack.now();
        let sale = json!({
            "order_ref": order_ref, "channel": "website", "store": "s-1",
            "bought_at": (now - SignedDuration::from_hours(48)).to_string(), "delivered_at": now.to_string(),
            "paid": { "minor": 1250, "currency": "CNY" },
            "lines": [{ "line_id": "1", "product_id": "p-9", "category": "skin_care", "batch": "b-77", "quantity": 1,
                        "paid": { "minor": 1250, "currency": "CNY" } }],
            "customer": { "ref": format!("c-{order_ref}"), "name": "Wang Fang", "phone": "+8613800138000" }
        });
        let request = self.http.post(format!("{}/v1/sales", self.stack.base_url("intake")));
        let request = request.header("content-type", "application/x-ndjson").body(sale.to_string());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["recorded"], 1, "{answer}");
        self.stack.settle().await;
        kernel::id::derived("purchase", &["website", order_ref]).to_string()
    }

    /// A sale and a complaint about it; says the complaint's id.
    pub async fn complain(&self, order_ref: &str) -> String {
        self.sell(order_ref).await;
        self.contact(&format!("t-{order_ref}"), order_ref, "product_quality", "the pump leaks").await;
        let recorded = self.stack.events::<complaint::ComplaintRecorded>("complaint").await;
        recorded.last().unwrap().complaint_id.clone()
    }

    /// A customer's contact by the app; says the case as answered.
    pub async fn contact(&self, external_ref: &str, order_ref: &str, class: &str, content: &str) -> Value {
        self.write(order_ref, "", json!({ "external_ref": external_ref, "class": class, "content": content })).await
    }

    /// As [`World::contact`], of any parts; with an idempotency key unless it is empty.
    pub async fn write(&self, order_ref: &str, key: &str, parts: Value) -> Value {
        let mut body = json!({
            "channel": "app",
            "customer": { "ref": format!("c-{order_ref}"), "name": "Wang Fang", "phone": "+8613800138000" },
            "purchase": { "channel": "website", "order_ref": order_ref }, "product_id": "p-9", "batch": "b-77"
        });
        body.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
        let request = self.http.post(format!("{}/v1/cases", self.stack.base_url("intake"))).json(&body);
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        let case = request.send().await.unwrap().json().await.unwrap();
        self.stack.settle().await;
        case
    }

    /// The customer answers the follow-up of a purchase.
    pub async fn answer(&self, purchase_id: &str, score: u32, discomfort: bool) {
        let answer = scheduling::RecordAnswerRequest {
            purchase_id: purchase_id.into(),
            score,
            discomfort,
            comment: "it leaks".into(),
            ..Default::default()
        };
        SchedulingClient::new(self.stack.channel("scheduling"))
            .record_answer(request("staff:caller", answer))
            .await
            .unwrap();
        self.stack.settle().await;
    }

    pub fn complaints(&self) -> ComplaintsClient<Channel> {
        ComplaintsClient::new(self.stack.channel("complaint"))
    }

    pub fn fulfilment(&self) -> FulfilmentClient<Channel> {
        FulfilmentClient::new(self.stack.channel("fulfilment"))
    }

    pub async fn complaint(&self, id: &str) -> complaint::ComplaintView {
        let wanted = complaint::GetComplaintRequest { complaint_id: id.into() };
        let answer = self.complaints().get_complaint(request("staff:reader", wanted)).await.unwrap();
        answer.into_inner().complaint.unwrap()
    }

    /// The tasks of a complaint.
    pub async fn tasks(&self, complaint_id: &str) -> Vec<complaint::TaskView> {
        let all = complaint::ListTasksRequest::default();
        let mut tasks = self.complaints().list_tasks(request("staff:reader", all)).await.unwrap().into_inner().tasks;
        tasks.retain(|task| task.issued.as_ref().unwrap().complaint_id == complaint_id);
        tasks
    }

    pub async fn status(&self, id: &str) -> String {
        self.complaint(id).await.status
    }

    /// The department answers its open task of the complaint, and the manager accepts the answer.
    pub async fn department_answers(&self, complaint_id: &str) {
        let mut staff = self.complaints();
        for task in self.tasks(complaint_id).await.into_iter().filter(|task| task.status != "accepted") {
            let issued = task.issued.unwrap();
            let answer = complaint::AnswerTaskRequest {
                task_id: task.task_id.clone(),
                department: issued.department,
                text: "the pump was from a bad series".into(),
                cause_code: "packaging.leak".into(),
                ..Default::default()
            };
            staff.answer_task(request("staff:quality-li", answer)).await.unwrap();
            let accept = complaint::AcceptAnswerRequest { task_id: task.task_id };
            staff.accept_answer(request("staff:manager-zhao", accept)).await.unwrap();
        }
        self.stack.settle().await;
    }

    /// The customer is asked on the phone for what the record lacks.
    pub async fn complete_record(&self, id: &str) {
        let view = self.complaint(id).await;
        let lacks = |part: &str| view.record_missing.iter().any(|missing| missing == part);
        let said = |part: &str| if lacks(part) { "as she tells on the phone".to_owned() } else { String::new() };
        if view.record_missing.is_empty() {
            return;
        }
        let added = AddToCaseRequest {
            case_id: view.recorded.clone().unwrap().case_id,
            content: said("content"),
            circumstances: said("circumstances"),
            expected_resolution: said("expected_resolution"),
            emotion: if lacks("emotion") { Emotion::Angry.into() } else { Emotion::Unspecified.into() },
        };
        let mut intake = IntakeClient::new(self.stack.channel("intake"));
        intake.add_to_case(request("staff:agent-sun", added)).await.unwrap();
        self.stack.settle().await;
        assert!(self.complaint(id).await.record_missing.is_empty());
    }

    /// Assessed, investigated and concluded.
    pub async fn investigate(&self, id: &str) {
        let mut staff = self.complaints();
        let by = "staff:manager-zhao";
        if self.status(id).await == "recorded" {
            self.complete_record(id).await;
            let class = CaseClass::ProductQuality.into();
            let assess = complaint::AssessRequest { complaint_id: id.into(), class, severity: 1 };
            staff.assess(request(by, assess)).await.unwrap();
            let start = complaint::StartInvestigationRequest { complaint_id: id.into() };
            staff.start_investigation(request(by, start)).await.unwrap();
        }
        self.department_answers(id).await;
        let conclude = complaint::ConcludeInvestigationRequest {
            complaint_id: id.into(),
            findings: "the pump leaks".into(),
            cause_code: "packaging.leak".into(),
            responsible_department: "quality".into(),
            ..Default::default()
        };
        staff.conclude_investigation(request(by, conclude)).await.unwrap();
        self.stack.settle().await;
    }

    /// Drafted and submitted; says the solution's version.
    pub async fn submit(&self, id: &str, kind: RemedyKind, minor: i64) -> u32 {
        let mut staff = self.complaints();
        let money = Money { minor, currency: "CNY".into() };
        let remedy = Remedy { kind: kind.into(), amount: Some(money), ..Default::default() };
        let draft = complaint::DraftSolutionRequest {
            complaint_id: id.into(),
            remedies: vec![remedy],
            text: "we give back what you paid".into(),
            ..Default::default()
        };
        staff.draft_solution(request("staff:agent-sun", draft)).await.unwrap();
        let submit = complaint::SubmitSolutionRequest { complaint_id: id.into() };
        staff.submit_solution(request("staff:agent-sun", submit)).await.unwrap();
        self.complaint(id).await.solution_version
    }

    /// Drafted, approved by somebody else and offered; says the solution's version.
    pub async fn offer(&self, id: &str, kind: RemedyKind, minor: i64) -> u32 {
        let solution_version = self.submit(id, kind, minor).await;
        self.approve("staff:manager-zhao", id, solution_version).await.unwrap();
        self.offer_approved(id).await.unwrap();
        solution_version
    }

    /// What was approved is offered.
    pub async fn offer_approved(&self, id: &str) -> Result<(), Status> {
        let offer = complaint::OfferSolutionRequest { complaint_id: id.into() };
        let answer = self.complaints().offer_solution(request("staff:agent-sun", offer)).await;
        self.stack.settle().await;
        answer.map(drop)
    }

    pub async fn approve(&self, by: &str, id: &str, solution_version: u32) -> Result<(), Status> {
        let approve = complaint::ApproveSolutionRequest { complaint_id: id.into(), solution_version };
        self.complaints().approve_solution(request(by, approve)).await.map(drop)
    }

    pub async fn consent(&self, id: &str, solution_version: u32) {
        let consent = complaint::RecordConsentRequest {
            complaint_id: id.into(),
            solution_version,
            channel: "hotline".into(),
            text: "yes, please".into(),
            ..Default::default()
        };
        self.complaints().record_consent(request("staff:agent-sun", consent)).await.unwrap();
        self.stack.settle().await;
    }

    pub async fn decline(&self, id: &str, solution_version: u32) {
        let decline = complaint::RecordDeclineRequest {
            complaint_id: id.into(),
            solution_version,
            counter_wish: "I want all of it back".into(),
            ..Default::default()
        };
        self.complaints().record_decline(request("staff:agent-sun", decline)).await.unwrap();
        self.stack.settle().await;
    }

    pub async fn satisfied(&self, id: &str, satisfied: bool) {
        let word = complaint::RecordSatisfactionRequest { complaint_id: id.into(), satisfied, ..Default::default() };
        self.complaints().record_satisfaction(request("staff:caller", word)).await.unwrap();
        self.stack.settle().await;
    }

    pub async fn refunds(&self) -> Vec<fulfilment::RefundView> {
        let wanted = request("staff:reader", fulfilment::ListRefundsRequest::default());
        self.fulfilment().list_refunds(wanted).await.unwrap().into_inner().refunds
    }

    /// What the payment provider says it paid.
    pub async fn ledger(&self) -> LedgerView {
        self.http.get(format!("{}/ledger", self.payments)).send().await.unwrap().json().await.unwrap()
    }

    /// All that the provider tells of itself has arrived, and what follows has happened; says what came of it.
    pub async fn provider_told(&self) -> Told {
        let told = self.provider.told().await;
        self.stack.settle().await;
        told
    }

    /// Spoils the provider's mood, or makes it normal again.
    pub async fn mood(&self, mode: &str) {
        self.mood_of(json!({ "mode": mode })).await;
    }

    /// As [`World::mood`], of any parts.
    pub async fn mood_of(&self, mood: Value) {
        let answer = self.http.put(format!("{}/mood", self.payments)).json(&mood).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Messages the SMS gateway took.
    pub fn messages(&self) -> Vec<Value> {
        self.sms.lock().unwrap().clone()
    }

    /// Nothing is parked anywhere; and what the provider says it paid is what our refunds say it did, key by key, to the cent.
    pub async fn nothing_is_parked(&self) {
        for service in ["intake", "scheduling", "complaint", "fulfilment", "outreach", "analytics"] {
            assert_eq!(self.stack.parked(service).await, 0, "{service} has parked events");
        }
        let statement =
            "select id::text, (state->'facts'->'amount'->>'minor')::bigint, state->'facts'->'amount'->>'currency'
            from refund where status = 'succeeded' and state->>'paid_by' is null";
        let ours = sqlx::query_as(statement).fetch_all(&self.stack.pool("fulfilment")).await.unwrap();
        let mut ours: Vec<(String, i64, String)> = ours;
        let entries = self.ledger().await.entries.into_iter();
        let mut theirs: Vec<_> =
            entries.map(|one| (one.key, one.amount.minor, one.amount.currency.to_string())).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "our refunds, and what the provider paid");
    }
}

async fn take_sms(State(taken): State<Arc<Mutex<Vec<Value>>>>, Json(message): Json<Value>) -> Json<Value> {
    taken.lock().unwrap().push(message);
    Json(json!({ "accepted": true }))
}

/// Serves on a port of its own until the test ends; says where.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
