//! A service order that was asked for (R-FUL-01, R-FUL-02, R-FUL-03, R-FUL-16): at a counter, from a case, a complaint, a
//! follow-up or a major issue. Each line comes with the receipt of the policy's decision about it.
//! Invariant: nothing is authorised that neither a rule nor another person than the one who asked has granted, nor before
//! the customer has confirmed the articles and the reason; the order's state follows from its lines and these words.
use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::{approval::independent, promise::Promises, returns::Kind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::origin::rma_number;
use super::{
    Rejection, ServiceOrder, State,
    agreed_money::AgreedMoney,
    compensation::{self, Compensation},
    effort::Effort,
    goods::{Goods, Leg, Surplus},
    label::{self, Label},
    money::{self, Payout},
    replacement::{self, Replacement},
    returning::{self, Owed, Terms},
    unbought::Amounts,
    work,
};
pub use super::{
    line::{Bought, Line, Verdict, Wanted},
    origin::{Form, Origin, OriginKind},
};

/// What was asked for, and what was said to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub order_id: Uuid,
    /// A pseudonym.
    pub customer_id: Uuid,
    pub origin: Origin,
    pub kind: Kind,
    /// Who asked, for example `staff:ana`.
    pub by: String,
    /// Numbered from 1 in their order.
    pub lines: Vec<Line>,
    /// What the customer is told when goods come back, as it was when he asked.
    pub form: Form,
    pub confirmed_at: Option<Timestamp>,
    pub review: Option<Review>,
    pub authorised_at: Option<Timestamp>,
    /// What stands on the parcel; none before the order is authorised, nor where no goods come back.
    pub rma_number: Option<String>,
    pub cancelled: Option<Cancelled>,
    #[serde(default)]
    pub terms: Terms,
    /// What came and was not asked back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surplus: Vec<Surplus>,
    #[serde(default)]
    pub promises: Promises<Owed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payouts: Vec<Payout>,
    /// Every attempt to bring pieces to the customer, in the order they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<Replacement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensation>,
    /// It carries out an agreed remedy: what was approved there need not be granted here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// What was agreed for its pieces, of a return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_money: Option<AgreedMoney>,
    /// When people were told last that the customer does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_at: Option<Timestamp>,
    /// Of the parcel the goods come back in, where a carrier made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// How much was asked of the customer.
    #[serde(default)]
    pub effort: Effort,
}

/// What a person decided about the lines the policy left to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    pub by: String,
    pub at: Timestamp,
    pub approved: bool,
    /// A code.
    pub reason: String,
    /// What is paid for articles of no purchase, by the number of their line.
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub amounts: Amounts,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancelled {
    pub by: String,
    pub at: Timestamp,
    /// A code.
    pub reason: String,
    /// Of what the customer was given back, where goods of his were here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods_returned: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Something is asked for; `confirmed` when the customer has confirmed the articles and the reason.
    Ask {
        request: Box<Request>,
        confirmed: bool,
    },
    Confirm,
    Review {
        by: String,
        approved: bool,
        reason: String,
        amounts: Amounts,
    },
    /// `goods_returned` is the reference under which the customer has goods of his again that were here.
    Cancel {
        by: String,
        reason: String,
        goods_returned: Option<String>,
    },
    /// About goods on their way back.
    Goods(returning::Command),
    /// News of one of its claims on money.
    Money {
        claim_id: Uuid,
        news: money::News,
    },
    /// About one attempt to bring pieces to the customer.
    Replacement {
        id: Uuid,
        by: String,
        command: replacement::Command,
    },
    /// About the repair of a line.
    Work {
        line_no: u32,
        by: String,
        step: work::Step,
    },
    /// About the parcel the goods come back in.
    Label(label::Command),
    /// Time passed; see whether a quote was valid long enough.
    LookAtWork,
    /// About what is given.
    Compensation {
        by: String,
        step: compensation::Step,
    },
    /// Time passed; see whether nobody approved what is to be given.
    LookAtCompensation,
    /// Time passed; see whether the customer has said nothing for too long.
    LookForAnswers,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Requested {
        request: Box<Request>,
        at: Timestamp,
    },
    /// The receipts are those of the lines.
    Decided,
    Confirmed {
        at: Timestamp,
    },
    Reviewed(Review),
    Authorised {
        at: Timestamp,
        rma_number: Option<String>,
        /// The customer was not there, and has yet to be told.
        untold: bool,
    },
    Cancelled(Cancelled),
    Goods(returning::Event),
    Money(money::Event),
    Replacement(replacement::Event),
    Work {
        line_no: u32,
        event: Box<work::Event>,
    },
    Label(label::Event),
    Compensation(compensation::Event),
    /// All that was granted is done, in whole or in part.
    Finished,
    /// The customer has not said for too long what it goes on with; people must look. Told once.
    Unanswered {
        at: Timestamp,
    },
    /// More was asked of the customer than may be. Told once.
    TooMuchAsked,
}

