//! Times nobody can believe, and texts nobody reads: a fresh signature makes neither good. What is pushed with a time of 1970 waits with
//! the reason; what speaks of harm is taken in at once and marked; a megabyte is refused at every door (R-INT-02, R-INT-04).
use axum::{Router, extract::Query, routing::get};
use contracts::{
    common::v1::Lane,
    intake::v1::{
        CallEnded, CaseContactAdded, CaseRegistered, GetOverviewRequest, RetryInboundRequest, RevealHistoryRequest,
        intake_client::IntakeClient,
    },
};
use serde_json::{Value, json};
use testkit::{Stack, request};

use super::{
    SECRET, client, contact, douyin, push_signed, quarantine, signed_form, start, states,
    wechat::{self, APP, TOKEN},
};
use crate::{case_with, count, desk, post_case, view};

/// A platform whose services are all of 1970, but for 3, whose time it tells in another form.
async fn old_platform() -> String {
    let service = async |Query(asked): Query<Vec<(String, String)>>| {
        let id = asked.iter().find(|(name, _)| name == "service_id").map(|(_, id)| id.clone()).unwrap();
        let said = if id == "2" { "用了以后脸肿了" } else { "几点关门？" };
        json!({ "afsServiceId": id.parse::<u64>().unwrap(), "customerPin": format!("jd_{id}"), "questionDesc": said,
                "afsApplyTime": if id == "3" { json!("2026-03-02 16:00:00") } else { json!(0) } })
        .to_string()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the stand-in ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/services", get(service))).await });
    format!("http://{address}/services")
}

/// Every source that is pushed to.
async fn all() -> Stack {
    start(json!({
        "erp": { "kind": "signed_json", "channel": "website", "secrets": [SECRET] },
        "wx": { "kind": "wechat", "token": TOKEN, "app_id": APP },
        "jd": { "kind": "signed_form", "app_key": "app", "secret": signed_form::SECRET, "sign_method": "md5",
                "pull_url": old_platform().await },
        "dy": { "kind": "douyin", "client_key": "aw1", "client_secret": douyin::SECRET },
        "pbx": { "kind": "calls", "secrets": [SECRET] },
    }))
    .await
}

/// The same is said over all of them; what `n` is even speaks of harm.
async fn tell_all(stack: &Stack, n: u32) {
    let words = if n.is_multiple_of(2) { "用了以后脸肿了" } else { "几点关门？" };
    let (m, of) = (format!("m-{n}"), |text: &str| serde_json::from_str::<Value>(text).unwrap());
    let mut said = of(&contact(&format!("C-{n}"), words));
    said["occurred_at"] = "1970-01-01T00:00:00Z".into();
    let call = json!({ "call_id": format!("c-{n}"), "event": "answered", "at": "1970-01-01T00:00:00Z", "wait_seconds": 9,
                       "case": { "customer": { "name": "Ana", "phone": format!("1380000000{n}") }, "content": words } });
    let text = wechat::text(&format!("o-{n}"), n.into(), words).replace("1772438300", "0");
    let message = douyin::message(words).replace("1772438300123", "0").replace("u-1", &format!("u-{n}"));
    let taken = [
        push_signed(stack, "erp", &m, said.to_string()).await,
        wechat::say(stack, &m, &text).await,
        signed_form::send(stack, &signed_form::hint(stack.now(), &m, &n.to_string())).await,
        douyin::tell(stack, &m, &message).await,
        push_signed(stack, "pbx", &m, call.to_string()).await,
    ];
    assert_eq!(taken.map(|reply| reply.status), [200; 5], "the signature is fresh");
    stack.settle().await;
}

#[tokio::test]
async fn r_int_04_what_is_pushed_with_a_time_of_1970_waits_for_a_person_with_the_reason() {
    let stack = all().await;
    tell_all(&stack, 1).await;
    let bare = json!({ "call_id": "c-9", "event": "abandoned", "at": "1970-01-01T00:00:00Z", "wait_seconds": 9 });
    push_signed(&stack, "pbx", "m-9", bare.to_string()).await;
    stack.settle().await;
    let waits = quarantine(&stack).await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 0, 6, 0, 0], 0));
    let named = |field: &str| {
        waits.iter().filter(|one| one.reason.starts_with(&format!("{field}: date_not_believed: "))).count()
    };
    assert_eq!((named("occurred_at"), named("at")), (4, 2), "{waits:?}");
    assert!(stack.events::<CallEnded>("intake").await.is_empty(), "nor is a call counted in 1970");
    let mut intake = IntakeClient::new(stack.channel("intake"));
    let seen = intake.get_overview(GetOverviewRequest {}).await.unwrap().into_inner();
    assert_eq!(seen.quarantined, 6, "whoever watches sees that somebody must look");
    for one in waits {
        let retry = RetryInboundRequest { inbound_id: one.inbound_id };
        client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    }
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, cases.len()), ([0, 6, 0, 0, 0], 5));
    for case in &cases {
        assert_eq!(case.occurred_at, case.recorded_at, "it counts from when we got it");
        assert_eq!(view(&stack, &case.case_id).await.date_doubt, "not_believed");
    }
    let calls: Vec<CallEnded> = stack.events("intake").await;
    let ended: Vec<i64> = calls.iter().map(|call| call.ended_at.unwrap().seconds).collect();
    assert_eq!(ended, [stack.now().as_second(); 2]);
}

