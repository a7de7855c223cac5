//! The warnings of one hand-over: each is raised for itself, once, and all are over with the answer.
use super::{
    super::{
        department_task::{self as task, Brief, Command, DepartmentTask},
        routing::InForce,
    },
    small_tables::{answer, brief, worked},
    *,
};

/// Warned of after four of its eight hours, and when two are left.
fn issued() -> DepartmentTask {
    let rule =
        r#"{ promise = "department_answer", target = "8h", hours = "round_the_clock", warnings = ["50%", "2h"] },"#;
    let levels = prepared(&LEVELS.replacen("rules = [", &format!("rules = [ {rule}"), 1));
    let desk = Desk { answer_within: None, levels: InForce(Some(levels)), ..desk("quality") };
    worked(&DepartmentTask::default(), [(Command::Issue(Brief { desk, ..brief() }), NOW)])
}

/// What a look at the clock raises.
fn raised(task: &DepartmentTask, at: Timestamp) -> Vec<Uuid> {
    let warned = |event| if let task::Event::Warned { escalation_id, .. } = event { Some(escalation_id) } else { None };
    task.decide(Command::Look, at).unwrap().into_iter().filter_map(warned).collect()
}

#[test]
fn r_cmp_19_each_warning_of_a_hand_over_is_raised_for_itself_and_once() {
    let issued = issued();
    assert_eq!(issued.warn_at(), [NOW + hours(4), NOW + hours(6)]);
    let [half] = raised(&issued, NOW + hours(4)).try_into().unwrap();
    let warned = worked(&issued, [(Command::Look, NOW + hours(4))]);
    assert!(raised(&warned, NOW + hours(5)).is_empty(), "given once");
    let [two_left] = raised(&warned, NOW + hours(6)).try_into().unwrap();
    assert_ne!(half, two_left);
    assert_eq!(raised(&issued, NOW + hours(6)), [half, two_left], "the same, whenever somebody looks");
    let both = worked(&warned, [(Command::Look, NOW + hours(6))]);
    assert!(raised(&both, NOW + hours(7)).is_empty());
    for one in [half, two_left] {
        assert!(both.warnings().contains(&one) && worked(&both, [(answer("quality"), NOW)]).warnings().contains(&one));
    }
    let again = worked(&both, [(answer("quality"), NOW), (small_tables::give_back(), NOW)]);
    assert!(again.warnings().is_empty(), "another hand-over");
    assert!(raised(&again, NOW + hours(6)).iter().all(|one| ![half, two_left].contains(one)));
}

#[test]
fn what_was_warned_of_before_each_had_an_escalation_of_its_own_is_settled_too() {
    let issued = issued();
    let stored = DepartmentTask { warned: true, ..issued.clone() };
    assert_eq!(stored.warnings().len(), 1, "all shared this one");
    let both = worked(&issued, [(Command::Look, NOW + hours(6))]);
    assert!(both.warnings().contains(&stored.warnings()[0]));
}
