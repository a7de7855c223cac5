//! Files that are what they say, and files that are not.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;

use proptest::prelude::*;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn limits() -> Limits {
    Limits { max_bytes: 1 << 20, types: TYPES.map(str::to_owned).to_vec() }
}

fn packed(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn jpeg(more: &[u8]) -> Vec<u8> {
    [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", more].concat()
}

#[test]
fn a_file_is_what_it_holds() {
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0".to_vec();
    let docx = packed(&[("[Content_Types].xml", vec![b'x'; 9]), ("word/document.xml", vec![b'y'; 9])]);
    for (bytes, found) in [
        (jpeg(b"..."), "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n...".to_vec(), "image/png"),
        (b"GIF89a...".to_vec(), "image/gif"),
        (b"RIFF\x04\0\0\0WEBP".to_vec(), "image/webp"),
        (heic, "image/heic"),
        (b"\0\0\0\x18ftypisom\0\0\0\0".to_vec(), "video/mp4"),
        (b"%PDF-1.7\n".to_vec(), "application/pdf"),
        (docx, DOCX),
        (packed(&[("a.txt", b"hello".to_vec())]), ZIP),
        ("发票抬头\n".as_bytes().to_vec(), TEXT),
    ] {
        assert_eq!(look(&bytes, None, &limits()), Ok(found));
        assert_eq!(look(&bytes, Some("application/octet-stream"), &limits()), Ok(found));
        assert_eq!(look(&bytes, Some(found), &limits()), Ok(found));
        let other = Refused::Disagrees { declared: "image/bmp".into(), found };
        assert_eq!(look(&bytes, Some("image/bmp"), &limits()), Err(other));
    }
    assert_eq!(look(&jpeg(b""), Some("Image/JPG; q=1"), &limits()), Ok("image/jpeg"));
    assert_eq!(look(b"a,b", Some("text/csv"), &limits()), Ok(TEXT));
}

#[test]
fn what_is_of_no_kind_or_too_large_or_empty_is_refused() {
    assert_eq!(look(b"", None, &limits()), Err(Refused::Empty));
    assert_eq!(look(&jpeg(&vec![0; 1 << 20]), None, &limits()), Err(Refused::TooLarge(1 << 20)));
    let few = Limits { types: vec!["image/png".into()], ..limits() };
    for bytes in [&b"MZ\x90\0"[..], b"\x7fELF", b"\xff\xfe", b"a\0b", &jpeg(b"")] {
        assert_eq!(look(bytes, None, &few), Err(Refused::NotTaken("image/png".into())), "{bytes:?}");
    }
}

#[test]
fn a_file_that_is_two_things_at_once_is_refused() {
    let archive = packed(&[("a.txt", b"hello".to_vec())]);
    let with_comment = |bytes: Vec<u8>| [bytes, b"!".to_vec()].concat();
    for (bytes, other) in [
        (jpeg(&archive), "an archive"),
        (with_comment(jpeg(&archive)), "an archive"),
        ([&b"GIF89a"[..], &archive].concat(), "an archive"),
        (jpeg(b"...%PDF-1.4"), "a PDF"),
        (b"GIF89a/*<ScRiPt>alert(1)</script>".to_vec(), "a page"),
        (b"<!DOCTYPE html><p>hi".to_vec(), "a page"),
        (b"%PDF-1.4 <script>".to_vec(), "a page"),
    ] {
        assert_eq!(look(&bytes, None, &limits()), Err(Refused::TwoThings(other)), "{bytes:?}");
    }
}

#[test]
fn an_archive_that_is_far_more_than_it_seems_is_refused() {
    let refused = |bytes: &[u8]| look(bytes, None, &limits()).unwrap_err().to_string();
    let bomb = packed(&[("zeros.txt", vec![0; 40 << 20])]);
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    assert_eq!(refused(&bomb), "is an archive that unpacks to far more than it is; send the files unpacked");
    let many: Vec<(String, Vec<u8>)> = (0..=ENTRIES_MAX).map(|n| (n.to_string(), vec![])).collect();
    let many: Vec<(&str, Vec<u8>)> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    assert!(refused(&packed(&many)).contains("more than 1,000 files"));
    for (name, bytes) in [("in.zip", vec![1]), ("photo.jpg", packed(&[("a", vec![1])]))] {
        assert!(refused(&packed(&[(name, bytes)])).contains("archive of archives"), "{name}");
    }
    let whole = packed(&[("a.txt", vec![b'a'; 5_000])]);
    assert!(refused(whole.get(..whole.len() / 2).unwrap()).contains("cannot be read"));
    // It says of itself that it is small: the sizes in its directory are untrue.
    let mut liar = packed(&[("zeros.txt", vec![0; 40 << 20])]);
    let size = (40_u32 << 20).to_le_bytes();
    while let Some(at) = liar.windows(4).position(|part| part == size) {
        liar[at..at + 4].copy_from_slice(&9_u32.to_le_bytes());
    }
    assert!(refused(&liar).contains("archive"), "{}", refused(&liar));
}

proptest! {
    #[test]
    fn whatever_comes_is_looked_at_without_harm(head in 0..8_usize, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let heads = [&b""[..], b"PK\x03\x04", b"PK\x03\x04PK\x05\x06", b"%PDF-", b"\xff\xd8\xff", b"RIFF", b"\0\0\0\x18ftyp", b"<"];
        let bytes = [heads[head], &bytes].concat();
        let _ = look(&bytes, Some("image/png"), &limits());
    }
}
