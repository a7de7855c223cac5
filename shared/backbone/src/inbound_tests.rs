//! What an event becomes: changes where somebody listens, nothing where nobody does, poison where it cannot be read.
use contracts::{intake::v1::CaseResponded, scheduling::v1::FollowUpMissed};

use super::*;
use crate::fixture_tests::{Tally, Tell, event, id};

fn meta(event_type: &str) -> Meta {
    let meta = event(id(0), 1, Tell::Nothing, None).claim.unwrap().meta;
    Meta { event_type: event_type.into(), ..meta }
}

fn inbound() -> Inbound {
    let mut inbound = Inbound::new("tester");
    inbound.on::<CaseResponded>(|event, meta| match event.case_id.as_str() {
        "" => Err(Fault::invalid("case_id", "is missing")),
        _ => Ok(Effects::change(Change::to::<Tally>(meta.aggregate_id, Tell::Hear(1)))),
    });
    inbound
}

#[test]
fn an_event_becomes_a_unit_that_claims_to_pass_the_gate() {
    let payload = CaseResponded { case_id: "x".into(), ..Default::default() };
    let unit = inbound().unit(meta(CaseResponded::TYPE), contracts::Message::encode_to_vec(&payload));
    assert_eq!(unit.changes.len(), 1);
    assert_eq!(unit.actor.unwrap().as_str(), "service:tester");
    assert_eq!(unit.claim.unwrap().poison, None);
}

#[test]
fn an_event_nobody_listens_to_just_passes() {
    let unit = inbound().unit(meta(FollowUpMissed::TYPE), vec![0xff]);
    assert!(unit.changes.is_empty() && unit.claim.unwrap().poison.is_none());
}

#[test]
fn what_cannot_be_read_or_understood_is_poison_with_its_reason() {
    let broken = inbound().unit(meta(CaseResponded::TYPE), vec![0xff; 9]);
    assert!(broken.claim.unwrap().poison.unwrap().contains(CaseResponded::TYPE));
    let refused = inbound().unit(meta(CaseResponded::TYPE), Vec::new());
    assert!(refused.claim.unwrap().poison.unwrap().contains("case_id: is missing"));
    assert!(refused.changes.is_empty());
}

#[test]
fn a_subscription_reads_all_events_of_the_aggregate() {
    let inbound = inbound();
    let streams: Vec<_> = inbound.streams().collect();
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0].0, "INTAKE");
    assert_eq!(streams[0].1.iter().collect::<Vec<_>>(), ["intake.v1.*.case.>"]);
}

#[test]
fn only_what_somebody_listens_to_is_heard() {
    let inbound = inbound();
    for (subject, heard) in [
        ("intake.v1.7.case.responded", true),
        ("intake.v1.7.case.some.thing", true),
        ("intake.v1.7.case", false),
        ("intake.v1.7.customer.linked", false),
        ("intake.v1.case.responded", false),
    ] {
        assert_eq!(inbound.hears("INTAKE", subject), heard, "{subject}");
    }
    assert!(!inbound.hears("COMPLAINT", "intake.v1.7.case.responded"));
    assert!(contracts::names("dept.v1.*.task.issued", "dept.v1.quality.task.issued"));
    assert!(!contracts::names("dept.v1.*.task.issued", "dept.v1.quality.task.issued.again"));
}

#[test]
fn who_listens_to_everything_hears_every_contract() {
    let mut inbound = Inbound::new("tester");
    inbound.on_every(|_, _| Ok(Effects::none()));
    let streams: BTreeSet<_> = inbound.streams().map(|(stream, _)| stream.clone()).collect();
    assert_eq!(streams, crate::topology::streams());
    assert_eq!(starred("dept.v1.{department}.task.issued"), "dept.v1.*.task.issued");
}
