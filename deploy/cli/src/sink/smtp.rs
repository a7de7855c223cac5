//! The SMTP door: one mail after another on a connection, 250 only when the mail is on disk, 451 when that failed, 552
//! when it is too big. What a line means is the `mailin` crate's business.
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::mpsc,
    time::Duration,
};

use mailin::{Action, Handler, Response, Session, SessionBuilder, response};
use mailparse::{MailHeaderMap, ParsedMail};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use super::store::{Draft, Handle, Medium};

const CONNECTIONS_MAX: usize = 256;
const MAIL_MAX: usize = 1024 * 1024;
const LINE_MAX: u64 = 8 * 1024;
const IDLE_MAX: Duration = Duration::from_secs(300);

/// Serves until the listener fails.
pub(super) async fn serve(listener: TcpListener, store: Handle) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let store = store.clone();
        connections.spawn(async move {
            if let Err(error) = talk(stream, peer, store).await {
                tracing::debug!(%error, "an SMTP connection ended early");
            }
        });
    }
}

/// Everything between the greeting and the good-bye.
async fn talk(stream: TcpStream, peer: SocketAddr, store: Handle) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut out) = stream.into_split();
    let mut lines = BufReader::new(read);
    let (mut session, mails) = session(peer.ip());
    out.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = timeout(IDLE_MAX, (&mut lines).take(LINE_MAX).read_until(b'\n', &mut line)).await??;
        if read == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") {
            return out.write_all(b"500 line too long\r\n").await;
        }
        let mut answer = session.process(&line);
        let complete = mails.try_recv().ok();
        if let Some(mail) = complete {
            answer = keep(mail, &store).await;
        }
        match answer.action {
            Action::NoReply => {}
            Action::Close => return out.write_all(&answer.buffer()?).await,
            Action::Reply | Action::UpgradeTls => out.write_all(&answer.buffer()?).await?,
        }
    }
}

fn session(peer: IpAddr) -> (Session<Collector>, mpsc::Receiver<Mail>) {
    let (done, mails) = mpsc::channel();
    (SessionBuilder::new("aftercare-sink").build(peer, Collector { mail: Mail::default(), done }), mails)
}

/// A mail as it came over the wire.
#[derive(Default)]
struct Mail {
    to: Vec<String>,
    bytes: Vec<u8>,
    too_big: bool,
}

/// Collects the lines of a mail and hands it out when it is complete.
struct Collector {
    mail: Mail,
    done: mpsc::Sender<Mail>,
}

impl Handler for Collector {
    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, to: &[String]) -> Response {
        self.mail = Mail { to: to.to_vec(), ..Mail::default() };
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.mail.too_big |= self.mail.bytes.len() + line.len() > MAIL_MAX;
        if !self.mail.too_big {
            self.mail.bytes.extend_from_slice(line);
        }
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        // The answer the client gets is made in `talk`, once the mail is on disk.
        self.done.send(std::mem::take(&mut self.mail)).map_or(response::INTERNAL_ERROR, |()| response::OK)
    }
}

async fn keep(mail: Mail, store: &Handle) -> Response {
    if mail.too_big {
        return response::NO_STORAGE;
    }
    let Some(draft) = read(mail) else { return response::TRANSACTION_FAILED };
    match store.take(draft).await {
        Some(_) => response::OK,
        None => response::INTERNAL_ERROR,
    }
}

/// The parts of a mail that people read; `None` when it is no mail or has no Message-ID.
fn read(mail: Mail) -> Option<Draft> {
    let parsed = mailparse::parse_mail(&mail.bytes).ok()?;
    let key = parsed.headers.get_first_value("Message-ID")?.trim().trim_matches(['<', '>']).to_owned();
    let subject = parsed.headers.get_first_value("Subject").unwrap_or_default();
    let text = plain(&parsed)?.get_body().ok()?.replace("\r\n", "\n");
    (!key.is_empty()).then_some(Draft { medium: Medium::Email, key, to: mail.to, subject, text })
}

/// The first part that is plain text.
fn plain<'a>(mail: &'a ParsedMail<'a>) -> Option<&'a ParsedMail<'a>> {
    if mail.subparts.is_empty() {
        return mail.ctype.mimetype.eq_ignore_ascii_case("text/plain").then_some(mail);
    }
    mail.subparts.iter().find_map(plain)
}
