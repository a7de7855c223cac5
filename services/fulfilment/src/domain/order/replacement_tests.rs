//! Goods that go out again: every state with every command, what is due for them, and what ends the order.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use jiff::SignedDuration;
use kernel::returns::{Answer, Fee, Goods as WhenGoods};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        super::{
            Consequence,
            account::{self, HeldLine},
            machine,
        },
        Command as Order, Event as Happened, ServiceOrder, State,
        goods::{Disposition, Finding, Inspection},
        money::News,
        request::{
            Command as Asked,
            tests::{NOW, after, cancel, line as asked_line, next, request},
        },
        returning::Came,
    },
    *,
};

pub fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

pub fn article(product_id: &str, price: Option<i64>) -> Wanted {
    Wanted { product_id: product_id.into(), price: price.map(cny) }
}

/// So many pieces of one line are to be replaced; a tenth is kept of money.
pub fn asked(kind: Kind, goods: WhenGoods, quantity: u32, wanted: Option<Wanted>) -> Order {
    let mut request = request(&[Answer::Eligible]);
    request.kind = kind;
    let line = &mut request.lines[0];
    (line.quantity, line.wanted, line.receipt.outcome.goods) = (quantity, wanted, goods);
    line.receipt.outcome.fees = [("restocking".to_owned(), Fee::Percent(10))].into();
    line.receipt.facts.amount = Some(cny(100));
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

/// One piece for another article at once.
pub fn exchange(price: i64) -> Order {
    asked(Kind::Exchange, WhenGoods::No, 1, Some(article("p-2", Some(price))))
}

pub fn reship() -> Order {
    asked(Kind::Reship, WhenGoods::No, 1, None)
}

/// The n-th attempt of the order.
pub fn id(number: u32) -> Uuid {
    kernel::id::derived("replacement", &[&Uuid::from_u128(1).to_string(), &number.to_string()])
}

pub fn say(by: &str, number: u32, command: Command) -> Order {
    Order::Request(Asked::Replacement { id: id(number), by: by.into(), command })
}

/// Who hears the customer is another person than who sends and takes money.
pub fn tell(number: u32, command: Command) -> Order {
    let hears = matches!(command, Command::Answer { .. } | Command::TakeMoney);
    say(if hears { "staff:bo" } else { "staff:eve" }, number, command)
}

pub fn shipped(number: u32) -> Vec<Order> {
    let parcel = Parcel { carrier: "sf".into(), tracking_number: number.to_string() };
    [Command::Reserve, Command::Pick, Command::Ship(parcel)].map(|command| tell(number, command)).into()
}

pub fn claim(number: u32) -> Uuid {
    kernel::id::derived("claim", &[&Uuid::from_u128(1).to_string(), &number.to_string()])
}

/// The purchase holds pieces worth so much, of which so much goes out as goods.
pub fn hold(number: u32, worth: i64, replaced: i64) -> Order {
    let (line_id, fees, given, goods) = ("0".into(), account::Fees::new(), cny(0), cny(worth));
    let (replaced, amount) = (Some(cny(replaced)), cny(worth - replaced));
    let line = HeldLine { line_id, quantity: 1, goods, fees, given, replaced, amount, within: None };
    Order::money(claim(number), News::Grant { lines: vec![line], tendered: false })
}

pub fn news(number: u32, news: News) -> Order {
    Order::money(claim(number), news)
}

pub fn pay(reference: &str, amount: Money) -> Command {
    let (reference, place) = (reference.into(), String::new());
    Command::PayDifference { reference, amount, by_provider: false, place }
}

pub fn lose() -> Command {
    Command::Arrive(Outcome::Lost)
}

/// An order with the last of its attempts, which gives it its status here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shown {
    state: Status,
    order: ServiceOrder,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Status {
    kind: String,
}

pub fn last(order: &ServiceOrder) -> Option<&Replacement> {
    order.request.as_ref()?.replacements.last()
}

fn shown(order: ServiceOrder) -> Shown {
    let kind = last(&order).map_or("absent", |one| one.state.word()).to_owned();
    Shown { state: Status { kind }, order }
}

#[test]
fn r_ful_05_every_command_to_a_replacement_in_every_state() {
    let of = |steps: &[Vec<Order>]| shown(after(&[vec![reship()], steps.concat()].concat()));
    let out = |command| vec![tell(0, command)];
    let offered = || vec![tell(0, Command::ReportOutOfStock), tell(0, Command::Offer(article("p-9", None)))];
    let twice = || [shipped(0), vec![tell(0, lose())], shipped(1), vec![tell(1, lose())]].concat();
    let dear = |more: &[Order]| shown(after(&[vec![exchange(150), hold(0, 100, 100)], more.to_vec()].concat()));
    let states = [
        ("absent", shown(after(&[]))),
        ("authorised", shown(after(&[asked(Kind::Reship, WhenGoods::Before, 1, None)]))),
        ("wanted", of(&[])),
        ("difference due", dear(&[])),
        ("difference paid", dear(&[tell(0, pay("t-1", cny(50)))])),
        ("claim open", shown(after(&[exchange(150)]))),
        ("reserved", of(&[out(Command::Reserve)])),
        ("picked", of(&[shipped(0)[..2].to_vec()])),
        ("shipped", of(&[shipped(0)])),
        ("delivered", of(&[shipped(0), out(Command::Arrive(Outcome::Delivered))])),
        ("sent again", of(&[shipped(0), out(lose())])),
        ("shipped again", of(&[shipped(0), out(lose()), shipped(1)])),
        ("undecided", of(&[twice()])),
        ("out_of_stock", of(&[out(Command::ReportOutOfStock)])),
        ("offered", of(&[offered()])),
        ("agreed", of(&[offered(), out(Command::Answer { agreed: true })])),
        ("declined", of(&[offered(), out(Command::Answer { agreed: false })])),
        ("money_instead", of(&[offered(), out(Command::Answer { agreed: false }), out(Command::TakeMoney)])),
    ];
    let parcel = Parcel { carrier: "sf".into(), tracking_number: "0".into() };
    let commands = [
        ("reserve", Command::Reserve),
        ("report out of stock", Command::ReportOutOfStock),
        ("offer", Command::Offer(article("p-9", None))),
        ("agree", Command::Answer { agreed: true }),
        ("decline", Command::Answer { agreed: false }),
        ("pick", Command::Pick),
        ("ship", Command::Ship(parcel)),
        ("deliver", Command::Arrive(Outcome::Delivered)),
        ("lose", lose()),
        ("return undelivered", Command::Arrive(Outcome::ReturnedUndelivered)),
        ("pay difference", pay("t-1", cny(50))),
        ("take money", Command::TakeMoney),
    ];
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const ID: &str = "order.no_such_replacement";
    const DUE: &str = "order.difference_due";
    const PAY: &str = "order.other_difference";
    const NEED: &str = "order.price_needed";
    const OUT: &str = "out_of_stock";
    const SET: &str = "reserved";
    const INSTEAD: &str = "money_instead";
    #[rustfmt::skip]
    let table: machine::Table<'_, 12> = &[
        //                    reserve out   offer      agree     decline     pick      ship       deliver      lose      return    pay       money
        ("absent",            [NONE, NONE, NONE,      NONE,     NONE,       NONE,     NONE,      NONE,        NONE,     NONE,     NONE,     NONE]),
        ("authorised",        [ID,   ID,   ID,        ID,       ID,         ID,       ID,        ID,          ID,       ID,       ID,       ID]),
        ("wanted",            [SET,  OUT,  NOT,       NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      NOT]),
        ("difference due",    [DUE,  OUT,  NOT,       NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      "wanted", INSTEAD]),
        ("difference paid",   [SET,  OUT,  NOT,       NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      "-",      NOT]),
        ("claim open",        [NOT,  OUT,  NOT,       NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      NOT]),
        ("reserved",          ["-",  OUT,  NOT,       NOT,      NOT,        "picked", NOT,       NOT,         NOT,      NOT,      PAY,      NOT]),
        ("picked",            ["-",  NOT,  NOT,       NOT,      NOT,        "-",      "shipped", NOT,         NOT,      NOT,      PAY,      NOT]),
        ("shipped",           ["-",  NOT,  NOT,       NOT,      NOT,        "-",      "-",       "delivered", "wanted", "wanted", PAY,      NOT]),
        ("delivered",         ["-",  NOT,  NOT,       NOT,      NOT,        "-",      "-",       "-",         NOT,      NOT,      PAY,      NOT]),
        ("sent again",        [SET,  OUT,  NOT,       NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      NOT]),
        ("shipped again",     ["-",  NOT,  NOT,       NOT,      NOT,        "-",      NOT,       "delivered", "undecided", "undecided", PAY, NOT]),
        ("undecided",         [NOT,  NOT,  "offered", NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      INSTEAD]),
        ("out_of_stock",      [NOT,  "-",  "offered", NOT,      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      INSTEAD]),
        ("offered",           [NOT,  NOT,  "-",       "wanted", "declined", NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      NOT]),
        ("agreed",            [SET,  OUT,  NOT,       "-",      NOT,        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      NOT]),
        ("declined",          [NOT,  NOT,  "offered", NOT,      "-",        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      INSTEAD]),
        ("money_instead",     [NOT,  NOT,  NOT,       NOT,      "-",        NOT,      NOT,       NOT,         NOT,      NOT,      PAY,      "-"]),
    ];
    machine::check("replacement", &states, &commands, table, |shown_now, command| {
        let id = last(&shown_now.order).map_or(id(0), |one| one.id);
        let by = "staff:eve".into();
        next(&shown_now.order, Order::Request(Asked::Replacement { id, by, command })).map(shown)
    });
    let priced = dear(&[tell(0, Command::ReportOutOfStock)]).order;
    assert_eq!(next(&priced, tell(0, Command::Offer(article("p-2", None)))), Err(NEED), "its money is held");
    let again = of(&[shipped(0), out(lose())]).order;
    assert_eq!(next(&again, tell(0, lose())), Ok(again.clone()), "the old attempt stays what it was");
    assert_eq!(next(&again, tell(0, Command::Arrive(Outcome::Delivered))), Err(NOT));
}

