//! What a complaint is promised: warned of, kept, broken, retargeted; and the record that must be complete first.
use contracts::{
    common::v1::{CaseClass, Emotion, Page},
    complaint::v1::*,
    intake::v1::{CaseRecordCompleted, CaseRegistered, RecordPart},
    outreach::v1::Purpose,
};
use testkit::{request, wrong_fields};
use tonic::Code;

use crate::house::{
    ANA, BEN, EVA, House, NAME, case, code, conclude, hours, id, micro, ok, on_wire, refund, withdrawal,
};

/// How a promise stands, of those that were given last.
async fn standing(house: &House, promise: &str) -> PromiseStanding {
    let view = house.view(1).await;
    view.promises.into_iter().rfind(|one| one.promise == promise).unwrap()
}

async fn raised_for(house: &House, trigger: EscalationTrigger) -> Vec<EscalationView> {
    let about = |view: &EscalationView| view.raised.as_ref().unwrap().trigger() == trigger;
    house.escalations().await.into_iter().filter(about).collect()
}

#[tokio::test]
async fn r_cmp_03_a_warning_goes_to_the_team_lead_once_each_and_settles_when_the_promise_is_kept() {
    let house = House::open().await;
    house.investigate(1).await;
    house.stack.advance(hours(12) - micro()).await;
    assert_eq!(raised_for(&house, EscalationTrigger::PromiseWarning).await.len(), 0);
    house.stack.advance(micro()).await;
    house.stack.advance(hours(1)).await;
    let [warned] = raised_for(&house, EscalationTrigger::PromiseWarning).await.try_into().unwrap();
    let raised = warned.raised.unwrap();
    assert_eq!((warned.status.as_str(), raised.level()), ("raised", EscalationLevel::TeamLead));
    assert_eq!(house.view(1).await.escalation_level, 1);
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    house.stack.settle().await;
    let [settled] = raised_for(&house, EscalationTrigger::PromiseWarning).await.try_into().unwrap();
    assert_eq!(settled.status, "closed");
    assert!(house.events::<EscalationClosed>().await.iter().any(|closed| closed.settled));
    let kept = standing(&house, "first_investigation").await;
    assert_eq!((kept.status.as_str(), kept.ended_at), ("met", on_wire(house.stack.now())));
    house.stack.advance(hours(11)).await;
    assert_eq!(raised_for(&house, EscalationTrigger::PromiseWarning).await.len(), 1, "what is kept warns no more");
}

#[tokio::test]
async fn r_cmp_03_a_warning_gives_way_to_the_breach() {
    let house = House::open().await;
    house.investigate(1).await;
    house.stack.advance(hours(24)).await;
    house.stack.advance(micro()).await;
    let warnings = raised_for(&house, EscalationTrigger::PromiseWarning).await;
    assert_eq!(warnings.iter().map(|one| one.status.as_str()).collect::<Vec<_>>(), ["closed", "closed"]);
    assert_eq!(raised_for(&house, EscalationTrigger::InvestigationLate).await.len(), 1);
    assert_eq!(standing(&house, "first_investigation").await.status, "breached");
}

