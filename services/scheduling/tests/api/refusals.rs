//! Requests and events that are wrong: refused or parked, each by its own fault, and nothing half-stored.
use contracts::{
    common::v1::Page,
    intake::v1::PurchaseRecorded,
    scheduling::v1::{
        FollowUpCompleted, FollowUpPlanned, GetFollowUpRequest, ListFollowUpsRequest, RecordAnswerRequest,
    },
};
use jiff::{SignedDuration, Timestamp};
use testkit::request;
use tonic::Code;

use crate::house::{House, NAME, about, code, days, fields, id, on_wire, purchase};

#[tokio::test]
async fn bad_answers_are_refused_field_by_field_and_leave_nothing() {
    let house = House::open().await;
    house.sell(1, 2).await;
    let before = house.0.journal(NAME).await.len();
    let wrong = RecordAnswerRequest {
        follow_up_id: "x".into(),
        purchase_id: String::new(),
        score: 6,
        comment: format!("{}\0", "字".repeat(4_000)),
        answered_at: on_wire(house.0.now() + SignedDuration::from_secs(1)),
        ..Default::default()
    };
    let refused = house.answer(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(fields(&refused), ["follow_up_id", "score", "comment", "answered_at"]);

    let odd = |seconds, nanos| Some(contracts::Timestamp { seconds, nanos });
    for (asked, field) in [
        (RecordAnswerRequest { score: 3, ..Default::default() }, "follow_up_id"),
        (RecordAnswerRequest { follow_up_id: id(9), ..about(1, 3) }, "purchase_id"),
        (RecordAnswerRequest { purchase_id: "1".repeat(5_000), ..about(1, 3) }, "purchase_id"),
        (about(1, 0), "score"),
        (about(1, u32::MAX), "score"),
        (RecordAnswerRequest { comment: "a".repeat(4_001), ..about(1, 3) }, "comment"),
        (RecordAnswerRequest { comment: "bell\u{7}".into(), ..about(1, 3) }, "comment"),
        (RecordAnswerRequest { answered_at: odd(i64::MAX, 0), ..about(1, 3) }, "answered_at"),
        (RecordAnswerRequest { answered_at: odd(0, 2_000_000_000), ..about(1, 3) }, "answered_at"),
        (RecordAnswerRequest { answered_at: odd(-300_000_000_000, 0), ..about(1, 3) }, "answered_at"),
    ] {
        let refused = house.answer(asked).await.unwrap_err();
        assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec![field.to_owned()]));
    }

    let early = RecordAnswerRequest { answered_at: on_wire(house.0.now() - days(1)), ..about(1, 3) };
    let refused = house.answer(early).await.unwrap_err();
    assert_eq!(
        (refused.code(), code(&refused).as_str()),
        (Code::FailedPrecondition, "follow_up.answered_before_purchase")
    );
    for unknown in [about(77, 3), RecordAnswerRequest { follow_up_id: id(77), score: 3, ..Default::default() }] {
        let refused = house.answer(unknown).await.unwrap_err();
        assert_eq!((refused.code(), code(&refused).as_str()), (Code::NotFound, "follow_up.not_found"));
    }
    let mut nobody = request("Ana", about(1, 6));
    nobody.metadata_mut().insert("idempotency-key", "k".repeat(201).parse().unwrap());
    let nobody = house.client().record_answer(nobody).await.unwrap_err();
    assert_eq!(fields(&nobody), ["metadata.aftercare-actor", "metadata.idempotency-key", "score"]);
    assert_eq!(house.0.journal(NAME).await.len(), before);
    // the longest comment is taken, and one of blanks is none
    house.answer(RecordAnswerRequest { comment: "字".repeat(4_000), ..about(1, 3) }).await.unwrap();
    house.sell(5, 6).await;
    house.answer(RecordAnswerRequest { comment: " \n".into(), ..about(5, 3) }).await.unwrap();
    let commented = house.events::<FollowUpCompleted>().await.iter().map(|answer| answer.commented).collect::<Vec<_>>();
    assert_eq!(commented, [true, false]);
}

#[tokio::test]
async fn lists_come_in_pages_and_bad_questions_are_refused() {
    let house = House::open().await;
    for number in 0..5 {
        house.sell(10 + number, 20 + number).await;
        house.0.advance(SignedDuration::from_mins(i64::from(number > 1))).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = Some(Page { size: 2, token });
        let asked = ListFollowUpsRequest { status: "due".into(), page, ..Default::default() };
        let answer = house.client().list_follow_ups(request("staff:ana", asked)).await.unwrap().into_inner();
        assert!(answer.follow_ups.len() <= 2);
        let owed = answer.follow_ups.into_iter().map(|view| view.planned.unwrap());
        seen.extend(owed.map(|owed| (owed.window_end.unwrap().seconds, owed.follow_up_id)));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (5, &sorted), "each once, nearest window end first");

    let ask = |status: &str, purchase_id: &str, size, token: &str| ListFollowUpsRequest {
        status: status.into(),
        purchase_id: purchase_id.into(),
        page: Some(Page { size, token: token.into() }),
        flagged: false,
    };
    let far = format!("{}~-009999-01-02T00:00:00Z", id(1));
    for (asked, wrong) in [
        (ask("absent", "", 0, ""), vec!["status"]),
        (ask("", "", 0, ""), vec!["status"]),
        (ask("DUE", "x", 201, "x"), vec!["status", "purchase_id", "page.size", "page.token"]),
        (ask("due", "", 0, "nonsense"), vec!["page.token"]),
        (ask("due", "", 0, &far), vec!["page.token"]),
    ] {
        let refused = house.client().list_follow_ups(request("staff:ana", asked)).await.unwrap_err();
        assert_eq!(
            (refused.code(), fields(&refused)),
            (Code::InvalidArgument, wrong.iter().map(|&w| w.into()).collect())
        );
    }
    let asked = GetFollowUpRequest { follow_up_id: "x".into() };
    let refused = house.client().get_follow_up(request("staff:ana", asked)).await.unwrap_err();
    assert_eq!(fields(&refused), ["follow_up_id"]);
    let asked = GetFollowUpRequest { follow_up_id: id(77) };
    let refused = house.client().get_follow_up(request("staff:ana", asked)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn a_sale_that_cannot_be_read_is_parked_alone() {
    let house = House::open().await;
    let now = house.0.now();
    house.hear(&PurchaseRecorded { customer_id: "nobody".into(), ..purchase(1, 2, now, "tools") }, 1, 1).await;
    house.hear(&PurchaseRecorded { bought_at: None, ..purchase(3, 2, now, "tools") }, 3, 1).await;
    let ancient: Timestamp = "-009990-01-02T00:00:00Z".parse().unwrap();
    house.hear(&purchase(5, 2, ancient, "tools"), 5, 1).await;
    house.sell(7, 8).await;
    assert_eq!(house.0.parked(NAME).await, 3);
    assert_eq!(house.follow_ups(7).await.len(), 3);
    assert_eq!(house.events::<FollowUpPlanned>().await.len(), 3);
}
