//! What the customer hears while a complaint is open, and what happens when he does not.
use contracts::{
    complaint::v1::*,
    outreach::v1::{MessageFailed, MessageSent, Purpose},
};
use testkit::{request, wrong_fields};

use crate::house::{ANA, House, NAME, conclude, hours, id, micro, ok, on_wire, refund};

fn told(channel: &str, text: &str, by_message: bool) -> tonic::Request<TellProgressRequest> {
    let (channel, text) = (channel.to_owned(), text.to_owned());
    request(ANA, TellProgressRequest { complaint_id: id(1), channel, text, by_message, ..Default::default() })
}

fn raised_for(raised: &[EscalationRaised], trigger: EscalationTrigger) -> usize {
    raised.iter().filter(|raised| raised.trigger() == trigger).count()
}

/// How many raised for it still need somebody.
async fn open_for(house: &House, trigger: EscalationTrigger) -> usize {
    let views = house.escalations().await;
    let open = views.iter().filter(|view| view.status != "closed").filter_map(|view| view.raised.as_ref());
    open.filter(|raised| raised.trigger() == trigger).count()
}

async fn fails(house: &House, message: uuid::Uuid, purpose: Purpose) {
    let (message_id, about_id) = (message.to_string(), id(1));
    let failed = MessageFailed { message_id, purpose: purpose.into(), about_id, code: "no_contact".into() };
    house.hear("outreach", &failed, message.as_u128()).await;
}

#[tokio::test]
async fn r_cmp_05_a_customer_left_without_word_is_escalated_and_a_word_ends_it() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    house.stack.advance(hours(72)).await;
    assert!(!house.view(1).await.without_word, "the due time itself is in time");
    house.stack.advance(micro()).await;
    assert!(house.view(1).await.without_word);
    assert_eq!(raised_for(&house.events::<EscalationRaised>().await, EscalationTrigger::Silence), 1);
    assert_eq!(open_for(&house, EscalationTrigger::Silence).await, 1);
    ok(
        house.client().tell_progress(told("hotline", "the laboratory needs two more days", false)).await,
        "investigated",
    );
    house.stack.settle().await;
    assert_eq!(open_for(&house, EscalationTrigger::Silence).await, 0, "the word settles it");
    let view = house.view(1).await;
    assert!(!view.without_word && view.word_by.unwrap().seconds - view.heard_at.unwrap().seconds == 72 * 3600);
    ok(house.client().tell_progress(told("", "", true)).await, "investigated");
    house.stack.settle().await;
    let ordered = house.events::<ProgressMessageOrdered>().await;
    assert_eq!((ordered.len(), ordered[0].complaint_id.as_str()), (1, id(1).as_str()));
}

#[tokio::test]
async fn word_of_progress_is_told_by_somebody_or_by_a_message() {
    let house = House::open().await;
    house.investigate(1).await;
    let refused = house.client().tell_progress(told("", "", false)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["channel", "text"]);
    let refused = house.client().tell_progress(told("hotline", "x", true)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["channel", "text"]);
}

#[tokio::test]
async fn r_cmp_10_a_result_nobody_tells_in_time_is_escalated() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.execute(1).await;
    house.stack.advance(hours(24)).await;
    assert!(!house.view(1).await.result_late);
    house.stack.advance(micro()).await;
    assert!(house.view(1).await.result_late);
    assert_eq!(raised_for(&house.events::<EscalationRaised>().await, EscalationTrigger::ResultLate), 1);
    house.tell(1, Purpose::Result).await;
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.result_late, view.times_asked), ("satisfaction_check", true, 1));
}

#[tokio::test]
async fn r_cmp_11_a_silent_customer_is_asked_again_and_then_it_closes_unconfirmed() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
    for number in [2, 3] {
        house.stack.advance(hours(72)).await;
        let asked = house.events::<SatisfactionAsked>().await;
        assert_eq!(asked.iter().map(|asked| asked.number).collect::<Vec<_>>(), (2..=number).collect::<Vec<_>>());
    }
    house.stack.advance(hours(72)).await;
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.outcome.as_str(), view.times_asked), ("closed", "unconfirmed", 3));
}

