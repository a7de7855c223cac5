//! The door for managers and BI: figures of a period with what is needed to judge them, and the rebuild.
use std::collections::BTreeSet;

use backbone::{Checks, Fault, neighbours::Neighbours};
use contracts::analytics::v1::{
    GetFiguresRequest, GetFiguresResponse, RebuildRequest, RebuildResponse, reports_server::Reports,
};
use jiff::SignedDuration;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use crate::{
    domain::{counted::Mark, figure::Pickup, metric::Metric, period::Period},
    figures::{self, Given},
    rebuild, store,
};

mod analyses;

/// Serves `Reports` and `Analyses`.
#[derive(Clone)]
pub struct Api {
    /// The facts.
    pub pool: PgPool,
    /// The services whose journals a rebuild reads.
    pub neighbours: Neighbours,
    /// What is promised of calls to the hotline.
    pub hotline: Option<Pickup>,
    /// What is put on record later than so long after it happened is late (R-INT-04).
    pub late_after: SignedDuration,
}

#[tonic::async_trait]
impl Reports for Api {
    async fn get_figures(&self, request: Request<GetFiguresRequest>) -> Result<Response<GetFiguresResponse>, Status> {
        let (period, metrics) = question(&request.into_inner())?;
        let mut tx = store::snapshot(&self.pool).await?;
        let mut shown = Vec::new();
        let follow_ups = figures::follow_ups(&mut tx, period, &metrics).await?;
        let given = Given { follow_ups, hotline: self.hotline, late_after: self.late_after };
        for metric in metrics {
            shown.extend(figures::answer(&mut tx, period, metric, given).await?);
        }
        let watermarks = store::watermarks(&mut tx).await?;
        Ok(Response::new(GetFiguresResponse {
            figures: shown.into_iter().map(Into::into).collect(),
            watermarks: watermarks.into_iter().map(|mark| Mark::from(mark).into()).collect(),
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
