//! WeChat as it pushes: the question whether it is us, plain and sealed messages, repeats within seconds, replays.
use std::fs;

use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use contracts::{
    common::v1::Lane,
    intake::v1::{
        AssignCaseRequest, CaseAnswerOffered, CaseContactAdded, CaseLinked, CaseRegistered, CaseResponded,
        JudgeAnswerRequest, ListQueueRequest, RespondToCaseRequest, RevealCaseRequest, desk_client::DeskClient,
        intake_client::IntakeClient, knowledge_client::KnowledgeClient,
    },
};
use jiff::SignedDuration;
use serde_json::json;
use sha1::{Digest, Sha1};
use testkit::{Stack, request};
use tonic::Code;

use super::{assert_refused, push, quarantine, start, states};
use crate::{Reply, count, get, knowledge::STORAGE};

pub const TOKEN: &str = "spamtest";
pub const APP: &str = "wx2c2769f8efd9abc2";
/// `EncodingAESKey`; the bytes it stands for end the same whatever the last two bits say.
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE";

async fn plain() -> Stack {
    start(json!({ "wx": { "kind": "wechat", "token": TOKEN, "app_id": APP } })).await
}

async fn sealed() -> Stack {
    start(json!({ "wx": { "kind": "wechat", "token": TOKEN, "app_id": APP, "aes_key": KEY } })).await
}

fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn address(at: i64, nonce: &str) -> String {
    let signature = signature(&[TOKEN, &at.to_string(), nonce]);
    format!("/v1/channels/wx?signature={signature}&timestamp={at}&nonce={nonce}")
}

pub fn text(openid: &str, id: u64, words: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>\
         <CreateTime>1772438300</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content>\
         <MsgId>{id}</MsgId></xml>"
    )
}

pub async fn say(stack: &Stack, nonce: &str, xml: &str) -> Reply {
    push(stack, &address(stack.now().as_second(), nonce), &[], xml.to_owned()).await
}

/// A message as WeChat seals it for an account.
fn seal(app: &str, xml: &str) -> String {
    let mut bytes = b"0123456789abcdef".to_vec();
    bytes.extend(u32::try_from(xml.len()).unwrap().to_be_bytes());
    bytes.extend(xml.as_bytes());
    bytes.extend(app.as_bytes());
    let padding = 32 - bytes.len() % 32;
    bytes.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
    let key = BASE64_STANDARD.decode(format!("{KEY}=")).unwrap();
    let length = bytes.len();
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &key[..16]).unwrap();
    let sealed = cipher.encrypt_padded::<NoPadding>(&mut bytes, length).unwrap();
    BASE64_STANDARD.encode(sealed)
}

async fn say_sealed(stack: &Stack, app: &str, nonce: &str, xml: &str) -> Reply {
    let (at, sealed) = (stack.now().as_second(), seal(app, xml));
    let signature = signature(&[TOKEN, &at.to_string(), nonce, &sealed]);
    let address = format!("{}&encrypt_type=aes&msg_signature={signature}", address(at, nonce));
    let body = format!("<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>");
    push(stack, &address, &[], body).await
}

#[tokio::test]
async fn r_int_01_wechat_is_told_that_it_is_us() {
    let stack = plain().await;
    let now = stack.now().as_second();
    let reply = get(&stack, &format!("{}&echostr=2387209843328860127", address(now, "n1"))).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, "2387209843328860127"));
    assert!(reply.content_type.starts_with("text/plain"), "nothing a browser would run");
    let forged = get(&stack, &format!("{}&echostr=1", address(now, "n1").replace("nonce=n1", "nonce=n2"))).await;
    assert_refused(&stack, &forged, 401, "forged").await;
    assert_refused(&stack, &get(&stack, &address(now - 600, "n1")).await, 401, "stale").await;
}

#[tokio::test]
async fn r_int_01_a_wechat_message_becomes_a_case_and_its_repeats_within_seconds_nothing() {
    let stack = plain().await;
    for nonce in ["n1", "n2", "n2"] {
        let reply = say(&stack, nonce, &text("o-1", 7, "头皮很痒")).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, "success"), "{nonce}");
        stack.move_clock(SignedDuration::from_secs(5));
    }
    stack.settle().await;
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((events.len(), states(&stack).await), (1, [0, 1, 0, 0, 0]));
    assert_eq!(events[0].channel().as_str_name(), "CHANNEL_OFFICIAL_ACCOUNT");
    assert_eq!(events[0].occurred_at.as_ref().unwrap().seconds, 1_772_438_300);
    assert_eq!(events[0].class_source, "health.discomfort");
}

#[tokio::test]
async fn r_int_21_what_is_said_next_in_a_chat_goes_to_the_case_that_runs() {
    let stack = plain().await;
    let said = [("o-1", "你好，请问几点开门"), ("o-1", "周末呢"), ("o-2", "几点开门"), ("o-1", "我的头皮很痒")];
    for (nonce, (writer, words)) in ["n1", "n2", "n3", "n4"].into_iter().zip(said) {
        assert_eq!(say(&stack, nonce, &text(writer, nonce.as_bytes()[1].into(), words)).await.status, 200);
        stack.settle().await;
    }
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    let added: Vec<CaseContactAdded> = stack.events("intake").await;
    assert_eq!((cases.len(), added.len()), (3, 1));
    assert!(added[0].case_id == cases[0].case_id && !added[0].was_asked);
    let ill = cases.iter().find(|case| case.lane() == Lane::Health).unwrap();
    assert!(ill.is_repeat, "what is worse than the case is one of its own");
    let linked: Vec<CaseLinked> = stack.events("intake").await;
    assert!(
        linked
            .iter()
            .any(|event| event.case_id == ill.case_id && event.link.as_ref().unwrap().case_id == cases[0].case_id)
    );
}

