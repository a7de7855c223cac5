//! One fulfilment service with a payment provider of its own, and the neighbours' events played by the test.
use backbone::Settings;
use contracts::{
    common::v1::{Money, Remedy, RemedyKind},
    complaint::v1::SolutionAgreed,
    fulfilment::v1::{
        GetServiceOrderRequest, ListRefundsRequest, ReceiveGoodsRequest, RefundView, ServiceOrderView,
        fulfilment_client::FulfilmentClient,
    },
    intake::v1::{PurchaseLine, PurchaseRecorded},
};
use fulfilment::{
    config::{Config, Pace},
    domain::order_id,
    payments::HttpPayments,
};
use jiff::SignedDuration;
use serde_json::Value;
use stories::payments::{Calling, LedgerView, Mode, Mood, Running, Told, Trouble};
use testkit::Stack;
use tonic::{Status, transport::Channel};
use uuid::Uuid;

pub struct World {
    pub stack: Stack,
    pub provider: Option<Running>,
    pub url: String,
    http: reqwest::Client,
}

/// One remedy of an agreed solution.
#[derive(Clone, Copy)]
pub struct Agreed {
    pub remedy: Uuid,
    pub kind: RemedyKind,
    pub minor: i64,
    pub currency: &'static str,
}

pub fn cny(minor: i64) -> Option<Money> {
    Some(Money { minor, currency: "CNY".into() })
}

pub fn refund_of(minor: i64) -> Agreed {
    Agreed { remedy: Uuid::new_v4(), kind: RemedyKind::Refund, minor, currency: "CNY" }
}

pub fn return_of(minor: i64) -> Agreed {
    Agreed { kind: RemedyKind::ReturnRefund, ..refund_of(minor) }
}

impl World {
    pub async fn new() -> Self {
        Self::with_timeout("10s").await
    }

    /// One that does not wait long for a provider that is silent or slow.
    pub async fn impatient() -> Self {
        Self::with_timeout("1s").await
    }

    async fn with_timeout(timeout: &str) -> Self {
        Self::with(|service| service["payments"]["timeout"] = timeout.into()).await
    }

    /// One whose settings are changed.
    pub async fn with(adjust: impl Fn(&mut Value) + Send + Sync) -> Self {
        let provider = Running::start(([127, 0, 0, 1], 0).into(), None).unwrap();
        Self::of(provider, |settings| adjust(&mut settings.service)).await
    }

    /// One with this provider, whose settings are changed.
    pub async fn of(provider: Running, adjust: impl Fn(&mut Settings) + Send + Sync) -> Self {
        let url = provider.url();
        let stack = Stack::start_with(&[&fulfilment::SERVICE], |_, settings| {
            settings.service["payments"]["url"] = url.clone().into();
            adjust(settings);
        })
        .await;
        Self { stack, provider: Some(provider), url, http: testkit::http() }
    }

    pub fn client(&self) -> FulfilmentClient<Channel> {
        FulfilmentClient::new(self.stack.channel("fulfilment"))
    }

    /// A purchase as intake tells it, with what was paid for its lines.
    pub async fn purchase(&self, id: Uuid, paid: &[i64]) {
        let line = |(n, minor): (usize, &i64)| PurchaseLine {
            line_id: n.to_string(),
            quantity: 1,
            paid: cny(*minor),
            ..PurchaseLine::default()
        };
        let event = PurchaseRecorded {
            purchase_id: id.to_string(),
            customer_id: Uuid::new_v4().to_string(),
            lines: paid.iter().enumerate().map(line).collect(),
            paid: cny(paid.iter().sum()),
            ..PurchaseRecorded::default()
        };
        self.stack.publish("intake", &event, id, 1).await;
    }

    /// A purchase that is known to fulfilment.
    pub async fn bought(&self, paid: &[i64]) -> Uuid {
        let id = Uuid::new_v4();
        self.purchase(id, paid).await;
        self.stack.settle().await;
        id
    }

