//! An analysis as others learn of it: its event, and its answers.
use backbone::{Aggregate, Fault, Published, proto::timestamp};
use contracts::analytics::v1 as out;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        analysis::{Adjustment, Analysis, Command, ComplaintAnalysis, Event, Finding, Line},
        counted::{Mark, Time},
    },
    store,
};

impl Aggregate for ComplaintAnalysis {
    const TABLE: &'static str = "complaint_analysis";
    type Command = Command;
    type Event = Event;
    type Rejection = Fault;

    fn decide(&self, command: Command, _: Timestamp) -> Result<Vec<Event>, Fault> {
        Ok(ComplaintAnalysis::decide(self, command))
    }

    fn apply(&mut self, event: &Event) {
        ComplaintAnalysis::apply(self, event);
    }

    fn publish(&self, Event::Made(analysis): &Event, shard: u8) -> Published {
        let made = out::AnalysisMade {
            analysis_id: analysis.regular().analysis_id().to_string(),
            span: analysis.span.name().to_owned(),
            from: Some(timestamp(analysis.from)),
            to: Some(timestamp(analysis.to)),
            recorded: analysis.recorded.now,
            recorded_before: analysis.recorded.before,
            signals: analysis.findings.iter().map(finding).collect(),
        };
        Published::of(&made, shard)
    }
}

fn finding(finding: &Finding) -> out::Finding {
    out::Finding {
        finding_id: finding.id.to_string(),
        kind: finding.why.name().to_owned(),
        dimension: finding.dimension.name().to_owned(),
        value: finding.value.clone(),
        count: finding.complaints.now,
        before: finding.complaints.before,
        p: finding.p,
    }
}

/// An analysis in a list.
pub fn summary(analysis: &Analysis) -> out::AnalysisSummary {
    out::AnalysisSummary {
        analysis_id: analysis.regular().analysis_id().to_string(),
        span: analysis.span.name().to_owned(),
        from: Some(timestamp(analysis.from)),
        to: Some(timestamp(analysis.to)),
        made_at: Some(timestamp(analysis.made_at)),
        recorded: analysis.recorded.now,
        recorded_before: analysis.recorded.before,
        finding_count: u32::try_from(analysis.findings.len()).unwrap_or(u32::MAX),
    }
}

/// An analysis with what is known by now; a proposal is a finding and its action.
pub fn response(
    analysis: Analysis,
    adjustments: Vec<Adjustment>,
    data_unchanged: bool,
    proposals: &[(Uuid, Uuid)],
) -> out::GetAnalysisResponse {
    let of =
        |id: Uuid| proposals.iter().filter(move |(finding, _)| *finding == id).map(|(_, action)| action.to_string());
    out::GetAnalysisResponse {
        summary: Some(summary(&analysis)),
        investigated: analysis.investigated.now,
        investigated_before: analysis.investigated.before,
        delivered: analysis.delivered.now,
        delivered_before: analysis.delivered.before,
        findings: analysis
            .findings
            .iter()
            .map(|found| out::FindingView { finding: Some(finding(found)), action_ids: of(found.id).collect() })
            .collect(),
        lines: analysis.lines.into_iter().map(line).collect(),
        departments: analysis.departments.into_iter().map(department).collect(),
        figures: analysis.figures.into_iter().map(Into::into).collect(),
        watermarks: analysis.watermarks.into_iter().map(Into::into).collect(),
        data_hash: analysis.data_hash,
        adjustments: adjustments.into_iter().map(adjustment).collect(),
        data_unchanged,
    }
}

fn line(line: Line) -> out::AnalysisLine {
    let (share_lower, share_upper) = line.bounds.unzip();
    out::AnalysisLine {
        dimension: line.dimension.name().to_owned(),
        value: line.value,
        count: line.complaints.now,
        before: line.complaints.before,
        share: line.share,
        share_lower,
        share_upper,
        per_thousand: line.per_thousand,
        ratio: line.change.and_then(|change| change.ratio),
        ratio_lower: line.change.map_or(0.0, |change| change.lower),
        ratio_upper: line.change.and_then(|change| change.upper),
        p: line.change.map_or(1.0, |change| change.p),
        rising: line.rising,
        actions_open: line.actions.open,
        actions_effective: line.actions.effective,
        recurrences: line.actions.recurrences,
    }
}

fn department(time: Time) -> out::DepartmentTime {
    out::DepartmentTime {
        department: time.department,
        n: time.to_answer.n,
        median_s: time.to_answer.median,
        p90_s: time.to_answer.p90,
        mean_s: time.to_answer.mean,
        to_acknowledge_median_s: time.to_acknowledge_median,
    }
}

fn adjustment(Adjustment { dimension, value, frozen, now }: Adjustment) -> out::Adjustment {
    out::Adjustment { dimension: dimension.to_owned(), value, frozen, now }
}

impl From<store::Watermark> for Mark {
    fn from(mark: store::Watermark) -> Self {
        Self {
            service: mark.service,
            stream: mark.stream,
            events: mark.events.unsigned_abs(),
            last_occurred_at: mark.last_occurred_at.to_jiff(),
            stream_seq: mark.stream_seq.unwrap_or_default().unsigned_abs(),
            journal_seq: mark.journal_seq.unwrap_or_default().unsigned_abs(),
        }
    }
}

impl From<Mark> for out::Watermark {
    fn from(mark: Mark) -> Self {
        Self {
            service: mark.service,
            stream: mark.stream,
            events: mark.events,
            last_occurred_at: Some(timestamp(mark.last_occurred_at)),
            stream_seq: mark.stream_seq,
            journal_seq: mark.journal_seq,
        }
    }
}