#[tokio::test]
async fn r_int_09_harm_that_is_pushed_with_a_time_of_1970_is_taken_in_at_once() {
    let stack = all().await;
    tell_all(&stack, 2).await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, cases.len()), ([0, 5, 0, 0, 0], 5));
    for case in &cases {
        assert_eq!((case.lane(), case.occurred_at), (Lane::Health, case.recorded_at));
        assert_eq!(view(&stack, &case.case_id).await.date_doubt, "not_believed");
    }
}

/// What is longer than a contact waits as a mail does; where it speaks of harm, be it at its end, it is taken in, cut.
#[tokio::test]
async fn r_int_09_a_message_longer_than_a_contact_waits_unless_it_speaks_of_harm() {
    let stack = all().await;
    let long = "有没有赠品？".repeat(1_000);
    push_signed(&stack, "erp", "m-1", contact("C-1", &long)).await;
    push_signed(&stack, "erp", "m-2", contact("C-2", &format!("{long}用了以后脸肿了"))).await;
    stack.settle().await;
    let [waits] = quarantine(&stack).await.try_into().unwrap();
    assert!(waits.reason.starts_with("too_long: it says more than 4000 characters"), "{}", waits.reason);
    let [case] = stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    assert_eq!((case.lane(), states(&stack).await), (Lane::Health, [0, 1, 1, 0, 0]));
    let retry = RetryInboundRequest { inbound_id: waits.inbound_id };
    client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 2, 0, 0, 0], 2));
}

/// A mail of a megabyte waits; what is pushed or posted is refused with its size, whoever signed it, and nothing is stored.
#[tokio::test]
async fn r_int_02_a_megabyte_of_emoji_is_refused_at_every_door() {
    let stack = all().await;
    let emoji = "😀".repeat(262_144);
    let signed = [("service_id", emoji.clone()), ("message_id", "1".to_owned())];
    let refused = [
        push_signed(&stack, "erp", "m", contact("C-1", &emoji)).await,
        wechat::say(&stack, "n", &wechat::text("o-1", 1, &emoji)).await,
        signed_form::send(&stack, &signed).await,
        douyin::tell(&stack, "m", &douyin::message(&emoji)).await,
        push_signed(&stack, "pbx", "m", contact("C-1", &emoji)).await,
    ];
    for reply in refused {
        assert_eq!((reply.status, reply.problem().as_str()), (413, "channel.too_large"));
    }
    assert_eq!(post_case(&stack, &case_with(json!({ "content": emoji }))).await.status, 413);
    let long = post_case(&stack, &case_with(json!({ "content": "😀".repeat(4_001) }))).await;
    assert_eq!((long.status, long.wrong()), (422, vec!["content".to_owned()]));
    assert_eq!((count(&stack, "inbound_message").await, count(&stack, "case_file").await), (0, 0));
}

