//! Reading a file line by line, whatever it is packed in, in a thread of its own.
//! Invariant: line numbers are those of the unpacked text, from 1; at most a few chunks are in memory.
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

use anyhow::Context;
use indicatif::ProgressBar;

use crate::output::Output;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
/// The longest line that is read as one; what is longer is nothing we can take.
const LINE_MAX: usize = 1 << 20;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1. Of an order that takes several lines, the first.
    pub number: u64,
    pub text: String,
    /// What stands in the file, where `text` was made out of it.
    pub original: Option<String>,
}

impl Line {
    /// A line as it stands in the file.
    pub fn of(number: u64, text: String) -> Self {
        Self { number, text, original: None }
    }

    /// What stands in the file.
    pub fn original(&self) -> &str {
        self.original.as_ref().unwrap_or(&self.text)
    }
}

/// The forms that data come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Csv,
    Ndjson,
}

/// The unpacked bytes of a file, and the form they are in.
pub struct Input {
    pub form: Form,
    pub reader: Box<dyn BufRead + Send>,
    /// Moves as the file is read.
    pub progress: ProgressBar,
}

/// Opens `file`, or standard input for `-`. Errors: it cannot be read.
pub fn open(file: &Path, output: Output, unit: &str) -> anyhow::Result<Input> {
    if file == Path::new("-") {
        let progress = output.progress(None, unit);
        return unpack(Box::new(progress.wrap_read(io::stdin())), progress);
    }
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let progress = output.progress(opened.metadata().ok().map(|meta| meta.len()), unit);
    unpack(Box::new(progress.wrap_read(opened)), progress)
}

fn unpack(mut raw: Box<dyn Read + Send>, progress: ProgressBar) -> anyhow::Result<Input> {
    let head = head(&mut raw, ZSTD_MAGIC.len())?;
    let packed = head == ZSTD_MAGIC;
    let whole = Cursor::new(head).chain(raw);
    let plain: Box<dyn Read + Send> =
        if packed { Box::new(zstd::Decoder::new(whole).context("broken zstd")?) } else { Box::new(whole) };
    let mut reader = BufReader::with_capacity(1 << 16, plain);
    if reader.fill_buf()?.starts_with(&BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let first = reader.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace());
    let form = if first == Some(&b'{') { Form::Ndjson } else { Form::Csv };
    Ok(Input { form, reader: Box::new(reader), progress })
}

fn head(raw: &mut dyn Read, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(most);
    raw.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The lines of a text; blank ones are left out. What is no UTF-8 or longer than 1 MB is an error of that line only.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
}

impl Lines {
    pub fn of(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Result<Line, super::Rejection>>> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let too_long = bytes.len() > LINE_MAX;
            if too_long {
                self.skip_rest()?;
                bytes.truncate(200);
            }
            let reject = |bytes: &[u8], reason: &str| {
                let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
                super::Rejection { line: Line::of(self.number, text), reason: reason.to_owned() }
            };
            if too_long {
                return Ok(Some(Err(reject(&bytes, "longer than 1 MB"))));
            }
            let line = match std::str::from_utf8(&bytes) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => Ok(Line::of(self.number, text.trim().to_owned())),
                Err(_) => Err(reject(&bytes, "not UTF-8")),
            };
            return Ok(Some(line));
        }
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            let done = end.is_some() || buffer.is_empty();
            self.reader.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}

impl Iterator for Lines {
    type Item = anyhow::Result<Result<Line, super::Rejection>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().context("cannot read on").transpose()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A line's number with its text, or with the reason why it is refused.
    type Seen = Result<(u64, String), (u64, String)>;

    fn read(bytes: &[u8]) -> (Form, Vec<Seen>) {
        let input = unpack(Box::new(Cursor::new(bytes.to_vec())), ProgressBar::hidden()).unwrap();
        let lines = Lines::of(input.reader).map(|line| match line.unwrap() {
            Ok(line) => Ok((line.number, line.text)),
            Err(rejection) => Err((rejection.line.number, rejection.reason)),
        });
        (input.form, lines.collect())
    }

    #[test]
    fn forms_are_told_apart_by_what_is_in_them() {
        let packed = zstd::encode_all(&b"{\"a\":1}\n"[..], 1).unwrap();
        assert_eq!(read(&packed), (Form::Ndjson, vec![Ok((1, "{\"a\":1}".into()))]));
        assert_eq!(read(b"\xef\xbb\xbfa,b\n1,2").0, Form::Csv);
        assert_eq!(read(b"\n  {}").0, Form::Ndjson);
        assert_eq!(read(b"").1, vec![]);
        assert_eq!(read(b"{").1.len(), 1);
    }

    #[test]
    fn lines_keep_their_numbers_whatever_stands_between() {
        let (_, lines) = read(b"{1}\n\n  \r\n{\xff}\r\n{2}");
        let expected = [Ok((1, "{1}".to_owned())), Err((4, "not UTF-8".to_owned())), Ok((5, "{2}".to_owned()))];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_line_without_end_is_rejected_and_the_next_one_read() {
        let mut bytes = vec![b'{'; LINE_MAX + 10];
        bytes.extend(b"\n{2}\n");
        assert_eq!(read(&bytes).1, [Err((1, "longer than 1 MB".to_owned())), Ok((2, "{2}".to_owned()))]);
    }
}
