//! Every state of an order that was asked for with every command, who may grant it, and which pieces it takes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::sync::LazyLock;

use jiff::SignedDuration;
use kernel::{
    returns::{self, Answer, Bearer, Facts, Goods as WhenGoods, Policy, Proof, Words},
    sla::Warning,
};
use proptest::prelude::*;

use super::{
    super::{
        super::{Consequence, account, machine},
        Command as Order, Event as Happened,
        returning::PeopleTerms,
        work::RepairTerms,
    },
    *,
};

pub const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const PURCHASE: Uuid = Uuid::from_u128(5);

static POLICY: LazyLock<Policy> = LazyLock::new(|| backbone::config::document(None, returns::DEFAULT).unwrap());

/// A line the shipped policy answers like this.
pub fn line(n: usize, answer: Answer) -> Line {
    let (reason, resaleable) = match answer {
        Answer::Eligible => ("no_reason", true),
        Answer::Ineligible => ("no_reason", false),
        Answer::Review => ("discomfort", true),
    };
    let facts = Facts {
        kind: Kind::ReturnRefund,
        reason: reason.into(),
        proof: Proof::Receipt,
        category: None,
        channel: None,
        segment: None,
        days_since_delivery: Some(1),
        days_since_purchase: Some(1),
        opened: None,
        resaleable: Some(resaleable),
        discomfort: None,
        amount: None,
        buyer: None,
    };
    let receipt = POLICY.decide(facts).unwrap();
    assert_eq!(receipt.outcome.answer, answer);
    let bought = Some(Bought { purchase_id: PURCHASE, line_id: n.to_string() });
    let (product_id, batch, serial) = ("p-1".into(), String::new(), String::new());
    Line {
        bought,
        product_id,
        batch,
        serial,
        quantity: 1,
        evidence: vec![],
        receipt,
        wanted: None,
        leg: None,
        work: None,
    }
}

pub fn request(answers: &[Answer]) -> Request {
    Request {
        order_id: Uuid::from_u128(1),
        customer_id: Uuid::from_u128(4),
        origin: Origin { kind: OriginKind::Counter, reference: "s-1".into() },
        kind: Kind::ReturnRefund,
        by: "staff:ana".into(),
        lines: answers.iter().enumerate().map(|(n, answer)| line(n, *answer)).collect(),
        form: Form { send_to: "Warehouse".into(), instructions: Words::new() },
        confirmed_at: None,
        review: None,
        authorised_at: None,
        rma_number: None,
        cancelled: None,
        terms: Terms {
            goods_within: SignedDuration::from_hours(24),
            inspect_within: SignedDuration::from_hours(2),
            refund_within: SignedDuration::from_hours(8),
            refund_warnings: vec![Warning::Percent(80)],
            replace_within: SignedDuration::from_hours(4),
            replace_warnings: vec![Warning::Percent(50)],
            replace_attempts: 2,
            repair: RepairTerms {
                within: SignedDuration::from_hours(48),
                warnings: vec![Warning::Percent(50)],
                quote_valid_for: SignedDuration::from_hours(12),
                satisfaction_within: SignedDuration::from_hours(24),
            },
            answer_within: SignedDuration::from_hours(96),
            people: PeopleTerms {
                review_within: SignedDuration::from_hours(20),
                review_health_within: SignedDuration::from_hours(4),
                rule_within: SignedDuration::from_hours(10),
                deliver_within: SignedDuration::from_hours(60),
                give_within: SignedDuration::from_hours(30),
                warnings: vec![Warning::Percent(80)],
            },
        },
        surplus: vec![],
        promises: Promises::default(),
        payouts: vec![],
        replacements: vec![],
        compensation: None,
        agreed: false,
        agreed_money: None,
        unanswered_at: None,
        label: None,
        effort: Effort::default(),
    }
}

pub fn ask(answers: &[Answer], confirmed: bool) -> Order {
    Order::Request(Command::Ask { request: Box::new(request(answers)), confirmed })
}

fn review(by: &str, approved: bool) -> Order {
    Order::Request(Command::Review { by: by.into(), approved, reason: "seen".into(), amounts: Default::default() })
}

pub fn cancel() -> Order {
    Order::Request(Command::Cancel { by: "staff:ana".into(), reason: "not_wanted".into(), goods_returned: None })
}

pub fn next(order: &ServiceOrder, command: Order) -> Result<ServiceOrder, &'static str> {
    let events = order.decide(command, NOW).map_err(|no| no.code())?;
    let mut next = order.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok(next)
}

pub fn after(commands: &[Order]) -> ServiceOrder {
    commands.iter().fold(ServiceOrder::default(), |order, command| next(&order, command.clone()).unwrap())
}

const CONFIRM: Order = Order::Request(Command::Confirm);
use Answer::{Eligible, Ineligible, Review as Unsure};

