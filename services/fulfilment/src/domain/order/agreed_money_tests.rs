//! Every state of a return that was agreed by its pieces, with every command; what each piece is paid, and what is free again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use jiff::SignedDuration;
use kernel::returns::Answer;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    super::{
        super::{machine, refund},
        Command as Order,
        agreed::{AgreedKind, AgreedReturn, Agreement},
        goods::{Disposition, Finding},
        money::News,
        request::{
            Command as Asked,
            tests::{NOW, after, cancel, next, request},
        },
        returning::{Came, Command as Goods},
    },
    *,
};

const ORDER: Uuid = Uuid::from_u128(1);
const PURCHASE: Uuid = Uuid::from_u128(5);
const LATE: SignedDuration = SignedDuration::from_hours(24);

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn policy() -> Policy {
    backbone::config::document(None, returns::AGREED).unwrap()
}

/// So many pieces of each line were agreed to come back for an amount.
pub fn agreement(pieces: &[u32], minor: i64) -> Agreement {
    let mut asked = request(&vec![Answer::Eligible; pieces.len()]);
    for (line, quantity) in asked.lines.iter_mut().zip(pieces) {
        (line.quantity, line.receipt) = (*quantity, receipt(&policy()).unwrap());
    }
    asked.agreed = true;
    let purchase_within = SignedDuration::from_hours(24);
    Agreement {
        order_id: ORDER,
        complaint_id: Uuid::from_u128(2),
        remedy_id: Uuid::from_u128(3),
        customer_id: Uuid::from_u128(4),
        purchase_id: Some(PURCHASE),
        kind: AgreedKind::ReturnRefund,
        amount: Some(cny(minor)),
        complete_within: SignedDuration::ZERO,
        overdue: false,
        ended: false,
        returns: Some(Box::new(AgreedReturn { request: asked, purchase_within })),
    }
}

fn promise(pieces: &[u32], minor: i64) -> Order {
    Order::Promise(agreement(pieces, minor))
}

/// The purchase holds so much for each line.
fn grant(parts: &[i64], tendered: bool) -> Order {
    let line = |(n, minor): (usize, &i64)| Part { line_id: n.to_string(), amount: cny(*minor) };
    let parts: Vec<Part> = parts.iter().enumerate().map(line).collect();
    let name = |part: &Part| Named {
        line_id: part.line_id.clone(),
        product_id: "p-9".into(),
        batch: "b-1".into(),
        paid: cny(part.amount.minor + 10),
    };
    let named = parts.iter().map(name).collect();
    Order::GrantReturn { parts, tendered, named }
}

fn receive(line_no: u32, quantity: u32) -> Order {
    let came = vec![Came { line_no: Some(line_no), product_id: String::new(), quantity }];
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came }
}

fn goods(command: Goods) -> Order {
    Order::Request(Asked::Goods(command))
}

fn inspect(line_no: u32, accepted: u32, rejected: u32) -> Order {
    let finding = |quantity, accepted, disposition| Finding { quantity, accepted, grade: "a".into(), disposition };
    let findings =
        [finding(accepted, true, Disposition::Restock), finding(rejected, false, Disposition::BackToCustomer)];
    let facts = receipt(&policy()).unwrap().facts;
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: findings.into_iter().filter(|finding| finding.quantity > 0).collect(),
        criteria: vec![],
        photos: vec![],
        renewed: found_otherwise(&policy(), facts).filter(|_| rejected > 0),
        word: None,
        ruling: None,
    };
    goods(Goods::Inspect { line_no, inspection: Box::new(inspection) })
}

fn hear(line_no: u32, agreed: bool) -> Order {
    goods(Goods::HearCustomer { line_no, by: "staff:bo".into(), agreed })
}

fn rule(line_no: u32, approved: bool) -> Order {
    goods(Goods::Rule { line_no, by: "staff:bo".into(), approved, reason: "seen".into() })
}

fn claim(number: u32) -> Uuid {
    kernel::id::derived("claim", &[&ORDER.to_string(), &number.to_string()])
}

fn news(number: u32, news: News) -> Order {
    Order::money(claim(number), news)
}

fn fail(number: u32) -> Order {
    news(number, News::Fail { code: "closed_account".into() })
}

