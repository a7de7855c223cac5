//! The sink through its two doors, as its senders and readers see it.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::net::Ipv4Addr;

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
};

use super::*;

struct Running {
    smtp: SocketAddr,
    http: String,
    _serving: JoinSet<anyhow::Result<()>>,
}

async fn start(folder: &TempDir) -> Running {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let store = folder.path().join("new/outbox.ndjson");
    let sink = Sink::open(SinkArgs { smtp: any, http: any, store }).await.unwrap();
    let (smtp, http) = (sink.smtp.local_addr().unwrap(), format!("http://{}", sink.http.local_addr().unwrap()));
    let mut serving = JoinSet::new();
    serving.spawn(sink.serve());
    Running { smtp, http, _serving: serving }
}

fn client() -> reqwest::Client {
    crate::remote::http().unwrap()
}

impl Running {
    async fn messages(&self, query: &str) -> Vec<Received> {
        let answer = client().get(format!("{}/messages{query}", self.http)).send().await.unwrap();
        let mut body: serde_json::Value = answer.json().await.unwrap();
        serde_json::from_value(body["messages"].take()).unwrap()
    }

    async fn sms(&self, key: &str, body: serde_json::Value) -> (u16, serde_json::Value) {
        let request = client().post(format!("{}/sms", self.http)).header("idempotency-key", key).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Says each line once the server has answered the one before; returns the code of each answer.
    async fn dialogue(&self, lines: &[&str]) -> Vec<String> {
        let (read, mut write) = TcpStream::connect(self.smtp).await.unwrap().into_split();
        let mut answers = BufReader::new(read).lines();
        let mut codes = Vec::new();
        for line in [""].iter().chain(lines) {
            if !line.is_empty() {
                write.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            }
            while let Some(answer) = answers.next_line().await.unwrap() {
                if answer.as_bytes().get(3) == Some(&b' ') {
                    codes.push(answer[..3].to_owned());
                    break;
                }
            }
        }
        codes
    }

    async fn mail(&self, text: &str) -> Vec<String> {
        self.dialogue(&["EHLO t", "MAIL FROM:<care@x.example>", "RCPT TO:<li@x.example>", "DATA", text, "QUIT"]).await
    }
}

const MAIL: &str = "Message-ID: <m1@x.example>\r\nSubject: =?utf-8?b?5oKo5aW9?=\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                    5oKo5aW9LCByZWYgNDI=\r\n.";

#[tokio::test]
async fn a_mail_is_decoded_kept_and_found() {
    let folder = TempDir::new().unwrap();
    let sink = start(&folder).await;
    assert_eq!(sink.mail(MAIL).await, ["220", "250", "250", "250", "354", "250", "221"]);
    let found = sink.messages("?about=ref%2042").await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].medium, found[0].key.as_str(), found[0].repeated), (Medium::Email, "m1@x.example", false));
    assert_eq!((found[0].subject.as_str(), found[0].text.trim()), ("您好", "您好, ref 42"));
    assert_eq!(found[0].to, ["li@x.example"]);
    assert_eq!(sink.messages("?about=ref%2043").await, []);
}

#[tokio::test]
async fn what_is_no_mail_or_too_big_is_refused_and_the_connection_goes_on() {
    let folder = TempDir::new().unwrap();
    let sink = start(&folder).await;
    let line = format!("{}\r\n", "x".repeat(998));
    let big = format!("Message-ID: <m2@x.example>\r\n\r\n{}.", line.repeat(1_100));
    let start_mail = ["MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA"];
    let mut lines = vec!["EHLO t"];
    for body in ["Subject: no id\r\n\r\nhello\r\n.", &big, MAIL] {
        lines.extend(start_mail);
        lines.push(body);
    }
    let codes = sink.dialogue(&lines).await;
    let bodies: Vec<&str> = codes.iter().skip(2).skip(3).step_by(4).map(String::as_str).collect();
    assert_eq!(bodies, ["554", "552", "250"]);
    assert_eq!(sink.messages("").await.len(), 1);
}

#[tokio::test]
async fn a_short_message_is_kept_and_a_repeat_is_marked() {
    let folder = TempDir::new().unwrap();
    let sink = start(&folder).await;
    let body = serde_json::json!({ "to": "+86 138 0000 0000", "text": "ref 42" });
    assert_eq!(sink.sms("k1", body.clone()).await, (200, serde_json::json!({ "id": "k1", "repeated": false })));
    assert_eq!(sink.sms("k1", body.clone()).await, (200, serde_json::json!({ "id": "k1", "repeated": true })));
    assert_eq!(sink.sms("k2", body.clone()).await.0, 200);
    let newest = sink.messages("?about=ref&limit=2").await;
    assert_eq!(newest.iter().map(|m| (m.key.as_str(), m.repeated)).collect::<Vec<_>>(), [("k1", true), ("k2", false)]);

    assert_eq!(sink.sms("", body).await.0, 400);
    assert_eq!(sink.sms("k3", serde_json::json!({ "to": "nobody", "text": "x" })).await.0, 422);
    assert_eq!(sink.sms("k3", serde_json::json!({ "to": "123", "text": "" })).await.0, 422);
    assert_eq!(sink.sms("k3", serde_json::json!({ "to": "123", "text": "x", "more": 1 })).await.0, 422);
    assert_eq!(sink.messages("").await.len(), 3);
}

#[tokio::test]
async fn a_restart_keeps_what_was_taken_and_cuts_off_what_was_not() {
    let folder = TempDir::new().unwrap();
    let body = serde_json::json!({ "to": "123", "text": "x" });
    let first = start(&folder).await;
    assert_eq!(first.sms("k1", body.clone()).await.0, 200);
    drop(first);
    let path = folder.path().join("new/outbox.ndjson");
    let mut torn = std::fs::read(&path).unwrap();
    let whole = torn.len();
    torn.extend(b"{\"received_at\":");
    std::fs::write(&path, torn).unwrap();

    let second = start(&folder).await;
    assert_eq!(std::fs::metadata(&path).unwrap().len() as usize, whole);
    assert_eq!(second.sms("k1", body).await.1["repeated"], true);
    assert_eq!(second.messages("").await.len(), 2);
}
