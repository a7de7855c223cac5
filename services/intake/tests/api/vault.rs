//! Personal data: nowhere in the open, revealed only with a purpose, and never stored where nobody could read them.
use contracts::intake::v1::{
    RespondToCaseRequest, RevealCaseRequest, RevealContactRequest, intake_client::IntakeClient,
};
use futures::future::join_all;
use serde_json::json;
use sqlx::Row as _;
use testkit::{Stack, request};
use tonic::Code;
use uuid::Uuid;

use super::{a_sale, case_with, count, post_case, post_sales, start};

/// Everything in every table of the schema, as text.
async fn everything(stack: &Stack) -> String {
    let pool = stack.pool("intake");
    let tables = "select c.oid::regclass::text from pg_class c
                  where relkind = 'r' and relnamespace = current_schema::regnamespace";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await.unwrap();
    let mut all = String::new();
    for table in tables {
        let statement = sqlx::AssertSqlSafe(format!("select coalesce(string_agg(t::text, ' '), '') from {table} t"));
        let rows: String = sqlx::query_scalar(statement).fetch_one(&pool).await.unwrap();
        all.push_str(&rows);
    }
    all
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn nothing_personal_lies_in_the_open() {
    let stack = start().await;
    let contact = json!({
        "customer": { "ref": "C-9", "name": "Canary Name", "phone": "+44 7700 900123", "email": "canary@example.com",
                      "address": "1 Canary Wharf" },
        "content": "canarycontent", "circumstances": "canarycircumstances", "expected_resolution": "canarywish",
        "health": { "symptoms": "canarysymptoms", "frequency_of_use": "canaryfrequency" }
    });
    let reply = post_case(&stack, &case_with(contact)).await;
    assert_eq!(reply.status, 201);
    let case_id = reply.json()["case_id"].as_str().unwrap().to_owned();
    let mut client = IntakeClient::new(stack.channel("intake"));
    let answer = RespondToCaseRequest { case_id, text: "canaryanswer".into(), responded_at: None };
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();
    let sale = json!({ "customer": { "phone": "07700900124", "name": "Canary Buyer" } });
    assert_eq!(post_sales(&stack, &[super::sale_with("A-1", sale)]).await.status, 200);

    let all = everything(&stack).await.to_lowercase();
    assert!(all.contains("case_file"), "the search would find something");
    for personal in ["canary", "wharf", "7700900123", "07700900124"] {
        assert!(!all.contains(personal) && !all.contains(&hex(personal)), "{personal} lies in the open");
    }
}

#[tokio::test]
async fn a_look_at_personal_data_is_written_down() {
    let stack = start().await;
    let contact = json!({
        "customer": { "name": "王小明", "phone": "+86 138 0000 0000", "email": "Wang@Example.com" },
        "content": "头皮很痒", "expected_resolution": "退款"
    });
    let view = post_case(&stack, &case_with(contact)).await.json();
    let field = |name: &str| view[name].as_str().unwrap().to_owned();
    let mut client = IntakeClient::new(stack.channel("intake"));
    let look = |purpose: &str| RevealContactRequest { customer_id: field("customer_id"), purpose: purpose.to_owned() };

    let anonymous = client.reveal_contact(look("message:1")).await.unwrap_err();
    assert_eq!(anonymous.code(), Code::InvalidArgument);
    for purpose in ["", "  ", &"x".repeat(201), "a\u{7}b"] {
        let refused = client.reveal_contact(request("staff:ana", look(purpose))).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{purpose}");
    }
    assert_eq!(count(&stack, "access_log").await, 0);

    let seen = client.reveal_contact(request("service:outreach", look("message:1"))).await.unwrap().into_inner();
    assert_eq!(
        (seen.name.as_str(), seen.phone.as_str(), seen.email.as_str()),
        ("王小明", "+8613800000000", "wang@example.com")
    );
    let words = RevealCaseRequest { case_id: field("case_id"), purpose: "investigation:1".into() };
    let words = client.reveal_case(request("staff:ben", words)).await.unwrap().into_inner();
    assert_eq!(
        (words.content.as_str(), words.expected_resolution.as_str(), words.answer.as_str()),
        ("头皮很痒", "退款", "")
    );
    let nobody = RevealContactRequest { customer_id: Uuid::nil().to_string(), purpose: "message:2".into() };
    assert_eq!(client.reveal_contact(request("staff:ben", nobody)).await.unwrap_err().code(), Code::NotFound);

    let log = sqlx::query("select actor, purpose, subject from access_log order by id");
    let log = log.fetch_all(&stack.pool("intake")).await.unwrap();
    let log: Vec<(String, String, String)> = log.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(
        log,
        [
            ("service:outreach".into(), "message:1".into(), "contact".into()),
            ("staff:ben".into(), "investigation:1".into(), format!("case {}", field("case_id"))),
            ("staff:ben".into(), "message:2".into(), "contact".into()),
        ]
    );
}

#[tokio::test]
async fn a_customer_we_know_is_not_asked_again_and_nothing_known_is_lost() {
    let stack = start().await;
    assert_eq!(post_sales(&stack, &[a_sale("A-1")]).await.status, 200);
    let by_reference = json!({ "customer": { "ref": "C-A-1" } });
    let view = post_case(&stack, &case_with(by_reference)).await;
    assert_eq!(view.status, 201, "{view:?}");
    let with_phone = json!({ "customer": { "ref": "C-A-1", "phone": "12345678" } });
    assert_eq!(post_case(&stack, &case_with(with_phone)).await.status, 201);
    assert_eq!(count(&stack, "customer").await, 1);
    let mut client = IntakeClient::new(stack.channel("intake"));
    let look = RevealContactRequest {
        customer_id: view.json()["customer_id"].as_str().unwrap().to_owned(),
        purpose: "message:1".into(),
    };
    let seen = client.reveal_contact(request("service:outreach", look)).await.unwrap().into_inner();
    assert_eq!(
        (seen.name.as_str(), seen.phone.as_str(), seen.email.as_str()),
        ("Ana Lima", "12345678", "ana@example.com")
    );
}

#[tokio::test]
async fn many_at_once_of_the_same_customers_are_all_readable() {
    let stack = start().await;
    let contacts =
        (0..120).map(|n| case_with(json!({ "customer": { "name": "Ana", "phone": format!("1380000{:04}", n % 8) } })));
    let contacts: Vec<_> = contacts.collect();
    let replies = join_all(contacts.iter().map(|contact| post_case(&stack, contact))).await;
    assert!(replies.iter().all(|reply| reply.status == 201));
    assert_eq!(count(&stack, "customer").await, 8);
    assert_eq!(count(&stack, "case_text").await, 120);
    for sealed in ["case_text t where substring(t.body for 16)", "customer t where substring(t.phone for 16)"] {
        let unreadable = format!("{sealed} not in (select uuid_send(key_id) from customer_key)");
        assert_eq!(count(&stack, &unreadable).await, 0, "{sealed}");
    }
}

#[tokio::test]
async fn a_contact_told_again_adds_nothing_not_even_a_key() {
    let stack = start().await;
    let contact = case_with(json!({ "external_ref": "A-7" }));
    assert_eq!(post_case(&stack, &contact).await.status, 201);
    let customer = json!({ "name": "王小明", "phone": "+86 138 0000 0000", "email": "wang@example.com" });
    let told_again = case_with(json!({ "external_ref": "A-7", "customer": customer }));
    let reply = post_case(&stack, &told_again).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(post_sales(&stack, &[a_sale("A-1")]).await.status, 200);
    let before = (count(&stack, "customer").await, count(&stack, "customer_key").await);
    assert_eq!(post_sales(&stack, &[a_sale("A-1")]).await.status, 200);
    assert_eq!(before, (2, 2));
    assert_eq!((count(&stack, "customer").await, count(&stack, "customer_key").await), before);
}

#[tokio::test]
async fn a_customer_whose_keys_are_destroyed_is_forgotten() {
    let stack = start().await;
    let view = post_case(&stack, &case_with(json!({}))).await.json();
    sqlx::query("delete from customer_key").execute(&stack.pool("intake")).await.unwrap();
    let field = |name: &str| view[name].as_str().unwrap().to_owned();
    let mut client = IntakeClient::new(stack.channel("intake"));
    let look = RevealContactRequest { customer_id: field("customer_id"), purpose: "message:1".into() };
    let refused = client.reveal_contact(request("staff:ana", look)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    let words = RevealCaseRequest { case_id: field("case_id"), purpose: "investigation:1".into() };
    let refused = client.reveal_case(request("staff:ana", words)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
}
