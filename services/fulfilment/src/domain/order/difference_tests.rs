//! The money of exchanges: differences either way, other offers, and money instead, to the cent and once.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use kernel::returns::Goods as WhenGoods;

use super::{
    super::{
        super::{
            Consequence, Refusal, account,
            payment::{self, Key},
            refund,
        },
        Command as Order, ServiceOrder, State,
        money::News,
        portion,
        replacement::{
            Command, Outcome,
            tests::{
                article, asked, claim, cny, exchange, hold, id, last, lose, news, pay, reship, say, shipped, tell, told,
            },
        },
        request::{
            Command as Asked,
            tests::{after, next},
        },
    },
    *,
};

/// What is paid, with its claim.
fn refunds(all: &[Consequence]) -> Vec<(Option<Uuid>, i64)> {
    let paid = |one: &Consequence| match one {
        Consequence::Refund(_, refund::Command::Queue(facts)) => Some((facts.claim_id, facts.amount.minor)),
        _ => None,
    };
    all.iter().filter_map(paid).collect()
}

#[test]
fn r_ful_05_what_costs_more_is_reserved_when_exactly_the_difference_was_paid_and_told_twice_is_once() {
    let (order, all) = told(&[exchange(150)]);
    let claims: Vec<_> =
        all.iter().filter(|one| matches!(one, Consequence::Account(_, account::Command::ClaimPieces(_)))).collect();
    let [Consequence::Account(_, account::Command::ClaimPieces(claimed))] = claims[..] else { panic!("{all:?}") };
    assert_eq!((claimed.lines[0].replaced, claimed.lines[0].quantity), (Some(cny(150)), 1));
    let due = next(&order, hold(0, 90, 90)).unwrap();
    let request = due.request.as_ref().unwrap();
    assert_eq!(request.difference_due(&request.replacements[0]), Some(cny(60)), "fees are not goods");
    let eur = Money::new(60, "EUR".parse().unwrap());
    for (amount, code) in
        [(cny(59), "order.other_difference"), (cny(61), "order.other_difference"), (eur, "order.other_currency")]
    {
        assert_eq!(next(&due, tell(0, pay("t-1", amount))), Err(code));
    }
    let paid = next(&due, tell(0, pay("t-1", cny(60)))).unwrap();
    assert_eq!(next(&paid, tell(0, pay("t-1", cny(60)))), Ok(paid.clone()));
    for again in [pay("t-1", cny(61)), pay("t-2", cny(60))] {
        assert_eq!(next(&paid, tell(0, again)), Err("order.other_difference"));
    }
    let more = [vec![exchange(150), hold(0, 90, 90), tell(0, pay("t-1", cny(60)))], shipped(0)].concat();
    let arrive = tell(0, Command::Arrive(Outcome::Delivered));
    let (done, all) = told(&[more, vec![arrive]].concat());
    assert_eq!((&done.state, refunds(&all)), (&State::Completed { refund_id: None }, vec![]));
    let key = Key::new(false, "s-1", "t-1");
    let stands_for = Consequence::Payment(
        key.id(),
        payment::Command::StandFor(payment::Facts { key, order_id: Uuid::from_u128(1), amount: cny(60) }),
    );
    let told_payments: Vec<_> = all.iter().filter(|one| matches!(one, Consequence::Payment(..))).collect();
    assert_eq!(told_payments, [&stands_for], "it stands for this order, as a payment of the counter's till");
    assert!(!all.iter().any(|one| matches!(one, Consequence::Account(_, account::Command::GiveBack { .. }))));
}

