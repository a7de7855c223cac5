//! Stories of what must be approved, and by whom: somebody acts for the manager, and a remedy is unlike others.
use contracts::{
    common::v1::RemedyKind,
    complaint::v1::{ApprovalGiven, ComplaintView, Fairness},
};
use serde_json::json;
use tonic_types::StatusExt;

use crate::{DAY, world::World};

const MANAGER: &str = "staff:manager-zhao";
const HEAD: &str = "staff:head-qian";
const DEPUTY: &str = "staff:deputy-wu";

impl World {
    /// The code by which an approval is refused.
    async fn refused(&self, by: &str, id: &str, version: u32) -> String {
        let before = self.stack.journal("complaint").await.len();
        let refused = self.approve(by, id, version).await.unwrap_err();
        assert_eq!(self.stack.journal("complaint").await.len(), before, "nothing moved");
        refused.get_details_error_info().unwrap().reason
    }
}

fn given(view: &ComplaintView) -> Vec<&ApprovalGiven> {
    view.approval.as_ref().unwrap().steps.iter().flat_map(|step| &step.given).collect()
}

#[tokio::test]
async fn r_cmp_07_who_acts_for_the_manager_approves_while_the_delegation_holds_and_not_after() {
    let world = World::open_with(|name, settings| {
        if name == "complaint" {
            let (from, until) = ("2026-03-01T00:00:00Z", "2026-03-05T00:00:00Z");
            settings.service["approval"]["delegations"] =
                json!([{ "giver": MANAGER, "to": DEPUTY, "from": from, "until": until }]);
        }
    })
    .await;
    let first = world.complain("o-1").await;
    world.investigate(&first).await;
    let version = world.submit(&first, RemedyKind::Refund, 500).await;
    assert_eq!(world.refused("staff:passer-by", &first, version).await, "approval.no_role");
    world.approve(DEPUTY, &first, version).await.unwrap();
    let view = world.complaint(&first).await;
    let [approval] = given(&view).try_into().unwrap();
    assert_eq!((approval.by.as_str(), approval.acting_for.as_str()), (DEPUTY, MANAGER));
    world.offer_approved(&first).await.unwrap();
    world.consent(&first, version).await;
    assert_eq!(world.ledger().await.entries.len(), 1, "it is as good as the manager's own");

    world.stack.advance(DAY * 3).await;
    let second = world.complain("o-2").await;
    world.investigate(&second).await;
    let version = world.submit(&second, RemedyKind::Refund, 500).await;
    assert_eq!(world.refused(DEPUTY, &second, version).await, "approval.delegation_expired");
    assert_eq!(world.status(&second).await, "in_approval");
    world.offer_approved(&second).await.unwrap_err();
    world.approve(MANAGER, &second, version).await.unwrap();
    let view = world.complaint(&second).await;
    let [approval] = given(&view).try_into().unwrap();
    assert_eq!((approval.by.as_str(), approval.acting_for.as_str()), (MANAGER, ""));
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_cmp_06_r_cmp_07_a_remedy_outside_the_band_of_like_cases_takes_a_second_approval() {
    let world = World::open_with(|name, settings| {
        if name == "complaint" {
            settings.service["fairness"]["at_least"] = json!(3);
        }
    })
    .await;
    for order in ["o-1", "o-2", "o-3"] {
        let id = world.complain(order).await;
        world.investigate(&id).await;
        let version = world.offer(&id, RemedyKind::Refund, 500).await;
        world.consent(&id, version).await;
        world.satisfied(&id, true).await;
        assert_eq!(world.status(&id).await, "closed");
    }
    let alike = world.complain("o-4").await;
    world.investigate(&alike).await;
    let version = world.submit(&alike, RemedyKind::Refund, 500).await;
    world.approve(MANAGER, &alike, version).await.unwrap();
    let view = world.complaint(&alike).await;
    assert_eq!((view.status.as_str(), view.fairness.unwrap().outside), ("approved", false), "like the others");

    let generous = world.complain("o-5").await;
    world.investigate(&generous).await;
    let version = world.submit(&generous, RemedyKind::Refund, 1250).await;
    let fairness = world.complaint(&generous).await.fairness;
    assert_eq!(fairness, Some(Fairness { comparables: 3, percentile: 100, outside: true }));
    world.approve(MANAGER, &generous, version).await.unwrap();
    let view = world.complaint(&generous).await;
    let waits_for = view.approval.as_ref().map(|approval| approval.waits_for.as_str());
    assert_eq!((view.status.as_str(), waits_for), ("in_approval", Some("head_of_after_sales")));
    world.offer_approved(&generous).await.unwrap_err();
    assert_eq!(world.refused(MANAGER, &generous, version).await, "approval.already_approved");
    world.approve(HEAD, &generous, version).await.unwrap();
    let view = world.complaint(&generous).await;
    assert_eq!(given(&view).iter().map(|given| given.by.as_str()).collect::<Vec<_>>(), [MANAGER, HEAD]);
    world.offer_approved(&generous).await.unwrap();
    world.consent(&generous, version).await;
    let paid: Vec<i64> = world.ledger().await.entries.iter().map(|entry| entry.amount.minor).collect();
    assert_eq!(paid, [500, 500, 500, 1250]);
    world.nothing_is_parked().await;
}
