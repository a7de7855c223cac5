//! What is raised about service orders, their parcels and the answers of cases, and how it ends by itself.
use contracts::{
    common::v1::{CaseClass, Lane, Money, TenderKind},
    complaint::v1::*,
    fulfilment::v1::*,
    intake::v1::{CaseClosed, CaseReplied, CaseReplyDueSoon, CaseReplyMissed},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::house::{House, NAME, hours, id, micro, on_wire};

/// Something about an order that people must look at, or that ends it.
#[derive(Clone, Copy, Debug)]
enum Said {
    HeldBack,
    NotPaid,
    Uncompleted,
    PortionFailed,
    PayoutFailed,
    Late,
    Warned,
    Unanswered,
    Overdue,
    Completed,
    Failed,
    Cancelled,
    Finished,
    Partly,
    Refused,
    PortionPaid,
    Repeated,
    PayoutRepeated,
    MetLate,
    GoesOn,
    ToldWhatIsMissing,
    RefundPaid,
    RefundFailed,
}

fn cny(minor: i64) -> Option<Money> {
    Some(Money { minor, currency: "CNY".into() })
}

fn portion(order: u128, attempt: u32) -> TenderPortion {
    TenderPortion {
        tender_no: 2,
        tender: TenderKind::GiftCard.into(),
        amount: cny(1_250),
        refund_id: id(10 * order + u128::from(attempt)),
        code: "card_closed".into(),
        attempt,
        ..TenderPortion::default()
    }
}

fn compensation(order_id: String, status: &str, code: &str) -> CompensationMoved {
    let gift = CompensationGift { what: "cash".into(), worth: cny(5_000), ..CompensationGift::default() };
    CompensationMoved { order_id, gift: Some(gift), status: status.into(), code: code.into(), refund_id: id(90) }
}

fn promise(order_id: String, status: &str) -> OrderPromiseMoved {
    let promise = OrderPromise {
        promise: "refund_term".into(),
        started_at: on_wire(Timestamp::UNIX_EPOCH),
        status: status.into(),
        warned: vec!["80%".into()],
        ..OrderPromise::default()
    };
    OrderPromiseMoved { order_id, promise: Some(promise) }
}

/// Says it of the order of a number; refunds are aggregates of their own.
async fn say(house: &House, said: Said, order: u128) {
    let (order_id, refund) = (id(order), 5_000 + order);
    let (claim_id, complaint_id, remedy_id, refund_id) = (order_id.clone(), id(1), id(9), id(refund));
    match said {
        Said::HeldBack => house.hear("fulfilment", &compensation(order_id, "held_back", ""), order).await,
        Said::NotPaid => house.hear("fulfilment", &compensation(order_id, "failed", "card_closed"), order).await,
        Said::GoesOn => house.hear("fulfilment", &compensation(order_id, "approved", ""), order).await,
        Said::Uncompleted => {
            house.hear("fulfilment", &OrderUncompleted { order_id, complaint_id, remedy_id }, order).await;
        }
        Said::ToldWhatIsMissing => {
            let origin = Some(OrderOrigin { kind: "complaint".into(), reference: complaint_id });
            house.hear("fulfilment", &OrderRequested { order_id, origin, ..OrderRequested::default() }, order).await;
        }
        Said::PortionFailed => {
            let portion = Some(portion(order, 1));
            let failed = PortionFailed { order_id, claim_id, portion, ..PortionFailed::default() };
            house.hear("fulfilment", &failed, order).await;
        }
        Said::PayoutFailed => {
            let (code, amount) = ("card_closed".into(), cny(501));
            house.hear("fulfilment", &PayoutFailed { order_id, claim_id, code, complaint_id, amount }, order).await;
        }
        Said::PayoutRepeated => {
            let repeated = PayoutRepeated { order_id, claim_id, ..PayoutRepeated::default() };
            house.hear("fulfilment", &repeated, order).await;
        }
        Said::PortionPaid => {
            house
                .hear("fulfilment", &PortionPaid { order_id, claim_id, portion: Some(portion(order, 2)) }, order)
                .await;
        }
        Said::Repeated => {
            house
                .hear("fulfilment", &PortionsRepeated { order_id, claim_id, portions: vec![portion(order, 2)] }, order)
                .await;
        }
        Said::Late => house.hear("fulfilment", &promise(order_id, "breached"), order).await,
        Said::Warned => house.hear("fulfilment", &promise(order_id, "running"), order).await,
        Said::MetLate => house.hear("fulfilment", &promise(order_id, "met_late"), order).await,
        Said::Unanswered => house.hear("fulfilment", &OrderUnanswered { order_id }, order).await,
        Said::Overdue => {
            let amount = cny(300);
            let overdue = RefundOverdue { refund_id, order_id, amount, ..RefundOverdue::default() };
            house.hear("fulfilment", &overdue, refund).await;
        }
        Said::RefundPaid => {
            house.hear("fulfilment", &RefundSucceeded { refund_id, order_id, ..Default::default() }, refund).await;
        }
        Said::RefundFailed => {
            house.hear("fulfilment", &RefundFailed { refund_id, order_id, ..Default::default() }, refund).await;
        }
        Said::Completed => {
            house.hear("fulfilment", &OrderCompleted { order_id, complaint_id, remedy_id }, order).await;
        }
        Said::Failed => {
            let code = "provider_refused".into();
            house.hear("fulfilment", &OrderFailed { order_id, complaint_id, remedy_id, code, paid: None }, order).await;
        }
        Said::Cancelled => {
            house
                .hear(
                    "fulfilment",
                    &OrderCancelled { order_id, reason: "changed_his_mind".into(), ..Default::default() },
                    order,
                )
                .await;
        }
        Said::Finished => finished(house, order, "completed").await,
        Said::Partly => finished(house, order, "closed_partial").await,
        Said::Refused => {
            let reviewed = OrderReviewed { order_id, status: "ineligible".into(), ..OrderReviewed::default() };
            house.hear("fulfilment", &reviewed, order).await;
        }
    }
}

async fn finished(house: &House, order: u128, status: &str) {
    let finished = OrderFinished { order_id: id(order), status: status.into(), ..OrderFinished::default() };
    house.hear("fulfilment", &finished, order).await;
}

/// How what was raised about an order stands: its trigger, and the reason by which it ended, if it did.
async fn stands(house: &House, order: u128) -> Vec<(EscalationTrigger, Option<String>)> {
    let raised = house.events::<EscalationRaised>().await;
    let closed = house.events::<EscalationClosed>().await;
    let of = raised.into_iter().filter(|one| one.order_id == id(order));
    of.map(|one| {
        let ends: Vec<_> = closed.iter().filter(|closed| closed.escalation_id == one.escalation_id).collect();
        assert!(ends.len() < 2, "it ends once: {ends:?}");
        let end = ends.first().map(|closed| {
            assert!(closed.settled);
            assert_eq!((closed.trigger(), closed.order_id.clone()), (one.trigger(), one.order_id.clone()));
            closed.reason.clone()
        });
        (one.trigger(), end)
    })
    .collect()
}

/// What is said hundreds of times in a row may once be heard a moment later.
async fn comes_to(house: &House, order: u128, expected: &[(EscalationTrigger, Option<String>)], by: Said) {
    for _ in 0..20 {
        if stands(house, order).await == expected {
            return;
        }
        house.stack.settle().await;
    }
    assert_eq!(stands(house, order).await, expected, "order {order}, {by:?}");
}

#[tokio::test]
async fn r_ful_05_what_is_raised_about_an_order_is_settled_when_it_goes_on_or_ends() {
    use EscalationTrigger::{ApprovalLate, OfferUnanswered, PaymentUnknown, PromiseLate, PromiseWarning, RemedyFailed};
    use Said::*;
    let house = House::open().await;
    house.record(1, CaseClass::Repair).await;
    let raised = [
        (HeldBack, ApprovalLate),
        (NotPaid, RemedyFailed),
        (Uncompleted, PromiseLate),
        (PortionFailed, RemedyFailed),
        (PayoutFailed, RemedyFailed),
        (Late, PromiseLate),
        (Warned, PromiseWarning),
        (Unanswered, OfferUnanswered),
        (Overdue, PaymentUnknown),
    ];
    let ends = [
        (Completed, "order_completed"),
        (Failed, "order_failed"),
        (Cancelled, "order_cancelled"),
        (Finished, "order_completed"),
        (Partly, "order_closed_partial"),
        (Refused, "order_refused"),
    ];
    let by_the_order = raised.into_iter().flat_map(|raised| ends.map(|end| (raised, end)));
    let by_itself = [
        ((HeldBack, ApprovalLate), (GoesOn, "went_on")),
        ((NotPaid, RemedyFailed), (GoesOn, "went_on")),
        ((Uncompleted, PromiseLate), (ToldWhatIsMissing, "went_on")),
        ((PortionFailed, RemedyFailed), (PortionPaid, "paid")),
        ((PortionFailed, RemedyFailed), (Repeated, "went_on")),
        ((PayoutFailed, RemedyFailed), (PayoutRepeated, "went_on")),
        ((Late, PromiseLate), (MetLate, "promise_ended")),
        ((Warned, PromiseWarning), (MetLate, "promise_ended")),
        ((Overdue, PaymentUnknown), (RefundPaid, "paid")),
        ((Overdue, PaymentUnknown), (RefundFailed, "not_paid")),
    ];
    for (order, ((said, trigger), (end, reason))) in (100..).zip(by_the_order.chain(by_itself)) {
        say(&house, said, order).await;
        comes_to(&house, order, &[(trigger, None)], said).await;
        say(&house, end, order).await;
        say(&house, end, order).await;
        comes_to(&house, order, &[(trigger, Some(reason.to_owned()))], end).await;
    }
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_05_what_ends_one_order_leaves_the_others_and_a_provider_that_took_back_its_word_to_people() {
    let house = House::open().await;
    let contradicted = RefundContradicted { refund_id: id(8), order_id: id(50), ..RefundContradicted::default() };
    house.hear("fulfilment", &contradicted, 8).await;
    for said in [Said::HeldBack, Said::Late, Said::Unanswered] {
        say(&house, said, 50).await;
        say(&house, said, 51).await;
    }
    say(&house, Said::Cancelled, 50).await;
    // What it names beside comes later, and is raised apart from what was raised before.
    let twice = RefundContradicted { code: "paid_twice".into(), order_id: id(52), ..contradicted };
    house.hear("fulfilment", &twice, 8).await;
    assert_eq!(stands(&house, 52).await, [(EscalationTrigger::PaymentContradicted, None)]);
    let ends =
        |stand: Vec<(EscalationTrigger, Option<String>)>| stand.into_iter().map(|(_, end)| end).collect::<Vec<_>>();
    let over = || Some("order_cancelled".to_owned());
    assert_eq!(ends(stands(&house, 50).await), [None, over(), over(), over()]);
    assert_eq!(ends(stands(&house, 51).await), [None, None, None]);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

/// The stream of an order is read in its order, whatever comes first; a refund is told of apart from its order.
#[tokio::test]
async fn r_ful_05_whatever_arrives_first_nothing_stays_raised_about_an_order_that_is_over() {
    let house = House::open().await;
    let (order, aggregate) = (60, Uuid::from_u128(60));
    let held = compensation(id(order), "held_back", "");
    let over = OrderCancelled { order_id: id(order), reason: "changed_his_mind".into(), ..Default::default() };
    house.stack.publish("fulfilment", &over, aggregate, 2).await;
    house.stack.publish("fulfilment", &held, aggregate, 1).await;
    house.stack.publish("fulfilment", &over, aggregate, 2).await;
    house.stack.publish("fulfilment", &held, aggregate, 1).await;
    house.stack.settle().await;
    let ended = |why: &str| Some(why.to_owned());
    assert_eq!(stands(&house, order).await, [(EscalationTrigger::ApprovalLate, ended("order_cancelled"))]);
    for (order, said, why) in [
        (61, [Said::Overdue, Said::Finished, Said::RefundPaid], "order_completed"),
        (62, [Said::Overdue, Said::RefundPaid, Said::Finished], "paid"),
        (63, [Said::Finished, Said::Overdue, Said::RefundPaid], "paid"),
    ] {
        for said in said {
            say(&house, said, order).await;
        }
        assert_eq!(stands(&house, order).await, [(EscalationTrigger::PaymentUnknown, ended(why))], "{said:?}");
    }
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn what_is_raised_about_an_order_says_what_it_is_about() {
    let house = House::open().await;
    for said in [Said::NotPaid, Said::PortionFailed, Said::PayoutFailed, Said::Warned, Said::Overdue] {
        say(&house, said, 70).await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let detail = |what: &str, code: &str, amount, means: &str| {
        Some(EscalationDetail { what: what.into(), code: code.into(), amount, means: means.into() })
    };
    let expected = [
        detail("compensation", "card_closed", cny(5_000), "cash"),
        detail("portion", "card_closed", cny(1_250), "gift_card"),
        detail("payout", "card_closed", cny(501), ""),
        detail("refund_term", "80%", None, ""),
        detail("refund", "", cny(300), ""),
    ];
    assert_eq!(raised.into_iter().map(|one| one.detail).collect::<Vec<_>>(), expected);
}

/// An agreed return is paid by its pieces: what fails of it does not wait for the end of the refund term (R-FUL-17).
#[tokio::test]
async fn r_ful_17_a_share_of_an_agreed_return_that_is_refused_goes_to_management_at_once_and_each_claim_for_itself() {
    let house = House::open().await;
    house.record(1, CaseClass::ReturnExchange).await;
    let failed = |claim: u128, complaint_id: String| PayoutFailed {
        order_id: id(80),
        claim_id: id(claim),
        code: "account_closed".into(),
        complaint_id,
        amount: cny(251),
    };
    let repeated = |claim: u128| PayoutRepeated { order_id: id(80), claim_id: id(claim), by_hand: true };
    house.hear("fulfilment", &failed(90, id(1)), 80).await;
    house.hear("fulfilment", &failed(90, id(1)), 80).await;
    house.hear("fulfilment", &failed(91, id(1)), 80).await;
    house.hear("fulfilment", &repeated(90), 80).await;
    let raised = house.events::<EscalationRaised>().await;
    let seen: Vec<_> = raised.iter().map(|one| (one.complaint_id.clone(), one.level())).collect();
    assert_eq!(seen, vec![(id(1), EscalationLevel::Management); 2]);
    let failed_remedy = EscalationTrigger::RemedyFailed;
    let went_on = || Some("went_on".to_owned());
    assert_eq!(stands(&house, 80).await, [(failed_remedy, went_on()), (failed_remedy, None)]);
    house.hear("fulfilment", &failed(92, id(1)), 80).await;
    say(&house, Said::Failed, 80).await;
    let over = || Some("order_failed".to_owned());
    assert_eq!(
        stands(&house, 80).await,
        [(failed_remedy, went_on()), (failed_remedy, over()), (failed_remedy, over())],
        "paid by nobody, and over with the order"
    );
    assert_eq!(house.stack.parked(NAME).await, 0);
}

/// The carrier tells of the parcel of an order's goods.
async fn parcel(house: &House, order: u128, status: &str, used_up: bool) {
    let moved = ReturnParcelMoved { order_id: id(order), status: status.into(), used_up };
    house.hear("fulfilment", &moved, order).await;
}

async fn goods_arrive(house: &House, order: u128) {
    let arrived = GoodsArrived { order_id: id(order), place: "warehouse-1".into(), ..GoodsArrived::default() };
    house.hear("fulfilment", &arrived, order).await;
}

#[tokio::test]
async fn r_ful_03_a_parcel_that_is_lost_goes_to_who_answers_for_parcels_until_the_goods_are_here_after_all() {
    let house = House::open().await;
    for status in ["in_transit", "lost", "lost"] {
        parcel(&house, 7, status, false).await;
    }
    let [raised] = house.events::<EscalationRaised>().await.try_into().unwrap();
    assert_eq!((raised.trigger(), raised.level()), (EscalationTrigger::ParcelLost, EscalationLevel::TeamLead));
    assert_eq!((raised.department.as_str(), raised.order_id.clone()), ("logistics", id(7)));
    assert_eq!(raised.detail.unwrap().what, "parcel");
    goods_arrive(&house, 7).await;
    goods_arrive(&house, 7).await;
    let lost = EscalationTrigger::ParcelLost;
    assert_eq!(stands(&house, 7).await, [(lost, Some("goods_received".to_owned()))]);
    parcel(&house, 7, "lost", true).await;
    assert_eq!(stands(&house, 7).await.len(), 1, "nobody waits for it any more");

    for (order, then, why) in [(8, "in_transit", "parcel_moved"), (9, "returned", "parcel_moved")] {
        parcel(&house, order, "lost", false).await;
        parcel(&house, order, then, false).await;
        assert_eq!(stands(&house, order).await, [(lost, Some(why.to_owned()))], "{then}");
    }
    parcel(&house, 10, "lost", false).await;
    say(&house, Said::Cancelled, 10).await;
    assert_eq!(stands(&house, 10).await, [(lost, Some("order_cancelled".to_owned()))]);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_ful_03_a_parcel_that_came_and_nobody_received_is_raised_once_when_its_time_is_over() {
    let house = House::open().await;
    for order in [7, 8, 9] {
        parcel(&house, order, "delivered", false).await;
    }
    goods_arrive(&house, 8).await;
    house.stack.advance(hours(48)).await;
    assert_eq!(house.events::<EscalationRaised>().await, [], "the last instant is in time");
    parcel(&house, 9, "lost", false).await;
    house.stack.advance(micro()).await;
    let unreceived = EscalationTrigger::ParcelUnreceived;
    assert_eq!(stands(&house, 7).await, [(unreceived, None)]);
    assert_eq!(stands(&house, 8).await, []);
    assert_eq!(stands(&house, 9).await, [(EscalationTrigger::ParcelLost, None)], "raised as what it is");
    let raised = house.events::<EscalationRaised>().await;
    let raised = raised.iter().find(|one| one.trigger() == unreceived).unwrap();
    assert_eq!((raised.level(), raised.department.as_str()), (EscalationLevel::TeamLead, "returns"));
    goods_arrive(&house, 7).await;
    house.stack.advance(hours(100)).await;
    assert_eq!(stands(&house, 7).await, [(unreceived, Some("goods_received".to_owned()))]);
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_int_12_a_further_answer_that_is_missed_goes_to_the_team_lead_until_it_is_given_or_the_case_ends() {
    let house = House::open().await;
    let at = |hour: i64| on_wire(Timestamp::UNIX_EPOCH + hours(hour));
    let soon = |case: u128, warning: &str, lane: Lane| CaseReplyDueSoon {
        case_id: id(case),
        warning: warning.into(),
        reply_by: at(2),
        lane: lane.into(),
    };
    let missed = |case: u128, lane: Lane| CaseReplyMissed {
        case_id: id(case),
        since: at(1),
        reply_by: at(2),
        lane: lane.into(),
    };
    for (case, warning) in [(11, "50%"), (11, "80%"), (12, "50%")] {
        house.hear("intake", &soon(case, warning, Lane::Standard), case).await;
    }
    let seen = |raised: Vec<EscalationRaised>| -> Vec<_> {
        raised.iter().map(|one| (one.trigger(), one.level(), one.case_id.clone())).collect()
    };
    let (warned, late) = (EscalationTrigger::PromiseWarning, EscalationTrigger::NextResponseLate);
    let lead = EscalationLevel::TeamLead;
    assert_eq!(seen(house.events().await), [(warned, lead, id(11)), (warned, lead, id(12))], "once a turn of his");
    house.hear("intake", &missed(11, Lane::Standard), 11).await;
    house.hear("intake", &missed(11, Lane::Standard), 11).await;
    assert_eq!(seen(house.events().await)[2..], [(late, lead, id(11))]);

    let replied = |case: u128, in_time| CaseReplied {
        case_id: id(case),
        since: at(1),
        reply_by: at(2),
        replied_at: at(3),
        in_time,
        was_missed: !in_time,
    };
    house.hear("intake", &replied(11, false), 11).await;
    house.hear("intake", &replied(12, true), 12).await;
    house.hear("intake", &missed(13, Lane::Standard), 13).await;
    house.hear("intake", &CaseClosed { case_id: id(13), ..CaseClosed::default() }, 13).await;
    let closed = house.events::<EscalationClosed>().await;
    let closed: Vec<_> = closed.iter().map(|one| (one.trigger(), one.case_id.clone(), one.reason.as_str())).collect();
    let expected =
        [(warned, id(11), ""), (late, id(11), "answered"), (warned, id(12), "answered"), (late, id(13), "case_ended")];
    assert_eq!(closed, expected);
    let again = CaseReplyMissed { since: at(5), reply_by: at(6), ..missed(11, Lane::Standard) };
    house.hear("intake", &again, 11).await;
    assert_eq!(seen(house.events().await).len(), 5, "each turn of his for itself");

    // Half past one in Shanghai.
    house.stack.advance(hours(9) + jiff::SignedDuration::from_mins(30)).await;
    house.hear("intake", &missed(14, Lane::Health), 14).await;
    let last = house.events::<EscalationRaised>().await.pop().unwrap();
    assert_eq!((last.case_id, last.notify_at == last.raised_at), (id(14), true), "harm wakes somebody");
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn what_waits_for_our_people_beside_an_order_is_raised_until_it_goes_on_whatever_became_of_the_order() {
    let house = House::open().await;
    let (order_id, found_id, chargeback_id) = (id(300), id(301), id(302));
    say(&house, Said::Finished, 300).await;
    let found = FoundGoodsOverdue { found_id: found_id.clone(), order_id: order_id.clone(), place: "s-1".into() };
    let moved = |status: &str| ChargebackMoved {
        chargeback_id: chargeback_id.clone(),
        order_id: order_id.clone(),
        status: status.into(),
        ..ChargebackMoved::default()
    };
    let overdue = |status: &str| ChargebackOverdue {
        chargeback_id: chargeback_id.clone(),
        order_id: order_id.clone(),
        status: status.into(),
        amount: cny(700),
        ..ChargebackOverdue::default()
    };
    let given = vec![LinePieces { line_no: 1, quantity: 1 }];
    let lapsed = |given| GoodsLapsed { order_id: order_id.clone(), pieces: vec![], given };
    for _ in 0..2 {
        house.hear("fulfilment", &found, 301).await;
        house.hear("fulfilment", &overdue("proposed"), 302).await;
        house.hear("fulfilment", &lapsed(vec![]), 300).await;
        house.hear("fulfilment", &lapsed(given.clone()), 300).await;
    }
    let raised = house.events::<EscalationRaised>().await;
    let seen: Vec<_> = raised.iter().map(|one| (one.trigger(), one.detail.clone().unwrap_or_default())).collect();
    let seen: Vec<_> = seen.iter().map(|(trigger, said)| (*trigger, said.what.as_str(), said.code.as_str())).collect();
    let late = EscalationTrigger::PromiseLate;
    let expected =
        [(late, "found_goods", "s-1"), (late, "chargeback", "proposed"), (late, "goods", "lapsed_after_payout")];
    assert_eq!(seen, expected, "each once");

    house.hear("fulfilment", &moved("approved"), 302).await;
    house.hear("fulfilment", &overdue("approved"), 302).await;
    let settled = FoundGoodsSettled { found_id, status: "kept".into(), ..FoundGoodsSettled::default() };
    house.hear("fulfilment", &settled, 301).await;
    say(&house, Said::Finished, 300).await;
    let went_on = || Some("went_on".to_owned());
    let expected = [(late, went_on()), (late, went_on()), (late, None), (late, None)];
    comes_to(&house, 300, &expected, Said::Finished).await;
    assert_eq!(house.stack.parked(NAME).await, 0);
}
