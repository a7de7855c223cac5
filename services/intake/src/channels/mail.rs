//! What a mail says (RFC 5322, MIME): who writes, which mails it answers, its words; and whether a machine wrote it, for
//! two machines must never write to each other for ever. Pure; a mail that cannot be understood is refused, never cut short without a word.
use jiff::Timestamp;
use mail_parser::{Addr, HeaderValue, Message as Parsed, MessageParser, MessagePart, MimeHeaders};
use uuid::Uuid;

use super::push::{Message, Trouble, Understood, hashed};
use crate::{
    domain::{
        arrival::{Arrival, Doubt, Told, Wait, can_be},
        identity,
    },
    rest::{CaseRequest, Customer},
};

/// The largest mail that is taken in, in bytes.
pub const MAIL_MAX: u32 = 4 << 20;
/// Mails have some dozens of header fields; whoever sends more wants something else.
const HEADERS_MAX: usize = 1_000;
/// The characters of a contact.
pub const CONTENT_MAX: usize = 4_000;
const SUBJECT_MAX: usize = 300;
const NAME_MAX: usize = 100;
/// The most attachments that are named, and the most parts of text that are read.
pub(super) const PARTS_MAX: usize = 20;
/// The most earlier mails that are looked for.
const ANSWERS_MAX: usize = 50;
/// What mail programs write before the subject of an answer, in lower case.
const ANSWERED: [&str; 7] = ["re", "aw", "sv", "回复", "答复", "回覆", "答覆"];
/// The same of an answer that nobody wrote.
const BY_ITSELF: [&str; 4] = ["auto", "automatic reply", "自动回复", "自动答复"];
/// The same of what is forwarded: it is about something else, whatever its subject.
const FORWARDED: [&str; 6] = ["fw", "fwd", "wg", "转发", "轉寄", "轉發"];
/// What an address begins with that takes no answers, without dashes and the like.
const NOBODY: [&str; 5] = ["noreply", "donotreply", "mailerdaemon", "postmaster", "bounce"];
/// The fields of a mailing list (RFC 2369, RFC 2919).
const OF_LISTS: [&str; 3] = ["List-Id", "List-Post", "List-Unsubscribe"];
/// What machines that answer in somebody's absence write without saying what they are (RFC 3834 came later).
const OF_ABSENCE: [&str; 2] = ["X-Autoreply", "X-Autorespond"];
/// How a receiving server says that a mail is not of whom it names (RFC 8601).
const FORGED: [&str; 3] = ["spf=fail", "dkim=fail", "dmarc=fail"];
/// What the beginning of a mail that is too large begins with.
const TOO_LARGE: &[u8] = b"X-Aftercare-Too-Large: yes\r\n";
/// How the contact of such a mail ends: neither its words nor its files may be all.
const NOT_WHOLE: &str = "[cut here: only its beginning was fetched, the whole lies in the mailbox]";
/// What stands for a mail that the server does not hand out begins with.
const UNREADABLE: &str = "X-Aftercare-Unreadable: yes\r\n";

/// A mail a person wrote.
#[derive(Debug)]
pub struct Mail {
    pub request: CaseRequest,
    /// In normal form.
    pub sender: String,
    /// The address an answer would go to by its own word: `Reply-To`, else the sender. A form of a web page writes for many.
    pub answered_at: String,
    /// Its subject without what programs write before that of an answer; none where it has none.
    pub matter: Option<String>,
    /// It answers another mail, as far as it tells; what is forwarded does not.
    pub is_answer: bool,
    /// The mails it answers by the ids they are stored under, the nearest first.
    pub answers: Vec<String>,
    /// The same of mails that may be ours, by the id that stands in theirs.
    pub ours: Vec<Uuid>,
    /// Subject and words without quotes and spaces: what says the same is the same here.
    pub words: String,
    /// The same, with its files and the mail it answers: what is this again brings nothing.
    pub whole: String,
}

