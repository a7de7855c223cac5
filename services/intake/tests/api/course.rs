//! The course of a case: taken up again, added to by whoever names it, linked, and offered as a duplicate.
use contracts::{
    common::v1::Page,
    intake::v1::{
        CaseClosed, CaseContactAdded, CaseInfoAdded, CaseLink, CaseLinked, CaseRegistered, CaseReopened,
        CaseReplyMissed, CaseResponseMissed, CaseUnlinked, CloseCaseRequest, LinkCasesRequest, LinkKind,
        ListDuplicateCandidatesRequest, ListQueueRequest, MergeCasesRequest, RecordHealthRequest, RecordPart,
        ReopenCaseRequest, ReopenedBy, RequestInfoRequest, RespondToCaseRequest, RevealCaseRequest,
        RevealHistoryRequest, UnlinkCasesRequest, health_lane_client::HealthLaneClient, intake_client::IntakeClient,
    },
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::{case_with, contact, count, desk, get, post_case, start, view};

fn client(stack: &Stack) -> IntakeClient<Channel> {
    IntakeClient::new(stack.channel("intake"))
}

/// An enquiry that was answered and closed.
async fn closed(stack: &Stack) -> String {
    let case_id = contact(stack, json!({})).await;
    let answer = RespondToCaseRequest { case_id: case_id.clone(), text: "at nine".into(), ..Default::default() };
    client(stack).respond_to_case(request("staff:ana", answer)).await.unwrap();
    close(stack, &case_id).await;
    case_id
}

async fn close(stack: &Stack, case_id: &str) {
    let close = CloseCaseRequest { case_id: case_id.into(), outcome: "answered".into() };
    client(stack).close_case(request("staff:ana", close)).await.unwrap();
}

fn reopen(case_id: &str, reason: &str) -> tonic::Request<ReopenCaseRequest> {
    request("staff:ana", ReopenCaseRequest { case_id: case_id.into(), reason: reason.into() })
}

#[tokio::test]
async fn a_closed_case_is_taken_up_again_stands_in_the_queue_and_owes_a_further_answer_and_no_first_one() {
    let stack = start().await;
    let case = closed(&stack).await;
    stack.advance(SignedDuration::from_hours(14 * 24)).await;
    let receipt = desk(&stack).reopen_case(reopen(&case, "the answer was wrong")).await.unwrap().into_inner();
    assert_eq!(receipt.status, "reopened");
    let seen = view(&stack, &case).await;
    assert_eq!((seen.times_reopened, seen.reopened_because.as_str()), (1, "the answer was wrong"));
    let owed = seen.reply.unwrap();
    assert_eq!(owed.since, Some(backbone::proto::timestamp(stack.now())));
    let queue = client(&stack).list_queue(ListQueueRequest::default()).await.unwrap().into_inner().cases;
    assert_eq!(queue.iter().map(|case| case.case_id.as_str()).collect::<Vec<_>>(), [case.as_str()]);
    stack.advance(SignedDuration::from_hours(48)).await;
    close(&stack, &case).await;
    stack.advance(SignedDuration::from_hours(14 * 24)).await;
    stack.move_clock(SignedDuration::from_millis(1));
    let late = desk(&stack).reopen_case(reopen(&case, "once more")).await.unwrap_err();
    assert!(late.code() == Code::FailedPrecondition && late.message().contains("too long ago"), "{late:?}");

    assert!(stack.events::<CaseResponseMissed>("intake").await.is_empty());
    assert_eq!(stack.events::<CaseClosed>("intake").await.len(), 2);
    let [reopened] = stack.events::<CaseReopened>("intake").await.try_into().unwrap();
    assert_eq!((reopened.case_id.clone(), reopened.by()), (case, ReopenedBy::Person));
    assert_eq!(reopened.reply, Some(owed.clone()));
    let missed: Vec<CaseReplyMissed> = stack.events("intake").await;
    assert_eq!(
        missed.iter().map(|one| one.reply_by).collect::<Vec<_>>(),
        [owed.reply_by],
        "nobody answered for two days"
    );
    let wrong = desk(&stack).reopen_case(reopen("x", " ")).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["case_id", "reason"]);
    let complaint = contact(&stack, json!({ "class": "delivery", "channel": "email" })).await;
    let refused = desk(&stack).reopen_case(reopen(&complaint, "why")).await.unwrap_err();
    assert!(refused.message().contains("not at its end"), "{refused:?}");
}