#[tokio::test]
async fn r_cmp_10_the_result_is_promised_by_class_from_the_recording_and_pauses_while_the_customer_thinks() {
    let house = House::open().await;
    let began = house.stack.now();
    house.investigate(1).await;
    assert_eq!(standing(&house, "result_notice").await.due_at, on_wire(began + hours(168)));
    let recorded = house.events::<ComplaintRecorded>().await;
    assert_eq!(recorded[0].promises.len(), 4, "others learn what is promised");
    house.offer(1, vec![refund(500)]).await;
    assert_eq!(standing(&house, "solution_offer").await.status, "met");
    assert_eq!(standing(&house, "result_notice").await.status, "paused");
    house.stack.advance(hours(300)).await;
    assert_eq!(raised_for(&house, EscalationTrigger::PromiseLate).await.len(), 0);
    house.agree(1).await;
    house.execute(1).await;
    assert_eq!(standing(&house, "result_notice").await.due_at, on_wire(began + hours(168 + 300)));
    house.stack.advance(hours(168)).await;
    assert_eq!(raised_for(&house, EscalationTrigger::PromiseLate).await.len(), 0, "equality is in time");
    house.stack.advance(micro()).await;
    let [late] = raised_for(&house, EscalationTrigger::PromiseLate).await.try_into().unwrap();
    assert_eq!(late.raised.unwrap().level(), EscalationLevel::DepartmentHead, "the second broken one");
    house.tell(1, Purpose::Result).await;
    assert_eq!(standing(&house, "result_notice").await.status, "met_late");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_10_a_second_offer_and_the_result_after_an_appeal_are_promised_anew() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.stack.advance(hours(50)).await;
    house.decline(1).await;
    let declined = house.stack.now();
    let second = standing(&house, "solution_offer").await;
    assert_eq!((second.status.as_str(), second.due_at), ("running", on_wire(declined + hours(96))));
    let told = house.events::<PromisesMoved>().await;
    assert!(told.iter().any(|moved| moved.promises.contains(&second)), "others learn of it");
    house.stack.advance(hours(96) + micro()).await;
    let late = raised_for(&house, EscalationTrigger::PromiseLate).await;
    assert_eq!((late.len(), standing(&house, "solution_offer").await.status.as_str()), (1, "breached"));
    house.offer(1, vec![refund(700)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
    assert_eq!(house.satisfied(1, true).await.unwrap().status, "closed");

    house.stack.advance(hours(24)).await;
    house.appeal(1).await.unwrap();
    let appealed = house.stack.now();
    let result = standing(&house, "result_notice").await;
    assert_eq!((result.status.as_str(), result.due_at), ("running", on_wire(appealed + hours(168))));
    assert_eq!(standing(&house, "solution_offer").await.due_at, on_wire(appealed + hours(96)));
    let results = house.view(1).await.promises.into_iter().filter(|one| one.promise == "result_notice");
    let stand: Vec<_> = results.map(|one| one.status).collect();
    assert_eq!(stand, ["met", "running"], "the first result was told in time and stays so");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_05_word_of_us_is_promised_anew_with_each_word() {
    let house = House::open().await;
    house.record(1, CaseClass::Repair).await;
    let first = standing(&house, "progress_silence").await;
    house.stack.advance(hours(10)).await;
    let told = TellProgressRequest {
        complaint_id: id(1),
        channel: "hotline".into(),
        text: "we wait for a part".into(),
        by_message: false,
        ..Default::default()
    };
    ok(house.client().tell_progress(request(ANA, told)).await, "recorded");
    let view = house.view(1).await;
    let silences: Vec<_> = view.promises.iter().filter(|one| one.promise == "progress_silence").collect();
    assert_eq!((silences.len(), silences[0].status.as_str(), silences[0].started_at), (2, "met", first.started_at));
    assert_eq!(silences[1].due_at, on_wire(house.stack.now() + hours(72)));
    assert_eq!(view.word_by, silences[1].due_at);
}

fn retarget(promise: &str, reason: &str) -> RetargetComplaintRequest {
    RetargetComplaintRequest { complaint_id: id(1), promise: promise.into(), reason: reason.into() }
}

fn approve(number: u32) -> ApproveRetargetRequest {
    ApproveRetargetRequest { complaint_id: id(1), number }
}

#[tokio::test]
async fn r_cmp_10_other_terms_for_a_running_promise_are_proposed_by_one_and_approved_by_another() {
    let house = House::open().await;
    let began = house.stack.now();
    house.record(1, CaseClass::ProductQuality).await;
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Discomfort.into(), severity: 1 };
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    assert_eq!(standing(&house, "result_notice").await.due_at, on_wire(began + hours(168)), "a class moves nothing");
    let refused = house.client().retarget_complaint(request(EVA, retarget("refund_term", ""))).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["promise", "reason"]);
    let asked = || retarget("result_notice", "it is about health");
    ok(house.client().retarget_complaint(request(EVA, asked())).await, "assessed");
    assert_eq!(standing(&house, "result_notice").await.due_at, on_wire(began + hours(168)), "nothing moves yet");
    let waiting = house.client().retarget_complaint(request(ANA, asked())).await.unwrap_err();
    assert_eq!(code(&waiting), "complaint.proposal_waits");
    for (by, number, refusal) in
        [(EVA, 1, "approval.own_work"), (ANA, 1, "approval.no_role"), (BEN, 2, "complaint.other_proposal")]
    {
        let refused = house.client().approve_retarget(request(by, approve(number))).await.unwrap_err();
        assert_eq!(code(&refused), refusal);
    }
    let reject = RejectRetargetRequest { complaint_id: id(1), number: 1 };
    ok(house.client().reject_retarget(request(EVA, reject)).await, "assessed");
    let view = house.view(1).await.retarget.unwrap();
    assert_eq!((view.author.as_str(), view.approval.unwrap().status.as_str()), (EVA, "withdrawn"));
    ok(house.client().retarget_complaint(request(ANA, asked())).await, "assessed");
    let view = house.view(1).await.retarget.unwrap();
    assert_eq!((view.number, view.promise.as_str(), view.within_s), (2, "result_notice", 72 * 3_600));
    assert_eq!(view.approval.unwrap().waits_for, "head_of_after_sales");
    let refused = house.client().approve_retarget(request(EVA, approve(0))).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["number"]);
    ok(house.client().approve_retarget(request(EVA, approve(2))).await, "assessed");
    assert_eq!(standing(&house, "result_notice").await.due_at, on_wire(began + hours(72)));
    let note = &house.get(1).await.notes[0];
    assert_eq!((note.field.as_str(), note.by.as_str()), ("retarget_reason", ANA));
    let judged: Vec<_> =
        house.events::<RetargetJudged>().await.into_iter().map(|one| (one.number, one.status)).collect();
    assert_eq!(judged, [(1, "withdrawn".to_owned()), (2, "approved".to_owned())]);
    assert_eq!(house.events::<RetargetProposed>().await[1].roles, ["head_of_after_sales"]);
    let moved = house.events::<PromisesMoved>().await;
    assert_eq!(moved.last().unwrap().promises[0].due_at, on_wire(began + hours(72)));
    ok(house.client().withdraw(request(ANA, withdrawal(1))).await, "closed");
    let refused = house.client().retarget_complaint(request(EVA, asked())).await.unwrap_err();
    assert_eq!(code(&refused), "complaint.not_now");
    assert!(house.view(1).await.promises.iter().all(|one| one.status == "cancelled"), "closed, nothing is owed");
}

