//! `aftercare analytics analyses` and `analysis`: what complaints were like in a week or a month, and what quality
//! management should look at (R-CMP-16). Invariant: what was frozen and what was learnt since are shown apart.
use contracts::analytics::v1::{
    Adjustment, AnalysisLine, AnalysisSummary, DepartmentTime, FindingView, GetAnalysisRequest, GetAnalysisResponse,
    ListAnalysesRequest, analyses_client::AnalysesClient,
};
use serde::Serialize;
use tonic::transport::Channel;
use uuid::Uuid;

use super::{
    analytics::{COLUMNS, Row},
    department::{instant, shown},
};
use crate::{
    output::{Report, table},
    remote,
};

/// The newest analyses; of weeks and months where the span is empty.
pub async fn list(channel: Channel, span: String) -> anyhow::Result<Analyses> {
    let request = remote::request(ListAnalysesRequest { span, page: None });
    let answer = AnalysesClient::new(channel).list_analyses(request).await;
    let answer = answer.map_err(|status| remote::refusal(&status))?.into_inner();
    Ok(Analyses(answer.analyses.into_iter().map(Summary::of).collect()))
}

/// One of them.
pub async fn get(channel: Channel, id: Uuid) -> anyhow::Result<Analysis> {
    let request = remote::request(GetAnalysisRequest { analysis_id: id.to_string() });
    let answer = AnalysesClient::new(channel).get_analysis(request).await;
    Ok(Analysis::of(answer.map_err(|status| remote::refusal(&status))?.into_inner()))
}

/// Analyses in a list.
#[derive(Serialize)]
pub struct Analyses(Vec<Summary>);

#[derive(Serialize)]
struct Summary {
    analysis: String,
    span: String,
    from: String,
    to: String,
    complaints: u64,
    before: u64,
    finding_count: u32,
}

impl Summary {
    fn of(summary: AnalysisSummary) -> Self {
        Self {
            analysis: summary.analysis_id,
            span: summary.span,
            from: shown(instant(summary.from.as_ref())),
            to: shown(instant(summary.to.as_ref())),
            complaints: summary.recorded,
            before: summary.recorded_before,
            finding_count: summary.finding_count,
        }
    }
}

impl Report for Analyses {
    fn text(&self) -> String {
        if self.0.is_empty() {
            return "no week or month with complaints is over yet".to_owned();
        }
        table(
            &["analysis", "span", "from (UTC)", "complaints", "before", "findings"],
            self.0.iter().map(|a| {
                let numbers = [a.complaints, a.before, a.finding_count.into()].map(|n| n.to_string());
                [vec![a.analysis.clone(), a.span.clone(), a.from.clone()], numbers.into()].concat()
            }),
        )
    }
}

/// An analysis as people and programs read it.
#[derive(Serialize)]
pub struct Analysis {
    #[serde(flatten)]
    summary: Summary,
    findings: Vec<Finding>,
    lines: Vec<Line>,
    departments: Vec<Time>,
    figures: Vec<Row>,
    /// What facts that came later change: dimension, value, count as frozen, count by now.
    adjustments: Vec<(String, String, u64, u64)>,
    data_hash: String,
    data_unchanged: bool,
}

#[derive(Serialize)]
struct Finding {
    finding: String,
    kind: String,
    dimension: String,
    value: String,
    complaints: u64,
    before: u64,
    p: f64,
    /// Improvement actions proposed from it.
    actions: Vec<String>,
}

#[derive(Serialize)]
struct Line {
    dimension: String,
    value: String,
    complaints: u64,
    before: u64,
    share: Option<f64>,
    share_bounds: Option<(f64, f64)>,
    per_thousand: Option<f64>,
    ratio: Option<f64>,
    ratio_lower: f64,
    ratio_upper: Option<f64>,
    p: f64,
    rising: bool,
    actions_open: u64,
    actions_effective: u64,
    recurrences: u64,
}

#[derive(Serialize)]
struct Time {
    department: String,
    n: u64,
    median_s: Option<f64>,
    p90_s: Option<f64>,
    mean_s: Option<f64>,
    to_acknowledge_median_s: Option<f64>,
}

impl Analysis {
    fn of(answer: GetAnalysisResponse) -> Self {
        let adjustment = |Adjustment { dimension, value, frozen, now }| (dimension, value, frozen, now);
        Self {
            summary: Summary::of(answer.summary.unwrap_or_default()),
            findings: answer.findings.into_iter().map(Finding::of).collect(),
            lines: answer.lines.into_iter().map(Line::of).collect(),
            departments: answer.departments.into_iter().map(Time::of).collect(),
            figures: answer.figures.into_iter().map(Row::of).collect(),
            adjustments: answer.adjustments.into_iter().map(adjustment).collect(),
            data_hash: answer.data_hash,
            data_unchanged: answer.data_unchanged,
        }
    }
}

impl Finding {
    fn of(view: FindingView) -> Self {
        let finding = view.finding.unwrap_or_default();
        Self {
            finding: finding.finding_id,
            kind: finding.kind,
            dimension: finding.dimension,
            value: finding.value,
            complaints: finding.count,
            before: finding.before,
            p: finding.p,
            actions: view.action_ids,
        }
    }

    fn cells(&self) -> Vec<String> {
        let why = if self.kind == "rising" { format!("rose (p {:.4})", self.p) } else { "no measure".to_owned() };
        let about = format!("{} {}", self.dimension, self.value);
        let counts = format!("{} ({} before)", self.complaints, self.before);
        let actions = if self.actions.is_empty() { "-".to_owned() } else { self.actions.join(", ") };
        vec![self.finding.clone(), why, about, counts, actions]
    }
}

