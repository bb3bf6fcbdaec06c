//! Finds many texts in one pass over a haystack that holds hardly any of them.
//!
//! Of each text, a short piece is known by its grams of four bytes. What holds the piece holds one of its first four
//! grams at a multiple of four, so a look at every fourth place finds it. An automaton of all texts would be larger than
//! the caches, and slower than this.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

/// Bytes of a text that are looked at together.
const GRAM_BYTES: usize = 4;

/// Bytes of a text that hold a gram at a multiple of [`GRAM_BYTES`], wherever the text stands.
pub(super) const PIECE_BYTES: usize = 2 * GRAM_BYTES - 1;

/// The first grams of all pieces, and what they may be the beginning of.
#[derive(Default)]
pub(super) struct Grams {
    /// A set by hash, small enough for the fastest cache: it says no for sure, and yes when it is worth a closer look.
    bits: Vec<u64>,
    /// Places in `list`, by gram.
    ranges: FxHashMap<u32, std::ops::Range<usize>>,
    /// Texts, and where the gram stands in them.
    list: Vec<(usize, usize)>,
}

impl Grams {
    /// 32 KiB of bits.
    const BITS: u32 = 18;

    /// Takes texts of at least [`PIECE_BYTES`] by their indices.
    pub(super) fn of<'a>(texts: impl Iterator<Item = (usize, &'a [u8])>) -> Self {
        let mut by_gram: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
        for (index, text) in texts {
            let piece_at = piece_of(text);
            for at in piece_at..piece_at + GRAM_BYTES {
                by_gram.entry(Self::gram(&text[at..])).or_default().push((index, at));
            }
        }
        let mut grams = Self { bits: vec![0; 1 << (Self::BITS - 6)], ..Self::default() };
        for (gram, places) in by_gram {
            let bit = Self::bit(gram);
            grams.bits[bit / 64] |= 1 << (bit % 64);
            let start = grams.list.len();
            grams.list.extend(places);
            grams.ranges.insert(gram, start..grams.list.len());
        }
        grams
    }

    fn gram(bytes: &[u8]) -> u32 {
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    fn bit(gram: u32) -> usize {
        (gram.wrapping_mul(0x9e37_79b1) >> (32 - Self::BITS)) as usize
    }

    /// Tells of each place where a text may begin, by index and first byte. Each place at which it does is among them.
    pub(super) fn find(&self, haystack: &[u8], mut at: impl FnMut(usize, usize)) {
        for (index, bytes) in haystack.chunks_exact(GRAM_BYTES).enumerate() {
            let gram = Self::gram(bytes);
            let bit = Self::bit(gram);
            if self.bits[bit / 64] & (1 << (bit % 64)) == 0 {
                continue;
            }
            let Some(range) = self.ranges.get(&gram) else { continue };
            for (text, offset) in &self.list[range.clone()] {
                if let Some(start) = (index * GRAM_BYTES).checked_sub(*offset) {
                    at(*text, start);
                }
            }
        }
    }
}

/// Where the piece with the most different bytes begins: it matches the least by chance.
fn piece_of(text: &[u8]) -> usize {
    let variety = |at: usize| {
        let piece = &text[at..at + PIECE_BYTES];
        piece.iter().enumerate().filter(|(index, byte)| !piece[..*index].contains(byte)).count()
    };
    (0..=text.len() - PIECE_BYTES)
        .take(128)
        .max_by_key(|at| (variety(*at), std::cmp::Reverse(*at)))
        .unwrap_or_default()
}
