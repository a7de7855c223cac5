//! Every state of an improvement action against every command, and its rules as sentences.
use super::{
    super::{
        improvement::{Command, Event, ImprovementAction, Problem, Rejection},
        reporters::{Person, Reporter, Suppression, Tell, Telling, Told},
    },
    small_tables::{Rows, compare},
    *,
};

const DAY: i64 = 24;

fn days(days: i64) -> SignedDuration {
    hours(DAY * days)
}

fn problem() -> Problem {
    Problem { cause: "packaging.leak".parse().unwrap(), product_id: "p-9".into(), class: Class::default() }
}

/// Complaint `number` of customer `customer`.
fn report(number: u128, customer: u128, reported_at: Timestamp) -> Reporter {
    let person = Person::Customer { customer_id: Uuid::from_u128(customer) };
    Reporter { report_id: Uuid::from_u128(number), person, reported_at, told: Told::Waiting }
}

fn known() -> Reporter {
    report(1, 1, NOW - hours(1))
}

fn propose() -> Command {
    let (owner, due_by, by, ladder) = (department("quality"), NOW + days(30), ANA.into(), Arc::default());
    Command::Propose { problem: problem(), owner, due_by, by, finding_id: Some(Uuid::from_u128(77)), ladder }
}

fn start_work() -> Command {
    Command::StartWork { root_cause: "supplier.mould_worn".parse().unwrap() }
}

fn release() -> Command {
    Command::Release { check_after: days(90) }
}

fn in_person(number: u128) -> Command {
    Command::Tell(Tell::InPerson { report_id: Uuid::from_u128(number) })
}

fn suppress(number: u128) -> Command {
    Command::Tell(Tell::Suppress { report_id: Uuid::from_u128(number), reason: Suppression::NoConsent })
}

fn reopen() -> Command {
    Command::Reopen { root_cause: "supplier.resin".parse().unwrap(), due_by: NOW + days(200) }
}

fn tell_at(action: &mut ImprovementAction, command: Command, at: Timestamp) -> Vec<Event> {
    let events = action.decide(command, at).unwrap();
    events.iter().for_each(|event| action.apply(event));
    events
}

fn led(from: &ImprovementAction, way: impl IntoIterator<Item = Command>) -> ImprovementAction {
    let mut action = from.clone();
    for command in way {
        tell_at(&mut action, command, NOW);
    }
    action
}

fn released(reporters: impl IntoIterator<Item = Reporter>) -> ImprovementAction {
    let mut action = led(&ImprovementAction::default(), [propose()]);
    for reporter in reporters {
        tell_at(&mut action, Command::Report(reporter), NOW);
    }
    led(&action, [Command::Accept, start_work(), release()])
}

/// The messages asked for, by customer.
fn messages(events: &[Event]) -> Vec<(Uuid, Uuid)> {
    let asked = |event: &Event| match event {
        Event::Telling(Telling::Asked { customer_id, message_id, .. }) => Some((*customer_id, *message_id)),
        _ => None,
    };
    events.iter().filter_map(asked).collect()
}

/// The message that tells the known reporter.
fn message() -> Uuid {
    let working =
        led(&ImprovementAction::default(), [propose(), Command::Report(known()), Command::Accept, start_work()]);
    messages(&working.decide(release(), NOW).unwrap())[0].1
}

fn sent(message_id: Uuid) -> Command {
    Command::Message(Tell::Sent { message_id, at: NOW })
}

fn samples() -> [ImprovementAction; 9] {
    let absent = ImprovementAction::default();
    let proposed = led(&absent, [propose(), Command::Report(known())]);
    let accepted = led(&proposed, [Command::Accept]);
    let in_work = led(&accepted, [start_work()]);
    let released = led(&in_work, [release()]);
    let mut checked = led(&released, [sent(message())]);
    tell_at(&mut checked, Command::CheckDue, NOW + days(90));
    let effective = led(&checked, [Command::Judge { effective: true }]);
    let ineffective = led(&checked, [Command::Judge { effective: false }]);
    let declined = led(&proposed, [Command::Decline]);
    [absent, proposed, accepted, in_work, released, checked, effective, ineffective, declined]
}

