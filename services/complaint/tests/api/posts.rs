//! Who may do what: each post its own commands, by the shipped table of posts.
use contracts::{common::v1::CaseClass, complaint::v1::*};
use testkit::request;
use tonic::{Code, Status};

use crate::house::{ANA, House, NAME, code, conclude, draft, id, ok, refund, withdrawal};

const SUN: &str = "staff:sun";

/// A house in which Sun holds one post, and Ana, who is listed nowhere, everything else.
async fn sun_is(post: &str) -> House {
    let post = post.to_owned();
    House::open_with(move |settings| settings.service["posts"]["members"][&post] = serde_json::json!([SUN])).await
}

/// It was refused because of the post, and said which one is needed.
#[track_caller]
fn needs<T: std::fmt::Debug>(answer: Result<T, Status>, post: &str) {
    let refused = answer.unwrap_err();
    assert_eq!((refused.code(), code(&refused).as_str()), (Code::PermissionDenied, "post.not_allowed"));
    assert!(refused.message().contains(post), "{}", refused.message());
}

fn assess() -> AssessRequest {
    AssessRequest { complaint_id: id(1), class: CaseClass::ProductQuality.into(), severity: 2 }
}

fn appeal() -> AppealRequest {
    AppealRequest { complaint_id: id(1), reason: "it broke again".into(), ..Default::default() }
}

fn improvements(house: &House) -> improvements_client::ImprovementsClient<tonic::transport::Channel> {
    improvements_client::ImprovementsClient::new(house.stack.channel(NAME))
}

