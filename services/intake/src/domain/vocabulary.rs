//! The closed lists of words intake speaks in: channels, classes, emotions, lanes, outcomes.
//! The word of a value is the same in JSON, in the database and in derived ids, and never changes.
pub use kernel::tender::TenderKind;
use serde::{Deserialize, Serialize};

/// Where a contact came in (R-INT-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Hotline,
    Email,
    Website,
    App,
    MiniProgramme,
    OfficialAccount,
    SocialMedia,
    Platform,
    Shop,
    /// Opened by the system from a follow-up's answer (R-SCH-20).
    FollowUp,
}

impl Channel {
    /// The channels through which people reach us.
    pub const OUTSIDE: [Channel; 9] = [
        Channel::Hotline,
        Channel::Email,
        Channel::Website,
        Channel::App,
        Channel::MiniProgramme,
        Channel::OfficialAccount,
        Channel::SocialMedia,
        Channel::Platform,
        Channel::Shop,
    ];

    /// All channels, as policies name them (`kernel::sla::CHANNELS`).
    #[cfg(test)]
    pub const ALL: [Channel; 10] = [
        Channel::Hotline,
        Channel::Email,
        Channel::Website,
        Channel::App,
        Channel::MiniProgramme,
        Channel::OfficialAccount,
        Channel::SocialMedia,
        Channel::Platform,
        Channel::Shop,
        Channel::FollowUp,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Channel::Hotline => "hotline",
            Channel::Email => "email",
            Channel::Website => "website",
            Channel::App => "app",
            Channel::MiniProgramme => "mini_programme",
            Channel::OfficialAccount => "official_account",
            Channel::SocialMedia => "social_media",
            Channel::Platform => "platform",
            Channel::Shop => "shop",
            Channel::FollowUp => "follow_up",
        }
    }
}

/// What a case is about (R-INT-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseClass {
    ServiceAttitude,
    ProductEffect,
    ProductQuality,
    Discomfort,
    ShopEnvironment,
    Delivery,
    ReturnExchange,
    Repair,
    Suggestion,
    Enquiry,
}

impl CaseClass {
    pub const ALL: [CaseClass; 10] = [
        CaseClass::ServiceAttitude,
        CaseClass::ProductEffect,
        CaseClass::ProductQuality,
        CaseClass::Discomfort,
        CaseClass::ShopEnvironment,
        CaseClass::Delivery,
        CaseClass::ReturnExchange,
        CaseClass::Repair,
        CaseClass::Suggestion,
        CaseClass::Enquiry,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            CaseClass::ServiceAttitude => "service_attitude",
            CaseClass::ProductEffect => "product_effect",
            CaseClass::ProductQuality => "product_quality",
            CaseClass::Discomfort => "discomfort",
            CaseClass::ShopEnvironment => "shop_environment",
            CaseClass::Delivery => "delivery",
            CaseClass::ReturnExchange => "return_exchange",
            CaseClass::Repair => "repair",
            CaseClass::Suggestion => "suggestion",
            CaseClass::Enquiry => "enquiry",
        }
    }

    /// Whether the case is handled as a complaint (R-INT-23): all classes but enquiries and suggestions.
    pub fn is_complaint(self) -> bool {
        !matches!(self, CaseClass::Suggestion | CaseClass::Enquiry)
    }
}

/// How the customer feels, as heard or read (R-INT-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emotion {
    Calm,
    Worried,
    Dissatisfied,
    Angry,
    Distressed,
}

impl Emotion {
    pub const ALL: [Emotion; 5] =
        [Emotion::Calm, Emotion::Worried, Emotion::Dissatisfied, Emotion::Angry, Emotion::Distressed];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Emotion::Calm => "calm",
            Emotion::Worried => "worried",
            Emotion::Dissatisfied => "dissatisfied",
            Emotion::Angry => "angry",
            Emotion::Distressed => "distressed",
        }
    }

    /// Whether something made the customer unhappy with us.
    pub fn is_negative(self) -> bool {
        matches!(self, Emotion::Dissatisfied | Emotion::Angry | Emotion::Distressed)
    }
}

/// The queue a case waits in. Everything in `Health` comes before everything in `Standard` (R-INT-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    Standard,
    Health,
}

impl Lane {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Lane::Standard => "standard",
            Lane::Health => "health",
        }
    }
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    Guidance,
    SuggestionRecorded,
    ComplaintClosed,
    ComplaintWithdrawn,
    /// The customer was asked for what is missing, and nothing came.
    NoInfo,
    /// The article that was offered helped, as the customer said.
    AnsweredFromKnowledge,
}

impl Outcome {
    /// The outcomes a person can end a case with; the others follow from its complaint, or from time.
    pub const BY_PERSON: [Outcome; 3] = [Outcome::Answered, Outcome::Guidance, Outcome::SuggestionRecorded];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Guidance => "guidance",
            Outcome::SuggestionRecorded => "suggestion_recorded",
            Outcome::ComplaintClosed => "complaint_closed",
            Outcome::ComplaintWithdrawn => "complaint_withdrawn",
            Outcome::NoInfo => "no_info",
            Outcome::AnsweredFromKnowledge => "answered_from_knowledge",
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_word_is_what_json_says() {
        let json = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        for channel in Channel::ALL {
            assert_eq!(json(serde_json::to_value(channel).unwrap()), channel.word());
        }
        for class in CaseClass::ALL {
            assert_eq!(json(serde_json::to_value(class).unwrap()), class.word());
        }
        for emotion in Emotion::ALL {
            assert_eq!(json(serde_json::to_value(emotion).unwrap()), emotion.word());
        }
        for lane in [Lane::Standard, Lane::Health] {
            assert_eq!(json(serde_json::to_value(lane).unwrap()), lane.word());
        }
        let unasked =
            [Outcome::ComplaintClosed, Outcome::ComplaintWithdrawn, Outcome::NoInfo, Outcome::AnsweredFromKnowledge];
        for outcome in unasked.into_iter().chain(Outcome::BY_PERSON) {
            assert_eq!(json(serde_json::to_value(outcome).unwrap()), outcome.word());
        }
    }
}
