//! Every state of a department's task and of an escalation against every command.
use super::{
    super::{
        department_task::{self as task, Brief, DepartmentTask, Held, Waited},
        escalation::{self, Escalation, Level, Matter, Trigger, Who},
        ladder::{Ladder, Rungs},
        routing::InForce,
    },
    *,
};
use kernel::{promise, sla::Hours};

/// `=` nothing happens; a word with a dot is the code of the refusal; else the state it is in afterwards.
pub type Rows<const N: usize> = [(&'static str, [&'static str; N])];

pub fn compare<S, const N: usize>(
    rows: &Rows<N>,
    samples: &[S],
    name: impl Fn(&S) -> &'static str,
    tell: impl Fn(&S, usize) -> (String, &'static str),
) -> Vec<Step> {
    let mut arrows = Vec::new();
    for (row, (command, cells)) in rows.iter().enumerate() {
        assert_eq!(cells.len(), samples.len());
        for (sample, expected) in samples.iter().zip(cells) {
            let (got, after) = tell(sample, row);
            assert_eq!(got, *expected, "{} told to {command}", name(sample));
            if name(sample) != after && !arrows.contains(&(name(sample), *command, after)) {
                arrows.push((name(sample), *command, after));
            }
        }
    }
    arrows
}

pub fn brief() -> Brief {
    let ladder = Arc::new(Ladder { warn_percent: 75, accept_within: hours(48), ..Ladder::default() });
    let (task_id, complaint_id) = (Uuid::from_u128(11), Uuid::from_u128(1));
    Brief { task_id, complaint_id, desk: desk("quality"), ladder, ..Brief::default() }
}

const QUINN: &str = "staff:quinn";

fn acknowledge() -> task::Command {
    acknowledged_by("quality")
}

fn acknowledged_by(word: &str) -> task::Command {
    task::Command::Acknowledge { owner: QUINN.into(), department: department(word), levels: shipped() }
}

pub fn answer(word: &str) -> task::Command {
    told(word, None)
}

/// An answer that was given at `at`.
fn told(word: &str, at: Option<Timestamp>) -> task::Command {
    let (department, cause) = (department(word), Some("packaging.leak".parse().unwrap()));
    let (by, evidence, levels) = (QUINN.into(), vec!["lab-7".parse().unwrap()], shipped());
    task::Command::Answer { by, department, cause, evidence, at, levels }
}

pub fn cancel() -> task::Command {
    task::Command::Cancel { levels: InForce(Some(shipped())) }
}

pub fn give_back() -> task::Command {
    task::Command::Return { levels: shipped() }
}

fn forward(from: &str, to: &str) -> task::Command {
    task::Command::Forward { department: department(from), desk: desk(to), levels: shipped() }
}

pub fn worked(from: &DepartmentTask, way: impl IntoIterator<Item = (task::Command, Timestamp)>) -> DepartmentTask {
    let mut task = from.clone();
    for (command, at) in way {
        let events = task.decide(command, at).unwrap();
        events.iter().for_each(|event| task.apply(event));
    }
    task
}

fn tasks() -> [DepartmentTask; 8] {
    use task::Command::{Accept, Issue};
    let issued = worked(&DepartmentTask::default(), [(Issue(brief()), NOW)]);
    let acknowledged = worked(&issued, [(acknowledge(), NOW)]);
    let answered = worked(&acknowledged, [(answer("quality"), NOW)]);
    let returned = worked(&answered, [(give_back(), NOW)]);
    let accepted = worked(&answered, [(Accept, NOW)]);
    let cancelled = worked(&issued, [(cancel(), NOW)]);
    let closed = worked(&answered, [(cancel(), NOW)]);
    [DepartmentTask::default(), issued, acknowledged, answered, returned, accepted, cancelled, closed]
}

/// Tells every task every command, compares, and gives the steps that lead to another state.
pub fn task_steps() -> Vec<Step> {
    use task::Command::{Accept, Issue, Look};
    const GONE: &str = "task.not_found";
    const NOT: &str = "task.not_now";
    const OTHER: &str = "task.other_department";
    const SAME: &str = "task.same_department";
    const EARLY: &str = "task.answered_too_early";
    const OVER: &str = "task.complaint_closed";
    let after = NOW + hours(8) + SignedDuration::from_micros(1);
    let unjudged = NOW + hours(48) + SignedDuration::from_micros(1);
    //                   absent    issued          acknowledged    answered    returned        accepted  cancelled  answered, closed
    let table: [(&str, [&str; 8]); 18] = [
        ("issue", ["issued", "=", "=", "=", "=", "=", "=", "="]),
        ("look_early", ["=", "=", "=", "=", "=", "=", "=", "="]),
        ("look_at_the_warning", ["=", "issued", "acknowledged", "=", "returned", "=", "=", "="]),
        ("look_too_late", ["=", "issued", "acknowledged", "=", "returned", "=", "=", "="]),
        ("look_for_judgement", ["=", "issued", "acknowledged", "=", "returned", "=", "=", "="]),
        ("look_for_judgement_too_late", ["=", "issued", "acknowledged", "answered", "returned", "=", "=", "="]),
        ("cancel", ["=", "cancelled", "cancelled", "answered", "cancelled", "=", "=", "="]),
        ("reopen", ["=", "=", "=", "=", "=", "=", "=", "answered"]),
        ("acknowledge", [GONE, "acknowledged", NOT, NOT, "acknowledged", NOT, NOT, NOT]),
        ("acknowledge_for_another", [GONE, OTHER, NOT, NOT, OTHER, NOT, NOT, NOT]),
        ("answer", [GONE, "answered", "answered", NOT, "answered", NOT, NOT, NOT]),
        ("answer_of_before", [GONE, EARLY, EARLY, NOT, EARLY, NOT, NOT, NOT]),
        ("answer_for_another", [GONE, OTHER, OTHER, NOT, OTHER, NOT, NOT, NOT]),
        ("accept", [GONE, NOT, NOT, "accepted", NOT, NOT, NOT, "accepted"]),
        ("return", [GONE, NOT, NOT, "returned", NOT, NOT, NOT, OVER]),
        ("forward", [GONE, "issued", "issued", NOT, "issued", NOT, NOT, NOT]),
        ("forward_for_another", [GONE, OTHER, OTHER, NOT, OTHER, NOT, NOT, NOT]),
        ("forward_to_itself", [GONE, SAME, SAME, NOT, SAME, NOT, NOT, NOT]),
    ];
    let commands = [
        (Issue(brief()), NOW),
        (Look, NOW),
        (Look, NOW + hours(6)),
        (Look, after),
        (Look, NOW + hours(48)),
        (Look, unjudged),
        (cancel(), NOW),
        (task::Command::Reopen, NOW),
        (acknowledge(), NOW),
        (acknowledged_by("medical"), NOW),
        (answer("quality"), NOW),
        (told("quality", Some(NOW - hours(1))), NOW),
        (answer("medical"), NOW),
        (Accept, NOW),
        (give_back(), NOW),
        (forward("quality", "medical"), NOW),
        (forward("medical", "quality"), NOW),
        (forward("quality", "quality"), NOW),
    ];
    assert_eq!(commands.len(), table.len());
    compare(
        &table,
        &tasks(),
        |task| task.state.name(),
        |task, row| {
            let (command, at) = commands[row].clone();
            match task.decide(command.clone(), at) {
                Err(rejection) => (rejection.code().into(), task.state.name()),
                Ok(events) if events.is_empty() => ("=".into(), task.state.name()),
                Ok(_) => {
                    let after = worked(task, [(command, at)]).state.name();
                    (after.into(), after)
                }
            }
        },
    )
}

#[test]
fn a_due_time_is_escalated_once_and_a_returned_answer_gets_a_new_one() {
    let late = NOW + hours(9);
    let mut task = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    let mut escalations = Vec::new();
    for round in 0..3 {
        let at = late + hours(10 * round);
        let events = task.decide(task::Command::Look, at).unwrap();
        let [task::Event::Expired { escalation_id, .. }] = events.as_slice() else { unreachable!() };
        escalations.push(*escalation_id);
        task = worked(&task, [(task::Command::Look, at)]);
        assert!(task.expired);
        assert_eq!(task.decide(task::Command::Look, at), Ok(vec![]));
        task = worked(&task, [(answer("quality"), at), (give_back(), at)]);
        assert_eq!((task.expired, task.answer_by), (false, at + hours(8)));
    }
    escalations.dedup();
    assert_eq!(escalations.len(), 3);
}

#[test]
fn a_late_answer_is_late_whether_or_not_somebody_had_looked() {
    for (at, events) in [(NOW + hours(8), 2), (NOW + hours(8) + SignedDuration::from_micros(1), 3)] {
        let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
        assert_eq!(issued.decide(answer("quality"), at).unwrap().len(), events);
        assert_eq!(worked(&issued, [(answer("quality"), at)]).expired, events == 3);
    }
}

#[test]
fn r_cmp_19_every_hand_over_has_an_owner_a_limit_and_a_measured_wait() {
    let mut task = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    let at = |minutes| NOW + SignedDuration::from_mins(minutes);
    task = worked(&task, [(acknowledge(), at(30)), (answer("quality"), at(90))]);
    let waited = |to_acknowledge_s, to_answer_s| Waited {
        to_acknowledge_s,
        to_answer_s,
        working_to_acknowledge_s: to_acknowledge_s,
        working_to_answer_s: to_answer_s,
        uncounted: false,
    };
    assert_eq!((task.owner.as_deref(), task.waited), (Some(QUINN), waited(1_800, 5_400)));
    task = worked(&task, [(give_back(), at(100)), (answer("quality"), at(110))]);
    assert_eq!((task.waited, task.waited_in_all), (waited(600, 600), waited(2_400, 6_000)));

    let mut task = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    for (round, way) in [("quality", "medical"), ("medical", "repair"), ("repair", "quality")].into_iter().enumerate() {
        let now = NOW + hours(round as i64 + 1);
        let events = task.decide(forward(way.0, way.1), now).unwrap();
        let [task::Event::Forwarded { held: Held { wall_s: 3_600, .. }, from, .. }] = events.as_slice() else {
            unreachable!("{events:?}")
        };
        assert_eq!(*from, department(way.0));
        task = worked(&task, [(forward(way.0, way.1), now)]);
        assert_eq!((task.answer_by, task.state.name(), task.owner.clone()), (now + hours(8), "issued", None));
    }
    assert_eq!(task.decide(forward("quality", "medical"), NOW), Err(task::Rejection::TooManyForwards));
    assert_eq!(task.decide(answer("medical"), NOW).unwrap_err().code(), "task.other_department");
    let former = task.decide(acknowledged_by("repair"), NOW).unwrap_err();
    assert_eq!(former.code(), "task.other_department", "who had it has it no more");
}

#[test]
fn a_department_is_warned_once_a_hand_over_and_a_late_forward_is_late() {
    let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    assert_eq!(issued.look_at(), Some(NOW + hours(6)));
    assert_eq!(issued.decide(task::Command::Look, NOW + hours(6) - SignedDuration::from_micros(1)), Ok(vec![]));
    let warned = worked(&issued, [(task::Command::Look, NOW + hours(6))]);
    let due = NOW + hours(8) + SignedDuration::from_micros(1);
    assert_eq!((warned.warned, warned.look_at()), (true, Some(due)));
    assert_eq!(warned.decide(task::Command::Look, NOW + hours(7)), Ok(vec![]));
    let moved = worked(&warned, [(forward("quality", "medical"), NOW + hours(7))]);
    assert_eq!((moved.warned, moved.look_at()), (false, Some(NOW + hours(13))));
    let again = worked(&moved, [(task::Command::Look, NOW + hours(13))]);
    assert!(again.warnings().iter().all(|one| !warned.warnings().contains(one)), "each has escalations of its own");
    let events = moved.decide(forward("medical", "repair"), NOW + hours(16)).unwrap();
    let [task::Event::Expired { escalation_id, .. }, task::Event::Forwarded { .. }] = events.as_slice() else {
        unreachable!("{events:?}")
    };
    let late = issued.decide(task::Command::Look, NOW + hours(9)).unwrap();
    let [task::Event::Expired { escalation_id: first, .. }] = late.as_slice() else { unreachable!("{late:?}") };
    assert_ne!(first, escalation_id, "another hand-over, another breach");
    let unwarned = Brief { ladder: Arc::default(), ..brief() };
    let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(unwarned), NOW)]);
    assert_eq!(issued.look_at(), Some(due), "the due time only");
}