#[tokio::test]
async fn r_int_21_an_answer_that_names_its_case_goes_to_it_with_its_words() {
    let stack = start().await;
    let case = contact(&stack, json!({ "content": "one" })).await;
    let missing = vec![RecordPart::Circumstances.into()];
    let asked = RequestInfoRequest { case_id: case.clone(), missing, question: "how come?".into(), send: false };
    desk(&stack).request_info(request("staff:ana", asked)).await.unwrap();
    let said = json!({ "case_id": case, "external_ref": "M-2", "content": "canary", "circumstances": "in the rain" });
    // Told twice it is there once.
    for _ in 0..2 {
        assert_eq!(contact(&stack, said.clone()).await, case);
    }
    assert_eq!((count(&stack, "case_file").await, view(&stack, &case).await.times_heard), (1, 1));
    assert_eq!(view(&stack, &case).await.status, "responded");
    let [added] = stack.events::<CaseContactAdded>("intake").await.try_into().unwrap();
    assert!(added.was_asked && added.case_id == case);
    let [answered] = stack.events::<CaseInfoAdded>("intake").await.try_into().unwrap();
    assert!(answered.still_missing.is_empty());

    let look = RevealCaseRequest { case_id: case.clone(), purpose: "handling".into() };
    let words = client(&stack).reveal_case(request("staff:ana", look)).await.unwrap().into_inner();
    let record = (words.content.as_str(), words.circumstances.as_str(), words.further.len());
    assert_eq!(record, ("one", "in the rain", 1));
    assert_eq!((words.further[0].content.as_str(), words.further[0].circumstances.as_str()), ("canary", "in the rain"));
    let told = |row: &testkit::JournalRow| row.payload.windows(6).any(|part| part == b"canary");
    assert!(!stack.journal("intake").await.iter().any(told), "words stay in the vault");
}

#[tokio::test]
async fn what_a_closed_or_another_case_cannot_take_is_a_linked_case_of_its_own() {
    let stack = start().await;
    let case = closed(&stack).await;
    assert_eq!(contact(&stack, json!({ "case_id": case, "content": "and on Sunday?" })).await, case);
    let [reopened] = stack.events::<CaseReopened>("intake").await.try_into().unwrap();
    assert_eq!(reopened.by(), ReopenedBy::Contact);
    let ill = contact(&stack, json!({ "case_id": case, "content": "头皮很痒" })).await;
    let other = json!({ "name": "Bo", "phone": "+86 139 0000 0000" });
    let stranger = contact(&stack, json!({ "case_id": case, "customer": other })).await;
    close(&stack, &case).await;
    stack.move_clock(SignedDuration::from_hours(15 * 24));
    let late = contact(&stack, json!({ "case_id": case, "content": "and now?" })).await;
    let seen = view(&stack, &case).await;
    let mut links: Vec<_> = seen.links.iter().map(|link| (link.case_id.clone(), link.kind())).collect();
    links.sort();
    let mut expected =
        vec![(ill.clone(), LinkKind::FollowedUpBy), (stranger, LinkKind::Related), (late, LinkKind::FollowedUpBy)];
    expected.sort();
    assert_eq!(links, expected);
    let shown = get(&stack, &format!("/v1/cases/{ill}")).await.json();
    assert_eq!(shown["links"], json!([{ "case_id": case, "kind": "follow_up_of" }]));
    assert_eq!(shown["lane"], "health");
    let cases = stack.events::<CaseRegistered>("intake").await;
    assert_eq!(cases.iter().filter(|case| case.is_repeat).count(), 2, "a stranger's is none");

    let unknown = post_case(&stack, &case_with(json!({ "case_id": Uuid::nil() }))).await;
    assert_eq!((unknown.status, unknown.wrong()), (422, vec!["case_id".to_owned()]));
    for wrong in [json!("7"), json!(7)] {
        let reply = post_case(&stack, &case_with(json!({ "case_id": wrong }))).await;
        assert_eq!((reply.status, reply.wrong()), (422, vec!["case_id".to_owned()]));
    }
}

