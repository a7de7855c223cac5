//! What customers bring, number by number: sales that were made some days ago, contacts about them, answers to follow-ups.
//! Invariant: the same seed writes the same script, and every contact and answer comes after the sale it is about.
use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use kernel::{id::derived, money::Money};
use serde_json::json;
use uuid::Uuid;

use crate::{
    forms::{Answer, Sale},
    source,
};

/// Things brought a second.
pub const RATE: u32 = 20;
/// A run of one round is over before its script ends.
const SHORTEST: Duration = Duration::from_secs(300);
/// Sales were made so many days ago at most, so that most follow-ups fall due at once.
const DAYS: u32 = 20;
/// So many sales later a customer contacts us about a sale, or answers a follow-up about it.
const CONTACT_AFTER: usize = 8;
const ANSWER_AFTER: usize = 20;
/// What contacts are about; `None`: no contact. Enquiries and suggestions are no complaints.
const ABOUT: [Option<&str>; 10] = [
    Some("product_quality"),
    Some("delivery"),
    Some("enquiry"),
    Some("return_exchange"),
    Some("discomfort"),
    Some("product_quality"),
    Some("suggestion"),
    Some("service_attitude"),
    None,
    None,
];

/// One thing a customer brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Sale(usize),
    Contact(Contact),
    Answer(Answer),
}

/// A contact about a sale.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Stands in the contact as the store (which is wanted of each of these classes), and as the channel's own reference where it has one.
    pub marker: String,
    pub channel: String,
    pub has_reference: bool,
    pub class: &'static str,
    sale: usize,
}

impl Contact {
    /// The id the case must have, where the channel has a reference of its own.
    pub fn case_id(&self) -> Option<Uuid> {
        self.has_reference.then(|| derived("case", &[&self.channel, &self.marker]))
    }

    /// Whether it is handled as a complaint.
    pub fn is_complaint(&self) -> bool {
        !matches!(self.class, "enquiry" | "suggestion")
    }
}

/// Everything that is brought, in order.
pub struct Script {
    pub sales: Vec<Sale>,
    pub steps: Vec<Step>,
}

impl Script {
    /// Enough for `length`, at [`RATE`].
    pub fn write(seed: u64, length: Duration, now: Timestamp) -> anyhow::Result<Self> {
        let steps = (length + SHORTEST).as_secs() * u64::from(RATE);
        let per_day = u32::try_from(steps / 2 / u64::from(DAYS - 10))? + 1;
        let start = now - SignedDuration::from_hours(24 * i64::from(DAYS));
        let source = source::generate(seed, start, DAYS - 10, per_day);
        let mut sales = source.sales;
        for sale in &mut sales {
            sale.delivered_at = sale.delivered_at.filter(|at| *at <= now);
        }
        let mut answers: HashMap<Uuid, Answer> = HashMap::new();
        for answer in source.answers {
            if let Ok(purchase) = answer.purchase() {
                answers.insert(purchase, Answer { answered_at: None, ..answer });
            }
        }
        let mut steps = Vec::new();
        for number in 0..sales.len() {
            steps.push(Step::Sale(number));
            if let Some(sale) = number.checked_sub(CONTACT_AFTER) {
                steps.extend(contacts(seed, sale, &sales));
            }
            let answered = number.checked_sub(ANSWER_AFTER).and_then(|sale| sales.get(sale));
            steps.extend(answered.and_then(|sale| answers.remove(&sale.purchase_id())).map(Step::Answer));
        }
        Ok(Self { sales, steps })
    }

    /// What each purchase was paid.
    pub fn paid(&self) -> HashMap<Uuid, Money> {
        self.sales.iter().map(|sale| (sale.purchase_id(), sale.paid)).collect()
    }

    /// The contact as its channel sends it.
    pub fn body(&self, contact: &Contact) -> Option<String> {
        let sale = self.sales.get(contact.sale)?;
        let mut body = json!({
            "channel": contact.channel,
            "customer": sale.customer,
            "content": "the article is not what was promised, and I want to know what you do about it",
            "class": contact.class,
            "store": contact.marker,
            "purchase": { "channel": sale.channel, "order_ref": sale.order_ref },
        });
        if contact.has_reference {
            body["external_ref"] = json!(contact.marker);
        }
        Some(body.to_string())
    }
}

/// The contacts about a sale: none, one, or now and then two that want the same money.
fn contacts(seed: u64, sale: usize, sales: &[Sale]) -> Vec<Step> {
    let Some(sold) = sales.get(sale) else { return Vec::new() };
    let count = if chance(seed, "twice", sale, 12) == 0 { 2 } else { 1 };
    (0..count)
        .filter_map(|which| {
            let marker = format!("F{seed}-{sale}-{which}");
            let pick = usize::try_from(chance(seed, &marker, sale, ABOUT.len() as u64)).unwrap_or_default();
            let class = ABOUT.get(pick).copied().flatten()?;
            let has_reference = chance(seed, &marker, which, 2) == 0;
            Some(Step::Contact(Contact { channel: sold.channel.clone(), marker, has_reference, class, sale }))
        })
        .collect()
}

/// A number below `bound` that looks random and is the same for the same question.
pub fn chance(seed: u64, what: &str, number: usize, bound: u64) -> u64 {
    let drawn = derived("faults", &[&seed.to_string(), what, &number.to_string()]).as_u64_pair().1;
    // The lowest bits of a UUID are plain hash.
    (drawn & 0xffff_ffff) % bound.max(1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::HashSet;

    use super::*;

    fn script(seed: u64) -> Script {
        Script::write(seed, Duration::ZERO, "2026-01-31T10:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_same_seed_writes_the_same_script() {
        assert_eq!(script(1).steps, script(1).steps);
        assert_ne!(script(1).steps, script(2).steps);
    }

    #[test]
    fn a_script_lasts_longer_than_a_round_and_no_contact_is_written_twice() {
        let script = script(7);
        assert!(script.steps.len() as u64 >= SHORTEST.as_secs() * u64::from(RATE));
        let markers: Vec<&str> = script.steps.iter().filter_map(marker).collect();
        assert_eq!(markers.iter().collect::<HashSet<_>>().len(), markers.len());
        assert!(markers.len() * 2 > script.sales.len(), "most sales lead to a contact");
    }

    #[test]
    fn everything_is_about_a_sale_made_before() {
        let script = script(3);
        let mut known = HashSet::new();
        for step in &script.steps {
            match step {
                Step::Sale(number) => {
                    known.insert(script.sales[*number].purchase_id());
                }
                Step::Contact(contact) => assert!(known.contains(&script.sales[contact.sale].purchase_id())),
                Step::Answer(answer) => assert!(known.contains(&answer.purchase().unwrap())),
            }
        }
    }

    fn marker(step: &Step) -> Option<&str> {
        match step {
            Step::Contact(contact) => Some(&contact.marker),
            Step::Sale(_) | Step::Answer(_) => None,
        }
    }
}
