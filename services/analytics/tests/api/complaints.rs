//! The metrics about complaints by their definitions: M14, M16, M24, M25.
use contracts::complaint::v1::{
    ComplaintClosed, ComplaintReopened, EffectivenessCheckStarted, EscalationLevel, EscalationPassedUp,
    EscalationRaised, ImprovementReporterSuppressed, ResultTold,
};
use jiff::{Timestamp, ToSpan};
use testkit::Stack;
use uuid::Uuid;

use crate::{
    events::{accepted, agreed, answered, ask, at, offered, one, read, recorded, wire},
    owners::{start, tell},
};

/// The hour that begins now.
async fn hour(stack: &Stack, metric: &str) -> Vec<contracts::analytics::v1::Figure> {
    let now = stack.now();
    ask(stack, now, now + 1.hour(), &[metric]).await.unwrap().figures
}

fn raised(complaint: Uuid, level: EscalationLevel) -> EscalationRaised {
    EscalationRaised { complaint_id: complaint.to_string(), level: level.into(), ..Default::default() }
}

fn ended(at: Timestamp) -> ComplaintClosed {
    ComplaintClosed { closed_at: wire(at), ..Default::default() }
}

#[tokio::test]
async fn the_escalation_rate_counts_complaints_that_reach_level_three_for_the_first_time() {
    let stack = start().await;
    let (before, now) = (at("02-01T00:00:00"), stack.now());
    let [quiet, low, high, passed, earlier, over, again] = [(); 7].map(|()| Uuid::now_v7());
    for complaint in [quiet, low, high, passed, earlier, over, again] {
        tell(&stack, complaint, recorded(before, before + 24.hours())).await;
    }
    tell(&stack, Uuid::now_v7(), raised(earlier, EscalationLevel::Management)).await;
    tell(&stack, over, ended(before + 48.hours())).await;
    tell(&stack, again, ended(before + 48.hours())).await;
    stack.advance(jiff::SignedDuration::from_hours(2)).await;
    tell(&stack, again, ComplaintReopened::default()).await;
    tell(&stack, Uuid::now_v7(), raised(low, EscalationLevel::ComplaintManager)).await;
    tell(&stack, Uuid::now_v7(), raised(high, EscalationLevel::DepartmentHead)).await;
    tell(&stack, Uuid::now_v7(), raised(earlier, EscalationLevel::Management)).await;
    let up = EscalationPassedUp {
        complaint_id: passed.to_string(),
        level: EscalationLevel::Management.into(),
        ..Default::default()
    };
    tell(&stack, Uuid::now_v7(), up).await;
    tell(&stack, Uuid::now_v7(), EscalationRaised { level: 4, case_id: quiet.to_string(), ..Default::default() }).await;
    stack.settle().await;
    // six were open: all but the one that had ended before
    assert_eq!(read(&hour(&stack, "M14").await, "M14", "share"), (Some(2.0 / 6.0), 6, Some(2)));
    let earlier = ask(&stack, now, now + 1.hour(), &["M14"]).await.unwrap().figures;
    assert_eq!(read(&earlier, "M14", "share"), (Some(0.2), 5, Some(1)));
}

#[tokio::test]
async fn acceptance_at_the_first_offer_looks_at_first_offers_only() {
    let stack = start().await;
    let [at_once, later, silent] = [(); 3].map(|()| Uuid::now_v7());
    for complaint in [at_once, later, silent] {
        tell(&stack, complaint, offered(1)).await;
    }
    tell(&stack, at_once, agreed(1)).await;
    tell(&stack, later, offered(2)).await;
    tell(&stack, later, agreed(2)).await;
    stack.settle().await;
    assert_eq!(read(&hour(&stack, "M16").await, "M16", "share"), (Some(1.0 / 3.0), 3, Some(1)));
}

#[tokio::test]
async fn r_cmp_15_a_loop_is_closed_when_the_customer_is_told_after_the_answer() {
    let stack = start().await;
    let [told, suppressed, untold, before] = [(); 4].map(|()| Uuid::now_v7());
    // he had been told before the department answered again
    tell(&stack, before, ResultTold::default()).await;
    stack.advance(jiff::SignedDuration::from_hours(1)).await;
    let answer_at = stack.now();
    for complaint in [told, suppressed, untold, before] {
        let task = Uuid::now_v7();
        tell(&stack, task, answered("quality", complaint, answer_at - 30.minutes(), 60, 600)).await;
        tell(&stack, task, answered("quality", complaint, answer_at, 60, 600)).await;
        tell(&stack, task, accepted("quality", complaint)).await;
    }
    stack.advance(jiff::SignedDuration::from_mins(10)).await;
    tell(&stack, told, ResultTold::default()).await;
    let suppressed = suppressed.to_string();
    let off = ImprovementReporterSuppressed { complaint_id: suppressed, ..Default::default() };
    tell(&stack, Uuid::now_v7(), off).await;
    stack.settle().await;
    let figures = ask(&stack, answer_at, answer_at + 1.hour(), &["M24"]).await.unwrap().figures;
    assert_eq!(read(&figures, "M24", "share"), (Some(0.5), 4, Some(2)));
    assert_eq!(read(&figures, "M24", "median"), (Some(600.0), 2, None));
}

#[tokio::test]
async fn recurrence_is_what_came_after_measures_against_what_came_before() {
    let stack = start().await;
    for (before, after) in [(6, 1), (4, 2)] {
        tell(&stack, Uuid::now_v7(), EffectivenessCheckStarted { before, after, ..Default::default() }).await;
    }
    stack.settle().await;
    let figures = hour(&stack, "M25").await;
    assert_eq!(read(&figures, "M25", "ratio"), (Some(0.3), 10, Some(3)));
    let ratio = one(&figures, "M25", "ratio");
    assert!(ratio.lower.unwrap() < 0.3 && ratio.upper.unwrap() > 1.0, "{ratio:?}");
}
