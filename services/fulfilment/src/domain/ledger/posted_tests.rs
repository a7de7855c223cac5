//! What each event of an order posts, that it posts it once, and that goods are worth what was paid for them to the cent.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
use jiff::SignedDuration;
use kernel::{
    promise::Versioned,
    returns::{Answer, Bearer, Goods as WhenGoods, Kind},
};

use super::{
    super::{
        super::{
            account::{Fees, HeldLine},
            order::{
                self, Command as Order,
                goods::Finding,
                money::News,
                replacement::{Outcome, Parcel},
                request::{
                    Command as Asked, Wanted,
                    tests::{NOW, line as asked_line, request},
                },
                work::{Diagnosis, Feasibility, Item, Registration, Step},
            },
            order_id,
            warranty::{Coverage, Facts as Known},
        },
        Command, CostLedger,
    },
    *,
};

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

/// The ledger of an order that was told all of it; every event is told to it twice.
fn ledger(commands: Vec<Order>) -> CostLedger {
    let (mut order, mut ledger) = (ServiceOrder::default(), CostLedger::default());
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap_or_else(|no| panic!("{command:?}: {no}")) {
            order.apply(&event);
            let Some(Consequence::Ledger(order_id, act)) = consequence(&event, &order) else { continue };
            for posted in [1, 0] {
                let events = ledger.decide(Command { order_id, act: act.clone() }, NOW).unwrap();
                assert_eq!(events.len(), posted, "what is told twice is posted once: {event:?}");
                events.iter().for_each(|event| ledger.apply(event));
            }
        }
    }
    assert!(ledger.entries.iter().all(super::super::Entry::is_balanced));
    ledger
}

/// By account, as it is written.
fn balances(ledger: &CostLedger) -> Vec<(&'static str, i64)> {
    ledger.balances().into_iter().map(|(account, amount)| (account.word(), amount.minor)).collect()
}

fn reasons(ledger: &CostLedger) -> Vec<&str> {
    ledger.entries.iter().map(|entry| entry.reason.as_str()).collect()
}

/// So many pieces of one line that cost 1.00 together.
fn asked(kind: Kind, goods: WhenGoods, quantity: u32, wanted: Option<i64>) -> Order {
    let mut request = request(&[Answer::Eligible]);
    request.kind = kind;
    let line = request.lines.first_mut().unwrap();
    (line.quantity, line.receipt.outcome.goods, line.batch) = (quantity, goods, "b-1".into());
    line.receipt.facts.amount = Some(cny(100));
    line.wanted = wanted.map(|price| Wanted { product_id: "p-2".into(), price: Some(cny(price)) });
    Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
}

fn receive() -> Order {
    Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] }
}

fn inspect(found: &[(u32, bool, Disposition)]) -> Order {
    let finding = |(quantity, accepted, disposition): &(u32, bool, Disposition)| Finding {
        quantity: *quantity,
        accepted: *accepted,
        grade: "a".into(),
        disposition: *disposition,
    };
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: found.iter().map(finding).collect(),
        criteria: vec![],
        photos: vec![],
        renewed: found.iter().any(|found| !found.1).then(|| asked_line(0, Answer::Ineligible).receipt),
        word: None,
        ruling: None,
    };
    Order::Request(Asked::Goods(returning::Command::Inspect { line_no: 1, inspection: Box::new(inspection) }))
}

/// The purchase holds so much for pieces, of which so much is kept and so much goes out as goods; it is paid.
fn paid(number: u32, (goods, fee, replaced): (i64, i64, Option<i64>)) -> [Order; 2] {
    let claim_id = kernel::id::derived("claim", &[&Uuid::from_u128(1).to_string(), &number.to_string()]);
    let line = HeldLine {
        line_id: "0".into(),
        quantity: 1,
        goods: cny(goods),
        fees: Fees::from([("restocking".to_owned(), cny(fee))]),
        given: cny(0),
        replaced: replaced.map(cny),
        amount: cny(goods - fee - replaced.unwrap_or(0)),
        within: None,
    };
    [News::Grant { lines: vec![line], tendered: false }, News::Pay].map(|news| Order::money(claim_id, news))
}

