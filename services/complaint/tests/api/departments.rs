//! A department's side: its task, its due time, and its team reading its own subjects.
use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull};
use contracts::{Message, common::v1::CaseClass, complaint::v1::*};
use futures::StreamExt;
use testkit::{Servers, request};
use tonic::Code;

use crate::house::{ANA, House, NAME, code, hours, id, micro, ok, on_wire};

fn answer(task_id: &str, department: &str) -> AnswerTaskRequest {
    AnswerTaskRequest {
        task_id: task_id.into(),
        department: department.into(),
        text: "the batch was filled too hot".into(),
        cause_code: "filling.temperature".into(),
    }
}

#[tokio::test]
async fn a_task_is_issued_at_once_and_worked_by_its_department_only() {
    let house = House::open().await;
    house.investigate(1).await;
    let [task] = house.tasks("quality").await.try_into().unwrap();
    let issued = task.issued.unwrap();
    assert_eq!((issued.complaint_id.as_str(), issued.department.as_str()), (id(1).as_str(), "quality"));
    assert_eq!((issued.product_id.as_str(), issued.batch.as_str()), ("p-7", "b-3"));
    assert_eq!(issued.answer_by, on_wire(house.stack.now() + hours(24)));
    let row = house.stack.journal(NAME).await.into_iter().find(|row| row.event_type.ends_with("TaskIssued")).unwrap();
    assert_eq!(row.subject, "dept.v1.quality.task.issued");
    assert_eq!(house.events::<ComplaintRecorded>().await[0].task_id, task.task_id);

    let acknowledge = AcknowledgeTaskRequest { task_id: task.task_id.clone() };
    ok(house.client().acknowledge_task(request("staff:quinn", acknowledge)).await, "acknowledged");
    let other = house.client().answer_task(request("staff:mo", answer(&task.task_id, "medical"))).await.unwrap_err();
    assert_eq!((other.code(), code(&other).as_str()), (Code::PermissionDenied, "task.other_department"));
    ok(house.client().answer_task(request("staff:quinn", answer(&task.task_id, "quality"))).await, "answered");
    let back = ReturnAnswerRequest { task_id: task.task_id.clone(), reason: "which batch".into() };
    ok(house.client().return_answer(request(ANA, back)).await, "returned");
    ok(house.client().answer_task(request("staff:quinn", answer(&task.task_id, "quality"))).await, "answered");
    let accept = AcceptAnswerRequest { task_id: task.task_id.clone() };
    ok(house.client().accept_answer(request(ANA, accept.clone())).await, "accepted");
    assert_eq!(code(&house.client().accept_answer(request(ANA, accept)).await.unwrap_err()), "task.not_now");
    let expected = "TaskIssued TaskAcknowledged TaskAnswered TaskReturned TaskAcknowledged TaskAnswered TaskAccepted";
    assert_eq!(house.history(&task.task_id).await.join(" "), expected);
    let notes = house.get(1).await.notes;
    let words: Vec<_> = notes.iter().map(|note| (note.field.as_str(), note.number)).collect();
    assert_eq!(words, [("answer", 2), ("return_reason", 1), ("answer", 1)]);
}

#[tokio::test]
async fn a_further_department_is_asked_while_investigating() {
    let house = House::open().await;
    house.investigate(1).await;
    let ask = AskDepartmentRequest { complaint_id: id(1), department: "medical".into() };
    ok(house.client().ask_department(request(ANA, ask)).await, "investigating");
    let [task] = house.tasks("medical").await.try_into().unwrap();
    assert_eq!(house.events::<DepartmentAsked>().await[0].task_id, task.task_id);
    assert_eq!(task.issued.unwrap().answer_by, on_wire(house.stack.now() + hours(12)), "its own agreement");
}

