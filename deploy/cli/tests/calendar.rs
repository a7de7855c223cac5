//! `aftercare calendar` as people and programs run it; no system is needed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::{fs, process::Command};

use serde_json::Value;

struct Answer {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.error))
    }
}

/// Runs `aftercare calendar`, with these files at hand.
fn say(files: &[(&str, &str)], words: &str) -> Answer {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    let said = command.current_dir(dir.path()).arg("--home").arg(dir.path()).arg("calendar").args(words.split(' '));
    let said = said.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer { code: said.status.code(), out: text(said.stdout), error: text(said.stderr) }
}

/// A set of one calendar with these dates.
fn shop(week: &str, dates: &str) -> String {
    format!(
        "[[uses]]\ncalendar = \"shop\"\n[[calendars]]\nname = \"shop\"\nzone = \"Asia/Shanghai\"\n\
         [[calendars.versions]]\nvalid_from = \"2026-01-01\"\n[calendars.versions.week]\n{week}\n{dates}"
    )
}

#[test]
fn the_shipped_calendar_is_right_and_shows_its_year() {
    let year = say(&[], "check --year 2026 --json").json();
    let china = &year["calendars"][0];
    // 365 days, 104 of them Saturdays and Sundays, 19 holidays on other days, 6 weekend days worked instead.
    assert_eq!(china["working_days"].as_array().unwrap().len(), 248);
    assert_eq!(china["working_hours"], 248.0 * 8.0);
    assert_eq!((china["closed"].as_array().unwrap().len(), china["worked"].as_array().unwrap().len()), (33, 6));
    assert_eq!(china["unknown_years"], serde_json::json!([2027]));
    let people = say(&[], "check --year 2026");
    assert!(people.out.contains("2026-02  16    2 3 4 5 6 9 10 11 12 13 14 24 25 26 27 28"), "{}", people.out);
    assert!(people.error.contains("WARNING: calendar china names no holidays of 2027"), "{}", people.error);
}

#[test]
fn what_is_wrong_is_named_by_place() {
    let overlap =
        shop("mon = [\"22:00-06:00\"]\ntue = [\"05:00-12:00\"]", "[calendars.dates]\nclosed = [\"2025-10-01\"]");
    let said = say(&[("shops.toml", &overlap)], "check shops.toml");
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("wrong: calendar shop version 1: hours from 2026-01-01: shifts of mon overlap"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("wrong: calendar shop version 1: 2025-10-01 lies before the first version"),
        "{}",
        said.out
    );
    let json = say(&[("shops.toml", &overlap)], "check shops.toml --json");
    assert_eq!((json.code, json.json()["problems"].as_array().unwrap().len()), (Some(1), 2));

    let unreadable = shop("mon = [\"9:00-12:00\"]", "");
    let said = say(&[("shops.toml", &unreadable)], "check shops.toml");
    assert_eq!(said.code, Some(1));
    assert!(said.error.contains("line 9") && said.error.contains("\"9:00-12:00\" is not a shift"), "{}", said.error);
    assert!(say(&[], "check nothing.toml").error.contains("cannot read nothing.toml"));
}

const ICAL: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270206\r\nDTEND;VALUE=DATE:20270213\r\nSUMMARY:春节（休）\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270130\r\nDURATION:P1D\r\nSUMMARY:Spring Fes\r\n tival\r\nX-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270220\r\nSUMMARY:春节（班）\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270220\r\nSUMMARY:春节补班\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270301\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

#[test]
fn holidays_come_in_from_an_icalendar_file() {
    let imported = say(&[("days.ics", ICAL)], "import days.ics");
    assert_eq!(imported.code, Some(0), "{}", imported.error);
    assert!(imported.out.contains("    \"2027-02-06/2027-02-12\", # 春节（休）\n"), "{}", imported.out);
    assert!(
        imported.out.contains("    \"2027-01-30\", # Spring Festival\n    \"2027-02-20\", # 春节（班）\n"),
        "{}",
        imported.out
    );
    let dates = say(&[("days.ics", ICAL)], "import days.ics --like fri --json").json();
    assert_eq!(
        dates["dates"],
        serde_json::json!({
            "years": [],
            "closed": ["2027-02-06/2027-02-12"],
            "make_up": { "fri": ["2027-01-30", "2027-02-20"] },
            "hours": {},
        })
    );
    // What comes out goes into a file as it is.
    let whole = shop("mon = [\"09:00-18:00\"]", &imported.out);
    let checked = say(&[("shops.toml", &whole)], "check shops.toml --year 2027 --json").json();
    assert_eq!(checked["calendars"][0]["worked"], serde_json::json!(["2027-01-30", "2027-02-20"]));
    assert_eq!(checked["calendars"][0]["closed"].as_array().unwrap().len(), 7);
}