fn replacement(number: u32, command: replacement::Command) -> Order {
    let id = kernel::id::derived("replacement", &[&Uuid::from_u128(1).to_string(), &number.to_string()]);
    Order::Request(Asked::Replacement { id, by: "staff:ana".into(), command })
}

fn send(number: u32, outcome: Outcome) -> Vec<Order> {
    use replacement::Command as C;
    let parcel = Parcel { carrier: "sf".into(), tracking_number: number.to_string() };
    [C::Reserve, C::Pick, C::Ship(parcel), C::Arrive(outcome)].map(|command| replacement(number, command)).into()
}

#[test]
fn an_agreed_refund_is_a_cost_once_it_is_paid() {
    let facts = Facts {
        order_id: order_id(Uuid::from_u128(2)),
        complaint_id: Uuid::from_u128(3),
        remedy_id: Uuid::from_u128(2),
        customer_id: Uuid::from_u128(4),
        purchase_id: Some(Uuid::from_u128(5)),
        kind: order::Kind::Refund,
        amount: cny(60),
        purchase_within: SignedDuration::ZERO,
        goods_within: SignedDuration::ZERO,
    };
    let mut commands = vec![Order::Open(facts), Order::Grant { parts: vec![], tendered: false }];
    assert_eq!(balances(&ledger(commands.clone())), [], "nothing left yet");
    commands.push(Order::Complete);
    assert_eq!(balances(&ledger(commands)), [("refund", 60), ("cash", -60)]);
}

#[test]
fn pieces_that_come_back_are_worth_what_was_paid_for_them_wherever_they_go_and_fees_are_kept() {
    let found = [(1, true, Disposition::Restock), (1, true, Disposition::Destroy), (1, true, Disposition::Outlet)];
    let whole = asked(Kind::ReturnRefund, WhenGoods::Before, 3, None);
    let mut commands = vec![whole, receive(), inspect(&found)];
    commands.extend(paid(0, (100, 10, None)));
    let ledger = ledger(commands);
    let stands = balances(&ledger);
    let goods = [("stock", 33), ("set_aside", 33)];
    let costs = [("refund", 100), ("fees", -10), ("goods", -100), ("write_off", 34), ("cash", -90)];
    assert_eq!(stands, [costs.as_slice(), goods.as_slice()].concat(), "33 + 34 + 33 is what was paid for all three");
    assert_eq!(reasons(&ledger), ["goods_accepted", "refund_paid"]);
    let lies = Dimensions { cause: "no_reason".into(), batch: "b-1".into(), ..Dimensions::default() };
    let all = ledger.entries.iter().flat_map(|entry| &entry.postings);
    assert!(all.clone().count() > 0 && all.into_iter().all(|posting| posting.dimensions == lies));
}

#[test]
fn rejected_pieces_cost_nothing_until_somebody_rules_that_they_count_as_accepted() {
    let kept_apart = inspect(&[(1, false, Disposition::Quarantine)]);
    let hear = Order::Request(Asked::Goods(returning::Command::HearCustomer {
        line_no: 1,
        agreed: false,
        by: "staff:ana".into(),
    }));
    let mut commands = vec![asked(Kind::ReturnRefund, WhenGoods::Before, 1, None), receive(), kept_apart, hear];
    assert_eq!(balances(&ledger(commands.clone())), []);
    let rule = returning::Command::Rule { line_no: 1, by: "staff:bo".into(), approved: true, reason: "seen".into() };
    commands.push(Order::Request(Asked::Goods(rule)));
    assert_eq!(balances(&ledger(commands)), [("goods", -100), ("set_aside", 100)]);
}

