//! Every state of an agreed remedy that a person completes, with every command; nothing of it differs from what was agreed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use kernel::returns::{Answer, Goods as WhenGoods};

use super::{
    super::{
        super::{giving::tests::gift, machine},
        Command as Order,
        compensation::tests::{asked, compensation, issue},
        money::News,
        replacement::{
            self,
            tests::{article, claim, hold, news, tell},
        },
        request::{
            Command,
            tests::{NOW, after, cancel, next, request},
        },
    },
    *,
};

const PURCHASE: Uuid = Uuid::from_u128(5);

fn agreement(kind: AgreedKind) -> Agreement {
    Agreement {
        order_id: Uuid::from_u128(1),
        complaint_id: Uuid::from_u128(2),
        remedy_id: Uuid::from_u128(3),
        customer_id: Uuid::from_u128(4),
        purchase_id: Some(PURCHASE),
        kind,
        amount: (kind == AgreedKind::Compensation).then(|| Money::new(50, "CNY".parse().unwrap())),
        complete_within: SignedDuration::from_hours(72),
        overdue: false,
        ended: false,
        returns: None,
    }
}

fn promise(kind: AgreedKind) -> Order {
    Order::Promise(agreement(kind))
}

/// A person completes it; of a compensation with so much of something.
fn complete(kind: Kind, given: Option<(What, i64)>, agreed: bool, answer: Answer) -> Order {
    let mut one = match given {
        Some((what, minor)) => {
            let mut given = compensation("staff:ana", gift(what, minor), None);
            given.approval = None;
            asked(Uuid::from_u128(1), given)
        }
        None => request(&[answer]),
    };
    (one.kind, one.agreed) = (kind, agreed);
    Order::Request(Command::Ask { request: Box::new(one), confirmed: true })
}

fn exchange(answer: Answer) -> Order {
    complete(Kind::Exchange, None, true, answer)
}

#[test]
fn r_ful_17_every_command_in_every_state_of_an_agreed_remedy() {
    let promised = |kind| after(&[promise(kind)]);
    let coupon = || complete(Kind::Compensation, Some((What::Coupon, 50)), true, Answer::Eligible);
    let states = [
        ("absent", ServiceOrder::default()),
        ("promised exchange", promised(AgreedKind::Exchange)),
        ("promised compensation", promised(AgreedKind::Compensation)),
        ("promised service", promised(AgreedKind::ServiceAgain)),
        ("exchange", after(&[promise(AgreedKind::Exchange), exchange(Answer::Eligible)])),
        ("coupon", after(&[promise(AgreedKind::Compensation), coupon()])),
        ("given", after(&[promise(AgreedKind::Compensation), coupon(), issue(true)])),
        ("given up", after(&[promise(AgreedKind::Exchange), cancel()])),
    ];
    let more = complete(Kind::Compensation, Some((What::Coupon, 51)), true, Answer::Eligible);
    let commands = [
        ("promise", promise(AgreedKind::Exchange)),
        ("complete an exchange", exchange(Answer::Eligible)),
        ("complete a coupon", coupon()),
        ("complete a service", complete(Kind::Compensation, Some((What::ServiceAgain, 0)), true, Answer::Eligible)),
        ("complete more", more),
        ("complete another kind", complete(Kind::Reship, None, true, Answer::Eligible)),
        ("ask anew", complete(Kind::Exchange, None, false, Answer::Eligible)),
        ("give up", Order::GiveUp { reason: "settled_otherwise".into() }),
        ("cancel", cancel()),
        ("hand over", issue(true)),
        ("look", Order::Look),
    ];
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const OTHER: &str = "order.not_as_agreed";
    const NO: &str = "order.no_compensation";
    const OPEN: &str = "promised";
    const YES: &str = "authorised";
    const DONE: &str = "completed";
    const OFF: &str = "cancelled";
    #[rustfmt::skip]
    let table: machine::Table<'_, 11> = &[
        //                         promise exchange coupon service more   kind   anew   give up cancel hand   look
        ("absent",                [OPEN,   NOT,     NOT,   NOT,    NOT,   NOT,   YES,   "-",    NONE,  NONE,  "-"]),
        ("promised exchange",     ["-",    YES,     OTHER, OTHER,  OTHER, OTHER, OTHER, OFF,    OFF,   NOT,   "-"]),
        ("promised compensation", ["-",    OTHER,   YES,   OTHER,  OTHER, OTHER, OTHER, OFF,    OFF,   NOT,   "-"]),
        ("promised service",      ["-",    OTHER,   OTHER, YES,    OTHER, OTHER, OTHER, OFF,    OFF,   NOT,   "-"]),
        ("exchange",              ["-",    "-",     "-",   "-",    "-",   "-",   "-",   "-",    OFF,   NO,    "-"]),
        ("coupon",                ["-",    "-",     "-",   "-",    "-",   "-",   "-",   "-",    OFF,   DONE,  "-"]),
        ("given",                 ["-",    "-",     "-",   "-",    "-",   "-",   "-",   "-",    NOT,   "-",   "-"]),
        ("given up",              ["-",    NOT,     NOT,   NOT,    NOT,   NOT,   "-",   "-",    NOT,   NOT,   "-"]),
    ];
    machine::check("agreed", &states, &commands, table, next);
}