#[test]
fn r_cmp_19_an_answer_waits_for_its_judgement_no_longer_than_was_set_and_how_long_is_measured() {
    let answered = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW), (answer("quality"), NOW)]);
    let (due, late) = (NOW + hours(48), NOW + hours(50));
    assert_eq!(answered.judge_by(), Some(due));
    let [task::Event::Accepted { waited_s: 172_800 }] = answered.decide(task::Command::Accept, due).unwrap()[..] else {
        unreachable!("the due time itself is in time")
    };
    let events = answered.decide(give_back(), late).unwrap();
    let [task::Event::Unjudged { escalation_id, due: noted }, task::Event::Returned { waited_s: 180_000, .. }] =
        events.as_slice()
    else {
        unreachable!("{events:?}")
    };
    assert_eq!(
        (*noted, *escalation_id),
        (due, answered.unjudged_escalation(answered.returns)),
        "who judges late is late"
    );
    let noted = worked(&answered, [(task::Command::Look, late)]);
    assert_eq!((noted.judge_by(), noted.decide(task::Command::Look, late)), (None, Ok(vec![])), "once");
    let again = worked(&noted, [(give_back(), late), (answer("quality"), late)]);
    assert_eq!(again.judge_by(), Some(late + hours(48)));
    assert_ne!(
        again.unjudged_escalation(again.returns),
        answered.unjudged_escalation(answered.returns),
        "each answer has one of its own"
    );
    let closed = worked(&answered, [(cancel(), NOW)]);
    assert_eq!((closed.judge_by(), closed.decide(task::Command::Look, late)), (None, Ok(vec![])));
    let unlimited = Brief { ladder: Arc::default(), ..brief() };
    let way = [(task::Command::Issue(unlimited), NOW), (answer("quality"), NOW)];
    let forever = worked(&DepartmentTask::default(), way);
    assert_eq!((forever.judge_by(), forever.judging.unwrap().since), (None, NOW));
}

