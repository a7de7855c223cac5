//! What the carrier tells of parcels: `POST /v1/carrier/callbacks`, signed JSON as Standard Webhooks has it. A parcel is
//! known by its tracking number: one that goes out again is delivered, lost or back by it as if somebody had said so; one that
//! comes back is followed, and received by people.
//! Invariant: what is not signed, is too old or names no parcel of ours moves nothing; what is told twice is told once.
use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use backbone::{Actor, Change, Clock, Fault, Road, Unit, signature::Secrets};
use jiff::Timestamp;
use serde::{Deserialize, de::value::StrDeserializer};
use sqlx::PgPool;

use crate::{
    callbacks::{Refused, RefusedCallbacks, answered, signed},
    domain::order::{
        Command, ServiceOrder,
        label::{self, Told, Way},
        replacement::{self, Outcome, ReplacementState},
        request,
    },
    store::{self, Stored},
};

/// What the carrier says is recorded, whether he told it or was asked. Cheap to clone.
#[derive(Clone)]
pub struct Hearing {
    pub pool: PgPool,
    pub road: Road,
    pub clock: Clock,
}

/// Who hears the carrier.
pub struct Parcels {
    pub hearing: Hearing,
    pub secrets: Secrets,
    pub refused: RefusedCallbacks,
}

#[derive(Clone, Debug, Deserialize)]
struct Callback {
    /// `parcel.` and where it is.
    r#type: String,
    data: Data,
}

#[derive(Clone, Debug, Deserialize)]
struct Data {
    tracking_number: String,
    at: Timestamp,
}

impl Callback {
    /// The tracking number, and what is told of it; nothing where it is no word of ours.
    fn read(body: &[u8]) -> Option<(String, Told)> {
        let Self { r#type, data: Data { tracking_number, at } } = serde_json::from_slice(body).ok()?;
        let way = StrDeserializer::<serde::de::value::Error>::new(r#type.strip_prefix("parcel.")?);
        Some((tracking_number, Told { way: Way::deserialize(way).ok()?, at }))
    }
}

/// Its route.
pub fn routes(parcels: Parcels) -> Router {
    Router::new().route("/v1/carrier/callbacks", post(told)).with_state(Arc::new(parcels))
}

async fn told(State(parcels): State<Arc<Parcels>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let heard = async {
        let body = signed(&parcels.secrets, &head.headers, body, parcels.hearing.clock.now()).await?;
        let malformed = "the body must be {type, data}: parcel.in_transit, parcel.delivered, parcel.lost or parcel.returned \
                         with tracking_number and at";
        let (tracking_number, told) =
            Callback::read(&body).ok_or((StatusCode::UNPROCESSABLE_ENTITY, "callback.malformed", malformed))?;
        parcels.hearing.hear(&tracking_number, told).await
    };
    answered(heard.await, &parcels.refused)
}

impl Hearing {
    /// Records where a parcel is. Errors: it is no parcel of ours, what is told is yet to happen, or the database is away.
    pub async fn hear(&self, tracking_number: &str, told: Told) -> Result<(), Refused> {
        if told.at > self.clock.now() {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, "callback.ahead", "it tells of what is yet to happen"));
        }
        let orders = store::orders_of_parcel(&self.pool, tracking_number).await.map_err(|fault| later(&fault))?;
        if orders.is_empty() {
            return Err((
                StatusCode::NOT_FOUND,
                "callback.parcel_unknown",
                "no parcel of ours has this tracking number",
            ));
        }
        for Stored { id, state, .. } in orders {
            for command in meant(&state, tracking_number, told) {
                let change = Change::to::<ServiceOrder>(id, Command::Request(command));
                match self.road.submit(Unit::of(change).actor(Actor::service("carrier"))).await {
                    Ok(_) => {}
                    // Somebody was quicker; what he said stands.
                    Err(fault) if matches!(fault.code(), "order.not_now") => {}
                    Err(fault) => return Err(later(&fault)),
                }
            }
        }
        Ok(())
    }
}

/// What it means for an order: for all that goes out in this parcel, and for what comes back in it. Nothing where it changes
/// nothing, or is older than the parcel: then it is of another one that had the number before.
fn meant(order: &ServiceOrder, tracking_number: &str, told: Told) -> Vec<request::Command> {
    let Some(request) = &order.request else { return vec![] };
    let ours = |one: &&replacement::Replacement| {
        let parcel = one.parcel.as_ref().is_some_and(|parcel| parcel.tracking_number == tracking_number);
        parcel && one.state == ReplacementState::Shipped && one.since <= told.at
    };
    let outcome = match told.way {
        Way::InTransit => None,
        Way::Delivered => Some(Outcome::Delivered),
        Way::Lost => Some(Outcome::Lost),
        Way::Returned => Some(Outcome::ReturnedUndelivered),
    };
    let arrived = outcome.into_iter().flat_map(|outcome| {
        let command = replacement::Command::Arrive(outcome);
        let by = Actor::service("carrier").as_str().to_owned();
        let shipped = request.replacements.iter().filter(ours);
        shipped.map(move |one| request::Command::Replacement { id: one.id, by: by.clone(), command: command.clone() })
    });
    let label = request.label.as_ref().filter(|label| label.tracking_number == tracking_number);
    arrived.chain(label.map(|_| request::Command::Label(label::Command::Hear(told)))).collect()
}

fn later(fault: &Fault) -> Refused {
    tracing::warn!(fault = fault.chain(), "what the carrier told could not be recorded");
    (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "it could not be recorded; try again")
}
