//! The `[service]` section of the configuration: who looks into what, and how long things may take.
//! Invariant: what cannot be followed (a class nobody looks into, a term of no length) is refused at the start.
mod approving;
mod escalating;

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use anyhow::{Context as _, ensure};
use backbone::{Context, Document, config, webhook};
use jiff::SignedDuration;
use kernel::{
    calendar,
    sla::{self, Levels},
};
use serde::Deserialize;

use crate::{
    api,
    domain::{
        care::Promised,
        complaint::Terms,
        contacts::Often,
        fairness::Band,
        posts::Posts,
        routing::{Desk, Routing},
        rulebook::{Offer, Rulebook},
        values::{Class, Department, Emotion},
    },
};

/// The section as written; `default.toml` explains every value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default)]
    levels: sla::Files,
    silence_after_hours: i64,
    appeal_within_hours: i64,
    webhook_retry_hours: i64,
    #[serde(default)]
    webhooks: BTreeMap<Department, webhook::Section>,
    escalation: escalating::Section,
    repeated_contact: RepeatedContact,
    tell_result_within_hours: i64,
    satisfaction_tries: u32,
    offer_answer_within_hours: i64,
    offer_tries: u32,
    read_within_hours: i64,
    parcel_received_within_hours: i64,
    departments: BTreeMap<Department, Agreement>,
    routing: BTreeMap<Class, Department>,
    approval: approving::Section,
    posts: Posts,
    offers: Vec<Offer>,
    guidance: Guidance,
    fairness: Band,
}

/// When contacts of one customer are repeated contact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RepeatedContact {
    times: u8,
    within_days: i64,
}

impl RepeatedContact {
    fn often(&self) -> anyhow::Result<Often> {
        let Self { times, within_days } = *self;
        let bounds = (2..=100).contains(&times) && (1..=366).contains(&within_days);
        ensure!(
            bounds,
            "configuration, section [service.repeated_contact]: times must be 2 to 100, within_days 1 to 366"
        );
        Ok(Often { times: times.into(), within: SignedDuration::from_hours(24 * within_days) })
    }
}

/// The time a department has for an answer: so many hours round the clock, its own time, or what the service levels say.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "must be a number of hours, {}, or { within = \"12h\", hours = \"of_place\" }")]
enum Agreement {
    Hours(i64),
    Time(Time),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    within: Option<SignedDuration>,
    hours: Option<sla::Hours>,
}

impl Agreement {
    fn desk(self, department: Department) -> anyhow::Result<Desk> {
        let time = match self {
            Self::Hours(hours) => Time { within: Some(SignedDuration::from_hours(hours)), hours: None },
            Self::Time(time) => time,
        };
        let pointless = time.within.is_none() && time.hours.is_some();
        ensure!(
            !pointless,
            "configuration, section [service.departments]: {department} names hours but no time within"
        );
        Ok(Desk { department, answer_within: time.within, hours: time.hours, ..Desk::default() })
    }
}

/// How to speak with customers (R-CMP-18): a text for every emotion and every class.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    emotion: BTreeMap<Emotion, String>,
    class: BTreeMap<Class, String>,
}

impl Guidance {
    fn check(&self) -> anyhow::Result<()> {
        let missing = |text: Option<&String>| text.is_none_or(|text| text.trim().is_empty());
        let emotion = Emotion::ALL.into_iter().find(|emotion| missing(self.emotion.get(emotion)));
        ensure!(emotion.is_none(), "configuration, section [service.guidance.emotion]: {emotion:?} has no text");
        let class = Class::ALL.into_iter().find(|class| missing(self.class.get(class)));
        ensure!(class.is_none(), "configuration, section [service.guidance.class]: {class:?} has no text");
        Ok(())
    }

    /// What is said about the emotion, if one was heard, and about the class.
    pub fn of(&self, class: Class, emotion: Option<Emotion>) -> Vec<String> {
        let emotion = emotion.and_then(|emotion| self.emotion.get(&emotion));
        emotion.into_iter().chain(self.class.get(&class)).cloned().collect()
    }
}

/// What the house decided.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What is promised by when, and in which time.
    pub levels: Arc<Levels>,
    pub routing: Routing,
    pub often: Often,
    /// Who may do what.
    pub posts: Posts,
    /// They hold for complaints recorded from now on; those on record keep theirs.
    pub terms: Terms,
    /// They hold for what is submitted or approved from now on.
    pub rules: Arc<Rulebook>,
    pub guidance: Guidance,
    /// The teams that read over HTTP, and how long each of their events is tried.
    pub webhooks: BTreeMap<Department, webhook::Section>,
    pub webhook_retry_for: SignedDuration,
    /// For people to receive a parcel of returned goods that came.
    pub parcel_received_within: SignedDuration,
}

impl Policy {
    /// Reads and checks the section. Errors: a class without a department, a value out of bounds, an unknown key.
    pub fn read(context: &Context) -> anyhow::Result<Self> {
        Self::of(context.config()?)
    }

