//! Improvement actions from outside: complaints become reports, reports are told, and what comes back is counted.
use contracts::{
    common::v1::{CaseClass, Page, Receipt},
    complaint::v1::{improvements_client::ImprovementsClient, *},
    outreach::v1::{MessageFailed, MessageSent, Purpose},
};
use testkit::request;
use tonic::{Code, Response, Status, transport::Channel};
use uuid::Uuid;

use crate::house::{ANA, BEN, House, NAME, code, conclude, fields, hours, id, micro, ok, on_wire};

const DAY: i64 = 24;

impl House {
    fn improvements(&self) -> ImprovementsClient<Channel> {
        ImprovementsClient::new(self.stack.channel(NAME))
    }

    /// Against the problem all complaints of [`conclude`] have; says the action's id.
    async fn propose(&self) -> String {
        let asked = request(ANA, proposal(self));
        let receipt = ok(self.improvements().propose(asked).await, "proposed");
        receipt.id
    }

    /// A complaint of the product, looked into and concluded.
    async fn conclude(&self, number: u128) {
        self.investigate(number).await;
        ok(self.client().conclude_investigation(request(ANA, conclude(number))).await, "investigated");
        self.stack.settle().await;
    }

    async fn accept_and_work(&self, action_id: &str) {
        let accept = AcceptImprovementRequest { action_id: action_id.into() };
        ok(self.improvements().accept(request(BEN, accept)).await, "accepted");
        let text = "the mould of the cap is worn".into();
        let work = StartImprovementWorkRequest {
            action_id: action_id.into(),
            root_cause_code: "supplier.mould_worn".into(),
            text,
        };
        ok(self.improvements().start_work(request(BEN, work)).await, "in_work");
    }

    async fn bring_out(&self, action_id: &str) {
        let text = "a new mould since Monday".into();
        let release = ReleaseImprovementRequest { action_id: action_id.into(), check_after_days: 30, text };
        ok(self.improvements().release(request(BEN, release)).await, "released");
        self.stack.settle().await;
    }

    async fn judge(&self, action_id: &str, effective: bool) -> Result<Response<Receipt>, Status> {
        let text = "counted".into();
        self.improvements()
            .judge(request(BEN, JudgeImprovementRequest { action_id: action_id.into(), effective, text }))
            .await
    }

    async fn improvement(&self, action_id: &str) -> GetImprovementResponse {
        let asked = GetImprovementRequest { action_id: action_id.into() };
        self.improvements().get_improvement(request(ANA, asked)).await.unwrap().into_inner()
    }

    async fn action(&self, action_id: &str) -> ImprovementView {
        self.improvement(action_id).await.improvement.unwrap()
    }

    /// Outreach says that it sent the message of a notice.
    async fn notice_sent(&self, notice: &ImprovementNoticeRequested) {
        let message_id: Uuid = notice.message_id.parse().unwrap();
        let sent = MessageSent {
            message_id: message_id.to_string(),
            purpose: Purpose::Improvement.into(),
            about_id: notice.action_id.clone(),
            sent_at: on_wire(self.stack.now()),
            ..MessageSent::default()
        };
        self.hear("outreach", &sent, message_id.as_u128()).await;
    }
}

fn proposal(house: &House) -> ProposeImprovementRequest {
    ProposeImprovementRequest {
        cause_code: "packaging.leak".into(),
        product_id: "p-7".into(),
        class: 0,
        owner_department: "quality".into(),
        due_by: on_wire(house.stack.now() + hours(30 * DAY)),
        text: "another cap".into(),
        finding_id: String::new(),
    }
}

fn complaint_of(notices: &[ImprovementNoticeRequested], number: u128) -> &ImprovementNoticeRequested {
    notices.iter().find(|notice| notice.complaint_ids == [id(number)]).unwrap()
}

