//! Signed JSON (Standard Webhooks), and all that is common: stored before it is acknowledged, in order, once, never
//! lost.
use contracts::{
    common::v1::Lane,
    intake::v1::{CaseRegistered, DiscardInboundRequest, RetryInboundRequest, RevealInboundRequest},
};
use jiff::SignedDuration;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::Code;

use super::{SECRET, assert_refused, client, contact, counters, push, push_signed, quarantine, signed, start, states};
use crate::{count, post_case};

const OLD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

async fn shop() -> Stack {
    start(json!({ "erp": { "kind": "signed_json", "channel": "shop", "secrets": [SECRET, OLD_SECRET] } })).await
}

#[tokio::test]
async fn r_int_01_a_signed_contact_is_stored_acknowledged_and_becomes_a_case_once() {
    let stack = shop().await;
    let body = contact("C-1", "用了之后头皮很痒");
    let reply = push_signed(&stack, "erp", "msg_1", body.clone()).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    assert_eq!(
        (count(&stack, "case_file").await, states(&stack).await),
        (0, [1, 0, 0, 0, 0]),
        "stored, not yet a case"
    );
    stack.settle().await;
    assert_eq!(push_signed(&stack, "erp", "msg_1", body).await.status, 200, "a repeat is acknowledged");
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 1, 0, 0, 0]);
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].class_source.as_str(), events[0].health_severity), ("health.discomfort", 1));
    assert_eq!(events[0].channel().as_str_name(), "CHANNEL_SHOP");
    let case: Option<uuid::Uuid> =
        sqlx::query_scalar("select case_id from inbound_message").fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(case.map(|id| id.to_string()), Some(events[0].case_id.clone()));
}

#[tokio::test]
async fn r_int_02_the_same_contact_by_another_way_is_a_duplicate() {
    let stack = shop().await;
    let customer = json!({ "ref": "C-1", "phone": "13800000000" });
    let case =
        json!({ "channel": "shop", "external_ref": "T-9", "customer": customer, "content": "When do you open?" });
    assert_eq!(post_case(&stack, &case).await.status, 201);
    push_signed(&stack, "erp", "msg_1", case.to_string()).await;
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 0, 0, 1, 0], 1));
}

/// A front end that calls every message of a conversation by the conversation.
#[tokio::test]
async fn r_int_09_other_words_under_a_reference_that_is_on_record_are_heard() {
    let stack = shop().await;
    let mut contact: Value = serde_json::from_str(&contact("C-1", "When do you open?")).unwrap();
    contact["external_ref"] = json!("T-9");
    for (id, content) in
        [("a", "When do you open?"), ("b", "请问几点开门"), ("c", "请问几点开门"), ("d", "用了以后脸肿了")]
    {
        contact["content"] = json!(content);
        push_signed(&stack, "erp", id, contact.to_string()).await;
    }
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    let lanes: Vec<Lane> = cases.iter().map(CaseRegistered::lane).collect();
    assert_eq!((states(&stack).await, lanes), ([0, 3, 0, 1, 0], vec![Lane::Standard, Lane::Health]));
    push_signed(&stack, "erp", "e", contact.to_string()).await;
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 3, 0, 2, 0], 2), "said again");
}

