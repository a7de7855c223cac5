//! A recall through the doors: proposed, approved by another, and everybody who bought the batch told once and
//! accounted for.
use contracts::{
    common::v1::Page,
    intake::v1::{
        ActivateMajorIssueRequest, ApproveMajorIssueRequest, CloseMajorIssueRequest, ExtendMajorIssueRequest,
        GetMajorIssueRequest, LinkCustomersRequest, ListMajorIssueMembersRequest, MajorIssueMember,
        MajorIssueMemberAccounted, MajorIssueMitigated, MajorIssueNoticeRequested, MajorIssueResumed, MajorIssueView,
        MitigateMajorIssueRequest, ProposeMajorIssueRequest, RecordMajorIssueAnswerRequest, RejectMajorIssueRequest,
        ResumeMajorIssueRequest, SuppressMajorIssueMemberRequest, UnlinkCustomersRequest,
        customers_client::CustomersClient, major_issues_client::MajorIssuesClient,
    },
    outreach::v1::{MessageFailed, MessageSent, Purpose},
};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};

use super::{case_with, post_case, post_sales, sale_with, start};

fn client(stack: &Stack) -> MajorIssuesClient<Channel> {
    MajorIssuesClient::new(stack.channel("intake"))
}

/// An order of one article of a batch, by the customer of that number.
async fn sell(stack: &Stack, order: &str, customer: &str, batch: &str) {
    let paid = json!({ "minor": 1000, "currency": "CNY" });
    let line = json!({ "line_id": "1", "product_id": "p-1", "category": "cream", "batch": batch, "quantity": 1, "paid": paid });
    let who = json!({ "ref": customer, "name": "N", "email": "n@example.com" });
    let sale = sale_with(order, json!({ "customer": who, "lines": [line], "paid": paid }));
    let reply = post_sales(stack, &[sale]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

async fn propose(stack: &Stack, batch: &str) -> String {
    let propose = ProposeMajorIssueRequest { batch: batch.into(), reason: "it burns".into(), ..Default::default() };
    let receipt = client(stack).propose_major_issue(request("staff:ana", propose)).await.unwrap().into_inner();
    assert_eq!(receipt.status, "candidate");
    receipt.id
}

async fn approve(stack: &Stack, by: &str, issue: &str) -> Result<String, tonic::Status> {
    let approve = ApproveMajorIssueRequest { issue_id: issue.into() };
    client(stack).approve_major_issue(request(by, approve)).await.map(|receipt| receipt.into_inner().status)
}

async fn mitigate(stack: &Stack, issue: &str) {
    let done = MitigateMajorIssueRequest { issue_id: issue.into(), measure: "called back from all stores".into() };
    let receipt = client(stack).mitigate_major_issue(request("staff:ana", done)).await.unwrap().into_inner();
    assert_eq!(receipt.status, "mitigated");
}

async fn view(stack: &Stack, issue: &str) -> MajorIssueView {
    client(stack).get_major_issue(GetMajorIssueRequest { issue_id: issue.into() }).await.unwrap().into_inner()
}

fn counts(view: &MajorIssueView) -> Vec<(&str, u64)> {
    assert_eq!(view.members, view.accounted.iter().map(|one| one.count).sum::<u64>(), "they add up: {view:?}");
    view.accounted.iter().map(|one| (one.key.as_str(), one.count)).collect()
}

async fn members(stack: &Stack, issue: &str) -> Vec<MajorIssueMember> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 2, token });
        let asked = ListMajorIssueMembersRequest { issue_id: issue.into(), page, ..Default::default() };
        let part = client(stack).list_major_issue_members(asked).await.unwrap().into_inner();
        all.extend(part.members);
        token = part.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

async fn minute(stack: &Stack) {
    stack.advance(SignedDuration::from_mins(1)).await;
    stack.settle().await;
}

async fn sent(stack: &Stack, issue: &str, member: &MajorIssueMember) {
    let (message_id, sent_at) = (member.message_id.clone(), Some(backbone::proto::timestamp(stack.now())));
    let purpose = Purpose::MajorIssue.into();
    let sent = MessageSent { message_id, purpose, about_id: issue.into(), sent_at, ..Default::default() };
    stack.publish("outreach", &sent, member.message_id.parse().unwrap(), 1).await;
    stack.settle().await;
}

