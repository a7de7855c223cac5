//! The contacts that are sent: about 800 bytes of JSON as an app would send them, every one of another customer and with
//! another reference. Only digits of a fixed width differ, so a request is made by writing one number in a few places.
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use backbone::{Clock, signature::Secrets};
use sha1::{Digest, Sha1};

/// Which contacts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Every one is about the quality of a product: a complaint, and with it a department's task.
    Complaints,
    /// Every other one is an enquiry, which ends at the front desk.
    HalfEnquiries,
}

/// Numbers the contacts of a run; no number is used twice.
#[derive(Debug, Default)]
pub struct Contacts(AtomicU64);

impl Contacts {
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Where the number goes.
const HOLE: &str = "############";

const COMPLAINT: &str = r##"{"channel":"app","external_ref":"A-############","customer":{"ref":"C-############","name":"王小明","phone":"+861############","email":"c############@example.com"},"content":"上周在你们店里买的保温杯,用了三天盖子就漏水了,包里的文件全湿了。 The seal came off after three days and the papers in my bag are wet; the shop told me to write to you.","circumstances":"Bought at the counter, washed by hand, carried upright in a rucksack on the way to work.","expected_resolution":"A cup that does not leak, or my money back.","emotion":"dissatisfied","class":"product_quality","purchase":{"order_ref":"O-############"},"product_id":"P-204117","batch":"L-2407-118","store":"S-0031","vip_tier":1}"##;

const ENQUIRY: &str = r##"{"channel":"app","external_ref":"A-############","customer":{"ref":"C-############","name":"王小明","phone":"+861############","email":"c############@example.com"},"content":"请问这款保温杯的盖子可以单独购买吗?哪家门店有现货? Can the lid of this cup be bought on its own, and which of your shops near the university has it on the shelf this week? The website only says that it exists.","circumstances":"Bought at the counter last month; the cup itself is fine.","expected_resolution":"The address of a shop, and what it costs.","emotion":"calm","class":"enquiry","purchase":{"order_ref":"O-############"},"product_id":"P-204117","batch":"L-2407-118","store":"S-0031","vip_tier":1}"##;

/// A whole HTTP request, ready but for its number.
#[derive(Clone, Debug)]
struct Template {
    bytes: Vec<u8>,
    holes: Vec<usize>,
}

impl Template {
    fn of(body: &str) -> Self {
        let head = "POST /v1/cases HTTP/1.1\r\nhost: intake\r\ncontent-type: application/json\r\ncontent-length:";
        let request = format!("{head} {}\r\n\r\n{body}", body.len());
        let holes = request.match_indices(HOLE).map(|(at, _)| at).collect();
        Self { bytes: request.into_bytes(), holes }
    }

    fn filled(&mut self, number: u64) -> &[u8] {
        let digits = format!("{number:0width$}", width = HOLE.len());
        for at in &self.holes {
            if let Some(hole) = self.bytes.get_mut(*at..*at + HOLE.len()) {
                hole.copy_from_slice(digits.as_bytes());
            }
        }
        &self.bytes
    }
}

/// How a platform speaks and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON, signed as Standard Webhooks has it.
    SignedJson,
    /// An official account's XML, signed by its token.
    Wechat,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::SignedJson, Self::Wechat];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedJson => "signed JSON",
            Self::Wechat => "WeChat's XML",
        }
    }

    /// What intake is told of the source.
    pub fn source(self) -> &'static str {
        match self {
            Self::SignedJson => {
                "[service.channels.bench]\nkind = \"signed_json\"\nchannel = \"app\"\n\
                 secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n"
            }
            Self::Wechat => {
                "[service.channels.wechat]\nkind = \"wechat\"\ntoken = \"bench-token\"\napp_id = \"wxbench\"\n"
            }
        }
    }
}

/// What a customer writes to the account, about as long as the others.
const MESSAGE: &str = "<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><FromUserName><![CDATA[oBench-############]]>\
    </FromUserName><CreateTime>@@</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[上周在你们店里买的保温杯,\
    用了三天盖子就漏水了,包里的文件全湿了,我要投诉。 The seal came off after three days and the papers in my bag are wet; the shop \
    told me to write to you.]]></Content><MsgId>############</MsgId></xml>";