#[test]
fn r_cmp_19_an_answer_given_in_time_and_told_late_takes_the_breach_back() {
    let issued = worked(&DepartmentTask::default(), [(task::Command::Issue(brief()), NOW)]);
    let (given, heard) = (NOW + hours(7), NOW + hours(20));
    let expired = worked(&issued, [(task::Command::Look, NOW + hours(9))]);
    let breach = issued.decide(task::Command::Look, NOW + hours(9)).unwrap();
    let [task::Event::Expired { escalation_id: raised, .. }] = breach.as_slice() else { unreachable!("{breach:?}") };
    let events = expired.decide(told("quality", Some(given)), heard).unwrap();
    let [
        task::Event::Acknowledged { .. },
        task::Event::Answered { at, .. },
        task::Event::Corrected { escalation_id, .. },
    ] = events.as_slice()
    else {
        unreachable!("{events:?}")
    };
    assert_eq!((*at, escalation_id), (given, raised));
    let answered = worked(&expired, [(told("quality", Some(given)), heard)]);
    assert_eq!((answered.expired, answered.waited.to_answer_s), (false, 25_200));
    assert_eq!(answered.promise.unwrap().standing.state, promise::State::Met);

    let unseen = issued.decide(told("quality", Some(given)), heard).unwrap();
    assert!(unseen.iter().all(|event| !matches!(event, task::Event::Expired { .. })), "nobody had looked: {unseen:?}");
    let late = worked(&expired, [(told("quality", Some(NOW + hours(10))), heard)]);
    assert!(late.expired && late.promise.unwrap().standing.state == promise::State::MetLate);
}

