//! Story of a night: a plain question, an important and angry customer, and then somebody a product did harm to. Harm goes
//! first, is promised by its own minutes, wakes its supervisor, and climbs while nobody answers.
use std::{fs, path::PathBuf};

use contracts::{
    complaint::v1::{EscalationClosed, EscalationLevel, EscalationPassedUp, EscalationRaised, EscalationTrigger},
    intake::v1::{
        CaseRegistered, CaseResponseMissed, ListQueueRequest, RegulatorReportOwed, RespondToCaseRequest,
        intake_client::IntakeClient,
    },
};
use jiff::{SignedDuration, Timestamp};
use kernel::sla;
use serde_json::{Value, json};
use testkit::request;

use crate::world::World;

/// A chain's own promise: who was harmed has an answer within half an hour, by night as by day.
const HARM: &str = "[[rules]]
promise = \"urgent_feedback\"
when.priority = [\"health\"]
target = \"30m\"
hours = \"round_the_clock\"

[[rules]]";
const MICRO: SignedDuration = SignedDuration::from_micros(1);

impl World {
    /// The whole queue, first things first.
    async fn queue(&self) -> Vec<CaseRegistered> {
        let asked = request("staff:reader", ListQueueRequest::default());
        let answer = IntakeClient::new(self.stack.channel("intake")).list_queue(asked).await.unwrap().into_inner();
        answer.cases.into_iter().filter_map(|case| case.registered).collect()
    }

    /// The cases nobody answered in time.
    async fn missed(&self) -> Vec<String> {
        self.stack.events::<CaseResponseMissed>("intake").await.into_iter().map(|missed| missed.case_id).collect()
    }

    async fn until(&self, at: &str) {
        self.stack.advance(at.parse::<Timestamp>().unwrap().duration_since(self.stack.now())).await;
    }
}

fn id(case: &Value) -> String {
    case["case_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn r_int_09_by_night_harm_has_its_own_minutes_goes_before_a_vip_and_climbs_while_nobody_answers() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", uuid::Uuid::new_v4()));
    fs::write(&file, sla::DEFAULT.replacen("[[rules]]", HARM, 1)).unwrap();
    let world = World::open_with(|name, settings| {
        if ["intake", "complaint"].contains(&name) {
            settings.service["levels"] = json!({ "policy": file });
        }
    })
    .await;
    fs::remove_file(&file).unwrap();
    for order in ["o-1", "o-2", "o-3"] {
        world.sell(order).await;
    }
    world.until("2026-03-03T02:00:00+08:00").await;
    let plain = world.contact("t-1", "o-1", "enquiry", "when do you open?").await;
    let angry = json!({
        "channel": "platform", "external_ref": "t-2", "class": "delivery", "content": "where is my parcel?",
        "emotion": "angry", "vip_tier": 3, "repeat_contact": true
    });
    let vip = world.write("o-2", "", angry).await;
    world.until("2026-03-03T02:10:00+08:00").await;
    let harm = world.contact("t-3", "o-3", "discomfort", "it itches a little").await;
    for morning in [&plain, &vip] {
        assert_eq!(
            (&morning["respond_by"], &morning["answered_from"]),
            (&json!("2026-03-03T01:05:00Z"), &json!("2026-03-03T01:00:00Z"))
        );
    }
    assert_eq!((&harm["respond_by"], harm.get("answered_from")), (&json!("2026-03-02T18:40:00Z"), None));

    let queue = world.queue().await;
    let order: Vec<&str> = queue.iter().map(|case| case.case_id.as_str()).collect();
    assert_eq!(order, [id(&harm), id(&vip), id(&plain)], "whoever came last is first");
    let points = |case: &CaseRegistered| case.priority.as_ref().unwrap().score;
    assert!(points(&queue[0]) < points(&queue[1]), "whatever the points say");
    let [told] = world.stack.events::<EscalationRaised>("complaint").await.try_into().unwrap();
    let first = (told.trigger(), told.level(), told.case_id);
    assert_eq!(first, (EscalationTrigger::Health, EscalationLevel::ComplaintManager, id(&harm)));
    assert_eq!(told.notify_at, told.raised_at, "nobody waits for the morning");
    let [owed] = world.stack.events::<RegulatorReportOwed>("intake").await.try_into().unwrap();
    assert_eq!((&owed.case_id, owed.term.as_str()), (&id(&harm), "general"), "the authority is owed a report");

    world.until("2026-03-03T02:40:00+08:00").await;
    assert!(world.missed().await.is_empty(), "the last instant is in time");
    world.stack.advance(MICRO).await;
    assert_eq!(world.missed().await, [id(&harm)], "the others are asleep until nine");
    let late = world.stack.events::<EscalationRaised>("complaint").await;
    let late: Vec<_> = late.iter().filter(|one| one.trigger() == EscalationTrigger::FirstResponseLate).collect();
    assert_eq!((late.len(), &late[0].case_id, late[0].level()), (1, &id(&harm), EscalationLevel::TeamLead));
    world.until("2026-03-03T09:05:00+08:00").await;
    assert_eq!(world.missed().await.len(), 1);
    world.until("2026-03-03T10:10:00.000001+08:00").await;
    let up = world.stack.events::<EscalationPassedUp>("complaint").await;
    let up = up.iter().find(|one| one.trigger() == EscalationTrigger::Health).unwrap();
    assert_eq!((up.level(), up.from_level()), (EscalationLevel::DepartmentHead, EscalationLevel::ComplaintManager));

    let answer =
        RespondToCaseRequest { case_id: id(&harm), text: "stop using it, see a doctor".into(), ..Default::default() };
    let mut intake = IntakeClient::new(world.stack.channel("intake"));
    intake.respond_to_case(request("staff:agent-sun", answer)).await.unwrap();
    world.stack.settle().await;
    let closed = world.stack.events::<EscalationClosed>("complaint").await;
    assert!(closed.iter().any(|one| one.escalation_id == late[0].escalation_id && one.settled));
    assert!(!closed.iter().any(|one| one.escalation_id == told.escalation_id), "a supervisor still has to look");
    assert_eq!(world.queue().await[0].case_id, id(&harm), "answered is not ended: it stays before all others");
    world.nothing_is_parked().await;
}
