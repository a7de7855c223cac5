//! Channels with a form of their own: pushed as their platforms push, taken in afterwards.
mod acknowledgements;
mod answers;
mod calls;
pub mod counters;
mod dates;
mod douyin;
mod imap;
mod imap_stand_in;
mod imap_words;
mod signed_form;
mod signed_json;
mod wechat;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use contracts::intake::v1::{
    ListQuarantinedRequest, ListQueueRequest, QuarantinedMessage, inbound_messages_client::InboundMessagesClient,
    intake_client::IntakeClient,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use testkit::{Stack, request};
use tonic::transport::Channel;

use super::{Reply, count, post};

/// A secret of Standard Webhooks.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Intake with these sources.
async fn start(sources: Value) -> Stack {
    Stack::start_with(&[&intake::SERVICE], |_, settings| settings.service["channels"] = sources.clone()).await
}

fn client(stack: &Stack) -> InboundMessagesClient<Channel> {
    InboundMessagesClient::new(stack.channel("intake"))
}

/// What is in quarantine.
async fn quarantine(stack: &Stack) -> Vec<QuarantinedMessage> {
    let all = request("staff:ana", ListQuarantinedRequest::default());
    client(stack).list_quarantined(all).await.unwrap().into_inner().messages
}

/// How many inbound messages are in each state: received, taken_in, quarantined, duplicate, discarded.
async fn states(stack: &Stack) -> [i64; 5] {
    let mut states = [0; 5];
    for (place, state) in ["received", "taken_in", "quarantined", "duplicate", "discarded"].iter().enumerate() {
        let counted = sqlx::query_scalar("select count(*) from inbound_message where state = $1").bind(state);
        states[place] = counted.fetch_one(&stack.pool("intake")).await.unwrap();
    }
    states
}

/// The headers Standard Webhooks signs a body with.
fn signed(secret: &str, id: &str, at: i64, body: &[u8]) -> Vec<(&'static str, String)> {
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(format!("{id}.{at}.")).chain_update(body);
    let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    vec![("webhook-id", id.to_owned()), ("webhook-timestamp", at.to_string()), ("webhook-signature", signature)]
}

async fn push(stack: &Stack, path: &str, headers: &[(&str, String)], body: impl Into<Vec<u8>>) -> Reply {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    post(stack, path, &headers, body.into()).await
}

/// A push to a source, signed now as Standard Webhooks has it.
async fn push_signed(stack: &Stack, source: &str, id: &str, body: impl Into<Vec<u8>>) -> Reply {
    let body = body.into();
    let headers = signed(SECRET, id, stack.now().as_second(), &body);
    push(stack, &format!("/v1/channels/{source}"), &headers, body).await
}

/// A contact with nothing wrong, of the customer with this reference.
fn contact(reference: &str, content: &str) -> String {
    json!({ "customer": { "ref": reference, "phone": "13800000000" }, "content": content }).to_string()
}

/// A push was turned away for this reason, and nothing of it was stored.
async fn assert_refused(stack: &Stack, reply: &Reply, status: u16, word: &str) {
    assert_eq!((reply.status, reply.problem()), (status, format!("channel.{word}")), "{reply:?}");
    assert_eq!(count(stack, "inbound_message").await, 0, "{word}");
}

#[tokio::test]
async fn r_int_02_what_comes_by_all_sources_stands_in_one_queue_with_its_channel() {
    let json = |channel: &str| json!({ "kind": "signed_json", "channel": channel, "secrets": [SECRET] });
    let channels = ["email", "website", "app", "mini_programme", "social_media", "platform", "shop"];
    let mut sources: serde_json::Map<String, Value> =
        channels.iter().map(|channel| ((*channel).to_owned(), json(channel))).collect();
    sources.insert("pbx".into(), json!({ "kind": "calls", "secrets": [SECRET] }));
    sources.insert("wx".into(), json!({ "kind": "wechat", "token": wechat::TOKEN, "app_id": wechat::APP }));
    let stack = start(sources.into()).await;
    for channel in channels {
        push_signed(&stack, channel, "m", contact("C-1", "When do you open?")).await;
    }
    let case = json!({ "customer": { "name": "Ana", "phone": "13800000000" }, "content": "When do you open?" });
    let call =
        json!({ "call_id": "c", "event": "answered", "at": "2026-03-02T07:59:00Z", "wait_seconds": 1, "case": case });
    push_signed(&stack, "pbx", "m", call.to_string()).await;
    wechat::say(&stack, "n", &wechat::text("o-1", 1, "When do you open?")).await;
    stack.settle().await;
    let mut client = IntakeClient::new(stack.channel("intake"));
    let cases = client.list_queue(request("staff:ana", ListQueueRequest::default())).await.unwrap().into_inner().cases;
    let mut found: Vec<String> = cases
        .into_iter()
        .map(|case| case.registered.unwrap().channel().as_str_name().trim_start_matches("CHANNEL_").to_lowercase())
        .collect();
    found.sort();
    let all = [
        "app",
        "email",
        "hotline",
        "mini_programme",
        "official_account",
        "platform",
        "shop",
        "social_media",
        "website",
    ];
    assert_eq!(found, all);
}
