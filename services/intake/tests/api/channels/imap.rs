//! E-mail, fetched from a real IMAP server (Dovecot); skipped with a word where it is not installed (in CI
//! `deploy/setup` sees to it, and nothing is skipped).
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use contracts::intake::v1::{
    CaseContactAdded, CaseLinked, CaseRegistered, LinkKind, ListAttachmentsRequest, RespondToCaseRequest,
    RetryInboundRequest, RevealCaseRequest, attachments_client::AttachmentsClient, intake_client::IntakeClient,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Authority, MailServer, Stack, free_port, request};
use tokio::net::TcpListener;

use super::{SECRET, client, contact, push_signed, quarantine, start, states};
use crate::{attachments::zipped, count};

pub fn mailbox(port: u16) -> Value {
    json!({ "kind": "imap", "url": format!("imap://127.0.0.1:{port}"), "user": "care", "password": "secret",
            "own": ["care@shop.example"], "timeout_seconds": 20 })
}

/// Intake that reads a mailbox; none where there is no server.
pub async fn with_mails() -> Option<(Stack, MailServer)> {
    let server = MailServer::start(free_port())?;
    let stack = start(json!({ "mail": mailbox(server.port) })).await;
    Some((stack, server))
}

/// Time until the mailbox is looked into again passes.
pub async fn look(stack: &Stack) {
    stack.advance(SignedDuration::from_secs(30)).await;
}

/// A mail of the time the stack begins at, where the fields tell no other.
pub fn mail(from: &str, id: &str, fields: &str, text: &str) -> String {
    let date = if fields.contains("Date:") { "" } else { "Date: Mon, 2 Mar 2026 08:00:00 +0000\n" };
    undated(from, id, &format!("{date}{fields}"), text)
}

/// A mail with no time but those of its fields.
pub fn undated(from: &str, id: &str, fields: &str, text: &str) -> String {
    format!("From: {from}\nMessage-ID: <{id}>\n{fields}\n{text}\n")
}

pub async fn reasons(stack: &Stack) -> Vec<String> {
    sqlx::query_scalar("select reason from inbound_message where reason is not null order by seq")
        .fetch_all(&stack.pool("intake"))
        .await
        .unwrap()
}

#[tokio::test]
async fn r_sec_01_a_mailbox_is_read_over_tls_by_who_trusts_its_server() {
    let Some(server) = MailServer::start(free_port()) else { return };
    let authority = Authority::new();
    let edge = authority.before("127.0.0.1", &format!("127.0.0.1:{}", server.port)).await;
    let mut mailbox = mailbox(server.port);
    mailbox["url"] = format!("imaps://{}", edge.address).into();
    server.deliver("1", &mail("Ana <ana@example.com>", "1@pc", "Subject: Leak\n", "The bottle leaks. 瓶子漏了"));
    for (ca_file, cases) in [(None, 0), (Some(authority.file().to_path_buf()), 1)] {
        let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
            settings.outside.ca_file.clone_from(&ca_file);
            settings.service["channels"] = json!({ "mail": mailbox });
        })
        .await;
        stack.settle().await;
        assert_eq!(stack.events::<CaseRegistered>("intake").await.len(), cases);
        assert_eq!(edge.let_in() > 0, cases > 0, "who does not trust it says nothing, not even the password");
    }
}

#[tokio::test]
async fn r_int_01_mails_become_cases_and_are_seen_when_they_are_stored() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &mail("Ana <ana@example.com>", "1@pc", "Subject: Leak\n", "The bottle leaks. 瓶子漏了"));
    stack.settle().await;
    assert_eq!((states(&stack).await, server.seen()), ([0, 1, 0, 0, 0], vec!["1".to_owned()]));
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!(events[0].channel().as_str_name(), "CHANNEL_EMAIL");
    assert_eq!(events[0].occurred_at.as_ref().unwrap().seconds, stack.now().as_second());

    server.deliver("2", &mail("Ana <ana@example.com>", "1@pc", "Subject: Leak\nX-Way: another\n", "Once more"));
    server.deliver("3", &mail("Bo <bo@example.com>", "2@pc", "", "Where is it?"));
    stack.settle().await;
    assert_eq!(states(&stack).await, [0, 1, 0, 0, 0], "not looked into yet");
    look(&stack).await;
    assert_eq!((states(&stack).await, server.seen().len()), ([0, 2, 0, 0, 0], 3), "one Message-ID is one mail");

    // The server counts anew: everything is read again, and nothing is new.
    sqlx::query("update mailbox set uid_validity = 1").execute(&stack.pool("intake")).await.unwrap();
    look(&stack).await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 2, 0, 0, 0], 2));
    let known: (i64, i64) =
        sqlx::query_as("select uid_validity, last_uid from mailbox").fetch_one(&stack.pool("intake")).await.unwrap();
    assert!(known.0 > 1 && known.1 == 3, "{known:?}");
}

