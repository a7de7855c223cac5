//! What the events of an order cost. Goods are worth what was paid for them, for nobody tells us what they were bought for;
//! labour and parts what they were quoted for. What no event knows is not invented: freight is posted when it is told.
use kernel::money::Money;
use uuid::Uuid;

use super::{
    super::{
        Consequence,
        account::HeldLine,
        giving::What,
        order::{
            Event, Facts, ServiceOrder, compensation,
            goods::{Disposition, Inspection},
            money::{self, Payout, Source},
            portion::{self, Portion, Portions},
            replacement::{self, Replacement, ReplacementState},
            request::{Event as Told, Line, Request},
            returning,
            work::{self, ItemKind, Stage, Work},
        },
    },
    Account, Act, Dimensions, Draft, Posting, sides,
};

/// What an event of an order means for its ledger; `order` is the order after it.
pub fn consequence(event: &Event, order: &ServiceOrder) -> Option<Consequence> {
    let agreed = order.facts.as_ref().map(|facts| facts.order_id);
    let order_id = order.request.as_ref().map(|request| request.order_id).or(agreed)?;
    let draft = postings(event, order).filter(|draft| !draft.postings.is_empty())?;
    Some(Consequence::Ledger(order_id, Act::Post(draft)))
}

fn postings(event: &Event, order: &ServiceOrder) -> Option<Draft> {
    match event {
        Event::Completed if order.portions.is_empty() => order.facts.as_ref().map(agreed),
        Event::Portion(portion::Event::Paid { no }) => {
            let facts = order.facts.as_ref()?;
            portion_paid(facts.order_id, facts.order_id, &order.portions, *no, &[(facts.amount, Dimensions::default())])
        }
        Event::Request(event) => of_request(event, order.request.as_ref()?),
        Event::Opened { .. }
        | Event::RefundGranted { .. }
        | Event::RefundRefused { .. }
        | Event::GoodsReceived { .. }
        | Event::Promised { .. }
        | Event::Uncompleted
        | Event::Settled { .. }
        | Event::Completed
        | Event::Portion(_)
        | Event::Failed { .. } => None,
    }
}

/// Its id follows from the order and what happened, so that what is told twice is posted once.
fn draft(order_id: Uuid, reason: &'static str, of: &[&str], postings: Vec<Posting>) -> Draft {
    let order_id = order_id.to_string();
    let names: Vec<&str> = [order_id.as_str(), reason].iter().chain(of).copied().collect();
    Draft { id: kernel::id::derived("entry", &names), reason, postings }
}

/// What was agreed has no line and no cause that is known here.
fn agreed(facts: &Facts) -> Draft {
    let paid = sides(Account::Refund, Account::Cash, facts.amount, &Dimensions::default());
    draft(facts.order_id, "refund_paid", &[], paid)
}

fn of_request(event: &Told, request: &Request) -> Option<Draft> {
    match event {
        Told::Money(money::Event::Paid { claim_id }) => paid(request, *claim_id),
        Told::Money(money::Event::Portion { claim_id, event: portion::Event::Paid { no } }) => {
            let payout = request.payout(*claim_id)?;
            let lines: Vec<_> = payout.lines.iter().map(|held| (held.amount, lies(request, payout, held))).collect();
            portion_paid(request.order_id, *claim_id, &payout.portions, *no, &lines)
        }
        Told::Goods(returning::Event::Inspected { line_no, inspection }) => inspected(request, *line_no, inspection),
        Told::Goods(returning::Event::Ruled { line_no, pieces, ruling }) if ruling.approved => {
            overruled(request, *line_no, *pieces)
        }
        Told::Replacement(replacement::Event::Moved { id, state, .. }) => moved(request, *id, *state),
        Told::Replacement(replacement::Event::DifferencePaid { id, difference }) => {
            let one = request.replacement(*id)?;
            let lies = line(request, one.line_no).map(dimensions).unwrap_or_default();
            let postings = sides(Account::Cash, Account::Refund, difference.amount, &lies);
            let of = [one.of.to_string(), difference.reference.clone()];
            Some(draft(request.order_id, "difference_paid", &of.each_ref().map(String::as_str), postings))
        }
        Told::Work { line_no, event } => worked(request, *line_no, event),
        Told::Compensation(event) => compensated(request, event),
        Told::Cancelled(cancelled) if cancelled.goods_returned.is_some() => Some(handed_back(request)),
        _ => None,
    }
}

fn line(request: &Request, line_no: u32) -> Option<&Line> {
    request.lines.get(usize::try_from(line_no).ok()?.checked_sub(1)?)
}

/// The customer's reason, or what was found in the article; and its batch.
fn dimensions(line: &Line) -> Dimensions {
    let found = line.work.as_ref().and_then(|work| work.diagnosis.as_ref()).map(|diagnosis| diagnosis.cause.clone());
    let cause = found.unwrap_or_else(|| line.receipt.facts.reason.clone());
    Dimensions { cause, batch: line.batch.clone(), ..Dimensions::default() }
}

