//! Every stage of a compensation with every command, who may approve it, and what follows for budgets, refunds and the ledger.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
use jiff::SignedDuration;
use kernel::returns::{Answer, Kind};

use super::{
    super::{
        super::{
            Consequence, budget,
            giving::tests::{gift, rules},
            machine, refund, refund_id,
        },
        Command as Order, ServiceOrder, State,
        money::News,
        portion,
        request::{
            Command, Request,
            tests::{NOW, after, cancel, line, next, request},
        },
    },
    *,
};

const PURCHASE: Uuid = Uuid::from_u128(5);

/// As the door makes it of what somebody asks for at a counter.
pub fn compensation(by: &str, gift: Gift, purchase_id: Option<Uuid>) -> Compensation {
    compensation_at(NOW, by, gift, purchase_id)
}

pub fn compensation_at(at: Timestamp, by: &str, gift: Gift, purchase_id: Option<Uuid>) -> Compensation {
    let rules = rules();
    let purse = rules.purse(by, Some("s-1"), at);
    let (approval, reservation) = (rules.approval(by, &gift, at), rules.reservation(&purse, &gift, at));
    let (stage, since, claims, issued) = (Stage::Asked, at, 0, None);
    let (by_hand, doubted, differs) = (false, false, false);
    Compensation {
        gift,
        purse,
        purchase_id,
        approval,
        reservation,
        stage,
        since,
        claims,
        issued,
        by_hand,
        doubted,
        differs,
    }
}

pub fn asked(order_id: Uuid, given: Compensation) -> Request {
    let mut request = request(&[]);
    (request.order_id, request.kind, request.compensation) = (order_id, Kind::Compensation, Some(given));
    request
}

fn ask(what: What, minor: i64, confirmed: bool) -> Order {
    let purchase = (what == What::Cash).then_some(PURCHASE);
    let given = compensation("staff:ana", gift(what, minor), purchase);
    let request = Box::new(asked(Uuid::from_u128(1), given));
    Order::Request(Command::Ask { request, confirmed })
}

fn step(by: &str, step: Step) -> Order {
    Order::Request(Command::Compensation { by: by.into(), step })
}

pub fn approve(by: &str) -> Order {
    step(by, Step::Approve { rules: rules() })
}

fn refuse(by: &str) -> Order {
    step(by, Step::Refuse { reason: "not_ours".into(), rules: rules() })
}

pub fn issue(handed_over: bool) -> Order {
    step("staff:ana", Step::Issue { reference: "C-1".into(), handed_over })
}

fn news(order: &ServiceOrder, news: News) -> Order {
    let claim_id = order.request.as_ref().unwrap().compensation_claimed().unwrap();
    Order::money(claim_id, news)
}

const LATER: SignedDuration = SignedDuration::from_hours(73);
const LOOK: Order = Order::Request(Command::LookAtCompensation);
const FIRST: fn(News) -> Order = |news| {
    let claim_id = kernel::id::derived("compensation", &[&Uuid::from_u128(1).to_string(), "0"]);
    Order::money(claim_id, news)
};

fn led(order: &ServiceOrder, command: Order, at: Timestamp) -> ServiceOrder {
    let mut next = order.clone();
    order.decide(command, at).unwrap().iter().for_each(|event| next.apply(event));
    next
}

fn stage(order: &ServiceOrder) -> &'static str {
    order.request.as_ref().unwrap().compensation.as_ref().unwrap().stage.word()
}

fn failed() -> News {
    News::Fail { code: "account_closed".into() }
}

