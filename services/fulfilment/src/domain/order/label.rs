//! The label of the parcel that goods come back in, made by a carrier, and what he tells of that parcel (R-FUL-03).
//! Invariant: an order has one label at a time, and another only when its parcel came; what its carrier tells late or twice changes nothing; and while a parcel is with him
//! the order does not end because nothing came.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Rejection, State, replacement::ReplacementState, request::Request};

/// What is stuck on the parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// A code.
    pub carrier: String,
    pub tracking_number: String,
    /// Where it is printed from.
    pub reference: String,
    pub by: String,
    pub at: Timestamp,
    /// What the carrier told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// Where a parcel is, and since when, by its carrier's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub way: Way,
    pub at: Timestamp,
}

/// Where a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    InTransit,
    /// Where it was sent to; what is in it is received by people.
    Delivered,
    Lost,
    /// With its sender again.
    Returned,
}

impl Way {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::InTransit => "in_transit",
            Self::Delivered => "delivered",
            Self::Lost => "lost",
            Self::Returned => "returned",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The carrier made a label.
    Keep { carrier: String, tracking_number: String, reference: String, by: String },
    /// The carrier told of the parcel.
    Hear(Told),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Made(Label),
    Moved(Told),
}

impl Request {
    pub(super) fn decide_label(
        &self,
        command: Command,
        state: &State,
        at: Timestamp,
    ) -> Result<Option<Event>, Rejection> {
        match (command, self.living_label(), state) {
            (Command::Keep { .. }, Some(_), _) => Ok(None),
            (Command::Keep { .. }, None, State::Authorised | State::InProgress) if self.awaited().is_empty() => {
                Err(Rejection::NoGoodsExpected)
            }
            (
                Command::Keep { carrier, tracking_number, reference, by },
                None,
                State::Authorised | State::InProgress,
            ) => Ok(Some(Event::Made(Label { carrier, tracking_number, reference, by, at, told: None }))),
            (Command::Keep { .. }, None, _) => Err(Rejection::NotNow),
            (Command::Hear(told), _, _) => {
                let label = self.label.as_ref().ok_or(Rejection::NotNow)?;
                let new = label.told.is_none_or(|known| known.at < told.at && known.way != told.way);
                // What is older than the label is of another parcel, that had the number before.
                Ok((new && label.at <= told.at).then_some(Event::Moved(told)))
            }
        }
    }

    pub(super) fn apply_label(&mut self, event: &Event) {
        match event {
            Event::Made(label) => self.label = Some(label.clone()),
            Event::Moved(told) => self.label.iter_mut().for_each(|label| label.told = Some(*told)),
        }
    }

    /// Its carrier has the parcel, or has brought it or lost it: the customer did what was his.
    pub(super) fn is_with_carrier(&self) -> bool {
        let told = self.living_label().and_then(|label| label.told);
        told.is_some_and(|told| told.way != Way::Returned)
    }

    /// Parcels this carrier has, or may have, with when he told of each last: those that go out, and the one that comes back.
    pub fn parcels_under_way<'a>(&'a self, carrier: &'a str) -> impl Iterator<Item = (&'a str, Timestamp)> {
        let shipped = self.replacements.iter().filter(|one| one.state == ReplacementState::Shipped);
        let out = shipped.filter_map(|one| Some((one.parcel.as_ref()?, one.since)));
        let out = out.filter(move |(parcel, _)| parcel.carrier == carrier);
        let back = self.living_label().filter(move |label| label.carrier == carrier);
        let back = back.filter(|label| label.told.is_none_or(|told| told.way == Way::InTransit));
        let back = back.map(|label| (label.tracking_number.as_str(), label.told.map_or(label.at, |told| told.at)));
        out.map(|(parcel, since)| (parcel.tracking_number.as_str(), since)).chain(back)
    }

    /// One whose parcel is not here yet, for goods that were not asked back anew since.
    pub fn living_label(&self) -> Option<&Label> {
        let arrived = self.legs().flat_map(|(_, leg)| &leg.arrivals).map(|arrival| arrival.at);
        let asked_back = self.works().filter_map(|(_, work)| work.reopened_at);
        let used_up = arrived.chain(asked_back).max();
        self.label.as_ref().filter(|label| used_up.is_none_or(|at| at < label.at))
    }
}

#[cfg(test)]
#[path = "label_tests.rs"]
mod tests;
