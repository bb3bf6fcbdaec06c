//! Takes values out of what is shown: names of files, and whatever else we say.

use rustc_hash::FxHashSet;

use super::parts::Part;
use super::policy::Guarded;
use super::tokens::Token;
use super::{Budget, File, FileSearch, GUARDED_VALUE, Search};

/// So many bytes of a value in a row are not shown in a name.
pub(super) const SHOWN_OF_NAME: usize = 8;

/// The same in a sentence, which has words of its own that may be words of a value: `https://` is no secret.
const SHOWN_OF_TEXT: usize = 12;

/// Most bytes that one byte of a value is written with: `\u{000041}`.
const LONGEST_ESCAPE: usize = 10;

/// Bytes that are looked up together.
const WINDOW: usize = 8;

/// All stretches of values, as long as [`WINDOW`].
#[derive(Default)]
pub(super) struct Pieces(FxHashSet<[u8; WINDOW]>);

impl Pieces {
    pub(super) fn of(guarded: &[Guarded]) -> Self {
        Self::of_parts(guarded.iter().flat_map(|guarded| &guarded.parts))
    }

    /// Those of what is secret in the values: an address has a host beside its password.
    pub(super) fn of_secrets(guarded: &[Guarded]) -> Self {
        Self::of_parts(guarded.iter().flat_map(|guarded| match guarded.parts.as_slice() {
            [whole, rest @ ..] if whole.label.is_empty() && !rest.is_empty() => rest,
            parts => parts,
        }))
    }

    fn of_parts<'a>(parts: impl Iterator<Item = &'a Part>) -> Self {
        let windows = parts.flat_map(|part| part.value.expose().array_windows::<WINDOW>());
        // One character again and again is nothing to guess by.
        let kept = windows.filter(|window| window.iter().any(|byte| *byte != window[0]));
        Self(kept.copied().collect())
    }

    /// Stretches of at least `least` bytes that are pieces of values.
    fn find(&self, text: &[u8], least: usize) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (start, window) in text.array_windows::<WINDOW>().enumerate() {
            if !self.0.contains(window) {
                continue;
            }
            match found.last_mut() {
                Some((first, length)) if *first + *length + 1 == start + WINDOW => *length += 1,
                _ => found.push((start, WINDOW)),
            }
        }
        found.retain(|(_, length)| *length >= least);
        found
    }
}

/// Whether a name holds a stretch of some value. One without digits counts only when it is twice as long: it may be words.
pub(super) fn shows_piece(name: &str, pieces: &Pieces) -> bool {
    pieces.find(name.as_bytes(), SHOWN_OF_NAME).into_iter().any(|(start, length)| {
        length >= 2 * SHOWN_OF_NAME
            || name.as_bytes()[start..start + length].iter().any(u8::is_ascii_digit)
    })
}

impl Search {
    /// A sentence without the values in it, however they are written; `None` when there are none.
    #[must_use]
    pub fn masked_text(&self, text: &str) -> Option<String> {
        let is_decoded = memchr::memchr3(b'\\', b'%', b'&', text.as_bytes()).is_some();
        let decoded = if is_decoded { self.decoded_values(text) } else { Vec::new() };
        self.masked(text, &self.secret_pieces, SHOWN_OF_TEXT, decoded)
    }

    /// The name of a file without the values in it; `None` when there are none.
    #[must_use]
    pub fn masked_name(&self, name: &str) -> Option<String> {
        self.masked(name, &self.pieces, SHOWN_OF_NAME, Vec::new())
    }

    /// Where values stand that are written with escapes and the like.
    fn decoded_values(&self, text: &str) -> Vec<(usize, usize)> {
        let file = File { path: String::new(), map: None };
        let read = |_: &str, _: &mut dyn FnMut(&[u8])| Ok(());
        let bytes = text.as_bytes();
        let search = FileSearch { search: self, file: &file, read: &read, folder: "", bytes };
        let mut found = Vec::new();
        search.first_layer(&mut found, &mut Budget::of(bytes.len() as u64));
        let values = found.into_iter().filter(|raw| raw.rule == GUARDED_VALUE);
        // The last byte may be written as several.
        values
            .map(|raw| (raw.start, (raw.end + LONGEST_ESCAPE).min(text.len()) - raw.start))
            .collect()
    }

    fn masked(
        &self,
        text: &str,
        pieces: &Pieces,
        least: usize,
        decoded: Vec<(usize, usize)>,
    ) -> Option<String> {
        let bytes = text.as_bytes();
        let (hits, _) = self.needles.find(bytes);
        let tokens = self.tokens.find_alone(bytes);
        let mut is_secret = vec![false; text.len()];
        let places = hits.iter().map(|hit| (hit.start, hit.length));
        // Of a key only the first line is told.
        let length = |token: &Token| match token.id {
            "private-key" => bytes.len() - token.start,
            _ => token.length,
        };
        let tokens = tokens.iter().map(|token| (token.start, length(token)));
        // A piece of a value is enough to guess by, and a text may have several.
        for (start, length) in places.chain(tokens).chain(pieces.find(bytes, least)).chain(decoded)
        {
            is_secret[start..start + length].fill(true);
        }
        is_secret.contains(&true).then(|| {
            let mut masked = String::new();
            for (at, character) in text.char_indices() {
                if !is_secret[at] {
                    masked.push(character);
                } else if !masked.ends_with("***") {
                    masked.push_str("***");
                }
            }
            masked
        })
    }
}