/// WeChat answers the question with our article; the customer is not helped, says so, and a person has the whole story.
#[tokio::test]
async fn r_int_08_r_int_21_a_question_by_wechat_is_offered_an_article_then_a_person_has_all_that_was_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("storage.md"), STORAGE).unwrap();
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["channels"] = json!({ "wx": { "kind": "wechat", "token": TOKEN, "app_id": APP } });
        settings.service["knowledge"] = json!({ "folder": folder.path() });
    })
    .await;
    say(&stack, "n1", &text("o-1", 1, "你好，请问面霜开封后要放冰箱吗？")).await;
    stack.settle().await;
    let [offered] = stack.events::<CaseAnswerOffered>("intake").await.try_into().unwrap();
    assert_eq!((offered.article_id.as_str(), offered.article_version), ("storage", 3));
    let case_id = offered.case_id;

    stack.advance(SignedDuration::from_mins(1)).await;
    say(&stack, "n2", &text("o-1", 2, "看了，可是我家很热，三十五度")).await;
    stack.settle().await;
    let mut knowledge = KnowledgeClient::new(stack.channel("intake"));
    let judged = |helpful| request("service:wechat-bot", JudgeAnswerRequest { case_id: case_id.clone(), helpful });
    knowledge.judge_answer(judged(false)).await.unwrap();
    let refused = knowledge.judge_answer(judged(true)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "it did not help, and that stays");

    let mut client = IntakeClient::new(stack.channel("intake"));
    let queue = client.list_queue(ListQueueRequest::default()).await.unwrap().into_inner().cases;
    let [waiting] = queue.try_into().unwrap();
    assert_eq!((&waiting.case_id, waiting.status.as_str(), waiting.times_heard), (&case_id, "routed", 1));
    assert!(waiting.offer.is_some_and(|offer| offer.is_judged && !offer.helpful));
    let turn = AssignCaseRequest { case_id: case_id.clone(), assigned_to: "staff:ana".into(), ..Default::default() };
    DeskClient::new(stack.channel("intake")).assign_case(request("staff:ana", turn)).await.unwrap();
    let look = RevealCaseRequest { case_id: case_id.clone(), purpose: "handling".into() };
    let story = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    let said: Vec<&str> = story.further.iter().map(|one| one.content.as_str()).collect();
    assert_eq!(
        (story.content.as_str(), said),
        ("你好，请问面霜开封后要放冰箱吗？", vec!["看了，可是我家很热，三十五度"])
    );
    let answer = RespondToCaseRequest { case_id, text: "三十度以上请放冰箱".into(), responded_at: None };
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();
    let [responded] = stack.events::<CaseResponded>("intake").await.try_into().unwrap();
    assert!(responded.in_time, "within five minutes of the question");
}

#[tokio::test]
async fn a_signature_of_the_plain_mode_serves_for_one_message() {
    let stack = plain().await;
    assert_eq!(say(&stack, "n1", &text("o-1", 7, "hello")).await.status, 200);
    let replayed = say(&stack, "n1", &text("o-2", 8, "send the goods elsewhere")).await;
    assert_eq!((replayed.status, replayed.problem()), (401, "channel.replayed".into()));
    assert_eq!(count(&stack, "inbound_message").await, 1);
}

#[tokio::test]
async fn r_int_01_a_sealed_message_is_opened_and_one_sealed_for_others_refused() {
    let stack = sealed().await;
    let now = stack.now().as_second();
    assert_refused(&stack, &say_sealed(&stack, "wx0000000000000000", "n1", &text("o-1", 7, "hi")).await, 401, "forged")
        .await;
    let open = push(&stack, &address(now, "n1"), &[], text("o-1", 7, "hi")).await;
    assert_refused(&stack, &open, 401, "forged").await;
    assert_eq!(say_sealed(&stack, APP, "n1", &text("o-1", 7, "hi")).await.text, "success");
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 1, 0, 0, 0], 1));
}

#[tokio::test]
async fn r_int_02_entity_bombs_are_refused_and_broken_xml_is_kept() {
    let stack = plain().await;
    let bomb =
        "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><xml><Content>&b;</Content></xml>";
    assert_refused(&stack, &say(&stack, "n1", bomb).await, 400, "malformed").await;
    let huge = text("o-1", 7, &"😀".repeat(70_000));
    assert_refused(&stack, &say(&stack, "n1", &huge).await, 413, "too_large").await;
    let deep = "<a>".repeat(20_000);
    for (nonce, body) in [("n2", "<xml><FromUserName>".to_owned()), ("n3", deep), ("n4", text("o-1", 9, " "))] {
        assert_eq!(say(&stack, nonce, &body).await.text, "success", "signed, so it is kept");
    }
    let event = "<xml><FromUserName>o-1</FromUserName><CreateTime>1772438300</CreateTime><MsgType>event</MsgType>\
                 <Event>unsubscribe</Event></xml>";
    assert_eq!(say(&stack, "n5", event).await.text, "success");
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 1, 3, 0, 0]);
    let reasons: Vec<String> = quarantine(&stack).await.into_iter().map(|message| message.reason).collect();
    assert!(reasons.contains(&"content: is missing".to_owned()), "{reasons:?}");
    assert_eq!(reasons.iter().filter(|reason| reason.contains("in XML")).count(), 2, "{reasons:?}");
}