#[test]
fn what_is_no_purchase_of_ours_has_no_worth_that_is_known() {
    let Order::Request(Asked::Ask { mut request, confirmed }) = asked(Kind::ReturnRefund, WhenGoods::Before, 1, None)
    else {
        panic!("it is asked for")
    };
    request.lines.first_mut().unwrap().bought = None;
    let ask = Order::Request(Asked::Ask { request, confirmed });
    let (by, reason, amounts) = ("staff:bo".into(), "seen".into(), Default::default());
    let review = Order::Request(Asked::Review { by, approved: true, reason, amounts });
    let here = vec![ask, review, receive(), inspect(&[(1, true, Disposition::Restock)])];
    assert_eq!(ledger(here), CostLedger::default());
}

#[test]
fn a_parcel_costs_its_goods_once_it_is_shipped_again_when_it_is_lost_and_not_when_it_comes_back() {
    let mut commands = vec![asked(Kind::Reship, WhenGoods::No, 1, None)];
    commands.extend(send(0, Outcome::Lost));
    assert_eq!(balances(&ledger(commands.clone())), [("goods", 100), ("stock", -100)]);
    commands.extend(send(1, Outcome::ReturnedUndelivered));
    let ledger = ledger(commands);
    assert_eq!(balances(&ledger), [("goods", 100), ("stock", -100)]);
    assert_eq!(reasons(&ledger), ["replacement_shipped", "replacement_shipped", "replacement_returned"]);
}

#[test]
fn an_exchange_costs_what_goes_out_less_what_came_in_and_what_the_customer_paid() {
    let mut dearer = vec![asked(Kind::Exchange, WhenGoods::No, 1, Some(130))];
    dearer.extend(paid(0, (100, 0, Some(100))).into_iter().take(1));
    let (reference, place) = ("till-1".into(), String::new());
    let pay = replacement::Command::PayDifference { reference, amount: cny(30), by_provider: false, place };
    dearer.push(replacement(0, pay));
    dearer.extend(send(0, Outcome::Delivered));
    assert_eq!(balances(&ledger(dearer)), [("refund", -30), ("goods", 130), ("cash", 30), ("stock", -130)]);

    let mut cheaper = vec![asked(Kind::Exchange, WhenGoods::No, 1, Some(80))];
    cheaper.extend(paid(0, (100, 5, Some(80))));
    cheaper.extend(send(0, Outcome::Delivered));
    let stands = balances(&ledger(cheaper));
    assert_eq!(stands, [("refund", 20), ("fees", -5), ("goods", 80), ("cash", -15), ("stock", -80)]);
}

fn step(step: Step) -> Order {
    Order::Request(Asked::Work { line_no: 1, by: "staff:eve".into(), step })
}

/// A repair for so much labour and parts, by the customer, as far as it is ready to be worked on.
fn quoted(repairable: bool) -> Vec<Order> {
    let facts = Known {
        category: None,
        serial: String::new(),
        batch: String::new(),
        bought_on: None,
        delivered_on: None,
        asked_on: "1970-01-01".parse().unwrap(),
        misuse: false,
    };
    let policy = Versioned { id: "default".into(), version: 1 };
    let coverage = Coverage { policy, rule: None, until: None, bearer: Bearer::Customer, facts };
    let (by, at) = (String::new(), NOW);
    let (cause, skill) = ("seal.worn".to_owned(), "pump".to_owned());
    let diagnosis = Diagnosis { repairable, cause, skill, coverage, by: by.clone(), at };
    let (problem, description, reason) = ("pump".into(), "doc:1".into(), "seen".into());
    let feasibility = Feasibility::Feasible;
    let register = Registration { problem, description, feasibility, reason, by, at };
    let whole = asked(Kind::Repair, WhenGoods::Before, 1, None);
    vec![whole, step(Step::Register(Box::new(register))), receive(), step(Step::Diagnose(Box::new(diagnosis)))]
}

