//! Stories of loops that are closed: a defect that several customers reported, and a suggestion, up to everybody having
//! been told.
use contracts::{
    analytics::v1::{GetFiguresRequest, reports_client::ReportsClient},
    complaint::v1::{
        AcceptImprovementRequest, AdoptSuggestionRequest, GetImprovementRequest, GetSuggestionRequest, ImprovementView,
        JudgeImprovementRequest, MeasureSuggestionEffectRequest, MergeSuggestionRequest, ProposeImprovementRequest,
        RecordSuggestionImplementedRequest, ReleaseImprovementRequest, ScreenSuggestionRequest,
        StartImprovementWorkRequest, StartSuggestionEvaluationRequest, SuggestionRecorded, SuggestionView,
        improvements_client::ImprovementsClient, suggestions_client::SuggestionsClient,
    },
};
use testkit::request;

use crate::{DAY, world::World};

const MANAGER: &str = "staff:manager-zhao";

impl World {
    /// A customer complains about the product; the complaint is looked into and concluded.
    pub async fn defect(&self, order_ref: &str) {
        let id = self.complain(order_ref).await;
        self.investigate(&id).await;
    }

    async fn improvement(&self, action_id: &str) -> ImprovementView {
        let asked = request(MANAGER, GetImprovementRequest { action_id: action_id.into() });
        let answer = ImprovementsClient::new(self.stack.channel("complaint")).get_improvement(asked).await;
        answer.unwrap().into_inner().improvement.unwrap()
    }

    async fn suggestion(&self, suggestion_id: &str) -> SuggestionView {
        let asked = request(MANAGER, GetSuggestionRequest { suggestion_id: suggestion_id.into() });
        let answer = SuggestionsClient::new(self.stack.channel("complaint")).get_suggestion(asked).await;
        answer.unwrap().into_inner().suggestion.unwrap()
    }

    /// How many short messages say this.
    fn told(&self, words: &str) -> usize {
        self.messages().iter().filter(|message| message["text"].as_str().unwrap().contains(words)).count()
    }
}

#[tokio::test]
async fn r_cmp_15_a_defect_three_customers_reported_is_remedied_told_to_all_and_a_fourth_complaint_is_a_recurrence() {
    let world = World::open().await;
    let mut staff = ImprovementsClient::new(world.stack.channel("complaint"));
    let propose = ProposeImprovementRequest {
        cause_code: "packaging.leak".into(),
        product_id: "p-9".into(),
        owner_department: "quality".into(),
        due_by: Some(backbone::proto::timestamp(world.stack.now() + DAY * 30)),
        text: "another pump".into(),
        ..Default::default()
    };
    let action_id = staff.propose(request(MANAGER, propose)).await.unwrap().into_inner().id;
    for order in ["d-1", "d-2", "d-3"] {
        world.defect(order).await;
    }
    assert_eq!(world.improvement(&action_id).await.reporters, 3);
    let accept = AcceptImprovementRequest { action_id: action_id.clone() };
    staff.accept(request(MANAGER, accept)).await.unwrap();
    let (root_cause_code, text) = ("supplier.series".into(), "a bad series".into());
    let work = StartImprovementWorkRequest { action_id: action_id.clone(), root_cause_code, text };
    staff.start_work(request(MANAGER, work)).await.unwrap();
    let text = "the series is out of the shops".into();
    let release = ReleaseImprovementRequest { action_id: action_id.clone(), check_after_days: 1, text };
    staff.release(request(MANAGER, release)).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.told("taken a measure"), 3, "outreach wrote to everybody who reported it");
    let view = world.improvement(&action_id).await;
    assert_eq!((view.informed, view.reporters), (3, 3));

    world.stack.advance(DAY / 2).await;
    world.defect("d-4").await;
    world.stack.advance(DAY / 2).await;
    let view = world.improvement(&action_id).await;
    assert_eq!((view.status.as_str(), view.recurrences, view.reporters), ("effectiveness_check", 1, 3));
    assert_eq!((view.before, view.after), (3, 1), "equal windows before and after the release");
    let judge = JudgeImprovementRequest { action_id, effective: true, text: "one of four".into() };
    assert_eq!(staff.judge(request(MANAGER, judge)).await.unwrap().into_inner().status, "effective");
    assert_eq!(world.told("taken a measure"), 3);
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_ana_13_a_customers_suggestion_goes_up_to_adoption_and_all_who_made_it_are_told() {
    let world = World::open().await;
    for order in ["s-1", "s-2"] {
        world.sell(order).await;
        world.contact(&format!("t-{order}"), order, "suggestion", "a refill pack would be nice").await;
    }
    let recorded = world.stack.events::<SuggestionRecorded>("complaint").await;
    let [suggestion_id, same] = [0, 1].map(|place: usize| recorded[place].suggestion_id.clone());
    let mut staff = SuggestionsClient::new(world.stack.channel("complaint"));
    let merge = MergeSuggestionRequest { suggestion_id: same, into_id: suggestion_id.clone() };
    staff.merge(request(MANAGER, merge)).await.unwrap();
    let screen = ScreenSuggestionRequest { suggestion_id: suggestion_id.clone() };
    staff.screen(request(MANAGER, screen)).await.unwrap();
    let evaluate = StartSuggestionEvaluationRequest {
        suggestion_id: suggestion_id.clone(),
        department: "rnd".into(),
        evaluate_by: Some(backbone::proto::timestamp(world.stack.now() + DAY * 14)),
    };
    staff.start_evaluation(request(MANAGER, evaluate)).await.unwrap();
    let adopt = AdoptSuggestionRequest { suggestion_id: suggestion_id.clone(), text: "less waste".into() };
    staff.adopt(request(MANAGER, adopt)).await.unwrap();
    let done = RecordSuggestionImplementedRequest { suggestion_id: suggestion_id.clone() };
    staff.record_implemented(request(MANAGER, done)).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.told("adopted your suggestion"), 0, "nobody is told before the effect is known");
    let (effective, text) = (true, "a third of sales".into());
    let measure = MeasureSuggestionEffectRequest { suggestion_id: suggestion_id.clone(), effective, text };
    staff.measure_effect(request(MANAGER, measure)).await.unwrap();
    world.stack.settle().await;

    assert_eq!(world.told("adopted your suggestion"), 2);
    let view = world.suggestion(&suggestion_id).await;
    assert_eq!((view.status.as_str(), view.informed, view.reporters), ("informed", 2, 2));
    let asked = GetFiguresRequest {
        from: Some(backbone::proto::timestamp(world.stack.now() - DAY)),
        to: Some(backbone::proto::timestamp(world.stack.now() + DAY)),
        metrics: vec!["M23".into()],
    };
    let figures = ReportsClient::new(world.stack.channel("analytics")).get_figures(asked).await.unwrap().into_inner();
    assert_eq!((figures.figures[0].value, figures.figures[0].n), (Some(1.0), 1));
    world.nothing_is_parked().await;
}
