//! The story of a complaint whose agreed compensation becomes an order by itself, is completed by a person, and settles it.
use contracts::{
    common::v1::{Money, Remedy, RemedyKind},
    complaint::v1::{self as complaint, ComplaintClosed, RemedyOrdered},
    fulfilment::v1::{
        CompensationGift, CompleteAgreedOrderRequest, CostPosted, GetServiceOrderRequest, IssueCompensationRequest,
        ListServiceOrdersRequest, compensations_client::CompensationsClient,
    },
};
use testkit::request;

use crate::{complaint_from_a_bad_answer, world::World};

const CLERK: &str = "staff:clerk-sun";

impl World {
    /// A compensation, which policy does not offer for what is not grave: with a reason, approved by one more and offered.
    async fn offer_compensation(&self, id: &str, minor: i64) -> u32 {
        let mut staff = self.complaints();
        let amount = Some(Money { minor, currency: "CNY".into() });
        let draft = complaint::DraftSolutionRequest {
            complaint_id: id.into(),
            remedies: vec![Remedy { kind: RemedyKind::Compensation.into(), amount, ..Default::default() }],
            text: "a coupon for the trouble".into(),
            exception_reason: "she came back three times".into(),
            ..Default::default()
        };
        staff.draft_solution(request("staff:agent-sun", draft)).await.unwrap();
        let submit = complaint::SubmitSolutionRequest { complaint_id: id.into() };
        staff.submit_solution(request("staff:agent-sun", submit)).await.unwrap();
        let version = self.complaint(id).await.solution_version;
        for approver in ["staff:manager-zhao", "staff:head-qian"] {
            self.approve(approver, id, version).await.unwrap();
        }
        self.offer_approved(id).await.unwrap();
        version
    }

    async fn completed(&self, order_id: &str, what: &str, minor: i64) -> Result<String, tonic::Status> {
        let gift = CompensationGift {
            what: what.into(),
            worth: Some(Money { minor, currency: "CNY".into() }),
            points: 0,
            reason: "packaging.leak".into(),
            department: "quality".into(),
        };
        let (order_id, compensation) = (order_id.to_owned(), Some(gift));
        let complete = CompleteAgreedOrderRequest { order_id, compensation, ..Default::default() };
        let answer = self.fulfilment().complete_agreed_order(request(CLERK, complete)).await;
        answer.map(|answer| answer.into_inner().status)
    }
}

#[tokio::test]
async fn r_ful_15_r_ful_17_an_agreed_compensation_becomes_a_coupon_and_settles_the_complaint() {
    let world = World::open().await;
    let (_, id) = complaint_from_a_bad_answer(&world).await;
    world.investigate(&id).await;
    let version = world.offer_compensation(&id, 8_000).await;
    world.consent(&id, version).await;

    let of = ListServiceOrdersRequest { complaint_id: id.clone(), ..Default::default() };
    let order = world.fulfilment().list_service_orders(request(CLERK, of)).await.unwrap().into_inner().orders.remove(0);
    assert_eq!((order.status.as_str(), world.status(&id).await.as_str()), ("promised", "executing"));
    assert_eq!(world.stack.events::<RemedyOrdered>("complaint").await.len(), 1);
    let remedy_id = order.opened.unwrap().remedy_id;
    let by_hand = complaint::CompleteRemedyRequest {
        complaint_id: id.clone(),
        remedy_id: remedy_id.clone(),
        done: Some(Remedy {
            kind: RemedyKind::Compensation.into(),
            amount: Some(Money { minor: 8_000, currency: "CNY".into() }),
            ..Default::default()
        }),
    };
    let twice = world.complaints().complete_remedy(request("staff:agent-sun", by_hand)).await.unwrap_err();
    assert!(twice.message().contains("a service order carries it out"), "nobody gives it a second time: {twice:?}");

    assert!(world.completed(&order.order_id, "coupon", 8_001).await.is_err(), "not more than was agreed");
    assert_eq!(world.completed(&order.order_id, "coupon", 8_000).await.unwrap(), "authorised");
    let order_id = order.order_id.clone();
    let issue = IssueCompensationRequest { order_id, reference: "COUPON-7".into(), handed_over: true };
    let mut compensations = CompensationsClient::new(world.stack.channel("fulfilment"));
    compensations.issue_compensation(request(CLERK, issue)).await.unwrap();
    world.stack.settle().await;

    let wanted = GetServiceOrderRequest { order_id: order.order_id };
    let order = world.fulfilment().get_service_order(request(CLERK, wanted)).await.unwrap().into_inner().order.unwrap();
    assert_eq!(order.status, "completed");
    let progress = world.complaint(&id).await.progress;
    assert_eq!((progress[0].status.as_str(), progress[0].ordered), ("done", true));
    assert_eq!(world.status(&id).await, "satisfaction_check", "the result was told");
    let cost = world.stack.events::<CostPosted>("fulfilment").await.remove(0);
    assert_eq!(cost.postings[0].dimensions.as_ref().unwrap().department, "quality");
    assert!(world.ledger().await.entries.is_empty(), "no money left");
    world.satisfied(&id, true).await;
    assert_eq!(world.stack.events::<ComplaintClosed>("complaint").await[0].outcome, "satisfied");
    world.nothing_is_parked().await;
}