/// How it ended, each time it was told.
fn ends(commands: &[Order]) -> Vec<Option<String>> {
    let (mut order, mut ends) = (ServiceOrder::default(), vec![]);
    for command in commands {
        for event in order.decide(command.clone(), NOW).unwrap() {
            order.apply(&event);
            if let Event::Settled { code } = event {
                ends.push(code);
            }
        }
    }
    ends
}

#[test]
fn r_ful_17_an_agreed_remedy_ends_once_and_its_complaint_learns_how() {
    let coupon = complete(Kind::Compensation, Some((What::Coupon, 50)), true, Answer::Eligible);
    let promised = promise(AgreedKind::Compensation);
    assert_eq!(ends(&[promised.clone(), coupon.clone()]), []);
    assert_eq!(ends(&[promised.clone(), coupon.clone(), issue(true), issue(true)]), [None]);
    assert_eq!(ends(&[promised.clone(), coupon, cancel(), cancel()]), [Some("not_wanted".to_owned())]);
    let give_up = Order::GiveUp { reason: "settled_otherwise".into() };
    assert_eq!(ends(&[promised, give_up.clone(), give_up]), [Some("settled_otherwise".to_owned())]);
}

#[test]
fn r_ful_17_the_articles_are_those_of_the_agreed_purchase() {
    let Order::Request(Command::Ask { mut request, .. }) = exchange(Answer::Eligible) else { unreachable!() };
    for bought in [
        None,
        request.lines[0].bought.clone().map(|one| super::super::request::Bought { purchase_id: Uuid::nil(), ..one }),
    ] {
        request.lines[0].bought = bought;
        let ask = Order::Request(Command::Ask { request: request.clone(), confirmed: true });
        assert_eq!(next(&after(&[promise(AgreedKind::Exchange)]), ask), Err("order.not_as_agreed"));
    }
    let elsewhere = Agreement { purchase_id: None, ..agreement(AgreedKind::Exchange) };
    let ask = Order::Request(Command::Ask { request, confirmed: true });
    assert!(next(&after(&[Order::Promise(elsewhere)]), ask).is_ok(), "the complaint named none");
}