#[tokio::test]
async fn what_made_a_case_of_its_own_is_told_again_there_also_when_the_named_one_would_take_it_by_now() {
    let stack = start().await;
    let case = contact(&stack, json!({})).await;
    let harm = json!({ "class": "enquiry", "content": "头皮很痒" });
    let said = |reference: &str| super::merged(harm.clone(), json!({ "case_id": case, "external_ref": reference }));
    let own = contact(&stack, said("M-2")).await;
    assert_ne!(own, case, "it is graver than the case is");
    let raise = async |case_id: &str| {
        let worse = RecordHealthRequest { case_id: case_id.into(), severity: 3, ..RecordHealthRequest::default() };
        let mut lane = HealthLaneClient::new(stack.channel("intake"));
        lane.record_health(request("staff:ana", worse)).await.unwrap();
    };
    raise(&case).await;
    assert_eq!(contact(&stack, said("M-3")).await, case, "what is new goes to the case now");
    let before = (view(&stack, &case).await, view(&stack, &own).await);
    assert_eq!(contact(&stack, said("M-2")).await, own);
    assert_eq!((view(&stack, &case).await, view(&stack, &own).await), before, "nothing is said twice");
    assert_eq!((before.0.times_heard, stack.events::<CaseContactAdded>("intake").await.len()), (1, 1));

    // Nor where the named one goes on as another.
    let into = contact(&stack, harm.clone()).await;
    raise(&into).await;
    let asked = MergeCasesRequest { case_id: case.clone(), into_case_id: into.clone(), reason: "one matter".into() };
    desk(&stack).merge_cases(request("staff:ana", asked)).await.unwrap();
    let before = (view(&stack, &into).await, view(&stack, &own).await);
    assert_eq!(contact(&stack, said("M-2")).await, own);
    assert_eq!((view(&stack, &into).await, view(&stack, &own).await), before);
}

#[tokio::test]
async fn contacts_that_name_a_case_at_once_are_each_there_once() {
    let stack = start().await;
    let case = closed(&stack).await;
    let said = |n: usize| case_with(json!({ "case_id": case, "external_ref": format!("M-{n}"), "content": "well?" }));
    let said: Vec<Value> = (0..12).map(said).collect();
    let replies = futures::future::join_all(said.iter().map(|said| post_case(&stack, said))).await;
    assert!(replies.iter().all(|reply| reply.status == 201), "{replies:?}");
    assert_eq!((count(&stack, "case_file").await, view(&stack, &case).await.times_heard), (1, 12));
    assert_eq!(stack.events::<CaseReopened>("intake").await.len(), 1);
}

fn link(case_id: &str, other: &str, kind: LinkKind) -> tonic::Request<LinkCasesRequest> {
    let link = CaseLink { case_id: other.into(), kind: kind.into() };
    request("staff:ana", LinkCasesRequest { case_id: case_id.into(), link: Some(link) })
}

#[tokio::test]
async fn r_int_21_the_history_of_linked_cases_is_read_in_one_call() {
    let stack = start().await;
    let mut cases = Vec::new();
    for content in ["one", "two", "three", "four"] {
        cases.push(contact(&stack, json!({ "content": content })).await);
        stack.move_clock(SignedDuration::from_mins(20));
    }
    let [one, two, three, four] = &cases[..] else { unreachable!() };
    let mut desk = desk(&stack);
    desk.link_cases(link(one, two, LinkKind::Parent)).await.unwrap();
    desk.link_cases(link(two, three, LinkKind::FollowUpOf)).await.unwrap();
    let again = desk.link_cases(link(two, one, LinkKind::Related)).await.unwrap_err();
    assert!(again.message().contains("linked in another way"), "{again:?}");
    let unknown = desk.link_cases(link(four, &Uuid::nil().to_string(), LinkKind::Related)).await.unwrap_err();
    assert!(unknown.code() == Code::FailedPrecondition && view(&stack, four).await.links.is_empty(), "all or nothing");
    let kinds: Vec<LinkKind> = view(&stack, two).await.links.iter().map(CaseLink::kind).collect();
    assert!(kinds.len() == 2 && kinds.contains(&LinkKind::Child) && kinds.contains(&LinkKind::FollowUpOf));

    let look = |id: &str| {
        let asked = RevealHistoryRequest { case_id: id.into(), purpose: "hand-over".into() };
        request("staff:ben", asked)
    };
    let history = desk.reveal_history(look(one)).await.unwrap().into_inner();
    let told: Vec<_> = history.cases.iter().map(|one| one.words.as_ref().unwrap().content.as_str()).collect();
    assert_eq!((told, history.left_off), (vec!["one", "two", "three"], false));
    let steps: Vec<_> = history.cases[1].steps.iter().map(|step| (step.what.as_str(), step.by.as_str())).collect();
    let linked = ("case.linked", "staff:ana");
    assert_eq!(steps, [("case.registered", "channel:website"), linked, linked]);
    assert_eq!(history.cases[0].steps[0].at.unwrap().seconds, stack.now().as_second() - 80 * 60);
    assert_eq!(count(&stack, "access_log").await, 3, "each look is recorded");

    let cut = |case_id: &str, other: &str| {
        let asked = UnlinkCasesRequest { case_id: case_id.into(), other_case_id: other.into() };
        request("staff:ana", asked)
    };
    desk.unlink_cases(cut(two, one)).await.unwrap();
    assert_eq!(desk.reveal_history(look(one)).await.unwrap().into_inner().cases.len(), 1);
    assert_eq!(stack.events::<CaseLinked>("intake").await.len(), 4);
    assert_eq!(stack.events::<CaseUnlinked>("intake").await.len(), 2);
    for (kind, wrong) in [(LinkKind::Unspecified, 3), (LinkKind::Child, 3), (LinkKind::Related, 2)] {
        let refused = desk.link_cases(link("x", "y", kind)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["case_id", "link.case_id", "link.kind"][..wrong]);
    }
    assert_eq!(wrong_fields(&desk.unlink_cases(cut("x", "y")).await.unwrap_err()), ["case_id", "other_case_id"]);
}

