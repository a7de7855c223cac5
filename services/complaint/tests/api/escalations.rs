//! The ladder: who must look first, who after that, and how it ends.
use contracts::{
    common::v1::{CaseClass, Lane},
    complaint::v1::*,
    fulfilment::v1::{CompensationMoved, OrderPromise, OrderPromiseMoved, OrderUncompleted, RefundOverdue},
    intake::v1::{CaseClosed, CaseResponded, CaseResponseCorrected, CaseResponseDueSoon, CaseResponseMissed},
};
use testkit::request;

use crate::house::{ANA, House, NAME, code, hours, id, micro, ok, on_wire, refund};

async fn at_level(house: &House, level: EscalationLevel) -> Vec<EscalationView> {
    let asked = ListEscalationsRequest { level: level.into(), ..ListEscalationsRequest::default() };
    house.client().list_escalations(request(ANA, asked)).await.unwrap().into_inner().escalations
}

async fn raise(house: &House, trigger: EscalationTrigger) -> Result<String, tonic::Status> {
    let raise =
        RaiseEscalationRequest { complaint_id: id(1), trigger: trigger.into(), reason: "the paper asks".into() };
    house.client().raise_escalation(request(ANA, raise)).await.map(|receipt| receipt.into_inner().status)
}

/// The story of a department that is late: its head, then management, which acknowledges late, decides and closes.
#[tokio::test]
async fn r_cmp_13_what_a_level_does_not_acknowledge_goes_to_the_next_one() {
    let house = House::open().await;
    house.record(1, CaseClass::Discomfort).await;
    house.stack.advance(hours(13)).await;
    let [late] = at_level(&house, EscalationLevel::DepartmentHead).await.try_into().unwrap();
    let raised = late.raised.unwrap();
    assert_eq!((raised.trigger(), raised.department.as_str()), (EscalationTrigger::DepartmentLate, "medical"));
    assert_eq!(raised.acknowledge_by, on_wire(house.stack.now() + hours(24)));
    assert_eq!(house.view(1).await.escalation_level, 3);
    house.stack.advance(hours(24)).await;
    let passed = async || {
        let passed = house.events::<EscalationPassedUp>().await;
        passed.into_iter().filter(|up| up.escalation_id == late.escalation_id).collect::<Vec<_>>()
    };
    assert_eq!(passed().await, [], "the last instant is in time");
    house.stack.advance(micro()).await;
    let [up] = passed().await.try_into().unwrap();
    assert_eq!((up.from_level(), up.level()), (EscalationLevel::DepartmentHead, EscalationLevel::Management));
    assert_eq!((up.escalation_id.as_str(), up.acknowledge_by), (late.escalation_id.as_str(), None));
    assert_eq!(house.view(1).await.escalation_level, 4);

    house.stack.advance(hours(100)).await;
    let client = || house.client();
    let escalation_id = late.escalation_id;
    let close = CloseEscalationRequest { escalation_id: escalation_id.clone() };
    let early = client().close_escalation(request("staff:head", close.clone())).await.unwrap_err();
    assert_eq!(code(&early), "escalation.not_now");
    let decide = DecideEscalationRequest { escalation_id: escalation_id.clone(), decision: "visit her".into() };
    ok(client().decide_escalation(request("staff:eva", decide)).await, "decided");
    ok(client().close_escalation(request("staff:eva", close)).await, "closed");
    let steps = house.history(&escalation_id).await.join(" ");
    assert_eq!(steps, "EscalationRaised EscalationPassedUp EscalationAcknowledged EscalationDecided EscalationClosed");
    let rows = house.stack.journal(NAME).await;
    let subjects: Vec<_> = rows
        .iter()
        .filter(|row| row.aggregate_id.to_string() == escalation_id)
        .map(|row| row.subject.as_str())
        .collect();
    let expected = ["department_head.raised", "management.passed_up", "management.acknowledged", "management.decided"];
    assert_eq!(subjects[..4], expected.map(|word| format!("escalation.v1.{word}")));
    let closed = house.events::<EscalationClosed>().await;
    let by_hand = closed.iter().find(|closed| closed.escalation_id == escalation_id).unwrap();
    assert!(!by_hand.settled);
}