#[test]
fn r_ful_05_what_costs_less_pays_the_difference_once_also_where_the_provider_refused_it_first() {
    let start = || vec![exchange(80), hold(0, 100, 80)];
    let (_, all) = told(&start());
    assert_eq!(refunds(&all), [(Some(claim(0)), 20)]);
    let arrived = || [shipped(0), vec![tell(0, Command::Arrive(Outcome::Delivered))]].concat();
    let (order, _) = told(&[start(), arrived()].concat());
    assert_eq!(order.state, State::InProgress, "its money is still on its way");
    assert_eq!(next(&order, news(0, News::Pay)).unwrap().state, State::Completed { refund_id: None });

    let failed = [start(), vec![news(0, News::Fail { code: "closed_account".into() })]].concat();
    let (_, all) = told(&failed);
    assert!(
        !all.iter().any(|one| matches!(one, Consequence::Account(_, account::Command::Release { .. }))),
        "goods go out"
    );
    let (_, all) = told(&[failed, vec![news(0, News::Repeat), news(1, News::Pay)]].concat());
    assert_eq!(refunds(&all), [(Some(claim(0)), 20), (Some(claim(1)), 20)], "under another key");
    let moved = |one: &Consequence| match one {
        Consequence::Account(_, account::Command::MoveHold(hold)) => Some((hold.from, hold.to, hold.amount)),
        _ => None,
    };
    assert_eq!(all.iter().filter_map(moved).collect::<Vec<_>>(), [(claim(0), claim(1), cny(20))]);
}

#[test]
fn r_ful_05_who_takes_the_money_instead_gets_what_was_held_and_what_he_paid_and_no_more() {
    let lost = |number| [shipped(number), vec![tell(number, lose())]].concat();
    let twice = || [lost(0), lost(1), vec![tell(2, Command::TakeMoney)]].concat();
    let dear = vec![exchange(150), hold(0, 100, 100), tell(0, pay("t-1", cny(50)))];
    let (order, all) = told(&[dear, twice()].concat());
    assert_eq!(refunds(&all), [(Some(claim(1)), 50), (Some(claim(2)), 100)], "his own money, and that of the pieces");
    let paid = [1, 2].into_iter().fold(order, |order, number| next(&order, news(number, News::Pay)).unwrap());
    assert_eq!(paid.state, State::Completed { refund_id: None });
    let cheap = vec![exchange(80), hold(0, 100, 80), news(0, News::Pay)];
    let (_, all) = told(&[cheap, twice()].concat());
    assert_eq!(refunds(&all), [(Some(claim(0)), 20), (Some(claim(1)), 80)]);
    let (order, all) = told(&[vec![reship()], twice()].concat());
    let claims =
        all.iter().filter(|one| matches!(one, Consequence::Account(_, account::Command::ClaimPieces(_)))).count();
    assert_eq!((claims, order.request.as_ref().unwrap().payouts[0].pieces[&1]), (1, 1), "as any return");
    assert_eq!(
        order.request.unwrap().replacements.iter().map(|one| one.state.word()).collect::<Vec<_>>(),
        ["lost", "lost", "money_instead"]
    );
}

#[test]
fn r_ful_05_nobody_has_a_payment_paid_back_that_he_recorded_himself() {
    let paid = [exchange(150), hold(0, 100, 100), say("staff:eve", 0, pay("t-1", cny(50)))];
    let out = after(&[paid.to_vec(), vec![tell(0, Command::ReportOutOfStock)]].concat());
    for alone in ["staff:eve", " Staff:EVE"] {
        assert_eq!(next(&out, say(alone, 0, Command::TakeMoney)), Err("order.own_payment"));
    }
    assert!(next(&out, say("staff:bo", 0, Command::TakeMoney)).is_ok());
    let offered = |price| next(&out, tell(0, Command::Offer(article("p-3", Some(price))))).unwrap();
    let agree = |by| say(by, 0, Command::Answer { agreed: true });
    assert_eq!(next(&offered(130), agree("staff:eve")), Err("order.own_payment"), "some of it would come back");
    assert!(next(&offered(130), agree("staff:bo")).is_ok());
    assert!(next(&offered(150), agree("staff:eve")).is_ok(), "nothing comes back");
    let mut stored = serde_json::to_value(&out).unwrap();
    let one = stored.pointer_mut("/request/replacements/0").unwrap();
    one.as_object_mut().unwrap().remove("hands").unwrap();
    one.pointer_mut("/differences/0").unwrap().as_object_mut().unwrap().remove("by").unwrap();
    let before: ServiceOrder = serde_json::from_value(stored).unwrap();
    assert!(next(&before, say("staff:eve", 0, Command::TakeMoney)).is_ok(), "who recorded it was not kept then");
}