#[test]
fn r_ful_17_what_policy_would_refuse_was_approved_and_its_goods_come_first_and_no_money_takes_its_place() {
    for answer in [Answer::Review, Answer::Ineligible] {
        let order = after(&[promise(AgreedKind::Exchange), exchange(answer)]);
        let request = order.request.as_ref().unwrap();
        assert!(matches!(order.state, State::Authorised | State::InProgress), "{answer:?}: {:?}", order.state);
        assert_eq!(request.returning().count(), 1);
        let review = Order::Request(Command::Review {
            by: "staff:bo".into(),
            approved: false,
            reason: "no".into(),
            amounts: Default::default(),
        });
        assert_eq!(next(&order, review), Err("order.not_now"));
    }
    let mut at_once = request(&[Answer::Eligible]);
    (at_once.kind, at_once.agreed) = (Kind::Exchange, true);
    at_once.lines[0].receipt.outcome.goods = WhenGoods::No;
    let ask = Order::Request(Command::Ask { request: Box::new(at_once), confirmed: true });
    let order = after(&[promise(AgreedKind::Exchange), ask]);
    let id = order.request.as_ref().unwrap().replacements[0].id;
    let tell = |command| Order::Request(Command::Replacement { id, by: "staff:zoe".into(), command });
    let none = next(&order, tell(replacement::Command::ReportOutOfStock)).unwrap();
    assert_eq!(next(&none, tell(replacement::Command::TakeMoney)), Err("order.not_as_agreed"));
}

#[test]
fn r_ful_17_an_agreed_repair_that_fails_is_given_back_unrepaired_and_anything_else_is_agreed_anew() {
    use super::super::work::{AlternativeKind, Feasibility, Registration, Step};
    let step = |step| Order::Request(Command::Work { line_no: 1, by: "staff:bo".into(), step });
    let register = Registration {
        problem: "screen.broken".into(),
        description: "doc:words-1".into(),
        feasibility: Feasibility::Infeasible,
        reason: "seen".into(),
        by: String::new(),
        at: NOW,
    };
    let repair = complete(Kind::Repair, None, true, Answer::Eligible);
    let order = after(&[promise(AgreedKind::Repair), repair, step(Step::Register(Box::new(register)))]);
    for kind in [AlternativeKind::Refund, AlternativeKind::Exchange, AlternativeKind::Compensation] {
        assert_eq!(next(&order, step(Step::Offer(kind))), Err("order.not_as_agreed"), "{kind:?}");
    }
    assert!(next(&order, step(Step::Offer(AlternativeKind::ReturnUnrepaired))).is_ok());
}

/// An agreed exchange whose goods go out at once, after these words to its first attempt.
fn exchanged(goods: WhenGoods, told: &[replacement::Command]) -> ServiceOrder {
    let mut asked = request(&[Answer::Eligible]);
    (asked.kind, asked.agreed) = (Kind::Exchange, true);
    asked.lines[0].receipt.outcome.goods = goods;
    let ask = Order::Request(Command::Ask { request: Box::new(asked), confirmed: true });
    told.iter()
        .fold(after(&[promise(AgreedKind::Exchange), ask]), |order, command| say(&order, command.clone()).unwrap())
}

fn say(order: &ServiceOrder, command: replacement::Command) -> Result<ServiceOrder, &'static str> {
    let id = order.request.as_ref().unwrap().replacements.last().unwrap().id;
    next(order, Order::Request(Command::Replacement { id, by: "staff:zoe".into(), command }))
}

fn give_back(reference: &str) -> Order {
    let goods_returned = Some(reference.to_owned());
    Order::Request(Command::Cancel { by: "staff:ana".into(), reason: "not_to_be_had".into(), goods_returned })
}

#[test]
fn r_ful_17_an_agreed_exchange_that_cannot_be_had_ends_and_the_complaint_hears_it() {
    use replacement::{Command as C, Outcome, Parcel};
    let offer = || {
        C::Offer(super::super::line::Wanted {
            product_id: "p-9".into(),
            price: Some(Money::new(7, "CNY".parse().unwrap())),
        })
    };
    let parcel = || C::Ship(Parcel { carrier: "sf".into(), tracking_number: "t".into() });
    let lost = || [C::Reserve, C::Pick, parcel(), C::Arrive(Outcome::Lost)];
    let ends = [
        (vec![], Err("order.not_now")),
        (vec![C::Reserve], Err("order.not_now")),
        (vec![C::Reserve, C::Pick], Err("order.not_now")),
        (vec![C::Reserve, C::Pick, parcel()], Err("order.carried_out")),
        (lost().into(), Err("order.not_now")),
        ([lost(), lost()].concat(), Ok(())),
        (vec![C::ReportOutOfStock], Ok(())),
        (vec![C::ReportOutOfStock, offer()], Err("order.not_now")),
        (vec![C::ReportOutOfStock, offer(), C::Answer { agreed: false }], Ok(())),
        (vec![C::ReportOutOfStock, offer(), C::Answer { agreed: true }], Err("order.not_now")),
    ];
    for (told, expected) in ends {
        let order = exchanged(WhenGoods::No, &told);
        let ended = next(&order, give_back("sf-1"));
        assert_eq!(ended.as_ref().map(|_| ()).map_err(|no| *no), expected, "{told:?}");
        let Ok(ended) = ended else { continue };
        assert_eq!(ended.state, State::Cancelled);
        assert!(ended.agreement.as_ref().is_some_and(|agreed| agreed.ended), "the complaint hears it");
        assert_eq!(say(&ended, offer()), Err("order.not_now"), "nothing goes out any more");
        assert!(
            ended.request.as_ref().unwrap().promises.iter().all(|(_, one)| one.standing.end.is_some()),
            "nothing is owed"
        );
        assert_eq!(next(&ended, give_back("sf-1")), Ok(ended), "said twice");
    }
}

