//! Answers that go back over the channel the customer came by: asked for once, their words told to whoever sends them alone, and
//! what became of them told to the case. outreach is played.
use std::fs;

use contracts::{
    intake::v1::{
        AnswerCaseRequest, AnswerCaseResponse, CaseAnswerRequested, CaseAnswerUndelivered, CaseReopened, CaseReplied,
        CaseView, CloseCaseRequest, ListQueueRequest, RecordPart, ReopenedBy, RequestInfoRequest, RevealAnswerRequest,
        RevealAnswerResponse, RevealCaseRequest, answers_client::AnswersClient, intake_client::IntakeClient,
    },
    outreach::v1::{MessageFailed, MessageSent, Purpose},
};
use serde_json::json;
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, Status};
use uuid::Uuid;

use super::{
    imap::{look, mail, with_mails},
    push_signed, start, states,
    wechat::{self, APP, TOKEN},
};
use crate::{contact, count, desk, knowledge::STORAGE, view};

/// An account of WeChat whose customers can be answered there.
pub async fn wechat(more: serde_json::Value) -> Stack {
    Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["channels"] = json!({ "wx": { "kind": "wechat", "token": TOKEN, "app_id": APP } });
        settings.service["answer_over"] = json!(["wx", "app"]);
        for (name, value) in more.as_object().unwrap() {
            settings.service[name.as_str()] = value.clone();
        }
    })
    .await
}

pub async fn answer(stack: &Stack, case_id: &str, text: &str) -> Result<AnswerCaseResponse, Status> {
    let answer = AnswerCaseRequest { case_id: case_id.into(), text: text.into() };
    let answered = AnswersClient::new(stack.channel("intake")).answer_case(request("staff:ana", answer)).await?;
    stack.settle().await;
    Ok(answered.into_inner())
}

pub async fn reveal(stack: &Stack, case_id: &str, message_id: &str) -> Result<RevealAnswerResponse, Status> {
    let asked = RevealAnswerRequest { case_id: case_id.into(), message_id: message_id.into() };
    let revealed = AnswersClient::new(stack.channel("intake")).reveal_answer(request("service:outreach", asked)).await;
    revealed.map(tonic::Response::into_inner)
}

pub async fn sent(stack: &Stack, case_id: &str, message_id: &str) {
    let sent = MessageSent {
        message_id: message_id.into(),
        purpose: Purpose::Answer.into(),
        about_id: case_id.into(),
        sent_at: Some(backbone::proto::timestamp(stack.now())),
        ..MessageSent::default()
    };
    stack.publish("outreach", &sent, message_id.parse().unwrap(), 1).await;
    stack.settle().await;
}

pub async fn failed(stack: &Stack, case_id: &str, message_id: &str, code: &str) {
    let (purpose, about_id) = (Purpose::Answer.into(), case_id.to_owned());
    let failed = MessageFailed { message_id: message_id.into(), purpose, about_id, code: code.into() };
    stack.publish("outreach", &failed, message_id.parse().unwrap(), 1).await;
    stack.settle().await;
}

fn fates(case: &CaseView) -> Vec<(&str, &str, bool)> {
    case.sent.iter().map(|one| (one.status.as_str(), one.code.as_str(), one.automatic)).collect()
}

async fn undelivered(stack: &Stack) -> Vec<String> {
    let asked = ListQueueRequest { undelivered: true, ..ListQueueRequest::default() };
    let found = IntakeClient::new(stack.channel("intake")).list_queue(asked).await.unwrap().into_inner();
    found.cases.into_iter().map(|case| case.case_id).collect()
}

