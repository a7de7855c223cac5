//! Contacts that come while nobody works: each is taken in, and its customer told so once over the channel he came by, when a person
//! answers and where he sees how it stands (R-INT-16, R-INT-24). outreach is played; what it sends is shown in its own tests.
use contracts::{
    intake::v1::{
        Acknowledgement, CaseAnswerRequested, CaseContactAdded, CaseRegistered, CaseResponded, CaseView,
        RetryInboundRequest,
    },
    outreach::v1::{MessageSent, Purpose},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{Stack, request};
use tonic::Code;

use super::{
    answers::{self, reveal, sent},
    client, contact, douyin,
    imap::{look, mail, with_mails},
    push_signed, quarantine, start, states,
    wechat::{self, APP, TOKEN},
};
use crate::{case_with, count, get, post_case, view};

/// Ten at night in Shanghai.
async fn night(stack: &Stack) {
    until(stack, "2026-03-02T22:00+08:00").await;
}

async fn until(stack: &Stack, at: &str) {
    stack.advance(at.parse::<Timestamp>().unwrap().duration_since(stack.now())).await;
}

/// What was asked to be sent by no person.
async fn acknowledged(stack: &Stack) -> Vec<CaseAnswerRequested> {
    let mut asked = stack.events::<CaseAnswerRequested>("intake").await;
    asked.retain(|one| one.acknowledgement);
    asked
}

fn told(case: &CaseView) -> &str {
    case.out_of_hours.as_ref().map_or("", |out| out.told.as_str())
}

fn instant(at: Option<contracts::Timestamp>) -> Option<Timestamp> {
    backbone::proto::instant("at", at.as_ref()).unwrap()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

/// The one acknowledgement there is, as whoever sends it reads it.
async fn the_one(stack: &Stack) -> (CaseAnswerRequested, Acknowledgement) {
    let [asked] = acknowledged(stack).await.try_into().unwrap();
    let words = reveal(stack, &asked.case_id, &asked.message_id).await.unwrap();
    assert!(words.automatic && words.text.is_empty(), "it has the words of whoever sends it");
    (asked, words.acknowledgement.unwrap())
}

#[tokio::test]
async fn r_int_16_r_int_24_a_customer_of_wechat_is_told_once_by_night_and_a_person_answers_by_day() {
    let stack = answers::wechat(json!({})).await;
    night(&stack).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "请问几点关门？")).await;
    stack.settle().await;
    let (asked, said) = the_one(&stack).await;
    assert_eq!((asked.over.as_str(), asked.automatic, &said.case_id), ("wx", false, &asked.case_id));
    assert_eq!(instant(said.answered_from), at("2026-03-03T09:00+08:00"));
    assert_eq!(instant(said.answer_by), at("2026-03-03T09:05+08:00"));
    assert_eq!((said.zone.as_str(), said.health), ("Asia/Shanghai", false));
    assert_eq!(get(&stack, &said.status_link).await.json()["progress"], "received", "the link is the case's");
    let words = reveal(&stack, &asked.case_id, &asked.message_id).await.unwrap();
    assert_eq!(words.push.unwrap().customer_ref, "o-1");

    // What he says next, what is pushed again, and what is told of the message bring no other one, and answer nothing.
    wechat::say(&stack, "n2", &wechat::text("o-1", 2, "周日呢？")).await;
    wechat::say(&stack, "n3", &wechat::text("o-1", 1, "请问几点关门？")).await;
    stack.settle().await;
    sent(&stack, &asked.case_id, &asked.message_id).await;
    let case = view(&stack, &asked.case_id).await;
    assert_eq!((case.status.as_str(), told(&case), case.times_heard), ("routed", "sent", 1));
    assert_eq!((case.sent[0].status.as_str(), case.sent[0].acknowledgement), ("told", true));
    assert_eq!((acknowledged(&stack).await.len(), stack.events::<CaseResponded>("intake").await.len()), (1, 0));
    until(&stack, "2026-03-03T09:01+08:00").await;
    answers::answer(&stack, &asked.case_id, "九点。").await.unwrap();
    let [responded] = stack.events::<CaseResponded>("intake").await.try_into().unwrap();
    assert!(responded.in_time, "the first answer is a person's");

    // Within working hours there is nothing new.
    wechat::say(&stack, "n4", &wechat::text("o-2", 4, "请问几点关门？")).await;
    stack.settle().await;
    assert_eq!((acknowledged(&stack).await.len(), count(&stack, "case_file").await), (1, 2));
}

