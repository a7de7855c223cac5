//! What time does: a refund that was sent and got no result is unknown, a claim on a purchase that does not become known
//! is refused, goods that do not come, customers who say nothing and people who do not approve are not waited for, what was
//! promised is late, and of what waits for our own people too long they are told.
//! Invariant: a refund waits for its result exactly while it is sent.
use jiff::Timestamp;

use crate::domain::{
    account::{self, PurchaseAccount},
    chargeback::{self, Chargeback},
    found::{self, FoundGoods},
    order::{self, ServiceOrder, request},
    refund::{self, Refund, State},
};

const RESULT: &str = "result";
const GOODS: &str = "goods";
const PROMISE: &str = "promise";
const WORK: &str = "work";
const ANSWER: &str = "answer";
const APPROVAL: &str = "approval";
const PURCHASE_KNOWN: &str = "purchase_known";

const SETTLED: &str = "settled";
const MOVED: &str = "moved";

/// The deadlines a refund has in its state.
pub fn of_refund(refund: &Refund) -> Vec<(&'static str, Timestamp)> {
    match refund.state {
        State::Sent { result_by } => vec![(RESULT, result_by)],
        State::Absent
        | State::Queued { .. }
        | State::ByHand
        | State::Unknown { .. }
        | State::Succeeded { .. }
        | State::Failed { .. } => vec![],
    }
}

/// What a deadline tells its refund.
pub fn refund_command(kind: &str) -> Option<refund::Command> {
    (kind == RESULT).then_some(refund::Command::CheckResult)
}

/// The deadlines an order has in its state.
pub fn of_order(order: &ServiceOrder) -> Vec<(&'static str, Timestamp)> {
    let goods = order.goods_by().map(|at| (GOODS, at));
    let promise = order.request.as_ref().and_then(|request| request.promises.next_due()).or(order.complete_by());
    let promise = promise.map(|at| (PROMISE, at));
    let work = order.request.as_ref().and_then(request::Request::work_due).map(|at| (WORK, at));
    let answer = order.answer_due().map(|at| (ANSWER, at));
    let given = order.request.as_ref().and_then(|request| request.compensation.as_ref()?.approval_due());
    let approval = given.filter(|_| order.state == order::State::InReview).map(|at| (APPROVAL, at));
    goods.into_iter().chain(promise).chain(work).chain(answer).chain(approval).collect()
}

/// What a deadline tells its order.
pub fn order_command(kind: &str) -> Option<order::Command> {
    match kind {
        GOODS => Some(order::Command::LapseGoods),
        PROMISE => Some(order::Command::Look),
        WORK => Some(order::Command::Request(request::Command::LookAtWork)),
        APPROVAL => Some(order::Command::Request(request::Command::LookAtCompensation)),
        ANSWER => Some(order::Command::Request(request::Command::LookForAnswers)),
        _ => None,
    }
}

/// The deadline of the claim that has waited longest for its purchase.
pub fn of_account(account: &PurchaseAccount) -> Vec<(&'static str, Timestamp)> {
    account.lapses_at().map(|at| (PURCHASE_KNOWN, at)).into_iter().collect()
}

/// What a deadline tells its account.
pub fn account_command(kind: &str) -> Option<account::Command> {
    (kind == PURCHASE_KNOWN).then_some(account::Command::Lapse)
}

/// When people are told of found goods that nobody settles.
pub fn of_found(found: &FoundGoods) -> Vec<(&'static str, Timestamp)> {
    found.settle_by().map(|at| (SETTLED, at)).into_iter().collect()
}

/// What a deadline tells found goods.
pub fn found_command(kind: &str) -> Option<found::Command> {
    (kind == SETTLED).then_some(found::Command::Look)
}

/// When people are told of a charge-back that nothing becomes of.
pub fn of_chargeback(chargeback: &Chargeback) -> Vec<(&'static str, Timestamp)> {
    chargeback.move_by().map(|at| (MOVED, at)).into_iter().collect()
}

/// What a deadline tells its charge-back.
pub fn chargeback_command(kind: &str) -> Option<chargeback::Command> {
    (kind == MOVED).then_some(chargeback::Command::Look)
}
