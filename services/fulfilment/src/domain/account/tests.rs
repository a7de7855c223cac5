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
    let paid = money(minors.iter().sum(), "CNY");
    Command::Open { purchase_id: PURCHASE, paid, lines: parts(minors), sale: sale() }
}

/// Three pieces of each line.
fn sale() -> Sale {
    let article = |line: u32| (line.to_string(), Article { quantity: 3, ..Article::default() });
    Sale { articles: (0..8).map(article).collect(), ..Sale::default() }
}

fn take(order: u128, line: &str, quantity: u32) -> Command {
    let units = vec![Units { line_id: line.into(), quantity }];
    Command::Take { order_id: Uuid::from_u128(order), units }
}

fn claim_pieces(claim: u128, line: &str, quantity: u32) -> Command {
    exchange(claim, line, quantity, None)
}

fn exchange(claim: u128, line: &str, quantity: u32, replaced: Option<Money>) -> Command {
    let id = Uuid::from_u128(claim);
    let lines = vec![ClaimedLine { line_id: line.into(), quantity, fees: BTreeMap::new(), replaced }];
    Command::ClaimPieces(PieceClaim { claim_id: id, order_id: id, lines })
}

fn move_hold(minor: i64) -> Command {
    let (order_id, to) = (Uuid::from_u128(1), Uuid::from_u128(9));
    Command::MoveHold(Move { order_id, from: A, to, amount: money(minor, "CNY") })
}

fn give_back(order: u128) -> Command {
    let units = ["0", "1"].map(|line| Units { line_id: line.into(), quantity: 9 });
    Command::GiveBack { order_id: Uuid::from_u128(order), units: units.into() }
}

fn claim(order: u128, minor: i64, code: &str) -> Command {
    let claim = Claim { order_id: Uuid::from_u128(order), amount: money(minor, code), until: UNTIL, pieces: vec![] };
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
        ("open, delivered", after(&[known(), Command::Deliver { at: UNTIL }])),
        ("open, taken", after(&[known(), take(1, "0", 2)])),
        ("open, paying", after(&[known(), take(1, "0", 2), claim_pieces(1, "0", 2)])),
        ("open, exchanging", after(&[known(), take(1, "0", 2), exchange(1, "0", 2, Some(money(30, "CNY")))])),
        ("open, moved", after(&[known(), take(1, "0", 2), exchange(1, "0", 2, Some(money(30, "CNY"))), move_hold(30)])),
    ];
    let short = Command::Open { purchase_id: PURCHASE, paid: money(101, "CNY"), lines: parts(&[60, 40]), sale: sale() };
    let commands = [
        ("open", known()),
        ("open, lines wrong", short),
        ("claim", claim(1, 50, "CNY")),
        ("claim too much", claim(1, 101, "CNY")),
        ("claim other currency", claim(1, 50, "EUR")),
        ("claim nothing", claim(1, 0, "CNY")),
        ("lapse", Command::Lapse),
        ("release", Command::Release { order_id: A }),
        ("deliver", Command::Deliver { at: UNTIL }),
        ("take", take(1, "0", 2)),
        ("take as another", take(2, "0", 2)),
        ("take too many", take(2, "0", 4)),
        ("take of no line", take(2, "9", 1)),
        ("give back", give_back(1)),
        ("claim pieces", claim_pieces(1, "0", 2)),
        ("claim pieces too", claim_pieces(2, "0", 2)),
        ("claim pieces of no line", claim_pieces(2, "9", 1)),
        ("move hold", move_hold(30)),
        ("move too much", move_hold(61)),
        ("move nothing", move_hold(0)),
    ];
    const SUM: &str = "account.lines_do_not_add_up";
    const ZERO: &str = "account.amount_not_positive";
    const NONE: &str = "account.nothing_held";
    const UNKNOWN: &str = "account.purchase_unknown";
    const MORE: &str = "account.more_than_bought";
    const NO_LINE: &str = "account.line_unknown";
    #[rustfmt::skip]
    let table: machine::Table<'_, 20> = &[
        //                  open    wrong claim      too much   currency   zero  lapse      release deliver take     another  many     no line  give back pieces pieces too no line  move     too much nothing
        ("absent",          ["open", SUM, "awaited", "awaited", "awaited", ZERO, "-",       NONE,   "-",    UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "-",    UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]),
        ("awaited",         ["open", SUM, "-",       "-",       "-",       ZERO, "awaited", NONE,   "-",    UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "-",    UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]),
        ("open",            ["-",    "-", "open",    "open",    "open",    ZERO, "-",       NONE,   "open", "open",  "open",  MORE,    NO_LINE, "-",    "open",  "open",  "open",  NONE,    NONE,    ZERO]),
        ("open, held",      ["-",    "-", "-",       "-",       "-",       ZERO, "-",       "open", "open", "open",  "open",  MORE,    NO_LINE, "-",    "-",     "open",  "open",  "open",  NONE,    ZERO]),
        ("open, refused",   ["-",    "-", "-",       "-",       "-",       ZERO, "-",       "-",    "open", "open",  "open",  MORE,    NO_LINE, "-",    "-",     "open",  "open",  NONE,    NONE,    ZERO]),
        ("open, released",  ["-",    "-", "-",       "-",       "-",       ZERO, "-",       "-",    "open", "open",  "open",  MORE,    NO_LINE, "-",    "-",     "open",  "open",  NONE,    NONE,    ZERO]),
        ("open, delivered", ["-",    "-", "open",    "open",    "open",    ZERO, "-",       NONE,   "-",    "open",  "open",  MORE,    NO_LINE, "-",    "open",  "open",  "open",  NONE,    NONE,    ZERO]),
        ("open, taken",     ["-",    "-", "open",    "open",    "open",    ZERO, "-",       NONE,   "open", "-",     MORE,    MORE,    NO_LINE, "open", "open",  "open",  "open",  NONE,    NONE,    ZERO]),
        ("open, paying",    ["-",    "-", "-",       "-",       "-",       ZERO, "-",       "open", "open", "-",     MORE,    MORE,    NO_LINE, "open", "-",     "open",  "open",  "open",  NONE,    ZERO]),
        ("open, exchanging",["-",    "-", "-",       "-",       "-",       ZERO, "-",       "open", "open", "-",     MORE,    MORE,    NO_LINE, "open", "-",     "open",  "open",  "open",  NONE,    ZERO]),
        ("open, moved",     ["-",    "-", "-",       "-",       "-",       ZERO, "-",       "open", "open", "-",     MORE,    MORE,    NO_LINE, "open", "-",     "open",  "open",  "-",     "-",     ZERO]),
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
    let lines = |lines, paid| Command::Open { purchase_id: PURCHASE, paid: money(paid, "CNY"), lines, sale: sale() };
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