#[tokio::test]
async fn a_customer_who_contacts_us_again_and_again_is_raised_once() {
    let house = House::open().await;
    let contact = |number: u128, complaint: bool| {
        let case = crate::house::case(number, CaseClass::Enquiry, house.stack.now());
        let class = if complaint { CaseClass::Delivery } else { CaseClass::Enquiry };
        let complaint_id = if complaint { id(number) } else { String::new() };
        contracts::intake::v1::CaseRegistered { customer_id: id(2_000), complaint_id, class: class.into(), ..case }
    };
    for (number, complaint) in [(1, false), (2, false), (3, true), (4, true)] {
        house.hear("intake", &contact(number, complaint), 1_000 + number).await;
        house.stack.advance(hours(24)).await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let repeated: Vec<_> = raised.iter().filter(|e| e.trigger() == EscalationTrigger::RepeatedContact).collect();
    let [once] = repeated.as_slice() else { unreachable!("{repeated:?}") };
    assert_eq!(
        (once.level(), &once.case_id, &once.complaint_id),
        (EscalationLevel::ComplaintManager, &id(1_003), &id(3))
    );
    let counts: Vec<_> = house.events::<CustomerContacted>().await.iter().map(|e| e.times).collect();
    assert_eq!(counts, [1, 2, 3, 3], "no further than it takes to tell");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn quiet_hours_hold_back_the_notification_and_not_the_escalation() {
    let house = House::open().await;
    house.record(1, CaseClass::Delivery).await;
    let mut quiet = 0;
    for _ in 0..24 {
        house.stack.advance(hours(1)).await;
        raise(&house, EscalationTrigger::Manual).await.unwrap();
        let raised = house.events::<EscalationRaised>().await.pop().unwrap();
        assert_eq!(raised.raised_at, on_wire(house.stack.now()), "it is raised at once");
        let told = backbone::proto::required("notify_at", raised.notify_at.as_ref()).unwrap();
        let local = told.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap());
        assert!((7..22).contains(&local.hour()), "{local}");
        quiet += usize::from(raised.notify_at != raised.raised_at);
    }
    assert_eq!(quiet, 9, "from 22:00 to 07:00");
}

#[tokio::test]
async fn people_raise_a_complaint_by_hand_and_grave_or_costly_ones_are_raised_by_themselves() {
    let house = House::open().await;
    house.record(1, CaseClass::Discomfort).await;
    assert_eq!(raise(&house, EscalationTrigger::Regulator).await.unwrap(), "recorded");
    assert_eq!(house.get(1).await.notes[0].field, "escalation_reason");
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Discomfort.into(), severity: 3 };
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    house.investigate(2).await;
    house.offer(2, vec![refund(500_000)]).await;
    house.decline(2).await;
    house.offer(2, vec![refund(500_001)]).await;
    let raised = house.events::<EscalationRaised>().await;
    let mut raised: Vec<_> = raised.iter().map(|e| (e.trigger(), e.level(), e.complaint_id.clone())).collect();
    raised.sort();
    let expected = [
        (EscalationTrigger::Severity, EscalationLevel::DepartmentHead, id(1)),
        (EscalationTrigger::Amount, EscalationLevel::ComplaintManager, id(2)),
        (EscalationTrigger::Regulator, EscalationLevel::Management, id(1)),
    ];
    assert_eq!(raised, expected);
    assert_eq!((house.view(1).await.escalation_level, house.view(2).await.escalation_level), (4, 2));
    house.withdraw(1).await.unwrap();
    assert_eq!(code(&raise(&house, EscalationTrigger::Manual).await.unwrap_err()), "complaint.not_now");
    assert_eq!(raise(&house, EscalationTrigger::Media).await.unwrap(), "closed", "the public asks whenever it likes");
    let raised = house.events::<EscalationRaised>().await;
    assert!(raised.iter().any(|raised| raised.trigger() == EscalationTrigger::Media));
}

