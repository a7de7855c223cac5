//! M09 and M10: how soon people are answered and what was promised was kept, also when that is told late.
use contracts::{
    complaint::v1::{TaskAnswered, TaskCorrected, TaskExpired},
    intake::v1::{
        CallEnded, CallOutcome, CaseFeedbackMissed, CaseHealthRaised, CaseMerged, CaseRegistered, CaseRejected,
        CaseReplied, CaseReplyMissed, CaseResponded, CaseResponseCorrected, CaseResponseMissed, CaseUnmerged,
    },
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::Stack;
use uuid::Uuid;

use crate::{
    events::{answered, at, call, closed, concluded, figures, late, one, read, recorded, stands, wire},
    owners::{start, start_with, tell},
};

/// A case registered an hour after its contact at `at`.
pub fn registered(at: Timestamp) -> CaseRegistered {
    let (occurred_at, recorded_at) = (wire(at), wire(at + 1.hour()));
    CaseRegistered { occurred_at, recorded_at, ..CaseRegistered::default() }
}

pub fn responded(at: Timestamp, by: Timestamp) -> CaseResponded {
    let (responded_at, respond_by, in_time) = (wire(at), wire(by), at <= by);
    CaseResponded { responded_at, respond_by, in_time, ..CaseResponded::default() }
}

pub fn replied(at: Timestamp, by: Timestamp) -> CaseReplied {
    let (replied_at, reply_by, in_time) = (wire(at), wire(by), at <= by);
    CaseReplied { replied_at, reply_by, in_time, ..CaseReplied::default() }
}

fn corrected(at: Timestamp, by: Timestamp) -> CaseResponseCorrected {
    let (responded_at, respond_by, in_time) = (wire(at), wire(by), at <= by);
    CaseResponseCorrected { responded_at, respond_by, in_time, ..CaseResponseCorrected::default() }
}

pub async fn missed(stack: &Stack, case: Uuid, respond_by: Timestamp) {
    tell(stack, case, CaseResponseMissed { respond_by: wire(respond_by), ..CaseResponseMissed::default() }).await;
}

#[tokio::test]
async fn r_int_12_a_first_answer_counts_as_it_was_corrected() {
    let stack = start().await;
    let by = at("02-02T00:00:00");
    let (early, after) = (by - 1.hour(), by + 1.hour());
    let [kept, broken, late, taken_back, still_late, earlier] = [(); 6].map(|()| Uuid::now_v7());
    tell(&stack, kept, responded(by, by)).await;
    missed(&stack, broken, by).await;
    for case in [late, taken_back, still_late] {
        missed(&stack, case, by).await;
        tell(&stack, case, responded(after, by)).await;
    }
    tell(&stack, taken_back, corrected(early, by)).await;
    tell(&stack, still_late, corrected(by + 1.microsecond(), by)).await;
    tell(&stack, earlier, responded(by, by)).await;
    tell(&stack, earlier, corrected(early, by)).await;
    // its time comes after the period
    tell(&stack, Uuid::now_v7(), responded(early, at("03-01T00:00:00"))).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M10", "share.first_response"), (Some(0.5), 6, Some(3)));
    assert_eq!(stack.parked("analytics").await, 0);
}

#[tokio::test]
async fn r_int_15_urgent_feedback_counts_beside_the_first_answer() {
    let stack = start().await;
    let (begin, minutes, day) = (at("02-01T00:00:00"), at("02-01T00:05:00"), at("02-02T00:00:00"));
    let [in_day, in_minutes, silent, late, told_late, raised, open, closed_before, plain] =
        [(); 9].map(|()| Uuid::now_v7());
    let urgent = || CaseRegistered { urgent_by: wire(day), ..registered(begin) };
    for case in [in_day, in_minutes, silent, late, told_late, open, closed_before] {
        tell(&stack, case, urgent()).await;
    }
    for case in [raised, plain] {
        tell(&stack, case, registered(begin)).await;
    }
    let urgent_by = wire(day);
    tell(&stack, raised, CaseHealthRaised { urgent_by, ..CaseHealthRaised::default() }).await;
    for case in [in_day, late, silent, told_late, raised] {
        missed(&stack, case, minutes).await;
    }
    for case in [silent, told_late] {
        tell(&stack, case, CaseFeedbackMissed { due_at: wire(day), ..CaseFeedbackMissed::default() }).await;
    }
    tell(&stack, in_minutes, responded(minutes, minutes)).await;
    for (case, answer) in [(in_day, day), (raised, day), (late, day + 1.microsecond()), (told_late, day + 1.hour())] {
        tell(&stack, case, responded(answer, minutes)).await;
    }
    tell(&stack, told_late, corrected(day, minutes)).await;
    tell(&stack, closed_before, closed(begin, begin + 1.hour())).await;
    tell(&stack, plain, responded(day + 48.hours(), day)).await;
    stack.settle().await;
    // in_minutes, in_day, raised and told_late were in time; silent and late were not; open and closed_before do not count
    let share = read(&figures(&stack).await, "M10", "share.urgent_feedback");
    assert_eq!(share, (Some(4.0 / 6.0), 6, Some(4)));
    assert_eq!(stack.parked("analytics").await, 0);
}

#[tokio::test]
async fn r_cmp_05_each_silence_counts_among_the_promises() {
    let stack = start().await;
    let (given, by) = (at("02-01T00:00:00"), at("02-04T00:00:00"));
    let [spoken, silent] = [(); 2].map(|()| Uuid::now_v7());
    tell(&stack, spoken, stands("progress_silence", given, by, "met")).await;
    tell(&stack, spoken, stands("progress_silence", by, by + 72.hours(), "running")).await;
    tell(&stack, silent, stands("progress_silence", given, by, "running")).await;
    tell(&stack, silent, stands("progress_silence", given, by, "breached")).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M10", "share.progress_silence"), (Some(0.5), 2, Some(1)));
}

#[tokio::test]
async fn r_int_12_every_turn_of_a_customer_counts_as_a_promise_of_its_own() {
    let stack = start().await;
    let case = Uuid::now_v7();
    let [first, second, third] = ["02-02T00:00:00", "02-03T00:00:00", "02-04T00:00:00"].map(at);
    let missed = |by| CaseReplyMissed { reply_by: wire(by), ..CaseReplyMissed::default() };
    tell(&stack, case, replied(first, first)).await;
    tell(&stack, case, missed(second)).await;
    tell(&stack, case, replied(second + 1.hour(), second)).await;
    tell(&stack, case, missed(third)).await;
    tell(&stack, case, CaseReplied { was_missed: true, ..replied(third, third) }).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M10", "share.next_response"), (Some(2.0 / 3.0), 3, Some(2)));
}

#[tokio::test]
async fn r_cmp_19_each_answer_a_department_owes_counts_as_it_was_corrected() {
    let stack = start().await;
    let (first, second) = (at("02-02T00:00:00"), at("02-04T00:00:00"));
    let complaint = Uuid::now_v7();
    let answer = |at: Timestamp, by: Timestamp| TaskAnswered {
        answer_by: wire(by),
        ..answered("quality", complaint, at, 60, 600)
    };
    let expired =
        |by: Timestamp| TaskExpired { department: "quality".into(), answer_by: wire(by), ..TaskExpired::default() };
    let [sent_back, silent, told_late] = [(); 3].map(|()| Uuid::now_v7());
    tell(&stack, sent_back, answer(first, first)).await;
    tell(&stack, sent_back, expired(second)).await;
    tell(&stack, sent_back, answer(second + 1.hour(), second)).await;
    tell(&stack, silent, expired(first)).await;
    tell(&stack, told_late, expired(first)).await;
    let kept = TaskCorrected {
        department: "quality".into(),
        answered_at: wire(first),
        answer_by: wire(first),
        ..TaskCorrected::default()
    };
    tell(&stack, told_late, kept).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M10", "share.department_answer"), (Some(0.5), 4, Some(2)));
}

#[tokio::test]
async fn the_first_investigation_is_counted_alike_among_all_promises_and_by_itself() {
    let stack = start().await;
    let (begin, by) = (at("02-01T00:00:00"), at("02-02T00:00:00"));
    let [met, breached, running] = [(); 3].map(|()| Uuid::now_v7());
    for id in [met, breached, running] {
        tell(&stack, id, recorded(begin, by)).await;
    }
    tell(&stack, met, concluded(by, by)).await;
    tell(&stack, breached, late(by)).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M10", "share.first_investigation"), (Some(0.5), 2, Some(1)));
    assert_eq!(read(&shown, "M15", "share"), (Some(0.5), 2, Some(1)));
}

#[tokio::test]
async fn who_has_no_answer_yet_counts_as_waiting_and_an_answer_told_late_from_when_it_was_given() {
    let stack = start().await;
    let begin = at("02-01T00:00:00");
    let by = begin + 24.hours();
    let [ten, told_late, waits, closed_without] = [(); 4].map(|()| Uuid::now_v7());
    for case in [ten, told_late, waits, closed_without] {
        tell(&stack, case, registered(begin)).await;
    }
    tell(&stack, Uuid::now_v7(), registered(at("02-28T23:30:00"))).await; // registered in March
    tell(&stack, ten, responded(begin + 10.minutes(), by)).await;
    tell(&stack, told_late, responded(begin + 20.minutes(), by)).await;
    tell(&stack, closed_without, closed(begin + 1.hour(), begin + 8.minutes())).await;
    stack.settle().await;
    // 3 wait at 10 minutes and 2 of them longer; 2 at 20 minutes
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M09", "median"), (Some(1200.0), 4, None));
    tell(&stack, told_late, corrected(begin + 5.minutes(), by)).await;
    stack.settle().await;
    // 4 wait at 5 minutes, 2 at 10: three quarters of a half
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M09", "median"), (Some(600.0), 4, None));
    assert_eq!(read(&shown, "M09", "p90"), (None, 4, None), "one still waits");
    tell(&stack, waits, responded(begin + 30.minutes(), by)).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M09", "p90"), (Some(1800.0), 4, None));
}

#[tokio::test]
async fn who_is_merged_waits_until_then_and_goes_on_waiting_when_that_is_taken_back() {
    let stack = start().await;
    let begin = at("02-01T00:00:00");
    let [one, two, answered] = [(); 3].map(|()| Uuid::now_v7());
    for case in [one, two, answered] {
        tell(&stack, case, registered(begin)).await;
    }
    for case in [one, two] {
        tell(&stack, case, CaseMerged::default()).await;
    }
    stack.settle().await;
    stack.move_clock(SignedDuration::from_hours(2));
    let now = stack.now();
    tell(&stack, answered, responded(now, now)).await;
    stack.settle().await;
    let waited = now.duration_since(begin).as_secs_f64();
    assert_eq!(read(&figures(&stack).await, "M09", "median"), (Some(waited), 3, None), "nobody else waits so long");
    for case in [one, two] {
        tell(&stack, case, CaseUnmerged::default()).await;
    }
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M09", "median"), (None, 3, None), "two of three still wait");
}

#[tokio::test]
async fn r_int_14_the_hotline_is_measured_against_the_seconds_of_the_service_levels() {
    let stack = start().await;
    let (inside, outside) = (at("02-01T00:00:00"), at("03-01T00:00:00"));
    for (wait, outcome) in [
        (0, CallOutcome::Answered),
        (15, CallOutcome::Answered), // in time to the second
        (16, CallOutcome::Answered),
        (0, CallOutcome::Abandoned),
        (90, CallOutcome::Abandoned),
    ] {
        tell(&stack, Uuid::now_v7(), call(inside, wait, outcome)).await;
        tell(&stack, Uuid::now_v7(), call(outside, wait, outcome)).await;
    }
    tell(&stack, Uuid::now_v7(), CallEnded { ended_at: wire(inside), ..CallEnded::default() }).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M08", "share"), (Some(0.4), 5, Some(2)));
    assert_eq!(read(&shown, "M08", "target"), (Some(0.8), 5, None));
    for (part, count) in [("offered", 5_u32), ("answered", 3), ("abandoned", 2)] {
        assert_eq!(read(&shown, "M08", part), (Some(f64::from(count)), u64::from(count), None), "{part}");
    }
    let share = one(&shown, "M08", "share");
    assert!(share.lower.unwrap() < 0.4 && share.upper.unwrap() > 0.4, "{share:?}");
    assert_eq!(stack.parked("analytics").await, 1, "a call that ended nobody knows how");
}

#[tokio::test]
async fn r_int_14_a_chain_sets_the_seconds_and_who_gives_up_at_once_need_not_count() {
    let policy = kernel::sla::DEFAULT.replace("within = \"15s\"\npercent = 80", "within = \"20s\"\npercent = 90");
    assert_ne!(policy, kernel::sla::DEFAULT);
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("levels-{}.toml", Uuid::now_v7()));
    std::fs::write(&file, policy).unwrap();
    let stack = start_with(|service, settings| {
        if service == "analytics" {
            settings.service["levels"] = serde_json::json!({ "policy": file });
            settings.service["hotline"] = serde_json::json!({ "given_up_at_once": "5s" });
        }
    })
    .await;
    for (wait, outcome) in [
        (20, CallOutcome::Answered),
        (21, CallOutcome::Answered),
        (4, CallOutcome::Abandoned),
        (5, CallOutcome::Abandoned),
    ] {
        tell(&stack, Uuid::now_v7(), call(at("02-01T00:00:00"), wait, outcome)).await;
    }
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M08", "share"), (Some(1.0 / 3.0), 3, Some(1)));
    assert_eq!(read(&shown, "M08", "target"), (Some(0.9), 4, None));
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn r_cmp_10_offers_and_results_count_as_they_were_told_of_last() {
    let stack = start().await;
    let (given, by, next) = (at("02-01T00:00:00"), at("02-05T00:00:00"), at("03-01T00:00:00"));
    let [corrected, late, fell_away, fell_late, running, moved, anew] = [(); 7].map(|()| Uuid::now_v7());
    for (complaint, due, status) in [
        (corrected, by, "running"),
        (corrected, by, "breached"),
        (corrected, by, "met"), // told late that it was in time
        (late, by, "met_late"),
        (fell_away, by, "cancelled"),
        (fell_late, by, "cancelled_after_breach"),
        (running, by, "running"),
        (moved, by, "running"),
        (moved, next, "met"), // other terms: due after the period
        (anew, by, "met"),
    ] {
        tell(&stack, complaint, stands("result_notice", given, due, status)).await;
    }
    // a second promise of the same complaint
    tell(&stack, anew, stands("result_notice", by, by + 1.hour(), "breached")).await;
    tell(&stack, anew, stands("solution_offer", given, by, "met")).await;
    tell(&stack, anew, stands("progress_silence", given, by, "breached")).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M10", "share.result_notice"), (Some(0.4), 5, Some(2)));
    assert_eq!(read(&shown, "M10", "share.solution_offer"), (Some(1.0), 1, Some(1)));
}

#[tokio::test]
async fn who_was_rejected_waits_until_then_and_no_longer() {
    let stack = start().await;
    let begin = at("02-01T00:00:00");
    let [answered, rejected] = [(); 2].map(|()| Uuid::now_v7());
    for case in [answered, rejected] {
        tell(&stack, case, registered(begin)).await;
    }
    let at = wire(begin + 1.minute());
    let spam = CaseRejected { registered_at: wire(begin), rejected_at: at, ..CaseRejected::default() };
    tell(&stack, rejected, spam).await;
    tell(&stack, answered, responded(begin + 2.minutes(), begin + 24.hours())).await;
    stack.settle().await;
    assert_eq!(read(&figures(&stack).await, "M09", "p90"), (Some(120.0), 2, None), "nobody waits any more");
}
