//! A sketch of a file's content, by which two files can be compared when only one of them is there: the smallest hashes
//! of its stretches of eight bytes (bottom-k MinHash; Broder, "On the resemblance and containment of documents", 1997).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Bytes of a stretch.
const STRETCH: usize = 8;
/// Hashes that are kept: the error of a comparison is about one in the root of it.
const KEPT: usize = 48;

/// The smallest hashes, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch(Vec<u32>);

impl Sketch {
    /// The sketch of these bytes. A file that is shorter than a stretch is one.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut smallest: BTreeSet<u32> = BTreeSet::new();
        let mut largest = u32::MAX;
        let mut take = |stretch: u64| {
            // The finalizer of MurmurHash3, which every bit of the input reaches.
            let mut mixed = stretch ^ (stretch >> 33);
            mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
            mixed ^= mixed >> 33;
            mixed = mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            let hash = u32::try_from(mixed >> 32).expect("half of 64 bits are 32");
            if hash < largest && smallest.insert(hash) && smallest.len() > KEPT {
                smallest.pop_last();
                largest = smallest.last().copied().unwrap_or(u32::MAX);
            }
        };
        if bytes.len() < STRETCH {
            let mut padded = [0; STRETCH];
            padded.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            take(u64::from_le_bytes(padded));
        }
        for stretch in bytes.array_windows::<STRETCH>() {
            take(u64::from_le_bytes(*stretch));
        }
        Self(smallest.into_iter().collect())
    }

    /// The hashes, ascending.
    #[must_use]
    pub fn hashes(&self) -> &[u32] {
        &self.0
    }

    /// As it stands in a metafile: base64 of the hashes, four bytes each, the smallest first.
    #[must_use]
    pub fn to_text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().flat_map(|hash| hash.to_be_bytes()).collect();
        STANDARD_NO_PAD.encode(bytes)
    }

    /// Reads it; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD.decode(text).ok()?;
        let (hashes, []) = bytes.as_chunks::<4>() else { return None };
        let hashes: Vec<u32> = hashes.iter().map(|hash| u32::from_be_bytes(*hash)).collect();
        hashes.is_sorted().then_some(Self(hashes))
    }

    /// How much of their content two files have in common, from 0 to 1, as far as sketches tell.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f64 {
        let union: BTreeSet<u32> = self.0.iter().chain(&other.0).copied().collect();
        let sample: Vec<u32> = union.into_iter().take(KEPT).collect();
        let is_in_both =
            |hash: &&u32| self.0.binary_search(hash).is_ok() && other.0.binary_search(hash).is_ok();
        let common = sample.iter().filter(is_in_both).count();
        #[expect(clippy::cast_precision_loss, reason = "both are at most 48")]
        let share = common as f64 / sample.len().max(1) as f64;
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_told_from_what_is_not() {
        let text = |seed: u32| -> String {
            (0..2000u32)
                .map(|i| (i * 7919 + seed * 104_729) % 100_003)
                .fold(String::new(), |text, number| text + &format!("f({number});"))
        };
        let first = Sketch::of(text(1).as_bytes());
        let edited = Sketch::of(text(1).replace("f(17", "g(17").as_bytes());
        let other = Sketch::of(text(2).as_bytes());
        assert!((first.similarity(&first) - 1.0).abs() < f64::EPSILON);
        assert!(first.similarity(&edited) > 0.7);
        assert!(first.similarity(&other) < 0.3, "{}", first.similarity(&other));
        assert_eq!(Sketch::parse(&first.to_text()), Some(first));
        assert_eq!(Sketch::parse("!"), None);
        assert_eq!(Sketch::of(b""), Sketch::of(&[0, 0]));
    }
}
