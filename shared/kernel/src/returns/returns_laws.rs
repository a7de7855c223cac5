//! The laws of a policy, on random facts and random rules.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::sync::LazyLock;

use proptest::{collection::btree_set, option, prelude::*, sample::select};

use super::*;
use crate::money::Money;

static SHIPPED: LazyLock<Policy> = LazyLock::new(|| toml::from_str(DEFAULT).unwrap());

const CATEGORIES: [&str; 3] = ["skin_care", "custom", "fresh"];
const CHANNELS: [&str; 2] = ["website", "shop"];
const SEGMENTS: [&str; 1] = ["vip"];

fn reasons() -> Vec<String> {
    SHIPPED.reasons.keys().cloned().collect()
}

fn proofs() -> impl Strategy<Value = Proof> {
    select(vec![Proof::Receipt, Proof::Elsewhere, Proof::None])
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::of(select(words).prop_map(str::to_owned))
}

fn facts() -> impl Strategy<Value = Facts> {
    let days = || option::of(prop_oneof![0..40u32, 350..380u32]);
    let amount = option::of((0..30_000i64, select(vec!["CNY", "EUR"])));
    let what = (select(Kind::ALL.to_vec()), select(reasons()), proofs());
    let whose = (word(&CATEGORIES), word(&CHANNELS), word(&SEGMENTS));
    let flags = (any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>());
    (what, whose, (days(), days()), flags, amount).prop_map(|(what, whose, days, flags, amount)| Facts {
        kind: what.0,
        reason: what.1,
        proof: what.2,
        category: whose.0,
        channel: whose.1,
        segment: whose.2,
        days_since_delivery: days.0,
        days_since_purchase: days.1,
        opened: flags.0,
        resaleable: flags.1,
        discomfort: flags.2,
        buyer: flags.3,
        amount: amount.map(|(minor, currency)| Money::new(minor, currency.parse().unwrap())),
    })
}

fn when() -> impl Strategy<Value = When> {
    let days = || option::of((option::of(0..20u32), option::of(0..20u32)));
    let lists = (
        btree_set(select(Kind::ALL.to_vec()), 0..3),
        btree_set(select(reasons()), 0..3),
        btree_set(select(CATEGORIES.to_vec()).prop_map(str::to_owned), 0..3),
        btree_set(proofs(), 0..2),
        btree_set(select(CHANNELS.to_vec()).prop_map(str::to_owned), 0..2),
        btree_set(select(SEGMENTS.to_vec()).prop_map(str::to_owned), 0..2),
    );
    let flags = (any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>());
    let up_to = option::of(select(vec![0i64, 100, 20_000]));
    (lists, days(), days(), flags, up_to).prop_map(|(lists, delivered, bought, flags, up_to)| When {
        kind: lists.0,
        reason: lists.1,
        category: lists.2,
        proof: lists.3,
        channel: lists.4,
        segment: lists.5,
        delivered: delivered.map(|(after, within)| Days { after, within }),
        bought: bought.map(|(after, within)| Days { after, within }),
        opened: flags.0,
        discomfort: flags.1,
        buyer: flags.2,
        up_to: up_to.map(|most| [("CNY".parse().unwrap(), most)].into()),
        ..When::default()
    })
}

/// The same in a weaker form: what it asked for is left out here and there.
fn weaker(when: &When, drop: u8) -> When {
    let mut other = when.clone();
    let left_out = |bit: u8| drop & (1 << bit) != 0;
    if left_out(0) {
        other.kind.clear();
    }
    if left_out(1) {
        other.reason = other.reason.iter().map(|reason| reason.split('.').next().unwrap().to_owned()).collect();
    }
    if left_out(2) {
        (other.category, other.proof, other.channel, other.segment) = Default::default();
    }
    if left_out(3) {
        other.delivered = other.delivered.map(|days| Days { after: None, within: days.within.map(|n| n + 1) });
    }
    if left_out(4) {
        (other.opened, other.up_to, other.buyer) = (None, None, None);
    }
    other
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// R-FUL-02.
    #[test]
    fn whatever_is_asked_has_an_answer_and_its_receipt_can_be_made_again(facts in facts()) {
        let receipt = SHIPPED.decide(facts.clone()).unwrap();
        prop_assert_eq!(&receipt.facts, &facts);
        prop_assert!(SHIPPED.gave(&receipt));
        let stored: Receipt = serde_json::from_str(&serde_json::to_string(&receipt).unwrap()).unwrap();
        prop_assert_eq!(SHIPPED.decide(stored.facts.clone()).unwrap(), stored);
        let yes = receipt.outcome.answer == Answer::Eligible;
        prop_assert!(!yes || receipt.outcome.allowed.contains(&facts.kind));
    }

    #[test]
    fn what_covers_another_takes_all_of_it(one in when(), drop: u8, facts in facts()) {
        let other = weaker(&one, drop);
        prop_assert!(other.covers(&one));
        prop_assert!(one.covers(&one) && When::default().covers(&one));
        prop_assert!(!one.matches(&facts) || other.matches(&facts));
    }

    #[test]
    fn a_rule_behind_one_that_covers_it_never_decides(one in when(), other in when(), facts in facts()) {
        prop_assert!(!one.covers(&other) || !other.matches(&facts) || one.matches(&facts));
    }
}
