//! The rules of the house, each as a sentence.
use kernel::{approval::Refusal, sla::Kind};

use super::{
    super::{
        care::Heard,
        command::Rejection,
        complaint::{Outcome, State},
        escalation::{Level, Trigger},
    },
    *,
};

pub fn sample(name: &str) -> Complaint {
    samples().into_iter().find(|(sample, _)| *sample == name).unwrap().1
}

fn micro() -> SignedDuration {
    SignedDuration::from_micros(1)
}

#[test]
fn recording_asks_the_department_of_the_class_at_once() {
    let recorded = sample("re");
    let [asked] = recorded.asked.as_slice() else { unreachable!() };
    assert_eq!(asked.desk, desk("quality"));
    assert_eq!(asked.task_id, kernel::id::derived("department_task", &[&Uuid::from_u128(1).to_string(), "1"]));
}

#[test]
fn r_cmp_02_a_class_judged_differently_brings_its_own_department_in() {
    for (class, word, tasks) in [(Class::ProductQuality, "quality", 1), (Class::Discomfort, "medical", 2)] {
        let assessed = led(&sample("re"), [assess(class, word)]);
        assert_eq!((assessed.class(), assessed.asked.len()), (class, tasks));
        assert_eq!(assessed.asked.last().unwrap().desk, desk(word));
    }
}

#[test]
fn departments_cannot_be_asked_without_end() {
    let asking = led(&sample("ig"), vec![ask("medical"); 19]);
    assert_eq!(asking.asked.len(), 20);
    assert_eq!(asking.decide(ask("medical"), NOW), Err(Rejection::TooManyTasks));
}

#[test]
fn a_first_investigation_concluded_within_the_hour_of_the_day_is_in_time() {
    let due = NOW - hours(1) + hours(24);
    for (at, expected, promise) in [(due, true, Standing::Met), (due + micro(), false, Standing::MetLate)] {
        let mut complaint = sample("ig");
        let events = tell(&mut complaint, conclude(), at);
        assert!(matches!(events.last(), Some(Event::Investigated { in_time, .. }) if *in_time == expected));
        assert_eq!(first(&complaint), promise);
        // Nobody had looked at the clock yet: the breach is on record all the same, before the conclusion.
        assert_eq!(events.len(), if expected { 1 } else { 2 });
        assert_eq!(complaint.escalation_level, (!expected).then_some(Level::Management));
    }
}

#[test]
fn a_breached_promise_stays_breached() {
    let mut complaint = sample("ig");
    let late = tell(&mut complaint, Command::PromiseDue, NOW + hours(24));
    assert_eq!(late.len(), 1);
    assert_eq!(tell(&mut complaint, Command::PromiseDue, NOW + hours(48)), []);
    tell(&mut complaint, conclude(), NOW + hours(48));
    assert_eq!(first(&complaint), Standing::MetLate);
    let mut closed = complaint.clone();
    tell(&mut closed, withdraw(), NOW + hours(49));
    tell(&mut closed, appeal(), NOW + hours(50));
    let events = tell(&mut closed, conclude(), NOW + hours(51));
    assert!(matches!(events.as_slice(), [Event::Investigated { in_time: false, .. }]));
    assert!(closed.late(Kind::FirstInvestigation));
}

#[test]
fn a_second_investigation_does_not_spoil_the_verdict_on_the_first() {
    let mut complaint = led(&sample("sc"), [satisfied(false)]);
    let events = tell(&mut complaint, conclude(), NOW + hours(1000));
    assert!(matches!(events.as_slice(), [Event::Investigated { in_time: true, .. }]));
    assert_eq!(first(&complaint), Standing::Met);
}

#[test]
fn withdrawing_ends_the_clock_but_not_a_breach_that_was() {
    let mut in_time = sample("as");
    tell(&mut in_time, withdraw(), NOW);
    assert_eq!((first(&in_time), in_time.escalation_level), (Standing::Cancelled, None));
    tell(&mut in_time, appeal(), NOW + hours(200));
    assert_eq!(tell(&mut in_time, Command::PromiseDue, NOW + hours(200)), []);

    let mut late = sample("as");
    let events = tell(&mut late, withdraw(), NOW + hours(24));
    assert!(matches!(events.as_slice(), [Event::InvestigationLate { .. }, Event::Closed { .. }]));
    assert_eq!(first(&late), Standing::CancelledAfterBreach);
}

