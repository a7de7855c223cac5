//! Channels that speak in a form of their own: `POST /v1/channels/{source}`, one source a section
//! `[service.channels.…]`.
//!
//! In reading order: what a platform pushes ([`push`]) is verified by its adapter ([`signed_json`], [`wechat`],
//! [`signed_form`], [`douyin`], [`calls`]; [`signature`] holds what they share), stored sealed ([`messages`]) and
//! acknowledged ([`door`]); mails are fetched by us ([`imap`], [`mailbox`], [`mail`]) and seen beside those before them
//! ([`mail_thread`]), their files kept ([`mail_files`]); whom an answer goes back to is read in it ([`way_back`]); [`worker`] takes it in afterwards; [`quarantine`] keeps what
//! could not be understood, and [`api`] shows it.
//! Invariants: what was acknowledged is stored; what is stored ends as a case, a call, a duplicate, a note that nothing
//! was in it, or in quarantine with a reason; the same message of a platform is taken in once.
mod api;
mod calls;
mod door;
mod douyin;
#[cfg(test)]
mod fuzz_tests;
mod imap;
mod mail;
mod mail_files;
mod mail_thread;
mod mailbox;
mod messages;
mod push;
mod quarantine;
mod signature;
mod signed_form;
mod signed_json;
mod way_back;
mod wechat;
mod worker;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use backbone::{Fault, Outside};
use jiff::Timestamp;
use opentelemetry::{KeyValue, global, metrics::Counter};
use serde::Deserialize;

pub use self::{
    api::Api,
    door::routes,
    way_back::{Address, Last},
};
use self::{
    calls::Calls,
    douyin::Douyin,
    imap::Imap,
    push::{Push, Received, Refusal, Trouble, Understood},
    signed_form::SignedForm,
    signed_json::SignedJson,
    wechat::Wechat,
};
use crate::{
    app::App,
    domain::vocabulary::Channel,
    vault::{Place, key_of},
};

/// The sections `[service.channels.…]`; the name of each is its address: `/v1/channels/NAME`.
pub type Sections = BTreeMap<String, Section>;

/// One end of a platform.
#[derive(Clone, Debug, Deserialize)]
pub struct Section {
    /// What tells its references from those of another source of its channel; empty where there is none.
    #[serde(default)]
    namespace: String,
    #[serde(flatten)]
    kind: Kind,
}

impl Section {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        match &self.kind {
            Kind::SignedJson(_) => "signed_json",
            Kind::Wechat(_) => "wechat",
            Kind::SignedForm(_) => "signed_form",
            Kind::Douyin(_) => "douyin",
            Kind::Calls(_) => "calls",
            Kind::Imap(_) => "imap",
        }
    }

    /// The channel its contacts come in by.
    pub fn channel(&self) -> Channel {
        match &self.kind {
            Kind::SignedJson(section) => section.channel,
            Kind::Wechat(section) => section.channel,
            Kind::SignedForm(_) => Channel::Platform,
            Kind::Douyin(_) => Channel::SocialMedia,
            Kind::Calls(_) => Channel::Hotline,
            Kind::Imap(_) => Channel::Email,
        }
    }
}

/// How it speaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    SignedJson(signed_json::Section),
    Wechat(wechat::Section),
    SignedForm(signed_form::Section),
    Douyin(douyin::Section),
    Calls(calls::Section),
    Imap(imap::Section),
}

/// All sources, ready to be pushed to.
pub struct Channels {
    app: Arc<App>,
    sources: BTreeMap<String, Source>,
    received: Counter<u64>,
}

/// A source: its name, what its references are told apart by, and how its platform speaks.
struct Source {
    name: String,
    namespace: String,
    adapter: Adapter,
}

enum Adapter {
    SignedJson(SignedJson),
    Wechat(Wechat),
    SignedForm(SignedForm),
    Douyin(Douyin),
    Calls(Calls),
    Imap(Box<Imap>),
}

impl Channels {
    /// Reads the sections. Errors: one that cannot be followed, or whose references would be another's, by name.
    pub fn new(sections: Sections, outside: &Outside, app: Arc<App>) -> anyhow::Result<Self> {
        let source = |(name, section): (String, Section)| {
            let source = Source::new(&name, section, outside);
            let source = source.with_context(|| format!("configuration, section [service.channels.{name}]"))?;
            Ok((name, source))
        };
        let sources: BTreeMap<String, Source> = sections.into_iter().map(source).collect::<anyhow::Result<_>>()?;
        let mut taken = BTreeMap::new();
        // Message-IDs and addresses are the same in every mailbox.
        for (name, source) in sources.iter().filter(|(_, source)| !matches!(source.adapter, Adapter::Imap(_))) {
            if let Some(other) = taken.insert((source.channel().word(), &source.namespace), name) {
                anyhow::bail!(
                    "configuration, section [service.channels.{name}]: namespace: [service.channels.{other}] is of the \
                     same channel and has the same; give one of them another, lest 1001 of both be taken for one"
                );
            }
        }
        Ok(Self { app, sources, received: global::meter("aftercare").u64_counter("channel_pushes_total").build() })
    }

