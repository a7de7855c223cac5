//! What a purchase gives for the pieces of agreed returns: in which states, how much of which line, and what is free again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    super::{Article, ClaimedLine, Command, PieceClaim, Sale},
    *,
};

const PURCHASE: Uuid = Uuid::from_u128(100);
const A: Uuid = Uuid::from_u128(1);
const B: Uuid = Uuid::from_u128(2);

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn part(line: &str, minor: i64) -> Part {
    Part { line_id: line.into(), amount: cny(minor) }
}

/// Three pieces of each line, for so much; of the last nobody counted the pieces.
fn open() -> Command {
    let lines = vec![part("0", 100), part("1", 0), part("2", 40), part("3", 10)];
    let article =
        |line: &str| (line.to_owned(), Article { quantity: 3, product_id: "p-9".into(), ..Article::default() });
    let sale = Sale { articles: ["0", "1", "2"].map(article).into(), ..Sale::default() };
    Command::Open { purchase_id: PURCHASE, paid: cny(150), lines, sale }
}

fn back(order_id: Uuid, pieces: &[(&str, u32)], amount: Money) -> Command {
    let units = |(line, quantity): &(&str, u32)| Units { line_id: (*line).into(), quantity: *quantity };
    let pieces = pieces.iter().map(units).collect();
    let claim = Claim { order_id, amount, until: Timestamp::constant(86_400, 0), pieces };
    Command::Claim { purchase_id: PURCHASE, claim }
}

fn next(account: &PurchaseAccount, command: Command) -> Result<(PurchaseAccount, Vec<Event>), &'static str> {
    let events = account.decide(command, Timestamp::UNIX_EPOCH).map_err(|no| no.code())?;
    let mut next = account.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok((next, events))
}

fn after(commands: &[Command]) -> PurchaseAccount {
    commands.iter().fold(PurchaseAccount::default(), |account, command| next(&account, command.clone()).unwrap().0)
}

