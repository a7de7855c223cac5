//! A WeChat official account, or a mini programme's customer service: XML, signed by a token shared with WeChat, in
//! plain or sealed with AES. Where a key is configured nothing plain is let in: the plain signature does not cover the
//! message. Customers are known by their openid, and can be answered there.
use std::collections::BTreeMap;

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use jiff::Timestamp;
use roxmltree::{Document, ParsingOptions};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    push::{Message, Push, Received, Refusal, Trouble, Understood, hashed},
    signature::{fresh, same, sha1_hex},
    signed_json::text,
};
use crate::{
    domain::vocabulary::Channel,
    rest::{CaseRequest, Customer},
};

/// The most nodes of a message; WeChat's have twenty or so.
const NODES_MAX: u32 = 500;
/// Messages are padded to whole blocks of so many bytes.
const BLOCK: usize = 32;
/// Keys come as 43 characters of base64 without padding; the last may carry bits that say nothing.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `kind = "wechat"`: the token, the account's id, the key of the sealed mode, the channel of the contacts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    token: SecretString,
    app_id: String,
    aes_key: Option<SecretString>,
    #[serde(default = "official_account")]
    pub channel: Channel,
}

fn official_account() -> Channel {
    Channel::OfficialAccount
}

/// An account.
pub struct Wechat {
    pub channel: Channel,
    token: SecretString,
    app_id: String,
    aes: Option<[u8; 32]>,
}

type Fields = BTreeMap<String, String>;

impl Wechat {
    /// Errors: no token; a key that is none; a channel that is not WeChat's.
    pub fn new(section: Section) -> anyhow::Result<Self> {
        let Section { token, app_id, aes_key, channel } = section;
        anyhow::ensure!((3..=32).contains(&token.expose_secret().len()), "token must be 3 to 32 characters");
        let known = [Channel::OfficialAccount, Channel::MiniProgramme].contains(&channel);
        anyhow::ensure!(known, "channel must be official_account or mini_programme");
        let aes = aes_key.map(|key| {
            let bytes = KEY_BASE64.decode(key.expose_secret()).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| anyhow::anyhow!("aes_key must be the 43 characters of EncodingAESKey"))
        });
        Ok(Self { channel, token, app_id, aes: aes.transpose()? })
    }

    /// A signed message, opened; or the question whether it is us.
    pub fn receive(&self, push: &Push, now: Timestamp) -> Result<Received, Refusal> {
        if push.asks {
            self.verify(push, "signature", None, now)?;
            return Ok(Received::Echo(push.parameter("echostr").unwrap_or_default().to_owned()));
        }
        let Some(key) = &self.aes else {
            let once = self.verify(push, "signature", None, now)?;
            let fields = fields(&push.body)?;
            return Ok(Received::Message(Message { once: Some(once), ..message(fields.as_ref(), &push.body) }));
        };
        let outer = fields(&push.body)?.unwrap_or_default();
        let sealed = outer.get("Encrypt").map(String::as_str).ok_or(Refusal::Forged)?;
        self.verify(push, "msg_signature", Some(sealed), now)?;
        let body = self.open(key, sealed).ok_or(Refusal::Forged)?;
        let fields = fields(&body)?;
        Ok(Received::Message(message(fields.as_ref(), &body)))
    }

    /// Checks a signature over token, time, nonce and what is sealed; gives what makes it single.
    fn verify(&self, push: &Push, name: &str, sealed: Option<&str>, now: Timestamp) -> Result<String, Refusal> {
        let parameter = |name| push.parameter(name).ok_or(Refusal::Forged);
        let (at, nonce) = (parameter("timestamp")?, parameter("nonce")?);
        let mut parts: Vec<&str> = [self.token.expose_secret(), at, nonce].into_iter().chain(sealed).collect();
        parts.sort_unstable();
        let parts: Vec<&[u8]> = parts.into_iter().map(str::as_bytes).collect();
        same(&sha1_hex(&parts), parameter(name)?)?;
        fresh(at.parse().ok(), now)?;
        Ok(hashed(format!("{at}.{nonce}").as_bytes()))
    }

    /// Opens what is sealed for this account: 16 bytes of chance, the length, the message, the account's id, padding.
    fn open(&self, key: &[u8; 32], sealed: &str) -> Option<Vec<u8>> {
        let mut bytes = BASE64_STANDARD.decode(sealed).ok()?;
        let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(key, key.get(..16)?).ok()?;
        let plain = cipher.decrypt_padded::<NoPadding>(&mut bytes).ok()?;
        let padding = usize::from(*plain.last()?);
        let (plain, padded) = plain.split_at_checked(plain.len().checked_sub(padding)?)?;
        let padded_well = (1..=BLOCK).contains(&padding) && padded.iter().all(|byte| usize::from(*byte) == padding);
        let (length, rest) = plain.get(16..)?.split_first_chunk::<4>()?;
        let (message, app_id) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        (padded_well && app_id == self.app_id.as_bytes()).then(|| message.to_vec())
    }

    /// What the customer sent. What is not text is named; its file is fetched by whoever answers.
    pub fn understand(&self, raw: &[u8]) -> Result<Understood, Trouble> {
        let fields = fields(text(raw)?.as_bytes()).ok().flatten();
        let fields = fields.ok_or_else(|| Trouble::lasting("the body is not a message of WeChat in XML"))?;
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let either = |first, second| if field(first).is_empty() { field(second) } else { field(first) };
        let content = match field("MsgType") {
            "text" => field("Content").to_owned(),
            "voice" if !field("Recognition").is_empty() => field("Recognition").to_owned(),
            "image" => format!("[image] {}", either("PicUrl", "MediaId")),
            "voice" => format!("[voice] {}", field("MediaId")),
            "video" | "shortvideo" => format!("[video] {}", field("MediaId")),
            "location" => format!("[location] {}", field("Label")),
            "link" => format!("[link] {} {}", field("Title"), field("Url")),
            "event" => return Ok(Understood::event(field("Event"))),
            _ => return Err(Trouble::lasting("MsgType is none that we know")),
        };
        // What is no time is not believed.
        let told = Some(field("CreateTime")).filter(|told| !told.is_empty());
        let at = |told: &str| Some(Timestamp::from_second(told.parse().ok()?).ok()?.to_string());
        let customer = Customer { r#ref: fields.get("FromUserName").cloned(), ..Customer::default() };
        Ok(Understood::Contact(Box::new(CaseRequest {
            customer: Some(customer),
            content: Some(content),
            occurred_at: told.map(|told| at(told).unwrap_or_else(|| told.to_owned())),
            ..CaseRequest::default()
        })))
    }
}

