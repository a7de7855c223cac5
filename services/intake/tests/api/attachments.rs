//! Files that come with contacts: looked at, kept sealed with their case, handed out only with a purpose, forgotten with
//! the customer.
use contracts::intake::v1::{
    Attachment, DownloadAttachmentRequest, DownloadAttachmentResponse, ListAttachmentsRequest,
    attachments_client::AttachmentsClient,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::Row as _;
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, Status};
use uuid::Uuid;

use super::{Reply, case_with, count, post, post_case, start};

fn photo(canary: &str) -> Vec<u8> {
    [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", canary.as_bytes()].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn upload(stack: &Stack, path: &str, kind: &str, bytes: Vec<u8>) -> Reply {
    post(stack, path, &[("content-type", kind)], bytes).await
}

async fn waiting(stack: &Stack, canary: &str) -> String {
    let reply = upload(stack, "/v1/attachments?name=rash.jpg", "image/jpeg", photo(canary)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(reply.json()["waits_until"].is_string(), "{reply:?}");
    reply.json()["attachment_id"].as_str().unwrap().to_owned()
}

async fn listed(stack: &Stack, case_id: &str) -> Vec<Attachment> {
    let mut client = AttachmentsClient::new(stack.channel("intake"));
    let asked = ListAttachmentsRequest { case_id: case_id.into() };
    client.list_attachments(asked).await.unwrap().into_inner().attachments
}

async fn download(stack: &Stack, id: &str, purpose: &str) -> Result<(String, Vec<u8>), Status> {
    let mut client = AttachmentsClient::new(stack.channel("intake"));
    let asked = DownloadAttachmentRequest { attachment_id: id.into(), purpose: purpose.into() };
    let mut stream = client.download_attachment(request("staff:ana", asked)).await?.into_inner();
    let (mut name, mut bytes) = (String::new(), Vec::new());
    while let Some(DownloadAttachmentResponse { name: called, content, .. }) = stream.message().await? {
        name.push_str(&called);
        bytes.extend(content);
    }
    Ok((name, bytes))
}

fn id_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn r_sec_06_a_file_sent_before_its_contact_goes_with_it_and_every_look_is_written_down() {
    let stack = start().await;
    let file = waiting(&stack, "canaryphoto").await;
    let refused = download(&stack, &file, "investigation:1").await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "it belongs to nobody yet");
    let contact = case_with(json!({ "attachments": [file], "external_ref": "A-1" }));
    let case = id_of(&post_case(&stack, &contact).await);
    assert_eq!(id_of(&post_case(&stack, &contact).await), case, "told again");

    let [one] = listed(&stack, &case).await.try_into().unwrap();
    assert_eq!((one.attachment_id.as_str(), one.media_type.as_str()), (file.as_str(), "image/jpeg"));
    let bytes = photo("canaryphoto");
    assert_eq!((one.sha256, one.size), (hex(&Sha256::digest(&bytes)), bytes.len() as u64));
    assert_eq!(download(&stack, &file, "investigation:1").await.unwrap(), ("rash.jpg".into(), bytes));
    let log =
        sqlx::query("select actor, purpose, subject from access_log").fetch_all(&stack.pool("intake")).await.unwrap();
    let log: Vec<(String, String, String)> = log.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(log, [("staff:ana".into(), "investigation:1".into(), format!("attachment {file}"))]);

    let stored = "select string_agg(encode(a.name || b.body, 'escape') || a::text, '') from attachment a join attachment_body b using (id)";
    let stored: String = sqlx::query_scalar(stored).fetch_one(&stack.pool("intake")).await.unwrap();
    assert!(!stored.contains("canary") && !stored.contains("rash"), "nothing lies in the open");
}

#[tokio::test]
async fn a_file_of_a_case_is_there_once_and_large_ones_come_in_parts() {
    let stack = start().await;
    let case = id_of(&post_case(&stack, &case_with(json!({}))).await);
    let path = format!("/v1/cases/{case}/attachments?name=%E8%8D%AF%E7%9B%92.jpg");
    let large = photo(&"x".repeat(3 << 20));
    let first = upload(&stack, &path, "application/octet-stream", large.clone()).await;
    let again = upload(&stack, &path, "image/jpeg", large.clone()).await;
    assert_eq!((first.status, &first.text), (201, &again.text));
    assert_eq!(count(&stack, "attachment_body").await, 1);
    let id = first.json()["attachment_id"].as_str().unwrap().to_owned();
    assert_eq!(download(&stack, &id, "handling").await.unwrap(), ("药盒.jpg".into(), large));
    for n in 0..20 {
        let reply = upload(&stack, &path, "image/jpeg", photo(&n.to_string())).await;
        assert_eq!(reply.status, if n < 19 { 201 } else { 409 }, "{n}: {reply:?}");
    }
    assert_eq!(listed(&stack, &case).await.len(), 20);
    let nobody =
        upload(&stack, &format!("/v1/cases/{}/attachments?name=a", Uuid::nil()), "image/jpeg", photo("")).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn what_is_not_taken_is_refused_with_the_reason_and_nothing_is_stored() {
    let stack = start().await;
    let bomb = zipped(&vec![0; 80 << 20]);
    let polyglot = [photo(""), zipped(b"hello")].concat();
    let largest = 10 << 20;
    for (kind, bytes, status, problem) in [
        ("image/png", photo(""), 415, "attachment.content_type"),
        ("application/x-msdownload", b"MZ\x90\0".to_vec(), 415, "attachment.content_type"),
        ("image/svg+xml", b"<svg onload=alert(1)>".to_vec(), 415, "attachment.content_type"),
        ("text/plain", b"<script>alert(1)</script>".to_vec(), 422, "attachment.two_things"),
        ("image/jpeg", polyglot, 422, "attachment.two_things"),
        ("application/zip", bomb, 422, "attachment.archive"),
        ("image/jpeg", vec![], 422, "attachment.empty"),
        ("image/jpeg", photo(&"x".repeat(largest)), 413, "attachment.too_large"),
    ] {
        let reply = upload(&stack, "/v1/attachments?name=a", kind, bytes).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, problem), "{reply:?}");
    }
    for query in ["", "?name=", "?name=a%00b", &format!("?name={}", "x".repeat(201))] {
        let reply = upload(&stack, &format!("/v1/attachments{query}"), "image/jpeg", photo("")).await;
        assert_eq!((reply.status, reply.wrong()), (422, vec!["name".to_owned()]), "{query}");
    }
    assert_eq!(count(&stack, "attachment").await, 0);
}