/// An agreed exchange of so many pieces, worth 100, for what costs 80, and what it was told.
fn cheaper(told: &[Order]) -> ServiceOrder {
    let mut asked = request(&[Answer::Eligible]);
    (asked.kind, asked.agreed) = (Kind::Exchange, true);
    asked.lines[0].receipt.outcome.goods = WhenGoods::No;
    asked.lines[0].wanted = Some(article("p-2", Some(80)));
    let ask = Order::Request(Command::Ask { request: Box::new(asked), confirmed: true });
    after(&[&[promise(AgreedKind::Exchange), ask, hold(0, 100, 80)], told].concat())
}

#[test]
fn r_ful_17_an_agreed_exchange_ends_only_where_no_money_may_be_on_its_way_and_what_it_gave_stays_held() {
    use super::super::super::{Consequence, account};
    let told = |number, told| news(number, told);
    let fail = |number| told(number, News::Fail { code: "closed_account".into() });
    let stock = || tell(0, replacement::Command::ReportOutOfStock);
    let given = kernel::id::derived("given", &[&claim(0).to_string()]);
    let free = || format!("free {}", claim(0));
    let ends = [
        ("on its way", vec![], Err("order.carried_out")),
        ("paid", vec![told(0, News::Pay)], Ok(("closed_partial", vec![format!("20 {given}"), free()]))),
        ("refused", vec![fail(0)], Ok(("not_to_be_had", vec![free()]))),
        ("refused, and taken back", vec![fail(0), told(0, News::Doubt { differs: false })], Err("order.carried_out")),
        ("repeated", vec![fail(0), told(0, News::Repeat)], Err("order.carried_out")),
        ("refused twice", vec![fail(0), told(0, News::Repeat), fail(1)], Ok(("not_to_be_had", vec![free()]))),
        (
            "refused twice, and taken back",
            vec![fail(0), told(0, News::Repeat), fail(1), told(0, News::Doubt { differs: false })],
            Err("order.carried_out"),
        ),
        (
            "paid at the second time",
            vec![fail(0), told(0, News::Repeat), told(1, News::Pay)],
            Ok(("closed_partial", vec![free()])),
        ),
        (
            "settled",
            vec![fail(0), told(0, News::Doubt { differs: false }), told(0, News::Repeat), told(1, News::Pay)],
            Ok(("closed_partial", vec![free()])),
        ),
    ];
    for (name, told, expected) in ends {
        let mut order = cheaper(&[told, vec![stock()]].concat());
        let events = order.decide(give_back("sf-1"), NOW).map_err(|no| no.code());
        let ended = events.map(|events| {
            let (mut code, mut moved) = (None, vec![]);
            for event in events {
                order.apply(&event);
                moved.extend(order.consequences(&event).into_iter().filter_map(|one| match one {
                    Consequence::Account(_, account::Command::MoveHold(hold)) => {
                        Some(format!("{} {}", hold.amount.minor, hold.to))
                    }
                    Consequence::Account(_, account::Command::Release { order_id }) => Some(format!("free {order_id}")),
                    _ => None,
                }));
                if let Event::Settled { code: told } = event {
                    code = told;
                }
            }
            (code.unwrap_or_default(), moved)
        });
        assert_eq!(ended, expected.map(|(code, moved)| (code.to_owned(), moved)), "{name}");
    }
}