/// What follows for purchases and refunds from the commands, and how the order stands after them.
pub fn told(commands: &[Order]) -> (ServiceOrder, Vec<Consequence>) {
    let (mut order, mut all) = (ServiceOrder::default(), vec![]);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            all.extend(order.consequences(&event));
        }
    }
    (order, all)
}

fn receive(quantity: u32) -> Order {
    let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity }];
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came }
}

fn accept(quantity: u32) -> Order {
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: vec![Finding { quantity, accepted: true, grade: "a".into(), disposition: Disposition::Restock }],
        criteria: vec![],
        photos: vec![],
        renewed: None,
        word: None,
        ruling: None,
    };
    Order::Request(Asked::Goods(returning::Command::Inspect { line_no: 1, inspection: Box::new(inspection) }))
}

/// Pieces given back to the purchase.
fn given_back(all: &[Consequence]) -> u32 {
    let back = |one: &Consequence| match one {
        Consequence::Account(_, account::Command::GiveBack { units, .. }) => Some(units[0].quantity),
        _ => None,
    };
    all.iter().filter_map(back).sum()
}

#[test]
fn r_ful_05_exactly_the_pieces_that_were_accepted_go_out_and_may_be_asked_for_again_once_both_are_done() {
    let whole = |number| [shipped(number), vec![tell(number, Command::Arrive(Outcome::Delivered))]].concat();
    let before = || vec![asked(Kind::Exchange, WhenGoods::Before, 3, None), receive(3), accept(1)];
    let (order, _) = told(&before());
    assert_eq!(last(&order).map(|one| (one.quantity, one.article.product_id.as_str())), Some((1, "p-1")));
    assert!(order.request.as_ref().unwrap().payouts.is_empty(), "no money moves for the same article");
    let (order, all) = told(&[before(), vec![accept(2)], whole(0), whole(1)].concat());
    assert_eq!((&order.state, given_back(&all)), (&State::Completed { refund_id: None }, 3));

    let first = || [vec![asked(Kind::Exchange, WhenGoods::After, 2, None)], whole(0)].concat();
    let (order, all) = told(&first());
    assert_eq!((&order.state, given_back(&all)), (&State::InProgress, 0), "the old ones are still to come");
    let (order, all) = told(&[first(), vec![receive(2), accept(1), accept(1)]].concat());
    assert_eq!((&order.state, given_back(&all)), (&State::Completed { refund_id: None }, 2));
    let mut never = after(&first());
    let lapsed = never.decide(Order::LapseGoods, NOW + SignedDuration::from_hours(24)).unwrap();
    lapsed.iter().for_each(|event| never.apply(event));
    let all: Vec<_> = lapsed.iter().flat_map(|event| never.consequences(event)).collect();
    assert_eq!((never.state, given_back(&all)), (State::ClosedPartial, 0), "two articles for one are not free again");
    let wanted = after(&[asked(Kind::Exchange, WhenGoods::After, 2, None)]);
    assert_eq!(next(&wanted, cancel()), Err("order.not_now"), "what goes out is not cancelled away");
}

