//! The sandbox provider over HTTP, as a client meets it.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::time::Duration;

use backbone::Outside;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::{LedgerView, Mode, Mood, Running};

struct Caller {
    provider: Running,
    client: Client,
}

impl Caller {
    fn new() -> Self {
        let provider = Running::start(([127, 0, 0, 1], 0).into(), None).unwrap();
        Self { provider, client: Outside::new(None).unwrap().client(Duration::from_millis(400)).unwrap() }
    }

    async fn refund(&self, key: &str, body: Value) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}/refunds", self.provider.url())).header("idempotency-key", key);
        let response = request.json(&body).send().await?;
        Ok((response.status(), response.json().await?))
    }

    async fn status(&self, key: &str) -> (StatusCode, Value) {
        let response = self.client.get(format!("{}/refunds/{key}", self.provider.url())).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn ledger(&self) -> LedgerView {
        self.client.get(format!("{}/ledger", self.provider.url())).send().await.unwrap().json().await.unwrap()
    }

    async fn mood(&self, mood: Value) -> StatusCode {
        self.client.put(format!("{}/mood", self.provider.url())).json(&mood).send().await.unwrap().status()
    }

    async fn mode(&self, mode: Mode) {
        let mood = serde_json::to_value(Mood { delay_ms: 600, ..mode.into() }).unwrap();
        assert_eq!(self.mood(mood).await, StatusCode::NO_CONTENT);
    }
}

fn order(minor: i64) -> Value {
    json!({ "purchase_ref": "p-1", "amount": { "minor": minor, "currency": "CNY" } })
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_another_refund_under_it_is_turned_away() {
    let caller = Caller::new();
    assert_eq!(caller.status("a").await.0, StatusCode::NOT_FOUND);
    let first = caller.refund("a", order(500)).await.unwrap();
    assert_eq!(first, (StatusCode::CREATED, json!({ "status": "succeeded", "provider_ref": "pay-000001" })));
    assert_eq!(caller.refund("a", order(500)).await.unwrap(), first);
    assert_eq!(caller.status("a").await, (StatusCode::OK, first.1));
    let (status, body) = caller.refund("a", order(501)).await.unwrap();
    assert_eq!((status, body["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("key_reused")));
    let ledger = caller.ledger().await;
    assert_eq!((ledger.entries.len(), ledger.totals["CNY"]), (1, 500));
}

#[tokio::test]
async fn every_mood_does_what_it_says() {
    let caller = Caller::new();
    caller.mode(Mode::Fail).await;
    assert_eq!(caller.refund("a", order(1)).await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(caller.status("a").await.0, StatusCode::SERVICE_UNAVAILABLE);

    caller.mode(Mode::ErrorBeforePaying).await;
    assert_eq!(caller.refund("a", order(1)).await.unwrap().0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(caller.status("a").await.1["code"], "never_seen");

    caller.mode(Mode::Refuse).await;
    let refused = caller.refund("a", order(1)).await.unwrap();
    assert_eq!(refused, (StatusCode::PAYMENT_REQUIRED, json!({ "status": "failed", "code": "refused_by_provider" })));
    caller.mode(Mode::Normal).await;
    assert_eq!(caller.refund("a", order(1)).await.unwrap(), refused, "a no stays a no");
    assert_eq!(caller.ledger().await.totals.len(), 0);

    caller.mode(Mode::SilentAfterPaying).await;
    assert!(caller.refund("b", order(2)).await.unwrap_err().is_timeout());
    assert_eq!(caller.status("b").await.1["status"], "succeeded");
}

#[tokio::test]
async fn a_slow_refund_is_paid_although_the_caller_has_hung_up() {
    let caller = Caller::new();
    caller.mode(Mode::Slow).await;
    assert!(caller.refund("a", order(3)).await.unwrap_err().is_timeout());
    caller.mode(Mode::Normal).await;
    let mut waited = 0;
    while caller.status("a").await.0 == StatusCode::NOT_FOUND && waited < 10_000 {
        waited += 1;
    }
    assert_eq!(caller.ledger().await.totals["CNY"], 3);
}

#[tokio::test]
async fn wrong_requests_are_told_so_and_leave_nothing() {
    let caller = Caller::new();
    let amount = |minor: Value, currency: &str| json!({ "purchase_ref": "p", "amount": { "minor": minor, "currency": currency } });
    for body in [
        json!({}),
        order(0),
        order(-5),
        amount(json!(1.5), "CNY"),
        amount(json!(1), "XXX"),
        json!({ "purchase_ref": "", "amount": { "minor": 1, "currency": "CNY" } }),
        json!({ "purchase_ref": "p", "amount": { "minor": 1, "currency": "CNY" }, "note": "x" }),
    ] {
        let (status, answer) = caller.refund("a", body.clone()).await.unwrap();
        assert_eq!((status, answer["code"].as_str()), (StatusCode::BAD_REQUEST, Some("body_invalid")), "{body}");
    }
    assert_eq!(caller.refund("", order(1)).await.unwrap().1["code"], "key_missing");
    for mood in [json!({ "mode": "odd" }), json!({ "mode": "fail", "probability": 1.5 }), json!({ "mood": "fail" })] {
        assert_eq!(caller.mood(mood).await, StatusCode::BAD_REQUEST);
    }
    assert_eq!(caller.ledger().await, LedgerView::default());
}