/// Two pieces for 101, agreed, held, and both here.
fn here(told: &[Order]) -> ServiceOrder {
    after(&[&[promise(&[2], 101), grant(&[101], false), receive(1, 2)], told].concat())
}

#[test]
fn r_ful_17_every_command_in_every_state_of_a_return_that_was_agreed_by_its_pieces() {
    let states = [
        ("absent", ServiceOrder::default()),
        ("promised", after(&[promise(&[2], 101)])),
        ("refused", after(&[promise(&[2], 101), Order::Refuse { reason: super::super::Refusal::ExceedsPaid }])),
        ("authorised", after(&[promise(&[2], 101), grant(&[101], false)])),
        ("one came", after(&[promise(&[2], 101), grant(&[101], false), receive(1, 1)])),
        ("one accepted", here(&[inspect(1, 1, 0)])),
        ("one failed", here(&[inspect(1, 1, 0), fail(0)])),
        ("one rejected", here(&[inspect(1, 1, 0), news(0, News::Pay), inspect(1, 0, 1)])),
        ("both paid", here(&[inspect(1, 2, 0), news(0, News::Pay)])),
        ("closed", here(&[inspect(1, 1, 1), news(0, News::Pay), hear(1, true)])),
        ("cancelled", after(&[promise(&[2], 101), grant(&[101], false), cancel()])),
    ];
    let commands = [
        ("promise", promise(&[2], 101)),
        ("grant", grant(&[101], false)),
        ("refuse", Order::Refuse { reason: super::super::Refusal::ExceedsPaid }),
        ("complete by hand", {
            let mut asked = request(&[Answer::Eligible]);
            asked.agreed = true;
            Order::Request(Asked::Ask { request: Box::new(asked), confirmed: true })
        }),
        ("give up", Order::GiveUp { reason: "settled_otherwise".into() }),
        ("cancel", cancel()),
        ("receive one", receive(1, 1)),
        ("accept one", inspect(1, 1, 0)),
        ("reject one", inspect(1, 0, 1)),
        ("agree", hear(1, true)),
        ("disagree", hear(1, false)),
        ("pay", news(0, News::Pay)),
        ("fail", fail(0)),
        ("repeat", news(0, News::Repeat)),
        ("look", Order::Look),
    ];
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const CLAIM: &str = "order.no_such_claim";
    const AGAIN: &str = "order.goods_already_received";
    const LINE: &str = "order.no_such_line";
    const MANY: &str = "order.not_to_inspect";
    const WORD: &str = "order.nothing_to_answer";
    const YES: &str = "authorised";
    const ON: &str = "in_progress";
    const OFF: &str = "cancelled";
    const ALL: &str = "completed";
    const PART: &str = "closed_partial";
    #[rustfmt::skip]
    let table: machine::Table<'_, 15> = &[
        //               promise     grant refuse by hand give up cancel receive accept reject agree disagree pay    fail   repeat look
        ("absent",       ["promised", NONE, NONE, NOT,    "-",    NONE,  NONE,   NONE,  NONE,  NONE, NONE,    NONE,  NONE,  NONE,  "-"]),
        ("promised",     ["-",        YES,  OFF,  NOT,    OFF,    OFF,   LINE,   NOT,   NOT,   NOT,  NOT,     NOT,   NOT,   NOT,   "-"]),
        ("refused",      ["-",        NOT,  "-",  NOT,    "-",    NOT,   LINE,   NOT,   NOT,   NOT,  NOT,     NOT,   NOT,   NOT,   "-"]),
        ("authorised",   ["-",        NOT,  NOT,  "-",    "-",    OFF,   ON,     MANY,  MANY,  WORD, WORD,    CLAIM, CLAIM, CLAIM, "-"]),
        ("one came",     ["-",        NOT,  NOT,  "-",    "-",    NOT,   ON,     ON,    ON,    WORD, WORD,    CLAIM, CLAIM, CLAIM, "-"]),
        ("one accepted", ["-",        NOT,  NOT,  "-",    "-",    NOT,   AGAIN,  ON,    ON,    WORD, WORD,    ON,    ON,    NOT,   "-"]),
        ("one failed",   ["-",        NOT,  NOT,  "-",    "-",    NOT,   AGAIN,  ON,    ON,    WORD, WORD,    "-",   "-",   ON,    "-"]),
        ("one rejected", ["-",        NOT,  NOT,  "-",    "-",    NOT,   AGAIN,  MANY,  MANY,  PART, ON,      "-",   "-",   NOT,   "-"]),
        ("both paid",    ["-",        NOT,  NOT,  "-",    "-",    NOT,   AGAIN,  MANY,  MANY,  WORD, WORD,    "-",   "-",   NOT,   "-"]),
        ("closed",       ["-",        NOT,  NOT,  "-",    "-",    NOT,   AGAIN,  MANY,  MANY,  WORD, WORD,    "-",   "-",   NOT,   "-"]),
        ("cancelled",    ["-",        NOT,  "-",  "-",    "-",    "-",   NOT,    NOT,   NOT,   NOT,  NOT,     CLAIM, CLAIM, CLAIM, "-"]),
    ];
    machine::check("agreed-return", &states, &commands, table, next);
    assert_eq!(ALL, crate::wire::order_status(&here(&[inspect(1, 2, 0), news(0, News::Pay)])));
}

