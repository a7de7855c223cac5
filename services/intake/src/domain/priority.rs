//! A case's place in the queue, in whole points that say why (R-INT-09, R-INT-10, R-INT-11).
//! Health is not a matter of points: the health lane comes first whatever the points say.
use serde::{Deserialize, Serialize};

use super::vocabulary::{CaseClass, Channel, Emotion, Lane};

/// Points of the place in the queue, and what they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priority {
    pub score: i64,
    pub parts: Vec<Part>,
}

/// Points for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// For example "health_severity".
    pub reason: String,
    pub points: i64,
}

/// What the place in the queue depends on.
#[derive(Clone, Copy, Debug)]
pub struct Weighed {
    /// 0 to 4.
    pub severity: u8,
    pub emotion: Option<Emotion>,
    /// 0 (none) to 3.
    pub vip_tier: u8,
    pub channel: Channel,
    pub repeat_contact: bool,
}

/// Points a case gains a minute while it waits stop here.
pub const AGEING_MAX: i64 = 99;

/// Severe enough for the health lane, or of the class that is about health.
pub fn lane(class: CaseClass, severity: u8) -> Lane {
    if severity >= 1 || class == CaseClass::Discomfort { Lane::Health } else { Lane::Standard }
}

/// As many points as a degree of harm has make any matter urgent.
const URGENT: i64 = 1000;

/// Whether feedback is promised as for urgent and special matters (R-INT-15): all about health, and what weighs as much.
pub fn is_urgent(lane: Lane, priority: &Priority) -> bool {
    lane == Lane::Health || priority.score >= URGENT
}

/// The points a case starts with. It gains one a minute while it waits, at most [`AGEING_MAX`].
pub fn priority(of: Weighed) -> Priority {
    let heated = matches!(of.emotion, Some(Emotion::Angry | Emotion::Distressed));
    let parts: Vec<Part> = [
        ("health_severity", 1000 * i64::from(of.severity)),
        ("emotion", if heated { 300 } else { 0 }),
        ("vip_tier", 200 * i64::from(of.vip_tier)),
        ("platform", if of.channel == Channel::Platform { 150 } else { 0 }),
        ("repeat_contact", if of.repeat_contact { 100 } else { 0 }),
    ]
    .into_iter()
    .filter(|(_, points)| *points > 0)
    .map(|(reason, points)| Part { reason: reason.to_owned(), points })
    .collect();
    Priority { score: parts.iter().map(|part| part.points).sum(), parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_a_reason() {
        let all = Weighed {
            severity: 2,
            emotion: Some(Emotion::Angry),
            vip_tier: 3,
            channel: Channel::Platform,
            repeat_contact: true,
        };
        let worked_out = priority(all);
        assert_eq!(worked_out.score, 2000 + 300 + 600 + 150 + 100);
        let reasons: Vec<_> = worked_out.parts.iter().map(|part| part.reason.as_str()).collect();
        assert_eq!(reasons, ["health_severity", "emotion", "vip_tier", "platform", "repeat_contact"]);
        let none = Weighed { severity: 0, emotion: None, vip_tier: 0, channel: Channel::Email, repeat_contact: false };
        assert_eq!(priority(none), Priority::default());
    }

    #[test]
    fn what_weighs_as_much_as_harm_is_urgent() {
        let scored = |score| Priority { score, parts: vec![] };
        assert!(is_urgent(Lane::Health, &scored(0)) && is_urgent(Lane::Standard, &scored(1000)));
        assert!(!is_urgent(Lane::Standard, &scored(999)));
    }

    #[test]
    fn any_sign_of_harm_is_health() {
        assert_eq!(lane(CaseClass::Delivery, 1), Lane::Health);
        assert_eq!(lane(CaseClass::Discomfort, 0), Lane::Health);
        assert_eq!(lane(CaseClass::Delivery, 0), Lane::Standard);
    }
}
