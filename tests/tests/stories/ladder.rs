//! Stories of who must look when it goes wrong: a department that is late twice, an offer that is refused three times.
use contracts::{
    common::v1::RemedyKind,
    complaint::v1::{
        AcknowledgeEscalationRequest, AnswerTaskRequest, CloseEscalationRequest, DecideEscalationRequest,
        EscalationLevel, EscalationTrigger, EscalationView, ListEscalationsRequest, ReturnAnswerRequest, TaskView,
    },
};
use jiff::SignedDuration;
use testkit::request;
use tonic_types::StatusExt;

use crate::{DAY, world::World};

const HEAD: &str = "staff:head-of-quality-lu";
const MANAGER: &str = "staff:manager-zhao";
const MANAGEMENT: &str = "staff:director-he";
const MICRO: SignedDuration = SignedDuration::from_micros(1);

impl World {
    /// What was raised about a complaint for this reason, oldest first.
    pub async fn raised(&self, complaint_id: &str, because: EscalationTrigger) -> Vec<EscalationView> {
        let all = request("staff:reader", ListEscalationsRequest::default());
        let mut views = self.complaints().list_escalations(all).await.unwrap().into_inner().escalations;
        views.retain(|view| {
            let raised = view.raised.as_ref().unwrap();
            (raised.trigger(), raised.complaint_id.as_str()) == (because, complaint_id)
        });
        views
    }

    async fn acknowledge(&self, by: &str, escalation_id: &str) -> String {
        let m = AcknowledgeEscalationRequest { escalation_id: escalation_id.into() };
        self.complaints().acknowledge_escalation(request(by, m)).await.unwrap().into_inner().status
    }

    /// Why it may not be acknowledged.
    async fn not_acknowledged(&self, by: &str, escalation_id: &str) -> String {
        let m = AcknowledgeEscalationRequest { escalation_id: escalation_id.into() };
        let refused = self.complaints().acknowledge_escalation(request(by, m)).await.unwrap_err();
        refused.get_details_error_info().unwrap().reason
    }

    /// Decided and closed.
    async fn decide(&self, by: &str, escalation_id: &str) {
        let (escalation_id, decision) = (escalation_id.to_owned(), "visit her, and give it all back".to_owned());
        let decide = DecideEscalationRequest { escalation_id: escalation_id.clone(), decision };
        self.complaints().decide_escalation(request(by, decide)).await.unwrap();
        let close = CloseEscalationRequest { escalation_id };
        self.complaints().close_escalation(request(by, close)).await.unwrap();
        self.stack.settle().await;
    }

    /// Time goes on until the task's answer is due, and that instant is in time.
    async fn until_due(&self, task: &TaskView) {
        let due = task.issued.as_ref().unwrap().answer_by;
        let due = backbone::proto::required("answer_by", due.as_ref()).unwrap();
        self.stack.advance(due.duration_since(self.stack.now())).await;
    }

    /// The last words of an escalation's subjects: the level it was at, and what happened.
    async fn steps(&self, escalation_id: &str) -> Vec<String> {
        let rows = self.stack.journal("complaint").await.into_iter();
        let rows = rows.filter(|row| row.aggregate_id.to_string() == escalation_id);
        rows.map(|row| row.subject.trim_start_matches("escalation.v1.").to_owned()).collect()
    }
}

/// A chain in which nobody acts who is not listed.
async fn strict() -> World {
    World::open_with(|name, settings| {
        if name == "complaint" {
            settings.service["posts"]["strict"] = true.into();
            settings.service["posts"]["members"] = serde_json::json!({
                "complaint_manager": [MANAGER],
                "department": ["staff:quality-li"],
                "department_head": [HEAD],
                "management": [MANAGEMENT],
            });
        }
    })
    .await
}

fn level(view: &EscalationView) -> EscalationLevel {
    view.raised.as_ref().unwrap().level()
}

