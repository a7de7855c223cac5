//! Articles of no purchase: every command to their money in every state, who approves it, that it is claimed once, and how such an
//! order ends where nobody pays or replaces them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use kernel::returns::{Answer, Fee, Kind};

use super::{
    super::{
        super::{Consequence, ledger, machine, refund, refund_id},
        Command as Order, ServiceOrder, State,
        goods::{Disposition, Finding, Inspection},
        money::News,
        replacement,
        request::{
            Command as Asked, Origin,
            tests::{NOW, after, line, next, request},
        },
        returning::{self, Came},
    },
    *,
};

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

/// So many pieces of no purchase, whose asker states what was paid for them; a tenth is kept.
fn asked(kind: Kind, goods: WhenGoods, quantity: u32, stated: Option<i64>) -> Request {
    let mut request = request(&[Answer::Review]);
    request.kind = kind;
    let line = &mut request.lines[0];
    (line.bought, line.quantity, line.receipt.facts.amount) = (None, quantity, stated.map(cny));
    line.receipt.outcome.goods = goods;
    line.receipt.outcome.fees = [("restocking".to_owned(), Fee::Percent(10))].into();
    request
}

fn ask(request: Request) -> Order {
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

fn two() -> Order {
    ask(asked(Kind::ReturnRefund, WhenGoods::Before, 2, Some(301)))
}

fn review(by: &str, approved: bool, amount: Option<i64>) -> Order {
    let amounts = amount.map(|minor| (1, cny(minor))).into_iter().collect();
    Order::Request(Asked::Review { by: by.into(), approved, reason: "seen".into(), amounts })
}

fn approve(amount: Option<i64>) -> Order {
    review("staff:bo", true, amount)
}

fn receive(by: &str, quantity: u32) -> Order {
    let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity }];
    Order::ReceiveGoods { by: by.into(), place: "s-1".into(), came }
}

fn inspect(by: &str, quantity: u32, accepted: bool) -> Order {
    let disposition = if accepted { Disposition::Restock } else { Disposition::BackToCustomer };
    let findings = vec![Finding { quantity, accepted, grade: "a".into(), disposition }];
    let renewed = (!accepted).then(|| line(0, Answer::Ineligible).receipt);
    let (by, criteria, photos) = (by.into(), vec![], vec![]);
    let inspection = Inspection { by, at: NOW, findings, criteria, photos, renewed, word: None, ruling: None };
    Order::Request(Asked::Goods(returning::Command::Inspect { line_no: 1, inspection: Box::new(inspection) }))
}

fn cancel(goods_returned: Option<&str>) -> Order {
    let goods_returned = goods_returned.map(str::to_owned);
    Order::Request(Asked::Cancel { by: "staff:bo".into(), reason: "not_paid".into(), goods_returned })
}

fn claim() -> Uuid {
    kernel::id::derived("claim", &[&Uuid::from_u128(1).to_string(), "0"])
}

fn pay() -> Order {
    Order::money(claim(), News::Pay)
}

/// As orders went on before people were asked: a rule granted what its asker said.
fn from_before(mut order: ServiceOrder) -> ServiceOrder {
    order.request.as_mut().unwrap().lines[0].bought = None;
    order
}

/// Two pieces a rule granted, of which so many came and were accepted.
fn stuck(came: u32) -> ServiceOrder {
    let mut request = asked(Kind::ReturnRefund, WhenGoods::Before, 2, Some(301));
    request.lines[0].bought = line(0, Answer::Eligible).bought;
    request.lines[0].receipt.outcome.answer = Answer::Eligible;
    let order = from_before(after(&[ask(request)]));
    let came = [receive("staff:ana", came), inspect("staff:eve", came, true)];
    came.into_iter().fold(order, |order, one| next(&order, one).unwrap())
}

