//! The orders of the marketplace data set as sales and answers. Its times carry no zone and are read as UTC; its money is
//! Brazilian real. A customer's review is the answer to a follow-up: its score, its words, at the time it was given.
//! The data set asks nobody for discomfort and knows no names, so no answer reports any, and addresses are made up.
use std::{collections::HashMap, fs::File, io::Read, path::Path};

use anyhow::{Context, bail};
use csv::StringRecord;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use kernel::money::{Currency, Money};

use super::{LeftOut, Origin, Source};
use crate::{
    forms::{Answer, Customer, Sale, SaleLine},
    import::amount,
};

/// The files of the data set that are read.
pub const FILES: [&str; 2] = ["orders.csv.zst", "order_items.csv.zst"];
const CHANNEL: &str = "platform";
const CURRENCY: &str = "BRL";

/// Reads both files.
pub fn read(folder: &Path) -> anyhow::Result<Source> {
    let [orders, items] = FILES.map(|file| open(&folder.join(file)));
    parse(orders?, items?).with_context(|| format!("the data in {}", folder.display()))
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(zstd::Decoder::new(file).with_context(|| format!("{} is no zstd", path.display()))?))
}

fn parse(orders: impl Read, items: impl Read) -> anyhow::Result<Source> {
    let mut lines = lines_by_order(items)?;
    let mut source = Source { origin: Origin::Olist, ..Source::default() };
    for_each(orders, |row| {
        let order_ref = row.get("order_id")?.to_owned();
        let answer = answer(&row, &order_ref)?;
        match lines.remove(&order_ref) {
            Some(lines) => {
                let sale = sale(&row, order_ref, lines)?;
                let (sound, before) =
                    answer.into_iter().partition::<Vec<_>, _>(|a| a.answered_at >= Some(sale.bought_at));
                source.left_out.answers += u64::try_from(before.len())?;
                source.answers.extend(sound);
                source.sales.push(sale);
            }
            None => {
                let LeftOut { orders_without_lines, answers } = source.left_out;
                source.left_out = LeftOut {
                    orders_without_lines: orders_without_lines + 1,
                    answers: answers + u64::from(answer.is_some()),
                };
            }
        }
        Ok(())
    })?;
    Ok(source.in_order())
}

fn sale(row: &Row<'_>, order_ref: String, lines: Vec<SaleLine>) -> anyhow::Result<Sale> {
    let customer = row.get("customer_id")?;
    let short: String = customer.chars().take(12).collect();
    Ok(Sale {
        channel: CHANNEL.to_owned(),
        order_ref,
        store: None,
        bought_at: row.instant("purchased_at")?.context("purchased_at is empty")?,
        delivered_at: row.instant("delivered_at")?,
        customer: Customer {
            r#ref: Some(customer.to_owned()),
            name: Some(format!("Cliente {short}")),
            phone: None,
            email: Some(format!("{short}@example.com")),
            address: None,
        },
        paid: Sale::sum(&lines).map_err(anyhow::Error::msg)?,
        lines,
    })
}

fn answer(row: &Row<'_>, order_ref: &str) -> anyhow::Result<Option<Answer>> {
    let Some(answered_at) = row.instant("review_answered_at")? else { return Ok(None) };
    let score = row.get("review_score")?;
    let words = [row.get("review_title")?, row.get("review_comment")?];
    let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
    Ok(Some(Answer {
        purchase_id: None,
        channel: Some(CHANNEL.to_owned()),
        order_ref: Some(order_ref.to_owned()),
        score: score.parse().with_context(|| format!("review_score {score:?}"))?,
        discomfort: false,
        comment: words.join("\n"),
        answered_at: Some(answered_at),
    }))
}

