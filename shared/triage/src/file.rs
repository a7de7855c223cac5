//! The file of a model: a mark with the version of the form, the questions and answers, the buckets that hold something
//! (the distance to the last one as LEB128, then a byte an answer), and a checksum over all. Numbers little-endian.
use crate::{
    features::checksum,
    model::{Answer, Head, Model},
};

/// The first bytes of every such file; the last of them is the version of the form.
const MARK: &[u8] = b"aftercare triage model 1\n";
/// Where the version stands in it.
const VERSION_AT: usize = MARK.len() - 2;
/// More answers or buckets than this are no model of ours.
const WIDTH_MAX: usize = 1000;
const BITS_MAX: u8 = 22;
/// Nor does one take more room than this, in bytes.
const ROOM_MAX: usize = 1 << 28;

/// Why a file is no model that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("it is no triage model")]
    Mark,
    #[error("it is a triage model in a form this program does not know; train it anew")]
    Version,
    #[error("it is damaged (the checksum is wrong, or its end is missing)")]
    Checksum,
    #[error("it contradicts itself: {0}")]
    Content(&'static str),
}

impl Model {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        put_text(&mut bytes, &self.version);
        bytes.push(self.bits);
        put_number(&mut bytes, self.heads.len());
        for head in &self.heads {
            put_text(&mut bytes, &head.name);
            put_number(&mut bytes, head.answers.len());
            for answer in &head.answers {
                put_text(&mut bytes, &answer.label);
                bytes.extend(answer.bias.to_le_bytes());
                bytes.extend(answer.scale.to_le_bytes());
            }
        }
        let rows = || self.weights.chunks(self.width().max(1)).enumerate();
        let held = || rows().filter(|(_, row)| row.iter().any(|weight| *weight != 0));
        put_number(&mut bytes, held().count());
        let mut last = 0;
        for (bucket, row) in held() {
            put_number(&mut bytes, bucket - last);
            bytes.extend(row.iter().map(|weight| weight.cast_unsigned()));
            last = bucket;
        }
        bytes.extend(checksum(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a file. Errors: see [`FileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let mark = bytes.get(..MARK.len()).ok_or(FileError::Mark)?;
        if mark != MARK {
            let other = mark.get(..VERSION_AT) == MARK.get(..VERSION_AT);
            return Err(if other { FileError::Version } else { FileError::Mark });
        }
        let (content, sum) = bytes.split_last_chunk::<8>().ok_or(FileError::Checksum)?;
        if checksum(content) != u64::from_le_bytes(*sum) {
            return Err(FileError::Checksum);
        }
        let mut reader = Reader(content.get(MARK.len()..).ok_or(FileError::Checksum)?);
        let version = reader.text()?;
        let bits = reader.take(1)?[0];
        let heads = reader.list(Reader::head)?;
        let width: usize = heads.iter().map(|head| head.answers.len()).sum();
        if !(1..=BITS_MAX).contains(&bits) || !(1..=WIDTH_MAX).contains(&width) || width << bits > ROOM_MAX {
            return Err(FileError::Content("too many buckets or answers, or none"));
        }
        let mut weights = vec![0; width << bits];
        let mut bucket = 0;
        for _ in 0..reader.number()? {
            bucket += reader.number()?;
            let row = reader.take(width)?;
            let place = weights.get_mut(bucket * width..(bucket + 1) * width);
            let place = place.ok_or(FileError::Content("a bucket beyond the last one"))?;
            place.iter_mut().zip(row).for_each(|(weight, byte)| *weight = byte.cast_signed());
        }
        if !reader.0.is_empty() {
            return Err(FileError::Content("something follows the last bucket"));
        }
        Ok(Self { version, bits, heads, weights })
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len());
    bytes.extend(text.as_bytes());
}

/// LEB128: seven bits a byte, the highest bit says that more follow.
fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

const SHORT: FileError = FileError::Content("it ends too early");

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FileError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, FileError> {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.take(1)?[0];
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(FileError::Content("a number without an end"))
    }

    fn text(&mut self) -> Result<String, FileError> {
        let length = self.number()?;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| FileError::Content("a name is not UTF-8"))
    }

    fn float(&mut self) -> Result<f32, FileError> {
        let bytes = self.take(4)?.try_into().map_err(|_| SHORT)?;
        let float = f32::from_le_bytes(bytes);
        if float.is_finite() { Ok(float) } else { Err(FileError::Content("a number that is none")) }
    }

    fn list<T>(&mut self, one: fn(&mut Self) -> Result<T, FileError>) -> Result<Vec<T>, FileError> {
        let count = self.number()?;
        if count > WIDTH_MAX {
            return Err(FileError::Content("too many questions or answers"));
        }
        (0..count).map(|_| one(self)).collect()
    }

    fn head(&mut self) -> Result<Head, FileError> {
        Ok(Head { name: self.text()?, answers: self.list(Self::answer)? })
    }

    fn answer(&mut self) -> Result<Answer, FileError> {
        Ok(Answer { label: self.text()?, bias: self.float()?, scale: self.float()? })
    }
}
