//! A mailbox on an IMAP server (RFC 3501). Nothing is deleted or moved; a mail is marked `\Seen` by us when it is stored,
//! and reading alone marks nothing. Every step has its time: a server that hangs is left.
use std::{fmt::Debug, future::Future, time::Duration};

use async_imap::{Client, Session, error::Error, types::Fetch};
use backbone::Outside;
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Mutex,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::mail;

/// The most characters of a mail that are read and classified: nobody writes more, and reading takes time.
pub const TEXT_MAX: usize = 100_000;
/// The least bound on them: a contact has as many.
const TEXT_MIN: usize = 4_000;
/// So many bytes are fetched of a mail that is too large: words stand before files.
const BEGINNING: u32 = 256 << 10;
/// The most mails of one look into the mailbox.
pub const PORTION: usize = 50;

/// `kind = "imap"`: the server, the log-in, the mailbox, the addresses we write from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    url: String,
    user: String,
    password: SecretString,
    #[serde(default = "inbox")]
    mailbox: String,
    #[serde(default)]
    own: Vec<String>,
    #[serde(default = "half_a_minute")]
    every_seconds: u32,
    #[serde(default = "half_a_minute")]
    timeout_seconds: u32,
    #[serde(default = "fifty_pages")]
    text_max: usize,
}

fn inbox() -> String {
    "INBOX".into()
}

fn half_a_minute() -> u32 {
    30
}

fn fifty_pages() -> usize {
    TEXT_MAX
}

/// A mailbox that is looked into from time to time.
pub struct Imap {
    host: String,
    port: u16,
    security: Security,
    user: String,
    password: SecretString,
    mailbox: String,
    timeout: Duration,
    /// The addresses we write from, in lower case.
    pub own: Vec<String>,
    /// What says more characters waits until a person lets it in.
    pub text_max: usize,
    /// How long it is left alone when all was read.
    pub every: SignedDuration,
    /// Held by whoever reads.
    pub pace: Mutex<Pace>,
}

/// When the mailbox is looked into next.
#[derive(Default)]
pub struct Pace {
    pub next_at: Option<Timestamp>,
    /// How often it could not be read in a row.
    pub failures: i32,
    /// The mail that could not be fetched at last, and how often in a row.
    pub stuck: (u32, i32),
}

