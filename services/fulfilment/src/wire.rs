//! Between the contracts and the domain: what others tell us, what they learn from us, and what people are shown.
//! Every match is exhaustive, so a new event cannot be forgotten here.
use backbone::{Aggregate, Change, Fault, Published, Row, proto};
use contracts::{
    common::v1::{self as common, Receipt, RemedyKind},
    fulfilment::v1::{self as out},
    intake::v1::{PurchaseLine, PurchaseRecorded},
};
use jiff::Timestamp;
use kernel::money::Money;
use uuid::Uuid;

use crate::{
    deadlines,
    domain::{
        Consequence, Part,
        account::{self, Article, PurchaseAccount, Sale, Within, tender::Policy},
        budget::Budget,
        chargeback::Chargeback,
        ledger::{self, CostLedger},
        ledger_id,
        order::{self, Facts, Kind, ServiceOrder},
        payment::Payment,
        refund::Refund,
        technician::Technician,
    },
};

pub mod agreed;
pub mod compensation;
pub mod cost;
pub mod found;
pub mod goods;
pub mod money;
mod payment;
pub mod policy;
mod purchase;
pub mod refund;
pub mod repair;
pub mod replacement;
pub mod request;

/// Reads a purchase, as intake tells it, under a policy of tenders. Errors: a missing or unreadable id, amount, means or instant.
pub fn purchase(event: &PurchaseRecorded, policy: &Policy) -> Result<(Uuid, account::Command), Fault> {
    let line = |(n, line): (usize, &PurchaseLine)| {
        Ok(Part { line_id: line.line_id.clone(), amount: money(&format!("lines[{n}].paid"), line.paid.as_ref())? })
    };
    let article = |(n, line): (usize, &PurchaseLine)| {
        let within = within(n, line)?;
        let PurchaseLine { line_id, product_id, category, batch, quantity, .. } = line.clone();
        Ok((line_id, Article { product_id, category, batch, quantity, within }))
    };
    let purchase_id = proto::id("purchase_id", &event.purchase_id)?;
    let open = account::Command::Open {
        purchase_id,
        paid: money("paid", event.paid.as_ref())?,
        lines: event.lines.iter().enumerate().map(line).collect::<Result<_, Fault>>()?,
        sale: Sale {
            channel: channel(event.channel()),
            bought_at: proto::instant("bought_at", event.bought_at.as_ref())?,
            delivered_at: proto::instant("delivered_at", event.delivered_at.as_ref())?,
            articles: event.lines.iter().enumerate().map(article).collect::<Result<_, Fault>>()?,
            customer_id: proto::optional_id("customer_id", &event.customer_id)?,
            tenders: policy.of(refund::tenders(event)?),
        },
    };
    Ok((purchase_id, open))
}

/// What is within what was paid for a line, and what was taken off before; nothing where none of it is told. Errors: an amount
/// that cannot be read, is in another currency than what was paid, or is more than that.
fn within(n: usize, line: &PurchaseLine) -> Result<Option<Within>, Fault> {
    let paid = money(&format!("lines[{n}].paid"), line.paid.as_ref())?;
    let part = |name: &str, told: Option<&common::Money>| match told {
        None => Ok(Money::zero(paid.currency)),
        Some(told) => {
            let field = format!("lines[{n}].{name}");
            let amount = money(&field, Some(told))?;
            let fits = amount.currency == paid.currency && amount.minor >= 0;
            if fits { Ok(amount) } else { Err(Fault::invalid(field, "is no amount in the currency of what was paid")) }
        }
    };
    let (tax, freight) = (part("tax", line.tax.as_ref())?, part("freight", line.freight.as_ref())?);
    let discount = part("discount", line.discount.as_ref())?;
    if tax.minor.checked_add(freight.minor).is_none_or(|within| within > paid.minor) {
        return Err(Fault::invalid(format!("lines[{n}].tax"), "is with the freight more than what was paid"));
    }
    let told = line.tax.is_some() || line.freight.is_some() || line.discount.is_some();
    Ok(told.then_some(Within { tax, freight, discount }))
}

