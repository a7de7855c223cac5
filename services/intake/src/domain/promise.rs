//! How soon a customer is promised a first human answer, by channel (R-INT-12, R-INT-13, R-INT-15).
//! Whatever a channel promises, an urgent or health matter is answered within the urgent term.
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::calendar;
use serde::Deserialize;

use super::vocabulary::{Channel, Lane};

/// The promise for contacts that come from our own follow-ups, and the longest one for urgent matters.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The terms promised. Read from configuration; `Default` is what the regulations ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promises {
    /// Channels where people wait for an answer there and then.
    pub chat: SignedDuration,
    /// All other channels.
    pub other: SignedDuration,
    /// The longest term for an urgent or health matter.
    pub urgent: SignedDuration,
    /// Single channels that promise something else.
    #[serde(default)]
    pub channel: BTreeMap<Channel, SignedDuration>,
}

impl Default for Promises {
    fn default() -> Self {
        Self { chat: SignedDuration::from_mins(5), other: DAY, urgent: DAY, channel: BTreeMap::new() }
    }
}

impl Promises {
    /// The term for a channel and a lane.
    pub fn term(&self, channel: Channel, lane: Lane) -> SignedDuration {
        let usual = if channel.is_chat() { self.chat } else { self.other };
        let promised = self.channel.get(&channel).copied().unwrap_or(usual);
        match lane {
            Lane::Standard => promised,
            Lane::Health => promised.min(self.urgent),
        }
    }

    /// Terms that cannot be kept are refused when the service starts: the name of the first that is not above zero.
    pub fn impossible(&self) -> Option<&'static str> {
        let own = self.channel.iter().map(|(channel, term)| (channel.word(), *term));
        [("chat", self.chat), ("other", self.other), ("urgent", self.urgent)]
            .into_iter()
            .chain(own)
            .find(|(_, term)| *term <= SignedDuration::ZERO)
            .map(|(name, _)| name)
    }
}

/// When a promise of `term` made at `start` falls due.
pub fn due(start: Timestamp, term: SignedDuration) -> Timestamp {
    calendar::add(start, term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_is_answered_in_five_minutes_and_health_within_a_day() {
        let promises = Promises::default();
        assert_eq!(promises.term(Channel::App, Lane::Standard), SignedDuration::from_mins(5));
        assert_eq!(promises.term(Channel::App, Lane::Health), SignedDuration::from_mins(5));
        assert_eq!(promises.term(Channel::Email, Lane::Standard), DAY);
        let slow = Promises { channel: [(Channel::Email, SignedDuration::from_hours(72))].into(), ..promises };
        assert_eq!(slow.term(Channel::Email, Lane::Standard), SignedDuration::from_hours(72));
        assert_eq!(slow.term(Channel::Email, Lane::Health), DAY);
    }

    #[test]
    fn a_term_must_be_above_zero() {
        assert_eq!(Promises::default().impossible(), None);
        assert_eq!(Promises { urgent: SignedDuration::ZERO, ..Promises::default() }.impossible(), Some("urgent"));
    }
}
