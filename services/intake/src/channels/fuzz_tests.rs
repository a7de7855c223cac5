//! Pushes and bodies of all shapes against every adapter: none falls over, nothing unsigned is let in, what is signed is let
//! in whatever it says, and of what cannot be taken in it is told which field is wrong. Some of it is chance, some is what
//! platforms send, spoilt in places. The short form runs with all tests, the long one by `make fuzz`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::FutureExt as _;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{signature::sha1_hex, worker::doubted, *};
use crate::rest::{CaseRequest, Checks};

/// The cases of the short form.
pub const SHORT: u32 = 20_000;
/// The cases of the long form.
pub const LONG: u32 = 1_000_000;
const KEY: [u8; 24] = [7; 24];
/// `EncodingAESKey`; the bytes it stands for end the same whatever the last two bits say.
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE";

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(KEY));
    let sections = json!({
        "json": { "kind": "signed_json", "channel": "shop", "secrets": [secret] },
        "wx": { "kind": "wechat", "token": "spamtest", "app_id": "wx1" },
        "sealed": { "kind": "wechat", "token": "spamtest", "app_id": "wx1", "aes_key": AES_KEY },
        "jd": { "kind": "signed_form", "app_key": "app", "secret": "helloworld", "sign_method": "md5",
                "pull_url": "http://127.0.0.1:1/" },
        "dy": { "kind": "douyin", "client_key": "k", "client_secret": "12345678" },
        "pbx": { "kind": "calls", "secrets": [secret] }
    });
    let sections: Sections = serde_json::from_value(sections).unwrap();
    let outside = Outside::new(None).unwrap();
    sections.into_iter().map(|(name, section)| Source::new(&name, section, &outside).unwrap()).collect()
});

/// What platforms send when all is well: a contact, a call, events of Douyin.
static WELL: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let customer = json!({ "ref": "C-1", "name": "王小明", "phone": "+86 138 0000 0000", "email": "ana@example.com" });
    let health = json!({ "symptoms": "痒", "onset": "two days ago", "severity": 1, "medical_care": "sought",
                         "special_groups": ["pregnant"], "death": false, "several_affected": true });
    let contact = json!({
        "channel": "shop", "external_ref": "T-1", "customer": customer, "content": "瓶子漏了", "circumstances": "x",
        "expected_resolution": "x", "emotion": "angry", "class": "product_quality", "health": health, "vip_tier": 3,
        "purchase": { "channel": "website", "order_ref": "A-1" }, "product_id": "p-1", "batch": "L7", "store": "s-1",
        "occurred_at": "2026-03-02T07:59:00Z", "repeat_contact": true, "case_id": uuid::Uuid::nil(),
        "attachments": [uuid::Uuid::nil()]
    });
    let call = json!({ "call_id": "c-1", "event": "answered", "at": "2026-03-02T07:59:00Z", "wait_seconds": 14,
                       "case": contact });
    let said = json!({ "event": "im_receive_msg", "client_key": "k", "from_user_id": "u-1",
                       "content": { "message_type": "text", "text": "头皮很痒", "create_time": "1772438300000" } });
    let comment = json!({ "event": "item_comment_reply", "client_key": "k", "from_user_id": "u-1",
                          "content": "{\"comment_user_id\":\"u-2\",\"content\":\"多少钱\",\"create_time\":1772438300}" });
    vec![contact, call, said, comment]
});

const XML: &str = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o-1]]></FromUserName><CreateTime>\
    1772438300</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[头皮很痒]]></Content><MsgId>7</MsgId></xml>";

fn now() -> Timestamp {
    Timestamp::from_second(1_772_438_400).unwrap()
}

fn headers(named: &[(&'static str, String)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
    };
    named.iter().filter_map(header).collect()
}

/// The headers by which every source but WeChat and forms takes a body for its platform's.
fn signed(body: &[u8]) -> HeaderMap {
    let at = now().as_second();
    let mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap().chain_update(format!("m.{at}.")).chain_update(body);
    headers(&[
        ("webhook-id", "m".into()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))),
        ("x-douyin-signature", sha1_hex(&[b"12345678", body])),
    ])
}

