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
use serde::Deserialize;
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
    r#type: Type,
    data: Data,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Type {
    #[serde(rename = "parcel.in_transit")]
    InTransit,
    #[serde(rename = "parcel.delivered")]
    Delivered,
    #[serde(rename = "parcel.lost")]
    Lost,
    #[serde(rename = "parcel.returned")]
    Returned,
}

#[derive(Clone, Debug, Deserialize)]
struct Data {
    tracking_number: String,
    at: Timestamp,
}

impl Type {
    fn way(self) -> Way {
        match self {
            Self::InTransit => Way::InTransit,
            Self::Delivered => Way::Delivered,
            Self::Lost => Way::Lost,
            Self::Returned => Way::Returned,
        }
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
        let Callback { r#type, data: Data { tracking_number, at } } = serde_json::from_slice(&body)
            .map_err(|_| (StatusCode::UNPROCESSABLE_ENTITY, "callback.malformed", malformed))?;
        parcels.hearing.hear(&tracking_number, Told { way: r#type.way(), at }).await
    };
    answered(heard.await, &parcels.refused)
}

impl Hearing {
    /// Records where a parcel is. Errors: it is no parcel of ours, what is told is yet to happen, or the database is away.
    pub async fn hear(&self, tracking_number: &str, told: Told) -> Result<(), Refused> {
        if told.at > self.clock.now() {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, "callback.ahead", "it tells of what is yet to happen"));
        }
        let order = store::order_of_parcel(&self.pool, tracking_number).await.map_err(|fault| later(&fault))?;
        let unknown = (StatusCode::NOT_FOUND, "callback.parcel_unknown", "no parcel of ours has this tracking number");
        let Stored { id, state, .. } = order.ok_or(unknown)?;
        let Some(command) = meant(&state, tracking_number, told) else { return Ok(()) };
        let unit = Unit::of(Change::to::<ServiceOrder>(id, Command::Request(command))).actor(Actor::service("carrier"));
        match self.road.submit(unit).await {
            Ok(_) => Ok(()),
            // Somebody was quicker; what he said stands.
            Err(fault) if matches!(fault.code(), "order.not_now") => Ok(()),
            Err(fault) => Err(later(&fault)),
        }
    }
}

/// What it means for the order; nothing where it changes nothing.
fn meant(order: &ServiceOrder, tracking_number: &str, told: Told) -> Option<request::Command> {
    let request = order.request.as_ref()?;
    let ours = |one: &&replacement::Replacement| {
        let parcel = one.parcel.as_ref().is_some_and(|parcel| parcel.tracking_number == tracking_number);
        parcel && one.state == ReplacementState::Shipped
    };
    if let Some(one) = request.replacements.iter().find(ours) {
        let outcome = match told.way {
            Way::InTransit => return None,
            Way::Delivered => Outcome::Delivered,
            Way::Lost => Outcome::Lost,
            Way::Returned => Outcome::ReturnedUndelivered,
        };
        let (id, by) = (one.id, Actor::service("carrier").as_str().to_owned());
        return Some(request::Command::Replacement { id, by, command: replacement::Command::Arrive(outcome) });
    }
    request.label.as_ref().filter(|label| label.tracking_number == tracking_number)?;
    Some(request::Command::Label(label::Command::Hear(told)))
}

fn later(fault: &Fault) -> Refused {
    tracing::warn!(fault = fault.chain(), "what the carrier told could not be recorded");
    (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "it could not be recorded; try again")
}