#[test]
fn r_ful_17_an_agreed_exchange_that_was_paid_for_ends_and_gives_that_back_by_the_means_it_was_paid() {
    use super::super::{
        super::{Consequence, refund},
        returning::Owed,
    };
    let mut asked = request(&[Answer::Eligible]);
    (asked.kind, asked.agreed) = (Kind::Exchange, true);
    asked.lines[0].receipt.outcome.goods = WhenGoods::No;
    asked.lines[0].wanted = Some(article("p-2", Some(150)));
    let ask = Order::Request(Command::Ask { request: Box::new(asked), confirmed: true });
    let cny = |minor| Money::new(minor, "CNY".parse().unwrap());
    for by_provider in [true, false] {
        let pay = |by_provider| {
            let (reference, place) = ("pay-1".into(), String::new());
            replacement::Command::PayDifference { reference, amount: cny(50), by_provider, place }
        };
        let told = [
            ask.clone(),
            hold(0, 100, 100),
            tell(0, pay(by_provider)),
            tell(0, replacement::Command::ReportOutOfStock),
        ];
        let mut order = after(&[&[promise(AgreedKind::Exchange)], &told[..]].concat());
        for (by_provider, known) in [(by_provider, Ok(order.clone())), (!by_provider, Err("order.other_difference"))] {
            assert_eq!(next(&order, tell(0, pay(by_provider))), known, "who took it is not told otherwise");
        }
        let own = Order::Request(Command::Cancel {
            by: "staff:eve".into(),
            reason: "not_to_be_had".into(),
            goods_returned: Some("sf-1".into()),
        });
        assert_eq!(next(&order, own), Err("order.own_payment"), "who recorded it does not give it back alone");
        let (mut paid, mut ends) = (vec![], vec![]);
        for event in order.decide(give_back("sf-1"), NOW).unwrap() {
            order.apply(&event);
            paid.extend(order.consequences(&event).into_iter().filter_map(|one| match one {
                Consequence::Refund(_, refund::Command::GiveBack { facts, payment }) => Some((facts, payment)),
                Consequence::Refund(_, refund::Command::Queue(facts)) => Some((facts, String::new())),
                _ => None,
            }));
            if let Event::Settled { code } = event {
                ends.push(code.unwrap());
            }
        }
        let of = if by_provider { "pay-1" } else { "" };
        let [(facts, payment)] = paid.as_slice() else { unreachable!("{paid:?}") };
        assert_eq!((facts.amount, payment.as_str(), facts.claim_id), (cny(50), of, Some(claim(1))));
        assert_eq!((ends, order.state.clone()), (vec!["not_to_be_had".to_owned()], State::Cancelled));
        let term =
            |order: &ServiceOrder| order.request.as_ref().unwrap().promises.last(Owed::RefundTerm).unwrap().clone();
        assert!(term(&order).standing.end.is_none(), "it is promised");

        let failed = next(&order, news(1, News::Fail { code: "no_such_payment".into() })).unwrap();
        let again = next(&failed, news(1, News::Repeat)).unwrap();
        assert_eq!(again.request.as_ref().unwrap().payout(claim(2)).unwrap().amount(), Some(cny(50)));
        for (order, number) in [(order, 1), (again, 2)] {
            let done = next(&order, news(number, News::Pay)).unwrap();
            assert_eq!(done.state, State::Cancelled);
            assert_eq!(done.request.as_ref().unwrap().payouts.len(), usize::try_from(number).unwrap() + 1, "once");
            assert!(term(&done).standing.end.is_some());
            assert_eq!(next(&done, give_back("sf-1")), Ok(done), "said twice");
        }
    }
}

