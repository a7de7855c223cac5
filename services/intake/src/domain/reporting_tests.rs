//! Reports to authorities: by which term harm is reported, what raises, keeps and withdraws a report, and every state
//! of one with everything that can be said of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use kernel::promise::State as Stands;
use proptest::prelude::*;

use super::{
    case::{self, Case, Command, Contact},
    case_tests::{after, contact, hours, levels, run},
    course::{
        merge_tests::merge_into_harm,
        tests::{further, hear},
    },
    ending::Unfit,
    ending_tests::reject,
    health::{Care, Said},
    health_tests::symptoms,
    regulator::{Book, Packs},
    reporting::{Event, Receipt, Withdrawal},
    vocabulary::CaseClass,
};

const SHIPPED: &str = include_str!("../regulators.toml");
const CN: &str = "cn_cosmetics";
const DAY: i64 = 24;

fn book() -> Book {
    toml::from_str(SHIPPED).unwrap()
}

/// The shipped packs that are named.
pub(super) fn packs(apply: &[&str]) -> Arc<Packs> {
    type Ready = Mutex<BTreeMap<Vec<String>, Arc<Packs>>>;
    static READY: LazyLock<Ready> = LazyLock::new(Mutex::default);
    let apply: Vec<_> = apply.iter().map(|id| (*id).to_owned()).collect();
    let mut ready = READY.lock().unwrap();
    let prepare = || Arc::new(Packs::prepare(book(), &apply).unwrap());
    Arc::clone(ready.entry(apply.clone()).or_insert_with(prepare))
}

fn record(said: Said) -> Command {
    Command::RecordHealth { said: Box::new(said), levels: levels(), packs: packs(&[CN]) }
}

fn severe(severity: u8) -> Said {
    Said { severity: Some(severity), ..Said::default() }
}

pub(super) fn receive(number: &str, at: Timestamp) -> Command {
    let receipt = Receipt { pack: CN.into(), number: number.into(), at, by: "staff:ana".into() };
    Command::ReceiveReport { receipt, packs: packs(&[CN]) }
}

pub(super) fn withdraw() -> Command {
    let withdrawal = Withdrawal { by: Some("staff:ana".into()), reason: "it was the nettles".into() };
    Command::WithdrawReport { pack: CN.into(), withdrawal }
}

/// A contact about harm that began at the hour 0, and what was said of it later, at its hour.
fn harmed(said: Said, apply: &[&str], later: &[(Command, i64)]) -> Case {
    let mut harm = Contact { packs: packs(apply), ..contact(CaseClass::Discomfort) };
    harm.classification.severity = said.severity().max(1);
    let mut case = Case::default();
    run(&mut case, Contact { health: said, ..harm }.register(&levels()), hours(0)).unwrap();
    for (command, at) in later {
        run(&mut case, command.clone(), hours(*at)).unwrap();
    }
    case
}

fn owed(case: &Case) -> Vec<(&str, &str, Timestamp, Stands)> {
    let all = case.reports.owed.iter();
    let stands = all.map(|one| {
        let standing = &one.promise.standing;
        (one.pack.as_str(), one.term.as_str(), standing.due_at, standing.state)
    });
    stands.collect()
}

#[test]
fn each_harm_is_reported_by_the_gravest_term_that_matches() {
    let hospital = Said { care: Some(Care::Hospitalised), ..severe(1) };
    let death = Said { death: true, ..Said::default() };
    let several = Said { several: true, ..severe(1) };
    let sought = Said { care: Some(Care::Sought), ..severe(2) };
    for (said, term, days) in [
        (severe(1), "general", 30),
        (sought, "general", 30),
        (severe(3), "serious", 15),
        (hospital, "serious", 15),
        (several, "death_or_group", 3),
        (death, "death_or_group", 3),
    ] {
        let case = harmed(said, &[CN], &[]);
        assert_eq!(owed(&case), [(CN, term, hours(days * DAY), Stands::Running)], "{term}");
        assert_eq!(case.reports.due_by, Some(hours(days * DAY)));
    }
    assert_eq!(owed(&harmed(severe(4), &[], &[])), [], "where no pack holds nothing is owed");
    assert_eq!(owed(&after(CaseClass::Enquiry, &[])), []);
}

