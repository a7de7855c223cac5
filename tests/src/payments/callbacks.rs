//! What the sandbox provider tells of itself: how each refund ended, as signed callbacks (Standard Webhooks), and what goes wrong
//! with them. A provider that falls silent tells nothing.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backbone::{Clock, Outside, signature::Secrets};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::ledger::{Answer, Order};

/// The body of `PUT /callbacks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calling {
    /// Where they are sent to.
    pub url: String,
    /// What they are signed with: `whsec_` and base64.
    pub secret: String,
    /// What goes wrong with each of them.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
}

/// What can go wrong with a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It is sent twice.
    Duplicates,
    /// It is sent after that of the next refund.
    OutOfOrder,
    /// It is sent a while after the refund was answered.
    Late,
    /// One is sent besides that names one minor unit more.
    WrongAmount,
    /// Two are sent besides: of another purchase, and with a key that nobody has.
    AnotherOrder,
    /// One is sent besides that nobody signed.
    Unsigned,
    /// One is sent besides that was signed ten minutes ago.
    Stale,
}

impl Trouble {
    pub const ALL: [Self; 7] = [
        Self::Duplicates,
        Self::OutOfOrder,
        Self::Late,
        Self::WrongAmount,
        Self::AnotherOrder,
        Self::Unsigned,
        Self::Stale,
    ];
}

/// The body of `GET /callbacks`: what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Answered with 2xx.
    pub taken: u64,
    /// By the code of the answer, or its status where it has none.
    pub refused: BTreeMap<String, u64>,
}

/// How long a callback may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long after the answer a late one is sent.
const LATE: Duration = Duration::from_millis(200);

/// Who sends callbacks. Clones are the same.
#[derive(Clone)]
pub(super) struct Caller {
    calling: Calling,
    secrets: Arc<Secrets>,
    clock: Clock,
    http: reqwest::Client,
    /// To be sent after those of the next refund.
    held: Arc<Mutex<Vec<Callback>>>,
    told: Arc<Mutex<Told>>,
    /// How many are under way.
    under_way: watch::Sender<usize>,
}

/// One request.
#[derive(Clone)]
struct Callback {
    body: Value,
    signed: bool,
    age: SignedDuration,
    after: Duration,
}

impl Caller {
    /// Errors: a secret that is none.
    pub fn new(calling: Calling, clock: Clock) -> Result<Self, String> {
        let secrets = [SecretString::from(calling.secret.clone())];
        let secrets = Secrets::read(&secrets).map(Arc::new).map_err(|error| error.to_string())?;
        let http = Outside::new(None).and_then(|outside| Ok(outside.client(ANSWER_WITHIN)?));
        let (held, told, http) = (Arc::default(), Arc::default(), http.map_err(|error| error.to_string())?);
        Ok(Self { calling, secrets, clock, http, held, told, under_way: watch::Sender::new(0) })
    }

    /// Tells how a refund ended, with all that goes wrong.
    pub fn tell(&self, key: &str, order: &Order, answer: &Answer) {
        let mut due = self.besides(key, order, answer);
        let has = |trouble| self.calling.troubles.contains(&trouble);
        let after = if has(Trouble::Late) { LATE } else { Duration::ZERO };
        let real = Callback { after, ..Callback::of(body(key, order, answer)) };
        let copies = if has(Trouble::Duplicates) { 2 } else { 1 };
        let mut own = vec![real; copies];
        if has(Trouble::OutOfOrder) {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut own, &mut held);
        }
        due.extend(own);
        self.send(due);
    }

    /// What is sent beside the callback itself; none of it is true, or can be believed.
    fn besides(&self, key: &str, order: &Order, answer: &Answer) -> Vec<Callback> {
        let real = || Callback::of(body(key, order, answer));
        let besides = |trouble: &Trouble| match trouble {
            Trouble::WrongAmount => {
                let mut more = order.clone();
                more.amount.minor += 1;
                vec![Callback::of(body(key, &more, answer))]
            }
            Trouble::AnotherOrder => {
                let other = Order { purchase_ref: Uuid::new_v4().to_string(), ..order.clone() };
                let nobody = Uuid::new_v4().to_string();
                vec![Callback::of(body(key, &other, answer)), Callback::of(body(&nobody, order, answer))]
            }
            Trouble::Unsigned => vec![Callback { signed: false, ..real() }],
            Trouble::Stale => vec![Callback { age: SignedDuration::from_mins(10), ..real() }],
            Trouble::Duplicates | Trouble::OutOfOrder | Trouble::Late => vec![],
        };
        self.calling.troubles.iter().flat_map(besides).collect::<Vec<_>>()
    }

    /// What is held back goes, and all that is under way arrives; says what came of all of them.
    pub async fn told(&self) -> Told {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        self.send(held);
        let mut under_way = self.under_way.subscribe();
        let _never_closed = under_way.wait_for(|under_way| *under_way == 0).await;
        self.view()
    }

    pub fn view(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One after the other.
    #[expect(clippy::disallowed_methods, reason = "they end with the provider's runtime, and before if they can")]
    fn send(&self, callbacks: Vec<Callback>) {
        self.under_way.send_modify(|under_way| *under_way += 1);
        let caller = self.clone();
        tokio::spawn(async move {
            for callback in callbacks {
                caller.post(callback).await;
            }
            caller.under_way.send_modify(|under_way| *under_way -= 1);
        });
    }

    async fn post(&self, Callback { body, signed, age, after }: Callback) {
        let _patience = tokio::time::timeout(after, std::future::pending::<()>()).await;
        let (body, id) = (body.to_string(), format!("msg_{}", Uuid::new_v4()));
        let at = (self.clock.now() - age).as_second();
        let request = self.http.post(&self.calling.url).header("webhook-id", &id);
        let request = request.header("webhook-timestamp", at.to_string());
        let request = match signed {
            true => request.header("webhook-signature", self.secrets.sign(&id, at, body.as_bytes())),
            false => request,
        };
        let Ok(answer) = request.body(body).send().await else { return };
        let (status, problem) = (answer.status(), answer.json::<Value>().await.unwrap_or_default());
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if status.is_success() {
            told.taken += 1;
        } else {
            let code = problem["code"].as_str().map_or_else(|| status.to_string(), str::to_owned);
            *told.refused.entry(code).or_default() += 1;
        }
    }
}

impl Callback {
    fn of(body: Value) -> Self {
        Self { body, signed: true, age: SignedDuration::ZERO, after: Duration::ZERO }
    }
}

fn body(key: &str, Order { purchase_ref, amount, .. }: &Order, answer: &Answer) -> Value {
    let (kind, name, word) = match answer {
        Answer::Succeeded { provider_ref } => ("refund.succeeded", "provider_ref", provider_ref),
        Answer::Failed { code } => ("refund.failed", "code", code),
    };
    let mut data = json!({ "key": key, "amount": amount, "purchase_ref": purchase_ref });
    data[name] = word.clone().into();
    json!({ "type": kind, "data": data })
}
