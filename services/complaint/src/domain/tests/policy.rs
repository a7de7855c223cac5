//! What policy owes for a grade, what the author says of the customer's expectation, and how high broken promises go.
use std::collections::BTreeMap;

use super::{
    super::{
        command::Rejection,
        complaint::State,
        escalation::{Level, Trigger},
        ladder::Ladder,
    },
    *,
};

/// Every kind is offered; discomfort is owed goods or money from 1 on, and guidance as well from 3 on.
fn owing() -> Arc<Rulebook> {
    let words = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let owed = |from_severity, kinds: &[&str]| Offer {
        classes: vec![Class::Discomfort],
        from_severity,
        at_least_one_of: words(kinds),
        ..Offer::default()
    };
    let offered = Offer { kinds: words(&RemedyKind::NAMES), ..Offer::default() };
    let offers = Offers::new(vec![offered, owed(1, &["refund", "exchange"]), owed(3, &["guidance"])]).unwrap();
    Arc::new(Rulebook { offers, ..Rulebook::clone(&rules()) })
}

fn draft_under_owing(remedies: &[RemedyKind], exception: bool) -> Command {
    let (by, remedies, meets_expectation) = (ANA.to_owned(), remedies.to_vec(), MeetsExpectation::Partly);
    Command::DraftSolution {
        by,
        remedies,
        returned: Returned::new(),
        exception,
        meets_expectation,
        others: None,
        rules: owing(),
    }
}

fn investigated(class: Class, severity: u32) -> Complaint {
    let assessment = Assessment { class, severity: Severity::try_from(severity).unwrap() };
    let assess = Command::Assess { assessment, desk: desk("medical") };
    led(&guards::sample("re"), [assess, Command::StartInvestigation, conclude()])
}

#[test]
fn r_cmp_14_what_must_be_promised_grows_with_the_severity_of_a_discomfort() {
    use RemedyKind::{Exchange, Guidance};
    let (any, medical) = ("refund, exchange", "guidance");
    for (wishes, lacking) in [
        (&[Guidance][..], [None, Some(any), Some(any), Some(any), Some(any)]),
        (&[Exchange], [None, None, None, Some(medical), Some(medical)]),
        (&[refund(1), Guidance], [None; 5]),
        (&[RemedyKind::Repair], [None, Some(any), Some(any), Some(any), Some(any)]),
    ] {
        for (severity, lacking) in (0..).zip(lacking) {
            let complaint = investigated(Class::Discomfort, severity);
            let refused = complaint.decide(draft_under_owing(wishes, false), NOW).err();
            let expected = lacking.map(|kinds| Rejection::BelowPolicy(kinds.to_owned()));
            assert_eq!(refused, expected, "{wishes:?} for {severity}");
            let drafted = led(&complaint, [draft_under_owing(wishes, true), submit(), approve(BEN, 1)]);
            let solution = drafted.solution.as_ref().unwrap();
            assert_eq!(solution.below_policy, lacking.is_some(), "{wishes:?} for {severity}");
            let further = if lacking.is_some() { State::InApproval } else { State::Approved };
            assert_eq!(drafted.state, further, "an exception takes one more approval");
            assert!(lacking.is_none() || led(&drafted, [approve(EVA, 1)]).state == State::Approved);
        }
    }
    let other = investigated(Class::Delivery, 4);
    assert!(other.decide(draft_under_owing(&[Guidance], false), NOW).is_ok(), "nothing is owed there");
}

#[test]
fn r_cmp_14_what_was_given_before_counts_for_what_is_owed() {
    let wish = [refund(500)];
    let first = [draft_under_owing(&wish, false), submit(), approve(BEN, 1), offer(), consent(1)];
    let agreed = led(&investigated(Class::Discomfort, 2), first);
    let again = led(&agreed, [settle(&agreed, 0, true), satisfied(false), conclude()]);
    let advice = draft_under_owing(&[RemedyKind::Guidance], false);
    assert!(!led(&again, [advice.clone()]).solution.unwrap().below_policy);
    assert!(led(&again, [advice.clone(), advice.clone()]).solution.is_some(), "also once it is kept beside");
    let failed = led(&agreed, [settle(&agreed, 0, false)]);
    assert_eq!(failed.decide(advice, NOW), Err(Rejection::BelowPolicy("refund, exchange".into())));
}

