//! The order in which open cases must be worked, and what watchers see.
use contracts::{
    common::v1::{Lane, Page},
    intake::v1::{
        AssignCaseRequest, CaseView, CloseCaseRequest, GetOverviewRequest, ListQueueRequest, RecordHealthRequest,
        ReopenCaseRequest, RespondToCaseRequest, health_lane_client::HealthLaneClient, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use proptest::{
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};

use super::{a_sale, case_with, contact, desk, post_case, post_sales, start, view};

async fn queue(stack: &Stack, size: u32) -> Vec<CaseView> {
    let mut client = IntakeClient::new(stack.channel("intake"));
    let (mut cases, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size, token });
        let part =
            client.list_queue(ListQueueRequest { page, ..ListQueueRequest::default() }).await.unwrap().into_inner();
        cases.extend(part.cases);
        token = part.next_page_token;
        if token.is_empty() {
            return cases;
        }
    }
}

/// The points a case has after `minutes` of waiting.
fn points(case: &CaseView, minutes: i64) -> i64 {
    case.registered.as_ref().unwrap().priority.as_ref().unwrap().score + minutes.min(99)
}

/// Cases of every lane, emotion, tier and channel; the most urgent of those without harm has more points than the least
/// of those with it.
async fn fill(stack: &Stack) {
    for severity in [0, 1, 2] {
        for emotion in ["calm", "angry"] {
            for (tier, channel) in [(0, "email"), (3, "platform"), (3, "email")] {
                let contact = json!({
                    "channel": channel, "emotion": emotion, "vip_tier": tier, "repeat_contact": tier > 0,
                    "class": "delivery", "content": "where is it", "health": { "severity": severity }
                });
                assert_eq!(post_case(stack, &case_with(contact)).await.status, 201);
                stack.move_clock(SignedDuration::from_mins(7));
            }
        }
    }
}

#[tokio::test]
async fn health_first_then_points_then_the_nearest_promise() {
    let stack = start().await;
    fill(&stack).await;
    let cases = queue(&stack, 200).await;
    assert_eq!(cases.len(), 18);
    let now = stack.now().as_second();
    let place = |case: &CaseView| {
        let facts = case.registered.as_ref().unwrap();
        let waited = (now - facts.recorded_at.unwrap().seconds) / 60;
        let by = facts.respond_by.unwrap();
        (facts.lane() != Lane::Health, -points(case, waited), by.seconds, by.nanos)
    };
    let places: Vec<_> = cases.iter().map(place).collect();
    assert!(places.is_sorted(), "{places:?}");
    let lowest_health = places.iter().filter(|p| !p.0).map(|p| -p.1).min().unwrap();
    let highest_other = places.iter().filter(|p| p.0).map(|p| -p.1).max().unwrap();
    assert!(highest_other > lowest_health, "the test must show that points alone would not do");

    let ids = |cases: &[CaseView]| cases.iter().map(|case| case.case_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&queue(&stack, 4).await), ids(&cases), "pages make the same list");
}

/// What becomes of a case after its contact.
#[derive(Clone, Debug)]
enum Then {
    Waits,
    TurnsOutHarmful(u32),
    IsGivenAway,
    IsTakenUpAgain,
}

fn then() -> impl Strategy<Value = Then> {
    let harmful = (1_u32..=4).prop_map(Then::TurnsOutHarmful);
    prop_oneof![Just(Then::Waits), harmful, Just(Then::IsGivenAway), Just(Then::IsTakenUpAgain)]
}

/// A contact of chance: harmful or not, threatening, of a VIP, unhappy, of a platform, said before.
fn chance() -> impl Strategy<Value = Value> {
    let words = select(vec!["When do you open?", "我要打12315投诉你们", "where is it", "用了之后头皮很痒"]);
    let class = select(vec![Value::Null, json!("enquiry"), json!("delivery"), json!("suggestion")]);
    let channel = select(vec!["app", "email", "platform", "shop"]);
    let emotion = select(vec!["calm", "angry", "distressed"]);
    let harm = prop_oneof![3 => Just(0), 1 => 1..=4];
    (words, class, channel, emotion, 0..=3, any::<bool>(), harm).prop_map(
        |(content, class, channel, emotion, vip_tier, repeat_contact, severity)| {
            json!({ "content": content, "class": class, "channel": channel, "emotion": emotion, "vip_tier": vip_tier,
                    "repeat_contact": repeat_contact, "health": { "severity": severity } })
        },
    )
}

