//! By when our own people do what waits for them: `[service.returns.people]`, and what belongs to no order that was asked for.
use jiff::SignedDuration;

use super::Config;
use crate::domain::order::returning::PeopleTerms;

/// What of it cannot be followed, each with why.
pub(super) fn wrong(config: &Config) -> [(bool, &'static str); 8] {
    let Config { found_within, chargeback_within, returns, .. } = config;
    let PeopleTerms { review_within, review_health_within, rule_within, deliver_within, give_within, warnings } =
        &returns.people;
    let within = [review_within, review_health_within, rule_within, deliver_within, give_within];
    let nothing = |within: &SignedDuration| !within.is_positive();
    let outside = || within.iter().any(|within| warnings.iter().any(|warning| warning.after(**within).is_none()));
    [
        (nothing(found_within), "found_within must be above 0"),
        (nothing(chargeback_within), "chargeback_within must be above 0"),
        (nothing(review_within), "returns.people.review_within must be above 0"),
        (nothing(review_health_within), "returns.people.review_health_within must be above 0"),
        (nothing(rule_within), "returns.people.rule_within must be above 0"),
        (nothing(deliver_within), "returns.people.deliver_within must be above 0"),
        (nothing(give_within), "returns.people.give_within must be above 0"),
        (outside(), "returns.people.warnings must come after the start and before the end of each of these times"),
    ]
}