/// Tells every sample every command, compares, and gives the steps that lead to another state.
pub fn steps() -> Vec<Step> {
    const GONE: &str = "improvement.not_found";
    const NOT: &str = "improvement.not_now";
    const EX: &str = "improvement.exists";
    const AT: &str = "improvement.attached";
    const SET: &str = "improvement.reporter_settled";
    const WHO: &str = "improvement.unknown_reporter";
    const PR: &str = "proposed";
    const AC: &str = "accepted";
    const WO: &str = "in_work";
    const RE: &str = "released";
    const CH: &str = "effectiveness_check";
    const EF: &str = "effective";
    const IN: &str = "ineffective";
    const DE: &str = "declined";
    let table: &Rows<9> = &[
        ("propose", [PR, EX, EX, EX, EX, EX, EX, EX, EX]),
        ("report", ["=", PR, AC, WO, RE, CH, EF, IN, DE]),
        ("report_again", ["=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("message_sent", ["=", "=", "=", "=", RE, "=", "=", "=", "="]),
        ("another_message_sent", ["=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("message_failed", ["=", "=", "=", "=", RE, "=", "=", "=", "="]),
        ("release_due", ["=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("release_overdue", ["=", PR, AC, WO, "=", "=", "=", "=", "="]),
        ("check_early", ["=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("check_due", ["=", "=", "=", "=", CH, "=", "=", "=", "="]),
        ("accept", [GONE, AC, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("decline", [GONE, DE, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("start_work", [GONE, NOT, WO, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("attach", [GONE, PR, AC, WO, RE, CH, EF, IN, DE]),
        ("attach_again", [GONE, AT, AT, AT, AT, AT, AT, AT, AT]),
        ("release", [GONE, NOT, NOT, RE, NOT, NOT, NOT, NOT, NOT]),
        ("inform", [GONE, NOT, NOT, NOT, RE, SET, SET, SET, NOT]),
        ("suppress", [GONE, PR, AC, WO, RE, SET, SET, SET, DE]),
        ("suppress_unknown", [GONE, WHO, WHO, WHO, WHO, WHO, WHO, WHO, WHO]),
        ("judge_effective", [GONE, NOT, NOT, NOT, NOT, EF, NOT, NOT, NOT]),
        ("judge_ineffective", [GONE, NOT, NOT, NOT, NOT, IN, NOT, NOT, NOT]),
        ("reopen", [GONE, NOT, NOT, NOT, NOT, NOT, WO, WO, WO]),
    ];
    let micro = SignedDuration::from_micros(1);
    let commands = [
        (propose(), NOW),
        (Command::Report(report(2, 2, NOW)), NOW),
        (Command::Report(known()), NOW),
        (sent(message()), NOW),
        (sent(Uuid::from_u128(99)), NOW),
        (Command::Message(Tell::Unsent { message_id: message() }), NOW),
        (Command::ReleaseDue, NOW + days(30)),
        (Command::ReleaseDue, NOW + days(30) + micro),
        (Command::CheckDue, NOW + days(90) - micro),
        (Command::CheckDue, NOW + days(90)),
        (Command::Accept, NOW),
        (Command::Decline, NOW),
        (start_work(), NOW),
        (Command::Attach(report(2, 2, NOW)), NOW),
        (Command::Attach(known()), NOW),
        (release(), NOW),
        (in_person(1), NOW),
        (suppress(1), NOW),
        (suppress(9), NOW),
        (Command::Judge { effective: true }, NOW),
        (Command::Judge { effective: false }, NOW),
        (reopen(), NOW),
    ];
    assert_eq!(commands.len(), table.len());
    compare(
        table,
        &samples(),
        |action| action.state.name(),
        |action, row| {
            let (command, at) = commands[row].clone();
            match action.decide(command, at) {
                Err(rejection) => (rejection.code().into(), action.state.name()),
                Ok(events) if events.is_empty() => ("=".into(), action.state.name()),
                Ok(events) => {
                    let mut after = action.clone();
                    events.iter().for_each(|event| after.apply(event));
                    (after.state.name().into(), after.state.name())
                }
            }
        },
    )
}

#[test]
fn r_cmp_15_effective_only_when_everybody_is_informed_or_suppressed() {
    let mut action = released([known(), report(2, 2, NOW), report(3, 3, NOW)]);
    tell_at(&mut action, Command::CheckDue, NOW + days(90));
    for (open, command) in [(3, sent(message())), (2, suppress(2)), (1, in_person(3))] {
        let judged = action.decide(Command::Judge { effective: true }, NOW);
        assert_eq!(judged, Err(Rejection::LoopOpen(open)));
        action = led(&action, [command]);
    }
    let closing = action.closing();
    assert_eq!((closing.informed, closing.suppressed, closing.reporters), (2, 1, 3));
    assert_eq!(action.decide(Command::Judge { effective: true }, NOW), Ok(vec![Event::JudgedEffective]));
}

#[test]
fn r_cmp_15_a_customer_who_reported_twice_gets_one_message() {
    let mut action = led(&ImprovementAction::default(), [propose()]);
    for (number, customer) in [(1, 1), (2, 1), (3, 3)] {
        tell_at(&mut action, Command::Report(report(number, customer, NOW - hours(1))), NOW);
    }
    let events = led(&action, [Command::Accept, start_work()]).decide(release(), NOW).unwrap();
    let asked = messages(&events);
    assert_eq!(asked.iter().map(|(customer, _)| *customer).collect::<Vec<_>>(), [1, 3].map(Uuid::from_u128));
    let mut action = led(&action, [Command::Accept, start_work(), release()]);
    tell_at(&mut action, sent(asked[0].1), NOW);
    assert_eq!((action.closing().informed, action.closing().open()), (2, 1), "both his complaints are answered");
}

#[test]
fn r_cmp_15_recurrences_are_counted_over_equal_windows() {
    let release = NOW;
    let before =
        [(1, -91), (2, -90), (3, -89), (4, 0)].map(|(number, day)| report(number, number, release + days(day)));
    let mut action = released(before);
    assert_eq!((action.recurrences(), action.before_and_after()), (0, (2, 0)), "the window's own end is within it");
    for (number, customer, day) in [(11, 4, 1), (12, 12, 90), (13, 13, 91)] {
        let events =
            tell_at(&mut action, Command::Report(report(number, customer, release + days(day))), NOW + days(91));
        let [Event::ReporterAttached { recurrence: true, .. }] = events.as_slice() else { unreachable!("{events:?}") };
    }
    assert_eq!((action.recurrences(), action.before_and_after()), (3, (2, 2)));
    assert_eq!(action.closing().reporters, 4, "who reported later is not to be told of this release");
}

#[test]
fn r_cmp_15_a_report_from_before_the_release_that_is_learnt_of_later_is_told_at_once() {
    let mut action = released([known()]);
    let events = tell_at(&mut action, Command::Report(report(2, 2, NOW)), NOW + days(3));
    assert_eq!(messages(&events).len(), 1);
    assert_eq!(action.closing().open(), 2);
}

#[test]
fn r_cmp_15_a_measure_that_did_not_help_is_taken_up_again_and_told_anew() {
    let mut action = released([known(), report(2, 2, NOW)]);
    let first = messages(&released_events(&[known(), report(2, 2, NOW)]));
    action = led(&action, [sent(first[0].1), suppress(2)]);
    tell_at(&mut action, Command::Report(report(3, 3, NOW + days(5))), NOW + days(6));
    tell_at(&mut action, Command::CheckDue, NOW + days(90));
    action = led(&action, [Command::Judge { effective: false }, reopen()]);
    assert_eq!((action.overdue, action.due_by, action.recurrences()), (false, NOW + days(200), 1));
    let events = tell_at(&mut action, release(), NOW + days(100));
    let second = messages(&events);
    assert_eq!(second.iter().map(|(customer, _)| *customer).collect::<Vec<_>>(), [1, 3].map(Uuid::from_u128));
    assert_ne!(second[0].1, first[0].1, "another release, another message");
    assert_eq!((action.recurrences(), action.closing().reporters, action.closing().suppressed), (0, 3, 1));
}

fn released_events(reporters: &[Reporter]) -> Vec<Event> {
    let mut action = led(&ImprovementAction::default(), [propose()]);
    for reporter in reporters {
        tell_at(&mut action, Command::Report(reporter.clone()), NOW);
    }
    led(&action, [Command::Accept, start_work()]).decide(release(), NOW).unwrap()
}

#[test]
fn a_due_time_is_noted_as_passed_once_and_a_late_release_notes_it_itself() {
    let late = NOW + days(30) + SignedDuration::from_micros(1);
    let working = led(&ImprovementAction::default(), [propose(), Command::Accept, start_work()]);
    assert!(matches!(working.decide(release(), NOW + days(30)).unwrap().as_slice(), [Event::Released(_)]));
    assert!(matches!(working.decide(release(), late).unwrap().as_slice(), [Event::Overdue, Event::Released(_)]));
    let mut overdue = working.clone();
    assert_eq!((overdue.lateness(), tell_at(&mut overdue, Command::ReleaseDue, late)), (None, vec![Event::Overdue]));
    let first = overdue.lateness();
    let again = ImprovementAction { due_by: overdue.due_by + days(1), ..overdue.clone() };
    assert!(first.is_some() && first != again.lateness(), "each due time has an escalation of its own");
    assert_eq!(overdue.decide(Command::ReleaseDue, late), Ok(vec![]));
    assert!(matches!(overdue.decide(release(), late).unwrap().as_slice(), [Event::Released(_)]));
}

#[test]
fn a_proposal_that_was_turned_down_is_late_no_more_and_can_be_taken_up_again() {
    let late = NOW + days(30) + SignedDuration::from_micros(1);
    let declined = led(&ImprovementAction::default(), [propose(), Command::Report(known()), Command::Decline]);
    assert_eq!(declined.decide(Command::ReleaseDue, late), Ok(vec![]));
    assert_eq!(declined.decide(propose(), NOW), Err(Rejection::Exists(problem().action_id())));
    let again = led(&declined, [reopen(), release()]);
    assert_eq!((again.state.name(), again.closing().reporters), ("released", 1), "who reported is told");
}

#[test]
fn a_problem_is_a_cause_and_a_product_or_else_a_class() {
    let of = |cause: &str, product: &str, class| {
        Problem { cause: cause.parse().unwrap(), product_id: product.into(), class }.action_id()
    };
    assert_eq!(of("leak", "p-9", Class::Repair), of("leak", "p-9", Class::Delivery));
    assert_ne!(of("leak", "", Class::Repair), of("leak", "", Class::Delivery));
    assert_ne!(of("leak", "p-9", Class::Repair), of("leak", "p-8", Class::Repair));
    assert_ne!(of("leak", "p-9", Class::Repair), of("dent", "p-9", Class::Repair));
}

#[test]
fn an_action_is_stored_under_its_word_and_read_again() {
    for action in samples() {
        let json = serde_json::to_value(&action).unwrap();
        assert_eq!(json["state"]["kind"], action.state.name());
        if action.state.name() != "absent" {
            assert_eq!(serde_json::from_value::<ImprovementAction>(json).unwrap(), action);
        }
    }
}
