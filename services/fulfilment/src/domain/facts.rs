//! What the policy of returns is asked: what the purchase says, and what the caller states where it says nothing.
//! Invariant: nobody states a price, a category, a channel, a delivery or a buyer otherwise than the purchase has it; and only
//! a purchase that is known here is a receipt.
use jiff::{SignedDuration, Timestamp};
use kernel::{
    money::Money,
    returns::{Facts, Kind, Proof},
};
use uuid::Uuid;

use super::account::{PurchaseAccount, Rejection, Units};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What a caller states of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub kind: Kind,
    pub reason: String,
    pub segment: Option<String>,
    pub opened: Option<bool>,
    pub resaleable: Option<bool>,
    pub discomfort: Option<bool>,
    /// These hold where no purchase says otherwise.
    pub proof: Proof,
    pub category: Option<String>,
    pub channel: Option<String>,
    pub bought_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub paid: Option<Money>,
}

/// Who asks for it, and for what of a purchase.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// His pseudonyms; none where he is not known.
    pub customers: &'a [Uuid],
    pub units: &'a Units,
}

/// Of what is no purchase of ours. A receipt nobody here knows of proves nothing: whoever asks could state any. That the article
/// was bought elsewhere is his own word against himself, and stays.
pub fn stated(said: Stated, now: Timestamp) -> Facts {
    let proof = if said.proof == Proof::Receipt { Proof::None } else { said.proof };
    facts(Stated { proof, ..said }, now)
}

fn facts(stated: Stated, now: Timestamp) -> Facts {
    Facts {
        kind: stated.kind,
        reason: stated.reason,
        proof: stated.proof,
        category: stated.category,
        channel: stated.channel,
        segment: stated.segment,
        days_since_delivery: days(stated.delivered_at, now),
        days_since_purchase: days(stated.bought_at, now),
        opened: stated.opened,
        // What was never opened can be sold again.
        resaleable: stated.resaleable.or((stated.opened == Some(false)).then_some(true)),
        discomfort: stated.discomfort,
        amount: stated.paid,
        buyer: None,
    }
}

/// Of so many pieces of a line of a purchase. What was bought in a shop was received there.
/// Errors: the purchase or the line is not known, or has fewer pieces.
pub fn of_purchase(
    mut said: Stated,
    account: &PurchaseAccount,
    Asks { customers, units }: Asks<'_>,
    now: Timestamp,
) -> Result<Facts, Rejection> {
    let (_, sale, article) = account.article(&units.line_id)?;
    said.proof = Proof::Receipt;
    said.paid = account.paid_for(units)?.or(said.paid);
    if let Some(article) = article {
        said.category = Some(article.category.clone()).filter(|category| !category.is_empty());
    }
    if let Some(sale) = sale {
        let in_shop = sale.channel.as_deref() == Some("shop");
        said.bought_at = sale.bought_at;
        said.delivered_at = sale.delivered_at.or(said.delivered_at).or(sale.bought_at.filter(|_| in_shop));
        said.channel.clone_from(&sale.channel);
    }
    let buyer = account.bought_by().filter(|_| !customers.is_empty());
    Ok(Facts { buyer: buyer.map(|buyer| customers.contains(&buyer)), ..facts(said, now) })
}

/// Whole days that have passed; none for what is yet to come.
fn days(since: Option<Timestamp>, now: Timestamp) -> Option<u32> {
    let passed = now.duration_since(since?).as_secs() / DAY.as_secs();
    Some(u32::try_from(passed).unwrap_or(0))
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
