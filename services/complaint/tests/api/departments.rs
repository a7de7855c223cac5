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
        findings: "filled at 61 degrees".into(),
        evidence: vec!["lab-2026-0117".into()],
        answered_at: None,
    }
}

fn acknowledge(task_id: &str) -> AcknowledgeTaskRequest {
    AcknowledgeTaskRequest { task_id: task_id.into(), department: "quality".into(), owner: String::new() }
}

fn back(task_id: &str) -> ReturnAnswerRequest {
    ReturnAnswerRequest { task_id: task_id.into(), reason: "which batch".into() }
}

async fn raised_for(house: &House, trigger: EscalationTrigger) -> Vec<EscalationRaised> {
    house.events::<EscalationRaised>().await.into_iter().filter(|raised| raised.trigger() == trigger).collect()
}

#[tokio::test]
async fn r_cmp_04_a_task_is_issued_at_once_and_worked_by_its_department_only() {
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

    house.stack.advance(jiff::SignedDuration::from_mins(30)).await;
    let named = AcknowledgeTaskRequest { owner: "staff:quentin".into(), ..acknowledge(&task.task_id) };
    ok(house.client().acknowledge_task(request("staff:quinn", named)).await, "acknowledged");
    assert_eq!(house.tasks("quality").await[0].owner, "staff:quentin");
    let other = house.client().answer_task(request("staff:mo", answer(&task.task_id, "medical"))).await.unwrap_err();
    assert_eq!((other.code(), code(&other).as_str()), (Code::PermissionDenied, "task.other_department"));
    ok(house.client().answer_task(request("staff:quinn", answer(&task.task_id, "quality"))).await, "answered");
    ok(house.client().return_answer(request(ANA, back(&task.task_id))).await, "returned");
    house.stack.advance(jiff::SignedDuration::from_mins(10)).await;
    ok(house.client().answer_task(request("staff:quinn", answer(&task.task_id, "quality"))).await, "answered");
    let accept = AcceptAnswerRequest { task_id: task.task_id.clone() };
    ok(house.client().accept_answer(request(ANA, accept.clone())).await, "accepted");
    assert_eq!(code(&house.client().accept_answer(request(ANA, accept)).await.unwrap_err()), "task.not_now");
    let expected = "TaskIssued TaskAcknowledged TaskAnswered TaskReturned TaskAcknowledged TaskAnswered TaskAccepted";
    assert_eq!(house.history(&task.task_id).await.join(" "), expected);
    let notes = house.get(1).await.notes;
    let words: Vec<_> = notes.iter().map(|note| (note.field.as_str(), note.number)).collect();
    let expected = [("answer_findings", 2), ("answer", 2), ("return_reason", 1), ("answer_findings", 1), ("answer", 1)];
    assert_eq!(words, expected);
    let answered = house.events::<TaskAnswered>().await;
    let waits: Vec<_> = answered.iter().map(|e| (e.to_acknowledge_s, e.to_answer_s)).collect();
    assert_eq!(waits, [(1_800, 1_800), (600, 600)]);
    assert_eq!(answered[1].evidence, ["lab-2026-0117"]);
    let accepted = &house.events::<TaskAccepted>().await[0];
    assert_eq!((accepted.to_acknowledge_s, accepted.to_answer_s), (2_400, 2_400), "its waiting in all (R-CMP-19)");
}

#[tokio::test]
async fn r_cmp_19_a_department_that_cannot_answer_forwards_the_task_with_a_reason_and_has_it_no_more() {
    let house = House::open().await;
    house.record(1, CaseClass::ProductQuality).await;
    let task_id = house.tasks("quality").await[0].task_id.clone();
    house.stack.advance(hours(2)).await;
    let forward = |from: &str, to: &str| ForwardTaskRequest {
        task_id: task_id.clone(),
        department: from.into(),
        to_department: to.into(),
        reason: "the substance is unknown to us".into(),
    };
    let other = house.client().forward_task(request("staff:mo", forward("medical", "repair"))).await.unwrap_err();
    assert_eq!(code(&other), "task.other_department");
    ok(house.client().forward_task(request("staff:quinn", forward("quality", "medical"))).await, "issued");
    assert_eq!(house.tasks("quality").await, []);
    let [view] = house.tasks("medical").await.try_into().unwrap();
    let due = on_wire(house.stack.now() + hours(24));
    assert_eq!((view.forwards, view.issued.unwrap().answer_by), (1, due), "it has its own time");
    let [moved] = house.events::<TaskForwarded>().await.try_into().unwrap();
    assert_eq!((moved.from_department.as_str(), moved.department.as_str()), ("quality", "medical"));
    assert_eq!((moved.waited_s, moved.product_id.as_str(), moved.answer_by), (7_200, "p-7", due));
    let row = house.stack.journal(NAME).await.into_iter().find(|row| row.event_type.ends_with("Forwarded")).unwrap();
    assert_eq!(row.subject, "dept.v1.medical.task.forwarded", "the new team learns of it on its own subject");
    assert_eq!(house.get(1).await.notes[0].field, "forward_reason");
    let former = house.client().acknowledge_task(request("staff:quinn", acknowledge(&task_id))).await.unwrap_err();
    assert_eq!((former.code(), code(&former).as_str()), (Code::PermissionDenied, "task.other_department"));
    let mine = AcknowledgeTaskRequest { department: "medical".into(), ..acknowledge(&task_id) };
    ok(house.client().acknowledge_task(request("staff:mo", mine)).await, "acknowledged");
    let former = house.client().answer_task(request("staff:quinn", answer(&task_id, "quality"))).await.unwrap_err();
    assert_eq!(code(&former), "task.other_department", "an answer of a department that was not asked");
    ok(house.client().answer_task(request("staff:mo", answer(&task_id, "medical"))).await, "answered");
}

