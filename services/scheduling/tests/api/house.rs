//! Scheduling alone in a house of its own, with intake's part played, and short words for what tests say.
use contracts::{
    Event,
    common::v1::{Money, Receipt},
    intake::v1::{PurchaseDelivered, PurchaseLine, PurchaseRecorded},
    scheduling::v1::{
        FollowUpKind, FollowUpView, ListFollowUpsRequest, RecordAnswerRequest, scheduling_client::SchedulingClient,
    },
};
use jiff::{SignedDuration, Timestamp};
use testkit::{Stack, request};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt;
use uuid::Uuid;

pub const NAME: &str = "scheduling";

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub fn on_wire(at: Timestamp) -> Option<contracts::Timestamp> {
    Some(backbone::proto::timestamp(at))
}

pub fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

pub fn purchase(number: u128, customer: u128, bought_at: Timestamp, category: &str) -> PurchaseRecorded {
    let paid = Some(Money { minor: 9_900, currency: "CNY".into() });
    let line = PurchaseLine {
        line_id: "1".into(),
        product_id: "p-7".into(),
        category: category.into(),
        batch: "b-3".into(),
        quantity: 1,
        paid: paid.clone(),
        ..PurchaseLine::default()
    };
    PurchaseRecorded {
        purchase_id: id(number),
        order_ref: format!("A-{number}"),
        customer_id: id(customer),
        bought_at: on_wire(bought_at),
        lines: vec![line],
        paid,
        ..PurchaseRecorded::default()
    }
}

/// Scheduling alone; intake's part is played.
pub struct House(pub Stack);

impl House {
    pub async fn open() -> Self {
        House(Stack::start(&[&scheduling::SERVICE]).await)
    }

    pub fn client(&self) -> SchedulingClient<Channel> {
        SchedulingClient::new(self.0.channel(NAME))
    }

    pub async fn sell(&self, number: u128, customer: u128) {
        self.hear(&purchase(number, customer, self.0.now(), "tools"), number, 1).await;
    }

    pub async fn deliver(&self, number: u128, customer: u128) {
        let (purchase_id, customer_id, delivered_at) = (id(number), id(customer), on_wire(self.0.now()));
        self.hear(&PurchaseDelivered { purchase_id, customer_id, delivered_at }, number, 2).await;
    }

    pub async fn hear<E: Event>(&self, event: &E, number: u128, version: u64) {
        self.0.publish("intake", event, Uuid::from_u128(number), version).await;
        self.0.settle().await;
    }

    /// The follow-ups of a purchase as (kind, status), nearest end first.
    pub async fn follow_ups(&self, number: u128) -> Vec<(FollowUpKind, String)> {
        let views = self.list("", number).await;
        views.into_iter().map(|view| (view.planned.unwrap_or_default().kind(), view.status)).collect()
    }

    pub async fn list(&self, status: &str, number: u128) -> Vec<FollowUpView> {
        let asked = ListFollowUpsRequest { status: status.into(), purchase_id: id(number), ..Default::default() };
        self.client().list_follow_ups(request("staff:ana", asked)).await.unwrap().into_inner().follow_ups
    }

    pub async fn view(&self, number: u128, kind: FollowUpKind) -> FollowUpView {
        let views = self.list("", number).await;
        views.into_iter().find(|view| view.planned.as_ref().is_some_and(|owed| owed.kind() == kind)).unwrap()
    }

    pub async fn answer(&self, asked: RecordAnswerRequest) -> Result<Receipt, Status> {
        self.client().record_answer(request("channel:phone", asked)).await.map(tonic::Response::into_inner)
    }

    pub async fn events<E: Event>(&self) -> Vec<E> {
        self.0.events::<E>(NAME).await
    }
}

pub fn about(number: u128, score: u32) -> RecordAnswerRequest {
    RecordAnswerRequest { purchase_id: id(number), score, ..RecordAnswerRequest::default() }
}

pub fn code(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

pub fn rows(expected: &[(FollowUpKind, &str)]) -> Vec<(FollowUpKind, String)> {
    expected.iter().map(|(kind, status)| (*kind, (*status).to_owned())).collect()
}
