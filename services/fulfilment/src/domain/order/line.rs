//! A line of an order that was asked for: an article, what was said about it, and what is wanted instead.
use std::collections::BTreeMap;

use kernel::{
    money::Money,
    returns::{Answer, Bearer, Goods, Kind, Receipt},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        Consequence,
        account::{self, Units},
    },
    compensation::Stage,
    goods::Leg,
    request::Request,
    returning::Pieces,
    work::{Alternative, Work},
};

/// One article, and the decision about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Nothing for what is no purchase of ours.
    pub bought: Option<Bought>,
    pub product_id: String,
    pub batch: String,
    pub serial: String,
    /// Pieces.
    pub quantity: u32,
    /// References of photos and papers.
    pub evidence: Vec<String>,
    pub receipt: Receipt,
    /// What goes out instead, where it is not the same article; of an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Wanted>,
    /// Its pieces on their way back, once they are asked back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<Leg>,
    /// Of a repair, once it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
}

/// A line of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bought {
    pub purchase_id: Uuid,
    pub line_id: String,
}

/// An article that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    pub product_id: String,
    /// Of one piece; nothing where no money moves.
    pub price: Option<Money>,
}

/// What holds for a line by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Eligible,
    Ineligible,
    InReview,
}

impl Verdict {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Ineligible => "ineligible",
            Self::InReview => "in_review",
        }
    }
}

impl Line {
    /// The rule that decided gives money for it.
    pub(super) fn grants_money(&self) -> bool {
        let allowed = &self.receipt.outcome.allowed;
        allowed.contains(&Kind::ReturnRefund) || allowed.contains(&Kind::RefundOnly)
    }

    /// The refund that is offered instead of its repair although no rule gives money, and that nobody has approved.
    pub(super) fn unapproved(&self) -> Option<&Alternative> {
        let offer = self.work.as_ref()?.open_refund().filter(|_| !self.grants_money());
        offer.filter(|offer| !offer.approval.as_ref().is_some_and(|approval| approval.approved))
    }
}

impl Request {
    /// What holds for a line of this order by now.
    pub fn verdict(&self, line: &Line) -> Verdict {
        if self.agreed {
            return Verdict::Eligible;
        }
        let given = self.compensation.as_ref().filter(|_| line.receipt.outcome.answer == Answer::Review);
        if let Some(one) = given {
            return match one.stage {
                Stage::Asked | Stage::HeldBack => Verdict::InReview,
                Stage::Refused { .. } => Verdict::Ineligible,
                _ => Verdict::Eligible,
            };
        }
        match (line.receipt.outcome.answer, &self.review) {
            (Answer::Ineligible, _) => Verdict::Ineligible,
            (Answer::Eligible, _) if !self.takes_a_person(line) => Verdict::Eligible,
            (_, None) => Verdict::InReview,
            (_, Some(review)) if review.approved => Verdict::Eligible,
            (_, Some(_)) => Verdict::Ineligible,
        }
    }

    /// When the goods of a line come back: none for a compensation; and what the policy would not take, but was agreed, comes
    /// before anything goes out for it.
    pub(super) fn goods_come(&self, line: &Line) -> Goods {
        match line.receipt.outcome.goods {
            _ if self.compensation.is_some() => Goods::No,
            _ if self.agreed && line.receipt.outcome.answer == Answer::Ineligible => Goods::Before,
            goods => goods,
        }
    }

    /// The line with this number.
    pub(super) fn line(&self, line_no: u32) -> Option<&Line> {
        self.lines.get(usize::try_from(line_no).ok()?.checked_sub(1)?)
    }

    /// The lines whose goods come back.
    pub fn returning(&self) -> impl Iterator<Item = (u32, &Line)> {
        let wanted = |line: &&Line| self.verdict(line) == Verdict::Eligible && self.goods_come(line) != Goods::No;
        (1..).zip(&self.lines).filter(move |(_, line)| wanted(line))
    }

    /// Who pays for the way back: not the customer as soon as one line says so, for it is one parcel (R-FUL-08).
    pub fn freight(&self) -> Option<Bearer> {
        self.returning().map(|(_, line)| line.receipt.outcome.freight).min_by_key(|bearer| *bearer == Bearer::Customer)
    }

    /// One command to each purchase whose pieces are meant.
    pub(super) fn tell(&self, pieces: &Pieces, command: impl Fn(Vec<Units>) -> account::Command) -> Vec<Consequence> {
        let mut all: BTreeMap<Uuid, Vec<Units>> = BTreeMap::new();
        for (line_no, line) in (1..).zip(&self.lines) {
            let quantity = pieces.get(&line_no).copied().unwrap_or_default();
            if let Some(Bought { purchase_id, line_id }) = line.bought.as_ref().filter(|_| quantity > 0) {
                all.entry(*purchase_id).or_default().push(Units { line_id: line_id.clone(), quantity });
            }
        }
        all.into_iter().map(|(purchase_id, units)| Consequence::Account(purchase_id, command(units))).collect()
    }
}