#[tokio::test]
async fn r_int_02_an_answer_belongs_to_the_case_of_the_mail_it_answers() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &mail("Ana <ana@example.com>", "1@pc", "Subject: Late\n", "Where is my order?"));
    server.deliver("2", &mail("ana@example.com", "2@pc", "Subject: Re: Late\nReferences: <0@pc> <1@pc>\n", "Well?"));
    server.deliver("3", &mail("ana@example.com", "3@pc", "Subject: Re: Late\nIn-Reply-To: <other@pc>\n", "Hello?"));
    server.deliver(
        "4",
        &mail("ana@example.com", "4@pc", "Subject: Re: Late\nReferences: <2@pc>\n", "And now I have a rash"),
    );
    stack.settle().await;
    let cases: Vec<CaseRegistered> = stack.events("intake").await;
    let added: Vec<CaseContactAdded> = stack.events("intake").await;
    // The third answers a mail we do not know, under the same subject within the hour.
    assert_eq!((states(&stack).await, cases.len(), added.len()), ([0, 4, 0, 0, 0], 2, 2));
    let of_mails: Vec<uuid::Uuid> = sqlx::query_scalar("select case_id from inbound_message order by seq")
        .fetch_all(&stack.pool("intake"))
        .await
        .unwrap();
    assert_eq!((of_mails[0], of_mails[0].to_string()), (of_mails[1], added[0].case_id.clone()));
    assert_eq!(of_mails[2], of_mails[0]);
    // What is worse than the case is one of its own, and says where it belongs.
    let linked: Vec<CaseLinked> = stack.events("intake").await;
    let of =
        |id: uuid::Uuid| linked.iter().find(|event| event.case_id == id.to_string()).unwrap().link.clone().unwrap();
    assert_eq!(of(of_mails[3]).case_id, of_mails[0].to_string());
    assert_eq!(of(of_mails[0]).kind(), LinkKind::FollowedUpBy);
    let repeated: Vec<bool> = cases.iter().map(|case| case.is_repeat).collect();
    assert_eq!(repeated.iter().filter(|repeat| **repeat).count(), 1);
}

#[tokio::test]
async fn r_int_02_a_mail_loop_makes_one_case_and_nothing_of_it_is_lost() {
    let Some((stack, server)) = with_mails().await else { return };
    for n in 0..1_000 {
        server.deliver(
            &format!("{n:04}"),
            &mail("bot@example.com", &format!("{n}@bot"), "Subject: Re: Got it\n", "Got it."),
        );
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 1, 0, 999, 0], 1));
    let kept: i64 =
        sqlx::query_scalar("select count(*) from inbound_message where body is not null and case_id is not null")
            .fetch_one(&stack.pool("intake"))
            .await
            .unwrap();
    assert_eq!(kept, 1_000);
    assert!(reasons(&stack).await.iter().all(|reason| reason.contains("the same within the hour")));

    // Whoever says something else each time is bounded, and heard again an hour later.
    for n in 0..25 {
        server.deliver(&format!("a{n:03}"), &mail("cy@example.com", &format!("{n}@cy"), "", &format!("Number {n}")));
    }
    look(&stack).await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 21, 5, 999, 0], 21));
    let waits = quarantine(&stack).await.remove(0);
    assert!(waits.reason.contains("more than 20 mails within the hour"), "{}", waits.reason);
    let retry = RetryInboundRequest { inbound_id: waits.inbound_id };
    client(&stack).retry_inbound(request("staff:ana", retry)).await.unwrap();
    stack.settle().await;
    assert_eq!(
        (states(&stack).await, count(&stack, "case_file").await),
        ([0, 22, 4, 999, 0], 22),
        "a person lets it in"
    );
    stack.advance(SignedDuration::from_hours(2)).await;
    server.deliver("b", &mail("cy@example.com", "26@cy", "", "Number 26"));
    look(&stack).await;
    assert_eq!(count(&stack, "case_file").await, 23);
}

