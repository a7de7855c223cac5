//! Two cases turn out to be one: what is merged goes on as the other, and comes back as it was.
use contracts::{
    common::v1::{CaseClass, Lane},
    complaint::v1::{ComplaintClosed, SolutionAgreed},
    intake::v1::{
        CaseAbsorbed, CaseClosed, CaseLink, CaseMerged, CaseReleased, CaseResponseMissed, CaseUnmerged, CaseView,
        CloseCaseRequest, LinkCasesRequest, LinkKind, ListDuplicateCandidatesRequest, ListQueueRequest,
        MergeCasesRequest, RespondToCaseRequest, RevealCaseRequest, RevealHistoryRequest, SplitCaseRequest,
        UnmergeCaseRequest, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::Status;
use uuid::Uuid;

use super::{case_with, contact, count, desk, post_case, start, view};

async fn merge(stack: &Stack, by: &str, case_id: &str, into: &str) -> Result<String, Status> {
    let reason = "the same matter".into();
    let asked = MergeCasesRequest { case_id: case_id.into(), into_case_id: into.into(), reason };
    desk(stack).merge_cases(request(by, asked)).await.map(|receipt| receipt.into_inner().status)
}

async fn unmerge(stack: &Stack, case_id: &str) -> Result<String, Status> {
    let asked = UnmergeCaseRequest { case_id: case_id.into() };
    desk(stack).unmerge_case(request("staff:ana", asked)).await.map(|receipt| receipt.into_inner().status)
}

async fn queue(stack: &Stack) -> Vec<String> {
    let asked = ListQueueRequest::default();
    let cases = IntakeClient::new(stack.channel("intake")).list_queue(asked).await.unwrap().into_inner().cases;
    cases.into_iter().map(|case| case.case_id).collect()
}

#[tokio::test]
async fn r_int_21_words_contacts_and_links_follow_a_merged_case_and_it_comes_back_as_it_was() {
    let stack = start().await;
    let email = |fields: Value| super::merged(json!({ "channel": "email" }), fields);
    let one = contact(&stack, email(json!({ "content": "one" }))).await;
    let two = contact(&stack, email(json!({ "content": "two" }))).await;
    let other = contact(&stack, email(json!({ "customer": { "name": "Bo", "phone": "+86 139 0000 0000" } }))).await;
    let link = Some(CaseLink { case_id: other.clone(), kind: LinkKind::Related.into() });
    let asked = LinkCasesRequest { case_id: one.clone(), link };
    desk(&stack).link_cases(request("staff:ana", asked)).await.unwrap();
    let before = view(&stack, &one).await;

    assert_eq!(merge(&stack, "staff:ana", &one, &two).await.unwrap(), "merged");
    let merged = view(&stack, &one).await;
    assert_eq!((merged.merged_into.as_str(), merged.merged_because.as_str()), (two.as_str(), "the same matter"));
    let into = view(&stack, &two).await;
    assert_eq!((&into.absorbed, into.links[0].case_id.as_str()), (&vec![one.clone()], other.as_str()));
    assert!(!queue(&stack).await.contains(&one));
    let listed = desk(&stack).list_duplicate_candidates(ListDuplicateCandidatesRequest::default()).await.unwrap();
    assert!(listed.into_inner().candidates.is_empty(), "what is merged is no candidate");

    // What names the merged case goes to the one it goes on as; what is asked of it is asked there.
    assert_eq!(contact(&stack, email(json!({ "case_id": one, "content": "three" }))).await, two);
    let look = RevealCaseRequest { case_id: two.clone(), purpose: "handling".into() };
    let client = || IntakeClient::new(stack.channel("intake"));
    let words = client().reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!((words.content.as_str(), words.further[0].content.as_str()), ("two", "three"));
    assert_eq!((words.merged.len(), words.merged[0].words.as_ref().unwrap().content.as_str()), (1, "one"));
    assert_eq!(count(&stack, "access_log").await, 2);
    let history = RevealHistoryRequest { case_id: one.clone(), purpose: "handling".into() };
    assert_eq!(desk(&stack).reveal_history(request("staff:ana", history)).await.unwrap().into_inner().cases.len(), 3);
    let again = merge(&stack, "staff:ana", &one, &two).await.unwrap_err();
    assert!(again.message().contains(&two), "{again:?}");
    assert!(merge(&stack, "staff:ana", &two, &one).await.unwrap_err().message().contains("merged into"));

    stack.advance(SignedDuration::from_hours(1)).await;
    assert_eq!(unmerge(&stack, &one).await.unwrap(), "routed");
    let after = view(&stack, &one).await;
    assert_eq!(CaseView { version: before.version, ..after }, before);
    assert!(view(&stack, &two).await.absorbed.is_empty() && view(&stack, &two).await.links.is_empty());
    let told: [usize; 4] = [
        stack.events::<CaseMerged>("intake").await.len(),
        stack.events::<CaseUnmerged>("intake").await.len(),
        stack.events::<CaseAbsorbed>("intake").await.len(),
        stack.events::<CaseReleased>("intake").await.len(),
    ];
    assert_eq!((told, stack.events::<CaseClosed>("intake").await.len()), ([1, 1, 1, 1], 0));
    assert!(unmerge(&stack, &one).await.unwrap_err().message().contains("not merged"));
}

#[tokio::test]
async fn r_int_24_the_link_to_a_merged_case_shows_the_one_it_goes_on_as() {
    let stack = start().await;
    let one = post_case(&stack, &case_with(json!({}))).await.json();
    let two = contact(&stack, json!({})).await;
    merge(&stack, "staff:ana", one["case_id"].as_str().unwrap(), &two).await.unwrap();
    let link = one["status_link"].as_str().unwrap();
    let status = async || super::get(&stack, link).await.json();
    assert_eq!(status().await["progress"], "received");
    let answer = RespondToCaseRequest { case_id: two.clone(), text: "yes".into(), responded_at: None };
    let mut client = IntakeClient::new(stack.channel("intake"));
    client.respond_to_case(request("staff:ana", answer)).await.unwrap();
    let close = CloseCaseRequest { case_id: two, outcome: "answered".into() };
    client.close_case(request("staff:ana", close)).await.unwrap();
    assert_eq!(status().await["may_be_rated"], true);
    let headers = &[("content-type", "application/json")];
    let rated = super::post(&stack, &format!("{link}/rating"), headers, r#"{"score":3}"#).await;
    assert_eq!((rated.status, &rated.json()["rating"]), (200, &json!(3)));
}

#[tokio::test]
async fn a_merged_case_misses_nothing_until_it_comes_back() {
    let stack = start().await;
    let [one, two] = [contact(&stack, json!({})).await, contact(&stack, json!({})).await];
    merge(&stack, "staff:ana", &one, &two).await.unwrap();
    stack.advance(SignedDuration::from_hours(24 * 7)).await;
    let missed = |events: &[CaseResponseMissed]| events.iter().map(|event| event.case_id.clone()).collect::<Vec<_>>();
    assert_eq!(missed(&stack.events("intake").await), std::slice::from_ref(&two));
    unmerge(&stack, &one).await.unwrap();
    stack.settle().await;
    assert_eq!(missed(&stack.events("intake").await), [two.clone(), one.clone()], "its time did not stand still");
    merge(&stack, "staff:ana", &one, &two).await.unwrap();
    stack.advance(SignedDuration::from_hours(24 * 7)).await;
    stack.move_clock(SignedDuration::from_millis(1));
    assert!(unmerge(&stack, &one).await.unwrap_err().message().contains("too long ago"));
}

#[tokio::test]
async fn a_case_comes_back_once_and_a_repeat_is_answered_as_it_was() {
    let stack = start().await;
    let [one, two] = [contact(&stack, json!({})).await, contact(&stack, json!({})).await];
    merge(&stack, "staff:ana", &one, &two).await.unwrap();
    let asked = |key: &str| {
        let mut asked = request("staff:ana", UnmergeCaseRequest { case_id: one.clone() });
        asked.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        asked
    };
    let first = desk(&stack).unmerge_case(asked("k-1")).await.unwrap().into_inner();
    assert_eq!(desk(&stack).unmerge_case(asked("k-1")).await.unwrap().into_inner(), first);
    assert!(desk(&stack).unmerge_case(asked("k-2")).await.unwrap_err().message().contains("not merged"));
    assert_eq!(stack.events::<CaseUnmerged>("intake").await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_merged_is_said_and_nothing_moves() {
    let lead = |_: &str, settings: &mut backbone::Settings| {
        settings.service["desk"]["leads"] = json!(["staff:lead"]);
    };
    let stack = Stack::start_with(&[&intake::SERVICE], lead).await;
    let enquiry = contact(&stack, json!({})).await;
    let complaint = contact(&stack, json!({ "class": "delivery" })).await;
    let agreed = contact(&stack, json!({ "class": "delivery" })).await;
    let ill = contact(&stack, json!({ "class": "discomfort" })).await;
    let stranger = contact(&stack, json!({ "customer": { "name": "Bo", "phone": "+86 139 0000 0000" } })).await;
    let complaint_id: Uuid = view(&stack, &agreed).await.registered.unwrap().complaint_id.parse().unwrap();
    let event = SolutionAgreed { complaint_id: complaint_id.to_string(), ..SolutionAgreed::default() };
    stack.publish("complaint", &event, complaint_id, 1).await;
    stack.settle().await;
    for (case, into, why) in [
        (&enquiry, &enquiry, "itself"),
        (&complaint, &enquiry, "merge that one into this"),
        (&ill, &complaint, "merge that one into this"),
        (&agreed, &complaint, "is carried out"),
        (&enquiry, &stranger, "different customers"),
    ] {
        let refused = merge(&stack, "staff:ana", case, into).await.unwrap_err();
        assert!(refused.message().contains(why), "{refused:?}");
        assert!(view(&stack, into).await.absorbed.is_empty(), "{why}");
    }
    assert_eq!(merge(&stack, "staff:lead", &stranger, &enquiry).await.unwrap(), "merged");
    assert_eq!(merge(&stack, "staff:ana", &complaint, &agreed).await.unwrap(), "merged");
    // The complaint is withdrawn with it, and that does not end the case; where it went its own way, its end does.
    let mut told = stack.events::<CaseMerged>("intake").await;
    told.retain(|event| !event.complaint_id.is_empty());
    assert_eq!((told.len(), told[0].into_complaint_id.clone()), (1, complaint_id.to_string()));
    for (version, merged_into_id, status) in [(1, complaint_id.to_string(), "merged"), (2, String::new(), "closed")] {
        let (case_id, outcome) = (complaint.clone(), "withdrawn".to_owned());
        let over = ComplaintClosed { case_id, outcome, merged_into_id, ..ComplaintClosed::default() };
        stack.publish("complaint", &over, told[0].complaint_id.parse().unwrap(), version).await;
        stack.settle().await;
        assert_eq!((view(&stack, &complaint).await.status.as_str(), stack.parked("intake").await), (status, 0));
    }
    assert!(unmerge(&stack, &complaint).await.unwrap_err().message().contains("not merged"));

    let wrong = merge(&stack, "nobody", "x", "y").await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["metadata.aftercare-actor", "case_id", "into_case_id"]);
    assert_eq!(wrong_fields(&unmerge(&stack, "x").await.unwrap_err()), ["case_id"]);
}

#[tokio::test]
async fn a_case_that_is_two_is_split_and_each_has_its_promise() {
    let stack = start().await;
    let case = contact(&stack, json!({ "class": "discomfort", "content": "my scalp itches" })).await;
    let later = json!({ "case_id": case, "external_ref": "M-2", "content": "and when do you open?" });
    assert_eq!(contact(&stack, later).await, case);
    let contact_id = kernel::id::derived("case", &["website", "M-2"]).to_string();
    stack.move_clock(SignedDuration::from_hours(1));
    let asked =
        SplitCaseRequest { case_id: case.clone(), message_ids: vec![contact_id], ..SplitCaseRequest::default() };
    let part = desk(&stack).split_case(request("staff:ana", asked)).await.unwrap().into_inner();
    assert_eq!(part.status, "routed");
    let (whole, seen) = (view(&stack, &case).await, view(&stack, &part.id).await);
    let link = |view: &CaseView| (view.links[0].case_id.clone(), view.links[0].kind());
    assert_eq!((link(&whole), link(&seen)), ((part.id.clone(), LinkKind::Child), (case.clone(), LinkKind::Parent)));
    let facts = seen.registered.unwrap();
    assert_eq!((facts.class(), facts.lane()), (CaseClass::Enquiry, Lane::Health), "harm goes with both");
    assert_eq!(facts.recorded_at.unwrap().seconds, stack.now().as_second());
    assert_eq!(facts.customer_id, whole.registered.unwrap().customer_id);
    let look = RevealCaseRequest { case_id: part.id, purpose: "handling".into() };
    let mut client = IntakeClient::new(stack.channel("intake"));
    let words = client.reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    assert_eq!(words.content, "and when do you open?");

    let ask = |case_id: &str, message_ids: &[&str], content: &str| {
        let message_ids = message_ids.iter().map(|id| (*id).to_owned()).collect();
        request(
            "staff:ana",
            SplitCaseRequest { case_id: case_id.into(), message_ids, content: content.into(), class: 0 },
        )
    };
    let nil = Uuid::nil().to_string();
    let never = desk(&stack).split_case(ask(&case, &[&nil], "x")).await.unwrap_err();
    assert!(never.message().contains("never said"), "{never:?}");
    assert_eq!(wrong_fields(&desk(&stack).split_case(ask("x", &[], " ")).await.unwrap_err()), ["case_id", "content"]);
    let wrong = desk(&stack).split_case(ask("x", &["y"], "")).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["case_id", "message_ids[0]"]);
    assert_eq!(count(&stack, "case_file").await, 2, "all or nothing");
}
