//! The versions of the policy of returns: what is not approved by another person decides nothing.
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{
        ApprovePolicyRequest, ListPoliciesRequest, PolicyApproved, PolicyInstalled, PolicyMoved, PolicyProposed,
        PolicyVersionView, PolicyWhatIf, ProposePolicyRequest, WithdrawPolicyRequest, policies_client::PoliciesClient,
    },
};
use kernel::returns::{DEFAULT, Policy};
use testkit::{request, wrong_fields};
use tonic::{Response, Status, transport::Channel};

use crate::{
    returns::{at_counter, code, line},
    world::{World, cny},
};

/// The shipped policy under another number, with twice the days for a return without a reason.
fn longer(version: u32) -> String {
    DEFAULT
        .replace("version = 2", &format!("version = {version}"))
        .replace("delivered.within = 7, resaleable", "delivered.within = 14, resaleable")
        .replace("delivered.after = 7 ", "delivered.after = 14 ")
}

impl World {
    fn policies(&self) -> PoliciesClient<Channel> {
        PoliciesClient::new(self.stack.channel("fulfilment"))
    }

    async fn propose_policy(&self, by: &str, policy: String) -> Result<Receipt, Status> {
        let propose = ProposePolicyRequest { policy, what_if: None };
        self.policies().propose_policy(request(by, propose)).await.map(Response::into_inner)
    }

    async fn approve_policy(&self, by: &str, version: u32) -> Result<Receipt, Status> {
        let approve = ApprovePolicyRequest { policy_id: "default".into(), policy_version: version };
        self.policies().approve_policy(request(by, approve)).await.map(Response::into_inner)
    }

    async fn versions(&self) -> Vec<PolicyVersionView> {
        self.policies().list_policies(ListPoliciesRequest {}).await.unwrap().into_inner().versions
    }

    /// By which version a return on the tenth day is decided, and how.
    async fn decided(&self) -> (u32, String) {
        let purchase = self.sold(Some(10), &[(1, 900)]).await;
        let asked = self.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])).await;
        let asked = asked.unwrap();
        (self.decision(&asked.id, "").await.policy_version, asked.status)
    }
}

#[tokio::test]
async fn r_ful_02_a_version_of_the_policy_decides_once_another_person_approved_it_and_never_before() {
    let world = World::new().await;
    assert_eq!(world.decided().await, (2, "ineligible".into()), "the configured one is what a system begins with");
    world.decided().await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    world.agreed_back(purchase, &[("0", 1)], cny(900)).await;
    assert_eq!(world.propose_policy("staff:quinn", longer(3)).await.unwrap().status, "proposed");
    assert_eq!(world.decided().await, (2, "ineligible".into()), "it is not approved");
    assert_eq!(code(&world.approve_policy("staff:Quinn", 3).await.unwrap_err()), "policy.own_proposal");
    assert_eq!(code(&world.approve_policy("staff:eva", 4).await.unwrap_err()), "policy.unknown");
    assert_eq!(world.decided().await, (2, "ineligible".into()));
    assert_eq!(world.approve_policy("staff:eva", 3).await.unwrap().status, "in_force");
    assert_eq!(world.decided().await, (3, "authorised".into()), "at once");
    assert_eq!(code(&world.approve_policy("staff:bo", 3).await.unwrap_err()), "policy.not_now");

    let versions = world.versions().await;
    let shown: Vec<_> = versions.iter().map(|one| (one.policy_version, one.status.as_str())).collect();
    assert_eq!(shown, [(2, "replaced"), (3, "in_force")]);
    let new = &versions[1];
    assert_eq!((new.proposed_by.as_str(), new.approved_by.as_str()), ("staff:quinn", "staff:eva"));
    assert!(new.proposed_at.is_some() && new.approved_at.is_some());
    let what_if = new.what_if.clone().unwrap();
    let moved = &what_if.moved[0];
    assert_eq!(
        (what_if.decisions, what_if.changed, moved.count),
        (2, 2, 2),
        "the service played what it had decided, and not what was agreed"
    );
    assert_eq!(moved.before, "ineligible by no_reason_too_late");
    assert_eq!(moved.after, "eligible by no_reason_seven_days");
    let played = what_if.played.clone().unwrap();
    assert!(!played.cut_short && played.since.is_some());
    assert_eq!((played.granted_before, played.granted_after), (vec![cny(0).unwrap()], vec![cny(1_800).unwrap()]));
    let kept: Policy = serde_json::from_str(&new.policy).unwrap();
    assert_eq!(kept, backbone::config::document(None, &longer(3)).unwrap());
    assert_eq!(world.stack.events::<PolicyInstalled>("fulfilment").await.len(), 1);
    assert_eq!(world.stack.events::<PolicyProposed>("fulfilment").await[0].what_if, Some(what_if));
    assert_eq!(world.stack.events::<PolicyApproved>("fulfilment").await[0].approved_by, "staff:eva");
}