/// A machine that answers every mail in other words: what goes on under one subject is one matter, and what is too much of it waits
/// for a person.
#[tokio::test]
async fn r_int_02_a_mail_loop_of_ever_other_words_makes_one_case_too() {
    let Some((stack, server)) = with_mails().await else { return };
    for n in 0..1_000 {
        let fields = format!("Subject: Re: Ticket\nIn-Reply-To: <{n}@shop.example>\n");
        server.deliver(
            &format!("{n:04}"),
            &mail("bot@example.com", &format!("{n}@bot"), &fields, &format!("Number {n}")),
        );
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 20, 980, 0, 0], 1));
    assert!(reasons(&stack).await.iter().all(|reason| reason.contains("more than 20 mails within the hour")));
}

/// A form of a web page writes for many customers: each is counted by the address that would be answered.
#[tokio::test]
async fn r_int_02_a_form_that_writes_for_many_customers_is_no_loop() {
    let Some((stack, server)) = with_mails().await else { return };
    for n in 0..30 {
        let fields = format!("Subject: Contact form\nReply-To: c{n}@example.com\n");
        server.deliver(
            &format!("{n:02}"),
            &mail("form@shop.example", &format!("{n}@form"), &fields, &format!("Number {n}")),
        );
    }
    // The same words of another customer are another contact.
    let again = "Subject: Contact form\nReply-To: d@example.com\n";
    server.deliver("30", &mail("form@shop.example", "30@form", again, "Number 0"));
    // One that names no customer waits for a person from the 21st mail on, and is not lost.
    for n in 0..22 {
        let text = format!("Name: {n}");
        server.deliver(&format!("n{n:02}"), &mail("web@shop.example", &format!("{n}@web"), "Subject: Form\n", &text));
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 51, 2, 0, 0], 51));
}

/// A marketplace has one address for answers to all who write over it.
#[tokio::test]
async fn r_int_02_customers_who_are_answered_at_one_address_are_not_each_others_duplicates() {
    let Some((stack, server)) = with_mails().await else { return };
    let fields = "Subject: Re: 退货\nReply-To: reply@market.example\n";
    for (n, from) in ["a@example.com", "b@example.com"].iter().enumerate() {
        server.deliver(&n.to_string(), &mail(from, &format!("{n}@market"), fields, "退货"));
    }
    server.deliver("2", &mail("a@example.com", "2@market", fields, "退货"));
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 2, 0, 1, 0], 2));
}

/// Whoever forwards what came to him does so under one subject; what it quotes is what it says.
#[tokio::test]
async fn r_int_02_mails_that_are_forwarded_under_one_subject_are_cases_of_their_own() {
    let Some((stack, server)) = with_mails().await else { return };
    for n in 0..3 {
        let text = format!("> The parcel of customer {n} did not come.");
        server.deliver(&n.to_string(), &mail("store@example.com", &format!("{n}@pc"), "Subject: Fwd: 投诉\n", &text));
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 3, 0, 0, 0], 3));
}

/// A machine that speaks of harm in ever other words: only what is graver than what is known is let in beyond the bound.
#[tokio::test]
async fn r_int_02_r_int_09_a_mail_loop_about_harm_makes_one_case_too() {
    let Some((stack, server)) = with_mails().await else { return };
    let say = |n: usize, subject: &str, text: &str| {
        let id = format!("{n}@bot");
        server.deliver(&format!("{n:04}"), &mail("bot@example.com", &id, &format!("Subject: {subject}\n"), text));
    };
    for n in 0..200 {
        say(n, "Re: Ticket", &format!("起了红疹 {n}"));
    }
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 20, 180, 0, 0], 1));
    assert!(reasons(&stack).await.iter().all(|reason| reason.contains("and it speaks of harm")));
    for n in 200..300 {
        say(n, &format!("Ticket {n}"), &format!("起了红疹 {n}"));
    }
    look(&stack).await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 20, 280, 0, 0], 1));
    say(300, "Ticket", "呼吸困难，送急诊了");
    look(&stack).await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 21, 280, 0, 0], 2));
}

