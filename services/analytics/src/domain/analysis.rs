//! Complaints of a week or a month, looked at as a whole (R-CMP-16): what is frequent, what rose beyond chance, what
//! nobody does anything about. Invariant: an analysis is made once and never changes; what is learnt later is told
//! beside it.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    comparison::{Change, Seen, discoveries},
    counted::{Actions, Count, Counted, Dimension, Mark, Pair, Time},
    figure::Figure,
    period::Period,
    span::{Regular, Span, days},
    statistics::{Bounds, wilson},
};

/// Of what rises beyond chance, so much may be false on average.
const FALSE_DISCOVERIES: f64 = 0.05;
/// The most lines of a dimension, and the most findings.
const LINES_MAX: usize = 200;
const FINDINGS_MAX: usize = 100;

/// A kind of complaint with all that is needed to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// By what it is told apart.
    pub dimension: Dimension,
    /// A cause code, a class, an id.
    pub value: String,
    /// How many.
    pub complaints: Pair,
    /// Of all that were counted.
    pub share: Option<f64>,
    /// Wilson's 95 % interval of the share.
    pub bounds: Option<Bounds>,
    /// Per 1,000 orders delivered.
    pub per_thousand: Option<f64>,
    /// Against the period before.
    pub change: Option<Change>,
    /// It rose beyond chance.
    pub rising: bool,
    /// Of a cause.
    pub actions: Actions,
}

/// Why something is a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// More than in the period before, beyond chance.
    Rising,
    /// A frequent cause without any improvement action.
    Unattended,
}

impl Why {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Unattended => "unattended",
        }
    }
}

/// What quality management should look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Derived from the analysis and what it is about.
    pub id: Uuid,
    /// Why.
    pub why: Why,
    /// What it is about.
    pub dimension: Dimension,
    /// What it is about.
    pub value: String,
    /// How many.
    pub complaints: Pair,
    /// How likely the change is by chance.
    pub p: f64,
}

/// Which causes need an improvement action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Those among the first so many …
    pub top: usize,
    /// … with at least so many complaints.
    pub least: u64,
}

/// An analysis, as it is frozen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in `Counted`")]
pub struct Analysis {
    pub span: Span,
    pub first_day: jiff::civil::Date,
    pub from: Timestamp,
    pub to: Timestamp,
    /// The beginning of the period it is compared with; its end is `from`.
    pub before_from: Timestamp,
    pub made_at: Timestamp,
    pub recorded: Pair,
    pub investigated: Pair,
    pub delivered: Pair,
    pub lines: Vec<Line>,
    pub departments: Vec<Time>,
    pub figures: Vec<Figure>,
    pub findings: Vec<Finding>,
    pub watermarks: Vec<Mark>,
    pub data_hash: String,
}

impl Analysis {
    /// Of what was counted over a period and the one before it.
    pub fn of(
        regular: Regular,
        (period, before): (Period, Period),
        counted: Counted,
        attention: Attention,
        made_at: Timestamp,
    ) -> Self {
        let lines = lines(&counted, (period, before));
        let findings = findings(regular.analysis_id(), &lines, attention);
        Self {
            span: regular.span,
            first_day: regular.first_day,
            from: period.from(),
            to: period.to(),
            before_from: before.from(),
            made_at,
            recorded: counted.recorded,
            investigated: counted.investigated,
            delivered: counted.delivered,
            lines: Dimension::ALL.into_iter().flat_map(|dimension| most(&lines, dimension)).collect(),
            departments: counted.departments,
            figures: counted.figures,
            findings,
            watermarks: counted.watermarks,
            data_hash: counted.data_hash,
        }
    }

    /// The week or month it is about.
    pub fn regular(&self) -> Regular {
        Regular { span: self.span, first_day: self.first_day }
    }

    /// What the counts of the period would be by now, where they differ; of what was left out of a long list nothing is
    /// known.
    pub fn adjustments(&self, now: &Counted) -> Vec<Adjustment> {
        let totals = [
            ("recorded", self.recorded, now.recorded),
            ("investigated", self.investigated, now.investigated),
            ("delivered", self.delivered, now.delivered),
        ];
        let totals = totals.map(|(total, frozen, now)| Adjustment {
            dimension: total,
            value: String::new(),
            frozen: frozen.now,
            now: now.now,
        });
        let known = |dimension, value: &str| {
            let line = self.lines.iter().find(|line| line.dimension == dimension && line.value == value);
            let whole = || self.lines.iter().filter(|line| line.dimension == dimension).count() < LINES_MAX;
            line.map(|line| line.complaints.now).or_else(|| whole().then_some(0))
        };
        let counts = now.counts.iter().filter_map(|count| {
            let frozen = known(count.dimension, &count.value)?;
            let (dimension, value) = (count.dimension.name(), count.value.clone());
            Some(Adjustment { dimension, value, frozen, now: count.complaints.now })
        });
        let gone = self.lines.iter().filter(|line| {
            !now.counts.iter().any(|count| (count.dimension, &count.value) == (line.dimension, &line.value))
        });
        let gone = gone.map(|line| Adjustment {
            dimension: line.dimension.name(),
            value: line.value.clone(),
            frozen: line.complaints.now,
            now: 0,
        });
        totals.into_iter().chain(counts).chain(gone).filter(|adjusted| adjusted.frozen != adjusted.now).collect()
    }
}