#[tokio::test]
async fn a_late_department_is_escalated_once_for_each_due_time() {
    let house = House::open().await;
    house.record(1, CaseClass::Discomfort).await;
    let task_id = house.tasks("medical").await[0].task_id.clone();
    house.stack.advance(hours(12)).await;
    assert!(!house.tasks("medical").await[0].expired, "the due time itself is in time");
    house.stack.advance(micro()).await;
    assert!(house.tasks("medical").await[0].expired);
    let [expired] = house.events::<TaskExpired>().await.try_into().unwrap();
    let [raised] = house.events::<EscalationRaised>().await.try_into().unwrap();
    assert_eq!(raised.escalation_id, expired.escalation_id);
    assert_eq!((raised.trigger(), raised.department.as_str()), (EscalationTrigger::DepartmentLate, "medical"));
    let [up] = house.events::<ComplaintEscalated>().await.try_into().unwrap();
    assert_eq!((up.complaint_id.as_str(), up.level()), (id(1).as_str(), EscalationLevel::Management));
    assert_eq!(house.view(1).await.escalation_level, 4);

    ok(house.client().answer_task(request("staff:mo", answer(&task_id, "medical"))).await, "answered");
    assert!(!house.events::<TaskAnswered>().await[0].in_time);
    let back = ReturnAnswerRequest { task_id: task_id.clone(), reason: "which substance".into() };
    ok(house.client().return_answer(request(ANA, back)).await, "returned");
    assert!(!house.tasks("medical").await[0].expired, "a new due time");
    house.stack.move_clock(hours(12) + micro());
    ok(house.client().answer_task(request("staff:mo", answer(&task_id, "medical"))).await, "answered");
    house.stack.settle().await;
    let late: Vec<_> = house.escalations().await.into_iter().filter_map(|view| view.raised).collect();
    let late = late.iter().filter(|raised| raised.trigger() == EscalationTrigger::DepartmentLate).count();
    assert_eq!((late, house.events::<TaskExpired>().await.len()), (2, 2));
}

/// The recipe of the README: a durable consumer of the stream DEPT with the department's own filter.
#[tokio::test]
async fn a_team_reads_its_own_subjects_and_nobody_elses() {
    let house = House::open().await;
    house.record(1, CaseClass::Delivery).await;
    house.record(2, CaseClass::ProductQuality).await;
    let task_id = house.tasks("quality").await[0].task_id.clone();
    ok(house.client().answer_task(request("staff:quinn", answer(&task_id, "quality"))).await, "answered");
    house.stack.settle().await;

    let space = house.stack.space();
    let broker = async_nats::connect(format!("127.0.0.1:{}", Servers::get().nats)).await.unwrap();
    let stream = jetstream::new(broker).get_stream(format!("{}_DEPT", space.to_uppercase())).await.unwrap();
    let durable = pull::Config {
        durable_name: Some("team-quality".into()),
        filter_subject: format!("{space}.dept.v1.quality.>"),
        max_deliver: -1,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(durable).await.unwrap();
    let mut messages = consumer.batch().max_messages(3).expires(Duration::from_secs(20)).messages().await.unwrap();
    let mut seen = Vec::new();
    for version in ["1", "2", "3"] {
        let message = messages.next().await.unwrap().unwrap();
        let header = |name: &str| message.headers.as_ref().unwrap().get(name).unwrap().as_str().to_owned();
        assert_eq!(header("aftercare-version"), version);
        seen.push((header("ce-type"), message.subject.rsplit('.').next().unwrap().to_owned()));
        if version == "1" {
            let issued = TaskIssued::decode(message.payload.clone()).unwrap();
            assert_eq!((issued.task_id.as_str(), issued.complaint_id.as_str()), (task_id.as_str(), id(2).as_str()));
        }
        message.ack().await.unwrap();
    }
    let told = |name: &str, word: &str| (format!("aftercare.complaint.v1.{name}"), word.to_owned());
    let expected =
        [told("TaskIssued", "issued"), told("TaskAcknowledged", "acknowledged"), told("TaskAnswered", "answered")];
    assert_eq!(seen, expected);
    let info = stream.consumer_info("team-quality").await.unwrap();
    assert_eq!(info.num_pending, 0, "nothing of the other department");
}
