//! Of what a refund is for an order, and what becomes of it means for that.
use kernel::money::Money;
use uuid::Uuid;

use super::{
    super::{
        Consequence,
        order::{self, money::News, portion},
        refund_id,
    },
    Event, Facts, Part, Refund,
};

impl Facts {
    /// What pays a claim of an order that was asked for, as one, by the provider.
    pub fn of_claim(claim_id: Uuid, order_id: Uuid, purchase_id: Uuid, amount: Money) -> Self {
        Self {
            refund_id: refund_id(claim_id),
            order_id,
            complaint_id: Uuid::nil(),
            purchase_id,
            amount,
            claim_id: Some(claim_id),
            compensation: false,
            part: None,
            by_hand: false,
        }
    }
}

impl Refund {
    /// The order learns how its money fared.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        let Some(facts) = &self.facts else { return vec![] };
        let claim_id = facts.claim_id.unwrap_or(facts.order_id);
        let portion = |news| order::Command::Portion { claim_id, news };
        let command = match (event, facts.claim_id, facts.part) {
            (Event::Succeeded { .. } | Event::PaidByHand { .. }, _, Some(Part { no, attempt, .. })) => {
                portion(portion::News::Pay { no, attempt })
            }
            (Event::Failed { code, .. }, _, Some(Part { no, attempt, .. })) => {
                portion(portion::News::Fail { no, attempt, code: code.clone() })
            }
            (Event::Succeeded { .. } | Event::PaidByHand { .. }, None, None) => order::Command::Complete,
            (Event::Succeeded { .. } | Event::PaidByHand { .. }, Some(claim_id), None) => {
                order::Command::money(claim_id, News::Pay)
            }
            (Event::Failed { code, .. }, None, None) => order::Command::Fail { code: code.clone() },
            (Event::Failed { code, .. }, Some(claim_id), None) => {
                order::Command::money(claim_id, News::Fail { code: code.clone() })
            }
            // It has said no before, so that another attempt may be under way.
            (Event::Contradicted | Event::AmountDiffers | Event::PaidTwice, ..) if self.has_failed() => {
                let differs = *event == Event::AmountDiffers;
                let doubt = doubt(facts, differs).map(|command| Consequence::Order(facts.order_id, command));
                return doubt.into_iter().collect();
            }
            (
                Event::Queued { .. }
                | Event::Sent { .. }
                | Event::OutcomeUnknown { .. }
                | Event::Overdue
                | Event::AmountDiffers
                | Event::Requeued { .. }
                | Event::Doubted { .. }
                | Event::EarlierSaid(_)
                | Event::EarlierSettled(_)
                | Event::Named { .. }
                | Event::PaidTwice
                | Event::Contradicted,
                ..,
            ) => return vec![],
        };
        // Before it said no it told another amount: with the no, too, nobody knows what was paid.
        let differs = matches!(event, Event::Failed { .. }) && self.amount_differs && !self.is_settled();
        let doubt = differs.then(|| doubt(facts, true)).flatten();
        let told = [command].into_iter().chain(doubt);
        told.map(|command| Consequence::Order(facts.order_id, command)).collect()
    }
}

/// The money is in doubt; an agreed order that is paid back as one has no other attempt at it.
fn doubt(facts: &Facts, differs: bool) -> Option<order::Command> {
    match (facts.claim_id, facts.part) {
        (_, Some(Part { no, attempt, .. })) => {
            let claim_id = facts.claim_id.unwrap_or(facts.order_id);
            Some(order::Command::Portion { claim_id, news: portion::News::Doubt { no, attempt, differs } })
        }
        (Some(claim_id), None) => Some(order::Command::money(claim_id, News::Doubt { differs })),
        (None, None) => None,
    }
}