#[test]
fn r_cmp_07_author_cannot_approve_in_any_spelling() {
    let in_approval = sample("ap");
    for by in ["staff:ana", "Staff:Ana"] {
        assert_eq!(in_approval.decide(approve(by, 1), NOW), Err(Rejection::Approval(Refusal::Own)));
    }
}

#[test]
fn above_the_limit_a_second_step_is_needed_and_nobody_takes_both() {
    let waiting = sample("a2");
    let approval = waiting.solution.as_ref().unwrap().approval.as_ref().unwrap();
    assert_eq!((approval.waits_for().unwrap().role.as_str(), approval.given.len()), ("head", 1));
    assert_eq!(waiting.decide(approve(BEN, 1), NOW), Err(Rejection::Approval(Refusal::AlreadyApproved)));
    let approved = led(&waiting, [approve(EVA, 1)]);
    assert_eq!((approved.state, approved.solution.unwrap().approved_by.as_deref()), (State::Approved, Some(EVA)));
}

#[test]
fn an_approval_out_of_time_goes_to_management_and_can_be_asked_for_again() {
    let mut complaint = sample("a2");
    let events = tell(&mut complaint, Command::ApprovalDue, NOW + hours(73));
    assert!(matches!(events.as_slice(), [Event::ApprovalExpired { .. }]));
    assert_eq!((complaint.escalations, complaint.escalation_level), (1, Some(Level::Management)));
    let again = led(&complaint, [submit()]);
    let approval = again.solution.unwrap().approval.unwrap();
    assert_eq!((approval.given.len(), approval.due), (0, NOW + hours(72)), "what was approved before does not count");
}

#[test]
fn a_solution_submitted_before_approvals_had_steps_is_approved_by_those_of_today() {
    let mut json = serde_json::to_value(sample("ap")).unwrap();
    json["solution"].as_object_mut().unwrap().remove("approval");
    let stored: Complaint = serde_json::from_value(json).unwrap();
    assert_eq!(stored.decide(approve(EVA, 1), NOW), Err(Rejection::Approval(Refusal::NoRole("manager".into()))));
    assert_eq!(stored.decide(Command::ApprovalDue, NOW + hours(1_000)), Ok(vec![]));
    let approved = led(&stored, [approve(BEN, 1)]);
    assert_eq!(approved, sample("ok"));
}

#[test]
fn whoever_writes_the_next_draft_is_its_author() {
    let redraft = Command::DraftSolution {
        by: BEN.into(),
        remedies: vec![refund(1)],
        returned: Returned::new(),
        exception: false,
        meets_expectation: MeetsExpectation::NotStated,
        others: None,
        rules: rules(),
    };
    let redrafted = led(&sample("td"), [redraft, submit()]);
    assert_eq!(redrafted.decide(approve(BEN, 2), NOW), Err(Rejection::Approval(Refusal::Own)));
    assert_eq!(led(&redrafted, [approve(ANA, 2)]).state, State::Approved);
}

#[test]
fn money_is_given_back_only_for_a_purchase() {
    let mut investigated = sample("in");
    investigated.facts.purchase_id = None;
    assert_eq!(investigated.decide(draft(&[RemedyKind::Guidance, refund(1)]), NOW), Err(Rejection::NoPurchase));
    assert_eq!(led(&investigated, [draft(&[RemedyKind::Guidance])]).state, State::SolutionDrafted);
}

#[test]
fn the_third_decline_goes_to_management_and_so_does_every_one_after_it() {
    let mut complaint = sample("o3");
    for number in [1, 2] {
        let offer = version(&complaint);
        let events = tell(&mut complaint, decline(offer), NOW);
        let id =
            kernel::id::derived("escalation", &["complaint", &Uuid::from_u128(1).to_string(), &number.to_string()]);
        let escalated = Event::Dissatisfied { trigger: Trigger::DeclinedThrice, escalation_id: id, at: NOW };
        assert_eq!(events, [Event::Declined { at: NOW }, escalated]);
        assert_eq!(complaint.escalation_level, Some(Level::Management));
        complaint = offered_again(&led(&complaint, [conclude()]), &[refund(9)]);
    }
    assert_eq!((complaint.declines, complaint.offers_made), (4, 5));
}

