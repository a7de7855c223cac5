//! What a file is, by what it holds and not by what it is called. Taken are some kinds that people send and whose look
//! does no harm; a file that is two things at once, or far more than it seems, is refused with the reason.
use std::io::{self, Cursor, Read};

use serde::Deserialize;
use zip::ZipArchive;

/// What files may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The largest file, in bytes.
    pub max_bytes: usize,
    /// The kinds that are taken, of those in [`TYPES`].
    pub types: Vec<String>,
}

/// Every kind that is known by its look.
pub const TYPES: [&str; 15] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/heic",
    "video/mp4",
    "video/quicktime",
    "audio/mp4",
    "audio/mpeg",
    "audio/amr",
    "application/pdf",
    DOCX,
    XLSX,
    ZIP,
    TEXT,
];
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const ZIP: &str = "application/zip";
const TEXT: &str = "text/plain";

/// Other names the same kinds go by.
const ALIASES: [(&str, &str); 6] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/heif", "image/heic"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-m4a", "audio/mp4"),
    ("application/x-zip-compressed", ZIP),
];

/// An archive may hold so many files, and so much when all is unpacked: so many bytes, and so many times its own size
/// (what is smaller than a mebibyte unpacked harms nobody).
const ENTRIES_MAX: usize = 1_000;
const UNPACKED_MAX: u64 = 64 << 20;
const TIMES_MAX: u64 = 100;
const HARMLESS: u64 = 1 << 20;
/// Readers look for the head of a PDF, or of a page, so far into a file.
const HEAD: usize = 1_024;

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("is empty")]
    Empty,
    #[error("is larger than {0} bytes; send it smaller")]
    TooLarge(usize),
    #[error("is of no kind we take; send one of {0}")]
    NotTaken(String),
    #[error("is {found} and was said to be {declared}; say what it is, or nothing")]
    Disagrees { declared: String, found: &'static str },
    #[error("is {0} at the same time; send it as one thing")]
    TwoThings(&'static str),
    #[error("{0}; send the files unpacked")]
    Archive(&'static str),
}

impl Refused {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge(_) => "too_large",
            Self::NotTaken(_) | Self::Disagrees { .. } => "content_type",
            Self::TwoThings(_) => "two_things",
            Self::Archive(_) => "archive",
        }
    }
}

/// What the file is. Errors: why it is not taken.
pub fn look(bytes: &[u8], declared: Option<&str>, limits: &Limits) -> Result<&'static str, Refused> {
    if bytes.is_empty() {
        return Err(Refused::Empty);
    }
    if bytes.len() > limits.max_bytes {
        return Err(Refused::TooLarge(limits.max_bytes));
    }
    let taken = |found: &&str| limits.types.iter().any(|taken| taken == found);
    let found = sniff(bytes)?.filter(taken).ok_or_else(|| Refused::NotTaken(limits.types.join(", ")))?;
    let said = declared.and_then(essence);
    if let Some(declared) = said.filter(|said| said != found && !(found == TEXT && said.starts_with("text/"))) {
        return Err(Refused::Disagrees { declared, found });
    }
    match second_nature(bytes, found) {
        Some(other) => Err(Refused::TwoThings(other)),
        None => Ok(found),
    }
}

/// A media type without parameters, as we call it; nothing where it says nothing.
fn essence(declared: &str) -> Option<String> {
    let said = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = ALIASES.iter().find(|(alias, _)| *alias == said).map(|(_, name)| (*name).to_owned());
    let empty = ["", "application/octet-stream", "application/x-www-form-urlencoded"].contains(&said.as_str());
    known.or_else(|| (!empty).then_some(said))
}

