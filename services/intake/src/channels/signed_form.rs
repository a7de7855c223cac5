//! Platforms in JD's way: a form whose fields are signed in their order (MD5 or HMAC, as JD's and Taobao's gateways do
//! it), to be acknowledged within three seconds. What is pushed is only a hint that something is new: it is then pulled
//! from the platform's own address, signed in the same way. That also makes the weakness of such signatures harmless
//! (names and values stand side by side without a border).
use std::time::Duration;

use anyhow::Context as _;
use backbone::{Outside, outside};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, civil::DateTime, tz};
use md5::Md5;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    push::{Message, Push, Received, Refusal, Trouble, Understood, form, plain},
    signature::{fresh, hex, same},
};
use crate::rest::{CaseRequest, Customer, PurchaseRef};

/// One answer of the platform may take this long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer, in bytes.
const ANSWER_MAX: usize = 256 * 1024;
/// Such platforms tell the time of Beijing.
const ZONE: tz::Offset = tz::offset(8);

/// `kind = "signed_form"`: the app's key and secret, how it signs, and where services are pulled from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    app_key: String,
    secret: SecretString,
    sign_method: SignMethod,
    pull_url: String,
}

/// How fields are signed. What is not configured is not let in.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SignMethod {
    Md5,
    HmacMd5,
    HmacSha256,
}

/// A platform.
pub struct SignedForm {
    app_key: String,
    secret: SecretString,
    sign_method: SignMethod,
    pull_url: Url,
    client: Client,
}

type Fields = Vec<(String, String)>;

/// A service request of a customer as the platform tells it. Numbers may come as texts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    afs_service_id: Value,
    customer_pin: String,
    customer_name: Option<String>,
    customer_tel: Option<String>,
    order_id: Option<Value>,
    question_desc: String,
    /// Milliseconds since 1970; whatever else it is, the service is not lost for it.
    afs_apply_time: Option<Value>,
}

impl SignedForm {
    /// Nothing is connected yet. Errors: no key or secret, an address that is none.
    pub fn new(section: Section, outside: &Outside) -> anyhow::Result<Self> {
        let Section { app_key, secret, sign_method, pull_url } = section;
        anyhow::ensure!(!app_key.is_empty(), "app_key must be the app's");
        anyhow::ensure!(secret.expose_secret().len() >= 8, "secret must be 8 characters or more");
        let pull_url = outside::address(&pull_url).context("pull_url")?;
        Ok(Self { app_key, secret, sign_method, pull_url, client: outside.client(TIMEOUT)? })
    }

    /// A signed hint.
    pub fn receive(&self, push: &Push, now: Timestamp) -> Result<Received, Refusal> {
        let mut fields = form(&push.body);
        fields.sort();
        if fields.windows(2).any(|pair| matches!(pair, [one, next] if one.0 == next.0)) {
            return Err(Refusal::Malformed);
        }
        same(&self.sign(&fields), &field(&fields, "sign").unwrap_or_default().to_uppercase())?;
        if field(&fields, "app_key") != Some(self.app_key.as_str()) {
            return Err(Refusal::Forged);
        }
        fresh(field(&fields, "timestamp").and_then(seconds), now)?;
        Ok(Received::Message(Message::new(field(&fields, "message_id"), field(&fields, "service_id"), &push.body)))
    }

    /// What the platform says of the service it hinted at.
    pub async fn understand(&self, raw: &[u8], now: Timestamp) -> Result<Understood, Trouble> {
        let fields = form(raw);
        let Some(id) = field(&fields, "service_id").filter(|id| !id.is_empty()) else {
            return Err(Trouble::lasting("service_id: is missing, so that nothing can be pulled"));
        };
        read(id, &self.pull(id, now).await?).map(Understood::Contact)
    }

