//! What we listen to: which event means which message. The id of the message is given, or derived from what it is for, so
//! the same event queues nothing twice.
use std::collections::{BTreeMap, BTreeSet};

use backbone::{Change, Effects, Fault, Inbound, Meta, proto};
use contracts::{
    complaint::v1::{
        ImprovementNoticeRequested, OfferReminded, ProgressMessageOrdered, SatisfactionAsked, SolutionExecuted,
        SolutionOffered, SuggestionNoticeRequested,
    },
    fulfilment::v1::{
        GoodsInspected, InspectionAnswered, OrderAuthorised, OrderCancelled, OrderConfirmed, OrderRepaired,
        OrderReviewed, RepairItem, RepairQuoteAnswered, RepairQuoted, Wording,
    },
    intake::v1::{CaseAnswerRequested, MajorIssueNoticeRequested},
    scheduling::v1::{FollowUpCompleted, FollowUpDue},
};
use jiff::SignedDuration;
use kernel::{calendar::add, id::derived, money::Money};
use uuid::Uuid;

use crate::domain::message::{Asked, Command, Facts, Message, Of, Purpose};

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
    i.on::<FollowUpCompleted>(|event, _| Ok(Effects::change(withdraw(invitation(&event.follow_up_id)))));
    i.on::<ImprovementNoticeRequested>(measure_released);
    i.on::<SuggestionNoticeRequested>(suggestion_decided);
    i.on::<MajorIssueNoticeRequested>(major_issue);
    i.on::<OrderRepaired>(repaired);
    i.on::<GoodsInspected>(inspected);
    i.on::<InspectionAnswered>(inspection_answered);
    i.on::<RepairQuoted>(quoted);
    i.on::<RepairQuoteAnswered>(|event, _| {
        Ok(Effects::change(withdraw(question(&event.order_id, event.line_no, event.version))))
    });
    i.on::<OrderReviewed>(reviewed);
    i.on::<OrderAuthorised>(authorised);
    i.on::<OrderConfirmed>(|event, _| Ok(Effects::change(withdraw(granted(&event.order_id)))));
    i.on::<OrderCancelled>(|event, _| {
        let gone = [granted(&event.order_id), goods_back(&event.order_id)];
        Ok(gone.map(withdraw).into_iter().fold(Effects::none(), Effects::and))
    });
    i.on::<CaseAnswerRequested>(move |event, meta| answer(&event, meta, &answering));
}

/// Every offer is told at once (R-CMP-08); of one that waits for its answer complaint has him told again.
fn solution_offered(event: SolutionOffered, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: derived("message", &["offer", &event.complaint_id, &event.offer_no.to_string()]),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Offer,
        about_id: proto::id("complaint_id", &event.complaint_id)?,
        ..Facts::default()
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
        ..Facts::default()
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
        ..Facts::default()
    })
}

/// Nobody is invited after the window (R-SCH-10, R-SCH-16).
fn follow_up_due(event: FollowUpDue, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: invitation(&event.follow_up_id),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::FollowUp,
        about_id: proto::id("follow_up_id", &event.follow_up_id)?,
        not_after: proto::instant("window_end", event.window_end.as_ref())?,
        once: false,
        ..Facts::default()
    })
}

/// Complaint names the message of each customer and release (R-CMP-15).
fn measure_released(event: ImprovementNoticeRequested, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Improvement,
        about_id: proto::id("action_id", &event.action_id)?,
        ..Facts::default()
    })
}

/// Complaint names the message of each customer (R-ANA-13).
fn suggestion_decided(event: SuggestionNoticeRequested, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: if event.adopted { Purpose::SuggestionAdopted } else { Purpose::SuggestionDeclined },
        about_id: proto::id("suggestion_id", &event.suggestion_id)?,
        ..Facts::default()
    })
}

/// Intake names the message of each customer and issue.
fn major_issue(event: MajorIssueNoticeRequested, _meta: &Meta) -> Result<Effects, Fault> {
    queue(Facts {
        message_id: proto::id("message_id", &event.message_id)?,
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::MajorIssue,
        about_id: proto::id("issue_id", &event.issue_id)?,
        ..Facts::default()
    })
}

