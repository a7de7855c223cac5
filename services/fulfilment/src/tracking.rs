//! Parcels the carrier says nothing of are asked for: those that go out, and those that come back under one of his labels. What
//! he answers goes the road of what he tells of himself, so that a callback that never comes is not missed.
//! Invariant: a silent parcel is asked for once in `silent_for`, by however many processes, and where that was in vain, once in a
//! 96th of it; one that cannot be asked for holds up no other; while he is left in peace nobody is asked for.
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use backbone::Fault;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::{
    carrier::{Carrier, HttpCarrier},
    parcels::Hearing,
    store::{After, tracking as store},
};

/// So many orders are looked at in one go.
const PAGE: i64 = 64;
/// So many parcels are asked for at once.
const AT_ONCE: u8 = 16;
/// Such a share of `silent_for` passes between two rounds, and before a question in vain is asked again: half an hour of two days.
const SHARE: i32 = 96;

/// Follows parcels. Cheap to clone; any number of them, in any number of processes, work side by side.
#[derive(Clone)]
pub struct Tracking {
    carrier: HttpCarrier,
    hearing: Hearing,
    round: Arc<Mutex<Round>>,
}

/// How far a round through all orders has come.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// The last order that was looked at; from the beginning where there is none.
    after: After,
    /// More were silent than could be asked for.
    left: bool,
    /// The next one begins then.
    rests_until: Timestamp,
}

impl Round {
    /// A page was looked at, up to this place; none where it was the last.
    fn turn(&mut self, place: After, left: bool, next: Timestamp) {
        (self.after, self.left) = (place, self.left || left);
        if place.is_none() {
            let rests_until = if self.left { self.rests_until } else { next };
            *self = Self { rests_until, ..Self::default() };
        }
    }
}

impl Tracking {
    /// Of parcels this carrier has.
    pub fn new(carrier: HttpCarrier, hearing: Hearing) -> Self {
        Self { carrier, hearing, round: Arc::default() }
    }

    /// Looks at some orders with parcels under way, from where it left off, and asks for those that are silent; says of how many
    /// he gave a word. Errors: the database is away.
    pub async fn follow_once(&self) -> Result<usize, Fault> {
        let (room, pool) = (self.carrier.room(AT_ONCE), &self.hearing.pool);
        let (now, round) = (self.hearing.clock.now(), *self.round.lock().unwrap_or_else(PoisonError::into_inner));
        if room == 0 || now < round.rests_until {
            return Ok(0);
        }
        let before = earlier(now, self.carrier.silent_for);
        let orders = store::with_parcels(pool, round.after, PAGE).await?;
        // After the last one it begins anew.
        let full = i64::try_from(orders.len()).is_ok_and(|count| count == PAGE);
        let place =
            orders.last().filter(|_| full).map(|order| (order.state.opened_at.unwrap_or(Timestamp::MIN), order.id));
        let under_way = orders.iter().filter_map(|order| order.state.request.as_ref());
        let under_way = under_way.flat_map(|request| request.parcels_under_way(&self.carrier.name));
        let silent: Vec<&str> =
            under_way.filter(|(_, heard_at)| *heard_at <= before).map(|(number, _)| number).collect();
        let silent = store::take(pool, &silent, (now, before), room.into()).await?;
        let next = now.checked_add(self.share()).unwrap_or(Timestamp::MAX);
        let left = silent.len() >= usize::from(room);
        self.round.lock().unwrap_or_else(PoisonError::into_inner).turn(place, left, next);
        if !silent.is_empty() {
            store::forget(pool, earlier(before, self.carrier.silent_for)).await?;
        }
        let asked = join_all(silent.iter().map(|number| self.ask(number, now))).await;
        asked.into_iter().try_fold(0, |count, heard| Ok(count + usize::from(heard?)))
    }

    fn share(&self) -> SignedDuration {
        self.carrier.silent_for / SHARE
    }

    /// Whether he gave a word that could be recorded. Without one the parcel is asked for again after a share of `silent_for`; a
    /// word that is refused is heard again after all of it.
    async fn ask(&self, tracking_number: &str, asked_at: Timestamp) -> Result<bool, Fault> {
        let (why, in_vain) = match self.carrier.parcel(tracking_number).await {
            Ok(None) => return Ok(true),
            Ok(Some(told)) => match self.hearing.hear(tracking_number, told).await {
                Ok(()) => return Ok(true),
                Err((status, code, _)) => (code.to_owned(), status == StatusCode::SERVICE_UNAVAILABLE),
            },
            Err(fault) => (fault.chain(), true),
        };
        tracing::warn!(tracking_number, why, "a silent parcel was asked for in vain");
        if in_vain {
            let as_if = earlier(asked_at, self.carrier.silent_for - self.share());
            store::in_vain(&self.hearing.pool, tracking_number, (asked_at, as_if)).await?;
        }
        Ok(false)
    }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_rests_after_its_last_page_unless_parcels_were_left_and_goes_on_past_what_is_silent() {
        let (now, id) = (Timestamp::UNIX_EPOCH, uuid::Uuid::nil());
        let next = now + SignedDuration::from_mins(30);
        let mut round = Round::default();
        round.turn(Some((now, id)), true, next);
        assert_eq!((round.after, round.left), (Some((now, id)), true), "it goes on where more are silent, too");
        round.turn(None, false, next);
        assert_eq!((round.after, round.left, round.rests_until), (None, false, now), "and comes back for them at once");
        round.turn(Some((now, id)), false, next);
        assert_eq!(round.rests_until, now, "not before the last page");
        round.turn(None, false, next);
        assert_eq!((round.after, round.rests_until), (None, next));
    }
}
