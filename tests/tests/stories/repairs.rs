//! Stories of articles that are repaired, and of one that cannot be: nothing is done that the customer has not agreed to.
use aftercare::policy::{past, replay};
use contracts::{
    common::v1::Money,
    fulfilment::v1::{
        AnswerAlternativeRequest, AnswerRepairQuoteRequest, AssignTechnicianRequest, DiagnoseRepairRequest,
        GetServiceOrderRequest, HandOverRepairRequest, LineRequest, OfferAlternativeRequest, OrderOrigin,
        QuoteRepairRequest, ReceiveGoodsRequest, RecordRepairSatisfactionRequest, RegisterRepairRequest, RepairItem,
        RequestServiceOrderRequest, ServiceOrderView, SetTechnicianRequest, StartRepairRequest, TestRepairRequest,
        repairs_client::RepairsClient,
    },
    intake::v1::PurchaseRecorded,
};
use kernel::warranty::{self, Warranties};
use testkit::request;
use tonic::transport::Channel;

use crate::{DAY, world::World};

const CLERK: &str = "staff:clerk-sun";
const BENCH: &str = "staff:technician-wu";

impl World {
    fn repairs(&self) -> RepairsClient<Channel> {
        RepairsClient::new(self.stack.channel("fulfilment"))
    }

    /// The article of a purchase stopped working; it is registered at the counter and left there.
    async fn bring_broken(&self, purchase: &str) -> String {
        let line = LineRequest {
            purchase_id: purchase.into(),
            line_id: "1".into(),
            quantity: 1,
            reason: "breakdown".into(),
            ..Default::default()
        };
        let sold = self.stack.events::<PurchaseRecorded>("intake").await;
        let sale = sold.into_iter().find(|sale| sale.purchase_id == purchase).unwrap();
        let asked = RequestServiceOrderRequest {
            customer_id: sale.customer_id,
            origin: Some(OrderOrigin { kind: "counter".into(), reference: "s-1".into() }),
            kind: "repair".into(),
            lines: vec![line],
            confirmed: true,
            segment: String::new(),
            compensation: None,
        };
        let order = self.fulfilment().request_service_order(request(CLERK, asked)).await.unwrap().into_inner();
        assert_eq!(order.status, "authorised");
        let register = RegisterRepairRequest {
            order_id: order.id.clone(),
            line_no: 1,
            problem: "pump.leaks".into(),
            words_reference: "doc:words-7".into(),
            feasibility: "feasible".into(),
            reason: "seen".into(),
        };
        self.repairs().register_repair(request(CLERK, register)).await.unwrap();
        let parcel = ReceiveGoodsRequest { order_id: order.id.clone(), place: "s-1".into(), ..Default::default() };
        self.fulfilment().receive_goods(request(CLERK, parcel)).await.unwrap();
        order.id
    }

    async fn diagnose(&self, order_id: &str, repairable: bool) {
        let diagnose = DiagnoseRepairRequest {
            order_id: order_id.into(),
            line_no: 1,
            repairable,
            cause: "seal.worn".into(),
            skill: if repairable { "pump".into() } else { String::new() },
            misuse: false,
        };
        self.repairs().diagnose_repair(request(BENCH, diagnose)).await.unwrap();
    }

    async fn quote(&self, order_id: &str, hours: u32) {
        let item = |kind: &str, code: &str, quantity, minor| RepairItem {
            kind: kind.into(),
            code: code.into(),
            quantity,
            unit_price: Some(Money { minor, currency: "CNY".into() }),
        };
        let items = vec![item("labour", "hour", hours, 150), item("part", "seal", 2, 75)];
        let quote = QuoteRepairRequest { order_id: order_id.into(), line_no: 1, items };
        self.repairs().quote_repair(request(BENCH, quote)).await.unwrap();
    }

    async fn agree_to(&self, order_id: &str, version: u32) {
        let answer = AnswerRepairQuoteRequest { order_id: order_id.into(), line_no: 1, version, agreed: true };
        self.repairs().answer_repair_quote(request(CLERK, answer)).await.unwrap();
    }

    async fn start(&self, order_id: &str) -> Result<(), tonic::Status> {
        let start = StartRepairRequest { order_id: order_id.into(), line_no: 1 };
        self.repairs().start_repair(request(BENCH, start)).await.map(drop)
    }

    async fn repaired(&self, order_id: &str) -> Result<(), tonic::Status> {
        let test = TestRepairRequest { order_id: order_id.into(), line_no: 1, passed: true };
        self.repairs().test_repair(request(BENCH, test)).await.map(drop)
    }

    async fn service_order(&self, order_id: &str) -> ServiceOrderView {
        let wanted = GetServiceOrderRequest { order_id: order_id.into() };
        self.fulfilment().get_service_order(request(CLERK, wanted)).await.unwrap().into_inner().order.unwrap()
    }
}

