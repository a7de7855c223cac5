//! The `[service]` section of the configuration: who looks into what, and how long things may take.
//! Invariant: what cannot be followed (a class nobody looks into, a term of no length) is refused at the start.
use std::{collections::BTreeMap, ops::RangeInclusive};

use anyhow::ensure;
use backbone::Context;
use jiff::{SignedDuration, tz::TimeZone};
use kernel::money::Currency;
use serde::Deserialize;

use crate::{
    domain::{
        complaint::Terms,
        escalation::{Level, Trigger},
        ladder::{Ladder, Quiet, Rungs},
        routing::Routing,
        values::{Class, Department, Severity},
    },
    webhook,
};

/// The section as written; `default.toml` explains every value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    investigate_within_hours: i64,
    silence_after_hours: i64,
    appeal_within_hours: i64,
    webhook_retry_hours: i64,
    #[serde(default)]
    webhooks: BTreeMap<Department, webhook::Section>,
    departments: BTreeMap<Department, i64>,
    routing: BTreeMap<Class, Department>,
    escalation: Escalation,
}

/// `[service.escalation]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalation {
    warn_department_at_percent: u8,
    severity_from: Severity,
    first_level: BTreeMap<Trigger, Level>,
    acknowledge_within_hours: BTreeMap<Level, i64>,
    quiet_hours: Option<Quiet>,
    amount_over: BTreeMap<String, i64>,
}

/// What the house decided.
#[derive(Clone, Debug)]
pub struct Policy {
    pub routing: Routing,
    /// They hold for complaints recorded from now on; those on record keep theirs.
    pub terms: Terms,
    /// The teams that read over HTTP, and how long each of their events is tried.
    pub webhooks: BTreeMap<Department, webhook::Section>,
    pub webhook_retry_for: SignedDuration,
}

impl Policy {
    /// Reads and checks the section. Errors: a class without a department, a value out of bounds, an unknown key.
    pub fn read(context: &Context) -> anyhow::Result<Self> {
        Self::of(context.config()?)
    }

    fn of(section: Section) -> anyhow::Result<Self> {
        let hours = |(department, hours)| (department, SignedDuration::from_hours(hours));
        let day = 24;
        let routing = Routing::new(section.departments.into_iter().map(hours).collect(), &section.routing)?;
        for department in section.webhooks.keys() {
            ensure!(routing.desk(department).is_some(), "section [service.webhooks]: {department} is no department");
        }
        webhook::check(&section.webhooks)?;
        Ok(Self {
            terms: Terms {
                investigate_within: term("investigate_within_hours", section.investigate_within_hours, 1..=30 * day)?,
                silence_after: term("silence_after_hours", section.silence_after_hours, 1..=90 * day)?,
                appeal_within: term("appeal_within_hours", section.appeal_within_hours, 0..=366 * day)?,
                ladder: section.escalation.ladder()?,
            },
            webhook_retry_for: term("webhook_retry_hours", section.webhook_retry_hours, 1..=30 * day)?,
            routing,
            webhooks: section.webhooks,
        })
    }
}

impl Escalation {
    fn ladder(self) -> anyhow::Result<Ladder> {
        let wrong = "configuration, section [service.escalation]";
        for trigger in Trigger::ALL {
            ensure!(self.first_level.contains_key(&trigger), "{wrong}: first_level names no level for {trigger:?}");
        }
        for trigger in [Trigger::InvestigationLate, Trigger::Dissatisfied] {
            let management = self.first_level.get(&trigger) == Some(&Level::Management);
            ensure!(management, "{wrong}: {trigger:?} must be management's at once (R-CMP-12, R-CMP-13)");
        }
        ensure!(self.warn_department_at_percent < 100, "{wrong}: warn_department_at_percent must be 0 to 99");
        let top = self.acknowledge_within_hours.contains_key(&Level::Management);
        ensure!(!top, "{wrong}: acknowledge_within_hours names management, but there is nobody above it");
        let mut acknowledge_within = BTreeMap::new();
        for (level, hours) in self.acknowledge_within_hours {
            acknowledge_within.insert(level, term("escalation.acknowledge_within_hours", hours, 1..=30 * 24)?);
        }
        if let Some(quiet) = &self.quiet_hours {
            ensure!(
                TimeZone::get(&quiet.zone).is_ok(),
                "{wrong}: quiet_hours.zone is not a zone such as Asia/Shanghai"
            );
        }
        for currency in self.amount_over.keys() {
            ensure!(currency.parse::<Currency>().is_ok(), "{wrong}: amount_over.{currency} is no currency such as CNY");
        }
        Ok(Ladder {
            // Management is where everything begins that is not named.
            first: self.first_level.into_iter().filter(|(_, level)| *level != Level::Management).collect(),
            rungs: Rungs { acknowledge_within, quiet: self.quiet_hours },
            warn_percent: self.warn_department_at_percent,
            severity_from: Some(self.severity_from),
            amount_over: self.amount_over,
        })
    }
}

