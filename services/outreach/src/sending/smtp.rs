//! E-mail over SMTP. Invariant: success means that the server answered the whole message with 2xx. Every message has
//! its own connection: one that was given up halfway must never be used again, or a late answer to one message would
//! be taken for the answer to the next. What goes wrong before the message is about us, and passes.
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail, ensure};
use backbone::Outside;
use jiff::Timestamp;
use lettre::{
    Address,
    message::{
        Mailbox, Message,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use reqwest::Url;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::Trouble;
use crate::{config::Settings, template::Letter};

/// How long a server may take to say good-bye; by then the message is its own.
const GOOD_BYE: Duration = Duration::from_secs(1);
/// "Log in first": the only answer to a message that is about us.
const AUTHENTICATION_REQUIRED: u16 = 530;

/// The mail that is answered.
pub(crate) struct Thread {
    /// Its id, without angle brackets; empty where it has none.
    pub in_reply_to: String,
    /// The ids of the mails before it.
    pub before: Vec<String>,
    /// Nobody wrote the answer.
    pub automatic: bool,
}

/// One mail server.
pub(crate) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    login: Option<Credentials>,
    from: Mailbox,
    timeout: Duration,
}

enum Security {
    None,
    /// Encrypted from the first byte.
    Tls(TlsParameters),
    /// Encrypted before anything is said; a server that cannot is not talked to.
    StartTls(TlsParameters),
}

impl Smtp {
    pub fn new(settings: &Settings, outside: &Outside) -> anyhow::Result<Self> {
        let url: Url = settings.smtp_url.parse().context("smtp_url is not a URL")?;
        let host = url.host_str().context("smtp_url names no host")?.to_owned();
        ensure!(url.username().is_empty() && url.password().is_none(), "smtp_url must not hold the log-in");
        let parameters = || {
            let parameters = outside.authorities().try_fold(TlsParameters::builder(host.clone()), |so_far, one| {
                Certificate::from_der(one.to_vec()).map(|one| so_far.add_root_certificate(one))
            });
            parameters.and_then(|parameters| parameters.build()).context("TLS cannot be used")
        };
        let (security, port) = match (url.scheme(), url.query()) {
            ("smtp", None) => (Security::None, 25),
            ("smtp", Some("tls=required")) => (Security::StartTls(parameters()?), 587),
            ("smtps", None) => (Security::Tls(parameters()?), 465),
            _ => bail!("smtp_url must be smtp://HOST:PORT, smtp://HOST:PORT?tls=required or smtps://HOST:PORT"),
        };
        let login = (!settings.smtp_user.is_empty())
            .then(|| Credentials::new(settings.smtp_user.clone(), settings.smtp_password.expose_secret().to_owned()));
        let from = settings.from.parse().context("from is not a mail address")?;
        let port = url.port().unwrap_or(port);
        Ok(Self { host, port, security, login, from, timeout: settings.timeout() })
    }

    /// Hands one letter to the server. The Message-ID is the same for every attempt.
    pub async fn send(
        &self,
        id: Uuid,
        to: Address,
        letter: Letter,
        thread: Option<Thread>,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let mail = self.mail(id, to.clone(), letter, thread, now).map_err(|_| Trouble::lasting("not_writable"))?;
        let work = async {
            let mut server = self.connect().await.map_err(|error| Trouble::passing(code(&error)))?;
            let word = self.hand_over(&mut server, to, &mail.formatted()).await;
            Ok::<_, Trouble>((server, word))
        };
        let (mut server, word) =
            tokio::time::timeout(self.timeout, work).await.map_err(|_| Trouble::passing("smtp_timeout"))??;
        // Politeness only: the server has given its word on the message.
        drop(tokio::time::timeout(GOOD_BYE, server.quit()).await);
        word.map_err(|error| trouble(&error))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let (name, address) = (ClientId::default(), (self.host.as_str(), self.port));
        let wrapped = if let Security::Tls(tls) = &self.security { Some(tls.clone()) } else { None };
        let mut server = AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &name, wrapped, None).await?;
        if let Security::StartTls(tls) = &self.security {
            server.starttls(tls.clone(), &name).await?;
        }
        if let Some(login) = &self.login {
            server.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(server)
    }

    async fn hand_over(&self, server: &mut AsyncSmtpConnection, to: Address, mail: &[u8]) -> Result<(), Error> {
        server.command(Mail::new(Some(self.from.email.clone()), vec![])).await?;
        server.command(Rcpt::new(to, vec![])).await?;
        server.command(Data).await?;
        server.message(mail).await?;
        Ok(())
    }

    /// The mail, in ASCII only: what is not is encoded, so that every server can take it.
    fn mail(
        &self,
        id: Uuid,
        to: Address,
        letter: Letter,
        thread: Option<Thread>,
        now: Timestamp,
    ) -> Result<Message, lettre::error::Error> {
        let automatic = match &thread {
            None => Some("auto-generated"),
            Some(thread) => thread.automatic.then_some("auto-replied"),
        };
        let mut mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())));
        if let Some(automatic) = automatic {
            let name = HeaderName::new_from_ascii_str("Auto-Submitted");
            mail = mail.raw_header(HeaderValue::new(name, automatic.to_owned()));
        }
        if let Some(Thread { in_reply_to, before, .. }) = thread.filter(|thread| !thread.in_reply_to.is_empty()) {
            let answered = format!("<{in_reply_to}>");
            let earlier = before.iter().filter(|one| **one != in_reply_to).map(|one| format!("<{one}>"));
            let all: Vec<String> = earlier.chain([answered.clone()]).collect();
            mail = mail.in_reply_to(answered).references(all.join(" "));
        }
        mail.header(ContentType::TEXT_PLAIN).body(letter.body)
    }
}