#[tokio::test]
async fn r_cmp_15_the_loop_is_closed_with_every_reporter_before_the_measure_is_effective() {
    let house = House::open().await;
    house.conclude(1).await;
    let action_id = house.propose().await;
    let attach = AttachReporterRequest { action_id: action_id.clone(), complaint_id: id(1) };
    ok(house.improvements().attach_reporter(request(ANA, attach.clone())).await, "proposed");
    let again = house.improvements().attach_reporter(request(ANA, attach)).await.unwrap_err();
    assert_eq!(code(&again), "improvement.attached");
    house.conclude(2).await;
    house.conclude(3).await;
    assert_eq!(house.action(&action_id).await.reporters, 3, "complaints with the problem become reports by themselves");
    house.accept_and_work(&action_id).await;
    house.bring_out(&action_id).await;

    let notices = house.events::<ImprovementNoticeRequested>().await;
    let mut customers: Vec<_> = notices.iter().map(|notice| notice.customer_id.clone()).collect();
    customers.sort();
    assert_eq!(customers, [2_001, 2_002, 2_003].map(id));
    house.notice_sent(complaint_of(&notices, 1)).await;
    let failed = complaint_of(&notices, 2);
    let (purpose, about_id, code_of) = (Purpose::Improvement.into(), action_id.clone(), "no_contact".to_owned());
    let unsent = MessageFailed { message_id: failed.message_id.clone(), purpose, about_id, code: code_of };
    house.hear("outreach", &unsent, failed.message_id.parse::<Uuid>().unwrap().as_u128()).await;
    let told: Vec<_> =
        house.improvement(&action_id).await.reporters.into_iter().map(|reporter| reporter.told).collect();
    assert_eq!(told, ["informed", "failed", "asked"]);

    house.stack.advance(hours(30 * DAY)).await;
    assert_eq!(house.action(&action_id).await.status, "effectiveness_check");
    let open = house.judge(&action_id, true).await.unwrap_err();
    assert_eq!((open.code(), code(&open).as_str()), (Code::FailedPrecondition, "improvement.loop_open"));
    let person = RecordReporterInformedRequest { action_id: action_id.clone(), complaint_id: id(2) };
    ok(house.improvements().record_informed(request(ANA, person)).await, "effectiveness_check");
    let reason = SuppressionReason::DoNotContact.into();
    let suppress = SuppressReporterRequest { action_id: action_id.clone(), complaint_id: id(3), reason };
    ok(house.improvements().suppress_reporter(request(ANA, suppress)).await, "effectiveness_check");
    ok(house.judge(&action_id, true).await, "effective");
    let effective = &house.events::<ImprovementEffective>().await[0];
    assert_eq!((effective.reporters, effective.informed, effective.suppressed), (3, 2, 1));
    let expected = "ImprovementProposed ImprovementReporterAttached ImprovementReporterAttached \
                    ImprovementReporterAttached ImprovementAccepted ImprovementWorkStarted ImprovementReleased \
                    ImprovementNoticeRequested ImprovementNoticeRequested ImprovementNoticeRequested \
                    ImprovementReporterInformed ImprovementNoticeFailed EffectivenessCheckStarted \
                    ImprovementReporterInformed ImprovementReporterSuppressed ImprovementEffective";
    assert_eq!(house.history(&action_id).await.join(" "), expected);
    let notes = house.improvement(&action_id).await.notes;
    let words: Vec<_> = notes.iter().map(|note| (note.field.as_str(), note.by.as_str())).collect();
    assert_eq!(words, [("verdict", BEN), ("measure", BEN), ("root_cause", BEN), ("proposal", ANA)]);
    let journal = house.stack.journal(NAME).await;
    for note in notes {
        let told = |payload: &[u8]| payload.windows(note.text.len()).any(|part| part == note.text.as_bytes());
        assert!(!journal.iter().any(|row| told(&row.payload)), "{} is in the journal", note.text);
    }
    assert_eq!(house.stack.parked(NAME).await, 0);
}

