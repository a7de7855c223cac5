//! Intake's own configuration section, checked before anything is served.
use std::{borrow::Cow, collections::BTreeSet, path::PathBuf, sync::Arc};

use anyhow::{Context as _, ensure};
use backbone::{Context, Document, config};
use jiff::SignedDuration;
use kernel::{
    calendar::{self, Definitions},
    sla::{self, Levels},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use triage::{
    model::Model,
    safety::{self, Safety},
};

use crate::{
    advice,
    answers::Ways,
    attachments::{self, Limits},
    channels,
    domain::{
        classify::{Classifier, RuleBook},
        customer_link::Evidence,
        minimum::{Declaration, Minimum},
        regulator::Packs,
        tags,
        triage::{Advisor, Mode},
    },
    knowledge::Knowledge,
    rest::LINKS_MAX,
    vault::Master,
    views::A_TAG,
};

mod desk;
pub use desk::Terms;

/// The words contacts are classified by.
const RULES: &str = include_str!("rules.toml");
/// What of a contact is needed.
const MINIMUM: &str = include_str!("minimum.toml");
/// Whom harm is reported to.
const REGULATORS: &str = include_str!("regulators.toml");

/// The `[service]` section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    master_key: SecretString,
    #[serde(default)]
    levels: sla::Files,
    #[serde(default)]
    channels: channels::Sections,
    triage: Triage,
    /// How long a customer who was asked for what is missing has to answer.
    info_within: SignedDuration,
    desk: Terms,
    attachments: Limits,
    /// The tags there are; any when it is empty.
    #[serde(default)]
    tags: Vec<String>,
    /// The products there are; any when it is empty.
    #[serde(default)]
    products: BTreeSet<String>,
    #[serde(default)]
    customers: Customers,
    #[serde(default)]
    knowledge: Known,
    regulators: Regulators,
    #[serde(default)]
    minimum: Declared,
    /// An adviser outside; none by default.
    #[serde(default)]
    advice: Option<advice::Section>,
    /// How long the link to a case's status page is good.
    status_links: SignedDuration,
    /// The sources and channels over which an answer goes back, besides mailboxes.
    #[serde(default)]
    answer_over: BTreeSet<String>,
}

/// The `[service.customers]` section: what alone links two customers as one person.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Customers {
    #[serde(default)]
    link_by: BTreeSet<Evidence>,
}

/// The `[service.knowledge]` section: where articles are, and where customers ask a person.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    folder: Option<PathBuf>,
    person: Option<String>,
}

/// The `[service.regulators]` section: whom harm is reported to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Regulators {
    /// Packs of a chain's own; the shipped ones when no file is named.
    file: Option<PathBuf>,
    /// The packs that hold.
    apply: Vec<String>,
}

/// The `[service.minimum]` section: what of a contact is needed, by its class.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    /// A declaration of a chain's own; the shipped one when no file is named.
    file: Option<PathBuf>,
}

/// The `[service.triage]` section: the model that advises on classes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Triage {
    /// A model of `aftercare triage train`; the shipped one when none is named.
    model: Option<PathBuf>,
    mode: Mode,
    /// A model less sure than this is not heard.
    threshold: f32,
}

impl Config {
    /// Reads the section. The master key is looked at where it is needed, so that tables can be made without it.
    pub fn read(ctx: &Context) -> anyhow::Result<Self> {
        ctx.config()
    }

    /// The master key, ready for use. A stack of tests, which makes its own streams, may do with one that is thrown
    /// away; everybody else must bring one.
    pub fn master(&self, ctx: &Context) -> anyhow::Result<Master> {
        let ephemeral = self.master_key.expose_secret().is_empty() && ctx.settings.nats.provision;
        let master = if ephemeral { Master::ephemeral() } else { Master::parse(&self.master_key) };
        if ephemeral {
            tracing::warn!("no master key is configured: what is sealed now cannot be read after a restart");
        }
        master.context(
            "configuration, section [service]: master_key must be 32 bytes as 64 hexadecimal digits or as base64; \
             make one with `openssl rand -hex 32` and keep it safe, for without it no customer's data can be read",
        )
    }

    /// What is promised by when, and the calendars it counts in. Errors: what is wrong with them.
    pub fn levels(&self) -> anyhow::Result<(Arc<Levels>, Definitions)> {
        let policy = config::document(self.levels.policy.as_deref(), sla::DEFAULT)?;
        let calendars = config::document(self.levels.calendars.as_deref(), calendar::CHINA)?;
        let levels = Levels::prepare(policy, &calendars).context("section [service.levels]")?;
        Ok((Arc::new(levels), calendars))
    }

    /// What of it has versions. Errors: a file cannot be read.
    pub fn documents(&self) -> anyhow::Result<Vec<Document>> {
        let (levels, packs, minimum) = (&self.levels, self.regulators.file.as_deref(), self.minimum.file.as_deref());
        let found = [
            Document::read("policy of service levels", ("", "id"), levels.policy.as_deref(), sla::DEFAULT)?,
            Document::read("calendar", ("/calendars", "name"), levels.calendars.as_deref(), calendar::CHINA)?,
            Document::read("pack of terms of reports", ("/packs", "id"), packs, REGULATORS)?,
            Document::read("declaration of what is needed", ("", "id"), minimum, MINIMUM)?,
            Document::read("calendar of reports", ("/calendars/calendars", "name"), packs, REGULATORS)?,
        ];
        Ok(found.concat())
    }