#[test]
fn r_cmp_06_a_draft_says_whether_it_meets_the_customers_expectation() {
    let stated = led(&investigated(Class::Delivery, 2), [draft_under_owing(&[refund(1)], false)]);
    assert_eq!(stated.solution.as_ref().unwrap().meets_expectation, MeetsExpectation::Partly);
    let offered = led(&stated, [submit(), approve(BEN, 1), offer()]);
    assert_eq!(offered.solution.as_ref().unwrap().meets_expectation, MeetsExpectation::Partly);
    let mut json = serde_json::to_value(&stated).unwrap();
    let solution = json["solution"].as_object_mut().unwrap();
    assert!(solution.remove("meets_expectation").is_some() && solution.remove("below_policy").is_some());
    let stored = serde_json::from_value::<Complaint>(json).unwrap().solution.unwrap();
    assert_eq!((stored.meets_expectation, stored.below_policy), (MeetsExpectation::NotStated, false));
}

fn ladder(management_from_breach: u32) -> Ladder {
    let first = [(Trigger::PromiseLate, Level::TeamLead), (Trigger::Silence, Level::ComplaintManager)];
    Ladder { first: BTreeMap::from(first), management_from_breach, ..Ladder::default() }
}

#[test]
fn r_cmp_13_each_further_breach_begins_a_level_higher_and_management_is_not_far() {
    let order = [Level::TeamLead, Level::ComplaintManager, Level::DepartmentHead, Level::Management];
    for (from, trigger) in (0..=10).flat_map(|from| Trigger::ALL.map(|trigger| (from, trigger))) {
        let ladder = ladder(from);
        let from = usize::try_from(from).unwrap();
        let levels: Vec<_> = (0..20).map(|before| ladder.again(trigger, before)).collect();
        assert!(levels.is_sorted(), "no later breach is lower: {levels:?}");
        for (number, level) in (1..).zip(levels) {
            let first = order.iter().position(|level| *level == ladder.first(trigger)).unwrap();
            let expected = match from {
                0 => order[first],
                from if number >= from => Level::Management,
                _ => order[(first + number - 1).min(3)],
            };
            assert_eq!(level, expected, "breach {number} of {trigger:?}, management from {from}");
        }
    }
}

/// What was raised, and to whom, when somebody looks at these times; the investigation itself was in time.
fn raised(management_from_breach: u32, looks: &[i64]) -> (Vec<(Trigger, Level)>, Option<Level>) {
    let mut facts = facts();
    facts.terms.ladder = Arc::new(ladder(management_from_breach));
    let recorded_at = facts.recorded_at;
    let record = Command::Record { facts: Box::new(facts), desk: desk("quality"), levels: levels() };
    let assess = assess(Class::ProductQuality, "quality");
    let mut complaint = led(&Complaint::default(), [record, assess, Command::StartInvestigation, conclude()]);
    let mut found = Vec::new();
    for after in looks {
        for event in tell(&mut complaint, Command::PromiseDue, recorded_at + hours(*after)) {
            if let Event::Raised { trigger, escalation_id } = event {
                found.push((trigger, complaint.level_of(trigger, escalation_id)));
            }
        }
    }
    found.sort();
    (found, complaint.escalation_level)
}

#[test]
fn r_cmp_13_the_second_promise_broken_goes_a_level_higher_and_the_third_to_management() {
    use Level::{ComplaintManager, Management, TeamLead};
    // The silence is broken after 72 hours, the offer after 96, the result after 168.
    let (silence, late) = (Trigger::Silence, Trigger::PromiseLate);
    let mut climbs = vec![(silence, ComplaintManager), (late, ComplaintManager), (late, Management)];
    climbs.sort();
    for looks in [&[73, 97, 169][..], &[1_000], &[100, 1_000]] {
        assert_eq!(raised(3, looks), (climbs.clone(), Some(Management)), "whenever somebody looks: {looks:?}");
    }
    let mut level = vec![(silence, ComplaintManager), (late, TeamLead), (late, TeamLead)];
    level.sort();
    assert_eq!(raised(0, &[1_000]), (level, Some(ComplaintManager)), "as complaints on record keep it");
    assert_eq!(raised(3, &[97]).1, Some(ComplaintManager));
    assert_eq!(raised(2, &[97]).1, Some(Management));
}
