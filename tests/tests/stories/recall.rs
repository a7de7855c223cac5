//! Story of a recall: one customer comes to harm, others bought the same batch and never said a word; each is told once,
//! and everybody is accounted for before it ends.
use contracts::{
    complaint::v1::{EscalationRaised, EscalationTrigger},
    intake::v1::{
        ActivateMajorIssueRequest, ApproveMajorIssueRequest, CloseMajorIssueRequest, ExtendMajorIssueRequest,
        GetMajorIssueRequest, MajorIssueView, MitigateMajorIssueRequest, ProposeMajorIssueRequest,
        major_issues_client::MajorIssuesClient,
    },
};
use jiff::SignedDuration;
use testkit::request;
use tonic::{Status, transport::Channel};

use crate::world::World;

impl World {
    fn issues(&self) -> MajorIssuesClient<Channel> {
        MajorIssuesClient::new(self.stack.channel("intake"))
    }

    async fn approve_issue(&self, by: &str, issue: &str) -> Result<(), Status> {
        self.issues()
            .approve_major_issue(request(by, ApproveMajorIssueRequest { issue_id: issue.into() }))
            .await
            .map(drop)
    }

    async fn issue(&self, issue: &str) -> MajorIssueView {
        self.stack.advance(SignedDuration::from_mins(1)).await;
        self.issues().get_major_issue(GetMajorIssueRequest { issue_id: issue.into() }).await.unwrap().into_inner()
    }

    /// Short messages that name the issue.
    fn messages_told(&self, issue: &str) -> usize {
        self.messages().iter().filter(|message| message.to_string().contains(issue)).count()
    }
}

#[tokio::test]
async fn r_int_09_a_recalled_batch_reaches_every_buyer_once_also_the_silent_ones() {
    let world = World::open().await;
    for order in ["o-1", "o-2", "o-3"] {
        world.sell(order).await;
    }
    world.contact("t-1", "o-1", "discomfort", "it burns, my skin is red and swollen").await;
    let raised = world.stack.events::<EscalationRaised>("complaint").await;
    assert!(raised.iter().any(|one| one.trigger() == EscalationTrigger::Health), "a supervisor knows");

    let propose = ProposeMajorIssueRequest { batch: "b-77".into(), reason: "it burns".into(), ..Default::default() };
    let issue = world.issues().propose_major_issue(request("staff:quality-li", propose)).await.unwrap().into_inner().id;
    assert!(world.approve_issue("staff:quality-li", &issue).await.is_err(), "another person must");
    world.approve_issue("staff:head-qian", &issue).await.unwrap();
    let activate = ActivateMajorIssueRequest { issue_id: issue.clone() };
    world.issues().activate_major_issue(request("staff:head-qian", activate)).await.unwrap();
    let seen = world.issue(&issue).await;
    // Who wrote is known by another reference than whoever bought o-1, and is reached where he is: one person, told once.
    assert_eq!((seen.members, seen.silent, world.messages_told(&issue)), (3, 2, 3), "the three buyers");

    let extend = ExtendMajorIssueRequest { issue_id: issue.clone(), product_id: "p-9".into(), ..Default::default() };
    world.issues().extend_major_issue(request("staff:quality-li", extend)).await.unwrap();
    world.approve_issue("staff:head-qian", &issue).await.unwrap();
    world.sell("o-4").await;
    let seen = world.issue(&issue).await;
    assert_eq!(
        (seen.members, seen.silent, world.messages_told(&issue)),
        (4, 3, 4),
        "who bought it since, and nobody twice"
    );
    let accounted: Vec<_> = seen.accounted.iter().map(|one| (one.key.as_str(), one.count)).collect();
    assert_eq!(accounted, [("told", 4)]);
    let measure = "b-77 is taken from all stores, its maker holds the rest".to_owned();
    let done = MitigateMajorIssueRequest { issue_id: issue.clone(), measure };
    world.issues().mitigate_major_issue(request("staff:quality-li", done)).await.unwrap();
    let close = CloseMajorIssueRequest { issue_id: issue.clone() };
    world.issues().close_major_issue(request("staff:quality-li", close)).await.unwrap();
    assert_eq!(world.issue(&issue).await.status, "closed");
    world.nothing_is_parked().await;
}