/// Tells the order, and says what follows for its purchase and its refunds.
fn follow(order: &mut ServiceOrder, command: Order, at: jiff::Timestamp) -> Vec<Consequence> {
    let mut all = vec![];
    for event in order.decide(command, at).unwrap() {
        order.apply(&event);
        all.extend(order.consequences(&event));
    }
    all
}

/// What is queued to be paid.
fn queued(consequences: &[Consequence]) -> i64 {
    let one = |one: &Consequence| match one {
        Consequence::Refund(_, refund::Command::Queue(facts)) => facts.amount.minor,
        _ => 0,
    };
    consequences.iter().map(one).sum()
}

/// What is kept from now on, by line; none where nothing is said of it.
fn kept(consequences: &[Consequence]) -> Option<Vec<i64>> {
    consequences.iter().rev().find_map(|one| match one {
        Consequence::Account(_, account::Command::Keep { parts, .. }) => {
            Some(parts.iter().map(|part| part.amount.minor).collect())
        }
        _ => None,
    })
}

#[test]
fn r_ful_17_it_claims_when_it_is_promised_and_goes_on_by_itself_when_the_purchase_gives_it() {
    let mut order = ServiceOrder::default();
    let claimed = follow(&mut order, promise(&[2, 1], 101), NOW);
    let [Consequence::Account(PURCHASE, account::Command::Claim { claim, .. })] = claimed.as_slice() else {
        unreachable!("{claimed:?}")
    };
    let units = |line: &str, quantity| account::Units { line_id: line.into(), quantity };
    assert_eq!(
        (claim.order_id, claim.amount, claim.pieces.clone()),
        (ORDER, cny(101), vec![units("0", 2), units("1", 1)])
    );
    follow(&mut order, grant(&[80, 21], true), NOW);
    assert!(order.agreement.as_ref().unwrap().returns.is_none(), "said once");
    let asked = order.request.as_ref().unwrap();
    assert!(
        asked.rma_number.is_some() && asked.confirmed_at.is_some() && asked.awaited() == Pieces::from([(1, 2), (2, 1)])
    );
    assert_eq!((asked.lines[0].product_id.as_str(), asked.lines[0].receipt.facts.amount), ("p-9", Some(cny(90))));
    assert_eq!(
        policy().decide(asked.lines[0].receipt.facts.clone()).as_ref(),
        Some(&asked.lines[0].receipt),
        "made again"
    );
    let divided = [receive(1, 2), inspect(1, 2, 0)].map(|told| follow(&mut order, told, NOW)).concat();
    let divide = |one: &&Consequence| matches!(one, Consequence::Account(_, account::Command::Divide { amount, .. }) if *amount == cny(80));
    assert_eq!(divided.iter().filter(divide).count(), 1, "by several means as every refund: {divided:?}");

    let mut waits = after(&[promise(&[2], 101)]);
    let withdrawn = follow(&mut waits, Order::GiveUp { reason: "settled_otherwise".into() }, NOW);
    assert_eq!(withdrawn, [Consequence::Account(PURCHASE, account::Command::Withdraw { order_id: ORDER })]);
    let nothing = next(&ServiceOrder::default(), promise(&[2], 0));
    assert_eq!(nothing, Err("order.amount_not_positive"));
    let nowhere = Order::Promise(Agreement { purchase_id: None, ..agreement(&[2], 101) });
    let told = ServiceOrder::default().decide(nowhere, NOW).unwrap();
    assert!(matches!(&told[1], Happened::Settled { code: Some(code) } if code == "no_purchase"), "{told:?}");
}