#[tokio::test]
async fn r_int_02_the_same_words_over_three_channels_are_offered_whoever_says_them() {
    let stack = start().await;
    let mut same = Vec::new();
    for (channel, reference) in [("website", "C-1"), ("official_account", "o-7"), ("platform", "jd-2")] {
        let customer = json!({ "ref": reference, "name": "Ana", "phone": format!("138 0000 000{}", same.len()) });
        let said = json!({ "channel": channel, "customer": customer, "content": "瓶子漏了，要退款！" });
        same.push(contact(&stack, said).await);
        stack.move_clock(SignedDuration::from_secs(20));
    }
    for (channel, words) in [("website", "瓶子漏了，要退款！"), ("app", "瓶子漏了"), ("hotline", "瓶子漏了")]
    {
        let customer = json!({ "name": "Bo", "phone": format!("139 0000 0{}", words.len() + channel.len()) });
        contact(&stack, json!({ "channel": channel, "customer": customer, "content": words })).await;
    }
    let of = view(&stack, &same[0]).await.duplicate_candidates;
    assert_eq!(of, same[1..], "few words, or the same channel, say nothing");
    let asked = request("staff:ana", ListDuplicateCandidatesRequest::default());
    let listed = desk(&stack).list_duplicate_candidates(asked).await.unwrap().into_inner().candidates;
    let listed: Vec<_> = listed.into_iter().map(|one| (one.case_id, one.earlier_case_ids)).collect();
    assert_eq!(listed[..2], [(same[1].clone(), same[..1].to_vec()), (same[2].clone(), same[..2].to_vec())]);
}

#[tokio::test]
async fn r_int_02_the_same_contact_over_three_channels_is_offered_and_never_merged() {
    let stack = start().await;
    let person = |reference: Value| json!({ "ref": reference, "name": "Ana", "phone": "+86 138 0000 0001" });
    let order = json!({ "channel": "website", "order_ref": "A-1" });
    let mut same = Vec::new();
    for (channel, reference) in [("website", json!("C-1")), ("app", json!("u-7")), ("hotline", Value::Null)] {
        same.push(
            contact(&stack, json!({ "channel": channel, "customer": person(reference), "purchase": order })).await,
        );
        stack.move_clock(SignedDuration::from_secs(20));
    }
    let another = json!({ "channel": "website", "order_ref": "A-2" });
    let other = contact(&stack, json!({ "customer": person(Value::Null), "purchase": another })).await;
    stack.move_clock(SignedDuration::from_secs(1));
    let vague = contact(&stack, json!({ "customer": person(Value::Null), "channel": "shop" })).await;
    stack.move_clock(SignedDuration::from_mins(10));
    let late = contact(&stack, json!({ "customer": person(Value::Null), "purchase": order })).await;

    assert_eq!(count(&stack, "case_file").await, 6);
    let of = async |id: &str| view(&stack, id).await.duplicate_candidates;
    assert_eq!(of(&same[0]).await, [&same[1..], std::slice::from_ref(&vague)].concat());
    assert_eq!((of(&other).await, of(&late).await), (vec![vague.clone()], vec![vague.clone()]));
    let mut candidates = Vec::new();
    let mut token = String::new();
    loop {
        let asked = ListDuplicateCandidatesRequest { page: Some(Page { size: 1, token }) };
        let part = desk(&stack).list_duplicate_candidates(request("staff:ana", asked)).await.unwrap().into_inner();
        candidates.extend(part.candidates.into_iter().map(|one| (one.case_id, one.earlier_case_ids)));
        token = part.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let all: Vec<String> = same.iter().chain([&other]).cloned().collect();
    let expected = [
        (same[1].clone(), same[..1].to_vec()),
        (same[2].clone(), same[..2].to_vec()),
        (vague.clone(), all),
        (late, vec![vague]),
    ];
    assert_eq!(candidates, expected);
    let asked = ListDuplicateCandidatesRequest { page: Some(Page { size: 1, token: "x".into() }) };
    let refused = desk(&stack).list_duplicate_candidates(request("staff:ana", asked)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["page.token"]);
}
