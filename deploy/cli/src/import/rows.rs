//! CSV rows whose fields are asked for by name.
//! Invariant: a column that is missing or that nobody knows is refused before anything is sent; a broken row is refused alone.
use std::{collections::HashMap, io::BufRead, sync::Arc};

use anyhow::{Context, bail};
use csv::{ByteRecord, ErrorKind, StringRecord};

use super::{Line, Rejection};

/// A row, and where it stands.
pub struct Row {
    pub line: Line,
    columns: Arc<HashMap<String, usize>>,
    record: StringRecord,
}

impl Row {
    /// The field of a column; `None` when it is empty or the column is not there.
    pub fn get(&self, column: &str) -> Option<&str> {
        let field = self.record.get(*self.columns.get(column)?)?.trim();
        (!field.is_empty()).then_some(field)
    }

    /// The field of a column that must not be empty. Errors: it is.
    pub fn required(&self, column: &str) -> Result<&str, String> {
        self.get(column).ok_or_else(|| format!("{column}: is missing"))
    }

    /// A field read as a value. Errors: it cannot be; the message names the column and what is wanted.
    pub fn parsed<T: std::str::FromStr>(&self, column: &str, wanted: &str) -> Result<Option<T>, String> {
        let parse = |field: &str| field.parse().map_err(|_| format!("{column}: {field:?} is not {wanted}"));
        self.get(column).map(parse).transpose()
    }

    /// The row, refused.
    pub fn reject(&self, reason: String) -> Rejection {
        Rejection { line: self.line.clone(), reason }
    }
}

/// The rows of a CSV text.
pub struct Rows {
    reader: csv::Reader<Box<dyn BufRead + Send>>,
    columns: Arc<HashMap<String, usize>>,
}

impl Rows {
    /// Errors: a column of `needed` is missing, or one is there that is in neither list.
    pub fn of(reader: Box<dyn BufRead + Send>, needed: &[&str], optional: &[&str]) -> anyhow::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().from_reader(reader);
        let header = reader.headers().context("cannot read the column names in the first line")?;
        let mut columns = HashMap::new();
        for (position, name) in header.iter().map(str::trim).enumerate() {
            if !needed.contains(&name) && !optional.contains(&name) {
                bail!(
                    "nobody knows a column {name:?}; there are {}, and may be {}",
                    needed.join(", "),
                    optional.join(", ")
                );
            }
            if columns.insert(name.to_owned(), position).is_some() {
                bail!("the column {name:?} is there twice");
            }
        }
        let missing: Vec<&str> = needed.iter().filter(|name| !columns.contains_key(**name)).copied().collect();
        if !missing.is_empty() {
            bail!("these columns are missing: {}", missing.join(", "));
        }
        Ok(Self { reader, columns: Arc::new(columns) })
    }

    /// Whether the text has a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    fn read(&mut self) -> anyhow::Result<Option<Result<Row, Rejection>>> {
        let mut record = ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(self.row(record))),
            Err(error) => match error.kind() {
                ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    let reason = format!("has {len} fields instead of {expected_len}");
                    Ok(Some(Err(Rejection { line: line(&record), reason })))
                }
                _ => Err(error).context("cannot read on"),
            },
        }
    }

    fn row(&self, record: ByteRecord) -> Result<Row, Rejection> {
        let line = line(&record);
        match StringRecord::from_byte_record(record) {
            Ok(record) => Ok(Row { line, columns: Arc::clone(&self.columns), record }),
            Err(_) => Err(Rejection { line, reason: "not UTF-8".to_owned() }),
        }
    }
}

impl Iterator for Rows {
    type Item = anyhow::Result<Result<Row, Rejection>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The record as it can be written again.
fn line(record: &ByteRecord) -> Line {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let bytes = match writer.write_byte_record(record) {
        Ok(()) => writer.into_inner().unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let text = String::from_utf8_lossy(&bytes).trim_end().replace('\n', " ");
    Line::of(record.position().map_or(0, csv::Position::line), text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Cursor;

    use super::*;

    fn rows(text: &[u8]) -> anyhow::Result<Rows> {
        Rows::of(Box::new(Cursor::new(text.to_vec())), &["a", "b"], &["c"])
    }

    #[test]
    fn fields_are_found_by_name_and_empty_ones_are_absent() {
        let mut rows = rows(b"b, a ,c\n2,1,\n").unwrap();
        let row = rows.next().unwrap().unwrap().unwrap();
        assert_eq!((row.get("a"), row.get("b"), row.get("c")), (Some("1"), Some("2"), None));
        assert_eq!(row.parsed::<u32>("a", "a number"), Ok(Some(1)));
        assert_eq!(row.required("c").unwrap_err(), "c: is missing");
        assert!(rows.next().is_none());
    }

    #[test]
    fn wrong_columns_are_refused_before_anything_else() {
        assert!(rows(b"a,b,d\n").err().unwrap().to_string().contains("\"d\""));
        assert!(rows(b"a,c\n").err().unwrap().to_string().contains("missing: b"));
        assert!(rows(b"a,b,a\n").err().unwrap().to_string().contains("twice"));
    }

    #[test]
    fn a_broken_row_is_refused_alone_under_its_line_number() {
        let rows = rows(b"a,b\n1,\"x\ny\"\n2\n3,\xff\n4,5\n").unwrap();
        let seen: Vec<Result<u64, (u64, String)>> = rows
            .map(|row| row.unwrap().map(|row| row.line.number).map_err(|refused| (refused.line.number, refused.reason)))
            .collect();
        let short = Err((4, "has 1 fields instead of 2".to_owned()));
        assert_eq!(seen, [Ok(2), short, Err((5, "not UTF-8".to_owned())), Ok(6)]);
    }
}