#[test]
fn r_ful_17_an_agreed_order_does_not_end_while_something_of_it_may_still_be_had() {
    let mut asked = request(&[Answer::Eligible, Answer::Eligible]);
    (asked.kind, asked.agreed) = (Kind::Exchange, true);
    asked.lines[0].receipt.outcome.goods = WhenGoods::No;
    let both = |asked: &Request| {
        let ask = Order::Request(Command::Ask { request: Box::new(asked.clone()), confirmed: true });
        say(&after(&[promise(AgreedKind::Exchange), ask]), replacement::Command::ReportOutOfStock).unwrap()
    };
    assert_eq!(next(&both(&asked), give_back("sf-1")), Err("order.not_now"), "goods of the other line are to come");
    asked.lines.pop();
    assert_eq!(next(&both(&asked), give_back("sf-1")).unwrap().state, State::Cancelled);

    use super::super::work::{Feasibility, Registration, Step};
    let mut asked = request(&[Answer::Eligible, Answer::Eligible]);
    (asked.kind, asked.agreed) = (Kind::Repair, true);
    let register = Registration {
        problem: "screen.broken".into(),
        description: "doc:words-1".into(),
        feasibility: Feasibility::Infeasible,
        reason: "seen".into(),
        by: String::new(),
        at: NOW,
    };
    let work = |line_no| {
        let step = Step::Register(Box::new(register.clone()));
        Order::Request(Command::Work { line_no, by: "staff:bo".into(), step })
    };
    let ask = Order::Request(Command::Ask { request: Box::new(asked), confirmed: true });
    let receive = Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] };
    let one = after(&[promise(AgreedKind::Repair), ask, receive, work(1)]);
    assert_eq!(next(&one, give_back("sf-1")), Err("order.not_now"), "nobody has looked at the other line");
    assert_eq!(next(&next(&one, work(2)).unwrap(), give_back("sf-1")).unwrap().state, State::Cancelled);
}

#[test]
fn r_ful_17_what_was_asked_for_and_not_agreed_does_not_end_so() {
    let mut asked = request(&[Answer::Eligible]);
    (asked.kind, asked.lines[0].receipt.outcome.goods) = (Kind::Exchange, WhenGoods::No);
    let order = after(&[Order::Request(Command::Ask { request: Box::new(asked), confirmed: true })]);
    let none = say(&order, replacement::Command::ReportOutOfStock).unwrap();
    assert_eq!(next(&none, cancel()), Err("order.not_now"), "money takes its place");
}

#[test]
fn r_ful_17_an_agreed_order_does_not_end_while_goods_of_the_customers_are_here() {
    use super::super::{
        goods::{Disposition, Finding, Inspection},
        returning::Command as Goods,
        work::{Feasibility, Registration, Step},
    };
    let receive = Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] };
    let asked = exchanged(WhenGoods::Before, &[]);
    let here = next(&asked, receive.clone()).unwrap();
    assert_eq!(next(&here, give_back("sf-1")), Err("order.not_now"), "it was not even looked for");
    let finding = |quantity| Finding { quantity, accepted: true, grade: "a".into(), disposition: Disposition::Restock };
    let quantity = here.request.as_ref().unwrap().lines[0].quantity;
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: vec![finding(quantity)],
        criteria: vec![],
        photos: vec![],
        renewed: None,
        word: None,
        ruling: None,
    };
    let inspect = Goods::Inspect { line_no: 1, inspection: Box::new(inspection) };
    let accepted = next(&here, Order::Request(Command::Goods(inspect))).unwrap();
    let none = say(&accepted, replacement::Command::ReportOutOfStock).unwrap();
    assert_eq!(next(&none, cancel()), Err("order.goods_are_here"));
    let ended = next(&none, give_back("sf-1")).unwrap();
    let goods = ended.request.as_ref().unwrap().lines[0].leg.as_ref().unwrap().goods;
    assert_eq!((ended.state.clone(), goods.handed_back(), goods.accepted()), (State::Cancelled, quantity, 0));

    let step = |step| Order::Request(Command::Work { line_no: 1, by: "staff:bo".into(), step });
    let register = Registration {
        problem: "screen.broken".into(),
        description: "doc:words-1".into(),
        feasibility: Feasibility::Infeasible,
        reason: "seen".into(),
        by: String::new(),
        at: NOW,
    };
    let repair = complete(Kind::Repair, None, true, Answer::Eligible);
    let begun = [promise(AgreedKind::Repair), repair, receive, step(Step::Register(Box::new(register)))];
    let order = after(&begun);
    let offered = next(&order, step(Step::Offer(super::super::work::AlternativeKind::ReturnUnrepaired))).unwrap();
    assert_eq!(next(&offered, give_back("sf-1")), Err("order.not_now"), "he has not said yet");
    let declined = next(&offered, step(Step::AnswerOffer { number: 1, agreed: false })).unwrap();
    assert_eq!(next(&declined, cancel()), Err("order.goods_are_here"));
    assert_eq!(next(&declined, give_back("sf-1")).unwrap().state, State::Cancelled);
}