    async fn pull(&self, service_id: &str, now: Timestamp) -> Result<Vec<u8>, Trouble> {
        let timestamp = ZONE.to_datetime(now).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let named = [("app_key", self.app_key.as_str()), ("service_id", service_id), ("timestamp", &timestamp)];
        let fields: Fields = named.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut url = self.pull_url.clone();
        url.query_pairs_mut().extend_pairs(&fields).append_pair("sign", &self.sign(&fields));
        let passing = |what: &str| Trouble::Passing(format!("pulling: {what}"));
        let sent = self.client.get(url).send().await;
        let mut answer = sent.map_err(|error| passing(if error.is_timeout() { "timeout" } else { "unreachable" }))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(Trouble::lasting("the platform knows no such service")),
            other => return Err(passing(&format!("http_{}", other.as_u16()))),
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|_| passing("broke off"))? {
            body.extend_from_slice(&part);
            if body.len() > ANSWER_MAX {
                return Err(Trouble::lasting("what was pulled is too large"));
            }
        }
        Ok(body)
    }

    /// The signature over sorted fields, in capital hexadecimal digits. `sign` itself and what is empty is not signed.
    fn sign(&self, fields: &[(String, String)]) -> String {
        let signed = fields.iter().filter(|(name, value)| name != "sign" && !value.is_empty());
        let text: String = signed.flat_map(|(name, value)| [name.as_str(), value]).collect();
        let secret = self.secret.expose_secret();
        let bytes = match self.sign_method {
            SignMethod::Md5 => Md5::digest(format!("{secret}{text}{secret}")).to_vec(),
            SignMethod::HmacMd5 => keyed::<Hmac<Md5>>(secret, &text),
            SignMethod::HmacSha256 => keyed::<Hmac<Sha256>>(secret, &text),
        };
        hex(&bytes).to_uppercase()
    }
}

/// What was pulled of the service with this id, as a contact.
pub fn read(id: &str, pulled: &[u8]) -> Result<Box<CaseRequest>, Trouble> {
    let service: Service =
        serde_json::from_slice(pulled).map_err(|_| Trouble::lasting("what was pulled is not a service in JSON"))?;
    if plain(&service.afs_service_id).as_deref() != Some(id) {
        return Err(Trouble::lasting("what was pulled is another service"));
    }
    let at = |told: Value| {
        let at = plain(&told).and_then(|told| Timestamp::from_millisecond(told.parse().ok()?).ok());
        at.map_or_else(|| told.to_string(), |at| at.to_string())
    };
    let order_ref = service.order_id.as_ref().and_then(plain);
    Ok(Box::new(CaseRequest {
        external_ref: Some(id.to_owned()),
        customer: Some(Customer {
            r#ref: Some(service.customer_pin),
            name: service.customer_name,
            phone: service.customer_tel,
            ..Customer::default()
        }),
        content: Some(service.question_desc),
        purchase: order_ref.map(|order_ref| PurchaseRef { order_ref: Some(order_ref), ..PurchaseRef::default() }),
        occurred_at: service.afs_apply_time.map(at),
        ..CaseRequest::default()
    }))
}

/// The keyed hash; keys of every length do.
fn keyed<M: Mac + KeyInit>(secret: &str, text: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(secret.as_bytes())
        .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// A time such as `2026-03-02 16:00:00`, in seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    Some(ZONE.to_timestamp(at).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn platform(sign_method: SignMethod) -> SignedForm {
        let section = Section {
            app_key: "12345678".into(),
            secret: SecretString::from("helloworld"),
            sign_method,
            pull_url: "http://127.0.0.1:1/services".into(),
        };
        SignedForm::new(section, &Outside::new(None).unwrap()).unwrap()
    }

    /// The worked example in Taobao's documents of its gateway, which JD's follows; the keyed ones are our own.
    #[test]
    fn r_int_01_fields_are_signed_in_their_order_as_gateways_do_it() {
        let named = [
            ("app_key", "12345678"),
            ("fields", "num_iid,title,nick,price,num"),
            ("format", "json"),
            ("method", "taobao.item.seller.get"),
            ("num_iid", "11223344"),
            ("session", "test"),
            ("sign", "is not signed"),
            ("sign_method", "md5"),
            ("timestamp", "2016-01-01 12:00:00"),
            ("v", "2.0"),
        ];
        let fields = named.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(platform(SignMethod::Md5).sign(&fields), "66987CB115214E59E6EC978214934FB8");
        assert_eq!(platform(SignMethod::HmacMd5).sign(&fields), "B4DDA503460D60A86B16E950E5D303E9");
        assert_eq!(
            platform(SignMethod::HmacSha256).sign(&fields),
            "6B7EB7E1C35D068D69538D80282A37DFBF29B4DB11B451881AF51890626138B3"
        );
        assert_eq!(seconds("2016-01-01 12:00:00"), Some(1_451_620_800));
    }
}
