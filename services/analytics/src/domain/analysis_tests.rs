//! What is a finding and what is not, and that an analysis never changes.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

const ATTENTION: Attention = Attention { top: 2, least: 3 };

fn month() -> (Regular, (Period, Period)) {
    let regular = Regular::of(Span::Month, "2026-02-01".parse().unwrap());
    let period = |regular: Regular| regular.period(&TimeZone::UTC).unwrap();
    (regular, (period(regular), period(regular.previous())))
}

fn count(dimension: Dimension, value: &str, now: u64, before: u64) -> Count {
    let (complaints, delivered) = (Pair { now, before }, Pair { now: 1000, before: 1000 });
    Count { dimension, value: value.to_owned(), complaints, delivered }
}

fn counted(counts: Vec<Count>) -> Counted {
    let all = Pair { now: 100, before: 100 };
    Counted {
        recorded: all,
        investigated: all,
        delivered: Pair { now: 1000, before: 1000 },
        counts,
        ..Counted::default()
    }
}

fn of(counted: Counted) -> Analysis {
    let (regular, periods) = month();
    Analysis::of(regular, periods, counted, ATTENTION, periods.0.to())
}

fn found(analysis: &Analysis) -> Vec<(Why, &str)> {
    analysis.findings.iter().map(|finding| (finding.why, finding.value.as_str())).collect()
}