#[tokio::test]
async fn r_cmp_10_other_terms_settle_the_warnings_under_the_former_ones() {
    let house = House::open().await;
    house.record(1, CaseClass::ProductQuality).await;
    house.stack.advance(hours(13)).await;
    let [warned] = raised_for(&house, EscalationTrigger::PromiseWarning).await.try_into().unwrap();
    let asked = retarget("first_investigation", "counted anew");
    ok(house.client().retarget_complaint(request(ANA, asked)).await, "recorded");
    ok(house.client().approve_retarget(request(EVA, approve(1))).await, "recorded");
    house.stack.settle().await;
    let warnings = raised_for(&house, EscalationTrigger::PromiseWarning).await;
    let status = |one: &EscalationView| (one.escalation_id == warned.escalation_id, one.status.clone());
    let status: Vec<_> = warnings.iter().map(status).collect();
    assert_eq!(status, [(true, "closed".to_owned()), (false, "raised".to_owned())], "half has passed now as well");
}

#[tokio::test]
async fn r_cmp_10_a_proposal_nobody_approves_in_time_moves_nothing() {
    let house = House::open().await;
    house.record(1, CaseClass::Repair).await;
    let due = standing(&house, "result_notice").await.due_at;
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Delivery.into(), severity: 1 };
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    let asked = retarget("result_notice", "it is the parcel");
    ok(house.client().retarget_complaint(request(ANA, asked)).await, "assessed");
    house.stack.advance(hours(72)).await;
    assert_eq!(house.events::<RetargetJudged>().await, [], "the due time itself is in time");
    house.stack.advance(micro()).await;
    assert_eq!(house.events::<RetargetJudged>().await[0].status, "expired");
    assert_eq!(standing(&house, "result_notice").await.due_at, due);
    let late = house.client().approve_retarget(request(EVA, approve(1))).await.unwrap_err();
    assert_eq!(code(&late), "complaint.nothing_proposed");
}

