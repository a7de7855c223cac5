//! What the sandbox provider did, by key. One line of JSON a key, synced to disk before the answer is given.
use std::{
    collections::{BTreeMap, HashMap},
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use kernel::money::Money;
pub use kernel::tender::TenderKind;
use serde::{Deserialize, Serialize};

/// What is asked for: the body of `POST /refunds`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What the money is for; 1 to 100 characters.
    pub purchase_ref: String,
    /// More than nothing.
    pub amount: Money,
    /// By what the purchase was paid, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tender: Option<Tender>,
}

/// One of the means a purchase was paid by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tender {
    pub no: u32,
    pub kind: TenderKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
}

impl Order {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self { purchase_ref, .. } if purchase_ref.is_empty() || purchase_ref.len() > 100 => {
                Err("purchase_ref must have 1 to 100 characters")
            }
            Self { amount, .. } if amount.minor <= 0 => Err("amount.minor must be more than 0"),
            Self { .. } => Ok(()),
        }
    }
}

/// The provider's final word on a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Answer {
    /// The money moved.
    Succeeded { provider_ref: String },
    /// It will never move under this key.
    Failed { code: String },
}

/// Money that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub key: String,
    pub purchase_ref: String,
    pub amount: Money,
    pub provider_ref: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tender: Option<Tender>,
}

/// A refund the provider will never pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub key: String,
    pub purchase_ref: String,
    pub amount: Money,
    pub code: String,
}

/// The body of `GET /ledger`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerView {
    /// Money that moved, in order.
    pub entries: Vec<Entry>,
    /// Keys that got a no; nothing moved for them.
    pub refusals: Vec<Refusal>,
    /// Minor units that moved, by currency.
    pub totals: BTreeMap<String, i64>,
}

pub(super) enum Verdict {
    Answered(Answer),
    /// The key stands for another refund.
    KeyReused,
}

/// One line of the file.
#[derive(Clone, Serialize, Deserialize)]
struct Line {
    key: String,
    order: Order,
    answer: Answer,
}

#[derive(Default)]
pub(super) struct Ledger {
    lines: Vec<Line>,
    by_key: HashMap<String, usize>,
    file: Option<File>,
}

impl Ledger {
    /// Reads what the file holds; a last line that was cut off while it was written never led to an answer, and goes.
    pub fn open(path: Option<PathBuf>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut ledger = Self::default();
        for line in text.get(..whole).unwrap_or_default().lines() {
            ledger.insert(serde_json::from_str(line).map_err(io::Error::other)?);
        }
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        ledger.file = Some(file);
        Ok(ledger)
    }

    /// The first word on a key is the last: the same refund gets it again, another refund is turned away.
    pub fn decide(&mut self, key: &str, order: Order, refuse: bool) -> io::Result<Verdict> {
        if let Some(known) = self.line(key) {
            let same = known.order == order;
            return Ok(if same { Verdict::Answered(known.answer.clone()) } else { Verdict::KeyReused });
        }
        let answer = match refuse {
            true => Answer::Failed { code: "refused_by_provider".into() },
            false => Answer::Succeeded { provider_ref: format!("pay-{:06}", self.lines.len() + 1) },
        };
        let line = Line { key: key.to_owned(), order, answer: answer.clone() };
        self.write(&line)?;
        self.insert(line);
        Ok(Verdict::Answered(answer))
    }

    pub fn answer(&self, key: &str) -> Option<Answer> {
        self.line(key).map(|line| line.answer.clone())
    }

    pub fn view(&self) -> LedgerView {
        let mut view = LedgerView::default();
        for Line { key, order: Order { purchase_ref, amount, tender }, answer } in self.lines.iter().cloned() {
            match answer {
                Answer::Succeeded { provider_ref } => {
                    *view.totals.entry(amount.currency.to_string()).or_default() += amount.minor;
                    view.entries.push(Entry { key, purchase_ref, amount, provider_ref, tender });
                }
                Answer::Failed { code } => view.refusals.push(Refusal { key, purchase_ref, amount, code }),
            }
        }
        view
    }

    /// What is paid under the key.
    pub fn tender(&self, key: &str) -> Option<TenderKind> {
        self.line(key).and_then(|line| line.order.tender).map(|tender| tender.kind)
    }

    fn line(&self, key: &str) -> Option<&Line> {
        self.by_key.get(key).and_then(|at| self.lines.get(*at))
    }

    fn insert(&mut self, line: Line) {
        self.by_key.insert(line.key.clone(), self.lines.len());
        self.lines.push(line);
    }

    /// A line that cannot be written whole is taken back, so that the next one starts clean.
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = serde_json::to_vec(line).map_err(io::Error::other)?;
        bytes.push(b'\n');
        let start = file.stream_position()?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        if written.is_err() {
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start))?;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    fn order(minor: i64) -> Order {
        Order { purchase_ref: "p".into(), amount: Money::new(minor, "CNY".parse().unwrap()), tender: None }
    }

    fn decide(ledger: &mut Ledger, key: &str, minor: i64, refuse: bool) -> Answer {
        match ledger.decide(key, order(minor), refuse).unwrap() {
            Verdict::Answered(answer) => answer,
            Verdict::KeyReused => panic!("{key} is taken"),
        }
    }

    #[test]
    fn a_key_gets_one_answer_for_ever_and_one_entry() {
        let mut ledger = Ledger::default();
        let paid = decide(&mut ledger, "a", 5, false);
        let refused = decide(&mut ledger, "b", 7, true);
        assert_eq!(decide(&mut ledger, "a", 5, true), paid);
        assert_eq!(decide(&mut ledger, "b", 7, false), refused);
        assert!(matches!(ledger.decide("a", order(6), false).unwrap(), Verdict::KeyReused));
        let view = ledger.view();
        assert_eq!((view.entries.len(), view.refusals.len()), (1, 1));
        assert_eq!(view.totals, BTreeMap::from([("CNY".to_owned(), 5)]));
        assert_eq!(ledger.answer("c"), None);
    }

    #[test]
    fn a_file_brings_everything_back_but_a_line_cut_off_while_it_was_written() {
        let path = std::env::temp_dir().join(format!("ledger-{}", uuid::Uuid::new_v4()));
        let mut first = Ledger::open(Some(path.clone())).unwrap();
        let paid = decide(&mut first, "a", 5, false);
        decide(&mut first, "b", 7, true);
        let view = first.view();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"key\":\"c\",\"ord").unwrap();

        let mut second = Ledger::open(Some(path.clone())).unwrap();
        assert_eq!(second.view(), view);
        assert_eq!(decide(&mut second, "a", 5, false), paid);
        decide(&mut second, "c", 9, false);
        assert_eq!(Ledger::open(Some(path.clone())).unwrap().view(), second.view());
        std::fs::remove_file(path).unwrap();
    }
}