#[test]
fn execution_needs_no_order_of_events_to_be_complete() {
    let agreed = sample("ag");
    for order in [[0, 1], [1, 0]] {
        let done = led(&agreed, order.map(|place| settle(&agreed, place, true)));
        assert_eq!(done.state, State::Executed { untold: false });
    }
}

#[test]
fn what_could_not_be_carried_out_needs_a_new_solution_with_all_its_steps() {
    let executing = sample("ex");
    let mut failing = executing.clone();
    let events = tell(&mut failing, settle(&executing, 0, false), NOW);
    assert!(matches!(events.last(), Some(Event::Raised { trigger: Trigger::RemedyFailed, .. })));
    assert_eq!(failing.decide(draft(&[refund(1)]), NOW), Err(Rejection::NotNow("executing")));
    let stuck = led(&failing, [settle(&executing, 1, true)]);
    assert_eq!(stuck.state, State::Executing);
    let anew = offered_again(&stuck, &[refund(1)]);
    assert_eq!((anew.state.name(), version(&anew)), ("offered", 2));
    // An order of the old solution that reports late changes nothing.
    assert_eq!(anew.decide(settle(&executing, 0, true), NOW), Ok(vec![]));
}

pub fn compensation(minor: i64) -> RemedyKind {
    RemedyKind::Compensation { amount: Money::new(minor, "CNY".parse().unwrap()) }
}

#[test]
fn r_ful_17_execution_deviating_in_kind_or_amount_is_impossible_without_a_new_approved_solution() {
    let agreed = sample("ag");
    let RemedyKind::Refund { amount } = refund(500) else { unreachable!() };
    for other in [refund(501), refund(499), RemedyKind::ReturnRefund { amount }, compensation(500)] {
        let mut complaint = agreed.clone();
        let remedy_id = remedy(&agreed, 0);
        let order = Command::StartExecution { remedy_id, ordered: Some(other) };
        let events = tell(&mut complaint, order.clone(), NOW);
        let raised = matches!(events.last(), Some(Event::Raised { trigger: Trigger::RemedyFailed, .. }));
        assert!(raised, "an order for {other:?} is no execution of it");
        assert_eq!(complaint.decide(order, NOW), Ok(vec![]));
        assert_eq!(complaint.decide(settle(&agreed, 0, true), NOW), Ok(vec![]), "nor does its end settle it");
        let stuck = led(&complaint, [Command::CompleteRemedy { remedy_id: remedy(&agreed, 1), done: None }]);
        assert_eq!(stuck.state, State::Executing);
        let anew = offered_again(&stuck, &[other]);
        assert_eq!((anew.state.name(), version(&anew)), ("offered", 2));
    }
    let as_approved = Command::StartExecution { remedy_id: remedy(&agreed, 0), ordered: Some(refund(500)) };
    assert_eq!(agreed.decide(as_approved, NOW), Ok(vec![Event::ExecutionStarted]));

    let by_people = offered_again(&sample("td"), &[compensation(300)]);
    let by_people = led(&by_people, [consent(version(&by_people))]);
    let complete = |done| Command::CompleteRemedy { remedy_id: remedy(&by_people, 0), done };
    for other in [compensation(301), RemedyKind::Exchange, refund(300)] {
        assert_eq!(by_people.decide(complete(Some(other)), NOW), Err(Rejection::NotAsApproved));
    }
    assert_eq!(led(&by_people, [complete(Some(compensation(300)))]).state.name(), "executed");
}

#[test]
fn r_ful_17_what_a_service_order_carries_out_is_not_done_by_hand_beside_it() {
    let offered = offered_again(&sample("td"), &[compensation(300), RemedyKind::ServiceAgain]);
    let agreed = led(&offered, [consent(version(&offered))]);
    let ordered = |place, kind| Command::StartExecution { remedy_id: remedy(&agreed, place), ordered: Some(kind) };
    let started = agreed.decide(ordered(0, compensation(300)), NOW).unwrap();
    let remedy_id = remedy(&agreed, 0);
    assert_eq!(started, [Event::ExecutionStarted, Event::RemedyOrdered { remedy_id }]);
    let open = led(&agreed, [ordered(0, compensation(300))]);
    assert_eq!(open.decide(ordered(0, compensation(300)), NOW), Ok(vec![]), "told twice it is ordered once");
    let done = Command::CompleteRemedy { remedy_id, done: Some(compensation(300)) };
    let given_up = Command::ReportRemedyDeviation { remedy_id, given_up: true };
    for by_hand in [done, given_up] {
        assert_eq!(open.decide(by_hand, NOW), Err(Rejection::RemedyOrdered));
    }
    assert_eq!(open.decide(withdraw(), NOW), Err(Rejection::MoneyMoving), "it may be on its way");
    let service = Command::CompleteRemedy { remedy_id: remedy(&agreed, 1), done: None };
    let executed = led(&open, [service, settle(&open, 0, true)]);
    assert_eq!(executed.state.name(), "executed", "what no order carries out is done by people");
    assert_eq!(
        executed.decide(ordered(1, RemedyKind::ServiceAgain), NOW),
        Ok(vec![]),
        "an order that comes late changes nothing"
    );
}

