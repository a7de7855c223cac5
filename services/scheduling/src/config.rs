//! The `[service]` section of the configuration; `default.toml` explains every value.
//! Invariant: what was read can be followed; impossible values are refused at the start.
use serde::Deserialize;

use crate::domain::{follow_up::Score, rules::Rules};

/// What can be set without a new release (R-SCH-25).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Scores up to this one are problems (R-SCH-20).
    pub problem_score: Score,
    pub rules: Rules,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use backbone::Settings;

    use super::*;

    fn read(change: impl FnOnce(&mut serde_json::Value)) -> Result<Config, String> {
        let mut settings = Settings::load(include_str!("../default.toml"), None).unwrap();
        change(&mut settings.service);
        settings.service().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_defaults_are_those_of_the_regulation() {
        let config = read(|_| {}).unwrap();
        assert_eq!(u32::from(config.problem_score), 2);
        let days = serde_json::to_value([config.rules.new_customer, config.rules.product_use.usual]).unwrap();
        assert_eq!(days, serde_json::json!([{ "first_day": 0, "last_day": 7 }, { "first_day": 7, "last_day": 30 }]));
        let long_term = serde_json::to_value(config.rules.long_term).unwrap();
        assert_eq!(long_term, serde_json::json!({ "every_months": 6, "window_days": 14 }));
    }

    #[test]
    fn impossible_values_and_unknown_keys_are_refused_by_name() {
        type Change = fn(&mut serde_json::Value);
        let changes: [(Change, &str); 5] = [
            (|service| service["problem_score"] = 6.into(), "must be 1 to 5"),
            (|service| service["rules"]["new_customer"]["first_day"] = 8.into(), "first_day"),
            (|service| service["rules"]["product_use"]["usual"]["last_day"] = 9_999.into(), "last_day"),
            (|service| service["rules"]["long_term"]["every_months"] = 0.into(), "every_months"),
            (|service| service["rules"]["long_term"]["weekly"] = true.into(), "unknown field `weekly`"),
        ];
        for (change, named) in changes {
            let refused = read(change).unwrap_err();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
