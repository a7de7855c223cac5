//! The forms in which data are handed to the system: a sale as intake takes it, an answer as scheduling takes it.
//! Invariant: amounts are exact minor units, and the same content always gives the same bytes.
use jiff::Timestamp;
use kernel::{id::derived, money::Money};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A sale, in the form of a line of `POST /v1/sales`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// Where it was sold: shop, website, app, platform, …
    pub channel: String,
    /// The seller's own order number, unique within the channel.
    pub order_ref: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    pub bought_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    pub customer: Customer,
    pub lines: Vec<SaleLine>,
    /// For all lines together: exactly their sum.
    pub paid: Money,
}

/// Who bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The channel's own customer number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// One article of a sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaleLine {
    pub line_id: String,
    pub product_id: String,
    pub category: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    pub quantity: u32,
    /// Of one piece, before discounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// For the whole line, freight and discounts included.
    pub paid: Money,
}

impl Sale {
    /// The id the purchase has in every service.
    pub fn purchase_id(&self) -> Uuid {
        purchase_id(&self.channel, &self.order_ref)
    }

    /// What all lines cost together. Errors: there are none, or they are in several currencies.
    pub fn sum(lines: &[SaleLine]) -> Result<Money, String> {
        let first = lines.first().ok_or("there are no lines")?;
        let paid = lines.iter().map(|line| line.paid);
        Money::sum(first.paid.currency, paid).map_err(|error| format!("paid: {error}"))
    }

    /// The sale as one line of JSON.
    pub fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// A customer's answer to a follow-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The purchase it is about; may be left out when `channel` and `order_ref` are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_ref: Option<String>,
    /// 1 (worst) to 5.
    pub score: u32,
    #[serde(default)]
    pub discomfort: bool,
    #[serde(default)]
    pub comment: String,
    /// Now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
}

impl Answer {
    /// The purchase it is about. Errors: nothing says which, or two things say different ones.
    pub fn purchase(&self) -> Result<Uuid, String> {
        let named = match (&self.channel, &self.order_ref) {
            (Some(channel), Some(order_ref)) => Some(purchase_id(channel, order_ref)),
            (None, None) => None,
            _ => return Err("channel and order_ref belong together".to_owned()),
        };
        match (self.purchase_id, named) {
            (Some(id), Some(named)) if id != named => {
                Err("purchase_id is not the one of channel and order_ref".to_owned())
            }
            (Some(id), _) | (None, Some(id)) => Ok(id),
            (None, None) => Err("purchase_id, or channel and order_ref, is missing".to_owned()),
        }
    }

    /// The same for the same answer, so that saying it twice records it once.
    pub fn key(&self, purchase: Uuid) -> String {
        let at = self.answered_at.map(|at| at.to_string()).unwrap_or_default();
        let parts = [&purchase.to_string(), &at, &self.score.to_string(), &self.discomfort.to_string(), &self.comment];
        derived("answer", &parts.map(String::as_str)).to_string()
    }
}

/// The id of a purchase in every service.
pub fn purchase_id(channel: &str, order_ref: &str) -> Uuid {
    derived("purchase", &[channel, order_ref])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn answer(json: &str) -> Answer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_answer_names_its_purchase_either_way() {
        let id = purchase_id("platform", "A-1");
        assert_eq!(answer(r#"{"channel":"platform","order_ref":"A-1","score":5}"#).purchase(), Ok(id));
        assert_eq!(answer(&format!(r#"{{"purchase_id":"{id}","score":5}}"#)).purchase(), Ok(id));
        for bad in [r#"{"score":5}"#, r#"{"channel":"shop","score":5}"#] {
            assert!(answer(bad).purchase().is_err(), "{bad}");
        }
        let both = format!(r#"{{"purchase_id":"{id}","channel":"shop","order_ref":"A-1","score":5}}"#);
        assert!(answer(&both).purchase().is_err());
    }

    #[test]
    fn the_key_follows_from_what_was_answered() {
        let id = purchase_id("shop", "1");
        let first = answer(r#"{"channel":"shop","order_ref":"1","score":2,"comment":"leaks"}"#);
        assert_eq!(first.key(id), first.clone().key(id));
        assert_ne!(first.key(id), Answer { score: 3, ..first.clone() }.key(id));
        assert_ne!(first.key(id), Answer { comment: "leaks!".into(), ..first.clone() }.key(id));
        assert_ne!(first.key(id), first.key(purchase_id("shop", "2")));
    }
}