#[test]
fn r_ful_15_every_command_in_every_stage() {
    let asked = after(&[ask(What::Cash, 500, true)]);
    let paying = after(&[ask(What::Cash, 500, true), approve("staff:bo")]);
    let states = [
        ("absent", ServiceOrder::default()),
        ("asked", asked.clone()),
        ("asked, unconfirmed", after(&[ask(What::Cash, 500, false)])),
        ("held back", led(&asked, LOOK, NOW + LATER)),
        ("refused", after(&[ask(What::Cash, 500, true), refuse("staff:bo")])),
        ("approved, unconfirmed", after(&[ask(What::Coupon, 50, false)])),
        ("approved", after(&[ask(What::Coupon, 50, true)])),
        ("issued", after(&[ask(What::Coupon, 50, true), issue(false)])),
        ("given", after(&[ask(What::Coupon, 50, true), issue(true)])),
        ("paying", paying.clone()),
        ("failed", next(&paying, news(&paying, failed())).unwrap()),
        ("paid", next(&paying, news(&paying, News::Pay)).unwrap()),
        ("cancelled", after(&[ask(What::Coupon, 50, true), cancel()])),
    ];
    let commands = [
        ("ask for little", ask(What::Coupon, 50, true)),
        ("ask for much", ask(What::Cash, 500, true)),
        ("approve", approve("staff:bo")),
        ("approve oneself", approve("staff:ANA")),
        ("approve without a role", approve("staff:zoe")),
        ("refuse", refuse("staff:bo")),
        ("submit again", step("staff:li", Step::Resubmit { rules: rules() })),
        ("issue", issue(false)),
        ("hand over", issue(true)),
        ("give", step("staff:ana", Step::Give)),
        ("confirm", Order::Request(Command::Confirm)),
        ("cancel", cancel()),
        (
            "review",
            Order::Request(Command::Review {
                by: "staff:bo".into(),
                approved: true,
                reason: "seen".into(),
                amounts: Default::default(),
            }),
        ),
        ("pay", FIRST(News::Pay)),
        ("fail", FIRST(failed())),
        ("repeat", FIRST(News::Repeat)),
        ("look too early", LOOK),
    ];
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const OWN: &str = "approval.own_work";
    const ROLE: &str = "approval.no_role";
    const SELF: &str = "order.no_such_claim";
    const STEPS: &str = "order.approved_in_steps";
    const ASKED: &str = "in_review";
    const SURE: &str = "eligible";
    const YES: &str = "authorised";
    const ON: &str = "in_progress";
    const DONE: &str = "completed";
    const NO: &str = "ineligible";
    const OFF: &str = "cancelled";
    #[rustfmt::skip]
    let table: machine::Table<'_, 17> = &[
        //                         little much   approve own   role  refuse again  issue hand  give  confirm cancel review pay   fail  repeat look
        ("absent",                [YES,   ASKED, NONE,   NONE, NONE, NONE,  NONE,  NONE, NONE, NONE, NONE,   NONE,  NONE,  NONE, NONE, NONE,  NONE]),
        ("asked",                 ["-",   "-",   ON,     OWN,  ROLE, NO,    NOT,   NOT,  NOT,  NOT,  "-",    OFF,   STEPS, SELF, SELF, SELF,  "-"]),
        ("asked, unconfirmed",    ["-",   "-",   SURE,   OWN,  ROLE, NO,    NOT,   NOT,  NOT,  NOT,  ASKED,  OFF,   STEPS, SELF, SELF, SELF,  "-"]),
        ("held back",             ["-",   "-",   NOT,    NOT,  NOT,  NOT,   ASKED, NOT,  NOT,  NOT,  "-",    OFF,   STEPS, SELF, SELF, SELF,  "-"]),
        ("refused",               ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   NOT,  NOT,  NOT,  "-",    NOT,   NOT,   SELF, SELF, SELF,  "-"]),
        ("approved, unconfirmed", ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   NOT,  NOT,  NOT,  YES,    OFF,   NOT,   SELF, SELF, SELF,  "-"]),
        ("approved",              ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   ON,   DONE, NOT,  "-",    OFF,   NOT,   SELF, SELF, SELF,  "-"]),
        ("issued",                ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   "-",  "-",  DONE, "-",    NOT,   NOT,   SELF, SELF, SELF,  "-"]),
        ("given",                 ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   "-",  "-",  "-",  "-",    NOT,   NOT,   SELF, SELF, SELF,  "-"]),
        ("paying",                ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   NOT,  NOT,  NOT,  "-",    NOT,   NOT,   DONE, ON,   NOT,   "-"]),
        ("failed",                ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   NOT,  NOT,  NOT,  "-",    OFF,   NOT,   "-",  "-",  ON,    "-"]),
        ("paid",                  ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   NOT,  NOT,  "-",  "-",    NOT,   NOT,   "-",  "-",  NOT,   "-"]),
        ("cancelled",             ["-",   "-",   NOT,    NOT,  NOT,  NOT,   NOT,   NOT,  NOT,  NOT,  "-",    "-",   NOT,   SELF, SELF, SELF,  "-"]),
    ];
    machine::check("compensation", &states, &commands, table, next);
}

