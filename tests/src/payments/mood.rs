//! How the sandbox provider feels. What it does to a request depends on the seed, the key and how often the key came,
//! and on nothing else: the same run always meets the same troubles, in whatever order requests arrive.
use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::ledger::TenderKind;

/// The body of `PUT /mood`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mood {
    pub mode: Mode,
    /// The share of requests that meet the mode, 0 to 1; the others are handled normally.
    #[serde(default = "always")]
    pub probability: f64,
    #[serde(default)]
    pub seed: u64,
    /// How long a slow request takes.
    #[serde(default = "two_seconds")]
    pub delay_ms: u64,
    /// Only what is paid back by this meets the mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tender: Option<TenderKind>,
}

fn always() -> f64 {
    1.0
}

fn two_seconds() -> u64 {
    2_000
}

impl From<Mode> for Mood {
    /// The mode for every request.
    fn from(mode: Mode) -> Self {
        Self { mode, probability: always(), seed: 0, delay_ms: two_seconds(), tender: None }
    }
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Normal,
    /// Pays, after a while; also when the caller has hung up meanwhile.
    Slow,
    /// Out of order: refunds and questions get a 503, nothing is paid.
    Fail,
    /// Pays, and never answers.
    SilentAfterPaying,
    /// A 500 before anything was paid; questions are answered.
    ErrorBeforePaying,
    /// Says no, for ever.
    Refuse,
}

/// A mood at work.
pub(super) struct Temper {
    mood: Mood,
    seen: HashMap<String, u64>,
}

impl Default for Temper {
    fn default() -> Self {
        Self::new(Mode::Normal.into())
    }
}

impl Temper {
    pub fn new(mood: Mood) -> Self {
        Self { mood, seen: HashMap::new() }
    }

    /// What the next request with this key meets, and how long it takes if it is slow.
    pub fn next(&mut self, key: &str, tender: Option<TenderKind>) -> (Mode, Duration) {
        let nth = self.seen.entry(key.to_owned()).or_default();
        *nth += 1;
        let meant = self.mood.tender.is_none() || self.mood.tender == tender;
        let hit = meant && share(self.mood.seed, key, *nth) < self.mood.probability;
        let mode = if hit { self.mood.mode } else { Mode::Normal };
        (mode, Duration::from_millis(self.mood.delay_ms))
    }
}

/// A number in [0, 1) that looks random: FNV-1a over the input, mixed by SplitMix64.
fn share(seed: u64, key: &str, nth: u64) -> f64 {
    let input = seed.to_be_bytes().into_iter().chain(nth.to_be_bytes()).chain(key.bytes());
    let hash =
        input.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let top = ((mixed ^ (mixed >> 31)) >> 32) as u32;
    f64::from(top) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_come_in_the_share_asked_for_and_are_the_same_every_time() {
        let mood = Mood { probability: 0.3, seed: 7, ..Mode::Fail.into() };
        let run = || {
            let mut temper = Temper::new(mood);
            (0..10_000).map(|n| temper.next(&format!("key-{}", n % 1_000), None).0).collect::<Vec<_>>()
        };
        let modes = run();
        assert_eq!(modes, run());
        let failed = modes.iter().filter(|mode| **mode == Mode::Fail).count();
        assert!((2_700..3_300).contains(&failed), "{failed}");
    }

    #[test]
    fn a_mood_of_probability_one_spares_nobody_and_of_zero_everybody() {
        for (probability, expected) in [(1.0, Mode::Refuse), (0.0, Mode::Normal)] {
            let mut temper = Temper::new(Mood { probability, ..Mode::Refuse.into() });
            assert!((0..100).all(|n| temper.next(&n.to_string(), None).0 == expected));
        }
    }

    #[test]
    fn a_mood_about_one_tender_spares_the_others() {
        let mut temper = Temper::new(Mood { tender: Some(TenderKind::Card), ..Mode::Refuse.into() });
        let mut meets = |tender| temper.next("a", tender).0;
        assert_eq!(
            [None, Some(TenderKind::Points), Some(TenderKind::Card)].map(&mut meets),
            [Mode::Normal, Mode::Normal, Mode::Refuse]
        );
    }
}