#[tokio::test]
async fn a_customer_of_wechat_is_answered_there_and_what_is_lost_is_owed_anew() {
    let stack = wechat(json!({})).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "请问几点关门？")).await;
    stack.settle().await;
    let case: Uuid = sqlx::query_scalar("select id from case_file").fetch_one(&stack.pool("intake")).await.unwrap();
    let case = case.to_string();
    assert_eq!(view(&stack, &case).await.answered_over, "wx");
    let long = answer(&stack, &case, &"九".repeat(700)).await.unwrap_err();
    assert_eq!(wrong_fields(&long), ["text"], "WeChat takes 2,048 bytes");
    let looks = count(&stack, "access_log").await;
    let first = answer(&stack, &case, "九点。").await.unwrap();
    assert_eq!((first.over.as_str(), first.receipt.unwrap().status.as_str()), ("wx", "responded"));
    let [asked] = stack.events::<CaseAnswerRequested>("intake").await.try_into().unwrap();
    assert_eq!((&asked.case_id, &asked.message_id, asked.automatic), (&case, &first.message_id, false));

    let words = reveal(&stack, &case, &first.message_id).await.unwrap();
    let to = words.push.unwrap();
    assert_eq!((words.text.as_str(), to.over.as_str(), to.customer_ref.as_str()), ("九点。", "wx", "o-1"));
    assert_eq!(count(&stack, "access_log").await, looks + 2, "the looks at the words and at the link are written down");
    let other = reveal(&stack, &case, &Uuid::new_v4().to_string()).await.unwrap_err();
    assert_eq!(other.code(), Code::NotFound);

    failed(&stack, &case, &first.message_id, "wechat_45015").await;
    let seen = view(&stack, &case).await;
    assert_eq!((fates(&seen), seen.undelivered), (vec![("failed", "wechat_45015", false)], true));
    assert!(seen.reply.is_some(), "another answer is owed from now on");
    assert_eq!(undelivered(&stack).await, [case.as_str()]);
    let [lost] = stack.events::<CaseAnswerUndelivered>("intake").await.try_into().unwrap();
    assert!(lost.reply.is_some() && lost.code == "wechat_45015");

    stack.advance(jiff::SignedDuration::from_secs(1)).await;
    let again = answer(&stack, &case, "晚上九点关门。").await.unwrap();
    sent(&stack, &case, &again.message_id).await;
    let seen = view(&stack, &case).await;
    assert_eq!(fates(&seen), [("failed", "wechat_45015", false), ("told", "", false)]);
    assert!(!seen.undelivered && seen.reply.is_none() && undelivered(&stack).await.is_empty());
    assert_eq!(stack.events::<CaseReplied>("intake").await.len(), 1);
    let look = RevealCaseRequest { case_id: case.clone(), purpose: "handling".into() };
    let mut intake = IntakeClient::new(stack.channel("intake"));
    let said = intake.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!((said.answer.as_str(), said.further_answers), ("九点。", vec!["晚上九点关门。".to_owned()]));
}

#[tokio::test]
async fn a_repeat_is_sent_once_and_a_closed_case_is_taken_up_again_where_its_answer_was_lost() {
    let stack = wechat(json!({})).await;
    let case = contact(&stack, json!({ "channel": "app", "customer": { "ref": "A-1", "phone": "13800000000" } })).await;
    let mut asked = request("staff:ana", AnswerCaseRequest { case_id: case.clone(), text: "At nine.".into() });
    asked.metadata_mut().insert("idempotency-key", "k-1".parse().unwrap());
    let again =
        || tonic::Request::from_parts(asked.metadata().clone(), asked.extensions().clone(), asked.get_ref().clone());
    let mut answers = AnswersClient::new(stack.channel("intake"));
    let first = answers.answer_case(again()).await.unwrap().into_inner();
    assert_eq!(answers.answer_case(again()).await.unwrap().into_inner(), first, "a repeat changes nothing");
    stack.settle().await;
    assert_eq!(stack.events::<CaseAnswerRequested>("intake").await.len(), 1);
    let to = reveal(&stack, &case, &first.message_id).await.unwrap().push.unwrap();
    assert_eq!((to.over.as_str(), &to.case_id, to.customer_ref.as_str()), ("app", &case, ""), "the app knows its case");

    let close = CloseCaseRequest { case_id: case.clone(), outcome: "answered".into() };
    IntakeClient::new(stack.channel("intake")).close_case(request("staff:ana", close)).await.unwrap();
    failed(&stack, &case, &first.message_id, "push_422").await;
    let seen = view(&stack, &case).await;
    assert_eq!((seen.status.as_str(), seen.undelivered, seen.reply.is_some()), ("reopened", true, true));
    let [reopened] = stack.events::<CaseReopened>("intake").await.try_into().unwrap();
    assert_eq!(reopened.by(), ReopenedBy::Undelivered);
    assert_eq!(undelivered(&stack).await, [case.as_str()]);
}