    /// A complaint about a purchase agreed on remedies; nothing has followed from it yet. Gives the orders' ids.
    pub async fn announce(
        &self,
        complaint: Uuid,
        version: u64,
        purchase: Option<Uuid>,
        agreed: &[Agreed],
    ) -> Vec<Uuid> {
        let remedy = |agreed: &Agreed| Remedy {
            remedy_id: agreed.remedy.to_string(),
            kind: agreed.kind.into(),
            amount: Some(Money { minor: agreed.minor, currency: agreed.currency.into() }),
            lines: vec![],
        };
        let event = SolutionAgreed {
            complaint_id: complaint.to_string(),
            customer_id: Uuid::new_v4().to_string(),
            purchase_id: purchase.map(|id| id.to_string()).unwrap_or_default(),
            solution_version: 1,
            remedies: agreed.iter().map(remedy).collect(),
            offer_no: 1,
        };
        self.stack.publish("complaint", &event, complaint, version).await;
        agreed.iter().map(|agreed| order_id(agreed.remedy)).collect()
    }

    /// A complaint agreed on one remedy, with all that follows. Gives the order's id.
    pub async fn agree(&self, purchase: Uuid, agreed: Agreed) -> Uuid {
        let orders = self.announce(Uuid::new_v4(), 1, Some(purchase), &[agreed]).await;
        self.stack.settle().await;
        orders[0]
    }

    pub async fn order(&self, id: Uuid) -> ServiceOrderView {
        let request = GetServiceOrderRequest { order_id: id.to_string() };
        self.client().get_service_order(request).await.unwrap().into_inner().order.unwrap()
    }

    pub async fn status(&self, order: Uuid) -> String {
        self.order(order).await.status
    }

    pub async fn receive_goods(&self, order: Uuid) -> Result<String, Status> {
        let request =
            testkit::request("staff:ana", ReceiveGoodsRequest { order_id: order.to_string(), ..Default::default() });
        self.client().receive_goods(request).await.map(|answer| answer.into_inner().status)
    }

    pub async fn refunds(&self) -> Vec<RefundView> {
        self.client().list_refunds(ListRefundsRequest::default()).await.unwrap().into_inner().refunds
    }

    /// The only refund there is.
    pub async fn refund(&self) -> RefundView {
        let refunds = self.refunds().await;
        assert_eq!(refunds.len(), 1);
        refunds[0].clone()
    }

    pub async fn mood(&self, mood: impl Into<Mood>) {
        let answer = self.http.put(format!("{}/mood", self.url)).json(&mood.into()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
    }

    /// The provider tells of itself how refunds end from now on, with this going wrong.
    pub fn calls_back(&self, secret: &str, troubles: &[Trouble]) {
        let url = format!("{}/v1/payments/callbacks", self.stack.base_url("fulfilment"));
        let calling = Calling { url, secret: secret.into(), troubles: troubles.to_vec() };
        let clock = self.stack.node("fulfilment").context().clock.clone();
        self.provider.as_ref().unwrap().sandbox.call_back(calling, clock).unwrap();
    }

    /// All that it tells has arrived, and what follows has happened; says what came of it.
    pub async fn told(&self) -> Told {
        let told = self.provider.as_ref().unwrap().sandbox.told().await;
        self.stack.settle().await;
        told
    }

    pub async fn calm(&self) {
        self.mood(Mode::Normal).await;
    }

    pub async fn ledger(&self) -> LedgerView {
        self.http.get(format!("{}/ledger", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// What left, by key.
    pub async fn paid(&self) -> Vec<(String, i64)> {
        self.ledger().await.entries.into_iter().map(|entry| (entry.key, entry.amount.minor)).collect()
    }

    /// The provider's word on a key: succeeded, failed, or nothing where it never saw it.
    pub async fn word_on(&self, key: &str) -> Option<String> {
        let answer = self.http.get(format!("{}/refunds/{key}", self.url)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["status"].as_str().map(str::to_owned)
    }

    pub async fn seconds(&self, seconds: i64) {
        self.stack.advance(SignedDuration::from_secs(seconds)).await;
    }

    /// The service's own provider and pace, for an execution stepped by the test.
    pub fn provider_and_pace(&self) -> (HttpPayments, Pace) {
        let config: Config = self.stack.node("fulfilment").context().config().unwrap();
        (HttpPayments::new(&config.payments, &self.stack.node("fulfilment").context().outside).unwrap(), config.pace)
    }
}
