//! A platform in JD's way: a signed form is a hint, and what it hints at is pulled from the platform, here from a
//! stand-in.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::Query, http::StatusCode, response::IntoResponse, routing::get};
use contracts::intake::v1::{CaseContactAdded, CaseRegistered};
use jiff::{SignedDuration, Timestamp, tz};
use md5::{Digest, Md5};
use serde_json::json;
use testkit::Stack;

use super::{assert_refused, push, quarantine, start, states};
use crate::{Reply, count};

pub const SECRET: &str = "helloworld";

/// The platform: knows services `1`, `2`, …; of 78 it tells another thing when it is asked the third and fourth time.
/// Answers 503 as often as `ill` says.
async fn platform(ill: usize) -> (String, Arc<AtomicUsize>) {
    let ill = Arc::new(AtomicUsize::new(ill));
    let (left, asked_of_78) = (Arc::clone(&ill), Arc::new(AtomicUsize::new(0)));
    let service = async move |Query(asked): Query<Vec<(String, String)>>| {
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let value = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap();
        let unsigned: Vec<(&str, String)> =
            ["app_key", "service_id", "timestamp"].map(|name| (name, value(name))).to_vec();
        assert_eq!(value("sign"), sign(&unsigned), "we sign as the platform does");
        match value("service_id").as_str() {
            "404" => StatusCode::NOT_FOUND.into_response(),
            "500" => "no json".into_response(),
            "600" => {
                json!({ "afsServiceId": 1, "customerPin": "jd_1", "questionDesc": "x" }).to_string().into_response()
            }
            id @ ("79" | "80") => {
                let phone = if id == "79" { "138****0000" } else { "by mail" };
                json!({ "afsServiceId": id, "customerPin": "jd_2", "customerName": "王*明", "customerTel": phone,
                        "questionDesc": "用了你们的面霜，脸上起红疹" })
                .to_string()
                .into_response()
            }
            id => {
                let times = if id == "78" { asked_of_78.fetch_add(1, Ordering::SeqCst) } else { 0 };
                let said = if [2, 3].contains(&times) { "瓶子漏了，盖子也裂了" } else { "瓶子漏了" };
                json!({ "afsServiceId": id.parse::<u64>().unwrap(), "customerPin": "jd_1", "customerName": "王小明",
                          "customerTel": "13800000000", "orderId": 88120, "questionDesc": said,
                          "afsApplyTime": 1_772_438_300_000_i64 })
                .to_string()
                .into_response()
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the stand-in ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/services", get(service))).await });
    (format!("http://{address}/services"), ill)
}

async fn jd(pull_url: &str) -> Stack {
    let section = json!({ "kind": "signed_form", "app_key": "app", "secret": SECRET, "sign_method": "md5",
                          "pull_url": pull_url });
    start(json!({ "jd": section })).await
}

fn sign(fields: &[(&str, String)]) -> String {
    let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
    fields.sort();
    let text: String = fields.iter().map(|(name, value)| format!("{name}{value}")).collect();
    Md5::digest(format!("{SECRET}{text}{SECRET}")).iter().map(|byte| format!("{byte:02X}")).collect()
}

fn beijing(at: Timestamp) -> String {
    tz::offset(8).to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The fields of a hint, signed.
pub fn hint(at: Timestamp, message: &str, service: &str) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("app_key", "app".to_owned()),
        ("timestamp", beijing(at)),
        ("message_id", message.to_owned()),
        ("event", "afs_created".to_owned()),
        ("service_id", service.to_owned()),
    ];
    fields.push(("sign", sign(&fields)));
    fields
}

pub async fn send(stack: &Stack, fields: &[(&str, String)]) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    push(stack, "/v1/channels/jd", &[("content-type", "application/x-www-form-urlencoded".into())], body).await
}

#[tokio::test]
async fn r_int_01_a_platforms_push_is_only_a_hint_and_the_service_is_pulled() {
    let (url, ill) = platform(2).await;
    let stack = jd(&url).await;
    let reply = send(&stack, &hint(stack.now(), "m-1", "77")).await;
    assert_eq!((reply.status, reply.json()), (200, json!({ "code": "0" })));
    stack.settle().await;
    assert_eq!((states(&stack).await, ill.load(Ordering::SeqCst)), ([1, 0, 0, 0, 0], 1), "the platform is ill: later");
    stack.advance(SignedDuration::from_secs(1)).await;
    stack.advance(SignedDuration::from_secs(2)).await;
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, events.len()), ([0, 1, 0, 0, 0], 1));
    assert_eq!(events[0].case_id, kernel::id::derived("case", &["platform", "77"]).to_string());
    assert_eq!(events[0].purchase_id, kernel::id::derived("purchase", &["platform", "88120"]).to_string());
    assert_eq!(events[0].occurred_at.as_ref().unwrap().seconds, 1_772_438_300);

    send(&stack, &hint(stack.now(), "m-1", "77")).await;
    send(&stack, &hint(stack.now(), "m-2", "77")).await;
    stack.settle().await;
    assert_eq!(
        (states(&stack).await, count(&stack, "case_file").await),
        ([0, 1, 0, 1, 0], 1),
        "news of the same service"
    );
}

