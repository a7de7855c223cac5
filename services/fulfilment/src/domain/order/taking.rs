//! Which pieces of purchases an order that was asked for takes and gives back, and what else its events mean for others.
use kernel::returns::Answer;

use super::{
    super::{Consequence, account},
    line::{Line, Verdict},
    request::{Event, Request},
    returning::Pieces,
};

impl Request {
    /// Pieces are taken when they are asked for, and free again when they are refused, cancelled or the customer's again, in
    /// the same article too.
    pub(super) fn consequences(&self, event: &Event) -> Vec<Consequence> {
        let whole = |meant: &dyn Fn(&Line) -> bool| -> Pieces {
            let lines = (1..).zip(&self.lines).filter(|(_, line)| meant(line));
            lines.map(|(line_no, line)| (line_no, line.quantity)).collect()
        };
        if self.compensation.is_some() {
            return self.compensation_consequences(event);
        }
        let order_id = self.order_id;
        let take = |units| account::Command::Take { order_id, units };
        let give_back = |units| account::Command::GiveBack { order_id, units };
        match event {
            Event::Requested { .. } => self.tell(&whole(&|line| self.verdict(line) != Verdict::Ineligible), take),
            Event::Reviewed(review) if !review.approved => {
                self.tell(&whole(&|line| line.receipt.outcome.answer == Answer::Review), give_back)
            }
            Event::Cancelled(_) => {
                let mut free = whole(&|line| self.verdict(line) != Verdict::Ineligible);
                // What was rejected and kept apart or destroyed he has no more; what lapsed is free already, unless something
                // was to go out for it.
                for (line_no, leg) in self.legs() {
                    let spoken_for = self.claimed(line_no).max(self.replaced(line_no));
                    free.entry(line_no).and_modify(|pieces| {
                        let lapsed = leg.goods.lapsed().min(pieces.saturating_sub(spoken_for));
                        *pieces = pieces.saturating_sub(leg.goods.rejected().saturating_add(lapsed));
                    });
                }
                let released = self.released().into_iter().chain(self.agreed_kept(event));
                self.tell(&free, give_back).into_iter().chain(released).collect()
            }
            Event::Goods(happened) => {
                let free = self.kept_by_customer(happened).into_iter().chain(self.exchanged_with(event)).collect();
                self.tell(&free, give_back).into_iter().chain(self.agreed_kept(event)).collect()
            }
            Event::Replacement(happened) => {
                let free = self.tell(&self.exchanged_with(event).into_iter().collect(), give_back);
                free.into_iter().chain(self.difference_taken(happened)).collect()
            }
            Event::Money(event) => self.money_consequences(event),
            Event::Work { line_no, event } => self.work_consequences(*line_no, event),
            Event::Decided
            | Event::Confirmed { .. }
            | Event::Reviewed(_)
            | Event::Authorised { .. }
            | Event::Unanswered { .. }
            | Event::Label(_)
            | Event::Compensation(_)
            | Event::TooMuchAsked
            | Event::Finished => vec![],
        }
    }
}
