//! How amounts are divided over the means a purchase was paid by.
#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::{
    super::{Command, Part, Sale},
    *,
};

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn policy(rule: Rule) -> Policy {
    let order = if rule == Rule::InOrder { vec![TenderKind::Card, TenderKind::StoreCredit] } else { vec![] };
    Policy { id: "t".into(), version: 1, rule, order, by_hand: [TenderKind::Cash].into() }
}

/// A purchase of one line, paid by these.
fn open(policy: &Policy, told: &[(TenderKind, i64, Option<u64>)]) -> Command {
    let paid = cny(told.iter().map(|(_, minor, _)| minor).sum());
    let tenders = policy.of(told.iter().map(|(kind, minor, points)| (*kind, cny(*minor), *points)));
    let lines = vec![Part { line_id: "0".into(), amount: paid }];
    Command::Open { purchase_id: Uuid::from_u128(9), paid, lines, sale: Sale { tenders, ..Sale::default() } }
}

fn bought(policy: &Policy, told: &[(TenderKind, i64, Option<u64>)]) -> PurchaseAccount {
    let mut account = PurchaseAccount::default();
    let events = account.decide(open(policy, told), jiff::Timestamp::UNIX_EPOCH).unwrap();
    events.iter().for_each(|event| account.apply(event));
    account
}

/// What a means gives: its number, the amount and its points.
type Given = (u32, i64, Option<u64>);

/// What each means gives of the amount.
fn divide(account: &mut PurchaseAccount, claim: u128, minor: i64) -> Result<Vec<Given>, &'static str> {
    let claim_id = Uuid::from_u128(claim);
    let command = Command::Divide { claim_id, order_id: Uuid::from_u128(1), amount: cny(minor) };
    let events = account.decide(command, jiff::Timestamp::UNIX_EPOCH).map_err(|no| no.code())?;
    let told = |event: &Event| match event {
        Event::Divided { shares, .. } => shares.clone(),
        other => unreachable!("{other:?}"),
    };
    let shares: Vec<Share> = events.iter().flat_map(told).collect();
    events.iter().for_each(|event| account.apply(event));
    Ok(shares.iter().map(|share| (share.no, share.amount.minor, share.points)).collect())
}

use TenderKind::{Card, Cash, Points, StoreCredit, Wallet};

#[test]
fn r_ful_05_in_proportion_each_means_gives_its_share_to_the_cent() {
    let told = [(Card, 500, None), (Points, 300, Some(6_001)), (Cash, 200, None)];
    let mut account = bought(&policy(Rule::InProportion), &told);
    assert_eq!(divide(&mut account, 1, 333), Ok(vec![(1, 166, None), (2, 100, Some(2_000)), (3, 67, None)]));
    assert_eq!(divide(&mut account, 1, 333), Ok(vec![]), "once");
    assert_eq!(divide(&mut account, 2, 668), Err("account.tenders_exhausted"));
    assert_eq!(
        divide(&mut account, 2, 667),
        Ok(vec![(1, 334, None), (2, 200, Some(4_001)), (3, 133, None)]),
        "all of it, and all of the points"
    );
    assert_eq!(divide(&mut account, 3, 1), Err("account.tenders_exhausted"));
}

#[test]
fn r_ful_05_in_order_one_means_after_the_other_gives_all_it_can() {
    let told =
        [(Points, 300, Some(30)), (Card, 200, None), (Wallet, 100, None), (Card, 150, None), (StoreCredit, 50, None)];
    let mut account = bought(&policy(Rule::InOrder), &told);
    assert_eq!(divide(&mut account, 1, 100), Ok(vec![(4, 100, None)]), "of two cards the one that paid last");
    assert_eq!(divide(&mut account, 2, 260), Ok(vec![(2, 200, None), (4, 50, None), (5, 10, None)]));
    assert_eq!(
        divide(&mut account, 3, 440),
        Ok(vec![(1, 300, Some(30)), (3, 100, None), (5, 40, None)]),
        "the others last"
    );
    let next = divide(&mut bought(&policy(Rule::InOrder), &told), 1, 640);
    assert_eq!(next, Ok(vec![(1, 140, Some(14)), (2, 200, None), (3, 100, None), (4, 150, None), (5, 50, None)]));
}

