//! console: the whole chain on one page, for staff. It owns nothing and decides nothing; it asks the other services and
//! shows what they say, and who does not answer shows as away.
//!
//! Reading order: `http` (the address) → `neighbours` (asking) → `page` (what is shown) → `words` (how values read).
use backbone::{Context, Parts, Service};

mod http;
mod neighbours;
mod page;
mod words;

/// The service. It has no schema and takes part in no messaging.
pub static SERVICE: Service = Service {
    name: "console",
    defaults: include_str!("../default.toml"),
    migrations: None,
    aggregates: |_| {},
    inbound: |_, _| Ok(()),
    assemble,
};

fn assemble(context: &Context) -> anyhow::Result<Parts> {
    Ok(Parts::new().http(http::router(context.neighbours.clone(), context.clock.clone())))
}