#[tokio::test]
async fn r_int_16_r_int_06_harm_by_night_names_the_fastest_way_and_when_it_is_answered() {
    let stack = answers::wechat(json!({})).await;
    until(&stack, "2026-04-03T23:30+08:00").await;
    let said = wechat::text("o-1", 1, "用了以后脸肿了").replace("1772438300", &stack.now().as_second().to_string());
    wechat::say(&stack, "n1", &said).await;
    stack.settle().await;
    let (_, said) = the_one(&stack).await;
    assert!(said.health && said.answered_from.is_none(), "it is answered before people are back from the holiday");
    assert_eq!(instant(said.answer_by), at("2026-04-04T23:30+08:00"));
}

#[tokio::test]
async fn r_int_16_douyin_and_signed_json_are_told_by_their_own_references() {
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["channels"] = json!({
            "weibo": { "kind": "signed_json", "channel": "website", "secrets": [super::SECRET] },
            "dy": { "kind": "douyin", "client_key": "aw1", "client_secret": douyin::SECRET },
        });
        settings.service["answer_over"] = json!(["weibo", "dy"]);
    })
    .await;
    night(&stack).await;
    let said = json!({ "customer": { "ref": "W-1", "phone": "13800000000" }, "external_ref": "T-9", "content": "When do you close?" });
    push_signed(&stack, "weibo", "m-1", said.to_string()).await;
    stack.settle().await;
    let (asked, words) = the_one(&stack).await;
    assert_eq!(asked.over, "weibo");
    assert_eq!(instant(words.answer_by), at("2026-03-03T22:00+08:00"), "a day, round the clock");
    let to = reveal(&stack, &asked.case_id, &asked.message_id).await.unwrap().push.unwrap();
    assert_eq!((to.customer_ref.as_str(), to.external_ref.as_str()), ("W-1", "T-9"));
    douyin::tell(&stack, "m-1", &douyin::message("请问几点关门？")).await;
    stack.settle().await;
    let overs: Vec<String> = acknowledged(&stack).await.into_iter().map(|one| one.over).collect();
    assert_eq!(overs, ["weibo", "dy"]);
}

/// Where nothing can be sent nothing is, and the case says why; whoever is answered at the door is not told twice.
#[tokio::test]
async fn r_int_16_where_there_is_no_way_back_nothing_is_sent_and_the_case_says_so() {
    let stack = start(json!({
        "wx": { "kind": "wechat", "token": TOKEN, "app_id": APP },
        "web": { "kind": "signed_json", "channel": "website", "secrets": [super::SECRET] },
    }))
    .await;
    night(&stack).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "请问几点关门？")).await;
    push_signed(&stack, "web", "m-1", contact("C-1", "When do you open?")).await;
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!(cases.len(), 2);
    for case in &cases {
        assert_eq!(told(&view(&stack, &case.case_id).await), "no_way_back");
    }
    let posted = post_case(&stack, &case_with(json!({ "channel": "app" }))).await.json();
    assert_eq!(posted["answered_from"], "2026-03-03T01:00:00Z");
    let posted = view(&stack, posted["case_id"].as_str().unwrap()).await;
    assert_eq!(told(&posted), "at_the_door");
    assert_eq!(instant(posted.out_of_hours.unwrap().until), at("2026-03-03T01:00:00Z"));
    assert!(stack.events::<CaseAnswerRequested>("intake").await.is_empty());
}

