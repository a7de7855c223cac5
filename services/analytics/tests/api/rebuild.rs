//! A rebuild gives the same figures from the journals alone, whatever had become of the facts.
use contracts::{
    analytics::v1::{GetFiguresResponse, RebuildRequest},
    complaint::v1::{EffectivenessCheckStarted, ResultTold, SuggestionAdopted, TaskAnswered},
    intake::v1::{CallOutcome, CaseClassified, CaseRegistered},
};
use jiff::ToSpan;
use testkit::Stack;
use tonic::Code;
use uuid::Uuid;

use crate::{
    events::{
        accepted, agreed, answered, ask, at, call, client, closed, completed, concluded, offered, planned, purchase,
        read, recorded, refunded, stands, wire,
    },
    orders::{finished, given, posted},
    owners::{COMPLAINT, INTAKE, start, tell},
    promises::{registered, replied, responded},
};

async fn chain(stack: &Stack) -> u64 {
    let (begin, by) = (at("02-01T00:00:00"), at("02-02T00:00:00"));
    for number in 0..30 {
        let (follow_up, complaint, customer) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        tell(stack, Uuid::now_v7(), purchase(begin, Some(by), 1_000 + number, "BRL")).await;
        tell(stack, follow_up, planned(customer, by)).await;
        tell(stack, follow_up, completed(customer, 1 + u32::try_from(number % 5).unwrap(), by, by)).await;
        tell(stack, complaint, recorded(begin, by)).await;
        tell(stack, complaint, concluded(begin + number.hours(), by)).await;
        tell(stack, Uuid::now_v7(), closed(begin, begin + (number * number).minutes())).await;
        tell(stack, Uuid::now_v7(), refunded(by, number, "BRL")).await;
    }
    tell(stack, Uuid::now_v7(), SuggestionAdopted::default()).await;
    let (complaint, task, settled) = (Uuid::now_v7(), Uuid::now_v7(), stack.now());
    tell(stack, complaint, offered(1)).await;
    tell(stack, complaint, agreed(1)).await;
    let answer = TaskAnswered { answer_by: wire(settled), ..answered("quality", complaint, settled, 60, 600) };
    tell(stack, task, answer).await;
    tell(stack, task, accepted("quality", complaint)).await;
    tell(stack, complaint, ResultTold::default()).await;
    tell(stack, Uuid::now_v7(), EffectivenessCheckStarted { before: 4, after: 1, ..Default::default() }).await;
    let case = Uuid::now_v7();
    tell(stack, case, CaseRegistered { urgent_by: wire(by), ..registered(begin) }).await;
    tell(stack, case, responded(by, by)).await;
    tell(stack, case, classified()).await;
    tell(stack, Uuid::now_v7(), call(begin, 15, CallOutcome::Answered)).await;
    tell(stack, complaint, stands("solution_offer", begin, by, "running")).await;
    tell(stack, complaint, stands("solution_offer", begin, by, "met")).await;
    tell(stack, complaint, stands("result_notice", begin, by, "breached")).await;
    tell(stack, complaint, stands("progress_silence", begin, by, "met")).await;
    tell(stack, case, replied(by, by)).await;
    tell(stack, Uuid::now_v7(), given("cash", 500)).await;
    tell(stack, Uuid::now_v7(), finished("exchange", 3, 1)).await;
    tell(stack, Uuid::now_v7(), posted(&[("freight", 900, "broken"), ("cash", -900, "")])).await;
    stack.settle().await;
    30 * 7 + 1 + 6 + 3 + 4 + 2 + 3
}

/// A person said what the model had said.
fn classified() -> CaseClassified {
    CaseClassified { classification_version: 1, model_version: "own-1".into(), ..CaseClassified::default() }
}

async fn everything(stack: &Stack) -> GetFiguresResponse {
    ask(stack, at("01-01T00:00:00"), at("04-01T00:00:00"), &[]).await.unwrap()
}

async fn rebuild(stack: &Stack) -> Result<u64, tonic::Status> {
    client(stack)
        .rebuild(testkit::request("staff:ana", RebuildRequest {}))
        .await
        .map(|answer| answer.into_inner().events)
}