    fn of(section: Section) -> anyhow::Result<Self> {
        let day = 24;
        section.guidance.check()?;
        for (key, tries) in [("satisfaction_tries", section.satisfaction_tries), ("offer_tries", section.offer_tries)] {
            ensure!((1..=10).contains(&tries), "configuration, section [service]: {key} must be 1 to 10");
        }
        let levels = levels(&section.levels)?;
        let desks = section.departments.into_iter().map(|(department, agreement)| agreement.desk(department));
        let routing = Routing::new(desks.collect::<anyhow::Result<Vec<_>>>()?, &section.routing, &levels)?;
        for department in section.webhooks.keys() {
            ensure!(routing.desk(department).is_some(), "section [service.webhooks]: {department} is no department");
        }
        webhook::check(&section.webhooks)?;
        let received = section.parcel_received_within_hours;
        Ok(Self {
            parcel_received_within: term("parcel_received_within_hours", received, 1..=90 * day)?,
            levels,
            posts: section.posts.check(&api::COMMANDS).context("configuration, section [service.posts]")?,
            often: section.repeated_contact.often()?,
            terms: Terms {
                silence_after: term("silence_after_hours", section.silence_after_hours, 1..=90 * day)?,
                appeal_within: term("appeal_within_hours", section.appeal_within_hours, 0..=366 * day)?,
                care: Promised {
                    tell_within: term("tell_result_within_hours", section.tell_result_within_hours, 1..=30 * day)?,
                    tries: section.satisfaction_tries,
                    offer_answer: term("offer_answer_within_hours", section.offer_answer_within_hours, 1..=90 * day)?,
                    offer_tries: section.offer_tries,
                    read_within: term("read_within_hours", section.read_within_hours, 1..=30 * day)?,
                },
                ladder: Arc::new(section.escalation.ladder()?),
                silence: None,
            },
            guidance: section.guidance,
            rules: Arc::new(section.approval.rulebook(section.offers, section.fairness)?),
            webhook_retry_for: term("webhook_retry_hours", section.webhook_retry_hours, 1..=30 * day)?,
            routing,
            webhooks: section.webhooks,
        })
    }
}

/// What of the configuration has versions. Errors: a file cannot be read.
pub fn documents(context: &Context) -> anyhow::Result<Vec<Document>> {
    let section: Section = context.config()?;
    let files = section.levels;
    let matrix = ["version", "rules", "further"].map(|key| context.settings.service["approval"][key].clone());
    let version = matrix.first().and_then(serde_json::Value::as_u64).unwrap_or(1);
    let matrix = Document::new("approval matrix", "complaint", version, &matrix.into(), "section [service.approval]");
    let found = [
        Document::read("policy of service levels", ("", "id"), files.policy.as_deref(), sla::DEFAULT)?,
        Document::read("calendar", ("/calendars", "name"), files.calendars.as_deref(), calendar::CHINA)?,
        vec![matrix],
    ];
    Ok(found.concat())
}

/// The service levels. Errors: what is wrong with them.
fn levels(files: &sla::Files) -> anyhow::Result<Arc<Levels>> {
    let policy = config::document(files.policy.as_deref(), sla::DEFAULT)?;
    let calendars = config::document(files.calendars.as_deref(), calendar::CHINA)?;
    Ok(Arc::new(Levels::prepare(policy, &calendars).context("section [service.levels]")?))
}

