//! M27t and M27m: how soon contacts are on record, and how often people say what the model had said.
use contracts::{
    common::v1::{CaseClass, Channel},
    intake::v1::{CaseClassified, CaseRegistered},
};
use jiff::{SignedDuration, Timestamp};
use testkit::Stack;
use uuid::Uuid;

use crate::{
    events::{at, figures, one, read, wire},
    owners::{start, start_with, tell},
};

/// A contact that was on record so many seconds after it happened.
async fn contact(stack: &Stack, channel: Channel, recorded: Timestamp, seconds: i64) {
    let happened = recorded - SignedDuration::from_secs(seconds);
    let (occurred_at, recorded_at) = (wire(happened), wire(recorded));
    let registered = CaseRegistered { occurred_at, recorded_at, channel: channel.into(), ..CaseRegistered::default() };
    tell(stack, Uuid::now_v7(), registered).await;
}

#[tokio::test]
async fn r_int_04_how_late_contacts_are_on_record_is_told_by_channel() {
    let stack = start_with(|_, settings| settings.service["on_record"]["late_after"] = "10m".into()).await;
    let day = at("02-01T00:00:00");
    for seconds in [0, 2, 4, 600] {
        contact(&stack, Channel::Hotline, day, seconds).await;
    }
    for seconds in [601, 86_400] {
        contact(&stack, Channel::Shop, day, seconds).await;
    }
    contact(&stack, Channel::Shop, at("03-01T00:00:00"), 5).await;
    stack.settle().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M27t", "mean.hotline"), (Some(151.5), 4, None));
    assert_eq!(read(&shown, "M27t", "median.hotline"), (Some(3.0), 4, None));
    assert_eq!(read(&shown, "M27t", "share.hotline"), (Some(0.0), 4, Some(0)), "equality is in time");
    assert_eq!(read(&shown, "M27t", "share.shop"), (Some(1.0), 2, Some(2)));
    assert_eq!(read(&shown, "M27t", "share"), (Some(2.0 / 6.0), 6, Some(2)));
    assert_eq!(read(&shown, "M27t", "median"), (Some(302.0), 6, None));
    let p99 = one(&shown, "M27t", "p99.shop").value.unwrap();
    assert!((p99 - (601.0 + 0.99 * 85_799.0)).abs() < 0.001, "{p99}");
    assert_eq!(one(&shown, "M27t", "p90").unit, "seconds");
    assert!(shown.iter().all(|figure| figure.part != "mean.email"), "no contact, no channel");
}

#[tokio::test]
async fn r_int_04_without_contacts_there_is_no_figure_of_them() {
    let stack = start().await;
    let shown = figures(&stack).await;
    assert_eq!(read(&shown, "M27t", "mean"), (None, 0, None));
    assert_eq!(read(&shown, "M27t", "share"), (None, 0, Some(0)));
}

#[tokio::test]
async fn people_agree_with_the_model_or_correct_it_and_their_last_word_counts() {
    let stack = start().await;
    let said = |model: &str, class: CaseClass, version| CaseClassified {
        class: class.into(),
        model_class: if model.is_empty() { CaseClass::Unspecified } else { CaseClass::Delivery }.into(),
        model_version: model.to_owned(),
        classification_version: version,
        ..CaseClassified::default()
    };
    let (agreed, corrected, both) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    tell(&stack, agreed, said("own-2", CaseClass::Delivery, 1)).await;
    tell(&stack, corrected, said("own-2", CaseClass::Repair, 1)).await;
    tell(&stack, both, said("own-1", CaseClass::Repair, 1)).await;
    tell(&stack, both, said("own-1", CaseClass::Delivery, 2)).await;
    tell(&stack, Uuid::now_v7(), said("", CaseClass::Repair, 1)).await;
    tell(&stack, Uuid::now_v7(), said("own-2", CaseClass::Delivery, 0)).await;
    stack.settle().await;
    let now = stack.now();
    let shown =
        crate::events::ask(&stack, now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1), &["M27m"])
            .await
            .unwrap()
            .figures;
    assert_eq!(read(&shown, "M27m", "share"), (Some(2.0 / 3.0), 3, Some(2)));
    assert_eq!(read(&shown, "M27m", "share.own-1"), (Some(1.0), 1, Some(1)));
    assert_eq!(read(&shown, "M27m", "share.own-2"), (Some(0.5), 2, Some(1)));
}
