//! Pushes and bodies of all shapes against every adapter: none falls over, nothing unsigned is let in, and what is
//! signed is let in whatever it says. The short form; `PROPTEST_CASES=1000000` makes it long.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::json;
use sha2::Sha256;

use super::{signature::sha1_hex, *};

const KEY: [u8; 24] = [7; 24];

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(KEY));
    let sections = json!({
        "json": { "kind": "signed_json", "channel": "shop", "secrets": [secret] },
        "wx": { "kind": "wechat", "token": "spamtest", "app_id": "wx1" },
        "sealed": { "kind": "wechat", "token": "spamtest", "app_id": "wx1",
                    "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" },
        "jd": { "kind": "signed_form", "app_key": "app", "secret": "helloworld", "sign_method": "md5",
                "pull_url": "http://127.0.0.1:1/" },
        "dy": { "kind": "douyin", "client_key": "k", "client_secret": "12345678" },
        "pbx": { "kind": "calls", "secrets": [secret] }
    });
    let sections: Sections = serde_json::from_value(sections).unwrap();
    sections.into_iter().map(|(name, section)| Source::new(&name, section).unwrap()).collect()
});

fn now() -> Timestamp {
    Timestamp::from_second(1_772_438_400).unwrap()
}

fn headers(named: &[(&'static str, String)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
    };
    named.iter().filter_map(header).collect()
}

/// The headers by which every source but forms takes a body for its platform's.
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

/// Bodies: bytes, texts, and what looks like JSON, XML or a form of ours.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let words =
        "(customer|ref|content|call_id|event|at|wait_seconds|case|client_key|k|im_receive_msg|answered|-1|[a-z]{1,4})";
    let json = format!("[\\[{{]{{0,3}}(\"{words}\"[:,]?|[\\[\\]{{}},:0-9]){{0,30}}");
    let xml = "(</?xml>|</?(MsgType|MsgId|Encrypt|FromUserName)>|<!\\[CDATA\\[|\\]\\]>|text|[0-9]{1,20}|&[a-z#0-9]{0,5};){0,30}";
    let form = "((app_key|sign|service_id|timestamp|%[0-9a-f]{2})[=&]|[a-z0-9]{0,5}){0,20}";
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        "\\PC{0,200}".prop_map(String::into_bytes),
        proptest::string::string_regex(&json).unwrap().prop_map(String::into_bytes),
        xml.prop_map(String::into_bytes),
        form.prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn r_int_02_no_push_makes_an_adapter_fall_over_and_none_unsigned_is_let_in(
        query in "((signature|timestamp|nonce|msg_signature|echostr)=[a-z0-9%]{0,20}&){0,6}",
        id in "[ -~]{0,40}", at in prop_oneof![Just(now().as_second().to_string()), "[0-9-]{0,25}"],
        signature in "(v1,[A-Za-z0-9+/=]{0,50} ?){0,4}", body in body(),
    ) {
        let named = [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature.clone()),
                     ("x-douyin-signature", signature)];
        for source in SOURCES.iter() {
            let received = source.receive(&Push::of(&query, headers(&named), body.clone()), now());
            prop_assert!(received.is_err(), "{}: {received:?}", source.name);
        }
    }

    #[test]
    fn r_int_02_what_is_signed_is_let_in_and_understood_or_not_but_never_lost(body in body()) {
        for source in SOURCES.iter() {
            let wechat = "timestamp=1772438400&nonce=1&signature=".to_owned()
                + &sha1_hex(&[b"1", b"1772438400", b"spamtest"]);
            let received = source.receive(&Push::of(&wechat, signed(&body), body.clone()), now());
            match &source.adapter {
                Adapter::SignedJson(adapter) => drop(adapter.understand(&body)),
                Adapter::Wechat(adapter) => drop(adapter.understand(&body)),
                Adapter::Douyin(adapter) => drop(adapter.understand(&body)),
                Adapter::Calls(adapter) => drop(adapter.understand(&body)),
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
    }
}
