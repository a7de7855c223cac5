//! The work at a line: every stage with every command, who pays, when nobody waits any more, and random lives of repairs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::collections::BTreeMap;

use kernel::{
    money::Money,
    promise::Versioned,
    returns::{Answer, Bearer, Goods as WhenGoods, Kind},
};
use proptest::prelude::*;

use super::{
    super::{
        super::{Consequence, account, machine, payment, technician, warranty::Facts},
        Command as Order, Event as Happened, Rejection, ServiceOrder, State,
        goods::{Disposition, Finding, Inspection},
        money,
        request::{
            Command as Asked, Event as Told, Request,
            tests::{NOW, after, cancel, next, request},
        },
        returning,
    },
    *,
};

/// One line of so many pieces is to be repaired, confirmed.
fn asked(quantity: u32, goods: WhenGoods) -> Order {
    let mut request = request(&[Answer::Eligible]);
    request.kind = Kind::Repair;
    request.lines[0].quantity = quantity;
    request.lines[0].receipt.outcome.goods = goods;
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

fn step(step: Step) -> Order {
    Order::Request(Asked::Work { line_no: 1, by: "staff:eve".into(), step })
}

fn register(feasibility: Feasibility) -> Order {
    let (problem, description, reason) = ("screen".into(), "doc:1".into(), "seen".into());
    let (by, at) = (String::new(), NOW);
    step(Step::Register(Box::new(Registration { problem, description, feasibility, reason, by, at })))
}

fn receive() -> Order {
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] }
}

fn diagnose(repairable: bool, bearer: Bearer) -> Order {
    let facts = Facts {
        category: None,
        serial: String::new(),
        batch: String::new(),
        bought_on: None,
        delivered_on: None,
        asked_on: "1970-01-01".parse().unwrap(),
        misuse: false,
    };
    let policy = Versioned { id: "default".into(), version: 1 };
    let coverage = Coverage { policy, rule: None, until: None, bearer, facts };
    let (by, at) = (String::new(), NOW);
    let diagnosis = Diagnosis { repairable, cause: "fell".into(), skill: "screen".into(), coverage, by, at };
    step(Step::Diagnose(Box::new(diagnosis)))
}

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn item(quantity: u32, unit_price: Money) -> Item {
    Item { kind: ItemKind::Part, code: "screen".into(), quantity, unit_price }
}

fn quote(minor: i64) -> Order {
    step(Step::Quote { items: vec![item(1, cny(minor))] })
}

fn answer(version: u32, agreed: bool) -> Order {
    step(Step::AnswerQuote { version, agreed })
}

fn assign() -> Order {
    step(Step::Assign { technician: "staff:li".into() })
}

fn test(passed: bool) -> Order {
    step(Step::Test { passed })
}

fn hand_over(payment: Option<&str>) -> Order {
    step(Step::HandOver { payment: payment.map(str::to_owned), by_provider: false, place: String::new() })
}

fn offer(kind: AlternativeKind) -> Order {
    step(Step::Offer(kind))
}

fn answer_offer(number: u32, agreed: bool) -> Order {
    step(Step::AnswerOffer { number, agreed })
}

fn satisfaction(answer: Satisfaction) -> Order {
    step(Step::Satisfaction(answer))
}

fn review(by: &str, approved: bool) -> Order {
    Order::Request(Asked::Review { by: by.into(), approved, reason: "seen".into(), amounts: Default::default() })
}

/// A refund is offered for what no rule gives money for.
fn not_granted() -> Vec<Order> {
    let ask = allowing_repair_only(asked(1, WhenGoods::Before));
    with(vec![ask], &[register(Feasibility::Infeasible), receive(), offer(AlternativeKind::Refund)])
}

fn allowing_repair_only(ask: Order) -> Order {
    let Order::Request(Asked::Ask { mut request, confirmed }) = ask else { unreachable!("it asks") };
    request.lines.iter_mut().for_each(|line| line.receipt.outcome.allowed = [Kind::Repair].into());
    Order::Request(Asked::Ask { request, confirmed })
}

fn inspect() -> Order {
    let disposition = Disposition::Restock;
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: vec![Finding { quantity: 1, accepted: true, grade: "a".into(), disposition }],
        criteria: vec![],
        photos: vec![],
        renewed: None,
        word: None,
        ruling: None,
    };
    Order::Request(Asked::Goods(returning::Command::Inspect { line_no: 1, inspection: Box::new(inspection) }))
}

const START: Order = Order::Request(Asked::Work { line_no: 1, by: String::new(), step: Step::Start });
const AWAIT: Order = Order::Request(Asked::Work { line_no: 1, by: String::new(), step: Step::AwaitParts });
const ARRIVED: Order = Order::Request(Asked::Work { line_no: 1, by: String::new(), step: Step::PartsArrived });
const LOOK: Order = Order::Request(Asked::LookAtWork);

fn here() -> Vec<Order> {
    vec![asked(1, WhenGoods::Before), register(Feasibility::Feasible), receive()]
}