#[test]
fn r_cmp_19_a_department_with_office_hours_is_not_late_overnight_and_its_wait_is_measured_in_them() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let own = Desk { hours: Some(Hours::Of("china".into())), levels: InForce(Some(shipped())), ..desk("quality") };
    let asked = Brief { desk: own, ..brief() };
    let evening = at("2026-02-13T17:00:00+08:00");
    let task = worked(&DepartmentTask::default(), [(task::Command::Issue(asked), evening)]);
    assert_eq!(task.answer_by, at("2026-02-14T17:00:00+08:00"), "an hour of Friday, seven of the make-up Saturday");
    let morning = at("2026-02-14T10:00:00+08:00");
    let answered = worked(&task, [(acknowledge(), evening + hours(2)), (answer("quality"), morning)]);
    let (to_answer_s, working_to_answer_s) = (61_200, 7_200);
    let (to_acknowledge_s, working_to_acknowledge_s) = (7_200, 3_600);
    let all = Waited { to_acknowledge_s, to_answer_s, working_to_acknowledge_s, working_to_answer_s, uncounted: false };
    assert_eq!(answered.waited, all);
}

#[test]
fn a_desk_without_a_time_promises_what_the_levels_say_and_without_them_nothing() {
    let by_levels = |class| {
        let desk = Desk { answer_within: None, levels: InForce(Some(shipped())), ..desk("medical") };
        worked(&DepartmentTask::default(), [(task::Command::Issue(Brief { desk, class, ..brief() }), NOW)])
    };
    assert_eq!(by_levels(Class::Discomfort).answer_by, NOW + hours(12));
    let repair = by_levels(Class::Repair);
    assert_eq!((repair.answer_by, repair.look_at()), (NOW + hours(24), Some(NOW + hours(12))), "half its time");
    let desk = Desk { answer_within: None, ..desk("medical") };
    let refused = DepartmentTask::default().decide(task::Command::Issue(Brief { desk, ..brief() }), NOW);
    assert_eq!(refused.unwrap_err().code(), "task.no_time");
}

