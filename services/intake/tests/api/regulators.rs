//! Reports to authorities through the doors: owed with the contact, warned of, late, kept by a receipt, withdrawn.
use contracts::{
    common::v1::Page,
    intake::v1::{
        ListRegulatorReportsRequest, RecordHealthRequest, RecordRegulatorReceiptRequest, RegulatorReceiptRecorded,
        RegulatorReport, RegulatorReportDueSoon, RegulatorReportLate, RegulatorReportOwed, RegulatorReportWithdrawn,
        WithdrawRegulatorReportRequest, health_lane_client::HealthLaneClient, regulators_client::RegulatorsClient,
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::{Stack, request, wrong_fields};
use tonic::{Code, transport::Channel};

use super::{case_with, post_case, start};

fn client(stack: &Stack) -> RegulatorsClient<Channel> {
    RegulatorsClient::new(stack.channel("intake"))
}

async fn harm(stack: &Stack, severity: u8) -> String {
    let health = json!({ "severity": severity });
    let reply = post_case(stack, &case_with(json!({ "class": "discomfort", "health": health }))).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["case_id"].as_str().unwrap().to_owned()
}

fn receipt(case_id: &str, number: &str, at: Timestamp) -> RecordRegulatorReceiptRequest {
    let received_at = Some(backbone::proto::timestamp(at));
    RecordRegulatorReceiptRequest {
        case_id: case_id.into(),
        pack: "cn_cosmetics".into(),
        number: number.into(),
        received_at,
    }
}

/// All that are open, page by page.
async fn open(stack: &Stack) -> Vec<RegulatorReport> {
    let (mut reports, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 1, token });
        let asked = ListRegulatorReportsRequest { page, ..Default::default() };
        let part = client(stack).list_regulator_reports(asked).await.unwrap().into_inner();
        reports.extend(part.reports);
        token = part.next_page_token;
        if token.is_empty() {
            return reports;
        }
    }
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

#[tokio::test]
async fn a_report_is_owed_with_the_harm_and_kept_by_the_receipt_alone() {
    let stack = start().await;
    let (began, mild, severe) = (stack.now(), harm(&stack, 1).await, harm(&stack, 3).await);
    assert_eq!(post_case(&stack, &case_with(json!({}))).await.status, 201);
    let owed: Vec<_> = open(&stack).await.into_iter().map(|one| (one.case_id, one.term, one.status)).collect();
    let running = |case: &str, term: &str| (case.to_owned(), term.to_owned(), "running".to_owned());
    assert_eq!(owed, [running(&severe, "serious"), running(&mild, "general")], "the first due first");
    assert_eq!(stack.events::<RegulatorReportOwed>("intake").await.len(), 2);

    stack.advance(days(15)).await;
    assert!(stack.events::<RegulatorReportLate>("intake").await.is_empty());
    stack.advance(SignedDuration::from_millis(1)).await;
    let [late] = stack.events::<RegulatorReportLate>("intake").await.try_into().unwrap();
    assert_eq!((late.case_id, late.pack, late.term), (severe.clone(), "cn_cosmetics".into(), "serious".into()));
    let warned: Vec<_> = stack.events::<RegulatorReportDueSoon>("intake").await;
    let mut warned: Vec<_> = warned.iter().map(|one| (one.term.as_str(), one.warning.as_str())).collect();
    warned.sort_unstable();
    assert_eq!(warned, [("general", "50%"), ("serious", "50%"), ("serious", "80%")]);

    let first = receipt(&severe, "NMPA-1", began + days(14));
    client(&stack).record_regulator_receipt(request("staff:ana", first.clone())).await.unwrap();
    client(&stack).record_regulator_receipt(request("staff:ana", first)).await.unwrap();
    let [kept] = stack.events::<RegulatorReceiptRecorded>("intake").await.try_into().unwrap();
    assert_eq!((kept.in_time, kept.number.as_str(), kept.terms), (true, "NMPA-1", vec!["serious".to_owned()]));
    assert_eq!(open(&stack).await.len(), 1);
    let second = receipt(&severe, "NMPA-2", stack.now());
    let refused = client(&stack).record_regulator_receipt(request("staff:ana", second)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");

    // It was graver than was known, and that is reported by its own term.
    let graver = RecordHealthRequest { case_id: mild.clone(), death: true, ..Default::default() };
    HealthLaneClient::new(stack.channel("intake")).record_health(request("staff:ana", graver)).await.unwrap();
    let both: Vec<_> = open(&stack).await.into_iter().map(|one| one.term).collect();
    assert_eq!(both, ["general", "death_or_group"]);
    stack.advance(days(3) + SignedDuration::from_millis(1)).await;
    assert_eq!(stack.events::<RegulatorReportLate>("intake").await.len(), 2);
    let mine =
        WithdrawRegulatorReportRequest { case_id: mild.clone(), pack: "cn_cosmetics".into(), reason: "a hoax".into() };
    client(&stack).withdraw_regulator_report(request("staff:ana", mine)).await.unwrap();
    assert_eq!(open(&stack).await, []);
    let [withdrawn] = stack.events::<RegulatorReportWithdrawn>("intake").await.try_into().unwrap();
    assert_eq!(withdrawn.reports.len(), 2);
    let of_case = ListRegulatorReportsRequest { case_id: mild, ..Default::default() };
    let all = client(&stack).list_regulator_reports(of_case).await.unwrap().into_inner().reports;
    assert!(
        all.iter().all(|one| (one.withdrawn_because.as_str(), one.withdrawn_by.as_str()) == ("a hoax", "staff:ana"))
    );
    let of_case = ListRegulatorReportsRequest { case_id: severe, ..Default::default() };
    let [kept] = client(&stack).list_regulator_reports(of_case).await.unwrap().into_inner().reports.try_into().unwrap();
    assert_eq!((kept.status.as_str(), kept.receipts.len()), ("met", 1));
    assert_eq!(kept.receipts[0].recorded_by, "staff:ana");
}

#[tokio::test]
async fn a_chain_names_the_packs_that_hold_for_it() {
    let none = |_: &str, settings: &mut backbone::Settings| settings.service["regulators"]["apply"] = json!([]);
    let stack = Stack::start_with(&[&intake::SERVICE], none).await;
    harm(&stack, 4).await;
    assert_eq!(open(&stack).await, []);
}

#[tokio::test]
async fn what_is_wrong_with_a_receipt_is_named() {
    let stack = start().await;
    let bad = RecordRegulatorReceiptRequest { case_id: "x".into(), ..Default::default() };
    let refused = client(&stack).record_regulator_receipt(request("service:bot", bad)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id", "pack", "number", "received_at"]);
    let case = harm(&stack, 1).await;
    let ahead = receipt(&case, &"9".repeat(101), stack.now() + days(1));
    let refused = client(&stack).record_regulator_receipt(request("staff:ana", ahead)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["number", "received_at"]);
    let bad = WithdrawRegulatorReportRequest::default();
    let refused = client(&stack).withdraw_regulator_report(request("nobody", bad)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["metadata.aftercare-actor", "case_id", "pack", "reason"]);
    let id = uuid::Uuid::nil();
    for token in [format!("{id}~x"), format!("{id}~{}", i64::MAX), "x".to_owned()] {
        let page = Some(Page { size: 1, token });
        let asked = ListRegulatorReportsRequest { page, case_id: "y".into() };
        let refused = client(&stack).list_regulator_reports(asked).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["case_id", "page.token"]);
    }
}