#[test]
fn r_cmp_06_a_remedy_outside_the_policy_takes_a_reason_and_one_more_approval() {
    let investigated = sample("in");
    let wished = [refund(1), RemedyKind::Repair];
    assert_eq!(investigated.decide(draft(&wished), NOW), Err(Rejection::OutsidePolicy("repair")));
    let waiting = led(&investigated, [draft_exception(&wished), submit(), approve(BEN, 1)]);
    let solution = waiting.solution.as_ref().unwrap();
    assert_eq!(solution.remedies.iter().map(|remedy| remedy.exception).collect::<Vec<_>>(), [false, true]);
    assert_eq!(solution.approval.as_ref().unwrap().waits_for().unwrap().role, "head");
    assert_eq!(led(&waiting, [approve(EVA, 1)]).state, State::Approved);
    let ordinary = led(&investigated, [draft_exception(&[refund(1)]), submit(), approve(BEN, 1)]);
    assert_eq!(ordinary.state, State::Approved, "a reason alone makes no exception");
}

#[test]
fn r_cmp_08_nothing_is_carried_out_before_the_customers_consent_is_on_record() {
    let offered = sample("of");
    let guidance = Command::CompleteRemedy { remedy_id: remedy(&offered, 1), done: None };
    let order = Command::StartExecution { remedy_id: remedy(&offered, 0), ordered: None };
    assert_eq!(offered.decide(guidance.clone(), NOW), Err(Rejection::NotNow("offered")));
    for early in [order.clone(), settle(&offered, 0, true)] {
        assert_eq!(offered.decide(early, NOW), Ok(vec![]));
    }
    let agreed = led(&offered, [consent(1)]);
    let recorded = agreed.solution.as_ref().unwrap().consent.clone().unwrap();
    assert_eq!((recorded.by.as_str(), recorded.at, recorded.channel.as_str()), (BEN, NOW, "hotline"));
    assert_eq!(led(&agreed, [guidance, order, settle(&agreed, 0, true)]).state, State::Executed { untold: false });
}

#[test]
fn remedies_stored_before_exceptions_and_deviations_are_read() {
    let mut json = serde_json::to_value(sample("ex")).unwrap();
    for remedy in json["solution"]["remedies"].as_array_mut().unwrap() {
        let remedy = remedy.as_object_mut().unwrap();
        assert!(remedy.remove("exception").is_some() && remedy.remove("deviates").is_some());
    }
    assert_eq!(serde_json::from_value::<Complaint>(json).unwrap(), sample("ex"));
}

#[test]
fn r_cmp_17_the_process_is_left_with_a_trace_and_not_without_end() {
    let leave = || Command::RecordProcessDeviation { by: BEN.into(), what: "visited_at_home".into() };
    let left = led(&sample("of"), [leave()]);
    let [deviation] = left.deviations.as_slice() else { unreachable!() };
    let expected = ("visited_at_home", "offered", BEN, NOW);
    assert_eq!((deviation.what.as_str(), deviation.during.as_str(), deviation.by.as_str(), deviation.at), expected);
    assert_eq!(left.state, sample("of").state);
    let often = led(&left, vec![leave(); 19]);
    assert_eq!(often.decide(leave(), NOW), Err(Rejection::TooManyDeviations));
    let mut json = serde_json::to_value(sample("of")).unwrap();
    assert!(json.as_object_mut().unwrap().remove("deviations").is_some());
    assert_eq!(serde_json::from_value::<Complaint>(json).unwrap(), sample("of"), "stored before deviations were kept");
}