#[tokio::test]
async fn r_cmp_15_the_same_problem_after_the_release_is_a_recurrence_and_reopens_the_measure() {
    let house = House::open().await;
    let action_id = house.propose().await;
    house.conclude(1).await;
    house.accept_and_work(&action_id).await;
    house.bring_out(&action_id).await;
    house.stack.advance(hours(DAY)).await;
    house.conclude(2).await;
    house.record(3, CaseClass::Delivery).await;
    let view = house.action(&action_id).await;
    assert_eq!((view.recurrences, view.reporters, view.before, view.after), (1, 1, 1, 1));
    assert!(house.events::<ImprovementReporterAttached>().await[1].recurrence);
    assert_eq!(house.events::<ImprovementNoticeRequested>().await.len(), 1, "only who reported before is told");
    house.stack.advance(hours(29 * DAY)).await;
    ok(house.judge(&action_id, false).await, "ineffective");
    let reopen = ReopenImprovementRequest {
        action_id: action_id.clone(),
        root_cause_code: "supplier.resin".into(),
        due_by: on_wire(house.stack.now() + hours(DAY)),
        text: "the resin, not the mould".into(),
    };
    ok(house.improvements().reopen(request(BEN, reopen)).await, "in_work");
    house.stack.advance(hours(DAY)).await;
    assert!(!house.action(&action_id).await.overdue, "the due time itself is in time");
    house.stack.advance(micro()).await;
    assert!(house.action(&action_id).await.overdue);
    let overdue = house.events::<ImprovementOverdue>().await;
    assert_eq!((overdue.len(), overdue[0].owner_department.as_str()), (1, "quality"));
    let raised = house.events::<EscalationRaised>().await;
    let [raised] = raised.iter().filter(|e| e.action_id == action_id).collect::<Vec<_>>().try_into().unwrap();
    let late = (EscalationTrigger::ImprovementLate, EscalationLevel::DepartmentHead, "quality");
    assert_eq!((raised.trigger(), raised.level(), raised.department.as_str()), late);
    house.stack.advance(hours(DAY) + micro()).await;
    let up = house.events::<EscalationPassedUp>().await;
    assert!(up.iter().any(|up| up.action_id == action_id && up.level() == EscalationLevel::Management));
    house.bring_out(&action_id).await;
    let closed = house.events::<EscalationClosed>().await;
    let closed = closed.iter().find(|closed| closed.escalation_id == raised.escalation_id);
    assert!(closed.unwrap().settled, "the release settles it");
    assert_eq!(house.events::<ImprovementNoticeRequested>().await.len(), 3, "the next release is told to both");
}

#[tokio::test]
async fn r_cmp_16_a_proposal_names_the_finding_it_comes_from() {
    let house = House::open().await;
    let proposal = ProposeImprovementRequest { finding_id: id(77), ..proposal(&house) };
    let receipt = ok(house.improvements().propose(request(ANA, proposal)).await, "proposed");
    assert_eq!(house.action(&receipt.id).await.finding_id, id(77));
    let told = house.events::<ImprovementProposed>().await;
    assert_eq!(told.iter().map(|event| event.finding_id.clone()).collect::<Vec<_>>(), [id(77)]);
}

