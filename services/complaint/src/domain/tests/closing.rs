//! What a close leaves behind of tasks and escalations.
use kernel::{promise, sla::Hours};

use super::{
    super::{
        department_task::{self as task, Brief, DepartmentTask},
        escalation::{self, Escalation, Level, Matter, Trigger},
        routing::InForce,
    },
    small_tables::{answer, brief, cancel, give_back, matter, worked},
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
fn r_cmp_19_the_close_settles_what_was_raised_at_every_hand_over_of_an_answered_task() {
    let due = NOW + hours(8);
    let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    let answered = worked(&issued, [(answer("quality"), due)]);
    assert_eq!(answered.decide(cancel(), due), Ok(vec![task::Event::Closed]), "nobody judged it yet");
    let judged = worked(&answered, [(task::Command::Accept, due)]);
    assert_eq!(judged.decide(cancel(), due), Ok(vec![]), "its one hand-over is known to the complaint");
    let again = due + hours(1);
    let late = again + hours(8) + SignedDuration::from_micros(1);
    let returned = worked(&answered, [(give_back(), again), (answer("quality"), late)]);
    assert!(returned.expired, "late at the second hand-over");
    assert_eq!(returned.decide(cancel(), late).unwrap(), [task::Event::Closed]);
    let raised: Vec<_> = returned.late_escalations().collect();
    assert!(raised.contains(&task::escalation("department_task", returned.brief.task_id, 1, 0)), "{raised:?}");
    let closed = worked(&returned, [(cancel(), late)]);
    let stays = DepartmentTask { closed: true, judging: None, ..returned.clone() };
    assert_eq!(closed, stays, "the answer stays as it is, and is judged no more");
    assert_eq!(closed.decide(cancel(), late), Ok(vec![]), "once");
    let accepted = worked(&returned, [(task::Command::Accept, late)]);
    assert_eq!(accepted.decide(cancel(), late).unwrap(), [task::Event::Closed]);
}

/// The same under other service levels.
fn under(answer: task::Command, in_force: Arc<Levels>) -> task::Command {
    match answer {
        task::Command::Answer { by, department, cause, evidence, at, .. } => {
            task::Command::Answer { by, department, cause, evidence, at, levels: in_force }
        }
        other => other,
    }
}

#[test]
fn r_cmp_19_an_answer_is_taken_without_its_calendar_and_only_its_working_time_is_unknown() {
    let office = Desk { hours: Some(Hours::Of("china".into())), levels: InForce(Some(shipped())), ..desk("quality") };
    let asked = Brief { desk: office, ..brief() };
    let task = worked(&DepartmentTask::default(), [(task::Command::Issue(asked), NOW)]);
    let mut definitions: calendar::Definitions = toml::from_str(calendar::CHINA).unwrap();
    definitions.calendars.iter_mut().for_each(|calendar| calendar.version = 2);
    let gone = Arc::new(Levels::prepare(toml::from_str(sla::DEFAULT).unwrap(), &definitions).unwrap());
    let due = task.answer_by;
    let late = due + SignedDuration::from_micros(1);
    for (levels, at, state, unknown) in [
        (shipped(), due, Standing::Met, false),
        (Arc::clone(&gone), due, Standing::Met, true),
        (gone, late, Standing::MetLate, true),
    ] {
        let answered = worked(&task, [(under(answer("quality"), levels), at)]);
        assert_eq!((answered.state.name(), answered.promise.unwrap().standing.state), ("answered", state), "{at}");
        let waited = answered.waited;
        assert_eq!((waited.uncounted, waited.working_to_answer_s == 0), (unknown, unknown), "{waited:?}");
        assert_eq!(
            i128::from(waited.to_answer_s),
            i128::from(at.duration_since(NOW).as_secs()),
            "nothing else is lost"
        );
    }
}

#[test]
fn what_is_managements_own_or_about_harm_outlives_the_complaint() {
    for trigger in Trigger::ALL {
        let raised = Escalation {
            matter: Matter { trigger, ..matter(Level::Management) },
            state: escalation::State::Raised,
            ..Escalation::default()
        };
        let paid = [Trigger::PaymentContradicted, Trigger::PaymentUnknown];
        let own = [Trigger::Dissatisfied, Trigger::Regulator, Trigger::Media];
        let harm = [Trigger::Health, Trigger::RegulatorReportWarning, Trigger::RegulatorReportLate];
        let events = raised.decide(escalation::Command::ComplaintClosed, NOW).unwrap();
        assert_eq!(
            events.is_empty(),
            paid.contains(&trigger) || own.contains(&trigger) || harm.contains(&trigger),
            "{trigger:?}"
        );
    }
}

#[test]
fn r_cmp_12_an_answer_nobody_judged_is_judged_after_all_when_the_complaint_is_taken_up_again() {
    let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    let closed = worked(&issued, [(answer("quality"), NOW), (cancel(), NOW + hours(1))]);
    assert_eq!(closed.decide(give_back(), NOW).unwrap_err().code(), "task.complaint_closed");
    let again = NOW + hours(100);
    let open = worked(&closed, [(task::Command::Reopen, again)]);
    assert_eq!(open.judge_by(), Some(again + hours(48)), "the manager has his time anew");
    assert_eq!(open.decide(task::Command::Reopen, again), Ok(vec![]), "once");
    assert_eq!(worked(&open, [(give_back(), again)]).state.name(), "returned");
    let waits = |task: &DepartmentTask| task.unjudged_escalation(0);
    assert_ne!(waits(&closed), waits(&open), "what was raised then is over, and does not hide what is raised now");
    // One that was accepted is closed once, however often the complaint is.
    let accepted = worked(&issued, [(answer("quality"), NOW), (give_back(), NOW), (answer("quality"), NOW)]);
    let accepted = worked(&accepted, [(task::Command::Accept, NOW), (cancel(), NOW)]);
    assert_eq!(accepted.decide(task::Command::Reopen, again), Ok(vec![]));
    assert_eq!(accepted.decide(cancel(), again), Ok(vec![]));
}
