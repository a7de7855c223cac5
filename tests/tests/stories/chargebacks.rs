//! The story of a faulty batch: the customer is paid at once, the cost lies with the supplier, and he bears all of it.
use contracts::{
    common::v1::Money,
    fulfilment::v1::{
        AcceptChargebackRequest, ApproveChargebackRequest, AttributeCostsRequest, CostDimensions, GetCostsRequest,
        LineRequest, ListCostsRequest, OrderOrigin, ProposeChargebackRequest, RecordCostRequest,
        RequestServiceOrderRequest, SendChargebackRequest, SettleChargebackRequest,
        chargebacks_client::ChargebacksClient, costs_client::CostsClient,
    },
};
use jiff::SignedDuration;
use testkit::request;
use tonic::transport::Channel;

use crate::world::World;

const CLERK: &str = "staff:clerk-sun";
const QUALITY: &str = "staff:quality-he";
const BOSS: &str = "staff:buyer-lin";

fn cny(minor: i64) -> Option<Money> {
    Some(Money { minor, currency: "CNY".into() })
}

impl World {
    fn costs(&self) -> CostsClient<Channel> {
        CostsClient::new(self.stack.channel("fulfilment"))
    }

    fn chargebacks(&self) -> ChargebacksClient<Channel> {
        ChargebacksClient::new(self.stack.channel("fulfilment"))
    }

    /// What stands on an account of an order's ledger.
    pub async fn booked(&self, order_id: &str, account: &str) -> i64 {
        let wanted = GetCostsRequest { order_id: order_id.into() };
        let balances = self.costs().get_costs(request(CLERK, wanted)).await.unwrap().into_inner().balances;
        let on = balances.into_iter().filter(|one| one.account == account);
        on.filter_map(|one| one.amount).map(|amount| amount.minor).sum()
    }

    /// The pump leaks; the customer shows a photo at the counter and is paid.
    pub async fn paid_on_a_photo(&self, purchase: &str) -> String {
        let line = LineRequest {
            purchase_id: purchase.into(),
            line_id: "1".into(),
            quantity: 1,
            reason: "quality.defect".into(),
            evidence: vec!["doc:photo-31".into()],
            ..Default::default()
        };
        let asked = RequestServiceOrderRequest {
            customer_id: kernel::id::derived("customer", &[purchase]).to_string(),
            origin: Some(OrderOrigin { kind: "counter".into(), reference: "s-1".into() }),
            kind: "refund_only".into(),
            lines: vec![line],
            confirmed: true,
            segment: String::new(),
            compensation: None,
        };
        let order = self.fulfilment().request_service_order(request(CLERK, asked)).await.unwrap().into_inner();
        self.stack.settle().await;
        order.id
    }
}

#[tokio::test]
async fn r_ful_05_r_ful_08_a_supplier_bears_what_his_faulty_batch_cost_us_to_the_cent() {
    let world = World::open().await;
    let purchase = world.sell("cb-1").await;
    world.mood("silent_after_paying").await;
    let order = world.paid_on_a_photo(&purchase).await;
    assert_eq!(world.booked(&order, "refund").await, 0, "it left, and nobody has told us yet");
    world.mood("normal").await;
    world.stack.advance(SignedDuration::from_secs(5)).await;
    assert_eq!((world.booked(&order, "refund").await, world.booked(&order, "cash").await), (1_250, -1_250));

    let freight = RecordCostRequest {
        order_id: order.clone(),
        kind: "freight".into(),
        amount: cny(300),
        dimensions: None,
        reason: "carrier_invoice".into(),
    };
    world.costs().record_cost(request(CLERK, freight)).await.unwrap();
    let lies = CostDimensions {
        cause: "seal.leaks".into(),
        department: "quality".into(),
        supplier: "sup-7".into(),
        batch: String::new(),
    };
    let found = AttributeCostsRequest { order_id: order.clone(), dimensions: Some(lies), reason: "batch_test".into() };
    world.costs().attribute_costs(request(QUALITY, found)).await.unwrap();
    let propose = ProposeChargebackRequest {
        order_id: order.clone(),
        supplier: "sup-7".into(),
        batch: String::new(),
        currency: "CNY".into(),
        reason: "seal.leaks".into(),
    };
    let chargeback_id =
        world.chargebacks().propose_chargeback(request(QUALITY, propose)).await.unwrap().into_inner().id;
    let approve = ApproveChargebackRequest { chargeback_id: chargeback_id.clone() };
    let alone = world.chargebacks().approve_chargeback(request(QUALITY, approve.clone())).await.unwrap_err();
    assert!(alone.message().contains("somebody else must"), "{alone:?}");
    world.chargebacks().approve_chargeback(request(BOSS, approve)).await.unwrap();
    let send = SendChargebackRequest { chargeback_id: chargeback_id.clone(), reference: "letter-7".into() };
    world.chargebacks().send_chargeback(request(BOSS, send)).await.unwrap();
    let accept = AcceptChargebackRequest { chargeback_id: chargeback_id.clone() };
    world.chargebacks().accept_chargeback(request(BOSS, accept)).await.unwrap();
    assert_eq!(world.booked(&order, "supplier_receivable").await, 1_550);
    let (paid, reference) = (cny(1_550), "bank-4711".into());
    let settle = SettleChargebackRequest { chargeback_id, paid, reference };
    world.chargebacks().settle_chargeback(request(BOSS, settle)).await.unwrap();

    let of = ListCostsRequest { supplier: "sup-7".into(), ..Default::default() };
    let sums = world.costs().list_costs(request(BOSS, of)).await.unwrap().into_inner().sums;
    let sums: Vec<(String, i64)> = sums.into_iter().filter_map(|sum| Some((sum.account, sum.amount?.minor))).collect();
    assert_eq!(
        sums,
        [("freight".into(), 300), ("recovery".into(), -1_550), ("refund".into(), 1_250)],
        "nothing is left"
    );
    let provider = world.ledger().await;
    let cash = world.booked(&order, "cash").await;
    assert_eq!((cash - 1_550, provider.entries.len()), (-provider.totals["CNY"], 1), "our books are the provider's");
    world.nothing_is_parked().await;
}
