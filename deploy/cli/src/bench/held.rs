//! Figures beside the marks the project set itself. Each is held, or over its mark by no more than a busy machine, or one half
//! as fast, may be blamed for (of what is pure), or missed.
use std::fmt;

use serde::Serialize;

use crate::output::table;

/// On which side of its mark a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    Most,
    Least,
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Nanoseconds,
    Milliseconds,
    PerSecond,
    /// So many times as much as something else.
    Times,
}

/// A figure beside its mark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    what: String,
    is: f64,
    unit: Unit,
    bound: Bound,
    mark: f64,
    /// So many times the mark may be the machine's noise; beyond, the mark is missed.
    noise: f64,
}

/// How a figure stands to its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Held,
    Over,
    Missed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Held => "held",
            Self::Over => "over, may be the machine",
            Self::Missed => "MISSED",
        })
    }
}

impl Held {
    /// May be `mark` at the most.
    pub fn most(what: impl Into<String>, is: f64, unit: Unit, mark: f64) -> Self {
        Self { what: what.into(), is, unit, bound: Bound::Most, mark, noise: 1.0 }
    }

    /// Must be `mark` at least.
    pub fn least(what: impl Into<String>, is: f64, unit: Unit, mark: f64) -> Self {
        Self { bound: Bound::Least, ..Self::most(what, is, unit, mark) }
    }

    /// So many times the mark are forgiven.
    #[must_use]
    pub fn forgiven(self, noise: f64) -> Self {
        Self { noise, ..self }
    }

    /// What is measured.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The figure itself is held; beyond its noise it is missed.
    pub fn verdict(&self) -> Verdict {
        let times = match self.bound {
            Bound::Most => self.is / self.mark,
            Bound::Least => self.mark / self.is,
        };
        match times {
            times if times <= 1.0 => Verdict::Held,
            times if times <= self.noise => Verdict::Over,
            // So is what was not measured.
            _ => Verdict::Missed,
        }
    }

    /// As people read it, without its verdict.
    fn cells(&self) -> [String; 3] {
        let side = match self.bound {
            Bound::Most => "at most",
            Bound::Least => "at least",
        };
        [self.what.clone(), in_words(self.is, self.unit), format!("{side} {}", in_words(self.mark, self.unit))]
    }

    /// One line.
    pub fn line(&self) -> String {
        let [what, is, mark] = self.cells();
        format!("{what}: {is} ({mark}): {}", self.verdict())
    }
}

/// All of them, and in the end how many were missed. `elsewhere` are marks that another command measures: what, the mark, and by
/// which.
pub fn summary(held: &[Held], elsewhere: &[[&str; 3]]) -> String {
    let row = |one: &Held| one.cells().into_iter().chain([one.verdict().to_string()]).collect::<Vec<_>>();
    let other = |[what, mark, by]: &[&str; 3]| {
        vec![(*what).to_owned(), "-".to_owned(), (*mark).to_owned(), format!("not measured here: {by}")]
    };
    let rows = held.iter().map(row).chain(elsewhere.iter().map(other));
    let marks = table(&["", "measured", "mark", ""], rows);
    let missed: Vec<&str> = missed(held).map(Held::what).collect();
    let of = held.len();
    match missed.as_slice() {
        [] => format!("{marks}\n\nall {of} marks measured here are held"),
        missed => format!("{marks}\n\n{} of {of} marks measured here are MISSED: {}", missed.len(), missed.join("; ")),
    }
}

/// Those that are missed.
pub fn missed(held: &[Held]) -> impl Iterator<Item = &Held> {
    held.iter().filter(|one| one.verdict() == Verdict::Missed)
}

fn in_words(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds if value < 1e5 => format!("{:.2} µs", value / 1e3),
        Unit::Nanoseconds if value < 1e8 => format!("{:.1} ms", value / 1e6),
        Unit::Nanoseconds => format!("{:.1} s", value / 1e9),
        Unit::Milliseconds => format!("{value:.1} ms"),
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Times => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_held_on_its_side_of_the_mark_and_equality_is_held() {
        let most = |is| Held::most("wait", is, Unit::Milliseconds, 50.0).verdict();
        assert_eq!([most(0.0), most(50.0), most(50.1)], [Verdict::Held, Verdict::Held, Verdict::Missed]);
        let least = |is| Held::least("rate", is, Unit::PerSecond, 1_000.0).verdict();
        assert_eq!([least(1_000.0), least(999.0), least(0.0)], [Verdict::Held, Verdict::Missed, Verdict::Missed]);
        let pure = |is| Held::most("add", is, Unit::Nanoseconds, 1_000.0).forgiven(2.0).verdict();
        assert_eq!([pure(1_000.0), pure(2_000.0), pure(2_001.0)], [Verdict::Held, Verdict::Over, Verdict::Missed]);
        assert_eq!(most(f64::NAN), Verdict::Missed, "what is not measured holds nothing");
    }

    #[test]
    fn the_summary_says_how_many_are_missed_and_what_is_measured_elsewhere() {
        let held = [
            Held::most("wait", 80.0, Unit::Milliseconds, 50.0),
            Held::least("rate", 1_200.0, Unit::PerSecond, 1_000.0),
            Held::least("ratio", 0.62, Unit::Times, 1.0),
        ];
        let text = summary(&held, &[["a search", "at most 50.0 ms", "make bench-desk"]]);
        for part in ["wait", "80.0 ms", "at most 50.0 ms", "at least 1000/s", "not measured here: make bench-desk"] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
        assert!(text.ends_with("2 of 3 marks measured here are MISSED: wait; ratio"), "{text}");
        assert!(summary(&held[1..2], &[]).ends_with("all 1 marks measured here are held"));
        assert_eq!(held.first().map(Held::line).as_deref(), Some("wait: 80.0 ms (at most 50.0 ms): MISSED"));
    }
}