#[tokio::test]
async fn a_case_without_a_first_answer_goes_to_the_team_lead_until_somebody_answers() {
    let house = House::open().await;
    house.record(1, CaseClass::Delivery).await;
    let missed = |number: u128, complaint_id: String| CaseResponseMissed {
        case_id: id(1_000 + number),
        complaint_id,
        ..CaseResponseMissed::default()
    };
    house.hear("intake", &missed(1, id(1)), 1_001).await;
    for enquiry in [2, 3] {
        house.hear("intake", &missed(enquiry, String::new()), 1_000 + enquiry).await;
    }
    let raised = house.events::<EscalationRaised>().await;
    assert!(
        raised
            .iter()
            .all(|e| (e.trigger(), e.level()) == (EscalationTrigger::FirstResponseLate, EscalationLevel::TeamLead))
    );
    let about: Vec<_> = raised.iter().map(|e| (e.case_id.clone(), e.complaint_id.clone())).collect();
    assert_eq!(about, [(id(1_001), id(1)), (id(1_002), String::new()), (id(1_003), String::new())]);
    assert_eq!(house.view(1).await.escalation_level, 1);
    let case_id = id(1_002);
    house.hear("intake", &CaseResponded { case_id, in_time: false, ..CaseResponded::default() }, 1_002).await;
    house.hear("intake", &CaseClosed { case_id: id(1_003), ..CaseClosed::default() }, 1_003).await;
    house.stack.advance(hours(4) + micro()).await;
    let status: Vec<_> = house.escalations().await.into_iter().map(|view| view.status).collect();
    assert_eq!(status.iter().filter(|status| *status == "closed").count(), 2, "{status:?}");
    let [up] = house.events::<EscalationPassedUp>().await.try_into().unwrap();
    assert_eq!((up.level(), up.case_id), (EscalationLevel::ComplaintManager, id(1_001)));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_12_what_is_still_raised_when_a_complaint_closes_is_settled_but_for_managements_own() {
    let house = House::open().await;
    house.investigate(1).await;
    raise(&house, EscalationTrigger::Manual).await.unwrap();
    raise(&house, EscalationTrigger::Regulator).await.unwrap();
    house.stack.advance(hours(25)).await;
    let answer = AnswerTaskRequest {
        task_id: house.tasks("quality").await[0].task_id.clone(),
        department: "quality".into(),
        text: "the cap leaks".into(),
        ..AnswerTaskRequest::default()
    };
    ok(house.client().answer_task(request("staff:quinn", answer)).await, "answered");
    house.stack.settle().await;
    let text = "is it harmful?".into();
    let ask = AskDepartmentRequest { complaint_id: id(1), department: "medical".into(), text };
    ok(house.client().ask_department(request(ANA, ask)).await, "investigating");
    house.stack.advance(hours(25)).await;
    let open = async || {
        let views = house.escalations().await.into_iter().filter(|view| view.status != "closed");
        let mut open: Vec<_> = views.map(|view| view.raised.unwrap().trigger()).collect();
        open.sort();
        open
    };
    let expected = [
        EscalationTrigger::InvestigationLate,
        EscalationTrigger::DepartmentLate,
        EscalationTrigger::DepartmentLate,
        EscalationTrigger::Manual,
        EscalationTrigger::Regulator,
    ];
    let before = open().await;
    assert!(expected.iter().all(|trigger| before.contains(trigger)), "{before:?}");
    house.withdraw(1).await.unwrap();
    assert_eq!(open().await, [EscalationTrigger::Regulator]);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_13_an_answer_told_late_settles_a_missed_first_answer_only_if_it_was_in_time() {
    let house = House::open().await;
    for case in [1, 2] {
        let missed = CaseResponseMissed { case_id: id(1_000 + case), ..CaseResponseMissed::default() };
        house.hear("intake", &missed, 1_000 + case).await;
    }
    for (case, in_time) in [(1, true), (2, false)] {
        let corrected =
            CaseResponseCorrected { case_id: id(1_000 + case), in_time, ..CaseResponseCorrected::default() };
        house.hear("intake", &corrected, 1_000 + case).await;
    }
    let mut stand: Vec<_> =
        house.escalations().await.into_iter().map(|view| (view.raised.unwrap().case_id, view.status)).collect();
    stand.sort();
    assert_eq!(stand, [(id(1_001), "closed".to_owned()), (id(1_002), "raised".to_owned())]);
    let [closed] = house.events::<EscalationClosed>().await.try_into().unwrap();
    assert!(closed.settled);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_05_a_refund_without_an_outcome_goes_to_management_also_where_there_is_no_complaint() {
    let house = House::open().await;
    house.record(1, CaseClass::Repair).await;
    let overdue = |refund: u128, complaint_id: String| RefundOverdue {
        refund_id: id(refund),
        order_id: id(refund + 10),
        complaint_id,
        ..RefundOverdue::default()
    };
    house.hear("fulfilment", &overdue(8, id(1)), 8).await;
    house.hear("fulfilment", &overdue(8, id(1)), 8).await;
    house.hear("fulfilment", &overdue(9, String::new()), 9).await;
    let raised = house.events::<EscalationRaised>().await;
    let seen: Vec<_> =
        raised.iter().map(|one| (one.trigger(), one.complaint_id.clone(), one.order_id.clone())).collect();
    let unknown = EscalationTrigger::PaymentUnknown;
    assert_eq!(seen, [(unknown, id(1), id(18)), (unknown, String::new(), id(19))]);
    assert!(raised.iter().all(|one| one.level() == EscalationLevel::Management));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_05_a_promise_of_an_order_is_warned_of_and_raised_when_it_is_late() {
    let house = House::open().await;
    let moved = |status: &str, warned: &[&str]| OrderPromiseMoved {
        order_id: id(7),
        promise: Some(OrderPromise {
            promise: "refund_term".into(),
            started_at: Some(backbone::proto::timestamp(jiff::Timestamp::UNIX_EPOCH)),
            status: status.into(),
            warned: warned.iter().map(ToString::to_string).collect(),
            ..OrderPromise::default()
        }),
    };
    let half = moved("running", &["50%"]);
    for event in [moved("running", &[]), half.clone(), half, moved("running", &["50%", "80%"])] {
        house.hear("fulfilment", &event, 7).await;
    }
    let seen =
        |raised: Vec<EscalationRaised>| raised.iter().map(|one| (one.trigger(), one.level())).collect::<Vec<_>>();
    let warned = (EscalationTrigger::PromiseWarning, EscalationLevel::TeamLead);
    assert_eq!(seen(house.events().await), [warned, warned], "each once");
    house.hear("fulfilment", &moved("breached", &["50%", "80%"]), 7).await;
    let late = (EscalationTrigger::PromiseLate, EscalationLevel::ComplaintManager);
    assert_eq!(seen(house.events().await), [warned, warned, late]);
    assert_eq!(house.events::<EscalationClosed>().await.len(), 2, "what is late is warned of no more");
    house.hear("fulfilment", &moved("met_late", &["50%", "80%"]), 7).await;
    assert_eq!(house.events::<EscalationClosed>().await.len(), 3, "it came, and nobody need look any more");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_05_what_waits_for_our_own_people_is_raised_with_its_order_until_it_is_done() {
    let house = House::open().await;
    let moved = |order: u128, kind: &str, status: &str| OrderPromiseMoved {
        order_id: id(order),
        promise: Some(OrderPromise {
            promise: kind.into(),
            started_at: Some(backbone::proto::timestamp(jiff::Timestamp::UNIX_EPOCH)),
            status: status.into(),
            ..OrderPromise::default()
        }),
    };
    let kinds = ["review_term", "ruling_term", "delivery_term", "giving_term"];
    for (kind, order) in kinds.into_iter().zip(20..) {
        for status in ["running", "breached", "breached"] {
            house.hear("fulfilment", &moved(order, kind, status), order).await;
        }
        let raised = house.events::<EscalationRaised>().await.pop().unwrap();
        let what = raised.detail.as_ref().map(|detail| detail.what.as_str());
        let late = (EscalationTrigger::PromiseLate, EscalationLevel::ComplaintManager);
        assert_eq!((raised.trigger(), raised.level()), late, "{kind}");
        assert_eq!((raised.order_id, what), (id(order), Some(kind)));
    }
    assert_eq!(house.events::<EscalationRaised>().await.len(), 4, "each once");
    for (ends, (kind, order)) in (1..).zip(kinds.into_iter().zip(20..)) {
        let end = if ends == 4 { "cancelled_after_breach" } else { "met_late" };
        house.hear("fulfilment", &moved(order, kind, end), order).await;
        assert_eq!(house.events::<EscalationClosed>().await.len(), ends, "{kind}");
    }
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_17_an_agreed_remedy_that_nobody_completes_is_raised_once() {
    let house = House::open().await;
    house.record(1, CaseClass::Repair).await;
    let uncompleted = OrderUncompleted { order_id: id(7), complaint_id: id(1), remedy_id: id(9) };
    house.hear("fulfilment", &uncompleted, 7).await;
    house.hear("fulfilment", &uncompleted, 7).await;
    let raised = house.events::<EscalationRaised>().await;
    let seen: Vec<_> =
        raised.iter().map(|one| (one.trigger(), one.complaint_id.clone(), one.order_id.clone())).collect();
    assert_eq!(seen, [(EscalationTrigger::PromiseLate, id(1), id(7))]);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_15_compensation_that_is_held_back_or_fails_is_raised_until_it_goes_on() {
    let house = House::open().await;
    let moved = |status: &str, refund_id: String| CompensationMoved {
        order_id: id(7),
        status: status.into(),
        refund_id,
        ..CompensationMoved::default()
    };
    for status in ["held_back", "held_back", "asked", "approved", "paying"] {
        house.hear("fulfilment", &moved(status, String::new()), 7).await;
    }
    for (status, refund) in [("failed", 8), ("approved", 8), ("paying", 9), ("failed", 9)] {
        house.hear("fulfilment", &moved(status, id(refund)), 7).await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let seen: Vec<_> = raised.iter().map(|one| (one.trigger(), one.order_id.clone())).collect();
    let (late, failed) = (EscalationTrigger::ApprovalLate, EscalationTrigger::RemedyFailed);
    assert_eq!(seen, [(late, id(7)), (failed, id(7)), (failed, id(7))], "each payment that fails");
    assert_eq!(house.events::<EscalationClosed>().await.len(), 2, "the last one still waits for people");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_13_a_first_answer_that_comes_near_its_end_is_warned_of_until_it_is_given_or_late() {
    let house = House::open().await;
    let soon = |case: u128, warning: &str| CaseResponseDueSoon {
        case_id: id(1_000 + case),
        warning: warning.into(),
        ..CaseResponseDueSoon::default()
    };
    for (case, warning) in [(1, "50%"), (1, "2h"), (2, "50%"), (3, "50%")] {
        house.hear("intake", &soon(case, warning), 1_000 + case).await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let seen: Vec<_> = raised.iter().map(|one| (one.trigger(), one.level(), one.case_id.clone())).collect();
    let warned = |case: u128| (EscalationTrigger::PromiseWarning, EscalationLevel::TeamLead, id(1_000 + case));
    assert_eq!(seen, [warned(1), warned(2), warned(3)], "once a case");
    let case_id = id(1_001);
    house.hear("intake", &CaseResponded { case_id, in_time: true, ..CaseResponded::default() }, 1_001).await;
    house.hear("intake", &CaseResponseMissed { case_id: id(1_002), ..Default::default() }, 1_002).await;
    house.hear("intake", &CaseClosed { case_id: id(1_003), ..CaseClosed::default() }, 1_003).await;
    let mut open: Vec<_> = house.escalations().await.into_iter().filter(|view| view.status != "closed").collect();
    let last = open.pop().unwrap().raised.unwrap();
    assert_eq!((open, last.trigger(), last.case_id), (vec![], EscalationTrigger::FirstResponseLate, id(1_002)));
    assert!(house.events::<EscalationClosed>().await.iter().all(|closed| closed.settled));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_int_09_a_first_answer_that_is_missed_where_harm_is_done_is_told_by_night_as_well() {
    let house = House::open().await;
    // Half past one in Shanghai.
    house.stack.advance(hours(9) + jiff::SignedDuration::from_mins(30)).await;
    for (case, lane) in [(1, Lane::Health), (2, Lane::Standard), (3, Lane::Unspecified)] {
        let missed = CaseResponseMissed { case_id: id(1_000 + case), lane: lane.into(), ..Default::default() };
        house.hear("intake", &missed, 1_000 + case).await;
    }
    let told = |raised: EscalationRaised| (raised.case_id, raised.notify_at == raised.raised_at);
    let told: Vec<_> = house.events::<EscalationRaised>().await.into_iter().map(told).collect();
    assert_eq!(told, [(id(1_001), true), (id(1_002), false), (id(1_003), false)], "only harm wakes anybody");
    // What nobody acknowledges goes up by night as well, and is told there by night.
    house.stack.advance(hours(4) + micro()).await;
    let up = house.events::<EscalationPassedUp>().await;
    let harm = up.iter().find(|up| up.case_id == id(1_001)).unwrap();
    assert_eq!((harm.level(), harm.notify_at), (EscalationLevel::ComplaintManager, harm.passed_up_at));
    assert_eq!(house.stack.parked(NAME).await, 0);
}
