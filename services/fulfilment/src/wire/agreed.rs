//! Remedies of agreed solutions, between the contracts and the domain: those that give money back, returns by their pieces, and
//! those that people complete.
use std::collections::BTreeSet;

use backbone::{Fault, Published, proto};
use contracts::{
    common::v1::{RemedyKind, RemedyLine},
    complaint::v1::SolutionAgreed,
    fulfilment::v1 as out,
};
use jiff::SignedDuration;
use kernel::{
    promise::Promises,
    returns::{self, Receipt},
};
use uuid::Uuid;

use super::{money, text, to_money};
use crate::domain::{
    order::{
        Facts, Kind, ServiceOrder,
        agreed::{AgreedKind, AgreedReturn, Agreement},
        effort::Effort,
        request::{Bought, Form, Line, Origin, OriginKind, Request},
        returning::Terms,
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
            // By its pieces: below.
            RemedyKind::ReturnRefund if !remedy.lines.is_empty() => continue,
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
            returns: None,
        });
    }
    Ok(agreed)
}

/// How returns that were agreed by their pieces are carried out.
pub struct ByPieces {
    pub purchase_within: SignedDuration,
    /// Of each line.
    pub receipt: Receipt,
    pub form: Form,
    pub terms: Terms,
    pub effort: Effort,
}

/// Returns that were agreed by their pieces; nobody need complete them. Errors: a missing or unreadable id or amount, a line that
/// is named twice, not at all, or with no piece.
pub fn returned(event: &SolutionAgreed, by_pieces: &ByPieces) -> Result<Vec<Agreement>, Fault> {
    let mut agreed = Vec::new();
    let remedies = event.remedies.iter().enumerate();
    for (n, remedy) in remedies.filter(|(_, one)| one.kind() == RemedyKind::ReturnRefund && !one.lines.is_empty()) {
        let remedy_id = proto::id(&format!("remedies[{n}].remedy_id"), &remedy.remedy_id)?;
        let purchase_id = proto::optional_id("purchase_id", &event.purchase_id)?;
        let complaint_id = proto::id("complaint_id", &event.complaint_id)?;
        let customer_id = proto::id("customer_id", &event.customer_id)?;
        let mut named = BTreeSet::new();
        let line = |(m, one): (usize, &RemedyLine)| {
            if one.line_id.is_empty() || one.quantity == 0 || !named.insert(one.line_id.clone()) {
                let field = format!("remedies[{n}].lines[{m}]");
                return Err(Fault::invalid(field, "must name a line that no other names, and a piece of it at least"));
            }
            Ok(line_of(one, purchase_id, &by_pieces.receipt))
        };
        let lines = remedy.lines.iter().enumerate().map(line).collect::<Result<_, _>>()?;
        let order_id = order_id(remedy_id);
        let request = request_of((order_id, customer_id, complaint_id), lines, by_pieces);
        let purchase_within = by_pieces.purchase_within;
        agreed.push(Agreement {
            order_id,
            complaint_id,
            remedy_id,
            customer_id,
            purchase_id,
            kind: AgreedKind::ReturnRefund,
            amount: Some(money(&format!("remedies[{n}].amount"), remedy.amount.as_ref())?),
            complete_within: SignedDuration::ZERO,
            overdue: false,
            ended: false,
            returns: Some(Box::new(AgreedReturn { request, purchase_within })),
        });
    }
    Ok(agreed)
}

/// What the purchase says of it is filled in when it goes on.
fn line_of(named: &RemedyLine, purchase_id: Option<Uuid>, receipt: &Receipt) -> Line {
    Line {
        bought: purchase_id.map(|purchase_id| Bought { purchase_id, line_id: named.line_id.clone() }),
        product_id: String::new(),
        batch: String::new(),
        serial: String::new(),
        quantity: named.quantity,
        evidence: vec![],
        receipt: receipt.clone(),
        wanted: None,
        leg: None,
        work: None,
    }
}

fn request_of(
    (order_id, customer_id, complaint_id): (Uuid, Uuid, Uuid),
    lines: Vec<Line>,
    by_pieces: &ByPieces,
) -> Request {
    Request {
        order_id,
        customer_id,
        origin: Origin { kind: OriginKind::Complaint, reference: complaint_id.to_string() },
        kind: returns::Kind::ReturnRefund,
        by: "service:complaint".to_owned(),
        lines,
        form: by_pieces.form.clone(),
        confirmed_at: None,
        review: None,
        authorised_at: None,
        rma_number: None,
        cancelled: None,
        terms: by_pieces.terms.clone(),
        surplus: vec![],
        promises: Promises::default(),
        payouts: vec![],
        replacements: vec![],
        compensation: None,
        agreed: true,
        agreed_money: None,
        unanswered_at: None,
        label: None,
        effort: by_pieces.effort.clone(),
    }
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
        AgreedKind::ReturnRefund => RemedyKind::ReturnRefund,
    };
    out::OrderOpened {
        order_id: agreement.order_id.to_string(),
        complaint_id: agreement.complaint_id.to_string(),
        remedy_id: agreement.remedy_id.to_string(),
        purchase_id: text(agreement.purchase_id),
        customer_id: agreement.customer_id.to_string(),
        kind: kind.into(),
        amount: agreement.amount.and_then(to_money),
        goods_first: agreement.kind == AgreedKind::ReturnRefund,
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
            let paid = order.request.as_ref().and_then(Request::agreed_paid).and_then(to_money);
            Published::of(&out::OrderFailed { order_id, complaint_id, remedy_id, code: code.to_owned(), paid }, shard)
        }
    }
}
