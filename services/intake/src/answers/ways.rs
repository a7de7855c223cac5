//! Over which sources and channels an answer can go back: mailboxes always, others where the configuration says that outreach has
//! a way to them.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, ensure};

use crate::{
    channels::{Section, Sections},
    domain::vocabulary::Channel,
};

/// The channels of `POST /v1/cases` on which somebody stands between the customer and us, who can be told by the case's id.
const TOLD_BY_CASE: [Channel; 6] = [
    Channel::Website,
    Channel::App,
    Channel::MiniProgramme,
    Channel::OfficialAccount,
    Channel::SocialMedia,
    Channel::Platform,
];
/// The most bytes of a text that WeChat takes.
const WECHAT_MAX: usize = 2_048;

/// A way back to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The source or channel.
    pub over: String,
    /// The most bytes of a text that it takes; any where there is none.
    pub longest: Option<usize>,
}

/// All ways back there are.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// By source, its kind.
    sources: BTreeMap<String, &'static str>,
    channels: BTreeSet<&'static str>,
}

impl Ways {
    /// Reads `answer_over`. Errors: a name that is neither a source that can be answered nor such a channel; a channel that a source
    /// is of too, for whoever came by that would be answered by the case's id, which the source was never told.
    pub fn read(named: &BTreeSet<String>, sections: &Sections) -> anyhow::Result<Self> {
        let mut ways = Self::default();
        for (name, section) in sections {
            if section.kind() == "imap" || named.contains(name) {
                ways.sources.insert(name.clone(), section.kind());
            }
        }
        for name in named {
            let channel = TOLD_BY_CASE.into_iter().map(Channel::word).find(|word| word == name);
            let kind = sections.get(name).map(Section::kind);
            let answerable = matches!(kind, Some("wechat" | "douyin" | "signed_json" | "imap"));
            ensure!(
                answerable || (kind.is_none() && channel.is_some()),
                "section [service]: answer_over: {name} is neither a source of kind wechat, douyin, signed_json or imap nor one \
                 of {}",
                TOLD_BY_CASE.map(Channel::word).join(", ")
            );
            let beside = sections.iter().find(|(_, section)| section.channel().word() == name && kind.is_none());
            if let Some((source, _)) = beside {
                bail!(
                    "section [service]: answer_over: {name} is also the channel of [service.channels.{source}], and whoever came \
                     by that would be answered the wrong way; give that source another channel, or name it instead of {name}"
                );
            }
            ways.channels.extend(channel.filter(|_| kind.is_none()));
        }
        Ok(ways)
    }

    /// The way over a source.
    pub fn of_source(&self, source: &str) -> Option<Way> {
        let kind = self.sources.get(source)?;
        Some(Way { over: source.to_owned(), longest: (*kind == "wechat").then_some(WECHAT_MAX) })
    }

    /// The kind of a source over which an answer can go back.
    pub fn kind_of(&self, source: &str) -> Option<&'static str> {
        self.sources.get(source).copied()
    }

    /// The way over a channel whose contacts were told by `POST /v1/cases`.
    pub fn of_channel(&self, channel: Channel) -> Option<Way> {
        self.channels.get(channel.word()).map(|word| Way { over: (*word).to_owned(), longest: None })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn ways(named: &[&str]) -> anyhow::Result<Ways> {
        let sections: Sections = toml::from_str(
            "[wx]\nkind = \"wechat\"\ntoken = \"abc\"\napp_id = \"wx1\"\n\
             [mail]\nkind = \"imap\"\nurl = \"imap://127.0.0.1:1\"\nuser = \"u\"\npassword = \"p\"\n\
             [pbx]\nkind = \"calls\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]",
        )
        .unwrap();
        Ways::read(&named.iter().map(|name| (*name).to_owned()).collect(), &sections)
    }

    #[test]
    fn mailboxes_are_answered_and_others_where_it_is_said() {
        let none = ways(&[]).unwrap();
        assert_eq!(none.of_source("mail"), Some(Way { over: "mail".into(), longest: None }));
        assert_eq!((none.of_source("wx"), none.of_channel(Channel::App)), (None, None));
        let some = ways(&["wx", "app"]).unwrap();
        assert_eq!(some.of_source("wx"), Some(Way { over: "wx".into(), longest: Some(2_048) }));
        assert_eq!(some.of_channel(Channel::App), Some(Way { over: "app".into(), longest: None }));
        assert_eq!(some.of_channel(Channel::Hotline), None);
        // Whoever pushes signed JSON of the app is told by its own references, and not by a case it does not know.
        let beside = |named: &[&str]| {
            let sections = toml::from_str::<Sections>(
                "[erp]\nkind = \"signed_json\"\nchannel = \"app\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]",
            );
            Ways::read(&named.iter().map(|name| (*name).to_owned()).collect(), &sections.unwrap())
        };
        let error = beside(&["app"]).unwrap_err().to_string();
        assert!(error.contains("answer_over: app is also the channel of [service.channels.erp]"), "{error}");
        assert_eq!(beside(&["erp"]).unwrap().of_source("erp"), Some(Way { over: "erp".into(), longest: None }));
        for wrong in ["pbx", "hotline", "shop", "wy"] {
            let error = ways(&[wrong]).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("mini_programme"), "{error}");
        }
    }
}
