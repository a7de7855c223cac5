//! What one purchase can still give back, line by line. A claim is held, refused, or waits until the purchase is known.
//! Invariant: on no line is more held than was paid for it, and a claim is decided once; the database checks the first
//! again with a constraint of its own.
use std::collections::{BTreeMap, BTreeSet};

use kernel::money::{Money, MoneyError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Consequence, Part, Refusal, order};

/// One account, with the purchase's id. `Default` is a purchase nobody has spoken of yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseAccount {
    pub purchase_id: Option<Uuid>,
    pub state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    #[default]
    Absent,
    /// Claimed on, but not known yet: the claims wait in the order they came.
    Awaited { claims: Vec<Claim> },
    /// Known.
    Open {
        /// Of all lines together.
        paid: Money,
        lines: Vec<Line>,
        /// Orders whose claim was refused, or released after it had been held.
        closed: BTreeSet<Uuid>,
    },
}

/// An order asks for an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub order_id: Uuid,
    pub amount: Money,
}

/// What was paid for a line, and what of it is held, by order. What was held and has been paid out stays held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub line_id: String,
    pub paid: Money,
    pub holds: BTreeMap<Uuid, Money>,
}

impl Line {
    /// What the line can still give back, in minor units.
    fn left(&self) -> u64 {
        let held: i128 = self.holds.values().map(|hold| i128::from(hold.minor)).sum();
        u64::try_from(i128::from(self.paid.minor) - held).unwrap_or(0)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The purchase became known: what was paid, in all and for each line.
    Open {
        purchase_id: Uuid,
        paid: Money,
        lines: Vec<Part>,
    },
    Claim {
        purchase_id: Uuid,
        claim: Claim,
    },
    /// The refund failed for good; its money is free again.
    Release {
        order_id: Uuid,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Opened { purchase_id: Uuid, paid: Money, lines: Vec<Part> },
    ClaimWaiting { purchase_id: Uuid, claim: Claim },
    Held { claim: Claim, parts: Vec<Part> },
    ClaimRefused { order_id: Uuid, reason: Refusal },
    Released(Claim),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("a claim must be for more than nothing")]
    AmountNotPositive,
    #[error("what was paid for a line cannot be less than nothing")]
    PaidNegative,
    #[error("two lines of the purchase have the same id")]
    LineTwice,
    #[error("the lines of the purchase do not add up to what was paid")]
    LinesDoNotAddUp,
    #[error("nothing is held for this order")]
    NothingHeld,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmountNotPositive => "account.amount_not_positive",
            Self::PaidNegative => "account.paid_negative",
            Self::LineTwice => "account.line_twice",
            Self::LinesDoNotAddUp => "account.lines_do_not_add_up",
            Self::NothingHeld => "account.nothing_held",
            Self::Money(_) => "account.money",
        }
    }
}