/// Who wrote a message, as WeChat calls him.
pub fn writer(raw: &[u8]) -> Option<String> {
    fields(raw).ok().flatten()?.remove("FromUserName").filter(|writer| !writer.is_empty())
}

/// The message by its `MsgId`, or by who did what when: events have no id of their own.
fn message(fields: Option<&Fields>, body: &[u8]) -> Message {
    let Some(fields) = fields else { return Message::new(None, None, body) };
    let field = |name: &str| fields.get(name).map(String::as_str);
    let event = || {
        let parts = [field("FromUserName")?, field("CreateTime")?, field("Event")?, field("EventKey").unwrap_or("")];
        Some(hashed(parts.join("\n").as_bytes()))
    };
    let id = field("MsgId").map(str::to_owned).or_else(event);
    Message::new(id.as_deref(), field("FromUserName"), body)
}

/// The fields of a message; none when it is not XML. Errors: it declares a document type, and with it entities.
fn fields(xml: &[u8]) -> Result<Option<Fields>, Refusal> {
    let Ok(xml) = std::str::from_utf8(xml) else { return Ok(None) };
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(xml, options) {
        Ok(document) => document,
        Err(roxmltree::Error::DtdDetected) => return Err(Refusal::Malformed),
        Err(_) => return Ok(None),
    };
    let children = document.root_element().children().filter(roxmltree::Node::is_element);
    let field = |node: roxmltree::Node<'_, '_>| {
        (node.tag_name().name().to_owned(), node.text().unwrap_or_default().trim().to_owned())
    };
    Ok(Some(children.map(field).collect()))
}

#[cfg(test)]
#[path = "wechat_tests.rs"]
mod tests;