#[test]
fn an_account_from_before_pieces_were_told_limits_none_and_knows_no_days() {
    let mut account = after(&[open(&[60])]);
    let State::Open { sale, .. } = &mut account.state else { panic!("the account is not open") };
    *sale = None;
    let text = serde_json::to_string(&account).unwrap();
    assert!(!text.contains("sale") && !text.contains("taken"), "as it was stored then: {text}");
    assert_eq!(serde_json::from_str::<PurchaseAccount>(&text).unwrap(), account);
    assert!(next(&account, take(1, "0", 1_000_000)).is_ok());
    assert_eq!(account.decide(Command::Deliver { at: UNTIL }, UNTIL), Ok(vec![]));
    assert_eq!(account.paid_for(&Units { line_id: "0".into(), quantity: 5 }), Ok(None));
}

#[test]
fn an_order_gives_back_some_of_its_pieces_and_keeps_the_others() {
    let account = after(&[open(&[60]), take(1, "0", 3)]);
    let one = Units { line_id: "0".into(), quantity: 1 };
    let account = next(&account, Command::GiveBack { order_id: A, units: vec![one] }).unwrap();
    assert_eq!(next(&account, take(2, "0", 2)), Err("account.more_than_bought"));
    assert!(next(&account, take(2, "0", 1)).is_ok());
}

#[test]
fn pieces_cost_their_exact_share_of_what_was_paid() {
    let account = after(&[open(&[100, 0])]);
    let paid = |line: &str, quantity| account.paid_for(&Units { line_id: line.into(), quantity });
    assert_eq!((paid("0", 1), paid("0", 2)), (Ok(Some(money(33, "CNY"))), Ok(Some(money(67, "CNY")))));
    assert_eq!((paid("0", 3), paid("1", 1)), (Ok(Some(money(100, "CNY"))), Ok(Some(money(0, "CNY")))));
    assert_eq!((paid("0", 4), paid("9", 1)), (Err(Rejection::MoreThanBought), Err(Rejection::LineUnknown)));
}

proptest! {
    #[test]
    fn no_piece_is_taken_twice(steps in prop::collection::vec((1..6u128, 0..2usize, 1..4u32, any::<bool>()), 1..40)) {
        let mut account = after(&[open(&[60, 40])]);
        for (order, line, quantity, back) in steps {
            let command = if back { give_back(order) } else { take(order, ["0", "1"][line], quantity) };
            account = next(&account, command).unwrap_or(account);
            let State::Open { taken, .. } = &account.state else { panic!("an open account stays open") };
            prop_assert!(taken.values().all(|orders| !orders.is_empty() && orders.values().sum::<u32>() <= 3));
            let held: usize = taken.values().filter(|orders| orders.contains_key(&Uuid::from_u128(order))).count();
            prop_assert!(held <= usize::from(!back), "what an order takes it takes at once");
        }
    }
}

fn left(account: &PurchaseAccount) -> Vec<u64> {
    let State::Open { lines, .. } = &account.state else { panic!("the account is not open") };
    lines.iter().map(Line::left).collect()
}
