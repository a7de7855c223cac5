//! Complaint from outside: the neighbours' events in, gRPC, complaint's events out; real Postgres and NATS, clock moved
//! by hand.
#![expect(clippy::unwrap_used, reason = "tests")]
mod approval;
mod care;
mod departments;
mod escalations;
mod health;
mod holds;
mod house;
mod improvements;
mod offers;
mod orders;
mod overdue;
mod policy;
mod posts;
mod promises;
mod refusals;
mod suggestions;
mod webhooks;

use contracts::{
    common::v1::{CaseClass, Count, Lane, Remedy, RemedyKind, RemedyLine},
    complaint::v1::*,
    fulfilment::v1::{
        OrderFailed, OrderOpened, OrderUnanswered, PortionFailed, RefundContradicted, RefundRefused, TenderPortion,
    },
    outreach::v1::{MessageFailed, Purpose},
};
use testkit::request;
use tonic::Code;

use crate::house::{ANA, BEN, House, NAME, case, code, draft, guidance, hours, id, micro, ok, on_wire, refund};

#[tokio::test]
async fn a_complaint_goes_its_whole_way() {
    let house = House::open().await;
    let began = house.stack.now();
    house.investigate(1).await;
    house.offer(1, vec![refund(500), guidance()]).await;
    house.agree(1).await;
    let remedies = house.view(1).await.remedies;
    let opened = OrderOpened { complaint_id: id(1), remedy_id: remedies[0].remedy_id.clone(), ..Default::default() };
    house.hear("fulfilment", &opened, 7).await;
    let advised = CompleteRemedyRequest { complaint_id: id(1), remedy_id: remedies[1].remedy_id.clone(), done: None };
    ok(house.client().complete_remedy(request(ANA, advised)).await, "executing");
    let completed = contracts::fulfilment::v1::OrderCompleted {
        order_id: id(7),
        complaint_id: id(1),
        remedy_id: remedies[0].remedy_id.clone(),
    };
    house.hear("fulfilment", &completed, 7).await;
    assert_eq!(house.view(1).await.status, "executed");
    house.tell(1, Purpose::Offer).await;
    assert_eq!(house.view(1).await.status, "executed", "only the result begins the satisfaction check");
    house.tell(1, Purpose::Result).await;
    assert_eq!(house.view(1).await.status, "satisfaction_check");
    assert_eq!(house.satisfied(1, true).await.unwrap().status, "closed");

    let expected = "ComplaintRecorded ComplaintAssessed InvestigationStarted PromisesMoved InvestigationConcluded \
                    SolutionDrafted ApprovalRequested SolutionApproved PromisesMoved SolutionOffered PromisesMoved \
                    SolutionAgreed ExecutionStarted RemedySettled RemedySettled SolutionExecuted PromisesMoved \
                    ResultTold FeedbackGiven ComplaintClosed";
    assert_eq!(house.history(&id(1)).await.join(" "), expected);
    let recorded = &house.events::<ComplaintRecorded>().await[0];
    assert_eq!((recorded.recorded_at, recorded.investigate_by), (on_wire(began), on_wire(began + hours(24))));
    assert_eq!((recorded.case_id.as_str(), recorded.customer_id.as_str()), (id(1_001).as_str(), id(2_001).as_str()));
    let agreed = &house.events::<SolutionAgreed>().await[0];
    assert_eq!((agreed.purchase_id.as_str(), agreed.solution_version, agreed.offer_no), (id(3_001).as_str(), 1, 1));
    assert_eq!(agreed.remedies, remedies);
    let closed = &house.events::<ComplaintClosed>().await[0];
    assert_eq!((closed.outcome.as_str(), closed.case_id.as_str()), ("satisfied", id(1_001).as_str()));
    let view = house.view(1).await;
    assert_eq!((view.outcome.as_str(), view.author.as_str(), view.offers_made), ("satisfied", ANA, 1));
    assert_eq!((view.escalation_level, view.investigation_late), (0, false));
    assert_eq!((view.class(), view.severity, view.reopen_count), (CaseClass::ProductQuality, 2, 0));
    assert!(view.progress.iter().all(|remedy| remedy.status == "done"));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn what_people_write_is_read_here_and_travels_nowhere() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.decline(1).await;
    house.offer(1, vec![refund(900)]).await;
    house.agree(1).await;
    let notes = house.get(1).await.notes;
    let words: Vec<_> = notes.iter().map(|note| (note.field.as_str(), note.number, note.text.as_str())).collect();
    let expected = [
        ("consent", 1, "that is fine with me"),
        ("solution", 2, "your money back"),
        ("counter_wish", 1, "more"),
        ("solution", 1, "your money back"),
        ("findings", 1, "the cap does not close"),
    ];
    assert_eq!(words, expected);
    assert!(notes.iter().all(|note| note.by == ANA && note.owner_id == id(1) && note.at == on_wire(house.stack.now())));
    let states: Vec<String> =
        sqlx::query_scalar("select state::text from complaint").fetch_all(&house.stack.pool(NAME)).await.unwrap();
    let journal = house.stack.journal(NAME).await;
    for (_, _, text) in expected {
        let told = |row: &testkit::JournalRow| row.payload.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(text == "more" || !journal.iter().any(told), "{text} is in the journal");
        assert!(!states.iter().any(|state| state.contains(&format!("\"{text}\""))), "{text} is in the state");
    }
}