#[tokio::test]
async fn where_nothing_can_be_sent_it_is_said_and_a_person_calls() {
    let stack = wechat(json!({})).await;
    for channel in ["hotline", "shop", "website"] {
        let case = contact(&stack, json!({ "channel": channel })).await;
        let refused = answer(&stack, &case, "At nine.").await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains(channel) && refused.message().contains("RespondToCase"), "{refused:?}");
        let seen = view(&stack, &case).await;
        assert_eq!((seen.answered_over.as_str(), seen.status.as_str()), ("", "routed"));
    }
    let nobody = AnswersClient::new(stack.channel("intake"))
        .answer_case(request("service:x", AnswerCaseRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(wrong_fields(&nobody), ["metadata.aftercare-actor", "case_id", "text"]);
}

#[tokio::test]
async fn r_int_08_an_article_is_sent_over_wechat_and_a_persons_answer_follows_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("storage.md"), STORAGE).unwrap();
    let known = json!({ "folder": folder.path(), "person": "回复“人工”找我们" });
    let stack = wechat(json!({ "knowledge": known })).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "你好，请问面霜开封后要放冰箱吗？")).await;
    stack.settle().await;
    let [asked] = stack.events::<CaseAnswerRequested>("intake").await.try_into().unwrap();
    assert!(asked.automatic && asked.over == "wx");
    let words = reveal(&stack, &asked.case_id, &asked.message_id).await.unwrap();
    assert!(words.automatic && words.text.contains("阴凉处保存即可") && words.text.contains("人工"), "{}", words.text);
    assert_eq!(words.push.unwrap().customer_ref, "o-1");
    sent(&stack, &asked.case_id, &asked.message_id).await;
    let seen = view(&stack, &asked.case_id).await;
    assert_eq!(
        (seen.status.as_str(), fates(&seen)),
        ("routed", vec![("told", "", true)]),
        "a person owes an answer still"
    );
    answer(&stack, &asked.case_id, "三十度以上请放冰箱").await.unwrap();
    assert_eq!(view(&stack, &asked.case_id).await.status, "responded");
}

#[tokio::test]
async fn r_int_21_a_mail_is_answered_in_its_thread_and_what_answers_ours_goes_to_the_case() {
    let Some((stack, server)) = with_mails().await else { return };
    let fields = "Subject: Opening\nReferences: <0@pc>\n";
    server.deliver("1", &mail("Ana <ana@example.com>", "1@pc", fields, "When do you close?"));
    stack.settle().await;
    let case: Uuid = sqlx::query_scalar("select id from case_file").fetch_one(&stack.pool("intake")).await.unwrap();
    let case = case.to_string();
    let first = answer(&stack, &case, "At nine.").await.unwrap();
    assert_eq!(first.over, "mail");
    let thread = reveal(&stack, &case, &first.message_id).await.unwrap().mail.unwrap();
    assert_eq!((thread.address.as_str(), thread.subject.as_str()), ("ana@example.com", "Opening"));
    assert_eq!((thread.in_reply_to.as_str(), thread.references), ("1@pc", vec!["0@pc".to_owned()]));
    sent(&stack, &case, &first.message_id).await;

    // Programs name the mail they answer; some of them nothing else.
    let ours = format!("Subject: Re: Opening\nIn-Reply-To: <{}@care.example>\n", first.message_id);
    server.deliver("2", &mail("ana@example.com", "2@pc", &ours, "And on Sundays?"));
    let guessed = format!("Subject: Re: Opening\nIn-Reply-To: <{}@care.example>\n", Uuid::new_v4());
    server.deliver("3", &mail("eve@example.com", "3@pc", &guessed, "Hello there"));
    look(&stack).await;
    let seen = view(&stack, &case).await;
    assert_eq!((seen.times_heard, seen.reply.is_some()), (1, true), "it is the next word of the same case");
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 3, 0, 0, 0], 2));
    let second = answer(&stack, &case, "On Sundays at six.").await.unwrap();
    sent(&stack, &case, &second.message_id).await;
    let back = format!(
        "Return-Path: <>\nAuto-Submitted: auto-replied\nContent-Type: multipart/report; boundary=x\n\n--x\n\
         Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n--x\nContent-Type: text/rfc822-headers\n\n\
         Message-ID: <{}@care.example>\n--x--\n",
        second.message_id
    );
    server.deliver("4", &mail("mailer-daemon@example.com", "4@mx", "", "").replace("\n\n", &format!("\n{back}")));
    look(&stack).await;
    let seen = view(&stack, &case).await;
    assert_eq!((fates(&seen), seen.undelivered), (vec![("told", "", false), ("failed", "returned", false)], true));
    assert!(seen.reply.is_some(), "what came back is owed anew");
    let thread = reveal(&stack, &case, &second.message_id).await.unwrap().mail.unwrap();
    assert_eq!(thread.in_reply_to, "2@pc", "the last mail is answered");
}

