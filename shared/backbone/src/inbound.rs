//! What a service listens to: for each event a function that turns it into changes. A subscription reads all events
//! of the aggregate it belongs to, because the version gate needs them; those without a function just pass.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use contracts::Event;

use crate::{
    aggregate::Change,
    fault::Fault,
    gate::{Claim, Meta},
    row::Row,
    unit::{Actor, Unit},
};

/// What an event means here: changes and side rows, all in one transaction with the gate.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    changes: Vec<Change>,
    rows: Vec<Row>,
}

impl Effects {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// One change.
    pub fn change(change: Change) -> Self {
        Self::none().and(change)
    }

    /// And another.
    #[must_use]
    pub fn and(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// And a side row; written only if one of the changes changes something, or if there are none.
    #[must_use]
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }
}

type Handler = Arc<dyn Fn(&Meta, &[u8]) -> Result<Effects, Fault> + Send + Sync>;

/// The subscriptions of a service.
#[derive(Clone)]
pub struct Inbound {
    service: &'static str,
    by_type: HashMap<&'static str, Handler>,
    any: Option<Handler>,
    filters: BTreeMap<String, BTreeSet<String>>,
}

impl Inbound {
    pub(crate) fn new(service: &'static str) -> Self {
        Self { service, by_type: HashMap::new(), any: None, filters: BTreeMap::new() }
    }

    /// Listens to one event. An error of the function parks the event.
    pub fn on<E: Event>(
        &mut self,
        handle: impl Fn(E, &Meta) -> Result<Effects, Fault> + Send + Sync + 'static,
    ) -> &mut Self {
        self.subscribe(E::FILTER);
        let handler = move |meta: &Meta, payload: &[u8]| {
            let event = E::decode(payload).map_err(|error| Fault::invalid(E::TYPE, error.to_string()))?;
            handle(event, meta)
        };
        self.by_type.insert(E::TYPE, Arc::new(handler));
        self
    }

    /// Listens to every event of the aggregate that `E` happens to. The function gets the encoded message; its type is in
    /// the meta.
    pub fn on_aggregate<E: Event>(
        &mut self,
        handle: impl Fn(&Meta, &[u8]) -> Result<Effects, Fault> + Send + Sync + 'static,
    ) -> &mut Self {
        self.subscribe(E::FILTER);
        let (all, handler): (_, Handler) = (contracts::aggregate_filter(E::FILTER), Arc::new(handle));
        for (event_type, subject) in contracts::EVENTS {
            if contracts::aggregate_filter(&starred(subject)) == all {
                self.by_type.insert(event_type, Arc::clone(&handler));
            }
        }
        self
    }

    /// Listens to every event whose subject matches one of `contracts::EVENTS`, of all services. The function gets
    /// the encoded message; its type is in the meta.
    pub fn on_every(
        &mut self,
        handle: impl Fn(&Meta, &[u8]) -> Result<Effects, Fault> + Send + Sync + 'static,
    ) -> &mut Self {
        for (_, subject) in contracts::EVENTS {
            self.subscribe(&starred(subject));
        }
        self.any = Some(Arc::new(handle));
        self
    }

    fn subscribe(&mut self, filter: &str) {
        self.filters.entry(contracts::stream_of(filter)).or_default().insert(contracts::aggregate_filter(filter));
    }

    /// Streams listened to, each with its subject filters, without the space.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (&String, &BTreeSet<String>)> {
        self.filters.iter()
    }

    /// Whether somebody here listens to what is sent to this subject of a stream.
    pub(crate) fn hears(&self, stream: &str, subject: &str) -> bool {
        self.filters.get(stream).into_iter().flatten().any(|filter| contracts::names(filter, subject))
    }

    /// The unit an event becomes: its claim to pass the gate, and its effects.
    pub(crate) fn unit(&self, meta: Meta, payload: Vec<u8>) -> Unit {
        let handler = self.by_type.get(meta.event_type.as_str()).or(self.any.as_ref());
        let effects = handler.map_or_else(|| Ok(Effects::none()), |handle| handle(&meta, &payload));
        let (effects, poison) = match effects {
            Ok(effects) => (effects, None),
            Err(fault) => (Effects::none(), Some(fault.chain())),
        };
        Unit {
            changes: effects.changes,
            rows: effects.rows,
            actor: Some(Actor::service(self.service)),
            claim: Some(Claim { meta, payload, poison }),
            ..Unit::empty()
        }
    }
}

/// A subject with `*` for every token.
pub(crate) fn starred(subject: &str) -> String {
    subject.split('.').map(|token| if token.starts_with('{') { "*" } else { token }).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
#[path = "inbound_tests.rs"]
mod tests;