fn with(mut so_far: Vec<Order>, more: &[Order]) -> Vec<Order> {
    so_far.extend_from_slice(more);
    so_far
}

fn quoted() -> Vec<Order> {
    with(here(), &[diagnose(true, Bearer::Customer), quote(100)])
}

fn in_repair() -> Vec<Order> {
    with(quoted(), &[answer(1, true), assign(), START])
}

fn handed_over() -> Vec<Order> {
    with(in_repair(), &[test(true), hand_over(Some("pay-1"))])
}

fn unrepairable() -> Vec<Order> {
    with(here(), &[diagnose(false, Bearer::Customer)])
}

/// The order, and what came of the command at `at`.
fn later(order: &ServiceOrder, command: Order, at: Timestamp) -> (ServiceOrder, Vec<Happened>) {
    let events = order.decide(command, at).unwrap();
    let mut order = order.clone();
    events.iter().for_each(|event| order.apply(event));
    (order, events)
}

fn hours(hours: i64) -> Timestamp {
    NOW + SignedDuration::from_hours(hours)
}

/// An order with the stage of its first line as its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shown {
    order: ServiceOrder,
    state: Status,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Status {
    kind: String,
}

fn shown(order: ServiceOrder) -> Shown {
    let line = order.request.as_ref().map(|request| request.lines[0].work.as_ref());
    let kind = match line {
        None => "absent",
        Some(None) => "unregistered",
        Some(Some(work)) => work.stage.word(),
    };
    Shown { state: Status { kind: kind.to_owned() }, order }
}

fn states() -> Vec<(&'static str, Shown)> {
    let infeasible = [asked(1, WhenGoods::Before), register(Feasibility::Infeasible)];
    let not_repaired = |more: &[Order]| after(&with(unrepairable(), more));
    let back = offer(AlternativeKind::ReturnUnrepaired);
    let again = with(handed_over(), &[satisfaction(Satisfaction::Unsatisfied)]);
    let states = [
        ("absent", ServiceOrder::default()),
        ("unregistered", after(&here()[..1])),
        ("registered", after(&here()[..2])),
        ("registered, infeasible", after(&infeasible)),
        ("registered again", after(&again)),
        ("received", after(&here())),
        ("received again", after(&with(again, &[receive()]))),
        ("diagnosed", after(&with(here(), &[diagnose(true, Bearer::Customer)]))),
        ("quoted", after(&quoted())),
        ("quoted, warranty", after(&with(here(), &[diagnose(true, Bearer::Maker), quote(100)]))),
        ("consented", after(&with(quoted(), &[answer(1, true), assign()]))),
        ("parts_waiting", after(&with(in_repair(), &[AWAIT]))),
        ("in_repair", after(&in_repair())),
        ("quoted, more", after(&with(in_repair(), &[quote(200)]))),
        ("repaired", after(&with(in_repair(), &[test(true)]))),
        ("handed_over", after(&handed_over())),
        ("satisfaction_checked", after(&with(handed_over(), &[satisfaction(Satisfaction::Satisfied)]))),
        ("unrepairable", after(&unrepairable())),
        ("declined", after(&with(quoted(), &[answer(1, false)]))),
        ("quote_expired", later(&after(&quoted()), LOOK, hours(12)).0),
        ("alternative_offered", not_repaired(std::slice::from_ref(&back))),
        ("alternative_offered, not granted", after(&not_granted())),
        ("alternative_offered, approved", after(&with(not_granted(), &[review("staff:bo", true)]))),
        ("alternative_offered, refused", after(&with(not_granted(), &[review("staff:bo", false)]))),
        ("alternative_offered, declined", not_repaired(&[back.clone(), answer_offer(1, false)])),
        ("refund", not_repaired(&[offer(AlternativeKind::Refund), answer_offer(1, true)])),
        ("return_unrepaired", not_repaired(&[back, answer_offer(1, true)])),
        ("goods_lapsed", later(&after(&here()[..2]), Order::LapseGoods, hours(24)).0),
    ];
    states.into_iter().map(|(name, order)| (name, shown(order))).collect()
}

