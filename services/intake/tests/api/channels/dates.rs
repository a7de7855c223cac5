//! Times nobody can believe, and texts nobody reads: a fresh signature makes neither good. What is pushed with a time of 1970 waits with
//! the reason; what speaks of harm is taken in at once and marked; a megabyte is refused at every door (R-INT-02, R-INT-04).
use axum::{Router, extract::Query, routing::get};
use contracts::{
    common::v1::Lane,
    intake::v1::{CallEnded, CaseRegistered, GetOverviewRequest, RetryInboundRequest, intake_client::IntakeClient},
};
use serde_json::{Value, json};
use testkit::{Stack, request};

use super::{
    SECRET, client, contact, douyin, push_signed, quarantine, signed_form, start, states,
    wechat::{self, APP, TOKEN},
};
use crate::{case_with, count, post_case, view};

/// A platform whose services are all of 1970; what its customers say is what they are known by.
async fn old_platform() -> String {
    let service = async |Query(asked): Query<Vec<(String, String)>>| {
        let id = asked.iter().find(|(name, _)| name == "service_id").map(|(_, id)| id.clone()).unwrap();
        let said = if id == "2" { "用了以后脸肿了" } else { "几点关门？" };
        json!({ "afsServiceId": id.parse::<u64>().unwrap(), "customerPin": format!("jd_{id}"), "questionDesc": said,
                "afsApplyTime": 0 })
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
    assert!(waits.iter().all(|one| one.reason.starts_with("date_not_believed: ")), "{waits:?}");
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