fn term(key: &str, hours: i64, bounds: RangeInclusive<i64>) -> anyhow::Result<SignedDuration> {
    let (least, most) = (bounds.start(), bounds.end());
    ensure!(bounds.contains(&hours), "configuration, section [service]: {key} must be {least} to {most} hours");
    Ok(SignedDuration::from_hours(hours))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use kernel::sla::Kind;

    use super::*;
    use crate::domain::values::Lane;

    fn defaults() -> toml::Table {
        let file: toml::Table = include_str!("../default.toml").parse().unwrap();
        file["service"].as_table().unwrap().clone()
    }

    fn policy(section: toml::Table) -> Result<Policy, String> {
        let section = section.try_into().map_err(|error: toml::de::Error| error.to_string())?;
        Policy::of(section).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_defaults_are_those_of_the_regulations() {
        let policy = policy(defaults()).unwrap();
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        let facts = kernel::sla::Facts { class: Some("delivery"), ..Default::default() };
        let target = |kind| policy.levels.terms(kind, facts, None).unwrap().target;
        assert_eq!((target(Kind::FirstInvestigation), target(Kind::ProgressSilence)), (days(1), days(3)));
        assert_eq!(policy.terms.silence_after, days(9));
        assert_eq!(policy.terms.appeal_within, days(14));
        let care = policy.terms.care;
        assert_eq!((care.tell_within, care.tries), (days(1), 3));
        assert_eq!((care.offer_answer, care.offer_tries, care.read_within), (days(9), 3, days(1)));
        let departments = Class::ALL.map(|class| policy.routing.desk_of(class).department.to_string());
        let expected = "customer-service rnd quality medical store-operations logistics returns repair";
        assert_eq!(departments.join(" "), expected);
    }

    #[test]
    fn policies_speak_of_classes_and_queues_as_complaints_do() {
        assert_eq!(Class::ALL.map(Class::name), sla::COMPLAINTS);
        assert_eq!([Lane::Standard, Lane::Health].map(Lane::name), sla::PRIORITIES);
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
        let no_time = refused(&|s| drop(s.insert("appeal_within_hours".into(), (-1).into())));
        assert!(no_time.contains("appeal_within_hours"), "{no_time}");
        for key in ["offer_answer_within_hours", "offer_tries", "read_within_hours", "parcel_received_within_hours"] {
            let never = refused(&|s| drop(s.insert(key.into(), 0.into())));
            assert!(never.contains(key), "{never}");
        }
        let approval = |section: &mut toml::Table, key: &str, value: toml::Value| {
            section["approval"].as_table_mut().unwrap().insert(key.into(), value)
        };
        let nobody = refused(&|s| drop(approval(s, "members", toml::Value::Array(vec![]))));
        assert!(nobody.contains("rule 1") && nobody.contains("head_of_after_sales"), "{nobody}");
        let hole = refused(&|s| drop(s["approval"]["rules"].as_array_mut().unwrap().pop()));
        assert!(hole.contains("class service_attitude") && hole.contains("hole"), "{hole}");
        let chain = toml::toml! { giver = "staff:x"
        to = "staff:y"
        from = "2026-01-01T00:00:00Z"
        until = "2026-02-01T00:00:00Z" };
        let chain = refused(&|s| drop(approval(s, "delegations", toml::Value::Array(vec![chain.clone().into()]))));
        assert!(chain.contains("delegation 1"), "{chain}");
        let nothing = refused(&|s| drop(s["offers"].as_array_mut().unwrap().remove(0)));
        assert!(nothing.contains("discomfort with severity 0"), "{nothing}");
        let no_kind =
            refused(&|s| drop(s["offers"][0].as_table_mut().unwrap().insert("kinds".into(), vec!["gold"].into())));
        assert!(no_kind.contains("offer 1: gold"), "{no_kind}");
        let owed: toml::Table = r#"at_least_one_of = ["repair"]"#.parse().unwrap();
        let owed = refused(&|s| s["offers"].as_array_mut().unwrap().push(owed.clone().into()));
        assert!(owed.contains("severity 0 is owed one of repair, but is offered none"), "{owed}");
        let mute = refused(&|s| drop(s["guidance"]["emotion"].as_table_mut().unwrap().remove("angry")));
        assert!(mute.contains("Angry"), "{mute}");
        let mute = refused(&|s| {
            drop(s["guidance"]["class"].as_table_mut().unwrap().insert("repair".into(), " ".into()));
        });
        assert!(mute.contains("Repair"), "{mute}");
        let few = refused(&|s| drop(s["fairness"].as_table_mut().unwrap().insert("at_least".into(), 0.into())));
        assert!(few.contains("[service.fairness]") && few.contains("at_least"), "{few}");
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
        let often = refused(&|s| {
            drop(s["escalation"].as_table_mut().unwrap().insert("management_from_breach".into(), 11.into()))
        });
        assert!(often.contains("management_from_breach"), "{often}");
        let gold = escalation("amount_over", &|over| drop(over.insert("XAU".into(), 1.into())));
        assert!(gold.contains("XAU"), "{gold}");
        let posts = |table: &str, key: &str, who: &[&str]| {
            refused(&|s| {
                let table = s["posts"].as_table_mut().unwrap()[table].as_table_mut().unwrap();
                table.insert(key.into(), who.to_vec().into());
            })
        };
        assert!(posts("may", "management", &["print_money"]).contains("print_money"));
        assert!(posts("may", "complaint_manager", &[]).contains("assess"));
        assert!(posts("levels", "team_lead", &[]).contains("no post for team_lead"));
        assert!(posts("members", "janitor", &["staff:x"]).contains("janitor"));
        let seldom = refused(&|s| drop(s["repeated_contact"].as_table_mut().unwrap().insert("times".into(), 1.into())));
        assert!(seldom.contains("[service.repeated_contact]") && seldom.contains("2 to 100"), "{seldom}");
        let department = |agreement: &str| {
            let agreement: toml::Value = format!("a = {agreement}").parse::<toml::Table>().unwrap()["a"].clone();
            refused(&|s| drop(s["departments"].as_table_mut().unwrap().insert("quality".into(), agreement.clone())))
        };
        assert!(department("{ hours = \"china\" }").contains("no time within"));
        assert!(department("{ within = \"8h\", hours = \"moon\" }").contains("moon"));
        assert!(department("0").contains("between 1 minute"));
        assert!(department("\"soon\"").contains("a number of hours"));
        let legal: toml::Table = r#"legal = { url = "http://a.example", secret = "" }"#.parse().unwrap();
        let stranger = refused(&|s| drop(s.insert("webhooks".into(), legal.clone().into())));
        assert!(stranger.contains("legal is no department"), "{stranger}");
        let typo = refused(&|s| drop(s.insert("appeal_within_day".into(), 3.into())));
        assert!(typo.contains("appeal_within_day"), "{typo}");
    }
}
