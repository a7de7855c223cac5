//! What the bench found: a table for people, and `latest.json` with figures and nothing else for programs.
use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context;
use serde::Serialize;

use super::{
    contact::Kind,
    cost::Cost,
    held::{Held, Unit, missed, summary},
    load::{Taken, ms, percentile},
    returns::Returns,
    routed::Step,
};
use crate::output::{Report, table};

/// Connections at which the door is held against the floor.
const DOOR_CONNECTIONS: usize = 32;
/// What the desk's bench measures.
const DESK: &str = "make bench-desk";
/// Marks of lists that take minutes to fill.
const ELSEWHERE: [[&str; 3]; 3] = [
    ["a search over 1,000,000 cases, p99", "at most 50.0 ms", DESK],
    ["a page of the queue of 1,000,000 cases, p99", "at most 20.0 ms", DESK],
    ["a page of what a shop has open of 5,000,000 orders, p99", "at most 20.0 ms", DESK],
];

/// The door beside the floor, by connections.
pub struct Doors {
    rounds: usize,
    turn: Duration,
    floor: BTreeMap<usize, Vec<f64>>,
    accept: BTreeMap<usize, Taken>,
}

impl Doors {
    pub fn new(rounds: usize, turn: Duration) -> Self {
        Self { rounds, turn, floor: BTreeMap::new(), accept: BTreeMap::new() }
    }

    /// A turn of Postgres alone, in transactions a second.
    pub fn floor(&mut self, clients: usize, rate: f64) {
        self.floor.entry(clients).or_default().push(rate);
    }

    /// A turn at the door.
    pub fn accept(&mut self, connections: usize, taken: Taken) {
        let before = self.accept.remove(&connections).unwrap_or_default();
        self.accept.insert(connections, before.and(taken));
    }

    /// Contacts that were answered 201.
    pub fn answered(&self) -> u64 {
        self.accept.values().map(Taken::answered).sum()
    }
}

/// From a contact to the department's task.
pub struct Routed {
    pub calm: Step,
    /// The last try to sustain a rate, whether it was or not.
    pub sustained: Step,
    pub cost: Cost,
}

/// Everything that was found. Serializes to the figures only.
#[derive(Serialize)]
pub struct Measured {
    /// Transactions a second of Postgres alone, by connections.
    floor: BTreeMap<usize, f64>,
    /// Contacts a second through the door.
    accept: BTreeMap<usize, f64>,
    /// The door over the floor.
    ratio: BTreeMap<usize, f64>,
    routed: RoutedFigures,
    /// Pushes until they were acknowledged, by their kind: intake running, and all services.
    pushed: BTreeMap<&'static str, PushedFigures>,
    pushed_all_running: BTreeMap<&'static str, PushedFigures>,
    /// Complete returns, from the request to the money.
    returned: ReturnedFigures,
    cpu_ms_per_case: f64,
    rss_mb: BTreeMap<&'static str, f64>,
    /// Everything that has a mark, beside it.
    marks: Vec<Held>,
    #[serde(skip)]
    doors: Doors,
    #[serde(skip)]
    whole: Routed,
    #[serde(skip)]
    returns: Returns,
}

#[derive(Serialize)]
struct RoutedFigures {
    p50_ms: f64,
    p99_ms: f64,
    /// 0 when no rate that was tried lasted.
    sustained_per_s: u32,
}

#[derive(Serialize)]
struct PushedFigures {
    per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl PushedFigures {
    fn of(pushed: &Taken) -> Self {
        let at = |share| rounded(ms(percentile(pushed.took(), share)), 1);
        Self { per_s: rounded(pushed.rate(), 0), p50_ms: at(50), p99_ms: at(99) }
    }
}

/// What came of pushes of each kind.
pub type Pushed = Vec<(Kind, Taken)>;

fn figures_of(pushed: &Pushed) -> BTreeMap<&'static str, PushedFigures> {
    pushed.iter().map(|(kind, taken)| (kind.name(), PushedFigures::of(taken))).collect()
}

#[derive(Serialize)]
struct ReturnedFigures {
    per_s: f64,
    cpu_ms_each: f64,
}

impl Measured {
    pub fn new(
        doors: Doors,
        routed: Routed,
        (alone, busy): (Pushed, Pushed),
        returns: Returns,
        pure: Vec<Held>,
    ) -> Self {
        let floor: BTreeMap<usize, f64> =
            doors.floor.iter().map(|(clients, rates)| (*clients, rounded(mean(rates), 0))).collect();
        let accept: BTreeMap<usize, f64> =
            doors.accept.iter().map(|(connections, taken)| (*connections, rounded(taken.rate(), 0))).collect();
        let ratio = |(clients, floor): (&usize, &f64)| Some((*clients, rounded(accept.get(clients)? / floor, 2)));
        let mut measured = Self {
            ratio: floor.iter().filter_map(ratio).collect(),
            floor,
            accept,
            routed: RoutedFigures {
                p50_ms: rounded(routed.calm.p50_ms(), 1),
                p99_ms: rounded(routed.calm.p99_ms(), 1),
                sustained_per_s: if routed.sustained.is_sustained() { routed.sustained.rate } else { 0 },
            },
            pushed: figures_of(&alone),
            pushed_all_running: figures_of(&busy),
            returned: ReturnedFigures { per_s: rounded(returns.rate(), 0), cpu_ms_each: rounded(returns.cpu_ms(), 3) },
            cpu_ms_per_case: rounded(routed.cost.cpu_ms.values().sum(), 3),
            rss_mb: routed.cost.memory_mb.iter().map(|(part, memory)| (*part, rounded(*memory, 1))).collect(),
            marks: pure,
            doors,
            whole: routed,
            returns,
        };
        let beside = measured.beside_their_marks();
        measured.marks.extend(beside);
        measured
    }