impl PurchaseAccount {
    /// What follows from the command. What was said before decides to nothing.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (command, &self.state) {
            (Command::Open { purchase_id, paid, lines }, State::Absent | State::Awaited { .. }) => {
                self.open(purchase_id, paid, lines)
            }
            (Command::Open { .. }, State::Open { .. }) => Ok(vec![]),
            (Command::Claim { purchase_id, claim }, _) => self.claim(purchase_id, claim),
            (Command::Release { order_id }, _) => self.release(order_id),
        }
    }

    /// Takes in what was paid and decides the claims that wait, first come first served.
    fn open(&self, purchase_id: Uuid, paid: Money, lines: Vec<Part>) -> Result<Vec<Event>, Rejection> {
        let names: BTreeSet<&str> = lines.iter().map(|line| line.line_id.as_str()).collect();
        if names.len() != lines.len() {
            return Err(Rejection::LineTwice);
        }
        if lines.iter().any(|line| line.amount.minor < 0) {
            return Err(Rejection::PaidNegative);
        }
        if Money::sum(paid.currency, lines.iter().map(|line| line.amount))? != paid {
            return Err(Rejection::LinesDoNotAddUp);
        }
        let waiting = match &self.state {
            State::Awaited { claims } => claims.clone(),
            State::Absent | State::Open { .. } => vec![],
        };
        let mut next = self.clone();
        let mut events = vec![Event::Opened { purchase_id, paid, lines }];
        events.iter().for_each(|event| next.apply(event));
        for claim in waiting {
            for event in next.claim(purchase_id, claim)? {
                next.apply(&event);
                events.push(event);
            }
        }
        Ok(events)
    }

    fn claim(&self, purchase_id: Uuid, claim: Claim) -> Result<Vec<Event>, Rejection> {
        if claim.amount.minor <= 0 {
            return Err(Rejection::AmountNotPositive);
        }
        match &self.state {
            State::Absent => Ok(vec![Event::ClaimWaiting { purchase_id, claim }]),
            State::Awaited { claims } if claims.iter().any(|known| known.order_id == claim.order_id) => Ok(vec![]),
            State::Awaited { .. } => Ok(vec![Event::ClaimWaiting { purchase_id, claim }]),
            State::Open { closed, .. } if closed.contains(&claim.order_id) => Ok(vec![]),
            State::Open { .. } if self.held_for(claim.order_id).is_some() => Ok(vec![]),
            State::Open { paid, lines, .. } => Ok(vec![verdict(*paid, lines, claim)?]),
        }
    }

    fn release(&self, order_id: Uuid) -> Result<Vec<Event>, Rejection> {
        match (&self.state, self.held_for(order_id)) {
            (State::Open { closed, .. }, None) if closed.contains(&order_id) => Ok(vec![]),
            (_, Some(amount)) => Ok(vec![Event::Released(Claim { order_id, amount })]),
            (_, None) => Err(Rejection::NothingHeld),
        }
    }

    pub fn apply(&mut self, event: &Event) {
        match (event, &mut self.state) {
            (Event::Opened { purchase_id, paid, lines }, state) => {
                self.purchase_id = Some(*purchase_id);
                let line =
                    |part: &Part| Line { line_id: part.line_id.clone(), paid: part.amount, holds: BTreeMap::new() };
                *state = State::Open { paid: *paid, lines: lines.iter().map(line).collect(), closed: BTreeSet::new() };
            }
            (Event::ClaimWaiting { claim, .. }, State::Awaited { claims }) => claims.push(*claim),
            (Event::ClaimWaiting { purchase_id, claim }, state) => {
                self.purchase_id = Some(*purchase_id);
                *state = State::Awaited { claims: vec![*claim] };
            }
            (Event::Held { claim, parts }, State::Open { lines, .. }) => {
                for part in parts {
                    if let Some(line) = lines.iter_mut().find(|line| line.line_id == part.line_id) {
                        line.holds.insert(claim.order_id, part.amount);
                    }
                }
            }
            (Event::ClaimRefused { order_id, .. }, State::Open { closed, .. }) => {
                closed.insert(*order_id);
            }
            (Event::Released(claim), State::Open { lines, closed, .. }) => {
                lines.iter_mut().for_each(|line| {
                    line.holds.remove(&claim.order_id);
                });
                closed.insert(claim.order_id);
            }
            (Event::Held { .. } | Event::ClaimRefused { .. } | Event::Released(_), _) => {}
        }
    }

    /// The order that claimed learns the verdict.
    pub fn consequences(&self, event: &Event) -> Vec<Consequence> {
        match event {
            Event::Held { claim, parts } => {
                vec![Consequence::Order(claim.order_id, order::Command::Grant { parts: parts.clone() })]
            }
            Event::ClaimRefused { order_id, reason } => {
                vec![Consequence::Order(*order_id, order::Command::Refuse { reason: *reason })]
            }
            Event::Opened { .. } | Event::ClaimWaiting { .. } | Event::Released(_) => vec![],
        }
    }

    /// What is held for the order on all lines together.
    pub fn held_for(&self, order_id: Uuid) -> Option<Money> {
        let State::Open { paid, lines, .. } = &self.state else { return None };
        let holds = || lines.iter().filter_map(|line| line.holds.get(&order_id).copied());
        holds().next()?;
        Money::sum(paid.currency, holds()).ok()
    }
}