fn sniff(bytes: &[u8]) -> Result<Option<&'static str>, Refused> {
    let at = |from: usize, sign: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(sign));
    let brand = at(4, b"ftyp").then(|| bytes.get(8..12)).flatten();
    Ok(match brand {
        Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1") => Some("image/heic"),
        Some(b"qt  ") => Some("video/quicktime"),
        Some(b"M4A " | b"M4B ") => Some("audio/mp4"),
        Some(b"isom" | b"iso2" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"M4V " | b"3gp4" | b"3gp5") => {
            Some("video/mp4")
        }
        Some(_) => None,
        None if at(0, b"\xff\xd8\xff") => Some("image/jpeg"),
        None if at(0, b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        None if at(0, b"GIF87a") || at(0, b"GIF89a") => Some("image/gif"),
        None if at(0, b"RIFF") && at(8, b"WEBP") => Some("image/webp"),
        None if at(0, b"%PDF-") => Some("application/pdf"),
        None if at(0, b"#!AMR") => Some("audio/amr"),
        None if at(0, b"ID3") || [b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"].iter().any(|sign| at(0, *sign)) => {
            Some("audio/mpeg")
        }
        None if at(0, b"PK\x03\x04") => Some(archive(bytes)?),
        None => is_text(bytes).then_some(TEXT),
    })
}

fn is_text(bytes: &[u8]) -> bool {
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain))
}

/// What else a reader could take the file for.
fn second_nature(bytes: &[u8], found: &str) -> Option<&'static str> {
    let head = bytes.get(..HEAD).unwrap_or(bytes).to_ascii_lowercase();
    let holds = |sign: &[u8]| head.windows(sign.len()).any(|part| part == sign);
    let page = [&b"<!doctype"[..], b"<html", b"<script", b"<svg", b"<?php", b"<iframe"];
    if page.into_iter().any(holds) {
        return Some("a page");
    }
    if found != "application/pdf" && holds(b"%pdf-") {
        return Some("a PDF");
    }
    let packed = [ZIP, DOCX, XLSX].contains(&found);
    (!packed && ends_as_archive(bytes)).then_some("an archive")
}

/// Whether a program that unpacks would: archives are read from their end, where a record says how much comes after it.
fn ends_as_archive(bytes: &[u8]) -> bool {
    const SIGN: &[u8] = b"PK\x05\x06";
    let from = bytes.len().saturating_sub(22 + usize::from(u16::MAX));
    let tail = bytes.get(from..).unwrap_or_default();
    tail.windows(22).enumerate().filter(|(_, record)| record.starts_with(SIGN)).any(|(at, record)| {
        let comment = usize::from(u16::from_le_bytes([record[20], record[21]]));
        at + 22 + comment <= tail.len()
    })
}

/// What kind of archive it is, unpacked as far as it may be: what it says of itself can be untrue.
fn archive(bytes: &[u8]) -> Result<&'static str, Refused> {
    let broken = |_| Refused::Archive("is an archive that cannot be read");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(Refused::Archive("is an archive of more than 1,000 files"));
    }
    let most = UNPACKED_MAX.min((bytes.len() as u64).saturating_mul(TIMES_MAX).max(HARMLESS));
    let (mut unpacked, mut kind) = (0, ZIP);
    for n in 0..archive.len() {
        let file =
            archive.by_index(n).map_err(|_| Refused::Archive("is an archive that is locked or cannot be read"))?;
        let name = file.name().map_err(broken)?.to_ascii_lowercase();
        kind = match name.as_str() {
            "word/document.xml" => DOCX,
            "xl/workbook.xml" => XLSX,
            _ => kind,
        };
        let mut inside = Inside::default();
        let read = io::copy(&mut file.take(most + 1 - unpacked), &mut inside);
        unpacked += read.map_err(|_| Refused::Archive("is an archive that is locked or cannot be read"))?;
        if unpacked > most {
            return Err(Refused::Archive("is an archive that unpacks to far more than it is"));
        }
        if inside.head.starts_with(b"PK\x03\x04")
            || [".zip", ".gz", ".rar", ".7z"].iter().any(|end| name.ends_with(end))
        {
            return Err(Refused::Archive("is an archive of archives"));
        }
    }
    Ok(kind)
}

/// What is unpacked goes nowhere; only its first bytes are looked at.
#[derive(Default)]
struct Inside {
    head: Vec<u8>,
}

impl io::Write for Inside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.head.extend(bytes.iter().take(4_usize.saturating_sub(self.head.len())));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A checksum as people compare it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "kind_tests.rs"]
mod tests;