/// Lets in what waits.
async fn let_in(stack: &Stack) {
    for one in quarantine(stack).await {
        let retry = RetryInboundRequest { inbound_id: one.inbound_id };
        client(stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    }
    stack.settle().await;
}

/// A platform that tells its times in a form nobody foresaw is heard all the same.
#[tokio::test]
async fn r_int_04_a_time_in_a_form_we_cannot_read_is_marked_and_nothing_waits_for_it() {
    let stack = all().await;
    let mut said: Value = serde_json::from_str(&contact("C-1", "几点关门？")).unwrap();
    said["occurred_at"] = "2026-03-02 16:00:00".into();
    push_signed(&stack, "erp", "m-1", said.to_string()).await;
    wechat::say(&stack, "m-1", &wechat::text("o-1", 1, "几点关门？").replace("1772438300", "1772438300123")).await;
    signed_form::send(&stack, &signed_form::hint(stack.now(), "m-1", "3")).await;
    douyin::tell(&stack, "m-1", &douyin::message("几点关门？").replace("1772438300123", r#""2026-03-02 16:00""#)).await;
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, cases.len()), ([0, 4, 0, 0, 0], 4), "{:?}", quarantine(&stack).await);
    for case in &cases {
        assert_eq!(case.occurred_at, case.recorded_at);
        assert_eq!(view(&stack, &case.case_id).await.date_doubt, "not_believed");
    }
}

/// What its writer said meanwhile under the same reference makes the case; what is let in afterwards is in it with its own words.
#[tokio::test]
async fn r_int_04_what_is_let_in_after_its_writer_said_more_is_in_the_same_case() {
    let stack = all().await;
    let said = |words: &str, at: &str| {
        json!({ "external_ref": "T-1", "customer": { "ref": "C-1", "phone": "13800000000" }, "content": words,
                "occurred_at": at })
        .to_string()
    };
    push_signed(&stack, "erp", "m-1", said("几点关门？", "1970-01-01T00:00:00Z")).await;
    wechat::say(&stack, "n-1", &wechat::text("o-1", 1, "有停车位吗？").replace("1772438300", "0")).await;
    stack.settle().await;
    push_signed(&stack, "erp", "m-2", said("几点开门？", "2026-03-02T07:59:00Z")).await;
    wechat::say(&stack, "n-2", &wechat::text("o-1", 2, "可以退货吗？")).await;
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 2, 2, 0, 0], 2));
    let_in(&stack).await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    let added: Vec<CaseContactAdded> = stack.events("intake").await;
    assert_eq!((states(&stack).await, cases.len(), added.len()), ([0, 4, 0, 0, 0], 2, 2));
    let mut words = Vec::new();
    for case in cases {
        let look = RevealHistoryRequest { case_id: case.case_id, purpose: "handling".into() };
        let history = desk(&stack).reveal_history(request("staff:ana", look)).await.unwrap().into_inner();
        words.push(format!("{history:?}"));
    }
    assert!(["几点关门？", "有停车位吗？"].iter().all(|said| words.iter().any(|all| all.contains(said))), "{words:?}");
}

/// What is said to a running case about harm waits for nobody; to any other case, for its length.
#[tokio::test]
async fn r_int_09_what_is_said_to_a_running_case_about_harm_is_taken_in_at_once() {
    let stack = all().await;
    push_signed(&stack, "erp", "m-1", contact("C-1", "用了以后脸肿了")).await;
    push_signed(&stack, "erp", "m-2", contact("C-2", "几点关门？")).await;
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    for (n, case) in cases.iter().enumerate() {
        let reference = if case.lane() == Lane::Health { "C-1" } else { "C-2" };
        let mut said: Value = serde_json::from_str(&contact(reference, &"有没有赠品？".repeat(1_000))).unwrap();
        said["case_id"] = case.case_id.clone().into();
        push_signed(&stack, "erp", &format!("n-{n}"), said.to_string()).await;
    }
    let mut nowhere: Value = serde_json::from_str(&contact("C-3", &"有没有赠品？".repeat(1_000))).unwrap();
    nowhere["case_id"] = uuid::Uuid::new_v4().to_string().into();
    push_signed(&stack, "erp", "n-9", nowhere.to_string()).await;
    stack.settle().await;
    let health = cases.iter().find(|case| case.lane() == Lane::Health).unwrap();
    let [added] = stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!((&added.case_id, states(&stack).await), (&health.case_id, [0, 3, 2, 0, 0]));
    assert!(quarantine(&stack).await.iter().all(|one| one.reason.starts_with("too_long: ")));
}