/// Whether a policy may write it for a channel.
pub fn is_channel(word: &str) -> bool {
    common::Channel::from_str_name(&format!("CHANNEL_{}", word.to_ascii_uppercase()))
        .and_then(channel)
        .is_some_and(|channel| channel == word)
}

/// A channel as policies write it; none where it is not told.
pub fn channel(channel: common::Channel) -> Option<String> {
    let word = channel.as_str_name().trim_start_matches("CHANNEL_").to_ascii_lowercase();
    (channel != common::Channel::Unspecified).then_some(word)
}

/// Reads an amount. Errors: it is missing, or in no currency.
pub fn money(field: &str, money: Option<&common::Money>) -> Result<Money, Fault> {
    let money = money.ok_or_else(|| Fault::invalid(field, "is missing"))?;
    let currency = money.currency.parse();
    let currency = currency.map_err(|error| Fault::invalid(format!("{field}.currency"), format!("{error}")))?;
    Ok(Money::new(money.minor, currency))
}

fn to_money(money: Money) -> Option<common::Money> {
    Some(common::Money { minor: money.minor, currency: money.currency.code().to_owned() })
}

fn text(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn changes(consequences: Vec<Consequence>) -> Vec<Change> {
    let change = |consequence| match consequence {
        Consequence::Order(id, command) => Change::to::<ServiceOrder>(id, command),
        Consequence::Account(id, command) => Change::to::<PurchaseAccount>(id, command),
        Consequence::Refund(id, command) => Change::to::<Refund>(id, command),
        Consequence::Technician(id, command) => Change::to::<Technician>(id, command),
        Consequence::Ledger(order_id, act) => {
            Change::to::<CostLedger>(ledger_id(order_id), ledger::Command { order_id, act })
        }
        Consequence::Budget(id, command) => Change::to::<Budget>(id, command),
        Consequence::Chargeback(id, command) => Change::to::<Chargeback>(id, command),
        Consequence::Payment(id, command) => Change::to::<Payment>(id, command),
    };
    consequences.into_iter().map(change).collect()
}

impl Aggregate for ServiceOrder {
    const TABLE: &'static str = "service_order";
    type Command = order::Command;
    type Event = order::Event;
    type Rejection = order::Rejection;

    fn decide(&self, command: order::Command, now: Timestamp) -> Result<Vec<order::Event>, order::Rejection> {
        self.decide(command, now)
    }

    fn apply(&mut self, event: &order::Event) {
        self.apply(event);
    }

    fn publish(&self, event: &order::Event, shard: u8) -> Published {
        let facts = self.facts.as_ref();
        let order_id = text(facts.map(|facts| facts.order_id));
        let complaint_id = text(facts.map(|facts| facts.complaint_id));
        let remedy_id = text(facts.map(|facts| facts.remedy_id));
        match event {
            order::Event::Request(event) => request::published(self, event, shard),
            order::Event::Opened { facts, .. } => Published::of(&opened(facts), shard),
            order::Event::GoodsReceived { at, .. } => Published::of(&out::GoodsReceived { order_id }, shard).at(*at),
            order::Event::Portion(event) => {
                let of = (order_id.clone(), order_id, complaint_id);
                refund::portion_published(of, &self.portions, event, shard)
            }
            order::Event::RefundGranted { refund_id, parts, tendered } => {
                let line =
                    |part: &Part| out::RefundLine { line_id: part.line_id.clone(), amount: to_money(part.amount) };
                let granted = out::RefundGranted {
                    order_id,
                    refund_id: text(Some(*refund_id).filter(|_| !tendered)),
                    purchase_id: text(facts.and_then(|facts| facts.purchase_id)),
                    amount: facts.and_then(|facts| to_money(facts.amount)),
                    lines: parts.iter().map(line).collect(),
                };
                Published::of(&granted, shard)
            }
            order::Event::RefundRefused { reason } => {
                let code = reason.code().to_owned();
                Published::of(&out::RefundRefused { order_id, complaint_id, remedy_id, code }, shard)
            }
            order::Event::Completed => Published::of(&out::OrderCompleted { order_id, complaint_id, remedy_id }, shard),
            order::Event::Failed { code } => {
                let code = code.clone();
                Published::of(&out::OrderFailed { order_id, complaint_id, remedy_id, code, paid: None }, shard)
            }
            order::Event::Promised { agreement, at } => Published::of(&agreed::opened(agreement), shard).at(*at),
            order::Event::Uncompleted => Published::of(&agreed::uncompleted(self), shard),
            order::Event::Settled { code } => agreed::settled(self, code.as_deref(), shard),
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        deadlines::of_order(self)
    }

    fn on_deadline(kind: &str) -> Option<order::Command> {
        deadlines::order_command(kind)
    }

    fn reactions(&self, event: &order::Event) -> Vec<Change> {
        changes(self.consequences(event).into_iter().chain(ledger::consequence(event, self)).collect())
    }

    fn rows(&self, event: &order::Event) -> Vec<Row> {
        match (event, &self.request) {
            (order::Event::Request(event), Some(request)) => compensation::rows(request, event),
            _ => vec![],
        }
    }
}

fn opened(facts: &Facts) -> out::OrderOpened {
    let (kind, goods_first) = match facts.kind {
        Kind::Refund => (RemedyKind::Refund, false),
        Kind::ReturnRefund => (RemedyKind::ReturnRefund, true),
    };
    out::OrderOpened {
        order_id: facts.order_id.to_string(),
        complaint_id: facts.complaint_id.to_string(),
        remedy_id: facts.remedy_id.to_string(),
        purchase_id: text(facts.purchase_id),
        customer_id: facts.customer_id.to_string(),
        kind: kind.into(),
        amount: to_money(facts.amount),
        goods_first,
    }
}

impl From<order::Rejection> for Fault {
    fn from(rejection: order::Rejection) -> Self {
        match rejection {
            order::Rejection::Unknown => Fault::not_found("service_order", "with this id"),
            other => Fault::rejected(other.code(), other.to_string()),
        }
    }
}

/// The status word of an order, as its table has it too.
pub fn order_status(order: &ServiceOrder) -> &'static str {
    match order.state {
        order::State::Absent => "",
        order::State::Requested => "requested",
        order::State::AwaitingGoods { .. } => "awaiting_goods",
        order::State::Refunding { .. } => "refunding",
        order::State::Completed { .. } => "completed",
        order::State::Refused { .. } => "refused",
        order::State::Failed { .. } => "failed",
        order::State::InReview => "in_review",
        order::State::Eligible => "eligible",
        order::State::Ineligible => "ineligible",
        order::State::Authorised => "authorised",
        order::State::InProgress => "in_progress",
        order::State::ClosedPartial => "closed_partial",
        order::State::Cancelled => "cancelled",
        order::State::Promised => "promised",
    }
}

/// What a command on an order did.
pub fn receipt(id: Uuid, version: u64, order: &ServiceOrder) -> Receipt {
    Receipt { id: id.to_string(), version, status: order_status(order).to_owned() }
}

/// An order as people see it.
pub fn order_view(id: Uuid, version: u64, order: &ServiceOrder) -> out::ServiceOrderView {
    out::ServiceOrderView {
        order_id: id.to_string(),
        version,
        status: order_status(order).to_owned(),
        opened: order.facts.as_ref().map(opened).or(order.agreement.as_ref().map(agreed::opened)),
        refund_id: text(order.refund_id().filter(|_| !order.tendered)),
        request: request::request_view(order),
        portions: refund::portions(id, &order.portions),
    }
}
