//! The payment provider of the random lives, and what is on the network between it and us.
use super::*;

#[derive(Clone, Copy, Debug)]
pub enum Mood {
    Pay,
    Refuse,
    Break,
    /// It pays another amount than it was told, and says so.
    Differ,
}

/// The provider keeps its first word on every key.
#[derive(Clone, Default)]
pub struct Provider {
    pub words: BTreeMap<Uuid, bool>,
    pub ledger: Vec<(Uuid, refund::Facts)>,
    /// What it paid otherwise; until it is corrected there it says so whenever it is asked.
    pub others: BTreeSet<Uuid>,
}

impl World {
    /// One of the refunds there are.
    fn refund(&self, nth: usize) -> Option<Uuid> {
        self.refunds.keys().nth(nth % self.refunds.len().max(1)).copied()
    }

    pub fn send(&mut self, nth: usize) {
        let Some(key) = self.refund(nth) else { return };
        let result_by = self.now + SignedDuration::from_secs(30);
        if self.change(Consequence::Refund(key, refund::Command::Send { result_by })).is_ok() {
            let sent = &self.refunds[&key];
            self.requests.push((sent.attempts, sent.facts.unwrap()));
        }
    }

    pub fn arrive(&mut self, nth: usize, again: bool, mood: Mood, answered: bool) {
        if self.requests.is_empty() {
            return;
        }
        let nth = nth % self.requests.len();
        let (attempt, facts) = if again { self.requests[nth] } else { self.requests.remove(nth) };
        let key = facts.refund_id;
        let known = self.provider.words.get(&key).copied();
        if matches!(mood, Mood::Differ) && known.is_none() {
            self.provider.others.insert(key);
        }
        let word = known.or(match mood {
            _ if self.provider.others.contains(&key) => None,
            Mood::Pay => Some(true),
            Mood::Refuse => Some(false),
            Mood::Break | Mood::Differ => None,
        });
        if let (None, Some(paid)) = (known, word) {
            self.provider.words.insert(key, paid);
            self.provider.ledger.extend(paid.then_some((key, facts)));
        }
        if answered {
            self.answer(attempt, word, key);
        }
    }

    /// As our side takes it: that another amount was paid is no outcome.
    fn answer(&mut self, attempt: u32, word: Option<bool>, key: Uuid) {
        if word.is_none() && self.provider.others.contains(&key) {
            self.answers.push((key, refund::Command::Differ));
        }
        self.answers.push((key, self.words_of(attempt, word, key)));
    }

    /// People have the provider correct what it paid otherwise: all of it is paid, or called back. Says which.
    pub fn correct(&mut self, key: Uuid) -> bool {
        let paid = *self.provider.words.entry(key).or_insert(key.as_u128().is_multiple_of(2));
        if self.provider.others.remove(&key) && paid {
            self.provider.ledger.push((key, self.refunds[&key].facts.unwrap()));
        }
        paid
    }

    fn words_of(&self, attempt: u32, word: Option<bool>, key: Uuid) -> refund::Command {
        match word {
            Some(true) => refund::Command::Succeed { provider_ref: format!("paid-{key}") },
            Some(false) => refund::Command::Fail { attempt, code: "refused".into() },
            None => refund::Command::LoseTrack {
                attempt,
                ask_at: self.now + SignedDuration::from_secs(5),
                patience: SignedDuration::from_secs(60),
            },
        }
    }

    pub fn hear(&mut self, nth: usize, again: bool) {
        if self.answers.is_empty() {
            return;
        }
        let nth = nth % self.answers.len();
        let (key, command) = if again { self.answers[nth].clone() } else { self.answers.remove(nth) };
        self.change(Consequence::Refund(key, command)).expect("an honest provider's word always has a place");
    }

    pub fn ask(&mut self, nth: usize, answered: bool) {
        let Some(key) = self.refund(nth) else { return };
        let refund = &self.refunds[&key];
        if !matches!(refund.state, refund::State::Unknown { next_try_at } if next_try_at <= self.now) {
            return;
        }
        let attempt = refund.attempts;
        match (answered, self.provider.words.get(&key).copied()) {
            (true, None) if !self.provider.others.contains(&key) => {
                self.answers.push((key, refund::Command::NeverSeen { attempt }));
            }
            (true, word) => self.answer(attempt, word, key),
            (false, _) => self.answers.push((key, self.words_of(attempt, None, key))),
        }
    }
}