#[tokio::test]
async fn forged_stale_huge_and_unknown_pushes_are_refused() {
    let stack = shop().await;
    let (path, now) = ("/v1/channels/erp", stack.now().as_second());
    let body = contact("C-1", "hello").into_bytes();
    let good = signed(SECRET, "msg_1", now, &body);
    let forgeries = [
        vec![],
        good[..2].to_vec(),
        signed("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "msg_1", now, &body),
        signed(SECRET, "msg_1", now, b"another body"),
        [vec![("webhook-id", "msg_2".to_owned())], good[1..].to_vec()].concat(),
        [good[..1].to_vec(), vec![("webhook-timestamp", (now + 1).to_string())], good[2..].to_vec()].concat(),
        [good[..2].to_vec(), vec![("webhook-signature", good[2].1.replace("v1,", "v2,"))]].concat(),
    ];
    for forged in &forgeries {
        assert_refused(&stack, &push(&stack, path, forged, body.clone()).await, 401, "forged").await;
    }
    for at in [now - 301, now + 301, i64::MAX] {
        let reply = push(&stack, path, &signed(SECRET, "msg_1", at, &body), body.clone()).await;
        assert_refused(&stack, &reply, 401, "stale").await;
    }
    let huge = "😀".repeat(70_000).into_bytes();
    let reply = push(&stack, path, &signed(SECRET, "msg_1", now, &huge), huge).await;
    assert_refused(&stack, &reply, 413, "too_large").await;
    assert_eq!(push(&stack, "/v1/channels/other", &good, body.clone()).await.status, 404);
    assert_eq!(super::super::get(&stack, path).await.status, 401, "it asks for nothing");

    let several = format!("v1,AAAA {} v1a,x", signed(OLD_SECRET, "msg_1", now - 299, &body)[2].1);
    let old =
        [good[..1].to_vec(), signed(SECRET, "", now - 299, &body)[1..2].to_vec(), vec![("webhook-signature", several)]];
    assert_eq!(push(&stack, path, &old.concat(), body).await.status, 200, "an older secret still signs");
}

#[tokio::test]
async fn r_int_03_what_cannot_be_understood_waits_in_quarantine_with_the_reason_and_nothing_of_it() {
    let stack = shop().await;
    let missing = json!({ "customer": { "name": "王小明" }, "content": "x" }).to_string();
    let unknown = json!({ "customer": { "ref": "C-1" }, "content": "x", "emotion": "canary" }).to_string();
    let unreachable = json!({ "customer": { "ref": "C-9" }, "content": "x" }).to_string();
    let other = json!({ "channel": "app", "customer": { "ref": "C-1" }, "content": "x" }).to_string();
    for (id, body) in [
        ("a", b"{ canary".to_vec()),
        ("b", missing.into_bytes()),
        ("c", unknown.into_bytes()),
        ("d", other.into_bytes()),
        ("e", vec![0xff, 0xfe]),
        ("f", unreachable.clone().into_bytes()),
    ] {
        stack.move_clock(SignedDuration::from_secs(1));
        assert_eq!(push_signed(&stack, "erp", id, body).await.status, 200, "{id}");
    }
    stack.settle().await;
    let found = quarantine(&stack).await;
    let said: Vec<(&str, &str)> = found.iter().map(|m| (m.message_id.as_str(), m.reason.as_str())).collect();
    assert_eq!(said[0], ("a", "the body is not JSON"));
    assert_eq!(said[1], ("b", "customer.phone: is missing, and so is customer.email"));
    assert_eq!(said[2], ("c", "not known, or of another form: emotion"));
    assert_eq!(said[3], ("d", "channel: must be shop or left out"));
    assert_eq!(said[4], ("e", "the body is not UTF-8"));
    assert_eq!(said[5], ("f", "customer.phone: is missing, and so is customer.email"), "nobody could answer");
    assert!(found.iter().all(|m| m.source == "erp" && m.tries == 1));
    let everything: String = sqlx::query_scalar("select string_agg(m::text, ' ') from inbound_message m")
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    assert!(!everything.contains("canary") && !everything.contains("王"), "sealed");

    // Nobody is asked for what we know by now.
    push_signed(&stack, "erp", "g", contact("C-9", "When do you open?")).await;
    stack.settle().await;
    let retry = RetryInboundRequest { inbound_id: found[5].inbound_id.clone() };
    client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 2, 5, 0, 0]);
}

/// Whose message it is may not be known: that somebody looked is written down all the same, before it is shown.
#[tokio::test]
async fn r_sec_06_a_message_in_quarantine_is_read_by_whoever_says_why_and_is_written_down() {
    let stack = shop().await;
    push_signed(&stack, "erp", "a", "{ canary").await;
    stack.settle().await;
    let [kept] = quarantine(&stack).await.try_into().unwrap();
    let reveal = |id: &str, purpose: &str| {
        request("staff:ana", RevealInboundRequest { inbound_id: id.to_owned(), purpose: purpose.to_owned() })
    };
    let mut client = client(&stack);
    let nothing = client.reveal_inbound(tonic::Request::new(RevealInboundRequest::default())).await.unwrap_err();
    assert_eq!(wrong_fields(&nothing), ["metadata.aftercare-actor", "inbound_id", "purpose"]);
    let unknown = client.reveal_inbound(reveal(&uuid::Uuid::nil().to_string(), "x")).await.unwrap_err();
    assert_eq!((unknown.code(), count(&stack, "access_log").await), (Code::NotFound, 0));
    let shown = client.reveal_inbound(reveal(&kept.inbound_id, "what broke it")).await.unwrap().into_inner();
    assert_eq!((shown.kind.as_str(), &shown.body[..], shown.size), ("signed_json", b"{ canary".as_slice(), 8));
    let log: (String, String, String) = sqlx::query_as("select actor, purpose, subject from access_log")
        .fetch_one(&stack.pool("intake"))
        .await
        .unwrap();
    assert_eq!(log, ("staff:ana".into(), "what broke it".into(), format!("inbound {}", kept.inbound_id)));

    let huge = "x".repeat(300_000);
    let key = "update inbound_message set state = 'discarded'";
    sqlx::query(key).execute(&stack.pool("intake")).await.unwrap();
    assert_eq!(push_signed(&stack, "erp", "b", huge).await.status, 413, "what is pushed is shown whole");
    let gone = client.reveal_inbound(reveal(&kept.inbound_id, "again")).await.unwrap_err();
    assert_eq!((gone.code(), count(&stack, "access_log").await), (Code::NotFound, 1));
}

