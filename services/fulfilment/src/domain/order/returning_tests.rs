//! Goods on their way back: every state with every command, who may rule, what is free again, by when it is inspected.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use jiff::SignedDuration;
use kernel::returns::{Answer::Eligible, Answer::Review as Unsure, Receipt};

use super::{
    super::{
        super::{Consequence, account, machine},
        Command as Order, ServiceOrder, State,
        goods::Disposition,
        request::{
            Command as Asked,
            tests::{NOW, after, ask, cancel, line, next, request},
        },
    },
    *,
};

fn goods(command: Command) -> Order {
    Order::Request(Asked::Goods(command))
}

fn receive(came: &[(u32, u32)]) -> Order {
    let one = |(line_no, quantity): &(u32, u32)| {
        let line_no = (*line_no > 0).then_some(*line_no);
        Came { line_no, product_id: "p-7".into(), quantity: *quantity }
    };
    let came = came.iter().map(one).collect();
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-2".into(), came }
}

/// The policy's word when the article turns out not to be resaleable.
fn worse() -> Option<Receipt> {
    Some(line(0, kernel::returns::Answer::Ineligible).receipt)
}

fn inspect(line_no: u32, accepted: u32, rejected: u32, renewed: Option<Receipt>) -> Order {
    let finding = |quantity, accepted, disposition| Finding { quantity, accepted, grade: "a".into(), disposition };
    let findings =
        [finding(accepted, true, Disposition::Restock), finding(rejected, false, Disposition::BackToCustomer)];
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: findings.into_iter().filter(|finding| finding.quantity > 0).collect(),
        criteria: vec![],
        photos: vec![],
        renewed,
        word: None,
        ruling: None,
    };
    goods(Command::Inspect { line_no, inspection: Box::new(inspection) })
}

fn hear_by(by: &str, agreed: bool) -> Order {
    goods(Command::HearCustomer { line_no: 1, by: by.into(), agreed })
}

fn hear(agreed: bool) -> Order {
    hear_by("staff:bo", agreed)
}

fn rule(by: &str, approved: bool) -> Order {
    goods(Command::Rule { line_no: 1, by: by.into(), approved, reason: "seen".into() })
}

/// Two pieces of one line are asked back.
fn two() -> Order {
    let mut request = request(&[Eligible]);
    request.lines[0].quantity = 2;
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

#[test]
fn r_ful_04_every_command_in_every_state() {
    let came = |n| receive(&[(1, n)]);
    let states = [
        ("absent", after(&[])),
        ("in_review", after(&[ask(&[Unsure], true)])),
        ("authorised", after(&[two()])),
        ("one came", after(&[two(), came(1)])),
        ("both came", after(&[two(), came(2)])),
        ("one rejected", after(&[two(), came(2), inspect(1, 1, 1, worse())])),
        ("disputed", after(&[two(), came(2), inspect(1, 1, 1, worse()), hear(false)])),
        ("settled", after(&[two(), came(2), inspect(1, 1, 1, worse()), hear(true)])),
        ("cancelled", after(&[two(), cancel()])),
    ];
    let commands = [
        ("receive all", receive(&[])),
        ("receive one", came(1)),
        ("receive of no line", receive(&[(7, 1)])),
        ("accept one", inspect(1, 1, 0, None)),
        ("reject one", inspect(1, 0, 1, worse())),
        ("reject without decision", inspect(1, 0, 1, None)),
        ("reject what is granted", inspect(1, 0, 1, Some(line(0, Eligible).receipt))),
        ("inspect nothing", inspect(1, 0, 0, None)),
        ("inspect no line", inspect(7, 1, 0, None)),
        ("agree", hear(true)),
        ("disagree", hear(false)),
        ("overrule", rule("staff:bo", true)),
        ("uphold", rule("staff:bo", false)),
        ("rule on oneself", rule("staff:EVE", true)),
        ("lapse too early", Order::LapseGoods),
        ("look too early", Order::Look),
        ("cancel", cancel()),
        ("agree for the customer, the inspector", hear_by("staff:EVE", true)),
        ("go on with what came", goods(Command::GoOn)),
    ];
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const AGAIN: &str = "order.goods_already_received";
    const LINE: &str = "order.no_such_line";
    const NONECAME: &str = "order.nothing_came";
    const MANY: &str = "order.not_to_inspect";
    const NEW: &str = "order.no_new_decision";
    const YES: &str = "order.still_granted";
    const WORD: &str = "order.nothing_to_answer";
    const OWN: &str = "order.own_inspection";
    const ON: &str = "in_progress";
    #[rustfmt::skip]
    let table: machine::Table<'_, 19> = &[
        //               all    one    no line accept reject without granted nothing no line agree disagree over  uphold oneself lapse look cancel
        ("absent",       [NONE, NONE,  NONE,   NONE,  NONE,  NONE,   NONE,   NONE,   NONE,   NONE, NONE,    NONE, NONE,  NONE,   "-",  "-", NONE, NONE, NONE]),
        ("in_review",    [NOT,  NOT,   NOT,    NOT,   NOT,   NOT,    NOT,    NOT,    NOT,    NOT,  NOT,     NOT,  NOT,   NOT,    "-",  "-", "cancelled", NOT, NOT]),
        ("authorised",   [ON,   ON,    LINE,   MANY,  MANY,  MANY,   MANY,   MANY,   LINE,   WORD, WORD,    WORD, WORD,  WORD,   "-",  "-", "cancelled", WORD, NONECAME]),
        ("one came",     [ON,   ON,    LINE,   ON,    ON,    NEW,    YES,    MANY,   LINE,   WORD, WORD,    WORD, WORD,  WORD,   "-",  "-", NOT, WORD, ON]),
        ("both came",    [AGAIN, AGAIN, AGAIN, ON,    ON,    NEW,    YES,    MANY,   LINE,   WORD, WORD,    WORD, WORD,  WORD,   "-",  "-", NOT, WORD, "-"]),
        ("one rejected", [AGAIN, AGAIN, AGAIN, MANY,  MANY,  MANY,   MANY,   MANY,   LINE,   ON,   ON,      WORD, WORD,  WORD,   "-",  "-", NOT, OWN, "-"]),
        ("disputed",     [AGAIN, AGAIN, AGAIN, MANY,  MANY,  MANY,   MANY,   MANY,   LINE,   WORD, WORD,    ON,   ON,    OWN,    "-",  "-", NOT, WORD, "-"]),
        ("settled",      [AGAIN, AGAIN, AGAIN, MANY,  MANY,  MANY,   MANY,   MANY,   LINE,   WORD, WORD,    WORD, WORD,  WORD,   "-",  "-", NOT, WORD, "-"]),
        ("cancelled",    [NOT,  NOT,   NOT,    NOT,   NOT,   NOT,    NOT,    NOT,    NOT,    NOT,  NOT,     NOT,  NOT,   NOT,    "-",  "-", "-", NOT, NOT]),
    ];
    machine::check("goods", &states, &commands, table, next);
}