#[tokio::test]
async fn a_department_is_warned_before_its_time_is_over_and_the_warning_ends_with_the_answer() {
    let house = House::open().await;
    for number in [1, 2] {
        house.record(number, CaseClass::ProductQuality).await;
    }
    house.stack.advance(hours(12)).await;
    let warned = house.events::<TaskWarned>().await;
    assert_eq!((warned.len(), warned[0].warning.as_str()), (2, "50%"), "half of 24 hours, as the levels say");
    let warnings = raised_for(&house, EscalationTrigger::DepartmentWarning).await;
    assert_eq!((warnings.len(), warnings[0].level()), (2, EscalationLevel::TeamLead));
    assert_eq!(house.view(1).await.escalation_level, 1);
    let [first, second] = house.tasks("quality").await.try_into().unwrap();
    ok(house.client().answer_task(request("staff:quinn", answer(&first.task_id, "quality"))).await, "answered");
    house.stack.advance(hours(12) + micro()).await;
    let closed = house.events::<EscalationClosed>().await;
    let settled = closed.iter().all(|closed| closed.settled);
    assert!(closed.len() == 4 && settled, "one answered, one late, and two investigations that are late themselves");
    let late = raised_for(&house, EscalationTrigger::DepartmentLate).await;
    assert_eq!((late.len(), late[0].complaint_id.clone()), (1, second.issued.unwrap().complaint_id));
}

#[tokio::test]
async fn r_cmp_20_what_has_no_answer_after_its_time_is_on_the_managers_list() {
    let house = House::open().await;
    house.record(1, CaseClass::Discomfort).await;
    house.investigate(2).await;
    house.stack.advance(hours(1)).await;
    house.investigate(3).await;
    house.stack.advance(hours(23)).await;
    let list = async |page| {
        let asked = ListOverdueRequest { page };
        house.client().list_overdue(request(ANA, asked)).await.unwrap().into_inner()
    };
    let first = list(None).await.overdue;
    assert_eq!(first.len(), 1, "the due time itself is in time");
    let [medical] = first.try_into().unwrap();
    assert_eq!((medical.kind.as_str(), medical.department.as_str(), medical.late_s), ("task", "medical", 43_200));
    house.stack.move_clock(micro());
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(Some(contracts::common::v1::Page { size: 2, token })).await;
        assert!(page.overdue.len() <= 2);
        seen.extend(page.overdue.into_iter().map(|row| (row.due_at.unwrap().seconds, row.kind, row.complaint_id)));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert!(seen.is_sorted_by_key(|(due, ..)| *due), "the oldest first");
    let mut what: Vec<_> = seen.iter().map(|(_, kind, complaint)| (complaint.as_str(), kind.as_str())).collect();
    what.sort_unstable();
    let (one, two) = (id(1), id(2));
    assert_eq!(what, [(one.as_str(), "investigation"), (&one, "task"), (&two, "investigation"), (&two, "task")]);
    ok(house.client().conclude_investigation(request(ANA, crate::house::conclude(2))).await, "investigated");
    assert_eq!(list(None).await.overdue.len(), 3);
    let wrong = ListOverdueRequest { page: Some(contracts::common::v1::Page { size: 201, token: "x".into() }) };
    let refused = house.client().list_overdue(request(ANA, wrong)).await.unwrap_err();
    assert_eq!(crate::house::fields(&refused), ["page.size", "page.token"]);
}

