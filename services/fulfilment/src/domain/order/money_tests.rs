//! The money of what was asked for: when it is claimed, what news of it means, and when the order is over.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use jiff::SignedDuration;
use kernel::{
    money::Money,
    promise::Promise,
    returns::{Answer, Fee},
};

use super::{
    super::{
        super::{machine, refund_id},
        Command as Order, Event as Happened, ServiceOrder,
        goods::{Disposition, Finding, Inspection},
        request::{
            Command as Asked,
            tests::{NOW, after, ask, cancel, line, next, request},
        },
        returning::Came,
    },
    *,
};

/// So many pieces of one line, asked for and confirmed; a tenth is kept.
fn order(kind: Kind, goods: WhenGoods, quantity: u32) -> Order {
    let mut request = request(&[Answer::Eligible]);
    request.kind = kind;
    request.lines[0].quantity = quantity;
    request.lines[0].receipt.outcome.goods = goods;
    request.lines[0].receipt.outcome.fees = [("restocking".to_owned(), Fee::Percent(10))].into();
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

fn two() -> Order {
    order(Kind::ReturnRefund, WhenGoods::Before, 2)
}

fn receive(quantity: u32) -> Order {
    let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity }];
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came }
}

fn inspect(quantity: u32, accepted: bool) -> Order {
    let disposition = if accepted { Disposition::Restock } else { Disposition::BackToCustomer };
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: vec![Finding { quantity, accepted, grade: "a".into(), disposition }],
        criteria: vec![],
        photos: vec![],
        renewed: (!accepted).then(|| line(0, Answer::Ineligible).receipt),
        word: None,
        ruling: None,
    };
    Order::Request(Asked::Goods(returning::Command::Inspect { line_no: 1, inspection: Box::new(inspection) }))
}

fn accept(quantity: u32) -> Order {
    inspect(quantity, true)
}

fn agree() -> Order {
    Order::Request(Asked::Goods(returning::Command::HearCustomer { line_no: 1, by: "staff:bo".into(), agreed: true }))
}

fn claim(number: u32) -> Uuid {
    kernel::id::derived("claim", &[&Uuid::from_u128(1).to_string(), &number.to_string()])
}

fn grant(number: u32, minor: i64) -> Order {
    let cny = |minor| Money::new(minor, "CNY".parse().unwrap());
    let (goods, none) = (cny(minor), cny(0));
    let (line_id, fees) = ("0".into(), account::Fees::new());
    let line = HeldLine { line_id, quantity: 1, goods, fees, given: none, replaced: None, amount: goods, within: None };
    Order::money(claim(number), News::Grant { lines: vec![line], tendered: false })
}

fn refuse() -> Order {
    Order::money(claim(0), News::Refuse { reason: Refusal::ExceedsPaid })
}

fn pay(number: u32) -> Order {
    Order::money(claim(number), News::Pay)
}

fn paid(number: u32) -> Order {
    pay(number)
}

fn fail() -> Order {
    Order::money(claim(0), News::Fail { code: "closed_account".into() })
}

fn repeat() -> Order {
    Order::money(claim(0), News::Repeat)
}

