//! For a shop system that reads no NATS: what happens to the orders of what it sold, as signed JSON requests to its own URL
//! ([`backbone::webhook`]). Whose an order is follows from its purchases: each has the channel it was bought in.
use std::collections::BTreeMap;

use backbone::{
    Clock, Effects, Inbound, Row,
    webhook::{Section, body},
};
use contracts::fulfilment::v1::OrderRequested;

/// A row for each channel that sold what the order is about and has a webhook, written when the event passes the gate.
const QUEUE: &str = "-- webhook.queue
    webhook_queued as (
      insert into webhook_delivery (event_id, receiver, body, queued_at, next_at)
      select event_id, channel, body, queued_at, queued_at
      from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
           as event(event_id, order_id, channels, body, queued_at)
      cross join lateral (
        select distinct account.state->'state'->'sale'->>'channel' as channel
        from service_order, purchase_account account
        where service_order.id = order_id and account.id = any (purchases_of(service_order.state))
      ) as sold
      where channel = any (string_to_array(channels, ','))
      order by event_id
      on conflict do nothing)";

/// Listens to what happens to orders; to nothing when no channel has a webhook.
pub fn inbound(hooks: &BTreeMap<String, Section>, clock: &Clock, inbound: &mut Inbound) {
    if hooks.is_empty() {
        return;
    }
    let (channels, clock) = (hooks.keys().cloned().collect::<Vec<_>>().join(","), clock.clone());
    inbound.on_aggregate::<OrderRequested>(move |meta, payload| {
        let row = Row::new(QUEUE, meta.event_id).with(meta.aggregate_id).with(channels.clone());
        Ok(Effects::none().row(row.with(body(meta, payload)?.to_string()).with(clock.now())))
    });
}
