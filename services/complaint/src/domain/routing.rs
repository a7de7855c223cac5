//! Which department looks into which class of complaint, and how long it has to answer (R-CMP-04, R-CMP-19).
//! The table is data. One that leaves a class without a department is refused, so that no complaint goes nowhere; service
//! levels that leave one without a time for an answer are refused before it.
use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use kernel::{
    promise::Terms,
    sla::{Facts, Hours, Kind, Levels},
};
use serde::{Deserialize, Serialize};

use super::values::{Class, Department, Lane};

/// A department that is asked, and its hand-over agreement: a time of its own, or what the service levels say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    pub department: Department,
    /// Its own time for an answer.
    #[serde(default)]
    pub answer_within: Option<SignedDuration>,
    /// The hours that count for its own time; all of them where none are named.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// The levels it is asked under. They come with the command that asks it and are not stored.
    #[serde(skip)]
    pub levels: InForce,
}

/// The service levels in force, if they are at hand.
#[derive(Clone, Debug, Default)]
pub struct InForce(pub Option<Arc<Levels>>);

/// They say nothing of the desk itself.
impl PartialEq for InForce {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for InForce {}

impl Desk {
    /// What is promised of its answer about a class in a lane, under `levels`; none when nothing is.
    pub fn terms(&self, (class, lane): (Class, Lane), levels: Option<&Levels>) -> Option<Arc<Terms>> {
        let facts = Facts { class: Some(class.name()), priority: Some(lane.name()), ..Facts::default() };
        let team = Some(self.department.as_str());
        let Some(target) = self.answer_within else { return levels?.terms(Kind::DepartmentAnswer, facts, team) };
        let calendar = match &self.hours {
            None => None,
            Some(hours) => levels?.counting(hours, facts, team),
        };
        Some(Arc::new(Terms { target, calendar, ..Terms::default() }))
    }
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
    #[error("the department {0} has a time for an answer in hours of {1:?}, which is no calendar")]
    NoCalendar(Department, String),
}

impl Routing {
    /// The least and the most time a department can be given.
    const ANSWER_WITHIN: (SignedDuration, SignedDuration) =
        (SignedDuration::from_mins(1), SignedDuration::from_hours(90 * 24));

    /// Checks the table of `desks`, which are asked under `levels`. Errors: a class without a department, a department
    /// nobody described, or one with a time for an answer out of bounds or in hours nobody knows.
    pub fn new(
        desks: impl IntoIterator<Item = Desk>,
        classes: &BTreeMap<Class, Department>,
        levels: &Arc<Levels>,
    ) -> Result<Self, RoutingError> {
        let in_force = InForce(Some(Arc::clone(levels)));
        let desk = |desk: Desk| (desk.department.clone(), Desk { levels: in_force.clone(), ..desk });
        let desks: BTreeMap<_, _> = desks.into_iter().map(desk).collect();
        desks.values().try_for_each(|desk| Self::check(desk, levels))?;
        let mut by_class = Vec::with_capacity(Class::ALL.len());
        for class in Class::ALL {
            let department = classes.get(&class).ok_or(RoutingError::NoDepartment(class))?;
            let unknown = || RoutingError::UnknownDepartment { class, department: department.clone() };
            by_class.push(desks.get(department).ok_or_else(unknown)?.clone());
        }
        Ok(Self { desks, by_class })
    }

    fn check(desk: &Desk, levels: &Levels) -> Result<(), RoutingError> {
        let (department, (least, most)) = (|| desk.department.clone(), Self::ANSWER_WITHIN);
        if desk.answer_within.is_some_and(|time| time < least || time > most) {
            return Err(RoutingError::AnswerTime(department()));
        }
        if let Some(Hours::Of(name)) = &desk.hours
            && !levels.knows(name)
        {
            return Err(RoutingError::NoCalendar(department(), name.clone()));
        }
        Ok(())
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

    use kernel::{calendar, sla};

    use super::*;

    fn word(text: &str) -> Department {
        text.parse().unwrap()
    }

    fn levels() -> Arc<Levels> {
        let (policy, calendars) = (toml::from_str(sla::DEFAULT).unwrap(), toml::from_str(calendar::CHINA).unwrap());
        Arc::new(Levels::prepare(policy, &calendars).unwrap())
    }

    fn desk(name: &str, answer_within: Option<SignedDuration>) -> Desk {
        Desk { department: word(name), answer_within, ..Desk::default() }
    }

    fn desks() -> [Desk; 2] {
        [desk("quality", Some(SignedDuration::from_hours(8))), desk("care", None)]
    }

    fn classes() -> BTreeMap<Class, Department> {
        let care_or_quality = |class| if class == Class::ProductQuality { word("quality") } else { word("care") };
        Class::ALL.into_iter().map(|class| (class, care_or_quality(class))).collect()
    }

    #[test]
    fn every_class_finds_its_desk() {
        let routing = Routing::new(desks(), &classes(), &levels()).unwrap();
        for class in Class::ALL {
            assert_eq!(routing.desk_of(class).department, classes()[&class]);
        }
        assert_eq!(routing.desk_of(Class::ProductQuality).answer_within, Some(SignedDuration::from_hours(8)));
        assert_eq!(routing.desk(&word("legal")), None);
    }

    #[test]
    fn a_class_without_a_department_is_refused() {
        for class in Class::ALL {
            let mut classes = classes();
            classes.remove(&class);
            assert_eq!(Routing::new(desks(), &classes, &levels()), Err(RoutingError::NoDepartment(class)));
        }
    }

    #[test]
    fn a_department_nobody_described_is_refused() {
        let mut classes = classes();
        classes.insert(Class::Repair, word("repair"));
        let refused = RoutingError::UnknownDepartment { class: Class::Repair, department: word("repair") };
        assert_eq!(Routing::new(desks(), &classes, &levels()), Err(refused));
    }

    #[test]
    fn an_answer_time_has_bounds_and_hours_somebody_knows() {
        let refused = |own: Desk| Routing::new([own, desk("quality", None)], &classes(), &levels()).unwrap_err();
        for hours in [0, -1, 90 * 24 + 1] {
            let own = desk("care", Some(SignedDuration::from_hours(hours)));
            assert_eq!(refused(own), RoutingError::AnswerTime(word("care")));
        }
        let own = desk("care", Some(SignedDuration::from_hours(8)));
        let moon = Desk { hours: Some(Hours::Of("moon".into())), ..own };
        assert_eq!(refused(moon), RoutingError::NoCalendar(word("care"), "moon".into()));
    }
}