impl Mail {
    /// All it says, without what it quotes.
    pub fn heard(&self) -> &str {
        self.request.heard.as_deref().unwrap_or_default()
    }
}

/// A mail to be stored: once by its Message-ID, or by all it is where it has none; its sender's in order.
pub fn message(raw: &[u8]) -> Message {
    let mail = MessageParser::default().parse(raw);
    let sender = mail.as_ref().and_then(sender).map(|(_, address)| address);
    Message::new(Some(&id(mail.as_ref(), raw)), sender.as_deref(), raw)
}

/// What stands for a mail that is too large to be fetched: its beginning.
pub fn too_large(beginning: &[u8]) -> Vec<u8> {
    [TOO_LARGE, beginning].concat()
}

/// Whether only the beginning of a mail is there.
pub fn is_too_large(raw: &[u8]) -> bool {
    raw.starts_with(TOO_LARGE)
}

/// What stands for a mail that the server does not hand out: its place in the mailbox.
pub fn unreadable(validity: u32, uid: u32) -> Vec<u8> {
    format!("{UNREADABLE}X-Place: {validity}/{uid}\r\n").into_bytes()
}

/// What a mail means; `own` are the addresses we write from, in lower case; what says more than `text_max` characters waits.
pub fn understand(raw: &[u8], own: &[String], text_max: usize, now: Timestamp) -> Result<Understood, Trouble> {
    if raw.starts_with(UNREADABLE.as_bytes()) {
        return Err(Trouble::lasting("the mail server does not hand it out: it lies in the mailbox unseen"));
    }
    let mail = MessageParser::default().parse(raw).ok_or_else(|| Trouble::lasting("it is not a mail"))?;
    if mail.headers().len() > HEADERS_MAX {
        return Err(Trouble::lasting(format!("it has more than {HEADERS_MAX} header fields")));
    }
    let machine = automatic(&mail).map(|why| format!("a machine wrote it: {why}"));
    let (name, address) = match (sender(&mail), machine.clone()) {
        (Some(sender), _) => sender,
        (None, Some(why)) => return Ok(Understood::Machine(why, None)),
        (None, None) => return Err(Trouble::lasting("From: names no address that could be answered")),
    };
    if own.contains(&address) {
        return Ok(Understood::Machine("it is a mail of our own".into(), None));
    }
    let (subject, text, files) = (subject(&mail), text(&mail), attachments(&mail));
    let (dated, answered_at) = (date(&mail, now), answered_at(&mail).unwrap_or_else(|| address.clone()));
    let told = nobody_reads(&mail, &address, &answered_at).then_some(Told::NobodyReads);
    let said = said(&mail, &text, &files);
    let too_long = (said.chars().count() > text_max).then_some(Wait::TooLong(text_max));
    let too_large = is_too_large(raw).then_some(Wait::TooLarge);
    let files: Vec<String> = files.into_iter().chain(too_large.map(|_| NOT_WHOLE.to_owned())).collect();
    let waits = dated.err().and_then(|(_, waits)| waits).into_iter().chain(too_large).chain(too_long).collect();
    let request = CaseRequest {
        external_ref: Some(id(Some(&mail), raw)),
        customer: Some(Customer {
            name: Some(name.unwrap_or_else(|| address.clone())),
            email: Some(address.clone()),
            ..Customer::default()
        }),
        content: Some(content(&subject, &text, &files)),
        occurred_at: dated.ok().map(|at| at.to_string()),
        arrival: Arrival { told, doubt: dated.err().map(|(doubt, _)| doubt), request: None },
        heard: Some(heard(said, super::imap::TEXT_MAX)),
        waits,
        ..CaseRequest::default()
    };
    let headline = mail.subject().unwrap_or_default();
    let first = written_before(headline).map(|(before, _)| before);
    let is_forward = first.as_deref().is_some_and(|before| FORWARDED.contains(&before));
    let words = words(headline, &text, is_forward);
    let files = mail.attachments().map(|part| hashed(part.contents()));
    let whole = listed(mail.in_reply_to()).into_iter().chain(files).fold(words.clone(), |all, one| all + "\n" + &one);
    let matter: String = matter(headline).chars().filter(|c| !c.is_whitespace()).collect();
    let (answers, ours) = (answers(&mail), ours(&mail));
    let read = Box::new(Mail {
        request,
        sender: address,
        answered_at,
        matter: Some(matter).filter(|matter| !matter.is_empty()),
        is_answer: !is_forward && (first.is_some() || !answers.is_empty()),
        answers,
        ours,
        words,
        whole,
    });
    Ok(match machine {
        Some(why) => Understood::Machine(why, Some(read).filter(|_| !bounced(&mail))),
        None => Understood::Mail(read),
    })
}

