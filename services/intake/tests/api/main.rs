//! Intake through its doors: REST and gRPC against a real Postgres and broker, with the clock moved by hand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod advice;
mod attachments;
mod bad_cases;
mod bad_sales;
mod base_data;
mod bounds;
mod bulk;
mod cases;
mod channels;
mod classify;
mod course;
mod customers;
mod desk;
mod documents;
mod health;
mod kept;
mod knowledge;
mod major_issues;
mod merge;
mod minimum;
mod promises;
mod queue;
mod record;
mod regulators;
mod sales;
mod search;
mod status;
mod turns;
mod vault;
mod views;

use contracts::intake::v1::{CaseView, GetCaseRequest, desk_client::DeskClient, intake_client::IntakeClient};
use serde_json::{Value, json};
use testkit::Stack;
use tonic::transport::Channel;

/// Intake alone.
async fn start() -> Stack {
    Stack::start(&[&intake::SERVICE]).await
}

/// An answer of the REST door.
#[derive(Debug)]
struct Reply {
    status: u16,
    content_type: String,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The wrong fields of a problem document, in order.
    fn wrong(&self) -> Vec<String> {
        assert_eq!(self.content_type, "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body}");
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        for error in &errors {
            assert!(!error["reason"].as_str().unwrap().is_empty(), "{error}");
        }
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// What kind of problem it is.
    fn problem(&self) -> String {
        assert_eq!(self.content_type, "application/problem+json", "{self:?}");
        self.json()["type"].as_str().unwrap().trim_start_matches("urn:aftercare:problem:").to_owned()
    }
}

/// Posts a body with headers.
async fn post(stack: &Stack, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Reply {
    let mut request = testkit::http().post(format!("{}{path}", stack.base_url("intake"))).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request.send().await.unwrap()).await
}

async fn get(stack: &Stack, path: &str) -> Reply {
    read(testkit::http().get(format!("{}{path}", stack.base_url("intake"))).send().await.unwrap()).await
}

async fn read(response: reqwest::Response) -> Reply {
    let header = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    Reply {
        status: response.status().as_u16(),
        content_type: header.unwrap_or_default(),
        text: response.text().await.unwrap(),
    }
}

async fn post_case(stack: &Stack, case: &Value) -> Reply {
    post(stack, "/v1/cases", &[("content-type", "application/json")], case.to_string()).await
}

async fn post_sales(stack: &Stack, lines: &[Value]) -> Reply {
    let body = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    post(stack, "/v1/sales", &[("content-type", "application/x-ndjson")], body).await
}

/// A contact with nothing wrong.
fn a_case() -> Value {
    json!({
        "channel": "website",
        "customer": { "name": "王小明", "phone": "+86 138 0000 0000" },
        "content": "What time do you open?"
    })
}

/// `a_case` with other fields; null takes one away.
fn case_with(fields: Value) -> Value {
    merged(a_case(), fields)
}

/// A case as it was answered to whoever made it, as anybody sees it: without the link, which ids and references do not give.
fn without_link(mut case: Value) -> Value {
    assert!(case.as_object_mut().unwrap().remove("status_link").is_some(), "{case}");
    case
}

/// The case a contact is in.
async fn contact(stack: &Stack, fields: Value) -> String {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

fn desk(stack: &Stack) -> DeskClient<Channel> {
    DeskClient::new(stack.channel("intake"))
}

/// A case as staff tools see it.
async fn view(stack: &Stack, case_id: &str) -> CaseView {
    let get = GetCaseRequest { case_id: case_id.into() };
    IntakeClient::new(stack.channel("intake")).get_case(get).await.unwrap().into_inner().case.unwrap()
}

/// An order with nothing wrong.
fn a_sale(order_ref: &str) -> Value {
    json!({
        "channel": "website",
        "order_ref": order_ref,
        "customer": { "ref": format!("C-{order_ref}"), "name": "Ana Lima", "email": "ana@example.com" },
        "bought_at": "2026-02-20T10:00:00Z",
        "lines": [
            { "line_id": "1", "product_id": "p-1", "category": "shampoo", "batch": "L7", "quantity": 2,
              "paid": { "minor": 3980, "currency": "CNY" } },
            { "line_id": "2", "product_id": "p-2", "category": "soap", "quantity": 1,
              "paid": { "minor": 1020, "currency": "CNY" } }
        ],
        "paid": { "minor": 5000, "currency": "CNY" }
    })
}

fn sale_with(order_ref: &str, fields: Value) -> Value {
    merged(a_sale(order_ref), fields)
}

fn merged(mut base: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
            value => drop(base.as_object_mut().unwrap().insert(name.clone(), value.clone())),
        }
    }
    base
}

/// How many rows a table of intake has.
async fn count(stack: &Stack, table: &str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(statement).fetch_one(&stack.pool("intake")).await.unwrap()
}

/// Nothing of any kind is stored.
async fn assert_nothing_stored(stack: &Stack) {
    for table in ["purchase", "case_file", "customer", "case_text", "journal", "inbox"] {
        assert_eq!(count(stack, table).await, 0, "{table}");
    }
}
