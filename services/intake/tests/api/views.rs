//! Tags and views: words people put on cases, and filters they keep under a name.
use contracts::intake::v1::{
    AddTagRequest, CaseFilter, CaseTagged, DeleteViewRequest, GetCaseRequest, ListQueueRequest, ListViewsRequest,
    RemoveTagRequest, SaveViewRequest, SearchCasesRequest, case_search_client::CaseSearchClient,
    case_views_client::CaseViewsClient, intake_client::IntakeClient,
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::{case_with, post_case, start};

fn views(stack: &Stack) -> CaseViewsClient<Channel> {
    CaseViewsClient::new(stack.channel("intake"))
}

async fn a_case(stack: &Stack, content: &str) -> String {
    let reply = post_case(stack, &case_with(json!({ "content": content }))).await;
    stack.move_clock(SignedDuration::from_mins(1));
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

fn add(case_id: &str, tag: &str) -> AddTagRequest {
    AddTagRequest { case_id: case_id.into(), tag: tag.into() }
}

fn tagged(tag: &str) -> CaseFilter {
    CaseFilter { tag: tag.into(), ..CaseFilter::default() }
}

async fn found(stack: &Stack, filter: CaseFilter) -> Vec<String> {
    let mut client = CaseSearchClient::new(stack.channel("intake"));
    let asked = SearchCasesRequest { filter: Some(filter), ..SearchCasesRequest::default() };
    let answer = client.search_cases(request("staff:ana", asked)).await.unwrap().into_inner();
    answer.cases.into_iter().map(|case| case.case_id).collect()
}

#[tokio::test]
async fn a_case_is_found_by_its_tag_in_the_search_and_in_the_queue() {
    let stack = start().await;
    let (one, two) = (a_case(&stack, "one").await, a_case(&stack, "two").await);
    let mut client = views(&stack);
    for (case, tag) in [(&one, "Recall  2026"), (&two, "recall 2026"), (&two, "包装")] {
        client.add_tag(request("staff:ana", add(case, tag))).await.unwrap();
        client.add_tag(request("staff:ben", add(case, tag))).await.unwrap();
    }
    crate::search::indexed(&stack).await;
    assert_eq!(stack.events::<CaseTagged>("intake").await.len(), 3, "a tag is there once");
    assert_eq!(found(&stack, tagged("recall 2026")).await, [two.clone(), one.clone()]);
    assert_eq!(found(&stack, tagged("包装")).await, std::slice::from_ref(&two));
    let mut queue = IntakeClient::new(stack.channel("intake"));
    let asked = ListQueueRequest { tag: "包装".into(), ..ListQueueRequest::default() };
    let cases = queue.list_queue(asked).await.unwrap().into_inner().cases;
    assert_eq!(cases.iter().map(|case| &case.case_id).collect::<Vec<_>>(), [&two]);
    assert_eq!(cases[0].tags, ["recall 2026", "包装"]);

    let off = RemoveTagRequest { case_id: two.clone(), tag: "recall 2026".into() };
    client.remove_tag(request("staff:ana", off.clone())).await.unwrap();
    client.remove_tag(request("staff:ana", off)).await.unwrap();
    crate::search::indexed(&stack).await;
    assert_eq!(found(&stack, tagged("recall 2026")).await, [one]);
    let get = GetCaseRequest { case_id: two };
    assert_eq!(queue.get_case(get).await.unwrap().into_inner().case.unwrap().tags, ["包装"]);
}

#[tokio::test]
async fn where_tags_are_configured_no_other_is_put_on_a_case() {
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["tags"] = json!(["Recall", "VIP visit"]);
    })
    .await;
    let case = a_case(&stack, "one").await;
    let mut client = views(&stack);
    client.add_tag(request("staff:ana", add(&case, "recall"))).await.unwrap();
    let refused = client.add_tag(request("staff:ana", add(&case, "other"))).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["tag"]);
    assert!(refused.message().contains("must be one of recall, vip visit"), "{refused:?}");
    let refused = client.add_tag(request("nobody", add("x", "a,b"))).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id", "tag"]);
    let nobody = client.add_tag(request("staff:ana", add(&Uuid::nil().to_string(), "recall"))).await.unwrap_err();
    assert_eq!(nobody.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_view_is_kept_under_its_name_by_a_person_or_for_a_team() {
    let stack = start().await;
    let mut client = views(&stack);
    let save = |name: &str, team: &str, filter: CaseFilter| SaveViewRequest {
        name: name.into(),
        team: team.into(),
        filter: Some(filter),
    };
    let unassigned = CaseFilter { unassigned: true, ..CaseFilter::default() };
    let mine = client.save_view(request("staff:ana", save("mine", "", tagged("recall")))).await.unwrap().into_inner();
    client.save_view(request("staff:ana", save("mine", "", unassigned.clone()))).await.unwrap();
    client.save_view(request("staff:ben", save("late", "", tagged("late")))).await.unwrap();
    client.save_view(request("staff:ben", save("recall", "team:west", tagged("recall")))).await.unwrap();
    let listed = client.list_views(request("staff:ana", ListViewsRequest {})).await.unwrap().into_inner().views;
    let told: Vec<_> = listed.iter().map(|view| (view.owner.as_str(), view.name.as_str())).collect();
    assert_eq!(told, [("staff:ana", "mine"), ("team:west", "recall")]);
    assert_eq!((listed[0].filter.clone(), listed[0].view_id.clone()), (Some(unassigned), mine.id.clone()));

    let delete = DeleteViewRequest { view_id: mine.id };
    let refused = client.delete_view(request("staff:ben", delete.clone())).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "it is another's");
    client.delete_view(request("staff:ana", delete)).await.unwrap();
    assert_eq!(client.list_views(request("staff:ana", ListViewsRequest {})).await.unwrap().into_inner().views.len(), 1);

    let wrong = save(" ", "west", CaseFilter { status: "lost".into(), ..CaseFilter::default() });
    let refused = client.save_view(request("service:x", wrong)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "name", "team", "filter.status"]);
    let nothing = client.save_view(request("staff:ana", save("a", "", CaseFilter::default()))).await.unwrap_err();
    assert_eq!(wrong_fields(&nothing), ["filter"]);
}
