//! The door for managers and BI: figures of a period with what is needed to judge them, and the rebuild.
use std::collections::BTreeSet;

use backbone::{Checks, Fault, neighbours::Neighbours, proto};
use contracts::analytics::v1::{
    GetFiguresRequest, GetFiguresResponse, RebuildRequest, RebuildResponse, Watermark, reports_server::Reports,
};
use sqlx::{PgConnection, PgPool};
use tonic::{Request, Response, Status};

use crate::{
    domain::{
        figure::{self, Figure, FollowUps},
        metric::Metric,
        period::Period,
    },
    rebuild, store,
};

/// Serves `Reports`.
pub struct Api {
    /// The facts.
    pub pool: PgPool,
    /// The services whose journals a rebuild reads.
    pub neighbours: Neighbours,
}

#[tonic::async_trait]
impl Reports for Api {
    async fn get_figures(&self, request: Request<GetFiguresRequest>) -> Result<Response<GetFiguresResponse>, Status> {
        let (period, metrics) = question(&request.into_inner())?;
        let mut tx = store::snapshot(&self.pool).await?;
        let mut figures = Vec::new();
        let follow_ups = follow_ups(&mut tx, period, &metrics).await?;
        for metric in metrics {
            figures.extend(answer(&mut tx, period, metric, follow_ups).await?);
        }
        let watermarks = store::watermarks(&mut tx).await?;
        Ok(Response::new(GetFiguresResponse {
            figures: figures.into_iter().map(Into::into).collect(),
            watermarks: watermarks.into_iter().map(watermark).collect(),
        }))
    }

    async fn rebuild(&self, request: Request<RebuildRequest>) -> Result<Response<RebuildResponse>, Status> {
        let mut checks = Checks::default();
        let Some(actor) = checks.actor(&request) else { return Err(checks.fault().into()) };
        tracing::info!(actor = actor.as_str(), "the facts are being rebuilt");
        let events = rebuild::run(&self.pool, &self.neighbours).await?;
        Ok(Response::new(RebuildResponse { events }))
    }
}

/// What is asked, or everything that is wrong with the question.
fn question(request: &GetFiguresRequest) -> Result<(Period, BTreeSet<Metric>), Fault> {
    let mut checks = Checks::default();
    let from = checks.required("from", request.from.as_ref());
    let to = checks.required("to", request.to.as_ref());
    let period = from.zip(to).and_then(|(from, to)| checks.value("to", Period::new(from, to)));
    let ids = checks.list("metrics", &request.metrics, Metric::ALL.len() * 2);
    let asked: Option<BTreeSet<Metric>> = ids.and_then(|ids| {
        let read = ids.iter().enumerate().map(|(place, id)| {
            let shown: String = id.chars().take(20).collect();
            checks.value(&format!("metrics[{place}]"), id.parse().map_err(|unknown| format!("{shown:?}: {unknown}")))
        });
        read.collect::<Vec<_>>().into_iter().collect()
    });
    match (period, asked) {
        (Some(period), Some(asked)) if asked.is_empty() => Ok((period, Metric::ALL.into_iter().collect())),
        (Some(period), Some(asked)) => Ok((period, asked)),
        _ => Err(checks.fault()),
    }
}

/// Three metrics rest on the same counts; they are made once, and only when one of them is wanted.
async fn follow_ups(tx: &mut PgConnection, period: Period, wanted: &BTreeSet<Metric>) -> Result<FollowUps, Fault> {
    let on_them = [Metric::CoverageGross, Metric::CoverageNet, Metric::OnTime];
    if on_them.iter().any(|metric| wanted.contains(metric)) {
        store::follow_ups(tx, period).await
    } else {
        Ok(FollowUps::default())
    }
}

async fn answer(
    tx: &mut PgConnection,
    period: Period,
    metric: Metric,
    follow_ups: FollowUps,
) -> Result<Vec<Figure>, Fault> {
    Ok(match metric {
        Metric::CoverageGross | Metric::CoverageNet => figure::coverage(metric, follow_ups),
        Metric::OnTime => figure::on_time(follow_ups),
        Metric::Satisfaction => figure::satisfaction(store::marks(tx, period).await?),
        Metric::HandlingTime => figure::handling_time(store::handling_times(tx, period).await?),
        Metric::ComplaintRate => {
            let (recorded, delivered) = store::complaints(tx, period).await?;
            figure::complaint_rate(recorded, delivered)
        }
        Metric::FirstInvestigation => figure::first_investigation(store::investigations(tx, period).await?),
        Metric::Refunds => figure::refunds(&store::money(tx, period).await?),
        Metric::SuggestionAdoption => figure::suggestion_adoption(store::suggestions(tx, period).await?),
    })
}

fn watermark(mark: store::Watermark) -> Watermark {
    Watermark {
        service: mark.service,
        stream: mark.stream,
        events: mark.events.unsigned_abs(),
        last_occurred_at: Some(proto::timestamp(mark.last_occurred_at.to_jiff())),
        stream_seq: mark.stream_seq.unwrap_or_default().unsigned_abs(),
        journal_seq: mark.journal_seq.unwrap_or_default().unsigned_abs(),
    }
}