/// Refusals are counted by source and reason, as everything else that is pushed.
#[tokio::test]
async fn r_int_02_what_is_refused_is_counted() {
    let counted = counters::start();
    let section = json!({ "kind": "signed_json", "channel": "shop", "secrets": [SECRET] });
    let stack = start(json!({ "counted": section })).await;
    let (path, body) = ("/v1/channels/counted", contact("C-1", "hello").into_bytes());
    let good = signed(SECRET, "m", stack.now().as_second(), &body);
    let stale = signed(SECRET, "m", stack.now().as_second() - 301, &body);
    for headers in [&vec![], &stale, &good, &good] {
        push(&stack, path, headers, body.clone()).await;
    }
    push(&stack, path, &good, "x".repeat(300_000)).await;
    let told = counters::read(counted, "channel_pushes_total", "counted");
    let expected = [("forged", 1), ("repeated", 1), ("stale", 1), ("stored", 1), ("too_large", 1)];
    assert_eq!(told, expected.map(|(outcome, count)| (outcome.to_owned(), count)));
}

#[tokio::test]
async fn a_message_in_quarantine_is_tried_again_or_given_up_by_somebody() {
    let stack = shop().await;
    for id in ["a", "b"] {
        push_signed(&stack, "erp", id, "broken").await;
    }
    stack.settle().await;
    let ids: Vec<String> = quarantine(&stack).await.into_iter().map(|message| message.inbound_id).collect();
    let mut client = client(&stack);
    let retry = |id: &str| RetryInboundRequest { inbound_id: id.to_owned() };
    let receipt = client.retry_inbound(request("staff:ana", retry(&ids[0]))).await.unwrap().into_inner();
    assert_eq!(receipt.status, "received");
    assert_eq!(states(&stack).await, [1, 0, 1, 0, 0]);
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 0, 2, 0, 0], "understood no better");

    let discard =
        |id: &str, reason: &str| DiscardInboundRequest { inbound_id: id.to_owned(), reason: reason.to_owned() };
    let nameless = client.discard_inbound(tonic::Request::new(discard("x", ""))).await.unwrap_err();
    assert_eq!(wrong_fields(&nameless), ["metadata.aftercare-actor", "inbound_id", "reason"]);
    client.discard_inbound(request("staff:ana", discard(&ids[0], "a test"))).await.unwrap();
    let gone = client.retry_inbound(request("staff:ana", retry(&ids[0]))).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(states(&stack).await, [0, 0, 1, 0, 1]);
    let left: (Option<Vec<u8>>, String, String) =
        sqlx::query_as("select body, reason, settled_by from inbound_message where state = 'discarded'")
            .fetch_one(&stack.pool("intake"))
            .await
            .unwrap();
    assert_eq!(left, (None, "a test".into(), "staff:ana".into()));
}

#[tokio::test]
async fn messages_of_one_writer_are_taken_in_in_order_and_what_was_claimed_by_the_dead_is_not_lost() {
    let stack = shop().await;
    for (id, writer) in [("a1", "A"), ("b1", "B"), ("a2", "A"), ("a3", "A")] {
        push_signed(&stack, "erp", id, contact(writer, id)).await;
    }
    // Somebody claimed the first of A and died.
    let claim = "update inbound_message set tries = 1, next_at = next_at + interval '60 s' where message_id = 'a1'";
    sqlx::query(claim).execute(&stack.pool("intake")).await.unwrap();
    stack.settle().await;
    assert_eq!(states(&stack).await, [3, 1, 0, 0, 0], "B goes on, A waits");
    stack.advance(SignedDuration::from_secs(60)).await;
    assert_eq!(states(&stack).await, [0, 4, 0, 0, 0]);
    let order: Vec<String> = sqlx::query_scalar(
        "select m.message_id from journal j join inbound_message m on m.case_id = j.aggregate_id order by j.seq",
    )
    .fetch_all(&stack.pool("intake"))
    .await
    .unwrap();
    assert_eq!(order, ["b1", "a1", "a2", "a3"]);
}