/// An article that is worked on again is ready again (R-FUL-13).
fn repaired(event: OrderRepaired, _meta: &Meta) -> Result<Effects, Fault> {
    let (line_no, time) = (event.line_no.to_string(), event.time.to_string());
    queue(Facts {
        message_id: derived("message", &["repaired", &event.order_id, &line_no, &time]),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Repaired,
        about_id: proto::id("order_id", &event.order_id)?,
        not_after: None,
        once: false,
        case: case_of(&event.case_id, &event.complaint_id)?,
        asked: None,
    })
}

/// Where an inspection worsens what he was told he would get, the customer is asked (R-FUL-04). Events from before they named
/// him ask nobody.
fn inspected(event: GoodsInspected, meta: &Meta) -> Result<Effects, Fault> {
    let Some(renewed) = event.renewed.filter(|_| !event.customer_id.is_empty()) else { return Ok(Effects::none()) };
    let pieces = |accepted: bool, to: &str| {
        let meant = event.results.iter().filter(|one| one.accepted == accepted);
        meant.filter(|one| to.is_empty() || one.disposition == to).map(|one| one.quantity).sum()
    };
    // Events from before inspections were numbered are told apart by their version.
    let unnumbered =
        || derived("message", &["inspected", &event.order_id, &event.line_no.to_string(), &meta.version.to_string()]);
    let numbered = |no| finding(&event.order_id, event.line_no, no);
    queue(Facts {
        message_id: Some(event.inspection_no).filter(|no| *no > 0).map_or_else(unnumbered, numbered),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Inspected,
        about_id: proto::id("order_id", &event.order_id)?,
        not_after: proto::instant("answer_by", event.answer_by.as_ref())?,
        once: false,
        case: case_of(&event.case_id, &event.complaint_id)?,
        asked: Some(Asked::Inspection {
            accepted: pieces(true, ""),
            rejected: pieces(false, ""),
            back: pieces(false, "back_to_customer"),
            failed: event.criteria.into_iter().filter(|one| !one.passed).map(|one| one.code).collect(),
            words: renewed.words.into_iter().map(|one| (one.language, one.words)).collect(),
            instead: renewed.allowed,
        }),
    })
}

/// He has answered all that was asked of these; what of it waits to be sent is not sent any more.
fn inspection_answered(event: InspectionAnswered, _meta: &Meta) -> Result<Effects, Fault> {
    let asked = event.inspection_nos.iter().map(|no| withdraw(finding(&event.order_id, event.line_no, *no)));
    Ok(asked.fold(Effects::none(), Effects::and))
}

/// Each version of a quote that waits for his consent is told (R-FUL-11), and takes the place of the one before: that cannot be
/// agreed to any more, and is not sent. Events from before they named him ask nobody.
fn quoted(event: RepairQuoted, _meta: &Meta) -> Result<Effects, Fault> {
    let asked = event.needs_consent && !event.customer_id.is_empty();
    let before = event.quote.as_ref().and_then(|quote| quote.version.checked_sub(1)).filter(|version| *version > 0);
    let before = before.map(|version| withdraw(question(&event.order_id, event.line_no, version)));
    let before = before.into_iter().fold(Effects::none(), Effects::and);
    let Some(quote) = event.quote.filter(|_| asked) else { return Ok(before) };
    let item = |RepairItem { quantity, code, .. }: RepairItem| format!("{quantity} × {code}");
    let facts = Facts {
        message_id: question(&event.order_id, event.line_no, quote.version),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::Quoted,
        about_id: proto::id("order_id", &event.order_id)?,
        not_after: proto::instant("valid_until", quote.valid_until.as_ref())?,
        once: false,
        case: case_of(&event.case_id, &event.complaint_id)?,
        asked: Some(Asked::Quote {
            version: quote.version,
            items: quote.items.into_iter().map(item).collect(),
            total: written("total", quote.total)?,
            fee: written("fee", quote.fee)?,
        }),
    };
    Ok(before.and(queued(facts)))
}

