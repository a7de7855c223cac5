//! A complaint whose case is merged is withdrawn, and comes back as it was.
use kernel::promise::{Cause, How};

use super::{
    super::complaint::{Outcome, State},
    guards::sample,
    promises::WARNING,
    retargeting::retarget,
    *,
};

fn ends(complaint: &Complaint) -> Vec<Option<How>> {
    complaint.promises.iter().map(|(_, promise)| promise.standing.end.map(|end| end.how)).collect()
}

#[test]
fn what_is_merged_is_withdrawn_owes_nothing_and_comes_back_as_it_was() {
    for (name, before) in samples() {
        let carried_out = before.solution.as_ref().is_some_and(|solution| solution.consent.is_some());
        let mut complaint = before.clone();
        let events = tell(&mut complaint, merge(), NOW);
        if !before.open() || carried_out {
            assert_eq!((events, &complaint), (vec![], &before), "{name}");
            continue;
        }
        assert!(matches!(complaint.state, State::Closed { outcome: Outcome::Withdrawn, .. }), "{name}");
        assert_eq!(complaint.merged.as_ref().map(|merged| merged.into), Some(Uuid::from_u128(77)), "{name}");
        assert!(complaint.promises.iter().all(|(_, promise)| !promise.standing.state.open()), "{name}");
        assert!(ends(&complaint).contains(&Some(How::Cancelled(Cause::Merged))), "{name}");
        assert_eq!(complaint.decide(appeal(), NOW).unwrap_err().code(), "complaint.not_now", "{name}");
        let stored: Complaint = serde_json::from_value(serde_json::to_value(&complaint).unwrap()).unwrap();
        assert_eq!(stored, complaint, "{name}");
        tell(&mut complaint, Command::Unmerge, NOW + hours(1));
        assert_eq!(complaint, before, "{name}");
        assert_eq!(complaint.decide(Command::Unmerge, NOW), Ok(vec![]), "{name}");
    }
}

#[test]
fn other_terms_that_wait_for_approval_wait_again_when_it_comes_back() {
    let before = led(&sample("ig"), [retarget(Kind::FirstInvestigation, BEN, WARNING)]);
    let mut complaint = before.clone();
    tell(&mut complaint, merge(), NOW);
    assert!(before.proposal().is_some() && complaint.proposal().is_none());
    let mut stored = serde_json::to_value(&complaint).unwrap();
    tell(&mut complaint, Command::Unmerge, NOW + hours(1));
    assert_eq!(complaint, before);
    // What was merged before it was kept comes back without it.
    stored["merged"].as_object_mut().unwrap().remove("retargeting");
    let mut earlier: Complaint = serde_json::from_value(stored).unwrap();
    tell(&mut earlier, Command::Unmerge, NOW + hours(1));
    assert_eq!((earlier.proposal(), earlier.retargeting.as_ref().map(|former| former.number)), (None, Some(1)));
}

#[test]
fn nobodys_time_stands_still_while_it_is_merged() {
    let due = led(&Complaint::default(), [record()]).first_investigation().unwrap().standing.due_at;
    let mut complaint = led(&Complaint::default(), [record()]);
    tell(&mut complaint, merge(), NOW);
    assert_eq!(tell(&mut complaint, Command::PromiseDue, due + hours(1)), []);
    tell(&mut complaint, Command::Unmerge, due + hours(1));
    let late = tell(&mut complaint, Command::PromiseDue, due + hours(1));
    assert!(late.iter().any(|event| matches!(event, Event::InvestigationLate { .. })), "{late:?}");
    // What was late before it was merged is late once.
    let mut late = led(&Complaint::default(), [record()]);
    let events = tell(&mut late, merged_at(due + hours(1)), due + hours(1));
    assert!(events.iter().any(|event| matches!(event, Event::InvestigationLate { .. })), "{events:?}");
    tell(&mut late, Command::Unmerge, due + hours(2));
    let again = tell(&mut late, Command::PromiseDue, due + hours(2));
    assert!(!again.iter().any(|event| matches!(event, Event::InvestigationLate { .. })), "{again:?}");
    assert_eq!(late.promises.last(Kind::FirstInvestigation).unwrap().standing.state, Standing::Breached);
}

#[test]
fn r_cmp_10_what_was_merged_in_time_was_not_late_however_late_that_is_told() {
    let recorded = led(&Complaint::default(), [record()]);
    let due = recorded.first_investigation().unwrap().standing.due_at;
    let mut complaint = recorded.clone();
    let events = tell(&mut complaint, merged_at(due - hours(1)), due + hours(1));
    assert!(!events.iter().any(|event| matches!(event, Event::InvestigationLate { .. })), "{events:?}");
    assert_eq!(ends(&complaint), ends(&led(&recorded, [merged_at(NOW)])));
    // What was noted as late in between is taken back.
    let mut complaint = recorded;
    tell(&mut complaint, Command::PromiseDue, due + hours(1));
    tell(&mut complaint, merged_at(due - hours(1)), due + hours(2));
    assert_eq!(complaint.promises.last(Kind::FirstInvestigation).unwrap().standing.state, Standing::Cancelled);
}