/// What was paid for so many pieces of a line after the first `before`: all its pieces together are worth exactly what was
/// paid for them. Nothing for what is no purchase of ours.
fn worth(line: &Line, before: u32, pieces: u32) -> Option<Money> {
    let paid = line.receipt.facts.amount.filter(|_| line.bought.is_some())?;
    let after = before.checked_add(pieces)?;
    let first = |pieces: u32| {
        let others = line.quantity.checked_sub(pieces)?;
        paid.split(&[pieces.into(), others.into()]).ok()?.first().copied()
    };
    first(after)?.checked_sub(first(before)?).ok()
}

/// What left, and what was kept of it, line by line. What was paid back by several means was posted by each of them.
fn paid(request: &Request, claim_id: Uuid) -> Option<Draft> {
    let payout = request.payout(claim_id)?;
    let mut postings = vec![];
    for held in &payout.lines {
        let lies = lies(request, payout, held);
        let kept = Money { minor: held.fees.values().map(|fee| fee.minor).sum(), ..held.amount };
        // What was kept as a fee of a repair is kept no more.
        let fee = matches!(payout.source, Source::Fee { .. });
        let to = if fee { Account::Fees } else { Account::Refund };
        if payout.portions.is_empty() {
            postings.extend(sides(to, Account::Cash, held.amount, &lies));
        }
        postings.extend(sides(Account::Refund, Account::Fees, kept, &lies));
    }
    Some(draft(request.order_id, "refund_paid", &[&claim_id.to_string()], postings))
}

/// Whom the money of a line lies with.
fn lies(request: &Request, payout: &Payout, held: &HeldLine) -> Dimensions {
    if let Source::Unbought { line_no } = payout.source {
        return line(request, line_no).map(dimensions).unwrap_or_default();
    }
    let bought = |line: &&Line| {
        line.bought
            .as_ref()
            .is_some_and(|bought| bought.purchase_id == payout.purchase_id && bought.line_id == held.line_id)
    };
    request.lines.iter().find(bought).map(dimensions).unwrap_or_default()
}

/// What was paid back by one means: lines and means are laid end to end, so that each cent of a line lies with one means.
fn portion_paid(
    order_id: Uuid,
    paid: Uuid,
    portions: &Portions,
    no: u32,
    lines: &[(Money, Dimensions)],
) -> Option<Draft> {
    let before: i64 = portions.iter().take_while(|one| one.share.no != no).map(|one| one.share.amount.minor).sum();
    let Portion { share, attempt, .. } = portions.iter().find(|one| one.share.no == no)?;
    let from = if share.kind.is_money() { Account::Cash } else { Account::CustomerCredit };
    let (mut postings, mut start) = (vec![], 0);
    for (amount, lies) in lines {
        let end = start + amount.minor;
        let minor = (end.min(before + share.amount.minor) - start.max(before)).max(0);
        postings.extend(sides(Account::Refund, from, Money { minor, ..*amount }, lies));
        start = end;
    }
    let of = [paid.to_string(), no.to_string(), attempt.to_string()];
    Some(draft(order_id, "refund_paid", &of.each_ref().map(String::as_str), postings))
}

/// What was accepted is ours again.
fn inspected(request: &Request, line_no: u32, inspection: &Inspection) -> Option<Draft> {
    let line = line(request, line_no)?;
    let leg = line.leg.as_ref()?;
    let accepted = || inspection.findings.iter().filter(|finding| finding.accepted && finding.quantity > 0);
    let mut before = leg.goods.accepted().checked_sub(accepted().map(|finding| finding.quantity).sum())?;
    let mut postings = vec![];
    for finding in accepted() {
        let (to, worth) = (place(finding.disposition), worth(line, before, finding.quantity)?);
        postings.extend(sides(to, Account::Goods, worth, &dimensions(line)));
        before += finding.quantity;
    }
    let of = [line_no.to_string(), leg.inspections.len().to_string()];
    Some(draft(request.order_id, "goods_accepted", &of.each_ref().map(String::as_str), postings))
}

/// Where the worth of what was accepted is.
fn place(disposition: Disposition) -> Account {
    match disposition {
        Disposition::Restock => Account::Stock,
        Disposition::Destroy => Account::WriteOff,
        Disposition::Outlet
        | Disposition::Refurbish
        | Disposition::Quarantine
        | Disposition::Vendor
        | Disposition::BackToCustomer => Account::SetAside,
    }
}

