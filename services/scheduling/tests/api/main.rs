//! Scheduling from outside: intake's events in, gRPC, scheduling's events out; real Postgres and NATS, clock moved by
//! hand.
#![expect(clippy::unwrap_used, reason = "tests")]
mod base_data;
mod house;
mod refusals;

use contracts::scheduling::v1::{
    FollowUpCompleted, FollowUpDue,
    FollowUpKind::{LongTerm, NewCustomer, ProductUse},
    FollowUpMissed, FollowUpPlanned, FollowUpRescheduled, GetFollowUpRequest, GetOverviewRequest, ProblemFound,
    RecordAnswerRequest,
};
use jiff::ToSpan;
use testkit::{Stack, request};
use tonic::Code;

use crate::house::{House, NAME, about, code, days, id, on_wire, purchase, rows};

#[tokio::test]
async fn a_sale_is_followed_up_in_its_windows() {
    let house = House::open().await;
    let bought = house.0.now();
    house.sell(1, 2).await;
    assert_eq!(
        house.follow_ups(1).await,
        rows(&[(NewCustomer, "due"), (ProductUse, "planned"), (LongTerm, "planned")])
    );
    let planned = house.events::<FollowUpPlanned>().await;
    let half_year = bought.to_zoned(jiff::tz::TimeZone::UTC).checked_add(6.months()).unwrap().timestamp();
    for (kind, start, end) in [
        (NewCustomer, bought, bought + days(7)),
        (ProductUse, bought + days(7), bought + days(30)),
        (LongTerm, half_year, half_year + days(14)),
    ] {
        let owed = planned.iter().find(|owed| owed.kind() == kind).unwrap();
        assert_eq!((owed.window_start, owed.window_end), (on_wire(start), on_wire(end)));
        assert_eq!((owed.customer_id.as_str(), owed.purchase_id.as_str()), (id(2).as_str(), id(1).as_str()));
        assert_eq!((owed.category.as_str(), owed.product_id.as_str(), owed.batch.as_str()), ("tools", "p-7", "b-3"));
    }

    house.0.advance(days(7)).await;
    assert_eq!(house.follow_ups(1).await, rows(&[(NewCustomer, "missed"), (ProductUse, "due"), (LongTerm, "planned")]));
    house.answer(about(1, 5)).await.unwrap();
    house.0.advance(days(60)).await;
    let ended = [(NewCustomer, "missed"), (ProductUse, "completed"), (LongTerm, "planned")];
    assert_eq!(house.follow_ups(1).await, rows(&ended));
    assert_eq!(house.events::<FollowUpDue>().await.len(), 2);
    assert_eq!(house.events::<FollowUpMissed>().await.len(), 1);
    assert_eq!(house.events::<ProblemFound>().await.len(), 0);
    let completed = house.events::<FollowUpCompleted>().await;
    assert_eq!((completed.len(), completed[0].on_time, completed[0].commented), (1, true, false));
    assert_eq!(completed[0].answered_at, on_wire(bought + days(7)));
}

#[tokio::test]
async fn a_delivery_moves_the_window_only_while_it_is_planned() {
    let house = House::open().await;
    let bought = house.0.now();
    house.sell(1, 2).await;
    house.0.advance(days(3)).await;
    house.deliver(1, 2).await;
    let moved = house.events::<FollowUpRescheduled>().await;
    assert_eq!((moved.len(), moved[0].kind()), (1, ProductUse));
    assert_eq!((moved[0].window_start, moved[0].window_end), (on_wire(bought + days(10)), on_wire(bought + days(33))));
    let owed = house.view(1, ProductUse).await.planned.unwrap();
    assert_eq!((owed.window_start, owed.window_end), (moved[0].window_start, moved[0].window_end));
    house.0.advance(days(5)).await;
    assert_eq!(house.view(1, ProductUse).await.status, "planned", "the old deadline is gone");
    house.0.advance(days(2)).await;
    assert_eq!(house.view(1, ProductUse).await.status, "due");

    house.sell(5, 6).await;
    house.0.advance(days(8)).await;
    house.deliver(5, 6).await;
    assert_eq!(house.events::<FollowUpRescheduled>().await.len(), 1, "what is due stays");
}

#[tokio::test]
async fn nothing_is_owed_twice_whatever_repeats() {
    let house = House::open().await;
    let sale = purchase(1, 2, house.0.now(), "tools");
    house.hear(&sale, 1, 1).await;
    house.hear(&sale, 1, 1).await;
    // the same sale again, as if intake had told it anew
    house.hear(&sale, 1, 2).await;
    assert_eq!(house.follow_ups(1).await.len(), 3);
    house.sell(3, 2).await;
    assert_eq!(house.follow_ups(3).await, rows(&[(ProductUse, "planned")]), "the customer is no longer new");
    assert_eq!(house.events::<FollowUpPlanned>().await.len(), 4);
    assert_eq!(house.0.parked(NAME).await, 0);
}