#[test]
fn business_days_of_the_united_states_leave_out_weekends_and_federal_holidays() {
    let taken_in = |severity, now: &str| {
        let mut harm = Contact { packs: packs(&["us_cosmetics"]), ..contact(CaseClass::Discomfort) };
        harm.classification.severity = severity;
        let mut case = Case::default();
        run(&mut case, harm.register(&levels()), now.parse().unwrap()).unwrap();
        case.reports.due_by
    };
    assert_eq!(taken_in(2, "2026-11-20T10:00-05:00"), None, "only what is serious");
    for (known, due) in [
        ("2026-11-20T10:00-05:00", "2026-12-14T10:00-05:00"), // over Thanksgiving
        ("2026-03-02T09:00-05:00", "2026-03-23T09:00-04:00"), // over the change of the clocks
        ("2026-07-03T12:00-04:00", "2026-07-25T00:00-04:00"), // on Independence Day as it is observed
    ] {
        assert_eq!(taken_in(3, known), Some(due.parse().unwrap()), "{known}");
    }
}

#[test]
fn graver_harm_is_reported_by_its_term_from_when_it_was_known_and_the_earlier_end_counts() {
    let case = harmed(severe(1), &[CN], &[(record(severe(3)), 5 * DAY)]);
    let general = (CN, "general", hours(30 * DAY), Stands::Running);
    assert_eq!(owed(&case), [general, (CN, "serious", hours(20 * DAY), Stands::Running)]);
    assert_eq!(case.reports.due_by, Some(hours(20 * DAY)));
    let late = harmed(severe(1), &[CN], &[(record(severe(3)), 20 * DAY)]);
    assert_eq!(owed(&late), [general, (CN, "serious", hours(35 * DAY), Stands::Running)]);
    assert_eq!(late.reports.due_by, Some(hours(30 * DAY)), "the first end stands");
    let same = harmed(severe(3), &[CN], &[(record(severe(4)), DAY)]);
    assert_eq!(owed(&same).len(), 1, "the term is the same");

    // A receipt from before it was known to be graver does not confirm that it is.
    let mut case = harmed(severe(1), &[CN], &[(receive("R-1", hours(DAY)), DAY), (record(severe(3)), 2 * DAY)]);
    let stands = |case: &Case| owed(case).iter().map(|one| one.3).collect::<Vec<_>>();
    assert_eq!((stands(&case), case.reports.due_by), (vec![Stands::Met, Stands::Running], Some(hours(17 * DAY))));
    run(&mut case, receive("R-2", hours(3 * DAY)), hours(4 * DAY)).unwrap();
    assert_eq!((stands(&case), case.reports.due_by), (vec![Stands::Met, Stands::Met], None));
    assert_eq!(case.reports.receipts.len(), 2);
}

#[test]
fn a_late_report_is_warned_of_missed_and_put_right_by_a_receipt_that_was_in_time() {
    let mut case = harmed(severe(1), &[CN], &[]);
    let look = |case: &mut Case, now| run(case, Command::LookAtReports, now).unwrap();
    assert_eq!(case.reports.next_due(), Some(hours(15 * DAY)));
    for warned in [15, 24] {
        let events = look(&mut case, hours(warned * DAY));
        assert!(matches!(events[..], [case::Event::Report(Event::DueSoon(_))]), "{events:?}");
    }
    assert_eq!(look(&mut case, hours(30 * DAY)), [], "the last instant is in time");
    let micro = SignedDuration::from_micros(1);
    let events = look(&mut case, hours(30 * DAY) + micro);
    assert!(matches!(events[..], [case::Event::Report(Event::Late(_))]), "{events:?}");
    assert_eq!((look(&mut case, hours(31 * DAY)), case.reports.next_due()), (vec![], None), "it is told once");
    assert_eq!(case.reports.due_by, Some(hours(30 * DAY)), "and is owed still");

    let mut other = case.clone();
    let received = |case: &mut Case, at| match &run(case, receive("R-1", at), hours(40 * DAY)).unwrap()[..] {
        [case::Event::Report(Event::Received { in_time, .. })] => *in_time,
        events => panic!("{events:?}"),
    };
    assert!(received(&mut case, hours(30 * DAY)), "equality is in time");
    assert_eq!(case.reports.owed[0].promise.standing.state, Stands::Met);
    assert!(!received(&mut other, hours(30 * DAY) + micro));
    assert_eq!(other.reports.owed[0].promise.standing.state, Stands::MetLate);
}

