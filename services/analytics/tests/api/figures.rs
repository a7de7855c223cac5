//! Each metric by its definition, and the questions that are refused.
use contracts::{
    analytics::v1::{GetFiguresRequest, RebuildRequest},
    complaint::v1::{
        ComplaintAssessed, InvestigationConcluded, SuggestionAdopted, SuggestionDeclined, SuggestionScreened,
        TaskIssued,
    },
    intake::v1::{CaseClosed, CaseRejected, CaseReopened},
    outreach::v1::MessageQueued,
};
use jiff::{SignedDuration, ToSpan};
use tonic::Code;
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{
    events::{
        ask, at, client, closed, completed, concluded, delivered, figures, late, moved, one, planned, purchase, read,
        recorded, refunded, wire,
    },
    owners::{start, tell},
};

#[tokio::test]
async fn d11_an_empty_period_has_figures_without_values() {
    let stack = start().await;
    let figures = figures(&stack).await;
    let ids: Vec<_> = figures.iter().map(|f| f.metric.as_str()).collect();
    let expected = "M01 M01n M02 M06 M06 M08 M08 M08 M08 M08 M09 M09 M10 M10 M10 M10 M10 M10 M10 M10 M11 M11 M11 \
                    M11e M11e M13 M14 M15 M16 M18 M18c M23 M24 M24 M24 M24 M25 M27m M27t M27t M27t M27t M27t \
                    M37 M37 M37 M37 M37 M37";
    assert_eq!(ids.join(" "), expected);
    for figure in figures {
        assert_eq!((figure.n, figure.lower, figure.upper), (0, None, None), "{figure:?}");
        assert_eq!(figure.value, (figure.unit == "count").then_some(0.0), "{figure:?}");
    }
}

#[tokio::test]
async fn coverage_counts_customers_and_punctuality_counts_obligations() {
    let stack = start().await;
    let end = at("02-10T00:00:00");
    let [ana, ben, cem] = [(); 3].map(|()| Uuid::now_v7());
    for (customer, answer) in [
        (ana, Some(end)),                                  // on time to the instant
        (ana, None),                                       // one of two answered: ana is covered
        (ben, Some(end + SignedDuration::from_micros(1))), // late, but fulfilled
        (cem, None),
    ] {
        let id = Uuid::now_v7();
        tell(&stack, id, planned(customer, end)).await;
        if let Some(answered) = answer {
            tell(&stack, id, completed(customer, 5, answered, end)).await;
        }
    }
    stack.settle().await;
    let figures = figures(&stack).await;
    assert_eq!(read(&figures, "M01", "share"), (Some(2.0 / 3.0), 3, Some(2)));
    assert_eq!(read(&figures, "M01n", "share"), (Some(2.0 / 3.0), 3, Some(2)));
    assert_eq!(read(&figures, "M02", "share"), (Some(0.25), 4, Some(1)));
    let share = one(&figures, "M02", "share");
    // Wilson for 1 of 4
    assert!((share.lower.unwrap() - 0.0456).abs() < 1e-4 && (share.upper.unwrap() - 0.6994).abs() < 1e-4, "{share:?}");
}

#[tokio::test]
async fn a_moved_window_counts_where_it_was_moved_to() {
    let stack = start().await;
    let (inside, outside) = (at("02-10T00:00:00"), at("03-10T00:00:00"));
    let [into, out, answered] = [(); 3].map(|()| Uuid::now_v7());
    let customer = Uuid::now_v7();
    for (id, first, then) in [(into, outside, inside), (out, inside, outside), (answered, inside, outside)] {
        tell(&stack, id, planned(customer, first)).await;
        tell(&stack, id, moved(customer, then)).await;
    }
    tell(&stack, answered, completed(customer, 5, inside, outside)).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M02", "share"), (Some(0.0), 1, Some(0)));
    assert_eq!(read(&shown, "M01", "share"), (Some(0.0), 1, Some(0)));
}