#[tokio::test]
async fn r_int_02_machines_make_no_case_and_what_cannot_be_read_ends_in_quarantine() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &mail("MAILER-DAEMON@example.com", "1@mx", "Return-Path: <>\n", "undeliverable"));
    server.deliver("2", &mail("ana@example.com", "2@mx", "Auto-Submitted: auto-replied\n", "I am away"));
    server.deliver("3", &mail("care@shop.example", "3@mx", "", "ours"));
    server.deliver("4", "Subject: who am I\n\nx\n");
    server.deliver("5", &mail("ana@example.com", "5@mx", "", &"😀".repeat(1_500_000)));
    server.deliver("6", &mail("ana@example.com", "6@mx", &"X-A: b\n".repeat(10_000), "x"));
    server.deliver("7", &mail("ana@example.com", "7@mx", "Date: Thu, 1 Jan 1970 00:00:00 +0000\n", ""));
    server.deliver("8", &mail("bo@example.com", "8@mx", "", &"😀".repeat(250_000)));
    stack.settle().await;
    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 3, 5, 0, 0], 0));
    let reasons: Vec<String> = quarantine(&stack).await.into_iter().map(|message| message.reason).collect();
    for said in ["From:", "4 MiB", "header fields", "content: is missing", "too_long: "] {
        assert!(reasons.iter().any(|reason| reason.contains(said)), "{said}: {reasons:?}");
    }
    let seen: Vec<String> = ["1", "2", "3", "4", "6", "7", "8"].map(str::to_owned).to_vec();
    assert_eq!(server.seen(), seen, "what was not stored whole is unseen");
}

#[tokio::test]
async fn r_int_01_the_files_of_a_mail_are_kept_with_its_case_and_what_is_refused_is_said() {
    let Some((stack, server)) = with_mails().await else { return };
    let part = |name: &str, kind: &str, base64: &str| {
        format!(
            "--x\nContent-Type: {kind}\nContent-Disposition: attachment; filename=\"{name}\"\n\
             Content-Transfer-Encoding: base64\n\n{base64}\n"
        )
    };
    let bomb = BASE64_STANDARD.encode(zipped(&vec![0; 80 << 20]));
    let bomb: Vec<&str> = bomb.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let files = [
        part("leak.jpg", "image/jpeg", "/9j/4AAQSkZJRgA="),
        part("run.exe", "application/octet-stream", "TVqQAA=="),
        part("zeros.zip", "application/zip", &bomb.join("\n")),
    ];
    // The mail is long: what does not fit is said, and so is why files are missing.
    let long = "See the photo. ".repeat(500);
    let body = format!("--x\nContent-Type: text/plain\n\n{long}\n{}--x--\n", files.concat());
    let fields = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n";
    server.deliver("1", &mail("ana@example.com", "1@pc", fields, &body));
    stack.settle().await;
    let [case] = stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    let mut client = AttachmentsClient::new(stack.channel("intake"));
    let asked = ListAttachmentsRequest { case_id: case.case_id.clone() };
    let [file] = client.list_attachments(asked).await.unwrap().into_inner().attachments.try_into().unwrap();
    assert_eq!((file.media_type.as_str(), file.size), ("image/jpeg", 11));
    let look = RevealCaseRequest { case_id: case.case_id, purpose: "handling".into() };
    let mut client = IntakeClient::new(stack.channel("intake"));
    let said = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner().content;
    let files = "[attachment] leak.jpg\n[refused file: content_type] run.exe\n[refused file: archive] zeros.zip";
    assert!(said.ends_with(&format!("[cut here: it goes on]\n\n{files}")), "{said}");
    assert!(said.chars().count() <= 4_000, "{}", said.chars().count());
}

