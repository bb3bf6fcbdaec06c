//! Stretches of letters in which keys, tokens and encoded bytes stand: names and words are hardly ever that long. One
//! pass finds them for all who look there.

use std::ops::Range;

/// Fewest letters of a run.
pub(super) const SHORTEST_RUN: usize = 16;

/// Bytes that are looked at together.
const BLOCK_BYTES: usize = 64;

/// Bytes of which one group lies within every run, wherever it begins.
const GROUP_BYTES: usize = 8;

/// A group of letters only: a one for each.
const FULL: u64 = 0x0101_0101_0101_0101;

/// Whether a byte is a letter of base64 of either kind.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch keeps the compiler from many bytes at a time"
)]
const fn is_letter(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'a') < 26)
        | (byte.wrapping_sub(b'/') < 11)
        | (byte == b'+')
        | (byte == b'-')
        | (byte == b'_')
}

/// The same for single bytes.
pub(super) static LETTERS: [bool; 256] = {
    let mut letters = [false; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        letters[byte as usize] = is_letter(byte);
        byte -= 1;
    }
    letters
};

/// For each group of a block, a one for each letter. The compiler makes a few instructions for sixteen bytes at a time
/// of this.
fn groups_of(block: &[u8; BLOCK_BYTES]) -> [u64; BLOCK_BYTES / GROUP_BYTES] {
    let mut letters = [0; BLOCK_BYTES];
    for (letter, byte) in letters.iter_mut().zip(block) {
        *letter = u8::from(is_letter(*byte));
    }
    let mut groups = [0; BLOCK_BYTES / GROUP_BYTES];
    for (group, letters) in groups.iter_mut().zip(letters.as_chunks::<GROUP_BYTES>().0) {
        *group = u64::from_le_bytes(*letters);
    }
    groups
}

/// All runs of letters of base64, of either kind, that are long enough.
pub(super) fn letter_runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    let mut last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    let (mut done, mut before) = (0, 0);
    for (index, block) in blocks.iter().chain(std::iter::once(&last)).enumerate() {
        let groups = groups_of(block);
        for (place, group) in groups.iter().enumerate() {
            let previous = std::mem::replace(&mut before, *group);
            if *group != FULL {
                continue;
            }
            // Most words end in the groups beside.
            let head = (previous ^ FULL).leading_zeros() / 8;
            let tail = groups.get(place + 1).map_or(8, |next| (next ^ FULL).trailing_zeros() / 8);
            let at = index * BLOCK_BYTES + place * GROUP_BYTES;
            if head + tail < 8 || at < done {
                continue;
            }
            let is_other = |byte: &u8| !LETTERS[usize::from(*byte)];
            let start =
                bytes[done..at].iter().rposition(is_other).map_or(done, |last| done + last + 1);
            let end =
                bytes[at..].iter().position(is_other).map_or(bytes.len(), |length| at + length);
            done = end;
            if end - start >= SHORTEST_RUN {
                runs.push(start..end);
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_wherever_they_begin() {
        for before in 0..140 {
            for length in [8, 15, 16, 17, 31, 100] {
                let run: String = "Az09+/-_".chars().cycle().take(length).collect();
                let text =
                    format!("{}{run}.b {run}", ". ".repeat(before / 2) + &"!".repeat(before % 2));
                let runs = letter_runs(text.as_bytes());
                let first = text.find(&run).unwrap();
                let second = text.rfind(&run).unwrap();
                let expected = [first..first + length, second..second + length];
                let expected = if length < SHORTEST_RUN { &expected[..0] } else { &expected };
                assert_eq!(runs, expected, "{text}");
            }
        }
    }
}