#[test]
fn events_that_are_no_days_are_refused_by_line() {
    let event = |lines: &str| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    for (lines, said) in [
        ("DTSTART:20270206T090000Z", "line 3: \"20270206T090000Z\" is not a day"),
        ("DTSTART;VALUE=DATE:20270230", "line 3: \"20270230\" is not a day"),
        ("DTSTART;VALUE=DATE:20270206\nRRULE:FREQ=YEARLY", "line 4: the event comes again"),
        ("DTSTART;VALUE=DATE:20270206\nDTEND;VALUE=DATE:20270206", "line 3: the event ends before it begins"),
        ("DTSTART;VALUE=DATE:20270206\nDURATION:PT3H", "line 4: \"PT3H\" is not so many days"),
        ("SUMMARY:nothing", "line 2: the event has no DTSTART"),
        ("DTSTART;VALUE=DATE:20270206\nEND:VEVENT\nBEGIN:VEVENT", "line 5: the event has no DTSTART"),
        ("DTSTART;VALUE=DATE:20270206\nwhat is this", "line 4: "),
    ] {
        let answer = say(&[("days.ics", &event(lines))], "import days.ics");
        assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{lines}");
        assert!(answer.error.contains(said), "{} should say {said}", answer.error);
    }
    let open = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270206\n";
    assert!(say(&[("days.ics", open)], "import days.ics").error.contains("line 2: unmatched BEGIN:VEVENT"));
}

#[test]
fn dates_come_in_from_csv_and_each_bad_line_is_named() {
    let good = "date,kind,intervals\n2027-05-01/2027-05-05,closed,\n2027-05-08,worked,\n2027-05-09,worked,10:00-12:00 22:00-02:00\n";
    let imported = say(&[("days.csv", good)], "import days.csv");
    assert_eq!(
        imported.out,
        "[calendars.dates]\n# years = []  the years whose holidays and make-up workdays are all here\n\
         closed = [\n    \"2027-05-01/2027-05-05\",\n]\nmake_up.mon = [\n    \"2027-05-08\",\n]\n\
         hours.2027-05-09 = [\"10:00-12:00\", \"22:00-02:00\"]\n"
    );
    let bad = "date,kind,intervals\n2027-02-30,closed,\n2027-05-01,shut,\n2027-05-01,closed,9-12\n2027-05-02,closed\n\
               2027-05-03,closed,\n2027-05-03,worked,\n2027-05-04,closed,09:00-10:00\n2027-05-05,worked,09:00-12:00,13:00-18:00\n";
    let refused = say(&[("days.csv", bad)], "import days.csv");
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    for said in [
        "line 2: \"2027-02-30\" is neither a day",
        "line 3: the kind is closed or worked, not \"shut\"",
        "line 4: \"9-12\" is not a shift",
        "line 7: 2027-05-03 is something else on line 6",
        "line 8: a closed day has no intervals",
        "line 9: more columns than the first line names",
    ] {
        assert!(refused.error.contains(said), "{} should say {said}", refused.error);
    }
    assert!(!refused.error.contains("line 5:"), "intervals may be missing: {}", refused.error);
    assert!(say(&[("days.csv", "day,kind\n2027-05-01,closed\n")], "import days.csv").error.contains("line 2: "));
    assert!(say(&[("days.csv", "date,kind\n")], "import days.csv").error.contains("there are no dates in it"));
}

#[test]
fn the_newest_version_of_a_calendar_is_asked() {
    let old = shop("fri = [\"09:00-18:00\"]", "");
    let new = "\n[[calendars]]\nname = \"shop\"\nversion = 2\nzone = \"Asia/Shanghai\"\n[[calendars.versions]]\n\
               valid_from = \"2026-01-01\"\n[calendars.versions.week]\nfri = [\"09:00-18:00\"]\nsat = [\"09:00-18:00\"]\n\
               [calendars.dates]\nyears = [2026, 2027]\n";
    let both = [("shops.toml", &*format!("{old}{new}"))];
    let added = say(&both, "add 2026-02-13T17:00 2h --file shops.toml --json").json();
    assert_eq!(added["to"], "2026-02-14T10:00:00+08:00");
    let checked = say(&both, "check shops.toml --year 2026");
    assert!(checked.out.contains("shop version 1 (") && checked.out.contains("shop version 2 ("), "{}", checked.out);
    assert_eq!(checked.error, "", "an old version need not know new years");
}

#[test]
fn terms_end_and_time_is_counted_in_a_holiday_week_with_make_up_workdays() {
    let added = say(&[], "add 2026-02-13T17:00 10h --json").json();
    assert_eq!(added["to"], "2026-02-24T10:00:00+08:00", "Saturday 14 February is worked, then nine days are not");
    let between = say(&[], "between 2026-02-13T09:00:00Z 2026-02-24T10:00 --json").json();
    assert_eq!((&between["working_seconds"], &between["working"]), (&Value::from(36_000.0), &Value::from("10h")));
    assert_eq!(between["unknown_years"], serde_json::json!([]));
    let late = say(&[], "add 2026-12-31T17:30 1h");
    assert!(late.out.contains("to 2027-01-01T09:30:00+08:00") && late.error.contains("WARNING"), "{}", late.error);
    for (words, said) in [
        ("add soon 9h", "\"soon\" is not a time such as"),
        ("add 2026-02-13T17:00 1d", "\"1d\" is not working time"),
        ("between 2026-02-13T17:00 2026-02-13T16:00", "is before"),
        ("add 2026-02-13T17:00 9h --name moon", "no calendar is called moon; there are: china"),
        ("add 2026-02-13T17:00 90000h", "the calendar reaches"),
    ] {
        let answer = say(&[], words);
        assert_eq!(answer.code, Some(1), "{words}");
        assert!(answer.error.contains(said), "{} should say {said}", answer.error);
    }
}
