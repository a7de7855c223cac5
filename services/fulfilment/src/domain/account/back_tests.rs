//! However pieces come back, no line pays more than was paid for it, and all of its pieces give back all of it.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use proptest::prelude::*;

use super::{
    super::{Article, Claim, Command, Line, Part, Sale},
    *,
};

const PURCHASE: Uuid = Uuid::from_u128(100);

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

/// A purchase with lines of so many pieces for so much.
fn opened(lines: &[(u32, i64)]) -> PurchaseAccount {
    let part = |(n, (_, paid)): (usize, &(u32, i64))| Part { line_id: n.to_string(), amount: cny(*paid) };
    let article = |(n, (quantity, _)): (usize, &(u32, i64))| {
        (n.to_string(), Article { quantity: *quantity, ..Article::default() })
    };
    let open = Command::Open {
        purchase_id: PURCHASE,
        paid: cny(lines.iter().map(|(_, paid)| paid).sum()),
        lines: lines.iter().enumerate().map(part).collect(),
        sale: Sale { articles: lines.iter().enumerate().map(article).collect(), ..Sale::default() },
    };
    told(&PurchaseAccount::default(), open).0
}

fn told(account: &PurchaseAccount, command: Command) -> (PurchaseAccount, Vec<Event>) {
    let events = account.decide(command, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let mut next = account.clone();
    events.iter().for_each(|event| next.apply(event));
    (next, events)
}

/// A claim of an order on pieces of a line.
fn claim_of(order: u128, n: u128, line: &str, quantity: u32, fees: Vec<Fee>) -> Command {
    let fees = (0u8..).map(|n| n.to_string()).zip(fees).collect();
    let lines = vec![ClaimedLine { line_id: line.into(), quantity, fees, replaced: None }];
    Command::ClaimPieces(PieceClaim { claim_id: Uuid::from_u128(n), order_id: Uuid::from_u128(order), lines })
}

fn claim(n: u128, line: &str, quantity: u32, fees: Vec<Fee>) -> Command {
    claim_of(n, n, line, quantity, fees)
}

fn agreed(n: u128, minor: i64) -> Command {
    let claim = Claim { order_id: Uuid::from_u128(n), amount: cny(minor), until: jiff::Timestamp::MAX, pieces: vec![] };
    Command::Claim { purchase_id: PURCHASE, claim }
}

fn held(events: &[Event]) -> Result<i64, Refusal> {
    match events {
        [Event::PiecesHeld { lines, .. }] => Ok(lines.iter().map(|line| line.amount.minor).sum()),
        [Event::PiecesRefused { reason, .. }] => Err(*reason),
        other => panic!("{other:?}"),
    }
}

fn lines(account: &PurchaseAccount) -> &[Line] {
    let State::Open { lines, .. } = &account.state else { panic!("the account is not open") };
    lines
}

#[test]
fn r_ful_05_parts_of_a_line_give_back_their_exact_shares_and_together_all_of_it() {
    let mut account = opened(&[(3, 100)]);
    let mut paid = vec![];
    for n in 1..=3 {
        let (next, events) = told(&account, claim(n, "0", 1, vec![]));
        paid.push(held(&events).unwrap());
        account = next;
    }
    assert_eq!(paid, [33, 34, 33]);
    let (_, events) = told(&account, claim(4, "0", 1, vec![]));
    assert_eq!(held(&events), Err(Refusal::ExceedsPaid), "no piece is paid twice");
    assert_eq!(told(&account, claim(3, "0", 1, vec![])).1, [], "what is told twice is decided once");
    let release = Command::Release { order_id: Uuid::from_u128(2) };
    let (account, _) = told(&account, release);
    assert_eq!(held(&told(&account, claim(5, "0", 1, vec![])).1), Ok(34), "what was freed is given again");
}

#[test]
fn a_fee_is_kept_of_what_the_pieces_give_back_and_never_more_than_it() {
    let account = opened(&[(2, 1_000)]);
    let amount = |fees| held(&told(&account, claim(1, "0", 1, fees)).1);
    assert_eq!(amount(vec![Fee::Percent(10)]), Ok(450));
    assert_eq!(amount(vec![Fee::Percent(10), Fee::Amount(cny(100))]), Ok(350));
    assert_eq!(amount(vec![Fee::Amount(cny(900))]), Ok(0));
    let foreign = Fee::Amount(Money::new(1, "EUR".parse().unwrap()));
    assert_eq!(amount(vec![foreign]), Err(Refusal::CurrencyMismatch));
}

#[test]
fn a_fee_of_a_line_is_kept_once_however_many_parts_of_it_an_order_is_paid_for() {
    for (fee, amounts) in [(Fee::Amount(cny(100)), [400, 500]), (Fee::Amount(cny(900)), [0, 100])] {
        let (account, one) = told(&opened(&[(2, 1_000)]), claim_of(1, 1, "0", 1, vec![fee]));
        let other = told(&account, claim_of(1, 2, "0", 1, vec![fee])).1;
        assert_eq!([held(&one).unwrap(), held(&other).unwrap()], amounts);
        let another_order = told(&account, claim_of(2, 2, "0", 1, vec![fee])).1;
        assert_eq!(held(&another_order), held(&one), "another order is another parcel");
    }
}

#[test]
fn what_an_agreed_remedy_has_given_is_not_given_again() {
    let (account, _) = told(&opened(&[(2, 1_000)]), agreed(9, 600));
    let (both, events) = told(&account, claim(1, "0", 1, vec![]));
    let [Event::PiecesHeld { lines: given, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((given[0].goods, given[0].given, given[0].amount), (cny(500), cny(100), cny(400)));
    assert_eq!(held(&told(&both, claim(2, "0", 1, vec![])).1), Ok(0), "nothing is left");
    let (freed, _) = told(&account, Command::Release { order_id: Uuid::from_u128(9) });
    assert_eq!(held(&told(&freed, claim(1, "0", 1, vec![])).1), Ok(500));
    assert_eq!(held(&told(&freed, claim(2, "7", 1, vec![])).1), Err(Refusal::PiecesUnknown));
}

/// A claim on pieces that go out as goods for so much.
fn exchange(n: u128, quantity: u32, value: Money) -> Command {
    let Command::ClaimPieces(mut claim) = claim(n, "0", quantity, vec![Fee::Percent(10)]) else {
        panic!("not a claim")
    };
    claim.lines[0].replaced = Some(value);
    Command::ClaimPieces(claim)
}

#[test]
fn r_ful_05_what_goes_out_as_goods_is_held_and_given_to_nobody_else() {
    let account = opened(&[(2, 1_000)]);
    let of = |value| {
        let (next, events) = told(&account, exchange(1, 1, cny(value)));
        let [Event::PiecesHeld { lines, .. }] = events.as_slice() else { panic!("{events:?}") };
        let held = next.held_for(Uuid::from_u128(1));
        (lines[0].replaced.map(|one| one.minor), lines[0].amount.minor, held.map(|one| one.minor))
    };
    assert_eq!(of(300), (Some(300), 150, Some(450)), "goods 500, fee 50: the rest is paid");
    assert_eq!(of(900), (Some(450), 0, Some(450)), "a dearer article takes all of it, and never more");
    let foreign = Money::new(1, "EUR".parse().unwrap());
    assert_eq!(held(&told(&account, exchange(1, 1, foreign)).1), Err(Refusal::CurrencyMismatch));

    let (exchanged, _) = told(&account, exchange(1, 1, cny(450)));
    assert!(matches!(told(&exchanged, agreed(9, 551)).1[..], [Event::ClaimRefused { .. }]));
    assert_eq!(held(&told(&exchanged, claim(2, "0", 2, vec![])).1), Err(Refusal::ExceedsPaid));
}

#[test]
fn what_is_held_moves_to_another_claim_once_and_back_and_stays_as_much() {
    let id = Uuid::from_u128;
    let hold =
        |from, to, minor| Command::MoveHold(Move { order_id: id(1), from: id(from), to: id(to), amount: cny(minor) });
    let held = |account: &PurchaseAccount, n| account.held_for(id(n)).map_or(0, |one| one.minor);
    let (account, _) = told(&opened(&[(2, 1_000)]), exchange(1, 1, cny(450)));
    let (moved, _) = told(&account, hold(1, 2, 150));
    assert_eq!((held(&moved, 1), held(&moved, 2)), (300, 150));
    assert_eq!(told(&moved, hold(1, 2, 150)).1, [], "told twice is moved once");
    let (all, _) = told(&moved, hold(1, 3, 300));
    assert_eq!((held(&all, 1), held(&all, 3)), (0, 300));
    let (back, _) = told(&all, hold(3, 1, 300));
    assert_eq!((held(&back, 1), held(&back, 3)), (300, 0));
    assert_eq!(told(&back, hold(3, 1, 300)).1, [], "and back once");
    let more = back.decide(hold(1, 4, 301), jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(more, Err(Rejection::NothingHeld));
}

#[test]
fn pieces_that_were_never_counted_are_for_people() {
    let mut account = opened(&[(2, 1_000)]);
    let State::Open { sale, .. } = &mut account.state else { panic!("the account is not open") };
    *sale = None;
    assert_eq!(held(&told(&account, claim(1, "0", 1, vec![])).1), Err(Refusal::PiecesUnknown));
}

proptest! {
    /// R-FUL-05: exact, in whatever parts, with failures and agreed remedies between.
    #[test]
    fn no_line_gives_back_more_than_was_paid_and_all_pieces_give_back_all(
        bought in prop::collection::vec((1..9u32, prop_oneof![Just(0i64), 1..500i64, Just(i64::MAX / 16)]), 1..4),
        steps in prop::collection::vec((0..4usize, 1..9u32, any::<bool>(), 0..40i64, 0..30u8), 1..40),
    ) {
        let mut account = opened(&bought);
        for ((line, quantity, fails, minor, percent), n) in steps.into_iter().zip(1u128..) {
            let command = match minor {
                0..=20 => claim(n, &(line % bought.len()).to_string(), quantity, vec![Fee::Percent(percent)]),
                _ => agreed(n, minor),
            };
            account = told(&account, command).0;
            let id = Uuid::from_u128(n);
            if fails && account.held_for(id).is_some() {
                account = told(&account, Command::Release { order_id: id }).0;
            }
            for line in lines(&account) {
                let held: i64 = line.holds.values().map(|hold| hold.minor).sum();
                prop_assert!(held <= line.paid.minor && line.holds.values().all(|hold| hold.minor > 0));
            }
        }
        let State::Open { back, .. } = &account.state else { panic!("the account is not open") };
        for (line, (quantity, paid)) in bought.iter().enumerate() {
            let claims = back.get(&line.to_string()).cloned().unwrap_or_default();
            let pieces: u32 = claims.values().map(|one| one.quantity).sum();
            let goods: i64 = claims.values().map(|one| one.goods.minor).sum();
            prop_assert!(pieces <= *quantity && goods <= *paid);
            prop_assert!(pieces < *quantity || goods == *paid, "all pieces are back, and so is all of the money");
            let kept = |one: &Back| one.fees.values().map(|fee| fee.minor).sum::<i64>();
            prop_assert!(claims.values().all(|one| kept(one) <= one.goods.minor));
        }
    }
}

/// What of each claim is tax, freight and discount, and what the article was before.
fn made_of(events: &[Event]) -> (i64, [i64; 4]) {
    let [Event::PiecesHeld { lines, .. }] = events else { panic!("{events:?}") };
    let within = lines[0].within.unwrap();
    let parts = [within.article(lines[0].goods), within.tax, within.freight, within.discount];
    (lines[0].goods.minor, parts.map(|part| part.minor))
}

/// A line of so many pieces for so much, of which so much is tax and freight, and of which so much was taken off before.
fn told_apart(quantity: u32, paid: i64, [tax, freight, discount]: [i64; 3]) -> PurchaseAccount {
    let within = Some(Within { tax: cny(tax), freight: cny(freight), discount: cny(discount) });
    let article = Article { quantity, within, ..Article::default() };
    let open = Command::Open {
        purchase_id: PURCHASE,
        paid: cny(paid),
        lines: vec![Part { line_id: "0".into(), amount: cny(paid) }],
        sale: Sale { articles: [("0".to_owned(), article)].into(), ..Sale::default() },
    };
    told(&PurchaseAccount::default(), open).0
}

#[test]
fn r_ful_05_a_share_names_its_tax_freight_and_discount_and_adds_up() {
    let account = told_apart(3, 1_000, [115, 100, 50]);
    let (next, events) = told(&account, claim(1, "0", 2, vec![]));
    assert_eq!(made_of(&events), (667, [667 - 77 - 67 + 33, 77, 67, 33]));
    let (_, events) = told(&next, claim(2, "0", 1, vec![]));
    assert_eq!(made_of(&events), (333, [333 - 38 - 33 + 17, 38, 33, 17]));
    let (_, events) = told(&opened(&[(1, 100)]), claim(1, "0", 1, vec![]));
    let [Event::PiecesHeld { lines, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(lines[0].within, None, "a seller that tells nothing of it is answered as ever");
}

proptest! {
    // R-FUL-05.
    #[test]
    fn in_whatever_parts_pieces_come_back_tax_freight_and_discount_come_back_exactly(
        parts in prop::collection::vec(1..6u32, 1..8),
        paid in 0..10_000i64,
        shares in (0..=100i64, 0..=100i64, 0..5_000i64),
    ) {
        let tax = paid * shares.0 / 200;
        let freight = paid * shares.1 / 200;
        let quantity = parts.iter().sum();
        let mut account = told_apart(quantity, paid, [tax, freight, shares.2]);
        let mut sums = [0; 4];
        for (n, pieces) in (1..).zip(&parts) {
            let (next, events) = told(&account, claim(n, "0", *pieces, vec![]));
            account = next;
            let (goods, [article, tax, freight, discount]) = made_of(&events);
            prop_assert_eq!(article + tax + freight - discount, goods);
            prop_assert!(tax >= 0 && freight >= 0 && discount >= 0);
            sums.iter_mut().zip([article, tax, freight, discount]).for_each(|(sum, one)| *sum += one);
        }
        prop_assert_eq!(sums, [paid - tax - freight + shares.2, tax, freight, shares.2]);
    }
}
