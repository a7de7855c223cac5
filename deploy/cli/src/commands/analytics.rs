//! `aftercare analytics`: the figures, each with what it rests on, and counting them again from the journals.
//! Invariant: a figure without data is shown as absent, never as 0.
use std::process::ExitCode;

use contracts::{
    Timestamp as Instant,
    analytics::v1::{Figure, GetFiguresRequest, GetFiguresResponse, RebuildRequest, reports_client::ReportsClient},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tonic::transport::Channel;

use super::{analyses, clock, event};
use crate::{
    args::{Analytics, AnalyticsWhat},
    home::{self, Home},
    output::{Output, Report, table},
    remote,
};

/// The period when none is named.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// `aftercare analytics figures | rebuild | analyses | analysis`.
pub async fn run(home: &Home, options: &Analytics, output: Output) -> anyhow::Result<ExitCode> {
    let channel = remote::channel(home, home::service("analytics")?).await?;
    match &options.what {
        AnalyticsWhat::Figures { from, to, metrics } => {
            let to =
                to.as_deref().map_or_else(|| Ok(clock::now(home)? + SignedDuration::from_secs(1)), clock::instant)?;
            let from = from.as_deref().map_or_else(|| Ok(to - YEAR), clock::instant)?;
            let request = GetFiguresRequest { from: Some(at(from)), to: Some(at(to)), metrics: metrics.clone() };
            output.show(&figures(channel, request).await?)?;
        }
        AnalyticsWhat::Analyses { span } => {
            output.show(&analyses::list(channel, span.clone().unwrap_or_default()).await?)?;
        }
        AnalyticsWhat::Analysis { analysis } => output.show(&analyses::get(channel, *analysis).await?)?,
        AnalyticsWhat::Rebuild => {
            let mut client = ReportsClient::new(channel);
            let answer = client.rebuild(remote::request(RebuildRequest {})).await;
            let events = answer.map_err(|status| remote::refusal(&status))?.into_inner().events;
            output.show(&Rebuilt { events })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The figures of a period.
pub async fn figures(channel: Channel, request: GetFiguresRequest) -> anyhow::Result<Figures> {
    let answer = ReportsClient::new(channel).get_figures(remote::request(request)).await;
    Ok(Figures::of(answer.map_err(|status| remote::refusal(&status))?.into_inner()))
}

fn at(instant: Timestamp) -> Instant {
    Instant { seconds: instant.as_second(), nanos: instant.subsec_nanosecond() }
}

/// Figures, and how far each service's journal is counted in.
#[derive(Serialize)]
pub struct Figures {
    figures: Vec<Row>,
    /// Service, events counted, last journal sequence counted.
    watermarks: Vec<(String, u64, u64)>,
}

/// A figure in a table.
#[derive(Serialize)]
pub struct Row {
    metric: String,
    name: String,
    part: String,
    value: Option<f64>,
    unit: String,
    n: u64,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl Figures {
    fn of(answer: GetFiguresResponse) -> Self {
        let watermarks = answer.watermarks.into_iter().map(|mark| (mark.service, mark.events, mark.journal_seq));
        Self { figures: answer.figures.into_iter().map(Row::of).collect(), watermarks: watermarks.collect() }
    }
}

/// The names of the columns of a [`Row`].
pub const COLUMNS: [&str; 6] = ["metric", "", "part", "value", "95 % bounds", "n"];

impl Row {
    /// Of a figure as answered.
    pub fn of(figure: Figure) -> Self {
        let Figure { metric, name, part, value, unit, n, numerator: _, lower, upper } = figure;
        Self { metric, name, part, value, unit, n, lower, upper }
    }

    /// As people read it.
    pub fn cells(&self) -> Vec<String> {
        let value = self.value.map_or_else(|| "-".to_owned(), |value| shown(value, &self.unit, &self.part));
        let bounds = match (self.lower, self.upper) {
            (Some(lower), Some(upper)) => {
                format!("{} to {}", shown(lower, &self.unit, &self.part), shown(upper, &self.unit, &self.part))
            }
            _ => String::new(),
        };
        vec![self.metric.clone(), self.name.clone(), self.part.clone(), value, bounds, self.n.to_string()]
    }
}

impl Report for Figures {
    fn text(&self) -> String {
        let figures = table(&COLUMNS, self.figures.iter().map(Row::cells));
        let counted: Vec<String> =
            self.watermarks.iter().map(|(service, events, seq)| format!("{service} {events} (to {seq})")).collect();
        format!("{figures}\n\nevents counted: {}", counted.join(", "))
    }
}

/// The currency a part names: `CNY`, `mean.CNY`, `CNY.cause.broken`.
fn currency(part: &str) -> &str {
    let is_one = |word: &&str| word.len() == 3 && word.bytes().all(|letter| letter.is_ascii_uppercase());
    part.split('.').find(is_one).unwrap_or(part)
}

/// A value in its unit, as people read it.
fn shown(value: f64, unit: &str, part: &str) -> String {
    match unit {
        "ratio" => format!("{:.1} %", value * 100.0),
        "per_thousand" => format!("{value:.1} ‰"),
        "seconds" if value.abs() >= 172_800.0 => format!("{:.1} d", value / 86_400.0),
        "seconds" if value.abs() >= 7_200.0 => format!("{:.1} h", value / 3_600.0),
        "seconds" if value.abs() >= 120.0 => format!("{:.1} min", value / 60.0),
        "seconds" => format!("{value:.1} s"),
        "score" | "times" => format!("{value:.2}"),
        "minor_units" => event::money(value.round() as i64, currency(part)),
        "count" => format!("{value:.0}"),
        _ => format!("{value} {unit}"),
    }
}

#[derive(Serialize)]
struct Rebuilt {
    events: u64,
}

impl Report for Rebuilt {
    fn text(&self) -> String {
        format!("{} events counted again", self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_their_units() {
        for (value, unit, part, text) in [
            (0.5, "ratio", "share", "50.0 %"),
            (12.34, "per_thousand", "share", "12.3 ‰"),
            (90.0, "seconds", "median", "90.0 s"),
            (5400.0, "seconds", "median", "90.0 min"),
            (86_400.0, "seconds", "p90", "24.0 h"),
            (864_000.0, "seconds", "p90", "10.0 d"),
            (4.256, "score", "mean", "4.26"),
            (199_050.0, "minor_units", "BRL", "1990.50 BRL"),
            (-1_250.4, "minor_units", "CNY.cause.broken", "-12.50 CNY"),
            (2.346, "times", "mean.interactions", "2.35"),
            (17.0, "count", "", "17"),
        ] {
            assert_eq!(shown(value, unit, part), text);
        }
    }

    #[test]
    fn no_data_is_not_zero() {
        let figure = Figure { metric: "M06".into(), unit: "ratio".into(), value: None, ..Figure::default() };
        let figures = Figures::of(GetFiguresResponse { figures: vec![figure], watermarks: vec![] });
        assert!(figures.text().contains(" -"), "{}", figures.text());
        assert!(!figures.text().contains("0.0 %"));
    }
}