#[tokio::test]
async fn a_contact_is_sealed_under_its_customers_key_once_it_is_a_case() {
    let stack = shop().await;
    push_signed(&stack, "erp", "a", contact("C-1", "canary")).await;
    stack.settle().await;
    let keys: i64 = sqlx::query_scalar(
        "select count(*) from inbound_message m join customer_key k on k.key_id = encode(substr(m.body, 1, 16), 'hex')::uuid
         where m.wrapped is null",
    )
    .fetch_one(&stack.pool("intake"))
    .await
    .unwrap();
    assert_eq!(keys, 1);
}

#[tokio::test]
async fn r_int_02_whatever_is_signed_is_taken_in_or_quarantined_never_lost() {
    let stack = shop().await;
    let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
    let contact = ("[a-z]{0,3}", "\\PC{0,40}", any::<Option<i64>>())
        .prop_map(|(r, content, tier)| json!({ "customer": { "ref": r }, "content": content, "vip_tier": tier }));
    let body = prop_oneof![
        contact.prop_map(|value: Value| value.to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..300),
        "[\\[\\]{}:,\"a-z0-9]{0,80}".prop_map(String::into_bytes),
    ];
    for number in 0..64 {
        let body = body.new_tree(&mut runner).unwrap().current();
        let reply = push_signed(&stack, "erp", &format!("m{number}"), body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    stack.settle().await;
    let [received, taken_in, quarantined, duplicate, discarded] = states(&stack).await;
    assert_eq!((received, duplicate, discarded, taken_in + quarantined), (0, 0, 0, 64));
    assert_eq!(count(&stack, "case_file").await, taken_in);
}

#[test]
fn a_section_that_cannot_be_followed_is_named() {
    let section = |text: &str| {
        let mut settings = backbone::Settings::load(intake::SERVICE.defaults, None).unwrap();
        settings.service["channels"] = serde_json::from_str(text).unwrap();
        settings.nats.provision = true;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = backbone::Clock::by_hand("2026-03-02T08:00:00Z".parse().unwrap());
        let built = runtime.block_on(backbone::node::Node::build(&intake::SERVICE, settings, clock));
        built.err().map(|error| format!("{error:#}")).unwrap_or_default()
    };
    for (text, named) in [
        (r#"{ "a": { "kind": "signed_json", "channel": "shop", "secrets": [] } }"#, "channels.a]: secrets"),
        (r#"{ "a": { "kind": "signed_json", "channel": "follow_up", "secrets": ["x"] } }"#, "channels.a]: channel"),
        (r#"{ "a b": { "kind": "calls", "secrets": ["x"] } }"#, "channels.a b]: its name"),
        (r#"{ "a": { "kind": "calls", "secrets": ["whsec_short"] } }"#, "secrets must be whsec_"),
        (r#"{ "a": { "kind": "wechat", "token": "spamtest", "app_id": "wx", "aes_key": "x" } }"#, "EncodingAESKey"),
        (r#"{ "a": { "kind": "fax" } }"#, "fax"),
        (r#"{ "a": { "kind": "calls", "namespace": "JD", "secrets": [] } }"#, "channels.a]: namespace"),
        (
            r#"{ "a": { "kind": "douyin", "client_key": "k", "client_secret": "12345678" },
                 "b": { "kind": "douyin", "client_key": "l", "client_secret": "12345678" } }"#,
            "channels.b]: namespace: [service.channels.a]",
        ),
        (r#"{ "a": { "kind": "calls", "secrets": [], "colour": 1 } }"#, "colour"),
    ] {
        let wrong = section(text);
        assert!(wrong.contains(named), "{text}: {wrong}");
    }
}

#[tokio::test]
async fn r_int_09_harm_is_taken_in_also_where_nobody_can_be_called_back() {
    let stack = shop().await;
    let harm = json!({ "customer": { "ref": "C-9" }, "content": "用了你们的面霜，脸肿了" }).to_string();
    let nobody = json!({ "customer": { "name": "王小明" }, "content": "用了你们的面霜，脸肿了" }).to_string();
    for (id, body) in [("a", harm), ("b", nobody)] {
        assert_eq!(push_signed(&stack, "erp", id, body.into_bytes()).await.status, 200, "{id}");
    }
    stack.settle().await;
    let [case] = stack.events::<contracts::intake::v1::CaseRegistered>("intake").await.try_into().unwrap();
    assert_eq!((case.health_severity, states(&stack).await), (2, [0, 1, 1, 0, 0]));
    assert!(quarantine(&stack).await[0].reason.ends_with("; it speaks of harm"), "a person who looks is told");
}
