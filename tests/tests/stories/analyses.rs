//! The story of a week's complaints: analysed when it is over, a finding, and quality management's proposal from it.
use contracts::{
    analytics::v1::{
        AnalysisMade, FindingView, GetAnalysisRequest, GetAnalysisResponse, analyses_client::AnalysesClient,
    },
    complaint::v1::{ProposeImprovementRequest, improvements_client::ImprovementsClient},
};
use testkit::request;

use crate::{DAY, world::World};

/// Of quality management.
const SPECIALIST: &str = "staff:quality-wu";

impl World {
    async fn analysis(&self, analysis_id: &str) -> GetAnalysisResponse {
        let wanted = GetAnalysisRequest { analysis_id: analysis_id.into() };
        let mut client = AnalysesClient::new(self.stack.channel("analytics"));
        client.get_analysis(request(SPECIALIST, wanted)).await.unwrap().into_inner()
    }
}

#[tokio::test]
async fn r_cmp_16_r_rol_03_a_weeks_complaints_are_analysed_and_quality_management_proposes_from_a_finding() {
    let world = World::open().await;
    for order in ["w-1", "w-2", "w-3"] {
        world.defect(order).await;
    }
    assert!(world.stack.events::<AnalysisMade>("analytics").await.is_empty(), "the week is not over");
    world.stack.advance(DAY * 7).await;
    let told = world.stack.events::<AnalysisMade>("analytics").await;
    let week = told.iter().find(|made| made.span == "week").unwrap();
    assert_eq!((week.recorded, week.recorded_before), (3, 0));
    let finding = week.signals.iter().find(|finding| finding.kind == "unattended").unwrap();
    assert_eq!((finding.dimension.as_str(), finding.value.as_str()), ("cause", "packaging.leak"));

    let analysis = world.analysis(&week.analysis_id).await;
    let line = |dimension: &str| analysis.lines.iter().find(|line| line.dimension == dimension).unwrap();
    assert_eq!((line("product").value.as_str(), line("product").count), ("p-9", 3));
    assert_eq!((line("batch").value.as_str(), line("class").value.as_str()), ("p-9/b-77", "product_quality"));
    assert_eq!((line("store").value.as_str(), line("store").per_thousand), ("s-1", Some(1000.0)));
    assert_eq!(
        analysis.departments.iter().map(|time| (time.department.as_str(), time.n)).collect::<Vec<_>>(),
        [("quality", 3)]
    );

    let propose = ProposeImprovementRequest {
        cause_code: finding.value.clone(),
        product_id: "p-9".into(),
        owner_department: "quality".into(),
        due_by: Some(backbone::proto::timestamp(world.stack.now() + DAY * 30)),
        text: "another pump".into(),
        finding_id: finding.finding_id.clone(),
        ..Default::default()
    };
    let mut improvements = ImprovementsClient::new(world.stack.channel("complaint"));
    let action_id = improvements.propose(request(SPECIALIST, propose)).await.unwrap().into_inner().id;
    world.stack.settle().await;
    let from_it = |view: &&FindingView| view.finding.as_ref().is_some_and(|f| f.finding_id == finding.finding_id);
    let analysis = world.analysis(&week.analysis_id).await;
    assert_eq!(analysis.findings.iter().find(from_it).unwrap().action_ids, [action_id]);
    assert!(analysis.data_unchanged, "a proposal changes no count");
    world.nothing_is_parked().await;
}