/// Every state of a report with everything that can be asked of it.
#[test]
fn every_pair_of_state_and_command() {
    let first = || receive("R-1", hours(DAY));
    let states = [
        ("none", harmed(severe(1), &[], &[])),
        ("running", harmed(severe(1), &[CN], &[])),
        ("breached", harmed(severe(1), &[CN], &[(Command::LookAtReports, 31 * DAY)])),
        ("met", harmed(severe(1), &[CN], &[(first(), 2 * DAY)])),
        ("met_late", harmed(severe(1), &[CN], &[(receive("R-1", hours(31 * DAY)), 31 * DAY)])),
        ("cancelled", harmed(severe(1), &[CN], &[(withdraw(), DAY)])),
    ];
    let commands = [
        ("receive", receive("R-2", hours(2 * DAY))),
        ("receive earlier", receive("R-2", hours(1))),
        ("receive again", first()),
        ("receive before", receive("R-2", hours(-1))),
        ("receive ahead", receive("R-2", hours(99 * DAY))),
        ("withdraw", withdraw()),
        ("look", Command::LookAtReports),
        ("raise", record(severe(3))),
        ("reject", reject(Unfit::NotOurs)),
    ];
    let expected = |from: &'static str, command: &str| match (from, command) {
        ("none", "raise") => Ok("serious running"),
        (_, "raise") => Ok("serious beside it"),
        ("none", "look") | ("met" | "met_late" | "cancelled" | "breached", "look") => Ok(from),
        ("running", "look") => Ok("breached"),
        (_, "reject") => Err("case.is_complaint"),
        ("none" | "cancelled", command) if command.starts_with("receive") => Err("case.no_report_owed"),
        ("none" | "met" | "met_late" | "cancelled", "withdraw") => Err("case.no_report_owed"),
        ("running", "withdraw") => Ok("cancelled_after_breach"),
        ("breached", "withdraw") => Ok("cancelled_after_breach"),
        ("met" | "met_late", "receive again") => Ok(from),
        (_, "receive before" | "receive ahead") => Err("case.receipt_out_of_time"),
        ("met", "receive") => Err("case.report_received"),
        (_, "receive" | "receive earlier" | "receive again") => Ok("met"),
        pair => panic!("nothing is said about {pair:?}"),
    };
    for (from, case) in &states {
        for (name, command) in &commands {
            let mut next = case.clone();
            let before = next.reports.owed.len();
            let outcome = run(&mut next, command.clone(), hours(32 * DAY)).map(|_| match &next.reports.owed[..] {
                [] => "none",
                [_] if before == 0 => "serious running",
                [one] => one.promise.standing.state.name(),
                _ => "serious beside it",
            });
            assert_eq!(outcome, expected(from, name), "{from} + {name}");
        }
    }
}

#[test]
fn what_is_no_case_of_ours_owes_no_report() {
    let mut case = after(CaseClass::Enquiry, &[(record(symptoms(2)), 1)]);
    assert_eq!(case.reports.due_by, Some(hours(1 + 30 * DAY)));
    run(&mut case, reject(Unfit::Spam), hours(2)).unwrap();
    assert_eq!((case.reports.due_by, case.reports.next_due()), (None, None));
    assert_eq!(case.reports.owed[0].withdrawn.as_ref().unwrap().reason, "an advertisement");
}

#[test]
fn what_a_later_contact_says_of_harm_is_reported_as_well() {
    let mut case = harmed(severe(1), &[CN], &[]);
    let health = Said { several: true, ..Said::default() };
    let later = Contact { health, packs: packs(&[CN]), ..further(1, CaseClass::Discomfort, 1) };
    run(&mut case, hear(later), hours(DAY)).unwrap();
    let group = (CN, "death_or_group", hours(4 * DAY), Stands::Running);
    assert_eq!(owed(&case), [(CN, "general", hours(30 * DAY), Stands::Running), group]);
}

#[test]
fn what_is_merged_goes_on_owing_its_reports() {
    let mut case = harmed(severe(1), &[CN], &[(merge_into_harm(), 1)]);
    assert_eq!(run(&mut case, record(severe(3)), hours(2)), Err("case.merged"));
    assert_eq!(case.reports.next_due(), Some(hours(15 * DAY)));
    let events = run(&mut case, Command::LookAtReports, hours(31 * DAY)).unwrap();
    assert!(matches!(events.last(), Some(case::Event::Report(Event::Late(_)))), "{events:?}");
    run(&mut case, receive("R-1", hours(31 * DAY)), hours(31 * DAY)).unwrap();
    assert_eq!(owed(&case)[0].3, Stands::MetLate);
}