/// A count that is another one by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The dimension, or the total's name.
    pub dimension: &'static str,
    /// Empty of a total.
    pub value: String,
    /// In the analysis.
    pub frozen: u64,
    /// By now.
    pub now: u64,
}

/// Every kind that was counted, judged.
fn lines(counted: &Counted, (period, before): (Period, Period)) -> Vec<Line> {
    let mut lines: Vec<Line> = counted.counts.iter().map(|count| line(counted, count, (period, before))).collect();
    let watched: Vec<usize> = (0..).zip(&lines).filter(|(_, line)| line.dimension.watched()).map(|(i, _)| i).collect();
    let p: Vec<f64> = watched.iter().filter_map(|place| lines.get(*place)).map(Line::p).collect();
    for (place, holds) in watched.into_iter().zip(discoveries(&p, FALSE_DISCOVERIES)) {
        if let Some(line) = lines.get_mut(place) {
            line.rising = holds && line.change.is_some_and(|change| change.lower > 1.0);
        }
    }
    lines
}

fn line(counted: &Counted, count: &Count, (period, before): (Period, Period)) -> Line {
    let Count { dimension, value, complaints, delivered } = count.clone();
    let all = if dimension.found() { counted.investigated.now } else { counted.recorded.now };
    // where orders are known in both periods, they are what complaints come from; else it is time
    let sizes = match delivered {
        Pair { now: 0, .. } | Pair { before: 0, .. } => (days(period), days(before)),
        Pair { now, before } => (now as f64, before as f64),
    };
    let change = Change::between(
        Seen { count: complaints.now, exposure: sizes.0 },
        Seen { count: complaints.before, exposure: sizes.1 },
    );
    let actions = counted.actions.iter().find(|(cause, _)| dimension == Dimension::Cause && *cause == value);
    Line {
        dimension,
        share: (all > 0).then(|| complaints.now as f64 / all as f64),
        bounds: wilson(complaints.now, all.saturating_sub(complaints.now)),
        per_thousand: (delivered.now > 0).then(|| 1000.0 * complaints.now as f64 / delivered.now as f64),
        change,
        rising: false,
        actions: actions.map(|(_, actions)| actions.clone()).unwrap_or_default(),
        value,
        complaints,
    }
}

impl Line {
    fn p(&self) -> f64 {
        self.change.map_or(1.0, |change| change.p)
    }
}

/// The lines of a dimension, the most frequent first; what rises is never left out.
fn most(lines: &[Line], dimension: Dimension) -> Vec<Line> {
    let mut of: Vec<&Line> = lines.iter().filter(|line| line.dimension == dimension).collect();
    let order = |line: &&Line| (std::cmp::Reverse(line.complaints.now), line.value.clone());
    of.sort_by_cached_key(|line| (!line.rising, order(line)));
    of.truncate(LINES_MAX);
    of.sort_by_cached_key(order);
    of.into_iter().cloned().collect()
}

/// What rose beyond chance, then the frequent causes nobody acts against; the least likely first.
fn findings(analysis: Uuid, lines: &[Line], attention: Attention) -> Vec<Finding> {
    let finding = |why: Why, line: &Line| Finding {
        id: kernel::id::derived(
            "finding",
            &[&analysis.to_string(), why.name(), line.dimension.name(), line.value.as_str()],
        ),
        why,
        dimension: line.dimension,
        value: line.value.clone(),
        complaints: line.complaints,
        p: line.p(),
    };
    let mut rising: Vec<Finding> =
        lines.iter().filter(|line| line.rising).map(|line| finding(Why::Rising, line)).collect();
    rising.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.value.cmp(&b.value)));
    let causes = most(lines, Dimension::Cause).into_iter().take(attention.top);
    let unattended =
        causes.filter(|line| line.complaints.now >= attention.least && line.actions.open + line.actions.effective == 0);
    rising.extend(unattended.map(|line| finding(Why::Unattended, &line)));
    rising.truncate(FINDINGS_MAX);
    rising
}

/// The analysis of one week or month; `Default` is one that was not made yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ComplaintAnalysis(pub Option<Box<Analysis>>);

/// What it can be told.
#[derive(Clone, Debug)]
pub enum Command {
    /// The period is over.
    Make(Box<Analysis>),
}

/// What can happen to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It was made, and is frozen.
    Made(Box<Analysis>),
}

impl ComplaintAnalysis {
    /// It is made once; whoever makes it again changes nothing.
    pub fn decide(&self, command: Command) -> Vec<Event> {
        match (command, &self.0) {
            (Command::Make(analysis), None) => vec![Event::Made(analysis)],
            (Command::Make(_), Some(_)) => vec![],
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, Event::Made(analysis): &Event) {
        self.0 = Some(analysis.clone());
    }
}

#[cfg(test)]
#[path = "analysis_tests.rs"]
mod tests;