#[test]
fn tasks_and_escalations_stored_before_they_had_owners_and_levels_are_read() {
    let task = r#"{"brief":{"task_id":"00000000-0000-0000-0000-00000000000b",
        "complaint_id":"00000000-0000-0000-0000-000000000001","desk":{"department":"quality","answer_within":"PT8H"},
        "class":"repair","lane":"standard","purchase_id":null,"product_id":"","batch":""},"state":{"kind":"issued"},
        "issued_at":"2026-02-02T02:40:00Z","answer_by":"2026-02-02T10:40:00Z","expired":false,"returns":0,"cause":null}"#;
    let task: DepartmentTask = serde_json::from_str(task).unwrap();
    let due = task.issued_at + hours(8) + SignedDuration::from_micros(1);
    assert_eq!((task.look_at(), task.waiting()), (Some(due), true));
    let now = task.issued_at + hours(1);
    assert_eq!(worked(&task, [(answer("quality"), now)]).waited.to_answer_s, 3_600);
    let late = worked(&task, [(task::Command::Look, due)]);
    assert!(late.expired && late.decide(task::Command::Look, due) == Ok(vec![]));
    let noted = DepartmentTask { expired: true, ..task.clone() };
    assert_eq!((noted.look_at(), noted.decide(task::Command::Look, due)), (None, Ok(vec![])), "noted before");
    assert_eq!(worked(&task, [(answer("quality"), now), (give_back(), now)]).answer_by, now + hours(8));
    let escalation = r#"{"matter":{"escalation_id":"00000000-0000-0000-0000-00000000000c",
        "complaint_id":"00000000-0000-0000-0000-000000000001","level":"management","trigger":"dissatisfied",
        "department":null},"raised_at":"2026-02-02T02:40:00Z","state":{"kind":"raised"}}"#;
    let escalation: Escalation = serde_json::from_str(escalation).unwrap();
    assert_eq!((escalation.acknowledge_by(), escalation.matter.complaint_id), (None, Some(Uuid::from_u128(1))));
    assert_eq!(escalation.notify_at(), escalation.raised_at);
}