enum Security {
    None,
    /// Encrypted from the first byte.
    Tls(TlsConnector, ServerName<'static>),
    /// Encrypted before anything is said; a server that cannot is not talked to.
    StartTls(TlsConnector, ServerName<'static>),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Debug + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Debug + Send> Stream for T {}
type Wire = Box<dyn Stream>;

/// Why a mailbox could not be read: a word, never what the server said.
pub type Unread = &'static str;

/// A mailbox that is open.
pub struct Open {
    session: Session<Wire>,
    timeout: Duration,
    /// As long as it is the same, so are the numbers of mails.
    pub validity: u32,
}

/// A mail as it was fetched.
pub struct Fetched {
    pub raw: Vec<u8>,
    /// Or only its beginning, because it is too large.
    pub whole: bool,
}

impl Imap {
    /// Nothing is connected yet. Errors: an address that is none, no log-in, times out of bounds.
    pub fn new(section: Section, outside: &Outside) -> anyhow::Result<Self> {
        let Section { url, user, password, mailbox, own, every_seconds, timeout_seconds, text_max } = section;
        let url: Option<Url> = url.parse().ok();
        let bare = |url: &Url| url.username().is_empty() && url.password().is_none() && url.path().len() <= 1;
        let wrong =
            "url must be imaps://HOST:PORT, imap://HOST:PORT?tls=required or imap://HOST:PORT, without the log-in";
        let url = url.filter(bare).ok_or_else(|| anyhow::anyhow!(wrong))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| anyhow::anyhow!(wrong))?.to_owned();
        let (tls, name) = (|| TlsConnector::from(outside.tls()), || ServerName::try_from(host.clone()));
        let (security, port) = match (url.scheme(), url.query()) {
            ("imap", None) => (Security::None, 143),
            ("imap", Some("tls=required")) => (Security::StartTls(tls(), name()?), 143),
            ("imaps", None) => (Security::Tls(tls(), name()?), 993),
            _ => anyhow::bail!(wrong),
        };
        anyhow::ensure!(!user.is_empty(), "user must be who reads the mailbox");
        anyhow::ensure!((1..=86_400).contains(&every_seconds), "every_seconds must be 1 to 86400");
        anyhow::ensure!((1..=300).contains(&timeout_seconds), "timeout_seconds must be 1 to 300");
        anyhow::ensure!((TEXT_MIN..=TEXT_MAX).contains(&text_max), "text_max must be 4000 to 100000 characters");
        Ok(Self {
            text_max,
            port: url.port().unwrap_or(port),
            host,
            security,
            user,
            password,
            mailbox,
            timeout: Duration::from_secs(timeout_seconds.into()),
            own: own.iter().map(|address| address.trim().to_lowercase()).collect(),
            every: SignedDuration::from_secs(every_seconds.into()),
            pace: Mutex::default(),
        })
    }

    /// Connects, logs in and opens the mailbox.
    pub async fn open(&self) -> Result<Open, Unread> {
        let open = async {
            let mut session = self.log_in().await?;
            let selected = session.select(&self.mailbox).await?;
            Ok((session, selected.uid_validity.unwrap_or_default()))
        };
        let (session, validity) = within(self.timeout, open).await?;
        Ok(Open { session, timeout: self.timeout, validity })
    }

    async fn log_in(&self) -> Result<Session<Wire>, Error> {
        let plain = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let wire: Wire = match &self.security {
            Security::Tls(tls, name) => Box::new(tls.connect(name.clone(), plain).await?),
            Security::None | Security::StartTls(..) => Box::new(plain),
        };
        let mut client = Client::new(wire);
        client.read_response().await?.ok_or(Error::ConnectionLost)?;
        if let Security::StartTls(tls, name) = &self.security {
            client.run_command_and_check_ok("STARTTLS", None).await?;
            let wire: Wire = Box::new(tls.connect(name.clone(), client.into_inner()).await?);
            client = Client::new(wire);
        }
        client.login(&self.user, self.password.expose_secret()).await.map_err(|(error, _)| error)
    }
}

impl Open {
    /// The numbers of the mails after `last`, in order, at most a portion.
    pub async fn after(&mut self, last: u32) -> Result<Vec<u32>, Unread> {
        // `n:*` names the last mail also where that is before n.
        let query = format!("UID {}:*", last.saturating_add(1));
        let found = within(self.timeout, self.session.uid_search(query)).await?;
        let mut found: Vec<u32> = found.into_iter().filter(|uid| *uid > last).collect();
        found.sort_unstable();
        found.truncate(PORTION);
        Ok(found)
    }

    /// A mail; nothing when it is gone. It stays as unseen as it was. Errors: it is there and is not handed out.
    pub async fn fetch(&mut self, uid: u32) -> Result<Option<Fetched>, Unread> {
        let size = self.ask(uid, "(UID RFC822.SIZE)", |answer| answer.size).await?;
        let Some(size) = size else { return Ok(None) };
        let whole = size <= mail::MAIL_MAX;
        let raw = if whole {
            self.ask(uid, "(UID BODY.PEEK[])", |answer| answer.body().map(<[u8]>::to_vec)).await?
        } else {
            let beginning = |answer: &Fetch| answer.body().map(mail::too_large);
            self.ask(uid, &format!("(UID BODY.PEEK[]<0.{BEGINNING}>)"), beginning).await?
        };
        Ok(raw.map(|raw| Fetched { raw, whole }))
    }

    async fn ask<T>(
        &mut self,
        uid: u32,
        query: &str,
        read: impl Fn(&Fetch) -> Option<T> + Send,
    ) -> Result<Option<T>, Unread> {
        let asked = async { self.session.uid_fetch(uid.to_string(), query).await?.try_collect::<Vec<_>>().await };
        let answers = within(self.timeout, asked).await?;
        let mut answers = answers.iter().filter(|answer| answer.uid == Some(uid)).peekable();
        let is_there = answers.peek().is_some();
        let found = answers.find_map(read);
        if is_there && found.is_none() { Err("not handed out") } else { Ok(found) }
    }

    /// Marks a mail as seen.
    pub async fn mark_seen(&mut self, uid: u32) -> Result<(), Unread> {
        let marked = async {
            self.session.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)").await?.try_collect::<Vec<_>>().await
        };
        within(self.timeout, marked).await.map(drop)
    }

    /// Says good-bye; politeness only.
    pub async fn close(mut self) {
        let _politeness = within(Duration::from_secs(1), self.session.logout()).await;
    }
}

/// Waits for a step, but not for ever.
async fn within<T>(timeout: Duration, step: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Unread> {
    match tokio::time::timeout(timeout, step).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Error::Io(_) | Error::ConnectionLost)) => Err("unreachable"),
        Ok(Err(Error::No(_))) => Err("refused"),
        Ok(Err(_)) => Err("not understood"),
        Err(_) => Err("timeout"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(url: &str) -> anyhow::Result<Imap> {
        with(serde_json::json!({ "url": url, "user": "u", "password": "p" }))
    }

    fn with(section: serde_json::Value) -> anyhow::Result<Imap> {
        Imap::new(serde_json::from_value(section).unwrap(), &Outside::new(None).unwrap())
    }

    #[test]
    fn the_address_of_the_server_says_how_it_is_protected() {
        for (url, port) in
            [("imap://mx", 143), ("imap://mx?tls=required", 143), ("imaps://mx", 993), ("imaps://mx:9/", 9)]
        {
            assert_eq!(at(url).map(|imap| imap.port).unwrap(), port, "{url}");
        }
        let short = serde_json::json!({ "url": "imap://mx", "user": "u", "password": "p", "text_max": 10 });
        assert!(with(short).is_err());
        for wrong in ["mx", "http://mx", "imap://mx?tls=maybe", "imap://u:p@mx", "imaps://mx?tls=required", "imaps://"]
        {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