#[test]
fn r_ful_17_what_lapsed_and_what_was_kept_apart_is_not_freed_again_by_the_end() {
    use super::super::{
        super::{Consequence, account},
        goods::{Disposition, Finding, Inspection},
        request::tests::line,
        returning::{Came, Command as Goods},
    };
    let mut asked = request(&[Answer::Eligible]);
    (asked.kind, asked.agreed, asked.lines[0].quantity) = (Kind::Exchange, true, 3);
    let ask = Order::Request(Command::Ask { request: Box::new(asked), confirmed: true });
    let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity: 2 }];
    let receive = Order::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came };
    let finding = |accepted, disposition| Finding { quantity: 1, accepted, grade: "a".into(), disposition };
    let inspection = Inspection {
        by: "staff:eve".into(),
        at: NOW,
        findings: vec![finding(true, Disposition::Restock), finding(false, Disposition::Destroy)],
        criteria: vec![],
        photos: vec![],
        renewed: Some(line(0, Answer::Ineligible).receipt),
        word: None,
        ruling: None,
    };
    let goods = |command| Order::Request(Command::Goods(command));
    let inspect = goods(Goods::Inspect { line_no: 1, inspection: Box::new(inspection) });
    let hear = goods(Goods::HearCustomer { line_no: 1, by: "staff:bo".into(), agreed: true });
    let mut order = after(&[promise(AgreedKind::Exchange), ask, receive, inspect, hear]);
    order = say(&order, replacement::Command::ReportOutOfStock).unwrap();
    assert_eq!(next(&order, give_back("sf-1")), Err("order.not_now"), "a piece is still to come");
    let freed = |order: &mut ServiceOrder, command, at| {
        let mut freed = 0;
        for event in order.decide(command, at).unwrap() {
            order.apply(&event);
            for one in order.consequences(&event) {
                if let Consequence::Account(_, account::Command::GiveBack { units, .. }) = one {
                    freed += units[0].quantity;
                }
            }
        }
        freed
    };
    let late = NOW + SignedDuration::from_hours(24);
    assert_eq!(freed(&mut order, Order::LapseGoods, late), 1);
    assert_eq!(freed(&mut order, give_back("sf-1"), late), 1, "the one that was accepted; the third is destroyed");
    assert_eq!(order.state, State::Cancelled);
}

#[test]
fn what_nobody_completes_in_time_is_told_once() {
    let mut order = after(&[promise(AgreedKind::Exchange)]);
    let by = order.complete_by().unwrap();
    assert_eq!(by, NOW + SignedDuration::from_hours(72));
    assert_eq!(order.decide(Order::Look, by - SignedDuration::from_secs(1)), Ok(vec![]));
    assert_eq!(order.decide(Order::Look, by), Ok(vec![Event::Uncompleted]));
    order.apply(&Event::Uncompleted);
    assert_eq!((order.complete_by(), order.decide(Order::Look, by)), (None, Ok(vec![])));
    assert_eq!(next(&order, exchange(Answer::Eligible)).unwrap().state, State::Authorised, "it may be completed later");
    assert_eq!(after(&[promise(AgreedKind::Exchange), exchange(Answer::Eligible)]).complete_by(), None);
}