impl ServiceOrder {
    /// What follows for an order that was asked for.
    pub(super) fn decide_request(&self, command: Command, now: Timestamp) -> Result<Vec<super::Event>, Rejection> {
        let events = match (command, &self.request) {
            (Command::Ask { request, confirmed }, None) if self.state == State::Absent && !request.agreed => {
                ask(request, confirmed, now)?
            }
            (Command::Ask { request, confirmed }, None) if self.state == State::Promised => {
                self.may_be_completed_by(&request)?;
                ask(request, confirmed, now)?
            }
            (Command::Ask { request, .. }, None) if request.agreed => return Err(Rejection::NotNow),
            (Command::Ask { .. }, _) => vec![],
            (_, None) if self.state == State::Absent => return Err(Rejection::Unknown),
            (_, None) => return Err(Rejection::NotNow),
            (Command::LookForAnswers, Some(request)) => request.follow(request.unanswered(self.opened_at, now), now),
            (command, Some(request)) => request.follow(request.decide(command, &self.state, now)?, now),
        };
        let ended = self.ends(&events);
        Ok(events.into_iter().map(super::Event::Request).chain(ended).collect())
    }

    pub(super) fn apply_request(&mut self, event: &Event) {
        match (event, &mut self.request) {
            (Event::Requested { request, at }, _) => {
                self.opened_at = self.opened_at.or(Some(*at));
                self.state = State::Requested;
                self.agreement.iter_mut().for_each(|agreed| agreed.returns = None);
                let request = self.request.insert(Request::clone(request));
                request.count_effort(event);
            }
            (event, Some(request)) => {
                request.apply(event);
                self.state = request.state();
            }
            (_, None) => {}
        }
    }
}

/// An answer is given at once; what is granted and confirmed is authorised with it.
pub(super) fn ask(request: Box<Request>, confirmed: bool, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if request.lines.is_empty() && request.compensation.is_none() {
        return Err(Rejection::NoLines);
    }
    let mut named = BTreeSet::new();
    if !request.lines.iter().filter_map(|line| line.bought.as_ref()).all(|bought| named.insert(bought)) {
        return Err(Rejection::LineTwice);
    }
    request.may_come_from()?;
    request.lines.iter().try_for_each(|line| request.may_want(line))?;
    let mut asked = Request::clone(&request);
    let mut events = vec![Event::Requested { request, at }, Event::Decided];
    events.extend(asked.gives_at_once(at));
    events.iter().for_each(|event| asked.apply(event));
    let confirmation = if confirmed { asked.confirm(&asked.state(), at) } else { vec![] };
    events.extend(asked.follow(confirmation, at));
    Ok(events)
}

impl Request {
    fn decide(&self, command: Command, state: &State, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        // Granted by a rule before a person was asked for it: he is, unless it is under way.
        let state = if *state == State::Eligible && self.state() == State::InReview { &State::InReview } else { state };
        match (command, state) {
            (Command::Confirm, _) if self.confirmed_at.is_some() => Ok(vec![]),
            (Command::Confirm, State::InReview | State::Eligible) => Ok(self.confirm(state, at)),
            (Command::Review { .. }, State::InReview) if self.compensation.is_some() => Err(Rejection::ApprovedInSteps),
            (Command::Review { by, .. }, State::InReview) if !independent(&self.by, &by) => Err(Rejection::OwnRequest),
            (Command::Review { by, approved, reason, amounts }, State::InReview) => {
                let review = self.with_amounts(Review { by, at, approved, reason, amounts })?;
                let reviewed = Self { review: Some(review.clone()), ..self.clone() };
                let granted = self.confirmed_at.is_some() && reviewed.state() == State::Eligible;
                let authorised = granted.then(|| reviewed.authorise(at, true));
                Ok([Event::Reviewed(review)].into_iter().chain(authorised).collect())
            }
            (Command::Review { by, approved, reason, amounts }, State::Authorised | State::InProgress) => {
                self.review_later(Review { by, at, approved, reason, amounts })
            }
            (Command::Cancel { .. }, State::Cancelled) => Ok(vec![]),
            (Command::Cancel { by, reason, goods_returned }, State::InProgress) if !self.compensation_failed() => {
                self.end_unfulfilled(Cancelled { by, at, reason, goods_returned })
            }
            (
                Command::Cancel { by, reason, .. },
                State::InReview | State::Eligible | State::Authorised | State::InProgress,
            ) => Ok(vec![Event::Cancelled(Cancelled { by, at, reason, goods_returned: None })]),
            (Command::Compensation { by, step }, _) => self.decide_compensation(step, by, at),
            (Command::LookAtCompensation, _) => Ok(self.look_at_compensation(at)),
            (Command::Money { claim_id, news }, _) => {
                if let Some(told) = self.compensation_news(claim_id, &news, at) {
                    return Ok(told?.into_iter().map(Event::Compensation).collect());
                }
                Ok(self.decide_money(claim_id, news)?.into_iter().map(Event::Money).collect())
            }
            (Command::Replacement { id, by, command }, _) => self.decide_replacement(id, &by, command, at),
            (
                Command::Work { line_no, by, step },
                State::InReview | State::Eligible | State::Authorised | State::InProgress,
            ) => self.decide_work(line_no, &by, step, at),
            (Command::Label(command), state) => {
                Ok(self.decide_label(command, state, at)?.into_iter().map(Event::Label).collect())
            }
            (Command::LookAtWork, _) => Ok(self.look_at_work(at)),
            (
                Command::Goods(command),
                State::Authorised | State::InProgress | State::Completed { .. } | State::ClosedPartial,
            )
            | (Command::Goods(command @ returning::Command::Look), _) => self.decide_returning(command, at),
            (Command::Goods(returning::Command::Lapse), _) => Ok(vec![]),
            (
                Command::Ask { .. }
                | Command::Confirm
                | Command::Review { .. }
                | Command::Cancel { .. }
                | Command::Work { .. }
                | Command::LookForAnswers
                | Command::Goods(_),
                _,
            ) => Err(Rejection::NotNow),
        }
    }

