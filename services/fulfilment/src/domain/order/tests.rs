//! Every state of an agreed order with every command, and when its money is claimed and queued.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{
    super::{Consequence, account, machine, refund},
    *,
};

fn facts(kind: Kind, amount: i64, purchase_id: Option<Uuid>) -> Facts {
    Facts {
        order_id: Uuid::from_u128(1),
        complaint_id: Uuid::from_u128(2),
        remedy_id: Uuid::from_u128(3),
        customer_id: Uuid::from_u128(4),
        purchase_id,
        kind,
        amount: Money::new(amount, "CNY".parse().unwrap()),
        purchase_within: SignedDuration::ZERO,
        goods_within: SignedDuration::from_hours(1),
    }
}

fn after(events: &[Event]) -> ServiceOrder {
    events.iter().fold(ServiceOrder::default(), |mut order, event| {
        order.apply(event);
        order
    })
}

fn opened(kind: Kind) -> Event {
    Event::Opened { facts: facts(kind, 500, Some(Uuid::from_u128(5))), at: Timestamp::UNIX_EPOCH }
}

fn granted() -> Event {
    Event::RefundGranted { refund_id: refund_id(Uuid::from_u128(1)), parts: vec![], tendered: false }
}

fn goods_back() -> Event {
    Event::GoodsReceived { by: "staff:ana".into(), at: Timestamp::UNIX_EPOCH }
}

fn refused() -> Event {
    Event::RefundRefused { reason: Refusal::ExceedsPaid }
}

#[test]
fn every_command_in_every_state() {
    let plain = || opened(Kind::Refund);
    let goods = || opened(Kind::ReturnRefund);
    let states = [
        ("absent", after(&[])),
        ("requested", after(&[plain()])),
        ("requested, goods awaited", after(&[goods()])),
        ("requested, goods back", after(&[goods(), goods_back()])),
        ("awaiting_goods", after(&[goods(), granted()])),
        ("refunding", after(&[plain(), granted()])),
        ("refunding, goods back", after(&[goods(), granted(), goods_back()])),
        ("completed", after(&[plain(), granted(), Event::Completed])),
        ("refused", after(&[plain(), refused()])),
        ("refused, goods awaited", after(&[goods(), refused()])),
        ("failed", after(&[plain(), granted(), Event::Failed { code: "closed_account".into() }])),
    ];
    let commands = [
        ("open", Command::Open(facts(Kind::Refund, 500, Some(Uuid::from_u128(5))))),
        ("open without purchase", Command::Open(facts(Kind::Refund, 500, None))),
        ("open for nothing", Command::Open(facts(Kind::Refund, 0, Some(Uuid::from_u128(5))))),
        ("grant", Command::Grant { parts: vec![], tendered: false }),
        ("refuse", Command::Refuse { reason: Refusal::ExceedsPaid }),
        ("receive goods", Command::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] }),
        ("complete", Command::Complete),
        ("fail", Command::Fail { code: "closed_account".into() }),
        ("goods do not come", Command::LapseGoods),
        ("look", Command::Look),
    ];
    const ZERO: &str = "order.amount_not_positive";
    const NONE: &str = "order.unknown";
    const NOT: &str = "order.not_now";
    const UNASKED: &str = "order.no_goods_expected";
    const AGAIN: &str = "order.goods_already_received";
    #[rustfmt::skip]
    let table: machine::Table<'_, 10> = &[
        //                           open         no purchase zero  grant             refuse     goods        complete     fail      no goods  look
        ("absent",                   ["requested", "refused", ZERO, NONE,             NONE,      NONE,        NONE,        NONE,     "-",      "-"]),
        ("requested",                ["-",         "-",       "-",  "refunding",      "refused", UNASKED,     NOT,         NOT,      "-",      "-"]),
        ("requested, goods awaited", ["-",         "-",       "-",  "awaiting_goods", "refused", "requested", NOT,         NOT,      "-",      "-"]),
        ("requested, goods back",    ["-",         "-",       "-",  "refunding",      "refused", AGAIN,       NOT,         NOT,      "-",      "-"]),
        ("awaiting_goods",           ["-",         "-",       "-",  "-",              NOT,       "refunding", NOT,         NOT,      "failed", "-"]),
        ("refunding",                ["-",         "-",       "-",  "-",              NOT,       UNASKED,     "completed", "failed", "-",      "-"]),
        ("refunding, goods back",    ["-",         "-",       "-",  "-",              NOT,       AGAIN,       "completed", "failed", "-",      "-"]),
        ("completed",                ["-",         "-",       "-",  "-",              NOT,       UNASKED,     "-",         NOT,      "-",      "-"]),
        ("refused",                  ["-",         "-",       "-",  NOT,              "-",       UNASKED,     NOT,         NOT,      "-",      "-"]),
        ("refused, goods awaited",   ["-",         "-",       "-",  NOT,              "-",       NOT,         NOT,         NOT,      "-",      "-"]),
        ("failed",                   ["-",         "-",       "-",  "-",              NOT,       UNASKED,     NOT,         "-",      "-",      "-"]),
    ];
    machine::check("order", &states, &commands, table, |order, command| {
        let events =
            order.decide(command, Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1)).map_err(|no| no.code())?;
        let mut next = order.clone();
        events.iter().for_each(|event| next.apply(event));
        Ok(next)
    });
}