#[tokio::test]
async fn r_cmp_03_r_cmp_13_a_complaint_not_looked_into_within_a_day_goes_to_management() {
    let house = House::open().await;
    house.investigate(1).await;
    house.stack.advance(hours(24)).await;
    assert_eq!(house.events::<InvestigationLate>().await, [], "the due time itself is in time");
    house.stack.advance(micro()).await;
    let late = house.view(1).await;
    assert_eq!((late.investigation_late, late.escalation_level), (true, 4));
    assert_eq!(house.overview().await.late_investigations, 1);
    let raised = &house.events::<EscalationRaised>().await;
    let trigger = |raised: &EscalationRaised| (raised.trigger(), raised.level(), raised.complaint_id.clone());
    let mut triggers: Vec<_> = raised.iter().map(trigger).collect();
    triggers.sort();
    let expected = [
        (EscalationTrigger::InvestigationLate, EscalationLevel::Management, id(1)),
        (EscalationTrigger::DepartmentLate, EscalationLevel::DepartmentHead, id(1)),
        (EscalationTrigger::DepartmentWarning, EscalationLevel::TeamLead, id(1)),
        (EscalationTrigger::PromiseWarning, EscalationLevel::TeamLead, id(1)),
        (EscalationTrigger::PromiseWarning, EscalationLevel::TeamLead, id(1)),
    ];
    assert_eq!(triggers, expected);
    let rows = house.stack.journal(NAME).await;
    assert!(rows.iter().any(|row| row.subject == "escalation.v1.management.raised"));

    house.offer(1, vec![refund(500)]).await;
    assert!(!house.events::<InvestigationConcluded>().await[0].in_time);
    assert!(house.view(1).await.investigation_late, "breached stays breached");
    assert_eq!(house.overview().await.late_investigations, 0);
    house.stack.advance(hours(48)).await;
    assert_eq!(house.escalations().await.len(), 5, "nothing is raised twice");
}

#[tokio::test]
async fn a_conclusion_before_the_clock_was_looked_at_is_judged_by_its_own_time() {
    let house = House::open().await;
    house.investigate(1).await;
    house.investigate(2).await;
    house.stack.move_clock(hours(24));
    ok(house.client().conclude_investigation(request(ANA, house::conclude(1))).await, "investigated");
    house.stack.move_clock(micro());
    ok(house.client().conclude_investigation(request(ANA, house::conclude(2))).await, "investigated");
    house.stack.settle().await;
    let verdicts: Vec<_> = house.events::<InvestigationConcluded>().await.iter().map(|e| e.in_time).collect();
    assert_eq!(verdicts, [true, false]);
    let late: Vec<_> = house.events::<InvestigationLate>().await;
    assert_eq!((late.len(), late[0].complaint_id.as_str()), (1, id(2).as_str()));
}

