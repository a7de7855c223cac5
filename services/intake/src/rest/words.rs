//! The closed lists of words as the OpenAPI description shows them, straight from the domain.
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::domain::{
    health::{Care, Group},
    vocabulary::{CaseClass, Channel, Emotion, TenderKind},
};

/// The channels people reach us by.
pub fn channel() -> ObjectBuilder {
    list(Channel::OUTSIDE.map(Channel::word))
}

/// The means something can be paid by.
pub fn tender() -> ObjectBuilder {
    list(TenderKind::ALL.map(TenderKind::word))
}

/// What a case can be about.
pub fn class() -> ObjectBuilder {
    list(CaseClass::ALL.map(CaseClass::word))
}

/// How a customer can feel.
pub fn emotion() -> ObjectBuilder {
    list(Emotion::ALL.map(Emotion::word))
}

/// The medical care that can be sought.
pub fn care() -> ObjectBuilder {
    list(Care::ALL.map(Care::word))
}

/// Who needs special care.
pub fn groups() -> Array {
    ArrayBuilder::new().items(list(Group::ALL.map(Group::word))).build()
}

fn list<const N: usize>(words: [&'static str; N]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}