/// One line for each piece: the data set counts pieces one by one.
fn lines_by_order(items: impl Read) -> anyhow::Result<HashMap<String, Vec<SaleLine>>> {
    let currency: Currency = CURRENCY.parse()?;
    let mut lines: HashMap<String, Vec<SaleLine>> = HashMap::new();
    for_each(items, |row| {
        let money = |column| {
            let text = row.get(column)?;
            amount(text, currency).with_context(|| format!("{column} {text:?} is no amount"))
        };
        let (price, freight): (Money, Money) = (money("price")?, money("freight")?);
        lines.entry(row.get("order_id")?.to_owned()).or_default().push(SaleLine {
            line_id: row.get("item_no")?.to_owned(),
            product_id: row.get("product_id")?.to_owned(),
            category: row.get("category")?.to_owned(),
            batch: None,
            quantity: 1,
            price: Some(price),
            paid: price.checked_add(freight)?,
        });
        Ok(())
    })?;
    Ok(lines)
}

struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn get(&self, column: &str) -> anyhow::Result<&str> {
        let position = self.columns.get(column).with_context(|| format!("there is no column {column}"))?;
        Ok(self.record.get(*position).unwrap_or_default())
    }

    fn instant(&self, column: &str) -> anyhow::Result<Option<Timestamp>> {
        let text = self.get(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let local: DateTime = text.parse().with_context(|| format!("{column} {text:?} is no time"))?;
        Ok(Some(local.to_zoned(TimeZone::UTC)?.timestamp()))
    }
}

fn for_each(text: impl Read, mut each: impl FnMut(Row<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut reader = csv::Reader::from_reader(text);
    let columns: HashMap<String, usize> = reader.headers()?.iter().map(str::to_owned).zip(0..).collect();
    if columns.is_empty() {
        bail!("a file is empty");
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        each(Row { columns: &columns, record: &record }).with_context(|| format!("line {line}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ORDERS: &str = "order_id,customer_id,status,purchased_at,delivered_at,review_score,review_title,review_comment,review_answered_at
o2,c2,delivered,2017-01-02T10:00:00,2017-01-09T12:00:00,1,ruim,\"veio quebrado, nao gostei\",2017-01-10T08:00:00
o1,c1,shipped,2017-01-01T23:59:59,,,,,
o3,c3,canceled,2017-01-03T10:00:00,,1,,nunca chegou,2017-02-01T08:00:00
";
    const ITEMS: &str = "order_id,item_no,product_id,category,price,freight
o1,1,p1,perfumery,10.00,1.50
o2,1,p1,perfumery,10.00,1.50
o2,2,p2,toys,0.99,0.01
";

    fn source() -> Source {
        parse(ORDERS.as_bytes(), ITEMS.as_bytes()).unwrap()
    }

    #[test]
    fn orders_become_sales_in_the_order_they_were_made() {
        let source = source();
        let refs: Vec<&str> = source.sales.iter().map(|sale| sale.order_ref.as_str()).collect();
        assert_eq!(refs, ["o1", "o2"]);
        let sale = source.sales.get(1).unwrap();
        assert_eq!(sale.bought_at.to_string(), "2017-01-02T10:00:00Z");
        assert_eq!(sale.delivered_at.unwrap().to_string(), "2017-01-09T12:00:00Z");
        let paid: Vec<i64> = sale.lines.iter().map(|line| line.paid.minor).collect();
        assert_eq!(paid, [1150, 100]);
        assert_eq!(source.sales.first().unwrap().delivered_at, None);
    }

    #[test]
    fn reviews_become_answers_at_their_own_time() {
        let source = source();
        let answer = source.answers.first().unwrap();
        assert_eq!((source.answers.len(), answer.score, answer.discomfort), (1, 1, false));
        assert_eq!(answer.comment, "ruim\nveio quebrado, nao gostei");
        assert_eq!(answer.answered_at.unwrap().to_string(), "2017-01-10T08:00:00Z");
        assert_eq!(answer.purchase(), Ok(source.sales.get(1).unwrap().purchase_id()));
    }

    #[test]
    fn orders_without_lines_are_counted_and_left_out() {
        assert_eq!(source().left_out, LeftOut { orders_without_lines: 1, answers: 1 });
    }

    #[test]
    fn what_is_not_the_data_set_is_refused_with_the_place() {
        let broken = ITEMS.replace("0.99", "cheap");
        let error = parse(ORDERS.as_bytes(), broken.as_bytes()).err().unwrap();
        assert_eq!(format!("{error:#}"), "line 4: price \"cheap\" is no amount");
    }
}
