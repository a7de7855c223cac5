//! Contract and domain, translated: a published event into a fact, a figure into its answer. An event that lacks what
//! the figures need is invalid; an event of a type this version does not know is a fact without measures.
use backbone::{Fault, Meta, proto};
use contracts::{
    Event,
    analytics::v1 as out,
    common::v1 as common,
    intake::v1::{
        CallEnded, CallOutcome, CaseClassified, CaseClosed, CaseFeedbackMissed, CaseHealthRaised, CaseRegistered,
        CaseRejected, CaseReplied, CaseReplyMissed, CaseResponded, CaseResponseCorrected, CaseResponseMissed,
        PurchaseDelivered, PurchaseRecorded,
    },
    operations::v1::JournalEntry,
    scheduling::v1::{FollowUpCompleted, FollowUpPlanned, FollowUpRescheduled},
};
use jiff::Timestamp;
use kernel::money::Money;
use prost_reflect::DynamicMessage;
use uuid::Uuid;

use crate::domain::{
    fact::{Fact, Measures},
    figure::{Figure, Unit},
};

pub mod analysis;
mod complaints;
mod orders;

/// The fact an event of a stream is.
pub fn fact(meta: &Meta, payload: &[u8]) -> Result<Fact, Fault> {
    Ok(Fact {
        event_id: meta.event_id,
        r#type: meta.event_type.clone(),
        service: service_of(&meta.event_type)?,
        stream: meta.stream.clone(),
        aggregate_id: meta.aggregate_id,
        version: meta.version,
        recorded_at: meta.recorded_at,
        measures: measures(&meta.event_type, payload, meta.occurred_at)?,
        stream_seq: (meta.stream_seq > 0).then_some(meta.stream_seq),
        journal_seq: None,
    })
}

