//! What the figures read in what fulfilment tells: refunds, compensation, what was asked of customers, and costs.
use backbone::{Fault, proto};
use contracts::{
    Event,
    common::v1::TenderKind,
    fulfilment::v1::{CompensationMoved, CostPosted, CostPosting, OrderFinished, RefundSucceeded},
};

use super::{amount, read, word};
use crate::domain::fact::{Cost, Measures};

/// The accounts of costs; what stands against them tells no cost.
const COSTS: [&str; 9] =
    ["refund", "fees", "goods", "write_off", "freight", "labour", "parts", "compensation", "recovery"];

/// The measures of an event of fulfilment; of any other nothing but what is known already.
pub fn measures(event_type: &str, payload: &[u8], plain: Measures) -> Result<Measures, Fault> {
    match event_type {
        RefundSucceeded::TYPE => refund_succeeded(read(payload)?, plain),
        CompensationMoved::TYPE => compensation_moved(read(payload)?, plain),
        OrderFinished::TYPE => Ok(finished(read(payload)?, plain)),
        CostPosted::TYPE => {
            let postings = read::<CostPosted>(payload)?.postings.into_iter();
            let costs = postings.filter(|posting| COSTS.contains(&posting.account.as_str())).map(cost);
            Ok(Measures { costs: costs.collect::<Result<_, _>>()?, ..plain })
        }
        _ => Ok(plain),
    }
}

/// It is of one decision with the refunds of the other means. Before that was told, a refund by one of several means was of
/// its order, and every other a decision of its own.
fn refund_succeeded(e: RefundSucceeded, plain: Measures) -> Result<Measures, Fault> {
    let by_means = e.tender() != TenderKind::Unspecified;
    let of = if e.claim_id.is_empty() && by_means { &e.order_id } else { &e.claim_id };
    Ok(Measures {
        occurred_at: proto::required("succeeded_at", e.succeeded_at.as_ref())?,
        about: proto::optional_id("claim_id", of)?,
        outcome: e.compensation.then(|| "compensation".to_owned()),
        amount: Some(amount("amount", e.amount)?),
        ..plain
    })
}

fn compensation_moved(e: CompensationMoved, plain: Measures) -> Result<Measures, Fault> {
    let gift = e.gift.unwrap_or_default();
    Ok(Measures {
        about: proto::optional_id("refund_id", &e.refund_id)?,
        outcome: word(e.status),
        code: word(gift.what),
        department: word(gift.department),
        amount: gift.worth.map(|worth| amount("gift.worth", Some(worth))).transpose()?,
        ..plain
    })
}

fn finished(e: OrderFinished, plain: Measures) -> Measures {
    let plain = Measures { outcome: word(e.status), code: word(e.kind), ..plain };
    let Some(effort) = e.effort else { return plain };
    let held = effort.interactions_max > 0;
    Measures {
        number: Some(effort.interactions.into()),
        base: Some(effort.documents.into()),
        exceeded: held.then_some(effort.exceeded),
        policy: held.then(|| format!("{}-{}", effort.policy_id, effort.policy_version)),
        ..plain
    }
}

/// Incomes are below nothing.
fn cost(posting: CostPosting) -> Result<Cost, Fault> {
    let money = posting.amount.ok_or_else(|| Fault::invalid("postings.amount", "is missing"))?;
    let currency = money.currency.parse::<kernel::money::Currency>();
    let currency = currency.map_err(|error| Fault::invalid("postings.amount.currency", error.to_string()))?;
    let dimensions = posting.dimensions.unwrap_or_default();
    Ok(Cost {
        place: posting.place,
        account: posting.account,
        minor: money.minor,
        currency: currency.to_string(),
        cause: word(dimensions.cause),
        department: word(dimensions.department),
        supplier: word(dimensions.supplier),
        batch: word(dimensions.batch),
    })
}
