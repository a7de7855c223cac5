//! What is pure, beside the marks the project set itself: criterion's benches (`cargo bench`) are run, and their times
//! are held against the marks. What is over its mark by no more than a machine that is busy, or half as fast, may be blamed for
//! is forgiven. Beyond, the mark is missed.
use std::{collections::BTreeSet, process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use super::held::{Held, Unit};
use crate::{home::Home, output::Output};

/// A bench, and the longest one run of it may take.
struct Mark {
    package: &'static str,
    /// The file of the bench.
    file: &'static str,
    /// As criterion calls it.
    bench: &'static str,
    most: Duration,
}

const fn mark(package: &'static str, file: &'static str, bench: &'static str, most: Duration) -> Mark {
    Mark { package, file, bench, most }
}

/// A command to a complaint.
const fn decide(bench: &'static str) -> Mark {
    mark("complaint", "decide", bench, Duration::from_micros(1))
}

const MARKS: [Mark; 12] = [
    mark("kernel", "calendar", "calendar add", Duration::from_micros(1)),
    mark("kernel", "promise", "promise: its time has passed, two pauses", Duration::from_micros(2)),
    mark("kernel", "promise", "promise: met, two pauses", Duration::from_micros(2)),
    mark("kernel", "promise", "what if/1,000,000 promises under another policy", Duration::from_secs(60)),
    mark("kernel", "returns", "return policy decision", Duration::from_micros(5)),
    decide("decide: look at the clock"),
    decide("decide: start the investigation, refused"),
    decide("decide: assess"),
    decide("decide: conclude, a promise kept"),
    decide("decide: word told, one promise kept and one given"),
    decide("decide: record, four promises given"),
    mark("triage", "triage", "triage/both/45", Duration::from_micros(50)),
];
/// So many times a mark may be the machine's noise, or a machine half as fast; beyond, the mark is missed.
const NOISE: f64 = 2.0;

/// Runs the benches there are marks for. Nothing where the project's sources are not at hand.
/// Errors: they cannot be built or run, or one says nothing.
pub async fn hold(home: &Home, output: Output) -> anyhow::Result<Vec<Held>> {
    let Some(project) = home.project() else {
        output.note("calendars, promises, decisions and triage are not measured: the sources are not here");
        return Ok(Vec::new());
    };
    output.note("calendars, promises, decisions and triage are measured; building that takes minutes the first time …");
    let names: Vec<&str> = MARKS.iter().map(|mark| mark.bench).collect();
    let option = |name, value: fn(&Mark) -> &'static str| {
        let values: BTreeSet<&str> = MARKS.iter().map(value).collect();
        values.into_iter().flat_map(move |value| [name, value])
    };
    let mut cargo = Command::new("cargo");
    cargo.current_dir(project).args(["bench", "--quiet"]);
    cargo.args(option("--package", |mark| mark.package)).args(option("--bench", |mark| mark.file));
    cargo.args(["--", "--noplot", "--output-format", "bencher", "--warm-up-time", "0.2", "--measurement-time", "0.7"]);
    cargo.arg(format!("^({})$", names.join("|")));
    let out = cargo.stdin(Stdio::null()).kill_on_drop(true).output().await.context("cannot run cargo bench")?;
    ensure!(out.status.success(), "cargo bench did not end well:\n{}", String::from_utf8_lossy(&out.stderr));
    read(&String::from_utf8_lossy(&out.stdout))
}

/// The times in what the benches said, in the order of the marks. Errors: one is missing.
fn read(said: &str) -> anyhow::Result<Vec<Held>> {
    let time = |bench: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix("test ")?.strip_prefix(bench)?.strip_prefix(" ... "));
        let (_, ns) = line?.split_once("bench:")?;
        ns.split_whitespace().next()?.replace(',', "").parse::<f64>().ok()
    };
    let held = MARKS.iter().map(|mark| {
        let ns = time(mark.bench).with_context(|| format!("the bench {:?} told no time:\n{said}", mark.bench))?;
        Ok(Held::most(mark.bench, ns, Unit::Nanoseconds, mark.most.as_nanos() as f64).forgiven(NOISE))
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{super::held, *};

    fn said(add: &str) -> String {
        let decisions = MARKS.iter().filter(|mark| mark.file == "decide");
        let decided: String =
            decisions.map(|mark| format!("test {} ... bench:         500 ns/iter (+/- 2)\n", mark.bench)).collect();
        format!(
            "{decided}test calendar add ... bench: {add} ns/iter (+/- 3)\n\n\
             test promise: its time has passed, two pauses ... bench:         110 ns/iter (+/- 1)\n\
             test promise: met, two pauses ... bench:        2,400 ns/iter (+/- 9)\n\
             test what if/1,000,000 promises under another policy ... bench:   612345678 ns/iter (+/- 1)\n\
             test return policy decision ... bench:       1,500 ns/iter (+/- 9)\n\
             test triage/both/45 ... bench:       30,500 ns/iter (+/- 90)\n"
        )
    }

    fn lines(add: &str) -> Vec<String> {
        read(&said(add)).unwrap().iter().map(Held::line).collect()
    }

    #[test]
    fn a_time_stands_beside_its_mark() {
        let expected = [
            "calendar add: 0.25 µs (at most 1.00 µs): held",
            "promise: its time has passed, two pauses: 0.11 µs (at most 2.00 µs): held",
            "promise: met, two pauses: 2.40 µs (at most 2.00 µs): over, may be the machine",
            "what if/1,000,000 promises under another policy: 0.6 s (at most 60.0 s): held",
            "return policy decision: 1.50 µs (at most 5.00 µs): held",
            "decide: look at the clock: 0.50 µs (at most 1.00 µs): held",
            "decide: start the investigation, refused: 0.50 µs (at most 1.00 µs): held",
            "decide: assess: 0.50 µs (at most 1.00 µs): held",
            "decide: conclude, a promise kept: 0.50 µs (at most 1.00 µs): held",
            "decide: word told, one promise kept and one given: 0.50 µs (at most 1.00 µs): held",
            "decide: record, four promises given: 0.50 µs (at most 1.00 µs): held",
            "triage/both/45: 30.50 µs (at most 50.00 µs): held",
        ];
        assert_eq!(lines("         250"), expected);
    }

    #[test]
    fn what_is_missed_by_far_is_told_and_a_slow_machine_is_forgiven() {
        let missed = |add| -> Vec<String> {
            let held = read(&said(add)).unwrap();
            held::missed(&held).map(|held| held.what().to_owned()).collect()
        };
        assert_eq!(missed("2000"), [""; 0]);
        assert_eq!(missed("2001"), ["calendar add"]);
        assert_eq!(lines("4500").first().unwrap(), "calendar add: 4.50 µs (at most 1.00 µs): MISSED");
    }

    #[test]
    fn a_bench_that_says_nothing_is_named() {
        let error = read("test calendar add ... bench: 250 ns/iter (+/- 3)\n").unwrap_err().to_string();
        assert!(error.contains("its time has passed"), "{error}");
    }
}