#[test]
fn r_ful_10_r_ful_11_r_ful_14_every_step_in_every_stage() {
    let commands = [
        ("register", register(Feasibility::Feasible)),
        ("register otherwise", register(Feasibility::Unclear)),
        ("receive goods", receive()),
        ("diagnose", diagnose(true, Bearer::Customer)),
        ("find unrepairable", diagnose(false, Bearer::Customer)),
        ("quote", quote(100)),
        ("consent", answer(1, true)),
        ("decline", answer(1, false)),
        ("consent to another version", answer(9, true)),
        ("assign", assign()),
        ("start", START),
        ("wait for parts", AWAIT),
        ("parts arrived", ARRIVED),
        ("pass the test", test(true)),
        ("fail the test", test(false)),
        ("hand over, paid", hand_over(Some("pay-1"))),
        ("hand over, unpaid", hand_over(None)),
        ("satisfied", satisfaction(Satisfaction::Satisfied)),
        ("unsatisfied", satisfaction(Satisfaction::Unsatisfied)),
        ("offer something else", offer(AlternativeKind::Refund)),
        ("agree", answer_offer(1, true)),
        ("disagree", answer_offer(1, false)),
        ("inspect goods", inspect()),
        ("cancel", cancel()),
        ("look too early", LOOK),
        ("approve the refund", review("staff:bo", true)),
        ("refuse the refund", review("staff:bo", false)),
        ("approve oneself", review("staff:EVE", true)),
    ];
    const NOT: &str = "order.not_now";
    const NONE: &str = "order.unknown";
    const UNREG: &str = "order.repair_not_registered";
    const REG: &str = "order.repair_registered";
    const AGAIN: &str = "order.goods_already_received";
    const INSTEAD: &str = "order.diagnosed_instead";
    const OTHER: &str = "order.other_quote";
    const WORD: &str = "order.no_consent";
    const NOBODY: &str = "order.no_technician";
    const PAY: &str = "order.fee_not_paid";
    const OFFER: &str = "order.other_alternative";
    const UNGRANTED: &str = "order.money_not_granted";
    const OWN: &str = "order.own_request";
    const OUT: &str = "unrepairable";
    const ON: &str = "in_repair";
    const PARTS: &str = "parts_waiting";
    const ALT: &str = "alternative_offered";
    #[rustfmt::skip]
    let table: machine::Table<'_, 28> = &[
        ("absent",                 [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE]),
        ("unregistered",           ["registered", "registered", "unregistered", UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, UNREG, INSTEAD, "unregistered", "-", NOT, NOT, NOT]),
        //                          register other  receive    diagnose unrep    quote consent decline other  assign start parts arrived pass fail paid unpaid happy unhappy offer agree disagree inspect cancel look
        ("registered",             ["-",  REG, "received", NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, "registered", "-", NOT, NOT, NOT]),
        ("registered, infeasible", [REG,  REG, "received", NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, NOT, NOT, INSTEAD, "registered", "-", NOT, NOT, NOT]),
        ("registered again",       ["-",  REG, "received", NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("received",               ["-",  REG, AGAIN, "diagnosed", OUT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("received again",         ["-",  REG, AGAIN, "diagnosed", OUT, NOT, NOT, NOT, NOT, "-", ON,  NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("diagnosed",              ["-",  REG, AGAIN, NOT, NOT, "quoted", NOT, NOT, NOT, "diagnosed", NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("quoted",                 ["-",  REG, AGAIN, NOT, NOT, "quoted", "consented", "declined", OTHER, "quoted", WORD, WORD, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("quoted, warranty",       ["-",  REG, AGAIN, NOT, NOT, "quoted", "consented", "declined", OTHER, "quoted", NOBODY, NOBODY, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("consented",              ["-",  REG, AGAIN, NOT, OUT, "quoted", NOT, NOT, NOT, "-", ON, PARTS, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("parts_waiting",          ["-",  REG, AGAIN, NOT, OUT, PARTS, NOT, NOT, NOT, "-", NOT, NOT, ON, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("in_repair",              ["-",  REG, AGAIN, NOT, OUT, ON, NOT, NOT, NOT, "-", NOT, PARTS, NOT, "repaired", ON, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("quoted, more",           ["-",  REG, AGAIN, NOT, NOT, "quoted", OTHER, OTHER, OTHER, "-", WORD, WORD, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("repaired",               ["-",  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, "handed_over", PAY, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("handed_over",            ["-",  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, "satisfaction_checked", "registered", NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("satisfaction_checked",   [NOT,  NOT, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("unrepairable",           ["-",  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("declined",               ["-",  REG, AGAIN, NOT, NOT, "quoted", NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("quote_expired",          ["-",  REG, AGAIN, NOT, NOT, "quoted", NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("alternative_offered",    ["-",  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, "return_unrepaired", ALT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("alternative_offered, not granted", [REG,  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, UNGRANTED, ALT, INSTEAD, NOT, "-", ALT, ALT, OWN]),
        ("alternative_offered, approved", [REG,  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, "refund", ALT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("alternative_offered, refused", [REG,  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, UNGRANTED, ALT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("alternative_offered, declined", ["-", REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, ALT, OFFER, OFFER, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("refund",                 ["-",  REG, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, "order.not_to_inspect", NOT, "-", NOT, NOT, NOT]),
        ("return_unrepaired",      [NOT,  NOT, AGAIN, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, INSTEAD, NOT, "-", NOT, NOT, NOT]),
        ("goods_lapsed",           [NOT,  NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, "-", "-", NOT, NOT, NOT]),
    ];
    machine::check("repair", &states(), &commands, table, |shown_, command| next(&shown_.order, command).map(shown));
}

fn of(order: &ServiceOrder) -> &Request {
    order.request.as_ref().unwrap()
}

fn work(order: &ServiceOrder) -> &Work {
    of(order).lines[0].work.as_ref().unwrap()
}

#[test]
fn r_ful_10_a_repair_is_registered_with_its_content_and_who_thinks_what_of_it() {
    let order = after(&here()[..2]);
    let told = &work(&order).registration;
    assert_eq!((told.by.as_str(), told.at, told.feasibility), ("staff:eve", NOW, Feasibility::Feasible));
    assert_eq!((told.problem.as_str(), told.description.as_str()), ("screen", "doc:1"));
    let mut other = request(&[Answer::Eligible, Answer::Ineligible]);
    let ask = |request: &Request| Order::Request(Asked::Ask { request: Box::new(request.clone()), confirmed: false });
    assert_eq!(next(&after(&[ask(&other)]), register(Feasibility::Unclear)), Err("order.no_repair"));
    other.kind = Kind::Repair;
    let asked = after(&[ask(&other)]);
    let early = next(&asked, register(Feasibility::Infeasible)).unwrap();
    assert_eq!(next(&early, offer(AlternativeKind::Refund)), Err("order.not_now"), "it is not authorised yet");
    let Order::Request(Asked::Work { by, step, .. }) = register(Feasibility::Unclear) else {
        unreachable!("it is one")
    };
    for line_no in [0, 2, 3] {
        let register = Order::Request(Asked::Work { line_no, by: by.clone(), step: step.clone() });
        assert_eq!(next(&asked, register), Err("order.no_such_line"), "{line_no}");
    }
}

#[test]
fn r_ful_11_more_than_was_consented_to_stops_the_work_until_a_new_word_and_less_does_not() {
    let more = after(&with(in_repair(), &[quote(101)]));
    assert_eq!(next(&more, test(true)), Err("order.not_now"), "work stands still");
    assert_eq!(next(&more, answer(1, true)), Err("order.other_quote"));
    let agreed = after(&with(in_repair(), &[quote(101), answer(2, true), START, test(true)]));
    assert_eq!((work(&agreed).stage, work(&agreed).fee_due()), (Stage::Repaired, Some(cny(101))));
    let less = after(&with(in_repair(), &[quote(99), test(true)]));
    assert_eq!((work(&less).stage, work(&less).fee_due()), (Stage::Repaired, Some(cny(99))));
    let withdrawn = after(&with(in_repair(), &[quote(101), quote(100), START]));
    assert_eq!(work(&withdrawn).stage, Stage::InRepair, "he has consented to so much");
    let declined = after(&with(in_repair(), &[quote(101), answer(2, false), quote(100)]));
    assert_eq!(next(&declined, START), Err("order.no_consent"), "who declined has to be asked again");
    let other = step(Step::Quote { items: vec![item(1, Money::new(1, "EUR".parse().unwrap()))] });
    assert_eq!(
        next(&after(&with(in_repair(), &[other])), test(true)),
        Err("order.not_now"),
        "another currency is more"
    );
}

#[test]
fn r_ful_11_a_quote_is_valid_for_so_long_and_no_longer() {
    let order = after(&quoted());
    assert_eq!(of(&order).work_due(), Some(hours(12)));
    let too_late = order.decide(answer(1, true), hours(12)).unwrap_err();
    assert_eq!(too_late, Rejection::QuoteExpired);
    assert!(order.decide(answer(1, true), hours(12) - SignedDuration::from_secs(1)).is_ok());
    let (expired, events) = later(&order, LOOK, hours(12));
    assert_eq!((events.len(), work(&expired).stage), (2, Stage::QuoteExpired), "and the time promised runs again");
    assert_eq!((of(&expired).work_due(), expired.decide(LOOK, hours(99)).unwrap()), (None, vec![]));
    let free = after(&with(here(), &[diagnose(true, Bearer::Company), quote(100)]));
    assert_eq!(of(&free).work_due(), None, "what costs him nothing waits for nobody");
}

#[test]
fn r_ful_11_what_a_warranty_covers_costs_the_customer_nothing_and_needs_no_word() {
    for bearer in [Bearer::Company, Bearer::Maker, Bearer::Supplier] {
        let done = [diagnose(true, bearer), quote(100), assign(), START, test(false), test(true), hand_over(None)];
        let order = after(&with(here(), &done));
        let quote = &work(&order).quotes[0];
        assert_eq!((quote.total, quote.fee, quote.bearer), (cny(100), cny(0), bearer));
        assert_eq!((work(&order).stage, work(&order).tests.len()), (Stage::HandedOver, 2));
    }
}

#[test]
fn r_ful_11_the_payment_of_a_fee_stands_for_its_order_once_also_where_the_work_is_done_again() {
    let again = with(handed_over(), &[satisfaction(Satisfaction::Unsatisfied), receive(), START, test(true)]);
    let mut order = ServiceOrder::default();
    let mut taken = vec![];
    for command in with(again, &[hand_over(None)]) {
        for event in order.decide(command, NOW).unwrap() {
            order.apply(&event);
            let told = order.consequences(&event);
            taken.extend(told.into_iter().filter(|one| matches!(one, Consequence::Payment(..))));
        }
    }
    let key = payment::Key::new(false, "s-1", "pay-1");
    assert_eq!(work(&order).handed_over.as_ref().unwrap().place, "s-1", "it stays on record");
    let facts = payment::Facts { key, order_id: of(&order).order_id, amount: cny(100) };
    assert_eq!(taken, [facts.told()]);
}

#[test]
fn r_ful_11_what_cannot_be_added_up_is_no_quote() {
    let eur = Money::new(1, "EUR".parse().unwrap());
    let huge = cny(i64::MAX);
    for items in [
        vec![],
        vec![item(0, cny(1))],
        vec![item(1, cny(-1))],
        vec![item(1, cny(1)), item(1, eur)],
        vec![item(2, huge)],
        vec![item(1, huge), item(1, cny(1))],
    ] {
        let diagnosed = after(&with(here(), &[diagnose(true, Bearer::Customer)]));
        assert_eq!(
            next(&diagnosed, step(Step::Quote { items: items.clone() })),
            Err("order.quote_inexact"),
            "{items:?}"
        );
    }
}

#[test]
fn r_ful_12_who_is_assigned_must_have_the_skill_of_the_diagnosis() {
    let order = after(&with(quoted(), &[answer(1, true)]));
    let (_, events) = later(&order, assign(), NOW);
    let asked: Vec<_> = events.iter().flat_map(|event| order.consequences(event)).collect();
    let take_on = technician::Command::TakeOn { skill: "screen".into() };
    assert_eq!(asked, [Consequence::Technician(technician::technician_id("staff:li"), take_on)]);
    let anew = with(handed_over(), &[satisfaction(Satisfaction::Unsatisfied), receive()]);
    let anew = after(&with(anew, &[diagnose(true, Bearer::Customer)]));
    assert_eq!(work(&anew).technician, None, "another diagnosis may need another skill");
}

/// Pieces given back by the last of the commands.
fn given_back(commands: &[Order]) -> u32 {
    let (last, before) = commands.split_last().unwrap();
    let (order, events) = later(&after(before), last.clone(), NOW);
    let consequences = events.iter().flat_map(|event| order.consequences(event));
    let back = consequences.filter_map(|consequence| match consequence {
        Consequence::Account(_, account::Command::GiveBack { units, .. }) => Some(units[0].quantity),
        _ => None,
    });
    back.sum()
}

#[test]
fn r_ful_13_who_is_not_satisfied_brings_it_again_and_it_is_worked_on_without_cost_to_him() {
    let again = with(handed_over(), &[satisfaction(Satisfaction::Unsatisfied)]);
    assert_eq!(given_back(&again), 0, "the order still works on it");
    let order = after(&again);
    assert_eq!((of(&order).legs().next().unwrap().1.goods.awaiting(), &order.state), (1, &State::InProgress));
    let more = [receive(), diagnose(true, Bearer::Customer), quote(500), assign(), START, test(true), hand_over(None)];
    let order = after(&with(again.clone(), &more));
    let quote = work(&order).quotes.last().unwrap();
    assert_eq!((quote.fee, quote.bearer, work(&order).reworks), (cny(0), Bearer::Company, 1));
    let satisfied = with(with(again.clone(), &more), &[satisfaction(Satisfaction::Satisfied)]);
    assert_eq!((given_back(&satisfied), after(&satisfied).state), (1, State::Completed { refund_id: None }));

    let (_, events) = later(&after(&handed_over()), LOOK, hours(24));
    assert!(
        matches!(&events[..], [Happened::Request(Told::Work { .. }), Happened::Request(Told::Finished)]),
        "{events:?}"
    );
    let (reopened, _) = later(&after(&handed_over()), satisfaction(Satisfaction::Unsatisfied), hours(20));
    assert_eq!(reopened.goods_by(), Some(hours(44)), "the time to bring it runs from his word");
    let (never, _) = later(&reopened, Order::LapseGoods, hours(44));
    assert_eq!((work(&never).stage, &never.state), (Stage::GoodsLapsed, &State::ClosedPartial));
}

#[test]
fn r_ful_13_a_repair_is_promised_from_when_it_is_here_and_the_customers_time_does_not_count() {
    let standing = |order: &ServiceOrder| {
        let (_, promise) = of(order).promises.iter().find(|(kind, _)| *kind == returning::Owed::RepairTerm).unwrap();
        (promise.standing.state.name(), promise.standing.due_at)
    };
    assert_eq!(of(&after(&here()[..2])).promises.iter().count(), 0, "it is not here yet");
    let order = after(&with(here(), &[diagnose(true, Bearer::Customer)]));
    assert_eq!(standing(&order), ("running", hours(48)));
    let (order, _) = later(&order, quote(100), hours(1));
    assert_eq!(standing(&order).0, "paused");
    let (order, _) = later(&order, answer(1, true), hours(11));
    assert_eq!(standing(&order), ("running", hours(58)));
    let (order, _) = later(&order, assign(), hours(11));
    let (order, _) = later(&order, START, hours(11));
    let (met, _) = later(&order, test(true), hours(58));
    assert_eq!(standing(&met).0, "met");
    let (late, _) = later(&order, Order::Look, hours(59));
    assert_eq!(standing(&late).0, "breached");
    let at_home = after(&[asked(1, WhenGoods::No), register(Feasibility::Feasible)]);
    assert_eq!((standing(&at_home).0, work(&at_home).stage), ("running", Stage::Received));
    let back = [offer(AlternativeKind::ReturnUnrepaired), answer_offer(1, true)];
    assert_eq!(standing(&after(&with(unrepairable(), &back))).0, "cancelled");
    let early = [register(Feasibility::Infeasible), offer(AlternativeKind::Exchange), receive()];
    let waits = after(&with(vec![asked(1, WhenGoods::Before)], &early));
    assert_eq!(of(&waits).promises.iter().count(), 0, "only his word is waited for");
    assert_eq!(standing(&next(&waits, answer_offer(1, false)).unwrap()).0, "running");
}

#[test]
fn r_ful_14_what_is_agreed_instead_frees_the_pieces_and_only_a_refund_keeps_and_pays_them() {
    for kind in [AlternativeKind::Exchange, AlternativeKind::Compensation, AlternativeKind::ReturnUnrepaired] {
        let agreed = with(unrepairable(), &[offer(kind), answer_offer(1, true)]);
        let order = after(&agreed);
        let goods = of(&order).legs().next().unwrap().1.goods;
        assert_eq!((goods.handed_back(), given_back(&agreed), of(&order).payouts.len()), (1, 1, 0), "{kind:?}");
        assert_eq!((work(&order).stage, &order.state), (kind.agreed(), &State::ClosedPartial));
    }
    let refund = with(unrepairable(), &[offer(AlternativeKind::Refund), answer_offer(1, true)]);
    let order = after(&refund);
    let claimed = of(&order).payouts.iter().map(|payout| payout.pieces[&1]).collect::<Vec<_>>();
    assert_eq!((claimed, given_back(&refund), &order.state), (vec![1], 0, &State::InProgress));
    assert_eq!(of(&order).legs().next().unwrap().1.goods.accepted(), 1, "it stays with us");

    let mut elsewhere = request(&[Answer::Eligible]);
    (elsewhere.kind, elsewhere.lines[0].bought) = (Kind::Repair, None);
    let ask = Order::Request(Asked::Ask { request: Box::new(elsewhere), confirmed: true });
    let order = after(&[ask, register(Feasibility::Infeasible)]);
    assert_eq!(next(&order, offer(AlternativeKind::Refund)), Err("order.nothing_paid"));
    let back = [offer(AlternativeKind::ReturnUnrepaired), answer_offer(1, true)];
    let order = back.into_iter().fold(order, |order, command| next(&order, command).unwrap());
    assert_eq!(order.state, State::ClosedPartial);
}

#[test]
fn r_ful_14_what_is_refunded_before_it_came_is_paid_when_it_is_here_and_in_order() {
    let agreed = [offer(AlternativeKind::Refund), answer_offer(1, true)];
    let order = after(&with(vec![asked(1, WhenGoods::Before), register(Feasibility::Infeasible)], &agreed));
    assert_eq!((of(&order).payouts.len(), of(&order).return_by()), (0, Some(hours(24))));
    let came = next(&next(&order, receive()).unwrap(), inspect()).unwrap();
    assert_eq!(of(&came).payouts.len(), 1);
    let back = [offer(AlternativeKind::Exchange), answer_offer(1, true)];
    let order = after(&with(vec![asked(1, WhenGoods::Before), register(Feasibility::Infeasible)], &back));
    assert_eq!((of(&order).return_by(), &order.state), (None, &State::ClosedPartial), "nothing is awaited any more");
}

#[test]
fn r_ful_14_nobody_alone_pays_out_money_that_no_rule_grants() {
    let offered = after(&not_granted());
    assert_eq!(next(&offered, answer_offer(1, true)), Err("order.money_not_granted"));
    for hand in ["staff:ana", "staff:eve", " Staff:EVE "] {
        assert_eq!(next(&offered, review(hand, true)), Err("order.own_request"), "{hand} asked, or offered it");
    }
    let refused = next(&offered, review("staff:bo", false)).unwrap();
    assert_eq!(next(&refused, answer_offer(1, true)), Err("order.money_not_granted"));
    let anew = next(&refused, offer(AlternativeKind::Refund)).unwrap();
    assert_eq!(next(&anew, answer_offer(2, true)), Err("order.money_not_granted"), "another offer, another approval");
    let paid = next(&next(&anew, review("staff:bo", true)).unwrap(), answer_offer(2, true)).unwrap();
    assert_eq!((of(&refused).payouts.len(), of(&paid).payouts.len()), (0, 1));
    let other = [offer(AlternativeKind::Exchange), answer_offer(2, true)];
    let other = other.into_iter().fold(refused, |order, command| next(&order, command).unwrap());
    assert_eq!(other.state, State::ClosedPartial, "what costs no money needs nobody else");
    let found = with(vec![allowing_repair_only(asked(1, WhenGoods::Before))], &here()[1..]);
    let found = after(&with(found, &[diagnose(false, Bearer::Company), offer(AlternativeKind::Refund)]));
    let standing = |order: &ServiceOrder| of(order).promises.iter().next().unwrap().1.standing.state.name();
    let approved = next(&found, review("staff:bo", true)).unwrap();
    assert_eq!((standing(&found), standing(&approved)), ("running", "paused"), "he is waited for once he can agree");
}

#[test]
fn r_ful_05_of_what_is_refunded_instead_of_a_repair_only_what_is_here_is_paid() {
    let offered = [register(Feasibility::Infeasible), offer(AlternativeKind::Refund)];
    let order = after(&with(vec![asked(2, WhenGoods::After)], &offered));
    let (lapsed, events) = later(&order, Order::LapseGoods, hours(24));
    let freed = events.iter().flat_map(|event| lapsed.consequences(event));
    let freed = freed.filter(|one| matches!(one, Consequence::Account(_, account::Command::GiveBack { .. })));
    assert_eq!(freed.count(), 1, "another order may ask for the pieces");
    let (agreed, _) = later(&lapsed, answer_offer(1, true), hours(25));
    assert_eq!((of(&agreed).payouts.len(), &agreed.state), (0, &State::ClosedPartial));
    let came = vec![returning::Came { line_no: Some(1), product_id: String::new(), quantity: 1 }];
    let one = next(&order, Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came }).unwrap();
    let paid = next(&one, answer_offer(1, true)).unwrap();
    assert_eq!(of(&paid).payouts.iter().map(|payout| payout.pieces[&1]).collect::<Vec<_>>(), [1]);
    let at_home =
        after(&with(vec![asked(2, WhenGoods::No)], &[offered.to_vec(), vec![answer_offer(1, true)]].concat()));
    assert_eq!(of(&at_home).payouts[0].pieces[&1], 2, "nothing was to come back");
}

#[test]
fn r_ful_04_what_came_and_is_not_diagnosed_is_promised_to_be_inspected() {
    let terms = |order: &ServiceOrder| {
        let all = of(order).promises.iter().filter(|(kind, _)| *kind == returning::Owed::InspectionTerm);
        all.map(|(_, promise)| promise.standing.state.name()).collect::<Vec<_>>()
    };
    let refund = [offer(AlternativeKind::Refund), answer_offer(1, true)];
    let order = after(&with(vec![asked(1, WhenGoods::Before), register(Feasibility::Infeasible)], &refund));
    let came = next(&order, receive()).unwrap();
    assert_eq!((terms(&order), terms(&came)), (vec![], vec!["running"]), "money was agreed, and it came later");
    assert_eq!(terms(&next(&came, inspect()).unwrap()), ["met"]);
    let came = |line_no| returning::Came { line_no, product_id: "p-9".into(), quantity: 1 };
    let (by, place, came) = ("staff:ana".into(), "s-1".into(), vec![came(Some(1)), came(None)]);
    let surplus = next(&after(&here()[..2]), Order::ReceiveGoods { by, place, came }).unwrap();
    assert_eq!((terms(&surplus), terms(&after(&here()))), (vec!["running"], vec![]), "what came beside it");
}

#[test]
fn r_ful_13_a_fee_that_was_paid_stays_on_record_and_is_to_be_given_back_where_the_repair_failed() {
    let rework = [satisfaction(Satisfaction::Unsatisfied), receive()];
    let again = with(handed_over(), &rework);
    let done = after(&with(again.clone(), &[START, test(true), hand_over(None)]));
    assert_eq!((work(&done).payment(), work(&done).fee_to_give_back()), (Some("pay-1"), None));
    let failed = with(again, &[diagnose(false, Bearer::Customer), offer(AlternativeKind::Exchange)]);
    assert_eq!(work(&after(&failed)).fee_to_give_back(), None, "it is not agreed yet");
    assert_eq!(work(&after(&with(failed, &[answer_offer(1, true)]))).fee_to_give_back(), Some(cny(100)));
    let never_paid = with(unrepairable(), &[offer(AlternativeKind::Exchange), answer_offer(1, true)]);
    assert_eq!(work(&after(&never_paid)).fee_to_give_back(), None);
}

fn steps() -> impl Strategy<Value = Order> {
    let bearer = prop::sample::select(vec![Bearer::Customer, Bearer::Customer, Bearer::Maker]);
    let kinds = [AlternativeKind::Exchange, AlternativeKind::Refund, AlternativeKind::ReturnUnrepaired];
    prop_oneof![
        1 => Just(register(Feasibility::Infeasible)),
        3 => Just(receive()),
        4 => (prop::bool::weighted(0.8), bearer).prop_map(|(repairable, bearer)| diagnose(repairable, bearer)),
        4 => (0..300_i64).prop_map(quote),
        5 => (1..6_u32, prop::bool::weighted(0.7)).prop_map(|(version, agreed)| answer(version, agreed)),
        4 => Just(assign()),
        4 => Just(START),
        1 => Just(AWAIT),
        1 => Just(ARRIVED),
        3 => prop::bool::weighted(0.7).prop_map(test),
        3 => prop::bool::weighted(0.7).prop_map(|paid| hand_over(paid.then_some("pay-1"))),
        2 => prop::sample::select(vec![Satisfaction::Satisfied, Satisfaction::Unsatisfied]).prop_map(satisfaction),
        2 => prop::sample::select(kinds.to_vec()).prop_map(offer),
        2 => (1..4_u32, any::<bool>()).prop_map(|(number, agreed)| answer_offer(number, agreed)),
        2 => Just(LOOK),
        1 => Just(Order::Look),
        1 => Just(Order::LapseGoods),
    ]
}

/// What the customer has allowed to be done, as told by events alone.
#[derive(Default)]
struct Allowed {
    fees: BTreeMap<u32, i64>,
    answers: BTreeMap<u32, u32>,
    most: Option<i64>,
}

impl Allowed {
    fn take(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Quoted(quote) => {
                let exact: i128 =
                    quote.items.iter().map(|item| i128::from(item.quantity) * i128::from(item.unit_price.minor)).sum();
                prop_assert_eq!(i128::from(quote.total.minor), exact);
                prop_assert_eq!(quote.fee.minor, if quote.bearer == Bearer::Customer { quote.total.minor } else { 0 });
                self.fees.insert(quote.version, quote.fee.minor);
            }
            Event::QuoteAnswered { version, word } => {
                *self.answers.entry(*version).or_default() += 1;
                prop_assert!(self.answers[version] == 1, "a version is answered once");
                self.most = word.agreed.then(|| self.fees[version]);
            }
            Event::QuoteExpired { .. } => self.most = None,
            Event::Started | Event::PartsAwaited | Event::PartsArrived | Event::Tested(_) => {
                let (_, fee) = self.fees.last_key_value().unwrap();
                prop_assert!(*fee == 0 || self.most.is_some_and(|most| *fee <= most), "no work without consent");
            }
            _ => {}
        }
        Ok(())
    }
}

proptest! {
    /// R-FUL-11, R-FUL-14: whatever is told in whatever order and however late.
    #[test]
    fn r_ful_11_no_work_without_consent_and_no_piece_is_lost_or_paid_without_an_agreed_refund(
        goods in prop::sample::select(vec![WhenGoods::Before, WhenGoods::Before, WhenGoods::No]),
        quantity in 1..3_u32,
        steps in prop::collection::vec((steps(), 0..5_i64), 1..60),
    ) {
        let mut order = after(&[asked(quantity, goods), register(Feasibility::Feasible)]);
        let (mut allowed, mut at, mut given_back) = (Allowed::default(), NOW, 0);
        for (step, hours) in steps {
            at += SignedDuration::from_hours(hours);
            for event in order.decide(step, at).unwrap_or_default() {
                order.apply(&event);
                if let Happened::Request(Told::Work { event, .. }) = &event {
                    allowed.take(event)?;
                }
                for consequence in order.consequences(&event) {
                    if let Consequence::Account(_, account::Command::GiveBack { units, .. }) = consequence {
                        given_back += units.iter().map(|units| units.quantity).sum::<u32>();
                    }
                }
            }
            let (request, work) = (of(&order), work(&order));
            let claimed: u32 = request.payouts.iter().flat_map(|payout: &money::Payout| payout.pieces.values()).sum();
            prop_assert!(claimed <= quantity && (claimed == 0 || work.stage == Stage::Refund), "{:?}", work);
            if let Some((_, leg)) = request.legs().next() {
                prop_assert_eq!(leg.goods.awaiting() + leg.goods.received() + leg.goods.lapsed(), quantity);
            }
            let over = matches!(order.state, State::Completed { .. } | State::ClosedPartial | State::Cancelled);
            prop_assert!(!over || given_back >= quantity - claimed, "pieces are free when the order is over");
            prop_assert!(claimed == 0 || given_back == 0, "what is paid is not given back");
            let stored = serde_json::to_value(&order).unwrap();
            prop_assert_eq!(&serde_json::from_value::<ServiceOrder>(stored).unwrap(), &order);
        }
    }
}

#[test]
fn an_order_stored_before_there_was_work_is_read() {
    let mut stored = serde_json::to_value(after(&[asked(1, WhenGoods::Before)])).unwrap();
    let request = stored.pointer_mut("/request").unwrap();
    assert!(request.pointer("/lines/0/work").is_none() && request.pointer("/lines/0/leg/goods/handed_back").is_none());
    request.pointer_mut("/terms").unwrap().as_object_mut().unwrap().remove("repair");
    let order: ServiceOrder = serde_json::from_value(stored).unwrap();
    let order = next(&next(&order, register(Feasibility::Feasible)).unwrap(), receive()).unwrap();
    assert_eq!(
        (work(&order).stage, of(&order).promises.iter().count()),
        (Stage::Received, 0),
        "nothing was promised then"
    );
}
