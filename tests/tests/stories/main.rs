//! Stories: the procedures of after-sales, told through all services over a real Postgres and nats-server.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod analyses;
mod approvals;
mod chargebacks;
mod compensations;
mod endings;
mod exchanges;
mod holidays;
mod hotline;
mod ladder;
mod loops;
mod mail;
mod merging;
mod night;
mod offers;
mod platform;
mod recall;
mod recipes;
mod repairs;
mod returns;
mod tenders;
mod wechat;
mod what_if;
mod world;

use contracts::{
    analytics::v1::{Figure, GetFiguresRequest, reports_client::ReportsClient},
    common::v1::{Lane, RemedyKind},
    complaint::v1::{
        ComplaintClosed, ComplaintRecorded, EscalationLevel, EscalationPassedUp, EscalationRaised, EscalationTrigger,
        ListTasksRequest, TaskIssued,
    },
    fulfilment::v1::{OrderOpened, RefundSucceeded},
    intake::v1::{self as intake_v1, CaseRegistered, intake_client::IntakeClient},
    outreach::v1::MessageSent,
    scheduling::v1::{FollowUpDue, ProblemFound},
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::request;
use world::World;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A sale, a follow-up, a bad answer: the complaint it became.
async fn complaint_from_a_bad_answer(world: &World) -> (String, String) {
    let purchase = world.sell("o-1").await;
    world.stack.advance(DAY * 8).await;
    assert!(!world.stack.events::<FollowUpDue>("scheduling").await.is_empty());
    world.answer(&purchase, 1, false).await;
    let recorded = world.stack.events::<ComplaintRecorded>("complaint").await;
    assert_eq!(recorded.len(), 1);
    (purchase, recorded[0].complaint_id.clone())
}

async fn figures(world: &World) -> Vec<Figure> {
    let request = GetFiguresRequest {
        from: Some(backbone::proto::timestamp(world.stack.now() - DAY * 90)),
        to: Some(backbone::proto::timestamp(world.stack.now() + DAY * 30)),
        metrics: vec![],
    };
    ReportsClient::new(world.stack.channel("analytics")).get_figures(request).await.unwrap().into_inner().figures
}

#[tokio::test]
async fn a_bad_answer_becomes_a_complaint_that_ends_in_one_refund_and_a_satisfied_customer() {
    let world = World::open().await;
    let (_, id) = complaint_from_a_bad_answer(&world).await;
    let tasks = world.stack.events::<TaskIssued>("complaint").await;
    assert_eq!((tasks.len(), tasks[0].department.as_str()), (1, "quality"));
    let subject = &world
        .stack
        .journal("complaint")
        .await
        .iter()
        .find(|r| r.read::<TaskIssued>().is_some())
        .unwrap()
        .subject
        .clone();
    assert_eq!(subject, "dept.v1.quality.task.issued");

    world.investigate(&id).await;
    let version = world.offer(&id, RemedyKind::Refund, 1250).await;
    assert_eq!(world.messages().len(), 3, "two invitations to follow-ups, and the offer");
    assert!(world.ledger().await.entries.is_empty(), "nothing is paid before consent");
    world.consent(&id, version).await;

    let ledger = world.ledger().await;
    assert_eq!((ledger.entries.len(), ledger.entries[0].amount.minor), (1, 1250));
    assert_eq!(world.stack.events::<RefundSucceeded>("fulfilment").await.len(), 1);
    assert_eq!(world.status(&id).await, "satisfaction_check", "the result was told");
    world.satisfied(&id, true).await;

    let closed = world.stack.events::<ComplaintClosed>("complaint").await;
    assert_eq!(closed[0].outcome, "satisfied");
    let case = world.stack.events::<CaseRegistered>("intake").await.remove(0);
    let wanted = intake_v1::GetCaseRequest { case_id: case.case_id };
    let case =
        IntakeClient::new(world.stack.channel("intake")).get_case(request("staff:reader", wanted)).await.unwrap();
    assert_eq!(case.into_inner().case.unwrap().status, "closed");

    let figures = figures(&world).await;
    let value =
        |metric: &str, part: &str| figures.iter().find(|f| f.metric == metric && f.part == part).and_then(|f| f.value);
    assert_eq!(value("M01", "share"), Some(1.0), "one customer, who answered");
    assert_eq!(value("M02", "share"), Some(0.5), "after a week of use in time, before that not at all");
    assert_eq!(value("M06", "share"), Some(0.0), "one answer, not satisfied");
    assert_eq!(value("M15", "share"), Some(1.0), "investigated in time");
    assert_eq!((value("M18", "count"), value("M18", "CNY")), (Some(1.0), Some(1250.0)));
    assert_eq!(value("M18", "share.CNY"), Some(1.0), "all that was sold was given back");
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn a_declined_offer_is_followed_by_a_second_one_and_the_author_cannot_approve() {
    let world = World::open().await;
    let (_, id) = complaint_from_a_bad_answer(&world).await;
    world.investigate(&id).await;
    let first = world.offer(&id, RemedyKind::Refund, 300).await;
    world.decline(&id, first).await;
    let second = world.offer(&id, RemedyKind::ReturnRefund, 1250).await;
    assert_eq!(second, first + 1);
    let refused = world.approve("staff:agent-sun", &id, second).await;
    assert!(refused.is_err());
    world.consent(&id, second).await;

    let orders = world.stack.events::<OrderOpened>("fulfilment").await;
    assert_eq!((orders.len(), orders[0].goods_first), (1, true));
    assert!(world.ledger().await.entries.is_empty(), "the goods are not back yet");
    let goods =
        contracts::fulfilment::v1::ReceiveGoodsRequest { order_id: orders[0].order_id.clone(), ..Default::default() };
    world.fulfilment().receive_goods(request("staff:warehouse", goods)).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.ledger().await.entries[0].amount.minor, 1250);
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn a_customer_still_dissatisfied_goes_to_management_and_is_looked_into_again() {
    let world = World::open().await;
    let (_, id) = complaint_from_a_bad_answer(&world).await;
    world.investigate(&id).await;
    let version = world.offer(&id, RemedyKind::Refund, 500).await;
    world.consent(&id, version).await;
    world.satisfied(&id, false).await;

    let raised = world.stack.events::<EscalationRaised>("complaint").await;
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].trigger(), EscalationTrigger::Dissatisfied);
    assert_eq!(raised[0].level(), EscalationLevel::Management);
    let subjects: Vec<_> = world.stack.journal("complaint").await.into_iter().map(|r| r.subject).collect();
    assert!(subjects.contains(&"escalation.v1.management.raised".to_owned()));
    let view = world.complaint(&id).await;
    assert_eq!((view.status.as_str(), view.escalation_level), ("investigating", 4));

    world.investigate(&id).await;
    let version = world.offer(&id, RemedyKind::Refund, 750).await;
    world.consent(&id, version).await;
    world.satisfied(&id, true).await;
    let ledger = world.ledger().await;
    assert_eq!(ledger.entries.iter().map(|e| e.amount.minor).sum::<i64>(), 1250, "never more than was paid");
    assert_eq!(world.status(&id).await, "closed");
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_cmp_13_a_late_first_investigation_and_a_late_department_end_with_management() {
    let world = World::open().await;
    let (_, id) = complaint_from_a_bad_answer(&world).await;
    world.stack.advance(DAY - SignedDuration::from_secs(1)).await;
    let raised = async || {
        let raised = world.stack.events::<EscalationRaised>("complaint").await;
        let mut raised: Vec<_> = raised.iter().map(|e| (e.trigger(), e.level())).collect();
        raised.sort();
        raised
    };
    let warning = (EscalationTrigger::DepartmentWarning, EscalationLevel::TeamLead);
    let soon = (EscalationTrigger::PromiseWarning, EscalationLevel::TeamLead);
    assert_eq!(raised().await, [warning, soon, soon, soon]);
    world.stack.advance(SignedDuration::from_secs(2)).await;
    let late = (EscalationTrigger::InvestigationLate, EscalationLevel::Management);
    let department = (EscalationTrigger::DepartmentLate, EscalationLevel::DepartmentHead);
    let unanswered = (EscalationTrigger::FirstResponseLate, EscalationLevel::TeamLead);
    assert_eq!(raised().await, [late, department, warning, unanswered, soon, soon, soon]);
    world.stack.advance(DAY + SignedDuration::from_secs(1)).await;
    let up = world.stack.events::<EscalationPassedUp>("complaint").await;
    let with_management = up.iter().filter(|up| up.level() == EscalationLevel::Management).count();
    assert_eq!(with_management, 1, "the department's head did not look");
    assert!(world.complaint(&id).await.investigation_late);
    world.investigate(&id).await;
    let view = world.complaint(&id).await;
    assert!(view.investigation_late, "late stays late");
    let share = figures(&world).await.into_iter().find(|f| f.metric == "M15").and_then(|f| f.value);
    assert_eq!(share, Some(0.0));
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn discomfort_comes_first_in_the_queue_and_goes_to_the_medical_department() {
    let world = World::open().await;
    world.sell("o-2").await;
    let loud = json!({
        "channel": "platform", "external_ref": "t-1", "class": "delivery", "content": "where is my parcel?",
        "emotion": "angry", "vip_tier": 3, "repeat_contact": true
    });
    world.write("o-2", "", loud).await;
    let purchase = world.sell("o-3").await;
    world.stack.advance(SignedDuration::from_hours(1)).await;
    world.answer(&purchase, 5, true).await;
    let found = world.stack.events::<ProblemFound>("scheduling").await;
    assert!(found[0].discomfort);
    let mut intake = IntakeClient::new(world.stack.channel("intake"));
    let queue = intake.list_queue(request("staff:reader", intake_v1::ListQueueRequest::default())).await.unwrap();
    let queue: Vec<CaseRegistered> = queue.into_inner().cases.into_iter().filter_map(|c| c.registered).collect();
    assert_eq!(queue.iter().map(CaseRegistered::lane).collect::<Vec<_>>(), [Lane::Health, Lane::Standard]);
    let score = |case: &CaseRegistered| case.priority.as_ref().unwrap().score;
    assert!(score(&queue[0]) < score(&queue[1]), "health comes first whatever the points say");
    let complaints = world.stack.events::<ComplaintRecorded>("complaint").await;
    assert_eq!(complaints.iter().map(|c| c.lane()).collect::<Vec<_>>(), [Lane::Standard, Lane::Health]);
    let tasks = world.complaints().list_tasks(request("staff:reader", ListTasksRequest::default())).await.unwrap();
    let tasks: Vec<TaskIssued> = tasks.into_inner().tasks.into_iter().filter_map(|task| task.issued).collect();
    let first: Vec<_> = tasks.iter().map(|task| (task.department.as_str(), task.lane())).collect();
    assert_eq!(first, [("medical", Lane::Health), ("logistics", Lane::Standard)], "the sooner due one first");
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn the_same_contact_twice_is_one_case_and_repeated_events_change_nothing() {
    let world = World::open().await;
    world.sell("o-4").await;
    let one = world.contact("t-2", "o-4", "product_quality", "the pump leaks").await;
    let two = world.contact("t-2", "o-4", "product_quality", "the pump leaks").await;
    assert_eq!(one["case_id"], two["case_id"]);
    let case = world.stack.events::<CaseRegistered>("intake").await;
    assert_eq!(case.len(), 1);
    let id = case[0].case_id.parse().unwrap();
    for _ in 0..3 {
        world.stack.publish("intake", &case[0], id, 1).await;
    }
    world.stack.settle().await;
    assert_eq!(world.stack.events::<ComplaintRecorded>("complaint").await.len(), 1);
    assert_eq!(world.stack.events::<TaskIssued>("complaint").await.len(), 1);
    world.sell("o-5").await;
    world.stack.advance(DAY * 200).await;
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn a_request_sent_again_with_its_key_is_one_case() {
    let world = World::open().await;
    world.sell("o-6").await;
    let parts = json!({ "class": "delivery", "content": "where is my parcel?" });
    let one = world.write("o-6", "key-1", parts.clone()).await;
    assert_eq!(world.write("o-6", "key-1", parts.clone()).await, one, "the first answer");
    assert_eq!(world.stack.events::<CaseRegistered>("intake").await.len(), 1);
    assert_eq!(world.stack.events::<ComplaintRecorded>("complaint").await.len(), 1);
    assert_eq!(world.stack.events::<TaskIssued>("complaint").await.len(), 1);
    assert_ne!(world.write("o-6", "key-2", parts).await["case_id"], one["case_id"], "another request");
    assert_eq!(world.stack.events::<ComplaintRecorded>("complaint").await.len(), 2);
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn an_unknown_payment_outcome_is_asked_for_and_never_paid_twice() {
    let world = World::open().await;
    let (_, id) = complaint_from_a_bad_answer(&world).await;
    world.investigate(&id).await;
    let version = world.offer(&id, RemedyKind::Refund, 1250).await;
    world.mood("silent_after_paying").await;
    world.consent(&id, version).await;
    assert_eq!(world.refunds().await[0].status, "unknown");
    assert_eq!(world.ledger().await.entries.len(), 1, "the money has left");
    assert_eq!(world.status(&id).await, "executing");
    world.mood("normal").await;
    world.stack.advance(SignedDuration::from_mins(30)).await;
    let paid = world.stack.events::<RefundSucceeded>("fulfilment").await;
    assert_eq!(paid.len(), 1);
    assert!(paid[0].reconciled);
    assert_eq!(world.ledger().await.entries.len(), 1);
    let told = world.stack.events::<MessageSent>("outreach").await;
    assert!(!told.is_empty());
    assert_eq!(world.status(&id).await, "satisfaction_check");
    world.nothing_is_parked().await;
}
