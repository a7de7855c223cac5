//! A complaint in a holiday week: days off do not count, and the Saturday worked for them does. What the services
//! publish is held against the calendar itself, and against the day a person finds on the wall.
use std::{fs, path::PathBuf};

use contracts::complaint::v1::{
    ComplaintRecorded, EscalationTrigger, InvestigationConcluded, TaskAnswered, TaskIssued,
};
use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar::{CHINA, Calendars},
    sla,
};
use serde_json::json;

use crate::{DAY, world::World};

const INVESTIGATE: SignedDuration = SignedDuration::from_hours(16);
const ANSWER: SignedDuration = SignedDuration::from_hours(32);

/// The shipped policy, but that the first investigation and answers of departments take hours of work.
fn policy() -> PathBuf {
    let mut policy: toml::Table = sla::DEFAULT.parse().unwrap();
    for rule in policy["rules"].as_array_mut().unwrap().iter_mut().map(|rule| rule.as_table_mut().unwrap()) {
        let target = match rule["promise"].as_str().unwrap() {
            "first_investigation" => INVESTIGATE,
            "department_answer" => ANSWER,
            _ => continue,
        };
        rule.insert("target".into(), format!("{}h", target.as_hours()).into());
        rule.insert("hours".into(), "of_place".into());
    }
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", uuid::Uuid::new_v4()));
    fs::write(&file, toml::to_string(&policy).unwrap()).unwrap();
    file
}

fn at(wire: Option<&contracts::Timestamp>) -> Timestamp {
    backbone::proto::required("at", wire).unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn r_cmp_03_r_cmp_19_a_complaint_before_a_holiday_is_due_by_days_of_work_and_a_make_up_saturday_is_one() {
    let policy = policy();
    let world = World::open_with(|name, settings| {
        if ["intake", "complaint"].contains(&name) {
            settings.service["levels"] = json!({ "policy": policy });
        }
    })
    .await;
    fs::remove_file(&policy).unwrap();
    // Thursday before Labour Day, an hour before the office closes; it opens again on Wednesday, and works that Saturday.
    let recorded = instant("2026-04-30T17:00:00+08:00");
    world.stack.advance(recorded.duration_since(world.stack.now())).await;
    let calendars = Calendars::prepare(&toml::from_str(CHINA).unwrap(), 2025..=2027).unwrap();
    let due =
        |after: SignedDuration| calendars.named("china").unwrap().add(recorded, after.try_into().unwrap()).unwrap();
    assert_eq!(due(INVESTIGATE), instant("2026-05-07T17:00:00+08:00"), "1 + 8 + 7 hours");
    assert_eq!(due(ANSWER), instant("2026-05-09T17:00:00+08:00"), "1 + 8 + 8 + 8 + 7 hours");

    let (kept, broken) = (world.complain("o-1").await, world.complain("o-2").await);
    for event in world.stack.events::<ComplaintRecorded>("complaint").await {
        assert_eq!(at(event.investigate_by.as_ref()), due(INVESTIGATE));
    }
    for event in world.stack.events::<TaskIssued>("complaint").await {
        assert_eq!(at(event.answer_by.as_ref()), due(ANSWER));
    }
    let late = async |because, id: &str| world.raised(id, because).await.len();
    world.stack.advance(DAY * 5).await;
    for because in [EscalationTrigger::InvestigationLate, EscalationTrigger::DepartmentLate] {
        assert_eq!(late(because, &kept).await, 0, "nothing is late while nobody works");
    }
    world.stack.advance(due(INVESTIGATE).duration_since(world.stack.now())).await;
    assert_eq!(late(EscalationTrigger::InvestigationLate, &kept).await, 0, "the last instant is in time");
    world.stack.advance(SignedDuration::from_micros(1)).await;
    assert_eq!(late(EscalationTrigger::InvestigationLate, &broken).await, 1);

    world.stack.advance(due(ANSWER).duration_since(world.stack.now())).await;
    world.department_answers(&kept).await;
    world.stack.advance(SignedDuration::from_micros(1)).await;
    assert!(world.stack.events::<TaskAnswered>("complaint").await[0].in_time, "on Saturday at five");
    assert_eq!(late(EscalationTrigger::DepartmentLate, &kept).await, 0);
    assert_eq!(late(EscalationTrigger::DepartmentLate, &broken).await, 1);
    world.investigate(&broken).await;
    assert!(!world.stack.events::<InvestigationConcluded>("complaint").await[0].in_time);
    world.nothing_is_parked().await;
}