/// All it says: the subject, the names of the files and the words. The quoted lines of an answer are known already; whoever
/// forwards quotes what we do not know.
fn said(mail: &Parsed<'_>, text: &str, attachments: &[String]) -> String {
    let is_answer = !answers(mail).is_empty();
    let said = text.lines().filter(|line| !(is_answer && line.trim_start().starts_with('>')));
    let names = attachments.iter().map(String::as_str);
    mail.subject().into_iter().chain(names).chain(said).collect::<Vec<_>>().join("\n")
}

/// What is classified: all it says, and of what is longer the beginning and the end, for reading takes time.
fn heard(said: String, max: usize) -> String {
    if said.chars().nth(max).is_none() {
        return said;
    }
    let first: String = said.chars().take(max / 2).collect();
    let last = said.char_indices().nth_back(max / 2).map_or(0, |(at, _)| at);
    format!("{first}\n{}", said.get(last..).unwrap_or_default())
}

/// The id a mail is stored under. Hashed: the names of senders' machines stand in Message-IDs.
fn id(mail: Option<&Parsed<'_>>, raw: &[u8]) -> String {
    let given = mail.and_then(Parsed::message_id).map(str::trim).filter(|id| !id.is_empty());
    hashed(given.map_or(raw, str::as_bytes))
}

/// Who wrote it: a name if there is one, and an address in normal form.
pub fn sender(mail: &Parsed<'_>) -> Option<(Option<String>, String)> {
    let named = |one: &Addr<'_>| {
        let name = one.name().map(|name| line(name, NAME_MAX)).filter(|name| !name.is_empty());
        Some((name, identity::email(one.address()?)?))
    };
    let first = |address: Option<&mail_parser::Address<'_>>| address.and_then(|all| all.iter().find_map(named));
    first(mail.from()).or_else(|| first(mail.sender()))
}

/// Its subject, in one line.
pub fn subject(mail: &Parsed<'_>) -> String {
    line(mail.subject().unwrap_or_default(), SUBJECT_MAX)
}

/// The address it asks to be answered at, in normal form.
fn answered_at(mail: &Parsed<'_>) -> Option<String> {
    mail.reply_to()?.iter().find_map(|one| identity::email(one.address()?))
}

/// Whether an answer that nobody wrote would be read by nobody, or by somebody else than its sender: also by whoever did not write
/// it, as the server that received it says. Such a mail is a contact like any other; only a machine of ours does not write back.
fn nobody_reads(mail: &Parsed<'_>, address: &str, answered_at: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default();
    let local: String = local.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    answered_at != address
        || NOBODY.iter().any(|nobody| local.starts_with(nobody))
        || OF_LISTS.iter().chain(&OF_ABSENCE).any(|name| field(mail, name).is_some())
        // What a list hands on, or wants no machine's answer to, a person may have written all the same.
        || field(mail, "Precedence").is_some_and(|value| value == "list")
        || field(mail, "X-Auto-Response-Suppress").is_some_and(|value| value != "none")
        || written_by_itself(mail.subject().unwrap_or_default())
        || is_forged(mail)
}

