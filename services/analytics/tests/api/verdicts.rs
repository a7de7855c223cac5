//! What others count wrongly (the defects of the peers), asked of the figures themselves; what they should say is told by
//! the kernel, which judges the same promises one by one.
use contracts::{
    analytics::v1::{Figure, RebuildRequest},
    complaint::v1::{TaskAnswered, TaskExpired},
    intake::v1::{CaseRegistered, CaseReplyMissed},
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use kernel::promise::{Cause, Command, Fact, Promise, Share, Summary, Terms};
use testkit::{Stack, request};
use uuid::Uuid;

use crate::{
    events::{answered, at, client, closed, figures, read, stands, wire},
    owners::{start, tell},
    promises::{missed, replied, responded},
};

/// A contact, promised an answer within an hour: when it came, and how it ended.
struct Contact {
    at: Timestamp,
    end: Option<Fact>,
}

const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Quick and slow answers, at the last instant and after it; some that were closed without one, before and after their time;
/// some that still wait.
fn contacts() -> Vec<Contact> {
    let begin = at("02-01T00:00:00");
    let contact = |number: i64| {
        let at = begin + number.hours();
        let after = at + (number * 37 % 211).minutes();
        let end = match number % 9 {
            0 => None,
            1 => Some(Fact::Cancelled { at: after, cause: Cause::Closed }),
            2 => Some(Fact::Satisfied { at: at + WITHIN }),
            3 => Some(Fact::Satisfied { at: at + WITHIN + SignedDuration::from_micros(1) }),
            _ => Some(Fact::Satisfied { at: after }),
        };
        Contact { at, end }
    };
    (0..90).map(contact).collect()
}

/// What the kernel says of them at the watermark.
fn judged(contacts: &[Contact], watermark: Timestamp) -> Summary {
    let mut summary = Summary::default();
    for Contact { at, end } in contacts {
        let terms = Terms { target: WITHIN, ..Terms::default() };
        let mut promise = Promise::start(*at, true, terms, None, &|_| None).unwrap();
        if let Some(end) = end {
            let events = promise.decide(&Command::Note(end.clone()), watermark, &|_| None).unwrap();
            events.iter().for_each(|event| promise.apply(event));
        }
        summary.add(&promise, watermark, &|_| None).unwrap();
    }
    summary
}

/// What intake says of them.
async fn tell_of(stack: &Stack, contacts: &[Contact]) {
    for Contact { at, end } in contacts {
        let (case, by) = (Uuid::now_v7(), *at + WITHIN);
        let (occurred_at, recorded_at) = (wire(*at), wire(*at));
        tell(stack, case, CaseRegistered { occurred_at, recorded_at, ..CaseRegistered::default() }).await;
        if end.as_ref().is_none_or(|end| end.at() > by) {
            missed(stack, case, by).await;
        }
        match end {
            Some(Fact::Satisfied { at: answer }) => tell(stack, case, responded(*answer, by)).await,
            Some(end) => tell(stack, case, closed(*at, end.at())).await,
            None => {}
        }
    }
    stack.settle().await;
}

fn seconds(figures: &[Figure], part: &str) -> Option<f64> {
    read(figures, "M09", part).0
}

#[tokio::test]
async fn d2_late_answers_and_missing_ones_are_in_the_distribution_and_in_the_share() {
    let stack = start().await;
    let contacts = contacts();
    tell_of(&stack, &contacts).await;
    let shown = figures(&stack).await;
    let expected = judged(&contacts, stack.now());
    let within = |percent| expected.within(percent).map(|time| time.as_secs_f64());
    assert_eq!(read(&shown, "M09", "median").1, 90, "nobody is left out");
    assert_eq!((seconds(&shown, "median"), seconds(&shown, "p90")), (within(50), within(90)));
    let Share { kept, of } = expected.counts.kept().unwrap();
    assert!(
        expected.counts.met_late > 10 && expected.counts.breached > 5 && expected.counts.cancelled_after_breach > 0
    );
    assert_eq!(read(&shown, "M10", "share.first_response"), (Some(kept as f64 / of as f64), of, Some(kept)));
    // Who counts answers in time alone finds a service that looks better.
    let in_time = |one: &&Contact| one.end.as_ref().is_some_and(|end| end.at() <= one.at + WITHIN);
    let lucky: Vec<_> =
        contacts.iter().filter(in_time).map(|one| Contact { at: one.at, end: one.end.clone() }).collect();
    let survivors = judged(&lucky, stack.now()).within(50).map(|time| time.as_secs_f64());
    assert!(survivors < seconds(&shown, "median"), "{survivors:?}");
}

#[tokio::test]
async fn d3_what_was_never_promised_keeps_no_other_promise_pending() {
    let stack = start().await;
    let (given, by) = (at("02-01T00:00:00"), at("02-05T00:00:00"));
    let [kept, broken] = [(); 2].map(|()| Uuid::now_v7());
    // Neither has a promise of an offer, of word or of an investigation.
    tell(&stack, kept, stands("result_notice", given, by, "met")).await;
    tell(&stack, broken, stands("result_notice", given, by, "breached")).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M10", "share.result_notice"), (Some(0.5), 2, Some(1)));
    for never in ["first_response", "urgent_feedback", "first_investigation", "solution_offer", "progress_silence"] {
        assert_eq!(read(&shown, "M10", &format!("share.{never}")), (None, 0, Some(0)), "no data is not 0 %");
    }
}

#[tokio::test]
async fn d7_every_promise_counts_not_the_longest_only_and_the_report_made_anew_is_the_same() {
    let stack = start().await;
    let (case, task, complaint) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let by = |day: i64| at("02-01T00:00:00") + (day * 24).hours();
    // Four turns of one customer, three hand-overs to one department, two results of one complaint.
    for (turn, after) in [(1, 0), (2, 600), (3, 5), (4, 0)] {
        if after > 0 {
            tell(&stack, case, CaseReplyMissed { reply_by: wire(by(turn)), ..CaseReplyMissed::default() }).await;
        }
        tell(&stack, case, replied(by(turn) + after.minutes(), by(turn))).await;
    }
    for (hand_over, in_time) in [(1, true), (2, false), (3, true)] {
        let answer_by = wire(by(hand_over));
        if in_time {
            let answer = answered("quality", complaint, by(hand_over), 60, 600);
            tell(&stack, task, TaskAnswered { answer_by, ..answer }).await;
        } else {
            tell(&stack, task, TaskExpired { department: "quality".into(), answer_by, ..TaskExpired::default() }).await;
        }
    }
    // Other terms: what was due on the second day is due on the sixth, and is kept then.
    for (due, status) in [(2, "running"), (6, "running"), (6, "met")] {
        tell(&stack, complaint, stands("result_notice", by(0), by(due), status)).await;
    }
    tell(&stack, complaint, stands("result_notice", by(8), by(9), "met_late")).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M10", "share.next_response"), (Some(0.5), 4, Some(2)));
    assert_eq!(read(&shown, "M10", "share.department_answer"), (Some(2.0 / 3.0), 3, Some(2)));
    assert_eq!(read(&shown, "M10", "share.result_notice"), (Some(0.5), 2, Some(1)), "once, under its last terms");
    client(&stack).rebuild(request("staff:ana", RebuildRequest {})).await.unwrap();
    assert_eq!(figures(&stack).await, shown);
}