#[tokio::test]
async fn d9_r_cmp_10_a_promise_the_policy_has_no_rule_for_any_more_falls_away_when_that_is_approved() {
    let mut policy: toml::Table = kernel::sla::DEFAULT.parse().unwrap();
    let of_repairs = |rule: &toml::Value| {
        rule["promise"].as_str() == Some("solution_offer") && rule["when"]["class"][0].as_str() == Some("repair")
    };
    policy["rules"].as_array_mut().unwrap().retain(|rule| !of_repairs(rule));
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", uuid::Uuid::now_v7()));
    std::fs::write(&file, toml::to_string(&policy).unwrap()).unwrap();
    let house = House::open_with(|settings| {
        settings.service["levels"] = serde_json::json!({ "policy": file });
    })
    .await;
    std::fs::remove_file(&file).unwrap();
    house.record(1, CaseClass::Delivery).await;
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Repair.into(), severity: 1 };
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    assert_eq!(standing(&house, "solution_offer").await.status, "running", "a class moves nothing");
    let asked = retarget("solution_offer", "repairs are offered at once");
    ok(house.client().retarget_complaint(request(ANA, asked)).await, "assessed");
    let view = house.view(1).await.retarget.unwrap();
    assert_eq!((view.withdrawn, view.within_s, view.hours.as_str()), (true, 0, ""));
    assert!(house.events::<RetargetProposed>().await[0].withdrawn);
    assert_eq!(standing(&house, "solution_offer").await.status, "running", "nothing moves yet");
    ok(house.client().approve_retarget(request(EVA, approve(1))).await, "assessed");
    assert_eq!(standing(&house, "solution_offer").await.status, "cancelled");
    house.stack.advance(hours(60)).await;
    assert!(raised_for(&house, EscalationTrigger::PromiseLate).await.is_empty(), "what fell away escalates no more");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_10_other_terms_that_would_be_broken_before_anybody_agreed_to_them_are_refused() {
    let house = House::open().await;
    house.record(1, CaseClass::ProductQuality).await;
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Discomfort.into(), severity: 1 };
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    house.stack.advance(hours(80)).await;
    let asked = retarget("result_notice", "it is about health");
    let refused = house.client().retarget_complaint(request(ANA, asked)).await.unwrap_err();
    assert_eq!((refused.code(), code(&refused).as_str()), (Code::FailedPrecondition, "promise.broken_before"));
    assert_eq!(standing(&house, "result_notice").await.status, "running", "72 h are over, 168 are not");
}

#[tokio::test]
async fn r_cmp_20_two_promises_that_are_due_at_the_same_instant_stand_on_two_pages() {
    let policy = kernel::sla::DEFAULT.replace("target = \"48h\"", "target = \"72h\"");
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", uuid::Uuid::now_v7()));
    std::fs::write(&file, &policy).unwrap();
    let house = House::open_with(|settings| {
        settings.service["levels"] = serde_json::json!({ "policy": file });
    })
    .await;
    std::fs::remove_file(&file).unwrap();
    for number in 1..=2 {
        house.record(number, CaseClass::Delivery).await;
    }
    house.stack.advance(hours(100)).await;
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 1, token });
        let asked = request(ANA, ListOverdueRequest { page });
        let answer = house.client().list_overdue(asked).await.unwrap().into_inner();
        listed.extend(answer.overdue.into_iter().filter(|one| one.kind != "task").map(|one| (one.id, one.kind)));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    listed.sort();
    let kinds = ["investigation", "progress_silence", "result_notice", "solution_offer"];
    let expected: Vec<_> = [1, 2].into_iter().flat_map(|n| kinds.map(|kind| (id(n), kind.to_owned()))).collect();
    assert_eq!(listed, expected, "silence, offer and result of both are due at one instant");
}

#[tokio::test]
async fn r_cmp_20_every_promise_that_is_broken_and_still_owed_is_on_the_managers_list() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    house.stack.advance(hours(400)).await;
    let listed = async || {
        let asked = request(ANA, ListOverdueRequest::default());
        let overdue = house.client().list_overdue(asked).await.unwrap().into_inner().overdue;
        let customers: Vec<_> = overdue.into_iter().filter(|one| one.kind != "task").collect();
        assert!(customers.iter().all(|one| (&one.id, one.department.as_str()) == (&id(1), "quality")));
        customers.into_iter().map(|one| (one.kind, one.due_at)).collect::<Vec<_>>()
    };
    let mut expected = Vec::new();
    for promise in ["progress_silence", "solution_offer", "result_notice"] {
        expected.push((promise.to_owned(), standing(&house, promise).await.due_at));
    }
    expected.sort_by_key(|(_, due)| due.map(|due| (due.seconds, due.nanos)));
    assert_eq!(listed().await, expected);
    house.offer(1, vec![refund(500)]).await;
    assert!(listed().await.iter().all(|(kind, _)| kind != "solution_offer"), "offered, however late");
    house.withdraw(1).await.unwrap();
    assert_eq!(listed().await, [], "what is closed owes nothing");
}

#[tokio::test]
async fn a_vip_of_a_channel_is_marked_and_asked_of_the_policy() {
    let house = House::open().await;
    let registered = CaseRegistered { vip_tier: 2, ..case(1, CaseClass::Repair, house.stack.now()) };
    house.hear("intake", &registered, 1_001).await;
    assert!(house.view(1).await.vip);
}

