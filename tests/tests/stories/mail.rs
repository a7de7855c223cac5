//! Story of a thread of mails with everything that comes with one: a complaint, a loop of machines, a bounce, an automatic note, our
//! answer, a photo. It is one case, and our answer stands in the customer's thread. Skipped where Dovecot is not installed.
use std::path::PathBuf;

use aftercare::sink::{self, Received, SinkArgs};
use contracts::{
    complaint::v1::ComplaintRecorded,
    intake::v1::{
        AnswerCaseRequest, CaseAnswerSent, CaseContactAdded, CaseRegistered, ListAttachmentsRequest,
        answers_client::AnswersClient, attachments_client::AttachmentsClient,
    },
    outreach::v1::{MessageSent, Purpose},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{MailServer, free_port, request};

use crate::world::World;

fn mail(from: &str, id: &str, fields: &str, text: &str) -> String {
    format!("From: {from}\nMessage-ID: <{id}>\n{fields}\n{text}\n")
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

    // A machine answers a machine a thousand times; nothing of it is a case.
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
    world.look().await;
    let [added] = world.stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert_eq!((&added.case_id, &added.complaint_id), (&case.case_id, &case.complaint_id));
    assert_eq!(world.stack.events::<CaseRegistered>("intake").await.len(), 1, "one thread is one case");
    let files = ListAttachmentsRequest { case_id: case.case_id.clone() };
    let mut attachments = AttachmentsClient::new(world.stack.channel("intake"));
    let [file] = attachments.list_attachments(files).await.unwrap().into_inner().attachments.try_into().unwrap();
    assert_eq!(file.media_type, "image/jpeg");
    std::fs::remove_dir_all(folder).unwrap();
    world.nothing_is_parked().await;
}