#[tokio::test]
async fn what_the_configuration_names_later_decides_nothing_before_it_is_approved() {
    let world = World::new().await;
    assert_eq!(world.decided().await.0, 2);
    let configured: Policy = backbone::config::document(None, &longer(7)).unwrap();
    let context = world.stack.node("fulfilment").context();
    let in_force = fulfilment::in_force::InForce::new(context.pool.clone(), context.road.clone(), configured);
    assert_eq!(in_force.policy().await.unwrap().version, 2);
    world.propose_policy("staff:quinn", longer(7)).await.unwrap();
    assert_eq!(in_force.policy().await.unwrap().version, 2);
    world.approve_policy("staff:eva", 7).await.unwrap();
    assert_eq!(in_force.policy().await.unwrap().version, 7, "in every process");
}

#[tokio::test]
async fn wrong_proposals_are_told_what_is_wrong_and_a_version_says_one_thing_for_ever() {
    let world = World::new().await;
    let taken = DEFAULT.replace("id = \"default\"", "id = \"agreed\"");
    for policy in ["", "id = 7", &taken, &DEFAULT.replace("version = 2", "version = 0")] {
        let refused = world.propose_policy("staff:quinn", policy.into()).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["policy"]);
    }
    let refused = world.policies().approve_policy(request("staff:eva", ApprovePolicyRequest::default())).await;
    assert_eq!(wrong_fields(&refused.unwrap_err()), ["policy_id", "policy_version"]);

    world.propose_policy("staff:quinn", longer(3)).await.unwrap();
    let otherwise = longer(3).replace("delivered.within = 14, resaleable", "delivered.within = 9, resaleable");
    assert_eq!(code(&world.propose_policy("staff:quinn", otherwise).await.unwrap_err()), "policy.known_otherwise");
    let withdraw = WithdrawPolicyRequest { policy_id: "default".into(), policy_version: 3 };
    let withdrawn = world.policies().withdraw_policy(request("staff:quinn", withdraw)).await.unwrap().into_inner();
    assert_eq!(withdrawn.status, "withdrawn");
    assert_eq!(code(&world.approve_policy("staff:eva", 3).await.unwrap_err()), "policy.not_now");
    assert_eq!(world.decided().await.0, 2);
}

#[tokio::test]
async fn r_ful_02_a_new_decision_after_an_inspection_is_part_of_the_past_and_what_is_older_than_a_year_is_not() {
    let world = World::new().await;
    world.decided().await;
    world.seconds(366 * 24 * 3600).await;
    let purchase = world.sold(Some(1), &[(3, 2_700)]).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 3, "no_reason")).await;
    world.bring(&id, 1, 2).await;
    // What the caller says of the past does not count.
    let moved = vec![PolicyMoved { before: "a".into(), after: "b".into(), count: 9 }];
    let what_if = Some(PolicyWhatIf { decisions: 9, changed: 9, moved, played: None });
    let propose = ProposePolicyRequest { policy: longer(3), what_if };
    world.policies().propose_policy(request("staff:quinn", propose)).await.unwrap();
    let what_if = world.versions().await.remove(1).what_if.unwrap();
    assert_eq!((what_if.decisions, what_if.changed), (2, 0), "{what_if:?}");
    let played = what_if.played.unwrap();
    let granted = (played.granted_before.clone(), played.granted_after);
    assert_eq!(granted, (vec![cny(900).unwrap()], played.granted_before), "of the piece that was accepted alone");
}

#[tokio::test]
async fn r_ful_02_the_database_refuses_a_version_its_proposer_approved_himself() {
    let world = World::new().await;
    world.propose_policy("staff:quinn", longer(3)).await.unwrap();
    let by = r#"{"by": "staff:quinn", "at": "2026-01-01T00:00:00Z"}"#;
    let forged = format!("update policy_book set state = jsonb_set(state, '{{versions,1,approved}}', '{by}')");
    let pool = &world.stack.node("fulfilment").context().pool;
    let refused = sqlx::query(sqlx::AssertSqlSafe(forged)).execute(pool).await.unwrap_err().to_string();
    assert!(refused.contains("approved_by_another"), "{refused}");
}