#[tokio::test]
async fn a_contact_names_only_files_that_wait_for_it() {
    let stack = start().await;
    let mine = waiting(&stack, "mine").await;
    let other = json!({ "attachments": [mine], "customer": { "name": "Ben", "phone": "13900000000" } });
    id_of(&post_case(&stack, &case_with(other)).await);
    let old = waiting(&stack, "old").await;
    stack.move_clock(SignedDuration::from_hours(24));
    let fresh = waiting(&stack, "fresh").await;
    let named = [mine.as_str(), &old, &fresh, &Uuid::nil().to_string()].map(str::to_owned);
    let reply = post_case(&stack, &case_with(json!({ "attachments": named }))).await;
    assert_eq!(reply.wrong(), ["attachments[0]", "attachments[1]", "attachments[3]"]);
    let many: Vec<Value> = (0..21).map(|n| json!(Uuid::from_u128(n))).collect();
    let reply = post_case(&stack, &case_with(json!({ "attachments": many }))).await;
    assert_eq!(reply.wrong(), ["attachments"]);
    stack.settle().await;
    assert_eq!(count(&stack, "attachment").await, 2, "what nobody named is gone after a day");
}

#[tokio::test]
async fn r_sec_01_files_are_forgotten_with_their_customer() {
    let stack = start().await;
    let file = waiting(&stack, "canary").await;
    let case = id_of(&post_case(&stack, &case_with(json!({ "attachments": [file] }))).await);
    sqlx::query("delete from customer_key").execute(&stack.pool("intake")).await.unwrap();
    assert_eq!(download(&stack, &file, "handling").await.unwrap_err().code(), Code::NotFound);
    assert_eq!((count(&stack, "attachment").await, count(&stack, "attachment_body").await), (0, 0));
    assert!(listed(&stack, &case).await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_look_is_named() {
    let stack = start().await;
    let mut client = AttachmentsClient::new(stack.channel("intake"));
    let asked = DownloadAttachmentRequest { attachment_id: "x".into(), purpose: " ".into() };
    let refused = client.download_attachment(asked).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "attachment_id", "purpose"]);
    let refused = client.list_attachments(ListAttachmentsRequest { case_id: "x".into() }).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["case_id"]);
}

/// An archive of one file.
pub fn zipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("a.txt", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}
