//! A legal hold stands over every state, and no deadline closes what is held.
use super::{
    super::{
        complaint::{Outcome, State},
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
    let regulator = Regulator { case_no: "samr-2026-0117".parse().unwrap(), report_by: NOW + hours(240) };
    let by = EVA.to_owned();
    let held = led(&sample("cl"), [Command::Hold { by, regulator: Some(regulator.clone()) }]);
    assert_eq!(held.hold.unwrap().regulator, Some(regulator));
}