#[tokio::test]
async fn r_int_16_a_mail_by_night_is_told_once_in_its_thread_and_what_answers_that_goes_to_its_case() {
    let Some((stack, server)) = with_mails().await else { return };
    night(&stack).await;
    server.deliver("1", &mail("Ana <ana@example.com>", "1@pc", "Subject: Opening\n", "When do you close?"));
    look(&stack).await;
    let (asked, said) = the_one(&stack).await;
    assert_eq!((asked.over.as_str(), instant(said.answered_from)), ("mail", at("2026-03-03T09:00+08:00")));
    let thread = reveal(&stack, &asked.case_id, &asked.message_id).await.unwrap().mail.unwrap();
    assert_eq!((thread.address.as_str(), thread.in_reply_to.as_str()), ("ana@example.com", "1@pc"));
    sent(&stack, &asked.case_id, &asked.message_id).await;

    let ours = format!("Subject: Re: Opening\nIn-Reply-To: <{}@care.example>\n", asked.message_id);
    server.deliver("2", &mail("ana@example.com", "2@pc", &ours, "And on Sundays?"));
    look(&stack).await;
    let [added] = stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!(added.case_id, asked.case_id);
    // The server counts anew: everything is read again.
    sqlx::query("update mailbox set uid_validity = 1").execute(&stack.pool("intake")).await.unwrap();
    look(&stack).await;
    server.deliver("3", &mail("ana@example.com", "3@pc", "Subject: Opening\n", "When do you close?"));
    look(&stack).await;
    assert_eq!(
        (states(&stack).await, acknowledged(&stack).await.len()),
        ([0, 2, 0, 1, 0], 1),
        "a duplicate is told nothing"
    );
}

/// Nobody would read it, or a machine would answer it.
#[tokio::test]
async fn r_int_16_machines_lists_and_addresses_that_take_no_answers_are_told_nothing() {
    let Some((stack, server)) = with_mails().await else { return };
    night(&stack).await;
    let say = |n: &str, from: &str, fields: &str| {
        let id = format!("{n}@pc");
        server.deliver(n, &mail(from, &id, &format!("Subject: {n}\n{fields}"), &format!("Hello, number {n}. 脸肿了")));
    };
    say("1", "no-reply@shop.example", "");
    say("2", "ana@example.com", "List-Id: <all.example.com>\n");
    say("3", "form@example.com", "Reply-To: bo@example.com\n");
    say("4", "postmaster@example.com", "");
    say("5", "cy@example.com", "Auto-Submitted: auto-replied\n");
    say("6", "dan@example.com", "Precedence: bulk\n");
    say("7", "care@shop.example", "");
    say("8", "eve@example.com", "Return-Path: <>\n");
    say("9", "fay@example.com", "Precedence: list\n");
    look(&stack).await;
    assert_eq!((states(&stack).await, acknowledged(&stack).await.len()), ([0, 7, 2, 0, 0], 0));
    for case in stack.events::<CaseRegistered>("intake").await {
        assert_eq!(told(&view(&stack, &case.case_id).await), "nobody_reads");
    }
    // What a person lets in out of quarantine is not told either: it is no longer then.
    for waits in quarantine(&stack).await {
        let retry = RetryInboundRequest { inbound_id: waits.inbound_id };
        client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, acknowledged(&stack).await.len()), ([0, 9, 0, 0, 0], 0));
    let last = stack.events::<CaseRegistered>("intake").await.pop().unwrap();
    assert_eq!(told(&view(&stack, &last.case_id).await), "quarantined");
}

/// A machine that looks like a person answers whatever we write, in ever other words and under ever other subjects.
#[tokio::test]
async fn r_int_16_r_int_02_two_machines_do_not_write_to_each_other_for_ever() {
    let Some((stack, server)) = with_mails().await else { return };
    night(&stack).await;
    let (mut round, mut answered) = (0, 0);
    loop {
        server.deliver(
            &format!("{round:03}"),
            &mail(
                "bot@example.com",
                &format!("{round}@bot"),
                &format!("Subject: Ticket {round}\n"),
                &format!("Number {round}"),
            ),
        );
        look(&stack).await;
        let told = acknowledged(&stack).await;
        if told.len() == answered {
            break;
        }
        answered = told.len();
        let last = told.last().unwrap();
        sent(&stack, &last.case_id, &last.message_id).await;
        round += 1;
        assert!(round < 10, "it goes on and on");
    }
    assert_eq!(answered, 3);
    let last = stack.events::<CaseRegistered>("intake").await.pop().unwrap();
    assert_eq!(told(&view(&stack, &last.case_id).await), "too_often");
    // One that keeps to its thread is told once.
    server.deliver("t0", &mail("dave@example.com", "0@dave", "Subject: Away\n", "I am away"));
    look(&stack).await;
    for n in 1..30 {
        let ours = acknowledged(&stack).await.pop().unwrap().message_id;
        let fields = format!("Subject: Re: Away\nIn-Reply-To: <{ours}@care.example>\n");
        server.deliver(
            &format!("t{n:02}"),
            &mail("dave@example.com", &format!("{n}@dave"), &fields, &format!("Still away {n}")),
        );
    }
    look(&stack).await;
    assert_eq!(acknowledged(&stack).await.len(), 4);
}