#[test]
fn means_that_do_not_add_up_are_no_means() {
    let refused = |told: &[(TenderKind, i64, Option<u64>)], paid: i64| {
        let Command::Open { purchase_id, lines, mut sale, .. } = open(&policy(Rule::InProportion), told) else {
            unreachable!("it opens")
        };
        sale.tenders.iter_mut().for_each(|tenders| tenders.all.iter_mut().for_each(|one| one.paid.minor += paid));
        let command = Command::Open { purchase_id, paid: lines[0].amount, lines, sale };
        PurchaseAccount::default().decide(command, jiff::Timestamp::UNIX_EPOCH).map_err(|no| no.code()).err()
    };
    assert_eq!(refused(&[(Card, 5, None), (Cash, 5, None)], 0), None);
    assert_eq!(refused(&[(Card, 5, None), (Cash, 5, None)], 1), Some("account.tenders_do_not_add_up"));
    assert_eq!(refused(&[(Card, 5, None), (Cash, 0, None)], 0), Some("account.tenders_do_not_add_up"));
    assert_eq!(policy(Rule::InProportion).of([]), None, "what was not told is not divided");
}

#[test]
fn a_policy_that_cannot_be_is_refused() {
    let shipped: Policy = backbone::config::document(None, DEFAULT).unwrap();
    assert_eq!((shipped.problems(), shipped.rule), (vec![], Rule::InProportion));
    let wrong = Policy { version: 0, order: vec![Card, Card], ..policy(Rule::InProportion) };
    assert_eq!(wrong.problems(), [PolicyError::Version, PolicyError::Twice, PolicyError::Order]);
    assert_eq!(Policy { order: vec![], ..policy(Rule::InOrder) }.problems(), [PolicyError::Order]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In whatever parts a purchase is paid back: each part exactly, by no means more than was paid by it, and in the end all
    /// of it with all points.
    #[test]
    fn r_ful_05_whatever_is_paid_back_adds_up_and_no_means_gives_more_than_it_took(
        told in prop::collection::vec((0..7usize, 1..1_000i64, 1..9_999u64), 1..6),
        parts in prop::collection::vec(1..700i64, 1..12),
        in_order in any::<bool>(),
    ) {
        let kinds = [Card, Wallet, Cash, TenderKind::GiftCard, StoreCredit, Points, TenderKind::Voucher];
        let told: Vec<_> = told.into_iter().map(|(kind, minor, points)| {
            (kinds[kind], minor, (kinds[kind] == Points).then_some(points))
        }).collect();
        let all: i64 = told.iter().map(|(_, minor, _)| minor).sum();
        let mut account = bought(&policy(if in_order { Rule::InOrder } else { Rule::InProportion }), &told);
        let (mut left, mut given) = (all, vec![(0, 0); told.len()]);
        for (claim, part) in (1..).zip(parts.into_iter().chain([all])) {
            let part = part.min(left);
            if part == 0 {
                prop_assert_eq!(divide(&mut account, claim, 1), Err("account.tenders_exhausted"));
                continue;
            }
            let shares = divide(&mut account, claim, part).unwrap();
            prop_assert_eq!(shares.iter().map(|share| share.1).sum::<i64>(), part);
            left -= part;
            for (no, minor, points) in shares {
                let sum = &mut given[no as usize - 1];
                *sum = (sum.0 + minor, sum.1 + points.unwrap_or(0));
                prop_assert!(sum.0 <= told[no as usize - 1].1);
            }
        }
        let all: Vec<_> = told.iter().map(|(_, minor, points)| (*minor, points.unwrap_or(0))).collect();
        prop_assert_eq!(given, all);
    }
}