#[test]
fn r_ful_05_a_reshipment_is_promised_from_when_it_may_go_out_until_it_is_shipped() {
    let standing = |order: &ServiceOrder| {
        let request = order.request.as_ref().unwrap();
        let terms = request.promises.iter().filter(|(kind, _)| *kind == Owed::ReshipTerm);
        terms.map(|(_, promise)| promise.standing.state.name()).collect::<Vec<_>>()
    };
    assert_eq!(standing(&after(&[asked(Kind::Reship, WhenGoods::Before, 1, None), receive(1)])), [""; 0]);
    let wanted = after(&[asked(Kind::Reship, WhenGoods::Before, 1, None), receive(1), accept(1)]);
    assert_eq!(standing(&wanted), ["running"]);
    let at = |order: &ServiceOrder, command: Order, hours: i64| {
        let mut order = order.clone();
        order
            .decide(command, NOW + SignedDuration::from_hours(hours))
            .unwrap()
            .iter()
            .for_each(|event| order.apply(event));
        order
    };
    let sent = shipped(0).into_iter().fold(wanted.clone(), |order, command| at(&order, command, 1));
    assert_eq!(standing(&sent), ["met"]);
    let lost = at(&sent, tell(0, lose()), 9);
    assert_eq!(standing(&lost), ["met", "running"], "what is sent again is promised again");
    let late = at(&lost, Order::Look, 14);
    assert_eq!(standing(&shipped(1).into_iter().fold(late, |order, one| at(&order, one, 15))), ["met", "met_late"]);

    let due = after(&[exchange(150), hold(0, 100, 100)]);
    assert_eq!(standing(&due), ["paused"], "the customer is waited for");
    let paid = at(&due, tell(0, pay("t-1", cny(50))), 90);
    assert_eq!(standing(&paid), ["running"]);
    assert_eq!(standing(&shipped(0).into_iter().fold(paid, |order, one| at(&order, one, 93))), ["met"]);
    let instead = at(&due, tell(0, Command::TakeMoney), 1);
    assert_eq!(standing(&instead), ["cancelled"]);
    let promises = instead.request.as_ref().unwrap().promises.iter();
    assert!(promises.into_iter().any(|(kind, promise)| kind == Owed::RefundTerm && promise.standing.end.is_none()));
}