#[test]
fn r_ful_05_every_news_of_the_money_in_every_state() {
    let then = |more: &[Order]| after(&[vec![two(), receive(2), accept(2)], more.to_vec()].concat());
    let states = [
        ("absent", after(&[])),
        ("authorised", after(&[two()])),
        ("claimed", then(&[])),
        ("granted", then(&[grant(0, 5)])),
        ("refused", then(&[refuse()])),
        ("failed", then(&[grant(0, 5), fail()])),
        ("claimed anew", then(&[refuse(), repeat()])),
        ("completed", then(&[grant(0, 5), pay(0)])),
        ("closed_partial", after(&[two(), receive(2), inspect(2, false), agree()])),
        ("paid, one rejected", after(&[two(), receive(2), accept(1), grant(0, 5), pay(0), inspect(1, false)])),
        ("cancelled", after(&[two(), cancel()])),
    ];
    let commands = [
        ("grant", grant(0, 5)),
        ("grant nothing", grant(0, 0)),
        ("refuse", refuse()),
        ("pay", pay(0)),
        ("fail", fail()),
        ("repeat", repeat()),
        ("pay what was not claimed", pay(7)),
        ("receive goods", receive(1)),
        ("accept goods", accept(1)),
        ("agree to a rejection", agree()),
        ("lapse", Order::LapseGoods),
        ("look", Order::Look),
        ("confirm", Order::Request(Asked::Confirm)),
        ("cancel", cancel()),
    ];
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const CLAIM: &str = "order.no_such_claim";
    const AGAIN: &str = "order.goods_already_received";
    const MANY: &str = "order.not_to_inspect";
    const ON: &str = "in_progress";
    const ALL: &str = "completed";
    const PARTIAL: &str = "closed_partial";
    const WORD: &str = "order.nothing_to_answer";
    #[rustfmt::skip]
    let table: machine::Table<'_, 14> = &[
        //                     grant  nothing refuse pay    fail   repeat other  goods  accept agree    lapse look confirm cancel
        ("absent",             [NONE,  NONE,  NONE,  NONE,  NONE,  NONE,  NONE,  NONE,  NONE,  NONE,    "-",  "-", NONE, NONE]),
        ("authorised",         [CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, ON,    MANY,  WORD,    "-",  "-", "-",  "cancelled"]),
        ("claimed",            [ON,    ALL,   ON,    NOT,   NOT,   NOT,   CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("granted",            ["-",   "-",   "-",   ALL,   ON,    NOT,   CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("refused",            ["-",   "-",   "-",   "-",   "-",   ON,    CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("failed",             ["-",   "-",   "-",   "-",   "-",   ON,    CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("claimed anew",       ["-",   "-",   "-",   "-",   "-",   "-",   CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("completed",          ["-",   "-",   "-",   "-",   "-",   NOT,   CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("closed_partial",     [CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, AGAIN, MANY,  WORD,    "-",  "-", "-",  NOT]),
        ("paid, one rejected", ["-",   "-",   "-",   "-",   "-",   NOT,   CLAIM, AGAIN, MANY,  PARTIAL, "-",  "-", "-",  NOT]),
        ("cancelled",          [CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, CLAIM, NOT,   NOT,   NOT,     "-",  "-", "-",  "-"]),
    ];
    machine::check("money", &states, &commands, table, next);
}

fn portion(news: portion::News) -> Order {
    Order::Portion { claim_id: claim(0), news }
}

#[test]
fn r_ful_05_every_news_of_a_refund_that_is_paid_back_by_several_means() {
    use super::super::super::account::{Share, TenderKind};
    let cny = |minor| Money::new(minor, "CNY".parse().unwrap());
    let share = |no, kind, by_hand| Share { no, kind, amount: cny(5), points: None, by_hand };
    let divide = || {
        let shares = vec![share(1, TenderKind::Card, false), share(2, TenderKind::Cash, true)];
        portion(portion::News::Divide { shares })
    };
    let pay = |no, attempt| portion(portion::News::Pay { no, attempt });
    let fail_one = || portion(portion::News::Fail { no: 1, attempt: 1, code: "closed_card".into() });
    let tendered = || match grant(0, 10) {
        Order::Request(Asked::Money { claim_id, news: News::Grant { lines, .. } }) => {
            Order::money(claim_id, News::Grant { lines, tendered: true })
        }
        other => unreachable!("{other:?}"),
    };
    let then = |more: &[Order]| after(&[vec![two(), receive(2), accept(2)], more.to_vec()].concat());
    let states = [
        ("claimed", then(&[])),
        ("granted", then(&[tendered()])),
        ("divided", then(&[tendered(), divide()])),
        ("one paid", then(&[tendered(), divide(), pay(2, 1)])),
        ("partly_failed", then(&[tendered(), divide(), fail_one()])),
        ("partly_failed, one paid", then(&[tendered(), divide(), fail_one(), pay(2, 1)])),
        ("repeated", then(&[tendered(), divide(), fail_one(), pay(2, 1), repeat()])),
        ("paid", then(&[tendered(), divide(), pay(1, 1), pay(2, 1)])),
    ];
    let by_hand = portion(portion::News::Repeat { by_hand: true });
    let commands = [divide(), pay(1, 1), pay(2, 1), fail_one(), pay(1, 2), repeat(), by_hand, paid(0), fail()];
    const NOT: &str = "order.not_now";
    const CLAIM: &str = "order.no_such_claim";
    #[rustfmt::skip]
    let table = [
        //                          divide     one      two       one fails  one again repeat     by hand    pay  fail
        ("claimed",                 [NOT,       NOT,     NOT,      NOT,             NOT,    NOT,       NOT,       NOT, NOT]),
        ("granted",                 ["granted", CLAIM,   CLAIM,    CLAIM,           CLAIM,  NOT,       NOT,       NOT, NOT]),
        ("divided",                 ["-",       "granted", "granted", "partly_failed", "-", NOT,       NOT,       NOT, NOT]),
        ("one paid",                ["-",       "paid",  "-",      "partly_failed", "-",    NOT,       NOT,       NOT, NOT]),
        ("partly_failed",           ["-",       "-",     "partly_failed", "-",      "-",    "granted", "granted", NOT, NOT]),
        ("partly_failed, one paid", ["-",       "-",     "-",      "-",             "-",    "granted", "granted", NOT, NOT]),
        ("repeated",                ["-",       "-",     "-",      "-",             "paid", NOT,       NOT,       NOT, NOT]),
        ("paid",                    ["-",       "-",     "-",      "-",             "-",    NOT,       NOT,       NOT, NOT]),
    ];
    let stands = |order: &ServiceOrder| order.request.as_ref().unwrap().payouts[0].state.word();
    for ((name, order), (row, cells)) in states.iter().zip(table) {
        assert_eq!(*name, row);
        for (command, cell) in commands.iter().zip(cells) {
            let outcome = match next(order, command.clone()) {
                Err(code) => code,
                Ok(same) if same == *order => "-",
                Ok(next) => stands(&next),
            };
            assert_eq!(outcome, cell, "{name} + {command:?}");
        }
    }
    let (_, paid) = states.last().unwrap();
    assert_eq!(paid.state, State::Completed { refund_id: None }, "the order is over with the last of them");
}

/// Takes the commands one after the other; says the pieces of line 1 that were claimed on the way.
fn claimed(commands: &[Order]) -> Vec<u32> {
    let (mut order, mut claimed) = (ServiceOrder::default(), vec![]);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            if let Happened::Request(Told::Money(Event::Claimed { pieces, .. })) = &event {
                claimed.push(pieces[&1]);
                let consequences = order.consequences(&event);
                let [Consequence::Account(_, account::Command::ClaimPieces(claim))] = &consequences[..] else {
                    unreachable!("a claim is made on its purchase")
                };
                assert_eq!(
                    (claim.lines[0].quantity, claim.lines[0].fees["restocking"]),
                    (pieces[&1], Fee::Percent(10))
                );
            }
        }
    }
    claimed
}

#[test]
fn r_ful_05_money_goes_before_after_or_without_the_goods_as_the_policy_has_it() {
    let of = |kind, goods| order(kind, goods, 3);
    assert_eq!(claimed(&[of(Kind::ReturnRefund, WhenGoods::Before)]), [0; 0], "not before the goods were accepted");
    let parts = [of(Kind::ReturnRefund, WhenGoods::Before), receive(3), accept(1), accept(2)];
    assert_eq!(claimed(&parts), [1, 2], "exactly the pieces that were accepted, as they are");
    let first = [of(Kind::ReturnRefund, WhenGoods::After), receive(3), accept(3)];
    assert_eq!(claimed(&first), [3], "at once, and once");
    assert_eq!(claimed(&[of(Kind::RefundOnly, WhenGoods::No)]), [3]);
    assert_eq!(claimed(&[of(Kind::Exchange, WhenGoods::Before), receive(3), accept(3)]), [0; 0], "no money is wanted");
    assert_eq!(claimed(&[ask(&[Answer::Eligible], false)]), [0; 0], "nothing before the customer has confirmed");
}

#[test]
fn lines_of_several_purchases_are_claimed_on_each() {
    let mut both = request(&[Answer::Eligible, Answer::Eligible]);
    both.lines.iter_mut().for_each(|line| line.receipt.outcome.goods = WhenGoods::No);
    let bought = both.lines[1].bought.as_mut().unwrap();
    bought.purchase_id = Uuid::from_u128(6);
    let order = after(&[Order::Request(Asked::Ask { request: Box::new(both), confirmed: true })]);
    let payouts = &order.request.as_ref().unwrap().payouts;
    let of: Vec<_> = payouts.iter().map(|payout| (payout.claim_id, payout.purchase_id.as_u128())).collect();
    assert_eq!(of, [(claim(0), 5), (claim(1), 6)]);
    let one = next(&next(&order, grant(0, 5)).unwrap(), pay(0)).unwrap();
    assert_eq!(one.state, State::InProgress);
    assert_eq!(next(&next(&one, grant(1, 5)).unwrap(), pay(1)).unwrap().state, State::Completed { refund_id: None });
}

#[test]
fn an_order_is_completed_with_its_last_payout_and_in_part_when_pieces_did_not_come() {
    let parts = [two(), receive(2), accept(1), accept(1), grant(0, 5), pay(0)];
    assert_eq!(after(&parts).state, State::InProgress);
    let all = after(&[parts.to_vec(), vec![grant(1, 5), pay(1)]].concat());
    assert_eq!(all.state, State::Completed { refund_id: None });
    let mut half = after(&[two(), receive(1), accept(1), grant(0, 5), pay(0)]);
    assert_eq!(half.state, State::InProgress, "a piece is still awaited");
    let events = half.decide(Order::LapseGoods, NOW + SignedDuration::from_hours(24)).unwrap();
    events.iter().for_each(|event| half.apply(event));
    assert_eq!(half.state, State::ClosedPartial);
    assert!(matches!(events.last(), Some(Happened::Request(Told::Finished))), "{events:?}");
}

/// Pieces that are free for other orders with the events.
fn given_back(order: &ServiceOrder, events: &[Happened]) -> usize {
    let told = events.iter().flat_map(|event| order.consequences(event));
    told.filter(|one| matches!(one, Consequence::Account(_, account::Command::GiveBack { .. }))).count()
}

#[test]
fn pieces_whose_money_went_first_are_not_free_when_they_do_not_come_or_are_rejected() {
    let first = || vec![order(Kind::ReturnRefund, WhenGoods::After, 2), grant(0, 5), pay(0)];
    let mut never = after(&first());
    assert_eq!(never.state, State::InProgress, "the goods are still awaited");
    let lapsed = never.decide(Order::LapseGoods, NOW + SignedDuration::from_hours(24)).unwrap();
    lapsed.iter().for_each(|event| never.apply(event));
    assert_eq!((&never.state, given_back(&never, &lapsed)), (&State::ClosedPartial, 0), "paid, and not cancelled");
    let mut rejected = after(&[first(), vec![receive(2), inspect(2, false)]].concat());
    let agreed = rejected.decide(agree(), NOW).unwrap();
    agreed.iter().for_each(|event| rejected.apply(event));
    assert_eq!((&rejected.state, given_back(&rejected, &agreed)), (&State::ClosedPartial, 0));
}

#[test]
fn the_refund_is_queued_under_its_claim_and_the_money_stays_held_when_it_fails() {
    let order = after(&[two(), receive(2), accept(2)]);
    let events = order.decide(grant(0, 5), NOW).unwrap();
    let order = next(&order, grant(0, 5)).unwrap();
    let [Consequence::Refund(id, refund::Command::Queue(facts))] = &order.consequences(&events[0])[..] else {
        unreachable!("what is granted is paid")
    };
    assert_eq!((*id, facts.claim_id, facts.amount.minor), (refund_id(claim(0)), Some(claim(0)), 5));
    let events = order.decide(fail(), NOW).unwrap();
    let failed = next(&order, fail()).unwrap();
    assert_eq!(failed.consequences(&events[0]), [], "nobody else is given it");
    let anew = next(&failed, repeat()).unwrap();
    let payouts = &anew.request.as_ref().unwrap().payouts;
    let of: Vec<_> = payouts.iter().map(|payout| (payout.claim_id, payout.state.word(), payout.pieces[&1])).collect();
    assert_eq!(of, [(claim(0), "repeated", 2), (claim(1), "granted", 2)], "under another key, for the old one is dead");
}

/// What follows for the refunds and the purchase, in words.
fn follows(commands: &[Order]) -> Vec<String> {
    let (mut order, mut found) = (ServiceOrder::default(), vec![]);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            found.extend(order.consequences(&event).into_iter().filter_map(|one| match one {
                Consequence::Refund(_, refund::Command::Queue(facts)) => {
                    Some(format!("{} {}", if facts.by_hand { "by hand" } else { "pay" }, facts.amount.minor))
                }
                Consequence::Refund(_, refund::Command::Doubt { .. }) => Some("doubt".into()),
                Consequence::Account(_, account::Command::ClaimPieces(_)) => Some("claim".into()),
                Consequence::Account(_, account::Command::Release { .. }) => Some("free".into()),
                _ => None,
            }));
        }
    }
    found
}

#[test]
fn r_ful_05_what_the_provider_refused_is_paid_again_by_it_only_while_it_stands_by_its_no() {
    let fail = |number| Order::money(claim(number), News::Fail { code: "closed_account".into() });
    let again = |number| Order::money(claim(number), News::Repeat);
    let doubt = |number| Order::money(claim(number), News::Doubt { differs: false });
    let by_hand = || portion(portion::News::Repeat { by_hand: true });
    let ways = [
        (vec![again(0)], vec!["pay 5"]),
        (vec![by_hand()], vec!["by hand 5"]),
        (vec![doubt(0), again(0)], vec!["by hand 5", "doubt"]),
        (vec![doubt(0), by_hand()], vec!["by hand 5", "doubt"]),
        (vec![by_hand(), doubt(0)], vec!["by hand 5", "doubt"]),
        (vec![again(0), doubt(0), fail(1), again(1)], vec!["pay 5", "by hand 5", "doubt"]),
        (vec![again(0), fail(1), doubt(0), again(1)], vec!["pay 5", "by hand 5", "doubt"]),
        (vec![again(0), fail(1), again(1), fail(2), doubt(1), again(2)], vec!["pay 5", "pay 5", "by hand 5", "doubt"]),
    ];
    for (way, expected) in ways {
        let start = vec![two(), receive(2), accept(2), grant(0, 5), fail(0)];
        let found = follows(&[start, way.clone()].concat());
        assert_eq!(found, [vec!["claim", "pay 5"], expected].concat(), "{way:?}");
    }
    let paid = after(&[two(), receive(2), accept(2), grant(0, 5), fail(0), by_hand(), pay(1)]);
    assert_eq!(paid.state, State::Completed { refund_id: None });
}

#[test]
fn an_order_whose_money_was_freed_when_it_failed_claims_it_anew() {
    let failed = after(&[two(), receive(2), accept(2), grant(0, 5), fail()]);
    let mut stored = serde_json::to_value(failed).unwrap();
    let payout = stored.pointer_mut("/request/payouts/0").unwrap().as_object_mut().unwrap();
    assert_eq!(payout.remove("kept"), Some(true.into()), "as it was stored then");
    let before: ServiceOrder = serde_json::from_value(stored).unwrap();
    for command in [repeat(), portion(portion::News::Repeat { by_hand: true })] {
        let anew = next(&before, command).unwrap();
        assert_eq!(anew.request.unwrap().payouts[1].state, PayoutState::Claimed);
    }
}

#[test]
fn r_ful_05_money_is_promised_with_the_first_claim_and_the_promise_kept_with_the_last() {
    let standing = |order: &ServiceOrder| {
        let of = |(kind, promise): (Owed, &Promise)| (kind == Owed::RefundTerm).then(|| promise.standing.state.name());
        order.request.as_ref().unwrap().promises.iter().filter_map(of).collect::<Vec<_>>()
    };
    let parts = [two(), receive(2), accept(1), accept(1), grant(0, 5)];
    assert_eq!(standing(&after(&parts[..2])), [""; 0]);
    let claimed = after(&parts);
    assert_eq!(standing(&claimed), ["running"]);
    let one = next(&claimed, pay(0)).unwrap();
    assert_eq!(standing(&one), ["running"], "another one is open");
    assert_eq!(standing(&next(&next(&one, grant(1, 5)).unwrap(), pay(1)).unwrap()), ["met"]);
    let failed = next(&next(&claimed, fail()).unwrap(), repeat()).unwrap();
    assert_eq!(standing(&failed), ["running"], "what is claimed anew has no other term");

    let mut late = claimed.clone();
    for told in [vec!["80%"], vec!["80%"]] {
        let due = late.request.as_ref().unwrap().promises.next_due().unwrap();
        late.decide(Order::Look, due).unwrap().iter().for_each(|event| late.apply(event));
        let (_, promise) =
            late.request.as_ref().unwrap().promises.iter().find(|one| one.0 == Owed::RefundTerm).unwrap();
        assert_eq!(promise.warned.iter().map(ToString::to_string).collect::<Vec<_>>(), told);
    }
    assert_eq!(standing(&late), ["breached"]);
    let done = [pay(0), grant(1, 5), pay(1)].into_iter().fold(late, |order, news| {
        let mut order = order;
        let at = NOW + SignedDuration::from_hours(9);
        order.decide(news, at).unwrap().iter().for_each(|event| order.apply(event));
        order
    });
    assert_eq!(standing(&done), ["met_late"]);
}

#[test]
fn an_order_from_before_money_followed_goods_is_paid_without_a_promise() {
    let mut stored = serde_json::to_value(after(&[two(), receive(2)])).unwrap();
    let terms = stored.pointer_mut("/request/terms").unwrap().as_object_mut().unwrap();
    assert!(terms.remove("refund_within").is_some() && terms.remove("refund_warnings").is_some());
    assert_eq!(stored.pointer("/request/payouts"), None, "as it was stored then");
    let order: ServiceOrder = serde_json::from_value(stored).unwrap();
    let paid = [accept(2), grant(0, 5), pay(0)].into_iter().fold(order, |order, news| next(&order, news).unwrap());
    assert_eq!(paid.state, State::Completed { refund_id: None });
    let request = paid.request.unwrap();
    assert!(request.promises.iter().all(|(kind, _)| kind == Owed::InspectionTerm), "nobody was promised a term");
}
