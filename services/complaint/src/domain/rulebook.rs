//! What the house decided about solutions: who approves which (R-CMP-07). It comes with the commands that need it, so
//! that deciding stays pure; an approval that was requested keeps the steps it was requested with.
use kernel::approval::{Matrix, Matter, Powers};

use super::{
    solution::{RemedyKind, Solution},
    values::Class,
};

/// The rules that hold now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulebook {
    pub matrix: Matrix,
    pub powers: Powers,
}

/// A solution as the matrix knows it: the kinds of its remedies, and the sum of what they are worth.
pub fn matter(class: Class, solution: &Solution) -> Matter {
    let mut kinds: Vec<String> = solution.remedies.iter().map(|remedy| remedy.kind.name().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    Matter { kinds, class: class.name().to_owned(), amount: total(solution.remedies.iter().map(|r| r.kind)) }
}

/// The worth of remedies together; nothing when none has a price. Drafts have one currency and bounds.
pub fn total(remedies: impl Iterator<Item = RemedyKind>) -> Option<kernel::money::Money> {
    remedies.filter_map(RemedyKind::amount).reduce(|sum, amount| sum.checked_add(amount).unwrap_or(sum))
}
