//! Story of a thread of mails with everything that comes with one: a complaint, loops of machines, a bounce, an automatic note, our
//! answer, a photo. It is one case, and our answer stands in the customer's thread. Skipped where Dovecot is not installed.
use std::path::PathBuf;

use aftercare::sink::{self, Received, SinkArgs};
use contracts::{
    complaint::v1::ComplaintRecorded,
    intake::v1::{
        AnswerCaseRequest, CaseAnswerSent, CaseAnswerUndelivered, CaseContactAdded, CaseRegistered, CaseResponded,
        GetCaseRequest, ListAttachmentsRequest, answers_client::AnswersClient, attachments_client::AttachmentsClient,
        intake_client::IntakeClient,
    },
    outreach::v1::{MessageSent, Purpose},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{MailServer, free_port, request};

use crate::world::World;

fn mail(from: &str, id: &str, fields: &str, text: &str) -> String {
    format!("From: {from}\nDate: Mon, 2 Mar 2026 08:00:00 +0000\nMessage-ID: <{id}>\n{fields}\n{text}\n")
}

/// A mail server that takes what we send; says where it listens and where what came can be read.
async fn sink(folder: PathBuf) -> (String, String) {
    let (smtp, http) = (free_port(), free_port());
    let address = |port: u16| format!("127.0.0.1:{port}").parse().unwrap();
    let args = SinkArgs { smtp: address(smtp), http: address(http), store: folder.join("taken.jsonl") };
    #[expect(clippy::disallowed_methods, reason = "the server ends with the test's runtime")]
    tokio::spawn(sink::run(args));
    (format!("smtp://127.0.0.1:{smtp}"), format!("http://127.0.0.1:{http}/messages"))
}

impl World {
    /// Time until the mailbox is looked into again passes.
    async fn look(&self) {
        self.stack.advance(SignedDuration::from_secs(30)).await;
    }
}

#[tokio::test]
async fn r_int_21_a_thread_with_a_loop_a_bounce_and_a_photo_is_one_case_and_is_answered_in_it() {
    let Some(server) = MailServer::start(free_port()) else { return };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    let (smtp, taken) = sink(folder.clone()).await;
    let url = format!("imap://127.0.0.1:{}", server.port);
    let world = World::open_with(|name, settings| match name {
        "intake" => {
            let mailbox = json!({ "kind": "imap", "url": url, "user": "care", "password": "secret",
                                  "own": ["care@aftercare.example"], "timeout_seconds": 20 });
            settings.service["channels"] = json!({ "mail": mailbox });
        }
        "outreach" => settings.service["smtp_url"] = json!(smtp),
        _ => {}
    })
    .await;

    // A machine answers twenty times that nobody is there; nothing of it is a case.
    let complaint = mail("Ana <ana@example.com>", "1@pc", "Subject: Leak\n", "The bottle leaks, I want a refund.");
    server.deliver("0", &complaint);
    for n in 0..20 {
        let machine = mail("robot@example.com", &format!("r{n}@mx"), "Auto-Submitted: auto-replied\n", "out of office");
        server.deliver(&format!("1-{n}"), &machine);
    }
    world.stack.settle().await;
    let [case] = world.stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    let [recorded] = world.stack.events::<ComplaintRecorded>("complaint").await.try_into().unwrap();
    assert_eq!(recorded.complaint_id, case.complaint_id);

    let answer = AnswerCaseRequest { case_id: case.case_id.clone(), text: "Please send us a photo.".into() };
    let mut answers = AnswersClient::new(world.stack.channel("intake"));
    let asked = answers.answer_case(request("staff:ana", answer)).await.unwrap().into_inner();
    world.stack.settle().await;
    let sent = world.stack.events::<MessageSent>("outreach").await;
    assert_eq!(sent.iter().filter(|one| one.purpose() == Purpose::Answer).count(), 1);
    assert_eq!(world.stack.events::<CaseAnswerSent>("intake").await.len(), 1, "the case is told");
    let all: Value = world.http.get(&taken).send().await.unwrap().json().await.unwrap();
    let all: Vec<Received> = serde_json::from_value(all["messages"].clone()).unwrap();
    let ours = all.iter().find(|one| one.text.contains("Please send us a photo.")).unwrap();
    assert_eq!((ours.to.as_slice(), ours.subject.as_str()), (&["ana@example.com".to_owned()][..], "Re: Leak"));
    assert_eq!(ours.key, format!("{}@aftercare.example", asked.message_id));

    // What comes back names our mail, and some programs nothing else.
    let thread = format!("Subject: Re: Leak\nIn-Reply-To: <{}@aftercare.example>\n", asked.message_id);
    let bounce = format!("Return-Path: <>\nAuto-Submitted: auto-replied\n{thread}");
    server.deliver("2", &mail("MAILER-DAEMON@example.com", "3@mx", &bounce, "for now it waits"));
    let away = format!("Auto-Submitted: auto-replied\n{thread}");
    server.deliver("3", &mail("ana@example.com", "4@pc", &away, "I am away"));
    let photo = "--x\nContent-Type: text/plain; charset=utf-8\n\n这是照片\n--x\nContent-Type: image/jpeg\nContent-Disposition: \
                 attachment; filename=\"leak.jpg\"\nContent-Transfer-Encoding: base64\n\n/9j/4AAQSkZJRgA=\n--x--\n";
    let fields = format!("{thread}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n");
    server.deliver("4", &mail("ana@example.com", "5@pc", &fields, photo));
    server.deliver("5", &complaint);
    // Her own machine answers us without saying what it is, the same again and again: that is said once.
    for n in 0..30 {
        let looped = mail("ana@example.com", &format!("l{n}@pc"), &thread, "Thank you, your message was received.");
        server.deliver(&format!("6-{n:02}"), &looped);
    }
    world.look().await;
    let [added, looped] = world.stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!((&added.case_id, &added.complaint_id), (&case.case_id, &case.complaint_id));
    assert_eq!(looped.case_id, case.case_id);
    let wanted = GetCaseRequest { case_id: case.case_id.clone() };
    let mut intake = IntakeClient::new(world.stack.channel("intake"));
    let view = intake.get_case(request("staff:reader", wanted)).await.unwrap().into_inner().case.unwrap();
    assert_eq!((view.times_heard, view.duplicates), (2, 29), "what it said again is kept beside");
    assert_eq!(world.stack.events::<CaseRegistered>("intake").await.len(), 1, "one thread is one case");
    let files = ListAttachmentsRequest { case_id: case.case_id.clone() };
    let mut attachments = AttachmentsClient::new(world.stack.channel("intake"));
    let [file] = attachments.list_attachments(files).await.unwrap().into_inner().attachments.try_into().unwrap();
    assert_eq!(file.media_type, "image/jpeg");
    std::fs::remove_dir_all(folder).unwrap();
    world.nothing_is_parked().await;
}

/// What a mail server of the customer's says of a mail of ours it could not deliver, word for word as Postfix puts it (RFC 3464).
fn bounce(of: &Received, action: &str, status: &str) -> String {
    let (to, boundary) = (&of.to[0], "9F2A41C0D3.1772438400/mx.example.com");
    format!(
        "Return-Path: <>\nReceived: by mx.example.com (Postfix)\n\tid 9F2A41C0D3; Mon,  2 Mar 2026 16:00:10 +0800 (CST)\n\
         Date: Mon,  2 Mar 2026 16:00:10 +0800 (CST)\nFrom: MAILER-DAEMON@mx.example.com (Mail Delivery System)\n\
         Subject: Undelivered Mail Returned to Sender\nTo: care@aftercare.example\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"{boundary}\"\n\
         Message-Id: <{status}.9F2A41C0D3@mx.example.com>\n\nThis is a MIME-encapsulated message.\n\n--{boundary}\n\
         Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\n\
         This is the mail system at host mx.example.com.\n\n\
         I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\n\
         <{to}>: host 192.0.2.7[192.0.2.7] said: 550 {status} <{to}>: Recipient\n    address rejected: User unknown\n\n--{boundary}\n\
         Content-Description: Delivery report\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\
         X-Postfix-Queue-ID: 9F2A41C0D3\nX-Postfix-Sender: rfc822; care@aftercare.example\n\
         Arrival-Date: Mon,  2 Mar 2026 16:00:05 +0800 (CST)\n\nFinal-Recipient: rfc822; {to}\nOriginal-Recipient: rfc822;{to}\n\
         Action: {action}\nStatus: {status}\nRemote-MTA: dns; 192.0.2.7\n\
         Diagnostic-Code: smtp; 550 {status} <{to}>: Recipient address rejected: User\n    unknown\n\n--{boundary}\n\
         Content-Description: Undelivered Message Headers\nContent-Type: text/rfc822-headers\n\n\
         Return-Path: <care@aftercare.example>\nFrom: Customer Care <care@aftercare.example>\nTo: {to}\n\
         Subject: {}\nMessage-ID: <{}>\n\n--{boundary}--\n",
        of.subject, of.key
    )
}

/// By night the customer is told that his mail came, when a person answers and where he sees how it stands; by day a person answers,
/// that mail comes back, and a person sees to it.
#[tokio::test]
async fn r_int_16_r_int_24_a_mail_by_night_is_acknowledged_with_its_link_and_an_answer_that_comes_back_is_owed_anew() {
    let Some(server) = MailServer::start(free_port()) else { return };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    let (smtp, taken) = sink(folder.clone()).await;
    let url = format!("imap://127.0.0.1:{}", server.port);
    let world = World::open_with(|name, settings| match name {
        "intake" => {
            let mailbox = json!({ "kind": "imap", "url": url, "user": "care", "password": "secret",
                                  "own": ["care@aftercare.example"], "timeout_seconds": 20 });
            settings.service["channels"] = json!({ "mail": mailbox });
        }
        "outreach" => settings.service["smtp_url"] = json!(smtp),
        _ => {}
    })
    .await;
    let letters = async || -> Vec<Received> {
        let all: Value = world.http.get(&taken).send().await.unwrap().json().await.unwrap();
        serde_json::from_value(all["messages"].clone()).unwrap()
    };
    // Ten at night in Shanghai.
    world.stack.advance(SignedDuration::from_hours(6)).await;
    server.deliver("0", &mail("Ana <ana@example.com>", "1@pc", "Subject: Opening\n", "When do you close?"));
    world.look().await;
    let [case] = world.stack.events::<CaseRegistered>("intake").await.try_into().unwrap();
    let [told] = letters().await.try_into().unwrap();
    assert_eq!((told.to.as_slice(), told.subject.as_str()), (&["ana@example.com".to_owned()][..], "Re: Opening"));
    assert!(
        told.text.contains(&case.case_id) && told.text.contains("2026-03-03 09:00 (Asia/Shanghai)"),
        "{}",
        told.text
    );
    let page = told.text.split("https://aftercare.example").nth(1).unwrap().split_whitespace().next().unwrap();
    let page = format!("{}{page}", world.stack.base_url("intake"));
    let seen: Value = world.http.get(&page).send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["progress"], "received", "nobody has answered yet");
    assert_eq!(world.stack.events::<CaseResponded>("intake").await.len(), 0);

    // The next morning a person answers, and that mail comes back; one that only waits is no loss.
    world.stack.advance(SignedDuration::from_hours(12)).await;
    let answer = AnswerCaseRequest { case_id: case.case_id.clone(), text: "At nine.".into() };
    let mut answers = AnswersClient::new(world.stack.channel("intake"));
    answers.answer_case(request("staff:ana", answer)).await.unwrap();
    world.stack.settle().await;
    let ours = letters().await.pop().unwrap();
    assert!(ours.text.contains("At nine."));
    server.deliver("1", &bounce(&ours, "delayed", "4.2.2"));
    world.look().await;
    assert!(world.stack.events::<CaseAnswerUndelivered>("intake").await.is_empty());
    server.deliver("2", &bounce(&ours, "failed", "5.1.1"));
    world.look().await;
    let [lost] = world.stack.events::<CaseAnswerUndelivered>("intake").await.try_into().unwrap();
    assert_eq!((lost.code.as_str(), lost.reply.is_some()), ("returned", true), "an answer is owed anew");
    assert_eq!(world.stack.events::<CaseRegistered>("intake").await.len(), 1, "what comes back is no case");
    assert_eq!(letters().await.len(), 2, "and is not written to");
    std::fs::remove_dir_all(folder).unwrap();
    world.nothing_is_parked().await;
}
