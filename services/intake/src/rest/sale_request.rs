//! An order as shops and platforms send it, and the sale it is when nothing is wrong with it.
use std::collections::HashSet;

use jiff::Timestamp;
use kernel::money::Money;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body,
    case_request::purchase_id,
    check::{Amount, Checks},
    customer::Customer,
    problem::Wrong,
    words,
};
use crate::{
    domain::{
        base_data::Known,
        identity::Identity,
        purchase::{Command, Facts, Line, Tender},
        vocabulary::{Channel, TenderKind},
    },
    vault::Person,
};

/// The most lines of one order.
const LINES_MAX: usize = 200;
/// The most means one order is paid by.
const TENDERS_MAX: usize = 20;
/// The most points one order is paid by.
const POINTS_MAX: i64 = 1_000_000_000_000;

/// One order.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleRequest {
    /// Where it was sold.
    #[schema(required, schema_with = words::channel)]
    pub channel: Option<Channel>,
    /// The seller's own order number, 1 to 100 characters, unique within the channel.
    #[schema(required, example = "A-1001", min_length = 1, max_length = 100)]
    pub order_ref: Option<String>,
    /// At least one of `ref`, `phone` and `email`.
    #[schema(required)]
    pub customer: Option<Customer>,
    /// At most 100 characters.
    #[schema(max_length = 100)]
    pub store: Option<String>,
    /// RFC 3339.
    #[schema(required, example = "2026-01-31T09:30:00+08:00")]
    pub bought_at: Option<String>,
    /// Absent while the goods are on their way.
    #[schema(example = "2026-02-02T15:00:00+08:00")]
    pub delivered_at: Option<String>,
    /// 1 to 200.
    #[schema(required, value_type = Vec<SaleLine>, min_items = 1, max_items = 200)]
    pub lines: Option<Vec<Option<SaleLine>>>,
    /// What the customer paid for all lines together: exactly their sum.
    #[schema(required)]
    pub paid: Option<Amount>,
    /// By which means, in the order in which it was paid, adding up to `paid` exactly: what is paid back is paid back by
    /// them. Left out where it is not known. At most 20.
    #[schema(value_type = Vec<SaleTender>, max_items = 20)]
    pub tenders: Option<Vec<Option<SaleTender>>>,
}

/// A part of what was paid, by one means.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleTender {
    /// By what it was paid.
    #[schema(required, schema_with = words::tender)]
    pub kind: Option<TenderKind>,
    /// More than nothing; of points what they were worth.
    #[schema(required)]
    pub paid: Option<Amount>,
    /// How many points it was, 1 to 10^12: of points, and of nothing else.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 500)]
    pub points: Option<i64>,
}

/// One article of an order.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleLine {
    /// 1 to 100 characters, unique within the order.
    #[schema(required, example = "1", min_length = 1, max_length = 100)]
    pub line_id: Option<String>,
    /// 1 to 100 characters.
    #[schema(required, example = "SKU-77", min_length = 1, max_length = 100)]
    pub product_id: Option<String>,
    /// 1 to 100 characters.
    #[schema(required, example = "shampoo", min_length = 1, max_length = 100)]
    pub category: Option<String>,
    /// Batch or lot, at most 100 characters.
    #[schema(max_length = 100)]
    pub batch: Option<String>,
    /// 1 to 1,000,000.
    #[schema(required, minimum = 1, maximum = 1000000, example = 1)]
    pub quantity: Option<i64>,
    /// The price of one piece before discounts, where the seller tells it.
    pub price: Option<Amount>,
    /// What was paid for the line, freight and discounts included.
    #[schema(required)]
    pub paid: Option<Amount>,
    /// What of `paid` is tax, where the seller tells it: a refund says its share.
    pub tax: Option<Amount>,
    /// What of `paid` is freight, where the seller tells it; with the tax not more than `paid`.
    pub freight: Option<Amount>,
    /// What was taken off before, and is no part of `paid`.
    pub discount: Option<Amount>,
}

/// An order with nothing wrong.
#[derive(Debug)]
pub struct Sale {
    pub purchase_id: Uuid,
    pub channel: Channel,
    pub identity: Identity,
    pub person: Person,
    order_ref: String,
    store_id: Option<String>,
    bought_at: Timestamp,
    delivered_at: Option<Timestamp>,
    lines: Vec<Line>,
    paid: Money,
    tenders: Vec<Tender>,
}