#[tokio::test]
async fn everybody_who_bought_the_batch_is_told_once_also_who_never_contacted_us() {
    let stack = start().await;
    for (order, customer, batch) in
        [("A-1", "c-1", "L7"), ("A-2", "c-2", "L7"), ("A-3", "c-2", "L7"), ("A-4", "c-3", "L8"), ("A-5", "c-4", "L9")]
    {
        sell(&stack, order, customer, batch).await;
    }
    let who = json!({ "ref": "c-1", "name": "N" });
    let case = json!({ "customer": who, "class": "discomfort", "product_id": "p-1", "batch": "L7" });
    assert_eq!(post_case(&stack, &case_with(case)).await.status, 201);
    let issue = propose(&stack, "L7").await;
    assert_eq!(approve(&stack, "staff:ana", &issue).await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(approve(&stack, "staff:ben", &issue).await.unwrap(), "approved");
    minute(&stack).await;
    assert_eq!(view(&stack, &issue).await.members, 0, "nobody is told before it is active");
    let activate = ActivateMajorIssueRequest { issue_id: issue.clone() };
    client(&stack).activate_major_issue(request("staff:ben", activate)).await.unwrap();
    minute(&stack).await;
    let seen = view(&stack, &issue).await;
    assert_eq!((counts(&seen), seen.silent, seen.status.as_str()), (vec![("asked", 2)], 1, "active"));

    // Extended twice over, bought later, looked through again: nobody is asked a second time.
    let extend = |batch: &str| ExtendMajorIssueRequest {
        issue_id: issue.clone(),
        product_id: "p-1".into(),
        batch: batch.into(),
        ..Default::default()
    };
    for batch in ["L8", "L7"] {
        client(&stack).extend_major_issue(request("staff:ana", extend(batch))).await.unwrap();
    }
    minute(&stack).await;
    assert_eq!(view(&stack, &issue).await.members, 2, "an extension waits for another person");
    assert_eq!(approve(&stack, "staff:eve", &issue).await.unwrap(), "active");
    minute(&stack).await;
    sell(&stack, "A-6", "c-5", "L7").await;
    minute(&stack).await;
    minute(&stack).await;
    let asked: Vec<MajorIssueNoticeRequested> = stack.events("intake").await;
    let messages: std::collections::BTreeSet<_> = asked.iter().map(|one| &one.message_id).collect();
    assert_eq!((asked.len(), messages.len()), (4, 4));
    let all = members(&stack, &issue).await;
    assert_eq!(all.iter().map(|one| &one.message_id).collect::<std::collections::BTreeSet<_>>(), messages);

    let close = CloseMajorIssueRequest { issue_id: issue.clone() };
    let open = client(&stack).close_major_issue(request("staff:ana", close.clone())).await.unwrap_err();
    assert!(open.message().contains("MitigateMajorIssue"), "{open:?}");
    mitigate(&stack, &issue).await;
    let early = client(&stack).close_major_issue(request("staff:ana", close.clone())).await.unwrap_err();
    assert!(early.message().contains("4 whom it concerns"), "{early:?}");
    let [first, second, third, fourth] = &all[..] else { panic!("{all:?}") };
    sent(&stack, &issue, first).await;
    let failed = MessageFailed {
        message_id: second.message_id.clone(),
        purpose: Purpose::MajorIssue.into(),
        about_id: issue.clone(),
        code: "no_contact".into(),
    };
    stack.publish("outreach", &failed, second.message_id.parse().unwrap(), 1).await;
    let other = MessageSent { purpose: Purpose::Offer.into(), ..MessageSent::default() };
    stack.publish("outreach", &other, uuid::Uuid::from_u128(9), 1).await;
    stack.settle().await;
    let suppress = |customer: &str| SuppressMajorIssueMemberRequest {
        issue_id: issue.clone(),
        customer_id: customer.into(),
        reason: "told by the shop".into(),
    };
    let told = client(&stack).suppress_major_issue_member(request("staff:ana", suppress(&first.customer_id))).await;
    assert_eq!(told.unwrap_err().code(), Code::FailedPrecondition);
    client(&stack).suppress_major_issue_member(request("staff:ana", suppress(&third.customer_id))).await.unwrap();
    let answer = RecordMajorIssueAnswerRequest { issue_id: issue.clone(), customer_id: fourth.customer_id.clone() };
    client(&stack).record_major_issue_answer(request("staff:ana", answer)).await.unwrap();
    let seen = view(&stack, &issue).await;
    assert_eq!(counts(&seen), [("answered", 1), ("failed", 1), ("suppressed", 1), ("told", 1)]);
    assert!(
        client(&stack).close_major_issue(request("staff:ana", close.clone())).await.is_err(),
        "one must be seen to"
    );
    client(&stack).suppress_major_issue_member(request("staff:ana", suppress(&second.customer_id))).await.unwrap();
    assert_eq!(stack.events::<MajorIssueMemberAccounted>("intake").await.len(), 5);
    let closed = client(&stack).close_major_issue(request("staff:ana", close)).await.unwrap().into_inner();
    assert_eq!(closed.status, "closed");
    sell(&stack, "A-7", "c-6", "L7").await;
    minute(&stack).await;
    assert_eq!(view(&stack, &issue).await.members, 4);
}

/// The part that finds rests; whoever closes at once closes over nobody.
#[tokio::test]
async fn an_issue_is_not_closed_before_those_it_concerns_are_found() {
    let stack = start().await;
    minute(&stack).await;
    sell(&stack, "A-1", "c-1", "L7").await;
    let issue = propose(&stack, "L7").await;
    approve(&stack, "staff:ben", &issue).await.unwrap();
    let activate = ActivateMajorIssueRequest { issue_id: issue.clone() };
    client(&stack).activate_major_issue(request("staff:ben", activate)).await.unwrap();
    let close = || request("staff:ben", CloseMajorIssueRequest { issue_id: issue.clone() });
    mitigate(&stack, &issue).await;
    let early = client(&stack).close_major_issue(close()).await.unwrap_err();
    assert!(early.message().contains("1 whom it concerns"), "{early:?}");
    minute(&stack).await;
    let [member] = members(&stack, &issue).await.try_into().unwrap();
    sent(&stack, &issue, &member).await;
    assert_eq!(client(&stack).close_major_issue(close()).await.unwrap().into_inner().status, "closed");
}

#[tokio::test]
async fn cases_concern_by_product_and_only_the_harmed_where_that_is_asked() {
    let stack = start().await;
    sell(&stack, "A-1", "c-1", "L7").await;
    for (customer, class) in [("c-2", "discomfort"), ("c-3", "delivery")] {
        let who = json!({ "ref": customer, "name": "N", "phone": "13800000000" });
        let case = json!({ "customer": who, "class": class, "product_id": "p-1", "batch": "L7" });
        assert_eq!(post_case(&stack, &case_with(case)).await.status, 201);
    }
    for (harmed_only, batch, concerned) in [(true, "L7", 1), (false, "", 2), (false, "L7", 3)] {
        let (product_id, batch) = ("p-1".to_owned(), batch.to_owned());
        let propose = ProposeMajorIssueRequest { product_id, batch, harmed_only, reason: "it burns".into() };
        let issue = client(&stack).propose_major_issue(request("staff:ana", propose)).await.unwrap().into_inner().id;
        approve(&stack, "staff:ben", &issue).await.unwrap();
        let activate = ActivateMajorIssueRequest { issue_id: issue.clone() };
        client(&stack).activate_major_issue(request("staff:ben", activate)).await.unwrap();
        minute(&stack).await;
        assert_eq!(view(&stack, &issue).await.members, concerned, "{harmed_only}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_issue_is_named() {
    let stack = start().await;
    let refused = client(&stack)
        .propose_major_issue(request("service:bot", ProposeMajorIssueRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "batch", "reason"]);
    let refused =
        client(&stack).extend_major_issue(request("nobody", ExtendMajorIssueRequest::default())).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "issue_id", "batch"]);
    let refused = client(&stack)
        .suppress_major_issue_member(request("nobody", SuppressMajorIssueMemberRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "issue_id", "customer_id", "reason"]);
    let odd = ListMajorIssueMembersRequest {
        issue_id: "x".into(),
        status: "lost".into(),
        page: Some(Page { size: 201, token: "y".into() }),
    };
    let refused = client(&stack).list_major_issue_members(odd).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["issue_id", "status", "page.size", "page.token"]);
    let unknown = uuid::Uuid::nil().to_string();
    let refused = client(&stack).get_major_issue(GetMajorIssueRequest { issue_id: unknown.clone() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let refused = approve(&stack, "staff:ana", &unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let issue = propose(&stack, "L7").await;
    let reject = RejectMajorIssueRequest { issue_id: issue.clone(), reason: "two cases of two batches".into() };
    client(&stack).reject_major_issue(request("staff:ana", reject)).await.unwrap();
    let seen = view(&stack, &issue).await;
    assert_eq!((seen.status.as_str(), seen.rejected_because.as_str()), ("rejected", "two cases of two batches"));
}

#[tokio::test]
async fn what_was_done_against_it_stands_beside_an_issue_until_it_did_not_hold() {
    let stack = start().await;
    let issue = propose(&stack, "L7").await;
    let done = |measure: &str| MitigateMajorIssueRequest { issue_id: issue.clone(), measure: measure.into() };
    let early = client(&stack).mitigate_major_issue(request("staff:ana", done("stopped"))).await.unwrap_err();
    assert_eq!(early.code(), Code::FailedPrecondition);
    approve(&stack, "staff:ben", &issue).await.unwrap();
    let activate = ActivateMajorIssueRequest { issue_id: issue.clone() };
    client(&stack).activate_major_issue(request("staff:ben", activate)).await.unwrap();
    let silent = client(&stack).mitigate_major_issue(request("staff:ana", done(" "))).await.unwrap_err();
    assert_eq!(wrong_fields(&silent), ["measure"]);
    mitigate(&stack, &issue).await;
    let seen = view(&stack, &issue).await;
    assert_eq!((seen.status.as_str(), seen.mitigated_by.as_str()), ("mitigated", "staff:ana"));
    assert_eq!((seen.measure.as_str(), seen.mitigated_at.is_some()), ("called back from all stores", true));
    sell(&stack, "A-1", "c-1", "L7").await;
    minute(&stack).await;
    assert_eq!(view(&stack, &issue).await.members, 1, "who is found late is told all the same");

    let resume = ResumeMajorIssueRequest { issue_id: issue.clone(), reason: "it was sold again".into() };
    client(&stack).resume_major_issue(request("staff:ben", resume)).await.unwrap();
    assert_eq!(view(&stack, &issue).await.status, "active");
    let events = (
        stack.events::<MajorIssueMitigated>("intake").await.len(),
        stack.events::<MajorIssueResumed>("intake").await.len(),
    );
    assert_eq!(events, (1, 1));
}

/// Somebody with two numbers in two shops who is one person by a link: one request, and another one where the link is taken back.
#[tokio::test]
async fn one_person_of_two_pseudonyms_is_told_once() {
    let stack = start().await;
    for (order, customer) in [("A-1", "c-1"), ("A-2", "c-2"), ("A-3", "c-3")] {
        sell(&stack, order, customer, "L7").await;
    }
    let mut ids: Vec<uuid::Uuid> = sqlx::query_scalar("select distinct customer_id from purchase order by customer_id")
        .fetch_all(&stack.pool("intake"))
        .await
        .unwrap();
    let (one, two) = (ids.remove(0), ids.remove(0));
    let customers = || CustomersClient::new(stack.channel("intake"));
    let pair = || (one.to_string(), two.to_string());
    for by in ["staff:ana", "staff:ben"] {
        let (customer_id, other_id) = pair();
        let link = LinkCustomersRequest { customer_id, other_customer_id: other_id, reason: "the same voice".into() };
        let status = customers().link_customers(request(by, link)).await.unwrap().into_inner().status;
        // Our own data may have proposed it before.
        if status == "linked" {
            break;
        }
    }
    assert_eq!(super::count(&stack, "customer_link where status = 'linked'").await, 1);
    let issue = propose(&stack, "L7").await;
    approve(&stack, "staff:ben", &issue).await.unwrap();
    let activate = ActivateMajorIssueRequest { issue_id: issue.clone() };
    client(&stack).activate_major_issue(request("staff:ben", activate)).await.unwrap();
    for _ in 0..3 {
        minute(&stack).await;
    }
    let told: Vec<MajorIssueNoticeRequested> = stack.events("intake").await;
    let mut told: Vec<&str> = told.iter().map(|one| one.customer_id.as_str()).collect();
    told.sort_unstable();
    let (one, two, three) = (one.to_string(), two.to_string(), ids[0].to_string());
    assert_eq!(told, [one.as_str(), three.as_str()], "one request a person");
    assert_eq!(counts(&view(&stack, &issue).await), [("asked", 2)]);

    let (customer_id, other_id) = (one, two.clone());
    let unlink = UnlinkCustomersRequest { customer_id, other_customer_id: other_id, reason: "two sisters".into() };
    customers().unlink_customers(request("staff:ana", unlink)).await.unwrap();
    minute(&stack).await;
    let told: Vec<MajorIssueNoticeRequested> = stack.events("intake").await;
    assert_eq!((told.len(), told[2].customer_id.as_str()), (3, two.as_str()), "who is another one is told as well");
}