/// The address WeChat signs; what is sealed is signed with it.
fn wechat(sealed: &str) -> String {
    let mut parts: Vec<&[u8]> = vec![b"1", b"1772438400", b"spamtest", sealed.as_bytes()];
    parts.sort_unstable();
    let plain = sha1_hex(&[b"1", b"1772438400", b"spamtest"]);
    format!("timestamp=1772438400&nonce=1&signature={plain}&msg_signature={}", sha1_hex(&parts))
}

/// Sealed as WeChat does it, but for what `length` says of the message.
fn seal(message: &[u8], length: u32) -> String {
    let mut bytes = [b"0123456789abcdef".as_slice(), &length.to_be_bytes(), message, b"wx1"].concat();
    let padding = 32 - bytes.len() % 32;
    bytes.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
    let key = BASE64_STANDARD.decode(format!("{AES_KEY}=")).unwrap();
    let (size, cipher) = (bytes.len(), cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &key[..16]).unwrap());
    BASE64_STANDARD.encode(cipher.encrypt_padded::<NoPadding>(&mut bytes, size).unwrap())
}

/// Texts of this form; read once, where a bare pattern is read for every case.
pub fn string(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).unwrap()
}

/// What can stand where something else should.
fn other() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        string("\\PC{0,20}").prop_map(Value::from),
        vec(any::<char>(), 0..4).prop_map(|text| Value::from(String::from_iter(text))),
        (1_usize..5_000).prop_map(|many| Value::from("痒".repeat(many))),
        select(vec![
            json!([]),
            json!({}),
            json!([null]),
            json!({ "unknown": 1 }),
            json!(u64::MAX),
            json!("1970-01-01T00:00:00Z")
        ]),
    ]
}

/// The places of a document, the document itself among them.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(n, value)| places(value, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

/// Good JSON, but that other things stand in some places.
fn json_spoilt() -> impl Strategy<Value = Vec<u8>> {
    spoilt(WELL.clone())
}

fn spoilt(good: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    (select(good), vec((any::<Index>(), other()), 0..4)).prop_map(|(mut json, spoils)| {
        for (place, other) in spoils {
            let mut found = Vec::new();
            places(&json, "", &mut found);
            if let Some(value) = json.pointer_mut(&found[place.index(found.len())]) {
                *value = other;
            }
        }
        json.to_string().into_bytes()
    })
}

/// A good text, but that other bytes stand in some places.
fn text_spoilt() -> impl Strategy<Value = Vec<u8>> {
    let good = WELL.iter().map(Value::to_string).chain([XML.to_owned()]).collect::<Vec<_>>();
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..4),
        select(vec!["null", "-1", "1e999", "\"", "\\ud800", "{", "]", "<", "]]>", "<a>", "&a;", "<!DOCTYPE x>", "\0"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (select(good), vec((any::<Index>(), 0_usize..12, bytes), 1..4)).prop_map(|(text, spoils)| {
        let mut text = text.into_bytes();
        for (at, length, bytes) in spoils {
            let from = at.index(text.len() + 1);
            text.splice(from..(from + length).min(text.len()), bytes);
        }
        text
    })
}

/// Bodies: bytes, texts, what looks like JSON, XML or a form of ours, and what is good but for some places.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let words =
        "(customer|ref|content|call_id|event|at|wait_seconds|case|client_key|k|im_receive_msg|answered|-1|[a-z]{1,4})";
    let json = format!("[\\[{{]{{0,3}}(\"{words}\"[:,]?|[\\[\\]{{}},:0-9]){{0,30}}");
    let xml = "(</?xml>|</?(MsgType|MsgId|Encrypt|FromUserName)>|<!\\[CDATA\\[|\\]\\]>|text|[0-9]{1,20}|&[a-z#0-9]{0,5};){0,30}";
    let form = "((app_key|sign|service_id|timestamp|%[0-9a-f]{2})[=&]|[a-z0-9]{0,5}){0,20}";
    prop_oneof![
        1 => vec(any::<u8>(), 0..300),
        1 => string("\\PC{0,200}").prop_map(String::into_bytes),
        1 => string(&json).prop_map(String::into_bytes),
        1 => string(xml).prop_map(String::into_bytes),
        1 => string(form).prop_map(String::into_bytes),
        4 => json_spoilt(),
        2 => text_spoilt(),
    ]
}

