//! Every state of a portion with all news of it, and the refunds that follow.
#![expect(clippy::unwrap_used, reason = "tests")]
use kernel::money::Money;

use super::{super::super::account::TenderKind, *};

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn share(no: u32, kind: TenderKind, minor: i64, by_hand: bool) -> Share {
    Share { no, kind, amount: cny(minor), points: None, by_hand }
}

fn shares() -> Vec<Share> {
    vec![share(1, TenderKind::Card, 60, false), share(2, TenderKind::Cash, 40, true)]
}

fn divide() -> News {
    News::Divide { shares: shares() }
}

fn pay(no: u32, attempt: u32) -> News {
    News::Pay { no, attempt }
}

fn fail(no: u32, attempt: u32) -> News {
    News::Fail { no, attempt, code: "closed_card".into() }
}

fn repeat() -> News {
    News::Repeat { by_hand: false }
}

fn after(news: &[News]) -> Portions {
    news.iter().fold(Portions::default(), |mut portions, news| {
        portions.decide(news.clone()).unwrap().iter().for_each(|event| portions.apply(event));
        portions
    })
}

/// As people read it.
fn words(portions: &Portions) -> String {
    let word = |portion: &Portion| format!("{} {}", portion.state.word(), portion.attempt);
    portions.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_news_in_every_state() {
    let states = [
        ("", after(&[])),
        ("due 1, due 1", after(&[divide()])),
        ("paid 1, due 1", after(&[divide(), pay(1, 1)])),
        ("failed 1, due 1", after(&[divide(), fail(1, 1)])),
        ("failed 1, paid 1", after(&[divide(), fail(1, 1), pay(2, 1)])),
        ("due 2, paid 1", after(&[divide(), fail(1, 1), pay(2, 1), repeat()])),
        ("paid 2, paid 1", after(&[divide(), fail(1, 1), pay(2, 1), repeat(), pay(1, 2)])),
    ];
    let all = [divide(), pay(1, 1), fail(1, 1), pay(1, 2), pay(2, 1), repeat(), pay(9, 1)];
    const SAME: &str = "-";
    const NOT: &str = "order.not_now";
    const NONE: &str = "order.no_such_claim";
    #[rustfmt::skip]
    let table = [
        //                divide           pay 1             fail 1             pay 1 again       pay 2             repeat           pay another
        ("",                 ["due 1, due 1",  NONE,             NONE,              NONE,             NONE,             NOT,             NONE]),
        ("due 1, due 1",     [SAME,            "paid 1, due 1",  "failed 1, due 1", SAME,             "due 1, paid 1",  NOT,             NONE]),
        ("paid 1, due 1",    [SAME,            SAME,             SAME,              SAME,             "paid 1, paid 1", NOT,             NONE]),
        ("failed 1, due 1",  [SAME,            SAME,             SAME,              SAME,             "failed 1, paid 1", "due 2, due 1", NONE]),
        ("failed 1, paid 1", [SAME,            SAME,             SAME,              SAME,             SAME,             "due 2, paid 1", NONE]),
        ("due 2, paid 1",    [SAME,            SAME,             SAME,              "paid 2, paid 1", SAME,             NOT,             NONE]),
        ("paid 2, paid 1",   [SAME,            SAME,             SAME,              SAME,             SAME,             NOT,             NONE]),
    ];
    for ((name, state), (row, cells)) in states.iter().zip(table) {
        assert_eq!((*name, words(state).as_str()), (row, row));
        for (news, cell) in all.iter().zip(cells) {
            let outcome = match state.decide(news.clone()) {
                Err(no) => no.code().to_owned(),
                Ok(events) => {
                    let mut next = state.clone();
                    events.iter().for_each(|event| next.apply(event));
                    if next == *state { SAME.to_owned() } else { words(&next) }
                }
            };
            assert_eq!(outcome, cell, "{name} + {news:?}");
        }
    }
    let failure = |news: &[News]| after(news).failure();
    assert_eq!(failure(&[divide(), pay(1, 1)]), None);
    assert_eq!(failure(&[divide(), fail(1, 1)]), Some("partly_failed"));
    assert_eq!(failure(&[divide(), fail(1, 1), fail(2, 1)]), Some("failed"));
}

#[test]
fn each_portion_has_a_refund_and_only_what_failed_gets_another() {
    let whole = refund::Facts {
        refund_id: Uuid::from_u128(1),
        order_id: Uuid::from_u128(2),
        complaint_id: Uuid::nil(),
        purchase_id: Uuid::from_u128(3),
        amount: cny(100),
        claim_id: Some(Uuid::from_u128(4)),
        part: None,
        by_hand: false,
        compensation: false,
    };
    let queued = |portions: &Portions, event: &Event| -> Vec<_> {
        let facts = |one| match one {
            Consequence::Refund(id, refund::Command::Queue(facts)) => {
                (id, facts.amount.minor, facts.part.unwrap(), facts.by_hand)
            }
            other => unreachable!("{other:?}"),
        };
        portions.consequences(event, &whole).into_iter().map(facts).collect()
    };
    let claim = Uuid::from_u128(4);
    let of = |no, attempt, tender| Part { no, attempt, tender, points: None };
    let divided = after(&[divide()]);
    let (card, cash) = (portion_refund_id(claim, 1, 1), portion_refund_id(claim, 2, 1));
    assert_eq!(
        queued(&divided, &Event::Divided { shares: shares() }),
        [(card, 60, of(1, 1, TenderKind::Card), false), (cash, 40, of(2, 1, TenderKind::Cash), true)]
    );
    assert_ne!(card, cash);
    for by_hand in [false, true] {
        let again = after(&[divide(), fail(1, 1), News::Repeat { by_hand }]);
        let second = portion_refund_id(claim, 1, 2);
        let expected = [(second, 60, of(1, 2, TenderKind::Card), by_hand)];
        assert_eq!(queued(&again, &Event::Repeated { nos: vec![1], by_hand }), expected, "under another key");
        assert_ne!(second, card);
    }
    assert_eq!(queued(&divided, &Event::Paid { no: 1 }), []);
}

#[test]
fn what_follows_an_attempt_in_doubt_is_paid_by_people_once_they_know_what_became_of_it() {
    let doubt = |attempt| News::Doubt { no: 1, attempt, differs: false };
    let by_hand = |portions: &Portions| portions.iter().next().unwrap().share.by_hand;
    for news in [
        vec![divide(), fail(1, 1), doubt(1), repeat()],
        vec![divide(), fail(1, 1), News::Repeat { by_hand: true }, doubt(1)],
    ] {
        let portions = after(&news);
        assert_eq!((words(&portions).as_str(), by_hand(&portions)), ("due 2, due 1", true));
    }
    assert_eq!(after(&[divide(), pay(1, 1)]).decide(doubt(1)).unwrap(), [], "it was paid, and never in doubt");
    let unknown = News::Doubt { no: 9, attempt: 1, differs: false };
    assert_eq!(after(&[divide()]).decide(unknown).unwrap_err().code(), "order.no_such_claim");
    assert_eq!(after(&[divide()]).decide(doubt(2)).unwrap(), [], "that is no earlier attempt");
    let whole = refund::Facts {
        refund_id: Uuid::from_u128(1),
        order_id: Uuid::from_u128(2),
        complaint_id: Uuid::nil(),
        purchase_id: Uuid::from_u128(3),
        amount: cny(100),
        claim_id: Some(Uuid::from_u128(4)),
        part: None,
        by_hand: false,
        compensation: false,
    };
    let doubted = |portions: &Portions, event: &Event| {
        let doubt = |one: &Consequence| matches!(one, Consequence::Refund(_, refund::Command::Doubt { .. }));
        portions.consequences(event, &whole).iter().filter(|one| doubt(one)).count()
    };
    let again = after(&[divide(), fail(1, 1), doubt(1), repeat()]);
    let repeated = |nos| Event::Repeated { nos, by_hand: false };
    assert_eq!(doubted(&again, &repeated(vec![1])), 1);
    assert_eq!(
        doubted(&again, &repeated(vec![2])),
        0,
        "what was settled meanwhile is not in doubt again by another one"
    );
    assert_eq!(doubted(&again, &Event::Doubted { no: 1, differs: false }), 1);
    let failed = after(&[divide(), fail(1, 1), doubt(1)]);
    assert_eq!(doubted(&failed, &Event::Doubted { no: 1, differs: false }), 0, "nobody is to pay it yet");
}