/// Whoever dies with a contact in hand, and whatever is delivered again: the customer is told once.
#[tokio::test]
async fn r_int_16_who_dies_with_a_contact_and_what_comes_again_tell_nobody_twice() {
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        let source = json!({ "kind": "signed_json", "channel": "social_media", "secrets": [super::SECRET] });
        settings.service["channels"] = json!({ "weibo": source });
        settings.service["answer_over"] = json!(["weibo"]);
    })
    .await;
    night(&stack).await;
    let said =
        json!({ "customer": { "ref": "W-1" }, "external_ref": "T-9", "content": "When do you close?" }).to_string();
    push_signed(&stack, "weibo", "m-1", said.clone()).await;
    // A worker claims it and dies.
    let pool = stack.pool("intake");
    let claim = "update inbound_message set tries = 1, next_at = next_at + interval '60 s'";
    sqlx::query(claim).execute(&pool).await.unwrap();
    stack.settle().await;
    assert_eq!(
        (states(&stack).await, acknowledged(&stack).await.len()),
        ([1, 0, 0, 0, 0], 0),
        "claimed by one who died"
    );
    stack.advance(SignedDuration::from_secs(61)).await;
    let (asked, _) = the_one(&stack).await;
    assert_eq!(states(&stack).await, [0, 1, 0, 0, 0]);

    // The same push again, the same contact by another push, and the word of outreach twice and anew.
    for id in ["m-1", "m-2"] {
        push_signed(&stack, "weibo", id, said.clone()).await;
        stack.settle().await;
    }
    assert_eq!(states(&stack).await, [0, 1, 0, 1, 0]);
    let word = MessageSent {
        message_id: asked.message_id.clone(),
        purpose: Purpose::Answer.into(),
        about_id: asked.case_id.clone(),
        sent_at: Some(backbone::proto::timestamp(stack.now())),
        ..MessageSent::default()
    };
    for version in [1, 1, 2] {
        stack.publish("outreach", &word, asked.message_id.parse().unwrap(), version).await;
        stack.settle().await;
    }
    stack.advance(SignedDuration::from_hours(30)).await;
    assert_eq!(acknowledged(&stack).await.len(), 1);
    let case = view(&stack, &asked.case_id).await;
    let told: Vec<_> = case.sent.iter().map(|one| one.status.as_str()).collect();
    assert_eq!((told, case.response_missed), (vec!["told"], true), "a person owes an answer");
}

#[tokio::test]
async fn r_int_16_who_writes_again_to_his_case_on_the_next_night_is_told_once_more() {
    let stack = answers::wechat(json!({})).await;
    night(&stack).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "请问几点关门？")).await;
    stack.settle().await;
    let (first, _) = the_one(&stack).await;
    sent(&stack, &first.case_id, &first.message_id).await;
    until(&stack, "2026-03-03T09:01+08:00").await;
    answers::answer(&stack, &first.case_id, "九点。").await.unwrap();
    until(&stack, "2026-03-03T22:00+08:00").await;
    for n in 2..5 {
        wechat::say(&stack, &format!("n{n}"), &wechat::text("o-1", n, &format!("还有 {n}？"))).await;
        stack.settle().await;
    }
    let [_, again] = acknowledged(&stack).await.try_into().unwrap();
    assert_eq!((&again.case_id, again.message_id == first.message_id), (&first.case_id, false));
    let said = reveal(&stack, &again.case_id, &again.message_id).await.unwrap().acknowledgement.unwrap();
    assert_eq!(said.answered_from, None, "the further answer is promised before people are back");
    let case = view(&stack, &first.case_id).await;
    assert_eq!((said.answer_by, case.times_heard), (case.reply.unwrap().reply_by, 3));
}

