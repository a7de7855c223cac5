//! The only place where time is read. The system's clock in production; a driven one, moved by hand, in development
//! and tests, so that a year passes in a minute. Instants have microseconds, as the database keeps them.
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};

/// Where the time comes from.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// A file that holds an RFC 3339 instant; shared by the processes of a local stack.
    File(PathBuf),
    Hand(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until the instant in the file is changed. Refused when the file holds none.
    pub fn driven(file: PathBuf) -> Result<Self, String> {
        let clock = Self(Source::File(file.clone()));
        match clock.read() {
            Some(_) => Ok(clock),
            None => Err(format!("{} holds no RFC 3339 instant", file.display())),
        }
    }

    /// A clock moved by hand within this process.
    pub fn by_hand(start: Timestamp) -> Self {
        Self(Source::Hand(Arc::new(AtomicI64::new(start.as_microsecond()))))
    }

    /// Now, in whole microseconds. A driven clock whose file cannot be read for a moment (it is being replaced)
    /// answers as soon as it can be read again.
    pub fn now(&self) -> Timestamp {
        loop {
            if let Some(now) = self.read() {
                return now;
            }
            std::thread::yield_now();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn read(&self) -> Option<Timestamp> {
        match &self.0 {
            Source::System => Timestamp::from_microsecond(Timestamp::now().as_microsecond()).ok(),
            Source::File(path) => std::fs::read_to_string(path).ok()?.trim().parse().ok(),
            Source::Hand(micros) => Timestamp::from_microsecond(micros.load(Ordering::SeqCst)).ok(),
        }
    }

    /// Moves a clock held by hand. Any other clock stays as it is.
    pub fn advance(&self, by: SignedDuration) {
        if let Source::Hand(micros) = &self.0 {
            let step = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            micros.fetch_add(step, Ordering::SeqCst);
        }
    }

    /// The value to bind where the database compares with now: nothing for the system's clock, so that the
    /// database's own `now()` decides.
    pub(crate) fn bound(&self) -> Option<Timestamp> {
        match self.0 {
            Source::System => None,
            _ => Some(self.now()),
        }
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