/// Whether its subject says that it was written in somebody's absence.
fn written_by_itself(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    BY_ITSELF.iter().skip(1).any(|said| subject.starts_with(said))
        || written_before(&subject).is_some_and(|(before, _)| BY_ITSELF.contains(&before.as_str()))
}

/// Whether the server that received it last, whose word stands first, says that it is not of whom it names.
fn is_forged(mail: &Parsed<'_>) -> bool {
    let results = field(mail, "Authentication-Results").unwrap_or_default();
    let plain = |result: &str| result.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    results.split(';').map(plain).any(|result| FORGED.iter().any(|forged| result.starts_with(forged)))
}

/// By what a machine shows that nobody reads an answer (RFC 3834 and what came before it).
fn automatic(mail: &Parsed<'_>) -> Option<&'static str> {
    let field = |name| field(mail, name);
    let auto_submitted =
        field("Auto-Submitted").is_some_and(|value| value.split(';').next().map(str::trim) != Some("no"));
    let bulk = matches!(field("Precedence").as_deref(), Some("bulk" | "auto_reply" | "junk"));
    let signs = [(auto_submitted, "Auto-Submitted"), (bulk, "Precedence"), (bounced(mail), "an empty return path")];
    signs.into_iter().find_map(|(is, sign)| is.then_some(sign))
}

/// Whether it goes back to nobody: it tells what became of another mail.
fn bounced(mail: &Parsed<'_>) -> bool {
    field(mail, "Return-Path").is_some_and(|value| value == "<>")
}

/// The mails of ours that come back with this one: what could not be delivered goes back to nobody (RFC 3464) and names what it
/// is about. What only waits is none.
pub fn returned(raw: &[u8]) -> Vec<Uuid> {
    let is_return = MessageParser::default().parse(raw).is_some_and(|mail| bounced(&mail));
    let text = String::from_utf8_lossy(raw);
    if !is_return || !text.to_ascii_lowercase().contains("action: failed") {
        return vec![];
    }
    let named = text.split('<').skip(1).filter_map(|rest| rest.split_once('@')?.0.parse().ok());
    named.take(ANSWERS_MAX).collect()
}

/// The first field of a name, in lower case.
fn field(mail: &Parsed<'_>, name: &str) -> Option<String> {
    let mut all = mail.headers_raw().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    all.next().map(|(_, value)| value.trim().to_ascii_lowercase())
}

/// The mails it answers: `In-Reply-To`, then `References` from the last to the first.
fn answers(mail: &Parsed<'_>) -> Vec<String> {
    let all = [listed(mail.in_reply_to()), listed(mail.references())];
    all.into_iter().flatten().take(ANSWERS_MAX).collect()
}

/// The mails of ours it may answer, as far as their ids tell: we write under the id of a message.
fn ours(mail: &Parsed<'_>) -> Vec<Uuid> {
    let all = [ids(mail.in_reply_to()), ids(mail.references())].into_iter().flatten().take(ANSWERS_MAX);
    all.filter_map(|id| id.trim().split('@').next()?.parse().ok()).collect()
}

/// The ids in a field, hashed, from the last to the first.
fn listed(value: &HeaderValue<'_>) -> Vec<String> {
    ids(value).into_iter().map(|id| hashed(id.trim().as_bytes())).collect()
}

fn ids<'a>(value: &'a HeaderValue<'_>) -> Vec<&'a str> {
    match value {
        HeaderValue::Text(one) => vec![one.as_ref()],
        HeaderValue::TextList(all) => all.iter().rev().map(AsRef::as_ref).collect(),
        _ => vec![],
    }
}

/// When it was written, if its sender's clock can be believed; else why not. Clocks may be a little ahead; what is further off waits.
fn date(mail: &Parsed<'_>, now: Timestamp) -> Result<Timestamp, (Doubt, Option<Wait>)> {
    let not_believed = (Doubt::NotBelieved, Some(Wait::DateNotBelieved));
    let Some(date) = mail.date() else {
        let is_there = field(mail, "Date").is_some();
        return Err(if is_there { not_believed } else { (Doubt::Missing, Some(Wait::NoDate)) });
    };
    let at = Timestamp::from_second(date.to_timestamp()).ok().filter(|at| date.is_valid() && can_be(*at, now));
    match at {
        None => Err(not_believed),
        Some(at) if at > now => Err((Doubt::NotBelieved, None)),
        Some(at) => Ok(at),
    }
}

/// What is to be read; of a mail in HTML only, its text.
fn text(mail: &Parsed<'_>) -> String {
    let parts = |mail: &Parsed<'_>| -> Vec<String> {
        let parts = (0..mail.text_body_count().min(PARTS_MAX)).filter_map(|part| mail.body_text(part));
        let shown = |c: &char| *c == '\n' || *c == '\t' || !c.is_control();
        parts.map(|part| part.chars().filter(shown).collect::<String>().trim().to_owned()).collect()
    };
    // A mail that is forwarded as a file is what it is about.
    let forwarded = mail.attachments().take(PARTS_MAX).filter_map(|part| part.message());
    let forwarded = forwarded.flat_map(|mail| [vec![subject(mail)], parts(mail)].concat());
    let text: Vec<String> = parts(mail).into_iter().chain(forwarded).collect();
    text.join("\n").trim().to_owned()
}