    /// Counts what came of a push: `stored`, `repeated`, `echoed`, `quarantined`, or why it was refused.
    fn count(&self, source: &Source, outcome: &'static str) {
        self.received.add(1, &[KeyValue::new("source", source.name.clone()), KeyValue::new("outcome", outcome)]);
    }
}

impl Source {
    fn new(name: &str, section: Section, outside: &Outside) -> anyhow::Result<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        let sound = (1..=40).contains(&name.len()) && name.chars().all(plain);
        anyhow::ensure!(sound, "its name must be 1 to 40 lower-case letters, digits, _ and -");
        let Section { namespace, kind } = section;
        anyhow::ensure!(
            namespace.len() <= 20 && namespace.chars().all(plain),
            "namespace must be at most 20 lower-case letters, digits, _ and -"
        );
        let adapter = match kind {
            Kind::SignedJson(section) => Adapter::SignedJson(SignedJson::new(&section)?),
            Kind::Wechat(section) => Adapter::Wechat(Wechat::new(section)?),
            Kind::SignedForm(section) => Adapter::SignedForm(SignedForm::new(section, outside)?),
            Kind::Douyin(section) => Adapter::Douyin(Douyin::new(section)?),
            Kind::Calls(section) => Adapter::Calls(Calls::new(&section)?),
            Kind::Imap(section) => Adapter::Imap(Box::new(Imap::new(section, outside)?)),
        };
        Ok(Self { name: name.to_owned(), namespace, adapter })
    }

    /// The channel its contacts come in by.
    fn channel(&self) -> Channel {
        match &self.adapter {
            Adapter::SignedJson(adapter) => adapter.channel,
            Adapter::Wechat(adapter) => adapter.channel,
            Adapter::SignedForm(_) => Channel::Platform,
            Adapter::Douyin(_) => Channel::SocialMedia,
            Adapter::Calls(_) => Channel::Hotline,
            Adapter::Imap(_) => Channel::Email,
        }
    }

    /// Whether one writes in it message by message, and not a matter at a time.
    fn is_chat(&self) -> bool {
        matches!(self.adapter, Adapter::Wechat(_) | Adapter::Douyin(_))
    }

    /// The kind of its section.
    fn kind(&self) -> &'static str {
        match &self.adapter {
            Adapter::SignedJson(_) => "signed_json",
            Adapter::Wechat(_) => "wechat",
            Adapter::SignedForm(_) => "signed_form",
            Adapter::Douyin(_) => "douyin",
            Adapter::Calls(_) => "calls",
            Adapter::Imap(_) => "imap",
        }
    }

    /// How soon the platform wants its answer, less what the way takes.
    fn patience(&self) -> Duration {
        Duration::from_millis(match &self.adapter {
            Adapter::SignedJson(_) | Adapter::Calls(_) | Adapter::Imap(_) => 10_000,
            Adapter::Wechat(_) | Adapter::Douyin(_) => 4_000,
            Adapter::SignedForm(_) => 2_500,
        })
    }

    /// Whether the push is the platform's, and what it brings.
    fn receive(&self, push: &Push, now: Timestamp) -> Result<Received, Refusal> {
        match &self.adapter {
            Adapter::SignedJson(adapter) => adapter.receive(push, now),
            Adapter::Wechat(adapter) => adapter.receive(push, now),
            Adapter::SignedForm(adapter) => adapter.receive(push, now),
            Adapter::Douyin(adapter) => adapter.receive(push),
            Adapter::Calls(adapter) => adapter.receive(push, now),
            // Mails are fetched: nobody can have signed a push.
            Adapter::Imap(_) => Err(Refusal::Forged),
        }
    }

    /// What the platform takes for "stored".
    fn acknowledgement(&self) -> &'static str {
        match &self.adapter {
            Adapter::Wechat(_) => "success",
            Adapter::SignedJson(_) | Adapter::Calls(_) | Adapter::Imap(_) => "",
            Adapter::SignedForm(_) => r#"{"code":"0"}"#,
            Adapter::Douyin(_) => r#"{"err_no":0}"#,
        }
    }

    /// What a stored message means.
    async fn understand(&self, raw: &[u8], now: Timestamp) -> Result<Understood, Trouble> {
        match &self.adapter {
            Adapter::SignedJson(adapter) => adapter.understand(raw),
            Adapter::Wechat(adapter) => adapter.understand(raw),
            Adapter::SignedForm(adapter) => adapter.understand(raw, now).await,
            Adapter::Douyin(adapter) => adapter.understand(raw),
            Adapter::Calls(adapter) => adapter.understand(raw),
            Adapter::Imap(imap) => mail::understand(raw, &imap.own, imap.text_max, now),
        }
    }
}

/// Opens a message that waits or lies in quarantine.
fn open(app: &App, id: uuid::Uuid, wrapped: Vec<u8>, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let key_id = key_of(body).ok_or_else(|| Fault::broken("an inbound message is not sealed"))?;
    app.master.unwrap_key(id, key_id, wrapped)?.open_bytes(&place(id), body)
}

/// Where the body of a message lies.
fn place(id: uuid::Uuid) -> Place {
    Place { column: "inbound_message.body", row: id.to_string() }
}
