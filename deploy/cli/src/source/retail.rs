//! What a retailer really sold and took back: the invoices and cancellations of the UCI Online Retail data set
//! (`retail_lines.csv.zst`), as sales over a shop's counter and returns to it. Its times carry no zone and are read as UTC;
//! its money is pounds. Every fourth customer is taken, with all he bought and brought back.
//! Invariant: no more comes back of a line than was bought on it.
use std::{collections::HashMap, fs::File, io::Read, path::Path};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use kernel::money::{Currency, Money};
use serde::Deserialize;

use super::Return;
use crate::{
    forms::{Customer, Sale, SaleLine},
    import::amount,
};

/// The file of the data set.
pub const FILE: &str = "retail_lines.csv.zst";
const CHANNEL: &str = "shop";
const CURRENCY: &str = "GBP";
/// One customer of so many is taken.
const ONE_IN: u64 = 4;
/// Shops the customers are spread over; the data set knows none.
const STORES: u64 = 8;
/// Lines a sale may have at intake; longer invoices are left out.
const LINES_MAX: usize = 200;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Deserialize)]
struct Row {
    invoice: String,
    at: DateTime,
    customer_id: String,
    stock_code: String,
    quantity: i64,
    unit_price: String,
    cancelled: String,
    derived_original_invoice: String,
}

/// What was sold and brought back in so many days, moved by whole weeks so that the first day falls in the week from `start`
/// on. Errors: the file cannot be read, or is not what it should be.
pub fn read(folder: &Path, start: Timestamp, days: u32) -> anyhow::Result<(Vec<Sale>, Vec<Return>)> {
    let path = folder.join(FILE);
    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = zstd::Decoder::new(file).with_context(|| format!("{} is no zstd", path.display()))?;
    parse(text, start, days).with_context(|| format!("the data in {}", path.display()))
}

fn parse(text: impl Read, start: Timestamp, days: u32) -> anyhow::Result<(Vec<Sale>, Vec<Return>)> {
    let currency: Currency = CURRENCY.parse()?;
    let (mut shift, mut sales, mut returns) = (None, HashMap::<String, Sale>::new(), Vec::new());
    let end = start + SignedDuration::from_hours(24 * i64::from(days));
    for (row, line) in csv::Reader::from_reader(text).into_deserialize::<Row>().zip(2..) {
        let row = row.with_context(|| format!("line {line}"))?;
        let told = row.at.to_zoned(TimeZone::UTC)?.timestamp();
        let weeks = *shift.get_or_insert_with(|| weeks_between(told, start));
        let at = told + WEEK * weeks;
        // Codes as POST, D and M are no articles, and what is free brings nothing back.
        let is_article = row.stock_code.starts_with(|c: char| c.is_ascii_digit());
        let price = amount(&row.unit_price, currency).filter(|price| price.minor > 0);
        let Some(price) = price.filter(|_| is_article && at < end && is_chosen(&row.customer_id)) else { continue };
        match row.cancelled.as_str() {
            "no" if row.quantity > 0 => sell(&mut sales, row, at, price)?,
            "yes" => returns.push((row, at)),
            _ => {}
        }
    }
    sales.retain(|_, sale| sale.lines.len() <= LINES_MAX);
    for sale in sales.values_mut() {
        sale.paid = Sale::sum(&sale.lines).map_err(anyhow::Error::msg)?;
    }
    let returns = brought_back(&sales, returns)?;
    Ok((sales.into_values().collect(), returns))
}

/// From one to the other, so many whole weeks and less than one more.
fn weeks_between(from: Timestamp, to: Timestamp) -> i32 {
    let weeks = to.duration_since(from).as_secs().div_euclid(WEEK.as_secs()) + 1;
    i32::try_from(weeks).unwrap_or_default()
}

fn is_chosen(customer: &str) -> bool {
    customer.parse::<u64>().is_ok_and(|number| number.is_multiple_of(ONE_IN))
}

/// Another line of an invoice; what is the same article for the same price is one line.
fn sell(sales: &mut HashMap<String, Sale>, row: Row, at: Timestamp, price: Money) -> anyhow::Result<()> {
    let quantity = u32::try_from(row.quantity)?;
    let customer = row.customer_id;
    let sale = sales.entry(row.invoice.clone()).or_insert_with(|| Sale {
        channel: CHANNEL.to_owned(),
        order_ref: row.invoice,
        store: Some(format!("shop-{}", customer.parse::<u64>().unwrap_or_default() / ONE_IN % STORES)),
        bought_at: at,
        delivered_at: Some(at),
        customer: Customer {
            name: Some(format!("Customer {customer}")),
            email: Some(format!("{customer}@example.com")),
            r#ref: Some(customer),
            ..Customer::default()
        },
        lines: Vec::new(),
        paid: Money::zero(price.currency),
    });
    let same = |line: &&mut SaleLine| line.product_id == row.stock_code && line.price == Some(price);
    let quantity = match sale.lines.iter_mut().find(same) {
        Some(line) => {
            line.quantity += quantity;
            line.paid = times(price, line.quantity)?;
            return Ok(());
        }
        None => quantity,
    };
    sale.lines.push(SaleLine {
        line_id: (sale.lines.len() + 1).to_string(),
        product_id: row.stock_code,
        category: "gifts".to_owned(),
        batch: None,
        quantity,
        price: Some(price),
        paid: times(price, quantity)?,
    });
    Ok(())
}

