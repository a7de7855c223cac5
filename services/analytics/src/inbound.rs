//! What we listen to: everything. Every event becomes one fact; one that cannot be read is parked, never dropped. Only
//! what we say ourselves is none: it rests on facts.
use backbone::{Context, Effects, Inbound};
use contracts::analytics::v1::AnalysisMade;

use crate::{facts, wire};

/// All events of all services.
pub fn inbound(_: &Context, i: &mut Inbound) -> anyhow::Result<()> {
    i.on_every(|meta, payload| Ok(Effects::none().row(facts::add(wire::fact(meta, payload)?))));
    i.on(|_: AnalysisMade, _| Ok(Effects::none()));
    Ok(())
}
