//! What we listen to: everything. Every event becomes one fact; one that cannot be read is parked, never dropped.
use backbone::{Context, Effects, Inbound};

use crate::{facts, wire};

/// All events of all services.
pub fn inbound(_: &Context, i: &mut Inbound) -> anyhow::Result<()> {
    i.on_every(|meta, payload| Ok(Effects::none().row(facts::add(wire::fact(meta, payload)?))));
    Ok(())
}
