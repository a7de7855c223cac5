//! How long whoever failed waits before the next try.
use jiff::SignedDuration;

/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// The pause before the next try, after so many: a second, doubled each time, at most five minutes.
pub fn pause(tries: i32) -> SignedDuration {
    let doublings = u32::try_from(tries.clamp(1, 20) - 1).unwrap_or_default();
    SignedDuration::from_secs(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let seconds = [1, 2, 3, 9, 10, 100, 0].map(|tries| pause(tries).as_secs());
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300, 1]);
    }
}
