//! A case's place in the queue, in whole points that say why (R-INT-09, R-INT-10, R-INT-11).
//! Health is not a matter of points: the health lane comes first whatever the points say.
use serde::{Deserialize, Serialize};

use super::{
    classify::Heard,
    vocabulary::{CaseClass, Channel, Emotion, Lane},
};

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
    /// As a person stated it.
    pub emotion: Option<Emotion>,
    /// What the words say besides.
    pub heard: Heard,
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

/// The reason and the points of a degree of harm, and of a child beside harm or a hazard.
pub const HARM: &str = "health_severity";
pub const HARM_POINTS: i64 = 1000;
pub const MINOR: &str = "minor";
pub const MINOR_POINTS: i64 = 200;
/// The reasons in the order in which they are told.
pub const ORDER: [&str; 8] =
    [HARM, "threat", MINOR, "emotion", "emotion_read", "vip_tier", "platform", "repeat_contact"];

/// As many points as a degree of harm has make any matter urgent.
const URGENT: i64 = HARM_POINTS;

/// Whether feedback is promised as for urgent and special matters (R-INT-15): all about health, and what weighs as much.
pub fn is_urgent(lane: Lane, priority: &Priority) -> bool {
    lane == Lane::Health || priority.score >= URGENT
}

/// The points a case starts with. It gains one a minute while it waits, at most [`AGEING_MAX`].
pub fn priority(of: Weighed) -> Priority {
    let heated = |emotion| if matches!(emotion, Some(Emotion::Angry | Emotion::Distressed)) { 300 } else { 0 };
    let read = of.heard.emotion.filter(|_| of.emotion.is_none());
    let points = [
        HARM_POINTS * i64::from(of.severity),
        if of.heard.threat { 300 } else { 0 },
        if of.heard.minor { MINOR_POINTS } else { 0 },
        heated(of.emotion),
        heated(read),
        200 * i64::from(of.vip_tier),
        if of.channel == Channel::Platform { 150 } else { 0 },
        if of.repeat_contact { 100 } else { 0 },
    ];
    let parts: Vec<Part> = ORDER
        .into_iter()
        .zip(points)
        .filter(|(_, points)| *points > 0)
        .map(|(reason, points)| Part { reason: reason.to_owned(), points })
        .collect();
    Priority { score: parts.iter().map(|part| part.points).sum(), parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Weighed {
        let (channel, heard) = (Channel::Email, Heard::default());
        Weighed { severity: 0, emotion: None, heard, vip_tier: 0, channel, repeat_contact: false }
    }

    #[test]
    fn r_int_11_a_threat_a_child_and_what_is_read_of_feelings_raise_and_are_named() {
        let of = |threat, minor, read, stated| {
            let heard = Heard { threat, minor, emotion: read };
            let worked_out = priority(Weighed { emotion: stated, heard, ..nothing() });
            worked_out.parts.into_iter().map(|part| (part.reason, part.points)).collect::<Vec<_>>()
        };
        let part = |reason: &str, points| vec![(reason.to_owned(), points)];
        assert_eq!(of(true, false, None, None), part("threat", 300));
        assert_eq!(of(false, true, None, None), part("minor", 200));
        assert_eq!(of(false, false, Some(Emotion::Angry), None), part("emotion_read", 300));
        assert_eq!(of(false, false, Some(Emotion::Calm), None), []);
        assert_eq!(of(false, false, Some(Emotion::Angry), Some(Emotion::Calm)), [], "what a person stated stays");
        assert_eq!(of(false, false, Some(Emotion::Angry), Some(Emotion::Angry)), part("emotion", 300), "counted once");
    }

    #[test]
    fn every_point_has_a_reason() {
        let all = Weighed {
            severity: 2,
            emotion: Some(Emotion::Angry),
            heard: Heard::default(),
            vip_tier: 3,
            channel: Channel::Platform,
            repeat_contact: true,
        };
        let worked_out = priority(all);
        assert_eq!(worked_out.score, 2000 + 300 + 600 + 150 + 100);
        let reasons: Vec<_> = worked_out.parts.iter().map(|part| part.reason.as_str()).collect();
        assert_eq!(reasons, ["health_severity", "emotion", "vip_tier", "platform", "repeat_contact"]);
        assert_eq!(priority(nothing()), Priority::default());
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