#[test]
fn r_ful_05_every_command_to_the_money_of_no_purchase_in_every_state() {
    let here = [two(), approve(None), receive("staff:ana", 2)];
    let accepted = [here.to_vec(), vec![inspect("staff:eve", 2, true)]].concat();
    let states = [
        ("in_review", after(&[two()])),
        ("nothing stated", after(&[ask(asked(Kind::RefundOnly, WhenGoods::No, 1, None))])),
        ("authorised", after(&[two(), approve(None)])),
        ("here", after(&here)),
        ("accepted", after(&accepted)),
        ("paid", after(&[accepted, vec![pay()]].concat())),
        ("from before", stuck(2)),
    ];
    let commands = [
        ("approve", approve(None)),
        ("approve less", approve(Some(200))),
        ("approve more", approve(Some(302))),
        ("approve nothing", approve(Some(0))),
        ("approve oneself", review("staff:ANA ", true, None)),
        ("approve as inspector", review("staff:eve", true, None)),
        ("refuse", review("staff:bo", false, None)),
        ("refuse with an amount", review("staff:bo", false, Some(9))),
        ("receive", receive("staff:ana", 1)),
        ("receive as approver", receive("staff:Bo", 1)),
        ("inspect as approver", inspect("staff:bo", 1, true)),
        ("pay", pay()),
        ("cancel", cancel(None)),
        ("cancel, given back", cancel(Some("sf-1"))),
    ];
    const NOT: &str = "order.not_now";
    const OWN: &str = "order.own_request";
    const BAD: &str = "order.amount_not_possible";
    const NO: &str = "ineligible";
    const YES: &str = "authorised";
    const ON: &str = "in_progress";
    const OFF: &str = "cancelled";
    const MINE: &str = "order.own_approval";
    const PAID: &str = "order.carried_out";
    const GONE: &str = "order.goods_already_received";
    const NIL: &str = "order.no_such_claim";
    const LATE: &str = "order.not_to_inspect";
    #[rustfmt::skip]
    let table: machine::Table<'_, 14> = &[
        //                  approve                 less more nothing oneself inspector        refuse with  receive receiver inspect pay          cancel given back
        ("in_review",      [YES,                    YES, BAD, BAD,    OWN,    YES,             NO,    BAD,  NOT,    NOT,     NOT,    NIL,         OFF,  OFF]),
        ("nothing stated", ["order.amount_missing", ON,  ON,  BAD,    OWN,    "order.amount_missing", NO, BAD, NOT, NOT,    NOT,    NIL,         OFF,  OFF]),
        ("authorised",     [NOT,                    NOT, NOT, NOT,    NOT,    NOT,             NOT,   NOT,  ON,     MINE,    MINE,   NIL,         OFF,  OFF]),
        ("here",           [NOT,                    NOT, NOT, NOT,    NOT,    NOT,             NOT,   NOT,  GONE,   GONE,    MINE,   NIL,         NOT,  NOT]),
        ("accepted",       [NOT,                    NOT, NOT, NOT,    NOT,    NOT,             NOT,   NOT,  GONE,   GONE,    MINE,   "completed", PAID, PAID]),
        ("paid",           [NOT,                    NOT, NOT, NOT,    NOT,    NOT,             NOT,   NOT,  GONE,   GONE,    MINE,   "-",         NOT,  NOT]),
        ("from before",    [ON,                     ON,  BAD, BAD,    OWN,    MINE,            NOT,   NOT,  GONE,   GONE,    LATE,   NIL,         "order.goods_are_here", OFF]),
    ];
    machine::check("unbought", &states, &commands, table, next);
}

/// What the commands mean for refunds and the ledger of the order.
fn consequences(order: &ServiceOrder, commands: &[Order]) -> (Vec<refund::Facts>, i64) {
    let (mut order, mut refunds, mut cash) = (order.clone(), vec![], 0);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            for one in order.consequences(&event) {
                match one {
                    Consequence::Refund(_, refund::Command::Queue(facts)) => refunds.push(facts),
                    other => assert!(!matches!(other, Consequence::Account(..)), "no purchase is asked: {other:?}"),
                }
            }
            if let Some(Consequence::Ledger(_, ledger::Act::Post(draft))) = ledger::consequence(&event, &order) {
                let of_cash = draft.postings.iter().filter(|one| one.account == ledger::Account::Cash);
                cash += of_cash.map(|one| one.amount.minor).sum::<i64>();
            }
        }
    }
    (refunds, cash)
}