#[test]
fn an_order_from_before_goods_went_out_again_is_served_with_the_next_command_once() {
    let mut stored =
        serde_json::to_value(after(&[asked(Kind::Reship, WhenGoods::Before, 1, None), receive(1)])).unwrap();
    let terms = stored.pointer_mut("/request/terms").unwrap().as_object_mut().unwrap();
    for name in ["replace_within", "replace_warnings", "replace_attempts", "people"] {
        assert!(terms.remove(name).is_some());
    }
    assert_eq!(stored.pointer("/request/replacements"), None, "as it was stored then");
    let order: ServiceOrder = serde_json::from_value(stored).unwrap();
    let sent = [vec![accept(1)], shipped(0)].concat().into_iter().fold(order, |order, one| next(&order, one).unwrap());
    assert!(sent.request.as_ref().unwrap().promises.iter().all(|(kind, _)| kind == Owed::InspectionTerm));
    let lost = next(&sent, tell(0, lose())).unwrap();
    assert_eq!(
        last(&lost).map(|one| one.state),
        Some(ReplacementState::Undecided),
        "sent once, and then people choose"
    );
    let finished = after(&[vec![reship()], shipped(0)].concat());
    let events = finished.decide(tell(0, Command::Arrive(Outcome::Delivered)), NOW).unwrap();
    assert!(matches!(events.last(), Some(Happened::Request(Told::Finished))), "{events:?}");
}

#[test]
fn what_is_of_no_purchase_of_ours_is_sent_and_no_money_takes_its_place() {
    let mut elsewhere = request(&[Answer::Eligible]);
    (elsewhere.kind, elsewhere.lines[0].bought) = (Kind::Reship, None);
    elsewhere.lines[0].receipt = asked_line(0, Answer::Eligible).receipt;
    elsewhere.lines[0].receipt.outcome.goods = WhenGoods::No;
    let start = vec![Order::Request(Asked::Ask { request: Box::new(elsewhere), confirmed: true })];
    let arrived = [start.clone(), shipped(0), vec![tell(0, Command::Arrive(Outcome::Delivered))]].concat();
    assert_eq!(after(&arrived).state, State::Completed { refund_id: None });
    let none = after(&[start, vec![tell(0, Command::ReportOutOfStock)]].concat());
    assert_eq!(next(&none, tell(0, Command::TakeMoney)).map(|_| ()), Err("order.nothing_paid"));
}