/// An escalation that begins at the team lead, who has 4 hours; the head has 24, the complaint manager all the time.
pub fn matter(level: Level) -> Matter {
    let ladder = Ladder {
        first: [(Trigger::Manual, level)].into(),
        rungs: Rungs {
            acknowledge_within: [(Level::TeamLead, hours(4)), (Level::DepartmentHead, hours(24))].into(),
            quiet: None,
        },
        ..Ladder::default()
    };
    Matter::new(Uuid::from_u128(12), Some(Uuid::from_u128(1)), Trigger::Manual, &ladder)
}

fn who(reach: Level) -> Who {
    Who { by: "staff:head".into(), reach: Some(reach) }
}

#[test]
fn r_cmp_12_r_rol_14_the_level_it_is_with_acts_on_an_escalation_or_one_above_it() {
    use escalation::Command::{Acknowledge, Close, Decide, Raise};
    for level in Level::ALL {
        let raised = climbed(&Escalation::default(), Raise(matter(level)), NOW);
        let acknowledged = climbed(&raised, Acknowledge(who(Level::Management)), NOW);
        let decided = climbed(&acknowledged, Decide(who(Level::Management)), NOW);
        for reach in [None].into_iter().chain(Level::ALL.map(Some)) {
            let who = || Who { by: "staff:x".into(), reach };
            let told = [(&raised, Acknowledge(who())), (&raised, Decide(who())), (&acknowledged, Decide(who()))];
            for (escalation, command) in told.into_iter().chain([(&decided, Close(who()))]) {
                let acts = escalation.decide(command, NOW);
                let refused = Err(escalation::Rejection::OtherLevel(level));
                assert!(if reach >= Some(level) { acts.is_ok() } else { acts == refused }, "{level:?} {reach:?}");
            }
        }
    }
}

fn climbed(from: &Escalation, command: escalation::Command, at: Timestamp) -> Escalation {
    let mut escalation = from.clone();
    let events = escalation.decide(command, at).unwrap();
    events.iter().for_each(|event| escalation.apply(event));
    escalation
}

#[test]
fn nobody_who_acknowledges_in_time_takes_it_one_level_up_and_no_further_than_management() {
    use escalation::Command::{Acknowledge, Raise, Unacknowledged};
    let micro = SignedDuration::from_micros(1);
    let raised = climbed(&Escalation::default(), Raise(matter(Level::TeamLead)), NOW);
    assert_eq!(raised.decide(Unacknowledged, NOW + hours(4)), Ok(vec![]), "equality is in time");
    let up = climbed(&raised, Unacknowledged, NOW + hours(4) + micro);
    assert_eq!((up.matter.level, up.since), (Level::ComplaintManager, NOW + hours(4) + micro));
    assert_eq!(up.acknowledge_by(), None, "a level without a term has all the time there is");

    let head = climbed(&Escalation::default(), Raise(matter(Level::DepartmentHead)), NOW);
    let top = climbed(&head, Unacknowledged, NOW + hours(25));
    assert_eq!((top.matter.level, top.acknowledge_by()), (Level::Management, None));
    let by = || Acknowledge(who(Level::Management));
    assert_eq!(head.decide(by(), NOW + hours(24)).unwrap().len(), 1);
    let late = head.decide(by(), NOW + hours(24) + micro).unwrap();
    assert!(matches!(late[..], [escalation::Event::PassedUp { .. }, escalation::Event::Acknowledged { .. }]));
    assert_eq!(climbed(&head, by(), NOW).acknowledge_by(), None, "what is acknowledged stays where it is");
}