    /// Where nothing came and nothing else was granted, the order ends with the time for it.
    fn decide_returning(&self, command: returning::Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        let events = self.decide_goods(command, at)?;
        let lapsed = events.iter().any(|event| matches!(event, returning::Event::Lapsed { .. }));
        let came = self.legs().any(|(_, leg)| leg.goods.received() > 0);
        let kept = self.lines.iter().any(|line| line.leg.is_none() && self.verdict(line) == Verdict::Eligible);
        let (by, reason) = ("service:fulfilment".to_owned(), "goods_lapsed".to_owned());
        let begun = !self.payouts.is_empty() || !self.replacements.is_empty() || self.is_worked_on();
        let cancelled = Cancelled { by, at, reason, goods_returned: None };
        let over = (lapsed && !came && !kept && !begun).then_some(Event::Cancelled(cancelled));
        Ok(events.into_iter().map(Event::Goods).chain(over).collect())
    }

    fn confirm(&self, state: &State, at: Timestamp) -> Vec<Event> {
        let authorised = (*state == State::Eligible).then(|| self.authorise(at, self.agreed));
        [Event::Confirmed { at }].into_iter().chain(authorised).collect()
    }

    pub(super) fn authorise(&self, at: Timestamp, untold: bool) -> Event {
        let rma_number = self.returning().next().map(|_| rma_number(self.order_id));
        Event::Authorised { at, rma_number, untold }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        self.count_effort(event);
        match event {
            Event::Requested { .. } | Event::Decided | Event::Finished | Event::TooMuchAsked => {}
            Event::Confirmed { at } => self.confirmed_at = Some(*at),
            Event::Reviewed(review) => self.review = Some(review.clone()),
            Event::Authorised { at, rma_number, .. } => {
                (self.authorised_at, self.rma_number) = (Some(*at), rma_number.clone());
                let returning: Vec<u32> = self.returning().map(|(line_no, _)| line_no).collect();
                for (_, line) in (1..).zip(&mut self.lines).filter(|(line_no, _)| returning.contains(line_no)) {
                    line.leg = Some(Leg { goods: Goods::asked_back(line.quantity), ..Leg::default() });
                }
            }
            Event::Cancelled(cancelled) => {
                if cancelled.goods_returned.is_some() {
                    self.hand_back_all();
                }
                self.cancelled = Some(cancelled.clone());
            }
            Event::Unanswered { at } => self.unanswered_at = Some(*at),
            Event::Goods(event) => self.apply_goods(event),
            Event::Money(event) => self.apply_money(event),
            Event::Replacement(event) => self.apply_replacement(event),
            Event::Label(event) => self.apply_label(event),
            Event::Work { line_no, event } => self.apply_work(*line_no, event),
            Event::Compensation(event) => self.apply_compensation(event),
        }
        self.receive_work();
    }

    /// Where the order stands, as its lines, its goods, its money, what goes out and what was said about it have it.
    pub(super) fn state(&self) -> State {
        let any = |verdict| self.lines.iter().any(|line| self.verdict(line) == verdict);
        if let Some(one) = self.compensation.as_ref().filter(|_| self.cancelled.is_none()) {
            return if any(Verdict::Ineligible) { State::Ineligible } else { self.state_of(one) };
        }
        let moved = |(_, leg): (u32, &Leg)| leg.goods.received() + leg.goods.lapsed() > 0;
        let given = !self.payouts.is_empty() || !self.replacements.is_empty();
        match () {
            () if self.cancelled.is_some() => State::Cancelled,
            () if any(Verdict::InReview) => State::InReview,
            () if !any(Verdict::Eligible) => State::Ineligible,
            () if self.authorised_at.is_none() => State::Eligible,
            () if self.is_done() && self.is_whole() => State::Completed { refund_id: None },
            () if self.is_done() => State::ClosedPartial,
            () if given || self.legs().any(moved) || self.is_worked_on() => State::InProgress,
            () => State::Authorised,
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
pub(in crate::domain) mod tests;