#[tokio::test]
async fn the_end_of_a_period_does_not_belong_to_it_and_its_beginning_does() {
    let stack = start().await;
    let (from, to) = (at("01-01T00:00:00"), at("03-01T00:00:00"));
    for (answered, score) in [(from, 5), (to, 1), (from - 1.microsecond(), 1), (to - 1.microsecond(), 4)] {
        let (id, customer) = (Uuid::now_v7(), Uuid::now_v7());
        tell(&stack, id, planned(customer, to)).await;
        tell(&stack, id, completed(customer, score, answered, to)).await;
    }
    stack.settle().await;
    let figures = figures(&stack).await;
    assert_eq!(read(&figures, "M06", "share"), (Some(1.0), 2, Some(2)));
    assert_eq!(read(&figures, "M06", "mean"), (Some(4.5), 2, None));
    assert_eq!(read(&figures, "M02", "share"), (None, 0, Some(0)));
}

#[tokio::test]
async fn d5_a_ten_minute_case_counts_ten_minutes() {
    let stack = start().await;
    let begin = at("02-01T00:00:00");
    tell(&stack, Uuid::now_v7(), closed(begin, begin + 10.minutes())).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    for part in ["median", "p90", "mean"] {
        assert_eq!(read(&shown, "M11", part), (Some(600.0), 1, None));
    }
    tell(&stack, Uuid::now_v7(), closed(begin, begin + 20.minutes())).await;
    tell(&stack, Uuid::now_v7(), closed(begin, begin + 90.minutes())).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M11", "median"), (Some(1200.0), 3, None));
    assert_eq!(read(&shown, "M11", "mean"), (Some(2400.0), 3, None));
    let p90 = read(&shown, "M11", "p90").0.unwrap();
    assert!((p90 - (1200.0 + 0.8 * 4200.0)).abs() < 1e-6, "{p90}");
}

#[tokio::test]
async fn a_case_that_was_reopened_counts_by_its_last_close() {
    let stack = start().await;
    let begin = at("02-01T00:00:00");
    let [again, open] = [(); 2].map(|()| Uuid::now_v7());
    for case in [again, open] {
        tell(&stack, case, closed(begin, begin + 1.hour())).await;
        tell(&stack, case, CaseReopened::default()).await;
    }
    tell(&stack, again, closed(begin, begin + 5.hours())).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M11", "mean"), (Some(18_000.0), 1, None));
    assert_eq!(stack.parked("analytics").await, 0);
}

#[tokio::test]
async fn cases_that_were_rejected_or_never_completed_are_counted_as_such() {
    let stack = start().await;
    let (begin, end) = (at("02-01T00:00:00"), at("02-05T00:00:00"));
    let told = |outcome: &str, at| CaseClosed { outcome: outcome.to_owned(), ..closed(begin, at) };
    let rejected = |at| CaseRejected { registered_at: wire(begin), rejected_at: wire(at), ..CaseRejected::default() };
    let again = Uuid::now_v7();
    tell(&stack, again, told("no_info", end)).await;
    tell(&stack, again, CaseReopened::default()).await;
    tell(&stack, again, told("answered", end)).await;
    tell(&stack, Uuid::now_v7(), told("no_info", end)).await;
    tell(&stack, Uuid::now_v7(), told("", end)).await;
    tell(&stack, Uuid::now_v7(), rejected(end)).await;
    tell(&stack, Uuid::now_v7(), rejected(at("03-01T00:00:00"))).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M11e", "share.no_info"), (Some(0.25), 4, Some(1)));
    assert_eq!(read(&shown, "M11e", "share.rejected"), (Some(0.25), 4, Some(1)));
    assert_eq!(read(&shown, "M11", "mean").1, 3, "a rejected case was never handled");
}

#[tokio::test]
async fn complaints_are_counted_against_orders_delivered() {
    let stack = start().await;
    let day = at("02-01T00:00:00");
    tell(&stack, Uuid::now_v7(), purchase(day, Some(day), 100, "BRL")).await;
    let later = Uuid::now_v7();
    tell(&stack, later, purchase(at("01-01T00:00:00"), None, 100, "BRL")).await;
    tell(&stack, later, delivered(day)).await;
    let both = Uuid::now_v7();
    tell(&stack, both, purchase(day, Some(day), 100, "BRL")).await;
    tell(&stack, both, delivered(day)).await;
    tell(&stack, Uuid::now_v7(), purchase(day, None, 100, "BRL")).await;
    tell(&stack, Uuid::now_v7(), purchase(day, Some(at("03-01T00:00:00")), 100, "BRL")).await;
    tell(&stack, Uuid::now_v7(), recorded(day, day + 24.hours())).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M13", "rate"), (Some(1000.0 / 3.0), 3, Some(1)));
}

