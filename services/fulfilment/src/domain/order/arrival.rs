//! Goods at the door, of either road: those that were asked for go to the request, those of an agreed return come all at once
//! and release its money.
use jiff::Timestamp;

use super::{
    Event, Goods, Rejection, ServiceOrder, State,
    request::{self, Request},
    returning::{self, Came},
};

impl ServiceOrder {
    pub(super) fn returning(&self, command: returning::Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        self.decide_request(request::Command::Goods(command), now)
    }

    /// When goods that have not come are not waited for any more.
    pub fn goods_by(&self) -> Option<Timestamp> {
        let of_request = self.request.as_ref().and_then(Request::return_by);
        let agreed = self.facts.as_ref().filter(|facts| facts.goods_within.is_positive()).zip(self.opened_at);
        let awaited = agreed.filter(|_| matches!(self.state, State::AwaitingGoods { .. }));
        of_request.or(awaited.map(|(facts, opened_at)| kernel::calendar::add(opened_at, facts.goods_within)))
    }

    /// The money that waited for goods is free again.
    pub(super) fn lapse_goods(&self, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        if self.request.is_some() {
            return self.returning(returning::Command::Lapse, now);
        }
        let lapsed = self.goods_by().is_some_and(|by| by <= now);
        Ok(lapsed.then(|| Event::Failed { code: "goods_lapsed".into() }).into_iter().collect())
    }

    /// Goods may come back before the money is secured: they are recorded, and the money leaves once it is. Those of an
    /// agreed remedy come all at once.
    pub(super) fn receive_goods(
        &self,
        by: String,
        place: String,
        came: Vec<Came>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        if self.request.is_some() {
            return self.returning(returning::Command::Receive { parcel: None, place, by, came }, now);
        }
        if !came.is_empty() {
            return Err(Rejection::NoSuchLine);
        }
        match (&self.goods, &self.state) {
            (Goods::NotExpected, _) => Err(Rejection::NoGoodsExpected),
            (Goods::Received { .. }, _) => Err(Rejection::GoodsAlreadyReceived),
            (Goods::Awaited, State::Requested | State::AwaitingGoods { .. }) => {
                Ok(vec![Event::GoodsReceived { by, at: now }])
            }
            (Goods::Awaited, _) => Err(Rejection::NotNow),
        }
    }
}
