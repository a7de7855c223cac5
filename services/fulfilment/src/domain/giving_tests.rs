//! Who gives what alone, who must be asked, and where it is taken from.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::sync::Arc;

use jiff::SignedDuration;
use kernel::approval::{Member, Reach, Rule, Step};

use super::*;

pub const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn cny(most: i64) -> Limits {
    [("CNY".parse().unwrap(), most)].into()
}

/// Small things by anybody; the managers bo and li up to 10.00, the heads eva and gao after them above that.
pub fn rules() -> Arc<Rules> {
    let member = |role: &str, who: &str| Member { role: role.into(), who: who.into(), ..Member::default() };
    let members = vec![
        member("manager", "staff:bo"),
        member("manager", "staff:li"),
        member("head", "staff:eva"),
        member("head", "staff:gao"),
    ];
    let powers = Powers::new(members, vec![]).unwrap();
    let step = |role: &str| Step { role: role.into(), quorum: 1, within: SignedDuration::from_hours(72) };
    let rules = vec![
        Rule { up_to: Some(cny(1_000)), steps: vec![step("manager")], ..Rule::default() },
        Rule { steps: vec![step("manager"), step("head")], ..Rule::default() },
    ];
    let matrix =
        Matrix::new(1, rules, step("head"), Reach { kinds: &What::WORDS, classes: &[CLASS] }, &powers).unwrap();
    let small = vec![What::Coupon, What::Points, What::ServiceAgain];
    let alone = vec![
        Alone { roles: vec![], kinds: small, up_to: cny(100) },
        Alone { roles: vec!["head".into()], kinds: vec![What::Cash], up_to: cny(300) },
    ];
    let budgets = Budgets {
        zone: TimeZone::get("Asia/Shanghai").unwrap(),
        each_role: cny(2_000),
        each_store: cny(1_500),
        roles: [("head".to_owned(), cny(9_000))].into(),
        stores: BTreeMap::new(),
    };
    Arc::new(Rules { alone, matrix, powers, roles: vec!["manager".into(), "head".into()], budgets })
}

pub fn gift(what: What, minor: i64) -> Gift {
    let worth = Some(Money::new(minor, "CNY".parse().unwrap())).filter(|worth| worth.minor > 0);
    let points = if what == What::Points { 5 } else { 0 };
    Gift { what, worth, points, reason: "service.slow".into(), department: "store-operations".into() }
}

#[test]
fn r_ful_15_small_things_are_given_alone_and_the_rest_is_approved_in_steps() {
    let steps = |by: &str, what, minor| {
        let approval = rules().approval(by, &gift(what, minor), NOW);
        approval.map(|approval| approval.steps.iter().map(|step| step.role.clone()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(steps("staff:ana", What::Coupon, 100), None);
    assert_eq!(steps("staff:ana", What::ServiceAgain, 0), None, "what has no worth is within any limit");
    assert_eq!(steps("staff:ana", What::Coupon, 101).as_deref(), Some("manager"));
    assert_eq!(steps("staff:ana", What::Cash, 1).as_deref(), Some("manager"), "cash is nobody's but who may give it");
    assert_eq!(steps("staff:eva", What::Cash, 300), None);
    assert_eq!(steps("staff:eva", What::Cash, 301).as_deref(), Some("manager"));
    assert_eq!(steps("staff:ana", What::Points, 1_001).as_deref(), Some("manager head"));
    let euros = Gift { worth: Some(Money::new(1, "EUR".parse().unwrap())), ..gift(What::Coupon, 1) };
    assert!(rules().approval("staff:ana", &euros, NOW).is_some(), "a currency that is not named is in no limit");
}

#[test]
fn r_ful_15_it_is_taken_from_the_store_at_the_counter_or_from_the_role_of_who_asks_month_by_month() {
    let rules = rules();
    let purse = |by: &str, store| {
        let Purse { scope, name } = rules.purse(by, store, NOW);
        format!("{} {name}", scope.word())
    };
    assert_eq!(purse("staff:ana", Some("s-1")), "store s-1");
    assert_eq!(purse("staff:eva", Some("s-1")), "store s-1");
    assert_eq!(purse("staff:EVA", None), "role head");
    assert_eq!(purse("staff:ana", None), "role everybody");

    let reserved = |purse: &Purse, minor, at: &str| {
        let held = rules.reservation(purse, &gift(What::Coupon, minor), at.parse().unwrap())?;
        Some((held.budget.month, held.limit, held.minor))
    };
    let (store, head) = (rules.purse("staff:ana", Some("s-1"), NOW), rules.purse("staff:eva", None, NOW));
    assert_eq!(reserved(&store, 7, "2026-07-31T15:59:59Z"), Some(("2026-07".into(), 1_500, 7)));
    assert_eq!(reserved(&store, 7, "2026-07-31T16:00:00Z"), Some(("2026-08".into(), 1_500, 7)), "midnight in Shanghai");
    assert_eq!(reserved(&head, 7, "2026-07-01T00:00:00Z"), Some(("2026-07".into(), 9_000, 7)));
    assert_eq!(reserved(&head, 0, "2026-07-01T00:00:00Z"), None);
}
