//! Douyin as it pushes: its challenge, messages and comments, repeats under the same and under another id.
use contracts::intake::v1::CaseRegistered;
use serde_json::json;
use sha1::{Digest, Sha1};
use testkit::Stack;

use super::{assert_refused, push, quarantine, start, states};
use crate::{Reply, count};

pub const SECRET: &str = "douyin-secret";

async fn app() -> Stack {
    start(json!({ "dy": { "kind": "douyin", "client_key": "aw1", "client_secret": SECRET } })).await
}

fn signature(secret: &str, body: &str) -> String {
    Sha1::digest(format!("{secret}{body}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub async fn tell(stack: &Stack, id: &str, body: &str) -> Reply {
    let headers = [("x-douyin-signature", signature(SECRET, body)), ("msg-id", id.to_owned())];
    push(stack, "/v1/channels/dy", &headers, body).await
}

pub fn message(words: &str) -> String {
    let content = json!({ "conversation_short_id": "c1", "server_message_id": "s1", "message_type": "text",
                          "create_time": 1_772_438_300_123_i64, "text": words });
    json!({ "event": "im_receive_msg", "client_key": "aw1", "from_user_id": "u-1", "to_user_id": "shop",
            "content": content })
    .to_string()
}

/// What is written under a video.
pub fn comment(writer: &str, words: &str) -> String {
    let within = json!({ "comment_user_id": writer, "content": words, "create_time": 1_772_438_300 });
    json!({ "event": "item_comment_reply", "client_key": "aw1", "content": within.to_string() }).to_string()
}

#[tokio::test]
async fn r_int_01_douyins_challenge_is_answered() {
    let stack = app().await;
    let question = json!({ "event": "verify_webhook", "client_key": "aw1", "content": { "challenge": 12345 } });
    let reply = tell(&stack, "", &question.to_string()).await;
    assert_eq!((reply.status, reply.json()), (200, json!({ "challenge": 12345 })));
    let strange = json!({ "event": "verify_webhook", "client_key": "other", "content": { "challenge": 1 } });
    assert_refused(&stack, &tell(&stack, "", &strange.to_string()).await, 401, "forged").await;
}

#[tokio::test]
async fn r_int_01_a_douyin_message_becomes_a_case_once_and_cannot_be_replayed() {
    let stack = app().await;
    let body = message("起了红疹");
    for _ in 0..2 {
        let reply = tell(&stack, "m-1", &body).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "err_no": 0 })));
        stack.settle().await;
    }
    let replayed = tell(&stack, "m-2", &body).await;
    assert_eq!((replayed.status, replayed.problem()), (401, "channel.replayed".into()), "under another id");
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((events.len(), states(&stack).await), (1, [0, 1, 0, 0, 0]));
    assert_eq!(events[0].channel().as_str_name(), "CHANNEL_SOCIAL_MEDIA");
    assert_eq!(events[0].occurred_at.as_ref().unwrap().seconds, 1_772_438_300);

    tell(&stack, "m-3", &comment("u-2", "Where is my parcel?")).await;
    let order = json!({ "event": "life_trade_order_notify", "client_key": "aw1", "content": {} });
    tell(&stack, "m-4", &order.to_string()).await;
    stack.settle().await;
    assert_eq!(
        (states(&stack).await, count(&stack, "case_file").await),
        ([0, 3, 0, 0, 0], 2),
        "an order is no contact"
    );
}

#[tokio::test]
async fn r_int_02_forged_and_huge_douyin_pushes_are_refused_and_broken_ones_kept() {
    let stack = app().await;
    let body = message("hello");
    for headers in [
        vec![],
        vec![("x-douyin-signature", signature("another-secret", &body))],
        vec![("x-douyin-signature", signature(SECRET, "another body"))],
        vec![("x-douyin-signature", String::new())],
    ] {
        let reply = push(&stack, "/v1/channels/dy", &headers, body.clone()).await;
        assert_refused(&stack, &reply, 401, "forged").await;
    }
    assert_refused(&stack, &tell(&stack, "m-1", &message(&"x".repeat(300_000))).await, 413, "too_large").await;
    assert_eq!(tell(&stack, "m-1", "no json").await.status, 200);
    assert_eq!(tell(&stack, "m-2", &message(&"长".repeat(4001))).await.status, 200);
    stack.settle().await;
    let reasons: Vec<String> = quarantine(&stack).await.into_iter().map(|message| message.reason).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.contains(&"the body is not an event of Douyin in JSON".to_owned()), "{reasons:?}");
    assert!(
        reasons.iter().any(|reason| reason.starts_with("too_long: it says more than 4000 characters")),
        "{reasons:?}"
    );
}
