//! The telephone system: calls answered and given up, and what an agent heard.
use contracts::intake::v1::{CallEnded, CallOutcome, CaseRegistered};
use serde_json::{Value, json};
use testkit::Stack;

use super::{SECRET, assert_refused, push, push_signed, quarantine, signed, start, states};
use crate::count;

async fn hotline() -> Stack {
    start(json!({ "pbx": { "kind": "calls", "secrets": [SECRET] } })).await
}

fn report(call: &str, event: &str, wait: Value) -> String {
    json!({ "call_id": call, "event": event, "at": "2026-03-02T07:59:00Z", "wait_seconds": wait }).to_string()
}

#[tokio::test]
async fn r_int_14_the_end_of_a_call_is_told_with_its_wait_and_once() {
    let stack = hotline().await;
    let reports = [
        report("c-1", "offered", Value::Null),
        report("c-1", "answered", json!(14)),
        report("c-2", "offered", Value::Null),
        report("c-2", "abandoned", json!(61)),
        report("c-1", "abandoned", json!(99)),
    ];
    for (number, report) in reports.iter().enumerate() {
        assert_eq!(push_signed(&stack, "pbx", &format!("m{number}"), report.clone()).await.status, 200);
    }
    stack.settle().await;
    let ended: Vec<CallEnded> = stack.events("intake").await;
    let mut told: Vec<_> =
        ended.iter().map(|call| (call.outcome(), call.wait_seconds, call.case_id.as_str())).collect();
    told.sort_by_key(|call| call.1);
    assert_eq!(told, [(CallOutcome::Answered, 14, ""), (CallOutcome::Abandoned, 61, "")]);
    assert_eq!(ended[0].ended_at.as_ref().unwrap().seconds, 1_772_438_340);
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 4, 0, 1, 0], 0));
    let kept: i64 = sqlx::query_scalar("select count(*) from inbound_message where body is not null")
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    assert_eq!(kept, 0, "the event says all");
}

#[tokio::test]
async fn r_int_01_a_call_that_was_answered_can_open_one_case() {
    let stack = hotline().await;
    let mut told: Value = serde_json::from_str(&report("c-1", "answered", json!(5))).unwrap();
    told["case"] = json!({ "customer": { "name": "王小明", "phone": "13800000000" }, "content": "用了之后头皮很痒" });
    for id in ["m1", "m2"] {
        push_signed(&stack, "pbx", id, told.to_string()).await;
        stack.settle().await;
    }
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    let calls: Vec<CallEnded> = stack.events("intake").await;
    assert_eq!((cases.len(), calls.len(), states(&stack).await), (1, 1, [0, 1, 0, 1, 0]));
    assert_eq!((cases[0].channel().as_str_name(), &cases[0].case_id), ("CHANNEL_HOTLINE", &calls[0].case_id));
    assert_eq!(cases[0].occurred_at.as_ref().unwrap().seconds, 1_772_438_340);
}

/// Two telephone systems that count their calls alike.
#[tokio::test]
async fn r_int_01_calls_of_two_telephone_systems_with_one_number_are_two() {
    let pbx = |namespace: &str| json!({ "kind": "calls", "secrets": [SECRET], "namespace": namespace });
    let stack = start(json!({ "north": pbx(""), "south": pbx("south") })).await;
    for source in ["north", "south"] {
        let mut told: Value = serde_json::from_str(&report("1001", "answered", json!(5))).unwrap();
        told["case"] = json!({ "customer": { "ref": "7", "phone": "13800000000" }, "content": "When do you open?" });
        push_signed(&stack, source, "m", told.to_string()).await;
    }
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((cases.len(), states(&stack).await), (2, [0, 2, 0, 0, 0]));
    assert_ne!(cases[0].customer_id, cases[1].customer_id, "number 7 of one is not number 7 of the other");
}

#[tokio::test]
async fn r_int_02_what_is_no_report_of_a_call_is_refused_or_kept() {
    let stack = hotline().await;
    let body = report("c-1", "answered", json!(1));
    let old = signed(SECRET, "m", stack.now().as_second() - 301, body.as_bytes());
    assert_refused(&stack, &push(&stack, "/v1/channels/pbx", &old, body.clone()).await, 401, "stale").await;
    assert_refused(&stack, &push(&stack, "/v1/channels/pbx", &[], body).await, 401, "forged").await;
    let mut nameless: Value = serde_json::from_str(&report("c-9", "answered", json!(1))).unwrap();
    nameless["case"] = json!({ "content": "x" });
    let mut odd = nameless.clone();
    odd["case"] = json!({ "content": 7, "colour": "red" });
    let mut flat = nameless.clone();
    flat["case"] = json!("x");
    let broken = [
        "{".to_owned(),
        report("c-1", "transferred", json!(1)),
        report("c-1", "answered", Value::Null),
        report("c-1", "answered", json!(86_401)),
        report("", "answered", json!(1)),
        nameless.to_string(),
        odd.to_string(),
        flat.to_string(),
    ];
    for (number, report) in broken.iter().enumerate() {
        assert_eq!(push_signed(&stack, "pbx", &format!("m{number}"), report.clone()).await.status, 200);
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "hotline_call").await), ([0, 0, 8, 0, 0], 0));
    let reasons: Vec<String> = quarantine(&stack).await.into_iter().map(|message| message.reason).collect();
    let form = "not known, or of another form: case";
    for said in ["is no report", "wait_seconds", "call_id: must be", "customer.name", &format!("{form}.c")] {
        assert!(reasons.iter().any(|reason| reason.contains(said)), "{said}: {reasons:?}");
    }
    assert!(reasons.iter().any(|reason| reason == form), "{reasons:?}");
}
