//! What was kept of the promises stands beside them, by channel, for everybody to read.
use contracts::intake::v1::{CloseCaseRequest, RespondToCaseRequest, intake_client::IntakeClient};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request};

use super::{case_with, get, post_case, start};

async fn contact(stack: &Stack, channel: &str) -> String {
    let reply = post_case(stack, &case_with(json!({ "channel": channel }))).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

async fn answer(stack: &Stack, case_id: &str) {
    let answer = RespondToCaseRequest { case_id: case_id.into(), text: "yes".into(), responded_at: None };
    IntakeClient::new(stack.channel("intake")).respond_to_case(request("staff:ana", answer)).await.unwrap();
}

async fn kept(stack: &Stack, channel: &str) -> Value {
    let reply = get(stack, "/v1/promises").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let channels = reply.json()["channels"].as_array().unwrap().clone();
    channels.into_iter().find(|one| one["channel"] == channel).unwrap()["kept"].clone()
}

fn mins(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

#[tokio::test]
async fn r_int_12_r_ana_20_what_was_kept_stands_beside_what_is_promised() {
    let stack = start().await;
    assert_eq!(kept(&stack, "email").await, Value::Null, "there is nothing to divide by");
    let (first, second) = (contact(&stack, "email").await, contact(&stack, "email").await);
    let _missed = contact(&stack, "email").await;
    stack.advance(mins(10)).await;
    assert_eq!(kept(&stack, "email").await, Value::Null, "all of them can still be in time");
    answer(&stack, &first).await;
    stack.advance(mins(10)).await;
    answer(&stack, &second).await;
    let one = json!({ "days": 90, "first_answer": { "n": 2, "percent": 100.0, "median_seconds": 600 } });
    assert_eq!(kept(&stack, "email").await, one);
    stack.advance(mins(24 * 60)).await;
    let close = CloseCaseRequest { case_id: first, outcome: "answered".into() };
    IntakeClient::new(stack.channel("intake")).close_case(request("staff:ana", close)).await.unwrap();
    let later = json!({
        "days": 90,
        "first_answer": { "n": 3, "percent": 66.6, "median_seconds": 1200 },
        "end": { "n": 1, "median_seconds": (24 * 60 + 20) * 60 }
    });
    assert_eq!(kept(&stack, "email").await, later);
    assert_eq!(kept(&stack, "app").await, Value::Null);
    let _another = contact(&stack, "email").await;
    let _third = contact(&stack, "email").await;
    stack.advance(mins(24 * 60 + 1)).await;
    let half = kept(&stack, "email").await;
    assert_eq!((&half["first_answer"]["n"], half["first_answer"].get("median_seconds")), (&json!(5), None), "{half}");
    stack.move_clock(SignedDuration::from_hours(24 * 91));
    assert_eq!(kept(&stack, "email").await, Value::Null, "those were other days");
    let description = get(&stack, "/openapi.json").await.json();
    assert!(description["components"]["schemas"]["KeptView"].is_object());
}