#[test]
fn r_ful_05_money_that_no_rule_grants_is_taken_by_somebody_who_had_no_hand_in_it() {
    let Order::Request(Asked::Ask { mut request, confirmed }) = reship() else { panic!("it asks") };
    request.lines[0].receipt.outcome.allowed = [Kind::Reship, Kind::Exchange].into();
    let start = Order::Request(Asked::Ask { request, confirmed });
    let lost = |number| [shipped(number), vec![tell(number, lose())]].concat();
    for (steps, number) in [(vec![tell(0, Command::ReportOutOfStock)], 0), ([lost(0), lost(1)].concat(), 2)] {
        let open = after(&[vec![start.clone()], steps].concat());
        for hand in ["staff:ana", "staff:eve"] {
            let alone = next(&open, say(hand, number, Command::TakeMoney));
            assert_eq!(alone, Err("order.money_not_granted"), "{hand} asked for it, or says that it cannot be had");
        }
        assert_eq!(next(&open, say("staff:bo", number, Command::TakeMoney)).unwrap().request.unwrap().payouts.len(), 1);
    }
}

#[test]
fn an_offer_at_another_price_settles_the_difference_anew_to_the_cent() {
    let offer = |price| {
        vec![
            tell(0, Command::ReportOutOfStock),
            tell(0, Command::Offer(article("p-3", Some(price)))),
            tell(0, Command::Answer { agreed: true }),
        ]
    };
    let start = || vec![exchange(150), hold(0, 100, 100), tell(0, pay("t-1", cny(50)))];
    let (_, all) = told(&[start(), offer(130)].concat());
    assert_eq!(refunds(&all), [(Some(claim(1)), 20)], "of what he paid himself");
    let (_, all) = told(&[start(), offer(70)].concat());
    assert_eq!(refunds(&all), [(Some(claim(1)), 50), (Some(claim(2)), 30)]);
    let (order, all) = told(&[start(), offer(170)].concat());
    let request = order.request.as_ref().unwrap();
    assert_eq!((refunds(&all), request.difference_due(&request.replacements[0])), (vec![], Some(cny(20))));
    let eur = Wanted { price: Some(Money::new(1, "EUR".parse().unwrap())), ..article("p-3", None) };
    let out = after(&[start(), vec![tell(0, Command::ReportOutOfStock)]].concat());
    assert_eq!(next(&out, tell(0, Command::Offer(eur))), Err("order.other_currency"));
    assert_eq!(next(&out, tell(0, Command::Offer(article("p-3", Some(-1))))), Err("order.price_not_possible"));
    let out = after(&[reship(), tell(0, Command::ReportOutOfStock)]);
    assert_eq!(next(&out, tell(0, Command::Offer(article("p-3", Some(1))))), Err("order.price_not_possible"));
}

#[test]
fn what_may_be_asked_for_instead_is_looked_at_before_anything_else() {
    let asked = |kind, wanted| next(&ServiceOrder::default(), asked(kind, WhenGoods::Before, 1, Some(wanted)));
    assert!(asked(Kind::Exchange, article("p-2", Some(5))).is_ok());
    assert_eq!(asked(Kind::Exchange, article("p-2", None)), Err("order.price_needed"));
    assert!(asked(Kind::Exchange, article("p-1", None)).is_ok(), "the same article");
    assert_eq!(asked(Kind::Exchange, article("p-2", Some(i64::MAX))), Err("order.price_not_possible"));
    assert_eq!(asked(Kind::Reship, article("p-2", Some(5))), Err("order.price_not_possible"));
}

#[test]
fn a_purchase_that_refuses_lets_nothing_go_out_until_it_is_mended_or_the_money_is_wanted() {
    let refused = || vec![exchange(150), news(0, News::Refuse { reason: Refusal::PiecesUnknown })];
    assert_eq!(next(&after(&refused()), tell(0, Command::Reserve)), Err("order.not_now"));
    let mended = [refused(), vec![news(0, News::Repeat), hold(1, 150, 150), tell(0, Command::Reserve)]].concat();
    assert_eq!(last(&after(&mended)).map(|one| one.state), Some(ReplacementState::Reserved));
    let money = after(&[refused(), vec![tell(0, Command::ReportOutOfStock), tell(0, Command::TakeMoney)]].concat());
    let words: Vec<_> =
        money.request.as_ref().unwrap().payouts.iter().map(|one| (one.state.word(), one.source)).collect();
    assert_eq!(words, [("repeated", Source::Exchange { of: id(0) }), ("claimed", Source::Pieces)]);
}

