//! A team without NATS: its events over HTTP, signed, at least once, from a real server that fails first.
use std::{
    collections::VecDeque,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use contracts::{common::v1::CaseClass, complaint::v1::*};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use testkit::request;
use tokio::{net::TcpListener, task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::house::{ANA, House, NAME, case, fields, ok};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a team says that takes a request and never answers it.
const HANGS: u16 = 0;

/// The team's server: says what it is told to, then 200.
struct Team {
    url: String,
    end: End,
    _serving: JoinSet<()>,
}

#[derive(Clone, Default)]
struct End {
    answers: Arc<Mutex<VecDeque<u16>>>,
    /// Every request: the status it got, its id, its body.
    seen: Arc<Mutex<Vec<(u16, String, Value)>>>,
}

impl Team {
    async fn open() -> Self {
        let (listener, end) = (TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), End::default());
        let url = format!("http://{}/tasks", listener.local_addr().unwrap());
        let routes = Router::new().route("/tasks", post(take)).with_state(end.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, end, _serving: serving }
    }

    /// A house whose quality department has this team.
    async fn house(&self) -> House {
        let hook = serde_json::json!({ "quality": { "url": self.url, "secret": SECRET } });
        House::open_with(|settings| {
            settings.service["webhooks"] = hook.clone();
            settings.service["webhook_retry_hours"] = 1.into();
        })
        .await
    }

    fn answers(&self, with: impl IntoIterator<Item = u16>) {
        *self.end.answers.lock().unwrap() = with.into_iter().collect();
    }

    fn seen(&self) -> Vec<(u16, String, Value)> {
        self.end.seen.lock().unwrap().clone()
    }
}

async fn take(State(end): State<End>, headers: HeaderMap, body: String) -> StatusCode {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let secret = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
    let answer = end.answers.lock().unwrap().pop_front().unwrap_or(200);
    end.seen.lock().unwrap().push((answer, header("webhook-id"), serde_json::from_str(&body).unwrap()));
    if answer == HANGS {
        return std::future::pending().await;
    }
    StatusCode::from_u16(answer).unwrap()
}

fn seconds(seconds: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(seconds)
}

async fn redrive(house: &House, department: &str) -> Result<u64, tonic::Status> {
    let redrive = RedriveWebhookRequest { department: department.into() };
    let answer = house.client().redrive_webhook(request(ANA, redrive)).await;
    house.stack.settle().await;
    answer.map(|answer| answer.into_inner().redriven)
}

#[tokio::test]
async fn r_cmp_04_a_team_without_nats_gets_its_events_in_order_however_often_it_fails_first() {
    let team = Team::open().await;
    let house = team.house().await;
    team.answers([503, 302]);
    house.record(1, CaseClass::Delivery).await;
    house.record(2, CaseClass::ProductQuality).await;
    let task_id = house.tasks("quality").await[0].task_id.clone();
    let answer = AnswerTaskRequest {
        task_id: task_id.clone(),
        department: "quality".into(),
        text: "the batch was filled too hot".into(),
        ..AnswerTaskRequest::default()
    };
    ok(house.client().answer_task(request("staff:quinn", answer)).await, "answered");
    house.stack.settle().await;
    assert_eq!(team.seen().len(), 1, "the events behind the first one wait for it");
    house.stack.advance(seconds(1)).await;
    assert_eq!(team.seen().len(), 2);
    house.stack.advance(seconds(2)).await;
    let seen = team.seen();
    let words: Vec<_> = seen.iter().map(|(status, _, body)| (*status, body["type"].as_str().unwrap())).collect();
    let issued = "aftercare.complaint.v1.TaskIssued";
    let rest = ["aftercare.complaint.v1.TaskAcknowledged", "aftercare.complaint.v1.TaskAnswered"];
    assert_eq!(words, [(503, issued), (302, issued), (200, issued), (200, rest[0]), (200, rest[1])]);
    assert!(seen[0].1 == seen[2].1 && seen[2].1 != seen[3].1, "one id for all attempts of an event");
    let versions: Vec<_> = seen[2..].iter().map(|(_, _, body)| body["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert_eq!(seen[2].2["data"]["task_id"], task_id);
    assert_eq!(seen[2].2["id"], seen[2].1);
    assert!(!format!("{seen:?}").contains("too hot"), "words stay here");
}

#[tokio::test]
async fn what_a_team_does_not_take_in_its_time_is_kept_and_redriven() {
    let team = Team::open().await;
    let house = team.house().await;
    team.answers(std::iter::repeat_n(500, 40));
    house.record(1, CaseClass::ProductQuality).await;
    for _ in 0..30 {
        house.stack.advance(seconds(300)).await;
    }
    let failed = house.overview().await.failed_webhooks;
    assert_eq!((failed.len(), failed[0].key.as_str(), failed[0].count), (1, "quality", 1));
    let tried = team.seen().len();
    assert!((9..=25).contains(&tried), "with growing pauses: {tried}");
    house.stack.advance(seconds(3_600)).await;
    assert_eq!(team.seen().len(), tried, "it is given up");

    team.answers([]);
    assert_eq!(fields(&redrive(&house, "legal").await.unwrap_err()), ["department"]);
    assert_eq!(redrive(&house, "medical").await.unwrap(), 0);
    assert_eq!(redrive(&house, "quality").await.unwrap(), 1);
    let seen = team.seen();
    assert!(seen.len() == tried + 1 && seen[tried].0 == 200 && seen[tried].1 == seen[0].1, "the same event again");
    assert_eq!(redrive(&house, "quality").await.unwrap(), 0);
    assert_eq!(house.overview().await.failed_webhooks, []);
}

/// The loops of the service run as they do in production; one answer may take 10 seconds.
#[tokio::test]
async fn r_cmp_04_a_team_that_hangs_holds_up_no_other() {
    let (hanging, quick) = (Team::open().await, Team::open().await);
    hanging.answers([HANGS; 9]);
    let hook = |team: &Team| serde_json::json!({ "url": team.url, "secret": SECRET });
    let hooks = serde_json::json!({ "quality": hook(&hanging), "logistics": hook(&quick) });
    let house = House::open_with(|settings| settings.service["webhooks"] = hooks.clone()).await;
    for number in 1..=4 {
        let class = if number == 1 { CaseClass::ProductQuality } else { CaseClass::Delivery };
        let case = case(number, class, house.stack.now());
        house.stack.publish("intake", &case, Uuid::from_u128(1_000 + number), 1).await;
    }
    let (stop, mut loops) = (CancellationToken::new(), JoinSet::new());
    for (_, work) in house.stack.node(NAME).loops(&stop) {
        loops.spawn(work);
    }
    let taken = async {
        let mut tick = time::interval(Duration::from_millis(20));
        while hanging.seen().is_empty() || quick.seen().len() < 3 {
            tick.tick().await;
        }
    };
    time::timeout(Duration::from_secs(9), taken).await.unwrap();
    assert_eq!(hanging.seen().len(), 1, "it still has not answered the first one");
}