#[tokio::test]
async fn r_ful_11_r_ful_12_r_ful_13_a_repair_that_costs_more_than_was_said_waits_for_a_second_consent() {
    let world = World::open().await;
    let purchase = world.sell("w-1").await;
    world.stack.advance(DAY * 400).await;
    let skills = vec!["pump".to_owned()];
    let wu = SetTechnicianRequest { staff_id: BENCH.into(), skills, store: "s-1".into(), active: true };
    world.repairs().set_technician(request("staff:boss", wu)).await.unwrap();
    let order = world.bring_broken(&purchase).await;
    world.diagnose(&order, true).await;
    world.quote(&order, 2).await;
    // What he has answered is not asked any more.
    world.stack.settle().await;
    let assign = AssignTechnicianRequest { order_id: order.clone(), line_no: 1, technician: BENCH.into() };
    world.repairs().assign_technician(request(CLERK, assign)).await.unwrap();
    let early = world.start(&order).await.unwrap_err();
    assert!(early.message().contains("consent"), "{early:?}");
    world.agree_to(&order, 1).await;
    world.start(&order).await.unwrap();

    world.quote(&order, 3).await;
    world.repaired(&order).await.unwrap_err();
    world.stack.advance(DAY).await;
    world.agree_to(&order, 2).await;
    world.start(&order).await.unwrap();
    let told = world.messages().len();
    let quoted: Vec<_> = world.messages().iter().map(ToString::to_string).filter(|one| one.contains(&order)).collect();
    let asked = quoted.iter().zip(["4.50 CNY", "6.00 CNY"]).all(|(one, fee)| one.contains(fee));
    assert!(quoted.len() == 2 && asked, "he is asked about each quote with its price: {quoted:?}");
    world.repaired(&order).await.unwrap();
    world.stack.settle().await;
    let messages = world.messages();
    assert_eq!(messages.len(), told + 1, "the customer is told that it is ready");
    assert!(messages.last().unwrap().to_string().contains(&order), "{messages:?}");

    let hand_over = |payment_reference: &str| HandOverRepairRequest {
        order_id: order.clone(),
        line_no: 1,
        payment_reference: payment_reference.into(),
        taken_by_provider: false,
        place: String::new(),
    };
    world.repairs().hand_over_repair(request(CLERK, hand_over(""))).await.unwrap_err();
    world.repairs().hand_over_repair(request(CLERK, hand_over("till-4-11"))).await.unwrap();
    let happy = RecordRepairSatisfactionRequest { order_id: order.clone(), line_no: 1, answer: "satisfied".into() };
    world.repairs().record_repair_satisfaction(request("staff:caller", happy)).await.unwrap();
    let view = world.service_order(&order).await;
    let request = view.request.unwrap();
    let repair = &request.repairs[0];
    let fees: Vec<_> = repair.quotes.iter().map(|quote| quote.fee.as_ref().unwrap().minor).collect();
    assert_eq!((fees, repair.consented_version, repair.quotes[0].agreed), (vec![450, 600], 2, Some(true)));
    assert_eq!((view.status.as_str(), request.promises[0].status.as_str()), ("completed", "met"));
    assert_eq!(world.ledger().await.entries.len(), 0, "no money leaves");
    let (_, covered) = past::read_all(world.stack.channel("fulfilment")).await.unwrap();
    let shipped: Warranties = toml::from_str(warranty::DEFAULT).unwrap();
    let verified = replay::check_warranties(&[shipped], &covered, 20);
    assert!(verified.right() && verified.decisions == 1, "who bears the cost is decided again alike: {verified:?}");
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ful_10_r_ful_14_what_cannot_be_repaired_is_paid_back_as_agreed_and_once() {
    let world = World::open().await;
    let purchase = world.sell("w-2").await;
    let order = world.bring_broken(&purchase).await;
    let assessment = world.service_order(&order).await.request.unwrap().repairs[0].assessment.clone().unwrap();
    assert_eq!((assessment.by.as_str(), assessment.feasibility.as_str()), (CLERK, "feasible"));
    world.diagnose(&order, false).await;
    for (number, (alternative, agreed)) in (1..).zip([("exchange", false), ("refund", true)]) {
        let offer = OfferAlternativeRequest { order_id: order.clone(), line_no: 1, alternative: alternative.into() };
        world.repairs().offer_alternative(request(CLERK, offer)).await.unwrap();
        assert_eq!(world.ledger().await.entries.len(), 0, "nothing is paid that was not agreed");
        let answer = AnswerAlternativeRequest { order_id: order.clone(), line_no: 1, number, agreed };
        world.repairs().answer_alternative(request(CLERK, answer)).await.unwrap();
    }
    world.stack.settle().await;
    let view = world.service_order(&order).await;
    let repair = view.request.unwrap().repairs[0].clone();
    assert_eq!((view.status.as_str(), repair.status.as_str()), ("closed_partial", "refund"));
    let ledger = world.ledger().await;
    assert_eq!((ledger.entries.len(), ledger.totals.get("CNY").copied()), (1, Some(1_250)), "all of it, once");
    world.nothing_is_parked().await;
}