/// The names of its attachments, or what they are.
fn attachments(mail: &Parsed<'_>) -> Vec<String> {
    let named = mail.attachments().take(PARTS_MAX).map(|part| format!("[attachment] {}", file_name(part)));
    let more = mail.attachments().count().saturating_sub(PARTS_MAX);
    named.chain((more > 0).then(|| format!("[refused files: {more} more than {PARTS_MAX}]"))).collect()
}

pub(super) fn file_name(part: &MessagePart<'_>) -> String {
    line(&part.attachment_name().map(str::to_owned).or_else(|| kind(part)).unwrap_or_default(), NAME_MAX)
}

pub(super) fn kind(part: &MessagePart<'_>) -> Option<String> {
    part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("any")))
}

/// Subject, words and attachments within the bounds of a contact, with room for why files are refused; what does not fit is said.
pub fn content(subject: &str, text: &str, attachments: &[String]) -> String {
    const CUT: &str = "\n[cut here: it goes on]";
    const WHY: usize = 16;
    let (head, foot) = (subject.trim(), attachments.join("\n"));
    let said = head.chars().count() + foot.chars().count() + WHY * attachments.len();
    let room = CONTENT_MAX.saturating_sub(said + CUT.len() + 4);
    let cut = text.chars().nth(room).is_some();
    let text = if cut { text.chars().take(room).chain(CUT.chars()).collect() } else { text.to_owned() };
    let parts = [head, &text, &foot].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// A subject without what programs write before that of an answer or of what is forwarded.
fn matter(mut subject: &str) -> &str {
    while let Some((_, rest)) = written_before(subject) {
        subject = rest;
    }
    subject
}

/// What a program wrote before a subject, in lower case, and the rest.
fn written_before(subject: &str) -> Option<(String, &str)> {
    let (before, rest) = subject.split_once([':', '：'])?;
    let before = before.trim().to_lowercase();
    let known = [ANSWERED.as_slice(), &BY_ITSELF, &FORWARDED].concat().contains(&before.as_str());
    known.then_some((before, rest))
}

/// What is quoted is what it says, where it is forwarded.
fn words(subject: &str, text: &str, is_forward: bool) -> String {
    let said = text.lines().filter(|line| is_forward || !line.trim_start().starts_with('>'));
    [matter(subject)].into_iter().chain(said).flat_map(str::chars).filter(|c| !c.is_whitespace()).collect()
}

/// Text on one line, at most `max` characters of it.
fn line(text: &str, max: usize) -> String {
    let plain = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    plain.collect::<Vec<_>>().join(" ").chars().take(max).collect()
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
