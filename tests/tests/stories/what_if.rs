//! The story of a what-if: what the services wrote down is judged anew by `aftercare sla replay`, under the policy they
//! had and under another one.
use std::{fs, path::PathBuf};

use aftercare::sla::{
    past::Past,
    replay::{Judged, judge},
};
use contracts::{
    common::v1::RemedyKind,
    complaint::v1::{ComplaintRecorded, WithdrawRequest},
};
use jiff::SignedDuration;
use kernel::{
    calendar::{CHINA, Calendars},
    sla::{DEFAULT, Kind},
};
use serde_json::json;
use testkit::request;

use crate::world::World;

/// The shipped policy, but that customers of a VIP tier hear the result sooner, and who writes by the app gets an offer
/// sooner.
fn policy() -> String {
    let own = r#"
[[rules]]
promise = "result_notice"
when.segment = ["vip"]
target = "48h"
hours = "round_the_clock"

[[rules]]
promise = "solution_offer"
when.channel = ["app"]
target = "30h"
hours = "round_the_clock"

[[rules]]"#;
    DEFAULT.replacen("[[rules]]", own.trim_start(), 1)
}

impl World {
    async fn complaint_by_app(&self, order_ref: &str, vip_tier: u32) -> String {
        self.sell(order_ref).await;
        let parts = json!({
            "external_ref": order_ref, "class": "product_quality", "content": "the pump leaks", "vip_tier": vip_tier
        });
        self.write(order_ref, "", parts).await;
        self.stack.events::<ComplaintRecorded>("complaint").await.pop().unwrap().complaint_id
    }

    /// The promises of both journals under a policy, a kind each.
    async fn judged(&self, policy: &str) -> Vec<Judged> {
        let mut past = Past::default();
        for service in ["intake", "complaint"] {
            past.take_journal(self.stack.channel(service)).await.unwrap();
        }
        let calendars = Calendars::prepare(&toml::from_str(CHINA).unwrap(), 2025..=2027).unwrap();
        judge(&toml::from_str(policy).unwrap(), &calendars, past.end(), 10).unwrap().promises
    }
}

#[tokio::test]
async fn r_cmp_10_the_past_under_its_own_policy_stays_and_under_another_one_changes_where_it_should() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", uuid::Uuid::new_v4()));
    fs::write(&file, policy()).unwrap();
    let world = World::open_with(|name, settings| {
        if ["intake", "complaint"].contains(&name) {
            settings.service["levels"] = json!({ "policy": file });
        }
    })
    .await;
    fs::remove_file(&file).unwrap();
    let hours = SignedDuration::from_hours;
    let vip = world.complaint_by_app("o-1", 2).await;
    let other = world.complaint_by_app("o-2", 0).await;
    let withdrawn = world.complaint_by_app("o-3", 0).await;
    world.complaint_by_app("o-4", 0).await; // nobody looks into this one
    world.stack.advance(hours(20)).await;
    let mut offered = Vec::new();
    for id in [&vip, &other, &withdrawn] {
        world.investigate(id).await;
        offered.push(world.offer(id, RemedyKind::Refund, 500).await);
    }
    world.stack.advance(hours(40)).await;
    world.decline(&vip, offered[0]).await;
    world.consent(&other, offered[1]).await;
    let withdraw = WithdrawRequest { complaint_id: withdrawn.clone() };
    world.complaints().withdraw(request("staff:agent-sun", withdraw)).await.unwrap();
    world.stack.settle().await;
    world.stack.advance(hours(32)).await;
    let again = world.offer(&vip, RemedyKind::Refund, 1000).await;
    world.consent(&vip, again).await;
    world.stack.advance(hours(100)).await;

    let same = world.judged(&policy()).await;
    for judged in &same {
        assert_eq!((judged.changed, judged.not_given), (0, 0), "{:?}: {:?}", judged.kind, json!(judged));
        assert_eq!(json!(judged.before), json!(judged.after), "{:?}", judged.kind);
    }
    let stood = |kind: Kind| same.iter().find(|judged| judged.kind == kind).unwrap().before;
    let offers = stood(Kind::SolutionOffer);
    assert_eq!((offers.met, offers.late, offers.breached), (3, 1, 1), "three in time, a second one late, one never");
    let results = stood(Kind::ResultNotice);
    assert_eq!((results.met, results.late, results.breached, results.cancelled), (1, 1, 1, 1));
    for kind in [Kind::FirstInvestigation, Kind::DepartmentAnswer] {
        assert_eq!((stood(kind).met, stood(kind).breached), (3, 1), "{kind:?}");
    }

    for judged in world.judged(DEFAULT).await {
        let changed: Vec<_> = judged.first_changed.iter().map(|one| (&one.id, one.after.as_deref())).collect();
        let expected = match judged.kind {
            Kind::SolutionOffer | Kind::ResultNotice => vec![(&vip, Some("met"))],
            _ => vec![],
        };
        assert_eq!(changed, expected, "{:?}", judged.kind);
    }
    world.nothing_is_parked().await;
}