#[test]
fn the_money_is_claimed_at_once_and_queued_when_no_goods_are_awaited() {
    let queues = |order: &ServiceOrder, event: &Event| {
        matches!(order.consequences(event).as_slice(), [Consequence::Refund(id, refund::Command::Queue(payment))]
            if *id == payment.refund_id && payment.amount.minor == 500)
    };
    let order = after(&[opened(Kind::ReturnRefund)]);
    let claim = order.consequences(&opened(Kind::ReturnRefund));
    assert!(matches!(claim.as_slice(), [Consequence::Account(_, account::Command::Claim { .. })]));
    assert!(!queues(&after(&[opened(Kind::ReturnRefund), granted()]), &granted()));
    assert!(queues(&after(&[opened(Kind::ReturnRefund), granted(), goods_back()]), &goods_back()));
    assert!(!queues(&after(&[opened(Kind::ReturnRefund), goods_back()]), &goods_back()));
    assert!(queues(&after(&[opened(Kind::ReturnRefund), goods_back(), granted()]), &granted()));
    assert!(queues(&after(&[opened(Kind::Refund), granted()]), &granted()));
}

#[test]
fn r_ful_05_an_agreed_refund_by_several_means_is_completed_with_the_last_and_fails_with_none() {
    use super::super::account::{Share, TenderKind};
    let granted = || Event::RefundGranted { refund_id: refund_id(Uuid::from_u128(1)), parts: vec![], tendered: true };
    let share =
        |no, kind| Share { no, kind, amount: Money::new(250, "CNY".parse().unwrap()), points: None, by_hand: false };
    let claim_id = Uuid::from_u128(1);
    let tell = |order: &mut ServiceOrder, news| {
        let events = order.decide(Command::Portion { claim_id, news }, Timestamp::UNIX_EPOCH);
        let events = events.map_err(|no| no.code())?;
        events.iter().for_each(|event| order.apply(event));
        Ok::<_, &str>(events)
    };
    let mut order = after(&[opened(Kind::Refund), granted()]);
    let [Consequence::Account(_, account::Command::Divide { claim_id: divided, amount, .. })] =
        &order.consequences(&granted())[..]
    else {
        unreachable!("the purchase says what each gives")
    };
    assert_eq!((*divided, amount.minor), (claim_id, 500));
    assert_eq!(order.decide(Command::Complete, Timestamp::UNIX_EPOCH), Err(Rejection::NotNow));
    let shares = vec![share(1, TenderKind::Card), share(2, TenderKind::Points)];
    let events = tell(&mut order, portion::News::Divide { shares }).unwrap();
    assert_eq!(order.consequences(&events[0]).len(), 2, "a refund each");
    tell(&mut order, portion::News::Fail { no: 1, attempt: 1, code: "closed_card".into() }).unwrap();
    tell(&mut order, portion::News::Pay { no: 2, attempt: 1 }).unwrap();
    assert_eq!(
        (order.portions.failure(), matches!(order.state, State::Refunding { .. })),
        (Some("partly_failed"), true)
    );
    let events = tell(&mut order, portion::News::Repeat { by_hand: false }).unwrap();
    assert_eq!(order.consequences(&events[0]).len(), 1, "only what failed is sent again");
    assert_eq!(tell(&mut order, portion::News::Repeat { by_hand: false }), Err("order.not_now"));
    let events = tell(&mut order, portion::News::Pay { no: 1, attempt: 2 }).unwrap();
    assert_eq!((events.last(), order.consequences(&Event::Completed)), (Some(&Event::Completed), vec![]));
    assert!(matches!(order.state, State::Completed { .. }));
}
