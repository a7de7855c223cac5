//! What we listen to: everything. Every event becomes one fact; one that cannot be read is parked, never dropped.
use backbone::{Context, Effects, Fault, Inbound, Row};

use crate::{facts, wire};

/// All events of all services.
pub fn inbound(_: &Context, i: &mut Inbound) -> anyhow::Result<()> {
    i.on_every(|meta, payload| {
        let fact = serde_json::to_value(wire::fact(meta, payload)?).map_err(Fault::internal)?;
        Ok(Effects::none().row(Row::new(facts::ADD, fact)))
    });
    Ok(())
}
