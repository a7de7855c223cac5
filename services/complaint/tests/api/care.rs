//! What the customer hears while a complaint is open, and what happens when he does not.
use contracts::{complaint::v1::*, outreach::v1::Purpose};
use testkit::{request, wrong_fields};

use crate::house::{ANA, House, conclude, hours, id, micro, ok, refund};

fn told(channel: &str, text: &str, by_message: bool) -> tonic::Request<TellProgressRequest> {
    let (channel, text) = (channel.to_owned(), text.to_owned());
    request(ANA, TellProgressRequest { complaint_id: id(1), channel, text, by_message })
}

fn raised_for(raised: &[EscalationRaised], trigger: EscalationTrigger) -> usize {
    raised.iter().filter(|raised| raised.trigger() == trigger).count()
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
    ok(
        house.client().tell_progress(told("hotline", "the laboratory needs two more days", false)).await,
        "investigated",
    );
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
