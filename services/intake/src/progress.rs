//! How far complaint is with a case, as its events tell it, kept for the customer to read (R-INT-24): what a status
//! page shows is asked of nobody else. No words of anybody: steps, and what was offered by kind and worth.
use backbone::{Effects, Fault, Inbound, Meta, Row, proto};
use contracts::{
    common::v1::{Remedy, RemedyKind},
    complaint::v1::{
        CustomerDissatisfied, ExecutionStarted, InvestigationStarted, SolutionDeclined, SolutionExecuted,
        SolutionOffered,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A step of the way, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    LookingInto,
    Offered,
    Agreed,
    CarryingOut,
    CarriedOut,
}

impl Step {
    pub const ALL: [Step; 5] = [Step::LookingInto, Step::Offered, Step::Agreed, Step::CarryingOut, Step::CarriedOut];

    /// The word it is stored by.
    pub fn word(self) -> &'static str {
        match self {
            Step::LookingInto => "looking_into",
            Step::Offered => "offered",
            Step::Agreed => "agreed",
            Step::CarryingOut => "carrying_out",
            Step::CarriedOut => "carried_out",
        }
    }
}

/// One thing that was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    pub kind: Kind,
    /// In minor units, where it is worth something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Refund,
    ReturnRefund,
    Guidance,
    Exchange,
    Repair,
    Compensation,
    ServiceAgain,
}

/// What is not told stays as it was; the next offer takes the place of the last.
const KEEP: &str = "-- case_progress.keep
    progress_given as materialized (
      select g.* from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as g(complaint_id, step, offer, at)),
    progress_kept as (
      insert into case_progress as p (complaint_id, step, offer, at) select * from progress_given
      on conflict (complaint_id) do update
        set step = excluded.step, at = excluded.at, offer = coalesce(excluded.offer, p.offer))";

/// One line per event, but for the agreement, of which [`crate::inbound`] has more to say.
pub fn inbound(inbound: &mut Inbound) {
    let looking = Step::LookingInto;
    inbound.on::<InvestigationStarted>(move |event, meta| on(&event.complaint_id, looking, None, meta));
    inbound.on::<SolutionOffered>(|event, meta| on(&event.complaint_id, Step::Offered, Some(&event.remedies), meta));
    inbound.on::<SolutionDeclined>(move |event, meta| on(&event.complaint_id, looking, None, meta));
    inbound.on::<ExecutionStarted>(|event, meta| on(&event.complaint_id, Step::CarryingOut, None, meta));
    inbound.on::<SolutionExecuted>(|event, meta| on(&event.complaint_id, Step::CarriedOut, None, meta));
    inbound.on::<CustomerDissatisfied>(move |event, meta| on(&event.complaint_id, looking, None, meta));
}

fn on(complaint_id: &str, step: Step, offer: Option<&[Remedy]>, meta: &Meta) -> Result<Effects, Fault> {
    Ok(Effects::none().row(row(proto::id("complaint_id", complaint_id)?, step, offer, meta)?))
}

/// The row that keeps a step.
pub fn row(complaint_id: Uuid, step: Step, offer: Option<&[Remedy]>, meta: &Meta) -> Result<Row, Fault> {
    let offer = offer.map(|remedies| remedies.iter().filter_map(offered).collect::<Vec<_>>());
    let offer = offer.map(|offer| serde_json::to_string(&offer)).transpose().map_err(Fault::internal)?;
    let row = Row::new(KEEP, complaint_id).with(step.word().to_owned());
    Ok(row.with(offer).with(meta.occurred_at))
}

/// A remedy of a kind this version knows.
fn offered(remedy: &Remedy) -> Option<Offered> {
    let kind = match remedy.kind() {
        RemedyKind::Unspecified => return None,
        RemedyKind::Refund => Kind::Refund,
        RemedyKind::ReturnRefund => Kind::ReturnRefund,
        RemedyKind::Guidance => Kind::Guidance,
        RemedyKind::Exchange => Kind::Exchange,
        RemedyKind::Repair => Kind::Repair,
        RemedyKind::Compensation => Kind::Compensation,
        RemedyKind::ServiceAgain => Kind::ServiceAgain,
    };
    let worth = remedy.amount.as_ref();
    Some(Offered { kind, minor: worth.map(|one| one.minor), currency: worth.map(|one| one.currency.clone()) })
}
