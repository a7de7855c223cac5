//! A legal hold from outside: who holds, what it keeps, where it shows.
use contracts::{common::v1::CaseClass, complaint::v1::*};
use testkit::{request, wrong_fields};

use crate::house::{ANA, EVA, House, NAME, code, hours, id, micro, ok, on_wire, refund};

fn hold(number: u128) -> HoldComplaintRequest {
    HoldComplaintRequest {
        complaint_id: id(number),
        reason: "a lawsuit is to be expected".into(),
        ..Default::default()
    }
}

fn release(number: u128) -> ReleaseHoldRequest {
    ReleaseHoldRequest { complaint_id: id(number), reason: "it was settled".into() }
}

impl House {
    /// The complaints that are held.
    async fn held(&self) -> Vec<String> {
        let asked = request(ANA, ListComplaintsRequest { held: true, ..Default::default() });
        let listed = self.client().list_complaints(asked).await.unwrap().into_inner().complaints;
        listed.into_iter().map(|view| view.complaint_id).collect()
    }
}

#[tokio::test]
async fn a_hold_shows_in_view_and_list_with_its_reason_apart_and_an_authoritys_deadline() {
    let house = House::open().await;
    for number in 1..=2 {
        house.record(number, CaseClass::Delivery).await;
    }
    let report_by = on_wire(house.stack.now() + hours(240));
    let half = HoldComplaintRequest { regulator_case: "samr 7".into(), reason: String::new(), ..hold(2) };
    let refused = house.client().hold_complaint(request(EVA, half)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["reason", "regulator_case", "report_by"]);
    let whole = HoldComplaintRequest { regulator_case: "samr-2026-7".into(), report_by, ..hold(2) };
    ok(house.client().hold_complaint(request(EVA, whole)).await, "recorded");
    assert_eq!(code(&house.client().hold_complaint(request(EVA, hold(2))).await.unwrap_err()), "complaint.held");
    let view = house.view(2).await.hold.unwrap();
    assert_eq!((view.by.as_str(), view.regulator_case.as_str(), view.report_by), (EVA, "samr-2026-7", report_by));
    assert_eq!(house.held().await, [id(2)]);
    assert_eq!(house.events::<ComplaintHeld>().await[0].report_by, report_by);
    let note = &house.get(2).await.notes[0];
    assert_eq!((note.field.as_str(), note.by.as_str()), ("hold_reason", EVA));
    ok(house.client().release_hold(request(EVA, release(2))).await, "recorded");
    assert_eq!((house.view(2).await.hold, house.held().await), (None, vec![]));
    assert_eq!(house.events::<ComplaintHoldReleased>().await.len(), 1);
    assert_eq!(code(&house.client().release_hold(request(EVA, release(2))).await.unwrap_err()), "complaint.not_held");
    let nobody = house.client().release_hold(request(EVA, release(9))).await.unwrap_err();
    assert_eq!(code(&nobody), "complaint.not_found");
}

#[tokio::test]
async fn r_cmp_11_what_is_held_is_closed_by_no_silence_and_then_by_the_end_of_the_hold() {
    let house = House::open().await;
    house.investigate(1).await;
    house.offer(1, vec![refund(500)]).await;
    house.agree(1).await;
    house.carry_out(1).await;
    ok(house.client().hold_complaint(request(EVA, hold(1))).await, "satisfaction_check");
    house.stack.advance(hours(24 * 60)).await;
    assert_eq!(house.view(1).await.status, "satisfaction_check");
    ok(house.client().release_hold(request(EVA, release(1))).await, "satisfaction_check");
    // He is asked as often as was promised first.
    for _ in 0..4 {
        house.stack.advance(hours(24 * 10)).await;
    }
    let view = house.view(1).await;
    assert_eq!((view.status.as_str(), view.outcome.as_str()), ("closed", "unconfirmed"));
}

#[tokio::test]
async fn r_cmp_20_an_authoritys_deadline_is_warned_of_listed_when_it_passes_and_settled_with_the_hold() {
    let house = House::open().await;
    house.record(1, CaseClass::Delivery).await;
    house.withdraw(1).await.unwrap();
    let report_by = house.stack.now() + hours(240);
    let whole = HoldComplaintRequest { regulator_case: "samr-2026-7".into(), report_by: on_wire(report_by), ..hold(1) };
    ok(house.client().hold_complaint(request(EVA, whole)).await, "closed");
    house.stack.advance(hours(120)).await;
    let raised = async || {
        let all = house.events::<EscalationRaised>().await.into_iter();
        all.map(|one| (one.trigger(), one.level(), one.complaint_id)).collect::<Vec<_>>()
    };
    let warning = (EscalationTrigger::RegulatorReportWarning, EscalationLevel::DepartmentHead, id(1));
    assert_eq!(raised().await, std::slice::from_ref(&warning), "half of the time has passed");
    house.stack.advance(hours(120)).await;
    let listed = async || {
        let asked = request(ANA, ListOverdueRequest::default());
        let rows = house.client().list_overdue(asked).await.unwrap().into_inner().overdue.into_iter();
        rows.map(|row| (row.kind, row.id, row.due_at)).collect::<Vec<_>>()
    };
    assert_eq!((raised().await.len(), listed().await), (1, vec![]), "the due time itself is in time");
    house.stack.advance(micro()).await;
    let late = (EscalationTrigger::RegulatorReportLate, EscalationLevel::Management, id(1));
    assert_eq!(raised().await, [warning, late]);
    assert_eq!(listed().await, [("regulator_report".to_owned(), id(1), on_wire(report_by))]);
    let open = async || house.escalations().await.iter().filter(|one| one.status != "closed").count();
    assert_eq!(open().await, 1, "what is late is warned of no more");
    ok(house.client().release_hold(request(EVA, release(1))).await, "closed");
    house.stack.settle().await;
    assert_eq!((open().await, listed().await), (0, vec![]));
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn what_was_written_about_a_held_complaint_is_not_erased() {
    let house = House::open().await;
    house.investigate(1).await;
    ok(house.client().hold_complaint(request(EVA, hold(1))).await, "investigating");
    let pool = house.stack.pool(NAME);
    let erase = async || sqlx::query("delete from private_text").execute(&pool).await;
    let refused = erase().await.unwrap_err();
    assert!(refused.to_string().contains("legal hold"), "{refused}");
    ok(house.client().release_hold(request(EVA, release(1))).await, "investigating");
    assert!(erase().await.unwrap().rows_affected() >= 2, "the reasons of the hold and of its end");
}
