//! Analyses of complaints: made when a week is over, frozen, told, and read with what came later.
use contracts::{
    analytics::v1::{
        Adjustment, AnalysisLine, AnalysisMade, AnalysisSummary, Finding, GetAnalysisRequest, GetAnalysisResponse,
        ListAnalysesRequest, RebuildRequest, analyses_client::AnalysesClient,
    },
    common::v1::{CaseClass, Page},
    complaint::v1::{
        ComplaintAssessed, ComplaintRecorded, ImprovementEffective, ImprovementProposed, ImprovementReporterAttached,
        InvestigationConcluded, TaskForwarded,
    },
    intake::v1::PurchaseRecorded,
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use crate::{
    events::{answered, at, client, concluded, purchase, recorded, wire},
    owners::{start, tell},
};

/// Seven days.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// In the week from Monday, 2 March 2026 on, in Shanghai, and in the week before.
const NOW: &str = "03-03T00:00:00";
const BEFORE: &str = "02-24T00:00:00";

fn analyses(stack: &Stack) -> AnalysesClient<Channel> {
    AnalysesClient::new(stack.channel("analytics"))
}

async fn list(stack: &Stack, span: &str) -> Vec<AnalysisSummary> {
    let request = ListAnalysesRequest { span: span.into(), page: None };
    analyses(stack).list_analyses(request).await.unwrap().into_inner().analyses
}

async fn get(stack: &Stack, analysis_id: &str) -> GetAnalysisResponse {
    let request = GetAnalysisRequest { analysis_id: analysis_id.into() };
    analyses(stack).get_analysis(request).await.unwrap().into_inner()
}

/// A sale in a store, delivered at once.
async fn sell(stack: &Stack, when: Timestamp) -> Uuid {
    let id = Uuid::now_v7();
    let sale = PurchaseRecorded { store_id: "s-1".into(), ..purchase(when, Some(when), 100, "CNY") };
    tell(stack, id, sale).await;
    id
}

/// A complaint about batch b-7 of product p-1, whose cause is found an hour later.
async fn leak(stack: &Stack, when: Timestamp) -> Uuid {
    let (id, by) = (Uuid::now_v7(), when + 24.hours());
    let complaint = ComplaintRecorded {
        purchase_id: sell(stack, when).await.to_string(),
        product_id: "p-1".into(),
        batch: "b-7".into(),
        class: CaseClass::Delivery.into(),
        ..recorded(when, by)
    };
    tell(stack, id, complaint).await;
    let class = CaseClass::ProductQuality.into();
    tell(stack, id, ComplaintAssessed { class, ..Default::default() }).await;
    let found = InvestigationConcluded {
        cause_code: "packaging.leak".into(),
        responsible_department: "quality".into(),
        ..concluded(when + 1.hour(), by)
    };
    tell(stack, id, found).await;
    id
}

/// Ten leaks in a week of ten orders more, after one in a week of as many orders; and the week goes by.
async fn a_bad_week(stack: &Stack) -> AnalysisSummary {
    leak(stack, at(BEFORE)).await;
    for _ in 0..19 {
        sell(stack, at(BEFORE)).await;
    }
    for _ in 0..10 {
        leak(stack, at(NOW)).await;
        sell(stack, at(NOW)).await;
    }
    stack.settle().await;
    stack.advance(WEEK).await;
    list(stack, "week").await.into_iter().next().unwrap()
}

fn line<'a>(analysis: &'a GetAnalysisResponse, dimension: &str) -> &'a AnalysisLine {
    let found: Vec<_> = analysis.lines.iter().filter(|line| line.dimension == dimension).collect();
    assert_eq!(found.len(), 1, "{dimension} in {:?}", analysis.lines);
    found[0]
}