/// A bounce, a machine's answer and the same mail by another way are no further words; a photo comes with the last mail.
#[tokio::test]
async fn r_int_21_a_thread_with_our_answer_a_bounce_and_a_photo_is_one_case() {
    let Some((stack, server)) = with_mails().await else { return };
    let first = mail("Ana <ana@example.com>", "1@pc", "Subject: Leak\n", "The bottle leaks. 瓶子漏了");
    server.deliver("1", &first);
    stack.settle().await;
    let [case] = stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    let mut client = IntakeClient::new(stack.channel("intake"));
    let text = "please send us a photo".to_owned();
    let answer = RespondToCaseRequest { case_id: case.case_id.clone(), text: text.clone(), responded_at: None };
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();

    // Our answer, <2@shop.example>, left by the mail server; what comes back names it.
    let thread = "Subject: Re: Leak\nIn-Reply-To: <2@shop.example>\nReferences: <1@pc> <2@shop.example>\n";
    let bounce = format!("Return-Path: <>\nAuto-Submitted: auto-replied\n{thread}");
    server.deliver("2", &mail("MAILER-DAEMON@example.com", "3@mx", &bounce, "for now it waits"));
    server.deliver(
        "3",
        &mail("ana@example.com", "4@pc", &format!("Auto-Submitted: auto-replied\n{thread}"), "I am away"),
    );
    server.deliver("4", &mail("care@shop.example", "2@shop.example", thread, &text));
    server.deliver("5", &first.replace("Subject", "Received: by another way\nSubject"));
    let photo = "--x\nContent-Type: text/plain; charset=utf-8\n\n这是照片\n--x\nContent-Type: image/jpeg\nContent-Disposition: \
         attachment; filename=\"leak.jpg\"\nContent-Transfer-Encoding: base64\n\n/9j/4AAQSkZJRgA=\n--x--\n";
    let fields = format!("{thread}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n");
    server.deliver("6", &mail("ana@example.com", "5@pc", &fields, photo));
    look(&stack).await;

    assert_eq!((states(&stack).await, count(&stack, "case_file").await), ([0, 5, 0, 0, 0], 1));
    let [added] = stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!(added.case_id, case.case_id);
    let asked = ListAttachmentsRequest { case_id: case.case_id.clone() };
    let mut files = AttachmentsClient::new(stack.channel("intake"));
    let [file] = files.list_attachments(asked).await.unwrap().into_inner().attachments.try_into().unwrap();
    assert_eq!(file.media_type, "image/jpeg");
    let look = RevealCaseRequest { case_id: case.case_id, purpose: "handling".into() };
    let said = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!((said.content.as_str(), said.answer), ("Leak\n\nThe bottle leaks. 瓶子漏了", text));
    let [reply] = said.further.try_into().unwrap();
    assert_eq!(reply.content, "Re: Leak\n\n这是照片\n\n[attachment] leak.jpg");
}

#[tokio::test]
async fn r_int_02_a_server_that_is_down_or_refuses_is_tried_again_later() {
    let port = free_port();
    let stack = start(json!({ "mail": mailbox(port) })).await;
    stack.settle().await;
    let Some(server) = MailServer::start(port) else { return };
    server.deliver("1", &mail("ana@example.com", "1@pc", "", "Hello?"));
    stack.settle().await;
    assert_eq!(states(&stack).await, [0; 5], "not yet");
    stack.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(states(&stack).await, [0, 1, 0, 0, 0]);

    let mut wrong = mailbox(port);
    wrong["password"] = "wrong".into();
    let refused = start(json!({ "mail": wrong })).await;
    refused.settle().await;
    assert_eq!((states(&refused).await, server.seen().len()), ([0; 5], 1));
}