/// The mail server was away for the night.
#[tokio::test]
async fn r_int_16_an_acknowledgement_that_is_not_so_any_more_is_told_to_nobody() {
    let stack = answers::wechat(json!({})).await;
    night(&stack).await;
    for n in 1..3 {
        wechat::say(&stack, &format!("n{n}"), &wechat::text(&format!("o-{n}"), n, "请问几点关门？")).await;
    }
    stack.settle().await;
    let [one, other] = acknowledged(&stack).await.try_into().unwrap();
    answers::answer(&stack, &one.case_id, "九点。").await.unwrap();
    let code = |asked: &CaseAnswerRequested| {
        let (stack, asked) = (&stack, asked.clone());
        async move { reveal(stack, &asked.case_id, &asked.message_id).await.map_err(|status| status.code()).map(drop) }
    };
    assert_eq!((code(&one).await, code(&other).await), (Err(Code::NotFound), Ok(())), "a person answered by night");
    until(&stack, "2026-03-03T09:01+08:00").await;
    assert_eq!(code(&other).await, Err(Code::NotFound), "people are back");
    answers::failed(&stack, &other.case_id, &other.message_id, "no_contact").await;
    let case = view(&stack, &other.case_id).await;
    assert_eq!((case.status.as_str(), case.undelivered, case.reply.is_none()), ("routed", false, true));
}

/// What is answered under a video everybody reads.
#[tokio::test]
async fn r_int_16_r_int_24_under_a_video_nothing_is_said_that_is_the_customers_alone() {
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        let dy = json!({ "kind": "douyin", "client_key": "aw1", "client_secret": douyin::SECRET });
        settings.service["channels"] = json!({ "dy": dy });
        settings.service["answer_over"] = json!(["dy"]);
    })
    .await;
    night(&stack).await;
    douyin::tell(&stack, "m-1", &douyin::message("请问几点关门？")).await;
    stack.settle().await;
    let (asked, _) = the_one(&stack).await;
    douyin::tell(&stack, "m-2", &douyin::comment("u-2", "Where is my parcel?")).await;
    stack.settle().await;
    assert_eq!(acknowledged(&stack).await.len(), 1, "a comment is acknowledged to nobody");
    let case = stack.events::<CaseRegistered>("intake").await.pop().unwrap().case_id;
    assert_eq!(told(&view(&stack, &case).await), "no_way_back");
    let answer = answers::answer(&stack, &case, "Write to us.").await.unwrap();
    let words = reveal(&stack, &case, &answer.message_id).await.unwrap();
    assert_eq!((words.text.as_str(), words.status_link.as_str()), ("Write to us.", ""));

    // Whoever wrote to us comments on his case meanwhile: what was asked for before goes nowhere.
    douyin::tell(&stack, "m-3", &douyin::comment("u-1", "Hello?")).await;
    stack.settle().await;
    assert_eq!(view(&stack, &asked.case_id).await.times_heard, 1);
    let public = reveal(&stack, &asked.case_id, &asked.message_id).await.unwrap_err();
    assert_eq!(public.code(), Code::NotFound);
}

/// By day nobody is told when a person answers: he answers, and says where to see how it stands.
#[tokio::test]
async fn r_int_24_a_persons_first_answer_brings_the_link_and_the_next_does_not() {
    let stack = answers::wechat(json!({})).await;
    wechat::say(&stack, "n1", &wechat::text("o-1", 1, "请问几点关门？")).await;
    stack.settle().await;
    let case = stack.events::<CaseRegistered>("intake").await.remove(0).case_id;
    let mut links = Vec::new();
    for text in ["九点。", "周日六点。"] {
        let answer = answers::answer(&stack, &case, text).await.unwrap();
        let words = reveal(&stack, &case, &answer.message_id).await.unwrap();
        assert_eq!(words.text, text);
        links.push(words.status_link);
    }
    assert_eq!((get(&stack, &links[0]).await.status, links[1].as_str()), (200, ""));
}

/// A machine that opens a matter of another number for each mail of ours, with no sign that it answers: it takes two to make a loop, and
/// ours stops.
#[tokio::test]
async fn r_int_02_r_int_16_a_machine_that_opens_a_new_matter_for_each_acknowledgement_is_left_alone_soon() {
    let Some((stack, server)) = with_mails().await else { return };
    night(&stack).await;
    let mut told = 0;
    for n in 0..1_000 {
        let opened = format!("Ticket {n} was opened.");
        server.deliver(
            &n.to_string(),
            &mail("bot@example.com", &format!("{n}@bot"), &format!("Subject: {n}\n"), &opened),
        );
        look(&stack).await;
        let now = acknowledged(&stack).await.len();
        // What nobody wrote to is silent.
        if now == told {
            break;
        }
        told = now;
    }
    assert_eq!((told, count(&stack, "case_file").await), (3, 4));
}
