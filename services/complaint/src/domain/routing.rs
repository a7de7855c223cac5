//! Which department looks into which class of complaint, and how long it has to answer (R-CMP-04, R-CMP-19).
//! The table is data. One that leaves a class without a department is refused, so that no complaint goes nowhere.
use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::values::{Class, Department};

/// A department that is asked, and the time it has for an answer (its hand-over agreement).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    pub department: Department,
    pub answer_within: SignedDuration,
}

/// The complete table: every class has its desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    desks: BTreeMap<Department, Desk>,
    /// In the order of [`Class::ALL`].
    by_class: Vec<Desk>,
}

/// Why a table is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    #[error("the class {0:?} has no department in the routing table")]
    NoDepartment(Class),
    #[error("the class {class:?} is routed to {department}, which is not among the departments")]
    UnknownDepartment { class: Class, department: Department },
    #[error("the department {0} must have between 1 minute and 90 days for an answer")]
    AnswerTime(Department),
}

impl Routing {
    /// The least and the most time a department can be given.
    const ANSWER_WITHIN: (SignedDuration, SignedDuration) =
        (SignedDuration::from_mins(1), SignedDuration::from_hours(90 * 24));

    /// Checks the table. Errors: a class without a department, a department nobody described, an answer time out of
    /// bounds.
    pub fn new(
        departments: BTreeMap<Department, SignedDuration>,
        classes: &BTreeMap<Class, Department>,
    ) -> Result<Self, RoutingError> {
        let (least, most) = Self::ANSWER_WITHIN;
        if let Some((department, _)) = departments.iter().find(|(_, time)| **time < least || **time > most) {
            return Err(RoutingError::AnswerTime(department.clone()));
        }
        let desk =
            |(department, answer_within): (Department, _)| (department.clone(), Desk { department, answer_within });
        let desks: BTreeMap<_, _> = departments.into_iter().map(desk).collect();
        let mut by_class = Vec::with_capacity(Class::ALL.len());
        for class in Class::ALL {
            let department = classes.get(&class).ok_or(RoutingError::NoDepartment(class))?;
            let unknown = || RoutingError::UnknownDepartment { class, department: department.clone() };
            by_class.push(desks.get(department).ok_or_else(unknown)?.clone());
        }
        Ok(Self { desks, by_class })
    }

    /// The desk of a department, if it is one of the table's.
    pub fn desk(&self, department: &Department) -> Option<&Desk> {
        self.desks.get(department)
    }

    /// The desk a class is routed to.
    pub fn desk_of(&self, class: Class) -> &Desk {
        &self.by_class[class as usize]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn word(text: &str) -> Department {
        text.parse().unwrap()
    }

    fn departments() -> BTreeMap<Department, SignedDuration> {
        BTreeMap::from([
            (word("quality"), SignedDuration::from_hours(8)),
            (word("care"), SignedDuration::from_hours(24)),
        ])
    }

    fn classes() -> BTreeMap<Class, Department> {
        let care_or_quality = |class| if class == Class::ProductQuality { word("quality") } else { word("care") };
        Class::ALL.into_iter().map(|class| (class, care_or_quality(class))).collect()
    }

    #[test]
    fn every_class_finds_its_desk() {
        let routing = Routing::new(departments(), &classes()).unwrap();
        for class in Class::ALL {
            assert_eq!(routing.desk_of(class).department, classes()[&class]);
        }
        assert_eq!(routing.desk_of(Class::ProductQuality).answer_within, SignedDuration::from_hours(8));
        assert_eq!(routing.desk(&word("legal")), None);
    }

    #[test]
    fn a_class_without_a_department_is_refused() {
        for class in Class::ALL {
            let mut classes = classes();
            classes.remove(&class);
            assert_eq!(Routing::new(departments(), &classes), Err(RoutingError::NoDepartment(class)));
        }
    }

    #[test]
    fn a_department_nobody_described_is_refused() {
        let mut classes = classes();
        classes.insert(Class::Repair, word("repair"));
        let refused = RoutingError::UnknownDepartment { class: Class::Repair, department: word("repair") };
        assert_eq!(Routing::new(departments(), &classes), Err(refused));
    }

    #[test]
    fn an_answer_time_has_bounds() {
        for hours in [0, -1, 90 * 24 + 1] {
            let mut departments = departments();
            departments.insert(word("care"), SignedDuration::from_hours(hours));
            assert_eq!(Routing::new(departments, &classes()), Err(RoutingError::AnswerTime(word("care"))));
        }
    }
}