#[test]
fn r_cmp_16_what_rose_beyond_chance_is_a_finding_and_what_may_be_chance_is_none() {
    let analysis = of(counted(vec![
        count(Dimension::Cause, "packaging.leak", 30, 8),
        count(Dimension::Product, "p-1", 25, 5),
        count(Dimension::Batch, "p-1/b-7", 20, 2),
        count(Dimension::Product, "p-2", 12, 8),
        count(Dimension::Product, "p-3", 5, 30),
        count(Dimension::Store, "s-1", 60, 10),
    ]));
    assert_eq!(
        found(&analysis),
        [
            (Why::Rising, "p-1/b-7"),
            (Why::Rising, "p-1"),
            (Why::Rising, "packaging.leak"),
            (Why::Unattended, "packaging.leak")
        ],
        "a store is shown but is no finding, a fall is none"
    );
    let mut ids: Vec<_> = analysis.findings.iter().map(|finding| finding.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn of_many_that_seem_to_rise_alone_none_may() {
    // 10 against 2 has p = 0.039, which is enough for one test and not for a hundred
    let one = of(counted(vec![count(Dimension::Product, "p-0", 10, 2)]));
    assert_eq!(found(&one), [(Why::Rising, "p-0")]);
    let quiet = (1..100).map(|number| count(Dimension::Product, &format!("p-{number}"), 3, 3));
    let many = of(counted(quiet.chain([count(Dimension::Product, "p-0", 10, 2)]).collect()));
    assert!(found(&many).is_empty(), "one of a hundred is expected to look like this");
}

#[test]
fn r_rol_03_a_frequent_cause_without_a_measure_needs_attention() {
    let open = |open, effective| Actions { open, effective, recurrences: 1 };
    let causes = vec![
        count(Dimension::Cause, "delivery.late", 9, 9),
        count(Dimension::Cause, "packaging.leak", 8, 8),
        count(Dimension::Cause, "staff.rude", 7, 7),
    ];
    let none = of(counted(causes.clone()));
    assert_eq!(found(&none), [(Why::Unattended, "delivery.late"), (Why::Unattended, "packaging.leak")]);
    let actions = vec![("delivery.late".to_owned(), open(1, 0)), ("packaging.leak".to_owned(), open(0, 1))];
    let attended = of(Counted { actions, ..counted(causes) });
    assert!(found(&attended).is_empty(), "the third is not among the first two");
    let actions: Vec<_> = attended.lines.iter().map(|line| line.actions.clone()).collect();
    assert_eq!(actions, [open(1, 0), open(0, 1), Actions::default()]);
    assert!(found(&of(counted(vec![count(Dimension::Cause, "rare", 2, 2)]))).is_empty());
}

#[test]
fn a_line_says_its_share_its_rate_and_its_change_with_bounds() {
    let analysis = of(counted(vec![count(Dimension::Class, "delivery", 15, 5)]));
    let line = analysis.lines.first().unwrap();
    assert_eq!((line.share, line.per_thousand), (Some(0.15), Some(15.0)));
    assert_eq!(line.bounds, wilson(15, 85));
    let change = line.change.unwrap();
    assert_eq!(change.ratio, Some(3.0));
    assert!((change.p - 43_400.0 / 1_048_576.0).abs() < 1e-12);
}

#[test]
fn without_orders_a_period_is_as_great_as_it_is_long() {
    let unknown = Pair { now: 0, before: 7 };
    let alone = Count { delivered: unknown, ..count(Dimension::Product, "p-1", 28, 31) };
    let analysis = of(counted(vec![alone]));
    let line = analysis.lines.first().unwrap();
    // 28 in the 28 days of February, 31 in the 31 of January
    assert_eq!((line.change.unwrap().ratio, line.per_thousand), (Some(1.0), None));
    assert!(line.change.unwrap().p > 0.9);
}

#[test]
fn r_cmp_16_an_analysis_is_made_once_and_what_is_known_later_stands_beside_it() {
    let first = of(counted(vec![count(Dimension::Cause, "a.leak", 3, 0), count(Dimension::Cause, "b.rude", 1, 0)]));
    let mut analysis = ComplaintAnalysis::default();
    let make = |analysis: &Analysis| Command::Make(Box::new(analysis.clone()));
    for event in analysis.decide(make(&first)) {
        analysis.apply(&event);
    }
    let later = counted(vec![count(Dimension::Cause, "a.leak", 5, 0), count(Dimension::Cause, "c.new", 1, 0)]);
    assert!(analysis.decide(make(&of(later.clone()))).is_empty(), "whoever makes it again changes nothing");
    assert_eq!(analysis.0.as_deref(), Some(&first));
    let adjusted = |dimension, value: &str, frozen, now| Adjustment { dimension, value: value.into(), frozen, now };
    let later = Counted { recorded: Pair { now: 103, before: 100 }, ..later };
    assert_eq!(
        first.adjustments(&later),
        [
            adjusted("recorded", "", 100, 103),
            adjusted("cause", "a.leak", 3, 5),
            adjusted("cause", "c.new", 0, 1),
            adjusted("cause", "b.rude", 1, 0)
        ]
    );
    let json = serde_json::to_string(&analysis).unwrap();
    let read = serde_json::from_str::<ComplaintAnalysis>(&json).unwrap().0.unwrap();
    assert_eq!(read.adjustments(&later), first.adjustments(&later));
    assert_eq!((read.regular(), read.findings.len()), (first.regular(), 1));
}

#[test]
fn every_state_against_every_command() {
    let made = of(counted(vec![]));
    let name = |analysis: &ComplaintAnalysis| if analysis.0.is_some() { "made" } else { "[*]" };
    let states = [ComplaintAnalysis::default(), ComplaintAnalysis(Some(Box::new(made.clone())))];
    let mut steps = Vec::new();
    for (state, events) in states.iter().zip([1, 0]) {
        let happened = state.decide(Command::Make(Box::new(made.clone())));
        assert_eq!(happened.len(), events, "{}", name(state));
        let mut after = state.clone();
        happened.iter().for_each(|event| after.apply(event));
        if name(state) != name(&after) {
            steps.push((name(state), "Make", name(&after)));
        }
    }
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    testkit::docs::section(readme, "state-diagram", &testkit::docs::diagram(&steps));
}

#[test]
fn a_long_list_is_cut_and_nothing_is_said_of_what_was_cut() {
    let many = |extra: u64| {
        (0..250).map(move |number| count(Dimension::Product, &format!("p-{number:03}"), 250 + extra - number, 250))
    };
    let analysis = of(counted(many(0).collect()));
    assert_eq!(analysis.lines.len(), 200);
    assert!(analysis.lines.is_sorted_by_key(|line| std::cmp::Reverse(line.complaints.now)));
    assert_eq!(analysis.adjustments(&counted(many(1).collect())).len(), 200);
}

proptest! {
    #[test]
    fn findings_are_few_distinct_and_about_what_was_counted(
        numbers in prop::collection::vec((0..60_u64, 0..60_u64), 0..40)
    ) {
        let counts: Vec<Count> = numbers
            .iter()
            .enumerate()
            .map(|(place, (now, before))| count(Dimension::Cause, &format!("c.{place}"), *now, *before))
            .collect();
        let analysis = of(counted(counts.clone()));
        let mut ids: Vec<_> = analysis.findings.iter().map(|finding| finding.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), analysis.findings.len());
        for finding in &analysis.findings {
            let Pair { now, before } = finding.complaints;
            let counted = |count: &Count| (&count.value, count.complaints) == (&finding.value, finding.complaints);
            prop_assert!(counts.iter().any(counted));
            prop_assert!(finding.why == Why::Unattended || (finding.p < 0.05 && now > before));
        }
    }
}