#[test]
fn r_ful_17_what_was_claimed_anew_is_paid_the_same_and_what_lapses_is_free() {
    let mut order = here(&[inspect(1, 1, 0), fail(0), inspect(1, 1, 0)]);
    let again = follow(&mut order, news(0, News::Repeat), NOW);
    assert_eq!(queued(&again), 51, "the first of two pieces for 101");
    let paid: Vec<_> = order.request.iter().flat_map(|one| &one.payouts).filter_map(|one| one.amount()).collect();
    assert_eq!(paid, [cny(51), cny(50), cny(51)]);
    let ended = [news(1, News::Pay), news(2, News::Pay)].map(|told| follow(&mut order, told, NOW)).concat();
    assert_eq!((crate::wire::order_status(&order), kept(&ended)), ("completed", None));

    let mut order = after(&[promise(&[3, 1], 100), grant(&[90, 10], false), receive(1, 1), inspect(1, 1, 0)]);
    assert_eq!(kept(&follow(&mut order, Order::LapseGoods, NOW + LATE)), Some(vec![30, 0]));
    assert_eq!(crate::wire::order_status(&next(&order, news(0, News::Pay)).unwrap()), "closed_partial");
    let mut order = after(&[promise(&[3], 90), grant(&[90], false)]);
    assert_eq!(kept(&follow(&mut order, Order::LapseGoods, NOW + LATE)), Some(vec![0]));
    assert_eq!(crate::wire::order_status(&order), "cancelled");
}

#[test]
fn r_ful_04_what_he_disputes_stays_held_until_somebody_else_rules() {
    let mut order = here(&[inspect(1, 0, 2)]);
    assert_eq!(kept(&follow(&mut order, hear(1, false), NOW)), None);
    let mut upheld = order.clone();
    assert_eq!(kept(&follow(&mut upheld, rule(1, false), NOW)), Some(vec![0]));
    assert_eq!(crate::wire::order_status(&upheld), "closed_partial");
    assert_eq!(queued(&follow(&mut order, rule(1, true), NOW)), 101, "accepted after all");
}

proptest! {
    /// However pieces come, are accepted, rejected or lapse: what was paid and what is kept are what was agreed for them, and all
    /// accepted are paid all of it.
    #[test]
    fn r_ful_17_the_shares_of_pieces_add_up_to_what_was_agreed(
        (amount, quantity) in (1..5_000_i64, 1..9_u32),
        steps in prop::collection::vec((0..4_u32, 0..3_u32, any::<bool>()), 0..9),
    ) {
        let mut order = after(&[promise(&[quantity], amount), grant(&[amount], false)]);
        let (mut paid, mut held) = (0, amount);
        let mut told = vec![];
        for (accepted, rejected, agreed) in steps {
            told.extend([(receive(1, accepted + rejected), NOW), (inspect(1, accepted, rejected), NOW)]);
            told.extend([(hear(1, agreed), NOW), (rule(1, accepted % 2 == 0), NOW)]);
        }
        told.push((Order::LapseGoods, NOW + LATE));
        for (command, at) in told {
            if order.decide(command.clone(), at).is_err() {
                continue;
            }
            let follows = follow(&mut order, command, at);
            paid += queued(&follows);
            held = kept(&follows).map_or(held, |kept| kept[0]);
            prop_assert!(paid <= held && held <= amount, "{paid} of {held} of {amount}");
        }
        let accepted = order.request.as_ref().unwrap().lines[0].leg.as_ref().unwrap().goods.accepted();
        let open = order.request.as_ref().unwrap().legs().any(|(_, leg)| !leg.is_settled());
        prop_assert!(open || held == paid, "{paid} of {held}");
        prop_assert_eq!(accepted == quantity, paid == amount && accepted == quantity);
        let whole = Money::new(amount, "CNY".parse().unwrap()).split(&[accepted.into(), (quantity - accepted).into()]);
        prop_assert_eq!(paid, whole.unwrap()[0].minor);
    }
}