/// What people decided about what the policy left to them is told (R-FUL-02): what they granted with what he has yet to say yes to,
/// what they refused with the way to appeal. Where he said yes before and sends goods back, the number says that all is granted.
/// Nobody is told by events from before they named him, nor of an order that was under way already.
fn reviewed(event: OrderReviewed, _meta: &Meta) -> Result<Effects, Fault> {
    let refused = event.status == "ineligible";
    let numbered = event.approved && event.confirmed && event.goods_back;
    let under_way = !["eligible", "ineligible", "authorised"].contains(&event.status.as_str());
    if event.customer_id.is_empty() || numbered || under_way {
        return Ok(Effects::none());
    }
    let left = event.decisions.iter().filter_map(|one| one.receipt.as_ref()).filter(|_| !event.approved);
    let denied = || derived("message", &["refused", &event.order_id]);
    queue(Facts {
        message_id: if refused { denied() } else { granted(&event.order_id) },
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: if refused { Purpose::ReviewRefused } else { Purpose::ReviewGranted },
        about_id: proto::id("order_id", &event.order_id)?,
        not_after: proto::instant("answer_by", event.answer_by.as_ref())?,
        once: false,
        case: case_of(&event.case_id, &event.complaint_id)?,
        asked: Some(Asked::Review {
            confirm: !refused && !event.confirmed,
            partly: !refused && !event.approved,
            appeal: together(left.flat_map(|one| &one.appeal)),
        }),
    })
}

/// Under which number goods come back is told who was not there when that was granted (R-FUL-03), as long as they are awaited.
fn authorised(event: OrderAuthorised, _meta: &Meta) -> Result<Effects, Fault> {
    if !event.untold || event.rma_number.is_empty() {
        return Ok(Effects::none());
    }
    queue(Facts {
        message_id: goods_back(&event.order_id),
        customer_id: proto::id("customer_id", &event.customer_id)?,
        purpose: Purpose::ReturnAuthorised,
        about_id: proto::id("order_id", &event.order_id)?,
        not_after: proto::instant("goods_until", event.goods_until.as_ref())?,
        once: false,
        case: case_of(&event.case_id, &event.complaint_id)?,
        asked: Some(Asked::Return {
            number: event.rma_number,
            send_to: event.send_to,
            instructions: together(&event.instructions),
        }),
    })
}

/// Words by language, each once.
fn together<'a>(words: impl IntoIterator<Item = &'a Wording>) -> BTreeMap<String, String> {
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Wording { language, words } in words {
        let so_far = told.entry(language.clone()).or_default();
        if !so_far.contains(&words.as_str()) {
            so_far.push(words);
        }
    }
    told.into_iter().map(|(language, words)| (language, words.join(" "))).collect()
}

/// The message that invites to a follow-up.
fn invitation(follow_up_id: &str) -> Uuid {
    derived("message", &["follow_up", follow_up_id])
}

/// The message that asks what he says to a version of a quote.
fn question(order_id: &str, line_no: u32, version: u32) -> Uuid {
    derived("message", &["quoted", order_id, &line_no.to_string(), &version.to_string()])
}

/// The message that asks what he says to what an inspection found.
fn finding(order_id: &str, line_no: u32, inspection_no: u32) -> Uuid {
    derived("message", &["inspection", order_id, &line_no.to_string(), &inspection_no.to_string()])
}

/// The message that tells what people granted.
fn granted(order_id: &str) -> Uuid {
    derived("message", &["granted", order_id])
}

/// The message that tells under which number goods come back.
fn goods_back(order_id: &str) -> Uuid {
    derived("message", &["authorised", order_id])
}

/// The case of an order that was asked for from one, or from a complaint.
fn case_of(case_id: &str, complaint_id: &str) -> Result<Option<Of>, Fault> {
    let case = proto::optional_id("case_id", case_id)?.map(Of::Case);
    Ok(case.or(proto::optional_id("complaint_id", complaint_id)?.map(Of::Complaint)))
}

/// An amount as it is written for people. Errors: there is none, or its currency is none.
fn written(field: &'static str, money: Option<contracts::common::v1::Money>) -> Result<String, Fault> {
    let wrong = |why: &str| Fault::invalid(field, why);
    let money = money.ok_or_else(|| wrong("must be given"))?;
    let currency = money.currency.parse().map_err(|_| wrong("has no currency we know"))?;
    Ok(Money::new(money.minor, currency).to_string())
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
        ..Facts::default()
    })
}

fn queue(facts: Facts) -> Result<Effects, Fault> {
    Ok(Effects::change(queued(facts)))
}

fn queued(facts: Facts) -> Change {
    Change::to::<Message>(facts.message_id, Command::Queue(facts))
}

/// Its reason has gone.
fn withdraw(message_id: Uuid) -> Change {
    Change::to::<Message>(message_id, Command::Withdraw)
}
