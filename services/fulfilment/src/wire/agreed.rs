//! Remedies of agreed solutions, between the contracts and the domain: those that give money back, and those that people
//! complete.
use backbone::{Fault, Published, proto};
use contracts::{common::v1::RemedyKind, complaint::v1::SolutionAgreed, fulfilment::v1 as out};
use jiff::SignedDuration;

use super::{money, text, to_money};
use crate::domain::{
    order::{
        Facts, Kind, ServiceOrder,
        agreed::{AgreedKind, Agreement},
    },
    order_id,
};

/// The remedies of an agreed solution that give money back, to wait for their purchase and their goods
/// for so long. Errors: an unknown kind, a missing or unreadable id or amount.
pub fn refunds_agreed(
    event: &SolutionAgreed,
    purchase_within: SignedDuration,
    goods_within: SignedDuration,
) -> Result<Vec<Facts>, Fault> {
    let mut agreed = Vec::new();
    for (n, remedy) in event.remedies.iter().enumerate() {
        let kind = match remedy.kind() {
            RemedyKind::Refund => Kind::Refund,
            RemedyKind::ReturnRefund => Kind::ReturnRefund,
            // Advice is given by people; complaint keeps track of it. The others: below.
            RemedyKind::Guidance
            | RemedyKind::Exchange
            | RemedyKind::Repair
            | RemedyKind::Compensation
            | RemedyKind::ServiceAgain => continue,
            RemedyKind::Unspecified => {
                return Err(Fault::invalid(format!("remedies[{n}].kind"), "is not a remedy this version knows"));
            }
        };
        let remedy_id = proto::id(&format!("remedies[{n}].remedy_id"), &remedy.remedy_id)?;
        agreed.push(Facts {
            order_id: order_id(remedy_id),
            complaint_id: proto::id("complaint_id", &event.complaint_id)?,
            remedy_id,
            customer_id: proto::id("customer_id", &event.customer_id)?,
            purchase_id: proto::optional_id("purchase_id", &event.purchase_id)?,
            kind,
            amount: money(&format!("remedies[{n}].amount"), remedy.amount.as_ref())?,
            purchase_within,
            goods_within,
        });
    }
    Ok(agreed)
}

/// Those that a person completes, within so long. Errors: a missing or unreadable id or amount.
pub fn promised(event: &SolutionAgreed, complete_within: SignedDuration) -> Result<Vec<Agreement>, Fault> {
    let mut agreed = Vec::new();
    for (n, remedy) in event.remedies.iter().enumerate() {
        let Some(kind) = kind(remedy.kind()) else { continue };
        let remedy_id = proto::id(&format!("remedies[{n}].remedy_id"), &remedy.remedy_id)?;
        let worth = || money(&format!("remedies[{n}].amount"), remedy.amount.as_ref());
        agreed.push(Agreement {
            order_id: order_id(remedy_id),
            complaint_id: proto::id("complaint_id", &event.complaint_id)?,
            remedy_id,
            customer_id: proto::id("customer_id", &event.customer_id)?,
            purchase_id: proto::optional_id("purchase_id", &event.purchase_id)?,
            kind,
            amount: (kind == AgreedKind::Compensation).then(worth).transpose()?,
            complete_within,
            overdue: false,
            ended: false,
        });
    }
    Ok(agreed)
}

fn kind(kind: RemedyKind) -> Option<AgreedKind> {
    match kind {
        RemedyKind::Exchange => Some(AgreedKind::Exchange),
        RemedyKind::Repair => Some(AgreedKind::Repair),
        RemedyKind::Compensation => Some(AgreedKind::Compensation),
        RemedyKind::ServiceAgain => Some(AgreedKind::ServiceAgain),
        RemedyKind::Unspecified | RemedyKind::Refund | RemedyKind::ReturnRefund | RemedyKind::Guidance => None,
    }
}

/// A promised order, as its complaint learns it.
pub fn opened(agreement: &Agreement) -> out::OrderOpened {
    let kind = match agreement.kind {
        AgreedKind::Exchange => RemedyKind::Exchange,
        AgreedKind::Repair => RemedyKind::Repair,
        AgreedKind::Compensation => RemedyKind::Compensation,
        AgreedKind::ServiceAgain => RemedyKind::ServiceAgain,
    };
    out::OrderOpened {
        order_id: agreement.order_id.to_string(),
        complaint_id: agreement.complaint_id.to_string(),
        remedy_id: agreement.remedy_id.to_string(),
        purchase_id: text(agreement.purchase_id),
        customer_id: agreement.customer_id.to_string(),
        kind: kind.into(),
        amount: agreement.amount.and_then(to_money),
        goods_first: false,
    }
}

/// A promised order that nobody completed in time.
pub fn uncompleted(order: &ServiceOrder) -> out::OrderUncompleted {
    let agreed = order.agreement.as_ref();
    out::OrderUncompleted {
        order_id: text(agreed.map(|agreed| agreed.order_id)),
        complaint_id: text(agreed.map(|agreed| agreed.complaint_id)),
        remedy_id: text(agreed.map(|agreed| agreed.remedy_id)),
    }
}

/// How a promised order ended: nothing, or why it could not be done.
pub fn settled(order: &ServiceOrder, code: Option<&str>, shard: u8) -> Published {
    let agreed = order.agreement.as_ref();
    let order_id = text(agreed.map(|agreed| agreed.order_id));
    let complaint_id = text(agreed.map(|agreed| agreed.complaint_id));
    let remedy_id = text(agreed.map(|agreed| agreed.remedy_id));
    match code {
        None => Published::of(&out::OrderCompleted { order_id, complaint_id, remedy_id }, shard),
        Some(code) => {
            Published::of(&out::OrderFailed { order_id, complaint_id, remedy_id, code: code.to_owned() }, shard)
        }
    }
}