#[tokio::test]
async fn r_cmp_01_a_record_is_assessed_only_when_content_emotion_circumstances_and_expectation_are_on_it() {
    let house = House::open().await;
    let record_parts = vec![RecordPart::Content.into()];
    let mailed = case(1, CaseClass::Delivery, house.stack.now());
    let mailed = CaseRegistered { emotion: Emotion::Unspecified.into(), record_parts, ..mailed };
    house.hear("intake", &mailed, 1_001).await;
    let missing = ["emotion", "circumstances", "expected_resolution"];
    assert_eq!(house.view(1).await.record_missing, missing);
    let assess = AssessRequest { complaint_id: id(1), class: CaseClass::Delivery.into(), severity: 1 };
    let refused = house.client().assess(request(ANA, assess.clone())).await.unwrap_err();
    assert_eq!((refused.code(), code(&refused).as_str()), (Code::FailedPrecondition, "complaint.record_incomplete"));
    assert!(refused.message().contains("emotion, circumstances, expected_resolution"), "{}", refused.message());
    assert!(refused.message().contains("ask the customer"), "the way out: {}", refused.message());
    let completed = |parts: &[RecordPart], emotion: Emotion| CaseRecordCompleted {
        case_id: id(1_001),
        complaint_id: id(1),
        record_parts: parts.iter().map(|part| i32::from(*part)).collect(),
        emotion: emotion.into(),
    };
    let words = [RecordPart::Circumstances, RecordPart::ExpectedResolution];
    house.hear("intake", &completed(&words, Emotion::Unspecified), 1_001).await;
    let refused = house.client().assess(request(ANA, assess.clone())).await.unwrap_err();
    assert!(refused.message().contains("lacks emotion;"), "nobody guesses how he feels: {}", refused.message());
    house.hear("intake", &completed(&[RecordPart::Emotion], Emotion::Worried), 1_001).await;
    ok(house.client().assess(request(ANA, assess)).await, "assessed");
    let guidance = house.get(1).await.guidance;
    assert!(guidance[0].contains("calmly"), "who is worried is spoken to so: {guidance:?}");
    let told = house.events::<ComplaintRecordCompleted>().await;
    assert_eq!(told.iter().map(|one| one.record_missing.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

/// The part of the migration that writes anew what was stored.
fn conversion() -> &'static str {
    let migration = include_str!("../../migrations/0007_promises.sql");
    let (from, to) =
        (migration.find("create function").unwrap(), migration.find("alter table complaint\n  add").unwrap());
    &migration[from..to]
}

#[tokio::test]
async fn complaints_stored_before_promises_were_the_kernels_go_on_as_they_stood() {
    let house = House::open().await;
    let began = house.stack.now();
    for number in [1, 2, 3] {
        house.investigate(number).await;
    }
    ok(house.client().conclude_investigation(request(ANA, conclude(2))).await, "investigated");
    house.withdraw(3).await.unwrap();
    let pool = house.stack.pool(NAME);
    for (number, stood) in [(1_u128, "running"), (2, "met"), (3, "cancelled")] {
        let before = r#"update complaint set state = jsonb_set(jsonb_set(jsonb_set(
              (state - 'promises' #- '{facts,terms,silence}' #- '{facts,channel}') || jsonb_build_object('first_investigation', $2::text),
              '{facts,terms,investigate_within}', '"PT24H"'), '{facts,terms,care,silence_max}', '"PT72H"'),
              '{care,silence_noted}', 'false') where id = $1"#;
        sqlx::query(before).bind(uuid::Uuid::from_u128(number)).bind(stood).execute(&pool).await.unwrap();
    }
    sqlx::raw_sql(conversion()).execute(&pool).await.unwrap();
    let mut stand = Vec::new();
    for number in [1, 2, 3] {
        let promises = house.view(number).await.promises;
        let one = |promise: &PromiseStanding| format!("{} {}", promise.promise, promise.status);
        stand.push(promises.iter().map(one).collect::<Vec<_>>().join(", "));
        assert_eq!(promises[0].due_at, on_wire(began + hours(24)));
    }
    let expected = [
        "first_investigation running, progress_silence running",
        "first_investigation met, progress_silence running",
        "first_investigation cancelled",
    ];
    assert_eq!(stand, expected);
    house.stack.advance(hours(24) + micro()).await;
    assert_eq!(house.events::<InvestigationLate>().await.len(), 1);
    assert!(house.view(1).await.investigation_late);
    let told = TellProgressRequest { channel: "hotline".into(), text: "soon".into(), ..TellProgressRequest::default() };
    let told = TellProgressRequest { complaint_id: id(2), ..told };
    ok(house.client().tell_progress(request(ANA, told)).await, "investigated");
    assert_eq!(house.view(2).await.word_by, on_wire(house.stack.now() + hours(72)));
    assert_eq!(house.stack.parked(NAME).await, 0);
}