#[tokio::test]
async fn r_int_02_a_mail_server_that_hangs_stops_nobody_and_is_left_longer_each_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    #[expect(clippy::disallowed_methods, reason = "the stand-in ends with the test's runtime")]
    tokio::spawn(async move {
        let mut silent = vec![];
        while let Ok((connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            silent.push(connection);
        }
    });
    let json = json!({ "kind": "signed_json", "channel": "website", "secrets": [SECRET] });
    let mut silent = mailbox(port);
    silent["timeout_seconds"] = 1.into();
    let stack = start(json!({ "mail": silent, "web": json })).await;
    push_signed(&stack, "web", "m", contact("C-1", "When do you open?")).await;
    stack.settle().await;
    assert_eq!((states(&stack).await, calls.load(Ordering::SeqCst)), ([0, 1, 0, 0, 0], 1));
    for (seconds, tries) in [(1, 2), (1, 2), (1, 3), (3, 3), (1, 4)] {
        stack.advance(SignedDuration::from_secs(seconds)).await;
        assert_eq!(calls.load(Ordering::SeqCst), tries, "{seconds} s later");
    }
    assert_eq!(push_signed(&stack, "mail", "m", "{}").await.status, 401, "nobody pushes mails");
}

/// Some programs give all mails one Message-ID.
#[tokio::test]
async fn r_int_02_r_int_09_what_somebody_else_wrote_under_a_known_message_id_is_another_mail() {
    let Some((stack, server)) = with_mails().await else { return };
    server.deliver("1", &mail("Ana <ana@example.com>", "1@pc", "Subject: Leak\n", "The bottle leaks."));
    server
        .deliver("2", &mail("Bo <bo@example.com>", "1@pc", "Subject: Harm\n", "用了你们的面霜以后全身起红疹，住院了"));
    server
        .deliver("3", &mail("Bo <bo@example.com>", "1@pc", "Subject: Harm\n", "用了你们的面霜以后全身起红疹，住院了"));
    look(&stack).await;
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, events.len()), ([0, 2, 0, 0, 0], 2));
    assert_eq!(events.iter().map(|event| event.health_severity).max(), Some(3));
}

#[tokio::test]
async fn r_int_09_a_mail_that_is_forwarded_as_a_file_is_read_and_files_are_kept_as_they_were_sent() {
    let Some((stack, server)) = with_mails().await else { return };
    let inner = "From: bo@example.com\nSubject: help\n\n用了之后脸肿了，送急诊了\n";
    let forwarded = format!("--x\nContent-Type: message/rfc822\n\n{inner}\n");
    let note = "--x\nContent-Type: text/plain; charset=utf-8\nContent-Disposition: attachment; filename=\"note.txt\"\n\
                Content-Transfer-Encoding: base64\n\n55O25a2Q5ryP5LqG\n";
    let photos: String = (0..21)
        .map(|n| {
            format!(
                "--x\nContent-Type: image/jpeg\nContent-Disposition: attachment; filename=\"{n}.jpg\"\n\
                          Content-Transfer-Encoding: base64\n\n/9j/4AAQSkZJRgA=\n"
            )
        })
        .collect();
    let fields = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n";
    let text = "--x\nContent-Type: text/plain\n\nSee below.\n";
    server.deliver("1", &mail("ana@example.com", "1@pc", fields, &format!("{text}{forwarded}{note}{photos}--x--")));
    look(&stack).await;
    let events: Vec<CaseRegistered> = stack.events("intake").await;
    assert_eq!((states(&stack).await, events.len()), ([0, 1, 0, 0, 0], 1));
    assert_eq!(events[0].health_severity, 3, "what is forwarded is read");
    let reveal = RevealCaseRequest { case_id: events[0].case_id.clone(), purpose: "test".into() };
    let mut client = IntakeClient::new(stack.channel("intake"));
    let said = client.reveal_case(request("staff:ana", reveal)).await.unwrap().into_inner().content;
    assert!(said.contains("送急诊了") && said.ends_with("[refused files: 3 more than 20]"), "{said}");
    let mut files = AttachmentsClient::new(stack.channel("intake"));
    let asked = request("staff:ana", ListAttachmentsRequest { case_id: events[0].case_id.clone() });
    let kept = files.list_attachments(asked).await.unwrap().into_inner().attachments;
    let sizes: Vec<u64> = kept.iter().filter(|file| file.media_type == "text/plain").map(|file| file.size).collect();
    assert_eq!(sizes, ["瓶子漏了".len() as u64], "as it was sent");
}