fn asked(order: &ServiceOrder) -> &Request {
    order.request.as_ref().unwrap()
}

/// Awaiting, uninspected, accepted, rejected, lapsed of each line.
fn places(order: &ServiceOrder) -> Vec<[u32; 5]> {
    let of = |leg: &Leg| {
        let goods = leg.goods;
        [goods.awaiting(), goods.uninspected(), goods.accepted(), goods.rejected(), goods.lapsed()]
    };
    asked(order).legs().map(|(_, leg)| of(leg)).collect()
}

#[test]
fn more_than_was_asked_back_and_other_articles_are_lines_of_their_own() {
    let order = after(&[two(), receive(&[(1, 3), (0, 4)])]);
    assert_eq!(places(&order), [[0, 2, 0, 0, 0], [0, 1, 0, 0, 0], [0, 4, 0, 0, 0]]);
    let surplus: Vec<_> = asked(&order).surplus.iter().map(|one| one.product_id.as_str()).collect();
    assert_eq!(surplus, ["p-1", "p-7"], "the one is what was asked back, the other is not");
    assert_eq!(next(&order, inspect(2, 1, 0, None)), Err("order.surplus_not_accepted"));
    let order = next(&order, inspect(3, 0, 4, None)).unwrap();
    assert_eq!(places(&order)[2], [0, 0, 0, 4, 0]);
    assert!(asked(&order).legs().last().unwrap().1.is_settled(), "nothing was granted, so nobody is asked");
    let only_others = after(&[two(), receive(&[(0, 1)])]);
    assert_eq!(places(&only_others)[0], [2, 0, 0, 0, 0], "what was asked back is still awaited");
}

#[test]
fn r_ful_04_a_parcel_with_a_number_is_received_once_at_whatever_door() {
    let parcel = |parcel: &str, place: &str, quantity| Order::ReceiveParcel {
        parcel: parcel.into(),
        by: "staff:ana".into(),
        place: place.into(),
        came: vec![Came { line_no: Some(1), product_id: String::new(), quantity }],
    };
    let one = after(&[two(), parcel("sf-1", "s-1", 1)]);
    assert_eq!(places(&one), [[1, 1, 0, 0, 0]]);
    assert_eq!(next(&one, parcel("sf-1", "s-2", 1)), Ok(one.clone()), "the same parcel at another door");
    let both = next(&one, parcel("sf-2", "s-2", 1)).unwrap();
    assert_eq!(places(&both), [[0, 2, 0, 0, 0]]);
    assert_eq!(next(&both, parcel("sf-2", "s-1", 1)), Ok(both.clone()));
    assert_eq!(next(&both, parcel("sf-3", "s-1", 1)), Err("order.goods_already_received"));
}