#[test]
fn r_ful_15_above_the_first_limit_two_people_approve_and_neither_is_who_asked() {
    let asked = after(&[ask(What::Cash, 1_001, true)]);
    let once = next(&asked, approve("staff:bo")).unwrap();
    assert_eq!((stage(&once), once.state.clone()), ("asked", State::InReview));
    assert_eq!(next(&once, approve("staff:bo")), Err("approval.already_approved"));
    assert_eq!(next(&once, approve("staff:li")), Err("approval.no_role"), "the second step is another role's");
    assert_eq!(stage(&next(&once, approve("staff:eva")).unwrap()), "paying");
    assert_eq!(next(&once, refuse("staff:eva")).unwrap().state, State::Ineligible);
    let own = compensation("staff:bo", gift(What::Cash, 500), None);
    let mut own = asked_by("staff:bo", own);
    own.by = "staff:bo".into();
    let own = after(&[Order::Request(Command::Ask { request: Box::new(own), confirmed: true })]);
    assert_eq!(next(&own, approve("staff:Bo")), Err("approval.own_work"));
    assert!(next(&own, approve("staff:li")).is_ok());
}

fn asked_by(by: &str, given: Compensation) -> Request {
    Request { by: by.into(), ..asked(Uuid::from_u128(1), given) }
}

#[test]
fn r_ful_15_nobody_approves_in_time_it_is_held_back_and_may_be_submitted_again() {
    let asked = after(&[ask(What::Cash, 500, true)]);
    let due = asked.request.as_ref().unwrap().compensation.as_ref().unwrap().approval_due().unwrap();
    assert_eq!(due, NOW + SignedDuration::from_hours(72));
    assert_eq!(asked.decide(LOOK, due - SignedDuration::from_secs(1)).unwrap(), []);
    let held = led(&asked, LOOK, due + SignedDuration::from_secs(1));
    assert_eq!(stage(&held), "held_back");
    let again = led(&held, step("staff:zoe", Step::Resubmit { rules: rules() }), due);
    assert_eq!(stage(&again), "asked");
    assert_eq!(next(&again, approve("staff:ana")), Err("approval.own_work"), "its author stays who he is");
    let paid = led(&again, approve("staff:bo"), due + SignedDuration::from_hours(1));
    assert_eq!(stage(&paid), "paying");
}

/// What follows for others from each command, in words.
fn followed(commands: Vec<Order>) -> Vec<String> {
    let (mut order, mut found) = (ServiceOrder::default(), vec![]);
    for command in commands {
        for event in order.decide(command, NOW).unwrap() {
            order.apply(&event);
            found.extend(order.consequences(&event).into_iter().map(|one| match one {
                Consequence::Budget(_, budget::Command::Reserve { of, .. }) => format!("hold {}", of.minor),
                Consequence::Budget(_, budget::Command::Spend { .. }) => "spend".into(),
                Consequence::Budget(_, budget::Command::Release { .. }) => "free".into(),
                Consequence::Refund(id, refund::Command::Queue(facts)) => {
                    assert_eq!(Some(id), facts.claim_id.map(refund_id));
                    format!("pay {} {}", facts.amount.minor, facts.compensation)
                }
                other => format!("{other:?}"),
            }));
        }
    }
    found
}

#[test]
fn r_ful_15_the_budget_holds_it_from_the_approval_on_and_each_payment_has_its_own_key() {
    let coupon = || ask(What::Coupon, 50, true);
    assert_eq!(followed(vec![coupon(), cancel()]), ["hold 50", "free"]);
    assert_eq!(followed(vec![coupon(), issue(false), issue(false)]), ["hold 50", "spend"]);
    assert_eq!(followed(vec![ask(What::ServiceAgain, 0, true), issue(true)]), Vec::<String>::new());
    let cash = || ask(What::Cash, 500, true);
    assert_eq!(followed(vec![cash(), cancel()]), Vec::<String>::new().as_slice(), "nothing was held yet");
    let paid = vec![cash(), approve("staff:bo"), FIRST(News::Pay), FIRST(News::Pay)];
    assert_eq!(followed(paid), ["hold 500", "pay 500 true", "spend"]);
    let repeated = vec![cash(), approve("staff:bo"), FIRST(failed()), FIRST(News::Repeat)];
    assert_eq!(followed(repeated), ["hold 500", "pay 500 true", "pay 500 true"]);
    let given_up = vec![cash(), approve("staff:bo"), FIRST(failed()), cancel()];
    assert_eq!(followed(given_up), ["hold 500", "pay 500 true", "free"]);
}

