//! The door to the analyses of complaints: as they were frozen, and what is known by now beside them.
use backbone::{Checks, Fault, page::by_time};
use contracts::analytics::v1::{
    GetAnalysisRequest, GetAnalysisResponse, ListAnalysesRequest, ListAnalysesResponse, analyses_server::Analyses,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Api;
use crate::{
    domain::{period::Period, span::Span},
    store, wire,
};

#[tonic::async_trait]
impl Analyses for Api {
    async fn list_analyses(
        &self,
        request: Request<ListAnalysesRequest>,
    ) -> Result<Response<ListAnalysesResponse>, Status> {
        let r = request.into_inner();
        let mut checks = Checks::default();
        let span = checks.optional::<Span>("span", &r.span);
        let page = checks.page(r.page.as_ref(), by_time);
        let (Some(span), Some((page, after))) = (span, page) else { return Err(checks.fault().into()) };
        let found = store::analysis::list(&self.pool, span, after, page.limit()).await?;
        let next_page_token =
            page.next(&found, |analysis| (analysis.from.to_string(), analysis.regular().analysis_id()));
        let analyses = found.iter().map(wire::analysis::summary).collect();
        Ok(Response::new(ListAnalysesResponse { analyses, next_page_token }))
    }

    async fn get_analysis(
        &self,
        request: Request<GetAnalysisRequest>,
    ) -> Result<Response<GetAnalysisResponse>, Status> {
        let mut checks = Checks::default();
        let Some(id) = checks.id("analysis_id", &request.get_ref().analysis_id) else {
            return Err(checks.fault().into());
        };
        Ok(Response::new(self.analysis(id).await?))
    }
}

impl Api {
    async fn analysis(&self, id: Uuid) -> Result<GetAnalysisResponse, Fault> {
        let mut tx = store::snapshot(&self.pool).await?;
        store::analysis::patience(&mut tx).await?;
        let found = store::analysis::get(&mut tx, id).await?;
        let analysis = found.ok_or_else(|| Fault::not_found("analysis", id))?;
        let period = Period::new(analysis.from, analysis.to).map_err(Fault::internal)?;
        let before = Period::new(analysis.before_from, analysis.from).map_err(Fault::internal)?;
        let counted = store::analysis::counts(&mut tx, (period, before)).await?;
        let data_unchanged = store::analysis::data_hash(&mut tx, (period, before)).await? == analysis.data_hash;
        let findings: Vec<Uuid> = analysis.findings.iter().map(|finding| finding.id).collect();
        let proposals = store::analysis::proposals(&mut tx, &findings).await?;
        let adjustments = analysis.adjustments(&counted);
        Ok(wire::analysis::response(analysis, adjustments, data_unchanged, &proposals))
    }
}
