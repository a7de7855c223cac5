//! What becomes of a refund means for its order.
use super::{
    super::{
        Consequence,
        order::{self, money::News, portion},
    },
    Event, Part, Refund,
};

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
            (Event::Contradicted | Event::AmountDiffers, _, Some(Part { no, attempt, .. })) if self.has_failed() => {
                portion(portion::News::Doubt { no, attempt })
            }
            (Event::Contradicted | Event::AmountDiffers, Some(claim_id), None) if self.has_failed() => {
                order::Command::money(claim_id, News::Doubt)
            }
            (
                Event::Queued { .. }
                | Event::Sent { .. }
                | Event::OutcomeUnknown { .. }
                | Event::Overdue
                | Event::AmountDiffers
                | Event::Requeued { .. }
                | Event::Doubted
                | Event::EarlierSaid(_)
                | Event::EarlierSettled(_)
                | Event::Contradicted,
                ..,
            ) => return vec![],
        };
        vec![Consequence::Order(facts.order_id, command)]
    }
}
