//! Whom an answer goes back to, read in what the customer sent last: a mail's sender and thread, or how a platform calls the
//! customer and the conversation.
use backbone::Fault;
use mail_parser::{HeaderValue, MessageParser};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{douyin, mail, place, signed_json, wechat};
use crate::{app::App, vault::key_of, words};

/// The most earlier mails of a thread that are named again.
const THREAD_MAX: usize = 20;
/// A longer id of a mail is none.
const ID_MAX: usize = 200;

/// Where an answer goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Address {
    Mail {
        address: String,
        subject: String,
        /// Without angle brackets; empty where the mail has none.
        id: String,
        /// The ids of the mails before it, the oldest first.
        before: Vec<String>,
    },
    /// Empty where the platform did not say it.
    Platform { customer_ref: String, conversation: String, external_ref: String },
}

impl Address {
    /// Whether everybody reads what is answered to this message of a source of this kind.
    pub fn is_public(kind: &str, raw: &[u8]) -> bool {
        kind == "douyin" && douyin::is_public(raw)
    }

    /// Whoever wrote this message of a source of this kind; none where it names nobody.
    pub fn of(kind: &str, raw: &[u8]) -> Option<Self> {
        match kind {
            "imap" => of_mail(raw),
            "wechat" => Some(platform(wechat::writer(raw)?, None, None)),
            "douyin" => {
                let (writer, conversation) = douyin::writer(raw)?;
                Some(platform(writer, conversation, None))
            }
            "signed_json" => {
                let request = signed_json::contact(std::str::from_utf8(raw).ok()?, "").ok()?;
                let customer = request.customer.and_then(|customer| customer.r#ref);
                Some(platform(customer.unwrap_or_default(), None, request.external_ref))
            }
            _ => None,
        }
    }
}

fn platform(customer_ref: String, conversation: Option<String>, external_ref: Option<String>) -> Address {
    let (conversation, external_ref) = (conversation.unwrap_or_default(), external_ref.unwrap_or_default());
    Address::Platform { customer_ref, conversation, external_ref }
}

/// `Reply-To` is not followed: who an answer goes to is whom the case is about.
fn of_mail(raw: &[u8]) -> Option<Address> {
    let parsed = MessageParser::default().parse(raw)?;
    let (_, address) = mail::sender(&parsed)?;
    let id = parsed.message_id().and_then(sound).unwrap_or_default();
    let earlier = match parsed.references() {
        HeaderValue::Text(one) => vec![one.as_ref()],
        HeaderValue::TextList(all) => all.iter().map(AsRef::as_ref).collect(),
        _ => parsed.in_reply_to().as_text().into_iter().collect(),
    };
    let mut before: Vec<String> = earlier.into_iter().filter_map(sound).collect();
    let more = before.len().saturating_sub(THREAD_MAX);
    before.drain(..more);
    Some(Address::Mail { address, subject: mail::subject(&parsed), id, before })
}

/// An id as it can stand in a header.
fn sound(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let plain = (1..=ID_MAX).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic() && !"<>".contains(c));
    plain.then(|| id.to_owned())
}

/// What a customer said last, sealed.
#[derive(Debug, FromRow)]
pub struct Last {
    pub id: Uuid,
    pub source: String,
    /// The case it was said to, under whose customer's key it lies.
    pub case_id: Uuid,
    body: Vec<u8>,
}

impl Last {
    /// What was said last to one of these cases on a channel of a form of its own.
    pub async fn of(pool: &PgPool, cases: &[Uuid]) -> Result<Option<Self>, Fault> {
        let found = sqlx::query_as(
            "-- inbound_message.last_of
             select id, source, case_id, body from inbound_message
             where case_id = any($1) and state = 'taken_in' and body is not null order by seq desc limit 1",
        );
        Ok(found.bind(cases).fetch_optional(pool).await?)
    }

    /// What it says. Errors: the customer was forgotten.
    pub async fn open(&self, app: &App, customer: Uuid) -> Result<Vec<u8>, Fault> {
        let keys = words::keys(app, customer, [&self.body].into_iter()).await?;
        let key = keys.iter().find(|key| Some(key.id) == key_of(&self.body));
        let gone = || Fault::rejected("customer.forgotten", "the customer was forgotten: the keys to it are destroyed");
        key.ok_or_else(gone)?.open_bytes(&place(self.id), &self.body)
    }
}

/// The messages of ours among these, and the case each was about.
pub async fn ours(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, Fault> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let found = sqlx::query_as(
        "-- sent_message.these
         select message_id, case_id from sent_message where message_id = any($1) order by message_id",
    );
    Ok(found.bind(ids).fetch_all(pool).await?)
}

/// The case one of these messages of ours was about.
pub async fn case_of_ours(pool: &PgPool, ids: &[Uuid]) -> Result<Option<Uuid>, Fault> {
    if ids.is_empty() {
        return Ok(None);
    }
    let found = sqlx::query_scalar(
        "-- sent_message.case_of
         select case_id from sent_message where message_id = any($1) order by array_position($1, message_id) limit 1",
    );
    Ok(found.bind(ids).fetch_optional(pool).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_answered_in_its_thread_and_nothing_in_it_breaks_a_header() {
        let raw = "From: Ana <Ana@Example.com>\r\nReply-To: other@example.org\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n \
                   again\r\nMessage-ID: <m-2@example.com>\r\nReferences: <m-0@example.com> <m-1@example.com>\r\n\r\nhello";
        let expected = Address::Mail {
            address: "ana@example.com".into(),
            subject: "Café again".into(),
            id: "m-2@example.com".into(),
            before: vec!["m-0@example.com".into(), "m-1@example.com".into()],
        };
        assert_eq!(Address::of("imap", raw.as_bytes()), Some(expected));
        for wrong in ["a b@example.com", "<>", "", "ü@example.com", "a\r\nBcc: x@y"] {
            assert_eq!(sound(wrong), None, "{wrong:?}");
        }
        assert_eq!(sound(&"x".repeat(201)), None);
    }

    #[test]
    fn platforms_call_their_customers_by_their_own_names() {
        let of = |kind, raw: &str| Address::of(kind, raw.as_bytes());
        let wechat = "<xml><FromUserName><![CDATA[o-1]]></FromUserName><MsgType>text</MsgType></xml>";
        assert_eq!(of("wechat", wechat), Some(platform("o-1".into(), None, None)));
        let douyin = r#"{"event":"im_receive_msg","client_key":"k","from_user_id":"u-1",
            "content":"{\"conversation_short_id\":\"c-9\",\"text\":\"x\"}"}"#;
        assert_eq!(of("douyin", douyin), Some(platform("u-1".into(), Some("c-9".into()), None)));
        let json = r#"{"customer":{"ref":"C-1","phone":"1"},"external_ref":"T-1","content":"x"}"#;
        assert_eq!(of("signed_json", json), Some(platform("C-1".into(), None, Some("T-1".into()))));
        assert_eq!(of("calls", json), None);
    }
}