/// Holds the amount if all lines together can give it, in proportion to what is left on each. A share is never above
/// what its line has left, because the amount is not above the sum of them.
fn verdict(paid: Money, lines: &[Line], claim: Claim) -> Result<Event, Rejection> {
    let refused = |reason| Event::ClaimRefused { order_id: claim.order_id, reason };
    if claim.amount.currency != paid.currency {
        return Ok(refused(Refusal::CurrencyMismatch));
    }
    let left: Vec<u64> = lines.iter().map(Line::left).collect();
    if left.iter().map(|minor| i128::from(*minor)).sum::<i128>() < i128::from(claim.amount.minor) {
        return Ok(refused(Refusal::ExceedsPaid));
    }
    let shares = claim.amount.split(&left)?;
    let part = |(line, amount): (&Line, Money)| Part { line_id: line.line_id.clone(), amount };
    let parts = lines.iter().zip(shares).filter(|(_, amount)| amount.minor > 0).map(part).collect();
    Ok(Event::Held { claim, parts })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use proptest::prelude::*;

    use super::{super::machine, *};

    const A: Uuid = Uuid::from_u128(1);
    const PURCHASE: Uuid = Uuid::from_u128(100);

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    fn parts(minors: &[i64]) -> Vec<Part> {
        let part = |(n, minor): (usize, &i64)| Part { line_id: n.to_string(), amount: money(*minor, "CNY") };
        minors.iter().enumerate().map(part).collect()
    }

    fn open(minors: &[i64]) -> Command {
        Command::Open { purchase_id: PURCHASE, paid: money(minors.iter().sum(), "CNY"), lines: parts(minors) }
    }

    fn claim(order: u128, minor: i64, code: &str) -> Command {
        let claim = Claim { order_id: Uuid::from_u128(order), amount: money(minor, code) };
        Command::Claim { purchase_id: PURCHASE, claim }
    }

    fn next(account: &PurchaseAccount, command: Command) -> Result<PurchaseAccount, &'static str> {
        let events = account.decide(command).map_err(|no| no.code())?;
        let mut next = account.clone();
        events.iter().for_each(|event| next.apply(event));
        Ok(next)
    }

    fn after(commands: &[Command]) -> PurchaseAccount {
        commands.iter().fold(PurchaseAccount::default(), |account, command| next(&account, command.clone()).unwrap())
    }

    #[test]
    fn every_command_in_every_state() {
        let known = || open(&[60, 40]);
        let states = [
            ("absent", after(&[])),
            ("awaited", after(&[claim(1, 50, "CNY")])),
            ("open", after(&[known()])),
            ("open, held", after(&[known(), claim(1, 50, "CNY")])),
            ("open, refused", after(&[known(), claim(1, 101, "CNY")])),
            ("open, released", after(&[known(), claim(1, 50, "CNY"), Command::Release { order_id: A }])),
        ];
        let short = Command::Open { purchase_id: PURCHASE, paid: money(101, "CNY"), lines: parts(&[60, 40]) };
        let commands = [
            ("open", known()),
            ("open, lines wrong", short),
            ("claim", claim(1, 50, "CNY")),
            ("claim too much", claim(1, 101, "CNY")),
            ("claim other currency", claim(1, 50, "EUR")),
            ("claim nothing", claim(1, 0, "CNY")),
            ("release", Command::Release { order_id: A }),
        ];
        const SUM: &str = "account.lines_do_not_add_up";
        const ZERO: &str = "account.amount_not_positive";
        const NONE: &str = "account.nothing_held";
        #[rustfmt::skip]
        let table: machine::Table<'_, 7> = &[
            //                 open    wrong  claim      too much   currency   zero  release
            ("absent",         ["open", SUM,  "awaited", "awaited", "awaited", ZERO, NONE]),
            ("awaited",        ["open", SUM,  "-",       "-",       "-",       ZERO, NONE]),
            ("open",           ["-",    "-",  "open",    "open",    "open",    ZERO, NONE]),
            ("open, held",     ["-",    "-",  "-",       "-",       "-",       ZERO, "open"]),
            ("open, refused",  ["-",    "-",  "-",       "-",       "-",       ZERO, "-"]),
            ("open, released", ["-",    "-",  "-",       "-",       "-",       ZERO, "-"]),
        ];
        machine::check("account", &states, &commands, table, next);
    }

    #[test]
    fn claims_that_waited_are_decided_in_their_order_when_the_purchase_becomes_known() {
        let account = after(&[claim(1, 70, "CNY"), claim(2, 50, "CNY"), claim(3, 30, "EUR"), claim(4, 30, "CNY")]);
        let events = account.decide(open(&[60, 40])).unwrap();
        let verdicts: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Held { claim, .. } => Some((claim.order_id.as_u128(), "held")),
                Event::ClaimRefused { order_id, reason } => Some((order_id.as_u128(), reason.code())),
                _ => None,
            })
            .collect();
        assert_eq!(verdicts, [(1, "held"), (2, "exceeds_paid"), (3, "currency_mismatch"), (4, "held")]);
    }

    #[test]
    fn what_cannot_be_a_purchase_is_refused() {
        let lines = |lines, paid| Command::Open { purchase_id: PURCHASE, paid: money(paid, "CNY"), lines };
        let twice = vec![parts(&[5]).remove(0), parts(&[5]).remove(0)];
        let foreign = vec![Part { line_id: "0".into(), amount: money(5, "EUR") }];
        let huge = parts(&[i64::MAX, 1]);
        for (command, code) in [
            (lines(twice, 10), "account.line_twice"),
            (lines(parts(&[-5, 10]), 5), "account.paid_negative"),
            (lines(foreign, 5), "account.money"),
            (lines(huge, 5), "account.money"),
        ] {
            assert_eq!(next(&PurchaseAccount::default(), command), Err(code));
        }
    }

    proptest! {
        #[test]
        fn a_hold_is_split_exactly_and_never_above_what_a_line_has_left(
            paid in prop::collection::vec(prop_oneof![Just(0), 1..1000i64, Just(i64::MAX / 16)], 1..8),
            claims in prop::collection::vec(prop_oneof![1..600i64, Just(i64::MAX / 10)], 1..12),
            released in prop::collection::vec(any::<bool>(), 12),
        ) {
            let mut account = after(&[open(&paid)]);
            for ((n, minor), release) in (1u128..).zip(claims).zip(released) {
                let before = left(&account);
                account = next(&account, claim(n, minor, "CNY")).unwrap();
                let order_id = Uuid::from_u128(n);
                match account.held_for(order_id) {
                    Some(held) => prop_assert_eq!(held.minor, minor),
                    None => prop_assert!(before.iter().map(|left| i128::from(*left)).sum::<i128>() < i128::from(minor)),
                }
                let State::Open { lines, .. } = &account.state else { panic!("an open account stays open") };
                for (line, before) in lines.iter().zip(before) {
                    prop_assert!(line.holds.get(&order_id).map_or(0, |part| part.minor) <= i64::try_from(before).unwrap());
                }
                if release && account.held_for(order_id).is_some() {
                    account = next(&account, Command::Release { order_id }).unwrap();
                    prop_assert_eq!(account.held_for(order_id), None);
                }
            }
        }
    }

    fn left(account: &PurchaseAccount) -> Vec<u64> {
        let State::Open { lines, .. } = &account.state else { panic!("the account is not open") };
        lines.iter().map(Line::left).collect()
    }
}