/// What is held by line, or why nothing is.
fn verdict(account: &PurchaseAccount, claim: Command) -> Result<Vec<(String, i64)>, &'static str> {
    match next(account, claim).unwrap().1.as_slice() {
        [Event::Held { parts, .. }, Event::UnitsTaken { .. }] => {
            Ok(parts.iter().map(|part| (part.line_id.clone(), part.amount.minor)).collect())
        }
        [Event::ClaimRefused { reason, .. }] => Err(reason.code()),
        [] => Ok(vec![]),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn r_ful_17_a_purchase_gives_for_pieces_what_was_paid_for_them_and_not_given_otherwise() {
    let known = after(&[open()]);
    let held = |parts: &[(&str, i64)]| Ok(parts.iter().map(|(line, minor)| ((*line).to_owned(), *minor)).collect());
    let eur = Money::new(5, "EUR".parse().unwrap());
    for (pieces, amount, expected) in [
        (&[("0", 3)][..], cny(100), held(&[("0", 100)])),
        (&[("0", 2)][..], cny(67), held(&[("0", 67)])),
        (&[("0", 2)][..], cny(68), Err("exceeds_paid")),
        (&[("0", 2), ("2", 1)][..], cny(80), held(&[("0", 67), ("2", 13)])),
        (&[("0", 2), ("2", 1)][..], cny(10), held(&[("0", 8), ("2", 2)])),
        (&[("0", 1), ("1", 3)][..], cny(33), held(&[("0", 33)])),
        (&[("1", 1)][..], cny(1), Err("exceeds_paid")),
        (&[("0", 4)][..], cny(1), Err("more_than_bought")),
        (&[("3", 1)][..], cny(1), Err("pieces_unknown")),
        (&[("9", 1)][..], cny(1), Err("line_unknown")),
        (&[("0", 1)][..], eur, Err("currency_mismatch")),
    ] {
        assert_eq!(verdict(&known, back(A, pieces, amount)), expected, "{pieces:?} for {amount:?}");
    }
    assert_eq!(next(&known, back(A, &[("0", 1)], cny(0))).unwrap_err(), "account.amount_not_positive");
    let given = after(&[open(), back(A, &[("0", 2)], cny(50))]);
    assert_eq!(verdict(&given, back(A, &[("0", 2)], cny(50))), Ok(vec![]), "told twice it is decided once");
    assert_eq!(verdict(&given, back(B, &[("0", 2)], cny(1))), Err("more_than_bought"), "they are on their way");
    let whole = Claim { order_id: B, amount: cny(90), until: Timestamp::UNIX_EPOCH, pieces: vec![] };
    let most = after(&[open(), Command::Claim { purchase_id: PURCHASE, claim: whole }]);
    assert_eq!(verdict(&most, back(A, &[("0", 3)], cny(40))), held(&[("0", 40)]));
    assert_eq!(verdict(&most, back(A, &[("0", 3)], cny(41))), Err("exceeds_paid"), "the rest was given otherwise");
}

#[test]
fn r_ful_17_it_waits_for_the_purchase_and_is_decided_first_come_first_served() {
    let waits = after(&[back(A, &[("0", 2)], cny(60)), back(B, &[("0", 2)], cny(10))]);
    let (known, events) = next(&waits, open()).unwrap();
    assert!(matches!(&events[1], Event::Held { claim, .. } if claim.order_id == A), "{events:?}");
    let refused = Event::ClaimRefused { order_id: B, reason: Refusal::MoreThanBought };
    assert_eq!(events[3], refused, "the pieces were given to the first");
    let told = known.consequences(&events[1]);
    let [Consequence::Order(A, order::Command::GrantReturn { named, .. })] = told.as_slice() else {
        unreachable!("{told:?}")
    };
    assert_eq!((named[0].product_id.as_str(), named[0].paid), ("p-9", cny(67)));
    let (withdrawn, _) = next(&waits, Command::Withdraw { order_id: A }).unwrap();
    let (_, events) = next(&withdrawn, open()).unwrap();
    assert!(matches!(&events[1], Event::Held { claim, .. } if claim.order_id == B), "{events:?}");
    for account in [PurchaseAccount::default(), known, withdrawn] {
        assert_eq!(
            next(&account, Command::Withdraw { order_id: A }).unwrap().1,
            [],
            "what has its verdict is not withdrawn"
        );
    }
}

#[test]
fn r_ful_17_what_is_not_needed_any_more_is_free_once_and_never_more_than_was_held() {
    let held = after(&[open(), back(A, &[("0", 2), ("2", 1)], cny(80))]);
    let keep =
        |minors: [i64; 2]| Command::Keep { order_id: A, parts: vec![part("0", minors[0]), part("2", minors[1])] };
    for (minors, expected, freed) in [([67, 13], 80, 0), ([34, 13], 47, 33), ([34, 0], 34, 46), ([0, 0], 0, 80)] {
        let (less, events) = next(&held, keep(minors)).unwrap();
        assert_eq!(less.held_for(A).map_or(0, |held| held.minor), expected);
        let told = events.iter().map(|event| match event {
            Event::Released { amount, .. } => amount.minor,
            other => unreachable!("{other:?}"),
        });
        assert_eq!(told.sum::<i64>(), freed);
        assert_eq!(next(&less, keep(minors)).unwrap().1, [], "said twice");
    }
    assert_eq!(next(&held, keep([68, 13])).unwrap_err(), "account.nothing_held");
    assert_eq!(next(&held, keep([-1, 13])).unwrap_err(), "account.nothing_held");
    assert_eq!(next(&after(&[]), keep([0, 0])).unwrap_err(), "account.purchase_unknown");
    let nowhere = Command::Keep { order_id: A, parts: vec![part("9", 0)] };
    assert_eq!(next(&held, nowhere).unwrap_err(), "account.line_unknown");
    let (ended, _) = next(&held, keep([0, 0])).unwrap();
    assert_eq!(verdict(&ended, back(A, &[("2", 1)], cny(1))), Ok(vec![]), "what ended is not claimed again");
    let stored = serde_json::to_value(&held).unwrap();
    assert_eq!(serde_json::from_value::<PurchaseAccount>(stored).unwrap(), held);
}

proptest! {
    /// Whatever is agreed and asked for of a line, it gives no more than was paid for it, and no more pieces than it has.
    #[test]
    fn no_series_of_agreed_returns_takes_more_than_there_is(
        claims in prop::collection::vec((1..4_u32, 0..4_u32, 1..120_i64, any::<bool>()), 1..8),
    ) {
        let mut account = after(&[open()]);
        for (n, (one, other, minor, asked)) in (1..).zip(claims) {
            let id = Uuid::from_u128(n);
            let command = if asked {
                let units = vec![Units { line_id: "0".into(), quantity: one }];
                let Ok((taken, _)) = next(&account, Command::Take { order_id: id, units }) else { continue };
                account = taken;
                let lines = vec![ClaimedLine { line_id: "0".into(), quantity: one, fees: BTreeMap::new(), replaced: None }];
                Command::ClaimPieces(PieceClaim { claim_id: id, order_id: id, lines })
            } else {
                back(id, &[("0", one), ("2", other)], cny(minor))
            };
            account = next(&account, command).unwrap().0;
            let State::Open { lines, .. } = &account.state else { unreachable!() };
            for line in lines {
                prop_assert!(line.holds.values().map(|held| held.minor).sum::<i64>() <= line.paid.minor);
                prop_assert!(account.taken_of(&line.line_id) <= 3);
            }
        }
    }
}