#[test]
fn the_articles_of_a_compensation_stay_with_the_customer_and_free_for_a_return() {
    let mut about = asked(Uuid::from_u128(1), compensation("staff:ana", gift(What::Coupon, 50), None));
    about.lines = vec![line(0, Answer::Review)];
    let ask = |request: &Request| Order::Request(Command::Ask { request: Box::new(request.clone()), confirmed: true });
    let order = after(&[ask(&about)]);
    let request = order.request.as_ref().unwrap();
    assert_eq!((order.state.clone(), request.returning().count(), &request.rma_number), (State::Authorised, 0, &None));
    assert_eq!(followed(vec![ask(&about)]), ["hold 50"], "no piece is taken");
    about.lines.push(line(1, Answer::Ineligible));
    let refused = after(&[ask(&about)]);
    assert_eq!(refused.state, State::Ineligible, "what a rule refuses is not given beside it");
    assert_eq!(followed(vec![ask(&about)]), Vec::<String>::new());
    assert_eq!(next(&refused, issue(true)), Err("order.not_now"));
}

#[test]
fn cash_without_a_purchase_is_paid_by_a_person_and_late_news_of_an_older_payment_does_nothing() {
    let cash = asked(Uuid::from_u128(1), compensation("staff:ana", gift(What::Cash, 500), None));
    let ask = Order::Request(Command::Ask { request: Box::new(cash), confirmed: true });
    let approved = after(&[ask, approve("staff:bo")]);
    assert_eq!((stage(&approved), approved.state.clone()), ("approved", State::Authorised));
    assert_eq!(next(&approved, issue(true)).unwrap().state, State::Completed { refund_id: None });

    let again = after(&[self::ask(What::Cash, 500, true), approve("staff:bo"), FIRST(failed()), FIRST(News::Repeat)]);
    assert_eq!(stage(&again), "paying");
    for late in [News::Pay, failed(), News::Repeat] {
        assert_eq!(next(&again, FIRST(late)).as_ref(), Ok(&again), "the newer payment has its own word");
    }
    let stranger = Order::money(Uuid::nil(), News::Pay);
    assert_eq!(next(&again, stranger), Err("order.no_such_claim"));
    assert_eq!(stage(&next(&again, news(&again, News::Pay)).expect("it is paid")), "given");
}

#[test]
fn r_ful_15_cash_the_provider_refused_is_paid_by_people_once_they_know_that_he_did_not_pay() {
    let by_hand = || FIRST(News::Portion(portion::News::Repeat { by_hand: true }));
    let failed_once = || vec![self::ask(What::Cash, 500, true), approve("staff:bo"), FIRST(failed())];
    let (mut order, mut found) = (ServiceOrder::default(), vec![]);
    let again = [failed_once(), vec![by_hand(), FIRST(News::Doubt { differs: false })]].concat();
    for command in again {
        for event in order.decide(command, NOW).unwrap() {
            order.apply(&event);
            found.extend(order.consequences(&event).into_iter().filter_map(|one| match one {
                Consequence::Refund(_, refund::Command::Queue(facts)) => {
                    Some(format!("pay, by hand {}", facts.by_hand))
                }
                Consequence::Refund(_, refund::Command::Doubt { .. }) => Some("doubt".into()),
                _ => None,
            }));
        }
    }
    assert_eq!(found, ["pay, by hand false", "pay, by hand true", "doubt"]);
    assert_eq!(next(&order, by_hand()).as_ref(), Ok(&order), "news of an older payment");
    assert_eq!(stage(&next(&order, news(&order, News::Pay)).unwrap()), "given");
    let doubted = after(&[failed_once(), vec![FIRST(News::Doubt { differs: false }), FIRST(News::Repeat)]].concat());
    assert!(doubted.request.as_ref().unwrap().compensation.as_ref().unwrap().by_hand, "never by the provider again");
}

#[test]
fn the_number_of_a_coupon_stands_for_one_order_only() {
    let issued = after(&[ask(What::Coupon, 50, true), issue(false)]);
    let other = step("staff:ana", Step::Issue { reference: "C-2".into(), handed_over: false });
    assert_eq!(next(&issued, other), Err("order.not_now"));
    assert_eq!(issued.request.unwrap().compensation.unwrap().issued.unwrap().reference, "C-1");
}
