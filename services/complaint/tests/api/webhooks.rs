//! A team without NATS: its events over HTTP, signed, at least once, from a real server that fails first.
use std::time::Duration;

use contracts::{common::v1::CaseClass, complaint::v1::*};
use testkit::{Receiver, request};
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::house::{ANA, House, NAME, case, fields, ok};

/// A house whose quality department has this team.
async fn house_of(team: &Receiver) -> House {
    let hooks = serde_json::json!({ "quality": team.section() });
    House::open_with(|settings| {
        settings.service["webhooks"] = hooks.clone();
        settings.service["webhook_retry_hours"] = 1.into();
    })
    .await
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
    let team = Receiver::open().await;
    let house = house_of(&team).await;
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
    assert_eq!(team.taken().len(), 1, "the events behind the first one wait for it");
    house.stack.advance(seconds(1)).await;
    assert_eq!(team.taken().len(), 2);
    house.stack.advance(seconds(2)).await;
    let taken = team.taken();
    let words: Vec<_> = taken.iter().map(|one| (one.status, one.body["type"].as_str().unwrap())).collect();
    let issued = "aftercare.complaint.v1.TaskIssued";
    let rest = ["aftercare.complaint.v1.TaskAcknowledged", "aftercare.complaint.v1.TaskAnswered"];
    assert_eq!(words, [(503, issued), (302, issued), (200, issued), (200, rest[0]), (200, rest[1])]);
    assert!(taken[0].id == taken[2].id && taken[2].id != taken[3].id, "one id for all attempts of an event");
    let versions: Vec<_> = taken[2..].iter().map(|one| one.body["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert_eq!(taken[2].body["data"]["task_id"], task_id);
    assert_eq!(taken[2].body["id"], taken[2].id);
    assert!(!format!("{taken:?}").contains("too hot"), "words stay here");
}

#[tokio::test]
async fn what_a_team_does_not_take_in_its_time_is_kept_and_redriven() {
    let team = Receiver::open().await;
    let house = house_of(&team).await;
    team.answers(std::iter::repeat_n(500, 40));
    house.record(1, CaseClass::ProductQuality).await;
    for _ in 0..30 {
        house.stack.advance(seconds(300)).await;
    }
    let failed = house.overview().await.failed_webhooks;
    assert_eq!((failed.len(), failed[0].key.as_str(), failed[0].count), (1, "quality", 1));
    let tried = team.taken().len();
    assert!((9..=25).contains(&tried), "with growing pauses: {tried}");
    house.stack.advance(seconds(3_600)).await;
    assert_eq!(team.taken().len(), tried, "it is given up");

    team.answers([]);
    assert_eq!(fields(&redrive(&house, "legal").await.unwrap_err()), ["department"]);
    assert_eq!(redrive(&house, "medical").await.unwrap(), 0);
    assert_eq!(redrive(&house, "quality").await.unwrap(), 1);
    let taken = team.taken();
    assert_eq!(
        (taken.len(), taken[tried].status, &taken[tried].id),
        (tried + 1, 200, &taken[0].id),
        "the same event again"
    );
    assert_eq!(redrive(&house, "quality").await.unwrap(), 0);
    assert_eq!(house.overview().await.failed_webhooks, []);
}

/// The loops of the service run as they do in production; one answer may take 10 seconds.
#[tokio::test]
async fn r_cmp_04_a_team_that_hangs_holds_up_no_other() {
    let (hanging, quick) = (Receiver::open().await, Receiver::open().await);
    hanging.answers([Receiver::HANGS; 9]);
    let hooks = serde_json::json!({ "quality": hanging.section(), "logistics": quick.section() });
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
        while hanging.taken().is_empty() || quick.taken().len() < 3 {
            tick.tick().await;
        }
    };
    time::timeout(Duration::from_secs(9), taken).await.unwrap();
    assert_eq!(hanging.taken().len(), 1, "it still has not answered the first one");
}
