//! Cases go to a team by turns, back to nobody, and show who looks at them.
use contracts::intake::v1::{
    AssignNextRequest, CasePutBack, GetCaseRequest, UnassignCaseRequest, ViewCaseRequest, desk_client::DeskClient,
    intake_client::IntakeClient,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Status, transport::Channel};
use uuid::Uuid;

use super::{case_with, post_case};

async fn start() -> Stack {
    let person = |who: &str, skills: &[&str]| json!({ "who": who, "capacity": 2, "skills": skills });
    let team = json!([person("staff:ana", &[]), person("staff:ben", &["enquiry"])]);
    let adjust = move |_: &str, settings: &mut backbone::Settings| {
        settings.service["desk"]["teams"] = json!({ "first_line": team });
    };
    Stack::start_with(&[&intake::SERVICE], adjust).await
}

fn desk(stack: &Stack) -> DeskClient<Channel> {
    DeskClient::new(stack.channel("intake"))
}

async fn a_case(stack: &Stack, fields: Value) -> String {
    let reply = post_case(stack, &case_with(fields)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    stack.move_clock(SignedDuration::from_secs(61));
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

/// The case that was given, and to whom.
async fn next(stack: &Stack, case_id: &str) -> Result<(String, String), Status> {
    let asked = AssignNextRequest { team: "first_line".into(), case_id: case_id.into() };
    let given = desk(stack).assign_next(request("staff:lead", asked)).await?.into_inner();
    Ok((given.receipt.unwrap().id, given.assigned_to))
}

#[tokio::test]
async fn people_of_a_team_take_cases_by_turns_as_far_as_they_can() {
    let stack = start().await;
    let ill = a_case(&stack, json!({ "class": "discomfort", "channel": "email" })).await;
    let mut cases = Vec::new();
    for _ in 0..4 {
        cases.push(a_case(&stack, json!({ "channel": "email" })).await);
    }
    let given = |case: &String, who: &str| (case.clone(), format!("staff:{who}"));
    assert_eq!(next(&stack, "").await.unwrap(), given(&ill, "ana"), "health first");
    assert_eq!(next(&stack, "").await.unwrap(), given(&cases[0], "ben"));
    assert_eq!(next(&stack, &cases[2]).await.unwrap(), given(&cases[2], "ana"));
    assert_eq!(next(&stack, "").await.unwrap(), given(&cases[1], "ben"), "ana has as many as she can");
    assert!(next(&stack, "").await.unwrap_err().message().contains("nobody of the team"));
    assert!(next(&stack, &ill).await.unwrap_err().message().contains("nobody of the team"));

    let back = |version: u32| {
        let asked = UnassignCaseRequest { case_id: cases[2].clone(), assignment_version: version };
        request("staff:ana", asked)
    };
    assert!(desk(&stack).unassign_case(back(9)).await.unwrap_err().message().contains("changed hands"));
    desk(&stack).unassign_case(back(1)).await.unwrap();
    let [told] = stack.events::<CasePutBack>("intake").await.try_into().unwrap();
    assert_eq!((&told.case_id, told.assignment_version), (&cases[2], 1));
    assert_eq!(next(&stack, "").await.unwrap(), given(&cases[2], "ana"));
    assert!(next(&stack, &cases[0]).await.unwrap_err().message().contains("nobody of the team"));

    let wrong = AssignNextRequest { team: "second".into(), case_id: "x".into() };
    let refused = desk(&stack).assign_next(request("staff:lead", wrong)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["team", "case_id"]);
    let unknown = next(&stack, &Uuid::nil().to_string()).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn twenty_who_ask_at_the_same_moment_get_a_case_each_and_nobody_more_than_there_is_room_for() {
    let stack = start().await;
    for _ in 0..20 {
        a_case(&stack, json!({ "channel": "email" })).await;
    }
    let given = futures::future::join_all((0..20).map(|_| next(&stack, ""))).await;
    let (given, refused): (Vec<_>, Vec<_>) = given.into_iter().partition(Result::is_ok);
    let given: Vec<_> = given.into_iter().flatten().collect();
    let cases: std::collections::BTreeSet<_> = given.iter().map(|(case, _)| case).collect();
    assert_eq!(
        (given.len(), cases.len(), refused.len()),
        (4, 4, 16),
        "two each have room for two, of cases of their own"
    );
    for who in ["staff:ana", "staff:ben"] {
        assert_eq!(given.iter().filter(|(_, to)| to == who).count(), 2, "{who}: {given:?}");
    }
    for refused in refused.into_iter().filter_map(Result::err) {
        assert!(refused.message().contains("nobody of the team"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_case_that_somebody_has_is_not_given_by_turns() {
    let stack = start().await;
    let case = a_case(&stack, json!({})).await;
    next(&stack, &case).await.unwrap();
    assert!(next(&stack, &case).await.unwrap_err().message().contains("changed hands"));
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_case_it_got_also_when_nothing_waits_any_more() {
    let stack = start().await;
    let case = a_case(&stack, json!({})).await;
    let asked = |key: &str| {
        let next = AssignNextRequest { team: "first_line".into(), case_id: String::new() };
        let mut asked = request("staff:lead", next);
        asked.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        asked
    };
    let first = desk(&stack).assign_next(asked("k-1")).await.unwrap().into_inner();
    assert_eq!(first.receipt.as_ref().map(|receipt| &receipt.id), Some(&case));
    assert_eq!(desk(&stack).assign_next(asked("k-1")).await.unwrap().into_inner(), first);
    let nothing = desk(&stack).assign_next(asked("k-2")).await.unwrap_err();
    assert!(nothing.message().contains("no case waits"), "{nothing:?}");
}

#[tokio::test]
async fn a_case_shows_who_looks_at_it_for_two_minutes() {
    let stack = start().await;
    let case = a_case(&stack, json!({})).await;
    let look = async |who: &str, left: bool| {
        let asked = ViewCaseRequest { case_id: case.clone(), left };
        desk(&stack).view_case(request(who, asked)).await.unwrap().into_inner().others
    };
    let viewers = async || {
        let get = GetCaseRequest { case_id: case.clone() };
        IntakeClient::new(stack.channel("intake")).get_case(get).await.unwrap().into_inner().case.unwrap().viewers
    };
    assert_eq!(look("staff:ana", false).await, Vec::<String>::new());
    stack.move_clock(SignedDuration::from_secs(119));
    assert_eq!(look("staff:ben", false).await, ["staff:ana"]);
    assert_eq!(viewers().await, ["staff:ana", "staff:ben"]);
    stack.move_clock(SignedDuration::from_secs(1));
    assert_eq!(viewers().await, ["staff:ben"], "ana has not said so again");
    look("staff:ben", true).await;
    assert!(viewers().await.is_empty());
    let wrong = ViewCaseRequest { case_id: "x".into(), left: false };
    let refused = desk(&stack).view_case(request("service:x", wrong)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id"]);
}