#[tokio::test]
async fn a_late_investigation_stays_breached_when_it_is_concluded() {
    let stack = start().await;
    let (begin, by) = (at("02-01T00:00:00"), at("02-02T00:00:00"));
    let ids = [(); 5].map(|()| Uuid::now_v7());
    for id in ids {
        tell(&stack, id, recorded(begin, by)).await;
    }
    let [met, breached, met_late, twice, _running] = ids;
    // withdrawn before its time and investigated after an appeal: there was no promise any more
    tell(&stack, Uuid::now_v7(), InvestigationConcluded { investigate_by: None, ..concluded(by, by) }).await;
    tell(&stack, met, concluded(by, by)).await;
    tell(&stack, breached, late(by)).await;
    tell(&stack, met_late, late(by)).await;
    tell(&stack, met_late, concluded(by + 1.hour(), by)).await;
    // dissatisfied later and investigated again: the first one was in time
    tell(&stack, twice, concluded(begin + 1.hour(), by)).await;
    tell(&stack, twice, concluded(by + 100.hours(), by)).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M15", "share"), (Some(0.5), 4, Some(2)));
}

#[tokio::test]
async fn r_ana_14_adoption_is_the_share_of_the_suggestions_decided() {
    let stack = start().await;
    let now = stack.now();
    tell(&stack, Uuid::now_v7(), SuggestionAdopted::default()).await;
    tell(&stack, Uuid::now_v7(), SuggestionScreened::default()).await;
    for _ in 0..3 {
        tell(&stack, Uuid::now_v7(), SuggestionDeclined::default()).await;
    }
    stack.settle().await;
    let decided = ask(&stack, now, now + 1.hour(), &["M23"]).await.unwrap().figures;
    assert_eq!(read(&decided, "M23", "share"), (Some(0.25), 4, Some(1)));
    let earlier = ask(&stack, now - 1.hour(), now, &["M23"]).await.unwrap().figures;
    assert_eq!(read(&earlier, "M23", "share"), (None, 0, Some(0)));
}

#[tokio::test]
async fn refunds_are_shown_a_currency_each_and_never_added_up() {
    let stack = start().await;
    let day = at("02-01T00:00:00");
    tell(&stack, Uuid::now_v7(), purchase(day, None, 10_000, "BRL")).await;
    tell(&stack, Uuid::now_v7(), purchase(day, None, 30_000, "BRL")).await;
    tell(&stack, Uuid::now_v7(), refunded(day, 1_000, "BRL")).await;
    tell(&stack, Uuid::now_v7(), refunded(day, 77, "EUR")).await;
    stack.settle().await;
    let figures = figures(&stack).await;
    assert_eq!(read(&figures, "M18", "count"), (Some(2.0), 2, None));
    assert_eq!(read(&figures, "M18", "BRL"), (Some(1000.0), 1, None));
    assert_eq!(read(&figures, "M18", "share.BRL"), (Some(0.025), 40_000, Some(1_000)));
    assert_eq!(read(&figures, "M18", "EUR"), (Some(77.0), 1, None));
    assert_eq!(read(&figures, "M18", "share.EUR"), (None, 0, Some(77)));
}