fn trouble(error: &Error) -> Trouble {
    let about_us = error.status().map(u16::from) == Some(AUTHENTICATION_REQUIRED);
    Trouble { code: code(error), lasting: error.is_permanent() && !about_us }
}

fn code(error: &Error) -> String {
    error.status().map_or_else(|| "smtp_unreachable".to_owned(), |status| format!("smtp_{status}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{
        config,
        domain::message::{Facts, Purpose},
    };

    fn with(url: &str) -> anyhow::Result<Smtp> {
        let settings = Settings { smtp_url: url.to_owned(), ..config::tests::defaults() };
        Smtp::new(&settings, &Outside::new(None).unwrap())
    }

    #[test]
    fn the_address_of_the_server_says_how_it_is_protected() {
        for (url, port) in
            [("smtp://mx", 25), ("smtp://mx?tls=required", 587), ("smtps://mx", 465), ("smtps://mx:9", 9)]
        {
            assert_eq!(with(url).unwrap().port, port, "{url}");
        }
        for wrong in ["mx", "http://mx", "smtp://mx?tls=maybe", "smtp://u:p@mx", "smtps://mx?tls=required"] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mail_is_ascii_and_says_what_it_is() {
        let smtp = with("smtp://mx").unwrap();
        let facts = Facts { purpose: Purpose::Offer, about_id: Uuid::from_u128(7), ..Facts::default() };
        let letter = config::tests::defaults().wording().letter(&facts, None);
        let now = "2026-03-02T08:00:00Z".parse().unwrap();
        let mail = smtp.mail(Uuid::from_u128(9), "li@example.cn".parse().unwrap(), letter.clone(), None, now).unwrap();
        let bytes = mail.formatted();
        assert!(bytes.is_ascii());
        let read = mailparse::parse_mail(&bytes).unwrap();
        let header = |name| mailparse::MailHeaderMap::get_first_value(&read.headers[..], name).unwrap();
        assert_eq!(header("Message-ID"), format!("<{}@aftercare.example>", Uuid::from_u128(9)));
        assert_eq!(header("Date"), "Mon, 02 Mar 2026 08:00:00 +0000");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(header("Subject"), letter.subject);
        assert_eq!(read.get_body().unwrap().replace("\r\n", "\n"), letter.body);
    }

    #[test]
    fn an_answer_stands_in_its_thread_and_a_persons_is_no_machines() {
        let smtp = with("smtp://mx").unwrap();
        let now = "2026-03-02T08:00:00Z".parse().unwrap();
        let thread = |automatic| Thread {
            in_reply_to: "m-2@example.com".into(),
            before: vec!["m-1@example.com".into(), "m-2@example.com".into()],
            automatic,
        };
        let header = |automatic, name: &str| {
            let letter = Letter { subject: "Re: Café".into(), body: "We are open.".into() };
            let to = "li@example.cn".parse().unwrap();
            let bytes = smtp.mail(Uuid::from_u128(9), to, letter, Some(thread(automatic)), now).unwrap().formatted();
            let read = mailparse::parse_mail(&bytes).unwrap();
            mailparse::MailHeaderMap::get_first_value(&read.headers[..], name)
        };
        assert_eq!(header(false, "In-Reply-To").unwrap(), "<m-2@example.com>");
        assert_eq!(header(false, "References").unwrap(), "<m-1@example.com> <m-2@example.com>");
        assert_eq!(header(false, "Subject").unwrap(), "Re: Café");
        assert_eq!(header(false, "Auto-Submitted"), None, "a person wrote it");
        assert_eq!(header(true, "Auto-Submitted").unwrap(), "auto-replied");
    }
}
