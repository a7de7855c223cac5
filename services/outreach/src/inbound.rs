//! What we listen to: which event means which message. The id of the message is given, or derived from what it is for, so
//! the same event queues nothing twice.
use std::collections::BTreeSet;

use backbone::{Change, Effects, Fault, Inbound, Meta, proto};
use contracts::{
    complaint::v1::{
        ImprovementNoticeRequested, OfferReminded, ProgressMessageOrdered, SatisfactionAsked, SolutionExecuted,
        SolutionOffered, SuggestionNoticeRequested,
    },
    fulfilment::v1::OrderRepaired,
    intake::v1::{CaseAnswerRequested, MajorIssueNoticeRequested},
    scheduling::v1::FollowUpDue,
};
use jiff::SignedDuration;
use kernel::{calendar::add, id::derived};
use uuid::Uuid;

use crate::domain::message::{Command, Facts, Message, Of, Purpose};

/// What holds for answers to cases.
#[derive(Debug)]
pub struct Answering {
    /// The ways over which what may have been sent is not sent again.
    pub once: BTreeSet<String>,
    /// So long an answer is tried; then a person must reach the customer otherwise.
    pub within: SignedDuration,
}

/// Subscribes.
pub fn inbound(i: &mut Inbound, answering: Answering) {
    i.on::<SolutionOffered>(solution_offered);
    i.on::<OfferReminded>(|event, _| {
        about_complaint(Purpose::Offer, &event.message_id, &event.customer_id, &event.complaint_id)
    });
    i.on::<SolutionExecuted>(solution_executed);
    i.on::<ProgressMessageOrdered>(|event, _| {
        about_complaint(Purpose::Progress, &event.message_id, &event.customer_id, &event.complaint_id)
    });
    i.on::<SatisfactionAsked>(|event, _| {
        about_complaint(Purpose::Satisfaction, &event.message_id, &event.customer_id, &event.complaint_id)
    });
    i.on::<FollowUpDue>(follow_up_due);
    i.on::<ImprovementNoticeRequested>(measure_released);
    i.on::<SuggestionNoticeRequested>(suggestion_decided);
    i.on::<MajorIssueNoticeRequested>(major_issue);
    i.on::<OrderRepaired>(repaired);
    i.on::<CaseAnswerRequested>(move |event, meta| answer(&event, meta, &answering));
}

/// Every offer is told at once (R-CMP-08); of one that waits for its answer complaint has him told again.
fn solution_offered(event: SolutionOffered, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: derived("message", &["offer", &event.complaint_id, &event.offer_no.to_string()]),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Offer,
        about_id: proto::id("complaint_id", &event.complaint_id)?,
        not_after: None,
        once: false,
        case: None,
    })
}

/// A complaint that was taken up again is executed again; it names the message of each execution (R-CMP-10). Where it does
/// not, as in events from before it did, the version tells the executions apart.
fn solution_executed(event: SolutionExecuted, meta: &Meta) -> Result<Effects, Fault> {
    let unnamed = || derived("message", &["result", &event.complaint_id, &meta.version.to_string()]);
    queue(Facts {
        message_id: proto::optional_id("message_id", &event.message_id)?.unwrap_or_else(unnamed),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Result,
        about_id: proto::id("complaint_id", &event.complaint_id)?,
        not_after: None,
        once: false,
        case: None,
    })
}

/// A message whose id the complaint gave (R-CMP-05, R-CMP-08, R-CMP-11).
fn about_complaint(
    purpose: Purpose,
    message_id: &str,
    customer_id: &str,
    complaint_id: &str,
) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", message_id)?,
        customer_id: proto::id("customer_id", customer_id)?,
        purpose,
        about_id: proto::id("complaint_id", complaint_id)?,
        not_after: None,
        once: false,
        case: None,
    })
}

/// Nobody is invited after the window (R-SCH-10, R-SCH-16).
fn follow_up_due(event: FollowUpDue, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: derived("message", &["follow_up", &event.follow_up_id]),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::FollowUp,
        about_id: proto::id("follow_up_id", &event.follow_up_id)?,
        not_after: proto::instant("window_end", event.window_end.as_ref())?,
        once: false,
        case: None,
    })
}

/// Complaint names the message of each customer and release (R-CMP-15).
fn measure_released(event: ImprovementNoticeRequested, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Improvement,
        about_id: proto::id("action_id", &event.action_id)?,
        not_after: None,
        once: false,
        case: None,
    })
}

/// Complaint names the message of each customer (R-ANA-13).
fn suggestion_decided(event: SuggestionNoticeRequested, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: if event.adopted { Purpose::SuggestionAdopted } else { Purpose::SuggestionDeclined },
        about_id: proto::id("suggestion_id", &event.suggestion_id)?,
        not_after: None,
        once: false,
        case: None,
    })
}

/// Intake names the message of each customer and issue.
fn major_issue(event: MajorIssueNoticeRequested, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::MajorIssue,
        about_id: proto::id("issue_id", &event.issue_id)?,
        not_after: None,
        once: false,
        case: None,
    })
}

/// An article that is worked on again is ready again (R-FUL-13).
fn repaired(event: OrderRepaired, _meta: &Meta) -> Result<Effects, Fault> {
    let (line_no, time) = (event.line_no.to_string(), event.time.to_string());
    let case = proto::optional_id("case_id", &event.case_id)?.map(Of::Case);
    let complaint = proto::optional_id("complaint_id", &event.complaint_id)?.map(Of::Complaint);
    queue(Facts {
        message_id: derived("message", &["repaired", &event.order_id, &line_no, &time]),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Repaired,
        about_id: proto::id("order_id", &event.order_id)?,
        not_after: None,
        once: false,
        case: case.or(complaint),
    })
}

/// Intake names the message of each answer, and keeps its words until it is sent.
fn answer(event: &CaseAnswerRequested, meta: &Meta, answering: &Answering) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Answer,
        about_id: proto::id("case_id", &event.case_id)?,
        not_after: Some(add(meta.occurred_at, answering.within)),
        once: answering.once.contains(&event.over),
        case: None,
    })
}

fn queue(facts: Facts) -> Result<Effects, Fault> {
    let id: Uuid = facts.message_id;
    Ok(Effects::change(Change::to::<Message>(id, Command::Queue(facts))))
}