/// What a customer adds to a service is hinted at once more, and goes to its case; what was said is said once.
#[tokio::test]
async fn r_int_02_a_service_that_says_something_else_by_now_is_a_further_contact_to_its_case() {
    let (url, _) = platform(0).await;
    let stack = jd(&url).await;
    for message in ["m-1", "m-2"] {
        send(&stack, &hint(stack.now(), message, "78")).await;
    }
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 1, 0, 1, 0]);
    for message in ["m-3", "m-4", "m-5"] {
        send(&stack, &hint(stack.now(), message, "78")).await;
    }
    stack.settle().await;
    let [case] = stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    let [added] = stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!((added.case_id, states(&stack).await), (case.case_id, [0, 2, 0, 3, 0]));
}

/// Two platforms that count their services and customers alike.
#[tokio::test]
async fn r_int_01_services_of_two_platforms_with_one_number_are_two_and_so_are_their_customers() {
    let (url, _) = platform(0).await;
    let section = |namespace: &str| {
        json!({ "kind": "signed_form", "app_key": "app", "secret": SECRET, "sign_method": "md5", "pull_url": url,
                "namespace": namespace })
    };
    let stack = start(json!({ "jd": section(""), "tmall": section("tmall") })).await;
    for source in ["jd", "tmall"] {
        let hint = hint(stack.now(), "m-1", "77");
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(hint).finish();
        push(&stack, &format!("/v1/channels/{source}"), &[], body).await;
    }
    stack.settle().await;
    let mut cases: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((cases.len(), states(&stack).await), (2, [0, 2, 0, 0, 0]));
    cases.sort_by_key(|case| case.case_id != kernel::id::derived("case", &["platform", "77"]).to_string());
    assert_eq!(cases[1].case_id, kernel::id::derived("case", &["platform", "tmall/77"]).to_string());
    assert_eq!(cases[1].purchase_id, kernel::id::derived("purchase", &["platform", "tmall/88120"]).to_string());
    assert_ne!(cases[0].customer_id, cases[1].customer_id);
}

#[tokio::test]
async fn r_int_02_a_hint_that_leads_nowhere_ends_in_quarantine() {
    let (url, _) = platform(0).await;
    let stack = jd(&url).await;
    for service in ["404", "500", "600", ""] {
        assert_eq!(send(&stack, &hint(stack.now(), &format!("m-{service}"), service)).await.status, 200);
    }
    stack.settle().await;
    let reasons: Vec<String> = quarantine(&stack).await.into_iter().map(|message| message.reason).collect();
    for said in ["knows no such", "not a service in JSON", "another service", "service_id"] {
        assert!(reasons.iter().any(|reason| reason.contains(said)), "{said}: {reasons:?}");
    }
    assert_eq!(states(&stack).await, [0, 0, 4, 0, 0]);
}

#[tokio::test]
async fn r_int_02_a_platform_that_never_answers_is_given_up_after_many_tries_and_can_be_tried_again() {
    let (url, ill) = platform(20).await;
    let stack = jd(&url).await;
    send(&stack, &hint(stack.now(), "m-1", "77")).await;
    for _ in 0..20 {
        stack.advance(SignedDuration::from_mins(5)).await;
    }
    let found = quarantine(&stack).await;
    assert_eq!((found.len(), ill.load(Ordering::SeqCst)), (1, 0));
    assert_eq!(found[0].reason, "given up after 20 tries: pulling: http_503");
    let retry = contracts::intake::v1::RetryInboundRequest { inbound_id: found[0].inbound_id.clone() };
    super::client(&stack).retry_inbound(testkit::request("staff:ana", retry)).await.unwrap();
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn forged_stale_and_ambiguous_forms_are_refused() {
    let stack = jd("http://127.0.0.1:1/services").await;
    let now = stack.now();
    let good = hint(now, "m-1", "77");
    let with = |name: &'static str, value: &str| {
        let others = good.iter().filter(|(key, _)| *key != name).cloned();
        others.chain([(name, value.to_owned())]).collect::<Vec<_>>()
    };
    for forged in
        [with("service_id", "78"), with("sign", ""), with("sign", &"0".repeat(32)), with("extra", "1"), vec![]]
    {
        assert_refused(&stack, &send(&stack, &forged).await, 401, "forged").await;
    }
    let mut other = with("app_key", "other");
    other.retain(|(key, _)| *key != "sign");
    other.push(("sign", sign(&other)));
    assert_refused(&stack, &send(&stack, &other).await, 401, "forged").await;
    for at in [now - SignedDuration::from_mins(6), now + SignedDuration::from_mins(6)] {
        assert_refused(&stack, &send(&stack, &hint(at, "m-1", "77")).await, 401, "stale").await;
    }
    let twice = [good.clone(), vec![("service_id", "78".to_owned())]].concat();
    assert_refused(&stack, &send(&stack, &twice).await, 400, "malformed").await;
    let huge = with("service_id", &"7".repeat(300_000));
    assert_refused(&stack, &send(&stack, &huge).await, 413, "too_large").await;
}

#[tokio::test]
async fn r_int_01_r_int_09_a_number_the_platform_masks_is_none_and_harm_in_what_waits_is_said() {
    let (url, _) = platform(0).await;
    let stack = jd(&url).await;
    send(&stack, &hint(stack.now(), "m-1", "79")).await;
    send(&stack, &hint(stack.now(), "m-2", "80")).await;
    stack.settle().await;
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, events.len()), ([0, 1, 1, 0, 0], 1));
    assert_eq!(events[0].case_id, kernel::id::derived("case", &["platform", "79"]).to_string());
    let waits = quarantine(&stack).await;
    assert!(
        waits[0].reason.contains("customer.phone") && waits[0].reason.ends_with("; it speaks of harm"),
        "{waits:?}"
    );
}
