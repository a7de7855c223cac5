//! An offer nobody answers, what a customer writes while he is waited for, and what people tell and try by telephone.
use contracts::{
    complaint::v1::*,
    intake::v1::{CaseResponded, CaseResponseCorrected},
    outreach::v1::Purpose,
};
use testkit::request;

use crate::house::{ANA, House, NAME, code, hours, id, micro, ok, on_wire, refund, withdrawal, written};

/// What stands on the manager's list of these kinds, with its due time.
async fn overdue(house: &House) -> Vec<(String, Option<contracts::Timestamp>)> {
    let asked = request(ANA, ListOverdueRequest::default());
    let rows = house.client().list_overdue(asked).await.unwrap().into_inner().overdue;
    let wanted = rows.into_iter().filter(|row| ["offer_answer", "customer_word"].contains(&row.kind.as_str()));
    wanted.map(|row| (row.kind, row.due_at)).collect()
}

async fn open_for(house: &House, trigger: EscalationTrigger) -> usize {
    let views = house.escalations().await.into_iter().filter(|view| view.status != "closed");
    views.filter_map(|view| view.raised).filter(|raised| raised.trigger() == trigger).count()
}

async fn promise(house: &House, kind: &str) -> String {
    house.view(1).await.promises.into_iter().rfind(|one| one.promise == kind).unwrap().status
}

/// Told the result, and asked whether it settles the matter.
async fn checked(house: &House) {
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
}

#[tokio::test]
async fn r_cmp_20_an_offer_nobody_answers_is_told_again_and_then_on_the_managers_list() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    let due = house.stack.now() + hours(9 * 24);
    for number in [2, 3] {
        house.stack.advance(hours(72)).await;
        let reminded = house.events::<OfferReminded>().await;
        assert_eq!(reminded.iter().map(|one| one.number).collect::<Vec<_>>(), (2..=number).collect::<Vec<_>>());
    }
    house.stack.advance(hours(72)).await;
    assert_eq!((overdue(&house).await, open_for(&house, EscalationTrigger::OfferUnanswered).await), (vec![], 0));
    house.stack.advance(micro()).await;
    assert_eq!(overdue(&house).await, [("offer_answer".to_owned(), on_wire(due))]);
    assert_eq!(open_for(&house, EscalationTrigger::OfferUnanswered).await, 1);
    let view = house.view(1).await;
    assert_eq!((view.answer_by, view.times_offered), (on_wire(due), 3));
    house.agree(1).await;
    assert_eq!((overdue(&house).await, open_for(&house, EscalationTrigger::OfferUnanswered).await), (vec![], 0));
    assert_eq!((house.events::<OfferUnanswered>().await.len(), house.stack.parked(NAME).await), (1, 0));
}

#[tokio::test]
async fn r_cmp_05_what_a_customer_writes_about_an_offer_ends_the_pause_and_must_be_read() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    assert_eq!(promise(&house, "result_notice").await, "paused");
    let wrote_at = house.stack.now() + hours(1);
    house.stack.advance(hours(5)).await;
    house.hear("intake", &written(1, wrote_at, true), 1_001).await;
    for kind in ["result_notice", "progress_silence"] {
        assert_eq!(promise(&house, kind).await, "running");
    }
    let view = house.view(1).await;
    assert_eq!((view.wrote_at, view.read_by), (on_wire(wrote_at), on_wire(wrote_at + hours(24))));
    assert_eq!(view.word_by, on_wire(wrote_at + hours(72)), "it stood still until he wrote");
    house.stack.advance(hours(20)).await;
    assert_eq!(overdue(&house).await, []);
    house.stack.advance(micro()).await;
    assert_eq!(overdue(&house).await, [("customer_word".to_owned(), on_wire(wrote_at + hours(24)))]);
    assert_eq!(open_for(&house, EscalationTrigger::Unread).await, 1);
    let (channel, text) = ("hotline".into(), "the money comes within three days".into());
    let told = TellProgressRequest { complaint_id: id(1), channel, text, ..Default::default() };
    ok(house.client().tell_progress(request(ANA, told)).await, "offered");
    house.stack.settle().await;
    assert_eq!((overdue(&house).await, open_for(&house, EscalationTrigger::Unread).await), (vec![], 0));
    assert_eq!(house.view(1).await.wrote_at, None);
    let kinds = ["CustomerWrote", "CustomerUnread", "CustomerRead"];
    let told: Vec<_> = house.history(&id(1)).await.into_iter().filter(|kind| kinds.contains(&kind.as_str())).collect();
    assert_eq!((told, house.stack.parked(NAME).await), (kinds.map(str::to_owned).to_vec(), 0));
}