fn proposal(house: &House) -> ProposeImprovementRequest {
    ProposeImprovementRequest {
        cause_code: "packaging.leak".into(),
        product_id: "p-7".into(),
        owner_department: "quality".into(),
        due_by: crate::house::on_wire(house.stack.now() + crate::house::hours(24)),
        text: "another cap".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn r_rol_01_a_specialist_records_what_customers_say_and_does_not_judge_it() {
    let house = sun_is("customer_service_specialist").await;
    house.record(1, CaseClass::ProductQuality).await;
    let before = house.stack.journal(NAME).await.len();
    needs(house.client().assess(request(SUN, assess())).await, "complaint_manager");
    needs(house.client().draft_solution(request("staff:SUN", draft(1, vec![refund(1)]))).await, "complaint_manager");
    assert_eq!(house.stack.journal(NAME).await.len(), before, "nothing moved");
    house.client().get_complaint(request(SUN, GetComplaintRequest { complaint_id: id(1) })).await.unwrap();
    ok(house.client().withdraw(request(SUN, withdrawal(1))).await, "closed");
    ok(house.client().appeal(request(SUN, appeal())).await, "investigating");
}

#[tokio::test]
async fn r_rol_02_a_complaint_manager_classifies_investigates_and_makes_the_solution() {
    let house = sun_is("complaint_manager").await;
    house.record(1, CaseClass::ProductQuality).await;
    ok(house.client().assess(request(SUN, assess())).await, "assessed");
    let start = StartInvestigationRequest { complaint_id: id(1) };
    ok(house.client().start_investigation(request(SUN, start)).await, "investigating");
    ok(house.client().conclude_investigation(request(SUN, conclude(1))).await, "investigated");
    ok(house.client().draft_solution(request(SUN, draft(1, vec![refund(1)]))).await, "solution_drafted");
    let answer = AnswerTaskRequest {
        task_id: house.tasks("quality").await[0].task_id.clone(),
        department: "quality".into(),
        text: "the cap leaks".into(),
        ..AnswerTaskRequest::default()
    };
    needs(house.client().answer_task(request(SUN, answer.clone())).await, "department");
    needs(improvements(&house).propose(request(SUN, proposal(&house))).await, "quality_specialist");
    ok(house.client().answer_task(request(ANA, answer)).await, "answered");
}

#[tokio::test]
async fn r_rol_03_a_quality_specialist_proposes_improvements_and_decides_no_complaint() {
    let house = sun_is("quality_specialist").await;
    house.investigate(1).await;
    needs(house.client().conclude_investigation(request(SUN, conclude(1))).await, "complaint_manager");
    let receipt = ok(improvements(&house).propose(request(SUN, proposal(&house))).await, "proposed");
    let attach = AttachReporterRequest { action_id: receipt.id, complaint_id: id(1) };
    ok(improvements(&house).attach_reporter(request(SUN, attach)).await, "proposed");
}

#[tokio::test]
async fn r_rol_14_a_training_specialist_takes_up_measures_and_reads_no_complaints() {
    let house = sun_is("training_specialist").await;
    house.record(1, CaseClass::ServiceAttitude).await;
    let action_id = ok(improvements(&house).propose(request(ANA, proposal(&house))).await, "proposed").id;
    let read = GetComplaintRequest { complaint_id: id(1) };
    needs(house.client().get_complaint(request(SUN, read)).await, "complaint_manager");
    improvements(&house)
        .get_improvement(request(SUN, GetImprovementRequest { action_id: action_id.clone() }))
        .await
        .unwrap();
    let accept = AcceptImprovementRequest { action_id: action_id.clone() };
    ok(improvements(&house).accept(request(SUN, accept)).await, "accepted");
    let judge = JudgeImprovementRequest { action_id, effective: true, text: "all trained".into() };
    needs(improvements(&house).judge(request(SUN, judge)).await, "quality_specialist");
}

#[tokio::test]
async fn r_rol_14_management_decides_what_is_raised_to_it_and_no_specialist_anything() {
    for (post, may) in [("management", true), ("customer_service_specialist", false)] {
        let house = sun_is(post).await;
        house.record(1, CaseClass::Delivery).await;
        let (complaint_id, reason) = (id(1), "the paper asks".to_owned());
        let raise = RaiseEscalationRequest { complaint_id, trigger: EscalationTrigger::Media.into(), reason };
        house.client().raise_escalation(request(SUN, raise)).await.unwrap();
        let escalation_id = house.escalations().await[0].escalation_id.clone();
        let decide = DecideEscalationRequest { escalation_id, decision: "visit her".into() };
        let decided = house.client().decide_escalation(request(SUN, decide)).await;
        if may {
            ok(decided, "decided");
        } else {
            needs(decided, "management");
        }
    }
}

#[tokio::test]
async fn r_rol_14_in_a_strict_house_nobody_acts_who_holds_no_post() {
    let strict = |settings: &mut backbone::Settings| {
        settings.service["posts"]["strict"] = true.into();
        settings.service["posts"]["members"]["complaint_manager"] = serde_json::json!([SUN]);
    };
    let house = House::open_with(strict).await;
    house.record(1, CaseClass::ProductQuality).await;
    let before = house.stack.journal(NAME).await.len();
    needs(house.client().assess(request(ANA, assess())).await, "complaint_manager");
    let unread = WithdrawRequest { complaint_id: "no id".into(), ..Default::default() };
    needs(house.client().withdraw(request("customer:li", unread)).await, "customer_service_specialist");
    assert_eq!(house.stack.journal(NAME).await.len(), before);
    ok(house.client().assess(request(SUN, assess())).await, "assessed");
}

#[tokio::test]
async fn r_rol_14_as_shipped_the_manager_proposes_other_terms_for_a_promise_and_the_head_approves_them() {
    let house = House::shipped().await;
    house.record(1, CaseClass::ProductQuality).await;
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Discomfort.into(), severity: 1 };
    ok(house.client().assess(request("staff:complaint-manager-bo", assess)).await, "assessed");
    let reason = "it is about health".to_owned();
    let asked = RetargetComplaintRequest { complaint_id: id(1), promise: "result_notice".into(), reason };
    let refused = house.client().retarget_complaint(request("staff:director-eva", asked.clone())).await;
    needs(refused, "complaint_manager");
    ok(house.client().retarget_complaint(request("staff:complaint-manager-bo", asked)).await, "assessed");
    let approve = ApproveRetargetRequest { complaint_id: id(1), number: 1 };
    let refused = house.client().approve_retarget(request("staff:complaint-manager-bo", approve.clone())).await;
    needs(refused, "head_of_after_sales");
    ok(house.client().approve_retarget(request("staff:director-eva", approve)).await, "assessed");
}

#[tokio::test]
async fn r_rol_14_as_shipped_the_head_and_management_hold_complaints_and_nobody_else() {
    let house = House::shipped().await;
    house.record(1, CaseClass::ProductQuality).await;
    let hold = HoldComplaintRequest { complaint_id: id(1), reason: "a lawsuit".into(), ..Default::default() };
    needs(house.client().hold_complaint(request("staff:complaint-manager-bo", hold.clone())).await, "management");
    ok(house.client().hold_complaint(request("staff:director-eva", hold)).await, "recorded");
    let release = ReleaseHoldRequest { complaint_id: id(1), reason: "it is over".into() };
    needs(house.client().release_hold(request("staff:complaint-manager-bo", release.clone())).await, "management");
    ok(house.client().release_hold(request("staff:director-eva", release)).await, "recorded");
}

#[tokio::test]
async fn r_rol_14_nothing_is_read_for_who_may_not_draft() {
    let house = sun_is("customer_service_specialist").await;
    house.record(1, CaseClass::ProductQuality).await;
    sqlx::query("alter table complaint rename to out_of_reach").execute(&house.stack.pool(NAME)).await.unwrap();
    needs(house.client().draft_solution(request(SUN, draft(1, vec![refund(1)]))).await, "complaint_manager");
}

/// What is raised by hand, by this trigger, and where it is.
async fn raised(house: &House, trigger: EscalationTrigger) -> String {
    let raise = RaiseEscalationRequest { complaint_id: id(1), trigger: trigger.into(), reason: "look at it".into() };
    house.client().raise_escalation(request(ANA, raise)).await.unwrap();
    let all = house.escalations().await.into_iter();
    let mut all = all.filter(|one| one.raised.as_ref().unwrap().trigger() == trigger);
    all.next_back().unwrap().escalation_id
}

/// As shipped: who may take up what is with which level.
#[tokio::test]
async fn r_cmp_12_r_rol_14_each_level_binds_the_posts_that_act_on_it_and_a_level_above_may_always_act() {
    let house = House::shipped().await;
    house.record(1, CaseClass::Delivery).await;
    let manager = raised(&house, EscalationTrigger::Manual).await;
    let management = raised(&house, EscalationTrigger::Media).await;
    let client = || house.client();
    let acknowledge = |escalation_id: &str| AcknowledgeEscalationRequest { escalation_id: escalation_id.into() };
    let lead =
        client().acknowledge_escalation(request("staff:team-lead-wen", acknowledge(&manager))).await.unwrap_err();
    assert_eq!((lead.code(), code(&lead).as_str()), (Code::PermissionDenied, "escalation.other_level"));
    assert!(lead.message().contains("complaint_manager"), "the level is named: {}", lead.message());
    needs(client().acknowledge_escalation(request("staff:quality-team", acknowledge(&manager))).await, "team_lead");
    let by = "staff:complaint-manager-bo";
    let before = house.stack.journal(NAME).await.len();
    for who in [by, "staff:head-of-quality-lu"] {
        let refused = client().acknowledge_escalation(request(who, acknowledge(&management))).await.unwrap_err();
        assert_eq!(code(&refused), "escalation.other_level", "{who}");
        let (escalation_id, decision) = (management.clone(), "let it be".to_owned());
        let refused =
            client().decide_escalation(request(who, DecideEscalationRequest { escalation_id, decision })).await;
        assert_eq!(code(&refused.unwrap_err()), "escalation.other_level", "{who}");
    }
    assert_eq!(house.stack.journal(NAME).await.len(), before, "nothing moved");
    ok(client().acknowledge_escalation(request(by, acknowledge(&manager))).await, "acknowledged");
    let (escalation_id, decision) = (manager.clone(), "visit her".to_owned());
    let decide = DecideEscalationRequest { escalation_id, decision };
    ok(client().decide_escalation(request("staff:head-of-quality-lu", decide)).await, "decided");
    ok(client().acknowledge_escalation(request("staff:director-eva", acknowledge(&management))).await, "acknowledged");
    let (escalation_id, decision) = (management.clone(), "answer the paper".to_owned());
    let decide = DecideEscalationRequest { escalation_id, decision };
    ok(client().decide_escalation(request("staff:nobody-is-listed", decide)).await, "decided");
    let close = CloseEscalationRequest { escalation_id: management };
    let refused = client().close_escalation(request(by, close.clone())).await.unwrap_err();
    assert_eq!(code(&refused), "escalation.other_level", "what was raised to management is closed by it");
    ok(client().close_escalation(request("staff:director-gao", close)).await, "closed");
}

#[tokio::test]
async fn r_rol_01_as_shipped_nobody_takes_complaints_and_judges_them_as_well() {
    let house = House::shipped().await;
    house.record(1, CaseClass::ProductQuality).await;
    needs(house.client().assess(request("staff:agent-ana", assess())).await, "complaint_manager");
    ok(house.client().assess(request("staff:complaint-manager-li", assess())).await, "assessed");
}
