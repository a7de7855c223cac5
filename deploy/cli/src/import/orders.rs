//! Orders out of CSV rows: one row an order line, the rows of an order one after the other.
//! Invariant: an order is taken whole or not at all; rows of an order that is already closed are refused, not sold again.
use std::{collections::HashSet, io::BufRead, iter::Peekable};

use jiff::Timestamp;
use kernel::money::{Currency, Money};

use super::{
    Line, Rejection,
    rows::{Row, Rows},
    sales::Read,
};
use crate::forms::{Customer, Sale, SaleLine};

const NEEDED: [&str; 8] =
    ["order_ref", "channel", "bought_at", "currency", "product_id", "category", "quantity", "paid"];
const OPTIONAL: [&str; 9] =
    ["store", "delivered_at", "customer_ref", "name", "phone", "email", "address", "batch", "price"];

/// The orders of a CSV text. Errors: its columns are wrong.
pub fn of(reader: Box<dyn BufRead + Send>) -> anyhow::Result<Orders> {
    Ok(Orders { rows: Rows::of(reader, &NEEDED, &OPTIONAL)?.peekable(), closed: HashSet::new() })
}

/// Orders, each as one line of JSON under the number of its first row.
pub struct Orders {
    rows: Peekable<Rows>,
    closed: HashSet<(String, String)>,
}

impl Iterator for Orders {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        let first = match self.rows.next()? {
            Ok(Ok(row)) => row,
            Ok(Err(rejection)) => return Some(Ok(Err(rejection))),
            Err(error) => return Some(Err(error)),
        };
        let key = key(&first);
        let mut rows = vec![first];
        let same = |next: &anyhow::Result<Result<Row, Rejection>>| matches!(next, Ok(Ok(row)) if self::key(row) == key);
        while let Some(Ok(Ok(row))) = self.rows.next_if(same) {
            rows.push(row);
        }
        let again = !key.1.is_empty() && !self.closed.insert(key);
        let reason = "the rows of an order must stand together; this order ended further up";
        let order = if again { Err(reason.to_owned()) } else { order(&rows) };
        Some(Ok(outcome(order, rows)))
    }
}

/// Channel and order number.
fn key(row: &Row) -> (String, String) {
    let field = |column| row.get(column).unwrap_or_default().to_owned();
    (field("channel"), field("order_ref"))
}

fn outcome(order: Result<String, String>, rows: Vec<Row>) -> Result<Line, Rejection> {
    let number = rows.first().map_or(0, |row| row.line.number);
    let original = rows.into_iter().map(|row| row.line.text).collect::<Vec<_>>().join(" | ");
    match order {
        Ok(text) => Ok(Line { number, text, original: Some(original) }),
        Err(reason) => Err(Rejection { line: Line::of(number, original), reason }),
    }
}

