//! The laws of working time over random calendars, a count minute by minute that knows nothing of stretches, and days
//! on which clocks change.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::date};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{hours::Day, *};

const WEEK: [Day; 7] = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
const ZONES: [&str; 5] = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];
const MINUTE: Duration = Duration::from_secs(60);
/// 60 days of them are counted.
const MINUTES: usize = 86_400;
const DAY: u32 = 86_400;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn shifts(texts: &[&str]) -> Vec<Shift> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn week(of: impl Fn(Day) -> Vec<Shift>) -> BTreeMap<Day, Vec<Shift>> {
    WEEK.iter().map(|day| (*day, of(*day))).collect()
}

fn hours(week: BTreeMap<Day, Vec<Shift>>, dates: &[(Date, &[&str])]) -> Hours {
    let dates = dates.iter().map(|(date, texts)| (*date, shifts(texts))).collect();
    Hours { versions: vec![Version { valid_from: date(2020, 1, 1), week, dates, years: vec![2026] }] }
}

/// Monday to Friday with a break for lunch.
fn office() -> BTreeMap<Day, Vec<Shift>> {
    week(|day| if day < Day::Sat { shifts(&["09:00-12:00", "13:00-18:00"]) } else { vec![] })
}

fn at(zone: &TimeZone, text: &str) -> Timestamp {
    text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp()
}

/// Shifts of one day to the second: none before `edge`, and none after that of the next day, at most at six in the morning.
fn a_day(edge: u32) -> impl Strategy<Value = Vec<Shift>> {
    vec(edge..=DAY + edge, 0..6).prop_map(|mut seconds| {
        seconds.sort_unstable();
        seconds.dedup();
        let pairs = seconds.chunks_exact(2).filter(|pair| pair[0] < DAY);
        pairs.map(|pair| Shift { from: pair[0], to: pair[1] }).collect()
    })
}

fn any_day() -> impl Strategy<Value = Date> {
    (0..365_i32).prop_map(|day| date(2026, 1, 1).checked_add(day.days()).unwrap())
}

/// A week, and days that are different.
fn a_version(edge: u32, valid_from: Date) -> impl Strategy<Value = Version> {
    let dates = vec((any_day(), a_day(edge)), 0..20).prop_map(|dates| dates.into_iter().collect());
    let week = vec(a_day(edge), 7).prop_map(|days| WEEK.into_iter().zip(days).collect());
    (week, dates).prop_map(move |(week, dates)| Version { valid_from, week, dates, years: vec![2026] })
}

/// One version, or another one from some day of the year on; in zones with and without clocks that change.
fn a_calendar() -> impl Strategy<Value = (Hours, TimeZone, Calendar)> {
    let edges = prop_oneof![Just(0), 0..=6 * 3600_u32, Just(6 * 3600)];
    let versions = (edges, prop::option::of(any_day())).prop_flat_map(|(edge, other)| {
        let first = a_version(edge, date(2020, 1, 1));
        let second = other.map(|from| a_version(edge, from).boxed());
        (first, second.map_or(Just(None).boxed(), |second| second.prop_map(Some).boxed()))
    });
    (select(&ZONES[..]), versions).prop_map(|(name, (first, second))| {
        let (hours, zone) = (Hours { versions: std::iter::once(first).chain(second).collect() }, zone(name));
        let calendar = Calendar::prepare(&hours, &zone, 2026..=2026).unwrap();
        (hours, zone, calendar)
    })
}

