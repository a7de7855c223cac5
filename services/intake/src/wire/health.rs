//! Contract and domain of the health record.
use std::collections::BTreeSet;

use backbone::{Published, proto};
use contracts::intake::v1 as contract;

use crate::domain::{
    case::Case,
    health::{Care, Event, Group, Part},
};

/// What others learn of the health record: which parts are on it, never what was said.
pub(super) fn published(case: &Case, event: &Event, case_id: String, complaint_id: String, shard: u8) -> Published {
    match event {
        Event::Recorded(said) => {
            let (recorded, still_missing) = (parts(&said.parts()), parts(&case.health_missing()));
            let recorded = contract::CaseHealthRecorded { case_id, complaint_id, recorded, still_missing };
            Published::of(&recorded, shard)
        }
        Event::Raised { severity, was, priority, respond_by, promises } => {
            let raised = contract::CaseHealthRaised {
                case_id,
                complaint_id,
                severity: u32::from(*severity),
                was_severity: u32::from(*was),
                priority: Some(super::priority(priority)),
                respond_by: Some(proto::timestamp(*respond_by)),
                urgent_by: case.due_of(promises).map(proto::timestamp),
            };
            Published::of(&raised, shard)
        }
    }
}

/// The health record of a case, but for the words. `None` when there is no such case.
pub fn view(version: u64, case: &Case) -> Option<contract::HealthView> {
    let facts = case.facts.as_ref()?;
    let asked = case.health.parts.contains(&Part::SpecialGroups);
    let groups = case.health.groups.iter().map(|one| i32::from(group(*one)));
    let none = (asked && case.health.groups.is_empty()).then_some(contract::SpecialGroup::None.into());
    Some(contract::HealthView {
        case_id: facts.case_id.to_string(),
        version,
        severity: u32::from(facts.health_severity),
        recorded: parts(&case.health_recorded()),
        missing: parts(&case.health_missing()),
        batch: facts.batch.clone().unwrap_or_default(),
        medical_care: case.health.care.map_or(contract::MedicalCare::Unspecified, care).into(),
        special_groups: groups.chain(none).collect(),
        death: case.health.death,
        several_affected: case.health.several,
    })
}

fn parts(parts: &BTreeSet<Part>) -> Vec<i32> {
    parts.iter().map(|one| part(*one).into()).collect()
}

/// A part as the contract says it.
pub fn part(part: Part) -> contract::HealthPart {
    match part {
        Part::Symptoms => contract::HealthPart::Symptoms,
        Part::Onset => contract::HealthPart::Onset,
        Part::Batch => contract::HealthPart::Batch,
        Part::FrequencyOfUse => contract::HealthPart::FrequencyOfUse,
        Part::DurationOfUse => contract::HealthPart::DurationOfUse,
        Part::Severity => contract::HealthPart::Severity,
        Part::MedicalCare => contract::HealthPart::MedicalCare,
        Part::SpecialGroups => contract::HealthPart::SpecialGroups,
    }
}

fn care(care: Care) -> contract::MedicalCare {
    match care {
        Care::None => contract::MedicalCare::None,
        Care::Sought => contract::MedicalCare::Sought,
        Care::Hospitalised => contract::MedicalCare::Hospitalised,
    }
}

/// The medical care as the contract says it; `None` where nothing is said.
pub fn care_of(care: contract::MedicalCare) -> Option<Care> {
    match care {
        contract::MedicalCare::Unspecified => None,
        contract::MedicalCare::None => Some(Care::None),
        contract::MedicalCare::Sought => Some(Care::Sought),
        contract::MedicalCare::Hospitalised => Some(Care::Hospitalised),
    }
}

fn group(group: Group) -> contract::SpecialGroup {
    match group {
        Group::Child => contract::SpecialGroup::Child,
        Group::Pregnant => contract::SpecialGroup::Pregnant,
    }
}

/// Whom it concerns: `Some` and empty where it is said that nobody needs special care. Errors: a number that is no
/// group, or "none" beside one.
pub fn groups_of(said: &[i32]) -> Result<Option<BTreeSet<Group>>, &'static str> {
    let known = |one: &i32| contract::SpecialGroup::try_from(*one).map_err(|_| "is none, child or pregnant");
    let said = said.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let group = |one: &contract::SpecialGroup| match one {
        contract::SpecialGroup::Unspecified => Some(Err("is none, child or pregnant")),
        contract::SpecialGroup::None => None,
        contract::SpecialGroup::Child => Some(Ok(Group::Child)),
        contract::SpecialGroup::Pregnant => Some(Ok(Group::Pregnant)),
    };
    let groups = said.iter().filter_map(group).collect::<Result<BTreeSet<_>, _>>()?;
    if !groups.is_empty() && said.contains(&contract::SpecialGroup::None) {
        return Err("says none beside a group; leave one of them out");
    }
    Ok((!said.is_empty()).then_some(groups))
}
