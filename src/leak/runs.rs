//! Stretches of letters in which keys, tokens and encoded bytes stand: names and words are hardly ever that long. One
//! pass finds them for all who look there.

use std::ops::Range;

/// Fewest letters of a run.
pub(super) const SHORTEST_RUN: usize = 16;

/// Bytes that are looked at together.
const BLOCK_BYTES: usize = 64;

/// Bytes of which one group lies within every run, wherever it begins.
const GROUP_BYTES: usize = 8;

/// Whether a byte is a letter of base64 of either kind, as one expression without a branch.
fn is_letter(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'a') < 26)
        | (byte.wrapping_sub(b'/') < 11)
        | (byte == b'+')
        | (byte == b'-')
        | (byte == b'_')
}

/// All runs of letters of base64, of either kind, that are long enough.
pub(super) fn letter_runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut done = 0;
    for (index, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
        // The compiler makes a few instructions for sixteen bytes at a time of this loop.
        let mut letters = [0; BLOCK_BYTES];
        for (letter, byte) in letters.iter_mut().zip(block) {
            *letter = u8::from(is_letter(*byte));
        }
        for (group, letters) in letters.chunks_exact(GROUP_BYTES).enumerate() {
            if letters != [1; GROUP_BYTES] {
                continue;
            }
            let at = index * BLOCK_BYTES + group * GROUP_BYTES;
            if at < done {
                continue;
            }
            let is_other = |byte: &u8| !is_letter(*byte);
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
                let text = format!("{}{run}.b {run}", ". ".repeat(before / 2) + &"!"[before % 2..]);
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