#[tokio::test]
async fn r_cmp_12_the_third_decline_and_a_dissatisfied_customer_go_to_management() {
    let house = House::open().await;
    house.investigate(1).await;
    for (offer, status) in [(100, "solution_drafted"), (200, "solution_drafted"), (300, "investigating")] {
        house.offer(1, vec![refund(offer)]).await;
        assert_eq!(house.decline(1).await, status);
    }
    let thrice = house.events::<CustomerDissatisfied>().await;
    assert_eq!((thrice.len(), thrice[0].trigger()), (1, EscalationTrigger::DeclinedThrice));

    house.offer(1, vec![refund(400)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
    house.stack.advance(hours(1)).await;
    assert_eq!(house.satisfied(1, false).await.unwrap().status, "investigating");
    let view = house.view(1).await;
    assert_eq!((view.offers_made, view.declines, view.solution_version, view.escalation_level), (4, 3, 4, 4));
    let escalations = house.escalations().await;
    assert_eq!(escalations.len(), 2);
    let escalation_id = escalations[1].escalation_id.clone();
    assert_eq!(escalations[1].raised.as_ref().unwrap().trigger(), EscalationTrigger::Dissatisfied);
    let acknowledge = AcknowledgeEscalationRequest { escalation_id: escalation_id.clone() };
    ok(house.client().acknowledge_escalation(request("staff:head", acknowledge)).await, "acknowledged");
    let decide = DecideEscalationRequest { escalation_id: escalation_id.clone(), decision: "visit her".into() };
    ok(house.client().decide_escalation(request("staff:head", decide.clone())).await, "decided");
    let refused = house.client().decide_escalation(request("staff:head", decide)).await.unwrap_err();
    assert_eq!(code(&refused), "escalation.not_now");
    let note = &house.get(1).await.notes[0];
    assert_eq!((note.field.as_str(), note.by.as_str(), &note.owner_id), ("decision", "staff:head", &escalation_id));
    let steps = ["EscalationRaised", "EscalationAcknowledged", "EscalationDecided"];
    assert_eq!(house.history(&escalation_id).await, steps);
}

#[tokio::test]
async fn silence_after_the_result_is_never_satisfaction() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
    let told = house.stack.now();
    for _ in 0..2 {
        house.stack.advance(hours(72)).await;
    }
    house.stack.advance(hours(72) - micro()).await;
    assert_eq!(house.view(1).await.status, "satisfaction_check");
    house.stack.advance(micro()).await;
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.outcome.as_str()), ("closed", "unconfirmed"));
    assert_eq!(view.closed_at, on_wire(told + hours(9 * 24)));
}

#[tokio::test]
async fn a_customer_can_withdraw_until_money_may_be_moving() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    let refused = house.withdraw(1).await.unwrap_err();
    assert_eq!((refused.code(), code(&refused).as_str()), (Code::FailedPrecondition, "complaint.money_moving"));

    house.record(2, CaseClass::Delivery).await;
    assert_eq!(house.withdraw(2).await.unwrap().status, "closed");
    assert_eq!(house.view(2).await.outcome, "withdrawn");
    let task = &house.tasks("logistics").await[0];
    assert_eq!(task.status, "cancelled");
    assert_eq!(house.history(&task.task_id).await, ["TaskIssued", "TaskCancelled"]);
    house.stack.advance(hours(1_000)).await;
    let late: Vec<_> = house.escalations().await.into_iter().filter_map(|view| view.raised).collect();
    assert!(
        !late.is_empty() && late.iter().all(|raised| raised.complaint_id == id(1)),
        "nobody is late for a complaint withdrawn"
    );
}