#[tokio::test]
async fn an_old_sale_is_owed_but_nobody_is_asked_too_late() {
    let house = House::open().await;
    house.hear(&purchase(1, 2, house.0.now() - days(100), "tools"), 1, 1).await;
    assert_eq!(
        house.follow_ups(1).await,
        rows(&[(NewCustomer, "missed"), (ProductUse, "missed"), (LongTerm, "planned")])
    );
    assert_eq!(house.events::<FollowUpDue>().await.len(), 0);
}

#[tokio::test]
async fn half_years_go_on_without_end_and_without_drift() {
    let house = House::open().await;
    house.sell(1, 2).await;
    house.0.advance(days(800)).await;
    let starts: Vec<String> = house
        .events::<FollowUpPlanned>()
        .await
        .iter()
        .filter(|owed| owed.kind() == LongTerm)
        .map(|owed| backbone::proto::instant("", owed.window_start.as_ref()).unwrap().unwrap().to_string())
        .collect();
    assert_eq!(
        starts[..4],
        ["2026-09-02T08:00:00Z", "2027-03-02T08:00:00Z", "2027-09-02T08:00:00Z", "2028-03-02T08:00:00Z"]
    );
    let open = house.list("planned", 1).await;
    assert_eq!(open.len(), 1);
    // one that is answered is followed by the next, too; its late answer does not plan it again
    let early = RecordAnswerRequest { follow_up_id: open[0].follow_up_id.clone(), score: 4, ..Default::default() };
    house.answer(early).await.unwrap();
    let missed = house.list("missed", 1).await;
    let late = RecordAnswerRequest { follow_up_id: missed[2].follow_up_id.clone(), score: 3, ..Default::default() };
    house.answer(late).await.unwrap();
    assert_eq!(house.list("planned", 1).await.len(), 1);
    let completed = house.events::<FollowUpCompleted>().await;
    assert_eq!(completed.iter().map(|answer| answer.on_time).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn an_answer_counts_for_the_right_follow_up() {
    let house = House::open().await;
    house.sell(1, 2).await;
    house.answer(about(1, 4)).await.unwrap();
    let repeat = house.answer(about(1, 4)).await.unwrap_err();
    assert_eq!(code(&repeat), "follow_up.already_answered", "a repeat is no answer to what is asked later");
    let answered = [(NewCustomer, "completed"), (ProductUse, "planned"), (LongTerm, "planned")];
    assert_eq!(house.follow_ups(1).await, rows(&answered));

    house.sell(3, 2).await;
    house.sell(4, 2).await;
    house.answer(about(4, 4)).await.unwrap();
    assert_eq!(house.follow_ups(4).await, rows(&[(ProductUse, "completed")]), "nothing else was asked yet");
    house.0.advance(days(40)).await;
    assert_eq!(house.follow_ups(3).await, rows(&[(ProductUse, "missed")]));
    let receipt = house.answer(about(3, 4)).await.unwrap();
    assert_eq!((receipt.status.as_str(), receipt.version), ("completed", 3));
    assert!(!house.events::<FollowUpCompleted>().await.pop().unwrap().on_time);
    let second = house.answer(about(3, 4)).await.unwrap_err();
    assert_eq!((second.code(), code(&second).as_str()), (Code::FailedPrecondition, "follow_up.already_answered"));

    // what was said in time but is told late belongs to the window it was said in
    house.sell(5, 6).await;
    let said = house.0.now() + days(10);
    house.0.advance(days(40)).await;
    house.answer(RecordAnswerRequest { answered_at: on_wire(said), ..about(5, 4) }).await.unwrap();
    let completed = house.events::<FollowUpCompleted>().await.pop().unwrap();
    assert_eq!((completed.kind(), completed.on_time), (ProductUse, true));
}

#[tokio::test]
async fn a_problem_is_told_at_once_and_its_words_stay_here() {
    const WORDS: &str = "my skin burns, call me at 555-0100";
    let house = House::open().await;
    house.sell(1, 2).await;
    let asked = RecordAnswerRequest { discomfort: true, comment: WORDS.into(), ..about(1, 5) };
    let receipt = house.answer(asked).await.unwrap();
    let journal = house.0.journal(NAME).await;
    let told: Vec<_> = journal.iter().filter(|row| row.aggregate_id.to_string() == receipt.id).collect();
    let types: Vec<_> = told.iter().map(|row| (row.version, row.event_type.rsplit('.').next().unwrap())).collect();
    assert_eq!(types, [(1, "FollowUpPlanned"), (2, "FollowUpDue"), (3, "FollowUpCompleted"), (4, "ProblemFound")]);
    let problem: ProblemFound = told[3].read().unwrap();
    assert_eq!((problem.score, problem.discomfort, problem.purchase_id), (5, true, id(1)));
    assert_eq!(
        (problem.product_id.as_str(), problem.batch.as_str(), problem.category.as_str()),
        ("p-7", "b-3", "tools")
    );

    let asked = GetFollowUpRequest { follow_up_id: receipt.id.clone() };
    let got = house.client().get_follow_up(request("staff:ana", asked)).await.unwrap().into_inner();
    assert_eq!(got.comment, WORDS);
    let view = got.follow_up.unwrap();
    assert_eq!((view.status.as_str(), view.version, view.score, view.discomfort), ("completed", 4, 5, true));
    let spoken = WORDS.as_bytes();
    assert!(journal.iter().all(|row| !row.payload.windows(spoken.len()).any(|part| part == spoken)));
    let states: i64 = sqlx::query_scalar("select count(*) from follow_up where state::text like '%555-0100%'")
        .fetch_one(&house.0.pool(NAME))
        .await
        .unwrap();
    assert_eq!(states, 0);
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer() {
    let house = House::open().await;
    house.sell(1, 2).await;
    let send = |asked: RecordAnswerRequest| {
        let (mut client, mut request) = (house.client(), request("channel:phone", asked));
        request.metadata_mut().insert("idempotency-key", "call-17".parse().unwrap());
        async move { client.record_answer(request).await.map(tonic::Response::into_inner) }
    };
    let first = send(about(1, 1)).await.unwrap();
    assert_eq!(send(about(1, 1)).await.unwrap(), first);
    assert_eq!(house.events::<FollowUpCompleted>().await.len(), 1);
    assert_eq!(house.events::<ProblemFound>().await.len(), 1);
    assert_eq!(code(&send(about(1, 2)).await.unwrap_err()), "idempotency.key_reused");
}

#[tokio::test]
async fn of_many_answers_at_once_one_is_taken() {
    let house = House::open().await;
    house.sell(1, 2).await;
    let due = house.view(1, NewCustomer).await.follow_up_id;
    let mut taken = 0;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..20 {
        let mut client = house.client();
        let asked = RecordAnswerRequest {
            follow_up_id: due.clone(),
            score: 1 + number % 5,
            comment: format!("word {number}"),
            ..Default::default()
        };
        running.spawn(async move { client.record_answer(request("channel:phone", asked)).await });
    }
    while let Some(result) = running.join_next().await {
        match result.unwrap() {
            Ok(_) => taken += 1,
            Err(refused) => assert_eq!(code(&refused), "follow_up.already_answered"),
        }
    }
    assert_eq!((taken, house.events::<FollowUpCompleted>().await.len()), (1, 1));
    let words: i64 =
        sqlx::query_scalar("select count(*) from private_text").fetch_one(&house.0.pool(NAME)).await.unwrap();
    assert_eq!(words, 1, "the words of the refused are not kept");
}

#[tokio::test]
async fn the_overview_counts_states_and_those_past_their_window() {
    let house = House::open().await;
    house.sell(1, 2).await;
    house.sell(3, 4).await;
    house.answer(about(3, 5)).await.unwrap();
    house.0.move_clock(days(8));
    let overview = house.client().get_overview(request("staff:ana", GetOverviewRequest {})).await.unwrap().into_inner();
    let counts: Vec<_> = overview.follow_ups.iter().map(|count| (count.key.as_str(), count.count)).collect();
    assert_eq!((counts, overview.late), (vec![("completed", 1), ("due", 1), ("planned", 4)], 1));
}

#[tokio::test]
async fn rules_are_data() {
    let stack = Stack::start_with(&[&scheduling::SERVICE], |_, settings| {
        settings.service["problem_score"] = 3.into();
        settings.service["rules"]["product_use"]["categories"]["perfumery"] =
            serde_json::json!({ "first_day": 14, "last_day": 21 });
    })
    .await;
    let house = House(stack);
    let bought = house.0.now();
    house.hear(&purchase(1, 2, bought, "Perfumery"), 1, 1).await;
    let owed = house.view(1, ProductUse).await.planned.unwrap();
    assert_eq!((owed.window_start, owed.window_end), (on_wire(bought + days(14)), on_wire(bought + days(21))));
    house.answer(about(1, 3)).await.unwrap();
    assert_eq!(house.events::<ProblemFound>().await.len(), 1);
}