#[tokio::test]
async fn r_cmp_04_a_further_department_is_asked_while_investigating_and_reads_what_it_is_asked() {
    let house = House::open().await;
    house.investigate(1).await;
    let text = "does the rash come from the preservative?".to_owned();
    let ask = AskDepartmentRequest { complaint_id: id(1), department: "medical".into(), text: text.clone() };
    ok(house.client().ask_department(request(ANA, ask)).await, "investigating");
    let [task] = house.tasks("medical").await.try_into().unwrap();
    assert_eq!(house.events::<DepartmentAsked>().await[0].task_id, task.task_id);
    assert_eq!(task.issued.unwrap().answer_by, on_wire(house.stack.now() + hours(24)), "as the levels say");

    let read = GetTaskRequest { task_id: task.task_id.clone() };
    let nobody = house.client().get_task(tonic::Request::new(read.clone())).await.unwrap_err();
    assert_eq!(crate::house::fields(&nobody), ["metadata.aftercare-actor"], "who reads says who he is");
    let shown = house.client().get_task(request("staff:mo", read.clone())).await.unwrap().into_inner();
    let [question] = shown.notes.as_slice() else { unreachable!("{:?}", shown.notes) };
    assert_eq!((question.field.as_str(), &question.text, &question.by), ("question", &text, &ANA.to_owned()));
    assert_eq!(shown.task.unwrap().task_id, task.task_id);
    let of_complaint = house.get(1).await.notes;
    assert!(of_complaint.iter().any(|note| note.text == text && note.owner_id == task.task_id));
    ok(house.client().answer_task(request("staff:mo", answer(&task.task_id, "medical"))).await, "answered");
    ok(house.client().return_answer(request(ANA, back(&task.task_id))).await, "returned");
    let shown = house.client().get_task(request("staff:mo", read)).await.unwrap().into_inner();
    let words: Vec<_> = shown.notes.iter().map(|note| note.field.as_str()).collect();
    assert_eq!(words, ["return_reason", "answer_findings", "answer", "question"]);
    let journal = house.stack.journal(NAME).await;
    let told = |row: &testkit::JournalRow| row.payload.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!journal.iter().any(told), "words stay here");
    let unknown = GetTaskRequest { task_id: id(9) };
    assert_eq!(house.client().get_task(request(ANA, unknown)).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn r_cmp_19_an_answer_nobody_accepts_or_returns_in_time_is_listed_and_raised_until_it_is_judged() {
    let house = House::open().await;
    house.investigate(1).await;
    let task_id = house.tasks("quality").await[0].task_id.clone();
    ok(house.client().answer_task(request("staff:quinn", answer(&task_id, "quality"))).await, "answered");
    let due = house.stack.now() + hours(48);
    assert_eq!(house.tasks("quality").await[0].judge_by, on_wire(due));
    house.stack.advance(hours(48)).await;
    assert_eq!(house.events::<TaskUnjudged>().await, [], "the due time itself is in time");
    house.stack.advance(micro()).await;
    let [unjudged] = house.events::<TaskUnjudged>().await.try_into().unwrap();
    assert_eq!((unjudged.judge_by, unjudged.department.as_str()), (on_wire(due), "quality"));
    let [raised] = raised_for(&house, EscalationTrigger::AnswerWaits).await.try_into().unwrap();
    assert_eq!((raised.level(), &raised.escalation_id), (EscalationLevel::ComplaintManager, &unjudged.escalation_id));
    let waits = async || {
        let listed = house.client().list_overdue(request(ANA, ListOverdueRequest::default())).await.unwrap();
        let listed = listed.into_inner().overdue.into_iter().filter(|row| row.kind == "answer");
        listed.map(|row| (row.id, row.complaint_id, row.due_at)).collect::<Vec<_>>()
    };
    assert_eq!(waits().await, [(task_id.clone(), id(1), on_wire(due))]);
    house.stack.advance(hours(1)).await;
    ok(house.client().accept_answer(request(ANA, AcceptAnswerRequest { task_id: task_id.clone() })).await, "accepted");
    house.stack.settle().await;
    assert_eq!((waits().await, house.tasks("quality").await[0].judge_by), (vec![], None));
    assert_eq!(house.events::<TaskAccepted>().await[0].to_judge_s, 49 * 3_600, "how long it waited is measured");
    let closed = house.events::<EscalationClosed>().await;
    assert!(closed.iter().any(|one| one.escalation_id == raised.escalation_id && one.settled));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_19_nobody_is_asked_for_another_answer_to_a_complaint_that_is_closed() {
    let house = House::open().await;
    house.investigate(1).await;
    let task_id = house.tasks("quality").await[0].task_id.clone();
    ok(house.client().answer_task(request("staff:quinn", answer(&task_id, "quality"))).await, "answered");
    house.withdraw(1).await.unwrap();
    let refused = house.client().return_answer(request(ANA, back(&task_id))).await.unwrap_err();
    assert_eq!((refused.code(), code(&refused).as_str()), (Code::FailedPrecondition, "task.complaint_closed"));
    house.stack.advance(hours(100)).await;
    assert_eq!(house.events::<TaskUnjudged>().await, [], "what is closed is judged by nobody");
    let expected = ["TaskIssued", "TaskAcknowledged", "TaskAnswered", "TaskClosed"];
    assert_eq!(house.history(&task_id).await, expected);
    let accept = AcceptAnswerRequest { task_id };
    ok(house.client().accept_answer(request(ANA, accept)).await, "accepted");
}

/// Quality has eight hours of its calendar; a machine of its own says when, if nobody was on line.
#[tokio::test]
async fn r_cmp_19_a_department_has_its_own_time_and_an_answer_that_is_told_late_corrects() {
    let own = |settings: &mut backbone::Settings| {
        settings.service["departments"]["quality"] = serde_json::json!({ "within": "8h", "hours": "china" });
        settings.service["departments"]["medical"] = serde_json::json!(3);
    };
    let house = House::open_with(own).await;
    house.record(1, CaseClass::ProductQuality).await;
    house.record(2, CaseClass::Discomfort).await;
    let [task] = house.tasks("quality").await.try_into().unwrap();
    assert_eq!(task.calendar, "china");
    let [medical] = house.tasks("medical").await.try_into().unwrap();
    let issued = medical.issued.unwrap();
    assert_eq!((issued.answer_by, medical.calendar.as_str()), (on_wire(house.stack.now() + hours(3)), ""));
    house.stack.advance(hours(4)).await;
    let [expired] = house.events::<TaskExpired>().await.try_into().unwrap();
    assert_eq!(expired.task_id, medical.task_id);

    let said = |at| AnswerTaskRequest { answered_at: on_wire(at), ..answer(&medical.task_id, "medical") };
    let now = house.stack.now();
    let future = house.client().answer_task(request("staff:mo", said(now + micro()))).await.unwrap_err();
    assert_eq!(crate::house::fields(&future), ["answered_at"]);
    let before = house.client().answer_task(request("staff:mo", said(now - hours(5)))).await.unwrap_err();
    assert_eq!(code(&before), "task.answered_too_early");
    ok(house.client().answer_task(request("staff:mo", said(now - hours(2)))).await, "answered");
    house.stack.settle().await;
    let [corrected] = house.events::<TaskCorrected>().await.try_into().unwrap();
    assert_eq!(
        (corrected.escalation_id.as_str(), corrected.answered_at),
        (&*expired.escalation_id, on_wire(now - hours(2)))
    );
    assert!(house.events::<TaskAnswered>().await[0].in_time && !house.tasks("medical").await[0].expired);
    let closed = house.events::<EscalationClosed>().await;
    assert!(closed.iter().any(|closed| closed.escalation_id == expired.escalation_id && closed.settled));
    assert_eq!(house.stack.parked(NAME).await, 0);
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
    let [raised] = raised_for(&house, EscalationTrigger::DepartmentLate).await.try_into().unwrap();
    assert_eq!(raised.escalation_id, expired.escalation_id);
    assert_eq!((raised.level(), raised.department.as_str()), (EscalationLevel::DepartmentHead, "medical"));
    let up = house.events::<ComplaintEscalated>().await;
    let levels: Vec<_> = up.iter().map(ComplaintEscalated::level).collect();
    assert_eq!(levels, [EscalationLevel::TeamLead, EscalationLevel::DepartmentHead], "the warning, then the breach");
    assert_eq!(house.view(1).await.escalation_level, 3);

    ok(house.client().answer_task(request("staff:mo", answer(&task_id, "medical"))).await, "answered");
    assert!(!house.events::<TaskAnswered>().await[0].in_time);
    ok(house.client().return_answer(request(ANA, back(&task_id))).await, "returned");
    assert!(!house.tasks("medical").await[0].expired, "a new due time");
    house.stack.move_clock(hours(12) + micro());
    ok(house.client().answer_task(request("staff:mo", answer(&task_id, "medical"))).await, "answered");
    house.stack.settle().await;
    let late = raised_for(&house, EscalationTrigger::DepartmentLate).await.len();
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