#[tokio::test]
async fn an_appeal_takes_a_complaint_up_again_within_its_term() {
    let house = House::open().await;
    for number in [1, 2] {
        house.record(number, CaseClass::Repair).await;
        house.withdraw(number).await.unwrap();
    }
    house.stack.advance(hours(14 * 24)).await;
    assert_eq!(house.appeal(1).await.unwrap().status, "investigating");
    let reopened = &house.events::<ComplaintReopened>().await[0];
    assert_eq!((reopened.reopen_count, reopened.case_id.as_str()), (1, id(1_001).as_str()));
    house.stack.advance(micro()).await;
    assert_eq!(code(&house.appeal(2).await.unwrap_err()), "complaint.term_over");
    house.offer(1, vec![guidance()]).await;
    assert_eq!(house.events::<InvestigationConcluded>().await[0].investigate_by, None, "that promise was cancelled");
    house.agree(1).await;
    let remedy_id = house.view(1).await.remedies[0].remedy_id.clone();
    let advised = CompleteRemedyRequest { complaint_id: id(1), remedy_id, done: None };
    ok(house.client().complete_remedy(request(ANA, advised)).await, "executed");
    assert_eq!(house.satisfied(1, true).await.unwrap().status, "closed");
    assert_eq!(house.events::<ResultTold>().await[0].message_id, "", "it was told in person");
}

#[tokio::test]
async fn a_refund_that_cannot_be_paid_needs_another_solution() {
    let house = House::open().await;
    house.investigate(1).await;
    for (round, refused) in [(0, true), (1, false)] {
        house.offer(1, vec![refund(500)]).await;
        house.agree(1).await;
        let (complaint_id, order) = (id(1), 7 + round);
        let remedy_id = house.view(1).await.remedies[0].remedy_id.clone();
        let opened = OrderOpened { complaint_id, remedy_id: remedy_id.clone(), ..Default::default() };
        house.hear("fulfilment", &opened, order).await;
        let (order_id, complaint_id, code) = (id(order), id(1), "exceeds_paid".to_owned());
        if refused {
            house.hear("fulfilment", &RefundRefused { order_id, complaint_id, remedy_id, code }, order).await;
        } else {
            house.hear("fulfilment", &OrderFailed { order_id, complaint_id, remedy_id, code, paid: None }, order).await;
        }
        assert_eq!(house.view(1).await.status, "executing");
    }
    assert!(house.events::<RemedySettled>().await.iter().all(|settled| !settled.done));
    let raised = house.events::<EscalationRaised>().await;
    assert_eq!(raised.iter().map(EscalationRaised::trigger).collect::<Vec<_>>(), [EscalationTrigger::RemedyFailed; 2]);
    assert_eq!(house.view(1).await.escalation_level, 4, "what was promised and not done is management's to know");
    assert_eq!(house.view(1).await.progress[0].status, "failed", "the deviation can be seen");
    ok(house.client().draft_solution(request(BEN, draft(1, vec![refund(400)]))).await, "solution_drafted");
    assert_eq!(house.view(1).await.solution_version, 3);
}

#[tokio::test]
async fn r_cmp_07_r_ful_17_a_return_may_name_its_pieces_and_what_was_paid_of_it_counts_when_it_fails() {
    let house = House::open().await;
    house.investigate(1).await;
    let piece = |line_id: &str, quantity| RemedyLine { line_id: line_id.into(), quantity };
    let lines = vec![piece("1", 2), piece("3", 1)];
    let back = Remedy { kind: RemedyKind::ReturnRefund.into(), lines: lines.clone(), ..refund(60_000) };
    house.offer(1, vec![back]).await;
    house.agree(1).await;
    let agreed = house.events::<SolutionAgreed>().await.remove(0);
    assert_eq!((&agreed.remedies[0].lines, &house.view(1).await.remedies[0].lines), (&lines, &lines));
    let (order, remedy_id) = (7, agreed.remedies[0].remedy_id.clone());
    let opened = OrderOpened {
        complaint_id: id(1),
        remedy_id: remedy_id.clone(),
        kind: RemedyKind::ReturnRefund.into(),
        amount: agreed.remedies[0].amount.clone(),
        goods_first: true,
        ..Default::default()
    };
    house.hear("fulfilment", &opened, order).await;
    assert_eq!(house.view(1).await.status, "executing", "it carries out what was approved");
    let (order_id, complaint_id, code) = (id(order), id(1), "closed_partial".to_owned());
    let paid = refund(30_000).amount;
    house.hear("fulfilment", &OrderFailed { order_id, complaint_id, remedy_id, code, paid }, order).await;
    assert_eq!(house.view(1).await.progress[0].status, "failed");
    ok(house.client().draft_solution(request(BEN, draft(1, vec![refund(70_001)]))).await, "solution_drafted");
    let given = house.view(1).await.given;
    assert_eq!((given.len(), given[0].amount.clone(), given[0].lines.len()), (1, refund(30_000).amount, 2));
    let submit = SubmitSolutionRequest { complaint_id: id(1) };
    ok(house.client().submit_solution(request(BEN, submit)).await, "in_approval");
    let asked = house.events::<ApprovalRequested>().await;
    assert_eq!(asked.last().unwrap().roles.len(), 2, "with what was paid it is above the limit");
}