impl Sale {
    /// What the purchase is told, with what is known beside it.
    pub fn command(&self, customer_id: Uuid, known: Known) -> Command {
        let facts = Facts {
            purchase_id: self.purchase_id,
            order_ref: self.order_ref.clone(),
            customer_id,
            channel: self.channel,
            store_id: self.store_id.clone(),
            bought_at: self.bought_at,
            lines: self.lines.clone(),
            paid: self.paid,
            tenders: self.tenders.clone(),
        };
        Command::Record { facts: Box::new(facts), delivered_at: self.delivered_at, known }
    }
}

impl SaleRequest {
    /// Reads one line: the sale, or everything that is wrong with it.
    pub fn read(text: &str, now: Timestamp) -> Result<Sale, Vec<Wrong>> {
        let shaped = body::shape::<Self>(text).map_err(|wrong| vec![wrong])?;
        let mut checks = Checks::new(shaped.wrong, now);
        let sale = shaped.document.check(&mut checks);
        let wrong = checks.into_wrong();
        sale.filter(|_| wrong.is_empty()).ok_or(wrong)
    }

    fn check(&self, checks: &mut Checks) -> Option<Sale> {
        let channel = checks.required("channel", self.channel, "name the channel it was sold by");
        if channel == Some(Channel::FollowUp) {
            checks.report("channel", "sells nothing", "name the channel it was sold by");
        }
        let order_ref = checks.required_word("order_ref", self.order_ref.as_deref(), 100);
        let asked = Customer::default();
        let customer = self.customer.as_ref().unwrap_or(&asked);
        let known = customer.check(checks, channel.unwrap_or(Channel::Shop));
        if known.identity.is_none() {
            let hint = "say who bought by at least one of ref, phone and email";
            checks.report("customer.ref", "is missing, and so are customer.phone and customer.email", hint);
        }
        let store_id = checks.word("store", self.store.as_deref(), 100);
        let (bought_at, delivered_at) = self.check_times(checks);
        let lines = self.check_lines(checks);
        let paid = checks.amount("paid", self.paid.as_ref());
        if let (Some(lines), Some(paid)) = (&lines, paid) {
            check_sum(checks, lines, paid);
        }
        let tenders = self.check_tenders(checks, paid);
        let (channel, order_ref) = (channel?, order_ref?);
        Some(Sale {
            purchase_id: purchase_id(channel, &order_ref),
            channel,
            identity: known.identity?,
            person: known.person,
            order_ref,
            store_id,
            bought_at: bought_at?,
            delivered_at,
            lines: lines?,
            paid: paid?,
            tenders: tenders?,
        })
    }

    /// The means add up to what was paid, in its currency.
    fn check_tenders(&self, checks: &mut Checks, paid: Option<Money>) -> Option<Vec<Tender>> {
        let told = self.tenders.as_deref().unwrap_or_default();
        if told.len() > TENDERS_MAX {
            checks.report("tenders", "has too many means of payment", "give 0 to 20");
            return None;
        }
        let check = |(index, tender): (usize, &Option<SaleTender>)| {
            tender.clone().unwrap_or_default().check(checks, &format!("tenders[{index}]"), paid)
        };
        let good: Vec<Tender> = told.iter().enumerate().filter_map(check).collect();
        let sum: i64 = good.iter().map(|tender| tender.paid.minor).sum();
        if good.len() < told.len() {
            return None;
        }
        if let Some(paid) = paid.filter(|paid| !told.is_empty() && paid.minor != sum) {
            let reason = format!("add up to {sum}, but paid is {}", paid.minor);
            checks.report("tenders", reason, "give all that it was paid by, or leave them out");
        }
        Some(good)
    }

    fn check_times(&self, checks: &mut Checks) -> (Option<Timestamp>, Option<Timestamp>) {
        let bought = checks.required("bought_at", self.bought_at.as_deref(), "say when it was bought");
        let bought_at = checks.happened("bought_at", bought);
        let delivered_at = checks.happened("delivered_at", self.delivered_at.as_deref());
        if let (Some(bought), Some(delivered)) = (bought_at, delivered_at)
            && delivered < bought
        {
            checks.report("delivered_at", "is before bought_at", "give the time at which it arrived");
        }
        (bought_at, delivered_at)
    }

