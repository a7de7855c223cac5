//! The shipped calendar against the State Council's notices, day by day, and sets of calendars with every mistake.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::collections::BTreeMap;

use jiff::civil::{Weekday, date};

use super::*;

const OFFICE: &str = r#"mon = ["09:00-12:00", "13:00-18:00"]"#;

fn china() -> Definitions {
    toml::from_str(CHINA).unwrap()
}

fn at(zone: &str, text: &str) -> Timestamp {
    text.parse::<jiff::civil::DateTime>().unwrap().in_tz(zone).unwrap().timestamp()
}

/// Hours worked on a day in China.
fn hours_of(calendar: &Calendar, day: Date) -> u64 {
    let midnight = |day: Date| day.in_tz("Asia/Shanghai").unwrap().timestamp();
    calendar.between(midnight(day), midnight(day.tomorrow().unwrap())).unwrap().as_secs() / 3600
}

/// A set of one calendar.
fn one(zone: &str, dates: &str, versions: &[(&str, &str)]) -> Definitions {
    let versions: String = versions
        .iter()
        .map(|(from, week)| {
            format!("[[calendars.versions]]\nvalid_from = \"{from}\"\n[calendars.versions.week]\n{week}\n")
        })
        .collect();
    let text = format!(
        "[[uses]]\ncalendar = \"shop\"\n[[calendars]]\nname = \"shop\"\nzone = \"{zone}\"\n{versions}[calendars.dates]\n{dates}"
    );
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn problems(definitions: &Definitions) -> Vec<String> {
    let found: Vec<String> = definitions.problems().iter().map(ToString::to_string).collect();
    let refused = Calendars::prepare(definitions, 2026..=2026).err().map(|error| error.to_string());
    assert_eq!(refused.as_ref(), found.first(), "what is found is refused");
    found
}

#[test]
fn china_is_worked_as_the_state_council_says() {
    // The notices again, written down a second time, as the days and weekdays they name.
    let free = [
        ((2025, 1, 1, Weekday::Wednesday), 1),
        ((2025, 1, 28, Weekday::Tuesday), 8),
        ((2025, 4, 4, Weekday::Friday), 3),
        ((2025, 5, 1, Weekday::Thursday), 5),
        ((2025, 5, 31, Weekday::Saturday), 3),
        ((2025, 10, 1, Weekday::Wednesday), 8),
        ((2026, 1, 1, Weekday::Thursday), 3),
        ((2026, 2, 15, Weekday::Sunday), 9),
        ((2026, 4, 4, Weekday::Saturday), 3),
        ((2026, 5, 1, Weekday::Friday), 5),
        ((2026, 6, 19, Weekday::Friday), 3),
        ((2026, 9, 25, Weekday::Friday), 3),
        ((2026, 10, 1, Weekday::Thursday), 7),
    ];
    let worked = [
        (2025, 1, 26, Weekday::Sunday),
        (2025, 2, 8, Weekday::Saturday),
        (2025, 4, 27, Weekday::Sunday),
        (2025, 9, 28, Weekday::Sunday),
        (2025, 10, 11, Weekday::Saturday),
        (2026, 1, 4, Weekday::Sunday),
        (2026, 2, 14, Weekday::Saturday),
        (2026, 2, 28, Weekday::Saturday),
        (2026, 5, 9, Weekday::Saturday),
        (2026, 9, 20, Weekday::Sunday),
        (2026, 10, 10, Weekday::Saturday),
    ];
    let named = |(year, month, day, weekday): (i16, i8, i8, Weekday)| {
        let date = date(year, month, day);
        assert_eq!(date.weekday(), weekday, "{date}");
        date
    };
    let mut expected = BTreeMap::new();
    for (first, days) in free {
        expected.extend(named(first).series(Span::new().days(1)).take(days).map(|date| (date, 0)));
    }
    expected.extend(worked.map(|day| (named(day), 8)));

    let calendars = Calendars::prepare(&china(), 2025..=2026).unwrap();
    assert_eq!(calendars.unknown_years().count(), 0);
    let calendar = calendars.named("china").unwrap();
    for day in date(2025, 1, 1).series(Span::new().days(1)).take(730) {
        let weekend = [Weekday::Saturday, Weekday::Sunday].contains(&day.weekday());
        let hours = expected.get(&day).copied().unwrap_or(if weekend { 0 } else { 8 });
        assert_eq!(hours_of(calendar, day), hours, "{day}");
    }
}

#[test]
fn a_year_without_holidays_is_never_silent() {
    let calendars = Calendars::prepare(&china(), 2024..=2027).unwrap();
    assert_eq!(calendars.unknown_years().collect::<Vec<_>>(), [("china", &[2024, 2027][..])]);
    // New hours do not lose the holidays, and hours given by hand that do are told.
    let mut longer = china();
    let week = Week { valid_from: date(2026, 7, 1), ..longer.calendars[0].versions[0].clone() };
    longer.calendars[0].versions.push(week);
    let calendars = Calendars::prepare(&longer, 2025..=2026).unwrap();
    assert_eq!(calendars.unknown_years().count(), 0);
    assert_eq!(hours_of(calendars.named("china").unwrap(), date(2026, 10, 1)), 0);
    assert_eq!(hours_of(calendars.named("china").unwrap(), date(2026, 10, 10)), 8);
    let mut by_hand = longer.calendars[0].hours();
    by_hand.versions[1].years.clear();
    let calendar = Calendar::prepare(&by_hand, &TimeZone::UTC, 2025..=2026).unwrap();
    assert_eq!(calendar.unknown_years(), [2026]);
}

#[test]
fn a_make_up_day_is_worked_like_its_weekday_in_the_version_of_its_time() {
    let both = one(
        "UTC",
        r#"make_up.mon = ["2026-02-14", "2026-08-15"]"#,
        &[("2026-01-01", OFFICE), ("2026-07-01", r#"mon = ["22:00-06:00"]"#)],
    );
    let calendars = Calendars::prepare(&both, 2026..=2026).unwrap();
    let calendar = calendars.of(Place::default());
    assert!(calendar.is_working(at("UTC", "2026-02-14T13:00")) && !calendar.is_working(at("UTC", "2026-02-14T12:00")));
    assert!(
        calendar.is_working(at("UTC", "2026-08-16T05:59:59")) && !calendar.is_working(at("UTC", "2026-08-15T13:00"))
    );
}

#[test]
fn the_most_specific_use_is_taken() {
    let place = |store, team, channel| Place { store, team, channel };
    let mut set = one("UTC", "", &[("2026-01-01", OFFICE)]);
    for name in ["store", "team", "channel", "both"] {
        set.calendars.push(Definition { name: name.to_owned(), ..set.calendars[0].clone() });
    }
    let limit = |value: &str| Some(value.to_owned());
    set.uses.extend([
        Use { calendar: "channel".into(), channel: limit("app"), ..Use::default() },
        Use { calendar: "team".into(), team: limit("care"), ..Use::default() },
        Use { calendar: "store".into(), store: limit("s1"), ..Use::default() },
        Use { calendar: "both".into(), store: limit("s1"), channel: limit("app"), ..Use::default() },
    ]);
    // Told apart by their hours: each calendar opens a minute later than the one before it.
    for (minute, calendar) in set.calendars.iter_mut().enumerate() {
        let shift = format!("09:0{minute}-12:00").parse().unwrap();
        calendar.versions[0].week = BTreeMap::from([(Day::Mon, vec![shift])]);
    }
    let calendars = Calendars::prepare(&set, 2026..=2026).unwrap();
    for (place, name) in [
        (Place::default(), "shop"),
        (place(Some("s2"), Some("sales"), Some("email")), "shop"),
        (place(None, None, Some("app")), "channel"),
        (place(Some("s2"), Some("care"), Some("app")), "team"),
        (place(Some("s1"), Some("care"), Some("email")), "store"),
        (place(Some("s1"), Some("care"), Some("app")), "both"),
    ] {
        assert_eq!(calendars.of(place), calendars.named(name).unwrap(), "{place:?}");
    }
    assert!(calendars.named("moon").is_none());
}

#[test]
fn versions_stand_side_by_side_and_the_newest_is_used() {
    let mut set = one("UTC", "", &[("2026-01-01", OFFICE)]);
    let first = set.calendars[0].clone();
    let closed = Dates { closed: vec!["2026-03-02".parse().unwrap()], years: vec![2026], ..Dates::default() };
    set.calendars.insert(0, Definition { version: 2, dates: closed, ..first });
    assert_eq!(problems(&set), [""; 0]);
    let calendars = Calendars::prepare(&set, 2026..=2026).unwrap();
    let monday = at("UTC", "2026-03-02T10:00");
    let worked = |version| calendars.version("shop", version).unwrap().is_working(monday);
    assert_eq!((worked(1), worked(2), calendars.newest("shop")), (true, false, Some(2)));
    assert_eq!(calendars.named("shop"), calendars.version("shop", 2));
    assert_eq!(Some(calendars.of(Place::default())), calendars.version("shop", 2));
    assert_eq!(calendars.unknown_years().count(), 0, "the old one need not know new years");
    assert_eq!(set.newest().map(|one| one.version).collect::<Vec<_>>(), [2]);
    assert!(calendars.version("shop", 3).is_none() && calendars.newest("moon").is_none());
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let week = |week| one("UTC", "", &[("2026-01-01", week)]);
    for (set, said) in [
        (
            week(r#"tue = ["09:00-12:00", "11:59:59-13:00"]"#),
            "calendar shop version 1: hours from 2026-01-01: shifts of tue overlap",
        ),
        (week("mon = [\"22:00-06:00\"]\ntue = [\"05:59-12:00\"]"), "shifts of mon overlap"),
        (
            one("UTC", "", &[("2026-01-01", r#"tue = ["22:00-06:00"]"#), ("2026-07-01", r#"wed = ["05:00-12:00"]"#)]),
            "hours from 2026-01-01: shifts of 2026-06-30 overlap",
        ),
        (
            one("UTC", r#"hours."2026-02-15" = ["05:00-06:00"]"#, &[("2026-01-01", r#"sat = ["22:00-06:00"]"#)]),
            "shifts of 2026-02-14 overlap",
        ),
        (one("Asia/Peking", "", &[("2026-01-01", OFFICE)]), "calendar shop version 1: \"Asia/Peking\" is not a zone"),
        (
            one("UTC", "closed = [\"2026-10-01/2026-10-07\", \"2026-10-07\"]", &[("2026-01-01", OFFICE)]),
            "calendar shop version 1: 2026-10-07 is there twice",
        ),
        (
            one("UTC", "closed = [\"2026-10-01\"]\nmake_up.mon = [\"2026-10-01\"]", &[("2026-01-01", OFFICE)]),
            "2026-10-01 is there twice",
        ),
        (
            one("UTC", "closed = [\"2025-12-31\"]", &[("2026-01-01", OFFICE)]),
            "2025-12-31 lies before the first version",
        ),
        (
            one("UTC", "make_up.sun = [\"2026-10-10\"]", &[("2026-01-01", OFFICE)]),
            "2026-10-10 is worked like a Sun on which nothing is worked",
        ),
        (one("UTC", "", &[("2026-01-01", OFFICE), ("2026-01-01", OFFICE)]), "two versions valid from 2026-01-01"),
    ] {
        let found = problems(&set);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(said), "{found:?} should say {said}");
    }
    // Versions that follow each other without overlap are fine, and what was said of one is not said of all.
    let apart =
        one("UTC", "", &[("2026-01-01", r#"tue = ["22:00-06:00"]"#), ("2026-07-01", r#"wed = ["06:00-12:00"]"#)]);
    assert_eq!(problems(&apart), [""; 0]);
}

#[test]
fn a_set_says_everything_that_is_wrong_with_it_at_once() {
    let mut set = one("UTC", "", &[("2026-01-01", OFFICE)]);
    set.calendars.push(set.calendars[0].clone());
    set.calendars.push(Definition { name: ROUND_THE_CLOCK.to_owned(), ..set.calendars[0].clone() });
    set.uses = vec![
        Use { calendar: "moon".into(), store: Some("s1".into()), ..Use::default() },
        Use { calendar: "shop".into(), store: Some("s1".into()), ..Use::default() },
    ];
    let expected = [
        CalendarError::NameTwice { name: "shop".into(), version: 1 },
        CalendarError::Name(ROUND_THE_CLOCK.into()),
        CalendarError::Unknown { number: 1, calendar: "moon".into() },
        CalendarError::UseTwice { number: 2 },
        CalendarError::NoUse,
    ];
    assert_eq!(problems(&set), expected.map(|error| error.to_string()));
}

#[test]
fn days_are_read_as_they_are_written_and_nothing_else() {
    for text in ["2026-10-01", "2026-10-01/2026-10-07", "2024-01-01/2024-12-31"] {
        assert_eq!(text.parse::<Days>().unwrap().to_string(), text);
    }
    for text in ["", "2026-02-29", "2026-10-07/2026-10-01", "2025-01-01/2026-01-02", "2026-10-01/", "1 May"] {
        assert_eq!(text.parse::<Days>(), Err(CalendarError::Days(text.to_owned())));
    }
    for text in ["closed = [\"soon\"]", "make_up.funday = [\"2026-01-01\"]", "shut = []"] {
        assert!(toml::from_str::<Dates>(text).is_err(), "{text}");
    }
}