async fn live(stack: &Stack, case_id: String, then: Then) {
    let is_complaint = !view(stack, &case_id).await.registered.unwrap().complaint_id.is_empty();
    match then {
        Then::TurnsOutHarmful(severity) => {
            let worse = RecordHealthRequest { case_id, severity, several_affected: true, ..Default::default() };
            let mut lane = HealthLaneClient::new(stack.channel("intake"));
            let _refused_where_graver_is_known = lane.record_health(request("staff:ana", worse)).await;
        }
        Then::IsGivenAway => {
            let give = AssignCaseRequest { case_id, assigned_to: "staff:ben".into(), assignment_version: 0 };
            desk(stack).assign_case(request("staff:ana", give)).await.unwrap();
        }
        Then::IsTakenUpAgain if !is_complaint => {
            let mut client = IntakeClient::new(stack.channel("intake"));
            let answer = RespondToCaseRequest { case_id: case_id.clone(), text: "at nine".into(), responded_at: None };
            client.respond_to_case(request("staff:ana", answer)).await.unwrap();
            let close = CloseCaseRequest { case_id: case_id.clone(), outcome: "answered".into() };
            client.close_case(request("staff:ana", close)).await.unwrap();
            let again = ReopenCaseRequest { case_id, reason: "it was wrong".into() };
            desk(stack).reopen_case(request("staff:ana", again)).await.unwrap();
        }
        Then::Waits | Then::IsTakenUpAgain => {}
    }
}

#[tokio::test]
async fn r_int_09_r_int_10_no_other_case_comes_before_one_about_health_whatever_happened_to_them() {
    let stack = start().await;
    let mut runner = TestRunner::new(Config::default());
    let any = (chance(), then(), 0_i64..200, 1_u32..8);
    for number in 0..32 {
        let (fields, then, minutes, size) = any.new_tree(&mut runner).unwrap().current();
        let told = format!("{fields} {then:?}");
        let case_id = contact(&stack, fields).await;
        live(&stack, case_id, then).await;
        stack.move_clock(SignedDuration::from_mins(minutes));
        let cases = queue(&stack, size).await;
        let standard: Vec<bool> =
            cases.iter().map(|case| case.registered.as_ref().unwrap().lane() != Lane::Health).collect();
        assert!(standard.is_sorted(), "after {number}, {told}: {standard:?}");
        assert_eq!(cases.len(), number + 1, "every open case is in the queue, once");
    }
    // Of two alike the VIP's comes first, and whoever works sees why.
    let [one, vip] = [0, 2].map(|tier| json!({ "class": "delivery", "content": "where is it", "vip_tier": tier }));
    let (one, vip) = (contact(&stack, one).await, contact(&stack, vip).await);
    let cases = queue(&stack, 200).await;
    let place = |id: &str| cases.iter().position(|case| case.case_id == id).unwrap();
    assert!(place(&vip) < place(&one));
    let marked = cases[place(&vip)].registered.clone().unwrap();
    let why = marked.priority.unwrap().parts.into_iter().find(|part| part.reason == "vip_tier").unwrap();
    assert_eq!((marked.vip_tier, why.points), (2, 400));
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let stack = start().await;
    let mut client = IntakeClient::new(stack.channel("intake"));
    let id = uuid::Uuid::nil();
    let (most, least) = (i64::MAX, i64::MIN);
    let tokens = [
        "x".to_owned(),
        format!("{id}~1.2"),
        format!("{id}~a.b.c.d"),
        format!("{id}~1.99999999999.1.1"),
        format!("{id}~{least}.0.1.1"),
        format!("{id}~{most}.0.1.1"),
        format!("{id}~1.0.{least}.1"),
        format!("{id}~1.0.{most}.1"),
        format!("{id}~1.0.1.{least}"),
        format!("{id}~1.0.1.1{}", "0".repeat(200)),
    ];
    for token in tokens {
        let page = Some(Page { size: 5, token });
        let refused = client.list_queue(ListQueueRequest { page, ..ListQueueRequest::default() }).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["page.token"]);
    }
    let page = Some(Page { size: 201, token: "x".into() });
    let refused = client.list_queue(ListQueueRequest { page, ..ListQueueRequest::default() }).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["page.size", "page.token"]);
    // The furthest places that can be told are only empty.
    for token in [format!("{id}~-377705000000000000.2147483647.-2147483648.0"), format!("{id}~0.9.2147483647.0")] {
        assert_eq!(post_case(&stack, &case_with(json!({}))).await.status, 201);
        let page = Some(Page { size: 5, token });
        client.list_queue(ListQueueRequest { page, ..ListQueueRequest::default() }).await.unwrap();
    }
}

#[tokio::test]
async fn watchers_see_how_things_stand() {
    let stack = start().await;
    post_sales(&stack, &[a_sale("A-1"), a_sale("A-2")]).await;
    let contacts: [Value; 2] = [json!({ "channel": "app" }), json!({ "class": "discomfort", "channel": "email" })];
    for contact in contacts {
        assert_eq!(post_case(&stack, &case_with(contact)).await.status, 201);
    }
    stack.advance(SignedDuration::from_mins(6)).await;
    let mut client = IntakeClient::new(stack.channel("intake"));
    let seen = client.get_overview(GetOverviewRequest {}).await.unwrap().into_inner();
    assert_eq!((seen.purchases, seen.customers, seen.late, seen.open_health), (2, 3, 1, 1));
    let cases: Vec<_> = seen.cases.iter().map(|count| (count.key.as_str(), count.count)).collect();
    assert_eq!(cases, [("routed", 2)]);
}
