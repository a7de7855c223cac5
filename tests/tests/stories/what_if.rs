//! The story of a what-if: what the services wrote down is judged anew by `aftercare sla replay`, under the policy they
//! had and under another one.
use std::{fs, path::PathBuf};

use aftercare::sla::{
    ladder::Ladder,
    past::{Past, Window},
    replay::{Judged, Under, judge},
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
        self.judged_in(policy, Window::default()).await.0
    }

    /// Those of a window, and how much was read for it.
    async fn judged_in(&self, policy: &str, window: Window) -> (Vec<Judged>, u64) {
        let mut past = Past::of(window);
        for service in ["intake", "complaint"] {
            past.take_journal(self.stack.channel(service)).await.unwrap();
        }
        let calendars = Calendars::prepare(&toml::from_str(CHINA).unwrap(), 2025..=2027).unwrap();
        let (policy, ladder, read) = (toml::from_str(policy).unwrap(), Ladder::read(None).unwrap(), past.entries);
        let (promises, versions) = past.end();
        let under = Under { policy: &policy, calendars: &calendars, versions: &versions, ladder: &ladder };
        (judge(&under, promises, 10).unwrap().promises, read)
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
    let (channel, text) = ("hotline".into(), "it has turned up".into());
    let withdraw = WithdrawRequest { complaint_id: withdrawn.clone(), channel, text, said_at: None };
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

#[tokio::test]
async fn r_cmp_10_of_a_window_no_more_is_read_than_tells_of_it_and_what_was_known_before_is_not_forgotten() {
    let world = World::open().await;
    let early = world.complaint_by_app("w-1", 2).await;
    world.investigate(&early).await;
    let first = world.offer(&early, RemedyKind::Refund, 500).await;
    for number in 2..10 {
        world.complaint_by_app(&format!("w-{number}"), 0).await;
    }
    for hours in [100, 2] {
        world.stack.advance(SignedDuration::from_hours(hours)).await;
    }
    let from = world.stack.now();
    // promised anew within the window, to a VIP who wrote by the app before it
    world.decline(&early, first).await;
    world.stack.advance(SignedDuration::from_mins(10)).await;
    let again = world.offer(&early, RemedyKind::Refund, 1000).await;
    world.consent(&early, again).await;
    world.stack.settle().await;

    let vip = policy();
    let window = Window { from: Some(from), to: None };
    let (judged, read) = world.judged_in(&vip, window).await;
    let (_, all) = world.judged_in(&vip, Window::default()).await;
    assert!(read * 2 < all, "{read} of {all}");
    let offers = judged.iter().find(|judged| judged.kind == Kind::SolutionOffer).unwrap();
    assert_eq!((offers.before.met, offers.after.met, offers.not_given), (1, 1, 0), "{:?}", json!(offers));
    let app = vip.replace("target = \"30h\"", "target = \"1s\"");
    let (judged, _) = world.judged_in(&app, window).await;
    let offers = judged.iter().find(|judged| judged.kind == Kind::SolutionOffer).unwrap();
    assert_eq!((offers.before.met, offers.after.late), (1, 1), "the channel is read of the case, long before");
    let ended = Window { from: None, to: Some(from) };
    let (before, _) = world.judged_in(&vip, ended).await;
    let met = |judged: &[Judged], kind| judged.iter().find(|one| one.kind == kind).unwrap().before.met;
    assert_eq!((met(&before, Kind::SolutionOffer), met(&before, Kind::FirstInvestigation)), (1, 1));
}