#[test]
fn r_ful_01_every_command_in_every_state() {
    let states = [
        ("absent", after(&[])),
        ("in_review", after(&[ask(&[Unsure], false)])),
        ("in_review, confirmed", after(&[ask(&[Unsure, Eligible], true)])),
        ("eligible", after(&[ask(&[Eligible, Ineligible], false)])),
        ("ineligible", after(&[ask(&[Ineligible], true)])),
        ("authorised", after(&[ask(&[Eligible], true)])),
        ("cancelled", after(&[ask(&[Eligible], true), cancel()])),
    ];
    let commands = [
        ("ask, sure", ask(&[Eligible], false)),
        ("ask, confirmed", ask(&[Eligible], true)),
        ("ask, unsure", ask(&[Unsure], true)),
        ("ask, against the policy", ask(&[Ineligible], true)),
        ("ask for nothing", ask(&[], true)),
        ("confirm", CONFIRM),
        ("approve", review("staff:bo", true)),
        ("refuse", review("staff:bo", false)),
        ("approve oneself", review("staff:ANA", true)),
        ("cancel", cancel()),
        ("receive goods", Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] }),
        ("complete", Order::Complete),
        ("look for answers too early", Order::Request(Command::LookForAnswers)),
    ];
    const ZERO: &str = "order.no_lines";
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const OWN: &str = "order.own_request";
    const ON: &str = "in_progress";
    const YES: &str = "authorised";
    const NO: &str = "ineligible";
    const OFF: &str = "cancelled";
    #[rustfmt::skip]
    let table: machine::Table<'_, 13> = &[
        //                       sure        confirmed unsure       against nothing confirm      approve     refuse      oneself cancel goods  complete
        ("absent",               ["eligible", YES,     "in_review", NO,     ZERO,   NONE,        NONE,       NONE,       NONE,   NONE,  NONE,  NONE, NONE]),
        ("in_review",            ["-",        "-",     "-",         "-",    "-",    "in_review", "eligible", NO,         OWN,    OFF,   NOT,   NOT, "-"]),
        ("in_review, confirmed", ["-",        "-",     "-",         "-",    "-",    "-",         ON,         YES,        OWN,    OFF,   NOT,   NOT, "-"]),
        ("eligible",             ["-",        "-",     "-",         "-",    "-",    YES,         NOT,        NOT,        NOT,    OFF,   NOT,   NOT, "-"]),
        ("ineligible",           ["-",        "-",     "-",         "-",    "-",    "-",         NOT,        NOT,        NOT,    NOT,   NOT,   NOT, "-"]),
        ("authorised",           ["-",        "-",     "-",         "-",    "-",    "-",         NOT,        NOT,        NOT,    OFF,   ON,    NOT, "-"]),
        ("cancelled",            ["-",        "-",     "-",         "-",    "-",    "-",         NOT,        NOT,        NOT,    "-",   NOT,   NOT, "-"]),
    ];
    machine::check("request", &states, &commands, table, next);
}

#[test]
fn an_order_that_was_agreed_is_not_one_that_was_asked_for() {
    let agreed = r#"{"facts":null,"opened_at":null,"goods":{"kind":"not_expected"},"state":{"kind":"requested"}}"#;
    let agreed: ServiceOrder = serde_json::from_str(agreed).unwrap();
    let news = Order::money(Uuid::nil(), money::News::Pay);
    for command in [CONFIRM, review("staff:bo", true), cancel(), news] {
        assert_eq!(next(&agreed, command), Err("order.not_now"));
    }
    assert_eq!(next(&agreed, ask(&[Eligible], true)), Ok(agreed), "its remedy is its receipt");
}

#[test]
fn the_same_line_of_a_purchase_stands_in_an_order_once() {
    let mut twice = request(&[Eligible, Eligible]);
    twice.lines[1].bought = twice.lines[0].bought.clone();
    let ask = Order::Request(Command::Ask { request: Box::new(twice), confirmed: false });
    assert_eq!(next(&ServiceOrder::default(), ask), Err("order.line_twice"));
}

#[test]
fn r_ful_03_the_number_of_an_authorised_return_is_short_clear_and_the_same_for_ever() {
    assert_eq!(rma_number(Uuid::from_u128(1)), rma_number(Uuid::from_u128(1)));
    let numbers: BTreeSet<_> = (0..1000).map(|n| rma_number(Uuid::from_u128(n))).collect();
    assert_eq!(numbers.len(), 1000);
    assert!(numbers.iter().all(|number| number.len() == 13 && !number.contains(['I', 'L', 'O', 'U'])));
    let number = |order: ServiceOrder| order.request.unwrap().rma_number;
    assert_eq!(number(after(&[ask(&[Eligible], false)])), None, "not before the customer has confirmed");
    assert_eq!(number(after(&[ask(&[Eligible], true)])), Some(rma_number(Uuid::from_u128(1))));
    let mut kept = request(&[Eligible]);
    kept.lines[0].receipt.outcome.goods = WhenGoods::No;
    let ask = Order::Request(Command::Ask { request: Box::new(kept), confirmed: true });
    assert_eq!(number(after(&[ask])), None, "nothing comes back");
}