/// The order in the form intake takes. Errors: all that is wrong with any of its rows.
fn order(rows: &[Row]) -> Result<String, String> {
    let Some(first) = rows.first() else { return Err("no rows".to_owned()) };
    let mut wrong = Vec::new();
    let mut lines = Vec::new();
    for (position, row) in rows.iter().enumerate() {
        match line(row, position + 1) {
            Ok(line) => lines.push(line),
            Err(reason) => wrong.push(format!("line {}: {reason}", row.line.number)),
        }
        for column in ["bought_at", "delivered_at", "store", "customer_ref", "phone", "email", "address", "currency"] {
            if row.get(column) != first.get(column) {
                wrong.push(format!("line {}: {column} is not that of the order's first row", row.line.number));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    sale(first, lines)?.line().map_err(|error| error.to_string())
}

fn sale(row: &Row, lines: Vec<SaleLine>) -> Result<Sale, String> {
    const INSTANT: &str = "an instant such as 2024-05-01T10:00:00Z";
    let text = |column| row.get(column).map(str::to_owned);
    row.required("bought_at")?;
    Ok(Sale {
        channel: row.required("channel")?.to_owned(),
        order_ref: row.required("order_ref")?.to_owned(),
        store: text("store"),
        bought_at: row.parsed::<Timestamp>("bought_at", INSTANT)?.unwrap_or_default(),
        delivered_at: row.parsed("delivered_at", INSTANT)?,
        customer: Customer {
            r#ref: text("customer_ref"),
            name: text("name"),
            phone: text("phone"),
            email: text("email"),
            address: text("address"),
        },
        paid: Sale::sum(&lines)?,
        lines,
    })
}

fn line(row: &Row, position: usize) -> Result<SaleLine, String> {
    let currency = row.required("currency")?;
    let currency: Currency = currency.parse().map_err(|_| format!("currency: {currency:?} is none of ISO 4217"))?;
    let amount = |column| {
        let text = row.required(column)?;
        amount(text, currency)
            .ok_or_else(|| format!("{column}: {text:?} is not an amount in {currency}, such as 19.90"))
    };
    row.required("quantity")?;
    Ok(SaleLine {
        line_id: position.to_string(),
        product_id: row.required("product_id")?.to_owned(),
        category: row.required("category")?.to_owned(),
        batch: row.get("batch").map(str::to_owned),
        quantity: row.parsed("quantity", "a whole number")?.unwrap_or_default(),
        price: row.get("price").map(|_| amount("price")).transpose()?,
        paid: amount("paid")?,
    })
}

/// A decimal number as an exact amount; `None` when it is none, or finer than the currency's minor unit.
pub fn amount(text: &str, currency: Currency) -> Option<Money> {
    let digits = currency.minor_digits() as usize;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > digits {
        return None;
    }
    let minor: i64 = format!("{whole}{fraction:0<digits$}").parse().ok()?;
    Some(Money::new(minor, currency))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Cursor;

    use super::*;

    const HEADER: &str = "order_ref,channel,bought_at,currency,customer_ref,email,product_id,category,quantity,paid\n";

    fn read(rows: &str) -> Vec<Result<(u64, Sale), (u64, String)>> {
        let text = format!("{HEADER}{rows}");
        let orders = of(Box::new(Cursor::new(text.into_bytes()))).unwrap();
        let taken = |line: Line| (line.number, serde_json::from_str(&line.text).unwrap());
        orders.map(|order| order.unwrap().map(taken).map_err(|refused| (refused.line.number, refused.reason))).collect()
    }

    fn row(order: &str, product: &str, paid: &str) -> String {
        format!("{order},shop,2024-05-01T10:00:00Z,CNY,c1,a@example.com,{product},shampoo,1,{paid}\n")
    }

    #[test]
    fn rows_of_an_order_become_one_sale() {
        let orders = read(&[row("A", "p1", "19.90"), row("A", "p2", "5"), row("B", "p1", "19.9")].concat());
        let (number, sale) = orders.first().unwrap().clone().unwrap();
        assert_eq!((number, sale.order_ref.as_str(), sale.lines.len()), (2, "A", 2));
        let paid: Vec<i64> = sale.lines.iter().map(|line| line.paid.minor).collect();
        assert_eq!((paid, sale.paid.minor), (vec![1990, 500], 2490));
        assert_eq!(sale.customer.email.as_deref(), Some("a@example.com"));
        assert_eq!(orders.get(1).unwrap().as_ref().unwrap().0, 4);
        assert_eq!(orders.len(), 2);
    }

    #[test]
    fn what_may_be_missing_is_read_where_it_is_there() {
        let text = format!(
            "{},price,address\n{},21.00,\"Calle 1, Lima\"\n{},,\"Calle 1, Lima\"\n",
            HEADER.trim_end(),
            row("A", "p1", "19.90").trim_end(),
            row("A", "p2", "5").trim_end()
        );
        let order = of(Box::new(Cursor::new(text.into_bytes()))).unwrap().next().unwrap().unwrap().unwrap();
        let sale: Sale = serde_json::from_str(&order.text).unwrap();
        let prices: Vec<Option<i64>> = sale.lines.iter().map(|line| line.price.map(|price| price.minor)).collect();
        assert_eq!((prices, sale.paid.minor), (vec![Some(2100), None], 2490));
        assert_eq!(sale.customer.address.as_deref(), Some("Calle 1, Lima"));
    }

    #[test]
    fn an_order_with_a_bad_row_is_refused_whole_with_all_that_is_wrong() {
        let bad = row("A", "p1", "19.905").replace("2024-05-01", "2024-05-02");
        let orders = read(&[row("A", "p1", "1.00"), bad, row("B", "p1", "1.00")].concat());
        let (number, reason) = orders.first().unwrap().clone().unwrap_err();
        assert_eq!(number, 2);
        assert!(reason.contains("line 3: paid: \"19.905\"") && reason.contains("line 3: bought_at"), "{reason}");
        assert_eq!(orders.get(1).unwrap().as_ref().unwrap().1.order_ref, "B");
    }

    #[test]
    fn an_order_that_comes_back_is_not_sold_again() {
        let orders = read(&[row("A", "p1", "1"), row("B", "p1", "1"), row("A", "p2", "1")].concat());
        assert!(orders.get(2).unwrap().as_ref().unwrap_err().1.contains("stand together"));
    }

    #[test]
    fn an_order_keeps_what_stands_in_the_file() {
        let rows = [row("A", "p1", "1.00"), row("A", "p2", "2.00")].concat();
        let text = format!("{HEADER}{rows}");
        let order = of(Box::new(Cursor::new(text.into_bytes()))).unwrap().next().unwrap().unwrap().unwrap();
        assert_eq!(order.original(), rows.trim_end().replace('\n', " | "));
    }

    #[test]
    fn rows_without_number_or_currency_are_refused() {
        let without = [row("", "p1", "1"), row("A", "p1", "1").replace("CNY", "cny")].concat();
        let reasons: Vec<String> = read(&without).into_iter().map(|order| order.unwrap_err().1).collect();
        assert!(reasons.first().unwrap().contains("order_ref: is missing"));
        assert!(reasons.get(1).unwrap().contains("currency: \"cny\""));
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        let minor = |text: &str, code: &str| amount(text, code.parse().unwrap()).map(|money| money.minor);
        for (text, code, expected) in [
            ("19.90", "CNY", Some(1990)),
            ("19.9", "CNY", Some(1990)),
            ("19", "CNY", Some(1900)),
            ("19.900", "CNY", Some(1990)),
            ("0.05", "BRL", Some(5)),
            ("500", "JPY", Some(500)),
            ("1.234", "KWD", Some(1234)),
            ("19.905", "CNY", None),
            ("5.5", "JPY", None),
            ("-1", "CNY", None),
            ("1,50", "CNY", None),
            (".5", "CNY", None),
            ("", "CNY", None),
            ("99999999999999999999", "CNY", None),
        ] {
            assert_eq!(minor(text, code), expected, "{text} {code}");
        }
    }
}
