//! What of a contact is needed, as data (`minimum.toml`): for each class which parts must be on record, which may be, and by
//! that which are not wanted (R-INT-20, R-SEC-11). Nobody is asked for what a class does not need, and what a channel tells of
//! it in a field of its own is not kept.
//! Invariants: a contact is never lost for what it lacks; nothing that speaks of harm is dropped, for whatever speaks of harm
//! needs what discomfort needs; a declaration that leaves a class out, or knows a part nobody knows, is none.
use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Contact, Facts},
    health,
    record::Part,
    vocabulary::{CaseClass, Lane},
};

/// A part of a contact that has a field of its own, by the name of that field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    #[serde(rename = "content")]
    Content,
    #[serde(rename = "emotion")]
    Emotion,
    #[serde(rename = "circumstances")]
    Circumstances,
    #[serde(rename = "expected_resolution")]
    ExpectedResolution,
    #[serde(rename = "purchase")]
    Purchase,
    #[serde(rename = "product_id")]
    Product,
    #[serde(rename = "batch")]
    Batch,
    #[serde(rename = "store")]
    Store,
    /// Base data of the customer; a case does not know whether it is there.
    #[serde(rename = "customer.address")]
    Address,
    #[serde(rename = "health.symptoms")]
    Symptoms,
    #[serde(rename = "health.onset")]
    Onset,
    #[serde(rename = "health.frequency_of_use")]
    FrequencyOfUse,
    #[serde(rename = "health.duration_of_use")]
    DurationOfUse,
    #[serde(rename = "health.severity")]
    Severity,
    #[serde(rename = "health.medical_care")]
    MedicalCare,
    #[serde(rename = "health.special_groups")]
    SpecialGroups,
    #[serde(rename = "health.several_affected")]
    SeveralAffected,
}

impl Field {
    pub const ALL: [Field; 17] = [
        Field::Content,
        Field::Emotion,
        Field::Circumstances,
        Field::ExpectedResolution,
        Field::Purchase,
        Field::Product,
        Field::Batch,
        Field::Store,
        Field::Address,
        Field::Symptoms,
        Field::Onset,
        Field::FrequencyOfUse,
        Field::DurationOfUse,
        Field::Severity,
        Field::MedicalCare,
        Field::SpecialGroups,
        Field::SeveralAffected,
    ];
    /// What the record of every complaint holds (R-CMP-01).
    const RECORD: [Field; 4] = [Field::Content, Field::Emotion, Field::Circumstances, Field::ExpectedResolution];

    /// The name of the field.
    pub fn word(self) -> &'static str {
        match self {
            Field::Content => "content",
            Field::Emotion => "emotion",
            Field::Circumstances => "circumstances",
            Field::ExpectedResolution => "expected_resolution",
            Field::Purchase => "purchase",
            Field::Product => "product_id",
            Field::Batch => "batch",
            Field::Store => "store",
            Field::Address => "customer.address",
            Field::Symptoms => "health.symptoms",
            Field::Onset => "health.onset",
            Field::FrequencyOfUse => "health.frequency_of_use",
            Field::DurationOfUse => "health.duration_of_use",
            Field::Severity => "health.severity",
            Field::MedicalCare => "health.medical_care",
            Field::SpecialGroups => "health.special_groups",
            Field::SeveralAffected => "health.several_affected",
        }
    }

    fn of_part(part: Part) -> Field {
        match part {
            Part::Content => Field::Content,
            Part::Emotion => Field::Emotion,
            Part::Circumstances => Field::Circumstances,
            Part::ExpectedResolution => Field::ExpectedResolution,
        }
    }

    fn of_health(part: health::Part) -> Field {
        match part {
            health::Part::Symptoms => Field::Symptoms,
            health::Part::Onset => Field::Onset,
            health::Part::Batch => Field::Batch,
            health::Part::FrequencyOfUse => Field::FrequencyOfUse,
            health::Part::DurationOfUse => Field::DurationOfUse,
            health::Part::Severity => Field::Severity,
            health::Part::MedicalCare => Field::MedicalCare,
            health::Part::SpecialGroups => Field::SpecialGroups,
        }
    }
}