#[test]
fn r_ful_05_money_of_no_purchase_is_paid_by_people_once_as_it_was_approved_for_the_pieces_that_were_accepted() {
    let come = |accepted: u32| {
        let part = [receive("staff:ana", accepted), inspect("staff:eve", accepted, true)];
        let go_on = Order::Request(Asked::Goods(returning::Command::GoOn));
        [part.to_vec(), (accepted < 2).then_some(go_on).into_iter().collect(), vec![pay(), pay()]].concat()
    };
    // 301 for both, a tenth of it kept; of the half of it that lies with the first piece.
    for (amount, accepted, paid) in [(None, 2, 271), (Some(200), 2, 180), (None, 1, 136)] {
        let order = after(&[two(), approve(amount)]);
        let (refunds, cash) = consequences(&order, &come(accepted));
        let [refund] = refunds.as_slice() else { panic!("{refunds:?}") };
        assert_eq!((refund.amount, refund.by_hand, refund.purchase_id), (cny(paid), true, Uuid::nil()));
        assert_eq!((refund.refund_id, refund.claim_id, cash), (refund_id(claim()), Some(claim()), -paid));
        let end = come(accepted).into_iter().fold(order, |order, one| next(&order, one).unwrap());
        let whole = if accepted == 2 { State::Completed { refund_id: None } } else { State::ClosedPartial };
        assert_eq!(end.state, whole);
        assert!(
            end.request
                .unwrap()
                .promises
                .iter()
                .any(|(kind, term)| { kind == returning::Owed::RefundTerm && term.standing.end.is_some() })
        );
    }
    let photo = [ask(asked(Kind::RefundOnly, WhenGoods::No, 1, None)), approve(Some(100))];
    assert_eq!(after(&photo).request.unwrap().payouts[0].amount(), Some(cny(90)), "no goods are waited for");
    let rejected = [
        two(),
        approve(None),
        receive("staff:ana", 2),
        inspect("staff:eve", 2, false),
        Order::Request(Asked::Goods(returning::Command::HearCustomer {
            line_no: 1,
            by: "staff:bo".into(),
            agreed: true,
        })),
    ];
    assert_eq!(after(&rejected).state, State::ClosedPartial, "nothing was accepted, nothing is paid");
}

#[test]
fn r_ful_02_a_rule_alone_grants_no_money_for_what_is_of_no_purchase() {
    let mut request = asked(Kind::RefundOnly, WhenGoods::No, 1, Some(50));
    request.lines[0].receipt.outcome.answer = Answer::Eligible;
    let asked = after(&[ask(request.clone())]);
    assert_eq!(asked.state, State::InReview);
    assert_eq!(next(&asked, review("staff:bo", false, None)).unwrap().state, State::Ineligible);
    assert_eq!(next(&asked, approve(None)).unwrap().request.unwrap().payouts.len(), 1);
    request.kind = Kind::Repair;
    assert_eq!(after(&[ask(request)]).state, State::Authorised, "a repair pays nothing");
}