#[tokio::test]
async fn whatever_became_of_the_facts_the_figures_are_the_same_afterwards() {
    let stack = start().await;
    let told = chain(&stack).await;
    let before = everything(&stack).await;
    assert!(before.figures.iter().all(|figure| figure.value.is_some()), "{:?}", before.figures);
    let pool = stack.pool("analytics");
    for harm in [
        "select 1",
        "delete from fact",
        "delete from fact where score = 1",
        "update fact set minor = 1, currency = 'EUR' where minor is not null",
        "insert into fact (event_id, type, service, stream, aggregate_id, version, occurred_at, recorded_at, started_at)
         select gen_random_uuid(), type, service, stream, aggregate_id, version, occurred_at, recorded_at, started_at
         from fact",
        "delete from watermark",
    ] {
        sqlx::query(harm).execute(&pool).await.unwrap();
        assert_eq!(rebuild(&stack).await.unwrap(), told);
        let after = everything(&stack).await;
        assert_eq!(after.figures, before.figures, "{harm}");
        for (was, is) in before.watermarks.iter().zip(&after.watermarks) {
            assert_eq!((&was.stream, was.events, was.last_occurred_at), (&is.stream, is.events, is.last_occurred_at));
            let known = if harm.ends_with("watermark") { 0 } else { was.stream_seq };
            assert_eq!(is.stream_seq, known, "{harm}: how far the stream was read is no matter of the journals");
            assert!(is.journal_seq > 0);
        }
    }
}

#[tokio::test]
async fn events_go_on_being_counted_after_a_rebuild() {
    let stack = start().await;
    chain(&stack).await;
    rebuild(&stack).await.unwrap();
    let day = at("02-05T00:00:00");
    tell(&stack, Uuid::now_v7(), closed(day, day)).await;
    stack.settle().await;
    let now = everything(&stack).await;
    assert_eq!(read(&now.figures, "M11", "mean").1, 31);
    let intake = now.watermarks.iter().find(|mark| mark.stream == "INTAKE").unwrap();
    assert_eq!((intake.events, intake.stream_seq), (66, 66));
}

#[tokio::test]
async fn an_event_that_is_read_before_its_stream_brings_it_counts_once() {
    let stack = start().await;
    let day = at("02-05T00:00:00");
    tell(&stack, Uuid::now_v7(), closed(day, day + 1.hour())).await;
    assert_eq!(rebuild(&stack).await.unwrap(), 1);
    assert_eq!(read(&everything(&stack).await.figures, "M11", "mean"), (Some(3600.0), 1, None));
    stack.settle().await;
    let now = everything(&stack).await;
    assert_eq!(read(&now.figures, "M11", "mean"), (Some(3600.0), 1, None));
    assert_eq!((now.watermarks[0].events, now.watermarks[0].stream_seq), (1, 1));
}

#[tokio::test]
async fn what_cannot_be_read_is_left_out_as_its_event_is_parked() {
    let stack = start().await;
    let day = at("02-05T00:00:00");
    tell(&stack, Uuid::now_v7(), refunded(day, -5, "BRL")).await;
    tell(&stack, Uuid::now_v7(), refunded(day, 5, "BRL")).await;
    stack.settle().await;
    let before = everything(&stack).await.figures;
    assert_eq!(rebuild(&stack).await.unwrap(), 1);
    assert_eq!(everything(&stack).await.figures, before);
}

#[tokio::test]
async fn a_service_that_does_not_answer_leaves_everything_as_it_was() {
    let stack = Stack::start_with(&[&INTAKE, &COMPLAINT, &analytics::SERVICE], |_, settings| {
        settings.neighbours.insert("scheduling".into(), "http://127.0.0.1:1".into());
    })
    .await;
    let day = at("02-05T00:00:00");
    tell(&stack, Uuid::now_v7(), closed(day, day + 1.hour())).await;
    stack.settle().await;
    let before = everything(&stack).await;
    assert_eq!(rebuild(&stack).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(everything(&stack).await, before);
}

#[tokio::test]
async fn a_second_rebuild_at_the_same_time_is_refused() {
    let stack = start().await;
    let pool = stack.pool("analytics");
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended(current_schema() || '.rebuild', 0))")
        .execute(&mut *other)
        .await
        .unwrap();
    let refused = rebuild(&stack).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::FailedPrecondition, "the facts are being rebuilt already"));
    other.rollback().await.unwrap();
    assert_eq!(rebuild(&stack).await.unwrap(), 0);
}