/// What was accepted is the customer's again: each piece leaves the place where its worth was, in the order they came there.
fn handed_back(request: &Request) -> Draft {
    let mut postings = vec![];
    for line in &request.lines {
        let inspections = line.leg.iter().flat_map(|leg| &leg.inspections);
        let ruled = |one: &Inspection| one.ruling.as_ref().is_some_and(|ruling| ruling.approved);
        let findings = inspections.flat_map(|one| one.findings.iter().map(move |finding| (ruled(one), finding)));
        let ours = findings.filter(|(ruled, finding)| (finding.accepted || *ruled) && finding.quantity > 0);
        let mut before = 0;
        for (_, finding) in ours {
            let from = if finding.accepted { place(finding.disposition) } else { Account::SetAside };
            let worth = worth(line, before, finding.quantity);
            postings.extend(worth.into_iter().flat_map(|worth| sides(Account::Goods, from, worth, &dimensions(line))));
            before += finding.quantity;
        }
    }
    draft(request.order_id, "goods_handed_back", &[], postings)
}

/// What counts as accepted after all is ours; where it goes was said when it was rejected.
fn overruled(request: &Request, line_no: u32, pieces: u32) -> Option<Draft> {
    let line = line(request, line_no)?;
    let leg = line.leg.as_ref()?;
    let worth = worth(line, leg.goods.accepted().checked_sub(pieces)?, pieces)?;
    let ruled = leg.inspections.iter().filter(|inspection| inspection.ruling.is_some()).count();
    let of = [line_no.to_string(), ruled.to_string()];
    let postings = sides(Account::SetAside, Account::Goods, worth, &dimensions(line));
    Some(draft(request.order_id, "goods_overruled", &of.each_ref().map(String::as_str), postings))
}

/// Goods leave with the parcel, and are back with one that was not delivered; one that is lost is paid for twice.
fn moved(request: &Request, id: Uuid, state: ReplacementState) -> Option<Draft> {
    let one: &Replacement = request.replacement(id)?;
    let line = line(request, one.line_no)?;
    let worth = one.value().or_else(|| worth(line, 0, one.quantity))?;
    let (reason, to, from) = match state {
        ReplacementState::Shipped => ("replacement_shipped", Account::Goods, Account::Stock),
        ReplacementState::ReturnedUndelivered => ("replacement_returned", Account::Stock, Account::Goods),
        _ => return None,
    };
    Some(draft(request.order_id, reason, &[&id.to_string()], sides(to, from, worth, &dimensions(line))))
}

/// Labour and parts of a repair as they were quoted last, what the customer paid for it, and what stays with us instead.
fn worked(request: &Request, line_no: u32, event: &work::Event) -> Option<Draft> {
    let line = line(request, line_no)?;
    let work = line.work.as_ref()?;
    let lies = dimensions(line);
    let (reason, postings) = match event {
        work::Event::Repaired => ("repaired", done(work, &lies)?),
        work::Event::HandedOver(given) if given.payment.is_some() => {
            ("repair_paid", sides(Account::Cash, Account::Fees, work.fee_due()?, &lies))
        }
        work::Event::AlternativeAnswered { .. } if work.stage == Stage::Refund => {
            let here = line.leg.as_ref().map_or(0, |leg| leg.goods.accepted());
            ("goods_kept", sides(Account::SetAside, Account::Goods, worth(line, 0, here)?, &lies))
        }
        _ => return None,
    };
    // What is repaired again without another quote has cost nothing that is known.
    let of = [line_no.to_string(), work.quotes.len().to_string()];
    Some(draft(request.order_id, reason, &of.each_ref().map(String::as_str), postings))
}

/// What was given beside the purchase: money that left, or what we owe by a coupon, points, or a service done again.
fn compensated(request: &Request, event: &compensation::Event) -> Option<Draft> {
    let gift = &request.compensation.as_ref()?.gift;
    if !matches!(event, compensation::Event::Issued(_) | compensation::Event::Paid { .. }) {
        return None;
    }
    let batch = request.lines.first().map(|line| line.batch.clone()).unwrap_or_default();
    let (cause, department) = (gift.reason.clone(), gift.department.clone());
    let lies = Dimensions { cause, department, batch, ..Dimensions::default() };
    let from = if gift.what == What::Cash { Account::Cash } else { Account::Payable };
    Some(draft(request.order_id, "compensation_given", &[], sides(Account::Compensation, from, gift.worth?, &lies)))
}

fn done(work: &Work, lies: &Dimensions) -> Option<Vec<Posting>> {
    let quote = work.quotes.last()?;
    let of = |kind: ItemKind, account| {
        let items = quote.items.iter().filter(|item| item.kind == kind);
        let minor = items.map(|item| item.unit_price.minor.saturating_mul(item.quantity.into())).sum();
        sides(account, Account::Payable, Money { minor, ..quote.total }, lies)
    };
    Some([of(ItemKind::Labour, Account::Labour), of(ItemKind::Part, Account::Parts)].concat())
}

#[cfg(test)]
#[path = "posted_tests.rs"]
mod tests;