#[test]
fn who_names_amounts_names_lines_of_no_purchase_that_are_granted_and_all_that_need_one() {
    let mut both = asked(Kind::ReturnRefund, WhenGoods::Before, 1, None);
    both.lines.push(line(1, Answer::Review));
    both.lines.push(Line { bought: None, ..line(2, Answer::Ineligible) });
    let order = after(&[ask(both)]);
    let naming = |amounts: &[(u32, i64)]| {
        let amounts = amounts.iter().map(|(line_no, minor)| (*line_no, cny(*minor))).collect();
        Order::Request(Asked::Review { by: "staff:bo".into(), approved: true, reason: "seen".into(), amounts })
    };
    for (amounts, expected) in [
        (&[][..], "order.amount_missing"),
        (&[(1, 5), (2, 5)], "order.amount_not_possible"),
        (&[(1, 5), (3, 5)], "order.amount_not_possible"),
        (&[(1, 5), (9, 5)], "order.amount_not_possible"),
        (&[(1, i64::MAX)], "order.amount_not_possible"),
    ] {
        assert_eq!(next(&order, naming(amounts)).map(|_| ()), Err(expected), "{amounts:?}");
    }
    assert_eq!(next(&order, naming(&[(1, 5)])).unwrap().state, State::InProgress);
}

#[test]
fn what_waited_from_before_ends_by_an_approval_or_is_given_back() {
    let order = stuck(2);
    let paid = [approve(Some(300)), pay()].into_iter().fold(order.clone(), |order, one| next(&order, one).unwrap());
    assert_eq!(paid.state, State::Completed { refund_id: None });
    let back = next(&order, cancel(Some("sf-1"))).unwrap();
    let goods = back.request.unwrap().lines[0].leg.as_ref().unwrap().goods;
    assert_eq!((back.state, goods.handed_back()), (State::Cancelled, 2));
    // One that people had looked at before they were asked for an amount: what was stated is not paid by itself.
    let mut looked = after(&[two(), approve(None), receive("staff:ana", 2)]);
    looked.request.as_mut().unwrap().review.as_mut().unwrap().amounts.clear();
    let looked = next(&looked, inspect("staff:eve", 2, true)).unwrap();
    assert_eq!((looked.state.clone(), looked.request.as_ref().unwrap().payouts.len()), (State::InProgress, 0));
    assert_eq!(next(&looked, approve(None)).unwrap().request.unwrap().payouts.len(), 1);
}

#[test]
fn what_a_rule_granted_before_and_nobody_confirmed_is_left_to_a_person_now() {
    let mut request = asked(Kind::ReturnRefund, WhenGoods::Before, 2, Some(301));
    request.lines[0].bought = line(0, Answer::Eligible).bought;
    request.lines[0].receipt.outcome.answer = Answer::Eligible;
    let ask = Order::Request(Asked::Ask { request: Box::new(request), confirmed: false });
    let stored = from_before(after(&[ask]));
    assert_eq!(stored.state, State::Eligible);
    let confirmed = next(&stored, Order::Request(Asked::Confirm)).unwrap();
    assert_eq!((confirmed.state.clone(), confirmed.request.as_ref().unwrap().authorised_at), (State::InReview, None));
    let approved = next(&confirmed, approve(None)).unwrap();
    let request = approved.request.as_ref().unwrap();
    assert!(approved.state == State::Authorised && request.rma_number.is_some(), "{approved:?}");
    assert_eq!(next(&stored, approve(None)).unwrap().state, State::Eligible, "his word is yet to come");
}

#[test]
fn who_approved_the_money_does_not_say_what_rejected_pieces_are_worth_and_a_refusal_is_not_turned() {
    let here = [two(), approve(None), receive("staff:ana", 2), inspect("staff:eve", 2, false)];
    let goods = |command| Order::Request(Asked::Goods(command));
    let disputed = next(
        &after(&here),
        goods(returning::Command::HearCustomer { line_no: 1, by: "staff:ana".into(), agreed: false }),
    )
    .unwrap();
    let rule = |by: &str| {
        let (by, reason) = (by.to_owned(), "seen".to_owned());
        goods(returning::Command::Rule { line_no: 1, by, approved: true, reason })
    };
    assert_eq!(next(&disputed, rule("staff:Bo")).unwrap_err(), "order.own_approval");
    assert!(next(&disputed, rule("staff:kim")).is_ok());

    let mut refused = stuck(2);
    let review = Review::said("staff:li".into(), NOW, false, "seen".into());
    refused.request.as_mut().unwrap().review = Some(review);
    assert_eq!(next(&refused, approve(None)).unwrap_err(), "order.not_now", "what was refused with it stays so");
}