#[tokio::test]
async fn a_result_that_cannot_be_sent_goes_to_management() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.execute(1).await;
    let message = house.result_message(1).await;
    let (message_id, purpose, about_id) = (message.to_string(), Purpose::Result.into(), id(1));
    let failed = MessageFailed { message_id, purpose, about_id, code: "no_contact".into() };
    house.hear("outreach", &failed, message.as_u128()).await;
    assert_eq!(house.view(1).await.status, "executed");
    let raised = house.events::<EscalationRaised>().await;
    assert_eq!(raised.iter().map(EscalationRaised::trigger).collect::<Vec<_>>(), [EscalationTrigger::ResultUntold]);
    assert_eq!(house.satisfied(1, true).await.unwrap().status, "closed", "somebody told the result in person");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn a_provider_that_takes_back_its_word_goes_to_management_even_after_the_close() {
    let house = House::open().await;
    house.record(1, CaseClass::Repair).await;
    house.withdraw(1).await.unwrap();
    let contradicted = RefundContradicted { refund_id: id(8), complaint_id: id(1), ..RefundContradicted::default() };
    house.hear("fulfilment", &contradicted, 8).await;
    house.hear("fulfilment", &contradicted, 8).await;
    let raised = house.events::<EscalationRaised>().await;
    let triggers: Vec<_> = raised.iter().map(EscalationRaised::trigger).collect();
    assert_eq!(triggers, [EscalationTrigger::PaymentContradicted]);
    assert_eq!((raised[0].complaint_id.as_str(), house.stack.parked(NAME).await), (id(1).as_str(), 0));
}