#[test]
fn a_case_from_before_reports_were_owed_owes_none() {
    let mut stored = serde_json::to_value(harmed(severe(3), &[CN], &[])).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("reports").is_some());
    let old: Case = serde_json::from_value(stored).unwrap();
    assert!(old.reports.is_empty());
    let again: Case = serde_json::from_value(serde_json::to_value(harmed(severe(3), &[CN], &[])).unwrap()).unwrap();
    assert_eq!(again, harmed(severe(3), &[CN], &[]));
}

#[test]
fn packs_that_contradict_themselves_are_refused_with_what_is_wrong() {
    let refused = |book: &str, apply: &[String]| match Packs::prepare(toml::from_str(book).unwrap(), apply) {
        Err(unusable) => unusable.to_string(),
        Ok(_) => String::new(),
    };
    assert_eq!(refused(SHIPPED, &[]), "");
    let unknown = "there is no pack called eu; take it out of regulators.apply";
    assert_eq!(refused(SHIPPED, &["eu".into()]), unknown);
    for (from, to, wrong) in [
        ("id = \"us_cosmetics\"", "id = \"cn_cosmetics\"", "pack cn_cosmetics: there are two of this name"),
        (
            "within = \"72h\"",
            "within = \"-1h\"",
            "pack cn_cosmetics: term death_or_group: within must be above nothing",
        ),
        ("name = \"general\"", "name = \"serious\"", "pack cn_cosmetics: there are two terms called serious"),
        (
            "calendar = \"us_business_days\"\nw",
            "calendar = \"moon\"\nw",
            "pack us_cosmetics: there is no calendar called moon",
        ),
        ("warnings = [\"50%\"", "warnings = [\"400h\"", "term death_or_group: the warning 400h is outside it"),
    ] {
        let text = refused(&SHIPPED.replacen(from, to, 1), &[]);
        assert!(text.contains(wrong), "{text:?} for {to}");
    }
}

proptest! {
    /// Whatever is said and received in whatever order: what is owed stays on record, each term once; the first end of
    /// the open ones is the one that is looked for; and nothing is kept without a receipt.
    #[test]
    fn no_series_of_words_loses_a_report(series in prop::collection::vec((0usize..6, 0i64..300, 0u8..4), 0..14)) {
        let mut case = harmed(severe(1), &[CN], &[]);
        let mut now = hours(0);
        for (which, wait, severity) in series {
            now += SignedDuration::from_hours(wait);
            let command = match which {
                0 => receive(&format!("R-{wait}"), now),
                1 => receive(&format!("R-{wait}"), now - SignedDuration::from_hours(50)),
                2 => withdraw(),
                3 => record(Said { several: severity == 0, ..severe(severity) }),
                _ => Command::LookAtReports,
            };
            let before = case.reports.owed.len();
            let _ = run(&mut case, command, now);
            let all = &case.reports.owed;
            prop_assert!(all.len() >= before);
            let mut terms: Vec<_> = all.iter().map(|one| &one.term).collect();
            terms.sort();
            terms.dedup();
            prop_assert_eq!(terms.len(), all.len());
            let open = all.iter().filter(|one| one.is_open()).map(|one| one.promise.standing.due_at).min();
            prop_assert_eq!(case.reports.due_by, open);
            let kept = all.iter().any(|one| one.promise.met_at().is_some());
            prop_assert!(!kept || !case.reports.receipts.is_empty());
        }
    }
}

#[test]
fn a_year_without_holidays_in_the_days_of_a_pack_that_holds_is_named() {
    let at = |year: i16| jiff::civil::date(year, 11, 21).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let american = packs(&["us_cosmetics"]);
    assert!(american.warnings(at(2026)).is_empty());
    let [said] = american.warnings(at(2027)).try_into().unwrap();
    assert!(said.starts_with("calendar us_business_days names no holidays of 2028"), "{said}");
    assert!(packs(&[CN]).warnings(at(2027)).is_empty(), "it counts all days");
}
