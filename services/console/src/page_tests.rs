//! The page is written whatever the others say: everything, nothing, or something hostile.
use askama::Template;
use contracts::{
    Event as _, Message,
    analytics::v1::{self as analytics, GetFiguresResponse},
    common::v1::{Count, Money},
    complaint::v1::{self as complaint, ComplaintRecorded, EscalationRaised},
    fulfilment::v1 as fulfilment,
    intake::v1 as intake,
    operations::v1::{ConsumerStatus, GetStatusResponse, JournalEntry},
    outreach::v1 as outreach,
    scheduling::v1 as scheduling,
};

use super::*;

const SERVICES: [&str; 6] = ["intake", "scheduling", "complaint", "fulfilment", "outreach", "analytics"];

fn count(key: &str, count: u64) -> Count {
    Count { key: key.to_owned(), count }
}

fn nobody_answers() -> Board {
    fn away<T>() -> Said<T> {
        Err("away".to_owned())
    }
    Board {
        now: jiff::Timestamp::UNIX_EPOCH,
        services: SERVICES.map(|name| (name, away())).into(),
        intake: away(),
        scheduling: away(),
        complaint: away(),
        fulfilment: away(),
        outreach: away(),
        escalations: away(),
        events: Vec::new(),
        figures: away(),
    }
}

fn everybody_answers() -> Board {
    let status = GetStatusResponse {
        relay_backlog: 3,
        relay_oldest_ms: 1500,
        consumers: vec![ConsumerStatus { stream: "INTAKE".into(), lag: 12, delivered_stream_seq: 40, unknown: false }],
        parked: 1,
        deadlines_overdue: 2,
        journal_last_seq: 99,
        ..GetStatusResponse::default()
    };
    let raised = EscalationRaised {
        complaint_id: "0190-complaint".into(),
        department: "logistics".into(),
        detail: Some(complaint::EscalationDetail { what: "parcel".into(), ..Default::default() }),
        level: EscalationLevel::Management.into(),
        trigger: EscalationTrigger::InvestigationLate.into(),
        raised_at: Some(contracts::Timestamp { seconds: 86_400, nanos: 0 }),
        ..EscalationRaised::default()
    };
    let recorded = ComplaintRecorded { department: "quality".into(), ..ComplaintRecorded::default() };
    let entry = JournalEntry {
        r#type: ComplaintRecorded::TYPE.into(),
        payload: recorded.encode_to_vec().into(),
        actor: "staff:ana".into(),
        aggregate_id: "0190-aggregate".into(),
        ..JournalEntry::default()
    };
    let share = analytics::Figure {
        metric: "M06".into(),
        name: "customer satisfaction".into(),
        part: "share".into(),
        value: Some(0.8),
        unit: "ratio".into(),
        n: 50,
        numerator: Some(40),
        lower: Some(0.67),
        upper: Some(0.888),
    };
    let absent =
        analytics::Figure { metric: "M13".into(), unit: "per_thousand".into(), ..analytics::Figure::default() };
    let cost = |part: &str, minor: f64| analytics::Figure {
        metric: "M34".into(),
        part: part.into(),
        value: Some(minor),
        unit: "minor_units".into(),
        ..analytics::Figure::default()
    };
    let (costs, by_cause) = (cost("mean.CNY", 98_765.0), cost("CNY.cause.broken", 43_210.0));
    let watermark = analytics::Watermark { stream: "DEPT".into(), events: 7, ..analytics::Watermark::default() };
    Board {
        services: SERVICES.map(|name| (name, Ok(status.clone()))).into(),
        intake: Ok(intake::GetOverviewResponse {
            purchases: 1234,
            customers: 1200,
            cases: vec![count("open", 5)],
            late: 4,
            open_health: 1,
            quarantined: 3,
        }),
        scheduling: Ok(scheduling::GetOverviewResponse { follow_ups: vec![count("due", 17)], late: 0 }),
        complaint: Ok(complaint::GetOverviewResponse {
            complaints: vec![count("solution_drafted", 6)],
            open_tasks: vec![count("quality", 9), count("logistics", 2)],
            late_tasks: vec![count("quality", 3)],
            escalations: vec![count("raised", 1)],
            late_investigations: 8,
            ..complaint::GetOverviewResponse::default()
        }),
        fulfilment: Ok(fulfilment::GetOverviewResponse {
            orders: vec![count("completed", 11)],
            refunds: vec![count("succeeded", 10)],
            refunded: vec![Money { minor: 123_456, currency: "BRL".into() }],
            failed_webhooks: vec![],
            ..fulfilment::GetOverviewResponse::default()
        }),
        outreach: Ok(outreach::GetOverviewResponse { messages: vec![count("sent", 21)] }),
        escalations: Ok(complaint::ListEscalationsResponse {
            escalations: vec![EscalationView { raised: Some(raised), ..EscalationView::default() }],
            next_page_token: String::new(),
        }),
        events: vec![("complaint", entry)],
        figures: Ok(GetFiguresResponse { figures: vec![share, absent, costs, by_cause], watermarks: vec![watermark] }),
        ..nobody_answers()
    }
}

