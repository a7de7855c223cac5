//! What a model sees of a text: runs of one to three characters, and words and pairs of words of scripts with spaces,
//! each hashed to a bucket. Two texts that fold alike look alike.
use crate::fold::is_spaced;

/// The longest run of characters.
const RUN: usize = 3;
/// Stands before the first and after the last character.
const EDGE: char = '\u{2}';
/// Makes a word another feature than the run of the same characters.
const WORD: u64 = 0x5744;

/// One of the things seen in a text.
#[derive(Clone, Copy, Debug)]
pub struct Gram<'a> {
    pub chars: &'a [char],
    hash: u64,
}

impl Gram<'_> {
    /// Its bucket among 2^`bits`.
    pub fn bucket(&self, bits: u8) -> u32 {
        u32::try_from(self.hash >> (64 - u32::from(bits.clamp(1, 32)))).unwrap_or(0)
    }
}

/// Calls `see` with everything seen in a folded text, in order.
pub fn grams(text: &[char], mut see: impl FnMut(Gram<'_>)) {
    let mut run = Vec::with_capacity(text.len() + 2);
    run.push(EDGE);
    run.extend(text.iter().copied().filter(|c| !c.is_whitespace()));
    run.push(EDGE);
    for at in 0..run.len() {
        let mut state = START;
        for end in at..run.len().min(at + RUN) {
            state = mix(state, run[end]);
            if end > at || run[at] != EDGE {
                see(Gram { chars: &run[at..=end], hash: finish(state) });
            }
        }
    }
    words(text, see);
}

/// Words of scripts with spaces, alone and with the one before.
fn words(text: &[char], mut see: impl FnMut(Gram<'_>)) {
    let mut before: Option<(usize, u64)> = None;
    let mut at = 0;
    while at < text.len() {
        if !is_spaced(text[at]) {
            at += 1;
            continue;
        }
        let end = (at..text.len()).find(|end| !is_spaced(text[*end])).unwrap_or(text.len());
        let state = text[at..end].iter().fold(START ^ WORD, |state, c| mix(state, *c));
        see(Gram { chars: &text[at..end], hash: finish(state) });
        if let Some((from, first)) = before {
            see(Gram { chars: &text[from..end], hash: finish(first.rotate_left(21) ^ state) });
        }
        before = Some((at, state));
        at = end;
    }
}

/// The buckets of a folded text with their weights: 1 + ln(times seen), scaled to length 1; by rising bucket.
pub fn features(text: &[char], bits: u8) -> Vec<(u32, f32)> {
    let mut buckets = Vec::with_capacity(4 * text.len());
    grams(text, |gram| buckets.push(gram.bucket(bits)));
    buckets.sort_unstable();
    let mut found: Vec<(u32, f32)> =
        buckets.chunk_by(|a, b| a == b).map(|same| (same[0], 1.0 + times(same.len()).ln())).collect();
    let length = found.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    found.iter_mut().for_each(|(_, weight)| *weight /= length);
    found
}

/// A count as a number to reckon with; beyond 65,535 it makes no difference.
fn times(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// FNV-1a, 64 bits.
const START: u64 = 0xcbf2_9ce4_8422_2325;

fn mix(state: u64, c: char) -> u64 {
    (state ^ u64::from(u32::from(c))).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Spreads what FNV leaves in the lower bits.
fn finish(state: u64) -> u64 {
    let state = (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (state ^ (state >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A checksum of bytes, against damage and not against malice.
pub fn checksum(bytes: &[u8]) -> u64 {
    finish(bytes.iter().fold(START, |state, byte| mix(state, char::from(*byte))))
}