#[tokio::test]
async fn every_event_is_counted_once_and_the_watermarks_say_so() {
    let stack = start().await;
    let (id, task) = (Uuid::now_v7(), Uuid::now_v7());
    let by = at("02-02T00:00:00");
    tell(&stack, id, recorded(at("02-01T00:00:00"), by)).await;
    tell(&stack, id, ComplaintAssessed::default()).await;
    tell(&stack, task, TaskIssued { department: "quality".into(), ..Default::default() }).await;
    tell(&stack, Uuid::now_v7(), MessageQueued::default()).await;
    stack.settle().await;
    // repeats by the broker
    stack.publish("complaint", &recorded(by, by), id, 1).await;
    stack.publish("complaint", &late(by), id, 2).await;
    stack.settle().await;
    let marks = ask(&stack, at("01-01T00:00:00"), at("03-01T00:00:00"), &["M15"]).await.unwrap().watermarks;
    let seen: Vec<_> = marks.iter().map(|m| (m.service.as_str(), m.stream.as_str(), m.events)).collect();
    assert_eq!(seen, [("complaint", "COMPLAINT", 2), ("complaint", "DEPT", 1), ("outreach", "OUTREACH", 1)]);
    assert_eq!(marks[0].stream_seq, 2);
    assert_eq!(marks[1].last_occurred_at, crate::events::wire(stack.now()));
    assert_eq!(stack.parked("analytics").await, 0);
}

#[tokio::test]
async fn an_event_without_what_its_figure_needs_is_parked_and_others_go_on() {
    let stack = start().await;
    let (bad, customer, end) = (Uuid::now_v7(), Uuid::now_v7(), at("02-10T00:00:00"));
    tell(&stack, bad, completed(customer, 6, end, end)).await;
    tell(&stack, Uuid::now_v7(), refunded(end, -1, "BRL")).await;
    tell(&stack, Uuid::now_v7(), refunded(end, 1, "gold")).await;
    tell(&stack, Uuid::now_v7(), closed(end, end)).await;
    stack.settle().await;
    assert_eq!(stack.parked("analytics").await, 3);
    assert_eq!(read(&figures(&stack).await, "M11", "mean"), (Some(0.0), 1, None));
}

#[tokio::test]
async fn a_wrong_question_names_every_wrong_field() {
    let stack = start().await;
    let (from, to) = (at("01-01T00:00:00"), at("03-01T00:00:00"));
    let fields = |status: tonic::Status| {
        assert_eq!(status.code(), Code::InvalidArgument);
        let bad = status.get_details_bad_request().unwrap();
        bad.field_violations.into_iter().map(|v| (v.field, v.description)).collect::<Vec<_>>()
    };
    let wrong = fields(ask(&stack, to, from, &["M01", "M99", "x"]).await.unwrap_err());
    let names: Vec<_> = wrong.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(names, ["to", "metrics[1]", "metrics[2]"]);
    assert!(wrong[1].1.contains("\"M99\""), "{wrong:?}");
    let wire = |seconds| Some(contracts::Timestamp { seconds, nanos: 0 });
    for (from, to) in [(-377_673_580_800, -377_673_500_000), (-1, i64::MAX), (i64::MIN, 300_000_000_000)] {
        let asked = GetFiguresRequest { from: wire(from), to: wire(to), metrics: vec!["x".into(); 200] };
        let wrong = fields(client(&stack).get_figures(asked).await.unwrap_err());
        assert_eq!(wrong.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["from", "to", "metrics"]);
    }
    let first = GetFiguresRequest { from: wire(0), to: wire(60), metrics: Vec::new() };
    client(&stack).get_figures(first).await.unwrap();
    let last = GetFiguresRequest { from: wire(253_402_207_000), to: wire(253_402_207_199), metrics: Vec::new() };
    client(&stack).get_figures(last).await.unwrap();
    assert_eq!(fields(ask(&stack, from, from, &[]).await.unwrap_err())[0].0, "to");
    assert_eq!(fields(ask(&stack, from, from + 30_000.hours(), &[]).await.unwrap_err())[0].0, "to");
    assert_eq!(fields(ask(&stack, from, to, &["M01"; 200]).await.unwrap_err())[0].0, "metrics");
    let nothing = fields(client(&stack).get_figures(GetFiguresRequest::default()).await.unwrap_err());
    assert_eq!(nothing.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["from", "to"]);
    let nobody = fields(client(&stack).rebuild(RebuildRequest {}).await.unwrap_err());
    assert_eq!(nobody[0].0, "metadata.aftercare-actor");
    let only = ask(&stack, from, to, &["M15", "M15", "M02"]).await.unwrap().figures;
    assert_eq!(only.iter().map(|f| f.metric.as_str()).collect::<Vec<_>>(), ["M02", "M15"]);
}
