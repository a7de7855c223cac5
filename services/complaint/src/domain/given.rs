//! What a complaint was given so far. A draft that follows one that failed or did not settle the matter counts together
//! with what was done under those before it: against the limits of the approval (R-CMP-07), the amount from which on a
//! solution is raised, the band of what like complaints were given, and what policy owes for the grade (R-CMP-14). So
//! nobody stays below a limit by many drafts.
//! Invariant: all amounts of a complaint have one currency.
use kernel::money::{Currency, Money};

use super::{
    complaint::{Complaint, State},
    rulebook::total,
    solution::{Progress, Remedy, RemedyKind, Solution},
};

impl Complaint {
    /// A new draft takes the place of the former one; what was done under that one stays given.
    pub(super) fn drafted(&mut self, draft: Solution) {
        let former = self.solution.replace(draft).map(|former| former.remedies).unwrap_or_default();
        let given = former.into_iter().filter_map(|remedy| Some(Remedy { kind: remedy.given()?, ..remedy }));
        self.given.extend(given);
        self.state = State::SolutionDrafted;
    }

    /// What was done by now, under the newest draft and those before it; what was done in part is not.
    pub(super) fn done(&self) -> impl Iterator<Item = RemedyKind> {
        self.all_given().filter(|remedy| remedy.progress == Progress::Done).map(|remedy| remedy.kind)
    }

    fn all_given(&self) -> impl Iterator<Item = &Remedy> {
        self.given.iter().chain(self.solution.iter().flat_map(|solution| &solution.remedies))
    }

    /// What is given by the next draft: under the newest one too, as far as it was done or paid.
    fn given_by_now(&self) -> Option<Money> {
        total(self.all_given().filter_map(Remedy::given))
    }

    /// The currency in which something was given; none while nothing was.
    pub(super) fn currency(&self) -> Option<Currency> {
        self.given_by_now().map(|given| given.currency)
    }

    /// The worth of a new draft together with all that was given before; none where it has no price of its own.
    pub(super) fn worth_with(&self, wishes: &[RemedyKind]) -> Option<Money> {
        together(total(wishes.iter().copied()), self.given_by_now())
    }

    /// The same of the newest draft.
    pub fn worth(&self) -> Option<Money> {
        let kinds = |remedies: &[Remedy]| total(remedies.iter().map(|remedy| remedy.kind));
        together(kinds(&self.solution.as_ref()?.remedies), kinds(&self.given))
    }
}

fn together(own: Option<Money>, before: Option<Money>) -> Option<Money> {
    own.map(|own| before.map_or(own, |before| own.checked_add(before).unwrap_or(own)))
}