/// The declaration as it is written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub id: String,
    pub version: u32,
    pub class: Vec<OfClass>,
}

/// What one class needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfClass {
    pub name: String,
    pub must: Vec<String>,
    #[serde(default)]
    pub may: Vec<String>,
}

/// Why a declaration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undeclared {
    #[error("it has no id, or no version from 1 on")]
    Unnamed,
    #[error("class {0} is no class we know")]
    Class(String),
    #[error("class {0} is declared twice")]
    ClassTwice(String),
    #[error("class {0} is not declared: say what it must and may have")]
    NoClass(&'static str),
    #[error("class {class}: {part} is no part of a contact we know")]
    Part { class: String, part: String },
    #[error("class {class}: {part} is named twice")]
    PartTwice { class: String, part: String },
    #[error("class {class}: {part} must be among must: {why}")]
    Must { class: &'static str, part: &'static str, why: &'static str },
    #[error("class {0}: customer.address can only be among may: a case does not know whether it is there")]
    Address(&'static str),
}

/// The parts a case must have, and those it may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub must: BTreeSet<Field>,
    pub may: BTreeSet<Field>,
}

impl Needs {
    /// Whether a part is needed at all.
    pub fn wants(&self, field: Field) -> bool {
        self.must.contains(&field) || self.may.contains(&field)
    }

    /// And what another case needs.
    fn and(mut self, other: &Needs) -> Self {
        self.must.extend(&other.must);
        self.may.extend(&other.may);
        self
    }
}

/// What every class needs.
#[derive(Clone, Debug)]
pub struct Minimum {
    classes: HashMap<CaseClass, Needs>,
}

impl Minimum {
    /// Makes it ready. Errors: see [`Undeclared`].
    pub fn new(declaration: &Declaration) -> Result<Self, Undeclared> {
        if declaration.id.is_empty() || declaration.version == 0 {
            return Err(Undeclared::Unnamed);
        }
        let mut classes = HashMap::new();
        for OfClass { name, must, may } in &declaration.class {
            let class = CaseClass::ALL.into_iter().find(|class| class.word() == name);
            let class = class.ok_or_else(|| Undeclared::Class(name.clone()))?;
            let mut seen = BTreeSet::new();
            let mut read = |part: &String| {
                let (class, named) = (name.clone(), part.clone());
                let field = Field::ALL.into_iter().find(|field| field.word() == part);
                let field = field.ok_or(Undeclared::Part { class: class.clone(), part: named.clone() })?;
                if seen.insert(field) { Ok(field) } else { Err(Undeclared::PartTwice { class, part: named }) }
            };
            let must = must.iter().map(&mut read).collect::<Result<_, _>>()?;
            let may = may.iter().map(&mut read).collect::<Result<_, _>>()?;
            let needs = Needs { must, may };
            sound(class, &needs)?;
            if classes.insert(class, needs).is_some() {
                return Err(Undeclared::ClassTwice(name.clone()));
            }
        }
        match CaseClass::ALL.into_iter().find(|class| !classes.contains_key(class)) {
            Some(class) => Err(Undeclared::NoClass(class.word())),
            None => Ok(Self { classes }),
        }
    }

    /// What a case of this class needs; what speaks of harm needs what discomfort needs besides.
    pub fn of(&self, class: CaseClass, harmed: bool) -> Needs {
        let of = |class| self.classes.get(&class).cloned().unwrap_or_default();
        if harmed { of(class).and(&of(CaseClass::Discomfort)) } else { of(class) }
    }

    /// What this case needs.
    pub fn needs(&self, facts: &Facts) -> Needs {
        self.of(facts.class, facts.lane == Lane::Health)
    }

    /// The first of these parts the case does not need.
    pub fn unneeded<'a>(&self, facts: &Facts, parts: impl IntoIterator<Item = &'a Part>) -> Option<Part> {
        let needs = self.needs(facts);
        parts.into_iter().copied().find(|part| !needs.wants(Field::of_part(*part)))
    }

    /// The parts that must be on record and are not, of a case that goes on, in the order of [`Field::ALL`]. A purchase that is named tells product and
    /// batch, so nobody is asked for those.
    pub fn lacking(&self, case: &Case) -> Vec<Field> {
        let Some(facts) = case.facts.as_ref().filter(|_| !case.is_ended()) else { return vec![] };
        let bought = facts.purchase_id.is_some();
        let told = [
            (Field::Purchase, bought),
            (Field::Product, bought || facts.product_id.is_some()),
            (Field::Batch, bought || facts.batch.is_some()),
            (Field::Store, facts.store_id.is_some()),
            (Field::SeveralAffected, case.health.several),
        ];
        let record = facts.parts.iter().map(|part| Field::of_part(*part));
        let health = case.health_recorded().into_iter().map(Field::of_health);
        let told = told.into_iter().filter(|(_, told)| *told).map(|(field, _)| field);
        let known: BTreeSet<Field> = record.chain(health).chain(told).collect();
        self.needs(facts).must.difference(&known).copied().collect()
    }

    /// What a contact needs of what it says, going to `case` where that takes it.
    pub fn of_contact(&self, contact: &Contact, case: Option<&Case>) -> Needs {
        let (class, severity) = (contact.classification.class, contact.classification.severity);
        let harmed = severity.max(contact.health.severity()) > 0 || class == CaseClass::Discomfort;
        let own = self.of(class, harmed);
        match case.and_then(|case| case.facts.as_ref()) {
            Some(facts) => own.and(&self.needs(facts)),
            None => own,
        }
    }
}