    /// How long a customer's answer to a question is waited for. Errors: not at all, or longer than a year.
    pub fn info_within(&self) -> anyhow::Result<SignedDuration> {
        let sound = self.info_within > SignedDuration::ZERO && self.info_within <= SignedDuration::from_hours(24 * 366);
        ensure!(sound, "section [service]: info_within must be above 0 and at most 8784h (a year)");
        Ok(self.info_within)
    }

    /// The terms of the work on cases. Errors: one that cannot be.
    pub fn terms(&self) -> anyhow::Result<Terms> {
        self.desk.checked()
    }

    /// The tags there are. Errors: one that is none.
    pub fn tags(&self) -> anyhow::Result<BTreeSet<String>> {
        let read =
            |text: &String| tags::tag(text).with_context(|| format!("section [service]: tags: {text:?} {A_TAG}"));
        self.tags.iter().map(read).collect()
    }

    /// The products there are.
    pub fn products(&self) -> BTreeSet<String> {
        self.products.clone()
    }

    /// What alone links two customers as one person. Errors: it is nothing our own data can say.
    pub fn link_by(&self) -> anyhow::Result<BTreeSet<Evidence>> {
        let ours = self.customers.link_by.iter().all(|evidence| Evidence::OURS.contains(evidence));
        ensure!(ours, "section [service.customers]: link_by names same_phone and same_email only");
        Ok(self.customers.link_by.clone())
    }

    /// What we know and may say; nothing where no folder is named. Errors: an article that cannot be used, by its file.
    pub fn knowledge(&self) -> anyhow::Result<Knowledge> {
        self.knowledge.folder.as_deref().map_or_else(|| Ok(Knowledge::default()), Knowledge::read)
    }

    /// Where customers ask a person.
    pub fn person(&self) -> Option<String> {
        self.knowledge.person.clone()
    }

    /// What files may be. Errors: a kind nobody knows; too large, or of no size.
    pub fn files(&self) -> anyhow::Result<Limits> {
        let limits = self.attachments.clone();
        let unknown = limits.types.iter().find(|kind| !attachments::TYPES.contains(&kind.as_str()));
        let unknown = unknown.map(String::as_str).unwrap_or_default();
        ensure!(unknown.is_empty(), "section [service.attachments]: {unknown} is no kind of file we know");
        let sound = (1..=64 << 20).contains(&limits.max_bytes);
        ensure!(sound, "section [service.attachments]: max_bytes must be 1 to 67108864 (64 MiB)");
        Ok(limits)
    }

    /// How long links to status pages are good. Errors: not at all, or too long.
    pub fn status_links(&self) -> anyhow::Result<SignedDuration> {
        let sound = self.status_links > SignedDuration::ZERO && self.status_links <= LINKS_MAX;
        ensure!(sound, "section [service]: status_links must be above 0 and at most 26352h (three years)");
        Ok(self.status_links)
    }

    /// The packs of rules on reports to authorities that hold. Errors: what is wrong with them.
    pub fn packs(&self) -> anyhow::Result<Arc<Packs>> {
        let Regulators { file, apply } = &self.regulators;
        let packs = Packs::prepare(config::document(file.as_deref(), REGULATORS)?, apply);
        Ok(Arc::new(packs.context("section [service.regulators]")?))
    }

    /// What of a contact is needed. Errors: what is wrong with the declaration.
    pub fn minimum(&self) -> anyhow::Result<Minimum> {
        let declaration: Declaration = config::document(self.minimum.file.as_deref(), MINIMUM)?;
        Minimum::new(&declaration).context("section [service.minimum]")
    }

    /// The adviser outside that is asked, if one is.
    pub fn advice(&self) -> Option<&advice::Section> {
        self.advice.as_ref()
    }

    /// Over what an answer can go back. Errors: see [`Ways::read`].
    pub fn ways(&self) -> anyhow::Result<Ways> {
        Ways::read(&self.answer_over, &self.channels)
    }

    /// The sources of channels that speak in a form of their own.
    pub fn channels(self) -> channels::Sections {
        self.channels
    }

    /// What contacts are classified by. Errors: the model's file cannot be read or is broken, or speaks of classes nobody
    /// knows; it is named.
    pub fn classifier(&self) -> anyhow::Result<Classifier> {
        let Triage { model, mode, threshold } = &self.triage;
        let (name, bytes) = match model {
            None => ("the shipped model".to_owned(), Cow::Borrowed(triage::SEED)),
            Some(file) => {
                let name = file.display().to_string();
                let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
                (name, Cow::Owned(bytes))
            }
        };
        let section = || format!("section [service.triage]: {name}");
        let model = Model::from_bytes(&bytes).with_context(section)?;
        let advisor = Advisor::new(model, *mode, *threshold).with_context(section)?;
        let safety: safety::Book = toml::from_str(triage::SAFETY).context("safety.toml")?;
        let book: RuleBook = toml::from_str(RULES).context("rules.toml")?;
        Ok(Classifier::new(book, Safety::new(&safety)?, advisor)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vocabulary::{CaseClass, Channel, Lane};

    #[test]
    fn policies_speak_of_channels_classes_and_queues_as_cases_do() {
        assert_eq!(Channel::ALL.map(Channel::word), sla::CHANNELS);
        assert_eq!(CaseClass::ALL.map(CaseClass::word), sla::CLASSES);
        let complaints = CaseClass::ALL.into_iter().filter(|class| class.is_complaint());
        assert_eq!(complaints.map(CaseClass::word).collect::<Vec<_>>(), sla::COMPLAINTS);
        assert_eq!([Lane::Standard, Lane::Health].map(Lane::word), sla::PRIORITIES);
    }
}
