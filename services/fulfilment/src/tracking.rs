//! Parcels the carrier says nothing of are asked for: those that go out, and those that come back under one of his labels. What
//! he answers goes the road of what he tells of himself, so that a callback that never comes is not missed.
//! Invariant: a silent parcel is asked for once in `silent_for`, by however many processes; while he is left in peace nobody is.
use std::sync::{Arc, Mutex, PoisonError};

use backbone::{Clock, Fault};
use futures::future::join_all;
use jiff::Timestamp;
use sqlx::PgPool;

use crate::{
    carrier::{Carrier, HttpCarrier},
    parcels::Hearing,
    store::{After, tracking as store},
};

/// So many orders are looked at in one go.
const PAGE: i64 = 64;
/// So many parcels are asked for at once.
const AT_ONCE: u8 = 16;

/// Follows parcels. Cheap to clone; any number of them, in any number of processes, work side by side.
#[derive(Clone)]
pub struct Tracking {
    pool: PgPool,
    clock: Clock,
    carrier: HttpCarrier,
    hearing: Hearing,
    /// The last order that was looked at; from the beginning where there is none.
    after: Arc<Mutex<After>>,
}

impl Tracking {
    /// Of parcels this carrier has.
    pub fn new(carrier: HttpCarrier, hearing: Hearing) -> Self {
        Self { pool: hearing.pool.clone(), clock: hearing.clock.clone(), carrier, hearing, after: Arc::default() }
    }

    /// Looks at some orders with parcels under way, from where it left off, and asks for those that are silent; says of how many
    /// he gave a word. Errors: the database is away.
    pub async fn follow_once(&self) -> Result<usize, Fault> {
        let room = self.carrier.room(AT_ONCE);
        if room == 0 {
            return Ok(0);
        }
        let (now, after) = (self.clock.now(), *self.after.lock().unwrap_or_else(PoisonError::into_inner));
        let before = now.checked_sub(self.carrier.silent_for).unwrap_or(Timestamp::MIN);
        let orders = store::with_parcels(&self.pool, after, PAGE).await?;
        // After the last one it begins anew.
        let full = i64::try_from(orders.len()).is_ok_and(|count| count == PAGE);
        let place =
            orders.last().filter(|_| full).map(|order| (order.state.opened_at.unwrap_or(Timestamp::MIN), order.id));
        let under_way = orders.iter().filter_map(|order| order.state.request.as_ref());
        let under_way = under_way.flat_map(|request| request.parcels_under_way(&self.carrier.name));
        let silent: Vec<&str> =
            under_way.filter(|(_, heard_at)| *heard_at <= before).map(|(number, _)| number).collect();
        let silent = store::take(&self.pool, &silent, (now, before), room.into()).await?;
        // Where more are silent than may be asked at once, the same orders are looked at again.
        if silent.len() < usize::from(room) {
            *self.after.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }
        if !silent.is_empty() {
            store::forget(&self.pool, before.checked_sub(self.carrier.silent_for).unwrap_or(Timestamp::MIN)).await?;
        }
        let asked = join_all(silent.iter().map(|number| self.ask(number, now))).await;
        asked.into_iter().try_fold(0, |count, heard| Ok(count + usize::from(heard?)))
    }

    /// Whether he gave a word; without one the parcel is asked for again soon.
    async fn ask(&self, tracking_number: &str, asked_at: Timestamp) -> Result<bool, Fault> {
        let word = match self.carrier.parcel(tracking_number).await {
            Ok(None) => return Ok(true),
            Ok(Some(told)) => self.hearing.hear(tracking_number, told).await.map_err(|(_, code, _)| code.to_owned()),
            Err(fault) => Err(fault.chain()),
        };
        let Err(why) = word else { return Ok(true) };
        tracing::warn!(tracking_number, why, "a silent parcel was asked for in vain");
        store::give_back(&self.pool, tracking_number, asked_at).await?;
        Ok(false)
    }
}