#[test]
fn r_ful_04_what_came_goes_on_without_the_rest_whose_pieces_are_free() {
    let one = after(&[two(), receive(&[(1, 1)])]);
    let events = one.decide(goods(Command::GoOn), NOW).unwrap();
    let on = next(&one, goods(Command::GoOn)).unwrap();
    assert_eq!((places(&on), on.goods_by()), (vec![[0, 1, 0, 0, 1]], None));
    let freed = events.iter().flat_map(|event| on.consequences(event)).collect::<Vec<_>>();
    let units = vec![account::Units { line_id: "0".into(), quantity: 1 }];
    let back = account::Command::GiveBack { order_id: uuid::Uuid::from_u128(1), units };
    assert_eq!(freed, [Consequence::Account(uuid::Uuid::from_u128(5), back)]);
}

#[test]
fn what_is_rejected_is_lost_by_the_customers_word_or_another_persons_only() {
    let rejected = || vec![two(), receive(&[]), inspect(1, 0, 2, worse())];
    let then = |more: &[Order]| after(&[rejected(), more.to_vec()].concat());
    assert!(!asked(&then(&[])).legs().all(|(_, leg)| leg.is_settled()), "the customer has not said anything");
    assert_eq!(places(&then(&[hear(false), rule("staff:bo", true)])), [[0, 0, 2, 0, 0]]);
    assert_eq!(places(&then(&[hear(false), rule("staff:bo", false)])), [[0, 0, 0, 2, 0]]);
    for order in [then(&[hear(true)]), then(&[hear(false), rule("staff:bo", true)])] {
        assert!(asked(&order).legs().all(|(_, leg)| leg.is_settled()));
    }
}

#[test]
fn pieces_go_where_their_state_allows() {
    for (accepted, disposition, fits) in [
        (true, Disposition::Restock, true),
        (true, Disposition::BackToCustomer, false),
        (false, Disposition::Restock, false),
        (false, Disposition::Vendor, false),
        (false, Disposition::Quarantine, true),
        (true, Disposition::Destroy, true),
    ] {
        let Order::Request(Asked::Goods(Command::Inspect { line_no, mut inspection })) = inspect(1, 1, 0, worse())
        else {
            unreachable!("an inspection is one")
        };
        inspection.findings[0] = Finding { quantity: 1, accepted, grade: "a".into(), disposition };
        let told = next(&after(&[two(), receive(&[])]), goods(Command::Inspect { line_no, inspection }));
        assert_eq!(told.is_ok(), fits, "{disposition:?} {accepted}");
        assert!(fits || told == Err("order.disposition_does_not_fit"));
    }
}

/// The order at `at`, told something then.
fn later(order: &ServiceOrder, command: Order, at: Timestamp) -> (ServiceOrder, Vec<super::super::Event>) {
    let events = order.decide(command, at).unwrap();
    let mut order = order.clone();
    events.iter().for_each(|event| order.apply(event));
    (order, events)
}

/// Pieces that are given back on the way.
fn given_back(order: &ServiceOrder, events: &[super::super::Event]) -> Vec<u32> {
    let consequences = events.iter().flat_map(|event| order.consequences(event));
    let back = consequences.filter_map(|consequence| match consequence {
        Consequence::Account(_, account::Command::GiveBack { units, .. }) => Some(units[0].quantity),
        _ => None,
    });
    back.collect()
}

#[test]
fn goods_that_do_not_come_are_not_waited_for_and_are_free_again() {
    let day = NOW + SignedDuration::from_hours(24);
    let order = after(&[two()]);
    assert_eq!(order.goods_by(), Some(day));
    let (never, events) = later(&order, Order::LapseGoods, day);
    assert_eq!((&never.state, places(&never)), (&State::Cancelled, vec![[0, 0, 0, 0, 2]]));
    assert_eq!(given_back(&never, &events)[0], 2);
    assert_eq!(never.goods_by(), None);

    let (partly, events) = later(&after(&[two(), receive(&[(1, 1)])]), Order::LapseGoods, day);
    assert_eq!((&partly.state, places(&partly)), (&State::InProgress, vec![[0, 1, 0, 0, 1]]));
    assert_eq!(given_back(&partly, &events), [1]);
    assert_eq!(next(&partly, receive(&[(1, 1)])), Err("order.goods_already_received"), "it is too late now");
    let (back, events) = later(&after(&[two(), receive(&[]), inspect(1, 0, 2, worse())]), hear(true), day);
    assert_eq!(given_back(&back, &events), [2], "what the customer takes back he may ask for again");
}

