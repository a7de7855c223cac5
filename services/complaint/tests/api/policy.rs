//! The shipped policy as it is met from outside: what is owed for a grade, what the approver sees, who is raised to, and
//! what is different for VIPs.
use contracts::{
    common::v1::{CaseClass, Remedy, RemedyKind},
    complaint::v1::*,
    intake::v1::CaseRegistered,
};
use testkit::request;

use crate::house::{ANA, BEN, House, case, code, conclude, draft, guidance, hours, id, micro, ok, on_wire, refund};

/// A discomfort that was judged this grave and is investigated.
async fn harmed(house: &House, number: u128, severity: u32) {
    house.record(number, CaseClass::Discomfort).await;
    let assess = AssessRequest { complaint_id: id(number), class: CaseClass::Discomfort.into(), severity };
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    let start = StartInvestigationRequest { complaint_id: id(number) };
    ok(house.client().start_investigation(request(ANA, start)).await, "investigating");
    ok(house.client().conclude_investigation(request(ANA, conclude(number))).await, "investigated");
}

#[tokio::test]
async fn r_cmp_14_who_was_harmed_is_given_something_and_who_was_harmed_badly_medical_guidance_as_well() {
    let house = House::open().await;
    let exchange = || Remedy { kind: RemedyKind::Exchange.into(), ..Remedy::default() };
    let grades =
        [(0, true, true, 0), (1, false, true, 1), (2, false, true, 1), (3, false, false, 2), (4, false, false, 2)];
    for (severity, advice, money, owed) in grades {
        let number = u128::from(severity) + 1;
        harmed(&house, number, severity).await;
        assert_eq!(house.get(number).await.owed.len(), owed, "what is owed is shown, severity {severity}");
        for (remedies, enough) in [(vec![guidance()], advice), (vec![refund(100)], money)] {
            let drafted = house.client().draft_solution(request(ANA, draft(number, remedies))).await;
            let refused = drafted.err().map(|status| code(&status));
            assert_eq!(refused.as_deref(), (!enough).then_some("complaint.below_policy"), "severity {severity}");
        }
        let both = if severity == 0 { vec![guidance(), refund(100)] } else { vec![guidance(), exchange()] };
        ok(house.client().draft_solution(request(ANA, draft(number, both))).await, "solution_drafted");
        assert!(!house.view(number).await.below_policy);
    }
    let raised = house.events::<EscalationRaised>().await;
    let grave = raised.iter().filter(|one| one.trigger() == EscalationTrigger::Severity);
    assert_eq!(grave.map(|one| one.complaint_id.clone()).collect::<Vec<_>>(), [id(4), id(5)], "and it is raised");
}

#[tokio::test]
async fn r_cmp_14_less_than_is_owed_takes_a_reason_and_one_more_approval() {
    let house = House::open().await;
    harmed(&house, 1, 4).await;
    let exception_reason = "she wants nothing but to know what to do".to_owned();
    let less = DraftSolutionRequest { exception_reason, ..draft(1, vec![guidance()]) };
    ok(house.client().draft_solution(request(ANA, less)).await, "solution_drafted");
    ok(
        house.client().submit_solution(request(ANA, SubmitSolutionRequest { complaint_id: id(1) })).await,
        "in_approval",
    );
    let approve = ApproveSolutionRequest { complaint_id: id(1), solution_version: 1 };
    ok(house.client().approve_solution(request(BEN, approve)).await, "in_approval");
    let view = house.view(1).await;
    assert!(view.below_policy);
    assert_eq!(view.approval.unwrap().waits_for, "head_of_after_sales");
}

#[tokio::test]
async fn r_cmp_06_the_approver_sees_whether_a_draft_meets_the_customers_expectation() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    assert_eq!(house.view(1).await.meets_expectation(), MeetsExpectation::Unspecified, "there is no draft yet");
    use MeetsExpectation::{No, NotStated, Partly, Unspecified, Yes};
    for (said, shown) in [(Unspecified, NotStated), (Yes, Yes), (Partly, Partly), (NotStated, NotStated), (No, No)] {
        let drafted = DraftSolutionRequest { meets_expectation: said.into(), ..draft(1, vec![refund(500)]) };
        ok(house.client().draft_solution(request(ANA, drafted)).await, "solution_drafted");
        assert_eq!(house.view(1).await.meets_expectation(), shown);
    }
    ok(
        house.client().submit_solution(request(ANA, SubmitSolutionRequest { complaint_id: id(1) })).await,
        "in_approval",
    );
    let asked = GetComplaintRequest { complaint_id: id(1) };
    let seen = house.client().get_complaint(request(BEN, asked)).await.unwrap().into_inner().complaint.unwrap();
    assert_eq!((seen.status.as_str(), seen.meets_expectation()), ("in_approval", No));
}

#[tokio::test]
async fn r_cmp_13_each_further_promise_that_is_broken_is_raised_higher() {
    let house = House::open().await;
    house.record(1, CaseClass::Delivery).await;
    house.stack.advance(hours(72) + micro()).await;
    let raised = house.events::<EscalationRaised>().await;
    use EscalationTrigger::{InvestigationLate, PromiseLate, Silence};
    let broken = raised.iter().filter(|one| [InvestigationLate, PromiseLate, Silence].contains(&one.trigger()));
    let mut levels: Vec<_> = broken.map(|one| (one.trigger().as_str_name(), one.level().as_str_name())).collect();
    levels.sort_unstable();
    let [department_head, management] =
        [EscalationLevel::DepartmentHead, EscalationLevel::Management].map(|level| level.as_str_name());
    let expected = [
        (InvestigationLate, management),
        (PromiseLate, department_head),
        (PromiseLate, management),
        (Silence, management),
    ];
    assert_eq!(levels, expected.map(|(trigger, level)| (trigger.as_str_name(), level)), "24, 48, 72 and 72 hours");
    let told = house.events::<ComplaintEscalated>().await;
    assert!(told.iter().any(|one| one.trigger() == PromiseLate && one.level() == EscalationLevel::DepartmentHead));
    assert_eq!(house.view(1).await.escalation_level, 4);
}

#[tokio::test]
async fn r_int_10_r_cmp_05_vips_are_listed_apart_and_hear_of_us_sooner() {
    let house = House::open().await;
    let recorded_at = house.stack.now();
    for (number, vip_tier) in [(1, 0), (2, 1), (3, 3)] {
        let registered = CaseRegistered { vip_tier, ..case(number, CaseClass::Delivery, recorded_at) };
        house.hear("intake", &registered, 1_000 + number).await;
    }
    house.withdraw(3).await.unwrap();
    let listed = async |segment: &str, status: &str| {
        let (segment, status) = (segment.to_owned(), status.to_owned());
        let asked = ListComplaintsRequest { segment, status, ..Default::default() };
        let listed = house.client().list_complaints(request(ANA, asked)).await.unwrap().into_inner().complaints;
        listed.into_iter().map(|view| view.complaint_id).collect::<Vec<_>>()
    };
    assert_eq!(listed("vip", "").await, [id(2), id(3)]);
    assert_eq!(listed("vip", "recorded").await, [id(2)]);
    assert_eq!(listed("", "").await, [1, 2, 3].map(id));
    for (number, within) in [(1, 72), (2, 36)] {
        assert_eq!(house.view(number).await.word_by, on_wire(recorded_at + hours(within)), "{number}");
    }
}