fn written(board: &Board) -> String {
    Page::of(board, true).render().unwrap()
}

fn assert_says(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is missing in\n{page}");
    }
}

#[test]
fn everything_is_shown_when_everybody_answers() {
    let page = written(&everybody_answers());
    assert_says(&page, &["As of 1970-01-01 00:00:00 UTC", "1234", "solution drafted", "quality", "1234.56 BRL"]);
    assert_says(
        &page,
        &["1970-01-02 00:00:00", "management", "investigation late: parcel", "logistics", "complaint 0190-complaint"],
    );
    assert_says(&page, &["complaint recorded", "staff:ana", "department", "0190-aggregate"]);
    assert_says(&page, &["80.0 %", ">50<", "67.0 % to 88.8 %", "no data", "3, oldest 1.50 s", "INTAKE 12"]);
    assert!(page.contains("987.65 CNY") && !page.contains("432.10"), "whom costs lie with is asked for apart");
    assert!(!page.contains("not known") && !page.contains("Not known"), "{page}");
}

#[test]
fn late_ones_stand_out_and_others_do_not() {
    let page = written(&everybody_answers());
    assert_says(
        &page,
        &["in 24 hours</th>\n<td class=\"n bad\">8</td>", "beyond their window</th>\n<td class=\"n\">0</td>"],
    );
}

#[test]
fn every_service_that_is_away_shows_as_such_and_the_page_is_whole() {
    let page = written(&nobody_answers());
    for service in SERVICES {
        assert_says(&page, &[&format!("<th scope=\"row\">{service}</th>\n<td class=\"bad\" colspan=\"6\">away</td>")]);
    }
    // eight groups of the chain, four late lines, departments, escalations, figures
    assert_eq!(page.to_lowercase().matches("not known: away").count(), 8 + 4 + 3, "{page}");
    assert!(page.trim_end().ends_with("</html>"));
}

#[test]
fn one_that_is_away_takes_nothing_from_the_others() {
    let board = Board { complaint: Err("no answer within 2 s".to_owned()), ..everybody_answers() };
    let page = written(&board);
    assert_says(&page, &["not known: no answer within 2 s", "1234", "80.0 %"]);
}

#[test]
fn what_others_say_is_text_and_never_markup() {
    let mut board = everybody_answers();
    board.intake = Err("<script>alert(1)</script>".to_owned());
    board.events[0].1.actor = "staff:<b>".to_owned();
    board.events[0].1.payload = b"\xff\xff".as_slice().into();
    let page = written(&board);
    assert!(!page.contains("<script") && !page.contains("staff:<b>"), "{page}");
    assert_says(&page, &["2 bytes of an unknown event"]);
}

#[test]
fn it_loads_itself_again_unless_told_not_to() {
    let board = nobody_answers();
    assert_says(&Page::of(&board, true).render().unwrap(), &["http-equiv=\"refresh\" content=\"5\""]);
    assert!(!Page::of(&board, false).render().unwrap().contains("http-equiv=\"refresh\""));
}

#[test]
fn it_can_be_used_without_eyes_or_mouse() {
    let page = written(&everybody_answers());
    assert_says(
        &page,
        &["<html lang=\"en\">", "<title>", "<main>", "href=\"#chain\"", "scope=\"col\"", "scope=\"row\""],
    );
    let heading_levels: Vec<_> = page.match_indices("<h").filter_map(|(at, _)| page[at + 2..].chars().next()).collect();
    assert_eq!(heading_levels.iter().filter(|c| **c == '1').count(), 1);
    assert!(!page.contains("<script"));
}