/// Errors: a class that lacks what nobody can do without.
fn sound(class: CaseClass, needs: &Needs) -> Result<(), Undeclared> {
    let must = |part: Field, why| match needs.must.contains(&part) {
        true => Ok(()),
        false => Err(Undeclared::Must { class: class.word(), part: part.word(), why }),
    };
    must(Field::Content, "a contact says something")?;
    if class.is_complaint() {
        Field::RECORD.into_iter().try_for_each(|part| must(part, "a complaint is not assessed without (R-CMP-01)"))?;
    }
    if class == CaseClass::Discomfort {
        let parts = health::Part::ALL.into_iter().map(Field::of_health);
        parts.into_iter().try_for_each(|part| must(part, "authorities ask for it where a product did harm"))?;
    }
    if needs.must.contains(&Field::Address) { Err(Undeclared::Address(class.word())) } else { Ok(()) }
}

impl Contact {
    /// Leaves out what is not needed, of all that the contact knows; says what that was. Its words are the caller's to leave out.
    pub fn leave_out(&mut self, needs: &Needs) -> BTreeSet<Field> {
        let mut left = BTreeSet::new();
        let mut drop = |field: Field, told: bool| {
            let out = told && !needs.wants(field);
            if out {
                left.insert(field);
            }
            out
        };
        for part in [Part::Emotion, Part::Circumstances, Part::ExpectedResolution] {
            if drop(Field::of_part(part), self.parts.contains(&part)) {
                self.parts.remove(&part);
            }
        }
        self.emotion = self.emotion.filter(|_| self.parts.contains(&Part::Emotion));
        self.purchase_id = self.purchase_id.filter(|_| !drop(Field::Purchase, true));
        self.product_id = self.product_id.take().filter(|_| !drop(Field::Product, true));
        self.batch = self.batch.take().filter(|_| !drop(Field::Batch, true));
        self.store_id = self.store_id.take().filter(|_| !drop(Field::Store, true));
        self.health.words.retain(|part| !drop(Field::of_health(*part), true));
        self.health.care = self.health.care.filter(|_| !drop(Field::MedicalCare, true));
        self.health.groups = self.health.groups.take().filter(|_| !drop(Field::SpecialGroups, true));
        self.health.several &= !drop(Field::SeveralAffected, self.health.several);
        self.left_out = left.clone();
        left
    }
}