#[tokio::test]
async fn r_cmp_13_r_rol_14_a_department_late_twice_goes_to_its_head_and_then_to_management_who_acknowledges_late() {
    let world = strict().await;
    let id = world.complain("o-1").await;
    let [task] = world.tasks(&id).await.try_into().unwrap();
    let late = async || world.raised(&id, EscalationTrigger::DepartmentLate).await;
    world.until_due(&task).await;
    assert!(late().await.is_empty(), "the due time itself is in time");
    world.stack.advance(MICRO).await;
    let [first] = late().await.try_into().unwrap();
    assert_eq!(
        (level(&first), first.raised.unwrap().department.as_str()),
        (EscalationLevel::DepartmentHead, "quality")
    );
    let manager = world.not_acknowledged(MANAGER, &first.escalation_id).await;
    assert_eq!(manager, "escalation.other_level", "it is the head's, and above the manager");
    assert_eq!(world.not_acknowledged("staff:passer-by", &first.escalation_id).await, "post.not_allowed");
    assert_eq!(world.acknowledge(HEAD, &first.escalation_id).await, "acknowledged");

    // It answers after all, the answer is sent back, and it is late again.
    let (task_id, department) = (task.task_id.clone(), "quality".to_owned());
    let text = "we do not know".to_owned();
    let answer = AnswerTaskRequest { task_id: task_id.clone(), department, text, ..Default::default() };
    world.complaints().answer_task(request("staff:quality-li", answer)).await.unwrap();
    let back = ReturnAnswerRequest { task_id, reason: "look at the batch".into() };
    world.complaints().return_answer(request(MANAGER, back)).await.unwrap();
    world.stack.settle().await;
    let [task] = world.tasks(&id).await.try_into().unwrap();
    world.until_due(&task).await;
    world.stack.advance(MICRO).await;
    let [first, second] = late().await.try_into().unwrap();
    assert_eq!(
        (first.status.as_str(), second.status.as_str()),
        ("acknowledged", "raised"),
        "who looks at one stays there"
    );
    assert_eq!(level(&second), EscalationLevel::DepartmentHead);

    // This time its head does not look. Nobody looks at the clock either, until management acknowledges: too late.
    world.stack.move_clock(DAY + MICRO);
    for late in [HEAD, MANAGER] {
        assert_eq!(
            world.not_acknowledged(late, &second.escalation_id).await,
            "escalation.other_level",
            "{late}: it has gone up"
        );
    }
    assert_eq!(world.acknowledge(MANAGEMENT, &second.escalation_id).await, "acknowledged");
    world.decide(MANAGEMENT, &second.escalation_id).await;
    let steps = world.steps(&second.escalation_id).await;
    let expected = ["department_head.raised", "management.passed_up", "management.acknowledged"];
    assert_eq!(steps[..3], expected, "what went up is on record before who acknowledged it");
    assert_eq!(steps[3..], ["management.decided", "management.closed"]);
    let escalations = late().await;
    assert_eq!(
        escalations.iter().map(level).collect::<Vec<_>>(),
        [EscalationLevel::DepartmentHead, EscalationLevel::Management]
    );
    let late = world.raised(&id, EscalationTrigger::InvestigationLate).await;
    assert_eq!(late.iter().map(level).collect::<Vec<_>>(), [EscalationLevel::Management], "it is late by now as well");
    world.nothing_is_parked().await;
}

#[tokio::test]
async fn r_cmp_12_an_offer_refused_three_times_goes_to_management_and_is_looked_into_again() {
    let world = World::open().await;
    let id = world.complain("o-1").await;
    world.investigate(&id).await;
    for (minor, then) in [(300, "solution_drafted"), (400, "solution_drafted"), (500, "investigating")] {
        assert!(world.raised(&id, EscalationTrigger::DeclinedThrice).await.is_empty());
        let version = world.offer(&id, RemedyKind::Refund, minor).await;
        world.decline(&id, version).await;
        assert_eq!(world.status(&id).await, then);
    }
    let [raised] = world.raised(&id, EscalationTrigger::DeclinedThrice).await.try_into().unwrap();
    assert_eq!(level(&raised), EscalationLevel::Management);
    let view = world.complaint(&id).await;
    assert_eq!((view.declines, view.escalation_level), (3, 4));
    assert!(world.ledger().await.entries.is_empty(), "nothing is paid that nobody agreed to");

    world.decide(MANAGEMENT, &raised.escalation_id).await;
    let steps = world.steps(&raised.escalation_id).await;
    let expected = ["raised", "acknowledged", "decided", "closed"].map(|step| format!("management.{step}"));
    assert_eq!(steps, expected, "deciding at once acknowledges");
    world.investigate(&id).await;
    let version = world.offer(&id, RemedyKind::Refund, 1250).await;
    let stale = contracts::complaint::v1::RecordConsentRequest {
        complaint_id: id.clone(),
        solution_version: version - 1,
        channel: "hotline".into(),
        text: "yes".into(),
        ..Default::default()
    };
    let refused = world.complaints().record_consent(request("staff:agent-sun", stale)).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "complaint.other_version");
    world.consent(&id, version).await;
    world.satisfied(&id, true).await;
    assert_eq!(world.complaint(&id).await.outcome, "satisfied");
    assert_eq!(world.ledger().await.entries.iter().map(|entry| entry.amount.minor).collect::<Vec<_>>(), [1250]);
    world.nothing_is_parked().await;
}