#[tokio::test]
async fn improvement_requests_name_every_wrong_field_and_every_refusal_its_code() {
    let house = House::open().await;
    let mut client = house.improvements();
    let bad = || "x".to_owned();
    let wrong = ProposeImprovementRequest {
        cause_code: "Leak!".into(),
        product_id: String::new(),
        class: CaseClass::Suggestion.into(),
        owner_department: "nobody".into(),
        due_by: on_wire(house.stack.now()),
        text: " ".into(),
        finding_id: bad(),
    };
    let all = ["cause_code", "class", "owner_department", "due_by", "text", "finding_id"];
    assert_eq!(fields(&client.propose(request(ANA, wrong)).await.unwrap_err()), all);
    let wrong =
        ProposeImprovementRequest { class: CaseClass::Repair.into(), product_id: "p".repeat(101), ..proposal(&house) };
    assert_eq!(fields(&client.propose(request(ANA, wrong)).await.unwrap_err()), ["product_id", "class"]);
    let wrong = ReleaseImprovementRequest { action_id: bad(), check_after_days: 367, text: String::new() };
    let all = ["action_id", "check_after_days", "text"];
    assert_eq!(fields(&client.release(request(ANA, wrong)).await.unwrap_err()), all);
    let wrong = StartImprovementWorkRequest { action_id: bad(), root_cause_code: "-".into(), text: String::new() };
    assert_eq!(
        fields(&client.start_work(request(ANA, wrong)).await.unwrap_err()),
        ["action_id", "root_cause_code", "text"]
    );
    let wrong = AttachReporterRequest { action_id: bad(), complaint_id: bad() };
    assert_eq!(fields(&client.attach_reporter(request(ANA, wrong)).await.unwrap_err()), ["action_id", "complaint_id"]);
    let wrong = RecordReporterInformedRequest { action_id: bad(), complaint_id: bad() };
    assert_eq!(fields(&client.record_informed(request(ANA, wrong)).await.unwrap_err()), ["action_id", "complaint_id"]);
    let wrong = SuppressReporterRequest { action_id: bad(), complaint_id: bad(), reason: 77 };
    let all = ["action_id", "complaint_id", "reason"];
    assert_eq!(fields(&client.suppress_reporter(request(ANA, wrong)).await.unwrap_err()), all);
    let wrong = JudgeImprovementRequest { action_id: bad(), effective: true, text: String::new() };
    assert_eq!(fields(&client.judge(request(ANA, wrong)).await.unwrap_err()), ["action_id", "text"]);
    let wrong =
        ReopenImprovementRequest { action_id: bad(), root_cause_code: bad(), due_by: None, text: String::new() };
    assert_eq!(fields(&client.reopen(request(ANA, wrong)).await.unwrap_err()), ["action_id", "due_by", "text"]);
    let nobody = tonic::Request::new(GetImprovementRequest { action_id: bad() });
    let all = ["metadata.aftercare-actor", "action_id"];
    assert_eq!(fields(&client.get_improvement(nobody).await.unwrap_err()), all);
    let page = Some(Page { size: 201, token: "x".into() });
    let wrong = ListImprovementsRequest { status: "open".into(), owner_department: "Q".into(), page };
    let all = ["status", "owner_department", "page.size", "page.token"];
    assert_eq!(fields(&client.list_improvements(request(ANA, wrong)).await.unwrap_err()), all);
    assert_eq!(house.stack.journal(NAME).await.len(), 0);

    let accept = |number| request(ANA, AcceptImprovementRequest { action_id: id(number) });
    let unknown = client.accept(accept(9)).await.unwrap_err();
    assert_eq!((unknown.code(), code(&unknown).as_str()), (Code::NotFound, "improvement.not_found"));
    let action_id = house.propose().await;
    let exists = client.propose(request(BEN, proposal(&house))).await.unwrap_err();
    assert_eq!((exists.code(), code(&exists).as_str()), (Code::FailedPrecondition, "improvement.exists"));
    let nothing = AttachReporterRequest { action_id: action_id.clone(), complaint_id: id(9) };
    assert_eq!(code(&client.attach_reporter(request(ANA, nothing)).await.unwrap_err()), "complaint.not_found");
    let stranger = SuppressReporterRequest { action_id: action_id.clone(), complaint_id: id(9), reason: 1 };
    let stranger = client.suppress_reporter(request(ANA, stranger)).await.unwrap_err();
    assert_eq!(code(&stranger), "improvement.unknown_reporter");
    assert_eq!(code(&house.judge(&action_id, true).await.unwrap_err()), "improvement.not_now");
}

#[tokio::test]
async fn improvements_are_listed_in_pages() {
    let house = House::open().await;
    for product in ["a", "b", "c"] {
        let propose = ProposeImprovementRequest { product_id: product.into(), ..proposal(&house) };
        ok(house.improvements().propose(request(ANA, propose)).await, "proposed");
        house.stack.advance(hours(1)).await;
    }
    let (mut products, mut token) = (Vec::new(), String::new());
    loop {
        let asked = ListImprovementsRequest {
            status: "proposed".into(),
            owner_department: "quality".into(),
            page: Some(Page { size: 2, token }),
        };
        let answer = house.improvements().list_improvements(request(ANA, asked)).await.unwrap().into_inner();
        products.extend(answer.improvements.into_iter().map(|view| view.product_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(products, ["a", "b", "c"], "oldest first, each once");
    let asked = ListImprovementsRequest { owner_department: "medical".into(), ..Default::default() };
    let none = house.improvements().list_improvements(request(ANA, asked)).await.unwrap().into_inner();
    assert_eq!(none.improvements, []);
}