    /// The marks of what is not pure.
    fn beside_their_marks(&self) -> Vec<Held> {
        let door = self.ratio.get(&DOOR_CONNECTIONS).copied().unwrap_or(f64::NAN);
        let acknowledged = |(running, figures): (&str, &BTreeMap<&'static str, PushedFigures>)| -> Vec<Held> {
            let one = |(kind, of): (&&'static str, &PushedFigures)| {
                let what = format!("a push of {kind} is acknowledged at 500/s, {running} running, p99");
                Held::most(what, of.p99_ms, Unit::Milliseconds, 50.0)
            };
            figures.iter().map(one).collect()
        };
        let pushed = [("intake", &self.pushed), ("all services", &self.pushed_all_running)];
        let sustained = f64::from(self.routed.sustained_per_s);
        [
            Held::least("cases through the door at 32 connections, for each of Postgres alone", door, Unit::Times, 1.0),
            Held::least("complaints that reach their department, sustained", sustained, Unit::PerSecond, 1_000.0),
        ]
        .into_iter()
        .chain(pushed.into_iter().flat_map(acknowledged))
        .chain([
            Held::least("complete returns, sustained", self.returned.per_s, Unit::PerSecond, 1_000.0),
            Held::most("CPU of a complete return", self.returned.cpu_ms_each, Unit::Milliseconds, 2.0),
        ])
        .collect()
    }

    /// Whether a mark is missed by more than the machine can be blamed for.
    pub fn misses_a_mark(&self) -> bool {
        missed(&self.marks).next().is_some()
    }

    /// Keeps the figures in a file.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("the figures cannot be written")?;
        crate::home::replace(path, &format!("{text}\n"))
    }

    fn doors_text(&self) -> String {
        let rows = self.doors.accept.iter().map(|(connections, taken)| {
            let figure = |figures: &BTreeMap<usize, f64>, decimals: usize| {
                figures.get(connections).map_or_else(|| "-".to_owned(), |figure| format!("{figure:.decimals$}"))
            };
            vec![
                connections.to_string(),
                figure(&self.floor, 0),
                figure(&self.accept, 0),
                figure(&self.ratio, 2),
                format!("{:.1}", ms(percentile(taken.took(), 50))),
                format!("{:.1}", ms(percentile(taken.took(), 99))),
            ]
        });
        table(&["connections", "Postgres alone /s", "cases /s", "ratio", "p50 ms", "p99 ms"], rows)
    }

    fn pushed_text(&self) -> String {
        let rows = [("intake", &self.pushed), ("all services", &self.pushed_all_running)].into_iter();
        let rows = rows.flat_map(|(running, by_kind)| {
            by_kind.iter().map(move |(kind, of)| {
                let figures = [of.per_s, of.p50_ms, of.p99_ms].map(|figure| figure.to_string());
                [(*kind).to_owned(), running.to_owned()].into_iter().chain(figures).collect::<Vec<_>>()
            })
        });
        table(&["kind", "running", "pushes /s", "p50 ms", "p99 ms"], rows)
    }

    fn routed_text(&self) -> String {
        let Routed { calm, sustained, .. } = &self.whole;
        let (rate, p50, p99) = (calm.rate, self.routed.p50_ms, self.routed.p99_ms);
        let lasted = if sustained.is_sustained() { "sustained" } else { "not sustained" };
        format!("at {rate}/s: p50 {p50} ms, p99 {p99} ms\n{lasted}: {sustained}")
    }

    fn cost_text(cost: &Cost, all: f64) -> String {
        let Cost { cpu_ms, memory_mb } = cost;
        let row = |(part, cpu): (&&'static str, &f64)| {
            let memory = memory_mb.get(part).copied().unwrap_or_default();
            vec![(*part).to_owned(), format!("{cpu:.3}"), format!("{memory:.0}")]
        };
        let all = vec!["all".to_owned(), format!("{all:.3}"), String::new()];
        table(&["process", "CPU ms each", "memory MB"], cpu_ms.iter().map(row).chain([all]))
    }
}

impl Report for Measured {
    fn text(&self) -> String {
        let (rounds, turn) = (self.doors.rounds, self.doors.turn.as_secs());
        format!(
            "Cases through the door (POST /v1/cases, one a request, on disk before the 201; half of them enquiries), beside \
             Postgres\nalone (pgbench, one transaction of three prepared inserts). {rounds} rounds of {turn} s each, turn by \
             turn, intake running:\n\n{}\n\nFrom a complaint at the door to the department's task in its stream, all services \
             running:\n\n{}\n\nPushes of platforms until they are acknowledged, on disk before that:\n\n{}\n\n\
             What a case costs at the rate above, by process:\n\n{}\n\n\
             Complete returns, from the request to the money, all services running, without the provider and the \
             channels:\n\n{}\n\n{}\n\nEverything beside its mark:\n\n{}",
            self.doors_text(),
            self.routed_text(),
            self.pushed_text(),
            Self::cost_text(&self.whole.cost, self.cpu_ms_per_case),
            self.returns,
            Self::cost_text(&self.returns.cost, self.returned.cpu_ms_each),
            summary(&self.marks, &ELSEWHERE)
        )
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_mean_of_a_turn_and_another_is_what_counts() {
        assert_eq!(mean(&[100.0, 300.0]), 200.0);
        assert_eq!(rounded(1.234_56, 2), 1.23);
    }

    #[test]
    fn figures_are_keyed_by_connections_as_text() {
        let figures: BTreeMap<usize, f64> = [(32, 2.0), (8, 1.0), (128, 3.0)].into();
        assert_eq!(serde_json::to_value(&figures).unwrap(), json!({ "8": 1.0, "32": 2.0, "128": 3.0 }));
    }
}