/// So many cases; what fails is told, and not written down beside the source.
pub fn many(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What the door says of a contact that came by this source: each wrong field by its name, why, and the way out; never its time or its
/// length, for which it waits and can be let in.
fn refused_by_name(mut request: CaseRequest) -> Result<(), TestCaseError> {
    let _waits = doubted(&mut request, now());
    let mut checks = Checks::new(Vec::new(), now());
    let registration = request.check(&mut checks, now());
    let wrong = checks.into_wrong();
    prop_assert!(registration.is_some() || !wrong.is_empty(), "refused without a word");
    for wrong in wrong {
        prop_assert!(!wrong.field.is_empty() && !wrong.reason.is_empty() && wrong.hint.is_some(), "{wrong:?}");
        let for_length = wrong.field == "content" && wrong.reason.ends_with("characters");
        prop_assert!(wrong.field != "occurred_at" && !for_length, "{wrong:?}");
    }
    Ok(())
}

fn understood_or_told(understood: Result<Understood, Trouble>) -> Result<(), TestCaseError> {
    match understood {
        Ok(Understood::Contact(request) | Understood::Call(_, _, Some(request))) => refused_by_name(*request),
        Ok(_) => Ok(()),
        Err(Trouble::Lasting(reason)) => {
            prop_assert!(
                !reason.is_empty() && !reason.ends_with(": ") && !reason.contains(", ,"),
                "{reason:?} names nothing"
            );
            Ok(())
        }
        Err(passing) => Err(TestCaseError::fail(format!("trying again helps nobody: {passing:?}"))),
    }
}

fn unsigned(cases: u32) {
    let query = "((signature|timestamp|nonce|msg_signature|echostr)=[a-z0-9%]{0,20}&){0,6}";
    let at = prop_oneof![Just(now().as_second().to_string()), string("[0-9-]{0,25}")];
    let signature = "(v1,[A-Za-z0-9+/=]{0,50} ?){0,4}";
    proptest!(many(cases), |(query in string(query), id in string("[ -~]{0,40}"), at in at, signature in string(signature),
                             body in body())| {
        let named = [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature.clone()),
                     ("x-douyin-signature", signature)];
        for source in SOURCES.iter() {
            let received = source.receive(&Push::of(&query, headers(&named), body.clone()), now());
            prop_assert!(received.is_err(), "{}: {received:?}", source.name);
        }
    });
}

fn signed_by_all(cases: u32) {
    proptest!(many(cases), |(body in body())| {
        for source in SOURCES.iter() {
            let received = source.receive(&Push::of(&wechat(""), signed(&body), body.clone()), now());
            match &source.adapter {
                Adapter::SignedJson(adapter) => understood_or_told(adapter.understand(&body))?,
                Adapter::Wechat(adapter) => understood_or_told(adapter.understand(&body))?,
                Adapter::Douyin(adapter) => understood_or_told(adapter.understand(&body))?,
                Adapter::Calls(adapter) => understood_or_told(adapter.understand(&body))?,
                Adapter::SignedForm(_) | Adapter::Imap(_) => {}
            }
            match (source.name.as_str(), received) {
                ("json" | "pbx", received) => prop_assert!(matches!(received, Ok(Received::Message(_)))),
                ("wx", received) => {
                    prop_assert!(matches!(received, Ok(Received::Message(_)) | Err(Refusal::Malformed)));
                }
                // An event of another app is not for us.
                ("dy", received) => prop_assert!(received.is_ok() || received == Err(Refusal::Forged)),
                (_, received) => prop_assert!(received.is_err(), "nobody signed that"),
            }
        }
    });
}

fn sealed(cases: u32) {
    let wx = SOURCES.iter().find(|source| source.name == "sealed").unwrap();
    let receive = |sealed: &str| {
        let outer = format!("<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>");
        wx.receive(&Push::of(&wechat(sealed), HeaderMap::new(), outer), now())
    };
    let length = prop_oneof![Just(None), any::<u32>().prop_map(Some), (0_u32..400).prop_map(Some)];
    proptest!(many(cases), |(body in body(), length in length)| {
        let own = u32::try_from(body.len()).unwrap();
        match receive(&seal(&body, length.unwrap_or(own))) {
            Ok(Received::Message(message)) => prop_assert_eq!(&message.body, &body),
            Err(Refusal::Malformed) => {}
            other => prop_assert!(length.is_some_and(|length| length != own), "{:?}", other),
        }
        prop_assert_eq!(receive(&BASE64_STANDARD.encode(&body)), Err(Refusal::Forged), "sealed by nobody");
    });
}

