//! A legal hold stands over every state, and no deadline closes what is held.
use super::{
    super::{
        complaint::{Outcome, State},
        escalation::Trigger,
        hold::{Hold, Regulator},
    },
    guards::sample,
    *,
};

fn held(complaint: &Complaint) -> Complaint {
    led(complaint, [Command::Hold { by: EVA.into(), regulator: None }])
}

#[test]
fn every_state_can_be_held_and_released_once_and_stays_the_state_it_is() {
    for (name, complaint) in samples().into_iter().skip(1) {
        let hold = Command::Hold { by: EVA.into(), regulator: None };
        assert_eq!(complaint.decide(Command::ReleaseHold, NOW).unwrap_err().code(), "complaint.not_held", "{name}");
        let held = held(&complaint);
        assert_eq!(held.hold, Some(Hold { by: EVA.into(), at: NOW, regulator: None }), "{name}");
        assert_eq!((&held.state, &held.promises), (&complaint.state, &complaint.promises), "{name}");
        assert_eq!(held.decide(hold, NOW).unwrap_err().code(), "complaint.held", "{name}");
        assert_eq!(led(&held, [Command::ReleaseHold]), complaint, "{name}");
        let json = serde_json::to_value(&held).unwrap();
        assert_eq!(serde_json::from_value::<Complaint>(json).unwrap(), held, "{name}");
    }
}

#[test]
fn no_deadline_closes_what_is_held_and_its_silence_ends_with_the_hold() {
    let over = NOW + hours(30 * 24);
    let asked = sample("s3");
    let closes = |complaint: &Complaint, at: Timestamp| {
        let events = complaint.decide(Command::SilenceDue, at).unwrap();
        events.iter().any(|event| matches!(event, Event::Closed { .. }))
    };
    assert!(closes(&asked, over));
    let mut complaint = held(&asked);
    for (name, complaint) in samples().iter().skip(1) {
        assert!(!closes(&held(complaint), over), "{name}");
    }
    tell(&mut complaint, Command::SilenceDue, over);
    assert_eq!(complaint.state, asked.state);
    tell(&mut complaint, Command::ReleaseHold, over);
    assert_eq!(complaint.state, State::SatisfactionCheck { silent_at: over });
    let events = tell(&mut complaint, Command::SilenceDue, over);
    let closed =
        |event: &Event| matches!(event, Event::Closed { outcome: Outcome::Unconfirmed, at, .. } if *at == over);
    assert!(events.iter().any(closed), "not before the hold ended: {events:?}");
    let early = led(&held(&asked), [Command::ReleaseHold]);
    assert_eq!(early.state, asked.state, "a hold that is over in time moves nothing");
}

#[test]
fn people_go_on_working_on_what_is_held() {
    let satisfied = led(&held(&sample("sc")), [satisfied(true)]);
    assert!(matches!(satisfied.state, State::Closed { .. }) && satisfied.hold.is_some());
    let again = led(&satisfied, [appeal()]);
    assert!(again.hold.is_some(), "an appeal takes no hold away");
}

#[test]
fn an_authoritys_case_and_its_deadline_stand_with_the_hold() {
    let regulator = Regulator::new("samr-2026-0117".parse().unwrap(), NOW + hours(240));
    let by = EVA.to_owned();
    let held = led(&sample("cl"), [Command::Hold { by, regulator: Some(regulator.clone()) }]);
    assert_eq!(held.hold.unwrap().regulator, Some(regulator));
}

/// A hold with an authority's case, of ten days.
fn asked(complaint: &Complaint) -> Complaint {
    let regulator = Some(Regulator::new("samr-2026-0117".parse().unwrap(), NOW + hours(240)));
    led(complaint, [Command::Hold { by: EVA.into(), regulator }])
}

/// What is raised when somebody looks at `at`.
fn raised(complaint: &mut Complaint, at: Timestamp) -> Vec<Trigger> {
    let trigger = |event: Event| match event {
        Event::Raised { trigger, .. } => trigger,
        other => unreachable!("{other:?}"),
    };
    tell(complaint, Command::ReportDue, at).into_iter().map(trigger).collect()
}

#[test]
fn in_every_state_an_authoritys_deadline_is_warned_of_once_and_late_once_until_the_hold_is_released() {
    let (half, due, micro) = (NOW + hours(120), NOW + hours(240), SignedDuration::from_micros(1));
    for (name, complaint) in samples().into_iter().skip(1) {
        let mut held = asked(&complaint);
        assert_eq!(held.report_look(), Some((Trigger::RegulatorReportWarning, half)), "{name}");
        assert_eq!(raised(&mut held, half - micro), [], "{name}");
        assert_eq!(raised(&mut held, half), [Trigger::RegulatorReportWarning], "{name}");
        assert_eq!(raised(&mut held, due), [], "{name}: the due time itself is in time");
        assert_eq!(held.report_look(), Some((Trigger::RegulatorReportLate, due + micro)), "{name}");
        assert_eq!(raised(&mut held, due + micro), [Trigger::RegulatorReportLate], "{name}");
        assert_eq!((raised(&mut held, due + hours(1)), held.report_look()), (vec![], None), "{name}");
        let (warned, late) = (held.report_warned().unwrap(), held.hold.as_ref().unwrap().regulator.clone().unwrap());
        let released = tell(&mut held, Command::ReleaseHold, due + hours(2));
        let [Event::HoldReleased { raised, .. }] = released.as_slice() else { unreachable!("{released:?}") };
        assert_eq!(*raised, [warned, late.late.unwrap()], "{name}: both are settled");
        assert_eq!(held.state.name(), complaint.state.name(), "{name}");
    }
}

#[test]
fn who_looks_only_after_an_authoritys_deadline_finds_it_late_and_a_hold_without_one_raises_nothing() {
    let late = NOW + hours(241);
    assert_eq!(raised(&mut asked(&sample("ig")), late), [Trigger::RegulatorReportLate]);
    assert_eq!(raised(&mut held(&sample("ig")), late), []);
    let passed = Some(Regulator::new("samr-2026-0117".parse().unwrap(), NOW - hours(1)));
    let mut passed = led(&sample("ig"), [Command::Hold { by: EVA.into(), regulator: passed }]);
    assert_eq!(raised(&mut passed, NOW), [Trigger::RegulatorReportLate], "its time was over when it was told");
}
