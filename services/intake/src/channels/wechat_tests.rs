//! WeChat's signatures and its sealed mode against the sample of its own message cryptography kit, and what is no
//! message.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use axum::http::HeaderMap;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const SEALED: &str = "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFm\
    OD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+\
    WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1B\
    D1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=";
const ADDRESS: &str = "timestamp=1409735669&nonce=1320562132&signature=16120ec1b8dbb870f510d87ce6bc2463eae6ca1a\
    &msg_signature=5d197aaffba7e9b25a30732f161a50dee96bd5fa&echostr=shr5ch";

fn account(app_id: &str, aes_key: Option<&str>) -> Wechat {
    let section = Section {
        token: SecretString::from("spamtest"),
        app_id: app_id.into(),
        aes_key: aes_key.map(SecretString::from),
        channel: Channel::OfficialAccount,
    };
    Wechat::new(section).unwrap()
}

fn sealed() -> Wechat {
    account("wx2c2769f8efd9abc2", Some("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"))
}

fn then() -> Timestamp {
    Timestamp::from_second(1_409_735_700).unwrap()
}

fn push(address: &str, body: &str) -> Push {
    Push::of(address, HeaderMap::new(), body.to_owned())
}

fn outer(sealed: &str) -> String {
    format!("<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>")
}

fn message(received: Received) -> Message {
    let Received::Message(message) = received else { panic!("{received:?}") };
    message
}

#[test]
fn r_int_01_the_sealed_sample_of_wechat_is_opened() {
    let message = message(sealed().receive(&push(ADDRESS, &outer(SEALED)), then()).unwrap());
    assert_eq!(
        (message.id.as_str(), message.conversation.as_str()),
        ("6054768590064713728", "oyORnuP8q7ou2gfYjqLzSIWZf0rs")
    );
    assert_eq!(message.once, None);
    let Understood::Contact(contact) = sealed().understand(&message.body).unwrap() else { panic!() };
    assert_eq!(contact.content.as_deref(), Some("abcdteT"));
    assert_eq!(contact.occurred_at.as_deref(), Some("2014-09-03T09:14:28Z"));
    assert_eq!(contact.customer.unwrap().r#ref.as_deref(), Some("oyORnuP8q7ou2gfYjqLzSIWZf0rs"));
}

#[test]
fn what_is_not_sealed_for_us_now_is_refused() {
    let receive = |account: &Wechat, address: &str, body: &str, now| account.receive(&push(address, body), now);
    let body = outer(SEALED);
    let other = account("wx0000000000000000", Some("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"));
    assert_eq!(receive(&other, ADDRESS, &body, then()), Err(Refusal::Forged), "another account");
    let key = account("wx2c2769f8efd9abc2", Some("bbcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"));
    assert_eq!(receive(&key, ADDRESS, &body, then()), Err(Refusal::Forged), "another key");
    let late = then() + SignedDuration::from_mins(10);
    assert_eq!(receive(&sealed(), ADDRESS, &body, late), Err(Refusal::Stale));
    let forged = ADDRESS.replace("1320562132", "1320562133");
    assert_eq!(receive(&sealed(), &forged, &body, then()), Err(Refusal::Forged));
    assert_eq!(receive(&sealed(), "", &body, then()), Err(Refusal::Forged));
    let plain = "<xml><FromUserName>o</FromUserName><MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId></xml>";
    assert_eq!(receive(&sealed(), ADDRESS, plain, then()), Err(Refusal::Forged), "plain where it must be sealed");
    let bomb = format!("<!DOCTYPE x [<!ENTITY a \"aaaa\">]>{body}");
    assert_eq!(receive(&sealed(), ADDRESS, &bomb, then()), Err(Refusal::Malformed));
}

#[test]
fn the_plain_mode_echoes_takes_messages_and_names_events() {
    let plain = account("wx2c2769f8efd9abc2", None);
    let question = |address: &str| {
        let mut question = push(address, "");
        question.asks = true;
        question
    };
    assert_eq!(plain.receive(&question(ADDRESS), then()), Ok(Received::Echo("shr5ch".into())));
    let forged = ADDRESS.replace("=16120", "=16121");
    assert_eq!(plain.receive(&question(&forged), then()), Err(Refusal::Forged));

    let event = "<xml><FromUserName>o1</FromUserName><CreateTime>1409735668</CreateTime><MsgType>event</MsgType>\
                 <Event>subscribe</Event></xml>";
    let first = message(plain.receive(&push(ADDRESS, event), then()).unwrap());
    let other = message(plain.receive(&push(ADDRESS, &event.replace("68<", "69<")), then()).unwrap());
    assert!(first.id.starts_with("sha256-") && first.id != other.id, "who, when and what tell events apart");
    assert_eq!(first.once, other.once, "one signature, which will serve for one of them");
    let Understood::Nothing(what) = plain.understand(&first.body).unwrap() else { panic!() };
    assert_eq!(what, "event subscribe");
    let broken = message(plain.receive(&push(ADDRESS, "<xml><a></xml>"), then()).unwrap());
    assert!(matches!(plain.understand(&broken.body), Err(Trouble::Lasting(_))), "kept, and not understood");
}

#[test]
fn every_kind_of_message_says_something() {
    let said = |fields: &str| {
        let xml = format!("<xml><FromUserName>o1</FromUserName><CreateTime>1409735668</CreateTime>{fields}</xml>");
        match sealed().understand(xml.as_bytes()) {
            Ok(Understood::Contact(contact)) => contact.content,
            _ => None,
        }
    };
    for (fields, words) in [
        ("<MsgType>text</MsgType><Content>头皮很痒</Content>", Some("头皮很痒")),
        ("<MsgType>image</MsgType><PicUrl>http://a/1</PicUrl><MediaId>m</MediaId>", Some("[image] http://a/1")),
        ("<MsgType>voice</MsgType><MediaId>m</MediaId><Recognition>退款</Recognition>", Some("退款")),
        ("<MsgType>voice</MsgType><MediaId>m</MediaId>", Some("[voice] m")),
        ("<MsgType>shortvideo</MsgType><MediaId>m</MediaId>", Some("[video] m")),
        ("<MsgType>location</MsgType><Label>here</Label>", Some("[location] here")),
        ("<MsgType>link</MsgType><Title>t</Title><Url>u</Url>", Some("[link] t u")),
        ("<MsgType>hologram</MsgType>", None),
        ("<MsgType>event</MsgType><Event>CLICK</Event>", None),
    ] {
        assert_eq!(said(fields).as_deref(), words, "{fields}");
    }
}

proptest! {
    #[test]
    fn r_int_02_no_body_makes_it_fall_over(
        body in prop_oneof!["\\PC{0,200}", "(<[a-z]{1,3}>|</[a-z]{1,3}>|<!\\[CDATA\\[|\\]\\]>|&#?[a-z0-9]{0,9};){0,60}"]
    ) {
        let plain = account("wx2c2769f8efd9abc2", None);
        let received = plain.receive(&push(ADDRESS, &body), then());
        prop_assert!(matches!(received, Ok(Received::Message(_)) | Err(Refusal::Malformed)), "signed is kept: {received:?}");
        drop(plain.understand(body.as_bytes()));
        drop(sealed().receive(&push(ADDRESS, &outer(&body)), then()));
    }

    #[test]
    fn what_is_opened_never_reaches_beyond_itself(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let sealed = sealed();
        let text = BASE64_STANDARD.encode(bytes);
        prop_assert!(sealed.open(&sealed.aes.unwrap(), &text).is_none());
    }
}