#[tokio::test]
async fn r_cmp_05_a_breach_occurred_when_it_was_due_and_who_speaks_late_finds_it_settled() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().conclude_investigation(request(ANA, conclude(1))).await, "investigated");
    let due = house.stack.now() + hours(72);
    house.stack.advance(hours(75)).await;
    let occurred: Vec<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "select occurred_at from journal where type = 'aftercare.complaint.v1.PromisesMoved' order by occurred_at",
    )
    .fetch_all(&house.stack.pool(NAME))
    .await
    .unwrap();
    assert!(occurred.iter().any(|at| at.to_jiff() == due), "{due} is not among {occurred:?}");

    let house = House::open().await;
    house.investigate(1).await;
    house.stack.move_clock(hours(75));
    ok(house.client().tell_progress(told("hotline", "two more days", false)).await, "investigating");
    house.stack.settle().await;
    assert_eq!(house.events::<CustomerWithoutWord>().await.len(), 1, "it was too long");
    assert_eq!(open_for(&house, EscalationTrigger::Silence).await, 0);
}

#[tokio::test]
async fn r_cmp_10_an_offer_that_cannot_be_sent_stands_still_for_nobody() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    let standing = async || {
        let promises = house.view(1).await.promises;
        promises.into_iter().rfind(|one| one.promise == "result_notice").unwrap().status
    };
    assert_eq!(standing().await, "paused");
    fails(&house, kernel::id::derived("message", &["offer", &id(1), "1"]), Purpose::Offer).await;
    assert_eq!((standing().await.as_str(), house.view(1).await.status.as_str()), ("running", "offered"));
    assert_eq!(open_for(&house, EscalationTrigger::ResultUntold).await, 1);
    house.agree(1).await;
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_10_a_result_that_left_in_time_takes_its_lateness_back() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.execute(1).await;
    let sent_at = on_wire(house.stack.now());
    house.stack.advance(hours(25)).await;
    assert!(house.view(1).await.result_late);
    let message = house.result_message(1).await;
    let (message_id, purpose, about_id) = (message.to_string(), Purpose::Result.into(), id(1));
    let sent = MessageSent { message_id, purpose, about_id, sent_at, ..MessageSent::default() };
    house.hear("outreach", &sent, message.as_u128()).await;
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.result_late), ("satisfaction_check", false));
    assert_eq!(open_for(&house, EscalationTrigger::ResultLate).await, 0);
    let [back] = house.events::<ResultLateCorrected>().await.try_into().unwrap();
    assert!(house.escalations().await.iter().any(|view| view.escalation_id == back.escalation_id));
}

#[tokio::test]
async fn r_cmp_11_a_question_that_cannot_be_sent_is_asked_again() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
    house.stack.advance(hours(72)).await;
    let asked = house.events::<SatisfactionAsked>().await;
    fails(&house, asked[0].message_id.parse().unwrap(), Purpose::Satisfaction).await;
    let unasked = house.events::<SatisfactionUnasked>().await;
    assert_eq!((unasked.len(), unasked[0].times_asked, house.view(1).await.times_asked), (1, 1, 1));
    assert_eq!(open_for(&house, EscalationTrigger::ResultUntold).await, 1);
    house.stack.advance(hours(72)).await;
    let asked = house.events::<SatisfactionAsked>().await;
    assert_eq!(asked.iter().map(|asked| asked.number).collect::<Vec<_>>(), [2, 2]);
    assert_ne!(asked[0].message_id, asked[1].message_id);
}

#[tokio::test]
async fn r_cmp_10_r_cmp_20_a_result_nobody_told_in_time_is_on_the_managers_list_until_it_is_told() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.execute(1).await;
    let due = house.stack.now() + hours(24);
    let listed = async || {
        let asked = request(ANA, ListOverdueRequest::default());
        let overdue = house.client().list_overdue(asked).await.unwrap().into_inner().overdue;
        let results = overdue.into_iter().filter(|one| one.kind == "result");
        results.map(|one| (one.complaint_id, one.department, one.due_at)).collect::<Vec<_>>()
    };
    house.stack.move_clock(hours(24));
    assert_eq!(listed().await, [], "the due time itself is in time");
    house.stack.move_clock(micro());
    let late = [(id(1), "quality".to_owned(), on_wire(due))];
    assert_eq!(listed().await, late, "whether or not a clock has rung");
    house.stack.settle().await;
    let view = house.view(1).await;
    let runs = view.promises.iter().any(|one| one.promise == "result_notice" && one.status == "running");
    assert!(view.result_late && runs, "the time of its class has not passed");
    assert_eq!(listed().await, late);
    house.tell(1, Purpose::Result).await;
    assert_eq!(listed().await, []);
}
