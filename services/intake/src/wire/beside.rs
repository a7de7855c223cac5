//! What others learn of things that stand beside how far a case has come: tags, the article it was offered, the first answer,
//! what it turned out to be about, ratings.
use backbone::{Published, proto};
use contracts::{common::v1 as common, intake::v1 as contract};
use jiff::Timestamp;

use crate::domain::{
    advice::Opinion,
    arrival::Closed,
    case::Case,
    judgement::{Classified, Judged},
    knowledge::{Article, Offer},
    rating::Rating,
    triage::Reading,
};

/// The first answer was given otherwise than was known.
pub fn corrected(
    (case_id, complaint_id): (String, String),
    respond_by: Option<contracts::Timestamp>,
    (at, in_time): (Timestamp, bool),
    (was_at, was_late): (Option<Timestamp>, bool),
    shard: u8,
) -> Published {
    let (responded_at, was_responded_at) = (Some(proto::timestamp(at)), was_at.map(proto::timestamp));
    let corrected = contract::CaseResponseCorrected {
        case_id,
        responded_at,
        respond_by,
        in_time,
        was_responded_at,
        was_late,
        complaint_id,
    };
    Published::of(&corrected, shard)
}

/// What is urgent got no feedback in its time.
pub fn feedback_missed(
    (case_id, complaint_id): (String, String),
    lane: i32,
    due: Option<Timestamp>,
    shard: u8,
) -> Published {
    let due_at = due.map(proto::timestamp);
    let missed = contract::CaseFeedbackMissed { case_id, due_at, complaint_id, lane };
    due.into_iter().fold(Published::of(&missed, shard), Published::at)
}

/// A tag was put on, or taken off.
pub fn tagged(case_id: String, tag: &str, put: bool, shard: u8) -> Published {
    Published::of(&contract::CaseTagged { case_id, tag: tag.to_owned(), removed: !put }, shard)
}

/// An article was offered.
pub fn offered(case_id: String, article: &Article, shard: u8) -> Published {
    let (article_id, article_version) = (article.id.clone(), article.version);
    Published::of(&contract::CaseAnswerOffered { case_id, article_id, article_version }, shard)
}

/// The customer said whether it helped.
pub fn judged(case_id: String, offer: Option<&Offer>, helpful: bool, shard: u8) -> Published {
    let article_id = offer.map(|offer| offer.article.id.clone()).unwrap_or_default();
    let article_version = offer.map_or(0, |offer| offer.article.version);
    Published::of(&contract::CaseAnswerJudged { case_id, article_id, article_version, helpful }, shard)
}

/// The first answer, in time or not, to a case that is a complaint or none.
pub fn responded(
    (case_id, complaint_id): (String, String),
    respond_by: Option<contracts::Timestamp>,
    (at, in_time): (Timestamp, bool),
    shard: u8,
) -> Published {
    let responded_at = Some(proto::timestamp(at));
    let told = contract::CaseResponded { case_id, responded_at, respond_by, in_time, complaint_id };
    Published::of(&told, shard).at(at)
}

/// It is about something else than was thought: as it stands now, for whoever works on complaints and suggestions.
pub fn classified(case: &Case, event: &Classified) -> contract::CaseClassified {
    let Classified { class, source, class_was, source_was, judged, .. } = event;
    let version = judged.as_ref().map_or(0, |judged| judged.version);
    let model = judged.as_ref().and_then(|judged| judged.model.as_ref());
    contract::CaseClassified {
        case_id: case.facts.as_ref().map(|facts| facts.case_id.to_string()).unwrap_or_default(),
        class: super::class(*class).into(),
        class_source: source.clone(),
        class_was: super::class(*class_was).into(),
        class_source_was: source_was.clone(),
        department: judged.as_ref().and_then(|judged| judged.department.clone()).unwrap_or_default(),
        classification_version: version,
        registered: case.facts.as_ref().map(|facts| super::taken_in(case, facts)),
        model_class: model.map_or(common::CaseClass::Unspecified, |word| super::class(word.class)).into(),
        model_version: model.map(|word| word.model.clone()).unwrap_or_default(),
    }
}

/// An adviser said what it is about.
pub fn advised(case_id: String, opinion: &Opinion) -> contract::CaseAdvised {
    contract::CaseAdvised {
        case_id,
        class: super::class(opinion.class).into(),
        emotion: opinion.emotion.map_or(common::Emotion::Unspecified, super::emotion).into(),
        department: opinion.department.clone().unwrap_or_default(),
        percent: u32::from(opinion.percent),
        model: opinion.model.clone(),
    }
}

/// An adviser's word as staff tools see it.
pub fn advice(opinion: &Opinion) -> contract::Advice {
    contract::Advice {
        class: super::class(opinion.class).into(),
        emotion: opinion.emotion.map_or(common::Emotion::Unspecified, super::emotion).into(),
        department: opinion.department.clone().unwrap_or_default(),
        source: opinion.source(),
        at: Some(proto::timestamp(opinion.at)),
    }
}

/// A person's word as staff tools see it.
pub fn judged_by(judged: &Judged) -> contract::Classification {
    contract::Classification {
        version: judged.version,
        class_was: super::class(judged.class_was).into(),
        class_source_was: judged.source_was.clone(),
        department: judged.department.clone().unwrap_or_default(),
        reason: judged.reason.clone(),
        by: judged.by.clone(),
        at: Some(proto::timestamp(judged.at)),
    }
}

/// The customer rated its end.
pub fn rated(case_id: String, complaint_id: String, rating: &Rating, shard: u8) -> Published {
    let rated = contract::CaseRated {
        case_id,
        complaint_id,
        score: u32::from(rating.score),
        rated_at: Some(proto::timestamp(rating.at)),
        ended_at: Some(proto::timestamp(rating.ended_at)),
    };
    Published::of(&rated, shard)
}

/// That nobody worked, as staff tools see it.
pub fn closed(closed: &Closed) -> contract::OutOfHours {
    contract::OutOfHours { until: Some(proto::timestamp(closed.until)), told: closed.told.word().to_owned() }
}

/// What the model read, as staff tools see it.
pub fn reading(reading: &Reading) -> contract::ModelReading {
    contract::ModelReading {
        model: reading.model.clone(),
        class: reading.class.map_or(common::CaseClass::Unspecified, super::class).into(),
        class_percent: reading.class_percent.into(),
        emotion: reading.emotion.map_or(common::Emotion::Unspecified, super::emotion).into(),
        emotion_percent: reading.emotion_percent.into(),
        department: reading.department.clone().unwrap_or_default(),
        department_percent: reading.department_percent.into(),
    }
}

/// The article as staff tools see it.
pub fn offer(offer: &Offer) -> contract::Offer {
    contract::Offer {
        article_id: offer.article.id.clone(),
        article_version: offer.article.version,
        offered_at: Some(proto::timestamp(offer.at)),
        is_judged: offer.helpful.is_some(),
        helpful: offer.helpful == Some(true),
    }
}
