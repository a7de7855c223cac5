//! Harm is told to whoever supervises, at once and by night as by day.
use contracts::{
    common::v1::{CaseClass, Lane},
    complaint::v1::{ComplaintEscalated, EscalationClosed, EscalationLevel, EscalationRaised, EscalationTrigger},
    intake::v1::{
        CaseHealthRaised, CaseRegistered, RegulatorReceiptRecorded, RegulatorReportDueSoon, RegulatorReportKey,
        RegulatorReportLate, RegulatorReportWithdrawn,
    },
};

use crate::house::{House, NAME, case, hours, id};

#[tokio::test]
async fn r_int_09_a_supervisor_is_told_of_harm_at_once_also_by_night_and_again_when_it_is_graver() {
    let house = House::open().await;
    // Half past one in Shanghai.
    house.stack.advance(hours(9) + jiff::SignedDuration::from_mins(30)).await;
    let now = house.stack.now();
    let harm = |number| CaseRegistered {
        lane: Lane::Health.into(),
        health_severity: 1,
        ..case(number, CaseClass::Discomfort, now)
    };
    house.hear("intake", &harm(1), 1_001).await;
    let enquiry = CaseRegistered { complaint_id: String::new(), ..harm(2) };
    house.hear("intake", &enquiry, 1_002).await;
    house.record(3, CaseClass::Discomfort).await;
    let told = |raised: EscalationRaised| {
        assert_eq!(raised.trigger(), EscalationTrigger::Health);
        assert_eq!(raised.notify_at, raised.raised_at, "nobody waits for the morning");
        (raised.level(), raised.case_id, raised.complaint_id)
    };
    let raised: Vec<_> = house.events::<EscalationRaised>().await.into_iter().map(told).collect();
    let manager = EscalationLevel::ComplaintManager;
    let both = [(manager, id(1_001), id(1)), (manager, id(1_002), String::new())];
    assert_eq!(raised, both, "not of what is no harm");
    let rows = house.stack.journal(NAME).await;
    assert!(rows.iter().any(|row| row.subject == "escalation.v1.complaint_manager.raised"));
    assert!(house.events::<ComplaintEscalated>().await.is_empty(), "nobody is late");

    let raise = |was, severity| CaseHealthRaised {
        case_id: id(1_001),
        complaint_id: id(1),
        severity,
        was_severity: was,
        ..CaseHealthRaised::default()
    };
    house.hear("intake", &raise(1, 1), 1_001).await;
    assert_eq!(house.events::<EscalationRaised>().await.len(), 2, "a child is concerned, and it is no graver");
    house.hear("intake", &raise(1, 3), 1_001).await;
    assert_eq!(house.events::<EscalationRaised>().await.len(), 3);
}

#[tokio::test]
async fn a_report_to_an_authority_that_comes_near_its_end_or_is_late_is_raised_until_the_receipt_is_there() {
    let house = House::open().await;
    let (case_id, pack, term) = (id(1_001), "cn_cosmetics".to_owned(), "serious".to_owned());
    let warning = |warning: &str| RegulatorReportDueSoon {
        case_id: case_id.clone(),
        pack: pack.clone(),
        term: term.clone(),
        warning: warning.into(),
        ..RegulatorReportDueSoon::default()
    };
    house.hear("intake", &warning("50%"), 1_001).await;
    house.hear("intake", &warning("80%"), 1_001).await;
    let late = RegulatorReportLate {
        case_id: case_id.clone(),
        pack: pack.clone(),
        term: term.clone(),
        ..RegulatorReportLate::default()
    };
    house.hear("intake", &late, 1_001).await;
    let raised: Vec<_> =
        house.events::<EscalationRaised>().await.iter().map(|one| (one.trigger(), one.level())).collect();
    let head = (EscalationTrigger::RegulatorReportWarning, EscalationLevel::DepartmentHead);
    assert_eq!(raised, [head, (EscalationTrigger::RegulatorReportLate, EscalationLevel::Management)]);
    assert_eq!(house.events::<EscalationClosed>().await.len(), 1, "what is late is warned of no more");
    let receipt = RegulatorReceiptRecorded {
        case_id: case_id.clone(),
        pack: pack.clone(),
        terms: vec![term.clone()],
        ..RegulatorReceiptRecorded::default()
    };
    house.hear("intake", &receipt, 1_001).await;
    let closed = house.events::<EscalationClosed>().await;
    assert!(closed.len() == 2 && closed.iter().all(|one| one.settled), "{closed:?}");

    let warned = RegulatorReportDueSoon { case_id: id(1_002), ..warning("50%") };
    house.hear("intake", &warned, 1_002).await;
    let reports = vec![RegulatorReportKey { pack, term }];
    house.hear("intake", &RegulatorReportWithdrawn { case_id: id(1_002), reports }, 1_002).await;
    assert_eq!(house.events::<EscalationClosed>().await.len(), 3);
}