#[tokio::test]
async fn a_source_of_signed_json_is_answered_by_its_own_references() {
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        let source = json!({ "kind": "signed_json", "channel": "social_media", "secrets": [super::SECRET] });
        settings.service["channels"] = json!({ "weibo": source });
        settings.service["answer_over"] = json!(["weibo"]);
    })
    .await;
    let said = json!({ "customer": { "ref": "W-1" }, "external_ref": "T-9", "content": "When do you close?" });
    push_signed(&stack, "weibo", "m-1", said.to_string()).await;
    stack.settle().await;
    let case: Uuid = sqlx::query_scalar("select id from case_file").fetch_one(&stack.pool("intake")).await.unwrap();
    let answered = answer(&stack, &case.to_string(), "At nine.").await.unwrap();
    let to = reveal(&stack, &case.to_string(), &answered.message_id).await.unwrap().push.unwrap();
    assert_eq!((to.customer_ref.as_str(), to.external_ref.as_str()), ("W-1", "T-9"));

    let none =
        start(json!({ "weibo": { "kind": "signed_json", "channel": "social_media", "secrets": [super::SECRET] } }));
    let none = none.await;
    push_signed(&none, "weibo", "m-1", said.to_string()).await;
    none.settle().await;
    let case: Uuid = sqlx::query_scalar("select id from case_file").fetch_one(&none.pool("intake")).await.unwrap();
    assert!(answer(&none, &case.to_string(), "At nine.").await.is_err(), "nobody said that there is a way back");
}

#[tokio::test]
async fn a_question_goes_over_the_channel_too_and_what_answers_it_goes_on_with_the_case() {
    let stack = wechat(json!({})).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "请问几点关门？")).await;
    stack.settle().await;
    let case: Uuid = sqlx::query_scalar("select id from case_file").fetch_one(&stack.pool("intake")).await.unwrap();
    let case = case.to_string();
    let ask = |case: &str| RequestInfoRequest {
        case_id: case.into(),
        missing: vec![RecordPart::Emotion.into()],
        question: "您着急吗？".into(),
        send: true,
    };
    desk(&stack).request_info(request("staff:ana", ask(&case))).await.unwrap();
    stack.settle().await;
    let [asked] = stack.events::<CaseAnswerRequested>("intake").await.try_into().unwrap();
    let words = reveal(&stack, &case, &asked.message_id).await.unwrap();
    assert_eq!((words.text.as_str(), words.push.unwrap().customer_ref.as_str()), ("您着急吗？", "o-1"));
    assert_eq!(view(&stack, &case).await.status, "awaiting_info");
    let look = RevealCaseRequest { case_id: case.clone(), purpose: "handling".into() };
    let mut intake = IntakeClient::new(stack.channel("intake"));
    let said = intake.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!((said.questions, said.further_answers, said.answer.as_str()), (vec!["您着急吗？".into()], vec![], ""));

    let called = contact(&stack, json!({ "channel": "hotline" })).await;
    let refused = desk(&stack).request_info(request("staff:ana", ask(&called))).await.unwrap_err();
    assert!(refused.message().contains("hotline"), "{refused:?}");
    assert_eq!(view(&stack, &called).await.status, "routed", "nothing moved");
}