#[tokio::test]
async fn r_cmp_16_r_rol_03_complaints_of_a_week_are_analysed_when_it_is_over() {
    let stack = start().await;
    let summary = a_bad_week(&stack).await;
    assert_eq!((summary.from, summary.to), (wire(at("03-01T16:00:00")), wire(at("03-08T16:00:00"))));
    assert_eq!((summary.recorded, summary.recorded_before, summary.finding_count), (10, 1, 4));
    let analysis = get(&stack, &summary.analysis_id).await;
    assert_eq!((analysis.delivered, analysis.delivered_before), (20, 20));
    for (dimension, value) in [
        ("cause", "packaging.leak"),
        ("department", "quality"),
        ("class", "product_quality"),
        ("product", "p-1"),
        ("batch", "p-1/b-7"),
        ("store", "s-1"),
    ] {
        let line = line(&analysis, dimension);
        assert_eq!((line.value.as_str(), line.count, line.before), (value, 10, 1));
        assert_eq!((line.share, line.per_thousand, line.ratio), (Some(1.0), Some(500.0), Some(10.0)), "{line:?}");
        // (1 + 11) / 2^11, from both sides
        assert!((line.p - 24.0 / 2048.0).abs() < 1e-12 && line.ratio_lower > 1.0, "{line:?}");
        assert_eq!(line.rising, ["cause", "product", "batch"].contains(&dimension), "{line:?}");
    }
    let found = |kind: &str| {
        let findings = analysis.findings.iter().filter_map(|view| view.finding.as_ref());
        findings.filter(|f| f.kind == kind).map(|f| f.dimension.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(found("rising").len(), 3);
    assert_eq!(found("unattended"), ["cause"]);
    let metrics: Vec<_> = analysis.figures.iter().map(|figure| figure.metric.as_str()).collect();
    assert_eq!(metrics.join(" "), "M13 M14 M15 M16 M24 M24 M24 M24 M25");
    assert_eq!(analysis.figures[0].value, Some(500.0));
    assert_eq!((analysis.adjustments, analysis.data_unchanged), (vec![], true));
    assert_eq!(analysis.data_hash.len(), 64);
    let streams: Vec<_> = analysis.watermarks.iter().map(|mark| mark.stream.as_str()).collect();
    assert_eq!(streams, ["COMPLAINT", "INTAKE"], "what is told of analyses is no fact");
    assert_eq!(stack.parked("analytics").await, 0);
}

#[tokio::test]
async fn r_cmp_16_an_analysis_is_told_once_and_late_facts_stand_beside_it() {
    let stack = start().await;
    let summary = a_bad_week(&stack).await;
    let frozen = get(&stack, &summary.analysis_id).await;
    leak(&stack, at(NOW)).await;
    stack.advance(SignedDuration::from_hours(1)).await;
    let read = get(&stack, &summary.analysis_id).await;
    let changed: Vec<_> = read.adjustments.iter().map(|a| (a.dimension.as_str(), a.frozen, a.now)).collect();
    let expected = [
        ("recorded", 10, 11),
        ("investigated", 10, 11),
        ("delivered", 20, 21),
        ("batch", 10, 11),
        ("cause", 10, 11),
        ("class", 10, 11),
        ("department", 10, 11),
        ("product", 10, 11),
        ("store", 10, 11),
    ];
    assert_eq!(changed, expected);
    assert!(!read.data_unchanged);
    let beside = |read: GetAnalysisResponse| GetAnalysisResponse { adjustments: vec![], data_unchanged: true, ..read };
    assert_eq!(beside(read), frozen, "what is frozen stays");
    let told = stack.events::<AnalysisMade>("analytics").await;
    let of_week: Vec<_> = told.iter().filter(|made| made.analysis_id == summary.analysis_id).collect();
    assert_eq!(of_week.len(), 1);
    assert_eq!((of_week[0].span.as_str(), of_week[0].recorded, of_week[0].signals.len()), ("week", 10, 4));
    let views = frozen.findings.iter().filter_map(|view| view.finding.as_ref());
    let ids = |finding: &Finding| finding.finding_id.clone();
    assert_eq!(of_week[0].signals.iter().map(ids).collect::<Vec<_>>(), views.map(ids).collect::<Vec<_>>());
}

#[tokio::test]
async fn r_cmp_16_r_rol_03_a_finding_shows_who_proposed_what_and_a_cause_with_a_measure_is_attended_to() {
    let stack = start().await;
    let summary = a_bad_week(&stack).await;
    let analysis = get(&stack, &summary.analysis_id).await;
    let mut findings = analysis.findings.iter().filter_map(|view| view.finding.as_ref());
    let finding = findings.find(|finding| finding.kind == "unattended").unwrap();
    let action = Uuid::now_v7();
    let proposed = ImprovementProposed {
        cause_code: finding.value.clone(),
        finding_id: finding.finding_id.clone(),
        ..Default::default()
    };
    tell(&stack, action, proposed).await;
    let (ended, found_at) = (Uuid::now_v7(), stack.now());
    tell(&stack, ended, ImprovementProposed { cause_code: finding.value.clone(), ..Default::default() }).await;
    tell(&stack, ended, ImprovementEffective::default()).await;
    let back = ImprovementReporterAttached { recurrence: true, reported_at: wire(found_at), ..Default::default() };
    tell(&stack, ended, back).await;
    for _ in 0..5 {
        leak(&stack, found_at).await;
    }
    stack.settle().await;
    let read = get(&stack, &summary.analysis_id).await;
    for view in &read.findings {
        let ours = view.finding.as_ref().unwrap().finding_id == finding.finding_id;
        assert_eq!(view.action_ids, if ours { vec![action.to_string()] } else { vec![] });
    }
    stack.advance(WEEK).await;
    let next = list(&stack, "week").await.into_iter().next().unwrap();
    assert_ne!(next.analysis_id, summary.analysis_id);
    let next = get(&stack, &next.analysis_id).await;
    let cause = line(&next, "cause");
    assert_eq!((cause.count, cause.actions_open, cause.actions_effective, cause.recurrences), (5, 1, 1, 1));
    assert!(next.findings.is_empty(), "it did not rise, and somebody acts: {:?}", next.findings);
}

#[tokio::test]
async fn r_cmp_19_the_time_in_each_department_is_part_of_it() {
    let stack = start().await;
    let complaint = leak(&stack, at(NOW)).await;
    for (minutes, seconds) in [(1, 600), (2, 1200), (3, 6000)] {
        let answer = answered("quality", complaint, at(NOW) + minutes.minutes(), 60, seconds);
        tell(&stack, Uuid::now_v7(), answer).await;
    }
    let forwarded = TaskForwarded {
        complaint_id: complaint.to_string(),
        department: "quality".into(),
        from_department: "logistics".into(),
        waited_s: 300,
        issued_at: wire(at(NOW)),
        ..Default::default()
    };
    tell(&stack, Uuid::now_v7(), forwarded).await;
    stack.settle().await;
    stack.advance(WEEK).await;
    let newest = list(&stack, "week").await.into_iter().next().unwrap();
    let times = get(&stack, &newest.analysis_id).await.departments;
    let seen: Vec<_> = times
        .iter()
        .map(|time| (time.department.as_str(), time.n, time.median_s, time.mean_s, time.to_acknowledge_median_s))
        .collect();
    let expected =
        [("logistics", 1, Some(300.0), Some(300.0), None), ("quality", 3, Some(1200.0), Some(2600.0), Some(60.0))];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn r_cmp_16_weeks_that_were_missed_are_made_up_for_and_months_are_analysed_too() {
    let stack = start().await;
    stack.advance(WEEK).await;
    assert!(list(&stack, "").await.is_empty(), "nothing to analyse before the first complaint");
    leak(&stack, at(NOW)).await;
    stack.settle().await;
    assert_eq!(list(&stack, "week").await.len(), 1);
    stack.advance(WEEK * 5).await;
    let weeks = list(&stack, "week").await;
    assert_eq!(weeks.len(), 6);
    assert!(weeks.windows(2).all(|pair| pair[0].from == pair[1].to), "newest first, without holes");
    let months: Vec<_> = list(&stack, "month").await.into_iter().map(|month| (month.from, month.recorded)).collect();
    assert_eq!(months, [(wire(at("02-28T16:00:00")), 1)]);
    let mut request = ListAnalysesRequest { span: String::new(), page: Some(Page { size: 4, token: String::new() }) };
    let mut seen = vec![];
    loop {
        let part = analyses(&stack).list_analyses(request.clone()).await.unwrap().into_inner();
        seen.extend(part.analyses.into_iter().map(|analysis| analysis.analysis_id));
        if part.next_page_token.is_empty() {
            break;
        }
        request.page = Some(Page { size: 4, token: part.next_page_token });
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((all, seen.len()), (7, 7));
}

#[tokio::test]
async fn a_period_is_analysed_some_hours_after_its_end_and_not_before() {
    let stack = start().await;
    leak(&stack, at(NOW)).await;
    stack.settle().await;
    stack.advance(at("03-08T21:59:59").duration_since(stack.now())).await;
    assert!(list(&stack, "week").await.is_empty());
    stack.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(list(&stack, "week").await.len(), 1);
}

#[tokio::test]
async fn an_analysis_rests_on_the_same_facts_after_a_rebuild() {
    let stack = start().await;
    let summary = a_bad_week(&stack).await;
    let before = get(&stack, &summary.analysis_id).await;
    client(&stack).rebuild(request("staff:ana", RebuildRequest {})).await.unwrap();
    stack.settle().await;
    assert_eq!(get(&stack, &summary.analysis_id).await, before);
    assert_eq!(before.adjustments, Vec::<Adjustment>::new());
}

#[tokio::test]
async fn wrong_questions_about_analyses_are_refused_by_name() {
    let stack = start().await;
    let page = Some(Page { size: 1000, token: String::new() });
    let wrong = ListAnalysesRequest { span: "year".into(), page };
    assert_eq!(wrong_fields(&analyses(&stack).list_analyses(wrong).await.unwrap_err()), ["span", "page.size"]);
    let ask = |id: &str| GetAnalysisRequest { analysis_id: id.into() };
    assert_eq!(wrong_fields(&analyses(&stack).get_analysis(ask("x")).await.unwrap_err()), ["analysis_id"]);
    let unknown = analyses(&stack).get_analysis(ask(&Uuid::now_v7().to_string())).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}