/// The fact an entry of a journal is; the same as when its event comes by the stream.
pub fn fact_of_entry(entry: &JournalEntry) -> Result<Fact, Fault> {
    Ok(Fact {
        event_id: proto::id("event_id", &entry.event_id)?,
        r#type: entry.r#type.clone(),
        service: service_of(&entry.r#type)?,
        stream: contracts::stream_of(&entry.subject),
        aggregate_id: proto::id("aggregate_id", &entry.aggregate_id)?,
        version: entry.version,
        recorded_at: proto::required("recorded_at", entry.recorded_at.as_ref())?,
        measures: measures(&entry.r#type, &entry.payload, proto::required("occurred_at", entry.occurred_at.as_ref())?)?,
        stream_seq: None,
        journal_seq: Some(entry.seq),
    })
}

/// The service an event's full type name belongs to: "complaint" of "aftercare.complaint.v1.ComplaintRecorded".
fn service_of(event_type: &str) -> Result<String, Fault> {
    let ours = event_type.strip_prefix("aftercare.").and_then(|rest| rest.split_once('.'));
    ours.map(|(service, _)| service.to_owned()).ok_or_else(|| Fault::invalid("type", "is no event of ours"))
}

/// What the figures read in an event; for most types nothing but the time and the customer.
fn measures(event_type: &str, payload: &[u8], occurred_at: Timestamp) -> Result<Measures, Fault> {
    let plain = Measures { customer_id: customer(event_type, payload)?, ..Measures::at(occurred_at) };
    match event_type {
        PurchaseRecorded::TYPE => purchase_recorded(read(payload)?, plain),
        PurchaseDelivered::TYPE => purchase_delivered(read(payload)?, plain),
        CaseRegistered::TYPE => case_registered(read(payload)?, plain),
        CaseResponded::TYPE => {
            let e: CaseResponded = read(payload)?;
            responded(e.responded_at.as_ref(), e.respond_by.as_ref(), plain)
        }
        CaseResponseCorrected::TYPE => {
            let e: CaseResponseCorrected = read(payload)?;
            responded(e.responded_at.as_ref(), e.respond_by.as_ref(), plain)
        }
        CaseHealthRaised::TYPE => {
            let due_at = proto::instant("urgent_by", read::<CaseHealthRaised>(payload)?.urgent_by.as_ref())?;
            Ok(Measures { due_at, ..plain })
        }
        CaseFeedbackMissed::TYPE => {
            let due_at = proto::instant("due_at", read::<CaseFeedbackMissed>(payload)?.due_at.as_ref())?;
            Ok(Measures { due_at, ..plain })
        }
        CaseReplied::TYPE => {
            let e: CaseReplied = read(payload)?;
            responded(e.replied_at.as_ref(), e.reply_by.as_ref(), plain)
        }
        CaseReplyMissed::TYPE => {
            let due_at = proto::required("reply_by", read::<CaseReplyMissed>(payload)?.reply_by.as_ref())?;
            Ok(Measures { due_at: Some(due_at), ..plain })
        }
        CaseResponseMissed::TYPE => {
            let respond_by = read::<CaseResponseMissed>(payload)?.respond_by;
            Ok(Measures { due_at: Some(proto::required("respond_by", respond_by.as_ref())?), ..plain })
        }
        CaseClassified::TYPE => Ok(case_classified(read(payload)?, plain)),
        CaseClosed::TYPE => case_closed(read(payload)?, plain),
        CaseRejected::TYPE => case_rejected(read(payload)?, plain),
        CallEnded::TYPE => call_ended(&read(payload)?, plain),
        FollowUpPlanned::TYPE => window(read::<FollowUpPlanned>(payload)?.window_end, plain),
        FollowUpRescheduled::TYPE => window(read::<FollowUpRescheduled>(payload)?.window_end, plain),
        FollowUpCompleted::TYPE => follow_up_completed(read(payload)?, plain),
        _ if event_type.starts_with("aftercare.fulfilment.") => orders::measures(event_type, payload, plain),
        _ => complaints::measures(event_type, payload, plain),
    }
}

fn purchase_recorded(e: PurchaseRecorded, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures {
        occurred_at: proto::required("bought_at", e.bought_at.as_ref())?,
        delivered_at: proto::instant("delivered_at", e.delivered_at.as_ref())?,
        amount: Some(amount("paid", e.paid)?),
        store: word(e.store_id),
        ..plain
    })
}

fn purchase_delivered(e: PurchaseDelivered, plain: Measures) -> Result<Measures, Fault> {
    let delivered_at = proto::required("delivered_at", e.delivered_at.as_ref())?;
    Ok(Measures { occurred_at: delivered_at, delivered_at: Some(delivered_at), ..plain })
}

/// A case is on record from when it was taken in; its customer waits from when he turned to us.
fn case_registered(e: CaseRegistered, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures {
        occurred_at: proto::required("recorded_at", e.recorded_at.as_ref())?,
        started_at: Some(proto::required("occurred_at", e.occurred_at.as_ref())?),
        due_at: proto::instant("urgent_by", e.urgent_by.as_ref())?,
        channel: channel(e.channel()),
        ..plain
    })
}

/// A channel by its word; none where it is not said.
fn channel(channel: common::Channel) -> Option<String> {
    let named = channel.as_str_name().strip_prefix("CHANNEL_").filter(|_| channel != common::Channel::Unspecified);
    named.map(str::to_lowercase)
}

/// A person's word beside the model's; where a model said nothing there is nothing to compare.
fn case_classified(e: CaseClassified, plain: Measures) -> Measures {
    if e.classification_version == 0 || e.model_version.is_empty() {
        return plain;
    }
    let same = if e.class() == e.model_class() { "same" } else { "other" };
    Measures { code: word(e.model_version), outcome: word(same.to_owned()), ..plain }
}

fn responded(
    at: Option<&contracts::Timestamp>,
    by: Option<&contracts::Timestamp>,
    plain: Measures,
) -> Result<Measures, Fault> {
    let (occurred_at, due_at) = (proto::required("responded_at", at)?, proto::required("respond_by", by)?);
    Ok(Measures { occurred_at, due_at: Some(due_at), ..plain })
}

