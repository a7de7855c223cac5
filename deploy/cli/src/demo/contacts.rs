//! Customers who get in touch by themselves: by app, hotline, website and platform, about parcels, people, health and
//! simple questions. Who does, when and why follows from the order, so that every run tells the same stories.
use std::{collections::HashSet, time::Duration};

use anyhow::bail;
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{drive::Driver, forms::Sale, home, remote, source::Source};

/// One buyer in so many gets in touch.
const ONE_IN: u64 = 25;
const TRIES: u32 = 240;

/// What a customer says, where, and how a member of staff classes it; `None` leaves the class to intake's rules.
const SAID: [(&str, Option<&str>, &str); 6] = [
    ("app", Some("delivery"), "onde está o meu pedido? já passou do prazo"),
    ("hotline", Some("service_attitude"), "the shop assistant did not want to listen"),
    ("website", None, "depois de usar tive coceira e manchas vermelhas na pele"),
    ("platform", Some("return_exchange"), "it does not fit, I would like to give it back"),
    ("app", Some("enquiry"), "how do I use this?"),
    ("email", Some("product_effect"), "it does not do what the box says"),
];

/// A contact to come.
#[derive(Clone, Debug)]
pub struct Contact {
    pub at: Timestamp,
    pub complains: bool,
    body: Value,
}

impl Contact {
    /// Who it is: channels number their customers each for itself.
    pub fn customer(&self) -> (&str, Option<&str>) {
        let word = |pointer| self.body.pointer(pointer).and_then(Value::as_str);
        (word("/channel").unwrap_or_default(), word("/customer/ref"))
    }
}

/// Those who will get in touch before `end` about what they keep, in order of time.
pub fn of(source: &Source, end: Timestamp) -> Vec<Contact> {
    let back: HashSet<&str> = source.returns.iter().map(|back| back.order_ref.as_str()).collect();
    let kept = source.sales.iter().filter(|sale| !back.contains(sale.order_ref.as_str()));
    let mut contacts: Vec<Contact> = kept.filter_map(|sale| contact(sale, end)).collect();
    contacts.sort_by_key(|contact| contact.at);
    contacts
}

fn contact(sale: &Sale, end: Timestamp) -> Option<Contact> {
    let luck = super::luck(&sale.order_ref);
    let at = sale.bought_at + SignedDuration::from_hours(24 * i64::try_from(luck % 9 + 2).ok()?);
    let (channel, class, content) = SAID.get(usize::try_from(luck / ONE_IN % 6).ok()?)?;
    let chosen = luck.is_multiple_of(ONE_IN) && at < end;
    chosen.then(|| Contact {
        at,
        complains: *class != Some("enquiry"),
        body: json!({
            "channel": channel, "external_ref": format!("contact-{}", sale.order_ref), "content": content, "class": class,
            "customer": sale.customer, "occurred_at": at.to_string(),
            "purchase": { "channel": sale.channel, "order_ref": sale.order_ref },
        }),
    })
}

/// Takes them to intake. Errors: one is refused, or nobody answers for about two minutes.
pub async fn send(driver: &Driver, contacts: &[Contact]) -> anyhow::Result<()> {
    let url = format!("{}/v1/cases", driver.home.url(home::service("intake")?)?);
    let client = remote::http()?;
    let calls = contacts.iter().map(|contact| post(driver, &client, &url, contact));
    futures::stream::iter(calls).buffer_unordered(8).try_collect().await
}

async fn post(driver: &Driver, client: &reqwest::Client, url: &str, contact: &Contact) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        match client.post(url).json(&contact.body).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                bail!("intake refuses a contact: {}", answer.text().await?);
            }
            _ => {
                driver.revive().await?;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
    bail!("intake does not answer")
}