#[test]
fn r_ful_05_what_a_customer_paid_himself_is_given_back_by_people_where_the_provider_will_not() {
    let dear = [exchange(150), hold(0, 100, 100), tell(0, pay("t-1", cny(50)))];
    let instead = [tell(0, Command::ReportOutOfStock), tell(0, Command::TakeMoney)];
    let fail = |number| news(number, News::Fail { code: "closed_account".into() });
    let failed = || [&dear[..], &instead, &[fail(1), fail(2)]].concat();
    let by_hand = |number| Order::Portion { claim_id: claim(number), news: portion::News::Repeat { by_hand: true } };
    let queued = |one: &Consequence| match one {
        Consequence::Refund(_, refund::Command::Queue(facts)) => {
            Some((facts.claim_id, facts.amount.minor, facts.by_hand))
        }
        _ => None,
    };
    let doubted = |all: &[Consequence]| {
        let doubt = |one: &&Consequence| matches!(one, Consequence::Refund(_, refund::Command::Doubt { .. }));
        all.iter().filter(doubt).count()
    };
    let (order, all) = told(&[failed(), vec![by_hand(1)]].concat());
    let paid: Vec<_> = all.iter().filter_map(queued).collect();
    let expected = [(Some(claim(1)), 50, false), (Some(claim(2)), 100, false), (Some(claim(3)), 50, true)];
    assert_eq!((paid.as_slice(), doubted(&all)), (&expected[..], 0), "under another key, by a person");
    assert_eq!(next(&order, by_hand(1)), Err("order.not_now"), "once");
    let people = told(&[failed(), vec![by_hand(2)]].concat()).1;
    let last = people.iter().filter_map(queued).next_back();
    assert_eq!(last, Some((Some(claim(3)), 100, true)), "the money of the pieces too");
    let settled = [news(3, News::Pay), news(2, News::Repeat), news(4, News::Pay)];
    let done = settled.into_iter().fold(order, |order, news| next(&order, news).unwrap());
    assert_eq!(done.state, State::Completed { refund_id: None });

    let late = [failed(), vec![by_hand(1), news(1, News::Doubt { differs: false })]].concat();
    assert_eq!(doubted(&told(&late).1), 1, "nobody pays before it is known what became of the first");
    let (_, all) = told(&[late.clone(), vec![news(2, News::Repeat)]].concat());
    assert_eq!(doubted(&all), 1, "what was settled meanwhile is not in doubt again by another claim");
    // Of what he paid himself, and of what was held for goods.
    for (number, amount) in [(1, 50), (2, 100)] {
        let repeat = |number| news(number, News::Repeat);
        let early = vec![news(number, News::Doubt { differs: false }), repeat(number)];
        let twice = vec![repeat(number), fail(3), news(number, News::Doubt { differs: false }), repeat(3)];
        for (way, new) in [(early, 3), (twice, 4)] {
            let (_, all) = told(&[failed(), way].concat());
            let last = all.iter().filter_map(queued).next_back();
            assert_eq!(
                (last, doubted(&all)),
                (Some((Some(claim(new)), amount, true)), 1),
                "never by the provider again"
            );
        }
    }
}

#[test]
fn r_ful_05_what_is_in_doubt_is_not_claimed_anew_while_the_customer_is_to_pay_for_dearer_goods() {
    let failed = [exchange(80), hold(0, 100, 80), news(0, News::Fail { code: "closed_account".into() })];
    let dearer = [
        tell(0, Command::ReportOutOfStock),
        tell(0, Command::Offer(article("p-3", Some(130)))),
        tell(0, Command::Answer { agreed: true }),
    ];
    let due = after(&[&failed[..], &dearer].concat());
    assert!(next(&due, news(0, News::Repeat)).is_ok(), "the provider did not pay it");
    let doubted = next(&due, news(0, News::Doubt { differs: false })).unwrap();
    assert_eq!(next(&doubted, news(0, News::Repeat)), Err("order.difference_due"));
    let paid = next(&doubted, tell(0, pay("t-1", cny(50)))).unwrap();
    let again = next(&paid, news(0, News::Repeat)).unwrap();
    let last = again.request.as_ref().unwrap().payouts.last().unwrap();
    assert_eq!((last.amount(), last.by_hand, last.instead_of), (Some(cny(20)), true, Some(claim(0))));
}