    fn check_lines(&self, checks: &mut Checks) -> Option<Vec<Line>> {
        let lines = self.lines.as_deref().unwrap_or_default();
        if lines.is_empty() || lines.len() > LINES_MAX {
            let reason = if lines.is_empty() { "is missing" } else { "has too many lines" };
            checks.report("lines", reason, "give 1 to 200 lines");
            return None;
        }
        let mut seen = HashSet::new();
        let mut good = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let checked = line.clone().unwrap_or_default().check(checks, &format!("lines[{index}]"));
            if let Some(line) = checked {
                if !seen.insert(line.line_id.clone()) {
                    let field = format!("lines[{index}].line_id");
                    checks.report(field, "stands for another line too", "give every line of an order its own");
                }
                good.push(line);
            }
        }
        (good.len() == lines.len()).then_some(good)
    }
}

impl SaleTender {
    fn check(&self, checks: &mut Checks, at: &str, all: Option<Money>) -> Option<Tender> {
        let field = |name: &str| format!("{at}.{name}");
        let kind = checks.required(&field("kind"), self.kind, "say by what it was paid");
        let paid = checks.amount(&field("paid"), self.paid.as_ref());
        if let (Some(paid), Some(all)) = (paid, all)
            && paid.currency != all.currency
        {
            let reason = format!("is {}, but paid is in {}", paid.currency, all.currency);
            checks.report(field("paid.currency"), reason, "give one currency for the whole order");
            return None;
        }
        let nothing = paid.is_some_and(|paid| paid.minor == 0);
        if nothing {
            checks.report(field("paid.minor"), "is 0", "leave out what nothing was paid by");
        }
        let points = checks.within(&field("points"), self.points, 1, POINTS_MAX);
        let of_points = kind == Some(TenderKind::Points);
        if kind.is_some() && of_points != self.points.is_some() {
            let reason = if of_points { "is missing" } else { "is told of what is no points" };
            checks.report(field("points"), reason, "say of points how many they were, and of nothing else");
        }
        let sound = !nothing && of_points == points.is_some();
        Some(Tender { kind: kind?, paid: paid?, points: points.map(i64::unsigned_abs) }).filter(|_| sound)
    }
}

impl SaleLine {
    fn check(&self, checks: &mut Checks, at: &str) -> Option<Line> {
        let field = |name: &str| format!("{at}.{name}");
        let line_id = checks.required_word(&field("line_id"), self.line_id.as_deref(), 100);
        let product_id = checks.required_word(&field("product_id"), self.product_id.as_deref(), 100);
        let category = checks.required_word(&field("category"), self.category.as_deref(), 100);
        let batch = checks.word(&field("batch"), self.batch.as_deref(), 100);
        let quantity = checks.required(&field("quantity"), self.quantity, "give 1 to 1000000");
        let quantity = checks.within(&field("quantity"), quantity, 1, 1_000_000);
        let paid = checks.amount(&field("paid"), self.paid.as_ref());
        let mut told = |name: &str, amount: Option<&Amount>| {
            let amount = amount.and_then(|amount| checks.amount(&field(name), Some(amount)))?;
            if let Some(paid) = paid.filter(|paid| paid.currency != amount.currency) {
                let reason = format!("is {}, but paid is in {}", amount.currency, paid.currency);
                checks.report(field(&format!("{name}.currency")), reason, "give one currency for the whole order");
            }
            Some(amount)
        };
        let (price, tax) = (told("price", self.price.as_ref()), told("tax", self.tax.as_ref()));
        let (freight, discount) = (told("freight", self.freight.as_ref()), told("discount", self.discount.as_ref()));
        let within: i64 = [tax, freight].into_iter().flatten().map(|one| one.minor).sum();
        if paid.is_some_and(|paid| within > paid.minor) {
            let reason = format!("is {within} together with the freight, more than what was paid");
            checks.report(field("tax"), reason, "give what of paid is tax and what of it is freight");
        }
        Some(Line {
            line_id: line_id?,
            product_id: product_id?,
            category: category?,
            batch,
            quantity: u32::try_from(quantity?).ok()?,
            price,
            paid: paid?,
            tax,
            freight,
            discount,
        })
    }
}

/// The lines add up to what was paid, in one currency. No sum overflows: amounts and the number of lines have bounds.
fn check_sum(checks: &mut Checks, lines: &[Line], paid: Money) {
    let mut mixed = false;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.paid.currency != paid.currency) {
        mixed = true;
        let reason = format!("is {}, but paid is in {}", line.paid.currency, paid.currency);
        checks.report(format!("lines[{index}].paid.currency"), reason, "give one currency for the whole order");
    }
    if mixed {
        return;
    }
    let sum: i64 = lines.iter().map(|line| line.paid.minor).sum();
    if sum != paid.minor {
        let reason = format!("is {}, but the lines add up to {sum}", paid.minor);
        checks.report("paid.minor", reason, "give the exact sum of the lines");
    }
}
