//! Goods at the door, of either road: those that were asked for go to the request, those of an agreed return come all at once
//! and release its money.
//! Invariant: of what came at one place already, a parcel is told at another with a number of its own only, so that none is
//! counted at two doors.
use jiff::Timestamp;

use super::{
    Event, Goods, Rejection, ServiceOrder, State,
    goods::{Arrival, Leg},
    request::{self, Request},
    returning::{self, Came},
};

impl Request {
    /// Errors: some of it came at another place, and nothing says that this is another parcel; or who tells it has approved its
    /// money.
    pub(super) fn may_be_received(&self, parcel: Option<&str>, place: &str, by: &str) -> Result<(), Rejection> {
        self.may_handle(by)?;
        let elsewhere = parcel.is_none() && self.legs().any(|(line_no, leg)| self.came_elsewhere(line_no, leg, place));
        if elsewhere { Err(Rejection::ReceivedElsewhere) } else { Ok(()) }
    }

    /// What he got back repaired and brings again may come anywhere.
    fn came_elsewhere(&self, line_no: u32, leg: &Leg, place: &str) -> bool {
        let work = self.line(line_no).and_then(|line| line.work.as_ref());
        let since = work.and_then(|work| work.reopened_at);
        let meant = |one: &&Arrival| one.place != place && since.is_none_or(|since| one.at >= since);
        leg.arrivals.iter().any(|one| meant(&one))
    }
}

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