#[tokio::test]
async fn r_cmp_11_who_writes_when_asked_is_asked_no_more_and_never_closed_as_silent() {
    let house = House::open().await;
    checked(&house).await;
    house.stack.advance(hours(1)).await;
    house.hear("intake", &written(1, house.stack.now(), false), 1_001).await;
    house.stack.advance(hours(30 * 24)).await;
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.times_asked), ("satisfaction_check", 1));
    assert_eq!((house.events::<SatisfactionAsked>().await.len(), overdue(&house).await.len()), (0, 1));
    assert_eq!(house.satisfied(1, true).await.unwrap().status, "closed");
    assert_eq!((overdue(&house).await, open_for(&house, EscalationTrigger::Unread).await), (vec![], 0));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_11_what_he_said_before_an_unconfirmed_close_is_recorded_later_by_a_new_event() {
    for satisfied in [true, false] {
        let house = House::open().await;
        checked(&house).await;
        let said_at = house.stack.now() + hours(100);
        for _ in 0..3 {
            house.stack.advance(hours(72)).await;
        }
        assert_eq!(house.view(1).await.outcome, "unconfirmed");
        let said = RecordSatisfactionRequest {
            complaint_id: id(1),
            satisfied,
            channel: "wechat".into(),
            said_at: on_wire(said_at),
            ..Default::default()
        };
        let status = if satisfied { "closed" } else { "investigating" };
        ok(house.client().record_satisfaction(request(ANA, said)).await, status);
        house.stack.settle().await;
        let closed = house.events::<ComplaintClosed>().await;
        assert_eq!(closed.iter().map(|closed| closed.outcome.as_str()).collect::<Vec<_>>(), ["unconfirmed"]);
        let corrected = house.events::<ComplaintCloseCorrected>().await;
        let outcomes: Vec<_> = corrected.iter().map(|one| (one.outcome.as_str(), one.closed_at)).collect();
        assert_eq!(outcomes, Vec::from_iter(satisfied.then_some(("satisfied", closed[0].closed_at))));
        let view = house.view(1).await;
        assert_eq!((view.outcome.as_str(), view.reopen_count), if satisfied { ("satisfied", 0) } else { ("", 1) });
        assert_eq!(open_for(&house, EscalationTrigger::Dissatisfied).await, usize::from(!satisfied));
    }
}

#[tokio::test]
async fn r_cmp_10_a_person_tells_the_result_and_when_decides() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.execute(1).await;
    let told_at = house.stack.now() + hours(24);
    house.stack.advance(hours(25)).await;
    assert!(house.view(1).await.result_late);
    let (channel, text) = ("hotline".to_owned(), "the money is on its way".to_owned());
    let told = TellResultRequest { complaint_id: id(1), channel, text, told_at: on_wire(told_at) };
    ok(house.client().tell_result(request(ANA, told.clone())).await, "satisfaction_check");
    house.stack.settle().await;
    let view = house.view(1).await;
    assert_eq!((view.result_late, view.times_asked), (false, 1));
    assert_eq!(open_for(&house, EscalationTrigger::ResultLate).await, 0);
    let [result] = house.events::<ResultTold>().await.try_into().unwrap();
    assert_eq!((result.message_id.as_str(), result.channel.as_str()), ("", "hotline"));
    let note = &house.get(1).await.notes[0];
    assert_eq!((note.field.as_str(), note.text.as_str()), ("result", "the money is on its way"));
    let again = house.client().tell_result(request(ANA, told)).await.unwrap_err();
    assert_eq!(code(&again), "complaint.not_now");
    house.tell(1, Purpose::Result).await;
    assert_eq!((house.events::<ResultTold>().await.len(), house.stack.parked(NAME).await), (1, 0));
}

#[tokio::test]
async fn r_cmp_11_calls_in_vain_count_as_questions() {
    let house = House::open().await;
    checked(&house).await;
    for tries in [2, 3] {
        house.stack.advance(hours(1)).await;
        let tried = RecordUnreachedRequest { complaint_id: id(1), channel: "hotline".into(), tried_at: None };
        ok(house.client().record_unreached(request(ANA, tried)).await, "satisfaction_check");
        assert_eq!(house.view(1).await.times_asked, tries);
    }
    house.stack.advance(hours(9 * 24)).await;
    assert_eq!(house.events::<SatisfactionAsked>().await.len(), 0, "he was asked as often as is set");
    assert_eq!(
        (house.view(1).await.outcome, house.events::<CustomerUnreached>().await.len()),
        ("unconfirmed".into(), 2)
    );
}

#[tokio::test]
async fn r_cmp_05_an_agents_answer_at_intake_is_word_of_us() {
    let house = House::open().await;
    house.investigate(1).await;
    house.stack.advance(hours(60)).await;
    let (case_id, complaint_id, responded_at) = (id(1_001), id(1), on_wire(house.stack.now()));
    let told = CaseResponded { case_id: case_id.clone(), complaint_id, responded_at, ..Default::default() };
    house.hear("intake", &told, 1_001).await;
    house.hear("intake", &CaseResponded { complaint_id: String::new(), ..told }, 1_001).await;
    house.stack.advance(hours(72)).await;
    assert_eq!((house.view(1).await.without_word, house.events::<CustomerWithoutWord>().await.len()), (false, 0));
    house.stack.advance(micro()).await;
    assert!(house.view(1).await.without_word);
    // He had been answered once more, in time, and that is told late.
    let responded_at = on_wire(house.stack.now() - hours(24));
    let told = CaseResponseCorrected { case_id, complaint_id: id(1), responded_at, ..Default::default() };
    house.hear("intake", &told, 1_001).await;
    assert!(!house.view(1).await.without_word);
    assert_eq!((open_for(&house, EscalationTrigger::Silence).await, house.stack.parked(NAME).await), (0, 0));
}

#[tokio::test]
async fn a_withdrawal_says_how_when_and_in_which_words() {
    let house = House::open().await;
    house.investigate(1).await;
    let said_at = house.stack.now() + hours(24);
    house.stack.advance(hours(25)).await;
    assert!(house.view(1).await.investigation_late);
    let said = WithdrawRequest { said_at: on_wire(said_at), ..withdrawal(1) };
    ok(house.client().withdraw(request(ANA, said)).await, "closed");
    assert!(!house.view(1).await.investigation_late, "he had taken it back in time");
    let [closed] = house.events::<ComplaintClosed>().await.try_into().unwrap();
    assert_eq!((closed.outcome.as_str(), closed.channel.as_str()), ("withdrawn", "hotline"));
    let note = &house.get(1).await.notes[0];
    assert_eq!((note.field.as_str(), note.text.as_str()), ("withdrawal", "it has turned up"));
}