#[test]
fn an_exchange_of_no_purchase_that_cannot_be_had_takes_no_money_and_ends_with_the_goods_given_back() {
    let tell = |command| {
        let id = kernel::id::derived("replacement", &[&Uuid::from_u128(1).to_string(), "0"]);
        Order::Request(Asked::Replacement { id, by: "staff:zoe".into(), command })
    };
    let exchange = asked(Kind::Exchange, WhenGoods::Before, 1, Some(301));
    let here = [ask(exchange), approve(None), receive("staff:ana", 1), inspect("staff:eve", 1, true)];
    assert_eq!(next(&after(&here[..1]), approve(Some(5))).map(|_| ()), Err("order.amount_not_possible"));
    let none = after(&[here.to_vec(), vec![tell(replacement::Command::ReportOutOfStock)]].concat());
    assert_eq!(next(&none, tell(replacement::Command::TakeMoney)).map(|_| ()), Err("order.nothing_paid"));
    assert_eq!(next(&none, cancel(None)).map(|_| ()), Err("order.goods_are_here"));
    assert_eq!(next(&none, cancel(Some("sf-1"))).unwrap().state, State::Cancelled);
    let wanted = after(&here);
    assert_eq!(next(&wanted, cancel(Some("sf-1"))).map(|_| ()), Err("order.not_now"), "it can be had");

    // Money was taken of one before, which nobody could pay.
    let mut taken = none;
    taken.request.as_mut().unwrap().replacements[0].state = replacement::ReplacementState::MoneyInstead;
    assert_eq!(next(&taken, cancel(Some("sf-1"))).unwrap().state, State::Cancelled);
}

#[test]
fn r_ful_16_what_a_complaint_agreed_on_is_not_asked_for_beside_it() {
    let mut request = request(&[Answer::Eligible]);
    request.origin = Origin { kind: OriginKind::Complaint, reference: Uuid::from_u128(9).to_string() };
    assert_eq!(next(&ServiceOrder::default(), ask(request)).map(|_| ()), Err("order.of_complaint"));
}

#[test]
fn goods_that_came_at_one_place_are_told_at_another_with_a_number_only() {
    let at = |place: &str, parcel: Option<&str>, quantity| {
        let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity }];
        let (by, place) = ("staff:ana".to_owned(), place.to_owned());
        match parcel {
            Some(parcel) => Order::ReceiveParcel { parcel: parcel.into(), by, place, came },
            None => Order::ReceiveGoods { by, place, came },
        }
    };
    let mut three = request(&[Answer::Eligible]);
    three.lines[0].quantity = 3;
    for first in [at("s-1", None, 1), at("s-1", Some("sf-1"), 1)] {
        let order = after(&[ask(three.clone()), first]);
        let elsewhere = next(&order, at("s-2", None, 1)).map(|_| ());
        assert_eq!(elsewhere, Err("goods.received_elsewhere"), "it may be the same piece");
        let counted = |order: ServiceOrder| order.request.unwrap().lines[0].leg.as_ref().unwrap().goods.received();
        assert_eq!(counted(next(&order, at("s-1", None, 1)).unwrap()), 2, "a counter sees what it has");
        let numbered = next(&order, at("s-2", Some("s-2-0017"), 1)).unwrap();
        assert_eq!(counted(numbered.clone()), 2);
        assert_eq!(next(&numbered, at("s-3", Some("s-2-0017"), 1)).unwrap(), numbered, "told again");
        assert_eq!(counted(next(&order, at("s-2", Some("sf-9"), 5)).unwrap()), 3, "no more than was asked back");
    }
    let all = after(&[ask(three), at("s-1", None, 3)]);
    assert_eq!(next(&all, at("s-2", None, 1)).map(|_| ()), Err("order.goods_already_received"));
}
