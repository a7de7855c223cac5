//! The decisions about returns and about warranties that were made: read from the journal of fulfilment, oldest first.
use anyhow::Context as _;
use contracts::{
    Event, Message,
    fulfilment::v1::{self as fulfilment, DecisionReceipt, ReturnFacts, Wording, decision_fee::Charge},
    operations::v1::{JournalEntry, ReadJournalRequest, operations_client::OperationsClient},
};
use kernel::{returns::Receipt, warranty::Coverage};
use serde_json::{Map, Value, json};
use tonic::transport::Channel;

use crate::remote;

/// So many entries are asked for at a time.
const PAGE: u32 = 1000;

/// A decision about a line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub order_id: String,
    pub line_no: u32,
    pub receipt: Receipt,
}

/// A decision about who bears the cost of a repair.
#[derive(Clone, Debug, PartialEq)]
pub struct Covered {
    pub order_id: String,
    pub line_no: u32,
    pub coverage: Coverage,
}

/// Reads all there are about returns. Errors: fulfilment does not answer, or says what cannot be read.
pub async fn read(channel: Channel) -> anyhow::Result<Vec<Decision>> {
    Ok(read_all(channel).await?.0)
}

/// Reads all there are, those about warranties too. Errors: as [`read`].
pub async fn read_all(channel: Channel) -> anyhow::Result<(Vec<Decision>, Vec<Covered>)> {
    let (mut client, mut after_seq, mut found) = (OperationsClient::new(channel), 0, (Vec::new(), Vec::new()));
    loop {
        let request = ReadJournalRequest { after_seq, limit: PAGE, ..ReadJournalRequest::default() };
        let answer = client.read_journal(remote::request(request)).await;
        let entries = answer.map_err(|status| remote::refusal(&status))?.into_inner().entries;
        let Some(last) = entries.last() else { return Ok(found) };
        after_seq = last.seq;
        for entry in &entries {
            for (order_id, line_no, receipt) in told(entry)? {
                let receipt = receipt_of(receipt).with_context(|| format!("event {}", entry.event_id))?;
                found.0.push(Decision { order_id, line_no, receipt });
            }
            found.1.extend(covered(entry).with_context(|| format!("event {}", entry.event_id))?);
        }
    }
}

/// The decisions an event tells: those of a request, or the new one after an inspection.
fn told(entry: &JournalEntry) -> anyhow::Result<Vec<(String, u32, DecisionReceipt)>> {
    let body = entry.payload.as_ref();
    Ok(match entry.r#type.as_str() {
        fulfilment::OrderDecided::TYPE => {
            let event = fulfilment::OrderDecided::decode(body)?;
            let one = |one: fulfilment::LineDecision| Some((event.order_id.clone(), one.line_no, one.receipt?));
            event.decisions.into_iter().filter_map(one).collect()
        }
        fulfilment::GoodsInspected::TYPE => {
            let event = fulfilment::GoodsInspected::decode(body)?;
            event.renewed.map(|receipt| (event.order_id, event.line_no, receipt)).into_iter().collect()
        }
        _ => vec![],
    })
}

/// The decision about a warranty an event tells: that of a diagnosis. Errors: a word or a day that no warranty has.
fn covered(entry: &JournalEntry) -> anyhow::Result<Option<Covered>> {
    if entry.r#type != fulfilment::RepairDiagnosed::TYPE {
        return Ok(None);
    }
    let fulfilment::RepairDiagnosed { order_id, line_no, warranty, .. } =
        fulfilment::RepairDiagnosed::decode(entry.payload.as_ref())?;
    let Some(told) = warranty else { return Ok(None) };
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    let coverage = serde_json::from_value(json!({
        "policy": { "id": told.policy_id, "version": told.policy_version },
        "rule": known(told.rule),
        "until": known(told.until),
        "bearer": told.bearer,
        "facts": {
            "category": known(told.category), "serial": told.serial, "batch": told.batch,
            "bought_on": known(told.bought_on), "delivered_on": known(told.delivered_on), "asked_on": told.asked_on,
            "misuse": told.misuse,
        },
    }))?;
    Ok(Some(Covered { order_id, line_no, coverage }))
}

/// A receipt of the contract as the policy gave it. Errors: a word that no policy has.
fn receipt_of(receipt: DecisionReceipt) -> anyhow::Result<Receipt> {
    let money = |money: contracts::common::v1::Money| json!({ "minor": money.minor, "currency": money.currency });
    let fee = |fee: fulfilment::DecisionFee| {
        let charge = match fee.charge {
            Some(Charge::Percent(percent)) => json!({ "percent": percent }),
            Some(Charge::Amount(amount)) => json!({ "amount": money(amount) }),
            None => Value::Null,
        };
        (fee.code, charge)
    };
    let words = |words: Vec<Wording>| -> Map<String, Value> {
        words.into_iter().map(|one| (one.language, one.words.into())).collect()
    };
    let ReturnFacts { kind, reason, proof, category, channel, segment, opened, resaleable, discomfort, .. } =
        receipt.facts.clone().unwrap_or_default();
    let facts = receipt.facts.unwrap_or_default();
    Ok(serde_json::from_value(json!({
        "policy": { "id": receipt.policy_id, "version": receipt.policy_version },
        "rule": receipt.rule,
        "facts": {
            "kind": kind, "reason": reason, "proof": proof, "category": category, "channel": channel,
            "segment": segment, "opened": opened, "resaleable": resaleable, "discomfort": discomfort,
            "days_since_delivery": facts.days_since_delivery, "days_since_purchase": facts.days_since_purchase,
            "amount": facts.amount.map(money), "buyer": facts.buyer,
        },
        "outcome": {
            "answer": receipt.answer, "allowed": receipt.allowed, "freight": receipt.freight, "goods": receipt.goods,
            "fees": receipt.fees.into_iter().map(fee).collect::<Map<_, _>>(),
        },
        "reasons": receipt.reasons,
        "words": words(receipt.words),
        "appeal": words(receipt.appeal),
    }))?)
}