/// Whether the customer has yet to be told with what is authorised; nothing where nothing is.
fn untold(commands: &[Order]) -> Option<bool> {
    let (mut order, mut untold) = (ServiceOrder::default(), None);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            if let Happened::Request(Event::Authorised { untold: told, .. }) = event {
                untold = Some(told);
            }
        }
    }
    untold
}

#[test]
fn r_ful_03_who_was_not_there_when_it_was_authorised_has_yet_to_be_told() {
    let confirm = || Order::Request(Command::Confirm);
    assert_eq!(untold(&[ask(&[Eligible], true)]), Some(false), "who asked got the answer");
    assert_eq!(untold(&[ask(&[Eligible], false), confirm()]), Some(false), "so did who confirmed");
    assert_eq!(untold(&[ask(&[Unsure], true), review("staff:bo", true)]), Some(true), "nobody but the reviewer");
    assert_eq!(untold(&[ask(&[Unsure], false), confirm(), review("staff:bo", true)]), Some(true));
    assert_eq!(untold(&[ask(&[Unsure], false), review("staff:bo", true), confirm()]), Some(false));
    assert_eq!(untold(&[ask(&[Eligible, Unsure], true), review("staff:bo", false)]), Some(true), "the rest of it");
    assert_eq!(untold(&[ask(&[Unsure], true), review("staff:bo", false)]), None);
    let mut agreed = request(&[Eligible]);
    agreed.agreed = true;
    let by_itself = super::ask(Box::new(agreed), true, NOW).unwrap();
    let told = by_itself.iter().any(|event| matches!(event, Event::Authorised { untold: true, .. }));
    assert!(told, "it was agreed in a complaint");
}

#[test]
fn r_ful_08_one_line_that_is_sent_at_our_cost_makes_the_parcel_ours() {
    let mut both = request(&[Eligible, Eligible]);
    assert_eq!(both.freight(), Some(Bearer::Customer));
    both.lines[1].receipt.outcome.freight = Bearer::Supplier;
    assert_eq!(both.freight(), Some(Bearer::Supplier));
}

/// Pieces taken and given back on the way, by line.
fn moved(commands: &[Order]) -> Vec<(&'static str, Vec<String>)> {
    let (mut order, mut moved) = (ServiceOrder::default(), vec![]);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            for consequence in order.consequences(&event) {
                let Consequence::Account(PURCHASE, command) = consequence else { continue };
                let (word, units) = match command {
                    account::Command::Take { units, .. } => ("take", units),
                    account::Command::GiveBack { units, .. } => ("give back", units),
                    _ => continue,
                };
                moved.push((word, units.into_iter().map(|units| units.line_id).collect()));
            }
        }
    }
    moved
}

#[test]
fn pieces_are_taken_when_they_are_asked_for_and_free_when_they_are_refused_or_not_wanted() {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let asked = ask(&[Eligible, Ineligible, Unsure], true);
    let refused = [asked.clone(), review("staff:bo", false), cancel()];
    assert_eq!(
        moved(&refused),
        [("take", lines(&["0", "2"])), ("give back", lines(&["2"])), ("give back", lines(&["0"]))]
    );
    assert_eq!(moved(&[asked.clone(), review("staff:bo", true)]), [("take", lines(&["0", "2"]))]);
    assert_eq!(moved(&[asked, cancel()]), [("take", lines(&["0", "2"])), ("give back", lines(&["0", "2"]))]);
    assert_eq!(moved(&[ask(&[Ineligible], true)]), []);
}

fn commands() -> impl Strategy<Value = Order> {
    let answers = || prop::collection::vec(prop::sample::select(vec![Eligible, Ineligible, Unsure]), 1..4);
    prop_oneof![
        2 => (answers(), any::<bool>()).prop_map(|(answers, confirmed)| ask(&answers, confirmed)),
        1 => Just(CONFIRM),
        1 => (prop::sample::select(vec!["staff:ana", "staff:bo"]), any::<bool>()).prop_map(|(by, yes)| review(by, yes)),
        1 => Just(cancel()),
    ]
}

proptest! {
    /// R-FUL-01, R-FUL-02.
    #[test]
    fn nothing_is_authorised_without_a_rule_or_another_person_and_the_customers_word(
        steps in prop::collection::vec(commands(), 1..12),
    ) {
        let mut order = ServiceOrder::default();
        for step in steps {
            for event in order.decide(step, NOW).unwrap_or_default() {
                order.apply(&event);
                prop_assert!(matches!(event, Happened::Request(_)));
            }
            let Some(request) = &order.request else { continue };
            prop_assert!(request.review.as_ref().is_none_or(|review| review.by == "staff:bo"));
            let granted = request.lines.iter().any(|line| match line.receipt.outcome.answer {
                Answer::Eligible => true,
                Answer::Review => request.review.as_ref().is_some_and(|review| review.approved),
                Answer::Ineligible => false,
            });
            prop_assert!(request.authorised_at.is_none() || (granted && request.confirmed_at.is_some()));
            prop_assert_eq!(request.rma_number.is_some(), request.authorised_at.is_some());
            prop_assert_eq!(order.state == State::Cancelled, request.cancelled.is_some());
        }
    }
}
