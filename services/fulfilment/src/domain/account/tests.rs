//! Every state of an account with every command, and what no series of claims can break.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::{super::machine, *};

const UNTIL: Timestamp = Timestamp::constant(86_400, 0);

const A: Uuid = Uuid::from_u128(1);
const PURCHASE: Uuid = Uuid::from_u128(100);

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, code.parse().unwrap())
}

fn parts(minors: &[i64]) -> Vec<Part> {
    let part = |(n, minor): (usize, &i64)| Part { line_id: n.to_string(), amount: money(*minor, "CNY") };
    minors.iter().enumerate().map(part).collect()
}

fn open(minors: &[i64]) -> Command {
    Command::Open { purchase_id: PURCHASE, paid: money(minors.iter().sum(), "CNY"), lines: parts(minors) }
}

fn claim(order: u128, minor: i64, code: &str) -> Command {
    let claim = Claim { order_id: Uuid::from_u128(order), amount: money(minor, code), until: UNTIL };
    Command::Claim { purchase_id: PURCHASE, claim }
}

fn next(account: &PurchaseAccount, command: Command) -> Result<PurchaseAccount, &'static str> {
    let events = account.decide(command, UNTIL).map_err(|no| no.code())?;
    let mut next = account.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok(next)
}

fn after(commands: &[Command]) -> PurchaseAccount {
    commands.iter().fold(PurchaseAccount::default(), |account, command| next(&account, command.clone()).unwrap())
}

#[test]
fn every_command_in_every_state() {
    let known = || open(&[60, 40]);
    let states = [
        ("absent", after(&[])),
        ("awaited", after(&[claim(1, 50, "CNY")])),
        ("open", after(&[known()])),
        ("open, held", after(&[known(), claim(1, 50, "CNY")])),
        ("open, refused", after(&[known(), claim(1, 101, "CNY")])),
        ("open, released", after(&[known(), claim(1, 50, "CNY"), Command::Release { order_id: A }])),
    ];
    let short = Command::Open { purchase_id: PURCHASE, paid: money(101, "CNY"), lines: parts(&[60, 40]) };
    let commands = [
        ("open", known()),
        ("open, lines wrong", short),
        ("claim", claim(1, 50, "CNY")),
        ("claim too much", claim(1, 101, "CNY")),
        ("claim other currency", claim(1, 50, "EUR")),
        ("claim nothing", claim(1, 0, "CNY")),
        ("lapse", Command::Lapse),
        ("release", Command::Release { order_id: A }),
    ];
    const SUM: &str = "account.lines_do_not_add_up";
    const ZERO: &str = "account.amount_not_positive";
    const NONE: &str = "account.nothing_held";
    #[rustfmt::skip]
    let table: machine::Table<'_, 8> = &[
        //                 open    wrong  claim      too much   currency   zero  lapse      release
        ("absent",         ["open", SUM,  "awaited", "awaited", "awaited", ZERO, "-",       NONE]),
        ("awaited",        ["open", SUM,  "-",       "-",       "-",       ZERO, "awaited", NONE]),
        ("open",           ["-",    "-",  "open",    "open",    "open",    ZERO, "-",       NONE]),
        ("open, held",     ["-",    "-",  "-",       "-",       "-",       ZERO, "-",       "open"]),
        ("open, refused",  ["-",    "-",  "-",       "-",       "-",       ZERO, "-",       "-"]),
        ("open, released", ["-",    "-",  "-",       "-",       "-",       ZERO, "-",       "-"]),
    ];
    machine::check("account", &states, &commands, table, next);
}

#[test]
fn claims_that_waited_are_decided_in_their_order_when_the_purchase_becomes_known() {
    let account = after(&[claim(1, 70, "CNY"), claim(2, 50, "CNY"), claim(3, 30, "EUR"), claim(4, 30, "CNY")]);
    let events = account.decide(open(&[60, 40]), UNTIL).unwrap();
    let verdicts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Held { claim, .. } => Some((claim.order_id.as_u128(), "held")),
            Event::ClaimRefused { order_id, reason } => Some((order_id.as_u128(), reason.code())),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts, [(1, "held"), (2, "exceeds_paid"), (3, "currency_mismatch"), (4, "held")]);
}

#[test]
fn a_claim_waits_for_the_purchase_only_so_long() {
    let mut account = after(&[claim(1, 70, "CNY"), claim(2, 50, "CNY")]);
    let State::Awaited { claims } = &mut account.state else { panic!("nothing is known yet") };
    claims[1].until = UNTIL + jiff::SignedDuration::from_micros(1);
    let refused = Event::ClaimRefused { order_id: A, reason: Refusal::PurchaseUnknown };
    assert_eq!(account.decide(Command::Lapse, UNTIL), Ok(vec![refused]));
    let account = next(&account, Command::Lapse).unwrap();
    assert_eq!(account.lapses_at(), Some(UNTIL + jiff::SignedDuration::from_micros(1)));
    let account = next(&account, open(&[60, 40])).unwrap();
    assert_eq!((account.held_for(A), account.held_for(Uuid::from_u128(2))), (None, Some(money(50, "CNY"))));
    assert_eq!(account.lapses_at(), None);
}

#[test]
fn what_cannot_be_a_purchase_is_refused() {
    let lines = |lines, paid| Command::Open { purchase_id: PURCHASE, paid: money(paid, "CNY"), lines };
    let twice = vec![parts(&[5]).remove(0), parts(&[5]).remove(0)];
    let foreign = vec![Part { line_id: "0".into(), amount: money(5, "EUR") }];
    let huge = parts(&[i64::MAX, 1]);
    for (command, code) in [
        (lines(twice, 10), "account.line_twice"),
        (lines(parts(&[-5, 10]), 5), "account.paid_negative"),
        (lines(foreign, 5), "account.money"),
        (lines(huge, 5), "account.money"),
    ] {
        assert_eq!(next(&PurchaseAccount::default(), command), Err(code));
    }
}

proptest! {
    #[test]
    fn a_hold_is_split_exactly_and_never_above_what_a_line_has_left(
        paid in prop::collection::vec(prop_oneof![Just(0), 1..1000i64, Just(i64::MAX / 16)], 1..8),
        claims in prop::collection::vec(prop_oneof![1..600i64, Just(i64::MAX / 10)], 1..12),
        released in prop::collection::vec(any::<bool>(), 12),
    ) {
        let mut account = after(&[open(&paid)]);
        for ((n, minor), release) in (1u128..).zip(claims).zip(released) {
            let before = left(&account);
            account = next(&account, claim(n, minor, "CNY")).unwrap();
            let order_id = Uuid::from_u128(n);
            match account.held_for(order_id) {
                Some(held) => prop_assert_eq!(held.minor, minor),
                None => prop_assert!(before.iter().map(|left| i128::from(*left)).sum::<i128>() < i128::from(minor)),
            }
            let State::Open { lines, .. } = &account.state else { panic!("an open account stays open") };
            for (line, before) in lines.iter().zip(before) {
                prop_assert!(line.holds.get(&order_id).map_or(0, |part| part.minor) <= i64::try_from(before).unwrap());
            }
            if release && account.held_for(order_id).is_some() {
                account = next(&account, Command::Release { order_id }).unwrap();
                prop_assert_eq!(account.held_for(order_id), None);
            }
        }
    }
}

fn left(account: &PurchaseAccount) -> Vec<u64> {
    let State::Open { lines, .. } = &account.state else { panic!("the account is not open") };
    lines.iter().map(Line::left).collect()
}