fn forms(cases: u32) {
    let jd = SOURCES.iter().find(|source| source.name == "jd").unwrap();
    let name = string("service_id|message_id|event|timestamp|[a-z]{1,4}");
    proptest!(many(cases), |(more in vec((name, string("\\PC{0,12}")), 0..6), at in string("[0-9: -]{0,20}"))| {
        let mut fields = vec![("app_key".to_owned(), "app".to_owned())];
        fields.extend(more);
        if !fields.iter().any(|(name, _)| name == "timestamp") {
            fields.push(("timestamp".into(), if at.len() < 10 { "2026-03-02 16:00:00".into() } else { at }));
        }
        fields.sort();
        let twice = fields.windows(2).any(|pair| pair[0].0 == pair[1].0) || fields.iter().any(|(name, _)| name == "sign");
        let said = fields.iter().filter(|(_, value)| !value.is_empty());
        let text: String = said.flat_map(|(name, value)| [name.as_str(), value]).collect();
        let sign = Md5::digest(format!("helloworld{text}helloworld")).iter().map(|byte| format!("{byte:02X}")).collect();
        fields.push(("sign".into(), sign));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        match jd.receive(&Push::of("", HeaderMap::new(), body.clone()), now()) {
            Ok(Received::Message(message)) => prop_assert_eq!(message.body, body.clone().into_bytes()),
            Err(Refusal::Stale) => {}
            other => prop_assert!(twice && other == Err(Refusal::Malformed), "{:?}", other),
        }
        // What names a service is pulled; what names none is told so.
        if !fields.iter().any(|(name, value)| name == "service_id" && !value.is_empty()) {
            understood_or_told(jd.understand(body.as_bytes(), now()).now_or_never().unwrap())?;
        }
    });
}

/// What platforms answer when a service is pulled: as they do, and spoilt in places.
fn pulls(cases: u32) {
    let good = json!({ "afsServiceId": 77, "customerPin": "jd_1", "customerName": "王小明", "customerTel": "13800000000",
                       "orderId": 88120, "questionDesc": "瓶子漏了", "afsApplyTime": 1_772_438_300_000_i64 });
    proptest!(many(cases), |(pulled in prop_oneof![spoilt(vec![good]), body()])| {
        understood_or_told(signed_form::read("77", &pulled).map(Understood::Contact))?;
    });
}

#[test]
fn r_int_02_whatever_is_pulled_is_a_contact_or_told_what_is_wrong_with_it() {
    pulls(SHORT);
}

#[test]
#[ignore = "the long form: make fuzz"]
fn a_million_pulls() {
    pulls(LONG);
}

#[test]
fn r_int_02_no_push_makes_an_adapter_fall_over_and_none_unsigned_is_let_in() {
    unsigned(SHORT);
}

#[test]
fn r_int_02_what_is_signed_is_let_in_and_understood_or_told_what_is_wrong_but_never_lost() {
    signed_by_all(SHORT);
}

#[test]
fn r_int_02_what_is_sealed_for_us_is_opened_as_it_was_and_nothing_else() {
    sealed(SHORT);
}

#[test]
fn r_int_02_a_signed_form_is_let_in_whatever_its_fields_and_told_what_it_lacks() {
    forms(SHORT);
}

#[test]
#[ignore = "the long form: make fuzz"]
fn a_million_unsigned_pushes() {
    unsigned(LONG);
}

#[test]
#[ignore = "the long form: make fuzz"]
fn a_million_signed_bodies() {
    signed_by_all(LONG);
}

#[test]
#[ignore = "the long form: make fuzz"]
fn a_million_sealed_messages() {
    sealed(LONG);
}

#[test]
#[ignore = "the long form: make fuzz"]
fn a_million_signed_forms() {
    forms(LONG);
}