/// An instant of the first half of 2026, and a term that surely ends within the year where anything is worked at all.
fn instant() -> impl Strategy<Value = Timestamp> {
    (1_767_312_000_i64..1_782_864_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn term() -> impl Strategy<Value = Duration> {
    (0..200_000_u64).prop_map(Duration::from_secs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_term_ends_when_as_much_has_been_worked((_, _, calendar) in a_calendar(), a in instant(), s in term(), r in term()) {
        // A calendar in which too little is worked says that it ends.
        if let Ok(end) = calendar.add(a, s) {
            prop_assert_eq!(calendar.between(a, end), Ok(s));
            prop_assert_eq!(calendar.add(end, r), calendar.add(a, s + r));
            prop_assert!(end >= a);
        }
    }

    #[test]
    fn working_time_adds_up_and_never_shrinks((_, _, calendar) in a_calendar(), mut three in [instant(), instant(), instant()]) {
        three.sort_unstable();
        let [a, b, c] = three;
        let between = |a, b| calendar.between(a, b).unwrap();
        prop_assert_eq!(between(a, b) + between(b, c), between(a, c));
        prop_assert!(between(a, b) <= between(a, c));
        prop_assert_eq!(between(c, a), Duration::ZERO);
        prop_assert!(between(a, c) <= length(a, c));
    }

    #[test]
    fn a_later_start_and_a_longer_term_never_end_earlier(
        (_, _, calendar) in a_calendar(), mut starts in [instant(), instant()], mut terms in [term(), term()],
    ) {
        starts.sort_unstable();
        terms.sort_unstable();
        let ([a, b], [s, r]) = (starts, terms);
        if let (Ok(first), Ok(last)) = (calendar.add(a, s), calendar.add(b, r)) {
            let (later, longer) = (calendar.add(b, s).unwrap(), calendar.add(a, r).unwrap());
            prop_assert!(first <= later && later <= last, "{first} {later} {last}");
            prop_assert!(first <= longer && longer <= last, "{first} {longer} {last}");
        }
    }

    #[test]
    fn round_the_clock_in_any_zone_is_plain_addition(name in select(&ZONES[..]), a in instant(), s in term(), b in instant()) {
        let always = Calendar::prepare(&hours(week(|_| shifts(&["00:00-24:00"])), &[]), &zone(name), 2026..=2026).unwrap();
        for calendar in [&always, Calendar::round_the_clock()] {
            prop_assert_eq!(calendar.add(a, s), Ok(add(a, SignedDuration::try_from(s).unwrap())));
            prop_assert_eq!(calendar.between(a.min(b), a.max(b)), Ok(length(a.min(b), a.max(b))));
            prop_assert!(calendar.is_working(a));
        }
    }

    #[test]
    fn stretches_follow_each_other_without_touching((_, _, calendar) in a_calendar()) {
        for pair in calendar.stretches.windows(2) {
            prop_assert!(pair[0].from < pair[0].to && pair[0].to < pair[1].from);
            prop_assert_eq!(pair[1].before, pair[0].before + length(pair[0].from, pair[0].to));
        }
    }
}

proptest! {
    // 20 calendars with 500 pairs each.
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_same_is_counted_minute_by_minute(
        (mut hours, zone, _) in a_calendar(),
        pairs in vec((0..MINUTES, 0..MINUTES), 500),
    ) {
        // Minutes see no seconds; and of a shift with an end in an hour that is skipped or comes twice no minute can tell
        // whether it counts. Where clocks stay, shifts end at any hour of the night.
        let clocks_change = zone.following(Timestamp::from_second(1_767_225_600).unwrap()).next().is_some();
        for version in &mut hours.versions {
            for shifts in version.week.values_mut().chain(version.dates.values_mut()) {
                shifts.iter_mut().for_each(|shift| (shift.from, shift.to) = (shift.from / 60 * 60, shift.to / 60 * 60));
                shifts.retain(|shift| shift.from < shift.to && (!clocks_change || clear(shift)));
            }
        }
        let calendar = Calendar::prepare(&hours, &zone, 2026..=2026).unwrap();
        // From the first of March: clocks go forward in two of the zones, and back in one.
        let start = Timestamp::from_second(1_772_323_200).unwrap();
        let minute = |n: usize| start + SignedDuration::from_mins(i64::try_from(n).unwrap());
        let mut worked = vec![0_u32];
        for n in 0..MINUTES {
            let local = zone.to_datetime(minute(n));
            let second = u32::try_from(local.time().duration_since(jiff::civil::Time::midnight()).as_secs()).unwrap();
            let holds = |date, second| hours.of(date).iter().any(|shift| (shift.from..shift.to).contains(&second));
            let working = holds(local.date(), second) || holds(local.date().yesterday().unwrap(), second + 86_400);
            prop_assert_eq!(calendar.is_working(minute(n)), working, "{} in {:?}", local, zone);
            worked.push(worked[n] + u32::from(working));
        }
        for (a, b) in pairs {
            let (a, b) = (a.min(b), a.max(b));
            let minutes = worked[b] - worked[a];
            prop_assert_eq!(calendar.between(minute(a), minute(b)), Ok(MINUTE * minutes));
            let end = (a..=b).find(|n| worked[*n] - worked[a] == minutes).unwrap();
            prop_assert_eq!(calendar.add(minute(a), MINUTE * minutes), Ok(minute(end)));
        }
    }
}

/// Neither end lies between one and four in the morning, when clocks change; it may lie before and after that.
fn clear(shift: &Shift) -> bool {
    [shift.from, shift.to].iter().all(|second| !(3600..4 * 3600).contains(&(second % 86_400)))
}

#[test]
fn round_the_clock_is_plain_time() {
    let always = hours(week(|_| shifts(&["00:00-24:00"])), &[]);
    for name in ZONES {
        let calendar = Calendar::prepare(&always, &zone(name), 2025..=2027).unwrap();
        assert_eq!(calendar.stretches.len(), 1, "{name}");
        let start: Timestamp = "2026-03-28T23:59:59Z".parse().unwrap();
        let end = calendar.add(start, Duration::from_secs(86_400)).unwrap();
        assert_eq!(end, add(start, SignedDuration::from_hours(24)), "{name}");
    }
}

#[test]
fn a_holiday_is_free_and_a_make_up_day_is_worked() {
    let china = zone("Asia/Shanghai");
    // Spring Festival 2026: free from Sunday 15 to Monday 23 February; Saturdays 14 and 28 are worked instead.
    let mut dates: Vec<(Date, &[&str])> = (15..=23).map(|day| (date(2026, 2, day), &[][..])).collect();
    let full = &["09:00-12:00", "13:00-18:00"][..];
    dates.extend([(date(2026, 2, 14), full), (date(2026, 2, 28), full)]);
    let calendar = Calendar::prepare(&hours(office(), &dates), &china, 2026..=2026).unwrap();
    let nine_hours = Duration::from_secs(9 * 3600);
    assert_eq!(calendar.add(at(&china, "2026-02-13T17:00"), nine_hours), Ok(at(&china, "2026-02-14T18:00")));
    assert_eq!(calendar.add(at(&china, "2026-02-14T17:00"), nine_hours), Ok(at(&china, "2026-02-24T18:00")));
    assert_eq!(calendar.between(at(&china, "2026-02-15T00:00"), at(&china, "2026-02-24T00:00")), Ok(Duration::ZERO));
    assert_eq!(
        calendar.add(at(&china, "2026-02-27T18:00"), Duration::from_secs(1)),
        Ok(at(&china, "2026-02-28T09:00:01"))
    );
}

#[test]
fn a_night_shift_belongs_to_the_day_it_begins_on() {
    let utc = zone("UTC");
    let nights = hours(week(|_| shifts(&["22:00-30:00"])), &[(date(2026, 5, 2), &[])]);
    let calendar = Calendar::prepare(&nights, &utc, 2026..=2026).unwrap();
    assert!(calendar.is_working(at(&utc, "2026-05-02T05:59:59")), "the night that began on the first");
    assert!(!calendar.is_working(at(&utc, "2026-05-02T06:00")) && !calendar.is_working(at(&utc, "2026-05-03T03:00")));
    assert!(calendar.is_working(at(&utc, "2026-01-01T03:00")), "the night before the first day");
}

#[test]
fn a_night_on_which_clocks_change_is_as_long_as_it_is() {
    let berlin = zone("Europe/Berlin");
    let nights = hours(week(|_| shifts(&["22:00-30:00"])), &[]);
    let calendar = Calendar::prepare(&nights, &berlin, 2026..=2026).unwrap();
    let night = |from: &str, to: &str| calendar.between(at(&berlin, from), at(&berlin, to)).unwrap().as_secs() / 3600;
    assert_eq!(night("2026-03-27T12:00", "2026-03-28T12:00"), 8);
    assert_eq!(night("2026-03-28T12:00", "2026-03-29T12:00"), 7, "an hour is skipped");
    assert_eq!(night("2026-10-24T12:00", "2026-10-25T12:00"), 9, "an hour comes twice");
}

#[test]
fn shifts_that_fall_into_the_skipped_hour_never_count_twice() {
    let berlin = zone("Europe/Berlin");
    let early = hours(week(|_| shifts(&["02:10-02:50", "03:00-04:00"])), &[]);
    let calendar = Calendar::prepare(&early, &berlin, 2026..=2026).unwrap();
    let worked = calendar.between(at(&berlin, "2026-03-29T00:00"), at(&berlin, "2026-03-29T12:00"));
    assert_eq!(worked, Ok(Duration::from_secs(3600)), "from three to four, once");
}

#[test]
fn a_shift_of_the_skipped_hour_that_is_pushed_behind_the_next_one_counts_once() {
    let berlin = zone("Europe/Berlin");
    // Until five past three as clocks go, from ten past, and one of two minutes at three, which comes before both ends.
    let early = hours(week(|_| shifts(&["01:00-02:05", "02:10-02:50", "03:00-03:02"])), &[]);
    let calendar = Calendar::prepare(&early, &berlin, 2026..=2026).unwrap();
    let (from, to) = (at(&berlin, "2026-03-29T00:00"), at(&berlin, "2026-03-29T12:00"));
    assert!(calendar.between(from, to).unwrap() <= Duration::from_secs(110 * 60), "from one to ten to four, once");
    assert!(calendar.stretches.windows(2).all(|pair| pair[0].to < pair[1].from));
}

#[test]
fn what_reaches_beyond_the_calendar_is_said_and_a_year_nobody_knows_too() {
    let utc = zone("UTC");
    let calendar = Calendar::prepare(&hours(office(), &[]), &utc, 2025..=2027).unwrap();
    assert_eq!(calendar.unknown_years(), [2025, 2027]);
    let beyond = Err(Beyond { from: at(&utc, "2025-01-01T00:00"), to: at(&utc, "2028-01-01T00:00") });
    assert_eq!(calendar.add(at(&utc, "2027-12-31T17:59:59"), Duration::from_secs(1)), Ok(at(&utc, "2027-12-31T18:00")));
    assert_eq!(calendar.add(at(&utc, "2027-12-31T17:59:59"), Duration::from_secs(2)), beyond);
    assert_eq!(calendar.add(at(&utc, "2024-12-31T00:00"), Duration::ZERO), beyond);
    assert_eq!(calendar.add(at(&utc, "2026-06-01T00:00"), Duration::MAX), beyond);
    assert!(calendar.between(at(&utc, "2026-01-01T00:00"), at(&utc, "2028-01-01T00:00:01")).is_err());
    let free = Calendar::prepare(&hours(BTreeMap::new(), &[]), &utc, 2026..=2026).unwrap();
    assert!(free.add(at(&utc, "2026-01-01T00:00"), Duration::from_secs(1)).is_err(), "nobody ever works");
}

#[test]
fn new_hours_hold_from_their_day_on() {
    let utc = zone("UTC");
    let mut both = hours(office(), &[]);
    let long = week(|_| shifts(&["08:00-20:00"]));
    both.versions.push(Version { valid_from: date(2026, 7, 1), week: long, dates: BTreeMap::new(), years: vec![] });
    let calendar = Calendar::prepare(&both, &utc, 2026..=2026).unwrap();
    let day = |day: &str| {
        calendar.between(
            at(&utc, &format!("{day}T00:00")),
            at(&utc, &format!("{day}T24:00").replace("T24:00", "T23:59:59")),
        )
    };
    assert_eq!(day("2026-06-30").unwrap().as_secs(), 8 * 3600);
    assert_eq!(day("2026-07-01").unwrap().as_secs(), 12 * 3600);
}

#[test]
fn hours_that_contradict_themselves_are_refused_by_name() {
    let refused = |hours: &Hours| Calendar::prepare(hours, &TimeZone::UTC, 2026..=2026).unwrap_err().to_string();
    let twice = hours(week(|day| if day == Day::Tue { shifts(&["09:00-12:00", "11:59-13:00"]) } else { vec![] }), &[]);
    assert!(refused(&twice).contains("shifts of tue"), "{}", refused(&twice));
    let night = hours(week(|day| shifts(if day == Day::Sun { &["22:00-30:00"] } else { &["05:59-12:00"] })), &[]);
    assert!(refused(&night).contains("shifts of sun"));
    let make_up = hours(week(|_| shifts(&["22:00-30:00"])), &[(date(2026, 2, 14), &["05:00-12:00"])]);
    assert!(refused(&make_up).contains("2026-02-13"));
    assert_eq!(refused(&Hours::default()), "there is no version");
    let mut two = hours(office(), &[]);
    two.versions.push(two.versions[0].clone());
    assert!(refused(&two).contains("2020-01-01"));
    for text in [
        "",
        "9:00-12:00",
        "09:00",
        "30:00-06:00",
        "09:00-09:00",
        "24:00-25:00",
        "09:00-48:01",
        "09:60-10:00",
        "０９:00-10:00",
    ] {
        assert_eq!(text.parse::<Shift>(), Err(CalendarError::Shift(text.to_owned())));
    }
}

#[test]
fn hours_are_read_and_written_as_they_are_said() {
    let read: Hours = serde_json::from_str(
        r#"{"versions":[{"valid_from":"2026-01-01","week":{"mon":["08:30:15-17:00","22:00-30:00"]},
            "dates":{"2026-02-16":[]},"years":[2026]}]}"#,
    )
    .unwrap();
    assert_eq!(read.versions[0].week[&Day::Mon], shifts(&["08:30:15-17:00", "22:00-06:00"]));
    let written = serde_json::to_string(&read).unwrap();
    assert!(written.contains(r#"["08:30:15-17:00","22:00-06:00"]"#), "{written}");
    for text in ["22:00-24:00", "00:00-24:00", "10:00-33:00"] {
        let shift: Shift = text.parse().unwrap();
        assert_eq!(shift.to_string().parse::<Shift>(), Ok(shift), "{text}");
    }
    assert_eq!(serde_json::from_str::<Hours>(&written).unwrap(), read);
    let unknown = r#"{"versions":[{"valid_from":"2026-01-01","week":{"someday":[]}}]}"#;
    assert!(serde_json::from_str::<Hours>(unknown).is_err());
}
