//! What the record of a complaint must hold before it is assessed (R-CMP-01).
use std::collections::BTreeSet;

use super::{super::values::Emotion, guards::sample, *};

#[test]
fn r_cmp_01_what_the_record_lacks_is_added_while_the_complaint_is_open_and_assessed_after_that() {
    let known: BTreeSet<_> = [RecordPart::Content].into();
    let missing = vec![RecordPart::Emotion, RecordPart::Circumstances, RecordPart::ExpectedResolution];
    let complete = || Command::CompleteRecord { parts: RecordPart::ALL.into(), emotion: Some(Emotion::Angry) };
    for (name, mut complaint) in samples() {
        complaint.facts.parts = Some(known.clone());
        let assess = || assess(Class::ProductQuality, "quality");
        let expected = if name == "re" { "complaint.record_incomplete" } else { complaint.not_now().code() };
        assert_eq!(complaint.decide(assess(), NOW).unwrap_err().code(), expected, "{name}");
        let events = tell(&mut complaint, complete(), NOW);
        if ["ab", "un", "cl", "wi"].contains(&name) {
            assert_eq!((events, complaint.facts.missing()), (vec![], missing.clone()), "{name}");
            continue;
        }
        let added = missing.iter().copied().collect();
        assert_eq!(events, [Event::RecordCompleted { parts: added, emotion: Some(Emotion::Angry) }], "{name}");
        assert_eq!((complaint.facts.missing(), complaint.facts.emotion), (vec![], Some(Emotion::Angry)));
        assert_eq!(complaint.decide(complete(), NOW), Ok(vec![]), "told twice");
        assert_eq!(complaint.decide(assess(), NOW).is_ok(), name == "re");
    }
}

#[test]
fn a_record_from_before_its_parts_were_known_is_not_asked_for_them() {
    let mut json = serde_json::to_value(sample("re")).unwrap();
    for field in ["parts", "channel", "store_id", "vip"] {
        assert!(json["facts"].as_object_mut().unwrap().remove(field).is_some());
    }
    let old: Complaint = serde_json::from_value(json).unwrap();
    assert_eq!(old.facts.missing(), []);
    assert!(old.decide(assess(Class::ProductQuality, "quality"), NOW).is_ok());
}