/// The same for escalations.
pub fn escalation_steps() -> Vec<Step> {
    use escalation::Command::{Acknowledge, Close, ComplaintClosed, Decide, Raise, Settle, Unacknowledged};
    let (head, late) = (|| who(Level::Management), NOW + hours(5));
    let low = || Who { by: "staff:x".into(), reach: None };
    let raise = || Raise(matter(Level::TeamLead));
    let raised = climbed(&Escalation::default(), raise(), NOW);
    let acknowledged = climbed(&raised, Acknowledge(head()), NOW);
    let decided = climbed(&acknowledged, Decide(head()), NOW);
    let closed = climbed(&decided, Close(head()), NOW);
    let samples = [Escalation::default(), raised, acknowledged, decided, closed];
    const GONE: &str = "escalation.not_found";
    const NOT: &str = "escalation.not_now";
    const LOW: &str = "escalation.other_level";
    let table: [(&str, [&str; 5]); 14] = [
        ("raise", ["raised", "=", "=", "=", "="]),
        ("unacknowledged", ["=", "=", "=", "=", "="]),
        ("unacknowledged_too_long", ["=", "raised", "=", "=", "="]),
        ("settle", ["=", "closed", "closed", "closed", "="]),
        ("complaint_closed", ["=", "closed", "closed", "=", "="]),
        ("acknowledge", [GONE, "acknowledged", NOT, NOT, NOT]),
        ("acknowledge_late", [GONE, "acknowledged", NOT, NOT, NOT]),
        ("decide", [GONE, "decided", "decided", NOT, NOT]),
        ("decide_late", [GONE, "decided", "decided", NOT, NOT]),
        ("close", [GONE, NOT, NOT, "closed", NOT]),
        ("acknowledge_as_another", [GONE, LOW, NOT, NOT, NOT]),
        ("acknowledge_as_the_former", [GONE, LOW, NOT, NOT, NOT]),
        ("decide_as_another", [GONE, LOW, LOW, NOT, NOT]),
        ("close_as_another", [GONE, NOT, NOT, LOW, NOT]),
    ];
    let commands = [
        (raise(), NOW),
        (Unacknowledged, NOW),
        (Unacknowledged, late),
        (Settle(Some(escalation::Why::OrderCompleted)), NOW),
        (ComplaintClosed, NOW),
        (Acknowledge(head()), NOW),
        (Acknowledge(head()), late),
        (Decide(head()), NOW),
        (Decide(head()), late),
        (Close(head()), NOW),
        (Acknowledge(low()), NOW),
        // The team lead's time is over, and with it their turn.
        (Acknowledge(who(Level::TeamLead)), late),
        (Decide(low()), NOW),
        (Close(low()), NOW),
    ];
    assert_eq!(commands.len(), table.len());
    let steps = compare(
        &table,
        &samples,
        |escalation| escalation.state.name(),
        |escalation, row| {
            let (command, at) = commands[row].clone();
            match escalation.decide(command.clone(), at) {
                Err(rejection) => (rejection.code().into(), escalation.state.name()),
                Ok(events) if events.is_empty() => ("=".into(), escalation.state.name()),
                Ok(_) => {
                    let after = climbed(escalation, command, at).state.name();
                    (after.into(), after)
                }
            }
        },
    );
    steps.into_iter().filter(|(_, by, _)| !by.ends_with("_late")).collect()
}