#[test]
fn what_is_destroyed_or_kept_apart_is_not_the_customers_again() {
    for (disposition, back) in
        [(Disposition::BackToCustomer, 2), (Disposition::Quarantine, 1), (Disposition::Destroy, 1)]
    {
        let Order::Request(Asked::Goods(Command::Inspect { line_no, mut inspection })) = inspect(1, 0, 1, worse())
        else {
            unreachable!("an inspection is one")
        };
        inspection.findings.push(Finding { quantity: 1, accepted: false, grade: "c".into(), disposition });
        let rejected = [two(), receive(&[]), goods(Command::Inspect { line_no, inspection })];
        let (_, events) = later(&after(&rejected), hear(true), NOW);
        assert_eq!(given_back(&after(&rejected), &events), [back], "{disposition:?}, and he agrees");
        let disputed = next(&after(&rejected), hear(false)).unwrap();
        let (_, events) = later(&disputed, rule("staff:bo", false), NOW);
        assert_eq!(given_back(&disputed, &events), [back], "{disposition:?}, and the ruling upholds it");
        let (overruled, events) = later(&disputed, rule("staff:bo", true), NOW);
        assert_eq!((given_back(&disputed, &events), places(&overruled)), (vec![], vec![[0, 0, 2, 0, 0]]));
    }
}

#[test]
fn r_ful_04_what_came_back_is_inspected_within_its_term() {
    let hour = |n| NOW + SignedDuration::from_hours(n);
    let standing = |order: &ServiceOrder| {
        let inspection = asked(order).promises.iter().filter(|(kind, _)| *kind == Owed::InspectionTerm);
        inspection.map(|(_, promise)| promise.standing.state.name()).collect::<Vec<_>>()
    };
    let order = after(&[two(), receive(&[(1, 1)])]);
    assert_eq!(standing(&order), ["running"]);
    let (both, _) = later(&order, receive(&[(1, 1)]), hour(1));
    assert_eq!(standing(&both), ["running"], "the term runs from the first piece that waits");
    let (one, _) = later(&both, inspect(1, 1, 0, None), hour(2));
    assert_eq!(standing(&one), ["running"]);
    let (done, _) = later(&one, inspect(1, 1, 0, None), hour(2));
    assert_eq!(standing(&done), ["met"]);
    let late = asked(&both).promises.next_due().unwrap();
    let (broken, events) = later(&both, Order::Look, late);
    assert_eq!((standing(&broken), events.len()), (vec!["breached"], 1));
    let (late, _) = later(&broken, inspect(1, 2, 0, None), hour(9));
    assert_eq!(standing(&late), ["met_late"]);
}

#[test]
fn an_agreed_return_does_not_wait_for_its_goods_without_end_unless_it_was_opened_so() {
    let agreed = |goods_within: &str| {
        let text = format!(
            r#"{{"facts":{{"order_id":"{0}","complaint_id":"{0}","remedy_id":"{0}","customer_id":"{0}","purchase_id":"{0}",
                "kind":"return_refund","amount":{{"minor":5,"currency":"CNY"}}{goods_within}}},
                "opened_at":"1970-01-01T00:00:00Z","goods":{{"kind":"awaited"}},
                "state":{{"kind":"awaiting_goods","refund_id":"{0}"}}}}"#,
            uuid::Uuid::from_u128(1)
        );
        serde_json::from_str::<ServiceOrder>(&text).unwrap()
    };
    let day = NOW + SignedDuration::from_hours(24);
    let ever = agreed("");
    assert_eq!((ever.goods_by(), ever.decide(Order::LapseGoods, day)), (None, Ok(vec![])));
    let order = agreed(r#","goods_within":"PT24H""#);
    assert_eq!((order.goods_by(), order.decide(Order::LapseGoods, NOW)), (Some(day), Ok(vec![])));
    let (failed, events) = later(&order, Order::LapseGoods, day);
    assert!(matches!(&failed.state, State::Failed { code, .. } if code == "goods_lapsed"), "{:?}", failed.state);
    let freed = failed.consequences(&events[0]);
    assert!(matches!(freed.as_slice(), [Consequence::Account(_, account::Command::Release { .. })]));
    assert_eq!(next(&failed, receive(&[])), Err("order.not_now"));
    assert_eq!(next(&order, receive(&[(1, 1)])), Err("order.no_such_line"), "they come all at once");
}