#[test]
fn a_remedy_outside_the_fairness_band_takes_a_second_approval() {
    for (minor, outside) in [(500, false), (501, true), (499, true)] {
        let drafted = led(&sample("in"), [draft_among(&[refund(minor), RemedyKind::Guidance])]);
        let fairness = drafted.solution.as_ref().unwrap().fairness.unwrap();
        assert_eq!((fairness.comparables, fairness.outside), (20, outside), "{minor}");
        let approved = led(&drafted, [submit(), approve(BEN, 1)]);
        assert_eq!(approved.state == State::InApproval, outside);
        assert!(!outside || led(&approved, [approve(EVA, 1)]).state == State::Approved);
    }
    let guidance = led(&sample("in"), [draft_among(&[RemedyKind::Guidance])]);
    assert_eq!(guidance.solution.unwrap().fairness, None);
    let large = led(&sample("in"), [draft_among(&[refund(100_001)]), submit()]);
    assert_eq!(large.solution.unwrap().approval.unwrap().steps.len(), 2, "two are asked anyway");
}

#[test]
fn silence_is_never_satisfaction() {
    let mut complaint = sample("s3");
    tell(&mut complaint, Command::SilenceDue, NOW + hours(500));
    let silent_at = NOW + hours(9 * 24);
    assert_eq!(complaint.state, State::Closed { outcome: Outcome::Unconfirmed, at: silent_at });
}

#[test]
fn a_dissatisfied_customer_goes_to_management_and_the_search_begins_again() {
    let mut complaint = sample("sc");
    let events = tell(&mut complaint, satisfied(false), NOW);
    let [Event::Care(Heard::Feedback { satisfied: false, .. }), Event::Dissatisfied { trigger, .. }] =
        events.as_slice()
    else {
        unreachable!("{events:?}")
    };
    assert_eq!(*trigger, Trigger::Dissatisfied);
    assert_eq!((complaint.state.clone(), complaint.escalation_level), (State::Investigating, Some(Level::Management)));
}

#[test]
fn asking_in_person_tells_the_result_as_well() {
    let mut complaint = sample("ed");
    let events = tell(&mut complaint, satisfied(true), NOW);
    let told = |events: &[Event]| {
        matches!(events, [Event::ResultTold { message_id: None, .. }, Event::Care(_), Event::Closed { .. }])
    };
    assert!(told(&events), "{events:?}");
    assert_eq!(complaint.decide(tell_result(&complaint), NOW), Ok(vec![]));
}

#[test]
fn a_message_of_an_earlier_execution_says_nothing_about_this_one() {
    let first = sample("ed");
    let again = [satisfied(false), conclude()];
    let agreed = offered_again(&led(&first, again), &[refund(9)]);
    let agreed = led(&agreed, [consent(2)]);
    let second = led(&agreed, [settle(&agreed, 0, true)]);
    assert_eq!(second.state, first.state);
    assert_eq!(second.decide(tell_result(&first), NOW), Ok(vec![]));
    assert_eq!(led(&second, [tell_result(&second)]).state.name(), "satisfaction_check");
}

#[test]
fn a_result_that_cannot_be_sent_goes_to_management_and_is_told_in_person() {
    let mut complaint = sample("ed");
    let untold = Command::ResultUntold { message_id: complaint.result_message() };
    let events = tell(&mut complaint, untold, NOW);
    assert!(matches!(events.as_slice(), [Event::Raised { trigger: Trigger::ResultUntold, .. }]));
    assert_eq!((complaint.state.clone(), complaint.escalations), (State::Executed { untold: true }, 1));
    assert_eq!(led(&complaint, [satisfied(true)]).state.name(), "closed");
}

#[test]
fn an_appeal_counts_and_keeps_what_was_known() {
    let reopened = led(&sample("cl"), [appeal()]);
    assert_eq!((reopened.reopen_count, version(&reopened), reopened.offers_made), (1, 1, 1));
    assert_eq!(version(&offered_again(&led(&reopened, [conclude()]), &[refund(2)])), 2);
}

#[test]
fn a_level_once_reached_is_not_announced_again() {
    let escalate = Command::Escalate {
        level: Level::Management,
        trigger: Trigger::DepartmentLate,
        escalation_id: Uuid::from_u128(7),
    };
    let raised = led(&sample("ig"), [escalate.clone()]);
    assert_eq!(raised.decide(escalate, NOW), Ok(vec![]));
}