#[tokio::test]
async fn a_refund_that_partly_failed_is_raised_once_for_each_portion_that_did() {
    let house = House::open().await;
    for (version, refund) in [(1, 8), (2, 8), (3, 9)] {
        let portion = Some(TenderPortion { refund_id: id(refund), ..TenderPortion::default() });
        let failed = PortionFailed { order_id: id(7), portion, ..PortionFailed::default() };
        house.stack.publish("fulfilment", &failed, uuid::Uuid::from_u128(7), version).await;
        house.stack.settle().await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let triggers: Vec<_> = raised.iter().map(EscalationRaised::trigger).collect();
    assert_eq!(triggers, [EscalationTrigger::RemedyFailed; 2]);
    assert_eq!((raised[0].order_id.clone(), house.stack.parked(NAME).await), (id(7), 0));
}

#[tokio::test]
async fn an_order_whose_customer_does_not_answer_is_raised_once_of_each_thing_he_is_asked() {
    let house = House::open().await;
    for version in [1, 1, 2] {
        house
            .stack
            .publish("fulfilment", &OrderUnanswered { order_id: id(8) }, uuid::Uuid::from_u128(8), version)
            .await;
        house.stack.settle().await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let triggers: Vec<_> = raised.iter().map(EscalationRaised::trigger).collect();
    assert_eq!(triggers, [EscalationTrigger::OfferUnanswered; 2]);
    assert_eq!((raised[0].order_id.clone(), house.stack.parked(NAME).await), (id(8), 0));
}

#[tokio::test]
async fn what_is_said_twice_happens_once() {
    let house = House::open().await;
    let case = case(1, CaseClass::Delivery, house.stack.now());
    for version in [1, 1, 2] {
        house.stack.publish("intake", &case, uuid::Uuid::from_u128(1_001), version).await;
        house.stack.settle().await;
    }
    assert_eq!(house.stack.journal(NAME).await.len(), 3, "the complaint, its task and the contact");
    house.withdraw(1).await.unwrap();
    let appeal = |reason: &str| {
        let mut asked =
            request(ANA, AppealRequest { complaint_id: id(1), reason: reason.into(), ..Default::default() });
        asked.metadata_mut().insert("idempotency-key", "k-1".parse().unwrap());
        asked
    };
    let first = ok(house.client().appeal(appeal("broken")).await, "investigating");
    assert_eq!(ok(house.client().appeal(appeal("broken")).await, "investigating"), first);
    let notes: Vec<_> = house.get(1).await.notes.into_iter().map(|note| note.field).collect();
    assert_eq!(notes, ["appeal_reason", "withdrawal"]);
    let other = house.client().appeal(appeal("something else")).await.unwrap_err();
    assert_eq!(code(&other), "idempotency.key_reused");
}

#[tokio::test]
async fn only_cases_that_are_complaints_are_taken() {
    let house = House::open().await;
    let now = house.stack.now();
    let enquiry =
        contracts::intake::v1::CaseRegistered { complaint_id: String::new(), ..case(1, CaseClass::Enquiry, now) };
    house.hear("intake", &enquiry, 1_001).await;
    assert_eq!((house.stack.journal(NAME).await.len(), house.stack.parked(NAME).await), (1, 0), "the contact only");
    house.record(2, CaseClass::Suggestion).await;
    assert_eq!((house.stack.journal(NAME).await.len(), house.stack.parked(NAME).await), (1, 1));
    house.record(3, CaseClass::Discomfort).await;
    assert_eq!(house.stack.journal(NAME).await.len(), 4, "its neighbours pass");
    let health = contracts::intake::v1::CaseRegistered {
        lane: Lane::Health.into(),
        purchase_id: String::new(),
        ..case(4, CaseClass::Discomfort, now)
    };
    house.hear("intake", &health, 1_004).await;
    let recorded = house.view(4).await.recorded.unwrap();
    assert_eq!(
        (recorded.lane(), recorded.purchase_id.as_str(), recorded.department.as_str()),
        (Lane::Health, "", "medical")
    );
}

#[tokio::test]
async fn a_case_that_turns_out_to_be_a_complaint_is_taken_then() {
    let house = House::open().await;
    let registered = Some(case(1, CaseClass::Delivery, house.stack.now()));
    let told = contracts::intake::v1::CaseClassified { registered, ..Default::default() };
    house.hear("intake", &told, 1_001).await;
    assert_eq!(house.view(1).await.recorded.unwrap().class(), CaseClass::Delivery);
}

#[tokio::test]
#[should_panic(expected = "Delivery")]
async fn a_class_without_a_department_is_refused_at_the_start() {
    let forget = |_: &str, settings: &mut backbone::Settings| {
        settings.service["routing"].as_object_mut().unwrap().remove("delivery");
    };
    testkit::Stack::start_with(&[&complaint::SERVICE], forget).await;
}

#[tokio::test]
async fn the_overview_counts_what_is_there() {
    let house = House::open().await;
    house.investigate(1).await;
    house.record(2, CaseClass::Delivery).await;
    house.record(3, CaseClass::Delivery).await;
    house.withdraw(3).await.unwrap();
    house.stack.advance(hours(25)).await;
    let overview = house.overview().await;
    let count = |key: &str, count| Count { key: key.into(), count };
    assert_eq!(overview.complaints, [count("closed", 1), count("investigating", 1), count("recorded", 1)]);
    assert_eq!(overview.open_tasks, [count("logistics", 1), count("quality", 1)]);
    assert_eq!(overview.late_tasks, [count("logistics", 1), count("quality", 1)]);
    assert_eq!(overview.escalations, [count("raised", 4)]);
    assert_eq!(overview.late_investigations, 2);
}