impl Line {
    fn of(line: AnalysisLine) -> Self {
        Self {
            dimension: line.dimension,
            value: line.value,
            complaints: line.count,
            before: line.before,
            share: line.share,
            share_bounds: line.share_lower.zip(line.share_upper),
            per_thousand: line.per_thousand,
            ratio: line.ratio,
            ratio_lower: line.ratio_lower,
            ratio_upper: line.ratio_upper,
            p: line.p,
            rising: line.rising,
            actions_open: line.actions_open,
            actions_effective: line.actions_effective,
            recurrences: line.recurrences,
        }
    }

    fn cells(&self) -> Vec<String> {
        let percent = |share: f64| format!("{:.1}", share * 100.0);
        let share = match (self.share, self.share_bounds) {
            (Some(share), Some((lower, upper))) => {
                format!("{} % ({} to {})", percent(share), percent(lower), percent(upper))
            }
            _ => "-".to_owned(),
        };
        let rate = self.per_thousand.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1} ‰"));
        let change = self.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("× {ratio:.2}"));
        let change = format!("{change} (p {:.3}){}", self.p, if self.rising { " rising" } else { "" });
        let measures = match self.dimension.as_str() {
            "cause" => format!(
                "{} open, {} effective, came back {} times",
                self.actions_open, self.actions_effective, self.recurrences
            ),
            _ => String::new(),
        };
        let counts = [self.complaints, self.before].map(|n| n.to_string());
        [vec![self.dimension.clone(), self.value.clone()], counts.into(), vec![share, rate, change, measures]].concat()
    }
}

impl Time {
    fn of(time: DepartmentTime) -> Self {
        let DepartmentTime { department, n, median_s, p90_s, mean_s, to_acknowledge_median_s } = time;
        Self { department, n, median_s, p90_s, mean_s, to_acknowledge_median_s }
    }

    fn cells(&self) -> Vec<String> {
        let hours = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), |s| format!("{:.1} h", s / 3600.0));
        let times = [self.to_acknowledge_median_s, self.median_s, self.p90_s].map(hours);
        [vec![self.department.clone(), self.n.to_string()], times.into()].concat()
    }
}

impl Report for Analysis {
    fn text(&self) -> String {
        let Summary { span, from, to, complaints, before, .. } = &self.summary;
        let mut parts = vec![format!("{complaints} complaints in the {span} from {from} to {to} UTC, {before} before")];
        let mut section = |title: &str, header: &[&str], rows: Vec<Vec<String>>| {
            let rows = if rows.is_empty() { "none".to_owned() } else { table(header, rows) };
            parts.push(format!("{title}\n{rows}"));
        };
        let findings = ["finding", "why", "about", "complaints", "proposed"];
        section("Findings", &findings, self.findings.iter().map(Finding::cells).collect());
        let lines = ["by", "", "complaints", "before", "share", "per 1,000 orders", "change", "measures"];
        section("Complaints", &lines, self.lines.iter().map(Line::cells).collect());
        let times = ["department", "n", "acknowledged (median)", "answered (median)", "p90"];
        section("Departments", &times, self.departments.iter().map(Time::cells).collect());
        section("Figures", &COLUMNS, self.figures.iter().map(Row::cells).collect());
        let adjusted = self.adjustments.iter().map(|(dimension, value, frozen, now)| {
            vec![dimension.clone(), value.clone(), frozen.to_string(), now.to_string()]
        });
        section("Learnt since", &["by", "", "frozen", "now"], adjusted.collect());
        parts.join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use contracts::analytics::v1 as wire;

    use super::*;

    #[test]
    fn r_cmp_16_an_analysis_shows_its_findings_and_what_was_learnt_since() {
        let finding = |kind: &str, p| wire::Finding {
            kind: kind.into(),
            dimension: "cause".into(),
            value: "packaging.leak".into(),
            count: 10,
            before: 1,
            p,
            ..Default::default()
        };
        let proposed = FindingView { finding: Some(finding("rising", 0.0117)), action_ids: vec!["a-1".into()] };
        let line = AnalysisLine {
            dimension: "cause".into(),
            value: "packaging.leak".into(),
            count: 10,
            before: 1,
            share: Some(0.5),
            share_lower: Some(0.299),
            share_upper: Some(0.701),
            ratio: Some(10.0),
            p: 0.0117,
            rising: true,
            actions_open: 1,
            ..Default::default()
        };
        let answer = GetAnalysisResponse {
            findings: vec![proposed, FindingView { finding: Some(finding("unattended", 1.0)), action_ids: vec![] }],
            lines: vec![line],
            adjustments: vec![Adjustment { dimension: "recorded".into(), value: String::new(), frozen: 10, now: 11 }],
            ..Default::default()
        };
        let text = Analysis::of(answer).text();
        for words in [
            "rose (p 0.0117)",
            "no measure",
            "cause packaging.leak",
            "a-1",
            "50.0 % (29.9 to 70.1)",
            "× 10.00 (p 0.012) rising",
            "1 open, 0 effective, came back 0 times",
            "Learnt since",
            "11",
        ] {
            assert!(text.contains(words), "{words} in\n{text}");
        }
        assert!(Analyses(vec![]).text().contains("is over yet"));
    }
}
