//! What a close leaves behind of tasks and escalations.
use kernel::{promise, sla::Hours};

use super::{
    super::{
        department_task::{self as task, Brief, DepartmentTask},
        escalation::{self, Escalation, Level, Matter, Trigger},
        routing::InForce,
    },
    small_tables::{brief, cancel, matter, worked},
    *,
};

#[test]
fn r_cmp_19_a_task_that_is_cancelled_late_was_late_and_nothing_is_owed_any_more() {
    use promise::State::{Cancelled, CancelledAfterBreach};
    let due = NOW + hours(8);
    let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    let looked = worked(&issued, [(task::Command::Look, due + hours(1))]);
    let late = due + SignedDuration::from_micros(1);
    for (task, at, expired, stands) in [
        (&issued, due, 0, Cancelled),
        (&issued, late, 1, CancelledAfterBreach),
        (&looked, late, 0, CancelledAfterBreach),
    ] {
        let events = task.decide(cancel(), at).unwrap();
        let breaches = events.iter().filter(|event| matches!(event, task::Event::Expired { .. })).count();
        assert_eq!((breaches, events.len()), (expired, expired + 1), "{events:?}");
        let over = worked(task, [(cancel(), at)]);
        assert_eq!((over.promise.unwrap().standing.state, over.state.name()), (stands, "cancelled"));
    }
    let office = Desk { hours: Some(Hours::Of("china".into())), levels: InForce(Some(shipped())), ..desk("quality") };
    let asked = Brief { desk: office, ..brief() };
    let task = worked(&DepartmentTask::default(), [(task::Command::Issue(asked), NOW)]);
    let blind = task::Command::Cancel { levels: InForce::default() };
    let over = worked(&task, [(blind, NOW)]);
    assert_eq!(over.promise.unwrap().standing.state, Cancelled, "also where its calendar is not at hand");
}

#[test]
fn what_is_managements_own_or_about_harm_outlives_the_complaint() {
    for trigger in Trigger::ALL {
        let raised = Escalation {
            matter: Matter { trigger, ..matter(Level::Management) },
            state: escalation::State::Raised,
            ..Escalation::default()
        };
        let own = [Trigger::Dissatisfied, Trigger::Regulator, Trigger::Media, Trigger::PaymentContradicted];
        let harm = [Trigger::Health, Trigger::RegulatorReportWarning, Trigger::RegulatorReportLate];
        let events = raised.decide(escalation::Command::ComplaintClosed, NOW).unwrap();
        assert_eq!(events.is_empty(), own.contains(&trigger) || harm.contains(&trigger), "{trigger:?}");
    }
}