/// Contacts as platforms push them, each with an id of its own.
pub struct Pushes {
    kind: Kind,
    contacts: Arc<Contacts>,
    secrets: Secrets,
}

impl Pushes {
    pub fn new(kind: Kind, contacts: Arc<Contacts>) -> anyhow::Result<Self> {
        let secrets = Secrets::read(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()])?;
        Ok(Self { kind, contacts, secrets })
    }

    /// The next request, signed now, as it goes over the wire.
    pub fn request(&self, clock: &Clock) -> Vec<u8> {
        let (number, at) = (self.contacts.next(), clock.now().as_second());
        let digits = format!("{number:0width$}", width = HOLE.len());
        let request = match self.kind {
            Kind::SignedJson => {
                let body = COMPLAINT.replace(HOLE, &digits);
                let id = format!("bench-{number}");
                let signature = self.secrets.sign(&id, at, body.as_bytes());
                format!(
                    "POST /v1/channels/bench HTTP/1.1\r\nhost: intake\r\ncontent-type: application/json\r\nwebhook-id: \
                     {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
            Kind::Wechat => {
                let body = MESSAGE.replace(HOLE, &digits).replace("@@", &at.to_string());
                let signature = of_wechat(at, &digits);
                format!(
                    "POST /v1/channels/wechat?signature={signature}&timestamp={at}&nonce={digits} HTTP/1.1\r\nhost: \
                     intake\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
        };
        request.into_bytes()
    }
}

/// SHA-1 over the token, the time and the nonce in their order, as WeChat signs.
fn of_wechat(at: i64, nonce: &str) -> String {
    let at = at.to_string();
    let mut parts = ["bench-token", &at, nonce];
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The requests of one connection.
#[derive(Clone, Debug)]
pub struct Requests {
    mix: Mix,
    complaint: Template,
    enquiry: Template,
}

impl Requests {
    pub fn new(mix: Mix) -> Self {
        Self { mix, complaint: Template::of(COMPLAINT), enquiry: Template::of(ENQUIRY) }
    }

    /// The request with this number (below 10^12), as it goes over the wire.
    pub fn request(&mut self, number: u64) -> &[u8] {
        let enquiry = self.mix == Mix::HalfEnquiries && number % 2 == 1;
        if enquiry { self.enquiry.filled(number) } else { self.complaint.filled(number) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::Value;

    use super::*;

    fn body(requests: &mut Requests, number: u64) -> Value {
        let request = String::from_utf8(requests.request(number).to_vec()).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        assert!((600..=900).contains(&body.len()), "{} bytes", body.len());
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn every_contact_is_of_another_customer_and_has_another_reference() {
        let mut requests = Requests::new(Mix::Complaints);
        let (first, second) = (body(&mut requests, 7), body(&mut requests, 123_456_789_012));
        assert_eq!(first.pointer("/external_ref").unwrap(), "A-000000000007");
        for place in ["/external_ref", "/customer/ref", "/customer/phone", "/customer/email", "/purchase/order_ref"] {
            assert_ne!(first.pointer(place).unwrap(), second.pointer(place).unwrap(), "{place}");
        }
    }

    #[test]
    fn a_message_of_wechat_is_signed_by_what_it_says() {
        // As sha1sum has it of "1700000000" "42" "bench-token".
        assert_eq!(of_wechat(1_700_000_000, "42"), "e4a34480ddb4efae0d2146a6a66b7e83e6e4d220");
        let pushes = Pushes::new(Kind::Wechat, Arc::default()).unwrap();
        let request = String::from_utf8(pushes.request(&Clock::system())).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        assert!(head.contains("&nonce=000000000000 ") && body.contains("<MsgId>000000000000</MsgId>"), "{request}");
        assert!(!body.contains('#') && !body.contains("@@") && (400..=900).contains(&body.len()), "{body}");
    }

    #[test]
    fn every_other_contact_of_the_mix_is_an_enquiry() {
        let class = |mix, number| body(&mut Requests::new(mix), number).pointer("/class").unwrap().clone();
        assert_eq!(class(Mix::HalfEnquiries, 1), "enquiry");
        assert_eq!(class(Mix::HalfEnquiries, 2), "product_quality");
        assert_eq!(class(Mix::Complaints, 1), "product_quality");
    }
}
