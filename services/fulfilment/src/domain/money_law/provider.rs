//! The payment provider of the random lives, and what is on the network between it and us.
use super::*;

#[derive(Clone, Copy, Debug)]
pub enum Mood {
    Pay,
    Refuse,
    Break,
}

/// The provider keeps its first word on every key.
#[derive(Clone, Default)]
pub struct Provider {
    pub words: BTreeMap<Uuid, bool>,
    pub ledger: Vec<(Uuid, refund::Facts)>,
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
        let word = known.or(match mood {
            Mood::Pay => Some(true),
            Mood::Refuse => Some(false),
            Mood::Break => None,
        });
        if let (None, Some(paid)) = (known, word) {
            self.provider.words.insert(key, paid);
            self.provider.ledger.extend(paid.then_some((key, facts)));
        }
        if answered {
            self.answers.push((key, self.words_of(attempt, word, key)));
        }
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
        let word = match (answered, self.provider.words.get(&key).copied()) {
            (true, None) => refund::Command::NeverSeen { attempt },
            (true, word) => self.words_of(attempt, word, key),
            (false, _) => self.words_of(attempt, None, key),
        };
        self.answers.push((key, word));
    }
}
