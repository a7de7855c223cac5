//! Every state of a department's task and of an escalation against every command.
use super::{
    super::{
        department_task::{self as task, Brief, DepartmentTask},
        escalation::{self, Escalation, Matter},
    },
    *,
};

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

fn brief() -> Brief {
    Brief { task_id: Uuid::from_u128(11), complaint_id: Uuid::from_u128(1), desk: desk("quality"), ..Brief::default() }
}

fn answer(word: &str) -> task::Command {
    task::Command::Answer { department: department(word), cause: Some("packaging.leak".parse().unwrap()) }
}

fn worked(from: &DepartmentTask, way: impl IntoIterator<Item = (task::Command, Timestamp)>) -> DepartmentTask {
    let mut task = from.clone();
    for (command, at) in way {
        let events = task.decide(command, at).unwrap();
        events.iter().for_each(|event| task.apply(event));
    }
    task
}

fn tasks() -> [DepartmentTask; 7] {
    use task::Command::{Accept, Acknowledge, Cancel, Issue, Return};
    let issued = worked(&DepartmentTask::default(), [(Issue(brief()), NOW)]);
    let acknowledged = worked(&issued, [(Acknowledge, NOW)]);
    let answered = worked(&acknowledged, [(answer("quality"), NOW)]);
    let returned = worked(&answered, [(Return, NOW)]);
    let accepted = worked(&answered, [(Accept, NOW)]);
    let cancelled = worked(&issued, [(Cancel, NOW)]);
    [DepartmentTask::default(), issued, acknowledged, answered, returned, accepted, cancelled]
}

/// Tells every task every command, compares, and gives the steps that lead to another state.
pub fn task_steps() -> Vec<Step> {
    use task::Command::{Accept, Acknowledge, AnswerDue, Cancel, Issue, Return};
    const GONE: &str = "task.not_found";
    const NOT: &str = "task.not_now";
    const OTHER: &str = "task.other_department";
    let after = NOW + hours(8) + SignedDuration::from_micros(1);
    //                   absent    issued          acknowledged    answered    returned        accepted  cancelled
    let table: [(&str, [&str; 7]); 9] = [
        ("issue", ["issued", "=", "=", "=", "=", "=", "="]),
        ("answer_due", ["=", "=", "=", "=", "=", "=", "="]),
        ("answer_overdue", ["=", "issued", "acknowledged", "=", "returned", "=", "="]),
        ("cancel", ["=", "cancelled", "cancelled", "=", "cancelled", "=", "="]),
        ("acknowledge", [GONE, "acknowledged", NOT, NOT, "acknowledged", NOT, NOT]),
        ("answer", [GONE, "answered", "answered", NOT, "answered", NOT, NOT]),
        ("answer_for_another", [GONE, OTHER, OTHER, NOT, OTHER, NOT, NOT]),
        ("accept", [GONE, NOT, NOT, "accepted", NOT, NOT, NOT]),
        ("return", [GONE, NOT, NOT, "returned", NOT, NOT, NOT]),
    ];
    let commands = [
        (Issue(brief()), NOW),
        (AnswerDue, NOW + hours(8)),
        (AnswerDue, after),
        (Cancel, NOW),
        (Acknowledge, NOW),
        (answer("quality"), NOW),
        (answer("medical"), NOW),
        (Accept, NOW),
        (Return, NOW),
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
        let events = task.decide(task::Command::AnswerDue, at).unwrap();
        let [task::Event::Expired { escalation_id }] = events.as_slice() else { unreachable!() };
        escalations.push(*escalation_id);
        task = worked(&task, [(task::Command::AnswerDue, at)]);
        assert!(task.expired);
        assert_eq!(task.decide(task::Command::AnswerDue, at), Ok(vec![]));
        task = worked(&task, [(answer("quality"), at), (task::Command::Return, at)]);
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

/// The same for escalations.
pub fn escalation_steps() -> Vec<Step> {
    use escalation::Command::{Acknowledge, Decide, Raise};
    let by = || "staff:head".to_owned();
    let tell = |escalation: &Escalation, command: escalation::Command| {
        let mut after = escalation.clone();
        escalation.decide(command, NOW).map(|events| {
            events.iter().for_each(|event| after.apply(event));
            (events.len(), after)
        })
    };
    let raise = || Raise(Matter { escalation_id: Uuid::from_u128(12), ..Matter::default() });
    let raised = tell(&Escalation::default(), raise()).unwrap().1;
    let acknowledged = tell(&raised, Acknowledge { by: by() }).unwrap().1;
    let decided = tell(&acknowledged, Decide { by: by() }).unwrap().1;
    let samples = [Escalation::default(), raised, acknowledged, decided];
    const GONE: &str = "escalation.not_found";
    const NOT: &str = "escalation.not_now";
    let table: [(&str, [&str; 4]); 3] = [
        ("raise", ["raised", "=", "=", "="]),
        ("acknowledge", [GONE, "acknowledged", NOT, NOT]),
        ("decide", [GONE, "decided", "decided", NOT]),
    ];
    let commands = [raise(), Acknowledge { by: by() }, Decide { by: by() }];
    compare(
        &table,
        &samples,
        |escalation| escalation.state.name(),
        |escalation, row| match tell(escalation, commands[row].clone()) {
            Err(rejection) => (rejection.code().into(), escalation.state.name()),
            Ok((0, _)) => ("=".into(), escalation.state.name()),
            Ok((_, after)) => (after.state.name().into(), after.state.name()),
        },
    )
}