#[test]
fn a_repair_costs_its_labour_and_parts_once_and_what_the_customer_paid_is_an_income() {
    let item = |kind, quantity, minor| Item { kind, code: "one".into(), quantity, unit_price: cny(minor) };
    let items = vec![item(ItemKind::Labour, 2, 20), item(ItemKind::Part, 3, 5)];
    let mut commands = quoted(true);
    let more = [
        Step::Quote { items },
        Step::AnswerQuote { version: 1, agreed: true },
        Step::Assign { technician: "staff:li".into() },
        Step::Start,
        Step::Test { passed: true },
        Step::HandOver { payment: Some("pay-1".into()), by_provider: false, place: String::new() },
    ];
    commands.extend(more.map(step));
    let ledger = ledger(commands);
    assert_eq!(balances(&ledger), [("fees", -55), ("labour", 40), ("parts", 15), ("cash", 55), ("payable", -55)]);
    let causes: Vec<&str> =
        ledger.entries.iter().flat_map(|entry| &entry.postings).map(|one| one.dimensions.cause.as_str()).collect();
    assert!(causes.iter().all(|cause| *cause == "seal.worn"), "what was found, not what the customer said");
}

#[test]
fn what_is_refunded_instead_of_repaired_stays_with_us() {
    let mut commands = quoted(false);
    let kind = order::work::AlternativeKind::Refund;
    commands.extend([Step::Offer(kind), Step::AnswerOffer { number: 1, agreed: true }].map(step));
    commands.extend(paid(0, (100, 0, None)));
    let stands = balances(&ledger(commands));
    assert_eq!(stands, [("refund", 100), ("goods", -100), ("cash", -100), ("set_aside", 100)]);
}

#[test]
fn r_ful_15_a_compensation_lies_with_its_cause_and_its_department_once_it_is_given() {
    use super::super::super::{
        giving::{What, tests::gift},
        order::compensation::tests::{approve, asked as given, compensation, issue},
    };
    let ask = |what, minor, purchase| {
        let mut request = given(order_id(uuid::Uuid::nil()), compensation("staff:ana", gift(what, minor), purchase));
        request.lines = vec![asked_line(0, Answer::Review)];
        request.lines.iter_mut().for_each(|line| line.batch = "b-1".into());
        Order::Request(Asked::Ask { request: Box::new(request), confirmed: true })
    };
    assert_eq!(balances(&ledger(vec![ask(What::Coupon, 50, None)])), [], "nothing costs before it is given");
    let coupon = ledger(vec![ask(What::Coupon, 50, None), issue(false), issue(true)]);
    assert_eq!(balances(&coupon), [("compensation", 50), ("payable", -50)]);
    let cash = ledger(vec![ask(What::Cash, 500, None), approve("staff:bo"), issue(true)]);
    assert_eq!(
        (balances(&cash), reasons(&cash)),
        (vec![("compensation", 500), ("cash", -500)], vec!["compensation_given"])
    );
    let lies = &cash.entries[0].postings[0].dimensions;
    let found = (lies.cause.as_str(), lies.department.as_str(), lies.batch.as_str());
    assert_eq!(found, ("service.slow", "store-operations", "b-1"));
    let paid = vec![ask(What::Cash, 500, Some(uuid::Uuid::from_u128(5))), approve("staff:bo")];
    let claim = |number: &str| {
        let order_id = order_id(uuid::Uuid::nil()).to_string();
        kernel::id::derived("compensation", &[&order_id, number])
    };
    let fail = Order::money(claim("0"), News::Fail { code: "no".into() });
    let repeat = Order::money(claim("0"), News::Repeat);
    let paid = ledger([paid, vec![fail, repeat, Order::money(claim("1"), News::Pay)]].concat());
    assert_eq!(balances(&paid), [("compensation", 500), ("cash", -500)], "what failed cost nothing");
    assert_eq!(balances(&ledger(vec![ask(What::ServiceAgain, 0, None), issue(true)])), [], "what it costs people tell");
}