fn term(key: &str, hours: i64, bounds: RangeInclusive<i64>) -> anyhow::Result<SignedDuration> {
    let (least, most) = (bounds.start(), bounds.end());
    anyhow::ensure!(bounds.contains(&hours), "configuration, section [service]: {key} must be {least} to {most} hours");
    Ok(SignedDuration::from_hours(hours))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn defaults() -> toml::Table {
        let file: toml::Table = include_str!("../default.toml").parse().unwrap();
        file["service"].as_table().unwrap().clone()
    }

    fn policy(section: toml::Table) -> Result<Policy, String> {
        let section = section.try_into().map_err(|error: toml::de::Error| error.to_string())?;
        Policy::of(section).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_regulations() {
        let policy = policy(defaults()).unwrap();
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        assert_eq!(policy.terms.investigate_within, days(1));
        assert_eq!(policy.terms.silence_after, days(9));
        assert_eq!(policy.terms.appeal_within, days(14));
        let departments = Class::ALL.map(|class| policy.routing.desk_of(class).department.to_string());
        let expected = "customer-service rnd quality medical store-operations logistics returns repair";
        assert_eq!(departments.join(" "), expected);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let refused = |change: &dyn Fn(&mut toml::Table)| {
            let mut section = defaults();
            change(&mut section);
            policy(section).unwrap_err()
        };
        let routing = |section: &mut toml::Table, class: &str, department: &str| {
            section["routing"].as_table_mut().unwrap().insert(class.into(), department.into())
        };
        let unrouted = refused(&|s| drop(s["routing"].as_table_mut().unwrap().remove("delivery")));
        assert!(unrouted.contains("Delivery"), "{unrouted}");
        let unknown = refused(&|s| drop(routing(s, "delivery", "nobody")));
        assert!(unknown.contains("nobody"), "{unknown}");
        let no_subject = refused(&|s| drop(routing(s, "delivery", "Log.istics")));
        assert!(no_subject.contains("lower-case word"), "{no_subject}");
        let no_complaint = refused(&|s| drop(routing(s, "enquiry", "quality")));
        assert!(no_complaint.contains("enquiry"), "{no_complaint}");
        let no_time = refused(&|s| drop(s.insert("investigate_within_hours".into(), 0.into())));
        assert!(no_time.contains("investigate_within_hours"), "{no_time}");
        let escalation = |key: &str, change: &dyn Fn(&mut toml::Table)| {
            refused(&|section| change(section["escalation"].as_table_mut().unwrap()[key].as_table_mut().unwrap()))
        };
        let hole = escalation("first_level", &|first| drop(first.remove("department_late")));
        assert!(hole.contains("DepartmentLate"), "{hole}");
        let low = escalation("first_level", &|first| drop(first.insert("dissatisfied".into(), "team_lead".into())));
        assert!(low.contains("R-CMP-12"), "{low}");
        let nobody = escalation("acknowledge_within_hours", &|t| drop(t.insert("management".into(), 1.into())));
        assert!(nobody.contains("nobody above"), "{nobody}");
        let zone = escalation("quiet_hours", &|quiet| drop(quiet.insert("zone".into(), "Moon/Sea".into())));
        assert!(zone.contains("Asia/Shanghai"), "{zone}");
        let gold = escalation("amount_over", &|over| drop(over.insert("XAU".into(), 1.into())));
        assert!(gold.contains("XAU"), "{gold}");
        let legal: toml::Table = r#"legal = { url = "http://a.example", secret = "" }"#.parse().unwrap();
        let stranger = refused(&|s| drop(s.insert("webhooks".into(), legal.clone().into())));
        assert!(stranger.contains("legal is no department"), "{stranger}");
        let typo = refused(&|s| drop(s.insert("appeal_within_day".into(), 3.into())));
        assert!(typo.contains("appeal_within_day"), "{typo}");
    }
}