fn times(price: Money, pieces: u32) -> anyhow::Result<Money> {
    let minor = price.minor.checked_mul(pieces.into()).context("an amount that cannot be counted")?;
    Ok(Money::new(minor, price.currency))
}

/// Cancellations, each of the line it is about, as far as something of the line is left.
fn brought_back(sales: &HashMap<String, Sale>, rows: Vec<(Row, Timestamp)>) -> anyhow::Result<Vec<Return>> {
    let mut left: HashMap<(&str, &str), u32> = HashMap::new();
    let mut returns: Vec<Return> = Vec::new();
    for (row, at) in rows {
        let Some(sale) = sales.get(&row.derived_original_invoice).filter(|sale| sale.bought_at < at) else { continue };
        let quantity = u32::try_from(row.quantity.unsigned_abs())?;
        for line in sale.lines.iter().filter(|line| line.product_id == row.stock_code) {
            let left = left.entry((&sale.order_ref, &line.line_id)).or_insert(line.quantity);
            if quantity > 0 && *left >= quantity {
                *left -= quantity;
                let back = Return::of(sale, line, quantity, at);
                // What a cancellation tells in two lines came together.
                let same = |other: &&mut Return| Return { quantity, ..(*other).clone() } == back;
                match returns.iter_mut().find(same) {
                    Some(other) => other.quantity += quantity,
                    None => returns.push(back),
                }
                break;
            }
        }
    }
    Ok(returns)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const LINES: &str =
        "invoice,at,customer_id,country,stock_code,description,quantity,unit_price,cancelled,derived_original_invoice
1,2010-12-01T08:26,16,United Kingdom,21730,HOLDER,6,4.25,no,
1,2010-12-01T08:26,16,United Kingdom,21730,HOLDER,2,4.25,no,
1,2010-12-01T08:26,16,United Kingdom,POST,POSTAGE,1,9.00,no,
2,2010-12-01T09:00,17,United Kingdom,21730,HOLDER,6,4.25,no,
C3,2010-12-05T10:00,16,United Kingdom,21730,HOLDER,-5,4.25,yes,1
C4,2010-12-06T10:00,16,United Kingdom,21730,HOLDER,-4,4.25,yes,1
C3,2010-12-05T10:00,16,United Kingdom,21730,HOLDER,-1,4.25,yes,1
C5,2010-12-06T10:00,17,United Kingdom,21730,HOLDER,-4,4.25,yes,2
C6,2010-12-07T10:00,16,United Kingdom,21730,HOLDER,-2,4.25,yes,1
7,2011-06-01T09:00,16,United Kingdom,21730,HOLDER,6,4.25,no,
";

    #[test]
    fn invoices_become_sales_and_cancellations_returns_of_no_more_than_was_bought() {
        let start: Timestamp = "2017-03-01T00:00:00Z".parse().unwrap();
        let (sales, returns) = parse(LINES.as_bytes(), start, 30).unwrap();
        assert_eq!(sales.len(), 1, "one customer of four, within the days");
        let sale = sales.first().unwrap();
        let pieces: Vec<u32> = sale.lines.iter().map(|line| line.quantity).collect();
        assert_eq!((pieces.as_slice(), sale.paid.minor), ([8].as_slice(), 8 * 425));
        assert_eq!(sale.bought_at.to_string(), "2017-03-01T08:26:00Z", "a Wednesday stays one");
        let back: Vec<_> = returns.iter().map(|one| (one.quantity, one.unit.minor, one.order_ref.as_str())).collect();
        assert_eq!(back, [(6, 425, "1"), (2, 425, "1")], "the four are more than was left");
        assert_eq!(returns.first().unwrap().at.to_string(), "2017-03-05T10:00:00Z");
    }

    #[test]
    fn what_is_not_the_data_set_is_refused_with_the_place() {
        let broken = LINES.replace("2010-12-06T10:00,17", "yesterday,17");
        let error = parse(broken.as_bytes(), Timestamp::UNIX_EPOCH, 30).err().unwrap();
        assert!(format!("{error:#}").starts_with("line 9"), "{error:#}");
    }
}