fn case_closed(e: CaseClosed, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures {
        occurred_at: proto::required("closed_at", e.closed_at.as_ref())?,
        started_at: Some(proto::required("registered_at", e.registered_at.as_ref())?),
        outcome: word(e.outcome),
        ..plain
    })
}

fn case_rejected(e: CaseRejected, plain: Measures) -> Result<Measures, Fault> {
    Ok(Measures {
        occurred_at: proto::required("rejected_at", e.rejected_at.as_ref())?,
        started_at: Some(proto::required("registered_at", e.registered_at.as_ref())?),
        ..plain
    })
}

fn call_ended(e: &CallEnded, plain: Measures) -> Result<Measures, Fault> {
    let outcome = match e.outcome() {
        CallOutcome::Answered => "answered",
        CallOutcome::Abandoned => "abandoned",
        CallOutcome::Unspecified => return Err(Fault::invalid("outcome", "must be answered or abandoned")),
    };
    Ok(Measures {
        occurred_at: proto::required("ended_at", e.ended_at.as_ref())?,
        outcome: Some(outcome.to_owned()),
        to_answer_s: Some(e.wait_seconds.into()),
        ..plain
    })
}

/// Coverage counts customers, so a follow-up must name its own.
fn window(end: Option<contracts::Timestamp>, plain: Measures) -> Result<Measures, Fault> {
    if plain.customer_id.is_none() {
        return Err(Fault::invalid("customer_id", "is missing"));
    }
    Ok(Measures { due_at: Some(proto::required("window_end", end.as_ref())?), ..plain })
}

fn follow_up_completed(e: FollowUpCompleted, plain: Measures) -> Result<Measures, Fault> {
    if !(1..=5).contains(&e.score) {
        return Err(Fault::invalid("score", "must be 1 to 5"));
    }
    let occurred_at = proto::required("answered_at", e.answered_at.as_ref())?;
    window(e.window_end, Measures { occurred_at, score: Some(e.score), ..plain })
}

/// A word of a closed list or an id, if there is one.
fn word(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The pseudonym in the event, whatever its type.
fn customer(event_type: &str, payload: &[u8]) -> Result<Option<Uuid>, Fault> {
    let Some(descriptor) = contracts::pool().get_message_by_name(event_type) else { return Ok(None) };
    let message = DynamicMessage::decode(descriptor, payload).map_err(|e| Fault::invalid("payload", e.to_string()))?;
    match message.get_field_by_name("customer_id").as_ref().and_then(|value| value.as_str()) {
        None | Some("") => Ok(None),
        Some(id) => proto::id("customer_id", id).map(Some),
    }
}

fn read<E: Event>(payload: &[u8]) -> Result<E, Fault> {
    E::decode(payload).map_err(|e| Fault::invalid("payload", e.to_string()))
}

fn amount(field: &str, value: Option<common::Money>) -> Result<Money, Fault> {
    let money = value.ok_or_else(|| Fault::invalid(field, "is missing"))?;
    let currency =
        money.currency.parse().map_err(|e: kernel::money::MoneyError| Fault::invalid(field, e.to_string()))?;
    if money.minor < 0 {
        return Err(Fault::invalid(field, "must not be negative"));
    }
    Ok(Money { minor: money.minor, currency })
}

impl From<Figure> for out::Figure {
    fn from(figure: Figure) -> Self {
        let (lower, upper) = figure.bounds.unzip();
        Self {
            metric: figure.metric.id().to_owned(),
            name: figure.metric.name().to_owned(),
            part: figure.part,
            value: figure.value,
            unit: unit(figure.unit).to_owned(),
            n: figure.n,
            numerator: figure.numerator,
            lower,
            upper,
        }
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Ratio => "ratio",
        Unit::PerThousand => "per_thousand",
        Unit::Seconds => "seconds",
        Unit::Score => "score",
        Unit::MinorUnits => "minor_units",
        Unit::Count => "count",
        Unit::Times => "times",
    }
}
